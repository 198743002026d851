//! What stands beside an indicator's value: where it is going, how else the plan can be read, what others state.

use super::words::{Badge, Lamp, amount, figure, period_title, with_unit};
use crate::view::{IndicatorView, PaceView, ReadingView, ReferenceView};

/// One line of the table of readings.
pub(super) struct Row {
    pub(super) title: String,
    pub(super) value: String,
    pub(super) lamp: Lamp,
    pub(super) badge: Option<Badge>,
    pub(super) numerator: String,
    pub(super) denominator: String,
    pub(super) target: String,
    pub(super) note: String,
}

/// The main reading and the others; nothing where there is only one.
pub(super) fn rows(indicator: &IndicatorView) -> Vec<Row> {
    if indicator.readings.is_empty() {
        return Vec::new();
    }
    let part = |number: &Option<String>| super::facts::part_figure(indicator, number.as_deref());
    let number =
        |value: &Option<String>| value.as_deref().map_or_else(|| "—".to_owned(), |v| with_unit(v, &indicator.unit));
    let main = Row {
        title: format!("{}（主口径）", indicator.reading),
        value: number(&indicator.value),
        lamp: Lamp::of(&indicator.lamp, &indicator.status),
        badge: Badge::of(&indicator.status),
        numerator: part(&indicator.numerator),
        denominator: part(&indicator.denominator),
        target: number(&indicator.targets.last().map(|target| target.value.clone())),
        note: String::new(),
    };
    let other = |reading: &ReadingView| Row {
        title: reading.title.clone(),
        value: number(&reading.value),
        lamp: Lamp::of(&reading.lamp, &reading.status),
        badge: Badge::of(&reading.status),
        numerator: part(&reading.numerator),
        denominator: part(&reading.denominator),
        target: number(&reading.target),
        note: if reading.missing.is_empty() {
            reading.note.clone()
        } else {
            format!("{}。{}", reading.note, reading.missing.join("；"))
        },
    };
    std::iter::once(main).chain(indicator.readings.iter().map(other)).collect()
}

/// Scope and period, value, source.
pub(super) fn references(indicator: &IndicatorView) -> Vec<(String, String, String)> {
    let row = |stated: &ReferenceView| {
        let value = with_unit(&stated.value, &indicator.unit);
        (format!("{} {}", stated.scope, period_title(&stated.period)), value, stated.source.clone())
    };
    indicator.references.iter().map(row).collect()
}

/// The pace in words: how fast, how fast it must be, and where it ends.
pub(super) fn outlook(indicator: &IndicatorView, pace: &PaceView) -> Vec<(&'static str, String)> {
    let unit = |value: &str| {
        let size = value.trim_start_matches('-');
        let text = if indicator.unit == "%" {
            format!("{} 个百分点", figure(Some(size)))
        } else {
            let (number, unit) = amount(size, &indicator.unit);
            format!("{number} {unit}").trim_end().to_owned()
        };
        if value.starts_with('-') { format!("−{text}") } else { format!("+{text}") }
    };
    let mut lines = Vec::new();
    if indicator.value.is_some() || pace.actual_per_year.is_some() {
        let actual = pace.actual_per_year.as_deref();
        lines.push((
            "近一年增速",
            actual.map_or_else(|| "数据不足".to_owned(), |value| format!("每年 {}", unit(value))),
        ));
    }
    if let Some(needed) = pace.needed_per_year.as_deref() {
        lines.push(("须达增速", format!("每年 {}", unit(needed))));
    }
    let due = indicator.targets.last().map(|target| period_title(&target.period)).unwrap_or_default();
    let forecast = match pace.outlook.as_str() {
        "forecast" => {
            pace.forecast.as_deref().map(|value| format!("照此到{due}底为 {}", with_unit(value, &indicator.unit)))
        }
        "reached" => Some(format!("已达{due}目标")),
        "due" => Some(format!("{due}目标期限已到，不再预测")),
        "too_few" => Some("数据不足".to_owned()),
        _ => None,
    };
    lines.extend(forecast.map(|text| ("预测", text)));
    lines
}
