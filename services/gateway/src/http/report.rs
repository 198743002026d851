//! One report as its form: filling it in, signing it, sending it back. What the bureau refuses comes back beside what
//! was typed.

use axum::extract::{Path, Query, State as Shared};
use axum::http::Uri;
use axum::response::Response;
use kit::{Problem, Result};
use proto::reporting::publication_service_client::PublicationServiceClient;
use proto::reporting::{
    Basis, CellEntry, CellFault, Explanation, Form, GetReportRequest, PublicationKind, PublishReportsRequest,
    RecallReportRequest, Report, ReportState, ReviewReportRequest, SaveReportRequest, SendBackReportRequest,
    SubmissionKind, SubmitReportRequest,
};

use super::Front;
use super::filling::{Look, assemble, done};
use super::pages::{page, problem};
use crate::bureaus::said;
use crate::console::work::as_units;
use crate::console::work::filling::{self, Filling, May, Typed};
use crate::console::work::package::Line;
use crate::desks::Desks;
use crate::session::door::see_other;
use crate::session::{Fields, Posted, SignedIn};
use contract::bureau::title as bureau_title;

pub(super) async fn show_report(
    Shared(front): Shared<Front>,
    person: SignedIn,
    uri: Uri,
    Path((bureau, id)): Path<(String, String)>,
    Query(look): Query<Look>,
) -> Response {
    let desks = Desks { bureaus: &front.bureaus, person: &person };
    match fetch(&desks, &bureau, &id).await {
        Ok(shown) => render(&front, &person, &uri, &bureau, &shown, &Typed::new(), None, done(&look.done)),
        Err(said) => problem(&front, Some(&person), &uri, &said),
    }
}

/// A report with its form.
struct Shown {
    report: Report,
    form: Form,
}

async fn fetch(desks: &Desks<'_>, bureau: &str, id: &str) -> Result<Shown> {
    let asked = desks.request(GetReportRequest { id: id.to_owned() });
    let answer = desks.client(bureau)?.get_report(asked).await.map_err(|status| said(bureau, &status))?;
    let report = answer.into_inner();
    Ok(Shown { form: desks.form(bureau, &report.form).await?, report })
}

#[expect(clippy::too_many_arguments, reason = "one page, and everything that stands on it")]
fn render(
    front: &Front,
    person: &SignedIn,
    uri: &Uri,
    bureau: &str,
    shown: &Shown,
    typed: &Typed,
    refused: Option<&Problem>,
    done: &str,
) -> Response {
    let city = &front.state.customs().city;
    let region = &shown.report.region;
    let region_name = city.regions.get(region).map_or(region.as_str(), |region| &region.short_name);
    let organisation = city.organisation(&shown.form.organisation);
    page(front, Some(person), uri, |frame| {
        filling::page(
            frame,
            &Filling {
                bureau,
                bureau_title: bureau_title(bureau),
                region_name,
                form: &shown.form,
                organisation: organisation.map_or(&shown.form.organisation, |unit| &unit.full_name),
                report: &shown.report,
                may: may(front, person, bureau, shown),
                typed,
                problem: refused,
                done,
            },
        )
    })
}

