//! HTML tables saved as `.xls`, as old national systems export them.
//!
//! Only what a table needs is understood: tags, cells with their spans, entities. Nothing is nested in memory, so
//! unclosed and upper-case tags, which such exports are full of, cost nothing.

use std::path::Path;

use encoding_rs::{Encoding, GB18030, UTF_8};

use super::{MAX_COLUMNS, Row, SheetError, Take, delimited::is_utf8, place, read_whole};

/// Does the text begin like a web page? XML spreadsheets of 2003 do not.
pub(super) fn looks_like_html(head: &[u8]) -> bool {
    // `decode` heeds a byte-order mark of another encoding.
    let start = UTF_8.decode(head).0.trim_start().to_ascii_lowercase();
    start.starts_with('<')
        && ["<html", "<table", "<!doctype html", "<head", "<meta"].iter().any(|tag| start.contains(tag))
}

pub(super) fn read(path: &Path, take: Take<'_>) -> Result<(), SheetError> {
    let bytes = read_whole(path)?;
    let text = decode(&bytes)?;
    let Some(table) = tables(&text)?.into_iter().max_by_key(Vec::len) else {
        return Err(SheetError::unreadable("网页中没有表格"));
    };
    for row in table {
        if !take(row) {
            break;
        }
    }
    Ok(())
}

/// The byte-order mark decides, then the charset the page states, then whether it is UTF-8.
fn decode(bytes: &[u8]) -> Result<String, SheetError> {
    let encoding = match Encoding::for_bom(bytes) {
        Some((encoding, _)) => encoding,
        None => match stated_charset(bytes) {
            Some(encoding) => encoding,
            None if is_utf8(bytes)? => UTF_8,
            None => GB18030,
        },
    };
    Ok(encoding.decode(bytes).0.into_owned())
}

fn stated_charset(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(2048)]).to_ascii_lowercase();
    let (_, after) = head.split_once("charset=")?;
    let label: String = after
        .trim_start_matches(['"', '\''])
        .chars()
        .take_while(|c| c.is_alphanumeric() || "-_".contains(*c))
        .collect();
    // gb2312 and gbk are what pages say; GB18030 holds both.
    if label.starts_with("gb") { Some(GB18030) } else { Encoding::for_label(label.as_bytes()) }
}

/// A table while it is read.
#[derive(Default)]
struct Table {
    rows: Vec<Row>,
    /// Per column, how many rows a cell above still reaches down.
    covered: Vec<usize>,
    cell: Option<Cell>,
}

struct Cell {
    text: String,
    columns: usize,
    rows: usize,
}

impl Table {
    fn open_row(&mut self) -> Result<(), SheetError> {
        self.close_cell()?;
        for covered in &mut self.covered {
            *covered = covered.saturating_sub(1);
        }
        self.rows.push(Row { number: self.rows.len() as u64 + 1, cells: Vec::new() });
        Ok(())
    }

    /// The last row's cells grow to the right past columns that a cell above covers.
    fn close_cell(&mut self) -> Result<(), SheetError> {
        let (Some(cell), Some(row)) = (self.cell.take(), self.rows.last_mut()) else { return Ok(()) };
        let mut column = row.cells.len();
        while self.covered.get(column).is_some_and(|rows| *rows > 0) {
            column += 1;
        }
        let end = column + cell.columns;
        if end > MAX_COLUMNS {
            return Err(SheetError::TooWide { row: row.number });
        }
        row.cells.resize(end, String::new());
        if self.covered.len() < end {
            self.covered.resize(end, 0);
        }
        self.covered[column..end].fill(cell.rows);
        place(&mut row.cells, column, unescape(&cell.text), row.number)
    }
}

fn tables(text: &str) -> Result<Vec<Vec<Row>>, SheetError> {
    let mut open: Vec<Table> = Vec::new();
    let mut closed = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        if let Some(cell) = open.last_mut().and_then(|table| table.cell.as_mut()) {
            cell.text.push_str(&rest[..at]);
        }
        rest = &rest[at..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        let end = end_of_tag(rest);
        let tag = &rest[1..end];
        rest = rest.get(end + 1..).unwrap_or("");
        let name =
            tag.split(|c: char| c.is_whitespace()).next().unwrap_or("").trim_end_matches('/').to_ascii_lowercase();
        match (name.as_str(), open.last_mut()) {
            ("table", _) => open.push(Table::default()),
            ("tr", Some(table)) => table.open_row()?,
            ("td" | "th", Some(table)) => {
                table.close_cell()?;
                table.cell =
                    Some(Cell { text: String::new(), columns: span(tag, "colspan"), rows: span(tag, "rowspan") });
            }
            ("/td" | "/th" | "/tr", Some(table)) => table.close_cell()?,
            ("/table", Some(table)) => {
                table.close_cell()?;
                closed.extend(open.pop().map(|table| table.rows));
            }
            ("br", Some(Table { cell: Some(cell), .. })) => cell.text.push(' '),
            _ => {}
        }
    }
    closed.extend(open.into_iter().map(|table| table.rows));
    Ok(closed)
}

/// Byte position of the `>` that ends the tag, quoted attribute values aside.
fn end_of_tag(text: &str) -> usize {
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return at,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    text.len()
}

fn span(tag: &str, attribute: &str) -> usize {
    let tag = tag.to_ascii_lowercase();
    let stated = tag.split_once(attribute).and_then(|(_, after)| after.trim_start().strip_prefix('='));
    let digits: String = stated
        .map(|value| {
            value.trim_start().trim_start_matches(['"', '\'']).chars().take_while(char::is_ascii_digit).collect()
        })
        .unwrap_or_default();
    digits.parse().unwrap_or(1).clamp(1, MAX_COLUMNS)
}

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let entity =
            rest.bytes().take(10).position(|byte| byte == b';').and_then(|end| Some((character(&rest[1..end])?, end)));
        let (c, end) = entity.unwrap_or(('&', 0));
        plain.push(c);
        rest = &rest[end + 1..];
    }
    plain.push_str(rest);
    plain.trim().to_owned()
}

fn character(entity: &str) -> Option<char> {
    match entity {
        "nbsp" => Some(' '),
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = entity.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_entities_and_sloppy_tags() {
        let page = "<HTML><style>td {}</style><table><tr><td>标题</table>
            <TABLE border='1>'><!-- <tr> --><TR><TH rowspan=2>机构&nbsp;名称<TH colspan=\"2\">班级</TR>
            <tr><td>班型<br>注</td><td>A&amp;B &#x4e00;&#19968; &unknown;</td></tr></TABLE><p>注：略</p>";
        let tables = tables(page).expect("reads");
        let cells: Vec<Vec<String>> = tables[1].iter().map(|row| row.cells.clone()).collect();
        assert_eq!(cells, [vec!["机构 名称", "班级", ""], vec!["", "班型 注", "A&B 一一 &unknown;"]]);
    }

    #[test]
    fn charsets() {
        let page = GB18030.encode("<meta charset=gb2312><table>机构").0.into_owned();
        assert!(looks_like_html(&page) && decode(&page).expect("decodes").ends_with("机构"));
        assert!(!looks_like_html("机构名称,班级".as_bytes()));
        assert_eq!(decode(b"<table>\xE6\x9C\xBA").expect("decodes"), "<table>机");
    }
}
