//! Since when, and will it arrive: the value as a solid line against the target path, dashed. The words stand on the
//! lines; a period without a value breaks the line, because what is not known is not drawn.

use city::decimal::Decimal;
use city::period::Period;
use jiff::civil::{Date, date};

use super::bullet::{Tenths, units};
use super::facts::final_target;
use super::labels::{Area, Label, Placed, Side, place};
use super::words::{figure_in, grouped, period_title, with_unit};
use crate::view::{IndicatorView, SeriesPoint};

/// A canvas: a chart with text is drawn twice, never shrunk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub(super) class: &'static str,
    pub(super) width: i64,
    pub(super) height: i64,
    pub(super) font: i64,
    /// A tick every so many years.
    years: usize,
}

pub(super) const WIDE: Size = Size { class: "chart--wide", width: 900, height: 400, font: 14, years: 1 };
pub(super) const NARROW: Size = Size { class: "chart--narrow", width: 360, height: 320, font: 13, years: 2 };

impl Size {
    /// A period on a line: on a narrow chart the month alone, for the axis tells the year.
    fn name(&self, period: &str) -> String {
        match period.parse() {
            Ok(Period::Month(_, month)) if self.years > 1 => format!("{month}月"),
            _ => period_title(period),
        }
    }
}

/// Lines that a chart may have across, the axis not counted.
const GRID: i64 = 6;

/// A chart with everything at its place.
#[derive(Clone, Debug)]
pub(super) struct Chart {
    pub(super) size: Size,
    pub(super) label: String,
    pub(super) left: Tenths,
    pub(super) right: Tenths,
    pub(super) bottom: Tenths,
    pub(super) grid: Vec<Tick>,
    pub(super) years: Vec<Tick>,
    pub(super) path: String,
    pub(super) lines: Vec<String>,
    pub(super) dots: Vec<(Tenths, Tenths)>,
    pub(super) last: Option<(Tenths, Tenths)>,
    pub(super) milestones: Vec<(Tenths, Tenths)>,
    /// From the last value to where the path stands.
    pub(super) gap: Option<(Tenths, Tenths, Tenths)>,
    pub(super) texts: Vec<(Placed, Tenths, Tenths)>,
}

#[derive(Clone, Debug)]
pub(super) struct Tick {
    pub(super) at: Tenths,
    pub(super) text: String,
}

/// A number at the end of a period.
#[derive(Clone, Copy, Debug)]
struct Mark {
    day: Date,
    number: i64,
}

/// What there is to draw, in units of 10^-scale.
struct Data {
    scale: u8,
    values: Vec<(String, Date, Option<i64>)>,
    path: Vec<Mark>,
    milestones: Vec<(Mark, String)>,
}

/// None when there is neither a value nor a path.
pub(super) fn chart(size: &Size, indicator: &IndicatorView, series: &[SeriesPoint]) -> Option<Chart> {
    let data = data(indicator, series)?;
    let axes = axes(size, &data)?;
    let at = |mark: &Mark| axes.at(mark);
    let known: Vec<(&String, Mark)> = data
        .values
        .iter()
        .filter_map(|(period, day, number)| Some((period, Mark { day: *day, number: (*number)? })))
        .collect();
    let runs: Vec<Vec<(i64, i64)>> = data
        .values
        .split(|(_, _, number)| number.is_none())
        .map(|run| {
            run.iter().filter_map(|(_, day, number)| Some(at(&Mark { day: *day, number: (*number)? }))).collect()
        })
        .filter(|run: &Vec<(i64, i64)>| !run.is_empty())
        .collect();
    let path: Vec<(i64, i64)> = data.path.iter().map(at).collect();
    let last = known.last().map(|(period, mark)| (*period, *mark, at(mark)));
    let owed = last.and_then(|(_, mark, (x, y))| {
        let expected = data.path.iter().find(|path| path.day == mark.day)?;
        let late = matches!(indicator.lamp.as_str(), "red" | "yellow") && expected.number > mark.number;
        late.then(|| (x, y, axes.at(expected).1))
    });

    let labels = labels(indicator, &data, &axes, last.map(|(period, mark, _)| (size.name(period), mark)), owed, &runs);
    let mut ink = runs.clone();
    ink.push(path.clone());
    let bounds = Area { left: axes.left + 40, top: 0, right: size.width * 10, bottom: axes.bottom };

    let point = |(x, y): (i64, i64)| (Tenths(x), Tenths(y));
    Some(Chart {
        size: *size,
        label: spoken(indicator, last.map(|(period, ..)| period)),
        left: Tenths(axes.left),
        right: Tenths(axes.right),
        bottom: Tenths(axes.bottom),
        grid: axes.grid(&indicator.unit),
        years: axes.years(size.years),
        path: drawn(&path),
        lines: runs.iter().filter(|run| run.len() > 1).map(|run| drawn(run)).collect(),
        dots: dots(&data, &runs, &axes).into_iter().map(point).collect(),
        last: last.map(|(.., at)| point(at)),
        milestones: data.milestones.iter().map(|(mark, _)| point(at(mark))).collect(),
        gap: owed.map(|(x, from, to)| (Tenths(x), Tenths(from), Tenths(to))),
        texts: place(labels, &ink, &bounds, size.font * 10)
            .into_iter()
            .map(|placed| (placed.clone(), Tenths(placed.x), Tenths(placed.y)))
            .collect(),
    })
}

