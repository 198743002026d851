//! Identity, mTLS, assertions and grants, signatures.
