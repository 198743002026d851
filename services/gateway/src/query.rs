//! One request, whichever door it came through: the cut, the context, and the answer from memory.

use std::sync::Arc;

use kit::Result;

use crate::assemble::{self, Place};
use crate::counties::{self, CountyTable};
use crate::cube::Reference;
use crate::evaluate::Context;
use crate::state::State;
use crate::view::{BureauList, IndicatorDetail, IndicatorList};

/// Runs `answer` in the context of a place and an instant. Empty `region`: the whole city; empty `period`: the plan's
/// baseline year; empty `as_of`: now; `cut:ID`: a named cut.
pub(crate) fn at<T>(
    state: &State,
    region: &str,
    period: &str,
    as_of: &str,
    answer: impl FnOnce(&Context<'_>, Place<'_>) -> Result<T>,
) -> Result<T> {
    let moment = state.moment(as_of)?;
    state.cube(|cube| {
        let cut = moment.cut(cube)?;
        let reference = cube.reference(&cut)?;
        let context = Context { cube, cut: &cut, reference: &reference };
        let place = assemble::place(&context, region, period, moment.at)?;
        answer(&context, place)
    })
}

pub fn indicators(state: &State, region: &str, period: &str, as_of: &str, core_only: bool) -> Result<IndicatorList> {
    at(state, region, period, as_of, |context, place| Ok(assemble::list(context, place, core_only, &state.links())))
}

pub fn indicator(state: &State, code: &str, region: &str, period: &str, as_of: &str) -> Result<IndicatorDetail> {
    at(state, region, period, as_of, |context, place| {
        Ok(assemble::detail(context, assemble::indicator(context, code)?, place, &state.links()))
    })
}

/// Every core indicator in every county, and the instant that it is shown for. Evaluated once for as long as no bureau
/// publishes.
pub fn counties(state: &State, period: &str, as_of: &str) -> Result<(Arc<CountyTable>, String)> {
    let at = kit::clock::rfc3339(state.moment(as_of)?.at);
    let table = state.table(period, as_of, || {
        self::at(state, "", period, as_of, |context, place| Ok(counties::table(context, place)))
    })?;
    Ok((table, at))
}

pub async fn proof(state: &State, code: &str, region: &str, period: &str, as_of: &str) -> Result<String> {
    crate::proof::make(state, code, region, period, as_of).await
}

pub fn bureaus(state: &State) -> Result<BureauList> {
    let (links, now) = (state.links(), state.clock().micros());
    state.cube(|cube| Ok(assemble::bureaus(cube, &links, now)))
}

/// The reference documents in force now.
pub fn reference(state: &State) -> Result<Reference> {
    state.cube(|cube| cube.reference(&cube.cut(None)))
}
