//! What a score rests on: the steps it points at, and the words in them that its explanation quotes.
//!
//! Invariant: only steps the score names are marked; words are marked where they stand, never guessed from meaning.

use super::row::Row;
use super::scoring::is_bad;
use super::state::review::Review;
use crate::engine::request::Opened;
use crate::model::score::{Score, ScoreTarget};
use crate::model::step::Step;
use crate::text::find::Finder;
use crate::tui::layout::Pane;

/// Words shorter than this stand everywhere.
const SHORTEST: usize = 3;

/// Quotations longer than this are not looked for.
const LONGEST: usize = 160;

/// The evidence of one score.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// Indexes of the steps it points at.
    pub steps: Vec<usize>,
    finder: Option<Finder>,
}

impl Evidence {
    /// The evidence of a score of the conversation.
    pub fn of(opened: &Opened, at: usize) -> Option<Self> {
        let score = opened.conversation.scores.get(at)?;
        let steps = steps(opened, score);
        let words = score.explanation.as_ref().map(|text| words(text.exact())).unwrap_or_default();
        let needles: Vec<&str> = words.iter().map(String::as_str).collect();
        (!steps.is_empty()).then(|| Self { steps, finder: Finder::any(&needles) })
    }

    /// A row of a step, with the words that the explanation quotes marked.
    pub fn marked(&self, step: usize, row: Row) -> Row {
        if self.steps.contains(&step) { row.with_hits(self.finder.as_ref()) } else { row }
    }
}

/// The score whose evidence is shown: the one under the cursor of the detail pane, else what speaks most against the
/// current step.
pub fn chosen(review: &Review) -> Option<usize> {
    let opened = review.opened.as_ref()?;
    if review.focus == Pane::Detail {
        let under = review.detail.pager.cursor.block;
        return review.detail.scores.iter().find(|(sections, _)| sections.contains(&under)).map(|(_, score)| *score);
    }
    let worst = *review.scores.steps.get(review.step_index()?)?.first()?;
    is_bad(opened, worst).then_some(worst)
}

/// The steps a score points at, by its evidence and its target; each once, in order.
pub fn steps(opened: &Opened, score: &Score) -> Vec<usize> {
    let target = match &score.target {
        ScoreTarget::Span(span) => Some(span),
        ScoreTarget::Trace { .. } | ScoreTarget::Conversation => None,
    };
    let mut found: Vec<usize> = score
        .evidence
        .iter()
        .chain(target)
        .filter_map(|span| {
            let own = |step: &Step| step.span.as_ref() == Some(span);
            let agents = |step: &&Step| !step.is_customers();
            let all = &opened.conversation.steps;
            all.iter()
                .position(|step| agents(&step) && own(step))
                .or_else(|| all.iter().position(|step| agents(&step) && step.decision.as_ref() == Some(span)))
                .or_else(|| all.iter().position(own))
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// What an explanation quotes: text in quotation marks, names with an underscore, references and sums.
fn words(explanation: &str) -> Vec<String> {
    let quoted = explanation.split('"').skip(1).step_by(2).map(str::trim);
    let plain = explanation
        .split_whitespace()
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric() && c != '#' && c != '$'));
    let telling = |word: &&str| {
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        word.contains('_') || digits >= SHORTEST || (digits > 0 && word.chars().any(char::is_alphabetic))
    };
    let mut found: Vec<String> = quoted
        .chain(plain.filter(telling))
        .filter(|word| (SHORTEST..=LONGEST).contains(&word.len()))
        .map(str::to_owned)
        .collect();
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn explanations_quote_names_references_and_sentences() {
        let found =
            words("said to be done, but process_refund had failed: \"500 from the ledger\" for A-77120 in 2 calls");
        assert_eq!(found, ["500", "500 from the ledger", "A-77120", "process_refund"]);
        assert!(words("nothing against 4 calls").is_empty());
    }
}
