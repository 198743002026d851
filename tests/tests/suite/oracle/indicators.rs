//! Indicators from what was published, by the plan's file and nothing else.

use std::collections::BTreeMap;

use super::published::Published;

const CITY: &str = "530400";
/// In official order.
pub(crate) const COUNTIES: [&str; 9] =
    ["530402", "530403", "530481", "530423", "530424", "530425", "530426", "530427", "530428"];

/// One indicator as the file has it.
pub(crate) struct Formula {
    pub(crate) code: String,
    kind: String,
    decimals: u32,
    numerator: Vec<(String, String)>,
    denominator: Vec<(String, String)>,
}

/// What the files say of an element.
struct Element {
    adds: bool,
    timing: String,
    cadence: String,
}

pub(crate) struct Plan {
    pub(crate) formulas: Vec<Formula>,
    elements: BTreeMap<String, Element>,
}

/// Numerator, denominator, value as shown.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) numerator: Option<i64>,
    pub(crate) denominator: Option<i64>,
    pub(crate) value: Option<String>,
}

impl Plan {
    /// Reads the city's folder.
    pub(crate) fn read() -> Self {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/cities/yuxi");
        let text = |name: &str| std::fs::read_to_string(format!("{folder}/{name}")).expect("a file of the city");
        let mut elements = BTreeMap::new();
        for line in text("elements.csv").lines().skip(1) {
            let cells: Vec<&str> = line.split(',').collect();
            let element = Element { adds: cells[4] == "sum", timing: cells[5].to_owned(), cadence: "month".into() };
            elements.insert(cells[0].to_owned(), element);
        }
        for file in std::fs::read_dir(format!("{folder}/forms")).expect("forms") {
            let form: toml::Table =
                std::fs::read_to_string(file.expect("a form").path()).expect("text").parse().expect("a form");
            for element in form["elements"].as_array().expect("elements") {
                let known = elements.get_mut(element.as_str().expect("a code")).expect("a known element");
                form["cadence"].as_str().expect("a cadence").clone_into(&mut known.cadence);
            }
        }
        let file: toml::Table = text("plan-2023/indicators.toml").parse().expect("indicators");
        let list = file.values().find_map(|value| value.as_array()).expect("the list");
        let parts = |one: &toml::Value, side: &str| -> Vec<(String, String)> {
            let parts = one.get(side).and_then(|parts| parts.as_array()).cloned().unwrap_or_default();
            let text = |part: &toml::Value, key: &str| part[key].as_str().expect("text").to_owned();
            parts.iter().map(|part| (text(part, "element"), text(part, "alignment"))).collect()
        };
        let formulas = list
            .iter()
            .map(|one| Formula {
                code: one["code"].as_str().expect("a code").to_owned(),
                kind: one["kind"].as_str().expect("a kind").to_owned(),
                decimals: one.get("decimals").and_then(|value| value.as_integer()).unwrap_or(0) as u32,
                numerator: parts(one, "numerator"),
                denominator: parts(one, "denominator"),
            })
            .collect();
        Plan { formulas, elements }
    }

    /// The indicator in a place and period.
    pub(crate) fn shown(&self, formula: &Formula, published: &Published, region: &str, period: &str) -> Shown {
        if formula.numerator.is_empty() {
            return Shown::default();
        }
        if formula.kind == "coverage_count" {
            let places = if region == CITY { COUNTIES.to_vec() } else { vec![region] };
            let counted: Option<Vec<i64>> =
                places.iter().map(|place| self.side(&formula.numerator, published, place, period)).collect();
            let covered = counted.map(|counted| counted.iter().filter(|value| **value > 0).count() as i64);
            let value = covered.map(|covered| covered.to_string());
            return Shown { numerator: covered, denominator: covered.map(|_| places.len() as i64), value };
        }
        let numerator = self.side(&formula.numerator, published, region, period);
        if formula.denominator.is_empty() {
            return Shown { numerator, denominator: None, value: numerator.map(|value| value.to_string()) };
        }
        let denominator = self.side(&formula.denominator, published, region, period);
        let factor = match formula.kind.as_str() {
            "ratio" | "rule" => 100,
            "per_thousand" => 1000,
            _ => 1,
        };
        let value = numerator.zip(denominator).filter(|(_, denominator)| *denominator != 0);
        let value = value.map(|(numerator, denominator)| half_up(numerator * factor, denominator, formula.decimals));
        Shown { numerator, denominator, value }
    }

