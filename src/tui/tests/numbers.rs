//! The screen of how evaluators agree with people, on a real workspace.
//!
//! Invariant: what the screen shows of a label is what the labels of an audit say.

use std::ops::ControlFlow;

use super::real::Desk;
use super::*;
use crate::model::act::{FailedAt, Judgement, Subject};
use crate::model::label::Verdict;
use crate::model::queue::{QueueChange, QueueSpec};
use crate::ops::workspace::{Identity, ImportOrder, Workspace};
use crate::ops::{queue, review};
use crate::store::Access;
use crate::tui::state::Overlay;

/// An invented chat; every third failed. `calm` is right but for every fifth, `loud` is upside down.
fn chat(number: usize) -> String {
    let bad = number.is_multiple_of(3);
    let right = !number.is_multiple_of(5);
    let calm = if bad == right { 0.2 } else { 0.8 };
    let loud = if bad { 0.9 } else { 0.4 };
    let intent = ["refund", "exchange"][number % 2];
    format!(
        r#"{{"id":"n{number:03}","metadata":{{"intent":"{intent}"}},"messages":[{{"role":"user","content":"Lamp {number}?"}},{{"role":"assistant","content":"Yes."}}],"scores":[{{"name":"calm","value":{}}},{{"name":"loud","value":{}}},{{"name":"steady","value":1}}]}}"#,
        calm + (number % 7) as f64 / 1_000.0,
        loud + (number % 11) as f64 / 1_000.0,
    )
}

/// A workspace of ninety chats, with so many judged in a queue as it hands them out.
fn prepared(folder: &std::path::Path, judged: usize) {
    let identity = Identity::load("lee", &folder.join("state")).unwrap();
    let mut workspace = Workspace::open(&folder.join("workspace"), identity, Access::Create).unwrap();
    let file = folder.join("chats.jsonl");
    std::fs::write(&file, (0..90).map(chat).collect::<Vec<_>>().join("\n")).unwrap();
    let order = ImportOrder { paths: vec![file], ..ImportOrder::default() };
    workspace.import(&order, NOW, &mut |_| ControlFlow::Continue(())).unwrap();
    let spec = QueueSpec { audit: 1.0, ..QueueSpec::new("week-47", "learnt") };
    review::record(&mut workspace, &Act::Queue(QueueChange::Add(spec)), NOW).unwrap();
    for _ in 0..judged {
        let (_, rows) = queue::shown(&mut workspace, ("week-47", 1), crate::model::time::Timestamp(0)).unwrap();
        let row = rows.into_iter().rev().find(|row| !row.judged).unwrap();
        let number: usize = row.summary.external_id.exact()[1..].parse().unwrap();
        let bad = number.is_multiple_of(3);
        let subject = Subject { conversation: row.summary.id, transcript_hash: row.summary.transcript_hash };
        let judgement = Judgement {
            failed_at: bad.then_some(FailedAt::NoSingleStep),
            slot: row.place.map(|place| place.slot),
            ..Judgement::new(subject, if bad { Verdict::Fail } else { Verdict::Pass })
        };
        review::record(&mut workspace, &Act::Judge(judgement), NOW).unwrap();
    }
}

fn resized(desk: &mut Desk, columns: u16, rows: u16) -> String {
    desk.app.send(Message::Resize(Size { columns, rows }));
    desk.settle();
    desk.app.frame()
}

#[test]
fn alignment_looks_as_it_did() {
    let folder = tempfile::tempdir().unwrap();
    prepared(folder.path(), 60);
    let mut desk = Desk::open(folder.path());
    desk.press("A");
    insta::assert_snapshot!("alignment_120", resized(&mut desk, 120, 36));
    insta::assert_snapshot!("alignment_80", resized(&mut desk, 80, 24));
    desk.press("G <tab>");
    insta::assert_snapshot!("alignment_last_80", desk.app.frame());
    insta::assert_snapshot!("alignment_60", resized(&mut desk, 60, 16));
}

#[test]
fn a_cell_becomes_a_queue_of_its_conversations() {
    let folder = tempfile::tempdir().unwrap();
    prepared(folder.path(), 60);
    let mut desk = Desk::open(folder.path());
    desk.press("A <tab>");
    let cell = match desk.app.state.overlays.last() {
        Some(Overlay::Alignment(view)) => view.cell().unwrap().clone(),
        other => panic!("{other:?}"),
    };
    assert!(cell.conversations > 0);
    desk.press("<enter>");
    assert!(desk.app.state.overlays.is_empty());
    assert_eq!(desk.app.state.queue.index.ids.len() as u64, cell.conversations);
    assert!(cell.filter.contains(desk.app.state.queue.index.ids[0].as_str()));
    // Back to everything, as from any filter.
    desk.press("<esc>");
    assert_eq!(desk.app.state.queue.index.ids.len(), 90);
}

#[test]
fn without_audit_labels_it_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    prepared(folder.path(), 0);
    let mut desk = Desk::open(folder.path());
    desk.press("A");
    insta::assert_snapshot!("alignment_none_80", resized(&mut desk, 80, 24));
    desk.press("<enter>");
    assert!(desk.app.frame().contains("nothing to list") || !desk.app.state.overlays.is_empty());
    desk.press("q");
    assert!(desk.app.state.overlays.is_empty());
}
