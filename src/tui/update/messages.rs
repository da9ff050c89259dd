//! Answers of the workers, and the list of messages.
//!
//! Invariant: an answer whose ticket is not the newest of its kind is dropped; an answer to a write never is.

use super::Pressed;
use crate::engine::request::{Reply, Request, Saved, Ticket};
use crate::model::act::Act;
use crate::model::queue::QueueChange;
use crate::model::summary::Summary;
use crate::tui::action::Action;
use crate::tui::state::messages::{MessagesView, Unsaved, Weight, Write};
use crate::tui::state::queue::{RowState, Said};
use crate::tui::state::review::Reason;
use crate::tui::state::{Expected, Screen, State};

/// Takes in an answer.
pub fn reply(state: &mut State, ticket: Ticket, reply: Reply) {
    let Some(expected) = state.expected.remove(&ticket) else { return };
    expected_reply(state, ticket, &expected, reply);
    if state.queue.stale {
        super::queue::freshen(state);
    }
}

fn expected_reply(state: &mut State, ticket: Ticket, expected: &Expected, reply: Reply) {
    match expected {
        Expected::Write => written(state, ticket, reply),
        Expected::Job => super::import::ended(state, ticket, reply),
        Expected::Evaluated => super::define::evaluated(state, ticket, reply),
        Expected::Session if state.session.awaiting == Some(ticket) => super::session::arrived(state, reply),
        Expected::SessionSheet => super::session::sheet_arrived(state, ticket, reply),
        Expected::StartQueues => super::session::queues_arrived(state, ticket, reply),
        Expected::Preview => super::define::preview_arrived(state, ticket, &reply),
        Expected::Insights => super::insights::arrived(state, ticket, reply),
        Expected::Figures => super::numbers::arrived(state, ticket, reply),
        Expected::Disputes | Expected::Dispute => super::disputes::arrived(state, ticket, reply),
        Expected::Calibration => super::calibration::arrived(state, ticket, reply),
        Expected::Claim(id) => super::claims::answered(state, id, &reply),
        Expected::Queues if state.queue.awaiting_queues == Some(ticket) => {
            super::define::queues_answered(state, reply);
        }
        Expected::Codebook => codebook(state, reply),
        Expected::Tools => super::correct::tools_arrived(state, reply),
        Expected::Begun => super::begun::arrived(state, reply),
        Expected::Kept => super::begun::kept(state, ticket, reply),
        Expected::LastFail => super::judge::last_fail_arrived(state, ticket, reply),
        Expected::Queue if state.queue.awaiting == Some(ticket) => {
            state.queue.awaiting = None;
            match reply {
                Reply::Queue(index) => super::queue::arrived(state, index),
                // A search that took its place in the workers' slot does not make the list less wanted.
                Reply::Cancelled if !state.leaving => super::queue::ask(state),
                other => super::prompt::filter_refused(state, other),
            }
        }
        Expected::Fresh if state.queue.awaiting_fresh == Some(ticket) => {
            state.queue.awaiting_fresh = None;
            match reply {
                // Another queue was asked for meanwhile, or is: that one brings what arrived with it.
                Reply::Queue(index) if state.queue.awaiting.is_none() => super::queue::freshened(state, index),
                Reply::Cancelled => state.queue.stale = state.queue.awaiting.is_none(),
                // Somebody else was writing; the list is as good as it was.
                Reply::Failed { retry: true, .. } => state.queue.stale = true,
                Reply::Failed { message, .. } if state.queue.query.queue.is_some() => {
                    super::queue::gone(state, message);
                }
                _ => {}
            }
        }
        Expected::Hits if state.queue.awaiting_hits == Some(ticket) => super::queue::hits_answered(state, reply),
        Expected::Rows if state.queue.awaiting_rows == Some(ticket) => rows(state, reply),
        Expected::Snippets if state.queue.awaiting_snippets == Some(ticket) => snippets(state, reply),
        Expected::Open(_) if state.review.as_ref().is_some_and(|review| review.ticket == ticket) => match reply {
            Reply::Opened(opened) => super::review::arrived(state, opened),
            Reply::Failed { message, .. } => super::review::failed(state, message),
            other => problem(state, other),
        },
        Expected::Highlight(key) => {
            if let (Some(review), Reply::Highlighted(lines)) = (&mut state.review, reply)
                && review.detail.highlight == *key
            {
                review.detail.highlight(lines);
            }
        }
        Expected::Queue
        | Expected::Queues
        | Expected::Session
        | Expected::Fresh
        | Expected::Hits
        | Expected::Rows
        | Expected::Snippets
        | Expected::Open(_) => {}
    }
}

