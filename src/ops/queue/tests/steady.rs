//! What must not move: the draw by lot, the queue in which something was judged, and both ways of hearing the log.

use super::super::super::import::{ImportOptions, import};
use super::*;

/// The rows of the audit, in their order.
fn by_lot(workspace: &mut Workspace, queue: &str) -> Vec<String> {
    let working = listing::ready(workspace, queue).unwrap();
    let rows = working.queue.audit().sequence();
    rows.iter().map(|row| working.ids[*row].to_string()).collect()
}

/// Judges a conversation outside of any queue.
fn judge_anywhere(workspace: &mut Workspace, row: &ShownRow, verdict: Verdict) {
    let subject =
        Subject { conversation: row.summary.id.clone(), transcript_hash: row.summary.transcript_hash.clone() };
    let failed_at = (verdict == Verdict::Fail).then_some(FailedAt::NoSingleStep);
    let judgement = Judgement { failed_at, ..Judgement::new(subject, verdict) };
    review::record(workspace, &Act::Judge(judgement), NOW).unwrap();
}

#[test]
fn what_is_received_never_redraws_the_audit_that_is_under_way() {
    let mut desk = Desk::empty();
    // As a receiver stores them: without an import of their own.
    let receive = |desk: &mut Desk, numbers: std::ops::Range<usize>| {
        let file = desk.folder.path().join(format!("from-{}.jsonl", numbers.start));
        fs::write(&file, numbers.map(chat).collect::<Vec<_>>().join("\n")).unwrap();
        import(desk.workspace.store_mut(), &[file], &ImportOptions::default(), &mut |_| ControlFlow::Continue(()))
            .unwrap();
    };
    receive(&mut desk, 0..20);
    desk.define(spec());
    let drawn = by_lot(&mut desk.workspace, "week");
    assert_eq!(drawn.len(), 20, "what was there when the queue was made can be drawn");
    receive(&mut desk, 20..60);
    desk.workspace.store_mut().close_batch(NOW, 64).unwrap();
    assert_eq!(by_lot(&mut desk.workspace, "week"), drawn, "a batch that is not full changes nothing");
    receive(&mut desk, 60..90);
    desk.workspace.store_mut().close_batch(NOW, 64).unwrap();
    // Later ones come between, so that they catch up; the order among those drawn earlier is the same.
    let among = |all: Vec<String>, drawn: &[String]| -> Vec<String> {
        all.into_iter().filter(|id| drawn.contains(id)).collect()
    };
    let both = by_lot(&mut desk.workspace, "week");
    assert_eq!((both.len(), among(both.clone(), &drawn)), (90, drawn));
    desk.import(90..95);
    let all = by_lot(&mut desk.workspace, "week");
    assert_eq!((all.len(), among(all, &both)), (95, both));
}

#[test]
fn judged_again_elsewhere_it_stays_in_the_queue_and_is_not_blind_any_more() {
    let mut desk = Desk::new(30);
    desk.define(spec());
    desk.judge_all("week", 10);
    let before = state(&mut desk.workspace, "week");
    let (_, rows) = shown(&mut desk.workspace, ("week", 1), NOW).unwrap();
    let lot = rows.iter().find(|row| row.place.as_ref().is_some_and(|place| place.slot.kind == SlotKind::Audit));
    judge_anywhere(&mut desk.workspace, lot.unwrap(), Verdict::Fail);
    let after = state(&mut desk.workspace, "week");
    assert_eq!((after.done, after.audit_labels), (before.done, before.audit_labels));
    let heads = heads(desk.workspace.store()).unwrap();
    assert_eq!(heads[0].done, before.done);
    let (judged, _) = desk.workspace.store().judgements_in_order().unwrap();
    let again = judged.iter().find(|one| one.conversation == lot.unwrap().summary.id).unwrap();
    assert!(again.slot_in("week").is_some() && !again.blind);
    // A queue of a name that was used before is another one.
    review::record(&mut desk.workspace, &Act::Queue(QueueChange::Remove { name: "week".into() }), NOW).unwrap();
    desk.define(QueueSpec { seed: 9, ..spec() });
    assert_eq!(state(&mut desk.workspace, "week").done, 0);
    assert_eq!(super::heads(desk.workspace.store()).unwrap()[0].done, 0);
}

