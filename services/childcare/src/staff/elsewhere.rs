//! Who of the staff is registered with another bureau as well: asked in tokens, by the agreement between the two.

use std::collections::{BTreeMap, HashMap};

use contract::document::Document;
use jiff::civil::Date;
use kit::Result;
use proto::childcare as wire;
use registry::Bureau;
use registry::columns::Page;
use tonic::Status;
use trust::Scope;
use trust::matching::ask::Answers;
use trust::persons::{Person, Persons, store as persons_store};
use uuid::Uuid;

use super::door;
use super::store::{self, Filter, Placed};

const PROVIDER: (&str, &str) = ("education", "staff-verification");
const QUESTION: &str = "REGISTERED";
/// Posts that are told.
const TOLD: usize = 500;
const PAGE: usize = 500;

/// Asks about everybody who holds a post on a day within a scope. Education answers of today: its register knows no other day.
pub async fn matched(
    bureau: &Bureau,
    persons: &Persons,
    scope: &Scope,
    day: Date,
) -> Result<wire::MatchStaffResponse, Status> {
    let asked = Asked::load(bureau, persons, scope, day).await?;
    let documents: Vec<Document> = asked.documents.iter().map(|(_, document)| document.clone()).collect();
    let asking = bureau.asking.as_ref().ok_or_else(|| kit::Problem::internal("this service asks nobody"))?;
    let today = bureau.clock.today();
    let answers = asking.ask(PROVIDER, QUESTION, today, &documents).await?;
    Ok(wire::MatchStaffResponse { answered_as_of: today.to_string(), ..asked.told(day, &answers) })
}

/// Posts, the people who hold them, and what is asked about them. People who turned out to be one are one.
pub(super) struct Asked {
    held: Vec<Placed>,
    /// By the id that a post names.
    people: HashMap<Uuid, Person>,
    /// Every document of everybody.
    pub(super) documents: Vec<(Uuid, Document)>,
}

impl Asked {
    pub(super) async fn load(bureau: &Bureau, persons: &Persons, scope: &Scope, day: Date) -> Result<Asked> {
        let held = held(bureau, scope, day).await?;
        let mut ids: Vec<Uuid> = held.iter().map(|placed| placed.staff.person_id).collect();
        ids.sort_unstable();
        ids.dedup();
        let people = persons_store::read(&bureau.db, &persons.keys, &ids).await?;
        let once: BTreeMap<Uuid, &Person> = people.values().map(|person| (person.id, person)).collect();
        let documents = once.values().flat_map(|person| {
            let documents = person.identity.iter().flat_map(|identity| &identity.documents);
            documents.map(|document| (person.id, document.clone()))
        });
        Ok(Asked { documents: documents.collect(), held, people })
    }

    /// What the answers say of people: the strongest level of any document.
    pub(super) fn told(self, day: Date, answers: &Answers) -> wire::MatchStaffResponse {
        let Asked { held, people, documents } = self;
        let mut found: BTreeMap<Uuid, u8> = BTreeMap::new();
        for ((id, _), level) in documents.iter().zip(&answers.levels) {
            let best = found.entry(*id).or_default();
            if *level > 0 && (*best == 0 || level < best) {
                *best = *level;
            }
        }
        let mut counts: BTreeMap<u8, u64> = BTreeMap::new();
        for level in found.values() {
            *counts.entry(*level).or_default() += 1;
        }
        let levels = counts.into_iter().map(|(level, people)| wire::MatchedLevel {
            title: answers.titles.get(usize::from(level)).cloned().unwrap_or_default(),
            people,
        });
        let staff = held.into_iter().filter_map(|placed| {
            let person = people.get(&placed.staff.person_id)?;
            (found.get(&person.id)? > &0).then(|| door::message(placed, Some(person)))
        });
        wire::MatchStaffResponse {
            as_of: day.to_string(),
            asked: found.len() as u64,
            levels: levels.collect(),
            staff: staff.take(TOLD).collect(),
            answered_as_of: String::new(),
        }
    }
}

async fn held(bureau: &Bureau, scope: &Scope, day: Date) -> Result<Vec<Placed>> {
    let mut all = Vec::new();
    let mut after = Uuid::nil();
    loop {
        let page = Page { size: PAGE, after };
        let (found, next) = store::page(&bureau.db, scope, Filter::default(), page, day).await?;
        all.extend(found.into_iter().filter(|placed| placed.staff.hired_on <= day));
        match next.parse() {
            Ok(id) => after = id,
            Err(_) => return Ok(all),
        }
    }
}
