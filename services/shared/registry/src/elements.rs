//! Computing data elements: one readable SQL text per element, grouped by county, over one snapshot.

use std::collections::HashMap;

use city::period::Period;
use jiff::civil::Date;
use kit::{Result, retry};
use reporting::{Computed, Register};

use crate::bureau::Bureau;
use crate::changes;

/// The days an element's query asks about. `$1` is always the last day of the period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Days {
    /// A state at the end: the query knows `$1` only.
    AtEnd,
    /// A flow within the period: `$2` is the period's first day.
    Within,
    /// A flow since 1 January: `$2` is that day of the period's last year.
    YearToDate,
}

/// One element and how it is counted.
#[derive(Clone, Copy, Debug)]
pub struct ElementQuery {
    pub element: &'static str,
    pub days: Days,
    /// Answers rows (county, BIGINT). A county that is not answered counts zero; a row for the city's own code stands
    /// for the city in place of the sum, as an element whose regions cannot be added needs.
    pub sql: &'static str,
}

impl ElementQuery {
    pub const fn at_end(element: &'static str, sql: &'static str) -> Self {
        ElementQuery { element, days: Days::AtEnd, sql }
    }

    pub const fn within(element: &'static str, sql: &'static str) -> Self {
        ElementQuery { element, days: Days::Within, sql }
    }

    pub const fn year_to_date(element: &'static str, sql: &'static str) -> Self {
        ElementQuery { element, days: Days::YearToDate, sql }
    }

    fn first_day(&self, period: Period) -> Option<Date> {
        match self.days {
            Days::AtEnd => None,
            Days::Within => Some(period.first_day()),
            Days::YearToDate => period.last_day().with().month(1).day(1).build().ok(),
        }
    }
}

/// What a bureau's registers compute, as its reporting desk asks for it.
#[derive(Clone, Debug)]
pub struct Elements {
    pub bureau: Bureau,
    pub queries: &'static [ElementQuery],
}

#[tonic::async_trait]
impl Register for Elements {
    async fn compute(&self, period: Period, regions: &[String]) -> Result<Vec<Computed>> {
        compute(&self.bureau, self.queries, period, regions).await
    }

    async fn change_counter(&self) -> Result<i64> {
        changes::counter(&self.bureau.db).await
    }
}

/// Every element for every county asked, and for the city their sum. A county of which the register holds nothing has
/// zero, because the register is where its records would be; other regions have no answer.
async fn compute(
    bureau: &Bureau,
    elements: &[ElementQuery],
    period: Period,
    regions: &[String],
) -> Result<Vec<Computed>> {
    let last_day = period.last_day().to_string();
    retry(|| async {
        // One snapshot for all elements, so that parts never exceed their whole.
        let mut tx = bureau.db.begin().await?;
        let mut computed = Vec::with_capacity(elements.len() * regions.len());
        for query in elements {
            let mut asked = tx.query(query.sql).bind(last_day.clone());
            if let Some(first_day) = query.first_day(period) {
                asked = asked.bind(first_day.to_string());
            }
            let counted: Vec<(String, i64)> = asked.all().await?;
            let counted: HashMap<String, i64> = counted.into_iter().collect();
            for region in regions {
                let value = if bureau.is_county(region) {
                    counted.get(region).copied().unwrap_or_default()
                } else if region == bureau.city_code() {
                    counted.get(region).copied().unwrap_or_else(|| counted.values().sum())
                } else {
                    continue;
                };
                computed.push(Computed { element: query.element.to_owned(), region: region.clone(), value });
            }
        }
        Ok(computed)
    })
    .await
}
