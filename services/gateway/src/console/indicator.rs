//! One indicator's page.

use askama::Template;

use super::Frame;
use super::bullet::{Bullet, Figures, bullet};
use super::facts;
use super::page::{BureauRow, Page, bureau_rows, bureau_title, stale_label};
use super::readings;
use super::series::{Chart, NARROW, WIDE, chart};
use super::verdict::{self, Sentence};
use super::words::{
    Badge, Lamp, amount, escaped, figure_in, grouped, indicator_href, instant, period_title, with_unit,
};
use crate::view::{
    BureauList, IndicatorDetail, IndicatorView, OriginView, RegionValue, RevisionView, SeriesPoint, SourceView,
};

/// Steps of the revision history shown at once; the rest folds.
const STEPS: usize = 8;

#[derive(Template)]
#[template(path = "indicator.html")]
pub(super) struct IndicatorPage {
    page: Page,
    name: String,
    eyebrow: String,
    verdict: Sentence,
    /// False: the plan asks in words, there are no parts.
    counted: bool,
    lamp: Lamp,
    badge: Option<Badge>,
    stale: Option<String>,
    value: Option<(String, String)>,
    unit: String,
    parts: Vec<String>,
    meta: Vec<String>,
    bullet: Option<Bullet>,
    baseline: String,
    expected: String,
    target: String,
    owes: Vec<(String, String)>,
    outlook: Vec<(&'static str, String)>,
    readings: Vec<readings::Row>,
    references: Vec<(String, String, String)>,
    /// Where the evidence of a milestone is kept; empty for anything else.
    evidence: &'static str,
    missing: Vec<String>,
    charts: Vec<Chart>,
    series: Vec<SeriesRow>,
    counties: Vec<CountyRow>,
    city: CountyRow,
    may_doubt: bool,
    sources: Vec<SourceRow>,
    steps: Vec<Step>,
    earlier_steps: Vec<Step>,
    definition: Vec<(&'static str, String)>,
    notes: Vec<String>,
    formula_version: u32,
    as_of: String,
    cut: Vec<(String, String)>,
    proof_url: String,
    bureaus: Vec<BureauRow>,
}

struct SeriesRow {
    period: String,
    value: String,
    numerator: String,
    denominator: String,
    expected: String,
    badge: Option<Badge>,
    lamp: Lamp,
}

struct CountyRow {
    name: String,
    href: String,
    bullet: Option<Bullet>,
    value: String,
    numerator: String,
    denominator: String,
    lamp: Lamp,
    badge: Option<Badge>,
    missing: String,
}

struct SourceRow {
    part: &'static str,
    element: String,
    code: String,
    region: String,
    period: String,
    value: String,
    bureau: String,
    publication: String,
    badge: Option<Badge>,
    published_at: String,
    origin: String,
    stale: bool,
    /// Where a doubt about it is told; empty for what a printed document says, and where the person reads no reports.
    doubt: String,
}

struct Step {
    published_at: String,
    what: String,
    badge: Option<Badge>,
    before: Option<String>,
    /// None: withdrawn.
    after: Option<String>,
    publication: String,
    reason: String,
    /// What the figure rested on and rests on, where that changed.
    origin: Option<String>,
}

impl IndicatorPage {
    pub(super) fn new(
        frame: &Frame,
        detail: &IndicatorDetail,
        bureaus: &BureauList,
        proof_url: &str,
        doubted_at: &[String],
    ) -> Self {
        let indicator = &detail.indicator;
        let action = format!("/indicators/{}", indicator.code);
        let place = (detail.region.as_str(), detail.region_name.as_str());
        let target = facts::final_target(indicator).map(|target| target.value.as_str());
        let mut steps = steps(&detail.revisions, indicator, bureaus);
        let earlier_steps = steps.split_off(steps.len().min(STEPS));
        let words = [facts::owners(indicator), facts::completeness(indicator), facts::absent(indicator)];
        IndicatorPage {
            page: Page::at(frame, action, place, &detail.period, &detail.as_of),
            name: indicator.name.clone(),
            eyebrow: format!("{} · {} · {}", indicator.category, indicator.obligation, indicator.name),
            verdict: verdict::of_indicator(indicator),
            counted: indicator.status != "not_counted",
            lamp: Lamp::of(&indicator.lamp, &indicator.status),
            badge: Badge::of(&indicator.status),
            stale: if indicator.stale { stale_label(&indicator.sources, bureaus) } else { None },
            value: indicator.value.as_deref().map(|value| amount(value, &indicator.unit)),
            unit: amount("0", &indicator.unit).1,
            parts: facts::parts(indicator),
            meta: std::iter::once(format!("{} {}", detail.region_name, period_title(&detail.period)))
                .chain(words.into_iter().filter(|word| !word.is_empty()))
                .collect(),
            bullet: facts::bullet_of(indicator),
            baseline: figure_in(indicator.baseline.as_deref(), &indicator.unit),
            expected: figure_in(indicator.expected.as_deref(), &indicator.unit),
            target: facts::target(indicator),
            owes: owes(indicator),
            outlook: readings::outlook(indicator, &detail.pace),
            readings: readings::rows(indicator),
            references: readings::references(indicator),
            evidence: if indicator.kind == "里程碑" { "/registers/supervision.work" } else { "" },
            missing: facts::missing(indicator),
            charts: [WIDE, NARROW].iter().filter_map(|size| chart(size, indicator, &detail.series)).collect(),
            series: series_rows(detail),
            counties: detail.counties.iter().map(|county| county_row(county, detail, target)).collect(),
            city: city_row(detail),
            may_doubt: indicator.sources.iter().any(|source| doubted_at.contains(&source.bureau)),
            sources: indicator
                .sources
                .iter()
                .map(|source| source_row(source, indicator, bureaus, doubted_at))
                .collect(),
            steps,
            earlier_steps,
            definition: definition(indicator),
            notes: indicator.notes.clone(),
            formula_version: indicator.formula_version,
            as_of: instant(&detail.as_of),
            cut: detail
                .cut
                .iter()
                .map(|entry| {
                    (
                        bureau_title(bureaus, &entry.bureau).to_owned(),
                        format!("至 {}", grouped(&entry.sequence.to_string())),
                    )
                })
                .collect(),
            proof_url: proof_url.to_owned(),
            bureaus: bureau_rows(bureaus),
        }
    }
}

/// How much is owed, to what.
fn owes(indicator: &IndicatorView) -> Vec<(String, String)> {
    let mut all = Vec::new();
    if let (Some(target), Some(gap)) = (facts::final_target(indicator), indicator.gap.as_deref()) {
        let to = format!("{}目标 {}", period_title(&target.period), with_unit(&target.value, &indicator.unit));
        all.push(match gap {
            "0" => ("已达目标".to_owned(), to),
            gap => (format!("还差 {}", with_unit(gap, &indicator.gap_unit)), format!("到{to}")),
        });
    }
    if let (Some(expected), Some(value)) = (indicator.expected.as_deref(), indicator.value.as_deref())
        && let Some(below) = verdict::difference(expected, value)
    {
        let unit = if indicator.unit == "%" { " 个百分点".to_owned() } else { format!(" {}", indicator.unit) };
        all.push((format!("欠 {below}{unit}"), format!("到本期序时应达 {}", with_unit(expected, &indicator.unit))));
    }
    if facts::final_target(indicator).is_none() && !indicator.target_text.is_empty() {
        all.push((indicator.target_text.clone(), "方案所列目标，按文字考核".to_owned()));
    }
    all
}

/// The series as a table; nothing when no period has a value, for then the chart has said all there is.
fn series_rows(detail: &IndicatorDetail) -> Vec<SeriesRow> {
    if detail.series.iter().all(|point| point.value.is_none()) {
        return Vec::new();
    }
    detail.series.iter().map(|point| series_row(point, &detail.indicator)).collect()
}

fn series_row(point: &SeriesPoint, indicator: &IndicatorView) -> SeriesRow {
    SeriesRow {
        period: period_title(&point.period),
        value: figure_in(point.value.as_deref(), &indicator.unit),
        numerator: facts::part_figure(indicator, point.numerator.as_deref()),
        denominator: facts::part_figure(indicator, point.denominator.as_deref()),
        expected: figure_in(point.expected.as_deref(), &indicator.unit),
        badge: Badge::of(&point.status),
        lamp: Lamp::of(&point.lamp, &point.status),
    }
}

fn county_row(county: &RegionValue, detail: &IndicatorDetail, target: Option<&str>) -> CountyRow {
    let unit = &detail.indicator.unit;
    let lamp = Lamp::of(&county.lamp, &county.status);
    let value = county.value.as_deref();
    let expected = detail.indicator.expected.as_deref();
    // Counts are targets of the whole city: a county's count has no path of its own, and no lamp.
    let target = target.filter(|_| lamp.code != "grey" || value.is_none());
    let label =
        format!("{} {}", county.name, value.map_or_else(|| "无数据".to_owned(), |value| with_unit(value, unit)));
    CountyRow {
        name: county.name.clone(),
        href: indicator_href(&detail.indicator.code, &county.region, &detail.period),
        bullet: bullet(Figures { baseline: None, expected, target, value }, label),
        value: figure_in(value, unit),
        numerator: facts::part_figure(&detail.indicator, county.numerator.as_deref()),
        denominator: facts::part_figure(&detail.indicator, county.denominator.as_deref()),
        lamp,
        badge: Badge::of(&county.status),
        missing: county.missing.join("；"),
    }
}

fn city_row(detail: &IndicatorDetail) -> CountyRow {
    let indicator = &detail.indicator;
    CountyRow {
        name: detail.region_name.clone(),
        href: String::new(),
        bullet: None,
        value: figure_in(indicator.value.as_deref(), &indicator.unit),
        numerator: facts::part_figure(indicator, indicator.numerator.as_deref()),
        denominator: facts::part_figure(indicator, indicator.denominator.as_deref()),
        lamp: Lamp::of(&indicator.lamp, &indicator.status),
        badge: Badge::of(&indicator.status),
        missing: String::new(),
    }
}

fn publication(bureaus: &BureauList, bureau: &str, sequence: u64, revision: u32) -> String {
    format!("{} {} 号，第 {revision} 版", bureau_title(bureaus, bureau), grouped(&sequence.to_string()))
}

fn source_row(
    source: &SourceView,
    indicator: &IndicatorView,
    bureaus: &BureauList,
    doubted_at: &[String],
) -> SourceRow {
    let may_doubt = source.origin.source.is_empty() && doubted_at.contains(&source.bureau);
    SourceRow {
        part: if source.part == "denominator" { "分母" } else { "分子" },
        element: source.element_name.clone(),
        code: source.element.clone(),
        region: source.region_name.clone(),
        period: period_title(&source.period),
        value: facts::part_figure(indicator, Some(&source.value)),
        bureau: bureau_title(bureaus, &source.bureau).to_owned(),
        publication: format!("{} 号，第 {} 版", grouped(&source.sequence.to_string()), source.revision),
        badge: Badge::of(&source.status),
        published_at: instant(&source.published_at),
        origin: facts::origin(indicator, &source.origin),
        stale: source.stale,
        doubt: if may_doubt { doubt_href(source) } else { String::new() },
    }
}

/// The form of a doubt about a figure, with all of it that is known.
fn doubt_href(source: &SourceView) -> String {
    let SourceView { bureau, region, period, element, .. } = source;
    let [bureau, region, period, element] = [bureau, region, period, element].map(|text| escaped(text));
    format!("/sharing/corrections/new?about=figure&bureau={bureau}&region={region}&period={period}&element={element}")
}

fn steps(revisions: &[RevisionView], indicator: &IndicatorView, bureaus: &BureauList) -> Vec<Step> {
    let step = |(at, revision): (usize, &RevisionView)| {
        let same = |older: &&RevisionView| {
            (&older.element, &older.region, &older.period) == (&revision.element, &revision.region, &revision.period)
        };
        let older = || revisions[at + 1..].iter().filter(same);
        let before = older().next().and_then(|older| older.value.as_deref());
        let rests_on = |origin: &OriginView| facts::origin(indicator, origin);
        let stood = older().find(|older| older.value.is_some()).filter(|_| revision.value.is_some());
        let said = |origin: &OriginView| !origin.basis.is_empty();
        let moved =
            stood.filter(|older| older.origin != revision.origin && said(&older.origin) && said(&revision.origin));
        let mut reason = revision.reason.clone();
        if !revision.approver.is_empty() {
            let comma = if reason.is_empty() { "" } else { "；" };
            reason = format!("{reason}{comma}{}核定", revision.approver);
        }
        let period = period_title(&revision.period);
        Step {
            published_at: instant(&revision.published_at),
            what: format!("{} {period} {}", revision.region_name, revision.element_name),
            badge: Badge::of(&revision.status),
            before: before
                .filter(|before| revision.value.as_deref() != Some(before))
                .map(|old| facts::part_figure(indicator, Some(old))),
            after: revision.value.as_deref().map(|value| facts::part_figure(indicator, Some(value))),
            publication: publication(bureaus, &revision.bureau, revision.sequence, revision.revision),
            reason,
            origin: moved.map(|older| format!("{} → {}", rests_on(&older.origin), rests_on(&revision.origin))),
        }
    };
    revisions.iter().enumerate().map(step).collect()
}

fn definition(indicator: &IndicatorView) -> Vec<(&'static str, String)> {
    let sum = if indicator.denominator_text.is_empty() {
        ""
    } else {
        "分子、分母分别合计后相除，不取各县平均"
    };
    let targets: Vec<String> = indicator
        .targets
        .iter()
        .map(|target| format!("{} {}", period_title(&target.period), with_unit(&target.value, &indicator.unit)))
        .collect();
    [
        ("分子", indicator.numerator_text.clone()),
        ("分母", indicator.denominator_text.clone()),
        ("汇总", sum.to_owned()),
        ("性质", format!("{}，{}", indicator.obligation, indicator.kind)),
        ("目标", if targets.is_empty() { indicator.target_text.clone() } else { targets.join("；") }),
        ("责任单位", facts::owners(indicator)),
    ]
    .into_iter()
    .filter(|(_, text)| !text.is_empty())
    .collect()
}
