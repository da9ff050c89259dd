//! Failure modes: how many, how grave, how sure, what is new; who owns them; and whether looking further finds more.
//!
//! Invariant: "found" counts settled failures, however they came up; a share or a change of one is of conversations that
//! were drawn by lot, and of nothing else.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::Serialize;

use super::pool::{Audit, Pool, Settled};
use super::steps::Opened;
use super::told::Told;
use super::{Change, Listing, Window};
use crate::model::id::ConversationId;
use crate::model::label::Owner;
use crate::stats::compare::apart;
use crate::stats::guard::{self, Guarded, at_least};
use crate::stats::rate::{LEAST_IN_SEGMENT, Rate};
use crate::store::Contact;

/// Examples per mode.
const EXAMPLES: usize = 3;

/// Conversations by which saturation is measured.
pub const BLOCK: usize = 20;

/// One failure mode.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModeRow {
    /// Its key.
    pub mode: String,
    /// Its name.
    pub name: String,
    /// What the codebook says that it is; empty where it says nothing.
    pub description: String,
    /// Settled failures with it in the period.
    pub found: u64,
    /// The same in the period before.
    pub found_before: u64,
    /// True where no earlier conversation has it.
    pub is_new: bool,
    /// Its share of all conversations.
    #[serde(serialize_with = "guard::serialize")]
    pub share: Guarded<Rate>,
    /// Its share of failures; shares add up to more than 1 where failures have several modes.
    #[serde(serialize_with = "guard::serialize")]
    pub share_of_failures: Guarded<Rate>,
    /// Against the period before.
    #[serde(serialize_with = "guard::serialize")]
    pub change: Guarded<Change>,
    /// How many of those found are of severity 1, 2, 3, 4.
    pub severities: [u64; 4],
    /// Their mean severity, where any says one.
    pub severity: Option<f64>,
    /// The gravest first.
    pub examples: Vec<Example>,
    /// A filter that lists those found.
    pub filter: String,
}

/// One conversation to read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Example {
    /// Its id.
    pub conversation: ConversationId,
    /// How grave.
    pub severity: Option<u8>,
    /// Where reviewers differ on that: each grade, the gravest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub severities: Vec<u8>,
    /// Where it first went wrong.
    pub step: Option<u32>,
    /// Where reviewers differ on that: each step.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<u32>,
    /// What the agent did there: a tool's name, or `answer`.
    pub at: Option<String>,
    /// The same and more in words, personal data masked.
    #[serde(flatten)]
    pub told: Told,
}

/// Who owns failures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OwnerRow {
    /// Who; null where no reviewer said so.
    pub owner: Option<Owner>,
    /// Settled failures.
    pub found: u64,
    /// Of those with an owner; null for the row without one.
    pub share: Option<f64>,
    /// A filter that lists them.
    pub filter: String,
}

/// Whether looking further finds new modes.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Saturation {
    /// Conversations judged so far, in the order in which they were.
    pub judged: u64,
    /// Modes they showed.
    pub modes: u64,
    /// New modes in each twenty of them, counted back from the last; the first may be of fewer.
    pub new_per_twenty: Vec<u64>,
    /// New modes in the last twenty.
    pub new_in_last_twenty: u64,
    /// True where the last twenty brought none; null below forty: before it takes twenty that could bring some.
    pub saturated: Option<bool>,
}

/// The period and the one before, with what was drawn of both.
pub(super) struct Both<'p> {
    pub window: &'p Window,
    pub now: Vec<&'p Contact>,
    pub before: Vec<&'p Contact>,
    pub audit: &'p Audit,
    pub audit_before: &'p Audit,
}

