//! The pages of figures, on a real workspace.
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
use crate::tui::state::numbers::{NumbersView, Page};

/// An invented chat; every third failed. `calm` is right but for every fifth, `loud` is upside down.
fn chat(number: usize) -> String {
    let bad = number.is_multiple_of(3);
    let right = !number.is_multiple_of(5);
    let calm = if bad == right { 0.2 } else { 0.8 };
    let loud = if bad { 0.9 } else { 0.4 };
    let intent =
        if number < 60 { ["refund", "exchange"][number % 2] } else { ["refund", "invoice", "invoice"][number % 3] };
    let version = ["1.4", "1.5"][number / 2 % 2];
    format!(
        r#"{{"id":"n{number:03}","metadata":{{"intent":"{intent}","agent_version":"{version}"}},"messages":[{{"role":"user","content":"Lamp {number}?"}},{{"role":"assistant","content":"Yes."}}],"scores":[{{"name":"calm","value":{}}},{{"name":"loud","value":{}}},{{"name":"steady","value":1}},{{"name":"AnswersTheQuestionThatWasAskedFirst","value":{}}},{{"name":"AnswersTheQuestionThatWasAskedLast","value":{}}}]}}"#,
        calm + (number % 7) as f64 / 1_000.0,
        loud + (number % 11) as f64 / 1_000.0,
        calm / 2.0,
        (number % 13) as f64 / 13.0,
    )
}

