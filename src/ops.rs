//! Use cases: what the command line and the terminal UI do, in one place for both.
//!
//! Invariant: nothing here prints, reads a clock or starts a thread; "now" is an argument.

pub mod queue;
pub mod review;
pub mod verify;
pub mod workspace;
