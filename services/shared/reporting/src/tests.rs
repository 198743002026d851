//! The desk over SQLite: sign chain, idempotency, lists. Each room of the desk has its own tests beside this file.

mod basis;
mod changes;
mod locking;
mod on_behalf;
mod own;
mod package;
mod stream;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use city::bundle::City;
use city::form::Form;
use city::period::Period;
use jiff::Timestamp;
use kit::{Clock, Db, Problem, Result};
use prost::Message;
use proto::reporting::publication::Body;
use proto::reporting::{Envelope, Publication, PublicationKind, ReportState};
use tempfile::TempDir;
use trust::{KeyRing, Scope, SigningKey, User};

use crate::person::Person;
use crate::publication::desk::{Once, Publish, Withdraw};
use crate::publication::issue::sha256;
use crate::publication::store;
use crate::report::acts::Entry;
use crate::report::desk::Listing;
use crate::report::{Report, State, Submission};
use crate::{Computed, Desk, Register, STATEMENTS};
use own::*;

const CITY: &str = "530400";
const COUNTY: &str = "530402";
const PERIOD: &str = "2025-10";

/// A register that counts how often it was asked.
#[derive(Default)]
struct Counting {
    counter: AtomicI64,
    asked: AtomicI64,
    value: AtomicI64,
}

#[tonic::async_trait]
impl Register for Counting {
    async fn compute(&self, _: Period, regions: &[String]) -> Result<Vec<Computed>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let value = self.value.load(Ordering::SeqCst);
        let city = City::embedded();
        let computed = city.elements.iter().filter(|element| element.computed);
        Ok(computed
            .flat_map(|element| {
                regions.iter().map(|region| Computed { element: element.code.clone(), region: region.clone(), value })
            })
            .collect())
    }

    async fn change_counter(&self) -> Result<i64> {
        Ok(self.counter.load(Ordering::SeqCst))
    }
}

struct Bench {
    dir: TempDir,
    desk: Desk,
    register: Arc<Counting>,
    clock: Clock,
}

async fn open(dir: &Path, clock: &Clock, register: Arc<Counting>) -> Desk {
    open_for(City::embedded(), dir, clock, register).await
}

async fn open_for(city: Arc<City>, dir: &Path, clock: &Clock, register: Arc<Counting>) -> Desk {
    let db = Db::open(dir.join("childcare.db").to_str().unwrap()).await.unwrap();
    let key = SigningKey::load_or_create(&dir.join("signing.key")).unwrap();
    Desk::open("childcare", city, db, clock.clone(), key, register, dir).await.unwrap()
}

async fn bench() -> Bench {
    bench_for(City::embedded()).await
}

async fn bench_for(city: Arc<City>) -> Bench {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::set_to("2025-11-03T02:00:00Z".parse::<Timestamp>().unwrap());
    let register = Arc::new(Counting::default());
    let desk = open_for(city, dir.path(), &clock, register.clone()).await;
    Bench { dir, desk, register, clock }
}

fn clerk() -> Someone {
    caller("clerk", "COUNTY_REPORTER", COUNTY)
}

fn reviewer() -> Someone {
    caller("reviewer", "COUNTY_REVIEWER", COUNTY)
}

fn approver() -> Someone {
    caller("approver", "CITY_BUREAU_APPROVER", CITY)
}

fn caller(user: &str, role: &'static str, region: &'static str) -> Someone {
    let user = User { id: user.to_owned(), name: user.to_owned(), unit: String::new() };
    Someone { user, role, region, scope: Scope::of_the_service() }
}

/// A person with one grant. That regions outside the grant stay unseen is the whole suite's to test: only the gate
/// makes a narrower scope.
struct Someone {
    user: User,
    role: &'static str,
    region: &'static str,
    scope: Scope,
}

impl Person for Someone {
    fn user(&self) -> Result<&User> {
        Ok(&self.user)
    }

    fn scope(&self) -> &Scope {
        &self.scope
    }

    fn holds(&self, role: &str, region: &str) -> bool {
        role == self.role && City::embedded().regions.is_within(region, self.region)
    }

    fn require(&self, role: &str, region: &str) -> Result<()> {
        if self.holds(role, region) { Ok(()) } else { Err(Problem::forbidden("ROLE_MISSING", "无权限")) }
    }
}

/// A monthly form of the bureau that counties fill in.
fn form(desk: &Desk) -> &Form {
    desk.forms().find(|form| desk.period(form, PERIOD).is_ok() && desk.check_region(form, COUNTY).is_ok()).unwrap()
}

/// Every typed cell filled with `value`.
fn entries(report: &Report, value: &str) -> Vec<Entry> {
    let typed = report.cells.iter().filter(|cell| cell.basis == crate::report::Basis::Reported);
    typed
        .map(|cell| Entry {
            element: cell.element.clone(),
            value: value.to_owned(),
            note: String::new(),
            not_applicable: false,
        })
        .collect()
}

