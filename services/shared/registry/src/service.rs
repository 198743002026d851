//! A bureau's service as a program: what differs between bureaus is in [`Service`], everything else happens here, once.

use std::path::PathBuf;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;

use kit::db::Migrations;
use kit::folder::Folder;
use kit::{Clock, Db, Problem, Result, Shutdown};
use proto::contract::feed_status_service_server::FeedStatusServiceServer;
use reporting::Desk;
use tokio::net::TcpListener;
use tonic::service::Routes;
use trust::matching::ask::Asking;
use trust::persons::Holding;
use trust::{Gate, KeyRing, Settings, SigningKey, Tls};

use crate::bureau::Bureau;
use crate::elements::{ElementQuery, Elements};
use crate::feed::copy::Source;
use crate::feed::status::Copies;
use crate::feed::{self, Feed, Feeds};
use crate::people;

/// What makes a bureau.
#[derive(Clone, Copy)]
pub struct Service {
    /// Its name in identities, ports, folders, and as owner of elements: `elderly-care`.
    pub name: &'static str,
    /// Its own tables.
    pub migrations: fn() -> Migrations,
    /// What its registers compute.
    pub elements: &'static [ElementQuery],
    /// Its SQL texts that stand as they are sent, beside the elements', for the test that prepares them on both engines.
    pub statements: &'static [&'static str],
    /// Where its registers have records of people; none where they know of none.
    pub people: Option<Holding>,
    /// Registers of its own that others may copy.
    pub feeds: &'static [Feed],
    /// Registers of others that are copied here.
    pub copies: &'static [Source],
    /// Loads what the city's bundle says anew, and opens the registers' gRPC services.
    pub open: for<'a> fn(&'a Bureau, &'a Desk) -> Opening<'a>,
}

/// The registers' services on their way; the desk's are added to them.
pub type Opening<'a> = Pin<Box<dyn Future<Output = Result<Routes>> + Send + 'a>>;

impl Service {
    /// Serves until shutdown. The first call is taken when everything is open.
    pub async fn serve(
        self,
        settings: Settings,
        clock: Clock,
        listener: TcpListener,
        shutdown: Shutdown,
    ) -> Result<()> {
        let folder = Folder::take(&settings.data)?;
        let city = Arc::new(settings.load_city()?);
        let db = Db::open(&settings.database_location(self.name)).await?;
        self.migrate(&db).await?;
        let tls = Tls::load(&settings.tls_files())?;
        tls.watch(shutdown.clone());
        let gate = Gate::new(self.name, city.clone(), db.clone(), KeyRing::load(&settings.keys)?, clock.clone())?;
        gate.seed(&settings.users).await?;
        let health = kit::health::open(settings.health, self.name, db.clone(), shutdown.clone()).await?;

        let persons = people::open(self.people.as_ref(), &settings, &db, &clock, &shutdown).await?;
        let feeds = Feeds::open(folder.path(), &db, &clock, self.feeds, shutdown.clone()).await?;
        let asking = Some(Asking::new(&settings, &tls));
        let bureau = Bureau { persons, feeds, asking, ..Bureau::new(city.clone(), db.clone(), clock.clone()) };
        let elements = Arc::new(Elements::new(bureau.clone(), self.elements));
        let key = SigningKey::load_or_create(&settings.signing_key)?;
        let desk = Desk::open(self.name, city, db.clone(), clock, key, elements, folder.path()).await?;
        let desk = desk.until(shutdown.clone());
        let desk = if settings.synthetic { desk.demonstration() } else { desk };

        let routes = (self.open)(&bureau, &desk).await?;
        feed::fill::all(&bureau, self.feeds).await?;
        let copies = Copies::new(&bureau, self.copies, settings.feeds.clone());
        copies.follow(&tls, &shutdown)?;
        tokio::spawn(copies.clone().watch(health.metrics.clone(), shutdown.clone()));
        let routes = routes.add_service(desk.report_service()).add_service(desk.publication_service());
        let mut routes = routes.add_service(FeedStatusServiceServer::new(copies));
        if let (Some(persons), Some(holding)) = (bureau.persons.clone(), self.people) {
            routes = people::serve(routes, persons, holding, &settings);
        }
        let ended = trust::serve(listener, tls, gate, routes, health.metrics, shutdown).await;
        db.close().await;
        ended
    }

    /// The tables of the registers: those that all share and its own.
    pub async fn migrate(&self, db: &Db) -> Result<()> {
        db.migrate(&crate::migrations()).await?;
        db.migrate(&(self.migrations)()).await
    }

    /// Every SQL text of its own that stands as it is sent.
    pub fn sql(&self) -> impl Iterator<Item = &'static str> {
        let people = self.people.iter().flat_map(|holding| {
            let questions = holding.questions.iter().map(|question| question.sql);
            [holding.regions, holding.live_until].into_iter().chain(questions)
        });
        self.statements.iter().copied().chain(self.elements.iter().map(|query| query.sql)).chain(people)
    }

    /// The program: `NAME --config FILE`.
    pub async fn main(self) -> ExitCode {
        kit::program::main(self.name, |config| self.run(config)).await
    }

    /// Reads the configuration file, binds the port and serves; the program's whole life.
    async fn run(self, config: PathBuf) -> Result<()> {
        let settings: Settings = kit::config::load(self.name, &config)?;
        let listener = kit::port::bind(settings.listen, self.name).await?;
        let shutdown = Shutdown::on_signals().map_err(Problem::internal)?;
        self.serve(settings, Clock::system(), listener, shutdown).await
    }
}
