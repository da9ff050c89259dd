//! Messages in the shapes that chat APIs, conventions and frameworks give them, read into one.
//!
//! Invariant: arguments of calls stay the raw text of the source, whether it was a string or an object.

use serde_json::Value;
use serde_json::value::RawValue;

use crate::model::time::Timestamp;
use crate::model::tool::members;

/// Who a message is from, system messages included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sender {
    System,
    User,
    Assistant,
    Tool,
}

impl Sender {
    pub(super) fn parse(word: &str) -> Option<Self> {
        match word.trim().to_ascii_lowercase().as_str() {
            "system" | "developer" | "systemmessage" => Some(Self::System),
            "user" | "human" | "humanmessage" | "customer" => Some(Self::User),
            "assistant" | "ai" | "model" | "agent" | "aimessage" | "aimessagechunk" | "bot" => Some(Self::Assistant),
            "tool" | "function" | "toolmessage" | "ipython" | "tool-response" => Some(Self::Tool),
            _ => None,
        }
    }
}

/// One message; a tool's result is a message of [`Sender::Tool`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) sender: Sender,
    pub(super) text: String,
    pub(super) reasoning: Option<String>,
    pub(super) calls: Vec<Call>,
    /// Of a result: the call it answers, and the tool.
    pub(super) call_id: Option<String>,
    pub(super) name: Option<String>,
    /// Of a result: whether the source says that the call failed.
    pub(super) failed: bool,
    /// Beside the customer's thread.
    pub(super) aside: bool,
    pub(super) at: Option<Timestamp>,
}

/// A call as the model made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) id: Option<String>,
    pub(super) tool: String,
    pub(super) arguments: String,
}

impl Message {
    pub(super) fn new(sender: Sender, text: impl Into<String>) -> Self {
        Self {
            sender,
            text: text.into(),
            reasoning: None,
            calls: Vec::new(),
            call_id: None,
            name: None,
            failed: false,
            aside: false,
            at: None,
        }
    }

    pub(super) fn is_blank(&self) -> bool {
        self.text.trim().is_empty() && self.calls.is_empty() && self.reasoning.is_none()
    }
}

/// A JSON object with its members in source order, values still raw.
pub(super) struct Object<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Object<'a> {
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        if !text.trim_start().starts_with('{') {
            return None;
        }
        members(text).map(Self)
    }

    /// The last member of that name which is not null.
    pub(super) fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, raw)| *raw).filter(|raw| raw.get() != "null")
    }

    /// How many members there are, whatever their names.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.get(name).and_then(string)
    }

    pub(super) fn list(&self, name: &str) -> Option<Vec<&'a RawValue>> {
        self.get(name).and_then(|raw| list(raw.get()))
    }

    pub(super) fn object(&self, name: &str) -> Option<Object<'a>> {
        self.get(name).and_then(|raw| Object::parse(raw.get()))
    }

    /// True where one name occurs twice; the name is one of ours, never the input's.
    pub(super) fn duplicate<'n>(&self, names: &[&'n str]) -> Option<&'n str> {
        names.iter().find(|name| self.0.iter().filter(|(key, _)| key == *name).count() > 1).copied()
    }
}

/// A raw JSON string as text; `None` for anything else.
pub(super) fn string(raw: &RawValue) -> Option<String> {
    raw.get().starts_with('"').then(|| serde_json::from_str(raw.get()).ok()).flatten()
}

/// The items of a JSON array; `None` for anything else.
pub(super) fn list(text: &str) -> Option<Vec<&RawValue>> {
    if text.trim_start().starts_with('[') { serde_json::from_str(text).ok() } else { None }
}

/// Arguments as raw text: the content of a string, the JSON of anything else.
pub(super) fn raw_arguments(raw: Option<&RawValue>) -> String {
    match raw {
        None => "{}".to_owned(),
        Some(raw) => string(raw).unwrap_or_else(|| raw.get().to_owned()),
    }
}

/// Messages in JSON text of any known shape: a list, or an object that holds one; `None` where there are none.
pub(super) fn messages(text: &str) -> Option<Vec<Message>> {
    found(text, 0).filter(|messages| !messages.is_empty())
}

/// The messages that one item of a list of messages stands for; `None` where it is none.
pub(super) fn item(text: &str) -> Option<Vec<Message>> {
    message(text).or_else(|| found(text, 1))
}

