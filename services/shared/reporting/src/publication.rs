//! Publications: what the bureau has approved, as signed envelopes in one gap-free stream that others follow.
//!
//! The wire form is the stored form (exact bytes are signed and kept), so this room works on the contract's messages.

pub(crate) mod body;
pub(crate) mod desk;
pub(crate) mod follow;
pub(crate) mod issue;
mod lowest_region;
pub(crate) mod service;
pub(crate) mod store;
