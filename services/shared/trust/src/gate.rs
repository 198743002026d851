//! The gate before every method: may this certificate call it at all, has its bureau the right to, and what may the
//! person behind it do here?

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;
use std::task::{Context, Poll};

use city::bundle::City;
use contract::rules::AccessRules;
use futures::future::BoxFuture;
use http::{HeaderMap, Request, Response};
use kit::{Clock, Db, Kind, Problem, Result, Shutdown};
use proto::trust::access_right_service_server::AccessRightServiceServer;
use proto::trust::correction_service_server::CorrectionServiceServer;
use proto::trust::grant_service_server::GrantServiceServer;
use tonic::body::Body;
use tower::{Layer, Service};

use crate::assertion;
use crate::caller::{Caller, Scope, User};
use crate::corrections::service::Corrections;
use crate::dsse::KeyRing;
use crate::grants::service::Grants;
use crate::grants::{self, Grant};
use crate::identity::Identity;
use crate::listen::Peer;
use crate::rights::service::AccessRights;
use crate::rights::{self, Rights};
use crate::users::Users;

/// Judges requests to one service. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Gate(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    bureau: String,
    city: Arc<City>,
    db: Db,
    keys: KeyRing,
    clock: Clock,
    rules: Arc<AccessRules>,
    rights: Rights,
}

impl Gate {
    /// Fails when a method of the contracts has no access rule: such a program does not start.
    pub fn new(bureau: &str, city: Arc<City>, db: Db, keys: KeyRing, clock: Clock) -> Result<Self> {
        let rules =
            AccessRules::load().map_err(|missing| Problem::state("ACCESS_RULE_MISSING", missing.to_string()))?;
        Ok(Gate::judging_by(rules, bureau, city, db, keys, clock))
    }

    pub(crate) fn judging_by(
        rules: AccessRules,
        bureau: &str,
        city: Arc<City>,
        db: Db,
        keys: KeyRing,
        clock: Clock,
    ) -> Self {
        let rules = Arc::new(rules);
        let rights = Rights::new(bureau, db.clone(), clock.clone(), rules.clone());
        Gate(Arc::new(Inner { bureau: bureau.to_owned(), city, db, keys, clock, rules, rights }))
    }

    /// Makes this crate's tables and fills them: grants from `users.toml`, access rights from `access-rights.toml`
    /// beside it.
    pub async fn seed(&self, users: &Path) -> Result<()> {
        grants::migrate(&self.0.db).await?;
        grants::seed(&self.0.db, &self.0.bureau, &Users::load(users)?).await?;
        rights::seed::seed(&self.0.rights, &users.with_file_name(rights::SEED_FILE)).await?;
        self.0.rights.refresh().await
    }

    /// Keeps up with what other replicas of this service change, until shutdown.
    pub(crate) fn keep_up(&self, shutdown: Shutdown) {
        tokio::spawn(self.0.rights.clone().keep(shutdown));
    }

    #[cfg(test)]
    pub(crate) fn rights(&self) -> &Rights {
        &self.0.rights
    }

    pub(crate) fn bureau(&self) -> &str {
        &self.0.bureau
    }

    /// `GrantService` of this service.
    pub(crate) fn grant_service(&self) -> GrantServiceServer<Grants> {
        GrantServiceServer::new(Grants { db: self.0.db.clone(), clock: self.0.clock.clone() })
    }

    /// `AccessRightService` of this service.
    pub(crate) fn right_service(&self) -> AccessRightServiceServer<AccessRights> {
        AccessRightServiceServer::new(AccessRights { rights: self.0.rights.clone(), city: self.0.city.clone() })
    }

    /// `CorrectionService` of this service.
    pub(crate) fn correction_service(&self) -> CorrectionServiceServer<Corrections> {
        let Inner { bureau, city, db, clock, rules, .. } = &*self.0;
        CorrectionServiceServer::new(Corrections {
            bureau: bureau.clone(),
            city: city.clone(),
            db: db.clone(),
            clock: clock.clone(),
            rules: rules.clone(),
        })
    }

