//! The same views over gRPC, for bureaus and their programs.

use kit::{Problem, Result as Outcome};
use proto::gateway as wire;
use proto::gateway::indicator_service_server::IndicatorService;
use tonic::{Request, Response, Status};

use crate::counties::CountyTable;
use crate::state::State;
use crate::view::{BureauView, CutEntry, IndicatorView, OriginView, PaceView, ReadingView, RevisionView, SeriesPoint};
use crate::{figures, follow, query};

/// The gRPC door.
#[derive(Clone, Debug)]
pub struct Door(pub State);

#[tonic::async_trait]
impl IndicatorService for Door {
    async fn list_indicators(
        &self,
        request: Request<wire::ListIndicatorsRequest>,
    ) -> Result<Response<wire::ListIndicatorsResponse>, Status> {
        let ask = request.into_inner();
        required("period", &ask.period)?;
        let list = query::indicators(&self.0, &ask.region, &ask.period, &ask.as_of, ask.core_only)?;
        Ok(Response::new(wire::ListIndicatorsResponse {
            as_of: list.as_of,
            cut: list.cut.into_iter().map(cut).collect(),
            indicators: list.indicators.into_iter().map(indicator).collect(),
        }))
    }

    async fn get_indicator(
        &self,
        request: Request<wire::GetIndicatorRequest>,
    ) -> Result<Response<wire::IndicatorDetail>, Status> {
        let ask = request.into_inner();
        required("period", &ask.period)?;
        let detail = query::indicator(&self.0, &ask.code, &ask.region, &ask.period, &ask.as_of)?;
        Ok(Response::new(wire::IndicatorDetail {
            as_of: detail.as_of,
            cut: detail.cut.into_iter().map(cut).collect(),
            indicator: Some(indicator(detail.indicator)),
            pace: Some(pace(detail.pace)),
            series: detail.series.into_iter().map(point).collect(),
            counties: detail.counties.into_iter().map(county).collect(),
            revisions: detail.revisions.into_iter().map(revision).collect(),
        }))
    }

    async fn list_counties(
        &self,
        request: Request<wire::ListCountiesRequest>,
    ) -> Result<Response<wire::CountyTable>, Status> {
        let ask = request.into_inner();
        required("period", &ask.period)?;
        let (table, as_of) = query::counties(&self.0, &ask.period, &ask.as_of)?;
        Ok(Response::new(counties(&table, as_of)))
    }

    type ReadFiguresStream = figures::Columns;

    async fn read_figures(
        &self,
        request: Request<wire::ReadFiguresRequest>,
    ) -> Result<Response<Self::ReadFiguresStream>, Status> {
        Ok(Response::new(figures::read(&self.0, request.into_inner())?))
    }

    async fn get_proof(&self, request: Request<wire::GetIndicatorRequest>) -> Result<Response<wire::Proof>, Status> {
        let ask = request.into_inner();
        required("period", &ask.period)?;
        let json = query::proof(&self.0, &ask.code, &ask.region, &ask.period, &ask.as_of).await?;
        Ok(Response::new(wire::Proof { json }))
    }

    async fn list_bureaus(
        &self,
        _: Request<wire::ListBureausRequest>,
    ) -> Result<Response<wire::ListBureausResponse>, Status> {
        let bureaus = query::bureaus(&self.0)?.bureaus.into_iter().map(bureau).collect();
        Ok(Response::new(wire::ListBureausResponse { bureaus }))
    }

    async fn resync_bureau(
        &self,
        request: Request<wire::ResyncBureauRequest>,
    ) -> Result<Response<wire::Bureau>, Status> {
        let name = request.into_inner().bureau;
        follow::resync(&self.0, &name).await?;
        let found = query::bureaus(&self.0)?.bureaus.into_iter().find(|bureau| bureau.name == name);
        Ok(Response::new(found.map(bureau).unwrap_or_default()))
    }
}

fn required(field: &str, value: &str) -> Outcome<()> {
    if value.is_empty() {
        return Err(Problem::field(field, "PERIOD_REQUIRED", "请给出报告期，例如 2026-10"));
    }
    Ok(())
}

pub(crate) fn cut(entry: CutEntry) -> wire::CutEntry {
    wire::CutEntry { bureau: entry.bureau, stream_id: entry.stream_id, sequence: entry.sequence }
}

