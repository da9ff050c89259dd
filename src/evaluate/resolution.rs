//! Evaluators of how it went and how it ended: was the matter done, was the customer content, was effort wasted.
//!
//! Invariant: outcome attributes of the system of record are never looked at here, only what the conversation shows;
//! so these scores may be compared with the outcomes.

use super::facts::{Aim, Facts, Row, Speaker};
use super::language::Cue;
use super::{Case, Flag, Judgement, Outcome, Text, handoff, loops, operations, reference, registry};

/// How a customer's message sounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    Content,
    Neutral,
    Annoyed,
}

/// The mood of a message, by its words, capitals and marks.
pub(super) fn mood(row: &Row<'_>) -> Mood {
    *row.mood.get_or_init(|| heard_mood(row))
}

fn heard_mood(row: &Row<'_>) -> Mood {
    let (letters, capitals) = row.letters;
    let shouts = letters >= 8 && capitals * 10 > letters * 7;
    let marks = row.text.contains("!!") || row.text.contains("?!") || row.text.contains("??");
    if row.cues.has(Cue::Negative) || shouts || marks {
        Mood::Annoyed
    } else if row.cues.has(Cue::Thanks) {
        Mood::Content
    } else {
        Mood::Neutral
    }
}

/// Signs that the last word of the agent was no, with nobody else brought in.
fn refused_at_end(facts: &Facts<'_>) -> bool {
    let last = facts.agent.iter().rev().find(|row| !facts.rows[**row].cues.has(Cue::Closing)).or(facts.agent.last());
    last.is_some_and(|row| facts.rows[*row].cues.has(Cue::Refusal)) && handoff::handovers(facts).is_empty()
}

/// Did the agent do what it set out to do: against the expected calls, else by what the record shows.
pub(super) fn task_completion(case: &Case<'_>) -> Outcome {
    let facts = case.facts;
    if let Some(diff) = reference::diff(facts) {
        return Outcome::graded(diff.value(), 1.0, diff.words(), diff.flags(facts)).labelled("against expected calls");
    }
    if facts.agent.is_empty() && facts.calls.is_empty() {
        return Outcome::abstain("the agent did nothing");
    }
    let mut flags = Vec::new();
    let mut value = 1.0_f64;
    let mut charge = |flag: Flag, weight: f64| {
        value -= weight;
        flags.push(flag);
    };
    for (judge, weight) in [(registry::CLAIMED, 0.6), (registry::TOOL_SELECTION, 0.4), (registry::UNCONFIRMED, 0.4)] {
        if let Some(flag) = case.ask(judge).and_then(|judgement| judgement.flags.first()) {
            charge(flag.clone(), weight);
        }
    }
    if let Some(call) = unrepaired(facts) {
        charge(Flag::at(call, "the last change failed and was not made good"), 0.4);
    }
    if refused_at_end(facts)
        && facts.writes().all(|call| call.failed)
        && let Some(row) = facts.agent.last()
    {
        charge(Flag::at(*row, "ends with a refusal, nothing was done"), 0.3);
    }
    let words = flags.first().map_or_else(|| Text::Borrowed("nothing speaks against it"), |flag| flag.why.clone());
    Outcome::graded(value, 0.75, words, flags).labelled("without reference")
}

/// The last change of the conversation, where it failed and no hand-over to a person came after it.
fn unrepaired(facts: &Facts<'_>) -> Option<usize> {
    let last = facts.writes().last().filter(|call| call.failed)?;
    let handed = handoff::handovers(facts).iter().any(|call| call.row > last.row);
    let told = facts.agent.iter().any(|row| *row > last.row && facts.rows[*row].cues.has(Cue::Refusal));
    (!handed && !told).then_some(last.row)
}

