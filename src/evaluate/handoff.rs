//! Evaluators of the way to a person: in time, with a reason, and with what the colleague needs to go on.
//!
//! Invariant: only a call that hands over counts as a hand-over; announcing one is words.

use super::facts::{Aim, Call, Facts};
use super::language::{self, Cue};
use super::{Case, Flag, Judgement, Outcome, Text};
use crate::model::step::StepContent;

/// Rows in which the customer asks for a person.
pub(super) fn requests(facts: &Facts<'_>) -> Vec<usize> {
    facts.customer.iter().copied().filter(|row| facts.rows[*row].cues.has(Cue::AsksPerson)).collect()
}

/// Calls that hand over to a person, and did.
pub(super) fn handovers<'a>(facts: &'a Facts<'_>) -> Vec<&'a Call<'a>> {
    facts.calls.iter().filter(|call| call.aim == Aim::Person && !call.failed).collect()
}

/// A person in time: not too late, not missing, not without need, not without context.
pub(super) fn human_escalation(case: &Case<'_>) -> Outcome {
    let facts = case.facts;
    let (asked, handed) = (requests(facts), handovers(facts));
    if asked.is_empty() && handed.is_empty() {
        return Outcome::abstain("nobody asked for a person and nothing was handed over");
    }
    let mut flags = Vec::new();
    let mut value = 1.0_f64;
    for (nth, row) in asked.iter().enumerate() {
        let turn = facts.rows[*row].turn;
        let answered = facts
            .calls
            .iter()
            .any(|call| call.aim == Aim::Person && facts.rows[call.row].turn <= turn && call.row > asked[0]);
        let reply = facts.agent.iter().find(|at| *at > row && facts.rows[**at].turn == turn);
        let clarifies = nth == 0 && asked.len() == 1 && handed.iter().any(|call| facts.rows[call.row].turn <= turn + 1);
        if let (false, false, Some(reply)) = (answered, clarifies, reply) {
            flags.push(Flag::at(
                *reply,
                format!("the customer asked for a person (time {}), and got none in this turn", nth + 1),
            ));
        }
    }
    if !flags.is_empty() {
        value = if handed.is_empty() { 0.0 } else { 0.5_f64.powi(flags.len().min(3) as i32) };
    }
    for call in &handed {
        if without_context(call) {
            value *= 0.7;
            flags.push(Flag::at(call.row, "handed over without a summary of the matter"));
        }
    }
    if let Some(call) = handed.first().filter(|call| asked.is_empty() && is_unneeded(facts, call)) {
        value = value.min(0.7);
        let why = "handed over though nobody had asked, nothing had failed and no rule was named";
        flags.push(Flag::at(call.row, why));
    }
    let words = match (flags.is_empty(), handed.is_empty()) {
        (true, _) => Text::Borrowed("a person was brought in when it was called for"),
        (false, true) => format!("a person was asked for {} times and never brought in", asked.len()).into(),
        (false, false) => flags.first().map(|flag| flag.why.clone()).unwrap_or_default(),
    };
    Outcome::graded(value, 0.75, words, flags)
}

/// True where nothing in the record calls for a person: no wish, no failure, no refusal, no annoyance, no topic that needs
/// one, and nothing in the hand-over's own words.
fn is_unneeded(facts: &Facts<'_>, call: &Call<'_>) -> bool {
    let before = |rows: &[usize], cues: &[Cue]| {
        rows.iter().any(|row| *row < call.row && cues.iter().any(|cue| facts.rows[*row].cues.has(*cue)))
    };
    let named =
        call.values().iter().any(|(_, value)| value.as_str().is_some_and(|text| text.split_whitespace().count() >= 3));
    !named
        && !facts.calls.iter().any(|other| other.row < call.row && other.failed)
        && !before(&facts.customer, &[Cue::Negative, Cue::Sensitive, Cue::AsksPerson])
        && !before(&facts.agent, &[Cue::Refusal, Cue::Fallback])
}

fn without_context(call: &Call<'_>) -> bool {
    let takes_words =
        call.spec.and_then(|spec| spec.parameters.as_ref()).is_some_and(|schema| schema.exact().contains("summary"));
    let words = call.values().iter().map(|(_, value)| value.to_string().split_whitespace().count()).max().unwrap_or(0);
    takes_words && words < 4
}

