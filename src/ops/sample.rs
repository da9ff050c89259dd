//! What honest numbers are drawn from: a pool of conversations, and which of them were audited.
//!
//! Invariant: a rate, an agreement or a threshold sees audited conversations only. Where there are none there is an error
//! that says what to do; the share of failures among labels that an order picked is never taken in their place.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Serialize;
use serde_json::{Map, Value};

use super::bench::{self, BenchOrder};
use super::evaluate::{self, EvaluateError};
use super::queue::{self, Audited, QueueError};
use super::workspace::Workspace;
use crate::model::filter::{Filter, FilterError};
use crate::model::id::ConversationId;
use crate::model::label::Verdict;
use crate::model::queue::{QueueOrder, SlotKind};
use crate::model::score::Direction;
use crate::model::time::Timestamp;
use crate::store::{Asker, Judged, Measured, SEGMENTS, StoreError};

pub use crate::stats::guard::{Guarded, Withheld};
pub use crate::stats::multiple::AdjustedP;
pub use crate::stats::rate::Rate;

/// The name of the probability that the built-in evaluators add up to.
pub const P_FAIL: &str = "P(fail)";

/// What is to be counted.
#[derive(Debug, Clone, Copy, Default)]
pub struct SampleOrder<'a> {
    /// Only conversations that match.
    pub filter: &'a str,
    /// An outcome or attribute that holds the truth, in place of audit labels: for experiments.
    pub truth: Option<&'a str>,
    /// The queue whose audit counts; without a name the one with most audit labels.
    pub queue: Option<&'a str>,
}

/// Why nothing can be counted.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// The filter is none.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queue.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// Scales of evaluators.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
    /// There is no audit label at all.
    #[error(
        "there is no audit label yet, and without one no rate is honest; `aftercall queue new NAME --audit 0.2` and `aftercall review NAME` make some ({labels} other labels were picked by an order or by hand, and say nothing of rates)"
    )]
    NoAudit {
        /// Labels that were not drawn by lot.
        labels: u64,
    },
    /// No audited conversation matches.
    #[error("none of the {0} audit labels of queue {1} is of a conversation that matches the filter")]
    NoneMatches(u64, String),
    /// No conversation has the attribute.
    #[error(
        "no conversation that matches has an outcome or attribute {0:?} that says pass or fail; `aftercall list --json` shows what there is"
    )]
    NoTruth(String),
    /// There is no such attribute.
    #[error("no conversation has a value of {0:?}; segments are {known}, and any outcome or attribute may be named", known = SEGMENTS.join(", "))]
    NoAttribute(String),
}

/// Where labels come from. The fields and their names are public surface.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Basis {
    /// Conversations that were drawn by lot for this queue, and judged by people.
    Audit {
        /// The queue.
        queue: String,
        /// Other queues with audit labels, which were left out.
        others: Vec<String>,
    },
    /// An imported outcome or attribute: not what people found, and not drawn by lot.
    Truth {
        /// Its name.
        attribute: String,
    },
}

impl Basis {
    /// In words.
    pub fn words(&self) -> String {
        match self {
            Self::Audit { queue, others } if others.is_empty() => format!("audit labels of queue {queue}"),
            Self::Audit { queue, others } => {
                format!("audit labels of queue {queue} (--queue chooses another: {})", others.join(", "))
            }
            Self::Truth { attribute } => {
                format!("EXPERIMENT: imported truth \"{attribute}\", not audit labels of people")
            }
        }
    }

    /// True where labels are a random sample of the pool.
    pub fn is_audit(&self) -> bool {
        matches!(self, Self::Audit { .. })
    }
}

/// One conversation of the pool.
#[derive(Debug, Clone)]
pub struct Member {
    /// What is stored of it.
    pub of: Measured,
    /// The number of its batch, by which audits are drawn.
    pub stratum: Option<usize>,
    /// True where it was drawn for the audit.
    pub drawn: bool,
    /// Whether it failed; `None` where it was not drawn, not judged, or people are divided.
    pub failed: Option<bool>,
    /// True where nobody who judged it could see scores before.
    pub blind: bool,
    /// The probability of failure as the queue has learnt it; without a queue that of the built-in evaluators.
    pub p: Option<f64>,
}

