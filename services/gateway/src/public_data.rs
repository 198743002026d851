//! 公开数据: the figures of a named cut as the city may put them on its public site. Counts of fewer than five persons are
//! left out, with what would give them away: in this table, and against all tables issued before it
//! ([`city::suppression`]). Pure, nothing but published figures goes in; `store` keeps what was issued, `desk` issues.

pub(crate) mod desk;
pub(crate) mod store;
pub mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use city::decimal::Rate;
use city::element::Timing;
use city::indicator::{Indicator, IndicatorKind};
use city::period::Period;
use city::region::Region;
use city::suppression::series::{Addition, Draft, Public, Series};
use city::suppression::{Cause, Statement};
use kit::Result;
use serde::Serialize;

use crate::assemble::{completeness, displayed, period_words, status};
use crate::cube::Cube;
use crate::cuts::{Moment, NamedCut};
use crate::evaluate::{Context, Evaluation, factor, number};

/// What the marks mean, and how the table was made: stands in every copy of it.
pub const LEGEND: &str = "“<5”表示1至4人，不公布具体数；“*”表示可据以推算出前者，一并不公布；0照常公布。\
     更正涉及不足5人的，沿用上次公布数并在备注中注明。比率由分子、分母直接计算，分子或分母不公布的，比率不公布。";

/// A cut's figures for everybody.
#[derive(Clone, Debug, Serialize)]
pub struct PublicTable {
    pub city: String,
    pub cut: String,
    pub cut_name: String,
    /// RFC 3339.
    pub cut_made_at: String,
    pub period: String,
    pub mode: String,
    /// Says that the figures are invented; empty for real ones.
    pub warning: String,
    pub legend: &'static str,
    pub lines: Vec<Line>,
}

/// One indicator in one region. Numbers are strings: exact, `<5`, `*`, or null where there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    pub indicator: String,
    pub name: String,
    pub region: String,
    pub region_name: String,
    pub period: String,
    pub value: Option<String>,
    pub unit: String,
    pub numerator: Option<String>,
    pub numerator_unit: String,
    pub denominator: Option<String>,
    pub denominator_unit: String,
    /// 快报, 正式, 修订, …
    pub status: String,
    /// Of how many regions the figure needs how many have published.
    pub present: u32,
    pub expected: u32,
    pub missing_regions: Vec<String>,
    /// The bureaus that published the parts.
    pub sources: Vec<String>,
    pub note: String,
}

impl Line {
    /// How many regions have published, of how many.
    pub fn completeness(&self) -> (u32, u32) {
        (self.present, self.expected)
    }
}

/// What a count is of, for readers of several tables: region, elements with their periods, and the counties where it
/// is not all of them.
pub type Name = String;

/// A table with what it adds to the tables before it.
#[derive(Clone, Debug)]
pub struct Made {
    pub table: PublicTable,
    pub addition: Addition<Name>,
    /// Search steps: the work it took.
    pub steps: u64,
}

/// Numerator or denominator of one line.
#[derive(Clone, Debug)]
struct Side {
    value: i64,
    unit: String,
    /// Of counts of persons.
    name: Option<Name>,
    /// What it is the sum of: each element and period alone.
    parts: Vec<Part>,
}

/// One element of one period in a side.
#[derive(Clone, Debug)]
struct Part {
    name: Name,
    value: i64,
    persons: bool,
    /// Where it counts from January on, what follows what: itself and the other months of its year.
    months: Vec<(Name, Name)>,
}

/// One indicator in one region before the rule.
struct Row<'c> {
    indicator: &'c Indicator,
    region: &'c Region,
    evaluation: Evaluation<'c>,
    numerator: Option<Side>,
    denominator: Option<Side>,
}

/// The table of a cut, after the tables of a series. CUT_STREAM_GONE.
pub fn table(cube: &Cube, named: &Arc<NamedCut>, series: &Series<Name>, synthetic: bool) -> Result<Made> {
    let cut = Moment { at: named.made_at, named: Some(named.clone()), as_of: None }.cut(cube)?;
    let reference = cube.reference(&cut)?;
    let context = Context { cube, cut: &cut, reference: &reference };
    let rows = rows(&context, named.period);
    let next = series.next(&draft(&context, &rows));
    let table = PublicTable {
        city: reference.regions.city().name.clone(),
        cut: named.id.to_string(),
        cut_name: named.name.clone(),
        cut_made_at: kit::clock::rfc3339(named.made_at),
        period: period_words(named.period),
        mode: named.cut.mode.label().to_owned(),
        warning: if synthetic { "演示数据，均为虚构".to_owned() } else { String::new() },
        legend: LEGEND,
        lines: rows.iter().map(|row| line(&context, row, named.period, &next.public)).collect(),
    };
    Ok(Made { table, addition: next.addition, steps: next.steps })
}

