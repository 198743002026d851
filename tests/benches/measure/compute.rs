//! One month's elements of a bureau, beside the same SQL by hand; and again when nothing changed.

use std::time::Instant;

use city::bundle::City;
use city::period::Period;
use kit::{Clock, Db};
use registry::Bureau;
use registry::elements::Elements;
use reporting::Register;
use suite_tests::suite::{Engine, Running};

use super::{Line, ROUNDS, Ratio, micros};

pub(crate) async fn measure() -> Vec<Line> {
    let running = Running::demonstration(Engine::Sqlite).await;
    let service = ylyx::suite::BUREAUS[0];
    let db: Db = running.database(service.name).await;
    let bureau = Bureau::new(City::embedded(), db.clone(), Clock::system());
    let counties: Vec<String> =
        bureau.city.regions.counties().iter().map(|county| county.code.clone()).chain(["530400".to_owned()]).collect();
    let period = Period::Month(2026, 10);
    let (mut rounds, mut again) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let elements = Elements::new(bureau.clone(), service.elements);
        let begin = Instant::now();
        let counted = elements.compute(period, &counties).await.expect("computed");
        let ours = begin.elapsed();
        let begin = Instant::now();
        for query in service.elements {
            let rows: Vec<(String, i64)> =
                db.read(query.sql).bind(period.last_day().to_string()).all().await.expect("counted");
            std::hint::black_box(rows);
        }
        rounds.push((ours, begin.elapsed()));
        let begin = Instant::now();
        let repeated = elements.compute(period, &counties).await.expect("computed");
        again.push(begin.elapsed());
        assert_eq!(counted, repeated);
    }
    again.sort_unstable();
    vec![
        Line {
            what: format!("one month's {} elements of elderly care, 10 regions", service.elements.len()),
            limit: "the same SQL by hand".into(),
            figure: Ratio::of(&rounds).words(),
            aim: "≥ 0.5 (≤ 2 ×)",
            note: "one snapshot, city and nine counties".into(),
        },
        Line {
            what: "the same when no register changed".into(),
            limit: "—".into(),
            figure: micros(again[again.len() / 2]),
            aim: "nothing counted",
            note: "the change counter is read".into(),
        },
    ]
}
