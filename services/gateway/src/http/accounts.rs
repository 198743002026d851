//! Administering accounts: who may sign in here, and which roles a person holds at which bureau. System administrators
//! administer the whole city, county administrators their county's tree.

use axum::Router;
use axum::extract::{Path, Query, State as Shared};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use city::region::Level;
use kit::clock::rfc3339;
use kit::{Kind, Problem, Result};
use proto::trust::GrantRequest;
use proto::trust::grant_service_client::GrantServiceClient;
use serde::Deserialize;
use trust::roles::{self, ROLES};

use super::{Front, pages};
use crate::accounts::store::Filter;
use crate::accounts::{Account, NewAccount, Reach};
use crate::bureaus::said;
use crate::console::{self, AccountList, AccountRow, AccountView, GrantRow, NewForm};
use crate::session::door::see_other;
use crate::session::{Posted, SignedIn};
use contract::bureau::title as bureau_title;

pub(super) fn router() -> Router<Front> {
    Router::new()
        .route("/accounts", get(list))
        .route("/accounts/new", get(new).post(open))
        .route("/accounts/{id}", get(show))
        .route("/accounts/{id}/reset", post(reset))
        .route("/accounts/{id}/disable", post(disable))
        .route("/accounts/{id}/enable", post(enable))
        .route("/accounts/{id}/give", post(give))
        .route("/accounts/{id}/end", post(end))
}

/// Filters and place in the list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Look {
    text: String,
    region: String,
    state: String,
    after: String,
}

async fn list(Shared(front): Shared<Front>, person: SignedIn, uri: Uri, Query(look): Query<Look>) -> Response {
    let made = async {
        let reach = reach(&front, &person)?;
        let filter = Filter {
            text: look.text.trim().chars().take(40).collect(),
            within: Some(look.region.clone()).filter(|region| !region.is_empty()).into_iter().collect(),
            disabled: match look.state.as_str() {
                "active" => Some(false),
                "disabled" => Some(true),
                _ => None,
            },
            prefixes: Vec::new(),
        };
        let (accounts, more) = front.accounts.list(&reach, filter, &look.after).await?;
        let address = |after: &str| {
            let mut query = form_urlencoded::Serializer::new(String::new());
            let given =
                [("text", look.text.as_str()), ("region", &look.region), ("state", &look.state), ("after", after)];
            query.extend_pairs(given.into_iter().filter(|(_, value)| !value.is_empty()));
            format!("/accounts?{}", query.finish())
        };
        let next = accounts.last().filter(|_| more).map(|last| address(&last.id)).unwrap_or_default();
        let now = front.state.clock().micros();
        let row = |account: Account| AccountRow {
            state: state_of(&account, now),
            region: region_title(&front, &account.region),
            id: account.id,
            name: account.name,
            unit: account.unit,
        };
        Ok(AccountList {
            rows: accounts.into_iter().map(row).collect(),
            regions: region_options(&front, &reach),
            next,
            first: if look.after.is_empty() { String::new() } else { address("") },
            text: look.text.clone(),
            state: look.state.clone(),
            region: look.region.clone(),
        })
    };
    let made: Result<AccountList> = made.await;
    pages::page(&front, Some(&person), &uri, |frame| console::accounts(frame, &made?))
}

async fn new(Shared(front): Shared<Front>, person: SignedIn, uri: Uri) -> Response {
    new_form(&front, &person, &uri, &NewAccount::default(), None)
}

fn new_form(front: &Front, person: &SignedIn, uri: &Uri, typed: &NewAccount, problem: Option<&Problem>) -> Response {
    let made = reach(front, person).and_then(|reach| {
        let form = NewForm {
            id: &typed.id,
            name: &typed.name,
            unit: &typed.unit,
            region: &typed.region,
            units: unit_names(front, &reach),
            regions: region_options(front, &reach),
            problem,
        };
        console::new_account(&pages::frame(front, Some(person), uri), &form)
    });
    with_status(problem, pages::page(front, Some(person), uri, |_| made))
}

async fn open(Shared(front): Shared<Front>, uri: Uri, posted: Posted<NewAccount>) -> Response {
    let Posted { person, form, .. } = posted;
    let opened = match reach(&front, &person) {
        Ok(reach) => front.accounts.open_account(&person.id, &reach, form.clone()).await,
        Err(problem) => Err(problem),
    };
    match opened {
        Ok((account, first)) => pages::page(&front, Some(&person), &uri, |frame| {
            console::first_password(frame, &account.id, &account.name, &first)
        }),
        Err(problem) => new_form(&front, &person, &uri, &form, Some(&problem)),
    }
}

/// What was done just before this page, in its address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Done {
    done: String,
}

