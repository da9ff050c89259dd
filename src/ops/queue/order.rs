//! What comes next in a queue of a name, and where each conversation stands.
//!
//! Invariant: what is by lot keeps its slot whatever segments take turns and whatever is being read.

use std::collections::BTreeMap;

use crate::model::queue::{Place, Slot, SlotKind};
use crate::rank::queue::{self as ranked, Queue};
use crate::rank::strategy::Strategy;

use super::kept::{Given, Working};
use super::listing::LISTED;

impl Working {
    /// How many conversations are still asked for.
    fn wanted(&self) -> usize {
        let size = self.stored.spec.size.map_or(usize::MAX, |size| size as usize);
        size.saturating_sub(self.given.len())
    }

    /// What comes next for a reviewer.
    pub(super) fn upcoming(&self, by: u32, most: usize) -> Vec<ranked::Slot> {
        let again = |slot: &ranked::Slot| self.given_rows.contains(&slot.row);
        let relabels = self.queue.plan().strategy.is_again() && !self.drawn.is_empty();
        let ordered = || self.steady(by, self.ordered((by, self.given.len()), most));
        let slots = if relabels { self.relisted(by, most) } else { ordered() };
        // What needs one more reviewer was counted when it was judged first.
        let mut left = self.wanted();
        let taken = slots.into_iter().filter(|slot| {
            let more = again(slot) || left > 0;
            left = left.saturating_sub(usize::from(!again(slot)));
            more
        });
        taken.take(most).collect()
    }

    /// What comes next for a reviewer by all that was learnt, after so many were judged in the queue.
    pub(super) fn ordered(&self, (by, given): (u32, usize), most: usize) -> Vec<ranked::Slot> {
        match &self.segments {
            None => self.queue.page(by, most),
            Some(segments) => {
                let given = self.given.get(..given).unwrap_or_default();
                take_turns(&self.queue, self.queue.order(by), (segments, given))
            }
        }
    }

    /// What comes next for a reviewer who is reading one already: that one takes the first slot of its kind, and those
    /// before it move down, while what is by lot stays where it is.
    pub(super) fn followed(&self, by: u32, most: usize, reading: Option<usize>) -> Vec<ranked::Slot> {
        let mut slots = self.upcoming(by, most);
        let Some(row) = reading.filter(|row| !self.said.contains(&(*row, by))) else { return slots };
        let at = slots.iter().position(|slot| slot.row == row);
        let is_ranked = |slot: &ranked::Slot| slot.kind == ranked::SlotKind::Ranked;
        // What is by lot, pinned, or asks for a second opinion is in its place already; what is not asked for has none.
        let asked = at.map_or(slots.len() == most, |at| is_ranked(&slots[at]));
        if !asked {
            return slots;
        }
        let mut carried = row;
        for slot in slots.iter_mut().filter(|slot| is_ranked(slot)) {
            let moved = std::mem::replace(&mut slot.row, carried);
            slot.p = self.queue.p(slot.row);
            carried = moved;
            if carried == row {
                break;
            }
        }
        slots
    }

    /// How many conversations are left for a reviewer, of whom these come next.
    pub(super) fn left(&self, by: u32, next: &[ranked::Slot]) -> u64 {
        if next.len() < LISTED {
            return next.len() as u64;
        }
        let again = next.iter().filter(|slot| self.given_rows.contains(&slot.row)).count();
        let all = if leaves_out(self.queue.plan().strategy) {
            self.queue.order(by).len() - again
        } else {
            // What was judged beside the queue and waits for another review takes a place of it.
            let beside = next.iter().filter(|slot| slot.kind == ranked::SlotKind::Again).count() - again;
            self.ids.len().saturating_sub(self.judged.len()) + beside
        };
        (all.min(self.wanted()) + again) as u64
    }

