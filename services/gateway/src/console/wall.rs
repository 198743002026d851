//! 大屏: the overview on a wall of 1920 × 1080, read from five metres. Still, flat, and of one cut.

use askama::Template;
use city::tile::Tile;
use kit::{Problem, Result};

use super::Frame;
use super::card::{Card, Group, groups};
use super::counties::Counties;
use super::page::{BureauRow, bureau_rows};
use super::verdict::{self, Sentence};
use super::words::{amount, instant, period_title};
use crate::counties::CountyTable;
use crate::view::{BureauList, IndicatorList, IndicatorView};

/// Renews the wall without emptying it while the gateway is away.
pub const WALL_SCRIPT: &str = include_str!("../../assets/wall.js");

/// Rows of what is missing that fit.
const MISSING_SHOWN: usize = 5;

/// What the wall is made of.
#[derive(Clone, Copy, Debug)]
pub struct Wall<'w> {
    pub list: &'w IndicatorList,
    pub table: &'w CountyTable,
    pub tiles: &'w [Tile],
    pub bureaus: &'w BureauList,
    /// The indicator on the map; empty: one that is known.
    pub map: &'w str,
    /// Name and mode of the cut; empty: now.
    pub cut: &'w str,
}

pub fn wall(frame: &Frame, it: &Wall<'_>) -> Result<String> {
    let missing = missing(it.list);
    let without = it.list.indicators.iter().filter(|view| view.core && has_nothing(view)).count();
    WallPage {
        brand: frame.city_title.clone(),
        synthetic: frame.synthetic,
        stylesheet: super::stylesheet_address(),
        period: period_title(&it.list.period),
        as_of: instant(&it.list.as_of),
        cut: it.cut.to_owned(),
        verdict: verdict::of_list(it.list),
        groups: groups(it.list, it.bureaus),
        counties: Counties::new(it.table, it.tiles, it.map),
        money: money(it.list),
        without,
        missing_more: missing.len().saturating_sub(MISSING_SHOWN),
        missing: missing.into_iter().take(MISSING_SHOWN).collect(),
        bureaus: bureau_rows(it.bureaus),
    }
    .render()
    .map_err(Problem::internal)
}

#[derive(Template)]
#[template(path = "wall.html")]
struct WallPage {
    brand: String,
    synthetic: bool,
    stylesheet: &'static str,
    period: String,
    as_of: String,
    cut: String,
    verdict: Sentence,
    groups: Vec<Group>,
    counties: Counties,
    /// 申请, 下达, 到位, 支付 with amounts in 万元.
    money: Vec<(String, String)>,
    /// Counties, and how many core indicators wait for them.
    missing: Vec<(String, usize)>,
    missing_more: usize,
    /// Core indicators of which nobody has said anything.
    without: usize,
    bureaus: Vec<BureauRow>,
}

impl WallPage {
    /// The gap; the lamp beside it says already that a value is not computable.
    fn owed<'c>(&self, card: &'c Card) -> &'c str {
        card.gap.strip_prefix("不可计算，").unwrap_or(&card.gap)
    }

    /// The parts of a value on one line.
    fn parts(&self, card: &Card) -> String {
        card.parts.join("　")
    }
}

/// How far the central money has come: the indicator that has these readings.
fn money(list: &IndicatorList) -> Vec<(String, String)> {
    let Some(view) = list.indicators.iter().find(|view| view.unit == "分" && view.readings.len() > 1) else {
        return Vec::new();
    };
    let words = |value: &Option<String>| value.as_deref().map_or_else(|| "—".to_owned(), |value| amount(value, "分").0);
    let name = if view.reading.is_empty() { &view.name } else { &view.reading };
    let others = view.readings.iter().map(|reading| (reading.title.clone(), words(&reading.value)));
    [(name.clone(), words(&view.value))].into_iter().chain(others).collect()
}

/// Nobody who should has reported: that is said of the indicator, not of each county.
fn has_nothing(view: &IndicatorView) -> bool {
    view.value.is_none() && view.completeness.missing_regions.len() as u32 >= view.completeness.expected
}

/// Which counties are waited for, the most wanted first.
fn missing(list: &IndicatorList) -> Vec<(String, usize)> {
    let some = |view: &&IndicatorView| view.core && !view.completeness.missing_regions.is_empty() && !has_nothing(view);
    let mut counted: Vec<(String, usize)> = Vec::new();
    for name in list.indicators.iter().filter(some).flat_map(|view| &view.completeness.missing_regions) {
        match counted.iter_mut().find(|(known, _)| known == name) {
            Some((_, count)) => *count += 1,
            None => counted.push((name.clone(), 1)),
        }
    }
    counted.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counted
}
