//! The bullet: how far along the path from baseline to target. Integers throughout; coordinates are tenths of a
//! per cent, so the bar stretches without scaling text.

use std::fmt;

use city::decimal::Decimal;

/// Tenths, written with one decimal: 764 is `76.4`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Tenths(pub(super) i64);

impl fmt::Display for Tenths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{}.{}", self.0.abs() / 10, self.0.abs() % 10)
    }
}

/// What to draw, from left to right in per cent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bullet {
    /// None: not known, the whole bar is hatched.
    pub(super) fill: Option<Tenths>,
    /// From the value to where the path stands: where it begins and how long it is.
    pub(super) owed: Option<(Tenths, Tenths)>,
    pub(super) expected: Option<Tenths>,
    pub(super) target: Option<Tenths>,
    /// The target lies inside the filled part.
    pub(super) passed: bool,
    pub(super) label: String,
}

/// The figures of a bullet, as printed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Figures<'a> {
    pub(super) baseline: Option<&'a str>,
    pub(super) expected: Option<&'a str>,
    pub(super) target: Option<&'a str>,
    pub(super) value: Option<&'a str>,
}

/// None without a numeric target: there is no path then.
pub(super) fn bullet(figures: Figures<'_>, label: String) -> Option<Bullet> {
    let read = |text: Option<&str>| text.and_then(|text| text.parse::<Decimal>().ok());
    let all = [read(figures.baseline), read(figures.expected), read(figures.target), read(figures.value)];
    let scale = all.iter().flatten().map(|number| number.scale).max()?;
    let [baseline, expected, target, value] = all.map(|number| number.and_then(|number| units(&number, scale)));
    let target = target?;
    let low = baseline.filter(|baseline| *baseline < target).unwrap_or(0);
    let high = [Some(target), value, expected].into_iter().flatten().max()?.max(low + 1);
    let place = |number: i64| {
        let share = i128::from(number - low) * 1000 / i128::from(high - low);
        share.clamp(0, 1000) as i64
    };
    let fill = value.map(place);
    let owed = expected.zip(fill).and_then(|(expected, fill)| {
        let length = place(expected) - fill;
        (length > 0).then_some((Tenths(fill), Tenths(length)))
    });
    Some(Bullet {
        fill: fill.map(Tenths),
        owed,
        expected: expected.map(|expected| Tenths(place(expected))),
        // A line exactly on the edge would be cut in half.
        target: Some(Tenths(place(target).min(998))),
        passed: value.is_some_and(|value| value > target),
        label,
    })
}

/// The number in units of 10^-scale; None when that is out of range.
pub(super) fn units(number: &Decimal, scale: u8) -> Option<i64> {
    number.mantissa.checked_mul(10i64.checked_pow(u32::from(scale.checked_sub(number.scale)?))?)
}