async fn show(
    Shared(front): Shared<Front>,
    person: SignedIn,
    uri: Uri,
    Path(id): Path<String>,
    Query(Done { done }): Query<Done>,
) -> Response {
    let done = match done.as_str() {
        "disable" => "账号已停用，已登录的也已退出。",
        "enable" => "账号已恢复使用。",
        "give" => "权限已授予。",
        "end" => "权限已收回。",
        _ => "",
    };
    account_page(&front, &person, &uri, &id, done, &Change::default(), None).await
}

async fn account_page(
    front: &Front,
    person: &SignedIn,
    uri: &Uri,
    id: &str,
    done: &str,
    typed: &Change,
    problem: Option<&Problem>,
) -> Response {
    let made = async {
        let city = &front.state.customs().city;
        let reach = reach(front, person)?;
        let account = front.accounts.get(&reach, id).await?;
        let held = front.bureaus.grants(id).await;
        let own = person.id == id;
        let barred = if own { None } else { reach.check_grants(city, &held).err() };
        let grants = held.held.iter().map(|held| GrantRow {
            bureau_title: bureau_title(&held.bureau).to_owned(),
            role_title: roles::title(&held.role).to_owned(),
            region_title: region_title(front, &held.region),
            may_end: !own && barred.is_none() && may_give(person, &held.bureau, &held.role),
            bureau: held.bureau.clone(),
            role: held.role.clone(),
            region: held.region.clone(),
        });
        let bureaus =
            front.bureaus.names().filter(|bureau| ROLES.iter().any(|role| may_give(person, bureau, role.code)));
        let offered = ROLES.iter().filter(|role| front.bureaus.names().any(|name| may_give(person, name, role.code)));
        let opened_by = if account.created_by.is_empty() { "系统初始化" } else { &account.created_by };
        let events = front
            .accounts
            .events(id)
            .await?
            .into_iter()
            .map(|event| [instant(event.at), event.actor, act_title(&event.act).to_owned(), event.detail]);
        let view = AccountView {
            id,
            name: &account.name,
            unit: &account.unit,
            region_title: region_title(front, &account.region),
            state: state_of(&account, front.state.clock().micros()),
            disabled: account.disabled,
            created: format!("{}，{opened_by}", instant(account.created_at)),
            own,
            barred: barred.as_ref().map(|problem| problem.message.clone()).unwrap_or_default(),
            grants: grants.collect(),
            unknown: held.unknown.iter().map(|bureau| bureau_title(bureau).to_owned()).collect(),
            bureaus: bureaus.map(|name| (name.to_owned(), bureau_title(name).to_owned())).collect(),
            roles: offered.map(|role| (role.code.to_owned(), role.title.to_owned())).collect(),
            regions: region_options(front, &reach),
            typed: [
                &typed.bureau,
                &typed.role,
                if typed.region.is_empty() { &account.region } else { &typed.region },
                &typed.reason,
            ],
            events: events.collect(),
            done,
            problem,
        };
        console::account(&pages::frame(front, Some(person), uri), &view)
    };
    let made: Result<String> = made.await;
    with_status(problem, pages::page(front, Some(person), uri, |_| made))
}

/// The fields of every act on an account; each act reads its own.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Change {
    bureau: String,
    role: String,
    region: String,
    reason: String,
}

async fn reset(Shared(front): Shared<Front>, uri: Uri, Path(id): Path<String>, posted: Posted<Change>) -> Response {
    let Posted { person, form, .. } = posted;
    let done = async {
        let account = administered(&front, &person, &id).await?;
        if person.id == id {
            return Err(Problem::forbidden("ACCOUNT_OWN", "自己的密码请在“修改密码”里改"));
        }
        Ok((account.name, front.accounts.reset_password(&person.id, &id).await?))
    };
    match done.await {
        Ok((name, first)) => {
            pages::page(&front, Some(&person), &uri, |frame| console::first_password(frame, &id, &name, &first))
        }
        Err(problem) => account_page(&front, &person, &uri, &id, "", &form, Some(&problem)).await,
    }
}

async fn disable(Shared(front): Shared<Front>, uri: Uri, Path(id): Path<String>, posted: Posted<Change>) -> Response {
    set_disabled(front, uri, id, posted, true).await
}

async fn enable(Shared(front): Shared<Front>, uri: Uri, Path(id): Path<String>, posted: Posted<Change>) -> Response {
    set_disabled(front, uri, id, posted, false).await
}

async fn set_disabled(front: Front, uri: Uri, id: String, posted: Posted<Change>, disabled: bool) -> Response {
    let Posted { person, form, .. } = posted;
    let reason: String = form.reason.trim().chars().take(100).collect();
    let done = match administered(&front, &person, &id).await {
        Ok(_) => front.accounts.set_disabled(&person.id, &id, disabled, &reason).await,
        Err(problem) => Err(problem),
    };
    let act = if disabled { "disable" } else { "enable" };
    finish(&front, &person, &uri, &id, act, &form, done).await
}

async fn give(Shared(front): Shared<Front>, uri: Uri, Path(id): Path<String>, posted: Posted<Change>) -> Response {
    change_grant(front, uri, id, posted, true).await
}