impl Member {
    /// The value of a segment, outcome or attribute.
    pub fn value(&self, name: &str) -> Option<String> {
        if let Some(at) = SEGMENTS.iter().position(|segment| *segment == name) {
            return self.of.segments[at].clone();
        }
        let objects = [&self.of.outcomes, &self.of.attributes]
            .map(|text| serde_json::from_str::<Map<String, Value>>(text).unwrap_or_default());
        let found = bench::named(name, &|key| objects.iter().find_map(|object| object.get(key)))?;
        match found {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }

    fn truth(&self, order: &BenchOrder<'_>) -> Option<bool> {
        let objects = [&self.of.outcomes, &self.of.attributes]
            .map(|text| serde_json::from_str::<Map<String, Value>>(text).unwrap_or_default());
        let found = bench::named(order.truth, &|key| objects.iter().find_map(|object| object.get(key)))?;
        bench::bad(order, found)
    }

    /// The task that several conversations are trials of: the attribute `task_id`, else what stands before a slash in its
    /// name; `None` where nothing tells.
    pub fn task(&self, asked: Option<&str>) -> Option<String> {
        if let Some(name) = asked {
            return self.value(name);
        }
        self.value("task_id").or_else(|| Some(self.of.external_id.rsplit_once('/')?.0.to_owned()))
    }
}

/// Conversations behind a figure, ready to be listed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Cell {
    /// Conversations in it.
    pub conversations: u64,
    /// A filter that names them, or the first thousands of them; empty where there are none.
    pub filter: String,
}

/// As many ids as a filter may name.
const MOST_IDS: usize = 4_000;

impl Cell {
    /// Of these conversations.
    pub fn of<'a>(members: impl Iterator<Item = &'a Member>) -> Self {
        let ids: Vec<&str> = members.map(|member| member.of.id.as_str()).collect();
        let named = &ids[..ids.len().min(MOST_IDS)];
        let filter = if ids.is_empty() { String::new() } else { format!("id:{}", named.join(",")) };
        Self { conversations: ids.len() as u64, filter }
    }
}

/// What one evaluator said of the pool.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// True where small values are good.
    pub lower_is_better: bool,
    /// True where that was assumed.
    pub assumed: bool,
    /// The worst value by place in the pool, as it came.
    pub values: Vec<Option<f64>>,
    /// Its own word by place in the pool: true where it objects.
    pub objects: Vec<Option<bool>>,
}

impl Column {
    /// How bad a value is: larger is worse.
    pub fn badness(&self, value: f64) -> f64 {
        if self.lower_is_better { value } else { -value }
    }

    fn new(name: &str, (lower_is_better, assumed): (bool, bool), count: usize) -> Self {
        let name = name.to_owned();
        Self { name, lower_is_better, assumed, values: vec![None; count], objects: vec![None; count] }
    }

    fn hear(&mut self, at: usize, value: Option<f64>, passed: Option<bool>) {
        if let Some(value) = value.filter(|value| value.is_finite()) {
            let worse = self.values[at].is_none_or(|before| self.badness(value) > self.badness(before));
            if worse {
                self.values[at] = Some(value);
            }
        }
        if let Some(passed) = passed {
            self.objects[at] = Some(self.objects[at].unwrap_or(false) || !passed);
        }
    }
}

/// The pool with what is known of it.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Where labels come from.
    pub basis: Basis,
    /// The conversations, in order of arrival.
    pub members: Vec<Member>,
    /// Drawn, but not judged yet, not to be told, or disputed.
    pub open: u64,
    /// Conversations that match but came too late for any draw so far.
    pub not_in_audit: u64,
}

impl Sample {
    /// Labels, and failures among them.
    pub fn labels(&self) -> (u64, u64) {
        count(self.members.iter())
    }

