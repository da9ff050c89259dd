//! Rows for simulations and for judges: FutureAGI's scenarios, few-shot examples.
//!
//! Invariant: an example for a judge ends where the judged failure is; what came after it is not shown.

use serde_json::{Value, json};

use super::example::{criteria, each, metadata, notes, rendered};
use super::harness::{outcome, scenario};
use super::item::Item;
use super::prefix::so_far;
use super::{Exporter, Rows, validate};
use crate::model::label::Verdict;

/// The format `futureagi`.
pub struct FutureAgi;

/// The format `few-shot`.
pub struct FewShot;

impl Exporter for FutureAgi {
    fn name(&self) -> &'static str {
        "futureagi"
    }

    fn file_name(&self) -> &'static str {
        "futureagi.jsonl"
    }

    fn help(&self) -> &'static str {
        "scenario rows for FutureAGI's simulations: persona, situation, expected outcome"
    }

    fn rows(&self, item: &Item<'_>) -> Rows {
        each(item, |example| {
            let segments = &item.conversation.segments;
            let known = [("channel", &segments.channel), ("tier", &segments.tier), ("language", &segments.language)];
            let persona: serde_json::Map<String, Value> = known
                .into_iter()
                .filter_map(|(name, text)| Some((name.to_owned(), Value::from(text.as_ref()?.exact()))))
                .chain([("role".to_owned(), "customer".into())])
                .collect();
            Ok(json!({
                "name": example.id,
                "persona": persona,
                "situation": scenario(item)?,
                "outcome": outcome(example),
                "transcript": rendered(&example.prefix),
                "metadata": example.metadata(),
            }))
        })
    }

    fn check(&self, row: &Value) -> Result<(), String> {
        for field in ["name", "situation", "outcome"] {
            validate::text(row, field)?;
        }
        if row["persona"].is_object() { Ok(()) } else { Err("persona is no object".to_owned()) }
    }
}

impl Exporter for FewShot {
    fn name(&self) -> &'static str {
        "few-shot"
    }

    fn file_name(&self) -> &'static str {
        "few-shot.jsonl"
    }

    fn help(&self) -> &'static str {
        "examples for the prompt of a judge: the conversation up to its failure, critique, verdict"
    }

    fn rows(&self, item: &Item<'_>) -> Rows {
        let mut rows = Rows::default();
        if item.verdict == Verdict::Unsure {
            rows.leave_out(item, None, "nobody could tell whether it is right");
            return rows;
        }
        // The first failure ends it; so does a correction, since what was recorded after it counts no more.
        let corrected =
            item.corrections().into_iter().find(|agreed| agreed.correction.is_none_or(|c| !c.remainder_valid));
        let ends = [item.first_failure().map(|at| at.step), corrected.map(|agreed| agreed.at.step)];
        let nested = |number: &u32| item.conversation.steps.iter().any(|step| step.number == *number && step.depth > 0);
        let end = ends.into_iter().flatten().min();
        if end.as_ref().is_some_and(nested) {
            rows.leave_out(item, end, "the failing step is in another agent's work");
            return rows;
        }
        let transcript = rendered(&so_far(item.conversation, end));
        if transcript.trim().is_empty() {
            rows.leave_out(item, None, "there is nothing in it");
            return rows;
        }
        let modes: Vec<Value> = item
            .modes()
            .into_iter()
            .map(|key| {
                let mode = item.codebook.mode(key);
                json!({"key": key, "name": item.codebook.name_of(key), "definition": mode.map(|mode| &mode.description)})
            })
            .collect();
        let critique = notes(item).join("\n");
        rows.push(
            item,
            &json!({
                "conversation": transcript,
                "critique": if critique.is_empty() { None } else { Some(critique) },
                "verdict": item.verdict.word(),
                "modes": modes,
                "must": criteria(item, true),
                "must_not": criteria(item, false),
                "metadata": metadata(item),
            }),
        );
        rows
    }

    fn check(&self, row: &Value) -> Result<(), String> {
        validate::text(row, "conversation")?;
        match validate::text(row, "verdict")? {
            "pass" | "fail" => Ok(()),
            other => Err(format!("{other} is no verdict to learn from")),
        }
    }
}
