//! `aftercall completions` and `aftercall man`: made from the arguments.
//!
//! Invariant: nothing here is written by hand, so that it cannot lag behind.

use clap_complete::Shell;

use super::args::command;
use super::error::{CliError, Exit};
use super::output::Output;

/// Prints a completion script.
pub fn completions(shell: Shell, output: &mut Output) -> Result<Exit, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command(), "aftercall", &mut script);
    output.made(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Ok)
}

/// Prints the manual page.
pub fn man(output: &mut Output) -> Result<Exit, CliError> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command()).render(&mut page)?;
    output.made(&String::from_utf8_lossy(&page))?;
    Ok(Exit::Ok)
}
