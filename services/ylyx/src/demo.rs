//! The demonstration city: a synthetic Yuxi that lives from the end of 2020 to the autumn of 2026 through the suite's own
//! doors. Its people sign, its bureaus check and publish, and every state comes from the services' own rules; only the
//! clocks are moved. What it publishes is marked as synthetic inside what is signed.
//!
//! The same seed gives the same figures. The five bureaus live side by side, each with a clock of its own.

mod cuts;
mod growth;
mod incidents;
mod office;
mod records;
mod reports;
mod typed;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use city::bundle::City;
use fastrand::Rng;
use jiff::civil::Date;
use kit::{Clock, Problem, Result};
use serde::{Deserialize, Serialize};

use proto::gateway::ListBureausRequest;
use proto::gateway::indicator_service_client::IndicatorServiceClient;

use crate::suite::{BUREAUS, Suite, SuiteOptions, operator_files};
use growth::months;
use office::Office;
use records::childcare::Childcare;
use records::education::Education;
use records::elderly_care::ElderlyCare;
use records::finance::Finance;
use records::supervision::Supervision;
use reports::{Desk, next_month};

/// Marks a data folder as a demonstration.
const MARKER: &str = "demo.toml";

/// The seed of the city that everybody shows.
pub const SEED: u64 = 2025;

#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[arg(long, value_name = "DIR", default_value = "./demo", help = "数据目录（须为空或不存在）")]
    pub data: std::path::PathBuf,
    #[arg(long, value_name = "N", default_value_t = SEED, help = "随机种子：同一种子，同一城市")]
    pub seed: u64,
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=100), help = "台账记录数的倍数：1、10、100")]
    pub scale: u16,
}

/// What a demonstration folder was made with, and whether it was finished.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Made {
    pub seed: u64,
    pub scale: u16,
    /// False while it is being made, so that half a city is never shown as a whole one.
    pub complete: bool,
}

/// What a data folder holds: None where it is no demonstration. DEMO_UNREADABLE.
pub fn made(data: &Path) -> Result<Option<Made>> {
    match std::fs::read_to_string(data.join(MARKER)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(crate::file_problem(&data.join(MARKER), error)),
        Ok(text) => toml::from_str(&text)
            .map(Some)
            .map_err(|error| Problem::field("data", "DEMO_UNREADABLE", format!("{MARKER} 内容有误：{error}"))),
    }
}

/// Refuses to open a folder as what it is not: DEMO_FOLDER, NOT_A_DEMO_FOLDER, DEMO_INCOMPLETE.
pub fn check(data: &Path, demo: bool) -> Result<()> {
    let refuse = |reason, message: &str| Err(Problem::field("data", reason, format!("{} {message}", data.display())));
    match (made(data)?, demo) {
        (Some(_), false) => refuse("DEMO_FOLDER", "里是演示数据，请用 ylyx up --demo 打开，或换一个数据目录"),
        (Some(made), true) if !made.complete => {
            refuse("DEMO_INCOMPLETE", "里的演示城市没有生成完，请删除该目录后重新生成")
        }
        (None, true) if data.join("trust").exists() => {
            refuse("NOT_A_DEMO_FOLDER", "里是正式数据，不能作为演示打开，请换一个数据目录")
        }
        _ => Ok(()),
    }
}

/// `ylyx demo`.
pub async fn command(args: Args) -> Result<ExitCode> {
    let _telemetry = kit::telemetry::start("demo");
    check(&args.data, true)?;
    if made(&args.data)?.is_some() {
        println!("{} 里已有演示城市", args.data.display());
        return Ok(ExitCode::SUCCESS);
    }
    make(&args.data, args.seed, args.scale, None).await?;
    println!("演示城市已生成，打开：ylyx up --demo --data {}", args.data.display());
    Ok(ExitCode::SUCCESS)
}

/// Fills an empty folder. `databases`: bureau → PostgreSQL URL, where not SQLite.
pub async fn make(data: &Path, seed: u64, scale: u16, databases: Option<BTreeMap<String, String>>) -> Result<()> {
    mark(data, Made { seed, scale, complete: false })?;
    let city = City::embedded();
    let start = Date::constant(2021, 1, 5).at(1, 0, 0, 0).in_tz(kit::clock::ZONE).map_err(Problem::internal)?;
    let clocks: BTreeMap<String, Clock> =
        BUREAUS.iter().map(|bureau| (bureau.name.to_owned(), Clock::set_to(start.timestamp()))).collect();
    let databases = databases.unwrap_or_default();
    let own = data.join("gateway/gateway.db").to_string_lossy().into_owned();
    let gateway_database = databases.get("gateway").cloned().unwrap_or(own);
    let suite = Suite::start(SuiteOptions {
        synthetic: true,
        clocks: clocks.clone(),
        database: databases,
        ..SuiteOptions::on_free_ports(data)
    })
    .await?;
    let lived = live(&suite, &city, &clocks, seed, usize::from(scale)).await;
    let followed = match &lived {
        Ok(published) => followed(&suite, published).await,
        Err(_) => Ok(()),
    };
    suite.stop().await?;
    lived?;
    followed?;
    cuts::make(data, &gateway_database, &city).await?;
    mark(data, Made { seed, scale, complete: true })
}

