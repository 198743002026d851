//! CSV and other delimited text, in UTF-8, GB18030 (what Excel in China writes) or UTF-16 with its mark.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
};

use encoding_rs::{Encoding, GB18030, UTF_8};
use encoding_rs_io::DecodeReaderBytesBuilder;

use super::{MAX_COLUMNS, Row, SheetError, Take};

/// A record longer than this has lost a quotation mark, in bytes.
const MAX_RECORD: usize = 1 << 20;

pub(super) fn read(path: &Path, take: Take<'_>) -> Result<(), SheetError> {
    let encoding: &Encoding = if is_utf8(File::open(path)?)? { UTF_8 } else { GB18030 };
    let decoded = DecodeReaderBytesBuilder::new()
        .encoding(Some(encoding))
        .bom_override(true)
        .strip_bom(true)
        .build(File::open(path)?);
    let mut lines = BufReader::new(decoded);
    let mut separator = None;
    let mut record = String::new();
    let mut number = 0;
    while next_record(&mut lines, &mut record)? {
        number += 1;
        if record.contains('\u{FFFD}') {
            return Err(SheetError::Encoding { row: number });
        }
        let separator = *separator.get_or_insert_with(|| most_frequent_separator(&record));
        let cells = split(&record, separator)?;
        if cells.len() > MAX_COLUMNS {
            return Err(SheetError::TooWide { row: number });
        }
        if !take(Row { number, cells }) {
            break;
        }
    }
    Ok(())
}

/// Reads one record: a line, or several while a quotation is open. Counting records and blank lines alike gives the
/// row number a person sees in Excel.
fn next_record(lines: &mut impl BufRead, record: &mut String) -> Result<bool, SheetError> {
    record.clear();
    let mut quotes = 0;
    loop {
        let start = record.len();
        let room = (MAX_RECORD + 1 - start) as u64;
        let read = lines.by_ref().take(room).read_line(record).map_err(SheetError::unreadable)?;
        quotes += record[start..].bytes().filter(|byte| *byte == b'"').count();
        if record.len() > MAX_RECORD {
            return Err(SheetError::unreadable("一行过长，可能缺少引号"));
        }
        if read == 0 || quotes % 2 == 0 {
            break;
        }
    }
    let any = !record.is_empty();
    record.truncate(record.trim_end_matches(['\r', '\n']).len());
    Ok(any)
}

fn split(record: &str, separator: char) -> Result<Vec<String>, SheetError> {
    if !record.contains('"') {
        return Ok(record.split(separator).map(str::to_owned).collect());
    }
    let mut parser = csv::ReaderBuilder::new()
        .has_headers(false)
        .delimiter(separator as u8)
        .buffer_capacity(record.len().max(1))
        .from_reader(record.as_bytes());
    let mut cells = csv::StringRecord::new();
    parser.read_record(&mut cells).map_err(SheetError::unreadable)?;
    Ok(cells.iter().map(str::to_owned).collect())
}

fn most_frequent_separator(record: &str) -> char {
    let count = |separator: char| record.matches(separator).count();
    [';', '\t', ','].into_iter().max_by_key(|separator| count(*separator)).unwrap_or(',')
}

/// Is the whole file valid UTF-8? One early look would be fooled by a file whose first Chinese word comes late.
pub(super) fn is_utf8(mut file: impl Read) -> Result<bool, SheetError> {
    let mut buffer = vec![0; 64 << 10];
    let mut kept = 0;
    loop {
        let read = file.read(&mut buffer[kept..])?;
        let filled = kept + read;
        match std::str::from_utf8(&buffer[..filled]) {
            Ok(_) => kept = 0,
            // A character cut by the end of the buffer waits for its rest.
            Err(error) if error.error_len().is_none() && read > 0 => {
                buffer.copy_within(error.valid_up_to()..filled, 0);
                kept = filled - error.valid_up_to();
            }
            Err(_) => return Ok(false),
        }
        if read == 0 {
            return Ok(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time, so that every character is cut.
    struct Drip<'a>(&'a [u8]);
    impl Read for Drip<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let Some((first, rest)) = self.0.split_first() else { return Ok(0) };
            buffer[0] = *first;
            self.0 = rest;
            Ok(1)
        }
    }

    #[test]
    fn utf8_is_told_apart_wherever_characters_are_cut() {
        assert!(is_utf8(Drip("a机构名称".as_bytes())).expect("reads"));
        assert!(!is_utf8(Drip(&GB18030.encode("a机构名称").0)).expect("reads"));
        assert!(!is_utf8(Drip(&"机构".as_bytes()[..5])).expect("reads"));
    }

    #[test]
    fn records_may_span_lines_and_hold_separators() {
        let mut lines = "a,\"b\nc\"\r\n\r\n\"say \"\"hi\"\", you\",2".as_bytes();
        let mut record = String::new();
        let mut records = Vec::new();
        while next_record(&mut lines, &mut record).expect("reads") {
            records.push(split(&record, ',').expect("splits"));
        }
        assert_eq!(records, [vec!["a", "b\nc"], vec![""], vec!["say \"hi\", you", "2"]]);
        assert_eq!((most_frequent_separator("a\tb\tc,d"), most_frequent_separator("名称")), ('\t', ','));
    }
}
