//! The gate: new runs of an agent held against the regression cases of a dataset.
//!
//! Invariant: what could not be judged is counted apart and passes nothing; the same cases and runs give the same report.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::dataset::Exporter as _;
use crate::dataset::cases::Cases;
use crate::dataset::item::Masking;
use crate::dataset::regression::{Case, Outcome, Run, judge};
use crate::ingest::ReadOptions;
use crate::mask::{Known, Masker, Policy};
use crate::model::conversation::Conversation;
use crate::model::id::ConversationId;
use crate::model::queue::{QueueOrder, QueueQuery};
use crate::model::time::Timestamp;
use crate::store::{Access, Asker, ErrorClass, StoreError};

use super::dataset::{self, DatasetError};
use super::door::Door;
use super::evaluate::command::CommandReport;
use super::evaluate::names::unheard;
use super::evaluate::{EvaluateError, Tally};
use super::export::{ExportError, Source};
use super::import::ImportError;
use super::queue::{self, QueueError};
use super::workspace::{ImportOrder, Workspace, WorkspaceError};

pub mod asked;
pub mod bench;
pub mod broken;
pub mod decide;
mod masked;
pub mod matching;
mod pseudonym;
pub mod report;

pub use asked::Asking;
use bench::Bench;
pub use decide::Rules;
use matching::{Matched, matches};
pub use report::{Reading, Report};

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
    /// Policies, evaluators, limits, or the judge.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
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
    /// Nothing tells which runs a case has.
    #[error("{0}")]
    Ambiguous(String),
    /// The caller asked to stop.
    #[error("stopped; there is no report")]
    Stopped,
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
    /// Evaluators that may object to a run, by their names.
    pub evaluators: Vec<String>,
    /// The reason for using the sealed test split of a dataset as well.
    pub open_test: Option<String>,
    /// When a difference counts.
    pub rules: Rules,
    /// Leave personal data in the report. Whoever asks for it records that.
    pub unmasked: bool,
}

/// The cases, and how runs are masked before they are compared with them.
pub(super) struct Cabinet {
    name: String,
    cases: Vec<Case>,
    masked: bool,
    test_uses_before: usize,
}

/// Holds runs against cases; a judge, where one is given, is asked about what no rule can check.
///
/// # Errors
/// There is no report.
pub fn gate(
    workspace: &mut Workspace,
    order: &GateOrder,
    asking: Option<&Asking<'_>>,
    now: Timestamp,
) -> Result<Report, GateError> {
    let cabinet = cabinet(workspace, order, now)?;
    if cabinet.cases.is_empty() {
        return Err(GateError::Nothing(format!("{} holds no case to hold a run against", cabinet.name)));
    }
    let bench = Bench::prepare(workspace, &order.evaluators)?;
    let runs = Runs::read(workspace, (&order.runs, &order.filter), now)?;
    if runs.all.is_empty() {
        let lost = runs.reading.lost("of the runs").iter().fold(String::new(), |all, why| format!("{all}; {why}"));
        let unheard = unheard(runs.place.store(), &order.filter)?;
        return Err(GateError::Nothing(format!("no run matches{lost}{unheard}; see --where")));
    }
    let new = judged(workspace, (&cabinet, &runs), &bench, asking)?;
    let baseline = if order.against.is_empty() {
        None
    } else {
        let runs = Runs::read(workspace, (&order.against, &order.against_filter), now)?;
        Some(judged(workspace, (&cabinet, &runs), &bench, asking)?)
    };
    let mut report = decide::report(&cabinet.cases, &new, baseline.as_ref(), &order.rules);
    report.dataset.clone_from(&cabinet.name);
    report.cases_of = match Path::new(&order.cases) {
        path if path.exists() => {
            std::path::absolute(path).map_or_else(|_| order.cases.clone(), |path| path.display().to_string())
        }
        _ => report.dataset.clone(),
    };
    let heard =
        [&report.judge, &report.judge_of_baseline].into_iter().flatten().flat_map(|judge| judge.evaluators.keys());
    report.strangers = bench.strangers(&heard.collect());
    report.test_uses_before = cabinet.test_uses_before;
    report.runs = report::RunsOf {
        files: order.runs.iter().map(|path| std::path::absolute(path).unwrap_or_else(|_| path.clone())).collect(),
        filter: order.filter.clone(),
    };
    let door = if order.unmasked { Door::open() } else { Door::masked(workspace) };
    masked::mask(&mut report, &door, &runs);
    Ok(report)
}

/// The trials of every case.
#[derive(Default)]
pub struct Held {
    /// How reading them went.
    pub reading: Reading,
    /// Runs in all.
    pub runs: usize,
    /// Of them, those that no case matches.
    pub unmatched: Vec<String>,
    /// Of them, those of another domain whose task has the id of a case's.
    pub strangers: usize,
    /// How each case came by its runs, in the order of cases.
    pub matched: Vec<Option<matching::MatchedBy>>,
    /// By case, in the order of cases.
    pub trials: Vec<Vec<Trial>>,
    /// What the evaluators that were asked for said of the runs that match.
    pub evaluators: BTreeMap<String, Tally>,
    /// How asking a judge went.
    pub judge: Option<CommandReport>,
}

/// What decided a trial.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// The case itself: calls, phrases, order.
    #[default]
    Case,
    /// A policy of the workspace.
    Policy,
    /// An evaluator.
    Evaluator,
    /// A judge outside the program.
    Judge,
}

