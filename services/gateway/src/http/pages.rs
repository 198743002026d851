//! The console's pages. The pages themselves are made in [`crate::console`]; here is only where they live.

use axum::Router;
use axum::extract::{Path, Query, State as Shared};
use axum::http::{StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use city::period::Period;
use kit::{Kind, Problem};
use serde::Deserialize;

use super::{Front, READERS};
use crate::console::{self, Frame};
use crate::desks::Desks;
use crate::session::{SignedIn, Visitor, door};
use crate::state::State;
use crate::{assemble, query};

pub(super) fn router() -> Router<Front> {
    Router::new()
        .route("/", get(overview))
        .route("/wall", get(wall))
        .route("/indicators/{code}", get(indicator))
        .route("/assets/console.css", get(stylesheet))
        .route("/assets/wall.js", get(script))
        .fallback(not_found)
}

/// What a page's address may choose; what it leaves out is the whole city, and the last ended month.
#[derive(Debug, Default, Deserialize)]
struct Choice {
    #[serde(default)]
    region: String,
    #[serde(default)]
    period: String,
    #[serde(default)]
    as_of: String,
    /// The indicator that the map of the counties shows.
    #[serde(default)]
    map: String,
}

async fn overview(Shared(front): Shared<Front>, visitor: Visitor, uri: Uri, Query(choice): Query<Choice>) -> Response {
    let state = front.state.clone();
    page(&front, visitor.person(), &uri, |frame| {
        let period = chosen(&state, &choice.period);
        let list = query::indicators(&state, &choice.region, &period, &choice.as_of, false)?;
        let reference = query::reference(&state)?;
        let (tasks, projects) = (assemble::tasks(&reference), assemble::projects(&reference));
        let city = &state.customs().city;
        let table = match list.region == city.code {
            true => Some(query::counties(&state, &period, &choice.as_of)?.0),
            false => None,
        };
        let cuts = state.cuts().into_iter().filter(|cut| cut.period.to_string() == period);
        let cuts: Vec<_> = cuts
            .map(|cut| console::CutLink {
                address: cut.address(),
                title: format!("{}（{}）", cut.name, cut.cut.mode.label()),
            })
            .collect();
        let map = table.as_ref().map(|table| console::Map {
            table,
            tiles: &city.tiles,
            chosen: &choice.map,
            as_of: &choice.as_of,
            cuts: &cuts,
        });
        console::overview(frame, &list, &query::bureaus(&state)?, &tasks, &projects, map)
    })
}

async fn wall(Shared(front): Shared<Front>, visitor: Visitor, uri: Uri, Query(choice): Query<Choice>) -> Response {
    let state = front.state.clone();
    page(&front, visitor.person(), &uri, |frame| {
        let period = chosen(&state, &choice.period);
        let cut = state.moment(&choice.as_of)?.named;
        let cut = cut.map_or_else(String::new, |cut| format!("{}（{}）", cut.name, cut.cut.mode.label()));
        console::wall(
            frame,
            &console::Wall {
                list: &query::indicators(&state, "", &period, &choice.as_of, false)?,
                table: &query::counties(&state, &period, &choice.as_of)?.0,
                tiles: &state.customs().city.tiles,
                bureaus: &query::bureaus(&state)?,
                map: &choice.map,
                cut: &cut,
            },
        )
    })
}

async fn indicator(
    Shared(front): Shared<Front>,
    visitor: Visitor,
    uri: Uri,
    Path(code): Path<String>,
    Query(choice): Query<Choice>,
) -> Response {
    let state = front.state.clone();
    page(&front, visitor.person(), &uri, |frame| {
        let period = chosen(&state, &choice.period);
        let detail = query::indicator(&state, &code, &choice.region, &period, &choice.as_of)?;
        let mut proof = format!("/api/v1/indicators/{code}/proof?region={}&period={period}", detail.region);
        if !choice.as_of.is_empty() {
            proof.push_str("&as_of=");
            proof.push_str(&choice.as_of.replace('+', "%2B"));
        }
        let bureaus = query::bureaus(&state)?;
        let person = visitor.person();
        let doubted_at = person.map(|person| Desks { bureaus: &front.bureaus, person }.with(&READERS));
        console::indicator(frame, &detail, &bureaus, &proof, &doubted_at.unwrap_or_default())
    })
}

/// Kept for ever under the address of its content; asked about again under any other.
async fn stylesheet(uri: Uri) -> impl IntoResponse {
    let present = uri.path_and_query().is_some_and(|path| path.as_str() == console::stylesheet_address());
    let keep = if present { "public, max-age=31536000, immutable" } else { "no-cache" };
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, keep)], console::STYLESHEET)
}

