//! Counts that run on from month to month, and somebody who subtracts one month from another.

use city::suppression::series::{Draft, Series};
use city::suppression::{Cell, Standing, Statement, Table, is_small};
use proptest::prelude::*;

use crate::COMPLEMENTARY;
use crate::attacker::{Attacker, Reader};

/// Region (0 is the city) and month.
type Name = (usize, usize);

/// The counties of a month with their city.
fn whole(counties: &[i64]) -> Vec<i64> {
    std::iter::once(counties.iter().sum()).chain(counties.iter().copied()).collect()
}

/// A month's counts, each going on from those of all other months.
fn draft(counties: &[i64], month: usize) -> Draft<Name> {
    let mut draft = Draft::default();
    for (region, value) in whole(counties).into_iter().enumerate() {
        draft.offer((region, month), value, true);
        (1..month).for_each(|earlier| draft.follows((region, month), (region, earlier)));
        (month + 1..=12).for_each(|later| draft.follows((region, later), (region, month)));
    }
    draft.relate((0, month), (1..=counties.len()).map(|region| (region, month)).collect());
    draft
}

/// Publishes months in the order given, each with its counties, and gives how many secrets a reader of all of them has
/// got: what a few persons are, in a month or between two.
fn pinned(months: &[(usize, Vec<i64>)]) -> usize {
    let (mut series, mut table, mut said) = (Series::default(), Table::default(), Vec::new());
    let mut published: Vec<(usize, Vec<Option<usize>>)> = Vec::new();
    for (month, counties) in months {
        let public = series.publish(&draft(counties, *month));
        let places = whole(counties).into_iter().enumerate().map(|(region, value)| {
            let public = public[&(region, *month)];
            // What is held back tells nothing.
            (!public.held).then(|| {
                said.push(public.said);
                table.add(Cell { value, persons: true, standing: Standing::Offered })
            })
        });
        let places: Vec<Option<usize>> = places.collect();
        if let Some(all) = places.iter().copied().collect::<Option<Vec<usize>>>() {
            assert!(table.relate(all[0], all[1..].to_vec()));
        }
        published.push((*month, places));
    }
    published.sort();
    for (at, (_, later)) in published.iter().enumerate() {
        for (_, earlier) in &published[..at] {
            for (more, less) in later.iter().zip(earlier).filter_map(|(more, less)| more.zip(*less)) {
                let value = table.cells()[more].value - table.cells()[less].value;
                said.push(COMPLEMENTARY);
                let change = table.add(Cell { value, persons: true, standing: Standing::Derived });
                assert!(table.relate(more, vec![less, change]));
            }
        }
    }
    let attacker = Attacker::of(&table, &said, Reader::KnowsTheMarks);
    let cells = table.cells().iter().enumerate();
    cells.filter(|(at, cell)| is_small(cell.value) && attacker.is_pinned(*at)).count()
}

/// How a county goes on: often not at all, often by a few.
fn growth() -> impl Strategy<Value = i64> {
    prop_oneof![1 => Just(0i64), 2 => 1i64..5, 2 => 5i64..60]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn months_that_run_on_give_no_few_persons_away(
        first in prop::collection::vec(0i64..60, 4..9),
        growth in prop::collection::vec(prop::collection::vec(growth(), 9), 1..4),
        backwards in any::<bool>(),
    ) {
        let mut months = vec![(1, first)];
        for (at, more) in growth.iter().enumerate() {
            let next = months[at].1.iter().zip(more).map(|(value, more)| value + more).collect();
            months.push((at + 2, next));
        }
        if backwards {
            months.reverse();
        }
        prop_assert_eq!(pinned(&months), 0, "{:?}", months);
    }
}

#[test]
fn three_more_than_the_month_before_are_not_shown() {
    let (before, after) = ([100, 200, 300], [103, 260, 390]);
    let mut series = Series::default();
    let shown = |said: &Statement| said.value().is_some();
    let first = series.publish(&draft(&before, 9));
    assert!(first.values().all(|public| shown(&public.said)));
    let second = series.publish(&draft(&after, 10));
    assert_eq!(second[&(1, 10)].said, COMPLEMENTARY, "103 less 100");
    assert_eq!(second.values().filter(|public| !shown(&public.said)).count(), 2, "one alone is what the city lacks");
    // A month that is left out is no way round, nor is the other order.
    assert_eq!(pinned(&[(10, after.to_vec()), (9, before.to_vec())]), 0);
    assert_eq!(pinned(&[(6, before.to_vec()), (10, after.to_vec())]), 0);
    // Months that nobody compares are shown.
    let mut apart = Series::default();
    let single = |name: Name, value| {
        let mut draft = Draft::default();
        draft.offer(name, value, true);
        draft
    };
    apart.publish(&single((1, 9), 100));
    assert_eq!(apart.publish(&single((1, 10), 103))[&(1, 10)].said, Statement::Shown(103));
}
