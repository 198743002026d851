//! Whole packages in the database: SQL and rows, nothing else.

use std::collections::HashMap;

use kit::{Db, Result, Tx};
use sqlx::FromRow;
use trust::Scope;
use uuid::Uuid;

use crate::report::Report;
use crate::report::store::{ActRow, CellRow, FindingRow, ReportRow, act, bare, cell, finding};

const REPORTS: &str = "SELECT id, form, region, period, revision, state, submission, version, due_on, revision_reason, \
     register_counter, late FROM report AS r WHERE period IN ($1, $2, $3, $4, $5) AND ($6 = '' OR region = $6) \
     AND NOT EXISTS (SELECT 1 FROM report AS later WHERE later.form = r.form AND later.period = r.period \
     AND later.region = r.region AND later.revision > r.revision)";
const CELLS: &str = "SELECT report_id, element, computed, reported, basis, note, fault, not_applicable \
     FROM report_cell WHERE report_id IN (SELECT id FROM report WHERE period IN ($1, $2, $3, $4, $5) \
     AND ($6 = '' OR region = $6)) ORDER BY report_id, position";
const FINDINGS: &str = "SELECT report_id, check_id, hard, message, elements, explanation \
     FROM report_finding WHERE report_id IN (SELECT id FROM report WHERE period IN ($1, $2, $3, $4, $5) \
     AND ($6 = '' OR region = $6)) ORDER BY report_id, position";
const ACTS: &str = "SELECT report_id, act, user_id, user_name, role, at, reason \
     FROM report_act WHERE report_id IN (SELECT id FROM report WHERE period IN ($1, $2, $3, $4, $5) \
     AND ($6 = '' OR region = $6)) ORDER BY report_id, number";
const LAST_SUBMITTERS: &str = "SELECT form, region, user_id, user_name FROM (SELECT r.form, r.region, a.user_id, \
     a.user_name, ROW_NUMBER() OVER (PARTITION BY r.form, r.region ORDER BY a.at DESC, a.number DESC) AS place \
     FROM report_act AS a JOIN report AS r ON r.id = a.report_id WHERE a.act = 'submit' AND NOT EXISTS \
     (SELECT 1 FROM report_act AS taken WHERE taken.report_id = a.report_id AND taken.act = 'on_behalf' \
      AND taken.user_id = a.user_id)) AS submissions WHERE place = 1";

/// All constants of this file, for the test that prepares them.
pub(crate) const STATEMENTS: &[&str] = &[REPORTS, CELLS, FINDINGS, ACTS, LAST_SUBMITTERS];

/// Periods that one question may be about: a month's package has one of each cadence at most.
pub(crate) const PERIODS_MOST: usize = 5;

#[derive(FromRow)]
struct CellPart {
    report_id: Uuid,
    #[sqlx(flatten)]
    row: CellRow,
}

#[derive(FromRow)]
struct FindingPart {
    report_id: Uuid,
    #[sqlx(flatten)]
    row: FindingRow,
}

#[derive(FromRow)]
struct ActPart {
    report_id: Uuid,
    #[sqlx(flatten)]
    row: ActRow,
}

/// Who handed a form in for a region last, by themselves and not on its behalf.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Submitter {
    pub(crate) form: String,
    pub(crate) region: String,
    pub(crate) user_id: String,
    pub(crate) user_name: String,
}

/// The highest revisions of some periods' reports, complete: of one region, or of all in scope when it is empty. In
/// one transaction, so that acts and cells are of one moment.
pub(crate) async fn reports(tx: &mut Tx, scope: &Scope, periods: &[String], region: &str) -> Result<Vec<Report>> {
    let rows: Vec<ReportRow> = asked(tx, REPORTS, periods, region).all().await?;
    let mut reports = HashMap::new();
    for row in rows {
        let report = bare(row)?;
        if scope.covers(&report.region) {
            reports.insert(report.id, report);
        }
    }
    let cells: Vec<CellPart> = asked(tx, CELLS, periods, region).all().await?;
    for part in cells {
        if let Some(report) = reports.get_mut(&part.report_id) {
            report.cells.push(cell(part.row)?);
        }
    }
    let findings: Vec<FindingPart> = asked(tx, FINDINGS, periods, region).all().await?;
    for part in findings {
        if let Some(report) = reports.get_mut(&part.report_id) {
            report.findings.push(finding(part.row));
        }
    }
    let acts: Vec<ActPart> = asked(tx, ACTS, periods, region).all().await?;
    for part in acts {
        if let Some(report) = reports.get_mut(&part.report_id) {
            report.acts.push(act(part.row));
        }
    }
    Ok(reports.into_values().collect())
}

fn asked<'t>(tx: &'t mut Tx, sql: &'static str, periods: &[String], region: &str) -> kit::db::Query<'t> {
    let mut query = tx.query(sql);
    for place in 0..PERIODS_MOST {
        query = query.bind(periods.get(place).cloned().unwrap_or_default());
    }
    query.bind(region.to_owned())
}

/// The last submitters of every form, for the regions in scope.
pub(crate) async fn last_submitters(db: &Db, scope: &Scope) -> Result<Vec<Submitter>> {
    let rows: Vec<Submitter> = db.read(LAST_SUBMITTERS).all().await?;
    Ok(rows.into_iter().filter(|row| scope.covers(&row.region)).collect())
}
