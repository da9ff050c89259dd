//! Queues on real workspaces.
//!
//! Invariant: a test reads what a queue says through the same door as the screen does, and compares with a workspace that
//! was opened anew.

use std::fmt::Write as _;
use std::fs;
use std::ops::ControlFlow;
use std::path::PathBuf;

mod steady;

use super::super::evaluate::{EvaluateOrder, evaluate};
use super::super::review;
use super::super::workspace::{Identity, ImportOrder, Workspace};
use super::*;
use crate::model::act::{Act, FailedAt, Judgement, Subject};
use crate::model::claim::{ClaimOrder, Claimed};
use crate::model::label::Verdict;
use crate::model::queue::{MustReview, Place, QueueChange, QueueSpec, QueueState, SlotKind};
use crate::model::time::Timestamp;
use crate::store::{Access, FILE_NAME};

const NOW: Timestamp = Timestamp(1_795_000_000_000_000);

/// A chat of a shop; odd ones have a call that failed and was claimed to have worked.
fn chat(number: usize) -> String {
    let bad = number % 3 == 1;
    let mut messages = String::new();
    for turn in 0..=(number % 4) {
        let _ = write!(
            messages,
            r#"{{"role":"user","content":"Question {turn} about order A-{number}"}},{{"role":"assistant","content":"Answer {turn} to that."}},"#
        );
    }
    let (tool, amount) = if number % 10 == 9 { ("close_account", 5) } else { ("refund_order", number * 10) };
    let result = if bad { r#"{\"error\": \"500\"}"# } else { r#"{\"ok\": true}"# };
    let _ = write!(
        messages,
        r#"{{"role":"user","content":"Please do it."}},{{"role":"assistant","content":null,"tool_calls":[{{"id":"a","type":"function","function":{{"name":"{tool}","arguments":"{{\"amount\": {amount}}}"}}}}]}},{{"role":"tool","tool_call_id":"a","content":"{result}"}},{{"role":"assistant","content":"Done, it is refunded."}}"#
    );
    let tools = r#"[{"type":"function","function":{"name":"close_account","x-effect":"irreversible","parameters":{"type":"object","properties":{"amount":{"type":"number"}}}}},{"type":"function","function":{"name":"refund_order","x-effect":"write","parameters":{"type":"object","properties":{"amount":{"type":"number"}}}}}]"#;
    let intent = ["refund", "exchange", "question"][number % 5 % 3];
    format!(r#"{{"id":"n{number:03}","metadata":{{"intent":"{intent}"}},"messages":[{messages}],"tools":{tools}}}"#)
}

struct Desk {
    folder: tempfile::TempDir,
    workspace: Workspace,
}

impl Desk {
    fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let workspace = open(folder.path(), "lee");
        Self { folder, workspace }
    }

    fn new(conversations: usize) -> Self {
        let mut desk = Self::empty();
        desk.import(0..conversations);
        desk
    }

    fn import(&mut self, numbers: std::ops::Range<usize>) {
        let file = self.folder.path().join(format!("from-{}.jsonl", numbers.start));
        fs::write(&file, numbers.map(chat).collect::<Vec<_>>().join("\n")).unwrap();
        let order = ImportOrder { paths: vec![file], ..ImportOrder::default() };
        let report = self.workspace.import(&order, NOW, &mut |_| ControlFlow::Continue(())).unwrap();
        assert_eq!(report.problems, []);
        evaluate(&mut self.workspace, &EvaluateOrder::default(), NOW, &mut |_| ControlFlow::Continue(())).unwrap();
    }

    fn define(&mut self, spec: QueueSpec) -> String {
        let act = Act::Queue(QueueChange::Add(spec));
        review::record(&mut self.workspace, &act, NOW).unwrap().group
    }

    /// What the workspace says when it is opened anew.
    fn anew(&self, reviewer: &str) -> Workspace {
        open(self.folder.path(), reviewer)
    }

    /// Judges what comes next in a queue; the truth is in the conversation's number.
    fn judge(&mut self, queue: &str) -> String {
        let next = next(&mut self.workspace, queue, 1).remove(0);
        judge(&mut self.workspace, &next)
    }

    fn judge_all(&mut self, queue: &str, count: usize) {
        for _ in 0..count {
            self.judge(queue);
        }
    }
}

fn open(folder: &std::path::Path, reviewer: &str) -> Workspace {
    let identity = Identity::load(reviewer, &folder.join(format!("state-{reviewer}"))).unwrap();
    Workspace::open(&folder.join("w"), identity, Access::Create).unwrap()
}

fn spec() -> QueueSpec {
    QueueSpec::new("week", "learnt")
}

/// What is still to be judged, with its places.
fn next(workspace: &mut Workspace, queue: &str, most: usize) -> Vec<ShownRow> {
    let (_, rows) = shown(workspace, (queue, most), NOW).unwrap();
    rows.into_iter().filter(|row| !row.judged).collect()
}

fn state(workspace: &mut Workspace, queue: &str) -> QueueState {
    shown(workspace, (queue, 1), NOW).unwrap().0
}

/// Ids of the whole queue with what an order rests on.
fn order(workspace: &mut Workspace, queue: &str) -> Vec<(String, SlotKind, u64, Option<f64>)> {
    let (_, rows) = shown(workspace, (queue, 1_000), NOW).unwrap();
    rows.into_iter()
        .map(|row| {
            let Place { slot, .. } = row.place.unwrap();
            (row.summary.external_id.exact().to_owned(), slot.kind, slot.position, slot.p)
        })
        .collect()
}

fn judge(workspace: &mut Workspace, row: &ShownRow) -> String {
    let name = row.summary.external_id.exact().to_owned();
    let number: usize = name[1..].parse().unwrap();
    let fails = number % 3 == 1;
    let subject =
        Subject { conversation: row.summary.id.clone(), transcript_hash: row.summary.transcript_hash.clone() };
    let judgement = Judgement {
        failed_at: fails.then_some(FailedAt::NoSingleStep),
        slot: row.place.as_ref().map(|place| place.slot.clone()),
        ..Judgement::new(subject, if fails { Verdict::Fail } else { Verdict::Pass })
    };
    review::record(workspace, &Act::Judge(judgement), NOW).unwrap();
    name
}

#[test]
fn a_queue_is_defined_once_undone_brought_back_and_survives_in_the_journal_alone() {
    let mut desk = Desk::new(12);
    assert!(!desk.define(spec()).is_empty());
    assert!(desk.define(spec()).is_empty(), "the same definition again adds nothing");
    let other = Act::Queue(QueueChange::Add(QueueSpec { seed: 2, ..spec() }));
    let refused = review::record(&mut desk.workspace, &other, NOW).unwrap_err();
    assert!(refused.to_string().contains("a queue week already"), "{refused}");
    let names = |workspace: &Workspace| -> Vec<String> {
        workspace.store().queues().unwrap().into_iter().map(|queue| queue.spec.name).collect()
    };
    assert_eq!(review::undo(&mut desk.workspace, NOW).unwrap().what, "undone: new queue week");
    assert_eq!(names(&desk.workspace), [""; 0]);
    review::redo(&mut desk.workspace, NOW).unwrap();
    assert_eq!(names(&desk.workspace), ["week"]);
    let gone = Act::Queue(QueueChange::Remove { name: "weak".into() });
    let refused = review::record(&mut desk.workspace, &gone, NOW).unwrap_err();
    assert_eq!(refused.to_string(), "there is no queue \"weak\"; there are: week");
    desk.judge_all("week", 3);
    assert_eq!(desk.workspace.store().log().compare_with_replay().unwrap(), [""; 0]);
    let (before, labels) = (desk.workspace.store().queues().unwrap(), desk.workspace.store().log().labelled().unwrap());
    // Without the database the journal tells it all again.
    let Desk { folder, workspace } = desk;
    drop(workspace);
    for suffix in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(folder.path().join("w").join(format!("{FILE_NAME}{suffix}")));
    }
    let workspace = open(folder.path(), "lee");
    assert_eq!(workspace.store().queues().unwrap(), before);
    assert_eq!(workspace.store().log().labelled().unwrap(), labels);
    let slots = workspace.store().labels(&labels[0]).unwrap();
    assert_eq!(slots[0].slot.as_ref().map(|slot| slot.queue.as_str()), Some("week"));
}

