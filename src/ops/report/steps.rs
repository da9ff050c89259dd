//! What happened at the steps that people pointed at: which tool was called in place of which, and from where to where it
//! went wrong.
//!
//! Invariant: only transcripts of settled failures and of corrected conversations are opened; of what stands in them, names
//! of tools and agents leave here and nothing else.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::super::workspace::Workspace;
use super::pool::{Pool, Settled};
use crate::model::conversation::Conversation;
use crate::model::correction::{Correction, CorrectionKind};
use crate::model::id::ConversationId;
use crate::model::step::Step;
use crate::store::{Contact, StoreError};

/// Rows and columns of a matrix; the others are summed up as `other`.
const MOST: usize = 12;

/// A table of counts.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Matrix {
    /// What the rows are.
    pub rows: Vec<String>,
    /// What the columns are.
    pub columns: Vec<String>,
    /// By row, then column.
    pub counts: Vec<Vec<u64>>,
    /// Their sum.
    pub n: u64,
    /// By row: a filter that lists the conversations behind it.
    pub filters: Vec<String>,
}

/// A conversation that was opened, as far as it matters here.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// By step from 1: the agent's name, and the tool it called there; a message has none.
    steps: Vec<(Option<String>, Option<String>, bool)>,
}

impl Seen {
    fn of(conversation: &Conversation) -> Self {
        let step = |step: &Step| {
            let text = |text: &crate::text::Untrusted| text.exact().to_owned();
            (step.agent.as_ref().map(text), step.tool().map(text), step.is_customers())
        };
        Self { steps: conversation.steps.iter().map(step).collect() }
    }

    fn step(&self, number: u32) -> Option<&(Option<String>, Option<String>, bool)> {
        self.steps.get((number as usize).checked_sub(1)?)
    }

    /// What was done at a step: the tool's name, else `answer`.
    pub fn what(&self, number: u32) -> Option<String> {
        let (_, tool, customers) = self.step(number)?;
        Some(match tool {
            Some(tool) => tool.clone(),
            None if *customers => "customer".to_owned(),
            None => "answer".to_owned(),
        })
    }

    /// The same with the agent, where several took part.
    fn place(&self, number: u32) -> Option<String> {
        let (agent, ..) = self.step(number)?;
        let what = self.what(number)?;
        let several = self.steps.iter().filter_map(|(agent, ..)| agent.as_ref()).any(|one| Some(one) != agent.as_ref());
        Some(match agent {
            Some(agent) if several => format!("{agent}: {what}"),
            _ => what,
        })
    }

    /// The step of the agent before one.
    fn before(&self, number: u32) -> Option<u32> {
        (1..number).rev().find(|at| self.step(*at).is_some_and(|(.., customers)| !customers))
    }
}

/// The conversations that were opened.
#[derive(Debug, Default)]
pub(super) struct Opened(HashMap<ConversationId, Seen>);

impl Opened {
    /// Opens those of these conversations that failed, or have a correction.
    pub fn of_pool(workspace: &Workspace, (pool, contacts): (&Pool, &[&Contact])) -> Result<Self, StoreError> {
        let mut opened = HashMap::new();
        for contact in contacts {
            let Some(settled) = pool.settled.get(&contact.id) else { continue };
            if !settled.failed() && settled.labels.iter().all(|label| label.corrections.is_empty()) {
                continue;
            }
            if let Some(conversation) = workspace.store().conversation(&contact.id)? {
                opened.insert(contact.id.clone(), Seen::of(&conversation));
            }
        }
        Ok(Self(opened))
    }

    pub fn of(&self, id: &ConversationId) -> Option<&Seen> {
        self.0.get(id)
    }

    /// Which tool was called, and which would have been right.
    pub fn corrections(&self, pool: &Pool, contacts: &[&Contact]) -> Matrix {
        let mut pairs = Vec::new();
        for (id, seen, settled) in self.each(pool, contacts) {
            let mut told: BTreeMap<u32, &Correction> = BTreeMap::new();
            for placed in settled.labels.iter().flat_map(|label| &label.corrections) {
                // Of several reviewers the first by name speaks for a step.
                told.entry(placed.at.step).or_insert(&placed.correction);
            }
            for (step, correction) in told {
                pairs.extend(seen.what(step).map(|called| (called, right(correction), id.clone())));
            }
        }
        matrix(&pairs)
    }

