//! Personal numbers in free text: resident ids and mobile numbers, which no ticket and no reason may carry; and what a name
//! and a phone number are (dictionary §3.3).

use crate::document::{embedded_resident, looks_resident};
use crate::text;

/// What kind of number a text carries. The number itself is never told again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carried {
    /// 18 digits whose check character is right (GB 11643), or the 15 of an old card with a province and a day of birth.
    ResidentId,
    /// 11 digits of a mobile network, also after +86 or 0086.
    Mobile,
}

impl Carried {
    /// What people call it.
    pub fn title(self) -> &'static str {
        match self {
            Carried::ResidentId => "身份证号码",
            Carried::Mobile => "手机号码",
        }
    }
}

/// Digits that are looked through for a resident id among them; a longer run is no number of anybody's.
const LONGEST: usize = 40;

/// The first personal number in a text, also when it is written in full width or in groups (`138 0000 1234`), or inside a
/// longer number, as in that of a doctor's certificate.
pub fn carried(text: &str) -> Option<Carried> {
    let plain: Vec<char> = text::plain(text).chars().collect();
    let runs = runs(&plain);
    (0..runs.len()).find_map(|first| {
        let mut joined = String::new();
        for (at, (begin, end)) in runs.iter().enumerate().skip(first) {
            // Groups belong together where one blank or one hyphen stands between them.
            if at > first && !(begin - runs[at - 1].1 == 1 && matches!(plain[begin - 1], ' ' | '-')) {
                break;
            }
            joined.extend(&plain[*begin..*end]);
            // An X after digits is the last of 18, or begins the next word.
            let digits = joined.trim_end_matches(['X', 'x']);
            if digits.len() > LONGEST {
                break;
            }
            if embedded_resident(&joined) {
                return Some(Carried::ResidentId);
            }
            if looks_resident(&joined) || looks_resident(digits) {
                return Some(Carried::ResidentId);
            }
            if is_mobile(digits) {
                return Some(Carried::Mobile);
            }
        }
        None
    })
}

/// Begin and end of every run of digits; an X that ends one of them belongs to it.
fn runs(plain: &[char]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < plain.len() {
        let begin = at;
        while at < plain.len() && plain[at].is_ascii_digit() {
            at += 1;
        }
        if at == begin {
            at += 1;
            continue;
        }
        if at < plain.len() && matches!(plain[at], 'X' | 'x') {
            at += 1;
        }
        found.push((begin, at));
    }
    found
}

/// The longest name of a person, in characters; the population register takes 50.
const LONGEST_NAME: usize = 50;

/// What a name should be, for whoever typed something else.
pub const NAME_RULE: &str = "姓名不能超过50字，也不能是遮蔽后的（含*）";

/// A person's name as it is kept and compared: without the blanks with which sheets pad two characters to three (`李　明`), and
/// with the dot of identity cards (`·`, U+00B7) between the parts of a name, whichever dot was typed. None where it is too long
/// or was copied masked.
pub fn name(cell: &str) -> Option<String> {
    let clean: Vec<char> = text::clean(cell).chars().collect();
    let han = |at: Option<usize>| at.and_then(|at| clean.get(at)).is_some_and(|c| is_han(*c) || is_dot(*c));
    let between = |at: usize| han(at.checked_sub(1)) && han(Some(at + 1));
    let kept = clean.iter().enumerate().filter_map(|(at, c)| match *c {
        ' ' if between(at) => None,
        '.' if between(at) => Some('·'),
        c if c != '.' && is_dot(c) => Some('·'),
        c => Some(c),
    });
    let name: String = kept.collect();
    (name.chars().count() <= LONGEST_NAME && !name.contains(['*', '＊'])).then_some(name)
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{3007}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{323AF}')
}

/// Dots that are typed between the parts of a name.
fn is_dot(c: char) -> bool {
    matches!(c, '·' | '•' | '‧' | '∙' | '⋅' | '・' | '･' | '．' | '.')
}

/// What a phone number should be, for whoever typed something else.
pub const PHONE_RULE: &str = "电话应为11位手机号，或带区号的固定电话（如0877-2020001）";

/// A phone number as it is dialled, without the country's code; None where it is neither a mobile nor a landline with its
/// area code.
pub fn phone(text: &str) -> Option<String> {
    let plain: String = text::plain(text).chars().filter(|c| !matches!(c, ' ' | '(' | ')')).collect();
    let abroad = plain.strip_prefix("+86").or_else(|| plain.strip_prefix("0086"));
    let local = abroad.map_or(plain.as_str(), |local| local.trim_start_matches('-'));
    (mobile(local) || landline(local)).then(|| local.to_owned())
}

/// 11 digits of a mobile network, also with the code of the country before them.
fn is_mobile(text: &str) -> bool {
    let abroad = ["0086", "86"].into_iter().find_map(|code| text.strip_prefix(code).filter(|rest| rest.len() == 11));
    mobile(abroad.unwrap_or(text))
}

/// `1[3-9]\d{9}`.
fn mobile(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 11 && digits(text) && bytes[0] == b'1' && (b'3'..=b'9').contains(&bytes[1])
}

