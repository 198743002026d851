//! One bureau at work in the demonstration: its door, its people, and a clock of its own, so that five bureaus live
//! through the years side by side.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use city::bundle::City;
use jiff::civil::Date;
use kit::{Clock, Problem, Result};
use prost::Message;
use prost_reflect::DynamicMessage;
use proto::contract::{ImportMode, ImportStart};
use tonic::transport::Channel;
use tonic::{Request, Response, Status};
use trust::users::{UserEntry, Users};
use trust::{SigningKey, Tls};

use crate::suite::{Suite, operator_files};

/// Long enough for any call; the clock stands while it runs.
const ASSERTION_LIFE: Duration = Duration::from_secs(300);

/// See the module's head.
pub(super) struct Office {
    pub(super) bureau: &'static str,
    pub(super) city: Arc<City>,
    pub(super) channel: Channel,
    /// Every count of records is multiplied by this.
    pub(super) scale: usize,
    clock: Clock,
    people: BTreeMap<String, UserEntry>,
    issuer: Arc<SigningKey>,
}

impl Office {
    pub(super) fn open(
        suite: &Suite,
        bureau: &'static str,
        city: &Arc<City>,
        clock: Clock,
        scale: usize,
    ) -> Result<Self> {
        let data: &Path = &suite.data;
        let tls = Tls::load(&operator_files(data))?;
        let people = Users::load(&data.join("users.toml"))?.user;
        Ok(Office {
            bureau,
            city: city.clone(),
            channel: trust::channel(&suite.endpoints[bureau], bureau, &tls)?,
            scale,
            clock,
            people: people.into_iter().map(|person| (person.id.clone(), person)).collect(),
            issuer: Arc::new(SigningKey::load_or_create(&data.join("trust/issuer/signing.key"))?),
        })
    }

    /// Goes to an hour of a day; never back.
    pub(super) fn at(&self, day: Date, hour: i8) {
        if let Ok(at) = day.at(hour, 0, 0, 0).in_tz(kit::clock::ZONE) {
            let later = at.timestamp().as_microsecond().max(self.clock.micros() + 1_000_000);
            self.clock.move_to(jiff::Timestamp::from_microsecond(later).unwrap_or_default());
        }
    }

    pub(super) fn today(&self) -> Date {
        self.clock.today()
    }

    /// The person of this id, where there is one.
    pub(super) fn has(&self, person: &str) -> Option<String> {
        self.people.contains_key(person).then(|| person.to_owned())
    }

    /// A request in somebody's name. USER_UNKNOWN.
    pub(super) fn by<T>(&self, person: &str, message: T) -> Result<Request<T>> {
        let UserEntry { id, name, unit, .. } = self
            .people
            .get(person)
            .ok_or_else(|| Problem::field("as", "USER_UNKNOWN", format!("没有用户“{person}”")))?;
        let assertion =
            trust::issue_assertion(&self.issuer, id, name, unit, &self.city.code, self.clock.micros(), ASSERTION_LIFE);
        let mut request = Request::new(message);
        request.metadata_mut().insert(trust::ASSERTION_HEADER, assertion.parse().map_err(Problem::internal)?);
        Ok(request)
    }

    /// What a bureau answered; a refusal names who asked for what, for the generator is at fault then.
    pub(super) fn said<T>(&self, what: &str, answer: Result<Response<T>, Status>) -> Result<T> {
        answer.map(Response::into_inner).map_err(|status| {
            let problem = gateway::bureaus::said(self.bureau, &status);
            let fields: Vec<String> = problem.fields.iter().map(|(field, text)| format!("{field}：{text}")).collect();
            let told = format!("{}（{}；{}）", problem.message, problem.reason, fields.join("；"));
            Problem::internal(format!("{} {what}：{told}", self.bureau))
        })
    }

    /// Rows into a register in the bureau's own name, as they stand from a day on. Every row must be taken.
    pub(super) async fn import<R: Message>(&self, register: &str, effective_on: Date, rows: &[R]) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let row = crate::import::row_message(register)?;
        let register = crate::import::register(register)?;
        let mut messages = Vec::with_capacity(rows.len());
        for typed in rows {
            let mut message = DynamicMessage::new(row.clone());
            message.transcode_from(typed).map_err(Problem::internal)?;
            messages.push(message);
        }
        let start = ImportStart {
            import_id: self.clock.id().to_string(),
            mode: ImportMode::Commit as i32,
            region: self.city.code.clone(),
            effective_on: effective_on.to_string(),
            complete: false,
            file_name: format!("演示-{}-{effective_on}.xlsx", register.title),
            file_digest: "0".repeat(64),
            total_rows: rows.len() as u64,
        };
        let signed = self.by(&format!("reporter-{}", self.bureau), ())?.into_parts().0;
        let sign = Arc::new(move |metadata: &mut tonic::metadata::MetadataMap| {
            if let Some(assertion) = signed.get(trust::ASSERTION_HEADER) {
                metadata.insert(trust::ASSERTION_HEADER, assertion.clone());
            }
            Ok(())
        });
        let told =
            gateway::registers::import::carry_rows(messages, self.channel.clone(), register, start, sign).await?;
        match told.faults.first() {
            None => Ok(()),
            Some(fault) => {
                let message = format!(
                    "{} {}：{} 行未采用，第 {} 行 {} {}（{}）",
                    self.bureau,
                    register.title,
                    told.faults.len(),
                    fault.row,
                    fault.field,
                    fault.message,
                    fault.reason
                );
                Err(Problem::internal(message))
            }
        }
    }
}
