//! What one model call (or, where calls recorded nothing, one agent span) heard and said.
//!
//! Invariant: reads attributes and events only, whichever dialects they mix; the richest account of each side wins.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::message::{self, Call, Message, Sender};
use super::said::{Histories, Said};
use super::{glance, python, semconv};
use crate::model::trace::{Span, SpanEvent};

/// Both sides of a model call. System messages are in `system`, never in `input`.
#[derive(Debug, Default, Clone)]
pub(super) struct Exchange {
    pub(super) system: Vec<String>,
    pub(super) input: Vec<Said>,
    pub(super) output: Vec<Said>,
}

impl Exchange {
    pub(super) fn is_empty(&self) -> bool {
        self.input.is_empty() && self.output.is_empty()
    }
}

/// The exchange of a model call. `histories` are those of its conversation read before.
pub(super) fn of_call<'s>(span: &'s Span, histories: &mut Histories<'s>) -> Exchange {
    let mut input = Side::default();
    let mut output = Side::default();
    let mut system = Vec::new();
    let details = span.events.iter().filter(|event| !event.attributes.is_empty()).map(|event| &event.attributes);
    for attributes in std::iter::once(&span.attributes).chain(details) {
        input.from(attributes, (semconv::FLAT_INPUT, semconv::JSON_INPUT), histories);
        output.from(attributes, (semconv::FLAT_OUTPUT, semconv::JSON_OUTPUT), histories);
        let told = semconv::SYSTEM.iter().filter_map(|key| semconv::get(attributes, key));
        system.extend(told.filter_map(system_text));
    }
    let (heard, said) = of_events(&span.events);
    input.offer(shared(heard));
    output.offer(shared(said));
    if input.0.is_empty() {
        input.loose(&span.attributes, semconv::LOOSE_INPUT, Sender::User);
    }
    if output.0.iter().all(|message| message.calls.is_empty()) {
        // Some dialects flatten the words of an answer and leave its calls in the raw response.
        let raw = semconv::text(&span.attributes, semconv::LOOSE_OUTPUT);
        let raw = raw.filter(|text| text.starts_with(['{', '[']) && text.contains("tool_calls"));
        output.offer(shared(raw.and_then(|text| message::messages(&text)).unwrap_or_default()));
    }
    if output.0.iter().all(|message| message.is_blank()) {
        output.loose(&span.attributes, semconv::LOOSE_OUTPUT, Sender::Assistant);
    }
    finish(system, input.0, output.0)
}

/// The exchange of an agent or other wrapping span: what it was asked and what it answered.
pub(super) fn of_agent<'s>(span: &'s Span, histories: &mut Histories<'s>) -> Exchange {
    let mut exchange = of_call(span, histories);
    if exchange.is_empty()
        && let Some(all) = span.attributes.get("pydantic_ai.all_messages")
    {
        exchange = finish(exchange.system, histories.messages_in(all), Vec::new());
    }
    exchange
}

fn shared(messages: Vec<Message>) -> Vec<Said> {
    messages.into_iter().map(Said::new).collect()
}

fn finish(mut system: Vec<String>, input: Vec<Said>, output: Vec<Said>) -> Exchange {
    let (instructions, input): (Vec<_>, Vec<_>) =
        input.into_iter().partition(|message| message.sender == Sender::System);
    system.extend(instructions.iter().map(|message| message.text.clone()).filter(|text| !text.is_empty()));
    let output = output.into_iter().filter(|message| message.sender != Sender::System && !message.is_blank()).collect();
    Exchange { system, input, output }
}

/// System instructions: a list of parts, or plain text.
fn system_text(value: &Value) -> Option<String> {
    let text = semconv::as_text(value)?;
    let raw = serde_json::from_str::<&RawValue>(&text);
    let parts = raw.map(|raw| message::content(raw).text).unwrap_or_default();
    Some(if parts.is_empty() { text } else { parts })
}

