//! What goes with a number, in words: a number never travels alone (design/console, principle 4).

use super::bullet::{Bullet, Figures, bullet};
use super::words::{figure, figure_in, period_spaced, period_title, with_unit};
use crate::view::{Completeness, IndicatorView, OriginView, SourceView, TargetView};

/// Missing sentences shown on a card; the indicator's page shows all.
const MISSING_ON_A_CARD: usize = 2;

/// The target that the distance is measured to.
pub(super) fn final_target(indicator: &IndicatorView) -> Option<&TargetView> {
    indicator.targets.last()
}

/// The distance to the final target, or why there is none.
pub(super) fn gap(indicator: &IndicatorView) -> String {
    if indicator.status == "not_counted" {
        return "按方案文字考核，不以数据计算".to_owned();
    }
    if indicator.value.is_none() {
        return match indicator.missing.len() {
            0 => "不可计算".to_owned(),
            count => format!("不可计算，缺 {count} 项数据"),
        };
    }
    match (final_target(indicator), indicator.gap.as_deref()) {
        (Some(target), Some("0")) => format!("已达{}目标", period_spaced(&target.period)),
        (Some(target), Some(gap)) => {
            format!("距{}目标还差 {}", period_spaced(&target.period), with_unit(gap, &indicator.gap_unit))
        }
        (Some(_), None) => "目标按全市考核，本地区不单独评价".to_owned(),
        (None, _) if !indicator.target_text.is_empty() => format!("方案要求：{}", indicator.target_text),
        (None, _) => "方案未设目标，只监测".to_owned(),
    }
}

/// The printed target: its number, else its words, else “—”.
pub(super) fn target(indicator: &IndicatorView) -> String {
    match final_target(indicator) {
        Some(target) => figure_in(Some(&target.value), &indicator.unit),
        None if !indicator.target_text.is_empty() => indicator.target_text.clone(),
        None => "—".to_owned(),
    }
}

/// Numerator and denominator with their names, one line each; empty without either.
pub(super) fn parts(indicator: &IndicatorView) -> Vec<String> {
    if indicator.kind == "覆盖县数" {
        let (covered, of) = (indicator.numerator.as_deref(), indicator.denominator.as_deref());
        let line = covered.zip(of).map(|(covered, of)| format!("{of} 个县（市、区）中 {covered} 个有"));
        return line.into_iter().collect();
    }
    let line = |mark: &str, part: &str, number: &Option<String>| {
        let name = part_name(indicator, part);
        let number = part_figure(indicator, Some(number.as_deref()?));
        Some([mark, &name, &number].iter().filter(|word| !word.is_empty()).copied().collect::<Vec<_>>().join(" "))
    };
    [line("", "numerator", &indicator.numerator), line("÷", "denominator", &indicator.denominator)]
        .into_iter()
        .flatten()
        .collect()
}

/// A figure of a part, “—” when there is none; money reads in 万元.
pub(super) fn part_figure(indicator: &IndicatorView, number: Option<&str>) -> String {
    match number {
        Some(number) if indicator.gap_unit == "分" => with_unit(number, "分"),
        number => figure(number),
    }
}

/// What a figure of a part rests on, in words.
pub(super) fn origin(indicator: &IndicatorView, origin: &OriginView) -> String {
    if !origin.source.is_empty() {
        return origin.source.clone();
    }
    let register = origin.computed.as_deref().map(|value| part_figure(indicator, Some(value)));
    let mut words = match (origin.basis.as_str(), register) {
        ("register", None) => "台账计算".to_owned(),
        ("register", Some(register)) => format!("注明不适用；台账为 {register}"),
        ("both", None) => "双轨，与台账一致".to_owned(),
        ("both", Some(register)) => format!("双轨，以填报为准；台账为 {register}"),
        ("reported", None) => "报表填报".to_owned(),
        ("reported", Some(register)) => format!("报表填报；台账为 {register}"),
        _ => "由发布单位签名".to_owned(),
    };
    for (said, word) in [(origin.late, "补报"), (origin.on_behalf, "市级代填")] {
        if said {
            words = format!("{words}；{word}");
        }
    }
    words
}

