//! The coordination office's service: plan and reporting desk.