#[test]
fn what_cannot_be_carried_out_is_refused_before_it_is_recorded() {
    let mut desk = Desk::new(3);
    let mut refused = |spec: QueueSpec| {
        review::record(&mut desk.workspace, &Act::Queue(QueueChange::Add(spec)), NOW).unwrap_err().to_string()
    };
    assert!(refused(QueueSpec { strategy: "best".into(), ..spec() }).contains("there is no strategy \"best\""));
    assert!(refused(QueueSpec { filter: "intnt:x".into(), ..spec() }).contains("intent"));
    assert!(refused(QueueSpec { audit: 1.5, ..spec() }).contains("from 0 to 1"));
    let rules = MustReview { filters: vec!["(".into()], ..MustReview::default() };
    let refusal = refused(QueueSpec { must_review: rules, ..spec() });
    assert!(refusal.contains("filter"), "{refusal}");
    assert_eq!(desk.workspace.store().log().all().unwrap(), []);
}

#[test]
fn what_is_kept_in_step_is_what_a_fresh_start_makes_of_the_same_labels() {
    let mut desk = Desk::new(60);
    desk.define(spec());
    for round in 0..4 {
        desk.judge_all("week", 8);
        let kept = order(&mut desk.workspace, "week");
        let fresh = order(&mut desk.anew("lee"), "week");
        assert_eq!(kept, fresh, "after round {round}");
    }
    // The same acts in another workspace of the same conversations lead to the same queue.
    let mut other = Desk::new(60);
    other.define(spec());
    other.judge_all("week", 32);
    assert_eq!(order(&mut other.workspace, "week"), order(&mut desk.workspace, "week"));
    let mut seeded = Desk::new(60);
    seeded.define(QueueSpec { seed: 7, ..spec() });
    assert_ne!(
        next(&mut seeded.workspace, "week", 1)[0].summary.id,
        next(&mut Desk::new_week(60), "week", 1)[0].summary.id
    );
}

