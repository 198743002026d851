//! The suite as a whole: what its tests share. Real services, real mTLS, fresh databases, port 0, on both engines.

pub mod browser;
pub mod city;
pub mod crawl;
pub mod desk;
pub mod people;
pub mod postgres;
pub mod process;
pub mod sheets;
pub mod suite;
pub mod tap;
