//! A mapping: which column or member of a stranger's own form means what.
//!
//! Invariant: pure. A mapping says everything that is read; what it does not name is not looked at, and a value it cannot
//! place is an error that says where to change it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::export::time;
use super::message::Sender;

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

/// What a field of a mapping means in a row: a constant after `=`, else a member, by its whole name or step by step.
pub fn value(row: &Row, field: &str) -> Option<Value> {
    if let Some(constant) = field.strip_prefix('=') {
        return Some(constant.into());
    }
    let mut found = row.get(field);
    if found.is_none() {
        let mut parts = field.split('.');
        found = row.get(parts.next()?);
        for part in parts {
            found = match found? {
                Value::Object(members) => members.get(part),
                Value::Array(items) => items.get(part.parse::<usize>().ok()?),
                _ => None,
            };
        }
    }
    found.filter(|value| !value.is_null()).cloned()
}

fn get(row: &Row, field: Option<&String>) -> Option<Value> {
    value(row, field?)
}

/// A value as text; text as it is.
pub fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

fn words(row: &Row, field: Option<&String>) -> Option<String> {
    get(row, field).map(|value| text(&value)).filter(|text| !text.is_empty())
}

/// A time as text that every reader understands.
fn moment(row: &Row, field: Option<&String>) -> Option<Value> {
    time(&get(row, field)?).map(|at| at.to_string().into())
}

impl Messages {
    /// The messages of rows, in the form of chat lines.
    pub fn chat(&self, rows: &[Row]) -> Result<Vec<Value>, MappingError> {
        let mut messages = Vec::with_capacity(rows.len());
        for (number, row) in (1..).zip(rows) {
            self.add(row, number, &mut messages)?;
        }
        Ok(messages)
    }

