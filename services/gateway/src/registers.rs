//! Work on the bureaus' registers, derived from the contracts: what a person may read and do, a page of records, one
//! record, an act, an import, an export. The bureau that keeps the register judges every call; nothing is kept here.
//!
//! | room | does |
//! |---|---|
//! | [`call`] | calls any method of a contract |
//! | [`listing`] | filters and pages of a list, as an address says them |
//! | [`form`] | the form of an act: what is typed, what is wrong, what changed meanwhile |
//! | [`words`] | values as people read them |
//! | [`export`] | records as a workbook |
//! | [`import`] | a sheet into a register |

pub(crate) mod call;
pub(crate) mod export;
pub(crate) mod form;
pub mod import;
pub(crate) mod listing;
#[cfg(test)]
pub(crate) mod tests;
pub(crate) mod words;

use contract::register::{Act, Register, Target, registers, text};
use contract::rules::Method;
use kit::{Kind, Problem, Result};
use prost_reflect::DynamicMessage;
use proto::contract::CopyFreshness;

use crate::bureaus::Bureaus;
use crate::session::SignedIn;
use contract::bureau::title as bureau_title;
use form::Choices;
use words::Words;

/// Records offered to choose from when a form refers to another register.
const OFFERED: u32 = 500;

/// What a person looks at a register with.
#[derive(Clone, Copy)]
pub(crate) struct Desk<'a> {
    pub(crate) bureaus: &'a Bureaus,
    pub(crate) person: &'a SignedIn,
    pub(crate) words: Words<'a>,
}

/// True when the person holds one of the method's roles at the bureau. It decides what is offered, not what is allowed.
pub(crate) fn may(person: &SignedIn, bureau: &str, method: &Method) -> bool {
    method.rule.roles.iter().any(|role| person.holds(bureau, role))
}

/// The registers a person may read, by bureau.
pub(crate) fn readable(person: &SignedIn) -> Vec<(&'static str, Vec<&'static Register>)> {
    let mut found: Vec<(&str, Vec<&Register>)> = Vec::new();
    for register in registers().iter().filter(|register| may(person, &register.bureau, &register.list.method)) {
        match found.last_mut().filter(|(bureau, _)| *bureau == register.bureau) {
            Some((_, gathered)) => gathered.push(register),
            None => found.push((&register.bureau, vec![register])),
        }
    }
    found
}

/// A register that the person may read: REGISTER_UNKNOWN, REGISTER_FORBIDDEN, BUREAU_UNREACHABLE.
pub(crate) fn open(person: &SignedIn, name: &str) -> Result<&'static Register> {
    let register = contract::register::register(name)
        .ok_or_else(|| Problem::not_found("REGISTER_UNKNOWN", format!("没有名为“{name}”的登记册")))?;
    demand(person, register, &register.list.method)?;
    Ok(register)
}

/// Says why a method is not offered: the person holds no role for it, or the bureau could not be asked.
pub(crate) fn demand(person: &SignedIn, register: &Register, method: &Method) -> Result<()> {
    if may(person, &register.bureau, method) {
        return Ok(());
    }
    let title = bureau_title(&register.bureau);
    if person.grants.unknown.contains(&register.bureau) {
        let message = format!("{title}暂时联系不上，登记册打不开；已登记的内容没有丢失");
        return Err(Problem::new(Kind::Unavailable, "BUREAU_UNREACHABLE", message));
    }
    Err(Problem::forbidden("REGISTER_FORBIDDEN", format!("您在{title}没有办理“{}”这项业务的角色", register.title)))
}

/// The acts on an existing record that the person's roles allow.
pub(crate) fn acts_on_record<'r>(person: &SignedIn, register: &'r Register) -> Vec<&'r Act> {
    acts(person, register, |target| matches!(target, Target::Record(_)))
}

/// The acts that make a new record.
pub(crate) fn acts_anew<'r>(person: &SignedIn, register: &'r Register) -> Vec<&'r Act> {
    acts(person, register, |target| *target == Target::New)
}

fn acts<'r>(person: &SignedIn, register: &'r Register, wanted: impl Fn(&Target) -> bool) -> Vec<&'r Act> {
    register.acts.iter().filter(|act| wanted(&act.target) && may(person, &register.bureau, &act.method)).collect()
}

/// A page of records.
#[derive(Debug, Default)]
pub(crate) struct Listed {
    pub(crate) records: Vec<DynamicMessage>,
    /// Cursor of the next page; empty at the end.
    pub(crate) next: String,
    /// How fresh the copies are that the records were found in.
    pub(crate) sources: Vec<CopyFreshness>,
}

impl Desk<'_> {
    /// A page of records after `cursor`.
    pub(crate) async fn page(
        &self,
        register: &Register,
        request: DynamicMessage,
        size: u32,
        cursor: &str,
    ) -> Result<Listed> {
        let request = register.list.page(request, size, cursor);
        let answer = self.call(&register.bureau, &register.list.method, request).await?;
        let (records, next) = register.list.records(&answer);
        Ok(Listed { records, next, sources: register.list.sources(&answer) })
    }

    /// One record with everything its contract tells about it: REGISTER_WITHOUT_DETAIL.
    pub(crate) async fn detail(&self, register: &Register, id: &str) -> Result<DynamicMessage> {
        let get = register.get.as_ref().ok_or_else(|| {
            Problem::not_found("REGISTER_WITHOUT_DETAIL", format!("“{}”没有单条查看页", register.title))
        })?;
        self.call(&register.bureau, &get.method, get.request(id)).await
    }

    /// The record alone.
    pub(crate) async fn record(&self, register: &Register, id: &str) -> Result<DynamicMessage> {
        let answer = self.detail(register, id).await?;
        Ok(register.get.as_ref().map_or_else(|| answer.clone(), |get| get.record(&answer)))
    }

    pub(crate) async fn call(&self, bureau: &str, method: &Method, message: DynamicMessage) -> Result<DynamicMessage> {
        call::ask(self.bureaus, self.person, bureau, method, message).await
    }

    /// For every field of an act that refers to a record of another register: the records to choose from, or the one
    /// that was chosen before the form was opened. A form that comes back offers all of them `again`, for the choice
    /// may be what has to be mended; the chosen one stands first where the page of records lacks it.
    pub(crate) async fn choices(
        &self,
        register: &Register,
        act: &Act,
        chosen: &form::Typed,
        again: bool,
    ) -> Result<Choices> {
        let mut found = Choices::default();
        for leaf in &act.fields {
            let Some(other) = register.referred(leaf) else { continue };
            let id = chosen.get(&leaf.path).filter(|id| !id.is_empty() && other.get.is_some());
            let (records, next) = match id {
                Some(id) if !again => (vec![self.record(other, id).await?], String::new()),
                _ => {
                    let all = DynamicMessage::new(other.list.method.input.clone());
                    let Listed { mut records, next, .. } = self.page(other, all, OFFERED, "").await?;
                    if let Some(id) = id.filter(|id| records.iter().all(|record| text(record, "id") != **id))
                        && let Ok(record) = self.record(other, id).await
                    {
                        records.insert(0, record);
                    }
                    (records, next)
                }
            };
            let named = |record: &DynamicMessage| (text(record, "id"), self.words.title(other, record));
            found.insert(&leaf.path, records.iter().map(named).collect(), !next.is_empty());
        }
        Ok(found)
    }
}
