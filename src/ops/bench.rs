//! Measuring evaluators against known outcomes: the built-in ones, those that came with the conversations, and those
//! that were asked.
//!
//! Invariant: the outcome is never given to an evaluator, and what is learnt is measured on groups it did not learn from.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use serde::Serialize;
use serde_json::Value;

use super::Progress;
use super::evaluate::{self, EvaluateError};
use super::workspace::Workspace;
use crate::evaluate::bench::{Said, Standing, Truth, area};
use crate::evaluate::features::{Feature, Features};
use crate::evaluate::learn::{self, Example};
use crate::evaluate::registry::EVALUATORS;
use crate::evaluate::{Evaluation, Judge};
use crate::model::conversation::Conversation;
use crate::model::label::Verdict;
use crate::model::score::{Direction, Score, ScoreTarget};
use crate::model::time::Timestamp;
use crate::store::{Covered, Store, StoreError};

pub use crate::evaluate::bench::{Mark, Standing as Row};

/// The truth that is not an attribute: what people said.
pub const VERDICT: &str = "verdict";

/// Shuffles of the folds, at most.
const SHUFFLES: usize = 5;

/// Runs above which fewer shuffles have to do.
const MANY: usize = 2_000;

/// Runs that are learnt from, at most.
const MOST_LEARNT: usize = 20_000;

/// What to measure against.
#[derive(Debug, Clone, Copy, Default)]
pub struct BenchOrder<'a> {
    /// Only conversations that match.
    pub filter: &'a str,
    /// An outcome or attribute by name, with points into its members; or [`VERDICT`].
    pub truth: &'a str,
    /// A number below this is a failure; 0.5 unless given.
    pub below: Option<f64>,
    /// What else would be a success is a failure, and the other way round.
    pub inverted: bool,
    /// The attribute that names runs which are not independent.
    pub group: Option<&'a str>,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct BenchReport {
    /// 1.
    pub schema_version: u32,
    /// What it was measured against.
    pub truth: String,
    /// Conversations with a known outcome.
    pub conversations: usize,
    /// Conversations without.
    pub without_truth: usize,
    /// Of those with one, how many failed.
    pub failed: usize,
    /// Groups of runs that are not independent.
    pub groups: usize,
    /// Shuffles of the five folds over which the learnt figure is the mean.
    pub shuffles: usize,
    /// The trivial baselines, the probabilities, then evaluators, best first.
    pub rows: Vec<Standing>,
    /// How long it took; the caller, who has a clock, sets it.
    pub seconds: f64,
}

/// One conversation with its outcome, and all that is said of it.
struct Run {
    failed: bool,
    group: String,
    features: Features,
    blind: Option<f64>,
    informed: Option<f64>,
    said: BTreeMap<String, Said>,
}