    fn add(&self, row: &Row, number: usize, messages: &mut Vec<Value>) -> Result<(), MappingError> {
        let said = words(row, self.text.as_ref()).unwrap_or_default();
        let at = moment(row, self.at.as_ref());
        let sender = self.sender(row)?;
        let tool = words(row, self.tool.as_ref());
        let call_id = words(row, self.call_id.as_ref());
        let result = words(row, self.result.as_ref());
        let agent = words(row, self.agent.as_ref());
        let arguments = words(row, self.arguments.as_ref());
        let answer = |id: &Option<String>, content: String| json!({"role": "tool", "tool_call_id": id, "name": tool, "content": content, "timestamp": at});
        match (sender, &tool) {
            // The row of an answer, whose call has a row of its own.
            (Sender::Tool, _) if arguments.is_none() => {
                messages.push(answer(&call_id, result.unwrap_or(said)));
            }
            (Sender::Tool | Sender::Assistant, Some(name)) => {
                let id = call_id.unwrap_or_else(|| format!("row-{number}"));
                let arguments = arguments.unwrap_or_else(|| "{}".to_owned());
                let content = if sender == Sender::Tool { String::new() } else { said.clone() };
                messages.push(json!({"role": "assistant", "name": agent, "content": content, "timestamp": at,
                    "tool_calls": [{"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}]}));
                let said = Some(said).filter(|said| sender == Sender::Tool && !said.is_empty());
                messages.extend(result.or(said).map(|content| answer(&Some(id), content)));
            }
            (sender, _) => {
                let role = match sender {
                    Sender::System => "system",
                    Sender::User => "user",
                    Sender::Assistant | Sender::Tool => "assistant",
                };
                messages.push(json!({"role": role, "name": agent, "content": said, "timestamp": at}));
            }
        }
        Ok(())
    }

    fn sender(&self, row: &Row) -> Result<Sender, MappingError> {
        let word = words(row, self.role.as_ref()).unwrap_or_default();
        let meaning = self.roles.get(&word).unwrap_or(&word);
        Sender::parse(meaning).ok_or(MappingError::Role { word: word.clone() })
    }
}

impl Conversations {
    /// The columns that tell of segments, each with its name here.
    pub fn segments(&self) -> impl Iterator<Item = (&'static str, &String)> {
        let all = [
            ("intent", &self.intent),
            ("channel", &self.channel),
            ("tier", &self.tier),
            ("language", &self.language),
            ("agent_version", &self.agent_version),
            ("handled_by", &self.handled_by),
        ];
        all.into_iter().filter_map(|(name, field)| Some((name, field.as_ref()?)))
    }

    fn facts(&self, row: &Row) -> Map<String, Value> {
        let segments = self.segments().filter_map(|(name, field)| Some((name.to_owned(), value(row, field)?)));
        let others = self.attributes.iter().filter_map(|field| Some((plain(field), value(row, field)?)));
        others.chain(segments).collect()
    }
}

/// The last part of a column's name.
fn plain(field: &str) -> String {
    field.rsplit('.').next().unwrap_or(field).to_owned()
}

impl Mapping {
    /// A conversation as a chat line.
    ///
    /// # Errors
    /// A role that the mapping does not know.
    pub fn chat(&self, id: &str, head: Option<&Row>, rows: &[Row]) -> Result<Value, MappingError> {
        let messages = self.messages.as_ref().map(|messages| messages.chat(rows)).transpose()?.unwrap_or_default();
        let mut chat = json!({"conversation_id": id, "messages": messages});
        if let (Some(head), Some(section)) = (head, &self.conversations) {
            chat["metadata"] = Value::Object(section.facts(head));
            if let Some(at) = moment(head, section.started_at.as_ref()) {
                chat["started_at"] = at;
            }
        }
        Ok(chat)
    }

    /// A conversation as a span that holds its messages, for conversations that have spans of their own beside it.
    ///
    /// # Errors
    /// A role that the mapping does not know.
    pub fn transcript(&self, id: &str, head: Option<&Row>, rows: &[Row]) -> Result<Value, MappingError> {
        let chat = self.chat(id, head, rows)?;
        let messages: Vec<Value> = chat["messages"].as_array().into_iter().flatten().map(nested).collect();
        let at = |messages: &mut dyn Iterator<Item = &Value>| {
            messages.map(|message| message["timestamp"].clone()).find(|at| !at.is_null())
        };
        let all = chat["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
        let start = chat.get("started_at").cloned().or_else(|| at(&mut all.iter()));
        Ok(json!({
            "context": {"trace_id": id, "span_id": format!("{id}/transcript")}, "name": "transcript", "span_kind": "LLM",
            "start_time": start, "end_time": at(&mut all.iter().rev()),
            "attributes": {"session.id": id, "llm.input_messages": messages,
                "metadata": chat.get("metadata").map(Value::to_string)},
        }))
    }
}

/// A chat message under the names that spans use.
fn nested(message: &Value) -> Value {
    let calls: Vec<Value> = message["tool_calls"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|call| json!({"tool_call": {"id": call["id"], "function": call["function"]}}))
        .collect();
    let mut own = json!({"role": message["role"], "content": message["content"]});
    for name in ["name", "tool_call_id"] {
        if !message[name].is_null() {
            own[name] = message[name].clone();
        }
    }
    if !calls.is_empty() {
        own["tool_calls"] = calls.into();
    }
    json!({ "message": own })
}

impl Spans {
    /// A span as its row tells it; `None` without an id.
    pub fn record(&self, row: &Row) -> Option<Value> {
        let id = value(row, &self.id).map(|id| text(&id))?;
        let conversation = words(row, self.conversation.as_ref());
        let trace = words(row, self.trace.as_ref()).or_else(|| conversation.clone())?;
        let kind = words(row, self.kind.as_ref()).unwrap_or_default();
        let kind = self.kinds.get(&kind).cloned().unwrap_or(kind).to_uppercase();
        let name = words(row, self.name.as_ref());
        let error = words(row, self.error.as_ref()).filter(|error| !matches!(error.as_str(), "0" | "false"));
        let mut attributes: Map<String, Value> =
            self.attributes.iter().filter_map(|field| Some((plain(field), value(row, field)?))).collect();
        let tool = words(row, self.tool.as_ref()).or_else(|| name.clone().filter(|_| kind == "TOOL"));
        let own = [
            ("session.id", conversation),
            ("gen_ai.agent.name", words(row, self.agent.as_ref())),
            ("tool.name", tool),
            ("input.value", words(row, self.input.as_ref())),
            ("output.value", words(row, self.output.as_ref())),
        ];
        for (key, value) in own {
            if let Some(value) = value {
                attributes.insert(key.to_owned(), value.into());
            }
        }
        Some(json!({
            "context": {"trace_id": trace, "span_id": id}, "parent_id": words(row, self.parent.as_ref()),
            "name": name.unwrap_or_else(|| kind.to_lowercase()), "span_kind": kind,
            "start_time": moment(row, self.start.as_ref()), "end_time": moment(row, self.end.as_ref()),
            "status_code": if error.is_some() { "ERROR" } else { "UNSET" }, "status_message": error,
            "attributes": attributes,
        }))
    }
}

impl Scores {
    /// A score as its row tells it.
    pub fn record(&self, row: &Row) -> Value {
        let mut record = Map::new();
        let fields = [
            ("conversation_id", self.conversation.as_ref()),
            ("trace_id", self.trace.as_ref()),
            ("span_id", self.span.as_ref()),
            ("evaluator", Some(&self.evaluator)),
            ("value", self.value.as_ref()),
            ("label", self.label.as_ref()),
            ("passed", self.passed.as_ref()),
            ("confidence", self.confidence.as_ref()),
            ("explanation", self.explanation.as_ref()),
        ];
        for (name, field) in fields {
            if let Some(value) = get(row, field) {
                record.insert(name.to_owned(), value);
            }
        }
        Value::Object(record)
    }
}

impl Outcomes {
    /// Outcomes as their row tells them.
    pub fn record(&self, row: &Row) -> Value {
        let facts: Map<String, Value> =
            self.columns.iter().filter_map(|field| Some((plain(field), value(row, field)?))).collect();
        json!({"conversation_id": value(row, &self.conversation), "outcomes": facts})
    }
}
