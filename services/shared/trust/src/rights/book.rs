//! The rights in memory: what the table says, at most a second old, and who waits for it to change.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use contract::rules::{AccessRule, AccessRules};
use jiff::civil::Date;
use kit::{Clock, Db, Problem, Result, Shutdown};
use tokio::sync::{Mutex, watch};
use uuid::Uuid;

use super::state::State;
use super::wanted::needs_right;
use super::{AccessRight, purpose_of, store};
use crate::identity::Identity;

/// How old what another replica has changed may be here.
const REFRESH: Duration = Duration::from_secs(1);

/// A right as the gate needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) id: Uuid,
    pub(super) consumer: String,
    pub(super) purpose: String,
    pub(super) fields: BTreeSet<String>,
    pub(super) valid_until: Option<Date>,
    pub(super) state: State,
}

/// The rights that are granted or suspended, by method.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Book(BTreeMap<String, Vec<Known>>);

impl Book {
    /// From rows in the order of application.
    pub(super) fn of(rows: impl IntoIterator<Item = (String, Known)>) -> Book {
        let mut book = Book::default();
        for (method, known) in rows {
            book.0.entry(method).or_default().push(known);
        }
        book
    }

    /// The right for a call: there is at most one.
    pub(super) fn right(&self, method: &str, consumer: &str, purpose: &str) -> Option<&Known> {
        let of_call = |known: &&Known| known.consumer == consumer && known.purpose == purpose;
        self.0.get(method).into_iter().flatten().find(of_call)
    }

    /// A right that a stream began with still stands: ACCESS_RIGHT_SUSPENDED, ACCESS_RIGHT_ENDED.
    pub(super) fn still(&self, id: Uuid, today: Date) -> Result<()> {
        self.0.values().flatten().find(|known| known.id == id).ok_or_else(ended)?.stands(today)
    }
}

impl Known {
    /// ACCESS_RIGHT_SUSPENDED, ACCESS_RIGHT_ENDED.
    fn stands(&self, today: Date) -> Result<()> {
        match self.state {
            State::Granted if self.valid_until.is_none_or(|last| today <= last) => Ok(()),
            State::Suspended => Err(Problem::forbidden("ACCESS_RIGHT_SUSPENDED", "此项共享授权已暂停")),
            _ => Err(ended()),
        }
    }
}

fn ended() -> Problem {
    Problem::forbidden("ACCESS_RIGHT_ENDED", "此项共享授权已终止或到期")
}

/// The rights at one service. Cloning shares them.
#[derive(Clone, Debug)]
pub(crate) struct Rights(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    bureau: String,
    db: Db,
    clock: Clock,
    rules: Arc<AccessRules>,
    book: watch::Sender<Arc<Book>>,
    /// Who reads the table says what it held before anybody reads it again: an older reading never replaces a newer one.
    reading: Mutex<()>,
}

impl Rights {
    /// Knows nothing until [`Rights::refresh`].
    pub(crate) fn new(bureau: &str, db: Db, clock: Clock, rules: Arc<AccessRules>) -> Rights {
        let (book, reading) = (watch::Sender::new(Arc::default()), Mutex::default());
        Rights(Arc::new(Inner { bureau: bureau.to_owned(), db, clock, rules, book, reading }))
    }

    pub(super) fn bureau(&self) -> &str {
        &self.0.bureau
    }

    pub(super) fn db(&self) -> &Db {
        &self.0.db
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub(super) fn rules(&self) -> &AccessRules {
        &self.0.rules
    }

    /// Reads the table; who waits for a change is told when there is one.
    pub(crate) async fn refresh(&self) -> Result<()> {
        let _reading = self.0.reading.lock().await;
        let fresh = store::known(&self.0.db).await?;
        self.0.book.send_if_modified(|book| {
            let changed = **book != fresh;
            if changed {
                *book = Arc::new(fresh);
            }
            changed
        });
        Ok(())
    }

    /// Nobody reads the table meanwhile.
    #[cfg(test)]
    pub(super) async fn hold_reading(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.0.reading.lock().await
    }

    /// Refreshes until shutdown, for what other replicas change.
    pub(crate) async fn keep(self, shutdown: Shutdown) {
        loop {
            tokio::select! {
                () = shutdown.asked() => return,
                () = tokio::time::sleep(REFRESH) => {}
            }
            if let Err(problem) = self.refresh().await {
                tracing::warn!(%problem, bureau = self.0.bureau, "access rights are not refreshed");
            }
        }
    }

    /// The right that a call goes by; `None` where it needs none. PURPOSE_MISSING, PURPOSE_UNKNOWN, ACCESS_RIGHT_MISSING,
    /// ACCESS_RIGHT_SUSPENDED, ACCESS_RIGHT_ENDED. A call that is let through costs no query.
    pub(crate) async fn judge(
        &self,
        path: &str,
        rule: &AccessRule,
        identity: &Identity,
        headers: &http::HeaderMap,
    ) -> Result<Option<Arc<AccessRight>>> {
        let consumer = identity.rule_name();
        if rule.sharing != proto::contract::Sharing::Conditional || !needs_right(consumer, &self.0.bureau) {
            return Ok(None);
        }
        let purpose = purpose_of(headers)?;
        if !rule.purposes.contains(&purpose) {
            return Err(Problem::forbidden("PURPOSE_UNKNOWN", "所述用途不在此接口的许可用途之列"));
        }
        let book = self.0.book.borrow().clone();
        let Some(known) = book.right(path, consumer, &purpose) else {
            return Err(match store::has_ended(&self.0.db, path, consumer, &purpose).await? {
                true => ended(),
                false => {
                    let message = format!("{consumer} 未获得以此用途调用该接口的授权");
                    Problem::forbidden("ACCESS_RIGHT_MISSING", message)
                }
            });
        };
        known.stands(self.0.clock.today())?;
        let method = self.0.rules.method(path).ok_or_else(|| Problem::internal("a judged method is unknown"))?;
        Ok(Some(Arc::new(AccessRight::to(method, known.id, purpose, known.fields.clone()))))
    }

    /// Resolves when the right ends, is suspended, or runs out, with what to tell.
    pub(crate) fn over(&self, right: Uuid) -> impl Future<Output = Problem> + Send + use<> {
        let (mut book, clock) = (self.0.book.subscribe(), self.0.clock.clone());
        async move {
            loop {
                let now = book.borrow_and_update().clone();
                if let Err(problem) = now.still(right, clock.today()) {
                    return problem;
                }
                // Also looks by itself, for a right runs out with the day. A book that nobody writes is not asked again
                // and again.
                let changed = tokio::time::timeout(REFRESH, book.changed()).await;
                if let Ok(Err(_)) = changed {
                    tokio::time::sleep(REFRESH).await;
                }
            }
        }
    }
}
