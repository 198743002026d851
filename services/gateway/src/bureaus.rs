//! Calling the bureaus for a person: a channel to each, the person's assertion on every call, and what the person may
//! do where. The gateway is one of them: it keeps grants like everybody else, and is asked for them like everybody.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kit::{Clock, Kind, Problem, Result};
use proto::trust::GetGrantsRequest;
use proto::trust::grant_service_client::GrantServiceClient;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tonic::metadata::AsciiMetadataValue;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;
use trust::SigningKey;

use crate::session::SignedIn;

/// An assertion serves one call and those it leads to; a page never waits longer than this for a bureau.
const ASSERTION_LIFE: Duration = Duration::from_secs(5 * 60);
/// How long what a person may do is remembered: a role that ended is gone from the menus after this. The bureau itself
/// judges every call anew.
const REMEMBERED: Duration = Duration::from_secs(30);
/// The same, while a bureau did not answer.
const REMEMBERED_IN_PART: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(2);

/// A role of a person in a region at one bureau.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub bureau: String,
    pub role: String,
    /// The region, and everything below it.
    pub region: String,
}

/// What a person may do, as the bureaus said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants {
    pub held: Vec<Held>,
    /// Bureaus that did not answer: what the person may do there is not known now.
    pub unknown: Vec<String>,
}

/// Channels to every bureau, and the issuer's key. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Bureaus(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    channels: BTreeMap<String, Channel>,
    issuer: SigningKey,
    city: String,
    clock: Clock,
    remembered: Mutex<BTreeMap<String, (Instant, Arc<Grants>)>>,
}

impl Bureaus {
    /// `city`: its code, which every assertion names.
    pub fn new(channels: BTreeMap<String, Channel>, issuer: SigningKey, city: String, clock: Clock) -> Self {
        Bureaus(Arc::new(Inner { channels, issuer, city, clock, remembered: Mutex::default() }))
    }

    /// Every bureau that can be called, the gateway among them, in the order of lists.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let mut names: Vec<&str> = self.0.channels.keys().map(String::as_str).collect();
        names.sort_by_key(|name| contract::bureau::rank(name));
        names.into_iter()
    }

    pub fn channel(&self, bureau: &str) -> Option<Channel> {
        self.0.channels.get(bureau).cloned()
    }

    /// The channel, or BUREAU_UNKNOWN.
    pub fn require(&self, bureau: &str) -> Result<Channel> {
        self.channel(bureau)
            .ok_or_else(|| Problem::field("bureau", "BUREAU_UNKNOWN", format!("没有接入名为“{bureau}”的部门")))
    }

    /// A request in the person's name: the bureau called learns who it is from the issuer's signature, and decides by
    /// its own grants.
    pub fn request<T>(&self, person: &SignedIn, message: T) -> Request<T> {
        let Inner { issuer, city, clock, .. } = &*self.0;
        let assertion = trust::issue_assertion(
            issuer,
            &person.id,
            &person.name,
            &person.unit,
            city,
            clock.micros(),
            ASSERTION_LIFE,
        );
        let mut request = Request::new(message);
        if let Ok(value) = AsciiMetadataValue::try_from(assertion) {
            request.metadata_mut().insert(trust::ASSERTION_HEADER, value);
        }
        kit::trace::carry(request.metadata_mut());
        request
    }

    /// What a person may do at every bureau; asked of all of them at once, and remembered for half a minute.
    pub async fn grants(&self, user: &str) -> Arc<Grants> {
        if let Some(known) = self.remembered(user) {
            return known;
        }
        let mut asking = JoinSet::new();
        for (bureau, channel) in &self.0.channels {
            let (bureau, channel) = (bureau.clone(), channel.clone());
            let mut request = Request::new(GetGrantsRequest { user: user.to_owned() });
            kit::trace::carry(request.metadata_mut());
            asking.spawn(async move { (bureau, tokio::time::timeout(PATIENCE, ask(channel, request)).await) });
        }
        let mut grants = Grants::default();
        for (bureau, answer) in asking.join_all().await {
            match answer {
                Ok(Ok(held)) => grants.held.extend(held.into_iter().map(|(role, region)| Held {
                    bureau: bureau.clone(),
                    role,
                    region,
                })),
                refused => {
                    tracing::warn!(%bureau, ?refused, "grants not known");
                    grants.unknown.push(bureau);
                }
            }
        }
        grants.held.sort_by(|one, next| (&one.bureau, &one.role).cmp(&(&next.bureau, &next.role)));
        grants.unknown.sort();
        let grants = Arc::new(grants);
        if let Ok(mut remembered) = self.0.remembered.lock() {
            remembered.retain(|_, (until, _)| *until > Instant::now());
            let lasting = if grants.unknown.is_empty() { REMEMBERED } else { REMEMBERED_IN_PART };
            remembered.insert(user.to_owned(), (Instant::now() + lasting, grants.clone()));
        }
        grants
    }

    /// Asks again at the next page: the person's grants have just been changed.
    pub fn forget(&self, user: &str) {
        if let Ok(mut remembered) = self.0.remembered.lock() {
            remembered.remove(user);
        }
    }

    /// What a bureau would have said, for tests without bureaus.
    #[cfg(test)]
    pub(crate) fn suppose(&self, user: &str, held: &[(&str, &str, &str)], unknown: &[&str]) {
        let held = held.iter().map(|(bureau, role, region)| Held {
            bureau: (*bureau).to_owned(),
            role: (*role).to_owned(),
            region: (*region).to_owned(),
        });
        let unknown = unknown.iter().map(|bureau| (*bureau).to_owned()).collect();
        let grants = Grants { held: held.collect(), unknown };
        let until = Instant::now() + Duration::from_secs(3600);
        self.0.remembered.lock().unwrap().insert(user.to_owned(), (until, Arc::new(grants)));
    }

    fn remembered(&self, user: &str) -> Option<Arc<Grants>> {
        let remembered = self.0.remembered.lock().ok()?;
        remembered.get(user).filter(|(until, _)| *until > Instant::now()).map(|(_, grants)| grants.clone())
    }
}

