//! 数据订阅 and 人员比对: which copies the bureaus keep of each other's registers, and what they asked each other about
//! people.

use axum::Router;
use axum::extract::{Query, State as Shared};
use axum::http::Uri;
use axum::response::Response;
use axum::routing::{get, post};
use kit::{Problem, Result};
use proto::childcare::{MatchStaffRequest, MatchStaffResponse};
use proto::contract::{FeedState, FeedStatus, ListFeedsRequest, ListFeedsResponse};
use proto::trust::{ListMatchBatchesRequest, ListMatchBatchesResponse, MatchedBatch};
use serde::Deserialize;

use super::{address, asking, demand, tabs, with_status};
use crate::console::sharing::Tab;
use crate::console::sharing::copies::{self, BatchesView, CopiesView, MatchedView};
use crate::http::{Front, pages};
use crate::session::{Posted, SignedIn};
use crate::sharing::{self, Asking, Gaps, LIST_BATCHES, LIST_FEEDS, MATCH_STAFF, Walked, may};
use contract::bureau::title as bureau_title;

pub(super) fn router() -> Router<Front> {
    Router::new()
        .route("/sharing/copies", get(list))
        .route("/sharing/matching", get(batches))
        .route("/sharing/matching/staff", post(match_staff))
}

/// Filters of the list of copies, which is short enough for one page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Look {
    bureau: String,
    source: String,
    state: String,
}

async fn list(Shared(front): Shared<Front>, person: SignedIn, uri: Uri, Query(look): Query<Look>) -> Response {
    let asking = asking(&front, &person);
    let all = asking.at(LIST_FEEDS);
    let refused = demand(&person).err().or_else(|| {
        let nowhere = all.is_empty() && person.grants.unknown.is_empty();
        nowhere.then(|| Problem::forbidden("ROLE_MISSING", "数据订阅由协调机制办公室、审计人员和系统管理员查看"))
    });
    if let Some(problem) = refused {
        return pages::problem(&front, Some(&person), &uri, &problem);
    }
    let (mut rows, mut gaps): (Vec<(String, FeedStatus)>, Gaps) = Default::default();
    for bureau in all.iter().filter(|name| look.bureau.is_empty() || **name == look.bureau) {
        let answer: Result<ListFeedsResponse> = asking.ask(bureau, LIST_FEEDS, &ListFeedsRequest {}).await;
        match answer {
            Ok(answer) => rows.extend(answer.feeds.into_iter().map(|feed| (bureau.clone(), feed))),
            Err(problem) => gaps.add(bureau, &problem),
        }
    }
    asking.name_silent(&mut gaps, LIST_FEEDS);
    rows.retain(|(_, feed)| {
        let troubled = !matches!(feed.state(), FeedState::Current | FeedState::Off);
        (look.source.is_empty() || feed.source == look.source) && (look.state != "troubled" || troubled)
    });
    let titled = |names: &[String]| names.iter().map(|name| (name.clone(), bureau_title(name).to_owned())).collect();
    let sources: Vec<String> = front.bureaus.names().filter(|name| *name != "gateway").map(str::to_owned).collect();
    let view = CopiesView {
        tabs: tabs(&front, &person, Tab::Copies),
        rows,
        gaps,
        bureaus: titled(&all),
        sources: titled(&sources),
        chosen: [look.bureau.clone(), look.source.clone(), look.state.clone()],
    };
    pages::page(&front, Some(&person), &uri, |frame| copies::list(frame, &view))
}

/// Bureaus that are asked about people, and whose records of it the person may read.
pub(super) fn questioned(asking: &Asking<'_>) -> impl Iterator<Item = String> {
    asking.at(LIST_BATCHES).into_iter().filter(|bureau| sharing::keepers_of_people().contains(bureau))
}

/// Filters and place in the list of questions.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Batches {
    bureau: String,
    agreement: String,
    refused: String,
    cursor: String,
}

async fn batches(Shared(front): Shared<Front>, person: SignedIn, uri: Uri, Query(look): Query<Batches>) -> Response {
    if let Err(problem) = may_look(&front, &person) {
        return pages::problem(&front, Some(&person), &uri, &problem);
    }
    let asking = asking(&front, &person);
    let all: Vec<String> = questioned(&asking).collect();
    let bureaus: Vec<String> =
        all.iter().filter(|name| look.bureau.is_empty() || **name == look.bureau).cloned().collect();
    let request = |page| ListMatchBatchesRequest {
        agreement: look.agreement.trim().to_owned(),
        refused: look.refused == "yes",
        page: Some(page),
    };
    let split = |answer: ListMatchBatchesResponse| (answer.batches, answer.next_cursor);
    let mut walked: Walked<MatchedBatch> =
        asking.walk((&bureaus, LIST_BATCHES), &look.cursor, &request, split, &|_| true).await;
    asking.name_silent(&mut walked.gaps, LIST_BATCHES);
    let here = |cursor: &str| {
        let given = [
            ("bureau", look.bureau.as_str()),
            ("agreement", look.agreement.trim()),
            ("refused", &look.refused),
            ("cursor", cursor),
        ];
        address("/sharing/matching", &given)
    };
    let view = BatchesView {
        tabs: tabs(&front, &person, Tab::Matching),
        first: if look.cursor.is_empty() { String::new() } else { here("") },
        next: if walked.next.is_empty() { String::new() } else { here(&walked.next) },
        walked,
        bureaus: all.iter().map(|name| (name.clone(), bureau_title(name).to_owned())).collect(),
        chosen: [look.bureau.clone(), look.agreement.clone(), look.refused.clone()],
        may_match: may(&person, "childcare", MATCH_STAFF),
        today: front.state.clock().today().to_string(),
    };
    pages::page(&front, Some(&person), &uri, |frame| copies::batches(frame, &view))
}

/// 人员比对 is also for childcare's reporter, who may run it.
fn may_look(front: &Front, person: &SignedIn) -> Result<()> {
    let asking = asking(front, person);
    if questioned(&asking).next().is_some() || may(person, "childcare", MATCH_STAFF) {
        return Ok(());
    }
    demand(person)?;
    if !person.grants.unknown.is_empty() {
        return Ok(());
    }
    Err(Problem::forbidden("ROLE_MISSING", "您没有查看人员比对的角色"))
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Day {
    as_of: String,
}

async fn match_staff(Shared(front): Shared<Front>, uri: Uri, posted: Posted<Day>) -> Response {
    let Posted { person, form, .. } = posted;
    let asking = asking(&front, &person);
    let asked = async {
        if !may(&person, "childcare", MATCH_STAFF) {
            return Err(Problem::forbidden("ROLE_MISSING", "从业人员比对由托育主管部门的填报人或核定人办理"));
        }
        asking.ask("childcare", MATCH_STAFF, &MatchStaffRequest { as_of: form.as_of.trim().to_owned() }).await
    };
    let asked: Result<MatchStaffResponse> = asked.await;
    let page = pages::page(&front, Some(&person), &uri, |frame| {
        let view = MatchedView {
            tabs: tabs(&front, &person, Tab::Matching),
            as_of: &form.as_of,
            answer: asked.as_ref().ok(),
            problem: asked.as_ref().err(),
        };
        copies::matched(frame, &view)
    });
    with_status(asked.as_ref().err(), page)
}
