//! Periods, rates, alignments and working days, by property.

use std::cmp::Ordering;

use city::bundle::City;
use city::decimal::{Decimal, Rate};
use city::indicator::Alignment;
use city::period::Period;
use jiff::civil::date;
use proptest::prelude::*;

fn periods() -> impl Strategy<Value = Period> {
    prop_oneof![
        (1990i16..2100).prop_map(Period::Year),
        (1990i16..2100, 1i8..=2).prop_map(|(year, half)| Period::Half(year, half)),
        (1990i16..2100, 1i8..=4).prop_map(|(year, quarter)| Period::Quarter(year, quarter)),
        (1990i16..2100, 1i8..=12).prop_map(|(year, month)| Period::Month(year, month)),
        (1990i16..2100).prop_map(Period::Mch),
        (1990i16..2050, 1i16..40).prop_map(|(year, more)| Period::Span(year, year + more)),
    ]
}

proptest! {
    #[test]
    fn a_period_is_its_text(period in periods()) {
        prop_assert_eq!(period.to_string().parse::<Period>().unwrap(), period);
        prop_assert!(period.first_day() <= period.last_day());
        prop_assert!(period.last_year_end().last_day() <= period.last_day());
    }

    #[test]
    fn periods_through_each_other_follow_without_a_gap(first in periods(), last in periods()) {
        if let Some(all) = first.through(last) {
            prop_assert_eq!((all[0], all[all.len() - 1]), (first, last));
            prop_assert!(all.windows(2).all(|two| two[0].last_day().tomorrow().unwrap() == two[1].first_day()));
        } else {
            let alike = std::mem::discriminant(&first) == std::mem::discriminant(&last);
            prop_assert!(!alike || first > last || matches!(first, Period::Span(..)));
        }
    }

    #[test]
    fn aligned_periods_end_with_or_before_the_period(period in periods(), count in 1u8..13) {
        for alignment in [Alignment::Same, Alignment::LastYearEnd, Alignment::SumYears(count), Alignment::SumMonths(count), Alignment::Ytd] {
            let aligned = alignment.periods(period);
            prop_assert!(!aligned.is_empty());
            prop_assert!(aligned.iter().all(|one| one.last_day() <= period.last_day()));
            prop_assert!(aligned.is_sorted_by_key(|one| one.last_day()));
            prop_assert_eq!(alignment.to_string().parse::<Alignment>().unwrap(), alignment);
        }
    }

    #[test]
    fn decimals_keep_their_digits(mantissa in -1_000_000i64..1_000_000, scale in 0u8..7) {
        let decimal = Decimal { mantissa, scale };
        prop_assert_eq!(decimal.to_string().parse::<Decimal>().unwrap(), decimal);
    }

    #[test]
    fn comparison_is_exact_and_rounding_is_within_half_a_unit(
        numerator in 0i64..10_000_000, denominator in 1i64..10_000_000, decimals in 0u8..4,
    ) {
        let rate = Rate { numerator, denominator, factor: 1000 };
        let shown = rate.round_half_up(decimals);
        let (up, down) = (Decimal { mantissa: shown.mantissa * 10 + 5, scale: decimals + 1 },
                          Decimal { mantissa: shown.mantissa * 10 - 5, scale: decimals + 1 });
        prop_assert_eq!(rate.cmp_decimal(&up), Ordering::Less, "half goes up");
        prop_assert_ne!(rate.cmp_decimal(&down), Ordering::Less);
    }

    #[test]
    fn working_days_add_up(day in 0i64..300, first in 0u32..10, more in 0u32..10) {
        let calendar = &City::embedded().calendar;
        let start = date(2025, 1, 1).checked_add(jiff::ToSpan::days(day)).unwrap();
        let once = calendar.add_working_days(start, first + more).unwrap();
        let twice = calendar.add_working_days(calendar.add_working_days(start, first).unwrap(), more).unwrap();
        prop_assert_eq!(once, twice);
        prop_assert!(first + more == 0 || calendar.is_working_day(once).unwrap());
    }
}

#[test]
fn the_plans_own_figures() {
    let enrolled = Rate { numerator: 1915, denominator: 72_387, factor: 100 };
    assert_eq!(enrolled.round_half_up(1).to_string(), "2.6");
    assert_eq!(enrolled.cmp_decimal(&"2.6".parse().unwrap()), Ordering::Greater, "2.6455 is above the printed 2.6");
    let places = Rate { numerator: 2050, denominator: 2_249_502, factor: 1000 };
    assert_eq!(places.round_half_up(2).to_string(), "0.91");
}

#[test]
fn alignments_of_the_dictionary() {
    let month = Period::Month(2026, 10);
    assert_eq!(Alignment::LastYearEnd.periods(month), [Period::Year(2025)]);
    assert_eq!(Alignment::LastYearEnd.periods(Period::Year(2020)), [Period::Year(2020)]);
    let births = [Period::Year(2018), Period::Year(2019), Period::Year(2020)];
    assert_eq!(Alignment::SumYears(3).periods(Period::Year(2020)), births);
    assert_eq!(Alignment::SumMonths(12).periods(month)[0], Period::Month(2025, 11));
    assert_eq!(Alignment::Ytd.periods(month).len(), 10);
}

#[test]
fn texts_that_are_no_period() {
    for text in
        ["", "25", "2025-13", "2025-0", "2025-Q5", "2025-H3", "2025-2021", "2025-2025", "MCH", "２０２５", "2025-1"]
    {
        assert!(text.parse::<Period>().is_err(), "{text}");
    }
}

#[test]
fn a_year_without_calendar_is_an_error_and_holidays_are_known() {
    let calendar = &City::embedded().calendar;
    assert_eq!(calendar.is_working_day(date(2030, 1, 2)).unwrap_err().0, 2030);
    assert!(calendar.is_working_day(date(2026, 10, 10)).unwrap(), "a Saturday worked for 国庆节");
    assert!(!calendar.is_working_day(date(2026, 10, 7)).unwrap());
    // Five working days after 30 September 2026: the holiday lies between, and Saturday the 10th is worked.
    assert_eq!(calendar.add_working_days(date(2026, 9, 30), 5).unwrap(), date(2026, 10, 13));
}
