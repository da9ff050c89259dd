//! A mapping: which column or member of a stranger's own form means what.
//!
//! Invariant: pure. A mapping says everything that is read; what it does not name is not looked at, and a value it cannot
//! place is an error that says where to change it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::message::Sender;

mod rows;

pub use rows::{text, value};

/// A row, or an object.
pub type Row = Map<String, Value>;

/// A mapping file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// The namespace of the conversations; the file's stem where it is not said.
    pub source: Option<String>,
    /// One row per conversation.
    pub conversations: Option<Conversations>,
    /// One row per message.
    pub messages: Option<Messages>,
    /// One row per span.
    pub spans: Option<Spans>,
    /// One row per score.
    pub scores: Option<Scores>,
    /// One row of facts per conversation.
    pub outcomes: Option<Outcomes>,
}

/// Where the rows of a section are: a table with what is joined to it, or a query; in a file of objects nothing is said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Place {
    /// A table or view.
    pub table: Option<String>,
    /// Joined to it: SQL after the word JOIN, one text each.
    #[serde(default)]
    pub join: Vec<String>,
    /// A query instead of both.
    pub query: Option<String>,
}

/// What a conversation's own row holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Conversations {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// Its id.
    pub id: String,
    /// When it began.
    pub started_at: Option<String>,
    /// What the customer wanted.
    pub intent: Option<String>,
    /// How it came.
    pub channel: Option<String>,
    /// The customer's tier.
    pub tier: Option<String>,
    /// Its language.
    pub language: Option<String>,
    /// The agent's version.
    pub agent_version: Option<String>,
    /// `ai` or `human`.
    pub handled_by: Option<String>,
    /// Kept under their own names.
    #[serde(default)]
    pub attributes: Vec<String>,
}

/// What a message's row holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Messages {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// In a file of objects: the member that lists the messages of a conversation. Without it each object is a message.
    pub list: Option<String>,
    /// The id of its conversation.
    pub conversation: Option<String>,
    /// Who says it.
    pub role: Option<String>,
    /// What is said.
    pub text: Option<String>,
    /// When.
    pub at: Option<String>,
    /// By what messages are ordered; by `at` where it is not said.
    #[serde(default)]
    pub order: Vec<String>,
    /// The agent's name.
    pub agent: Option<String>,
    /// The tool that is called, or answers.
    pub tool: Option<String>,
    /// The call's arguments, as JSON.
    pub arguments: Option<String>,
    /// What the tool answered, where it is in the row of the call.
    pub result: Option<String>,
    /// The id by which a call and its result find each other.
    pub call_id: Option<String>,
    /// Words for roles, and what each means: user, assistant, tool or system.
    #[serde(default)]
    pub roles: BTreeMap<String, String>,
}

/// What a span's row holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Spans {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// Its id.
    pub id: String,
    /// The id of its trace; the conversation's where it is not said.
    pub trace: Option<String>,
    /// The id of its conversation.
    pub conversation: Option<String>,
    /// The id of the span above it.
    pub parent: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Its kind.
    pub kind: Option<String>,
    /// Words for kinds, and what each means: agent, llm, tool, retriever, guardrail, evaluator, chain.
    #[serde(default)]
    pub kinds: BTreeMap<String, String>,
    /// When it began.
    pub start: Option<String>,
    /// When it ended.
    pub end: Option<String>,
    /// What went wrong; empty where nothing did.
    pub error: Option<String>,
    /// The agent's name.
    pub agent: Option<String>,
    /// The tool's name; that of the span where it is not said.
    pub tool: Option<String>,
    /// What went in.
    pub input: Option<String>,
    /// What came out.
    pub output: Option<String>,
    /// Kept under their own names.
    #[serde(default)]
    pub attributes: Vec<String>,
}

/// What a score's row holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Scores {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// The id of the conversation that is judged,
    pub conversation: Option<String>,
    /// or of the trace,
    pub trace: Option<String>,
    /// or of the span.
    pub span: Option<String>,
    /// The evaluator's name; `=csat` means that name for all.
    pub evaluator: String,
    /// The number.
    pub value: Option<String>,
    /// The word.
    pub label: Option<String>,
    /// The evaluator's own pass or fail.
    pub passed: Option<String>,
    /// How sure it was.
    pub confidence: Option<String>,
    /// Why.
    pub explanation: Option<String>,
}

