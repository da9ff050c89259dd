//! Queues with a name: what one holds, how it is worked through, and how far it is.
//!
//! Invariant: a definition is all there is to a queue; what is done, left and found follows from the labels.

use serde::{Deserialize, Serialize};

use crate::model::time::Timestamp;

/// Labels below which a share of them is not printed.
const FEW: u64 = 10;

/// Audit labels from which on probabilities are told as numbers.
const ENOUGH: u64 = 50;

/// The longest name of a queue.
const LONGEST_NAME: usize = 60;

/// A queue as it was defined. The same definition over the same workspace gives the same order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueueSpec {
    /// Small letters, digits, `-` and `_`.
    pub name: String,
    /// Which conversations, in the filter language; empty for all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub filter: String,
    /// How they are ordered: the name of a strategy.
    pub strategy: String,
    /// Of every draw.
    pub seed: u64,
    /// How many conversations are to be judged in it; `None` for as many as there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u32>,
    /// The share of judgements that goes to the audit list, 0 to 1.
    pub audit: f64,
    /// The segment whose values take turns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_segment: Option<String>,
    /// How many people judge each conversation.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub reviewers_per_item: u32,
    /// True where scores stay hidden until the verdict on every row, not on audit rows only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub blind: bool,
    /// For how many minutes who opens a conversation holds it; 0 where nobody does.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub claim_minutes: u32,
    /// Set where it is a calibration: all judge the same, and nobody sees what others said before it is revealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
    /// What is judged ahead of any order.
    #[serde(default, skip_serializing_if = "MustReview::is_empty")]
    pub must_review: MustReview,
}

/// How far a calibration is, as far as a person said so; it is also revealed once all have judged all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Calibration {
    /// Everybody judges alone.
    Open,
    /// A person revealed it before all were done.
    Revealed,
}

/// What has to be seen by a person whatever the order says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MustReview {
    /// Conversations in which a tool was called that cannot be taken back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub irreversible: bool,
    /// Conversations that broke a rule of this severity or a worse one, 1 to 4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_severity: Option<u8>,
    /// Conversations in which a change was made with an amount of at least this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<f64>,
    /// Conversations that match one of these filters.
    #[serde(default, rename = "where", skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<String>,
}

impl MustReview {
    /// True where nothing is asked for.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn one() -> u32 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_one(count: &u32) -> bool {
    *count == 1
}

/// Why a definition is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// The name.
    #[error("{0:?} is no name for a queue: small letters, digits, - and _, at most 60, beginning with a letter")]
    Name(String),
    /// The audit share.
    #[error("the audit share is {0}; a number from 0 to 1 is needed, such as 0.2")]
    Audit(String),
    /// Nobody would judge.
    #[error("a queue needs at least 1 reviewer per conversation and a size of at least 1")]
    Nobody,
    /// There is no such segment.
    #[error("there is no segment {0:?}; known are intent, channel, tier, language, agent_version")]
    Segment(String),
}

/// Segments that can take turns.
const SEGMENTS: [&str; 5] = ["intent", "channel", "tier", "language", "agent_version"];

impl QueueSpec {
    /// A queue of everything with the defaults: one judgement in five from the audit list.
    pub fn new(name: &str, strategy: &str) -> Self {
        Self {
            name: name.to_owned(),
            filter: String::new(),
            strategy: strategy.to_owned(),
            seed: 1,
            size: None,
            audit: 0.2,
            per_segment: None,
            reviewers_per_item: 1,
            blind: false,
            claim_minutes: 0,
            calibration: None,
            must_review: MustReview::default(),
        }
    }

    /// True where who opens a conversation holds it for a while. In a calibration all are to judge the same.
    pub fn takes_claims(&self) -> bool {
        self.claim_minutes > 0 && self.calibration.is_none()
    }

    /// True where what others say stays hidden for a while.
    pub fn hides_others(&self) -> bool {
        self.reviewers_per_item > 1 || self.calibration.is_some()
    }

    /// Checks what needs no workspace to be checked.
    ///
    /// # Errors
    /// The first rule broken.
    pub fn check(&self) -> Result<(), SpecError> {
        let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
        let begins = self.name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
        if !begins || self.name.len() > LONGEST_NAME || !self.name.bytes().all(letter) {
            return Err(SpecError::Name(self.name.clone()));
        }
        if !(0.0..=1.0).contains(&self.audit) {
            return Err(SpecError::Audit(self.audit.to_string()));
        }
        if self.reviewers_per_item == 0 || self.size == Some(0) {
            return Err(SpecError::Nobody);
        }
        match &self.per_segment {
            Some(segment) if !SEGMENTS.contains(&segment.as_str()) => Err(SpecError::Segment(segment.clone())),
            _ => Ok(()),
        }
    }
}

/// A change of the queues there are: the body of a `queue` event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum QueueChange {
    /// A queue is defined.
    Add(QueueSpec),
    /// What was said in a calibration is shown to everybody, though not all are done.
    Reveal {
        /// Its name.
        name: String,
    },
    /// A queue is no longer wanted; labels given in it stay.
    Remove {
        /// Its name.
        name: String,
    },
}

