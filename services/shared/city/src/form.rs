//! Forms (报表): which elements a bureau collects, when, who signs, and what must hold.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::period::Period;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cadence {
    Month,
    Quarter,
    Half,
    Year,
    MchYear,
}

impl Cadence {
    /// True when a period is of this cadence.
    pub fn matches(self, period: Period) -> bool {
        matches!(
            (self, period),
            (Cadence::Month, Period::Month(..))
                | (Cadence::Quarter, Period::Quarter(..))
                | (Cadence::Half, Period::Half(..))
                | (Cadence::Year, Period::Year(_))
                | (Cadence::MchYear, Period::Mch(_))
        )
    }

    pub fn code(self) -> &'static str {
        match self {
            Cadence::Month => "month",
            Cadence::Quarter => "quarter",
            Cadence::Half => "half",
            Cadence::Year => "year",
            Cadence::MchYear => "mch_year",
        }
    }

    /// The period of this cadence before another one.
    pub fn previous(self, period: Period) -> Period {
        match period {
            Period::Month(..) => period.month_back(1),
            Period::Quarter(year, 1) => Period::Quarter(year - 1, 4),
            Period::Quarter(year, quarter) => Period::Quarter(year, quarter - 1),
            Period::Half(year, 1) => Period::Half(year - 1, 2),
            Period::Half(year, half) => Period::Half(year, half - 1),
            other => other.same_period_last_year(),
        }
    }
}

/// Who fills a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportingLevel {
    County,
    City,
    /// Counties, and the city for itself.
    Both,
}

/// 行政记录 or 统计调查; a survey is not opened without its approval (统计法).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Survey {
    pub kind: String,
    #[serde(default)]
    pub approval_no: String,
}

/// Days after the period's end, counted in calendar days of the following month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Due {
    pub county_day: u32,
    pub city_day: u32,
    /// The last day before the period is locked (补报 then needs an unlock); usually `city_day` + 5. Absent: the form
    /// is never locked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock_day: Option<u32>,
}

/// One step of the sign chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainStep {
    /// fill, review or approve.
    pub step: String,
    pub title: String,
    pub role: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// 强制性审核: blocks.
    Hard,
    /// 核实性审核: needs an explanation.
    Soft,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// Left ≤ right.
    Le,
    Ge,
    Eq,
}

/// `factor × element`; the factor is 1 unless given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    pub element: String,
    #[serde(default = "one")]
    pub factor: i64,
}

fn one() -> i64 {
    1
}

/// A rule of dictionary §6.4.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    pub id: String,
    pub severity: Severity,
    pub title: String,
    pub left: Vec<Term>,
    pub op: Comparison,
    pub right: Vec<Term>,
}

/// A check that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub check: String,
    pub severity: Severity,
    /// In Chinese, with the arithmetic.
    pub message: String,
    pub elements: Vec<String>,
}

/// One form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    pub code: String,
    /// 表号.
    pub table_no: String,
    pub title: String,
    /// The service that runs it.
    pub owner: String,
    /// Organisation code of the unit that sets it.
    pub organisation: String,
    pub cadence: Cadence,
    pub reporting_level: ReportingLevel,
    pub elements: Vec<String>,
    pub survey: Survey,
    pub due: Due,
    pub chain: Vec<ChainStep>,
    #[serde(default)]
    pub checks: Vec<Check>,
    /// V11: a change against the previous period of more than so many per cent needs an explanation. Absent: no check.
    #[serde(default)]
    pub change_over_percent: Option<i64>,
}

impl Form {
    /// The day by which a region's report of a period is due.
    pub fn due_on(&self, period: Period, county: bool) -> Date {
        day_after(period, if county { self.due.county_day } else { self.due.city_day })
    }

    /// The last day on which a report of the period may be handed in without an unlock; None: it is never locked.
    pub fn locks_on(&self, period: Period) -> Option<Date> {
        self.due.lock_day.map(|days| day_after(period, days))
    }
}

fn day_after(period: Period, days: u32) -> Date {
    period.last_day().checked_add(i64::from(days).days()).unwrap_or(period.last_day())
}

impl Check {
    /// None when it holds, or when a value it needs is not there.
    pub fn evaluate(&self, values: &BTreeMap<String, i64>, names: impl Fn(&str) -> String) -> Option<Finding> {
        let sum = |terms: &[Term]| -> Option<i128> {
            terms.iter().map(|term| Some(i128::from(*values.get(&term.element)?) * i128::from(term.factor))).sum()
        };
        let (left, right) = (sum(&self.left)?, sum(&self.right)?);
        let (holds, sign) = match self.op {
            Comparison::Le => (left <= right, "不大于"),
            Comparison::Ge => (left >= right, "不小于"),
            Comparison::Eq => (left == right, "等于"),
        };
        if holds {
            return None;
        }
        let word = |term: &Term| match term.factor {
            1 => names(&term.element),
            factor => format!("{}×{factor}", names(&term.element)),
        };
        let words = |terms: &[Term]| terms.iter().map(word).collect::<Vec<_>>().join("＋");
        Some(Finding {
            check: self.id.clone(),
            severity: self.severity,
            message: format!(
                "{}：“{}”应{sign}“{}”，现为 {left} 与 {right}",
                self.title,
                words(&self.left),
                words(&self.right)
            ),
            elements: self.left.iter().chain(&self.right).map(|term| term.element.clone()).collect(),
        })
    }
}
