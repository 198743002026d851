//! 解锁: asking that a locked period be opened, and deciding it, over all bureaus.

use axum::Router;
use axum::extract::State as Shared;
use axum::http::Uri;
use axum::response::Response;
use axum::routing::get;
use kit::Result;
use proto::reporting::{DecideUnlockRequest, ListUnlocksRequest, RequestUnlockRequest, Unlock, UnlockState};

use super::filling::fillable;
use super::pages::page;
use super::{Front, READERS, REPORTERS};
use crate::bureaus::said;
use crate::console::work::instant;
use crate::console::work::unlocks::{self, Askable, Line, Typed, Unlocks};
use crate::desks::Desks;
use crate::session::{Fields, Posted, SignedIn};
use contract::bureau::title as bureau_title;

pub(super) fn router() -> Router<Front> {
    Router::new().route("/unlocks", get(show).post(act))
}

async fn show(Shared(front): Shared<Front>, person: SignedIn, uri: Uri) -> Response {
    answer(&front, &person, &uri, Unlocks::default()).await
}

async fn answer(front: &Front, person: &SignedIn, uri: &Uri, mut it: Unlocks) -> Response {
    let desks = Desks { bureaus: &front.bureaus, person };
    let asks = desks.with(&REPORTERS);
    for bureau in desks.with(&READERS) {
        match of_bureau(front, &desks, &bureau, asks.contains(&bureau), &mut it).await {
            Ok(()) => {}
            Err(problem) if problem.reason == "BUREAU_UNREACHABLE" => it.down.push(bureau_title(&bureau).to_owned()),
            Err(problem) => tracing::info!(%bureau, %problem, "unlocks not shown"),
        }
    }
    it.lines.sort_by_key(|line| (!line.waits(), -line.unlock.requested_at_micros));
    it.regions = fillable(front, person);
    if it.typed.region.is_empty() {
        it.typed.region.clone_from(&person.region);
    }
    page(front, Some(person), uri, |frame| unlocks::page(frame, &it))
}

async fn of_bureau(front: &Front, desks: &Desks<'_>, bureau: &str, asks: bool, it: &mut Unlocks) -> Result<()> {
    let forms = desks.forms(bureau).await?;
    let asked = desks.request(ListUnlocksRequest::default());
    let answer = desks.client(bureau)?.list_unlocks(asked).await.map_err(|status| said(bureau, &status))?.into_inner();
    it.more |= !answer.next_cursor.is_empty();
    let tree = &front.state.customs().city.regions;
    for unlock in answer.unlocks {
        let title = forms.iter().find(|form| form.code == unlock.form).map_or(&unlock.form, |form| &form.title);
        it.lines.push(Line {
            bureau: bureau.to_owned(),
            bureau_title: bureau_title(bureau).to_owned(),
            form_title: title.clone(),
            region_name: tree.get(&unlock.region).map_or(&unlock.region, |region| &region.short_name).clone(),
            requested_at: instant(unlock.requested_at_micros),
            may_decide: may_decide(desks.person, bureau, &unlock),
            unlock,
        });
    }
    if asks {
        it.askable.extend(forms.into_iter().map(|form| Askable {
            value: format!("{bureau}/{}", form.code),
            title: format!("{} · {}", form.title, bureau_title(bureau)),
        }));
    }
    Ok(())
}

fn may_decide(person: &SignedIn, bureau: &str, unlock: &Unlock) -> bool {
    unlock.state() == UnlockState::Requested
        && unlock.requested_by != person.id
        && person.holds(bureau, "CITY_BUREAU_APPROVER")
}

async fn act(Shared(front): Shared<Front>, uri: Uri, Posted { person, form, .. }: Posted<Fields>) -> Response {
    let desks = Desks { bureaus: &front.bureaus, person: &person };
    let typed = Typed {
        form: form.get("form").to_owned(),
        region: form.get("region").to_owned(),
        period: form.get("period").trim().to_owned(),
        reason: form.get("reason").to_owned(),
    };
    let outcome = match form.get("act") {
        "ask" => ask(&desks, &typed).await,
        act => decide(&desks, &form, act == "grant").await,
    };
    let it = match outcome {
        Ok(done) => Unlocks { done: done.to_owned(), ..Unlocks::default() },
        Err(problem) => Unlocks { refused: Some(problem), typed, ..Unlocks::default() },
    };
    answer(&front, &person, &uri, it).await
}

async fn ask(desks: &Desks<'_>, typed: &Typed) -> Result<&'static str> {
    let (bureau, form) = typed.form.split_once('/').unwrap_or_default();
    let asked = desks.request(RequestUnlockRequest {
        form: form.to_owned(),
        region: typed.region.clone(),
        period: typed.period.clone(),
        reason: typed.reason.clone(),
    });
    desks.client(bureau)?.request_unlock(asked).await.map_err(|status| said(bureau, &status))?;
    Ok("已提交解锁申请，批准后就可以补报。")
}

async fn decide(desks: &Desks<'_>, form: &Fields, grant: bool) -> Result<&'static str> {
    let bureau = form.get("bureau");
    let asked = desks.request(DecideUnlockRequest {
        id: form.get("id").to_owned(),
        grant,
        reason: form.get("reason").to_owned(),
        until_on: form.get("until_on").to_owned(),
    });
    desks.client(bureau)?.decide_unlock(asked).await.map_err(|status| said(bureau, &status))?;
    Ok(if grant { "已同意解锁。" } else { "已答复不同意。" })
}
