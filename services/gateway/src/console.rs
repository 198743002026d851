//! Placeholder until the pages arrive.
use crate::view::*;
pub struct Frame { pub city_title: String, pub synthetic: bool, pub plan_title: String, pub region_options: Vec<(String, String)>, pub period_options: Vec<(String, String)> }
pub fn overview(_: &Frame, _: &IndicatorList, _: &BureauList, _: &TaskList, _: &ProjectList) -> kit::Result<String> { Ok(String::new()) }
pub fn indicator(_: &Frame, _: &IndicatorDetail, _: &BureauList, _: &str) -> kit::Result<String> { Ok(String::new()) }
pub fn error(_: Option<&Frame>, _: u16, _: &str, _: &str) -> String { String::new() }
pub const STYLESHEET: &str = "";
