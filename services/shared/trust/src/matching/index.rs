//! Tokens of the people held here, by agreement and secret, in memory: made when first asked, and grown by those who came since.
//! Four hundred thousand people take about twenty megabytes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use kit::Result;
use uuid::Uuid;

use super::Token;
use super::agreement::MatchKey;
use crate::persons::{Persons, store};

/// People read at once.
const PAGE: i64 = 2_000;
/// Milliseconds by which ids may become visible out of their order, where several processes enter people.
const OVERLAP: u128 = 600_000;

/// Tokens under one secret.
#[derive(Clone, Debug, Default)]
pub struct Tokens {
    pub people: Arc<HashMap<Token, Uuid>>,
    /// Everybody up to this id is in.
    seen: Uuid,
}

/// The tokens under every secret that was asked with. Cloning shares them.
#[derive(Clone, Debug, Default)]
pub struct Index(Arc<Mutex<HashMap<(String, String), Tokens>>>);

impl Index {
    /// The tokens under a secret, everybody in who is stored by now.
    pub async fn tokens(
        &self,
        persons: &Persons,
        agreement: &str,
        key: &MatchKey,
    ) -> Result<Arc<HashMap<Token, Uuid>>> {
        let place = (agreement.to_owned(), key.id.clone());
        let mut tokens = self.0.lock().ok().and_then(|known| known.get(&place).cloned()).unwrap_or_default();
        let mut after = earlier(tokens.seen);
        loop {
            let page = store::after(&persons.db, &persons.keys, after, PAGE).await?;
            let Some(last) = page.last().map(|person| person.id) else { break };
            let fresh: Vec<(Token, Uuid)> = page
                .iter()
                .flat_map(|person| {
                    let documents = person.identity.iter().flat_map(|identity| &identity.documents);
                    documents.map(|document| (key.token(document), person.id))
                })
                .filter(|(token, _)| !tokens.people.contains_key(token))
                .collect();
            if !fresh.is_empty() {
                Arc::make_mut(&mut tokens.people).extend(fresh);
            }
            (after, tokens.seen) = (last, last);
            // Hashing is work of the processor: others have their turn.
            tokio::task::yield_now().await;
        }
        let people = tokens.people.clone();
        if let Ok(mut known) = self.0.lock() {
            known.insert(place, tokens);
        }
        Ok(people)
    }
}

/// The id of some minutes before, in the order of time of UUIDv7.
fn earlier(id: Uuid) -> Uuid {
    let millis = (id.as_u128() >> 80).saturating_sub(OVERLAP);
    Uuid::from_u128(millis << 80)
}
