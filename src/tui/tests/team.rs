//! Stories and frames of several reviewers: disputes, and what others hold, on a real workspace.
//!
//! Invariant: no name of another reviewer stands in a frame before a label is taken.

use super::real::Desk;
use super::*;
use crate::model::act::{Judgement, Subject};
use crate::model::claim::{ClaimOrder, Claimed};
use crate::model::event::EventBody;
use crate::model::label::Verdict;
use crate::model::queue::{QueueChange, QueueSpec};
use crate::ops::workspace::{Identity, ImportOrder, Workspace};
use crate::ops::{queue, review};
use crate::store::Access;
use crate::tui::state::Overlay;
use std::ops::ControlFlow;

fn workspace(folder: &std::path::Path, reviewer: &str) -> Workspace {
    let identity = Identity::load(reviewer, &folder.join(format!("state-{reviewer}"))).unwrap();
    Workspace::open(&folder.join("workspace"), identity, Access::Create).unwrap()
}

fn prepared(folder: &std::path::Path) -> Workspace {
    let chat = |number: usize| {
        format!(
            r#"{{"id":"n{number}","metadata":{{"intent":"refund"}},"messages":[{{"role":"user","content":"Lamp {number} came broken, write to mia@example.org."}},{{"role":"assistant","content":"It is refunded."}}]}}"#
        )
    };
    let file = folder.join("chats.jsonl");
    std::fs::write(&file, (0..4).map(chat).collect::<Vec<_>>().join("\n")).unwrap();
    let mut zora = workspace(folder, "zora");
    let order = ImportOrder { paths: vec![file], ..ImportOrder::default() };
    zora.import(&order, NOW, &mut |_| ControlFlow::Continue(())).unwrap();
    zora
}

fn judge(workspace: &mut Workspace, id: &str, fail: Option<(&str, u8)>, note: &str) {
    let id = workspace.store().resolve(id).unwrap();
    let transcript_hash = workspace.store().conversation(&id).unwrap().unwrap().transcript_hash();
    let verdict = if fail.is_some() { Verdict::Fail } else { Verdict::Pass };
    let mut judgement = Judgement::new(Subject { conversation: id, transcript_hash }, verdict);
    if let Some((mode, severity)) = fail {
        judgement.failed_at = Some(FailedAt::Step(StepPointer { step: 2, span_id: None, decision_span_id: None }));
        judgement.modes = vec![mode.to_owned()];
        judgement.severity = Some(severity);
    }
    judgement.note = Some(note.to_owned());
    review::record(workspace, &Act::Judge(judgement), NOW).unwrap();
}

/// Two disputes of `zora` and `kim`.
fn disputed(folder: &std::path::Path) {
    let mut zora = prepared(folder);
    judge(&mut zora, "n0", Some(("Wrong tool", 3)), "the policy says to ask mia@example.org first");
    judge(&mut zora, "n1", None, "a refund was right");
    let mut kim = workspace(folder, "kim");
    judge(&mut kim, "n0", None, "the customer got what they wanted");
    judge(&mut kim, "n1", Some(("Made-up fact", 2)), "nothing was refunded");
}

fn resized(desk: &mut Desk, columns: u16, rows: u16) -> String {
    desk.app.send(Message::Resize(Size { columns, rows }));
    desk.settle();
    desk.app.frame()
}

fn taken(folder: &std::path::Path) -> Vec<(String, String)> {
    let events = workspace(folder, "lee").store().log().all().unwrap();
    let told = events.into_iter().filter_map(|event| match event.body {
        EventBody::Adjudicate { took, reason } => Some((took, reason)),
        _ => None,
    });
    told.collect()
}

fn nameless(frame: &str) {
    assert!(!frame.contains("zora") && !frame.contains("kim"), "{frame}");
}

