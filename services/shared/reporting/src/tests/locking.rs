//! 补报: locked periods, unlocks, lateness.

use city::bundle::City;
use jiff::civil::date;

use super::*;
use crate::unlock::desk::Listing as Unlocks;
use crate::unlock::{State as UnlockState, Unlock};

async fn requested(bench: &Bench) -> Unlock {
    bench.desk.request_unlock(&clerk(), MONTHLY, COUNTY, PERIOD, "经办人住院").await.unwrap()
}

#[tokio::test]
async fn a_locked_period_opens_only_by_an_unlock_and_what_passes_is_late() {
    let bench = bench_for(own_city()).await;
    let desk = &bench.desk;
    let draft = bench.draft(PERIOD, &[entry(ENROLLED, "0"), entry(MANAGED, "3")]).await;
    let early = desk.request_unlock(&clerk(), MONTHLY, COUNTY, PERIOD, "提前").await.unwrap_err();
    assert_eq!(early.reason, "PERIOD_NOT_LOCKED");
    bench.on("2025-11-13");
    assert!(desk.open_report(&clerk(), MONTHLY, COUNTY, PERIOD, "").await.is_ok(), "the last day is still open");
    bench.on("2025-11-14");
    assert_eq!(bench.submit(&draft).await.unwrap_err().reason, "PERIOD_LOCKED");
    let open = async |region: &str, reason: &str| desk.open_report(&clerk(), MONTHLY, region, PERIOD, reason).await;
    assert_eq!(open(COUNTY, "").await.unwrap_err().reason, "PERIOD_LOCKED");
    assert!(desk.around(&clerk(), &draft).await.unwrap().locked);

    let request = async |reason: &str| desk.request_unlock(&clerk(), MONTHLY, COUNTY, PERIOD, reason).await;
    assert_eq!(request(" ").await.unwrap_err().reason, "REASON_NEEDED");
    let unlock = requested(&bench).await;
    assert_eq!(request("再次").await.unwrap_err().reason, "UNLOCK_WAITING");
    assert_eq!(bench.submit(&draft).await.unwrap_err().reason, "PERIOD_LOCKED", "asking is not being let in");
    let until = Some(date(2025, 11, 20));
    let decide = async |who: &Someone, until, reason: &str| desk.decide_unlock(who, unlock.id, until, reason).await;
    assert_eq!(decide(&clerk(), until, "同意").await.unwrap_err().reason, "ROLE_MISSING");
    let requester = caller("clerk", "CITY_BUREAU_APPROVER", CITY);
    assert_eq!(decide(&requester, until, "同意").await.unwrap_err().reason, "SAME_PERSON");
    assert_eq!(decide(&approver(), Some(date(2025, 11, 13)), "同意").await.unwrap_err().reason, "UNTIL_PAST");
    assert_eq!(decide(&approver(), until, "").await.unwrap_err().reason, "REASON_NEEDED");
    decide(&approver(), until, "同意").await.unwrap();
    assert_eq!(decide(&approver(), None, "不同意").await.unwrap_err().reason, "ALREADY_DECIDED");

    let elsewhere = caller("clerk-2", "COUNTY_REPORTER", "530403");
    let locked = desk.open_report(&elsewhere, MONTHLY, "530403", PERIOD, "").await.unwrap_err();
    assert_eq!(locked.reason, "PERIOD_LOCKED", "an unlock is one region's");
    let submitted = bench.submit(&draft).await.unwrap();
    assert!(submitted.late && !draft.late);
    assert!(region_figures(&bench.publish(&submitted).await).late);
    let revision = open(COUNTY, "漏报").await.unwrap();
    assert_eq!((revision.revision, revision.late), (2, false));
    bench.on("2025-11-21");
    assert_eq!(bench.submit(&revision).await.unwrap_err().reason, "PERIOD_LOCKED", "the unlock has run out");
}

#[tokio::test]
async fn a_refusal_lets_nobody_in_and_requests_are_listed_newest_first() {
    let bench = bench_for(own_city()).await;
    bench.on("2025-11-14");
    let first = requested(&bench).await;
    bench.desk.decide_unlock(&approver(), first.id, None, "已截止").await.unwrap();
    let locked = bench.desk.open_report(&clerk(), MONTHLY, COUNTY, PERIOD, "").await.unwrap_err();
    assert_eq!(locked.reason, "PERIOD_LOCKED");
    let second = requested(&bench).await;
    let page = async |state, size, cursor: &str| {
        let listing = Unlocks { state, form: String::new(), period: PERIOD.into(), size, cursor: cursor.into() };
        bench.desk.list_unlocks(&approver(), &listing).await
    };
    let (newest, cursor) = page(None, 1, "").await.unwrap();
    assert_eq!((newest[0].id, newest[0].state), (second.id, UnlockState::Requested));
    let (older, end) = page(None, 1, &cursor).await.unwrap();
    assert_eq!((older[0].id, older[0].state, end.as_str()), (first.id, UnlockState::Refused, ""));
    assert_eq!(page(Some(UnlockState::Granted), 9, "").await.unwrap().0, []);
    assert_eq!(page(None, 9, "nowhere").await.unwrap_err().reason, "CURSOR_INVALID");
}

#[tokio::test]
async fn what_was_sent_back_may_be_corrected_until_its_new_deadline() {
    let bench = bench_for(own_city()).await;
    let draft = bench.draft(PERIOD, &[entry(ENROLLED, "0"), entry(MANAGED, "3")]).await;
    let submitted = bench.submit(&draft).await.unwrap();
    bench.on("2025-11-12");
    let faults = [(MANAGED.to_owned(), "偏少".to_owned())];
    let due = date(2025, 11, 16);
    let sent = bench.desk.send_back_report(&reviewer(), submitted.id, submitted.version(), &faults, due).await.unwrap();
    bench.on("2025-11-17");
    assert_eq!(bench.submit(&sent).await.unwrap_err().reason, "PERIOD_LOCKED");
    bench.on("2025-11-16");
    assert!(!bench.submit(&sent).await.unwrap().late, "it was handed in on time");
}

#[tokio::test]
async fn a_form_without_a_lock_day_is_never_locked() {
    let mut city = City::clone(&own_city());
    city.forms[0].due.lock_day = None;
    let bench = bench_for(Arc::new(city)).await;
    bench.on("2030-01-01");
    let report = bench.draft(PERIOD, &[entry(ENROLLED, "0"), entry(MANAGED, "0")]).await;
    assert!(!bench.submit(&report).await.unwrap().late);
}
