//! The lamp: a value against the dated target path, compared exactly (dictionary §4.1). Pure.

use std::cmp::Ordering;

use city::decimal::{Decimal, Rate};
use city::indicator::{Indicator, IndicatorKind};
use city::period::Period;
use city::plan::LampRules;
use jiff::civil::Date;

/// A point of the target path between two printed values, as an exact fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    numerator: i128,
    denominator: i128,
}

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

impl Expected {
    fn of(value: &Decimal) -> Self {
        Expected { numerator: i128::from(value.mantissa), denominator: 10i128.pow(u32::from(value.scale)) }
    }

    /// Rounded half up to `decimals`, for display.
    pub fn display(self, decimals: u8) -> String {
        let scale = 10i128.pow(u32::from(decimals));
        let mantissa = (2 * self.numerator * scale + self.denominator).div_euclid(2 * self.denominator);
        Decimal { mantissa: mantissa as i64, scale: decimals }.to_string()
    }

    /// `rate` against `self × percent ÷ 100`.
    fn compare(self, rate: &Rate, percent: i64) -> Ordering {
        let left = i128::from(rate.numerator) * i128::from(rate.factor) * self.denominator * 100;
        left.cmp(&(self.numerator * i128::from(percent) * i128::from(rate.denominator)))
    }

    /// True when the rate is at most `points` below.
    fn within_points(self, rate: &Rate, points: i64) -> bool {
        let lowered = Expected { numerator: self.numerator - i128::from(points) * self.denominator, ..self };
        lowered.compare(rate, 100) != Ordering::Less
    }
}

/// Where the path stands at a date: linear from the baseline (or, without one, from the first target on) through the
/// dated targets; the last target for ever after. None before it begins, and for what is monitored without a target.
pub fn expected(indicator: &Indicator, date: Date) -> Option<Expected> {
    if indicator.targets.is_empty() {
        return None;
    }
    let mut points: Vec<(Date, Decimal)> = Vec::new();
    points.extend(indicator.baseline.iter().map(|baseline| (baseline.period.last_day(), baseline.value)));
    points.extend(indicator.targets.iter().map(|target| (target.period.last_day(), target.value)));
    let after = points.iter().position(|(at, _)| *at > date);
    match after {
        None => points.last().map(|(_, value)| Expected::of(value)),
        Some(0) => None,
        Some(next) => {
            let ((from, low), (to, high)) = (points[next - 1], points[next]);
            let (low, high) = (Expected::of(&low), Expected::of(&high));
            let (passed, length) = (days(from, date), days(from, to));
            Some(Expected {
                numerator: low.numerator * high.denominator * (length - passed)
                    + high.numerator * low.denominator * passed,
                denominator: low.denominator * high.denominator * length,
            })
        }
    }
}

fn days(from: Date, to: Date) -> i128 {
    i128::from((to - from).get_days())
}

/// The lamp of a rate at the end of a period. Counts are targets of the whole city: a county's count has no lamp.
pub fn lamp(indicator: &Indicator, rate: Option<&Rate>, period: Period, whole_city: bool, rules: &LampRules) -> Lamp {
    let is_rate = matches!(indicator.kind, IndicatorKind::Ratio | IndicatorKind::PerThousand);
    if indicator.targets.is_empty() || !(is_rate || whole_city) {
        return Lamp::Grey;
    }
    let (Some(rate), Some(expected)) = (rate, expected(indicator, period.last_day())) else { return Lamp::Grey };
    if expected.compare(rate, 100) != Ordering::Less {
        Lamp::Green
    } else if expected.compare(rate, rules.yellow_percent_of_expected) != Ordering::Less
        || (indicator.kind == IndicatorKind::Ratio && expected.within_points(rate, rules.yellow_points))
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
