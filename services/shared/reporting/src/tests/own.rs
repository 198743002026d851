//! A city with two small forms of our own, and what the tests of the desk's rooms do with them again and again.

use city::form::{Cadence, Check, Comparison, Due, Form, ReportingLevel, Severity, Term};

use super::*;

/// A city of two forms of our own: `own-monthly`, filled in by counties and by the city, locked 13 days after the
/// month; and `own-annual`, filled in by counties and never locked.
pub(super) fn own_city() -> Arc<City> {
    let mut city = (*City::embedded()).clone();
    let model = city.form("childcare-monthly").unwrap().clone();
    let check = Check {
        id: "V08".into(),
        severity: Severity::Hard,
        title: "在托人数不超过托位".into(),
        left: vec![Term { element: ENROLLED.into(), factor: 1 }],
        op: Comparison::Le,
        right: vec![Term { element: PLACES.into(), factor: 1 }],
    };
    let monthly = Form {
        code: MONTHLY.into(),
        title: "月报".into(),
        reporting_level: ReportingLevel::Both,
        elements: vec![PLACES.into(), ENROLLED.into(), MANAGED.into()],
        due: Due { county_day: 5, city_day: 8, lock_day: Some(13) },
        checks: vec![check],
        change_over_percent: None,
        ..model.clone()
    };
    let annual = Form {
        code: ANNUAL.into(),
        title: "年报".into(),
        cadence: Cadence::Year,
        elements: vec![EXPERTS.into()],
        checks: Vec::new(),
        change_over_percent: None,
        ..model
    };
    city.forms = vec![monthly, annual];
    Arc::new(city)
}

pub(super) const MONTHLY: &str = "own-monthly";
pub(super) const ANNUAL: &str = "own-annual";
/// Computed by the register.
pub(super) const PLACES: &str = "childcare.places";
/// Typed, at the end of the month.
pub(super) const ENROLLED: &str = "childcare.children.enrolled";
/// Typed, from 1 January on.
pub(super) const MANAGED: &str = "health.elderly65.managed";
pub(super) const EXPERTS: &str = "childcare.experts";

/// Somebody of the bureau who fills in.
pub(super) fn bureau() -> Someone {
    caller("bureau", "CITY_BUREAU_REPORTER", CITY)
}

pub(super) fn entry(element: &str, value: &str) -> Entry {
    Entry { element: element.into(), value: value.into(), note: String::new(), not_applicable: false }
}

impl Bench {
    /// Moves the clock to the morning of a day.
    pub(super) fn on(&self, day: &str) {
        self.clock.move_to(format!("{day}T02:00:00Z").parse().unwrap());
    }

    /// What the register computes from now on, for every element and region.
    pub(super) fn computes(&self, value: i64) {
        self.register.value.store(value, Ordering::SeqCst);
        self.register.counter.fetch_add(1, Ordering::SeqCst);
    }

    /// The clerk's draft of `own-monthly`, with what was typed.
    pub(super) async fn draft(&self, period: &str, typed: &[Entry]) -> Report {
        let desk = &self.desk;
        let report = desk.open_report(&clerk(), MONTHLY, COUNTY, period, "").await.unwrap();
        desk.save_report(&clerk(), report.id, report.version(), typed).await.unwrap()
    }

    pub(super) async fn submit(&self, report: &Report) -> Result<Report> {
        let nothing = BTreeMap::new();
        self.desk.submit_report(&clerk(), report.id, report.version(), Submission::Filled, &nothing).await
    }

    /// From a submitted report to its envelope.
    pub(super) async fn publish(&self, report: &Report) -> Publication {
        let report = self.desk.review_report(&reviewer(), report.id, report.version()).await.unwrap();
        opened(&self.desk.publish(&approver(), &publish(&report, ""), &once("")).await.unwrap())
    }

    /// Publishes a month of `own-monthly` in which nothing departs from the register.
    pub(super) async fn month(&self, period: &str, managed: &str) -> Publication {
        let draft = self.draft(period, &[entry(ENROLLED, "0"), entry(MANAGED, managed)]).await;
        let submitted = self.submit(&draft).await.unwrap();
        self.publish(&submitted).await
    }
}

pub(super) fn region_figures(publication: &Publication) -> &proto::reporting::RegionFigures {
    let Some(Body::Figures(figures)) = &publication.body else { panic!("figures") };
    &figures.regions[0]
}
