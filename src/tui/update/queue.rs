//! Keys of the list of conversations.
//!
//! Invariant: an answer to an older request than the newest of its kind changes nothing.

use std::collections::{HashMap, HashSet};

use super::review::open;
use crate::engine::request::{Hit, QueueIndex, QueueQuery, Reply, Request};
use crate::model::id::ConversationId;
use crate::model::summary::Summary;
use crate::tui::action::{Action, Context};
use crate::tui::command::Command;
use crate::tui::keymap::Chord;
use crate::tui::state::messages::Weight;
use crate::tui::state::prompt::Question;
use crate::tui::state::queue::{Hits, ORDERS, order_name};
use crate::tui::state::review::Reason;
use crate::tui::state::{Expected, Overlay, Screen, State};

/// Asks for the ids of the queue as it is wanted now.
pub fn ask(state: &mut State) {
    let query = state.queue.asked.clone();
    state.queue.awaiting = Some(state.ask(Request::Queue(query), Expected::Queue));
}

/// Asks which conversations hold these words.
pub fn ask_hits(state: &mut State, words: &str) {
    let mut query = state.queue.query.clone();
    words.clone_into(&mut query.find);
    state.queue.hits = Some(Hits::of(words));
    state.queue.awaiting_hits = Some(state.ask(Request::Queue(query), Expected::Hits));
}

/// Takes in what came of a search.
pub fn hits_answered(state: &mut State, reply: Reply) {
    state.queue.awaiting_hits = None;
    match reply {
        Reply::Queue(index) => hits_arrived(state, &index),
        Reply::Cancelled => ask_hits_again(state),
        other => super::messages::problem(state, other),
    }
}

/// Asks for what was typed once more, unless another list is on its way.
fn ask_hits_again(state: &mut State) {
    let words = state.queue.hits.as_ref().map(|hits| hits.words.clone());
    if let Some(words) = words.filter(|_| state.queue.awaiting.is_none() && !state.leaving) {
        ask_hits(state, &words);
    }
}

/// Takes in the ids of a queue; the cursor stays on its conversation where that is still listed.
pub fn arrived(state: &mut State, index: QueueIndex) {
    let wanted = state.queue.wanted_place.is_some();
    let current = state.queue.wanted_place.take().or_else(|| state.queue.current().cloned());
    let queue = &mut state.queue;
    if queue.query.queue.is_none() && queue.asked.queue.is_some() {
        queue.before = queue.current().cloned();
    }
    queue.query = queue.asked.clone();
    queue.index = index;
    queue.judged_since = 0;
    queue.ready = true;
    queue.hits = None;
    queue.missing.clear();
    let position = current.and_then(|id| queue.index.ids.iter().position(|other| *other == id));
    queue.cursor = position.unwrap_or(0);
    queue.rows = HashMap::new();
    queue.outdated.clear();
    queue.awaiting_rows = None;
    if let Some(review) = &mut state.review {
        review.position = queue.index.ids.iter().position(|id| *id == review.id);
    }
    state.overlays.retain(|overlay| !matches!(overlay, Overlay::Prompt(prompt) if prompt.question == Question::Filter));
    if state.queue.query.queue.is_some() && !wanted {
        // A queue begins where it goes on.
        let asked = (state.config.reviewer.clone(), state.now);
        let index = &state.queue.index;
        let next = (index.begins..index.ids.len()).find(|at| state.queue.is_open(*at, (&asked.0, asked.1)));
        state.queue.cursor = next.unwrap_or(0);
    }
    super::session::listed(state);
}

/// Asks for what arrived, once nothing else is asked of the queue.
pub fn freshen(state: &mut State) {
    let queue = &state.queue;
    let busy = queue.awaiting.is_some() || queue.awaiting_hits.is_some() || queue.awaiting_fresh.is_some();
    if busy || !queue.ready || state.leaving {
        state.queue.stale = true;
        return;
    }
    state.queue.stale = false;
    let query = QueueQuery { reading: state.reading(), ..state.queue.query.clone() };
    state.queue.awaiting_fresh = Some(state.ask(Request::Queue(query), Expected::Fresh));
}