/// The messages of one side, the richest account found so far.
#[derive(Default)]
struct Side(Vec<Said>);

impl Side {
    fn offer(&mut self, messages: Vec<Said>) {
        if weight(&messages) > weight(&self.0) {
            self.0 = messages;
        }
    }

    fn from<'s>(
        &mut self,
        attributes: &'s Map<String, Value>,
        (flat, json): (&[&str], &[&str]),
        histories: &mut Histories<'s>,
    ) {
        for prefix in flat {
            self.offer(shared(flattened(attributes, prefix)));
        }
        for value in json.iter().filter_map(|key| semconv::get(attributes, key)) {
            self.offer(histories.messages_in(value));
        }
    }

    /// Messages in the generic input and output attributes, else their text as one message.
    fn loose(&mut self, attributes: &Map<String, Value>, keys: &[&str], sender: Sender) {
        let Some(text) = semconv::text(attributes, keys) else { return };
        match message::messages(&text) {
            Some(messages) => self.0 = shared(messages),
            // One instrumentation renders calls as prose here; that is no answer.
            None if text.starts_with("Function: ") => {}
            None => self.0 = shared(plain(&text).map(|text| Message::new(sender, text)).into_iter().collect()),
        }
    }
}

/// The words in a generic value: text, a JSON string, the one text of a `{"args": […], "kwargs": {}}` wrapper, or the
/// one text or the known member of an object.
fn plain(text: &str) -> Option<String> {
    let Ok(value) = serde_json::from_str::<Value>(text) else { return Some(text.to_owned()) };
    match value {
        Value::String(text) => Some(text),
        Value::Object(map) if map.is_empty() => None,
        Value::Object(map) => match map.get("args").and_then(Value::as_array).map(Vec::as_slice) {
            Some([Value::String(text)]) => Some(text.clone()),
            Some(_) => None,
            None => {
                let mut known = semconv::WORDS_WITHIN.iter().filter_map(|name| map.get(*name));
                let only = map.values().next().filter(|_| map.len() == 1);
                let words = known.next().or(only).and_then(Value::as_str);
                Some(words.unwrap_or(text).to_owned())
            }
        },
        Value::Null => None,
        _ => Some(text.to_owned()),
    }
}

/// How much an account tells: calls weigh most, because dialects that lose something lose those.
fn weight(messages: &[Said]) -> usize {
    messages.iter().map(|message| usize::from(!message.is_blank()) + 2 * message.calls.len()).sum()
}

/// Messages flattened into `PREFIX.N.…` keys, in numeric order of N.
fn flattened(attributes: &Map<String, Value>, prefix: &str) -> Vec<Message> {
    let mut by_index: BTreeMap<u32, Flat> = BTreeMap::new();
    for (key, value) in attributes {
        let Some(path) = key.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('.')) else { continue };
        let Some((index, path)) = path.split_once('.') else { continue };
        let (Ok(index), Some(text)) = (index.parse(), semconv::as_text(value)) else { continue };
        by_index.entry(index).or_default().set(path.strip_prefix("message.").unwrap_or(path), text);
    }
    by_index.into_values().flat_map(Flat::into_messages).collect()
}

/// A flattened message while its parts come in.
#[derive(Default)]
struct Flat {
    fields: BTreeMap<String, String>,
    parts: BTreeMap<u32, BTreeMap<String, String>>,
    calls: BTreeMap<u32, BTreeMap<String, String>>,
    results: Vec<Message>,
}

impl Flat {
    fn set(&mut self, path: &str, text: String) {
        let nested = |list: &str, item: &str| {
            let (index, field) = path.strip_prefix(list)?.split_once('.')?;
            Some((index.parse::<u32>().ok()?, field.strip_prefix(item).unwrap_or(field).to_owned()))
        };
        if let Some((index, field)) = nested("contents.", "message_content.") {
            self.parts.entry(index).or_default().insert(field, text);
        } else if let Some((index, field)) = nested("tool_calls.", "tool_call.") {
            self.calls.entry(index).or_default().insert(field, text);
        } else if path.starts_with("function.") {
            // AutoGen's results: several of them in one message, each as JSON.
            self.results.extend(message::result_of(&text));
        } else {
            self.fields.insert(path.to_owned(), text);
        }
    }

