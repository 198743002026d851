//! The elements after hundreds of generated acts, done over the wire, against a recount in plain Rust that knows
//! nothing of the SQL; and the same figures after a restart.

use std::collections::BTreeMap;

use kit::Problem;
use proto::finance as wire;
use reporting::Register;
use tonic::Status;

use registry::elements::Elements;

use crate::elements::ELEMENTS;
use crate::testing::{Person, Served};

const WAN: i64 = 1_000_000;
const ACTS: usize = 600;
const PROJECTS: usize = 12;
const MONTHS: [(i64, i64); 6] = [(2023, 1), (2023, 6), (2024, 2), (2024, 12), (2025, 6), (2025, 10)];

/// The reasons with which a generated act may be refused; any other is a fault of the service.
const EXPECTED: [&str; 17] = [
    "STAGE_RESTS_ON",
    "STAGE_DATE_ORDER",
    "STAGE_RESERVE_STAYS",
    "NOTHING_CHANGED",
    "PROJECT_CANCELLED",
    "PROJECT_COMPLETED",
    "DATES_REVERSED",
    "MONEY_RECEIVED_ABOVE_RELEASED",
    "MONEY_PAID_ABOVE_RECEIVED",
    "CENTRAL_ABOVE_TOTAL",
    "REVERSAL_ABOVE_REMAINING",
    "ENTRY_IS_REVERSAL",
    "PROGRESS_CONFIRMED",
    "PROGRESS_FALLS",
    "MONTH_DIFFERS",
    "MONTH_ABOVE_CUMULATED",
    "PROGRESS_STATE",
];

/// The same numbers at every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % bound
    }

    /// A day from 2023-02-01 to 2025-10-28; mostly later ones for later acts, so that orders fit often.
    fn day(&mut self, act: usize) -> String {
        let month = 1 + (act * 33 / ACTS + self.below(4)).min(32);
        format!("{}-{:02}-{:02}", 2023 + month / 12, month % 12 + 1, 1 + self.below(28))
    }
}

#[derive(Default)]
struct Told {
    county: String,
    version: u64,
    /// Stage → day.
    stages: BTreeMap<i32, String>,
    cancelled: Option<String>,
    /// Month → (id, version, cumulated, confirmed).
    reports: BTreeMap<String, (String, u64, i64, bool)>,
}

/// (project, central budget investment?, step, fen, day, id).
type Booked = (usize, bool, i32, i64, String, String);

fn accepted<T>(answer: Result<tonic::Response<T>, Status>) -> Option<T> {
    match answer {
        Ok(answer) => Some(answer.into_inner()),
        Err(status) => {
            let reason = Problem::reason_of(&status);
            assert!(EXPECTED.contains(&reason.as_str()), "{reason}: {}", status.message());
            None
        }
    }
}

/// What every element must be in a county at the end of a day.
fn recount(projects: &[Told], booked: &[Booked], county: &str, day: &str) -> Vec<i64> {
    let here = || projects.iter().filter(|project| project.county == county);
    let kept = |project: &&Told| project.cancelled.as_deref().is_none_or(|on| on > day);
    let reached = |project: &&Told, stages: std::ops::RangeInclusive<i32>| {
        project.stages.iter().any(|(stage, on)| stages.contains(stage) && on.as_str() <= day)
    };
    let invested = |project: &Told| {
        let confirmed = project.reports.iter().filter(|(month, report)| report.3 && month.as_str() <= &day[..7]);
        confirmed.map(|(_, report)| report.2).next_back().unwrap_or(0)
    };
    let central = |step: i32| -> i64 {
        let counts =
            |one: &&Booked| projects[one.0].county == county && one.1 && one.2 == step && one.4.as_str() <= day;
        booked.iter().filter(counts).map(|one| one.3).sum()
    };
    vec![
        here().filter(|project| reached(project, 1..=1)).filter(kept).count() as i64,
        here().filter(|project| reached(project, 5..=10)).filter(kept).count() as i64,
        here().filter(|project| reached(project, 7..=10)).filter(kept).count() as i64,
        here().map(invested).sum(),
        central(1),
        central(2),
        central(3),
        central(4),
    ]
}

async fn computed(served: &Served, county: &str, period: &str) -> Vec<i64> {
    let registers = Elements::new(served.bureau.clone(), &ELEMENTS);
    let figures = registers.compute(period.parse().unwrap(), &[county.to_owned()]).await.unwrap();
    let elements: Vec<&str> = figures.iter().map(|figure| figure.element.as_str()).collect();
    assert_eq!(elements, ELEMENTS.map(|query| query.element));
    figures.into_iter().map(|figure| figure.value).collect()
}

