//! Tables published one after the other: what two of them together give away counts as well.
//!
//! A reader has all earlier tables. A count that has not changed is the same count, and what was said of it stands: it
//! is neither hidden nor shown later. Of one that has changed, the difference is a count too, and may be as small.
//!
//! So a correction of fewer than five persons is held back: where all changes of figures that hang together are that
//! small, the earlier ones stay until a change is large enough. Where a small change comes with a large one, the counts
//! with small changes are hidden; and where even that would give one away, the earlier figures stay.
//!
//! A count that goes on from month to month is another count in every month; what lies between two of them is one too.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Cause, Cell, Standing, Statement, Table, is_small};

/// A table on its way to the public, by the names of its counts.
#[derive(Clone, Debug)]
pub struct Draft<K> {
    cells: BTreeMap<K, Cell>,
    relations: Vec<(K, Vec<K>)>,
    /// What counts go on from.
    before: BTreeMap<K, BTreeSet<K>>,
    /// What goes on from them.
    after: BTreeMap<K, BTreeSet<K>>,
}

impl<K> Default for Draft<K> {
    fn default() -> Self {
        Draft { cells: BTreeMap::new(), relations: Vec::new(), before: BTreeMap::new(), after: BTreeMap::new() }
    }
}

impl<K: Ord + Clone> Draft<K> {
    /// A count that the table would show.
    pub fn offer(&mut self, name: K, value: i64, persons: bool) {
        self.cells.insert(name, Cell { value, persons, standing: Standing::Offered });
    }

    /// A count that a reader may work out: one that is offered already stays so.
    pub fn derive(&mut self, name: K, value: i64, persons: bool) {
        self.cells.entry(name).or_insert(Cell { value, persons, standing: Standing::Derived });
    }

    /// States a sum of counts that are all there; otherwise, or if it does not add up, there is nothing to know.
    pub fn relate(&mut self, total: K, parts: Vec<K>) {
        let sum: Option<i64> = parts.iter().map(|part| Some(self.cells.get(part)?.value)).sum();
        if sum.is_some() && sum == self.cells.get(&total).map(|cell| cell.value) {
            self.relations.push((total, parts));
        }
    }

    /// States that a count goes on from an earlier one: what lies between them is a count too, whichever of the two is
    /// published first.
    pub fn follows(&mut self, name: K, earlier: K) {
        self.after.entry(earlier.clone()).or_default().insert(name.clone());
        self.before.entry(name).or_default().insert(earlier);
    }
}

/// What the public reads of one count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Public {
    pub said: Statement,
    /// An earlier figure stands for a newer one.
    pub held: bool,
}

/// The next table of a series.
#[derive(Clone, Debug)]
pub struct Next<K> {
    /// What is shown of each count that the table offers.
    pub public: BTreeMap<K, Public>,
    /// What there is to remember of it.
    pub addition: Addition<K>,
    /// Steps of all searches: the work it took.
    pub steps: u64,
}

/// What a table adds to a series; places are those of the series after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addition<K> {
    versions: Vec<Cell>,
    relations: Vec<(usize, Vec<usize>)>,
    /// The version that each count of the table is.
    lives: Vec<(K, usize)>,
}

/// All that was published so far.
#[derive(Clone, Debug)]
pub struct Series<K> {
    versions: Vec<Cell>,
    /// Total and parts.
    relations: Vec<(usize, Vec<usize>)>,
    /// The relations that each version is in.
    touching: Vec<Vec<usize>>,
    /// The versions of each count, the one stated last at the end.
    lives: BTreeMap<K, Vec<usize>>,
}

impl<K> Default for Series<K> {
    fn default() -> Self {
        Series { versions: Vec::new(), relations: Vec::new(), touching: Vec::new(), lives: BTreeMap::new() }
    }
}

/// The table that is audited: what is drafted together with what it can be compared with.
struct Joint<K> {
    table: Table,
    /// Where the draft's counts are in it.
    places: BTreeMap<K, usize>,
    /// Where versions of earlier tables are in it.
    earlier: BTreeMap<usize, usize>,
}

impl<K: Ord + Clone> Series<K> {
    /// Publishes the next table, and says what is shown of each count that it offers.
    pub fn publish(&mut self, draft: &Draft<K>) -> BTreeMap<K, Public> {
        let Next { public, addition, .. } = self.next(draft);
        self.take(addition);
        public
    }

