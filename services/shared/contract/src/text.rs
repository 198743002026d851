//! What a cell means: people's digits, letters, numbers, dates and ticks, made plain.

use jiff::{Span, civil::Date};

/// Why a cell is no whole number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberFault {
    /// Not a number at all.
    NotInteger,
    /// A percentage or a fraction where a count is due.
    Ratio,
    /// Beyond 64 bits.
    OutOfRange,
}

/// Text as it should be kept: full-width digits, letters and spaces become half-width, runs of white space one blank,
/// ends are trimmed, invisible marks go. Chinese punctuation stays, because it belongs to names.
pub fn clean(cell: &str) -> String {
    let narrow = cell.chars().filter(|c| !is_invisible(*c)).map(|c| match c {
        '０'..='９' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ' => narrow(c),
        c if c.is_whitespace() => ' ',
        c => c,
    });
    squeeze(narrow)
}

/// Like [`clean`], with full-width punctuation made half-width too: for numbers, dates, codes and headings.
pub fn plain(cell: &str) -> String {
    let narrow = cell.chars().filter(|c| !is_invisible(*c)).map(|c| match c {
        '！'..='～' => narrow(c),
        '、' => ',',
        '−' | '–' | '—' => '-',
        c if c.is_whitespace() => ' ',
        c => c,
    });
    squeeze(narrow)
}

/// A whole number: `1234`, `1,234`, `１２`, `-3`, `20.00`.
///
/// # Errors
/// [`NumberFault`]: percentages and true fractions are named apart from other text, since people do send ratios where
/// counts are due.
pub fn integer(cell: &str) -> Result<i64, NumberFault> {
    let text = plain(cell);
    if text.ends_with(['%', '‰']) && text.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '.') {
        return Err(NumberFault::Ratio);
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(&text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    if (whole.is_empty() && fraction.is_empty()) || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return Err(NumberFault::NotInteger);
    }
    let digits = without_thousands(whole).ok_or(NumberFault::NotInteger)?;
    if fraction.bytes().any(|b| b != b'0') {
        return Err(NumberFault::Ratio);
    }
    let sign = if text.starts_with('-') { "-" } else { "" };
    format!("{sign}{digits}")
        .parse()
        .map_err(|_| if digits.is_empty() { NumberFault::NotInteger } else { NumberFault::OutOfRange })
}

/// Digits without thousands separators, which must then stand before every third digit.
pub(crate) fn without_thousands(whole: &str) -> Option<String> {
    let mut groups = whole.split(',');
    let first = groups.next()?;
    let rest: Vec<&str> = groups.collect();
    let grouped = rest.is_empty() || ((1..=3).contains(&first.len()) && rest.iter().all(|group| group.len() == 3));
    let digits = [&[first], rest.as_slice()].concat().concat();
    (grouped && digits.bytes().all(|b| b.is_ascii_digit())).then_some(digits)
}

/// A day: `2025-09-01`, `2025/9/1`, `2025.9.1`, `2025年9月1日`, `20250901`, an Excel serial number (`45901`), each
/// with or without a time of day behind it. `None` for anything else, for days that do not exist and for years outside
/// 1900–2100.
pub fn date(cell: &str) -> Option<Date> {
    let text = plain(cell);
    let day = without_time(&text);
    let found = match (day.len(), day.bytes().all(|b| b.is_ascii_digit())) {
        (8, true) => Date::new(day[..4].parse().ok()?, day[4..6].parse().ok()?, day[6..].parse().ok()?).ok(),
        // Serial 1 is 1900-01-01, and Excel believes in a 29 February 1900: hence the epoch for five-digit serials.
        (5, true) => Date::constant(1899, 12, 30).checked_add(Span::new().days(day.parse::<i64>().ok()?)).ok(),
        _ => spelled_date(day),
    };
    found.filter(|date| (1900..=2100).contains(&date.year()))
}

fn spelled_date(text: &str) -> Option<Date> {
    let parts: Vec<&str> = if text.contains('年') {
        let (year, rest) = text.split_once('年')?;
        let (month, rest) = rest.split_once('月')?;
        vec![year, month, rest.strip_suffix(['日', '号']).unwrap_or(rest)]
    } else {
        let separator = text.chars().find(|c| !c.is_ascii_digit()).filter(|c| matches!(c, '-' | '/' | '.'))?;
        text.split(separator).collect()
    };
    let [year, month, day] = parts[..] else { return None };
    let short = |part: &str| (1..=2).contains(&part.trim().len());
    if year.trim().len() != 4 || !short(month) || !short(day) {
        return None;
    }
    Date::new(year.trim().parse().ok()?, month.trim().parse().ok()?, day.trim().parse().ok()?).ok()
}

