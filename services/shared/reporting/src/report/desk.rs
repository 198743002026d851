//! What callers do with reports: authorise, begin, load, decide (the pure rules), save, commit.

use std::collections::BTreeMap;

use city::form::Form;
use city::period::Period;
use jiff::civil::Date;
use kit::{Problem, Result, retry};
use proto::reporting::{ReportState, ReportSummary};
use uuid::Uuid;

use super::acts::{Entry, Opening, Submit};
use super::{Basis, Cell, Report, Signer, State, Submission, convert, store};
use crate::forms::{approver_role, fill_role, review_role, reviews};
use crate::person::Person;
use crate::{Desk, cursor_invalid};

/// What a list of reports is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Listing {
    pub(crate) form: String,
    pub(crate) period: String,
    /// Unspecified: all.
    pub(crate) state: ReportState,
    /// This region and what is below it; empty: all.
    pub(crate) region: String,
    pub(crate) overdue_only: bool,
    pub(crate) size: usize,
    /// Region code of the last row of the page before.
    pub(crate) cursor: String,
}

/// The cells of a draft, and the change counter they were computed at.
struct Draft {
    cells: Vec<Cell>,
    counter: Option<i64>,
}

impl Desk {
    /// Opens a draft, pre-filled; or returns the open one, refreshed while it may be written; or, with a reason, opens
    /// the next revision of a published report.
    pub(crate) async fn open_report(
        &self,
        caller: &dyn Person,
        form: &str,
        region: &str,
        period: &str,
        revision_reason: &str,
    ) -> Result<Report> {
        let form = self.form(form)?;
        let period = self.period_begun(form, period)?;
        self.check_region(form, region)?;
        self.check_survey(form)?;
        let role = self.authorise(caller, fill_role(form), region)?;
        let draft = self.draft(caller, form, region, period).await?;
        let code = period.to_string();
        retry(|| async {
            let signer = self.signer(caller, role)?;
            let mut tx = self.db.begin().await?;
            let (cells, counter) = (draft.cells.clone(), draft.counter);
            let previous = self.published_before(&mut tx, caller, form, region, period).await?;
            let report = match store::latest(&mut tx, caller.scope(), &form.code, &code, region).await? {
                None => {
                    let mut report = Report::open(self.opening(form, region, period, cells, counter), signer);
                    self.note_findings(form, &mut report, &previous);
                    store::insert(&mut tx, caller.scope(), &report).await?;
                    report
                }
                Some(last) if last.state == State::Published && !revision_reason.trim().is_empty() => {
                    let mut next = last.revise(self.clock.id(), revision_reason, cells, counter, signer)?;
                    self.note_findings(form, &mut next, &previous);
                    store::insert(&mut tx, caller.scope(), &next).await?;
                    next
                }
                Some(mut report) => {
                    let from = report.version();
                    if report.refresh(cells, counter, signer) {
                        self.note_findings(form, &mut report, &previous);
                        store::save(&mut tx, caller.scope(), &report, from).await?;
                    }
                    report
                }
            };
            tx.commit().await?;
            Ok(report)
        })
        .await
    }

    /// One report, for those who may see its region.
    pub(crate) async fn report(&self, caller: &dyn Person, id: Uuid) -> Result<Report> {
        retry(|| async { store::load(&mut self.db.begin().await?, caller.scope(), id).await }).await
    }

    /// A page of the reports of a form and period, a row for every region that owes one, in official order. With the
    /// cursor of the next page, empty after the last.
    pub(crate) async fn list_reports(
        &self,
        caller: &dyn Person,
        listing: &Listing,
    ) -> Result<(Vec<ReportSummary>, String)> {
        let form = self.form(&listing.form)?;
        let period = self.period(form, &listing.period)?;
        let (today, code) = (self.clock.today(), period.to_string());
        let stored = store::list(&self.db, caller.scope(), &form.code, &code).await?;
        let owing: Vec<&str> = self.reporting_regions(form).collect();
        let start = match listing.cursor.as_str() {
            "" => 0,
            cursor => 1 + owing.iter().position(|region| *region == cursor).ok_or_else(cursor_invalid)?,
        };
        let mut rows = owing[start..]
            .iter()
            .filter(|region| caller.scope().covers(region))
            .filter(|region| listing.region.is_empty() || self.is_within(region, &listing.region))
            .map(|region| match stored.get(*region) {
                Some(line) => convert::summary(&line.report, line.version, today),
                None => convert::not_started(&form.code, region, &code, self.due_on(form, period, region), today),
            })
            .filter(|row| listing.state == ReportState::Unspecified || row.state == listing.state as i32)
            .filter(|row| row.overdue || !listing.overdue_only);
        let page: Vec<ReportSummary> = rows.by_ref().take(listing.size).collect();
        let next = if rows.next().is_some() { page.last().map(|row| row.region.clone()) } else { None };
        Ok((page, next.unwrap_or_default()))
    }