    /// None: a method that any valid certificate may call.
    async fn judge(&self, path: &str, peer: Option<&Identity>, headers: &HeaderMap) -> Result<Option<Caller>> {
        let identity = peer
            .filter(|identity| identity.city == self.0.city.code)
            .cloned()
            .ok_or_else(|| Problem::new(Kind::Unauthenticated, "CERTIFICATE_FOREIGN", "证书不含本市的身份标识"))?;
        if path.starts_with("/grpc.health.v1.") || path.starts_with("/grpc.reflection.") {
            return Ok(None);
        }
        let Some(rule) = self.0.rules.rule(path) else {
            return Err(Problem::forbidden("METHOD_UNKNOWN", format!("没有方法 {path}")));
        };
        if !rule.callers.iter().any(|caller| caller == identity.rule_name()) {
            return Err(Problem::forbidden(
                "CALLER_NOT_LISTED",
                format!("{} 不在此方法的许可调用方之列", identity.rule_name()),
            ));
        }
        let user = self.person(&identity, headers)?;
        let right = self.0.rights.judge(path, rule, &identity, headers).await?;
        if rule.roles.is_empty() {
            let (scope, city) = (Scope::of_the_service(), self.0.city.clone());
            return Ok(Some(Caller { identity, user, scope, grants: Vec::new(), right, city }));
        }
        let user = user
            .ok_or_else(|| Problem::new(Kind::Unauthenticated, "ASSERTION_MISSING", "此方法须附用户凭证，请先登录"))?;
        let held = grants::of_user(&self.0.db, &user.id).await?;
        let fitting: Vec<Grant> = held.iter().filter(|grant| rule.roles.contains(&grant.role)).cloned().collect();
        if fitting.is_empty() {
            return Err(Problem::forbidden("ROLE_MISSING", format!("{}在本部门没有此项权限", user.name)));
        }
        let scope = Scope::of_grants(self.0.city.clone(), &fitting);
        Ok(Some(Caller { identity, user: Some(user), scope, grants: held, right, city: self.0.city.clone() }))
    }

    /// The person that the caller presents. An assertion has no audience: whoever has seen one could show it again. So it
    /// counts from those alone who call for people: ASSERTION_NOT_YOURS.
    fn person(&self, identity: &Identity, headers: &HeaderMap) -> Result<Option<User>> {
        let Some(token) = headers.get(assertion::ASSERTION_HEADER) else { return Ok(None) };
        if !contract::bureau::calls_for_people(identity.rule_name()) {
            return Err(Problem::forbidden("ASSERTION_NOT_YOURS", "部门系统以自己的名义调用，不能出示他人的用户凭证"));
        }
        let token = token.to_str().unwrap_or_default();
        assertion::verify(token, &self.0.keys, &self.0.city.code, self.0.clock.micros()).map(Some)
    }
}

impl<S> Layer<S> for Gate {
    type Service = Gated<S>;
    fn layer(&self, inner: S) -> Gated<S> {
        Gated { gate: self.clone(), inner }
    }
}

/// A service behind the gate.
#[derive(Clone, Debug)]
pub struct Gated<S> {
    gate: Gate,
    inner: S,
}

impl<S> Service<Request<Body>> for Gated<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, std::result::Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<std::result::Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let gate = self.gate.clone();
        // The service that was polled ready is the one to call; its clone is for the next request.
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        Box::pin(async move {
            let peer = request.extensions().get::<Peer>().and_then(|peer| peer.0.clone());
            match gate.judge(request.uri().path(), peer.as_ref(), request.headers()).await {
                Ok(None) => inner.call(request).await,
                Ok(Some(caller)) => {
                    let right = caller.right().map(|right| right.id);
                    request.extensions_mut().insert(caller);
                    let answer = inner.call(request).await?;
                    Ok(match right {
                        Some(right) => answer.map(|body| rights::ended_with(body, gate.0.rights.over(right))),
                        None => answer,
                    })
                }
                Err(problem) => {
                    let path = request.uri().path();
                    tracing::info!(reason = problem.reason, path, bureau = gate.0.bureau, "refused");
                    Ok(tonic::Status::from(problem).into_http())
                }
            }
        })
    }
}

#[cfg(test)]
mod tests;
