//! 示范: a designation of a school with its validity. Rules only.

use jiff::civil::Date;
use registry::{Coded, Fault};
use uuid::Uuid;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    National,
    Province,
    City,
}

impl Coded for Level {
    const CODES: &'static [(Self, &'static str)] =
        &[(Self::National, "NATIONAL"), (Self::Province, "PROVINCE"), (Self::City, "CITY")];
}

/// Valid from the first to the last day, both included; a revoked one no longer from the day of its revocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demonstration {
    pub id: Uuid,
    pub school_id: Uuid,
    pub level: Level,
    pub valid_from: Date,
    pub valid_to: Option<Date>,
    pub revoked_on: Option<Date>,
    pub document_number: String,
}

impl Level {
    pub fn label(self) -> &'static str {
        match self {
            Level::National => "国家级示范",
            Level::Province => "省级示范",
            Level::City => "市级示范",
        }
    }
}

impl Demonstration {
    pub fn is_valid(&self, day: Date) -> bool {
        self.valid_from <= day
            && self.valid_to.is_none_or(|last| day <= last)
            && self.revoked_on.is_none_or(|revoked| day < revoked)
    }

    /// Ends it: DATES_REVERSED before it began.
    pub fn revoke(&mut self, on: Date) -> Result<(), Fault> {
        if on < self.valid_from {
            return Err(Fault::cell("on", "DATES_REVERSED", format!("撤销日期早于授予日期{}", self.valid_from)));
        }
        self.revoked_on = Some(on);
        Ok(())
    }
}

/// A validity that ends no earlier than it begins: DATES_REVERSED.
pub fn check_validity(from: Date, to: Option<Date>) -> Result<(), Fault> {
    match to {
        Some(to) if to < from => {
            Err(Fault::cell("valid_to", "DATES_REVERSED", format!("有效期止{to}早于有效期起{from}")))
        }
        _ => Ok(()),
    }
}

/// A new designation beside those a school has; one of a level at a time: DEMONSTRATION_EXISTS, DATES_REVERSED.
pub fn grant(known: &[Demonstration], new: Demonstration) -> Result<Demonstration, Fault> {
    check_validity(new.valid_from, new.valid_to)?;
    let ends = |one: &Demonstration| {
        let revoked = one.revoked_on.and_then(|day| day.yesterday().ok());
        [one.valid_to, revoked].into_iter().flatten().min().unwrap_or(Date::MAX)
    };
    let overlaps =
        |one: &&Demonstration| one.level == new.level && one.valid_from <= ends(&new) && new.valid_from <= ends(one);
    match known.iter().find(overlaps) {
        Some(other) => {
            let message = format!("已有自{}起的{}称号", other.valid_from, other.level.label());
            Err(Fault::conflict("DEMONSTRATION_EXISTS", message))
        }
        None => Ok(new),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schools::tests::day;

    fn one(level: Level, from: &str, to: Option<&str>) -> Demonstration {
        Demonstration {
            id: Uuid::nil(),
            school_id: Uuid::nil(),
            level,
            valid_from: day(from),
            valid_to: to.map(day),
            revoked_on: None,
            document_number: "文".into(),
        }
    }

    #[test]
    fn one_designation_of_a_level_at_a_time() {
        let mut first = one(Level::City, "2024-01-01", Some("2024-12-31"));
        let next = |from| grant(std::slice::from_ref(&first), one(Level::City, from, None));
        assert_eq!(next("2024-12-31").unwrap_err().reason, "DEMONSTRATION_EXISTS");
        assert!(next("2025-01-01").is_ok());
        assert!(grant(std::slice::from_ref(&first), one(Level::Province, "2024-06-01", None)).is_ok());
        assert_eq!(first.revoke(day("2023-12-31")).unwrap_err().reason, "DATES_REVERSED");
        first.revoke(day("2024-06-01")).unwrap();
        assert!(first.is_valid(day("2024-05-31")) && !first.is_valid(day("2024-06-01")));
        assert!(grant(&[first], one(Level::City, "2024-06-01", None)).is_ok());
        let reversed = one(Level::City, "2024-06-01", Some("2024-05-31"));
        assert_eq!(grant(&[], reversed).unwrap_err().reason, "DATES_REVERSED");
    }
}
