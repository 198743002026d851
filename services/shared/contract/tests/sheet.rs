//! The files people send, made here byte by byte: what is in them must come out, and what is no table is refused.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use contract::sheet::{Row, SheetReader};
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook};
use zip::{ZipWriter, write::SimpleFileOptions};

struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Desk {
        Desk(tempfile::tempdir().expect("a folder"))
    }
    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).expect("writes");
        path
    }
}

fn rows(path: &Path) -> Vec<Row> {
    SheetReader::open(path).expect("opens").collect::<Result<_, _>>().expect("reads")
}

fn row(number: u64, cells: &[&str]) -> Row {
    Row { number, cells: cells.iter().map(|cell| (*cell).to_owned()).collect() }
}

fn reason(path: &Path) -> &'static str {
    match SheetReader::open(path) {
        Err(error) => error.reason(),
        Ok(mut reader) => reader.find_map(|row| row.err()).map_or("none", |error| error.reason()),
    }
}

#[test]
fn xlsx_gives_values_as_a_person_sees_them() {
    let desk = Desk::new();
    let path = desk.path("带公式.dat");
    let mut workbook = Workbook::new();
    workbook.add_worksheet().set_hidden(true).write_string(0, 0, "隐藏").expect("writes");
    workbook.add_worksheet();
    let sheet = workbook.add_worksheet();
    sheet.set_active(true);
    let date = ExcelDateTime::from_ymd(2025, 9, 1).expect("a date");
    sheet.write_string(0, 0, "标题").expect("writes");
    sheet.write_formula(2, 0, Formula::new("=SUM(B3:C3)").set_result("41")).expect("writes");
    sheet.write_number(2, 1, 20).expect("writes");
    sheet.write_datetime_with_format(2, 3, &date, &Format::new().set_num_format("yyyy/m/d")).expect("writes");
    sheet.write_number_with_format(2, 4, 1, &Format::new().set_num_format("0%")).expect("writes");
    sheet.write_number_with_format(2, 5, 0.355, &Format::new().set_num_format("0.0%")).expect("writes");
    sheet.write_number(2, 6, 0.1 + 0.2).expect("writes");
    sheet.write_boolean(2, 7, true).expect("writes");
    sheet.write_formula(2, 8, Formula::new("=1/0").set_result("#DIV/0!")).expect("writes");
    workbook.save(&path).expect("saves");

    let expected = row(3, &["41", "20", "", "2025-09-01", "100%", "35.5%", "0.3", "TRUE", "#DIV/0!"]);
    assert_eq!(rows(&path), [row(1, &["标题"]), expected]);
}

#[test]
fn csv_in_the_encodings_people_have() {
    let desk = Desk::new();
    let text = "机构名称,托位数\r\n\r\n\"阳光,托育园\",\"1,234\"\r\n龘龘园,20\r\n";
    let expected = [row(1, &["机构名称", "托位数"]), row(3, &["阳光,托育园", "1,234"]), row(4, &["龘龘园", "20"])];

    assert_eq!(rows(&desk.file("utf8.csv", text)), expected);
    assert_eq!(rows(&desk.file("bom.csv", format!("\u{feff}{text}"))), expected);
    assert_eq!(rows(&desk.file("gb.xlsx", encoding_rs::GB18030.encode(text).0)), expected);
    let utf16: Vec<u8> = "\u{feff}机构名称\t托位数".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(rows(&desk.file("unicode.txt", utf16)), [row(1, &["机构名称", "托位数"])]);
}

#[test]
fn html_saved_as_xls() {
    let desk = Desk::new();
    let page = "<html><head><meta http-equiv=Content-Type content=\"text/html; charset=gb2312\"></head><body>
        <table border=1><tr><td colspan=2>托位明细表</td></tr><tr></tr>
        <tr><th>机构名称</th><th>托位数</th></tr><tr><td>阳光托育园&nbsp;</td><td>20</td></tr></table></body></html>";
    let path = desk.file("导出.xls", encoding_rs::GB18030.encode(page).0);
    assert_eq!(
        rows(&path),
        [row(1, &["托位明细表", ""]), row(3, &["机构名称", "托位数"]), row(4, &["阳光托育园", "20"])]
    );
}

