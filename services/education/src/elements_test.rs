//! The elements after a year of generated sheets and acts, against a recount in plain Rust that knows nothing of the
//! SQL and nothing of the rules.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use proto::education as wire;
use reporting::Register;

use registry::elements::Elements;

use crate::elements::ELEMENTS;
use crate::schools::demonstration::{Demonstration, Level, grant};
use crate::schools::{Act, store};
use crate::testing::{Fixture, HONGTA, Sheet, bureau, school};

const COUNTIES: [&str; 2] = ["530402", "530481"];
const SCHOOLS: usize = 40;

/// The same numbers at every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % bound
    }
}

/// What is told of one school: rows and states with the day from which they hold, and designations.
#[derive(Default)]
struct Told {
    rows: BTreeMap<String, wire::SchoolRow>,
    open: BTreeMap<String, bool>,
    /// First day, last day, revoked.
    demonstrations: Vec<(String, Option<String>, Option<String>)>,
}

fn held<'t, T>(told: &'t BTreeMap<String, T>, day: &str) -> Option<&'t T> {
    told.range(..=day.to_owned()).next_back().map(|(_, value)| value)
}

/// What the four elements must be in a county at the end of a day.
fn recount(schools: &[Told], county: &str, day: &str) -> Vec<i64> {
    let (mut universities, mut townships, mut villages, mut demonstrations) = (0, BTreeSet::new(), BTreeSet::new(), 0);
    for told in schools {
        let Some(row) = held(&told.rows, day).filter(|row| row.region.starts_with(county)) else { continue };
        if held(&told.open, day) != Some(&true) {
            continue;
        }
        let valid = |(from, to, revoked): &(String, Option<String>, Option<String>)| {
            from.as_str() <= day
                && to.as_ref().is_none_or(|last| day <= last.as_str())
                && revoked.as_ref().is_none_or(|on| day < on.as_str())
        };
        if told.demonstrations.iter().any(valid) {
            demonstrations += 1;
        }
        if row.has_sign && row.has_place && row.has_teacher && row.has_course && row.activities >= 4 {
            match row.tier() {
                wire::Tier::County => universities += 1,
                wire::Tier::Township => {
                    townships.insert(row.region.clone());
                }
                wire::Tier::Village => {
                    villages.insert(row.region.clone());
                }
                _ => {}
            }
        }
    }
    vec![universities, townships.len() as i64, villages.len() as i64, demonstrations]
}

async fn computed(fixture: &Fixture, county: &str, period: &str) -> Vec<i64> {
    let registers = Elements::new(fixture.bureau.clone(), &ELEMENTS);
    let figures = registers.compute(period.parse().unwrap(), &[county.to_owned()]).await.unwrap();
    let elements: Vec<&str> = figures.iter().map(|figure| figure.element.as_str()).collect();
    assert_eq!(elements, ELEMENTS.map(|query| query.element));
    figures.into_iter().map(|figure| figure.value).collect()
}

/// A school of one of the tiers, in one of a few townships and villages, so that several meet in one.
fn generated(fixture: &Fixture, numbers: &mut Numbers, n: usize) -> wire::SchoolRow {
    let regions = &fixture.bureau.city.regions;
    let mut below = |parent: &str, few: usize| {
        let codes: Vec<String> = regions.children(parent).map(|region| region.code.clone()).take(few).collect();
        codes[numbers.below(codes.len())].clone()
    };
    let county = COUNTIES[n % 2];
    let (tier, region) = match n % 7 {
        0 => (wire::Tier::County, county.to_owned()),
        1..4 => (wire::Tier::Township, below(county, 3)),
        _ => {
            let township = below(county, 2);
            (wire::Tier::Village, below(&township, 4))
        }
    };
    wire::SchoolRow { tier: tier as i32, region, opened_on: "2025-01-01".into(), ..school(&format!("{n}校")) }
}

