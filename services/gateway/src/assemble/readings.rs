//! An indicator in its other readings, and beside what the nation and the province state.

use city::indicator::{Indicator, Reading};

use super::{Place, displayed, missing, status};
use crate::evaluate::Context;
use crate::lamp;
use crate::view::{ReadingView, ReferenceView};

/// Every other reading, each from its own parts.
pub(super) fn readings(context: &Context<'_>, indicator: &Indicator, place: Place<'_>) -> Vec<ReadingView> {
    indicator.readings.iter().map(|reading| view(context, indicator, reading, place)).collect()
}

fn view(context: &Context<'_>, indicator: &Indicator, reading: &Reading, place: Place<'_>) -> ReadingView {
    let read = indicator.read_as(reading);
    let evaluation = context.evaluate(&read, place.region, place.period);
    let whole_city = place.region.code == context.reference.regions.city().code;
    let rules = &context.reference.plan.lamp;
    ReadingView {
        code: reading.code.clone(),
        title: reading.title.clone(),
        numerator: evaluation.numerator.map(|value| value.to_string()),
        denominator: evaluation.denominator.map(|value| value.to_string()),
        value: displayed(&read, &evaluation),
        status: status(&evaluation),
        lamp: lamp::lamp(&read, evaluation.rate.as_ref(), place.period, whole_city, context.accrues(&read), rules)
            .code()
            .to_owned(),
        target: read.targets.last().filter(|_| whole_city || read.is_rate()).map(|target| target.value.to_string()),
        missing: missing(context, &evaluation),
        note: reading.note.clone(),
    }
}

/// What others state of the same thing.
pub(super) fn references(indicator: &Indicator) -> Vec<ReferenceView> {
    let stated = indicator.references.iter().map(|stated| ReferenceView {
        scope: stated.scope.clone(),
        period: stated.period.to_string(),
        value: stated.value.to_string(),
        source: stated.source.clone(),
    });
    stated.collect()
}