/// Role and region of every grant at one bureau.
async fn ask(channel: Channel, request: Request<GetGrantsRequest>) -> Result<Vec<(String, String)>, Status> {
    let answer = GrantServiceClient::new(channel).get_grants(request).await?;
    Ok(answer.into_inner().grants.into_iter().map(|grant| (grant.role, grant.region)).collect())
}

/// What a bureau answered instead, as our own pages say it: message, reason and fields are the bureau's own words.
pub fn said(bureau: &str, status: &Status) -> Problem {
    let title = contract::bureau::title(bureau);
    let kind = match status.code() {
        Code::InvalidArgument | Code::OutOfRange => Kind::Invalid,
        Code::NotFound => Kind::NotFound,
        Code::AlreadyExists => Kind::Exists,
        Code::FailedPrecondition => Kind::State,
        Code::Aborted => Kind::Stale,
        Code::Unauthenticated => Kind::Unauthenticated,
        Code::PermissionDenied => Kind::Forbidden,
        Code::ResourceExhausted => Kind::Exhausted,
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled => Kind::Unavailable,
        _ => Kind::Internal,
    };
    let reason = Problem::reason_of(status);
    if reason.is_empty() {
        // No service of ours said this: nobody was there, or something on the way broke.
        tracing::warn!(bureau, %status, "a bureau could not be asked");
        let message = format!("{title}暂时联系不上，没有办成。已填写的内容请留在本页，稍后重试");
        return Problem::new(Kind::Unavailable, "BUREAU_UNREACHABLE", message);
    }
    let fields = status.get_details_bad_request().map(|request| request.field_violations).unwrap_or_default();
    fields.into_iter().fold(Problem::new(kind, known(reason), status.message()), |problem, fault| {
        problem.and_field(fault.field, fault.description)
    })
}

/// The reason as a text that lives as long as the program: there are a few hundred of them in all the services, and
/// whoever sends more gets none.
fn known(reason: String) -> &'static str {
    static KNOWN: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let Ok(mut known) = KNOWN.lock() else { return "REFUSED" };
    if let Some(there) = known.get(reason.as_str()) {
        return there;
    }
    if known.len() >= 1000 || reason.len() > 60 {
        return "REFUSED";
    }
    let kept: &'static str = Box::leak(reason.into_boxed_str());
    known.insert(kept);
    kept
}
