//! What `OpenAI`'s services hand out beside chat lists: Responses items, stored completions, lines of batches.
//!
//! Invariant: the request comes before the response; alternatives beyond the first choice were never said.

use serde_json::Value;

use super::chat::Told;
use super::decode::Decoder;
use super::export::Fields;
use super::langchain::finish;
use super::message::{Call, Message, Sender, list, messages, string};
use super::problem::ProblemKind;
use super::tools;

/// True for a request, a response, or both in one record.
pub(super) fn is(row: &Fields<'_>) -> bool {
    let object = row.text("object").unwrap_or_default();
    let stored = matches!(object.as_str(), "chat.completion" | "response") && (row.has("choices") || row.has("output"));
    let batch = row.has("customid") && (row.has("response") || row.has("body"));
    let pair = row.object("request").is_some() && row.object("response").is_some();
    let sides = row.get("input").is_some_and(|raw| raw.get().starts_with(['[', '"']))
        && row.get("output").is_some_and(|raw| raw.get().starts_with('['));
    stored || batch || pair || (sides && !row.has("spankind") && !row.has("type"))
}

/// True for an item of a Responses list, or a chat message, that stands in an array of its own.
pub(super) fn is_item(item: &Fields<'_>) -> bool {
    let kind = item.text("type").unwrap_or_default();
    let typed = kind == "reasoning" || kind.ends_with("_call") || kind.ends_with("_call_output");
    let says = item.has("content") || item.has("toolcalls") || item.has("functioncall");
    (typed && !item.has("object") && !item.has("traceid")) || (item.has("role") && says && !item.has("messages"))
}

/// The messages of a list, item by item: one that is not understood costs itself only.
pub(super) fn items(list_text: &str) -> Vec<Message> {
    list(list_text).unwrap_or_default().into_iter().flat_map(|raw| item(raw.get())).collect()
}

fn item(text: &str) -> Vec<Message> {
    let Some(item) = Fields::parse(text) else { return Vec::new() };
    let kind = item.text("type").unwrap_or_default();
    let id = item.first(&["callid", "id"]);
    if kind.ends_with("_call_output") && kind != "function_call_output" {
        return item.json("output").map(|text| result(id, text)).into_iter().collect();
    }
    // Calls that the service itself carried out: searches, code, shells, remote tools.
    let own = kind.strip_suffix("_call").filter(|name| !matches!(*name, "function" | "tool" | ""));
    let Some(name) = own else { return messages(text).unwrap_or_default() };
    let arguments = ["arguments", "input", "action", "queries", "code"].iter().find_map(|name| item.json(name));
    let mut call = Message::new(Sender::Assistant, "");
    call.calls.push(Call {
        id: id.clone(),
        tool: item.text("name").unwrap_or_else(|| name.to_owned()),
        arguments: arguments.unwrap_or_else(|| "{}".to_owned()),
    });
    let answer = ["error", "output", "results", "outputs"].iter().find_map(|name| item.json(name));
    let answer = answer.map(|text| Message { failed: item.get("error").is_some(), ..result(id, text) });
    std::iter::once(call).chain(answer).collect()
}

fn result(id: Option<String>, text: String) -> Message {
    Message { call_id: id, ..Message::new(Sender::Tool, text) }
}

/// Reads one record.
pub(super) fn record(decoder: &mut Decoder<'_, '_>, row: &Fields<'_>) {
    let mut told = Told::default();
    let (request, response) = (side(row, "request"), side(row, "response"));
    let body = row.object("body");
    let asked: Vec<&Fields<'_>> = [request.as_ref(), body.as_ref(), Some(row)].into_iter().flatten().collect();
    let answered: Vec<&Fields<'_>> = [response.as_ref(), Some(row)].into_iter().flatten().collect();
    let mut all = asked.iter().map(|fields| heard(fields)).find(|heard| !heard.is_empty()).unwrap_or_default();
    all.extend(answered.iter().map(|fields| said(fields)).find(|said| !said.is_empty()).unwrap_or_default());
    let everywhere = || std::iter::once(row).chain(response.iter()).chain(request.iter()).chain(body.iter());
    told.external_id = name(row, response.as_ref());
    told.started_at =
        everywhere().find_map(|fields| ["created", "createdat", "timestamp"].iter().find_map(|key| fields.time(key)));
    let definitions = asked.iter().chain(&answered).find_map(|fields| fields.get("tools"));
    let definitions = definitions.map(|raw| tools::tools(raw.get())).unwrap_or_default();
    for fields in everywhere() {
        if let Some(Value::Object(metadata)) = fields.value("metadata") {
            metadata.iter().for_each(|(key, value)| told.gathered.member(key, value));
        }
    }
    if let Some(model) = everywhere().find_map(|fields| fields.text("model")) {
        told.gathered.member("model", &model.into());
    }
    let failed = row.object("error").or_else(|| response.as_ref()?.object("error")).is_some();
    if failed {
        told.gathered.member("run_error", &Value::Bool(true));
    }
    if all.iter().all(|message| message.sender == Sender::System || message.is_blank()) {
        let why = if failed { "a request that failed: nothing was said" } else { "no messages with content" };
        return decoder.problem(ProblemKind::BadMessage, 1, why);
    }
    finish(decoder, told, (all, definitions));
}

/// One side of a pair, out of the envelope of a batch.
fn side<'a>(row: &Fields<'a>, name: &str) -> Option<Fields<'a>> {
    let outer = row.object(name)?;
    Some(outer.object("body").unwrap_or(outer))
}

fn name(row: &Fields<'_>, response: Option<&Fields<'_>>) -> Option<String> {
    let conversation =
        |fields: &Fields<'_>| fields.text("conversation").or_else(|| fields.object("conversation")?.text("id"));
    row.text("conversationid")
        .or_else(|| conversation(row))
        .or_else(|| row.text("customid"))
        .or_else(|| conversation(response?))
        .or_else(|| row.text("id"))
        .or_else(|| response?.text("id"))
}

/// What the model was given.
fn heard(fields: &Fields<'_>) -> Vec<Message> {
    let mut all = Vec::new();
    if let Some(instructions) = fields.text("instructions") {
        all.push(Message::new(Sender::System, instructions));
    }
    for name in ["messages", "input"] {
        let Some(raw) = fields.get(name) else { continue };
        match string(raw) {
            Some(text) => all.push(Message::new(Sender::User, text)),
            None => all.extend(items(raw.get())),
        }
        break;
    }
    if all.iter().all(|message| message.sender == Sender::System) { Vec::new() } else { all }
}

/// What it answered.
fn said(fields: &Fields<'_>) -> Vec<Message> {
    if let Some(raw) = fields.get("choices") {
        return messages(&format!("{{\"choices\":{}}}", raw.get())).unwrap_or_default();
    }
    match fields.get("output") {
        Some(raw) => match string(raw) {
            Some(text) => vec![Message::new(Sender::Assistant, text)],
            None => items(raw.get()),
        },
        None => Vec::new(),
    }
}
