//! Personal data in finished rows: the last look before a file gets its name.
//!
//! Invariant: ids and hashes of ours are left aside by their names; everything customers and tools say is looked at.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::mask::{Class, Known, Masker, Policy};

/// Members that hold ids and hashes made of digits and letters, which may look like a card number by chance.
const IDS: [&str; 29] = [
    "case_id",
    "conversation_id",
    "decision_span_id",
    "first_failure_decision_span_id",
    "first_failure_span_id",
    "group_key",
    "item_id",
    "label_events",
    "span_id",
    "trace_ids",
    "transcript_hash",
    "at",
    "schema_version",
    "codebook_version",
    "verdict",
    "weight",
    "id",
    "example_id",
    "identifier",
    "observationId",
    "run_id",
    "sourceObservationId",
    "sourceTraceId",
    "trace_id",
    "traceId",
    "tool_call_id",
    "first_failure_step",
    "severity",
    "step",
];

/// Members of which customers and tools choose the names of what is in them, so that all of it is looked at.
const FREE: [&str; 5] = ["arguments", "parameters", "outcomes", "kwargs", "input_parameters"];

/// The class of personal data in a finished row, ids of ours left aside.
pub(super) fn leak(row: &Value) -> Option<Class> {
    let masker = Masker::new([0; 32], Known::default(), Policy::default());
    first(&masker, ("", row), true)
}

fn first(masker: &Masker, (name, value): (&str, &Value), ours: bool) -> Option<Class> {
    match value {
        Value::String(text) => masker.first_in(name, text),
        Value::Number(number) => masker.first_in_number(name, number),
        Value::Array(items) => items.iter().find_map(|item| first(masker, (name, item), ours)),
        Value::Object(members) => {
            members.iter().filter(|(name, _)| !(ours && IDS.contains(&name.as_str()))).find_map(|(name, value)| {
                let ours = ours && !FREE.contains(&name.as_str());
                masker.first_in("", name).or_else(|| first(masker, (name, value), ours))
            })
        }
        _ => None,
    }
}

pub(super) fn count_pseudonyms(row: &str, counts: &mut BTreeMap<String, u64>) {
    for (at, _) in row.match_indices('<') {
        let rest = row.get(at + 1..).unwrap_or_default();
        let class =
            Class::ALL.iter().find(|class| rest.strip_prefix(class.word()).is_some_and(|rest| rest.starts_with('-')));
        if let Some(class) = class {
            *counts.entry(class.word().to_owned()).or_default() += 1;
        }
    }
}