    /// The next table, as it would be published.
    pub fn next(&self, draft: &Draft<K>) -> Next<K> {
        let groups = self.groups(draft);
        let mut held: BTreeSet<usize> = self.small_corrections(draft, &groups);
        let mut steps = 0;
        let (joint, statements) = loop {
            let joint = self.joint(draft, |name| groups.get(name).is_some_and(|group| held.contains(group)));
            let outcome = joint.table.suppress();
            steps += outcome.steps;
            let gone: BTreeSet<usize> = outcome.exposed.iter().flat_map(|one| joint.table.connected(*one)).collect();
            let guilty = joint.places.iter().filter(|(_, place)| gone.contains(place));
            let before = held.len();
            held.extend(guilty.filter_map(|(name, _)| groups.get(name)));
            if held.len() == before {
                break (joint, outcome.statements);
            }
        };
        let offered = draft.cells.iter().filter(|(_, cell)| cell.standing == Standing::Offered);
        let public = offered.map(|(name, cell)| {
            let public = match joint.places.get(name) {
                Some(place) => Public { said: statements[*place], held: false },
                None => Public { said: self.last_said(name), held: !self.is_last(name, cell) },
            };
            (name.clone(), public)
        });
        Next { public: public.collect(), addition: self.addition(joint, &statements), steps }
    }

    /// Remembers what was published. False, and nothing is taken, if it is not the next of this series.
    pub fn take(&mut self, addition: Addition<K>) -> bool {
        let Addition { versions, relations, lives } = addition;
        let known = self.versions.len() + versions.len();
        let summed = relations.iter().flat_map(|(total, parts)| parts.iter().chain([total]));
        if summed.chain(lives.iter().map(|(_, version)| version)).any(|version| *version >= known) {
            return false;
        }
        self.versions.extend(versions);
        self.touching.resize(known, Vec::new());
        for (total, parts) in relations {
            for version in parts.iter().chain([&total]) {
                self.touching[*version].push(self.relations.len());
            }
            self.relations.push((total, parts));
        }
        for (name, now) in lives {
            let life = self.lives.entry(name).or_default();
            life.retain(|version| *version != now);
            life.push(now);
        }
        true
    }

    /// The latest statement of a count; one that was never published stays hidden.
    fn last_said(&self, name: &K) -> Statement {
        match self.life(name).last().map(|version| self.versions[*version].standing) {
            Some(Standing::Public(said)) => said,
            _ => Statement::Suppressed(Cause::Complementary),
        }
    }

