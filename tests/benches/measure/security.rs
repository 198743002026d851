//! What protecting people and watching over bureaus costs beside its limits.

mod lookup;
mod replay;
mod storing;
mod tokens;

use std::path::Path;
use std::time::Duration;

use contract::document::{Document, DocumentKind};
use jiff::civil::Date;
use kit::Db;
use suite_tests::suite::{Running, channel, tls};
use tonic::service::Routes;
use tonic::transport::{Channel, Server};
use trust::persons::{Identity, PersonKeys, store};
use uuid::Uuid;

use super::Line;

/// People of one bureau, and events of one feed, at most.
const MANY: usize = 100_000;
/// People of one transaction, as in imports.
const PER_COMMIT: usize = 2_000;

/// `people`: whose records are looked up; the other lines take as many at most.
pub(crate) async fn measure(people: usize) -> Vec<Line> {
    // The one that looks at memory goes first.
    let replay = replay::measure(people.min(MANY)).await;
    let mut lines = storing::measure(people.min(storing::PEOPLE)).await;
    lines.push(tokens::measure(people.min(MANY)).await);
    lines.push(replay);
    lines.extend(lookup::measure(people).await);
    lines
}

/// The number of the n-th person who does not exist: no county has the code 530499.
fn number(n: usize) -> String {
    let (day, serial) = (n / 1000, n % 1000);
    let body = format!("530499{}{:02}{:02}{serial:03}", 1950 + day / 336, 1 + day / 28 % 12, 1 + day % 28);
    let sum: usize = body.bytes().zip((1..=17).rev()).map(|(digit, power)| usize::from(digit - b'0') << power).sum();
    format!("{body}{}", char::from(b"10X98765432"[sum % 11]))
}

fn document(n: usize, today: Date) -> Document {
    Document::parse(DocumentKind::ResidentId, &number(n), today).expect("a number")
}

fn identity(n: usize, document: Document) -> Identity {
    Identity { name: format!("虚构{n}"), documents: vec![document], phone: format!("138{n:08}") }
}

/// The id of the n-th person. Four hundred thousand were entered within a minute, as an import enters them.
fn id(n: usize) -> Uuid {
    let millis = 1_780_000_000_000 + n as u128 * 3 / 20;
    Uuid::from_u128(millis << 80 | 7 << 76 | 2 << 62 | n as u128)
}

/// Opens a service's database and keys beside it.
async fn beside(running: &Running, service: &str) -> (Db, PersonKeys) {
    let file = running.data().join("trust").join(service).join("persons.keys");
    (running.database(service).await, keys(&file, running))
}

fn keys(file: &Path, running: &Running) -> PersonKeys {
    PersonKeys::load_or_create(file, &running.clock).expect("keys")
}

/// Stores the first so many people.
async fn seed(db: &Db, keys: &PersonKeys, people: usize, today: Date) {
    let all: Vec<usize> = (0..people).collect();
    for batch in all.chunks(PER_COMMIT) {
        let made: Vec<(Uuid, Identity)> = batch.iter().map(|n| (id(*n), identity(*n, document(*n, today)))).collect();
        let made: Vec<(Uuid, &Identity)> = made.iter().map(|(id, identity)| (*id, identity)).collect();
        let mut tx = db.begin().await.expect("a transaction");
        store::save(&mut tx, keys, &made).await.expect("saved");
        tx.commit().await.expect("committed");
    }
}

/// A bare service behind a bureau's own certificate, and a consumer's channel to it.
async fn bare(running: &Running, consumer: &str, bureau: &str, routes: Routes) -> Channel {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let incoming = trust::listen::connections(
        listener,
        tls(running.data(), bureau),
        Duration::from_secs(3600),
        kit::Shutdown::new(),
    );
    tokio::spawn(Server::builder().tcp_nodelay(true).add_routes(routes).serve_with_incoming(incoming));
    channel(running.data(), consumer, bureau, &format!("https://{address}"))
}

/// How many a second.
fn rate(many: usize, time: Duration) -> u128 {
    many as u128 * 1_000_000_000 / time.as_nanos().max(1)
}

/// The one in the middle.
fn median(times: impl Iterator<Item = Duration>) -> Duration {
    super::quantile(&mut times.collect::<Vec<_>>(), 50)
}
