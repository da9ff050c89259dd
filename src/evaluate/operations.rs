//! Operational evaluators: what failed, was slow, ran away or cost too much, whatever was said about it.
//!
//! Invariant: each looks at status, results and times only, never at wording; missing times or costs mean "cannot tell".

use std::collections::HashMap;

use serde_json::Value;

use super::facts::{Call, swallowed};
use super::language::Cue;
use super::{Case, Flag, Judgement, Outcome};
use crate::model::trace::{Span, SpanKind};

/// Calls that failed, in any of the disguises a failure has.
pub(super) fn tool_errors(case: &Case<'_>) -> Outcome {
    let calls = &case.facts.calls;
    let flags = calls
        .iter()
        .filter(|call| call.failed)
        .map(|call| Flag::at(call.row, format!("{} failed{}", call.tool, said(call))))
        .collect();
    Outcome::share(calls.len(), "calls", flags)
}

/// Calls whose status is fine while their answer says that they failed.
pub(super) fn swallowed_errors(case: &Case<'_>) -> Outcome {
    let facts = case.facts;
    let with_spans: Vec<&Call<'_>> =
        facts.calls.iter().filter(|call| facts.span_at(call.row).is_some() && call.result.is_some()).collect();
    let flags = with_spans
        .iter()
        .filter(|call| swallowed(facts.span_at(call.row), call))
        .map(|call| {
            Flag::at(
                call.row,
                format!("{} is marked as fine, but its answer says that it failed{}", call.tool, said(call)),
            )
        })
        .collect();
    Outcome::share(with_spans.len(), "calls with a status and an answer", flags)
}

/// Calls that ran into a time limit.
pub(super) fn timeouts(case: &Case<'_>) -> Outcome {
    let facts = case.facts;
    let says = |text: &str| {
        let lower = text.to_ascii_lowercase();
        ["timeout", "timed out", "time-out", "deadline exceeded"].iter().any(|word| lower.contains(word))
    };
    let flags = facts
        .calls
        .iter()
        .filter(|call| call.failed)
        .filter(|call| {
            call.result.is_some_and(says)
                || facts.span_at(call.row).and_then(|span| span.error.as_ref()).is_some_and(|error| says(error.exact()))
        })
        .map(|call| Flag::at(call.row, format!("{} ran into a time limit", call.tool)))
        .collect();
    Outcome::share(facts.calls.len(), "calls", flags)
}

/// The same tool failing again and again: from the third failure in one turn on, or the second with the same arguments.
pub(super) fn retry_storm(case: &Case<'_>) -> Outcome {
    let facts = case.facts;
    let mut failures: HashMap<(u32, &str), (u32, Vec<&str>)> = HashMap::new();
    let mut flags = Vec::new();
    for call in facts.calls.iter().filter(|call| call.failed) {
        let (count, seen) = failures.entry((facts.rows[call.row].turn, call.tool)).or_default();
        *count += 1;
        if seen.contains(&call.canonical.as_str()) {
            flags.push(Flag::at(call.row, format!("{} was retried unchanged after it had failed", call.tool)));
        } else if *count >= 3 {
            flags.push(Flag::at(call.row, format!("failure number {count} of {} in one turn", call.tool)));
        }
        seen.push(&call.canonical);
    }
    Outcome::share(facts.calls.len(), "calls", flags)
}

/// The same change made twice, both times with success.
pub(super) fn duplicate_writes(case: &Case<'_>) -> Outcome {
    let writes: Vec<&Call<'_>> = case.facts.writes().filter(|call| !call.failed).collect();
    let mut seen: Vec<(&str, &str)> = Vec::new();
    let mut flags = Vec::new();
    for call in &writes {
        let key = (call.tool, call.canonical.as_str());
        if seen.contains(&key) {
            flags.push(Flag::at(call.row, format!("{} was carried out again with the same arguments", call.tool)));
        }
        seen.push(key);
    }
    Outcome::share(writes.len(), "changes", flags)
}

/// Answers that are fallbacks ("I did not understand", "something went wrong") instead of answers.
pub(super) fn fallbacks(case: &Case<'_>) -> Outcome {
    let facts = case.facts;
    let flags = facts
        .agent
        .iter()
        .filter(|row| facts.rows[**row].cues.has(Cue::Fallback))
        .map(|row| Flag::at(*row, "a fallback instead of an answer"))
        .collect();
    Outcome::share(facts.agent.len(), "answers", flags)
}

/// Answers that the model did not finish: stopped at the length limit, or by a filter.
pub(super) fn truncated(case: &Case<'_>) -> Outcome {
    let facts = case.facts;
    let mut known = 0;
    let mut flags = Vec::new();
    for span in facts.spans(SpanKind::Llm) {
        let Some(reason) = finish_reason(span) else { continue };
        known += 1;
        if ["length", "max_tokens", "content_filter", "max_output_tokens"].iter().any(|word| reason.contains(word)) {
            let row = facts.rows.iter().position(|row| {
                row.step.decision.as_ref() == Some(&span.id) || row.step.span.as_ref() == Some(&span.id)
            });
            let why = format!(
                "the model stopped before it was done ({})",
                if reason.contains("filter") { "filter" } else { "length limit" }
            );
            flags.push(row.map_or_else(|| Flag::on(&span.id, why.clone()), |row| Flag::at(row, why.clone())));
        }
    }
    Outcome::share(known, "model answers with a finish reason", flags)
}

