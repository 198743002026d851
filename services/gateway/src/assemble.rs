//! Assembles what is answered: evaluations become views, with names, dates, lamps and words. No I/O.

mod detail;
mod lists;
mod readings;

use std::collections::{BTreeMap, BTreeSet};

use city::indicator::Indicator;
use city::period::Period;
use city::region::Region;
use kit::clock::rfc3339;
use kit::{Problem, Result};
use proto::reporting::{Basis, PublicationKind};

pub use detail::detail;
pub use lists::{bureaus, projects, regions, tasks};

use crate::cube::{Figure, Origin, Said};
use crate::evaluate::{Context, Evaluation, Missing, Used};
use crate::lamp;
use crate::state::Link;
use crate::view::{Completeness, IndicatorList, IndicatorView, OriginView, SourceView, TargetView};

/// Where and when a view looks.
#[derive(Clone, Copy, Debug)]
pub struct Place<'c> {
    pub region: &'c Region,
    pub period: Period,
    /// The instant the cut belongs to, microseconds.
    pub as_of: i64,
}

/// Finds the region (city or county; below that, ask the owner) and the period of a request.
pub fn place<'c>(context: &Context<'c>, region: &str, period: &str, as_of: i64) -> Result<Place<'c>> {
    let tree = &context.reference.regions;
    let region = if region.is_empty() { tree.city().code.as_str() } else { region };
    let found = tree
        .get(region)
        .filter(|found| found.code == tree.city().code || found.parent == tree.city().code)
        .ok_or_else(|| {
            let message = format!("没有代码为“{region}”的市、县（市、区）");
            Problem::not_found("REGION_UNKNOWN", message.clone()).and_field("region", message)
        })?;
    let period = period.parse::<Period>().map_err(|_| {
        Problem::field(
            "period",
            "PERIOD_INVALID",
            format!("报告期“{period}”写法不对，应为 2025、2025-H1、2025-Q3、2025-10、MCH2025 或 2021-2025"),
        )
    })?;
    Ok(Place { region: found, period, as_of })
}

/// The indicator with this code.
pub fn indicator<'c>(context: &Context<'c>, code: &str) -> Result<&'c Indicator> {
    context.reference.plan.indicators.iter().find(|indicator| indicator.code == code).ok_or_else(|| {
        let message = format!("方案中没有代码为“{code}”的指标");
        Problem::not_found("INDICATOR_UNKNOWN", message.clone()).and_field("code", message)
    })
}

/// All indicators of a place.
pub fn list(context: &Context<'_>, place: Place<'_>, core_only: bool, links: &BTreeMap<String, Link>) -> IndicatorList {
    let plan = &context.reference.plan;
    IndicatorList {
        as_of: rfc3339(place.as_of),
        cut: context.cut.entries(),
        region: place.region.code.clone(),
        region_name: place.region.name.clone(),
        period: place.period.to_string(),
        plan: plan.id.clone(),
        region_edition: context.reference.regions.edition().id.clone(),
        indicators: plan
            .indicators
            .iter()
            .filter(|indicator| indicator.core || !core_only)
            .map(|indicator| view(context, indicator, place, links))
            .collect(),
    }
}

