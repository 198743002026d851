//! The elements after a year of generated sheets and acts, against a recount in plain Rust that knows nothing of the
//! SQL and nothing of the rules.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use proto::elderly_care as wire;
use reporting::Register;

use registry::elements::Elements;

use crate::elements::ELEMENTS;
use crate::facilities::State;
use crate::institutions::operation::Act;
use crate::testing::{Fixture, HONGTA, Sheet, bed, bureau, facility, institution};

const COUNTIES: [&str; 2] = ["530402", "530481"];
const INSTITUTIONS: usize = 24;
const BEDS: usize = 5;
const FACILITIES: usize = 30;
const OPENED: &str = "2024-12-31";

/// The same numbers at every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % bound
    }

    fn code(&mut self, region: &str, few: usize, fixture: &Fixture) -> String {
        let codes: Vec<String> =
            fixture.bureau.city.regions.children(region).map(|one| one.code.clone()).take(few).collect();
        codes[self.below(codes.len())].clone()
    }
}

/// What is told, with the day from which it holds.
type Told<T> = BTreeMap<String, T>;

fn held<'t, T>(told: &'t Told<T>, day: &str) -> Option<&'t T> {
    told.range(..=day.to_owned()).next_back().map(|(_, value)| value)
}

#[derive(Default)]
struct World {
    institutions: Vec<(Told<wire::InstitutionRow>, Told<bool>)>,
    /// Institution, facts, closed on.
    beds: Vec<(usize, Told<wire::BedRow>, Option<String>)>,
    facilities: Vec<(Told<wire::FacilityRow>, Told<bool>)>,
}

impl World {
    /// What the elements must be in a county at the end of a day.
    fn recount(&self, county: &str, day: &str) -> BTreeMap<&'static str, i64> {
        let mut sums: BTreeMap<&'static str, i64> = ELEMENTS.iter().map(|query| (query.element, 0)).collect();
        let mut add = |element: &'static str, value: i64| *sums.get_mut(element).unwrap() += value;
        let running = |(rows, runs): &(Told<wire::InstitutionRow>, Told<bool>)| {
            held(rows, day).filter(|row| row.region.starts_with(county) && held(runs, day) == Some(&true)).cloned()
        };
        let mut townships = BTreeSet::new();
        for row in self.institutions.iter().filter_map(running) {
            add("elderly.institutions", 1);
            use wire::Ownership::{Private, PublicBuiltPrivateRun, PublicRural, PublicUrban};
            match row.ownership() {
                PublicRural => add("elderly.institutions.rural", 1),
                PublicUrban => add("elderly.institutions.urban_public", 1),
                PublicBuiltPrivateRun => add("elderly.institutions.public_private", 1),
                Private => add("elderly.institutions.private", 1),
                _ => {}
            }
            if matches!(row.ownership(), Private | PublicBuiltPrivateRun) {
                add("elderly.institutions.social", 1);
            }
            if !matches!(row.medical_mode(), wire::MedicalMode::Unspecified | wire::MedicalMode::None) {
                add("elderly.institutions.medical_agreement", 1);
            }
            let contract = row.medical_mode() == wire::MedicalMode::Contract;
            add("elderly.institutions.contracted", i64::from(contract));
            add("elderly.institutions.disabled_care", i64::from(row.is_county_disabled_care));
            add("elderly.smart_pilots", i64::from(row.smart_pilot));
            if row.is_regional_centre {
                townships.insert(row.region[..9].to_owned());
            }
        }
        for (at, facts, closed) in &self.beds {
            let usable = running(&self.institutions[*at]).is_some()
                && closed.as_ref().is_none_or(|on| day < on.as_str())
                && held(facts, day).is_some_and(|row| row.status() != wire::BedStatus::Closed);
            if !usable {
                continue;
            }
            let row = held(facts, day).unwrap();
            add("elderly.beds", 1);
            add("elderly.beds.all", 1);
            add("elderly.beds.nursing", i64::from(row.r#type() == wire::BedType::Nursing));
            add("elderly.beds.bottom_line", i64::from(row.nature() == wire::BedNature::BottomLine));
            add("elderly.beds.inclusive", i64::from(row.nature() == wire::BedNature::Inclusive));
        }
        let (mut urban, mut all) = (BTreeSet::new(), BTreeSet::new());
        for (rows, runs) in &self.facilities {
            let Some(row) = held(rows, day).filter(|_| held(runs, day) == Some(&true)) else { continue };
            if row.has_day_care {
                for village in row.service_area.split('、').filter(|one| one.starts_with(county)) {
                    all.insert(village.to_owned());
                    if village[9..].parse::<u32>().unwrap() < 200 {
                        urban.insert(village.to_owned());
                    }
                }
            }
            if !row.region.starts_with(county) {
                continue;
            }
            add("elderly.beds.all", row.day_beds + row.full_beds);
            use wire::FacilityType::{HappinessYard, HomeCareCentre, RegionalCentre, RuralMutualStation};
            use wire::OperatorType::{Enterprise, Institution, Property, SocialOrg};
            match row.r#type() {
                HomeCareCentre | RuralMutualStation => {
                    add("elderly.centres", 1);
                    let social = matches!(row.operator_type(), Enterprise | SocialOrg | Institution | Property);
                    add("elderly.centres.socialised", i64::from(social));
                }
                HappinessYard => add("elderly.happiness_yards", 1),
                RegionalCentre => {
                    townships.insert(row.region[..9].to_owned());
                }
                _ => {}
            }
        }
        add("elderly.townships.regional_centre", townships.len() as i64);
        add("elderly.communities.day_care", urban.len() as i64);
        add("elderly.communities_all.day_care", all.len() as i64);
        sums
    }
}

