//! Files that are about conversations instead of holding any: scores, outcomes, reference solutions, flags.
//!
//! Invariant: a row says what it is about by ids alone and is never matched here; a row without any is a problem, not a
//! guess.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::decode::Decoder;
use super::export::{About, Fields, Judged, span_id, trace_id};
use super::problem::ProblemKind;
use super::scores::Fields as Parts;
use super::{Format, Item, LogRecord, LogTarget, Record, expected};
use crate::model::id::SpanRef;
use crate::model::score::{Score, ScoreTarget};
use crate::model::time::Timestamp;
use crate::model::tool::ExpectedCall;
use crate::text::Untrusted;

/// What a row is about; the most precise id that is there counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowKey {
    /// A conversation's id, or its external id.
    pub conversation: Option<String>,
    /// 32 hex digits.
    pub trace_id: Option<String>,
    /// 16 hex digits.
    pub span_id: Option<String>,
    /// A task: every conversation that is a trial of it.
    pub task: Option<String>,
    /// The customer's first words, where a reference solution knows its case by them only.
    pub input: Option<Untrusted>,
    /// The position, from 1, of what was sent to an evaluator that answers in order and names nothing.
    pub position: Option<u64>,
}

impl RowKey {
    /// The id by which people know what it is about.
    pub fn words(&self) -> String {
        let ids = [&self.conversation, &self.span_id, &self.trace_id, &self.task];
        match (ids.into_iter().flatten().next(), &self.input, self.position) {
            (Some(id), ..) => id.clone(),
            (None, Some(input), _) => input.exact().to_owned(),
            (None, None, Some(position)) => format!("result {position}"),
            (None, None, None) => String::new(),
        }
    }
}

/// One row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What it is about.
    pub key: RowKey,
    /// What it says.
    pub fact: Fact,
}

/// What a row says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// A judgement of an evaluator; its target is what [`Row::key`] says.
    Score(Box<Score>),
    /// What the system of record says came of the conversation, by name.
    Outcomes(BTreeMap<String, Value>),
    /// What a correct run would have done.
    Expected {
        /// The calls; empty where nothing should be called, `None` where that is not said.
        calls: Option<Vec<ExpectedCall>>,
        /// The answer.
        reply: Option<Untrusted>,
    },
    /// Somebody asked for it to be looked at.
    Flag {
        /// Why.
        reason: Option<Untrusted>,
        /// Who: an agent, a customer.
        by: Option<Untrusted>,
        /// When.
        at: Option<Timestamp>,
    },
}

impl Row {
    /// The row that a log record is, where it is a score of an export: it may be about anything in any namespace.
    pub fn of_log(log: &LogRecord) -> Option<Self> {
        log.event.attributes.get(super::export::SCORE_SOURCE)?;
        let key = match &log.target {
            LogTarget::Span(span) => RowKey {
                trace_id: Some(span.trace_id.clone()).filter(|id| !id.is_empty()),
                span_id: Some(span.span_id.clone()),
                ..RowKey::default()
            },
            LogTarget::Trace(trace_id) => RowKey { trace_id: Some(trace_id.clone()), ..RowKey::default() },
            LogTarget::Session(session) => RowKey { conversation: Some(session.clone()), ..RowKey::default() },
            LogTarget::Response { .. } => return None,
        };
        let score = super::scores::named(&log.event.attributes, &target(&key))?;
        Some(Self { key, fact: Fact::Score(Box::new(score)) })
    }

    /// A score as a log record, so that it can wait for its span like any other; `None` for other rows and for scores
    /// of no span, trace or conversation.
    pub fn log(&self) -> Option<LogRecord> {
        let Fact::Score(score) = &self.fact else { return None };
        let about = match (&score.target, &self.key.conversation) {
            (ScoreTarget::Span(span), _) => About::Span(span.clone()),
            (ScoreTarget::Trace { trace_id }, _) => About::Trace(trace_id.clone()),
            (ScoreTarget::Conversation, Some(conversation)) => About::Session(conversation.clone()),
            (ScoreTarget::Conversation, None) => return None,
        };
        let text = |text: &Option<Untrusted>| text.as_ref().map(|text| text.exact().to_owned());
        let judged = Judged {
            name: score.evaluator.exact().to_owned(),
            value: score.value.map(Value::from),
            label: text(&score.label),
            passed: score.passed,
            confidence: score.confidence.map(Value::from),
            explanation: text(&score.explanation),
            version: text(&score.version),
            source: score.source.clone().into_owned(),
            at: None,
        };
        match judged.record(about, super::ANY_SOURCE.into()) {
            Record::Log(log) => Some(*log),
            Record::Span(_) | Record::Conversation(_) => None,
        }
    }
}