    /// What each evaluator said of the pool, [`P_FAIL`] first.
    ///
    /// # Errors
    /// The scales of the workspace, or the database.
    pub fn columns(&self, workspace: &Workspace) -> Result<Vec<Column>, SampleError> {
        let scales = evaluate::scales(workspace)?;
        let at: HashMap<i64, usize> = self.members.iter().enumerate().map(|(at, member)| (member.of.key, at)).collect();
        let mut chances = Column::new(P_FAIL, (true, false), self.members.len());
        for (at, member) in self.members.iter().enumerate() {
            chances.hear(at, member.of.p_fail, None);
        }
        let mut columns = vec![chances];
        for opinions in workspace.store().opinions()? {
            let scale = evaluate::scale(&scales, &opinions.evaluator.name);
            let direction = (scale.direction == Direction::Lower, scale.assumed);
            let mut column = Column::new(&opinions.evaluator.name, direction, self.members.len());
            for (key, value, passed) in opinions.said {
                if let Some(at) = at.get(&key) {
                    column.hear(*at, value, passed);
                }
            }
            columns.push(column);
        }
        columns
            .retain(|column| column.values.iter().any(Option::is_some) || column.objects.iter().any(Option::is_some));
        Ok(columns)
    }

    /// Places in the pool by the value of an attribute, the most frequent first.
    ///
    /// # Errors
    /// No conversation has it.
    pub fn segments(&self, by: &str) -> Result<Vec<(String, Vec<usize>)>, SampleError> {
        let mut found: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, member) in self.members.iter().enumerate() {
            if let Some(value) = member.value(by) {
                found.entry(value).or_default().push(at);
            }
        }
        if found.is_empty() {
            return Err(SampleError::NoAttribute(by.to_owned()));
        }
        let mut segments: Vec<(String, Vec<usize>)> = found.into_iter().collect();
        segments.sort_by_key(|(_, places)| std::cmp::Reverse(places.len()));
        Ok(segments)
    }
}

/// Labels, and failures among them.
pub fn count<'a>(members: impl Iterator<Item = &'a Member>) -> (u64, u64) {
    members.filter_map(|member| member.failed).fold((0, 0), |(all, fails), failed| (all + 1, fails + u64::from(failed)))
}

/// Draws up the pool and what is known of it.
///
/// # Errors
/// The filter, no label to count by, or the database.
pub fn sample(workspace: &mut Workspace, order: &SampleOrder<'_>, now: Timestamp) -> Result<Sample, SampleError> {
    let filter = Filter::parse(order.filter)?;
    let asker = Asker { reviewer: workspace.reviewer(), now };
    let wanted: Option<HashSet<ConversationId>> = match order.filter.trim() {
        "" => None,
        _ => Some(workspace.store().index(&filter, "", QueueOrder::Oldest, asker)?.ids.into_iter().collect()),
    };
    let takes = |id: &ConversationId| wanted.as_ref().is_none_or(|ids| ids.contains(id));
    match order.truth {
        Some(attribute) => by_truth(workspace, attribute, &takes),
        None => by_audit(workspace, order.queue, &takes),
    }
}