/// `0\d{2,3}-?\d{7,8}(-\d{1,6})?`.
fn landline(text: &str) -> bool {
    [3, 4].into_iter().any(|area| {
        let Some((area, rest)) = text.split_at_checked(area) else { return false };
        let rest = rest.strip_prefix('-').unwrap_or(rest);
        let (number, extension) = rest.split_once('-').unwrap_or((rest, "1"));
        area.starts_with('0')
            && [area, number, extension].into_iter().all(digits)
            && (7..=8).contains(&number.len())
            && (1..=6).contains(&extension.len())
    })
}

fn digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Nobody's: the region does not exist.
    fn id(body: &str) -> String {
        let check = "0123456789X".chars().find(|last| looks_resident(&format!("{body}{last}")));
        format!("{body}{}", check.expect("one of eleven fits"))
    }

    #[test]
    fn numbers_are_found_however_they_are_written() {
        let resident = id("99999919500101001");
        assert_eq!(carried(&format!("证件{resident}登记有误")), Some(Carried::ResidentId));
        assert_eq!(
            carried(&format!("{} {} {}", &resident[..6], &resident[6..14], &resident[14..])),
            Some(Carried::ResidentId)
        );
        for old in ["110105491231002", "旧证110105 491231 002", "530402980101997"] {
            assert_eq!(carried(old), Some(Carried::ResidentId), "{old}");
        }
        assert_eq!(carried("530402195001010018x"), Some(Carried::ResidentId));
        for phone in [
            "13800001234",
            "联系１３８００００１２３４核实",
            "138 0000 1234",
            "138-0000-1234",
            "+8613800001234",
            "008613800001234",
            "+86 138 0000 1234",
            "86138-0000-1234",
            "13800001234x",
        ] {
            assert_eq!(carried(phone), Some(Carried::Mobile), "{phone}");
        }
        // 医师资格证书编码: 9 digits and the holder's 18; also in groups of four, and with an X at the end.
        for certificate in
            ["201853110530402195001010018", "2018 5311 0530 4021 9500 1010 018", "20185311011010519491231002X"]
        {
            assert_eq!(carried(certificate), Some(Carried::ResidentId), "{certificate}");
        }
        let wrong = format!("{}{}", &resident[..17], if resident.ends_with('1') { '2' } else { '1' });
        for harmless in [
            wrong.as_str(),
            "12800001234",
            "8612800001234",
            "7713800001234",
            "110105491331002",
            "990105491231002",
            "91530402MA6K00003M",
            "2026-10 应为 1915 人",
            "530402001001",
            // The check digit, the day of birth and the province are wrong.
            "201853110530402195001010019",
            "201853110530402195013010013",
            "201853110990402195001010010",
            "20260101000001 20260102000002",
            "",
        ] {
            assert_eq!(carried(harmless), None, "{harmless}");
        }
    }

    #[test]
    fn names_are_compared_as_they_are_meant() {
        for (written, kept) in [
            (" 李　明 ", "李明"),
            ("李  小 明", "李小明"),
            ("买买提•艾力", "买买提·艾力"),
            ("买买提・艾力", "买买提·艾力"),
            ("买买提．艾力", "买买提·艾力"),
            ("买买提.艾力", "买买提·艾力"),
            ("买买提 · 艾力", "买买提·艾力"),
            ("John  A. Smith", "John A. Smith"),
            ("李 John", "李 John"),
            ("𠮷 田", "𠮷田"),
            ("", ""),
        ] {
            assert_eq!(name(written).as_deref(), Some(kept), "{written}");
            assert_eq!(name(kept).as_deref(), Some(kept), "twice is once");
        }
        for wrong in ["李*明", "李＊", &"李".repeat(51)] {
            assert_eq!(name(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn phones_are_what_can_be_dialled() {
        for (written, dialled) in [
            (" 138 1234 5678 ", "13812345678"),
            ("+86-19912345678", "19912345678"),
            ("008613812345678", "13812345678"),
            ("（0877）2020001", "08772020001"),
            ("010-12345678", "010-12345678"),
            ("0877-2020001-01", "0877-2020001-01"),
        ] {
            assert_eq!(phone(written).as_deref(), Some(dialled), "{written}");
        }
        for wrong in [
            "",
            "1381234567",
            "10012345678",
            "11812345678",
            "12012345678",
            "-13812345678",
            "2020001",
            "0877-",
            "0-0-0-0-0-0-0-0-0-0",
            "0877--2020001",
            "0877-2020001-",
            "0877-2020001-1234567",
            "08772020001234",
            "电话",
            "0电话",
        ] {
            assert_eq!(phone(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_resident_id_is_found_in_any_sentence(body in "[1-9][0-9]{16}", before in "[^0-9\\p{N}]{0,9}", after in "[^0-9Xx\\p{N}]{0,9}") {
            prop_assert_eq!(carried(&format!("{before}年{}。{after}", id(&body))), Some(Carried::ResidentId));
        }
    }
}
