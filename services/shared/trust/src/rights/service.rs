//! `AccessRightService` at the door. Every service has it: `trust::serve` adds it beside the bureau's own routes.

use std::sync::Arc;

use city::bundle::City;
use jiff::civil::Date;
use kit::{Kind, Problem, Result, retry};
use proto::trust as wire;
use proto::trust::access_right_service_server::AccessRightService;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::Rights;
use super::state::{Act, State};
use super::store::{self, Actor, Row, Told};
use super::wanted::Wanted;
use crate::caller::Caller;
use crate::page::Page;
use crate::prose::{harmless, stated};

/// The rights to one service's methods, for the people who decide about them.
#[derive(Clone, Debug)]
pub struct AccessRights {
    pub(crate) rights: Rights,
    pub(crate) city: Arc<City>,
}

/// The numbers that a grant records.
struct Numbers {
    catalogue: String,
    authorisation: String,
}

impl AccessRights {
    pub(super) async fn apply(
        &self,
        caller: &Caller,
        request: wire::ApplyAccessRightRequest,
    ) -> Result<wire::AccessRight> {
        let by = actor(caller)?;
        let clock = self.rights.clock();
        let mut fields = request.fields;
        fields.sort();
        fields.dedup();
        let valid_until = self.future("valid_until", &request.valid_until)?;
        let wanted = Wanted {
            method: request.method,
            consumer: request.consumer,
            purpose: request.purpose,
            fields,
            valid_until,
        };
        wanted.check(self.rights.rules(), self.rights.bureau())?;
        let basis = stated("basis", &request.basis, "请填写申请依据")?;
        let key = &request.idempotency_key;
        let row = retry(async || {
            let mut tx = self.rights.db().begin().await?;
            if let Some(first) = store::of_key(&mut tx, key).await? {
                return Ok(first);
            }
            if store::pending(&mut tx, &wanted).await? {
                return Err(Problem::new(Kind::Exists, "ACCESS_RIGHT_PENDING", "同一接口、部门和用途的申请正在办理"));
            }
            let row = store::insert(&mut tx, &wanted, basis, key, &by, clock).await?;
            tx.commit().await?;
            Ok(row)
        })
        .await?;
        self.message(row)
    }

    pub(super) async fn judge(
        &self,
        caller: &Caller,
        request: wire::JudgeAccessRightRequest,
        act: Act,
    ) -> Result<wire::AccessRight> {
        self.act(caller, &request.id, act, harmless("reason", &request.reason)?, None).await
    }

    pub(super) async fn grant(
        &self,
        caller: &Caller,
        request: wire::GrantAccessRightRequest,
    ) -> Result<wire::AccessRight> {
        let catalogue = harmless("catalogue_number", &request.catalogue_number)?.to_owned();
        let authorisation = harmless("authorisation_number", &request.authorisation_number)?.to_owned();
        let numbers = Numbers { catalogue, authorisation };
        let reason = harmless("reason", &request.reason)?;
        self.act(caller, &request.id, Act::Grant, reason, Some(numbers)).await
    }

    async fn act(
        &self,
        caller: &Caller,
        id: &str,
        act: Act,
        reason: &str,
        numbers: Option<Numbers>,
    ) -> Result<wire::AccessRight> {
        let by = actor(caller)?;
        let (id, clock) = (right_id(id)?, self.rights.clock());
        let row = retry(async || {
            let mut tx = self.rights.db().begin().await?;
            let mut row = store::get(&mut tx, id).await?;
            let before = row.progress()?;
            let after = before.after(act, &by.id, reason)?;
            let now = Some(clock.micros());
            match act {
                Act::Check => row.checked_at = now,
                Act::Review => row.reviewed_at = now,
                Act::Grant => {
                    row.granted_at = now;
                    self.number(&mut row, numbers.as_ref())?;
                    if let Some(old) = store::held(&mut tx, &row.wanted()?).await? {
                        let from = old.state()?;
                        let old = Row { state: State::Ended.code().to_owned(), ..old };
                        store::update(&mut tx, &old, from, &by, "由新的授权替代", clock).await?;
                    }
                }
                Act::Reject | Act::Suspend | Act::Resume | Act::End => {}
            }
            row.state = after.state.code().to_owned();
            (row.checked_by, row.reviewed_by, row.granted_by) = (after.checked, after.reviewed, after.granted);
            store::update(&mut tx, &row, before.state, &by, reason, clock).await?;
            tx.commit().await?;
            Ok(row)
        })
        .await?;
        // It holds from now on at this replica; what fails here is made good by the next refresh.
        if let Err(problem) = self.rights.refresh().await {
            tracing::warn!(%problem, "access rights are not refreshed");
        }
        self.message(row)
    }

