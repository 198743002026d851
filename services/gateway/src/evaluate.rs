//! From figures to an indicator: parts, alignments, roll-up over counties. Pure.
//!
//! A rate is computed once, from the sums of its parts; an average exists nowhere. A part of a region is what its
//! owner stated for that region; failing that, the sum of the owner's counties, all present; failing that, what the
//! plan prints; else it is missing, and the missing regions are named (architecture §5).

use std::collections::BTreeSet;

use city::decimal::Rate;
use city::element::{Aggregation, Element, Timing};
use city::indicator::{Indicator, IndicatorKind, Part};
use city::period::Period;
use city::region::Region;

use crate::catalogue::Catalogue;
use crate::cube::{Cube, Figure, Reference, Said};
use crate::cut::{Cut, Mode};

/// Everything a value is computed from: the figures, the cut, and the reference documents in force at it.
#[derive(Clone, Copy, Debug)]
pub struct Context<'c> {
    pub cube: &'c Cube,
    pub cut: &'c Cut,
    pub reference: &'c Reference,
}

/// One observation that went into a value.
#[derive(Clone, Debug)]
pub struct Used<'c> {
    /// "numerator" or "denominator".
    pub side: &'static str,
    pub element: String,
    pub region: String,
    pub period: Period,
    pub figure: Figure<'c>,
}

/// A figure that is not there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missing {
    pub element: String,
    pub region: String,
    pub period: Period,
}

/// An indicator in one region and period.
#[derive(Clone, Debug, Default)]
pub struct Evaluation<'c> {
    pub numerator: Option<i64>,
    pub denominator: Option<i64>,
    /// None when a part is missing or the denominator is zero.
    pub rate: Option<Rate>,
    pub used: Vec<Used<'c>>,
    pub missing: Vec<Missing>,
    pub notes: Vec<String>,
    /// True when the indicator has no parts at all: a milestone, a rule, a forecast quoted from elsewhere.
    pub not_counted: bool,
    pub zero_denominator: bool,
    /// 已报地区: the counties that count; empty where the value is the whole region's.
    pub over: Vec<String>,
    /// 沿用上期: an earlier period stands for the one asked for.
    pub carried: bool,
}

