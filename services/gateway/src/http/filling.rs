//! 套表填报: a region's package of a month, over all bureaus. Every act is the bureau's: it judges, and says for each form
//! what became of it.

use std::collections::{BTreeMap, BTreeSet};

use axum::Router;
use axum::extract::{Query, State as Shared};
use axum::http::Uri;
use axum::response::Response;
use axum::routing::get;
use kit::Result;
use proto::reporting::{OpenReportRequest, PackageLine, Report, ReportState, SubmissionKind};
use serde::Deserialize;

use super::pages::{chosen, page, problem};
use super::report::{act_on_report, show_report};
use super::{Front, READERS, REPORTERS};
use crate::bureaus::said;
use crate::console::work::package::{self, Line, Package};
use crate::console::work::state;
use crate::desks::{Answered, Desks};
use crate::session::door::see_other;
use crate::session::{Fields, Posted, SignedIn};
use contract::bureau::title as bureau_title;

pub(super) fn router() -> Router<Front> {
    Router::new()
        .route("/filling", get(show_package).post(act_on_package))
        .route("/filling/{bureau}/{id}", get(show_report).post(act_on_report))
}

/// Which package.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Look {
    region: String,
    period: String,
    /// What has just been done, said once.
    pub(super) done: String,
}

async fn show_package(Shared(front): Shared<Front>, person: SignedIn, uri: Uri, Query(look): Query<Look>) -> Response {
    let period = chosen(&front.state, &look.period);
    let package =
        Package { done: done(&look.done).to_owned(), ..assemble(&front, &person, &look.region, &period).await };
    page(&front, Some(&person), &uri, |frame| package::page(frame, &package))
}

/// Words for what was done; an address may not put words into our mouth.
pub(super) fn done(code: &str) -> &'static str {
    match code {
        "saved" => "已保存。",
        "submitted" => "已送审。",
        "recalled" => "已撤回，可以继续修改。",
        "reviewed" => "已审核通过。",
        "sent_back" => "已退回，填报人会看到各格的原因。",
        "published" => "已核定发布。",
        "opened" => "已开表，台账有的数已填好。",
        _ => "",
    }
}

/// Regions in which the person fills forms, in official order, the city first.
pub(super) fn fillable(front: &Front, person: &SignedIn) -> Vec<(String, String)> {
    let tree = &front.state.customs().city.regions;
    let held: BTreeSet<&str> = person
        .grants
        .held
        .iter()
        .filter(|held| READERS.contains(&held.role.as_str()))
        .map(|held| held.region.as_str())
        .collect();
    let within = |code: &str| held.iter().any(|root| tree.is_within(code, root));
    let all = std::iter::once(tree.city()).chain(tree.counties());
    all.filter(|region| within(&region.code)).map(|region| (region.code.clone(), region.short_name.clone())).collect()
}

pub(super) async fn assemble(front: &Front, person: &SignedIn, region: &str, period: &str) -> Package {
    let regions = fillable(front, person);
    let own = regions
        .iter()
        .find(|(code, _)| *code == region)
        .or_else(|| regions.iter().find(|(code, _)| *code == person.region).or(regions.first()));
    let Some((region, region_name)) = own.cloned() else {
        return Package { period: period.to_owned(), ..Package::default() };
    };
    let desks = Desks { bureaus: &front.bureaus, person };
    let mut package = Package { region_name, period: period.to_owned(), ..Package::default() };
    for Answered { bureau, answer } in desks.package(&desks.with(&READERS), &region, period).await {
        match answer {
            Ok(lines) => package.lines.extend(lines.into_iter().map(|one| line(&bureau, one))),
            Err(problem) if problem.reason == "BUREAU_UNREACHABLE" => {
                package.down.push(bureau_title(&bureau).to_owned());
            }
            Err(problem) => tracing::info!(%bureau, %problem, "package not shown"),
        }
    }
    package.may_fill = person.holds_any(&REPORTERS);
    package.regions = regions;
    package.region = region;
    package
}

