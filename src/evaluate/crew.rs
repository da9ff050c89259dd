//! Evaluators of several agents at work together: planner, executor, verifier; and of recorded reasoning.
//!
//! Invariant: roles come from agent names alone; a conversation of one agent makes every crew evaluator abstain.

use super::facts::{Aim, Call, Facts};
use super::language::{self, Cue};
use super::{Case, Flag, Outcome, Text, tools};
use crate::model::step::StepContent;
use crate::model::tool::Effect;

/// The part an agent plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Planner,
    Verifier,
    Other,
}

fn part(agent: Option<&crate::text::Untrusted>) -> Part {
    let Some(agent) = agent else { return Part::Other };
    let name = agent.exact().to_lowercase();
    if ["verif", "review", "critic", "checker", "qa", "audit", "validator"].iter().any(|word| name.contains(word)) {
        Part::Verifier
    } else if ["plan", "orchestrat", "manager"].iter().any(|word| name.contains(word)) {
        Part::Planner
    } else {
        Part::Other
    }
}

/// Agent messages of a part.
fn said_by(facts: &Facts<'_>, wanted: Part) -> Vec<usize> {
    facts.agent.iter().copied().filter(|row| part(facts.rows[*row].step.agent.as_ref()) == wanted).collect()
}

/// What a verifier decided in a message: `Some(true)` for a pass. The word at the beginning counts most.
fn verdict(facts: &Facts<'_>, row: usize) -> Option<bool> {
    let row = &facts.rows[row];
    let head = row.lower.trim_start_matches(|c: char| !c.is_alphanumeric());
    if head.starts_with("pass") || head.starts_with("approved") || head.starts_with("ok") {
        return Some(true);
    }
    if head.starts_with("fail") || head.starts_with("reject") || head.starts_with("not ") {
        return Some(false);
    }
    match (row.cues.has(Cue::Approves), row.cues.has(Cue::Rejects)) {
        (true, false) => Some(true),
        (false, true) => Some(false),
        _ => None,
    }
}

/// What speaks against the work of the others before a verdict: a failed change not made good, or invented values.
fn fault_before(case: &Case<'_>, row: usize) -> Option<String> {
    let facts = case.facts;
    let writes: Vec<&Call<'_>> = facts.writes().filter(|call| call.row < row).collect();
    let failed = writes.iter().find(|call| {
        call.failed && !writes.iter().any(|later| later.row > call.row && later.tool == call.tool && !later.failed)
    });
    if let Some(call) = failed {
        return Some(format!("{} had failed", call.tool));
    }
    writes.iter().filter(|call| !call.failed).find_map(|call| {
        let values = tools::ungrounded(facts, call);
        values.first().map(|value| format!("{} was given {value}, which nobody had named", call.tool))
    })
}

/// Verifiers that passed work with a failed or invented step in it.
pub(super) fn verifier(case: &Case<'_>) -> Outcome {
    let facts = case.facts;
    let verdicts: Vec<(usize, bool)> =
        said_by(facts, Part::Verifier).into_iter().filter_map(|row| Some((row, verdict(facts, row)?))).collect();
    let flags = verdicts
        .iter()
        .filter(|(_, passed)| *passed)
        .filter_map(|(row, _)| fault_before(case, *row).map(|why| Flag::at(*row, format!("passed, although {why}"))))
        .collect();
    Outcome::share(verdicts.len(), "verdicts of a verifier", flags)
}

/// The crew's own verdict: a failing last verdict means that the work was not made good.
pub(super) fn crew_verdict(case: &Case<'_>) -> Outcome {
    let facts = case.facts;
    let last = said_by(facts, Part::Verifier).into_iter().filter_map(|row| Some((row, verdict(facts, row)?))).last();
    match last {
        None => Outcome::abstain("no verdict of a verifier is recorded"),
        Some((row, false)) => Outcome::graded(
            0.0,
            1.0,
            "the verifier's last verdict is a fail",
            vec![Flag::at(row, "the verifier says that it is not done")],
        ),
        Some(_) => Outcome::graded(1.0, 1.0, "the verifier's last verdict is a pass", Vec::new()),
    }
}

