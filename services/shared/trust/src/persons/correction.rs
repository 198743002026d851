//! What was entered wrongly, put right; what has changed since, entered. A person stays who that is: the id and every record
//! under it stay, so nothing is counted twice and nothing is lost.

use contract::document::Document;
use contract::{personal, text};
use futures::future::BoxFuture;
use kit::{Clock, Kind, Problem, Result, Tx, retry};
use proto::trust as wire;
use uuid::Uuid;

use super::access::{self, Act, Look};
use super::service::{PersonDoor, document, erased, id, merged, message};
use super::{Identity, Person, store};
use crate::caller::{Caller, User};
use crate::prose::{harmless, stated};

/// Microseconds within which one account does not exchange both name and number of a person: 30 days.
const ALONE: i64 = 30 * 86_400_000_000;

const NAME: &str = "姓名";
const PHONE: &str = "电话";
const NUMBER: &str = "证件号码";
const FURTHER: &str = "增加证件";

/// How a register follows what is put right of a person: a line in the history of each record, and the name where it is kept
/// beside the person. Answers how many records, of whatever kind, got another name. NAME_TAKEN, before it writes, where
/// another record has the name in the same place.
pub type Follow = for<'a> fn(&'a mut Tx, Corrected<'a>) -> BoxFuture<'a, Result<u64>>;

/// What was put right, and by whom.
#[derive(Clone, Copy, Debug)]
pub struct Corrected<'a> {
    pub person: Uuid,
    /// The right name, where one was stated.
    pub name: Option<&'a str>,
    /// Titles of what is other than before; none where the name was right already, and a record beside it may not have it.
    pub fields: &'a [&'static str],
    pub user: &'a User,
    pub clock: &'a Clock,
}

/// What is to be put right, every field checked.
struct Correction {
    name: Option<String>,
    phone: Option<String>,
    document: Option<Document>,
    /// Masked, as lists show it: the document that the new one stands for; none: the new one is a further document.
    replaces: Option<String>,
}

/// What a correction does to a person.
#[derive(Default)]
struct Applied {
    /// Titles of what is other than before.
    fields: Vec<&'static str>,
    /// No longer this person's.
    gone: Option<Document>,
}

impl Applied {
    fn documents_changed(&self) -> bool {
        self.gone.is_some() || self.fields.contains(&FURTHER)
    }
}

impl Correction {
    /// Reads a request: NAME_INVALID, PHONE_INVALID, DOCUMENT_…, CORRECTION_EMPTY, CORRECTION_TOO_WIDE.
    fn read(request: &wire::CorrectPersonRequest, today: jiff::civil::Date) -> Result<Correction> {
        let name = personal::name(harmless("name", &request.name)?)
            .ok_or_else(|| Problem::field("name", "NAME_INVALID", personal::NAME_RULE))?;
        let phone = match text::plain(&request.phone).trim() {
            "" => None,
            typed => {
                let read = personal::phone(typed);
                Some(read.ok_or_else(|| Problem::field("phone", "PHONE_INVALID", personal::PHONE_RULE))?)
            }
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
        if name.is_some() && document.is_some() {
            return Err(too_wide());
        }
        if name.is_none() && phone.is_none() && document.is_none() {
            return Err(Problem::field("name", "CORRECTION_EMPTY", "请填写要更正的内容"));
        }
        Ok(Correction { name, phone, document, replaces })
    }

    /// Changes who it is about. DOCUMENT_NOT_THEIRS, DOCUMENT_AMBIGUOUS.
    fn apply(&self, identity: &mut Identity) -> Result<Applied> {
        let mut applied = Applied::default();
        if let Some(name) = self.name.as_ref().filter(|name| **name != identity.name) {
            identity.name.clone_from(name);
            applied.fields.push(NAME);
        }
        if let Some(phone) = self.phone.as_ref().filter(|phone| **phone != identity.phone) {
            identity.phone.clone_from(phone);
            applied.fields.push(PHONE);
        }
        let Some(document) = &self.document else { return Ok(applied) };
        let documents = &mut identity.documents;
        let known = documents.iter().position(|known| known.key() == document.key());
        let wrong = self.replaces.as_deref().map(|masked| place(documents, masked)).transpose()?;
        match (wrong, known) {
            (None, None) => {
                documents.push(document.clone());
                applied.fields.push(FURTHER);
            }
            (Some(wrong), None) => {
                applied.gone = Some(std::mem::replace(&mut documents[wrong], document.clone()));
                applied.fields.push(NUMBER);
            }
            // The right one is here already: the wrong one goes.
            (Some(wrong), Some(known)) if wrong != known => {
                applied.gone = Some(documents.remove(wrong));
                applied.fields.push(NUMBER);
            }
            (_, Some(_)) => {}
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
            let message = "此人有两个证件遮蔽后相同，不能分辨是哪一个";
            Err(Problem::field("replaces", "DOCUMENT_AMBIGUOUS", message))
        }
    }
}

impl PersonDoor {
    /// Puts right what a person's record says, in one transaction with its record in the accesses. The document typed is a search
    /// like any other, on record whether the correction is refused or not.
    pub(super) async fn correct(&self, caller: &Caller, request: &wire::CorrectPersonRequest) -> Result<wire::Person> {
        let id = id(&request.id)?;
        let persons = &self.persons;
        let correction = Correction::read(request, persons.clock.today())?;
        let reason = stated("reason", &request.reason, "请写明更正原因")?;
        retry(|| async {
            let mut tx = persons.db.begin().await?;
            let person = store::one(&mut tx, &persons.keys, id).await?;
            self.reach_all(&mut tx, caller, person.kept()).await?;
            if person.merged_into.is_some() {
                return Err(merged(&person));
            }
            let mut identity = person.identity.ok_or_else(erased)?;
            self.check_misses(&mut tx, caller).await?;
            let applied = match self.judge(&mut tx, caller, id, &correction, &mut identity).await {
                Ok(applied) => applied,
                // Nothing but the search was written yet, and that stays.
                Err(refused) => {
                    if !refused.is_transient() {
                        tx.commit().await?;
                    }
                    return Err(refused);
                }
            };
            if let Some(gone) = &applied.gone {
                store::forget_of(&mut tx, &persons.keys, id, gone).await?;
            }
            store::save(&mut tx, &persons.keys, &[(id, &identity)]).await?;
            if applied.documents_changed() {
                tx.query(store::MARK_CORRECTED).bind(id).bind(persons.clock.micros()).execute().await?;
            }
            let fields = applied.fields.join("、");
            let look = Look { person: id, act: Act::Corrected, purpose: "", reason, fields };
            access::record(&mut tx, caller, &persons.clock, look).await?;
            tx.commit().await?;
            Ok(message(Person { id, merged_into: None, identity: Some(identity) }))
        })
        .await
    }

