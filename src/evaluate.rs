//! Built-in evaluators: scores with their reasons and evidence, a suspicion, and the steps to look at first.
//!
//! Invariant: deterministic, without network, clock or state; an evaluator that cannot tell abstains (a score without a
//! value, and why) and never answers 0 for "unknown"; the order of spans in the input does not matter.

pub mod arguments;
pub mod bench;
mod crew;
pub mod external;
pub mod facts;
pub mod features;
mod handoff;
pub mod language;
pub mod learn;
mod loops;
mod operations;
pub mod policy;
pub mod reconcile;
pub mod reference;
pub mod registry;
mod resolution;
pub mod suspects;
pub mod suspicion;
mod tools;
mod truthfulness;
mod voice;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::conversation::Conversation;
use crate::model::id::SpanRef;
use crate::model::score::{Direction, Score, ScoreTarget};
use crate::text::Untrusted;
use facts::Facts;
use features::Features;
use policy::Policy;
use registry::{COUNT, EVALUATORS, Place};
use suspects::Suspect;
use suspicion::Suspicion;
use tools::Schemas;

/// How built-in scores say where they came from.
pub const SOURCE: &str = "aftercall";

/// The version of all built-in evaluators together: stored scores of another version are due for a re-run.
pub const VERSION: &str = "3";

/// What is known of an evaluator without running it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct About {
    /// Its name, as stored and filtered by.
    pub name: &'static str,
    /// Raised when the same conversation may get another score.
    pub version: u32,
    /// What it looks at, in a few words.
    pub looks_at: &'static str,
    /// Its scale in words.
    pub scale: &'static str,
    /// Which way it runs.
    pub direction: Direction,
    /// What it needs to be able to tell; without it, it abstains.
    pub needs: &'static str,
    /// Where another library has an evaluator of this name: how this one differs, and why.
    pub differs: Option<&'static str>,
}

/// One conversation with all that judging it takes.
#[derive(Debug)]
pub struct Case<'a> {
    /// What is known of it.
    pub facts: &'a Facts<'a>,
    /// The limits in force.
    pub limits: &'a Limits,
    /// Compiled schemas of the tools.
    schemas: &'a Schemas,
    /// What was said already: several evaluators, the features and the suspects ask for the same judgement.
    said: [OnceCell<Outcome>; COUNT],
}

/// What an evaluator says.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It cannot tell, and why.
    CannotTell(Text),
    /// It cannot tell, since there are none of these to look at.
    NothingOf(&'static str),
    /// Its judgement.
    Judged(Judgement),
}

/// A value with its reason and the steps it rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// On the evaluator's scale; `None` where only a label is said.
    pub value: Option<f64>,
    /// Pass or fail, where the evaluator says so.
    pub passed: Option<bool>,
    /// In words.
    pub explanation: Text,
    /// A word for the judgement, for instance the form that was used.
    pub label: Option<Text>,
    /// Single steps it points at.
    pub flags: Vec<Flag>,
}

/// A step an evaluator objects to.
#[derive(Debug, Clone, PartialEq)]
pub struct Flag {
    /// The row of the transcript, where it is one.
    pub row: Option<usize>,
    /// Spans apart from the row's own.
    pub spans: Vec<SpanRef>,
    /// Why, in words.
    pub why: Text,
}

/// Words of an evaluator: most are the same for every conversation.
pub type Text = Cow<'static, str>;

/// Limits that a team may set; the defaults are those of a chat desk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// A model or tool step slower than this is over budget.
    pub step_seconds: f64,
    /// A customer who waits longer than this for the answer waits too long.
    pub wait_seconds: f64,
    /// More calls than this between two customer messages is a runaway.
    pub calls_per_turn: u32,
    /// Dollars a conversation may cost; no judgement without it, only the figure.
    pub dollars: Option<f64>,
    /// A speech recogniser less sure than this should not be acted on.
    pub asr_confidence: f64,
    /// Silence before the first audio, longer than this, is noticed.
    pub silence_ms: f64,
    /// The worst value with which an evaluator's score of a conversation still passes, by its name; for those that are
    /// not named it stays what they say themselves.
    pub pass: BTreeMap<String, f64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            step_seconds: 20.0,
            wait_seconds: 60.0,
            calls_per_turn: 15,
            dollars: None,
            asr_confidence: 0.6,
            silence_ms: 3_000.0,
            pass: BTreeMap::new(),
        }
    }
}

/// Everything the built-in evaluators have to say about one conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// Scores of the conversation and of single spans; abstentions among them.
    pub scores: Vec<Score>,
    /// The numbers the suspicion rests on, small enough to keep.
    pub features: Features,
    /// How likely it failed, and why.
    pub suspicion: Suspicion,
    /// The steps to look at, most suspicious first.
    pub suspects: Vec<Suspect>,
}

