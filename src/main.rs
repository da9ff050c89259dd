//! The `aftercall` program: the exit code and the one error printer.
//!
//! Invariant: everything else is in the library.

fn main() {}
