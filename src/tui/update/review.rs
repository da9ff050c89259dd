//! Keys of the Review screen.
//!
//! Invariant: moving in one pane moves the others; every jump can be taken back with the last-place key.

use crate::engine::request::{Opened, Request};
use crate::model::id::ConversationId;
use crate::model::step::{Step, StepContent};
use crate::tui::action::Action;
use crate::tui::command::Command;
use crate::tui::detail::{Builder, Tab};
use crate::tui::layout::Pane;
use crate::tui::pager::{Pager, Source};
use crate::tui::state::messages::Weight;
use crate::tui::state::prompt::{Question, TextFor};
use crate::tui::state::review::{Reason, Review};
use crate::tui::state::{Expected, Screen, State};
use crate::tui::transcript::Typesetter;

/// Opens a conversation.
pub fn open(state: &mut State, id: ConversationId, position: Option<usize>, reason: Reason) {
    let mut review = Review::opening(id.clone(), position, reason);
    if let Some(before) = &state.review {
        state.left_at.extend(before.step().map(|step| (before.id.clone(), step.number)));
        review.fold = before.fold;
        review.detail.tab = before.detail.tab;
    }
    review.wanted_step = state.returning.take_if(|(back, _)| *back == id).map(|(_, step)| step);
    review.place = state.queue.rows.get(&id).and_then(|row| row.place.as_deref()).cloned();
    let request = if state.presenting { Request::OpenForRoom(id.clone()) } else { Request::Open(id.clone()) };
    review.ticket = state.ask(request, Expected::Open(id));
    if let Some(position) = position {
        state.queue.cursor = position;
    }
    state.review = Some(Box::new(review));
    state.screen = Screen::Review;
}

/// Takes in a conversation; one that was to be judged and turns out to be judged is passed over.
pub fn arrived(state: &mut State, opened: Box<Opened>) {
    let Some(review) = &mut state.review else { return };
    let verdict = opened.own.as_ref().and_then(|own| own.verdict);
    if let (Reason::Next, Some(verdict)) = (review.reason, verdict) {
        let id = review.id.clone();
        state.queue.said.insert(id, crate::tui::state::queue::Said::Judged(verdict));
        return super::judge::advance(state);
    }
    let wanted = review.wanted_step.take();
    review.load(opened);
    super::claims::opened(state);
    let Some(review) = &mut state.review else { return };
    let steps = review.opened.iter().flat_map(|opened| &opened.conversation.steps);
    let at = wanted.and_then(|wanted| steps.map(|step| step.number).position(|number| number == wanted));
    if let Some(at) = at {
        review.go_to_step(at);
        follow(review);
        super::find::settle_on(state);
    }
}

/// Takes in that a conversation cannot be opened.
pub fn failed(state: &mut State, message: String) {
    if let Some(review) = &mut state.review {
        review.failure = Some(message);
    }
}

/// Says what the screen for a room leaves out: whatever would be written from masked text, and all but the transcript.
pub fn one_pane(state: &mut State) {
    let key = state.key(Action::Present);
    state.log.say(state.now, Weight::Info, format!("For the room there are verdicts and notes only; {key} ends it."));
}

/// True for what the screen for a room leaves out.
fn is_for_one(action: Action) -> bool {
    matches!(
        action,
        Action::Correct
            | Action::NoCall
            | Action::Reply
            | Action::Detail
            | Action::NextPane
            | Action::PreviousPane
            | Action::TabStep
            | Action::TabResult
            | Action::TabRaw
            | Action::TabScores
            | Action::TabTools
            | Action::TabReasoning
            | Action::TabSystem
    )
}

