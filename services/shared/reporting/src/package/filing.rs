//! Acts on many reports at once: each is judged alone, in a transaction of its own, and has its own answer.

use std::collections::BTreeMap;

use city::form::Form;
use city::period::Period;
use kit::{Kind, Problem, Result, retry};
use proto::reporting as wire;

use super::desk::parse;
use crate::Desk;
use crate::person::Person;
use crate::report::desk::Handing;
use crate::report::draft::Place;
use crate::report::refusal::stated;
use crate::report::{Report, Submission, convert};

/// Reports in one call at most.
const REPORTS_MOST: usize = 500;

/// How a package is to be handed in.
#[derive(Clone, Debug)]
pub(crate) struct Filing {
    pub(crate) kind: Submission,
    /// Form → the version that the person saw (0: nothing was open), for those who want to be told of changes.
    pub(crate) expected: BTreeMap<String, u64>,
    /// 代填; empty for the region's own person.
    pub(crate) on_behalf_reason: String,
    /// Check → why it does not hold.
    pub(crate) explanations: BTreeMap<String, String>,
}

/// A report that was handed in, now or before.
struct Filed {
    report: Report,
    already: bool,
}

impl Desk {
    /// Hands in every form that the region owes for the period, as one kind: an answer for each, in the forms' order.
    /// What was handed in before stays as it is. REGION_UNKNOWN, PERIOD_INVALID, PACKAGE_EMPTY.
    pub(crate) async fn file_package(
        &self,
        caller: &dyn Person,
        region: &str,
        period: &str,
        filing: &Filing,
    ) -> Result<Vec<wire::Answer>> {
        let asked = parse(period)?;
        if self.city.regions.get(region).is_none() {
            return Err(Problem::field("region", "REGION_UNKNOWN", "没有这个行政区划代码"));
        }
        caller.scope().check(region)?;
        if !filing.on_behalf_reason.trim().is_empty() {
            stated("on_behalf_reason", &filing.on_behalf_reason)?;
        }
        let due: Vec<(&Form, Period)> = self.package(region, asked).collect();
        if due.is_empty() {
            let message = format!("{}在 {asked} 没有本部门应报的报表", self.region_name(region));
            return Err(Problem::field("period", "PACKAGE_EMPTY", message));
        }
        let mut answers = Vec::with_capacity(due.len());
        for (form, period) in due {
            let filed = self.file(caller, Place { form, region, period }, filing).await;
            answers.push(match filed {
                Ok(Filed { report, already }) => wire::Answer { already, ..accepted(&report) },
                Err(problem) => wire::Answer { form: form.code.clone(), ..refused(problem) },
            });
        }
        Ok(answers)
    }

    /// Opens, fills in and hands in one report, or does nothing of it.
    async fn file(&self, caller: &dyn Person, place: Place<'_>, filing: &Filing) -> Result<Filed> {
        let Place { form, region, period } = place;
        self.period_begun(form, &period.to_string())?;
        let filler = self.filler(caller, form, region)?;
        let on_behalf = filler.on_behalf(Some(&filing.on_behalf_reason))?;
        let draft = self.draft(caller, place).await?;
        retry(|| async {
            let signer = self.signer(caller, filler.role)?;
            let mut tx = self.db.begin().await?;
            let mut held = self.hold(&mut tx, caller, place, &draft, "", signer).await?;
            if !held.report.state.is_editable() {
                return Ok(Filed { report: held.report, already: true });
            }
            let seen = held.stored.unwrap_or(0);
            if filing.expected.get(&form.code).is_some_and(|expected| *expected != seen) {
                let message = "报表已被他人改动，请刷新后再操作";
                return Err(Problem::new(Kind::Stale, "VERSION_STALE", message)
                    .and_field("expected", format!("当前版本为 {seen}")));
            }
            if let Some(reason) = on_behalf {
                held.report.take_over(reason, signer)?;
            }
            let previous = self.published_before(&mut tx, caller, place).await?;
            let (explanations, late) = (&filing.explanations, held.late);
            let handing = Handing { kind: filing.kind, explanations, previous: &previous, late };
            self.submit(&mut held.report, form, period, handing, signer)?;
            self.keep(&mut tx, caller, &held).await?;
            tx.commit().await?;
            Ok(Filed { report: held.report, already: false })
        })
        .await
    }

    /// Signs the next review step of each report, as of the version that the person saw; answers in the same order.
    /// REPORTS_INVALID.
    pub(crate) async fn review_reports(
        &self,
        caller: &dyn Person,
        reports: &[(String, u64)],
    ) -> Result<Vec<wire::Answer>> {
        if reports.is_empty() || reports.len() > REPORTS_MOST {
            let message = format!("请选择 1 至 {REPORTS_MOST} 份报表");
            return Err(Problem::field("reports", "REPORTS_INVALID", message));
        }
        let mut answers = Vec::with_capacity(reports.len());
        for (text, version) in reports {
            let reviewed = match convert::id("id", text) {
                Ok(id) => self.review_report(caller, id, *version).await,
                Err(problem) => Err(problem),
            };
            answers.push(match reviewed {
                Ok(report) => accepted(&report),
                Err(problem) => wire::Answer { id: text.clone(), ..refused(problem) },
            });
        }
        Ok(answers)
    }
}

fn accepted(report: &Report) -> wire::Answer {
    wire::Answer {
        id: report.id.to_string(),
        form: report.form.clone(),
        ok: true,
        state: convert::state(report.state) as i32,
        version: report.version(),
        ..wire::Answer::default()
    }
}

fn refused(problem: Problem) -> wire::Answer {
    let fault = |(field, message): (String, String)| wire::FieldFault { field, message };
    wire::Answer {
        reason: problem.reason.to_owned(),
        message: problem.message,
        faults: problem.fields.into_iter().map(fault).collect(),
        ..wire::Answer::default()
    }
}
