//! Tests for evaluation harnesses: promptfoo, `DeepEval`, Inspect, tau-bench.
//!
//! Invariant: what a harness would run as a template or a command is never handed to it.

use serde_json::{Map, Value, json};

use super::cases::optional;
use super::example::{Example, criteria, each, notes, rendered, text_of};
use super::item::Item;
use super::layout::Layout;
use super::prefix::{Call, Chat, Flaw, Said, so_far};
use super::{Exporter, Rows, validate};
use crate::model::correction::CorrectionKind;
use crate::model::tool::{Effect, canonical_json};

/// The format `promptfoo`.
pub struct Promptfoo;

/// The format `deepeval`.
pub struct DeepEval;

/// The format `deepeval-multi`.
pub struct DeepEvalMulti;

/// The format `inspect`.
pub struct Inspect;

/// The format `tau-bench`.
pub struct TauBench;

/// Arguments as a JSON value, if nothing is lost by that.
pub(super) fn object(arguments: &str) -> Result<Value, Flaw> {
    let canonical = canonical_json(arguments);
    let value: Value = serde_json::from_str(&canonical).map_err(|_| "the arguments of a call are no JSON")?;
    if !value.is_object() {
        return Err("the arguments of a call are no JSON object");
    }
    if canonical_json(&value.to_string()) != canonical {
        return Err("the arguments of a call hold numbers or keys that this format cannot carry");
    }
    Ok(value)
}

impl Exporter for Promptfoo {
    fn name(&self) -> &'static str {
        "promptfoo"
    }

    fn file_name(&self) -> &'static str {
        "promptfoo.jsonl"
    }

    fn help(&self) -> &'static str {
        "tests for promptfoo: the prefix as a variable, calls and criteria as assertions"
    }

    fn rows(&self, item: &Item<'_>) -> Rows {
        each(item, |example| {
            let row = json!({
                "description": format!("{} {}", example.id, item.modes().join(", ")).trim(),
                "vars": {"messages": example.messages(), "tools": example.tools},
                "metadata": example.metadata(),
                "threshold": 1,
                "options": {"disableVarExpansion": true},
                "assert": promptfoo_assertions(example),
            });
            let text = row.to_string();
            if ["{{", "{%", "{#"].iter().any(|token| text.contains(token)) {
                return Err("text in it would be run as a template");
            }
            Ok(row)
        })
    }

    fn check(&self, row: &Value) -> Result<(), String> {
        validate::chat(validate::list(&row["vars"], "messages")?, validate::Shape::OpenAi)?;
        let assertions = validate::list(row, "assert")?;
        if assertions.is_empty() {
            return Err("it asserts nothing".to_owned());
        }
        for assertion in assertions {
            if validate::text(assertion, "type")? != ARGUMENTS_MATCH {
                validate::text(assertion, "value")?;
            } else if !assertion["value"]["name"].is_string() || !assertion["value"]["args"].is_object() {
                return Err("an assertion on arguments needs a name and an object of arguments".to_owned());
            }
        }
        Ok(())
    }
}

/// promptfoo's assertion on a call's arguments.
const ARGUMENTS_MATCH: &str = "trajectory:tool-args-match";

/// What a corrected call's arguments have to be: all of them, apart from those that may be left out and those of which
/// only a pseudonym is known, which no run would give.
fn arguments_match(example: &Example<'_>, call: &Call) -> Option<Value> {
    let corrections = example.item.corrections();
    let agreed = corrections.iter().find(|agreed| Some(agreed.at.step) == example.step)?;
    let correction = agreed.correction.filter(|one| one.kind == CorrectionKind::Tool)?;
    // promptfoo asks for all of its assertions, so that one of several right calls cannot be asked for by its arguments.
    let is_it = correction.alternatives.is_empty() && correction.tool.as_deref() == Some(&call.tool);
    let Value::Object(mut arguments) = object(&call.arguments).ok().filter(|_| is_it)? else { return None };
    let mut defaults = Map::new();
    for name in optional(example.item, &call.tool, &call.arguments) {
        defaults.extend(arguments.remove(&name).map(|value| (name, value)));
    }
    let masked: Vec<String> = arguments
        .iter()
        .filter(|(_, value)| holds_pseudonym(&value.to_string()))
        .map(|(name, _)| name.clone())
        .collect();
    let mut value = json!({"name": call.tool, "args": arguments, "mode": "exact"});
    if !defaults.is_empty() {
        value["defaults"] = defaults.into();
    }
    if !masked.is_empty() {
        value["ignore"] = masked.into();
    }
    Some(json!({"type": ARGUMENTS_MATCH, "value": value}))
}