struct Office {
    served: Served,
    reporter: Person,
    approver: Person,
    ids: Vec<String>,
    projects: Vec<Told>,
    booked: Vec<Booked>,
}

impl Office {
    async fn open() -> Office {
        let served = Served::start("2025-11-05").await;
        let reporter = served.person("CITY_BUREAU_REPORTER", "530400");
        let approver = served.person("CITY_BUREAU_APPROVER", "530400");
        let page = Some(proto::common::Page { size: 500, cursor: String::new() });
        let asked = wire::ListProjectsRequest { page, ..Default::default() };
        let listed = served.projects().list_projects(reporter.asks(asked)).await.unwrap().into_inner().projects;
        assert_eq!(listed.len(), 50);
        let told = |project: &wire::Project| Told {
            county: project.county.clone(),
            version: project.version,
            stages: BTreeMap::from([(1, project.stage_on.clone())]),
            ..Told::default()
        };
        let booked = |(at, project): (usize, &wire::Project)| {
            (at, true, 1, project.central_planned_fen, "2023-01-08".to_owned(), String::new())
        };
        Office {
            ids: listed.iter().map(|project| project.id.clone()).collect(),
            projects: listed.iter().map(told).collect(),
            booked: listed.iter().enumerate().map(booked).collect(),
            served,
            reporter,
            approver,
        }
    }

    async fn record(&mut self, at: usize, central: bool, step: i32, fen: i64, day: String) {
        let source = if central { wire::FundSource::CentralBudgetInvest } else { wire::FundSource::County };
        let asked = wire::RecordFundEntryRequest {
            project_id: self.ids[at].clone(),
            source: source as i32,
            step,
            amount_fen: fen,
            on: day.clone(),
            document_number: "文".into(),
            ..Default::default()
        };
        if let Some(entry) = accepted(self.served.funds().record_fund_entry(self.reporter.asks(asked)).await) {
            self.booked.push((at, central, step, fen, day, entry.id));
        }
    }

    async fn reverse(&mut self, which: usize, day: String) {
        let (at, central, step, fen, _, id) = self.booked[which].clone();
        if id.is_empty() {
            return;
        }
        let asked = wire::ReverseFundEntryRequest {
            id,
            on: day.clone(),
            amount_fen: if fen % 2 == 0 { fen / 2 } else { 0 },
            reason: "有误".into(),
            ..Default::default()
        };
        if let Some(entry) = accepted(self.served.funds().reverse_fund_entry(self.approver.asks(asked)).await) {
            assert!(entry.amount_fen < 0);
            self.booked.push((at, central, step, entry.amount_fen, day, entry.id));
        }
    }

    async fn advance(&mut self, at: usize, stage: i32, day: String) {
        let asked = wire::AdvanceProjectRequest {
            id: self.ids[at].clone(),
            version: self.projects[at].version,
            stage,
            on: day.clone(),
            document_number: "文".into(),
            reason: String::new(),
        };
        if let Some(project) = accepted(self.served.projects().advance_project(self.reporter.asks(asked)).await) {
            self.projects[at].version = project.version;
            self.projects[at].stages.insert(stage, day);
        }
    }

    async fn withdraw(&mut self, at: usize) {
        let asked = wire::WithdrawStageRequest {
            id: self.ids[at].clone(),
            version: self.projects[at].version,
            reason: "误登".into(),
        };
        if let Some(project) = accepted(self.served.projects().withdraw_stage(self.approver.asks(asked)).await) {
            self.projects[at].version = project.version;
            self.projects[at].stages.pop_last();
        }
    }

    async fn cancel(&mut self, at: usize, day: String) {
        let asked = wire::StandingRequest {
            id: self.ids[at].clone(),
            version: self.projects[at].version,
            on: day.clone(),
            document_number: String::new(),
            reason: "撤项".into(),
        };
        if let Some(project) = accepted(self.served.projects().cancel_project(self.approver.asks(asked)).await) {
            self.projects[at].version = project.version;
            self.projects[at].cancelled = Some(day);
        }
    }

