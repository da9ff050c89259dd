//! The plain values of the domain: what a conversation is, and what a reviewer says about it.
//!
//! Invariant: no I/O, no clock, no randomness. Times and ids arrive as arguments.

pub mod act;
pub mod begun;
pub mod claim;
pub mod codebook;
pub mod conversation;
pub mod correction;
pub mod dataset;
pub mod decision;
pub mod event;
pub mod export;
pub mod filter;
pub mod gate;
pub mod id;
pub mod label;
pub mod queue;
pub mod score;
pub mod search;
pub mod segments;
pub mod session;
pub mod step;
pub mod summary;
pub mod time;
pub mod title;
pub mod tool;
pub mod trace;
pub mod undo;
