//! Small cells, attacked: by narrowing bounds over every sum, and by trying all readings of a small table.

mod attacker;
mod running;
mod series;

use attacker::{Attacker, Reader};
use city::suppression::{Cause, Cell, Outcome, Relation, Standing, Statement, Table, is_small};
use proptest::prelude::*;
use proptest::strategy::ValueTree;

const PRIMARY: Statement = Statement::Suppressed(Cause::Primary);
const COMPLEMENTARY: Statement = Statement::Suppressed(Cause::Complementary);

/// Counties and their city: a whole, and parts of it with what each leaves of it.
#[derive(Clone, Debug)]
struct Counted {
    /// Per county the whole and its parts.
    counties: Vec<(i64, Vec<i64>)>,
    /// The parts add up to another count that is shown.
    with_sum: bool,
}

fn offered(value: i64) -> Cell {
    Cell { value, persons: true, standing: Standing::Offered }
}

/// Sums over counties, complements, and the sum of the parts.
fn table(counted: &Counted) -> Table {
    let mut table = Table::default();
    let mut columns: Vec<Vec<usize>> = Vec::new();
    let parts = counted.counties[0].1.len();
    let total = counted.counties.iter().fold((0, vec![0; parts]), |(whole, sums), (more, shares)| {
        (whole + more, sums.iter().zip(shares).map(|(sum, share)| sum + share).collect())
    });
    for (whole, shares) in std::iter::once(&total).chain(&counted.counties) {
        let whole_at = table.add(offered(*whole));
        let mut row = vec![whole_at];
        for share in shares {
            let share_at = table.add(offered(*share));
            let rest = table.add(Cell { value: whole - share, persons: true, standing: Standing::Derived });
            assert!(table.relate(whole_at, vec![share_at, rest]));
            row.push(share_at);
        }
        if counted.with_sum {
            let sum = table.add(offered(shares.iter().sum()));
            assert!(table.relate(sum, row[1..].to_vec()));
            row.push(sum);
        }
        columns.push(row);
    }
    for column in 0..columns[0].len() {
        let below = columns[1..].iter().map(|row| row[column]).collect();
        assert!(table.relate(columns[0][column], below));
    }
    table
}

/// Counts that are often small, often zero, often all of the whole.
fn counted(counties: usize, parts: std::ops::Range<usize>, most: i64) -> impl Strategy<Value = Counted> {
    let share = prop_oneof![3 => 0i64..6, 1 => 5i64..most, 1 => Just(i64::MAX)];
    let rest = prop_oneof![1 => Just(0i64), 2 => 1i64..6, 2 => 5i64..most];
    (parts, any::<bool>()).prop_flat_map(move |(parts, with_sum)| {
        let county = (prop::collection::vec(share.clone(), parts), rest.clone()).prop_map(move |(shares, rest)| {
            let largest = shares.iter().filter(|share| **share < i64::MAX).max().copied().unwrap_or(0);
            let whole = largest + rest;
            (whole, shares.into_iter().map(|share| share.min(whole)).collect())
        });
        prop::collection::vec(county, counties).prop_map(move |counties| Counted { counties, with_sum })
    })
}

/// Small counts that a reader is not told.
fn secrets(table: &Table, statements: &[Statement]) -> Vec<usize> {
    let hidden = |at: usize| table.cells()[at].standing == Standing::Derived || statements[at].value().is_none();
    let small = |at: &usize| is_small(table.cells()[*at].value) && hidden(*at);
    (0..table.cells().len()).filter(small).collect()
}

fn nothing_small_is_shown(table: &Table, statements: &[Statement]) {
    for (cell, said) in table.cells().iter().zip(statements) {
        assert!(cell.standing != Standing::Offered || said.value().is_none_or(|value| value == cell.value));
        assert!(cell.standing != Standing::Offered || said.value().is_none_or(|value| !is_small(value)));
    }
}

/// Only what is small itself is hidden.
fn without_complements(table: &Table) -> Vec<Statement> {
    let said = |cell: &Cell| if is_small(cell.value) { PRIMARY } else { Statement::Shown(cell.value) };
    table.cells().iter().map(said).collect()
}

fn pinned(table: &Table, statements: &[Statement], reader: Reader) -> usize {
    let attacker = Attacker::of(table, statements, reader);
    let told = |at: &&usize| match reader {
        Reader::KnowsTheMarks => attacker.is_pinned(**at),
        Reader::KnowsTheSums => attacker.is_within(**at, 1, 4),
    };
    secrets(table, statements).iter().filter(told).count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn bounds_give_nothing_away(counted in counted(9, 1..4, 60)) {
        let table = table(&counted);
        let Outcome { statements, exposed, .. } = table.suppress();
        nothing_small_is_shown(&table, &statements);
        prop_assert!(exposed.is_empty());
        for reader in [Reader::KnowsTheMarks, Reader::KnowsTheSums] {
            prop_assert_eq!(pinned(&table, &statements, reader), 0, "{:?} {:?}", reader, statements);
        }
    }

    #[test]
    fn not_even_all_readings_together_do(counted in counted(3, 1..2, 9)) {
        let counted = Counted { with_sum: false, ..counted };
        let table = table(&counted);
        let Outcome { statements, .. } = table.suppress();
        for (secret, readings) in attacker::readings(&table, &statements, &secrets(&table, &statements)) {
            prop_assert!(readings.len() > 1, "{secret} can only be {readings:?}: {:?} {statements:?}", table.cells());
        }
    }

    #[test]
    fn the_same_table_is_the_same_answer(counted in counted(9, 1..3, 60)) {
        prop_assert_eq!(table(&counted).suppress(), table(&counted).suppress());
    }
}

