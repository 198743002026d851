//! 任务看板: the task ledger at a glance, the plan's groups as rows and a tile for each task. What a tile says is what the
//! ledger says; nothing is judged here.

use askama::Template;
use contract::columns::label_of;
use kit::{Problem, Result};
use proto::supervision::{Lamp as LedgerLamp, LedgerTask, TaskState};

use super::Frame;
use super::page::Page;
use super::words::Lamp;

/// What the board shows.
#[derive(Clone, Copy, Debug)]
pub struct Board<'a> {
    pub tasks: &'a [LedgerTask],
    /// Code and name in the plan of every unit that is named.
    pub units: &'a [(String, String)],
    /// A unit's code; empty: all.
    pub unit: &'a str,
    /// A lamp's code; empty: all.
    pub lamp: &'a str,
    pub today: &'a str,
}

/// Lamps with their words, the worst first.
const LAMPS: [(LedgerLamp, &str, &str); 6] = [
    (LedgerLamp::Red, "red", "严重滞后"),
    (LedgerLamp::Yellow, "yellow", "滞后"),
    (LedgerLamp::Grey, "grey", "未报"),
    (LedgerLamp::Green, "green", "正常"),
    (LedgerLamp::Blue, "done", "已销号"),
    (LedgerLamp::Unspecified, "off", "不评灯"),
];

/// The board as a page.
pub fn board(frame: &Frame, it: &Board<'_>) -> Result<String> {
    let of_unit = |task: &&LedgerTask| it.unit.is_empty() || task.units.iter().any(|unit| unit == it.unit);
    let tasks: Vec<&LedgerTask> = it.tasks.iter().filter(of_unit).collect();
    let total = tasks.len();
    let tally: Vec<Tally> = LAMPS
        .iter()
        .map(|(lamp, code, word)| Tally {
            lamp: Lamp { code, word },
            count: tasks.iter().filter(|task| task.lamp() == *lamp).count(),
        })
        .collect();
    let shown = tasks.into_iter().filter(|task| it.lamp.is_empty() || lamp_of(task).code == it.lamp);
    let mut groups: Vec<Group> = Vec::new();
    for task in shown {
        let title = format!("{}. {}", task.group, task.group_name);
        if groups.last().is_none_or(|group| group.title != title) {
            groups.push(Group { title, tiles: Vec::new() });
        }
        if let Some(group) = groups.last_mut() {
            group.tiles.push(Tile::of(task, it.units));
        }
    }
    BoardPage {
        page: Page::bare(Some(frame)),
        total,
        done: tally[4].count,
        late: tally[0].count + tally[1].count,
        tally,
        groups,
        units: it.units,
        unit: it.unit,
        lamp: it.lamp,
        today: it.today,
    }
    .render()
    .map_err(Problem::internal)
}

#[derive(Template)]
#[template(path = "board.html")]
struct BoardPage<'a> {
    page: Page,
    total: usize,
    done: usize,
    late: usize,
    tally: Vec<Tally>,
    groups: Vec<Group>,
    units: &'a [(String, String)],
    unit: &'a str,
    lamp: &'a str,
    today: &'a str,
}

struct Tally {
    lamp: Lamp,
    count: usize,
}

struct Group {
    title: String,
    tiles: Vec<Tile>,
}

struct Tile {
    id: String,
    name: String,
    lamp: Lamp,
    content: String,
    state: String,
    unit: String,
    /// How many more units are named.
    others: usize,
    percent: Option<i64>,
    expected: i64,
    due: String,
    /// Units whose report that is due is missing.
    silent: usize,
}

impl Tile {
    fn of(task: &LedgerTask, units: &[(String, String)]) -> Self {
        let name = |code: &String| units.iter().find(|(known, _)| known == code).map_or(code, |(_, name)| name).clone();
        Tile {
            id: task.id.clone(),
            name: task.name.clone(),
            lamp: lamp_of(task),
            content: task.content.clone(),
            state: label_of("ylyx.supervision.v1.TaskState", task.state).unwrap_or_default(),
            unit: task.units.first().map(name).unwrap_or_default(),
            others: task.units.len().saturating_sub(1),
            percent: if task.state() == TaskState::Done { Some(100) } else { task.percent },
            expected: task.expected_percent.clamp(0, 100),
            due: task.due.clone(),
            silent: task.missing_units.len(),
        }
    }
}

fn lamp_of(task: &LedgerTask) -> Lamp {
    let found = LAMPS.iter().find(|(lamp, ..)| *lamp == task.lamp());
    let (_, code, word) = found.unwrap_or(&LAMPS[5]);
    Lamp { code, word: if task.overdue && *code == "red" { "逾期" } else { word } }
}