#[test]
fn a_dispute_is_settled_by_a_side_and_a_reason_and_the_next_one_comes() {
    let folder = tempfile::tempdir().unwrap();
    disputed(folder.path());
    let mut desk = Desk::open(folder.path());
    assert!(desk.app.frame().contains("disputes"), "the list offers the key where there are some");
    let frame = desk.press("d");
    nameless(&frame);
    assert!(frame.contains("1 of 2") && !frame.contains("mia@example.org"), "{frame}");
    insta::assert_snapshot!("disputes_120", frame);
    insta::assert_snapshot!("disputes_80", resized(&mut desk, 80, 24));
    let frame = desk.press("2");
    assert!(frame.contains("Why is it settled so?"), "{frame}");
    let frame = desk.press("<enter>");
    assert!(frame.contains("settled with a reason"), "{frame}");
    assert_eq!(taken(folder.path()), []);
    let frame = desk.press("\"it_was_broken\" <enter>");
    assert!(frame.contains("1 of 1") && frame.contains("No reason yet"), "the next one comes: {frame}");
    assert_eq!(taken(folder.path()).len(), 1);
    assert_eq!(taken(folder.path())[0].1, "it was broken");
    let frame = desk.press("e \"so_it_is\" <enter> 1");
    assert!(frame.contains("2 disputes settled"), "{frame}");
    assert_eq!(taken(folder.path()).len(), 2);
    let frame = desk.press("u");
    assert!(frame.contains("1 of 1"), "undo brings it back: {frame}");
    let frame = desk.press("<esc>");
    assert!(frame.contains("Queue"), "{frame}");
}

#[test]
fn a_verdict_of_ones_own_settles_it_and_both_originals_stay() {
    let folder = tempfile::tempdir().unwrap();
    disputed(folder.path());
    let mut desk = Desk::open(folder.path());
    desk.press("d 3 \"neither_is_right\" <enter>");
    let frame = desk.app.frame();
    nameless(&frame);
    let id = desk.app.state.review.as_ref().unwrap().id.clone();
    let frame = desk.press("a");
    assert!(frame.contains("Disputes") && frame.contains("1 of 1"), "back at the next one: {frame}");
    assert_eq!(taken(folder.path()), [("lee".to_owned(), "neither is right".to_owned())]);
    let labels = workspace(folder.path(), "lee").store().labels(&id).unwrap();
    assert_eq!(labels.len(), 3);
    assert_eq!(labels.iter().filter(|label| label.settled.is_some()).count(), 1);
    // One undo takes verdict and settling back together.
    desk.press("u");
    assert!(workspace(folder.path(), "lee").store().labels(&id).unwrap().iter().all(|label| label.settled.is_none()));
    assert_eq!(desk.app.frame().matches("of 2").count(), 1, "{}", desk.app.frame());
}

#[test]
fn a_transcript_is_read_without_settling_and_skipped_disputes_come_last() {
    let folder = tempfile::tempdir().unwrap();
    disputed(folder.path());
    let mut desk = Desk::open(folder.path());
    desk.press("d");
    let first = |desk: &Desk| match desk.app.state.overlays.last() {
        Some(Overlay::Disputes(view)) => view.current().cloned(),
        other => panic!("{other:?}"),
    };
    let before = first(&desk);
    let frame = desk.press("<enter>");
    assert!(frame.contains("It is refunded."), "{frame}");
    nameless(&frame);
    desk.press("<esc>");
    assert_eq!(first(&desk), before, "leaving the transcript leads back");
    desk.press("s");
    assert_ne!(first(&desk), before);
    assert_eq!(taken(folder.path()), []);
}

#[test]
fn three_sides_have_numbers_and_a_narrow_screen_shows_them_all() {
    let folder = tempfile::tempdir().unwrap();
    disputed(folder.path());
    let mut abe = workspace(folder.path(), "abe");
    judge(&mut abe, "n0", Some(("Too slow", 1)), "an hour is too long");
    let mut desk = Desk::open(folder.path());
    desk.press("d");
    resized(&mut desk, 80, 24);
    let three = |desk: &Desk| desk.app.frame().contains("1-3");
    if !three(&desk) {
        desk.press("s");
    }
    let frame = desk.app.frame();
    assert!(three(&desk) && frame.contains("4 own verdict"), "{frame}");
    for words in ["Wrong tool", "the customer got what they wanted", "an hour is too long"] {
        assert!(frame.contains(words), "{words}: {frame}");
    }
    insta::assert_snapshot!("disputes_three_80", frame);
    let small = resized(&mut desk, 60, 16);
    assert!(small.contains("more lines"), "{small}");
    let frame = desk.press("9");
    assert!(frame.contains("There are 3 sides"), "{frame}");
}

