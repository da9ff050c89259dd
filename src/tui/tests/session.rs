//! Stories and frames of the review session, on a real workspace.
//!
//! Invariant: what a story says was saved is read back from the disk by a new program.

use super::queues::{prepared, spec};
use super::real::Desk;
use super::*;
use crate::model::event::EventBody;
use crate::ops::workspace::{Identity, Workspace};
use crate::store::Access;

fn sized(desk: &mut Desk, columns: u16, rows: u16) -> String {
    desk.app.send(Message::Resize(Size { columns, rows }));
    desk.settle();
    desk.app.frame()
}

fn workspace(folder: &std::path::Path) -> Workspace {
    let identity = Identity::load("lee", &folder.join("state")).unwrap();
    Workspace::open(&folder.join("workspace"), identity, Access::Read).unwrap()
}

/// The program, started at the time of all tests.
fn started(folder: &std::path::Path) -> Desk {
    let mut desk = Desk::open(folder);
    desk.app.send(Message::Clock(NOW));
    desk
}

fn begun(folder: &std::path::Path) -> Desk {
    prepared(folder, 24, Some(spec()));
    let mut desk = started(folder);
    desk.press("S <enter>");
    desk
}

#[test]
fn a_session_is_held_left_and_gone_on_with_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    prepared(folder.path(), 24, Some(spec()));
    let mut desk = started(folder.path());
    desk.press("S");
    insta::assert_snapshot!("session_start_80", sized(&mut desk, 80, 24));
    let frame = desk.press("<tab> <tab> <tab> \"tess\" <enter>");
    assert!(frame.contains("0 of 24 judged") && frame.contains("60 min left"), "{frame}");
    desk.press("<enter> a x 0 <enter> a P \"ask_billing\" <enter>");
    insta::assert_snapshot!("session_review_80", sized(&mut desk, 80, 24));
    insta::assert_snapshot!("session_review_120", sized(&mut desk, 120, 36));
    desk.press("D \"refund_at_once\" <tab> <space> <space> <tab> \"mira\" <tab> \"2020-01-31\"");
    insta::assert_snapshot!("session_decide_80", sized(&mut desk, 80, 24));
    desk.press("<enter> J J");
    let here = desk.app.state.review.as_ref().map(|review| (review.id.clone(), review.step_index())).unwrap();
    assert_eq!(here.1, Some(2));
    desk.press("<ctrl-c>");
    assert!(desk.app.commands.contains(&Command::Quit));
    drop(desk);

    let mut desk = started(folder.path());
    let there = desk.app.state.review.as_ref().map(|review| (review.id.clone(), review.step_index()));
    assert_eq!(there, Some(here), "{}", desk.app.frame());
    desk.press("S");
    insta::assert_snapshot!("session_agenda_80", sized(&mut desk, 80, 24));
    insta::assert_snapshot!("session_agenda_120", sized(&mut desk, 120, 36));
    desk.press("<tab>");
    insta::assert_snapshot!("session_decisions_80", sized(&mut desk, 80, 24));
    desk.press("<tab>");
    insta::assert_snapshot!("session_summary_80", sized(&mut desk, 80, 24));
    insta::assert_snapshot!("session_summary_120", sized(&mut desk, 120, 36));
    let frame = desk.press("q");
    assert!(frame.contains("End session W47?"), "{frame}");
    let frame = desk.press("y");
    assert!(!frame.contains("min left"), "{frame}");
    drop(desk);
    let book = workspace(folder.path()).store().book().unwrap();
    let session = &book.sessions[0];
    assert!(!session.is_running());
    assert_eq!((session.queue.as_deref(), session.participants.len(), session.parked.len()), (Some("w47"), 2, 1));
    assert_eq!(book.decisions[0].spec.session.as_ref(), Some(&session.event));
    assert_eq!(book.decisions[0].spec.conversations.len(), 1);
}

#[test]
fn a_line_of_the_agenda_is_listed_and_a_decision_is_changed_closed_and_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = begun(folder.path());
    let frame = desk.press("S <enter>");
    assert!(frame.contains("id:c") && frame.contains("w47"), "{frame}");
    let listed = desk.app.state.queue.index.ids.len();
    assert!(listed > 0 && listed < 24, "{listed}: {frame}");
    let frame = desk.press("S <tab> D <enter>");
    assert!(frame.contains("A decision needs words."), "{frame}");
    desk.press("\"refund_at_once\" <enter> e <tab> <tab> \"mira\" <enter> c \"shipped\" <enter>");
    let decision = workspace(folder.path()).store().book().unwrap().decisions.remove(0);
    assert_eq!(decision.spec.owner.as_deref(), Some("mira"));
    assert_eq!(decision.closed.as_ref().map(|closed| closed.reason.as_str()), Some("shipped"));
    let frame = desk.press("c");
    assert!(frame.contains("open ") && frame.contains("mira"), "{frame}");
    desk.press("u u u u");
    assert_eq!(workspace(folder.path()).store().book().unwrap().decisions, []);
}

#[test]
fn without_a_session_nothing_is_parked_and_nothing_is_said_of_one() {
    let folder = tempfile::tempdir().unwrap();
    prepared(folder.path(), 6, Some(spec()));
    let mut desk = started(folder.path());
    let frame = desk.press("<enter> P");
    assert!(frame.contains("No session goes on: S begins one."), "{frame}");
    desk.press("<ctrl-c>");
    assert_eq!(workspace(folder.path()).store().book().unwrap().sessions, []);
}

#[test]
fn a_room_sees_one_conversation_masked_and_its_verdict_says_who_was_there() {
    let folder = tempfile::tempdir().unwrap();
    prepared(folder.path(), 24, Some(spec()));
    let mut desk = started(folder.path());
    desk.press("S <tab> <tab> <tab> \"tess,_ana\" <enter> j j <enter> V");
    insta::assert_snapshot!("session_room_80", sized(&mut desk, 80, 24));
    insta::assert_snapshot!("session_room_120", sized(&mut desk, 120, 36));
    assert!(desk.app.state.hides_scores());
    let frame = desk.press("m");
    assert!(frame.contains("stays masked"), "{frame}");
    assert!(desk.press("t").contains("verdicts and notes only"));
    assert!(desk.press("<tab>").contains("verdicts and notes only"));
    desk.press("H");
    assert!(!desk.app.state.hides_scores());
    let hash = desk.app.state.review.as_ref().unwrap().act_subject().unwrap();
    desk.press("a");
    assert!(desk.app.state.hides_scores(), "the next one is covered again");
    drop(desk);
    let workspace = workspace(folder.path());
    let conversation = workspace.store().conversation(&hash.conversation).unwrap().unwrap();
    assert_eq!(hash.transcript_hash, conversation.transcript_hash(), "the stored text is what was judged");
    let events = workspace.store().log().all().unwrap();
    let rooms = events.iter().filter_map(|event| match &event.body {
        EventBody::Verdict { room, .. } => Some(room.clone()),
        _ => None,
    });
    assert_eq!(rooms.collect::<Vec<_>>(), [["lee", "tess", "ana"]]);
    assert!(!events.iter().any(|event| matches!(event.body, EventBody::Unmask { .. })));
}