    /// Within the contract as it is now, not run out, and with both numbers: NUMBER_MISSING.
    fn number(&self, row: &mut Row, numbers: Option<&Numbers>) -> Result<()> {
        let wanted = row.wanted()?;
        let method = wanted.check(self.rights.rules(), self.rights.bureau())?;
        self.not_past("valid_until", wanted.valid_until)?;
        let given = numbers.map_or("", |numbers| numbers.catalogue.as_str());
        let catalogue = if given.is_empty() { method.rule.catalogue_number.as_str() } else { given };
        let authorisation = numbers.map_or("", |numbers| numbers.authorisation.as_str());
        for (field, title, value) in
            [("catalogue_number", "目录代码", catalogue), ("authorisation_number", "授权编号", authorisation)]
        {
            if value.is_empty() {
                return Err(Problem::field(field, "NUMBER_MISSING", format!("授权时须填写{title}")));
            }
        }
        (row.catalogue_number, row.authorisation_number) = (catalogue.to_owned(), authorisation.to_owned());
        Ok(())
    }

    pub(super) async fn list(&self, request: wire::ListAccessRightsRequest) -> Result<wire::ListAccessRightsResponse> {
        let state = request.state();
        let state = match state {
            wire::AccessRightState::Unspecified => "",
            state => state.as_str_name().trim_start_matches(PREFIX),
        };
        let page = Page::asked(request.page)?;
        let filters = [state, &request.consumer, &request.method];
        let (rows, next_cursor) = store::list(self.rights.db(), page, filters).await?;
        let rights = rows.into_iter().map(|row| self.message(row)).collect::<Result<_>>()?;
        Ok(wire::ListAccessRightsResponse { rights, next_cursor })
    }

    pub(super) async fn get(&self, id: &str) -> Result<wire::AccessRightDetail> {
        let (row, history) = store::detail(self.rights.db(), right_id(id)?).await?;
        Ok(wire::AccessRightDetail {
            right: Some(self.message(row)?),
            history: history.into_iter().map(told).collect(),
        })
    }

    fn future(&self, field: &str, text: &str) -> Result<Option<Date>> {
        if text.is_empty() {
            return Ok(None);
        }
        let date = text.parse().map_err(|_| Problem::field(field, "DATE_INVALID", format!("“{text}”不是日期")))?;
        self.not_past(field, Some(date))?;
        Ok(Some(date))
    }

    fn not_past(&self, field: &str, date: Option<Date>) -> Result<()> {
        match date {
            Some(date) if date < self.rights.clock().today() => {
                Err(Problem::field(field, "DATE_PAST", "有效期已过，请重新申请"))
            }
            _ => Ok(()),
        }
    }

    fn message(&self, row: Row) -> Result<wire::AccessRight> {
        let (today, state) = (self.rights.clock().today(), row.state()?);
        let within = self.city.answer_within;
        let asked = match state {
            State::Applied => Some((row.applied_at, within.check)),
            State::Checked => row.checked_at.map(|at| (at, within.review)),
            State::Reviewed => row.reviewed_at.map(|at| (at, within.grant)),
            _ => None,
        };
        let due = asked.and_then(|(since, days)| due(&self.city, since, days));
        let last = row.valid_until()?;
        Ok(wire::AccessRight {
            id: row.id.to_string(),
            fields: row.fields(),
            consumer_title: contract::bureau::title(&row.consumer).to_owned(),
            method: row.method,
            consumer: row.consumer,
            purpose: row.purpose,
            basis: row.basis,
            valid_until: row.valid_until.unwrap_or_default(),
            state: wire_state(state.code()).into(),
            catalogue_number: row.catalogue_number,
            authorisation_number: row.authorisation_number,
            applied_by: row.applied_by,
            applied_at_micros: row.applied_at,
            checked_by: row.checked_by.unwrap_or_default(),
            checked_at_micros: row.checked_at.unwrap_or_default(),
            reviewed_by: row.reviewed_by.unwrap_or_default(),
            reviewed_at_micros: row.reviewed_at.unwrap_or_default(),
            granted_by: row.granted_by.unwrap_or_default(),
            granted_at_micros: row.granted_at.unwrap_or_default(),
            overdue: due.is_some_and(|due| today > due),
            due_on: due.map(|due| due.to_string()).unwrap_or_default(),
            in_force: state == State::Granted && last.is_none_or(|last| today <= last),
            seeded: row.seeded,
        })
    }
}

