//! A sheet into a register: the file read a batch at a time, the conversation with the bureau that keeps the register,
//! and the jobs of the console. `ylyx import` walks the same way.

pub mod conversation;
pub(crate) mod jobs;
pub mod sheet;

use contract::register::Register;
use kit::Result;
use prost_reflect::DynamicMessage;
use proto::contract::{ImportCounts, ImportStart, RowFault};
use tonic::transport::Channel;

use conversation::{Conversation, Sign};
use sheet::Sheet;

/// Rows per batch: one transaction of the bureau each.
pub const BATCH: usize = 1000;

/// Rows per batch where nobody watches the progress: as many as a bureau takes.
const ROWS_BATCH: usize = 2000;

/// How far an import has come, and in the end how it went.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    /// Rows of the sheet that were read.
    pub rows: u64,
    /// Of the whole import, unreadable rows among the rejected ones.
    pub totals: ImportCounts,
    /// Everything that was not taken in this run, in the order of the sheet.
    pub faults: Vec<RowFault>,
    /// Records of the region that a complete file does not name (the first 200).
    pub disappeared: Vec<String>,
    /// Batches that the bureau had before this run; their faults were told then.
    pub skipped_batches: u64,
}

/// Carries the sheet into the register, and shows how far it has come after every batch. What is durable when it fails
/// stays; the import id resumes it.
pub async fn carry(
    sheet: &mut Sheet,
    channel: Channel,
    register: &Register,
    start: ImportStart,
    sign: Sign,
    mut show: impl FnMut(&Told),
) -> Result<Told> {
    let (mut conversation, taken_up) = Conversation::open(channel, register, start, sign).await?;
    let mut told = Told { skipped_batches: taken_up.batch, ..Told::default() };
    let (mut number, mut unreadable) = (0, 0);
    loop {
        let batch = sheet.batch(BATCH)?;
        told.rows += batch.rows.len() as u64 + batch.unreadable;
        told.faults.extend(batch.faults);
        unreadable += batch.unreadable;
        if batch.rows.is_empty() {
            break;
        }
        number += 1;
        if number > told.skipped_batches {
            let answer = conversation.batch(number, batch.rows).await?;
            sheet.refuse(&answer.faults);
            told.faults.extend(answer.faults);
            told.totals = with_unreadable(answer.totals, unreadable);
            show(&told);
        }
    }
    let answer = conversation.finish().await?;
    told.totals = with_unreadable(answer.totals, unreadable);
    told.disappeared = answer.disappeared;
    told.faults.sort_by_key(|fault| fault.row);
    show(&told);
    Ok(told)
}

/// Carries rows that need no reading into the register, a batch at a time.
pub async fn carry_rows(
    rows: Vec<DynamicMessage>,
    channel: Channel,
    register: &Register,
    start: ImportStart,
    sign: Sign,
) -> Result<Told> {
    let (mut conversation, taken_up) = Conversation::open(channel, register, start, sign).await?;
    let mut told = Told { rows: rows.len() as u64, skipped_batches: taken_up.batch, ..Told::default() };
    let mut numbered = (1..).zip(rows);
    for number in 1.. {
        let batch: Vec<(u64, DynamicMessage)> = numbered.by_ref().take(ROWS_BATCH).collect();
        if batch.is_empty() {
            break;
        }
        if number > told.skipped_batches {
            told.faults.extend(conversation.batch(number, batch).await?.faults);
        }
    }
    told.totals = conversation.finish().await?.totals.unwrap_or_default();
    Ok(told)
}

fn with_unreadable(totals: Option<ImportCounts>, unreadable: u64) -> ImportCounts {
    let totals = totals.unwrap_or_default();
    ImportCounts { rejected: totals.rejected + unreadable, ..totals }
}
