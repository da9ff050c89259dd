//! Rows for TRL's other trainers: supervised, unpaired preference (KTO), stepwise reward models.
//!
//! Invariant: only messages somebody found right are completions to learn from; a stepwise row ends at the first failing
//! step.

use serde_json::{Value, json};

use super::example::{each, rendered, text_of};
use super::harness::object;
use super::item::Item;
use super::openai_sft::{Tool, tools, weight};
use super::prefix::{Chat, Decision, Flaw, Said, decisions, so_far, story};
use super::trl_preference::{message, said, same};
use super::{Exporter, Rows, validate};
use crate::model::label::Verdict;
use crate::model::step::Step;

/// The format `trl-sft`.
pub struct TrlSft;

/// The format `trl-kto`.
pub struct TrlKto;

/// The format `trl-stepwise`.
pub struct TrlStepwise;

/// Messages as TRL reads them.
fn messages(chat: &[Chat]) -> Result<Value, Flaw> {
    let turn = |one: &Chat| {
        if let Chat::Assistant(words) = one {
            carried(words)?;
        }
        message(one)
    };
    let list: Vec<_> = chat.iter().map(turn).collect::<Result<_, Flaw>>()?;
    serde_json::to_value(list).map_err(|_| UNWRITTEN)
}

/// A completing message as TRL reads it.
fn completing(words: &Said) -> Result<Value, Flaw> {
    carried(words)?;
    serde_json::to_value(said(words)?).map_err(|_| UNWRITTEN)
}

const UNWRITTEN: Flaw = "a message could not be written as JSON";

/// That no number of the calls would be rounded, or be none any more.
fn carried(words: &Said) -> Result<(), Flaw> {
    words.calls.iter().try_for_each(|call| object(&call.arguments).map(|_| ()))
}

/// Checks a prompt and one completing message.
fn check_completion(row: &Value) -> Result<(), String> {
    let prompt = validate::list(row, "prompt")?;
    let [last] = validate::list(row, "completion")?.as_slice() else {
        return Err("completion is not one message".to_owned());
    };
    if last["role"] != "assistant" {
        return Err("the completion is not the assistant's".to_owned());
    }
    let whole: Vec<Value> = prompt.iter().chain([last]).cloned().collect();
    validate::chat(&whole, validate::Shape::Trl)?;
    validate::tools(row)
}

impl Exporter for TrlSft {
    fn name(&self) -> &'static str {
        "trl-sft"
    }

    fn file_name(&self) -> &'static str {
        "trl-sft.jsonl"
    }

    fn help(&self) -> &'static str {
        "fine-tuning rows for TRL: prompt and completion, one for each message somebody found right"
    }

    fn rows(&self, item: &Item<'_>) -> Rows {
        let mut rows = Rows::default();
        let story = match story(item) {
            Ok(story) => story,
            Err(flaw) => {
                rows.leave_out(item, None, flaw);
                return rows;
            }
        };
        for (at, chat) in story.messages.iter().enumerate() {
            let Chat::Assistant(words) = chat else { continue };
            if weight(item, &story.messages, words) != 1 {
                continue;
            }
            let (offered, complete) = tools(item, None, &story.messages[..=at]);
            if !complete {
                rows.warn(item, "a call names a tool that was not offered");
            }
            let made = messages(&story.messages[..at]).and_then(|prompt| Ok((prompt, completing(words)?)));
            match made {
                Ok((prompt, completion)) => {
                    rows.push(item, &json!({"prompt": prompt, "completion": [completion], "tools": offered}));
                }
                Err(flaw) => rows.leave_out(item, Some(words.step), flaw),
            }
        }
        if rows.lines.is_empty() && rows.left_out.is_empty() {
            rows.leave_out(item, None, "nothing in it was found right");
        }
        rows
    }

    fn check(&self, row: &Value) -> Result<(), String> {
        check_completion(row)
    }
}

impl Exporter for TrlKto {
    fn name(&self) -> &'static str {
        "trl-kto"
    }

    fn file_name(&self) -> &'static str {
        "trl-kto.jsonl"
    }

    fn help(&self) -> &'static str {
        "unpaired preferences for TRL's KTO: a completion, and whether it is what should have come"
    }

    fn rows(&self, item: &Item<'_>) -> Rows {
        let row = |(prefix, offered): (&[Chat], &[Tool]), completion: &Said, label: bool| -> Result<Value, Flaw> {
            let (prompt, completion) = (messages(prefix)?, [completing(completion)?]);
            Ok(json!({"prompt": prompt, "completion": completion, "label": label, "tools": offered}))
        };
        let mut rows = each(item, |example| row((&example.prefix, &example.tools), &example.expected, true));
        // What was wrong is wrong also where nobody could write what is right.
        for Decision { step, prefix, recorded, corrected, .. } in decisions(item).0 {
            let right = corrected.as_ref().unwrap_or(&recorded);
            if corrected.is_ok() && same(&recorded, right) {
                continue;
            }
            let whole: Vec<Chat> = prefix.iter().cloned().chain([Chat::Assistant(right.clone())]).collect();
            match row((&prefix, &tools(item, Some(step), &whole).0), &recorded, false) {
                Ok(row) => rows.push(item, &row),
                Err(flaw) if rows.left_out.iter().any(|left| (left.step, left.reason) == (Some(step.number), flaw)) => {
                }
                Err(flaw) => rows.leave_out(item, Some(step.number), flaw),
            }
        }
        rows
    }

    fn check(&self, row: &Value) -> Result<(), String> {
        if !row["label"].is_boolean() {
            return Err("label is neither true nor false".to_owned());
        }
        check_completion(row)
    }
}

