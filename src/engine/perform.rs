//! Requests carried out on a workspace: the one place where a request becomes a use case and its outcome a reply.
//!
//! Invariant: no error is lost; each becomes a line for people that says what, where and what to do.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use crate::model::queue::QueueQuery;
use crate::model::time::Timestamp;
use crate::ops::begun::{self, BegunError};
use crate::ops::calibration::CalibrationError;
use crate::ops::door::Door;
use crate::ops::evaluate::{self, EvaluateError, EvaluateOrder};
use crate::ops::export::{self, ExportError};
use crate::ops::figures;
use crate::ops::import::ImportError;
use crate::ops::queue::{self, QueueError};
use crate::ops::report::{self, Asking, Form, Part, ReportError, ReportOrder};
use crate::ops::review::{self, ReviewError};
use crate::ops::sample::SampleError;
use crate::ops::search;
use crate::ops::session::{self, SessionError};
use crate::ops::tools;
use crate::ops::workspace::{ImportOrder, Workspace};
use crate::ops::{adjudicate, alignment, calibration};
use crate::store::{Asker, ErrorClass, StoreError};
use crate::text::highlight;

use super::lane::Tell;
use super::request::{ExportOrder, Figured, Figures, Reply, Request, Saved};

/// Carries out one request.
pub fn perform(workspace: &mut Workspace, request: &Request, now: Timestamp, tell: Tell<'_>) -> Reply {
    match request {
        Request::Queue(query) => index(workspace, query, now),
        Request::Rows(ids) => {
            read(queue::rows(workspace.store(), ids, workspace.reviewer()).map_err(Into::into), Reply::Rows)
        }
        Request::QueueRows(name, reading, ids) => {
            of_queue(queue::named_rows(workspace, (name, reading.as_ref()), ids, now), Reply::Rows)
        }
        Request::Queues => of_queue(queue::heads(workspace.store()), Reply::Queues),
        Request::Preview(spec) => of_queue(queue::preview(workspace, spec, now), Reply::Preview),
        Request::Insights(asking) => insights(workspace, asking, now, tell),
        Request::WriteInsights(asking, part, folder) => {
            write_insights(workspace, (asking, *part, folder.as_path()), now, tell)
        }
        Request::WriteReport(session, folder) => write_report(workspace, (session, folder.as_path()), now, tell),
        Request::Figures(page, queue) => figured(workspace, (page, queue.as_deref()), now),
        Request::Snippets(words, ids) => {
            read(search::snippets(workspace.store(), words, ids).map_err(Into::into), Reply::Snippets)
        }
        Request::Open(id) => read(review::open(workspace, id), |opened| Reply::Opened(Box::new(opened))),
        Request::OpenForRoom(id) => {
            read(review::open_for_room(workspace, id), |opened| Reply::Opened(Box::new(opened)))
        }
        Request::Session => of_session(session::going_on(workspace.store(), workspace.reviewer(), now), |progress| {
            Reply::Session(progress.map(Box::new))
        }),
        Request::SessionSheet(session) => {
            of_session(session::sheet(workspace, session.as_deref(), now), |sheet| Reply::SessionSheet(Box::new(sheet)))
        }
        Request::Disputes => of_queue(adjudicate::open(workspace, now), |rows| {
            Reply::Disputes(rows.into_iter().map(|row| row.id).collect())
        }),
        Request::Dispute(id) => read(adjudicate::case(workspace, id), |case| Reply::Dispute(Box::new(case))),
        Request::DisputeForRoom(id) => {
            read(adjudicate::case_for_room(workspace, id), |case| Reply::Dispute(Box::new(case)))
        }
        Request::Calibrations => of_calibration(calibration::sheets(workspace), Reply::Calibrations),
        Request::Calibration(name) => {
            of_calibration(calibration::sheet(workspace, name), |sheet| Reply::Calibration(Box::new(sheet)))
        }
        Request::StartCalibration(order) => match calibration::start(workspace, order, now) {
            Err(CalibrationError::Review(error)) => saved(Err(error)),
            outcome => of_calibration(outcome, |saved| Reply::Saved(Box::new(saved))),
        },
        Request::Settle { conversation, label, reason } => {
            saved(adjudicate::take_label(workspace, conversation, (label, reason), now))
        }
        Request::Claim(order) => of_queue(queue::claim(workspace, order, now), Reply::Claimed),
        Request::Release(id) => of_queue(queue::release(workspace, id, now).map_err(QueueError::from), Reply::Claimed),
        Request::Codebook => read(review::codebook(workspace), Reply::Codebook),
        Request::Tools => read(tools::known(workspace).map_err(Into::into), Reply::Tools),
        Request::LastFail => read(review::last_fail(workspace), |fail| Reply::LastFail(fail.map(Box::new))),
        Request::Begun => of_begun(begun::read(workspace), Reply::Begun),
        Request::KeepBegun(changes) => of_begun(begun::keep(workspace, changes), |()| Reply::Kept),
        Request::Highlight(text) => Reply::Highlighted(highlight::json(text.exact())),
        Request::Record(act) => saved(review::record(workspace, act, now)),
        Request::StartSession(order) => saved(session::start(workspace, order, now)),
        Request::Undo => saved(review::undo(workspace, now)),
        Request::Redo => saved(review::redo(workspace, now)),
        Request::LoadPack(name) => saved(review::load_pack(workspace, name, now)),
        Request::Import(paths) => import(workspace, paths.clone(), now, tell),
        Request::Export(order) => export(workspace, order, now, tell),
        Request::Evaluate(filter) => evaluate(workspace, filter, now, tell),
    }
}

