//! From publications to indicators: roll-up, alignment, what is missing, cuts, lamps. Pure, by example and property.

use std::sync::Arc;

use city::bundle::City;
use city::indicator::Indicator;
use city::period::Period;
use gateway::cube::{Cube, Reference, Said};
use gateway::cut::Cut;
use gateway::evaluate::{Context, Evaluation};
use gateway::lamp::{self, Lamp};
use proptest::prelude::*;
use proto::reporting::publication::Body;
use proto::reporting::{
    Basis, Document, Figures, Observation, Publication, PublicationKind, RegionFigures, Withdrawal,
};

/// A cube under construction: publications get their bureau's next sequence, one microsecond apart.
struct Desk {
    cube: Cube,
    city: Arc<City>,
    sequences: std::collections::BTreeMap<String, u64>,
    now: i64,
}

impl Desk {
    fn new() -> Self {
        let city = City::embedded();
        let mut desk = Desk { cube: Cube::default(), city: city.clone(), sequences: Default::default(), now: 0 };
        let catalogue = serde_json::json!({"elements": city.elements, "organisations": city.organisations});
        for (kind, content) in [
            ("plan", serde_json::to_vec(&city.plan).unwrap()),
            ("regions", serde_json::to_vec(city.regions.edition()).unwrap()),
            ("catalogue", serde_json::to_vec(&catalogue).unwrap()),
        ] {
            let document = Document { r#type: kind.into(), content: content.into(), ..Document::default() };
            desk.publish("supervision", Publication { body: Some(Body::Document(document)), ..Publication::default() });
        }
        desk
    }

    fn publish(&mut self, bureau: &str, publication: Publication) -> u64 {
        let sequence = self.sequences.entry(bureau.to_owned()).or_default();
        *sequence += 1;
        self.now += 1;
        let publication = Publication {
            bureau: bureau.into(),
            city: self.city.code.clone(),
            stream_id: format!("stream-{bureau}"),
            sequence: *sequence,
            published_at_micros: self.now,
            ..publication
        };
        self.cube.take(&publication).unwrap();
        *sequence
    }

    fn figure(&mut self, bureau: &str, element: &str, region: &str, period: &str, value: i64) -> u64 {
        self.figures(bureau, PublicationKind::Flash, region, period, &[(element, Some(value))])
    }

    fn figures(
        &mut self,
        bureau: &str,
        kind: PublicationKind,
        region: &str,
        period: &str,
        values: &[(&str, Option<i64>)],
    ) -> u64 {
        let observations = values
            .iter()
            .map(|(element, value)| Observation {
                element: (*element).into(),
                region: region.into(),
                period: period.into(),
                value: *value,
                ..Observation::default()
            })
            .collect();
        let exempt = values.iter().all(|(_, value)| value.is_none());
        let region = RegionFigures { region: region.into(), revision: 1, exempt, observations, ..Default::default() };
        self.publish(
            bureau,
            Publication {
                kind: kind as i32,
                form: "f".into(),
                period: period.into(),
                body: Some(Body::Figures(Figures { regions: vec![region] })),
                ..Publication::default()
            },
        )
    }

    fn counties(&self) -> Vec<String> {
        self.city.regions.counties().iter().map(|county| county.code.clone()).collect()
    }

    fn with<T>(
        &self,
        cut: &Cut,
        code: &str,
        region: &str,
        period: &str,
        look: impl FnOnce(&Context<'_>, &Indicator, &Evaluation<'_>) -> T,
    ) -> T {
        let reference: Reference = self.cube.reference(cut).unwrap();
        let context = Context { cube: &self.cube, cut, reference: &reference };
        let indicator = reference.plan.indicators.iter().find(|indicator| indicator.code == code).unwrap();
        let region = reference.regions.get(region).unwrap();
        let evaluation = context.evaluate(indicator, region, period.parse().unwrap());
        look(&context, indicator, &evaluation)
    }

    fn parts(&self, code: &str, region: &str, period: &str) -> (Option<i64>, Option<i64>) {
        self.with(&self.cube.cut(None), code, region, period, |_, _, it| (it.numerator, it.denominator))
    }
}

const CITY: &str = "530400";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Invariant 1: a city's rate is Σ numerators ÷ Σ denominators, which differs from the average of the rates.
    #[test]
    fn a_rate_is_computed_from_sums(values in prop::collection::vec((0i64..5_000, 1i64..5_000), 9)) {
        let mut desk = Desk::new();
        for (county, (inclusive, places)) in desk.counties().into_iter().zip(&values) {
            desk.figure("childcare", "childcare.places.inclusive", &county, "2026-10", *inclusive);
            desk.figure("childcare", "childcare.places", &county, "2026-10", *places);
        }
        let sums = (values.iter().map(|one| one.0).sum(), values.iter().map(|one| one.1).sum());
        prop_assert_eq!(desk.parts("C10", CITY, "2026-10"), (Some(sums.0), Some(sums.1)));
    }

