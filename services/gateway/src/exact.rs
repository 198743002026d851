//! Exact fractions, for paths, paces and forecasts: compared exactly, rounded only to be shown.

use std::cmp::Ordering;
use std::ops::{Add, Sub};

use city::decimal::{Decimal, Rate};

/// A fraction in lowest terms with a positive denominator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exact {
    numerator: i128,
    denominator: i128,
}

impl Exact {
    fn reduced(numerator: i128, denominator: i128) -> Self {
        let (mut a, mut b) = (numerator.unsigned_abs(), denominator.unsigned_abs());
        while b != 0 {
            (a, b) = (b, a % b);
        }
        let divisor = a.max(1) as i128 * denominator.signum();
        Exact { numerator: numerator / divisor, denominator: denominator / divisor }
    }

    pub fn decimal(value: &Decimal) -> Self {
        Exact::reduced(i128::from(value.mantissa), 10i128.pow(u32::from(value.scale)))
    }

    /// None for a denominator of zero.
    pub fn rate(rate: &Rate) -> Option<Self> {
        let numerator = i128::from(rate.numerator) * i128::from(rate.factor);
        (rate.denominator != 0).then(|| Exact::reduced(numerator, i128::from(rate.denominator)))
    }

    /// `self × by ÷ of`; `of` is not zero.
    pub fn scaled(self, by: i128, of: i128) -> Self {
        let crossed = Exact::reduced(by, of);
        let (first, second) =
            (Exact::reduced(self.numerator, crossed.denominator), Exact::reduced(crossed.numerator, self.denominator));
        Exact { numerator: first.numerator * second.numerator, denominator: first.denominator * second.denominator }
    }

    /// Rounded half up to `decimals`, for display.
    pub fn display(self, decimals: u8) -> String {
        let scale = 10i128.pow(u32::from(decimals));
        let mantissa = (2 * self.numerator * scale + self.denominator).div_euclid(2 * self.denominator);
        Decimal { mantissa: mantissa as i64, scale: decimals }.to_string()
    }
}

impl Add for Exact {
    type Output = Exact;

    fn add(self, other: Exact) -> Exact {
        let numerator = self.numerator * other.denominator + other.numerator * self.denominator;
        Exact::reduced(numerator, self.denominator * other.denominator)
    }
}

impl Sub for Exact {
    type Output = Exact;

    fn sub(self, other: Exact) -> Exact {
        self + Exact { numerator: -other.numerator, ..other }
    }
}

impl PartialOrd for Exact {
    fn partial_cmp(&self, other: &Exact) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Exact {
    fn cmp(&self, other: &Exact) -> Ordering {
        (self.numerator * other.denominator).cmp(&(other.numerator * self.denominator))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn exact(numerator: i64, denominator: i64) -> Exact {
        Exact::reduced(i128::from(numerator), i128::from(denominator))
    }

    proptest! {
        #[test]
        fn what_is_added_can_be_taken_away(a in -1_000_000i64..1_000_000, b in 1i64..10_000, c in -1_000_000i64..1_000_000, d in 1i64..10_000) {
            let (one, other) = (exact(a, b), exact(c, d));
            prop_assert_eq!(one + other - other, one);
            prop_assert_eq!(one.scaled(i128::from(d), 7).scaled(7, i128::from(d)), one);
            prop_assert_eq!(one.cmp(&other), (i128::from(a) * i128::from(d)).cmp(&(i128::from(c) * i128::from(b))));
        }
    }

    #[test]
    fn halves_round_up() {
        assert_eq!(exact(25, 10).display(0), "3");
        assert_eq!(exact(-25, 10).display(0), "-2");
        assert_eq!(exact(1, 3).display(2), "0.33");
    }
}
