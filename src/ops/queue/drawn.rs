//! What a queue of a size holds: drawn at the start and after every twenty verdicts, and steady in between.
//!
//! Invariant: a draw follows from the log as it was then and from the conversations with their scores as they are, so that
//! every window and every command lists the same rows. No verdict, correction or settlement moves any of them; an import,
//! other scores, something taken back and journals united may draw them anew.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::rank::queue::{Slot, SlotKind};

use super::kept::Working;
use super::listing::LISTED;

/// How many verdicts what is left is drawn anew after: a session's worth, from which there is something to learn. What that
/// costs in failures not found is measured by `aftercall simulate --redraw`.
const STEADY: usize = 20;

/// A reviewer who judged nothing and put nothing off.
const NOBODY: u32 = u32::MAX;

impl Working {
    /// True where, with this judgement, what is left is to be drawn anew.
    pub(super) fn is_drawn_out(&self, before: usize) -> bool {
        self.given.len() > before && self.given.len().is_multiple_of(STEADY)
    }

    /// Draws what is left, for all reviewers alike, after so many were judged in the queue. A queue without a size has
    /// nothing to keep steady: what it learns counts at once.
    pub(super) fn draw(&mut self, given: usize) {
        let Some(size) = self.stored.spec.size else { return };
        let most = (size as usize).saturating_sub(given).min(LISTED);
        let again = if self.stored.spec.reviewers_per_item > 1 { self.judged.len() } else { 0 };
        let next = self.ordered((NOBODY, given), most + again);
        // What waits for another review is nobody's to draw, but where labels are given again all is of that kind.
        let relabels = self.queue.plan().strategy.is_again();
        let before: HashSet<usize> = self.given.iter().take(given).map(|given| given.row).collect();
        let asked = |slot: &Slot| slot.kind != SlotKind::Again || relabels && !before.contains(&slot.row);
        self.drawn = next.into_iter().filter(asked).take(most).collect();
        let mut hasher = blake3::Hasher::new();
        for id in self.drawn.iter().filter_map(|slot| self.ids.get(slot.row)) {
            hasher.update(id.as_str().as_bytes()).update(&[0]);
        }
        let [a, b, c, d, ..] = *hasher.finalize().as_bytes();
        self.draw = u64::from(u32::from_le_bytes([a, b, c, d])) + 1;
    }

    /// The same for a queue in which labels are given again: what was drawn comes in the order of the draw, behind what
    /// waits for another review.
    pub(super) fn relisted(&self, by: u32, most: usize) -> Vec<Slot> {
        let places = self.ordered((by, self.given.len()), self.ids.len());
        let drawn: HashMap<usize, usize> = self.drawn.iter().enumerate().map(|(at, slot)| (slot.row, at)).collect();
        let mut slots = places.clone();
        slots.sort_by_key(|slot| match (drawn.get(&slot.row), self.queue.is_put_off(slot.row, by)) {
            _ if slot.kind != SlotKind::Again || self.given_rows.contains(&slot.row) => (0, 0),
            (Some(at), late) => (1 + u8::from(late), *at),
            (None, late) => (3 + u8::from(late), 0),
        });
        let placed = slots.into_iter().zip(places).map(|(slot, place)| Slot { position: place.position, ..slot });
        placed.take(most).collect()
    }

    /// Fills ranked places with what was drawn, in the order of the draw; what this reviewer put off comes last of it.
    pub(super) fn steady(&self, by: u32, slots: Vec<Slot>) -> Vec<Slot> {
        if self.drawn.is_empty() {
            return slots;
        }
        let put_off = |row: usize| self.queue.is_put_off(row, by);
        let (own, late): (Vec<Slot>, Vec<Slot>) = slots.into_iter().partition(|slot| !put_off(slot.row));
        let is_ranked = |slot: &&Slot| slot.kind == SlotKind::Ranked;
        let members = move || self.drawn.iter().filter(move |slot| !self.judged.contains(&slot.row));
        let ahead = members().filter(is_ranked).filter(|slot| !put_off(slot.row));
        let behind = members().filter(|slot| put_off(slot.row));
        let others = own.iter().filter(is_ranked).chain(&late);
        let mut rows: VecDeque<usize> = ahead.chain(behind).chain(others).map(|slot| slot.row).collect();
        let (mut placed, mut filled, fixed) = (HashSet::new(), Vec::with_capacity(own.len()), own.len());
        for (at, slot) in own.into_iter().chain(late).enumerate() {
            // What comes by lot here keeps its place, unless it was drawn for an earlier one.
            if at < fixed && slot.kind != SlotKind::Ranked && placed.insert(slot.row) {
                filled.push(slot);
            } else if let Some(row) = std::iter::from_fn(|| rows.pop_front()).find(|row| placed.insert(*row)) {
                filled.push(self.moved(row, slot));
            }
        }
        filled
    }

    /// A place with another conversation in it; one whose turn came by lot stays one of the audit.
    fn moved(&self, row: usize, place: Slot) -> Slot {
        let now = self.queue.slot(row);
        let (kind, q) = if now.kind == SlotKind::Audit { (now.kind, now.q) } else { (SlotKind::Ranked, 1.0) };
        Slot { row, kind, q, p: now.p, ..place }
    }
}
