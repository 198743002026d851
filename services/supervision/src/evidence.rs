//! Files that prove work: kept as bytes with their digest, never changed, handed out in parts.

pub mod door;
pub mod store;

use jiff::civil::Date;
use ring::digest;
use uuid::Uuid;

/// Bytes that one file may have.
pub const LARGEST: usize = 5 * 1024 * 1024;
/// A message that carries the largest file, with its words.
pub const LARGEST_MESSAGE: usize = LARGEST + 64 * 1024;

/// One file, without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    pub id: Uuid,
    /// The task or the work entry that it proves.
    pub record: Uuid,
    /// Where the record belongs: what a caller's scope must cover.
    pub region: String,
    pub title: String,
    pub document_number: String,
    pub dated_on: Date,
    pub file_name: String,
    /// SHA-256, lower-case hex.
    pub sha256: String,
    /// Bytes.
    pub size: i64,
    pub added_by: String,
}

/// Lower-case hex of the SHA-256.
pub fn sha256(content: &[u8]) -> String {
    digest::digest(&digest::SHA256, content).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A file name without folders and without characters that a file system refuses.
pub fn bare_name(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String =
        name.chars().map(|one| if one.is_control() || "<>:\"|?*".contains(one) { '_' } else { one }).collect();
    let kept = kept.trim_matches(['.', ' ']);
    if kept.is_empty() { "佐证".to_owned() } else { kept.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_within_the_folder_and_digests_are_those_of_the_standard() {
        assert_eq!(bare_name("../../etc/通知.pdf"), "通知.pdf");
        assert_eq!(bare_name("C:\\a\\b?.docx"), "b_.docx");
        assert_eq!(bare_name(".."), "佐证");
        assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