    pub(crate) async fn save_report(
        &self,
        caller: &dyn Person,
        id: Uuid,
        version: u64,
        entries: &[Entry],
    ) -> Result<Report> {
        self.change(caller, id, version, fills, |report, context, signer| {
            report.save(entries, signer)?;
            self.note_findings(context.form, report, context.previous);
            Ok(())
        })
        .await
    }

    pub(crate) async fn submit_report(
        &self,
        caller: &dyn Person,
        id: Uuid,
        version: u64,
        kind: Submission,
        explanations: &BTreeMap<String, String>,
    ) -> Result<Report> {
        self.change(caller, id, version, fills, |report, context, signer| {
            let Context { form, period, previous } = context;
            let check = |cells: &[Cell]| self.findings(form, cells, previous);
            let submit = Submit {
                kind,
                explanations,
                previous: Some(previous).filter(|cells| !cells.is_empty()),
                period_end: period.last_day(),
                today: self.clock.today(),
                reviews: reviews(form),
                check: &check,
            };
            report.submit(submit, signer)
        })
        .await
    }

    pub(crate) async fn review_report(&self, caller: &dyn Person, id: Uuid, version: u64) -> Result<Report> {
        self.change(caller, id, version, signs_next, |report, context, signer| {
            report.review(reviews(context.form), signer)
        })
        .await
    }

    pub(crate) async fn send_back_report(
        &self,
        caller: &dyn Person,
        id: Uuid,
        version: u64,
        faults: &[(String, String)],
        due_on: Date,
    ) -> Result<Report> {
        let today = self.clock.today();
        self.change(caller, id, version, signs_next, |report, _, signer| {
            report.send_back(faults, due_on, today, signer)
        })
        .await
    }

    pub(crate) async fn recall_report(
        &self,
        caller: &dyn Person,
        id: Uuid,
        version: u64,
        reason: &str,
    ) -> Result<Report> {
        self.change(caller, id, version, fills, |report, _, signer| report.recall(reason, signer)).await
    }

    /// Excuses a region, whether it has opened a report or not.
    pub(crate) async fn exempt_report(
        &self,
        caller: &dyn Person,
        form: &str,
        region: &str,
        period: &str,
        reason: &str,
    ) -> Result<Report> {
        let form = self.form(form)?;
        let period = self.period_begun(form, period)?;
        self.check_region(form, region)?;
        let role = self.authorise(caller, approver_role(form), region)?;
        let code = period.to_string();
        retry(|| async {
            let signer = self.signer(caller, role)?;
            let mut tx = self.db.begin().await?;
            let report = match store::latest(&mut tx, caller.scope(), &form.code, &code, region).await? {
                None => {
                    let cells = self.cells(form, &BTreeMap::new(), &BTreeMap::new());
                    let opening = self.opening(form, region, period, cells, None);
                    let report = Report::open_exempt(opening, reason, signer)?;
                    store::insert(&mut tx, caller.scope(), &report).await?;
                    report
                }
                Some(mut report) => {
                    let from = report.version();
                    report.exempt(reason, signer)?;
                    store::save(&mut tx, caller.scope(), &report, from).await?;
                    report
                }
            };
            tx.commit().await?;
            Ok(report)
        })
        .await
    }