    /// Invariant 2: whichever counties are missing, the city is not computable and names exactly them.
    #[test]
    fn a_missing_county_is_named_and_never_zero(present in prop::collection::vec(any::<bool>(), 9)) {
        let mut desk = Desk::new();
        let counties = desk.counties();
        for (county, _) in counties.iter().zip(&present).filter(|(_, present)| **present) {
            desk.figure("childcare", "childcare.institutions.demo", county, "2026-10", 1);
        }
        let absent: Vec<&String> =
            counties.iter().zip(&present).filter(|(_, present)| !**present).map(|(county, _)| county).collect();
        let cut = desk.cube.cut(None);
        desk.with(&cut, "C11", CITY, "2026-10", |_, _, it| {
            let missing: Vec<&String> = it.missing.iter().map(|missing| &missing.region).collect();
            prop_assert_eq!(missing, absent.clone());
            prop_assert_eq!(it.numerator, absent.is_empty().then_some(9));
            Ok(())
        })?;
    }

    /// A cut gives the same figure for ever, whatever is published later.
    #[test]
    fn a_cut_never_changes(values in prop::collection::vec(0i64..1000, 1..12)) {
        let mut desk = Desk::new();
        let mut cuts = Vec::new();
        for value in &values {
            desk.figure("childcare", "childcare.institutions.demo", "530402", "2026-10", *value);
            cuts.push((desk.cube.cut(None), desk.now, *value));
        }
        for (cut, at, value) in &cuts {
            let then = desk.with(cut, "C11", "530402", "2026-10", |_, _, it| it.numerator);
            prop_assert_eq!(then, Some(*value));
            prop_assert_eq!(&desk.cube.cut(Some(*at)), cut, "as_of finds the cut of its instant");
        }
    }

    /// The lamp compares exactly: green is value ≥ path, to the last unit.
    #[test]
    fn the_lamp_turns_at_the_exact_unit(denominator in 1i64..1_000_000) {
        let city = City::embedded();
        let indicator = city.plan.indicators.iter().find(|one| one.code == "C10").unwrap();
        let needed = (denominator * 60 + 99) / 100; // 60 % by the end of 2025
        let lamp_of = |numerator| {
            let rate = city::decimal::Rate { numerator, denominator, factor: 100 };
            lamp::lamp(indicator, Some(&rate), Period::Year(2025), true, false, &city.plan.lamp)
        };
        prop_assert_eq!(lamp_of(needed), Lamp::Green);
        prop_assert!(needed == 0 || lamp_of(needed - 1) != Lamp::Green);
        let rate = city::decimal::Rate { numerator: needed - 1, denominator, factor: 100 };
        prop_assert_eq!(lamp::gap(indicator, Some(&rate)), Some(1), "the gap is counted in units");
    }
}

#[test]
fn a_part_is_the_owners_word_then_the_sum_then_the_plan() {
    let mut desk = Desk::new();
    desk.figures("supervision", PublicationKind::Plan, CITY, "2020", &[("childcare.institutions.demo", Some(2))]);
    assert_eq!(desk.parts("C11", CITY, "2020").0, Some(2), "what the plan prints");
    for county in desk.counties() {
        desk.figure("childcare", "childcare.institutions.demo", &county, "2020-12", 1);
    }
    assert_eq!(desk.parts("C11", CITY, "2020").0, Some(9), "December's counties stand for the year's end");
    desk.figure("childcare", "childcare.institutions.demo", CITY, "2020", 8);
    assert_eq!(desk.parts("C11", CITY, "2020").0, Some(8), "the owner's own word for the city");
    let cut = desk.cube.cut(None);
    desk.with(&cut, "C11", CITY, "2020", |_, _, it| {
        assert_eq!(it.notes.len(), 1, "8 is not the counties' 9, and that is said");
    });
    desk.figure("childcare", "childcare.institutions.demo", CITY, "2020", 9);
    let cut = desk.cube.cut(None);
    desk.with(&cut, "C11", CITY, "2020", |_, _, it| assert!(it.notes.is_empty(), "{:?}", it.notes));
}

#[test]
fn births_of_three_years_and_last_years_population() {
    let mut desk = Desk::new();
    for (period, births) in [("2018", 26_321), ("2019", 24_703), ("2020", 21_363)] {
        desk.figures("supervision", PublicationKind::Plan, CITY, period, &[("population.births", Some(births))]);
    }
    desk.figures("supervision", PublicationKind::Plan, CITY, "2020", &[("childcare.children.enrolled", Some(1915))]);
    assert_eq!(desk.parts("C12", CITY, "2020"), (Some(1915), Some(72_387)));
    desk.figure("supervision", "population.resident", "530402", "2025", 588_000);
    desk.figure("childcare", "childcare.places", "530402", "2026-10", 53);
    assert_eq!(desk.parts("C09", "530402", "2026-10"), (Some(53), Some(588_000)));
    assert_eq!(desk.parts("C09", "530402", "2025-10").1, None, "2024's population is not there");
}

