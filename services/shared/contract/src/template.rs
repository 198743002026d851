//! Workbooks we hand out: templates to fill in, and rejected rows to correct.
//!
//! Every text is written as text. A cell that begins with `=`, `+`, `-` or `@` also carries Excel's quote prefix, so
//! that it stays text when a person edits it.

use std::path::Path;

use rust_xlsxwriter::{Color, DataValidation, Format, FormatAlign, Formula, Note, Workbook, Worksheet, XlsxError};

use crate::{
    columns::{Column, ColumnKind, UnknownName, columns_of},
    import::{CellFault, EXAMPLE},
    sheet::Row,
};

const DATA_SHEET: &str = "数据";
const RULES_SHEET: &str = "填写说明";
const CHOICES_SHEET: &str = "选项";
const REASON_TITLE: &str = "退回原因";
/// Drop-downs reach this far down.
const LAST_CHOICE_ROW: u32 = 99_999;
/// Excel holds 32,767 characters in a cell.
const MAX_CELL: usize = 32_000;
const LIGHT_RED: Color = Color::RGB(0xFF_C7_CE);
const DARK_RED: Color = Color::RGB(0x9C_00_06);
const LIGHT_BLUE: Color = Color::RGB(0xDD_EB_F7);
const GREY: Color = Color::RGB(0x80_80_80);

