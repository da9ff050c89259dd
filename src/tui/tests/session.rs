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
    let frame = desk.press("F");
    assert!(frame.contains("End session W47? 3 conversations judged;"), "{frame}");
    let frame = desk.press("y");
    assert!(!frame.contains("min left"), "{frame}");
    assert!(frame.contains("W47 is over, 3 judged, 1 parked: L shows"), "{frame}");
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

#[test]
fn a_session_that_is_over_is_found_again_and_its_report_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = begun(folder.path());
    desk.press("<enter> a x 0 <enter> q S <tab> <tab> F y");
    assert!(desk.app.state.session.progress.is_none(), "{}", desk.app.frame());
    assert!(desk.app.frame().contains("L shows its summary again"), "{}", desk.app.frame());
    desk.press("S \"_again\" <enter> L");
    insta::assert_snapshot!("session_list_80", sized(&mut desk, 80, 24));
    insta::assert_snapshot!("session_list_120", sized(&mut desk, 120, 36));
    desk.press("j <enter>");
    let frame = sized(&mut desk, 80, 24);
    assert!(frame.contains("Session W47") && frame.contains("2 reviewed"), "{frame}");
    assert!(frame.contains("w write report") && !frame.contains("end session"), "{frame}");
    insta::assert_snapshot!("session_over_80", frame);
    desk.app.press("w");
    let asked = desk.app.held.replace(Vec::new()).unwrap();
    let book = workspace(folder.path()).store().book().unwrap();
    let (_, request) = asked.into_iter().next().unwrap();
    assert_eq!(request, Request::WriteReport(book.sessions[0].event.clone(), ".".into()));
}

#[test]
fn what_is_judged_after_a_session_was_left_says_once_that_it_does_not_count() {
    use crate::model::session::SessionChange;
    let folder = tempfile::tempdir().unwrap();
    let mut desk = begun(folder.path());
    let event = workspace(folder.path()).store().book().unwrap().sessions[0].event.clone();
    let leave = SessionChange::Leave { session: event, place: None };
    {
        let identity = Identity::load("lee", &folder.path().join("state")).unwrap();
        let mut other = Workspace::open(&folder.path().join("workspace"), identity, Access::Write).unwrap();
        crate::ops::review::record(&mut other, &Act::Session(leave), NOW).unwrap();
    }
    let frame = desk.press("<enter> a");
    assert!(frame.contains("Not counted for W47, which you left; S goes back"), "{frame}");
    assert!(!desk.press("a").contains("Not counted"), "{}", desk.app.frame());
    let frame = desk.press("S");
    assert!(frame.contains("Session W47 goes on where you left it"), "{frame}");
    assert!(desk.press("a").contains("1 of "), "{}", desk.app.frame());
}

#[test]
fn a_session_on_what_nobody_evaluated_evaluates_it_first() {
    let folder = tempfile::tempdir().unwrap();
    prepared(folder.path(), 24, None);
    let mut desk = started(folder.path());
    let frame = desk.press("S");
    assert!(frame.contains("24 conversations are evaluated first"), "{frame}");
    // What is offered gives way to what is typed.
    desk.press("<tab> <tab> \"30\"");
    let frame = desk.press("<enter>");
    assert!(frame.contains("24 conversations evaluated"), "{frame}");
    let frame = desk.press("<enter>");
    assert!(frame.contains("0 of 24 judged") && frame.contains("30 min left"), "{frame}");
}

#[test]
fn where_nothing_can_be_saved_a_session_is_only_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = begun(folder.path());
    desk.press("S <tab> D \"refund_at_once\" <enter>");
    desk.app.state.config.read_only = Some("the disk is full".to_owned());
    desk.app.held = Some(Vec::new());
    for key in ["D", "e", "c", "u", "E"] {
        desk.app.press(key);
        assert!(desk.app.frame().contains("Nothing can be saved here"), "{key}: {}", desk.app.frame());
    }
    desk.app.press("<tab> q");
    assert!(desk.app.state.overlays.is_empty(), "{}", desk.app.frame());
    desk.app.press("<ctrl-c>");
    let asked = desk.app.held.take().unwrap();
    assert!(!asked.iter().any(|(_, request)| matches!(request, Request::Record(_) | Request::Undo)), "{asked:?}");
}

