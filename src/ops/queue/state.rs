//! How far a queue is: what was found, how often the agent fails, what is left.
//!
//! Invariant: the failure rate comes from audit labels only; the share of failures among all labels is never told as one.

use crate::model::queue::{Interval, QueueState};
use crate::rank::queue::Slot;
use crate::stats::rate::wilson_finite;
use crate::stats::sample_size;

use super::kept::Working;
use crate::store::Covered;

/// The level at which intervals are told: 1 minus this.
const ALPHA: f64 = 0.05;

/// How exactly the rate is to be known, in either direction.
const HALF_WIDTH: f64 = 0.05;

/// Wilson's interval for `k` of `n` drawn without putting back from `pool`.
fn interval(k: u64, n: u64, pool: u64) -> Option<Interval> {
    if n > pool {
        return None;
    }
    let (low, high) = wilson_finite((k, n), pool, ALPHA)?;
    Some(Interval { share: k as f64 / n as f64, low, high })
}

/// Labels it takes to know a rate to five points.
fn labels_for(share: f64, pool: u64) -> u64 {
    sample_size::finite(share, HALF_WIDTH, pool, ALPHA)
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
        let sampled: u64 = self.queue.audit_sample().iter().map(|batch| batch.size).sum();
        let rate = interval(audit_fails, audited, sampled);
        let known = rate.map_or(0.5, |rate| rate.share.clamp(0.05, 0.95));
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
            model_rate: (self.has_numbers() && pool > 0 && !curve.is_empty() && covered.is_empty())
                .then(|| outlook.model_rate(self.queue.matrix().rows())),
            labels_needed: (audited > 0)
                .then(|| labels_for(known, sampled).saturating_sub(audited))
                .filter(|needed| *needed > 0),
            failures_left: self.has_numbers().then_some(outlook.left),
            next_share: (outlook.ahead > 0 && self.has_numbers()).then(|| outlook.next / outlook.ahead as f64),
            stop: outlook.stop && left > 0,
            curve,
            unevaluated: self.unevaluated,
            pinned: self.pinned(),
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

    #[test]
    fn a_small_pool_narrows_the_interval_until_nothing_is_open() {
        let wide = interval(2, 13, 100_000).unwrap();
        let narrow = interval(2, 13, 40).unwrap();
        assert!((wide.share - 2.0 / 13.0).abs() < 1e-12);
        assert!((wide.low - 0.0433).abs() < 1e-3 && (wide.high - 0.4223).abs() < 1e-3, "{wide:?}");
        assert!(narrow.low > wide.low && narrow.high < wide.high);
        let all = interval(2, 13, 13).unwrap();
        assert!((all.low - all.high).abs() < 1e-12);
        assert_eq!(interval(0, 0, 13), None);
    }

    #[test]
    fn labels_for_five_points_are_the_known_ones() {
        for (share, wanted) in [(0.05, 73), (0.1, 139), (0.2, 246), (0.3, 323), (0.5, 385)] {
            assert_eq!(labels_for(share, u64::from(u32::MAX)), wanted);
        }
        for (share, wanted) in [(0.05, 71), (0.1, 130), (0.2, 220), (0.3, 278), (0.5, 323)] {
            assert_eq!(labels_for(share, 2_000), wanted);
        }
    }
}
