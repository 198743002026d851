//! A bureau on a fresh SQLite file with a clock that stands, and sheets to import into it.

use city::bundle::City;
use futures::StreamExt;
use jiff::Timestamp;
use jiff::civil::Date;
use kit::{Clock, Db};
use proto::contract::{ImportAcknowledgement, ImportMode, ImportStart};
use proto::elderly_care as wire;
use registry::imports::stream::{Intake, Step, answers};
use registry::{Author, Bureau, Event, Fault};
use tonic::Status;
use trust::Scope;

use crate::beds::import::BedIntake;
use crate::facilities::import::FacilityIntake;
use crate::facilities::{self, State};
use crate::institutions;
use crate::institutions::import::InstitutionIntake;
use crate::institutions::operation::Act;

pub(crate) struct Fixture {
    pub(crate) bureau: Bureau,
    _folder: tempfile::TempDir,
    imports: u128,
}

/// A bureau whose clock stands at 10 o'clock of `today`.
pub(crate) async fn bureau(today: &str) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(folder.path().join("elderly-care.db").to_str().unwrap()).await.unwrap();
    db.migrate(&registry::migrations()).await.unwrap();
    db.migrate(&crate::migrations()).await.unwrap();
    let clock = Clock::set_to(format!("{today}T02:00:00Z").parse::<Timestamp>().unwrap());
    let bureau = Bureau::new(City::embedded(), db, clock);
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

    pub(crate) async fn institutions(
        &mut self,
        sheet: Sheet<'_>,
        rows: Vec<wire::InstitutionRow>,
    ) -> ImportAcknowledgement {
        self.import(InstitutionIntake { bureau: self.bureau.clone() }, sheet, rows).await
    }

    pub(crate) async fn beds(&mut self, sheet: Sheet<'_>, rows: Vec<wire::BedRow>) -> ImportAcknowledgement {
        self.import(BedIntake { bureau: self.bureau.clone() }, sheet, rows).await
    }

    pub(crate) async fn facilities(&mut self, sheet: Sheet<'_>, rows: Vec<wire::FacilityRow>) -> ImportAcknowledgement {
        self.import(FacilityIntake { bureau: self.bureau.clone() }, sheet, rows).await
    }

    /// Does an act on the institution of a name, if the rules allow it.
    pub(crate) async fn act(&self, name: &str, act: Act, on: Date) -> Result<(), Fault> {
        let mut tx = self.bureau.db.begin().await.unwrap();
        let known = institutions::store::by_name(&mut tx, &[name]).await.unwrap().remove(0);
        let change = institutions::operate(&known, act, Event::note(on, "办理"), None)?;
        institutions::store::save(&mut tx, &[change], &self.author()).await.unwrap();
        tx.commit().await.unwrap();
        Ok(())
    }

    /// Idles, resumes or closes the facility of a name, if the rules allow it.
    pub(crate) async fn operate(&self, name: &str, next: State, on: Date) -> Result<(), Fault> {
        let mut tx = self.bureau.db.begin().await.unwrap();
        let known = facilities::store::by_name(&mut tx, &[name]).await.unwrap().remove(0);
        let change = facilities::operate(&known, next, &Event::note(on, "办理"))?;
        facilities::store::save(&mut tx, &[change], &self.author()).await.unwrap();
        tx.commit().await.unwrap();
        Ok(())
    }

    pub(crate) async fn count(&self, table: &'static str) -> i64 {
        let sql = kit::Sql::built(format!("SELECT CAST(COUNT(*) AS BIGINT) FROM {table}"));
        self.bureau.db.read(sql).one::<(i64,)>().await.unwrap().0
    }
}

/// An institution of Hongta that opened in 2021; it has no credit code of its own.
pub(crate) fn institution(name: &str) -> wire::InstitutionRow {
    wire::InstitutionRow {
        name: name.into(),
        parent_org_uscc: "12530402MB0000005W".into(),
        reason_no_uscc: "敬老院未单独登记".into(),
        ownership: wire::Ownership::PublicRural as i32,
        region: "530402001".into(),
        opened_on: "2021-03-01".into(),
        ..Default::default()
    }
}

/// A general bed that has been there since its institution opened.
pub(crate) fn bed(institution: &str, room: &str, number: &str) -> wire::BedRow {
    wire::BedRow {
        institution_name: institution.into(),
        room_no: room.into(),
        bed_no: number.into(),
        r#type: wire::BedType::General as i32,
        nature: wire::BedNature::BottomLine as i32,
        status: wire::BedStatus::Available as i32,
        built_on: "2021-03-01".into(),
        ..Default::default()
    }
}

/// A home care centre in a township of Hongta, without a service area.
pub(crate) fn facility(name: &str) -> wire::FacilityRow {
    wire::FacilityRow {
        name: name.into(),
        r#type: wire::FacilityType::HomeCareCentre as i32,
        region: "530402001".into(),
        operator_type: wire::OperatorType::SocialOrg as i32,
        has_day_care: true,
        state: wire::FacilityState::Operating as i32,
        opened_on: "2022-05-01".into(),
        ..Default::default()
    }
}

/// Row, field and reason of everything that was not taken.
pub(crate) fn faults(answer: &ImportAcknowledgement) -> Vec<(u64, &str, &str)> {
    answer.faults.iter().map(|fault| (fault.row, fault.field.as_str(), fault.reason.as_str())).collect()
}
