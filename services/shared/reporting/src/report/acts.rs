//! The state machine of a report (architecture §5, practice §3, dictionary §6.2 and §6.4). Pure rules.
//!
//! Every act checks first and changes last: an error leaves the report as it was. Consecutive signatures are never
//! the same person's, and a published report is never changed.

use std::collections::BTreeMap;

use jiff::civil::Date;
use kit::{Problem, Result};
use uuid::Uuid;

use super::refusal::{all_of, note_needed, same_person, stated, unmet, within};
use super::{Act, Basis, Cell, Finding, Report, Signer, State, Submission, act, value};

/// Characters a soft finding's explanation has at least (dictionary §6.4).
const EXPLANATION_LEAST: usize = 10;

/// One cell as the clerk filled it in: it replaces what was typed there before.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) element: String,
    pub(crate) value: String,
    pub(crate) note: String,
    pub(crate) not_applicable: bool,
}

/// What a submission brings along.
pub(crate) struct Submit<'a> {
    pub(crate) kind: Submission,
    /// Check → why it does not hold.
    pub(crate) explanations: &'a BTreeMap<String, String>,
    /// The cells published for the period before, where there are any.
    pub(crate) previous: Option<&'a [Cell]>,
    /// Last day of the period.
    pub(crate) period_end: Date,
    pub(crate) today: Date,
    /// Review steps of the form's chain.
    pub(crate) reviews: usize,
    /// 补报: the period is locked, and an unlock lets this pass.
    pub(crate) late: bool,
    /// The form's checks over the cells.
    pub(crate) check: &'a (dyn Fn(&[Cell]) -> Vec<Finding> + Sync),
}

/// What a new report is about.
pub(crate) struct Opening {
    pub(crate) id: Uuid,
    pub(crate) form: String,
    pub(crate) region: String,
    pub(crate) period: String,
    pub(crate) due_on: Date,
    pub(crate) cells: Vec<Cell>,
    pub(crate) register_counter: Option<i64>,
}

impl Report {
    /// Opens a first draft.
    pub(crate) fn open(opening: Opening, signer: Signer<'_>) -> Report {
        let mut report = Report::blank(opening);
        report.sign(act::OPEN, signer, "");
        report
    }

    /// 免报 for a region that has opened nothing.
    pub(crate) fn open_exempt(opening: Opening, reason: &str, signer: Signer<'_>) -> Result<Report> {
        let mut report = Report::blank(opening);
        report.exempt(reason, signer)?;
        Ok(report)
    }

    fn blank(opening: Opening) -> Report {
        let Opening { id, form, region, period, due_on, cells, register_counter } = opening;
        Report {
            id,
            form,
            region,
            period,
            revision: 1,
            state: State::Draft,
            submission: Submission::Filled,
            cells,
            findings: Vec::new(),
            acts: Vec::new(),
            due_on,
            revision_reason: String::new(),
            register_counter,
            late: false,
        }
    }

    /// Opens the next revision of a published report, beginning with what was typed then and computed now.
    pub(crate) fn revise(
        &self,
        id: Uuid,
        reason: &str,
        fresh: Vec<Cell>,
        register_counter: Option<i64>,
        signer: Signer<'_>,
    ) -> Result<Report> {
        self.expect(&[State::Published], "开始修订")?;
        let reason = stated("revision_reason", reason)?;
        let mut next = Report {
            id,
            revision: self.revision + 1,
            state: State::Draft,
            submission: Submission::Filled,
            cells: self.merged(fresh),
            findings: Vec::new(),
            acts: Vec::new(),
            revision_reason: reason.clone(),
            register_counter,
            late: false,
            ..self.clone()
        };
        next.sign(act::OPEN, signer, &reason);
        Ok(next)
    }

