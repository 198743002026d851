//! 公开数据: issued once by the office, then the same bytes for ever; a later table is for readers of the earlier ones.

use proto::reporting::publication::Body as Said;
use proto::reporting::{Document, Figures, Observation, Publication, RegionFigures};

use super::*;
use crate::cuts::desk::{self, By};

const OFFICE: By<'_> = By { id: "office", name: "专班" };
const CERTIFIED: [i64; 9] = [150, 60, 60, 60, 40, 40, 30, 20, 3];

/// Takes a publication in as if it had been followed.
fn publish(house: &House, bureau: &str, sequence: u64, body: Said) {
    let publication = Publication {
        bureau: bureau.into(),
        city: "530400".into(),
        stream_id: format!("stream-{bureau}"),
        sequence,
        published_at_micros: sequence as i64,
        period: "2026-10".into(),
        body: Some(body),
        ..Publication::default()
    };
    house.front.state.cube_mut(|cube| cube.take(&publication)).unwrap();
}

/// The plan, the regions and the catalogue.
fn documents(house: &House) {
    let city = City::embedded();
    let catalogue = serde_json::json!({"elements": city.elements, "organisations": city.organisations});
    let documents = [
        ("plan", serde_json::to_vec(&city.plan).unwrap()),
        ("regions", serde_json::to_vec(city.regions.edition()).unwrap()),
        ("catalogue", serde_json::to_vec(&catalogue).unwrap()),
    ];
    for (sequence, (kind, content)) in (1..).zip(documents) {
        let document = Document { r#type: kind.into(), content: content.into(), ..Document::default() };
        publish(house, "supervision", sequence, Said::Document(document));
    }
}

/// Certified carers of the counties.
fn certified(house: &House, sequence: u64, values: &[i64]) {
    let city = City::embedded();
    let region = |(county, value): (&&city::region::Region, &i64)| RegionFigures {
        region: county.code.clone(),
        revision: 1,
        observations: vec![Observation {
            element: "elderly.carers.certified".into(),
            region: county.code.clone(),
            period: "2026-10".into(),
            value: Some(*value),
            ..Observation::default()
        }],
        ..RegionFigures::default()
    };
    let regions = city.regions.counties().iter().zip(values).map(region).collect();
    publish(house, "elderly-care", sequence, Said::Figures(Figures { regions }));
}

async fn cut(house: &House, name: &str) -> String {
    let made = desk::make(&house.front.state, name, "2026-10", "complete", OFFICE).await.unwrap();
    format!("/cuts/{}", made.id)
}

async fn issue(house: &House, cut: &str, (cookie, token): &(String, String)) -> Answer {
    house.post(&format!("{cut}/public"), cookie, &[("csrf", token), ("idempotency_key", "k")]).await
}

#[tokio::test]
async fn what_is_issued_stays_and_what_comes_later_respects_it() {
    let house = House::usual().await;
    house.admit("office", "530400", &[("gateway", "TASKFORCE_ADMIN", "530400")]).await;
    let (clerk, office) = (house.sign_in("clerk").await, house.sign_in("office").await);
    documents(&house);
    certified(&house, 1, &CERTIFIED);
    let first = cut(&house, "十月定版").await;
    let (csv, json) = (format!("{first}/public.csv"), format!("{first}/public.json"));

    let page = house.get(&first, &office.0).await.body;
    assert!(page.contains("发布公开数据") && !page.contains("/public.csv"), "nothing to take before it is issued");
    let before = house.get(&csv, &office.0).await;
    assert_eq!(before.status, 404);
    assert!(before.body.contains("公开数据还没有发布"), "{}", before.body);
    assert_eq!(issue(&house, &first, &clerk).await.status, 403);
    assert_eq!(house.get(&csv, &office.0).await.status, 404, "the clerk issued nothing");

    let answer = issue(&house, &first, &office).await;
    assert_eq!((answer.status, answer.header(header::LOCATION)), (303, first.as_str()), "{}", answer.body);
    let (table, data) = (house.get(&csv, &office.0).await, house.get(&json, &office.0).await);
    assert!(table.status == 200 && table.body.contains("C08"), "{}", table.body);
    assert!(data.status == 200 && data.body.contains("\"<5\""), "{}", data.body);
    let page = house.get(&first, &office.0).await.body;
    assert!(!page.contains("发布公开数据</button>") && page.contains(&csv) && page.contains("office某"), "{page}");
    let again = issue(&house, &first, &office).await;
    assert!(again.status == 409 && again.body.contains("不能再次发布"), "{} {}", again.status, again.body);

    // Two persons more wait, for the readers of the first table.
    certified(&house, 2, &[152]);
    let second = cut(&house, "十月定版（更正）").await;
    assert_eq!(issue(&house, &second, &office).await.status, 303);
    let later = house.get(&format!("{second}/public.csv"), &office.0).await.body;
    assert!(later.contains("沿用上次公布数") && !later.contains(",152,"), "{later}");
    assert_eq!(house.get(&csv, &office.0).await.body, table.body, "to the byte");

    // A stream that is given up takes nothing back.
    let gone = |cube: &mut crate::cube::Cube| {
        *cube = crate::cube::Cube::default();
        Ok(())
    };
    house.front.state.cube_mut(gone).unwrap();
    assert_eq!(house.get(&json, &office.0).await.body, data.body);
}