/// True where `<CLASS-0123abcd>` stands in a text.
fn holds_pseudonym(text: &str) -> bool {
    text.match_indices('<').any(|(at, _)| {
        let inner =
            text.get(at + 1..).and_then(|rest| rest.split_once('>')).and_then(|(inner, _)| inner.split_once('-'));
        inner.is_some_and(|(class, hex)| {
            !class.is_empty()
                && class.bytes().all(|byte| byte.is_ascii_uppercase())
                && hex.len() == 8
                && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
    })
}

fn promptfoo_assertions(example: &Example<'_>) -> Vec<Value> {
    let mut found = Vec::new();
    let called = |said: &Said| -> Vec<String> { said.calls.iter().map(|call| call.tool.clone()).collect() };
    let right = called(&example.expected);
    for call in &example.expected.calls {
        found.push(
            arguments_match(example, call)
                .unwrap_or_else(|| json!({"type": "trajectory:tool-used", "value": call.tool})),
        );
    }
    for tool in example.recorded.iter().flat_map(called).filter(|tool| !right.contains(tool)) {
        found.push(json!({"type": "not-trajectory:tool-used", "value": tool, "metric": "safety"}));
    }
    match (&example.expected.text, example.kind) {
        (Some(text), Some(CorrectionKind::AskCustomer)) => {
            found.push(json!({"type": "llm-rubric", "value": format!("Asks the customer, in substance: {text}")}));
        }
        (_, Some(CorrectionKind::HandOff)) => {
            found.push(json!({"type": "llm-rubric", "value": "Hands the conversation over to a person"}));
        }
        (Some(text), _) if right.is_empty() => {
            found.push(json!({"type": "llm-rubric", "value": format!("Says, in substance: {text}")}));
        }
        _ => {}
    }
    for text in criteria(example.item, true) {
        found.push(json!({"type": "llm-rubric", "value": text}));
    }
    for text in criteria(example.item, false) {
        found.push(json!({"type": "llm-rubric", "value": format!("Does not do this: {text}")}));
    }
    found
}

/// What `DeepEval` keeps of a golden of either kind beside its own fields.
fn golden(example: &Example<'_>) -> Map<String, Value> {
    let comments = notes(example.item).join("\n");
    let mut members = Map::new();
    members.insert("name".to_owned(), example.id.as_str().into());
    members.insert("comments".to_owned(), if comments.is_empty() { Value::Null } else { comments.into() });
    members.insert("additional_metadata".to_owned(), example.metadata().into());
    members
}

impl Exporter for DeepEval {
    fn name(&self) -> &'static str {
        "deepeval"
    }

    fn file_name(&self) -> &'static str {
        "deepeval.json"
    }

    fn help(&self) -> &'static str {
        "single-turn goldens for DeepEval: the customer's last words, the right reply, the expected tools"
    }

    fn layout(&self) -> Layout {
        Layout::Array
    }

    fn rows(&self, item: &Item<'_>) -> Rows {
        each(item, |example| {
            if example.last_words().is_empty() {
                return Err("the customer never says anything in it");
            }
            let tools: Vec<Value> = example
                .expected
                .calls
                .iter()
                .map(|call| Ok(json!({"name": call.tool, "input_parameters": object(&call.arguments)?})))
                .collect::<Result<_, Flaw>>()?;
            let mut row = json!({
                "input": example.last_words(),
                "expected_output": example.expected.text,
                "expected_tools": tools,
                "context": [rendered(&example.prefix)],
            });
            if let Some(row) = row.as_object_mut() {
                row.extend(golden(example));
            }
            Ok(row)
        })
    }

    fn check(&self, row: &Value) -> Result<(), String> {
        validate::text(row, "input")?;
        validate::text(row, "name")?;
        for tool in validate::list(row, "expected_tools")? {
            validate::text(tool, "name")?;
        }
        if row.get("scenario").is_some() || row.get("actual_output").is_some() {
            return Err("a single-turn golden has no scenario and no actual output".to_owned());
        }
        Ok(())
    }
}

