//! What was entered wrongly, put right; what has changed since, entered. A person stays who that is: the id and every record
//! under it stay, so nothing is counted twice and nothing is lost.

use contract::document::Document;
use contract::{personal, text};
use kit::{Kind, Problem, Result, Tx, retry};
use proto::trust as wire;
use uuid::Uuid;

use super::access::{self, Act, Look};
use super::service::{PersonDoor, document, erased, id, merged, message};
use super::{Holding, Identity, Person, Persons, store};
use crate::caller::Caller;
use crate::prose::{harmless, stated};

/// The longest name of a person that is registered here, in characters; the population register takes 50.
const LONGEST_NAME: usize = 50;

/// What is to be put right, every field checked.
#[derive(Clone, PartialEq, Eq)]
pub struct Correction {
    name: Option<String>,
    phone: Option<String>,
    document: Option<Document>,
    /// Masked, as lists show it: the document that the new one stands for; none: the new one is a further document.
    replaces: Option<String>,
}

impl std::fmt::Debug for Correction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Correction")
    }
}

/// What a correction does to a person.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Titles of what is other than before.
    pub fields: Vec<&'static str>,
    /// No longer this person's.
    pub gone: Option<Document>,
}

impl Correction {
    /// Reads a request: NAME_INVALID, PHONE_INVALID, DOCUMENT_…, CORRECTION_EMPTY, CORRECTION_TOO_WIDE.
    fn read(request: &wire::CorrectPersonRequest, today: jiff::civil::Date) -> Result<Correction> {
        let name = text::clean(harmless("name", &request.name)?);
        if name.chars().count() > LONGEST_NAME {
            return Err(Problem::field("name", "NAME_INVALID", format!("姓名不能超过{LONGEST_NAME}字")));
        }
        let phone = match text::plain(&request.phone).trim() {
            "" => None,
            typed => Some(personal::phone(typed).ok_or_else(|| {
                Problem::field("phone", "PHONE_INVALID", "电话应为11位手机号，或带区号的固定电话（如0877-2020001）")
            })?),
        };
        let document = match (request.kind, request.number.trim()) {
            (0, "") => None,
            _ => Some(document(request.kind(), &request.number, today)?),
        };
        let replaces = Some(request.replaces.trim().to_owned()).filter(|text| !text.is_empty());
        if document.is_none() && replaces.is_some() {
            return Err(Problem::field("number", "FIELD_MISSING", "请填写正确的证件号码"));
        }
        let name = Some(name).filter(|name| !name.is_empty());
        if name.is_some() && document.is_some() && replaces.is_some() {
            let message = "姓名和证件号码同时不同的是另一个人：请另行登记；确是同一人的，请分两次更正";
            return Err(Problem::field("name", "CORRECTION_TOO_WIDE", message));
        }
        if name.is_none() && phone.is_none() && document.is_none() {
            return Err(Problem::field("name", "CORRECTION_EMPTY", "请填写要更正的内容"));
        }
        Ok(Correction { name, phone, document, replaces })
    }

    /// Changes who it is about. NOTHING_CHANGED, DOCUMENT_NOT_THEIRS, DOCUMENT_AMBIGUOUS.
    fn apply(&self, identity: &mut Identity) -> Result<Applied> {
        let mut applied = Applied::default();
        if let Some(name) = self.name.as_ref().filter(|name| **name != identity.name) {
            identity.name.clone_from(name);
            applied.fields.push("姓名");
        }
        if let Some(phone) = self.phone.as_ref().filter(|phone| **phone != identity.phone) {
            identity.phone.clone_from(phone);
            applied.fields.push("电话");
        }
        if let Some(document) = &self.document
            && identity.documents.iter().all(|known| known.key() != document.key())
        {
            match &self.replaces {
                None => {
                    identity.documents.push(document.clone());
                    applied.fields.push("增加证件");
                }
                Some(masked) => {
                    let place = place(&identity.documents, masked)?;
                    applied.gone = Some(std::mem::replace(&mut identity.documents[place], document.clone()));
                    applied.fields.push("证件号码");
                }
            }
        }
        if applied.fields.is_empty() {
            return Err(Problem::state("NOTHING_CHANGED", "所填内容与登记一致，没有更正"));
        }
        Ok(applied)
    }
}

