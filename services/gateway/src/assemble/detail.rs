//! One indicator with its series, its counties and the life of its parts.

use std::collections::{BTreeMap, BTreeSet};

use city::indicator::Indicator;
use city::period::Period;
use jiff::civil::Date;
use kit::clock::rfc3339;

use super::{Place, displayed, kind_label, missing, origin, region_name, said_text, status, view};
use crate::evaluate::Context;
use crate::exact::Exact;
use crate::lamp;
use crate::pace::{self, Outlook};
use crate::state::Link;
use crate::view::{IndicatorDetail, PaceView, RegionValue, RevisionView, SeriesPoint};

/// Months shown before the one asked for.
const MONTHS: i16 = 12;

/// Everything a page about one indicator needs.
pub fn detail(
    context: &Context<'_>,
    indicator: &Indicator,
    place: Place<'_>,
    links: &BTreeMap<String, Link>,
) -> IndicatorDetail {
    IndicatorDetail {
        as_of: rfc3339(place.as_of),
        cut: context.cut.entries(),
        region: place.region.code.clone(),
        region_name: place.region.name.clone(),
        period: place.period.to_string(),
        indicator: view(context, indicator, place, links),
        pace: pace_view(context, indicator, place),
        series: series(context, indicator, place),
        counties: counties(context, indicator, place),
        revisions: revisions(context, indicator, place),
    }
}

/// The periods leading to the one asked for: for a month the twelve before it and the plan's own years; for a year
/// the years since the baseline.
fn periods(indicator: &Indicator, period: Period) -> Vec<Period> {
    let first = indicator.baseline.as_ref().map(|baseline| baseline.period.year());
    let first = first.or_else(|| indicator.targets.first().map(|target| target.period.year() - 3));
    let years = |last: i16| (first.unwrap_or(last)..=last).map(Period::Year);
    match period {
        Period::Month(year, month) => {
            let last = year * 12 + i16::from(month) - 1;
            let months = (last - MONTHS..=last).map(|at| Period::Month(at / 12, (at % 12 + 1) as i8));
            years(year - 2).chain(months).collect()
        }
        _ => {
            let last = period.year();
            let mut all: Vec<Period> = years(last).collect();
            if !matches!(period, Period::Year(_)) {
                all.pop();
                all.push(period);
            }
            all
        }
    }
}

/// The pace from the printed baseline and every value that can be compared with the one asked for.
fn pace_view(context: &Context<'_>, indicator: &Indicator, place: Place<'_>) -> PaceView {
    let whole_city = place.region.code == context.reference.regions.city().code;
    let city_target = whole_city || indicator.is_rate();
    let mut values: BTreeMap<Date, Exact> = BTreeMap::new();
    if let Some(baseline) = indicator.baseline.as_ref().filter(|_| whole_city) {
        values.insert(baseline.period.last_day(), Exact::decimal(&baseline.value));
    }
    let timing = |element: &str| context.catalogue().element(element).timing;
    let all = periods(indicator, place.period).into_iter();
    for period in all.filter(|period| pace::comparable(indicator, *period, timing)) {
        let rate = context.evaluate(indicator, place.region, period).rate;
        if let Some(value) = rate.as_ref().and_then(Exact::rate) {
            values.insert(period.last_day(), value);
        }
    }
    let values: Vec<(Date, Exact)> = values.into_iter().collect();
    let told = pace::pace(indicator, &values, place.period.last_day());
    let decimals = if indicator.is_rate() { indicator.decimals } else { 0 };
    let shown = |value: Option<Exact>| value.map(|value| value.display(decimals));
    let (outlook, forecast) = match told.outlook {
        Outlook::NoTarget => ("no_target", None),
        _ if !city_target => ("no_target", None),
        Outlook::Reached => ("reached", None),
        Outlook::Due => ("due", None),
        Outlook::TooFew => ("too_few", None),
        Outlook::Forecast(value) => ("forecast", Some(value)),
    };
    PaceView {
        actual_per_year: shown(told.actual),
        needed_per_year: shown(told.needed.filter(|_| city_target)),
        outlook: outlook.to_owned(),
        forecast: shown(forecast),
    }
}

fn series(context: &Context<'_>, indicator: &Indicator, place: Place<'_>) -> Vec<SeriesPoint> {
    let whole_city = place.region.code == context.reference.regions.city().code;
    periods(indicator, place.period)
        .into_iter()
        .map(|period| {
            let evaluation = context.evaluate(indicator, place.region, period);
            let rules = &context.reference.plan.lamp;
            SeriesPoint {
                period: period.to_string(),
                value: displayed(indicator, &evaluation),
                numerator: evaluation.numerator.map(|value| value.to_string()),
                denominator: evaluation.denominator.map(|value| value.to_string()),
                expected: lamp::expected(indicator, period, context.accrues(indicator))
                    .filter(|_| whole_city || indicator.is_rate())
                    .map(|expected| expected.display(indicator.decimals)),
                status: status(&evaluation),
                lamp: lamp::lamp(
                    indicator,
                    evaluation.rate.as_ref(),
                    period,
                    whole_city,
                    context.accrues(indicator),
                    rules,
                )
                .code()
                .to_owned(),
            }
        })
        .collect()
}

fn counties(context: &Context<'_>, indicator: &Indicator, place: Place<'_>) -> Vec<RegionValue> {
    let rules = &context.reference.plan.lamp;
    context
        .counties_of(place.region)
        .into_iter()
        .map(|county| {
            let evaluation = context.evaluate(indicator, county, place.period);
            RegionValue {
                region: county.code.clone(),
                name: county.short_name.clone(),
                numerator: evaluation.numerator.map(|value| value.to_string()),
                denominator: evaluation.denominator.map(|value| value.to_string()),
                value: displayed(indicator, &evaluation),
                status: status(&evaluation),
                lamp: lamp::lamp(
                    indicator,
                    evaluation.rate.as_ref(),
                    place.period,
                    false,
                    context.accrues(indicator),
                    rules,
                )
                .code()
                .to_owned(),
                missing: missing(context, &evaluation),
            }
        })
        .collect()
}

/// The life of every figure that the value stands on, or would.
fn revisions(context: &Context<'_>, indicator: &Indicator, place: Place<'_>) -> Vec<RevisionView> {
    let evaluation = context.evaluate(indicator, place.region, place.period);
    let used = evaluation.used.iter().map(|used| (used.element.clone(), used.region.clone(), used.period));
    let gone = evaluation.missing.iter().map(|gone| (gone.element.clone(), gone.region.clone(), gone.period));
    let figures: BTreeSet<(String, String, Period)> = used.chain(gone).collect();
    let mut lives: Vec<(i64, RevisionView)> = figures
        .iter()
        .flat_map(|(element, region, period)| {
            context.cube.life(element, region, *period, context.cut).map(|figure| {
                let meta = figure.meta;
                let view = RevisionView {
                    element: element.clone(),
                    element_name: context.catalogue().element(element).name,
                    region: region.clone(),
                    region_name: region_name(context, region),
                    period: period.to_string(),
                    value: said_text(&figure),
                    bureau: meta.bureau.clone(),
                    sequence: meta.sequence,
                    revision: figure.number,
                    status: kind_label(meta.kind).to_owned(),
                    published_at: rfc3339(meta.published_at),
                    approver: meta.approver.clone(),
                    reason: meta.reason.clone(),
                    origin: origin(figure.origin),
                };
                (meta.published_at, view)
            })
        })
        .collect();
    lives.sort_by_key(|(published_at, _)| std::cmp::Reverse(*published_at));
    lives.into_iter().map(|(_, view)| view).collect()
}
