//! 终期评估: where every dated target of the plan ended, at one cut. Pure.

use city::element::Timing;
use city::indicator::Indicator;
use city::period::Period;
use serde::Serialize;
use utoipa::ToSchema;

use crate::assemble::{displayed, period_words, status};
use crate::evaluate::{Context, Evaluation};
use crate::exact::Exact;
use crate::lamp;

/// One target and how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Ended {
    pub code: String,
    pub name: String,
    pub core: bool,
    pub obligation: String,
    pub unit: String,
    pub baseline: Option<String>,
    pub target: String,
    /// The year of the target; a month's own count is that of its December.
    pub period: String,
    /// None: not computable.
    pub value: Option<String>,
    pub numerator: Option<String>,
    pub denominator: Option<String>,
    pub status: String,
    /// None: not computable.
    pub met: Option<bool>,
    /// Units of the numerator that are missing.
    pub gap: Option<String>,
    pub gap_unit: String,
    pub responsible: Vec<String>,
    pub completeness: String,
    /// As the office states it, where the target was not met.
    pub reason: String,
}

/// Every indicator with a final target, core ones first as the plan has them.
pub fn ended(context: &Context<'_>) -> Vec<Ended> {
    let indicators = context.reference.plan.indicators.iter();
    indicators.filter_map(|indicator| one(context, indicator)).collect()
}

fn one(context: &Context<'_>, indicator: &Indicator) -> Option<Ended> {
    let target = indicator.targets.last()?;
    let (period, evaluation) = evaluated(context, indicator, target.period);
    let value = evaluation.rate.as_ref().and_then(Exact::rate);
    let city = context.reference.regions.city();
    let missing = context.incomplete(&evaluation).len();
    let names = |code: &String| context.catalogue().organisation(code).unwrap_or(code).to_owned();
    Some(Ended {
        code: indicator.code.clone(),
        name: indicator.name.clone(),
        core: indicator.core,
        obligation: indicator.obligation.clone(),
        unit: indicator.unit.clone(),
        baseline: indicator.baseline.as_ref().map(|baseline| baseline.value.to_string()),
        target: target.value.to_string(),
        period: period_words(period),
        value: displayed(indicator, &evaluation),
        numerator: evaluation.numerator.map(|value| value.to_string()),
        denominator: evaluation.denominator.map(|value| value.to_string()),
        status: status(&evaluation),
        met: value.map(|value| value >= Exact::decimal(&target.value)),
        gap: lamp::gap(indicator, evaluation.rate.as_ref()).map(|gap| gap.to_string()),
        gap_unit: indicator.unit_of_gap.clone(),
        responsible: indicator.responsible.iter().map(names).collect(),
        completeness: match (missing, context.counties_of(city).len()) {
            (0, _) => String::new(),
            (missing, all) => format!("{}/{all}", all.saturating_sub(missing)),
        },
        reason: String::new(),
    })
}

/// The target's year; what is counted month by month has no year of its own and ends with its December.
fn evaluated<'c>(context: &Context<'c>, indicator: &Indicator, period: Period) -> (Period, Evaluation<'c>) {
    let city = context.reference.regions.city();
    let of_year = context.evaluate(indicator, city, period);
    let monthly =
        indicator.numerator.iter().any(|part| context.catalogue().element(&part.element).timing == Timing::Month);
    if of_year.rate.is_none() && monthly {
        let december = Period::Month(period.year(), 12);
        return (december, context.evaluate(indicator, city, december));
    }
    (period, of_year)
}