fn index(workspace: &mut Workspace, query: &QueueQuery, now: Timestamp) -> Reply {
    let outcome = if query.queue.is_some() {
        queue::named(workspace, query, now)
    } else {
        queue::index(workspace.store(), query, Asker { reviewer: workspace.reviewer(), now })
    };
    of_queue(outcome, Reply::Queue)
}

fn figured(workspace: &mut Workspace, (page, queue): (&Figures, Option<&str>), now: Timestamp) -> Reply {
    let found = match page {
        Figures::Rates(after) => figures::rates(workspace, (queue, after.as_deref()), now).map(Figured::Rates),
        Figures::Alignment => alignment::overview(workspace, queue, now).map(Figured::Alignment),
        Figures::Compare(sides) => figures::comparison(workspace, (queue, *sides), now).map(Figured::Compare),
        Figures::Drift => figures::shift(workspace, now).map(Figured::Drift),
    };
    match found {
        Ok(figured) => Reply::Figures(Box::new(figured)),
        Err(SampleError::Store(error)) => not_read(&error),
        Err(error) => Reply::Failed { message: error.to_string(), retry: false },
    }
}

fn insights(workspace: &mut Workspace, asking: &Asking, now: Timestamp, tell: Tell<'_>) -> Reply {
    match report::report(workspace, &asking.order(), now, tell) {
        Ok(report) => Reply::Insights(Box::new(report)),
        Err(error) => not_reported(&error),
    }
}

fn not_reported(error: &ReportError) -> Reply {
    match error {
        ReportError::Store(error) | ReportError::Sample(SampleError::Store(error)) => not_read(error),
        ReportError::Cancelled => Reply::Cancelled,
        error => Reply::Failed { message: error.to_string(), retry: false },
    }
}

