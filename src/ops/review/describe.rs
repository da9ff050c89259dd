//! Acts in a few words, for the status line.
//!
//! Invariant: what a person wrote (notes, replies) is never quoted; names of failure modes are, since they are the words
//! of the label.

use crate::model::codebook::{Codebook, CodebookChange};
use crate::model::decision::DecisionChange;
use crate::model::event::{Event, EventBody};
use crate::model::label::{FirstFailure, Verdict};
use crate::model::queue::QueueChange;
use crate::model::session::SessionChange;

/// What the events of one group did.
pub fn group(events: &[Event], codebook: &Codebook) -> String {
    let verdict = events.iter().find_map(|event| match &event.body {
        EventBody::Verdict { verdict, first_failure, severity, owner, .. } => {
            Some((event, *verdict, first_failure.as_ref(), (*severity, *owner)))
        }
        _ => None,
    });
    let Some((event, verdict, first_failure, (severity, owner))) = verdict else { return others(events, codebook) };
    let word = match verdict {
        Verdict::Pass => "PASS",
        Verdict::Fail => "FAIL",
        Verdict::Unsure => "CAN'T TELL",
    };
    let mut parts = vec![word.to_owned()];
    for event in events {
        if let EventBody::Mode { mode } = &event.body {
            parts.push(name_in(events, codebook, mode));
        }
    }
    match (first_failure, event.target.as_ref().and_then(|target| target.step)) {
        (Some(FirstFailure::Step), Some(step)) => parts.push(format!("step {step}")),
        (Some(FirstFailure::NoSingleStep), _) => parts.push("no single step".into()),
        _ => {}
    }
    parts.extend(severity.map(|severity| format!("severity {severity}")));
    parts.extend(owner.map(|owner| format!("owner {}", owner.word())));
    match events.iter().filter(|event| matches!(event.body, EventBody::Correction(_))).count() {
        0 => {}
        1 => parts.push("1 correction".into()),
        count => parts.push(format!("{count} corrections")),
    }
    parts.join(" · ")
}

/// The name of a mode; an undone act may have taken its mode out of the codebook again.
fn name_in(events: &[Event], codebook: &Codebook, key: &str) -> String {
    let key = codebook.resolve(key);
    if codebook.mode(&key).is_none() {
        for event in events {
            match &event.body {
                EventBody::Codebook(CodebookChange::Add { key: added, name, .. }) if *added == key => {
                    return name.clone();
                }
                _ => {}
            }
        }
    }
    codebook.name_of(&key).to_owned()
}

fn others(events: &[Event], codebook: &Codebook) -> String {
    let Some(first) = events.first() else { return "nothing".into() };
    if let Some(EventBody::Session(change)) = events.last().map(|event| &event.body) {
        return session(change);
    }
    let step = first.target.as_ref().and_then(|target| target.step);
    let place = step.map_or_else(String::new, |step| format!(" · step {step}"));
    match &first.body {
        EventBody::Correction(_) if events.len() > 1 => format!("{} corrections", events.len()),
        EventBody::Correction(_) => format!("correction{place}"),
        EventBody::Note { text } if text.is_empty() => format!("note removed{place}"),
        EventBody::Note { .. } => format!("note{place}"),
        EventBody::Criterion { must: true, .. } => "criterion: must".into(),
        EventBody::Criterion { must: false, .. } => "criterion: must not".into(),
        EventBody::Skip {} => "skipped".into(),
        EventBody::Adjudicate { took, .. } => format!("adjudicated · {took}"),
        EventBody::Codebook(_) if events.len() > 1 => format!("{} codebook changes", events.len()),
        EventBody::Codebook(CodebookChange::Add { name, .. }) => format!("new failure mode {name}"),
        EventBody::Codebook(CodebookChange::Rename { name, .. }) => format!("failure mode renamed to {name}"),
        EventBody::Codebook(CodebookChange::Merge { from, into }) => {
            format!("{} merged into {}", codebook.name_of(from), codebook.name_of(into))
        }
        EventBody::Queue(QueueChange::Add(spec)) => format!("new queue {}", spec.name),
        EventBody::Queue(QueueChange::Remove { name }) => format!("queue {name} removed"),
        EventBody::Decision(change) => match change {
            DecisionChange::Add(spec) => format!("decision · {}", spec.kind.word()),
            DecisionChange::Edit { .. } => "decision changed".into(),
            DecisionChange::Close { .. } => "decision closed".into(),
            DecisionChange::Reopen { .. } => "decision reopened".into(),
        },
        EventBody::Queue(QueueChange::Reveal { name }) => format!("{name} revealed"),
        EventBody::Unmask { .. } => "unmasking recorded".into(),
        body => body.kind().to_owned(),
    }
}

fn session(change: &SessionChange) -> String {
    match change {
        SessionChange::Start(start) => format!("session {} begins", start.name),
        SessionChange::Join { .. } => "joined the session".into(),
        SessionChange::Leave { .. } => "left the session".into(),
        SessionChange::Resume { .. } => "back in the session".into(),
        SessionChange::Park { .. } => "parked".into(),
        SessionChange::Unpark { .. } => "off the parking lot".into(),
        SessionChange::End { .. } => "session ended".into(),
    }
}
