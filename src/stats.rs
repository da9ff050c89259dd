//! Statistics: rates with their intervals, agreement, calibration, corrected rates, thresholds, comparisons and drift.
//!
//! Invariant: pure functions of their numbers; what draws at random takes a seed. Each formula names its source, and is
//! held against reference values; what must not be told at small numbers is a [`guard::Guarded`].

pub mod agreement;
pub mod calibration;
pub mod compare;
pub mod corrected;
pub mod drift;
pub mod guard;
pub mod isotonic;
pub mod multiple;
pub mod quantile;
pub mod rate;
pub mod reviewers;
pub mod sample_size;
pub mod special;
pub mod threshold;

#[cfg(test)]
mod tests;
