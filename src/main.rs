//! The `aftercall` program: its arguments in, its exit code out.
//!
//! Invariant: everything else is in the library.

use std::process::ExitCode;

/// Imports make and drop millions of small texts, on one thread and on another, which this allocator is made for.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    ExitCode::from(aftercall::cli::run(std::env::args_os().collect()))
}