/// Measures every evaluator on the conversations that match.
///
/// # Errors
/// The filter, the workspace's limits, policies or scales, or the database.
pub fn bench(
    workspace: &Workspace,
    order: &BenchOrder<'_>,
    now: Timestamp,
    tell: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<BenchReport, EvaluateError> {
    let (limits, by_intent) = evaluate::limits(workspace)?;
    let judge = Judge::new(limits, evaluate::policies(workspace)?).by_intent(by_intent);
    let scales = evaluate::scales(workspace)?;
    let ids = evaluate::matching(workspace, order.filter, now)?;
    let mut report = BenchReport { schema_version: 1, truth: order.truth.to_owned(), ..BenchReport::default() };
    let covered = workspace.store().covered(workspace.reviewer())?;
    let mut runs = Vec::new();
    for (at, id) in ids.iter().enumerate() {
        let what = "measuring".to_owned();
        if tell(&Progress { done: at as u64, total: Some(ids.len() as u64), what }).is_break() {
            break;
        }
        let store = workspace.store();
        let Some(mut conversation) = store.conversation(id)? else { continue };
        let Some(failed) = failed(store, &covered, &conversation, order)? else {
            report.without_truth += 1;
            continue;
        };
        conversation.scores.extend(evaluate::judged(store, id)?);
        let lower = |name: &str| evaluate::scale(&scales, name).direction == Direction::Lower;
        runs.push(run(&judge, conversation, (failed, order.group), &lower));
    }
    report.conversations = runs.len();
    report.failed = runs.iter().filter(|run| run.failed).count();
    let truth = Truth::new(runs.iter().map(|run| (run.failed, run.group.clone())));
    report.groups = truth.groups();
    report.rows = baselines(&truth, &runs);
    report.rows.extend(learnt(&truth, &runs, &mut report.shuffles));
    report.rows.extend(evaluators(&truth, &runs, &|name| {
        if evaluate::scale(&scales, name).direction == Direction::Lower { "lower" } else { "higher" }
    }));
    Ok(report)
}

fn run(
    judge: &Judge,
    mut conversation: Conversation,
    (failed, group): (bool, Option<&str>),
    lower: &dyn Fn(&str) -> bool,
) -> Run {
    let informed = conversation.expected.is_some().then(|| judge.evaluate(&conversation).suspicion.p_fail).flatten();
    conversation.expected = None;
    let Evaluation { scores, features, suspicion, .. } = judge.evaluate(&conversation);
    let mut said: BTreeMap<String, Said> = BTreeMap::new();
    for score in scores.iter().filter(|score| score.target == ScoreTarget::Conversation) {
        worst(&mut said, score.evaluator.exact().to_owned(), score, lower);
    }
    for score in &conversation.scores {
        let name = score.evaluator.exact();
        let ours = EVALUATORS.iter().any(|one| one.about().name == name);
        worst(&mut said, if ours { format!("{name} (from outside)") } else { name.to_owned() }, score, lower);
    }
    Run { failed, group: group_of(&conversation, group), features, blind: suspicion.p_fail, informed, said }
}

/// Keeps the worst that an evaluator said of a run.
fn worst(said: &mut BTreeMap<String, Said>, name: String, score: &Score, lower: &dyn Fn(&str) -> bool) {
    let sign = if lower(score.evaluator.exact()) { 1.0 } else { -1.0 };
    let value = score.value.or(score.passed.map(|passed| f64::from(u8::from(passed)))).map(|value| sign * value);
    let entry = said.entry(name).or_insert((None, None));
    entry.0 = match (entry.0, value) {
        (Some(a), Some(b)) => Some(a.max(b)),
        (a, b) => a.or(b),
    };
    entry.1 = match (entry.1, score.passed) {
        (Some(a), Some(b)) => Some(a && b),
        (a, b) => a.or(b),
    };
}

fn baselines(truth: &Truth, runs: &[Run]) -> Vec<Standing> {
    let row = |name: &str, of: &dyn Fn(&Run) -> Option<f64>| {
        let said: Vec<Said> = runs.iter().map(|run| (of(run), None)).collect();
        truth.standing(name, "lower", &said)
    };
    let mut rows = vec![
        row("trivial: messages and calls", &|run| Some(run.features.get(Feature::Steps))),
        row("trivial: changes", &|run| Some(run.features.get(Feature::DoneWrites))),
        row("P(fail), fixed", &|run| run.blind),
    ];
    if runs.iter().any(|run| run.informed.is_some()) {
        rows.push(row("P(fail), fixed, with expected calls", &|run| run.informed));
    }
    rows
}

/// The learnt figure: the mean over shuffles of the folds, with the interval of the shuffle nearest to it.
fn learnt(truth: &Truth, runs: &[Run], shuffles: &mut usize) -> Option<Standing> {
    if truth.groups() < 10 {
        return None;
    }
    // Of a conversation in which nothing happened nothing can be learnt, and nothing said.
    let known: Vec<usize> = (0..runs.len()).filter(|at| runs[*at].blind.is_some()).take(MOST_LEARNT).collect();
    let examples: Vec<Example<'_>> = known
        .iter()
        .map(|at| &runs[*at])
        .map(|run| Example { features: &run.features, failed: run.failed, group: &run.group })
        .collect();
    *shuffles = (MANY / examples.len().max(1)).clamp(1, SHUFFLES);
    let mut found: Vec<(f64, Vec<f64>)> = (0..*shuffles as u64)
        .map(|seed| {
            let logits = learn::held_out(&examples, seed);
            (area(examples.iter().zip(&logits).map(|(one, logit)| (one.failed, *logit)).collect()), logits)
        })
        .collect();
    let mean = found.iter().map(|(auroc, _)| auroc).sum::<f64>() / found.len() as f64;
    found.sort_by(|a, b| (a.0 - mean).abs().total_cmp(&(b.0 - mean).abs()));
    let mut said: Vec<Said> = vec![(None, None); runs.len()];
    known.iter().zip(&found.first()?.1).for_each(|(at, logit)| said[*at].0 = Some(*logit));
    let name = "P(fail), learnt on other groups";
    Some(Standing { auroc: Some(mean), ..truth.standing(name, "lower", &said) })
}

/// The evaluators that said anything, best first.
fn evaluators(truth: &Truth, runs: &[Run], better: &dyn Fn(&str) -> &'static str) -> Vec<Standing> {
    let names: BTreeSet<&String> = runs.iter().flat_map(|run| run.said.keys()).collect();
    let mut rows: Vec<Standing> = names
        .into_iter()
        .map(|name| {
            let said: Vec<Said> = runs.iter().map(|run| run.said.get(name).copied().unwrap_or_default()).collect();
            truth.standing(name, better(name.trim_end_matches(" (from outside)")), &said)
        })
        .filter(|standing| standing.n > 0)
        .collect();
    rows.sort_by(|a, b| b.auroc.unwrap_or(-1.0).total_cmp(&a.auroc.unwrap_or(-1.0)).then(a.name.cmp(&b.name)));
    rows
}

/// Whether a run failed; `None` where it is not known.
pub(super) fn failed(
    store: &Store,
    covered: &Covered,
    conversation: &Conversation,
    order: &BenchOrder<'_>,
) -> Result<Option<bool>, StoreError> {
    if order.truth == VERDICT {
        if covered.waits(&conversation.id) {
            return Ok(None);
        }
        let verdicts: BTreeSet<bool> = store
            .labels(&conversation.id)?
            .iter()
            .filter_map(|label| match label.verdict? {
                Verdict::Fail => Some(true),
                Verdict::Pass => Some(false),
                Verdict::Unsure => None,
            })
            .collect();
        // Where people disagree nothing is known yet.
        return Ok(verdicts.first().copied().filter(|_| verdicts.len() == 1));
    }
    Ok(known(conversation, order.truth).and_then(|value| bad(order, value)))
}

/// An outcome, else an attribute, by its name.
fn known<'a>(conversation: &'a Conversation, name: &str) -> Option<&'a Value> {
    named(name, &|key| conversation.outcomes.get(key).or_else(|| conversation.attributes.get(key)))
}

