//! The audit list: conversations in random order, fixed when they were imported, served in slots anybody can foretell.
//!
//! Invariant: which conversation an audit slot serves depends on the seed and on how many slots went by, never on a label
//! or a probability; so what it holds is a random sample, and rates over it are honest.
//!
//! Of the first t slots, floor(a t) are audit slots, a being the share, or every second one of the first ten where that is
//! more: these are drawn at random anyhow, so that both verdicts are soon among the labels, and they count towards the
//! share, which is at most a from slot 5 / a on. The pointer into the list moves by exactly one per audit slot, also where the conversation there
//! is labelled already (then the slot goes to the ranker). "The next one without a label" would end where the ranker lost
//! interest, which is a biased sample.

use super::draw::Draw;
use super::matrix::Matrix;

/// The first slots alternate, so that both verdicts are soon among the labels.
pub const COLD: u64 = 10;

/// The share of slots that are audit slots, in thousandths, so that slots are counted exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditShare(u16);

impl Default for AuditShare {
    fn default() -> Self {
        Self(200)
    }
}

impl AuditShare {
    /// No audit at all: nothing will be known about rates.
    pub const NONE: Self = Self(0);

    /// In thousandths; more than all is all.
    pub fn per_mille(thousandths: u16) -> Self {
        Self(thousandths.min(1000))
    }

    /// From a share between 0 and 1; `None` for what is none.
    pub fn of(share: f64) -> Option<Self> {
        (0.0..=1.0).contains(&share).then(|| Self((share * 1000.0).round() as u16))
    }

    /// In thousandths.
    pub fn thousandths(self) -> u16 {
        self.0
    }

    /// How many of the first `t` slots are audit slots.
    pub fn slots(self, t: u64) -> u64 {
        let share = u64::from(self.0);
        if share == 0 {
            return 0;
        }
        (share * t / 1000).max(t.min(COLD).div_ceil(2))
    }
}

/// Conversations that came in together, with a list of their own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// What it is called; part of what its order is drawn from.
    pub name: String,
    /// Its conversations.
    pub rows: Vec<usize>,
    /// Audit slots that had gone by when it came in; 0 for the first.
    pub since: u64,
}

/// The order in which the conversations of a batch are audited, by Fisher and Yates. It is drawn over the hashes of their
/// ids, so that the order in which they are given does not matter.
pub fn permutation(seed: u64, batch: &str, matrix: &Matrix, rows: &[usize]) -> Vec<usize> {
    let mut order = rows.to_vec();
    order.sort_by_key(|row| (matrix.tie(*row), *row));
    order.dedup();
    Draw::new(seed, &format!("audit {batch}")).shuffle(&mut order);
    order
}

/// The list.
#[derive(Debug, Clone)]
pub struct Audit {
    share: AuditShare,
    /// Rows in the order in which audit slots serve them.
    sequence: Vec<usize>,
    /// The place of a row in the sequence; `u64::MAX` for one that is on no list.
    places: Vec<u64>,
    /// By batch: its name, and how many it holds.
    batches: Vec<(String, u64)>,
    batch_of: Vec<u32>,
    /// How many conversations of its batch were left when a conversation was drawn, itself among them.
    left: Vec<u32>,
}

impl Audit {
    /// Draws the lists. Where there are several batches, an audit slot goes to the one of which the smallest share was
    /// served, so that all of them are sampled alike.
    pub fn new(seed: u64, share: AuditShare, matrix: &Matrix, batches: &[Batch]) -> Self {
        let mut lists: Vec<(u64, Vec<usize>)> =
            batches.iter().map(|batch| (batch.since, permutation(seed, &batch.name, matrix, &batch.rows))).collect();
        let mut batch_of = vec![u32::MAX; matrix.rows()];
        let mut places = vec![u64::MAX; matrix.rows()];
        let mut left = vec![1; matrix.rows()];
        for (at, (_, list)) in lists.iter_mut().enumerate() {
            // A conversation is on one list only, that of the first batch it came in with.
            list.retain(|row| batch_of.get(*row) == Some(&u32::MAX));
            for row in list.iter() {
                batch_of[*row] = at as u32;
            }
        }
        let total = lists.iter().map(|(_, list)| list.len()).sum();
        let mut sequence: Vec<usize> = Vec::with_capacity(total);
        let mut taken = vec![0_usize; lists.len()];
        while sequence.len() < total {
            let now = sequence.len() as u64;
            let open = |at: &usize| taken[*at] < lists[*at].1.len();
            let due = |at: &usize| lists[*at].0 <= now;
            let served = |at: &usize| (taken[*at] + 1) as f64 / lists[*at].1.len().max(1) as f64;
            let least = |a: &usize, b: &usize| served(a).total_cmp(&served(b)).then(a.cmp(b));
            // Where every batch that is there by now is used up, the next one does not wait.
            let next = (0..lists.len()).filter(|at| open(at) && due(at)).min_by(least);
            let Some(at) = next.or_else(|| (0..lists.len()).find(|at| open(at))) else { break };
            let row = lists[at].1[taken[at]];
            places[row] = now;
            left[row] = (lists[at].1.len() - taken[at]) as u32;
            sequence.push(row);
            taken[at] += 1;
        }
        let batches = batches.iter().zip(&lists).map(|(batch, (_, list))| (batch.name.clone(), list.len() as u64));
        Self { share, sequence, places, batches: batches.collect(), batch_of, left }
    }

