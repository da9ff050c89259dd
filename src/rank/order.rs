//! What comes next in a queue, by each strategy.
//!
//! Invariant: a shorter page is the beginning of a longer one; every order is total, ties being broken by a hash of the id.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet};

use super::algebra::{dot, sigma};
use super::audit::Audit;
use super::matrix::Matrix;
use super::queue::{Facts, Origin, Queue, Said, Slot, SlotKind};
use super::strategy::Strategy;

/// Rows that are on screen at once.
pub const PAGE: usize = 20;

/// Near-duplicates among them, at most.
pub const ALIKE: usize = 3;

/// Above this share of failures in the audit, what is unsure is worth as much as what is likely.
const MANY_FAIL: f64 = 0.4;

/// Audited labels it takes to say so.
const ENOUGH: u64 = 10;

/// Of so many ranked slots of a weekly session, one goes to what is unsure.
const WEEKLY: u64 = 4;

/// Severity of an intent of which no failure is known.
const USUAL_SEVERITY: f64 = 2.5;

/// Conversations ordered by distance one by one; the rest by their distance to these.
const FARTHEST: usize = 100;

/// What a conversation is ordered by: largest first, then by the second.
type Key = [f32; 2];

/// A conversation with its key; the better one is the greater one.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Entry {
    key: Key,
    tie: u64,
    row: usize,
}

impl Eq for Entry {}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        let [a, b] = [self.key, other.key];
        a[0].total_cmp(&b[0])
            .then_with(|| a[1].total_cmp(&b[1]))
            .then_with(|| other.tie.cmp(&self.tie))
            .then_with(|| other.row.cmp(&self.row))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The best conversations of a list, best first.
struct Best {
    rows: Vec<usize>,
    /// Whether there are no others.
    all: bool,
}

/// By conversation its place among those of its intent, and how many these are.
pub(super) fn turns(matrix: &Matrix, audit: &Audit) -> Vec<(u32, u32)> {
    let mut counts: HashMap<u32, u32> = HashMap::new();
    let mut turns = vec![(0, 0); matrix.rows()];
    for row in audit.sequence() {
        let count = counts.entry(matrix.intent(*row)).or_insert(0);
        turns[*row].0 = *count;
        *count += 1;
    }
    for (row, turn) in turns.iter_mut().enumerate() {
        turn.1 = counts.get(&matrix.intent(row)).copied().unwrap_or(0);
    }
    turns
}

impl Queue {
    /// What comes next for a reviewer.
    pub fn page(&self, by: u32, most: usize) -> Vec<Slot> {
        let most = most.min(self.matrix.rows());
        let mut want = 2 * most + 64;
        loop {
            let lists = self.lists(by, want);
            if let Some(page) = self.fill(by, most, &lists) {
                return page;
            }
            want = want.saturating_mul(8);
        }
    }

    /// All that is left for a reviewer, in order.
    pub fn order(&self, by: u32) -> Vec<Slot> {
        self.page(by, self.matrix.rows())
    }

