//! Untrusted text and the one door it takes to each sink.
//!
//! Invariant: nothing here does I/O; every function is total and never panics on any input.

pub mod safe;

pub use safe::Untrusted;