fn line(bureau: &str, line: PackageLine) -> Line {
    let standing = line.state();
    Line {
        bureau: bureau.to_owned(),
        bureau_title: bureau_title(bureau).to_owned(),
        state: state(standing, line.overdue),
        open: matches!(
            standing,
            ReportState::NotStarted | ReportState::Draft | ReportState::SentBack | ReportState::Recalled
        ),
        form: line.form,
        table_number: line.table_number,
        title: line.title,
        period: line.period,
        id: line.id,
        version: line.version,
        due_on: line.due_on,
        filled: line.cells_filled,
        cells: line.cells_total,
        hard: line.hard_findings,
        unexplained: line.soft_findings,
        to_recount: line.stale_total,
    }
}

async fn act_on_package(
    Shared(front): Shared<Front>,
    uri: Uri,
    Posted { person, form, .. }: Posted<Fields>,
) -> Response {
    let (region, period) = (form.get("region").to_owned(), form.get("period").to_owned());
    let desks = Desks { bureaus: &front.bureaus, person: &person };
    if let [bureau, code, own] = form.get("one").split('/').collect::<Vec<_>>()[..] {
        return match open(&desks, bureau, code, &region, own).await {
            Ok(report) => see_other(&format!("/filling/{bureau}/{}?done=opened", report.id)),
            Err(said) => problem(&front, Some(&person), &uri, &said),
        };
    }
    let outcomes = match form.get("act") {
        "open" => open_all(&front, &desks, &region, &period).await,
        act => {
            let kind = match act {
                "zero" => SubmissionKind::Zero,
                "no_change" => SubmissionKind::NoChange,
                _ => SubmissionKind::Filled,
            };
            file(&front, &desks, &region, &period, kind).await
        }
    };
    let package = Package { outcomes, ..assemble(&front, &person, &region, &period).await };
    page(&front, Some(&person), &uri, |frame| package::page(frame, &package))
}

async fn open(desks: &Desks<'_>, bureau: &str, form: &str, region: &str, period: &str) -> Result<Report> {
    let asked = desks.request(OpenReportRequest {
        form: form.to_owned(),
        region: region.to_owned(),
        period: period.to_owned(),
        revision_reason: String::new(),
    });
    let answer = desks.client(bureau)?.open_report(asked).await.map_err(|status| said(bureau, &status))?;
    Ok(answer.into_inner())
}

/// Opens every form of the package that is not open yet: registers fill in what they know.
async fn open_all(front: &Front, desks: &Desks<'_>, region: &str, period: &str) -> Vec<(String, Option<String>)> {
    let mut outcomes = Vec::new();
    for line in assemble(front, desks.person, region, period).await.lines {
        if line.id.is_empty() && line.open {
            let opened = open(desks, &line.bureau, &line.form, region, &line.period).await;
            outcomes.push((line.title, opened.err().map(|problem| problem.message)));
        }
    }
    outcomes
}

/// Files the package with every bureau at which the person fills forms.
async fn file(
    front: &Front,
    desks: &Desks<'_>,
    region: &str,
    period: &str,
    kind: SubmissionKind,
) -> Vec<(String, Option<String>)> {
    let titles: BTreeMap<(String, String), String> = assemble(front, desks.person, region, period)
        .await
        .lines
        .into_iter()
        .map(|line| ((line.bureau, line.form), line.title))
        .collect();
    let mut outcomes = Vec::new();
    for Answered { bureau, answer } in desks.file(&desks.with(&REPORTERS), region, period, kind).await {
        match answer {
            Err(problem) => outcomes.push((bureau_title(&bureau).to_owned(), Some(problem.message))),
            Ok(answers) => outcomes.extend(answers.into_iter().filter(|answer| !answer.already).map(|answer| {
                let title = titles.get(&(bureau.clone(), answer.form.clone())).cloned().unwrap_or(answer.form);
                let faults: Vec<String> = answer.faults.into_iter().map(|fault| fault.message).collect();
                let why = if faults.is_empty() {
                    answer.message
                } else {
                    format!("{}：{}", answer.message, faults.join("；"))
                };
                (title, (!answer.ok).then_some(why))
            })),
        }
    }
    outcomes
}
