//! Stories of what a room may see, and of what must not be lost or shown while it looks, on a real workspace.
//!
//! Invariant: what a room must not see is looked for in the whole frame.

use std::ops::ControlFlow;

use super::real::Desk;
use super::*;
use crate::model::act::{Judgement, Subject};
use crate::model::correction::{Correction, CorrectionKind};
use crate::model::label::Verdict;
use crate::ops::review;
use crate::ops::workspace::{Identity, ImportOrder, Workspace};
use crate::store::Access;

const NOTE: &str = "Ottilie Marsh rang about it";
const REPLY: &str = "Dear Ottilie Marsh, it is on its way.";

fn workspace(folder: &std::path::Path, reviewer: &str) -> Workspace {
    let identity = Identity::load(reviewer, &folder.join("state")).unwrap();
    Workspace::open(&folder.join("workspace"), identity, Access::Create).unwrap()
}

fn judgement(workspace: &Workspace, id: &ConversationId, verdict: Verdict) -> Judgement {
    let transcript_hash = workspace.store().conversation(id).unwrap().unwrap().transcript_hash();
    let mut judgement = Judgement::new(Subject { conversation: id.clone(), transcript_hash }, verdict);
    if verdict == Verdict::Fail {
        judgement.failed_at = Some(FailedAt::Step(StepPointer { step: 2, span_id: None, decision_span_id: None }));
        judgement.modes = vec!["Wrong tool".to_owned()];
    }
    judgement
}

/// Three chats of a customer whom only a record names; the reviewer has failed the first, with a note and a reply.
fn prepared(folder: &std::path::Path) -> ConversationId {
    let chat = |number: usize| {
        format!(
            concat!(
                r#"{{"id":"n{number}","messages":[{{"role":"user","content":"Ottilie Marsh here, lamp {number} is broken."}},"#,
                r#"{{"role":"assistant","content":null,"tool_calls":[{{"id":"a","type":"function","function":{{"name":"find","arguments":"{{}}"}}}}]}},"#,
                r#"{{"role":"tool","tool_call_id":"a","content":"{{\"customer_id\":\"k1\",\"name\":\"Ottilie Marsh\"}}"}},"#,
                r#"{{"role":"assistant","content":"Thank you, Ottilie Marsh."}}]}}"#
            ),
            number = number
        )
    };
    let file = folder.join("chats.jsonl");
    std::fs::write(&file, (0..3).map(chat).collect::<Vec<_>>().join("\n")).unwrap();
    let mut lee = workspace(folder, "lee");
    let order = ImportOrder { paths: vec![file], ..ImportOrder::default() };
    lee.import(&order, NOW, &mut |_| ControlFlow::Continue(())).unwrap();
    let id = lee.store().resolve("n0").unwrap();
    let at = StepPointer { step: 2, span_id: None, decision_span_id: None };
    let reply = Correction { text: Some(REPLY.to_owned()), ..crate::tui::update::prompt::bare(CorrectionKind::Reply) };
    let judgement = Judgement {
        corrections: vec![(at, reply)],
        note: Some(NOTE.to_owned()),
        ..judgement(&lee, &id, Verdict::Fail)
    };
    review::record(&mut lee, &Act::Judge(judgement), NOW).unwrap();
    id
}

/// The reviewer's label as it is on disk: its verdict, its note, the text of its correction.
fn stored(folder: &std::path::Path, id: &ConversationId) -> (Option<Verdict>, String, Option<String>) {
    let label = workspace(folder, "lee").store().labels(id).unwrap().remove(0);
    let note = label.notes.first().map(|note| note.text.clone()).unwrap_or_default();
    (label.verdict, note, label.corrections.first().and_then(|placed| placed.correction.text.clone()))
}

fn to(desk: &mut Desk, id: &ConversationId) {
    desk.app.state.queue.cursor = desk.app.state.queue.index.ids.iter().position(|other| other == id).unwrap();
}

fn nameless(frame: &str) {
    assert!(!frame.contains("Ottilie") && !frame.contains("Marsh"), "{frame}");
}