/// How deep messages may lie within wrappers, and results within results.
const DEEPEST: u8 = 6;

/// Members under which an object holds messages or one message, best first.
const HOLDERS: &[&str] = &[
    "messages",
    "choices",
    "generations",
    "message",
    "output",
    "response",
    "body",
    "input",
    "data",
    "kwargs",
    "update",
];

fn found(text: &str, depth: u8) -> Option<Vec<Message>> {
    let text = text.trim();
    if depth > DEEPEST {
        return None;
    }
    if let Some(items) = list(text) {
        let mut all = Vec::new();
        for raw in items {
            all.extend(message(raw.get()).or_else(|| found(raw.get(), depth + 1))?);
        }
        return Some(all);
    }
    if let Some(message) = message(text) {
        return Some(message);
    }
    let object = Object::parse(text)?;
    HOLDERS.iter().filter_map(|name| object.get(name)).find_map(|raw| {
        let inner = string(raw);
        let text = inner.as_deref().unwrap_or(raw.get());
        // Alternatives beyond the first were never said.
        let first = if raw_is_choices(&object, raw) {
            list(text).and_then(|all| all.first().map(|raw| raw.get()))
        } else {
            None
        };
        found(first.unwrap_or(text), depth + 1).filter(|messages| !messages.is_empty())
    })
}

fn raw_is_choices(object: &Object<'_>, raw: &RawValue) -> bool {
    object.get("choices").is_some_and(|choices| std::ptr::eq(choices, raw))
}

/// One message object; several where one object stands for several (results beside text). `None` where it is none.
fn message(text: &str) -> Option<Vec<Message>> {
    let object = Object::parse(text)?;
    let kind = object.text("type").unwrap_or_default();
    match kind.as_str() {
        "function_call" | "tool_call" if object.get("name").is_some() => {
            let mut message = Message::new(Sender::Assistant, "");
            message.calls.extend(call(&object));
            return Some(vec![message]);
        }
        "function_call_output" | "tool_call_response" => return result_item(&object).map(|message| vec![message]),
        "reasoning" if object.get("role").is_none() => {
            let mut message = Message::new(Sender::Assistant, "");
            message.reasoning = object.get("summary").or_else(|| object.get("content")).map(|raw| content(raw).text);
            return Some(vec![message]);
        }
        _ => {}
    }
    // LangChain: `{"type": "human", "data": {…}}`, or `{"lc": 1, "id": [.., "HumanMessage"], "kwargs": {…}}`.
    let inner = object.object("data").or_else(|| object.object("kwargs"));
    let class = || object.list("id").and_then(|id| id.last().and_then(|raw| string(raw)));
    let sender =
        object.text("role").or_else(class).and_then(|word| Sender::parse(&word)).or_else(|| Sender::parse(&kind));
    let body = if object.get("role").is_some() { None } else { inner };
    Some(of_body(sender?, body.as_ref().unwrap_or(&object)))
}

/// A Responses API item that carries a result.
fn result_item(object: &Object<'_>) -> Option<Message> {
    let result = object.get("output").or_else(|| object.get("response")).or_else(|| object.get("result"))?;
    let mut message = Message::new(Sender::Tool, result_text(result, 0));
    message.call_id = object.text("call_id").or_else(|| object.text("id"));
    Some(message)
}

/// A result that stands alone as JSON: its content, the call it answers, the tool, whether it failed.
pub(super) fn result_of(text: &str) -> Option<Message> {
    let object = Object::parse(text)?;
    let mut message = Message::new(Sender::Tool, object.get("content").map(|raw| result_text(raw, 0))?);
    message.call_id = object.text("call_id");
    message.name = object.text("name");
    message.failed = object.get("is_error").is_some_and(|raw| raw.get() == "true");
    Some(message)
}

/// A result as text: strings as they are, content parts joined, anything else as its JSON.
fn result_text(raw: &RawValue, depth: u8) -> String {
    string(raw).unwrap_or_else(|| {
        let parts = nested_content(raw, depth);
        if parts.text.is_empty() { raw.get().to_owned() } else { parts.text }
    })
}