/// Steps of a plan that nobody carried out.
pub(super) fn ignored_input(case: &Case<'_>) -> Outcome {
    let facts = case.facts;
    let mut planned = 0;
    let mut flags = Vec::new();
    for row in said_by(facts, Part::Planner) {
        for item in facts.rows[row]
            .lower
            .lines()
            .filter(|line| line.trim_start().starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '*'))
        {
            let Some(tool) = meant_tool(facts, item) else { continue };
            planned += 1;
            if !facts.calls.iter().any(|call| call.row > row && call.tool == tool) {
                let next =
                    facts.calls.iter().find(|call| call.row > row && call.is_write()).map_or(row, |call| call.row);
                flags.push(Flag::at(next, format!("the plan names a step for {tool}, which was never called")));
            }
        }
    }
    Outcome::share(planned, "planned steps that name a tool's work", flags)
}

/// The tool a line of a plan is about: all words of its name occur in it.
fn meant_tool<'a>(facts: &'a Facts<'_>, item: &str) -> Option<&'a str> {
    let offered =
        facts.conversation.tools.iter().filter(|tool| tool.effect != Effect::Read).map(|tool| tool.name.exact());
    offered.filter(|name| !super::facts::leads_away(name)).find(|name| {
        let words = tools::name_words(name);
        words.len() >= 2 && words.iter().all(|word| item.contains(word.as_ref()))
    })
}

/// Steps per agent that failed: the share of agents without a failed call.
pub(super) fn roles(case: &Case<'_>) -> Outcome {
    let facts = case.facts;
    let mut agents: Vec<(&str, usize, usize, usize)> = Vec::new();
    for call in &facts.calls {
        let Some(agent) = &facts.rows[call.row].step.agent else { continue };
        match agents.iter_mut().find(|(name, ..)| *name == agent.exact()) {
            Some((_, calls, failed, _)) => {
                *calls += 1;
                *failed += usize::from(call.failed);
            }
            None => agents.push((agent.exact(), 1, usize::from(call.failed), call.row)),
        }
    }
    let mut names: Vec<&str> =
        facts.rows.iter().filter_map(|row| row.step.agent.as_ref()).map(crate::text::Untrusted::exact).collect();
    names.sort_unstable();
    names.dedup();
    if names.len() < 2 || agents.is_empty() {
        return Outcome::abstain("one agent only, or no calls of named agents");
    }
    let words: Vec<String> =
        agents.iter().map(|(name, calls, failed, _)| format!("{name} {failed} of {calls} failed")).collect();
    let (calls, failed) = agents.iter().fold((0, 0), |sum, (_, calls, failed, _)| (sum.0 + calls, sum.1 + failed));
    Outcome::graded(1.0 - failed as f64 / calls as f64, 1.0, words.join("; "), Vec::new())
}

/// Recorded reasoning that fits what was done next: it names the tool's work, its object, or gives a reason.
pub(super) fn reasoning(case: &Case<'_>) -> Outcome {
    let facts = case.facts;
    let mut looked_at = 0;
    let mut flags = Vec::new();
    for (at, row) in facts.rows.iter().enumerate() {
        let StepContent::Message { reasoning: Some(reasoning), .. } = &row.step.content else { continue };
        let thought = language::plain_lower(reasoning.exact());
        let next: Vec<&Call<'_>> = facts
            .calls
            .iter()
            .filter(|call| {
                call.row > at && facts.rows[call.row].step.message == row.step.message && call.aim == Aim::Work
            })
            .collect();
        looked_at += 1;
        let (cues, _) = language::listen(&thought);
        let fits = |call: &Call<'_>| {
            tools::name_words(call.tool).iter().any(|word| thought.contains(word.as_ref()))
                || call.values().iter().any(|(_, value)| {
                    value.as_str().is_some_and(|text| text.len() > 3 && thought.contains(&text.to_lowercase()))
                })
        };
        if let Some(call) = next.iter().find(|call| !fits(call)) {
            flags.push(Flag::at(
                call.row,
                format!("the recorded reasoning says nothing of {} or its object", call.tool),
            ));
        } else if next.is_empty() && !cues.has(Cue::Reason) && thought.split_whitespace().count() < 5 {
            flags.push(Flag::at(at, "the recorded reasoning gives no reason"));
        }
    }
    if looked_at == 0 {
        let handed = super::handoff::handovers(facts).first().map(|call| facts.rows[call.row].step.number);
        return Outcome::abstain(handed.map_or_else(
            || Text::Borrowed("no reasoning of the model is recorded"),
            |step| format!("no reasoning of the model is recorded, not even at the hand-over in step {step}").into(),
        ));
    }
    Outcome::share(looked_at, "steps with recorded reasoning", flags)
}
