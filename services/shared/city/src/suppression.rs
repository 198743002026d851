//! Small cells: counts of 1 to 4 persons are not shown to the public, nor what would give them away (practice §8).
//!
//! A [`Table`] is counts and the sums that hold between them. [`Table::suppress`] says of every count whether it is
//! shown. What has to stay hidden is every count of 1 to 4 persons, whether the table shows it or a reader merely gets
//! it by subtraction (the uncertified among the carers). A sum with one hidden count gives it away, so others are hidden
//! with it, the smallest first, until for each of them another reading of the whole table remains that fits everything
//! shown ([`audit`]): to a reader who knows what the marks mean, and, outside 1 to 4, to one who does not.
//!
//! 0 is shown: it is about nobody. [`series`] is the same over tables that are published one after the other.

mod audit;
pub mod series;

use std::collections::BTreeSet;

use audit::Audit;
use serde::{Deserialize, Serialize};

/// The smallest count of persons that is shown, beside zero.
pub const THRESHOLD: i64 = 5;

/// True for a count of persons that must not be shown.
pub fn is_small(count: i64) -> bool {
    (1..THRESHOLD).contains(&count)
}

/// Why a count is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// It is small itself.
    Primary,
    /// Others would follow from it.
    Complementary,
}

/// What the public reads of a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statement {
    Shown(i64),
    Suppressed(Cause),
}

impl Statement {
    /// The number, where there is one.
    pub fn value(self) -> Option<i64> {
        match self {
            Statement::Shown(value) => Some(value),
            Statement::Suppressed(_) => None,
        }
    }

    /// As a public table prints it: the number, `<5` or `*`.
    pub fn text(self) -> String {
        match self {
            Statement::Shown(value) => value.to_string(),
            Statement::Suppressed(Cause::Primary) => format!("<{THRESHOLD}"),
            Statement::Suppressed(Cause::Complementary) => "*".to_owned(),
        }
    }
}

/// How a count stands to the table that is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The table would show it.
    Offered,
    /// The table does not show it, but a reader may work it out: what is left of a whole.
    Derived,
    /// It was stated before and cannot be unsaid.
    Public(Statement),
}

/// One count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    pub value: i64,
    /// It counts persons.
    pub persons: bool,
    pub standing: Standing,
}

/// `total` is the sum of `parts`; places in the table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Relation {
    pub total: usize,
    pub parts: Vec<usize>,
}

/// Counts and what a reader knows of how they add up.
#[derive(Clone, Debug, Default)]
pub struct Table {
    cells: Vec<Cell>,
    relations: Vec<Relation>,
    /// The relations that each cell is in.
    touching: Vec<Vec<usize>>,
}

/// What is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Of each cell, in the table's order; of a derived one what would be said of it.
    pub statements: Vec<Statement>,
    /// Small counts that what was public before gives away, whatever this table shows.
    pub exposed: Vec<usize>,
    /// Steps of all searches: the work it took.
    pub steps: u64,
}

impl Table {
    /// Takes a count and gives its place.
    pub fn add(&mut self, cell: Cell) -> usize {
        self.cells.push(cell);
        self.touching.push(Vec::new());
        self.cells.len() - 1
    }

    /// States a sum; one that does not add up tells a reader nothing and is not kept (false).
    pub fn relate(&mut self, total: usize, parts: Vec<usize>) -> bool {
        let holds = parts.iter().map(|part| self.cells[*part].value).sum::<i64>() == self.cells[total].value;
        if holds {
            for cell in parts.iter().chain([&total]) {
                self.touching[*cell].push(self.relations.len());
            }
            self.relations.push(Relation { total, parts });
        }
        holds
    }

    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    pub fn relations(&self) -> &[Relation] {
        &self.relations
    }