impl Desk {
    fn new_week(conversations: usize) -> Workspace {
        let mut desk = Self::new(conversations);
        desk.define(spec());
        let Self { folder, workspace } = desk;
        // The folder stays until the test program ends; the system cleans temporary folders.
        let _: PathBuf = folder.keep();
        workspace
    }
}

#[test]
fn undo_gives_the_queue_as_if_the_label_had_never_been() {
    let mut desk = Desk::new(60);
    desk.define(spec());
    desk.judge_all("week", 11);
    let before = order(&mut desk.workspace, "week");
    desk.judge("week");
    assert_ne!(order(&mut desk.workspace, "week"), before);
    review::undo(&mut desk.workspace, NOW).unwrap();
    assert_eq!(order(&mut desk.workspace, "week"), before);
    assert_eq!(order(&mut desk.anew("lee"), "week"), before);
}

#[test]
fn labels_of_others_and_from_elsewhere_move_the_order_too() {
    let mut desk = Desk::new(60);
    desk.define(spec());
    desk.judge_all("week", 4);
    let before = order(&mut desk.workspace, "week");
    let mut sam = desk.anew("sam");
    let theirs = next(&mut sam, "week", 1).remove(0);
    assert_eq!(theirs.summary.id, next(&mut desk.workspace, "week", 1)[0].summary.id, "one queue for all");
    judge(&mut sam, &theirs);
    let after = order(&mut desk.workspace, "week");
    assert_ne!(after, before);
    assert_eq!(after, order(&mut sam, "week"));
    assert_eq!(state(&mut desk.workspace, "week").done, 5);
    // A label given elsewhere teaches, takes no slot, and leaves nothing to do with its conversation.
    let mut row = next(&mut desk.workspace, "week", 30).pop().unwrap();
    row.place = None;
    let elsewhere = judge(&mut desk.workspace, &row);
    assert_eq!(state(&mut desk.workspace, "week").done, 5);
    assert!(order(&mut desk.workspace, "week").iter().all(|(name, ..)| *name != elsewhere));
}

