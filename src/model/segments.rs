//! Rules that say to which segments a conversation belongs: attributes first, words where no attribute tells.
//!
//! Invariant: rules are plain values; what they say of a conversation depends on it alone, and a segment that no rule and
//! no import knows stays unknown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::conversation::Conversation;
use super::step::{Role, StepContent};
use super::summary::Segments;
use crate::text::Untrusted;
use crate::text::needle::Needle;

/// Characters of a value that are kept: a segment is a name, not a text.
const LONGEST: usize = 200;

/// The segments, in the order in which lists show them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Segment {
    /// What the customer wanted.
    Intent,
    /// chat, email, voice, …
    Channel,
    /// The customer's tier.
    Tier,
    /// Language of the conversation.
    Language,
    /// The agent's version.
    AgentVersion,
    /// `ai` or `human`.
    HandledBy,
}

impl Segment {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Intent, Self::Channel, Self::Tier, Self::Language, Self::AgentVersion, Self::HandledBy];

    /// The name in files, lists and filters.
    pub fn word(self) -> &'static str {
        match self {
            Self::Intent => "intent",
            Self::Channel => "channel",
            Self::Tier => "tier",
            Self::Language => "language",
            Self::AgentVersion => "agent_version",
            Self::HandledBy => "handled_by",
        }
    }
}

impl Segments {
    /// One of them.
    pub fn of(&self, segment: Segment) -> Option<&Untrusted> {
        match segment {
            Segment::Intent => self.intent.as_ref(),
            Segment::Channel => self.channel.as_ref(),
            Segment::Tier => self.tier.as_ref(),
            Segment::Language => self.language.as_ref(),
            Segment::AgentVersion => self.agent_version.as_ref(),
            Segment::HandledBy => self.handled_by.as_ref(),
        }
    }

    fn set(&mut self, segment: Segment, value: Option<Untrusted>) {
        let place = match segment {
            Segment::Intent => &mut self.intent,
            Segment::Channel => &mut self.channel,
            Segment::Tier => &mut self.tier,
            Segment::Language => &mut self.language,
            Segment::AgentVersion => &mut self.agent_version,
            Segment::HandledBy => &mut self.handled_by,
        };
        *place = value;
    }
}

/// Whose words a keyword rule looks at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// What the customer said.
    #[default]
    Customer,
    /// What the customer said first.
    First,
    /// What the agent said.
    Agent,
    /// What either of them said.
    Anybody,
}

/// A value for conversations in which words stand.
#[derive(Debug, Clone, PartialEq)]
pub struct KeywordRule {
    /// The value.
    pub value: String,
    /// One of these has to stand there; empty for none.
    pub any: Vec<Needle>,
    /// All of these have to stand there.
    pub all: Vec<Needle>,
    /// None of these may stand there.
    pub none: Vec<Needle>,
    /// In whose words.
    pub speaker: Speaker,
}

/// The rules for one segment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SegmentRule {
    /// Attributes that hold it, looked at before those that every import knows; the first one found counts.
    pub attributes: Vec<String>,
    /// True where the attributes that every import knows do not count.
    pub only_these: bool,
    /// Other names for values, by the value in lower case.
    pub values: BTreeMap<String, String>,
    /// Where no attribute tells: the first rule that fits.
    pub keywords: Vec<KeywordRule>,
    /// Where nothing tells.
    pub fallback: Option<String>,
}

/// The rules for all segments. Without any, what the import found stays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SegmentRules {
    rules: Vec<(Segment, SegmentRule)>,
}

impl SegmentRules {
    /// Rules; segments that are not named keep what the import found.
    pub fn new(rules: Vec<(Segment, SegmentRule)>) -> Self {
        Self { rules }
    }

    /// True where the rules change nothing.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The segments of a conversation whose own are those that its import found.
    pub fn of(&self, conversation: &Conversation) -> Segments {
        let mut segments = conversation.segments.clone();
        for (segment, rule) in &self.rules {
            let value = rule.of(conversation, conversation.segments.of(*segment));
            segments.set(*segment, value);
        }
        segments
    }
}

impl SegmentRule {
    fn of(&self, conversation: &Conversation, imported: Option<&Untrusted>) -> Option<Untrusted> {
        let own = self.attributes.iter().find_map(|key| attribute(conversation, key));
        let held = own.or_else(|| imported.filter(|_| !self.only_these).map(|text| text.exact().to_owned()));
        if let Some(held) = held {
            let held: String = held.trim().chars().take(LONGEST).collect();
            return Some(self.values.get(&held.to_lowercase()).cloned().unwrap_or(held).into());
        }
        let fitting = self.keywords.iter().find(|rule| rule.fits(conversation));
        fitting.map(|rule| rule.value.as_str()).or(self.fallback.as_deref()).map(Into::into)
    }
}

impl KeywordRule {
    fn fits(&self, conversation: &Conversation) -> bool {
        let texts: Vec<&str> = conversation
            .steps
            .iter()
            .filter_map(|step| match &step.content {
                StepContent::Message { role, text, .. } if self.speaker.is(*role) => Some(text.exact()),
                _ => None,
            })
            .take(if self.speaker == Speaker::First { 1 } else { usize::MAX })
            .collect();
        let stands = |needle: &Needle| {
            let all = u32::MAX >> (32 - needle.terms().len().clamp(1, 32));
            texts.iter().any(|text| needle.stands_in(text).0 == all)
        };
        (self.any.is_empty() || self.any.iter().any(stands))
            && self.all.iter().all(stands)
            && !self.none.iter().any(stands)
    }
}

impl Speaker {
    fn is(self, role: Role) -> bool {
        match self {
            Self::Customer | Self::First => role == Role::User,
            Self::Agent => role == Role::Assistant,
            Self::Anybody => role != Role::Tool,
        }
    }
}

/// What an attribute of the conversation, of its spans in order, or of its resource holds, as text.
fn attribute(conversation: &Conversation, key: &str) -> Option<String> {
    let spans = conversation.spans.iter().filter_map(|span| span.attributes.get(key));
    let found = conversation.attributes.get(key).into_iter().chain(spans).chain(conversation.resource.get(key));
    found.filter_map(as_text).find(|text| !text.trim().is_empty())
}

fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => {
            // Some packages write every value as JSON.
            let inner = text.strip_prefix('"').and_then(|_| serde_json::from_str::<String>(text).ok());
            Some(inner.unwrap_or_else(|| text.clone()))
        }
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Array(items) => items.first().and_then(as_text),
        Value::Null | Value::Object(_) => None,
    }
}
