//! Tokens of the people held here, by agreement and secret, in memory: made when first asked, and grown by those who came since.
//! Four hundred thousand people take about twenty megabytes.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use kit::Result;
use uuid::Uuid;

use super::Token;
use super::agreement::{Agreement, Agreements};
use super::secret::{Fingerprint, MatchKey};
use super::store::erased;
use crate::persons::{Persons, store};

/// People read at once.
const PAGE: i64 = 2_000;
/// Milliseconds by which ids may become visible out of their order, where several processes enter people.
const OVERLAP: u128 = 600_000;

/// Tokens under one secret of one agreement. A secret that was replaced under its id is another one.
type Place = (String, Fingerprint);

/// The tokens under every secret that was asked with. Cloning shares them.
#[derive(Clone, Debug, Default)]
pub struct Index(Arc<Mutex<HashMap<Place, Arc<Tokens>>>>);

impl Index {
    /// The tokens under a secret, everybody in who is stored by now, and nobody who is erased.
    pub(super) async fn tokens(&self, persons: &Persons, key: &MatchKey) -> Result<Arc<Tokens>> {
        let place = (key.agreement.clone(), key.fingerprint());
        let tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(place).or_default().clone();
        tokens.grow(persons, key).await?;
        Ok(tokens)
    }

    /// Drops the tokens under secrets that the file has no longer.
    pub(super) fn keep(&self, agreements: &Agreements) {
        let places = |agreement: &Agreement| -> Vec<Place> {
            let keys = agreement.key.iter().filter_map(|key| key.key(&agreement.id).ok());
            keys.map(|key| (agreement.id.clone(), key.fingerprint())).collect()
        };
        let known: HashSet<Place> = agreements.agreement.iter().flat_map(places).collect();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|place, _| known.contains(place));
    }

    /// How many tokens are held, for tests.
    #[cfg(test)]
    pub(super) fn sizes(&self) -> Vec<usize> {
        self.0.lock().unwrap().values().map(|tokens| tokens.people.read().unwrap().len()).collect()
    }
}

/// The tokens under one secret.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    people: RwLock<HashMap<Token, Uuid>>,
    /// One looks for newcomers at a time; others wait for what it finds.
    looked: tokio::sync::Mutex<Looked>,
}

#[derive(Debug, Default)]
struct Looked {
    /// An id of the instant at which the last look at everybody began; nil before the first.
    at: Uuid,
    /// How many people were erased by then.
    erased: usize,
}

impl Tokens {
    /// Whose tokens these are.
    pub(super) fn people(&self, tokens: &[Token]) -> Vec<Option<Uuid>> {
        let people = self.people.read().unwrap_or_else(PoisonError::into_inner);
        tokens.iter().map(|token| people.get(token).copied()).collect()
    }

    /// Takes in whoever came since the last look. Not since the last person: an import would be read again for ever.
    async fn grow(&self, persons: &Persons, key: &MatchKey) -> Result<()> {
        let mut looked = self.looked.lock().await;
        let now = persons.clock.id();
        let mut after = earlier(looked.at);
        loop {
            let page = store::after(&persons.db, &persons.keys, after, PAGE).await?;
            let Some(last) = page.last().map(|person| person.id) else { break };
            let tokens: Vec<(Token, Uuid)> = page
                .iter()
                .flat_map(|person| {
                    let documents = person.identity.iter().flat_map(|identity| &identity.documents);
                    documents.map(|document| (key.token(document), person.id))
                })
                .collect();
            self.people.write().unwrap_or_else(PoisonError::into_inner).extend(tokens);
            after = last;
            // Hashing is work of the processor: others have their turn.
            tokio::task::yield_now().await;
        }
        let erased = erased(&persons.db).await?;
        if erased.len() > looked.erased {
            let mut people = self.people.write().unwrap_or_else(PoisonError::into_inner);
            people.retain(|_, person| !erased.contains(person));
        }
        *looked = Looked { at: now, erased: erased.len() };
        Ok(())
    }
}

/// The id of some minutes before, in the order of time of UUIDv7.
fn earlier(id: Uuid) -> Uuid {
    let millis = (id.as_u128() >> 80).saturating_sub(OVERLAP);
    Uuid::from_u128(millis << 80)
}