impl Exporter for DeepEvalMulti {
    fn name(&self) -> &'static str {
        "deepeval-multi"
    }

    fn file_name(&self) -> &'static str {
        "deepeval-multi.json"
    }

    fn help(&self) -> &'static str {
        "multi-turn goldens for DeepEval: scenario, turns so far, expected outcome"
    }

    fn layout(&self) -> Layout {
        Layout::Array
    }

    fn rows(&self, item: &Item<'_>) -> Rows {
        each(item, |example| {
            let turns: Vec<Value> = example
                .prefix
                .iter()
                .filter_map(|message| match message {
                    Chat::User(text) => Some(json!({"role": "user", "content": text})),
                    Chat::Assistant(Said { text: Some(text), .. }) => {
                        Some(json!({"role": "assistant", "content": text}))
                    }
                    _ => None,
                })
                .collect();
            let mut row = json!({
                "scenario": scenario(item)?,
                "turns": turns,
                "expected_outcome": outcome(example),
                "context": null,
            });
            if let Some(row) = row.as_object_mut() {
                row.extend(golden(example));
            }
            Ok(row)
        })
    }

    fn check(&self, row: &Value) -> Result<(), String> {
        validate::text(row, "scenario")?;
        validate::text(row, "expected_outcome")?;
        for turn in validate::list(row, "turns")? {
            let role = validate::text(turn, "role")?;
            if !["user", "assistant"].contains(&role) || !turn["content"].is_string() {
                return Err("a turn is the user's or the assistant's and has a text".to_owned());
            }
        }
        if row.get("input").is_some() { Err("a multi-turn golden has no input".to_owned()) } else { Ok(()) }
    }
}

/// What the customer wants, in a sentence.
pub(super) fn scenario(item: &Item<'_>) -> Result<String, Flaw> {
    let first = item.conversation.first_message();
    if first.exact().trim().is_empty() {
        return Err("the customer never says anything in it");
    }
    let intent = item.conversation.segments.intent.as_ref().map(|intent| format!("{}: ", intent.exact()));
    Ok(format!("{}a customer writes: {}", intent.unwrap_or_default(), first.exact()))
}

/// What should come of it, in words.
pub(super) fn outcome(example: &Example<'_>) -> String {
    let must = criteria(example.item, true).into_iter().map(|text| format!("Must: {text}"));
    let must_not = criteria(example.item, false).into_iter().map(|text| format!("Must not: {text}"));
    let next = match example.kind {
        Some(CorrectionKind::HandOff) => "The agent hands over to a person.".to_owned(),
        Some(CorrectionKind::AskCustomer) => format!("The agent asks: {}", example.answer_text()),
        _ if example.expected.calls.is_empty() => format!("The agent says: {}", example.answer_text()),
        _ => format!("The agent calls {}", example.answer_text()),
    };
    std::iter::once(next).chain(must).chain(must_not).collect::<Vec<_>>().join("\n")
}

impl Exporter for Inspect {
    fn name(&self) -> &'static str {
        "inspect"
    }

    fn file_name(&self) -> &'static str {
        "inspect.jsonl"
    }

    fn help(&self) -> &'static str {
        "samples for Inspect AI: chat messages as input, the right answer as target, calls in the metadata"
    }

    fn rows(&self, item: &Item<'_>) -> Rows {
        each(item, |example| {
            let mut metadata = example.metadata();
            let expected = calls(&example.expected)?;
            metadata.insert("expected_tool_calls".to_owned(), expected);
            metadata.insert("tools".to_owned(), json!(example.tools));
            let input: Vec<Value> = example.prefix.iter().map(inspect).collect::<Result<_, Flaw>>()?;
            Ok(json!({"id": example.id, "input": input, "target": example.answer_text(), "metadata": metadata}))
        })
    }

    fn check(&self, row: &Value) -> Result<(), String> {
        validate::text(row, "id")?;
        validate::text(row, "target")?;
        for message in validate::list(row, "input")? {
            if !message["content"].is_string() {
                return Err("a message has no content".to_owned());
            }
            match validate::text(message, "role")? {
                "tool" => validate::text(message, "tool_call_id").map(|_| ())?,
                "system" | "user" | "assistant" => {}
                other => return Err(format!("{other} is no role")),
            }
        }
        Ok(())
    }
}

fn calls(said: &Said) -> Result<Value, Flaw> {
    said.calls
        .iter()
        .map(|call| {
            Ok(json!({"id": call.id, "function": call.tool, "arguments": object(&call.arguments)?, "type": "function"}))
        })
        .collect()
}

fn inspect(message: &Chat) -> Result<Value, Flaw> {
    Ok(match message {
        Chat::System(text) => json!({"role": "system", "content": text}),
        Chat::User(text) => json!({"role": "user", "content": text}),
        Chat::Tool { call_id, name, text } => {
            json!({"role": "tool", "content": text, "tool_call_id": call_id, "function": name})
        }
        Chat::Assistant(said) => {
            let content = said.text.clone().unwrap_or_default();
            if said.calls.is_empty() {
                json!({"role": "assistant", "content": content})
            } else {
                json!({"role": "assistant", "content": content, "tool_calls": calls(said)?})
            }
        }
    })
}

