//! `aftercall session`: the review session started, left, gone on with, ended and summed up.
//!
//! Invariant: where labels are said to be safe, both copies were read for it in this very run.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::args::Global;
use super::args::session::{
    NamedSession, ParkArguments, ResumeArguments, SessionArguments, SessionCommand, StartArguments,
};
use super::context::{Context, now, resolve};
use super::decision;
use super::failure::{Code, Failure};
use super::import::count;
use super::output::Data;
use crate::model::act::Act;
use crate::model::id::ConversationId;
use crate::model::session::{Session, SessionChange};
use crate::ops::door::Door;
use crate::ops::evaluate::EvaluateOrder;
use crate::ops::review;
use crate::ops::session::{self, AgendaKind, AgendaLine, Left, SessionProgress, SessionSummary, StartOrder};
use crate::ops::workspace::Workspace;
use crate::store::Access;
use crate::tui::Start;

/// Carries the command out.
pub fn session(context: &Context, global: &Global, arguments: &SessionArguments) -> Result<Code, Failure> {
    match &arguments.command {
        None => list(context, false),
        Some(SessionCommand::List { json }) => list(context, *json),
        Some(SessionCommand::Start(arguments)) => start(context, arguments),
        Some(SessionCommand::Show(arguments)) => show(context, arguments),
        Some(SessionCommand::Resume(arguments)) => resume(context, global, arguments),
        Some(SessionCommand::Leave(arguments)) => {
            change(context, arguments, |session| SessionChange::Leave { session, place: None })
        }
        Some(SessionCommand::End(arguments)) => change(context, arguments, |session| SessionChange::End { session }),
        Some(SessionCommand::Park(arguments)) => park(context, arguments),
        Some(SessionCommand::Summary(arguments)) => summary(context, arguments),
    }
}

/// The session of a name, or the one that the reviewer is in or last left.
fn named(workspace: &Workspace, name: Option<&str>) -> Result<Session, Failure> {
    let book = session::book(workspace.store())?;
    Ok(session::find(&book, name, workspace.reviewer())?)
}

fn start(context: &Context, arguments: &StartArguments) -> Result<Code, Failure> {
    let mut workspace = context.open_to_write(Access::Write)?;
    if !workspace.store().unevaluated()?.is_empty() {
        // The agenda and the queue go by what evaluators say.
        let filter = "p_fail:none".to_owned();
        super::judge::run(context, &mut workspace, &EvaluateOrder { filter, ..EvaluateOrder::default() })?;
    }
    let order = StartOrder {
        name: arguments.name.clone(),
        queue: arguments.queue.clone(),
        without_queue: arguments.no_queue,
        minutes: arguments.minutes,
        size: arguments.size,
        with: arguments.with.clone(),
    };
    let saved = session::start(&mut workspace, &order, now())?;
    let session = named(&workspace, Some(&arguments.name))?;
    context.talk.say(&format!("{}; `aftercall` opens it, `aftercall session end` ends it", saved.what));
    let door = Door::masked(&workspace);
    told(&mut workspace, &session, arguments.json, &door)
}

fn list(context: &Context, as_json: bool) -> Result<Code, Failure> {
    let (workspace, door) = context.open_door(None)?;
    let sessions = session::book(workspace.store())?.sessions;
    let mut data = Data::open();
    for session in &sessions {
        let mut progress = session::progress(workspace.store(), session, now())?;
        progress.session = session::masked_session(workspace.store(), session, &door)?;
        if as_json {
            data.json(&progress)?;
        } else {
            let day = session.started.at.to_string().chars().take(10).collect::<String>();
            let queue = session.queue.as_deref().unwrap_or("no queue");
            data.line(&format!(
                "{:<8} {:<20}  {day}  {:<8} {:>4} judged  {:>4}  {queue}  {}",
                progress.session.id,
                progress.session.name,
                progress.state,
                progress.reviewed,
                minutes(progress.used_seconds),
                session.participants.join(", ")
            ))?;
        }
    }
    data.finish()?;
    if sessions.is_empty() && !as_json {
        context.talk.say("no sessions yet; `aftercall session start W47` begins one");
    }
    Ok(Code::Done)
}

fn show(context: &Context, arguments: &NamedSession) -> Result<Code, Failure> {
    let (mut workspace, door) = context.open_door(arguments.unmasked.then_some("session show"))?;
    let session = named(&workspace, arguments.name.as_deref())?;
    told(&mut workspace, &session, arguments.json, &door)
}

fn told(workspace: &mut Workspace, session: &Session, as_json: bool, door: &Door) -> Result<Code, Failure> {
    let mut progress = session::progress(workspace.store(), session, now())?;
    progress.session = session::masked_session(workspace.store(), session, door)?;
    let agenda = session::agenda(workspace, (Some(session), None), now())?;
    let left = session::left(workspace, session, now())?;
    let mut data = Data::open();
    if as_json {
        let mut value = serde_json::to_value(&progress)?;
        value["left"] = json!(left.map(|left| left.left));
        value["agenda_now"] = serde_json::to_value(&agenda)?;
        data.json(&value)?;
    } else {
        for line in header(&progress, left).iter().chain(&agenda_lines(&agenda)).chain(&parked(&progress.session)) {
            data.line(line)?;
        }
    }
    data.finish()?;
    Ok(Code::Done)
}

