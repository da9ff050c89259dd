//! Stories of what was refused, failed or was stopped: it stands where it was typed again, with why.
//!
//! Invariant: like the stories, each presses keys and looks at the frame or at what was asked.

use super::queues::{prepared, spec};
use super::real::Desk;
use super::*;
use crate::tui::state::Overlay;

/// The text of the line that takes the keys, and what is wrong.
fn typed(app: &mut App) -> (String, String) {
    let Some(form) = app.state.overlays.last_mut().and_then(Overlay::form) else { panic!("{}", app.frame()) };
    let error = form.head().error.clone().unwrap_or_default();
    (form.input().map(|input| input.text().to_owned()).unwrap_or_default(), error)
}

fn desk(folder: &std::path::Path, spec: Option<crate::model::queue::QueueSpec>) -> Desk {
    prepared(folder, 24, spec);
    let mut desk = Desk::open(folder);
    desk.app.send(Message::Clock(NOW));
    desk.app.send(Message::Resize(Size { columns: 80, rows: 24 }));
    desk.settle();
    desk
}

#[test]
fn an_export_that_fails_or_is_stopped_gives_its_form_back_and_one_that_is_done_does_not() {
    let mut app = App::new((80, 24));
    let ends = [
        (Reply::Failed { message: "the disk is full".into(), retry: false }, "the disk is full"),
        (Reply::Failed { message: "the database is busy".into(), retry: true }, "the database is busy"),
        (Reply::Cancelled, "stopped before it was done"),
    ];
    for (end, why) in ends {
        app.held = Some(Vec::new());
        app.press("E <shift-tab> \"asked_by_legal\" <enter>");
        let (ticket, _) = app.held.take().unwrap().remove(0);
        app.send(Message::Reply(ticket, end));
        app.press("<enter>");
        let frame = app.frame();
        let (text, error) = typed(&mut app);
        assert_eq!(text, "asked by legal");
        assert!(error.contains(why) && frame.contains(why), "{frame}");
        assert!(app.state.exported.is_empty(), "the folder is free");
        // Left now, it still waits, and what was wrong is no longer said.
        app.press("<esc> E");
        assert_eq!(typed(&mut app), ("asked by legal".to_owned(), String::new()));
        app.press("<esc>");
        app.state.forms_begun.clear();
    }
    app.press("E <enter> <enter>");
    assert!(app.state.overlays.is_empty() && app.state.forms_taken.is_empty(), "{}", app.frame());
    assert_eq!(app.state.exported.len(), 1);
}

#[test]
fn a_queue_whose_evaluation_was_stopped_is_still_in_its_form() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = desk(folder.path(), None);
    desk.press("+ \"mine\"");
    desk.app.press("<enter>");
    let asked = desk.app.held.replace(Vec::new()).unwrap();
    let (ticket, request) = asked.into_iter().next().unwrap();
    assert!(matches!(request, Request::Evaluate(_)), "{request:?}");
    desk.app.send(Message::Reply(ticket, Reply::Cancelled));
    desk.settle();
    let frame = desk.press("<enter>");
    assert_eq!(typed(&mut desk.app).0, "mine");
    assert!(frame.contains("stopped before it was done"), "{frame}");
    // Nothing has to be changed before it is tried again.
    desk.press("<enter> <enter>");
    assert_eq!(desk.app.state.queue.query.queue.as_deref(), Some("mine"), "{}", desk.app.frame());
    assert!(desk.app.state.forms_taken.is_empty());
}

#[test]
fn a_name_that_is_taken_is_mended_in_the_form_and_leaves_nothing_unsaved() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = desk(folder.path(), Some(spec()));
    desk.press("S <enter> F y S <enter>");
    let (text, error) = typed(&mut desk.app);
    assert_eq!(text, "W47");
    assert!(error.contains("there is a session W47 already"), "{error}");
    assert_eq!(desk.app.state.writes.unsaved, []);
    let frame = desk.press("<end> \"b\" <enter>");
    assert!(frame.contains("session W47b"), "{frame}");
    // Where trying again may help, the act is kept as it was sent, and its form is not offered beside it.
    let mut app = App::new((80, 24));
    app.engine.refuse = Some("the database is busy".to_owned());
    app.press("D \"call_back\" <enter>");
    assert_eq!((app.state.writes.unsaved.len(), app.state.overlays.len()), (1, 0));
    assert!(app.state.forms_taken.is_empty());
}

#[test]
fn a_calibration_that_is_refused_keeps_what_was_typed_and_what_is_open() {
    let mut app = App::new((80, 24));
    app.press("c + <ctrl-u> \"round-9_1_1\" <enter>");
    let Some(Overlay::Prompt(prompt)) = app.state.overlays.last() else { panic!("{}", app.frame()) };
    assert_eq!(prompt.input.text(), "round-9 1 1");
    assert!(app.frame().contains("there is no calibration"), "why, as the workers say: {}", app.frame());
    assert_eq!(app.state.writes.unsaved, []);
    app.press("<esc>");
    assert!(matches!(app.state.overlays.as_slice(), [Overlay::Calibration(_)]));

    let folder = tempfile::tempdir().unwrap();
    let mut desk = desk(folder.path(), Some(spec()));
    desk.press("c + <ctrl-u> \"round-1_2_2\" <enter> R y <enter>");
    let open = |desk: &Desk| {
        desk.app.state.overlays.iter().any(|one| matches!(one, Overlay::Calibration(view) if view.open.is_some()))
    };
    assert!(open(&desk), "{}", desk.app.frame());
    let frame = desk.press("+ <ctrl-u> \"round-1_3_2\" <enter>");
    assert!(frame.contains("there is a queue round-1 already") && open(&desk), "{frame}");
    let frame = desk.press("<ctrl-u> \"round-2_1_1\" <enter>");
    assert!(frame.contains("at least 2 people") && open(&desk), "{frame}");
    let frame = desk.press("<ctrl-u> \"round-2_3_2\" <enter>");
    assert!(frame.contains("round-2") && !open(&desk), "{frame}");
}
