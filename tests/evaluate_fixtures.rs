//! Each failure kind of the recorded scenarios is flagged at its step by the evaluator that should see it, in every
//! instrumentation; good conversations are not flagged. Prints the table of hits and false alarms.
//!
//! Invariant: a flag counts only at the step the table names; an evaluator that abstains for want of data (a tool list,
//! a finish reason) is counted apart, and only where the recording indeed lacks it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot read its data should stop")]

use std::collections::BTreeMap;

use aftercall::evaluate::registry::EVALUATORS;
use aftercall::evaluate::{Evaluation, Judge, Limits};
use aftercall::model::conversation::Conversation;
use aftercall::model::score::ScoreTarget;
use aftercall::model::step::{Step, StepContent};

#[path = "labelled/fixtures.rs"]
mod fixtures;
#[path = "labelled/runs.rs"]
mod runs;

/// Story, evaluator, and the beginning of the text or the name of the tool at the step it has to flag.
const EXPECTED: [(&str, &str, &str); 21] = [
    ("s01", "ClaimedSuccess", "All done!"),
    ("s01", "InventedReferences", "Your reference is"),
    ("s01", "RetryStorm", "process_refund"),
    ("s03", "ToolSelectionAccuracy", "cancel_subscription"),
    ("s04", "CustomerAgentLoopDetection", "Could you share your order number"),
    ("s05", "CustomerAgentHumanEscalation", "I can help you right here"),
    ("s06", "ContradictsRetrieved", "Yes! Worn boots"),
    ("s08", "ParameterValidation", "update_address"),
    ("s09", "SwallowedErrors", "cancel_order"),
    ("s10", "UnconfirmedAction", "process_refund"),
    ("s12", "ToolSelectionAccuracy", "issue_store_credit"),
    ("s13", "ParameterValidation", "process_refund"),
    ("s14", "TruncatedReplies", "Our return rules"),
    ("s15", "Abandonment", "Your order was delivered"),
    ("s17", "WrongRoute", "transfer_to_billing_specialist"),
    ("s18", "CustomerAgentLoopDetection", "transfer_to_"),
    ("s20", "VerifierPassedFailure", "PASS"),
    ("s20", "ClaimedSuccess", "Cancelled and refunded"),
    ("s21", "IgnoredInput", "process_refund"),
    ("s23", "ToolSelectionAccuracy", "cancel_subscription"),
    ("s24", "VerifierPassedFailure", "PASS"),
];

/// Stories in which nothing went wrong.
const GOOD: [&str; 5] = ["s07", "s11", "s16", "s19", "s22"];

/// Stories in which a tool failed and the agent dealt with it: only what states the failure may speak.
const DEALT_WITH: [&str; 3] = ["s02", "s08", "s09"];
const STATES_FAILURES: [&str; 6] =
    ["ToolErrors", "SwallowedErrors", "FunctionCallAccuracy", "StepEfficiency", "ParameterValidation", "CrewRoles"];

fn begins(step: &Step) -> &str {
    match &step.content {
        StepContent::Message { text, .. } => text.exact(),
        StepContent::ToolCall { tool, .. } => tool.exact(),
    }
}

fn flagged<'a>(conversation: &'a Conversation, one: &Evaluation, evaluator: &str) -> Vec<&'a Step> {
    let spans = one
        .scores
        .iter()
        .filter(|score| score.evaluator.exact() == evaluator && score.target != ScoreTarget::Conversation);
    let spans: Vec<_> = spans.filter_map(|score| score.evidence.first()).collect();
    conversation
        .steps
        .iter()
        .filter(|step| step.span.as_ref().or(step.decision.as_ref()).is_some_and(|id| spans.contains(&id)))
        .collect()
}

fn abstained(one: &Evaluation, evaluator: &str) -> bool {
    one.scores
        .iter()
        .any(|score| score.evaluator.exact() == evaluator && score.value.is_none() && score.label.is_none())
}

