//! Documents by which people are known (dictionary §3.1): 公民身份号码 by GB 11643-1999, and those who have another
//! document or none. Checked once at the door and true from then on. A document prints as its kind alone: numbers never
//! reach a log by way of `{:?}`.

use std::fmt;

use jiff::civil::Date;

use crate::text;

/// 2^(18-i) mod 11.
const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECKS: &[u8; 11] = b"10X98765432";
/// The first two digits: provinces, and 81–83 for residence permits of Hong Kong, Macao and Taiwan. County codes may be
/// abolished ones and are not judged.
const PROVINCES: [u32; 35] = [
    11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52, 53, 54, 61, 62, 63,
    64, 65, 71, 81, 82, 83,
];
/// Serials of the 15-digit numbers that were kept for those born before 1900.
const CENTENARIAN_SERIALS: std::ops::RangeInclusive<u32> = 996..=999;

/// What kind of document a number is of. Codes are those of the contract without its prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DocumentKind {
    /// 居民身份证.
    ResidentId,
    /// 港澳居民来往内地通行证.
    HongKongMacaoPermit,
    /// 台湾居民来往大陆通行证.
    TaiwanPermit,
    /// 护照.
    Passport,
    /// 外国人永久居留身份证.
    ForeignerPermit,
    /// 出生医学证明: what the newborn have before a number.
    BirthCertificate,
}

impl DocumentKind {
    /// Every kind with its code and its name.
    pub const ALL: [(DocumentKind, &'static str, &'static str); 6] = [
        (DocumentKind::ResidentId, "RESIDENT_ID", "居民身份证"),
        (DocumentKind::HongKongMacaoPermit, "HONG_KONG_MACAO_PERMIT", "港澳居民来往内地通行证"),
        (DocumentKind::TaiwanPermit, "TAIWAN_PERMIT", "台湾居民来往大陆通行证"),
        (DocumentKind::Passport, "PASSPORT", "护照"),
        (DocumentKind::ForeignerPermit, "FOREIGNER_PERMIT", "外国人永久居留身份证"),
        (DocumentKind::BirthCertificate, "BIRTH_CERTIFICATE", "出生医学证明"),
    ];

    pub fn code(self) -> &'static str {
        Self::ALL.iter().find(|(kind, ..)| *kind == self).map_or("", |(_, code, _)| code)
    }

    pub fn title(self) -> &'static str {
        Self::ALL.iter().find(|(kind, ..)| *kind == self).map_or("", |(.., title)| title)
    }

    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known, _)| *known == code).map(|(kind, ..)| *kind)
    }
}

/// A document whose number is well formed. Made by [`Document::parse`] only.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Document {
    kind: DocumentKind,
    number: String,
    /// As it was written, where it was upgraded from 15 digits.
    original: Option<String>,
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document({})", self.kind.code())
    }
}

/// Why a text is no number of a document. No message repeats the number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentFault {
    #[error("居民身份证号码应为18位（旧证15位），现为{0}位")]
    Length(usize),
    #[error("居民身份证号码第{0}位应为数字{1}")]
    Character(usize, &'static str),
    #[error("居民身份证号码前两位不是省级代码")]
    Province,
    #[error("居民身份证号码中的出生日期不存在或在今天之后")]
    BirthDate,
    #[error("居民身份证号码校验位不符，请核对全部18位")]
    CheckDigit,
    #[error("{0}号码格式不对：应为{1}")]
    Format(&'static str, &'static str),
}

impl DocumentFault {
    /// Stable reason code.
    pub fn reason(&self) -> &'static str {
        match self {
            DocumentFault::Length(_) => "DOCUMENT_LENGTH",
            DocumentFault::Character(..) => "DOCUMENT_CHARACTER",
            DocumentFault::Province => "DOCUMENT_PROVINCE",
            DocumentFault::BirthDate => "DOCUMENT_BIRTH_DATE",
            DocumentFault::CheckDigit => "DOCUMENT_CHECK_DIGIT",
            DocumentFault::Format(..) => "DOCUMENT_FORMAT",
        }
    }
}

impl Document {
    /// Normalises (trims, full-width to half-width, upper case, no spaces) and checks; a 15-digit resident number becomes
    /// its 18-digit one.
    ///
    /// # Errors
    /// [`DocumentFault`].
    pub fn parse(kind: DocumentKind, text: &str, today: Date) -> Result<Document, DocumentFault> {
        let number: String = text::plain(text).chars().filter(|c| *c != ' ').map(|c| c.to_ascii_uppercase()).collect();
        if kind == DocumentKind::ResidentId {
            return resident(number, today);
        }
        let (shape, fits) = shape(kind);
        if fits(number.as_bytes()) {
            Ok(Document { kind, number, original: None })
        } else {
            Err(DocumentFault::Format(kind.title(), shape))
        }
    }

