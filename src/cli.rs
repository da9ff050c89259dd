//! The command line: arguments in, data to standard output, talk to standard error, an exit code.
//!
//! Invariant: a command does nothing but call the operation that the screen calls as well; a closed pipe is a quiet end.

use std::ffi::OsString;
use std::io;

use clap::Parser as _;

mod args;
mod codebook;
mod demo;
mod error;
mod events;
mod export;
mod formats;
mod generate;
mod import;
mod label;
mod list;
mod output;
mod screen;
mod setup;
mod show;
mod table;
mod tools;
mod verify;

pub use args::command;

use args::{Args, Command};
use error::{CliError, Exit};
use output::Output;
use setup::Setup;

/// Runs the program; gives its exit code.
///
/// 0 ok, 1 error, 2 usage, 3 partly (some skipped), 4 refused, 5 busy, 6 no space or I/O, 7 damaged, 8 a check found
/// something.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let args = match Args::try_parse_from(arguments) {
        Ok(args) => args,
        Err(error) => return refuse_arguments(&error),
    };
    let mut output = Output::of_process(args.quiet);
    let done = perform(args, &mut output).and_then(|exit| output.flush().map(|()| exit).map_err(CliError::from));
    match done {
        Ok(exit) => exit as u8,
        // Whoever read this has seen enough.
        Err(CliError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Ok as u8,
        Err(error) => {
            output.complain(&error.to_string());
            error.exit() as u8
        }
    }
}

/// Help goes to standard output, mistakes to standard error by the terminal's door.
fn refuse_arguments(error: &clap::Error) -> u8 {
    if error.use_stderr() {
        Output::of_process(false).complain_as_is(&error.render().to_string());
        return Exit::Usage as u8;
    }
    let mut output = Output::of_process(false);
    match output.text(&error.render().to_string()).and_then(|()| output.flush()) {
        Ok(()) => Exit::Ok as u8,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Ok as u8,
        Err(_) => Exit::Io as u8,
    }
}

fn perform(args: Args, output: &mut Output) -> Result<Exit, CliError> {
    // These need no workspace, and must work where there can be none.
    match &args.command {
        Some(Command::Formats(formats)) => return formats::run(formats, output),
        Some(Command::Completions { shell }) => return generate::completions(*shell, output),
        Some(Command::Man) => return generate::man(output),
        _ => {}
    }
    let setup = Setup::new(&args)?;
    match args.command {
        None => screen::run(&setup, None, output),
        Some(Command::Review { what }) => screen::run(&setup, what.as_deref(), output),
        Some(Command::Demo { fresh }) => demo::run(args.workspace.as_deref(), &setup, fresh, output),
        Some(Command::Import(import)) => import::run(&setup, &import, output),
        Some(Command::Label(label)) => label::run(&setup, &label, output),
        Some(Command::Undo) => label::undo(&setup, output),
        Some(Command::Redo) => label::redo(&setup, output),
        Some(Command::List(list)) => list::run(&setup, &list, output),
        Some(Command::Show(show)) => show::run(&setup, &show, output),
        Some(Command::Events(events)) => events::run(&setup, &events, output),
        Some(Command::Export(export)) => export::run(&setup, export, output),
        Some(Command::Codebook { command }) => codebook::run(&setup, command, output),
        Some(Command::Tools { json }) => tools::run(&setup, json, output),
        Some(Command::Verify { json }) => verify::run(&setup, json, output),
        Some(Command::Rebuild { what }) => verify::rebuild(&setup, what, output),
        Some(Command::Formats(_) | Command::Completions { .. } | Command::Man) => Ok(Exit::Ok),
    }
}
