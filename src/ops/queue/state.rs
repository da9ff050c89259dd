//! How far a queue is: what was found, how often the agent fails, what is left.
//!
//! Invariant: the failure rate comes from audit labels only; the share of failures among all labels is never told as one.

use crate::model::queue::{Interval, QueueState};
use crate::rank::queue::{AuditTally, Slot};
use crate::stats::corrected::{Stratum, post_stratified};
use crate::stats::rate::wilson_finite;
use crate::stats::sample_size;

use super::kept::Working;
use crate::store::Covered;

/// The level at which intervals are told: 1 minus this.
const ALPHA: f64 = 0.05;

/// How exactly the rate is to be known, in either direction.
const HALF_WIDTH: f64 = 0.05;

/// The failure rate by these imports: each counts by its size. While an import has far fewer labels than are due to it, all
/// labels count alike. `None` without a label.
fn rate(tallies: &[AuditTally]) -> Option<Interval> {
    let strata: Vec<Stratum> = tallies
        .iter()
        .map(|one| Stratum { size: one.size, labelled: one.judged, failed: one.failed })
        .filter(|one| one.size > 0)
        .collect();
    let (n, k) = strata.iter().fold((0, 0), |sum, one| (sum.0 + one.labelled, sum.1 + one.failed));
    let weighed = post_stratified(&strata).ok().filter(|_| strata.len() > 1);
    let pool = strata.iter().map(|one| one.size).sum();
    let plain = || Some((k as f64 / n as f64, wilson_finite((k, n), pool, ALPHA)?));
    let (share, (low, high)) = weighed.map(|one| (one.estimate, one.interval)).or_else(plain)?;
    Some(Interval { share, low, high, by_import: weighed.is_some() })
}

impl Working {
    /// How far the queue is for a reviewer, of whom these places come next.
    pub(super) fn state(&self, by: u32, next: &[Slot], covered: &Covered) -> QueueState {
        let outlook = self.queue.outlook(by);
        let (mut audited, mut audit_fails) = outlook.audited;
        // What others said is told by no count before it may be seen.
        let hidden = |row: usize| self.ids.get(row).is_some_and(|id| covered.hides(id));
        let by_lot = self.queue.audit().reached(self.queue.done());
        for failed in by_lot.iter().filter(|row| hidden(**row)).filter_map(|row| self.queue.verdict(*row)) {
            audited = audited.saturating_sub(1);
            audit_fails = audit_fails.saturating_sub(u64::from(failed));
        }
        let pool = self.queue.matrix().rows() as u64;
        let mut tallies = self.queue.audit_sample();
        for row in by_lot.iter().filter(|row| hidden(**row)) {
            let tally = self.queue.audit().batch(*row).and_then(|at| tallies.get_mut(at));
            if let (Some(tally), Some(failed)) = (tally, self.queue.verdict(*row)) {
                tally.judged = tally.judged.saturating_sub(1);
                tally.failed = tally.failed.saturating_sub(u64::from(failed));
            }
        }
        let sampled: u64 = tallies.iter().map(|batch| batch.size).sum();
        let rate = rate(&tallies);
        let mut found = 0;
        let curve: Vec<u32> = self
            .given
            .iter()
            .filter(|given| !hidden(given.row))
            .filter_map(|given| self.queue.verdict(given.row))
            .map(|failed| {
                found += u32::from(failed);
                found
            })
            .collect();
        let left = self.left(by, next);
        // What the model expects has been learnt from hidden verdicts too.
        let tells = self.has_numbers() && covered.is_empty();
        QueueState {
            spec: self.stored.spec.clone(),
            pool,
            done: self.given.len() as u64,
            left,
            labels: curve.len() as u64,
            found: found.into(),
            audit_labels: audited,
            audit_fails,
            rate,
            model_rate: (tells && pool > 0 && !curve.is_empty())
                .then(|| outlook.model_rate(self.queue.matrix().rows())),
            labels_needed: (audited > 0)
                .then(|| sample_size::more_for(HALF_WIDTH, (audit_fails, audited), sampled))
                .filter(|needed| *needed > 0),
            failures_left: tells.then_some(outlook.left),
            next_share: (tells && outlook.ahead > 0).then(|| outlook.next / outlook.ahead as f64),
            stop: tells && outlook.stop && left > 0,
            curve,
            unevaluated: self.unevaluated,
            pinned: self.pinned(),
            draw: self.draw,
        }
    }

    /// True where anything is known that an order could be learnt from.
    fn has_numbers(&self) -> bool {
        self.queue.matrix().width() > 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(size: u64, judged: u64, failed: u64) -> AuditTally {
        AuditTally { size, judged, failed, ..AuditTally::default() }
    }

    #[test]
    fn a_small_pool_narrows_the_interval_until_nothing_is_open() {
        let one = |size| rate(&[tally(size, 13, 2)]).unwrap();
        let (wide, narrow, all) = (one(100_000), one(40), one(13));
        assert!((wide.share - 2.0 / 13.0).abs() < 1e-12 && !wide.by_import);
        assert!((wide.low - 0.0433).abs() < 1e-3 && (wide.high - 0.4223).abs() < 1e-3, "{wide:?}");
        assert!(narrow.low > wide.low && narrow.high < wide.high);
        assert!((all.low - all.high).abs() < 1e-12);
        assert_eq!(rate(&[tally(13, 0, 0)]), None);
    }

    #[test]
    fn imports_count_by_their_size_and_not_by_how_much_of_them_was_judged() {
        // Half of the small one fails, nothing of the large one: one in twelve of all, not one in four.
        let both = rate(&[tally(100, 10, 5), tally(500, 10, 0)]).unwrap();
        assert!(both.by_import && (both.share - 1.0 / 12.0).abs() < 1e-12, "{both:?}");
        assert!(both.low < both.share && both.share < both.high);
        // A new import nothing of which was judged cannot be weighed.
        let early = rate(&[tally(100, 10, 5), tally(500, 0, 0)]).unwrap();
        assert!(!early.by_import && (early.share - 0.5).abs() < 1e-12);
    }
}
