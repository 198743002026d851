//! Correction tickets (数据校核): whoever uses this service's data says what looks wrong in it, and its owner answers.
//! [`state`] says who may do what when, [`subject`] what a ticket may be about.

pub(crate) mod service;
mod state;
mod store;
mod subject;

#[cfg(test)]
mod tests;

pub use store::STATEMENTS;