fn mark(data: &Path, made: Made) -> Result<()> {
    let path = data.join(MARKER);
    std::fs::create_dir_all(data).map_err(|error| crate::file_problem(data, error))?;
    let text = toml::to_string(&made).map_err(Problem::internal)?;
    std::fs::write(&path, text).map_err(|error| crate::file_problem(&path, error))
}

/// All bureaus live through the years; the last sequence that each published.
async fn live(
    suite: &Suite,
    city: &Arc<City>,
    clocks: &BTreeMap<String, Clock>,
    seed: u64,
    scale: usize,
) -> Result<BTreeMap<&'static str, u64>> {
    let office = |bureau: &'static str| Office::open(suite, bureau, city, clocks[bureau].clone(), scale);
    let lives = tokio::try_join!(
        tokio::spawn(elderly_care(office("elderly-care")?, seed)),
        tokio::spawn(childcare(office("childcare")?, seed)),
        tokio::spawn(education(office("education")?, seed)),
        tokio::spawn(finance(office("finance")?)),
        tokio::spawn(supervision(office("supervision")?)),
    );
    let (a, b, c, d, e) = lives.map_err(Problem::internal)?;
    Ok(BTreeMap::from([
        ("elderly-care", a?),
        ("childcare", b?),
        ("education", c?),
        ("finance", d?),
        ("supervision", e?),
    ]))
}

/// The day on which a month's records are entered.
fn entered(month: (i16, i8)) -> Date {
    next_month(month).with().day(3).build().unwrap_or_default()
}

async fn elderly_care(office: Office, seed: u64) -> Result<u64> {
    let mut records = ElderlyCare::plan(&office, &mut Rng::with_seed(seed));
    let mut desk = Desk::of(&office);
    records.month(&office, (2020, 12)).await?;
    for month in months() {
        office.at(entered(month), 9);
        records.month(&office, month).await?;
        desk.month(month).await?;
    }
    Ok(desk.published)
}

async fn childcare(office: Office, seed: u64) -> Result<u64> {
    let mut records = Childcare::plan(&office, Rng::with_seed(seed ^ 1));
    let mut desk = Desk::of(&office);
    records.of_2020(&office).await?;
    for month in months() {
        office.at(entered(month), 9);
        records.month(&office, month).await?;
        desk.month(month).await?;
    }
    records.today(&office).await?;
    Ok(desk.published)
}

async fn education(office: Office, seed: u64) -> Result<u64> {
    let mut records = Education::plan(&office, Rng::with_seed(seed ^ 2));
    let mut desk = Desk::of(&office);
    records.of_2020(&office).await?;
    for month in months() {
        office.at(entered(month), 9);
        records.month(&office, month).await?;
        desk.month(month).await?;
    }
    Ok(desk.published)
}

async fn finance(office: Office) -> Result<u64> {
    let mut records = Finance::plan(&office).await?;
    let mut desk = Desk::of(&office);
    for month in months() {
        office.at(entered(month), 9);
        records.month(&office, month).await?;
        desk.month(month).await?;
    }
    Ok(desk.published)
}

async fn supervision(office: Office) -> Result<u64> {
    let mut records = Supervision::plan(&office);
    let mut desk = Desk::of(&office);
    for month in months() {
        office.at(entered(month), 9);
        records.month(&office, month).await?;
        desk.month(month).await?;
    }
    Ok(desk.published)
}

/// Until the gateway has everything that was published.
async fn followed(suite: &Suite, published: &BTreeMap<&'static str, u64>) -> Result<()> {
    let tls = trust::Tls::load(&operator_files(&suite.data))?;
    let channel = trust::channel(&suite.endpoints["gateway"], "gateway", &tls)?;
    let mut gateway = IndicatorServiceClient::new(channel);
    let mut tick = tokio::time::interval(Duration::from_millis(100));
    for _ in 0..3_000 {
        tick.tick().await;
        let answer = gateway.list_bureaus(ListBureausRequest {}).await.map_err(Problem::internal)?;
        let known = answer.into_inner().bureaus;
        let arrived =
            |(bureau, last): (&&str, &u64)| known.iter().any(|one| one.name == **bureau && one.sequence >= *last);
        if published.iter().all(arrived) {
            return Ok(());
        }
    }
    Err(Problem::internal("the gateway did not follow to the end"))
}