/// How far the matter was settled: 1, 0.75, 0.5, 0.25 or 0, by what was left open, failed, or had to be said or done
/// again. Thanks settle nothing, since people thank for what they were told; and whether a no or a hand-over was the
/// right end the conversation does not show, so that these get a label and no grade.
pub(super) fn resolution(case: &Case<'_>) -> Outcome {
    let facts = case.facts;
    let (Some(last), false) = (facts.customer.last(), facts.agent.is_empty()) else {
        return Outcome::abstain("there is no exchange between a customer and an agent");
    };
    let mood = mood(&facts.rows[*last]);
    let done = facts.writes().any(|call| !call.failed);
    let handed = !handoff::handovers(facts).is_empty();
    let broken = case.ask(registry::CLAIMED).is_some_and(|claims| !claims.flags.is_empty());
    let (value, row, words) = if broken {
        (0.0, Some(*last), "success was claimed without a successful call")
    } else if mood == Mood::Annoyed && !handed {
        (0.0, Some(*last), "the customer leaves annoyed")
    } else if let Some(row) = abandoned_at(facts) {
        (0.25, Some(row), "ends on an open question of the agent")
    } else if let Some(row) = unrepaired(facts) {
        (0.25, Some(row), "the last change failed and was not made good")
    } else if handed {
        return ended("handed over", "handed over to a person; whether that was right is not for the record to say");
    } else if let Some(row) = handoff::requests(facts).last() {
        (0.25, Some(*row), "the customer asked for a person and got none")
    } else if !done && refused_at_end(facts) {
        return ended("refused", "ends with a no; whether that was right is not for the record to say");
    } else if goes_without(&facts.rows[*last].lower) {
        (0.25, Some(*last), "the customer leaves to see to it elsewhere")
    } else if let Some(row) = loops::rephrased(facts).first() {
        (0.5, Some(*row), "the customer had to say it again")
    } else if let Some(row) = done_over(facts) {
        (0.5, Some(row), "a change was made over again in a later turn")
    } else if let Some(call) = facts.writes().find(|call| !call.failed && !facts.agreed(call)) {
        (0.75, Some(call.row), "done without a yes of the customer")
    } else if done {
        (1.0, None, "done, as the customer had agreed to")
    } else if mood == Mood::Content {
        (1.0, None, "answered, and the customer was content")
    } else {
        (0.75, None, "answered; the customer did not say whether it helped")
    };
    let flags = row.filter(|_| value < 0.5).map(|row| Flag::at(row, words)).into_iter().collect();
    Outcome::graded(value, 0.5, words, flags)
}

/// What customers say who go without it, parted by `|`.
const UNDONE: &str = "do it myself|myself instead|forget it|get back to you|check back later|have to look into it|\
                      need to look into it|guess i'll have to|ask somewhere else|mache ich selbst|mach ich selbst|\
                      vergessen sie es|vergiss es|je le ferai moi|laissez tomber|tant pis|lo haré yo|olvídelo|olvídalo";

/// True where the customer says so, and without a no shortly before it.
fn goes_without(lower: &str) -> bool {
    let negates = |word: &str| ["not", "nicht", "pas", "no"].contains(&word) || word.ends_with("n't");
    UNDONE.split('|').any(|phrase| {
        lower.match_indices(phrase).any(|(at, _)| {
            let sentence = lower[..at].rsplit(['.', '!', '?', ',', ';', '\n']).next().unwrap_or_default();
            !sentence.split_whitespace().rev().take(3).any(negates)
        })
    })
}

/// An end that gets no grade.
fn ended(label: &'static str, words: &'static str) -> Outcome {
    Outcome::Judged(Judgement {
        value: None,
        passed: None,
        explanation: words.into(),
        label: Some(label.into()),
        flags: Vec::new(),
    })
}

/// The row of a successful change of a record that the same tool had changed in an earlier turn.
fn done_over(facts: &Facts<'_>) -> Option<usize> {
    let done: Vec<(&str, Option<String>, u32, usize)> = facts
        .writes()
        .filter(|call| !call.failed)
        .map(|call| (call.tool, call.object(), facts.rows[call.row].turn, call.row))
        .collect();
    let again = |at: &usize| {
        let (tool, object, turn, _) = &done[*at];
        object.is_some()
            && done[..*at].iter().any(|(other, on, before, _)| other == tool && on == object && before < turn)
    };
    (0..done.len()).find(again).map(|at| done[at].3)
}

/// Records the customer named that a successful call got to.
pub(super) fn goal_progress(case: &Case<'_>) -> Outcome {
    let facts = case.facts;
    let mut named: Vec<(&str, usize)> = Vec::new();
    for row in &facts.customer {
        for id in facts.rows[*row].quotable_identifiers() {
            if !named.iter().any(|(known, _)| *known == id) {
                named.push((id, *row));
            }
        }
    }
    if named.is_empty() {
        return Outcome::abstain("the customer named no order, account or other record");
    }
    let reached = |id: &str| facts.calls.iter().any(|call| !call.failed && call.canonical.contains(id));
    let flags = named
        .iter()
        .filter(|(id, _)| !reached(id))
        .map(|(id, row)| Flag::at(*row, format!("no successful call ever used {id}")))
        .collect();
    Outcome::share(named.len(), "records the customer named", flags)
}

/// Effort that led somewhere: calls and answers that were not failures, repetitions or questions already answered.
pub(super) fn step_efficiency(case: &Case<'_>) -> Outcome {
    let facts = case.facts;
    let total = facts.calls.len() + facts.agent.len();
    let mut flags: Vec<Flag> = loops::repeated_calls(facts)
        .iter()
        .map(|call| Flag::at(call.row, format!("{} was asked for again, unchanged", call.tool)))
        .collect();
    for call in facts.calls.iter().filter(|call| call.failed) {
        if !flags.iter().any(|flag| flag.row == Some(call.row)) {
            flags.push(Flag::at(call.row, format!("{} failed{}", call.tool, operations::said(call))));
        }
    }
    if let Some(judgement) = case.ask(registry::LOOPS) {
        flags.extend(judgement.flags.iter().cloned());
    }
    flags.sort_by_key(|flag| flag.row);
    flags.dedup_by_key(|flag| flag.row);
    Outcome::share(total, "agent steps", flags)
}

