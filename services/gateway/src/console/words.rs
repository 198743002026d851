//! How numbers, times, lamps and states read in Chinese. Display only: nothing here is compared or added up.

use city::decimal::Decimal;
use city::period::Period;

/// A period as people read it: 2026年10月, 2020年; what is no period stays as it is.
pub fn period_title(period: &str) -> String {
    match period.parse() {
        Ok(Period::Year(year)) => format!("{year}年"),
        Ok(Period::Half(year, 1)) => format!("{year}年上半年"),
        Ok(Period::Half(year, _)) => format!("{year}年下半年"),
        Ok(Period::Quarter(year, quarter)) => format!("{year}年第{quarter}季度"),
        Ok(Period::Month(year, month)) => format!("{year}年{month}月"),
        Ok(Period::Mch(year)) => format!("{year}妇幼年度"),
        Ok(Period::Span(from, to)) => format!("{from}—{to}年"),
        Err(_) => period.to_owned(),
    }
}

/// A period inside a sentence, its number set off by spaces: “距 2025 年目标”.
pub(super) fn period_spaced(period: &str) -> String {
    match period.parse() {
        Ok(Period::Year(year)) => format!(" {year} 年"),
        _ => period_title(period),
    }
}

/// Thousands separated by commas, true minus; what is no number stays as it is.
pub(crate) fn grouped(number: &str) -> String {
    let (sign, digits) = number.strip_prefix('-').map_or(("", number), |digits| ("−", digits));
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
    if whole.is_empty() || !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return number.to_owned();
    }
    let mut text = sign.to_owned();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if let Some(fraction) = fraction {
        text.push('.');
        text.push_str(fraction);
    }
    text
}

/// A figure with thousands separators, or “—” when there is none.
pub(super) fn figure(number: Option<&str>) -> String {
    number.map_or_else(|| "—".to_owned(), grouped)
}

/// A figure without its unit, “—” without a figure. Money is kept in 分 and read in 万元.
pub(super) fn figure_in(number: Option<&str>, unit: &str) -> String {
    number.map_or_else(|| "—".to_owned(), |number| amount(number, unit).0)
}

/// A figure and its unit as people read them. Money is kept in 分 and read in 万元.
pub(super) fn amount(number: &str, unit: &str) -> (String, String) {
    let fen = if unit == "分" { number.parse::<i64>().ok() } else { None };
    let Some(fen) = fen else { return (grouped(number), unit.to_owned()) };
    let exact = fen % 1_000_000 == 0;
    let wan_yuan = if exact {
        Decimal { mantissa: fen / 1_000_000, scale: 0 }
    } else {
        Decimal { mantissa: (fen + 5_000).div_euclid(10_000), scale: 2 }
    };
    (grouped(&wan_yuan.to_string()), "万元".to_owned())
}

/// Value and unit in one piece: 44.9%, 3.62 个/千人.
pub(super) fn with_unit(number: &str, unit: &str) -> String {
    let (number, unit) = amount(number, unit);
    match unit.as_str() {
        "" => number,
        "%" => format!("{number}%"),
        _ => format!("{number} {unit}"),
    }
}

/// RFC 3339 to `2026-11-05 09:30`.
pub(super) fn instant(rfc3339: &str) -> String {
    match (rfc3339.get(..10), rfc3339.get(11..16)) {
        (Some(day), Some(time)) => format!("{day} {time}"),
        _ => rfc3339.to_owned(),
    }
}

/// A lamp: symbol by `code`, and the word that says the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lamp {
    pub(super) code: &'static str,
    pub(super) word: &'static str,
}

impl Lamp {
    /// Grey has three reasons, and a reader must know which.
    pub(super) fn of(lamp: &str, status: &str) -> Self {
        let (code, word) = match (lamp, status) {
            ("red", _) => ("red", "红 · 严重滞后"),
            ("yellow", _) => ("yellow", "黄 · 滞后"),
            ("green", _) => ("green", "绿 · 达序时"),
            (_, "not_computable") => ("grey", "灰 · 不可计算"),
            (_, "not_counted") => ("grey", "灰 · 不以数据计"),
            _ => ("grey", "灰 · 不评价"),
        };
        Lamp { code, word }
    }
}

/// 数据状态 of a figure, with the class that draws it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Badge {
    pub(super) class: &'static str,
    pub(super) word: String,
}

impl Badge {
    /// None where there is no figure to have a status.
    pub(super) fn of(status: &str) -> Option<Self> {
        let class = match status {
            "not_computable" | "not_counted" | "" => return None,
            "方案数" => "fa",
            "预计" => "yj",
            "正式" => "zs",
            "修订" => "xd",
            _ => "kb",
        };
        Some(Badge { class, word: status.to_owned() })
    }
}

/// An address on this site, its query escaped.
pub(super) fn href(path: &str, region: &str, period: &str) -> String {
    format!("{path}?region={}&period={}", escaped(region), escaped(period))
}

/// The page of an indicator.
pub(super) fn indicator_href(code: &str, region: &str, period: &str) -> String {
    href(&format!("/indicators/{}", escaped(code)), region, period)
}

/// As one segment of a path, or one value of a query.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
