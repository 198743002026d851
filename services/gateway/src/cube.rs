//! The figures of all bureaus in memory: per (element, region, period) every revision ever published, so that a view
//! at any cut is a look-up. Pure: no I/O, no clock.
//!
//! The cube takes envelopes that were verified on arrival, in the order of their stream. Reading costs what the
//! view shows, whatever the number of records, observations or bureaus.

mod origin;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use city::period::Period;
use city::plan::Plan;
use city::region::{Edition, RegionTree};
use kit::{Kind, Problem, Result};
use proto::reporting::publication::Body;
use proto::reporting::{Observation, Publication, PublicationKind, RegionFigures};

pub use origin::Origin;
use origin::Origins;

use crate::catalogue::Catalogue;
use crate::cut::Cut;

/// What is known of one publication beside its figures.
#[derive(Clone, Debug)]
pub struct Meta {
    pub bureau: String,
    pub sequence: u64,
    pub kind: PublicationKind,
    pub form: String,
    /// Of the form; empty for documents and printed figures.
    pub period: String,
    pub published_at: i64,
    pub approver: String,
    pub reason: String,
}

/// What an owner said of one figure at one point of its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    Value(i64),
    /// 不适用: nothing of the kind exists there.
    NotApplicable,
    /// 免报: excused.
    Exempt,
    /// Published once, withdrawn since.
    Withdrawn,
}

/// One revision of one figure.
#[derive(Clone, Copy, Debug)]
pub struct Revision {
    publication: u32,
    pub number: u32,
    pub said: Said,
    origin: u32,
}

/// A figure as it stood at a cut, with where it came from.
#[derive(Clone, Debug)]
pub struct Figure<'c> {
    pub said: Said,
    pub number: u32,
    pub meta: &'c Meta,
    pub origin: &'c Origin,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    element: u32,
    region: u32,
    period: Period,
}

/// A stream as the cube has it.
#[derive(Clone, Debug)]
pub struct Stream {
    pub stream_id: String,
    /// `published_at` of each publication; index 0 is sequence 1.
    published_at: Vec<i64>,
}

/// A reference document and the sequence from which it is in force.
#[derive(Debug)]
struct InForce<T> {
    bureau: String,
    sequence: u64,
    value: Arc<T>,
}

/// The reference documents a view is computed by.
#[derive(Clone, Debug)]
pub struct Reference {
    pub plan: Arc<Plan>,
    pub plan_at: (String, u64),
    pub regions: Arc<RegionTree>,
    pub regions_at: (String, u64),
    pub catalogue: Arc<Catalogue>,
    pub catalogue_at: (String, u64),
}

/// See the module's head.
#[derive(Debug, Default)]
pub struct Cube {
    names: HashMap<String, u32>,
    origins: Origins,
    metas: Vec<Meta>,
    cells: HashMap<Key, Vec<Revision>>,
    /// Which cells a bureau's form touched for a region: what that bureau's withdrawal takes back, and no other's.
    published: HashMap<(u32, u32, u32, Period), Vec<Key>>,
    streams: BTreeMap<String, Stream>,
    plans: Vec<InForce<Plan>>,
    editions: Vec<InForce<RegionTree>>,
    catalogues: Vec<InForce<Catalogue>>,
}