    fn side(&self, parts: &[(String, String)], published: &Published, region: &str, period: &str) -> Option<i64> {
        let mut sum = 0;
        for (element, alignment) in parts {
            for at in aligned(alignment, period) {
                sum += self.part(element, published, region, &at)?;
            }
        }
        Some(sum)
    }

    fn part(&self, code: &str, published: &Published, region: &str, period: &str) -> Option<i64> {
        let element = &self.elements[code];
        let period = due(element, period);
        let of = |place: &str| {
            let labels = same_end(element, &period);
            labels.iter().find_map(|label| published.stated.get(&(code.to_owned(), place.to_owned(), label.clone())))
        };
        if let Some(own) = of(region) {
            return Some(own.value);
        }
        if region == CITY && element.adds {
            let counties: Option<Vec<i64>> = COUNTIES.iter().map(|county| of(county).map(|one| one.value)).collect();
            if let Some(counties) = counties {
                return Some(counties.iter().sum());
            }
        }
        let labels = same_end(element, &period);
        labels
            .iter()
            .find_map(|label| published.printed.get(&(code.to_owned(), region.to_owned(), label.clone())).copied())
    }
}

fn year_month(period: &str) -> (i64, i64) {
    let (year, rest) = period.split_once('-').unwrap_or((period, "12"));
    let month = match rest.strip_prefix('Q') {
        Some(quarter) => quarter.parse::<i64>().expect("a quarter") * 3,
        None => rest.parse().expect("a month"),
    };
    (year.parse().expect("a year"), month)
}

fn aligned(alignment: &str, period: &str) -> Vec<String> {
    let year = period.get(..4).expect("a year").parse::<i64>().expect("a year");
    match alignment {
        "same" | "ytd" => vec![period.to_owned()],
        "last_year_end" if period.len() == 4 => vec![period.to_owned()],
        "last_year_end" => vec![(year - 1).to_string()],
        other => {
            let many: i64 = other
                .strip_prefix("sum_years(")
                .and_then(|rest| rest.strip_suffix(')'))
                .expect("sum_years")
                .parse()
                .expect("a number");
            // Of a month: the years that have ended.
            let last = if period.len() == 4 { year } else { year - 1 };
            (last - many + 1..=last).map(|year| year.to_string()).collect()
        }
    }
}

/// A quarterly figure stands in the months between.
fn due(element: &Element, period: &str) -> String {
    if element.cadence != "quarter"
        || period.len() != 7
        || period.contains('Q')
        || !matches!(element.timing.as_str(), "point" | "ytd")
    {
        return period.to_owned();
    }
    let (year, month) = year_month(period);
    match (month / 3, element.timing.as_str()) {
        (0, "ytd") => period.to_owned(),
        (0, _) => format!("{}-Q4", year - 1),
        (quarter, _) => format!("{year}-Q{quarter}"),
    }
}

/// Every way to write the period that ends on that day, where that is the same thing.
fn same_end(element: &Element, period: &str) -> Vec<String> {
    if period.starts_with("MCH") || !matches!(element.timing.as_str(), "point" | "ytd") {
        return vec![period.to_owned()];
    }
    let (year, month) = year_month(period);
    let mut labels = vec![period.to_owned(), format!("{year}-{month:02}")];
    if month % 3 == 0 {
        labels.push(format!("{year}-Q{}", month / 3));
    }
    if month == 12 {
        labels.push(year.to_string());
    }
    labels
}

/// Long division, and one more digit to round by.
fn half_up(numerator: i64, denominator: i64, decimals: u32) -> String {
    let scale = 10_i64.pow(decimals);
    let scaled = (numerator * scale * 2 + denominator) / (denominator * 2);
    match decimals {
        0 => scaled.to_string(),
        _ => format!("{}.{:0width$}", scaled / scale, scaled % scale, width = decimals as usize),
    }
}