    fn into_messages(mut self) -> Vec<Message> {
        let results = std::mem::take(&mut self.results);
        if results.is_empty() { self.into_message().into_iter().collect() } else { results }
    }

    fn into_message(mut self) -> Option<Message> {
        let sender = self.fields.get("role").and_then(|role| Sender::parse(role));
        let mut message = Message::new(sender.or_else(|| self.guess())?, "");
        message.text = self.text();
        message.reasoning = self.reasoning();
        message.name = self.fields.remove("name");
        message.call_id = self.fields.remove("tool_call_id").filter(|_| message.sender == Sender::Tool);
        for mut call in self.calls.into_values() {
            let mut take = |names: [&str; 2]| names.iter().find_map(|name| call.remove(*name));
            if let Some(tool) = take(["function.name", "name"]) {
                let arguments = take(["function.arguments", "arguments"]).unwrap_or_else(|| "{}".to_owned());
                message.calls.push(Call { id: call.remove("id"), tool, arguments });
            }
        }
        if let (true, Some(tool)) = (message.calls.is_empty(), self.fields.remove("function_call_name")) {
            let arguments = self.fields.remove("function_call_arguments_json").unwrap_or_else(|| "{}".to_owned());
            message.calls.push(Call { id: None, tool, arguments });
        }
        Some(message)
    }

    fn guess(&self) -> Option<Sender> {
        (!self.calls.is_empty()).then_some(Sender::Assistant)
    }

    fn text(&mut self) -> String {
        if let Some(text) = self.fields.remove("content") {
            // Some packages write a list of parts as JSON text here.
            let raw = serde_json::from_str::<&serde_json::value::RawValue>(&text);
            let parts =
                raw.ok().filter(|raw| raw.get().starts_with("[{\"type\"")).map(|raw| message::content(raw).text);
            return parts.unwrap_or(text);
        }
        let texts = self.parts.values().filter_map(|part| match part.get("type").map(String::as_str) {
            None | Some("text" | "input_text" | "output_text" | "refusal") => part.get("text").cloned(),
            Some("reasoning" | "thinking" | "tool_use") => None,
            Some(other) => {
                let known = ["image", "audio", "video", "document", "file"];
                let word = known.iter().find(|word| other.contains(*word)).unwrap_or(&"part");
                Some(format!("[{word}]"))
            }
        });
        texts.collect::<Vec<_>>().join("\n")
    }

    fn reasoning(&self) -> Option<String> {
        let thinking = |part: &&BTreeMap<String, String>| {
            matches!(part.get("type").map(String::as_str), Some("reasoning" | "thinking"))
        };
        let texts: Vec<&str> =
            self.parts.values().filter(thinking).filter_map(|part| part.get("text").map(String::as_str)).collect();
        (!texts.is_empty()).then(|| texts.join("\n"))
    }
}

/// What a tool span was given, out of the wrappers that packages put around it.
pub(super) fn tool_arguments(span: &Span) -> Option<String> {
    semconv::text(&span.attributes, semconv::TOOL_ARGUMENTS).map(named_arguments)
}

fn named_arguments(text: String) -> String {
    let may_wrap = |(first, member): &&(&str, &str)| text.contains(first) && text.contains(member);
    if !semconv::ARGUMENTS_WITHIN.iter().any(|pair| may_wrap(&pair)) {
        return text;
    }
    named_within(&text).unwrap_or(text)
}

