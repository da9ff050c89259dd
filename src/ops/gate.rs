//! The gate: new runs of an agent held against the regression cases of a dataset.
//!
//! Invariant: what could not be judged is counted apart and passes nothing; the same cases and runs give the same report.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::dataset::cases::Cases;
use crate::dataset::item::Masking;
use crate::dataset::manifest::Conversations;
use crate::dataset::regression::{Case, Outcome, judge};
use crate::dataset::{Exporter as _, regression};
use crate::evaluate::Judge;
use crate::evaluate::policy::Policy;
use crate::ingest::ReadOptions;
use crate::model::conversation::Conversation;
use crate::model::queue::{QueueOrder, QueueQuery};
use crate::model::score::ScoreTarget;
use crate::model::time::Timestamp;
use crate::store::{Access, Asker, ErrorClass, StoreError};

use super::dataset::{self, DatasetError, task};
use super::door::Door;
use super::evaluate::{EvaluateError, policies};
use super::export::{ExportError, Source};
use super::import::ImportError;
use super::queue::{self, QueueError};
use super::workspace::{ImportOrder, Workspace, WorkspaceError};

pub mod decide;
pub mod report;

pub use decide::Rules;
pub use report::Report;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// The dataset.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// Making its cases.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// Reading the runs.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The filter on the runs.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// A place for the runs.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The policies.
    #[error(transparent)]
    Policies(#[from] EvaluateError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file of cases that cannot be read.
    #[error("{}: {why}", path.display())]
    Cases {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Nothing to compare.
    #[error("{0}")]
    Nothing(String),
}

impl GateError {
    /// The class that decides the exit code.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Dataset(error) => error.class(),
            Self::Export(error) => error.class(),
            Self::Store(error) => error.class(),
            Self::Workspace(error) => error.class(),
            _ => ErrorClass::General,
        }
    }
}

/// What to hold against what.
#[derive(Debug, Clone, Default)]
pub struct GateOrder {
    /// A dataset, a version of one, a file of cases, or a folder that holds one.
    pub cases: String,
    /// Files with the new runs, in any format that can be imported.
    pub runs: Vec<PathBuf>,
    /// Which of the runs.
    pub filter: String,
    /// Files with the runs of the baseline.
    pub against: Vec<PathBuf>,
    /// Which of those.
    pub against_filter: String,
    /// The reason for using the sealed test split of a dataset as well.
    pub open_test: Option<String>,
    /// When a difference counts.
    pub rules: Rules,
}

/// The cases, and how runs are masked before they are compared with them.
struct Cabinet {
    name: String,
    cases: Vec<Case>,
    masked: bool,
    test_uses_before: usize,
}

/// Holds runs against cases.
///
/// # Errors
/// There is no report.
pub fn gate(workspace: &mut Workspace, order: &GateOrder, now: Timestamp) -> Result<Report, GateError> {
    let cabinet = cabinet(workspace, order, now)?;
    if cabinet.cases.is_empty() {
        return Err(GateError::Nothing(format!("{} holds no case to hold a run against", cabinet.name)));
    }
    let policies = policies(workspace)?;
    let runs = read_runs(workspace, (&order.runs, &order.filter), now)?;
    if runs.is_empty() {
        return Err(GateError::Nothing("no run matches; see --where".to_owned()));
    }
    let new = held(workspace, &cabinet, &runs, &policies);
    let baseline = if order.against.is_empty() {
        None
    } else {
        let runs = read_runs(workspace, (&order.against, &order.against_filter), now)?;
        Some(held(workspace, &cabinet, &runs, &policies))
    };
    let mut report = decide::report(&cabinet.cases, &new, baseline.as_ref(), &order.rules);
    report.dataset = cabinet.name;
    report.test_uses_before = cabinet.test_uses_before;
    Ok(report)
}

/// The trials of every case.
pub struct Held {
    /// Runs in all.
    pub runs: usize,
    /// Of them, those that no case matches.
    pub unmatched: usize,
    /// By case, in the order of cases.
    pub trials: Vec<Vec<Trial>>,
}

/// One run held against one case.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Trial {
    /// The run's id.
    pub run: String,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

fn cabinet(workspace: &mut Workspace, order: &GateOrder, now: Timestamp) -> Result<Cabinet, GateError> {
    let path = Path::new(&order.cases);
    if path.is_dir() || path.is_file() {
        return cases_of_file(path);
    }
    let version = dataset::find(workspace, &order.cases)?;
    let mut test_uses_before = 0;
    if let Some(reason) = &order.open_test {
        test_uses_before = dataset::open_test(workspace, &version, ("gate", reason), now)?;
    }
    let name = format!("{}@{}", version.name, version.number);
    let source = Source::version_of(version, order.open_test.is_some());
    let masking = Masking { policy: "none".to_owned(), version: 1 };
    let mut cases = Vec::new();
    // Within the workspace the exact texts are compared; what is told of them is masked.
    let (door, mut counts) = (Door::open(), Conversations::default());
    for at in 0..source.len() {
        let Some(ready) = source.ready(workspace, at, &door, &mut counts)? else { continue };
        for line in Cases.rows(&ready.item(&source, &masking)).lines {
            let broken = |why| GateError::Cases { path: PathBuf::from(&name), why };
            cases.push(Case::parse(&line).map_err(broken)?);
        }
    }
    Ok(Cabinet { name, cases, masked: false, test_uses_before })
}

