//! What the gateway's rooms share: the cube, the links to the bureaus, the store, the clock.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};

use kit::{Clock, Db, Problem, Result};
use tokio::sync::Notify;
use trust::SigningKey;
use uuid::Uuid;

use crate::arrival::Customs;
use crate::counties::CountyTable;
use crate::cube::Cube;
use crate::cut::parse_as_of;
use crate::cuts::{self, Moment, NamedCut};
use crate::store;

/// How one bureau's stream is doing.
#[derive(Clone, Debug, Default)]
pub struct Link {
    pub stream_id: String,
    pub sequence: u64,
    /// Microseconds; None before the first contact.
    pub last_contact: Option<i64>,
    /// Since when it has not been heard; None while it is.
    pub stale_since: Option<i64>,
    pub diverged: bool,
    pub reason: String,
}

impl Link {
    pub fn heard(&mut self, now: i64) {
        self.last_contact = Some(now);
        self.stale_since = None;
        self.diverged = false;
        self.reason.clear();
    }

    pub fn lost(&mut self, now: i64, cause: String) {
        self.stale_since.get_or_insert(self.last_contact.unwrap_or(now));
        self.reason = cause;
    }

    pub fn diverge(&mut self, now: i64, cause: String) {
        self.lost(now, cause);
        self.diverged = true;
    }

    pub fn forget(&mut self) {
        *self = Link { last_contact: self.last_contact, ..Link::default() };
    }

    /// live, stale, diverged, or waiting when it was never reached.
    pub fn state(&self) -> &'static str {
        match self {
            Link { diverged: true, .. } => "diverged",
            Link { last_contact: None, .. } => "waiting",
            Link { stale_since: Some(_), .. } => "stale",
            _ => "live",
        }
    }
}

/// Cloning shares everything.
#[derive(Clone, Debug)]
pub struct State(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    db: Db,
    clock: Clock,
    customs: Customs,
    key: SigningKey,
    cube: RwLock<Cube>,
    links: RwLock<BTreeMap<String, Link>>,
    wakes: BTreeMap<String, Notify>,
    cuts: RwLock<BTreeMap<Uuid, Arc<NamedCut>>>,
    /// Counts the changes of the cube.
    changes: AtomicU64,
    tables: Mutex<Tables>,
}

/// Tables of counties by period and instant, each with the count of changes that it holds for.
type Tables = BTreeMap<(String, String), (u64, Arc<CountyTable>)>;

/// Tables kept at most; then all are forgotten.
const TABLES: usize = 256;

impl State {
    /// Loads what is stored.
    pub async fn open(
        db: Db,
        clock: Clock,
        customs: Customs,
        key: SigningKey,
        bureaus: impl IntoIterator<Item = String>,
    ) -> Result<Self> {
        let bureaus: Vec<String> = bureaus.into_iter().collect();
        let state = State(Arc::new(Inner {
            db,
            clock,
            customs,
            key,
            cube: RwLock::default(),
            links: RwLock::new(bureaus.iter().map(|bureau| (bureau.clone(), Link::default())).collect()),
            wakes: bureaus.into_iter().map(|bureau| (bureau, Notify::new())).collect(),
            cuts: RwLock::default(),
            changes: AtomicU64::default(),
            tables: Mutex::default(),
        }));
        for cut in cuts::store::all(state.db()).await? {
            state.add_cut(cut);
        }
        state.reload().await?;
        Ok(state)
    }

    /// Builds the cube anew from the store. Signatures are verified again: the store may have been tampered with.
    pub async fn reload(&self) -> Result<()> {
        let mut cube = Cube::default();
        for bureau in self.bureaus() {
            let Some(position) = store::position(self.db(), &bureau).await? else { continue };
            let mut after = 0;
            loop {
                let page = store::replay(self.db(), &bureau, &position.stream_id, after).await?;
                for (sequence, envelope) in &page {
                    cube.take(&self.customs().open(&bureau, envelope)?)?;
                    after = *sequence;
                }
                if page.len() < 500 {
                    break;
                }
            }
            self.set_link(&bureau, |link| {
                link.stream_id = position.stream_id.clone();
                link.sequence = position.sequence as u64;
                link.last_contact = Some(position.last_contact);
                // Not heard since this process started; the first sign of life clears it.
                link.stale_since = Some(position.last_contact);
                link.diverged = !position.diverged.is_empty();
                link.reason = position.diverged.clone();
            });
        }
        self.cube_mut(|current| {
            *current = cube;
            Ok(())
        })
    }