/// The mean of `TaskCompletion`, `ToolSelectionAccuracy` and `StepEfficiency`, of those that could tell.
pub(super) fn trajectory(case: &Case<'_>) -> Outcome {
    let parts: Vec<&Judgement> = [registry::TASK_COMPLETION, registry::TOOL_SELECTION, registry::EFFICIENCY]
        .into_iter()
        .filter_map(|judge| case.ask(judge))
        .collect();
    let values: Vec<f64> = parts.iter().filter_map(|part| part.value).collect();
    if values.is_empty() {
        return Outcome::abstain("none of its parts could tell");
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let worst = parts
        .iter()
        .filter(|part| part.passed == Some(false))
        .min_by(|a, b| a.value.partial_cmp(&b.value).unwrap_or(std::cmp::Ordering::Equal));
    let words =
        worst.map_or_else(|| Text::Borrowed("nothing speaks against the path"), |part| part.explanation.clone());
    Outcome::graded(mean, 0.75, words, Vec::new())
}

/// Customer messages that sound annoyed.
pub(super) fn frustration(case: &Case<'_>) -> Outcome {
    let facts = case.facts;
    let flags = facts
        .customer
        .iter()
        .filter(|row| mood(&facts.rows[**row]) == Mood::Annoyed)
        .map(|row| Flag::at(*row, "the customer sounds annoyed"))
        .collect();
    Outcome::share(facts.customer.len(), "customer messages", flags)
}

/// The mood of the customer's last message: 1 content, 0.5 neutral, 0 annoyed.
pub(super) fn leaving_sentiment(case: &Case<'_>) -> Outcome {
    let facts = case.facts;
    let Some(last) = facts.customer.last() else { return Outcome::abstain("no message of the customer is recorded") };
    if facts.customer.len() < 2 {
        return Outcome::abstain("the customer wrote one message only, before anything was done");
    }
    let (value, words) = match mood(&facts.rows[*last]) {
        Mood::Content => (1.0, "the customer leaves content"),
        Mood::Neutral => (0.5, "the customer's last message is neutral"),
        Mood::Annoyed => (0.0, "the customer leaves annoyed"),
    };
    let flags = if value == 0.0 { vec![Flag::at(*last, words)] } else { Vec::new() };
    Outcome::graded(value, 0.5, words, flags)
}

/// The row of the agent's open question the customer never answered.
pub(super) fn abandoned_at(facts: &Facts<'_>) -> Option<usize> {
    let last = facts.rows.iter().rposition(|row| row.speaker != Speaker::Tool && row.step.depth == 0)?;
    let row = &facts.rows[last];
    let asks = row.text.trim_end().trim_end_matches(['*', '"', ')']).ends_with('?');
    let handed = facts.calls.iter().any(|call| call.aim == Aim::Person && !call.failed);
    (row.speaker == Speaker::Agent && asks && !handed && !row.cues.has(Cue::Closing)).then_some(last)
}

/// Whether the customer stayed to the end, and at which step they left.
pub(super) fn abandonment(case: &Case<'_>) -> Outcome {
    let facts = case.facts;
    if facts.customer.is_empty() || facts.agent.is_empty() {
        return Outcome::abstain("there is no exchange between a customer and an agent");
    }
    match abandoned_at(facts) {
        Some(row) => Outcome::graded(
            0.0,
            0.5,
            "the customer never answered the agent's last question",
            vec![Flag::at(row, "never answered")],
        ),
        None => Outcome::graded(1.0, 0.5, "the conversation does not end on an open question", Vec::new()),
    }
}

/// A clean end: the agent closes, or the customer thanks; no open question, no refusal, no annoyance at the end.
pub(super) fn clean_end(case: &Case<'_>) -> Outcome {
    let facts = case.facts;
    let (Some(customer), Some(agent)) = (facts.customer.last(), facts.agent.last()) else {
        return Outcome::abstain("there is no exchange between a customer and an agent");
    };
    let closes = facts.rows[*agent].cues.has(Cue::Closing) || facts.rows[*customer].cues.has(Cue::Thanks);
    let spoilt = mood(&facts.rows[*customer]) == Mood::Annoyed || abandoned_at(facts).is_some();
    let value = match (closes, spoilt) {
        (_, true) => 0.0,
        (true, false) => 1.0,
        (false, false) => 0.5,
    };
    let words =
        ["ends badly or on an open question", "ends without a closing word", "ends with thanks or a closing word"]
            [(value * 2.0) as usize];
    Outcome::graded(value, 0.5, words, Vec::new())
}
