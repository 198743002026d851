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
use crate::persons::{Person, Persons, store};

/// People read at once.
const PAGE: i64 = 2_000;
/// Milliseconds by which people and corrections may become visible out of their order, where several processes write.
const OVERLAP: u32 = 600_000;

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
    /// The same instant, as corrections are dated.
    at_micros: i64,
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
        let at_micros = persons.clock.micros();
        let mut after = earlier(looked.at);
        if !looked.at.is_nil() {
            self.replace(persons, key, looked.at_micros - i64::from(OVERLAP) * 1_000).await?;
        }
        loop {
            let page = store::after(&persons.db, &persons.keys, after, PAGE).await?;
            let Some(last) = page.last().map(|person| person.id) else { break };
            let tokens = tokens_of(&page, key);
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
        *looked = Looked { at: now, at_micros, erased: erased.len() };
        Ok(())
    }

    /// Takes documents that were corrected since an instant for what they are now, and for what they were no longer.
    async fn replace(&self, persons: &Persons, key: &MatchKey, since_micros: i64) -> Result<()> {
        let corrected = store::corrected(&persons.db, &persons.keys, since_micros).await?;
        if corrected.is_empty() {
            return Ok(());
        }
        let (ids, tokens): (HashSet<Uuid>, _) =
            (corrected.iter().map(|person| person.id).collect(), tokens_of(&corrected, key));
        let mut people = self.people.write().unwrap_or_else(PoisonError::into_inner);
        people.retain(|_, person| !ids.contains(person));
        people.extend(tokens);
        Ok(())
    }
}

/// The tokens of people's documents.
fn tokens_of(people: &[Person], key: &MatchKey) -> Vec<(Token, Uuid)> {
    let documents = people.iter().flat_map(|person| {
        let documents = person.identity.iter().flat_map(|identity| &identity.documents);
        documents.map(|document| (person.id, document))
    });
    documents.map(|(person, document)| (key.token(document), person)).collect()
}

/// The id of some minutes before, in the order of time of UUIDv7.
fn earlier(id: Uuid) -> Uuid {
    let millis = (id.as_u128() >> 80).saturating_sub(u128::from(OVERLAP));
    Uuid::from_u128(millis << 80)
}