    /// Takes over what the register computes now, and elements that the form has gained or lost. True when the report
    /// has to be saved. What was typed stays.
    pub(crate) fn refresh(&mut self, fresh: Vec<Cell>, counter: Option<i64>, signer: Signer<'_>) -> bool {
        if !self.state.is_editable() {
            return false;
        }
        let merged = self.merged(fresh);
        let moved = self.register_counter != counter;
        self.register_counter = counter;
        if merged == self.cells {
            return moved;
        }
        self.cells = merged;
        self.sign(act::OPEN, signer, "按台账最新数据重新取数");
        true
    }

    fn merged(&self, fresh: Vec<Cell>) -> Vec<Cell> {
        fresh
            .into_iter()
            .map(|new| match self.cells.iter().find(|old| old.element == new.element) {
                Some(old) => Cell { computed: new.computed, basis: new.basis, ..old.clone() },
                None => new,
            })
            .collect()
    }

    /// Shows a draft's checks as they stand now, keeping explanations that were given before.
    pub(crate) fn note_findings(&mut self, mut findings: Vec<Finding>) {
        for finding in &mut findings {
            if let Some(old) = self.findings.iter().find(|old| old.check == finding.check) {
                finding.explanation.clone_from(&old.explanation);
            }
        }
        self.findings = findings;
    }

    /// 代填: this person fills the report in for its region, and says why. Saying it again changes nothing.
    pub(crate) fn take_over(&mut self, reason: &str, signer: Signer<'_>) -> Result<()> {
        self.expect_editable("代填")?;
        let reason = stated("on_behalf_reason", reason)?;
        if self.taken_over_by(signer.user) != Some(reason.as_str()) || self.on_behalf_reason().is_none() {
            self.sign(act::ON_BEHALF, signer, &reason);
        }
        Ok(())
    }

    /// Writes cells. All of them, or none: ELEMENT_UNKNOWN, BASIS_IS_REGISTER, NOTE_NEEDED, VALUE_WITH_NOT_APPLICABLE
    /// and what [`value::parse`] refuses.
    pub(crate) fn save(&mut self, entries: &[Entry], signer: Signer<'_>) -> Result<()> {
        self.expect_editable("保存")?;
        let mut cells = self.cells.clone();
        let mut problems = Vec::new();
        for entry in entries {
            match cells.iter_mut().find(|cell| cell.element == entry.element) {
                Some(cell) => problems.extend(fill(cell, entry).err()),
                None => problems.push(Problem::field(&entry.element, "ELEMENT_UNKNOWN", "本报表没有这个数据项")),
            }
        }
        all_of(problems)?;
        self.cells = cells;
        self.sign(act::SAVE, signer, "");
        Ok(())
    }

    /// Submits: ALREADY_SUBMITTED, PERIOD_NOT_ENDED, NO_PREVIOUS, CELL_MISSING, NOTE_NEEDED, CHECK_FAILED with the
    /// hard findings, EXPLANATION_NEEDED with the soft ones.
    pub(crate) fn submit(&mut self, submit: Submit<'_>, signer: Signer<'_>) -> Result<()> {
        if matches!(self.state, State::Submitted | State::Reviewed) {
            return Err(Problem::state("ALREADY_SUBMITTED", format!("报表{}，不能重复提交", self.state.label())));
        }
        self.expect_editable("提交")?;
        if submit.today < submit.period_end {
            let message = format!("报告期 {} 到 {} 才结束，不能提前提交", self.period, submit.period_end);
            return Err(Problem::state("PERIOD_NOT_ENDED", message));
        }
        let mut cells = self.cells.clone();
        settle_typed(&mut cells, &submit)?;
        let missing = cells.iter().filter(|cell| !cell.is_filled());
        all_of(missing.map(|cell| {
            let message = "有数据项未填写，也未注明不适用";
            Problem::state("CELL_MISSING", message).and_field(&cell.element, "未填写，也未注明不适用")
        }))?;
        all_of(cells.iter().filter(|cell| cell.needs_note()).map(|cell| note_needed(&cell.element)))?;
        let mut findings = (submit.check)(&cells);
        all_of(findings.iter().filter(|finding| finding.hard).map(|finding| unmet(finding, "CHECK_FAILED")))?;
        for finding in &mut findings {
            finding.explanation = submit.explanations.get(&finding.check).map_or("", |text| text.trim()).to_owned();
        }
        let unexplained = findings.iter().filter(|finding| finding.explanation.chars().count() < EXPLANATION_LEAST);
        all_of(unexplained.map(|finding| unmet(finding, "EXPLANATION_NEEDED")))?;
        for finding in &findings {
            within("explanations", &finding.explanation)?;
        }
        for cell in &mut cells {
            cell.fault.clear();
        }
        self.cells = cells;
        self.findings = findings;
        self.submission = submit.kind;
        self.state = if submit.reviews == 0 { State::Reviewed } else { State::Submitted };
        self.late |= submit.late;
        let on_behalf = self.taken_over_by(signer.user).map(|reason| format!("代填：{reason}"));
        self.sign(act::SUBMIT, signer, &on_behalf.unwrap_or_default());
        Ok(())
    }