async fn designate(fixture: &Fixture, told: &mut Told, name: &str, numbers: &mut Numbers, day: &str) {
    let mut tx = fixture.bureau.db.begin().await.unwrap();
    let school_id = store::by_name(&mut tx, &[name]).await.unwrap()[0].id;
    let known = store::demonstrations(&mut tx, school_id).await.unwrap();
    let on: Date = day.parse().unwrap();
    let last = (numbers.below(2) == 0).then(|| on.saturating_add(jiff::ToSpan::months(2)).last_of_month());
    let level = [Level::National, Level::Province, Level::City][numbers.below(3)];
    let new = Demonstration {
        id: fixture.bureau.clock.id(),
        school_id,
        level,
        valid_from: on,
        valid_to: last,
        revoked_on: None,
        document_number: "文".into(),
    };
    if let Ok(mut new) = grant(&known, new) {
        store::grant(&mut tx, &new).await.unwrap();
        if numbers.below(3) == 0 {
            new.revoke(on.saturating_add(jiff::ToSpan::days(20))).unwrap();
            store::revoke(&mut tx, &new).await.unwrap();
        }
        let text = |day: Option<Date>| day.map(|day| day.to_string());
        told.demonstrations.push((day.to_owned(), text(last), text(new.revoked_on)));
    }
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_year_of_sheets_and_acts_equals_a_recount() {
    let mut fixture = bureau("2025-11-05").await;
    let mut numbers = Numbers(7);
    let mut told: Vec<Told> = (0..SCHOOLS).map(|_| Told::default()).collect();
    let rows: Vec<wire::SchoolRow> = (0..SCHOOLS).map(|n| generated(&fixture, &mut numbers, n)).collect();
    let whole = Sheet { region: "530400", ..HONGTA };
    assert_eq!(fixture.schools(whole, rows.clone()).await.totals.unwrap().added, SCHOOLS as u64);
    for (told, row) in told.iter_mut().zip(rows) {
        told.open.insert("2025-01-01".into(), true);
        told.rows.insert("2025-01-01".into(), row);
    }
    for month in 2..=10 {
        // Acts fall on the last day of the month: whether that day counts shows at the end of a period.
        let sheet_day = format!("2025-{month:02}-10");
        let act_day = sheet_day.parse::<Date>().unwrap().last_of_month().to_string();
        let mut rows = Vec::new();
        for one in &mut told {
            let mut row = held(&one.rows, &sheet_day).unwrap().clone();
            if numbers.below(3) == 0 {
                (row.has_teacher, row.activities) = (numbers.below(4) > 0, numbers.below(6) as i64);
            }
            rows.push(row);
        }
        let answer = fixture.schools(Sheet { effective_on: &sheet_day, ..whole }, rows.clone()).await;
        let refused: BTreeSet<u64> = answer.faults.iter().map(|fault| fault.row).collect();
        assert!(answer.faults.iter().all(|fault| fault.reason == "SCHOOL_CLOSED"), "{:?}", answer.faults);
        for (line, (one, row)) in (2..).zip(told.iter_mut().zip(rows)) {
            if !refused.contains(&line) {
                one.rows.insert(sheet_day.clone(), row);
            }
        }
        for (n, one) in told.iter_mut().enumerate() {
            let act = [Act::Suspend, Act::Resume, Act::Resume, Act::Close][numbers.below(4)];
            let day = act_day.parse().unwrap();
            if numbers.below(4) == 0 && fixture.act(&format!("{n}校"), act, day).await.is_ok() {
                one.open.insert(act_day.clone(), act == Act::Resume);
            }
            if numbers.below(8) == 0 {
                designate(&fixture, one, &format!("{n}校"), &mut numbers, &act_day).await;
            }
        }
    }
    let mut seen = BTreeSet::new();
    let ends = (1..=10).map(|month| Date::constant(2025, month, 1).last_of_month().to_string());
    let periods = ends.map(|day| (day[..7].to_owned(), day)).chain([("2025-Q2".into(), "2025-06-30".into())]);
    for (period, day) in periods {
        for county in COUNTIES {
            let figures = computed(&fixture, county, &period).await;
            assert_eq!(figures, recount(&told, county, &day), "{county} {period}");
            seen.insert(figures);
        }
    }
    assert!(seen.len() >= 6, "the acts must change the figures: {seen:?}");
}
