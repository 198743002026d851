//! People at the door of a register: the cells that name a person, read into what is sealed (see `trust::persons`).

use std::collections::{BTreeSet, HashMap, HashSet};

use contract::document::{Document, DocumentKind};
use contract::{personal, text};
use jiff::civil::Date;
use kit::metrics::Metrics;
use kit::{Clock, Db, Result, Shutdown, Tx};
use proto::trust::matching_service_server::MatchingServiceServer;
use proto::trust::person_service_server::PersonServiceServer;
use tonic::service::Routes;
use trust::matching::service::Matching;
use trust::persons::service::PersonDoor;
use trust::persons::{Corrected, Holding, Identity, Person, PersonKeys, Persons, access, store};
use trust::{Settings, User};
use uuid::Uuid;

use crate::cells::Cells;
use crate::fault::Fault;
use crate::history::{self, Author, Event};

/// Opens the people of a service that keeps some: their keys, watched, and the exchange of keys in the background.
/// PERSON_KEYS_MISSING, PERSON_KEYS_UNUSABLE.
pub async fn open(
    holding: Option<&Holding>,
    settings: &Settings,
    db: &Db,
    clock: &Clock,
    shutdown: &Shutdown,
) -> Result<Option<Persons>> {
    if holding.is_none() {
        return Ok(None);
    }
    let keys = PersonKeys::of(db, &settings.person_keys(), clock).await?;
    keys.watch(shutdown.clone());
    let persons = Persons { db: db.clone(), keys, clock: clock.clone() };
    persons.keep_current(shutdown.clone());
    Ok(Some(persons))
}

/// Adds what is served about people: who saw whom, and answers by agreement.
pub fn serve(routes: Routes, persons: Persons, holding: Holding, settings: &Settings, metrics: &Metrics) -> Routes {
    let matching = Matching::new(persons.clone(), holding.questions, settings.agreements(), metrics.clone());
    routes
        .add_service(PersonServiceServer::new(PersonDoor { persons, holding }))
        .add_service(MatchingServiceServer::new(matching))
}

/// Reads a document: FIELD_MISSING, DOCUMENT_…; the fields are `document_kind` and `document_number`. `kind`: the name of
/// the contract's enum value.
pub fn document(cells: &mut Cells, kind: &str, number: &str, today: Date) -> Option<Document> {
    let kind = kind.strip_prefix("DOCUMENT_KIND_").and_then(DocumentKind::from_code);
    if kind.is_none() {
        cells.faults.push(Fault::cell("document_kind", "FIELD_MISSING", "请填写证件类型"));
    }
    let number = cells.required("document_number", "证件号码", number);
    let (Some(kind), false) = (kind, number.is_empty()) else { return None };
    let read = Document::parse(kind, &number, today);
    cells.take(read.map_err(|fault| Fault::cell("document_number", fault.reason(), fault.to_string())))
}

/// Reads a name as it is kept and compared: FIELD_MISSING, NAME_INVALID, PERSONAL_DATA_IN_TEXT.
pub fn name(cells: &mut Cells, cell: &str) -> String {
    let name = cells.harmless("name", "姓名", cell, "请只填姓名");
    if cells.required("name", "姓名", &name).is_empty() {
        return name;
    }
    let read = personal::name(&name).ok_or_else(|| Fault::cell("name", "NAME_INVALID", personal::NAME_RULE));
    cells.take(read).unwrap_or_default()
}

/// Reads a phone number as it is dialled; empty where there is none. PHONE_INVALID.
pub fn phone(cells: &mut Cells, cell: &str) -> Option<String> {
    if text::plain(cell).trim().is_empty() {
        return Some(String::new());
    }
    cells.take(personal::phone(cell).ok_or_else(|| Fault::cell("phone", "PHONE_INVALID", personal::PHONE_RULE)))
}

/// The key of a document. Prints as nothing: it holds the number.
#[derive(PartialEq, Eq, Hash)]
struct Key(String);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}

/// The people that the rows of a batch name, known ones and those that the batch enters.
#[derive(Debug, Default)]
pub struct Named {
    by_document: HashMap<Key, Person>,
    /// Entered or changed by this batch, to be saved with it.
    fresh: HashMap<Uuid, Identity>,
    /// Who was known before the batch, and whose document a row gave another name: told to whoever sent it, and so on record.
    known: HashSet<Uuid>,
    differing: BTreeSet<Uuid>,
}

impl Named {
    /// Looks everybody up, in a few statements for all.
    pub async fn load(tx: &mut Tx, persons: &Persons, documents: &[&Document]) -> Result<Named> {
        let found = store::find(tx, &persons.keys, documents).await?;
        let known = found.values().map(|person| person.id).collect();
        let by_document = found.into_iter().map(|(key, person)| (Key(key), person)).collect();
        Ok(Named { by_document, known, ..Named::default() })
    }

    pub fn find(&self, document: &Document) -> Option<&Person> {
        self.by_document.get(&Key(document.key()))
    }

