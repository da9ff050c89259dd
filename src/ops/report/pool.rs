//! What a report is drawn from: conversations, the labels that are settled, and which of them were drawn by lot.
//!
//! Invariant: a rate sees conversations that an audit drew and nothing else; what was found by looking is counted, and
//! never divided by what was looked at.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::super::sample::{Member, SampleError, SampleOrder, sample};
use super::super::workspace::Workspace;
use super::period::Window;
use super::{ReportError, ReportOrder};
use crate::dataset::item::{self, Unsettled, settle};
use crate::model::codebook::Codebook;
use crate::model::filter::Filter;
use crate::model::id::ConversationId;
use crate::model::label::{Label, Verdict};
use crate::model::queue::{QueueOrder, SlotKind};
use crate::model::time::Timestamp;
use crate::stats::corrected::{Reach, Stratum, rate_of_strata, strata_of};
use crate::stats::guard::{Guarded, at_least};
use crate::stats::rate::{LEAST_IN_SEGMENT, Rate};
use crate::store::{Asker, Contact, Judged};

/// What people agree on of one conversation.
#[derive(Debug, Clone)]
pub(super) struct Settled {
    /// On what.
    pub verdict: Verdict,
    /// Whose labels.
    pub labels: Vec<Label>,
}

impl Settled {
    pub fn failed(&self) -> bool {
        self.verdict == Verdict::Fail
    }

    /// The keys of all failure modes, each once.
    pub fn modes(&self) -> Vec<&str> {
        item::modes(&self.labels)
    }

    /// The gravest severity anyone gave.
    pub fn severity(&self) -> Option<u8> {
        item::severity(&self.labels)
    }
}

/// Everything a report looks at.
pub(super) struct Pool {
    /// Conversations that match, of all times, by key.
    pub contacts: Vec<Contact>,
    /// Settled labels of any of them.
    pub settled: HashMap<ConversationId, Settled>,
    /// Conversations on which verdicts differ.
    pub disputed: HashSet<ConversationId>,
    /// Conversations with a draft only.
    pub drafts: HashSet<ConversationId>,
    /// The codebook.
    pub codebook: Codebook,
    /// Standing verdicts in the order of the log.
    judged: Vec<Judged>,
    /// By queue, the conversations that could be drawn, and what people found where they were.
    audits: BTreeMap<String, HashMap<ConversationId, Draw>>,
    /// By queue, its filter where that chooses by what conversations hold, so that its audit is of those only.
    queues: BTreeMap<String, Option<String>>,
}

/// A conversation that an audit could draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Draw {
    /// The number of the import by which it was drawn.
    pub stratum: Option<usize>,
    /// What people found, where it was drawn and judged.
    pub failed: Option<bool>,
    /// True where those drawn are a sample of what is to come, and not of a pool of known size.
    pub endless: bool,
}

impl Pool {
    pub fn gather(workspace: &mut Workspace, order: &ReportOrder<'_>, now: Timestamp) -> Result<Self, ReportError> {
        let filter = Filter::parse(order.filter)?;
        let store = workspace.store();
        let mut contacts = store.contacts()?;
        if filter.is_empty() {
            // Runs of the gate are no contacts with customers; a filter may ask for them.
            let runs = store.gate_run_ids()?;
            contacts.retain(|contact| !runs.contains(&contact.id));
        } else {
            let asker = Asker { reviewer: workspace.reviewer(), now };
            let ids: HashSet<ConversationId> =
                store.index(&filter, "", QueueOrder::Oldest, asker)?.ids.into_iter().collect();
            contacts.retain(|contact| ids.contains(&contact.id));
        }
        let (mut settled, mut disputed, mut drafts) = (HashMap::new(), HashSet::new(), HashSet::new());
        let mut labels = store.all_labels()?;
        let covered = store.covered(workspace.reviewer())?;
        // What has not all its reviews is not settled, and what is hidden from the asker is told by no figure.
        for contact in contacts.iter().filter(|contact| !covered.waits(&contact.id)) {
            let Some(labels) = labels.remove(&contact.id) else { continue };
            match settle(&labels, &contact.transcript_hash) {
                Ok((verdict, labels)) => drop(settled.insert(contact.id.clone(), Settled { verdict, labels })),
                Err(Unsettled::Disputed) => drop(disputed.insert(contact.id.clone())),
                Err(Unsettled::Draft) => drop(drafts.insert(contact.id.clone())),
                Err(_) => {}
            }
        }
        let (codebook, mut judged) = (store.codebook()?, store.judgements_in_order()?.0);
        judged.retain(|one| !covered.hides(&one.conversation));
        let chosen = |filter: &str| Filter::parse(filter).map_or(true, |filter| filter.chooses_content());
        let queues = store.queues()?.into_iter().map(|stored| stored.spec);
        let queues = queues.map(|spec| (spec.name, Some(spec.filter).filter(|filter| chosen(filter)))).collect();
        Ok(Self { contacts, settled, disputed, drafts, codebook, judged, audits: BTreeMap::new(), queues })
    }

