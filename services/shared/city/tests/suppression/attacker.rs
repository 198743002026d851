//! Who wants to know. Shares no code with the rule.

use std::collections::BTreeSet;

use city::suppression::{Cause, Standing, Statement, Table};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// `<5` is 1 to 4; `*` is 0 or at least 5, unless the number behind it says otherwise.
    KnowsTheMarks,
    KnowsTheSums,
}

const MUCH: i64 = 1 << 40;

/// Narrows bounds over every sum until nothing moves.
pub struct Attacker {
    bounds: Vec<(i64, i64)>,
}

impl Attacker {
    pub fn of(table: &Table, statements: &[Statement], reader: Reader) -> Attacker {
        let first = |at: usize| match (table.cells()[at].standing, statements[at]) {
            (Standing::Derived, _) => (0, MUCH),
            (_, Statement::Shown(value)) => (value, value),
            (_, Statement::Suppressed(Cause::Primary)) if reader == Reader::KnowsTheMarks => (1, 4),
            _ => (0, MUCH),
        };
        let mut attacker = Attacker { bounds: (0..statements.len()).map(first).collect() };
        let starred = |at: usize| {
            let cell = table.cells()[at];
            reader == Reader::KnowsTheMarks
                && cell.standing != Standing::Derived
                && statements[at] == Statement::Suppressed(Cause::Complementary)
                && !(1..=4).contains(&cell.value)
        };
        while attacker.narrow(table, &starred) {}
        attacker
    }

    fn narrow(&mut self, table: &Table, starred: &impl Fn(usize) -> bool) -> bool {
        let before = self.bounds.clone();
        for relation in table.relations() {
            let low: i64 = relation.parts.iter().map(|part| self.bounds[*part].0).sum();
            let high: i64 = relation.parts.iter().map(|part| self.bounds[*part].1).sum();
            let (least, most) = self.bounds[relation.total];
            self.bounds[relation.total] = (least.max(low), most.min(high));
            for part in &relation.parts {
                let (own_low, own_high) = self.bounds[*part];
                let (others_low, others_high) = (low - own_low, high - own_high);
                self.bounds[*part] = (own_low.max(least - others_high), own_high.min(most - others_low));
                // The sums above hold for the bounds as they were; the next round takes the new ones.
                if self.bounds[*part] != (own_low, own_high) {
                    break;
                }
            }
        }
        for (at, (low, high)) in self.bounds.iter_mut().enumerate() {
            if starred(at) {
                *low = if (1..=4).contains(low) { 5 } else { *low };
                *high = if (1..=4).contains(high) { 0 } else { *high };
            }
            assert!(low <= high, "the table itself is a reading");
        }
        before != self.bounds
    }

    pub fn is_pinned(&self, at: usize) -> bool {
        self.bounds[at].0 == self.bounds[at].1
    }

    pub fn is_within(&self, at: usize, low: i64, high: i64) -> bool {
        low <= self.bounds[at].0 && self.bounds[at].1 <= high
    }
}

/// Tries all readings of a table of one whole with one part per county, as `table` lays it out: per region the whole,
/// the part and the rest, the city first. Gives of each secret the numbers it can be; two are enough.
pub fn readings(table: &Table, statements: &[Statement], secrets: &[usize]) -> Vec<(usize, BTreeSet<i64>)> {
    let most = table.cells()[0].value.clamp(8, 10);
    let fits = |at: usize, value: i64| match statements[at] {
        Statement::Shown(shown) => value == shown,
        Statement::Suppressed(Cause::Primary) => (1..=4).contains(&value),
        Statement::Suppressed(Cause::Complementary) => {
            (1..=4).contains(&table.cells()[at].value) || !(1..=4).contains(&value)
        }
    };
    let county = |at: usize| -> Vec<[i64; 3]> {
        // What is shown is not limited by what is tried.
        let tried = (0..=most).chain([table.cells()[at + 1].value]);
        let pairs =
            tried.flat_map(|part| (0..=most).chain([table.cells()[at + 2].value]).map(move |rest| (part, rest)));
        let fitting = pairs.filter(|(part, rest)| fits(at, part + rest) && fits(at + 1, *part));
        fitting.map(|(part, rest)| [part + rest, part, rest]).collect()
    };
    let mut found: Vec<(usize, BTreeSet<i64>)> = secrets.iter().map(|secret| (*secret, BTreeSet::new())).collect();
    let (first, second, third) = (county(3), county(6), county(9));
    for one in &first {
        for two in &second {
            for three in &third {
                let city = [0, 1, 2].map(|at| one[at] + two[at] + three[at]);
                if !fits(0, city[0]) || !fits(1, city[1]) {
                    continue;
                }
                let reading = [city, *one, *two, *three];
                for (at, values) in &mut found {
                    values.insert(reading[*at / 3][*at % 3]);
                }
                if found.iter().all(|(_, values)| values.len() > 1) {
                    return found;
                }
            }
        }
    }
    found
}