fn shared(folder: &std::path::Path) -> Workspace {
    let mut zora = prepared(folder);
    let spec = QueueSpec { claim_minutes: 15, audit: 0.0, ..QueueSpec::new("week-47", "manual") };
    review::record(&mut zora, &Act::Queue(QueueChange::Add(spec)), NOW).unwrap();
    zora
}

fn claims(folder: &std::path::Path) -> Vec<String> {
    let events = workspace(folder, "lee").store().log().all().unwrap();
    events.iter().map(|event| event.body.kind().to_owned()).collect()
}

#[test]
fn what_others_hold_is_said_and_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let mut zora = shared(folder.path());
    let second = zora.store().resolve("n1").unwrap();
    let order = ClaimOrder { queue: "week-47".to_owned(), conversation: second.clone() };
    assert!(matches!(queue::claim(&mut zora, &order, NOW).unwrap(), Claimed::Yours { .. }));
    let mut desk = Desk::open(folder.path());
    let frame = desk.press("Q <down> <enter>");
    assert!(frame.contains("held by another reviewer until"), "{frame}");
    nameless(&frame);
    insta::assert_snapshot!("queue_held_120", frame);
    insta::assert_snapshot!("queue_held_80", resized(&mut desk, 80, 24));
    resized(&mut desk, 120, 36);
    desk.press("<enter> a a a");
    let frame = desk.app.frame();
    assert!(frame.contains("held by other reviewers, the first until"), "{frame}");
    // Opening it all the same is possible, and so is a verdict.
    desk.app.send(Message::Clock(Timestamp(NOW.0 + 2_000_000)));
    let at = desk.app.state.queue.index.ids.iter().position(|id| *id == second).unwrap();
    desk.app.state.queue.cursor = at;
    let frame = desk.press("<enter>");
    assert!(frame.contains("Held by another reviewer until"), "{frame}");
    desk.press("a");
    let labels = workspace(folder.path(), "lee").store().labels(&second).unwrap();
    assert_eq!(labels.len(), 1);
}

#[test]
fn a_conversation_is_claimed_when_opened_and_given_back_when_left() {
    let folder = tempfile::tempdir().unwrap();
    drop(shared(folder.path()));
    let mut desk = Desk::open(folder.path());
    desk.press("Q <down> <enter> <enter>");
    assert_eq!(claims(folder.path()), ["queue", "claim"]);
    desk.press("j k J K");
    assert_eq!(claims(folder.path()).len(), 2, "moving about writes nothing");
    desk.press("q");
    assert_eq!(claims(folder.path()), ["queue", "claim", "release"]);
    desk.press("<enter> a");
    assert_eq!(claims(folder.path())[3..], ["claim", "verdict", "claim"], "a verdict ends a claim by itself");
    // Half of the time is over, so a key renews it.
    desk.app.send(Message::Clock(Timestamp(NOW.0 + 8 * 60_000_000)));
    desk.press("j k");
    assert!(desk.app.state.holding.is_some());
    desk.press("u");
    assert_eq!(claims(folder.path()).iter().filter(|kind| *kind == "undo").count(), 1);
}

#[test]
fn the_sides_of_a_dispute_scroll_to_their_end_and_straight_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut zora = prepared(folder.path());
    let long: Vec<String> = (0..400).map(|at| format!("remark {at} of many.")).collect();
    judge(&mut zora, "n0", Some(("Wrong tool", 3)), &long.join(" "));
    let mut kim = workspace(folder.path(), "kim");
    judge(&mut kim, "n0", None, "fine");
    let mut desk = Desk::open(folder.path());
    for (columns, rows) in [(80, 24), (120, 36)] {
        desk.press("d");
        let first = resized(&mut desk, columns, rows);
        let frame = desk.press("G");
        assert!(frame.contains("remark 399") && !frame.contains("more lines"), "{frame}");
        // Keys past the end are not owed on the way back.
        let end = desk.press("j j <pagedown> G");
        assert_eq!(end, frame);
        assert_ne!(desk.press("k"), end);
        assert_eq!(desk.press("g"), first);
        desk.press("<esc>");
    }
}
