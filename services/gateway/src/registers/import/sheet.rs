//! The file on its way in: rows read with the profile that fits it, a batch at a time, and on its way back: the rows
//! that were not taken, with notes.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::Read;
use std::path::Path;

use city::bundle::City;
use city::import_profile::ImportProfile;
use contract::import::{CellFault, Import, ImportError, Profile, ProfileColumn, RowParser};
use contract::register::{ImportMethod, Register};
use contract::sheet::Row;
use kit::{Problem, Result};
use prost_reflect::DynamicMessage;
use proto::contract::RowFault;
use ring::digest::{Context, SHA256};

/// An open file.
pub struct Sheet {
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
    /// Opens the file with a profile of the city, by its code; with the first of the register's profiles that fits its
    /// heading when none is named. A file in the columns of our own template fits always.
    pub fn open(path: &Path, register: &Register, city: &City, named: Option<&str>) -> Result<Self> {
        let row = register.import.as_ref().map(ImportMethod::row).ok_or_else(|| {
            let message = format!("“{}”不支持导入", register.title);
            Problem::field("register", "REGISTER_NOT_IMPORTABLE", message)
        })?;
        let message = row.full_name();
        let own = Profile::of_contract(message).map_err(Problem::internal)?;
        let wanted = |profile: &Profile| named.is_none_or(|code| profile.code == code);
        let mut refused = None;
        for profile in profiles(city, register).map(|known| profile(known, message)).chain([own]).filter(wanted) {
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
        Err(match refused {
            Some(error) => unreadable(error),
            None => Problem::field("profile", "PROFILE_UNKNOWN", "没有这个导入方案"),
        })
    }

    /// SHA-256 of the file in lower-case hex.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The title of a faulty cell's column, as the sheet has it; empty for the row as a whole.
    pub fn title_of(&self, field: &str) -> String {
        self.rows
            .heading()
            .place(field)
            .and_then(|place| self.rows.heading().titles.get(place))
            .cloned()
            .unwrap_or_default()
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
    pub fn write_rejected(self, path: &Path) -> Result<()> {
        let rows: Vec<_> = self.rejected.into_values().collect();
        contract::template::rejected_xlsx(path, &self.rows.heading().titles, &rows).map_err(|error| {
            Problem::field("rejected", "FILE_UNUSABLE", format!("{} 无法写入：{error}", path.display()))
        })
    }
}

/// The city's profiles for a register.
pub fn profiles<'c>(city: &'c City, register: &'c Register) -> impl Iterator<Item = &'c ImportProfile> {
    city.profiles.iter().filter(move |profile| profile.register == register.name)
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

fn file_problem(path: &Path, error: std::io::Error) -> Problem {
    Problem::field("file", "FILE_UNUSABLE", format!("{} 无法读取：{error}", path.display()))
}

fn digest(path: &Path) -> Result<String> {
    let failed = |error| file_problem(path, error);
    let (mut file, mut context) = (File::open(path).map_err(failed)?, Context::new(&SHA256));
    let mut buffer = vec![0; 64 << 10];
    loop {
        match file.read(&mut buffer).map_err(failed)? {
            0 => return Ok(context.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()),
            read => context.update(&buffer[..read]),
        }
    }
}