#[test]
fn failures_are_flagged_at_their_step_and_good_conversations_are_not() {
    let Some(shared) = runs::shared() else { return };
    let folder = shared.join("fixtures/otlp");
    let scenarios = fixtures::scenarios(&folder);
    let judge = Judge::new(Limits::default(), Vec::new());
    let mut table: BTreeMap<&str, [u32; 4]> = BTreeMap::new();
    let mut wrong = Vec::new();
    for names in fixtures::FILES {
        for conversation in fixtures::conversations(&folder, names) {
            let Some((story, words)) = scenarios.get(conversation.external_id.exact()) else { continue };
            let one = judge.evaluate(&conversation);
            for (_, evaluator, beginning) in EXPECTED.iter().filter(|row| row.0 == story) {
                let row = table.entry(evaluator).or_default();
                if flagged(&conversation, &one, evaluator).iter().any(|step| begins(step).starts_with(beginning)) {
                    row[0] += 1;
                } else if abstained(&one, evaluator) || conversation.tools.is_empty() {
                    row[1] += 1;
                } else {
                    row[2] += 1;
                    wrong.push(format!("{}: {story} ({words}) not flagged by {evaluator} at {beginning}", names[0]));
                }
            }
            let good = GOOD.contains(&story.as_str());
            for score in one.scores.iter().filter(|score| score.passed == Some(false)) {
                let name = EVALUATORS
                    .iter()
                    .map(|one| one.about().name)
                    .find(|name| *name == score.evaluator.exact())
                    .unwrap();
                if good || (DEALT_WITH.contains(&story.as_str()) && !STATES_FAILURES.contains(&name)) {
                    table.entry(name).or_default()[3] += 1;
                    wrong.push(format!(
                        "{}: {story} ({words}): {name}: {}",
                        names[0],
                        score.explanation.as_ref().unwrap().exact()
                    ));
                }
            }
        }
    }
    println!("| evaluator | hits | no data | missed | false alarms |\n| --- | --- | --- | --- | --- |");
    for (name, [hits, no_data, missed, alarms]) in &table {
        println!("| {name} | {hits} | {no_data} | {missed} | {alarms} |");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(table.values().map(|row| row[0]).sum::<u32>() > 200, "too few conversations were found");
}

#[test]
fn suspicion_is_higher_for_failures_than_for_good_conversations() {
    let Some(shared) = runs::shared() else { return };
    let folder = shared.join("fixtures/otlp");
    let scenarios = fixtures::scenarios(&folder);
    let judge = Judge::new(Limits::default(), Vec::new());
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for names in fixtures::FILES {
        for conversation in fixtures::conversations(&folder, names) {
            let Some((story, _)) = scenarios.get(conversation.external_id.exact()) else { continue };
            let Some(p) = judge.evaluate(&conversation).suspicion.p_fail else { continue };
            match story.as_str() {
                "s07" | "s11" | "s16" | "s19" | "s22" | "s02" => good.push(p),
                "s01" | "s03" | "s05" | "s10" | "s20" | "s21" | "s24" => bad.push(p),
                _ => {}
            }
        }
    }
    let pairs = good.iter().flat_map(|good| bad.iter().map(move |bad| bad > good));
    let right = pairs.clone().filter(|right| *right).count() as f64 / pairs.count() as f64;
    println!("failed above good in {right:.3} of the pairs ({} good, {} failed)", good.len(), bad.len());
    assert!(right > 0.95, "{right}");
}

#[test]
fn the_order_of_spans_changes_nothing() {
    let Some(shared) = runs::shared() else { return };
    let judge = Judge::new(Limits::default(), Vec::new());
    for mut conversation in fixtures::conversations(&shared.join("fixtures/otlp"), fixtures::FILES[4]) {
        let first = judge.evaluate(&conversation);
        conversation.spans.reverse();
        let mut second = judge.evaluate(&conversation);
        let key = |score: &aftercall::model::score::Score| {
            format!("{:?} {} {:?}", score.target, score.evaluator.exact(), score.value)
        };
        let sorted = |one: &Evaluation| {
            let mut keys: Vec<String> = one.scores.iter().map(key).collect();
            keys.sort();
            keys
        };
        assert_eq!(sorted(&first), sorted(&second));
        second.scores = first.scores.clone();
        assert_eq!(first, second);
    }
}