/// Carries out an action of the Review screen.
pub fn act(state: &mut State, action: Action) {
    match action {
        _ if state.presenting && is_for_one(action) => one_pane(state),
        Action::Park => super::session::park(state),
        Action::Pass | Action::Unsure | Action::Skip | Action::Fail | Action::RepeatFail => {
            super::judge::act(state, action);
        }
        Action::Correct | Action::NoCall => {
            aim(state);
            super::correct::open(state, action);
        }
        Action::Reply => {
            aim(state);
            open_reply(state);
        }
        Action::Note => super::prompt::open_note(state),
        Action::Criterion => super::prompt::open_criterion(state),
        Action::NextConversation | Action::PreviousConversation => neighbour(state, action),
        Action::NextHit | Action::PreviousHit => super::find::walk(state, action),
        Action::Find => super::prompt::open_find(state, Question::FindInTranscript),
        Action::Copy => copy(state),
        Action::Leave => super::queue::leave(state),
        Action::Back => back(state),
        Action::Hidden => {
            state.reveal = !state.reveal;
            super::refresh(state);
        }
        Action::Detail => detail(state),
        _ => look(state, action),
    }
}

fn look(state: &mut State, action: Action) {
    let Some(review) = &mut state.review else { return };
    let tab = match action {
        Action::TabStep => Some(Tab::Step),
        Action::TabResult => Some(Tab::Result),
        Action::TabRaw => Some(Tab::Raw),
        Action::TabScores => Some(Tab::Scores),
        Action::TabTools => Some(Tab::Tools),
        Action::TabReasoning => Some(Tab::Reasoning),
        Action::TabSystem => Some(Tab::System),
        _ => None,
    };
    if let Some(tab) = tab {
        review.detail.tab = tab;
        if state.size.columns < 100 {
            review.focus = Pane::Detail;
        }
        return;
    }
    match action {
        Action::Fold => {
            review.fold = review.fold.next();
            review.cut();
            let said = review.fold.word();
            state.log.say(state.now, Weight::Info, said);
        }
        Action::NextPane | Action::PreviousPane => {
            let by = if action == Action::NextPane { 1 } else { 2 };
            let at = Pane::ALL.iter().position(|pane| *pane == review.focus).unwrap_or(0);
            review.focus = Pane::ALL[(at + by) % Pane::ALL.len()];
            review.detail.pager.forget();
        }
        Action::StepDown | Action::StepUp => step(review, action),
        Action::NextSuspect => suspect(state),
        Action::LastPlace => {
            if let Some(place) = review.last_place.replace(review.pager.cursor) {
                review.pager.cursor = place;
            }
        }
        _ => travel(state, action),
    }
}

/// To the next or previous step, from wherever the cursor is in its step.
pub fn step(review: &mut Review, action: Action) {
    let Some(at) = review.step_index() else { return };
    let on_head = review.heads.get(at) == Some(&review.pager.cursor.block);
    let to = match action {
        Action::StepDown => at + 1,
        _ if on_head => at.saturating_sub(1),
        _ => at,
    };
    if to < review.heads.len() {
        review.go_to_step(to);
        follow(review);
    }
}

/// Puts the span tree on the transcript's step.
pub(super) fn follow(review: &mut Review) {
    let Some(span) = review.step_index().and_then(|step| review.span_of_step(step)) else { return };
    let id = review.opened.as_ref().map(|opened| opened.conversation.spans[span].id.clone());
    if let Some(id) = id {
        review.tree.go_to(&id);
    }
}

/// Puts the transcript on the span tree's step.
fn lead(review: &mut Review) {
    if let Some(step) = review.tree.current().and_then(|row| row.step)
        && review.step_index() != Some(step)
    {
        review.go_to_step(step);
    }
}

