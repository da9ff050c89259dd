//! Tests of the built-in evaluators.
