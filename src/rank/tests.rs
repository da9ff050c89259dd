//! What the parts of the order promise together: convergence, undo, determinism, and one golden order per strategy.

use std::sync::Arc;

use proptest::prelude::*;

use super::audit::{AuditShare, Batch};
use super::matrix::{Column, Kind, Matrix, Polarity, RawRow, Scaling};
use super::queue::{Event, Facts, Origin, Plan, Queue, Slot, SlotKind};
use super::ranker::{Lesson, Prior, Ranker};
use super::strategy::Strategy;
use crate::model::id::ConversationId;

/// A pool of `rows` conversations with `width` signals, drawn by a fixed recursion.
fn pool(rows: usize, width: usize) -> Matrix {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) as f64 / f64::from(1_u32 << 31)).mul_add(4.0, -2.0)
    };
    let rows: Vec<Vec<f64>> =
        (0..rows).map(|_| (0..width).map(|at| if at == 0 { 1.0 } else { next() }).collect()).collect();
    Matrix::plain(width, &rows)
}

fn taught(matrix: &Matrix, lessons: &[(usize, u32, bool)]) -> Ranker {
    let mut ranker = Ranker::new(matrix, &Prior::Declared);
    for (row, by, failed) in lessons {
        ranker.learn(matrix, Lesson { row: *row, by: *by, failed: Some(*failed) });
    }
    ranker
}

fn close(a: &[f64], b: &[f64], by: f64) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= by)
}

proptest! {
    #[test]
    fn undoing_gives_the_weights_of_a_fit_without_that_label(
        labels in prop::collection::vec((0_usize..60, 0_u32..3, any::<bool>()), 1..70),
        undone in 0_usize..70,
    ) {
        let matrix = pool(60, 9);
        let undone = undone % labels.len();
        let mut ranker = taught(&matrix, &labels);
        ranker.learn(&matrix, Lesson { row: labels[undone].0, by: labels[undone].1, failed: None });
        // A later label of the same person on the same conversation replaced the earlier ones, and is gone with them.
        let rest: Vec<_> =
            labels.iter().filter(|one| (one.0, one.1) != (labels[undone].0, labels[undone].1)).copied().collect();
        let mut without = taught(&matrix, &rest);
        without.fit();
        prop_assert_eq!(ranker.values(), without.values());
        prop_assert_eq!(ranker.version(), without.version());
    }

    #[test]
    fn a_fit_does_not_depend_on_the_order_of_labels(
        labels in prop::collection::vec((0_usize..40, any::<bool>()), 1..40),
        turn in 0_usize..40,
    ) {
        let matrix = pool(40, 6);
        let mut labels: Vec<(usize, u32, bool)> =
            labels.into_iter().map(|(row, failed)| (row, 0, failed)).collect();
        labels.sort_unstable();
        labels.dedup_by_key(|one| one.0);
        let mut one = taught(&matrix, &labels);
        let turn = turn % labels.len();
        labels.rotate_left(turn);
        let mut other = taught(&matrix, &labels);
        one.fit();
        other.fit();
        prop_assert_eq!(one.values(), other.values());
    }

    #[test]
    fn events_heard_again_give_the_same_order_and_a_page_is_its_beginning(
        events in prop::collection::vec((0_usize..50, 0_u32..2, 0_u8..8), 0..90),
        seed in 0_u64..1000,
        strategy in 0_usize..13,
    ) {
        let strategy = super::strategy::STRATEGIES[strategy].strategy;
        let facts: Arc<[Facts]> = (0..50_u32)
            .map(|at| Facts {
                passes: (at % 3) as u16,
                fails: (at % 2) as u16,
                flags: at % 4,
                place: (at % 5 > 0).then_some(at * 7 % 50),
                mismatch: (at % 2 == 0).then_some(f64::from(at) / 50.0),
                ..Facts::default()
            })
            .collect();
        let matrix = Arc::new(pool(50, 7));
        let queue = |together: bool| {
            let plan = Plan { strategy, seed, ..Plan::default() };
            let mut queue = Queue::new(Arc::clone(&matrix), Arc::clone(&facts), plan, &Prior::Declared);
            let heard = events.iter().map(|(row, by, what)| {
                match what {
                    0 => Event::Undone { row: *row, by: *by },
                    1 => Event::Skipped { row: *row, by: *by },
                    what => Event::Verdict {
                        row: *row,
                        by: *by,
                        failed: Some(what % 2 == 0),
                        severity: None,
                        origin: if row % 3 == 0 { Origin::Elsewhere } else { Origin::Queue },
                    },
                }
            });
            if together {
                queue.hear_all(heard);
            } else {
                heard.for_each(|event| queue.hear(event));
            }
            queue
        };
        let (replayed, queue) = (queue(true), queue(false));
        let order = queue.order(0);
        prop_assert_eq!(&order, &replayed.order(0));
        prop_assert_eq!(queue.version(), replayed.version());
        prop_assert_eq!(&order[..order.len().min(7)], &queue.page(0, 7)[..]);
        let mut rows: Vec<usize> = order.iter().map(|slot| slot.row).collect();
        rows.sort_unstable();
        rows.dedup();
        prop_assert_eq!(rows.len(), order.len(), "nothing twice");
        let done = queue.done();
        prop_assert!(order.iter().enumerate().all(|(at, slot)| slot.position == done + at as u64 + 1));
    }

    #[test]
    fn an_audit_serves_the_list_whatever_the_labels_say(
        failed in prop::collection::vec(any::<bool>(), 80),
        seed in 0_u64..1000,
        thousandths in 1_u16..1000,
    ) {
        let plan = Plan { seed, audit: AuditShare::per_mille(thousandths), ..Plan::default() };
        let mut queue = Queue::new(Arc::new(pool(80, 5)), Arc::new([]), plan, &Prior::Declared);
        let list = queue.audit().sequence().to_vec();
        while let Some(slot) = queue.page(1, 1).first().copied() {
            prop_assert_eq!(slot, queue.slot(slot.row), "what is served is what is stored");
            judge(&mut queue, slot.row, failed[slot.row]);
            let reached = queue.audit().reached(queue.done()).len();
            prop_assert!(list[..reached].iter().all(|row| queue.verdict(*row).is_some()));
        }
        prop_assert_eq!(queue.done(), 80);
        prop_assert_eq!(queue.curve().found.last().copied(), Some(failed.iter().filter(|one| **one).count() as u32));
    }
}

