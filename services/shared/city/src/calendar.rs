//! Working days, by the yearly notices of the State Council.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

/// A year without a published calendar: an error, never a guess.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("没有 {0} 年的节假日安排，无法计算工作日")]
pub struct CalendarMissing(pub i16);

impl CalendarMissing {
    pub const REASON: &'static str = "CALENDAR_MISSING";
}

/// Holidays and 调休 working days of the years that are known.
#[derive(Clone, Debug, Default)]
pub struct Calendar {
    years: BTreeSet<i16>,
    /// true: a working day.
    exceptions: BTreeMap<Date, bool>,
}

impl Calendar {
    /// From (date, is a working day) exceptions to the ordinary week; the years they name are known.
    pub fn new(exceptions: impl IntoIterator<Item = (Date, bool)>) -> Self {
        let exceptions: BTreeMap<Date, bool> = exceptions.into_iter().collect();
        Calendar { years: exceptions.keys().map(|date| date.year()).collect(), exceptions }
    }

    pub fn is_working_day(&self, date: Date) -> Result<bool, CalendarMissing> {
        if !self.years.contains(&date.year()) {
            return Err(CalendarMissing(date.year()));
        }
        let weekend = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
        Ok(self.exceptions.get(&date).copied().unwrap_or(!weekend))
    }

    /// The `days`-th working day after `date`; the day itself does not count.
    pub fn add_working_days(&self, date: Date, days: u32) -> Result<Date, CalendarMissing> {
        let (mut at, mut left) = (date, days);
        while left > 0 {
            at = at.checked_add(1.day()).map_err(|_| CalendarMissing(at.year()))?;
            if self.is_working_day(at)? {
                left -= 1;
            }
        }
        Ok(at)
    }
}