/// What the colleague was given at the hand-over: who, what about, what was tried, why.
pub(super) fn handover_packet(case: &Case<'_>) -> Outcome {
    let facts = case.facts;
    let handed = handovers(facts);
    let Some(call) = handed.last() else { return Outcome::abstain("nothing was handed over to a person") };
    let StepContent::ToolCall { arguments, .. } = &facts.rows[call.row].step.content else {
        return Outcome::abstain("the hand-over records no arguments");
    };
    let text = language::plain_lower(arguments.0.exact());
    let keys: Vec<String> = call.values().into_iter().map(|(key, _)| key.to_lowercase()).collect();
    let has_key = |names: &[&str]| keys.iter().any(|key| names.iter().any(|name| key.contains(name)));
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let profile = has_key(&["customer", "profile", "user", "member", "contact", "email"])
        || says(&["customer", "kunde", "client", "cliente"]);
    let summary =
        call.values().iter().any(|(_, value)| value.as_str().is_some_and(|text| text.split_whitespace().count() >= 5));
    let intent = has_key(&["intent", "queue", "topic", "category", "reason", "department"]);
    let entities = !language::identifiers(arguments.0.exact()).is_empty();
    let attempted = facts.calls.iter().any(|other| other.row < call.row && other.aim == Aim::Work);
    let tried = !attempted
        || has_key(&["action", "tried", "attempt", "steps"])
        || says(&[
            "tried",
            "attempt",
            "failed",
            "error",
            "already",
            "looked up",
            "checked",
            "versucht",
            "essayé",
            "intent",
        ]);
    let rationale = has_key(&["reason", "rationale", "why"])
        || says(&[
            "because", "asked", "asks", "wants", "unable", "cannot", "failed", "threat", "request", "mistake", "weil",
            "parce", "porque",
        ]);
    let reasoning = facts
        .conversation
        .steps
        .iter()
        .any(|step| matches!(&step.content, StepContent::Message { reasoning: Some(_), .. }));
    let parts = [
        (profile, "who the customer is"),
        (summary, "a summary"),
        (intent, "the intent or queue"),
        (entities, "the records concerned"),
        (tried, "what was tried"),
        (rationale, "why it is handed over"),
    ];
    let present = parts.iter().filter(|(there, _)| *there).count();
    let lacking: Vec<&str> = parts.iter().filter(|(there, _)| !there).map(|(_, name)| *name).collect();
    let note = if reasoning { "" } else { " (no reasoning of the model is recorded)" };
    let words = if lacking.is_empty() {
        format!("the packet is complete{note}")
    } else {
        format!("lacks {}{note}", lacking.join(", "))
    };
    let value = present as f64 / parts.len() as f64;
    let flags = if value < 0.5 { vec![Flag::at(call.row, words.clone())] } else { Vec::new() };
    Outcome::graded(value, 0.5, words, flags)
}

/// Why it was handed over: the customer's wish, inability after failures, policy, or capacity. A label, no grade.
pub(super) fn handoff_reason(case: &Case<'_>) -> Outcome {
    let facts = case.facts;
    let Some(call) = handovers(facts).first().copied() else {
        return Outcome::abstain("nothing was handed over to a person");
    };
    let failed = facts.calls.iter().any(|other| other.failed && other.row < call.row);
    let text = call.canonical.to_lowercase();
    let (label, why) = if requests(facts).iter().any(|row| *row < call.row) {
        ("customer's wish", "the customer had asked for a person")
    } else if failed {
        ("inability", "a tool had failed before")
    } else if ["capacity", "busy", "overload", "queue full", "timeout"].iter().any(|word| text.contains(word)) {
        ("capacity", "the hand-over names a lack of capacity")
    } else if facts.agent.iter().any(|row| *row < call.row && facts.rows[*row].cues.has(Cue::Refusal))
        || text.contains("policy")
    {
        ("policy", "the agent had said that it may not or cannot do it")
    } else {
        ("inability", "no wish, failure or rule is recorded before it")
    };
    Outcome::Judged(Judgement {
        value: None,
        passed: None,
        explanation: why.into(),
        label: Some(label.into()),
        flags: Vec::new(),
    })
}

/// Hand-overs to an agent or queue that turned out to be the wrong one: the receiver refuses without trying anything.
pub(super) fn routing(case: &Case<'_>) -> Outcome {
    let facts = case.facts;
    let moves: Vec<&Call<'_>> = facts.calls.iter().filter(|call| call.aim == Aim::Agent && !call.failed).collect();
    let mut flags = Vec::new();
    for call in &moves {
        let turn = facts.rows[call.row].turn;
        let worked = facts
            .calls
            .iter()
            .any(|next| next.row > call.row && next.aim == Aim::Work && facts.rows[next.row].turn <= turn + 1);
        let reply = facts.agent.iter().find(|row| **row > call.row && facts.rows[**row].turn == turn);
        if let (false, Some(reply)) = (worked, reply)
            && facts.rows[*reply].cues.has(Cue::Refusal)
        {
            flags.push(Flag::at(call.row, format!("{} led to an agent that could not help", call.tool)));
        }
    }
    Outcome::share(moves.len(), "hand-overs between agents", flags)
}
