//! Thirteen elements of every county of the country over sixty months as the packed columns of `ReadFigures`, beside the
//! same columns ready-made.

use std::sync::Arc;
use std::time::{Duration, Instant};

use city::period::Period;
use gateway::cube::Cube;
use gateway::figures::{self, Columns};
use prost::Message;
use proto::gateway::indicator_service_client::IndicatorServiceClient;
use proto::gateway::read_figures_response::Item;
use proto::gateway::{CountyTable, FigureColumn, ReadFiguresRequest, ReadFiguresResponse};
use proto::reporting::publication::Body;
use proto::reporting::{Figures, Observation, Publication, PublicationKind, RegionFigures};
use suite_tests::suite::{Engine, Running};
use tonic::transport::Channel;

use super::view::{Echo, echo};
use super::{Line, ROUNDS, Ratio};

const COUNTIES: u32 = 2_843;
const MONTHS: i16 = 60;
const ELEMENTS: usize = 13;

pub(crate) async fn measure() -> Line {
    let running = Running::start(Engine::Sqlite, None).await;
    let regions: Arc<Vec<String>> = Arc::new((0..COUNTIES).map(|n| format!("{:06}", 110_000 + n)).collect());
    let elements: Vec<String> = (0..ELEMENTS).map(|n| format!("bench.element.{n}")).collect();
    let periods: Vec<Period> = (0..MONTHS).map(|back| Period::Month(2026, 10).month_back(back)).collect();
    let cube = Arc::new(filled(&regions, &elements, &periods));
    let cut = Arc::new(cube.cut(None));
    let wanted: Vec<(String, Period)> =
        elements.iter().flat_map(|element| periods.iter().map(move |period| (element.clone(), *period))).collect();
    let (many, held) = (wanted.len() * regions.len(), cube.len());
    let made = move || {
        let (cube, cut, regions) = (cube.clone(), cut.clone(), regions.clone());
        let column =
            move |(element, period): (String, Period)| figures::column(&cube, &cut, &regions, &element, period);
        wanted.clone().into_iter().filter_map(column)
    };
    let ready: Vec<FigureColumn> = made().collect();
    let bytes: usize = ready.iter().map(Message::encoded_len).sum();
    let largest = ready.iter().map(Message::encoded_len).max().unwrap_or(0);
    let mut ours = serving(&running, made).await;
    let mut limit = serving(&running, move || ready.clone().into_iter()).await;
    let (mut rounds, mut fastest) = (Vec::new(), Duration::MAX);
    for _ in 0..ROUNDS {
        let (mine, theirs) = (read(&mut ours, many).await, read(&mut limit, many).await);
        fastest = fastest.min(mine);
        rounds.push((mine, theirs));
    }
    Line {
        what: format!("{COUNTIES} counties × {MONTHS} months × {ELEMENTS} elements, packed and streamed"),
        limit: "the same columns ready-made, same mTLS".into(),
        figure: Ratio::of(&rounds).words(),
        aim: "—",
        note: format!(
            "each of {many} figures looked up at a cut among {held}; {} kB, no message above {} kB; {} ms at best",
            bytes / 1000,
            largest.div_ceil(1000),
            fastest.as_millis()
        ),
    }
}

/// A service that streams the columns that `make` gives.
async fn serving<I: Iterator<Item = FigureColumn> + Send + 'static>(
    running: &Running,
    make: impl Fn() -> I + Send + Sync + 'static,
) -> IndicatorServiceClient<Channel> {
    let answer = |column| Ok(ReadFiguresResponse { item: Some(Item::Column(column)) });
    let columns = Box::new(move || -> Columns { Box::pin(tokio_stream::iter(make().map(answer))) });
    IndicatorServiceClient::new(echo(running, Echo { table: CountyTable::default(), columns }).await)
}

/// Reads all columns, and counts the figures in them.
async fn read(client: &mut IndicatorServiceClient<Channel>, expected: usize) -> Duration {
    let begin = Instant::now();
    let mut stream = client.read_figures(ReadFiguresRequest::default()).await.expect("columns").into_inner();
    let mut figures = 0;
    while let Some(answer) = stream.message().await.expect("a column") {
        if let Some(Item::Column(column)) = answer.item {
            figures += column.values.len();
        }
    }
    assert_eq!(figures, expected);
    begin.elapsed()
}

fn filled(regions: &[String], elements: &[String], periods: &[Period]) -> Cube {
    let mut cube = Cube::default();
    for (sequence, period) in (1..).zip(periods) {
        let figures = regions.iter().map(|region| RegionFigures {
            region: region.clone(),
            revision: 1,
            observations: elements
                .iter()
                .map(|element| Observation {
                    element: element.clone(),
                    region: region.clone(),
                    period: period.to_string(),
                    value: Some(12_345),
                    ..Observation::default()
                })
                .collect(),
            ..RegionFigures::default()
        });
        let publication = Publication {
            bureau: "bench".to_owned(),
            stream_id: "bench".to_owned(),
            sequence,
            kind: PublicationKind::Final as i32,
            form: "bench".to_owned(),
            period: period.to_string(),
            body: Some(Body::Figures(Figures { regions: figures.collect() })),
            ..Publication::default()
        };
        cube.take(&publication).expect("taken");
    }
    cube
}