#[test]
fn one_step_at_a_time_comes_close_to_a_fit() {
    let matrix = pool(200, 12);
    // Failures by the second signal, with some against it.
    let labels: Vec<(usize, u32, bool)> =
        (0..24).map(|row| (row, 0, (matrix.row(row)[1] > 0.0) != (row % 7 == 0))).collect();
    let online = taught(&matrix, &labels);
    let mut fitted = online.clone();
    fitted.fit();
    assert_ne!(online.values(), fitted.values(), "24 labels came one by one");
    assert!(close(online.values(), fitted.values(), 0.06), "{:?} {:?}", online.values(), fitted.values());
    let rank = |ranker: &Ranker| {
        let mut rows: Vec<usize> = (24..200).collect();
        rows.sort_by(|a, b| ranker.p(&matrix, *b).total_cmp(&ranker.p(&matrix, *a)));
        rows.truncate(20);
        rows
    };
    let (one, other) = (rank(&online), rank(&fitted));
    assert!(one.iter().filter(|row| other.contains(row)).count() >= 17, "{one:?} {other:?}");
    // The 25th label fits anew.
    let mut all = labels;
    all.push((30, 0, true));
    let mut anew = taught(&matrix, &all);
    let before = anew.values().to_vec();
    anew.fit();
    assert_eq!(before, anew.values());
}

#[test]
fn a_fit_has_no_slope_left_even_where_classes_fall_apart() {
    let matrix = pool(120, 20);
    for labels in [1, 3, 24, 120] {
        let labels: Vec<_> = (0..labels).map(|row| (row, 0, matrix.row(row)[2] > 0.0)).collect();
        let mut ranker = taught(&matrix, &labels);
        ranker.fit();
        assert!(ranker.slope_length() < 1e-8, "{}", ranker.slope_length());
        assert!(ranker.values().iter().all(|weight| weight.is_finite()));
    }
}

#[test]
fn two_labels_of_one_conversation_count_as_one() {
    let matrix = pool(30, 5);
    let mut twice = taught(&matrix, &[(3, 0, true), (3, 1, true), (4, 0, false)]);
    let mut once = taught(&matrix, &[(3, 0, true), (4, 0, false)]);
    twice.fit();
    once.fit();
    assert!(close(twice.values(), once.values(), 1e-9));
    // Two that disagree pull it nowhere but to the middle.
    let mut divided = taught(&matrix, &[(3, 0, true), (3, 1, false)]);
    divided.fit();
    assert!((divided.p(&matrix, 3) - 0.5).abs() < 1e-6);
}