async fn end(Shared(front): Shared<Front>, uri: Uri, Path(id): Path<String>, posted: Posted<Change>) -> Response {
    change_grant(front, uri, id, posted, false).await
}

/// The bureau whose grant it is decides; here is only asked.
async fn change_grant(front: Front, uri: Uri, id: String, posted: Posted<Change>, give: bool) -> Response {
    let Posted { person, form, .. } = posted;
    let done = async {
        administered(&front, &person, &id).await?;
        let mut client = GrantServiceClient::new(front.bureaus.require(&form.bureau)?);
        let request = front.bureaus.request(
            &person,
            GrantRequest {
                user: id.clone(),
                role: form.role.clone(),
                region: form.region.clone(),
                reason: form.reason.clone(),
            },
        );
        let answer = if give { client.give_grant(request).await } else { client.end_grant(request).await };
        front.bureaus.forget(&id);
        answer.map(drop).map_err(|status| said(&form.bureau, &status))
    };
    let done = done.await;
    finish(&front, &person, &uri, &id, if give { "give" } else { "end" }, &form, done).await
}

/// Back to the account's page: by a new address after what was done, so that reloading does not do it again.
async fn finish(
    front: &Front,
    person: &SignedIn,
    uri: &Uri,
    id: &str,
    act: &str,
    typed: &Change,
    done: Result<()>,
) -> Response {
    match done {
        Ok(()) => see_other(&format!("/accounts/{id}?done={act}")),
        Err(problem) => account_page(front, person, uri, id, "", typed, Some(&problem)).await,
    }
}

fn reach(front: &Front, person: &SignedIn) -> Result<Reach> {
    Reach::of(&person.grants, &front.state.customs().city)
}

/// The account, when the person may administer it.
async fn administered(front: &Front, person: &SignedIn, id: &str) -> Result<Account> {
    let reach = reach(front, person)?;
    let account = front.accounts.get(&reach, id).await?;
    reach.check_grants(&front.state.customs().city, &*front.bureaus.grants(id).await)?;
    Ok(account)
}

/// Whether the bureau would let this administrator give the role somewhere.
fn may_give(person: &SignedIn, bureau: &str, role: &str) -> bool {
    let county = roles::role(role).is_some_and(|role| role.level == roles::Level::County);
    person.holds(bureau, "SYS_ADMIN") || county && person.holds(bureau, "COUNTY_ADMIN")
}

/// The administrator's regions down to the townships, in official order, indented by level.
fn region_options(front: &Front, reach: &Reach) -> Vec<(String, String)> {
    let city = &front.state.customs().city;
    let shown = city.regions.edition().regions.iter();
    shown
        .filter(|region| region.level != Level::Village && reach.covers(city, &region.code))
        .map(|region| {
            let indent = match region.level {
                Level::City => "",
                Level::County => "　",
                _ => "　　",
            };
            (region.code.clone(), format!("{indent}{}", region.short_name))
        })
        .collect()
}

/// Names of units to choose from: the plan's units for the city, the regions for a county.
fn unit_names(front: &Front, reach: &Reach) -> Vec<String> {
    let city = &front.state.customs().city;
    if reach.regions().contains(&city.code) {
        return city.organisations.iter().map(|organisation| organisation.name_in_plan.clone()).collect();
    }
    region_options(front, reach).into_iter().map(|(_, title)| title.trim().to_owned()).collect()
}

fn region_title(front: &Front, code: &str) -> String {
    let regions = &front.state.customs().city.regions;
    regions.get(code).map_or_else(|| code.to_owned(), |region| region.short_name.clone())
}

fn state_of(account: &Account, now: i64) -> &'static str {
    match account {
        Account { disabled: true, .. } => "已停用",
        account if account.locked(now) => "锁定中",
        Account { must_change: true, .. } => "待改密码",
        _ => "在用",
    }
}

fn act_title(act: &str) -> &str {
    match act {
        "SIGNED_IN" => "登录",
        "SIGN_IN_FAILED" => "登录未成",
        "SIGNED_OUT" => "退出",
        "OPENED" => "开设账号",
        "PASSWORD_RESET" => "重置密码",
        "PASSWORD_CHANGED" => "修改密码",
        "PASSWORD_PROVEN" => "核对原密码",
        "DISABLED" => "停用",
        "ENABLED" => "恢复使用",
        other => other,
    }
}

fn instant(micros: i64) -> String {
    rfc3339(micros).replace('T', " ").chars().take(16).collect()
}

/// A page about a problem carries the problem's status.
pub(super) fn with_status(problem: Option<&Problem>, page: Response) -> Response {
    match problem {
        Some(problem) if page.status() == StatusCode::OK && problem.kind != Kind::Internal => {
            let status = StatusCode::from_u16(problem.kind.codes().1).unwrap_or(StatusCode::BAD_REQUEST);
            (status, page).into_response()
        }
        _ => page,
    }
}