/// Which document is meant by what lists show of it.
fn place(documents: &[Document], masked: &str) -> Result<usize> {
    let mut meant = documents.iter().enumerate().filter(|(_, document)| document.masked() == masked);
    match (meant.next(), meant.next()) {
        (Some((place, _)), None) => Ok(place),
        (None, _) => Err(Problem::field("replaces", "DOCUMENT_NOT_THEIRS", "此人没有这个证件，请刷新后重选")),
        (Some(_), Some(_)) => {
            let message = "此人有两个证件遮蔽后相同，不能分辨：请先用“增加证件”登记正确的，并与管理员联系";
            Err(Problem::field("replaces", "DOCUMENT_AMBIGUOUS", message))
        }
    }
}

/// Who has a document.
async fn owner(tx: &mut Tx, persons: &Persons, document: &Document) -> Result<Option<Uuid>> {
    Ok(store::owners(tx, &persons.keys, &[document]).await?.first().map(|(_, person)| *person))
}

impl PersonDoor {
    /// Puts right what a person's record says, in one transaction with its record in the accesses. The document typed is a search
    /// like any other: on record, and counted where nobody has it.
    pub(super) async fn correct(&self, caller: &Caller, request: &wire::CorrectPersonRequest) -> Result<wire::Person> {
        let id = id(&request.id)?;
        let persons = &self.persons;
        let correction = Correction::read(request, persons.clock.today())?;
        let reason = stated("reason", &request.reason, "请写明更正原因")?;
        retry(|| async {
            let mut tx = persons.db.begin().await?;
            let person = store::one(&mut tx, &persons.keys, id).await?;
            self.reach(&mut tx, caller, person.kept()).await?;
            if person.merged_into.is_some() {
                return Err(merged(&person));
            }
            let mut identity = person.identity.ok_or_else(erased)?;
            let before = identity.documents.len();
            let Applied { fields, gone } = correction.apply(&mut identity)?;
            let other_documents = gone.is_some() || identity.documents.len() != before;
            if let Some(document) = correction.document.as_ref().filter(|_| other_documents)
                && !self.free(&mut tx, caller, id, document).await?
            {
                // The look at whoever has the document stays on record, the correction does not.
                tx.commit().await?;
                let said = "这个证件已登记在另一人名下，请核对号码；确是同一人的，请合并两条记录";
                let mut taken = Problem::field("number", "DOCUMENT_TAKEN", said);
                taken.kind = Kind::Exists;
                return Err(taken);
            }
            if let Some(gone) = &gone
                && owner(&mut tx, persons, gone).await? == Some(id)
            {
                store::forget(&mut tx, &persons.keys, &[(id, gone)]).await?;
            }
            store::save(&mut tx, &persons.keys, &[(id, &identity)]).await?;
            if other_documents {
                tx.query(store::MARK_CORRECTED).bind(id).bind(persons.clock.micros()).execute().await?;
            }
            if fields.contains(&"姓名") {
                self.holding.rename(&mut tx, id, &identity.name).await?;
            }
            let look = Look { person: id, act: Act::Corrected, purpose: "", reason, fields: fields.join("、") };
            access::record(&mut tx, caller, &persons.clock, look).await?;
            tx.commit().await?;
            Ok(message(Person { id, merged_into: None, identity: Some(identity) }))
        })
        .await
    }

    /// Whether nobody else has the document. LOOKUP_CAP_REACHED.
    async fn free(&self, tx: &mut Tx, caller: &Caller, id: Uuid, document: &Document) -> Result<bool> {
        self.check_misses(tx, caller).await?;
        let owner = owner(tx, &self.persons, document).await?.filter(|owner| *owner != id);
        let act = if owner.is_some() { Act::Found } else { Act::NotFound };
        let person = owner.unwrap_or_default();
        let look = Look { person, act, purpose: "", reason: "", fields: "证件号码".to_owned() };
        access::record(tx, caller, &self.persons.clock, look).await?;
        Ok(owner.is_none())
    }
}

impl Holding {
    /// Lets the register follow when person `person` is renamed, where it keeps the name beside the person. NAME_TAKEN.
    pub async fn rename(&self, tx: &mut Tx, person: Uuid, name: &str) -> Result<()> {
        let Some(rename) = self.rename else { return Ok(()) };
        let taken: Option<(i64,)> = tx.query(rename.taken).bind(person).bind(name.to_owned()).optional().await?;
        if taken.is_some() {
            let message = "同一机构已有登记为这个姓名的另一条记录，请先核对是否同一人";
            return Err(Problem::field("name", "NAME_TAKEN", message));
        }
        tx.query(rename.sql).bind(person).bind(name.to_owned()).execute().await?;
        Ok(())
    }
}
