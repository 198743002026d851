//! Workbooks of a register's records, written row by row. Text is text: what begins like a formula is kept from being
//! one. Numbers are numbers, so that a person can add them up.

use rust_xlsxwriter::{Format, Workbook, XlsxError};

use crate::columns::Column;
use crate::template::{TemplateError, heading_format, write_cell};

/// Excel counts with 15 digits; a longer number stays exact as text.
const EXACT_DIGITS: usize = 15;

/// A cell as it is shown: its text, and whether it is a number in the column's unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    Text(String),
    /// Digits with at most one point, and a minus in front.
    Number(String),
}

/// A workbook under way.
pub struct Export {
    workbook: Workbook,
    row: u32,
}

impl Export {
    /// `columns`: what each column is headed with.
    ///
    /// # Errors
    /// [`TemplateError`] when the workbook cannot be made.
    pub fn new<'c>(columns: impl IntoIterator<Item = &'c Column>) -> Result<Export, TemplateError> {
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        for (index, column) in (0_u16..).zip(columns) {
            sheet.write_string_with_format(0, index, column.heading(), &heading_format())?;
            sheet.set_column_width(index, if column.is_number() { 12 } else { 20 })?;
        }
        sheet.set_freeze_panes(1, 0)?;
        Ok(Export { workbook, row: 0 })
    }

    /// Adds a record.
    ///
    /// # Errors
    /// [`TemplateError`] when a sheet holds no more.
    pub fn push(&mut self, cells: &[Cell]) -> Result<(), TemplateError> {
        self.row += 1;
        for (index, cell) in (0_u16..).zip(cells) {
            match cell {
                Cell::Number(text) => self.number(index, text)?,
                Cell::Text(text) => write_cell(self.workbook.worksheet_from_index(0)?, self.row, index, text, &[])?,
            }
        }
        Ok(())
    }

    /// A line below the records, such as what was left out.
    ///
    /// # Errors
    /// [`TemplateError`] when the sheet holds no more.
    pub fn note(&mut self, text: &str) -> Result<(), TemplateError> {
        self.row += 2;
        self.workbook.worksheet_from_index(0)?.write_string(self.row, 0, text)?;
        Ok(())
    }

    /// The bytes of the workbook.
    ///
    /// # Errors
    /// [`TemplateError`] when it cannot be written.
    pub fn finish(mut self) -> Result<Vec<u8>, TemplateError> {
        Ok(self.workbook.save_to_buffer()?)
    }

    fn number(&mut self, index: u16, text: &str) -> Result<(), XlsxError> {
        let row = self.row;
        let sheet = self.workbook.worksheet_from_index(0)?;
        let short = text.bytes().filter(u8::is_ascii_digit).count() <= EXACT_DIGITS;
        // A cell of a workbook is a float by its format; with so many digits it shows the very decimal it was given.
        match text.parse::<f64>() {
            Ok(number) if short => sheet.write_number_with_format(row, index, number, &Format::new()).map(drop),
            _ => write_cell(sheet, row, index, text, &[]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{columns::columns_of, sheet::SheetReader};

    #[test]
    fn a_formula_stays_text_and_a_number_a_number() {
        let columns = columns_of("ylyx.childcare.v1.Class").expect("known");
        let mut export = Export::new([&columns[0], &columns[3]]).expect("a workbook");
        let formula = r#"=HYPERLINK("http://elsewhere")"#;
        export.push(&[Cell::Text(formula.into()), Cell::Number("-20.5".into())]).expect("a row");
        export.push(&[Cell::Text("+1".into()), Cell::Number("1234567890123456789".into())]).expect("a row");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("export.xlsx");
        std::fs::write(&path, export.finish().expect("bytes")).expect("written");

        let rows: Vec<Vec<String>> =
            SheetReader::open(&path).expect("a sheet").map(|row| row.expect("a row").cells).collect();
        assert_eq!(rows[0], ["机构名称", "托位数（个）"]);
        assert_eq!(
            (rows[1].as_slice(), rows[2].as_slice()),
            (&[formula.to_owned(), "-20.5".to_owned()][..], &["+1".to_owned(), "1234567890123456789".to_owned()][..],)
        );
        let mut archive = zip::ZipArchive::new(std::fs::File::open(&path).expect("a file")).expect("a workbook");
        let mut read = |name: &str| {
            let mut text = String::new();
            std::io::Read::read_to_string(&mut archive.by_name(name).expect("a part"), &mut text).expect("text");
            text
        };
        assert!(!read("xl/worksheets/sheet1.xml").contains("<f>"), "no cell is a formula");
        assert!(read("xl/styles.xml").contains("quotePrefix"), "nor becomes one when it is edited");
    }
}
