//! `CorrectionService` at the door. Every service has it: `trust::serve` adds it beside the bureau's own routes.

use std::sync::Arc;

use city::bundle::City;
use contract::rules::AccessRules;
use kit::{Clock, Db, Kind, Problem, Result, retry};
use proto::trust as wire;
use proto::trust::correction_service_server::CorrectionService;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::state::{Act, State};
use super::store::{self, Actor, New, Row, Told};
use super::subject::Subject;
use crate::caller::{Caller, User};
use crate::grants;
use crate::page::Page;
use crate::prose::harmless;
use crate::rights::service::due;

/// Roles that, held for the whole city, see every ticket of this service.
const VIEWERS: [&str; 4] = ["CITY_BUREAU_REPORTER", "CITY_BUREAU_APPROVER", "TASKFORCE_ADMIN", "AUDITOR"];

/// The tickets about one service's data.
#[derive(Clone, Debug)]
pub struct Corrections {
    pub(crate) bureau: String,
    pub(crate) city: Arc<City>,
    pub(crate) db: Db,
    pub(crate) clock: Clock,
    pub(crate) rules: Arc<AccessRules>,
}

impl Corrections {
    /// Who calls: the person whom the gate has let be presented, or a bureau for itself.
    pub(super) fn who<T>(&self, request: &Request<T>) -> Result<Actor, Status> {
        let caller = Caller::of(request)?;
        let name = caller.identity.rule_name();
        match &caller.user {
            Some(user) => Ok(person(user)),
            None if !contract::bureau::calls_for_people(name) => {
                Ok(Actor { key: format!("bureau:{name}"), name: contract::bureau::title(name).to_owned() })
            }
            None => Err(Problem::new(Kind::Unauthenticated, "PERSON_MISSING", "请先登录").into()),
        }
    }

    pub(super) async fn open(&self, by: &Actor, request: wire::OpenCorrectionRequest) -> Result<wire::Correction> {
        let subject = Subject::of(request.subject, &self.bureau, &self.city, &self.rules)?;
        let wrong = harmless("wrong", &request.wrong)?;
        let proposed = harmless("proposed", &request.proposed)?;
        if wrong.is_empty() {
            return Err(Problem::field("wrong", "FIELD_MISSING", "请说明疑义"));
        }
        let new = New { subject: &subject, wrong, proposed, key: &request.idempotency_key };
        let row = retry(async || {
            let mut tx = self.db.begin().await?;
            if let Some(first) = store::of_key(&mut tx, &by.key, new.key).await? {
                return Ok(first);
            }
            let row = store::insert(&mut tx, &new, by, &self.clock).await?;
            tx.commit().await?;
            Ok(row)
        })
        .await?;
        self.message(row, by)
    }

    pub(super) async fn answer(&self, user: &User, request: wire::AnswerCorrectionRequest) -> Result<wire::Correction> {
        let act = match request.answer() {
            wire::CorrectionAnswer::Accepted => Act::Accept,
            wire::CorrectionAnswer::Declined => Act::Decline,
            wire::CorrectionAnswer::Unspecified => {
                return Err(Problem::field("answer", "ANSWER_MISSING", "请选择采纳或不采纳"));
            }
        };
        self.act(&person(user), &request.id, act, harmless("text", &request.text)?).await
    }

    pub(super) async fn close(&self, by: &Actor, request: wire::CloseCorrectionRequest) -> Result<wire::Correction> {
        let act = match request.closing() {
            wire::CorrectionClosing::Confirmed => Act::Confirm,
            wire::CorrectionClosing::Reopened => Act::Reopen,
            wire::CorrectionClosing::Unspecified => {
                return Err(Problem::field("closing", "FIELD_MISSING", "请选择确认办结或重新提出"));
            }
        };
        self.act(by, &request.id, act, harmless("reason", &request.reason)?).await
    }

    async fn act(&self, by: &Actor, id: &str, act: Act, text: &str) -> Result<wire::Correction> {
        let id = ticket_id(id)?;
        let row = retry(async || {
            let mut tx = self.db.begin().await?;
            let mut row = store::get(&mut tx, id).await?;
            let before = row.progress()?;
            let after = before.after(act, &by.key, text)?;
            let now = self.clock.micros();
            (row.state, row.reopened) = (after.state.code().to_owned(), after.reopened);
            match act {
                Act::Accept | Act::Decline => {
                    (row.answer, row.answered_by, row.answered_at) = (text.to_owned(), by.name.clone(), now);
                }
                Act::Reopen => row.asked_at = now,
                Act::Confirm => {}
            }
            store::update(&mut tx, &row, before.state, by, text, &self.clock).await?;
            tx.commit().await?;
            Ok(row)
        })
        .await?;
        self.message(row, by)
    }