fn codebook(state: &mut State, reply: Reply) {
    match reply {
        Reply::Codebook(codebook) => state.codebook = codebook,
        other => problem(state, other),
    }
}

fn rows(state: &mut State, reply: Reply) {
    state.queue.awaiting_rows = None;
    match reply {
        Reply::Rows(rows) => super::queue::rows_arrived(state, rows),
        other => {
            let asked = std::mem::take(&mut state.queue.asked_rows);
            if matches!(other, Reply::Failed { .. }) {
                state.queue.missing.extend(asked);
            }
            problem(state, other);
        }
    }
}

fn snippets(state: &mut State, reply: Reply) {
    state.queue.awaiting_snippets = None;
    match reply {
        Reply::Snippets(found) => super::queue::snippets_arrived(state, found),
        other => {
            // Asking again would not end; the rows then show what they show without a search.
            if matches!(other, Reply::Failed { .. }) {
                super::queue::snippets_arrived(state, Vec::new());
            }
            problem(state, other);
        }
    }
}

/// Says that a request failed; a cancelled one is no news.
pub fn problem(state: &mut State, reply: Reply) {
    if let Reply::Failed { message, .. } = reply {
        state.log.say(state.now, Weight::Problem, message);
    }
}

fn written(state: &mut State, ticket: Ticket, reply: Reply) {
    let Some(write) = state.writes.pending.remove(&ticket) else { return };
    let reason = match reply {
        Reply::Saved(mut saved) => {
            if let Some(before) = write.replaces {
                let arrow = state.config.theme.signs().call;
                saved.what = format!("{} {arrow} {}", before.word().to_uppercase(), saved.what);
            }
            super::form::done(state, ticket);
            super::calibration::begun(state, &write.request);
            super::session::ended(state, &write.request);
            let settled = super::disputes::settles(&write.request) && !saved.group.is_empty();
            self::saved(state, *saved);
            if settled {
                super::disputes::counted(state);
            }
            // A queue that was asked for is wanted on the screen, also where the same one was there already.
            if let Request::Record(act) = &write.request
                && let Act::Queue(QueueChange::Add(spec)) = &**act
            {
                super::define::go_to(state, &spec.name);
            }
            return;
        }
        // Trying the same again would come to the same: what was typed is mended where it was.
        Reply::Failed { message, retry: false } if offered_again(state, ticket, (&write, &message)) => {
            return state.log.note(state.now, Weight::Problem, message);
        }
        Reply::Failed { message, .. } => message,
        Reply::Cancelled => "it was cancelled".to_owned(),
        _ => "the answer made no sense".to_owned(),
    };
    // It is kept as it was sent.
    super::form::done(state, ticket);
    super::calibration::begun(state, &write.request);
    if super::disputes::settles(&write.request) {
        super::disputes::refresh(state);
    }
    let again = state.key(Action::SaveAgain);
    let text = format!("{}: not saved, still here: {reason}. {again} tries again.", write.what);
    state.writes.unsaved.push(Unsaved { write, reason });
    state.log.say(state.now, Weight::Problem, text);
}

/// True where what was refused stands on the screen again, to be put right.
fn offered_again(state: &mut State, ticket: Ticket, (write, reason): (&Write, &str)) -> bool {
    match write.request {
        Request::StartCalibration(_) => {
            super::calibration::refused(state, reason);
            true
        }
        _ => super::form::refused(state, ticket, reason),
    }
}

