//! Two and more tables, one after the other, and somebody who has them all.

use std::collections::BTreeMap;

use city::suppression::series::{Draft, Public, Series};
use city::suppression::{Cause, Cell, Standing, Statement, Table, is_small};
use proptest::prelude::*;

use crate::attacker::{Attacker, Reader};
use crate::{COMPLEMENTARY, PRIMARY};

/// Region (0 is the city) and what is counted: 0 the whole, 1 the part, 2 the rest.
type Name = (usize, u8);

/// Wholes and parts of counties as a draft.
fn draft(counties: &[(i64, i64)]) -> Draft<Name> {
    let mut draft = Draft::default();
    let city = counties.iter().fold((0, 0), |(wholes, parts), (whole, part)| (wholes + whole, parts + part));
    for (region, (whole, part)) in std::iter::once(&city).chain(counties).enumerate() {
        draft.offer((region, 0), *whole, true);
        draft.offer((region, 1), *part, true);
        draft.derive((region, 2), whole - part, true);
        draft.relate((region, 0), vec![(region, 1), (region, 2)]);
    }
    for what in 0..2 {
        draft.relate((0, what), (1..=counties.len()).map(|region| (region, what)).collect());
    }
    draft
}

/// Every value of the tables as one table: a count that has not changed is the same one.
struct Library {
    table: Table,
    said: Vec<Statement>,
    versions: BTreeMap<(Name, i64), usize>,
}

impl Library {
    fn new() -> Library {
        Library { table: Table::default(), said: Vec::new(), versions: BTreeMap::new() }
    }

    fn add(&mut self, value: i64, said: Option<Statement>) -> usize {
        let standing = if said.is_some() { Standing::Offered } else { Standing::Derived };
        self.said.push(said.unwrap_or(COMPLEMENTARY));
        self.table.add(Cell { value, persons: true, standing })
    }

    /// Takes a published table; what was held back tells nothing.
    fn take(&mut self, counties: &[(i64, i64)], public: &BTreeMap<Name, Public>) {
        let city = (counties.iter().map(|one| one.0).sum(), counties.iter().map(|one| one.1).sum());
        let mut names: BTreeMap<Name, usize> = BTreeMap::new();
        for (region, (whole, part)) in std::iter::once(&city).chain(counties).enumerate() {
            for (what, value) in [(0, *whole), (1, *part), (2, whole - part)] {
                let name = (region, what);
                let held = |what| public.get(&(region, what)).is_some_and(|public| public.held);
                // What is left of a whole that was not stated is not known either.
                if held(what) || what == 2 && (held(0) || held(1)) {
                    continue;
                }
                let place = match self.versions.get(&(name, value)) {
                    Some(place) => *place,
                    None => self.add(value, public.get(&name).map(|public| public.said)),
                };
                self.versions.insert((name, value), place);
                names.insert(name, place);
            }
        }
        let mut relate = |total: Name, parts: Vec<Name>| {
            let parts: Option<Vec<usize>> = parts.iter().map(|name| names.get(name).copied()).collect();
            if let (Some(total), Some(parts)) = (names.get(&total), parts) {
                assert!(self.table.relate(*total, parts));
            }
        };
        for region in 0..=counties.len() {
            relate((region, 0), vec![(region, 1), (region, 2)]);
        }
        for what in 0..3 {
            relate((0, what), (1..=counties.len()).map(|region| (region, what)).collect());
        }
    }

    /// Adds what lies between two versions of a count, and gives what nobody may know.
    fn secrets(&mut self) -> Vec<usize> {
        let versions: Vec<((Name, i64), usize)> = self.versions.iter().map(|(name, at)| (*name, *at)).collect();
        for ((name, less), low) in &versions {
            for ((_, more), high) in versions.iter().filter(|((other, more), _)| other == name && more > less) {
                let change = self.add(more - less, None);
                self.table.relate(*high, vec![*low, change]);
            }
        }
        let hidden =
            |at: &usize| self.table.cells()[*at].standing == Standing::Derived || self.said[*at].value().is_none();
        (0..self.said.len()).filter(|at| is_small(self.table.cells()[*at].value) && hidden(at)).collect()
    }
}

fn county() -> impl Strategy<Value = (i64, i64)> {
    let small = || prop_oneof![2 => 0i64..6, 2 => 5i64..40];
    (small(), small()).prop_map(|(part, rest)| (part + rest, part))
}

/// What becomes of a county: often nothing, sometimes little, sometimes much.
fn change() -> impl Strategy<Value = (i64, i64)> {
    prop_oneof![
        4 => Just((0, 0)),
        1 => (-4i64..5, -4i64..5),
        1 => (-30i64..60, -30i64..60),
    ]
}

