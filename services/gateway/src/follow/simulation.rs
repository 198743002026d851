//! A seeded world of bureaus that publish, correct, withdraw and come back from backups, and a gateway that follows them
//! over a line that delays, repeats and skips, crashes at any moment, and makes cuts. What it shows is compared with
//! what the bureaus have said after every step. The real acceptance, store and cube run; the rest is the seed.
//!
//! `YLYX_SEEDS=20000 cargo test -p gateway simulation` runs more worlds than the thousand of every test run.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::task::{Context as Waking, Waker};

use city::bundle::City;
use city::period::Period;
use fastrand::Rng;
use kit::{Clock, Db, Kind};
use prost::Message;
use proto::reporting::publication::Body;
use proto::reporting::{Envelope, Figures, Observation, Publication, PublicationKind, RegionFigures, Withdrawal};
use tempfile::TempDir;
use trust::{KeyRing, SigningKey};

use super::{accept, diverge, resync};
use crate::arrival::{Customs, PAYLOAD_TYPE, payload_hash};
use crate::cube::Said;
use crate::cuts::Moment;
use crate::state::State;
use crate::store;

const BUREAUS: [(&str, &str); 2] = [("childcare", "childcare.places"), ("finance", "finance.projects")];
const REGIONS: [&str; 3] = ["530402", "530403", "530481"];
const PERIOD: Period = Period::Month(2026, 10);
const STEPS: usize = 40;

/// What a bureau has said, publication by publication; None: withdrawn.
type Log = Vec<(usize, Option<i64>)>;

/// One bureau with its stream.
struct Bureau {
    name: &'static str,
    element: &'static str,
    key: SigningKey,
    stream: u32,
    log: Log,
    envelopes: Vec<Envelope>,
    /// As much as the last backup holds.
    backup: Log,
}

impl Bureau {
    fn stream_id(&self) -> String {
        format!("{}-{}", self.name, self.stream)
    }

    fn publish(&mut self, region: usize, value: Option<i64>) {
        let sequence = self.envelopes.len() as u64 + 1;
        let observation = Observation {
            element: self.element.to_owned(),
            region: REGIONS[region].to_owned(),
            period: PERIOD.to_string(),
            value,
            ..Observation::default()
        };
        let figures = RegionFigures {
            region: REGIONS[region].to_owned(),
            revision: sequence as u32,
            observations: vec![observation],
            ..RegionFigures::default()
        };
        let body = match value {
            Some(_) => Body::Figures(Figures { regions: vec![figures] }),
            None => Body::Withdrawal(Withdrawal { regions: vec![REGIONS[region].to_owned()] }),
        };
        let publication = Publication {
            city: "530400".to_owned(),
            bureau: self.name.to_owned(),
            stream_id: self.stream_id(),
            sequence,
            previous_hash: self.envelopes.last().map(payload_hash).unwrap_or_default().into(),
            published_at_micros: sequence as i64 * 1_000_000,
            kind: PublicationKind::Final as i32,
            form: "simulated".to_owned(),
            period: PERIOD.to_string(),
            body: Some(body),
            ..Publication::default()
        };
        self.envelopes.push(self.key.sign(PAYLOAD_TYPE, publication.encode_to_vec()));
        self.log.push((region, value));
    }

    /// Comes back as it was at the last backup, under a new stream; what it had said since is lost.
    fn restore(&mut self) {
        self.stream += 1;
        self.envelopes.clear();
        for (region, value) in std::mem::take(&mut self.log).into_iter().take(self.backup.len()) {
            self.publish(region, value);
        }
    }

    /// What the first so many publications say of a region.
    fn said(&self, region: usize, sequence: usize) -> Option<i64> {
        self.log[..sequence].iter().rev().find(|(of, _)| *of == region).and_then(|(_, value)| *value)
    }
}

/// The gateway's folder and what should be in it.
struct World {
    folder: TempDir,
    customs: Customs,
    bureaus: Vec<Bureau>,
    state: State,
    /// How far the gateway must be, and in which stream.
    followed: BTreeMap<&'static str, (u32, usize)>,
    /// Named cuts with what they showed when they were made.
    cuts: Vec<Fixed>,
}