    /// Signs the next review step; the last one makes the report REVIEWED. SAME_PERSON.
    pub(crate) fn review(&mut self, reviews: usize, signer: Signer<'_>) -> Result<()> {
        self.expect(&[State::Submitted], "审核")?;
        self.expect_another(signer)?;
        self.sign(act::REVIEW, signer, "");
        if self.reviews_signed() >= reviews {
            self.state = State::Reviewed;
        }
        Ok(())
    }

    /// 退回: names cells and what is wrong with each, and sets the new deadline.
    pub(crate) fn send_back(
        &mut self,
        faults: &[(String, String)],
        due_on: Date,
        today: Date,
        signer: Signer<'_>,
    ) -> Result<()> {
        self.expect(&[State::Submitted, State::Reviewed], "退回")?;
        self.expect_another(signer)?;
        if faults.is_empty() {
            return Err(Problem::field("faults", "FAULT_NEEDED", "退回须指明数据项和原因"));
        }
        if due_on < today {
            return Err(Problem::field("due_on", "DUE_DATE_PAST", "新的报送期限不能早于今天"));
        }
        let mut cells = self.cells.clone();
        for cell in &mut cells {
            cell.fault.clear();
        }
        let mut problems = Vec::new();
        for (element, reason) in faults {
            match (cells.iter_mut().find(|cell| cell.element == *element), stated(element, reason)) {
                (None, _) => problems.push(Problem::field(element, "ELEMENT_UNKNOWN", "本报表没有这个数据项")),
                (_, Err(problem)) => problems.push(problem),
                (Some(cell), Ok(reason)) => cell.fault = reason,
            }
        }
        all_of(problems)?;
        self.cells = cells;
        self.due_on = due_on;
        self.state = State::SentBack;
        let summary: Vec<String> =
            faults.iter().map(|(element, reason)| format!("{element}：{}", reason.trim())).collect();
        self.sign(act::SEND_BACK, signer, &summary.join("；"));
        Ok(())
    }

    /// 撤回: the submitter takes the report back before anybody reviewed it. NOT_SUBMITTER.
    pub(crate) fn recall(&mut self, reason: &str, signer: Signer<'_>) -> Result<()> {
        self.expect(&[State::Submitted, State::Reviewed], "撤回")?;
        if self.reviews_signed() > 0 {
            return Err(Problem::state("STATE_WRONG", "报表已有人审核，不能撤回，请审核人退回"));
        }
        if self.submitter() != Some(signer.user) {
            return Err(Problem::forbidden("NOT_SUBMITTER", "只有提交人本人可以撤回"));
        }
        within("reason", reason)?;
        self.state = State::Recalled;
        self.sign(act::RECALL, signer, reason.trim());
        Ok(())
    }

    /// 免报: excuses the region, with a reason. What stood in the cells no longer counts.
    pub(crate) fn exempt(&mut self, reason: &str, signer: Signer<'_>) -> Result<()> {
        self.expect_editable("免报")?;
        let reason = stated("reason", reason)?;
        self.state = State::Exempt;
        self.findings.clear();
        self.sign(act::EXEMPT, signer, &reason);
        Ok(())
    }

