//! Statistics: rates with their intervals, and comparisons of two runs over the same cases.
//!
//! Invariant: pure functions of their numbers; what draws at random takes a seed. Each formula names its source, and is
//! held against reference values.

pub mod compare;
pub mod guard;
pub mod isotonic;
pub mod rate;
pub mod special;
