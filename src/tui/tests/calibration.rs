//! Stories and frames of calibrations, on a real workspace with two reviewers.
//!
//! Invariant: before one is revealed, nothing that somebody else said stands in a frame.

use std::ops::ControlFlow;

use super::real::Desk;
use super::*;
use crate::model::act::{Judgement, Subject};
use crate::model::label::Verdict;
use crate::ops::review;
use crate::ops::workspace::{Identity, ImportOrder, Workspace};
use crate::store::Access;
use crate::tui::state::Overlay;

pub fn workspace(folder: &std::path::Path, reviewer: &str) -> Workspace {
    let identity = Identity::load(reviewer, &folder.join(format!("state-{reviewer}"))).unwrap();
    Workspace::open(&folder.join("workspace"), identity, Access::Create).unwrap()
}

pub fn prepared(folder: &std::path::Path) {
    let chat = |number: usize| {
        format!(
            r#"{{"id":"n{number}","metadata":{{"intent":"refund"}},"messages":[{{"role":"user","content":"Lamp {number} came broken."}},{{"role":"assistant","content":"It is refunded."}}]}}"#
        )
    };
    let file = folder.join("chats.jsonl");
    std::fs::write(&file, (0..6).map(chat).collect::<Vec<_>>().join("\n")).unwrap();
    let order = ImportOrder { paths: vec![file], ..ImportOrder::default() };
    workspace(folder, "zora").import(&order, NOW, &mut |_| ControlFlow::Continue(())).unwrap();
}

/// The cases of a calibration, by the names of their conversations.
pub fn cases(workspace: &Workspace, name: &str) -> Vec<(String, ConversationId)> {
    let store = workspace.store();
    let ids = store.members(&store.queue(name).unwrap().unwrap().spec).unwrap();
    let named = |id: &ConversationId| store.conversation(id).unwrap().unwrap().external_id.exact().to_owned();
    let mut cases: Vec<_> = ids.into_iter().map(|id| (named(&id), id)).collect();
    cases.sort();
    cases
}

pub fn judge(workspace: &mut Workspace, id: &ConversationId, fail: Option<(&str, &str)>) {
    let transcript_hash = workspace.store().conversation(id).unwrap().unwrap().transcript_hash();
    let subject = Subject { conversation: id.clone(), transcript_hash };
    let mut judgement = Judgement::new(subject, if fail.is_some() { Verdict::Fail } else { Verdict::Pass });
    if let Some((mode, note)) = fail {
        judgement.failed_at = Some(FailedAt::Step(StepPointer { step: 2, span_id: None, decision_span_id: None }));
        judgement.modes = vec![mode.to_owned()];
        judgement.severity = Some(2);
        judgement.note = Some(note.to_owned());
    } else {
        judgement.note = Some("wrote to mia@example.org".to_owned());
    }
    review::record(workspace, &Act::Judge(judgement), NOW).unwrap();
}

fn resized(desk: &mut Desk, columns: u16, rows: u16) -> String {
    desk.app.send(Message::Resize(Size { columns, rows }));
    desk.settle();
    desk.app.frame()
}