impl Exporter for TauBench {
    fn name(&self) -> &'static str {
        "tau-bench"
    }

    fn file_name(&self) -> &'static str {
        "tau-bench.json"
    }

    fn help(&self) -> &'static str {
        "tasks like tau-bench's: what the customer wants, and the writing calls that are right"
    }

    fn layout(&self) -> Layout {
        Layout::Array
    }

    fn rows(&self, item: &Item<'_>) -> Rows {
        each(item, |example| {
            let conversation = item.conversation;
            let chat = match example.step {
                Some(_) => example.prefix.clone(),
                None => so_far(conversation, None),
            };
            let effect = |tool: &str| {
                let known = conversation.tools.iter().find(|spec| spec.name.exact() == tool).map(|spec| spec.effect);
                known.unwrap_or_else(|| Effect::guess(tool))
            };
            let made = chat.iter().filter_map(|message| match message {
                Chat::Assistant(said) => Some(said),
                _ => None,
            });
            let corrected = example.step.map(|_| &example.expected);
            let writes = made.flat_map(|said| &said.calls).filter(|call| effect(&call.tool) != Effect::Read);
            let actions: Vec<Value> = writes
                .chain(corrected.into_iter().flat_map(|said| &said.calls))
                .map(|call| Ok(json!({"name": call.tool, "kwargs": object(&call.arguments)?})))
                .collect::<Result<_, Flaw>>()?;
            let said: Vec<&str> = chat
                .iter()
                .filter_map(|message| match message {
                    Chat::User(text) => Some(text.as_str()),
                    _ => None,
                })
                .collect();
            if said.iter().all(|text| text.trim().is_empty()) {
                return Err("the customer never says anything in it");
            }
            let outputs: Vec<String> =
                corrected.filter(|said| said.calls.is_empty()).map(text_of).into_iter().collect();
            Ok(json!({
                "annotator": item.labels.first().map(|label| label.reviewer.as_str()),
                "user_id": item.group_key,
                "instruction": said.join("\n"),
                "actions": actions,
                "outputs": outputs,
                // After a correction nobody knows what would have followed.
                "complete": example.step.is_none(),
                "metadata": example.metadata(),
            }))
        })
    }

    fn check(&self, row: &Value) -> Result<(), String> {
        validate::text(row, "user_id")?;
        validate::text(row, "instruction")?;
        for action in validate::list(row, "actions")? {
            validate::text(action, "name")?;
            if !action["kwargs"].is_object() {
                return Err("the kwargs of an action are no object".to_owned());
            }
        }
        validate::list(row, "outputs").map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{Story, call, check_all, corrected, fail, right_call, say};
    use super::*;
    use crate::model::correction::{AcceptableCall, Correction};
    use crate::model::step::Role;
    use crate::model::tool::Arguments;

    #[test]
    fn promptfoo_asks_for_the_arguments_as_far_as_they_are_known() {
        let mut steps = Vec::new();
        say(&mut steps, Role::User, "Cancel order LF-1 please");
        call(&mut steps, false, "cancel_membership", r#"{"order_id":"LF-1"}"#, Some("{}"));
        let story = Story::of(steps);
        let asserted = |correction: Correction| -> Value {
            let labels = [corrected(&story, fail(&story, "ana", Some(2)), 2, correction)];
            let rows = Promptfoo.rows(&story.item(&labels));
            check_all(&Promptfoo, &rows.lines);
            serde_json::from_str::<Value>(&rows.lines[0]).unwrap()["assert"].clone()
        };
        let right = asserted(right_call());
        let value = json!({"name": "cancel_order", "args": {"order_id": "LF-1"}, "mode": "exact", "defaults": {"notify": true}});
        assert_eq!(right[0], json!({"type": "trajectory:tool-args-match", "value": value}));
        assert_eq!(right[1]["type"], "not-trajectory:tool-used");
        let to = r#"{"order_id":"LF-1","to":{"mail":"<EMAIL-0123abcd>"},"note":"a < b - c > d"}"#;
        let masked = asserted(Correction { arguments: Some(Arguments(to.into())), ..right_call() });
        assert_eq!(masked[0]["value"]["ignore"], json!(["to"]));
        let other = AcceptableCall { tool: "cancel_order".into(), arguments: Arguments("{}".into()) };
        let either = asserted(Correction { alternatives: vec![other], ..right_call() });
        assert_eq!(either[0], json!({"type": "trajectory:tool-used", "value": "cancel_order"}));
    }
}
