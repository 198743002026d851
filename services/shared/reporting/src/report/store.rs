//! Reports in the database: SQL and rows, nothing else.
//!
//! Whatever a request reads or writes is found through its [`Scope`].

use std::collections::BTreeMap;

use jiff::civil::Date;
use kit::{Db, Problem, Result, Sql, Tx, db::placeholders};
use sqlx::FromRow;
use trust::Scope;
use uuid::Uuid;

use super::{Act, Basis, Cell, Finding, Report, State, Submission};

const LOAD: &str = "SELECT id, form, region, period, revision, state, submission, version, due_on, revision_reason, \
     register_counter, late FROM report WHERE id = $1";
const LATEST: &str = "SELECT id, form, region, period, revision, state, submission, version, due_on, revision_reason, \
     register_counter, late FROM report WHERE form = $1 AND period = $2 AND region = $3 ORDER BY revision DESC LIMIT 1";
const LATEST_PUBLISHED: &str = "SELECT id, form, region, period, revision, state, submission, version, due_on, \
     revision_reason, register_counter, late FROM report \
     WHERE form = $1 AND period = $2 AND region = $3 AND state = 'PUBLISHED' ORDER BY revision DESC LIMIT 1";
const LIST: &str = "SELECT id, form, region, period, revision, state, submission, version, due_on, revision_reason, \
     register_counter, late FROM report AS r WHERE form = $1 AND period = $2 AND NOT EXISTS \
     (SELECT 1 FROM report AS later WHERE later.form = r.form AND later.period = r.period \
      AND later.region = r.region AND later.revision > r.revision)";
const CELLS: &str = "SELECT element, computed, reported, basis, note, fault, not_applicable FROM report_cell \
     WHERE report_id = $1 ORDER BY position";
const FINDINGS: &str = "SELECT check_id, hard, message, elements, explanation FROM report_finding \
     WHERE report_id = $1 ORDER BY position";
const ACTS: &str = "SELECT act, user_id, user_name, role, at, reason FROM report_act \
     WHERE report_id = $1 ORDER BY number";
const BASES: &str = "SELECT element, basis FROM basis_change AS b WHERE region = $1 AND starts_on <= $2 \
     AND NOT EXISTS (SELECT 1 FROM basis_change AS later WHERE later.element = b.element \
     AND later.region = b.region AND later.starts_on <= $2 AND later.number > b.number)";
const PUBLISHED_CELLS: &str = "SELECT r.region, r.period, c.element, c.computed, c.reported, c.basis, c.note, c.fault, \
     c.not_applicable FROM report AS r JOIN report_cell AS c ON c.report_id = r.id \
     WHERE r.form = $1 AND ($2 = '' OR r.region = $2) AND r.period IN ($3, $4, $5, $6, $7, $8) \
     AND r.state = 'PUBLISHED' AND NOT EXISTS (SELECT 1 FROM report AS later WHERE later.form = r.form \
      AND later.period = r.period AND later.region = r.region AND later.state = 'PUBLISHED' \
      AND later.revision > r.revision) \
     AND NOT EXISTS (SELECT 1 FROM report_act AS a WHERE a.report_id = r.id AND a.act IN ('exempt', 'withdraw'))";
const INSERT: &str = "INSERT INTO report (form, region, period, revision, id, state, submission, version, due_on, \
     revision_reason, register_counter, late) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
const UPDATE: &str = "UPDATE report SET state = $2, submission = $3, version = $4, due_on = $5, \
     revision_reason = $6, register_counter = $7, late = $8 WHERE id = $1 AND version = $9";
const CLEAR_CELLS: &str = "DELETE FROM report_cell WHERE report_id = $1";
const CLEAR_FINDINGS: &str = "DELETE FROM report_finding WHERE report_id = $1";

/// All constants of this file, for the test that prepares them.
pub(crate) const STATEMENTS: &[&str] = &[
    LOAD,
    LATEST,
    LATEST_PUBLISHED,
    LIST,
    CELLS,
    FINDINGS,
    ACTS,
    BASES,
    PUBLISHED_CELLS,
    INSERT,
    UPDATE,
    CLEAR_CELLS,
    CLEAR_FINDINGS,
];

#[derive(FromRow)]
pub(crate) struct ReportRow {
    id: Uuid,
    form: String,
    region: String,
    period: String,
    revision: i64,
    state: String,
    submission: String,
    version: i64,
    due_on: String,
    revision_reason: String,
    register_counter: Option<i64>,
    late: bool,
}

#[derive(FromRow)]
pub(crate) struct CellRow {
    element: String,
    computed: Option<i64>,
    reported: Option<i64>,
    basis: String,
    note: String,
    fault: String,
    not_applicable: bool,
}

#[derive(FromRow)]
pub(crate) struct FindingRow {
    check_id: String,
    hard: bool,
    message: String,
    elements: String,
    explanation: String,
}

#[derive(FromRow)]
pub(crate) struct ActRow {
    act: String,
    user_id: String,
    user_name: String,
    role: String,
    at: i64,
    reason: String,
}

/// A report's line in a list.
pub(crate) struct Summary {
    pub(crate) report: Report,
    pub(crate) version: u64,
}

