//! A bureau with the plan's tasks on a fresh SQLite file and a clock that stands, and people who act in it.

use city::bundle::City;
use kit::{Clock, Db};
use proto::supervision as wire;
use registry::{Author, Bureau};
use trust::Scope;

use crate::actor::Actor;
use crate::tasks::service::Ledger;
use crate::work::service::Works;

pub(crate) struct Fixture {
    pub(crate) bureau: Bureau,
    _folder: tempfile::TempDir,
}

/// A bureau whose clock stands at 10 o'clock of `today`.
pub(crate) async fn bureau(today: &str) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(folder.path().join("supervision.db").to_str().unwrap()).await.unwrap();
    db.migrate(&registry::migrations()).await.unwrap();
    db.migrate(&crate::migrations()).await.unwrap();
    let clock = Clock::set_to(format!("{today}T02:00:00Z").parse().unwrap());
    let bureau = Bureau::new(City::embedded(), db, clock);
    crate::tasks::load::plan(&bureau).await.unwrap();
    Fixture { bureau, _folder: folder }
}

impl Fixture {
    pub(crate) fn ledger(&self) -> Ledger {
        Ledger { bureau: self.bureau.clone() }
    }

    pub(crate) fn works(&self) -> Works {
        Works { bureau: self.bureau.clone() }
    }

    /// A person of a unit; of the coordination office when the unit is ZB.
    pub(crate) fn person(&self, user: &str, unit: &str) -> Actor {
        Actor {
            user: user.into(),
            author: Author { by: format!("{user}（{unit}）"), clock: self.bureau.clock.clone() },
            scope: Scope::of_the_service(),
            unit: crate::tasks::unit_of(&self.bureau.city, unit).ok(),
            is_taskforce: unit == "ZB",
        }
    }

    /// The task of a number as the ledger shows it now.
    pub(crate) async fn task(&self, number: u32) -> wire::LedgerTask {
        let all = wire::ListLedgerTasksRequest {
            page: Some(proto::common::Page { size: 100, cursor: String::new() }),
            ..Default::default()
        };
        let tasks = self.ledger().list(all).await.unwrap().tasks;
        tasks.into_iter().find(|task| task.number == number).unwrap()
    }
}

/// A file that proves something.
pub(crate) fn file(name: &str, content: &[u8]) -> wire::EvidenceFile {
    wire::EvidenceFile {
        title: format!("关于{name}"),
        document_number: "玉政办发〔2025〕1号".into(),
        dated_on: "2025-06-01".into(),
        file_name: name.into(),
        content: content.to_vec(),
    }
}

/// A right row of work in Hongta district.
pub(crate) fn work(kind: &str, title: &str, region: &str, quantity: i64, dated_on: &str) -> wire::WorkRow {
    wire::WorkRow {
        r#type: kind.into(),
        title: title.into(),
        unit: "市民政局".into(),
        region: region.into(),
        quantity,
        dated_on: dated_on.into(),
        ..Default::default()
    }
}
