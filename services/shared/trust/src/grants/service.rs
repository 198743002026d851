//! `GrantService` at the door. Every service has it: `trust::serve` adds it beside the bureau's own routes.

use kit::{Clock, Db, Problem, Result, Sql, retry};
use proto::trust as wire;
use proto::trust::grant_service_server::GrantService;
use tonic::{Request, Response, Status};

use super::store::{self, Given};
use super::{Wanted, of_user};
use crate::caller::Caller;
use crate::roles;

/// The grants of one service.
#[derive(Clone, Debug)]
pub struct Grants {
    pub(crate) db: Db,
    pub(crate) clock: Clock,
}

impl Grants {
    async fn change(&self, caller: &Caller, request: wire::GrantRequest, give: bool) -> Result<wire::Grant> {
        let wanted = Wanted { user: request.user, role: request.role, region: request.region };
        wanted.check(caller)?;
        let by = &caller.user()?.id;
        let reason = request.reason.trim();
        retry(|| async {
            let mut tx = self.db.begin().await?;
            let (act, changed) = if give {
                ("give", store::give(&mut tx, &wanted, by, &self.clock).await?)
            } else {
                ("end", store::end(&mut tx, &wanted, &self.clock).await?)
            };
            let given = store::get(&mut tx, &wanted).await?;
            if changed {
                store::tell(&mut tx, &wanted, act, by, reason, &self.clock).await?;
            } else if !give {
                return Err(Problem::not_found("GRANT_UNKNOWN", "没有这项权限，或已经收回"));
            }
            tx.commit().await?;
            Ok(message(given))
        })
        .await
    }

    async fn list(&self, caller: &Caller, request: wire::ListGrantsRequest) -> Result<wire::ListGrantsResponse> {
        let page = request.page.unwrap_or_default();
        let size = if page.size == 0 { 50 } else { page.size.min(500) as usize };
        let after = cursor(&page.cursor)?;
        let mut sql = store::SELECT.to_owned();
        let mut bound = Vec::new();
        let mut bind = |value: String| {
            bound.push(value);
            format!("${}", 3 + bound.len())
        };
        for (column, value) in [("user_id", &request.user), ("role", &request.role)] {
            if !value.is_empty() {
                sql.push_str(&format!(" AND {column} = {}", bind(value.clone())));
            }
        }
        let asked = (!request.region.is_empty()).then(|| vec![prefix(&caller.city.code, &request.region)]);
        for prefixes in [asked.as_deref(), caller.scope.prefixes()].into_iter().flatten() {
            let any: Vec<String> =
                prefixes.iter().map(|prefix| format!("region LIKE {}", bind(format!("{prefix}%")))).collect();
            sql.push_str(&format!(" AND ({})", any.join(" OR ")));
        }
        sql.push_str(&format!(" ORDER BY user_id, role, region LIMIT {}", size + 1));
        let query =
            after.into_iter().chain(bound).fold(self.db.read(Sql::built(sql)), |query, value| query.bind(value));
        let mut rows: Vec<Given> = query.all().await?;
        let more = rows.len() > size;
        rows.truncate(size);
        let next_cursor = match rows.last() {
            Some(last) if more => format!("{}/{}/{}", last.user_id, last.role, last.region),
            _ => String::new(),
        };
        Ok(wire::ListGrantsResponse { grants: rows.into_iter().map(message).collect(), next_cursor })
    }
}

/// Codes nest by prefix from the county down; the city's is that of its counties.
fn prefix(city: &str, region: &str) -> String {
    if region == city { city.trim_end_matches("00").to_owned() } else { region.to_owned() }
}

/// user/role/region of the last line of the page before; neither a role nor a region has a slash.
fn cursor(text: &str) -> Result<[String; 3]> {
    if text.is_empty() {
        return Ok([const { String::new() }; 3]);
    }
    let mut parts = text.rsplitn(3, '/').map(str::to_owned);
    match (parts.next(), parts.next(), parts.next()) {
        (Some(region), Some(role), Some(user)) => Ok([user, role, region]),
        _ => Err(Problem::field("page.cursor", "CURSOR_INVALID", "翻页标记无效，请从第一页重新查询")),
    }
}

fn message(given: Given) -> wire::Grant {
    wire::Grant {
        role_title: roles::title(&given.role).to_owned(),
        user: given.user_id,
        role: given.role,
        region: given.region,
        given_by: given.given_by,
        given_at_micros: given.given_at,
    }
}

#[tonic::async_trait]
impl GrantService for Grants {
    async fn get_grants(
        &self,
        request: Request<wire::GetGrantsRequest>,
    ) -> Result<Response<wire::GetGrantsResponse>, Status> {
        let user = request.into_inner().user;
        let grants = of_user(&self.db, &user).await?.into_iter().map(|grant| wire::Grant {
            user: user.clone(),
            role_title: roles::title(&grant.role).to_owned(),
            role: grant.role,
            region: grant.region,
            ..wire::Grant::default()
        });
        Ok(Response::new(wire::GetGrantsResponse { grants: grants.collect() }))
    }

    async fn list_grants(
        &self,
        request: Request<wire::ListGrantsRequest>,
    ) -> Result<Response<wire::ListGrantsResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(self.list(&caller, request.into_inner()).await?))
    }

    async fn give_grant(&self, request: Request<wire::GrantRequest>) -> Result<Response<wire::Grant>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(self.change(&caller, request.into_inner(), true).await?))
    }

    async fn end_grant(&self, request: Request<wire::GrantRequest>) -> Result<Response<wire::Grant>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(self.change(&caller, request.into_inner(), false).await?))
    }
}

#[cfg(test)]
mod tests {
    use city::bundle::City;