/// Name of the part's element, with its period where that is another one than most; empty when it has several.
fn part_name(indicator: &IndicatorView, part: &str) -> String {
    let sources: Vec<&SourceView> = indicator.sources.iter().filter(|source| source.part == part).collect();
    let Some(first) = sources.first() else { return String::new() };
    if sources.iter().any(|source| source.element != first.element) {
        return String::new();
    }
    let mut periods: Vec<&str> = sources.iter().map(|source| source.period.as_str()).collect();
    periods.sort_unstable();
    periods.dedup();
    match (periods.as_slice(), part) {
        ([only], "denominator") => format!("{}（{}）", first.element_name, period_title(only)),
        ([earliest, .., latest], _) => {
            format!("{}（{}至{}）", first.element_name, period_title(earliest), period_title(latest))
        }
        _ => first.element_name.clone(),
    }
}

/// What is missing, for a card: the first sentences and how many more there are.
pub(super) fn missing_short(indicator: &IndicatorView) -> Vec<String> {
    let mut lines: Vec<String> = missing(indicator).into_iter().take(MISSING_ON_A_CARD).collect();
    if indicator.missing.len() > MISSING_ON_A_CARD {
        lines.push(format!("另缺 {} 项", indicator.missing.len() - MISSING_ON_A_CARD));
    }
    lines
}

/// What is missing; the names of all counties shrink to their number.
pub(super) fn missing(indicator: &IndicatorView) -> Vec<String> {
    let Completeness { expected, missing_regions, .. } = &indicator.completeness;
    let all = missing_regions.join("、");
    let everyone = *expected > 1 && missing_regions.len() == *expected as usize;
    let shrink = |line: &String| {
        if everyone { line.replace(&all, &format!("全部 {expected} 个县（市、区）")) } else { line.clone() }
    };
    indicator.missing.iter().map(shrink).collect()
}

/// “7/9 县”; empty where nothing is counted or there is nothing below.
pub(super) fn completeness(indicator: &IndicatorView) -> String {
    let Completeness { present, expected, .. } = indicator.completeness;
    if expected > 1 && indicator.status != "not_counted" { format!("{present}/{expected} 县") } else { String::new() }
}

/// Who is late or absent: “缺华宁县、元江县”; empty when all are there, or none is.
pub(super) fn absent(indicator: &IndicatorView) -> String {
    let Completeness { expected, missing_regions, .. } = &indicator.completeness;
    let some = !missing_regions.is_empty() && missing_regions.len() < *expected as usize;
    if some { format!("缺{}", missing_regions.join("、")) } else { String::new() }
}

/// All owners in the plan's order.
pub(super) fn owners(indicator: &IndicatorView) -> String {
    if indicator.responsible.is_empty() { "未列责任单位".to_owned() } else { indicator.responsible.join("、") }
}

/// The first owner, and how many there are.
pub(super) fn owner_short(indicator: &IndicatorView) -> String {
    match indicator.responsible.as_slice() {
        [first, _, ..] => format!("{first}等 {} 个单位", indicator.responsible.len()),
        _ => owners(indicator),
    }
}

/// The bullet of an indicator.
pub(super) fn bullet_of(indicator: &IndicatorView) -> Option<Bullet> {
    let value = indicator.value.as_deref();
    let target = final_target(indicator).map(|target| target.value.as_str());
    let (expected, baseline) = (indicator.expected.as_deref(), indicator.baseline.as_deref());
    let label = format!(
        "{}，序时应达 {}，目标 {}",
        value.map_or_else(|| "无数据".to_owned(), |value| with_unit(value, &indicator.unit)),
        figure_in(expected, &indicator.unit),
        figure_in(target, &indicator.unit)
    );
    bullet(Figures { baseline, expected, target, value }, label)
}
