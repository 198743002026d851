//! No envelope carries a count of 1 to 4 persons for a place below a county (practice §8): whoever follows the stream
//! would know who they are. Pure.

use city::bundle::City;
use city::region::Level;
use city::suppression::is_small;
use kit::{Problem, Result};
use proto::reporting::Publication;
use proto::reporting::publication::Body;

/// SMALL_CELL, with element and region.
pub(crate) fn check(city: &City, publication: &Publication) -> Result<()> {
    let Some(Body::Figures(figures)) = &publication.body else { return Ok(()) };
    for observation in figures.regions.iter().flat_map(|region| &region.observations) {
        let small = observation.value.is_some_and(is_small) || observation.computed.is_some_and(is_small);
        let region = city.regions.get(&observation.region);
        let Some(element) = city.elements.iter().find(|element| element.code == observation.element) else { continue };
        // A region that nobody knows is no county.
        let below_county = region.is_none_or(|region| region.level > Level::County);
        if small && below_county && element.counts_persons() {
            let place = region.map_or(observation.region.as_str(), |region| &region.name);
            let message = format!("{place}的“{}”不足5人，县级以下不得发布", element.name);
            return Err(Problem::state("SMALL_CELL", message)
                .and_field("element", &element.code)
                .and_field("region", &observation.region));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proto::reporting::{Figures, Observation, RegionFigures};

    use super::*;

    const COUNTY: &str = "530402";
    const TOWNSHIP: &str = "530402001";

    fn published(element: &str, region: &str, value: Option<i64>, computed: Option<i64>) -> Result<()> {
        let observation =
            Observation { element: element.into(), region: region.into(), value, computed, ..Observation::default() };
        let region = RegionFigures { region: COUNTY.into(), observations: vec![observation], ..Default::default() };
        let body = Body::Figures(Figures { regions: vec![region] });
        check(&City::embedded(), &Publication { body: Some(body), ..Publication::default() })
    }

    #[test]
    fn one_to_four_persons_of_a_township_are_refused_by_name() {
        assert!(City::embedded().regions.get(TOWNSHIP).is_some_and(|region| region.level == Level::Township));
        for value in 1..5 {
            let problem = published("elderly.carers.certified", TOWNSHIP, Some(value), None).unwrap_err();
            assert_eq!(problem.reason, "SMALL_CELL");
            let fields: Vec<&str> = problem.fields.iter().map(|field| field.1.as_str()).collect();
            assert_eq!(fields, ["elderly.carers.certified", TOWNSHIP]);
        }
        assert!(published("elderly.carers", TOWNSHIP, Some(12), Some(3)).is_err(), "what was computed is told too");
        assert!(published("elderly.carers", "530402999999", Some(2), None).is_err(), "no region that is known");
    }

    #[test]
    fn what_names_nobody_passes() {
        for value in [0, 5, 12] {
            assert!(published("elderly.carers.certified", TOWNSHIP, Some(value), None).is_ok());
        }
        assert!(published("elderly.carers.certified", TOWNSHIP, None, None).is_ok());
        assert!(published("elderly.carers.certified", COUNTY, Some(3), None).is_ok(), "a county's figure is no secret");
        assert!(published("elderly.carers.certified", "530400", Some(3), None).is_ok());
        assert!(published("elderly.institutions", TOWNSHIP, Some(1), None).is_ok(), "an institution is nobody");
    }
}