async fn computed(fixture: &Fixture, county: &str, period: &str) -> BTreeMap<&'static str, i64> {
    let registers = Elements::new(fixture.bureau.clone(), &ELEMENTS);
    let figures = registers.compute(period.parse().unwrap(), &[county.to_owned()]).await.unwrap();
    let elements: Vec<&str> = figures.iter().map(|figure| figure.element.as_str()).collect();
    assert_eq!(elements, ELEMENTS.map(|query| query.element));
    ELEMENTS.iter().zip(figures).map(|(query, figure)| (query.element, figure.value)).collect()
}

fn changed_institution(mut row: wire::InstitutionRow, numbers: &mut Numbers) -> wire::InstitutionRow {
    row.ownership = 1 + numbers.below(4) as i32;
    row.medical_mode = numbers.below(6) as i32;
    row.is_regional_centre = numbers.below(3) == 0;
    row.is_county_disabled_care = numbers.below(4) == 0;
    row.smart_pilot = numbers.below(4) == 0;
    row
}

fn changed_bed(mut row: wire::BedRow, numbers: &mut Numbers) -> wire::BedRow {
    row.r#type = 1 + numbers.below(2) as i32;
    row.nature = 1 + numbers.below(3) as i32;
    row.status = 1 + numbers.below(5) as i32;
    row
}

fn changed_facility(mut row: wire::FacilityRow, numbers: &mut Numbers, fixture: &Fixture) -> wire::FacilityRow {
    let county = row.region[..6].to_owned();
    let mut area = BTreeSet::new();
    for _ in 0..numbers.below(4) {
        let township = numbers.code(&county, 3, fixture);
        area.insert(numbers.code(&township, 12, fixture));
    }
    row.service_area = area.into_iter().collect::<Vec<_>>().join("、");
    row.operator_type = 1 + numbers.below(7) as i32;
    row.has_day_care = numbers.below(3) > 0;
    row.day_beds = if row.has_day_care { numbers.below(9) as i64 } else { 0 };
    row.full_beds = numbers.below(3) as i64;
    row
}

/// The register as it stands at the end of 2024.
async fn open(fixture: &mut Fixture, numbers: &mut Numbers, whole: Sheet<'_>) -> World {
    let mut world = World::default();
    let (mut institutions, mut beds, mut facilities) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..INSTITUTIONS {
        let region = numbers.code(COUNTIES[n % 2], 3, fixture);
        let row = wire::InstitutionRow { region, opened_on: OPENED.into(), ..institution(&format!("{n}院")) };
        institutions.push(changed_institution(row, numbers));
        for number in 0..BEDS {
            let row = wire::BedRow { built_on: OPENED.into(), ..bed(&format!("{n}院"), "1", &number.to_string()) };
            let row = changed_bed(row, numbers);
            beds.push(row.clone());
            world.beds.push((n, Told::from([(OPENED.into(), row)]), None));
        }
    }
    for n in 0..FACILITIES {
        let region = numbers.code(COUNTIES[n % 2], 3, fixture);
        let row = wire::FacilityRow {
            region,
            r#type: [1, 2, 3, 4, 7][n % 5],
            opened_on: OPENED.into(),
            ..facility(&format!("{n}站"))
        };
        facilities.push(changed_facility(row, numbers, fixture));
    }
    let told = |answer: proto::contract::ImportAcknowledgement| (answer.totals.unwrap().added, answer.faults);
    assert_eq!(told(fixture.institutions(whole, institutions.clone()).await), (INSTITUTIONS as u64, Vec::new()));
    assert_eq!(told(fixture.beds(whole, beds).await), ((INSTITUTIONS * BEDS) as u64, Vec::new()));
    assert_eq!(told(fixture.facilities(whole, facilities.clone()).await), (FACILITIES as u64, Vec::new()));
    let since = |rows| (Told::from([(OPENED.to_owned(), rows)]), Told::from([(OPENED.to_owned(), true)]));
    world.institutions = institutions.into_iter().map(since).collect();
    let since = |rows| (Told::from([(OPENED.to_owned(), rows)]), Told::from([(OPENED.to_owned(), true)]));
    world.facilities = facilities.into_iter().map(since).collect();
    world
}

