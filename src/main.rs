//! The `aftercall` program: its arguments in, its exit code out.
//!
//! Invariant: everything else is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(aftercall::cli::run(std::env::args_os().collect()))
}
