//! A session in a report: when it was held, who took part, and what it put aside.
//!
//! Invariant: what was put aside stands with its reason, or with the word that none was given.

use super::super::{Aside, Held};
use super::{Block, Case, Report, count, heading};
use crate::model::time::Timestamp;

/// When a session was held.
pub(super) fn when(session: &Held) -> String {
    let minute = |at: Timestamp| at.to_string().chars().take(16).collect::<String>().replace('T', " ");
    match session.to {
        Some(to) => format!("held {} to {} UTC", minute(session.from), minute(to)),
        None => format!("held since {} UTC, and not ended yet", minute(session.from)),
    }
}

pub(super) fn people(report: &Report, blocks: &mut Vec<Block>) {
    let Some(session) = &report.session else { return };
    let queue = session.queue.as_ref().map_or_else(String::new, |queue| format!(" of queue {queue}"));
    blocks.push(Block::Points(vec![
        format!("{} took part.", session.participants.join(", ")),
        format!(
            "Judged: {}{queue}. Counts and rates below are about these alone, as their labels stand by now; `aftercall session summary` counts verdicts as they were given.",
            count(session.judged, "conversation")
        ),
        format!(
            "{} put on the parking lot{}, {} put off without a verdict.",
            count(session.parked.len() as u64, "conversation"),
            match session.parked_before.len() {
                0 => String::new(),
                left => format!(" and {left} left there by earlier sessions"),
            },
            session.put_off.len()
        ),
    ]));
}

/// What was parked and put off.
pub(super) fn aside(report: &Report, blocks: &mut Vec<Block>) {
    let Some(session) = &report.session else { return };
    let parts = [
        ("Parking lot", "To be talked about, with the reason that was given.", &session.parked),
        ("Left by earlier sessions", "On the parking lot since before it.", &session.parked_before),
        ("Put off", "Left without a verdict.", &session.put_off),
    ];
    if parts.iter().any(|(.., rows)| !rows.is_empty()) {
        heading(blocks, "Put aside", "");
    }
    for (name, about, rows) in parts {
        if !rows.is_empty() {
            blocks.push(Block::Cases(name.to_owned(), about.to_owned(), rows.iter().map(case).collect()));
        }
    }
}

fn case(row: &Aside) -> Case {
    let reason = row.reason.clone().unwrap_or_else(|| "none was given".to_owned());
    let words = row.first_words.clone().map(|words| ("customer wrote", words));
    Case {
        name: row.conversation.to_string(),
        lines: words.into_iter().chain([("reason", reason), ("by", row.by.clone())]).collect(),
    }
}
