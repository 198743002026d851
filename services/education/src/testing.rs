//! A bureau on a fresh SQLite file with a clock that stands, and sheets to import into it.

use city::bundle::City;
use futures::StreamExt;
use jiff::Timestamp;
use jiff::civil::Date;
use kit::{Clock, Db};
use proto::contract::{ImportAcknowledgement, ImportMode, ImportStart};
use proto::education as wire;
use registry::imports::stream::{Intake, Step, answers};
use registry::{Author, Bureau, Fault};
use tonic::Status;
use trust::persons::{PersonKeys, Persons};
use trust::{Scope, User};

use crate::classes::import::ClassIntake;
use crate::courses::import::CourseIntake;
use crate::schools::import::SchoolIntake;
use crate::schools::{self, Act};
use crate::teachers::import::TeacherIntake;

pub(crate) struct Fixture {
    pub(crate) bureau: Bureau,
    _folder: tempfile::TempDir,
    imports: u128,
}

/// A bureau whose clock stands at 10 o'clock of `today`.
pub(crate) async fn bureau(today: &str) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(folder.path().join("education.db").to_str().unwrap()).await.unwrap();
    trust::grants::migrate(&db).await.unwrap();
    db.migrate(&registry::migrations()).await.unwrap();
    db.migrate(&crate::migrations()).await.unwrap();
    let clock = Clock::set_to(format!("{today}T02:00:00Z").parse::<Timestamp>().unwrap());
    let keys = PersonKeys::load_or_create(&folder.path().join("persons.keys"), &clock).unwrap();
    let persons = Some(Persons { db: db.clone(), keys, clock: clock.clone() });
    let bureau = Bureau { persons, ..Bureau::new(City::embedded(), db, clock) };
    Fixture { bureau, _folder: folder, imports: 0 }
}

/// Where a sheet is for and from which day it holds.
#[derive(Clone, Copy)]
pub(crate) struct Sheet<'s> {
    pub(crate) region: &'s str,
    pub(crate) effective_on: &'s str,
    pub(crate) mode: ImportMode,
}

/// A sheet of Hongta district that is committed and holds from 2025-11-05.
pub(crate) const HONGTA: Sheet<'static> =
    Sheet { region: "530402", effective_on: "2025-11-05", mode: ImportMode::Commit };

impl Fixture {
    pub(crate) fn author(&self) -> Author {
        Author { by: "李红".into(), clock: self.bureau.clock.clone() }
    }

    async fn import<I: Intake>(&mut self, intake: I, sheet: Sheet<'_>, rows: Vec<I::Row>) -> ImportAcknowledgement {
        self.imports += 1;
        let start = ImportStart {
            import_id: uuid::Uuid::from_u128(self.imports).to_string(),
            mode: sheet.mode as i32,
            region: sheet.region.into(),
            effective_on: sheet.effective_on.into(),
            complete: false,
            file_name: "sheet.xlsx".into(),
            file_digest: "00ff".into(),
            total_rows: 0,
        };
        let steps = [Step::Start(start), Step::Batch { number: 1, rows: (2..).zip(rows).collect() }, Step::Finish];
        let steps = futures::stream::iter(steps.into_iter().map(Ok));
        let answers: Vec<Result<ImportAcknowledgement, Status>> =
            answers(self.bureau.clone(), Scope::of_the_service(), self.author(), intake, steps).collect().await;
        answers.into_iter().nth(1).unwrap().unwrap()
    }

    pub(crate) async fn schools(&mut self, sheet: Sheet<'_>, rows: Vec<wire::SchoolRow>) -> ImportAcknowledgement {
        self.import(SchoolIntake { bureau: self.bureau.clone() }, sheet, rows).await
    }

    pub(crate) async fn courses(&mut self, sheet: Sheet<'_>, rows: Vec<wire::CourseRow>) -> ImportAcknowledgement {
        self.import(CourseIntake { bureau: self.bureau.clone() }, sheet, rows).await
    }

    pub(crate) async fn teachers(&mut self, sheet: Sheet<'_>, rows: Vec<wire::TeacherRow>) -> ImportAcknowledgement {
        let (bureau, persons) = (self.bureau.clone(), self.bureau.persons().unwrap().clone());
        let user = User { id: "clerk".into(), name: "李红".into(), unit: String::new() };
        self.import(TeacherIntake { bureau, persons, user }, sheet, rows).await
    }

    pub(crate) async fn classes(&mut self, sheet: Sheet<'_>, rows: Vec<wire::ClassRow>) -> ImportAcknowledgement {
        self.import(ClassIntake { bureau: self.bureau.clone() }, sheet, rows).await
    }

    /// Does an act on the school of a name, if the rules allow it.
    pub(crate) async fn act(&self, name: &str, act: Act, on: Date) -> Result<(), Fault> {
        let mut tx = self.bureau.db.begin().await.unwrap();
        let known = schools::store::by_name(&mut tx, &[name]).await.unwrap().remove(0);
        let change = schools::act(&known, act, on, "", "")?;
        schools::store::save(&mut tx, &[change], &self.author()).await.unwrap();
        tx.commit().await.unwrap();
        Ok(())
    }

    pub(crate) async fn count(&self, table: &'static str) -> i64 {
        let sql = kit::Sql::built(format!("SELECT CAST(COUNT(*) AS BIGINT) FROM {table}"));
        self.bureau.db.read(sql).one::<(i64,)>().await.unwrap().0
    }
}

/// A branch in a township of Hongta that meets the whole checklist.
pub(crate) fn school(name: &str) -> wire::SchoolRow {
    wire::SchoolRow {
        name: name.into(),
        tier: wire::Tier::Township as i32,
        region: "530402001".into(),
        opened_on: "2024-03-01".into(),
        has_sign: true,
        has_place: true,
        has_teacher: true,
        has_course: true,
        activities: 4,
        ..Default::default()
    }
}

/// Row, field and reason of everything that was not taken.
pub(crate) fn faults(answer: &ImportAcknowledgement) -> Vec<(u64, &str, &str)> {
    answer.faults.iter().map(|fault| (fault.row, fault.field.as_str(), fault.reason.as_str())).collect()
}
