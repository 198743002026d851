//! The console's pages. The pages themselves are made in [`crate::console`]; here is only where they live.

use axum::Router;
use axum::extract::{Path, Query, State as Shared};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use city::period::Period;
use kit::{Kind, Problem};
use serde::Deserialize;

use crate::console::{self, Frame};
use crate::state::State;
use crate::{assemble, query};

pub(super) fn router() -> Router<State> {
    Router::new()
        .route("/", get(overview))
        .route("/indicators/{code}", get(indicator))
        .route("/assets/console.css", get(stylesheet))
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

async fn overview(Shared(state): Shared<State>, Query(choice): Query<Choice>) -> Response {
    page(&state, |frame| {
        let period = chosen(&state, &choice.period);
        let list = query::indicators(&state, &choice.region, &period, &choice.as_of, false)?;
        let reference = query::reference(&state)?;
        let (tasks, projects) = (assemble::tasks(&reference), assemble::projects(&reference));
        let city = &state.customs().city;
        let table = match list.region == city.code {
            true => Some(query::counties(&state, &period, &choice.as_of)?),
            false => None,
        };
        let map = table.as_ref().map(|table| console::Map {
            table,
            tiles: &city.tiles,
            chosen: &choice.map,
            as_of: &choice.as_of,
        });
        console::overview(frame, &list, &query::bureaus(&state)?, &tasks, &projects, map)
    })
}

async fn indicator(Shared(state): Shared<State>, Path(code): Path<String>, Query(choice): Query<Choice>) -> Response {
    page(&state, |frame| {
        let period = chosen(&state, &choice.period);
        let detail = query::indicator(&state, &code, &choice.region, &period, &choice.as_of)?;
        let mut proof = format!("/api/v1/indicators/{code}/proof?region={}&period={period}", detail.region);
        if !choice.as_of.is_empty() {
            proof.push_str("&as_of=");
            proof.push_str(&choice.as_of.replace('+', "%2B"));
        }
        console::indicator(frame, &detail, &query::bureaus(&state)?, &proof)
    })
}

async fn stylesheet() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], console::STYLESHEET)
}

async fn not_found(Shared(state): Shared<State>) -> Response {
    page(&state, |_| Err(Problem::new(Kind::NotFound, "PAGE_UNKNOWN", "没有这个页面")))
}

/// Makes a page, or the page that says why not.
fn page(state: &State, make: impl FnOnce(&Frame) -> kit::Result<String>) -> Response {
    let frame = frame(state);
    let made = match &frame {
        Ok(frame) => make(frame),
        Err(problem) => Err(problem.clone()),
    };
    match made {
        Ok(html) => Html(html).into_response(),
        Err(problem) => {
            let status = problem.kind.codes().1;
            let html = console::error(frame.as_ref().ok(), status, &problem.message, problem.reason);
            (StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), Html(html)).into_response()
        }
    }
}

/// The last month that has ended, unless a period was chosen.
fn chosen(state: &State, period: &str) -> String {
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

fn frame(state: &State) -> kit::Result<Frame> {
    let reference = query::reference(state)?;
    let tree = &reference.regions;
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
    Ok(Frame {
        city_title: format!("{}“一老一小”协同平台", tree.city().name),
        synthetic: state.customs().accept_synthetic,
        plan_title: reference.plan.title.clone(),
        region_options,
        period_options,
    })
}
