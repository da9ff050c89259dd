//! Queues at work: ordered once, then kept in step with every label.
//!
//! Invariant: what is kept equals what would be made anew from the workspace as it is; a label that only adds to the log is
//! heard, everything else is replayed.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::model::filter::Filter;
use crate::model::id::ConversationId;
use crate::model::label::Verdict;
use crate::model::queue::{Band, Place, QueueIndex, QueueOrder, QueueQuery, QueueState, Slot, SlotKind};
use crate::model::summary::Summary;
use crate::model::time::Timestamp;
use crate::rank::audit::AuditShare;
use crate::rank::bands::Terciles;
use crate::rank::matrix::{Matrix, Scaling};
use crate::rank::queue::{self as ranked, Event, Facts, Origin, Plan, Queue};
use crate::rank::ranker::{Lesson, Prior, Ranker};
use crate::rank::strategy::Strategy;
use crate::store::{Asker, Judged, News, ReadTo, Store, StoredQueue};

use super::super::signals::{Expected, Signals, signals};
use super::super::workspace::Workspace;
use super::{QueueError, define, pool};

/// Conversations still to be judged that a list shows at once.
const LISTED: usize = 200;

/// Thirds of the pool are looked for again after so many labels.
const BANDS_HOLD: usize = 25;

/// The queue that was asked for last, ready for the next label.
#[derive(Debug, Default)]
pub struct Kept(Option<Box<Working>>);

/// What the numbers of a queue were taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Source {
    last_key: i64,
    scoring: i64,
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
    source: Source,
    read_to: ReadTo,
    pub queue: Queue,
    matrix: Arc<Matrix>,
    facts: Arc<[Facts]>,
    ids: Vec<ConversationId>,
    rows: HashMap<ConversationId, usize>,
    reviewers: Vec<String>,
    /// In the order in which they were first judged in the queue.
    pub given: Vec<Given>,
    given_rows: HashSet<usize>,
    /// Rows that anybody judged.
    judged: HashSet<usize>,
    /// Who judged which row.
    said: HashSet<(usize, u32)>,
    /// What was left open before the queue was defined.
    unresolved: HashSet<ConversationId>,
    pinned: BTreeMap<usize, String>,
    /// By row, the value of the segment whose values take turns.
    segments: Option<Vec<String>>,
    pub unevaluated: u64,
    bands: Terciles,
    bands_at: usize,
    /// What was judged outside the pool before the queue was defined; the weights it begins with come from it.
    before: Vec<(ConversationId, String, Option<bool>)>,
    prior: Prior,
}

impl std::fmt::Debug for Working {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Working").field("queue", &self.stored.spec.name).finish_non_exhaustive()
    }
}

/// One row of a queue, as it is shown to a reviewer.
#[derive(Debug, Clone, PartialEq)]
pub struct ShownRow {
    /// Its row in lists.
    pub summary: Summary,
    /// Where it stands.
    pub place: Option<Place>,
    /// True once there is nothing left to do with it for this reviewer.
    pub judged: bool,
    /// True while nothing may be shown that could sway a verdict.
    pub hidden: bool,
}

/// How far a queue is, what was judged in it and `most` of what comes next for the asking reviewer, in order.
///
/// # Errors
/// There is no such queue, or the database cannot be read.
pub fn shown(workspace: &mut Workspace, name: &str, most: usize) -> Result<(QueueState, Vec<ShownRow>), QueueError> {
    let query = QueueQuery { queue: Some(name.to_owned()), ..QueueQuery::default() };
    let index = named(workspace, &query, Timestamp(0))?;
    let reviewer = workspace.reviewer().to_owned();
    let working = ready(workspace, name)?;
    let by = working.number(&reviewer);
    let next = working.upcoming(by, most);
    let open: HashSet<&ConversationId> = next.iter().map(|slot| &working.ids[slot.row]).collect();
    let given: HashSet<&ConversationId> = working.given.iter().map(|given| &working.ids[given.row]).collect();
    let order = working.given.iter().map(|given| &working.ids[given.row]).filter(|id| !open.contains(id));
    let ids: Vec<ConversationId> = order.chain(next.iter().map(|slot| &working.ids[slot.row])).cloned().collect();
    let done: HashSet<ConversationId> = given.into_iter().filter(|id| !open.contains(id)).cloned().collect();
    let rows = named_rows(workspace, (name, None), &ids)?;
    let shown = rows.into_iter().map(|mut summary| {
        let place = summary.place.take().map(|place| *place);
        let judged = done.contains(&summary.id);
        let hidden = !judged && place.as_ref().is_none_or(|place| place.blind);
        ShownRow { summary, place, judged, hidden }
    });
    let state = index.state.map(|state| *state).ok_or_else(|| define::unknown(name, &[]))?;
    Ok((state, shown.collect()))
}