fn cases_of_file(path: &Path) -> Result<Cabinet, GateError> {
    let file = if path.is_dir() { path.join(Cases.file_name()) } else { path.to_owned() };
    let broken = |why: String| GateError::Cases { path: file.clone(), why };
    let text = std::fs::read_to_string(&file).map_err(|error| broken(error.to_string()))?;
    let mut cases = Vec::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        cases.push(Case::parse(line).map_err(|why| broken(format!("line {}: {why}", at + 1)))?);
    }
    let manifest = file.parent().map(|folder| folder.join(crate::dataset::manifest::FILE_NAME));
    let manifest = manifest.and_then(|path| std::fs::read_to_string(path).ok());
    let manifest: Option<serde_json::Value> = manifest.and_then(|text| serde_json::from_str(&text).ok());
    // Cases are masked unless their manifest says otherwise.
    let masked = manifest.is_none_or(|manifest| manifest["masking"]["policy"] != "none");
    Ok(Cabinet { name: path.display().to_string(), cases, masked, test_uses_before: 0 })
}

/// Reads runs into a workspace of their own, which is gone afterwards.
fn read_runs(
    workspace: &Workspace,
    (paths, filter): (&[PathBuf], &str),
    now: Timestamp,
) -> Result<Vec<Conversation>, GateError> {
    let io = |source| ImportError::Path { path: std::env::temp_dir(), source };
    let folder = tempfile::Builder::new().prefix("aftercall-gate-").tempdir().map_err(io)?;
    let mut place = Workspace::open(folder.path(), workspace.identity().clone(), Access::Create)?;
    let read = workspace.reading(ReadOptions::default())?;
    let order = ImportOrder { paths: paths.to_vec(), read, ..ImportOrder::default() };
    place.import(&order, now, &mut |_| ControlFlow::Continue(()))?;
    let query = QueueQuery { filter: filter.to_owned(), order: QueueOrder::Oldest, ..QueueQuery::default() };
    let mut ids = queue::index(place.store(), &query, Asker { reviewer: workspace.reviewer(), now })?.ids;
    ids.sort();
    let mut runs = Vec::with_capacity(ids.len());
    for id in ids {
        runs.extend(place.store().conversation(&id)?);
    }
    Ok(runs)
}

/// A text apart from case and punctuation.
fn plain(text: &str) -> String {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

/// Every case with the runs that match it: by task where both name one, else by the customer's first message.
fn held(workspace: &Workspace, cabinet: &Cabinet, runs: &[Conversation], policies: &[Policy]) -> Held {
    let masked: Vec<Conversation>;
    let compared = if cabinet.masked {
        let door = Door::masked(workspace);
        masked = runs.iter().map(|run| door.knowing(run).conversation(run)).collect();
        &masked
    } else {
        runs
    };
    let (mut by_task, mut by_opening): (BTreeMap<String, Vec<usize>>, BTreeMap<String, Vec<usize>>) =
        Default::default();
    for (at, run) in runs.iter().enumerate() {
        if let Some(task) = task(run) {
            by_task.entry(task).or_default().push(at);
        }
        by_opening.entry(plain(&first_words(&compared[at]))).or_default().push(at);
    }
    let broken: Vec<Option<String>> = runs.iter().map(|run| broken_rule(run, policies)).collect();
    let mut used: BTreeSet<usize> = BTreeSet::new();
    let trials = cabinet.cases.iter().map(|case| {
        let same_task = case.task().and_then(|task| by_task.get(&task));
        let opening =
            || case.opening().map(plain).filter(|text| !text.is_empty()).and_then(|text| by_opening.get(&text));
        let own: &[usize] = same_task.or_else(opening).map_or(&[], Vec::as_slice);
        used.extend(own);
        own.iter().map(|at| trial(case, &compared[*at], broken[*at].as_deref())).collect()
    });
    let trials = trials.collect();
    Held { runs: runs.len(), unmatched: runs.len() - used.len(), trials }
}

fn first_words(run: &Conversation) -> String {
    run.steps.iter().find(|step| step.is_customers()).map_or_else(String::new, |step| match &step.content {
        crate::model::step::StepContent::Message { text, .. } => text.exact().to_owned(),
        crate::model::step::StepContent::ToolCall { .. } => String::new(),
    })
}

fn trial(case: &Case, run: &Conversation, broken: Option<&str>) -> Trial {
    let outcome = match (judge(case, run), broken) {
        (fail @ Outcome::Fail { .. }, _) => fail,
        (_, Some(rule)) => regression::Outcome::Fail { why: format!("breaks {rule}"), step: None },
        (outcome, None) => outcome,
    };
    Trial { run: run.id.to_string(), outcome }
}

/// The first of the workspace's policies that a run breaks.
fn broken_rule(run: &Conversation, policies: &[Policy]) -> Option<String> {
    if policies.is_empty() {
        return None;
    }
    let names: Vec<String> =
        policies.iter().flat_map(|policy| policy.rules.iter().map(|rule| policy.name_of(rule))).collect();
    let judge = Judge::new(crate::evaluate::Limits::default(), policies.to_vec()).only(names.clone());
    let scores = judge.evaluate(run).scores;
    let told = scores.iter().filter(|score| score.target == ScoreTarget::Conversation && score.passed == Some(false));
    told.map(|score| score.evaluator.exact().to_owned()).find(|name| names.contains(name))
}
