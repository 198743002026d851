//! What a bureau's registers can compute, seen from the reporting desk.

use city::period::Period;
use kit::Result;

/// One count out of a register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Computed {
    /// Data element, e.g. `childcare.places`.
    pub element: String,
    /// Region code of the form's reporting level, as asked for.
    pub region: String,
    /// The count at the end of the period; money in fen.
    pub value: i64,
}

/// The registers of one bureau. A count that is absent from the answer is missing, never zero.
#[tonic::async_trait]
pub trait Register: Send + Sync + 'static {
    /// All elements that registers feed, for these regions, as they stand at the end of the period.
    async fn compute(&self, period: Period, regions: &[String]) -> Result<Vec<Computed>>;

    /// Stands still while nothing in any register changed.
    async fn change_counter(&self) -> Result<i64>;
}

/// For a bureau all of whose elements are typed.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoRegister;

#[tonic::async_trait]
impl Register for NoRegister {
    async fn compute(&self, _: Period, _: &[String]) -> Result<Vec<Computed>> {
        Ok(Vec::new())
    }

    async fn change_counter(&self) -> Result<i64> {
        Ok(0)
    }
}