/// Judges conversations, keeping compiled schemas from one to the next.
#[derive(Debug, Default)]
pub struct Judge {
    limits: Limits,
    by_intent: BTreeMap<String, Limits>,
    policies: Vec<Policy>,
    only: Vec<String>,
    schemas: Schemas,
}

impl Limits {
    /// Whether a score passes: by the value set for its evaluator, which runs in this direction, else by its own word.
    pub fn passes(&self, score: &Score, direction: Direction) -> Option<bool> {
        let set = self.pass.get(score.evaluator.exact()).zip(score.value);
        set.map_or(score.passed, |(worst, value)| {
            Some(if direction == Direction::Higher { value >= *worst } else { value <= *worst })
        })
    }
}

impl Judge {
    /// A judge with limits and policies.
    pub fn new(limits: Limits, policies: Vec<Policy>) -> Self {
        Self { limits, policies, ..Self::default() }
    }

    /// Other limits for conversations of an intent.
    #[must_use]
    pub fn by_intent(mut self, limits: BTreeMap<String, Limits>) -> Self {
        self.by_intent = limits;
        self
    }

    /// Restricts the scores to these evaluators; features, suspicion and suspects stay whole.
    #[must_use]
    pub fn only(mut self, names: Vec<String>) -> Self {
        self.only = names;
        self
    }

    /// The limits in force for an intent.
    pub fn limits(&self, intent: Option<&str>) -> &Limits {
        intent.and_then(|intent| self.by_intent.get(intent)).unwrap_or(&self.limits)
    }

    /// Judges one conversation with every evaluator and policy.
    pub fn evaluate(&self, conversation: &Conversation) -> Evaluation {
        let facts = Facts::of(conversation);
        let limits = self.limits(conversation.segments.intent.as_ref().map(Untrusted::exact));
        let case = Case { facts: &facts, limits, schemas: &self.schemas, said: [const { OnceCell::new() }; COUNT] };
        let wanted = |name: &str| self.only.is_empty() || self.only.iter().any(|only| only == name);
        for (place, _) in EVALUATORS.iter().enumerate().filter(|(_, one)| wanted(one.about().name)) {
            case.judged(Place(place));
        }
        let rules: Vec<Score> = self.policies.iter().flat_map(|policy| policy.scores(&facts)).collect();
        let broken_rules = rules
            .iter()
            .filter(|score| score.target == ScoreTarget::Conversation && score.passed == Some(false))
            .count();
        let features = Features::of(&case, broken_rules);
        let suspicion = suspicion::prior(&features);
        let suspects = suspects::rank(&case);
        // Last, so that each outcome's words can be taken over instead of copied.
        let said = case.said;
        let flags = said.iter().filter_map(OnceCell::get).map(Outcome::flags).sum::<usize>();
        let mut scores = Vec::with_capacity(COUNT + flags + rules.len());
        for (evaluator, said) in EVALUATORS.iter().zip(said).filter(|(one, _)| wanted(one.about().name)) {
            if let Some(outcome) = said.into_inner() {
                scores_of(&facts, evaluator.about(), outcome, &mut scores);
                if let Some(whole) = scores.last_mut().filter(|_| !limits.pass.is_empty()) {
                    whole.passed = limits.passes(whole, evaluator.about().direction);
                }
            }
        }
        scores.extend(rules.into_iter().filter(|score| wanted(score.evaluator.exact())));
        Evaluation { scores, features, suspicion, suspects }
    }
}

impl Case<'_> {
    /// What a built-in evaluator says of this conversation, if it can tell.
    fn ask(&self, place: Place) -> Option<&Judgement> {
        match self.judged(place) {
            Outcome::Judged(judgement) => Some(judgement),
            Outcome::CannotTell(_) | Outcome::NothingOf(_) => None,
        }
    }

    /// What it says at all; worked out when first asked for.
    fn judged(&self, Place(place): Place) -> &Outcome {
        self.said[place].get_or_init(|| EVALUATORS[place].judge(self))
    }
}

impl Flag {
    /// Objects to a row.
    fn at(row: usize, why: impl Into<Text>) -> Self {
        Self { row: Some(row), spans: Vec::new(), why: why.into() }
    }

    /// Objects to a span that is no row.
    fn on(span: &SpanRef, why: impl Into<Text>) -> Self {
        Self { row: None, spans: vec![span.clone()], why: why.into() }
    }
}

impl Outcome {
    /// An abstention.
    fn abstain(why: impl Into<Text>) -> Self {
        Self::CannotTell(why.into())
    }