    /// The lists ranked slots are filled from: one, or two that take turns.
    fn lists(&self, by: u32, want: usize) -> Vec<Best> {
        let put_off: HashSet<usize> = self.skipped_by(by).collect();
        let open = |row: usize| !self.judged[row] && (put_off.is_empty() || !put_off.contains(&row));
        let learnt = |filter: &dyn Fn(&Facts) -> bool| {
            self.best(want, open, |row, logit| filter(self.known(row)).then(|| self.by_logit(row, logit)))
        };
        match self.plan.strategy {
            Strategy::Learnt | Strategy::Contradictory => {
                let all = self.plan.strategy == Strategy::Learnt;
                let contested = |facts: &Facts| facts.passes > 0 && facts.fails > 0;
                let mut lists = vec![if all {
                    self.best(want, open, |row, logit| Some(self.by_logit(row, logit)))
                } else {
                    learnt(&contested)
                }];
                if self.alternates() {
                    let filter = |row: usize| all || contested(self.known(row));
                    lists.push(self.best(want, open, |row, logit| filter(row).then(|| [-logit.abs(), 0.0])));
                }
                lists
            }
            Strategy::Weekly => {
                let unsure = self.unsure();
                vec![
                    self.best(want, open, |row, logit| Some([f32::from(u8::from(self.known(row).unresolved)), logit])),
                    self.best(want, open, |row, logit| Some([unsure(row, logit), 0.0])),
                ]
            }
            Strategy::LowConfidence => {
                let unsure = self.unsure();
                vec![self.best(want, open, |row, logit| Some([unsure(row, logit), 0.0]))]
            }
            Strategy::Mismatch => vec![self.best(want, open, |row, logit| {
                Some([self.known(row).mismatch.map_or(-1.0, |value| value as f32), logit])
            })],
            Strategy::Impact => {
                let weight = self.cost();
                vec![self.best(want, open, |row, logit| Some([(sigma(f64::from(logit)) * weight(row)) as f32, 0.0]))]
            }
            Strategy::Stratified => vec![self.best(want, open, |row, _| {
                let (turn, size) = self.turns[row];
                Some([-(turn as f32), size as f32])
            })],
            Strategy::Random => vec![self.best(want, open, |row, _| Some(self.by_place(row)))],
            Strategy::Flagged => vec![self.best(want, open, |row, logit| {
                let flags = self.known(row).flags;
                (flags > 0).then_some([flags as f32, logit])
            })],
            Strategy::Manual => {
                vec![self.best(want, open, |row, _| Some([-(self.known(row).place? as f32), 0.0]))]
            }
            Strategy::Diverse => vec![self.farthest(&open)],
            Strategy::SecondReview => vec![self.surprising(by, &put_off)],
            Strategy::Relabel => vec![self.oldest(&put_off)],
        }
    }

    fn known(&self, row: usize) -> &Facts {
        static NOTHING: Facts = Facts {
            confidence: None,
            passes: 0,
            fails: 0,
            mismatch: None,
            satisfaction: None,
            repeats: 0,
            flags: 0,
            place: None,
            stale: false,
            unresolved: false,
            audited: false,
        };
        self.facts.get(row).unwrap_or(&NOTHING)
    }

    fn skipped_by(&self, by: u32) -> impl Iterator<Item = usize> {
        self.skipped.range((by, 0)..=(by, usize::MAX)).map(|(_, row)| *row)
    }

    /// By P(fail); where nothing is known of any conversation, by the audit list.
    fn by_logit(&self, row: usize, logit: f32) -> Key {
        if self.matrix.width() > 1 { [logit, 0.0] } else { self.by_place(row) }
    }

    fn by_place(&self, row: usize) -> Key {
        [-(self.audit.place(row).unwrap_or(u64::MAX) as f32), 0.0]
    }

    /// Whether so much fails that every second ranked slot goes to what is unsure.
    fn alternates(&self) -> bool {
        let (judged, failed) =
            self.audit_sample().iter().fold((0, 0), |sum, one| (sum.0 + one.judged, sum.1 + one.failed));
        judged >= ENOUGH && failed as f64 > MANY_FAIL * judged as f64
    }

    /// How unsure agent, evaluators and ranker are.
    fn unsure(&self) -> impl Fn(usize, f32) -> f32 {
        let said: Vec<f64> = self.facts.iter().filter_map(|facts| facts.confidence).collect();
        let usual = if said.is_empty() { 1.0 } else { said.iter().sum::<f64>() / said.len() as f64 };
        let (passed, failed) = self.ranker.classes();
        move |row, logit| {
            let doubt = 1.0 - self.known(row).confidence.unwrap_or(usual);
            let near = 1.0 - (2.0 * sigma(f64::from(logit)) - 1.0).abs();
            (doubt + if passed > 0 && failed > 0 { near } else { 0.0 }) as f32
        }
    }

