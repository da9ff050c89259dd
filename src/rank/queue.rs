//! A queue: what people did in it, replayed, and what comes next.
//!
//! Invariant: a queue is its plan and the events it heard, in their order; the same ones give the same order, bit for bit.
//! How far it is follows from the labels it heard; no counter is kept that could say otherwise.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::audit::{Audit, AuditShare, Batch};
use super::matrix::Matrix;
use super::ranker::{Lesson, Prior, Ranker, Weights};
use super::strategy::Strategy;
use crate::model::score::Reason;

/// What is known of a conversation apart from the numbers the ranker learns from.
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// The lowest confidence that its agent or an evaluator recorded, 0 to 1.
    pub confidence: Option<f64>,
    /// Evaluators that pass it.
    pub passes: u16,
    /// Evaluators that fail it.
    pub fails: u16,
    /// How far its changes are from the expected ones: 0 the same, 1 nothing in common.
    pub mismatch: Option<f64>,
    /// How content the customer said to be, 0 to 1.
    pub satisfaction: Option<f64>,
    /// Contacts about the same matter afterwards.
    pub repeats: u32,
    /// How often a person or a rule flagged it.
    pub flags: u32,
    /// Its place in a list somebody made.
    pub place: Option<u32>,
    /// True where it changed since it was labelled.
    pub stale: bool,
    /// True where last week's session left it open.
    pub unresolved: bool,
    /// True where an audit slot led to its label, in whichever queue.
    pub audited: bool,
}

/// What a queue is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// How it is ordered.
    pub strategy: Strategy,
    /// What everything random in it is drawn from.
    pub seed: u64,
    /// Which share of slots goes to the audit list.
    pub audit: AuditShare,
    /// How many reviewers each conversation needs; 0 counts as 1.
    pub per_item: u32,
    /// Conversations that come first, whatever the strategy.
    pub pinned: Vec<usize>,
    /// Which conversations came in together; none for all at once.
    pub batches: Vec<Batch>,
}

/// Whether a label was given through the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Through this queue: it takes a slot.
    Queue,
    /// Anywhere else since the queue was made: it takes no slot, but is one of the reviews that a conversation needs.
    Beside,
    /// Before the queue was made: it teaches all the same.
    Elsewhere,
}

/// What a person did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Judged a conversation; a later verdict of the same person replaces the earlier one.
    Verdict {
        /// The conversation.
        row: usize,
        /// Who: any number that is the same for the same person.
        by: u32,
        /// `None` where it cannot be told.
        failed: Option<bool>,
        /// 1 to 4, where given.
        severity: Option<u8>,
        /// Where.
        origin: Origin,
    },
    /// Took the verdict back.
    Undone {
        /// The conversation.
        row: usize,
        /// Who.
        by: u32,
    },
    /// Put it off; for this person it comes last.
    Skipped {
        /// The conversation.
        row: usize,
        /// Who.
        by: u32,
    },
}

/// Why a conversation is where it is; stored with its label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SlotKind {
    /// It is on the audit list, and its turn came.
    Audit,
    /// The strategy put it there.
    Ranked,
    /// A rule put it there.
    Pinned,
    /// Another reviewer judged it and it needs one more.
    Again,
}

impl SlotKind {
    /// What it is stored as.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Audit => "audit",
            Self::Ranked => "ranked",
            Self::Pinned => "pinned",
            Self::Again => "again",
        }
    }
}

/// A place in the queue, with what is stored along with the label.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slot {
    /// The conversation.
    pub row: usize,
    /// Why it is here.
    pub kind: SlotKind,
    /// Which slot of the queue it is, from 1.
    pub position: u64,
    /// P(fail) now, before the label.
    pub p: f64,
    /// How likely it was that this conversation and no other was drawn here, given all before: 1 over what was left of
    /// its audit list, or 1 where nothing was drawn.
    pub q: f64,
}