#[test]
fn a_label_keeps_its_exact_texts_through_a_room_and_the_room_sees_none_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let id = prepared(folder.path());
    let mut desk = Desk::open(folder.path());
    let frame = desk.press("V");
    nameless(&frame);
    assert!(frame.contains("judged") && !frame.contains("FAIL"), "{frame}");
    to(&mut desk, &id);
    let frame = desk.press("<enter>");
    nameless(&frame);
    assert!(frame.contains("earlier label hidden") && !frame.contains("FAIL"), "{frame}");
    let frame = desk.press("x");
    assert!(frame.contains("no mode") && !frame.contains("with a correction"), "{frame}");
    nameless(&desk.press("<ctrl-e>"));
    desk.press("<esc> <esc>");
    // The note of the room joins the one that was there; an empty one takes nothing away.
    nameless(&desk.press("e"));
    desk.press("<ctrl-s>");
    assert_eq!(stored(folder.path(), &id).1, NOTE);
    desk.press("e \"the_room_agrees\" <ctrl-s>");
    let both = format!("{NOTE}\n\nthe room agrees");
    assert_eq!(stored(folder.path(), &id), (Some(Verdict::Fail), both, Some(REPLY.to_owned())));
    nameless(&desk.press("e"));
    desk.press("<esc> i");
    let (verdict, _, reply) = stored(folder.path(), &id);
    assert_eq!((verdict, reply.as_deref()), (Some(Verdict::Unsure), Some(REPLY)));
    // What the room has judged it may see.
    to(&mut desk, &id);
    let frame = desk.press("q");
    assert!(frame.contains("UNSURE"), "{frame}");
}

#[test]
fn a_note_in_a_fail_that_was_begun_alone_is_kept_from_the_room_and_added_to() {
    let folder = tempfile::tempdir().unwrap();
    let id = prepared(folder.path());
    let mut desk = Desk::open(folder.path());
    to(&mut desk, &id);
    desk.press("<enter> x <ctrl-e> \"ask_Ottilie\" <ctrl-s> <esc>");
    nameless(&desk.press("V x <ctrl-e>"));
    desk.press("\"of_the_room\" <ctrl-s>");
    nameless(&desk.press("<ctrl-e>"));
    desk.press("\"and_more\" <ctrl-s> <enter>");
    assert_eq!(stored(folder.path(), &id).1, "Ottilie Marsh rang about it\n\nof the room\n\nand more");
    // What was begun alone is still there, alone.
    desk.press("q V");
    to(&mut desk, &id);
    desk.press("<enter> x <ctrl-e>");
    assert!(desk.app.frame().contains("ask Ottilie"), "{}", desk.app.frame());
}

#[test]
fn what_was_uncovered_alone_is_covered_for_the_room_and_no_key_leads_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let id = prepared(folder.path());
    let mut desk = Desk::open(folder.path());
    to(&mut desk, &id);
    desk.app.state.uncovered.insert(id.clone());
    desk.press("<enter>");
    let frame = desk.press("V");
    assert!(desk.app.state.hides_scores(), "{frame}");
    let before = desk.app.state.review.as_ref().unwrap().pager.cursor;
    let frame = desk.press("!");
    assert!(frame.contains("Hidden until H reveals it to the room."), "{frame}");
    assert_eq!(desk.app.state.review.as_ref().unwrap().pager.cursor, before);
    let frame = desk.press("H");
    assert!(!desk.app.state.hides_scores() && frame.contains("FAIL"), "{frame}");
    desk.press("V V");
    assert!(desk.app.state.hides_scores(), "every room begins with nothing shown");
}

#[test]
fn a_search_and_a_filter_show_a_room_neither_texts_nor_addresses() {
    let folder = tempfile::tempdir().unwrap();
    prepared(folder.path());
    let mut desk = Desk::open(folder.path());
    let frame = desk.press("f \"-\"mia@example.org\"\" <enter>");
    assert!(!desk.app.state.queue.query.filter.is_empty(), "{frame}");
    let frame = desk.press("/ \"lamp\" <enter>");
    assert!(frame.contains("lamp 1 is broken"), "{frame}");
    let frame = desk.press("V");
    nameless(&frame);
    assert!(!frame.contains("is broken") && !frame.contains("mia@example.org"), "{frame}");
}