/// What a row of outcomes holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Outcomes {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// The id of the conversation.
    pub conversation: String,
    /// Facts, kept under their own names.
    pub columns: Vec<String>,
}

/// Why a mapping cannot be used. Nothing was imported by it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// It is no such file.
    #[error("{name}: {reason}")]
    File {
        /// The mapping file.
        name: String,
        /// Where, and what is wrong.
        reason: String,
    },
    /// A word for a role that is not known.
    #[error(
        "[messages] role: {word:?} is no known role; add to [messages]: roles = {{ {word:?} = \"user\" }} (or assistant, tool, system)"
    )]
    Role {
        /// The word.
        word: String,
    },
    /// A word for a role is given a meaning that does not exist.
    #[error("[messages] roles: {word:?} means {meaning:?}, which is none of user, assistant, tool, system")]
    Meaning {
        /// The word.
        word: String,
        /// What it is said to mean.
        meaning: String,
    },
    /// Something that has to be said is not.
    #[error("[{section}] says nothing of `{field}`; {why}")]
    Missing {
        /// The section.
        section: &'static str,
        /// The field.
        field: &'static str,
        /// What it is for.
        why: &'static str,
    },
}

impl Mapping {
    /// Reads a mapping file called `name`.
    ///
    /// # Errors
    /// It is no TOML, has fields that mean nothing, or lacks some that are needed.
    pub fn parse(name: &str, text: &str) -> Result<Self, MappingError> {
        let file = |reason: String| MappingError::File { name: name.to_owned(), reason };
        let mapping: Self = toml::from_str(text).map_err(|error| file(error.to_string().trim_end().to_owned()))?;
        let known: toml::Table = toml::from_str(text).map_err(|error| file(error.to_string()))?;
        for (section, fields) in &known {
            let (Some(fields), Some(allowed)) = (fields.as_table(), allowed(section)) else { continue };
            if let Some(field) = fields.keys().find(|field| !allowed.contains(&field.as_str())) {
                return Err(file(format!("[{section}] has no field `{field}`; it has {}", allowed.join(", "))));
            }
        }
        mapping.check()?;
        Ok(mapping)
    }

    fn check(&self) -> Result<(), MappingError> {
        if let Some(messages) = &self.messages {
            for (word, meaning) in &messages.roles {
                if Sender::parse(meaning).is_none() {
                    return Err(MappingError::Meaning { word: word.clone(), meaning: meaning.clone() });
                }
            }
            if messages.text.is_none() && messages.tool.is_none() {
                let why = "without it a message says nothing";
                return Err(MappingError::Missing { section: "messages", field: "text", why });
            }
            if messages.role.is_none() {
                let why = "without it nobody knows who speaks; `\"=user\"` means the same for all";
                return Err(MappingError::Missing { section: "messages", field: "role", why });
            }
            if messages.list.is_none() && messages.conversation.is_none() {
                let why = "without it nobody knows which messages belong together";
                return Err(MappingError::Missing { section: "messages", field: "conversation", why });
            }
        }
        if self.messages.is_none() && self.spans.is_none() && self.scores.is_none() && self.outcomes.is_none() {
            let why = "a mapping needs [messages], [spans], [scores] or [outcomes]";
            return Err(MappingError::Missing { section: "messages", field: "text", why });
        }
        Ok(())
    }
}

/// The fields of a section.
fn allowed(section: &str) -> Option<&'static [&'static str]> {
    Some(match section {
        "conversations" => &[
            "table",
            "join",
            "query",
            "id",
            "started_at",
            "intent",
            "channel",
            "tier",
            "language",
            "agent_version",
            "handled_by",
            "attributes",
        ],
        "messages" => &[
            "table",
            "join",
            "query",
            "list",
            "conversation",
            "role",
            "text",
            "at",
            "order",
            "agent",
            "tool",
            "arguments",
            "result",
            "call_id",
            "roles",
        ],
        "spans" => &[
            "table",
            "join",
            "query",
            "id",
            "trace",
            "conversation",
            "parent",
            "name",
            "kind",
            "kinds",
            "start",
            "end",
            "error",
            "agent",
            "tool",
            "input",
            "output",
            "attributes",
        ],
        "scores" => &[
            "table",
            "join",
            "query",
            "conversation",
            "trace",
            "span",
            "evaluator",
            "value",
            "label",
            "passed",
            "confidence",
            "explanation",
        ],
        "outcomes" => &["table", "join", "query", "conversation", "columns"],
        _ => return None,
    })
}
