//! What the suite costs beside its limits, in one program: A and B in turn, several rounds, the median of the rounds'
//! ratios with the smallest and the largest. `cargo bench -p suite-tests` prints the table; with a path behind `--` it
//! is written there. `-- security` measures what protecting people costs; its table replaces the one between the marks
//! of a file.
//!
//! Nothing here passes or fails: a machine is noisy, and a test that times is a test that lies.

mod compute;
mod cube;
mod figures;
mod import;
mod security;
mod sheet;
mod up;
mod view;
mod visible;

use std::fmt::Write;
use std::time::{Duration, Instant};

/// Rounds of everything that is a ratio.
pub(crate) const ROUNDS: usize = 7;

/// One line of the table.
pub(crate) struct Line {
    pub what: String,
    pub limit: String,
    /// Already in words: a ratio with its spread, or a measure that stands by itself.
    pub figure: String,
    pub aim: &'static str,
    pub note: String,
}

/// A ratio in thousandths, round by round.
pub(crate) struct Ratio(Vec<u128>);

impl Ratio {
    /// How many times as long the limit takes: 1.000 when ours is as fast.
    pub(crate) fn of(rounds: &[(Duration, Duration)]) -> Self {
        let mut all: Vec<u128> =
            rounds.iter().map(|(ours, limit)| limit.as_nanos() * 1000 / ours.as_nanos().max(1)).collect();
        all.sort_unstable();
        Ratio(all)
    }

    pub(crate) fn words(&self) -> String {
        let shown = |value: u128| format!("{}.{:02}", value / 1000, value % 1000 / 10);
        let (first, last) = (self.0[0], self.0[self.0.len() - 1]);
        format!("{} ({}–{})", shown(self.0[self.0.len() / 2]), shown(first), shown(last))
    }
}

pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let begin = Instant::now();
    let made = work();
    (made, begin.elapsed())
}

pub(crate) fn micros(time: Duration) -> String {
    format!("{} µs", time.as_micros())
}

/// The value below which so many hundredths of the sorted values lie.
pub(crate) fn quantile(times: &mut [Duration], hundredths: usize) -> Duration {
    times.sort_unstable();
    times[(times.len() * hundredths / 100).min(times.len() - 1)]
}

fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let of = |text: &str, key: &str| {
        let line = text.lines().find(|line| line.starts_with(key)).unwrap_or_default().to_owned();
        line.split_once(':').map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    };
    let (cpu, memory) = (read("/proc/cpuinfo"), read("/proc/meminfo"));
    let cores = cpu.lines().filter(|line| line.starts_with("processor")).count();
    let gigabytes = of(&memory, "MemTotal").trim_end_matches(" kB").parse::<u64>().unwrap_or(0) / 1_048_576;
    format!("{cores} cores of {}, {gigabytes} GB; SQLite in WAL with synchronous=FULL", of(&cpu, "model name"))
}

/// Rows that the register holds before the last measurement of its growth, where nothing else is asked.
const DEEP: usize = 1_000_000;

/// People whose records are looked up, where nothing else is asked.
const PEOPLE: usize = 400_000;
/// What stands before and after a table that is a part of a file.
const MARKS: [&str; 2] = ["<!-- measured -->\n", "<!-- /measured -->"];

fn main() {
    // A number is how deep a register grows, the word `security` the other table, anything else a file for the table.
    let mut given: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let security = given.iter().any(|word| word == "security");
    given.retain(|word| word != "security");
    let number = given.iter().find_map(|argument| argument.parse().ok());
    let file = given.iter().find(|argument| argument.parse::<usize>().is_err());
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let text = if security {
        let lines = runtime.block_on(security::measure(number.unwrap_or(PEOPLE)));
        let table = table("cargo bench -p suite-tests -- security", lines);
        match file.and_then(|path| std::fs::read_to_string(path).ok()) {
            Some(whole) => replaced(&whole, &table),
            None => table,
        }
    } else {
        format!("# Measured\n\n{}", table("cargo bench -p suite-tests", suite(&runtime, number.unwrap_or(DEEP))))
    };
    match file {
        Some(path) => std::fs::write(path, text).unwrap_or_else(|error| panic!("{path}: {error}")),
        None => println!("{text}"),
    }
}

/// What the suite costs.
fn suite(runtime: &tokio::runtime::Runtime, deep: usize) -> Vec<Line> {
    let mut lines = vec![cube::measure()];
    lines.push(runtime.block_on(figures::measure()));
    lines.extend(runtime.block_on(async {
        let mut lines = view::measure().await;
        lines.extend(import::measure(deep).await);
        lines.push(sheet::measure());
        lines.extend(compute::measure().await);
        lines.push(visible::measure().await);
        lines
    }));
    lines.extend(up::measure());
    lines
}

/// The lines with the machine and the command that measured them.
fn table(command: &str, lines: Vec<Line>) -> String {
    let mut table = format!(
        "One run of `{command}`; {}. Ratios are limit over ours, median of {ROUNDS} rounds \
         (smallest–largest): 1.00 is as fast as the limit.\n\n| what | limit | figure | aim | what ours does more |\n\
         |---|---|---|---|---|\n",
        machine()
    );
    for line in lines {
        let Line { what, limit, figure, aim, note } = line;
        let _ = writeln!(table, "| {what} | {limit} | {figure} | {aim} | {note} |");
    }
    table
}

/// A file with the table in place of the one between its marks.
fn replaced(whole: &str, table: &str) -> String {
    let [begin, end] = MARKS;
    let (before, rest) = whole.split_once(begin).expect("the mark before the table");
    let (_, after) = rest.split_once(end).expect("the mark after the table");
    format!("{before}{begin}{table}{end}{after}")
}