/// The words on the lines, the most important first.
fn labels(
    indicator: &IndicatorView,
    data: &Data,
    axes: &Axes,
    last: Option<(String, Mark)>,
    owed: Option<(i64, i64, i64)>,
    runs: &[Vec<(i64, i64)>],
) -> Vec<Label> {
    let label = |text: String, class, at, side| Label { text, class, at, side, optional: false };
    let mut labels = Vec::new();
    if let Some((period, mark)) = last {
        let side = if owed.is_some() { Side::Below } else { Side::Either };
        labels.push(label(format!("{period} {}", axes.number(mark.number)), "acc", axes.at(&mark), side));
    }
    if let Some((x, _, top)) = owed {
        let expected = figure_in(indicator.expected.as_deref(), &indicator.unit);
        labels.push(label(format!("低于序时应达 {expected}"), "bad", (x, top), Side::Above));
    }
    for (mark, text) in data.milestones.iter().rev() {
        labels.push(label(text.clone(), "strong", axes.at(mark), Side::Either));
    }
    if let (Some(baseline), Some(first)) = (indicator.baseline.as_deref(), data.path.first()) {
        labels.push(label(format!("基线 {}", grouped(baseline)), "", axes.at(first), Side::Either));
    }
    let middle = |one: (i64, i64), next: (i64, i64)| ((one.0 + next.0) / 2, (one.1 + next.1) / 2);
    let name = |text: &str, class, at| Label { optional: true, ..label(text.to_owned(), class, at, Side::Either) };
    if let [one, next, ..] = data.path.as_slice() {
        labels.push(name("目标路径", "", middle(axes.at(one), axes.at(next))));
    }
    if let Some([one, next, ..]) = runs.iter().find(|run| run.len() > 2).map(Vec::as_slice) {
        labels.push(name("实际", "acc", middle(*one, *next)));
    }
    labels
}

/// A year's value is marked; a month's only where no line leads to it.
fn dots(data: &Data, runs: &[Vec<(i64, i64)>], axes: &Axes) -> Vec<(i64, i64)> {
    let years = data.values.iter().filter(|(period, ..)| matches!(period.parse(), Ok(Period::Year(_))));
    let years = years.filter_map(|(_, day, number)| Some(axes.at(&Mark { day: *day, number: (*number)? })));
    let alone = runs.iter().filter(|run| run.len() == 1).map(|run| run[0]);
    years.chain(alone).collect()
}

fn data(indicator: &IndicatorView, series: &[SeriesPoint]) -> Option<Data> {
    let read = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<Decimal>().ok());
    let day = |period: &str| period.parse::<Period>().ok().map(Period::last_day);
    let targets: Vec<(Date, Decimal, &str)> = indicator
        .targets
        .iter()
        .filter_map(|target| Some((day(&target.period)?, target.value.parse().ok()?, target.period.as_str())))
        .collect();
    let points: Vec<(&SeriesPoint, Date)> =
        series.iter().filter_map(|point| Some((point, day(&point.period)?))).collect();
    let first = points.iter().map(|(_, day)| *day).min()?;
    let numbers = points.iter().flat_map(|(point, _)| [read(&point.value), read(&point.expected)]).flatten();
    let scale = numbers.chain(targets.iter().map(|(_, value, _)| *value)).map(|number| number.scale).max()?;

    let mut path: Vec<Mark> = Vec::new();
    for (point, day) in &points {
        path.extend(
            read(&point.expected).and_then(|number| units(&number, scale)).map(|number| Mark { day: *day, number }),
        );
    }
    let mut milestones = Vec::new();
    // A county's count has no path: the target is the whole city's.
    let has_path = !path.is_empty();
    for (day, value, period) in targets.iter().filter(|(day, ..)| *day >= first && has_path) {
        let mark = Mark { day: *day, number: units(value, scale)? };
        if !path.iter().any(|known| known.day == *day) {
            path.push(mark);
        }
        let year = period_title(period);
        milestones.push((mark, format!("{year}目标 {}", grouped(&value.to_string()))));
    }
    path.sort_by_key(|mark| mark.day);
    let values = points
        .iter()
        .map(|(point, day)| (point.period.clone(), *day, read(&point.value).and_then(|number| units(&number, scale))))
        .collect();
    Some(Data { scale, values, path, milestones })
}