fn suspect(state: &mut State) {
    if state.presenting && state.hides_scores() {
        let key = state.key(Action::Scores);
        return state.log.say(state.now, Weight::Info, format!("Hidden until {key} reveals it to the room."));
    }
    if state.is_blind() {
        let key = state.key(Action::Scores);
        let said =
            format!("Hidden until the verdict, so that it is yours alone. {key} shows it all, and that is recorded.");
        return state.log.say(state.now, Weight::Info, said);
    }
    let Some(review) = &mut state.review else { return };
    let Some(opened) = &review.opened else { return };
    let mut places: Vec<usize> = opened.suspects.iter().map(|suspect| suspect.at.step as usize).collect();
    for (at, suspicious) in review.suspicious.iter().enumerate() {
        if *suspicious && !places.contains(&(at + 1)) {
            places.push(at + 1);
        }
    }
    if places.is_empty() {
        return state.log.say(state.now, Weight::Info, "Nothing here looks suspicious.");
    }
    let count = places.len();
    let number = places[review.suspects_seen % count];
    let why = opened.suspects.iter().find(|suspect| suspect.at.step as usize == number);
    let why = why.and_then(|suspect| suspect.why.clone());
    review.suspects_seen += 1;
    review.leave_place();
    review.go_to_step(number.saturating_sub(1));
    follow(review);
    let nth = (review.suspects_seen - 1) % count + 1;
    let why = why.map(|why| format!(": {}", state.lens().see(why.exact()))).unwrap_or_default();
    state.log.say(state.now, Weight::Info, format!("Suspicious step {nth} of {count}{why}."));
}

/// Movement by lines and pages, in whichever pane has the keys.
fn travel(state: &mut State, action: Action) {
    let layout = super::review_layout(state);
    let Some(pane) = state.review.as_ref().map(|review| review.focus) else { return };
    let height = super::height(layout.scrolling(pane)).max(2) as isize;
    let (lines, paging) = match action {
        Action::LineDown => (1, false),
        Action::LineUp => (-1, false),
        Action::HalfDown => (height / 2, true),
        Action::HalfUp => (-(height / 2), true),
        Action::PageDown => (height - 1, true),
        Action::PageUp => (1 - height, true),
        Action::First | Action::Last => return ends(state, action),
        _ => return,
    };
    if paging {
        scroll(state, pane, lines);
    } else {
        with_pager(state, pane, |pager, source| {
            let step = lines.unsigned_abs();
            pager.cursor = if lines > 0 {
                pager.below(pager.cursor, step, source)
            } else {
                pager.above(pager.cursor, step, source)
            };
        });
        move_tree(state, pane, lines);
    }
    join_panes(state, pane);
}

fn ends(state: &mut State, action: Action) {
    let Some(review) = &mut state.review else { return };
    let last = action == Action::Last;
    match review.focus {
        Pane::Transcript => {
            review.leave_place();
            let block = if last { review.blocks.len().saturating_sub(1) } else { 0 };
            review.pager.cursor.block = block;
            review.pager.cursor.line = if last { usize::MAX } else { 0 };
        }
        Pane::Spans => review.tree.cursor = if last { review.tree.shown.len().saturating_sub(1) } else { 0 },
        Pane::Detail => {
            review.detail.pager.cursor.block = if last { review.detail.sections.len().saturating_sub(1) } else { 0 };
            review.detail.pager.cursor.line = if last { usize::MAX } else { 0 };
        }
    }
    let pane = review.focus;
    join_panes(state, pane);
}

/// Moves a pane's view and cursor.
pub fn scroll(state: &mut State, pane: Pane, lines: isize) {
    with_pager(state, pane, |pager, source| pager.page(lines, source));
    move_tree(state, pane, lines);
    join_panes(state, pane);
}

fn move_tree(state: &mut State, pane: Pane, lines: isize) {
    if let (Pane::Spans, Some(review)) = (pane, &mut state.review) {
        let last = review.tree.shown.len().saturating_sub(1);
        review.tree.cursor = review.tree.cursor.saturating_add_signed(lines).min(last);
    }
}

fn join_panes(state: &mut State, pane: Pane) {
    let Some(review) = &mut state.review else { return };
    match pane {
        Pane::Transcript => follow(review),
        Pane::Spans => lead(review),
        Pane::Detail => {}
    }
}

