//! Computing data elements: one readable SQL text per element, grouped by county, over one snapshot.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

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

/// What a bureau's registers compute, as its reporting desk asks for it. A period is counted for all counties at once,
/// and again only when a register changed: the drafts of nine counties cost one count.
#[derive(Clone, Debug)]
pub struct Elements {
    bureau: Bureau,
    queries: &'static [ElementQuery],
    counted: Arc<Mutex<Option<Counted>>>,
}

/// Every element of one period by region, as it was counted when the change counter stood at `counter`.
#[derive(Clone, Debug)]
struct Counted {
    counter: i64,
    period: Period,
    elements: Arc<Vec<(&'static str, HashMap<String, i64>)>>,
}

impl Elements {
    pub fn new(bureau: Bureau, queries: &'static [ElementQuery]) -> Self {
        Elements { bureau, queries, counted: Arc::default() }
    }

    async fn counted(&self, period: Period) -> Result<Counted> {
        let counter = changes::counter(&self.bureau.db).await?;
        let last = self.counted.lock().ok().and_then(|counted| counted.clone());
        if let Some(last) = last.filter(|last| last.counter == counter && last.period == period) {
            return Ok(last);
        }
        let counted = count(&self.bureau, self.queries, period).await?;
        if let Ok(mut last) = self.counted.lock() {
            *last = Some(counted.clone());
        }
        Ok(counted)
    }
}

#[tonic::async_trait]
impl Register for Elements {
    /// Every element for every county asked, and for the city their sum. A county of which the register holds nothing
    /// has zero, because the register is where its records would be; other regions have no answer.
    async fn compute(&self, period: Period, regions: &[String]) -> Result<Vec<Computed>> {
        let counted = self.counted(period).await?;
        let mut computed = Vec::with_capacity(counted.elements.len() * regions.len());
        for (element, by_region) in counted.elements.iter() {
            for region in regions {
                let value = if self.bureau.is_county(region) {
                    by_region.get(region).copied().unwrap_or_default()
                } else if region == self.bureau.city_code() {
                    by_region.get(region).copied().unwrap_or_else(|| by_region.values().sum())
                } else {
                    continue;
                };
                computed.push(Computed { element: (*element).to_owned(), region: region.clone(), value });
            }
        }
        Ok(computed)
    }

    async fn change_counter(&self) -> Result<i64> {
        changes::counter(&self.bureau.db).await
    }
}

/// Counts every element of a period, and the counter it holds for, in one snapshot, so that parts never exceed their
/// whole.
async fn count(bureau: &Bureau, queries: &'static [ElementQuery], period: Period) -> Result<Counted> {
    let last_day = period.last_day().to_string();
    retry(|| async {
        let mut tx = bureau.db.begin().await?;
        let (counter,): (i64,) = tx.query(changes::SELECT_COUNTER).one().await?;
        let mut elements = Vec::with_capacity(queries.len());
        for query in queries {
            let mut asked = tx.query(query.sql).bind(last_day.clone());
            if let Some(first_day) = query.first_day(period) {
                asked = asked.bind(first_day.to_string());
            }
            let by_region: Vec<(String, i64)> = asked.all().await?;
            elements.push((query.element, by_region.into_iter().collect()));
        }
        Ok(Counted { counter, period, elements: Arc::new(elements) })
    })
    .await
}
