//! Queues at work: ordered once, then kept in step with every label.
//!
//! Invariant: what is kept equals what would be made anew from the workspace as it is, and so does what was drawn; what only
//! adds to the log is heard, everything else is replayed.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::model::filter::Filter;
use crate::model::id::ConversationId;
use crate::model::label::Verdict;
use crate::model::queue::{Slot, SlotKind};
use crate::rank::audit::{AuditShare, Batch};
use crate::rank::bands::Terciles;
use crate::rank::matrix::{Column, Matrix, RawRow, Scaling};
use crate::rank::queue::{self as ranked, Event, Facts, Origin, Plan, Queue};
use crate::rank::ranker::{Lesson, Prior, Ranker};
use crate::rank::strategy::Strategy;
use crate::stats::isotonic::Isotonic;
use crate::store::{Judged, News, ReadTo, Store, StoredQueue};

use super::super::signals::{Expected, Signals, signals};
use super::super::workspace::Workspace;
use super::{QueueError, define, pool};

/// Conversations that thirds of the pool are looked for in: as many as tell, and no more than every label can pay for.
const SAMPLED: usize = 2_000;

/// The queue that was asked for last, ready for the next label.
#[derive(Debug, Default)]
pub struct Kept(pub(super) Option<Box<Working>>);

/// What the numbers of a queue were taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Source {
    last_key: i64,
    scoring: i64,
    batches: usize,
}

/// A conversation judged in the queue.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Given {
    /// Its row.
    pub row: usize,
    /// What the first verdict recorded.
    pub slot: Slot,
}

/// A queue at work.
pub(super) struct Working {
    pub stored: StoredQueue,
    pub source: Source,
    read_to: ReadTo,
    pub queue: Queue,
    pub matrix: Arc<Matrix>,
    pub facts: Arc<[Facts]>,
    pub ids: Vec<ConversationId>,
    /// By row.
    keys: Vec<i64>,
    pub rows: HashMap<ConversationId, usize>,
    pub reviewers: Vec<String>,
    /// In the order in which they were first judged in the queue.
    pub given: Vec<Given>,
    pub given_rows: HashSet<usize>,
    /// What a queue of a size asks for until it is drawn anew.
    pub drawn: Vec<ranked::Slot>,
    /// What tells this draw from others; 0 where nothing is drawn.
    pub draw: u64,
    /// Rows that anybody judged.
    pub judged: HashSet<usize>,
    /// Who judged which row.
    pub said: HashSet<(usize, u32)>,
    /// What was left open before the queue was defined.
    unresolved: HashSet<ConversationId>,
    pub pinned: BTreeMap<usize, String>,
    /// By row, the value of the segment whose values take turns.
    pub segments: Option<Vec<String>>,
    pub unevaluated: u64,
    pub bands: Terciles,
    /// What P(fail) means by audit labels, once there are enough of them.
    pub calibration: Option<Isotonic>,
    /// What was judged outside the pool before the queue was defined; the weights it begins with come from it.
    before: Vec<(ConversationId, String, Option<bool>)>,
    prior: Prior,
}

impl std::fmt::Debug for Working {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Working").field("queue", &self.stored.spec.name).finish_non_exhaustive()
    }
}

pub(super) fn source(store: &Store) -> Result<Source, QueueError> {
    Ok(Source { last_key: store.last_key()?, scoring: store.scoring_stamp()?, batches: store.arrivals()?.len() })
}

/// The conversations of a queue with what is known of them.
struct Members {
    columns: Vec<Column>,
    rows: Vec<RawRow>,
    facts: Arc<[Facts]>,
    /// By row.
    keys: Vec<i64>,
    by_id: HashMap<ConversationId, usize>,
    unevaluated: u64,
    /// What was judged outside the pool before the queue was defined.
    before: Vec<(ConversationId, String, Option<bool>)>,
    /// The weights it begins with.
    prior: Prior,
}