/// Why a conversation came up when it was judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SlotKind {
    /// It was next on the audit list, which was drawn by lot.
    Audit,
    /// The order put it there.
    Ranked,
    /// A rule or a person put it there.
    Manual,
}

impl SlotKind {
    /// The lower-case word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Audit => "audit",
            Self::Ranked => "ranked",
            Self::Manual => "manual",
        }
    }

    /// All of them.
    pub const ALL: [Self; 3] = [Self::Audit, Self::Ranked, Self::Manual];

    /// What its letter means, in words.
    pub fn told(self) -> &'static str {
        match self {
            Self::Audit => "drawn by lot for the audit: how often the agent fails",
            Self::Ranked => "the queue's order put it there: likely failures first",
            Self::Manual => "a rule of the queue or a person put it there",
        }
    }

    /// One letter, for rows that are judged.
    pub fn mark(self) -> &'static str {
        match self {
            Self::Audit => "A",
            Self::Ranked => "R",
            Self::Manual => "M",
        }
    }
}

/// From where in which queue a verdict was given, as it stood then; statistics need it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Slot {
    /// The queue's name.
    pub queue: String,
    /// Why it came up.
    pub kind: SlotKind,
    /// Which slot of the queue it took, from 1.
    pub position: u64,
    /// P(fail) as it was estimated before the verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p: Option<f64>,
    /// What the weights behind the estimate are known by.
    #[serde(default)]
    pub weights: String,
    /// The probability with which it, and no other, came up there: 1 where nothing was drawn by lot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q: Option<f64>,
    /// True where the reviewer could see scores before the verdict.
    #[serde(default)]
    pub scores_seen: bool,
}

/// A probability in a word, as long as too few labels are there to give a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Band {
    /// The lowest third of the queue.
    Low,
    /// The middle third.
    Medium,
    /// The highest third.
    High,
}

impl Band {
    /// The word as it is shown.
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// Where a conversation stands in a queue, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// What is recorded with a verdict on it; `scores_seen` is the screen's to say.
    pub slot: Slot,
    /// P(fail) in a word.
    pub band: Option<Band>,
    /// P(fail) as a number that holds what it says; `None` while a word has to do.
    pub p: Option<f64>,
    /// The largest contributions, in words.
    pub why: Vec<String>,
    /// The rule that put it ahead of any order.
    pub pinned: Option<String>,
    /// True where scores and P(fail) stay hidden until the verdict.
    pub blind: bool,
    /// True while the queue asks the asking reviewer for a verdict.
    pub open: bool,
    /// Until when others hold it, where they do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Timestamp>,
}

impl Place {
    /// What speaks for a failure, in words without figures, as a list has room for it.
    pub fn told(&self) -> impl Iterator<Item = &str> {
        self.why.iter().filter_map(|part| match part.rsplit_once(", ") {
            Some((_, figure)) if figure.starts_with('-') => None,
            Some((words, figure)) if figure.starts_with('+') => Some(words),
            _ => Some(part.as_str()),
        })
    }

    /// P(fail) in a word, or as a share once it may be told.
    pub fn chance(&self) -> String {
        match (self.p, self.band) {
            (Some(p), _) => format!("{:.0} %", p * 100.0),
            (None, Some(band)) => band.word().to_owned(),
            (None, None) => String::new(),
        }
    }
}

/// A share with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The estimate.
    pub share: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// True where each import was weighed by its size, so that the estimate is not a share of labels.
    #[serde(default)]
    pub by_import: bool,
}

impl Interval {
    /// As people read it: `15 % [4-42]`.
    pub fn words(&self) -> String {
        format!("{:.0} % [{:.0}-{:.0}]", self.share * 100.0, self.low * 100.0, self.high * 100.0)
    }
}

/// A queue to be chosen: what it is, without its order.
#[derive(Debug, Clone, PartialEq)]
pub struct QueueHead {
    /// Its definition.
    pub spec: QueueSpec,
    /// Conversations judged in it.
    pub done: u64,
}

/// How far a queue is, as the labels say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueueState {
    /// Its definition.
    #[serde(flatten)]
    pub spec: QueueSpec,
    /// Conversations its filter takes.
    pub pool: u64,
    /// Conversations judged in it.
    pub done: u64,
    /// Conversations still to be judged in it by the asking reviewer.
    pub left: u64,
    /// Labels that settled on pass or fail.
    pub labels: u64,
    /// Fails among them.
    pub found: u64,
    /// Labels of the audit list.
    pub audit_labels: u64,
    /// Fails among them.
    pub audit_fails: u64,
    /// The failure rate, from audit labels only, at 95 %.
    pub rate: Option<Interval>,
    /// The failure rate as the model has it: judged ones as judged, the others by their P(fail). No interval belongs to it.
    pub model_rate: Option<f64>,
    /// Audit labels still needed to know the rate to five points.
    pub labels_needed: Option<u64>,
    /// Failures the model expects among those not judged.
    pub failures_left: Option<f64>,
    /// Failures the model expects among the next twenty, as a share.
    pub next_share: Option<f64>,
    /// True where the next twenty promise little more than chance would.
    pub stop: bool,
    /// Failures found after each label, in order.
    pub curve: Vec<u32>,
    /// Conversations of the pool that no evaluator has looked at; they come up by lot.
    pub unevaluated: u64,
    /// Conversations that rules put ahead.
    pub pinned: u64,
    /// What tells the draw of a queue of a size from others of it; 0 where nothing is drawn. No number for people.
    #[serde(skip)]
    pub draw: u64,
}