    /// What a failure costs.
    fn cost(&self) -> impl Fn(usize) -> f64 {
        let mut severities: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
        for (row, said) in &self.said {
            for severity in said.iter().filter(|one| one.failed == Some(true)).filter_map(|one| one.severity) {
                let sum = severities.entry(self.matrix.intent(*row)).or_default();
                *sum = (sum.0 + f64::from(severity), sum.1 + 1.0);
            }
        }
        let pool = self.matrix.rows().max(1) as f64;
        move |row| {
            let facts = self.known(row);
            let severity = severities.get(&self.matrix.intent(row)).map_or(USUAL_SEVERITY, |(sum, count)| sum / count);
            let discontent = facts.satisfaction.map_or(0.0, |value| 1.0 - value.clamp(0.0, 1.0));
            let volume = f64::from(self.turns[row].1) / pool;
            (1.0 + severity / 4.0) * (1.0 + discontent) * (1.0 + f64::from(facts.repeats).ln_1p()) * (1.0 + volume)
        }
    }

    /// The best of the open conversations by a key that is given row and logit.
    fn best(&self, want: usize, open: impl Fn(usize) -> bool, key: impl Fn(usize, f32) -> Option<Key>) -> Best {
        let (cells, stride) = self.matrix.cells();
        let mut weights = vec![0.0_f32; stride];
        self.ranker.values().iter().zip(&mut weights).for_each(|(weight, place)| *place = *weight as f32);
        let mut heap: BinaryHeap<Reverse<Entry>> = BinaryHeap::with_capacity(want.min(self.matrix.rows()) + 1);
        let (mut all, mut bar) = (true, f32::NEG_INFINITY);
        for (row, x) in cells.chunks_exact(stride).enumerate() {
            let logit = dot(x, &weights);
            if !open(row) {
                continue;
            }
            let Some(key) = key(row, logit) else { continue };
            if heap.len() < want {
                heap.push(Reverse(Entry { key, tie: self.matrix.tie(row), row }));
                continue;
            }
            all = false;
            if key[0] < bar {
                continue;
            }
            let entry = Entry { key, tie: self.matrix.tie(row), row };
            if let Some(mut worst) = heap.peek_mut()
                && entry > worst.0
            {
                *worst = Reverse(entry);
            }
            bar = heap.peek().map_or(bar, |worst| worst.0.key[0]);
        }
        Best { rows: heap.into_sorted_vec().into_iter().map(|entry| entry.0.row).collect(), all }
    }

    /// The least like anything labelled or before it.
    fn farthest(&self, open: &dyn Fn(usize) -> bool) -> Best {
        let (cells, stride) = self.matrix.cells();
        let mut mean = vec![0.0_f32; stride];
        mean[0] = 1.0;
        let away = |to: &[f32]| -> Vec<f32> {
            let apart = |x: &[f32]| x.iter().zip(to).map(|(a, b)| (a - b) * (a - b)).sum::<f32>();
            cells.chunks_exact(stride).map(apart).collect()
        };
        let mut nearest: Option<Vec<f32>> = None;
        let closer = |nearest: &mut Option<Vec<f32>>, row: usize| {
            let distances = away(self.matrix.row(row));
            match nearest {
                Some(known) => known.iter_mut().zip(&distances).for_each(|(known, new)| *known = known.min(*new)),
                None => *nearest = Some(distances),
            }
        };
        self.said.keys().for_each(|row| closer(&mut nearest, *row));
        let mut left: Vec<usize> = (0..self.matrix.rows()).filter(|row| open(*row)).collect();
        let mut rows = Vec::with_capacity(left.len());
        let from_mean = away(&mean);
        while rows.len() < FARTHEST {
            let distances = nearest.as_ref().unwrap_or(&from_mean);
            let entry =
                |at: usize| Entry { key: [distances[left[at]], 0.0], tie: self.matrix.tie(left[at]), row: left[at] };
            let Some(at) = (0..left.len()).max_by_key(|at| entry(*at)) else { break };
            let row = left.swap_remove(at);
            rows.push(row);
            closer(&mut nearest, row);
        }
        let distances = nearest.unwrap_or(from_mean);
        left.sort_by_key(|row| Reverse(Entry { key: [distances[*row], 0.0], tie: self.matrix.tie(*row), row: *row }));
        rows.extend(left);
        Best { rows, all: true }
    }