impl Members {
    fn read(
        workspace: &Workspace,
        stored: &StoredQueue,
        (judged, open): (&[Judged], &HashSet<ConversationId>),
    ) -> Result<Self, QueueError> {
        let store = workspace.store();
        let pool = pool::pool(store, stored, judged)?;
        let known = signals(workspace, &pool.filter, stored.at, Expected::Used)?;
        let inside: Vec<bool> = known.keys.iter().map(|key| pool.holds(*key)).collect();
        let ids = known.rows.iter().zip(&inside).filter(|(_, inside)| **inside).map(|(row, _)| row.id.clone());
        let by_id: HashMap<ConversationId, usize> = ids.zip(0..).collect();
        let before = judged_before(judged, stored, &by_id);
        let prior = carried(workspace, (stored, &pool.filter, &known), &before)?;
        let Signals { columns, mut rows, mut facts, mut keys, mut evaluated } = known;
        keep(&mut rows, &inside);
        keep(&mut facts, &inside);
        keep(&mut keys, &inside);
        keep(&mut evaluated, &inside);
        let stale = store.judged_earlier()?;
        let by_lot = |one: &&Judged| one.slots.iter().any(|slot| slot.kind == SlotKind::Audit);
        let earlier = judged.iter().filter(|one| one.lamport < stored.lamport).filter(by_lot);
        let audited: HashSet<&ConversationId> = earlier.map(|one| &one.conversation).collect();
        // A list somebody made is in the order in which it was made; any other in that in which conversations came in.
        let filter = Filter::parse(&stored.spec.filter)?;
        let listed: HashMap<&str, u32> = filter.named_ids().into_iter().zip(0..).collect();
        for (at, (row, facts)) in rows.iter().zip(&mut facts).enumerate() {
            facts.audited = audited.contains(&row.id);
            facts.stale = stale.contains(&row.id);
            facts.unresolved = open.contains(&row.id);
            facts.place = Some(listed.get(row.id.as_str()).copied().unwrap_or((listed.len() + at) as u32));
        }
        let unevaluated = evaluated.iter().filter(|evaluated| !**evaluated).count() as u64;
        Ok(Self { columns, rows, facts: facts.into(), keys, by_id, unevaluated, before, prior })
    }
}

/// Keeps what stands at the places that are marked.
fn keep<T>(list: &mut Vec<T>, marked: &[bool]) {
    let mut marked = marked.iter();
    list.retain(|_| marked.next().copied().unwrap_or_default());
}

/// Means and spreads of the conversations that came first; `None` where all of them count.
fn frozen(columns: &[Column], rows: &[RawRow], batches: &[Batch]) -> Option<Scaling> {
    let first = batches.iter().flat_map(|batch| &batch.rows).take(pool::frozen(batches));
    let first: Vec<&RawRow> = first.filter_map(|row| rows.get(*row)).collect();
    (!first.is_empty() && first.len() < rows.len()).then(|| Scaling::of(columns, first.iter().copied()))
}

fn failed(verdict: Verdict) -> Option<bool> {
    match verdict {
        Verdict::Pass => Some(false),
        Verdict::Fail => Some(true),
        Verdict::Unsure => None,
    }
}

impl Working {
    pub fn new(workspace: &Workspace, stored: &StoredQueue) -> Result<Self, QueueError> {
        let store = workspace.store();
        let source = source(store)?;
        let (judged, read_to) = heard(store, stored)?;
        let open = unresolved(&judged, stored);
        let Members { columns, rows, facts, keys, by_id, unevaluated, before, prior } =
            Members::read(workspace, stored, (&judged, &open))?;
        let share = AuditShare::of(stored.spec.audit).unwrap_or_default();
        let batches = pool::batches(&store.arrivals()?, &keys, (&judged, &stored.spec.name, share));
        let matrix = Arc::new(Matrix::new(&columns, &rows, frozen(&columns, &rows, &batches).as_ref()));
        let ids: Vec<ConversationId> = rows.into_iter().map(|row| row.id).collect();
        let pinned: BTreeMap<usize, String> = pool::pinned(store, &stored.spec.must_review, pool::asker(stored))?
            .into_iter()
            .filter_map(|(id, rule)| Some((*by_id.get(&id)?, rule)))
            .collect();
        let plan = Plan {
            strategy: define::strategy(&stored.spec.strategy)?,
            seed: stored.spec.seed,
            audit: share,
            per_item: stored.spec.reviewers_per_item,
            pinned: pinned.keys().copied().collect(),
            batches,
        };
        let mut working = Self {
            source,
            read_to,
            queue: Queue::new(Arc::clone(&matrix), Arc::clone(&facts), plan, &prior),
            matrix,
            facts,
            reviewers: Vec::new(),
            given: Vec::new(),
            given_rows: HashSet::new(),
            drawn: Vec::new(),
            draw: 0,
            judged: HashSet::new(),
            said: HashSet::new(),
            unresolved: open,
            pinned,
            segments: segments(store, stored, &ids)?,
            unevaluated,
            bands: Terciles::default(),
            calibration: None,
            before,
            prior,
            stored: stored.clone(),
            ids,
            keys,
            rows: by_id,
        };
        working.hear_all(&judged);
        Ok(working)
    }

