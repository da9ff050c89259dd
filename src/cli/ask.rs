//! `aftercall evaluate --command`: a judge of the user's own over stored conversations.
//!
//! Invariant: what the judge is given passes the masking door unless the user says otherwise, which is recorded first;
//! a signal ends the judge with the program.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::args::judge::EvaluateArguments;
use super::context::{Context, now};
use super::failure::{Code, Failure};
use super::import::count;
use super::output::Data;
use super::progress::{Bar, Unit};
use crate::model::act::Act;
use crate::ops::door::Door;
use crate::ops::evaluate::command::{self, CommandOrder, CommandReport};
use crate::ops::review;
use crate::store::Access;

/// Problems that are told one by one where nobody asked for JSON.
const TOLD: usize = 10;

/// A flag that the signals which end a program raise, so that a judge is ended with it.
pub(super) fn stop_on_signals() -> Result<Arc<AtomicBool>, Failure> {
    let stopped = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&stopped))
            .map_err(|error| Failure::new(Code::Error, format!("ctrl-c cannot be waited for: {error}")))?;
    }
    Ok(stopped)
}

/// Asks the judge and tells what came of it.
pub fn ask(context: &Context, judge: &str, arguments: &EvaluateArguments) -> Result<Code, Failure> {
    let stopped = stop_on_signals()?;
    let mut workspace = context.open_to_write(Access::Write)?;
    let door = if arguments.unmasked {
        review::record(&mut workspace, &Act::Unmask { place: "evaluate --command".to_owned() }, now())?;
        Door::open()
    } else {
        Door::masked(&workspace)
    };
    let start = Instant::now();
    let order = CommandOrder {
        command: judge,
        name: &arguments.name,
        filter: &arguments.filter,
        missing: arguments.missing,
        jobs: usize::from(arguments.jobs),
        in_flight: usize::from(arguments.in_flight),
        timeout: Duration::from_secs_f64(arguments.timeout),
        watch: &|| start.elapsed(),
    };
    let bar = Bar::open(context.talk, Unit::Things);
    let outcome = command::ask(&mut workspace, (&order, &door), now(), &mut |progress| {
        if stopped.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { bar.show(progress) }
    });
    drop(bar);
    let mut report = outcome?;
    report.seconds = start.elapsed().as_secs_f64();
    tell(context, arguments, &report)?;
    let whole = report.asked == report.answered && report.overtaken + report.not_asked == 0 && !report.cancelled;
    Ok(if whole && report.problems.is_empty() { Code::Done } else { Code::Partly })
}

fn tell(context: &Context, arguments: &EvaluateArguments, report: &CommandReport) -> Result<(), Failure> {
    let mut data = Data::open();
    if arguments.json {
        data.json(report)?;
    } else {
        for line in super::judge::table(&report.evaluators) {
            data.line(&line)?;
        }
    }
    data.finish()?;
    let talk = context.talk;
    for problem in report.problems.iter().take(TOLD) {
        let about = problem.conversation.as_deref().unwrap_or("-");
        talk.say(&format!("  {about}: {}", problem.message));
    }
    if report.problems.len() > TOLD {
        talk.say(&format!("  and {} more; --json has them", report.problems.len() - TOLD));
    }
    talk.say(&format!(
        "{} asked in {:.1} s: {} answered, {} in part, {} not; {} stored",
        count(report.asked, "conversation"),
        report.seconds,
        report.answered,
        report.partly,
        report.failed,
        count(report.scores, "score"),
    ));
    if report.not_asked > 0 {
        talk.say(&format!("the judge kept failing, {} not asked; --missing goes on later", report.not_asked));
    }
    if report.cancelled {
        talk.say("stopped; what was answered is stored, --missing goes on later");
    }
    Ok(())
}
