//! From the rows of a sheet to messages of a contract, with an error for every cell that cannot be one.
//!
//! A [`Profile`] is data: which titles a source uses for which field. The parser finds the heading, skips titles, notes
//! and totals, and answers each data row with a message or with all that is wrong in it, never with half a row.

mod cell;
mod heading;

use std::{collections::BTreeMap, path::Path};

use prost_reflect::{DynamicMessage, FieldDescriptor, MessageDescriptor, Value};
use serde::{Deserialize, Serialize};

pub use heading::Heading;

use crate::{
    columns::{Column, ColumnKind, UnknownName, columns, columns_of},
    sheet::{Row, SheetError, SheetReader},
    text,
};

/// How the sheets of one source are to be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    pub code: String,
    pub title: String,
    /// Full name of the row message.
    pub message: String,
    pub columns: Vec<ProfileColumn>,
    /// Rows whose first text begins so are no data: 注, 填表人. Totals never are.
    #[serde(default)]
    pub skip_rows_where_first_cell: Vec<String>,
    /// Field → text in the sheet → value name of the field's enum.
    #[serde(default)]
    pub values: BTreeMap<String, BTreeMap<String, String>>,
}

/// One column of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileColumn {
    pub field: String,
    /// Titles the source uses, the preferred first; `上级/下级` names a column below a merged head.
    pub titles: Vec<String>,
    /// Required although the contract does not ask for it. What the contract requires is required always.
    #[serde(default)]
    pub required: bool,
}

impl Profile {
    /// The profile of the contract itself: its own titles, as in our template.
    ///
    /// # Errors
    /// [`UnknownName`] when no contract has the message.
    pub fn of_contract(message: &str) -> Result<Profile, UnknownName> {
        let columns = columns_of(message)?;
        let own = |column: Column| ProfileColumn {
            field: column.field,
            titles: vec![column.title],
            required: column.required,
        };
        Ok(Profile {
            code: "template".to_owned(),
            title: "导入模板".to_owned(),
            message: message.to_owned(),
            columns: columns.into_iter().map(own).collect(),
            skip_rows_where_first_cell: Vec::new(),
            values: BTreeMap::new(),
        })
    }
}

/// A profile that does not fit its contract; the fault of whoever wrote the profile.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ProfileError {
    #[error("导入方案“{profile}”用于 {expected}，不能用于 {found}")]
    Message { profile: String, expected: String, found: String },
    #[error("导入方案“{profile}”中的字段 {field} 不是契约中的列")]
    Field { profile: String, field: String },
    #[error("导入方案“{profile}”中字段 {field} 的取值 {value} 不在契约中")]
    Value { profile: String, field: String, value: String },
}

impl ProfileError {
    /// Stable reason code.
    pub fn reason(&self) -> &'static str {
        match self {
            ProfileError::Message { .. } => "PROFILE_MESSAGE",
            ProfileError::Field { .. } => "PROFILE_FIELD_UNKNOWN",
            ProfileError::Value { .. } => "PROFILE_VALUE_UNKNOWN",
        }
    }
}

/// Why a sheet as a whole cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error(transparent)]
    Sheet(#[from] SheetError),
    #[error("表头缺少列：{}；表中现有：{}", .missing.join("、"), .found.join("、"))]
    ColumnMissing { missing: Vec<String>, found: Vec<String> },
    #[error("表头中“{title}”出现多次，无法确定取哪一列")]
    ColumnAmbiguous { title: String },
}

impl ImportError {
    /// Stable reason code.
    pub fn reason(&self) -> &'static str {
        match self {
            ImportError::Sheet(error) => error.reason(),
            ImportError::ColumnMissing { .. } => "SHEET_COLUMN_MISSING",
            ImportError::ColumnAmbiguous { .. } => "SHEET_COLUMN_AMBIGUOUS",
        }
    }
}

/// What is wrong with one cell, or with a row as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellFault {
    /// Row number as a person sees it.
    pub row: u64,
    /// Place of the cell in its row, from 0; `None` for the row as a whole.
    pub column: Option<usize>,
    /// The column's title as the sheet has it; empty for the row as a whole.
    pub title: String,
    /// Field name; empty for the row as a whole.
    pub field: String,
    /// Stable reason code.
    pub reason: String,
    /// The reason in Chinese.
    pub message: String,
}

/// One field to be filled from a sheet.
#[derive(Debug, Clone)]
struct Target {
    field: FieldDescriptor,
    column: Column,
    titles: Vec<String>,
    required: bool,
    /// Cell text (as [`cell::choice_key`] has it) → enum number.
    choices: BTreeMap<String, i32>,
}

/// Reads one text as the value of a field, as a sheet's cell is read; `None` where nothing was said and need not be.
/// A fault is a stable reason and its Chinese message.
pub(crate) fn read_cell(field: &FieldDescriptor, column: &Column, text: &str) -> Result<Option<Value>, cell::Fault> {
    let choices = cell::own_choices(column);
    let target =
        Target { field: field.clone(), column: column.clone(), titles: Vec::new(), required: column.required, choices };
    cell::value(&target, text)
}

/// Reads rows of one source as messages of one contract.
#[derive(Debug, Clone)]
pub struct RowParser {
    message: MessageDescriptor,
    targets: Vec<Target>,
    skip: Vec<String>,
}