#[test]
fn rates_come_from_audit_labels_and_audit_rows_are_hidden_until_judged() {
    let mut desk = Desk::new(60);
    desk.define(spec());
    let rows = next(&mut desk.workspace, "week", 20);
    let kind = |row: &ShownRow| row.place.as_ref().unwrap().slot.kind;
    assert!(rows.iter().all(|row| row.hidden == (kind(row) == SlotKind::Audit)));
    let audit: Vec<u64> = rows
        .iter()
        .filter(|row| kind(row) == SlotKind::Audit)
        .map(|row| row.place.as_ref().unwrap().slot.position)
        .collect();
    assert_eq!(audit, [1, 3, 5, 7, 9]);
    assert_eq!(state(&mut desk.workspace, "week").rate, None);
    desk.judge_all("week", 20);
    let state = state(&mut desk.workspace, "week");
    assert_eq!((state.done, state.labels, state.audit_labels), (20, 20, 5));
    let (_, rows) = shown(&mut desk.workspace, ("week", 0), NOW).unwrap();
    let fails =
        |rows: &[&ShownRow]| rows.iter().filter(|row| row.summary.own_verdict == Some(Verdict::Fail)).count() as u64;
    let by_lot: Vec<&ShownRow> = rows.iter().filter(|row| kind(row) == SlotKind::Audit).collect();
    assert_eq!((state.audit_fails, state.found), (fails(&by_lot), fails(&rows.iter().collect::<Vec<_>>())));
    assert!(rows.iter().all(|row| row.judged && !row.hidden));
    let rate = state.rate.unwrap();
    assert!(
        (rate.share - state.audit_fails as f64 / 5.0).abs() < 1e-12 && rate.low < rate.share && rate.share < rate.high
    );
    assert_eq!(state.curve.len(), 20);
    assert_eq!(u64::from(*state.curve.last().unwrap()), state.found);
    // What was recorded can be read back from the label.
    let label = desk.workspace.store().labels(&by_lot[0].summary.id).unwrap().remove(0);
    let slot = label.slot.clone().unwrap();
    assert_eq!((slot.kind, slot.position, slot.scores_seen), (SlotKind::Audit, 1, false));
    assert!((slot.q.unwrap() - 1.0 / 60.0).abs() < 1e-6);
    assert_eq!(crate::model::label::inclusion_probability(&[label]), slot.q);
}

#[test]
fn judging_moves_nothing_out_of_a_queue_of_what_nobody_judged() {
    let mut desk = Desk::new(60);
    desk.define(QueueSpec { filter: "verdict:none intent:refund,exchange".into(), ..spec() });
    let pool = state(&mut desk.workspace, "week").pool;
    assert!(pool > 20 && pool < 60, "{pool}");
    desk.judge_all("week", 10);
    // One is judged elsewhere: it was of the pool when the queue was defined, and stays.
    let mut row = next(&mut desk.workspace, "week", 30).pop().unwrap();
    row.place = None;
    judge(&mut desk.workspace, &row);
    let kept = order(&mut desk.workspace, "week");
    assert_eq!(state(&mut desk.workspace, "week").pool, pool);
    let mut anew = desk.anew("lee");
    assert_eq!(state(&mut anew, "week").pool, pool);
    assert_eq!(order(&mut anew, "week"), kept);
}

#[test]
fn a_size_ends_a_queue_and_done_follows_from_labels() {
    let mut desk = Desk::new(30);
    desk.define(QueueSpec { size: Some(6), ..spec() });
    assert_eq!((state(&mut desk.workspace, "week").done, state(&mut desk.workspace, "week").left), (0, 6));
    desk.judge_all("week", 6);
    let end = state(&mut desk.workspace, "week");
    assert_eq!((end.done, end.left), (6, 0));
    assert_eq!(next(&mut desk.workspace, "week", 5).len(), 0);
    review::undo(&mut desk.workspace, NOW).unwrap();
    assert_eq!((state(&mut desk.workspace, "week").done, state(&mut desk.workspace, "week").left), (5, 1));
}

