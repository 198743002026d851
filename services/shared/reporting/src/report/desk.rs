//! What callers do with reports: authorise, begin, load, decide (the pure rules), save, commit.

use std::collections::BTreeMap;

use city::form::Form;
use city::period::Period;
use jiff::civil::Date;
use kit::{Problem, Result, retry};
use proto::reporting::{ReportState, ReportSummary};
use uuid::Uuid;

use super::acts::{Entry, Submit};
use super::draft::Place;
use super::{Cell, Report, Signer, State, Submission, convert, store};
use crate::forms::{approver_role, review_role, reviews};
use crate::person::Person;
use crate::{Desk, cursor_invalid, unlock};

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
        self.take_in_hand(caller, form, region, period, revision_reason, None).await
    }

    /// 代填: the same, by somebody of the bureau, who says why and may then save and submit.
    pub(crate) async fn fill_on_behalf(
        &self,
        caller: &dyn Person,
        form: &str,
        region: &str,
        period: &str,
        revision_reason: &str,
        reason: &str,
    ) -> Result<Report> {
        self.take_in_hand(caller, form, region, period, revision_reason, Some(reason)).await
    }

    async fn take_in_hand(
        &self,
        caller: &dyn Person,
        form: &str,
        region: &str,
        period: &str,
        revision_reason: &str,
        on_behalf_reason: Option<&str>,
    ) -> Result<Report> {
        let form = self.form(form)?;
        let period = self.period_begun(form, period)?;
        self.check_region(form, region)?;
        self.check_survey(form)?;
        let filler = self.filler(caller, form, region)?;
        let on_behalf = filler.on_behalf(on_behalf_reason)?;
        let place = Place { form, region, period };
        let draft = self.draft(caller, place).await?;
        retry(|| async {
            let signer = self.signer(caller, filler.role)?;
            let mut tx = self.db.begin().await?;
            let mut held = self.hold(&mut tx, caller, place, &draft, revision_reason, signer).await?;
            if let Some(reason) = on_behalf {
                held.report.take_over(reason, signer)?;
            }
            self.keep(&mut tx, caller, &held).await?;
            tx.commit().await?;
            Ok(held.report)
        })
        .await
    }

    /// One report, for those who may see its region.
    pub(crate) async fn report(&self, caller: &dyn Person, id: Uuid) -> Result<Report> {
        retry(|| async { store::load(&mut self.db.begin().await?, caller.scope(), id).await }).await
    }

    /// What a reader wants to see beside a report: what changed since, and whether its period is still open.
    pub(crate) async fn around(&self, caller: &dyn Person, report: &Report) -> Result<convert::Around> {
        // A report stays readable when the city's data no longer has its form.
        let Ok(form) = self.form(&report.form) else { return Ok(convert::Around::default()) };
        let Ok(period) = self.period(form, &report.period) else { return Ok(convert::Around::default()) };
        let before = form.cadence.previous(period).to_string();
        let year_ago = period.same_period_last_year().to_string();
        let asked = [before.clone(), year_ago.clone()];
        let published = store::published_cells(&self.db, caller.scope(), &form.code, &report.region, &asked).await?;
        let of = |period: &str| {
            let cells = published.iter().filter(|one| one.period == period);
            cells.filter_map(|one| Some((one.cell.element.clone(), one.cell.value()?))).collect()
        };
        let today = self.clock.today();
        let locks_on = form.locks_on(period);
        let mut locked = locks_on.is_some_and(|day| today > day);
        if locked {
            let place = (form.code.clone(), report.region.clone(), report.period.clone());
            locked = !unlock::store::open_on(&self.db, today).await?.contains(&place);
        }
        Ok(convert::Around { previous: of(&before), last_year: of(&year_ago), locks_on, locked })
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
        self.change(caller, id, version, Step::Fill, |report, context, signer| {
            report.save(entries, signer)?;
            self.note_findings(context.form, context.period, report, context.previous);
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
        self.change(caller, id, version, Step::Fill, |report, context, signer| {
            let late = if report.state.is_editable() { context.late? } else { false };
            let Context { form, period, previous, .. } = context;
            self.submit(report, form, period, Handing { kind, explanations, previous, late }, signer)
        })
        .await
    }

    /// Hands a report in: the pure rule, with what the desk knows.
    pub(crate) fn submit(
        &self,
        report: &mut Report,
        form: &Form,
        period: Period,
        handing: Handing<'_>,
        signer: Signer<'_>,
    ) -> Result<()> {
        let Handing { kind, explanations, previous, late } = handing;
        let check = |cells: &[Cell]| self.findings(form, period, cells, previous);
        let submit = Submit {
            kind,
            explanations,
            previous: Some(previous).filter(|cells| !cells.is_empty()),
            period_end: period.last_day(),
            today: self.clock.today(),
            reviews: reviews(form),
            late,
            check: &check,
        };
        report.submit(submit, signer)
    }

    pub(crate) async fn review_report(&self, caller: &dyn Person, id: Uuid, version: u64) -> Result<Report> {
        self.change(caller, id, version, Step::Sign, |report, context, signer| {
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
        self.change(caller, id, version, Step::Sign, |report, _, signer| {
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
        self.change(caller, id, version, Step::Fill, |report, _, signer| report.recall(reason, signer)).await
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
                    let opening = self.opening(Place { form, region, period }, cells, None);
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

    /// Loads a report, lets `act` decide, and saves it. The caller needs the step's role in the report's region.
    async fn change(
        &self,
        caller: &dyn Person,
        id: Uuid,
        version: u64,
        step: Step,
        act: impl Fn(&mut Report, Context<'_>, Signer<'_>) -> Result<()>,
    ) -> Result<Report> {
        retry(|| async {
            let mut tx = self.db.begin().await?;
            let mut report = store::load(&mut tx, caller.scope(), id).await?;
            let form = self.form(&report.form)?;
            let role = match step {
                Step::Fill => self.filler_of(caller, form, &report)?,
                Step::Sign => self.authorise(caller, signs_next(&report, form), &report.region)?,
            };
            let period = self.period(form, &report.period)?;
            let region = report.region.clone();
            let place = Place { form, region: &region, period };
            let previous = self.published_before(&mut tx, caller, place).await?;
            let late = self.passes_lock(&mut tx, place, Some(&report)).await;
            let (from, seen) = (report.version(), report.check_version(version));
            let context = Context { form, period, previous: &previous, late };
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

    pub(crate) fn signer<'a>(&self, caller: &'a dyn Person, role: &'a str) -> Result<Signer<'a>> {
        let user = caller.user()?;
        Ok(Signer { user: &user.id, name: &user.name, role, at: self.clock.micros() })
    }
}

/// Which hand an act needs.
#[derive(Clone, Copy)]
enum Step {
    Fill,
    Sign,
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
    /// Whether handing in counts as late, or why the locked period forbids it.
    late: Result<bool>,
}

/// What a submission brings along, as the desk is asked for it.
pub(crate) struct Handing<'a> {
    pub(crate) kind: Submission,
    /// Check → why it does not hold.
    pub(crate) explanations: &'a BTreeMap<String, String>,
    /// The cells published for the period before; empty where there are none.
    pub(crate) previous: &'a [Cell],
    pub(crate) late: bool,
}
