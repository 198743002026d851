//! Data element, report, signed publication, follow stream.