/// The report with this id: REPORT_UNKNOWN, REGION_OUT_OF_SCOPE.
pub(crate) async fn load(tx: &mut Tx, scope: &Scope, id: Uuid) -> Result<Report> {
    let row: Option<ReportRow> = tx.query(LOAD).bind(id).optional().await?;
    let row = row.ok_or_else(|| Problem::not_found("REPORT_UNKNOWN", "没有这份报表"))?;
    scope.check(&row.region)?;
    complete(tx, row).await
}

/// The highest revision for a region and period, if any.
pub(crate) async fn latest(
    tx: &mut Tx,
    scope: &Scope,
    form: &str,
    period: &str,
    region: &str,
) -> Result<Option<Report>> {
    one_of(tx, scope, LATEST, form, period, region).await
}

/// The highest published revision for a region and period, if any.
pub(crate) async fn latest_published(
    tx: &mut Tx,
    scope: &Scope,
    form: &str,
    period: &str,
    region: &str,
) -> Result<Option<Report>> {
    one_of(tx, scope, LATEST_PUBLISHED, form, period, region).await
}

async fn one_of(
    tx: &mut Tx,
    scope: &Scope,
    sql: &'static str,
    form: &str,
    period: &str,
    region: &str,
) -> Result<Option<Report>> {
    scope.check(region)?;
    let query = tx.query(sql).bind(form.to_owned()).bind(period.to_owned()).bind(region.to_owned());
    match query.optional::<ReportRow>().await? {
        Some(row) => Ok(Some(complete(tx, row).await?)),
        None => Ok(None),
    }
}

/// The highest revision of each region in scope, by region; without cells, findings and acts.
pub(crate) async fn list(db: &Db, scope: &Scope, form: &str, period: &str) -> Result<BTreeMap<String, Summary>> {
    let rows: Vec<ReportRow> = db.read(LIST).bind(form.to_owned()).bind(period.to_owned()).all().await?;
    rows.into_iter()
        .filter(|row| scope.covers(&row.region))
        .map(|row| {
            let (region, version) = (row.region.clone(), row.version as u64);
            Ok((region, Summary { report: bare(row)?, version }))
        })
        .collect()
}

/// Which value counts in this region on a day, element by element, where anything was ever signed.
pub(crate) async fn bases(db: &Db, scope: &Scope, region: &str, on: Date) -> Result<BTreeMap<String, Basis>> {
    scope.check(region)?;
    let rows: Vec<(String, String)> = db.read(BASES).bind(region.to_owned()).bind(on.to_string()).all().await?;
    rows.into_iter().map(|(element, basis)| Ok((element, known(Basis::of_code(&basis), &basis)?))).collect()
}

/// A cell as it was published and still stands.
pub(crate) struct Published {
    pub(crate) region: String,
    pub(crate) period: String,
    pub(crate) cell: Cell,
}

#[derive(FromRow)]
struct PublishedRow {
    region: String,
    period: String,
    #[sqlx(flatten)]
    cell: CellRow,
}

/// Periods that [`published_cells`] can be asked for at once.
pub(crate) const PERIODS_MOST: usize = 6;

/// What regions in scope (or only `region`, unless it is empty) have published for some periods, at most
/// [`PERIODS_MOST`]. Nothing of what was excused or withdrawn.
pub(crate) async fn published_cells(
    db: &Db,
    scope: &Scope,
    form: &str,
    region: &str,
    periods: &[String],
) -> Result<Vec<Published>> {
    let mut query = db.read(PUBLISHED_CELLS).bind(form.to_owned()).bind(region.to_owned());
    for place in 0..PERIODS_MOST {
        query = query.bind(periods.get(place).cloned().unwrap_or_default());
    }
    let rows: Vec<PublishedRow> = query.all().await?;
    let seen = rows.into_iter().filter(|row| scope.covers(&row.region));
    seen.map(|row| Ok(Published { region: row.region, period: row.period, cell: cell(row.cell)? })).collect()
}

/// Stores a report that was just opened. Its region is the caller's to check.
pub(crate) async fn insert(tx: &mut Tx, scope: &Scope, report: &Report) -> Result<()> {
    scope.check(&report.region)?;
    tx.query(INSERT)
        .bind(report.form.clone())
        .bind(report.region.clone())
        .bind(report.period.clone())
        .bind(i64::from(report.revision))
        .bind(report.id)
        .bind(report.state.code().to_owned())
        .bind(report.submission.code().to_owned())
        .bind(report.version() as i64)
        .bind(report.due_on.to_string())
        .bind(report.revision_reason.clone())
        .bind(report.register_counter)
        .bind(report.late)
        .execute()
        .await?;
    save_parts(tx, report, 0).await
}