fn of_body(sender: Sender, object: &Object<'_>) -> Vec<Message> {
    let raw = object.get("parts").or_else(|| object.get("content")).or_else(|| object.get("contents"));
    let parts = raw.map(content).unwrap_or_default();
    let mut message = Message::new(sender, parts.text);
    message.reasoning =
        parts.reasoning.or_else(|| object.text("reasoning_content")).or_else(|| object.text("reasoning"));
    message.name = object.text("name");
    message.call_id = object.text("tool_call_id").or_else(|| object.text("call_id")).or_else(|| object.text("id"));
    if sender == Sender::Tool {
        mark_failure(&mut message, object);
    } else {
        message.call_id = None;
    }
    if message.text.is_empty() {
        message.text = object.text("refusal").unwrap_or_default();
    }
    for name in ["tool_calls", "invalid_tool_calls"] {
        let calls = object.list(name).unwrap_or_default();
        message.calls.extend(calls.into_iter().filter_map(|raw| call(&Object::parse(raw.get())?)));
    }
    if message.calls.is_empty() {
        let more = object.object("additional_kwargs");
        let legacy = object.object("function_call").or_else(|| more.and_then(|more| more.object("function_call")));
        message.calls.extend(legacy.as_ref().and_then(call));
    }
    if message.calls.is_empty() {
        message.calls = parts.calls;
    }
    let mut all = parts.results;
    if all.is_empty() || !message.is_blank() {
        // A tool message made of one response part is that result.
        all.push(message);
    }
    all
}

/// A result may say beside its content that the call failed, and why.
fn mark_failure(message: &mut Message, object: &Object<'_>) {
    let error = object.get("error").map_or("", RawValue::get);
    let said = error == "true" || error.starts_with(['{', '"']);
    message.failed = said || object.text("status").is_some_and(|status| status == "error");
    if said && message.text.is_empty() {
        let words = object.object("error").and_then(|error| error.text("message"));
        message.text = words.or_else(|| object.text("error")).unwrap_or_default();
    }
}

/// A call in OpenAI's nesting, flat, or in Anthropic's words.
pub(super) fn call(object: &Object<'_>) -> Option<Call> {
    let function = object.object("function");
    let inner = function.as_ref().unwrap_or(object);
    let tool = inner.text("name").or_else(|| object.text("function"))?;
    let raw = ["arguments", "args", "input", "parameters"].iter().find_map(|name| inner.get(name));
    let id = object.text("id").or_else(|| object.text("call_id")).or_else(|| object.text("tool_call_id"));
    let id = object.text("call_id").or(id);
    Some(Call { id, tool, arguments: raw_arguments(raw) })
}

/// What content parts hold.
#[derive(Default)]
pub(super) struct Content {
    pub(super) text: String,
    pub(super) reasoning: Option<String>,
    pub(super) calls: Vec<Call>,
    pub(super) results: Vec<Message>,
}

impl Content {
    fn say(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(text);
    }
}

/// Reads message content: a string, a part, or a list of parts.
pub(super) fn content(raw: &RawValue) -> Content {
    nested_content(raw, 0)
}

/// Results may hold parts, which may hold results; that ends at [`DEEPEST`].
fn nested_content(raw: &RawValue, depth: u8) -> Content {
    let mut all = Content::default();
    if depth > DEEPEST {
        return all;
    }
    if let Some(text) = string(raw) {
        all.text = text;
    } else if let Some(parts) = list(raw.get()) {
        for item in parts {
            match string(item) {
                Some(text) => all.say(&text),
                None => part(item, &mut all, depth),
            }
        }
    } else if raw.get().starts_with('{') {
        part(raw, &mut all, depth);
    }
    all
}

fn part(raw: &RawValue, all: &mut Content, depth: u8) {
    let Some(object) = Object::parse(raw.get()) else { return };
    let kind = object.text("type").unwrap_or_default();
    let words = || object.text("text").or_else(|| object.text("content")).or_else(|| object.text("input_text"));
    match kind.as_str() {
        "text" | "input_text" | "output_text" | "summary_text" | "refusal" | "" => {
            if let Some(text) = words().or_else(|| object.text("refusal")) {
                all.say(&text);
            }
        }
        "reasoning" | "thinking" | "redacted_thinking" => {
            let text = object.text("thinking").or_else(words);
            all.reasoning = match (all.reasoning.take(), text) {
                (Some(before), Some(text)) => Some(format!("{before}\n{text}")),
                (before, text) => before.or(text),
            };
        }
        "tool_call" | "tool_use" | "function_call" | "server_tool_call" => all.calls.extend(call(&object)),
        "tool_call_response" | "tool_result" | "function_call_output" => {
            let names = ["response", "result", "output", "content"];
            let text = names
                .iter()
                .find_map(|name| object.get(name))
                .map(|raw| result_text(raw, depth + 1))
                .unwrap_or_default();
            let mut message = Message::new(Sender::Tool, text);
            message.call_id = ["tool_use_id", "call_id", "id"].iter().find_map(|name| object.text(name));
            all.results.push(message);
        }
        other => {
            let known = ["image", "audio", "video", "document", "file", "blob", "uri"];
            let modality = object.text("modality").unwrap_or_default();
            let said = [modality.as_str(), other];
            let word = known.iter().find(|word| said.iter().any(|said| said.contains(*word)));
            all.say(&format!("[{}]", word.copied().unwrap_or("part")));
        }
    }
}