/// What a queue holds, in order: what was judged in it, then what comes next for the asking reviewer.
///
/// # Errors
/// There is no such queue, or the database cannot be read.
pub fn named(workspace: &mut Workspace, query: &QueueQuery, now: Timestamp) -> Result<QueueIndex, QueueError> {
    let name = query.queue.clone().unwrap_or_default();
    let reviewer = workspace.reviewer().to_owned();
    let narrowed = if query.filter.is_empty() && query.find.is_empty() {
        None
    } else {
        let asker = Asker { reviewer: &reviewer, now };
        let filter = Filter::parse(&query.filter)?;
        let ids = workspace.store().index(&filter, &query.find, QueueOrder::Oldest, asker)?.ids;
        Some(ids.into_iter().collect::<HashSet<_>>())
    };
    let working = ready(workspace, &name)?;
    let by = working.number(&reviewer);
    let reading = query.reading.as_ref().and_then(|id| working.rows.get(id)).copied();
    let listed = if narrowed.is_some() { working.ids.len() } else { LISTED };
    let takes = |id: &&ConversationId| narrowed.as_ref().is_none_or(|ids| ids.contains(*id));
    let next = working.followed(by, listed, reading);
    let mut seen = HashSet::new();
    let again: HashSet<usize> = next.iter().map(|slot| slot.row).collect();
    let judged = working.given.iter().map(|given| given.row).filter(|row| !again.contains(row));
    let ids: Vec<ConversationId> = judged
        .chain(next.iter().map(|slot| slot.row))
        .filter(|row| seen.insert(*row))
        .filter_map(|row| working.ids.get(row))
        .filter(takes)
        .cloned()
        .collect();
    let state = working.state(by, &next);
    let pool = working.ids.len() as u64;
    let mut index = workspace.store().index_of(ids, &reviewer)?;
    index.total = pool;
    index.state = Some(Box::new(state));
    Ok(index)
}

/// The rows of these conversations, each with its place in a queue.
///
/// # Errors
/// There is no such queue, or the database cannot be read.
pub fn named_rows(
    workspace: &mut Workspace,
    (name, reading): (&str, Option<&ConversationId>),
    ids: &[ConversationId],
) -> Result<Vec<Summary>, QueueError> {
    let reviewer = workspace.reviewer().to_owned();
    let working = ready(workspace, name)?;
    let by = working.number(&reviewer);
    let reading = reading.and_then(|id| working.rows.get(id)).copied();
    let rows: Vec<usize> = ids.iter().filter_map(|id| working.rows.get(id).copied()).collect();
    // The list asks for what it shows, so that most of it is among what comes next.
    let next: HashMap<usize, ranked::Slot> =
        working.followed(by, LISTED.max(ids.len()), reading).into_iter().map(|slot| (slot.row, slot)).collect();
    let places: HashMap<&ConversationId, Place> =
        rows.into_iter().map(|row| (&working.ids[row], working.place(row, next.get(&row)))).collect();
    let places: HashMap<ConversationId, Place> = places.into_iter().map(|(id, place)| (id.clone(), place)).collect();
    let mut summaries = workspace.store().summaries(ids, &reviewer)?;
    for summary in &mut summaries {
        summary.place = places.get(&summary.id).cloned().map(Box::new);
    }
    Ok(summaries)
}