    /// Comes into step with the log; false where that takes a new start.
    pub fn follow(&mut self, store: &Store) -> Result<bool, QueueError> {
        let (news, to) = store.news(self.read_to)?;
        match news {
            News::Nothing => {}
            News::Acts(acts) => {
                for one in &acts {
                    self.hear(one);
                }
                self.settle();
            }
            News::Other => return self.replay(store),
        }
        self.read_to = to;
        Ok(true)
    }

    /// Starts over with the same numbers and all labels; false where the numbers are others now.
    fn replay(&mut self, store: &Store) -> Result<bool, QueueError> {
        let (judged, read_to) = heard(store, &self.stored)?;
        let same = judged_before(&judged, &self.stored, &self.rows) == self.before;
        if !same || unresolved(&judged, &self.stored) != self.unresolved {
            return Ok(false);
        }
        let mut plan = self.queue.plan().clone();
        let share = AuditShare::of(self.stored.spec.audit).unwrap_or_default();
        plan.batches = pool::batches(&store.arrivals()?, &self.keys, (&judged, &self.stored.spec.name, share));
        self.queue = Queue::new(Arc::clone(&self.matrix), Arc::clone(&self.facts), plan, &self.prior);
        (self.reviewers, self.given) = (Vec::new(), Vec::new());
        (self.given_rows, self.said) = (HashSet::new(), HashSet::new());
        self.judged = HashSet::new();
        self.read_to = read_to;
        self.hear_all(&judged);
        Ok(true)
    }

    fn hear_all(&mut self, judged: &[Judged]) {
        let mut events: Vec<Event> = Vec::with_capacity(judged.len());
        // How much had been heard, and judged in the queue, when it was drawn from last.
        let (mut heard, mut given) = (None, 0);
        for one in judged {
            if one.lamport >= self.stored.lamport {
                heard.get_or_insert(events.len());
            }
            let before = self.given.len();
            events.extend(self.note(one));
            if self.is_drawn_out(before) {
                (heard, given) = (Some(events.len()), self.given.len());
            }
        }
        let later = events.split_off(heard.unwrap_or(events.len()));
        self.queue.hear_all(events);
        self.draw(given);
        self.queue.hear_all(later);
        self.settle();
    }

    fn hear(&mut self, one: &Judged) {
        let before = self.given.len();
        if let Some(event) = self.note(one) {
            self.queue.hear(event);
        }
        if self.is_drawn_out(before) {
            self.draw(self.given.len());
        }
    }

    /// Takes down what somebody did, and tells what the order has to hear of it.
    fn note(&mut self, one: &Judged) -> Option<Event> {
        let row = self.rows.get(&one.conversation).copied()?;
        let earlier = one.lamport < self.stored.lamport;
        // A new queue asks anew what was put off; a session takes up what the one before it left open.
        let weekly = self.queue.plan().strategy == Strategy::Weekly;
        if earlier && (one.verdict.is_none() || weekly && self.unresolved.contains(&one.conversation)) {
            return None;
        }
        let by = self.number(&one.reviewer);
        if by as usize == self.reviewers.len() {
            self.reviewers.push(one.reviewer.clone());
        }
        let Some(verdict) = one.verdict else {
            return Some(Event::Skipped { row, by });
        };
        let here = one.slot_in(&self.stored.spec.name);
        self.said.insert((row, by));
        self.judged.insert(row);
        if let Some(slot) = here
            && self.given_rows.insert(row)
        {
            self.given.push(Given { row, slot: slot.clone() });
        }
        let origin = match here {
            Some(_) => Origin::Queue,
            None if earlier => Origin::Elsewhere,
            None => Origin::Beside,
        };
        Some(Event::Verdict { row, by, failed: failed(verdict), severity: one.severity, origin })
    }

    /// The number of a reviewer; the next free one for somebody who said nothing yet.
    pub fn number(&self, reviewer: &str) -> u32 {
        let at = self.reviewers.iter().position(|name| name == reviewer);
        at.unwrap_or(self.reviewers.len()) as u32
    }

