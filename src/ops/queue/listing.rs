//! What a queue of a name shows: its list, its rows, how far it is.
//!
//! Invariant: a list shows what was judged in the queue, in that order, then what comes next for the asking reviewer.

use std::collections::{HashMap, HashSet};

use crate::model::filter::Filter;
use crate::model::id::ConversationId;
use crate::model::queue::{Place, QueueHead, QueueIndex, QueueOrder, QueueQuery, QueueSpec, QueueState};
use crate::model::summary::Summary;
use crate::model::time::Timestamp;
use crate::rank::queue as ranked;
use crate::store::{Asker, Store, StoredQueue};

use super::super::workspace::Workspace;
use super::kept::{Working, source};
use super::{QueueError, claims, define};

/// Conversations still to be judged that a list shows at once.
pub(super) const LISTED: usize = 200;

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
pub fn shown(
    workspace: &mut Workspace,
    (name, most): (&str, usize),
    now: Timestamp,
) -> Result<(QueueState, Vec<ShownRow>), QueueError> {
    let query = QueueQuery { queue: Some(name.to_owned()), ..QueueQuery::default() };
    let index = named(workspace, &query, now)?;
    let listed: HashSet<ConversationId> = index.ids.iter().cloned().collect();
    let reviewer = workspace.reviewer().to_owned();
    let held = claims::held(workspace.store(), &reviewer, now)?;
    let working = ready(workspace, name)?;
    let by = working.number(&reviewer);
    let next = Working::free_first(working.upcoming(by, most), &working.taken(&held));
    let open: HashSet<&ConversationId> = next.iter().map(|slot| &working.ids[slot.row]).collect();
    let given: HashSet<&ConversationId> = working.given.iter().map(|given| &working.ids[given.row]).collect();
    let order = working.given.iter().map(|given| &working.ids[given.row]).filter(|id| !open.contains(id));
    let ids = order.chain(next.iter().map(|slot| &working.ids[slot.row]));
    let ids: Vec<ConversationId> = ids.filter(|id| listed.contains(*id)).cloned().collect();
    let done: HashSet<ConversationId> = given.into_iter().filter(|id| !open.contains(id)).cloned().collect();
    let rows = named_rows(workspace, (name, None), &ids, now)?;
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
    let covered = workspace.store().covered(&reviewer)?;
    let held = claims::held(workspace.store(), &reviewer, now)?;
    let working = ready(workspace, &name)?;
    // Whether a queue of labels takes a conversation would tell what was said of it.
    let told = Filter::parse(&working.stored.spec.filter)?.is_of_labels();
    let by = working.number(&reviewer);
    let reading = query.reading.as_ref().and_then(|id| working.rows.get(id)).copied();
    let listed = if narrowed.is_some() { working.ids.len() } else { LISTED };
    let takes = |id: &&ConversationId| narrowed.as_ref().is_none_or(|ids| ids.contains(*id));
    let next = Working::free_first(working.followed(by, listed, reading), &working.taken(&held));
    let mut seen = HashSet::new();
    let again: HashSet<usize> = next.iter().map(|slot| slot.row).collect();
    let judged = working.given.iter().map(|given| given.row).filter(|row| !again.contains(row));
    let ids: Vec<ConversationId> = judged
        .chain(next.iter().map(|slot| slot.row))
        .filter(|row| seen.insert(*row))
        .filter_map(|row| working.ids.get(row))
        .filter(takes)
        .filter(|id| !told || !covered.hides(id))
        .cloned()
        .collect();
    let upcoming: HashSet<&ConversationId> = next.iter().map(|slot| &working.ids[slot.row]).collect();
    let begins = ids.iter().take_while(|id| !upcoming.contains(id)).count();
    let state = working.state(by, &next, &covered);
    let pool = working.ids.len() as u64;
    let mut index = workspace.store().index_of(ids, &reviewer)?;
    index.total = pool;
    index.begins = begins;
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
    now: Timestamp,
) -> Result<Vec<Summary>, QueueError> {
    let reviewer = workspace.reviewer().to_owned();
    let held = claims::held(workspace.store(), &reviewer, now)?;
    let working = ready(workspace, name)?;
    let by = working.number(&reviewer);
    let reading = reading.and_then(|id| working.rows.get(id)).copied();
    let rows: Vec<usize> = ids.iter().filter_map(|id| working.rows.get(id).copied()).collect();
    // The list asks for what it shows, so that most of it is among what comes next.
    let next: HashMap<usize, ranked::Slot> =
        working.followed(by, LISTED.max(ids.len()), reading).into_iter().map(|slot| (slot.row, slot)).collect();
    let taken = working.taken(&held);
    let place = |row: usize| Place { held: taken.get(&row).copied(), ..working.place(row, next.get(&row)) };
    let places: HashMap<ConversationId, Place> =
        rows.into_iter().map(|row| (working.ids[row].clone(), place(row))).collect();
    let mut summaries = workspace.store().summaries(ids, &reviewer)?;
    for summary in &mut summaries {
        summary.place = places.get(&summary.id).cloned().map(Box::new);
    }
    Ok(summaries)
}