/// How far each queue is, by name.
///
/// # Errors
/// The database cannot be read.
pub fn states(workspace: &mut Workspace) -> Result<Vec<QueueState>, QueueError> {
    let reviewer = workspace.reviewer().to_owned();
    let names: Vec<String> = workspace.store().queues()?.into_iter().map(|queue| queue.spec.name).collect();
    let mut states = Vec::with_capacity(names.len());
    for name in names {
        let working = ready(workspace, &name)?;
        let by = working.number(&reviewer);
        let next = working.upcoming(by, LISTED);
        states.push(working.state(by, &next));
    }
    Ok(states)
}

/// The queue of a name, in step with the log.
fn ready<'a>(workspace: &'a mut Workspace, name: &str) -> Result<&'a Working, QueueError> {
    let known = workspace.store().queues()?;
    let Some(stored) = known.iter().find(|queue| queue.spec.name == name) else {
        return Err(define::unknown(name, &known));
    };
    let kept = std::mem::take(workspace.kept()).0.filter(|kept| kept.stored == *stored);
    let working = match kept {
        Some(mut kept) if kept.source == source(workspace.store())? => {
            if kept.follow(workspace.store())? {
                kept
            } else {
                Box::new(Working::new(workspace, stored)?)
            }
        }
        _ => Box::new(Working::new(workspace, stored)?),
    };
    Ok(workspace.kept().0.insert(working))
}

fn source(store: &Store) -> Result<Source, QueueError> {
    Ok(Source { last_key: store.last_key()?, scoring: store.scoring_stamp()? })
}

fn failed(verdict: Verdict) -> Option<bool> {
    match verdict {
        Verdict::Pass => Some(false),
        Verdict::Fail => Some(true),
        Verdict::Unsure => None,
    }
}

impl Working {
    fn new(workspace: &Workspace, stored: &StoredQueue) -> Result<Self, QueueError> {
        let store = workspace.store();
        let source = source(store)?;
        let members = pool::pool(store, stored)?;
        let Signals { columns, rows, facts } = signals(workspace, &members.filter, stored.at, Expected::Used)?;
        let inside: Vec<bool> = rows.iter().map(|row| members.ids.contains(&row.id)).collect();
        let mut kept = inside.iter();
        let rows: Vec<_> = rows.into_iter().filter(|_| kept.next() == Some(&true)).collect();
        let mut kept = inside.iter();
        let mut facts: Vec<Facts> = facts.into_iter().filter(|_| kept.next() == Some(&true)).collect();
        let ids: Vec<ConversationId> = rows.iter().map(|row| row.id.clone()).collect();
        let by_id: HashMap<ConversationId, usize> = ids.iter().enumerate().map(|(row, id)| (id.clone(), row)).collect();
        let share = AuditShare::of(stored.spec.audit).unwrap_or_default();
        let (judged, read_to) = store.judgements_in_order()?;
        let keys = store.keys_of(&ids)?;
        let open = unresolved(&judged, stored);
        let [audited, stale] = store.audited_and_stale()?;
        for (at, (id, facts)) in ids.iter().zip(&mut facts).enumerate() {
            facts.audited = audited.contains(id);
            facts.stale = stale.contains(id);
            facts.unresolved = open.contains(id);
            // A queue in the order given is in the order in which its conversations came in.
            facts.place = Some(at as u32);
        }
        let facts: Arc<[Facts]> = facts.into();
        let batches = pool::batches(&store.arrivals()?, (&ids, &keys), (&judged, &stored.spec.name, share));
        let mut first: Vec<usize> = batches.iter().flat_map(|batch| batch.rows.iter().copied()).collect();
        first.truncate(pool::frozen(&batches));
        let frozen = (first.len() < rows.len() && !first.is_empty())
            .then(|| Scaling::of(&columns, &first.iter().map(|row| rows[*row].clone()).collect::<Vec<_>>()));
        let matrix = Arc::new(Matrix::new(&columns, &rows, frozen.as_ref()));
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
        let before = judged_before(&judged, stored, &by_id);
        let prior = carried(workspace, stored, &before)?;
        let unevaluated = store.unevaluated()?;
        let mut working = Self {
            source,
            read_to,
            queue: Queue::new(Arc::clone(&matrix), Arc::clone(&facts), plan, &prior),
            matrix,
            facts,
            reviewers: Vec::new(),
            given: Vec::new(),
            given_rows: HashSet::new(),
            judged: HashSet::new(),
            said: HashSet::new(),
            unresolved: open,
            pinned,
            segments: segments(store, stored, &ids)?,
            unevaluated: ids.iter().filter(|id| unevaluated.contains(*id)).count() as u64,
            bands: Terciles::default(),
            bands_at: 0,
            before,
            prior,
            stored: stored.clone(),
            ids,
            rows: by_id,
        };
        working.hear_all(&judged);
        Ok(working)
    }

