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
use trust::persons::{Persons, store as persons_store};
use uuid::Uuid;

use super::door;
use super::store::{self, Filter, Placed};

const PROVIDER: (&str, &str) = ("education", "staff-verification");
const QUESTION: &str = "REGISTERED";
/// Posts that are told.
const TOLD: usize = 500;
const PAGE: usize = 500;

/// Asks about everybody who holds a post on a day within a scope.
pub async fn matched(
    bureau: &Bureau,
    persons: &Persons,
    scope: &Scope,
    day: Date,
) -> Result<wire::MatchStaffResponse, Status> {
    let held = held(bureau, scope, day).await?;
    let mut ids: Vec<Uuid> = held.iter().map(|placed| placed.staff.person_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let people = persons_store::read(&bureau.db, &persons.keys, &ids).await?;
    let known: Vec<(Uuid, Document)> =
        ids.iter().filter_map(|id| Some((*id, people.get(id)?.document()?.clone()))).collect();
    let documents: Vec<Document> = known.iter().map(|(_, document)| document.clone()).collect();
    let asking = bureau.asking.as_ref().ok_or_else(|| kit::Problem::internal("this service asks nobody"))?;
    let answers = asking.ask(PROVIDER, QUESTION, &day.to_string(), &documents).await?;

    let mut counts: BTreeMap<u8, u64> = BTreeMap::new();
    let mut found: HashMap<Uuid, u8> = HashMap::new();
    for ((id, _), level) in known.iter().zip(&answers.levels) {
        *counts.entry(*level).or_default() += 1;
        if *level > 0 {
            found.insert(*id, *level);
        }
    }
    let levels = counts.into_iter().map(|(level, people)| wire::MatchedLevel {
        title: answers.titles.get(usize::from(level)).cloned().unwrap_or_default(),
        people,
    });
    let told = held.into_iter().filter(|placed| found.contains_key(&placed.staff.person_id)).take(TOLD);
    let staff = told.map(|placed| {
        let person = people.get(&placed.staff.person_id);
        door::message(placed, person)
    });
    Ok(wire::MatchStaffResponse {
        as_of: day.to_string(),
        asked: documents.len() as u64,
        levels: levels.collect(),
        staff: staff.collect(),
    })
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