impl Cube {
    /// Takes one verified publication.
    pub fn take(&mut self, publication: &Publication) -> Result<()> {
        let bureau = publication.bureau.clone();
        let sequence = publication.sequence;
        if let Some(Body::Document(document)) = &publication.body {
            self.take_document(&bureau, sequence, &document.r#type, &document.content)?;
        }
        let number = u32::try_from(self.metas.len()).map_err(Problem::internal)?;
        self.metas.push(Meta {
            bureau: bureau.clone(),
            sequence,
            kind: publication.kind(),
            form: publication.form.clone(),
            period: publication.period.clone(),
            published_at: publication.published_at_micros,
            approver: publication.approver_name.clone(),
            reason: publication.reason.clone(),
        });
        match &publication.body {
            Some(Body::Figures(figures)) => {
                for region in &figures.regions {
                    self.take_region(publication, number, region)?;
                }
            }
            Some(Body::Withdrawal(withdrawal)) => {
                let period = parse_period(&publication.period)?;
                let (owner, form) = (self.intern(&publication.bureau), self.intern(&publication.form));
                for region in &withdrawal.regions {
                    let region = self.intern(region);
                    for key in self.published.get(&(owner, form, region, period)).cloned().unwrap_or_default() {
                        self.add(key, Revision { publication: number, number: 0, said: Said::Withdrawn, origin: 0 });
                    }
                }
            }
            Some(Body::Document(_)) | None => {}
        }
        let stream = self
            .streams
            .entry(bureau)
            .or_insert_with(|| Stream { stream_id: publication.stream_id.clone(), published_at: Vec::new() });
        // A proof brings only the publications it needs: fill what lies between with the next instant.
        while (stream.published_at.len() as u64) < sequence {
            stream.published_at.push(publication.published_at_micros);
        }
        Ok(())
    }

    fn take_document(&mut self, bureau: &str, sequence: u64, kind: &str, content: &[u8]) -> Result<()> {
        let unreadable = |error: serde_json::Error| {
            Problem::new(Kind::Invalid, "DOCUMENT_UNREADABLE", format!("{kind} 文件无法读取：{error}"))
        };
        let bureau = bureau.to_owned();
        match kind {
            "plan" => {
                let plan: Plan = serde_json::from_slice(content).map_err(unreadable)?;
                self.plans.push(InForce { bureau, sequence, value: Arc::new(plan) });
            }
            "regions" => {
                let edition: Edition = serde_json::from_slice(content).map_err(unreadable)?;
                let tree = RegionTree::new(edition)
                    .map_err(|error| Problem::new(Kind::Invalid, "DOCUMENT_UNREADABLE", error.to_string()))?;
                self.editions.push(InForce { bureau, sequence, value: Arc::new(tree) });
            }
            "catalogue" => {
                let value = Arc::new(Catalogue::read(content)?);
                self.catalogues.push(InForce { bureau, sequence, value });
            }
            // A type of document this version does not know is kept in the store and means nothing here.
            _ => {}
        }
        Ok(())
    }

    fn take_region(&mut self, publication: &Publication, number: u32, figures: &RegionFigures) -> Result<()> {
        for observation in &figures.observations {
            let key = self.key(&observation.element, &observation.region, parse_period(&observation.period)?);
            // What documents print belongs to no report and cannot be withdrawn.
            if !publication.form.is_empty() {
                self.remember(publication, &figures.region, key)?;
            }
            let origin = self.origins.number(figures, observation);
            let said = if figures.exempt { Said::Exempt } else { said(observation)? };
            self.add(key, Revision { publication: number, number: figures.revision, said, origin });
        }
        Ok(())
    }

    fn remember(&mut self, publication: &Publication, region: &str, key: Key) -> Result<()> {
        let period = parse_period(&publication.period)?;
        let owner = self.intern(&publication.bureau);
        let place = (owner, self.intern(&publication.form), self.intern(region), period);
        let keys = self.published.entry(place).or_default();
        if !keys.contains(&key) {
            keys.push(key);
        }
        Ok(())
    }

    fn add(&mut self, key: Key, revision: Revision) {
        self.cells.entry(key).or_default().push(revision);
    }

    fn key(&mut self, element: &str, region: &str, period: Period) -> Key {
        Key { element: self.intern(element), region: self.intern(region), period }
    }

    fn intern(&mut self, text: &str) -> u32 {
        if let Some(number) = self.names.get(text) {
            return *number;
        }
        let number = self.names.len() as u32;
        self.names.insert(text.to_owned(), number);
        number
    }

    /// Forgets a bureau's stream, before another stream of it is taken from the beginning. Costs a rebuild of the
    /// cells, which an operator asks for once in years.
    pub fn forget(&mut self, bureau: &str) {
        let gone: Vec<bool> = self.metas.iter().map(|meta| meta.bureau == bureau).collect();
        for revisions in self.cells.values_mut() {
            revisions.retain(|revision| !gone[revision.publication as usize]);
        }
        self.cells.retain(|_, revisions| !revisions.is_empty());
        self.plans.retain(|plan| plan.bureau != bureau);
        self.editions.retain(|edition| edition.bureau != bureau);
        self.catalogues.retain(|catalogue| catalogue.bureau != bureau);
        self.streams.remove(bureau);
    }

    /// What the owner (or, with `printed`, the plan) said of a figure at a cut; the last revision within it.
    pub fn figure<'c>(
        &'c self,
        element: &str,
        region: &str,
        period: Period,
        cut: &'c Cut,
        printed: bool,
    ) -> Option<Figure<'c>> {
        self.life(element, region, period, cut)
            .filter(|figure| (figure.meta.kind == PublicationKind::Plan) == printed)
            .last()
            .filter(|figure| figure.said != Said::Withdrawn)
    }

    /// All revisions of a figure within a cut, oldest first, withdrawals included.
    pub fn life<'c>(
        &'c self,
        element: &str,
        region: &str,
        period: Period,
        cut: &'c Cut,
    ) -> impl Iterator<Item = Figure<'c>> {
        let key = match (self.names.get(element), self.names.get(region)) {
            (Some(&element), Some(&region)) => Some(Key { element, region, period }),
            _ => None,
        };
        key.into_iter().flat_map(|key| self.life_of(key, cut))
    }

    /// What stands in each of the regions at a cut: the owner's last word, failing that the plan's print (`true`).
    pub fn column<'c>(
        &'c self,
        element: &str,
        regions: &'c [String],
        period: Period,
        cut: &'c Cut,
    ) -> impl Iterator<Item = Option<(Said, bool)>> {
        let element = self.names.get(element).copied();
        regions.iter().map(move |region| {
            let key = Key { element: element?, region: *self.names.get(region)?, period };
            let (mut own, mut printed) = (None, None);
            for figure in self.life_of(key, cut) {
                let of_plan = figure.meta.kind == PublicationKind::Plan;
                *(if of_plan { &mut printed } else { &mut own }) = Some((figure.said, of_plan));
            }
            let stands = |told: &(Said, bool)| told.0 != Said::Withdrawn;
            own.filter(stands).or(printed.filter(stands))
        })
    }

    fn life_of<'c>(&'c self, key: Key, cut: &'c Cut) -> impl Iterator<Item = Figure<'c>> {
        let revisions = self.cells.get(&key).map(Vec::as_slice).unwrap_or_default();
        revisions.iter().filter_map(move |revision| {
            let meta = &self.metas[revision.publication as usize];
            (meta.sequence <= cut.sequence(&meta.bureau)).then(|| Figure {
                said: revision.said,
                number: revision.number,
                meta,
                origin: self.origins.get(revision.origin),
            })
        })
    }

    /// The latest sequences, or with `as_of` (microseconds) the sequences published by then.
    pub fn cut(&self, as_of: Option<i64>) -> Cut {
        Cut::new(self.streams.iter().filter_map(|(bureau, stream)| {
            let sequence = match as_of {
                None => stream.published_at.len(),
                Some(instant) => stream.published_at.partition_point(|published| *published <= instant),
            };
            (sequence > 0).then(|| (bureau.clone(), stream.stream_id.clone(), sequence as u64))
        }))
    }

    /// The plan and the regions in force at a cut.
    pub fn reference(&self, cut: &Cut) -> Result<Reference> {
        let plan = latest(&self.plans, cut).ok_or_else(|| {
            Problem::new(
                Kind::Unavailable,
                "PLAN_NOT_RECEIVED",
                "尚未收到已签名的方案，请稍后再试，或所选时点早于方案发布",
            )
        })?;
        let regions = latest(&self.editions, cut)
            .ok_or_else(|| Problem::new(Kind::Unavailable, "REGIONS_NOT_RECEIVED", "尚未收到已签名的行政区划版本"))?;
        let catalogue = latest(&self.catalogues, cut)
            .ok_or_else(|| Problem::new(Kind::Unavailable, "CATALOGUE_NOT_RECEIVED", "尚未收到已签名的数据元目录"))?;
        Ok(Reference {
            catalogue: catalogue.value.clone(),
            catalogue_at: (catalogue.bureau.clone(), catalogue.sequence),
            plan: plan.value.clone(),
            plan_at: (plan.bureau.clone(), plan.sequence),
            regions: regions.value.clone(),
            regions_at: (regions.bureau.clone(), regions.sequence),
        })
    }

    /// Corrections and withdrawals within a cut, published after an instant.
    pub fn corrections<'c>(&'c self, cut: &'c Cut, after: i64) -> impl Iterator<Item = &'c Meta> {
        self.metas.iter().filter(move |meta| {
            meta.kind == PublicationKind::Revised
                && meta.published_at > after
                && meta.sequence <= cut.sequence(&meta.bureau)
        })
    }

    /// A bureau of the cut whose stream is no longer the one that is held: it came back from a backup.
    pub fn given_up(&self, cut: &Cut) -> Option<String> {
        let gone = |bureau: &str, stream: &str| self.stream_id(bureau) != Some(stream);
        cut.streams().find(|(bureau, stream)| gone(bureau, stream)).map(|(bureau, _)| bureau.to_owned())
    }

    /// The stream of a bureau that is held.
    pub fn stream_id(&self, bureau: &str) -> Option<&str> {
        self.streams.get(bureau).map(|stream| stream.stream_id.as_str())
    }

    /// When a bureau last published, in microseconds.
    pub fn last_published(&self, bureau: &str) -> Option<i64> {
        self.streams.get(bureau)?.published_at.last().copied()
    }

    /// Number of figures held, for the metrics.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }
}

fn latest<'d, T>(documents: &'d [InForce<T>], cut: &Cut) -> Option<&'d InForce<T>> {
    documents.iter().rev().find(|document| document.sequence <= cut.sequence(&document.bureau))
}

fn said(observation: &Observation) -> Result<Said> {
    match observation.value {
        Some(value) => Ok(Said::Value(value)),
        None if observation.not_applicable => Ok(Said::NotApplicable),
        None => Err(Problem::new(
            Kind::Invalid,
            "OBSERVATION_EMPTY",
            format!("{} 在 {} 的 {} 既无数值也非“不适用”", observation.element, observation.region, observation.period),
        )),
    }
}

fn parse_period(text: &str) -> Result<Period> {
    text.parse().map_err(|_| Problem::field("period", "PERIOD_INVALID", format!("报告期“{text}”写法不对")))
}
