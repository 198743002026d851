//! Looking for secrets in bytes of any kind.

use std::io::{Cursor, Read};

use aho_corasick::AhoCorasick;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// Secrets as they may be written: in plain, in hexadecimal, and inside a longer text in base64.
pub(super) struct Secrets {
    plain: Vec<String>,
    /// Which secret a written form is of.
    owner: Vec<usize>,
    forms: AhoCorasick,
}

impl Secrets {
    pub(super) fn new(plain: Vec<String>) -> Self {
        let (mut forms, mut owner) = (Vec::new(), Vec::new());
        for (at, secret) in plain.iter().enumerate() {
            let hexadecimal = [hex::encode(secret), hex::encode_upper(secret)];
            // Three bytes are four letters: where the text before it ends decides how the letters fall.
            let inside = (0..3).map(|before| {
                let letters = STANDARD_NO_PAD.encode(format!("{}{secret}", "-".repeat(before)));
                let (first, last) = ((before * 8).div_ceil(6), (before + secret.len()) * 8 / 6);
                letters[first..last].to_owned()
            });
            for form in [secret.clone()].into_iter().chain(hexadecimal).chain(inside) {
                forms.push(form);
                owner.push(at);
            }
        }
        let forms = AhoCorasick::new(&forms).expect("a search");
        Secrets { plain, owner, forms }
    }

    /// The first secret in some bytes; what is packed is unpacked before.
    pub(super) fn found(&self, bytes: &[u8]) -> Option<&str> {
        if bytes.starts_with(b"PK\x03\x04") {
            return entries(bytes).iter().find_map(|entry| self.found(entry));
        }
        self.forms.find(bytes).map(|hit| self.plain[self.owner[hit.pattern().as_usize()]].as_str())
    }

    /// Fails where a secret is in something.
    pub(super) fn absent(&self, what: &str, bytes: &[u8]) {
        if let Some(secret) = self.found(bytes) {
            panic!("a canary is in {what}: {secret}");
        }
    }
}

fn entries(packed: &[u8]) -> Vec<Vec<u8>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(packed)).expect("an archive");
    (0..archive.len())
        .map(|at| {
            let mut bytes = Vec::new();
            archive.by_index(at).expect("an entry").read_to_end(&mut bytes).expect("unpacked");
            bytes
        })
        .collect()
}

#[test]
fn what_is_there_is_found_however_it_is_written() {
    let secrets = Secrets::new(vec!["530499196001010018".to_owned(), "17713170007".to_owned()]);
    let phone = "17713170007";
    assert_eq!(secrets.found(format!("…{phone}…").as_bytes()), Some(phone));
    assert_eq!(secrets.found(hex::encode(format!("ab{phone}")).as_bytes()), Some(phone));
    for before in ["", "1", "12", "123"] {
        let text = STANDARD_NO_PAD.encode(format!("{before}{phone} and more"));
        assert_eq!(secrets.found(text.as_bytes()), Some(phone), "behind {before:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    let sheet = folder.path().join("sheet.xlsx");
    suite_tests::sheets::table(&sheet, &["电话"], &[vec![phone.to_owned()]]);
    assert_eq!(secrets.found(&std::fs::read(sheet).unwrap()), Some(phone));
    assert_eq!(secrets.found(b"1771317000 7, 530499196001010019"), None);
}
