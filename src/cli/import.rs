//! `aftercall import`: files and folders into the workspace, with a report.
//!
//! Invariant: what was skipped is always told, in the report and by the exit code.

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::args::{ImportArguments, format_named};
use super::context::{Context, now};
use super::failure::{Code, Failure};
use super::follow::{self, FollowOrder};
use super::output::Data;
use super::progress::{Bar, Unit};
use crate::engine;
use crate::ingest::{Format, Mapping, Problem, ProblemKind, ReadOptions, ToolList};
use crate::model::filter::Filter;
use crate::ops::evaluate::EVALUATING;
use crate::ops::import::{Beside, ImportReport, Sample, database};
use crate::ops::workspace::ImportOrder;
use crate::store::{Access, ForeignDatabase};
use crate::text::door;

pub use crate::text::count;

/// How many problems people are told; the JSON report has them all.
const MOST_PROBLEMS: usize = 20;

/// How many ids without a conversation people are told.
const MOST_IDS: usize = 8;

/// Carries the command out.
pub fn import(context: &Context, arguments: &ImportArguments) -> Result<Code, Failure> {
    if arguments.map_init {
        return propose(arguments);
    }
    let (format, paths) = what(arguments);
    let mapping = mapping(arguments.map.as_deref())?;
    let told = mapping.as_ref().and_then(|mapping| mapping.source.clone());
    let read = ReadOptions {
        format,
        mapping,
        source: source(arguments.source.as_deref())?.or(told),
        tools: tool_list(arguments.tools.as_deref())?,
        ..ReadOptions::default()
    };
    let sample = arguments.sample.as_deref().map(share).transpose()?;
    let filter = Filter::parse(arguments.condition.as_deref().unwrap_or_default())
        .map_err(|error| Failure::usage(format!("{error}; `aftercall filters` explains the language")))?;
    if arguments.follow {
        let [path] = paths.as_slice() else {
            return Err(Failure::usage("--follow takes one file"));
        };
        if path.as_os_str() == "-" {
            return Err(Failure::usage("--follow reads a file as it grows; `import -` reads a pipe to its end"));
        }
        return follow::follow(context, FollowOrder { path: path.clone(), read, json: arguments.json });
    }
    for path in &paths {
        if path.as_os_str() == "-" {
            if std::io::stdin().is_terminal() {
                return Err(Failure::usage(
                    "`import -` reads what is piped into it, and nothing is; nothing was imported",
                ));
            }
            continue;
        }
        // Asked before a workspace is made, so that a mistyped path leaves nothing behind.
        std::fs::metadata(path)
            .map_err(|error| Failure::new(Code::Error, format!("{}: {error}; nothing was imported", path.display())))?;
    }
    if let Some(mapping) = &read.mapping {
        for path in paths.iter().filter(|path| ForeignDatabase::is_one(path)) {
            database::check(path, mapping)
                .map_err(|error| Failure::new(Code::Error, format!("{}: {error}", path.display())))?;
        }
    }
    let mut workspace = context.open_to_write(Access::Create)?;
    let bar = Bar::open(context.talk, Unit::Bytes);
    let start = Instant::now();
    let beside: Option<Beside> = Some(engine::beside);
    let order = ImportOrder { paths, read, sample, filter, evaluate: !arguments.no_evaluate, beside };
    let outcome = workspace.import(&order, now(), &mut |progress| {
        if progress.what == EVALUATING {
            bar.measure(Unit::Things);
        }
        bar.show(progress)
    });
    drop(bar);
    let mut report = outcome?;
    report.seconds = start.elapsed().as_secs_f64();
    tell(context, &report);
    if arguments.json {
        let mut data = Data::open();
        data.json(&report)?;
        data.finish()?;
    }
    Ok(ended(&report))
}

/// Prints the start of a mapping.
fn propose(arguments: &ImportArguments) -> Result<Code, Failure> {
    let [path] = arguments.paths.as_slice() else {
        return Err(Failure::usage("--map-init takes one database"));
    };
    let text = database::propose(path).map_err(|error| Failure::new(Code::Error, error.to_string()))?;
    let mut data = Data::open();
    data.put(text.trim_end())?;
    data.finish()?;
    Ok(Code::Done)
}

