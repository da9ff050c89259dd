//! The team: who reviewed what and how fast, how each holds up over time and with themselves, who should take what next.
//!
//! Invariant: figures follow from the log alone; nobody's but one's own are told unless that was asked for.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;

use super::list::SCHEMA_VERSION;
use super::workspace::Workspace;
use crate::model::event::EventBody;
use crate::model::filter::{Field, Filter};
use crate::model::id::ConversationId;
use crate::model::label::{Verdict, undone_groups};
use crate::model::queue::Slot;
use crate::stats::agreement::{Kappa, cohen};
use crate::stats::compare::{TwoRates, two_rates};
use crate::stats::guard::{self, Guarded, at_least};
use crate::stats::rate::Rate;
use crate::store::StoreError;

/// Pauses between verdicts above this do not count as work.
const LONGEST_PAUSE: i64 = 5 * 60 * 1_000_000;

/// Verdicts that a half of somebody's work has to have before the halves are compared.
const LEAST_IN_HALF: u64 = 10;

/// Conversations somebody has to have judged twice before a kappa is told.
const LEAST_REPEATS: u64 = 30;

/// Parts of the work that are handed out at once, at most.
const MOST_PARTS: usize = 8;

/// Of whom figures are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// The asking reviewer.
    Own,
    /// Everybody; the caller has recorded it.
    Everyones,
}

/// The team. The fields, their names and their order are public surface.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TeamReport {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// How many people judged anything.
    pub people: u64,
    /// Conversations that anybody judged.
    pub judged: u64,
    /// Of these, those that two or more judged.
    pub shared: u64,
    /// By name; the asking reviewer alone unless everybody was asked for.
    pub reviewers: Vec<Work>,
    /// Who should take what next, and why.
    pub next: Vec<Turn>,
}

/// One person's work.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Work {
    /// Who.
    pub reviewer: String,
    /// Conversations judged.
    pub judged: u64,
    /// Of these, those that failed.
    pub failed: u64,
    /// Of these, those that somebody else judged too.
    pub shared: u64,
    /// Median minutes between verdicts, pauses above five minutes left out; null below three.
    pub pace_minutes: Option<f64>,
    /// By intent, how many.
    pub intents: BTreeMap<String, u64>,
    /// By failure mode, how many.
    pub modes: BTreeMap<String, u64>,
    /// The share of fails in the earlier half of the work, and in the later one.
    #[serde(serialize_with = "guard::serialize")]
    pub drift: Guarded<Drift>,
    /// Conversations that came up again and were judged again.
    pub repeats: u64,
    /// How many of those verdicts were the same.
    pub same: Option<Rate>,
    /// Cohen's kappa with themselves.
    #[serde(serialize_with = "guard::serialize")]
    pub kappa: Guarded<Kappa>,
}

/// How the share of fails moved.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Drift {
    /// In the earlier half.
    pub earlier: Rate,
    /// In the later half.
    pub later: Rate,
    /// Later less earlier.
    #[serde(serialize_with = "guard::serialize")]
    pub change: Guarded<TwoRates>,
}

/// A part of the work and who should take it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Turn {
    /// The part, as a filter.
    pub part: String,
    /// Who.
    pub reviewer: String,
    /// Why, in words.
    pub why: String,
}

/// One verdict, in the order of the log.
struct Given {
    id: ConversationId,
    reviewer: String,
    verdict: Verdict,
    modes: Vec<String>,
    slot: Option<Slot>,
    at: i64,
}

