//! The rights in memory: what the table says, at most a second old, and who waits for it to change.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use contract::rules::{AccessRule, AccessRules};
use jiff::civil::Date;
use kit::{Clock, Db, Problem, Result, Shutdown};
use tokio::sync::watch;
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
    pub(super) fields: Vec<String>,
    pub(super) valid_until: Option<Date>,
    pub(super) state: State,
}

/// The rights that were ever granted, by method.
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

    /// The right in force for a call: ACCESS_RIGHT_MISSING, ACCESS_RIGHT_SUSPENDED, ACCESS_RIGHT_ENDED.
    pub(super) fn right(&self, method: &str, consumer: &str, purpose: &str, today: Date) -> Result<&Known> {
        let of_call = |known: &&Known| known.consumer == consumer && known.purpose == purpose;
        let held = self.0.get(method).into_iter().flatten().filter(of_call);
        // At most one is granted or suspended; among those that ended the last one counts.
        let known = held.max_by_key(|known| (known.state != State::Ended, known.id)).ok_or_else(|| {
            Problem::forbidden("ACCESS_RIGHT_MISSING", format!("{consumer} 未获得以此用途调用该接口的授权"))
        })?;
        known.stands(today)?;
        Ok(known)
    }

    /// A right that a stream began with still stands: ACCESS_RIGHT_SUSPENDED, ACCESS_RIGHT_ENDED.
    pub(super) fn still(&self, id: Uuid, today: Date) -> Result<()> {
        self.0.values().flatten().find(|known| known.id == id).ok_or_else(ended)?.stands(today)
    }
}

impl Known {
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
}

impl Rights {
    /// Knows nothing until [`Rights::refresh`].
    pub(crate) fn new(bureau: &str, db: Db, clock: Clock, rules: Arc<AccessRules>) -> Rights {
        let book = watch::Sender::new(Arc::default());
        Rights(Arc::new(Inner { bureau: bureau.to_owned(), db, clock, rules, book }))
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

    /// The right that a call goes by; `None` where it needs none. PURPOSE_MISSING, PURPOSE_UNKNOWN, and what
    /// [`Book::right`] refuses.
    pub(crate) fn judge(
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
        let known = book.right(path, consumer, &purpose, self.0.clock.today())?;
        let method = self.0.rules.method(path).ok_or_else(|| Problem::internal("a judged method is unknown"))?;
        Ok(Some(Arc::new(AccessRight {
            id: known.id,
            purpose,
            fields: known.fields.iter().cloned().collect(),
            record: contract::catalogue::record(method),
        })))
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
