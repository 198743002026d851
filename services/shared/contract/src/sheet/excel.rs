//! Excel workbooks: XLSX cell by cell, XLS (which cannot be large) whole.

use std::{
    fs::File,
    io::{BufReader, Cursor},
    path::Path,
};

use calamine::{
    Data, ExcelDateTime, NumberFormat, Range, Reader, Sheet, SheetType, SheetVisible, Style, Xls, XlsError, Xlsx,
    XlsxError,
};

use super::{Row, SheetError, Take, place, read_whole};

pub(super) fn read_xlsx(path: &Path, take: Take<'_>) -> Result<(), SheetError> {
    let mut workbook = Xlsx::new(BufReader::new(File::open(path)?)).map_err(xlsx_error)?;
    for sheet in visible(workbook.sheets_metadata()) {
        if read_worksheet(&mut workbook, &sheet, take)? {
            break;
        }
    }
    Ok(())
}

/// Answers whether the sheet had any text.
fn read_worksheet(workbook: &mut Xlsx<BufReader<File>>, sheet: &str, take: Take<'_>) -> Result<bool, SheetError> {
    let mut cells = workbook.worksheet_cells_reader(sheet).map_err(xlsx_error)?;
    let percent: Vec<bool> = cells.styles().iter().map(is_percent).collect();
    let mut any = false;
    let mut row = Row { number: 0, cells: Vec::new() };
    while let Some((cell, style)) = cells.next_cell_with_style_id().map_err(xlsx_error)? {
        let (index, column) = cell.get_position();
        let number = u64::from(index) + 1;
        if number < row.number {
            return Err(SheetError::unreadable(format!("第{number}行出现在第{}行之后", row.number)));
        }
        if number > row.number {
            let done = std::mem::replace(&mut row, Row { number, cells: Vec::new() });
            any |= !done.cells.is_empty();
            if !take(done) {
                return Ok(true);
            }
        }
        let percent = percent.get(style).copied().unwrap_or(false);
        place(&mut row.cells, column as usize, shown(&Data::from(cell.get_value().clone()), percent), number)?;
    }
    any |= !row.cells.is_empty();
    take(row);
    Ok(any)
}

pub(super) fn read_xls(path: &Path, take: Take<'_>) -> Result<(), SheetError> {
    let bytes = read_whole(path)?;
    // A password-protected XLSX is an OLE container around a stream of this name.
    let marker: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    if bytes.windows(marker.len()).any(|window| window == marker) {
        return Err(SheetError::Encrypted);
    }
    let mut workbook = Xls::new(Cursor::new(bytes)).map_err(|error| match error {
        XlsError::Password => SheetError::Encrypted,
        other => SheetError::unreadable(other),
    })?;
    for sheet in visible(workbook.sheets_metadata()) {
        let range = workbook.worksheet_range(&sheet).map_err(SheetError::unreadable)?;
        if !range.is_empty() {
            return take_range(&range, take);
        }
    }
    Ok(())
}

fn take_range(range: &Range<Data>, take: Take<'_>) -> Result<(), SheetError> {
    let (first_row, first_column) = range.start().unwrap_or_default();
    for (index, values) in range.rows().enumerate() {
        let mut row = Row { number: u64::from(first_row) + index as u64 + 1, cells: Vec::new() };
        for (column, value) in values.iter().enumerate() {
            place(&mut row.cells, first_column as usize + column, shown(value, false), row.number)?;
        }
        if !take(row) {
            break;
        }
    }
    Ok(())
}

fn visible(sheets: &[Sheet]) -> Vec<String> {
    let visible = |sheet: &&Sheet| sheet.typ == SheetType::WorkSheet && sheet.visible == SheetVisible::Visible;
    sheets.iter().filter(visible).map(|sheet| sheet.name.clone()).collect()
}

/// A cell as a person sees it. Excel itself keeps numbers as binary fractions and shows 15 digits of them; they are
/// turned into text here and read as integers from there on.
fn shown(value: &Data, percent: bool) -> String {
    match value {
        Data::Empty => String::new(),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text.clone(),
        Data::Int(number) => number.to_string(),
        Data::Float(number) if percent => format!("{}%", fifteen_digits(number * 100.0)),
        Data::Float(number) => fifteen_digits(*number),
        Data::Bool(true) => "TRUE".to_owned(),
        Data::Bool(false) => "FALSE".to_owned(),
        Data::DateTime(instant) => shown_date(instant),
        Data::Error(error) => error.to_string(),
    }
}

fn fifteen_digits(number: f64) -> String {
    let rounded = format!("{number:.14e}").parse().unwrap_or(number);
    format!("{rounded}")
}

fn shown_date(instant: &ExcelDateTime) -> String {
    if instant.is_duration() {
        return fifteen_digits(instant.as_f64());
    }
    let (year, month, day, hour, minute, second, _) = instant.to_ymd_hms_milli();
    match (hour, minute, second) {
        (0, 0, 0) => format!("{year:04}-{month:02}-{day:02}"),
        _ => format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"),
    }
}

/// 100% is kept as 1: without its format it would pass for a count of one.
fn is_percent(style: &Style) -> bool {
    let percent = |format: &NumberFormat| format.format_code.contains('%') || matches!(format.format_id, Some(9 | 10));
    style.number_format.as_ref().is_some_and(percent)
}

fn xlsx_error(error: XlsxError) -> SheetError {
    match error {
        XlsxError::Password => SheetError::Encrypted,
        other => SheetError::unreadable(other),
    }
}