impl<'c> Context<'c> {
    /// Evaluates one indicator, by the cut's mode where counties are missing.
    pub fn evaluate(&self, indicator: &Indicator, region: &Region, period: Period) -> Evaluation<'c> {
        let whole = self.whole(indicator, region, period);
        let incomplete = whole.rate.is_none() && !whole.not_counted && !whole.zero_denominator;
        if self.cut.mode == Mode::Reported && incomplete {
            return self.over_reported(indicator, region, period, whole);
        }
        whole
    }

    /// 已报地区: the counties that have every part, added up. The region itself stays not computable when none has.
    fn over_reported(
        &self,
        indicator: &Indicator,
        region: &Region,
        period: Period,
        whole: Evaluation<'c>,
    ) -> Evaluation<'c> {
        let counties = self.counties_of(region).into_iter();
        let evaluated = counties.map(|county| (county.code.clone(), self.whole(indicator, county, period)));
        let present: Vec<(String, Evaluation<'c>)> = evaluated.filter(|(_, one)| one.rate.is_some()).collect();
        let sum =
            |side: fn(&Evaluation<'c>) -> Option<i64>| present.iter().filter_map(|(_, one)| side(one)).sum::<i64>();
        if present.is_empty() {
            return whole;
        }
        let numerator = sum(|one| one.numerator);
        let denominator = (!indicator.denominator.is_empty() || indicator.kind == IndicatorKind::CoverageCount)
            .then(|| sum(|one| one.denominator));
        let rate = match denominator.filter(|_| !indicator.denominator.is_empty()) {
            Some(0) => None,
            Some(denominator) => Some(Rate { numerator, denominator, factor: factor(indicator) }),
            None => Some(Rate { numerator, denominator: 1, factor: 1 }),
        };
        Evaluation {
            numerator: Some(numerator),
            denominator,
            zero_denominator: rate.is_none(),
            rate,
            over: present.iter().map(|(county, _)| county.clone()).collect(),
            used: present.into_iter().flat_map(|(_, one)| one.used).collect(),
            ..whole
        }
    }

    /// One indicator over some counties only: what a value of 已报地区 is compared with, period by period.
    pub fn over(&self, indicator: &Indicator, counties: &[String], period: Period) -> Option<Rate> {
        let (mut numerator, mut denominator) = (0, 0);
        for code in counties {
            let one = self.whole(indicator, self.reference.regions.get(code)?, period);
            one.rate.as_ref()?;
            numerator += one.numerator?;
            denominator += one.denominator.unwrap_or(0);
        }
        if indicator.denominator.is_empty() {
            return Some(Rate { numerator, denominator: 1, factor: 1 });
        }
        (denominator != 0).then(|| Rate { numerator, denominator, factor: factor(indicator) })
    }

    /// One element of the city, by the cut's mode: what counties stated, added up, and how many of them.
    pub fn total(&self, element: &str, period: Period) -> (Option<i64>, usize) {
        let city = self.reference.regions.city();
        let mut result = Evaluation::default();
        let whole = self.part("numerator", element, city, period, &mut result);
        let counties = self.counties_of(city);
        if whole.is_some() || self.cut.mode != Mode::Reported {
            return (whole, counties.len());
        }
        let stated: Vec<i64> = counties
            .iter()
            .filter_map(|county| self.part("numerator", element, county, period, &mut Evaluation::default()))
            .collect();
        ((!stated.is_empty()).then(|| stated.iter().sum()), stated.len())
    }

    /// Evaluates one indicator from what is stated for the whole region, or by all its counties.
    fn whole(&self, indicator: &Indicator, region: &Region, period: Period) -> Evaluation<'c> {
        let mut result = Evaluation { not_counted: indicator.numerator.is_empty(), ..Evaluation::default() };
        if result.not_counted {
            return result;
        }
        if indicator.kind == IndicatorKind::CoverageCount {
            let counted = self.coverage(&indicator.numerator, region, period, &mut result);
            result.numerator = counted.map(|(covered, _)| covered);
            result.denominator = counted.map(|(_, of)| of);
            result.rate = counted.map(|(covered, _)| Rate { numerator: covered, denominator: 1, factor: 1 });
            return result;
        }
        result.numerator = self.side("numerator", &indicator.numerator, region, period, &mut result);
        if indicator.denominator.is_empty() {
            result.rate = result.numerator.map(|numerator| Rate { numerator, denominator: 1, factor: 1 });
            return result;
        }
        result.denominator = self.side("denominator", &indicator.denominator, region, period, &mut result);
        result.zero_denominator = result.denominator == Some(0);
        if let (Some(numerator), Some(denominator)) = (result.numerator, result.denominator)
            && denominator != 0
        {
            result.rate = Some(Rate { numerator, denominator, factor: factor(indicator) });
        }
        result
    }

    /// The sum of one side's parts; None as soon as one is missing, but all that is missing is named.
    fn side(
        &self,
        side: &'static str,
        parts: &[Part],
        region: &Region,
        period: Period,
        result: &mut Evaluation<'c>,
    ) -> Option<i64> {
        let mut sum = Some(0i64);
        for part in parts {
            for aligned in part.alignment.periods(period) {
                let value = self.part(side, &part.element, region, aligned, result);
                sum = sum.zip(value).and_then(|(sum, value)| sum.checked_add(value));
            }
        }
        sum
    }

    /// How many counties have at least one; every county must have said something.
    fn coverage(
        &self,
        parts: &[Part],
        region: &Region,
        period: Period,
        result: &mut Evaluation<'c>,
    ) -> Option<(i64, i64)> {
        let counties = self.counties_of(region);
        let regions: Vec<&Region> = if counties.is_empty() { vec![region] } else { counties };
        let (mut covered, mut complete) = (0, true);
        for county in &regions {
            match self.side("numerator", parts, county, period, result) {
                Some(value) => covered += i64::from(value > 0),
                None => complete = false,
            }
        }
        complete.then_some((covered, regions.len() as i64))
    }

    /// One element in one region and period.
    fn part(
        &self,
        side: &'static str,
        element: &str,
        region: &Region,
        period: Period,
        result: &mut Evaluation<'c>,
    ) -> Option<i64> {
        let element = self.catalogue().element(element);
        let period = self.catalogue().due(&element, period);
        let own = self.stated(&element, &region.code, period, false);
        let counties = self.counties_of(region);
        let below: Vec<(&Region, Option<(Period, Figure<'c>)>)> = if element.aggregation == Aggregation::Sum {
            counties.iter().map(|county| (*county, self.stated(&element, &county.code, period, false))).collect()
        } else {
            Vec::new()
        };
        let complete = !below.is_empty() && below.iter().all(|(_, figure)| figure.is_some());
        let sum = || below.iter().filter_map(|(_, figure)| figure.as_ref()).filter_map(|(_, f)| number(f)).sum::<i64>();

        if let Some((at, figure)) = own {
            let value = number(&figure);
            if complete && value.is_some_and(|value| value != sum()) {
                result.notes.push(format!(
                    "{}：全市数 {} 与各县（市、区）合计 {} 不一致，请核实",
                    element.name,
                    value.unwrap_or_default(),
                    sum()
                ));
            }
            result.carried |= at.last_day() < period.last_day();
            result.used.push(self.used(side, &element, &region.code, at, figure));
            return value;
        }
        if complete {
            let total = sum();
            for (county, figure) in below {
                if let Some((at, figure)) = figure {
                    if figure.said == Said::Exempt {
                        result.notes.push(format!("{}免报{}，合计不含", county.short_name, element.name));
                    }
                    result.carried |= at.last_day() < period.last_day();
                    result.used.push(self.used(side, &element, &county.code, at, figure));
                }
            }
            return Some(total);
        }
        if let Some((at, figure)) = self.stated(&element, &region.code, period, true) {
            let value = number(&figure);
            result.used.push(self.used(side, &element, &region.code, at, figure));
            return value;
        }
        let absent: Vec<Missing> = if below.is_empty() {
            vec![Missing { element: element.code.clone(), region: region.code.clone(), period }]
        } else {
            below
                .iter()
                .filter(|(_, figure)| figure.is_none())
                .map(|(county, _)| Missing { element: element.code.clone(), region: county.code.clone(), period })
                .collect()
        };
        result.missing.extend(absent);
        None
    }

    fn used(
        &self,
        side: &'static str,
        element: &Element,
        region: &str,
        period: Period,
        figure: Figure<'c>,
    ) -> Used<'c> {
        Used { side, element: element.code.clone(), region: region.to_owned(), period, figure }
    }

    /// What was stated for exactly this region: for the period itself or, where it is a state at the end or counts from
    /// January on, for another period that ends on the same day: the year is its December and its fourth quarter.
    fn stated(&self, element: &Element, region: &str, period: Period, printed: bool) -> Option<(Period, Figure<'c>)> {
        let periods = match element.timing {
            Timing::Point | Timing::Ytd => ending_with(period),
            _ => vec![period],
        };
        let stated = |at| Some((at, self.cube.figure(&element.code, region, at, self.cut, printed)?));
        let found = periods.into_iter().find_map(stated);
        if found.is_some() || printed || self.cut.mode != Mode::CarryForward {
            return found;
        }
        earlier(element.timing, period).into_iter().find_map(stated)
    }

    /// The counties a region is the sum of, in official order; none below the city.
    pub fn counties_of(&self, region: &Region) -> Vec<&'c Region> {
        let tree = &self.reference.regions;
        if tree.city().code == region.code { tree.counties() } else { Vec::new() }
    }

    /// Counties of the region in which some figure is missing.
    pub fn incomplete(&self, evaluation: &Evaluation<'_>) -> BTreeSet<String> {
        evaluation.missing.iter().map(|missing| missing.region.clone()).collect()
    }

    /// True when the value grows from January on while what it is measured by does not.
    pub fn accrues(&self, indicator: &Indicator) -> bool {
        let from_january = |part: &Part| self.catalogue().element(&part.element).timing == Timing::Ytd;
        indicator.numerator.iter().any(from_january) && !indicator.denominator.iter().any(from_january)
    }

    pub fn catalogue(&self) -> &'c Catalogue {
        &self.reference.catalogue
    }
}

