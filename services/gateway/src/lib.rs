//! Indicator views across bureaus.
