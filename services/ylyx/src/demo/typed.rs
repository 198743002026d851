//! What clerks type: the elements that no register computes, as they would stand in each county and period.

use std::collections::BTreeMap;

use city::bundle::City;
use city::element::Aggregation;
use city::form::{Form, ReportingLevel};
use city::period::Period;

use super::growth::{By, Ends, at, end_of, lot, part, year};

/// How an element moves.
enum Path {
    /// A state, by county weights.
    Stock(By, Ends),
    /// A flow of a year; within the year it grows month by month.
    Flow(By, Ends),
    /// So many thousandths of another element of the same report.
    Share(&'static str, Ends),
    /// One in each county, in turn, until there are so many.
    OneEach(Ends),
}

/// People distinct across regions, in thousandths of the sum of the counties.
const DISTINCT_SHARE: i64 = 985;

fn path(element: &str) -> Option<Path> {
    use By::{Communities, People, Villages};
    use Path::{Flow, OneEach, Share, Stock};
    Some(match element {
        "childcare.children.enrolled" => Share("childcare.places", [934, 800, 710, 625, 570, 540, 555]),
        "childcare.places.built" => Stock(People, [0, 1_150, 2_450, 4_100, 6_300, 8_900, 10_100]),
        "childcare.county_institutions.built" => OneEach([0, 0, 1, 2, 5, 8, 9]),
        "childcare.communities.covered" => Stock(Villages, [20, 90, 200, 330, 470, 604, 668]),
        "childcare.newbuild" => Flow(People, [18, 27, 27, 27, 36, 36, 36]),
        "childcare.newbuild.compliant" => Share("childcare.newbuild", [600, 800, 880, 930, 960, 985, 1000]),
        "childcare.counties.inclusive_demo" => Stock(People, [0, 0, 0, 1, 1, 2, 2]),
        "childcare.experts" => Stock(People, [0, 10, 22, 34, 44, 52, 56]),
        "health.elderly65.managed" => Flow(People, [206_340, 208_000, 211_500, 216_800, 224_900, 236_500, 242_000]),
        "health.elderly65.family_doctor" => {
            Stock(People, [218_500, 222_000, 226_000, 232_000, 238_000, 243_000, 248_000])
        }
        "health.hospitals" => Stock(People, [27, 27, 27, 27, 27, 27, 27]),
        "health.hospitals.geriatrics" => Share("health.hospitals", [120, 230, 350, 480, 610, 720, 760]),
        "health.mednursing_demo" => OneEach([0, 1, 3, 5, 7, 9, 9]),
        "health.infants.due" => Stock(People, [62_000, 58_000, 54_000, 50_000, 47_000, 45_000, 43_500]),
        "health.infants.nutrition" => Share("health.infants.due", [690, 740, 790, 845, 880, 908, 920]),
        "health.infants.growth" => Share("health.infants.due", [760, 800, 840, 875, 905, 926, 935]),
        "health.infants.prevention" => Share("health.infants.due", [720, 770, 810, 850, 890, 915, 925]),
        "health.infants.vaccination_due" => Flow(People, [60_000, 57_000, 53_000, 49_000, 46_000, 44_000, 43_000]),
        "health.infants.vaccination" => Share("health.infants.vaccination_due", [955, 960, 966, 970, 974, 978, 980]),
        "health.live_births" => Flow(People, [21_000, 19_000, 17_300, 15_900, 15_200, 14_800, 14_400]),
        "health.infants.newborn_visit" => Share("health.live_births", [905, 912, 921, 930, 938, 946, 950]),
        "population.resident" => {
            Stock(People, [2_249_502, 2_255_000, 2_260_000, 2_265_000, 2_262_000, 2_259_000, 2_257_000])
        }
        "population.age60" => Stock(People, [372_509, 377_000, 382_500, 390_000, 398_500, 407_000, 415_000]),
        "population.age65" => Stock(People, [288_027, 292_500, 297_000, 302_000, 307_500, 313_000, 318_500]),
        "population.births" => Flow(People, [21_363, 18_900, 17_200, 15_800, 15_300, 14_900, 14_500]),
        "insurance.pension.due" => {
            Stock(People, [1_702_000, 1_706_000, 1_709_000, 1_712_000, 1_714_000, 1_715_000, 1_716_000])
        }
        "insurance.pension.participants" => Share("insurance.pension.due", [955, 957, 959, 961, 963, 966, 968]),
        "insurance.medical.due" => {
            Stock(People, [2_210_000, 2_215_000, 2_219_000, 2_222_000, 2_220_000, 2_217_000, 2_215_000])
        }
        "insurance.medical.participants" => Share("insurance.medical.due", [958, 959, 961, 962, 963, 965, 966]),
        "elderly.carers" => Share("elderly.beds", [80, 82, 84, 86, 88, 90, 92]),
        "elderly.carers.certified" => Share("elderly.carers", [685, 770, 860, 930, 960, 986, 992]),
        "elderly.special" => Stock(People, [18_200, 18_400, 18_600, 18_800, 19_000, 19_150, 19_300]),
        "elderly.special.visited" => Share("elderly.special", [1000, 988, 991, 995, 997, 998, 999]),
        "elderly.home_adaptations" => Flow(People, [0, 216, 222, 241, 236, 252, 262]),
        "elderly.social_workers" => Stock(People, [60, 130, 205, 268, 330, 402, 436]),
        "elderly.newbuild" => Flow(People, [18, 27, 27, 27, 36, 36, 36]),
        "elderly.newbuild.compliant" => Share("elderly.newbuild", [576, 760, 880, 960, 985, 1000, 1000]),
        "elderly.urban_communities" => Stock(Communities, [289; 7]),
        "elderly.urban_circle" => Share("elderly.urban_communities", [280, 380, 500, 640, 790, 930, 965]),
        "elderly.demo_projects" => OneEach([0, 1, 3, 5, 7, 9, 9]),
        "education.learners.registered" => Flow(People, [12_000, 14_500, 17_200, 20_400, 24_100, 27_600, 29_500]),
        "education.regular_learners" => Flow(People, [30_000, 38_000, 47_000, 58_000, 69_500, 80_500, 84_000]),
        "education.learning_visits" => {
            Flow(People, [410_000, 540_000, 690_000, 860_000, 1_050_000, 1_240_000, 1_300_000])
        }
        "finance.lottery.available_fen" => Flow(
            People,
            [2_210_000_000, 2_236_800_000, 2_301_450_000, 2_358_000_000, 2_412_600_000, 2_466_300_000, 2_500_000_000],
        ),
        "finance.lottery.elderly_fen" => Share("finance.lottery.available_fen", [470, 490, 512, 534, 548, 561, 565]),
        "finance.lottery.spendable_fen" => Share("finance.lottery.available_fen", [960, 958, 955, 952, 950, 948, 946]),
        "finance.lottery.elderly_spent_fen" => {
            Share("finance.lottery.spendable_fen", [440, 460, 485, 507, 520, 538, 545])
        }
        _ => return None,
    })
}

/// What is typed into a report: every element of the form that no register computes, as text. `computed`: what the
/// register gave for the same report, which shares refer to. Money is counted and typed in 分.
pub(super) fn cells(
    city: &City,
    form: &Form,
    region: &str,
    period: Period,
    computed: &BTreeMap<String, i64>,
) -> Vec<(String, i64)> {
    let mut known = computed.clone();
    let mut typed = Vec::new();
    let mut elements: Vec<&String> = form.elements.iter().filter(|element| !computed.contains_key(*element)).collect();
    // A share comes after what it is a share of, which may itself be one.
    elements.sort_by_key(|element| depth(element));
    for element in elements {
        let value = if region != city.code {
            in_county(city, element, region, period, &known)
        } else if form.reporting_level == ReportingLevel::Both {
            let counties = city.regions.counties();
            let sum = counties.iter().map(|county| in_county(city, element, &county.code, period, &known)).sum::<i64>();
            match city.element(element).map(|element| element.aggregation) {
                Some(Aggregation::Distinct) => sum * DISTINCT_SHARE / 1000,
                _ => sum,
            }
        } else {
            whole(element, period, &known)
        };
        known.insert(element.clone(), value);
        typed.push((element.clone(), value));
    }
    typed
}

/// How many elements a share rests on, one after the other.
fn depth(element: &str) -> usize {
    match path(element) {
        Some(Path::Share(of, _)) => 1 + depth(of),
        _ => 0,
    }
}

/// The city's own figure where only the city reports.
fn whole(element: &str, period: Period, known: &BTreeMap<String, i64>) -> i64 {
    match path(element) {
        Some(Path::Stock(_, ends) | Path::OneEach(ends)) => at(&ends, end_of(period)),
        Some(Path::Flow(_, ends)) => flowed(&ends, period, i64::MAX),
        Some(Path::Share(of, ends)) => known.get(of).copied().unwrap_or(0) * at(&ends, end_of(period)) / 1000,
        None => 0,
    }
}

fn in_county(city: &City, element: &str, county: &str, period: Period, known: &BTreeMap<String, i64>) -> i64 {
    match path(element) {
        Some(Path::Stock(by, ends)) => part(city, by, county, at(&ends, end_of(period))),
        Some(Path::Flow(by, ends)) => {
            let own = part(city, by, county, year(&ends, period.year()));
            flowed(&ends, period, own)
        }
        Some(Path::Share(of, ends)) => {
            let share = with_character(at(&ends, end_of(period)), element, county);
            known.get(of).copied().unwrap_or(0) * share / 1000
        }
        Some(Path::OneEach(ends)) => {
            let turn = city.regions.counties().iter().position(|one| one.code == county).unwrap_or(0);
            i64::from((turn as i64) < at(&ends, end_of(period)))
        }
        None => 0,
    }
}

/// How much of a year's flow has come by the end of the period; `own`: the year's flow, the city's when there is none.
fn flowed(ends: &Ends, period: Period, own: i64) -> i64 {
    let of_year = if own == i64::MAX { year(ends, period.year()) } else { own };
    match period {
        Period::Month(_, month) => of_year * i64::from(month) / 12,
        Period::Quarter(_, quarter) => of_year * i64::from(quarter) / 4,
        _ => of_year,
    }
}

/// Some counties do better than others, always the same ones; the less room there is, the closer they are.
fn with_character(share: i64, element: &str, county: &str) -> i64 {
    let room = (1000 - share).clamp(0, 60);
    let offset = (lot(&[element, county]) % 121) as i64 - 60;
    (share + offset * room / 60).clamp(0, 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_typed_element_of_the_city_has_a_path() {
        let city = City::embedded();
        let typed = city.elements.iter().filter(|element| !element.computed);
        let lost: Vec<&str> = typed
            .filter(|element| path(&element.code).is_none() && !element.code.starts_with("region."))
            .map(|element| element.code.as_str())
            .collect();
        assert!(lost.is_empty(), "{lost:?}");
    }
}
