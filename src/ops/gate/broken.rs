//! The runs a report objects to, brought into the workspace so that people can look at them.
//!
//! Invariant: they come under a source of their own that names the report, so that no stored conversation changes, and
//! opening the same report again brings nothing twice.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::report::{RunsOf, State};
use super::{GateError, GateOrder, Runs, Trial, cabinet};
use crate::dataset::regression::{Case, Outcome};
use crate::model::conversation::Conversation;
use crate::model::filter::{Condition, Expr, Field, Filter, Test, TextMatch};
use crate::model::gate::{Broken, BrokenCase, SOURCE};
use crate::model::id::ConversationId;
use crate::model::time::Timestamp;
use crate::ops::evaluate::{EvaluateOrder, evaluate};
use crate::ops::workspace::Workspace;
use crate::store::{Applied, Changes, ContentHash, Put, StoreError};

/// How often storing is tried where another program writes at the same time.
const TRIES: usize = 8;

/// Which report, and where its runs are now.
#[derive(Debug, Clone, Default)]
pub struct BringOrder {
    /// The report, as `gate --json` prints it.
    pub report: PathBuf,
    /// The files of the runs; those that the report names where there are none.
    pub runs: Vec<PathBuf>,
    /// The reason for showing cases of the sealed test split.
    pub open_test: Option<String>,
}

/// What was brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Brought {
    /// The filter that finds the runs.
    pub filter: String,
    /// Runs the report objects to.
    pub failing: usize,
    /// Of them, those that are new in the workspace.
    pub imported: usize,
    /// Of them, those that are in none of the files.
    pub missing: Vec<String>,
    /// Runs of earlier reports on the same cases that went, since nobody had judged them.
    pub forgotten: usize,
    /// Cases that could not be read any more, so that only the report's words are shown.
    pub unread: usize,
    /// How often the test split had been opened before, where it was opened.
    pub test_uses_before: usize,
}

/// As much of a report as it takes.
#[derive(Deserialize)]
struct Written {
    dataset: String,
    cases_of: String,
    runs: RunsOf,
    cases: Vec<WrittenCase>,
}

#[derive(Deserialize)]
struct WrittenCase {
    case_id: String,
    conversation_id: String,
    step: Option<u32>,
    state: State,
    trials: Vec<Trial>,
}

/// Brings the runs of a report that fail.
///
/// # Errors
/// It is no report, its runs cannot be read, or the workspace cannot be written.
pub fn bring(workspace: &mut Workspace, order: &BringOrder, now: Timestamp) -> Result<Brought, GateError> {
    let broken = |why: String| GateError::Cases { path: order.report.clone(), why };
    let text = std::fs::read_to_string(&order.report).map_err(|error| broken(error.to_string()))?;
    let written: Written = serde_json::from_str(&text)
        .map_err(|error| broken(format!("this is no report of `aftercall gate --json`: {error}")))?;
    let name = blake3::hash(text.trim().as_bytes()).to_hex().get(..6).unwrap_or_default().to_owned();
    let source = format!("{SOURCE}{name}");
    let mut brought = Brought { filter: of_source(&source), ..Brought::default() };
    let cases = read_cases(workspace, (&written, order), &mut brought, now);
    let failing = failing(&written, &cases, &mut brought);
    brought.failing = failing.len();
    if failing.is_empty() {
        return Ok(brought);
    }
    let files = if order.runs.is_empty() { &written.runs.files } else { &order.runs };
    let runs = Runs::read(workspace, (files, ""), now)?;
    let mut puts = Vec::new();
    for (at, (run, cases)) in failing.into_iter().enumerate() {
        let Some(exact) = runs.exact(&ConversationId::from_stored(run.clone())) else {
            brought.missing.push(run);
            continue;
        };
        let told = Broken { dataset: written.dataset.clone(), report: name.clone(), rank: at as u32 + 1, cases };
        puts.push(copy(exact, &source, &told));
    }
    let removals = outlived(workspace, &written.dataset, &name)?;
    brought.forgotten = removals.len();
    brought.imported = store(workspace, (puts, removals))?;
    if brought.imported > 0 {
        // As with any import, evaluators have looked before people do.
        let order = EvaluateOrder { filter: brought.filter.clone(), ..EvaluateOrder::default() };
        evaluate(workspace, &order, now, &mut |_| ControlFlow::Continue(()))?;
    }
    Ok(brought)
}

/// The filter for all conversations of a source.
fn of_source(source: &str) -> String {
    let condition = Condition::Text(vec![TextMatch::Is(source.to_owned())]);
    let expr = Expr::Test(Test { field: Field::Source, key: String::new(), condition });
    Filter { expr: Some(expr) }.to_string()
}