    /// Loads a report, lets `act` decide, and saves it. The caller needs `role` in the report's region.
    async fn change(
        &self,
        caller: &dyn Person,
        id: Uuid,
        version: u64,
        role: for<'f> fn(&Report, &'f Form) -> &'f str,
        act: impl Fn(&mut Report, Context<'_>, Signer<'_>) -> Result<()>,
    ) -> Result<Report> {
        retry(|| async {
            let mut tx = self.db.begin().await?;
            let mut report = store::load(&mut tx, caller.scope(), id).await?;
            let form = self.form(&report.form)?;
            let role = self.authorise(caller, role(&report, form), &report.region)?;
            let period = self.period(form, &report.period)?;
            let previous = self.published_before(&mut tx, caller, form, &report.region, period).await?;
            let (from, seen) = (report.version(), report.check_version(version));
            let context = Context { form, period, previous: &previous };
            let decided = act(&mut report, context, self.signer(caller, role)?);
            if let Err(stale) = seen {
                // That somebody submitted it already says more than that it changed.
                let says_more = |problem: &Problem| ["ALREADY_SUBMITTED", "STATE_WRONG"].contains(&problem.reason);
                return Err(decided.err().filter(says_more).unwrap_or(stale));
            }
            decided?;
            store::save(&mut tx, caller.scope(), &report, from).await?;
            tx.commit().await?;
            Ok(report)
        })
        .await
    }

    /// What the region published for the period before; empty when nothing, or excused, or withdrawn.
    async fn published_before(
        &self,
        tx: &mut kit::Tx,
        caller: &dyn Person,
        form: &Form,
        region: &str,
        period: Period,
    ) -> Result<Vec<Cell>> {
        let before = form.cadence.previous(period).to_string();
        let published = store::latest_published(tx, caller.scope(), &form.code, &before, region).await?;
        Ok(published.filter(|report| !report.is_exempt() && !report.is_withdrawn()).map_or(Vec::new(), |one| one.cells))
    }

    /// What a draft begins with. The register is asked only when its change counter moved since the last draft of the
    /// same form, region and period.
    async fn draft(&self, caller: &dyn Person, form: &Form, region: &str, period: Period) -> Result<Draft> {
        let bases = store::bases(&self.db, caller.scope(), region).await?;
        if !form.elements.iter().any(|code| self.is_computed(code)) {
            return Ok(Draft { cells: self.cells(form, &bases, &BTreeMap::new()), counter: None });
        }
        let code = period.to_string();
        let last = retry(|| async {
            store::latest(&mut self.db.begin().await?, caller.scope(), &form.code, &code, region).await
        })
        .await?;
        // The counter is read before the counts: a change in between is then noticed the next time.
        let counter = self.register.change_counter().await?;
        let stands_still = |last: &&Report| {
            last.register_counter == Some(counter)
                && form.elements.iter().all(|code| last.cells.iter().any(|cell| cell.element == *code))
        };
        let computed: BTreeMap<String, i64> = match last.as_ref().filter(stands_still) {
            Some(last) => last.cells.iter().filter_map(|cell| Some((cell.element.clone(), cell.computed?))).collect(),
            None => {
                let counts = self.register.compute(period, &[region.to_owned()]).await?;
                counts.into_iter().filter(|one| one.region == region).map(|one| (one.element, one.value)).collect()
            }
        };
        Ok(Draft { cells: self.cells(form, &bases, &computed), counter: Some(counter) })
    }

    fn cells(&self, form: &Form, bases: &BTreeMap<String, Basis>, computed: &BTreeMap<String, i64>) -> Vec<Cell> {
        form.elements
            .iter()
            .map(|code| match self.is_computed(code) {
                true => Cell::new(code, bases.get(code).copied().unwrap_or(Basis::Both), computed.get(code).copied()),
                false => Cell::new(code, Basis::Reported, None),
            })
            .collect()
    }

    fn opening(
        &self,
        form: &Form,
        region: &str,
        period: Period,
        cells: Vec<Cell>,
        register_counter: Option<i64>,
    ) -> Opening {
        Opening {
            id: self.clock.id(),
            form: form.code.clone(),
            region: region.to_owned(),
            period: period.to_string(),
            due_on: self.due_on(form, period, region),
            cells,
            register_counter,
        }
    }

    fn note_findings(&self, form: &Form, report: &mut Report, previous: &[Cell]) {
        let found = self.findings(form, &report.cells, previous);
        report.note_findings(found);
    }

    fn signer<'a>(&self, caller: &'a dyn Person, role: &'a str) -> Result<Signer<'a>> {
        let user = caller.user()?;
        Ok(Signer { user: &user.id, name: &user.name, role, at: self.clock.micros() })
    }
}

fn fills<'f>(_: &Report, form: &'f Form) -> &'f str {
    fill_role(form)
}

/// Whoever has to sign next; the same person may send back.
fn signs_next<'f>(report: &Report, form: &'f Form) -> &'f str {
    match report.state {
        State::Reviewed => approver_role(form),
        _ => review_role(form, report.reviews_signed()),
    }
}

/// What an act is decided against.
struct Context<'a> {
    form: &'a Form,
    period: Period,
    previous: &'a [Cell],
}
