//! `/api/v1`: the views as JSON.

use axum::extract::{Path, Query, State as Shared};
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use kit::{Kind, Problem};
use serde::Deserialize;
use utoipa::{IntoParams, OpenApi};

use super::{Failure, Front};
use crate::assemble;
use crate::counties::CountyTable;
use crate::cuts::compare::Comparison;
use crate::query;
use crate::state::State;
use crate::view::{BureauList, ErrorBody, IndicatorDetail, IndicatorList, ProjectList, RegionList, TaskList};

/// The OpenAPI document.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "一老一小：指标接口",
        description = "各部门签名发布的数据汇成的指标视图。精确数一律为字符串；不可计算为 null，绝不为 0。\
                       地区代码为统计用区划代码；报告期写法：2025、2025-H1、2025-Q3、2025-10、MCH2025、2021-2025。"
    ),
    paths(indicators, indicator, counties, proof, cuts, comparison, tasks, projects, bureaus, regions)
)]
pub(super) struct Description;

pub(super) fn router() -> Router<Front> {
    Router::new()
        .route("/api/v1/indicators", get(indicators))
        .route("/api/v1/indicators/{code}", get(indicator))
        .route("/api/v1/indicators/{code}/proof", get(proof))
        .route("/api/v1/counties", get(counties))
        .route("/api/v1/cuts", get(cuts))
        .route("/api/v1/cuts/{id}/comparison", get(comparison))
        .route("/api/v1/plan/tasks", get(tasks))
        .route("/api/v1/plan/projects", get(projects))
        .route("/api/v1/bureaus", get(bureaus))
        .route("/api/v1/regions", get(regions))
        .route("/api/{*rest}", get(unknown))
}

/// Where and when to look.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Look {
    /// 地区代码，缺省为全市
    #[serde(default)]
    region: String,
    /// 报告期，必填
    #[serde(default)]
    period: String,
    /// 时点：日期、RFC 3339 或 cut:定版编号；缺省为当前
    #[serde(default)]
    as_of: String,
    /// 只看 13 项主要指标
    #[serde(default)]
    core: bool,
}

impl Look {
    fn check(&self) -> Result<(), Failure> {
        if self.period.is_empty() {
            return Err(Problem::field("period", "PERIOD_REQUIRED", "请给出报告期，例如 period=2026-10").into());
        }
        Ok(())
    }
}

/// 指标一览
#[utoipa::path(get, path = "/api/v1/indicators", params(Look), responses(
    (status = 200, body = IndicatorList), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn indicators(Shared(state): Shared<State>, Query(look): Query<Look>) -> Result<Json<IndicatorList>, Failure> {
    look.check()?;
    Ok(Json(query::indicators(&state, &look.region, &look.period, &look.as_of, look.core)?))
}

/// 各县（市、区）主要指标：数值、灯与位次
#[utoipa::path(get, path = "/api/v1/counties", params(Look), responses(
    (status = 200, body = CountyTable), (status = 400, body = ErrorBody)))]
async fn counties(Shared(state): Shared<State>, Query(look): Query<Look>) -> Result<Json<CountyTable>, Failure> {
    look.check()?;
    let (table, as_of) = query::counties(&state, &look.period, &look.as_of)?;
    Ok(Json(CountyTable { as_of, ..(*table).clone() }))
}

/// 一项指标：序列、各县、修订沿革
#[utoipa::path(get, path = "/api/v1/indicators/{code}", params(("code" = String, Path, description = "指标代码"), Look),
    responses((status = 200, body = IndicatorDetail), (status = 404, body = ErrorBody)))]
async fn indicator(
    Shared(state): Shared<State>,
    Path(code): Path<String>,
    Query(look): Query<Look>,
) -> Result<Json<IndicatorDetail>, Failure> {
    look.check()?;
    Ok(Json(query::indicator(&state, &code, &look.region, &look.period, &look.as_of)?))
}

/// 数据溯源单，可离线核验
#[utoipa::path(get, path = "/api/v1/indicators/{code}/proof",
    params(("code" = String, Path, description = "指标代码"), Look),
    responses((status = 200, content_type = "application/json"), (status = 404, body = ErrorBody)))]
async fn proof(
    Shared(state): Shared<State>,
    Path(code): Path<String>,
    Query(look): Query<Look>,
) -> Result<impl IntoResponse, Failure> {
    look.check()?;
    let json = query::proof(&state, &code, &look.region, &look.period, &look.as_of).await?;
    let name = format!("attachment; filename=\"proof-{code}.json\"");
    Ok(([(header::CONTENT_TYPE, "application/json".to_owned()), (header::CONTENT_DISPOSITION, name)], json))
}

/// 数据定版，最近的在前；`as_of=cut:编号` 可用于各指标接口
#[utoipa::path(get, path = "/api/v1/cuts", responses((status = 200, body = Vec<std::collections::BTreeMap<String, String>>)))]
async fn cuts(Shared(front): Shared<Front>) -> impl IntoResponse {
    Json(super::cuts::summaries(&front))
}

/// 与哪个定版比较；不写则与当前数据
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct With {
    #[serde(default)]
    with: String,
}

/// 两次定版之间变化的数和起因
#[utoipa::path(get, path = "/api/v1/cuts/{id}/comparison",
    params(("id" = String, Path, description = "定版编号"), With),
    responses((status = 200, body = Comparison), (status = 404, body = ErrorBody)))]
async fn comparison(
    Shared(front): Shared<Front>,
    Path(id): Path<String>,
    Query(with): Query<With>,
) -> Result<Json<Comparison>, Failure> {
    Ok(Json(super::cuts::comparison(&front, &id, &with.with)?.3))
}

/// 方案任务清单
#[utoipa::path(get, path = "/api/v1/plan/tasks", responses((status = 200, body = TaskList)))]
async fn tasks(Shared(state): Shared<State>) -> Result<Json<TaskList>, Failure> {
    Ok(Json(assemble::tasks(&query::reference(&state)?)))
}

/// 方案项目清单（按印发数）
#[utoipa::path(get, path = "/api/v1/plan/projects", responses((status = 200, body = ProjectList)))]
async fn projects(Shared(state): Shared<State>) -> Result<Json<ProjectList>, Failure> {
    Ok(Json(assemble::projects(&query::reference(&state)?)))
}

/// 各部门数据状态
#[utoipa::path(get, path = "/api/v1/bureaus", responses((status = 200, body = BureauList)))]
async fn bureaus(Shared(state): Shared<State>) -> Result<Json<BureauList>, Failure> {
    Ok(Json(query::bureaus(&state)?))
}

/// 行政区划（至乡级，两套代码）
#[utoipa::path(get, path = "/api/v1/regions", responses((status = 200, body = RegionList)))]
async fn regions(Shared(state): Shared<State>) -> Result<Json<RegionList>, Failure> {
    Ok(Json(assemble::regions(&query::reference(&state)?)))
}

async fn unknown() -> Failure {
    Problem::new(Kind::NotFound, "PATH_UNKNOWN", "没有这个接口，接口说明见 /api/docs").into()
}
