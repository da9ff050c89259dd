//! `aftercall report`: what failed in a week, how service went, and what to do next.
//!
//! Invariant: personal data are masked unless that was asked for and recorded; a file is new or not written.

use std::ops::ControlFlow;

use super::args::report::ReportArguments;
use super::context::{Context, now};
use super::failure::{Code, Failure};
use super::output::Data;
use crate::ops::report::{self, Asked, Form, ReportError, ReportOrder};
use crate::ops::session;
use crate::ops::workspace::Workspace;

impl From<ReportError> for Failure {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::Store(error) => error.into(),
            ReportError::Sample(error) => error.into(),
            ReportError::Queue(error) => error.into(),
            ReportError::Filter(error) => Self::usage(format!("{error}; `aftercall filters` explains the language")),
            ReportError::Session(error) => error.into(),
            ReportError::Targets(error) => Self::usage(error.to_string()),
            other => Self::new(other.class().into(), other.to_string()),
        }
    }
}

/// Carries `report` out.
pub fn report(context: &Context, arguments: &ReportArguments) -> Result<Code, Failure> {
    let form: Form = if arguments.json { Form::Json } else { arguments.format.into() };
    let (mut workspace, door) = context.open_door(arguments.unmasked.then_some("report"))?;
    let order = ReportOrder {
        days: days(&workspace, arguments)?,
        filter: &arguments.pool.filter,
        queue: arguments.queue.as_deref(),
        session: arguments.session.as_deref(),
    };
    let found = report::report(&mut workspace, &order, now(), &mut |_| ControlFlow::Continue(()))?;
    let found = found.masked(&|text| door.text(text));
    if found.counts.conversations == 0 {
        context.talk.say("no conversation is in this report; it says so at its top");
    }
    let text = report::text(&found, form)?;
    let Some(path) = &arguments.out else {
        let mut data = Data::open();
        data.put(text.trim_end_matches('\n'))?;
        data.finish()?;
        return Ok(Code::Done);
    };
    report::new_file(path, &text)?;
    let (name, count) = (&found.period.name, super::import::count(found.counts.conversations, "conversation"));
    if let Some(session) = found.session.as_ref().filter(|session| session.to.is_none()) {
        context.talk.say(&format!(
            "session {} goes on: the report is of what was judged so far, and says that it has not ended; write it again, under \
             another name, after `aftercall session end`",
            session.name
        ));
    }
    context.talk.say(&format!("{name}: {count}, {} judged; written to {}", found.counts.judged, path.display()));
    Ok(Code::Done)
}

fn days(workspace: &Workspace, arguments: &ReportArguments) -> Result<Asked, Failure> {
    match (&arguments.from, &arguments.to) {
        (Some(from), Some(to)) => Asked::days(from, to).ok_or_else(|| {
            Failure::usage(format!("{from:?} and {to:?} are no days from one to the other; give them as 2026-11-16"))
        }),
        _ => arguments.week.as_deref().map_or(Ok(Asked::default()), |text| week(workspace, text)),
    }
}

/// The week of a number, else the one in which a session of that name began.
fn week(workspace: &Workspace, text: &str) -> Result<Asked, Failure> {
    if let Some(week) = Asked::week(text) {
        return Ok(week);
    }
    let book = session::book(workspace.store())?;
    let found = book.session(text).ok().and_then(|session| Asked::week_of(session.started.at));
    found.ok_or_else(|| {
        Failure::usage(format!("{text:?} is neither an ISO week, such as W47 or 2026-W47, nor the name of one session"))
    })
}
