//! People at the door of a register: the cells that name a person, read into what is sealed (see `trust::persons`).

use std::collections::{HashMap, HashSet};

use contract::document::{Document, DocumentKind};
use contract::text;
use jiff::civil::Date;
use kit::{Clock, Db, Result, Shutdown, Tx};
use proto::trust::matching_service_server::MatchingServiceServer;
use proto::trust::person_service_server::PersonServiceServer;
use tonic::service::Routes;
use trust::Settings;
use trust::matching::service::Matching;
use trust::persons::service::PersonDoor;
use trust::persons::{Holding, Identity, Person, Persons, store};
use uuid::Uuid;

use crate::cells::Cells;
use crate::fault::Fault;

/// Opens the people of a service that keeps some: their keys, watched, and the exchange of keys in the background.
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
    let persons = Persons::open(db, &settings.person_keys(), clock).await?;
    persons.keys.watch(shutdown.clone());
    persons.keep_current(shutdown.clone());
    Ok(Some(persons))
}

/// Adds what is served about people: who saw whom, and answers by agreement.
pub fn serve(routes: Routes, persons: Persons, holding: Holding, settings: &Settings) -> Routes {
    let matching = Matching::new(persons.clone(), holding.questions, settings.agreements());
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

/// Reads a phone number as it is dialled; empty where there is none. PHONE_INVALID.
pub fn phone(cells: &mut Cells, cell: &str) -> Option<String> {
    let plain: String = text::plain(cell).chars().filter(|c| !matches!(c, ' ' | '(' | ')')).collect();
    let local =
        plain.strip_prefix("+86").or_else(|| plain.strip_prefix("0086")).unwrap_or(&plain).trim_start_matches('-');
    let digits = local.chars().filter(char::is_ascii_digit).count();
    let mobile = digits == 11 && local.len() == 11 && local.starts_with('1') && !local.starts_with("11");
    let landline = local.starts_with('0')
        && (10..=18).contains(&digits)
        && local.chars().all(|c| c.is_ascii_digit() || c == '-')
        && !local.ends_with('-');
    if local.is_empty() || mobile || landline {
        return Some(local.to_owned());
    }
    cells.take(Err(Fault::cell("phone", "PHONE_INVALID", "电话应为11位手机号，或带区号的固定电话（如0877-2020001）")))
}

/// The people that the rows of a batch name, known ones and those that the batch enters.
#[derive(Debug, Default)]
pub struct Named {
    by_document: HashMap<String, Person>,
    /// Entered or changed by this batch, to be saved with it.
    fresh: HashMap<Uuid, Identity>,
}

impl Named {
    /// Looks everybody up, in a few statements for all.
    pub async fn load(tx: &mut Tx, persons: &Persons, documents: &[&Document]) -> Result<Named> {
        Ok(Named { by_document: store::find(tx, &persons.keys, documents).await?, fresh: HashMap::new() })
    }

    pub fn find(&self, document: &Document) -> Option<&Person> {
        self.by_document.get(&document.key())
    }

    /// The person that the row states: the one who has the document, with a phone that is new noted; else a new one, whose id
    /// is `fresh`. The caller has compared the names.
    pub fn enter(&mut self, stated: &Identity, fresh: Uuid) -> Uuid {
        let document = stated.documents.first();
        if let Some(person) = document.and_then(|document| self.by_document.get_mut(&document.key())) {
            if let Some(identity) = person.identity.as_mut().filter(|_| !stated.phone.is_empty())
                && identity.phone != stated.phone
            {
                identity.phone.clone_from(&stated.phone);
                self.fresh.insert(person.id, identity.clone());
            }
            return person.id;
        }
        if let Some(document) = document {
            let person = Person { id: fresh, merged_into: None, identity: Some(stated.clone()) };
            self.by_document.insert(document.key(), person);
        }
        self.fresh.insert(fresh, stated.clone());
        fresh
    }

    /// What of the people of these ids is to be saved.
    pub fn to_save(&self, people: impl IntoIterator<Item = Uuid>) -> Vec<(Uuid, Identity)> {
        let ids: HashSet<Uuid> = people.into_iter().collect();
        ids.into_iter().filter_map(|id| Some((id, self.fresh.get(&id)?.clone()))).collect()
    }
}

/// The document says one name and the row another.
pub fn check_name(registered: &str, stated: &str) -> Result<(), Fault> {
    if registered == stated {
        return Ok(());
    }
    let message = "该证件号码已登记在另一姓名名下，请核对姓名与证件号码是否对应（是否两行填反）";
    Err(Fault::conflict("PERSON_NAME_DIFFERS", message))
}

/// Saves people with the transaction of their register.
pub async fn save(tx: &mut Tx, persons: &Persons, people: &[(Uuid, Identity)]) -> Result<()> {
    let people: Vec<(Uuid, &Identity)> = people.iter().map(|(id, identity)| (*id, identity)).collect();
    store::save(tx, &persons.keys, &people).await
}

/// How a file names a person: by a hash, since the ledger of imports keeps what files named.
pub fn key(persons: &Persons, document: &Document) -> String {
    persons.keys.hash(document).1.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phones_as_people_write_them() {
        let read = |text: &str| phone(&mut Cells::default(), text);
        assert_eq!(read(" 138 1234 5678 ").as_deref(), Some("13812345678"));
        assert_eq!(read("+86-13812345678").as_deref(), Some("13812345678"));
        assert_eq!(read("（0877）2020001").as_deref(), Some("08772020001"));
        assert_eq!(read("0877-2020001-01").as_deref(), Some("0877-2020001-01"));
        assert_eq!(read("").as_deref(), Some(""));
        for wrong in ["1381234567", "11812345678", "2020001", "0877-", "电话"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