    /// A document that was checked when it was stored.
    pub fn stored(kind: DocumentKind, number: String, original: Option<String>) -> Document {
        Document { kind, number, original }
    }

    pub fn kind(&self) -> DocumentKind {
        self.kind
    }

    /// The normalised number. Personal: for sealing, hashing and an unmasking that is recorded.
    pub fn number(&self) -> &str {
        &self.number
    }

    pub fn original(&self) -> Option<&str> {
        self.original.as_deref()
    }

    /// What tells one document from all others: what is hashed for look-ups and matched between bureaus.
    pub fn key(&self) -> String {
        format!("{}|{}", self.kind.code(), self.number)
    }

    /// As lists may show it.
    pub fn masked(&self) -> String {
        crate::masking::resident_id(&self.number)
    }

    /// Date of birth; only a resident number tells.
    pub fn born_on(&self) -> Option<Date> {
        (self.kind == DocumentKind::ResidentId).then(|| birth_date(&self.number)).flatten()
    }
}

type Shape = (&'static str, fn(&[u8]) -> bool);

fn shape(kind: DocumentKind) -> Shape {
    fn digits(bytes: &[u8]) -> bool {
        bytes.iter().all(u8::is_ascii_digit)
    }
    match kind {
        DocumentKind::ResidentId => ("18位", |bytes| bytes.len() == 18),
        DocumentKind::HongKongMacaoPermit => ("H或M加8至10位数字", |bytes| {
            (9..=11).contains(&bytes.len()) && matches!(bytes[0], b'H' | b'M') && digits(&bytes[1..])
        }),
        DocumentKind::TaiwanPermit => ("8位或10位数字", |bytes| matches!(bytes.len(), 8 | 10) && digits(bytes)),
        DocumentKind::Passport => ("6至12位字母或数字", |bytes| {
            (6..=12).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_alphanumeric)
        }),
        DocumentKind::ForeignerPermit => ("15位或18位字母和数字", |bytes| {
            matches!(bytes.len(), 15 | 18) && bytes.iter().all(u8::is_ascii_alphanumeric)
        }),
        DocumentKind::BirthCertificate => ("1位字母加9位数字", |bytes| {
            bytes.len() == 10 && bytes[0].is_ascii_uppercase() && digits(&bytes[1..])
        }),
    }
}

fn resident(text: String, today: Date) -> Result<Document, DocumentFault> {
    let length = text.chars().count();
    if length != 18 && length != 15 {
        return Err(DocumentFault::Length(length));
    }
    for (at, character) in text.chars().enumerate() {
        let last = at == 17;
        if !(character.is_ascii_digit() || last && character == 'X') {
            return Err(DocumentFault::Character(at + 1, if last { "或X" } else { "" }));
        }
    }
    let (number, original) = if length == 15 { (upgraded(&text), Some(text)) } else { (text, None) };
    if !PROVINCES.contains(&value(&number, 0, 2)) {
        return Err(DocumentFault::Province);
    }
    let born = birth_date(&number).ok_or(DocumentFault::BirthDate)?;
    if born.year() <= 1850 || born > today {
        return Err(DocumentFault::BirthDate);
    }
    if number.as_bytes()[17] != check_character(&number) {
        return Err(DocumentFault::CheckDigit);
    }
    Ok(Document { kind: DocumentKind::ResidentId, number, original })
}

/// AAAAAA YYMMDD SSS with the century put in and the check character made.
fn upgraded(old: &str) -> String {
    let century = if CENTENARIAN_SERIALS.contains(&value(old, 12, 15)) { "18" } else { "19" };
    let body = format!("{}{century}{}", &old[..6], &old[6..]);
    let check = char::from(check_character(&body));
    format!("{body}{check}")
}

/// A number that is surely a resident's: the check character of 18, or the province and the day of birth of 15.
pub(crate) fn looks_resident(text: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    match (text.len(), text.is_ascii()) {
        (18, true) => digits(&text[..17]) && check_character(text) == text.as_bytes()[17].to_ascii_uppercase(),
        (15, true) => digits(text) && PROVINCES.contains(&value(text, 0, 2)) && birth_date(&upgraded(text)).is_some(),
        _ => false,
    }
}

/// A resident's number within a longer one: 18 characters with a province, a day of birth and the check character, since of
/// many windows one has the right check character by chance.
pub(crate) fn embedded_resident(text: &str) -> bool {
    text.len() > 18
        && text.is_ascii()
        && (0..=text.len() - 18).any(|from| {
            let window = &text[from..from + 18];
            let born = birth_date(window).is_some_and(|born| (1900..2100).contains(&born.year()));
            born && PROVINCES.contains(&value(window, 0, 2)) && looks_resident(window)
        })
}

