//! Two cuts beside each other: which figures differ, and why (补报、更正、撤销、分母、口径、区划). Pure.

use std::collections::{BTreeMap, BTreeSet};

use city::indicator::Indicator;
use city::period::Period;
use serde::Serialize;
use utoipa::ToSchema;

use crate::assemble::{displayed, kind_label, period_words, region_name, said_text, status};
use crate::cube::Figure;
use crate::evaluate::{Context, Evaluation};

/// What differs between two cuts in one period.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Comparison {
    pub period: String,
    pub changes: Vec<Change>,
    /// Figures looked at: indicators times regions.
    pub compared: u32,
}

/// One indicator in one region that reads differently.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Change {
    pub indicator: String,
    pub name: String,
    pub unit: String,
    pub core: bool,
    pub region: String,
    pub region_name: String,
    pub before: Reading,
    pub after: Reading,
    pub causes: Vec<Cause>,
}

/// A value with its parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Reading {
    /// None: not computable.
    pub value: Option<String>,
    pub numerator: Option<String>,
    pub denominator: Option<String>,
    pub status: String,
}

/// Why a figure changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub struct Cause {
    /// LATE, CORRECTION, WITHDRAWAL, DENOMINATOR, DEFINITION, BOUNDARY or MODE.
    pub kind: String,
    /// The same in Chinese.
    pub title: String,
    /// Which figure of which place and period, and what it was and is.
    pub detail: String,
    /// What the bureau said with it.
    pub reason: String,
}

/// Every indicator in the city and its counties.
pub fn compare(before: &Context<'_>, after: &Context<'_>, period: Period) -> Comparison {
    let tree = &after.reference.regions;
    let (mut changes, mut compared) = (Vec::new(), 0);
    let general = general_causes(before, after);
    for indicator in &after.reference.plan.indicators {
        let old = before.reference.plan.indicators.iter().find(|one| one.code == indicator.code).unwrap_or(indicator);
        for region in [tree.city()].into_iter().chain(tree.counties()) {
            compared += 1;
            let (was, is) = (before.evaluate(old, region, period), after.evaluate(indicator, region, period));
            let (was_read, is_read) = (reading(old, &was), reading(indicator, &is));
            if was_read == is_read {
                continue;
            }
            let mut causes = parts(after, &was, &is);
            if old.formula_version != indicator.formula_version || old.numerator != indicator.numerator {
                let detail = format!("公式第{}版改为第{}版", old.formula_version, indicator.formula_version);
                causes.insert(cause("DEFINITION", detail, ""));
            }
            causes.extend(general.iter().cloned());
            changes.push(Change {
                indicator: indicator.code.clone(),
                name: indicator.name.clone(),
                unit: indicator.unit.clone(),
                core: indicator.core,
                region: region.code.clone(),
                region_name: if region.code == tree.city().code {
                    "全市".to_owned()
                } else {
                    region.short_name.clone()
                },
                before: was_read,
                after: is_read,
                causes: causes.into_iter().collect(),
            });
        }
    }
    Comparison { period: period.to_string(), changes, compared }
}

/// What bears on every figure: another edition of the regions, another way of filling gaps.
fn general_causes(before: &Context<'_>, after: &Context<'_>) -> Vec<Cause> {
    let mut causes = Vec::new();
    let (was, is) = (before.reference.regions.edition(), after.reference.regions.edition());
    if was.id != is.id {
        causes.push(cause("BOUNDARY", format!("区划版本由{}改为{}", was.id, is.id), ""));
    }
    if before.cut.mode != after.cut.mode {
        let detail = format!("定版方式由{}改为{}", before.cut.mode.label(), after.cut.mode.label());
        causes.push(cause("MODE", detail, ""));
    }
    causes
}

fn reading(indicator: &Indicator, evaluation: &Evaluation<'_>) -> Reading {
    Reading {
        value: displayed(indicator, evaluation),
        numerator: evaluation.numerator.map(|value| value.to_string()),
        denominator: evaluation.denominator.map(|value| value.to_string()),
        status: status(evaluation),
    }
}

/// The figures that differ between two evaluations, each with what happened to it.
fn parts(after: &Context<'_>, was: &Evaluation<'_>, is: &Evaluation<'_>) -> BTreeSet<Cause> {
    type Key<'k> = (&'static str, &'k str, &'k str, Period);
    fn figures<'e>(evaluation: &'e Evaluation<'_>) -> BTreeMap<Key<'e>, &'e Figure<'e>> {
        let used = evaluation.used.iter();
        used.map(|one| ((one.side, one.element.as_str(), one.region.as_str(), one.period), &one.figure)).collect()
    }
    let (old, new) = (figures(was), figures(is));
    let mut causes = BTreeSet::new();
    for key in old.keys().chain(new.keys()).copied().collect::<BTreeSet<_>>() {
        let (side, element, region, period) = key;
        let named = after.catalogue().element(element).name;
        let place = format!("{}{}“{named}”", region_name(after, region), period_words(period));
        let denominator = side == "denominator";
        match (old.get(&key), new.get(&key)) {
            (Some(was), Some(is)) if was.meta.sequence != is.meta.sequence && was.said != is.said => {
                let detail = format!(
                    "{place}由{}改为{}（第{}次修订，{}）",
                    words(was),
                    words(is),
                    is.number,
                    kind_label(is.meta.kind)
                );
                causes.insert(cause(if denominator { "DENOMINATOR" } else { "CORRECTION" }, detail, &is.meta.reason));
            }
            (None, Some(is)) => {
                let kind = if denominator { "DENOMINATOR" } else { "LATE" };
                causes.insert(cause(kind, format!("{place}补报为{}", words(is)), &is.meta.reason));
            }
            (Some(was), None) => {
                // Where a value is no longer computable, only what is missing now is to blame.
                let missing = is.missing.iter().any(|one| one.element == element && one.region == region);
                if missing {
                    causes.insert(cause("WITHDRAWAL", format!("{place}原为{}，已撤销", words(was)), ""));
                }
            }
            _ => {}
        }
    }
    causes
}

fn words(figure: &Figure<'_>) -> String {
    said_text(figure).unwrap_or_else(|| "撤销".to_owned())
}

fn cause(kind: &str, detail: String, reason: &str) -> Cause {
    let title = match kind {
        "LATE" => "补报",
        "CORRECTION" => "更正",
        "WITHDRAWAL" => "撤销",
        "DENOMINATOR" => "分母变化",
        "DEFINITION" => "口径调整",
        "BOUNDARY" => "区划调整",
        _ => "定版方式",
    };
    Cause { kind: kind.to_owned(), title: title.to_owned(), detail, reason: reason.to_owned() }
}