/// What the team did, of whomever it may be told.
///
/// # Errors
/// The database cannot be read.
pub fn team(workspace: &Workspace, whose: Whose) -> Result<TeamReport, StoreError> {
    let given = verdicts(workspace)?;
    let intents = intents(workspace, &given)?;
    let mut by_conversation: BTreeMap<&ConversationId, BTreeSet<&str>> = BTreeMap::new();
    let mut by_reviewer: BTreeMap<&str, Vec<&Given>> = BTreeMap::new();
    for one in &given {
        by_conversation.entry(&one.id).or_default().insert(&one.reviewer);
        by_reviewer.entry(&one.reviewer).or_default().push(one);
    }
    let own = workspace.reviewer();
    let told = |name: &str| whose == Whose::Everyones || name == own;
    let works: Vec<Work> = by_reviewer.iter().map(|(name, own)| work(name, own, &by_conversation, &intents)).collect();
    let mut next = turns(&works);
    next.retain(|turn| told(&turn.reviewer));
    Ok(TeamReport {
        schema_version: SCHEMA_VERSION,
        people: works.len() as u64,
        judged: by_conversation.len() as u64,
        shared: by_conversation.values().filter(|people| people.len() > 1).count() as u64,
        reviewers: works.into_iter().filter(|work| told(&work.reviewer)).collect(),
        next,
    })
}

/// Standing verdicts in the order of the log, without those that are hidden from the asking reviewer.
fn verdicts(workspace: &Workspace) -> Result<Vec<Given>, StoreError> {
    let (log, covered) = (workspace.store().log(), workspace.store().covered(workspace.reviewer())?);
    let codebook = log.codebook()?;
    let events = log.all()?;
    let undone = undone_groups(&events.iter().collect::<Vec<_>>());
    let mut modes: HashMap<&str, Vec<String>> = HashMap::new();
    for event in &events {
        if let EventBody::Mode { mode } = &event.body {
            modes.entry(&event.group).or_default().push(codebook.resolve(mode));
        }
    }
    let mut given = Vec::new();
    for event in events.iter().filter(|event| !undone.contains(&event.group)) {
        let (EventBody::Verdict { verdict, slot, .. }, Some(target)) = (&event.body, &event.target) else { continue };
        let id = log.resolve(&target.conversation)?;
        if covered.shows(event, workspace.reviewer(), Some(&id)) {
            let modes = modes.get(event.group.as_str()).cloned().unwrap_or_default();
            let (reviewer, slot, at) = (event.reviewer.clone(), slot.clone(), event.at.0);
            given.push(Given { id, reviewer, verdict: *verdict, modes, slot, at });
        }
    }
    Ok(given)
}

fn intents(workspace: &Workspace, given: &[Given]) -> Result<HashMap<ConversationId, String>, StoreError> {
    let ids: BTreeSet<&ConversationId> = given.iter().map(|one| &one.id).collect();
    let ids: Vec<ConversationId> = ids.into_iter().cloned().collect();
    let values = workspace.store().segment_values("intent", &ids)?;
    Ok(ids.into_iter().zip(values).filter(|(_, value)| !value.is_empty()).collect())
}

fn work(
    name: &str,
    given: &[&Given],
    by_conversation: &BTreeMap<&ConversationId, BTreeSet<&str>>,
    intents: &HashMap<ConversationId, String>,
) -> Work {
    // What was said last of each conversation counts; where it came up again in another slot, it is a repeat.
    let mut last: BTreeMap<&ConversationId, &Given> = BTreeMap::new();
    let mut again: Vec<(usize, usize)> = Vec::new();
    for one in given {
        if let Some(before) = last.insert(&one.id, one)
            && came(before).is_some_and(|before| came(one).is_some_and(|now| now != before))
        {
            again.push((place(before.verdict), place(one.verdict)));
        }
    }
    let standing: Vec<&Given> = given.iter().copied().filter(|one| std::ptr::eq(last[&one.id], *one)).collect();
    let (mut of_intents, mut of_modes) = (BTreeMap::new(), BTreeMap::new());
    for one in last.values() {
        if let Some(intent) = intents.get(&one.id) {
            *of_intents.entry(intent.clone()).or_default() += 1;
        }
        for mode in one.modes.iter().collect::<BTreeSet<_>>() {
            *of_modes.entry(mode.clone()).or_default() += 1;
        }
    }
    let repeats = again.len() as u64;
    let same = again.iter().filter(|(a, b)| a == b).count() as u64;
    Work {
        reviewer: name.to_owned(),
        judged: last.len() as u64,
        failed: last.values().filter(|one| one.verdict == Verdict::Fail).count() as u64,
        shared: last.keys().filter(|id| by_conversation.get(*id).is_some_and(|people| people.len() > 1)).count() as u64,
        pace_minutes: pace(given),
        intents: of_intents,
        modes: of_modes,
        drift: drift(&standing),
        repeats,
        same: Rate::of(same, repeats, None).ok(),
        kappa: at_least(repeats, LEAST_REPEATS, "conversations judged twice").and_then(|()| cohen(&again, 3)),
    }
}

