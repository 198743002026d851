//! Exchange of keys: people that are stored under an older key are sealed and hashed anew, a batch per transaction, while
//! everything goes on. What is stored says under which key, so the work resumes where it ended, and it is done when nothing
//! is left under an old key; then that key may be taken out of the file. What cannot be moved (a row that was damaged, a
//! document that its person does not state) is told and left, and stops nobody else.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use contract::document::Document;
use kit::{Result, Shutdown, Tx, retry};
use uuid::Uuid;

use super::{Identity, Person, Persons, store};

const BATCH: i64 = 500;
/// Between looks at a store that is up to date.
const REST: Duration = Duration::from_secs(5);

/// What was done of the people under old keys.
#[derive(Debug, Default)]
struct Exchanged {
    /// So many are under the newest key now.
    done: usize,
    /// Met on the way, and still under an old key.
    stuck: BTreeSet<Uuid>,
}

impl Persons {
    /// Keeps everybody under the newest key until shutdown.
    pub fn keep_current(&self, shutdown: Shutdown) {
        let persons = self.clone();
        tokio::spawn(async move {
            let mut told = BTreeSet::new();
            loop {
                let rest = match persons.exchange().await {
                    Ok(Exchanged { done: 0, stuck }) => {
                        if stuck != told {
                            let first = stuck.first();
                            tracing::error!(people = stuck.len(), ?first, "people that cannot leave an old key");
                            told = stuck;
                        }
                        REST
                    }
                    Ok(Exchanged { done, .. }) => {
                        tracing::info!(done, key = persons.keys.current(), "people stored under the newest key");
                        Duration::ZERO
                    }
                    Err(problem) => {
                        tracing::warn!(%problem, "exchange of person keys");
                        REST
                    }
                };
                tokio::select! { () = shutdown.asked() => return, () = tokio::time::sleep(rest) => {} }
            }
        });
    }

    /// Stores some of those who are under an older key under the newest; answers how many, 0 when nobody is left who can be.
    pub async fn exchange_some(&self) -> Result<usize> {
        Ok(self.exchange().await?.done)
    }

    /// One batch of which some could be moved, or what is stuck of all.
    async fn exchange(&self) -> Result<Exchanged> {
        let current = self.keys.current();
        let mut all = Exchanged::default();
        for (old, _) in self.keys.list().into_iter().filter(|(id, _)| *id != current) {
            // When everybody is sealed anew, a document may still be hashed under the old key.
            for left in [store::SEALED_UNDER, store::HASHED_UNDER] {
                let mut after = Uuid::nil();
                while let Some((last, batch)) = self.exchange_batch(left, &old, after).await? {
                    after = last;
                    all.done += batch.done;
                    all.stuck.extend(batch.stuck);
                    if all.done > 0 {
                        return Ok(all);
                    }
                }
            }
        }
        Ok(all)
    }

    /// The next after one of those `left` under an old key, and the last of them; None: there are no more.
    async fn exchange_batch(&self, left: &'static str, old: &str, after: Uuid) -> Result<Option<(Uuid, Exchanged)>> {
        retry(|| async {
            let mut tx = self.db.begin().await?;
            let ids = under(&mut tx, left, old, after).await?;
            let Some(last) = ids.last().copied() else { return Ok(None) };
            let mut people = store::readable(&mut tx, &self.keys, &ids.iter().copied().collect::<Vec<_>>()).await?;
            self.unite(&mut tx, &mut people).await?;
            let identities: Vec<(Uuid, &Identity)> =
                people.values().filter_map(|person| Some((person.id, person.identity.as_ref()?))).collect();
            let documents = documents(&people);
            store::seal(&mut tx, &self.keys, &identities).await?;
            store::forget(&mut tx, &self.keys, &documents).await?;
            store::hash(&mut tx, &self.keys, &documents).await?;
            let still = under(&mut tx, left, old, after).await?;
            tx.commit().await?;
            let stuck: BTreeSet<Uuid> = ids.intersection(&still).copied().collect();
            Ok(Some((last, Exchanged { done: ids.len() - stuck.len(), stuck })))
        })
        .await
    }

    /// Makes one person, the earliest, of people who have one document: a process that did not know the new key yet has entered
    /// it once more. That person states the documents of all; those who come to it are added to `people`.
    async fn unite(&self, tx: &mut Tx, people: &mut BTreeMap<Uuid, Person>) -> Result<()> {
        let stated = documents(people);
        let asked: Vec<&Document> = stated.iter().map(|(_, document)| *document).collect();
        let mut holders: HashMap<String, BTreeSet<Uuid>> = HashMap::new();
        let found = store::owners(tx, &self.keys, &asked).await?;
        for (key, id) in found.into_iter().chain(stated.iter().map(|(id, document)| (document.key(), *id))) {
            holders.entry(key).or_default().insert(id);
        }
        for group in joined(holders.into_values().filter(|holders| holders.len() > 1)) {
            tracing::warn!("a document was entered under two keys: its people are merged");
            let others: Vec<Uuid> = group.iter().copied().filter(|id| !people.contains_key(id)).collect();
            people.extend(store::readable(tx, &self.keys, &others).await?);
            let keep = group.iter().copied().find(|id| people.get(id).is_some_and(|person| person.identity.is_some()));
            let Some(keep) = keep else { continue };
            let Some(mut kept) = people.get_mut(&keep).and_then(|person| person.identity.take()) else { continue };
            for gone in group.into_iter().filter(|id| *id != keep) {
                match people.get_mut(&gone) {
                    Some(person) => {
                        person.merged_into = Some(keep);
                        if let Some(other) = &mut person.identity {
                            store::unite(tx, &self.keys, (keep, &mut kept), (gone, other)).await?;
                        }
                    }
                    // A row that was damaged: what it says is lost, its documents are not.
                    None => {
                        tx.query(store::MOVE_DOCUMENTS).bind(gone).bind(keep).execute().await?;
                        tx.query(store::MERGE).bind(gone).bind(keep).execute().await?;
                    }
                }
            }
            if let Some(person) = people.get_mut(&keep) {
                person.identity = Some(kept);
            }
        }
        Ok(())
    }
}

/// People left under an old key, after one.
async fn under(tx: &mut Tx, left: &'static str, old: &str, after: Uuid) -> Result<BTreeSet<Uuid>> {
    let ids: Vec<(Uuid,)> = tx.query(left).bind(old.to_owned()).bind(after).bind(BATCH).all().await?;
    Ok(ids.into_iter().map(|(id,)| id).collect())
}

/// The documents of those who were not merged into another, each with its person.
fn documents(people: &BTreeMap<Uuid, Person>) -> Vec<(Uuid, &Document)> {
    let own = people.values().filter(|person| person.merged_into.is_none());
    own.flat_map(|person| {
        let documents = person.identity.iter().flat_map(|identity| &identity.documents);
        documents.map(|document| (person.id, document))
    })
    .collect()
}

/// Sets that share a member become one.
fn joined(sets: impl Iterator<Item = BTreeSet<Uuid>>) -> Vec<BTreeSet<Uuid>> {
    sets.fold(Vec::new(), |groups, set| {
        let (sharing, mut apart): (Vec<_>, Vec<_>) = groups.into_iter().partition(|group| !set.is_disjoint(group));
        apart.push(sharing.into_iter().flatten().chain(set).collect());
        apart
    })
}
