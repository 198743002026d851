//! The console's doors, asked like a browser asks, without a socket.

mod administration;
mod doors;
mod forms;
mod public_data;
mod registers;
mod sharing;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, header};
use city::bundle::City;
use kit::metrics::Metrics;
use kit::{Clock, Db};
use tower::ServiceExt;
use trust::{KeyRing, SigningKey};

use super::Front;
use crate::accounts::{Account, AccountSettings, Accounts, store};
use crate::arrival::Customs;
use crate::bureaus::Bureaus;
use crate::registers::import::jobs::Imports;
use crate::session::Sessions;
use crate::state::State;

const PASSWORD: &str = "horse and 9 carts";
const START: &str = "2026-11-05T04:00:00Z";

/// A console with three accounts, whose clock stands until it is moved.
struct House {
    front: Front,
    clock: Clock,
    _folder: tempfile::TempDir,
}

/// What came back.
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// `name=value` of the cookie that was set.
    fn cookie(&self) -> String {
        self.header(header::SET_COOKIE).split(';').next().unwrap().to_owned()
    }

    /// The value of the first hidden field of the name.
    fn hidden(&self, name: &str) -> String {
        let (_, rest) =
            self.body.split_once(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("no {name}"));
        let value = rest.split_once('"').unwrap().0;
        value.replace("&#38;", "&").replace("&#34;", "\"").replace("&#60;", "<").replace("&#62;", ">")
    }
}

impl House {
    async fn open(settings: AccountSettings, anonymous_views: bool) -> House {
        let folder = tempfile::tempdir().unwrap();
        let (city, clock) = (City::embedded(), Clock::set_to(START.parse().unwrap()));
        let db = Db::open(folder.path().join("gateway.db").to_str().unwrap()).await.unwrap();
        db.migrate(&crate::store::migrations()).await.unwrap();
        let key = SigningKey::load_or_create(&folder.path().join("signing.key")).unwrap();
        let customs =
            Customs { city: city.clone(), keys: KeyRing::load(folder.path()).unwrap(), accept_synthetic: false };
        let settings = Arc::new(settings);
        let state = State::open(db.clone(), clock.clone(), customs, key.clone(), []).await.unwrap();
        let accounts = Accounts::open(db.clone(), clock.clone(), city.clone(), settings.clone()).await.unwrap();
        let front = Front {
            state,
            bureaus: Bureaus::new(BTreeMap::new(), key, city.code.clone(), clock.clone()),
            sessions: Sessions::new(db, clock.clone(), settings),
            accounts,
            anonymous_views,
            metrics: Metrics::default(),
            imports: Imports::open(folder.path().join("imports")).unwrap(),
        };
        let house = House { front, clock, _folder: folder };
        house.admit("clerk", "530402", &[("childcare", "COUNTY_REPORTER", "530402")]).await;
        house.admit("county-admin", "530402", &[("gateway", "COUNTY_ADMIN", "530402")]).await;
        house.admit("admin", "530400", &[("gateway", "SYS_ADMIN", "530400")]).await;
        house
    }

    async fn usual() -> House {
        House::open(AccountSettings::default(), true).await
    }

    /// An account with the usual password and these grants.
    async fn admit(&self, id: &str, region: &str, held: &[(&str, &str, &str)]) {
        use argon2::password_hash::PasswordHasher;
        let hash: argon2::password_hash::phc::PasswordHash =
            argon2::Argon2::default().hash_password(PASSWORD.as_bytes()).unwrap();
        let account = Account {
            id: id.to_owned(),
            name: format!("{id}某"),
            unit: "红塔区".to_owned(),
            region: region.to_owned(),
            password: hash.to_string(),
            must_change: false,
            failed: 0,
            locked_until: 0,
            disabled: false,
            created_by: String::new(),
            created_at: self.clock.micros(),
            version: 1,
        };
        let mut tx = self.front.state.db().begin().await.unwrap();
        store::insert(&mut tx, &[account]).await.unwrap();
        tx.commit().await.unwrap();
        self.front.bureaus.suppose(id, held, &[]);
    }

    fn router(&self) -> Router {
        super::router(self.front.clone())
    }

    async fn ask(&self, request: Request<Body>) -> Answer {
        let response = self.router().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, 8 << 20).await.unwrap();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    async fn get(&self, path: &str, cookie: &str) -> Answer {
        self.ask(Request::get(path).header(header::COOKIE, cookie).body(Body::empty()).unwrap()).await
    }

    /// Posts as a page of ours would.
    async fn post(&self, path: &str, cookie: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_from("http://console", path, cookie, fields).await
    }

    async fn post_from(&self, origin: &str, path: &str, cookie: &str, fields: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Request::post(path)
            .header(header::HOST, "console")
            .header(header::ORIGIN, origin)
            .header(header::COOKIE, cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.ask(request.body(Body::from(body)).unwrap()).await
    }

    /// Signs in and returns the cookie and the token of the forms.
    async fn sign_in(&self, id: &str) -> (String, String) {
        let answer = self.post("/signin", "", &[("id", id), ("password", PASSWORD)]).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        let cookie = answer.cookie();
        let token = self.get("/password", &cookie).await.hidden("csrf");
        (cookie, token)
    }

    /// Moves the clock to so many minutes after the start.
    fn after(&self, minutes: i64) {
        let start: i64 = Clock::set_to(START.parse().unwrap()).micros();
        let at = jiff::Timestamp::from_microsecond(start + minutes * 60_000_000).unwrap();
        self.clock.move_to(at);
    }
}