fn counties(table: &CountyTable, as_of: String) -> wire::CountyTable {
    let column = |column: &crate::counties::CountyColumn| wire::CountyColumn {
        code: column.code.clone(),
        name: column.name.clone(),
        unit: column.unit.clone(),
        comparable: column.comparable,
        expected: column.expected.clone(),
    };
    let cell = |cell: &crate::counties::CountyCell| wire::CountyCell {
        value: cell.value.clone(),
        lamp: cell.lamp.clone(),
        rank: cell.rank,
    };
    let row = |row: &crate::counties::CountyRow| wire::CountyRow {
        region: row.region.clone(),
        name: row.name.clone(),
        cells: row.cells.iter().map(cell).collect(),
    };
    wire::CountyTable {
        as_of,
        period: table.period.clone(),
        indicators: table.indicators.iter().map(column).collect(),
        rows: table.rows.iter().map(row).collect(),
    }
}

fn indicator(view: IndicatorView) -> wire::Indicator {
    wire::Indicator {
        code: view.code,
        name: view.name,
        unit: view.unit,
        obligation: view.obligation,
        baseline: view.baseline,
        targets: view
            .targets
            .into_iter()
            .map(|target| wire::Target { period: target.period, value: target.value })
            .collect(),
        numerator: view.numerator,
        denominator: view.denominator,
        value: view.value,
        status: view.status,
        lamp: view.lamp,
        gap: view.gap,
        completeness: Some(wire::Completeness {
            present: view.completeness.present,
            expected: view.completeness.expected,
            missing_regions: view.completeness.missing_regions,
        }),
        sources: view
            .sources
            .into_iter()
            .map(|source| wire::Source {
                element: source.element,
                region: source.region,
                period: source.period,
                value: source.value,
                bureau: source.bureau,
                sequence: source.sequence,
                revision: source.revision,
                status: source.status,
                published_at: source.published_at,
                stale: source.stale,
                source: source.origin.source.clone(),
                origin: Some(origin(source.origin)),
            })
            .collect(),
        missing: view.missing,
        readings: view.readings.into_iter().map(reading).collect(),
        references: view
            .references
            .into_iter()
            .map(|stated| wire::Reference {
                scope: stated.scope,
                period: stated.period,
                value: stated.value,
                source: stated.source,
            })
            .collect(),
    }
}

fn reading(view: ReadingView) -> wire::Reading {
    wire::Reading {
        code: view.code,
        title: view.title,
        numerator: view.numerator,
        denominator: view.denominator,
        value: view.value,
        status: view.status,
        lamp: view.lamp,
        target: view.target,
        missing: view.missing,
        note: view.note,
    }
}

fn pace(view: PaceView) -> wire::Pace {
    wire::Pace {
        actual_per_year: view.actual_per_year,
        needed_per_year: view.needed_per_year,
        outlook: view.outlook,
        forecast: view.forecast,
    }
}

fn point(point: SeriesPoint) -> wire::SeriesPoint {
    wire::SeriesPoint {
        period: point.period,
        value: point.value,
        numerator: point.numerator,
        denominator: point.denominator,
        expected: point.expected,
        status: point.status,
    }
}

fn county(value: crate::view::RegionValue) -> wire::RegionValue {
    wire::RegionValue {
        region: value.region,
        name: value.name,
        numerator: value.numerator,
        denominator: value.denominator,
        value: value.value,
        status: value.status,
        lamp: value.lamp,
        missing: value.missing,
    }
}

fn revision(revision: RevisionView) -> wire::Revision {
    wire::Revision {
        element: revision.element,
        region: revision.region,
        period: revision.period,
        value: revision.value,
        sequence: revision.sequence,
        revision: revision.revision,
        status: revision.status,
        published_at: revision.published_at,
        reason: revision.reason,
        source: revision.origin.source.clone(),
        origin: Some(origin(revision.origin)),
    }
}

fn origin(view: OriginView) -> wire::Origin {
    let OriginView { basis, computed, late, on_behalf, .. } = view;
    wire::Origin { basis, computed, late, on_behalf }
}

fn bureau(view: BureauView) -> wire::Bureau {
    wire::Bureau {
        name: view.name,
        state: view.state,
        stream_id: view.stream_id,
        sequence: view.sequence,
        last_contact: view.last_contact.unwrap_or_default(),
        stale_since: view.stale_since.unwrap_or_default(),
        reason: view.reason,
    }
}