/// Goes to the list of all conversations where the queue is not there any more, to the row from which it was gone to.
pub fn gone(state: &mut State, message: String) {
    let taken_back = state.writes.last.as_ref().is_some_and(|(what, _)| what.starts_with("undone"));
    match state.queue.query.queue.clone().filter(|_| taken_back) {
        Some(name) => {
            let key = state.key(Action::Redo);
            let said = format!("The queue {name} is taken back: all conversations. {key} brings it again.");
            state.log.say(state.now, Weight::Info, said);
        }
        None => state.log.say(state.now, Weight::Problem, message),
    }
    if state.queue.awaiting.is_none() {
        state.queue.asked.queue = None;
        state.queue.wanted_place = state.queue.before.take();
        ask(state);
    }
}

/// Takes in the order of a queue as it is by now. The conversation under the cursor stays in its line; the others take
/// their new places around it.
fn reordered(state: &mut State, fresh: QueueIndex) {
    let queue = &mut state.queue;
    let known: HashSet<&ConversationId> = queue.index.ids.iter().collect();
    let listed = fresh.ids.iter().filter(|id| !known.contains(id)).count();
    let mut ids = fresh.ids;
    let hold = |ids: &mut Vec<ConversationId>, id: &ConversationId, at: usize| {
        ids.retain(|other| other != id);
        ids.insert(at.min(ids.len()), id.clone());
    };
    if let Some(id) = queue.index.ids.get(queue.cursor).cloned() {
        hold(&mut ids, &id, queue.cursor);
    }
    if let Some(review) = &mut state.review {
        let open = review.position.filter(|at| *at != queue.cursor);
        if let Some(at) = open {
            hold(&mut ids, &review.id, at);
        }
        review.position = ids.iter().position(|id| *id == review.id);
    }
    if let Some(hits) = &mut queue.hits {
        let places: HashMap<&ConversationId, usize> = ids.iter().enumerate().map(|(at, id)| (id, at)).collect();
        let moved = |at: &usize| places.get(queue.index.ids.get(*at)?).copied();
        hits.positions = hits.positions.iter().filter_map(moved).collect();
        hits.positions.sort_unstable();
    }
    let before = std::mem::replace(&mut queue.index, QueueIndex { ids, ..fresh });
    // Rows also move where somebody puts one off, holds one or judges out of turn; only a draw is said to be one.
    let draw = |index: &QueueIndex| index.state.as_ref().map_or(0, |state| state.draw);
    let changed = (draw(&queue.index) != draw(&before)).then(|| moved(&before, &queue.index.ids));
    queue.judged_since = 0;
    queue.missing.clear();
    queue.outdated = queue.rows.keys().cloned().collect();
    if let Some(rows) = changed.filter(|rows| *rows > 0) {
        let rows = if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") };
        state.log.say(state.now, Weight::Info, format!("What comes next was drawn anew: {rows} moved."));
    }
    // The next one fills the page up; more than that came from elsewhere.
    if listed > 1 {
        state.log.note(state.now, Weight::Info, format!("{listed} conversations came into the list."));
    }
}

/// How many rows still to be judged are not where they were among each other, or went.
fn moved(before: &QueueIndex, ids: &[ConversationId]) -> usize {
    let ahead = before.ids.get(before.begins..).unwrap_or_default();
    let now: HashMap<&ConversationId, usize> = ids.iter().enumerate().map(|(at, id)| (id, at)).collect();
    let gone = ahead.iter().filter(|id| !now.contains_key(id)).count();
    let mut places: Vec<usize> = ahead.iter().filter_map(|id| now.get(id)).copied().collect();
    let were = places.clone();
    places.sort_unstable();
    gone + were.iter().zip(&places).filter(|(was, is)| was != is).count()
}

/// The row to go on with for a reviewer who reads what the queue asks nobody for any more: the next one that she has not
/// judged herself. `None` for one who judges what is asked for.
pub fn next_unread(state: &State) -> Option<usize> {
    let review = state.review.as_ref()?;
    let from = review.position.filter(|_| state.queue.query.queue.is_some())?;
    if review.own_verdict().is_some() || review.place.as_ref().is_none_or(|place| place.open) {
        return None;
    }
    let pending = |at: usize| state.queue.index.ids.get(at).is_some_and(|id| state.writes.is_pending(id));
    (from + 1..state.queue.index.ids.len())
        .chain(0..from)
        .find(|at| state.queue.is_unread(*at, &state.config.reviewer) && !pending(*at))
}

