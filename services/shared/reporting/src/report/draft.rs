//! What a draft begins with: the register's counts, what was typed before, and whether the period is still open.

use std::collections::BTreeMap;

use city::form::Form;
use city::period::Period;
use kit::{Problem, Result, Tx, retry};

use super::acts::Opening;
use super::{Basis, Cell, Report, Signer, State, store};
use crate::person::Person;
use crate::{Desk, unlock};

/// What a report is about.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) form: &'a Form,
    pub(crate) region: &'a str,
    pub(crate) period: Period,
}

/// The cells of a draft, and the change counter they were computed at.
pub(crate) struct Draft {
    cells: Vec<Cell>,
    counter: Option<i64>,
}

/// A report in the hands of somebody who fills it in, not stored yet as it is now.
pub(crate) struct Held {
    pub(crate) report: Report,
    /// The version in the database; None where nothing is stored.
    pub(crate) stored: Option<u64>,
    /// The register moved without changing a cell.
    counted_anew: bool,
    /// 补报: handing in goes through an unlock.
    pub(crate) late: bool,
}

impl Desk {
    /// The report to be filled in: a new one, the open one with what the register says now, or, with a reason, the
    /// next revision of a published one. What is out of the reporter's hands is returned as it is. PERIOD_LOCKED.
    pub(crate) async fn hold(
        &self,
        tx: &mut Tx,
        caller: &dyn Person,
        place: Place<'_>,
        draft: &Draft,
        revision_reason: &str,
        signer: Signer<'_>,
    ) -> Result<Held> {
        let Place { form, region, period } = place;
        let code = period.to_string();
        let (cells, counter) = (draft.cells.clone(), draft.counter);
        let last = store::latest(tx, caller.scope(), &form.code, &code, region).await?;
        let revised = !revision_reason.trim().is_empty();
        let mut late = false;
        if last.as_ref().is_none_or(|last| last.state.is_editable() || last.state == State::Published && revised) {
            late = self.passes_lock(tx, place, last.as_ref()).await?;
        }
        let mut held = match last {
            None => {
                let report = Report::open(self.opening(place, cells, counter), signer);
                Held { report, stored: None, counted_anew: false, late }
            }
            Some(last) if last.state == State::Published && revised => {
                let report = last.revise(self.clock.id(), revision_reason, cells, counter, signer)?;
                Held { report, stored: None, counted_anew: false, late }
            }
            Some(mut report) => {
                let stored = Some(report.version());
                let counted_anew = report.refresh(cells, counter, signer);
                Held { report, stored, counted_anew, late }
            }
        };
        if held.is_changed() {
            let previous = self.published_before(tx, caller, place).await?;
            self.note_findings(form, period, &mut held.report, &previous);
        }
        Ok(held)
    }

    /// Stores what is held, where it changed.
    pub(crate) async fn keep(&self, tx: &mut Tx, caller: &dyn Person, held: &Held) -> Result<()> {
        match held.stored {
            None => store::insert(tx, caller.scope(), &held.report).await,
            Some(from) if held.is_changed() => store::save(tx, caller.scope(), &held.report, from).await,
            Some(_) => Ok(()),
        }
    }

    /// False while the period is open for the form; true when it is locked and an unlock lets the region in
    /// (补报). PERIOD_LOCKED. A report that was sent back may be corrected until its new deadline.
    pub(crate) async fn passes_lock(&self, tx: &mut Tx, place: Place<'_>, report: Option<&Report>) -> Result<bool> {
        let today = self.clock.today();
        let Some(locks_on) = place.form.locks_on(place.period).filter(|day| today > *day) else { return Ok(false) };
        if report.is_some_and(|report| report.state == State::SentBack && today <= report.due_on) {
            return Ok(false);
        }
        if unlock::store::is_open(tx, place, today).await? {
            return Ok(true);
        }
        let message = format!("报告期 {} 的“{}”已于 {locks_on} 后锁定，须先申请解锁", place.period, place.form.title);
        Err(Problem::state("PERIOD_LOCKED", message).and_field("period", format!("{locks_on} 后锁定")))
    }

    /// What the region published for the period before; empty when nothing, or excused, or withdrawn.
    pub(crate) async fn published_before(
        &self,
        tx: &mut Tx,
        caller: &dyn Person,
        place: Place<'_>,
    ) -> Result<Vec<Cell>> {
        let Place { form, region, period } = place;
        let before = form.cadence.previous(period).to_string();
        let published = store::latest_published(tx, caller.scope(), &form.code, &before, region).await?;
        Ok(published.filter(|report| !report.is_exempt() && !report.is_withdrawn()).map_or(Vec::new(), |one| one.cells))
    }

    /// What a draft begins with. The register is asked only when its change counter moved since the last draft of the
    /// same form, region and period.
    pub(crate) async fn draft(&self, caller: &dyn Person, place: Place<'_>) -> Result<Draft> {
        let Place { form, region, period } = place;
        let bases = store::bases(&self.db, caller.scope(), region, period.last_day()).await?;
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

    pub(crate) fn cells(
        &self,
        form: &Form,
        bases: &BTreeMap<String, Basis>,
        computed: &BTreeMap<String, i64>,
    ) -> Vec<Cell> {
        form.elements
            .iter()
            .map(|code| match self.is_computed(code) {
                true => Cell::new(code, bases.get(code).copied().unwrap_or(Basis::Both), computed.get(code).copied()),
                false => Cell::new(code, Basis::Reported, None),
            })
            .collect()
    }

    pub(crate) fn opening(&self, place: Place<'_>, cells: Vec<Cell>, register_counter: Option<i64>) -> Opening {
        let Place { form, region, period } = place;
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

    pub(crate) fn note_findings(&self, form: &Form, period: Period, report: &mut Report, previous: &[Cell]) {
        let found = self.findings(form, period, &report.cells, previous);
        report.note_findings(found);
    }
}

impl Held {
    fn is_changed(&self) -> bool {
        self.counted_anew || self.stored != Some(self.report.version())
    }
}