/// A workspace of ninety chats, with so many judged in a queue as it hands them out.
fn prepared(folder: &std::path::Path, judged: usize) {
    let identity = Identity::load("lee", &folder.join("state")).unwrap();
    let mut workspace = Workspace::open(&folder.join("workspace"), identity, Access::Create).unwrap();
    for (name, range) in [("early", 0..60), ("late", 60..90)] {
        let file = folder.join(format!("{name}.jsonl"));
        std::fs::write(&file, range.map(chat).collect::<Vec<_>>().join("\n")).unwrap();
        let order = ImportOrder { paths: vec![file], ..ImportOrder::default() };
        workspace.import(&order, NOW, &mut |_| ControlFlow::Continue(())).unwrap();
    }
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

fn view(desk: &Desk) -> &NumbersView {
    match desk.app.state.overlays.last() {
        Some(Overlay::Numbers(view)) => view,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_pages_look_as_they_did() {
    let folder = tempfile::tempdir().unwrap();
    prepared(folder.path(), 60);
    let mut desk = Desk::open(folder.path());
    desk.press("A");
    for (digit, name) in [("1", "rates"), ("2", "alignment"), ("3", "thresholds"), ("4", "compare"), ("5", "drift")] {
        desk.press(digit);
        insta::assert_snapshot!(format!("{name}_120"), resized(&mut desk, 120, 36));
        insta::assert_snapshot!(format!("{name}_80"), resized(&mut desk, 80, 24));
    }
    desk.press("2 G <tab>");
    insta::assert_snapshot!("alignment_last_80", desk.app.frame());
    insta::assert_snapshot!("alignment_60", resized(&mut desk, 60, 16));
}

#[test]
fn few_labels_are_greyed_and_never_a_percentage() {
    let folder = tempfile::tempdir().unwrap();
    prepared(folder.path(), 4);
    let mut desk = Desk::open(folder.path());
    desk.press("A 2");
    let frame = resized(&mut desk, 80, 24);
    insta::assert_snapshot!("alignment_few_80", frame);
    assert!(!frame.contains("100 %"), "{frame}");
    insta::assert_snapshot!("thresholds_few_80", desk.press("3"));
}

#[test]
fn a_row_becomes_a_queue_of_what_stands_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    prepared(folder.path(), 60);
    let mut desk = Desk::open(folder.path());
    desk.press("A 2 <tab>");
    let cell = view(&desk).cell().unwrap().clone();
    assert!(cell.conversations > 0);
    desk.press("<enter>");
    assert!(desk.app.state.overlays.is_empty());
    assert_eq!(desk.app.state.queue.index.ids.len() as u64, cell.conversations);
    assert!(cell.filter.contains(desk.app.state.queue.index.ids[0].as_str()));
    // Back to everything, as from any filter.
    desk.press("<esc>");
    assert_eq!(desk.app.state.queue.index.ids.len(), 90);
    // The labelled ones behind a rate, those from a threshold on, both sides of a comparison, what moved most.
    let listed = |keys: &str| {
        let mut desk = Desk::open(folder.path());
        desk.press(&format!("A {keys}"));
        desk.press("<enter>");
        assert!(desk.app.state.overlays.is_empty(), "{keys}");
        (desk.app.state.queue.query.filter.clone(), desk.app.state.queue.index.ids.len())
    };
    assert_eq!(listed("1").1, 60);
    let (filter, escalated) = listed("3");
    assert!(filter.starts_with("score.") && escalated > 0 && escalated < 90, "{filter} {escalated}");
    assert_eq!(listed("4").1, 60);
    assert!(listed("5").1 > 0);
}

#[test]
fn tab_shows_another_segment_evaluator_or_side() {
    let folder = tempfile::tempdir().unwrap();
    prepared(folder.path(), 60);
    let mut desk = Desk::open(folder.path());
    desk.press("A");
    let by = |desk: &Desk| view(desk).rates.as_ref().unwrap().report.by.clone();
    assert_eq!(by(&desk).as_deref(), Some("intent"));
    desk.press("<tab>");
    assert_eq!(by(&desk).as_deref(), Some("agent_version"));
    desk.press("<tab>");
    assert_eq!(by(&desk).as_deref(), Some("intent"));
    desk.press("3");
    let first = view(&desk).escalating().unwrap().name.clone();
    desk.press("<tab>");
    assert_ne!(view(&desk).escalating().unwrap().name, first);
    desk.press("<shift-tab>");
    assert_eq!(view(&desk).escalating().unwrap().name, first);
    desk.press("4");
    let page = view(&desk).compare.as_ref().unwrap();
    let filters: Vec<&str> = page.offers.iter().map(|offer| offer.filter.as_str()).collect();
    assert_eq!((filters, page.sides), (vec!["agent_version:1.4", "agent_version:1.5"], (0, 1)));
}

#[test]
fn without_audit_labels_it_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    prepared(folder.path(), 0);
    let mut desk = Desk::open(folder.path());
    desk.press("A 2");
    insta::assert_snapshot!("alignment_none_80", resized(&mut desk, 80, 24));
    desk.press("<enter>");
    assert!(desk.app.frame().contains("nothing to list") || !desk.app.state.overlays.is_empty());
    // Drift needs no label.
    assert!(desk.press("5").contains("30"));
    desk.press("q");
    assert!(desk.app.state.overlays.is_empty());
}

#[test]
fn a_page_that_is_being_counted_is_not_asked_for_twice_and_leaving_stops_it() {
    let folder = tempfile::tempdir().unwrap();
    prepared(folder.path(), 60);
    let mut desk = Desk::open(folder.path());
    desk.press("A");
    desk.app.press("G <tab> <tab>");
    assert_eq!(desk.app.held.as_ref().unwrap().len(), 1, "{:?}", desk.app.held);
    assert!(desk.app.frame().contains("counting"), "{}", desk.app.frame());
    // Its rows may be fewer than those before, also where another page is shown by then.
    desk.app.press("2");
    let rates = desk.app.held.as_mut().unwrap().remove(0);
    let shown = view(&desk).cursors;
    assert!(shown[0] > 0);
    desk.app.held.as_mut().unwrap().clear();
    let Some(Overlay::Numbers(open)) = desk.app.state.overlays.last_mut() else { panic!() };
    open.awaiting = Some((rates.0, Page::Rates));
    open.cursors[0] = 40;
    desk.app.held.as_mut().unwrap().push(rates);
    desk.settle();
    assert!(view(&desk).cursors[0] < 10, "{:?}", view(&desk).cursors);
    desk.app.press("4");
    let (ticket, _) = view(&desk).awaiting.unwrap();
    desk.app.press("q");
    assert_eq!(desk.app.commands.last(), Some(&Command::Cancel(ticket)));
}