/// How long after the last verdict of a queue keys still count as meant for a conversation, in microseconds.
const AHEAD: i64 = 1_000_000;

/// True for a key that was typed for the next conversation when there was none any more: in the list it would do something
/// else.
pub fn is_typed_ahead(state: &State, chord: Chord) -> bool {
    let fresh = state.queue.ended.is_some_and(|at| (0..AHEAD).contains(&state.now.0.saturating_sub(at.0)));
    if !fresh || state.screen != Screen::Queue || !state.overlays.is_empty() {
        return false;
    }
    let meaning = |context| state.config.keymap.resolve(context, chord);
    let here = meaning(Context::Queue);
    [Context::Review, Context::Judge]
        .into_iter()
        .any(|context| meaning(context).is_some_and(|other| here != Some(other)))
}

/// Takes in what arrived. Everything listed stays, in its order; what is new gets its place between, and the cursor stays
/// on its conversation and its line of the screen.
pub fn freshened(state: &mut State, fresh: QueueIndex) {
    if state.queue.query.queue.is_some() {
        return reordered(state, fresh);
    }
    let queue = &mut state.queue;
    let listed: HashMap<&ConversationId, usize> = queue.index.ids.iter().enumerate().map(|(at, id)| (id, at)).collect();
    // New ids, each by how many listed ones come before it in the new order.
    let mut behind: Vec<Vec<ConversationId>> = vec![Vec::new(); queue.index.ids.len() + 1];
    let (mut place, mut arrived) = (0, 0);
    for id in fresh.ids {
        if let Some(at) = listed.get(&id) {
            place = at + 1;
        } else {
            behind[place].push(id);
            arrived += 1;
        }
    }
    drop(listed);
    let mut ids = Vec::with_capacity(queue.index.ids.len() + arrived);
    let mut moved = Vec::with_capacity(queue.index.ids.len());
    let mut behind = behind.into_iter();
    ids.extend(behind.next().unwrap_or_default());
    for (id, new) in std::mem::take(&mut queue.index.ids).into_iter().zip(behind) {
        moved.push(ids.len());
        ids.push(id);
        ids.extend(new);
    }
    let to = |at: usize| moved.get(at).copied().unwrap_or(at);
    let line = queue.cursor.saturating_sub(queue.top);
    queue.cursor = to(queue.cursor);
    queue.top = queue.cursor.saturating_sub(line);
    queue.last_place = to(queue.last_place);
    if let Some(hits) = &mut queue.hits {
        hits.positions.iter_mut().for_each(|at| *at = to(*at));
    }
    if let Some(review) = &mut state.review {
        review.position = review.position.map(to);
    }
    queue.index = QueueIndex { ids, ..fresh };
    queue.judged_since = 0;
    queue.missing.clear();
    queue.outdated = queue.rows.keys().cloned().collect();
    if arrived > 0 {
        let noun = if arrived == 1 { "conversation" } else { "conversations" };
        state.log.say(state.now, Weight::Info, format!("{arrived} {noun} arrived."));
    }
}

/// Takes in what a search found and goes to the first hit from the cursor on.
fn hits_arrived(state: &mut State, index: &QueueIndex) {
    let positions: HashMap<&ConversationId, usize> =
        state.queue.index.ids.iter().enumerate().map(|(at, id)| (id, at)).collect();
    let mut found: Vec<usize> = index.ids.iter().filter_map(|id| positions.get(id).copied()).collect();
    found.sort_unstable();
    let Some(hits) = &mut state.queue.hits else { return };
    hits.positions = found;
    let (count, words) = (hits.positions.len(), hits.words.clone());
    if count == 0 {
        state.log.say(state.now, Weight::Info, format!("No conversation here holds \"{words}\"."));
        return;
    }
    let from = state.queue.cursor;
    let Some(hits) = &state.queue.hits else { return };
    let next = hits.positions.iter().find(|at| **at >= from).or(hits.positions.first()).copied();
    go_to(state, next.unwrap_or(from));
    state.log.say(
        state.now,
        Weight::Info,
        format!(
            "{} for \"{words}\": n and N walk them.",
            if count == 1 { "1 hit".to_owned() } else { format!("{count} hits") }
        ),
    );
}

