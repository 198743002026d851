//! The figures of a bulletin as a workbook: the table of indicators, and the counties. Numbers are numbers; what is
//! missing says so.

use kit::{Problem, Result};
use rust_xlsxwriter::{Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError};

use super::Bulletin;

/// What a browser is told.
pub const MEDIA_TYPE: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// The workbook's bytes.
pub fn write(bulletin: &Bulletin) -> Result<Vec<u8>> {
    workbook(bulletin).map_err(Problem::internal)
}

fn workbook(it: &Bulletin) -> std::result::Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    indicators(book.add_worksheet().set_name("主要指标")?, it)?;
    counties(book.add_worksheet().set_name("各县（市、区）")?, it)?;
    book.save_to_buffer()
}

fn title() -> Format {
    Format::new().set_bold().set_font_size(14).set_align(FormatAlign::Center)
}

fn head() -> Format {
    cell().set_bold().set_align(FormatAlign::Center).set_text_wrap()
}

fn cell() -> Format {
    Format::new().set_border(FormatBorder::Thin).set_align(FormatAlign::VerticalCenter)
}

fn indicators(sheet: &mut Worksheet, it: &Bulletin) -> std::result::Result<(), XlsxError> {
    let heads = [
        "序",
        "指标",
        "约束性",
        "单位",
        "目标",
        "本期",
        "序时应达",
        "环比",
        "还差",
        "责任单位",
        "灯",
        "数据状态",
        "完整度",
    ];
    let last = heads.len() as u16 - 1;
    let mark = if it.synthetic { "（演示数据）" } else { "" };
    sheet.merge_range(0, 0, 0, last, &format!("{}{mark}", it.title), &title())?;
    for (at, text) in heads.iter().enumerate() {
        sheet.write_with_format(1, at as u16, *text, &head())?;
    }
    for (at, row) in it.rows.iter().enumerate() {
        let line = at as u32 + 2;
        sheet.write_with_format(line, 0, at as u32 + 1, &cell())?;
        let texts = [
            row.name.as_str(),
            if row.binding { "是" } else { "否" },
            &row.unit,
            &row.target,
            &row.value,
            &row.expected,
            &row.change,
            &row.gap,
            &row.responsible,
            row.lamp,
            &row.status,
            &row.completeness,
        ];
        for (column, text) in texts.into_iter().enumerate() {
            number_or_text(sheet, line, column as u16 + 1, text)?;
        }
    }
    for (line, note) in (it.rows.len() as u32 + 2..).zip(it.footnotes.iter().chain(&it.warnings)) {
        sheet.merge_range(line, 0, line, last, note, &Format::new().set_text_wrap().set_align(FormatAlign::Left))?;
    }
    for (at, width) in [5, 34, 8, 8, 8, 10, 10, 9, 12, 24, 7, 10, 22].into_iter().enumerate() {
        sheet.set_column_width(at as u16, width)?;
    }
    sheet.set_freeze_panes(2, 2)?;
    sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0);
    Ok(())
}

fn counties(sheet: &mut Worksheet, it: &Bulletin) -> std::result::Result<(), XlsxError> {
    let table = &it.counties;
    sheet.merge_range(0, 0, 0, table.indicators.len() as u16, &it.title, &title())?;
    sheet.write_with_format(1, 0, "地区", &head())?;
    for (at, column) in table.indicators.iter().enumerate() {
        sheet.write_with_format(1, at as u16 + 1, format!("{}（{}）", column.name, column.unit), &head())?;
    }
    for (at, row) in table.rows.iter().enumerate() {
        let line = at as u32 + 2;
        sheet.write_with_format(line, 0, &row.name, &cell())?;
        for (column, value) in row.cells.iter().enumerate() {
            number_or_text(sheet, line, column as u16 + 1, value.value.as_deref().unwrap_or("—"))?;
        }
    }
    sheet.set_column_width(0, 12)?;
    for column in 1..=table.indicators.len() as u16 {
        sheet.set_column_width(column, 14)?;
    }
    sheet.set_row_height(1, 64)?;
    sheet.set_freeze_panes(2, 1)?;
    sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0);
    Ok(())
}

/// What reads as a number is one, with as many decimals as it is shown with.
fn number_or_text(sheet: &mut Worksheet, line: u32, column: u16, text: &str) -> std::result::Result<(), XlsxError> {
    let plain = text.trim_start_matches('+').replace('−', "-");
    let is_number = !plain.is_empty() && plain.parse::<city::decimal::Decimal>().is_ok();
    if !is_number {
        sheet.write_with_format(line, column, text, &cell().set_text_wrap())?;
        return Ok(());
    }
    let decimals = plain.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let shape = if decimals == 0 { "0".to_owned() } else { format!("0.{}", "0".repeat(decimals)) };
    // A formula's result is written as its text: the cell holds the same decimal that the bulletin prints.
    let value = serde_json::from_str::<serde_json::Number>(&plain).ok().and_then(|number| number.as_f64());
    if let Some(value) = value {
        sheet.write_with_format(line, column, value, &cell().set_num_format(shape))?;
    }
    Ok(())
}
