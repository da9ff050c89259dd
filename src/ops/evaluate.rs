//! Running the built-in evaluators and the workspace's policies over stored conversations.
//!
//! Invariant: a run replaces what an earlier one said, never what was imported; a policy file that cannot be read stops
//! the run before anything is judged, since a missing rule would look like a kept one.

mod child;
pub mod command;
pub mod names;
mod stakes;
mod weigh;

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Progress;
use super::import::{Beside, in_halves};
use super::workspace::Workspace;
use crate::config::scales::Scales;
use crate::evaluate::bench::{Mark, Said, Truth};
use crate::evaluate::policy::{BrokenExample, Hit, Policy, PolicyError};
use crate::evaluate::registry::{Builtin, EVALUATORS};
use crate::evaluate::{About, Evaluation, Judge, Limits, VERSION, external};
use crate::model::conversation::Conversation;
use crate::model::filter::{Filter, FilterError};
use crate::model::id::{ConversationId, hex};
use crate::model::queue::QueueOrder;
use crate::model::score::{Direction, Scale, Score, ScoreTarget};
use crate::model::time::Timestamp;
use crate::store::{Asker, ContentHash, Evaluated, SaidOf, Store, StoreError, Stored};

pub use crate::evaluate::SOURCE;
pub use crate::evaluate::learn::ENOUGH as LABELS_ENOUGH;
use weigh::Weights;
pub use weigh::{RescoreReport, held_out, rescore};

/// Where a workspace keeps its policies.
pub const POLICIES: &str = "policies";

/// Where a workspace keeps its limits.
pub const LIMITS: &str = "limits.toml";

/// Conversations judged between two writes, so that a label waits for one batch at most.
const BATCH: usize = 200;

/// What progress is of while conversations are judged; its numbers are conversations.
pub const EVALUATING: &str = "evaluating";

/// Scores it takes to call an evaluator constant.
const ENOUGH: usize = 50;

/// What to judge, and by what.
#[derive(Debug, Clone, Default)]
pub struct EvaluateOrder {
    /// Only conversations that match.
    pub filter: String,
    /// Only these evaluators; what others said stays. Empty for all.
    pub only: Vec<String>,
    /// Only what has not been judged as it is now: what is new, and what grew.
    pub missing: bool,
    /// At most so many conversations; `None` for all.
    pub most: Option<usize>,
    /// A second thread, where there is one to lend: half of each batch is judged on it.
    pub beside: Option<Beside>,
}

/// What came of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct EvaluateReport {
    /// 1.
    pub schema_version: u32,
    /// Conversations judged and stored.
    pub conversations: u64,
    /// Conversations that changed while they were judged; a later run takes them.
    pub overtaken: u64,
    /// Conversations at least one evaluator or rule objects to.
    pub with_objections: u64,
    /// Rules read from the workspace's policies.
    pub rules: u64,
    /// By evaluator or rule: how often it passed, failed, and could not tell.
    pub evaluators: BTreeMap<String, Tally>,
    /// How many labels P(fail) was learnt from; 0 where it is the fixed estimate.
    pub labels: usize,
    /// True where the caller asked to stop; what was stored until then is whole.
    pub cancelled: bool,
    /// How long it took; the caller, who has a clock, sets it.
    pub seconds: f64,
}

/// How often an evaluator said what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// It had nothing against it, or gave a value without a verdict.
    pub passed: u64,
    /// It objected.
    pub failed: u64,
    /// It could not tell.
    pub abstained: u64,
}

/// Why a run did not take place or not go on.
#[derive(Debug, thiserror::Error)]
pub enum EvaluateError {
    /// The filter is none.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A policy file.
    #[error("{}: {source}", path.display())]
    Policy {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: PolicyError,
    },
    /// A file of the workspace that cannot be read, or is no table of limits.
    #[error("{}: {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A judge outside the program that is of no use.
    #[error("the judge `{command}` answered nothing: {why}")]
    Judge {
        /// Its command line.
        command: String,
        /// What is wrong.
        why: String,
    },
    /// There is no evaluator of this name.
    #[error(
        "there is no evaluator \"{name}\"{near}; `aftercall evaluators` lists them, rules are named policy/NAME/ID"
    )]
    Unknown {
        /// What was asked for.
        name: String,
        /// Those that are called something like it.
        near: String,
    },
}

/// What is known of the built-in evaluators, in the order of their table.
pub fn built_in() -> impl Iterator<Item = About> {
    EVALUATORS.iter().map(Builtin::about)
}