/// How an import stands in the audit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditTally {
    /// The import.
    pub batch: String,
    /// How many conversations it has.
    pub size: u64,
    /// To how many of them audit slots came.
    pub reached: u64,
    /// How many of these have a verdict that can be told; this is the sample.
    pub judged: u64,
    /// How many of those failed.
    pub failed: u64,
}

/// A label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) by: u32,
    pub(super) failed: Option<bool>,
    pub(super) severity: Option<u8>,
    pub(super) origin: Origin,
    /// Which event said it.
    pub(super) at: u64,
}

/// The queue.
#[derive(Debug, Clone)]
pub struct Queue {
    pub(super) matrix: Arc<Matrix>,
    pub(super) facts: Arc<[Facts]>,
    pub(super) plan: Plan,
    pub(super) audit: Audit,
    pub(super) ranker: Ranker,
    /// Labels by conversation, in the order they were given.
    pub(super) said: BTreeMap<usize, Vec<Said>>,
    pub(super) skipped: BTreeSet<(u32, usize)>,
    /// Per conversation, whether anybody judged it.
    pub(super) judged: Vec<bool>,
    /// By intent, its place in turn, for the stratified order.
    pub(super) turns: Vec<(u32, u32)>,
    heard: u64,
}

impl Queue {
    /// A queue in which nothing happened yet. `facts` has one entry per row of the matrix; missing ones know nothing.
    pub fn new(matrix: Arc<Matrix>, facts: Arc<[Facts]>, mut plan: Plan, prior: &Prior) -> Self {
        if plan.batches.is_empty() {
            plan.batches = vec![Batch { name: String::new(), rows: (0..matrix.rows()).collect(), since: 0 }];
        }
        match plan.strategy {
            // What is random throughout is an audit throughout.
            Strategy::Random => plan.audit = AuditShare::per_mille(1000),
            strategy if strategy.is_again() => plan.audit = AuditShare::NONE,
            _ => {}
        }
        plan.pinned.retain(|row| *row < matrix.rows());
        let audit = Audit::new(plan.seed, plan.audit, &matrix, &plan.batches);
        let turns = super::order::turns(&matrix, &audit);
        let ranker = Ranker::new(&matrix, prior);
        let judged = vec![false; matrix.rows()];
        let (said, skipped) = (BTreeMap::new(), BTreeSet::new());
        Self { matrix, facts, plan, audit, ranker, said, skipped, judged, turns, heard: 0 }
    }

    /// Hears what a person did. Rows that are not in the pool are passed over.
    pub fn hear(&mut self, event: Event) {
        if let Some(lesson) = self.note(event) {
            self.ranker.learn(&self.matrix, lesson);
        }
    }

    /// Hears many events, to the same effect as one by one, in less time.
    pub fn hear_all(&mut self, events: impl IntoIterator<Item = Event>) {
        let lessons: Vec<Lesson> = events.into_iter().filter_map(|event| self.note(event)).collect();
        self.ranker.learn_all(&self.matrix, &lessons);
    }

    /// Takes an event down, and tells what the ranker has to learn from it.
    fn note(&mut self, event: Event) -> Option<Lesson> {
        self.heard += 1;
        match event {
            Event::Verdict { row, by, failed, severity, origin } if row < self.matrix.rows() => {
                let said = self.said.entry(row).or_default();
                let mut new = Said { by, failed, severity, origin, at: self.heard };
                if let Some(old) = said.iter_mut().find(|one| one.by == by) {
                    // Judged again is judged where and when it first was.
                    new.at = old.at;
                    new.origin = if origin == Origin::Queue { origin } else { old.origin };
                    *old = new;
                } else {
                    said.push(new);
                }
                self.judged[row] = true;
                self.skipped.remove(&(by, row));
                Some(Lesson { row, by, failed })
            }
            Event::Undone { row, by } => {
                let said = self.said.get_mut(&row)?;
                said.retain(|one| one.by != by);
                if said.is_empty() {
                    self.said.remove(&row);
                    self.judged[row] = false;
                }
                Some(Lesson { row, by, failed: None })
            }
            Event::Skipped { row, by } => {
                self.skipped.insert((by, row));
                None
            }
            Event::Verdict { .. } => None,
        }
    }