#[test]
fn cannot_tell_teaches_nothing_and_takes_back() {
    let matrix = pool(30, 5);
    let mut ranker = taught(&matrix, &[(3, 0, true), (4, 0, false)]);
    ranker.learn(&matrix, Lesson { row: 3, by: 0, failed: None });
    let mut other = taught(&matrix, &[(4, 0, false)]);
    other.fit();
    assert_eq!(ranker.values(), other.values());
}

#[test]
fn what_a_label_surprises_is_told_without_it() {
    let matrix = pool(60, 6);
    let labels: Vec<_> = (0..40).map(|row| (row, 0, matrix.row(row)[1] > 0.0)).collect();
    let mut ranker = taught(&matrix, &labels);
    ranker.fit();
    for row in [0, 7, 19] {
        let mut without = taught(&matrix, &labels);
        without.learn(&matrix, Lesson { row, by: 0, failed: None });
        let (told, exact) = (ranker.p_without(&matrix, row, 0), without.p(&matrix, row));
        assert!((told - exact).abs() < 0.02, "{told} {exact}");
    }
}

fn column(key: &str, words: &str, kind: Kind, polarity: Polarity) -> Column {
    Column { key: key.to_owned(), words: words.to_owned(), kind, polarity }
}

/// Twelve conversations: changes, refusals, an evaluator that scored most of them, and whether one was handed over.
fn named() -> (Vec<Column>, Vec<RawRow>) {
    let columns = vec![
        column("changes", "changes", Kind::Count, Polarity::HighIsBad),
        column("refusals", "refusals", Kind::Share, Polarity::Unknown),
        column("Help", "Help", Kind::Score, Polarity::LowIsBad),
        column("handed", "handed over", Kind::Flag { otherwise: "not handed over".to_owned() }, Polarity::Unknown),
        column("same", "same everywhere", Kind::Count, Polarity::HighIsBad),
    ];
    let rows = (0..12_u32)
        .map(|at| RawRow {
            id: ConversationId::from_stored(format!("c{at:02}")),
            group: format!("group {}", at / 6),
            intent: if at % 3 == 0 { "refund" } else { "booking" }.to_owned(),
            values: vec![
                Some(f64::from(at % 5)),
                Some(f64::from(at % 4) / 4.0),
                (at != 5).then_some(f64::from(11 - at) / 11.0),
                Some(f64::from(u8::from(at % 2 == 0))),
                Some(2.0),
            ],
        })
        .collect();
    (columns, rows)
}

#[test]
fn rows_are_standardised_and_say_what_is_missing() {
    let (columns, rows) = named();
    let matrix = Matrix::new(&columns, &rows, None);
    let keys: Vec<String> = matrix.keys().collect();
    assert_eq!(
        keys,
        ["changes", "refusals", "Help", "missing/Help", "handed"],
        "what is the same everywhere is left out"
    );
    for at in 1..matrix.width() {
        let values: Vec<f64> = (0..12).map(|row| f64::from(matrix.row(row)[at])).collect();
        let mean = values.iter().sum::<f64>() / 12.0;
        assert!(mean.abs() < 1e-6 || at == 4, "{at} {mean}");
        assert!(values.iter().all(|value| value.abs() <= 3.0));
    }
    assert!(matrix.row(5)[3].abs() < 1e-9, "a missing value is the mean");
    assert!(matrix.row(5)[4] > 2.9 && matrix.row(6)[4] < 0.0);
    assert!((0..12).all(|row| (matrix.row(row)[0] - 1.0).abs() < 1e-9));
}

#[test]
fn a_frozen_scale_stays_until_the_pool_has_grown_by_a_fifth() {
    let (columns, mut rows) = named();
    let frozen = Matrix::new(&columns, &rows[..10], None).scaling().clone();
    let stored: Scaling = serde_json::from_str(&serde_json::to_string(&frozen).unwrap()).unwrap();
    assert_eq!(stored, frozen);
    let grown = Matrix::new(&columns, &rows, Some(&frozen));
    assert_eq!(grown.scaling(), &frozen);
    let alone = Matrix::new(&columns, &rows[..10], Some(&frozen));
    assert!((0..10).all(|row| alone.row(row) == grown.row(row)));
    rows.push(rows[0].clone());
    assert_eq!(Matrix::new(&columns, &rows, Some(&frozen)).scaling().rows, 13);
    assert!(!frozen.fits(&columns[1..], 10));
}

