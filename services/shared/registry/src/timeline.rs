//! Effective-dated facts: October's figure computed on 5 November counts October's beds, because a change opens a
//! new stretch of time and leaves the old one as it was.

use jiff::civil::Date;

use crate::fault::Fault;

/// A value and the days on which it holds: from `since`, up to but not including `until`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dated<T> {
    pub since: Date,
    /// `None`: until further notice.
    pub until: Option<Date>,
    pub value: T,
}

impl<T> Dated<T> {
    /// Holds from a day on, until further notice.
    pub fn from(since: Date, value: T) -> Self {
        Dated { since, until: None, value }
    }
}

/// The stretches to save so that `value` holds from `on`, given the newest stretch of the record: none when nothing
/// changes, the replaced one when it began that very day, else the closed one and its successor.
///
/// Refuses a date before the newest stretch began (FACT_LATER_EXISTS): what was recorded later would be lost.
pub fn change<T: Clone + PartialEq>(newest: &Dated<T>, on: Date, value: T) -> Result<Vec<Dated<T>>, Fault> {
    if newest.value == value {
        return Ok(Vec::new());
    }
    if on < newest.since {
        return Err(Fault::conflict(
            "FACT_LATER_EXISTS",
            format!("已登记了自{}起的情况，不能再登记自{on}起的变更", newest.since),
        ));
    }
    let successor = Dated::from(on, value);
    if on == newest.since {
        return Ok(vec![successor]);
    }
    Ok(vec![Dated { until: Some(on), ..newest.clone() }, successor])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(n: i64) -> Date {
        "2025-01-01".parse::<Date>().unwrap().checked_add(jiff::Span::new().days(n)).unwrap()
    }

    /// What the store does: a stretch is identified by the day it began.
    fn save(rows: &mut Vec<Dated<u8>>, changed: Vec<Dated<u8>>) {
        for row in changed {
            rows.retain(|kept| kept.since != row.since);
            rows.push(row);
        }
        rows.sort_by_key(|row| row.since);
    }

    proptest! {
        #[test]
        fn stretches_never_gap_nor_overlap_and_the_past_stays(
            acts in prop::collection::vec((0i64..40, 0u8..4), 0..30)
        ) {
            let mut rows = vec![Dated::from(day(0), 9u8)];
            let mut truth = [9u8; 60];
            for (on, value) in acts {
                let newest = rows.last().unwrap().clone();
                match change(&newest, day(on), value) {
                    Ok(changed) => {
                        if !changed.is_empty() {
                            truth[on as usize..].fill(value);
                        }
                        save(&mut rows, changed);
                    }
                    Err(fault) => {
                        prop_assert_eq!(fault.reason, "FACT_LATER_EXISTS");
                        prop_assert!(day(on) < newest.since);
                    }
                }
            }
            for pair in rows.windows(2) {
                prop_assert_eq!(pair[0].until, Some(pair[1].since));
            }
            prop_assert_eq!(rows.last().unwrap().until, None);
            for (n, expected) in truth.iter().enumerate() {
                let at = day(n as i64);
                let found: Vec<_> =
                    rows.iter().filter(|row| row.since <= at && row.until.is_none_or(|until| until > at)).collect();
                prop_assert_eq!(found.len(), 1);
                prop_assert_eq!(found[0].value, *expected);
            }
        }
    }
}
