//! Stories and frames of queues with a name, on a real workspace.
//!
//! Invariant: what must not sway a verdict is looked for in the whole frame, not in one cell.

use std::fmt::Write as _;
use std::ops::ControlFlow;

use super::real::Desk;
use super::*;
use crate::model::queue::{QueueChange, QueueSpec, SlotKind};
use crate::ops::evaluate::{EvaluateOrder, evaluate};
use crate::ops::review;
use crate::ops::workspace::{Identity, ImportOrder, Workspace};
use crate::store::Access;

/// An invented chat; every third has a call that failed and was said to have worked.
fn chat(number: usize) -> String {
    let mut messages = String::new();
    for turn in 0..=(number % 4) {
        let _ = write!(
            messages,
            r#"{{"role":"user","content":"Lamp {number}: question {turn}?"}},{{"role":"assistant","content":"Answer {turn}."}},"#
        );
    }
    let result = if number % 3 == 1 { r#"{\"error\": \"500\"}"# } else { r#"{\"ok\": true}"# };
    let intent = ["refund", "exchange"][number % 2];
    format!(
        r#"{{"id":"n{number:03}","metadata":{{"intent":"{intent}"}},"messages":[{messages}{{"role":"user","content":"Please do it."}},{{"role":"assistant","content":null,"tool_calls":[{{"id":"a","type":"function","function":{{"name":"refund_order","arguments":"{{\"amount\": {number}}}"}}}}]}},{{"role":"tool","tool_call_id":"a","content":"{result}"}},{{"role":"assistant","content":"Done, it is refunded."}}]}}"#
    )
}

fn workspace(folder: &std::path::Path, reviewer: &str) -> Workspace {
    let identity = Identity::load(reviewer, &folder.join("state")).unwrap();
    Workspace::open(&folder.join("workspace"), identity, Access::Create).unwrap()
}

/// A workspace of so many chats, evaluated, and a queue over them.
pub(super) fn prepared(folder: &std::path::Path, chats: usize, spec: Option<QueueSpec>) {
    let mut workspace = workspace(folder, "lee");
    let file = folder.join("chats.jsonl");
    std::fs::write(&file, (0..chats).map(chat).collect::<Vec<_>>().join("\n")).unwrap();
    let order = ImportOrder { paths: vec![file], ..ImportOrder::default() };
    workspace.import(&order, NOW, &mut |_| ControlFlow::Continue(())).unwrap();
    if let Some(spec) = spec {
        evaluate(&mut workspace, &EvaluateOrder::default(), NOW, &mut |_| ControlFlow::Continue(())).unwrap();
        review::record(&mut workspace, &Act::Queue(QueueChange::Add(spec)), NOW).unwrap();
    }
}

pub(super) fn spec() -> QueueSpec {
    QueueSpec::new("week-47", "learnt")
}

fn resized(desk: &mut Desk, columns: u16, rows: u16) -> String {
    desk.app.send(Message::Resize(Size { columns, rows }));
    desk.settle();
    desk.app.frame()
}

/// Judges the open conversation by its number: every third failed.
fn judge(desk: &mut Desk) -> String {
    let name = desk.app.state.review.as_ref().unwrap().opened.as_ref().unwrap().summary.external_id.exact().to_owned();
    let number: usize = name[1..].parse().unwrap();
    if number % 3 == 1 {
        desk.press("x 0 <enter>")
    } else {
        desk.press("a")
    };
    name
}

#[test]
fn a_queue_looks_as_it_did() {
    let folder = tempfile::tempdir().unwrap();
    prepared(folder.path(), 40, Some(spec()));
    let mut desk = Desk::open(folder.path());
    desk.press("Q");
    insta::assert_snapshot!("queue_pick_80", resized(&mut desk, 80, 24));
    resized(&mut desk, 120, 36);
    desk.press("<down> <enter>");
    insta::assert_snapshot!("queue_named_120", desk.app.frame());
    desk.press("<enter>");
    for _ in 0..14 {
        judge(&mut desk);
    }
    desk.press("q");
    insta::assert_snapshot!("queue_named_judged_120", desk.app.frame());
    insta::assert_snapshot!("queue_named_judged_80", resized(&mut desk, 80, 24));
    insta::assert_snapshot!("queue_named_judged_60", resized(&mut desk, 60, 16));
    resized(&mut desk, 80, 24);
    insta::assert_snapshot!("queue_progress_80", desk.press("P"));
    let frame = desk.press("<esc> f \"intent:refund\" <enter>");
    assert!(frame.contains("· intent:refund") && frame.contains(" left"), "{frame}");
    assert!(!frame.contains("exchange"), "{frame}");
    desk.press("<esc> <esc>");
    assert!(desk.app.state.queue.query.queue.is_none(), "one step back leads to all conversations");
    desk.press("+");
    insta::assert_snapshot!("queue_define_80", desk.app.frame());
}

#[test]
fn a_queue_is_defined_after_its_count_was_shown_and_evaluated_first() {
    let folder = tempfile::tempdir().unwrap();
    prepared(folder.path(), 9, None);
    let mut desk = Desk::open(folder.path());
    let frame = desk.press("+");
    assert!(frame.contains("9 to judge: 9 match"), "{frame}");
    assert!(frame.contains("9 are evaluated first"), "{frame}");
    let frame = desk.press("<tab> \"intent:refund\"");
    assert!(frame.contains("5 to judge: 5 match"), "{frame}");
    let frame = desk.press("<backspace>");
    assert!(frame.contains("0 to judge"), "{frame}");
    let frame = desk.press("<enter>");
    assert!(frame.contains("No conversation matches"), "{frame}");
    desk.press("\"d\" <enter>");
    let frame = desk.press("<enter>");
    assert!(desk.app.state.queue.query.queue.as_deref().is_some_and(|name| name.starts_with("week-")), "{frame}");
    assert!(frame.contains("0 labels (0 audit)") && frame.contains("5 left"), "{frame}");
    // Defining it can be undone like any act; the list of all conversations is what remains.
    let frame = desk.press("u");
    assert!(frame.contains("undone: new queue week-"), "{frame}");
    assert!(frame.contains("9 conversations"), "{frame}");
}

#[test]
fn audit_rows_show_nothing_that_sways_until_the_verdict() {
    let folder = tempfile::tempdir().unwrap();
    prepared(folder.path(), 40, Some(spec()));
    let mut desk = Desk::open(folder.path());
    desk.press("Q <down> <enter>");
    let kind = |desk: &Desk| desk.app.state.review.as_ref().unwrap().place.as_ref().unwrap().slot.kind;
    let row = |desk: &Desk, at: usize| {
        let id = &desk.app.state.queue.index.ids[at];
        let summary = &desk.app.state.queue.rows[id];
        desk.app.frame().lines().find(|line| line.contains(summary.first_message.exact())).unwrap().to_owned()
    };
    // The first is by lot, the second by rank: only that one says how likely it failed, and why.
    assert!(!row(&desk, 0).contains("high") && !row(&desk, 0).contains("low") && !row(&desk, 0).contains("medium"));
    assert!(row(&desk, 1).contains("high"), "{}", row(&desk, 1));
    let frame = desk.press("<enter>");
    assert_eq!(kind(&desk), SlotKind::Audit);
    assert!(frame.contains("scores hidden until the verdict"), "{frame}");
    assert!(!frame.contains("ClaimedSuccess"), "{frame}");
    let frame = desk.press("4");
    assert!(frame.contains("Scores are hidden."), "{frame}");
    let frame = desk.press("!");
    assert!(frame.contains("Hidden until the verdict"), "{frame}");
    let name = judge(&mut desk);
    assert_eq!(kind(&desk), SlotKind::Ranked);
    let slot = |desk: &Desk, name: &str| {
        let workspace = workspace(folder.path(), "sam");
        let id = workspace.store().resolve(name).unwrap();
        let _ = desk;
        workspace.store().labels(&id).unwrap().remove(0).slot.unwrap()
    };
    let first = slot(&desk, &name);
    assert_eq!((first.kind, first.position, first.scores_seen), (SlotKind::Audit, 1, false));
    // A ranked one shows its scores from the start, and its verdict says so.
    let name = judge(&mut desk);
    assert_eq!((slot(&desk, &name).kind, slot(&desk, &name).scores_seen), (SlotKind::Ranked, true));
    // Uncovering is for this conversation, and goes with its verdict.
    while kind(&desk) != SlotKind::Audit {
        judge(&mut desk);
    }
    let frame = desk.press("H");
    assert!(
        frame.contains("the verdict will say that you saw them") && !frame.contains("Scores are hidden."),
        "{frame}"
    );
    let name = judge(&mut desk);
    assert_eq!((slot(&desk, &name).kind, slot(&desk, &name).scores_seen), (SlotKind::Audit, true));
    while kind(&desk) != SlotKind::Audit {
        judge(&mut desk);
    }
    assert!(desk.app.state.is_blind(), "the next one by lot is covered again");
    // Once judged, a row says what it was.
    let frame = desk.press("q");
    assert!(frame.contains(" A") && frame.contains(" R"), "{frame}");
}

#[test]
fn the_order_moves_and_the_cursor_stays_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    prepared(folder.path(), 40, Some(spec()));
    let mut desk = Desk::open(folder.path());
    desk.press("Q <down> <enter> j j j");
    let held = desk.app.state.queue.current().cloned().unwrap();
    let before = desk.app.state.queue.index.ids.clone();
    // Somebody else judges what is first.
    let mut sam = workspace(folder.path(), "sam");
    let (_, rows) = crate::ops::queue::shown(&mut sam, ("week-47", 1), crate::model::time::Timestamp(0)).unwrap();
    let subject = crate::model::act::Subject {
        conversation: rows[0].summary.id.clone(),
        transcript_hash: rows[0].summary.transcript_hash.clone(),
    };
    let judgement = crate::model::act::Judgement {
        failed_at: Some(FailedAt::NoSingleStep),
        slot: rows[0].place.as_ref().map(|place| place.slot.clone()),
        ..crate::model::act::Judgement::new(subject, crate::model::label::Verdict::Fail)
    };
    review::record(&mut sam, &Act::Judge(judgement), NOW).unwrap();
    desk.app.send(Message::Arrived);
    desk.settle();
    let after = &desk.app.state.queue.index.ids;
    assert_ne!(*after, before);
    assert_eq!(desk.app.state.queue.progress().unwrap().done, 1);
    assert_eq!((desk.app.state.queue.cursor, desk.app.state.queue.current()), (3, Some(&held)));
    // While one is read, it stays the one that is read.
    desk.press("<enter>");
    let open = desk.app.state.review.as_ref().unwrap().id.clone();
    assert_eq!(open, held);
    desk.app.send(Message::Arrived);
    desk.settle();
    assert_eq!(desk.app.state.review.as_ref().unwrap().position, Some(3));
    // An undo brings back the order that was.
    judge(&mut desk);
    let ids = desk.app.state.queue.index.ids.clone();
    judge(&mut desk);
    desk.press("u q g");
    let mut back = desk.app.state.queue.index.ids.clone();
    let mut all = ids;
    back.sort();
    all.sort();
    assert_eq!(back, all);
    assert_eq!(desk.app.state.queue.progress().unwrap().done, 2);
}

#[test]
fn a_blind_queue_hides_scores_on_every_row() {
    let folder = tempfile::tempdir().unwrap();
    prepared(folder.path(), 20, Some(QueueSpec { blind: true, ..spec() }));
    let mut desk = Desk::open(folder.path());
    let frame = desk.press("Q <down> <enter>");
    assert!(!frame.contains("high") && !frame.contains("medium"), "{frame}");
    desk.press("<enter>");
    judge(&mut desk);
    assert!(desk.app.state.is_blind());
    desk.press("q");
    assert!(desk.app.frame().contains("PASS A") || desk.app.frame().contains("FAIL A"), "{}", desk.app.frame());
}
