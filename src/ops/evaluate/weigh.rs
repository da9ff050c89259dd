//! P(fail) from stored numbers: by fixed weights until people have judged enough, then by weights learnt from verdicts.
//!
//! Invariant: all conversations are weighed by the same weights; when these change, everything stored is weighed again in
//! the same run. No transcript is read for it.

use std::collections::HashMap;

use serde::Serialize;

use super::{EvaluateError, rank};
use crate::evaluate::features::Features;
use crate::evaluate::learn::{self, Example, Kept, Learnt};
use crate::evaluate::suspicion;
use crate::ops::workspace::Workspace;
use crate::store::{Lesson, Store, StoreError};

/// Numbers weighed between two writes.
const WEIGHED: u32 = 2_000;

/// Labels that are learnt from, at most.
const MOST_LEARNT: u32 = 20_000;

/// Labels more or fewer than were learnt from, before a run that only judges learns anew.
const RELEARN: usize = 25;

/// What came of weighing stored numbers again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct RescoreReport {
    /// 1.
    pub schema_version: u32,
    /// Conversations whose numbers were weighed.
    pub conversations: u64,
    /// Of them, those with another probability or other reasons than before.
    pub changed: u64,
    /// How many labels the weights were learnt from; 0 where they are the fixed ones.
    pub labels: usize,
    /// How long it took; the caller, who has a clock, sets it.
    pub seconds: f64,
}

/// What P(fail) is weighed by.
pub(super) enum Weights {
    /// The weights of the program.
    Fixed,
    /// Weights learnt from so many labels.
    Learnt(Box<Learnt>, usize),
}

impl Weights {
    /// Those in force: what was kept, as long as it can be used.
    pub(super) fn in_force(store: &Store) -> Result<Self, StoreError> {
        let kept: Option<Kept> = store.learnt()?.and_then(|text| serde_json::from_str(&text).ok());
        let learnt = kept.and_then(|kept| Some((Learnt::from_kept(&kept)?, kept.labels)));
        Ok(learnt.map_or(Self::Fixed, |(learnt, labels)| Self::Learnt(Box::new(learnt), labels)))
    }

    /// How likely a conversation with these numbers failed, and why in words; what is learnt says from how many labels.
    pub(super) fn weigh(&self, features: &Features) -> (Option<f64>, Vec<String>) {
        let (suspicion, labels) = match self {
            Self::Fixed => (suspicion::prior(features), 0),
            Self::Learnt(learnt, labels) => (learnt.suspicion(features), *labels),
        };
        let mut words: Vec<String> = suspicion.reasons.iter().map(ToString::to_string).collect();
        if labels > 0 && suspicion.p_fail.is_some() {
            words.push(format!("learnt from {labels} labels"));
        }
        (suspicion.p_fail, words)
    }

    fn labels(&self) -> usize {
        match self {
            Self::Fixed => 0,
            Self::Learnt(_, labels) => *labels,
        }
    }
}

/// Weighs the stored numbers of all evaluated conversations again, by what the labels of now teach; no transcript is read.
///
/// # Errors
/// The database, or a table of scales that cannot be read.
pub fn rescore(workspace: &mut Workspace) -> Result<RescoreReport, EvaluateError> {
    if workspace.read_only().is_some() {
        return Err(StoreError::ReadOnly { path: workspace.store().path().to_owned() }.into());
    }
    let lessons = lessons(workspace)?;
    let weights = learn(workspace, &lessons)?;
    let report = weigh_all(workspace, &weights)?;
    if report.changed > 0 {
        rank(workspace)?;
    }
    Ok(report)
}

/// Learns anew where the labels are many more or fewer than those learnt from, and weighs everything again then. Tells how
/// many labels the weights rest on.
pub(super) fn follow(workspace: &mut Workspace) -> Result<usize, EvaluateError> {
    let before = Weights::in_force(workspace.store())?.labels();
    let lessons = lessons(workspace)?;
    if lessons.len().abs_diff(before) < RELEARN {
        return Ok(before);
    }
    let weights = learn(workspace, &lessons)?;
    if before > 0 || weights.labels() > 0 {
        weigh_all(workspace, &weights)?;
    }
    Ok(weights.labels())
}

