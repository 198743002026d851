//! `ylyx.supervision.v1.PlanService`: the plan and the lists beside it, from the city bundle. Reads only.

use std::sync::Arc;

use city::bundle::City;
use kit::Result;
use proto::common::Page;
use proto::supervision::plan_service_server::PlanService;
use proto::supervision::{
    GetPlanRequest, ListAnnexItemsRequest, ListAnnexItemsResponse, ListIndicatorsRequest, ListIndicatorsResponse,
    ListOrganisationsRequest, ListOrganisationsResponse, ListProjectsRequest, ListProjectsResponse, ListRegionsRequest,
    ListRegionsResponse, ListTasksRequest, ListTasksResponse, Plan,
};
use tonic::{Request, Response, Status};

use super::{known, messages};

/// The service over one city's bundle.
#[derive(Clone, Debug)]
pub struct Plans(pub Arc<City>);

/// One page of `rows` as messages, and the next cursor.
fn page<'c, T: 'c, M>(
    rows: impl Iterator<Item = &'c T>,
    key: impl Fn(&T) -> String,
    message: impl Fn(&T) -> M,
    page: Option<Page>,
) -> Result<(Vec<M>, String)> {
    let Page { size, cursor } = page.unwrap_or_default();
    let (rows, next) = super::page(rows, |row| key(row), size, &cursor)?;
    Ok((rows.into_iter().map(message).collect(), next))
}

#[tonic::async_trait]
impl PlanService for Plans {
    async fn get_plan(&self, _: Request<GetPlanRequest>) -> Result<Response<Plan>, Status> {
        Ok(Response::new(messages::plan(&self.0.plan)))
    }

    async fn list_indicators(
        &self,
        request: Request<ListIndicatorsRequest>,
    ) -> Result<Response<ListIndicatorsResponse>, Status> {
        let asked = request.into_inner();
        let rows = self.0.plan.indicators.iter().filter(|indicator| indicator.core || !asked.core_only);
        let (indicators, next_cursor) = page(rows, |row| row.code.clone(), messages::indicator, asked.page)?;
        Ok(Response::new(ListIndicatorsResponse { indicators, next_cursor }))
    }

    async fn list_tasks(&self, request: Request<ListTasksRequest>) -> Result<Response<ListTasksResponse>, Status> {
        let asked = request.into_inner();
        let (all, unit) = (&self.0.plan.tasks, &asked.organisation);
        known(
            asked.group == 0 || all.iter().any(|task| task.group == asked.group),
            "group",
            "GROUP_UNKNOWN",
            asked.group,
        )?;
        known(unit.is_empty() || self.0.organisation(unit).is_some(), "organisation", "ORGANISATION_UNKNOWN", unit)?;
        let rows = all
            .iter()
            .filter(|task| asked.group == 0 || task.group == asked.group)
            .filter(|task| unit.is_empty() || task.organisations.contains(unit));
        let (tasks, next_cursor) = page(rows, |row| row.number.to_string(), messages::task, asked.page)?;
        Ok(Response::new(ListTasksResponse { tasks, next_cursor }))
    }

    async fn list_projects(
        &self,
        request: Request<ListProjectsRequest>,
    ) -> Result<Response<ListProjectsResponse>, Status> {
        let asked = request.into_inner();
        let (all, regions) = (&self.0.plan.projects, &self.0.regions);
        let (category, region) = (&asked.category, &asked.region);
        known(
            category.is_empty() || all.iter().any(|row| row.category == *category),
            "category",
            "CATEGORY_UNKNOWN",
            category,
        )?;
        known(region.is_empty() || regions.get(region).is_some(), "region", "REGION_UNKNOWN", region)?;
        // The plan prints where a project lies as a name.
        let lies_within = |location: &str| {
            regions.find(&self.0.code, location).is_some_and(|found| regions.is_within(&found.code, region))
        };
        let rows = all
            .iter()
            .filter(|project| category.is_empty() || project.category == *category)
            .filter(|project| region.is_empty() || lies_within(&project.location));
        let (projects, next_cursor) = page(rows, |row| row.number.to_string(), messages::project, asked.page)?;
        Ok(Response::new(ListProjectsResponse { projects, next_cursor }))
    }

