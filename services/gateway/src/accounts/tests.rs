use super::*;
use crate::bureaus::Held;

fn grants(held: &[(&str, &str, &str)]) -> Grants {
    let held = held.iter().map(|(bureau, role, region)| Held {
        bureau: (*bureau).to_owned(),
        role: (*role).to_owned(),
        region: (*region).to_owned(),
    });
    Grants { held: held.collect(), unknown: Vec::new() }
}

#[test]
fn administering_is_a_role_at_the_gateway_and_nowhere_else() {
    let city = City::embedded();
    let elsewhere = grants(&[("finance", "SYS_ADMIN", "530400"), ("gateway", "COUNTY_REPORTER", "530402")]);
    assert_eq!(Reach::of(&elsewhere, &city).unwrap_err().reason, "ROLE_MISSING");
    let county = Reach::of(&grants(&[("gateway", "COUNTY_ADMIN", "530402")]), &city).unwrap();
    assert!(county.covers(&city, "530402") && county.covers(&city, "530402001"));
    assert!(!county.covers(&city, "530403") && !county.covers(&city, "530400"));
    let everything = Reach::of(&grants(&[("gateway", "SYS_ADMIN", "530400")]), &city).unwrap();
    assert!(everything.covers(&city, "530428"));
}

#[tokio::test]
async fn every_statement_is_understood() {
    let folder = tempfile::tempdir().unwrap();
    let db = kit::Db::open(folder.path().join("a.db").to_str().unwrap()).await.unwrap();
    db.migrate(&crate::store::migrations()).await.unwrap();
    for text in crate::statements() {
        db.check(text).await.unwrap_or_else(|problem| panic!("{text}: {problem}"));
    }
}

#[tokio::test]
async fn first_accounts_come_from_the_file_and_only_once() {
    let folder = tempfile::tempdir().unwrap();
    let (users, passwords) = (folder.path().join("users.toml"), folder.path().join("first.toml"));
    let entry = |id: &str| {
        format!(
            "[[user]]\nid = \"{id}\"\nname = \"王某\"\nunit = \"红塔区\"\n\
             [[user.grant]]\nservice = \"childcare\"\nrole = \"COUNTY_REPORTER\"\nregion = \"530402\"\n"
        )
    };
    std::fs::write(&users, entry("one") + &entry("two")).unwrap();
    std::fs::write(&passwords, "one = \"first password 1\"\n").unwrap();
    let db = kit::Db::open(folder.path().join("a.db").to_str().unwrap()).await.unwrap();
    db.migrate(&crate::store::migrations()).await.unwrap();
    let clock = kit::Clock::set_to("2026-11-05T04:00:00Z".parse().unwrap());
    let accounts = Accounts::open(db, clock, City::embedded(), Default::default()).await.unwrap();
    seed::seed(&accounts, &users, &passwords).await.unwrap();
    let one = accounts.sign_in("one", "first password 1".to_owned()).await.unwrap();
    assert!(one.must_change && one.region == "530402");
    assert_eq!(accounts.sign_in("two", "first password 1".to_owned()).await.unwrap_err().reason, "SIGN_IN_REFUSED");
    let new = "a new 1 for me".to_owned();
    accounts.change_password("one", "first password 1".to_owned(), new.clone(), &new).await.unwrap();
    seed::seed(&accounts, &users, &passwords).await.unwrap();
    accounts.sign_in("one", new).await.unwrap();
}