    /// What still was right, and what was first wrong.
    pub fn transitions(&self, pool: &Pool, contacts: &[&Contact]) -> Matrix {
        let mut pairs = Vec::new();
        for (id, seen, settled) in self.each(pool, contacts).filter(|(.., settled)| settled.failed()) {
            let first = settled.labels.iter().filter_map(|label| label.first_failure.as_ref()).min_by_key(|at| at.step);
            let Some(bad) = first.and_then(|at| Some((at.step, seen.place(at.step)?))) else { continue };
            let good = seen.before(bad.0).and_then(|at| seen.place(at)).unwrap_or_else(|| "start".to_owned());
            pairs.push((good, bad.1, id.clone()));
        }
        matrix(&pairs)
    }

    fn each<'p>(
        &'p self,
        pool: &'p Pool,
        contacts: &'p [&'p Contact],
    ) -> impl Iterator<Item = (&'p ConversationId, &'p Seen, &'p Settled)> {
        contacts.iter().filter_map(|contact| Some((&contact.id, self.of(&contact.id)?, pool.settled.get(&contact.id)?)))
    }
}

/// What would have been right, in words.
fn right(correction: &Correction) -> String {
    match correction.kind {
        CorrectionKind::Tool => correction.tool.clone().unwrap_or_else(|| "another call".to_owned()),
        CorrectionKind::NoCall => "no call".to_owned(),
        CorrectionKind::AskCustomer => "ask the customer".to_owned(),
        CorrectionKind::HandOff => "hand off".to_owned(),
        CorrectionKind::Reply => "another answer".to_owned(),
    }
}

/// Counts pairs; the most frequent rows and columns first.
fn matrix(pairs: &[(String, String, ConversationId)]) -> Matrix {
    let names = |of: &dyn Fn(&(String, String, ConversationId)) -> &String| {
        let mut counts: BTreeMap<&String, u64> = BTreeMap::new();
        for pair in pairs {
            *counts.entry(of(pair)).or_default() += 1;
        }
        let mut names: Vec<(&String, u64)> = counts.into_iter().collect();
        names.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        let more = names.len() > MOST;
        let mut names: Vec<String> = names.into_iter().take(MOST).map(|(name, _)| name.clone()).collect();
        if more {
            names.push("other".to_owned());
        }
        names
    };
    let (rows, columns) = (names(&|pair| &pair.0), names(&|pair| &pair.1));
    let place = |names: &[String], name: &String| {
        names.iter().position(|one| one == name).unwrap_or(names.len().saturating_sub(1))
    };
    let mut counts = vec![vec![0; columns.len()]; rows.len()];
    let mut ids: Vec<Vec<&str>> = vec![Vec::new(); rows.len()];
    for (row, column, id) in pairs {
        let at = place(&rows, row);
        counts[at][place(&columns, column)] += 1;
        if !ids[at].contains(&id.as_str()) {
            ids[at].push(id.as_str());
        }
    }
    let filters = ids.into_iter().map(|ids| format!("id:{}", ids.join(","))).collect();
    Matrix { rows, columns, counts, n: pairs.len() as u64, filters }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_summed_up_and_nothing_is_lost() {
        let id = |n: usize| ConversationId::derive("shop", &n.to_string());
        let pairs: Vec<_> =
            (0..30).map(|n| (format!("tool-{:02}", n % 15), format!("right-{}", n % 2), id(n))).collect();
        let found = matrix(&pairs);
        assert_eq!((found.rows.len(), found.rows.last().map(String::as_str)), (MOST + 1, Some("other")));
        assert_eq!(found.counts.iter().flatten().sum::<u64>(), 30);
        assert_eq!((found.n, found.counts.last().unwrap().iter().sum::<u64>()), (30, 6));
    }
}
