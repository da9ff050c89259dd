//! How several people agree: on the verdict, on each failure mode, on severity; and each with themselves.
//!
//! Invariant: no verdict on agreement below 30 conversations that two people judged; intervals come first.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::list::SCHEMA_VERSION;
use super::sample::SampleError;
use super::workspace::Workspace;
use crate::model::event::EventBody;
use crate::model::filter::Filter;
use crate::model::id::ConversationId;
use crate::model::label::{Label, Verdict, undone_groups};
use crate::model::queue::{QueueOrder, SlotKind};
use crate::model::time::Timestamp;
use crate::stats::agreement::{Agreement, Kappa, Table, cohen};
use crate::stats::guard::{self, Guarded, at_least};
use crate::stats::rate::Rate;
use crate::stats::reviewers::{Alpha, Fleiss, LEAST_UNITS, Level, fleiss, krippendorff};
use crate::store::{Asker, Covered};

/// The seed of bootstraps: the same labels give the same report.
const SEED: u64 = 0xa6_2ee;

/// Verdicts that can be given.
const VERDICTS: usize = 3;

/// What to look at.
#[derive(Debug, Clone, Copy, Default)]
pub struct AgreementOrder<'a> {
    /// Only conversations that match.
    pub filter: &'a str,
}

/// How people agree. The fields, their names and their order are public surface.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AgreementReport {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Conversations that two or more people judged.
    pub units: u64,
    /// Of these, how many were drawn by lot for an audit.
    pub audited: u64,
    /// How many it takes before anything is said of agreement.
    pub least: u64,
    /// On the verdict.
    pub verdict: Together,
    /// On severity, where two said one; its distances count.
    #[serde(serialize_with = "guard::serialize")]
    pub severity: Guarded<Alpha>,
    /// On each failure mode: given or not, the most frequent first.
    pub modes: Vec<ModeAgreement>,
    /// Two by two, those with most in common first.
    pub pairs: Vec<PairAgreement>,
    /// Each with themselves, where a conversation came up again.
    pub repeats: Vec<Repeats>,
}

/// All people together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Together {
    /// Pairs of labels of the same conversation that say the same.
    #[serde(serialize_with = "guard::serialize")]
    pub percent: Guarded<Rate>,
    /// Krippendorff's alpha.
    #[serde(serialize_with = "guard::serialize")]
    pub alpha: Guarded<Alpha>,
    /// Fleiss' kappa and Randolph's, over conversations with the most usual number of labels.
    #[serde(serialize_with = "guard::serialize")]
    pub fleiss: Guarded<Fleiss>,
}

/// On one failure mode.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModeAgreement {
    /// Its key.
    pub mode: String,
    /// Conversations in which anybody gave it.
    pub conversations: u64,
    /// Of these, those in which all did.
    pub by_all: u64,
    /// Given or not.
    #[serde(flatten)]
    pub agreement: Together,
}

/// Two people.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PairAgreement {
    /// They.
    pub reviewers: (String, String),
    /// Conversations both judged.
    pub units: u64,
    /// How many verdicts are the same.
    #[serde(serialize_with = "guard::serialize")]
    pub percent: Guarded<Rate>,
    /// Cohen's kappa on the verdict.
    #[serde(serialize_with = "guard::serialize")]
    pub kappa: Guarded<Kappa>,
    /// Gwet's AC1 on fail or pass.
    #[serde(serialize_with = "guard::serialize")]
    pub ac1: Guarded<f64>,
}

/// One person, twice.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Repeats {
    /// Who.
    pub reviewer: String,
    /// Conversations that came up again in a queue, and were judged again.
    pub repeats: u64,
    /// How many verdicts were the same.
    #[serde(serialize_with = "guard::serialize")]
    pub same: Guarded<Rate>,
}

/// Looks at all conversations that two or more people judged.
///
/// # Errors
/// The filter, or the database.
pub fn agreement(
    workspace: &Workspace,
    order: &AgreementOrder<'_>,
    now: Timestamp,
) -> Result<AgreementReport, SampleError> {
    let store = workspace.store();
    let asker = Asker { reviewer: workspace.reviewer(), now };
    let filter = Filter::parse(order.filter)?;
    let wanted: BTreeSet<ConversationId> =
        store.index(&filter, "", QueueOrder::Oldest, asker)?.ids.into_iter().collect();
    let mut units: Vec<Vec<Label>> = Vec::new();
    let covered = store.covered(workspace.reviewer())?;
    for id in store.log().labelled()?.into_iter().filter(|id| wanted.contains(id) && !covered.hides(id)) {
        let judged: Vec<Label> = store.labels(&id)?.into_iter().filter(|label| label.verdict.is_some()).collect();
        if judged.len() > 1 {
            units.push(judged);
        }
    }
    let mut report = report(&units);
    report.repeats = repeats(workspace, (&wanted, &covered))?;
    Ok(report)
}

fn place(verdict: Verdict) -> usize {
    match verdict {
        Verdict::Pass => 0,
        Verdict::Fail => 1,
        Verdict::Unsure => 2,
    }
}