    /// Where a conversation stands: where it stood when it was judged, else where it comes next.
    pub(super) fn place(&self, row: usize, next: Option<&ranked::Slot>) -> Place {
        let given = self.given.iter().find(|given| given.row == row).map(|given| given.slot.clone());
        let (slot, p) = match (given, next) {
            (Some(slot), None) => (slot, self.queue.p(row)),
            (given, next) => {
                let found = next.copied().unwrap_or_else(|| self.queue.slot(row));
                // For a second opinion what was estimated before the first one counts: the weights know that by now.
                let before = given.as_ref().and_then(|slot| slot.p).filter(|_| found.kind == ranked::SlotKind::Again);
                let kind = match found.kind {
                    ranked::SlotKind::Audit => SlotKind::Audit,
                    ranked::SlotKind::Ranked => SlotKind::Ranked,
                    ranked::SlotKind::Pinned => SlotKind::Manual,
                    // A second opinion belongs to the sample that the first one belonged to.
                    ranked::SlotKind::Again => given.map_or(SlotKind::Ranked, |slot| slot.kind),
                };
                (self.slot(kind, found), before.unwrap_or(found.p))
            }
        };
        let why = self.queue.reasons(row).iter().map(ToString::to_string).collect();
        let blind = slot.kind == SlotKind::Audit || self.stored.spec.blind;
        let open = next.is_some();
        Place {
            slot,
            band: Some(self.bands.band(p)),
            p: self.calibration.as_ref().and_then(|calibration| calibration.at(p)),
            why,
            pinned: self.pinned.get(&row).cloned(),
            blind,
            open,
            held: None,
        }
    }

    fn slot(&self, kind: SlotKind, found: ranked::Slot) -> Slot {
        // Six digits are more than a label can tell, and read back from text as they were written.
        let short = |value: f64| (value * 1e6).round() / 1e6;
        Slot {
            queue: self.stored.spec.name.clone(),
            kind,
            position: found.position,
            p: Some(short(found.p)),
            weights: self.queue.version(),
            q: Some(short(found.q)),
            scores_seen: false,
        }
    }

    /// How many conversations rules put ahead.
    pub(super) fn pinned(&self) -> u64 {
        self.pinned.len() as u64
    }
}

/// True for strategies that leave conversations out, so that what is left has to be counted.
fn leaves_out(strategy: Strategy) -> bool {
    matches!(
        strategy,
        Strategy::Contradictory | Strategy::Flagged | Strategy::Manual | Strategy::SecondReview | Strategy::Relabel
    )
}

/// Puts ranked places in an order in which the values of a segment take turns: the one that had the fewest comes next.
fn take_turns(queue: &Queue, order: Vec<ranked::Slot>, (segments, given): (&[String], &[Given])) -> Vec<ranked::Slot> {
    let is_ranked = |slot: &ranked::Slot| slot.kind == ranked::SlotKind::Ranked;
    let value = |row: usize| segments.get(row).map_or("", String::as_str);
    let mut had: BTreeMap<&str, usize> = BTreeMap::new();
    for one in given.iter().filter(|one| one.slot.kind == SlotKind::Ranked) {
        *had.entry(value(one.row)).or_default() += 1;
    }
    let mut waiting: BTreeMap<&str, std::collections::VecDeque<usize>> = BTreeMap::new();
    for slot in order.iter().filter(|slot| is_ranked(slot)) {
        waiting.entry(value(slot.row)).or_default().push_back(slot.row);
    }
    let mut taken = Vec::with_capacity(order.len());
    for slot in order {
        if !is_ranked(&slot) {
            taken.push(slot);
            continue;
        }
        let open = waiting.iter().filter(|(_, rows)| !rows.is_empty()).map(|(name, _)| *name);
        let next = open.min_by_key(|name| (had.get(name).copied().unwrap_or(0), *name));
        let Some(row) = next.and_then(|name| waiting.get_mut(name)?.pop_front()) else { continue };
        *had.entry(value(row)).or_default() += 1;
        taken.push(ranked::Slot { row, p: queue.p(row), ..slot });
    }
    taken
}
