//! The catalogue as a workbook: a line per method, and a line per field on the second sheet.

use rust_xlsxwriter::{Workbook, Worksheet, XlsxError};

use super::Entry;
use crate::template::{TemplateError, heading_format, write_cell};

const METHODS: [(&str, u32); 12] = [
    ("目录代码", 20),
    ("提供部门", 24),
    ("服务", 24),
    ("接口", 30),
    ("接口地址", 60),
    ("说明", 60),
    ("共享属性", 14),
    ("用途", 30),
    ("使用部门", 40),
    ("角色", 40),
    ("持续推送", 10),
    ("个人信息", 24),
];
const FIELDS: [(&str, u32); 8] = [
    ("接口地址", 60),
    ("序号", 8),
    ("数据项", 30),
    ("中文名称", 24),
    ("数据类型", 12),
    ("计量单位", 12),
    ("个人信息类别", 16),
    ("主管系统", 30),
];

/// Writes it.
///
/// # Errors
/// [`TemplateError`] when the workbook cannot be made.
pub fn workbook(entries: &[Entry]) -> Result<Vec<u8>, TemplateError> {
    let mut workbook = Workbook::new();
    let methods = workbook.add_worksheet().set_name("共享目录")?;
    heading(methods, &METHODS)?;
    for (row, entry) in (1_u32..).zip(entries) {
        let listed = [&entry.purposes, &entry.caller_titles, &entry.roles].map(|list| list.join("、"));
        let [purposes, callers, roles] = listed;
        let cells = [
            entry.catalogue_number.as_str(),
            &entry.bureau_title,
            &entry.service_title,
            &entry.method,
            &entry.path,
            &entry.about,
            &entry.sharing_title,
            &purposes,
            &callers,
            &roles,
            if entry.stream { "是" } else { "否" },
            &entry.personal.join("、"),
        ];
        line(methods, row, &cells)?;
    }
    let fields = workbook.add_worksheet().set_name("数据项")?;
    heading(fields, &FIELDS)?;
    let all =
        entries.iter().flat_map(|entry| (1_usize..).zip(&entry.fields).map(move |(no, field)| (entry, no, field)));
    for (row, (entry, number, field)) in (1_u32..).zip(all) {
        let number = number.to_string();
        let cells = [
            entry.path.as_str(),
            &number,
            &field.name,
            &field.title,
            field.kind,
            &field.unit,
            &field.personal,
            &field.system_of_record,
        ];
        line(fields, row, &cells)?;
    }
    Ok(workbook.save_to_buffer()?)
}

fn heading(sheet: &mut Worksheet, columns: &[(&str, u32)]) -> Result<(), XlsxError> {
    for (index, (title, width)) in (0_u16..).zip(columns) {
        sheet.write_string_with_format(0, index, *title, &heading_format())?;
        sheet.set_column_width(index, *width)?;
    }
    sheet.set_freeze_panes(1, 0).map(drop)
}

fn line(sheet: &mut Worksheet, row: u32, cells: &[&str]) -> Result<(), XlsxError> {
    for (index, cell) in (0_u16..).zip(cells) {
        write_cell(sheet, row, index, cell, &[])?;
    }
    Ok(())
}