/// One indicator of a place.
pub fn view(
    context: &Context<'_>,
    indicator: &Indicator,
    place: Place<'_>,
    links: &BTreeMap<String, Link>,
) -> IndicatorView {
    let evaluation = context.evaluate(indicator, place.region, place.period);
    let rate = evaluation.rate.as_ref();
    // A count of some counties is not measured against a target of all.
    let whole_city = place.region.code == context.reference.regions.city().code && evaluation.over.is_empty();
    let accrues = context.accrues(indicator);
    let lamp = lamp::lamp(indicator, rate, place.period, whole_city, accrues, &context.reference.plan.lamp);
    let targets_apply = whole_city || indicator.is_rate();
    let sources: Vec<SourceView> = evaluation.used.iter().map(|used| source(context, used, links)).collect();
    let mut notes = evaluation.notes.clone();
    if !evaluation.over.is_empty() {
        notes.insert(0, format!("按已报的{}个县（市、区）计算", evaluation.over.len()));
    }
    if evaluation.carried {
        notes.insert(0, carried(&evaluation, place.period));
    }
    if !indicator.note.is_empty() {
        notes.push(indicator.note.clone());
    }
    IndicatorView {
        code: indicator.code.clone(),
        name: indicator.name.clone(),
        category: indicator.category.clone(),
        unit: indicator.unit.clone(),
        kind: indicator.kind.label().to_owned(),
        obligation: indicator.obligation.clone(),
        core: indicator.core,
        responsible: indicator.responsible.iter().map(|code| organisation_name(context, code)).collect(),
        baseline: indicator.baseline.as_ref().map(|baseline| baseline.value.to_string()),
        targets: indicator
            .targets
            .iter()
            .map(|target| TargetView { period: target.period.to_string(), value: target.value.to_string() })
            .collect(),
        target_text: indicator.target_text.clone(),
        numerator: evaluation.numerator.map(|value| value.to_string()),
        denominator: evaluation.denominator.map(|value| value.to_string()),
        value: displayed(indicator, &evaluation),
        status: status(&evaluation),
        lamp: lamp.code().to_owned(),
        expected: lamp::expected(indicator, place.period, accrues)
            .filter(|_| targets_apply)
            .map(|expected| expected.display(indicator.decimals)),
        gap: lamp::gap(indicator, rate).filter(|_| targets_apply).map(|gap| gap.to_string()),
        gap_unit: indicator.unit_of_gap.clone(),
        completeness: completeness(context, &evaluation, place.region),
        stale: sources.iter().any(|source| source.stale),
        sources,
        missing: missing(context, &evaluation),
        notes,
        numerator_text: indicator.numerator_text.clone(),
        denominator_text: indicator.denominator_text.clone(),
        formula_version: indicator.formula_version,
        reading: indicator.reading.clone(),
        readings: readings::readings(context, indicator, place),
        references: readings::references(indicator),
    }
}

/// The value as printed: rounded half up to the plan's decimals.
pub fn displayed(indicator: &Indicator, evaluation: &Evaluation<'_>) -> Option<String> {
    let rate = evaluation.rate.as_ref()?;
    let decimals = if indicator.denominator.is_empty() { 0 } else { indicator.decimals };
    Some(rate.round_half_up(decimals).to_string())
}

/// The weakest status among the sources: a figure is no better than its worst part.
pub fn status(evaluation: &Evaluation<'_>) -> String {
    if evaluation.not_counted {
        return "not_counted".to_owned();
    }
    if evaluation.rate.is_none() {
        return "not_computable".to_owned();
    }
    if evaluation.carried {
        return "预计".to_owned();
    }
    let weakest = evaluation.used.iter().map(|used| used.figure.meta.kind).min_by_key(|kind| *kind as i32);
    weakest.map_or("not_computable", kind_label).to_owned()
}

/// Which earlier figures stand for what is missing.
fn carried(evaluation: &Evaluation<'_>, period: Period) -> String {
    let last = period.last_day();
    let stand: BTreeSet<Period> = evaluation
        .used
        .iter()
        .filter(|used| used.figure.meta.kind != PublicationKind::Plan && used.period.last_day() < last)
        .filter(|used| used.period.year() == last.year() || used.side == "numerator")
        .map(|used| used.period)
        .collect();
    let words: Vec<String> = stand.into_iter().map(period_words).collect();
    format!("未报数据沿用{}，为预计数", words.join("、"))
}

/// 数据状态 in words.
pub fn kind_label(kind: PublicationKind) -> &'static str {
    match kind {
        PublicationKind::Plan => "方案数",
        PublicationKind::Forecast => "预计",
        PublicationKind::Flash => "快报",
        PublicationKind::Final => "正式",
        PublicationKind::Revised => "修订",
        PublicationKind::Unspecified => "未注明",
    }
}