fn changed(counties: &[(i64, i64)], changes: &[(i64, i64)]) -> Vec<(i64, i64)> {
    let change = |((whole, part), (rest, more)): (&(i64, i64), &(i64, i64))| {
        let (part_now, rest_now) = ((part + more).max(0), (whole - part + rest).max(0));
        (part_now + rest_now, part_now)
    };
    counties.iter().zip(changes).map(change).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn all_tables_together_give_nothing_away(
        first in prop::collection::vec(county(), 4..10),
        changes in prop::collection::vec(prop::collection::vec(change(), 9), 1..4),
    ) {
        let (mut series, mut library, mut now) = (Series::default(), Library::new(), first);
        library.take(&now, &series.publish(&draft(&now)));
        for changes in &changes {
            now = changed(&now, changes);
            let public = series.publish(&draft(&now));
            library.take(&now, &public);
        }
        let secrets = library.secrets();
        let attacker = Attacker::of(&library.table, &library.said, Reader::KnowsTheMarks);
        for secret in secrets {
            prop_assert!(!attacker.is_pinned(secret), "{:?} of {:?}", library.table.cells()[secret], library.versions);
        }
    }

    #[test]
    fn no_shown_count_moves_by_a_few(
        first in prop::collection::vec(county(), 4..10), changes in prop::collection::vec(change(), 9),
    ) {
        let mut series = Series::default();
        let before = series.publish(&draft(&first));
        let after = series.publish(&draft(&changed(&first, &changes)));
        for (name, public) in &after {
            let moved = before[name].said.value().zip(public.said.value()).map_or(0, |(was, is)| (is - was).abs());
            prop_assert!(!is_small(moved), "{name:?} {public:?} {:?}", before[name]);
        }
    }
}

fn statements(public: &BTreeMap<Name, Public>, what: u8) -> Vec<Statement> {
    public.iter().filter(|(name, _)| name.1 == what).map(|(_, public)| public.said).collect()
}

#[test]
fn a_correction_of_two_persons_waits_until_it_is_five() {
    let mut series = Series::default();
    let counties = |more: i64| vec![(200, 100 + more), (300, 150), (400, 210)];
    let first = series.publish(&draft(&counties(0)));
    assert_eq!(statements(&first, 1), [460, 100, 150, 210].map(Statement::Shown));
    let second = series.publish(&draft(&counties(2)));
    assert_eq!(statements(&second, 1), statements(&first, 1), "the earlier figures stay");
    assert!(second[&(1, 1)].held && second[&(0, 1)].held && !second[&(2, 1)].held);
    let third = series.publish(&draft(&counties(6)));
    assert_eq!(statements(&third, 1), [466, 106, 150, 210].map(Statement::Shown), "six against what was shown");
    assert!(third.values().all(|public| !public.held));
}

#[test]
fn a_count_that_is_again_what_it_was_can_be_held_as_well() {
    let counties = |third: (i64, i64), second: (i64, i64)| vec![(0, 0), second, third, (1, 1), (4, 3)];
    let mut series = Series::default();
    let first = series.publish(&draft(&counties((11, 5), (0, 0))));
    assert_eq!(first[&(3, 1)].said, Statement::Shown(5));
    let second = series.publish(&draft(&counties((6, 4), (10, 10))));
    assert_eq!([second[&(3, 0)].said, second[&(3, 1)].said], [Statement::Shown(6), PRIMARY]);
    // 6 with 5 of them would say that one is left.
    let third = series.publish(&draft(&counties((6, 5), (10, 10))));
    assert_eq!(third[&(3, 1)], Public { said: PRIMARY, held: true });
    assert!(!third[&(3, 0)].held, "what was published last is no news");
}

#[test]
fn a_small_correction_among_large_ones_is_hidden() {
    let mut series = Series::default();
    series.publish(&draft(&[(200, 100), (300, 150), (400, 210)]));
    let second = series.publish(&draft(&[(200, 102), (300, 170), (400, 240)]));
    let told = statements(&second, 1);
    assert!(told[1].value().is_none_or(|value| value == 100), "{told:?}");
    assert!(told[1..].iter().filter(|said| said.value().is_none()).count() != 1 || told[0].value().is_none());
}

#[test]
fn a_county_that_comes_late_is_not_the_difference_of_two_cities() {
    let single = |counties: &[i64], whole: usize| {
        let mut draft = Draft::default();
        // A city of fewer counties is another count.
        draft.offer((whole, 9), counties.iter().sum(), true);
        counties.iter().enumerate().for_each(|(region, value)| draft.offer((region, 0), *value, true));
        draft.relate((whole, 9), (0..counties.len()).map(|region| (region, 0)).collect());
        draft
    };
    let mut series: Series<Name> = Series::default();
    series.publish(&single(&[20, 30], 2));
    let second = series.publish(&single(&[20, 30, 3], 3));
    assert_eq!(second[&(2, 0)].said, PRIMARY);
    assert_eq!(second[&(3, 9)].said, Statement::Suppressed(Cause::Complementary), "the city's would tell");
}

#[test]
fn what_was_hidden_stays_hidden() {
    let mut series = Series::default();
    let first = series.publish(&draft(&[(90, 3), (90, 9), (90, 50)]));
    assert_eq!(statements(&first, 1)[1..], [PRIMARY, COMPLEMENTARY, Statement::Shown(50)]);
    // The small one has grown; its companion is still that of the old one.
    let second = series.publish(&draft(&[(90, 40), (90, 9), (90, 50)]));
    assert_eq!(statements(&second, 1)[2], COMPLEMENTARY);
    assert_eq!(statements(&second, 1)[0..2].iter().filter(|said| said.value().is_some()).count(), 1);
}