/// A value by its name, with or without `outcome.` or `meta.`, with points into its members.
pub(super) fn named<'a>(name: &str, get: &dyn Fn(&str) -> Option<&'a Value>) -> Option<&'a Value> {
    let name = name.strip_prefix("outcome.").or_else(|| name.strip_prefix("meta.")).unwrap_or(name);
    get(name).or_else(|| {
        let (first, rest) = name.split_once('.')?;
        get(first)?.pointer(&format!("/{}", rest.replace('.', "/")))
    })
}

/// Whether a value means failure. Of names such as `reopened` or `failed`, true does.
pub(super) fn bad(order: &BenchOrder<'_>, value: &Value) -> Option<bool> {
    const BAD_NAMES: [&str; 8] = ["fail", "error", "reopen", "repeat", "complain", "escalat", "mistake", "wrong"];
    let name = order.truth.to_ascii_lowercase();
    let named_bad = BAD_NAMES.iter().any(|word| name.contains(word));
    let good = match value {
        Value::Bool(flag) => *flag != named_bad,
        Value::Number(number) => (number.as_f64()? >= order.below.unwrap_or(0.5)) != named_bad,
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "pass" | "passed" | "success" | "succeeded" | "resolved" | "ok" | "good" | "correct" | "won" => true,
            "fail" | "failed" | "failure" | "unresolved" | "bad" | "incorrect" | "wrong" | "error" => false,
            "yes" | "true" => !named_bad,
            "no" | "false" => named_bad,
            other => (other.parse::<f64>().ok()? >= order.below.unwrap_or(0.5)) != named_bad,
        },
        _ => return None,
    };
    Some(good == order.inverted)
}

/// The group of a run: the attribute asked for, else its task, else the part of its name before the last slash.
pub(super) fn group_of(conversation: &Conversation, asked: Option<&str>) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if let Some(value) = asked.and_then(|name| known(conversation, name)) {
        return text(value);
    }
    if let Some(task) = conversation.attributes.get("task_id").filter(|_| asked.is_none()) {
        return text(task);
    }
    let name = conversation.external_id.exact();
    let task = name.rsplit_once('/').map_or(name, |(task, _)| task);
    format!("{}/{task}", conversation.source.exact())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_read_by_their_names_and_limits() {
        let order = |truth| BenchOrder { truth, ..BenchOrder::default() };
        let read = |truth, value: Value| bad(&order(truth), &value);
        assert_eq!(read("reward", json!(0.0)), Some(true));
        assert_eq!(read("reward", json!(1)), Some(false));
        assert_eq!(read("reopened", json!(true)), Some(true));
        assert_eq!(read("reopened", json!("no")), Some(false));
        assert_eq!(read("resolved", json!(false)), Some(true));
        assert_eq!(read("result", json!("failed")), Some(true));
        assert_eq!(read("result", json!("maybe")), None);
        let csat = BenchOrder { below: Some(3.0), ..order("csat") };
        assert_eq!((bad(&csat, &json!(2)), bad(&csat, &json!("4"))), (Some(true), Some(false)));
        assert_eq!(bad(&BenchOrder { inverted: true, ..order("churn") }, &json!(true)), Some(true));
    }
}
