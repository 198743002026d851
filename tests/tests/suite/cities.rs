//! Another city is a folder of data.

use suite_tests::city::folder;
use suite_tests::suite::{Engine, Running};

#[tokio::test(flavor = "multi_thread")]
async fn a_second_city_with_other_codes_runs_without_a_code_change() {
    let running = Running::start(Engine::Sqlite, Some(folder("lianhe"))).await;
    let city = city::bundle::City::load(&folder("lianhe")).expect("the bundle");
    let (status, regions) = running.get("/api/v1/regions").await;
    assert_eq!(status, 200);
    let counties = regions["regions"].as_array().unwrap().iter().filter(|region| region["level"] == "county").count();
    assert_eq!(counties, 2);
    let (status, list) = running.get("/api/v1/indicators?period=2025").await;
    assert_eq!(status, 200, "{list}");
    let codes: Vec<&str> =
        list["indicators"].as_array().unwrap().iter().filter_map(|one| one["code"].as_str()).collect();
    assert_eq!(codes, city.plan.indicators.iter().map(|one| one.code.as_str()).collect::<Vec<_>>());
    assert!(!codes.contains(&"C09"), "its own codes: {codes:?}");
    let (status, page) = running.get_text("/?period=2025").await;
    assert_eq!(status, 200);
    assert!(page.contains(&city.name), "the page speaks of {}", city.name);
}
