//! Logs of Inspect: samples of an evaluation, from the JSON log or the members of an `.eval` archive.
//!
//! Invariant: text that was moved to attachments is put back before anything is read.

use std::collections::HashMap;

use serde_json::Value;
use serde_json::value::RawValue;

use super::chat::Told;
use super::decode::Decoder;
use super::export::{Fields, time};
use super::langchain::finish;
use super::problem::ProblemKind;
use super::responses::items;
use super::scores::Fields as Score;
use super::tools;
use crate::model::score::ScoreTarget;

/// What a log says of all its samples.
#[derive(Default)]
pub(super) struct Header {
    task: Option<String>,
    model: Option<String>,
}

impl Header {
    /// From the members of a log, its samples left out; `None` where it is no log.
    pub(super) fn of(log: &Fields<'_>) -> Option<Self> {
        let eval = log.object("eval")?;
        Some(Self { task: Some(eval.text("task")?), model: eval.text("model") })
    }
}

/// True for a sample that stands alone: a member of an archive that was unpacked.
pub(super) fn is_sample(row: &Fields<'_>) -> bool {
    row.has("epoch") && row.has("messages") && (row.has("scores") || row.has("target"))
}

/// Reads one sample.
pub(super) fn sample(decoder: &mut Decoder<'_, '_>, header: &Header, text: &str) {
    let Some(row) = Fields::parse(text) else {
        return decoder.problem(ProblemKind::NotARecord, 1, "a sample that is no object");
    };
    let (Some(id), Some(list)) = (row.text("id"), row.get("messages")) else {
        return decoder.problem(ProblemKind::NotARecord, 1, "a sample without an id or messages");
    };
    let attachments = row.object("attachments");
    let Some(list) = resolved(list.get(), attachments.as_ref(), decoder.limits().record) else {
        return decoder.too_large();
    };
    let epoch = row.text("epoch").unwrap_or_else(|| "1".to_owned());
    let mut told = Told { external_id: Some(format!("{id}/{epoch}")), ..Told::default() };
    let found = row.value("startedat").as_ref().and_then(time);
    told.started_at = found;
    let facts = [
        ("task", header.task.clone()),
        ("model", header.model.clone()),
        ("sample_id", Some(id)),
        ("epoch", Some(epoch)),
    ];
    for (key, value) in facts {
        if let Some(value) = value {
            told.gathered.member(key, &value.into());
        }
    }
    for key in ["target", "limit"] {
        row.value(key).iter().for_each(|value| told.gathered.member(key, value));
    }
    if row.get("error").is_some() {
        told.gathered.member("run_error", &Value::Bool(true));
    }
    if let Some(Value::Object(metadata)) = row.value("metadata") {
        metadata.iter().for_each(|(key, value)| told.gathered.member(key, value));
    }
    told.scores = row.object("scores").map(|scores| of_scorers(&scores)).unwrap_or_default();
    finish(decoder, told, (items(&list), offered(&row)));
}

/// The tools of the first model call that was offered any.
fn offered(row: &Fields<'_>) -> Vec<crate::model::tool::ToolSpec> {
    let events = row.list("events").unwrap_or_default();
    let mut calls = events.into_iter().filter(|raw| raw.get().contains("\"tools\""));
    calls
        .find_map(|raw| {
            Some(tools::tools(Fields::parse(raw.get())?.get("tools")?.get())).filter(|found| !found.is_empty())
        })
        .unwrap_or_default()
}

fn of_scorers(scores: &Fields<'_>) -> Vec<crate::model::score::Score> {
    let mut all = Vec::new();
    for (scorer, raw) in scores.all() {
        let Some(score) = Fields::parse(raw.get()) else { continue };
        let parts = match score.value("value") {
            Some(Value::Object(map)) => {
                map.into_iter().map(|(key, value)| (format!("{scorer}.{key}"), value)).collect()
            }
            Some(Value::Array(list)) => vec![(scorer.to_owned(), Value::String(Value::Array(list).to_string()))],
            Some(value) => vec![(scorer.to_owned(), value)],
            None => continue,
        };
        for (name, value) in parts {
            let passed = match value.as_str() {
                Some("C") => Some(true),
                Some("I") => Some(false),
                _ => None,
            };
            let explanation = score.text("explanation");
            let fields = Score { value: Some(&value), passed, explanation, ..Score::default() };
            all.extend(fields.score(name, "inspect", &ScoreTarget::Conversation));
        }
    }
    all
}

const SCHEME: &str = "attachment://";

/// `json` with its references to attachments replaced; `None` where it would grow beyond `limit`.
fn resolved(json: &str, attachments: Option<&Fields<'_>>, limit: u64) -> Option<String> {
    let known: HashMap<&str, &RawValue> = attachments.map(|fields| fields.all().collect()).unwrap_or_default();
    let mut out = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find(SCHEME) {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let name_end = SCHEME.len() + after[SCHEME.len()..].bytes().take_while(u8::is_ascii_hexdigit).count();
        let (reference, later) = after.split_at(name_end);
        // The attachment is a JSON string as well: what is between its quotes fits between ours.
        let text = known.get(&reference[SCHEME.len()..]).and_then(|raw| raw.get().strip_prefix('"')?.strip_suffix('"'));
        out.push_str(text.unwrap_or(reference));
        if out.len() as u64 > limit {
            return None;
        }
        rest = later;
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attachments_come_back_and_bombs_do_not() {
        let attachments = r#"{"ab12": "say \"hi\"\n", "ff": 3}"#;
        let fields = Fields::parse(attachments).unwrap();
        let json = r#"["attachment://ab12", "see attachment://ab12.", "attachment://ff", "attachment://00"]"#;
        let out = resolved(json, Some(&fields), 1 << 20).unwrap();
        let texts: Vec<String> = serde_json::from_str(&out).unwrap();
        assert_eq!(texts, ["say \"hi\"\n", "see say \"hi\"\n.", "attachment://ff", "attachment://00"]);
        assert_eq!(resolved(&json.repeat(50), Some(&fields), 200), None);
    }
}
