//! Replaying a workspace whose outcomes are known through the queue: what would each strategy have found, and when?
//!
//! Invariant: the ranker sees an outcome only after the queue has served the conversation, one at a time, as a reviewer
//! would; what is held out shares no group with what is labelled.

mod summary;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::Progress;
use super::bench::{BenchOrder, failed, group_of};
use super::evaluate::EvaluateError;
use super::signals::{Expected, FIXED, Signals, signals};
use super::workspace::Workspace;
use crate::evaluate::bench::area;
use crate::model::time::Timestamp;
use crate::rank::audit::AuditShare;
use crate::rank::discovery::Curve;
use crate::rank::matrix::{Column, Matrix, RawRow};
use crate::rank::queue::{Event, Facts, Origin, Plan, Queue};
use crate::rank::ranker::Prior;
use crate::rank::strategy::Strategy;
use crate::stats::compare::Draws;

pub use summary::{Measured, SimulateReport, StrategyRow};

/// The one simulated reviewer.
const REVIEWER: u32 = 1;

/// Of so many groups one is held out.
const HELD_OUT: usize = 4;

/// Conversations of a pool, at most: each is labelled one at a time. Of more, so many at random.
const MOST: usize = 1_000;

/// Which conversations make up the pool of a seed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PoolRule {
    /// Three quarters of the groups; the other groups are held out to measure what was learnt.
    Groups,
    /// All that went well, and so many failures at random that they make up this share.
    FailureShare(f64),
    /// One conversation of each group, so that none nearly repeats another.
    OnePerGroup,
}

/// What to replay.
#[derive(Debug, Clone)]
pub struct SimulateOrder<'a> {
    /// Which conversations, and how they went.
    pub truth: BenchOrder<'a>,
    /// How many pools to draw.
    pub seeds: u32,
    /// The share of slots for the audit list.
    pub audit: AuditShare,
    /// The strategies to compare; a random order is always among them.
    pub strategies: Vec<Strategy>,
    /// How a pool is drawn.
    pub pool: PoolRule,
    /// Labels after which the state of things is looked at.
    pub labels: usize,
    /// The strategies once more as a queue with a size is ordered: drawn anew after each so many labels, and not after every
    /// one.
    pub redraw: Vec<u16>,
    /// Whether expected calls are used where they are known.
    pub expected: Expected,
}

/// One line of the table: a strategy, and what it may know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arm {
    /// With all there is.
    Whole(Strategy),
    /// The learnt order without the fixed P(fail) among what it learns from: what labels alone are worth.
    WithoutPrior,
    /// With all there is, but so many at a time: what the first of them teach counts only when the next are drawn.
    Drawn(Strategy, u16),
}

impl Arm {
    fn strategy(self) -> Strategy {
        match self {
            Self::Whole(strategy) | Self::Drawn(strategy, _) => strategy,
            Self::WithoutPrior => Strategy::Learnt,
        }
    }

    fn name(self) -> String {
        match self {
            Self::Whole(strategy) => strategy.info().name.to_owned(),
            Self::WithoutPrior => "learnt without prior".to_owned(),
            Self::Drawn(strategy, at_once) => format!("{} by {at_once}", strategy.info().name),
        }
    }

    /// How many are served before what was learnt counts.
    fn at_once(self) -> usize {
        match self {
            Self::Whole(_) | Self::WithoutPrior => 1,
            Self::Drawn(_, at_once) => usize::from(at_once).max(1),
        }
    }
}

/// All that is known, before a pool is drawn.
struct Replay {
    signals: Signals,
    failed: Vec<bool>,
    group: Vec<String>,
}

/// What one strategy did with one pool.
#[derive(Debug, Clone)]
struct Run {
    curve: Curve,
    /// Ranked labels and failures among all labels when looked at.
    looked: Looked,
    /// How well what was learnt tells failures among held-out groups.
    auroc: Option<f64>,
}

/// How things stood after so many labels.
#[derive(Debug, Clone, Copy, Default)]
struct Looked {
    labels: usize,
    found: usize,
    /// Audited conversations, failures among them.
    audited: (u64, u64),
    pool: usize,
    failures: usize,
    /// What the model believes of the rate.
    believed: f64,
}

