//! Exchange of keys: people that are stored under an older key are sealed and hashed anew, a batch per transaction, while
//! everything goes on. What is stored says under which key, so the work resumes where it ended, and it is done when nothing
//! is left under an old key; then that key may be taken out of the file.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use contract::document::Document;
use kit::{Result, Shutdown, Tx, retry};
use uuid::Uuid;

use super::{Identity, Person, Persons, store};

const BATCH: i64 = 500;
/// Between looks at a store that is up to date.
const REST: Duration = Duration::from_secs(5);

impl Persons {
    /// Keeps everybody under the newest key until shutdown.
    pub fn keep_current(&self, shutdown: Shutdown) {
        let persons = self.clone();
        tokio::spawn(async move {
            loop {
                let rest = match persons.exchange_some().await {
                    Ok(0) => REST,
                    Ok(done) => {
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

    /// Stores some of those who are under an older key under the newest; answers how many, 0 when nobody is left.
    pub async fn exchange_some(&self) -> Result<usize> {
        let current = self.keys.current();
        for (old, _) in self.keys.list().into_iter().filter(|(id, _)| *id != current) {
            let done = self.exchange(&old).await?;
            if done > 0 {
                return Ok(done);
            }
        }
        Ok(0)
    }

    async fn exchange(&self, old: &str) -> Result<usize> {
        retry(|| async {
            let mut tx = self.db.begin().await?;
            let batch = async |tx: &mut Tx, sql: &'static str| -> Result<Vec<store::Row>> {
                tx.query(sql).bind(old.to_owned()).bind(BATCH).all().await
            };
            let mut rows = batch(&mut tx, store::SEALED_UNDER).await?;
            // Everybody is sealed anew; a document may still be hashed under the old key.
            if rows.is_empty() {
                rows = batch(&mut tx, store::HASHED_UNDER).await?;
            }
            let people = rows.into_iter().map(|row| row.open(&self.keys)).collect::<Result<Vec<_>>>()?;
            // What was read of those who became one is no longer so: they are stored with the next batch.
            if !self.unite_doubles(&mut tx, &people).await? {
                let identities: Vec<(Uuid, &Identity)> =
                    people.iter().filter_map(|person| Some((person.id, person.identity.as_ref()?))).collect();
                let documents = documents(&people);
                store::seal(&mut tx, &self.keys, &identities).await?;
                store::forget(&mut tx, &self.keys, &documents).await?;
                store::hash(&mut tx, &self.keys, &documents).await?;
            }
            tx.commit().await?;
            Ok(people.len())
        })
        .await
    }

    /// Makes one of those who have the same document: a process that did not know the new key yet has entered somebody once
    /// more. The earlier stays. Answers whether there were any.
    async fn unite_doubles(&self, tx: &mut Tx, people: &[Person]) -> Result<bool> {
        let owned = documents(people);
        let asked: Vec<&Document> = owned.iter().map(|(_, document)| *document).collect();
        let found = store::holders(tx, &self.keys, &asked).await?;
        let mut holders: HashMap<String, BTreeSet<Uuid>> = HashMap::new();
        let found = found.into_iter().map(|(key, holder)| (key, holder.id));
        for (key, id) in found.chain(owned.iter().map(|(id, document)| (document.key(), *id))) {
            holders.entry(key).or_default().insert(id);
        }
        let mut any = false;
        for entered in holders.into_values().filter(|entered| entered.len() > 1) {
            let ids: Vec<Uuid> = entered.into_iter().collect();
            let mut known = store::load(tx, &self.keys, &ids).await?;
            // Whoever became another a moment ago, by another document, is no longer one of them.
            known.retain(|_, person| person.merged_into.is_none());
            let mut doubles = ids.into_iter().filter_map(|id| Some((id, known.remove(&id)?.identity?)));
            let Some((keep, mut kept)) = doubles.next() else { continue };
            for (gone, mut other) in doubles {
                tracing::warn!("a document was entered under two keys: its people are merged");
                store::unite(tx, &self.keys, (keep, &mut kept), (gone, &mut other)).await?;
                any = true;
            }
        }
        Ok(any)
    }
}

/// The documents of people, each with its person.
fn documents(people: &[Person]) -> Vec<(Uuid, &Document)> {
    let own = people.iter().filter(|person| person.merged_into.is_none());
    own.flat_map(|person| {
        let documents = person.identity.iter().flat_map(|identity| &identity.documents);
        documents.map(|document| (person.id, document))
    })
    .collect()
}
