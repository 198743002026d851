//! The data elements that this bureau computes from its registers: one readable query per element, grouped by county,
//! as of the end of a period. Learners (E34) are typed until the register of learners exists.

use city::period::Period;
use kit::Result;
use registry::elements::{ElementQuery, compute};
use registry::{Bureau, changes};
use reporting::{Computed, Register};

/// What this bureau computes.
pub const ELEMENTS: [ElementQuery; 4] = [
    ElementQuery::at_end("education.universities.county", include_str!("elements/universities_county.sql")),
    ElementQuery::at_end("education.townships.school", include_str!("elements/townships_school.sql")),
    ElementQuery::at_end("education.villages.point", include_str!("elements/villages_point.sql")),
    ElementQuery::at_end("education.demo", include_str!("elements/demo.sql")),
];

/// The registers, for the reporting desk.
#[derive(Clone)]
pub struct Registers {
    pub bureau: Bureau,
}

#[tonic::async_trait]
impl Register for Registers {
    async fn compute(&self, period: Period, regions: &[String]) -> Result<Vec<Computed>> {
        compute(&self.bureau, &ELEMENTS, period, regions).await
    }

    async fn change_counter(&self) -> Result<i64> {
        changes::counter(&self.bureau.db).await
    }
}