/// A cut's id, the stream of each bureau when it was made, and what it showed.
type Fixed = (String, BTreeMap<&'static str, u32>, Vec<Option<i64>>);

fn database(folder: &Path) -> PathBuf {
    folder.join("gateway.db")
}

async fn opened(folder: &Path, customs: &Customs) -> State {
    let db = Db::open(database(folder).to_str().unwrap()).await.unwrap();
    db.migrate(&store::migrations()).await.unwrap();
    let key = SigningKey::load_or_create(&folder.join("gateway.key")).unwrap();
    let names = BUREAUS.iter().map(|(name, _)| (*name).to_owned());
    State::open(db, Clock::system(), customs.clone(), key, names).await.unwrap()
}

impl World {
    async fn new() -> Self {
        let folder = memory();
        let bureaus: Vec<Bureau> = BUREAUS
            .iter()
            .map(|(name, element)| {
                let key = SigningKey::load_or_create(&folder.path().join(format!("{name}.key"))).unwrap();
                key.public().save(folder.path(), name).unwrap();
                Bureau { name, element, key, stream: 1, log: Log::new(), envelopes: Vec::new(), backup: Log::new() }
            })
            .collect();
        let keys = KeyRing::load(folder.path()).unwrap();
        let customs = Customs { city: City::embedded(), keys, accept_synthetic: false };
        let state = opened(folder.path(), &customs).await;
        World { folder, customs, bureaus, state, followed: BTreeMap::new(), cuts: Vec::new() }
    }

    /// The process ends here and another one begins on what is durable.
    async fn crash(&mut self) {
        self.state.db().close().await;
        self.state = opened(self.folder.path(), &self.customs).await;
    }

    /// Hands over the envelope that a bureau sends to whoever is `followed` so far; a bureau whose stream is another one
    /// makes the gateway stand still.
    async fn deliver(&mut self, at: usize, draw: &mut Rng) {
        let bureau = &self.bureaus[at];
        let (stream, sequence) = self.followed.get(bureau.name).copied().unwrap_or((bureau.stream, 0));
        if stream != bureau.stream {
            let problem = kit::Problem::state("STREAM_DIVERGED", "另一条数据流");
            diverge(&self.state, bureau.name, &problem).await.unwrap();
            return;
        }
        // Repeated, next, or one too far.
        let offered = (sequence + draw.usize(0..3)).saturating_sub(1);
        let Some(envelope) = bureau.envelopes.get(offered).cloned() else { return };
        let (name, next) = (bureau.name, offered == sequence);
        if draw.u8(0..8) == 0 {
            self.cut_off(name, &envelope, draw.usize(0..12)).await;
            let durable = store::position(self.state.db(), name).await.unwrap();
            let durable = durable.map_or(0, |position| position.sequence as usize);
            assert!(durable == sequence || next && durable == sequence + 1, "all of an envelope or nothing");
            if durable > 0 {
                self.followed.insert(name, (stream, durable));
            }
            return;
        }
        match accept(&self.state, name, &envelope).await {
            Ok(()) => {
                assert!(offered <= sequence, "an envelope after a gap was taken");
                self.followed.insert(name, (stream, sequence.max(offered + 1)));
            }
            Err(problem) => {
                assert!(offered > sequence, "refused {offered} after {sequence}: {problem}");
                assert_eq!(problem.kind, Kind::State, "{problem}");
            }
        }
    }

    /// The process ends while an envelope is being taken: after so many steps of that work.
    async fn cut_off(&mut self, bureau: &str, envelope: &Envelope, polls: usize) {
        {
            let mut work = pin!(accept(&self.state, bureau, envelope));
            for _ in 0..polls {
                let ended = work.as_mut().poll(&mut Waking::from_waker(Waker::noop())).is_ready();
                if ended {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        self.crash().await;
    }

    async fn resynced(&mut self, at: usize) {
        let name = self.bureaus[at].name;
        if self.followed.get(name).is_some_and(|(stream, _)| *stream != self.bureaus[at].stream) {
            resync(&self.state, name).await.unwrap();
            self.followed.remove(name);
        }
    }

    /// What is shown at a moment, figure by figure; None where a stream of the cut is gone.
    fn shown(&self, moment: &Moment) -> Option<Vec<Option<i64>>> {
        let read = self.state.cube(|cube| {
            let cut = moment.cut(cube)?;
            let mut all = Vec::new();
            for (_, element) in BUREAUS {
                for region in REGIONS {
                    let figure = cube.figure(element, region, PERIOD, &cut, false);
                    all.push(figure.and_then(|figure| match figure.said {
                        Said::Value(value) => Some(value),
                        _ => None,
                    }));
                }
            }
            Ok(all)
        });
        match read {
            Ok(all) => Some(all),
            Err(problem) => {
                assert_eq!(problem.reason, "CUT_STREAM_GONE");
                None
            }
        }
    }

    async fn make_cut(&mut self, number: usize) {
        let by = crate::cuts::desk::By { id: "office", name: "专班" };
        // Without a plan there is nothing to cut by name; the sequences are what matters here.
        let cut = self.state.cube(|cube| Ok(cube.cut(None))).unwrap();
        let named = crate::cuts::NamedCut {
            id: self.state.clock().id(),
            name: format!("定版{number}"),
            period: PERIOD,
            cut,
            made_by: by.id.to_owned(),
            made_by_name: by.name.to_owned(),
            made_at: self.state.clock().micros(),
        };
        let mut tx = self.state.db().begin().await.unwrap();
        crate::cuts::store::insert(&mut tx, &named).await.unwrap();
        tx.commit().await.unwrap();
        self.state.add_cut(named.clone());
        let streams = self.followed.iter().map(|(name, (stream, _))| (*name, *stream)).collect();
        let shown = self.shown(&self.state.moment(&named.address()).unwrap()).expect("just made");
        self.cuts.push((named.address(), streams, shown));
    }

    /// Everything shown is what the bureaus said, and every cut shows what it always did.
    fn check(&self, step: &str) {
        let now = self.shown(&self.state.moment("").unwrap()).expect("now");
        let mut expected = Vec::new();
        for bureau in &self.bureaus {
            let (stream, sequence) = self.followed.get(bureau.name).copied().unwrap_or((bureau.stream, 0));
            for region in 0..REGIONS.len() {
                // Of a stream that was given up, the model keeps nothing to compare with.
                let known = stream == bureau.stream;
                let at = expected.len();
                expected.push(if known { bureau.said(region, sequence) } else { now[at] });
            }
        }
        assert_eq!(now, expected, "after {step}");
        for (address, streams, shown) in &self.cuts {
            let again = self.shown(&self.state.moment(address).unwrap());
            let held = |(name, stream): (&&str, &u32)| self.followed.get(*name).is_some_and(|(now, _)| now == stream);
            match again {
                Some(again) => assert_eq!(again, *shown, "{address} after {step}"),
                None => assert!(!streams.iter().all(held), "{address} is gone after {step}"),
            }
        }
    }
}

/// Where nothing is synced to a disk, if the machine has such a place.
fn memory() -> TempDir {
    TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).unwrap()
}

async fn live(seed: u64) {
    let mut draw = Rng::with_seed(seed);
    let mut world = World::new().await;
    for step in 0..STEPS {
        let at = draw.usize(0..BUREAUS.len());
        let what = draw.u8(0..100);
        match what {
            0..35 => {
                let (region, value) = (draw.usize(0..REGIONS.len()), draw.i64(0..1000));
                let bureau = &mut world.bureaus[at];
                // Only what was published can be withdrawn.
                let known = bureau.said(region, bureau.log.len()).is_some();
                bureau.publish(region, if known && draw.u8(0..6) == 0 { None } else { Some(value) });
            }
            35..80 => world.deliver(at, &mut draw).await,
            80..86 => world.crash().await,
            86..92 => world.make_cut(step).await,
            92..95 => world.bureaus[at].backup = world.bureaus[at].log.clone(),
            95..97 => world.bureaus[at].restore(),
            _ => world.resynced(at).await,
        }
        world.check(&format!("step {step} ({what}) of seed {seed}"));
    }
    // The line heals: everything arrives.
    for at in 0..BUREAUS.len() {
        world.resynced(at).await;
        let bureau = &world.bureaus[at];
        let (name, stream, envelopes) = (bureau.name, bureau.stream, bureau.envelopes.clone());
        let begin = world.followed.get(name).map_or(0, |(_, sequence)| *sequence);
        for envelope in &envelopes[begin..] {
            accept(&world.state, name, envelope).await.unwrap();
        }
        if !envelopes.is_empty() {
            world.followed.insert(name, (stream, envelopes.len()));
        }
    }
    world.check(&format!("the end of seed {seed}"));
    world.state.db().close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_the_gateway_shows_what_the_bureaus_said() {
    let seeds: u64 = std::env::var("YLYX_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(1_000);
    let mut worlds = tokio::task::JoinSet::new();
    for seed in 0..seeds {
        if worlds.len() >= 4 {
            worlds.join_next().await.unwrap().unwrap();
        }
        worlds.spawn(live(seed));
    }
    while let Some(ended) = worlds.join_next().await {
        ended.unwrap();
    }
}
