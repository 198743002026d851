//! Amounts of money: integers of 分, checked at the door, told to people in 万元.

use contract::quantity::Quantity;
use registry::Fault;

/// The largest amount that one cell may state, 1000亿元: sums of any register stay far below what an integer holds.
pub const LARGEST_FEN: i64 = 10_000_000_000_000;

/// `1300万元`, exact to the 分.
pub fn wan_yuan(fen: i64) -> String {
    format!("{}万元", Quantity::WanYuan.write(fen))
}

/// An amount above zero: AMOUNT_NOT_POSITIVE, AMOUNT_TOO_LARGE.
pub fn positive(field: &'static str, title: &str, fen: i64) -> Result<i64, Fault> {
    if fen < 1 {
        return Err(Fault::cell(field, "AMOUNT_NOT_POSITIVE", format!("{title}应大于0")));
    }
    not_negative(field, title, fen)
}

/// An amount that may be zero: AMOUNT_NEGATIVE, AMOUNT_TOO_LARGE.
pub fn not_negative(field: &'static str, title: &str, fen: i64) -> Result<i64, Fault> {
    match fen {
        ..0 => Err(Fault::cell(field, "AMOUNT_NEGATIVE", format!("{title}不能为负"))),
        0..=LARGEST_FEN => Ok(fen),
        _ => {
            let message = format!("{title}超过{}，请核对单位", wan_yuan(LARGEST_FEN));
            Err(Fault::cell(field, "AMOUNT_TOO_LARGE", message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_told_exactly_and_bounded() {
        assert_eq!(wan_yuan(1_300_000_000), "1300万元");
        assert_eq!(wan_yuan(1), "0.000001万元");
        assert_eq!(positive("amount_fen", "金额", 0).unwrap_err().reason, "AMOUNT_NOT_POSITIVE");
        assert_eq!(not_negative("total_fen", "总投资", -1).unwrap_err().reason, "AMOUNT_NEGATIVE");
        assert_eq!(positive("amount_fen", "金额", LARGEST_FEN + 1).unwrap_err().reason, "AMOUNT_TOO_LARGE");
        assert_eq!(positive("amount_fen", "金额", LARGEST_FEN), Ok(LARGEST_FEN));
    }
}