/// How many of the regions that a value needs have what it needs: the counties where it is summed from them, the
/// region itself where it was stated or printed for the whole.
pub(crate) fn completeness(context: &Context<'_>, evaluation: &Evaluation<'_>, region: &Region) -> Completeness {
    if evaluation.not_counted {
        return Completeness::default();
    }
    let counties = context.counties_of(region);
    let incomplete = context.incomplete(evaluation);
    let from_counties =
        evaluation.used.iter().map(|used| &used.region).chain(&incomplete).any(|code| *code != region.code);
    let needed: Vec<&Region> = if from_counties && !counties.is_empty() { counties } else { vec![region] };
    let missing_regions: Vec<String> = needed
        .iter()
        .filter(|needed| incomplete.contains(&needed.code))
        .map(|needed| needed.short_name.clone())
        .collect();
    Completeness {
        present: (needed.len() - missing_regions.len()) as u32,
        expected: needed.len() as u32,
        missing_regions,
    }
}

/// What is missing, in words: one sentence per element and period.
pub fn missing(context: &Context<'_>, evaluation: &Evaluation<'_>) -> Vec<String> {
    if evaluation.zero_denominator {
        return vec!["分母为零，不可计算".to_owned()];
    }
    let mut grouped: BTreeMap<(&str, Period), Vec<&Missing>> = BTreeMap::new();
    for missing in &evaluation.missing {
        grouped.entry((missing.element.as_str(), missing.period)).or_default().push(missing);
    }
    grouped
        .into_iter()
        .map(|((element, period), places)| {
            let names: Vec<String> = places.iter().map(|place| region_name(context, &place.region)).collect();
            format!("缺{}{}的“{}”", names.join("、"), period_words(period), context.catalogue().element(element).name)
        })
        .collect()
}

/// 2026年10月, 2025年, …
pub fn period_words(period: Period) -> String {
    match period {
        Period::Year(year) => format!("{year}年"),
        Period::Month(year, month) => format!("{year}年{month}月"),
        Period::Quarter(year, quarter) => format!("{year}年第{quarter}季度"),
        other => other.to_string(),
    }
}

/// The short name people use: 峨山县, 新平县.
pub fn region_name(context: &Context<'_>, code: &str) -> String {
    context.reference.regions.get(code).map_or_else(|| code.to_owned(), |region| region.short_name.clone())
}

fn organisation_name(context: &Context<'_>, code: &str) -> String {
    context.catalogue().organisation(code).unwrap_or(code).to_owned()
}

fn source(context: &Context<'_>, used: &Used<'_>, links: &BTreeMap<String, Link>) -> SourceView {
    let meta = used.figure.meta;
    SourceView {
        part: used.side.to_owned(),
        element: used.element.clone(),
        element_name: context.catalogue().element(&used.element).name,
        region: used.region.clone(),
        region_name: region_name(context, &used.region),
        period: used.period.to_string(),
        value: said_text(&used.figure).unwrap_or_default(),
        bureau: meta.bureau.clone(),
        sequence: meta.sequence,
        revision: used.figure.number,
        status: kind_label(meta.kind).to_owned(),
        published_at: rfc3339(meta.published_at),
        origin: origin(used.figure.origin),
        stale: links.get(&meta.bureau).is_some_and(|link| link.stale_since.is_some() || link.diverged),
    }
}

fn origin(origin: &Origin) -> OriginView {
    let basis = match origin.basis {
        Basis::Unspecified => "",
        Basis::Reported => "reported",
        Basis::Both => "both",
        Basis::Register => "register",
    };
    OriginView {
        source: origin.document.clone(),
        basis: basis.to_owned(),
        computed: origin.computed.map(|value| value.to_string()),
        late: origin.late,
        on_behalf: origin.on_behalf,
    }
}

/// The figure in words; None when withdrawn.
pub fn said_text(figure: &Figure<'_>) -> Option<String> {
    match figure.said {
        Said::Value(value) => Some(value.to_string()),
        Said::NotApplicable => Some("不适用".to_owned()),
        Said::Exempt => Some("免报".to_owned()),
        Said::Withdrawn => None,
    }
}
