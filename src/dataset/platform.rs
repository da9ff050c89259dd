//! Dataset rows of platforms: `LangSmith`, Langfuse, Phoenix, `MLflow`.
//!
//! Invariant: the same example everywhere: messages and tools as input, the right message as output, and where it comes
//! from as metadata.

use serde_json::{Value, json};

use super::example::{Example, criteria, each};
use super::item::Item;
use super::layout::Layout;
use super::{Exporter, Rows, validate};
use crate::model::codebook::slug;

/// What a dataset is called where the export is of none.
const UNNAMED: &str = "aftercall";

/// The format `langsmith`.
pub struct LangSmith;

/// The format `langfuse`.
pub struct Langfuse;

/// The format `phoenix`.
pub struct Phoenix;

/// The format `mlflow`.
pub struct Mlflow;

fn input(example: &Example<'_>) -> Value {
    json!({"messages": example.messages(), "tools": example.tools})
}

/// Checks messages, tools and one right message.
fn check_pair(input: &Value, answer: &Value) -> Result<(), String> {
    let messages = validate::list(input, "messages")?;
    if answer["role"] != "assistant" {
        return Err("the output is not the assistant's".to_owned());
    }
    let whole: Vec<Value> = messages.iter().chain([answer]).cloned().collect();
    validate::chat(&whole, validate::Shape::OpenAi)?;
    validate::tools(input)
}

/// The criteria as named assertions.
fn assertions(item: &Item<'_>) -> Vec<Value> {
    let named = |must: bool, lead: &'static str| {
        criteria(item, must)
            .into_iter()
            .enumerate()
            .map(move |(at, text)| json!({"key": format!("{lead}_{}_{}", at + 1, slug(text)), "comment": text}))
    };
    named(true, "must").chain(named(false, "must_not")).collect()
}

impl Exporter for LangSmith {
    fn name(&self) -> &'static str {
        "langsmith"
    }

    fn file_name(&self) -> &'static str {
        "langsmith.jsonl"
    }

    fn help(&self) -> &'static str {
        "examples for LangSmith: inputs, outputs, assertions, metadata, split"
    }

    fn rows(&self, item: &Item<'_>) -> Rows {
        each(item, |example| {
            let mut outputs = json!({"message": example.answer()});
            let assertions = assertions(item);
            if !assertions.is_empty() {
                outputs["assertions"] = assertions.into();
            }
            let mut row = json!({"inputs": input(example), "outputs": outputs, "metadata": example.metadata()});
            if let Some(split) = item.provenance.split {
                row["split"] = split.into();
            }
            Ok(row)
        })
    }

    fn check(&self, row: &Value) -> Result<(), String> {
        check_pair(&row["inputs"], &row["outputs"]["message"])?;
        if row["metadata"].is_object() { Ok(()) } else { Err("metadata is no object".to_owned()) }
    }
}

impl Exporter for Langfuse {
    fn name(&self) -> &'static str {
        "langfuse"
    }

    fn file_name(&self) -> &'static str {
        "langfuse.jsonl"
    }

    fn help(&self) -> &'static str {
        "dataset items for Langfuse, with the trace and observation each comes from"
    }

    fn rows(&self, item: &Item<'_>) -> Rows {
        each(item, |example| {
            Ok(json!({
                "datasetName": item.provenance.dataset.unwrap_or(UNNAMED),
                "id": example.id,
                "input": input(example),
                "expectedOutput": example.answer(),
                "metadata": example.metadata(),
                "sourceTraceId": example.span.as_ref().map(|span| &span.0),
                "sourceObservationId": example.span.as_ref().map(|span| &span.1),
                "status": "ACTIVE",
            }))
        })
    }

    fn check(&self, row: &Value) -> Result<(), String> {
        validate::text(row, "datasetName")?;
        validate::text(row, "id")?;
        if row["status"] != "ACTIVE" {
            return Err("an item is ACTIVE".to_owned());
        }
        check_pair(&row["input"], &row["expectedOutput"])
    }
}

impl Exporter for Phoenix {
    fn name(&self) -> &'static str {
        "phoenix"
    }

    fn file_name(&self) -> &'static str {
        "phoenix.json"
    }

    fn help(&self) -> &'static str {
        "the body of an upload to Phoenix: inputs, outputs, metadata, splits, spans"
    }

    fn layout(&self) -> Layout {
        Layout::Columns(&[
            ("input", "inputs"),
            ("output", "outputs"),
            ("metadata", "metadata"),
            ("split", "splits"),
            ("span_id", "span_ids"),
            ("example_id", "example_ids"),
        ])
    }

    fn rows(&self, item: &Item<'_>) -> Rows {
        each(item, |example| {
            Ok(json!({
                "input": input(example),
                "output": {"messages": [example.answer()]},
                "metadata": example.metadata(),
                "split": item.provenance.split,
                "span_id": example.span.as_ref().map(|span| &span.1),
                "example_id": example.id,
            }))
        })
    }

    fn check(&self, row: &Value) -> Result<(), String> {
        validate::text(row, "example_id")?;
        check_pair(&row["input"], &row["output"]["messages"][0])
    }
}

impl Exporter for Mlflow {
    fn name(&self) -> &'static str {
        "mlflow"
    }

    fn file_name(&self) -> &'static str {
        "mlflow.jsonl"
    }

    fn help(&self) -> &'static str {
        "evaluation records for MLflow: inputs, expectations, tags"
    }

    fn rows(&self, item: &Item<'_>) -> Rows {
        each(item, |example| {
            let guidelines: Vec<String> = criteria(item, true)
                .into_iter()
                .map(str::to_owned)
                .chain(criteria(item, false).into_iter().map(|text| format!("Must not: {text}")))
                .collect();
            let mut expectations = json!({"expected_response": example.answer_text()});
            if !guidelines.is_empty() {
                expectations["guidelines"] = json!(guidelines);
            }
            if !example.expected.calls.is_empty() {
                expectations["expected_tool_calls"] = example.answer()["tool_calls"].clone();
            }
            // Tags are plain text.
            let tags: serde_json::Map<String, Value> = example
                .metadata()
                .into_iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| {
                    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    (name, text.into())
                })
                .collect();
            Ok(json!({"inputs": input(example), "expectations": expectations, "tags": tags}))
        })
    }

    fn check(&self, row: &Value) -> Result<(), String> {
        validate::text(&row["expectations"], "expected_response")?;
        validate::chat(validate::list(&row["inputs"], "messages")?, validate::Shape::OpenAi)?;
        let tags = row["tags"].as_object().ok_or("tags are no object")?;
        if tags.values().all(Value::is_string) { Ok(()) } else { Err("a tag is no text".to_owned()) }
    }
}
