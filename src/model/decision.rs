//! Decisions: what is to be changed about the agent, by whom, until when, and which failures it answers.
//!
//! Invariant: of two changes of one field the later in the log counts, field by field, so that two people who edit the
//! same decision apart never lose each other's words.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::id::ConversationId;
use super::time::Timestamp;

/// A day of the calendar, `2026-11-27` in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(jiff::civil::Date);

impl Day {
    /// Parses `2026-11-27`; `None` where the text is no such day.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let plain = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        plain.then(|| text.parse().ok().map(Self)).flatten()
    }

    /// The day of a time, in UTC; `None` beyond the calendar.
    pub fn of(time: Timestamp) -> Option<Self> {
        time.civil().map(|civil| Self(civil.date()))
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not a day such as 2026-11-27"))
    }
}

/// What is to be changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionKind {
    /// What the agent is told.
    #[default]
    Prompt,
    /// A tool, its schema or its description.
    Tool,
    /// A rule of the business.
    Policy,
    /// Which agent or person gets what.
    Routing,
    /// What the agent can look up.
    Knowledge,
    /// What judges the agent.
    Evaluator,
}

impl DecisionKind {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 6] =
        [Self::Prompt, Self::Tool, Self::Policy, Self::Routing, Self::Knowledge, Self::Evaluator];

    /// The lower-case word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::Tool => "tool",
            Self::Policy => "policy",
            Self::Routing => "routing",
            Self::Knowledge => "knowledge",
            Self::Evaluator => "evaluator",
        }
    }

    /// The kind of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word.trim().to_lowercase())
    }
}

/// What was decided.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionSpec {
    /// What is to be changed.
    pub kind: DecisionKind,
    /// In words.
    pub text: String,
    /// Who sees to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Day>,
    /// The conversations it answers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conversations: Vec<ConversationId>,
    /// The failure mode it answers, by key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// The event that started the session in which it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
}

/// Fields that are given another value; those left out stay as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionEdit {
    /// What is to be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<DecisionKind>,
    /// In words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Who sees to it; empty for nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Until when, as a day; empty for no date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<String>,
    /// More conversations that it answers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conversations: Vec<ConversationId>,
    /// The failure mode it answers, by key; empty for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
}

/// What happens to a decision: the body of a `decision` event. `decision` is the id of the event that added it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum DecisionChange {
    /// It is made.
    Add(DecisionSpec),
    /// Some of it is put otherwise.
    Edit {
        /// Which.
        decision: String,
        /// What.
        #[serde(flatten)]
        edit: DecisionEdit,
    },
    /// It is done, or no longer wanted.
    Close {
        /// Which.
        decision: String,
        /// Why, or how.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
    },
    /// It is not done after all.
    Reopen {
        /// Which.
        decision: String,
    },
}

impl DecisionChange {
    /// The event that added the decision; `None` for the one that does.
    pub fn decision(&self) -> Option<&str> {
        match self {
            Self::Add(_) => None,
            Self::Edit { decision, .. } | Self::Close { decision, .. } | Self::Reopen { decision } => Some(decision),
        }
    }
}

/// That a decision is closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// Who closed it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why, or how; may be empty.
    pub reason: String,
}

/// A decision as its events make it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// `d` and the last six characters of the event that added it; what people type.
    pub id: String,
    /// The event that added it.
    pub event: String,
    /// What was decided, as it stands.
    #[serde(flatten)]
    pub spec: DecisionSpec,
    /// Who made it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Set while it is closed.
    pub closed: Option<Closed>,
}

impl Decision {
    /// True while nobody closed it.
    pub fn is_open(&self) -> bool {
        self.closed.is_none()
    }

    /// True where it is open after its day.
    pub fn is_overdue(&self, today: Day) -> bool {
        self.is_open() && self.spec.due.is_some_and(|due| due < today)
    }

    /// Takes over what an edit says.
    pub(super) fn edit(&mut self, edit: &DecisionEdit) {
        let spec = &mut self.spec;
        let given = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        if let Some(kind) = edit.kind {
            spec.kind = kind;
        }
        if let Some(text) = &edit.text {
            spec.text.clone_from(text);
        }
        if let Some(owner) = &edit.owner {
            spec.owner = given(owner);
        }
        if let Some(due) = &edit.due {
            spec.due = Day::parse(due);
        }
        if let Some(mode) = &edit.mode {
            spec.mode = given(mode);
        }
        for conversation in &edit.conversations {
            if !spec.conversations.contains(conversation) {
                spec.conversations.push(conversation.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_a_day_and_nothing_else() {
        assert_eq!(Day::parse(" 2026-11-27 ").map(|day| day.to_string()).as_deref(), Some("2026-11-27"));
        for text in ["", "2026-13-01", "2026-02-30", "2026-11-27T10:00", "friday", "20261127", "27-11-2026"] {
            assert_eq!(Day::parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_edit_carries_only_what_it_changes() {
        let change = DecisionChange::Edit {
            decision: "01A".into(),
            edit: DecisionEdit { owner: Some(String::new()), ..DecisionEdit::default() },
        };
        let text = serde_json::to_string(&change).unwrap();
        assert_eq!(text, r#"{"change":"edit","decision":"01A","owner":""}"#);
        assert_eq!(serde_json::from_str::<DecisionChange>(&text).unwrap(), change);
    }
}
