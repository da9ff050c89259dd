//! Rates from labels that were not drawn evenly, by the chance with which each was drawn.
//!
//! Invariant: a cross-check of the audit's rate, never shown in its place: on rare failures the normal interval of these
//! estimates holds the truth far less often than it promises.

use super::guard::{Guarded, Withheld, at_least};

/// One label, in the order given.
#[derive(Debug, Clone, Copy)]
pub struct Drawn<'a> {
    /// Which of the pool.
    pub item: usize,
    /// The chance it had among those left.
    pub q: f64,
    /// P(fail) of the whole pool as it was before this label.
    pub predictions: &'a [f64],
    /// Whether it failed.
    pub failed: bool,
}

impl Drawn<'_> {
    fn y(&self) -> f64 {
        f64::from(u8::from(self.failed))
    }
}

/// An estimate that only checks another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CrossCheck {
    /// The estimated share of failures; may lie outside of 0 to 1.
    pub estimate: f64,
    /// Its standard error.
    pub se: f64,
}

fn checked(pool: usize, drawn: &[Drawn<'_>]) -> Guarded<()> {
    at_least(drawn.len() as u64, 1, "labels with the chance of their draw")?;
    let fits = |one: &Drawn<'_>| one.q > 0.0 && one.q <= 1.0 && one.item < pool && one.predictions.len() == pool;
    if drawn.len() <= pool && drawn.iter().all(fits) {
        Ok(())
    } else {
        Err(Withheld::Unfit("a label was not drawn from this pool"))
    }
}

/// The weights of LURE, `v_m` = 1 + (N - T) / (N - m) (1 / ((N - m + 1) `q_m`) - 1) (Farquhar, Gal and Rainforth 2021).
///
/// # Errors
/// Guard: labels drawn from this pool, each with its chance.
pub fn lure_weights(pool: usize, drawn: &[Drawn<'_>]) -> Guarded<Vec<f64>> {
    checked(pool, drawn)?;
    let (n, labels) = (pool as f64, drawn.len() as f64);
    let weight = |(at, one): (usize, &Drawn<'_>)| {
        let m = at as f64 + 1.0;
        // All of the pool is labelled: every weight is 1.
        if pool == drawn.len() { 1.0 } else { 1.0 + (n - labels) / (n - m) * (1.0 / ((n - m + 1.0) * one.q) - 1.0) }
    };
    Ok(drawn.iter().enumerate().map(weight).collect())
}

/// The rate by LURE, mean `v_m` `y_m`.
///
/// # Errors
/// As [`lure_weights`].
pub fn lure(pool: usize, drawn: &[Drawn<'_>]) -> Guarded<f64> {
    let weights = lure_weights(pool, drawn)?;
    Ok(weights.iter().zip(drawn).map(|(weight, one)| weight * one.y()).sum::<f64>() / drawn.len() as f64)
}

/// The rate by augmented inverse probability weighting over a martingale: per label `S_m` = (labelled y + predicted rest +
/// (`y_m` - `f_m`) / `q_m`) / N, weighed by √m / (N - m + 1) (Zhan et al. 2021 for the idea of adaptive weights). `within`
/// tells which items count; the rate is over these.
///
/// # Errors
/// As [`lure_weights`], and where nothing counts.
pub fn aipw(pool: usize, drawn: &[Drawn<'_>], within: &dyn Fn(usize) -> bool) -> Guarded<CrossCheck> {
    let steps = aipw_steps(pool, drawn, within)?;
    let weight = |at: usize| {
        let m = at as f64 + 1.0;
        m.sqrt() / (pool as f64 - m + 1.0)
    };
    let sum: f64 = (0..steps.len()).map(weight).sum();
    let estimate = steps.iter().enumerate().map(|(at, step)| weight(at) / sum * step).sum::<f64>();
    let squared =
        steps.iter().enumerate().map(|(at, step)| (weight(at) / sum * (step - estimate)).powi(2)).sum::<f64>();
    Ok(CrossCheck { estimate, se: squared.sqrt() })
}

pub(super) fn aipw_steps(pool: usize, drawn: &[Drawn<'_>], within: &dyn Fn(usize) -> bool) -> Guarded<Vec<f64>> {
    checked(pool, drawn)?;
    let counted = (0..pool).filter(|item| within(*item)).count();
    at_least(counted as u64, 1, "conversations")?;
    let mut known: Vec<Option<f64>> = vec![None; pool];
    let mut steps = Vec::with_capacity(drawn.len());
    for one in drawn {
        let rest: f64 =
            (0..pool).filter(|item| within(*item)).map(|item| known[item].unwrap_or(one.predictions[item])).sum();
        let correction = if within(one.item) { (one.y() - one.predictions[one.item]) / one.q } else { 0.0 };
        steps.push((rest + correction) / counted as f64);
        known[one.item] = Some(one.y());
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_draws_weigh_the_same_and_average_out() {
        let predictions = [0.5; 4];
        let drawn = |item, q, failed| Drawn { item, q, predictions: &predictions, failed };
        let labels = [drawn(0, 0.25, true), drawn(1, 1.0 / 3.0, false)];
        assert!(lure_weights(4, &labels).unwrap().iter().all(|weight| (weight - 1.0).abs() < 1e-12));
        assert!((lure(4, &labels).unwrap() - 0.5).abs() < 1e-12);
        // First step: 2 + (1 - .5) / .25 = 4 of 4; second: 1 + 1.5 + (0 - .5) * 3 = 1 of 4.
        let steps = aipw_steps(4, &labels, &|_| true).unwrap();
        assert!((steps[0] - 1.0).abs() < 1e-12 && (steps[1] - 0.25).abs() < 1e-12);
        assert!(aipw(4, &[drawn(0, 0.0, true)], &|_| true).is_err());
    }
}