const CONVERSATION: &[&str] =
    &["conversationid", "conversation", "externalid", "sessionid", "threadid", "chatid", "customid", "ticketid"];
const TRACE: &[&str] = &["traceid", "context.traceid"];
const SPAN: &[&str] = &["spanid", "observationid", "context.spanid"];
const TASK: &[&str] = &["taskid", "task"];

const EVALUATOR: &[&str] = &[
    "evaluator",
    "annotationname",
    "evaluatorname",
    "evalname",
    "metric",
    "metricname",
    "scorer",
    "template",
    "name",
    "key",
];
const LABEL: &[&str] = &["label", "result.label", "stringvalue", "category", "verdict"];
const PASSED: &[&str] = &["passed", "pass", "success"];
const EXPLANATION: &[&str] =
    &["explanation", "result.explanation", "reason", "rationale", "comment", "justification", "feedback"];
const VERSION: &[&str] = &["version", "evaluatorversion", "evalversion"];
/// Columns of a table of scores that are neither a key nor a score.
const ASIDE: &[&str] =
    &["timestamp", "createdat", "runtime", "outputtype", "evalid", "latencyms", "status", "model", "id"];

const CALLS: &[&str] = &[
    "expectedtoolcalls",
    "expectedtools",
    "expectedcalls",
    "expected",
    "actions",
    "referencetoolcalls",
    "toolcalls",
    "calls",
];
const REPLY: &[&str] =
    &["expectedoutput", "expectedresponse", "expectedreply", "expectedoutcome", "reference", "groundtruth"];

/// Columns of systems of record that say what came of a conversation.
const KNOWN_OUTCOMES: &[&str] = &[
    "csat",
    "csatscore",
    "nps",
    "ces",
    "reopened",
    "repeatcontact",
    "resolved",
    "isresolved",
    "firstcontactresolution",
    "fcr",
    "escalated",
    "refunded",
    "refundpaid",
    "refundspaid",
    "refundamount",
    "churned",
    "chargeback",
];
const KNOWN_REFERENCES: &[&str] = &[
    "expectedtoolcalls",
    "expectedtools",
    "expectedcalls",
    "referencetoolcalls",
    "expectedoutput",
    "expectedresponse",
    "expectedreply",
    "expectations",
];
const KNOWN_FLAGS: &[&str] = &["flagged", "flag", "flagreason", "flaggedby", "flaggedat"];

/// The rows that a record of no other form is, if its columns leave no doubt.
pub(super) fn detect(row: &Fields<'_>) -> Option<Format> {
    if row.has("messages") || row.has("traj") {
        return None;
    }
    let any = |names: &[&str]| names.iter().any(|name| row.has(name));
    let batch = || Some(Fields::parse(row.list("result")?.first()?.get())?.has("evaluations"));
    if batch() == Some(true) {
        return Some(Format::Scores);
    }
    let named = any(CONVERSATION) || any(TRACE) || any(SPAN);
    if any(KNOWN_REFERENCES) && (named || any(TASK) || any(&["input", "inputs"])) {
        return Some(Format::Expected);
    }
    if !named {
        return None;
    }
    let evaluator = EVALUATOR.iter().filter(|name| !matches!(**name, "name" | "key" | "template"));
    let says = any(&["value", "score", "label", "passed", "output"]);
    match () {
        () if says && evaluator.into_iter().any(|name| row.has(name)) => Some(Format::Scores),
        // Spans have names too, but no score beside them.
        () if row.has("name") && row.has("score") && !any(&["starttime", "type", "attributes"]) => Some(Format::Scores),
        () if any(KNOWN_OUTCOMES) || row.has("outcomes") => Some(Format::Outcomes),
        () if any(KNOWN_FLAGS) => Some(Format::Flags),
        () => None,
    }
}

/// Reads one record as rows of `format`.
pub(super) fn record(decoder: &mut Decoder<'_, '_>, row: &Fields<'_>, format: Format) {
    match format {
        Format::Scores => scores(decoder, row),
        Format::Outcomes => outcomes(decoder, row),
        Format::Expected => reference(decoder, row),
        _ => flag(decoder, row),
    }
}

fn emit(decoder: &mut Decoder<'_, '_>, key: RowKey, fact: Fact) {
    decoder.hand_out(Item::Row(Box::new(Row { key, fact })));
}

/// The ids of a row and of its metadata; `also` names columns that may hold a conversation's id in this form.
fn key(row: &Fields<'_>, also: &[&str]) -> Option<RowKey> {
    let held = ["metadata", "additionalmetadata"].map(|name| row.object(name));
    let places = || std::iter::once(row).chain(held.iter().flatten());
    let find = |names: &[&str]| places().find_map(|fields| fields.first(names));
    // Feedback names a run, which is a span unless it is the root and so the trace itself.
    let run = || row.text("runid").filter(|run| row.has("key") && row.text("traceid").is_some_and(|id| id != *run));
    let key = RowKey {
        conversation: find(CONVERSATION).or_else(|| row.first(also)),
        trace_id: find(TRACE).map(|id| trace_id(&id)),
        span_id: find(SPAN).or_else(run).map(|id| span_id(&id)),
        task: find(TASK),
        ..RowKey::default()
    };
    (key != RowKey::default()).then_some(key)
}