/// The scales of both axes; positions in tenths of a pixel.
struct Axes {
    left: i64,
    right: i64,
    top: i64,
    bottom: i64,
    first: Date,
    days: i64,
    low: i64,
    high: i64,
    step: i64,
    scale: u8,
}

fn axes(size: &Size, data: &Data) -> Option<Axes> {
    let days = data.values.iter().map(|(_, day, _)| *day).chain(data.path.iter().map(|mark| mark.day));
    let (first, last) = days.fold(None, |range: Option<(Date, Date)>, day| {
        Some(range.map_or((day, day), |(first, last)| (first.min(day), last.max(day))))
    })?;
    let numbers = data.values.iter().filter_map(|(.., number)| *number).chain(data.path.iter().map(|mark| mark.number));
    let numbers: Vec<i64> = numbers.collect();
    let (least, most) = (*numbers.iter().min()?, *numbers.iter().max()?);
    // From zero, unless all happens in the upper half.
    let floor = if least > 0 && least > most / 2 && least < most { least } else { least.min(0) };
    let step = step((most - floor).max(1));
    let low = floor.div_euclid(step) * step;
    let high = (most + step - 1).div_euclid(step) * step;
    Some(Axes {
        left: size.font * 35,
        right: (size.width - 30) * 10,
        top: size.font * 20,
        bottom: (size.height - 34) * 10,
        first,
        days: (span(first, last)).max(1),
        low,
        high: high.max(low + step),
        step,
        scale: data.scale,
    })
}

fn span(from: Date, to: Date) -> i64 {
    i64::from((to - from).get_days())
}

/// The smallest of 1, 2, 5, 10, … that needs no more than [`GRID`] lines.
fn step(range: i64) -> i64 {
    let mut unit = 1i64;
    loop {
        for step in [unit, 2 * unit, 5 * unit] {
            if range <= step * GRID {
                return step;
            }
        }
        match unit.checked_mul(10) {
            Some(next) if next <= i64::MAX / 100 => unit = next,
            _ => return range,
        }
    }
}

impl Axes {
    fn at(&self, mark: &Mark) -> (i64, i64) {
        let x = self.left + (self.right - self.left) * span(self.first, mark.day) / self.days;
        (x, self.height(mark.number))
    }

    fn height(&self, number: i64) -> i64 {
        let part =
            i128::from(self.bottom - self.top) * i128::from(number - self.low) / i128::from(self.high - self.low);
        self.bottom - part as i64
    }

    fn number(&self, number: i64) -> String {
        grouped(&Decimal { mantissa: number, scale: self.scale }.to_string())
    }

    /// Lines across; the numbers lose the zeros that all of them end in.
    fn grid(&self, unit: &str) -> Vec<Tick> {
        let (mut scale, mut divisor) = (self.scale, 1);
        while scale > 0 && self.step % (divisor * 10) == 0 {
            (scale, divisor) = (scale - 1, divisor * 10);
        }
        let count = (self.high - self.low) / self.step;
        let tick = |line: i64| {
            let number = self.low + line * self.step;
            let text = grouped(&Decimal { mantissa: number / divisor, scale }.to_string());
            let sign = if line == count && unit == "%" { "%" } else { "" };
            Tick { at: Tenths(self.height(number)), text: format!("{text}{sign}") }
        };
        (0..=count).map(tick).collect()
    }

    /// Year ends, every so many.
    fn years(&self, every: usize) -> Vec<Tick> {
        let first = self.first.year();
        let ends = (0..60i16).map(|year| date(first + year, 12, 31));
        ends.filter(|day| span(self.first, *day) <= self.days)
            .step_by(every)
            .map(|day| {
                let (x, _) = self.at(&Mark { day, number: self.low });
                Tick { at: Tenths(x), text: format!("{}年末", day.year()) }
            })
            .collect()
    }
}

/// A polyline as path data.
fn drawn(points: &[(i64, i64)]) -> String {
    let mut data = String::new();
    for (at, (x, y)) in points.iter().enumerate() {
        let command = if at == 0 { "M" } else { " L" };
        data.push_str(&format!("{command}{} {}", Tenths(*x), Tenths(*y)));
    }
    data
}

/// The chart in one sentence, for those who hear it.
fn spoken(indicator: &IndicatorView, last: Option<&String>) -> String {
    let value = match (last, &indicator.value) {
        (Some(period), Some(value)) => format!("{} {}", period_title(period), with_unit(value, &indicator.unit)),
        _ => "尚无实际值".to_owned(),
    };
    let target = final_target(indicator)
        .map(|target| format!("，{}目标 {}", period_title(&target.period), with_unit(&target.value, &indicator.unit)));
    format!(
        "{}：{value}，序时应达 {}{}",
        indicator.name,
        figure_in(indicator.expected.as_deref(), &indicator.unit),
        target.unwrap_or_default()
    )
}
