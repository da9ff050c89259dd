//! How two judgements of the same conversations agree: an evaluator with a person, or two people.
//!
//! Invariant: the positive class is fail; TPR and TNR stand before any kappa, which collapses where failures are rare.

use serde::Serialize;

use super::compare::{Draws, LEAST_CLUSTERS, quantile};
use super::guard::{self, Guarded, Withheld, at_least};
use super::rate::{Rate, score_interval};
use super::special::normal_quantile;

/// What of too little there is when no label says fail.
const FAILS: &str = "audit labels that say fail";
/// What of too little there is when no label says pass.
const PASSES: &str = "audit labels that say pass";

/// How often each pair of judgements occurs; positive is fail.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Table {
    /// Failures caught.
    pub tp: u64,
    /// Passes called failures: false alarms.
    pub fp: u64,
    /// Failures missed.
    #[serde(rename = "fn")]
    pub missed: u64,
    /// Passes let through.
    pub tn: u64,
}

impl Table {
    /// The table of pairs (the person says fail, the evaluator says fail).
    pub fn of(pairs: impl IntoIterator<Item = (bool, bool)>) -> Self {
        let mut table = Self::default();
        for pair in pairs {
            *match pair {
                (true, true) => &mut table.tp,
                (false, true) => &mut table.fp,
                (true, false) => &mut table.missed,
                (false, false) => &mut table.tn,
            } += 1;
        }
        table
    }

    /// All pairs.
    pub fn n(&self) -> u64 {
        self.tp + self.fp + self.missed + self.tn
    }

    fn and(self, other: &Self) -> Self {
        Self {
            tp: self.tp + other.tp,
            fp: self.fp + other.fp,
            missed: self.missed + other.missed,
            tn: self.tn + other.tn,
        }
    }

    /// Failures caught, of how many.
    fn caught(&self) -> (u64, u64) {
        (self.tp, self.tp + self.missed)
    }

    /// Passes let through, of how many.
    fn let_through(&self) -> (u64, u64) {
        (self.tn, self.tn + self.fp)
    }

    fn shares(&self) -> [[f64; 2]; 2] {
        let n = self.n() as f64;
        // Rows: the person; columns: the evaluator; fail first.
        [[self.tp as f64 / n, self.missed as f64 / n], [self.fp as f64 / n, self.tn as f64 / n]]
    }
}

/// A kappa with its 95 % interval, from -1 (always opposite) over 0 (chance) to 1 (always the same).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Kappa {
    /// The coefficient.
    pub value: f64,
    /// Its standard error.
    pub se: f64,
    /// `value` ± 1.96 `se`.
    pub interval: (f64, f64),
}

/// How an evaluator agrees with a person. All but the kappas and MCC are shares from 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Agreement {
    /// How often each pair occurs.
    pub table: Table,
    /// True positive rate tp / (tp + fn), the failures caught, with Wilson's interval. Guard: a failure is known.
    #[serde(serialize_with = "guard::serialize")]
    pub tpr: Guarded<Rate>,
    /// True negative rate tn / (tn + fp), the passes let through. Guard: a pass is known.
    #[serde(serialize_with = "guard::serialize")]
    pub tnr: Guarded<Rate>,
    /// tp / (tp + fp), how many alarms are right. Guard: there is an alarm.
    #[serde(serialize_with = "guard::serialize")]
    pub precision: Guarded<Rate>,
    /// (tp + tn) / n.
    #[serde(serialize_with = "guard::serialize")]
    pub accuracy: Guarded<Rate>,
    /// Cohen's kappa (Cohen 1960; standard error of Fleiss, Cohen and Everitt 1969). Guard: both classes are known.
    #[serde(serialize_with = "guard::serialize")]
    pub kappa: Guarded<Kappa>,
    /// Matthews' correlation, from -1 to 1; 0 where the evaluator says always the same (Matthews 1975). Guard: both
    /// classes are known.
    #[serde(serialize_with = "guard::serialize")]
    pub mcc: Guarded<f64>,
    /// Kappa adjusted for prevalence and bias, 2 po - 1 (Byrt, Bishop and Carlin 1993).
    #[serde(serialize_with = "guard::serialize")]
    pub pabak: Guarded<f64>,
    /// Gwet's AC1, (po - pg) / (1 - pg) with pg = 2q(1 - q) and q the mean share of fails (Gwet 2008).
    #[serde(serialize_with = "guard::serialize")]
    pub ac1: Guarded<f64>,
}