fn target(key: &RowKey) -> ScoreTarget {
    match (&key.span_id, &key.trace_id) {
        (Some(span), trace) => {
            ScoreTarget::Span(SpanRef { trace_id: trace.clone().unwrap_or_default(), span_id: span.clone() })
        }
        (None, Some(trace)) => ScoreTarget::Trace { trace_id: trace.clone() },
        (None, None) => ScoreTarget::Conversation,
    }
}

fn scores(decoder: &mut Decoder<'_, '_>, row: &Fields<'_>) {
    if let Some(results) = row.list("result").filter(|results| !results.is_empty()) {
        return batch(decoder, &results);
    }
    let Some(key) = key(row, &["runid", "caseid", "sampleid"]) else {
        return decoder.problem(ProblemKind::BadScore, 1, "a score without the id of a conversation, trace or span");
    };
    let lone = ["score", "label", "value"].iter().any(|name| row.has(name));
    // A frame of one evaluation is named by its file alone.
    let evaluator = row.first(EVALUATOR).or_else(|| lone.then(|| decoder.stem.clone()));
    let Some(evaluator) = evaluator else { return wide(decoder, row, &key) };
    match score(row, evaluator, &key) {
        Some(score) => emit(decoder, key, Fact::Score(Box::new(score))),
        None => decoder.problem(ProblemKind::BadScore, 1, "a score without a number, a word or a verdict"),
    }
}

fn score(row: &Fields<'_>, evaluator: String, key: &RowKey) -> Option<Score> {
    // The local metrics of ai-evaluation call everything from 0.5 a pass, whatever it means.
    let local = row.has("evalname") && row.has("latencyms");
    let source = if local { "fi.evals" } else { "scores-file" };
    // Annotations hold their words in a result of their own.
    let held = row.object("result");
    let places = || std::iter::once(row).chain(held.iter());
    let names = ["value", "score", "output", "numericvalue", "result.score"];
    let value = places().find_map(|fields| names.iter().find_map(|name| fields.value(name)));
    let (value, listed) = worded(value);
    let parts = Parts {
        value: value.as_ref(),
        label: places().find_map(|fields| fields.first(LABEL)).or(listed),
        passed: PASSED.iter().find_map(|name| verdict(&row.value(name)?)).filter(|_| !local),
        confidence: row.value("confidence").and_then(|value| number(&value)),
        explanation: places().find_map(|fields| fields.first(EXPLANATION)),
        version: row.first(VERSION),
        evidence: Vec::new(),
    };
    parts.score(evaluator, source, &target(key))
}

/// A value apart from a list of choices or a structure, which are a label.
fn worded(value: Option<Value>) -> (Option<Value>, Option<String>) {
    match value {
        Some(Value::Array(list)) => {
            let words = list.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned));
            (None, Some(words.collect::<Vec<_>>().join(", ")).filter(|words| !words.is_empty()))
        }
        Some(Value::Object(map)) => (None, Some(Value::Object(map).to_string())),
        other => (other, None),
    }
}