/// In which place of which queue it came up.
fn came(given: &Given) -> Option<(&str, u64)> {
    given.slot.as_ref().map(|slot| (slot.queue.as_str(), slot.position))
}

fn place(verdict: Verdict) -> usize {
    match verdict {
        Verdict::Pass => 0,
        Verdict::Fail => 1,
        Verdict::Unsure => 2,
    }
}

fn pace(given: &[&Given]) -> Option<f64> {
    let mut times: Vec<i64> = given.iter().map(|one| one.at).collect();
    times.sort_unstable();
    let mut gaps: Vec<i64> =
        times.windows(2).map(|pair| pair[1] - pair[0]).filter(|gap| (1..=LONGEST_PAUSE).contains(gap)).collect();
    gaps.sort_unstable();
    let middle = *gaps.get(gaps.len() / 2).filter(|_| gaps.len() >= 2)?;
    // Tenths of a minute are as much as a median of so few tells.
    Some((middle as f64 / 6_000_000.0).round() / 10.0)
}

fn drift(given: &[&Given]) -> Guarded<Drift> {
    let sure: Vec<bool> =
        given.iter().filter(|one| one.verdict != Verdict::Unsure).map(|one| one.verdict == Verdict::Fail).collect();
    let (earlier, later) = sure.split_at(sure.len() / 2);
    at_least(earlier.len() as u64, LEAST_IN_HALF, "verdicts in each half")?;
    let count = |half: &[bool]| (half.iter().filter(|failed| **failed).count() as u64, half.len() as u64);
    let (before, after) = (count(earlier), count(later));
    Ok(Drift {
        earlier: Rate::of(before.0, before.1, None)?,
        later: Rate::of(after.0, after.1, None)?,
        change: two_rates(before, after, 0.05),
    })
}

/// Fresh eyes: of each intent and each failure mode, the largest first, who has judged little of it takes it next. Of
/// those, nobody gets a second part before everybody has one.
fn turns(works: &[Work]) -> Vec<Turn> {
    if works.len() < 2 {
        return Vec::new();
    }
    let mut parts: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for work in works {
        for (kind, counts) in [("intent", &work.intents), ("mode", &work.modes)] {
            for (name, count) in counts {
                *parts.entry((kind, name)).or_default() += count;
            }
        }
    }
    let mut parts: Vec<((&str, &str), u64)> = parts.into_iter().collect();
    parts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let mut has: HashMap<&str, usize> = HashMap::new();
    let mut turns = Vec::new();
    for ((kind, name), total) in parts.into_iter().take(MOST_PARTS) {
        let seen = |work: &Work| {
            let counts = if kind == "intent" { &work.intents } else { &work.modes };
            counts.get(name).copied().unwrap_or(0)
        };
        let parts_of = |work: &Work| has.get(work.reviewer.as_str()).copied().unwrap_or(0);
        let order = |work: &&Work| (parts_of(work), seen(work), work.judged, work.reviewer.clone());
        // Who has judged more of it than their share has no fresh eyes for it, however few parts they have.
        let fresh = works.iter().filter(|work| seen(work) * works.len() as u64 <= total);
        let Some(chosen) = fresh.min_by_key(order) else { continue };
        let field = if kind == "intent" { Field::Intent } else { Field::Mode };
        turns.push(Turn {
            part: Filter::is(field, "", name).to_string(),
            reviewer: chosen.reviewer.clone(),
            why: format!("has judged {} of {total} there, and {} in all", seen(chosen), chosen.judged),
        });
        *has.entry(&chosen.reviewer).or_default() += 1;
    }
    turns
}

#[cfg(test)]
mod tests;