#[test]
fn a_note_is_not_taken_before_the_conversation_is_there_nor_for_another_one() {
    let folder = tempfile::tempdir().unwrap();
    let id = prepared(folder.path());
    let mut desk = Desk::open(folder.path());
    to(&mut desk, &id);
    desk.app.press("<enter> e C");
    assert!(desk.app.state.overlays.is_empty(), "not opened yet");
    desk.settle();
    desk.press("e \"more\"");
    let at = desk.app.state.queue.index.ids.iter().position(|other| *other != id).unwrap();
    let other = desk.app.state.queue.index.ids[at].clone();
    crate::tui::update::review::open(&mut desk.app.state, other, Some(at), crate::tui::state::review::Reason::Asked);
    let frame = desk.press("<ctrl-s>");
    assert!(frame.contains("kept as a draft"), "{frame}");
    assert_eq!(stored(folder.path(), &id).1, NOTE);
    assert_eq!(desk.app.state.drafts.values().filter(|text| text.ends_with("more")).count(), 1);
}

/// Two disputes of `zora` and `kim` on top.
fn disputed(folder: &std::path::Path) {
    prepared(folder);
    for (reviewer, verdict) in [("zora", Verdict::Pass), ("kim", Verdict::Fail)] {
        let mut workspace = workspace(folder, reviewer);
        for name in ["n1", "n2"] {
            let id = workspace.store().resolve(name).unwrap();
            let note = format!("{verdict:?}: Ottilie Marsh said so. {}", "And so on. ".repeat(2_000));
            let judgement = Judgement { note: Some(note), ..judgement(&workspace, &id, verdict) };
            review::record(&mut workspace, &Act::Judge(judgement), NOW).unwrap();
        }
    }
}

#[test]
fn a_side_whose_reason_was_given_up_is_not_taken_by_a_later_one() {
    let folder = tempfile::tempdir().unwrap();
    disputed(folder.path());
    let mut desk = Desk::open(folder.path());
    desk.press("d 1 <esc> e \"because\" <enter>");
    let frame = desk.app.frame();
    assert!(frame.contains("1 of 2") && frame.contains("Because because"), "{frame}");
    let frame = desk.press("2");
    assert!(frame.contains("1 of 1"), "{frame}");
}

#[test]
fn a_dispute_counts_as_settled_once_it_is_saved() {
    let folder = tempfile::tempdir().unwrap();
    disputed(folder.path());
    let settled = |desk: &Desk| match desk.app.state.overlays.last() {
        Some(crate::tui::state::Overlay::Disputes(view)) => (view.settled, view.ids.len()),
        other => panic!("{other:?}"),
    };
    let mut desk = Desk::open(folder.path());
    desk.press("d 1 \"so\"");
    // It was settled elsewhere meanwhile: this one cannot be saved.
    desk.app.press("<enter>");
    let (ticket, request) = desk.app.held.as_mut().unwrap().remove(0);
    assert!(matches!(request, Request::Settle { .. }), "{request:?}");
    assert_eq!(settled(&desk).0, 0);
    desk.app.send(Message::Reply(ticket, Reply::Failed { message: "the disk is full".to_owned(), retry: true }));
    desk.settle();
    assert_eq!(settled(&desk), (0, 2), "{}", desk.app.frame());
    desk.press("s 1 \"so\" <enter>");
    assert_eq!(settled(&desk), (1, 1));
    // A verdict of one's own counts as well, once.
    desk.press("v \"mine\" <enter> a");
    assert_eq!(settled(&desk), (2, 0));
}

#[test]
fn no_name_is_told_in_a_transcript_that_is_read_for_a_dispute() {
    let folder = tempfile::tempdir().unwrap();
    disputed(folder.path());
    let mut lee = workspace(folder.path(), "lee");
    let id = lee.store().resolve("n1").unwrap();
    let judgement = judgement(&lee, &id, Verdict::Unsure);
    review::record(&mut lee, &Act::Judge(judgement), NOW).unwrap();
    drop(lee);
    let mut desk = Desk::open(folder.path());
    desk.press("d");
    let current = |desk: &Desk| match desk.app.state.overlays.last() {
        Some(crate::tui::state::Overlay::Disputes(view)) => view.current().cloned(),
        other => panic!("{other:?}"),
    };
    if current(&desk).as_ref() != Some(&id) {
        desk.press("s");
    }
    let frame = desk.press("<enter>");
    assert!(frame.contains("Another label") && !frame.contains("zora") && !frame.contains("kim"), "{frame}");
    // Going to a list is not coming back: the disputes do not lie over it.
    desk.press("Q <enter>");
    assert!(desk.app.state.overlays.is_empty() && desk.app.state.visit.is_none());
    to(&mut desk, &id);
    let frame = desk.press("<enter>");
    assert!(frame.contains("Label of"), "{frame}");
}