    /// The share of `total` things that no flag objects to; passes without flags. Abstains where there is nothing.
    fn share(total: usize, things: &'static str, flags: Vec<Flag>) -> Self {
        if total == 0 {
            return Self::NothingOf(things);
        }
        let bad = flags.len().min(total);
        let explanation = match flags.first() {
            None => nothing_against(total, things).into(),
            Some(first) if flags.len() == 1 => first.why.clone(),
            Some(first) => format!("{} of {total} {things}; first: {}", flags.len(), first.why).into(),
        };
        Self::Judged(Judgement {
            value: Some((total - bad) as f64 / total as f64),
            passed: Some(flags.is_empty()),
            explanation,
            label: None,
            flags,
        })
    }

    /// A value from 0 to 1 that passes from `pass` on.
    fn graded(value: f64, pass: f64, explanation: impl Into<Text>, flags: Vec<Flag>) -> Self {
        let value = value.clamp(0.0, 1.0);
        Self::Judged(Judgement {
            value: Some(value),
            passed: Some(value >= pass),
            explanation: explanation.into(),
            label: None,
            flags,
        })
    }

    /// How many single steps it points at.
    fn flags(&self) -> usize {
        match self {
            Self::Judged(judgement) => judgement.flags.len(),
            Self::CannotTell(_) | Self::NothingOf(_) => 0,
        }
    }

    /// The same judgement under a word.
    fn labelled(self, label: impl Into<Text>) -> Self {
        match self {
            Self::Judged(judgement) => Self::Judged(Judgement { label: Some(label.into()), ..judgement }),
            abstention => abstention,
        }
    }
}

/// The words of most judgements, put together without the machinery of formatting.
fn nothing_against(total: usize, things: &str) -> String {
    fn push(number: usize, words: &mut String) {
        if number >= 10 {
            push(number / 10, words);
        }
        words.push(char::from(b'0' + (number % 10) as u8));
    }
    const BEFORE: &str = "nothing against ";
    let mut words = String::with_capacity(BEFORE.len() + things.len() + 8);
    words.push_str(BEFORE);
    push(total, &mut words);
    words.push(' ');
    words.push_str(things);
    words
}

/// Writes an outcome as scores: one of the conversation, and one for each span objected to.
fn scores_of(facts: &Facts<'_>, about: About, outcome: Outcome, scores: &mut Vec<Score>) {
    let why = match outcome {
        Outcome::CannotTell(why) => ["cannot tell: ", why.as_ref()].concat(),
        Outcome::NothingOf(things) => ["cannot tell: there are no ", things, " to look at"].concat(),
        Outcome::Judged(judgement) => return judged(facts, about, judgement, scores),
    };
    scores.push(Score { explanation: Some(why.into()), ..blank(about, ScoreTarget::Conversation) });
}

/// A score of an evaluator that says nothing yet.
fn blank(about: About, target: ScoreTarget) -> Score {
    Score {
        target,
        evaluator: Untrusted::fixed(about.name),
        version: Some(version(about.version)),
        source: Cow::Borrowed(SOURCE),
        value: None,
        label: None,
        passed: None,
        confidence: None,
        explanation: None,
        evidence: Vec::new(),
    }
}

/// Writes a judgement as scores.
fn judged(facts: &Facts<'_>, about: About, judgement: Judgement, scores: &mut Vec<Score>) {
    let worst = if about.direction == Direction::Higher { 0.0 } else { 1.0 };
    let mut evidence: Vec<SpanRef> = Vec::new();
    for flag in judgement.flags {
        let own = flag.row.map(|row| facts.spans_of(row)).unwrap_or_default();
        let spans: Vec<SpanRef> = own.into_iter().chain(flag.spans).collect();
        let before = evidence.len();
        for span in &spans {
            if !evidence[..before].contains(span) {
                evidence.push(span.clone());
            }
        }
        if let Some(first) = spans.first() {
            let target = ScoreTarget::Span(first.clone());
            scores.push(Score {
                value: Some(worst),
                passed: Some(false),
                explanation: Some(flag.why.into()),
                evidence: spans,
                ..blank(about, target)
            });
        }
    }
    scores.push(Score {
        value: judgement.value,
        label: judgement.label.map(Into::into),
        passed: judgement.passed,
        explanation: Some(judgement.explanation.into()),
        evidence,
        ..blank(about, ScoreTarget::Conversation)
    });
}

/// A version as a score names it.
fn version(number: u32) -> Untrusted {
    match number {
        1 => Untrusted::fixed("1"),
        2 => Untrusted::fixed("2"),
        other => other.to_string().into(),
    }
}

#[cfg(test)]
mod tests;
