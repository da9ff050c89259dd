//! One decision with what led up to it, what should have come and what did come: what most formats are made from.
//!
//! Invariant: nothing at or after a cut is in it; a failed decision without a correction is no example.

use serde_json::{Map, Value, json};

use super::Rows;
use super::item::Item;
use super::openai_sft::{Tool, openai, tools};
use super::prefix::{Chat, Flaw, Said, decisions, name_calls, story};
use crate::model::correction::CorrectionKind;
use crate::model::label::Verdict;
use crate::model::tool::canonical_json;

/// One decision.
pub struct Example<'a> {
    /// Its name, stable for the same judged text.
    pub id: String,
    /// What led up to it.
    pub prefix: Vec<Chat>,
    /// What should come.
    pub expected: Said,
    /// What came, where that was wrong.
    pub recorded: Option<Said>,
    /// The step; `None` for the end of a good conversation.
    pub step: Option<u32>,
    /// The span of that step.
    pub span: Option<(String, String)>,
    /// What kind of correction it is.
    pub kind: Option<CorrectionKind>,
    /// The tools offered.
    pub tools: Vec<Tool>,
    /// Whose example it is.
    pub item: &'a Item<'a>,
}

/// The examples of an item; what gives none, and what deserves a look, goes to `rows`.
pub fn examples<'a>(item: &'a Item<'_>, rows: &mut Rows) -> Vec<Example<'a>> {
    let mut found = Vec::new();
    let (decided, left_out) = decisions(item);
    let corrected = !decided.is_empty() || !left_out.is_empty();
    for (step, flaw) in left_out {
        rows.leave_out(item, Some(step), flaw);
    }
    for decision in decided {
        let expected = match decision.corrected {
            Ok(expected) => expected,
            Err(flaw) => {
                rows.leave_out(item, Some(decision.step.number), flaw);
                continue;
            }
        };
        let whole: Vec<Chat> = decision.prefix.iter().cloned().chain([Chat::Assistant(expected.clone())]).collect();
        let (tools, complete) = tools(item, Some(decision.step), &whole);
        if !complete {
            rows.warn(item, "a call names a tool that was not offered");
        }
        let span = decision.step.span.as_ref().or(decision.step.decision.as_ref());
        found.push(Example {
            id: format!("{}-s{}", item.conversation.id, decision.step.number),
            prefix: decision.prefix,
            expected,
            recorded: Some(decision.recorded),
            step: Some(decision.step.number),
            span: span.map(|span| (span.trace_id.clone(), span.span_id.clone())),
            kind: decision.agreed.correction.map(|correction| correction.kind),
            tools,
            item,
        });
    }
    if !corrected {
        match ending(item) {
            Ok(example) => found.push(example),
            Err(flaw) => rows.leave_out(item, None, flaw),
        }
    }
    found
}

/// The last decision of a good conversation.
fn ending<'a>(item: &'a Item<'_>) -> Result<Example<'a>, Flaw> {
    if item.verdict != Verdict::Pass {
        return Err("it did not pass and nothing was corrected");
    }
    let mut prefix = story(item)?.messages;
    let Some(Chat::Assistant(expected)) = prefix.pop() else { return Err("the agent never says anything in it") };
    let step = item.conversation.steps.iter().find(|step| step.number == expected.step);
    let span = step.and_then(|step| step.span.as_ref().or(step.decision.as_ref()));
    Ok(Example {
        id: item.conversation.id.to_string(),
        tools: tools(item, None, &prefix).0,
        span: span.map(|span| (span.trace_id.clone(), span.span_id.clone())),
        prefix,
        expected,
        recorded: None,
        step: None,
        kind: None,
        item,
    })
}