#[test]
fn too_many_columns_lose_the_last() {
    let columns: Vec<Column> =
        (0..80).map(|at| column(&format!("s{at}"), "s", Kind::Score, Polarity::Unknown)).collect();
    let rows: Vec<RawRow> = (0..20_u32)
        .map(|at| RawRow {
            id: ConversationId::from_stored(at.to_string()),
            group: String::new(),
            intent: String::new(),
            values: (0..80).map(|column| Some(f64::from((at * 7 + column * 3) % 11))).collect(),
        })
        .collect();
    let matrix = Matrix::new(&columns, &rows, None);
    assert_eq!(matrix.width(), super::matrix::WIDEST);
    assert_eq!(matrix.keys().last().as_deref(), Some("s62"));
}

#[test]
fn reasons_are_words_and_weights_are_carried_over() {
    let (columns, rows) = named();
    let matrix = Matrix::new(&columns, &rows, None);
    let mut ranker = Ranker::new(&matrix, &Prior::Declared);
    for row in 0..12 {
        for by in 0..1 {
            ranker.learn(&matrix, Lesson { row, by, failed: Some(row % 5 >= 3) });
        }
    }
    ranker.fit();
    let words: Vec<String> = ranker.reasons(&matrix, 4).iter().map(ToString::to_string).collect();
    // That there are no refusals moves it as well, and is nothing to look at.
    assert_eq!(words, ["4 changes, +0.5"], "{words:?}");
    // An evaluator that measures the same is no second reason.
    let (mut columns, mut rows) = (columns, rows);
    columns.push(column("score/Changes", "Changes", Kind::Count, Polarity::HighIsBad));
    for row in &mut rows {
        row.values.push(row.values[0]);
    }
    let twice = Matrix::new(&columns, &rows, None);
    let lessons: Vec<_> = (0..12).map(|row| (row, 0, row % 5 >= 3)).collect();
    let words: Vec<String> = taught(&twice, &lessons).reasons(&twice, 4).iter().map(ToString::to_string).collect();
    assert_eq!(words.iter().filter(|one| one.to_lowercase().contains("changes")).count(), 1, "{words:?}");
    let (columns, rows) = named();
    let carried = Ranker::new(&matrix, &Prior::Carried(ranker.weights()));
    assert_eq!(carried.values(), ranker.values());
    assert_eq!(carried.version(), ranker.version());
    let fewer = Matrix::new(&columns[..2], &rows, None);
    let partly = Ranker::new(&fewer, &Prior::Carried(ranker.weights()));
    assert_eq!(partly.values(), &ranker.values()[..3]);
}

fn judge(queue: &mut Queue, row: usize, failed: bool) {
    queue.hear(Event::Verdict { row, by: 1, failed: Some(failed), severity: None, origin: Origin::Queue });
}

fn rows_of(slots: &[Slot]) -> Vec<usize> {
    slots.iter().map(|slot| slot.row).collect()
}

/// The golden pool: the facts give each strategy something to go by.
fn golden(strategy: Strategy) -> Queue {
    let (columns, rows) = named();
    let facts: Vec<Facts> = (0..12_u32)
        .map(|at| Facts {
            confidence: (at % 3 == 0).then_some(f64::from(at) / 12.0),
            passes: u16::from(at % 2 == 0),
            fails: u16::from(at % 4 != 1),
            mismatch: (at % 4 == 0).then_some(f64::from(at) / 8.0),
            satisfaction: (at > 8).then_some(0.1),
            repeats: u32::from(at == 7) * 3,
            flags: at % 3,
            place: (at > 4).then_some(20 - at.min(20)),
            stale: at == 3,
            unresolved: at == 8,
            audited: at == 2,
        })
        .collect();
    let plan = Plan { strategy, seed: 11, audit: AuditShare::NONE, ..Plan::default() };
    let mut queue = Queue::new(Arc::new(Matrix::new(&columns, &rows, None)), facts.into(), plan, &Prior::Declared);
    // Four labels from before: changes fail.
    for (row, failed) in [(4, true), (0, false), (3, true), (2, false)] {
        queue.hear(Event::Verdict {
            row,
            by: 9,
            failed: Some(failed),
            severity: failed.then_some(4),
            origin: Origin::Elsewhere,
        });
    }
    queue
}