fn report(units: &[Vec<Label>]) -> AgreementReport {
    let verdicts = |unit: &Vec<Label>| unit.iter().filter_map(|label| label.verdict.map(place)).collect::<Vec<usize>>();
    let drawn = |unit: &&Vec<Label>| {
        unit.iter().filter_map(|label| label.slot.as_ref()).any(|slot| slot.kind == SlotKind::Audit)
    };
    let severities: Vec<Vec<f64>> =
        units.iter().map(|unit| unit.iter().filter_map(|label| label.severity.map(f64::from)).collect()).collect();
    AgreementReport {
        schema_version: SCHEMA_VERSION,
        units: units.len() as u64,
        audited: units.iter().filter(drawn).count() as u64,
        least: LEAST_UNITS,
        verdict: together(&units.iter().map(verdicts).collect::<Vec<_>>(), VERDICTS),
        severity: krippendorff(&severities, Level::Ordinal, SEED),
        modes: modes(units),
        pairs: pairs(units),
        repeats: Vec::new(),
    }
}

fn together(units: &[Vec<usize>], categories: usize) -> Together {
    let enough = at_least(units.len() as u64, LEAST_UNITS, "conversations labelled by two");
    let (mut same, mut all) = (0, 0);
    for unit in units {
        for (at, a) in unit.iter().enumerate() {
            for b in &unit[at + 1..] {
                all += 1;
                same += u64::from(a == b);
            }
        }
    }
    let values: Vec<Vec<f64>> = units.iter().map(|unit| unit.iter().map(|one| *one as f64).collect()).collect();
    let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
    for unit in units {
        *sizes.entry(unit.len()).or_default() += 1;
    }
    let usual = sizes.into_iter().max_by_key(|(_, count)| *count).map_or(0, |(size, _)| size);
    let even: Vec<Vec<usize>> = units.iter().filter(|unit| unit.len() == usual).cloned().collect();
    Together {
        percent: enough.and_then(|()| Rate::of(same, all, None)),
        alpha: krippendorff(&values, Level::Nominal, SEED),
        fleiss: fleiss(&even, categories),
    }
}

fn modes(units: &[Vec<Label>]) -> Vec<ModeAgreement> {
    let names: BTreeSet<&String> = units.iter().flatten().flat_map(|label| &label.modes).collect();
    let mut modes: Vec<ModeAgreement> = names
        .into_iter()
        .map(|mode| {
            let given: Vec<Vec<usize>> = units
                .iter()
                .map(|unit| unit.iter().map(|label| usize::from(label.modes.contains(mode))).collect())
                .collect();
            ModeAgreement {
                mode: mode.clone(),
                conversations: given.iter().filter(|unit| unit.contains(&1)).count() as u64,
                by_all: given.iter().filter(|unit| !unit.contains(&0)).count() as u64,
                agreement: together(&given, 2),
            }
        })
        .collect();
    modes.sort_by_key(|mode| std::cmp::Reverse(mode.conversations));
    modes
}

fn pairs(units: &[Vec<Label>]) -> Vec<PairAgreement> {
    let mut found: BTreeMap<(&str, &str), Vec<(usize, usize)>> = BTreeMap::new();
    for unit in units {
        for (at, a) in unit.iter().enumerate() {
            for b in &unit[at + 1..] {
                // Labels of a conversation come by reviewer.
                if let (Some(first), Some(second)) = (a.verdict, b.verdict) {
                    found.entry((&a.reviewer, &b.reviewer)).or_default().push((place(first), place(second)));
                }
            }
        }
    }
    let mut pairs: Vec<PairAgreement> = found
        .into_iter()
        .map(|((a, b), said)| {
            let units = said.len() as u64;
            let enough = || at_least(units, LEAST_UNITS, "conversations judged by both");
            let same = said.iter().filter(|(a, b)| a == b).count() as u64;
            let sure = said.iter().filter(|(a, b)| *a < 2 && *b < 2);
            let table = Table::of(sure.map(|(a, b)| (*a == 1, *b == 1)));
            PairAgreement {
                reviewers: (a.to_owned(), b.to_owned()),
                units,
                percent: enough().and_then(|()| Rate::of(same, units, None)),
                kappa: enough().and_then(|()| cohen(&said, VERDICTS)),
                ac1: enough().and_then(|()| Agreement::of(table).ac1),
            }
        })
        .collect();
    pairs.sort_by_key(|pair| std::cmp::Reverse(pair.units));
    pairs
}

/// Verdicts of one person on a conversation that came up again, in another slot. What was only put right is no repeat.
fn repeats(
    workspace: &Workspace,
    (wanted, covered): (&BTreeSet<ConversationId>, &Covered),
) -> Result<Vec<Repeats>, SampleError> {
    let log = workspace.store().log();
    let mut events = log.all()?;
    events.sort_by(|a, b| a.order().cmp(&b.order()));
    let undone = undone_groups(&events.iter().collect::<Vec<_>>());
    let mut last: BTreeMap<(String, ConversationId), (Verdict, (String, u64))> = BTreeMap::new();
    let mut found: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for event in events.iter().filter(|event| !undone.contains(&event.group)) {
        let (EventBody::Verdict { verdict, slot: Some(slot), .. }, Some(target)) = (&event.body, &event.target) else {
            continue;
        };
        let id = log.resolve(&target.conversation)?;
        if !wanted.contains(&id) || !covered.shows(event, workspace.reviewer(), Some(&id)) {
            continue;
        }
        let came = (slot.queue.clone(), slot.position);
        let before = last.insert((event.reviewer.clone(), id), (*verdict, came.clone()));
        if let Some((before, _)) = before.filter(|(_, slot)| *slot != came) {
            let counts = found.entry(event.reviewer.clone()).or_default();
            *counts = (counts.0 + 1, counts.1 + u64::from(before == *verdict));
        }
    }
    Ok(found
        .into_iter()
        .map(|(reviewer, (repeats, same))| Repeats { reviewer, repeats, same: Rate::of_segment(same, repeats, None) })
        .collect())
}
