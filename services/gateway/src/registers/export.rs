//! Records as a workbook: what the page shows, masked like it, and nothing that a spreadsheet would run.

use contract::export::Export;
use contract::register::Register;
use kit::{Problem, Result};
use prost_reflect::DynamicMessage;

use super::words::Words;
use super::{Desk, Listed};

/// Records in one workbook; a list that has more says so in its last line.
pub(crate) const MOST: usize = 20_000;
/// Records asked for at once.
const AT_ONCE: u32 = 500;

/// A workbook of these records, all columns.
pub(crate) fn workbook(
    register: &Register,
    words: &Words<'_>,
    records: &[DynamicMessage],
    more: bool,
) -> Result<Vec<u8>> {
    let columns = &register.list.columns;
    let mut export = Export::new(columns.iter().map(|leaf| &leaf.column)).map_err(Problem::internal)?;
    for record in records {
        let cells: Vec<_> = columns.iter().map(|leaf| words.cell(leaf, record)).collect();
        export.push(&cells).map_err(Problem::internal)?;
    }
    if more {
        let note = format!("以上为前 {} 条，其余未导出；请用筛选条件分批导出", records.len());
        export.note(&note).map_err(Problem::internal)?;
    }
    export.finish().map_err(Problem::internal)
}

impl Desk<'_> {
    /// Every record that fits, page after page, up to [`MOST`]; and whether there are more.
    pub(crate) async fn all(
        &self,
        register: &Register,
        request: DynamicMessage,
    ) -> Result<(Vec<DynamicMessage>, bool)> {
        let (mut records, mut cursor) = (Vec::new(), String::new());
        loop {
            let Listed { records: page, next, .. } = self.page(register, request.clone(), AT_ONCE, &cursor).await?;
            records.extend(page);
            if next.is_empty() || records.len() >= MOST {
                let more = !next.is_empty() || records.len() > MOST;
                records.truncate(MOST);
                return Ok((records, more));
            }
            cursor = next;
        }
    }
}
