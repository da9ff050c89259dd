//! `aftercall gate` and `aftercall request`: runs held against cases, and a step asked again.
//!
//! Invariant: exit code 0 says that no reason against passing was found, 8 that one was, and which; with a baseline, what
//! became worse and passes as possible chance is told. Reports are new or replaced whole.

use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::args::gate::{GateArguments, GateCommand, RequestArguments, Service};
use super::ask::stop_on_signals;
use super::context::{Context, now, resolve};
use super::dataset::warn_of_repeat;
use super::failure::{Code, Failure};
use super::import::{count, place};
use super::output::Data;
use crate::model::act::Act;
use crate::ops::door::Door;
use crate::ops::evaluate::command::CommandOrder;
use crate::ops::gate::{self, Asking, GateError, GateOrder, Report, Rules};
use crate::ops::{request, review};
use crate::store::{Access, StoreError};

/// Unanswered questions at a time, per process of a judge.
const IN_FLIGHT: usize = 4;

/// Problems of a judge that are told one by one; the report has them all.
const TOLD: usize = 5;

const GITHUB: &str = include_str!("../../assets/gate/github.yml");
const GITLAB: &str = include_str!("../../assets/gate/gitlab.yml");

impl From<GateError> for Failure {
    fn from(error: GateError) -> Self {
        match error {
            GateError::Dataset(error) => error.into(),
            GateError::Export(error) => error.into(),
            GateError::Import(error) => error.into(),
            GateError::Queue(error) => error.into(),
            GateError::Evaluate(error) => error.into(),
            GateError::Workspace(error) => error.into(),
            other => Self::new(other.class().into(), other.to_string()),
        }
    }
}

/// Carries `gate` out.
pub fn gate(context: &Context, arguments: &GateArguments) -> Result<Code, Failure> {
    let Some(cases) = &arguments.dataset else { return Err(Failure::usage("name a dataset or a file of cases")) };
    for (name, share) in [("--alpha", Some(arguments.alpha)), ("--min-pass", arguments.min_pass)] {
        if share.is_some_and(|share| !(0.0..=1.0).contains(&share)) {
            return Err(Failure::usage(format!("{name} is a share between 0 and 1")));
        }
    }
    let order = GateOrder {
        cases: cases.clone(),
        runs: arguments.runs.clone(),
        filter: arguments.pool.filter.clone(),
        against: arguments.against.clone(),
        against_filter: arguments.against_where.clone(),
        evaluators: arguments.evaluators.clone(),
        open_test: arguments.open_test.clone(),
        rules: Rules { alpha: arguments.alpha, min_pass: arguments.min_pass },
        unmasked: arguments.unmasked,
    };
    // A file of cases needs nothing but the key to mask with, so a build server may have made the folder just now.
    let access = if Path::new(cases).exists() { Access::Create } else { Access::Write };
    let mut workspace = context.open_to_write(access)?;
    let door = if arguments.unmasked {
        let place = if arguments.judge_command.is_some() { "gate --judge-command" } else { "gate" };
        review::record(&mut workspace, &Act::Unmask { place: place.to_owned() }, now())?;
        Door::open()
    } else {
        Door::masked(&workspace)
    };
    let start = Instant::now();
    let watch = || start.elapsed();
    let stopped = arguments.judge_command.is_some().then(stop_on_signals).transpose()?;
    let stop = || stopped.as_ref().is_some_and(|stopped| stopped.load(Ordering::Relaxed));
    let asking = arguments.judge_command.as_deref().map(|command| Asking {
        order: CommandOrder {
            command,
            name: "judge",
            filter: "",
            missing: false,
            jobs: usize::from(arguments.judge_jobs),
            in_flight: IN_FLIGHT,
            timeout: Duration::from_secs_f64(arguments.judge_timeout),
            watch: &watch,
        },
        door: &door,
        stopped: &stop,
    });
    let report = gate::gate(&mut workspace, &order, asking.as_ref(), now())?;
    warn_of_repeat(report.test_uses_before);
    if let Some(path) = &arguments.junit {
        write(path, &report.junit())?;
    }
    if let Some(path) = &arguments.md {
        write(path, &report.markdown())?;
    }
    tell(context, &report);
    if arguments.json {
        let mut data = Data::open();
        data.json(&report)?;
        data.finish()?;
    }
    Ok(if report.failed() { Code::Found } else { Code::Done })
}