    /// The conversations that began within, or that a session judged.
    pub fn within(&self, window: &Window) -> Vec<&Contact> {
        if let Some(sitting) = &window.only {
            let ids: HashSet<&ConversationId> = sitting.ids.iter().collect();
            return self.contacts.iter().filter(|contact| ids.contains(&contact.id)).collect();
        }
        let (from, until) = window.range();
        let inside = |contact: &&Contact| contact.stands_at().is_some_and(|at| from <= at && at < until);
        self.contacts.iter().filter(inside).collect()
    }

    /// The settled failures among them.
    pub fn failures<'p>(&'p self, contacts: &[&'p Contact]) -> Vec<(&'p Contact, &'p Settled)> {
        let found = |contact: &&'p Contact| Some((*contact, self.settled.get(&contact.id)?));
        contacts.iter().filter_map(found).filter(|(_, settled)| settled.failed()).collect()
    }

    /// Conversations that people judged before a clock of the log, in the order in which they did so first.
    pub fn in_order(&self, until: u64) -> Vec<&ConversationId> {
        let mut seen = HashSet::new();
        let judged = self.judged.iter().filter(|one| one.verdict.is_some() && one.lamport < until);
        let judged = judged.map(|one| &one.conversation);
        judged.filter(|id| seen.insert(*id)).collect()
    }

    /// The audit that tells most of these conversations: the queue that was asked for, else the one with most labels.
    pub fn audit(
        &mut self,
        workspace: &mut Workspace,
        (window, queue): (&Window, Option<&str>),
        now: Timestamp,
    ) -> Result<Audit, ReportError> {
        let name = match queue {
            Some(name) => Some(name.to_owned()),
            None => self.most_audited(window),
        };
        let Some(name) = name else { return Ok(Audit::default()) };
        if !self.audits.contains_key(&name) {
            let order = SampleOrder { queue: Some(&name), ..SampleOrder::default() };
            let draw = |member: Member| {
                (member.of.id, Draw { stratum: member.stratum, failed: member.failed, endless: false })
            };
            let known = match sample(workspace, &order, now) {
                Ok(sample) => sample.members.into_iter().map(draw).collect(),
                Err(SampleError::NoAudit { .. } | SampleError::NoneMatches(..)) => HashMap::new(),
                Err(error) => return Err(error.into()),
            };
            self.audits.insert(name.clone(), known);
        }
        let known = &self.audits[&name];
        let contacts = self.within(window);
        let drawn = contacts.iter().filter_map(|contact| Some((contact.id.clone(), *known.get(&contact.id)?)));
        let drawn = match window.only {
            None => drawn.collect(),
            // A session also judged what was picked: no pool, of which those drawn would be a part of known size.
            Some(_) => drawn
                .filter(|(_, draw)| draw.failed.is_some())
                .map(|(id, draw)| (id, Draw { endless: true, ..draw }))
                .collect(),
        };
        Ok(Audit { chosen: self.queues.get(&name).cloned().flatten(), queue: Some(name), drawn })
    }