/// Judges conversations and stores what was said. `tell` is told conversations and breaks to stop.
///
/// # Errors
/// A filter, name, limit or policy that cannot be used (before anything is judged), or the database.
pub fn evaluate(
    workspace: &mut Workspace,
    order: &EvaluateOrder,
    now: Timestamp,
    tell: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<EvaluateReport, EvaluateError> {
    if workspace.read_only().is_some() {
        return Err(StoreError::ReadOnly { path: workspace.store().path().to_owned() }.into());
    }
    let bench = Bench::prepare(workspace, order)?;
    let mut report = EvaluateReport { schema_version: 1, rules: bench.rules, ..EvaluateReport::default() };
    let ids = to_judge(workspace, order, now)?;
    if order.missing && ids.is_empty() {
        return Ok(report);
    }
    let weights = Weights::in_force(workspace.store())?;
    for (at, batch) in ids.chunks(BATCH).enumerate() {
        let progress =
            Progress { done: (at * BATCH) as u64, total: Some(ids.len() as u64), what: EVALUATING.to_owned() };
        if tell(&progress).is_break() {
            report.cancelled = true;
            break;
        }
        let mut cases = Vec::with_capacity(batch.len());
        for id in batch {
            cases.extend(workspace.store().stored(id)?.map(|stored| (id, stored, None)));
        }
        in_halves(order.beside, &mut cases, &|(_, stored, said): &mut (_, Stored, Option<_>)| {
            *said = Some((bench.judge.evaluate(&stored.conversation), stakes::of(&stored.conversation)));
        });
        let mut judged = Vec::with_capacity(cases.len());
        for (id, stored, said) in cases {
            let Some((one, stakes)) = said else { continue };
            report.count(&one);
            let merged = bench.merged(workspace, (id, stored.content_hash), (one, &weights))?;
            judged.push(Evaluated { irreversible: stakes.irreversible, amount: stakes.amount, ..merged });
        }
        let stored = workspace.store_mut().put_evaluations(&judged)?;
        report.conversations += stored;
        report.overtaken += judged.len() as u64 - stored;
    }
    report.labels = weigh::follow(workspace)?;
    rank(workspace)?;
    Ok(report)
}

/// Makes ranks anew after scores were stored.
pub(super) fn rank(workspace: &mut Workspace) -> Result<(), EvaluateError> {
    let scales = scales(workspace)?;
    workspace.store_mut().refresh_ranks(&|name| scale(&scales, name))?;
    remark(workspace)
}

/// Looks for evaluators that say the same of everything, or that are better the worse people say things went.
///
/// # Errors
/// The database, or a table of scales that cannot be read.
pub fn remark(workspace: &mut Workspace) -> Result<(), EvaluateError> {
    let scales = scales(workspace)?;
    let mut heard: BTreeMap<String, Heard> = BTreeMap::new();
    workspace.store().said(&mut |name, said| {
        let sign = if scale(&scales, name).direction == Direction::Lower { 1.0 } else { -1.0 };
        let Some(value) = said.value.or(said.passed.map(|passed| f64::from(u8::from(passed)))) else { return };
        heard.entry(name.to_owned()).or_default().add(sign * value, said);
    })?;
    let remarks = heard.into_iter().filter_map(|(name, heard)| Some((name, heard.remark()?))).collect();
    Ok(workspace.store_mut().put_remarks(&remarks)?)
}

/// What was heard of one evaluator.
#[derive(Default)]
struct Heard {
    first: Option<f64>,
    differs: bool,
    count: usize,
    /// How bad, by conversation that people judged, and whether they say that it failed.
    judged: BTreeMap<i64, (f64, bool)>,
}

impl Heard {
    fn add(&mut self, badness: f64, said: SaidOf) {
        let first = *self.first.get_or_insert(badness);
        self.differs |= first.total_cmp(&badness).is_ne();
        self.count += 1;
        if let Some(failed) = said.failed {
            let worst = self.judged.entry(said.conversation).or_insert((badness, failed));
            worst.0 = worst.0.max(badness);
        }
    }

    fn remark(&self) -> Option<String> {
        if !self.differs {
            return (self.count >= ENOUGH).then(|| format!("it said the same of all {} it judged", self.count));
        }
        let truth = Truth::new(self.judged.iter().map(|(key, (_, failed))| (*failed, key.to_string())));
        let said: Vec<Said> = self.judged.values().map(|(badness, _)| (Some(*badness), None)).collect();
        let standing = truth.standing("", "higher", &said);
        (standing.mark == Some(Mark::UpsideDown)).then(|| {
            let share = standing.auroc.unwrap_or(0.5) * 100.0;
            format!("upside down: of {} judged, it rates a failed one worse in only {share:.0} %", standing.n)
        })
    }
}

/// The scale of an evaluator: of a built-in one by the registry, of another by the tables.
pub(super) fn scale(scales: &Scales, name: &str) -> Scale {
    if let Some(about) = EVALUATORS.iter().map(Builtin::about).find(|about| about.name == name) {
        return Scale { direction: about.direction, range: None, assumed: false };
    }
    let ours = name.starts_with("policy/") || name == crate::evaluate::reconcile::NAME;
    Scale { assumed: scales.of(name).assumed && !ours, ..scales.of(name) }
}

pub(super) fn scales(workspace: &Workspace) -> Result<Scales, EvaluateError> {
    let path = workspace.root().join("evaluators.toml");
    workspace.scales().map_err(|error| EvaluateError::File { path, why: error.to_string() })
}

pub(super) fn matching(
    workspace: &Workspace,
    filter: &str,
    now: Timestamp,
) -> Result<Vec<ConversationId>, EvaluateError> {
    let filter = Filter::parse(filter)?;
    let asker = Asker { reviewer: workspace.reviewer(), now };
    Ok(workspace.store().index(&filter, "", QueueOrder::Oldest, asker)?.ids)
}

fn to_judge(
    workspace: &Workspace,
    order: &EvaluateOrder,
    now: Timestamp,
) -> Result<Vec<ConversationId>, EvaluateError> {
    let mut ids = match (order.missing, order.filter.is_empty()) {
        (true, true) => workspace.store().not_evaluated()?,
        (false, _) => matching(workspace, &order.filter, now)?,
        (true, false) => {
            let missing: HashSet<ConversationId> = workspace.store().not_evaluated()?.into_iter().collect();
            let mut ids = matching(workspace, &order.filter, now)?;
            ids.retain(|id| missing.contains(id));
            ids
        }
    };
    ids.truncate(order.most.unwrap_or(usize::MAX));
    Ok(ids)
}

/// The judge with what it was made of.
struct Bench {
    judge: Judge,
    version: String,
    rules: u64,
    only: Vec<String>,
}

impl Bench {
    fn prepare(workspace: &Workspace, order: &EvaluateOrder) -> Result<Self, EvaluateError> {
        let policies = policies(workspace)?;
        let (limits, by_intent) = limits(workspace)?;
        let rules = policies.iter().flat_map(|policy| policy.rules.iter().map(|rule| policy.name_of(rule)));
        let known: Vec<String> = EVALUATORS.iter().map(|one| one.about().name.to_owned()).chain(rules).collect();
        let mut only = Vec::new();
        for name in &order.only {
            only.push(named(name, &known)?.clone());
        }
        let made_of: Vec<&str> = policies.iter().map(|policy| policy.version.as_str()).collect();
        let hash = blake3::hash(format!("{limits:?} {by_intent:?} {made_of:?}").as_bytes());
        let version = format!("{VERSION}-{}", hex(&hash.as_bytes()[..4]));
        let rules = policies.iter().map(|policy| policy.rules.len() as u64).sum();
        Ok(Self { judge: Judge::new(limits, policies).by_intent(by_intent).only(only.clone()), version, rules, only })
    }

    /// The evaluation to store: with what other evaluators said before, where only some were run.
    fn merged(
        &self,
        workspace: &Workspace,
        (id, content_hash): (&ConversationId, ContentHash),
        (one, weights): (Evaluation, &Weights),
    ) -> Result<Evaluated, EvaluateError> {
        let (p_fail, reasons) = weights.weigh(&one.features);
        let mut scores = one.scores;
        if !self.only.is_empty()
            && let Some(before) = workspace.store().evaluation(id)?
        {
            let others =
                before.scores.into_iter().filter(|score| !self.only.iter().any(|name| name == score.evaluator.exact()));
            scores = others.chain(scores).collect();
        }
        let named = one.suspects.into_iter().filter_map(|suspect| Some((suspect.span?.span_id, suspect.why)));
        let (suspects, whys) = named.unzip();
        Ok(Evaluated {
            id: id.clone(),
            content_hash,
            version: self.version.clone(),
            p_fail,
            reasons,
            suspects,
            whys,
            features: serde_json::to_string(&one.features).map_err(StoreError::from)?,
            irreversible: None,
            amount: None,
            scores,
        })
    }
}

impl Tally {
    pub(super) fn count(&mut self, score: &Score) {
        match (score.passed, score.value.is_some() || score.label.is_some()) {
            (Some(false), _) => self.failed += 1,
            (None, false) => self.abstained += 1,
            _ => self.passed += 1,
        }
    }
}

impl EvaluateReport {
    fn count(&mut self, one: &Evaluation) {
        let mut objected = false;
        for score in one.scores.iter().filter(|score| score.target == ScoreTarget::Conversation) {
            self.evaluators.entry(score.evaluator.exact().to_owned()).or_default().count(score);
            objected |= score.passed == Some(false);
        }
        self.with_objections += u64::from(objected);
    }
}

/// The one of a name, in whatever case.
///
/// # Errors
/// There is none; those whose names hold it or one of its words are told.
pub(super) fn named<'k>(name: &str, known: &'k [String]) -> Result<&'k String, EvaluateError> {
    if let Some(found) = known.iter().find(|known| known.eq_ignore_ascii_case(name)) {
        return Ok(found);
    }
    let lower = name.to_lowercase();
    let holding = |part: &str| -> Vec<&str> {
        let holds = |known: &&String| !part.is_empty() && known.to_lowercase().contains(part);
        known.iter().filter(holds).take(4).map(String::as_str).collect()
    };
    let words = || lower.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 3).map(holding);
    let near = Some(holding(&lower)).filter(|near| !near.is_empty()).or_else(|| words().find(|near| !near.is_empty()));
    let near = near.map_or_else(String::new, |near| format!(", but there is {}", near.join(", ")));
    Err(EvaluateError::Unknown { name: name.to_owned(), near })
}

