//! Right answers that are no call: a reply, a question, a hand-over, or nothing called.
//!
//! Invariant: what has to be said passes only where a rule looked at what was said; else it is left to a judge.

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
    let place = case.place(run);
    if asks || case.asks_for("no_call") {
        bench.not_repeated(findings);
        writes_there(bench, place, findings);
        if place.is_none() {
            findings.unjudged.push("the run ends before the step of the case".to_owned());
            return;
        }
    }
    if findings.failed.is_some() || criteria::quotes(bench) {
        return;
    }
    if asks {
        // Which question is asked, no rule can tell; that one is asked, and nothing wrong is called, is taken for right.
        if !place.is_some_and(|place| asks_from(run, place)) {
            findings.unjudged.push("no rule can tell whether it asks the customer".to_owned());
        }
    } else if case.reply.is_some() {
        let why = "its reply is in words; a criterion with a \"quoted phrase\" or a judge can check them";
        findings.unjudged.push(why.to_owned());
    } else if case.step.is_some() && case.must.is_empty() && case.must_not.is_empty() && !case.asks_for("no_call") {
        findings.unjudged.push("its right answer is in words, and no criterion says what must be in them".to_owned());
    }
}

/// In the place where nothing should be called, nothing is changed by a tool that was not at work before either.
fn writes_there(bench: &Bench<'_>, place: Option<u32>, findings: &mut Findings) {
    let mut calls = bench.calls.iter().filter(|made| Some(made.step) == place && made.writes);
    if let Some(made) = calls.find(|made| !bench.case.called_before(&made.tool)) {
        findings.fail(format!("calls {} where nothing should be called", made.tool), Some(made.step));
    }
}

/// True where the agent asks something at a step or later.
fn asks_from(run: &Conversation, first: u32) -> bool {
    run.steps.iter().filter(|step| step.number >= first && step.depth == 0).any(|step| match &step.content {
        StepContent::Message { role: Role::Assistant, text, .. } => text.exact().contains(['?', '？', '؟']),
        _ => false,
    })
}