    /// Labels that surprise, for somebody else to look at; what was put off comes last.
    fn surprising(&self, by: u32, put_off: &HashSet<usize>) -> Best {
        let once = |said: &[Said]| match said {
            [one] if one.by != by && one.origin != Origin::Queue => Some((one.by, one.failed?)),
            _ => None,
        };
        let mut entries: Vec<Entry> = self
            .said
            .iter()
            .filter_map(|(row, said)| {
                let (who, failed) = once(said)?;
                let p = self.ranker.p_without(&self.matrix, *row, who);
                let surprise = (f64::from(u8::from(failed)) - p).abs() as f32;
                let audited = f32::from(u8::from(self.known(*row).audited));
                Some(Entry { key: [audited, surprise], tie: self.matrix.tie(*row), row: *row })
            })
            .collect();
        entries.sort_by(|a, b| put_off.contains(&a.row).cmp(&put_off.contains(&b.row)).then(b.cmp(a)));
        Best { rows: entries.into_iter().map(|entry| entry.row).collect(), all: true }
    }

    /// Labels to be given again, those of changed conversations first, then the oldest; what was put off comes last.
    fn oldest(&self, put_off: &HashSet<usize>) -> Best {
        let mut rows: Vec<((bool, bool, u64), usize)> = self
            .said
            .iter()
            .filter(|(_, said)| said.iter().all(|one| one.origin != Origin::Queue))
            .filter_map(|(row, said)| {
                let key = (put_off.contains(row), !self.known(*row).stale, said.iter().map(|one| one.at).min()?);
                Some((key, *row))
            })
            .collect();
        rows.sort_unstable();
        Best { rows: rows.into_iter().map(|(_, row)| row).collect(), all: true }
    }

    /// Which of the lists a ranked slot is filled from.
    fn turn(&self, ranked: u64, lists: usize) -> usize {
        match self.plan.strategy {
            Strategy::Weekly if lists > 1 => usize::from(ranked.is_multiple_of(WEEKLY)),
            _ if lists > 1 => usize::from(ranked.is_multiple_of(2)),
            _ => 0,
        }
    }

    /// Fills a page; `None` where the lists are too short to tell.
    fn fill(&self, by: u32, most: usize, lists: &[Best]) -> Option<Vec<Slot>> {
        let put_off: BTreeSet<usize> = self.skipped_by(by).collect();
        let done = self.done();
        let mut first = self.waiting(by, &put_off).into_iter().peekable();
        let mut page = Filling { queue: self, slots: Vec::new(), placed: HashSet::new(), window: HashMap::new() };
        let mut cursors: Vec<Cursor<'_>> = lists.iter().map(Cursor::new).collect();
        let mut audited = 0;
        while page.slots.len() < most {
            if page.slots.len().is_multiple_of(PAGE) {
                page.window.clear();
            }
            let position = done + page.slots.len() as u64 + 1;
            if let Some((row, kind)) = first.next() {
                page.place(row, kind, position);
                continue;
            }
            let reached = self.audit.reached(position);
            while reached
                .get(audited)
                .is_some_and(|row| self.judged[*row] || page.placed.contains(row) || put_off.contains(row))
            {
                audited += 1;
            }
            if let Some(row) = reached.get(audited).filter(|_| !self.plan.strategy.is_again()) {
                page.place(*row, SlotKind::Audit, position);
                continue;
            }
            let ranked = position - self.audit.share().slots(position);
            let turn = self.turn(ranked, lists.len());
            // What one list has left, the other may lack; a list that is used up gives its turn away.
            let order = std::iter::once(turn).chain((0..cursors.len()).filter(|at| *at != turn));
            let mut found = None;
            for at in order {
                found = cursors[at].next(&page);
                if found.is_some() || !cursors[at].list.all {
                    break;
                }
            }
            match found {
                Some(row) => {
                    let kind = if self.judged[row] { SlotKind::Again } else { SlotKind::Ranked };
                    page.place(row, kind, position);
                }
                None if lists.iter().any(|list| !list.all) => return None,
                None => break,
            }
        }
        let mut slots = page.slots;
        let left = put_off.into_iter().filter(|row| *row < self.matrix.rows() && !self.judged[*row]);
        for row in left.take(most - slots.len().min(most)) {
            let position = done + slots.len() as u64 + 1;
            let kind = if self.audit.has_reached(row, position) { SlotKind::Audit } else { SlotKind::Ranked };
            slots.push(self.made(row, kind, position));
        }
        Some(slots)
    }

