//! 数据定版: making cuts, comparing them, 终期评估, and issuing 调度通报. Whoever may look at the views may look here; the
//! coordination office makes, explains and issues.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State as Shared};
use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use kit::{Problem, Result};
use proto::supervision::{Lamp, TaskState};
use serde::Deserialize;

use super::pages::{self, chosen, page};
use super::plan::ledger_tasks;
use super::{Front, REGISTRAR};
use crate::bulletin::{self, Bulletin, LateTask, Material, Narrative, Tasks, docx, xlsx};
use crate::console::cuts::{self as view, Cuts, Detail, Evaluated, IssuedLine, Line, PublicLine};
use crate::cut::Mode;
use crate::cuts::compare::{self, Comparison};
use crate::cuts::desk::{self, By, Document};
use crate::cuts::{NamedCut, PREFIX, store};
use crate::evaluate::Context;
use crate::final_evaluation::{self, Ended};
use crate::session::{Fields, Posted, SignedIn, Visitor};
use crate::{public_data, query};

/// Cuts on one page.
const PAGE: usize = 50;
/// Late tasks that a bulletin names.
const LATE_NAMED: usize = 3;

pub(super) fn router() -> Router<Front> {
    Router::new()
        .route("/cuts", get(list).post(make))
        .route("/cuts/{id}", get(show))
        .route("/cuts/{id}/compare", get(compared))
        .route("/cuts/{id}/evaluation", get(evaluation).post(explain))
        .route("/cuts/{id}/draft", get(draft))
        .route("/cuts/{id}/bulletin", post(issue))
        .route("/issued/{id}", get(issued))
}

/// True for the coordination office.
fn is_registrar(person: Option<&SignedIn>) -> bool {
    person.is_some_and(|person| person.holds("gateway", REGISTRAR))
}

pub(super) fn demand_registrar(person: &SignedIn) -> Result<()> {
    match is_registrar(Some(person)) {
        true => Ok(()),
        false => Err(Problem::forbidden("ROLE_MISSING", "由工作协调机制办公室办理")),
    }
}