    /// How many slots are used up: conversations judged through this queue.
    pub fn done(&self) -> u64 {
        self.said.values().filter(|said| said.iter().any(|one| one.origin == Origin::Queue)).count() as u64
    }

    /// True where this person put it off.
    pub fn is_put_off(&self, row: usize, by: u32) -> bool {
        self.skipped.contains(&(by, row))
    }

    /// What is stored with the label if this conversation is judged now.
    pub fn slot(&self, row: usize) -> Slot {
        let position = self.done() + 1;
        let kind = if self.said.contains_key(&row) {
            SlotKind::Again
        } else if self.audit.has_reached(row, position) {
            SlotKind::Audit
        } else if self.plan.pinned.contains(&row) {
            SlotKind::Pinned
        } else {
            SlotKind::Ranked
        };
        self.made(row, kind, position)
    }

    pub(super) fn made(&self, row: usize, kind: SlotKind, position: u64) -> Slot {
        let q = if kind == SlotKind::Audit { self.audit.chance(row) } else { 1.0 };
        Slot { row, kind, position, p: self.p(row), q }
    }

    /// P(fail).
    pub fn p(&self, row: usize) -> f64 {
        self.ranker.p(&self.matrix, row)
    }

    /// What moved P(fail) most, in words; at most two.
    pub fn reasons(&self, row: usize) -> Vec<Reason> {
        self.ranker.reasons(&self.matrix, row)
    }

    /// What the weights are known by; stored with each label.
    pub fn version(&self) -> String {
        self.ranker.version()
    }

    /// The weights, to be carried over to the next batch.
    pub fn weights(&self) -> Weights {
        self.ranker.weights()
    }

    /// What it is.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The pool.
    pub fn matrix(&self) -> &Matrix {
        &self.matrix
    }

    /// The audit list.
    pub fn audit(&self) -> &Audit {
        &self.audit
    }

    /// The ranker.
    pub fn ranker(&self) -> &Ranker {
        &self.ranker
    }

    /// The verdict on a conversation: that of most reviewers; `None` where there is none or they are divided.
    pub fn verdict(&self, row: usize) -> Option<bool> {
        let balance: i32 =
            self.said.get(&row)?.iter().filter_map(|one| one.failed).map(|failed| if failed { 1 } else { -1 }).sum();
        (balance != 0).then_some(balance > 0)
    }

    /// How each import stands in the audit. Only these say how often the agent fails.
    pub fn audit_sample(&self) -> Vec<AuditTally> {
        let tally =
            |(name, size): &(String, u64)| AuditTally { batch: name.clone(), size: *size, ..AuditTally::default() };
        let mut tallies: Vec<AuditTally> = self.audit.batches().iter().map(tally).collect();
        for row in self.audit.reached(self.done()) {
            let Some(tally) = self.audit.batch(*row).and_then(|at| tallies.get_mut(at)) else { continue };
            tally.reached += 1;
            if let Some(failed) = self.verdict(*row) {
                tally.judged += 1;
                tally.failed += u64::from(failed);
            }
        }
        tallies
    }

    /// Conversations with labels in the order in which they were first judged, with their verdicts.
    pub fn history(&self) -> Vec<(usize, Option<bool>)> {
        let mut rows: Vec<(u64, usize)> =
            self.said.iter().filter_map(|(row, said)| Some((said.iter().map(|one| one.at).min()?, *row))).collect();
        rows.sort_unstable();
        rows.into_iter().map(|(_, row)| (row, self.verdict(row))).collect()
    }
}
