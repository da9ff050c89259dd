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
    desk.define(QueueSpec { size: Some(20), ..spec() });
    desk.define(QueueSpec::new("open", "learnt"));
    let drawn = listed(&mut desk.workspace);
    let first = undrawn(&mut desk.workspace, &drawn);
    assert_eq!(drawn.len(), 20);
    for (done, next) in drawn.iter().enumerate() {
        assert_eq!(desk.judge("week"), *next, "what was announced as next comes next");
        assert_eq!(listed(&mut desk.workspace), drawn, "after {done}");
        if done % 6 == 0 {
            assert_eq!(order(&mut desk.workspace, "week"), order(&mut desk.anew("lee"), "week"));
            assert_eq!(listed(&mut desk.anew("sam")), drawn, "another window lists the same");
        }
    }
    assert_eq!(state(&mut desk.workspace, "week").left, 0);
    assert_ne!(
        undrawn(&mut desk.workspace, &drawn),
        first,
        "a queue that keeps nothing steady has another order by now"
    );
}

/// What the queue `open` ranks, without what these hold.
fn undrawn(workspace: &mut Workspace, drawn: &[String]) -> Vec<String> {
    let ranked = order(workspace, "open").into_iter().filter(|row| row.1 == SlotKind::Ranked);
    ranked.map(|row| row.0).filter(|name| !drawn.contains(name)).collect()
}

/// A row of what is to be judged, by the conversation's name.
fn row_of(workspace: &mut Workspace, name: &str) -> ShownRow {
    let rows = next(workspace, "week", 1_000).into_iter();
    rows.into_iter().find(|row| row.summary.external_id.exact() == name).unwrap()
}

#[test]
fn a_second_draw_is_what_all_verdicts_until_then_teach() {
    let mut desk = Desk::new(90);
    desk.define(QueueSpec { size: Some(26), ..spec() });
    let drawn = listed(&mut desk.workspace);
    desk.judge_all("week", 19);
    let before = listed(&mut desk.workspace);
    assert_eq!(before, drawn);
    desk.judge("week");
    let second = listed(&mut desk.workspace);
    assert_eq!((second.len(), state(&mut desk.workspace, "week").left), (26, 6));
    assert_ne!(second[20..], drawn[20..], "nothing was learnt that a test could see");
    // A queue without a size in which the same was said in the same order goes on like this.
    let mut twin = Desk::new(90);
    twin.define(spec());
    for name in &second[..20] {
        let row = row_of(&mut twin.workspace, name);
        judge(&mut twin.workspace, &row);
    }
    let names = |rows: Vec<ShownRow>| -> Vec<String> {
        rows.iter().map(|row| row.summary.external_id.exact().to_owned()).collect()
    };
    assert_eq!(second[20..], names(next(&mut twin.workspace, "week", 6)));
    desk.judge("week");
    assert_eq!(listed(&mut desk.workspace), second);
    for _ in 0..2 {
        review::undo(&mut desk.workspace, NOW).unwrap();
    }
    assert_eq!(listed(&mut desk.workspace), before, "the draw before is there again");
    assert_eq!(listed(&mut desk.anew("lee")), before);
}

#[test]
fn what_is_put_off_comes_last_of_what_was_drawn() {
    let mut desk = Desk::new(90);
    desk.define(QueueSpec { size: Some(26), audit: 0.0, ..spec() });
    let drawn = listed(&mut desk.workspace);
    for row in &next(&mut desk.workspace, "week", 2) {
        put_off(&mut desk.workspace, row);
    }
    let late = [&drawn[2..], &drawn[..2]].concat();
    assert_eq!(listed(&mut desk.workspace), late);
    assert_eq!(listed(&mut desk.anew("lee")), late);
    assert_eq!(listed(&mut desk.anew("sam")), drawn, "who put nothing off lists the draw");
}

fn put_off(workspace: &mut Workspace, row: &ShownRow) {
    let subject =
        Subject { conversation: row.summary.id.clone(), transcript_hash: row.summary.transcript_hash.clone() };
    review::record(workspace, &Act::Skip(subject), NOW).unwrap();
}

