//! Statistics: rates with their intervals, agreement, calibration, corrected rates, thresholds, comparisons and drift.
//!
//! Invariant: pure functions of their numbers; what draws at random takes a seed. Each formula names its source, and is
//! held against reference values; what must not be told at small numbers is a [`guard::Guarded`].

pub mod compare;
pub mod guard;
pub mod rate;
pub mod special;
