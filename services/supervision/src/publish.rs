//! What this service publishes by itself at start: the documents that everybody computes by, and the figures that
//! documents print. The desk leaves out what its stream already says.

use std::collections::BTreeMap;

use city::bundle::City;
use city::element::Element;
use city::form::Cadence;
use city::observation::PrintedObservation;
use city::organisation::Organisation;
use kit::{Problem, Result};
use proto::reporting::{Basis, Observation, PublicationKind};
use reporting::Desk;
use serde::Serialize;

/// The catalogue as a document: who owns an element, and what the units are called.
#[derive(Serialize)]
struct Catalogue<'c> {
    elements: &'c [Element],
    organisations: &'c [Organisation],
    /// How often an element is reported, where that is less often than every month.
    cadences: BTreeMap<&'c str, Cadence>,
}

/// Publishes the city's bundle. Regions and catalogue go first: the plan speaks of both.
pub async fn bundle(desk: &Desk, city: &City) -> Result<()> {
    let (edition, plan) = (city.regions.edition(), &city.plan);
    desk.publish_document("regions", &edition.id, &edition.title, json(edition)?).await?;
    let seldom = city.forms.iter().filter(|form| form.cadence != Cadence::Month);
    let cadences = seldom.flat_map(|form| form.elements.iter().map(|element| (element.as_str(), form.cadence)));
    let catalogue =
        Catalogue { elements: &city.elements, organisations: &city.organisations, cadences: cadences.collect() };
    desk.publish_document("catalogue", &city.code, "数据元目录", json(&catalogue)?).await?;
    desk.publish_document("plan", &plan.id, &plan.title, json(plan)?).await?;
    // How many places an edition has is this office's own statement, not the plan's.
    let (counted, printed): (Vec<_>, Vec<_>) = city
        .printed
        .iter()
        .map(|printed| observation(city, printed))
        .partition(|one| one.element.starts_with("region."));
    desk.publish_printed(PublicationKind::Final, "区划版本所含单位数", counted).await?;
    desk.publish_printed(PublicationKind::Plan, "方案与公报所载数", printed).await
}

/// JSON in the order of the types' fields and of the bundle's lists: the same bundle gives the same bytes.
fn json(document: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(document).map_err(Problem::internal)
}

fn observation(city: &City, printed: &PrintedObservation) -> Observation {
    Observation {
        element: printed.element.clone(),
        region: printed.region.clone(),
        period: printed.period.to_string(),
        value: Some(printed.value),
        basis: Basis::Reported.into(),
        source: printed.source.clone(),
        definition_version: city.element(&printed.element).map_or(0, |element| element.definition_version),
        ..Observation::default()
    }
}
