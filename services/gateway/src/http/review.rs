//! 审核核定 and 未报清单: what waits for a signature, and what has not come at all.

use axum::Router;
use axum::extract::{Query, State as Shared};
use axum::http::Uri;
use axum::response::Response;
use axum::routing::get;
use city::period::Period;
use kit::Result;
use proto::reporting::publication_service_client::PublicationServiceClient;
use proto::reporting::{
    FillOnBehalfRequest, Form, GetReportRequest, ListReportsRequest, PublishReportsRequest, Report, ReportState,
    ReportSummary, ReportVersion, ReviewReportsRequest, SubmissionKind,
};
use serde::Deserialize;

use super::pages::{chosen, page};
use super::report::publication_kind;
use super::{Front, JUDGES, READERS};
use crate::bureaus::said;
use crate::console::work::outstanding::{self, Debtor, Outstanding, Owed};
use crate::console::work::review::{self, Batch, Review, Waiting};
use crate::console::work::state;
use crate::desks::{Answered, Desks};
use crate::session::door::see_other;
use crate::session::{Fields, Posted, SignedIn};
use contract::bureau::title as bureau_title;

pub(super) fn router() -> Router<Front> {
    Router::new().route("/review", get(show).post(act)).route("/outstanding", get(not_handed_in).post(fill_on_behalf))
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Look {
    period: String,
    done: String,
}

async fn show(Shared(front): Shared<Front>, person: SignedIn, uri: Uri, Query(look): Query<Look>) -> Response {
    let period = chosen(&front.state, &look.period);
    let done = match look.done.as_str() {
        "reviewed" => "已审核通过。",
        "sent_back" => "已退回，填报人会看到各格的原因。",
        "published" => "已核定发布。",
        _ => "",
    };
    let review = Review { done: done.to_owned(), ..assemble(&front, &person, &period).await };
    page(&front, Some(&person), &uri, |frame| review::page(frame, &review))
}

/// The forms whose own period ends with the month, and which period that is.
fn due_with(form: &Form, month: Period) -> Option<Period> {
    let last = month.last_day();
    let (year, month) = (last.year(), last.month());
    match form.cadence.as_str() {
        "month" => Some(Period::Month(year, month)),
        "quarter" if month % 3 == 0 => Some(Period::Quarter(year, month / 3)),
        "half" if month % 6 == 0 => Some(Period::Half(year, month / 6)),
        "year" if month == 12 => Some(Period::Year(year)),
        "mch_year" if month == 9 => Some(Period::Mch(year)),
        _ => None,
    }
}

pub(super) async fn assemble(front: &Front, person: &SignedIn, period: &str) -> Review {
    let mut review = Review { period: period.to_owned(), ..Review::default() };
    let Ok(month) = period.parse::<Period>() else { return review };
    let desks = Desks { bureaus: &front.bureaus, person };
    for bureau in desks.with(&JUDGES) {
        match batches(front, &desks, &bureau, month).await {
            Ok(batches) => review.batches.extend(batches),
            Err(problem) if problem.reason == "BUREAU_UNREACHABLE" => {
                review.down.push(bureau_title(&bureau).to_owned());
            }
            Err(problem) => tracing::info!(%bureau, %problem, "review not shown"),
        }
    }
    review
}

/// What waits at one bureau, form by form.
async fn batches(front: &Front, desks: &Desks<'_>, bureau: &str, month: Period) -> Result<Vec<Batch>> {
    let mut batches = Vec::new();
    for form in desks.forms(bureau).await? {
        let Some(period) = due_with(&form, month) else { continue };
        let summaries = summaries(desks, bureau, &form.code, &period.to_string()).await?;
        let missing: Vec<String> = summaries
            .iter()
            .filter(|one| {
                use ReportState::*;
                matches!(one.state(), NotStarted | Draft | SentBack | Recalled)
            })
            .map(|one| region_name(front, &one.region))
            .collect();
        let reviews = form.chain.iter().filter(|step| step.step == "review").count();
        for (act, standing, role) in [
            ("review", ReportState::Submitted, step_role(&form, "review")),
            (
                "publish",
                if reviews > 0 { ReportState::Reviewed } else { ReportState::Submitted },
                step_role(&form, "approve"),
            ),
        ] {
            let mut waiting = Vec::new();
            for one in summaries.iter().filter(|one| one.state() == standing) {
                let report = report(desks, bureau, &one.id).await?;
                if may_sign(front, desks.person, bureau, &report, role) {
                    waiting.push(line(front, &report));
                }
            }
            if !waiting.is_empty() {
                batches.push(Batch {
                    bureau: bureau.to_owned(),
                    bureau_title: bureau_title(bureau).to_owned(),
                    form: form.code.clone(),
                    title: form.title.clone(),
                    period: period.to_string(),
                    act,
                    waiting,
                    missing: if act == "publish" { missing.clone() } else { Vec::new() },
                });
            }
        }
    }
    Ok(batches)
}

fn step_role<'f>(form: &'f Form, step: &str) -> &'f str {
    form.chain.iter().find(|one| one.step == step).map_or("", |one| &one.role)
}

