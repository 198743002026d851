//! Workbooks as clerks send them, made with synthetic institutions.

use std::path::Path;

use rust_xlsxwriter::{Format, Workbook};

/// A USCC with a right check digit: 社会服务机构 in 红塔区, numbered.
pub fn uscc(number: u32) -> String {
    const ALPHABET: &[u8] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    let body = format!("52530402MJ{number:07}");
    let sum: usize = body
        .bytes()
        .enumerate()
        .map(|(at, byte)| {
            let value = ALPHABET.iter().position(|letter| *letter == byte).expect("a letter of the alphabet");
            value * (0..at).fold(1, |weight, _| weight * 3 % 31)
        })
        .sum();
    format!("{body}{}", ALPHABET[(31 - sum % 31) % 31] as char)
}

/// The resident number of the n-th person who does not exist (GB 11643-1999): no county has the code 530499.
pub fn resident(number: u32) -> String {
    let body = format!("530499{}{:02}{:02}{:03}", 1960 + number % 40, 1 + number % 12, 1 + number % 28, number / 840);
    let sum: u32 = body.bytes().enumerate().map(|(at, byte)| u32::from(byte - b'0') * ((1 << (17 - at)) % 11)).sum();
    format!("{body}{}", char::from(b"10X98765432"[sum as usize % 11]))
}

/// An institution sheet with a title row above the headings. Rows: (name, uscc, kind, ownership, region, opened on).
pub fn institutions(path: &Path, rows: &[(&str, String, &str, &str, &str, &str)]) {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    let title = Format::new().set_bold();
    sheet.merge_range(0, 0, 0, 5, "红塔区托育机构名单", &title).expect("title");
    for (column, heading) in
        ["机构名称", "统一社会信用代码", "机构类型", "举办性质", "所在地区", "开业日期"].iter().enumerate()
    {
        sheet.write(1, column as u16, *heading).expect("heading");
    }
    for (at, (name, uscc, kind, ownership, region, opened)) in rows.iter().enumerate() {
        for (column, text) in [*name, uscc.as_str(), *kind, *ownership, *region, *opened].iter().enumerate() {
            sheet.write(at as u32 + 2, column as u16, *text).expect("cell");
        }
    }
    workbook.save(path).expect("saved");
}

/// A class sheet with a two-row merged head and a 合计 row below. Rows: (institution, uscc, class, kind, places).
pub fn classes(path: &Path, rows: &[(&str, String, &str, &str, i64)]) {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    let plain = Format::new();
    sheet.merge_range(0, 0, 0, 5, "2026年10月托位情况表", &plain).expect("title");
    sheet.merge_range(1, 0, 1, 1, "机构", &plain).expect("head");
    sheet.merge_range(1, 2, 1, 4, "班级", &plain).expect("head");
    sheet.merge_range(1, 5, 2, 5, "开班日期", &plain).expect("head");
    for (column, heading) in ["机构名称", "机构信用代码", "班级名称", "班型", "托位数"].iter().enumerate()
    {
        sheet.write(2, column as u16, *heading).expect("heading");
    }
    let mut total = 0;
    for (at, (institution, uscc, class, kind, places)) in rows.iter().enumerate() {
        let row = at as u32 + 3;
        for (column, text) in [*institution, uscc.as_str(), *class, *kind].iter().enumerate() {
            sheet.write(row, column as u16, *text).expect("cell");
        }
        sheet.write(row, 4, *places as f64).expect("cell");
        sheet.write(row, 5, "2026-09-01").expect("cell");
        total += places;
    }
    sheet.write(rows.len() as u32 + 3, 0, "合计").expect("cell");
    sheet.write(rows.len() as u32 + 3, 4, total as f64).expect("cell");
    workbook.save(path).expect("saved");
}

/// A sheet as the template has it: one row of headings, then the rows.
pub fn table(path: &Path, headings: &[&str], rows: &[Vec<String>]) {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.write_row(0, 0, headings.iter().copied()).expect("headings");
    for (at, row) in rows.iter().enumerate() {
        assert_eq!(row.len(), headings.len(), "{row:?}");
        sheet.write_row(at as u32 + 1, 0, row).expect("a row");
    }
    workbook.save(path).expect("saved");
}
