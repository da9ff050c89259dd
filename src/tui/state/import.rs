//! A job under way: an import or an export.
//!
//! Invariant: it knows its ticket, so progress of another job never moves its bar.

use std::collections::BTreeMap;

use crate::engine::request::{Progress, Ticket};

/// How a job ended.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// Well: a line and figures by name.
    Done(String, BTreeMap<String, u64>),
    /// Not: why.
    Failed(String),
    /// By the reviewer's wish.
    Cancelled,
}

/// A job under way, or its end.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its ticket.
    pub ticket: Ticket,
    /// What it is.
    pub title: String,
    /// How far it is.
    pub progress: Option<Progress>,
    /// True once the reviewer asked it to stop.
    pub stopping: bool,
    /// How it ended.
    pub end: Option<End>,
}
