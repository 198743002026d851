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
            let rows: Vec<store::Row> = tx.query(store::SEALED_UNDER).bind(old.to_owned()).bind(BATCH).all().await?;
            let mut people = rows.into_iter().map(|row| row.open(&self.keys)).collect::<Result<Vec<_>>>()?;
            // Everybody is sealed anew; a document may still be hashed under the old key.
            if people.is_empty() {
                let left: Vec<(Uuid,)> = tx.query(store::HASHED_UNDER).bind(old.to_owned()).bind(BATCH).all().await?;
                let ids: Vec<Uuid> = left.into_iter().map(|(id,)| id).collect();
                people = store::load(&mut tx, &self.keys, &ids).await?.into_values().collect();
            }
            let documents = self.owned(&mut tx, &people).await?;
            let identities: Vec<(Uuid, &Identity)> =
                people.iter().filter_map(|person| Some((person.id, person.identity.as_ref()?))).collect();
            store::seal(&mut tx, &self.keys, &identities).await?;
            store::forget(&mut tx, &self.keys, &documents).await?;
            store::hash(&mut tx, &self.keys, &documents).await?;
            tx.commit().await?;
            Ok(people.len())
        })
        .await
    }

    /// The people's documents, each with its person, unless a process that did not know the new key yet has entered it once
    /// more. The two are one person then, the earlier.
    async fn owned<'p>(&self, tx: &mut Tx, people: &'p [Person]) -> Result<Vec<(Uuid, &'p Document)>> {
        let mut owned: Vec<(Uuid, &Document)> = people
            .iter()
            .filter(|person| person.merged_into.is_none())
            .flat_map(|person| {
                let documents = person.identity.iter().flat_map(|identity| &identity.documents);
                documents.map(|document| (person.id, document))
            })
            .collect();
        let asked: Vec<&Document> = owned.iter().map(|(_, document)| *document).collect();
        let mut holders: HashMap<String, BTreeSet<Uuid>> = HashMap::new();
        let found = store::holders(tx, &self.keys, &asked).await?;
        let found = found.into_iter().map(|(key, holder)| (key, holder.id));
        for (key, id) in found.chain(owned.iter().map(|(id, document)| (document.key(), *id))) {
            holders.entry(key).or_default().insert(id);
        }
        for (key, entered) in holders.iter().filter(|(_, entered)| entered.len() > 1) {
            tracing::warn!("a document was entered under two keys: its people are merged");
            let Some(keep) = entered.first().copied() else { continue };
            for gone in entered.iter().skip(1) {
                tx.query(store::MERGE).bind(*gone).bind(keep).execute().await?;
                tx.query(store::MOVE_DOCUMENTS).bind(*gone).bind(keep).execute().await?;
            }
            for (owner, _) in
                owned.iter_mut().filter(|(owner, document)| entered.contains(owner) || document.key() == *key)
            {
                *owner = keep;
            }
        }
        Ok(owned)
    }
}