fn verdict(value: &Value) -> Option<bool> {
    let word = match value {
        Value::Bool(verdict) => return Some(*verdict),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_ascii_lowercase(),
        _ => return None,
    };
    match word.as_str() {
        "true" | "1" | "yes" | "pass" | "passed" => Some(true),
        "false" | "0" | "no" | "fail" | "failed" => Some(false),
        _ => None,
    }
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// A row with a column for each evaluator.
fn wide(decoder: &mut Decoder<'_, '_>, row: &Fields<'_>, key: &RowKey) {
    let keys = [CONVERSATION, TRACE, SPAN, TASK, ASIDE, &["metadata", "runid", "caseid", "sampleid"]];
    let mut found = 0;
    for (name, plain) in row.names() {
        let Some(value) = row.value(plain).filter(|_| !keys.iter().any(|keys| keys.contains(&plain))) else { continue };
        let (value, label) = worded(Some(value));
        let parts = Parts { value: value.as_ref(), label, ..Parts::default() };
        if let Some(score) = parts.score(name.to_owned(), "scores-file", &target(key)) {
            found += 1;
            emit(decoder, key.clone(), Fact::Score(Box::new(score)));
        }
    }
    if found == 0 {
        decoder.problem(ProblemKind::BadScore, 1, "a row with the id of a conversation but no score");
    }
}

/// What the `FutureAGI` SDK gives back: for each thing sent, in order, its evaluations.
fn batch(decoder: &mut Decoder<'_, '_>, results: &[&RawValue]) {
    for (position, raw) in (1_u64..).zip(results) {
        let Some(result) = Fields::parse(raw.get()) else {
            decoder.problem(ProblemKind::BadScore, 1, "a result that is no object");
            continue;
        };
        let key = key(&result, &["id"]).unwrap_or_else(|| RowKey { position: Some(position), ..RowKey::default() });
        for raw in result.list("evaluations").unwrap_or_default() {
            let score = Fields::parse(raw.get()).and_then(|row| evaluation(&row, &key));
            match score {
                Some(score) => emit(decoder, key.clone(), Fact::Score(Box::new(score))),
                None => decoder.problem(ProblemKind::BadScore, 1, "an evaluation without a name or an output"),
            }
        }
    }
}

fn evaluation(row: &Fields<'_>, key: &RowKey) -> Option<Score> {
    // Evaluations that ran later wrap their result.
    let late = row.object("result");
    let inner = late.as_ref().unwrap_or(row);
    let (value, label) = worded(inner.value("output").filter(|value| !value.is_null()));
    let parts = Parts {
        value: value.as_ref(),
        label,
        explanation: inner.text("reason"),
        version: inner.text("evalid"),
        ..Parts::default()
    };
    parts.score(inner.text("name").or_else(|| row.text("name"))?, "futureagi", &target(key))
}

fn outcomes(decoder: &mut Decoder<'_, '_>, row: &Fields<'_>) {
    let Some(key) = key(row, &["id"]) else {
        return decoder.problem(ProblemKind::NotARecord, 1, "an outcome without the id of a conversation or trace");
    };
    let mut all = BTreeMap::new();
    if let Some(Value::Object(nested)) = row.value("outcomes") {
        all.extend(nested.into_iter().filter(|(_, value)| !value.is_null()));
    }
    let keys = [CONVERSATION, TRACE, SPAN, TASK, &["id", "outcomes", "metadata"]];
    for (name, plain) in row.names() {
        if !keys.iter().any(|keys| keys.contains(&plain))
            && let Some(value) = row.value(plain).filter(|value| !value.is_null())
        {
            all.insert(name.to_owned(), typed(value));
        }
    }
    if all.is_empty() {
        return decoder.problem(ProblemKind::NotARecord, 1, "a row with the id of a conversation but no outcome");
    }
    emit(decoder, key, Fact::Outcomes(all));
}

/// A cell as the number or truth value it spells; digits that a number would not give back stay text.
fn typed(value: Value) -> Value {
    let Value::String(text) = &value else { return value };
    match text.trim() {
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    match serde_json::from_str::<Value>(text.trim()) {
        Ok(Value::Number(number)) if number.to_string() == text.trim() => Value::Number(number),
        _ => value,
    }
}

fn reference(decoder: &mut Decoder<'_, '_>, row: &Fields<'_>) {
    let held = row.object("expectations");
    let places = || std::iter::once(row).chain(held.iter());
    let mut read = None;
    for raw in places().flat_map(|fields| CALLS.iter().filter_map(|name| fields.get(name))) {
        let text = super::message::string(raw).unwrap_or_else(|| raw.get().to_owned());
        read = read.or_else(|| expected::calls(&text));
    }
    let reply = places().find_map(|fields| fields.first(REPLY));
    if read.is_none() && reply.is_none() {
        return decoder.problem(ProblemKind::NotARecord, 1, "a row without expected calls or an expected answer");
    }
    let input = row.text("input").or_else(|| row.object("inputs")?.first(&["question", "query", "input"]));
    let key = key(row, &["id", "name", "caseid"]).or_else(|| input.clone().map(|_| RowKey::default()));
    let Some(key) = key else {
        return decoder.problem(ProblemKind::NotARecord, 1, "a reference without the id of a conversation or task");
    };
    let key = RowKey { input: input.map(Into::into), ..key };
    emit(decoder, key, Fact::Expected { calls: read, reply: reply.map(Into::into) });
}

fn flag(decoder: &mut Decoder<'_, '_>, row: &Fields<'_>) {
    let Some(key) = key(row, &["id"]) else {
        return decoder.problem(ProblemKind::NotARecord, 1, "a flag without the id of a conversation, trace or span");
    };
    let reason = row.first(&["reason", "comment", "note", "message", "why", "explanation", "text"]);
    let by = row.first(&["by", "flaggedby", "reporter", "agent", "user", "source"]);
    let at = ["at", "flaggedat", "timestamp", "createdat", "date", "time"].iter().find_map(|name| row.time(name));
    emit(decoder, key, Fact::Flag { reason: reason.map(Into::into), by: by.map(Into::into), at });
}
