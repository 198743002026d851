//! What of a personal value a list may show (dictionary §3.4). Unmasking is another act, with a purpose and a log.

use proto::contract::PersonalData;

/// Masks a value by the class its contract gives it; values without a class are shown as they are.
pub fn mask(class: PersonalData, value: &str) -> String {
    if value.is_empty() {
        return String::new();
    }
    match class {
        PersonalData::Unspecified => value.to_owned(),
        PersonalData::Name => name(value),
        PersonalData::ResidentId => resident_id(value),
        PersonalData::Phone => phone(value),
        PersonalData::Address => address(value),
        PersonalData::Health => "***".to_owned(),
        PersonalData::Minor => child_name(value),
    }
}

/// 张三 → 张*, 李小明 → 李*明, 买买提·艾力 → 买*力.
pub fn name(name: &str) -> String {
    let letters: Vec<char> = name.trim().chars().collect();
    match letters[..] {
        [] => String::new(),
        [_] => "*".to_owned(),
        [first, _] => format!("{first}*"),
        [first, .., last] => format!("{first}*{last}"),
    }
}

/// A child's name: the surname only, 张**. The length of the name is not told.
pub fn child_name(name: &str) -> String {
    name.trim().chars().next().map(|first| format!("{first}**")).unwrap_or_default()
}

/// A child's birth date as year and month, 2023-06.
pub fn birth_month(date: &str) -> String {
    crate::text::date(date).map(|date| date.strftime("%Y-%m").to_string()).unwrap_or_else(|| "***".to_owned())
}

/// An identity number: the first three and the last four, never the birth date. Shorter documents keep the last two.
pub fn resident_id(number: &str) -> String {
    let number: Vec<char> = number.trim().chars().collect();
    match number.len() {
        0..=5 => stars(number.len()),
        length @ 6..=14 => keep(&number, 0, length.min(2)),
        _ => keep(&number, 3, 4),
    }
}

/// 13812345678 → 138****5678; a landline loses its last four digits, and its extension.
pub fn phone(number: &str) -> String {
    let plain: String = crate::text::plain(number).chars().filter(|c| *c != ' ').collect();
    let local = plain.strip_prefix("+86").or_else(|| plain.strip_prefix("0086")).unwrap_or(&plain);
    let local: Vec<char> = local.trim_start_matches('-').chars().collect();
    if local.len() == 11 && local[0] == '1' {
        return keep(&local, 3, 4);
    }
    // The main number ends where an extension of at most six digits begins: 0877-2026123-01.
    let dashes: Vec<usize> = (0..local.len()).filter(|at| local[*at] == '-').collect();
    let end = match dashes[..] {
        [.., before, last] if last - before > 6 => last,
        [only] if only >= 7 => only,
        _ => local.len(),
    };
    let shown = end.saturating_sub(4);
    let rest = local[shown..].iter().map(|c| if *c == '-' { '-' } else { '*' });
    local[..shown].iter().copied().chain(rest).collect()
}

/// An address down to its village or community, failing that its township, failing that its county; the rest is ***.
pub fn address(address: &str) -> String {
    let shown = end_of(address, 0, &["街道", "镇", "乡"])
        .map(|township| end_of(address, township, &["社区", "村委会", "村"]).unwrap_or(township))
        .or_else(|| end_of(address, 0, &["自治县", "县", "区"]))
        .or_else(|| end_of(address, 0, &["市"]));
    format!("{}***", &address[..shown.unwrap_or(0)])
}

/// Byte position behind the first of the words after `from`. A word that goes on as a street name (新村路) is none.
fn end_of(address: &str, from: usize, words: &[&str]) -> Option<usize> {
    let ends = words.iter().filter_map(|word| {
        let end = from + address[from..].find(word)? + word.len();
        (!address[end..].starts_with(['路', '街', '巷'])).then_some(end)
    });
    ends.min()
}

/// A bank card: the last four.
pub fn bank_card(number: &str) -> String {
    let digits: Vec<char> = number.chars().filter(|c| !c.is_whitespace()).collect();
    if digits.len() < 8 { stars(digits.len()) } else { keep(&digits, 0, 4) }
}

fn keep(characters: &[char], first: usize, last: usize) -> String {
    let hidden = characters.len() - first - last;
    let head: String = characters[..first].iter().collect();
    let tail: String = characters[characters.len() - last..].iter().collect();
    format!("{head}{}{tail}", stars(hidden))
}

fn stars(count: usize) -> String {
    "*".repeat(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(
            [name("张三"), name("李小明"), name("欧阳小明"), name("王"), name("")],
            ["张*", "李*明", "欧*明", "*", ""]
        );
        assert_eq!((child_name("张小三"), birth_month("2023-06-15")), ("张**".to_owned(), "2023-06".to_owned()));
    }

    #[test]
    fn numbers() {
        assert_eq!(resident_id("530402195001010018"), "530***********0018");
        assert_eq!(resident_id("530402500101001"), "530********1001");
        assert_eq!((resident_id("G1234567"), resident_id("1234")), ("******67".to_owned(), "****".to_owned()));
        assert_eq!(phone("138 1234 5678"), "138****5678");
        assert_eq!(phone("+8613812345678"), "138****5678");
        assert_eq!(phone("0877-2026123"), "0877-202****");
        assert_eq!(phone("0877-2026123-01"), "0877-202****-**");
        assert_eq!((phone("2026123"), phone("2026123-8")), ("202****".to_owned(), "202****-*".to_owned()));
        assert_eq!((phone("110"), bank_card("6222 0200 1234 5678")), ("***".to_owned(), "************5678".to_owned()));
    }

    #[test]
    fn addresses_end_at_the_village() {
        assert_eq!(address("玉溪市红塔区玉兴街道玉湖社区3组12号"), "玉溪市红塔区玉兴街道玉湖社区***");
        assert_eq!(address("红塔区玉兴街道新村路12号"), "红塔区玉兴街道***");
        assert_eq!(address("峨山县甸中镇昔古牙村5号"), "峨山县甸中镇昔古牙村***");
        assert_eq!((address("红塔区珊瑚路1号"), address("某处1号")), ("红塔区***".to_owned(), "***".to_owned()));
    }

    #[test]
    fn by_class() {
        assert_eq!(mask(PersonalData::Phone, "13812345678"), "138****5678");
        assert_eq!(mask(PersonalData::Health, "高血压"), "***");
        assert_eq!(mask(PersonalData::Minor, "张小三"), "张**");
        assert_eq!(
            (mask(PersonalData::Unspecified, "玉溪"), mask(PersonalData::Name, "")),
            ("玉溪".to_owned(), String::new())
        );
    }
}