    /// What the correction does: the search first, then everything that may refuse, and the register's own records last.
    /// DOCUMENT_TAKEN, CORRECTION_TOO_WIDE, NOTHING_CHANGED, NAME_TAKEN and what [`Correction::apply`] refuses.
    async fn judge(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        id: Uuid,
        correction: &Correction,
        identity: &mut Identity,
    ) -> Result<Applied> {
        if let Some(document) = &correction.document
            && !self.free(tx, caller, id, document).await?
        {
            let said = "这个证件已登记在另一人名下，请核对号码；确是同一人的，请市级人员合并两条记录";
            let mut taken = Problem::field("number", "DOCUMENT_TAKEN", said);
            taken.kind = Kind::Exists;
            return Err(taken);
        }
        let mut applied = correction.apply(identity)?;
        self.check_alone(tx, caller, id, &applied).await?;
        let corrected = Corrected {
            person: id,
            name: correction.name.as_deref(),
            fields: &applied.fields,
            user: caller.user()?,
            clock: &self.persons.clock,
        };
        // After a merger a record may still have the name that the other had.
        if (self.holding.follow)(tx, corrected).await? > 0 && !applied.fields.contains(&NAME) {
            applied.fields.push(NAME);
        }
        if applied.fields.is_empty() {
            return Err(Problem::state("NOTHING_CHANGED", "登记已是所填内容，不需要更正"));
        }
        Ok(applied)
    }

    /// Whether nobody else has the document: a search, on record. Whoever is found beyond the caller's regions counts as a miss.
    async fn free(&self, tx: &mut Tx, caller: &Caller, id: Uuid, document: &Document) -> Result<bool> {
        let owners = store::owners(tx, &self.persons.keys, &[document]).await?;
        let owner = owners.iter().map(|(_, owner)| *owner).find(|owner| *owner != id);
        let (person, act) = match owner {
            None if owners.is_empty() => (Uuid::nil(), Act::NotFound),
            None => (id, Act::Found),
            Some(owner) if self.reach(tx, caller, owner).await.is_ok() => (owner, Act::Found),
            Some(owner) => (owner, Act::NotFound),
        };
        let look = Look { person, act, purpose: "", reason: "", fields: NUMBER.to_owned() };
        access::record(tx, caller, &self.persons.clock, look).await?;
        Ok(owner.is_none())
    }

    /// CORRECTION_TOO_WIDE: nobody makes one person into another alone, in two steps either.
    async fn check_alone(&self, tx: &mut Tx, caller: &Caller, id: Uuid, applied: &Applied) -> Result<()> {
        let (field, this, other) = if applied.fields.contains(&NAME) {
            ("name", NAME, NUMBER)
        } else if applied.gone.is_some() {
            ("number", NUMBER, NAME)
        } else {
            return Ok(());
        };
        match self.put_right_by(tx, caller, id, other).await? {
            true => {
                let message = format!("您30天内更正过此人的{other}，{this}须由另一人更正");
                Err(Problem::field(field, "CORRECTION_TOO_WIDE", message))
            }
            false => Ok(()),
        }
    }

    /// Whether the caller put this of the person right lately.
    async fn put_right_by(&self, tx: &mut Tx, caller: &Caller, person: Uuid, what: &str) -> Result<bool> {
        let since = self.persons.clock.micros() - ALONE;
        let earlier = access::corrected(tx, person, &caller.user()?.id, since).await?;
        Ok(earlier.iter().any(|fields| fields.split('、').any(|field| field == what)))
    }

    /// Two records of one person have one name (PERSON_NAME_DIFFERS), and whoever gave it to one of them lately does not merge
    /// them too (CORRECTION_TOO_WIDE): by merging a person gets another number.
    pub(super) async fn check_one(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        (keep, kept): (Uuid, &Identity),
        (other, gone): (Uuid, &Identity),
    ) -> Result<()> {
        if kept.name != gone.name {
            let message = "两条记录姓名不同：请先核对，确是同一人的先更正姓名再合并";
            return Err(Problem::state("PERSON_NAME_DIFFERS", message));
        }
        for person in [keep, other] {
            if self.put_right_by(tx, caller, person, NAME).await? {
                let message = "您30天内更正过其中一人的姓名，须由另一人合并";
                return Err(Problem::state("CORRECTION_TOO_WIDE", message));
            }
        }
        Ok(())
    }
}

fn too_wide() -> Problem {
    let message = "姓名和证件号码都不同的是另一个人：请另行登记；确是同一人的，由两人各更正一项";
    Problem::field("name", "CORRECTION_TOO_WIDE", message)
}