/// Puts a report in place, whole or not at all.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let fail = |error: std::io::Error| Failure::new(Code::Io, format!("{}: {error}", path.display()));
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".aftercall-").tempfile_in(folder).map_err(fail)?;
    file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(fail)?;
    file.persist(path).map(|_| ()).map_err(|error| fail(error.error))
}

fn tell(context: &Context, report: &Report) {
    let (talk, counts) = (context.talk, &report.counts);
    talk.say(&format!(
        "{}: {} against {}: {} pass, {} fail, {} flaky, {} could not be judged, {} without a run",
        report.dataset,
        count(counts.cases as u64, "case"),
        count(counts.runs as u64, "run"),
        counts.passed,
        counts.failed,
        counts.flaky,
        counts.unjudged,
        counts.missing
    ));
    for line in report.remarks() {
        talk.say(&format!("  {line}"));
    }
    for reading in std::iter::once(&report.reading).chain(&report.reading_of_baseline) {
        // The first is among the remarks.
        for problem in reading.problems.iter().take(TOLD).skip(1) {
            talk.say(&format!("  {}", place(problem)));
        }
    }
    for judge in [&report.judge, &report.judge_of_baseline].into_iter().flatten() {
        for problem in judge.problems.iter().take(TOLD) {
            talk.say(&format!("  {}: {}", problem.conversation.as_deref().unwrap_or("the judge"), problem.message));
        }
    }
    for (k, rate) in &report.pass_hat {
        talk.say(&format!("  pass^{k}: {:.1} %", rate * 100.0));
    }
    if let Some(comparison) = &report.comparison {
        talk.say(&format!(
            "  against the baseline, {}: {} worse, {} better, exact one-sided p {:.4}",
            count(comparison.cases as u64, "case"),
            comparison.worse,
            comparison.better,
            comparison.p_worse
        ));
    }
    for (why, times) in gate::decide::reasons(report).iter().take(5) {
        talk.say(&format!("  {times} × {why}"));
    }
    for reason in &report.reasons {
        talk.say(&format!("regression: {reason}"));
    }
    if !report.failed() {
        talk.say(&match counts.unjudged {
            0 => "pass".to_owned(),
            some => format!("pass, but {some} of {} could not be judged", count(counts.cases as u64, "case")),
        });
    }
}

/// Carries `gate init` out.
pub fn init(command: &GateCommand) -> Result<Code, Failure> {
    let GateCommand::Init { service } = command;
    let text = match service {
        Service::Github => GITHUB,
        Service::Gitlab => GITLAB,
    };
    let mut data = Data::open();
    data.put(text.trim_end())?;
    data.finish()?;
    Ok(Code::Done)
}

/// Carries `request` out.
pub fn request(context: &Context, arguments: &RequestArguments) -> Result<Code, Failure> {
    let (workspace, door) = context.open_door(arguments.unmasked.then_some("request"))?;
    let id = resolve(&workspace, &arguments.conversation)?;
    let unknown = || StoreError::Unknown(arguments.conversation.clone());
    let exact = workspace.store().conversation(&id)?.ok_or_else(unknown)?;
    let conversation = door.knowing(&exact).conversation(&exact);
    let Some(step) = conversation.find_step(arguments.step.trim()) else {
        let count = conversation.steps.len();
        return Err(Failure::usage(format!(
            "{id} has no step {:?}: give 1 to {count}, or the id of one of its spans",
            arguments.step
        )));
    };
    let body = request::request(&conversation, step).map_err(|error| Failure::usage(error.to_string()))?;
    let mut data = Data::open();
    data.json(&body)?;
    data.finish()?;
    Ok(Code::Done)
}