/// Every indicator that has parts, in the city and its counties.
fn rows<'c>(context: &Context<'c>, period: Period) -> Vec<Row<'c>> {
    let tree = &context.reference.regions;
    let counted = context.reference.plan.indicators.iter().filter(|indicator| !indicator.numerator.is_empty());
    let regions: Vec<&Region> = std::iter::once(tree.city()).chain(tree.counties()).collect();
    let row = |indicator, region| {
        let evaluation = context.evaluate(indicator, region, period);
        Row {
            numerator: side(context, indicator, region, &evaluation, "numerator", evaluation.numerator),
            denominator: side(context, indicator, region, &evaluation, "denominator", evaluation.denominator),
            indicator,
            region,
            evaluation,
        }
    };
    counted.flat_map(|indicator| regions.iter().map(move |region| row(indicator, region))).collect()
}

fn side(
    context: &Context<'_>,
    indicator: &Indicator,
    region: &Region,
    evaluation: &Evaluation<'_>,
    side: &str,
    value: Option<i64>,
) -> Option<Side> {
    let value = value?;
    if indicator.kind == IndicatorKind::CoverageCount {
        // How many counties have any: counts counties.
        return Some(Side { value, unit: indicator.unit.clone(), name: None, parts: Vec::new() });
    }
    let over = evaluation.over.join(",");
    let named = |parts: &str| format!("{} {parts} {over}", region.code);
    let (mut parts, mut unit) = (BTreeMap::new(), String::new());
    for used in evaluation.used.iter().filter(|used| used.side == side) {
        let element = context.catalogue().element(&used.element);
        // December, the fourth quarter and the year are one figure of what holds at their end.
        let key = match element.timing {
            Timing::Point | Timing::Ytd => at_end(&used.element, used.period),
            _ => format!("{}@{}", used.element, used.period),
        };
        let part = parts.entry(key).or_insert_with_key(|key| Part {
            name: named(key),
            value: 0,
            persons: element.counts_persons(),
            months: match element.timing {
                Timing::Ytd => months(used.period, |period| named(&at_end(&used.element, period))),
                _ => Vec::new(),
            },
        });
        part.value += number(&used.figure).unwrap_or(0);
        unit = element.unit;
    }
    let persons = parts.values().any(|part| part.persons);
    let all: Vec<String> = parts.keys().cloned().collect();
    let name = persons.then(|| named(&all.join("+")));
    Some(Side { value, unit, name, parts: parts.into_values().collect() })
}

fn at_end(element: &str, period: Period) -> String {
    format!("{element}@{}", period.last_day())
}

/// A count from January on, beside those of all other months of the year: the later and the earlier of each two. Not
/// those of the next month alone, for the one between may not have been published.
fn months(period: Period, name: impl Fn(Period) -> Name) -> Vec<(Name, Name)> {
    let now = period.last_day();
    let others = (1..=12).map(|month| Period::Month(period.year(), month)).filter(|month| month.last_day() != now);
    let pair = |other: Period| match other.last_day() < now {
        true => (name(period), name(other)),
        false => (name(other), name(period)),
    };
    others.map(pair).collect()
}