/// The arguments by name exactly as they were recorded; `None` where nothing is wrapped around them.
fn named_within(text: &str) -> Option<String> {
    let map = message::Object::parse(text)?;
    let (_, member) = semconv::ARGUMENTS_WITHIN.iter().find(|(first, member)| {
        // Alone, a name of two letters may be anybody's own.
        map.get(first).is_some() && (first != member || map.len() == 1)
    })?;
    // Arguments by position have no names to show.
    let positional = map.list("args").is_some_and(|args| !args.is_empty());
    let named = map.get(member).map(RawValue::get).filter(|named| named.starts_with('{'))?;
    (!positional).then(|| named.to_owned())
}

/// What a tool span gave back, out of the wrappers that frameworks put around it.
pub(super) fn tool_result(span: &Span) -> Option<String> {
    let text = semconv::text(&span.attributes, semconv::TOOL_RESULT)?;
    if text.starts_with('"') {
        // Written out as JSON although it was text.
        return Some(serde_json::from_str(&text).unwrap_or(text));
    }
    if span.attributes.contains_key(semconv::WRAPPED_RESULT)
        && let Some(result) = lone_result(&text)
    {
        return Some(result);
    }
    if text.starts_with('{') {
        // The role or type of every message that is a result holds one of these.
        let may_wrap = glance::may_say(&text, &[b"tool", b"func", b"ipyt"]);
        let wrapped = if may_wrap { message::messages(&text).and_then(|mut all| all.pop()) } else { None };
        if let Some(message) = wrapped.filter(|message| message.sender == Sender::Tool) {
            return Some(message.text);
        }
        let may_print = text.contains("content=") || text.contains("\\u");
        let printed = if may_print { serde_json::from_str::<BTreeMap<String, Value>>(&text).ok() } else { None };
        let printed = printed.filter(|map| map.len() == 1).and_then(|mut map| map.remove("output"));
        if let Some(Value::String(printed)) = printed
            && let Some(content) = printed.strip_prefix("content=").and_then(python::leading_string)
        {
            return Some(content);
        }
    }
    Some(text)
}

/// The result in `{"result": …}` exactly as it was recorded; `None` where more is said beside it.
fn lone_result(text: &str) -> Option<String> {
    let map = message::Object::parse(text).filter(|map| text.contains("result") && map.len() == 1)?;
    map.get("result").map(|raw| message::string(raw).unwrap_or_else(|| raw.get().to_owned()))
}

/// Messages that travelled as events or log records, in time order: what was heard and what was said.
fn of_events(events: &[SpanEvent]) -> (Vec<Message>, Vec<Message>) {
    let (mut heard, mut said) = (Vec::new(), Vec::new());
    let mut sorted: Vec<&SpanEvent> = events.iter().filter(|event| event.name.exact().starts_with("gen_ai.")).collect();
    sorted.sort_by_key(|event| event.at);
    for event in sorted {
        let sender = match event.name.exact() {
            "gen_ai.choice" => {
                let body = body(event);
                let index = body.get("index").and_then(Value::as_u64).unwrap_or(0);
                if index == 0 {
                    let inner = body.get("message").cloned().unwrap_or(Value::Object(body));
                    said.extend(with_role(inner, "assistant"));
                }
                continue;
            }
            "gen_ai.system.message" => "system",
            "gen_ai.user.message" => "user",
            "gen_ai.assistant.message" => "assistant",
            "gen_ai.tool.message" => "tool",
            _ => continue,
        };
        heard.extend(with_role(Value::Object(body(event)), sender));
    }
    (heard, said)
}

/// The content of a message event: its body, or its attributes where it has none.
fn body(event: &SpanEvent) -> Map<String, Value> {
    let told = ["body", "gen_ai.event.content"].iter().find_map(|key| event.attributes.get(*key));
    match told {
        Some(Value::Object(map)) => map.clone(),
        Some(Value::String(text)) => match serde_json::from_str(text) {
            Ok(Value::Object(map)) => map,
            _ => Map::from_iter([("content".to_owned(), Value::String(text.clone()))]),
        },
        _ => event.attributes.clone(),
    }
}