/// An old workbook by hand: an OLE container whose one stream holds BIFF8 records.
fn old_workbook() -> Vec<u8> {
    let record = |kind: u16, body: &[u8]| [&kind.to_le_bytes()[..], &(body.len() as u16).to_le_bytes(), body].concat();
    let begin = |kind: u8| record(0x0809, &[0, 6, kind, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let end = record(0x000A, &[]);
    let at = |row: u8, column: u8| [row, 0, column, 0, 0, 0];
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let label = |row, column, text: &str| {
        record(
            0x0204,
            &[&at(row, column)[..], &(text.chars().count() as u16).to_le_bytes(), &[1], &utf16(text)].concat(),
        )
    };
    let name = [&[0, 0, 2, 1][..], &utf16("班级")].concat();
    let globals = begin(5).len() + 4 + 4 + name.len() + end.len();
    let sheet = record(0x0085, &[&(globals as u32).to_le_bytes()[..], &name].concat());
    let number = record(0x0203, &[&at(3, 1)[..], &20_f64.to_le_bytes()].concat());
    let mut stream =
        [begin(5), sheet, end.clone(), begin(0x10), label(1, 0, "机构名称"), label(3, 0, "阳光托育园"), number, end]
            .concat();
    stream.resize(4096, 0);

    const FREE: u32 = 0xFFFF_FFFF;
    const LAST: u32 = 0xFFFF_FFFE;
    let numbers = |numbers: &[u32]| numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>();
    let mut header = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".to_vec();
    header.extend([0; 16]);
    header.extend([0x3E, 0, 3, 0, 0xFE, 0xFF, 9, 0, 6, 0, 0, 0, 0, 0, 0, 0]);
    header.extend(numbers(&[0, 1, 1, 0, 4096, LAST, 0, LAST, 0, 0]));
    header.resize(512, 0xFF);
    let mut table = numbers(&[0xFFFF_FFFD, LAST, 3, 4, 5, 6, 7, 8, 9, LAST]);
    table.resize(512, 0xFF);
    let entry = |name: &str, kind: u8, child: u32, start: u32, size: u32| {
        let mut entry = utf16(name);
        entry.resize(64, 0);
        entry.extend((2 * name.len() as u16 + 2).to_le_bytes());
        entry.extend([kind, 1]);
        entry.extend(numbers(&[FREE, FREE, child]));
        entry.resize(116, 0);
        entry.extend(numbers(&[start, size, 0]));
        entry
    };
    let mut folder = [entry("Root Entry", 5, 1, LAST, 0), entry("Workbook", 2, FREE, 2, 4096)].concat();
    folder.resize(512, 0);
    [header, table, folder, stream].concat()
}

#[test]
fn old_xls() {
    let desk = Desk::new();
    assert_eq!(rows(&desk.file("旧.xlsx", old_workbook())), [row(2, &["机构名称"]), row(4, &["阳光托育园", "20"])]);
}

#[test]
fn what_is_no_table_is_refused_with_a_reason() {
    let desk = Desk::new();
    assert_eq!(reason(&desk.path("没有.xlsx")), "SHEET_IO");
    assert_eq!(reason(&desk.file("空.xlsx", "")), "SHEET_EMPTY");
    assert_eq!(reason(&desk.file("空行.csv", "\r\n , \r\n")), "SHEET_EMPTY");
    assert_eq!(reason(&desk.file("图.xlsx", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")), "SHEET_UNREADABLE");
    assert_eq!(reason(&desk.file("截断.xlsx", b"PK\x03\x04\x14\0\0\0")), "SHEET_UNREADABLE");
    assert_eq!(
        reason(&desk.file("坏.xls", [b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".as_slice(), &[0; 2000]].concat())),
        "SHEET_UNREADABLE"
    );
    let marker: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let locked = [b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".as_slice(), &[0; 512], &marker].concat();
    assert_eq!(reason(&desk.file("加密.xlsx", locked)), "SHEET_ENCRYPTED");
    assert_eq!(reason(&desk.file("乱码.csv", b"\xB3\xC7,\xFF\xFF\n")), "SHEET_ENCODING");
    assert_eq!(reason(&desk.file("宽.csv", ",1".repeat(2000))), "SHEET_TOO_WIDE");
    assert_eq!(reason(&desk.file("引号.csv", format!("a,\"{}", "b\n".repeat(1 << 20)))), "SHEET_UNREADABLE");
    assert_eq!(reason(&zipped(&desk, "文档.docx", "word/document.xml", b"<w/>")), "SHEET_UNREADABLE");
    assert_eq!(reason(&zipped(&desk, "无内容.xlsx", "xl/workbook.xml", b"<workbook")), "SHEET_UNREADABLE");
}

#[test]
fn a_zip_bomb_is_refused_before_parsing() {
    let desk = Desk::new();
    let path = desk.path("炸弹.xlsx");
    let mut zip = ZipWriter::new(std::fs::File::create(&path).expect("creates"));
    zip.start_file("xl/workbook.xml", SimpleFileOptions::default()).expect("starts");
    zip.start_file("xl/worksheets/sheet1.xml", SimpleFileOptions::default()).expect("starts");
    let megabyte = vec![b' '; 1 << 20];
    for _ in 0..66 {
        zip.write_all(&megabyte).expect("writes");
    }
    zip.finish().expect("finishes");
    assert!(std::fs::metadata(&path).expect("exists").len() < 1 << 20);
    assert_eq!(reason(&path), "SHEET_ZIP_BOMB");
}

fn zipped(desk: &Desk, name: &str, entry: &str, content: &[u8]) -> PathBuf {
    let path = desk.path(name);
    let mut zip = ZipWriter::new(std::fs::File::create(&path).expect("creates"));
    zip.start_file(entry, SimpleFileOptions::default()).expect("starts");
    zip.write_all(content).expect("writes");
    zip.finish().expect("finishes");
    path
}

#[test]
fn two_hundred_thousand_rows_stream_by() {
    const ROWS: u32 = 200_000;
    let desk = Desk::new();
    let path = desk.path("大表.xlsx");
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for index in 0..ROWS {
        sheet.write_string(index, 0, format!("托育园{}", index % 1000)).expect("writes");
        sheet.write_number(index, 1, index).expect("writes");
    }
    workbook.save(&path).expect("saves");

    let mut reader = SheetReader::open(&path).expect("opens");
    let mut count = 0;
    let last = reader.by_ref().map(|row| row.expect("reads")).inspect(|_| count += 1).last();
    assert_eq!(count, ROWS);
    assert_eq!(last, Some(row(200_000, &["托育园999", "199999"])));

    // A reader that is dropped early leaves no one waiting.
    let mut reader = SheetReader::open(&path).expect("opens");
    assert_eq!(reader.next().expect("a row").expect("reads").number, 1);
}
