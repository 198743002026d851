//! Trust between bureaus: who is calling, what they may do, and whether what they published is theirs.
//!
//! A request is judged twice (see README.md): the certificate says which party calls, and the method's own rule and the
//! provider's access rights whether that party may; the signed assertion says which person it is, and this service's
//! grants what that person may do and where. A publication is judged by its signature alone.

mod assertion;
mod caller;
pub mod corrections;
pub mod dev;
mod dsse;
mod gate;
pub mod grants;
mod identity;
pub mod listen;
pub mod matching;
mod measured;
mod page;
pub mod persons;
pub mod prose;
pub mod rights;
pub mod roles;
mod server;
mod settings;
mod tls;
pub mod users;

pub use assertion::{ASSERTION_HEADER, issue as issue_assertion};
pub use caller::{Caller, Scope, User};
pub use dsse::{KeyRing, PublicKey, SigningKey};
pub use gate::Gate;
pub use identity::{Identity, IdentityKind};
pub use page::Page;
pub use rights::{AccessRight, PURPOSE_HEADER, state_purpose};
pub use server::{channel, serve};
pub use settings::Settings;
pub use tls::{Tls, TlsFiles};