#[test]
fn golden_orders() {
    // Rows 0 to 5 nearly repeat each other, and so do 6 to 11: after three of one kind the other has its turn.
    let expected: [(Strategy, &[usize]); 13] = [
        (Strategy::Learnt, &[9, 7, 11, 1, 5, 8, 6, 10]),
        (Strategy::LowConfidence, &[1, 8, 5, 10, 11, 7, 6, 9]),
        (Strategy::Contradictory, &[8, 6, 10]),
        (Strategy::Mismatch, &[8, 9, 7, 1, 5, 11, 6, 10]),
        (Strategy::Random, &[11, 7, 1, 8, 5, 10, 6, 9]),
        (Strategy::Impact, &[7, 11, 9, 1, 5, 10, 8, 6]),
        (Strategy::Stratified, &[11, 6, 7, 1, 5, 9, 8, 10]),
        (Strategy::Diverse, &[5, 10, 11, 9, 1, 6, 7, 8]),
        (Strategy::SecondReview, &[2, 4, 3, 0]),
        (Strategy::Relabel, &[3, 4, 0, 2]),
        (Strategy::Flagged, &[11, 8, 5, 7, 1, 10]),
        (Strategy::Manual, &[11, 10, 9, 5, 8, 7, 6]),
        (Strategy::Weekly, &[8, 9, 7, 1, 5, 11, 6, 10]),
    ];
    for (strategy, rows) in expected {
        assert_eq!(rows_of(&golden(strategy).order(1)), rows, "{strategy}");
    }
}

#[test]
fn near_duplicates_stand_at_most_three_among_twenty() {
    let (columns, _) = named();
    // Sixty conversations; the thirty most suspicious nearly repeat each other.
    let rows: Vec<RawRow> = (0..60_u32)
        .map(|at| RawRow {
            id: ConversationId::from_stored(format!("c{at:02}")),
            group: if at >= 30 { "alike".to_owned() } else { at.to_string() },
            intent: String::new(),
            values: vec![Some(f64::from(at)), None, None, None, None],
        })
        .collect();
    let plan = Plan { audit: AuditShare::NONE, ..Plan::default() };
    let queue = Queue::new(Arc::new(Matrix::new(&columns, &rows, None)), Arc::new([]), plan, &Prior::Declared);
    let order = rows_of(&queue.order(1));
    assert_eq!(order.len(), 60);
    assert_eq!(order[..4], [59, 58, 57, 29]);
    let alike = |page: &[usize]| page.iter().filter(|row| **row >= 30).count();
    assert_eq!(alike(&order[..20]), 3);
    // There were 30 others: 17 on the first page, 13 on the second, so the rest has to stand together.
    assert_eq!(alike(&order[20..40]), 7);
    assert_eq!(rows_of(&queue.page(1, 25)), order[..25]);
}

#[test]
fn what_was_skipped_undone_or_pinned_finds_its_place() {
    let matrix = Arc::new(pool(40, 4));
    let plan = Plan { seed: 5, pinned: vec![17, 4], ..Plan::default() };
    let mut queue = Queue::new(matrix, Arc::new([]), plan, &Prior::Declared);
    let kinds = |slots: &[Slot]| slots.iter().map(|slot| slot.kind).collect::<Vec<_>>();
    let first = queue.page(1, 4);
    assert_eq!(rows_of(&first)[..2], [17, 4]);
    // Slots 1 and 3 belong to the audit; the pinned ones took the place of the first, which follows at once.
    assert_eq!(kinds(&first), [SlotKind::Pinned, SlotKind::Pinned, SlotKind::Audit, SlotKind::Audit]);
    assert_eq!(rows_of(&first)[2..], queue.audit().sequence()[..2]);
    for slot in &first {
        judge(&mut queue, slot.row, slot.row % 2 == 0);
    }
    let audited = first[2].row;
    queue.hear(Event::Undone { row: audited, by: 1 });
    assert_eq!(queue.page(1, 1)[0].row, audited, "an audited conversation whose label was undone comes back");
    queue.hear(Event::Skipped { row: audited, by: 1 });
    let order = queue.order(1);
    assert_eq!(order.last().map(|slot| (slot.row, slot.kind)), Some((audited, SlotKind::Audit)));
    assert_eq!(queue.page(2, 1)[0].row, audited, "what one puts off is still there for another");
}

