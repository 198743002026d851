//! County by county: every core indicator in every county and in the whole city, at one cut. Pure.

use kit::clock::rfc3339;
use serde::Serialize;
use utoipa::ToSchema;

use crate::assemble::{Place, displayed};
use crate::evaluate::Context;
use crate::lamp;

/// The table of counties by core indicators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CountyTable {
    pub as_of: String,
    pub period: String,
    pub indicators: Vec<CountyColumn>,
    /// In official order, the whole city last.
    pub rows: Vec<CountyRow>,
}

/// One core indicator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CountyColumn {
    pub code: String,
    pub name: String,
    pub short: String,
    pub category: String,
    pub obligation: String,
    pub unit: String,
    /// A rate compares between counties; a count does not.
    pub comparable: bool,
    /// Where the city's path stands at the end of the period.
    pub expected: Option<String>,
}

/// One county, or the city.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CountyRow {
    pub region: String,
    pub name: String,
    pub cells: Vec<CountyCell>,
}

/// One indicator in one county.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CountyCell {
    /// None: not computable, never zero.
    pub value: Option<String>,
    pub lamp: String,
    /// Place among the counties by exact comparison, the best is 1, equals share a place; only where comparable and
    /// known.
    pub rank: Option<u32>,
}

/// Evaluates the table at a place's period; the place's region does not matter.
pub fn table(context: &Context<'_>, place: Place<'_>) -> CountyTable {
    let tree = &context.reference.regions;
    let rules = &context.reference.plan.lamp;
    let core: Vec<_> = context.reference.plan.indicators.iter().filter(|indicator| indicator.core).collect();
    let mut rows: Vec<CountyRow> = tree
        .counties()
        .into_iter()
        .chain([tree.city()])
        .map(|region| CountyRow {
            region: region.code.clone(),
            name: if region.code == tree.city().code { "全市".to_owned() } else { region.short_name.clone() },
            cells: Vec::with_capacity(core.len()),
        })
        .collect();
    for indicator in &core {
        let mut rates = Vec::with_capacity(rows.len());
        for row in &mut rows {
            let Some(region) = tree.get(&row.region) else { continue };
            let evaluation = context.evaluate(indicator, region, place.period);
            let whole_city = row.region == tree.city().code && evaluation.over.is_empty();
            let lamp = lamp::lamp(
                indicator,
                evaluation.rate.as_ref(),
                place.period,
                whole_city,
                context.accrues(indicator),
                rules,
            );
            row.cells.push(CountyCell {
                value: displayed(indicator, &evaluation),
                lamp: lamp.code().to_owned(),
                rank: None,
            });
            let ranked = row.region != tree.city().code && indicator.is_rate() && !evaluation.carried;
            rates.push(evaluation.rate.filter(|_| ranked));
        }
        for (at, own) in rates.iter().enumerate() {
            let Some(own) = own else { continue };
            let better = rates.iter().flatten().filter(|other| other.cmp_rate(own).is_gt()).count();
            if let Some(cell) = rows[at].cells.last_mut() {
                cell.rank = Some(better as u32 + 1);
            }
        }
    }
    let columns = core.iter().map(|indicator| CountyColumn {
        code: indicator.code.clone(),
        name: indicator.name.clone(),
        short: if indicator.short.is_empty() { indicator.code.clone() } else { indicator.short.clone() },
        category: indicator.category.clone(),
        obligation: indicator.obligation.clone(),
        unit: indicator.unit.clone(),
        comparable: indicator.is_rate(),
        expected: lamp::expected(indicator, place.period, context.accrues(indicator))
            .map(|expected| expected.display(indicator.decimals)),
    });
    CountyTable { as_of: rfc3339(place.as_of), period: place.period.to_string(), indicators: columns.collect(), rows }
}
