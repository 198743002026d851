//! Numbers in the cells of a form. Money is kept in 分 and typed in 万元, so that nobody counts zeros; everything else
//! is typed as it is counted. Exact in both directions.

use crate::console::words::grouped;

/// Fen in one 万元.
const WAN: i64 = 1_000_000;

/// How a value is written into an input of its unit: no separators, so that it can be typed over.
pub fn shown(value: i64, unit: &str) -> String {
    if unit != "分" {
        return value.to_string();
    }
    let (sign, fen) = if value < 0 { ("-", value.unsigned_abs()) } else { ("", value.unsigned_abs()) };
    let (whole, rest) = (fen / WAN as u64, fen % WAN as u64);
    if rest == 0 {
        return format!("{sign}{whole}");
    }
    let fraction = format!("{rest:06}");
    format!("{sign}{whole}.{}", fraction.trim_end_matches('0'))
}

/// What was typed, as the bureau takes it: for money the 万元 become 分; what is no such number goes as it is, so that
/// the bureau says what is wrong with it.
pub fn as_units(text: &str, unit: &str) -> String {
    let plain: String = text.trim().chars().filter(|c| !matches!(c, ',' | '，' | ' ')).collect();
    if unit != "分" || plain.is_empty() {
        return plain;
    }
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > 6 {
        return text.trim().to_owned();
    }
    let fen = format!("{whole}{fraction:0<6}");
    match fen.trim_start_matches('0') {
        "" => "0".to_owned(),
        fen => fen.to_owned(),
    }
}

/// A value to be read: separators, true minus.
pub(super) fn read(value: Option<i64>, unit: &str) -> String {
    value.map_or_else(|| "—".to_owned(), |value| grouped(&shown(value, unit)))
}

/// A difference with its sign; “—” where one side is not known.
pub(super) fn difference(now: Option<i64>, before: Option<i64>, unit: &str) -> String {
    let Some(change) = now.zip(before).map(|(now, before)| now - before) else { return "—".to_owned() };
    let text = grouped(&shown(change, unit));
    if change > 0 { format!("+{text}") } else { text }
}

/// A change in per cent with one decimal, half away from zero; “—” where the old value is zero or not known.
pub(super) fn percent(now: Option<i64>, before: Option<i64>) -> String {
    let Some((now, before)) = now.zip(before).filter(|(_, before)| *before > 0) else { return "—".to_owned() };
    let change = (i128::from(now) - i128::from(before)) * 1000;
    let before = i128::from(before);
    let tenths = (2 * change.abs() + before) / (2 * before);
    let sign = match change {
        0 => "",
        change if change > 0 => "+",
        _ => "−",
    };
    format!("{sign}{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_shown_is_what_is_taken(value in 0i64..9_000_000_000_000_000) {
            prop_assert_eq!(as_units(&shown(value, "分"), "分"), value.to_string());
            prop_assert_eq!(as_units(&shown(value, "人"), "人"), value.to_string());
        }
    }

    #[test]
    fn wan_yuan_are_exact_and_nonsense_passes_for_the_bureau_to_refuse() {
        assert_eq!(as_units("1,234.56", "分"), "1234560000");
        assert_eq!(as_units("0.000001", "分"), "1");
        assert_eq!(as_units("0", "分"), "0");
        assert_eq!(as_units("1.2345678", "分"), "1.2345678");
        assert_eq!(as_units("2.6%", "%"), "2.6%");
        assert_eq!(shown(-1_500_000, "分"), "-1.5");
    }

    #[test]
    fn changes_read_as_people_write_them() {
        assert_eq!(difference(Some(284), Some(279), "张"), "+5");
        assert_eq!(difference(Some(261), Some(265), "张"), "−4");
        assert_eq!(percent(Some(284), Some(233)), "+21.9");
        assert_eq!(percent(Some(263), Some(265)), "−0.8");
        assert_eq!((percent(Some(1), Some(0)), percent(Some(5), Some(5))), ("—".to_owned(), "0.0".to_owned()));
    }
}