#[test]
fn what_a_reviewer_left_open_herself_and_is_asked_again_replays_as_it_was_live() {
    let mut desk = Desk::new(60);
    desk.define(QueueSpec::new("before", "learnt"));
    for _ in 0..3 {
        let row = next(&mut desk.workspace, "before", 1).remove(0);
        judge_anywhere(&mut desk.workspace, &row, Verdict::Unsure);
    }
    desk.define(QueueSpec { size: Some(24), audit: 0.0, ..QueueSpec::new("week", "weekly") });
    let drawn = listed(&mut desk.workspace);
    for done in 0..20 {
        assert_eq!(desk.judge("week"), drawn[done]);
        let live = order(&mut desk.workspace, "week");
        assert_eq!(live, order(&mut desk.anew("lee"), "week"), "after {done}");
        if done < 19 {
            assert_eq!(listed(&mut desk.workspace), drawn, "after {done}");
        }
    }
    // The log replayed, since something was taken back, comes to the same.
    let live = order(&mut desk.workspace, "week");
    desk.judge("week");
    review::undo(&mut desk.workspace, NOW).unwrap();
    assert_eq!(order(&mut desk.workspace, "week"), live);
}

#[test]
fn neither_a_correction_nor_a_settlement_draws_the_past_anew() {
    let mut desk = Desk::new(90);
    desk.define(QueueSpec::new("before", "learnt"));
    let old: Vec<ShownRow> = next(&mut desk.workspace, "before", 8);
    for row in &old {
        judge_anywhere(&mut desk.workspace, row, Verdict::Pass);
    }
    desk.define(QueueSpec { size: Some(20), audit: 0.0, ..spec() });
    desk.define(QueueSpec { audit: 0.0, ..QueueSpec::new("open", "learnt") });
    let drawn = listed(&mut desk.workspace);
    let first = undrawn(&mut desk.workspace, &drawn);
    desk.judge_all("week", 3);
    let (_, rows) = shown(&mut desk.workspace, ("week", 1), NOW).unwrap();
    for row in rows[..2].iter().chain(&old[..6]) {
        judge_anywhere(&mut desk.workspace, row, Verdict::Fail);
    }
    assert_ne!(undrawn(&mut desk.workspace, &drawn), first, "other labels teach another order");
    let steady = |desk: &mut Desk| {
        assert_eq!(listed(&mut desk.workspace), drawn);
        assert_eq!(order(&mut desk.workspace, "week"), order(&mut desk.anew("lee"), "week"));
    };
    steady(&mut desk);
    let mut ben = desk.anew("ben");
    for row in &old[6..] {
        judge_anywhere(&mut ben, row, Verdict::Fail);
        let subject =
            Subject { conversation: row.summary.id.clone(), transcript_hash: row.summary.transcript_hash.clone() };
        let took = Act::Adjudicate { subject, took: "ben".into(), reason: "the policy says so".into() };
        review::record(&mut ben, &took, NOW).unwrap();
    }
    steady(&mut desk);
    // A verdict opens again what was settled.
    judge_anywhere(&mut desk.workspace, &old[7], Verdict::Pass);
    steady(&mut desk);
}

#[test]
fn labels_to_be_given_again_stay_as_they_were_drawn() {
    for strategy in ["second-review", "relabel"] {
        let mut desk = Desk::new(60);
        desk.define(QueueSpec::new("first", "learnt"));
        desk.judge_all("first", 24);
        desk.define(QueueSpec { size: Some(9), ..QueueSpec::new("week", strategy) });
        desk.define(QueueSpec::new("open", strategy));
        let mut sam = desk.anew("sam");
        let rows = next(&mut sam, "week", 9);
        let drawn = listed(&mut sam);
        assert_eq!((rows.len(), drawn.len()), (9, 9), "{strategy}");
        let left = |workspace: &mut Workspace| -> Vec<String> {
            order(workspace, "open").into_iter().map(|row| row.0).filter(|name| !drawn.contains(name)).collect()
        };
        let first = left(&mut sam);
        for row in &rows[..6] {
            // The other way round than the first reviewer, so that there is something to learn.
            let failed = row.summary.external_id.exact()[1..].parse::<usize>().unwrap() % 3 == 1;
            let subject =
                Subject { conversation: row.summary.id.clone(), transcript_hash: row.summary.transcript_hash.clone() };
            let verdict = if failed { Verdict::Pass } else { Verdict::Fail };
            let judgement = Judgement {
                failed_at: (!failed).then_some(FailedAt::NoSingleStep),
                slot: row.place.as_ref().map(|place| place.slot.clone()),
                ..Judgement::new(subject, verdict)
            };
            review::record(&mut sam, &Act::Judge(judgement), NOW).unwrap();
            assert_eq!(listed(&mut sam), drawn, "{strategy}");
            assert_eq!(order(&mut sam, "week"), order(&mut desk.anew("sam"), "week"), "{strategy}");
        }
        // By age nothing moves anyway.
        assert_eq!(left(&mut sam) == first, strategy == "relabel", "{strategy}");
        put_off(&mut sam, &rows[6]);
        let late = [&drawn[..6], &drawn[7..], &drawn[6..7]].concat();
        assert_eq!(listed(&mut sam), late, "{strategy}");
    }
}