    /// What may be shown. The same table always gives the same answer.
    pub fn suppress(&self) -> Outcome {
        let mut statements: Vec<Statement> = self.cells.iter().map(first_statement).collect();
        let (mut exposed, mut steps) = (Vec::new(), 0);
        // Hiding one more count only adds readings: what is safe stays safe, and one pass is enough.
        for (place, cell) in self.cells.iter().enumerate() {
            if cell.persons && is_small(cell.value) && self.is_hidden(&statements, place) {
                while !Audit::new(self, &statements).is_safe(place, &mut steps) {
                    if !self.hide_one_more(&mut statements, place, &mut steps) {
                        if !Audit::last(self, &statements).is_safe(place, &mut steps) {
                            exposed.push(place);
                        }
                        break;
                    }
                }
            }
        }
        Outcome { statements, exposed, steps }
    }

    /// Hides the count that makes `small` safe, failing that the nearest one. When all that can be hidden is, the marks
    /// themselves may give it away (four counts below 5 that add up to a fifth): then all are `*`. False: nothing is
    /// left to hide.
    fn hide_one_more(&self, statements: &mut [Statement], small: usize, steps: &mut u64) -> bool {
        const HIDDEN: Statement = Statement::Suppressed(Cause::Complementary);
        let companions = self.companions(statements, small);
        let enough = companions.iter().find(|companion| {
            let was = std::mem::replace(&mut statements[**companion], HIDDEN);
            let safe = Audit::new(self, statements).is_safe(small, steps);
            statements[**companion] = was;
            safe
        });
        if let Some(companion) = enough.or(companions.first()) {
            statements[*companion] = HIDDEN;
            return true;
        }
        let mut changed = false;
        for place in self.connected(small) {
            if self.cells[place].standing == Standing::Offered && statements[place] != HIDDEN {
                statements[place] = HIDDEN;
                changed = true;
            }
        }
        changed
    }

    /// What could be hidden for the sake of a small count: the nearest first, then what is no zero, then the smallest.
    fn companions(&self, statements: &[Statement], small: usize) -> Vec<usize> {
        let mut found: Vec<(usize, bool, i64, usize)> = Vec::new();
        let (mut seen, mut used) = (BTreeSet::from([small]), BTreeSet::new());
        let mut edge = vec![small];
        for distance in 0.. {
            let mut next = Vec::new();
            for relation in edge.iter().flat_map(|place| &self.touching[*place]) {
                if !used.insert(*relation) {
                    continue;
                }
                let Relation { total, parts } = &self.relations[*relation];
                for place in parts.iter().chain([total]) {
                    let Cell { value, standing, .. } = self.cells[*place];
                    if self.is_hidden(statements, *place) {
                        next.extend(seen.insert(*place).then_some(*place));
                    } else if standing == Standing::Offered && seen.insert(*place) {
                        found.push((distance, value == 0, value, *place));
                    }
                }
            }
            if next.is_empty() {
                break;
            }
            edge = next;
        }
        found.sort_unstable();
        found.into_iter().map(|(.., place)| place).collect()
    }

    /// Everything that hangs together with a cell.
    fn connected(&self, from: usize) -> BTreeSet<usize> {
        let (mut seen, mut edge) = (BTreeSet::from([from]), vec![from]);
        while let Some(place) = edge.pop() {
            for relation in &self.touching[place] {
                let Relation { total, parts } = &self.relations[*relation];
                edge.extend(parts.iter().chain([total]).filter(|place| seen.insert(**place)));
            }
        }
        seen
    }

    /// True for what a reader is not told.
    fn is_hidden(&self, statements: &[Statement], place: usize) -> bool {
        self.cells[place].standing == Standing::Derived || statements[place].value().is_none()
    }
}

fn first_statement(cell: &Cell) -> Statement {
    match cell.standing {
        Standing::Public(said) => said,
        _ if cell.persons && is_small(cell.value) => Statement::Suppressed(Cause::Primary),
        _ => Statement::Shown(cell.value),
    }
}