/// What people agree on; what others said of a conversation that the reviewer has yet to judge teaches nothing before.
fn lessons(workspace: &Workspace) -> Result<Vec<Lesson>, StoreError> {
    let covered = workspace.store().covered(workspace.reviewer())?;
    let mut lessons = workspace.store().lessons(MOST_LEARNT)?;
    lessons.retain(|lesson| !covered.hides(&lesson.id));
    Ok(lessons)
}

/// The lessons that teach anything, each with its numbers.
fn taught(lessons: &[Lesson]) -> Vec<(&Lesson, Features)> {
    let numbers = |lesson: &Lesson| Features::from_stored(&lesson.features);
    let known = lessons.iter().filter_map(|lesson| Some((lesson, numbers(lesson)?)));
    // Of a conversation in which nothing happened nothing can be learnt.
    known.filter(|(_, features)| suspicion::prior(features).p_fail.is_some()).collect()
}

fn examples<'a>(taught: &'a [(&'a Lesson, Features)]) -> Vec<Example<'a>> {
    let example =
        |(lesson, features): &'a (&Lesson, Features)| Example { features, failed: lesson.failed, group: &lesson.group };
    taught.iter().map(example).collect()
}

/// P(fail) of each labelled conversation, by its key, as the labels of other tasks teach it: what it is to be measured by on
/// labels that taught it. `None` where the fixed weights are in force, which no label taught.
///
/// # Errors
/// The database cannot be read.
pub fn held_out(workspace: &Workspace) -> Result<Option<HashMap<i64, f64>>, StoreError> {
    if let Weights::Fixed = Weights::in_force(workspace.store())? {
        return Ok(None);
    }
    let lessons = lessons(workspace)?;
    let taught = taught(&lessons);
    let logits = learn::held_out(&examples(&taught), 0);
    Ok(Some(taught.iter().zip(logits).map(|((lesson, _), logit)| (lesson.key, learn::chance(logit))).collect()))
}

/// What labels teach, kept from now on; the fixed weights where they are too few.
fn learn(workspace: &mut Workspace, lessons: &[Lesson]) -> Result<Weights, EvaluateError> {
    let taught = taught(lessons);
    let Some(learnt) = Learnt::of_enough(&examples(&taught)) else {
        if workspace.store().learnt()?.is_some() {
            workspace.store_mut().set_learnt(None)?;
        }
        return Ok(Weights::Fixed);
    };
    let kept = serde_json::to_string(&learnt.keep(lessons.len())).map_err(StoreError::from)?;
    workspace.store_mut().set_learnt(Some(&kept))?;
    Ok(Weights::Learnt(Box::new(learnt), lessons.len()))
}

fn weigh_all(workspace: &mut Workspace, weights: &Weights) -> Result<RescoreReport, EvaluateError> {
    let mut report = RescoreReport { schema_version: 1, labels: weights.labels(), ..RescoreReport::default() };
    let mut after = i64::MIN;
    loop {
        let stored = workspace.store().weighed(after, WEIGHED)?;
        let Some(last) = stored.last() else { break };
        after = last.key;
        report.conversations += stored.len() as u64;
        let mut changed = Vec::new();
        for mut one in stored {
            // Numbers of an unknown kind stay as they are; the next run replaces them.
            let Some(features) = Features::from_stored(&one.features) else { continue };
            let (p_fail, words) = weights.weigh(&features);
            let reasons = serde_json::to_string(&words).map_err(StoreError::from)?;
            if one.p_fail != p_fail || one.reasons != reasons {
                (one.p_fail, one.reasons) = (p_fail, reasons);
                changed.push(one);
            }
        }
        report.changed += changed.len() as u64;
        workspace.store_mut().weigh_again(&changed)?;
    }
    Ok(report)
}