    fn life(&self, name: &K) -> &[usize] {
        self.lives.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// The version that a drafted count still is, or is again.
    fn unchanged(&self, name: &K, cell: &Cell) -> Option<usize> {
        let same = |version: &&usize| {
            let was = &self.versions[**version];
            let derived = (was.standing == Standing::Derived) == (cell.standing == Standing::Derived);
            was.value == cell.value && was.persons == cell.persons && derived
        };
        self.life(name).iter().rev().find(same).copied()
    }

    /// Whether a drafted count is what was published last. One that is again what it was before that is news.
    fn is_last(&self, name: &K, cell: &Cell) -> bool {
        let last = self.life(name).last();
        last.is_some() && self.unchanged(name, cell).as_ref() == last
    }

    /// Which counts hang together, by sums of what is not known already.
    fn groups(&self, draft: &Draft<K>) -> BTreeMap<K, usize> {
        let known =
            |name: &&K| self.is_last(name, &draft.cells[*name]) && matches!(self.last_said(name), Statement::Shown(_));
        let mut groups: BTreeMap<K, usize> =
            draft.cells.keys().filter(|name| !known(name)).enumerate().map(|(at, name)| (name.clone(), at)).collect();
        for (total, parts) in draft.relations.iter().chain(&draft.relations) {
            let joined: BTreeSet<usize> =
                parts.iter().chain([total]).filter_map(|name| groups.get(name).copied()).collect();
            if let Some(first) = joined.first().filter(|_| joined.len() > 1) {
                groups.values_mut().filter(|group| joined.contains(group)).for_each(|group| *group = *first);
            }
        }
        groups
    }

    /// The groups in which what changes for readers changes by fewer than five persons, and nothing is new.
    fn small_corrections(&self, draft: &Draft<K>, groups: &BTreeMap<K, usize>) -> BTreeSet<usize> {
        let (mut small, mut other) = (BTreeSet::new(), BTreeSet::new());
        for (name, group) in groups {
            let cell = &draft.cells[name];
            if cell.standing != Standing::Offered {
                continue;
            }
            let last = self.life(name).last().map(|version| self.versions[*version]);
            match last.map(|last| last.standing) {
                None | Some(Standing::Derived) => drop(other.insert(*group)),
                Some(Standing::Public(Statement::Shown(shown))) if shown != cell.value => {
                    let held = cell.persons && is_small((shown - cell.value).abs());
                    if held { &mut small } else { &mut other }.insert(*group);
                }
                Some(_) => {}
            }
        }
        small.difference(&other).copied().collect()
    }

    fn joint(&self, draft: &Draft<K>, is_held: impl Fn(&K) -> bool) -> Joint<K> {
        let mut joint = Joint { table: Table::default(), places: BTreeMap::new(), earlier: BTreeMap::new() };
        for (name, cell) in draft.cells.iter().filter(|(name, _)| !is_held(name)) {
            let place = match self.unchanged(name, cell) {
                Some(version) => self.bring(&mut joint, version),
                None => {
                    let place = joint.table.add(*cell);
                    // Somebody has all the earlier tables, not the last one alone.
                    for (version, is_later) in self.compared(draft, name).filter(|_| cell.persons) {
                        let (earlier, was) = (self.bring(&mut joint, version), self.versions[version].value);
                        let (value, standing) = ((cell.value - was).abs(), Standing::Derived);
                        let change = joint.table.add(Cell { value, persons: true, standing });
                        let grew = cell.value > was || cell.value == was && !is_later;
                        let (more, less) = if grew { (place, earlier) } else { (earlier, place) };
                        joint.table.relate(more, vec![less, change]);
                    }
                    place
                }
            };
            joint.places.insert(name.clone(), place);
        }
        self.bring_what_is_hidden(&mut joint);
        for (total, parts) in &draft.relations {
            let place = |name: &K| joint.places.get(name).copied();
            if let (Some(total), Some(parts)) = (place(total), parts.iter().map(place).collect()) {
                joint.table.relate(total, parts);
            }
        }
        joint
    }

    /// The versions that a new one is compared with, and whether they are of a later time.
    fn compared<'s>(&'s self, draft: &'s Draft<K>, name: &'s K) -> impl Iterator<Item = (usize, bool)> + 's {
        let before = draft.before.get(name).into_iter().flatten().chain([name]);
        let after = draft.after.get(name).into_iter().flatten();
        let versions = before.map(|name| (name, false)).chain(after.map(|name| (name, true)));
        versions.flat_map(|(name, is_later)| self.life(name).iter().map(move |version| (*version, is_later)))
    }

    fn bring(&self, joint: &mut Joint<K>, version: usize) -> usize {
        let Joint { table, earlier, .. } = joint;
        *earlier.entry(version).or_insert_with(|| table.add(self.versions[version]))
    }

    /// Earlier sums in which something hidden is, and what hangs together by that.
    fn bring_what_is_hidden(&self, joint: &mut Joint<K>) {
        let hidden =
            |version: &usize| !matches!(self.versions[*version].standing, Standing::Public(Statement::Shown(_)));
        let mut edge: Vec<usize> = joint.earlier.keys().copied().filter(hidden).collect();
        let mut seen: BTreeSet<usize> = edge.iter().copied().collect();
        let mut sums = BTreeSet::new();
        while let Some(version) = edge.pop() {
            for relation in self.touching[version].iter().filter(|relation| sums.insert(**relation)) {
                let (total, parts) = &self.relations[*relation];
                edge.extend(parts.iter().chain([total]).filter(|one| hidden(one) && seen.insert(**one)));
            }
        }
        for relation in sums {
            let (total, parts) = &self.relations[relation];
            let total = self.bring(joint, *total);
            let parts = parts.iter().map(|part| self.bring(joint, *part)).collect();
            joint.table.relate(total, parts);
        }
    }

    /// What there is to remember of an audited table.
    fn addition(&self, joint: Joint<K>, statements: &[Statement]) -> Addition<K> {
        let mut addition = Addition { versions: Vec::new(), relations: Vec::new(), lives: Vec::new() };
        let mut versions: BTreeMap<usize, usize> =
            joint.earlier.iter().map(|(version, place)| (*place, *version)).collect();
        for (place, cell) in joint.table.cells().iter().enumerate() {
            versions.entry(place).or_insert_with(|| {
                let standing = match cell.standing {
                    Standing::Derived => Standing::Derived,
                    _ => Standing::Public(statements[place]),
                };
                addition.versions.push(Cell { standing, ..*cell });
                self.versions.len() + addition.versions.len() - 1
            });
        }
        let mut known = BTreeSet::new();
        for relation in joint.table.relations() {
            let total = versions[&relation.total];
            let sum = (total, relation.parts.iter().map(|part| versions[part]).collect());
            let mut before = self.touching.get(total).into_iter().flatten();
            if !before.any(|at| self.relations[*at] == sum) && known.insert(sum.clone()) {
                addition.relations.push(sum);
            }
        }
        addition.lives.extend(joint.places.into_iter().map(|(name, place)| (name, versions[&place])));
        addition
    }
}