/// All modes of the period and of the one before, most found first.
pub(super) fn rows(pool: &Pool, both: &Both<'_>, opened: &Opened, listing: &Listing) -> Vec<ModeRow> {
    let failures = by_mode(&pool.failures(&both.now));
    let before = by_mode(&pool.failures(&both.before));
    let earlier = earlier_modes(pool, (&both.now, both.window));
    let keys: BTreeSet<&str> = failures.keys().chain(before.keys()).copied().collect();
    let mut rows: Vec<ModeRow> = keys
        .into_iter()
        .map(|key| {
            let found = failures.get(key).map_or(&[][..], Vec::as_slice);
            let has = |id: &ConversationId, failed: bool| failed && has_mode(pool, id, key);
            let change = change(&both.audit_before.rate_to_come(has), &both.audit.rate_to_come(has));
            let severities = severities(found);
            let sum: u64 = severities.iter().zip(1..).map(|(count, grade)| count * grade).sum();
            let graded: u64 = severities.iter().sum();
            ModeRow {
                mode: key.to_owned(),
                name: pool.codebook.name_of(key).to_owned(),
                description: pool.codebook.mode(key).map(|mode| mode.description.trim().to_owned()).unwrap_or_default(),
                found: found.len() as u64,
                found_before: before.get(key).map_or(0, |found| found.len() as u64),
                is_new: !found.is_empty() && !earlier.contains(key),
                share: both.audit.rate(has),
                share_of_failures: of_failures(both.audit, &has),
                change,
                severities,
                severity: (graded > 0).then(|| sum as f64 / graded as f64),
                examples: examples(found, opened),
                filter: listing.failures(&format!("mode:{key}")),
            }
        })
        .collect();
    rows.sort_by(|a, b| {
        let grave = |row: &ModeRow| row.severity.unwrap_or(0.0);
        b.found.cmp(&a.found).then_with(|| grave(b).total_cmp(&grave(a))).then_with(|| a.mode.cmp(&b.mode))
    });
    rows
}

type Failures<'p> = [(&'p Contact, &'p Settled)];

fn by_mode<'p>(failures: &Failures<'p>) -> BTreeMap<&'p str, Vec<(&'p Contact, &'p Settled)>> {
    let mut found: BTreeMap<&str, Vec<(&Contact, &Settled)>> = BTreeMap::new();
    for (contact, settled) in failures {
        for mode in settled.modes() {
            found.entry(mode).or_default().push((contact, settled));
        }
    }
    found
}

fn has_mode(pool: &Pool, id: &ConversationId, mode: &str) -> bool {
    pool.settled.get(id).is_some_and(|settled| settled.failed() && settled.modes().contains(&mode))
}

/// The modes of settled failures that began before the first of these conversations; of those that were judged before a
/// session judged these.
fn earlier_modes<'p>(pool: &'p Pool, (now, window): (&[&Contact], &Window)) -> BTreeSet<&'p str> {
    let first = now.iter().filter_map(|contact| contact.stands_at()).min();
    let began = window.only.as_ref().map(|sitting| sitting.log.start);
    let before: HashSet<&ConversationId> = pool.in_order(began.unwrap_or(0)).into_iter().collect();
    let is_earlier = |contact: &&Contact| match began {
        Some(_) => before.contains(&contact.id),
        None => contact.stands_at() < first,
    };
    let earlier = pool.contacts.iter().filter(is_earlier);
    let failed = earlier.filter_map(|contact| pool.settled.get(&contact.id)).filter(|settled| settled.failed());
    failed.flat_map(Settled::modes).collect()
}

fn of_failures(audit: &Audit, has: &dyn Fn(&ConversationId, bool) -> bool) -> Guarded<Rate> {
    let failed = audit.judged().filter(|(_, failed)| *failed).count() as u64;
    let k = audit.judged().filter(|(id, failed)| has(id, *failed)).count() as u64;
    at_least(failed, LEAST_IN_SEGMENT, "failures drawn by lot")?;
    Rate::of(k, failed, None)
}

/// How a share changed, where both are of enough labels.
fn change(before: &Guarded<Rate>, now: &Guarded<Rate>) -> Guarded<Change> {
    let (before, now) = (before.as_ref().map_err(Clone::clone)?, now.as_ref().map_err(Clone::clone)?);
    at_least(before.n.min(now.n), LEAST_IN_SEGMENT, "audit labels in both periods")?;
    let (difference, interval) = apart((before.rate, before.interval), (now.rate, now.interval));
    Ok(Change { difference, interval })
}

