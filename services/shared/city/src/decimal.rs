//! Exact decimals as the plan prints them, and rates as their parts. No floating point anywhere.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// `mantissa × 10^-scale`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Decimal {
    pub mantissa: i64,
    pub scale: u8,
}

/// The text is no decimal number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{0}”不是十进制数")]
pub struct DecimalError(pub String);

impl FromStr for Decimal {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, DecimalError> {
        let wrong = || DecimalError(text.to_owned());
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let fits = digits(whole.strip_prefix('-').unwrap_or(whole))
            && (digits(fraction) || !text.contains('.'))
            && fraction.len() <= 9;
        if !fits {
            return Err(wrong());
        }
        let mantissa = format!("{whole}{fraction}").parse().map_err(|_| wrong())?;
        Ok(Decimal { mantissa, scale: fraction.len() as u8 })
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:0width$}", self.mantissa.unsigned_abs(), width = usize::from(self.scale) + 1);
        let (whole, fraction) = digits.split_at(digits.len() - usize::from(self.scale));
        let sign = if self.mantissa < 0 { "-" } else { "" };
        if fraction.is_empty() { write!(f, "{sign}{whole}") } else { write!(f, "{sign}{whole}.{fraction}") }
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// `numerator × factor ÷ denominator`, kept as its parts. The denominator is positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub numerator: i64,
    pub denominator: i64,
    /// 100 for a percentage, 1000 for a per-thousand, 1 for a count.
    pub factor: i64,
}

impl Rate {
    /// Exact comparison with a printed value.
    pub fn cmp_decimal(&self, value: &Decimal) -> Ordering {
        let left = i128::from(self.numerator) * i128::from(self.factor) * 10i128.pow(u32::from(value.scale));
        left.cmp(&(i128::from(value.mantissa) * i128::from(self.denominator)))
    }

    /// Exact comparison with another rate.
    pub fn cmp_rate(&self, other: &Rate) -> Ordering {
        let left = i128::from(self.numerator) * i128::from(self.factor) * i128::from(other.denominator);
        left.cmp(&(i128::from(other.numerator) * i128::from(other.factor) * i128::from(self.denominator)))
    }

    /// For display only: rounded half up.
    pub fn round_half_up(&self, decimals: u8) -> Decimal {
        let scaled = i128::from(self.numerator) * i128::from(self.factor) * 10i128.pow(u32::from(decimals));
        let denominator = i128::from(self.denominator);
        let mantissa = (2 * scaled + denominator).div_euclid(2 * denominator);
        Decimal { mantissa: mantissa as i64, scale: decimals }
    }
}
