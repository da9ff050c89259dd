//! Evaluator scores arranged by step and by span, worst first.
//!
//! Invariant: every score of a conversation has a place: at a step, at a span, or at the conversation; values are shown
//! as they came.

use std::collections::HashMap;

use super::row::Row;
use super::theme::{Theme, Tone};
use crate::engine::request::Opened;
use crate::model::id::SpanRef;
use crate::model::score::{Score, ScoreTarget};
use crate::model::title;

/// Ranks at or below this are worth a look.
const LOW_RANK: f64 = 0.2;

/// Columns of an evaluator's name at most.
const NAME: usize = 28;

/// Letters of an evaluator's name that are looked at.
const LONGEST_NAME: usize = 60;

/// Where the scores of a conversation belong; indexes into its list of scores.
#[derive(Debug, Clone, Default)]
pub struct ScoreIndex {
    /// Per step, worst first.
    pub steps: Vec<Vec<usize>>,
    /// Per span, worst first.
    pub spans: HashMap<SpanRef, Vec<usize>>,
    /// Of the conversation as a whole, worst first.
    pub whole: Vec<usize>,
}

impl ScoreIndex {
    /// Arranges the scores. A score on a span goes to the step that ran in it, else to the first step it decided, else
    /// to the last step beneath it; a score on a trace goes to the trace's last step.
    pub fn new(opened: &Opened) -> Self {
        let conversation = &opened.conversation;
        let mut index = Self { steps: vec![Vec::new(); conversation.steps.len()], ..Self::default() };
        let places = Places::new(opened);
        for (at, score) in conversation.scores.iter().enumerate() {
            match &score.target {
                ScoreTarget::Span(span) => {
                    index.spans.entry(span.clone()).or_default().push(at);
                    let step =
                        places.own.get(span).or_else(|| places.decided.get(span)).or_else(|| places.last.get(span));
                    match step {
                        Some(step) => index.steps[*step].push(at),
                        None => index.whole.push(at),
                    }
                }
                ScoreTarget::Trace { trace_id } => match places.last_of_trace.get(trace_id.as_str()) {
                    Some(step) => index.steps[*step].push(at),
                    None => index.whole.push(at),
                },
                ScoreTarget::Conversation => index.whole.push(at),
            }
        }
        let worst_first =
            |list: &mut Vec<usize>| list.sort_by(|a, b| badness(opened, *a).total_cmp(&badness(opened, *b)));
        index.steps.iter_mut().for_each(worst_first);
        index.spans.values_mut().for_each(worst_first);
        worst_first(&mut index.whole);
        index
    }
}

/// Which step each span belongs to.
#[derive(Default)]
struct Places<'a> {
    own: HashMap<&'a SpanRef, usize>,
    decided: HashMap<&'a SpanRef, usize>,
    last: HashMap<SpanRef, usize>,
    last_of_trace: HashMap<&'a str, usize>,
}

impl<'a> Places<'a> {
    fn new(opened: &'a Opened) -> Self {
        let conversation = &opened.conversation;
        let parents: HashMap<&SpanRef, Option<&str>> =
            conversation.spans.iter().map(|span| (&span.id, span.parent_span_id.as_deref())).collect();
        let mut places = Self::default();
        for (at, step) in conversation.steps.iter().enumerate() {
            // A customer's message lies in the span of the answer to it, and a score there speaks of the answer.
            let said_to_the_agent = step.is_customers();
            if let Some(span) = step.span.as_ref().filter(|_| !said_to_the_agent) {
                places.own.entry(span).or_insert(at);
            }
            if let Some(span) = step.decision.as_ref().filter(|_| !said_to_the_agent) {
                places.decided.entry(span).or_insert(at);
            }
            for span in [&step.span, &step.decision].into_iter().flatten() {
                places.last.insert(span.clone(), at);
            }
            for span in [&step.span, &step.decision].into_iter().flatten() {
                places.last_of_trace.insert(span.trace_id.as_str(), at);
                let mut above = span.clone();
                // The bound keeps a hostile cycle or chain of parents from costing more than a real tree does.
                for _ in 0..64 {
                    let Some(Some(parent)) = parents.get(&above) else { break };
                    above = SpanRef { trace_id: above.trace_id, span_id: (*parent).to_owned() };
                    places.last.insert(above.clone(), at);
                }
            }
        }
        places
    }
}

