//! The file on its way in: rows read with the profile that fits it, a batch at a time, and on its way back: the rows
//! that were not taken, with notes.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::Read;
use std::path::Path;

use city::bundle::City;
use city::import_profile::ImportProfile;
use contract::columns;
use contract::import::{CellFault, Import, ImportError, Profile, ProfileColumn, RowParser};
use contract::sheet::Row;
use kit::{Problem, Result};
use prost_reflect::{DynamicMessage, MessageDescriptor};
use proto::contract::RowFault;
use ring::digest::{Context, SHA256};

/// The row message of a register: `childcare.class` is imported as `ylyx.childcare.v1.ClassRow`. REGISTER_UNKNOWN.
pub fn row_message(register: &str) -> Result<MessageDescriptor> {
    let unknown = || Problem::field("register", "REGISTER_UNKNOWN", format!("没有名为“{register}”的台账"));
    let (bureau, name) = register.split_once('.').ok_or_else(unknown)?;
    let words = name.split(['-', '_']).map(|word| {
        let (first, rest) = word.split_at(word.chars().next().map_or(0, char::len_utf8));
        first.to_uppercase() + rest
    });
    let name = format!("ylyx.{}.v1.{}Row", bureau.replace('-', "_"), words.collect::<String>());
    columns::message(&name).map_err(|_| unknown())
}

/// An open file.
pub(super) struct Sheet {
    rows: Import,
    digest: String,
    rejected: BTreeMap<u64, (Row, Vec<CellFault>)>,
    /// Rows of the batch under way as the sheet has them.
    under_way: HashMap<u64, Row>,
}

/// Rows that can be sent, with their numbers in the sheet, and what was wrong with those between them.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) rows: Vec<(u64, DynamicMessage)>,
    pub(super) faults: Vec<RowFault>,
    /// Number of rows that cannot be sent.
    pub(super) unreadable: u64,
}

impl Sheet {
    /// Opens the file with the first of the city's profiles for the register that fits its heading; a file in the
    /// columns of our own template fits always.
    pub(super) fn open(path: &Path, row: &MessageDescriptor, city: &City, register: &str) -> Result<Self> {
        let message = row.full_name();
        let known = city.profiles.iter().filter(|profile| profile.register == register);
        let own = Profile::of_contract(message).map_err(Problem::internal)?;
        let mut refused = None;
        for profile in known.map(|known| profile(known, message)).chain([own]) {
            let parser = RowParser::new(profile, row.clone())
                .map_err(|error| Problem::field("profile", error.reason(), error.to_string()))?;
            match parser.open(path) {
                Ok(rows) => {
                    let digest = digest(path)?;
                    return Ok(Sheet { rows, digest, rejected: BTreeMap::new(), under_way: HashMap::new() });
                }
                Err(ImportError::Sheet(error)) => return Err(unreadable(error.into())),
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        Err(refused.map_or_else(|| Problem::internal("no profile"), unreadable))
    }

    /// SHA-256 of the file, lower-case hex.
    pub(super) fn digest(&self) -> &str {
        &self.digest
    }

    /// The next rows, until `size` of them can be sent; none at the end of the sheet. The same file gives the same
    /// batches every time.
    pub(super) fn batch(&mut self, size: usize) -> Result<Batch> {
        let mut batch = Batch::default();
        self.under_way.clear();
        while batch.rows.len() < size {
            let Some(parsed) = self.rows.next() else { break };
            let parsed = parsed.map_err(|error| unreadable(error.into()))?;
            let number = parsed.row.number;
            match parsed.outcome {
                Ok(message) => {
                    batch.rows.push((number, message));
                    self.under_way.insert(number, parsed.row);
                }
                Err(faults) => {
                    batch.unreadable += 1;
                    batch.faults.extend(faults.iter().map(row_fault));
                    self.rejected.insert(number, (parsed.row, faults));
                }
            }
        }
        Ok(batch)
    }

    /// Remembers what the service did not take of the batch under way.
    pub(super) fn refuse(&mut self, faults: &[RowFault]) {
        for fault in faults {
            let cell = self.rows.heading().fault(fault.row, &fault.field, &fault.reason, &fault.message);
            if let Some(row) = self.under_way.remove(&fault.row) {
                self.rejected.insert(fault.row, (row, Vec::new()));
            }
            if let Some((_, cells)) = self.rejected.get_mut(&fault.row) {
                cells.push(cell);
            }
        }
    }

    /// Writes the rows that were not taken, in the sheet's own columns.
    pub(super) fn write_rejected(self, path: &Path) -> Result<()> {
        let rows: Vec<_> = self.rejected.into_values().collect();
        contract::template::rejected_xlsx(path, &self.rows.heading().titles, &rows).map_err(|error| {
            Problem::field("rejected", "FILE_UNUSABLE", format!("{} 无法写入：{error}", path.display()))
        })
    }
}

/// The bundle's words for a profile as the parser's.
fn profile(known: &ImportProfile, message: &str) -> Profile {
    let columns = known.columns.iter().map(|column| ProfileColumn {
        field: column.field.clone(),
        titles: column.titles.clone(),
        required: column.required,
    });
    Profile {
        code: known.code.clone(),
        title: known.title.clone(),
        message: message.to_owned(),
        columns: columns.collect(),
        skip_rows_where_first_cell: known.skip_rows_where_first_cell.clone(),
        values: known.values.clone(),
    }
}

fn row_fault(fault: &CellFault) -> RowFault {
    RowFault {
        row: fault.row,
        field: fault.field.clone(),
        reason: fault.reason.clone(),
        message: fault.message.clone(),
        conflict: false,
    }
}

fn unreadable(error: ImportError) -> Problem {
    Problem::field("file", error.reason(), error.to_string())
}

fn digest(path: &Path) -> Result<String> {
    let failed = |error| crate::file_problem(path, error);
    let (mut file, mut context) = (File::open(path).map_err(failed)?, Context::new(&SHA256));
    let mut buffer = vec![0; 64 << 10];
    loop {
        match file.read(&mut buffer).map_err(failed)? {
            0 => return Ok(context.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()),
            read => context.update(&buffer[..read]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_register_names_its_row_message() {
        assert_eq!(row_message("childcare.class").unwrap().full_name(), "ylyx.childcare.v1.ClassRow");
        assert_eq!(row_message("childcare.institution").unwrap().full_name(), "ylyx.childcare.v1.InstitutionRow");
        for unknown in ["class", "childcare.", "childcare.bus"] {
            assert_eq!(row_message(unknown).unwrap_err().reason, "REGISTER_UNKNOWN");
        }
    }
}