#[test]
fn a_verdict_after_a_settlement_is_heard_as_it_is_replayed() {
    let mut desk = Desk::new(30);
    desk.define(spec());
    desk.judge_all("week", 8);
    let (_, rows) = shown(&mut desk.workspace, ("week", 1), NOW).unwrap();
    let row = rows.into_iter().find(|row| row.judged).unwrap();
    drop(desk.workspace);
    let mut ben = open(desk.folder.path(), "ben");
    let other = |verdict| if verdict == Some(Verdict::Fail) { Verdict::Pass } else { Verdict::Fail };
    judge_anywhere(&mut ben, &row, other(row.summary.own_verdict));
    let subject =
        Subject { conversation: row.summary.id.clone(), transcript_hash: row.summary.transcript_hash.clone() };
    let took = Act::Adjudicate { subject, took: "ben".into(), reason: "the policy says so".into() };
    review::record(&mut ben, &took, NOW).unwrap();
    let mut ana = open(desk.folder.path(), "ana");
    let _ = order(&mut ana, "week");
    judge_anywhere(&mut ana, &row, row.summary.own_verdict.unwrap());
    let kept = (order(&mut ana, "week"), state(&mut ana, "week"));
    let mut anew = open(desk.folder.path(), "ana");
    assert_eq!(kept, (order(&mut anew, "week"), state(&mut anew, "week")));
}

/// The conversations of a queue, judged or not, as a program lists them.
fn listed(workspace: &mut Workspace) -> Vec<String> {
    order(workspace, "week").into_iter().map(|(name, ..)| name).collect()
}

#[test]
fn a_queue_of_a_size_keeps_what_was_drawn_and_each_verdict_takes_the_one_that_was_next() {
    let mut desk = Desk::new(90);
    desk.define(QueueSpec { size: Some(10), ..spec() });
    desk.define(QueueSpec::new("open", "learnt"));
    let drawn = listed(&mut desk.workspace);
    let first = order(&mut desk.workspace, "open");
    assert_eq!(drawn.len(), 10);
    for (done, next) in drawn.iter().enumerate() {
        assert_eq!(desk.judge("week"), *next, "what was announced as next comes next");
        assert_eq!(listed(&mut desk.workspace), drawn, "after {done}");
        if done % 6 == 0 {
            assert_eq!(order(&mut desk.workspace, "week"), order(&mut desk.anew("lee"), "week"));
            assert_eq!(listed(&mut desk.anew("sam")), drawn, "another window lists the same");
        }
    }
    assert_eq!(state(&mut desk.workspace, "week").left, 0);
    // It did learn: a queue that keeps nothing steady has another order by now.
    let ranked = |rows: Vec<(String, SlotKind, u64, Option<f64>)>| -> Vec<String> {
        rows.into_iter().filter(|row| row.1 == SlotKind::Ranked && !drawn.contains(&row.0)).map(|row| row.0).collect()
    };
    assert_ne!(ranked(order(&mut desk.workspace, "open")), ranked(first));
}

#[test]
fn what_is_put_off_comes_last_of_what_was_drawn_and_the_next_draw_knows_what_was_said() {
    let mut desk = Desk::new(90);
    desk.define(QueueSpec { size: Some(26), reviewers_per_item: 1, ..spec() });
    let drawn = listed(&mut desk.workspace);
    let skipped: Vec<ShownRow> = next(&mut desk.workspace, "week", 2);
    for row in &skipped {
        let subject =
            Subject { conversation: row.summary.id.clone(), transcript_hash: row.summary.transcript_hash.clone() };
        review::record(&mut desk.workspace, &Act::Skip(subject), NOW).unwrap();
    }
    let after = listed(&mut desk.workspace);
    let mut expected = drawn[2..].to_vec();
    expected.extend(drawn[..2].iter().cloned());
    let (mut members, mut before) = (after.clone(), drawn.clone());
    assert_eq!(after[24..], expected[24..]);
    members.sort();
    before.sort();
    assert_eq!(members, before);
    desk.judge_all("week", 20);
    let second = listed(&mut desk.workspace);
    assert_eq!((second.len(), state(&mut desk.workspace, "week").left), (26, 6));
    desk.judge("week");
    assert_eq!(listed(&mut desk.workspace), second);
    assert_eq!(order(&mut desk.workspace, "week"), order(&mut desk.anew("lee"), "week"));
    review::undo(&mut desk.workspace, NOW).unwrap();
    review::undo(&mut desk.workspace, NOW).unwrap();
    assert_eq!(order(&mut desk.workspace, "week"), order(&mut desk.anew("lee"), "week"));
    assert_eq!(listed(&mut desk.workspace)[..20], second[..20], "the draw before is there again");
}