    async fn list_annex_items(
        &self,
        request: Request<ListAnnexItemsRequest>,
    ) -> Result<Response<ListAnnexItemsResponse>, Status> {
        let asked = request.into_inner();
        let all = &self.0.plan.lists;
        known(
            asked.annex == 0 || all.iter().any(|item| item.annex == asked.annex),
            "annex",
            "ANNEX_UNKNOWN",
            asked.annex,
        )?;
        let rows = all.iter().filter(|item| asked.annex == 0 || item.annex == asked.annex);
        let (items, next_cursor) =
            page(rows, |row| format!("{}-{}", row.annex, row.number), messages::annex_item, asked.page)?;
        Ok(Response::new(ListAnnexItemsResponse { items, next_cursor }))
    }

    async fn list_organisations(
        &self,
        request: Request<ListOrganisationsRequest>,
    ) -> Result<Response<ListOrganisationsResponse>, Status> {
        let asked = request.into_inner();
        let rows = self.0.organisations.iter();
        let (organisations, next_cursor) = page(rows, |row| row.code.clone(), messages::organisation, asked.page)?;
        Ok(Response::new(ListOrganisationsResponse { organisations, next_cursor }))
    }

    async fn list_regions(
        &self,
        request: Request<ListRegionsRequest>,
    ) -> Result<Response<ListRegionsResponse>, Status> {
        let asked = request.into_inner();
        let (edition, parent, level) = (self.0.regions.edition(), &asked.parent, &asked.level);
        known(parent.is_empty() || self.0.regions.get(parent).is_some(), "parent", "REGION_UNKNOWN", parent)?;
        let levels = ["", "city", "county", "township", "village"];
        known(levels.contains(&level.as_str()), "level", "LEVEL_UNKNOWN", level)?;
        let rows = edition
            .regions
            .iter()
            .filter(|region| parent.is_empty() || region.parent == *parent)
            .filter(|region| level.is_empty() || region.level.code() == level);
        let (regions, next_cursor) = page(rows, |row| row.code.clone(), messages::region, asked.page)?;
        Ok(Response::new(ListRegionsResponse { regions, next_cursor, edition: edition.id.clone() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plans() -> Plans {
        Plans(City::embedded())
    }

    #[tokio::test]
    async fn the_plan_is_as_printed() {
        let plan = plans().get_plan(Request::new(GetPlanRequest {})).await.unwrap().into_inner();
        assert_eq!((plan.indicators, plan.tasks, plan.projects), (13, 42, 50));
        assert_eq!((plan.projects_total_wan_yuan, plan.projects_central_applied_wan_yuan), (163_172, 99_298));
    }

    #[tokio::test]
    async fn projects_are_found_by_the_region_they_lie_in() {
        let of = async |region: &str| {
            let request = ListProjectsRequest { region: region.to_owned(), ..Default::default() };
            plans().list_projects(Request::new(request)).await.map(|response| response.into_inner().projects.len())
        };
        assert_eq!(of("530402").await.unwrap(), 12);
        assert_eq!(of("530400").await.unwrap(), 50);
        let refused = of("110000").await.unwrap_err();
        assert_eq!(kit::Problem::reason_of(&refused), "REGION_UNKNOWN");
    }

    #[tokio::test]
    async fn every_key_of_a_list_is_its_own() {
        let (plans, size) = (plans(), 3);
        let (mut cursor, mut seen) = (String::new(), 0);
        loop {
            let request = ListAnnexItemsRequest { annex: 0, page: Some(Page { size, cursor }) };
            let answer = plans.list_annex_items(Request::new(request)).await.unwrap().into_inner();
            seen += answer.items.len();
            cursor = answer.next_cursor;
            if cursor.is_empty() {
                break;
            }
        }
        assert_eq!(seen, plans.0.plan.lists.len());
    }
}
