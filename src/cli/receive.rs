//! `aftercall receive`: traces from running agents into the workspace, until it is told to end.
//!
//! Invariant: the address is told only once it can be sent to, and the totals only once everything is stored.

use super::args::ReceiveArguments;
use super::context::{Context, now};
use super::failure::{Code, Failure};
use super::import;
use super::output::{Data, warn};
use crate::engine::system_clock;
use crate::ingest::{Format, ReadOptions};
use crate::receive::{ReceiveError, ReceiveLimits, ReceiveReport, ReceiveSetup, Receiver, Stop};

/// Carries the command out.
pub fn receive(context: &Context, arguments: &ReceiveArguments) -> Result<Code, Failure> {
    let read = ReadOptions {
        format: Format::Otlp,
        source: import::source(arguments.source.as_deref())?,
        tools: import::tool_list(arguments.tools.as_deref())?,
        ..ReadOptions::default()
    };
    let receiver = Receiver::bind(ReceiveSetup {
        root: context.root().to_owned(),
        identity: context.identity()?,
        clock: system_clock,
        listen: arguments.listen,
        token: arguments.token.clone(),
        read,
        limits: ReceiveLimits::default(),
    })?;
    let talk = context.talk;
    for notice in receiver.notices() {
        warn(&format!("note: {notice}"));
    }
    let address = receiver.address();
    talk.say(&format!("receiving OTLP at http://{address} into {}; ctrl-c ends", context.root().display()));
    talk.say(&format!("for an OpenTelemetry SDK: OTEL_EXPORTER_OTLP_ENDPOINT=http://{address}"));
    let (mut told, mut at) = (ReceiveReport::default(), now());
    let report = receiver.serve(&Stop::default(), &mut |report| {
        if report.trouble != told.trouble
            && let Some(trouble) = &report.trouble
        {
            warn(&format!("not stored: {trouble}"));
            told.trouble.clone_from(&report.trouble);
        }
        // A line now and then where something came, and none where nothing did.
        if report.read > told.read && now().0 - at.0 >= 5_000_000 {
            talk.say(&summary(report));
            (told, at) = (report.clone(), now());
        }
    })?;
    talk.say(&summary(&report));
    if arguments.json {
        let mut data = Data::open();
        data.json(&report)?;
        data.finish()?;
    }
    Ok(if report.skipped > 0 || report.conflicts > 0 { Code::Partly } else { Code::Done })
}

fn summary(report: &ReceiveReport) -> String {
    format!(
        "{} taken in ({} refused, {} put off): {} records, {} new or changed, {} unchanged, {} skipped, {} in conflict",
        import::count(report.accepted, "request"),
        report.refused,
        report.deferred,
        report.read,
        report.imported,
        report.unchanged,
        report.skipped,
        report.conflicts,
    )
}

impl From<ReceiveError> for Failure {
    fn from(error: ReceiveError) -> Self {
        match error {
            ReceiveError::Token => Self::usage(error.to_string()),
            ReceiveError::Workspace(error) => error.into(),
            ReceiveError::Import(error) => error.into(),
            other => Self::new(other.class().into(), other.to_string()),
        }
    }
}
