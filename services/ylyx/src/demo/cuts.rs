//! What the coordination office fixed along the way: cuts with names, each of the evening on which the office made it.

use std::path::Path;
use std::sync::Arc;

use city::bundle::City;
use gateway::arrival::Customs;
use gateway::cuts::desk::{By, explain, make_of};
use gateway::state::State;
use jiff::civil::{Date, date};
use kit::{Clock, Db, Problem, Result};
use trust::{KeyRing, SigningKey};

use crate::suite::BUREAUS;

/// Name, period, mode, day.
const CUTS: [(&str, &str, &str, Date); 5] = [
    ("2025年终期评估定版", "2025", "complete", date(2026, 4, 10)),
    ("2026年8月调度定版", "2026-08", "complete", date(2026, 9, 10)),
    ("2026年9月调度定版", "2026-09", "reported", date(2026, 10, 10)),
    ("2026年10月调度定版", "2026-10", "reported", date(2026, 11, 10)),
    ("2026年10月预计定版", "2026-10", "carry_forward", date(2026, 11, 11)),
];

/// Why two targets of 2025 were not met, in the office's words.
const REASONS: [(&str, &str); 2] = [
    ("C08", "新入职护理人员培训周期长，华宁、元江两县年底尚有人员未取得证书，已列入2026年上半年培训计划。"),
    ("C03", "华宁县、峨山县老旧社区缺少场地，2026年起利用闲置办公用房改建，年内补齐。"),
];

const OFFICE: By<'_> = By { id: "taskforce", name: "陈某某" };

/// Makes them in the gateway's own store, while no gateway runs on it. `location`: of its database.
pub(super) async fn make(data: &Path, location: &str, city: &Arc<City>) -> Result<()> {
    let clock = Clock::set_to(evening(CUTS[0].3)?);
    let customs = Customs { city: city.clone(), keys: KeyRing::load(&data.join("keys"))?, accept_synthetic: true };
    let key = SigningKey::load_or_create(&data.join("trust/gateway/signing.key"))?;
    let names = BUREAUS.iter().map(|bureau| bureau.name.to_owned());
    let db = Db::open(location).await?;
    let state = State::open(db.clone(), clock.clone(), customs, key, names).await?;
    for (name, period, mode, day) in CUTS {
        clock.move_to(evening(day)?);
        let cut = make_of(&state, name, period, mode, Some(clock.micros()), OFFICE).await?;
        if period == "2025" {
            for (indicator, reason) in REASONS {
                explain(&state, &cut, indicator, reason, OFFICE).await?;
            }
        }
    }
    db.close().await;
    Ok(())
}

fn evening(day: Date) -> Result<jiff::Timestamp> {
    Ok(day.at(18, 0, 0, 0).in_tz(kit::clock::ZONE).map_err(Problem::internal)?.timestamp())
}
