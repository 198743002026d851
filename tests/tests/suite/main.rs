//! The suite as a whole: real services on real ports over real mTLS, on SQLite and on PostgreSQL.

mod callers;
mod canary;
mod cities;
mod closing;
mod conflicts;
mod console;
mod cuts;
mod faults;
mod feeds;
mod figure;
mod invariants;
mod living_city;
mod made;
mod metrics;
mod month;
mod oracle;
mod pages;
mod registers;
mod restored;
mod statements;
mod traces;
mod trust_refusals;