impl Exporter for TrlStepwise {
    fn name(&self) -> &'static str {
        "trl-stepwise"
    }

    fn file_name(&self) -> &'static str {
        "trl-stepwise.jsonl"
    }

    fn help(&self) -> &'static str {
        "steps with good and bad for TRL's reward models: good before the first failing step, bad at it"
    }

    fn rows(&self, item: &Item<'_>) -> Rows {
        let mut rows = Rows::default();
        match stepwise(item) {
            Ok(row) => rows.push(item, &row),
            Err(flaw) => rows.leave_out(item, None, flaw),
        }
        rows
    }

    fn check(&self, row: &Value) -> Result<(), String> {
        validate::text(row, "prompt")?;
        let (steps, labels) = (validate::list(row, "completions")?, validate::list(row, "labels")?);
        if steps.is_empty() || steps.len() != labels.len() {
            return Err("there is not one label for each step".to_owned());
        }
        if steps.iter().any(|step| !step.is_string()) || labels.iter().any(|label| !label.is_boolean()) {
            return Err("steps are texts and labels true or false".to_owned());
        }
        match labels.iter().position(|label| label == false) {
            Some(at) if at + 1 != labels.len() => Err("something follows the first bad step".to_owned()),
            _ => Ok(()),
        }
    }
}

fn stepwise(item: &Item<'_>) -> Result<Value, Flaw> {
    let facing: Vec<&Step> = item.conversation.steps.iter().filter(|step| step.depth == 0).collect();
    let failed = match item.verdict {
        Verdict::Pass => None,
        Verdict::Fail => Some(item.first_failure().ok_or("it failed at no single step")?.step),
        Verdict::Unsure => return Err("nobody could tell whether it is right"),
    };
    if failed.is_some_and(|failed| facing.iter().all(|step| step.number != failed)) {
        return Err("the failing step is in another agent's work");
    }
    let chat = so_far(item.conversation, failed);
    let first = chat.iter().position(|message| matches!(message, Chat::Assistant(_)));
    let first = first.ok_or("the agent never says anything in it")?;
    if first == 0 {
        return Err("nothing comes before the agent's first words");
    }
    let (mut steps, mut labels, mut between): (Vec<String>, Vec<bool>, Vec<String>) = Default::default();
    for message in &chat[first..] {
        match message {
            Chat::Assistant(words) => {
                between.push(text_of(words));
                steps.push(std::mem::take(&mut between).join("\n"));
                let bad = words.step.max(words.calls.iter().map(|call| call.step).max().unwrap_or(0));
                labels.push(failed.is_none_or(|failed| bad < failed));
            }
            other => between.push(rendered(std::slice::from_ref(other))),
        }
    }
    Ok(json!({"prompt": rendered(&chat[..first]), "completions": steps, "labels": labels}))
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{Story, call, check_all, corrected, correction, fail, right_call, say};
    use super::*;
    use crate::model::correction::CorrectionKind;
    use crate::model::step::Role;

    #[test]
    fn what_was_wrong_is_a_row_where_nobody_can_write_what_is_right() {
        let mut steps = Vec::new();
        say(&mut steps, Role::User, "Cancel order LF-1 please");
        call(&mut steps, false, "cancel_membership", r#"{"order_id":"LF-1"}"#, Some("{}"));
        let story = Story::of(steps);
        let labels = |correction| {
            let labels = [corrected(&story, fail(&story, "ana", Some(2)), 2, correction)];
            let rows = TrlKto.rows(&story.item(&labels));
            check_all(&TrlKto, &rows.lines);
            let label = |line: &String| serde_json::from_str::<Value>(line).unwrap()["label"] == true;
            (rows.lines.iter().map(label).collect::<Vec<_>>(), rows.left_out.len())
        };
        assert_eq!(labels(right_call()), (vec![true, false], 0));
        // Nothing should be called, and what should have been said nobody says.
        assert_eq!(labels(correction(CorrectionKind::NoCall)), (vec![false], 1));
    }
}