/// Takes the keys to where a click was made.
pub fn click(state: &mut State, column: u16, row: u16) {
    let layout = super::review_layout(state);
    let Some(pane) = layout.pane_at(column, row) else { return };
    let area = layout.scrolling(pane);
    let Some(review) = &mut state.review else { return };
    review.focus = pane;
    if !area.contains((column, row).into()) {
        return;
    }
    let line = usize::from(row - area.y);
    match pane {
        Pane::Transcript => {
            let place = review.pager.visible(line + 1).get(line).map(|(anchor, _)| *anchor);
            if let Some(place) = place {
                review.pager.cursor = place;
            }
        }
        Pane::Spans => review.tree.cursor = (review.tree.top + line).min(review.tree.shown.len().saturating_sub(1)),
        Pane::Detail => {}
    }
    join_panes(state, pane);
}

fn detail(state: &mut State) {
    let Some(review) = &mut state.review else { return };
    match review.focus {
        Pane::Transcript => review.focus = Pane::Detail,
        Pane::Spans => review.tree.fold(),
        Pane::Detail => review.focus = Pane::Transcript,
    }
}

fn back(state: &mut State) {
    let Some(review) = &mut state.review else { return };
    if !review.words.is_empty() {
        review.words.clear();
    } else if review.focus == Pane::Transcript {
        super::queue::leave(state);
    } else {
        review.focus = Pane::Transcript;
    }
}

fn neighbour(state: &mut State, action: Action) {
    let position = state.review.as_ref().and_then(|review| review.position);
    let to = match (position, action) {
        (None, _) => Some(state.queue.cursor),
        (Some(at), Action::NextConversation) => Some(at + 1),
        (Some(at), _) => at.checked_sub(1),
    };
    match to.and_then(|to| Some((to, state.queue.index.ids.get(to)?.clone()))) {
        Some((to, id)) => open(state, id, Some(to), Reason::Asked),
        None => state.log.say(state.now, Weight::Info, "The queue ends here."),
    }
}

/// From a customer's message on to what the agent did next: only that can be judged or corrected.
pub fn aim(state: &mut State) {
    let Some(review) = &mut state.review else { return };
    let (Some(at), Some(opened)) = (review.step_index(), &review.opened) else { return };
    let steps = &opened.conversation.steps;
    if !steps.get(at).is_some_and(Step::is_customers) {
        return;
    }
    let Some(next) = steps.iter().skip(at + 1).position(|step| !step.is_customers()) else { return };
    let next = at + 1 + next;
    review.leave_place();
    review.go_to_step(next);
    follow(review);
    state.log.say(state.now, Weight::Info, format!("Step {}: what the agent did next.", next + 1));
}

/// To the step of this number; the last-place key comes back. False where there is none.
pub fn go_to_number(state: &mut State, number: u32) -> bool {
    let Some(review) = &mut state.review else { return false };
    let steps = review.opened.iter().flat_map(|opened| &opened.conversation.steps);
    let Some(at) = steps.map(|step| step.number).position(|step| step == number) else { return false };
    review.leave_place();
    review.go_to_step(at);
    follow(review);
    true
}

fn open_reply(state: &mut State) {
    let Some(step) = state.review.as_ref().and_then(|review| review.step()) else { return };
    let number = step.number;
    super::prompt::open_editor(state, TextFor::Reply(number), "");
}

