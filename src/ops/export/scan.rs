//! Personal data in finished rows: the last look before a file gets its name.
//!
//! Invariant: ids and hashes of ours are left aside by their names; everything customers and tools say is looked at.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::mask::{self, Class};

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

/// The class of personal data in a finished row, ids of ours left aside.
pub(super) fn leak(row: &str) -> Option<Class> {
    let mut value: Value = serde_json::from_str(row).ok()?;
    forget_ids(&mut value);
    mask::scan(&value.to_string()).first().map(|finding| finding.class)
}

fn forget_ids(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !IDS.contains(&name.as_str()));
            // What customers and tools say has members of any name, and all of them are looked at.
            let ours =
                |name: &str| !["arguments", "parameters", "outcomes", "kwargs", "input_parameters"].contains(&name);
            members.iter_mut().filter(|(name, _)| ours(name)).for_each(|(_, value)| forget_ids(value));
        }
        Value::Array(items) => items.iter_mut().for_each(forget_ids),
        _ => {}
    }
}

pub(super) fn count_pseudonyms(row: &str, counts: &mut BTreeMap<String, u64>) {
    for class in Class::ALL {
        let count = row.matches(&format!("<{}-", class.word())).count() as u64;
        if count > 0 {
            *counts.entry(class.word().to_owned()).or_default() += count;
        }
    }
}
