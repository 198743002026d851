//! 数据定版: cuts that were given a name. What is shown, compared and issued at one is the same for ever. Types and rules;
//! `store` keeps them, `desk` is what people do with them.

pub mod compare;
pub mod desk;
pub mod store;

use std::collections::BTreeMap;
use std::sync::Arc;

use city::period::Period;
use kit::{Problem, Result};
use uuid::Uuid;

use crate::cube::Cube;
use crate::cut::{Cut, Mode};
use crate::state::Link;

/// What an address writes before the id of a named cut.
pub const PREFIX: &str = "cut:";

/// Characters that the name of a cut has at most.
const NAME_LONGEST: usize = 60;

/// A cut with its name, what it is about, and who made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedCut {
    pub id: Uuid,
    /// 2026年10月调度定版.
    pub name: String,
    pub period: Period,
    pub cut: Cut,
    pub made_by: String,
    pub made_by_name: String,
    /// Microseconds.
    pub made_at: i64,
}

impl NamedCut {
    /// As `as_of` takes it.
    pub fn address(&self) -> String {
        format!("{PREFIX}{}", self.id)
    }
}

/// The instant or the cut that a view is asked for.
#[derive(Clone, Debug)]
pub struct Moment {
    /// Microseconds: the instant asked for, or that at which the cut was made, or now.
    pub at: i64,
    pub named: Option<Arc<NamedCut>>,
    /// None: now.
    pub(crate) as_of: Option<i64>,
}

impl Moment {
    /// The cut of this moment. CUT_STREAM_GONE where a bureau's stream was given up since (it came back from a backup).
    pub fn cut(&self, cube: &Cube) -> Result<Cut> {
        let Some(named) = &self.named else { return Ok(cube.cut(self.as_of)) };
        if let Some(bureau) = cube.given_up(&named.cut) {
            let title = contract::bureau::title(&bureau);
            let message = format!("“{}”引用的{title}数据流已被更换，无法重现；已印发的文件不受影响", named.name);
            return Err(Problem::state("CUT_STREAM_GONE", message));
        }
        Ok(named.cut.clone())
    }
}

/// A name that people can find again: NAME_MISSING, NAME_TOO_LONG.
pub fn checked_name(name: &str) -> Result<String> {
    let name = name.trim();
    match name.chars().count() {
        0 => Err(Problem::field("name", "NAME_MISSING", "请填写定版名称")),
        1..=NAME_LONGEST => Ok(name.to_owned()),
        _ => Err(Problem::field("name", "NAME_TOO_LONG", format!("定版名称不超过{NAME_LONGEST}字"))),
    }
}

/// A cut is made over streams that are whole: CUT_DIVERGED names the bureau whose stream is not. One that is only
/// silent counts with what it published.
pub fn check_streams(links: &BTreeMap<String, Link>) -> Result<()> {
    let broken: Vec<&str> =
        links.iter().filter(|(_, link)| link.diverged).map(|(bureau, _)| contract::bureau::title(bureau)).collect();
    if broken.is_empty() {
        return Ok(());
    }
    let message = format!("{}的数据链不一致，核查并重新同步之前不能定版", broken.join("、"));
    Err(Problem::state("CUT_DIVERGED", message).and_field("bureaus", broken.join("、")))
}

/// The mode as a form writes it: MODE_UNKNOWN.
pub fn checked_mode(code: &str) -> Result<Mode> {
    Mode::of_code(code).ok_or_else(|| Problem::field("mode", "MODE_UNKNOWN", "请选择齐报、已报地区或沿用上期"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_stream_is_named_and_a_silent_one_is_not() {
        let silent = Link { stale_since: Some(1), ..Link::default() };
        let mut links = BTreeMap::from([("finance".to_owned(), silent)]);
        assert!(check_streams(&links).is_ok());
        links.insert("childcare".to_owned(), Link { diverged: true, ..Link::default() });
        let problem = check_streams(&links).unwrap_err();
        assert_eq!(problem.reason, "CUT_DIVERGED");
        assert!(problem.message.contains("卫生健康委"), "{problem}");
    }

    #[test]
    fn names_and_modes_are_checked() {
        assert_eq!(checked_name("  ").unwrap_err().reason, "NAME_MISSING");
        assert_eq!(checked_name(&"长".repeat(61)).unwrap_err().reason, "NAME_TOO_LONG");
        assert_eq!(checked_name(" 十月定版 ").unwrap(), "十月定版");
        assert_eq!(checked_mode("best_effort").unwrap_err().reason, "MODE_UNKNOWN");
        for mode in Mode::ALL {
            assert_eq!(checked_mode(mode.code()).unwrap(), mode);
        }
    }
}
