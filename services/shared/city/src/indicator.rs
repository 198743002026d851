//! Indicators: how the plan measures itself, from parts.

use serde::{Deserialize, Serialize};

use crate::decimal::Decimal;
use crate::period::Period;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IndicatorKind {
    /// Per cent.
    Ratio,
    PerThousand,
    Count,
    /// Resets every year.
    FlowCount,
    /// Counties with at least one.
    CoverageCount,
    Sum,
    Milestone,
    Rule,
    Reference,
}

impl IndicatorKind {
    pub fn label(self) -> &'static str {
        match self {
            IndicatorKind::Ratio => "百分比",
            IndicatorKind::PerThousand => "千分比",
            IndicatorKind::Count => "存量",
            IndicatorKind::FlowCount => "年度流量",
            IndicatorKind::CoverageCount => "覆盖县数",
            IndicatorKind::Sum => "合计",
            IndicatorKind::Milestone => "里程碑",
            IndicatorKind::Rule => "项目级规则",
            IndicatorKind::Reference => "参考",
        }
    }
}

/// Which period of an element an indicator's period asks for. Text: `same`, `last_year_end`, `sum_years(3)`,
/// `sum_months(12)`, `ytd`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alignment {
    Same,
    LastYearEnd,
    SumYears(u8),
    SumMonths(u8),
    /// January to the period's last month, added up.
    Ytd,
}

impl Alignment {
    /// The periods whose values are added up.
    pub fn periods(self, period: Period) -> Vec<Period> {
        match self {
            Alignment::Same => vec![period],
            Alignment::LastYearEnd => vec![period.last_year_end()],
            Alignment::SumYears(years) => {
                let last = period.last_year_end().year();
                (0..i16::from(years)).rev().map(|back| Period::Year(last - back)).collect()
            }
            Alignment::SumMonths(months) => (0..i16::from(months)).rev().map(|back| period.month_back(back)).collect(),
            Alignment::Ytd => {
                let last = period.last_day();
                (1..=last.month()).map(|month| Period::Month(last.year(), month)).collect()
            }
        }
    }
}

impl std::fmt::Display for Alignment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Alignment::Same => f.write_str("same"),
            Alignment::LastYearEnd => f.write_str("last_year_end"),
            Alignment::SumYears(years) => write!(f, "sum_years({years})"),
            Alignment::SumMonths(months) => write!(f, "sum_months({months})"),
            Alignment::Ytd => f.write_str("ytd"),
        }
    }
}

/// The text names no alignment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("对齐方式“{0}”不认识")]
pub struct AlignmentError(pub String);

impl std::str::FromStr for Alignment {
    type Err = AlignmentError;

    fn from_str(text: &str) -> Result<Self, AlignmentError> {
        let wrong = || AlignmentError(text.to_owned());
        let counted = |name: &str| -> Option<u8> {
            text.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')')?.parse().ok().filter(|count| *count > 0)
        };
        match text {
            "same" => Ok(Alignment::Same),
            "last_year_end" => Ok(Alignment::LastYearEnd),
            "ytd" => Ok(Alignment::Ytd),
            _ => counted("sum_years")
                .map(Alignment::SumYears)
                .or_else(|| counted("sum_months").map(Alignment::SumMonths))
                .ok_or_else(wrong),
        }
    }
}

impl Serialize for Alignment {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Alignment {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// One element of a numerator or denominator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    pub element: String,
    pub alignment: Alignment,
}

/// A printed value at the end of a period: the baseline, or a dated target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrintedValue {
    pub period: Period,
    pub value: Decimal,
}

/// Another way in which the plan, or those who read it, take the indicator: other parts, or another target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// ALL, FILED, SPENT, …: unique within the indicator.
    pub code: String,
    pub title: String,
    pub numerator: Vec<Part>,
    #[serde(default)]
    pub denominator: Vec<Part>,
    /// Missing: the indicator's own baseline and targets; empty: none.
    #[serde(default)]
    pub targets: Option<Vec<PrintedValue>>,
    /// Where the reading comes from.
    pub note: String,
}

/// What the nation or the province states of the same thing, beside which the city reads its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReferenceValue {
    /// 全国 or 全省.
    pub scope: String,
    pub period: Period,
    pub value: Decimal,
    pub source: String,
}

/// One indicator of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Indicator {
    pub code: String,
    pub slug: String,
    pub name: String,
    /// What a narrow table head calls it, 2–4 characters: 护理床; empty where it stands in no such table.
    #[serde(default)]
    pub short: String,
    /// 养老, 托育, 老年教育, 资金项目, 综合.
    pub category: String,
    pub unit: String,
    pub kind: IndicatorKind,
    /// Digits after the point, as the plan prints.
    pub decimals: u8,
    /// 约束性, 预期性, 文本目标, …
    pub obligation: String,
    /// One of the plan's indicator table.
    #[serde(default)]
    pub core: bool,
    pub formula_version: u32,
    #[serde(default)]
    pub numerator: Vec<Part>,
    #[serde(default)]
    pub denominator: Vec<Part>,
    /// Missing where the plan prints "—".
    #[serde(default)]
    pub baseline: Option<PrintedValue>,
    /// By date.
    #[serde(default)]
    pub targets: Vec<PrintedValue>,
    /// What the plan says where its target is not one number.
    #[serde(default)]
    pub target_text: String,
    /// Organisation codes in the plan's order; the first is not called 牵头 by the plan.
    pub responsible: Vec<String>,
    #[serde(default)]
    pub numerator_text: String,
    #[serde(default)]
    pub denominator_text: String,
    /// 张, 个, 人, 家: what a gap is counted in.
    #[serde(default)]
    pub unit_of_gap: String,
    /// The plan's contradiction or a trap, for readers.
    #[serde(default)]
    pub note: String,
    /// What the main reading is called where there are others.
    #[serde(default)]
    pub reading: String,
    #[serde(default)]
    pub readings: Vec<Reading>,
    #[serde(default)]
    pub references: Vec<ReferenceValue>,
}

impl Indicator {
    /// The indicator as one of its readings takes it.
    pub fn read_as(&self, reading: &Reading) -> Indicator {
        let own_targets = reading.targets.is_none();
        Indicator {
            numerator: reading.numerator.clone(),
            denominator: reading.denominator.clone(),
            baseline: self.baseline.clone().filter(|_| own_targets),
            targets: reading.targets.clone().unwrap_or_else(|| self.targets.clone()),
            ..self.clone()
        }
    }

    /// True for per cent and per thousand: comparable between a county and the city. A rule is the share of what keeps
    /// it.
    pub fn is_rate(&self) -> bool {
        matches!(self.kind, IndicatorKind::Ratio | IndicatorKind::PerThousand | IndicatorKind::Rule)
    }
}
