//! The real bundle, the synthetic one, and broken ones.

use std::fs;
use std::path::{Path, PathBuf};

use city::bundle::City;
use city::indicator::Indicator;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../deploy/cities").join(name)
}

#[test]
fn yuxi_is_what_the_plan_prints() {
    let yuxi = City::embedded();
    assert_eq!(yuxi.plan.indicators.len(), 53);
    assert_eq!(yuxi.plan.indicators.iter().filter(|indicator| indicator.core).count(), 13);
    assert_eq!(yuxi.plan.tasks.len(), 42);
    let mut groups = [0u32; 11];
    yuxi.plan.tasks.iter().for_each(|task| groups[task.group as usize - 1] += 1);
    assert_eq!(groups, [7, 6, 4, 3, 5, 3, 2, 4, 3, 3, 2]);
    assert_eq!(yuxi.plan.projects.len(), 50);
    assert_eq!((yuxi.plan.total_wan_yuan(), yuxi.plan.central_applied_wan_yuan()), (163_172, 99_298));
    assert_eq!(yuxi.plan.lists.len(), 20);
    let names: Vec<&str> = yuxi.regions.counties().iter().map(|county| county.short_name.as_str()).collect();
    let official = ["红塔区", "江川区", "澄江市", "通海县", "华宁县", "易门县", "峨山县", "新平县", "元江县"];
    assert_eq!(names, official);
    let levels = |length: usize| yuxi.regions.edition().regions.iter().filter(|one| one.code.len() == length).count();
    assert_eq!((levels(9), levels(12)), (76, 718));
    assert_eq!(yuxi.regions.find("530402", "玉兴街道").unwrap().code, "530402001");
    assert!(yuxi.regions.is_within("530402001001", "530402") && !yuxi.regions.is_within("530402", "530403"));
    let missing = |code: &str| yuxi.plan.indicators.iter().any(|one| one.code == code && one.baseline.is_none());
    assert!(["C06", "C10", "C13"].iter().all(|code| missing(code)), "a baseline printed as — is missing");
    let bank = yuxi.organisation("RMYH").unwrap();
    assert_eq!(bank.name_at("2023-01-08"), "中国人民银行玉溪市中心支行");
    assert_eq!(bank.name_at("2026-11-01"), "中国人民银行玉溪市分行");
}

#[test]
fn the_plan_goes_through_json_unchanged() {
    let yuxi = City::embedded();
    let json = serde_json::to_string(&yuxi.plan).unwrap();
    let back: city::plan::Plan = serde_json::from_str(&json).unwrap();
    assert_eq!(back, yuxi.plan);
    assert_eq!(serde_json::to_string(&back).unwrap(), json);
    let edition = serde_json::to_string(yuxi.regions.edition()).unwrap();
    assert_eq!(&serde_json::from_str::<city::region::Edition>(&edition).unwrap(), yuxi.regions.edition());
}

#[test]
fn the_synthetic_city_loads() {
    let city = City::load(&folder("lianhe")).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(city.regions.counties().len(), 2);
    assert!(city.plan.indicators.iter().all(|one: &Indicator| one.code.starts_with("LH-")));
}

fn broken(file: &str, from: &str, to: &str) -> String {
    let copy = tempfile::tempdir().unwrap();
    copy_all(&folder("lianhe"), copy.path());
    let path = copy.path().join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{file} has no {from}");
    fs::write(&path, text.replacen(from, to, 1)).unwrap();
    City::load(copy.path()).unwrap_err().to_string()
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() { copy_all(&path, &target) } else { fs::copy(&path, &target).map(drop).unwrap() }
    }
}

#[test]
fn a_broken_bundle_names_file_place_and_reason() {
    let error = broken("plan/indicators.toml", "childcare.places.inclusive", "childcare.plaices");
    assert!(error.contains("indicators.toml [LH-2]") && error.contains("childcare.plaices"), "{error}");
    let error = broken("regions.csv", "990121100,山前镇,山前镇,990121", "990121100,山前镇,山前镇,990199");
    assert!(error.contains("regions.csv") && error.contains("990199"), "{error}");
    let error = broken("plan/indicators.toml", "code = \"LH-2\"", "code = \"LH-1\"");
    assert!(error.contains("LH-1") && error.contains("重复"), "{error}");
    let error = broken("plan/tasks.csv", "WJW|TJJ", "WJW|XXX");
    assert!(error.contains("tasks.csv [T01]") && error.contains("XXX"), "{error}");
    let error = broken("plan/observations.csv", "1200", "many");
    assert!(error.contains("observations.csv 第 2 行"), "{error}");
    let error = broken("city.toml", "plan = \"plan\"", "plan = \"nowhere\"");
    assert!(error.contains("nowhere/plan.toml"), "{error}");
}