/// The policies of a workspace: every `policies/*.toml`, in the order of their names.
///
/// # Errors
/// A file that cannot be read or is no policy.
pub fn policies(workspace: &Workspace) -> Result<Vec<Policy>, EvaluateError> {
    let folder = workspace.root().join(POLICIES);
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(EvaluateError::File { path: folder, why: error.to_string() }),
    };
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    files.iter().map(|path| policy(path)).collect()
}

/// Reads one policy file.
///
/// # Errors
/// It cannot be read, or is no policy.
pub fn policy(path: &Path) -> Result<Policy, EvaluateError> {
    let text = fs::read_to_string(path)
        .map_err(|error| EvaluateError::File { path: path.to_owned(), why: error.to_string() })?;
    Policy::parse(&text).map_err(|source| EvaluateError::Policy { path: path.to_owned(), source })
}

/// Runs the examples inside a policy file.
///
/// # Errors
/// The file or an example cannot be read.
pub fn test_policy(path: &Path) -> Result<(Policy, Vec<BrokenExample>), EvaluateError> {
    let policy = policy(path)?;
    let broken = policy.test().map_err(|source| EvaluateError::Policy { path: path.to_owned(), source })?;
    Ok((policy, broken))
}

/// Runs a policy over stored conversations that match; each hit is told with its conversation.
///
/// # Errors
/// The filter, or the database.
pub fn check_policy(
    workspace: &Workspace,
    policy: &Policy,
    (filter, now): (&str, Timestamp),
    each: &mut dyn FnMut(&Conversation, &Hit) -> ControlFlow<()>,
) -> Result<(), EvaluateError> {
    for id in matching(workspace, filter, now)? {
        let Some(conversation) = workspace.store().conversation(&id)? else { continue };
        for hit in policy.check(&conversation) {
            if each(&conversation, &hit).is_break() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// What judges outside the program say of a conversation as it is now, their failures among it.
///
/// # Errors
/// The database.
pub fn judged(store: &Store, id: &ConversationId) -> Result<Vec<Score>, StoreError> {
    let judgements = store.judgements(id)?;
    let scores = judgements.into_iter().flat_map(|one| {
        let silence = one.failure.as_deref().map(|failure| external::silence(&one.judge, failure));
        one.scores.into_iter().chain(silence)
    });
    Ok(scores.collect())
}

/// The limits of a workspace, and those of single intents: `[intent.NAME]` changes what it names and keeps the rest.
pub(super) fn limits(workspace: &Workspace) -> Result<(Limits, BTreeMap<String, Limits>), EvaluateError> {
    let path = workspace.root().join(LIMITS);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Default::default()),
        Err(error) => return Err(EvaluateError::File { path, why: error.to_string() }),
    };
    let wrong = |error: toml::de::Error| EvaluateError::File { path: path.clone(), why: error.to_string() };
    let mut table: toml::Table = toml::from_str(&text).map_err(wrong)?;
    let intents = match table.remove("intent") {
        Some(toml::Value::Table(intents)) => intents,
        Some(_) => {
            let why = "intent is no table; write [intent.NAME]".to_owned();
            return Err(EvaluateError::File { path, why });
        }
        None => toml::Table::new(),
    };
    let mut by_intent = BTreeMap::new();
    for (name, own) in intents {
        let mut whole = table.clone();
        if let toml::Value::Table(mut own) = own {
            // The least values of single evaluators are changed one by one as well.
            if let (Some(toml::Value::Table(all)), Some(toml::Value::Table(mine))) =
                (whole.get("pass"), own.get_mut("pass"))
            {
                let more = all.iter().filter(|(name, _)| !mine.contains_key(*name));
                let more: Vec<_> = more.map(|(name, value)| (name.clone(), value.clone())).collect();
                mine.extend(more);
            }
            whole.extend(own);
        }
        by_intent.insert(name, whole.try_into().map_err(wrong)?);
    }
    Ok((table.try_into().map_err(wrong)?, by_intent))
}

#[cfg(test)]
mod tests;
