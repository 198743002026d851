//! Cross-checks of a bundle: everything that is named exists, once.

use std::collections::BTreeSet;

use super::{BundleError, City};
use crate::element::Element;
use crate::indicator::Indicator;

pub(super) fn city(city: &City) -> Result<(), BundleError> {
    if city.regions.city().code != city.code {
        return Err(BundleError::new("city.toml", " [code]", "与行政区划首行的市级代码不一致"));
    }
    unique("elements.csv", city.elements.iter().map(|element| element.code.as_str()))?;
    unique("organisations.csv", city.organisations.iter().map(|unit| unit.code.as_str()))?;
    unique("indicators.toml", city.plan.indicators.iter().map(|indicator| indicator.code.as_str()))?;
    unique("forms", city.forms.iter().map(|form| form.code.as_str()))?;
    for indicator in &city.plan.indicators {
        self::indicator(city, indicator)?;
    }
    for task in &city.plan.tasks {
        organisations(city, "tasks.csv", &task.code, &task.organisations)?;
    }
    for form in &city.forms {
        let file = format!("forms/{}.toml", form.code);
        organisations(city, &file, "organisation", std::slice::from_ref(&form.organisation))?;
        let checked = form.checks.iter().flat_map(|check| check.left.iter().chain(&check.right));
        for term in checked {
            if !form.elements.contains(&term.element) {
                return Err(BundleError::new(&file, " [checks]", format!("“{}”不在本表内", term.element)));
            }
        }
        for code in &form.elements {
            if element(city, &file, code)?.owner != form.owner {
                return Err(BundleError::new(&file, " [elements]", format!("“{code}”不属于 {}", form.owner)));
            }
        }
        let steps: Vec<&str> = form.chain.iter().map(|step| step.step.as_str()).collect();
        if steps.first() != Some(&"fill") || steps.last() != Some(&"approve") || steps.len() < 3 {
            return Err(BundleError::new(&file, " [chain]", "签审链应由 fill 开始、经 review、以 approve 结束"));
        }
    }
    for printed in &city.printed {
        element(city, "observations", &printed.element)?;
        if city.regions.get(&printed.region).is_none() {
            return Err(BundleError::new("observations", "", format!("没有地区 {}", printed.region)));
        }
    }
    Ok(())
}

fn indicator(city: &City, indicator: &Indicator) -> Result<(), BundleError> {
    let wrong = |message: String| BundleError::new("indicators.toml", format!(" [{}]", indicator.code), message);
    unique("indicators.toml", indicator.readings.iter().map(|reading| reading.code.as_str()))?;
    let readings = indicator.readings.iter().flat_map(|reading| reading.numerator.iter().chain(&reading.denominator));
    for part in indicator.numerator.iter().chain(&indicator.denominator).chain(readings) {
        if city.element(&part.element).is_none() {
            return Err(wrong(format!("没有数据元“{}”", part.element)));
        }
    }
    organisations(city, "indicators.toml", &indicator.code, &indicator.responsible)?;
    if !indicator.targets.is_sorted_by_key(|target| target.period.last_day()) {
        return Err(wrong("目标未按时间排列".to_owned()));
    }
    let own = (&indicator.numerator, &indicator.denominator);
    let sides = indicator.readings.iter().map(|reading| (&reading.numerator, &reading.denominator)).chain([own]);
    if indicator.is_rate() && sides.into_iter().any(|(top, bottom)| top.is_empty() != bottom.is_empty()) {
        return Err(wrong("比率应同时有分子和分母".to_owned()));
    }
    Ok(())
}

fn element<'c>(city: &'c City, file: &str, code: &str) -> Result<&'c Element, BundleError> {
    city.element(code).ok_or_else(|| BundleError::new(file, "", format!("没有数据元“{code}”")))
}

fn organisations(city: &City, file: &str, place: &str, codes: &[String]) -> Result<(), BundleError> {
    match codes.iter().find(|code| city.organisation(code).is_none()) {
        Some(unknown) => Err(BundleError::new(file, format!(" [{place}]"), format!("没有单位“{unknown}”"))),
        None => Ok(()),
    }
}

fn unique<'c>(file: &str, codes: impl Iterator<Item = &'c str>) -> Result<(), BundleError> {
    let mut seen = BTreeSet::new();
    for code in codes {
        if !seen.insert(code) {
            return Err(BundleError::new(file, "", format!("代码“{code}”重复")));
        }
    }
    Ok(())
}
