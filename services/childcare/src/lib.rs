//! The health commission's service: childcare.