fn badness(opened: &Opened, at: usize) -> f64 {
    let failed = match opened.conversation.scores[at].passed {
        Some(false) => -2.0,
        Some(true) => 0.5,
        None => 0.0,
    };
    failed + opened.ranks.get(at).copied().flatten().unwrap_or(1.0)
}

/// True for a score that says something is wrong.
pub fn is_bad(opened: &Opened, at: usize) -> bool {
    let rank = opened.ranks.get(at).copied().flatten();
    match opened.conversation.scores[at].passed {
        Some(passed) => !passed,
        None => rank.is_some_and(|rank| rank <= LOW_RANK),
    }
}

/// A value in as few characters as it takes: `.21`, `1.00`, `4`, `17.5`.
pub fn value(value: f64) -> String {
    let text = format!("{value:.2}");
    match text.strip_prefix('0') {
        Some(rest) if value.abs() <= 1.0 && value != 0.0 => rest.to_owned(),
        _ if value == 0.0 => ".00".to_owned(),
        _ if value.abs() <= 1.0 => text,
        _ => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
    }
}

/// What a score says, in a word.
pub fn saying(score: &Score) -> String {
    match (score.value, &score.label, score.passed) {
        (Some(number), ..) => value(number),
        (None, Some(label), _) => label.exact().chars().take(24).collect(),
        (None, None, Some(true)) => "passed".to_owned(),
        (None, None, Some(false)) => "failed".to_owned(),
        (None, None, None) => "abstained".to_owned(),
    }
}

/// True where evaluators contradict each other: one says it passed, another that it failed.
pub fn contradict(opened: &Opened, list: &[usize]) -> bool {
    let said = |passed| list.iter().any(|at| opened.conversation.scores[*at].passed == Some(passed));
    said(true) && said(false)
}

/// A score in brief: sign, evaluator, value.
pub fn brief(opened: &Opened, at: usize, theme: Theme) -> Row {
    let name = opened.conversation.scores[at].evaluator.exact().chars().take(LONGEST_NAME).collect();
    named(opened, at, theme, (name, usize::MAX))
}

/// A score in brief in so many columns; the evaluator's name gives way, so that the value is always there.
pub fn brief_within(opened: &Opened, at: usize, theme: Theme, columns: usize) -> Row {
    let score = &opened.conversation.scores[at];
    // What a built-in one objects to says more than its cut name; where it does not object it goes by that.
    let objects = score.passed == Some(false) || (score.passed.is_none() && is_bad(opened, at));
    let fault = title::fault(score.evaluator.exact()).filter(|_| objects);
    // Cut before it is measured: a name may be as long as a file.
    let name = fault.unwrap_or_else(|| score.evaluator.exact().chars().take(LONGEST_NAME).collect());
    named(opened, at, theme, (name, columns))
}

fn named(opened: &Opened, at: usize, theme: Theme, (name, columns): (String, usize)) -> Row {
    let score = &opened.conversation.scores[at];
    let low = is_bad(opened, at);
    let (sign, tone) = match score.passed {
        Some(false) => (theme.wrong(), Tone::Bad),
        Some(true) => (theme.fine(), Tone::Good),
        None if low => (theme.signs().warn, Tone::Warn),
        None => ("", Tone::Dim),
    };
    let mut row = Row::of(sign, tone);
    if !sign.is_empty() {
        row.push(" ", tone);
    }
    let value = Row::of(" ", tone).with(&saying(score), tone);
    let room = columns.saturating_sub(row.width() + value.width()).min(NAME);
    row.extend(Row::of(&name, tone).cut_middle(room, theme.signs().more));
    row.extend(value);
    row.cut(columns, theme.signs().more)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_short_and_exact_enough() {
        for (number, text) in
            [(0.0, ".00"), (0.214, ".21"), (1.0, "1.00"), (4.0, "4"), (17.5, "17.5"), (-0.5, "-0.50"), (100.0, "100")]
        {
            assert_eq!(value(number), text);
        }
    }
}