    /// Looks again for the thirds of the pool, and for what P(fail) means, since every label moves them.
    fn settle(&mut self) {
        let step = self.ids.len().div_ceil(SAMPLED).max(1);
        let p: Vec<f64> = (0..self.ids.len()).step_by(step).map(|row| self.queue.p(row)).collect();
        self.bands = Terciles::of(&p);
        // What was said before the verdict is held against the verdict, since afterwards the label is in the estimate.
        let reached: HashSet<usize> = self.queue.audit().reached(self.queue.done()).iter().copied().collect();
        let by_lot = self.given.iter().filter(|given| reached.contains(&given.row));
        let judged: Vec<(f64, bool)> =
            by_lot.filter_map(|given| Some((given.slot.p?, self.queue.verdict(given.row)?))).collect();
        self.calibration = Isotonic::calibrate(&judged).ok();
    }
}

/// What a queue hears: what stood when it was defined, then act by act, so that what was drawn in between knows what was
/// said until then and no more.
fn heard(store: &Store, stored: &StoredQueue) -> Result<(Vec<Judged>, ReadTo), QueueError> {
    let (acts, read_to) = store.acts_in_order()?;
    Ok((Judged::standing(acts, stored.lamport), read_to))
}

/// What was judged before the queue was defined, and left open: put off, not to be told, or told differently.
fn unresolved(judged: &[Judged], stored: &StoredQueue) -> HashSet<ConversationId> {
    let mut said: HashMap<&ConversationId, HashSet<Option<Verdict>>> = HashMap::new();
    for one in judged.iter().filter(|one| one.lamport < stored.lamport) {
        said.entry(&one.conversation).or_default().insert(one.verdict);
    }
    let open = |verdicts: &HashSet<Option<Verdict>>| {
        verdicts.len() > 1 || !verdicts.iter().flatten().any(|verdict| *verdict != Verdict::Unsure)
    };
    said.into_iter().filter(|(_, verdicts)| open(verdicts)).map(|(id, _)| id.clone()).collect()
}

/// What was judged outside the pool before the queue was defined.
fn judged_before(
    judged: &[Judged],
    stored: &StoredQueue,
    rows: &HashMap<ConversationId, usize>,
) -> Vec<(ConversationId, String, Option<bool>)> {
    judged
        .iter()
        .filter(|one| one.lamport < stored.lamport && !rows.contains_key(&one.conversation))
        .filter_map(|one| Some((one.conversation.clone(), one.reviewer.clone(), failed(one.verdict?))))
        .collect()
}

/// The weights that earlier batches taught.
fn carried(
    workspace: &Workspace,
    (stored, filter, known): (&StoredQueue, &str, &Signals),
    before: &[(ConversationId, String, Option<bool>)],
) -> Result<Prior, QueueError> {
    if before.is_empty() {
        return Ok(Prior::Declared);
    }
    // Of the whole workspace, so that what was usual does not depend on what was judged since.
    let read = if filter.is_empty() { None } else { Some(signals(workspace, "", stored.at, Expected::Used)?) };
    let Signals { columns, rows, .. } = read.as_ref().unwrap_or(known);
    let judged: HashSet<&ConversationId> = before.iter().map(|(id, ..)| id).collect();
    let scaling = Scaling::of(columns, rows.iter());
    let rows: Vec<RawRow> = rows.iter().filter(|row| judged.contains(&row.id)).cloned().collect();
    let matrix = Matrix::new(columns, &rows, Some(&scaling));
    let by_id: HashMap<&ConversationId, usize> = rows.iter().enumerate().map(|(row, one)| (&one.id, row)).collect();
    let mut people: Vec<&str> = Vec::new();
    let mut lessons = Vec::with_capacity(before.len());
    for (id, reviewer, failed) in before {
        let Some(row) = by_id.get(id).copied() else { continue };
        let by = people.iter().position(|name| name == reviewer).unwrap_or_else(|| {
            people.push(reviewer);
            people.len() - 1
        });
        lessons.push(Lesson { row, by: by as u32, failed: *failed });
    }
    let mut ranker = Ranker::new(&matrix, &Prior::Declared);
    ranker.learn_all(&matrix, &lessons);
    Ok(Prior::Carried(ranker.weights()))
}

/// By row, the value of the segment whose values take turns.
fn segments(store: &Store, stored: &StoredQueue, ids: &[ConversationId]) -> Result<Option<Vec<String>>, QueueError> {
    let Some(segment) = &stored.spec.per_segment else { return Ok(None) };
    Ok(Some(store.segment_values(segment, ids)?))
}