#[test]
fn a_room_settles_disputes_without_names_and_long_notes_are_drawn_as_far_as_the_screen_goes() {
    let folder = tempfile::tempdir().unwrap();
    disputed(folder.path());
    let mut desk = Desk::open(folder.path());
    let frame = desk.press("V d");
    nameless(&frame);
    assert!(frame.contains("It began:") && frame.contains("And so on.") && frame.contains("more lines"), "{frame}");
    desk.press(&"j ".repeat(40));
    assert_ne!(desk.app.frame(), frame);
    assert!(desk.app.frame().contains("And so on."));
}

#[test]
fn a_reason_is_for_the_dispute_it_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    disputed(folder.path());
    let mut desk = Desk::open(folder.path());
    desk.press("d 1 \"this_side\"");
    let Some(crate::tui::state::Overlay::Disputes(view)) = desk.app.state.overlays.first() else { panic!() };
    let id = view.current().cloned().unwrap();
    // Somebody else settles it while the reason is being typed.
    let mut kim = workspace(folder.path(), "kim");
    let subject = judgement(&kim, &id, Verdict::Pass).subject;
    let act = Act::Adjudicate { subject, took: "kim".to_owned(), reason: "seen".to_owned() };
    review::record(&mut kim, &act, NOW).unwrap();
    crate::tui::update::disputes::refresh(&mut desk.app.state);
    let commands = update(&mut desk.app.state, Message::Clock(NOW));
    desk.app.perform(commands);
    desk.settle();
    let frame = desk.press("<enter>");
    assert!(frame.contains("was settled meanwhile") && frame.contains("No reason yet"), "{frame}");
    assert!(desk.app.state.writes.last.is_none());
}

#[test]
fn a_verdict_is_said_to_settle_a_dispute_on_its_conversation_only() {
    let folder = tempfile::tempdir().unwrap();
    disputed(folder.path());
    let mut desk = Desk::open(folder.path());
    desk.press("d v \"mine\" <enter>");
    let frame = desk.press("j");
    assert!(frame.contains("your verdict settles the dispute"), "{frame}");
    // The list's cursor is on the first, which nobody disputes.
    let other = workspace(folder.path(), "lee").store().resolve("n0").unwrap();
    to(&mut desk, &other);
    let frame = desk.press("] j");
    assert_eq!(desk.app.state.review.as_ref().map(|review| review.id.clone()), Some(other));
    assert!(!frame.contains("settles the dispute"), "{frame}");
}

#[test]
fn a_filter_that_holds_what_a_room_must_not_see_is_not_written_out_to_be_edited() {
    let mut app = App::new((80, 24));
    app.press("f \"\"LF-2041\"\" <enter> V");
    let filter = app.state.queue.query.filter.clone();
    assert_eq!(filter, "\"LF-2041\"");
    app.press("f");
    assert!(!app.frame().contains("LF-2041") && app.frame().contains("not shown to a room"), "{}", app.frame());
    app.press("<enter>");
    assert_eq!((app.state.queue.query.filter.as_str(), app.state.overlays.len()), (filter.as_str(), 0));
    for key in ["E", "+"] {
        app.press(key);
        let frame = app.frame();
        assert!(frame.contains("a room must not see") && !frame.contains("LF-2041"), "{key}: {frame}");
    }
    // Another one takes its place, and one without any such thing is edited as ever.
    app.press("f \"intent:refund\" <enter> f");
    assert!(app.frame().contains("intent:refund") && !app.frame().contains("not shown to a room"), "{}", app.frame());
}

#[test]
fn what_waits_for_a_session_is_told_to_a_room_without_first_messages() {
    let folder = tempfile::tempdir().unwrap();
    prepared(folder.path());
    let mut desk = Desk::open(folder.path());
    desk.press("S <tab> l <tab> <enter> <esc> <enter> ] s F y S \"next\" <tab> <space> <enter> <esc> V S");
    let frame = desk.app.frame();
    assert!(frame.contains("Left by earlier sessions") && frame.contains("put off by lee"), "{frame}");
    nameless(&frame);
}