    /// The approver's signature: from here on the report never changes. SAME_PERSON.
    pub(crate) fn publish(&mut self, reason: &str, signer: Signer<'_>) -> Result<()> {
        self.expect(&[State::Reviewed, State::Exempt], "核定")?;
        if self.last_signature().is_some_and(|last| last.user == signer.user) {
            return Err(same_person());
        }
        self.state = State::Published;
        self.sign(act::PUBLISH, signer, reason);
        Ok(())
    }

    /// Notes that the published figures were withdrawn; they stay as they are. ALREADY_WITHDRAWN.
    pub(crate) fn withdraw(&mut self, reason: &str, signer: Signer<'_>) -> Result<()> {
        self.expect(&[State::Published], "撤销")?;
        if self.is_withdrawn() {
            return Err(Problem::state("ALREADY_WITHDRAWN", format!("地区 {} 的数据已经撤销", self.region)));
        }
        let reason = stated("reason", reason)?;
        self.sign(act::WITHDRAW, signer, &reason);
        Ok(())
    }

    fn submitter(&self) -> Option<&str> {
        self.standing_signatures().first().filter(|first| first.act == act::SUBMIT).map(|first| first.user.as_str())
    }

    fn sign(&mut self, name: &str, signer: Signer<'_>, reason: &str) {
        self.acts.push(Act {
            act: name.to_owned(),
            user: signer.user.to_owned(),
            user_name: signer.name.to_owned(),
            role: signer.role.to_owned(),
            at: signer.at,
            reason: reason.to_owned(),
        });
    }

    /// A reviewer is neither the submitter nor the person who signed the step before.
    fn expect_another(&self, signer: Signer<'_>) -> Result<()> {
        let last = self.last_signature().map(|last| last.user.as_str());
        if last == Some(signer.user) || self.submitter() == Some(signer.user) {
            return Err(same_person());
        }
        Ok(())
    }

    fn expect_editable(&self, what: &str) -> Result<()> {
        self.expect(&[State::Draft, State::SentBack, State::Recalled], what)
    }

    fn expect(&self, states: &[State], what: &str) -> Result<()> {
        if states.contains(&self.state) {
            return Ok(());
        }
        Err(Problem::state("STATE_WRONG", format!("报表当前为“{}”，不能{what}", self.state.label())))
    }
}

fn fill(cell: &mut Cell, entry: &Entry) -> Result<()> {
    let reported = value::parse(&entry.element, &entry.value)?;
    within(&entry.element, &entry.note)?;
    if reported.is_some() && entry.not_applicable {
        return Err(Problem::field(&entry.element, "VALUE_WITH_NOT_APPLICABLE", "注明不适用的数据项不能同时填数"));
    }
    if cell.basis == Basis::Register && (reported.is_some() || entry.not_applicable) {
        return Err(Problem::field(&entry.element, "BASIS_IS_REGISTER", "该数据项以台账为准，请到台账中更正"));
    }
    let filled =
        Cell { reported, note: entry.note.trim().to_owned(), not_applicable: entry.not_applicable, ..cell.clone() };
    if filled.needs_note() {
        return Err(note_needed(&entry.element));
    }
    *cell = filled;
    Ok(())
}

/// What the kind of submission says about the typed cells.
fn settle_typed(cells: &mut [Cell], submit: &Submit<'_>) -> Result<()> {
    let typed = cells.iter_mut().filter(|cell| cell.basis == Basis::Reported && !cell.not_applicable);
    match submit.kind {
        Submission::Filled => {}
        Submission::Zero => typed.for_each(|cell| cell.reported = Some(0)),
        Submission::NoChange => {
            let previous = submit
                .previous
                .ok_or_else(|| Problem::state("NO_PREVIOUS", "上一期没有已核定的数据，不能报“本期无变化”"))?;
            for cell in typed {
                if let Some(before) = previous.iter().find(|before| before.element == cell.element) {
                    cell.reported = before.value();
                    cell.not_applicable = before.not_applicable;
                }
            }
        }
    }
    Ok(())
}