#[test]
fn a_second_reviewer_is_asked_for_what_the_first_judged() {
    let mut desk = Desk::new(30);
    desk.define(QueueSpec { reviewers_per_item: 2, size: Some(3), ..spec() });
    let first: Vec<String> = (0..3).map(|_| desk.judge("week")).collect();
    assert_eq!(next(&mut desk.workspace, "week", 5).len(), 0);
    let mut sam = desk.anew("sam");
    let theirs = next(&mut sam, "week", 5);
    let names: Vec<&str> = theirs.iter().map(|row| row.summary.external_id.exact()).collect();
    assert_eq!(names, first);
    // The sample they belong to stays the one of the first judgement.
    let kinds: Vec<SlotKind> = theirs.iter().map(|row| row.place.as_ref().unwrap().slot.kind).collect();
    assert_eq!(kinds, [SlotKind::Audit, SlotKind::Ranked, SlotKind::Audit]);
    for row in &theirs {
        judge(&mut sam, row);
    }
    assert_eq!(next(&mut sam, "week", 5).len(), 0);
    assert_eq!(state(&mut sam, "week").done, 3);
}

/// Judges without a queue.
fn judge_beside(workspace: &mut Workspace, row: &ShownRow) {
    let mut row = row.clone();
    row.place = None;
    judge(workspace, &row);
}

#[test]
fn what_was_judged_beside_a_shared_queue_is_one_of_its_reviews_and_hidden_until_the_last() {
    let mut desk = Desk::new(30);
    desk.define(QueueSpec::new("before", "learnt"));
    let earlier = next(&mut desk.workspace, "before", 1).remove(0);
    judge_beside(&mut desk.workspace, &earlier);
    desk.define(QueueSpec { reviewers_per_item: 2, size: Some(3), ..spec() });
    let row = next(&mut desk.workspace, "week", 9).remove(2);
    judge_beside(&mut desk.workspace, &row);
    let mut sam = desk.anew("sam");
    let hidden = |sam: &Workspace, row: &ShownRow| sam.store().covered("sam").unwrap().hides(&row.summary.id);
    assert!(hidden(&sam, &row) && !hidden(&sam, &earlier), "what was judged before it is none of its reviews");
    let theirs = next(&mut sam, "week", 9);
    assert_eq!((theirs.len(), &theirs[0].summary.id), (3, &row.summary.id), "it comes first, within the size");
    assert!(theirs.iter().all(|next| next.summary.id != earlier.summary.id));
    judge(&mut sam, &theirs[0]);
    assert!(!hidden(&sam, &row));
    assert_eq!(order(&mut sam, "week"), order(&mut desk.anew("sam"), "week"));
    // A queue that has what it wants asks for no more, and so hides no more.
    for row in &theirs[1..] {
        judge(&mut sam, row);
    }
    let other = next(&mut sam, "before", 9).remove(0);
    judge_beside(&mut desk.workspace, &other);
    assert!(!hidden(&sam, &other));
}

#[test]
fn figures_of_a_queue_tell_nothing_that_is_hidden() {
    let mut desk = Desk::new(30);
    desk.define(QueueSpec { reviewers_per_item: 2, ..spec() });
    desk.judge_all("week", 6);
    let own = state(&mut desk.workspace, "week");
    assert!(own.rate.is_some() && own.failures_left.is_some() && own.next_share.is_some(), "{own:?}");
    let mut sam = desk.anew("sam");
    let before = state(&mut sam, "week");
    assert!(own.audit_labels > 1, "{own:?}");
    assert_eq!((before.done, before.labels, before.audit_labels, before.rate), (6, 0, 0, None));
    assert_eq!((before.failures_left, before.next_share, before.model_rate, before.stop), (None, None, None, false));
    let row = next(&mut sam, "week", 1).remove(0);
    judge(&mut sam, &row);
    let one = state(&mut sam, "week");
    assert_eq!((one.audit_labels, one.rate.is_some()), (1, true), "of what sam has judged too it may be told");
    let share = one.audit_fails as f64;
    assert!(one.rate.is_some_and(|rate| (rate.share - share).abs() < 1e-12), "{:?}", one.rate);
}

