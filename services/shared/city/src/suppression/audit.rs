//! Does a table give a small count away? It does not when another reading of it is found, with another number in that
//! place, that fits all sums and all marks.
//!
//! Narrowing bounds would only prove that a count is given away. A second reading proves that it is not, and a search
//! that ends without one merely hides more than it must.

use super::{Cause, Cell, Relation, Standing, Statement, THRESHOLD, Table, is_small};

/// Steps of one search; an alternative is some exchange along a few sums, and is found at once or hardly at all.
const STEPS: u32 = 3_000;
/// Steps of a search on which it depends whether a table can be published at all: among many small counts the first
/// exchanges that are tried may all be wrong.
const LAST_STEPS: u32 = 30_000;

/// What a reader makes of the marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    /// `<5` is 1 to 4, and `*` is not.
    KnowsTheMarks,
    /// Counts are not negative.
    KnowsTheSums,
}

/// One table with what is said of it.
pub(super) struct Audit<'t> {
    table: &'t Table,
    statements: &'t [Statement],
    /// Of each search.
    steps: u32,
}

/// A reading in the making.
struct Search {
    values: Vec<i64>,
    /// What was changed already; each count is changed once.
    fixed: Vec<bool>,
    /// Of each relation, by how much its total is too large.
    excess: Vec<i64>,
    steps: u32,
}

impl<'t> Audit<'t> {
    pub(super) fn new(table: &'t Table, statements: &'t [Statement]) -> Self {
        Audit { table, statements, steps: STEPS }
    }

    /// Searches longer: nothing is left to hide.
    pub(super) fn last(table: &'t Table, statements: &'t [Statement]) -> Self {
        Audit { table, statements, steps: LAST_STEPS }
    }

    /// True when no reader can tell which of 1 to 4 a count is, nor from the sums alone that it is one of them.
    /// Counts the steps of its searches.
    pub(super) fn is_safe(&self, place: usize, steps: &mut u64) -> bool {
        let other = (0..2 * THRESHOLD).filter(|value| *value != self.table.cells[place].value);
        let outside = (0..3 * THRESHOLD).filter(|value| !is_small(*value));
        self.admits_one(place, other, Reader::KnowsTheMarks, steps)
            && self.admits_one(place, outside, Reader::KnowsTheSums, steps)
    }

    fn admits_one(&self, place: usize, values: impl Iterator<Item = i64>, reader: Reader, steps: &mut u64) -> bool {
        let cells = &self.table.cells;
        let mut search = Search {
            values: cells.iter().map(|cell| cell.value).collect(),
            fixed: vec![false; cells.len()],
            excess: vec![0; self.table.relations.len()],
            steps: 0,
        };
        values.filter(|value| self.may_be(place, *value, reader)).any(|value| {
            search.steps = self.steps;
            let change = value - cells[place].value;
            self.change(&mut search, place, change);
            let found = self.complete(&mut search, &self.table.touching[place], reader);
            self.take_back(&mut search, place, change);
            *steps += u64::from(self.steps - search.steps);
            found
        })
    }

    /// Mends every sum that a change broke, by changing one more hidden count of it, and so on.
    fn complete(&self, search: &mut Search, broken: &[usize], reader: Reader) -> bool {
        let Some(at) = broken.iter().position(|relation| search.excess[*relation] != 0) else { return true };
        if search.steps == 0 {
            return false;
        }
        search.steps -= 1;
        let excess = search.excess[broken[at]];
        let Relation { total, parts } = &self.table.relations[broken[at]];
        let mends = parts.iter().map(|part| (*part, excess)).chain([(*total, -excess)]);
        for (place, change) in mends {
            let open = !search.fixed[place] && self.table.is_hidden(self.statements, place);
            if !open || !self.may_be(place, search.values[place] + change, reader) {
                continue;
            }
            self.change(search, place, change);
            let rest: Vec<usize> = broken[at + 1..].iter().chain(&self.table.touching[place]).copied().collect();
            let found = self.complete(search, &rest, reader);
            self.take_back(search, place, change);
            if found {
                return true;
            }
        }
        false
    }

    fn change(&self, search: &mut Search, place: usize, change: i64) {
        search.values[place] += change;
        search.fixed[place] = true;
        for relation in &self.table.touching[place] {
            let sign = if self.table.relations[*relation].total == place { 1 } else { -1 };
            search.excess[*relation] += sign * change;
        }
    }

    fn take_back(&self, search: &mut Search, place: usize, change: i64) {
        self.change(search, place, -change);
        search.fixed[place] = false;
    }

    /// True when a reader holds this number possible in this place.
    fn may_be(&self, place: usize, value: i64, reader: Reader) -> bool {
        let Cell { value: actual, persons, standing } = self.table.cells[place];
        if value < 0 || reader == Reader::KnowsTheSums || standing == Standing::Derived {
            return value >= 0;
        }
        match self.statements[place] {
            Statement::Shown(shown) => value == shown,
            Statement::Suppressed(Cause::Primary) => is_small(value),
            // A small count that is marked `*` stands where every count is.
            Statement::Suppressed(Cause::Complementary) => !persons || is_small(actual) || !is_small(value),
        }
    }
}