/// Why a workbook could not be written.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    #[error(transparent)]
    Unknown(#[from] UnknownName),
    #[error("工作簿写不出：{0}")]
    Workbook(#[from] XlsxError),
}

/// Writes the template of a row message: headings (`*` = required), an example row, drop-downs for choices, and a
/// sheet 填写说明 with the rule of every column.
///
/// # Errors
/// [`TemplateError`] when no contract has the message or the file cannot be written.
pub fn template_xlsx(message: &str, path: &Path) -> Result<(), TemplateError> {
    let columns = columns_of(message)?;
    let mut workbook = Workbook::new();
    write_data_sheet(workbook.add_worksheet().set_name(DATA_SHEET)?, &columns)?;
    write_rules_sheet(workbook.add_worksheet().set_name(RULES_SHEET)?, &columns)?;
    write_choices_sheet(workbook.add_worksheet().set_name(CHOICES_SHEET)?, &columns)?;
    workbook.save(path)?;
    Ok(())
}

fn write_data_sheet(sheet: &mut Worksheet, columns: &[Column]) -> Result<(), XlsxError> {
    let example_format = Format::new().set_italic().set_font_color(GREY);
    let as_text = Format::new().set_num_format("@");
    for (index, column) in (0_u16..).zip(columns) {
        let heading = if column.required { heading_format().set_font_color(DARK_RED) } else { heading_format() };
        sheet.write_string_with_format(0, index, heading_text(column), &heading)?;
        sheet.set_column_width(index, 20)?;
        // Codes of 18 digits would lose their last ones as numbers.
        if column.kind == ColumnKind::Text {
            sheet.set_column_format(index, &as_text)?;
        }
        let example = match &column.kind {
            ColumnKind::Enum(choices) => choices.first().map_or("", |choice| choice.label.as_str()),
            ColumnKind::Bool => "否",
            _ => column.example.as_str(),
        };
        let example = if index == 0 { format!("{EXAMPLE} {example}") } else { example.to_owned() };
        sheet.write_string_with_format(1, index, example, &example_format)?;
        let choices = labels(column).len();
        if choices > 0 {
            let range = format!("='{CHOICES_SHEET}'!${0}$1:${0}${choices}", column_letters(index));
            let rule = DataValidation::new()
                .allow_list_formula(Formula::new(range))
                .set_error_title("请从列表中选择")?
                .set_error_message(format!("“{}”只能选择列表中的值", column.title))?;
            sheet.add_data_validation(2, index, LAST_CHOICE_ROW, index, &rule)?;
        }
    }
    sheet.set_freeze_panes(1, 0)?;
    Ok(())
}

fn write_rules_sheet(sheet: &mut Worksheet, columns: &[Column]) -> Result<(), XlsxError> {
    let titles = ["列名", "是否必填", "单位", "填写规则", "示例", "主管系统"];
    for (index, title) in (0_u16..).zip(titles) {
        sheet.write_string_with_format(0, index, title, &heading_format())?;
        sheet.set_column_width(index, if index == 3 { 60 } else { 20 })?;
    }
    for (row, column) in (1_u32..).zip(columns) {
        let required = if column.required { "必填" } else { "选填" };
        let texts =
            [&column.title, required, &column.unit, &rule_text(column), &column.example, &column.system_of_record];
        for (index, text) in (0_u16..).zip(texts) {
            sheet.write_string(row, index, text)?;
        }
    }
    let note = format!("标有 * 的列必填。以“{EXAMPLE}”开头的行和合计行不导入；请勿改动表头。");
    sheet.write_string(columns.len() as u32 + 2, 0, note)?;
    Ok(())
}

/// Lists for the drop-downs, each in the column of its own field. Excel bounds a list written into a rule to 255
/// characters; a range has no bound.
fn write_choices_sheet(sheet: &mut Worksheet, columns: &[Column]) -> Result<(), XlsxError> {
    for (index, column) in (0_u16..).zip(columns) {
        for (row, label) in (0_u32..).zip(labels(column)) {
            sheet.write_string(row, index, label)?;
        }
    }
    sheet.set_hidden(true);
    Ok(())
}

fn heading_text(column: &Column) -> String {
    format!("{}{}", column.heading(), if column.required { "*" } else { "" })
}

fn rule_text(column: &Column) -> String {
    let rule = match &column.kind {
        ColumnKind::Text => "文字".to_owned(),
        ColumnKind::Integer => "整数，不填比例或小数".to_owned(),
        ColumnKind::Quantity(quantity) => format!("数字，单位{}，最多两位小数", quantity.unit()),
        ColumnKind::Date => "日期，如 2025-09-01、2025年9月1日".to_owned(),
        ColumnKind::Bool | ColumnKind::Enum(_) => format!("从列表中选择：{}", labels(column).join("、")),
    };
    if column.hint.is_empty() { rule } else { format!("{rule}；{}", column.hint) }
}

fn labels(column: &Column) -> Vec<&str> {
    match &column.kind {
        ColumnKind::Enum(choices) => choices.iter().map(|choice| choice.label.as_str()).collect(),
        ColumnKind::Bool => vec!["是", "否"],
        _ => Vec::new(),
    }
}

/// Writes the rows that were not taken, in the columns they came in: the faulty cell light red with its reason as a
/// note, and all reasons of the row in a last column 退回原因. What is corrected there can be imported as it is.
///
/// # Errors
/// [`TemplateError`] when the file cannot be written.
pub fn rejected_xlsx(path: &Path, headings: &[String], rows: &[(Row, Vec<CellFault>)]) -> Result<(), TemplateError> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet().set_name("退回")?;
    // A sheet that comes back a second time has the column already.
    let reason_column = headings.iter().position(|title| title == REASON_TITLE).unwrap_or(headings.len());
    for (index, title) in headings.iter().enumerate().filter(|(index, _)| *index != reason_column) {
        sheet.write_string_with_format(0, index as u16, cut(title), &heading_format())?;
    }
    let reason_format = Format::new().set_font_color(DARK_RED).set_text_wrap();
    sheet.write_string_with_format(0, reason_column as u16, REASON_TITLE, &heading_format())?;
    sheet.set_column_width(reason_column as u16, 50)?;
    for (line, (row, faults)) in (1_u32..).zip(rows) {
        let width = row.cells.len().max(headings.len());
        for index in (0..width).filter(|index| *index != reason_column) {
            let text = row.cells.get(index).map_or("", String::as_str);
            let reasons: Vec<&str> =
                faults.iter().filter(|fault| fault.column == Some(index)).map(|fault| fault.message.as_str()).collect();
            write_cell(sheet, line, index as u16, text, &reasons)?;
        }
        let reasons: Vec<&str> = faults.iter().map(|fault| fault.message.as_str()).collect();
        let reason = format!("原第{}行：{}", row.number, reasons.join("；"));
        sheet.write_string_with_format(line, reason_column as u16, cut(&reason), &reason_format)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    workbook.save(path)?;
    Ok(())
}

pub(crate) fn write_cell(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    text: &str,
    reasons: &[&str],
) -> Result<(), XlsxError> {
    let mut format = Format::new();
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format = format.set_quote_prefix();
    }
    if !reasons.is_empty() {
        format = format.set_background_color(LIGHT_RED);
        sheet.insert_note(row, column, &Note::new(cut(&reasons.join("\n"))).add_author_prefix(false))?;
    }
    if text.is_empty() {
        sheet.write_blank(row, column, &format)?;
    } else {
        sheet.write_string_with_format(row, column, cut(text), &format)?;
    }
    Ok(())
}

pub(crate) fn heading_format() -> Format {
    Format::new().set_bold().set_align(FormatAlign::Center).set_background_color(LIGHT_BLUE)
}

fn cut(text: &str) -> String {
    text.chars().take(MAX_CELL).collect()
}

/// A, B, … Z, AA, …
fn column_letters(index: u16) -> String {
    rust_xlsxwriter::utility::column_number_to_name(index)
}
