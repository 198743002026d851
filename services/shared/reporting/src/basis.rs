//! 基准 (practice §3): which value counts for an element in a region, and when the register's may.
//!
//! The typed value counts until the bureau signs the cut-over. To 台账 it goes only after two consecutive published
//! periods in which both values lie within 5%, or each difference is explained. Pure rules; `desk` is what callers do,
//! `store` the table of changes, which is only ever appended to.

pub(crate) mod desk;
pub(crate) mod store;

#[cfg(test)]
mod tests;

use city::form::Cadence;
use city::period::Period;

use crate::report::{Basis, Cell};

/// How far both values may lie apart without an explanation, in per cent of what was reported.
const APART_MOST: i128 = 5;
/// Characters of an explanation at least, as for a soft check.
const EXPLANATION_LEAST: usize = 10;

/// Both values of one published period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) period: Period,
    pub(crate) reported: Option<i64>,
    pub(crate) computed: Option<i64>,
}

impl Pair {
    /// Under 双轨 a cell in which nothing was typed was signed with the register's value: both are the same.
    pub(crate) fn of(period: Period, cell: &Cell) -> Pair {
        let reported = match (cell.not_applicable, cell.basis) {
            (true, _) => None,
            (false, Basis::Both) => cell.reported.or(cell.computed),
            (false, Basis::Reported | Basis::Register) => cell.reported,
        };
        Pair { period, reported, computed: cell.computed.filter(|_| !cell.not_applicable) }
    }

    /// Exact: |register − reported| × 100 ≤ 5 × reported.
    pub(crate) fn is_within(&self) -> bool {
        let (Some(reported), Some(computed)) = (self.reported, self.computed) else { return false };
        let apart = (i128::from(computed) - i128::from(reported)).abs();
        apart * 100 <= APART_MOST * i128::from(reported).abs()
    }

    /// Register minus reported in hundredths of a per cent of what was reported, rounded half away from zero; None
    /// when that is no number.
    pub(crate) fn difference_hundredths(&self) -> Option<i64> {
        let (reported, computed) = (i128::from(self.reported?), i128::from(self.computed?));
        let apart = (computed - reported) * 10_000;
        match reported {
            0 => (apart == 0).then_some(0),
            whole => {
                let half = whole.abs() / 2 * apart.signum();
                i64::try_from((apart + half) / whole).ok()
            }
        }
    }

    /// `2025-10 上报 100、台账 80`.
    pub(crate) fn words(&self) -> String {
        let value = |value: Option<i64>| value.map_or("无".to_owned(), |value| value.to_string());
        format!("{} 上报 {}、台账 {}", self.period, value(self.reported), value(self.computed))
    }
}

/// True when an explanation says something.
pub(crate) fn is_explained(text: &str) -> bool {
    text.trim().chars().count() >= EXPLANATION_LEAST
}

/// Whether 台账 may be signed; else why not, in Chinese, with the period and both values. `pairs` are the published
/// periods, newest first.
pub(crate) fn ready(cadence: Cadence, pairs: &[Pair], explained: bool) -> Result<(), String> {
    let (last, before) = match pairs {
        [last, before, ..] if cadence.previous(last.period) == before.period => (last, before),
        [last, ..] => return Err(format!("尚无连续两期已核定的数据（现有 {}）", last.words())),
        [] => return Err("尚无连续两期已核定的数据（上报 无、台账 无）".to_owned()),
    };
    for pair in [before, last] {
        if pair.reported.is_none() || pair.computed.is_none() {
            return Err(format!("{}，缺少其中一个数", pair.words()));
        }
        if !pair.is_within() && !explained {
            return Err(format!("{}，相差超过 5%，须说明原因（不少于 10 个字）", pair.words()));
        }
    }
    Ok(())
}
