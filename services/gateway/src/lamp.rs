//! The lamp: a value against the dated target path, compared exactly (dictionary §4.1). Pure.

use city::decimal::{Decimal, Rate};
use city::indicator::{Indicator, IndicatorKind};
use city::period::Period;
use city::plan::LampRules;
use jiff::civil::Date;

use crate::exact::Exact;

/// 红、黄、绿、灰.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lamp {
    Green,
    Yellow,
    Red,
    Grey,
}

impl Lamp {
    pub fn code(self) -> &'static str {
        match self {
            Lamp::Green => "green",
            Lamp::Yellow => "yellow",
            Lamp::Red => "red",
            Lamp::Grey => "grey",
        }
    }
}

/// Where the path stands at the end of a period. What accrues from January on (`accrues`) has come as far as the year
/// has: after nine months, three quarters of what is due at the year's end.
pub fn expected(indicator: &Indicator, period: Period, accrues: bool) -> Option<Exact> {
    let last = period.last_day();
    match last.month() {
        month @ 1..=11 if accrues => {
            let year_end = last.with().month(12).day(31).build().ok()?;
            Some(path(indicator, year_end)?.scaled(i128::from(month), 12))
        }
        _ => path(indicator, last),
    }
}

/// Where the path stands at a date: linear from the baseline (or, without one, from the first target on) through the
/// dated targets; the last target for ever after. None before it begins, and for what is monitored without a target.
fn path(indicator: &Indicator, date: Date) -> Option<Exact> {
    if indicator.targets.is_empty() {
        return None;
    }
    let mut points: Vec<(Date, Decimal)> = Vec::new();
    points.extend(indicator.baseline.iter().map(|baseline| (baseline.period.last_day(), baseline.value)));
    points.extend(indicator.targets.iter().map(|target| (target.period.last_day(), target.value)));
    let after = points.iter().position(|(at, _)| *at > date);
    match after {
        None => points.last().map(|(_, value)| Exact::decimal(value)),
        Some(0) => None,
        Some(next) => {
            let ((from, low), (to, high)) = (points[next - 1], points[next]);
            let (low, high) = (Exact::decimal(&low), Exact::decimal(&high));
            Some(low + (high - low).scaled(days(from, date), days(from, to)))
        }
    }
}

pub(crate) fn days(from: Date, to: Date) -> i128 {
    i128::from((to - from).get_days())
}

/// The lamp of a rate at the end of a period. Counts are targets of the whole city: a county's count has no lamp.
pub fn lamp(
    indicator: &Indicator,
    rate: Option<&Rate>,
    period: Period,
    whole_city: bool,
    accrues: bool,
    rules: &LampRules,
) -> Lamp {
    if indicator.targets.is_empty() || !(indicator.is_rate() || whole_city) {
        return Lamp::Grey;
    }
    let value = rate.and_then(Exact::rate);
    let (Some(value), Some(expected)) = (value, expected(indicator, period, accrues)) else { return Lamp::Grey };
    let points = Exact::decimal(&Decimal { mantissa: rules.yellow_points, scale: 0 });
    if value >= expected {
        Lamp::Green
    } else if value >= expected.scaled(i128::from(rules.yellow_percent_of_expected), 100)
        || (indicator.kind == IndicatorKind::Ratio && value >= expected - points)
    {
        Lamp::Yellow
    } else {
        Lamp::Red
    }
}

/// Units of the numerator still missing to the final target; 0 when reached. None without target or value.
pub fn gap(indicator: &Indicator, rate: Option<&Rate>) -> Option<i64> {
    let (rate, target) = (rate?, indicator.targets.last()?);
    let needed = i128::from(target.value.mantissa) * i128::from(rate.denominator);
    let per_unit = i128::from(rate.factor) * 10i128.pow(u32::from(target.value.scale));
    let needed = (needed + per_unit - 1).div_euclid(per_unit);
    i64::try_from((needed - i128::from(rate.numerator)).max(0)).ok()
}