    /// Comes into step with the log; false where that takes a new start.
    fn follow(&mut self, store: &Store) -> Result<bool, QueueError> {
        let (news, to) = store.news(self.read_to)?;
        match news {
            News::Nothing => {}
            News::Acts(acts) if acts.iter().all(|one| !self.knows(one)) => {
                acts.iter().for_each(|one| self.hear(one));
                self.settle_bands();
            }
            News::Acts(_) | News::Other => return self.replay(store),
        }
        self.read_to = to;
        Ok(true)
    }

    /// Starts over with the same numbers and all labels; false where the numbers are others now.
    fn replay(&mut self, store: &Store) -> Result<bool, QueueError> {
        let (judged, read_to) = store.judgements_in_order()?;
        let same = judged_before(&judged, &self.stored, &self.rows) == self.before;
        if !same || unresolved(&judged, &self.stored) != self.unresolved {
            return Ok(false);
        }
        let mut plan = self.queue.plan().clone();
        let keys = store.keys_of(&self.ids)?;
        let share = AuditShare::of(self.stored.spec.audit).unwrap_or_default();
        plan.batches = pool::batches(&store.arrivals()?, (&self.ids, &keys), (&judged, &self.stored.spec.name, share));
        self.queue = Queue::new(Arc::clone(&self.matrix), Arc::clone(&self.facts), plan, &self.prior);
        (self.reviewers, self.given) = (Vec::new(), Vec::new());
        (self.given_rows, self.said) = (HashSet::new(), HashSet::new());
        self.judged = HashSet::new();
        self.read_to = read_to;
        self.hear_all(&judged);
        Ok(true)
    }

    fn hear_all(&mut self, judged: &[Judged]) {
        judged.iter().for_each(|one| self.hear(one));
        self.bands_at = usize::MAX;
        self.settle_bands();
    }

    /// True where this person judged this conversation before.
    fn knows(&self, one: &Judged) -> bool {
        let by = self.reviewers.iter().position(|name| *name == one.reviewer);
        match (self.rows.get(&one.conversation), by) {
            (Some(row), Some(by)) => self.said.contains(&(*row, by as u32)),
            _ => false,
        }
    }

    fn hear(&mut self, one: &Judged) {
        let Some(row) = self.rows.get(&one.conversation).copied() else { return };
        let earlier = one.lamport < self.stored.lamport;
        // A new queue asks anew what was put off; a session takes up what the one before it left open.
        let weekly = self.queue.plan().strategy == Strategy::Weekly;
        if earlier && (one.verdict.is_none() || weekly && self.unresolved.contains(&one.conversation)) {
            return;
        }
        let by = self.number(&one.reviewer);
        if by as usize == self.reviewers.len() {
            self.reviewers.push(one.reviewer.clone());
        }
        let Some(verdict) = one.verdict else {
            return self.queue.hear(Event::Skipped { row, by });
        };
        let here = one.slot.as_ref().filter(|slot| slot.queue == self.stored.spec.name);
        self.said.insert((row, by));
        self.judged.insert(row);
        if let Some(slot) = here
            && self.given_rows.insert(row)
        {
            self.given.push(Given { row, slot: slot.clone() });
        }
        let origin = if here.is_some() { Origin::Queue } else { Origin::Elsewhere };
        self.queue.hear(Event::Verdict { row, by, failed: failed(verdict), severity: one.severity, origin });
    }

    /// The number of a reviewer; the next free one for somebody who said nothing yet.
    pub(super) fn number(&self, reviewer: &str) -> u32 {
        let at = self.reviewers.iter().position(|name| name == reviewer);
        at.unwrap_or(self.reviewers.len()) as u32
    }