/// Whole minutes that went by.
fn minutes(seconds: f64) -> String {
    format!("{:.0}m", (seconds / 60.0).floor())
}

/// Minutes that are left, the one that has begun included; or by how many it is over.
fn until_end(seconds: f64) -> String {
    if seconds >= 0.0 { format!("{:.0}m left", (seconds / 60.0).ceil()) } else { minutes(-seconds) + " over" }
}

fn header(progress: &SessionProgress, left: Option<Left>) -> Vec<String> {
    let session = &progress.session;
    let queue = session.queue.as_ref().map_or_else(String::new, |queue| format!(" - queue {queue}"));
    let mut line = match left {
        // What needs another review is among the judged ones already.
        Some(left) => format!("{} of {} judged", progress.reviewed, progress.reviewed + left.left - left.again),
        None => format!("{} judged", progress.reviewed),
    };
    if let Some(median) = progress.median_seconds {
        let _ = write!(line, " - median {median:.0} s");
    }
    let _ = write!(line, " - {} used", minutes(progress.used_seconds));
    if let Some(left) = progress.left_seconds.filter(|_| session.is_running()) {
        let _ = write!(line, ", {}", until_end(left));
    }
    vec![
        format!("{} ({}) {}{queue} - {}", session.name, session.id, progress.state, session.participants.join(", ")),
        line,
    ]
}

fn agenda_lines(agenda: &[AgendaLine]) -> Vec<String> {
    let line = |line: &AgendaLine| {
        let mut text = format!("{:>5}  {}", line.count, line.kind.title());
        if line.kind == AgendaKind::Decisions {
            let _ = write!(text, "  {}", line.decisions.join(" "));
        } else if !line.conversations.is_empty() {
            let first: Vec<&str> = line.conversations.iter().take(3).map(ConversationId::as_str).collect();
            let more = if line.conversations.len() > first.len() { " …" } else { "" };
            let _ = write!(text, "  {}{more}", first.join(" "));
        }
        if line.older > 0 {
            let _ = write!(text, "  ({} flagged before that wait for a verdict)", line.older);
        }
        text.trim_end().to_owned()
    };
    std::iter::once("Agenda".to_owned()).chain(agenda.iter().map(line)).collect()
}

fn parked(session: &Session) -> Vec<String> {
    let line = |parked: &crate::model::session::Parked| {
        format!("       {}  {}  ({})", parked.conversation, parked.reason, parked.by)
    };
    let head = (!session.parked.is_empty()).then(|| "Parking lot".to_owned());
    head.into_iter().chain(session.parked.iter().map(line)).collect()
}

fn resume(context: &Context, global: &Global, arguments: &ResumeArguments) -> Result<Code, Failure> {
    let mut workspace = context.open_to_write(Access::Write)?;
    let session = named(&workspace, arguments.name.as_deref())?;
    let known = session.participants.iter().any(|name| name == workspace.reviewer());
    let event = session.event.clone();
    let change = if known && arguments.with.is_empty() {
        SessionChange::Resume { session: event }
    } else {
        SessionChange::Join { session: event, with: arguments.with.clone() }
    };
    let saved = review::record(&mut workspace, &Act::Session(change), now())?;
    let session = named(&workspace, Some(&session.event))?;
    if arguments.json || arguments.no_ui {
        context.talk.say(&format!("{}: {}", session.name, saved.what));
        let door = Door::masked(&workspace);
        return told(&mut workspace, &session, arguments.json, &door);
    }
    drop(workspace);
    super::screen::review(context, global, Start::Queue(String::new()))
}

fn change(
    context: &Context,
    arguments: &NamedSession,
    change: impl FnOnce(String) -> SessionChange,
) -> Result<Code, Failure> {
    let mut workspace = context.open_to_write(Access::Write)?;
    let session = named(&workspace, arguments.name.as_deref())?;
    let saved = review::record(&mut workspace, &Act::Session(change(session.event.clone())), now())?;
    context.talk.say(&format!("{}: {}", session.name, saved.what));
    let session = named(&workspace, Some(&session.event))?;
    let door = Door::masked(&workspace);
    if !session.is_running() {
        // The id is a word of its own; a name may have spaces and quotes.
        let id = &session.id;
        context.talk.say(&format!(
            "`aftercall report --session {id} --format html --out session-{id}.html` writes a report to hand on"
        ));
    }
    if session.is_running() {
        return told(&mut workspace, &session, arguments.json, &door);
    }
    sum_up(&workspace, &session, (&door, arguments.json))
}

