//! Fund entries at the door: rows of the contract become checked statements, and entries become messages.

use jiff::civil::Date;
use proto::finance as wire;
use registry::{Bureau, Cells, Coded, Fault, cells};
use uuid::Uuid;

use super::store::Placed;
use super::{Entry, Money, Source, Step};
use crate::money;

/// What a row or a form states of an entry, every cell checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    pub source: Source,
    pub step: Step,
    pub amount_fen: i64,
    pub on: Date,
    pub document_number: String,
    pub note: String,
}

impl Statement {
    /// The entry that it makes.
    pub fn entry(self, id: Uuid, project_id: Uuid, recorded_by: &str) -> Entry {
        let Statement { source, step, amount_fen, on, document_number, note } = self;
        let recorded_by = recorded_by.to_owned();
        Entry { id, project_id, source, step, amount_fen, on, document_number, note, recorded_by, reverses: None }
    }

    /// True when the entry says the same; a sheet that comes twice makes nothing twice.
    pub fn is(&self, entry: &Entry) -> bool {
        (self.source, self.step, self.amount_fen, self.on) == (entry.source, entry.step, entry.amount_fen, entry.on)
            && self.document_number == entry.document_number
            && entry.reverses.is_none()
    }
}

/// Reads a row; its project is found apart.
pub fn read(bureau: &Bureau, row: &wire::FundEntryRow) -> Result<Statement, Vec<Fault>> {
    let mut cells = Cells::default();
    let source: Option<Source> = cells.coded("source", "资金来源", row.source().as_str_name(), "FUND_SOURCE_");
    let step: Option<Step> = cells.coded("step", "环节", row.step().as_str_name(), "FUND_STEP_");
    let amount_fen = cells.take(money::positive("amount_fen", "金额", row.amount_fen));
    let on = cells.take(past_day(bureau, "on", "日期", &row.on));
    let document_number = cells.required("document_number", "文号或凭证号", &row.document_number);
    let note = row.note.trim().to_owned();
    match (source, step, amount_fen, on) {
        (Some(source), Some(step), Some(amount_fen), Some(on)) if cells.faults.is_empty() => {
            Ok(Statement { source, step, amount_fen, on, document_number, note })
        }
        _ => Err(cells.faults),
    }
}

/// A day that has come: FIELD_MISSING, DATE_INVALID, DATE_IN_FUTURE.
pub fn past_day(bureau: &Bureau, field: &'static str, title: &str, text: &str) -> Result<Date, Fault> {
    if text.trim().is_empty() {
        return Err(Fault::cell(field, "FIELD_MISSING", format!("请填写{title}")));
    }
    let day = cells::date(field, title, text)?;
    if day > bureau.clock.today() {
        return Err(Fault::cell(field, "DATE_IN_FUTURE", format!("{title}{day}晚于今天")));
    }
    Ok(day)
}

/// The message of an entry.
pub fn message(placed: Placed) -> wire::FundEntry {
    let Placed { entry, project_name, region, reversed_fen } = placed;
    wire::FundEntry {
        id: entry.id.to_string(),
        project_id: entry.project_id.to_string(),
        project_name,
        region,
        source: source_message(entry.source),
        step: wire::FundStep::from_str_name(&format!("FUND_STEP_{}", entry.step.code())).unwrap_or_default() as i32,
        amount_fen: entry.amount_fen,
        reversed_fen,
        on: entry.on.to_string(),
        document_number: entry.document_number,
        note: entry.note,
        recorded_by: entry.recorded_by,
        reverses_id: entry.reverses.map(|id| id.to_string()).unwrap_or_default(),
    }
}

/// The message of a source's sums.
pub fn source_money(source: Source, money: Money) -> wire::SourceMoney {
    wire::SourceMoney {
        source: source_message(source),
        applied_fen: money.applied,
        released_fen: money.released,
        received_fen: money.received,
        paid_fen: money.paid,
        spent_fen: money.spent,
        returned_fen: money.returned,
    }
}

fn source_message(source: Source) -> i32 {
    wire::FundSource::from_str_name(&format!("FUND_SOURCE_{}", source.code())).unwrap_or_default() as i32
}