const PREFIX: &str = "ACCESS_RIGHT_STATE_";

fn wire_state(code: &str) -> wire::AccessRightState {
    wire::AccessRightState::from_str_name(&format!("{PREFIX}{code}")).unwrap_or_default()
}

fn told(line: Told) -> wire::AccessRightAct {
    wire::AccessRightAct {
        at_micros: line.at,
        from_state: wire_state(&line.from_state).into(),
        to_state: wire_state(&line.to_state).into(),
        by: line.by_name,
        reason: line.reason,
    }
}

/// The day by which an answer is due; None for a year without a calendar, which is never guessed.
pub(crate) fn due(city: &City, since: i64, days: u32) -> Option<Date> {
    city.calendar.add_working_days(kit::clock::date_of(since), days).ok()
}

/// Who decides: a person whose role reaches the whole city.
fn actor(caller: &Caller) -> Result<Actor> {
    caller.scope.check(&caller.city.code)?;
    let user = caller.user()?;
    Ok(Actor { id: user.id.clone(), name: user.signed() })
}

fn right_id(text: &str) -> Result<Uuid> {
    text.parse().map_err(|_| store::unknown())
}

type Answer<T> = std::result::Result<Response<T>, Status>;

#[tonic::async_trait]
impl AccessRightService for AccessRights {
    async fn apply_access_right(&self, request: Request<wire::ApplyAccessRightRequest>) -> Answer<wire::AccessRight> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(self.apply(&caller, request.into_inner()).await?))
    }

    async fn check_access_right(&self, request: Request<wire::JudgeAccessRightRequest>) -> Answer<wire::AccessRight> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(self.judge(&caller, request.into_inner(), Act::Check).await?))
    }

    async fn review_access_right(&self, request: Request<wire::JudgeAccessRightRequest>) -> Answer<wire::AccessRight> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(self.judge(&caller, request.into_inner(), Act::Review).await?))
    }

    async fn grant_access_right(&self, request: Request<wire::GrantAccessRightRequest>) -> Answer<wire::AccessRight> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(self.grant(&caller, request.into_inner()).await?))
    }

    async fn reject_access_right(&self, request: Request<wire::JudgeAccessRightRequest>) -> Answer<wire::AccessRight> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(self.judge(&caller, request.into_inner(), Act::Reject).await?))
    }

    async fn suspend_access_right(&self, request: Request<wire::JudgeAccessRightRequest>) -> Answer<wire::AccessRight> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(self.judge(&caller, request.into_inner(), Act::Suspend).await?))
    }

    async fn resume_access_right(&self, request: Request<wire::JudgeAccessRightRequest>) -> Answer<wire::AccessRight> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(self.judge(&caller, request.into_inner(), Act::Resume).await?))
    }

    async fn end_access_right(&self, request: Request<wire::JudgeAccessRightRequest>) -> Answer<wire::AccessRight> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(self.judge(&caller, request.into_inner(), Act::End).await?))
    }

    async fn list_access_rights(
        &self,
        request: Request<wire::ListAccessRightsRequest>,
    ) -> Answer<wire::ListAccessRightsResponse> {
        Ok(Response::new(self.list(request.into_inner()).await?))
    }

    async fn get_access_right(&self, request: Request<wire::GetAccessRightRequest>) -> Answer<wire::AccessRightDetail> {
        Ok(Response::new(self.get(&request.into_inner().id).await?))
    }
}
