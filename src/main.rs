//! The `aftercall` program: the exit code.
//!
//! Invariant: everything else is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(aftercall::cli::run(std::env::args_os()))
}