    pub fn db(&self) -> &Db {
        &self.0.db
    }

    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub fn customs(&self) -> &Customs {
        &self.0.customs
    }

    pub fn key(&self) -> &SigningKey {
        &self.0.key
    }

    /// The bureaus that are followed.
    pub fn bureaus(&self) -> Vec<String> {
        self.0.wakes.keys().cloned().collect()
    }

    /// Reads the cube; the closure must not block.
    pub fn cube<T>(&self, read: impl FnOnce(&Cube) -> Result<T>) -> Result<T> {
        read(&*self.0.cube.read().map_err(|_| Problem::internal("cube lock poisoned"))?)
    }

    pub fn cube_mut<T>(&self, write: impl FnOnce(&mut Cube) -> Result<T>) -> Result<T> {
        let mut cube = self.0.cube.write().map_err(|_| Problem::internal("cube lock poisoned"))?;
        let written = write(&mut cube);
        // Counted while nobody reads: a table of the old figures is never kept as one of the new.
        self.0.changes.fetch_add(1, Ordering::SeqCst);
        written
    }

    /// The table of a period and instant, made anew when the figures have changed since.
    pub(crate) fn table(
        &self,
        period: &str,
        as_of: &str,
        make: impl FnOnce() -> Result<CountyTable>,
    ) -> Result<Arc<CountyTable>> {
        let (now, place) = (self.0.changes.load(Ordering::SeqCst), (period.to_owned(), as_of.to_owned()));
        let kept = self.0.tables.lock().ok().and_then(|tables| tables.get(&place).cloned());
        if let Some((_, table)) = kept.filter(|(at, _)| *at == now) {
            return Ok(table);
        }
        let table = Arc::new(make()?);
        if let Ok(mut tables) = self.0.tables.lock() {
            if tables.len() >= TABLES {
                tables.clear();
            }
            tables.insert(place, (now, table.clone()));
        }
        Ok(table)
    }

    /// The named cuts, the newest first.
    pub fn cuts(&self) -> Vec<Arc<NamedCut>> {
        self.0.cuts.read().map(|cuts| cuts.values().rev().cloned().collect()).unwrap_or_default()
    }

    pub(crate) fn add_cut(&self, cut: NamedCut) {
        if let Ok(mut cuts) = self.0.cuts.write() {
            cuts.insert(cut.id, Arc::new(cut));
        }
    }

    /// What an address asks for: empty for now, an instant, a date, or `cut:` and the id of a named cut. CUT_UNKNOWN,
    /// AS_OF_INVALID.
    pub fn moment(&self, as_of: &str) -> Result<Moment> {
        if let Some(id) = as_of.strip_prefix(cuts::PREFIX) {
            let found = id.parse().ok().and_then(|id: Uuid| self.0.cuts.read().ok()?.get(&id).cloned());
            let named = found.ok_or_else(|| Problem::not_found("CUT_UNKNOWN", "没有这个定版"))?;
            return Ok(Moment { at: named.made_at, named: Some(named), as_of: None });
        }
        let as_of = parse_as_of(as_of)?;
        Ok(Moment { at: as_of.unwrap_or_else(|| self.clock().micros()), named: None, as_of })
    }

    pub fn links(&self) -> BTreeMap<String, Link> {
        self.0.links.read().map(|links| links.clone()).unwrap_or_default()
    }

    pub fn set_link(&self, bureau: &str, change: impl FnOnce(&mut Link)) {
        if let Ok(mut links) = self.0.links.write() {
            change(links.entry(bureau.to_owned()).or_default());
        }
    }

    /// Resolves when an operator resyncs the bureau.
    pub async fn resynced(&self, bureau: &str) {
        match self.0.wakes.get(bureau) {
            Some(wake) => wake.notified().await,
            None => std::future::pending().await,
        }
    }

    pub fn wake(&self, bureau: &str) {
        if let Some(wake) = self.0.wakes.get(bureau) {
            wake.notify_one();
        }
    }
}
