//! Which conversations a queue chooses from, in which batches they came, and which of them rules put ahead.
//!
//! Invariant: judging moves nothing into a pool or out of it, so that a draw by lot stays the draw it was.

use std::collections::{BTreeMap, HashSet};

use crate::model::filter::Filter;
use crate::model::id::ConversationId;
use crate::model::queue::MustReview;
use crate::rank::audit::{AuditShare, Batch};
use crate::store::{Arrival, Asker, Judged, Store, StoredQueue};

use super::QueueError;

/// The conversations of a queue, and a filter that takes them all and some more.
pub(super) struct Pool {
    /// The keys of the conversations, rising.
    keys: Vec<i64>,
    /// Takes all of them.
    pub filter: String,
}

impl Pool {
    pub fn holds(&self, key: i64) -> bool {
        self.keys.binary_search(&key).is_ok()
    }
}

/// Who asks what a queue holds: always the one who defined it, when they did, so that the answer does not change.
pub(super) fn asker(stored: &StoredQueue) -> Asker<'_> {
    Asker { reviewer: &stored.reviewer, now: stored.at }
}

/// The conversations of a queue: what its filter takes, what was judged in it, and what the filter took until somebody
/// judged it.
pub(super) fn pool(store: &Store, stored: &StoredQueue, judged: &[Judged]) -> Result<Pool, QueueError> {
    let asker = asker(stored);
    let filter = Filter::parse(&stored.spec.filter)?;
    let mut keys = store.all_matching_keys(&filter, asker)?;
    let relaxed = filter.without_labels();
    if filter.is_of_labels() {
        let able = store.all_matching_keys(&relaxed, asker)?;
        let judged_since = store.keys_of(&store.judged_first_after(stored.lamport)?)?;
        keys.extend(judged_since.into_iter().filter(|key| able.binary_search(key).is_ok()));
    }
    let here = judged.iter().filter(|one| one.slot_in(&stored.spec.name).is_some());
    let here: Vec<ConversationId> = here.map(|one| one.conversation.clone()).collect();
    keys.extend(store.keys_of(&here)?);
    keys.sort_unstable();
    let judged_here = format!("queue:{}", stored.spec.name);
    let filter = if relaxed.is_empty() { String::new() } else { format!("({relaxed}) or {judged_here}") };
    Ok(Pool { keys, filter })
}

/// The conversations that rules put ahead, each with the first rule that does, in words.
pub(super) fn pinned(
    store: &Store,
    rules: &MustReview,
    asker: Asker<'_>,
) -> Result<BTreeMap<ConversationId, String>, QueueError> {
    let mut pinned = BTreeMap::new();
    if let Some(severity) = rules.policy_severity {
        for (id, rule) in store.broken_rules(severity)? {
            pinned.entry(id).or_insert_with(|| format!("broke {rule}"));
        }
    }
    if rules.irreversible {
        for (id, tool) in store.irreversible()? {
            pinned.entry(id).or_insert_with(|| format!("{tool} cannot be undone"));
        }
    }
    if let Some(least) = rules.amount {
        for (id, amount) in store.amounts(least)? {
            pinned.entry(id).or_insert_with(|| format!("amount {amount}"));
        }
    }
    for filter in &rules.filters {
        for id in store.all_matching(&Filter::parse(filter)?, asker)? {
            pinned.entry(id).or_insert_with(|| filter.clone());
        }
    }
    Ok(pinned)
}

/// The batches of a pool whose rows have these keys, which rise, by import. Conversations that came after the last one that
/// is whole are in none yet.
pub(super) fn batches(
    arrivals: &[Arrival],
    keys: &[i64],
    (judged, queue, share): (&[Judged], &str, AuditShare),
) -> Vec<Batch> {
    let mut batches = Vec::new();
    let mut from = 0;
    for (number, arrival) in arrivals.iter().enumerate() {
        let members: Vec<usize> = (from..keys.partition_point(|key| *key <= arrival.last_key)).collect();
        from += members.len();
        if members.is_empty() {
            continue;
        }
        let before = |one: &&Judged| one.lamport <= arrival.lamport && one.slot_in(queue).is_some();
        let given: HashSet<&ConversationId> = judged.iter().filter(before).map(|one| &one.conversation).collect();
        let since = if batches.is_empty() { 0 } else { share.slots(given.len() as u64) };
        batches.push(Batch { name: (number + 1).to_string(), rows: members, since });
    }
    batches
}

/// How many rows the means and spreads of features are taken from: they stay as they were until the pool has grown by a
/// fifth. The first rows are those that came first.
pub(super) fn frozen(batches: &[Batch]) -> usize {
    let (mut base, mut seen) = (0_usize, 0_usize);
    for batch in batches {
        seen += batch.rows.len();
        if seen as f64 > base as f64 * 1.2 {
            base = seen;
        }
    }
    base
}