/// A sheet of each register, some rows of it changed.
async fn sheets(fixture: &mut Fixture, numbers: &mut Numbers, world: &mut World, sheet: Sheet<'_>) {
    let day = sheet.effective_on;
    let rows: Vec<_> = world.institutions.iter().map(|(rows, _)| held(rows, day).unwrap().clone()).collect();
    let rows: Vec<_> = rows
        .into_iter()
        .map(|row| if numbers.below(4) == 0 { changed_institution(row, numbers) } else { row })
        .collect();
    let answer = fixture.institutions(sheet, rows.clone()).await;
    assert!(answer.faults.is_empty(), "{:?}", answer.faults);
    for ((told, _), row) in world.institutions.iter_mut().zip(rows) {
        told.insert(day.to_owned(), row);
    }
    let mut rows = Vec::new();
    for (_, told, closed) in &mut world.beds {
        let mut row = held(told, day).unwrap().clone();
        if closed.is_none() && numbers.below(3) == 0 {
            row = changed_bed(row, numbers);
            told.insert(day.to_owned(), row.clone());
        }
        if closed.is_none() && numbers.below(30) == 0 {
            *closed = Some(day.parse::<Date>().unwrap().last_of_month().to_string());
        }
        rows.push(wire::BedRow { closed_on: closed.clone().unwrap_or_default(), ..row });
    }
    let answer = fixture.beds(sheet, rows).await;
    assert!(answer.faults.is_empty(), "{:?}", answer.faults);
    let mut rows = Vec::new();
    for (told, runs) in &world.facilities {
        let row = held(told, day).unwrap().clone();
        let runs = held(runs, day) == Some(&true);
        rows.push(if runs && numbers.below(3) == 0 { changed_facility(row, numbers, fixture) } else { row });
    }
    let running: Vec<_> = world.facilities.iter().map(|(_, runs)| held(runs, day) == Some(&true)).collect();
    let taken: Vec<_> = rows.iter().zip(&running).filter(|(_, runs)| **runs).map(|(row, _)| row.clone()).collect();
    let answer = fixture.facilities(sheet, taken).await;
    assert!(answer.faults.is_empty(), "{:?}", answer.faults);
    for ((told, _), row) in world.facilities.iter_mut().zip(rows) {
        told.insert(day.to_owned(), row);
    }
}

#[tokio::test]
async fn a_year_of_sheets_and_acts_equals_a_recount() {
    let mut fixture = bureau("2025-11-05").await;
    let mut numbers = Numbers(11);
    let whole = Sheet { region: "530400", effective_on: OPENED, ..HONGTA };
    let mut world = open(&mut fixture, &mut numbers, whole).await;
    for month in 1..=10 {
        let sheet_day = format!("2025-{month:02}-10");
        sheets(&mut fixture, &mut numbers, &mut world, Sheet { effective_on: &sheet_day, ..whole }).await;
        // Acts fall on the last day of the month: whether that day counts shows at the end of a period.
        let last = sheet_day.parse::<Date>().unwrap().last_of_month();
        for (n, (_, runs)) in world.institutions.iter_mut().enumerate() {
            let act = [Act::Suspend, Act::Resume, Act::Resume, Act::Terminate][numbers.below(4)];
            if numbers.below(3) == 0 && fixture.act(&format!("{n}院"), act, last).await.is_ok() {
                runs.insert(last.to_string(), act == Act::Resume);
            }
        }
        for (n, (_, runs)) in world.facilities.iter_mut().enumerate() {
            let next = [State::Idle, State::Operating, State::Operating, State::Closed][numbers.below(4)];
            if numbers.below(3) == 0 && fixture.operate(&format!("{n}站"), next, last).await.is_ok() {
                runs.insert(last.to_string(), next == State::Operating);
            }
        }
    }
    let mut differing: BTreeMap<&str, BTreeSet<i64>> = BTreeMap::new();
    let ends = (1..=10).map(|month| Date::constant(2025, month, 1).last_of_month().to_string());
    let periods = ends.map(|day| (day[..7].to_owned(), day)).chain([("2024".into(), OPENED.to_owned())]);
    for (period, day) in periods {
        for county in COUNTIES {
            let figures = computed(&fixture, county, &period).await;
            assert_eq!(figures, world.recount(county, &day), "{county} {period}");
            for (element, value) in figures {
                differing.entry(element).or_default().insert(value);
            }
        }
    }
    let still: Vec<_> = differing.iter().filter(|(_, values)| values.len() < 3).collect();
    assert!(still.is_empty(), "the acts must change every figure: {still:?}");
}
