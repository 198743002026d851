//! Personal numbers in free text: resident ids and mobile numbers, which no ticket and no reason may carry.

use crate::document::looks_resident;
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

/// The first personal number in a text, also when it is written in full width or in groups (`138 0000 1234`).
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
            if digits.len() > 18 {
                break;
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

/// 11 digits of a mobile network, also with the code of the country before them.
fn is_mobile(text: &str) -> bool {
    let abroad = ["0086", "86"].into_iter().find_map(|code| text.strip_prefix(code).filter(|rest| rest.len() == 11));
    let bytes = abroad.unwrap_or(text).as_bytes();
    bytes.len() == 11 && bytes.iter().all(u8::is_ascii_digit) && bytes[0] == b'1' && (b'3'..=b'9').contains(&bytes[1])
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
            "",
        ] {
            assert_eq!(carried(harmless), None, "{harmless}");
        }
    }

    proptest! {
        #[test]
        fn a_resident_id_is_found_in_any_sentence(body in "[1-9][0-9]{16}", before in "[^0-9\\p{N}]{0,9}", after in "[^0-9Xx\\p{N}]{0,9}") {
            prop_assert_eq!(carried(&format!("{before}年{}。{after}", id(&body))), Some(Carried::ResidentId));
        }
    }
}
