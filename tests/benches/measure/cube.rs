//! A view must not cost more because the cube holds more: 10⁴ against 10⁶ observations.

use city::bundle::City;
use city::period::Period;
use gateway::cube::Cube;
use gateway::evaluate::Context;
use proto::reporting::publication::Body;
use proto::reporting::{Document, Figures, Observation, Publication, PublicationKind, RegionFigures};

use super::{Line, ROUNDS, Ratio, timed};

pub(crate) fn measure() -> Line {
    let city = City::embedded();
    let (small, large) = (filled(&city, 10_000), filled(&city, 1_000_000));
    let rounds: Vec<_> = (0..ROUNDS).map(|_| (timed(|| look(&large)).1, timed(|| look(&small)).1)).collect();
    Line {
        what: "13 indicators of city and counties, cube of 10⁶ observations".into(),
        limit: "the same with 10⁴".into(),
        figure: Ratio::of(&rounds).words(),
        aim: "≥ 0.91 (p50 ratio ≤ 1.1)",
        note: format!("{} figures held", large.len()),
    }
}

/// A hundred views of one month.
fn look(cube: &Cube) {
    let cut = cube.cut(None);
    let reference = cube.reference(&cut).expect("the reference documents");
    let context = Context { cube, cut: &cut, reference: &reference };
    let tree = &reference.regions;
    for _ in 0..100 {
        for region in tree.counties().into_iter().chain([tree.city()]) {
            for indicator in reference.plan.indicators.iter().filter(|indicator| indicator.core) {
                std::hint::black_box(context.evaluate(indicator, region, Period::Month(2026, 10)));
            }
        }
    }
}

/// A cube with the city's documents, a full month, and older months until it holds so many observations.
fn filled(city: &City, observations: usize) -> Cube {
    let mut cube = Cube::default();
    let mut sequence = 0;
    let mut take = |cube: &mut Cube, bureau: &str, period: &str, body: Body| {
        sequence += 1;
        let publication = Publication {
            city: city.code.clone(),
            bureau: bureau.to_owned(),
            stream_id: "bench".to_owned(),
            sequence,
            published_at_micros: sequence as i64,
            kind: PublicationKind::Final as i32,
            form: "bench".to_owned(),
            period: period.to_owned(),
            body: Some(body),
            ..Publication::default()
        };
        cube.take(&publication).expect("taken");
    };
    let json = |value: serde_json::Value| serde_json::to_vec(&value).expect("JSON");
    let value = |value: Result<serde_json::Value, serde_json::Error>| json(value.expect("JSON"));
    let catalogue = serde_json::json!({ "elements": city.elements, "organisations": city.organisations });
    for (kind, content) in [
        ("regions", value(serde_json::to_value(city.regions.edition()))),
        ("catalogue", json(catalogue)),
        ("plan", value(serde_json::to_value(&city.plan))),
    ] {
        let document = Document { r#type: kind.to_owned(), content: content.into(), ..Document::default() };
        take(&mut cube, "supervision", "", Body::Document(document));
    }
    let mut held = 0;
    let mut back = 0;
    while held < observations {
        let period = Period::Month(2026, 10).month_back(back).to_string();
        back += 1;
        for county in city.regions.counties() {
            let all = city.elements.iter().map(|element| Observation {
                element: element.code.clone(),
                region: county.code.clone(),
                period: period.clone(),
                value: Some(100),
                ..Observation::default()
            });
            let figures = RegionFigures {
                region: county.code.clone(),
                revision: 1,
                observations: all.collect(),
                ..RegionFigures::default()
            };
            held += figures.observations.len();
            take(&mut cube, "supervision", &period, Body::Figures(Figures { regions: vec![figures] }));
        }
    }
    cube
}