#[test]
fn two_acts_of_one_person_between_two_looks_are_one_judgement() {
    let mut desk = Desk::new(30);
    desk.define(spec());
    desk.judge_all("week", 4);
    let mut sam = desk.anew("sam");
    let row = next(&mut sam, "week", 1).remove(0);
    let subject =
        Subject { conversation: row.summary.id.clone(), transcript_hash: row.summary.transcript_hash.clone() };
    for verdict in [Verdict::Pass, Verdict::Fail] {
        let failed_at = (verdict == Verdict::Fail).then_some(FailedAt::NoSingleStep);
        let judgement = Judgement { failed_at, ..Judgement::new(subject.clone(), verdict) };
        review::record(&mut desk.workspace, &Act::Judge(judgement), NOW).unwrap();
    }
    assert_eq!(order(&mut sam, "week"), order(&mut desk.anew("sam"), "week"));
}

#[test]
fn segments_take_turns_where_that_is_asked_for() {
    let mut desk = Desk::new(60);
    desk.define(QueueSpec { per_segment: Some("intent".into()), audit: 0.0, ..spec() });
    desk.judge_all("week", 4);
    let intents: Vec<String> = shown(&mut desk.workspace, ("week", 5), NOW)
        .unwrap()
        .1
        .iter()
        .map(|row| row.summary.segments.intent.as_ref().unwrap().exact().to_owned())
        .collect();
    let mut firsts = intents[..3].to_vec();
    firsts.sort();
    assert_eq!(firsts, ["exchange", "question", "refund"]);
    assert_eq!(intents[3..6], intents[..3]);
    assert_eq!(intents[6..9], intents[..3]);
}

#[test]
fn rules_put_conversations_ahead_and_say_which_rule_it_was() {
    let mut desk = Desk::new(40);
    let must_review = MustReview { irreversible: true, amount: Some(380.0), ..MustReview::default() };
    let spec = QueueSpec { must_review, ..spec() };
    assert_eq!(preview(&desk.workspace, &spec, NOW).unwrap().pinned, 4);
    desk.define(spec);
    let rows = next(&mut desk.workspace, "week", 6);
    let told: Vec<(String, Option<String>)> = rows
        .iter()
        .map(|row| {
            let place = row.place.as_ref().unwrap();
            (row.summary.external_id.exact().to_owned(), place.pinned.clone())
        })
        .collect();
    let mut pinned: Vec<String> =
        told[..4].iter().map(|(name, rule)| format!("{name} {}", rule.clone().unwrap())).collect();
    pinned.sort();
    assert_eq!(
        pinned,
        [
            "n009 close_account cannot be undone",
            "n029 close_account cannot be undone",
            "n038 amount 380",
            "n039 close_account cannot be undone",
        ]
    );
    assert_eq!(told[4].1, None);
    assert_eq!(rows[0].place.as_ref().unwrap().slot.kind, SlotKind::Manual);
}

#[test]
fn what_is_imported_later_has_an_audit_list_of_its_own() {
    let mut desk = Desk::new(30);
    desk.define(spec());
    desk.judge_all("week", 12);
    let served = |rows: Vec<(String, SlotKind, u64, Option<f64>)>| -> Vec<String> {
        rows.into_iter().take(12).map(|(name, ..)| name).collect()
    };
    let before = served(order(&mut desk.workspace, "week"));
    desk.import(30..60);
    assert_eq!(state(&mut desk.workspace, "week").pool, 60);
    assert_eq!(served(order(&mut desk.workspace, "week")), before);
    // Both imports are sampled alike in the end; the new one catches up first.
    let late = |rows: &[ShownRow]| {
        rows.iter()
            .filter(|row| row.place.as_ref().unwrap().slot.kind == SlotKind::Audit)
            .map(|row| row.summary.external_id.exact()[1..].parse::<usize>().unwrap() >= 30)
            .collect::<Vec<_>>()
    };
    let rows = next(&mut desk.workspace, "week", 48);
    let audits = late(&rows[..20]);
    assert!(!audits.is_empty() && audits.iter().all(|late| *late), "{audits:?}");
    assert_eq!(order(&mut desk.workspace, "week"), order(&mut desk.anew("lee"), "week"));
}

