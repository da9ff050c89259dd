//! `aftercall import`: files and folders into the workspace.
//!
//! Invariant: what was skipped is named, and makes the exit code 3.

use std::ops::ControlFlow;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

use super::args::ImportArgs;
use super::error::{CliError, Exit};
use super::output::Output;
use super::setup::Setup;
use crate::ingest::{Problem, ReadOptions, ToolList};
use crate::ops::Progress;
use crate::ops::import::ImportReport;
use crate::ops::workspace::ImportOrder;
use crate::store::Access;

/// Problems that are listed on a terminal; all are in the JSON report.
const MOST_PROBLEMS: usize = 20;

/// Runs the command.
pub fn run(setup: &Setup, args: &ImportArgs, output: &mut Output) -> Result<Exit, CliError> {
    let mut read = ReadOptions { format: args.format.into(), source: args.source.clone(), ..ReadOptions::default() };
    if let Some(path) = &args.tools {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|source| CliError::File { path: name.clone(), source })?;
        read.tools = ToolList::parse(&name, &text).map_err(|error| CliError::Usage(error.to_string()))?;
    }
    let mut workspace = setup.open(Access::Create, output)?;
    let order = ImportOrder { paths: args.paths.clone(), read };
    let started = Instant::now();
    let bar = bar(output);
    let outcome = workspace.import(&order, setup.now(), &mut |progress| draw(bar.as_ref(), progress));
    if let Some(bar) = &bar {
        bar.finish_and_clear();
    }
    let mut report = outcome?;
    report.seconds = (started.elapsed().as_secs_f64() * 1_000.0).round() / 1_000.0;
    if args.json {
        output.json(&report)?;
    } else {
        tell(&report, output);
    }
    Ok(if report.skipped > 0 || report.conflicts > 0 { Exit::Partly } else { Exit::Ok })
}

/// A progress bar on a terminal.
pub fn bar(output: &Output) -> Option<ProgressBar> {
    if !output.draws_progress() {
        return None;
    }
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{wide_msg} {bar:30} {percent:>3} %") {
        bar.set_style(style);
    }
    Some(bar)
}

/// Draws how far a job is.
pub fn draw(bar: Option<&ProgressBar>, progress: &Progress) -> ControlFlow<()> {
    if let Some(bar) = bar {
        bar.set_length(progress.total.unwrap_or_default());
        bar.set_position(progress.done);
        bar.set_message(crate::text::door::terminal_line(&progress.what));
    }
    ControlFlow::Continue(())
}

fn tell(report: &ImportReport, output: &mut Output) {
    output.say(&format!(
        "{} conversations in {} files: {} records read, {} imported, {} unchanged, {} skipped, {} in conflict ({} s)",
        report.conversations,
        report.files,
        report.read,
        report.imported,
        report.unchanged,
        report.skipped,
        report.conflicts,
        report.seconds,
    ));
    output.say(&format!(
        "{} traces, {} spans ({} with status error), {} failed steps, {} scores",
        report.traces, report.spans, report.error_spans, report.failed_steps, report.scores
    ));
    if report.pending > 0 {
        output.say(&format!("{} records wait for the conversation they are about", report.pending));
    }
    for problem in report.problems.iter().take(MOST_PROBLEMS) {
        output.say(&line(problem));
    }
    if report.problems.len() > MOST_PROBLEMS {
        output.say(&format!("and {} more; --json lists all", report.problems.len() - MOST_PROBLEMS));
    }
    if report.imported > 0 {
        output.say("next: aftercall (the screen), or aftercall list");
    }
}

fn line(problem: &Problem) -> String {
    let line = problem.line.map(|line| format!(":{line}")).unwrap_or_default();
    format!("{}{line}: {}", problem.path, problem.message)
}
