//! Money and areas: integers of 分 and cm² between programs, decimals of 元, 万元 and ㎡ between people. Exact both ways;
//! no float has a part in it.

use proto::contract::Format;

use crate::text;

/// What people count in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    Yuan,
    WanYuan,
    SquareMetre,
}

/// Why a text is no quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuantityFault {
    NotNumber,
    /// More than two decimals.
    TooFine,
    OutOfRange,
}

impl Quantity {
    /// By the column's format and unit; money that names no 万元 is in 元.
    pub(crate) fn of(format: Format, unit: &str) -> Option<Quantity> {
        match format {
            Format::Money if unit == "万元" => Some(Quantity::WanYuan),
            Format::Money => Some(Quantity::Yuan),
            Format::Area => Some(Quantity::SquareMetre),
            _ => None,
        }
    }

    pub fn unit(self) -> &'static str {
        match self {
            Quantity::Yuan => "元",
            Quantity::WanYuan => "万元",
            Quantity::SquareMetre => "㎡",
        }
    }

    /// Decimals that one of the unit holds: 1 元 is 10² 分, 1 万元 10⁶ 分, 1 ㎡ 10⁴ cm².
    fn scale(self) -> usize {
        match self {
            Quantity::Yuan => 2,
            Quantity::WanYuan => 6,
            Quantity::SquareMetre => 4,
        }
    }

    /// `1,234.50` 元 is 123450 分. People state two decimals at most.
    ///
    /// # Errors
    /// [`QuantityFault`].
    pub fn parse(self, cell: &str) -> Result<i64, QuantityFault> {
        let text = text::plain(cell);
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(&text);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let digits = text::without_thousands(whole).ok_or(QuantityFault::NotNumber)?;
        if (digits.is_empty() && fraction.is_empty()) || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(QuantityFault::NotNumber);
        }
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > 2 {
            return Err(QuantityFault::TooFine);
        }
        let sign = if text.starts_with('-') { "-" } else { "" };
        let scale = self.scale();
        format!("{sign}{digits}{fraction:0<scale$}").parse().map_err(|_| QuantityFault::OutOfRange)
    }

    /// The exact value in the unit, without separators: whole, or with at least two decimals.
    pub fn write(self, value: i64) -> String {
        let scale = self.scale();
        let base = 10_u64.pow(scale as u32);
        let (whole, rest) = (value.unsigned_abs() / base, value.unsigned_abs() % base);
        let sign = if value < 0 { "-" } else { "" };
        if rest == 0 {
            return format!("{sign}{whole}");
        }
        let rest = format!("{rest:0scale$}");
        let rest = rest.trim_end_matches('0');
        format!("{sign}{whole}.{rest:0<2}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [Quantity; 3] = [Quantity::Yuan, Quantity::WanYuan, Quantity::SquareMetre];

    #[test]
    fn money_and_areas_as_people_write_them() {
        for (quantity, cell, value) in [
            (Quantity::Yuan, "1,234.5", 123_450),
            (Quantity::Yuan, "１２．３４", 1234),
            (Quantity::Yuan, "-0.01", -1),
            (Quantity::Yuan, ".5", 50),
            (Quantity::WanYuan, "163172", 163_172_000_000),
            (Quantity::WanYuan, "0.01", 10_000),
            (Quantity::WanYuan, "1.500", 1_500_000),
            (Quantity::SquareMetre, "120.25", 1_202_500),
        ] {
            assert_eq!(quantity.parse(cell), Ok(value), "{cell}");
        }
        for cell in ["", ".", "-", "一百", "1.2.3", "1,23", "12元", "1e3", "35%"] {
            assert_eq!(Quantity::Yuan.parse(cell), Err(QuantityFault::NotNumber), "{cell}");
        }
        assert_eq!(Quantity::WanYuan.parse("1.005"), Err(QuantityFault::TooFine));
        assert_eq!(Quantity::WanYuan.parse("9223372036855"), Err(QuantityFault::OutOfRange));
        assert_eq!(Quantity::Yuan.write(123_450), "1234.50");
        assert_eq!((Quantity::Yuan.write(100), Quantity::WanYuan.write(12_345)), ("1".into(), "0.012345".to_owned()));
        assert_eq!(Quantity::Yuan.write(i64::MIN), "-92233720368547758.08");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(hundredths in -9_000_000_000_000_i64..9_000_000_000_000) {
            for quantity in ALL {
                let value = hundredths * 10_i64.pow(quantity.scale() as u32 - 2);
                prop_assert_eq!(quantity.parse(&quantity.write(value)), Ok(value));
            }
        }

        #[test]
        fn writing_loses_nothing(value: i64) {
            for quantity in ALL {
                let text = quantity.write(value);
                let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
                let scale = quantity.scale();
                prop_assert_eq!(format!("{whole}{fraction:0<scale$}").parse::<i64>(), Ok(value));
            }
        }

        #[test]
        fn no_text_makes_it_panic(cell: String) {
            for quantity in ALL {
                let _ = quantity.parse(&cell);
            }
        }
    }
}