/// Replays.
///
/// # Errors
/// The filter, or the database.
pub fn simulate(
    workspace: &Workspace,
    order: &SimulateOrder<'_>,
    now: Timestamp,
    tell: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<SimulateReport, EvaluateError> {
    let replay = Replay::read(workspace, order, now)?;
    let arms = arms(order);
    let mut runs: BTreeMap<usize, Vec<Run>> = BTreeMap::new();
    for seed in 0..order.seeds {
        let what = "replaying".to_owned();
        let progress = Progress { done: u64::from(seed), total: Some(u64::from(order.seeds)), what };
        if tell(&progress).is_break() {
            break;
        }
        let Some((pool, held)) = replay.draw(order.pool, u64::from(seed)) else { break };
        for (at, arm) in arms.iter().enumerate() {
            runs.entry(at).or_default().push(replay.run((&pool, &held), (*arm, u64::from(seed)), order));
        }
    }
    Ok(summary::report(order, (&replay.failed, &replay.group), &arms, &runs))
}

/// The lines of the table, without the best possible order.
fn arms(order: &SimulateOrder<'_>) -> Vec<Arm> {
    let mut arms = vec![Arm::Whole(Strategy::Random)];
    for strategy in &order.strategies {
        let drawn = order.redraw.iter().map(|at_once| Arm::Drawn(*strategy, *at_once));
        for arm in std::iter::once(Arm::Whole(*strategy)).chain(drawn) {
            if !arms.contains(&arm) {
                arms.push(arm);
            }
        }
    }
    if arms.contains(&Arm::Whole(Strategy::Learnt)) {
        arms.push(Arm::WithoutPrior);
    }
    arms
}

impl Replay {
    /// Reads what is known of conversations with an outcome; those without one are left out.
    fn read(workspace: &Workspace, order: &SimulateOrder<'_>, now: Timestamp) -> Result<Self, EvaluateError> {
        let mut all = signals(workspace, order.truth.filter, now, order.expected)?;
        let mut replay = Self { signals: Signals::default(), failed: Vec::new(), group: Vec::new() };
        let covered = workspace.store().covered(workspace.reviewer())?;
        replay.signals.columns = std::mem::take(&mut all.columns);
        for (row, facts) in all.rows.into_iter().zip(all.facts) {
            let store = workspace.store();
            let Some(conversation) = store.conversation(&row.id)? else { continue };
            let Some(failed) = failed(store, &covered, &conversation, &order.truth)? else { continue };
            replay.group.push(group_of(&conversation, order.truth.group));
            replay.failed.push(failed);
            replay.signals.rows.push(row);
            replay.signals.facts.push(facts);
        }
        Ok(replay)
    }

    /// A pool, and what is held out; `None` where there is nothing to tell apart.
    fn draw(&self, rule: PoolRule, seed: u64) -> Option<(Vec<usize>, Vec<usize>)> {
        let mut draws = Draws::new(seed);
        let all: Vec<usize> = (0..self.failed.len()).collect();
        let (pool, held) = match rule {
            PoolRule::Groups => {
                let mut groups: Vec<&str> = self.group.iter().map(String::as_str).collect();
                groups.sort_unstable();
                groups.dedup();
                shuffle(&mut draws, &mut groups);
                let out: Vec<&str> = groups.split_off(groups.len() - groups.len() / HELD_OUT);
                all.into_iter().partition(|at| !out.contains(&self.group[*at].as_str()))
            }
            PoolRule::FailureShare(share) => {
                let (mut bad, good): (Vec<usize>, Vec<usize>) = all.into_iter().partition(|at| self.failed[*at]);
                let share = share.clamp(0.0, 0.999);
                let wanted = (good.len() as f64 * share / (1.0 - share)).round() as usize;
                shuffle(&mut draws, &mut bad);
                bad.truncate(wanted);
                let mut pool = good;
                pool.extend(bad);
                pool.sort_unstable();
                (pool, Vec::new())
            }
            PoolRule::OnePerGroup => {
                let mut members: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
                for at in &all {
                    members.entry(&self.group[*at]).or_default().push(*at);
                }
                let one = |of: Vec<usize>| of[(draws.unit() * of.len() as f64) as usize];
                (members.into_values().map(one).collect(), Vec::new())
            }
        };
        let [pool, held] = [pool, held].map(|mut some: Vec<usize>| {
            if some.len() > MOST {
                shuffle(&mut draws, &mut some);
                some.truncate(MOST);
                some.sort_unstable();
            }
            some
        });
        let bad = pool.iter().filter(|at| self.failed[**at]).count();
        (bad > 0 && bad < pool.len()).then_some((pool, held))
    }

    /// What an arm may know of these conversations.
    fn numbers(&self, places: &[usize], arm: Arm) -> (Vec<Column>, Vec<RawRow>) {
        let mut columns = self.signals.columns.clone();
        let mut rows: Vec<RawRow> = places.iter().map(|at| self.signals.rows[*at].clone()).collect();
        let fixed = columns.iter().position(|column| column.key == FIXED);
        if let Some(at) = fixed.filter(|_| arm == Arm::WithoutPrior) {
            columns.remove(at);
            for row in &mut rows {
                row.values.remove(at);
            }
        }
        (columns, rows)
    }

    /// Labels a pool to the end, in the order a strategy asks for.
    fn run(&self, (pool, held): (&[usize], &[usize]), (arm, seed): (Arm, u64), order: &SimulateOrder<'_>) -> Run {
        let (columns, rows) = self.numbers(pool, arm);
        let facts: Arc<[Facts]> = pool.iter().map(|at| self.signals.facts[*at].clone()).collect();
        let matrix = Arc::new(Matrix::new(&columns, &rows, None));
        let plan = Plan { strategy: arm.strategy(), seed, audit: order.audit, ..Plan::default() };
        let failures = pool.iter().filter(|at| self.failed[**at]).count();
        let mut queue = Queue::new(Arc::clone(&matrix), facts, plan, &Prior::Declared);
        let mut verdicts = Vec::with_capacity(pool.len());
        let mut looked = Looked { pool: pool.len(), failures, ..Looked::default() };
        let mut auroc = None;
        // What a strategy leaves out comes at its end, at random.
        let mut rest = queue.audit().sequence().to_vec().into_iter();
        // A place by lot is foretold by its number alone, so that a page holds what its places would come to one by one.
        let mut page = Vec::new().into_iter();
        while verdicts.len() < pool.len() {
            if verdicts.len().is_multiple_of(arm.at_once()) {
                page = queue.page(REVIEWER, arm.at_once()).into_iter();
            }
            let Some(row) = page.next().map(|slot| slot.row).or_else(|| rest.find(|row| queue.verdict(*row).is_none()))
            else {
                break;
            };
            let failed = self.failed[pool[row]];
            verdicts.push(failed);
            queue.hear(Event::Verdict {
                row,
                by: REVIEWER,
                failed: Some(failed),
                severity: None,
                origin: Origin::Queue,
            });
            if verdicts.len() == order.labels {
                looked.look(&queue, &verdicts);
                auroc = self.held_out(&queue, held, arm);
            }
        }
        Run { curve: Curve::of(verdicts, pool.len()), looked, auroc }
    }

    /// How well what a queue learnt tells failures among groups it knows nothing of.
    fn held_out(&self, queue: &Queue, held: &[usize], arm: Arm) -> Option<f64> {
        if held.is_empty() {
            return None;
        }
        let (columns, rows) = self.numbers(held, arm);
        let matrix = Matrix::new(&columns, &rows, Some(queue.matrix().scaling()));
        let pairs: Vec<(bool, f64)> =
            held.iter().enumerate().map(|(row, at)| (self.failed[*at], queue.ranker().p(&matrix, row))).collect();
        let both = pairs.iter().any(|pair| pair.0) && pairs.iter().any(|pair| !pair.0);
        both.then(|| area(pairs))
    }
}

impl Looked {
    fn look(&mut self, queue: &Queue, verdicts: &[bool]) {
        self.labels = verdicts.len();
        self.found = verdicts.iter().filter(|failed| **failed).count();
        for tally in queue.audit_sample() {
            self.audited = (self.audited.0 + tally.judged, self.audited.1 + tally.failed);
        }
        self.believed = (self.found as f64 + queue.expected_left()) / self.pool as f64;
    }
}

fn shuffle<T>(draws: &mut Draws, items: &mut [T]) {
    for last in (1..items.len()).rev() {
        items.swap(last, (draws.unit() * (last + 1) as f64) as usize);
    }
}