fn severities(found: &Failures<'_>) -> [u64; 4] {
    let mut counts = [0; 4];
    for severity in found.iter().filter_map(|(_, settled)| settled.severity()) {
        if let Some(count) = counts.get_mut(usize::from(severity).saturating_sub(1)) {
            *count += 1;
        }
    }
    counts
}

fn examples(found: &Failures<'_>, opened: &Opened) -> Vec<Example> {
    let mut found: Vec<&(&Contact, &Settled)> = found.iter().collect();
    found.sort_by(|a, b| b.1.severity().cmp(&a.1.severity()).then_with(|| a.0.id.cmp(&b.0.id)));
    let example = |(contact, settled): &&(&Contact, &Settled)| {
        let steps: BTreeSet<u32> =
            settled.labels.iter().filter_map(|label| Some(label.first_failure.as_ref()?.step)).collect();
        let grades: BTreeSet<u8> = settled.labels.iter().filter_map(|label| label.severity).collect();
        let first = steps.first().copied();
        Example {
            conversation: contact.id.clone(),
            severity: settled.severity(),
            severities: if grades.len() > 1 { grades.into_iter().rev().collect() } else { Vec::new() },
            step: first,
            steps: if steps.len() > 1 { steps.into_iter().collect() } else { Vec::new() },
            at: first.and_then(|step| opened.of(&contact.id)?.what(step)),
            told: Told::default(),
        }
    };
    found.iter().take(EXAMPLES).map(example).collect()
}

/// Settled failures by owner, most first, those without one last.
pub(super) fn owners(pool: &Pool, now: &[&Contact], listing: &Listing) -> Vec<OwnerRow> {
    let mut counts: BTreeMap<Owner, u64> = BTreeMap::new();
    let (mut without, mut with) = (0, 0);
    for (_, settled) in pool.failures(now) {
        let owners: BTreeSet<Owner> = settled.labels.iter().filter_map(|label| label.owner).collect();
        without += u64::from(owners.is_empty());
        with += u64::from(!owners.is_empty());
        for owner in owners {
            *counts.entry(owner).or_default() += 1;
        }
    }
    let mut rows: Vec<OwnerRow> = counts
        .into_iter()
        .map(|(owner, found)| OwnerRow {
            owner: Some(owner),
            found,
            share: Some(found as f64 / f64::from(u32::try_from(with).unwrap_or(u32::MAX).max(1))),
            filter: listing.failures(&format!("owner:{}", owner.word())),
        })
        .collect();
    rows.sort_by(|a, b| b.found.cmp(&a.found).then_with(|| a.owner.cmp(&b.owner)));
    if without > 0 {
        rows.push(OwnerRow { owner: None, found: without, share: None, filter: listing.failures("owner:none") });
    }
    rows
}

/// New modes along the way, of conversations that began before the period was over.
pub(super) fn saturation(pool: &Pool, window: &Window) -> Saturation {
    let (until, said) = (window.range().1, window.only.as_ref().map_or(u64::MAX, |sitting| sitting.log.end));
    let known: HashMap<&ConversationId, &Contact> =
        pool.contacts.iter().map(|contact| (&contact.id, contact)).collect();
    let stands = |one: &&Contact| window.only.is_some() || one.stands_at().is_none_or(|at| at < until);
    let counts = |id: &&ConversationId| known.get(id).is_some_and(stands);
    let order: Vec<&ConversationId> =
        pool.in_order(said).into_iter().filter(|id| pool.settled.contains_key(id)).filter(counts).collect();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let new: Vec<u64> = order
        .iter()
        .map(|id| {
            let failed = pool.settled.get(id).filter(|settled| settled.failed());
            failed.map_or(0, |settled| settled.modes().into_iter().filter(|mode| seen.insert(mode)).count() as u64)
        })
        .collect();
    let last = &new[new.len().saturating_sub(BLOCK)..];
    let new_in_last_twenty = last.iter().sum();
    Saturation {
        judged: order.len() as u64,
        modes: seen.len() as u64,
        new_per_twenty: new.rchunks(BLOCK).rev().map(|block| block.iter().sum()).collect(),
        new_in_last_twenty,
        saturated: (order.len() >= 2 * BLOCK).then_some(new_in_last_twenty == 0),
    }
}
