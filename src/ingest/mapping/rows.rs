//! What a row becomes by a mapping: a chat line, a span, a score, outcomes.
//!
//! Invariant: every form that is written here is one that its reader takes from files as well.

use serde_json::{Map, Value, json};

use super::super::export::time;
use super::super::message::Sender;
use super::{Conversations, Mapping, MappingError, Messages, Outcomes, Row, Scores, Spans};

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