/// The finish reason of a model span: any attribute of that name, or one inside its output messages.
fn finish_reason(span: &Span) -> Option<String> {
    let named = span.attributes.iter().find(|(key, _)| key.contains("finish_reason") || key.ends_with("stop_reason"));
    if let Some((_, value)) = named {
        return Some(value.to_string().to_lowercase());
    }
    let from_text = |value: &Value| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let at = text.find("finish_reason")?;
        let reason = text[at + "finish_reason".len()..].trim_start_matches(|c: char| !c.is_ascii_alphabetic());
        Some(reason.chars().take_while(|c| c.is_ascii_alphabetic() || *c == '_').collect::<String>().to_lowercase())
    };
    let outputs =
        ["gen_ai.output.messages", "output.value", "gen_ai.choice", "langfuse.observation.output", "raw.output"];
    outputs.iter().filter_map(|key| span.attributes.get(*key)).find_map(from_text)
}

/// Model and tool steps within the time limit, and customers who were not kept waiting.
pub(super) fn latency(case: &Case<'_>) -> Outcome {
    let facts = case.facts;
    let mut timed = 0;
    let mut flags = Vec::new();
    for span in facts.conversation.spans.iter().filter(|span| matches!(span.kind, SpanKind::Llm | SpanKind::Tool)) {
        let Some(micros) = span.duration_micros() else { continue };
        timed += 1;
        let seconds = micros as f64 / 1e6;
        if seconds > case.limits.step_seconds {
            let row = facts.rows.iter().position(|row| row.step.span.as_ref() == Some(&span.id));
            let why = format!("took {seconds:.1} s; the limit for a step is {} s", case.limits.step_seconds);
            flags.push(row.map_or_else(|| Flag::on(&span.id, why.clone()), |row| Flag::at(row, why.clone())));
        }
    }
    for row in &facts.customer {
        let answer = facts.agent.iter().find(|at| *at > row);
        let times = (facts.rows[*row].step.at, answer.and_then(|at| facts.rows[*at].step.at));
        let (Some(asked), Some(answer), Some(answered)) = (times.0, answer, times.1) else { continue };
        let seconds = answered.0.saturating_sub(asked.0) as f64 / 1e6;
        if seconds > case.limits.wait_seconds && seconds < 86_400.0 {
            flags.push(Flag::at(
                *answer,
                format!("the customer waited {seconds:.0} s; the limit is {} s", case.limits.wait_seconds),
            ));
        }
    }
    Outcome::share(timed, "timed steps", flags)
}

/// Turns in which the agent kept calling: more calls than the limit between two customer messages.
pub(super) fn runaway(case: &Case<'_>) -> Outcome {
    let facts = case.facts;
    let mut per_turn: Vec<(u32, u32)> = Vec::new();
    let mut flags = Vec::new();
    for call in &facts.calls {
        let turn = facts.rows[call.row].turn;
        match per_turn.last_mut() {
            Some((last, count)) if *last == turn => *count += 1,
            _ => per_turn.push((turn, 1)),
        }
        if per_turn.last().is_some_and(|(_, count)| *count == case.limits.calls_per_turn + 1) {
            flags.push(Flag::at(
                call.row,
                format!("more than {} calls without coming back to the customer", case.limits.calls_per_turn),
            ));
        }
    }
    Outcome::share(per_turn.len(), "turns with calls", flags)
}

/// What the model calls cost, in dollars, as far as the spans say.
pub(super) fn cost(case: &Case<'_>) -> Outcome {
    const KEYS: [&str; 7] = [
        "gen_ai.usage.cost",
        "gen_ai.cost.total",
        "gen_ai.usage.total_cost",
        "llm.cost.total",
        "llm.usage.cost",
        "langfuse.observation.cost_details",
        "cost",
    ];
    let dollars: Vec<f64> = case
        .facts
        .spans(SpanKind::Llm)
        .filter_map(|span| KEYS.iter().find_map(|key| span.attributes.get(*key).and_then(amount)))
        .filter(|dollars| dollars.is_finite() && *dollars >= 0.0)
        .collect();
    if dollars.is_empty() {
        return Outcome::abstain("no model step records what it cost");
    }
    let total: f64 = dollars.iter().sum();
    Outcome::Judged(Judgement {
        value: Some(total),
        passed: case.limits.dollars.map(|limit| total <= limit),
        explanation: format!("${total:.4} over {} model steps", dollars.len()).into(),
        label: None,
        flags: Vec::new(),
    })
}

fn amount(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse().ok().or_else(|| amount(&serde_json::from_str(text).ok()?)),
        Value::Object(object) => object.get("total").and_then(amount),
        _ => None,
    }
}

/// The beginning of a failure's words, for an explanation.
pub(super) fn said(call: &Call<'_>) -> String {
    let text = call.result.unwrap_or("").trim();
    if text.is_empty() {
        return String::new();
    }
    let short: String = text.chars().take(120).collect();
    format!(": {short}{}", if short.len() < text.len() { "…" } else { "" })
}
