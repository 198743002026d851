//! The cities the tests run: the real bundle, and the synthetic one.

use std::path::PathBuf;

/// A folder under `deploy/cities`.
pub fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../deploy/cities").join(name)
}