    /// Looks for the thirds of the pool again, once in a while.
    fn settle_bands(&mut self) {
        let labels = self.said.len() / BANDS_HOLD;
        if labels != self.bands_at {
            self.bands_at = labels;
            let p: Vec<f64> = (0..self.ids.len()).map(|row| self.queue.p(row)).collect();
            self.bands = Terciles::of(&p);
        }
    }

    /// How many conversations are still asked for.
    fn wanted(&self) -> usize {
        let size = self.stored.spec.size.map_or(usize::MAX, |size| size as usize);
        size.saturating_sub(self.given.len())
    }

    /// What comes next for a reviewer.
    pub(super) fn upcoming(&self, by: u32, most: usize) -> Vec<ranked::Slot> {
        let again = |slot: &ranked::Slot| self.given_rows.contains(&slot.row);
        let slots = match &self.segments {
            None => self.queue.page(by, most),
            Some(segments) => take_turns(&self.queue, self.queue.order(by), (segments, &self.given)),
        };
        // What needs one more reviewer was counted when it was judged first.
        let mut left = self.wanted();
        let taken = slots.into_iter().filter(|slot| {
            let more = again(slot) || left > 0;
            left = left.saturating_sub(usize::from(!again(slot)));
            more
        });
        taken.take(most).collect()
    }

    /// What comes next for a reviewer who is reading one already: that one takes the first slot of its kind, and those
    /// before it move down, while what is by lot stays where it is.
    fn followed(&self, by: u32, most: usize, reading: Option<usize>) -> Vec<ranked::Slot> {
        let mut slots = self.upcoming(by, most);
        let Some(row) = reading.filter(|row| !self.said.contains(&(*row, by))) else { return slots };
        let at = slots.iter().position(|slot| slot.row == row);
        let is_ranked = |slot: &ranked::Slot| slot.kind == ranked::SlotKind::Ranked;
        // What is by lot, pinned, or asks for a second opinion is in its place already; what is not asked for has none.
        let asked = at.map_or(slots.len() == most, |at| is_ranked(&slots[at]));
        if !asked {
            return slots;
        }
        let mut carried = row;
        for slot in slots.iter_mut().filter(|slot| is_ranked(slot)) {
            let moved = std::mem::replace(&mut slot.row, carried);
            slot.p = self.queue.p(slot.row);
            carried = moved;
            if carried == row {
                break;
            }
        }
        slots
    }

    /// How many conversations are left for a reviewer, of whom these come next.
    pub(super) fn left(&self, by: u32, next: &[ranked::Slot]) -> u64 {
        if next.len() < LISTED {
            return next.len() as u64;
        }
        let again = next.iter().filter(|slot| self.given_rows.contains(&slot.row)).count();
        let all = if leaves_out(self.queue.plan().strategy) {
            self.queue.order(by).len() - again
        } else {
            self.ids.len().saturating_sub(self.judged.len())
        };
        (all.min(self.wanted()) + again) as u64
    }

    /// Where a conversation stands: where it stood when it was judged, else where it comes next.
    fn place(&self, row: usize, next: Option<&ranked::Slot>) -> Place {
        let given = self.given.iter().find(|given| given.row == row).map(|given| given.slot.clone());
        let (slot, p) = match (given, next) {
            (Some(slot), None) => {
                let p = slot.p.unwrap_or_else(|| self.queue.p(row));
                (slot, p)
            }
            (given, next) => {
                let found = next.copied().unwrap_or_else(|| self.queue.slot(row));
                let kind = match found.kind {
                    ranked::SlotKind::Audit => SlotKind::Audit,
                    ranked::SlotKind::Ranked => SlotKind::Ranked,
                    ranked::SlotKind::Pinned => SlotKind::Manual,
                    // A second opinion belongs to the sample that the first one belonged to.
                    ranked::SlotKind::Again => given.map_or(SlotKind::Ranked, |slot| slot.kind),
                };
                (self.slot(kind, found), found.p)
            }
        };
        let why = self.queue.reasons(row).iter().map(ToString::to_string).collect();
        let band = match self.bands.band(p) {
            crate::rank::bands::Band::Low => Band::Low,
            crate::rank::bands::Band::Medium => Band::Medium,
            crate::rank::bands::Band::High => Band::High,
        };
        let blind = slot.kind == SlotKind::Audit || self.stored.spec.blind;
        let open = next.is_some();
        Place {
            slot,
            band: Some(band),
            p: self.calibrated(p),
            why,
            pinned: self.pinned.get(&row).cloned(),
            blind,
            open,
        }
    }

