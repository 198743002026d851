//! A bureau on a fresh SQLite file with a clock that stands; and the whole service on a real port, with people who call
//! it over mutual TLS.

use std::path::Path;
use std::time::Duration;

use city::bundle::City;
use futures::StreamExt;
use jiff::Timestamp;
use kit::{Clock, Db, Problem, Result, Shutdown};
use proto::contract::{ImportAcknowledgement, ImportMode, ImportStart};
use proto::finance as wire;
use proto::finance::fund_service_client::FundServiceClient;
use proto::finance::progress_service_client::ProgressServiceClient;
use proto::finance::project_service_client::ProjectServiceClient;
use registry::imports::stream::{Intake, Step, answers};
use registry::{Author, Bureau};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tonic::transport::Channel;
use tonic::{Request, Status};
use trust::users::{UserEntry, Users};
use trust::{Scope, Settings, SigningKey, Tls, TlsFiles};

use crate::funds::import::FundIntake;
use crate::projects::import::ProjectIntake;

pub(crate) struct Fixture {
    pub(crate) bureau: Bureau,
    _folder: tempfile::TempDir,
}

pub(crate) type Answers = Vec<Result<ImportAcknowledgement, Status>>;

fn standing(today: &str) -> Clock {
    Clock::set_to(format!("{today}T02:00:00Z").parse::<Timestamp>().unwrap())
}

/// A bureau whose clock stands at 10 o'clock of `today`, with the plan loaded.
pub(crate) async fn bureau(today: &str) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(folder.path().join("finance.db").to_str().unwrap()).await.unwrap();
    db.migrate(&registry::migrations()).await.unwrap();
    db.migrate(&crate::migrations()).await.unwrap();
    let bureau = Bureau::new(City::embedded(), db, standing(today));
    crate::projects::plan::load(&bureau).await.unwrap();
    Fixture { bureau, _folder: folder }
}

/// A start for a region.
pub(crate) fn start(id: u128, mode: ImportMode, region: &str, complete: bool) -> ImportStart {
    ImportStart {
        import_id: uuid::Uuid::from_u128(id).to_string(),
        mode: mode as i32,
        region: region.into(),
        effective_on: "2025-11-05".into(),
        complete,
        file_name: "sheet.xlsx".into(),
        file_digest: "00ff".into(),
        total_rows: 0,
    }
}

/// A batch of rows numbered from the second line of a sheet.
pub(crate) fn batch<Row>(rows: Vec<Row>) -> Step<Row> {
    Step::Batch { number: 1, rows: (2..).zip(rows).collect() }
}

impl Fixture {
    async fn run<I: Intake>(&self, intake: I, steps: Vec<Step<I::Row>>) -> Answers {
        let author = Author { by: "李红".into(), clock: self.bureau.clock.clone() };
        let steps = futures::stream::iter(steps.into_iter().map(Ok));
        answers(self.bureau.clone(), Scope::of_the_service(), author, intake, steps).collect().await
    }

    pub(crate) async fn projects(&self, steps: Vec<Step<wire::ProjectRow>>) -> Answers {
        self.run(ProjectIntake { bureau: self.bureau.clone() }, steps).await
    }

    pub(crate) async fn funds(&self, steps: Vec<Step<wire::FundEntryRow>>) -> Answers {
        self.run(FundIntake { bureau: self.bureau.clone() }, steps).await
    }

    pub(crate) async fn count(&self, table: &'static str) -> i64 {
        let sql = kit::Sql::built(format!("SELECT CAST(COUNT(*) AS BIGINT) FROM {table}"));
        self.bureau.db.read(sql).one::<(i64,)>().await.unwrap().0
    }
}

/// The service on a free port, with a development authority and its people.
pub(crate) struct Served {
    pub(crate) bureau: Bureau,
    folder: tempfile::TempDir,
    channel: Channel,
    shutdown: Shutdown,
    serving: JoinHandle<Result<()>>,
}