    use super::*;
    use crate::caller::{Scope, User};
    use crate::grants::Grant;
    use crate::identity::{Identity, IdentityKind};
    use crate::users::{GrantEntry, UserEntry, Users};

    fn users() -> Users {
        let entry = |id: &str, role: &str, region: &str| UserEntry {
            id: id.into(),
            name: "赵一".into(),
            unit: String::new(),
            grant: vec![GrantEntry { service: "childcare".into(), role: role.into(), region: region.into() }],
        };
        Users { user: vec![entry("clerk", "COUNTY_REPORTER", "530402"), entry("head", "SYS_ADMIN", "530400")] }
    }

    async fn service() -> (Grants, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path().join("grants.db").to_str().unwrap()).await.unwrap();
        store::migrate(&db).await.unwrap();
        store::seed(&db, "childcare", &users()).await.unwrap();
        (Grants { db, clock: Clock::set_to("2026-11-05T04:00:00Z".parse().unwrap()) }, folder)
    }

    fn caller(id: &str, role: &str, region: &str) -> Caller {
        let city = City::embedded();
        let grants = vec![Grant { role: role.into(), region: region.into() }];
        Caller {
            identity: Identity { city: city.code.clone(), kind: IdentityKind::Bureau("gateway".into()) },
            user: Some(User { id: id.into(), name: "陈十".into(), unit: String::new() }),
            scope: Scope::of_grants(city.clone(), &grants),
            grants,
            right: None,
            city,
        }
    }

    fn wanted(user: &str, role: &str, region: &str) -> wire::GrantRequest {
        wire::GrantRequest { user: user.into(), role: role.into(), region: region.into(), reason: "调岗".into() }
    }

    #[tokio::test]
    async fn nobody_gives_beyond_their_office_or_to_themselves() {
        let (service, _folder) = service().await;
        let county = caller("county-admin", "COUNTY_ADMIN", "530402");
        let reason = async |request| service.change(&county, request, true).await.unwrap_err().reason;
        assert_eq!(reason(wanted("x", "COUNTY_REPORTER", "530403")).await, "REGION_OUT_OF_SCOPE");
        assert_eq!(reason(wanted("x", "CITY_BUREAU_APPROVER", "530402")).await, "ROLE_ABOVE_OWN");
        assert_eq!(reason(wanted("x", "COUNTY_ADMIN", "530402")).await, "ROLE_ABOVE_OWN");
        assert_eq!(reason(wanted("county-admin", "COUNTY_REPORTER", "530402")).await, "GRANT_TO_SELF");
        assert_eq!(reason(wanted("x", "KING", "530402")).await, "ROLE_UNKNOWN");
        assert_eq!(reason(wanted("x", "COUNTY_REPORTER", "999999")).await, "REGION_UNKNOWN");
        assert_eq!(reason(wanted(" ", "COUNTY_REPORTER", "530402")).await, "FIELD_MISSING");
        service.change(&county, wanted("x", "COUNTY_REPORTER", "530402001"), true).await.unwrap();
        let held = of_user(&service.db, "x").await.unwrap();
        assert_eq!(held, [Grant { role: "COUNTY_REPORTER".into(), region: "530402001".into() }]);
    }

    #[tokio::test]
    async fn a_seeded_grant_that_was_ended_stays_ended_and_a_given_one_outlives_the_seeding() {
        let (service, _folder) = service().await;
        let head = caller("head", "SYS_ADMIN", "530400");
        service.change(&head, wanted("clerk", "COUNTY_REPORTER", "530402"), false).await.unwrap();
        service.change(&head, wanted("new", "AUDITOR", "530400"), true).await.unwrap();
        let again = service.change(&head, wanted("clerk", "COUNTY_REPORTER", "530402"), false).await.unwrap_err();
        assert_eq!(again.reason, "GRANT_UNKNOWN");
        store::seed(&service.db, "childcare", &users()).await.unwrap();
        assert_eq!(of_user(&service.db, "clerk").await.unwrap(), []);
        assert_eq!(of_user(&service.db, "new").await.unwrap().len(), 1);
        service.change(&head, wanted("clerk", "COUNTY_REPORTER", "530402"), true).await.unwrap();
        assert_eq!(of_user(&service.db, "clerk").await.unwrap().len(), 1);
        let (acts,): (i64,) = service.db.read("SELECT CAST(COUNT(*) AS BIGINT) FROM grant_act").one().await.unwrap();
        assert_eq!(acts, 3);
    }

    #[tokio::test]
    async fn lists_page_within_what_the_administrator_may_see() {
        let (service, _folder) = service().await;
        let head = caller("head", "SYS_ADMIN", "530400");
        for n in 0..7 {
            service.change(&head, wanted(&format!("u/{n}"), "COUNTY_REVIEWER", "530403"), true).await.unwrap();
        }
        let mut seen = Vec::new();
        let mut at = String::new();
        loop {
            let page = Some(proto::common::Page { size: 3, cursor: at });
            let request = wire::ListGrantsRequest { role: "COUNTY_REVIEWER".into(), page, ..Default::default() };
            let found = service.list(&head, request).await.unwrap();
            seen.extend(found.grants.into_iter().map(|grant| grant.user));
            at = found.next_cursor;
            if at.is_empty() {
                break;
            }
        }
        assert_eq!(seen, (0..7).map(|n| format!("u/{n}")).collect::<Vec<_>>());
        let county = caller("c", "COUNTY_ADMIN", "530402");
        let visible = service.list(&county, wire::ListGrantsRequest::default()).await.unwrap().grants;
        assert_eq!(visible.iter().map(|grant| grant.user.as_str()).collect::<Vec<_>>(), ["clerk"]);
        let city = wire::ListGrantsRequest { region: "530400".into(), ..Default::default() };
        assert_eq!(service.list(&head, city).await.unwrap().grants.len(), 9);
    }
}