/// One run held against one case.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Trial {
    /// The run's id.
    pub run: String,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// What decided it.
    #[serde(default)]
    pub by: By,
    /// The run's step that stands where the case's step stands.
    #[serde(default)]
    pub counterpart: Option<u32>,
    /// What a judge said, or why it said nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
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
    let door = Door::open();
    for at in 0..source.len() {
        let Ok(ready) = source.ready(workspace, at, &door)? else { continue };
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

/// Runs in a workspace of their own, which is gone afterwards.
pub(super) struct Runs {
    /// That workspace.
    place: Workspace,
    reading: Reading,
    /// By id.
    all: Vec<Conversation>,
    /// Gone when this is.
    _folder: tempfile::TempDir,
}

impl Runs {
    /// Reads the runs of files that match a filter.
    ///
    /// # Errors
    /// The files, the filter, or a place for the runs.
    fn read(workspace: &Workspace, (paths, filter): (&[PathBuf], &str), now: Timestamp) -> Result<Self, GateError> {
        let io = |source| ImportError::Path { path: std::env::temp_dir(), source };
        let folder = tempfile::Builder::new().prefix("aftercall-gate-").tempdir().map_err(io)?;
        let mut place = Workspace::open(folder.path(), workspace.identity().clone(), Access::Create)?;
        let read = workspace.reading(ReadOptions::default())?;
        let order = ImportOrder { paths: paths.to_vec(), read, ..ImportOrder::default() };
        let reading = Reading::of(place.import(&order, now, &mut |_| ControlFlow::Continue(()))?);
        let query = QueueQuery { filter: filter.to_owned(), order: QueueOrder::Oldest, ..QueueQuery::default() };
        let mut ids = queue::index(place.store(), &query, Asker { reviewer: workspace.reviewer(), now })?.ids;
        ids.sort();
        let mut all = Vec::with_capacity(ids.len());
        for id in ids {
            all.extend(place.store().conversation(&id)?);
        }
        Ok(Self { place, reading, all, _folder: folder })
    }

    /// A run as it is.
    fn exact(&self, id: &ConversationId) -> Option<&Conversation> {
        self.all.binary_search_by(|run| run.id.cmp(id)).ok().map(|at| &self.all[at])
    }
}

/// Runs held against cases, with what a judge says of the rest.
fn judged(
    workspace: &Workspace,
    (cabinet, runs): (&Cabinet, &Runs),
    bench: &Bench,
    asking: Option<&Asking<'_>>,
) -> Result<Held, GateError> {
    let mut held = held(workspace, (cabinet, runs), bench)?;
    if let Some(asking) = asking {
        held.judge = asked::ask((cabinet, runs), &mut held, (bench, workspace), asking)?;
        if held.judge.as_ref().is_some_and(|report| report.cancelled) {
            return Err(GateError::Stopped);
        }
    }
    Ok(held)
}

/// Every case with the runs that match it.
fn held(workspace: &Workspace, (cabinet, runs): (&Cabinet, &Runs), bench: &Bench) -> Result<Held, GateError> {
    let exact = &runs.all;
    let masked: Vec<Conversation>;
    let compared = if cabinet.masked {
        let door = Door::masked(workspace);
        masked = exact.iter().map(|run| door.knowing(run).conversation(run)).collect();
        &masked
    } else {
        exact
    };
    let (found, strangers) = matches(&cabinet.cases, exact, compared)?;
    // The first case that matches and has an intent lends it to a run that names none itself.
    let mut intents: BTreeMap<usize, Option<&str>> = BTreeMap::new();
    for (case, matched) in cabinet.cases.iter().zip(&found) {
        for at in &matched.runs {
            let lent = intents.entry(*at).or_default();
            *lent = lent.or(case.intent.as_deref());
        }
    }
    let mut evaluators = BTreeMap::new();
    let objections: BTreeMap<usize, bench::Objection> = intents
        .iter()
        .filter_map(|(at, intent)| Some((*at, bench.look(&exact[*at], *intent, &mut evaluators)?)))
        .collect();
    let masker = Masker::new(workspace.mask_key(), Known::default(), Policy::default());
    let gives = |masked: &str, exact: &str| pseudonym::gives(&masker, masked, exact);
    let run = |at: usize| Run { compared: &compared[at], exact: &exact[at], gives: &gives };
    let mut used: BTreeSet<usize> = BTreeSet::new();
    let trials = cabinet.cases.iter().zip(&found).map(|(case, matched): (&Case, &Matched)| {
        used.extend(&matched.runs);
        matched.runs.iter().map(|at| trial(case, run(*at), objections.get(at))).collect()
    });
    let trials = trials.collect();
    let unmatched = (0..exact.len()).filter(|at| !used.contains(at)).map(|at| exact[at].id.to_string()).collect();
    let matched = found.iter().map(|matched| matched.by).collect();
    let reading = runs.reading.clone();
    Ok(Held { reading, runs: exact.len(), unmatched, strangers, matched, trials, evaluators, judge: None })
}

fn trial(case: &Case, run: Run<'_>, objection: Option<&bench::Objection>) -> Trial {
    let (outcome, by) = match (judge(case, run), objection) {
        (fail @ Outcome::Fail { .. }, _) => (fail, By::Case),
        (_, Some(objection)) => (Outcome::Fail { why: objection.why.clone(), step: objection.step }, objection.by),
        (outcome, None) => (outcome, By::Case),
    };
    let Run { compared, .. } = run;
    Trial { run: compared.id.to_string(), outcome, by, counterpart: case.counterpart(compared), said: None }
}