/// What is written is masked, whatever the screen shows.
fn write_insights(
    workspace: &mut Workspace,
    (asking, part, folder): (&Asking, Part, &std::path::Path),
    now: Timestamp,
    tell: Tell<'_>,
) -> Reply {
    let door = Door::masked(workspace);
    let written = report::report(workspace, &asking.order(), now, tell).and_then(|found| {
        let found = found.masked(&|text| door.text(text));
        let name = &found.period.name;
        let stem = format!("insights-{name}-{}", part.word());
        let csv = report::numbered_file(folder, (&stem, "csv"), &report::csv(&found, part))?;
        // The whole of it is the same for every part; once is enough, as long as it is.
        let json =
            report::numbered_file(folder, (&format!("insights-{name}"), "json"), &report::text(&found, Form::Json)?)?;
        Ok((csv, json))
    });
    match written {
        Ok((csv, json)) => {
            Reply::Done { message: format!("{} and {}", csv.display(), json.display()), figures: BTreeMap::new() }
        }
        Err(error) => not_reported(&error),
    }
}

fn of_queue<T>(outcome: Result<T, QueueError>, reply: impl FnOnce(T) -> Reply) -> Reply {
    match outcome {
        Ok(value) => reply(value),
        Err(QueueError::Store(error)) => not_read(&error),
        Err(error) => Reply::Failed { message: error.to_string(), retry: false },
    }
}

fn of_begun<T>(outcome: Result<T, BegunError>, reply: impl FnOnce(T) -> Reply) -> Reply {
    outcome.map_or_else(|error| Reply::Failed { message: error.to_string(), retry: false }, reply)
}

fn of_calibration<T>(outcome: Result<T, CalibrationError>, reply: impl FnOnce(T) -> Reply) -> Reply {
    match outcome {
        Ok(value) => reply(value),
        Err(CalibrationError::Queue(error)) => of_queue(Err(error), reply),
        Err(CalibrationError::Store(error)) => not_read(&error),
        Err(error) => Reply::Failed { message: error.to_string(), retry: false },
    }
}

fn read<T>(outcome: Result<T, ReviewError>, reply: impl FnOnce(T) -> Reply) -> Reply {
    match outcome {
        Ok(value) => reply(value),
        Err(ReviewError::Store(error)) => not_read(&error),
        Err(error) => Reply::Failed { message: error.to_string(), retry: false },
    }
}

fn of_session<T>(outcome: Result<T, SessionError>, reply: impl FnOnce(T) -> Reply) -> Reply {
    match outcome {
        Ok(value) => reply(value),
        Err(SessionError::Store(error)) => not_read(&error),
        Err(error) => Reply::Failed { message: error.to_string(), retry: false },
    }
}

fn not_read(error: &StoreError) -> Reply {
    match error {
        StoreError::Interrupted => Reply::Cancelled,
        error => Reply::Failed { message: error.to_string(), retry: error.is_transient() },
    }
}

fn import(workspace: &mut Workspace, paths: Vec<PathBuf>, now: Timestamp, tell: Tell<'_>) -> Reply {
    let order = ImportOrder { paths, evaluate: true, beside: Some(super::beside), ..ImportOrder::default() };
    let report = match workspace.import(&order, now, tell) {
        Ok(report) => report,
        Err(ImportError::Store(StoreError::Interrupted)) => return Reply::Cancelled,
        Err(error) => {
            let retry = matches!(&error, ImportError::Store(error) if error.is_transient());
            return Reply::Failed { message: error.to_string(), retry };
        }
    };
    let figures = [
        ("files", report.files),
        ("read", report.read),
        ("imported", report.imported),
        ("unchanged", report.unchanged),
        ("skipped", report.skipped),
        ("conflicts", report.conflicts),
        ("conversations", report.conversations),
        ("spans", report.spans),
        ("failed_steps", report.failed_steps),
        ("scores", report.scores),
        ("pending", report.pending),
        ("problems", report.problems.len() as u64),
    ];
    let mut message = format!("{} records read, {} new", report.read, report.imported);
    for (count, what) in [(report.skipped, "skipped"), (report.conflicts, "in conflict"), (report.pending, "waiting")] {
        if count > 0 {
            let _ = write!(message, ", {count} {what}");
        }
    }
    for (source, conversations) in &report.elsewhere {
        let _ = write!(message, "; {conversations} there already, from {source}");
    }
    if report.cancelled {
        message.push_str("; stopped, what was stored is whole");
    }
    Reply::Done { message, figures: figures.into_iter().map(|(name, count)| (name.to_owned(), count)).collect() }
}