    fn most_audited(&self, window: &Window) -> Option<String> {
        let inside: HashSet<&ConversationId> = self.within(window).into_iter().map(|contact| &contact.id).collect();
        self.most_audited_of(&|id| inside.contains(id))
    }

    /// The queue with most audit labels of these conversations, of those that draw from all: what a queue of some intent
    /// drew says nothing of the others, and two weeks of which each has its own are still of the same kind.
    pub fn most_audited_of(&self, among: &dyn Fn(&ConversationId) -> bool) -> Option<String> {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for one in self.judged.iter().filter(|one| one.verdict.is_some() && among(&one.conversation)) {
            for slot in one.slots.iter().filter(|slot| slot.kind == SlotKind::Audit) {
                if self.queues.get(&slot.queue) == Some(&None) {
                    *counts.entry(&slot.queue).or_default() += 1;
                }
            }
        }
        let most = counts.into_iter().max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.cmp(a.0)));
        most.map(|(name, _)| name.to_owned())
    }

    /// Standing verdicts.
    pub fn labels(&self) -> u64 {
        self.judged.iter().filter(|one| one.verdict.is_some()).count() as u64
    }
}

/// What was drawn by lot of some conversations.
#[derive(Debug, Clone, Default)]
pub(super) struct Audit {
    /// Where from; `None` where nothing was.
    pub queue: Option<String>,
    /// The filter of that queue, where it is not of all conversations.
    pub chosen: Option<String>,
    /// Conversations that could be drawn, and what people found where they were.
    pub drawn: HashMap<ConversationId, Draw>,
}

impl Audit {
    /// Those that were drawn and judged, with what was found.
    pub fn judged(&self) -> impl Iterator<Item = (&ConversationId, bool)> {
        self.drawn.iter().filter_map(|(id, draw)| Some((id, draw.failed?)))
    }

    /// How many were judged.
    pub fn labels(&self) -> u64 {
        self.judged().count() as u64
    }

    /// The share of conversations of which this holds, from those that were judged, imports by their sizes.
    pub fn rate(&self, holds: impl Fn(&ConversationId, bool) -> bool) -> Guarded<Rate> {
        let (strata, reach) =
            strata(self.drawn.iter().map(|(id, draw)| (*draw, draw.failed.map(|failed| holds(id, failed)))));
        rate_of_strata(&strata, reach)
    }

    /// The same as a sample of what such days bring: with an interval that is as wide however many of them were judged.
    pub fn rate_to_come(&self, holds: impl Fn(&ConversationId, bool) -> bool) -> Guarded<Rate> {
        let counts = |(id, draw): (&ConversationId, &Draw)| (*draw, draw.failed.map(|failed| holds(id, failed)));
        rate_of_strata(&strata(self.drawn.iter().map(counts)).0, Reach::ToCome)
    }

    /// How many of these fail, from those that were judged.
    pub fn failures_of(&self, contacts: &[&Contact]) -> Guarded<Rate> {
        let drawn = contacts.iter().filter_map(|contact| self.drawn.get(&contact.id));
        let (strata, reach) = strata(drawn.map(|draw| (*draw, draw.failed)));
        at_least(strata.iter().map(|one| one.labelled).sum(), LEAST_IN_SEGMENT, "audit labels")?;
        rate_of_strata(&strata, reach)
    }
}

/// Draws with what was found, by import.
pub(super) fn strata(draws: impl Iterator<Item = (Draw, Option<bool>)>) -> (Vec<Stratum>, Reach) {
    let mut endless = false;
    let counted = draws.map(|(draw, found)| {
        endless |= draw.endless;
        (draw.stratum, found)
    });
    let strata = strata_of(counted);
    (strata, if endless { Reach::ToCome } else { Reach::Pool })
}