/// Takes in what was found in conversations near the view.
pub fn snippets_arrived(state: &mut State, found: Vec<Hit>) {
    let Some(hits) = &mut state.queue.hits else { return };
    for id in std::mem::take(&mut hits.asked) {
        hits.places.entry(id).or_insert(None);
    }
    hits.places.extend(found.into_iter().map(|hit| (hit.conversation.clone(), Some(hit))));
}

/// Takes in rows. One that was asked for and did not come is gone; asking again would never end.
pub fn rows_arrived(state: &mut State, rows: Vec<Summary>) {
    let open = state.review.as_mut().filter(|review| review.place.is_none() && review.position.is_some());
    if let Some(review) = open {
        let row = rows.iter().find(|row| row.id == review.id);
        review.place = row.and_then(|row| row.place.as_deref()).cloned();
    }
    let queue = &mut state.queue;
    for row in &rows {
        match row.place.as_ref() {
            Some(place) if place.blind && place.open => drop(queue.blind.insert(row.id.clone())),
            Some(_) => drop(queue.blind.remove(&row.id)),
            None => {}
        }
        match row.place.as_ref().and_then(|place| place.held) {
            Some(until) => drop(queue.held.insert(row.id.clone(), Some(until))),
            None => drop(queue.held.remove(&row.id)),
        }
    }
    let asked = std::mem::take(&mut queue.asked_rows);
    let came: HashSet<ConversationId> = rows.iter().map(|row| row.id.clone()).collect();
    queue.outdated.retain(|id| !asked.contains(id));
    queue.missing.extend(asked.into_iter().filter(|id| !came.contains(id)));
    queue.hold(rows);
}

fn go_to(state: &mut State, position: usize) {
    state.queue.last_place = state.queue.cursor;
    state.queue.cursor = position.min(state.queue.index.ids.len().saturating_sub(1));
}

/// Moves the view and the cursor with it.
pub fn scroll(state: &mut State, lines: isize) {
    let last = state.queue.index.ids.len().saturating_sub(1);
    state.queue.cursor = state.queue.cursor.saturating_add_signed(lines).min(last);
    state.queue.top = state.queue.top.saturating_add_signed(lines).min(last);
}

/// Carries out an action of the queue.
pub fn act(state: &mut State, action: Action) {
    let page = super::height(super::queue_layout(state).list).max(2);
    let (page, half) = (page as isize - 1, page as isize / 2);
    let last = state.queue.index.ids.len().saturating_sub(1);
    match action {
        Action::LineDown => state.queue.cursor = (state.queue.cursor + 1).min(last),
        Action::LineUp => state.queue.cursor = state.queue.cursor.saturating_sub(1),
        Action::PageDown => scroll(state, page),
        Action::PageUp => scroll(state, -page),
        Action::HalfDown => scroll(state, half),
        Action::HalfUp => scroll(state, -half),
        Action::First => go_to(state, 0),
        Action::Last => go_to(state, last),
        Action::LastPlace => {
            let place = state.queue.last_place;
            go_to(state, place);
        }
        Action::Open => {
            let position = state.queue.cursor;
            match state.queue.current().cloned() {
                Some(id) => {
                    open(state, id.clone(), Some(position), Reason::Asked);
                    let hits = state.queue.hits.as_ref().filter(|hits| hits.holds(position));
                    if let (Some(hits), Some(review)) = (hits, &mut state.review) {
                        review.look_for(&hits.words, hits.place(&id));
                    }
                }
                None if state.queue.ready && state.queue.index.total == 0 => super::prompt::open_import(state),
                None => {}
            }
        }
        Action::NextHit | Action::PreviousHit => walk(state, action),
        Action::Filter => super::prompt::open_filter(state),
        Action::Find => super::prompt::open_find(state, Question::FindInQueue),
        Action::Order if state.queue.query.queue.is_some() => {
            let key = state.key(Action::Queues);
            let said = format!("A queue keeps its order; {key} goes to all conversations, which have others.");
            state.log.say(state.now, Weight::Info, said);
        }
        Action::Order => {
            let at = ORDERS.iter().position(|order| *order == state.queue.asked.order).unwrap_or(0);
            state.queue.asked.order = ORDERS[(at + 1) % ORDERS.len()];
            state.log.say(state.now, Weight::Info, format!("Order: {}", order_name(state.queue.asked.order)));
            ask(state);
        }
        Action::Copy => {
            if let Some(id) = state.queue.current() {
                let text = id.as_str().to_owned();
                state.want(Command::Copy(text));
            }
        }
        Action::Demo => {
            state.demo_wanted = true;
            super::leave(state);
        }
        Action::Leave => super::leave(state),
        Action::Back => back(state),
        _ => {}
    }
}