/// Of the first 17 digits.
fn check_character(number: &str) -> u8 {
    let digits = number.bytes().take(17).map(|byte| u32::from(byte - b'0'));
    let sum: u32 = digits.zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
    CHECKS[(sum % 11) as usize]
}

fn birth_date(number: &str) -> Option<Date> {
    let year = i16::try_from(value(number, 6, 10)).ok()?;
    let month = i8::try_from(value(number, 10, 12)).ok()?;
    Date::new(year, month, i8::try_from(value(number, 12, 14)).ok()?).ok()
}

fn value(number: &str, from: usize, to: usize) -> u32 {
    number.get(from..to).and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TODAY: Date = jiff::civil::date(2026, 11, 28);

    fn resident(text: &str) -> Result<Document, DocumentFault> {
        Document::parse(DocumentKind::ResidentId, text, TODAY)
    }

    #[test]
    fn resident_numbers_of_the_standard_and_of_people_who_do_not_exist() {
        for number in ["11010519491231002X", "530402195001010018", "530481202306150028", "530427194209080114"] {
            assert_eq!(resident(number).unwrap().number(), number);
        }
        let spaced = resident("　１１０１０５ 19491231 002x ").unwrap();
        assert_eq!((spaced.number(), spaced.masked().as_str()), ("11010519491231002X", "110***********002X"));
        assert_eq!(spaced.born_on().unwrap().to_string(), "1949-12-31");
        assert_eq!(format!("{spaced:?}"), "Document(RESIDENT_ID)");
        let old = resident("110105491231002").unwrap();
        assert_eq!((old.number(), old.original()), ("11010519491231002X", Some("110105491231002")));
        // 996 to 999 were kept for those born before 1900.
        assert_eq!(resident("530402980101997").unwrap().born_on().unwrap().year(), 1898);
    }

    #[test]
    fn what_is_wrong_is_told_without_the_number() {
        let reason = |text: &str| {
            let fault = resident(text).unwrap_err();
            assert!(!fault.to_string().contains(text.trim()) || text.is_empty());
            fault.reason()
        };
        assert_eq!(reason("53040219500101001"), "DOCUMENT_LENGTH");
        assert_eq!(reason("5304021950010100１Y"), "DOCUMENT_CHARACTER");
        assert_eq!(reason("53040219500101001A"), "DOCUMENT_CHARACTER");
        assert_eq!(reason("990402195001010018"), "DOCUMENT_PROVINCE");
        assert_eq!(reason("530402195002300018"), "DOCUMENT_BIRTH_DATE");
        assert_eq!(reason("530402202701010018"), "DOCUMENT_BIRTH_DATE");
        assert_eq!(reason("530402195001010019"), "DOCUMENT_CHECK_DIGIT");
    }

    #[test]
    fn other_documents_by_their_shape() {
        let parse = |kind, text| Document::parse(kind, text, TODAY);
        assert!(parse(DocumentKind::BirthCertificate, "p530012345").is_ok());
        assert!(parse(DocumentKind::HongKongMacaoPermit, "H12345678").is_ok());
        assert!(parse(DocumentKind::TaiwanPermit, "12345678").is_ok());
        assert!(parse(DocumentKind::Passport, "E12345678").is_ok());
        assert_eq!(parse(DocumentKind::Passport, "E-1").unwrap_err().reason(), "DOCUMENT_FORMAT");
        assert_eq!(parse(DocumentKind::HongKongMacaoPermit, "").unwrap_err().reason(), "DOCUMENT_FORMAT");
        let one = parse(DocumentKind::Passport, "E12345678").unwrap();
        let other = parse(DocumentKind::ForeignerPermit, "E12345678901234").unwrap();
        assert_ne!(one.key(), other.key());
        assert_eq!(one.born_on(), None);
    }

    proptest! {
        /// 11 is prime and no weight is a multiple of it: one wrong digit is always found, and so are two neighbours that
        /// changed places.
        #[test]
        fn one_wrong_digit_and_a_swap_are_found(place in 0usize..17, digit in 0u8..10, swapped in 0usize..16) {
            let right = "530402195001010018";
            let mut bytes = right.as_bytes().to_vec();
            prop_assume!(bytes[place] != b'0' + digit);
            bytes[place] = b'0' + digit;
            prop_assert!(resident(std::str::from_utf8(&bytes).unwrap()).is_err());
            let mut bytes = right.as_bytes().to_vec();
            prop_assume!(bytes[swapped] != bytes[swapped + 1]);
            bytes.swap(swapped, swapped + 1);
            prop_assert!(resident(std::str::from_utf8(&bytes).unwrap()).is_err());
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,24}") {
            for (kind, ..) in DocumentKind::ALL {
                let _ = Document::parse(kind, &text, TODAY);
            }
        }
    }
}
