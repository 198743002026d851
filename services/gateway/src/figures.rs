//! The figures behind the indicators, in packed columns: one per element and period. A column is put together when it is
//! asked for, so that a reader who stops costs nothing more, and all of them are of one cut.

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::Arc;

use city::period::{Period, PeriodError};
use kit::{Problem, Result};
use proto::gateway as wire;
use proto::gateway::read_figures_response::Item;
use tokio_stream::Stream;
use tonic::Status;

use crate::cube::{Cube, Said};
use crate::cut::Cut;
use crate::state::State;

/// Fifty years of months.
const PERIODS: usize = 600;

/// The answer on its way.
pub type Columns = Pin<Box<dyn Stream<Item = std::result::Result<wire::ReadFiguresResponse, Status>> + Send>>;

/// Header and columns: PERIOD_INVALID, PERIOD_RANGE, ELEMENT_UNKNOWN, and what an instant can be refused for.
pub(crate) fn read(state: &State, ask: wire::ReadFiguresRequest) -> Result<Columns> {
    let periods = periods(&ask.from, &ask.to)?;
    let moment = state.moment(&ask.as_of)?;
    let (cut, regions, known) = state.cube(|cube| {
        let cut = moment.cut(cube)?;
        let reference = cube.reference(&cut)?;
        let tree = &reference.regions;
        let regions: Vec<String> =
            [tree.city()].into_iter().chain(tree.counties()).map(|one| one.code.clone()).collect();
        let known: Vec<String> = reference.catalogue.elements().map(|element| element.code.clone()).collect();
        Ok((Arc::new(cut), Arc::new(regions), known))
    })?;
    if let Some(stranger) = ask.elements.iter().find(|code| !known.contains(code)) {
        return Err(Problem::field("elements", "ELEMENT_UNKNOWN", format!("目录中没有数据元“{stranger}”")));
    }
    let mut elements = if ask.elements.is_empty() { known } else { ask.elements };
    let mut seen = HashSet::new();
    elements.retain(|code| seen.insert(code.clone()));
    let header = wire::FigureHeader {
        as_of: kit::clock::rfc3339(moment.at),
        cut: cut.entries().into_iter().map(crate::grpc::cut).collect(),
        regions: regions.to_vec(),
    };
    let header = wire::ReadFiguresResponse { item: Some(Item::Header(header)) };
    let state = state.clone();
    let wanted = elements
        .into_iter()
        .flat_map(move |element| periods.clone().into_iter().map(move |period| (element.clone(), period)));
    let columns = wanted.filter_map(move |(element, period)| {
        let column = state.cube(|cube| {
            // An operator may have given up a stream while this one is read.
            if let Some(bureau) = cube.given_up(&cut) {
                let title = contract::bureau::title(&bureau);
                return Err(Problem::state("CUT_STREAM_GONE", format!("{title}的数据流刚被更换，请重新读取")));
            }
            Ok(column(cube, &cut, &regions, &element, period))
        });
        let column = column.map_err(Status::from).transpose()?;
        Some(column.map(|column| wire::ReadFiguresResponse { item: Some(Item::Column(column)) }))
    });
    Ok(Box::pin(tokio_stream::iter(std::iter::once(Ok(header)).chain(columns))))
}

fn periods(from: &str, to: &str) -> Result<Vec<Period>> {
    let read = |field: &str, text: &str| {
        text.parse::<Period>().map_err(|error| Problem::field(field, PeriodError::REASON, error.to_string()))
    };
    let (from, to) = (read("from", from)?, read("to", to)?);
    from.through(to).filter(|periods| periods.len() <= PERIODS).ok_or_else(|| {
        let message = format!("起止报告期应为同一种、先后有序，且不超过{PERIODS}期");
        Problem::field("to", "PERIOD_RANGE", message)
    })
}

/// One element in one period; None where nobody said anything.
pub fn column(cube: &Cube, cut: &Cut, regions: &[String], element: &str, period: Period) -> Option<wire::FigureColumn> {
    let mut column = wire::FigureColumn::default();
    let mut said_something = false;
    for (place, told) in (0..).zip(cube.column(element, regions, period, cut)) {
        let Some((said, printed)) = told else { continue };
        said_something = true;
        match said {
            Said::Value(value) => {
                column.regions.push(place);
                column.values.push(value);
                if printed {
                    column.printed.push(place);
                }
            }
            Said::NotApplicable => column.not_applicable.push(place),
            Said::Exempt => column.exempt.push(place),
            Said::Withdrawn => {}
        }
    }
    said_something.then(|| wire::FigureColumn { element: element.to_owned(), period: period.to_string(), ..column })
}
