//! Right answers that are no call: a reply, a question, a hand-over, or nothing called.
//!
//! Invariant: what has to be said passes only where a rule looked at what was said; else it is left to a judge.

use std::ops::Range;

use super::Findings;
use super::calls::Bench;
use super::criteria;
use crate::model::conversation::Conversation;
use crate::model::step::{Role, StepContent};

/// Holds a run against the kind of answer that was right at the step.
pub(super) fn check(bench: &Bench<'_>, findings: &mut Findings) {
    let (case, run) = (bench.case, bench.run.compared);
    if case.asks_for("hand_off") {
        return bench.hand_over(findings);
    }
    let asks = case.asks_for("ask_customer");
    let turn = case.turn(run);
    if asks || case.asks_for("no_call") {
        bench.not_repeated(findings);
        let Some(turn) = &turn else {
            findings.unjudged.push("the run ends before the step of the case".to_owned());
            return;
        };
        writes_there(bench, turn, findings);
    }
    if findings.failed.is_some() || criteria::quotes(bench) {
        return;
    }
    if asks {
        // Which question is asked, no rule can tell; that one is asked, and nothing wrong is called, is taken for right.
        if !turn.is_some_and(|turn| asks_in(run, &turn)) {
            findings.unjudged.push("no rule can tell whether it asks the customer".to_owned());
        }
    } else if case.reply.is_some() {
        let why = "its reply is in words; a criterion with a \"quoted phrase\" or a judge can check them";
        findings.unjudged.push(why.to_owned());
    } else if case.step.is_some() && case.must.is_empty() && case.must_not.is_empty() && !case.asks_for("no_call") {
        findings.unjudged.push("its right answer is in words, and no criterion says what must be in them".to_owned());
    }
}

/// Where nothing should be called, nothing is changed up to the customer's next words, but by a tool that was at work
/// before as well.
fn writes_there(bench: &Bench<'_>, turn: &Range<u32>, findings: &mut Findings) {
    let mut calls = bench.calls.iter().filter(|made| turn.contains(&made.step) && made.writes);
    if let Some(made) = calls.find(|made| !bench.case.called_before(&made.tool)) {
        findings.fail(format!("calls {} where nothing should be called", made.tool), Some(made.step));
    }
}

/// What agents say when they are done; it asks nothing that the customer was not asked anyway.
const CLOSINGS: [&str; 8] = [
    "anything else",
    "anything more",
    "any other question",
    "any more question",
    "something else i can",
    "what else can i",
    "sonst noch",
    "noch etwas",
];

/// True where the agent asks something in a turn.
fn asks_in(run: &Conversation, turn: &Range<u32>) -> bool {
    const MARKS: [char; 3] = ['?', '？', '؟'];
    let asks = |text: &str| {
        text.split_inclusive(|c: char| MARKS.contains(&c) || matches!(c, '.' | '!' | '\n'))
            .filter(|sentence| sentence.ends_with(MARKS))
            .map(str::to_lowercase)
            .any(|question| !CLOSINGS.iter().any(|closing| question.contains(closing)))
    };
    run.steps.iter().filter(|step| turn.contains(&step.number) && step.depth == 0).any(|step| match &step.content {
        StepContent::Message { role: Role::Assistant, text, .. } => asks(text.exact()),
        _ => false,
    })
}