/// The mapping that a file holds; its namespace is told by `source`.
fn mapping(path: Option<&Path>) -> Result<Option<Arc<Mapping>>, Failure> {
    let Some(path) = path else { return Ok(None) };
    let name = path.display().to_string();
    let failed = |reason: String| Failure::new(Code::Error, format!("{reason}; nothing was imported"));
    let text = std::fs::read_to_string(path).map_err(|error| failed(format!("{name}: {error}")))?;
    let mapping = Mapping::parse(&name, &text).map_err(|error| failed(error.to_string()))?;
    Ok(Some(Arc::new(mapping)))
}

/// The share that was typed.
fn share(text: &str) -> Result<Sample, Failure> {
    Sample::parse(text)
        .ok_or_else(|| Failure::usage(format!("--sample {text:?} is no share: say 5%, 0.05 or 1/20 (at most all)")))
}

/// What to read as what: a first path may be a word, as long as a path follows it.
fn what(arguments: &ImportArguments) -> (Format, Vec<PathBuf>) {
    let named = format_named(&arguments.format);
    if let [first, rest @ ..] = arguments.paths.as_slice()
        && !rest.is_empty()
        && named == Format::Auto
        && let Some(format) = first.to_str().and_then(Format::named).filter(|format| format.holds_rows())
    {
        return (format, rest.to_vec());
    }
    (named, arguments.paths.clone())
}

/// How it ended: a file that was refused as a whole is no success, even though none of its records could be counted.
fn ended(report: &ImportReport) -> Code {
    let refused = report.problems.iter().any(|problem| problem.kind == ProblemKind::Refused);
    match refused {
        true if report.read == report.skipped => Code::Refused,
        true => Code::Partly,
        false if report.skipped > 0 || report.conflicts > 0 || report.not_judged.is_some() => Code::Partly,
        false => Code::Done,
    }
}

/// The namespace that was typed.
pub fn source(typed: Option<&str>) -> Result<Option<String>, Failure> {
    match typed.map(str::trim) {
        Some("") => Err(Failure::usage("--source is empty; it names where the conversations come from")),
        source => Ok(source.map(ToOwned::to_owned)),
    }
}

/// The tools that a file tells of.
pub fn tool_list(path: Option<&Path>) -> Result<ToolList, Failure> {
    let Some(path) = path else { return Ok(ToolList::default()) };
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::new(Code::Error, format!("{name}: {error}; nothing was imported")))?;
    ToolList::parse(&name, &text).map_err(|error| Failure::new(Code::Error, error.to_string()))
}

fn tell(context: &Context, report: &ImportReport) {
    let talk = context.talk;
    for line in summary(report) {
        talk.say(&line);
    }
    // What was lost comes before what was only odd, in case there is more than anybody wants to read.
    let (lost, odd): (Vec<&Problem>, Vec<&Problem>) = report.problems.iter().partition(|problem| problem.lost > 0);
    let all: Vec<&Problem> = lost.into_iter().chain(odd).collect();
    for problem in all.iter().take(MOST_PROBLEMS) {
        talk.say(&format!("  {}", place(problem)));
    }
    if all.len() > MOST_PROBLEMS {
        talk.say(&format!("  … and {} more; --json lists them all", all.len() - MOST_PROBLEMS));
    }
}

