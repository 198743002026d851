//! The gate before every method: may this certificate call it at all, and what may the person behind it do here?

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;
use std::task::{Context, Poll};

use city::bundle::City;
use contract::rules::AccessRules;
use futures::future::BoxFuture;
use http::{Request, Response};
use kit::{Clock, Db, Kind, Problem, Result};
use proto::trust::grant_service_server::GrantServiceServer;
use tonic::body::Body;
use tower::{Layer, Service};

use crate::assertion;
use crate::caller::{Caller, Scope};
use crate::dsse::KeyRing;
use crate::grants::service::Grants;
use crate::grants::{self, Grant};
use crate::identity::Identity;
use crate::listen::Peer;
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
    rules: AccessRules,
}

impl Gate {
    /// Fails when a method of the contracts has no access rule: such a program does not start.
    pub fn new(bureau: &str, city: Arc<City>, db: Db, keys: KeyRing, clock: Clock) -> Result<Self> {
        let rules =
            AccessRules::load().map_err(|missing| Problem::state("ACCESS_RULE_MISSING", missing.to_string()))?;
        Ok(Gate(Arc::new(Inner { bureau: bureau.to_owned(), city, db, keys, clock, rules })))
    }

    /// Makes the grants table and fills it from `users.toml`.
    pub async fn seed(&self, users: &Path) -> Result<()> {
        grants::migrate(&self.0.db).await?;
        grants::seed(&self.0.db, &self.0.bureau, &Users::load(users)?).await
    }

    pub(crate) fn bureau(&self) -> &str {
        &self.0.bureau
    }

    /// `GrantService` of this service.
    pub(crate) fn grant_service(&self) -> GrantServiceServer<Grants> {
        GrantServiceServer::new(Grants { db: self.0.db.clone(), clock: self.0.clock.clone() })
    }

    /// None: a method that any valid certificate may call.
    async fn judge(&self, path: &str, peer: Option<&Identity>, token: Option<&str>) -> Result<Option<Caller>> {
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
        if rule.roles.is_empty() {
            let (scope, city) = (Scope::of_the_service(), self.0.city.clone());
            return Ok(Some(Caller { identity, user: None, scope, grants: Vec::new(), city }));
        }
        let token = token
            .ok_or_else(|| Problem::new(Kind::Unauthenticated, "ASSERTION_MISSING", "此方法须附用户凭证，请先登录"))?;
        let user = assertion::verify(token, &self.0.keys, &self.0.city.code, self.0.clock.micros())?;
        let held = grants::of_user(&self.0.db, &user.id).await?;
        let fitting: Vec<Grant> = held.iter().filter(|grant| rule.roles.contains(&grant.role)).cloned().collect();
        if fitting.is_empty() {
            return Err(Problem::forbidden("ROLE_MISSING", format!("{}在本部门没有此项权限", user.name)));
        }
        let scope = Scope::of_grants(self.0.city.clone(), &fitting);
        Ok(Some(Caller { identity, user: Some(user), scope, grants: held, city: self.0.city.clone() }))
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
            let token = request.headers().get(assertion::ASSERTION_HEADER).and_then(|value| value.to_str().ok());
            match gate.judge(request.uri().path(), peer.as_ref(), token).await {
                Ok(caller) => {
                    if let Some(caller) = caller {
                        request.extensions_mut().insert(caller);
                    }
                    inner.call(request).await
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