#[test]
fn a_weekly_session_takes_up_what_was_left_open() {
    let mut desk = Desk::new(30);
    desk.define(spec());
    let row = next(&mut desk.workspace, "week", 1).remove(0);
    let subject =
        Subject { conversation: row.summary.id.clone(), transcript_hash: row.summary.transcript_hash.clone() };
    let unsure = Judgement::new(subject, Verdict::Unsure);
    review::record(&mut desk.workspace, &Act::Judge(unsure), NOW).unwrap();
    desk.define(QueueSpec { audit: 0.0, ..QueueSpec::new("session", "weekly") });
    let rows = next(&mut desk.workspace, "session", 30);
    assert_eq!(rows[0].summary.id, row.summary.id);
    judge(&mut desk.workspace, &rows[0]);
    assert!(next(&mut desk.workspace, "session", 30).iter().all(|one| one.summary.id != row.summary.id));
}

#[test]
fn without_evaluations_the_audit_list_is_the_order() {
    let mut desk = Desk::empty();
    let file = desk.folder.path().join("plain.jsonl");
    fs::write(&file, (0..20).map(chat).collect::<Vec<_>>().join("\n")).unwrap();
    let order = ImportOrder { paths: vec![file], ..ImportOrder::default() };
    desk.workspace.import(&order, NOW, &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(preview(&desk.workspace, &spec(), NOW).unwrap().unevaluated, 20);
    desk.define(spec());
    assert_eq!(state(&mut desk.workspace, "week").unevaluated, 20);
    assert_eq!(next(&mut desk.workspace, "week", 20).len(), 20);
}

#[test]
fn probabilities_are_words_until_fifty_labels_by_lot_say_what_they_mean() {
    let mut desk = Desk::new(130);
    desk.define(QueueSpec { audit: 0.5, ..spec() });
    let told = |workspace: &mut Workspace| next(workspace, "week", 2).pop().unwrap().place.unwrap();
    desk.judge_all("week", 97);
    assert!(state(&mut desk.workspace, "week").audit_labels < 50);
    assert!(told(&mut desk.workspace).p.is_none());
    desk.judge_all("week", 8);
    let place = told(&mut desk.workspace);
    assert!(state(&mut desk.workspace, "week").audit_labels >= 50);
    let p = place.p.unwrap();
    assert!((0.0..=1.0).contains(&p) && place.chance().ends_with('%'), "{place:?}");
}

#[test]
fn what_was_settled_counts_as_the_label_that_was_taken() {
    let mut desk = Desk::new(30);
    desk.define(QueueSpec { reviewers_per_item: 2, ..spec() });
    let row = next(&mut desk.workspace, "week", 1).remove(0);
    judge(&mut desk.workspace, &row);
    let mut sam = desk.anew("sam");
    let mine = desk.workspace.store().labels(&row.summary.id).unwrap().remove(0).verdict.unwrap();
    let other = if mine == Verdict::Fail { Verdict::Pass } else { Verdict::Fail };
    let subject =
        Subject { conversation: row.summary.id.clone(), transcript_hash: row.summary.transcript_hash.clone() };
    let judgement = Judgement {
        failed_at: (other == Verdict::Fail).then_some(FailedAt::NoSingleStep),
        slot: row.place.as_ref().map(|place| place.slot.clone()),
        ..Judgement::new(subject.clone(), other)
    };
    review::record(&mut sam, &Act::Judge(judgement), NOW).unwrap();
    // Divided, it is no label of the sample; settled, it is the one that was taken.
    assert_eq!(state(&mut desk.workspace, "week").audit_labels, 0);
    let act = Act::Adjudicate { subject, took: "sam".into(), reason: "read twice".into() };
    review::record(&mut desk.workspace, &act, NOW).unwrap();
    let settled = state(&mut desk.workspace, "week");
    assert_eq!((settled.audit_labels, settled.audit_fails), (1, u64::from(other == Verdict::Fail)));
    assert_eq!(order(&mut desk.workspace, "week"), order(&mut desk.anew("lee"), "week"));
}

const MINUTE: i64 = 60_000_000;

fn at(minutes: i64) -> Timestamp {
    Timestamp(NOW.0 + minutes * MINUTE)
}

fn shared(reviewers_per_item: u32) -> QueueSpec {
    QueueSpec { reviewers_per_item, claim_minutes: 15, audit: 0.0, ..spec() }
}

fn asked(workspace: &mut Workspace, row: &ShownRow, minutes: i64) -> Claimed {
    let order = ClaimOrder { queue: "week".to_owned(), conversation: row.summary.id.clone() };
    claim(workspace, &order, at(minutes)).unwrap()
}

#[test]
fn a_claim_ends_by_itself_is_renewed_at_half_time_and_keeps_nobody_from_saving() {
    let mut desk = Desk::new(4);
    desk.define(shared(1));
    let row = next(&mut desk.workspace, "week", 1).remove(0);
    let mut sam = desk.anew("sam");
    let events = |desk: &Desk| desk.workspace.store().log().all().unwrap().len();
    assert_eq!(asked(&mut desk.workspace, &row, 0), Claimed::Yours { until: at(15) });
    let before = events(&desk);
    assert_eq!(asked(&mut desk.workspace, &row, 7), Claimed::Yours { until: at(15) });
    assert_eq!(events(&desk), before, "more than half is left, so nothing is written");
    assert_eq!(asked(&mut sam, &row, 7), Claimed::Held { until: at(15) });
    assert_eq!(asked(&mut desk.workspace, &row, 8), Claimed::Yours { until: at(23) });
    assert_eq!(asked(&mut sam, &row, 22), Claimed::Held { until: at(23) });
    let (_, rows) = shown(&mut sam, ("week", 10), at(22)).unwrap();
    let held: Vec<Option<Timestamp>> = rows.iter().map(|row| row.place.as_ref().unwrap().held).collect();
    assert_eq!(held, [None, None, None, Some(at(23))], "what is held comes last");
    assert_eq!(asked(&mut sam, &row, 23), Claimed::Yours { until: at(38) }, "it ended, so it may be taken");
    assert_eq!(asked(&mut desk.workspace, &row, 24), Claimed::Held { until: at(38) });
    judge(&mut desk.workspace, &row);
    assert_eq!(asked(&mut sam, &row, 25), Claimed::Full);
    let own = judge(&mut sam, &row);
    assert_eq!(own, row.summary.external_id.exact(), "a verdict is saved all the same");
    assert!(super::super::verify::verify(&sam).unwrap().is_sound());
}

#[test]
fn a_claim_given_back_is_free_at_once_and_undo_looks_past_it() {
    let mut desk = Desk::new(4);
    desk.define(shared(2));
    let rows = next(&mut desk.workspace, "week", 2);
    let (mut sam, mut kim) = (desk.anew("sam"), desk.anew("kim"));
    judge(&mut desk.workspace, &rows[1]);
    for (workspace, came) in
        [(&mut desk.workspace, Claimed::Yours { until: at(15) }), (&mut sam, Claimed::Yours { until: at(15) })]
    {
        assert_eq!(asked(workspace, &rows[0], 0), came, "two reviews are asked for");
    }
    assert_eq!(asked(&mut kim, &rows[0], 1), Claimed::Held { until: at(15) });
    assert_eq!(release(&mut sam, &rows[0].summary.id, at(2)).unwrap(), Claimed::Released);
    assert_eq!(release(&mut sam, &rows[0].summary.id, at(2)).unwrap(), Claimed::NotAsked);
    assert_eq!(asked(&mut kim, &rows[0], 3), Claimed::Yours { until: at(18) });
    let undone = review::undo(&mut desk.workspace, at(4)).unwrap();
    assert_eq!(undone.conversation.as_ref(), Some(&rows[1].summary.id), "the claim is nothing to undo");
    assert!(review::redo(&mut desk.workspace, at(5)).unwrap().what.starts_with("redone"));
    assert_eq!(sam.store().labels(&rows[0].summary.id).unwrap(), [], "a claim is no draft");
    let mut anew = desk.anew("lee");
    anew.store_mut().rebuild_projection().unwrap();
    assert_eq!(asked(&mut sam, &rows[0], 6), Claimed::Held { until: at(15) });
}

#[test]
fn a_clock_that_is_wrong_locks_nobody_out() {
    let mut desk = Desk::new(2);
    desk.define(shared(1));
    let row = next(&mut desk.workspace, "week", 1).remove(0);
    let mut sam = desk.anew("sam");
    asked(&mut sam, &row, 60 * 24 * 400);
    assert_eq!(asked(&mut desk.workspace, &row, 0), Claimed::Yours { until: at(15) });
}