    async fn report(&mut self, at: usize, month: String, month_fen: i64, cumulated_fen: i64, confirm: bool) {
        let county = self.projects[at].county.clone();
        let clerk = self.served.person("COUNTY_REPORTER", &county);
        let asked = wire::SubmitProgressRequest {
            project_id: self.ids[at].clone(),
            period: month.clone(),
            picture: "施工".into(),
            month_fen,
            cumulated_fen,
            obstacle: wire::Obstacle::None as i32,
            explanation: "说明".into(),
            ..Default::default()
        };
        let Some(report) = accepted(self.served.progress().submit_progress(clerk.asks(asked)).await) else { return };
        self.projects[at].reports.insert(month.clone(), (report.id.clone(), report.version, cumulated_fen, false));
        if !confirm {
            return;
        }
        let reviewer = self.served.person("COUNTY_REVIEWER", &county);
        let asked = wire::ConfirmProgressRequest { id: report.id.clone(), version: report.version };
        let confirmed = self.served.progress().confirm_progress(reviewer.asks(asked)).await;
        if let Some(report) = accepted(confirmed) {
            self.projects[at].reports.insert(month, (report.id, report.version, cumulated_fen, true));
        }
    }

    async fn send_back(&mut self, at: usize, month: &str) {
        let Some((id, version, ..)) = self.projects[at].reports.get(month).cloned() else { return };
        let reviewer = self.served.person("COUNTY_REVIEWER", &self.projects[at].county);
        let asked = wire::SendBackProgressRequest { id, version, reason: "核实".into() };
        let answer = accepted(self.served.progress().send_back_progress(reviewer.asks(asked)).await);
        if let (Some(report), Some(told)) = (answer, self.projects[at].reports.get_mut(month)) {
            (told.1, told.3) = (report.version, false);
        }
    }

    async fn act(&mut self, numbers: &mut Numbers, n: usize) {
        let (at, day) = (numbers.below(PROJECTS), numbers.day(n));
        match numbers.below(20) {
            0..=7 => {
                // Steps are mostly in their order, so that chains grow.
                let step = (1 + n * 4 / ACTS + numbers.below(2)).min(4) as i32;
                let fen = (1 + numbers.below(30)) as i64 * WAN + numbers.below(1000) as i64;
                self.record(at, numbers.below(4) > 0, step, fen, day).await;
            }
            8 => {
                let which = numbers.below(self.booked.len());
                self.reverse(which, day).await;
            }
            9..=13 => {
                let next = self.projects[at].stages.keys().next_back().copied().unwrap_or(1) as usize;
                let stage = (next + numbers.below(3)).clamp(1, 10) as i32;
                self.advance(at, stage, day).await;
            }
            14 if numbers.below(3) == 0 => self.withdraw(at).await,
            15 if numbers.below(3) == 0 => self.cancel(at, day).await,
            16 => self.send_back(at, &day[..7]).await,
            _ => {
                let last = self.projects[at].reports.values().map(|report| report.2).max().unwrap_or(0);
                let month_fen = numbers.below(20) as i64 * WAN;
                let confirm = numbers.below(5) > 0;
                self.report(at, day[..7].to_owned(), month_fen, last + month_fen, confirm).await;
            }
        }
    }
}

#[tokio::test]
async fn figures_are_what_the_accepted_acts_add_up_to() {
    let mut office = Office::open().await;
    let mut numbers = Numbers(20_230_108);
    for n in 0..ACTS {
        office.act(&mut numbers, n).await;
    }
    let counties: Vec<String> =
        office.served.bureau.city.regions.counties().into_iter().map(|county| county.code.clone()).collect();
    let mut largest = vec![0; ELEMENTS.len()];
    let mut figures = Vec::new();
    for (year, month) in MONTHS {
        for county in &counties {
            let period = format!("{year}-{month:02}");
            let expected = recount(&office.projects, &office.booked, county, &format!("{period}-31"));
            let found = computed(&office.served, county, &period).await;
            assert_eq!(found, expected, "{county} {period}");
            for (largest, value) in largest.iter_mut().zip(&found) {
                *largest = value.max(largest).to_owned();
            }
            figures.push((county.clone(), period, found));
        }
    }
    assert!(largest.iter().all(|value| *value > 0), "every element was exercised: {largest:?}");
    assert!(office.booked.iter().any(|one| one.3 < 0), "reversals were exercised");
    // Begun in one month's figure, given up in a later one.
    let given_up = office.projects.iter().any(|project| {
        let end = |(year, month): &(i64, i64)| format!("{year}-{month:02}-31");
        let (Some(begun), Some(until)) = (project.stages.get(&5), &project.cancelled) else { return false };
        MONTHS.iter().map(end).any(|day| *begun <= day && day < *until && day.as_str() < "2025-10-31")
    });
    assert!(given_up, "cancellations were exercised");

    let served = office.served.restart().await;
    for (county, period, found) in figures {
        assert_eq!(computed(&served, &county, &period).await, found, "after a restart: {county} {period}");
    }
    let numbers = served.bureau.db.read("SELECT CAST(COUNT(*) AS BIGINT) FROM project");
    assert_eq!(numbers.one::<(i64,)>().await.unwrap().0, 50);
}