/// The role of the step within the person's regions, and not the hand that signed last.
fn may_sign(front: &Front, person: &SignedIn, bureau: &str, report: &Report, role: &str) -> bool {
    let tree = &front.state.customs().city.regions;
    let role =
        if report.region == tree.city().code && role == "COUNTY_REVIEWER" { "CITY_BUREAU_APPROVER" } else { role };
    let last = report.acts.iter().rev().find(|act| matches!(act.act.as_str(), "submit" | "review" | "exempt"));
    last.is_none_or(|act| act.user != person.id)
        && person.grants_at(bureau).any(|held| held.role == role && tree.is_within(&report.region, &held.region))
}

fn line(front: &Front, report: &Report) -> Waiting {
    let findings = report.findings.iter().map(|one| match one.explanation.is_empty() {
        true => format!("{} {}", one.check, one.message),
        false => format!("{} {}。说明：{}", one.check, one.message, one.explanation),
    });
    let departs = report.cells.iter().filter(|cell| cell.computed.is_some() && cell.value != cell.computed);
    let notes = departs.map(|cell| format!("{}：上报与台账不一致，{}", cell.element, cell.note));
    Waiting {
        region_name: region_name(front, &report.region),
        kind: match report.submission() {
            _ if !report.on_behalf_reason.is_empty() => "代填",
            SubmissionKind::Zero => "零报告",
            SubmissionKind::NoChange => "本期无变化",
            _ => "",
        },
        remarks: findings.chain(notes).collect(),
        late: report.late,
        id: report.id.clone(),
        version: report.version,
        region: report.region.clone(),
        due_on: report.due_on.clone(),
    }
}

fn region_name(front: &Front, code: &str) -> String {
    let tree = &front.state.customs().city.regions;
    tree.get(code).map_or_else(|| code.to_owned(), |region| region.short_name.clone())
}

async fn summaries(desks: &Desks<'_>, bureau: &str, form: &str, period: &str) -> Result<Vec<ReportSummary>> {
    let page = Some(proto::common::Page { size: 500, cursor: String::new() });
    let asked = ListReportsRequest { form: form.to_owned(), period: period.to_owned(), page, ..Default::default() };
    let answer =
        desks.client(bureau)?.list_reports(desks.request(asked)).await.map_err(|status| said(bureau, &status))?;
    Ok(answer.into_inner().reports)
}

async fn report(desks: &Desks<'_>, bureau: &str, id: &str) -> Result<Report> {
    let asked = desks.request(GetReportRequest { id: id.to_owned() });
    Ok(desks.client(bureau)?.get_report(asked).await.map_err(|status| said(bureau, &status))?.into_inner())
}

async fn act(
    Shared(front): Shared<Front>,
    uri: Uri,
    Posted { person, form, idempotency_key }: Posted<Fields>,
) -> Response {
    let desks = Desks { bureaus: &front.bureaus, person: &person };
    let outcomes = match sign(&front, &desks, &form, &idempotency_key).await {
        Ok(outcomes) => outcomes,
        Err(problem) => vec![(bureau_title(form.get("bureau")).to_owned(), Some(problem.message))],
    };
    let review = Review { outcomes, ..assemble(&front, &person, form.get("period")).await };
    page(&front, Some(&person), &uri, |frame| review::page(frame, &review))
}