    /// The document says one name and the row another: PERSON_NAME_DIFFERS.
    pub fn check_name(&mut self, document: &Document, stated: &str) -> Result<(), Fault> {
        let known = self.find(document).and_then(|person| Some((person.id, &person.identity.as_ref()?.name)));
        match known {
            Some((id, name)) if name != stated => {
                if self.known.contains(&id) {
                    self.differing.insert(id);
                }
                let message = "该证件号码已登记在另一姓名名下，请核对姓名与证件号码是否对应（是否两行填反）；登记的姓名有误的，请在“人员查询”中更正";
                Err(Fault::conflict("PERSON_NAME_DIFFERS", message))
            }
            _ => Ok(()),
        }
    }

    /// Records the looks at those whose names differed.
    pub async fn looked(&self, tx: &mut Tx, persons: &Persons, user: &User) -> Result<()> {
        access::record_differing(tx, user, &persons.clock, self.differing.iter().copied()).await
    }

    /// The person that a row states: the one who has the document, else a new one, whose id is `fresh`. The caller has compared
    /// the names.
    pub fn who(&self, stated: &Identity, fresh: Uuid) -> Uuid {
        let known = stated.documents.first().and_then(|document| self.find(document));
        known.map_or(fresh, |person| person.id)
    }

    /// Enters who a row states, once the row is taken: rows that are refused change nothing for those after them. A phone that
    /// is new is noted.
    pub fn enter(&mut self, stated: &Identity, person: Uuid) {
        let Some(document) = stated.documents.first() else { return };
        match self.by_document.get_mut(&Key(document.key())) {
            None => {
                let entered = Person { id: person, merged_into: None, identity: Some(stated.clone()) };
                self.by_document.insert(Key(document.key()), entered);
                self.fresh.insert(person, stated.clone());
            }
            Some(Person { identity: Some(identity), .. })
                if !stated.phone.is_empty() && identity.phone != stated.phone =>
            {
                identity.phone.clone_from(&stated.phone);
                self.fresh.insert(person, identity.clone());
            }
            Some(_) => {}
        }
    }

    /// What of the people of these ids is to be saved.
    pub fn to_save(&self, people: impl IntoIterator<Item = Uuid>) -> Vec<(Uuid, Identity)> {
        let ids: HashSet<Uuid> = people.into_iter().collect();
        ids.into_iter().filter_map(|id| Some((id, self.fresh.get(&id)?.clone()))).collect()
    }
}

/// Notes in the history of a person's records that who it is was put right.
pub async fn note_correction(tx: &mut Tx, records: &[Uuid], fields: &str, it: &Corrected<'_>) -> Result<()> {
    let event = Event::note(it.clock.today(), format!("更正身份信息（{fields}）"));
    let events: Vec<_> = records.iter().map(|record| (*record, &event)).collect();
    history::append(tx, &events, &Author { by: it.user.signed(), clock: it.clock.clone() }).await
}

/// Saves people with the transaction of their register.
pub async fn save(tx: &mut Tx, persons: &Persons, people: &[(Uuid, Identity)]) -> Result<()> {
    let people: Vec<(Uuid, &Identity)> = people.iter().map(|(id, identity)| (*id, identity)).collect();
    store::save(tx, &persons.keys, &people).await
}

/// How files and requests name a person: by a hash, since ledgers keep what they named. One for every key, the newest last:
/// what was named before a key was exchanged is known again after.
pub fn keys(persons: &Persons, document: &Document) -> Vec<String> {
    let hex = |hash: Vec<u8>| hash.iter().map(|byte| format!("{byte:02x}")).collect();
    persons.keys.hashes(document).into_iter().map(hex).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stated(number: &str, name: &str, phone: &str) -> Identity {
        let document = Document::stored(DocumentKind::Passport, number.into(), None);
        Identity { name: name.into(), documents: vec![document], phone: phone.into() }
    }

    #[test]
    fn a_phone_may_be_missing_and_is_else_one_that_can_be_dialled() {
        let mut cells = Cells::default();
        assert_eq!(phone(&mut cells, "　 ").as_deref(), Some(""));
        assert_eq!(phone(&mut cells, " 138 1234 5678 ").as_deref(), Some("13812345678"));
        assert_eq!(phone(&mut cells, "12012345678"), None);
        assert_eq!(cells.faults.iter().map(|fault| fault.reason).collect::<Vec<_>>(), ["PHONE_INVALID"]);
    }

    #[test]
    fn who_is_asked_about_is_not_entered_and_nothing_prints_a_number() {
        let mut named = Named::default();
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let row = stated("E12345678", "李虚", "");
        assert_eq!(named.who(&row, one), one);
        assert!(named.find(&row.documents[0]).is_none());
        named.enter(&row, one);
        assert_eq!(named.who(&row, other), one);
        named.enter(&stated("E12345678", "李虚", "13812345678"), one);
        assert_eq!(named.to_save([one])[0].1.phone, "13812345678");
        assert!(!format!("{named:?}").contains("E12345678"));
    }
}