#[test]
fn without_complements_the_attacker_succeeds() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut by_bounds, mut by_trying) = (0, 0);
    for _ in 0..100 {
        let large = counted(9, 1..3, 60).new_tree(&mut runner).unwrap().current();
        let large = table(&large);
        by_bounds += usize::from(pinned(&large, &without_complements(&large), Reader::KnowsTheMarks) > 0);
        let small = Counted { with_sum: false, ..counted(3, 1..2, 9).new_tree(&mut runner).unwrap().current() };
        let small = table(&small);
        let said = without_complements(&small);
        let readings = attacker::readings(&small, &said, &secrets(&small, &said));
        by_trying += usize::from(readings.iter().any(|(_, readings)| readings.len() == 1));
    }
    assert!(by_bounds > 50, "{by_bounds} of 100");
    assert!(by_trying > 50, "{by_trying} of 100");
}

/// A city of these counties, one count, nothing else.
fn simple(counties: &[i64]) -> (Vec<Statement>, Vec<usize>) {
    let mut table = Table::default();
    let city = table.add(offered(counties.iter().sum()));
    let below = counties.iter().map(|value| table.add(offered(*value))).collect();
    table.relate(city, below);
    let Outcome { statements, exposed, .. } = table.suppress();
    (statements, exposed)
}

#[test]
fn the_smallest_companion_is_hidden_and_zero_is_shown() {
    let (said, _) = simple(&[0, 3, 40, 7, 12]);
    assert_eq!(said[1..], [Statement::Shown(0), PRIMARY, Statement::Shown(40), COMPLEMENTARY, Statement::Shown(12)]);
    assert_eq!(said[0], Statement::Shown(62));
    assert_eq!(simple(&[0, 5, 6]).0, [11, 0, 5, 6].map(Statement::Shown), "nothing to hide");
}

#[test]
fn two_small_counts_may_still_need_a_third() {
    // 4 and 4 of 8: `<5` and `<5` would say so.
    let (said, _) = simple(&[4, 4, 30]);
    assert_eq!(said, [Statement::Shown(38), PRIMARY, PRIMARY, COMPLEMENTARY]);
    let (said, _) = simple(&[2, 3, 30]);
    assert_eq!(said, [Statement::Shown(35), PRIMARY, PRIMARY, Statement::Shown(30)]);
}

#[test]
fn where_the_marks_alone_would_tell_all_are_alike() {
    // Four counts below 5 make a fifth: each could only be 1.
    let (said, exposed) = simple(&[1, 1, 1, 1]);
    assert_eq!((said, exposed), (vec![COMPLEMENTARY; 5], vec![]));
}

#[test]
fn what_is_left_of_a_whole_is_a_count_too() {
    // 98 of 100 are certified: two are not.
    let counted = Counted { counties: vec![(100, vec![98]), (60, vec![20]), (80, vec![30])], with_sum: false };
    let table = table(&counted);
    let said = table.suppress().statements;
    let told = (said[3], said[4]);
    assert!(told.0.value().is_none() || told.1.value().is_none(), "{said:?}");
    assert_eq!(pinned(&table, &said, Reader::KnowsTheMarks), 0);
    // Where all are, the zero is shown.
    let counted = Counted { counties: vec![(100, vec![100]), (60, vec![20])], with_sum: false };
    let table = self::table(&counted);
    assert!(table.suppress().statements.iter().all(|said| said.value().is_some()));
}

#[test]
fn what_was_public_before_is_reported_as_given_away() {
    let mut table = Table::default();
    let public = |value| Cell { value, persons: true, standing: Standing::Public(Statement::Shown(value)) };
    let (city, one, other) = (table.add(public(33)), table.add(offered(3)), table.add(public(30)));
    table.relate(city, vec![one, other]);
    assert_eq!(table.suppress().exposed, [one]);
    assert_eq!(table.relations(), [Relation { total: city, parts: vec![one, other] }]);
    assert!(!table.relate(city, vec![other]), "a sum that does not add up is none");
}

#[test]
fn marks_read_as_printed() {
    assert_eq!([Statement::Shown(12), PRIMARY, COMPLEMENTARY].map(Statement::text), ["12", "<5", "*"]);
    assert_eq!((0..7).filter(|count| is_small(*count)).collect::<Vec<_>>(), [1, 2, 3, 4]);
}

#[test]
fn a_first_table_of_many_small_counts_can_be_published() {
    let counties = [
        (3, vec![2, 0, 3]),
        (1, vec![1, 1, 0]),
        (5, vec![5, 0, 1]),
        (10, vec![0, 10, 0]),
        (15, vec![0, 15, 0]),
        (4, vec![4, 3, 0]),
        (0, vec![0, 0, 0]),
        (0, vec![0, 0, 0]),
        (4, vec![1, 4, 0]),
    ];
    let table = table(&Counted { counties: counties.to_vec(), with_sum: true });
    let Outcome { exposed, .. } = table.suppress();
    assert!(exposed.is_empty(), "{exposed:?}");
}