#[test]
fn a_second_reviewer_is_asked_where_the_plan_says_so() {
    let plan = Plan { per_item: 2, ..Plan::default() };
    let mut queue = Queue::new(Arc::new(pool(30, 4)), Arc::new([]), plan, &Prior::Declared);
    let mine: Vec<usize> = (0..3)
        .map(|_| {
            let row = queue.page(1, 1)[0].row;
            judge(&mut queue, row, true);
            row
        })
        .collect();
    let other = queue.page(2, 4);
    assert_eq!(rows_of(&other)[..3], mine);
    assert_eq!(other[0].kind, SlotKind::Again);
    queue.hear(Event::Verdict { row: mine[0], by: 2, failed: Some(false), severity: None, origin: Origin::Queue });
    assert_eq!(queue.done(), 3, "a second label takes no slot");
    assert_eq!(queue.verdict(mine[0]), None);
    assert!(!rows_of(&queue.order(3)).contains(&mine[0]));
}

#[test]
fn where_most_fail_every_second_ranked_slot_goes_to_what_is_unsure() {
    let matrix = Arc::new(pool(100, 4));
    let mut queue =
        Queue::new(Arc::clone(&matrix), Arc::new([]), Plan { seed: 2, ..Plan::default() }, &Prior::Declared);
    // Ten audited ones are enough to say that most fail.
    while queue.done() < 50 {
        let row = queue.page(1, 1)[0].row;
        judge(&mut queue, row, matrix.row(row)[1] > -0.5);
    }
    let ranked: Vec<Slot> = queue.page(1, 12).into_iter().filter(|slot| slot.kind == SlotKind::Ranked).collect();
    let near = |slot: &Slot| (slot.p - 0.5).abs();
    let open = || (0..100).filter(|row| queue.verdict(*row).is_none());
    let nearest = open().map(|row| (queue.p(row) - 0.5).abs()).fold(1.0, f64::min);
    let highest = open().map(|row| queue.p(row)).fold(0.0, f64::max);
    assert!(ranked[..2].iter().any(|slot| near(slot) <= nearest), "{ranked:?}");
    assert!(ranked[..2].iter().any(|slot| slot.p >= highest), "{ranked:?}");
}

#[test]
fn a_stop_is_advised_when_the_order_is_worth_little_more_than_chance() {
    let matrix = Arc::new(pool(300, 3));
    let plan = Plan { seed: 3, ..Plan::default() };
    let mut queue = Queue::new(Arc::clone(&matrix), Arc::new([]), plan, &Prior::Declared);
    let failed = |row: usize| matrix.row(row)[1] > 1.2;
    let mut stopped = Vec::new();
    while let Some(slot) = queue.page(1, 1).first().copied() {
        judge(&mut queue, slot.row, failed(slot.row));
        let outlook = queue.outlook(1);
        if outlook.stop {
            stopped.push(outlook.judged);
        }
    }
    let total = (0..300).filter(|row| failed(*row)).count() as u32;
    let first = *stopped.first().unwrap() as usize;
    let found = queue.curve().found[first - 1];
    // When it is first advised most is found, long before the end of the pool.
    assert!(f64::from(found) > 0.8 * f64::from(total), "{found} of {total} after {first}");
    assert!(first < 250, "{first}");
    let gain = queue.curve().gain().unwrap();
    assert!(gain > 0.7, "{gain}");
}

#[test]
fn batches_are_tallied_apart() {
    let batches = vec![
        Batch { name: "one".to_owned(), rows: (0..20).collect(), since: 0 },
        Batch { name: "two".to_owned(), rows: (20..40).collect(), since: 0 },
    ];
    let plan = Plan { strategy: Strategy::Random, batches, ..Plan::default() };
    let mut queue = Queue::new(Arc::new(pool(40, 3)), Arc::new([]), plan, &Prior::Declared);
    for _ in 0..10 {
        let slot = queue.page(1, 1)[0];
        assert_eq!(slot.kind, SlotKind::Audit);
        judge(&mut queue, slot.row, slot.row >= 20);
    }
    let tallies: Vec<_> = queue
        .audit_sample()
        .into_iter()
        .map(|one| (one.batch, one.size, one.reached, one.judged, one.failed))
        .collect();
    assert_eq!(tallies, [("one".to_owned(), 20, 5, 5, 0), ("two".to_owned(), 20, 5, 5, 5)]);
    // The chance of a draw is 1 over what is left of its batch.
    assert!((queue.page(1, 1)[0].q - 1.0 / 15.0).abs() < 1e-12);
}

#[test]
fn one_of_a_count_is_told_as_one() {
    for (words, one) in [
        ("failed calls", "failed call"),
        ("values nobody had named", "value nobody had named"),
        ("messages and calls", "messages and calls"),
        ("doubt", "doubt"),
    ] {
        assert_eq!(super::matrix::one_of(words), one);
    }
}