    fn slot(&self, kind: SlotKind, found: ranked::Slot) -> Slot {
        // Six digits are more than a label can tell, and read back from text as they were written.
        let short = |value: f64| (value * 1e6).round() / 1e6;
        Slot {
            queue: self.stored.spec.name.clone(),
            kind,
            position: found.position,
            p: Some(short(found.p)),
            weights: self.queue.version(),
            q: Some(short(found.q)),
            scores_seen: false,
        }
    }

    /// How many conversations rules put ahead.
    pub(super) fn pinned(&self) -> u64 {
        self.pinned.len() as u64
    }
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

/// True for strategies that leave conversations out, so that what is left has to be counted.
fn leaves_out(strategy: Strategy) -> bool {
    matches!(
        strategy,
        Strategy::Contradictory | Strategy::Flagged | Strategy::Manual | Strategy::SecondReview | Strategy::Relabel
    )
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
    stored: &StoredQueue,
    before: &[(ConversationId, String, Option<bool>)],
) -> Result<Prior, QueueError> {
    if before.is_empty() {
        return Ok(Prior::Declared);
    }
    let judged = "verdict:any or label:disputed";
    let Signals { columns, rows, .. } = signals(workspace, judged, stored.at, Expected::Used)?;
    let matrix = Matrix::new(&columns, &rows, None);
    let by_id: HashMap<&ConversationId, usize> = rows.iter().enumerate().map(|(row, one)| (&one.id, row)).collect();
    let mut people: Vec<&str> = Vec::new();
    let mut ranker = Ranker::new(&matrix, &Prior::Declared);
    for (id, reviewer, failed) in before {
        let Some(row) = by_id.get(id).copied() else { continue };
        let by = people.iter().position(|name| name == reviewer).unwrap_or_else(|| {
            people.push(reviewer);
            people.len() - 1
        });
        ranker.learn(&matrix, Lesson { row, by: by as u32, failed: *failed });
    }
    Ok(Prior::Carried(ranker.weights()))
}

/// By row, the value of the segment whose values take turns.
fn segments(store: &Store, stored: &StoredQueue, ids: &[ConversationId]) -> Result<Option<Vec<String>>, QueueError> {
    let Some(segment) = &stored.spec.per_segment else { return Ok(None) };
    Ok(Some(store.segment_values(segment, ids)?))
}

/// Puts ranked places in an order in which the values of a segment take turns: the one that had the fewest comes next.
fn take_turns(queue: &Queue, order: Vec<ranked::Slot>, (segments, given): (&[String], &[Given])) -> Vec<ranked::Slot> {
    let is_ranked = |slot: &ranked::Slot| slot.kind == ranked::SlotKind::Ranked;
    let value = |row: usize| segments.get(row).map_or("", String::as_str);
    let mut had: BTreeMap<&str, usize> = BTreeMap::new();
    for one in given.iter().filter(|one| one.slot.kind == SlotKind::Ranked) {
        *had.entry(value(one.row)).or_default() += 1;
    }
    let mut waiting: BTreeMap<&str, std::collections::VecDeque<usize>> = BTreeMap::new();
    for slot in order.iter().filter(|slot| is_ranked(slot)) {
        waiting.entry(value(slot.row)).or_default().push_back(slot.row);
    }
    let mut taken = Vec::with_capacity(order.len());
    for slot in order {
        if !is_ranked(&slot) {
            taken.push(slot);
            continue;
        }
        let open = waiting.iter().filter(|(_, rows)| !rows.is_empty()).map(|(name, _)| *name);
        let next = open.min_by_key(|name| (had.get(name).copied().unwrap_or(0), *name));
        let Some(row) = next.and_then(|name| waiting.get_mut(name)?.pop_front()) else { continue };
        *had.entry(value(row)).or_default() += 1;
        taken.push(ranked::Slot { row, p: queue.p(row), ..slot });
    }
    taken
}