fn copy(state: &mut State) {
    /// Terminals cut or refuse longer clipboard texts.
    const LONGEST: usize = 65_536;
    let Some(step) = state.review.as_ref().and_then(|review| review.step()) else { return };
    let text = match &step.content {
        StepContent::Message { text, .. } => text.exact().to_owned(),
        StepContent::ToolCall { tool, arguments, result, .. } => {
            let result = result.as_ref().map_or(String::new(), |result| format!("\n{}", result.text.exact()));
            format!("{} {}{result}", tool.exact(), arguments.0.exact())
        }
    };
    let mut end = text.len().min(LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    // Masked whatever the screen shows: the clipboard is a door out.
    let masked = (state.config.mask.0)(&text[..end]);
    state.want(Command::Copy(crate::text::door::clipboard(&masked)));
}

/// Columns left of a transcript row, for the cursor and the mark of suspicion.
pub const MARKS: usize = 2;

pub(super) fn with_pager(state: &mut State, pane: Pane, work: impl FnOnce(&mut Pager, &Source)) {
    let layout = super::review_layout(state);
    let columns = usize::from(layout.scrolling(pane).width).saturating_sub(MARKS);
    let lens = state.lens();
    let hidden = state.hides_scores();
    let Some(mut review) = state.review.take() else { return };
    match pane {
        Pane::Transcript => {
            let mut pager = std::mem::take(&mut review.pager);
            if let Some(opened) = &review.opened {
                let clock = |at| state.clock(at);
                let setter = Typesetter {
                    opened,
                    scores: (!hidden).then_some(&review.scores),
                    lens: &lens,
                    theme: &state.config.theme,
                    columns,
                    clock: &clock,
                };
                let wrap = |block: usize| setter.rows(&review.blocks[block]);
                work(&mut pager, &Source { count: review.blocks.len(), wrap: &wrap });
            }
            review.pager = pager;
        }
        Pane::Detail => {
            let mut pager = std::mem::take(&mut review.detail.pager);
            let wrap = |section: usize| review.detail.rows(section, columns, &lens);
            work(&mut pager, &Source { count: review.detail.sections.len(), wrap: &wrap });
            review.detail.pager = pager;
        }
        Pane::Spans => {}
    }
    state.review = Some(review);
}

/// Brings every visible pane's cursor into view, wraps what is visible, and rebuilds the detail where its subject is
/// another.
pub fn settle(state: &mut State) {
    if state.screen != Screen::Review || state.review.as_ref().is_none_or(|review| review.opened.is_none()) {
        return;
    }
    if !state.hides_scores()
        && let Some(review) = &state.review
    {
        state.scores_seen.insert(review.id.clone());
    }
    let layout = super::review_layout(state);
    let transcript = super::height(layout.scrolling(Pane::Transcript));
    with_pager(state, Pane::Transcript, |pager, source| pager.settle(transcript, source));
    if let Some(review) = &mut state.review {
        review.tree.settle(super::height(layout.scrolling(Pane::Spans)));
    }
    if layout.detail.is_some() {
        rebuild_detail(state);
        let detail = super::height(layout.scrolling(Pane::Detail));
        with_pager(state, Pane::Detail, |pager, source| pager.settle(detail, source));
    }
    if let Some(review) = &mut state.review {
        review.refresh_evidence();
    }
}

fn rebuild_detail(state: &mut State) {
    let Some(review) = &state.review else { return };
    let subject = review.subject();
    if review.detail.subject == Some(subject) {
        return;
    }
    let Some(opened) = &review.opened else { return };
    let lens = state.lens();
    let clock = |at| state.clock(at);
    let builder = Builder {
        review,
        opened,
        lens: &lens,
        theme: &state.config.theme,
        codebook: &state.codebook,
        scores_hidden: state.hides_scores(),
        nameless: state.visit.as_ref().is_some_and(|visit| visit.conversation == review.id),
        clock: &clock,
        detail: crate::tui::detail::Detail { tab: review.detail.tab, ..Default::default() },
    };
    let (mut detail, json) = builder.build(subject);
    if let Some(json) = json {
        let ticket = state.ask(Request::Highlight(json.into()), Expected::Highlight(0));
        detail.highlight = ticket.0;
        state.expected.insert(ticket, Expected::Highlight(ticket.0));
    }
    if let Some(review) = &mut state.review {
        review.detail = detail;
    }
}
