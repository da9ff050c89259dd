//! Finding words in the open conversation.
//!
//! Invariant: while personal data is masked, only what can be seen is found.

use super::review::{follow, with_pager};
use crate::model::step::StepContent;
use crate::text::find::Finder;
use crate::tui::action::Action;
use crate::tui::layout::Pane;
use crate::tui::pager::{Anchor, piece};
use crate::tui::state::messages::Weight;
use crate::tui::state::review::Review;
use crate::tui::state::{Lens, State};
use crate::tui::transcript::Part;

/// To the next or previous line that holds the words: in the same block first, then in the blocks after it, around the
/// end.
pub fn walk(state: &mut State, action: Action) {
    let key = state.key(Action::Find);
    let Some(review) = &state.review else { return };
    let Some(finder) = review.finder() else {
        return state.log.say(state.now, Weight::Info, format!("{key} finds words first."));
    };
    let (from, count, words) = (review.pager.cursor, review.blocks.len(), review.words.clone());
    let back = action == Action::PreviousHit;
    let Some(to) = place(state, &finder, (from, count), back) else {
        return state.log.say(state.now, Weight::Info, format!("Not in this conversation: \"{words}\"."));
    };
    let turned = if back { to >= from } else { to <= from };
    if let Some(review) = &mut state.review {
        review.leave_place();
        review.pager.cursor = to;
        follow(review);
    }
    if turned {
        let end = if back { "start" } else { "end" };
        state.log.say(state.now, Weight::Info, format!("Past the {end} and around: \"{words}\"."));
    }
}

/// To the first line from the cursor on that holds the words, the cursor's own among them; nothing is said.
pub fn settle_on(state: &mut State) {
    let Some(review) = &state.review else { return };
    let (from, count) = (review.pager.cursor, review.blocks.len());
    let Some(finder) = review.finder() else { return };
    if lines(state, from.block, &finder).contains(&from.line) {
        return;
    }
    if let (Some(to), Some(review)) = (place(state, &finder, (from, count), false), &mut state.review) {
        review.pager.cursor = to;
        follow(review);
    }
}

fn place(state: &mut State, finder: &Finder, (from, count): (Anchor, usize), back: bool) -> Option<Anchor> {
    let here = lines(state, from.block, finder);
    let beyond = |line: &&usize| if back { **line < from.line } else { **line > from.line };
    let near = if back { here.iter().rev().find(beyond) } else { here.iter().find(beyond) };
    if let Some(line) = near {
        return Some(Anchor { block: from.block, line: *line });
    }
    let lens = state.lens();
    let review = state.review.as_ref()?;
    let block = (1..=count)
        .map(|by| if back { (from.block + count - by) % count } else { (from.block + by) % count })
        .find(|block| holds(review, *block, finder, &lens))?;
    let found = lines(state, block, finder);
    let line = if back { found.last() } else { found.first() };
    // A hit that lies across two lines, or in what is folded away, is shown by the block it is in.
    Some(Anchor { block, line: line.copied().unwrap_or(0) })
}

/// The lines of a block with a hit, as they are drawn.
fn lines(state: &mut State, block: usize, finder: &Finder) -> Vec<usize> {
    let mut found = Vec::new();
    with_pager(state, Pane::Transcript, |_, source| {
        if block < source.count {
            let rows = (source.wrap)(block);
            found = (0..rows.len()).filter(|line| finder.is_in(&rows[*line].text())).collect();
        }
    });
    found
}

fn holds(review: &Review, block: usize, finder: &Finder, lens: &Lens) -> bool {
    let (Some(opened), Some(block)) = (&review.opened, review.blocks.get(block)) else { return false };
    let Some(step) = opened.conversation.steps.get(block.step) else { return false };
    let text = match (&block.part, &step.content) {
        (Part::Head, StepContent::ToolCall { tool, .. }) => return finder.is_in(tool.exact()),
        (Part::Text(range), StepContent::Message { text, .. }) => piece(text.exact(), range),
        (Part::Arguments, StepContent::ToolCall { arguments, .. }) => arguments.0.exact(),
        (Part::RawArguments(range), StepContent::ToolCall { arguments, .. }) => piece(arguments.0.exact(), range),
        (Part::Result, StepContent::ToolCall { result: Some(result), .. }) => result.text.exact(),
        (Part::RawResult(range), StepContent::ToolCall { result: Some(result), .. }) => {
            piece(result.text.exact(), range)
        }
        _ => return false,
    };
    // Masking costs far more than looking: it is asked only where the exact text, or a pseudonym in its place, may
    // hold the words.
    (finder.is_in(text) || review.words.contains('<')) && finder.is_in(&lens.see(text))
}