    /// What comes ahead of any order: what needs another reviewer, and what a rule pinned.
    fn waiting(&self, by: u32, put_off: &BTreeSet<usize>) -> Vec<(usize, SlotKind)> {
        let needed = self.plan.per_item.max(1) as usize;
        let mut again: Vec<(u64, usize)> = self
            .said
            .iter()
            .filter(|(row, said)| {
                said.len() < needed
                    && said.iter().any(|one| one.origin != Origin::Elsewhere)
                    && said.iter().all(|one| one.by != by)
                    && !put_off.contains(row)
            })
            .filter_map(|(row, said)| Some((said.iter().map(|one| one.at).min()?, *row)))
            .collect();
        again.sort_unstable();
        let mut seen = HashSet::new();
        let pinned =
            self.plan.pinned.iter().filter(|row| !self.judged[**row] && !put_off.contains(row) && seen.insert(**row));
        let again = again.into_iter().map(|(_, row)| (row, SlotKind::Again));
        again.chain(pinned.map(|row| (*row, SlotKind::Pinned))).collect()
    }
}

/// A page on its way.
struct Filling<'a> {
    queue: &'a Queue,
    slots: Vec<Slot>,
    placed: HashSet<usize>,
    /// How many of each near-duplicate group stand in the present screenful.
    window: HashMap<u32, usize>,
}

impl Filling<'_> {
    fn place(&mut self, row: usize, kind: SlotKind, position: u64) {
        self.placed.insert(row);
        *self.window.entry(self.queue.matrix.group(row)).or_insert(0) += 1;
        self.slots.push(self.queue.made(row, kind, position));
    }

    fn has_room_for(&self, row: usize) -> bool {
        self.window.get(&self.queue.matrix.group(row)).is_none_or(|count| *count < ALIKE)
    }
}

/// How far a list is used up, with what had to wait because near-duplicates of it stand there.
struct Cursor<'a> {
    list: &'a Best,
    at: usize,
    waiting: Vec<usize>,
}

impl<'a> Cursor<'a> {
    fn new(list: &'a Best) -> Self {
        Self { list, at: 0, waiting: Vec::new() }
    }

    fn next(&mut self, page: &Filling<'_>) -> Option<usize> {
        self.waiting.retain(|row| !page.placed.contains(row));
        if let Some(at) = self.waiting.iter().position(|row| page.has_room_for(*row)) {
            return Some(self.waiting.remove(at));
        }
        while let Some(row) = self.list.rows.get(self.at).copied() {
            self.at += 1;
            if page.placed.contains(&row) {
                continue;
            }
            if page.has_room_for(row) {
                return Some(row);
            }
            self.waiting.push(row);
        }
        // Nothing else is left, so near-duplicates may stand together.
        if self.list.all && !self.waiting.is_empty() { Some(self.waiting.remove(0)) } else { None }
    }
}