/// Stores a changed report that was loaded at version `from`: VERSION_STALE when somebody was faster.
pub(crate) async fn save(tx: &mut Tx, scope: &Scope, report: &Report, from: u64) -> Result<()> {
    scope.check(&report.region)?;
    let rows = tx
        .query(UPDATE)
        .bind(report.id)
        .bind(report.state.code().to_owned())
        .bind(report.submission.code().to_owned())
        .bind(report.version() as i64)
        .bind(report.due_on.to_string())
        .bind(report.revision_reason.clone())
        .bind(report.register_counter)
        .bind(report.late)
        .bind(from as i64)
        .execute()
        .await?;
    if rows != 1 {
        return Err(Problem::new(kit::Kind::Stale, "VERSION_STALE", "报表已被他人改动，请刷新后再操作"));
    }
    save_parts(tx, report, from as usize).await
}

/// Writes cells and findings anew and appends the acts after number `from`.
async fn save_parts(tx: &mut Tx, report: &Report, from: usize) -> Result<()> {
    tx.query(CLEAR_CELLS).bind(report.id).execute().await?;
    if !report.cells.is_empty() {
        let mut insert = tx.query(Sql::built(format!(
            "INSERT INTO report_cell (report_id, position, element, computed, reported, basis, note, fault, \
             not_applicable) VALUES {}",
            placeholders(report.cells.len(), 9)
        )));
        for (position, cell) in report.cells.iter().enumerate() {
            insert = insert
                .bind(report.id)
                .bind(position as i64)
                .bind(cell.element.clone())
                .bind(cell.computed)
                .bind(cell.reported)
                .bind(cell.basis.code().to_owned())
                .bind(cell.note.clone())
                .bind(cell.fault.clone())
                .bind(cell.not_applicable);
        }
        insert.execute().await?;
    }
    tx.query(CLEAR_FINDINGS).bind(report.id).execute().await?;
    if !report.findings.is_empty() {
        let mut insert = tx.query(Sql::built(format!(
            "INSERT INTO report_finding (report_id, position, check_id, hard, message, elements, explanation) VALUES {}",
            placeholders(report.findings.len(), 7)
        )));
        for (position, finding) in report.findings.iter().enumerate() {
            insert = insert
                .bind(report.id)
                .bind(position as i64)
                .bind(finding.check.clone())
                .bind(finding.hard)
                .bind(finding.message.clone())
                .bind(finding.elements.join(","))
                .bind(finding.explanation.clone());
        }
        insert.execute().await?;
    }
    let new = &report.acts[from.min(report.acts.len())..];
    if !new.is_empty() {
        let mut insert = tx.query(Sql::built(format!(
            "INSERT INTO report_act (report_id, number, act, user_id, user_name, role, at, reason) VALUES {}",
            placeholders(new.len(), 8)
        )));
        for (index, act) in new.iter().enumerate() {
            insert = insert
                .bind(report.id)
                .bind((from + index + 1) as i64)
                .bind(act.act.clone())
                .bind(act.user.clone())
                .bind(act.user_name.clone())
                .bind(act.role.clone())
                .bind(act.at)
                .bind(act.reason.clone());
        }
        insert.execute().await?;
    }
    Ok(())
}

async fn complete(tx: &mut Tx, row: ReportRow) -> Result<Report> {
    let id = row.id;
    let mut report = bare(row)?;
    let cells: Vec<CellRow> = tx.query(CELLS).bind(id).all().await?;
    report.cells = cells.into_iter().map(cell).collect::<Result<_>>()?;
    let findings: Vec<FindingRow> = tx.query(FINDINGS).bind(id).all().await?;
    report.findings = findings.into_iter().map(finding).collect();
    let acts: Vec<ActRow> = tx.query(ACTS).bind(id).all().await?;
    report.acts = acts.into_iter().map(act).collect();
    Ok(report)
}

pub(crate) fn bare(row: ReportRow) -> Result<Report> {
    Ok(Report {
        id: row.id,
        form: row.form,
        region: row.region,
        period: row.period,
        revision: row.revision as u32,
        state: known(State::of_code(&row.state), &row.state)?,
        submission: known(Submission::of_code(&row.submission), &row.submission)?,
        cells: Vec::new(),
        findings: Vec::new(),
        acts: Vec::new(),
        due_on: known(row.due_on.parse::<Date>().ok(), &row.due_on)?,
        revision_reason: row.revision_reason,
        register_counter: row.register_counter,
        late: row.late,
    })
}

pub(crate) fn cell(row: CellRow) -> Result<Cell> {
    Ok(Cell {
        basis: known(Basis::of_code(&row.basis), &row.basis)?,
        element: row.element,
        computed: row.computed,
        reported: row.reported,
        note: row.note,
        fault: row.fault,
        not_applicable: row.not_applicable,
    })
}

pub(crate) fn finding(row: FindingRow) -> Finding {
    Finding {
        check: row.check_id,
        hard: row.hard,
        message: row.message,
        elements: row.elements.split(',').filter(|code| !code.is_empty()).map(str::to_owned).collect(),
        explanation: row.explanation,
    }
}

pub(crate) fn act(row: ActRow) -> Act {
    Act { act: row.act, user: row.user_id, user_name: row.user_name, role: row.role, at: row.at, reason: row.reason }
}

pub(crate) fn known<T>(value: Option<T>, text: &str) -> Result<T> {
    value.ok_or_else(|| Problem::internal(format!("the database holds {text:?}, which this program does not know")))
}