/// The number a figure contributes to a sum: nothing where the thing does not exist or was excused.
pub(crate) fn number(figure: &Figure<'_>) -> Option<i64> {
    match figure.said {
        Said::Value(value) => Some(value),
        Said::NotApplicable | Said::Exempt => Some(0),
        Said::Withdrawn => None,
    }
}

/// The periods that may stand for one that is missing (沿用上期), the latest first: a state as it was within the last
/// year, what counts from January on within the same year, a month's own count by the three months before, a year's by
/// the year before.
fn earlier(timing: Timing, period: Period) -> Vec<Period> {
    let last = period.last_day();
    let month = Period::Month(last.year(), last.month());
    let back = match timing {
        Timing::Point => 12,
        Timing::Ytd => i16::from(last.month()) - 1,
        Timing::Month => 3,
        Timing::Year => return vec![Period::Year(period.year() - 1)],
        Timing::MchYear => return vec![Period::Mch(period.year() - 1)],
    };
    (1..=back).flat_map(|back| ending_with(month.month_back(back))).collect()
}

/// The period itself first, then the others that end with it, the shortest first.
fn ending_with(period: Period) -> Vec<Period> {
    let last = match period {
        Period::Mch(_) | Period::Span(..) => return vec![period],
        other => other.last_day(),
    };
    let (year, month) = (last.year(), last.month());
    let mut periods = vec![period, Period::Month(year, month)];
    if month % 3 == 0 {
        periods.push(Period::Quarter(year, month / 3));
    }
    if month % 6 == 0 {
        periods.push(Period::Half(year, month / 6));
    }
    if month == 12 {
        periods.push(Period::Year(year));
    }
    let mut seen = Vec::with_capacity(periods.len());
    periods.retain(|period| {
        !seen.contains(period) && {
            seen.push(*period);
            true
        }
    });
    periods
}

/// 100 for a percentage, 1000 for a per-thousand, 1 for a count.
pub fn factor(indicator: &Indicator) -> i64 {
    match indicator.kind {
        IndicatorKind::Ratio | IndicatorKind::Rule => 100,
        IndicatorKind::PerThousand => 1000,
        _ => 1,
    }
}