/// Messages in an attribute value: JSON text, or the structure itself.
pub(super) fn messages_in(value: &Value) -> Option<Vec<Message>> {
    match value {
        Value::String(text) => messages(text),
        Value::Array(_) | Value::Object(_) => messages(&value.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Message {
        let mut all = messages(text).unwrap();
        assert_eq!(all.len(), 1, "{text}");
        all.remove(0)
    }

    #[test]
    fn the_same_call_in_every_shape() {
        let shapes = [
            r#"[{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"t","arguments":"{\"a\":1}"}}]}]"#,
            r#"[{"role":"assistant","parts":[{"type":"tool_call","id":"c1","name":"t","arguments":{"a":1}}]}]"#,
            r#"{"generations":[[{"text":"","message":{"lc":1,"id":["langchain","AIMessage"],"kwargs":{"content":"","tool_calls":[{"name":"t","args":{"a":1},"id":"c1","type":"tool_call"}]}}}]]}"#,
            r#"{"output":[{"type":"function_call","name":"t","call_id":"c1","arguments":"{\"a\":1}"}]}"#,
            r#"{"role":"assistant","content":[{"type":"tool_use","id":"c1","name":"t","input":{"a":1}}]}"#,
            r#"{"choices":[{"message":{"role":"assistant","tool_calls":[{"id":"c1","function":{"name":"t","arguments":"{\"a\":1}"}}]}}]}"#,
            r#"[{"type":"ai","data":{"content":"","tool_calls":[{"name":"t","args":{"a":1},"id":"c1"}]}}]"#,
        ];
        for shape in shapes {
            let message = one(shape);
            assert_eq!(message.sender, Sender::Assistant, "{shape}");
            assert_eq!(
                message.calls,
                [Call { id: Some("c1".into()), tool: "t".into(), arguments: "{\"a\":1}".into() }]
            );
        }
    }

    #[test]
    fn results_keep_their_call() {
        for shape in [
            r#"[{"role":"tool","tool_call_id":"c1","content":"ok"}]"#,
            r#"[{"role":"tool","parts":[{"type":"tool_call_response","id":"c1","response":"ok"}]}]"#,
            r#"[{"type":"function_call_output","call_id":"c1","output":"ok"}]"#,
            r#"[{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"ok"}]}]"#,
        ] {
            let message = one(shape);
            assert_eq!((message.sender, message.text.as_str()), (Sender::Tool, "ok"), "{shape}");
            assert_eq!(message.call_id.as_deref(), Some("c1"));
        }
    }

    #[test]
    fn digits_of_arguments_survive_as_objects_too() {
        let message = one(
            r#"{"role":"assistant","parts":[{"type":"tool_call","name":"t","arguments":{"n":123456789012345678901234,"e":1e400}}]}"#,
        );
        assert_eq!(message.calls[0].arguments, r#"{"n":123456789012345678901234,"e":1e400}"#);
    }

    #[test]
    fn media_parts_leave_a_mark_and_no_address() {
        let text = r#"[{"role":"user","content":[{"type":"text","text":"look"},{"type":"image_url","image_url":{"url":"file:///etc/passwd"}}]}]"#;
        assert_eq!(one(text).text, "look\n[image]");
    }

    #[test]
    fn other_json_holds_no_messages() {
        for text in
            ["{}", "[]", "3", r#"{"category":"billing"}"#, r#"{"order_id":"1","status":"x"}"#, "plain", "[[[]]]"]
        {
            assert_eq!(messages(text), None, "{text}");
        }
    }
}
