//! The use cases: what the command line and the terminal UI can do, each in one place.
//!
//! Invariant: no clock and no threads here; "now" and progress come from the caller.

pub mod adjudicate;
pub mod agreement;
pub mod alignment;
pub mod begun;
pub mod bench;
pub mod calibration;
pub mod compare;
pub mod conflicts;
pub mod dataset;
pub mod decision;
pub mod demo;
pub mod door;
pub mod drift;
pub mod evaluate;
pub mod export;
pub mod figures;
pub mod gate;
pub mod import;
pub mod list;
pub mod merge;
pub mod queue;
pub mod rates;
pub mod reconcile;
pub mod report;
pub mod request;
pub mod review;
pub mod sample;
pub mod search;
pub mod segments;
pub mod session;
pub mod show;
pub mod signals;
pub mod simulate;
pub mod team;
pub mod thresholds;
pub mod tools;
pub mod verify;
pub mod workspace;

/// How far a job is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Units done.
    pub done: u64,
    /// Units in all, where known.
    pub total: Option<u64>,
    /// What is being done, for people.
    pub what: String,
}