/// One step back: the search first, then the filter; never out of the program.
fn back(state: &mut State) {
    if state.queue.hits.take().is_some() {
        return;
    }
    if !state.queue.query.filter.is_empty() {
        state.queue.asked.filter.clear();
        return ask(state);
    }
    if let Some(name) = state.queue.query.queue.clone() {
        let key = state.key(Action::Queues);
        let said = format!("Left the queue {name}: these are all conversations. {key} goes back to it.");
        state.log.say(state.now, Weight::Info, said);
        state.queue.asked.queue = None;
        return ask(state);
    }
    let key = state.key(Action::Leave);
    state.log.say(state.now, Weight::Info, format!("{key} leaves the program."));
}

fn walk(state: &mut State, action: Action) {
    let Some(hits) = &state.queue.hits else {
        let key = state.key(Action::Find);
        return state.log.say(state.now, Weight::Info, format!("{key} finds words first."));
    };
    let at = state.queue.cursor;
    let next = match action {
        Action::NextHit => hits.positions.iter().find(|hit| **hit > at).or(hits.positions.first()),
        _ => hits.positions.iter().rev().find(|hit| **hit < at).or(hits.positions.last()),
    };
    if let Some(next) = next.copied() {
        go_to(state, next);
    }
}

/// Brings the cursor into view and asks for rows that are missing there.
pub fn settle(state: &mut State, height: usize) {
    let queue = &mut state.queue;
    let (count, height) = (queue.index.ids.len(), height.max(1));
    queue.cursor = queue.cursor.min(count.saturating_sub(1));
    queue.top = queue.top.clamp((queue.cursor + 1).saturating_sub(height), queue.cursor);
    queue.top = queue.top.min(count.saturating_sub(height));
    if queue.awaiting_snippets.is_none() {
        let places = queue.wanted_places(height);
        if let (false, Some(hits)) = (places.is_empty(), &mut queue.hits) {
            hits.asked.clone_from(&places);
            let request = Request::Snippets(hits.words.clone(), places);
            state.queue.awaiting_snippets = Some(state.ask(request, Expected::Snippets));
        }
    }
    let queue = &mut state.queue;
    if queue.awaiting_rows.is_some() {
        return;
    }
    let wanted = queue.wanted(height);
    let reading = state.reading();
    let queue = &mut state.queue;
    if !wanted.is_empty() {
        queue.asked_rows = wanted.iter().cloned().collect();
        let request = match state.queue.query.queue.clone() {
            Some(name) => Request::QueueRows(name, reading, wanted),
            None => Request::Rows(wanted),
        };
        state.queue.awaiting_rows = Some(state.ask(request, Expected::Rows));
    }
}

/// Lists what a filter chooses, of a queue or of all conversations; whatever lay over the list is left.
pub fn list(state: &mut State, queue: Option<String>, filter: String) {
    state.overlays.clear();
    state.queue.listed = Some(filter.clone());
    turn_to(state, queue, filter);
}

/// Turns to another list.
pub fn turn_to(state: &mut State, queue: Option<String>, filter: String) {
    show(state);
    (state.queue.asked.queue, state.queue.asked.filter) = (queue, filter);
    state.queue.asked.find.clear();
    ask(state);
}

/// Goes back to where the conversation was opened from: the list, or the screen that lies over it.
pub fn leave(state: &mut State) {
    super::disputes::resume(state);
    super::calibration::resume(state);
    show(state);
}

/// Goes back to the list itself, the cursor on the conversation that was open.
pub fn show(state: &mut State) {
    (state.visit, state.calibration) = (None, None);
    if let Some(position) = state.review.as_ref().and_then(|review| review.position) {
        state.queue.cursor = position;
    }
    state.screen = Screen::Queue;
}