/// What the person may try: the chain's roles, and never two consecutive signatures by one hand.
fn may(front: &Front, person: &SignedIn, bureau: &str, Shown { report, form }: &Shown) -> May {
    let tree = &front.state.customs().city.regions;
    let holds = |role: &str| {
        person.grants_at(bureau).any(|held| held.role == role && tree.is_within(&report.region, &held.region))
    };
    let own_step = |step: &str| {
        form.chain.iter().filter(|one| one.step == step).any(|one| {
            let city_stands_in = report.region == tree.city().code && one.role.starts_with("COUNTY_");
            holds(&one.role)
                || (city_stands_in
                    && holds(if step == "fill" { "CITY_BUREAU_REPORTER" } else { "CITY_BUREAU_APPROVER" }))
        })
    };
    let last = report.acts.iter().rev().find(|act| matches!(act.act.as_str(), "submit" | "review" | "exempt"));
    let signed_last = last.is_some_and(|act| act.user == person.id);
    let reviews = form.chain.iter().filter(|step| step.step == "review").count();
    let standing = report.state();
    let to_review = standing == ReportState::Submitted && reviews > 0;
    May {
        fill: own_step("fill") || !report.on_behalf_reason.is_empty() && person.holds(bureau, "CITY_BUREAU_REPORTER"),
        recall: standing == ReportState::Submitted && signed_last,
        review: !signed_last
            && (to_review && own_step("review") || standing == ReportState::Reviewed && own_step("approve")),
        approve: !signed_last
            && own_step("approve")
            && (standing == ReportState::Reviewed || standing == ReportState::Submitted && reviews == 0),
    }
}

pub(super) async fn act_on_report(
    Shared(front): Shared<Front>,
    uri: Uri,
    Path((bureau, id)): Path<(String, String)>,
    Posted { person, form, idempotency_key }: Posted<Fields>,
) -> Response {
    let desks = Desks { bureaus: &front.bureaus, person: &person };
    match act(&desks, &bureau, &id, &form, &idempotency_key).await {
        Ok((code @ ("saved" | "recalled"), _)) => see_other(&format!("/filling/{bureau}/{id}?done={code}")),
        Ok((code @ "submitted", report)) => {
            let month = month(&report.period);
            match next_to_fill(&front, &person, &report.region, &month).await {
                Some(line) => see_other(&format!("/filling/{}/{}?done={code}", line.bureau, line.id)),
                None => see_other(&format!("/filling?region={}&period={month}&done={code}", report.region)),
            }
        }
        Ok((code, report)) => see_other(&format!("/review?period={}&done={code}", month(&report.period))),
        Err(refused) => {
            // What is shown is as it is now; what was typed stays in the inputs.
            let typed: Typed = form.0.iter().filter(|(name, _)| name.contains(':')).cloned().collect();
            match fetch(&desks, &bureau, &id).await {
                Ok(shown) => render(&front, &person, &uri, &bureau, &shown, &typed, Some(&refused), ""),
                Err(said) => problem(&front, Some(&person), &uri, &said),
            }
        }
    }
}

/// The next form of the package that is open and still owes something, so that a clerk goes on without looking for it.
async fn next_to_fill(front: &Front, person: &SignedIn, region: &str, month: &str) -> Option<Line> {
    let package = assemble(front, person, region, month).await;
    package.lines.into_iter().find(|line| line.open && !line.id.is_empty() && line.owed() != "已备齐")
}

/// The month whose package holds the period.
fn month(period: &str) -> String {
    let Ok(period) = period.parse::<city::period::Period>() else { return String::new() };
    let last = period.last_day();
    city::period::Period::Month(last.year(), last.month()).to_string()
}