/// Has the audit of this queue counted, else that of the queue with most audit labels.
///
/// # Errors
/// Those of the count.
pub fn audited<T>(
    queue: Option<&str>,
    mut count: impl FnMut(SampleOrder<'_>) -> Result<T, SampleError>,
) -> Result<T, SampleError> {
    match count(SampleOrder { queue, ..SampleOrder::default() }) {
        Err(SampleError::NoAudit { .. }) if queue.is_some() => count(SampleOrder::default()),
        other => other,
    }
}

fn by_truth(
    workspace: &Workspace,
    attribute: &str,
    takes: &dyn Fn(&ConversationId) -> bool,
) -> Result<Sample, SampleError> {
    let order = BenchOrder { truth: attribute, ..BenchOrder::default() };
    let mut members: Vec<Member> = Vec::new();
    for of in workspace.store().measured()?.into_iter().filter(|of| takes(&of.id)) {
        let p = of.p_fail;
        let mut member = Member { of, stratum: Some(0), drawn: true, failed: None, blind: true, p };
        member.failed = member.truth(&order);
        members.push(member);
    }
    let open = members.iter().filter(|member| member.failed.is_none()).count() as u64;
    if open == members.len() as u64 {
        return Err(SampleError::NoTruth(attribute.to_owned()));
    }
    Ok(Sample { basis: Basis::Truth { attribute: attribute.to_owned() }, members, open, not_in_audit: 0 })
}

/// The queues with audit labels, most first.
fn audited_queues(judged: &[Judged]) -> Vec<(String, u64)> {
    let mut found: BTreeMap<&str, u64> = BTreeMap::new();
    for slot in judged.iter().filter(|one| one.verdict.is_some()).flat_map(|one| &one.slots) {
        if slot.kind == SlotKind::Audit {
            *found.entry(&slot.queue).or_default() += 1;
        }
    }
    let mut queues: Vec<(String, u64)> = found.into_iter().map(|(name, labels)| (name.to_owned(), labels)).collect();
    queues.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    queues
}

fn by_audit(
    workspace: &mut Workspace,
    queue: Option<&str>,
    takes: &dyn Fn(&ConversationId) -> bool,
) -> Result<Sample, SampleError> {
    let (judged, _) = workspace.store().judgements_in_order()?;
    let there: HashSet<String> = workspace.store().queues()?.into_iter().map(|queue| queue.spec.name).collect();
    let mut queues = audited_queues(&judged);
    queues.retain(|(name, _)| there.contains(name));
    let labels = judged.iter().filter(|one| one.verdict.is_some()).count() as u64;
    let name = match queue {
        Some(name) => name.to_owned(),
        None => queues.first().map(|(name, _)| name.clone()).ok_or(SampleError::NoAudit { labels })?,
    };
    let others = queues.into_iter().map(|(other, _)| other).filter(|other| *other != name).collect();
    let audited = queue::audited(workspace, &name)?;
    let blind = blindness(&judged);
    let all = audited.reached.iter().filter(|(_, failed)| failed.is_some()).count() as u64;
    let sample = joined(workspace, audited, (Basis::Audit { queue: name.clone(), others }, &blind), takes)?;
    match (all, sample.labels().0) {
        (0, _) => Err(SampleError::NoAudit { labels }),
        (all, 0) => Err(SampleError::NoneMatches(all, name)),
        _ => Ok(sample),
    }
}

/// By conversation, whether all who judged it did so without having seen scores.
fn blindness(judged: &[Judged]) -> HashMap<ConversationId, bool> {
    let mut blind = HashMap::new();
    for one in judged.iter().filter(|one| one.verdict.is_some()) {
        *blind.entry(one.conversation.clone()).or_insert(true) &= one.blind;
    }
    blind
}

/// What an adjudication settled, where there was one: it stands above any majority.
fn settled(workspace: &Workspace, id: &ConversationId) -> Result<Option<bool>, SampleError> {
    let labels = workspace.store().labels(id)?;
    let taken = labels.iter().find(|label| label.settled.is_some()).and_then(|label| label.verdict);
    Ok(match taken {
        Some(Verdict::Fail) => Some(true),
        Some(Verdict::Pass) => Some(false),
        Some(Verdict::Unsure) | None => None,
    })
}

fn joined(
    workspace: &Workspace,
    audited: Audited,
    (basis, blind): (Basis, &HashMap<ConversationId, bool>),
    takes: &dyn Fn(&ConversationId) -> bool,
) -> Result<Sample, SampleError> {
    let drawn: HashMap<usize, Option<bool>> = audited.reached.into_iter().collect();
    let mut stored: HashMap<ConversationId, Measured> =
        workspace.store().measured()?.into_iter().map(|of| (of.id.clone(), of)).collect();
    let covered = workspace.store().covered(workspace.reviewer())?;
    let mut sample = Sample { basis, members: Vec::new(), open: 0, not_in_audit: 0 };
    for (at, ((id, stratum), p)) in audited.pool.into_iter().zip(audited.p).enumerate() {
        if !takes(&id) {
            continue;
        }
        if stratum.is_none() {
            sample.not_in_audit += 1;
            continue;
        }
        let Some(of) = stored.remove(&id) else { continue };
        let failed = match drawn.get(&at) {
            // What others said of it is told by no figure before it may be seen.
            Some(said) if !covered.hides(&id) => settled(workspace, &id)?.or(*said),
            _ => None,
        };
        sample.open += u64::from(drawn.contains_key(&at) && failed.is_none());
        let blind = blind.get(&id).copied().unwrap_or(false);
        sample.members.push(Member { of, stratum, drawn: drawn.contains_key(&at), failed, blind, p: Some(p) });
    }
    sample.members.sort_by_key(|member| member.of.key);
    Ok(sample)
}

#[cfg(test)]
mod tests;
