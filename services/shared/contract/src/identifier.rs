//! 统一社会信用代码 (GB 32100-2015, dictionary §3.2), checked once at the door and true from then on.

use std::fmt;

use crate::text;

/// 31 characters; I, O, S, V and Z are left out, so a letter's value is its place here and nothing else.
const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
/// 3^(i-1) mod 31.
const WEIGHTS: [u32; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
/// Weights of the embedded organisation code (GB 11714).
const INNER_WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];

/// A unified social credit code whose check character is right. Made by [`Uscc::parse`] only.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uscc(String);

/// Why a text is no 统一社会信用代码.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UsccFault {
    #[error("统一社会信用代码应为18位，现为{0}位")]
    Length(usize),
    #[error("统一社会信用代码中不应出现“{0}”（不使用字母 I、O、S、V、Z）")]
    Character(char),
    #[error("统一社会信用代码校验位不符：末位应为“{expected}”，现为“{found}”，请核对全部18位")]
    CheckDigit { expected: char, found: char },
}

impl UsccFault {
    /// Stable reason code.
    pub fn reason(&self) -> &'static str {
        match self {
            UsccFault::Length(_) => "USCC_LENGTH",
            UsccFault::Character(_) => "USCC_CHARACTER",
            UsccFault::CheckDigit { .. } => "USCC_CHECK_DIGIT",
        }
    }
}

impl Uscc {
    /// Normalises (trims, full-width to half-width, upper case) and checks.
    ///
    /// # Errors
    /// [`UsccFault`]: length, a character outside the alphabet, or the check character.
    pub fn parse(text: &str) -> Result<Uscc, UsccFault> {
        let code: String = text::plain(text).chars().filter(|c| *c != ' ').map(|c| c.to_ascii_uppercase()).collect();
        let length = code.chars().count();
        if length != 18 {
            return Err(UsccFault::Length(length));
        }
        let values: Vec<u32> =
            code.chars().map(|c| value(c).ok_or(UsccFault::Character(c))).collect::<Result<_, _>>()?;
        let sum: u32 = values.iter().zip(WEIGHTS).map(|(value, weight)| value * weight).sum();
        // A residue of 0 gives 0, not 31: hence the outer remainder.
        let expected = char::from(ALPHABET[((31 - sum % 31) % 31) as usize]);
        let found = char::from(code.as_bytes()[17]);
        if expected != found {
            return Err(UsccFault::CheckDigit { expected, found });
        }
        Ok(Uscc(code))
    }

    /// The 18 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A warning when the embedded organisation code (characters 9–17, GB 11714) fails its own check. Never an error:
    /// codes with a self-assigned body exist.
    pub fn inner_check_warning(&self) -> Option<String> {
        let body = &self.0.as_bytes()[8..17];
        let base36 = |byte: u8| char::from(byte).to_digit(36).unwrap_or(0);
        let sum: u32 = body.iter().zip(INNER_WEIGHTS).map(|(byte, weight)| base36(*byte) * weight).sum();
        let expected = match 11 - sum % 11 {
            10 => 'X',
            11 => '0',
            digit => char::from(b'0' + digit as u8),
        };
        let found = char::from(body[8]);
        (expected != found)
            .then(|| format!("主体标识码（第9至17位）校验不符：第17位应为“{expected}”，现为“{found}”，请留意是否录错"))
    }
}

impl fmt::Display for Uscc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for Uscc {
    type Err = UsccFault;
    fn from_str(text: &str) -> Result<Uscc, UsccFault> {
        Uscc::parse(text)
    }
}

fn value(c: char) -> Option<u32> {
    ALPHABET.iter().position(|letter| char::from(*letter) == c).map(|position| position as u32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const VALID: [&str; 6] = [
        "91350100M000100Y43",
        "9144030071526726XG",
        "914403001922038216",
        "12530400MB0000001K",
        "52530402MJ0000002X",
        "91530402MA6K00003M",
    ];

    #[test]
    fn codes_of_the_standard_and_of_real_companies() {
        for code in VALID {
            assert_eq!(Uscc::parse(code).expect(code).as_str(), code);
        }
        // One popular page answers alphabet[r] instead of alphabet[31 - r]: its code must fail.
        let fault = Uscc::parse("91350100M000100Y4Z").expect_err("Z is not in the alphabet");
        assert_eq!(fault.reason(), "USCC_CHARACTER");
        let fault = Uscc::parse("91350100M000100Y4W").expect_err("wrong check character");
        assert_eq!(fault, UsccFault::CheckDigit { expected: '3', found: 'W' });
        assert_eq!(fault.reason(), "USCC_CHECK_DIGIT");
        assert_eq!(Uscc::parse("9135"), Err(UsccFault::Length(4)));
        assert_eq!(Uscc::parse("91350100M000100Y4三"), Err(UsccFault::Character('三')));
    }

    #[test]
    fn a_residue_of_zero_ends_in_zero() {
        // 17 zeros have the residue 0.
        assert!(Uscc::parse("000000000000000000").is_ok());
    }

    #[test]
    fn is_normalised() {
        assert_eq!(Uscc::parse("　９１３５０１００m000100y４３ ").expect("valid").as_str(), VALID[0]);
    }

    #[test]
    fn the_inner_check_only_warns() {
        assert_eq!(Uscc::parse(VALID[0]).expect("valid").inner_check_warning(), None);
        assert_eq!(Uscc::parse(VALID[1]).expect("valid").inner_check_warning(), None);
        assert_eq!(Uscc::parse(VALID[2]).expect("valid").inner_check_warning(), None);
        let self_assigned = Uscc::parse(VALID[3]).expect("valid").inner_check_warning().expect("0 is not 1");
        assert!(self_assigned.contains("第17位应为“0”，现为“1”"), "{self_assigned}");
    }

    proptest! {
        /// 31 is prime and no weight is a multiple of it, so one wrong character never passes.
        #[test]
        fn one_wrong_character_is_always_found(code in 0..VALID.len(), place in 0..18_usize, letter in 0..31_usize) {
            let mut bytes = VALID[code].as_bytes().to_vec();
            prop_assume!(bytes[place] != ALPHABET[letter]);
            bytes[place] = ALPHABET[letter];
            let changed = String::from_utf8(bytes).expect("ascii");
            let fault = Uscc::parse(&changed).expect_err("one character is wrong");
            prop_assert_eq!(fault.reason(), "USCC_CHECK_DIGIT");
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,24}") {
            let _ = Uscc::parse(&text);
        }
    }
}