/// Does what the button says; the code of what was done, and the report.
async fn act(
    desks: &Desks<'_>,
    bureau: &str,
    id: &str,
    form: &Fields,
    idempotency_key: &str,
) -> Result<(&'static str, Report)> {
    let seen: u64 = form.get("version").parse().unwrap_or(0);
    let mut client = desks.client(bureau)?;
    let refused = |status: tonic::Status| said(bureau, &status);
    let id = id.to_owned();
    Ok(match form.get("act") {
        "save" => ("saved", save(desks, bureau, &id, seen, form).await?),
        "submit" => {
            let saved = save(desks, bureau, &id, seen, form).await?;
            ("submitted", submit(desks, bureau, &id, saved.version, SubmissionKind::Filled, form).await?)
        }
        "zero" => ("submitted", submit(desks, bureau, &id, seen, SubmissionKind::Zero, form).await?),
        "no_change" => ("submitted", submit(desks, bureau, &id, seen, SubmissionKind::NoChange, form).await?),
        "recall" => {
            let reason = "填报人撤回".to_owned();
            let asked = desks.request(RecallReportRequest { id, version: seen, reason });
            ("recalled", client.recall_report(asked).await.map_err(refused)?.into_inner())
        }
        "review" => {
            let asked = desks.request(ReviewReportRequest { id, version: seen });
            ("reviewed", client.review_report(asked).await.map_err(refused)?.into_inner())
        }
        "send_back" => {
            let named = form.0.iter().filter_map(|(name, reason)| {
                let element = name.strip_prefix("b:").filter(|_| !reason.trim().is_empty())?;
                Some(CellFault { element: element.to_owned(), reason: reason.trim().to_owned() })
            });
            let asked = desks.request(SendBackReportRequest {
                id,
                version: seen,
                faults: named.collect(),
                due_on: form.get("due_on").to_owned(),
            });
            ("sent_back", client.send_back_report(asked).await.map_err(refused)?.into_inner())
        }
        "publish" => {
            let shown = fetch(desks, bureau, &id).await?;
            let asked = desks.request(PublishReportsRequest {
                report_ids: vec![id],
                kind: publication_kind(form.get("kind")) as i32,
                reason: shown.report.revision_reason.clone(),
                idempotency_key: idempotency_key.to_owned(),
            });
            let channel = desks.bureaus.require(bureau)?;
            PublicationServiceClient::new(channel).publish_reports(asked).await.map_err(refused)?;
            ("published", shown.report)
        }
        other => {
            return Err(Problem::field("act", "ACT_UNKNOWN", format!("没有“{other}”这个操作")));
        }
    })
}

/// 快报 unless 正式 was chosen.
pub(super) fn publication_kind(chosen: &str) -> PublicationKind {
    if chosen == "final" { PublicationKind::Final } else { PublicationKind::Flash }
}

/// Saves what the form's inputs hold; what could not be typed is not sent.
async fn save(desks: &Desks<'_>, bureau: &str, id: &str, version: u64, form: &Fields) -> Result<Report> {
    let shown = fetch(desks, bureau, id).await?;
    let entries = shown.form.elements.iter().filter_map(|element| {
        let named = |prefix: &str| format!("{prefix}:{}", element.code);
        let given = form.0.iter().any(|(name, _)| *name == named("v"));
        let cell = shown.report.cells.iter().find(|cell| cell.element == element.code)?;
        let mut value = as_units(form.get(&named("v")), &element.unit);
        // Who leaves the register's value as it is states nothing of their own: the cell goes on following it.
        if cell.basis() == Basis::Both && cell.computed.is_some_and(|computed| computed.to_string() == value) {
            value.clear();
        }
        (given && cell.basis() != Basis::Register).then(|| CellEntry {
            element: element.code.clone(),
            value,
            note: form.get(&named("n")).trim().to_owned(),
            not_applicable: form.get(&named("na")) == "1",
        })
    });
    let asked = SaveReportRequest { id: id.to_owned(), version, cells: entries.collect() };
    let asked = desks.request(asked);
    let answer = desks.client(bureau)?.save_report(asked).await.map_err(|status| said(bureau, &status))?;
    Ok(answer.into_inner())
}

async fn submit(
    desks: &Desks<'_>,
    bureau: &str,
    id: &str,
    version: u64,
    kind: SubmissionKind,
    form: &Fields,
) -> Result<Report> {
    let explanations = form.0.iter().filter_map(|(name, text)| {
        let check = name.strip_prefix("x:").filter(|_| !text.trim().is_empty())?;
        Some(Explanation { check: check.to_owned(), text: text.trim().to_owned() })
    });
    let asked = desks.request(SubmitReportRequest {
        id: id.to_owned(),
        version,
        kind: kind as i32,
        explanations: explanations.collect(),
    });
    let answer = desks.client(bureau)?.submit_report(asked).await.map_err(|status| said(bureau, &status))?;
    Ok(answer.into_inner())
}
