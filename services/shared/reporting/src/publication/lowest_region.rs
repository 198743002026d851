//! The lowest region of which anything is published is the county (architecture §5): below it a figure soon says who it
//! is about (practice §8), and so does what is left of another one. Pure.

use city::bundle::City;
use city::region::Level;
use kit::{Problem, Result};
use proto::reporting::Publication;
use proto::reporting::publication::Body;

/// REGION_TOO_SMALL, with element and region.
pub(crate) fn check(city: &City, publication: &Publication) -> Result<()> {
    let Some(Body::Figures(figures)) = &publication.body else { return Ok(()) };
    for observation in figures.regions.iter().flat_map(|region| &region.observations) {
        let region = city.regions.get(&observation.region);
        // A region that nobody knows is no county.
        if region.is_none_or(|region| region.level > Level::County) {
            let place = region.map_or(&observation.region, |region| &region.name);
            let element = city.element(&observation.element).map_or(&observation.element, |element| &element.name);
            let message = format!("“{element}”不得发布到{place}：最低发布到县（市、区）");
            return Err(Problem::state("REGION_TOO_SMALL", message)
                .and_field("element", &observation.element)
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

    fn published(element: &str, region: &str, value: Option<i64>) -> Result<()> {
        let observation =
            Observation { element: element.into(), region: region.into(), value, ..Observation::default() };
        let region = RegionFigures { region: COUNTY.into(), observations: vec![observation], ..Default::default() };
        let body = Body::Figures(Figures { regions: vec![region] });
        check(&City::embedded(), &Publication { body: Some(body), ..Publication::default() })
    }

    #[test]
    fn nothing_below_a_county_is_published_whatever_it_is() {
        assert!(City::embedded().regions.get(TOWNSHIP).is_some_and(|region| region.level == Level::Township));
        for element in ["elderly.carers.certified", "elderly.institutions", "no.such.element"] {
            for value in [None, Some(0), Some(3), Some(120)] {
                let problem = published(element, TOWNSHIP, value).unwrap_err();
                assert_eq!(problem.reason, "REGION_TOO_SMALL");
                let fields: Vec<&str> = problem.fields.iter().map(|field| field.1.as_str()).collect();
                assert_eq!(fields, [element, TOWNSHIP]);
            }
        }
        let problem = published("elderly.carers", "530402999999", Some(12)).unwrap_err();
        assert!(problem.message.contains("530402999999"), "no region that is known: {problem}");
    }

    #[test]
    fn counties_and_the_city_publish_their_own() {
        for region in [COUNTY, "530400"] {
            assert!(published("elderly.carers.certified", region, Some(3)).is_ok(), "between authorities");
        }
    }
}