/// `2025-09-01 00:00:00` and `2025-09-01T00:00` without their time; other text as it is.
fn without_time(text: &str) -> &str {
    let Some((day, time)) = text.split_once(' ').or_else(|| text.split_once('T')) else { return text };
    let is_time = time.contains(':') && time.bytes().all(|b| b.is_ascii_digit() || matches!(b, b':' | b'.' | b'Z'));
    if is_time { day } else { text }
}

/// Is the text a date as contracts write it, `YYYY-MM-DD`?
pub fn is_iso_date(text: &str) -> bool {
    text.len() == 10 && text.parse::<Date>().is_ok()
}

/// 是 or 否, in the ways people tick.
pub fn yes_no(cell: &str) -> Option<bool> {
    match plain(cell).to_lowercase().as_str() {
        "是" | "有" | "√" | "✓" | "✔" | "1" | "y" | "yes" | "true" => Some(true),
        "否" | "无" | "×" | "✗" | "✘" | "0" | "n" | "no" | "false" => Some(false),
        _ => None,
    }
}

fn narrow(c: char) -> char {
    char::from_u32(c as u32 - 0xFEE0).unwrap_or(c)
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{FEFF}' | '\u{2060}') || (c.is_control() && !c.is_whitespace())
}

fn squeeze(characters: impl Iterator<Item = char>) -> String {
    let mut text = String::new();
    for c in characters {
        if c != ' ' || !(text.is_empty() || text.ends_with(' ')) {
            text.push(c);
        }
    }
    if text.ends_with(' ') {
        text.pop();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_width_becomes_half_width_and_names_keep_their_punctuation() {
        assert_eq!(clean("　玉兴街道　阳光（１）号\u{a0}\n园Ａ "), "玉兴街道 阳光（1）号 园A");
        assert_eq!(plain("＊托位数（个）"), "*托位数(个)");
        assert_eq!(clean("\u{feff}\u{200b}"), "");
    }

    #[test]
    fn whole_numbers_in_all_their_dress() {
        for (cell, value) in
            [("２０", 20), ("1,234", 1234), ("１，２３４，５６７", 1_234_567), (" -3 ", -3), ("20.00", 20), ("0", 0)]
        {
            assert_eq!(integer(cell), Ok(value), "{cell}");
        }
        for cell in ["35%", "３５％", "0.35", "3.5‰", "12.5"] {
            assert_eq!(integer(cell), Err(NumberFault::Ratio), "{cell}");
        }
        for cell in ["", "二十", "1,23", "12a", "-", ".", "1 2", "20个", "%", "1.2.3"] {
            assert_eq!(integer(cell), Err(NumberFault::NotInteger), "{cell}");
        }
        assert_eq!(integer("99999999999999999999"), Err(NumberFault::OutOfRange));
    }

    #[test]
    fn days_in_all_their_forms() {
        let forms = ["2025-09-01", "2025/9/1", "2025.9.1", "2025年9月1日", "20250901", "45901", "２０２５－０９－０１"];
        for cell in forms.into_iter().chain(["2025-09-01 00:00:00", "2025-09-01T08:30:00", "2025年 9月 1日"]) {
            assert_eq!(date(cell), Some(Date::constant(2025, 9, 1)), "{cell}");
        }
        for cell in [
            "",
            "2025-02-29",
            "20250931",
            "2025",
            "2025年9月",
            "2025-9-1-2",
            "25-9-1",
            "0001-01-01",
            "明天",
            "2025-09-01 中午",
        ] {
            assert_eq!(date(cell), None, "{cell}");
        }
        assert_eq!(date("2024-02-29"), Some(Date::constant(2024, 2, 29)));
    }

    #[test]
    fn ticks() {
        assert_eq!(
            (yes_no("是"), yes_no(" √ "), yes_no("０"), yes_no("也许")),
            (Some(true), Some(true), Some(false), None)
        );
    }
}