    pub(super) async fn list(
        &self,
        by: &Actor,
        request: wire::ListCorrectionsRequest,
    ) -> Result<wire::ListCorrectionsResponse> {
        let state = match request.state() {
            wire::CorrectionState::Unspecified => "",
            state => state.as_str_name().trim_start_matches(PREFIX),
        };
        let opener = if self.sees_all(by).await? { "" } else { by.key.as_str() };
        let page = Page::asked(request.page)?;
        let (rows, next_cursor) = store::list(&self.db, page, opener, state).await?;
        let corrections = rows.into_iter().map(|row| self.message(row, by)).collect::<Result<_>>()?;
        Ok(wire::ListCorrectionsResponse { corrections, next_cursor })
    }

    pub(super) async fn get(&self, by: &Actor, id: &str) -> Result<wire::CorrectionDetail> {
        let (row, history) = store::detail(&self.db, ticket_id(id)?).await?;
        if row.opener != by.key && !self.sees_all(by).await? {
            return Err(store::unknown());
        }
        Ok(wire::CorrectionDetail {
            correction: Some(self.message(row, by)?),
            history: history.into_iter().map(told).collect(),
        })
    }

    /// A person who holds a role of the city here.
    async fn sees_all(&self, by: &Actor) -> Result<bool> {
        let Some(user) = by.key.strip_prefix(USER) else { return Ok(false) };
        let held = grants::of_user(&self.db, user).await?;
        Ok(held.iter().any(|grant| VIEWERS.contains(&grant.role.as_str()) && grant.region == self.city.code))
    }

    fn message(&self, row: Row, by: &Actor) -> Result<wire::Correction> {
        let (state, today) = (row.state()?, self.clock.today());
        let asked = (state == State::Open).then_some(row.asked_at);
        let due = asked.and_then(|since| due(&self.city, since, self.city.answer_within.correction));
        let names = [row.first_name, row.second_name, row.third_name, row.fourth_name];
        Ok(wire::Correction {
            id: row.id.to_string(),
            subject: Some(Subject::message(&row.subject, names)),
            wrong: row.wrong,
            proposed: row.proposed,
            state: wire_state(state.code()).into(),
            answer: row.answer,
            opened_by: row.opener_name,
            opened_at_micros: row.opened_at,
            answered_by: row.answered_by,
            answered_at_micros: row.answered_at,
            reopened: row.reopened,
            overdue: due.is_some_and(|due| today > due),
            due_on: due.map(|due| due.to_string()).unwrap_or_default(),
            own: row.opener == by.key,
        })
    }
}

const PREFIX: &str = "CORRECTION_STATE_";
const USER: &str = "user:";

fn person(user: &User) -> Actor {
    Actor { key: format!("{USER}{}", user.id), name: user.signed() }
}

fn wire_state(code: &str) -> wire::CorrectionState {
    wire::CorrectionState::from_str_name(&format!("{PREFIX}{code}")).unwrap_or_default()
}

fn told(line: Told) -> wire::CorrectionAct {
    wire::CorrectionAct {
        at_micros: line.at,
        from_state: wire_state(&line.from_state).into(),
        to_state: wire_state(&line.to_state).into(),
        by: line.by_name,
        text: line.text,
    }
}

fn ticket_id(text: &str) -> Result<Uuid> {
    text.parse().map_err(|_| store::unknown())
}

type Answer<T> = std::result::Result<Response<T>, Status>;

#[tonic::async_trait]
impl CorrectionService for Corrections {
    async fn open_correction(&self, request: Request<wire::OpenCorrectionRequest>) -> Answer<wire::Correction> {
        let by = self.who(&request)?;
        Ok(Response::new(self.open(&by, request.into_inner()).await?))
    }

    async fn answer_correction(&self, request: Request<wire::AnswerCorrectionRequest>) -> Answer<wire::Correction> {
        let caller = Caller::of(&request)?;
        caller.scope.check(&self.city.code)?;
        let user = caller.user()?;
        Ok(Response::new(self.answer(user, request.into_inner()).await?))
    }

    async fn close_correction(&self, request: Request<wire::CloseCorrectionRequest>) -> Answer<wire::Correction> {
        let by = self.who(&request)?;
        Ok(Response::new(self.close(&by, request.into_inner()).await?))
    }

    async fn list_corrections(
        &self,
        request: Request<wire::ListCorrectionsRequest>,
    ) -> Answer<wire::ListCorrectionsResponse> {
        let by = self.who(&request)?;
        Ok(Response::new(self.list(&by, request.into_inner()).await?))
    }

    async fn get_correction(&self, request: Request<wire::GetCorrectionRequest>) -> Answer<wire::CorrectionDetail> {
        let by = self.who(&request)?;
        Ok(Response::new(self.get(&by, &request.into_inner().id).await?))
    }
}
