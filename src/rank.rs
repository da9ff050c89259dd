//! The order of a queue: what a label teaches, which conversation comes next, and what is known from what was labelled.
//!
//! Invariant: pure functions of numbers, labels in the order they were given, and a seed; the same three give the same
//! order bit for bit.
//!
//! A [`matrix::Matrix`] holds the pool as standardised numbers. A [`ranker::Ranker`] learns P(fail) from labels (Bayesian
//! logistic regression at its posterior mode). An [`audit::Audit`] is a random list fixed beforehand, served in slots that
//! anybody can foretell; only what it holds says how often the agent fails. A [`queue::Queue`] replays what people did
//! and says what comes next.

mod algebra;
pub mod audit;
pub mod bands;
pub mod discovery;
mod draw;
pub mod fit;
pub mod matrix;
mod order;
pub mod queue;
pub mod ranker;
pub mod strategy;
#[cfg(test)]
mod tests;
