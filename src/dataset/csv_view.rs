//! A table for spreadsheets: a line for each judged conversation.
//!
//! Invariant: a view, safe to open in a spreadsheet; the canonical records are the data.

use serde_json::{Value, json};

use super::example::{criteria, notes, text_of};
use super::item::Item;
use super::layout::Layout;
use super::prefix::decisions;
use super::{Exporter, Rows, validate};

/// The format `csv`.
pub struct CsvView;

impl Exporter for CsvView {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn file_name(&self) -> &'static str {
        "labels.csv"
    }

    fn help(&self) -> &'static str {
        "a table for spreadsheets, one line per conversation, in which no cell is a formula"
    }

    fn layout(&self) -> Layout {
        Layout::Table
    }

    fn rows(&self, item: &Item<'_>) -> Rows {
        let mut rows = Rows::default();
        let conversation = item.conversation;
        let first = item.first_failure();
        let corrections: Vec<String> = decisions(item)
            .0
            .into_iter()
            .filter_map(|decision| {
                let expected = decision.corrected.ok()?;
                Some(format!("step {}: {}", decision.step.number, text_of(&expected)))
            })
            .collect();
        let modes: Vec<&str> = item.modes().into_iter().map(|mode| item.codebook.name_of(mode)).collect();
        let reviewers: Vec<&str> = item.labels.iter().map(|label| label.reviewer.as_str()).collect();
        rows.push(
            item,
            &json!({
                "conversation_id": conversation.id.as_str(),
                "source": conversation.source.exact(),
                "external_id": conversation.external_id.exact(),
                "intent": conversation.segments.intent.as_ref().map(crate::text::Untrusted::exact),
                "verdict": item.verdict.word(),
                "first_failure_step": first.map(|at| at.step),
                "first_failure_span_id": first.and_then(|at| at.span_id.as_deref()),
                "modes": modes.join("; "),
                "severity": item.severity(),
                "corrections": corrections.join("\n"),
                "notes": notes(item).join("\n"),
                "must": criteria(item, true).join("\n"),
                "must_not": criteria(item, false).join("\n"),
                "reviewers": reviewers.join(", "),
                "agreement": item.provenance.agreement,
                "split": item.provenance.split,
                "group_key": item.group_key,
                "inclusion_probability": item.provenance.inclusion_probability,
                "codebook_version": item.codebook.version,
                "customer_first": conversation.first_message().exact(),
                "transcript_hash": item.transcript_hash.as_str(),
            }),
        );
        rows
    }

    fn check(&self, row: &Value) -> Result<(), String> {
        for field in ["conversation_id", "source", "group_key", "transcript_hash", "reviewers"] {
            validate::text(row, field)?;
        }
        match validate::text(row, "verdict")? {
            "pass" | "fail" | "unsure" => Ok(()),
            other => Err(format!("{other} is no verdict")),
        }
    }
}