#[test]
fn a_long_summary_scrolls_and_leaving_stops_the_counting() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = begun(folder.path());
    desk.press("S");
    for number in 0..19 {
        desk.press(&format!("D \"change_{number}\" <enter>"));
    }
    desk.press("<tab> <tab>");
    let frame = sized(&mut desk, 80, 24);
    assert!(
        frame.contains("change 1") && frame.contains("j scrolls on") && !frame.contains("No labels yet"),
        "{frame}"
    );
    let frame = desk.press("G");
    assert!(frame.contains("No labels yet"), "{frame}");
    let frame = desk.press("g");
    assert!(frame.contains("reviewed") && !frame.contains("No labels yet"), "{frame}");
    desk.press("q");
    desk.app.press("L");
    desk.app.press("<esc>");
    assert!(matches!(desk.app.commands.last(), Some(Command::Cancel(_))), "{:?}", desk.app.commands);
}

#[test]
fn a_session_is_ended_by_name_from_anywhere_and_says_so_where_none_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = begun(folder.path());
    for place in ["", "<enter>", "S", "S <tab> <tab>"] {
        let frame = desk.press(&format!("{place} : \"end\" <enter>"));
        assert!(frame.contains("End session W47?"), "{place}: {frame}");
        desk.press("n <esc>");
    }
    for tab in ["S", "<tab>", "<tab>", "<tab>"] {
        let frame = desk.press(tab);
        assert!(frame.contains("F end session") && !frame.contains("finish"), "{tab}: {frame}");
    }
    let frame = desk.press("F y");
    assert!(frame.contains("W47 is over, 0 judged"), "{frame}");
    assert!(desk.press("F").contains("No session goes on: S begins one."), "{}", desk.app.frame());
    assert!(desk.press("u").contains("min left"), "{}", desk.app.frame());
}

#[test]
fn the_agenda_of_the_next_session_leads_to_what_was_parked_and_what_was_put_off() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = begun(folder.path());
    let here = |desk: &Desk| desk.app.state.review.as_ref().map(|review| review.id.clone()).unwrap();
    desk.press("<enter> P \"ask_billing\" <enter>");
    let parked = here(&desk);
    desk.press("a");
    let put_off = here(&desk);
    desk.press("s");
    let judged_since = here(&desk);
    desk.press("s F y S \"_again\" <enter> <enter>");
    desk.press(&format!("/ \"{judged_since}\" <esc> q S"));
    assert!(desk.app.frame().contains(judged_since.as_str()), "{}", desk.app.frame());
    let identity = Identity::load("lee", &folder.path().join("state")).unwrap();
    let mut other = Workspace::open(&folder.path().join("workspace"), identity, Access::Write).unwrap();
    let transcript_hash = other.store().conversation(&judged_since).unwrap().unwrap().transcript_hash();
    let subject = crate::model::act::Subject { conversation: judged_since.clone(), transcript_hash };
    let pass = crate::model::act::Judgement::new(subject, crate::model::label::Verdict::Pass);
    crate::ops::review::record(&mut other, &Act::Judge(pass), NOW).unwrap();
    drop(other);
    let frame = desk.press("<esc> S");
    assert!(frame.contains("Left by earlier sessions") && !frame.contains(judged_since.as_str()), "{frame}");
    assert!(frame.contains("parked by lee: ask billing") && frame.contains("put off by lee: Lamp"), "{frame}");
    insta::assert_snapshot!("session_waiting_80", sized(&mut desk, 80, 24));
    insta::assert_snapshot!("session_waiting_120", sized(&mut desk, 120, 36));
    // One enter away, in the queue of the session.
    desk.press("G <enter>");
    assert_eq!(here(&desk), put_off);
    assert_eq!(desk.app.state.queue.query.queue.as_deref(), Some("w47"));
    desk.press("q f \"intent:refund\" <enter> S G k <enter>");
    assert_eq!(here(&desk), parked);
    assert_eq!(desk.app.state.queue.query.filter, "");
    // Talked about, it leaves the lot by the key that put it there.
    let frame = desk.press("P");
    assert!(frame.contains("off the parking lot saved"), "{frame}");
    let frame = desk.press("S");
    assert!(!frame.contains("ask billing") && frame.contains("put off by lee"), "{frame}");
    desk.press("<esc> P \"again\" <enter>");
    assert!(desk.app.frame().contains("1 parked, this one too"), "{}", desk.app.frame());
}
