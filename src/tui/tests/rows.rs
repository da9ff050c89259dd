//! Stories of the list under a reviewer's hands: it stays where it is, says what moved, and comes back where it was left.
//!
//! Invariant: what a story says of the list is read from the frame or from the list itself, on a real workspace.

use super::queues::{prepared, spec};
use super::real::Desk;
use super::*;
use crate::model::label::Verdict;
use crate::model::queue::QueueSpec;
use crate::ops::review;
use crate::ops::workspace::{Identity, Workspace};
use crate::store::Access;

fn sized(size: u32) -> QueueSpec {
    QueueSpec { size: Some(size), ..spec() }
}

fn workspace(folder: &std::path::Path, reviewer: &str) -> Workspace {
    let identity = Identity::load(reviewer, &folder.join(format!("state-{reviewer}"))).unwrap();
    Workspace::open(&folder.join("workspace"), identity, Access::Create).unwrap()
}

/// Another reviewer judges what the queue asks for next, so many times.
fn judged_by(folder: &std::path::Path, reviewer: &str, count: usize) {
    let mut other = workspace(folder, reviewer);
    for _ in 0..count {
        let (_, rows) = crate::ops::queue::shown(&mut other, ("week-47", 1), NOW).unwrap();
        let row = rows.iter().find(|row| !row.judged).unwrap();
        let (conversation, transcript_hash) = (row.summary.id.clone(), row.summary.transcript_hash.clone());
        let subject = crate::model::act::Subject { conversation, transcript_hash };
        let slot = row.place.as_ref().map(|place| place.slot.clone());
        let judgement =
            crate::model::act::Judgement { slot, ..crate::model::act::Judgement::new(subject, Verdict::Pass) };
        review::record(&mut other, &Act::Judge(judgement), NOW).unwrap();
    }
}

fn open_id(desk: &Desk) -> ConversationId {
    desk.app.state.review.as_ref().unwrap().id.clone()
}

fn step(desk: &Desk) -> Option<usize> {
    desk.app.state.review.as_ref().and_then(|review| review.step_index())
}

#[test]
fn a_session_of_twenty_counts_from_one_to_twenty_and_lists_what_the_command_lists() {
    let folder = tempfile::tempdir().unwrap();
    prepared(folder.path(), 60, Some(sized(20)));
    let mut desk = Desk::open(folder.path());
    desk.press("Q <down> <enter> <enter>");
    let members = desk.app.state.queue.index.ids.clone();
    assert_eq!(members.len(), 20);
    for (at, member) in members.iter().enumerate() {
        let frame = desk.app.frame();
        assert!(frame.contains(&format!("{}/20 ", at + 1)), "{frame}");
        assert_eq!(open_id(&desk), *member);
        if at == 9 {
            let mut other = workspace(folder.path(), "kim");
            let (_, rows) = crate::ops::queue::shown(&mut other, ("week-47", 200), NOW).unwrap();
            let told: Vec<ConversationId> = rows.into_iter().map(|row| row.summary.id).collect();
            assert_eq!(told, members, "a second terminal lists the same");
        }
        desk.press(if at % 3 == 1 { "x 0 <enter>" } else { "a" });
        assert_eq!(desk.app.state.queue.index.ids, members);
    }
    let frame = desk.app.frame();
    assert!(frame.contains("everything in this queue is judged"), "{frame}");
    // Keys typed ahead for a conversation that did not come do nothing to the list.
    let frame = desk.press("x + <enter>");
    assert!(desk.app.state.overlays.is_empty() && frame.contains("everything in this queue is judged"), "{frame}");
    desk.app.send(Message::Clock(Timestamp(NOW.0 + 2_000_000)));
    desk.press("+");
    assert_eq!(desk.app.state.overlays.len(), 1, "a moment later they mean what they mean here");
}

#[test]
fn a_new_draw_says_how_many_rows_moved() {
    let folder = tempfile::tempdir().unwrap();
    prepared(folder.path(), 90, Some(sized(40)));
    judged_by(folder.path(), "sam", 19);
    let mut desk = Desk::open(folder.path());
    desk.press("Q <down> <enter>");
    let before = desk.app.state.queue.index.ids.clone();
    judged_by(folder.path(), "sam", 1);
    desk.app.send(Message::Arrived);
    desk.settle();
    let after = desk.app.state.queue.index.ids.clone();
    assert_ne!(before, after);
    assert!(desk.app.frame().contains("What comes next was drawn anew"), "{}", desk.app.frame());
}

#[test]
fn rows_that_move_without_a_draw_are_not_said_to_be_drawn() {
    let folder = tempfile::tempdir().unwrap();
    prepared(folder.path(), 90, Some(sized(40)));
    let mut desk = Desk::open(folder.path());
    desk.press("Q <down> <enter>");
    let before = desk.app.state.queue.index.ids.clone();
    // The same reviewer puts some off in another window.
    let mut other = workspace(folder.path(), &desk.app.state.config.reviewer.clone());
    let (_, rows) = crate::ops::queue::shown(&mut other, ("week-47", 5), NOW).unwrap();
    for row in &rows[1..] {
        let (conversation, transcript_hash) = (row.summary.id.clone(), row.summary.transcript_hash.clone());
        let subject = crate::model::act::Subject { conversation, transcript_hash };
        review::record(&mut other, &Act::Skip(subject), NOW).unwrap();
    }
    desk.app.send(Message::Arrived);
    desk.settle();
    assert_ne!(before, desk.app.state.queue.index.ids);
    assert!(!desk.app.frame().contains("drawn anew"), "{}", desk.app.frame());
}

