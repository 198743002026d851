//! The one place where time and fresh ids come from, so that tests can set them and rules never read them.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};
use uuid::Uuid;

/// Time zone of every date that people see, and of every period's end.
pub const ZONE: &str = "Asia/Shanghai";

/// Time and ids. Cloning is cheap; clones of a set clock move together.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    set: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Clock { set: None }
    }

    /// A clock that stands at `at` until it is moved; for tests.
    pub fn set_to(at: Timestamp) -> Self {
        Clock { set: Some(Arc::new(AtomicI64::new(at.as_microsecond()))) }
    }

    /// Moves a set clock. Has no effect on the system's.
    pub fn move_to(&self, at: Timestamp) {
        if let Some(set) = &self.set {
            set.store(at.as_microsecond(), Ordering::SeqCst);
        }
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    #[allow(clippy::disallowed_methods, reason = "this is the place")]
    pub fn micros(&self) -> i64 {
        match &self.set {
            Some(set) => set.load(Ordering::SeqCst),
            None => Timestamp::now().as_microsecond(),
        }
    }

    /// Today's date in [`ZONE`].
    pub fn today(&self) -> Date {
        date_of(self.micros())
    }

    /// A fresh id, ordered by time.
    #[allow(clippy::disallowed_methods, reason = "this is the place")]
    pub fn id(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// The instant as local time in [`ZONE`].
pub fn local(micros: i64) -> ZonedDateTime {
    let at = Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH);
    at.to_zoned_datetime(TimeZone::get(ZONE).unwrap_or_else(|_| TimeZone::fixed(jiff::tz::offset(8))))
}

/// The date of an instant in [`ZONE`].
pub fn date_of(micros: i64) -> Date {
    local(micros).date()
}

/// The instant as RFC 3339 with the zone's offset, seconds precision: `2026-11-05T09:30:00+08:00`.
pub fn rfc3339(micros: i64) -> String {
    local(micros).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_shanghai() {
        let late = "2026-10-31T16:30:00Z".parse::<Timestamp>().unwrap();
        assert_eq!(date_of(late.as_microsecond()).to_string(), "2026-11-01");
        assert_eq!(rfc3339(late.as_microsecond()), "2026-11-01T00:30:00+08:00");
    }
}