impl QueueState {
    /// How many audit labels failed, and what that makes of all.
    fn audit_words(&self, rate: &Interval) -> String {
        if self.audit_labels < FEW {
            return format!("{}/{}, too few for a rate", self.audit_fails, self.audit_labels);
        }
        let by_import = if rate.by_import { ", by import" } else { " =" };
        format!("{}/{}{by_import} {}", self.audit_fails, self.audit_labels, rate.words())
    }

    /// How far it is, in parts from the most to the least important.
    pub fn words(&self) -> Vec<String> {
        let mut parts = vec![self.judged_words(), format!("found {}", self.found)];
        parts.push(match &self.rate {
            Some(rate) => format!("failure rate from audit {}", self.audit_words(rate)),
            None => "failure rate: no audit labels yet".to_owned(),
        });
        parts.extend(self.model_rate.map(|rate| format!("model estimate {:.0} %", rate * 100.0)));
        parts.extend(self.labels_needed.map(|labels| format!("{labels} more audit labels for +-5")));
        parts
    }

    /// How much was judged. What cannot be told, is in dispute or still hidden was judged and is no label yet.
    fn judged_words(&self) -> String {
        let labels = if self.labels == 1 { "1 label".to_owned() } else { format!("{} labels", self.labels) };
        // Once all are done the labels count, though nobody had to reveal anything.
        if self.spec.calibration == Some(Calibration::Open) && self.done > 0 && self.labels == 0 {
            return format!("{} judged, labels hidden till all are done", self.done);
        }
        let judged = if self.done > self.labels { format!("{} judged: ", self.done) } else { String::new() };
        format!("{judged}{labels} ({} audit)", self.audit_labels)
    }

    /// The same in fewer words, for narrow screens.
    pub fn short_words(&self) -> Vec<String> {
        let mut parts = vec![self.judged_words(), format!("found {}", self.found)];
        parts.push(match &self.rate {
            Some(rate) => format!("audit {}", self.audit_words(rate)),
            None => "no rate yet".to_owned(),
        });
        parts.extend(self.model_rate.map(|rate| format!("model {:.0} %", rate * 100.0)));
        parts.extend(self.labels_needed.map(|labels| format!("{labels} more for +-5")));
        parts
    }

    /// What is ahead, by the model, once there are labels: failures still to be found, and how many the next ones hold. In
    /// a word, as P(fail) of rows is, until so many audit labels are there that a number means something.
    pub fn ahead(&self) -> Vec<String> {
        if self.labels == 0 || self.left == 0 {
            return Vec::new();
        }
        if self.audit_labels < ENOUGH {
            let word = |share: f64| match share {
                0.5.. => "many",
                0.2.. => "some",
                _ => "few",
            };
            return self.next_share.map(|share| format!("next 20: {} fail", word(share))).into_iter().collect();
        }
        let left = self.failures_left.map(|left| format!("about {left:.0} failures left"));
        let next = self.next_share.map(|share| format!("next 20: {:.0} % fail", share * 100.0));
        left.into_iter().chain(next).collect()
    }

    /// Whether going on is worth it, where something can be said.
    pub fn hint(&self) -> Option<String> {
        let (next, rate) = (self.next_share?, self.rate?);
        self.stop.then(|| {
            format!(
                "Little is left to find by this order: {:.0} % of the next 20 are expected to fail, {:.0} % would by lot.",
                next * 100.0,
                rate.share * 100.0
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_without_extras_is_short_and_reads_back() {
        let spec = QueueSpec::new("week-47", "learnt");
        let text = serde_json::to_string(&QueueChange::Add(spec.clone())).unwrap();
        assert_eq!(text, r#"{"change":"add","name":"week-47","strategy":"learnt","seed":1,"audit":0.2}"#);
        assert_eq!(serde_json::from_str::<QueueChange>(&text).unwrap(), QueueChange::Add(spec));
    }

    #[test]
    fn what_cannot_be_a_queue_is_refused() {
        let spec = QueueSpec::new("week", "learnt");
        assert_eq!(spec.check(), Ok(()));
        for name in ["", "Week", "7days", "a b", "a:b", &"a".repeat(61)] {
            assert!(QueueSpec { name: name.into(), ..spec.clone() }.check().is_err(), "{name}");
        }
        for audit in [-0.1, 1.1, f64::NAN] {
            assert!(matches!(QueueSpec { audit, ..spec.clone() }.check(), Err(SpecError::Audit(_))));
        }
        assert_eq!(QueueSpec { size: Some(0), ..spec.clone() }.check(), Err(SpecError::Nobody));
        let odd = QueueSpec { per_segment: Some("mood".into()), ..spec };
        assert_eq!(odd.check(), Err(SpecError::Segment("mood".into())));
    }
}