    /// The share of slots.
    pub fn share(&self) -> AuditShare {
        self.share
    }

    /// The conversation that the audit slot behind `passed` others serves; `None` where the list is used up.
    pub fn at(&self, passed: u64) -> Option<usize> {
        self.sequence.get(usize::try_from(passed).ok()?).copied()
    }

    /// The conversations that audit slots have come to after `t` slots, labelled or not.
    pub fn reached(&self, t: u64) -> &[usize] {
        let slots = usize::try_from(self.share.slots(t)).unwrap_or(usize::MAX);
        &self.sequence[..slots.min(self.sequence.len())]
    }

    /// All of the list.
    pub fn sequence(&self) -> &[usize] {
        &self.sequence
    }

    /// Whether audit slots have come to a conversation after `t` slots.
    pub fn has_reached(&self, row: usize, t: u64) -> bool {
        self.places.get(row).is_some_and(|place| *place < self.share.slots(t))
    }

    /// The place of a conversation in the list.
    pub fn place(&self, row: usize) -> Option<u64> {
        self.places.get(row).copied().filter(|place| *place != u64::MAX)
    }

    /// How likely it was that a conversation was drawn when it was, given those before it: 1 over what was left.
    pub fn chance(&self, row: usize) -> f64 {
        1.0 / f64::from(self.left.get(row).copied().unwrap_or(1).max(1))
    }

    /// Batches with how many conversations each holds.
    pub fn batches(&self) -> &[(String, u64)] {
        &self.batches
    }

    /// The batch of a conversation.
    pub fn batch(&self, row: usize) -> Option<usize> {
        self.batch_of.get(row).filter(|at| **at != u32::MAX).map(|at| *at as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(n: usize) -> Matrix {
        Matrix::plain(1, &vec![vec![1.0]; n])
    }

    fn batch(name: &str, rows: std::ops::Range<usize>, since: u64) -> Batch {
        Batch { name: name.to_owned(), rows: rows.collect(), since }
    }

    #[test]
    fn the_first_ten_alternate_and_count_towards_one_in_five() {
        let share = AuditShare::default();
        let is_slot = |share: AuditShare, t: u64| share.slots(t) > share.slots(t - 1);
        let slots: Vec<u64> = (1..=40).filter(|t| is_slot(share, *t)).collect();
        assert_eq!(slots, [1, 3, 5, 7, 9, 30, 35, 40]);
        assert_eq!((1..=10_000).filter(|t| is_slot(AuditShare::per_mille(290), *t)).count(), 2_900);
        assert!((25..1_000).all(|t| share.slots(t) * 5 <= t));
        assert_eq!((1..=1_000).filter(|t| is_slot(AuditShare::NONE, *t)).count(), 0);
        assert!((1..=1_000).all(|t| is_slot(AuditShare::per_mille(1_000), t)));
        for thousandths in [1, 100, 200, 333, 500, 777, 1_000] {
            let share = AuditShare::per_mille(thousandths);
            assert!((1..500).all(|t| share.slots(t) - share.slots(t - 1) <= 1), "{thousandths}");
        }
    }

    #[test]
    fn a_list_is_a_permutation_that_only_seed_and_ids_decide() {
        let matrix = pool(200);
        let forward: Vec<usize> = (0..200).collect();
        let backward: Vec<usize> = (0..200).rev().collect();
        let list = permutation(7, "a", &matrix, &forward);
        assert_eq!(list, permutation(7, "a", &matrix, &backward));
        assert_ne!(list, permutation(8, "a", &matrix, &forward));
        assert_ne!(list, permutation(7, "b", &matrix, &forward));
        let mut sorted = list;
        sorted.sort_unstable();
        assert_eq!(sorted, forward);
    }

    #[test]
    fn a_later_import_does_not_disturb_what_was_served() {
        let matrix = pool(120);
        let first = Audit::new(3, AuditShare::default(), &matrix, &[batch("one", 0..60, 0)]);
        let both = Audit::new(3, AuditShare::default(), &matrix, &[batch("one", 0..60, 0), batch("two", 60..120, 12)]);
        assert_eq!(first.sequence()[..12], both.sequence()[..12]);
        // From then on the new one catches up until both are sampled alike.
        let of_two = |k: usize| both.sequence()[..k].iter().filter(|row| **row >= 60).count();
        assert_eq!((of_two(12), of_two(24)), (0, 12));
        assert_eq!(of_two(44), 22);
        assert_eq!(both.sequence().len(), 120);
        assert_eq!(both.batch(119), Some(1));
        assert!(both.has_reached(first.sequence()[0], 1) && !both.has_reached(first.sequence()[1], 2));
    }
}