impl Example<'_> {
    /// What led up to it, in OpenAI's form.
    pub fn messages(&self) -> Vec<Value> {
        self.prefix.iter().map(|message| openai(message, None)).collect()
    }

    /// What should come, in OpenAI's form.
    pub fn answer(&self) -> Value {
        message(&self.prefix, &self.expected)
    }

    /// What came instead, in OpenAI's form.
    pub fn wrong(&self) -> Option<Value> {
        self.recorded.as_ref().map(|recorded| message(&self.prefix, recorded))
    }

    /// What should come, as text: what is said, else the calls.
    pub fn answer_text(&self) -> String {
        text_of(&self.expected)
    }

    /// What the customer said last before it.
    pub fn last_words(&self) -> &str {
        let words = self.prefix.iter().rev().find_map(|message| match message {
            Chat::User(text) => Some(text.as_str()),
            _ => None,
        });
        words.unwrap_or_default()
    }

    /// Where it comes from and what was said of it.
    pub fn metadata(&self) -> Map<String, Value> {
        let mut members = metadata(self.item);
        members.insert("step".to_owned(), json!(self.step));
        members.insert("correction".to_owned(), json!(self.kind));
        members
    }
}

/// A message after others, its calls named so that no id comes twice.
fn message(prefix: &[Chat], said: &Said) -> Value {
    let mut whole: Vec<Chat> = prefix.to_vec();
    whole.push(Chat::Assistant(said.clone()));
    name_calls(&mut whole);
    whole.last().map(|message| openai(message, None)).unwrap_or_default()
}

/// A message as text: what is said, and the calls as `tool({"argument": value})`.
pub fn text_of(said: &Said) -> String {
    let calls = said.calls.iter().map(|call| format!("{}({})", call.tool, canonical_json(&call.arguments)));
    said.text.iter().cloned().chain(calls).collect::<Vec<_>>().join("\n")
}

/// A chat as text, for judges and for formats without messages.
pub fn rendered(messages: &[Chat]) -> String {
    let lines = messages.iter().map(|message| match message {
        Chat::System(text) => format!("[system] {text}"),
        Chat::User(text) => format!("[customer] {text}"),
        Chat::Assistant(said) => format!("[agent] {}", text_of(said)),
        Chat::Tool { name, text, .. } => format!("[result of {name}] {text}"),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The acceptance criteria of all labels, `must` or `must not`, each once.
pub fn criteria<'a>(item: &Item<'a>, must: bool) -> Vec<&'a str> {
    let mut found: Vec<&str> = Vec::new();
    for criterion in item.labels.iter().flat_map(|label| &label.criteria) {
        if criterion.must == must && !found.contains(&criterion.text.as_str()) {
            found.push(&criterion.text);
        }
    }
    found
}

/// The notes of all labels on the conversation, each once.
pub fn notes<'a>(item: &Item<'a>) -> Vec<&'a str> {
    let mut found: Vec<&str> = Vec::new();
    for note in item.labels.iter().flat_map(|label| &label.notes) {
        if !found.contains(&note.text.as_str()) {
            found.push(&note.text);
        }
    }
    found
}

/// Where a row comes from and what was said of it.
pub fn metadata(item: &Item<'_>) -> Map<String, Value> {
    let conversation = item.conversation;
    let members = json!({
        "conversation_id": conversation.id.as_str(),
        "transcript_hash": item.transcript_hash.as_str(),
        "verdict": item.verdict.word(),
        "first_failure_step": item.first_failure().map(|at| at.step),
        "modes": item.modes(),
        "severity": item.severity(),
        "must": criteria(item, true),
        "must_not": criteria(item, false),
        "intent": conversation.segments.intent.as_ref().map(crate::text::Untrusted::exact),
        "group_key": item.group_key,
        "split": item.provenance.split,
        "agreement": item.provenance.agreement,
        "inclusion_probability": item.provenance.inclusion_probability,
        "codebook_version": item.codebook.version,
        "label_events": item.labels.iter().flat_map(|label| &label.events).collect::<Vec<_>>(),
    });
    match members {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// The rows of a format that makes one of each example.
pub fn each(item: &Item<'_>, row: impl Fn(&Example<'_>) -> Result<Value, Flaw>) -> Rows {
    let mut rows = Rows::default();
    for example in examples(item, &mut rows) {
        match row(&example) {
            Ok(row) => rows.push(item, &row),
            Err(flaw) => rows.leave_out(item, example.step, flaw),
        }
    }
    rows
}