#[test]
fn a_calibration_is_begun_judged_alone_revealed_and_talked_about() {
    let folder = tempfile::tempdir().unwrap();
    prepared(folder.path());
    let mut desk = Desk::open(folder.path());
    let frame = desk.press("c");
    assert!(frame.contains("No calibrations yet."), "{frame}");
    let frame = desk.press("+ <ctrl-u> \"round-1_three_2\" <enter>");
    assert!(frame.contains("It takes a name"), "{frame}");
    let frame = desk.press("<ctrl-u> \"round-1_3_2\" <enter>");
    assert!(frame.contains("0 of 2 people are done") && frame.contains("Nobody has begun"), "{frame}");

    let mut zora = workspace(folder.path(), "zora");
    let known = cases(&zora, "round-1");
    assert_eq!(known.len(), 3);
    judge(&mut zora, &known[0].1, Some(("Wrong tool", "the policy says to ask first")));
    judge(&mut zora, &known[1].1, Some(("Made-up fact", "nothing was refunded")));
    // Somebody else's labels are news; what they say is not.
    desk.app.send(Message::Arrived);
    desk.settle();
    let frame = desk.app.frame();
    assert!(frame.contains("zora 2 of 3") && frame.contains("lee (not begun)"), "{frame}");
    for hidden in ["FAIL", "Wrong", "Made-up", "nothing was refunded"] {
        assert!(!frame.contains(hidden), "{frame}");
    }
    insta::assert_snapshot!("calibration_open_80", resized(&mut desk, 80, 24));
    insta::assert_snapshot!("calibration_open_120", resized(&mut desk, 120, 36));

    // Its cases are judged blind, as a queue.
    let frame = desk.press("<enter>");
    assert!(frame.contains("round-1") && frame.contains("c calibration"), "{frame}");
    let frame = desk.press("<enter> x 0 <enter> a");
    assert!(!frame.contains("zora") && !frame.contains("Made-up"), "{frame}");
    desk.press("a");
    let frame = desk.press("c");
    assert!(frame.contains("1 of 2 people are done") && frame.contains("Missing: zora (1 left)"), "{frame}");
    // A person reveals it before all are done, after a question, and takes it back.
    let frame = desk.press("R");
    assert!(frame.contains("Reveal round-1 now? 1 of 2 people are done"), "{frame}");
    let frame = desk.press("n");
    assert!(frame.contains("1 of 2 people are done"), "{frame}");
    let frame = desk.press("R y");
    assert!(frame.contains("revealed early"), "{frame}");
    let frame = desk.press("<enter>");
    assert!(frame.contains("zora") && frame.contains("Made-up fact"), "{frame}");
    let frame = desk.press("u");
    assert!(!frame.contains("Made-up fact") && frame.contains("1 of 2 people are done"), "{frame}");

    judge(&mut zora, &known[2].1, None);
    desk.app.send(Message::Arrived);
    desk.settle();
    let frame = desk.press("<enter>");
    assert!(frame.contains("all are done"), "{frame}");
    let Some(Overlay::Calibration(view)) = desk.app.state.overlays.last() else { panic!("{frame}") };
    let order: Vec<_> =
        view.cases().iter().map(|case| (case.differs.contains(&"verdict"), case.differs.len())).collect();
    assert!(order.is_sorted_by(|a, b| a >= b) && order[0].0, "those that differ come first: {order:?}");
    insta::assert_snapshot!("calibration_revealed_80", resized(&mut desk, 80, 24));
    insta::assert_snapshot!("calibration_revealed_120", resized(&mut desk, 120, 36));
    let small = resized(&mut desk, 60, 16);
    assert!(small.contains("PASS"), "{small}");
    resized(&mut desk, 120, 36);

    // The conversation behind a case, and back to the same case.
    let frame = desk.press("j <enter>");
    assert!(frame.contains("It is refunded.") && frame.contains("Label of zora"), "{frame}");
    desk.press("<esc>");
    let Some(Overlay::Calibration(view)) = desk.app.state.overlays.last() else { panic!("{frame}") };
    assert_eq!((view.case, view.open.is_some()), (1, true));
    // The codebook is edited on the spot, and the table says it at once.
    let frame = desk.press("e <down> <enter> \"made\" <enter> <ctrl-u> \"Invented\" <enter>");
    assert!(frame.contains("Invented") && !frame.contains("Made-up fact"), "{frame}");
    let before = frame.contains("Wrong tool");
    let frame = desk.press("e <enter> \"wrong\" <enter> \"invented\" <enter>");
    assert!(before && frame.matches("Wrong tool").count() == 1, "{frame}");
    assert!(frame.contains("Wrong tool merged into Invented"), "{frame}");
    let frame = desk.press("<esc> <esc>");
    assert!(desk.app.state.overlays.is_empty() && frame.contains("Queue"), "{frame}");
}

#[test]
fn a_calibration_takes_what_is_listed_and_a_verdict_on_a_case_leads_back_to_it() {
    let folder = tempfile::tempdir().unwrap();
    prepared(folder.path());
    let mut desk = Desk::open(folder.path());
    desk.press("f \"1_or_4\" <enter>");
    desk.press("c + <ctrl-u> \"round-2_5_2\" <enter>");
    let mut zora = workspace(folder.path(), "zora");
    let known = cases(&zora, "round-2");
    assert_eq!(known.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["n1", "n4"]);
    let frame = desk.press("+ <ctrl-u> \"round-2_1_2\" <enter>");
    assert!(frame.contains("there is a queue round-2 already"), "{frame}");
    assert!(desk.app.state.writes.unsaved.is_empty());
    for (_, id) in &known {
        judge(&mut zora, id, None);
    }
    desk.press("<esc> <enter> <enter> a a c <enter>");
    let frame = desk.app.frame();
    assert!(frame.contains("all said the same"), "{frame}");
    assert!(frame.contains("wrote to <EMAIL") && !frame.contains("mia@example.org"), "{frame}");
    desk.press("<enter> i");
    assert!(matches!(desk.app.state.overlays.last(), Some(Overlay::Calibration(view)) if view.open.is_some()));
    // What is said after it was revealed changes nothing in it.
    assert!(desk.app.frame().contains("all said the same"), "{}", desk.app.frame());
}