pub(super) fn found(front: &Front, id: &str) -> Result<Arc<NamedCut>> {
    let moment = front.state.moment(&format!("{PREFIX}{id}"))?;
    moment.named.ok_or_else(|| Problem::not_found("CUT_UNKNOWN", "没有这个定版"))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Place {
    /// Id of the last cut of the page before.
    after: String,
}

async fn list(Shared(front): Shared<Front>, visitor: Visitor, uri: Uri, Query(place): Query<Place>) -> Response {
    listed(&front, visitor.person(), &uri, &place.after, Cuts::default())
}

fn listed(front: &Front, person: Option<&SignedIn>, uri: &Uri, after: &str, mut it: Cuts) -> Response {
    let all = front.state.cuts();
    let begin = all.iter().position(|cut| cut.id.to_string() == after).map_or(0, |at| at + 1);
    let shown = &all[begin..all.len().min(begin + PAGE)];
    it.lines = shown.iter().map(|cut| Line::of(cut)).collect();
    if begin + PAGE < all.len() {
        it.older = shown.last().map(|last| format!("/cuts?after={}", last.id)).unwrap_or_default();
    }
    it.may_make = is_registrar(person);
    if it.period.is_empty() {
        it.period = chosen(&front.state, "");
    }
    if it.mode.is_empty() {
        Mode::Complete.code().clone_into(&mut it.mode);
    }
    page(front, person, uri, |frame| view::list(frame, &it))
}

async fn make(Shared(front): Shared<Front>, uri: Uri, Posted { person, form, .. }: Posted<Fields>) -> Response {
    let by = By { id: &person.id, name: &person.name };
    let (name, period, mode) = (form.get("name"), form.get("period"), form.get("mode"));
    let made = match demand_registrar(&person) {
        Ok(()) => desk::make(&front.state, name, period, mode, by).await,
        Err(problem) => Err(problem),
    };
    match made {
        Ok(cut) => Redirect::to(&format!("/cuts/{}", cut.id)).into_response(),
        Err(problem) => {
            let it = Cuts {
                refused: Some(problem),
                name: name.to_owned(),
                period: period.to_owned(),
                mode: mode.to_owned(),
                ..Cuts::default()
            };
            listed(&front, Some(&person), &uri, "", it)
        }
    }
}

async fn show(Shared(front): Shared<Front>, visitor: Visitor, uri: Uri, Path(id): Path<String>) -> Response {
    detail(&front, visitor.person(), &uri, &id, None, Narrative::default(), String::new()).await
}

async fn detail(
    front: &Front,
    person: Option<&SignedIn>,
    uri: &Uri,
    id: &str,
    refused: Option<Problem>,
    typed: Narrative,
    done: String,
) -> Response {
    let made = async {
        let cut = found(front, id)?;
        let list = query::indicators(&front.state, "", &cut.period.to_string(), &cut.address(), true)?;
        let issued = store::issued(front.state.db(), cut.id).await?;
        let public = public_data::store::issued(front.state.db(), cut.id).await?;
        Ok((cut, list, issued, public))
    };
    let (cut, list, issued, public) = match made.await {
        Ok(made) => made,
        Err(problem) => return pages::problem(front, person, uri, &problem),
    };
    let all = front.state.cuts();
    page(front, person, uri, |frame| {
        let it = Detail {
            line: Line::of(&cut),
            footnote: cut.cut.mode.footnote(),
            list: &list,
            others: all.iter().filter(|other| other.id != cut.id).map(|other| Line::of(other)).collect(),
            issued: issued.iter().map(IssuedLine::of).collect(),
            public: public.as_ref().map(PublicLine::of),
            may_issue: is_registrar(person),
            refused,
            typed,
            done,
        };
        view::detail(frame, &it)
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct With {
    /// Id of the other cut; empty: what is known now.
    with: String,
    core: String,
    city: String,
}

/// What differs between a cut and another one, or now; the older one is the one before.
pub(super) fn comparison(front: &Front, id: &str, with: &str) -> Result<(Arc<NamedCut>, String, String, Comparison)> {
    let cut = found(front, id)?;
    let other = if with.is_empty() { None } else { Some(found(front, with)?) };
    let (mine, theirs) = (
        front.state.moment(&cut.address())?,
        match &other {
            Some(other) => front.state.moment(&other.address())?,
            None => front.state.moment("")?,
        },
    );
    let name = |moment: &crate::cuts::Moment| {
        moment.named.as_ref().map_or_else(|| "当前数据".to_owned(), |named| named.name.clone())
    };
    let (before, after) = if theirs.at < mine.at { (theirs, mine) } else { (mine, theirs) };
    let compared = front.state.cube(|cube| {
        let (old, mut new) = (before.cut(cube)?, after.cut(cube)?);
        if after.named.is_none() {
            new.mode = old.mode;
        }
        let (was, is) = (cube.reference(&old)?, cube.reference(&new)?);
        let was = Context { cube, cut: &old, reference: &was };
        let is = Context { cube, cut: &new, reference: &is };
        Ok(compare::compare(&was, &is, cut.period))
    })?;
    Ok((cut, name(&before), name(&after), compared))
}

async fn compared(
    Shared(front): Shared<Front>,
    visitor: Visitor,
    uri: Uri,
    Path(id): Path<String>,
    Query(with): Query<With>,
) -> Response {
    page(&front, visitor.person(), &uri, |frame| {
        let (_, before, after, comparison) = comparison(&front, &id, &with.with)?;
        let it = view::Compared {
            before,
            after,
            id: id.clone(),
            with: with.with.clone(),
            comparison: &comparison,
            core_only: !with.core.is_empty(),
            city_only: !with.city.is_empty(),
        };
        view::comparison(frame, &it)
    })
}

/// How the plan's targets ended, with the reasons that were stated.
async fn ended(front: &Front, cut: &NamedCut) -> Result<Vec<Ended>> {
    let mut ended = query::at(&front.state, "", &cut.period.to_string(), &cut.address(), |context, _| {
        Ok(final_evaluation::ended(context))
    })?;
    let reasons = store::reasons(front.state.db(), cut.id).await?;
    for one in &mut ended {
        if let Some(stated) = reasons.iter().find(|reason| reason.indicator == one.code) {
            one.reason.clone_from(&stated.reason);
        }
    }
    Ok(ended)
}

async fn evaluation(Shared(front): Shared<Front>, visitor: Visitor, uri: Uri, Path(id): Path<String>) -> Response {
    evaluated(&front, visitor.person(), &uri, &id, None, (String::new(), String::new()), false).await
}

async fn evaluated(
    front: &Front,
    person: Option<&SignedIn>,
    uri: &Uri,
    id: &str,
    refused: Option<Problem>,
    typed: (String, String),
    done: bool,
) -> Response {
    let made = async {
        let cut = found(front, id)?;
        let ended = ended(front, &cut).await?;
        Ok((cut, ended))
    };
    match made.await {
        Err(problem) => pages::problem(front, person, uri, &problem),
        Ok((cut, ended)) => page(front, person, uri, |frame| {
            let may_explain = is_registrar(person);
            view::evaluation(
                frame,
                &Evaluated { line: Line::of(&cut), ended: &ended, may_explain, refused, typed, done },
            )
        }),
    }
}

async fn explain(
    Shared(front): Shared<Front>,
    uri: Uri,
    Path(id): Path<String>,
    Posted { person, form, .. }: Posted<Fields>,
) -> Response {
    let (indicator, reason) = (form.get("indicator").to_owned(), form.get("reason").to_owned());
    let explained = async {
        demand_registrar(&person)?;
        let cut = found(&front, &id)?;
        let by = By { id: &person.id, name: &person.name };
        desk::explain(&front.state, &cut, &indicator, &reason, by).await
    };
    match explained.await {
        Ok(()) => evaluated(&front, Some(&person), &uri, &id, None, Default::default(), true).await,
        Err(problem) => evaluated(&front, Some(&person), &uri, &id, Some(problem), (indicator, reason), false).await,
    }
}

/// The bulletin of a cut, with the tasks as this person may see them.
async fn bulletin(front: &Front, person: Option<&SignedIn>, cut: &NamedCut, narrative: &Narrative) -> Result<Bulletin> {
    let tasks = match person {
        Some(person) => tasks(front, person).await.ok(),
        None => None,
    };
    let links = front.state.links();
    query::at(&front.state, "", &cut.period.to_string(), &cut.address(), |context, _| {
        bulletin::make(&Material {
            context: *context,
            named: cut,
            links: &links,
            tasks,
            narrative,
            today: front.state.clock().today(),
            synthetic: front.state.customs().accept_synthetic,
        })
    })
}

/// What the task ledger says today.
async fn tasks(front: &Front, person: &SignedIn) -> Result<Tasks> {
    let all = ledger_tasks(front, person).await?;
    let count = |lamp: Lamp| all.iter().filter(|task| task.lamp() == lamp).count();
    let mut late: Vec<_> = all.iter().filter(|task| task.lamp() == Lamp::Red).collect();
    late.sort_by(|one, other| one.due.cmp(&other.due).then(one.number.cmp(&other.number)));
    let unit = |code: &String| {
        let city = &front.state.customs().city;
        city.organisation(code).map_or(code.as_str(), |unit| &unit.name_in_plan).to_owned()
    };
    Ok(Tasks {
        total: all.len(),
        done: all.iter().filter(|task| task.state() == TaskState::Done).count(),
        waiting: all.iter().filter(|task| task.state() == TaskState::DonePendingCheck).count(),
        red: count(Lamp::Red),
        yellow: count(Lamp::Yellow),
        silent: count(Lamp::Grey),
        late: late
            .into_iter()
            .take(LATE_NAMED)
            .map(|task| LateTask {
                number: task.number,
                content: task.content.clone(),
                unit: task.units.first().map(unit).unwrap_or_default(),
                due: task.due.clone(),
                percent: task.percent,
            })
            .collect(),
    })
}

async fn draft(Shared(front): Shared<Front>, visitor: Visitor, uri: Uri, Path(id): Path<String>) -> Response {
    let made = async {
        let cut = found(&front, &id)?;
        let narrative = Narrative { number: "（草稿）".to_owned(), ..Narrative::default() };
        let bulletin = bulletin(&front, visitor.person(), &cut, &narrative).await?;
        Ok(download(&format!("{}（草稿）.docx", bulletin.title), docx::MEDIA_TYPE, docx::write(&bulletin)?))
    };
    made.await.unwrap_or_else(|problem: Problem| pages::problem(&front, visitor.person(), &uri, &problem))
}

async fn issue(
    Shared(front): Shared<Front>,
    uri: Uri,
    Path(id): Path<String>,
    Posted { person, form, .. }: Posted<Fields>,
) -> Response {
    let narrative = Narrative {
        number: form.get("number").trim().to_owned(),
        to: form.get("to").to_owned(),
        coordination: form.get("coordination").to_owned(),
        next: form.get("next").to_owned(),
        copies: form.get("copies").to_owned(),
    };
    let issued = async {
        demand_registrar(&person)?;
        narrative.check()?;
        let cut = found(&front, &id)?;
        let bulletin = bulletin(&front, Some(&person), &cut, &narrative).await?;
        let document = |extension: &str, media_type, bytes| Document {
            title: bulletin.title.clone(),
            number: narrative.number.clone(),
            media_type,
            file_name: format!("{}{}.{extension}", narrative.number, bulletin.title),
            bytes,
        };
        let documents = vec![
            document("docx", docx::MEDIA_TYPE, docx::write(&bulletin)?),
            document("xlsx", xlsx::MEDIA_TYPE, xlsx::write(&bulletin)?),
        ];
        desk::issue(&front.state, &cut, documents, By { id: &person.id, name: &person.name }).await
    };
    match issued.await {
        Ok(_) => {
            let done = format!("已印发 {}，文件在下面", narrative.number);
            detail(&front, Some(&person), &uri, &id, None, Narrative::default(), done).await
        }
        Err(problem) => detail(&front, Some(&person), &uri, &id, Some(problem), narrative, String::new()).await,
    }
}

async fn issued(Shared(front): Shared<Front>, visitor: Visitor, uri: Uri, Path(id): Path<String>) -> Response {
    let unknown = || Problem::not_found("DOCUMENT_UNKNOWN", "没有这个文件");
    let made = async {
        let id = id.parse().map_err(|_| unknown())?;
        let (name, media_type, bytes) = store::bytes(front.state.db(), id).await?.ok_or_else(unknown)?;
        Ok(download(&name, &media_type, bytes))
    };
    made.await.unwrap_or_else(|problem: Problem| pages::problem(&front, visitor.person(), &uri, &problem))
}

pub(super) fn download(name: &str, media_type: &str, bytes: Vec<u8>) -> Response {
    let name = format!("attachment; filename*=UTF-8''{}", crate::console::escaped(name));
    let name = HeaderValue::try_from(name).unwrap_or_else(|_| HeaderValue::from_static("attachment"));
    let kind =
        HeaderValue::try_from(media_type).unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream"));
    ([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)], bytes).into_response()
}

/// The cuts as the JSON interface shows them.
pub(super) fn summaries(front: &Front) -> Vec<BTreeMap<&'static str, String>> {
    let all = front.state.cuts();
    all.iter()
        .map(|cut| {
            BTreeMap::from([
                ("id", cut.id.to_string()),
                ("as_of", cut.address()),
                ("name", cut.name.clone()),
                ("period", cut.period.to_string()),
                ("mode", cut.cut.mode.code().to_owned()),
                ("made_by", cut.made_by_name.clone()),
                ("made_at", kit::clock::rfc3339(cut.made_at)),
            ])
        })
        .collect()
}