/// The cases of a report, as far as they can still be read: the rest is told by the report alone.
fn read_cases(
    workspace: &mut Workspace,
    (written, order): (&Written, &BringOrder),
    brought: &mut Brought,
    now: Timestamp,
) -> Vec<Case> {
    let asked = GateOrder {
        cases: if Path::new(&written.cases_of).exists() { &written.cases_of } else { &written.dataset }.clone(),
        open_test: order.open_test.clone(),
        ..GateOrder::default()
    };
    let Ok(found) = cabinet(workspace, &asked, now) else { return Vec::new() };
    brought.test_uses_before = found.test_uses_before;
    found.cases
}

/// The failing runs in the order of the report, each with all cases that it broke.
fn failing(written: &Written, cases: &[Case], brought: &mut Brought) -> Vec<(String, Vec<BrokenCase>)> {
    let known: BTreeMap<&str, &Case> = cases.iter().map(|case| (case.case_id.as_str(), case)).collect();
    let mut found: Vec<(String, Vec<BrokenCase>)> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for case in &written.cases {
        let content = known.get(case.case_id.as_str());
        let mut told = false;
        for trial in &case.trials {
            let Outcome::Fail { why, step } = &trial.outcome else { continue };
            told = true;
            let one = BrokenCase {
                case_id: case.case_id.clone(),
                conversation_id: case.conversation_id.clone(),
                step: case.step,
                why: why.clone(),
                at: *step,
                counterpart: trial.counterpart,
                flaky: case.state == State::Flaky,
                said: trial.said.clone(),
                wants: content.map(|case| case.wants()).unwrap_or_default(),
                recorded: content.map(|case| case.failed_with()).unwrap_or_default(),
            };
            let place = *places.entry(&trial.run).or_insert(found.len());
            match found.get_mut(place) {
                Some((_, cases)) => cases.push(one),
                None => found.push((trial.run.clone(), vec![one])),
            }
        }
        brought.unread += usize::from(told && content.is_none());
    }
    found
}

/// A run as a conversation of the report's own.
fn copy(run: &Conversation, source: &str, told: &Broken) -> Conversation {
    let mut copy = run.clone();
    copy.id = ConversationId::derive(source, run.id.as_str());
    copy.source = source.into();
    told.put(&mut copy.attributes);
    copy
}

/// The runs of earlier reports on the same dataset, whatever its version, or on the same file: nobody needs them beside
/// those of the new one, unless somebody said something of them.
fn outlived(
    workspace: &Workspace,
    cases: &str,
    report: &str,
) -> Result<Vec<(ConversationId, ContentHash)>, StoreError> {
    let runs = workspace.store().gate_runs()?.into_iter();
    let old = runs.filter(|run| run.report != report && !run.judged && bare(&run.cases) == bare(cases));
    Ok(old.map(|run| (run.id, run.content_hash)).collect())
}

/// A dataset's name without its version; of a file, only its own name may hold one.
fn bare(cases: &str) -> &str {
    let name = cases.rfind('/').map_or(0, |at| at + 1);
    cases.get(name..).and_then(|last| last.find('@')).and_then(|at| cases.get(..name + at)).unwrap_or(cases)
}

/// Stores those that are not there yet, and answers how many; what goes, goes with it.
fn store(
    workspace: &mut Workspace,
    (copies, removals): (Vec<Conversation>, Vec<(ConversationId, ContentHash)>),
) -> Result<usize, GateError> {
    let mut puts = Vec::new();
    for conversation in copies {
        if workspace.store().stored(&conversation.id)?.is_none() {
            puts.push(Put { conversation, whole: true, base: None });
        }
    }
    if puts.is_empty() && removals.is_empty() {
        return Ok(0);
    }
    if workspace.read_only().is_some() {
        return Err(StoreError::ReadOnly { path: workspace.store().path().to_owned() }.into());
    }
    let count = puts.len();
    let changes = Changes { puts, removals, ..Changes::default() };
    for _ in 0..TRIES {
        if workspace.store_mut().apply(&changes)? == Applied::Done {
            return Ok(count);
        }
    }
    Err(StoreError::Overtaken.into())
}

#[cfg(test)]
mod tests {
    use super::bare;

    #[test]
    fn a_version_is_cut_from_the_name_and_not_from_a_folder() {
        assert_eq!((bare("refunds@3"), bare("refunds")), ("refunds", "refunds"));
        assert_eq!(bare("/home/ana@shop/a.jsonl"), "/home/ana@shop/a.jsonl");
        assert_ne!(bare("/home/ana@shop/a.jsonl"), bare("/home/ana@shop/b.jsonl"));
        assert_eq!(bare("out@1/refunds@2"), "out@1/refunds");
    }
}