impl RowParser {
    /// Fits a profile to its contract.
    ///
    /// # Errors
    /// [`ProfileError`] when the profile names a field or a value that the contract lacks.
    pub fn new(profile: Profile, message: MessageDescriptor) -> Result<RowParser, ProfileError> {
        if profile.message != message.full_name() {
            let found = message.full_name().to_owned();
            return Err(ProfileError::Message { profile: profile.code, expected: profile.message, found });
        }
        let stated = columns(&message);
        let unknown = |field: &str| ProfileError::Field { profile: profile.code.clone(), field: field.to_owned() };
        let mut targets = Vec::with_capacity(profile.columns.len());
        for wanted in &profile.columns {
            let column =
                stated.iter().find(|column| column.field == wanted.field).ok_or_else(|| unknown(&wanted.field))?;
            let field = message.get_field_by_name(&wanted.field).ok_or_else(|| unknown(&wanted.field))?;
            targets.push(Target {
                field,
                column: column.clone(),
                titles: wanted.titles.clone(),
                required: wanted.required || column.required,
                choices: cell::own_choices(column),
            });
        }
        for (field, synonyms) in &profile.values {
            let target =
                targets.iter_mut().find(|target| target.column.field == *field).ok_or_else(|| unknown(field))?;
            for (text, value) in synonyms {
                let number = match &target.column.kind {
                    ColumnKind::Enum(choices) => choices.iter().find(|choice| choice.name == *value),
                    _ => None,
                };
                let number = number.map(|choice| choice.number).ok_or_else(|| ProfileError::Value {
                    profile: profile.code.clone(),
                    field: field.clone(),
                    value: value.clone(),
                })?;
                target.choices.insert(cell::choice_key(text), number);
            }
        }
        // An empty text would begin every row.
        let skip = profile.skip_rows_where_first_cell.iter().map(|text| heading::key(text));
        let skip = skip.filter(|text| !text.is_empty()).collect();
        Ok(RowParser { message, targets, skip })
    }

    /// Opens a file and finds its heading.
    ///
    /// # Errors
    /// [`ImportError`] when the file cannot be read or a required column is missing.
    pub fn open(self, path: &Path) -> Result<Import, ImportError> {
        self.read(SheetReader::open(path)?)
    }

    /// Finds the heading of an open sheet within its first 20 rows.
    ///
    /// # Errors
    /// [`ImportError`] when the sheet cannot be read or a required column is missing.
    pub fn read(self, mut sheet: SheetReader) -> Result<Import, ImportError> {
        let first = sheet.by_ref().take(heading::WITHIN).collect::<Result<Vec<Row>, SheetError>>()?;
        let heading = heading::find(&self.targets, &first)?;
        let data: Vec<Row> = first.into_iter().filter(|row| row.number > heading.last_row).collect();
        Ok(Import { parser: self, heading, first: data.into_iter(), sheet, skipped: Vec::new() })
    }

    /// One data row: a message, or all that is wrong with it.
    fn parse(&self, heading: &Heading, row: &Row) -> Result<DynamicMessage, Vec<CellFault>> {
        let mut message = DynamicMessage::new(self.message.clone());
        let mut faults = Vec::new();
        for (target, place) in self.targets.iter().zip(&heading.places) {
            let text = place.and_then(|place| row.cells.get(place)).map_or("", String::as_str);
            match cell::value(target, text) {
                Ok(Some(value)) => message.set_field(&target.field, value),
                Ok(None) => {}
                Err((reason, text)) => faults.push(heading.fault(row.number, &target.column.field, reason, &text)),
            }
        }
        if faults.is_empty() { Ok(message) } else { Err(faults) }
    }

    fn skips(&self, heading: &Heading, row: &Row) -> Skip {
        let is_blank = |place: &usize| row.cells.get(*place).is_none_or(|cell| text::clean(cell).is_empty());
        // A serial number in front of a total does not make it data.
        let telling = |key: &String| !key.bytes().all(|byte| byte.is_ascii_digit());
        let first = row.cells.iter().map(|cell| heading::key(cell)).find(telling).unwrap_or_default();
        let names = |text: &str| {
            first.strip_prefix(text).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
                || first.ends_with(text)
        };
        if ["合计", "小计", "总计"].into_iter().any(names)
            || self.skip.iter().any(|text| first.starts_with(text.as_str()))
            || first.starts_with(EXAMPLE)
        {
            Skip::Note
        } else if heading.places.iter().flatten().all(is_blank) {
            Skip::Blank
        } else {
            Skip::No
        }
    }
}

/// What the example row of our template begins with.
pub(crate) const EXAMPLE: &str = "示例:";

enum Skip {
    No,
    /// Nothing in the columns that are read.
    Blank,
    /// A total, a note, or the example.
    Note,
}

/// A data row with what it became.
#[derive(Debug, Clone)]
pub struct ParsedRow {
    pub row: Row,
    /// The message (`transcode_to` gives the typed one, `encode_to_vec` its bytes), or every faulty cell.
    pub outcome: Result<DynamicMessage, Vec<CellFault>>,
}

/// An import under way; iterate to get its data rows.
#[derive(Debug)]
pub struct Import {
    parser: RowParser,
    heading: Heading,
    first: std::vec::IntoIter<Row>,
    sheet: SheetReader,
    skipped: Vec<u64>,
}

impl Import {
    /// The heading that was found.
    pub fn heading(&self) -> &Heading {
        &self.heading
    }

    /// Numbers of the rows met so far that have text but are no data: totals (computed, never imported), notes, the
    /// example. A person can see that nothing else was left out.
    pub fn skipped(&self) -> &[u64] {
        &self.skipped
    }
}

impl Iterator for Import {
    type Item = Result<ParsedRow, SheetError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let row = match self.first.next().map(Ok).or_else(|| self.sheet.next())? {
                Ok(row) => row,
                Err(error) => return Some(Err(error)),
            };
            match self.parser.skips(&self.heading, &row) {
                Skip::Blank => {}
                Skip::Note => self.skipped.push(row.number),
                Skip::No => {
                    let outcome = self.parser.parse(&self.heading, &row);
                    return Some(Ok(ParsedRow { row, outcome }));
                }
            }
        }
    }
}
