//! Monthly reports at the door: a form becomes a checked statement, and reports become messages.

use city::period::Period;
use proto::finance as wire;
use registry::{Bureau, Cells, Coded, Fault};

use super::store::Placed;
use super::{Obstacle, Statement};
use crate::money;

/// Reads a form.
pub fn read(bureau: &Bureau, request: &wire::SubmitProgressRequest) -> Result<Statement, Vec<Fault>> {
    let mut cells = Cells::default();
    let text = |text: &str| text.trim().to_owned();
    let period = cells.take(month(bureau, &request.period));
    let month_fen = cells.take(money::not_negative("month_fen", "本月完成投资", request.month_fen));
    let cumulated_fen = cells.take(money::not_negative("cumulated_fen", "累计完成投资", request.cumulated_fen));
    let obstacle: Option<Obstacle> = cells.coded("obstacle", "存在问题", request.obstacle().as_str_name(), "OBSTACLE_");
    let obstacle_text = text(&request.obstacle_text);
    if obstacle.is_some_and(|obstacle| obstacle != Obstacle::None) && obstacle_text.is_empty() {
        cells.faults.push(Fault::cell("obstacle_text", "FIELD_MISSING", "存在问题的，请填写问题说明"));
    }
    match (period, month_fen, cumulated_fen, obstacle) {
        (Some(period), Some(month_fen), Some(cumulated_fen), Some(obstacle)) if cells.faults.is_empty() => {
            Ok(Statement {
                period,
                picture: text(&request.picture),
                month_fen,
                cumulated_fen,
                obstacle,
                obstacle_text,
                next_step: text(&request.next_step),
                explanation: text(&request.explanation),
            })
        }
        _ => Err(cells.faults),
    }
}

/// A month that has begun: PERIOD_NOT_MONTH, PERIOD_IN_FUTURE.
fn month(bureau: &Bureau, text: &str) -> Result<Period, Fault> {
    let Ok(period @ Period::Month(..)) = text.trim().parse() else {
        return Err(Fault::cell("period", "PERIOD_NOT_MONTH", format!("月份“{text}”应写作2025-10的形式")));
    };
    if period.first_day() > bureau.clock.today() {
        return Err(Fault::cell("period", "PERIOD_IN_FUTURE", format!("{period}尚未开始")));
    }
    Ok(period)
}

/// The message of a report.
pub fn message(placed: Placed) -> wire::Progress {
    let Placed { report, project_name, region } = placed;
    let statement = report.statement;
    wire::Progress {
        id: report.id.to_string(),
        version: u64::try_from(report.version).unwrap_or_default(),
        project_id: report.project_id.to_string(),
        project_name,
        region,
        period: statement.period.to_string(),
        state: wire::ProgressState::from_str_name(&format!("PROGRESS_STATE_{}", report.state.code()))
            .unwrap_or_default() as i32,
        picture: statement.picture,
        month_fen: statement.month_fen,
        cumulated_fen: statement.cumulated_fen,
        obstacle: wire::Obstacle::from_str_name(&format!("OBSTACLE_{}", statement.obstacle.code())).unwrap_or_default()
            as i32,
        obstacle_text: statement.obstacle_text,
        next_step: statement.next_step,
        explanation: statement.explanation,
        submitted_by: report.submitted_by.name,
        confirmed_by: report.confirmed_by,
    }
}