/// The place from which the asking reviewer would judge this conversation now; `None` where the queue does not ask for it.
///
/// # Errors
/// There is no such queue, or the database cannot be read.
pub fn asked(
    workspace: &mut Workspace,
    name: &str,
    id: &ConversationId,
    now: Timestamp,
) -> Result<Option<Place>, QueueError> {
    let rows = named_rows(workspace, (name, Some(id)), std::slice::from_ref(id), now)?;
    Ok(rows.into_iter().find_map(|row| row.place).map(|place| *place).filter(|place| place.open))
}

/// The queues there are, by name, without putting any of them in order.
///
/// # Errors
/// The database cannot be read.
pub fn heads(store: &Store) -> Result<Vec<QueueHead>, QueueError> {
    let queues = store.queues()?;
    let (judged, _) = if queues.is_empty() { Default::default() } else { store.judgements_in_order()? };
    let head = |queue: StoredQueue| {
        let here = judged.iter().filter(|one| one.verdict.is_some() && one.slot_in(&queue.spec.name).is_some());
        let done = here.map(|one| &one.conversation).collect::<HashSet<_>>().len() as u64;
        QueueHead { spec: queue.spec, done }
    };
    Ok(queues.into_iter().map(head).collect())
}

/// How far each queue is, by name.
///
/// # Errors
/// The database cannot be read.
pub fn states(workspace: &mut Workspace) -> Result<Vec<QueueState>, QueueError> {
    let reviewer = workspace.reviewer().to_owned();
    let covered = workspace.store().covered(&reviewer)?;
    let names: Vec<String> = workspace.store().queues()?.into_iter().map(|queue| queue.spec.name).collect();
    let mut states = Vec::with_capacity(names.len());
    for name in names {
        let working = ready(workspace, &name)?;
        let by = working.number(&reviewer);
        let next = working.upcoming(by, LISTED);
        states.push(working.state(by, &next, &covered));
    }
    Ok(states)
}

/// What the audit of a queue has shown. Only this says how often the agent fails.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Audited {
    /// The conversations that audits are drawn from, each with the number of its batch; those of a later import that is
    /// not over yet have none.
    pub pool: Vec<(ConversationId, Option<usize>)>,
    /// The probability of failure that the queue has learnt, by place in `pool`.
    pub p: Vec<f64>,
    /// Places in `pool` that audit slots have come to, in order, each with what was said of it.
    pub reached: Vec<(usize, Option<bool>)>,
}

/// The audit of a queue.
///
/// # Errors
/// There is no such queue, or the database cannot be read.
pub fn audited(workspace: &mut Workspace, name: &str) -> Result<Audited, QueueError> {
    let working = ready(workspace, name)?;
    let (queue, rows) = (&working.queue, 0..working.ids.len());
    Ok(Audited {
        pool: rows.clone().map(|row| (working.ids[row].clone(), queue.audit().batch(row))).collect(),
        p: rows.map(|row| queue.p(row)).collect(),
        reached: queue.audit().reached(queue.done()).iter().map(|row| (*row, queue.verdict(*row))).collect(),
    })
}

/// What audit slots of a queue have come to, each with what was said of it.
///
/// # Errors
/// The database cannot be read.
pub fn reached_by_lot(
    workspace: &Workspace,
    stored: &StoredQueue,
) -> Result<Vec<(ConversationId, Option<bool>)>, QueueError> {
    let working = Working::new(workspace, stored)?;
    let queue = &working.queue;
    let reached = queue.audit().reached(queue.done());
    Ok(reached.iter().map(|row| (working.ids[*row].clone(), queue.verdict(*row))).collect())
}

/// What a queue of this definition would ask for first, though nobody defined it.
///
/// # Errors
/// It cannot be carried out, or the database cannot be read.
pub fn order_of(
    workspace: &Workspace,
    spec: &QueueSpec,
    most: usize,
    now: Timestamp,
) -> Result<Vec<ConversationId>, QueueError> {
    define::check(spec)?;
    let (reviewer, event) = (workspace.reviewer().to_owned(), String::new());
    // Everything that was said is from before it.
    let stored = StoredQueue { spec: spec.clone(), reviewer, at: now, event, lamport: i64::MAX.unsigned_abs() };
    let working = Working::new(workspace, &stored)?;
    let next = working.upcoming(working.number(""), most);
    Ok(next.iter().map(|slot| working.ids[slot.row].clone()).collect())
}

/// The queue of a name, in step with the log.
pub(super) fn ready<'a>(workspace: &'a mut Workspace, name: &str) -> Result<&'a Working, QueueError> {
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