fn saved(state: &mut State, saved: Saved) {
    if saved.group.is_empty() {
        return state.log.say(state.now, Weight::Info, saved.what);
    }
    state.writes.last = Some((saved.what.clone(), saved.at));
    state.writes.last_on.clone_from(&saved.conversation);
    // The status line says it already, with its time.
    state.log.note(saved.at, Weight::Saved, saved.what.clone());
    if let Some(codebook) = saved.codebook {
        state.codebook = codebook;
    }
    if let Some(reason) = saved.journal_problem {
        let text = format!("Saved in the database, but not in the journal: {reason}");
        state.log.say(saved.at, Weight::Problem, text);
    }
    let turned_back = saved.what.starts_with("undone") || saved.what.starts_with("redone");
    if turned_back {
        super::judge::ask_last_fail(state);
    }
    super::session::refresh(state, saved.conversation.is_none());
    super::disputes::refresh(state);
    super::calibration::refresh(state);
    if state.queue.query.queue.is_some() {
        // Every label moves the order, and an undo may have brought the queue itself to its end.
        super::queue::freshen(state);
    }
    let Some(id) = saved.conversation else { return };
    let before = judged(state, &id);
    let said = match &saved.own {
        Some(label) => match label.verdict {
            Some(verdict) => Said::Judged(verdict),
            None if label.skipped => Said::Skipped,
            None => Said::Nothing,
        },
        None => Said::Nothing,
    };
    let after = matches!(said, Said::Judged(_));
    state.queue.judged_since += i64::from(after) - i64::from(before);
    state.queue.said.insert(id.clone(), said);
    if let Some(summary) = &saved.summary
        && let Some(row) = state.queue.rows.get_mut(&id)
    {
        let place = row.place.take();
        *row = Summary { place, ..(**summary).clone() };
    }
    if let Some(review) = state.review.as_mut().filter(|review| review.id == id) {
        if let Some(opened) = &mut review.opened {
            opened.own = saved.own.map(|own| *own);
            opened.others = saved.others;
            if let Some(summary) = saved.summary {
                opened.summary = *summary;
            }
            review.detail.subject = None;
        }
    } else if turned_back {
        go_back_to(state, &id);
    }
}

/// After an undo elsewhere: shows what was undone.
fn go_back_to(state: &mut State, id: &crate::model::id::ConversationId) {
    let position = state.queue.index.ids.iter().position(|other| other == id);
    match state.screen {
        Screen::Review if state.overlays.is_empty() => {
            let step = state.left_at.get(id).copied();
            super::review::open(state, id.clone(), position, Reason::Asked);
            if let Some(review) = &mut state.review {
                review.wanted_step = step;
            }
        }
        Screen::Queue => {
            if let Some(position) = position {
                state.queue.cursor = position;
            }
        }
        Screen::Review => {}
    }
}

fn judged(state: &State, id: &crate::model::id::ConversationId) -> bool {
    match (state.queue.said.get(id), state.queue.rows.get(id)) {
        (Some(said), _) => matches!(said, Said::Judged(_)),
        (None, Some(row)) => matches!(
            state.queue.state_of(row, &state.config.reviewer),
            RowState::Judged(_) | RowState::Disputed | RowState::Stale
        ),
        (None, None) => false,
    }
}

/// Takes a key in the list of messages.
pub fn handle(state: &mut State, mut view: MessagesView, pressed: Pressed) -> Option<MessagesView> {
    let page = usize::from(state.size.rows.saturating_sub(4)).max(1);
    let last = state.log.entries.len().saturating_sub(1);
    match pressed.action {
        Some(Action::Back | Action::Leave) => return None,
        Some(Action::LineUp) => view.up += 1,
        Some(Action::LineDown) => view.up = view.up.saturating_sub(1),
        Some(Action::PageUp) => view.up += page,
        Some(Action::PageDown) => view.up = view.up.saturating_sub(page),
        Some(Action::HalfUp) => view.up += page / 2,
        Some(Action::HalfDown) => view.up = view.up.saturating_sub(page / 2),
        Some(Action::First) => view.up = last,
        Some(Action::Last) => view.up = 0,
        _ => {}
    }
    view.up = view.up.min(last);
    Some(view)
}
