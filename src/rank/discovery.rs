//! How a queue is getting on: what was found, what is left, and whether going on is worth it.
//!
//! Invariant: the rate of failures comes from the audit alone; the share among ranked labels is never called a rate.

use super::algebra::sigma;
use super::queue::{Queue, SlotKind};

/// Ranked slots looked ahead.
const AHEAD: usize = 20;

/// Below this multiple of the audited rate, the order gains little over chance.
const WORTH: f64 = 1.5;

/// Audited verdicts it takes to speak of a rate.
const ENOUGH: u64 = 10;

/// Failures found after each label.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Curve {
    /// After the first label, the second, …
    pub found: Vec<u32>,
    /// Conversations in the pool.
    pub pool: usize,
}

impl Curve {
    /// From verdicts in the order in which they were given.
    pub fn of(verdicts: impl IntoIterator<Item = bool>, pool: usize) -> Self {
        let count = |sum: &mut u32, failed: bool| {
            *sum += u32::from(failed);
            Some(*sum)
        };
        Self { found: verdicts.into_iter().scan(0, count).collect(), pool }
    }

    /// How much of what could be gained over a random order was gained, 0 to 1 (below 0 for worse than random): the area
    /// between this curve and the diagonal over that between the best possible curve and the diagonal. For a curve over
    /// the whole pool this is 2 AUROC - 1. `None` where all or none failed, or where the curve is not over the whole pool.
    pub fn gain(&self) -> Option<f64> {
        let (n, total) = (self.found.len() as f64, f64::from(*self.found.last()?));
        if self.found.len() != self.pool || total < 1.0 || total >= n {
            return None;
        }
        let sum: f64 = self.found.iter().map(|found| f64::from(*found)).sum();
        let area = (sum - total / 2.0) / (n * total);
        let best = 1.0 - total / (2.0 * n);
        Some((area - 0.5) / (best - 0.5))
    }

    /// The share of all failures found within the first `share` of the pool.
    pub fn recall_at(&self, share: f64) -> Option<f64> {
        let total = f64::from(*self.found.last()?);
        let labels = (share * self.pool as f64).round() as usize;
        let found = labels.checked_sub(1).and_then(|at| self.found.get(at)).copied().unwrap_or(0);
        (total > 0.0).then(|| f64::from(found) / total)
    }

    /// Labels it took to find `share` of all failures, as a share of the pool.
    pub fn labels_for(&self, share: f64) -> Option<f64> {
        let wanted = (share * f64::from(*self.found.last()?) - 1e-9).ceil().max(1.0);
        let at = self.found.iter().position(|found| f64::from(*found) >= wanted)?;
        Some((at + 1) as f64 / self.pool as f64)
    }
}

/// How a queue stands.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outlook {
    /// Conversations with a verdict that can be told.
    pub judged: u64,
    /// Of these, failures.
    pub found: u64,
    /// Failures among the rest, by the model: the sum of P(fail).
    pub left: f64,
    /// Failures the next ranked slots are expected to hold, by the model.
    pub next: f64,
    /// How many slots these are.
    pub ahead: usize,
    /// Audited verdicts, and failures among them.
    pub audited: (u64, u64),
    /// True where the next ranked slots promise less than 1.5 times the audited rate.
    pub stop: bool,
}

impl Outlook {
    /// What the model believes of the rate: what was found and what is expected among the rest, over all. It comes without
    /// an interval.
    pub fn model_rate(&self, pool: usize) -> f64 {
        (self.found as f64 + self.left) / pool.max(1) as f64
    }
}

impl Queue {
    /// How it stands, with a look ahead.
    pub fn outlook(&self, by: u32) -> Outlook {
        let mut outlook = Outlook::default();
        for (_, verdict) in self.history() {
            outlook.judged += u64::from(verdict.is_some());
            outlook.found += u64::from(verdict == Some(true));
        }
        outlook.left = self.expected_left();
        // Audit slots are drawn, not ranked: they say nothing of what the order is still worth.
        let ahead = self.page(by, 2 * AHEAD);
        let next = || ahead.iter().filter(|slot| slot.kind == SlotKind::Ranked).take(AHEAD);
        outlook.next = next().map(|slot| slot.p).sum();
        outlook.ahead = next().count();
        outlook.audited = self.audit_sample().iter().fold((0, 0), |sum, one| (sum.0 + one.judged, sum.1 + one.failed));
        let (judged, failed) = outlook.audited;
        let rate = failed as f64 / judged.max(1) as f64;
        outlook.stop =
            outlook.ahead > 0 && judged >= ENOUGH && failed > 0 && outlook.next < WORTH * rate * outlook.ahead as f64;
        outlook
    }

    /// Failures expected among what nobody judged: the sum of P(fail).
    pub fn expected_left(&self) -> f64 {
        let open = |row: &usize| !self.judged[*row];
        let (cells, stride) = self.matrix.cells();
        let mut weights = vec![0.0_f32; stride];
        self.ranker.values().iter().zip(&mut weights).for_each(|(weight, place)| *place = *weight as f32);
        let logit = |row: usize| super::algebra::dot(&cells[row * stride..(row + 1) * stride], &weights);
        (0..self.matrix.rows()).filter(open).map(|row| sigma(f64::from(logit(row)))).sum()
    }

    /// Failures found, label by label; verdicts that cannot be told count as no failure.
    pub fn curve(&self) -> Curve {
        Curve::of(self.history().into_iter().map(|(_, verdict)| verdict == Some(true)), self.matrix.rows())
    }
}