#[test]
fn a_second_reviewer_walks_through_a_queue_that_others_finished() {
    let folder = tempfile::tempdir().unwrap();
    prepared(folder.path(), 30, Some(sized(5)));
    judged_by(folder.path(), "sam", 5);
    let mut desk = Desk::open(folder.path());
    desk.press("Q <down> <enter> g j <enter>");
    let ids = desk.app.state.queue.index.ids.clone();
    let mut read = vec![open_id(&desk)];
    for _ in 0..4 {
        desk.press("a");
        read.push(open_id(&desk));
    }
    assert_eq!(read, [1, 2, 3, 4, 0].map(|at| ids[at].clone()));
    let frame = desk.press("a");
    assert!(frame.contains("everything in this queue is judged"), "{frame}");
}

#[test]
fn leaving_a_queue_says_so_and_keeps_its_rows_blind() {
    let folder = tempfile::tempdir().unwrap();
    prepared(folder.path(), 30, Some(QueueSpec { blind: true, ..sized(10) }));
    let mut desk = Desk::open(folder.path());
    desk.press("Q <down> <enter> j");
    let under = desk.app.state.queue.current().cloned();
    let frame = desk.press("<esc>");
    assert!(frame.contains("Left the queue week-47") && frame.contains("Q goes back to it"), "{frame}");
    assert_eq!(desk.app.state.queue.current().cloned(), under);
    let line = frame.lines().find(|line| line.contains('>')).unwrap();
    assert!(line.contains("hidden"), "{line}");
    let frame = desk.press("<enter> 4");
    assert!(desk.app.state.is_blind() && frame.contains("Scores are hidden."), "{frame}");
    desk.press("a");
    let judged = under.unwrap();
    let row = desk.app.state.queue.rows[&judged].clone();
    assert!(!desk.app.state.is_row_blind(&row), "its own verdict uncovers it");
}

#[test]
fn the_step_comes_back_after_undo_and_after_another_start() {
    let folder = tempfile::tempdir().unwrap();
    prepared(folder.path(), 12, Some(spec()));
    let mut desk = Desk::open(folder.path());
    desk.press("<enter> J J");
    let (id, at) = (open_id(&desk), step(&desk));
    assert_eq!(at, Some(2));
    desk.press("a");
    assert_ne!(open_id(&desk), id);
    assert!(desk.app.frame().contains("before: PASS saved"), "{}", desk.app.frame());
    desk.press("u");
    assert_eq!((open_id(&desk), step(&desk)), (id.clone(), at));
    assert!(!desk.app.frame().contains("before: "), "{}", desk.app.frame());
    desk.press("q");
    let place = desk.app.state.place();
    assert_eq!((place.conversation.clone(), place.step), (Some(id.clone()), Some(3)));
    drop(desk);
    let mut desk = Desk::open(folder.path());
    desk.app.state = State::new(config(Theme::default()), Size { columns: 120, rows: 36 });
    desk.app.state.config.place = Some(place);
    let commands = begin(&mut desk.app.state, Start::Queue(String::new()));
    desk.app.perform(commands);
    desk.settle();
    desk.press("<enter>");
    assert_eq!((open_id(&desk), step(&desk)), (id, at));
}

#[test]
fn a_queue_taken_back_is_no_error_and_leads_back_to_the_row_it_was_made_from() {
    let folder = tempfile::tempdir().unwrap();
    prepared(folder.path(), 30, Some(QueueSpec::new("before", "learnt")));
    let mut desk = Desk::open(folder.path());
    desk.press("j j");
    let from = desk.app.state.queue.current().cloned();
    desk.press("+ <enter>");
    assert!(desk.app.state.queue.query.queue.is_some());
    let frame = desk.press("G u");
    assert!(frame.contains("is taken back: all conversations. U brings it again"), "{frame}");
    assert!(!frame.contains("there is no queue"), "{frame}");
    assert_eq!(desk.app.state.queue.current().cloned(), from);
}

#[test]
fn a_search_that_waits_says_so_and_one_that_was_cut_off_is_asked_again() {
    let mut app = App::new((80, 24));
    app.press("/ \"order\"");
    app.held = Some(Vec::new());
    app.press("<enter>");
    assert!(app.frame().contains("find \"order\" searching"), "{}", app.frame());
    let (ticket, _) = app.held.take().unwrap().pop().unwrap();
    app.held = Some(Vec::new());
    app.send(Message::Reply(ticket, Reply::Cancelled));
    assert_eq!(app.held.as_ref().unwrap().len(), 1);
    app.release();
    assert!(!app.frame().contains("searching"), "{}", app.frame());
}

#[test]
fn a_segment_that_all_rows_share_has_no_column() {
    let alike = |number: usize| {
        sample::Story::new(&format!("alike-{number}"), "refunds", "en").user("Hello").agent("Hello").done()
    };
    let app = App::with((0..5).map(alike).collect(), Theme::default(), (80, 24));
    assert!(!app.frame().contains("Segment") && !app.frame().contains("refunds"), "{}", app.frame());
    assert!(App::new((80, 24)).frame().contains("Segment"));
}
