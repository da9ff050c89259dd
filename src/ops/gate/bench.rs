//! What a run is judged by apart from its case: the workspace's policies, and evaluators where they were asked for.
//!
//! Invariant: both can object and nothing else; a run that nobody objects to has answered no question of its case.

use std::collections::{BTreeMap, BTreeSet};

use super::super::evaluate::names::instead;
use super::super::evaluate::{EvaluateError, Tally, built_in, limits, named, policies, scale, scales};
use super::super::workspace::Workspace;
use super::By;
use crate::config::scales::{Meaning, Scales};
use crate::evaluate::{Judge, Limits};
use crate::model::conversation::Conversation;
use crate::model::score::{Score, ScoreTarget};

/// Policies and evaluators, with the limits of every intent.
pub struct Bench {
    judge: Judge,
    names: Vec<String>,
    evaluators: Vec<String>,
    scales: Scales,
    /// Names that `limits.toml` says a passing value for, each with what there is instead, as far as nobody is known by them.
    strangers: Vec<(String, String)>,
}

/// What is held against a run.
pub struct Objection {
    /// In words.
    pub why: String,
    /// The step it points at first.
    pub step: Option<u32>,
    /// Who objects.
    pub by: By,
}

impl Bench {
    /// With the workspace's policies and limits, and these evaluators.
    ///
    /// # Errors
    /// A name that no evaluator has, or a file of the workspace that cannot be read.
    pub fn prepare(workspace: &Workspace, evaluators: &[String]) -> Result<Self, EvaluateError> {
        let policies = policies(workspace)?;
        let (all, by_intent) = limits(workspace)?;
        let mut chosen: Vec<String> = Vec::new();
        let known: Vec<String> = built_in().map(|about| about.name.to_owned()).collect();
        for name in evaluators {
            chosen.push(named(name, &known)?.clone());
        }
        let rules = policies.iter().flat_map(|policy| policy.rules.iter().map(|rule| policy.name_of(rule)));
        let names: Vec<String> = rules.chain(chosen.iter().cloned()).collect();
        let limited: BTreeSet<&String> =
            by_intent.values().chain([&all]).flat_map(|limits| limits.pass.keys()).collect();
        let stored: Vec<String> = workspace.store().evaluators()?.into_values().map(|one| one.name).collect();
        let known: Vec<String> = known.into_iter().chain(stored).collect();
        let strangers = limited.into_iter().filter(|name| !known.contains(name) && !names.contains(name));
        let strangers = strangers.map(|name| (name.clone(), instead(name, &known))).collect();
        let judge = Judge::new(all, policies).by_intent(by_intent).only(names.clone());
        Ok(Self { judge, names, evaluators: chosen, scales: scales(workspace)?, strangers })
    }

    /// What to say of names in `limits.toml` that are nobody's, also not of those who were heard.
    pub fn strangers(&self, heard: &BTreeSet<&String>) -> Vec<String> {
        let told = self.strangers.iter().filter(|(name, _)| !heard.contains(name));
        told.map(|(name, near)| format!("limits.toml says when {name} passes, and no evaluator has that name{near}"))
            .collect()
    }

    /// The first objection to a run; where the run names no intent, that of its case decides which limits hold.
    pub fn look(
        &self,
        run: &Conversation,
        intent: Option<&str>,
        tallies: &mut BTreeMap<String, Tally>,
    ) -> Option<Objection> {
        if self.names.is_empty() {
            return None;
        }
        let mut with_intent = None;
        if let (None, Some(intent)) = (&run.segments.intent, intent) {
            let mut run = run.clone();
            run.segments.intent = Some(intent.into());
            with_intent = Some(run);
        }
        let run = with_intent.as_ref().unwrap_or(run);
        let scores = self.judge.evaluate(run).scores;
        let whole = scores.iter().filter(|score| score.target == ScoreTarget::Conversation);
        let mut objection = None;
        for score in whole {
            let name = score.evaluator.exact();
            let chosen = self.evaluators.iter().any(|one| one == name);
            if chosen {
                tallies.entry(name.to_owned()).or_default().count(score);
            }
            if score.passed == Some(false) && objection.is_none() && self.names.iter().any(|one| one == name) {
                let (why, by) = if chosen {
                    (format!("{name} objects"), By::Evaluator)
                } else {
                    (format!("breaks {name}"), By::Policy)
                };
                objection = Some(Objection { why, step: step_of(run, score), by });
            }
        }
        objection
    }

    /// Whether a score of a judge outside passes: by its own word, the value set for it, or what its label means.
    pub fn passes(&self, score: &Score, intent: Option<&str>) -> Option<bool> {
        let name = score.evaluator.exact();
        let limits: &Limits = self.judge.limits(intent);
        let label = || match self.scales.meaning(name, score.label.as_ref()?.exact())? {
            Meaning::Good => Some(true),
            Meaning::Bad => Some(false),
            Meaning::Neutral => None,
        };
        limits.passes(score, scale(&self.scales, name).direction).or_else(label)
    }
}

/// The step a score is about, or the first it points at.
pub fn step_of(run: &Conversation, score: &Score) -> Option<u32> {
    let target = match &score.target {
        ScoreTarget::Span(span) => Some(span),
        ScoreTarget::Trace { .. } | ScoreTarget::Conversation => None,
    };
    let mut spans = target.into_iter().chain(&score.evidence);
    spans.find_map(|span| run.steps.iter().find(|step| step.has_span(&span.span_id))).map(|step| step.number)
}
