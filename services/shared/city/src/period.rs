//! Periods: the calendar year, half, quarter, month, the maternal and child health year, and spans of years.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, date};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A reporting period. Text forms: `2025`, `2025-H1`, `2025-Q3`, `2025-10`, `MCH2025`, `2021-2025`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Period {
    Year(i16),
    /// Year, 1 or 2.
    Half(i16, i8),
    /// Year, 1–4.
    Quarter(i16, i8),
    /// Year, 1–12.
    Month(i16, i8),
    /// 1 October of the year before to 30 September (妇幼年度).
    Mch(i16),
    /// First and last year, both included.
    Span(i16, i16),
}

/// The text is no period.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("报告期“{0}”写法不对，应为 2025、2025-H1、2025-Q3、2025-10、MCH2025 或 2021-2025")]
pub struct PeriodError(pub String);

impl PeriodError {
    pub const REASON: &'static str = "PERIOD_INVALID";
}

impl Period {
    pub fn first_day(self) -> Date {
        match self {
            Period::Year(year) | Period::Span(year, _) => date(year, 1, 1),
            Period::Half(year, half) => date(year, half * 6 - 5, 1),
            Period::Quarter(year, quarter) => date(year, quarter * 3 - 2, 1),
            Period::Month(year, month) => date(year, month, 1),
            Period::Mch(year) => date(year - 1, 10, 1),
        }
    }

    /// A point-in-time figure of the period holds at the end of this day.
    pub fn last_day(self) -> Date {
        match self {
            Period::Year(year) | Period::Span(_, year) => date(year, 12, 31),
            Period::Half(year, half) => date(year, half * 6, 1).last_of_month(),
            Period::Quarter(year, quarter) => date(year, quarter * 3, 1).last_of_month(),
            Period::Month(year, month) => date(year, month, 1).last_of_month(),
            Period::Mch(year) => date(year, 9, 30),
        }
    }

    /// Calendar year of the last day.
    pub fn year(self) -> i16 {
        self.last_day().year()
    }

    /// The last year end that lies within or before the period: of a year that year, of anything shorter the year
    /// before (dictionary §1.5: intra-year figures use last year-end's population).
    pub fn last_year_end(self) -> Period {
        match self {
            Period::Year(year) | Period::Span(_, year) => Period::Year(year),
            other => Period::Year(other.year() - 1),
        }
    }

    pub fn same_period_last_year(self) -> Period {
        match self {
            Period::Year(year) => Period::Year(year - 1),
            Period::Half(year, half) => Period::Half(year - 1, half),
            Period::Quarter(year, quarter) => Period::Quarter(year - 1, quarter),
            Period::Month(year, month) => Period::Month(year - 1, month),
            Period::Mch(year) => Period::Mch(year - 1),
            Period::Span(from, to) => Period::Span(from - 1, to - 1),
        }
    }

    /// From this period to `last`, both included. None where they are of different kinds, are spans, or go backwards.
    pub fn through(self, last: Period) -> Option<Vec<Period>> {
        let place = |period| match period {
            Period::Year(year) => Some((0, i32::from(year))),
            Period::Mch(year) => Some((1, i32::from(year))),
            Period::Half(year, half) => Some((2, i32::from(year) * 2 + i32::from(half) - 1)),
            Period::Quarter(year, quarter) => Some((4, i32::from(year) * 4 + i32::from(quarter) - 1)),
            Period::Month(year, month) => Some((12, i32::from(year) * 12 + i32::from(month) - 1)),
            Period::Span(..) => None,
        };
        let ((kind, from), (other, to)) = (place(self)?, place(last)?);
        let period = |at: i32| match kind {
            0 => Period::Year(at as i16),
            1 => Period::Mch(at as i16),
            2 => Period::Half((at / 2) as i16, (at % 2 + 1) as i8),
            4 => Period::Quarter((at / 4) as i16, (at % 4 + 1) as i8),
            _ => Period::Month((at / 12) as i16, (at % 12 + 1) as i8),
        };
        (kind == other && from <= to).then(|| (from..=to).map(period).collect())
    }

    /// The month `back` months before the period's last one.
    pub fn month_back(self, back: i16) -> Period {
        let last = self.last_day();
        let at = last.year() * 12 + i16::from(last.month()) - 1 - back;
        Period::Month(at.div_euclid(12), (at.rem_euclid(12) + 1) as i8)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Period::Year(year) => write!(f, "{year:04}"),
            Period::Half(year, half) => write!(f, "{year:04}-H{half}"),
            Period::Quarter(year, quarter) => write!(f, "{year:04}-Q{quarter}"),
            Period::Month(year, month) => write!(f, "{year:04}-{month:02}"),
            Period::Mch(year) => write!(f, "MCH{year:04}"),
            Period::Span(from, to) => write!(f, "{from:04}-{to:04}"),
        }
    }
}

impl FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, PeriodError> {
        let wrong = || PeriodError(text.to_owned());
        let year = |digits: &str| -> Result<i16, PeriodError> {
            let plain = digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit());
            let year = if plain { digits.parse().ok() } else { None };
            year.filter(|year| (1900..=2999).contains(year)).ok_or_else(wrong)
        };
        if let Some(digits) = text.strip_prefix("MCH") {
            return Ok(Period::Mch(year(digits)?));
        }
        let Some((first, rest)) = text.split_once('-') else { return Ok(Period::Year(year(text)?)) };
        let first = year(first)?;
        match rest.as_bytes() {
            [b'H', half @ b'1'..=b'2'] => Ok(Period::Half(first, (half - b'0') as i8)),
            [b'Q', quarter @ b'1'..=b'4'] => Ok(Period::Quarter(first, (quarter - b'0') as i8)),
            [b'0', month @ b'1'..=b'9'] => Ok(Period::Month(first, (month - b'0') as i8)),
            [b'1', month @ b'0'..=b'2'] => Ok(Period::Month(first, (month - b'0') as i8 + 10)),
            _ => {
                let last = year(rest)?;
                if last > first { Ok(Period::Span(first, last)) } else { Err(wrong()) }
            }
        }
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