fn with_role(body: Value, role: &str) -> Vec<Message> {
    let Value::Object(mut map) = body else { return Vec::new() };
    map.entry("role").or_insert_with(|| role.into());
    message::messages(&Value::Object(map).to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn flattened_indexes_sort_as_numbers() {
        let mut attributes = Map::new();
        for index in [10, 2, 0] {
            attributes.insert(format!("llm.input_messages.{index}.message.role"), "user".into());
            attributes.insert(format!("llm.input_messages.{index}.message.content"), index.to_string().into());
        }
        let texts: Vec<String> =
            flattened(&attributes, "llm.input_messages").into_iter().map(|message| message.text).collect();
        assert_eq!(texts, ["0", "2", "10"]);
    }

    #[test]
    fn the_old_plain_flattening_is_read_too() {
        let json = json!({"gen_ai.completion.0.role": "assistant", "gen_ai.completion.0.tool_calls.0.name": "t",
            "gen_ai.completion.0.tool_calls.0.arguments": "{}", "gen_ai.completion.0.tool_calls.0.id": "c"});
        let Value::Object(attributes) = json else { return };
        let messages = flattened(&attributes, "gen_ai.completion");
        assert_eq!(messages[0].calls, [Call { id: Some("c".into()), tool: "t".into(), arguments: "{}".into() }]);
    }

    #[test]
    fn arguments_come_out_of_their_wrappers() {
        let asked = |value: &str| named_arguments(value.to_owned());
        let bare = r#"{"order_id":"BW-204"}"#;
        for wrapped in [
            r#"{"args": [], "kwargs": {"order_id": "BW-204"}}"#,
            r#"{"args": [], "sanitize_inputs_outputs": true, "kwargs": {"order_id": "BW-204"}}"#,
            r#"{"kw":{"order_id":"BW-204"}}"#,
            r#"{"tool_name": "get_order", "arguments": {"order_id": "BW-204"}}"#,
        ] {
            assert_eq!(asked(wrapped).replace(": ", ":"), bare, "{wrapped}");
        }
        let own = r#"{"kw":{"a":1},"limit":2}"#;
        for kept in [bare, r#"{"args": ["BW-204"], "kwargs": {}}"#, r#"{"args": "all"}"#, r#"{"kw":"#, own, "BW-204"] {
            assert_eq!(asked(kept), kept);
        }
        let exact = r#"{"n": 123456789012345678901234, "n": 1.0}"#;
        assert_eq!(asked(&format!(r#"{{ "kwargs" : {exact}, "args": [] }}"#)), exact, "order and spaces do not matter");
    }

    #[test]
    fn results_come_out_of_their_wrappers() {
        assert_eq!(lone_result(r#"{"result": "delivered"}"#).as_deref(), Some("delivered"));
        assert_eq!(lone_result(r#"{ "result" : 1.10 }"#).as_deref(), Some("1.10"));
        let failed = r#"{"result": "ledger answered 500", "is_error": true}"#;
        assert_eq!(lone_result(failed), None, "that it failed is not to be lost");
        assert_eq!(lone_result(r#"{"result": "cut o"#), None);
    }

    #[test]
    fn a_wrapped_argument_is_the_question() {
        assert_eq!(plain(r#"{"args": ["hello"], "kwargs": {}}"#).as_deref(), Some("hello"));
        assert_eq!(plain(r#"{"task": "hello", "stream": false}"#).as_deref(), Some("hello"));
        assert_eq!(plain(r#"{"message": "hello"}"#).as_deref(), Some("hello"));
        assert_eq!(plain(r#"{"a": "hello", "b": 1}"#).as_deref(), Some(r#"{"a": "hello", "b": 1}"#));
        assert_eq!(plain("{}"), None);
        assert_eq!(plain("hello").as_deref(), Some("hello"));
        assert_eq!(plain("\"hello\"").as_deref(), Some("hello"));
    }
}