async fn reviewed(desk: &Desk) -> Report {
    let report = desk.open_report(&clerk(), &form(desk).code, COUNTY, PERIOD, "").await.unwrap();
    reviewed_from(desk, report).await
}

async fn reviewed_from(desk: &Desk, report: Report) -> Report {
    let report = desk.save_report(&clerk(), report.id, report.version(), &entries(&report, "0")).await.unwrap();
    let explanations: BTreeMap<String, String> = report
        .findings
        .iter()
        .map(|finding| (finding.check.clone(), "测试数据，台账尚未录入完毕".to_owned()))
        .collect();
    let submission = Submission::Filled;
    let report = desk.submit_report(&clerk(), report.id, report.version(), submission, &explanations).await.unwrap();
    desk.review_report(&reviewer(), report.id, report.version()).await.unwrap()
}

fn publish(report: &Report, reason: &str) -> Publish {
    Publish { reports: BTreeSet::from([report.id]), kind: PublicationKind::Final, reason: reason.to_owned() }
}

fn once(key: &str) -> Once {
    Once { key: key.to_owned(), fingerprint: sha256(key.as_bytes()) }
}

fn opened(envelope: &Envelope) -> Publication {
    Publication::decode(envelope.payload.clone()).unwrap()
}

/// The whole stream, checked link by link.
async fn whole_stream(desk: &Desk) -> Vec<Publication> {
    let head = store::current(&desk.db).await.unwrap();
    let page = store::page(&desk.db, head.stream_id, 0, 1000).await.unwrap();
    let mut hash = Vec::new();
    for (place, stored) in page.iter().enumerate() {
        let publication = opened(&stored.envelope);
        assert_eq!(publication.sequence, place as u64 + 1);
        assert_eq!(publication.previous_hash, hash);
        assert_eq!(publication.stream_id, head.stream_id.to_string());
        hash = sha256(&stored.envelope.payload);
    }
    assert_eq!((head.last_sequence as usize, &head.last_hash), (page.len(), &hash));
    page.iter().map(|stored| opened(&stored.envelope)).collect()
}

#[tokio::test]
async fn every_statement_prepares() {
    let bench = bench().await;
    for statement in STATEMENTS {
        bench.desk.db.check(*statement).await.unwrap();
    }
}

#[tokio::test]
async fn a_figure_goes_from_draft_to_envelope_and_never_changes() {
    let Bench { dir, desk, clock, .. } = bench().await;
    let report = reviewed(&desk).await;
    assert_eq!(report.state, State::Reviewed);
    assert_eq!(desk.publish(&clerk(), &publish(&report, ""), &once("")).await.unwrap_err().reason, "ROLE_MISSING");
    let envelope = desk.publish(&approver(), &publish(&report, ""), &once("k1")).await.unwrap();
    SigningKey::load_or_create(&dir.path().join("signing.key"))
        .unwrap()
        .public()
        .save(dir.path(), "childcare")
        .unwrap();
    KeyRing::load(dir.path()).unwrap().verify(&envelope, "childcare").unwrap();
    let publication = opened(&envelope);
    assert_eq!((publication.sequence, publication.approver.as_str()), (1, "approver"));
    let Some(Body::Figures(figures)) = &publication.body else { panic!("figures") };
    let acts: Vec<&str> = figures.regions[0].acts.iter().map(|act| act.act.as_str()).collect();
    assert_eq!(acts, ["submit", "review", "publish"]);
    assert!(figures.regions[0].observations.iter().all(|one| one.value.is_some() && one.period == PERIOD));
    // The same call again gives the same answer; another under its key is refused; a new one finds it published.
    assert_eq!(desk.publish(&approver(), &publish(&report, ""), &once("k1")).await.unwrap(), envelope);
    let other = Once { fingerprint: vec![1], ..once("k1") };
    let reused = desk.publish(&approver(), &publish(&report, ""), &other).await.unwrap_err();
    assert_eq!(reused.reason, "IDEMPOTENCY_KEY_REUSED");
    let again = desk.publish(&approver(), &publish(&report, ""), &once("k2")).await.unwrap_err();
    assert_eq!(again.reason, "STATE_WRONG");
    let mut tx = desk.db.begin().await.unwrap();
    assert!(tx.query("UPDATE publication SET form = 'x'").execute().await.is_err());
    assert!(tx.query("DELETE FROM publication").execute().await.is_err());
    drop(tx);

    // A correction is the next revision, with a reason; the clock going back does not take the stream back.
    clock.move_to("2025-11-01T00:00:00Z".parse().unwrap());
    let code = report.form.clone();
    let next = desk.open_report(&clerk(), &code, COUNTY, PERIOD, "漏报一所机构").await.unwrap();
    assert_eq!((next.revision, next.state), (2, State::Draft));
    let next = reviewed_from(&desk, next).await;
    let unexplained = desk.publish(&approver(), &publish(&next, " "), &once("")).await.unwrap_err();
    assert_eq!(unexplained.reason, "REASON_NEEDED");
    let revised = opened(&desk.publish(&approver(), &publish(&next, "填报错误"), &once("")).await.unwrap());
    assert_eq!(revised.kind(), PublicationKind::Revised);
    assert_eq!(revised.published_at_micros, publication.published_at_micros);
    let withdraw = Withdraw {
        form: code,
        period: PERIOD.into(),
        regions: BTreeSet::from([COUNTY.to_owned()]),
        reason: "口径有误".into(),
    };
    let tombstone = opened(&desk.withdraw(&approver(), &withdraw, &once("w")).await.unwrap());
    assert!(matches!(tombstone.body, Some(Body::Withdrawal(_))));
    assert_eq!(desk.withdraw(&approver(), &withdraw, &once("")).await.unwrap_err().reason, "ALREADY_WITHDRAWN");
    assert_eq!(whole_stream(&desk).await.len(), 3);
}