fn summary(report: &ImportReport) -> Vec<String> {
    if report.files == 0 {
        return told_of_no_file(report);
    }
    let came = listed(&[
        (report.imported, "new or changed"),
        (report.unchanged, "unchanged"),
        (report.skipped, "skipped"),
        (report.conflicts, "in conflict"),
    ]);
    let mut lines = vec![format!(
        "{} in {}: {} read{}{} ({:.1} s)",
        count(report.conversations, "conversation"),
        count(report.files, "file"),
        count(report.read, "record"),
        if came.is_empty() { "" } else { ", " },
        came,
        report.seconds,
    )];
    lines.extend(held(report));
    lines.extend(report.elsewhere.iter().map(|(source, conversations)| {
        format!(
            "{} there already, from `{}`: not stored again; `--source NAME` takes them as another source",
            count(*conversations, "conversation") + if *conversations == 1 { " is" } else { " are" },
            door::terminal_line(source)
        )
    }));
    lines.extend(passed_over(report));
    if report.left_out > 0 {
        lines.push(format!("{} of conversations that were not asked for", count(report.left_out, "more record")));
    }
    if report.undated > 0 {
        lines.push(format!(
            "new without a date: {}, counted for the day of the import (`when:none`)",
            count(report.undated, "conversation")
        ));
    }
    if report.pending > 0 {
        lines.push(format!(
            "{} waiting for conversations or spans that have not arrived yet",
            count(report.pending, "record")
        ));
    }
    if !report.unmatched.is_empty() {
        let ids: Vec<String> = report.unmatched.iter().take(MOST_IDS).map(|id| door::terminal_line(id)).collect();
        let more = report.unmatched.len().saturating_sub(MOST_IDS);
        let rest = if more == 0 { String::new() } else { format!(", and {more} more (--json lists them)") };
        lines.push(format!("nothing stored goes by: {}{rest}", ids.join(", ")));
    }
    if report.masked > 0 {
        lines.push(format!(
            "the expected calls of {} were not taken: they hold masked values (as <NAME-1a2b3c4d>) that nothing in the conversation \
             explains; write the values themselves (`aftercall show ID --json --unmasked` shows them)",
            count(report.masked, "conversation")
        ));
    }
    if report.judged > 0 {
        lines.push(format!(
            "{} evaluated, {} with objections; `aftercall list` shows the most suspicious first",
            count(report.judged, "conversation"),
            report.with_objections
        ));
    }
    if let Some(why) = &report.not_judged {
        lines.push(format!("nothing was evaluated: {why}; `aftercall evaluate --missing` does it later"));
    }
    if report.conflicts > 0 {
        lines.push("a conversation in conflict has another text than the stored one, which was kept".into());
    }
    lines
}

/// What the input holds, but for what it does not.
fn held(report: &ImportReport) -> Option<String> {
    let mut parts = Vec::new();
    for (number, what) in [(report.traces, "trace"), (report.spans, "span")] {
        if number > 0 {
            parts.push(count(number, what));
        }
    }
    if report.error_spans > 0
        && let Some(spans) = parts.last_mut()
    {
        let _ = write!(spans, " ({} with an error status)", report.error_spans);
    }
    for (number, what) in [(report.failed_steps, "failed step"), (report.scores, "score")] {
        if number > 0 {
            parts.push(count(number, what));
        }
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Numbers with their words, without those that are zero.
fn listed(numbers: &[(u64, &str)]) -> String {
    let told: Vec<String> =
        numbers.iter().filter(|(number, _)| *number > 0).map(|(number, words)| format!("{number} {words}")).collect();
    told.join(", ")
}

/// Files that were not opened, in one line; one that may say what tools do is worth a hint.
fn passed_over(report: &ImportReport) -> Option<String> {
    let names: Vec<String> = report.passed_over.iter().take(MOST_IDS).map(|path| door::terminal_line(path)).collect();
    if names.is_empty() {
        return None;
    }
    let more = report.passed_over.len().saturating_sub(MOST_IDS);
    let rest = if more == 0 { String::new() } else { format!(", and {more} more") };
    let toml = report.passed_over.iter().any(|path| Path::new(path).extension().is_some_and(|end| end == "toml"));
    let hint = if toml { "; `--tools FILE` takes a .toml that says what tools do" } else { "" };
    let files = count(report.passed_over.len() as u64, "file");
    Some(format!("passed over {files} that cannot hold conversations: {}{rest}{hint}", names.join(", ")))
}

/// Nothing was read.
fn told_of_no_file(report: &ImportReport) -> Vec<String> {
    let mut lines = vec!["there is nothing in it to import".to_owned()];
    lines.extend(passed_over(report));
    lines
}

/// Where a problem is, and what it is.
pub fn place(problem: &Problem) -> String {
    let mut place = problem.path.clone();
    if let Some(line) = problem.line {
        let _ = write!(place, ":{line}");
    }
    if let Some(byte) = problem.byte {
        let _ = write!(place, " (byte {byte})");
    }
    format!("{place}: {}", problem.message)
}
