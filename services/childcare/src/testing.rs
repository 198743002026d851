//! A bureau on a fresh SQLite file with a clock that stands, and sheets to import into it.

use city::bundle::City;
use contract::document::{Document, DocumentKind};
use futures::StreamExt;
use jiff::Timestamp;
use kit::{Clock, Db};
use proto::childcare as wire;
use proto::contract::{ImportAcknowledgement, ImportMode, ImportStart};
use registry::imports::stream::{Intake, Step, answers};
use registry::{Author, Bureau};
use tonic::Status;
use trust::persons::{PersonKeys, Persons, access, store};
use trust::{Scope, User};

use crate::classes::import::ClassIntake;
use crate::institutions::import::InstitutionIntake;
use crate::staff::import::StaffIntake;

pub(crate) struct Fixture {
    pub(crate) bureau: Bureau,
    folder: tempfile::TempDir,
}

pub(crate) type Answers = Vec<Result<ImportAcknowledgement, Status>>;

/// A bureau whose clock stands at 10 o'clock of `today`.
pub(crate) async fn bureau(today: &str) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(folder.path().join("childcare.db").to_str().unwrap()).await.unwrap();
    trust::grants::migrate(&db).await.unwrap();
    db.migrate(&registry::migrations()).await.unwrap();
    db.migrate(&crate::migrations()).await.unwrap();
    let clock = Clock::set_to(format!("{today}T02:00:00Z").parse::<Timestamp>().unwrap());
    let keys = PersonKeys::load_or_create(&folder.path().join("persons.keys"), &clock).unwrap();
    let persons = Some(Persons { db: db.clone(), keys, clock: clock.clone() });
    let bureau = Bureau { persons, ..Bureau::new(City::embedded(), db, clock) };
    Fixture { bureau, folder }
}

/// A start for Hongta district.
pub(crate) fn start(id: u128, mode: ImportMode, effective_on: &str, complete: bool) -> ImportStart {
    ImportStart {
        import_id: uuid::Uuid::from_u128(id).to_string(),
        mode: mode as i32,
        region: "530402".into(),
        effective_on: effective_on.into(),
        complete,
        file_name: "sheet.xlsx".into(),
        file_digest: "00ff".into(),
        total_rows: 0,
    }
}

impl Fixture {
    fn author(&self) -> Author {
        Author { by: "李红".into(), clock: self.bureau.clock.clone() }
    }

    async fn run<I: Intake>(&self, intake: I, steps: Vec<Step<I::Row>>) -> Answers {
        let steps = futures::stream::iter(steps.into_iter().map(Ok));
        answers(self.bureau.clone(), Scope::of_the_service(), self.author(), intake, steps).collect().await
    }

    pub(crate) async fn institutions(&self, steps: Vec<Step<wire::InstitutionRow>>) -> Answers {
        self.run(InstitutionIntake { bureau: self.bureau.clone() }, steps).await
    }

    pub(crate) async fn classes(&self, steps: Vec<Step<wire::ClassRow>>) -> Answers {
        self.run(ClassIntake { bureau: self.bureau.clone() }, steps).await
    }

    pub(crate) fn person_keys(&self) -> std::path::PathBuf {
        self.folder.path().join("persons.keys")
    }

    /// What the running service does within seconds.
    pub(crate) fn reload_keys(&self) {
        self.bureau.persons().unwrap().keys.reload().unwrap();
    }

    pub(crate) async fn staff(&self, steps: Vec<Step<wire::StaffRow>>) -> Answers {
        let (bureau, persons) = (self.bureau.clone(), self.bureau.persons().unwrap().clone());
        self.run(StaffIntake { bureau, persons, user: clerk() }, steps).await
    }

    /// Acts on record about whoever has a resident number, newest first.
    pub(crate) async fn looks(&self, number: &str) -> Vec<String> {
        let persons = self.bureau.persons().unwrap();
        let document = Document::parse(DocumentKind::ResidentId, number, self.bureau.clock.today()).unwrap();
        let mut tx = persons.db.begin().await.unwrap();
        let found = store::find(&mut tx, &persons.keys, &[&document]).await.unwrap();
        let looks = access::of_person(&persons.db, found[&document.key()].id, uuid::Uuid::max(), 100).await.unwrap();
        looks.into_iter().map(|look| look.act).collect()
    }

    pub(crate) async fn count(&self, table: &'static str) -> i64 {
        let sql = kit::Sql::built(format!("SELECT CAST(COUNT(*) AS BIGINT) FROM {table}"));
        self.bureau.db.read(sql).one::<(i64,)>().await.unwrap().0
    }
}

/// Who sends the sheets.
pub(crate) fn clerk() -> User {
    User { id: "clerk".into(), name: "李红".into(), unit: String::new() }
}

/// A batch of rows numbered from the second line of a sheet.
pub(crate) fn batch<Row>(number: u64, rows: Vec<Row>) -> Step<Row> {
    Step::Batch { number, rows: (2..).zip(rows).collect() }
}

/// A right institution row; the credit code is made from `n`.
pub(crate) fn institution(n: usize, name: &str) -> wire::InstitutionRow {
    wire::InstitutionRow {
        name: name.into(),
        uscc: uscc(n),
        kind: wire::InstitutionKind::Standalone as i32,
        ownership: wire::Ownership::Private as i32,
        region: "530402001".into(),
        opened_on: "2025-03-01".into(),
        ..Default::default()
    }
}

/// A right class row.
pub(crate) fn class(institution: &str, name: &str, places: i64) -> wire::ClassRow {
    wire::ClassRow {
        institution_name: institution.into(),
        class_name: name.into(),
        class_kind: wire::ClassKind::Big as i32,
        places,
        opened_on: "2025-09-01".into(),
        ..Default::default()
    }
}

/// A credit code with the right check character (GB 32100-2015).
pub(crate) fn uscc(n: usize) -> String {
    const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    let body = format!("52530402MJ{n:07}");
    let mut weight = 1;
    let mut sum = 0;
    for byte in body.bytes() {
        sum += weight * ALPHABET.iter().position(|known| *known == byte).unwrap();
        weight = weight * 3 % 31;
    }
    format!("{body}{}", ALPHABET[(31 - sum % 31) % 31] as char)
}

/// A resident number of nobody: none begins with 530499.
pub(crate) fn resident(n: u32) -> String {
    use contract::document::{Document, DocumentKind};
    let body = format!("530499{}{:02}{:02}{:03}", 1960 + n / 300 % 40, 1 + n / 25 % 12, 1 + n % 25, n % 997);
    let today = jiff::civil::date(2025, 11, 5);
    let right = |text: &String| Document::parse(DocumentKind::ResidentId, text, today).is_ok();
    "0123456789X".chars().map(|check| format!("{body}{check}")).find(right).unwrap()
}

/// A right row of a carer who has a certificate.
pub(crate) fn carer(institution: &str, name: &str, n: u32) -> wire::StaffRow {
    wire::StaffRow {
        institution_name: institution.into(),
        name: name.into(),
        document_kind: proto::contract::DocumentKind::ResidentId as i32,
        document_number: resident(n),
        role: wire::StaffRole::Carer as i32,
        certificate: wire::StaffCertificate::InfantCarer as i32,
        certificate_number: format!("Y{n:06}"),
        hired_on: "2025-09-01".into(),
        ..Default::default()
    }
}