/// Signs what was ticked; each report with its own answer, a publication as one.
async fn sign(
    front: &Front,
    desks: &Desks<'_>,
    form: &Fields,
    idempotency_key: &str,
) -> Result<Vec<(String, Option<String>)>> {
    let bureau = form.get("bureau");
    let ticked: Vec<(&str, u64, &str)> = form
        .all("report")
        .filter_map(|text| {
            let mut parts = text.split('@');
            Some((parts.next()?, parts.next()?.parse().ok()?, parts.next()?))
        })
        .collect();
    if ticked.is_empty() {
        return Ok(vec![("没有选任何一份".to_owned(), Some("请先勾选要签的报表".to_owned()))]);
    }
    let names: Vec<String> = ticked.iter().map(|(_, _, region)| region_name(front, region)).collect();
    let refused = |status: tonic::Status| said(bureau, &status);
    if form.get("act") == "publish" {
        let mut reasons = Vec::new();
        for (id, _, _) in &ticked {
            let reason = report(desks, bureau, id).await?.revision_reason;
            if !reason.is_empty() && !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        let asked = desks.request(PublishReportsRequest {
            report_ids: ticked.iter().map(|(id, _, _)| (*id).to_owned()).collect(),
            kind: publication_kind(form.get("kind")) as i32,
            reason: reasons.join("；"),
            idempotency_key: idempotency_key.to_owned(),
        });
        let channel = desks.bureaus.require(bureau)?;
        PublicationServiceClient::new(channel).publish_reports(asked).await.map_err(refused)?;
        return Ok(vec![(format!("核定 {}", names.join("、")), None)]);
    }
    let reports = ticked.iter().map(|(id, version, _)| ReportVersion { id: (*id).to_owned(), version: *version });
    let asked = desks.request(ReviewReportsRequest { reports: reports.collect() });
    let answers = desks.client(bureau)?.review_reports(asked).await.map_err(refused)?.into_inner().answers;
    Ok(names.into_iter().zip(answers).map(|(name, answer)| (name, (!answer.ok).then_some(answer.message))).collect())
}

async fn not_handed_in(Shared(front): Shared<Front>, person: SignedIn, uri: Uri, Query(look): Query<Look>) -> Response {
    let list = outstanding(&front, &person, &chosen(&front.state, &look.period)).await;
    page(&front, Some(&person), &uri, |frame| outstanding::page(frame, &list))
}

/// 代填: the bureau's clerk opens a form in a county's stead; the reason stays with the report.
async fn fill_on_behalf(
    Shared(front): Shared<Front>,
    uri: Uri,
    Posted { person, form, .. }: Posted<Fields>,
) -> Response {
    let desks = Desks { bureaus: &front.bureaus, person: &person };
    let bureau = form.get("bureau");
    let asked = desks.request(FillOnBehalfRequest {
        form: form.get("form").to_owned(),
        region: form.get("region").to_owned(),
        period: form.get("form_period").to_owned(),
        reason: form.get("reason").to_owned(),
        revision_reason: String::new(),
    });
    let opened = match desks.client(bureau) {
        Ok(mut client) => client.fill_on_behalf(asked).await.map_err(|status| said(bureau, &status)),
        Err(problem) => Err(problem),
    };
    match opened {
        Ok(report) => see_other(&format!("/filling/{bureau}/{}?done=opened", report.into_inner().id)),
        Err(problem) => {
            let list = outstanding(&front, &person, &chosen(&front.state, form.get("period"))).await;
            let list = Outstanding { refused: Some(problem), ..list };
            page(&front, Some(&person), &uri, |frame| outstanding::page(frame, &list))
        }
    }
}

/// 未报清单 of a month over all bureaus, region by region.
pub(super) async fn outstanding(front: &Front, person: &SignedIn, period: &str) -> Outstanding {
    let desks = Desks { bureaus: &front.bureaus, person };
    let mut list = Outstanding { period: period.to_owned(), ..Outstanding::default() };
    for Answered { bureau, answer } in desks.outstanding(&desks.with(&READERS), period).await {
        let answer = match answer {
            Ok(answer) => answer,
            Err(problem) => {
                tracing::info!(%bureau, %problem, "outstanding not shown");
                list.down.push(bureau_title(&bureau).to_owned());
                continue;
            }
        };
        for one in answer.lines {
            let county = one.region != front.state.customs().city.code;
            let owed = Owed {
                on_behalf: county && person.holds(&bureau, "CITY_BUREAU_REPORTER"),
                bureau: bureau.clone(),
                form: one.form.clone(),
                bureau_title: bureau_title(&bureau).to_owned(),
                state: state(one.state(), one.days_late > 0),
                title: one.title,
                period: one.period,
                due_on: one.due_on,
                days_late: one.days_late,
                contact: one.last_submitter_name,
            };
            debtor(front, &mut list, &one.region).owed.push(owed);
        }
        for reminder in answer.reminders {
            let debtor = debtor(front, &mut list, &reminder.region);
            if !debtor.text.is_empty() {
                debtor.text.push_str("\n\n");
            }
            debtor.text.push_str(&reminder.text);
        }
    }
    list.debtors.sort_by_key(|debtor| official_place(front, &debtor.region));
    list
}

fn debtor<'l>(front: &Front, list: &'l mut Outstanding, region: &str) -> &'l mut Debtor {
    let at = list.debtors.iter().position(|debtor| debtor.region == region).unwrap_or_else(|| {
        list.debtors.push(Debtor {
            region: region.to_owned(),
            region_name: region_name(front, region),
            ..Debtor::default()
        });
        list.debtors.len() - 1
    });
    &mut list.debtors[at]
}

fn official_place(front: &Front, region: &str) -> usize {
    let counties = front.state.customs().city.regions.counties();
    counties.iter().position(|county| county.code == region).unwrap_or(counties.len())
}