#[test]
fn exempt_is_not_missing_and_withdrawn_is() {
    let mut desk = Desk::new();
    let counties = desk.counties();
    for county in &counties[1..] {
        desk.figure("childcare", "childcare.institutions.demo", county, "2026-10", 2);
    }
    assert_eq!(desk.parts("C11", CITY, "2026-10").0, None);
    desk.figures(
        "childcare",
        PublicationKind::Flash,
        &counties[0],
        "2026-10",
        &[("childcare.institutions.demo", None)],
    );
    assert_eq!(desk.parts("C11", CITY, "2026-10").0, Some(16));
    let cut = desk.cube.cut(None);
    desk.with(&cut, "C11", CITY, "2026-10", |_, _, it| assert!(it.notes[0].contains("免报"), "{:?}", it.notes));
    let withdrawal = Withdrawal { regions: vec![counties[3].clone()] };
    desk.publish(
        "childcare",
        Publication {
            form: "f".into(),
            period: "2026-10".into(),
            body: Some(Body::Withdrawal(withdrawal)),
            ..Publication::default()
        },
    );
    desk.with(&desk.cube.cut(None), "C11", CITY, "2026-10", |_, _, it| {
        assert_eq!(it.numerator, None);
        assert_eq!(it.missing[0].region, counties[3]);
    });
    assert_eq!(desk.with(&cut, "C11", CITY, "2026-10", |_, _, it| it.numerator), Some(16), "the old cut stays");
}

#[test]
fn coverage_counts_counties_with_at_least_one() {
    let mut desk = Desk::new();
    for (at, county) in desk.counties().into_iter().enumerate() {
        desk.figure("childcare", "childcare.institutions.demo_any", &county, "2026-10", if at < 4 { 3 } else { 0 });
    }
    assert_eq!(desk.parts("E21", CITY, "2026-10"), (Some(4), Some(9)));
    assert_eq!(desk.parts("E21", "530402", "2026-10"), (Some(1), Some(1)));
}

#[test]
fn a_zero_denominator_is_no_value() {
    let mut desk = Desk::new();
    desk.figure("childcare", "childcare.places", "530402", "2026-10", 0);
    desk.figure("childcare", "childcare.places.inclusive", "530402", "2026-10", 0);
    let cut = desk.cube.cut(None);
    desk.with(&cut, "C10", "530402", "2026-10", |_, _, it| assert!(it.rate.is_none() && it.zero_denominator));
}

#[test]
fn the_path_is_linear_between_dated_targets_and_grey_before_it_begins() {
    let city = City::embedded();
    let find = |code: &str| city.plan.indicators.iter().find(|one| one.code == code).unwrap();
    let at = |code: &str, period: Period| lamp::expected(find(code), period, false).map(|expected| expected.display(2));
    assert_eq!(at("C09", Period::Year(2020)).as_deref(), Some("0.91"));
    assert_eq!(at("C09", Period::Year(2024)).as_deref(), Some("3.25"), "366 of 731 days from 2 to 4.5");
    assert_eq!(at("C09", Period::Month(2026, 10)).as_deref(), Some("4.50"), "after the end the last target stays");
    assert_eq!(at("C10", Period::Year(2022)), None, "no baseline, so no path before 2023");
    assert_eq!(at("C10", Period::Year(2023)).as_deref(), Some("35.00"));
    let none = lamp::lamp(find("C10"), None, Period::Year(2025), true, false, &city.plan.lamp);
    assert_eq!(none, Lamp::Grey, "no value, no lamp");
}

/// “Where does it come from, and why did it change”: first typed beside a register that said another number, handed in
/// late by the bureau; then the register itself. A cut keeps to what was said by then.
#[test]
fn each_revision_says_what_it_rests_on() {
    let mut desk = Desk::new();
    let said = |number: u32, value: i64, basis: Basis, computed: Option<i64>, late: bool| {
        let observation = Observation {
            element: "childcare.institutions.demo".into(),
            region: "530402".into(),
            period: "2026-10".into(),
            value: Some(value),
            basis: basis.into(),
            computed,
            ..Observation::default()
        };
        let figures = RegionFigures {
            region: "530402".into(),
            revision: number,
            late,
            on_behalf: late,
            observations: vec![observation],
            ..RegionFigures::default()
        };
        Publication {
            kind: PublicationKind::Flash as i32,
            form: "f".into(),
            period: "2026-10".into(),
            body: Some(Body::Figures(Figures { regions: vec![figures] })),
            ..Publication::default()
        }
    };
    desk.publish("childcare", said(1, 7, Basis::Both, Some(6), true));
    let before = desk.cube.cut(None);
    desk.publish("childcare", said(2, 6, Basis::Register, None, false));
    let rests = |cut: &Cut| {
        desk.with(cut, "C11", "530402", "2026-10", |_, _, it| {
            let [used] = it.used.as_slice() else { panic!("{:?}", it.used) };
            let origin = used.figure.origin;
            (used.figure.said, origin.basis, origin.computed, origin.late, origin.on_behalf)
        })
    };
    assert_eq!(rests(&before), (Said::Value(7), Basis::Both, Some(6), true, true));
    assert_eq!(rests(&desk.cube.cut(None)), (Said::Value(6), Basis::Register, None, false, false));
}
