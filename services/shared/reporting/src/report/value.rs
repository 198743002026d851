//! What a clerk types into a cell becomes a count, or an error that says what to type instead.

use kit::{Problem, Result};

/// Above this a count is a typing error, and sums over thousands of regions could overflow.
const LARGEST: i64 = 999_999_999_999_999;

/// Reads a cell. Empty text is no value. Full-width digits and separators of thousands are accepted, as they come from
/// spreadsheets. Errors name `element`: RATIO_NOT_ACCEPTED, VALUE_NEGATIVE, VALUE_TOO_LARGE, VALUE_INVALID.
pub(crate) fn parse(element: &str, text: &str) -> Result<Option<i64>> {
    let plain: String = text.trim().chars().map(half_width).collect();
    if plain.is_empty() {
        return Ok(None);
    }
    let wrong = |reason, message: &str| Err(Problem::field(element, reason, message));
    if plain.contains(['%', '‰', '.', '/', '∶', ':']) {
        return wrong("RATIO_NOT_ACCEPTED", "只填报整数（个数、人数、分），不填比率或小数，比率由系统计算");
    }
    let (negative, digits) = match plain.strip_prefix(['-', '−', '–']) {
        Some(rest) => (true, rest),
        None => (false, plain.as_str()),
    };
    let Some(digits) = without_separators(digits) else {
        return wrong("VALUE_INVALID", "请填写整数");
    };
    if negative {
        return wrong("VALUE_NEGATIVE", "数值不能为负");
    }
    match digits.parse::<i64>() {
        Ok(value) if value <= LARGEST => Ok(Some(value)),
        _ => wrong("VALUE_TOO_LARGE", "数值过大，请核对单位"),
    }
}

fn half_width(character: char) -> char {
    match character {
        '！'..='～' => char::from_u32(character as u32 - 0xFEE0).unwrap_or(character),
        '\u{3000}' | '\u{a0}' => ' ',
        '。' => '.',
        other => other,
    }
}

/// `1,234,567` and `1 234 567` lose their separators; `12,34` is nothing that a person means.
fn without_separators(digits: &str) -> Option<String> {
    let groups: Vec<&str> = digits.trim().split([',', ' ', '\'']).collect();
    let well_formed = groups.iter().all(|group| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit()))
        && (groups.len() == 1 || groups[0].len() <= 3 && groups[1..].iter().all(|group| group.len() == 3));
    well_formed.then(|| groups.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(text: &str) -> &'static str {
        parse("e", text).unwrap_err().reason
    }

    #[test]
    fn counts_are_read_as_clerks_type_them() {
        assert_eq!(parse("e", "").unwrap(), None);
        assert_eq!(parse("e", " 　").unwrap(), None);
        assert_eq!(parse("e", "0").unwrap(), Some(0));
        assert_eq!(parse("e", "１，９１５").unwrap(), Some(1915));
        assert_eq!(parse("e", " 72,387 ").unwrap(), Some(72387));
        assert_eq!(parse("e", "1 234 567").unwrap(), Some(1_234_567));
        assert_eq!(parse("e", "007").unwrap(), Some(7));
    }

    #[test]
    fn ratios_and_nonsense_are_refused_by_name() {
        for ratio in ["35%", "35％", "2.6", "２．６", "1/3", "5‰", "-2.6"] {
            assert_eq!(reason(ratio), "RATIO_NOT_ACCEPTED", "{ratio}");
        }
        for negative in ["-1", "－１", "−3"] {
            assert_eq!(reason(negative), "VALUE_NEGATIVE", "{negative}");
        }
        for nonsense in ["12,34", "1e5", "十", "+5", ",1", "0x1f", "1,2345"] {
            assert_eq!(reason(nonsense), "VALUE_INVALID", "{nonsense}");
        }
        assert_eq!(reason("9999999999999999999999"), "VALUE_TOO_LARGE");
        assert_eq!(parse("e", "2.6").unwrap_err().fields[0].0, "e");
    }
}