impl Agreement {
    /// All of them for a table.
    pub fn of(table: Table) -> Self {
        let Table { tp, fp, missed, tn } = table;
        let share = |k: u64, n: u64, what| at_least(n, 1, what).and_then(|()| Rate::of(k, n, None));
        let both = at_least(tp + missed, 1, FAILS).and_then(|()| at_least(fp + tn, 1, PASSES));
        let any = at_least(table.n(), 1, "audit labels");
        let po = (tp + tn) as f64 / table.n() as f64;
        let q = (2 * tp + missed + fp) as f64 / (2 * table.n()) as f64;
        Self {
            table,
            tpr: share(tp, tp + missed, FAILS),
            tnr: share(tn, tn + fp, PASSES),
            precision: share(tp, tp + fp, "alarms of the evaluator on audit labels"),
            accuracy: share(tp + tn, table.n(), "audit labels"),
            kappa: both.clone().and_then(|()| kappa(&table.shares().map(Vec::from), table.n())),
            mcc: both.map(|()| mcc(&table)),
            pabak: any.clone().map(|()| 2.0 * po - 1.0),
            ac1: any.map(|()| {
                let pg = 2.0 * q * (1.0 - q);
                (po - pg) / (1.0 - pg)
            }),
        }
    }
}

/// Resamples behind an interval by task.
const RESAMPLES: usize = 500;

impl Agreement {
    /// All of them for the tables of tasks. Trials of one task are alike, so whole tasks are resampled for the intervals
    /// of TPR, TNR and kappa (cluster bootstrap, percentiles; Davison and Hinkley 1997, 3.8). A rate of fewer than
    /// [`LEAST_CLUSTERS`] tasks, or the same in every resample, gets Wilson's interval for as many labels as there are tasks.
    pub fn of_tasks(tasks: &[Table], seed: u64) -> Self {
        let all = tasks.iter().fold(Table::default(), Table::and);
        let mut found = Self::of(all);
        if tasks.iter().all(|task| task.n() <= 1) {
            return found;
        }
        let mut draws = Draws::new(seed);
        let drawn: Vec<Table> = (0..RESAMPLES)
            .map(|_| draws.resample(tasks.len()).iter().fold(Table::default(), |sum, at| sum.and(&tasks[*at])))
            .collect();
        resample(&mut found.tpr, (tasks, &drawn), Table::caught);
        resample(&mut found.tnr, (tasks, &drawn), Table::let_through);
        if let Ok(kappa) = &mut found.kappa {
            let of = |one: &Table| self::kappa(&one.shares().map(Vec::from), one.n()).ok();
            let values = drawn.iter().filter_map(|one| Some(of(one)?.value));
            let ends = percentiles(values).filter(|(low, high)| tasks.len() as u64 >= LEAST_CLUSTERS && low < high);
            kappa.interval = ends.unwrap_or(kappa.interval);
        }
        found
    }
}

/// Puts the interval by task in the place of a rate's own.
fn resample(rate: &mut Guarded<Rate>, (tasks, drawn): (&[Table], &[Table]), part: impl Fn(&Table) -> (u64, u64)) {
    let Ok(rate) = rate else { return };
    let known = tasks.iter().filter(|task| part(task).1 > 0).count() as u64;
    let shares = drawn.iter().map(&part).filter(|(_, n)| *n > 0).map(|(k, n)| k as f64 / n as f64);
    let ends = percentiles(shares).filter(|(low, high)| known >= LEAST_CLUSTERS && low < high);
    rate.interval = ends.map_or_else(
        || score_interval(rate.rate, known as f64, 0.05),
        |(low, high)| (low.min(rate.rate), high.max(rate.rate)),
    );
}

fn percentiles(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    quantile(&sorted, 0.025).zip(quantile(&sorted, 0.975))
}

fn mcc(table: &Table) -> f64 {
    let [tp, fp, missed, tn] = [table.tp, table.fp, table.missed, table.tn].map(|count| count as f64);
    let below = ((tp + fp) * (tp + missed) * (tn + fp) * (tn + missed)).sqrt();
    if below == 0.0 { 0.0 } else { (tp * tn - fp * missed) / below }
}

/// Cohen's kappa of two people over `categories` categories, (po - pe) / (1 - pe), without weights (Cohen 1960; standard
/// error of Fleiss, Cohen and Everitt 1969). Each pair holds two categories below `categories`.
///
/// # Errors
/// Guard: there are pairs, and more than one category occurs.
pub fn cohen(pairs: &[(usize, usize)], categories: usize) -> Guarded<Kappa> {
    kappa(&shares(pairs, categories)?, pairs.len() as u64)
}

fn shares(pairs: &[(usize, usize)], categories: usize) -> Guarded<Vec<Vec<f64>>> {
    at_least(pairs.len() as u64, 1, "conversations labelled by both")?;
    let mut shares = vec![vec![0.0; categories]; categories];
    for (a, b) in pairs {
        let cell = shares.get_mut(*a).and_then(|row| row.get_mut(*b));
        *cell.ok_or(Withheld::Unfit("a category is out of range"))? += 1.0 / pairs.len() as f64;
    }
    Ok(shares)
}

