//! 等级 of an institution (GB/T 37276-2018), with its validity: a grade that expired is shown as such and counts as
//! none. Rules only.

use jiff::civil::Date;
use registry::{Coded, Fault};

/// 一级 to 五级.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grade {
    One,
    Two,
    Three,
    Four,
    Five,
}

impl Coded for Grade {
    const CODES: &'static [(Self, &'static str)] =
        &[(Self::One, "ONE"), (Self::Two, "TWO"), (Self::Three, "THREE"), (Self::Four, "FOUR"), (Self::Five, "FIVE")];
}

impl Grade {
    /// 1 to 5.
    pub fn level(self) -> i64 {
        match self {
            Grade::One => 1,
            Grade::Two => 2,
            Grade::Three => 3,
            Grade::Four => 4,
            Grade::Five => 5,
        }
    }
}

/// How a grade stands on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Unrated,
    Valid,
    NotYetValid,
    Expired,
}

impl Coded for Standing {
    const CODES: &'static [(Self, &'static str)] = &[
        (Self::Unrated, "UNRATED"),
        (Self::Valid, "VALID"),
        (Self::NotYetValid, "NOT_YET_VALID"),
        (Self::Expired, "EXPIRED"),
    ];
}

/// A grade as granted, valid from the first to the last day, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rating {
    pub grade: Grade,
    pub from: Date,
    pub until: Date,
}

impl Rating {
    /// A grade whose validity ends after it begins, or DATES_REVERSED.
    pub fn checked(grade: Grade, from: Date, until: Date) -> Result<Self, Fault> {
        if until < from {
            let message = format!("等级有效期止{until}早于有效期起{from}");
            return Err(Fault::cell("grade_until_on", "DATES_REVERSED", message));
        }
        Ok(Rating { grade, from, until })
    }

    /// A grade can be granted while its validity has not ended (GRADE_EXPIRED); a sheet may mirror one that ended.
    pub fn check_current(&self, today: Date) -> Result<(), Fault> {
        if self.until < today {
            let message = format!("该等级有效期已于{}届满，须重新评定", self.until);
            return Err(Fault::cell("grade_until_on", "GRADE_EXPIRED", message));
        }
        Ok(())
    }
}

/// How a grade, or the want of one, stands on a day.
pub fn standing(rating: Option<&Rating>, day: Date) -> Standing {
    match rating {
        None => Standing::Unrated,
        Some(rating) if day < rating.from => Standing::NotYetValid,
        Some(rating) if day > rating.until => Standing::Expired,
        Some(_) => Standing::Valid,
    }
}

/// The level that counts on a day: 1 to 5 while the grade is valid, else 0.
pub fn level_on(rating: Option<&Rating>, day: Date) -> i64 {
    match (rating, standing(rating, day)) {
        (Some(rating), Standing::Valid) => rating.grade.level(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grade_counts_on_its_days_and_no_other() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        let rating = Rating::checked(Grade::Three, day("2022-11-01"), day("2025-10-31")).unwrap();
        let on = |text: &str| (standing(Some(&rating), day(text)), level_on(Some(&rating), day(text)));
        assert_eq!(on("2022-10-31"), (Standing::NotYetValid, 0));
        assert_eq!(on("2022-11-01"), (Standing::Valid, 3));
        assert_eq!(on("2025-10-31"), (Standing::Valid, 3));
        assert_eq!(on("2025-11-01"), (Standing::Expired, 0));
        assert_eq!((standing(None, day("2025-11-01")), level_on(None, day("2025-11-01"))), (Standing::Unrated, 0));
        assert_eq!(rating.check_current(day("2025-11-01")).unwrap_err().reason, "GRADE_EXPIRED");
        assert!(rating.check_current(day("2025-10-31")).is_ok());
        let reversed = Rating::checked(Grade::One, day("2025-10-31"), day("2025-10-30"));
        assert_eq!(reversed.unwrap_err().reason, "DATES_REVERSED");
    }
}
