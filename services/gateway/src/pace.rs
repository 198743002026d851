//! 进度: how fast a value moves, how fast it would have to, and where it ends if it goes on so. Pure and exact.

use city::element::Timing;
use city::indicator::{Alignment, Indicator, IndicatorKind, Part};
use city::period::Period;
use jiff::civil::Date;

use crate::exact::Exact;
use crate::lamp::days;

/// Days that two values must lie apart to tell a pace.
const APART: i128 = 90;
/// The pace is taken over about a year: from the latest value that is at least so many days old.
const YEAR: i128 = 365;

/// Where a value is going.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outlook {
    /// No number is asked for.
    NoTarget,
    /// The final target is reached.
    Reached,
    /// The final target's day has come.
    Due,
    /// Too little is known to tell.
    TooFew,
    /// The value on the day of the final target, if it goes on so.
    Forecast(Exact),
}

/// Paces in units of the value per year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    pub actual: Option<Exact>,
    /// None once the target is reached or its day has come.
    pub needed: Option<Exact>,
    pub outlook: Outlook,
}

/// True when values of the period can be compared with those of other periods: a figure that starts at zero every year,
/// as `timing` says of its element, only at the end of years.
pub fn comparable(indicator: &Indicator, period: Period, timing: impl Fn(&str) -> Timing) -> bool {
    let starts_anew = |part: &Part| {
        part.alignment == Alignment::Ytd || !matches!(timing(&part.element), Timing::Point | Timing::Month)
    };
    let resets = indicator.kind == IndicatorKind::FlowCount || indicator.numerator.iter().any(starts_anew);
    !resets || matches!(period, Period::Year(_))
}

/// The pace at a day, from the values known up to it, oldest first.
pub fn pace(indicator: &Indicator, values: &[(Date, Exact)], at: Date) -> Pace {
    let known: Vec<(Date, Exact)> = values.iter().copied().filter(|(on, _)| *on <= at).collect();
    let actual = known.last().and_then(|last| slope(&known, *last));
    let Some(target) = indicator.targets.last() else {
        return Pace { actual, needed: None, outlook: Outlook::NoTarget };
    };
    let (due, goal) = (target.period.last_day(), Exact::decimal(&target.value));
    let Some((on, value)) = known.last().copied() else {
        return Pace { actual, needed: None, outlook: if due <= at { Outlook::Due } else { Outlook::TooFew } };
    };
    if value >= goal {
        return Pace { actual, needed: None, outlook: Outlook::Reached };
    }
    if due <= at {
        return Pace { actual, needed: None, outlook: Outlook::Due };
    }
    let left = days(on, due);
    let needed = Some((goal - value).scaled(YEAR, left));
    let outlook = actual.map_or(Outlook::TooFew, |actual| Outlook::Forecast(value + actual.scaled(left, YEAR)));
    Pace { actual, needed, outlook }
}

/// The change per year up to the last value.
fn slope(known: &[(Date, Exact)], (on, value): (Date, Exact)) -> Option<Exact> {
    let year_ago = known.iter().rev().find(|(from, _)| days(*from, on) >= YEAR);
    let (from, before) = year_ago.or_else(|| known.first()).copied()?;
    let passed = days(from, on);
    (passed >= APART).then(|| (value - before).scaled(YEAR, passed))
}

#[cfg(test)]
mod tests {
    use city::bundle::City;
    use city::decimal::Rate;
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn whole(value: i64) -> Exact {
        Exact::rate(&Rate { numerator: value, denominator: 1, factor: 1 }).unwrap()
    }

    /// Nursing beds: 30 % at the end of 2023, 55 % at the end of 2025.
    fn nursing() -> Indicator {
        City::embedded().plan.indicators.iter().find(|one| one.code == "C04").unwrap().clone()
    }

    #[test]
    fn a_value_that_goes_on_as_it_went_is_forecast() {
        let values = [(day("2023-12-31"), whole(30)), (day("2024-12-30"), whole(40))];
        let told = pace(&nursing(), &values, day("2025-03-31"));
        assert_eq!(told.actual, Some(whole(10)));
        assert_eq!(told.needed.unwrap().display(2), "14.96");
        assert!(matches!(told.outlook, Outlook::Forecast(value) if value.display(2) == "50.03"), "{told:?}");
    }

    #[test]
    fn one_value_two_months_or_a_day_that_has_come_forecast_nothing() {
        let one = [(day("2024-12-31"), whole(40))];
        assert_eq!(pace(&nursing(), &one, day("2025-03-31")).outlook, Outlook::TooFew);
        let near = [(day("2024-12-31"), whole(40)), (day("2025-02-28"), whole(41))];
        assert_eq!(pace(&nursing(), &near, day("2025-02-28")).outlook, Outlook::TooFew);
        let late = [(day("2024-12-31"), whole(40)), (day("2025-12-31"), whole(50))];
        assert_eq!(pace(&nursing(), &late, day("2026-01-31")).outlook, Outlook::Due);
        assert_eq!(pace(&nursing(), &[], day("2025-01-31")).outlook, Outlook::TooFew);
        let reached = [(day("2024-12-31"), whole(40)), (day("2025-06-30"), whole(55))];
        let told = pace(&nursing(), &reached, day("2025-06-30"));
        assert_eq!((told.outlook, told.needed), (Outlook::Reached, None));
    }

    proptest! {
        /// Who keeps the pace that is needed arrives at the target, to the digit.
        #[test]
        fn the_needed_pace_reaches_the_target(value in 0i64..54, left in 1i64..700) {
            let due = day("2025-12-31");
            let on = due.checked_sub(jiff::Span::new().days(left)).unwrap();
            let told = pace(&nursing(), &[(on, whole(value))], on);
            let needed = told.needed.unwrap();
            prop_assert_eq!(whole(value) + needed.scaled(i128::from(left), 365), whole(55));
        }
    }
}
