//! The command line: what was typed becomes a call of an operation, and its outcome text and an exit code.
//!
//! Invariant: data goes to standard output and talk to standard error; everything passes the door of its sink; no command
//! decides anything that the terminal UI would have to decide again.

use std::ffi::OsString;

use clap::{CommandFactory as _, FromArgMatches as _};

mod about;
mod adjudicate;
pub mod args;
mod ask;
mod bench;
mod check;
mod codebook;
mod conflicts;
mod context;
mod dataset;
mod decision;
mod demo;
mod export;
mod failure;
mod follow;
mod gate;
mod import;
mod judge;
mod label;
mod list;
mod merge;
mod numbers;
mod output;
mod place;
mod progress;
mod queue;
#[cfg(feature = "receive")]
mod receive;
mod reconcile;
mod report;
mod room;
mod screen;
mod search;
mod segments;
mod session;
mod show;
mod simulate;
mod team;
mod tools;

use args::{Arguments, Command};
use context::Context;
use failure::{Code, Failure};
use output::warn;

/// Runs the program with these arguments (its own name first) and answers its exit code.
pub fn run(arguments: Vec<OsString>) -> u8 {
    ignore_file_size_signal();
    // Commands work on transcripts as well, and a panic may quote what it stumbled over.
    crate::tui::give_back_on_panic();
    let outcome = match parse(arguments) {
        Ok(arguments) => dispatch(&arguments),
        Err(error) => return usage(&error),
    };
    match outcome {
        Ok(code) => code as u8,
        Err(failure) => ended(failure),
    }
}

/// The one error printer.
fn ended(failure: Failure) -> u8 {
    match failure {
        Failure::Hangup => Code::Done as u8,
        Failure::Signal(signal) => u8::try_from(128 + signal).unwrap_or(Code::Error as u8),
        Failure::Told { code, message } => {
            warn(&format!("error: {message}"));
            code as u8
        }
    }
}

fn parse(arguments: Vec<OsString>) -> Result<Arguments, clap::Error> {
    let plain = arguments.iter().any(|argument| argument == "--no-color");
    let colours = if plain { clap::ColorChoice::Never } else { clap::ColorChoice::Auto };
    let matches = Arguments::command().color(colours).try_get_matches_from(arguments)?;
    Arguments::from_arg_matches(&matches)
}

/// Help, the version, or what is wrong with what was typed.
fn usage(error: &clap::Error) -> u8 {
    if error.use_stderr() {
        // What was typed is quoted in the message, and may have come from a transcript.
        let shown = crate::text::door::terminal_text(&error.to_string());
        for line in shown.trim_end().lines() {
            warn(line);
        }
        return Code::Usage as u8;
    }
    let outcome = error.print().and_then(|()| std::io::Write::flush(&mut std::io::stdout()));
    outcome.map_or_else(|error| ended(Failure::output(&error)), |()| Code::Done as u8)
}

/// Without this a limit on file sizes kills the program in the middle of a save; with it the save fails and says so.
fn ignore_file_size_signal() {
    #[cfg(unix)]
    {
        let noticed = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        // Where no handler can be set, the system's habit stays; nothing depends on it.
        let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, noticed);
    }
}

fn dispatch(arguments: &Arguments) -> Result<Code, Failure> {
    match &arguments.command {
        // These say something of the program and touch no place, so that they work where nothing else does.
        Some(Command::Formats(formats)) => return about::formats(formats),
        Some(Command::Filters) => return about::filters(),
        Some(Command::Evaluators(evaluators)) => return judge::evaluators(evaluators),
        Some(Command::Strategies(arguments)) => return simulate::strategies(arguments),
        Some(Command::Policy(policy)) if !policy.needs_a_workspace() => return judge::policy(None, policy),
        Some(Command::Completions { shell }) => return about::completions(*shell),
        Some(Command::Gate(args::gate::GateArguments { command: Some(command), .. })) => return gate::init(command),
        Some(Command::Man { command }) => return about::man(command.as_deref()),
        Some(Command::Demo(demo)) => return demo::demo(&arguments.global, demo),
        _ => {}
    }
    let global = &arguments.global;
    let context = Context::find(global)?;
    match &arguments.command {
        None => screen::review(&context, &arguments.global, crate::tui::Start::Queue(String::new())),
        Some(Command::Review(review)) => screen::review_at(&context, &arguments.global, review),
        Some(Command::Import(import)) => import::import(&context, import),
        #[cfg(feature = "receive")]
        Some(Command::Receive(arguments)) => receive::receive(&context, arguments),
        Some(Command::Label(label)) => label::label(&context, label),
        Some(Command::Undo(undo)) => label::undo(&context, undo),
        Some(Command::Redo(redo)) => label::redo(&context, redo),
        Some(Command::List(list)) => list::list(&context, list),
        Some(Command::Search(arguments)) => search::search(&context, arguments),
        Some(Command::Show(show)) => show::show(&context, show),
        Some(Command::Events(events)) => show::events(&context, events),
        Some(Command::Evaluate(evaluate)) => judge::evaluate(&context, evaluate),
        Some(Command::Policy(policy)) => judge::policy(Some(&context), policy),
        Some(Command::Dataset(arguments)) => dataset::dataset(&context, arguments),
        Some(Command::Queue(arguments)) => queue::queue(&context, arguments),
        Some(Command::Session(arguments)) => session::session(&context, global, arguments),
        Some(Command::Decision(arguments)) => decision::decision(&context, arguments),
        Some(Command::Gate(arguments)) => gate::gate(&context, arguments),
        Some(Command::Request(arguments)) => gate::request(&context, arguments),
        Some(Command::Bench(arguments)) => bench::bench(&context, arguments),
        Some(Command::Rates(arguments)) => numbers::rates(&context, arguments),
        Some(Command::Alignment(arguments)) => numbers::alignment(&context, arguments),
        Some(Command::Thresholds(arguments)) => numbers::thresholds(&context, arguments),
        Some(Command::Compare(arguments)) => numbers::compare(&context, arguments),
        Some(Command::Drift(arguments)) => numbers::drift(&context, arguments),
        Some(Command::Agreement(arguments)) => numbers::agreement(&context, arguments),
        Some(Command::Report(arguments)) => report::report(&context, arguments),
        Some(Command::Calibration(arguments)) => team::calibration(&context, arguments),
        Some(Command::Team(arguments)) => team::team(&context, arguments),
        Some(Command::Simulate(arguments)) => simulate::simulate(&context, arguments),
        Some(Command::Reconcile(reconcile)) => reconcile::reconcile(&context, reconcile),
        Some(Command::Export(export)) => export::export(&context, export),
        Some(Command::Codebook(codebook)) => codebook::codebook(&context, codebook),
        Some(Command::Conflicts(arguments)) => conflicts::conflicts(&context, arguments),
        Some(Command::Segments(arguments)) => segments::segments(&context, arguments),
        Some(Command::Tools(tools)) => tools::tools(&context, tools),
        Some(Command::Verify(verify)) => check::verify(&context, verify),
        Some(Command::Rebuild(rebuild)) => check::rebuild(&context, rebuild),
        Some(Command::Adjudicate(arguments)) => adjudicate::adjudicate(&context, arguments),
        Some(Command::Merge(arguments)) => merge::merge(&context, arguments),
        Some(Command::Sync(arguments)) => merge::sync(&context, arguments),
        // Answered above.
        Some(
            Command::Demo(_)
            | Command::Formats(_)
            | Command::Filters
            | Command::Evaluators(_)
            | Command::Strategies(_)
            | Command::Completions { .. }
            | Command::Man { .. },
        ) => Ok(Code::Done),
    }
}