fn export(workspace: &mut Workspace, order: &ExportOrder, now: Timestamp, tell: Tell<'_>) -> Reply {
    let report = match export::export_beside(workspace, (order, Some(super::beside)), now, tell) {
        Ok(report) => report,
        Err(ExportError::Cancelled) => return Reply::Cancelled,
        Err(error) => {
            return Reply::Failed { message: error.to_string(), retry: error.class() == ErrorClass::Busy };
        }
    };
    let rows: u64 = report.manifest.files.iter().map(|file| file.rows).sum();
    let mut message = format!("{rows} rows written to {}", report.directory.display());
    if let Some(problem) = report.journal_problem {
        let _ = write!(message, "; the export is recorded in the database, but not in the journal: {problem}");
    }
    let conversations = &report.manifest.conversations;
    let mut figures = BTreeMap::from([
        ("rows".to_owned(), rows),
        ("matched".to_owned(), conversations.matched),
        ("settled".to_owned(), conversations.settled),
    ]);
    figures.extend(report.manifest.files.iter().map(|file| (file.name.clone(), file.rows)));
    figures.extend(conversations.left_out.iter().map(|(reason, count)| (format!("left out: {reason}"), *count)));
    Reply::Done { message, figures }
}

fn evaluate(workspace: &mut Workspace, filter: &str, now: Timestamp, tell: Tell<'_>) -> Reply {
    let order = EvaluateOrder { filter: filter.to_owned(), beside: Some(super::beside), ..EvaluateOrder::default() };
    let report = match evaluate::evaluate(workspace, &order, now, tell) {
        Ok(report) => report,
        Err(error) => {
            let retry = matches!(&error, EvaluateError::Store(error) if error.is_transient());
            return Reply::Failed { message: error.to_string(), retry };
        }
    };
    let message =
        format!("{} conversations evaluated, {} with objections", report.conversations, report.with_objections);
    if report.cancelled {
        return Reply::Cancelled;
    }
    let objections = report.evaluators.iter().filter(|(_, tally)| tally.failed > 0);
    Reply::Done { message, figures: objections.map(|(name, tally)| (name.clone(), tally.failed)).collect() }
}

/// Of what the session judged. As for every file, what is written is masked, whatever the screen shows.
fn write_report(
    workspace: &mut Workspace,
    (session, folder): (&str, &std::path::Path),
    now: Timestamp,
    tell: Tell<'_>,
) -> Reply {
    let order = ReportOrder { session: Some(session), ..ReportOrder::default() };
    let found = report::report(workspace, &order, now, tell);
    let door = Door::masked(workspace);
    let written = found.and_then(|found| {
        let found = found.masked(&|text| door.text(text));
        let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        let stem = format!("session-{}", crate::model::codebook::slug(&found.period.name));
        let page = report::text(&found, Form::Html)?;
        Ok((report::numbered_file(&folder, (&stem, Form::Html.ending()), &page)?, found))
    });
    match written {
        Ok((path, found)) => Reply::Done {
            message: format!("The report on session {} is in {}", found.period.name, path.display()),
            figures: BTreeMap::from([
                ("conversations".to_owned(), found.counts.conversations),
                ("judged".to_owned(), found.counts.judged),
            ]),
        },
        Err(error) => not_reported(&error),
    }
}

fn saved(outcome: Result<Saved, ReviewError>) -> Reply {
    match outcome {
        Ok(saved) => Reply::Saved(Box::new(saved)),
        Err(error) if error.is_transient() => {
            Reply::Failed { message: format!("not saved, still here: {error}"), retry: true }
        }
        Err(error) => Reply::Failed { message: format!("not saved: {error}"), retry: false },
    }
}