/// The counts of persons, and what is known to add up: counties, parts and what they leave of a whole, several elements.
fn draft(context: &Context<'_>, rows: &[Row<'_>]) -> Draft<Name> {
    let mut draft = Draft::default();
    let sides = || rows.iter().flat_map(|row| [&row.numerator, &row.denominator]).flatten();
    for side in sides() {
        if let Some(name) = &side.name {
            draft.offer(name.clone(), side.value, true);
        }
    }
    for row in rows {
        let Some((part, whole)) = row.numerator.as_ref().zip(row.denominator.as_ref()) else { continue };
        if let (Some(part_name), Some(whole_name)) = (&part.name, &whole.name)
            && part.value <= whole.value
        {
            let rest = format!("{whole_name} - {part_name}");
            draft.derive(rest.clone(), whole.value - part.value, true);
            draft.relate(whole_name.clone(), vec![part_name.clone(), rest]);
        }
    }
    for (name, parts) in sides().filter_map(|side| Some((side.name.as_ref()?, &side.parts))) {
        for part in parts {
            draft.derive(part.name.clone(), part.value, part.persons);
            part.months.iter().for_each(|(later, earlier)| draft.follows(later.clone(), earlier.clone()));
        }
        if parts.len() > 1 {
            draft.relate(name.clone(), parts.iter().map(|part| part.name.clone()).collect());
        }
    }
    let city = &context.reference.regions.city().code;
    for whole in rows.iter().filter(|row| row.region.code == *city) {
        let over = &whole.evaluation.over;
        let counties: Vec<&Row<'_>> = rows
            .iter()
            .filter(|row| row.indicator.code == whole.indicator.code && row.region.code != *city)
            .filter(|row| over.is_empty() || over.contains(&row.region.code))
            .collect();
        let mut sum = |side: fn(&Row<'_>) -> Option<Name>| {
            if let (Some(total), Some(parts)) = (side(whole), counties.iter().map(|row| side(row)).collect()) {
                draft.relate(total, parts);
            }
        };
        sum(|row| row.numerator.as_ref()?.name.clone());
        sum(|row| row.denominator.as_ref()?.name.clone());
    }
    draft
}

fn line(context: &Context<'_>, row: &Row<'_>, period: Period, public: &BTreeMap<Name, Public>) -> Line {
    let Row { indicator, region, evaluation, numerator, denominator } = row;
    let read = |side: &Option<Side>| {
        side.as_ref().map(|side| match &side.name {
            // What the rule did not speak of is not shown.
            Some(name) => public.get(name).copied().unwrap_or(HIDDEN),
            None => Public { said: Statement::Shown(side.value), held: false },
        })
    };
    let (part, whole) = (read(numerator), read(denominator));
    let unit = |side: &Option<Side>| side.as_ref().map_or_else(String::new, |side| side.unit.clone());
    let held = part.into_iter().chain(whole).any(|one| one.held);
    let complete = completeness(context, evaluation, region);
    let bureaus: BTreeSet<(u32, &str)> = evaluation
        .used
        .iter()
        .map(|used| used.figure.meta.bureau.as_str())
        .map(|bureau| (contract::bureau::rank(bureau), contract::bureau::title(bureau)))
        .collect();
    Line {
        indicator: indicator.code.clone(),
        name: indicator.name.clone(),
        region: region.code.clone(),
        region_name: region.short_name.clone(),
        period: period_words(period),
        value: value(indicator, evaluation, part, whole),
        unit: indicator.unit.clone(),
        numerator: part.map(|part| part.said.text()),
        numerator_unit: unit(numerator),
        denominator: whole.map(|whole| whole.said.text()),
        denominator_unit: unit(denominator),
        status: match status(evaluation).as_str() {
            "not_computable" => "不可计算".to_owned(),
            known => known.to_owned(),
        },
        present: complete.present,
        expected: complete.expected,
        missing_regions: complete.missing_regions,
        sources: bureaus.into_iter().map(|(_, title)| title.to_owned()).collect(),
        note: if held { "沿用上次公布数".to_owned() } else { String::new() },
    }
}

const HIDDEN: Public = Public { said: Statement::Suppressed(Cause::Complementary), held: false };

/// The value from the parts as they are shown; hidden with any of them.
fn value(
    indicator: &Indicator,
    evaluation: &Evaluation<'_>,
    part: Option<Public>,
    whole: Option<Public>,
) -> Option<String> {
    if indicator.kind == IndicatorKind::CoverageCount {
        return displayed(indicator, evaluation);
    }
    evaluation.rate.as_ref()?;
    let part = part?.said;
    if indicator.denominator.is_empty() {
        return Some(part.text());
    }
    match (part, whole?.said) {
        (Statement::Shown(numerator), Statement::Shown(denominator)) if denominator > 0 => {
            let rate = Rate { numerator, denominator, factor: factor(indicator) };
            Some(rate.round_half_up(indicator.decimals).to_string())
        }
        (Statement::Shown(_), Statement::Shown(_)) => None,
        _ => Some(HIDDEN.said.text()),
    }
}