#[tokio::test]
async fn the_register_is_asked_only_when_it_moved() {
    let Bench { dir: _dir, desk, register, .. } = bench().await;
    let code = form(&desk).code.clone();
    let open = async || desk.open_report(&clerk(), &code, COUNTY, PERIOD, "").await.unwrap();
    let first = open().await;
    let again = open().await;
    assert_eq!((first.version(), again.version(), register.asked.load(Ordering::SeqCst)), (1, 1, 1));
    register.counter.store(1, Ordering::SeqCst);
    register.value.store(7, Ordering::SeqCst);
    let moved = open().await;
    assert_eq!((moved.id, moved.version(), register.asked.load(Ordering::SeqCst)), (first.id, 2, 2));
    assert!(moved.cells.iter().any(|cell| cell.computed == Some(7) && cell.value() == Some(7)));
    assert_eq!(desk.save_report(&clerk(), first.id, 1, &[]).await.unwrap_err().reason, "VERSION_STALE");
    let elsewhere = desk.open_report(&clerk(), &code, "530403", PERIOD, "").await.unwrap_err();
    assert_eq!(elsewhere.reason, "ROLE_MISSING");
    for (region, period, reason) in [
        ("530499", PERIOD, "REGION_UNKNOWN"),
        (CITY, PERIOD, "REGION_LEVEL_WRONG"),
        (COUNTY, "2025", "PERIOD_INVALID"),
        (COUNTY, "2025-13", "PERIOD_INVALID"),
        (COUNTY, "2025-12", "PERIOD_NOT_BEGUN"),
    ] {
        let refused = desk.open_report(&clerk(), &code, region, period, "").await.unwrap_err();
        assert_eq!(refused.reason, reason);
    }
}

#[tokio::test]
async fn a_region_that_has_not_begun_is_listed_and_is_late() {
    let Bench { dir: _dir, desk, clock, .. } = bench().await;
    let report = reviewed(&desk).await;
    let listing = Listing {
        form: report.form.clone(),
        period: PERIOD.into(),
        state: ReportState::Unspecified,
        region: String::new(),
        overdue_only: false,
        size: 4,
        cursor: String::new(),
    };
    clock.move_to("2025-12-20T00:00:00Z".parse().unwrap());
    let mut rows = Vec::new();
    let mut page = listing.clone();
    loop {
        let (some, next) = desk.list_reports(&approver(), &page).await.unwrap();
        rows.extend(some);
        if next.is_empty() {
            break;
        }
        page.cursor = next;
    }
    let regions: Vec<&str> = rows.iter().map(|row| row.region.as_str()).collect();
    assert_eq!(regions, desk.reporting_regions(form(&desk)).collect::<Vec<_>>());
    assert_eq!((rows[0].state(), rows[0].overdue), (ReportState::Reviewed, false));
    assert!(rows[1..].iter().all(|row| row.state() == ReportState::NotStarted && row.overdue && row.id.is_empty()));
    let late = Listing { overdue_only: true, size: 500, ..listing.clone() };
    assert_eq!(desk.list_reports(&approver(), &late).await.unwrap().0.len(), rows.len() - 1);
    let lost = Listing { cursor: "nowhere".into(), ..listing };
    assert_eq!(desk.list_reports(&approver(), &lost).await.unwrap_err().reason, "CURSOR_INVALID");
}

#[tokio::test]
async fn excused_is_neither_zero_nor_missing() {
    let Bench { dir: _dir, desk, .. } = bench().await;
    let code = form(&desk).code.clone();
    let excused = desk.exempt_report(&approver(), &code, COUNTY, PERIOD, "区划调整").await.unwrap();
    assert_eq!(excused.state, State::Exempt);
    let second = caller("approver-2", "CITY_BUREAU_APPROVER", CITY);
    let alone = desk.publish(&approver(), &publish(&excused, ""), &once("")).await.unwrap_err();
    assert_eq!(alone.reason, "SAME_PERSON");
    let publication = opened(&desk.publish(&second, &publish(&excused, ""), &once("")).await.unwrap());
    let Some(Body::Figures(figures)) = publication.body else { panic!("figures") };
    assert!(figures.regions[0].exempt && !figures.regions[0].observations.is_empty());
    assert!(figures.regions[0].observations.iter().all(|one| one.value.is_none()));
}
