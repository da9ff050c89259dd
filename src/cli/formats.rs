//! `aftercall formats`: what can be read and written.
//!
//! Invariant: the lists are those of the argument parser and of the exporters.

use clap::ValueEnum as _;

use super::args::{FormatsArgs, ImportFormat};
use super::error::{CliError, Exit};
use super::output::Output;
use super::table::Table;
use crate::dataset::EXPORTERS;

/// Runs the command.
pub fn run(args: &FormatsArgs, output: &mut Output) -> Result<Exit, CliError> {
    if args.export {
        let mut table = Table::new(&["format", "file", "what it is"]);
        for exporter in EXPORTERS {
            table.row(&[exporter.name().into(), exporter.file_name().into(), exporter.help().into()]);
        }
        table.write(output)?;
        return Ok(Exit::Ok);
    }
    let mut table = Table::new(&["format", "what it is"]);
    for value in ImportFormat::value_variants().iter().filter_map(clap::ValueEnum::to_possible_value) {
        let help = value.get_help().map(ToString::to_string).unwrap_or_default();
        table.row(&[value.get_name().to_owned(), help]);
    }
    table.write(output)?;
    Ok(Exit::Ok)
}