impl Served {
    /// Serves from a fresh folder.
    pub(crate) async fn start(today: &str) -> Served {
        let folder = tempfile::tempdir().unwrap();
        trust::dev::prepare(folder.path(), &City::embedded(), &["finance", "gateway"]).unwrap();
        Served::on(folder, standing(today)).await
    }

    async fn on(folder: tempfile::TempDir, clock: Clock) -> Served {
        let data = folder.path();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let listen = listener.local_addr().unwrap();
        let trust = data.join("trust");
        let settings = Settings {
            listen,
            health: None,
            data: data.join("finance"),
            database: None,
            city: None,
            ca: trust.join("ca.pem"),
            cert: trust.join("finance/cert.pem"),
            key: trust.join("finance/key.pem"),
            signing_key: trust.join("finance/signing.key"),
            person_keys: None,
            agreements: None,
            matching: Default::default(),
            keys: data.join("keys"),
            users: data.join("users.toml"),
            synthetic: false,
            feeds: Default::default(),
        };
        let database = settings.database_location("finance");
        let shutdown = Shutdown::new();
        let serving = tokio::spawn(crate::SERVICE.serve(settings, clock.clone(), listener, shutdown.clone()));
        let files = TlsFiles {
            ca: trust.join("ca.pem"),
            cert: trust.join("operator/cert.pem"),
            key: trust.join("operator/key.pem"),
        };
        let tls = Tls::load(&files).unwrap();
        let channel = trust::channel(&format!("https://{listen}"), "finance", &tls).unwrap();
        // The service answers once its tables are there; only then are they opened a second time to look at them.
        let person = Person::who(data, &clock, "CITY_BUREAU_REPORTER", "530400");
        let asked = person.asks(wire::ListProjectsRequest::default());
        ProjectServiceClient::new(channel.clone()).list_projects(asked).await.unwrap();
        let bureau = Bureau::new(City::embedded(), Db::open(&database).await.unwrap(), clock);
        Served { bureau, folder, channel, shutdown, serving }
    }

    /// Stops the service and serves the same folder again.
    pub(crate) async fn restart(self) -> Served {
        self.bureau.db.close().await;
        self.shutdown.stop();
        self.serving.await.unwrap().unwrap();
        Served::on(self.folder, self.bureau.clock).await
    }

    /// The person who holds a role in a region here.
    pub(crate) fn person(&self, role: &str, region: &str) -> Person {
        Person::who(self.folder.path(), &self.bureau.clock, role, region)
    }

    pub(crate) fn projects(&self) -> ProjectServiceClient<Channel> {
        ProjectServiceClient::new(self.channel.clone())
    }

    pub(crate) fn funds(&self) -> FundServiceClient<Channel> {
        FundServiceClient::new(self.channel.clone())
    }

    pub(crate) fn progress(&self) -> ProgressServiceClient<Channel> {
        ProgressServiceClient::new(self.channel.clone())
    }
}

/// Somebody with an assertion.
pub(crate) struct Person {
    assertion: String,
}

impl Person {
    fn who(data: &Path, clock: &Clock, role: &str, region: &str) -> Person {
        let holds = |user: &UserEntry| {
            user.grant.iter().any(|grant| grant.service == "finance" && grant.role == role && grant.region == region)
        };
        let users = Users::load(&data.join("users.toml")).unwrap().user;
        let user = users.into_iter().find(holds).unwrap_or_else(|| panic!("no {role} in {region}"));
        let issuer = SigningKey::load_or_create(&data.join("trust/issuer/signing.key")).unwrap();
        let (now, lifetime) = (clock.micros(), Duration::from_secs(600));
        let city = City::embedded().code.clone();
        let assertion = trust::issue_assertion(&issuer, &user.id, &user.name, &user.unit, &city, now, lifetime);
        Person { assertion }
    }

    /// A request in the person's name.
    pub(crate) fn asks<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.metadata_mut().insert(trust::ASSERTION_HEADER, self.assertion.parse().unwrap());
        request
    }
}

/// The reason of a refusal.
pub(crate) fn reason<T: std::fmt::Debug>(answer: Result<T, Status>) -> String {
    Problem::reason_of(&answer.unwrap_err())
}
