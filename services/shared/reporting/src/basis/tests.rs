//! When the register's value may count.

use proptest::prelude::*;

use super::*;

fn pair(month: i8, reported: i64, computed: i64) -> Pair {
    Pair { period: Period::Month(2025, month), reported: Some(reported), computed: Some(computed) }
}

#[test]
fn five_per_cent_is_exact() {
    assert!(pair(10, 100, 105).is_within() && pair(10, 100, 95).is_within() && pair(10, 0, 0).is_within());
    assert!(!pair(10, 100, 106).is_within() && !pair(10, 0, 1).is_within() && !pair(10, 19, 20).is_within());
    assert!(pair(10, 20, 21).is_within());
    assert_eq!(pair(10, 300, 301).difference_hundredths(), Some(33));
    assert_eq!(pair(10, 300, 299).difference_hundredths(), Some(-33));
    assert_eq!(pair(10, 20_000, 20_001).difference_hundredths(), Some(1));
    assert_eq!(pair(10, 0, 1).difference_hundredths(), None);
}

#[test]
fn two_consecutive_periods_that_agree_or_are_explained() {
    let judge = |pairs: &[Pair], explained| ready(Cadence::Month, pairs, explained);
    assert!(judge(&[], true).is_err());
    assert!(judge(&[pair(10, 100, 100)], true).is_err());
    assert!(judge(&[pair(10, 100, 100), pair(8, 100, 100)], true).is_err());
    assert!(judge(&[pair(10, 100, 100), pair(9, 100, 96)], false).is_ok());
    let apart = judge(&[pair(10, 100, 80), pair(9, 100, 96)], false).unwrap_err();
    assert!(apart.contains("2025-10 上报 100、台账 80"), "{apart}");
    assert!(judge(&[pair(10, 100, 80), pair(9, 100, 96)], true).is_ok());
    let missing = Pair { computed: None, ..pair(9, 100, 0) };
    assert!(judge(&[pair(10, 100, 100), missing], true).is_err());
}

#[test]
fn a_cell_left_empty_under_both_was_signed_with_the_registers_value() {
    let period = Period::Month(2025, 10);
    let mut cell = Cell::new("e", Basis::Both, Some(7));
    assert!(Pair::of(period, &cell).is_within());
    cell.basis = Basis::Reported;
    assert_eq!(Pair::of(period, &cell).reported, None);
    cell.not_applicable = true;
    assert_eq!(Pair::of(period, &cell).computed, None);
}

proptest! {
    #[test]
    fn within_agrees_with_the_printed_difference(reported in 1i64..1_000_000, computed in 0i64..1_000_000) {
        let pair = pair(10, reported, computed);
        let printed = pair.difference_hundredths().unwrap().abs();
        prop_assert!(printed == 500 || pair.is_within() == (printed < 500));
    }
}