fn park(context: &Context, arguments: &ParkArguments) -> Result<Code, Failure> {
    let mut workspace = context.open_to_write(Access::Write)?;
    let conversation = resolve(&workspace, &arguments.conversation)?;
    let change = if arguments.done {
        SessionChange::Unpark { conversation: conversation.clone() }
    } else {
        let session = named(&workspace, None)?.event;
        SessionChange::Park { session, conversation: conversation.clone(), reason: arguments.reason.trim().to_owned() }
    };
    let saved = review::record(&mut workspace, &Act::Session(change), now())?;
    context.talk.say(&format!("{conversation}: {}", saved.what));
    if arguments.json {
        let mut data = Data::open();
        data.json(&json!({"schema_version": 1, "conversation": conversation, "parked": !arguments.done}))?;
        data.finish()?;
    }
    Ok(Code::Done)
}

fn summary(context: &Context, arguments: &NamedSession) -> Result<Code, Failure> {
    let (workspace, door) = context.open_door(arguments.unmasked.then_some("session summary"))?;
    let book = session::book(workspace.store())?;
    let session = match (&arguments.name, book.resumable(workspace.reviewer())) {
        // After its end a session is what one most likely wants summed up.
        (None, None) => book.sessions.last().cloned().ok_or(session::SessionError::None)?,
        (name, _) => session::find(&book, name.as_deref(), workspace.reviewer())?,
    };
    sum_up(&workspace, &session, (&door, arguments.json))
}

/// Prints what a session came to. That a copy of its labels is missing is a finding.
fn sum_up(workspace: &Workspace, session: &Session, (door, as_json): (&Door, bool)) -> Result<Code, Failure> {
    let summary = session::summary(workspace, session, now())?.masked(workspace.store(), door)?;
    let mut data = Data::open();
    if as_json {
        data.json(&summary)?;
    } else {
        for line in summary_lines(&summary) {
            data.line(&line)?;
        }
    }
    data.finish()?;
    Ok(if summary.safe.are_complete() { Code::Done } else { Code::Found })
}

fn summary_lines(summary: &SessionSummary) -> Vec<String> {
    let session = &summary.session;
    let (verdicts, day) = (summary.verdicts, |at: &str| at.chars().take(16).collect::<String>().replace('T', " "));
    let all = verdicts.pass + verdicts.fail + verdicts.unsure;
    let ended = session.ended.as_ref().map_or_else(|| summary.state.to_owned(), |end| day(&end.at.to_string()));
    let mut lines = vec![
        format!(
            "{} - {} to {ended} UTC - {}",
            session.name,
            day(&session.started.at.to_string()),
            session.participants.join(", ")
        ),
        format!(
            "{} reviewed ({}{} pass, {} fail, {} can't tell{}) - {} - {} - {} undone - {} put off - {} disputed{}",
            summary.reviewed.len(),
            // Several people may have judged one conversation.
            match all > summary.reviewed.len() as u64 {
                true => format!("{}: ", count(all, "verdict")),
                // What was settled since, a report counts as it was settled.
                false if !summary.settled.is_empty() || !summary.disputed.is_empty() =>
                    "as they were given: ".to_owned(),
                false => String::new(),
            },
            verdicts.pass,
            verdicts.fail,
            verdicts.unsure,
            if summary.hidden > 0 { format!("; others' words on {} hidden", summary.hidden) } else { String::new() },
            summary
                .median_seconds
                .map_or_else(|| "no median".to_owned(), |median| format!("median {median:.0} s (n={})", summary.timed)),
            count(summary.corrections, "correction"),
            summary.undone,
            summary.skipped,
            summary.disputed.len(),
            match summary.settled.len() as u64 {
                0 => String::new(),
                settled => format!(", {} settled", count(settled, "dispute")),
            }
        ),
    ];
    let name = |key: &String| summary.mode_names.get(key).unwrap_or(key).clone();
    let mut modes: Vec<(&String, &u64)> = summary.modes.iter().collect();
    modes.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
    if !modes.is_empty() {
        let told: Vec<String> = modes.iter().map(|(key, times)| format!("{} {times}x", name(key))).collect();
        lines.push(format!("Failure modes: {}", told.join(", ")));
    }
    if !summary.new_modes.is_empty() {
        lines.push(format!("New modes: {}", summary.new_modes.iter().map(name).collect::<Vec<_>>().join(", ")));
    }
    lines.extend(parked(session));
    for (title, decisions) in [("Decisions", &summary.decisions), ("Carried over", &summary.carried_over)] {
        if !decisions.is_empty() {
            lines.push(title.to_owned());
            lines.extend(decisions.iter().map(|one| decision::line(one, &|key| name(&key.to_owned()))));
        }
    }
    let safe = &summary.safe;
    lines.push(format!(
        "Safe: of {} events of its labels {} read back from the database, {} from the journals{}",
        safe.labels,
        safe.database,
        safe.journal,
        if safe.are_complete() { "" } else { "; `aftercall verify` says what is missing" }
    ));
    lines
}

/// The answer of an act on a decision, or of a decision.
pub(super) fn answer(value: &impl serde::Serialize) -> Result<Value, Failure> {
    let mut value = serde_json::to_value(value)?;
    if let Some(members) = value.as_object_mut() {
        members.shift_insert(0, "schema_version".to_owned(), 1.into());
    }
    Ok(value)
}