async fn script() -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")],
        console::WALL_SCRIPT,
    )
}

async fn not_found(Shared(front): Shared<Front>, person: Option<SignedIn>, uri: Uri) -> Response {
    problem(&front, person.as_ref(), &uri, &Problem::new(Kind::NotFound, "PAGE_UNKNOWN", "没有这个页面"))
}

/// The address of a form's sending, typed or opened again.
pub(super) async fn only_posted(Shared(front): Shared<Front>, person: Option<SignedIn>, uri: Uri) -> Response {
    let html = console::error(
        Some(&frame(&front, person.as_ref(), &uri)),
        405,
        "这个地址只接收表单，请从页面上办理",
        "FORM_ONLY",
    );
    (StatusCode::METHOD_NOT_ALLOWED, Html(html)).into_response()
}

/// Makes a page for a person, or the page that says why not.
pub(crate) fn page(
    front: &Front,
    person: Option<&SignedIn>,
    uri: &Uri,
    make: impl FnOnce(&Frame) -> kit::Result<String>,
) -> Response {
    match make(&frame(front, person, uri)) {
        Ok(html) => Html(html).into_response(),
        Err(said) => problem(front, person, uri, &said),
    }
}

/// The page that says what went wrong.
pub(crate) fn problem(front: &Front, person: Option<&SignedIn>, uri: &Uri, problem: &Problem) -> Response {
    let status = problem.kind.codes().1;
    let html = console::error(Some(&frame(front, person, uri)), status, &problem.message, problem.reason);
    (StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), Html(html)).into_response()
}

/// A page that was made without the help of [`page`].
pub(crate) fn html(made: kit::Result<String>) -> Response {
    match made {
        Ok(html) => Html(html).into_response(),
        Err(said) => {
            let html = console::error(None, said.kind.codes().1, &said.message, said.reason);
            (StatusCode::INTERNAL_SERVER_ERROR, Html(html)).into_response()
        }
    }
}

/// The last month that has ended, unless a period was chosen.
pub(crate) fn chosen(state: &State, period: &str) -> String {
    if period.is_empty() { last_month(state).to_string() } else { period.to_owned() }
}

fn last_month(state: &State) -> Period {
    let today = state.clock().today();
    if today.month() == 1 {
        Period::Month(today.year() - 1, 12)
    } else {
        Period::Month(today.year(), today.month() - 1)
    }
}

/// What surrounds every page. Before the plan has arrived it is that of the city's own folder.
pub(crate) fn frame(front: &Front, person: Option<&SignedIn>, uri: &Uri) -> Frame {
    let state = &front.state;
    let city = &state.customs().city;
    let reference = query::reference(state).ok();
    let (tree, plan) =
        reference.as_ref().map_or((&city.regions, &city.plan), |reference| (&reference.regions, &reference.plan));
    let mut region_options = vec![(tree.city().code.clone(), tree.city().name.clone())];
    region_options.extend(tree.counties().into_iter().map(|county| (county.code.clone(), county.short_name.clone())));
    let (today, last) = (state.clock().today(), last_month(state));
    let months = (0..13).map(|back| {
        let at = last.year() * 12 + i16::from(last.last_day().month()) - 1 - back;
        Period::Month(at / 12, (at % 12 + 1) as i8)
    });
    let years = (2020..today.year()).rev().map(Period::Year);
    let period_options =
        months.chain(years).map(|period| (period.to_string(), assemble::period_words(period))).collect();
    Frame {
        city_title: format!("{}“一老一小”协同平台", tree.city().name),
        synthetic: state.customs().accept_synthetic,
        plan_title: plan.title.clone(),
        region_options,
        period_options,
        nav: console::nav::entries(person, uri.path()),
        person: person.map(|person| console::Person {
            name: person.name.clone(),
            unit: person.unit.clone(),
            csrf_token: person.csrf_token.clone(),
            must_change: person.must_change,
            unknown: person.grants.unknown.iter().map(|bureau| contract::bureau::title(bureau).to_owned()).collect(),
        }),
        signin: if uri.path() == "/signin" { String::new() } else { door::signin(uri) },
        form_key: state.clock().id().to_string(),
    }
}