fn margins(shares: &[Vec<f64>]) -> (Vec<f64>, Vec<f64>) {
    let rows = shares.iter().map(|row| row.iter().sum()).collect();
    let columns = (0..shares.len()).map(|at| shares.iter().map(|row| row[at]).sum()).collect();
    (rows, columns)
}

fn kappa(shares: &[Vec<f64>], n: u64) -> Guarded<Kappa> {
    let (rows, columns) = margins(shares);
    let po: f64 = (0..shares.len()).map(|i| shares[i][i]).sum();
    let pe: f64 = rows.iter().zip(&columns).map(|(r, c)| r * c).sum();
    if pe >= 1.0 {
        return Err(Withheld::Constant("label"));
    }
    let value = (po - pe) / (1.0 - pe);
    let (mut same, mut other) = (0.0, 0.0);
    for (i, row) in shares.iter().enumerate() {
        for (j, share) in row.iter().enumerate() {
            if i == j {
                same += share * (1.0 - (rows[i] + columns[i]) * (1.0 - value)).powi(2);
            } else {
                other += share * (columns[i] + rows[j]).powi(2);
            }
        }
    }
    other *= (1.0 - value).powi(2);
    let both = (value - pe * (1.0 - value)).powi(2);
    let se = ((same + other - both).max(0.0) / (n as f64 * (1.0 - pe).powi(2))).sqrt();
    let half = normal_quantile(0.975) * se;
    Ok(Kappa { value, se, interval: (value - half, value + half) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_by_hand() {
        let table = Table { tp: 20, fp: 10, missed: 5, tn: 15 };
        let agreement = Agreement::of(table);
        assert!((agreement.tpr.unwrap().rate - 0.8).abs() < 1e-12);
        assert!((agreement.tnr.unwrap().rate - 0.6).abs() < 1e-12);
        // po = .7, pe = .5 · .6 + .5 · .4 = .5.
        assert!((agreement.kappa.unwrap().value - 0.4).abs() < 1e-12);
        assert!((agreement.pabak.unwrap() - 0.4).abs() < 1e-12);
    }

    #[test]
    fn trials_of_a_task_count_as_one() {
        // Ten tasks that failed, four trials each: eight are caught every time, two never.
        let trials = |caught: bool| Table {
            tp: if caught { 4 } else { 0 },
            missed: if caught { 0 } else { 4 },
            ..Table::default()
        };
        let tasks: Vec<Table> = (0..10).map(|at| trials(at < 8)).collect();
        let (by_task, naive) =
            (Agreement::of_tasks(&tasks, 3), Agreement::of(Table { tp: 32, missed: 8, ..Table::default() }));
        let wide = |agreement: &Agreement| agreement.tpr.as_ref().unwrap().half_width();
        assert_eq!(by_task.table, naive.table);
        assert!(wide(&by_task) > 1.6 * wide(&naive), "{by_task:?}");
        let (low, high) = by_task.tpr.as_ref().unwrap().interval;
        assert!(low < 0.8 && 0.8 < high);
        // Too few tasks to resample, or all alike: as sure as one label of each task would make it.
        for tasks in [&tasks[..5], &tasks[..8]] {
            let rate = Agreement::of_tasks(tasks, 3).tpr.unwrap();
            assert_eq!(
                rate.interval,
                crate::stats::rate::wilson(tasks.len() as u64, tasks.len() as u64, 0.05).unwrap()
            );
        }
        // One trial of each task is the plain table.
        let single: Vec<Table> =
            (0..12).map(|at| Table { tp: u64::from(at < 9), missed: u64::from(at >= 9), ..Table::default() }).collect();
        assert_eq!(Agreement::of_tasks(&single, 3), Agreement::of(Table { tp: 9, missed: 3, ..Table::default() }));
    }

    #[test]
    fn one_class_has_no_kappa_and_says_what_is_missing() {
        let agreement = Agreement::of(Table { tp: 0, fp: 2, missed: 0, tn: 18 });
        assert!((agreement.tnr.unwrap().rate - 0.9).abs() < 1e-12);
        for withheld in [agreement.tpr.unwrap_err(), agreement.kappa.unwrap_err(), agreement.mcc.unwrap_err()] {
            assert!(withheld.to_string().contains("audit labels that say fail"), "{withheld}");
        }
        assert!(Agreement::of(Table::default()).accuracy.is_err());
    }

    #[test]
    fn a_constant_evaluator_has_an_mcc_of_nothing() {
        let agreement = Agreement::of(Table { tp: 5, fp: 15, missed: 0, tn: 0 });
        assert_eq!(agreement.mcc, Ok(0.0));
        assert!(agreement.kappa.unwrap().value.abs() < 1e-12);
    }

    #[test]
    fn all_the_same_is_no_agreement_beyond_chance() {
        assert!(cohen(&[(1, 1); 9], 2).is_err());
        assert!(cohen(&[(0, 2)], 2).is_err());
    }
}
