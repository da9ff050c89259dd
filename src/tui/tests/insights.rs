//! The screen of what failed in a week, on three invented weeks.
//!
//! Invariant: a line lists exactly the conversations that it counted.

use super::real::Desk;
use super::*;
use crate::ops::report::tests::story;
use crate::tui::state::Overlay;
use crate::tui::state::insights::InsightsView;

fn opened(folder: &std::path::Path) -> Desk {
    let mut desk = Desk::open(folder);
    desk.press("I");
    desk
}

fn resized(desk: &mut Desk, columns: u16, rows: u16) -> String {
    desk.app.send(Message::Resize(Size { columns, rows }));
    desk.settle();
    desk.app.frame()
}

fn view(desk: &Desk) -> &InsightsView {
    match desk.app.state.overlays.last() {
        Some(Overlay::Insights(view)) => view,
        other => panic!("{other:?}"),
    }
}

#[test]
fn insights_look_as_they_did() {
    let folder = tempfile::tempdir().unwrap();
    drop(story::judged(folder.path()));
    let mut desk = opened(folder.path());
    insta::assert_snapshot!("insights_modes_120", resized(&mut desk, 120, 36));
    insta::assert_snapshot!("insights_modes_80", resized(&mut desk, 80, 24));
    desk.press("<tab>");
    insta::assert_snapshot!("insights_segments_80", desk.app.frame());
    insta::assert_snapshot!("insights_segments_120", resized(&mut desk, 120, 36));
    desk.press("<tab>");
    insta::assert_snapshot!("insights_evaluators_80", resized(&mut desk, 80, 24));
    desk.press("<tab>");
    insta::assert_snapshot!("insights_people_80", desk.app.frame());
    insta::assert_snapshot!("insights_60", resized(&mut desk, 60, 16));
}

#[test]
fn a_line_lists_what_it_counted() {
    let folder = tempfile::tempdir().unwrap();
    drop(story::judged(folder.path()));
    let mut desk = opened(folder.path());
    desk.press("j");
    let found = view(&desk).report.as_ref().unwrap().modes[1].found;
    assert!(found > 0);
    desk.press("<enter>");
    assert!(desk.app.state.overlays.is_empty());
    assert_eq!(desk.app.state.queue.index.ids.len() as u64, found);
    assert!(desk.app.state.queue.query.filter.contains("mode:"), "{}", desk.app.state.queue.query.filter);
}

#[test]
fn weeks_are_walked_and_a_week_without_anything_says_so() {
    let folder = tempfile::tempdir().unwrap();
    drop(story::judged(folder.path()));
    let mut desk = opened(folder.path());
    assert!(desk.app.frame().contains("2026-W47"));
    assert!(desk.press("w").contains("2026-W46  held against 2026-W45"));
    desk.press("w");
    assert!(desk.press("w").contains("0 conversations"), "{}", desk.app.frame());
    desk.press("W W W");
    assert!(desk.app.frame().contains("2026-W47"), "{}", desk.app.frame());
    desk.press("q");
    assert!(desk.app.state.overlays.is_empty());
}

#[test]
fn what_is_asked_can_be_left() {
    let folder = tempfile::tempdir().unwrap();
    drop(story::imported(folder.path()));
    let mut desk = Desk::open(folder.path());
    desk.app.press("I");
    assert!(desk.app.frame().contains("counting; esc stops it"), "{}", desk.app.frame());
    desk.app.press("<esc>");
    assert!(desk.app.state.overlays.is_empty());
    desk.settle();
    assert!(desk.press("I").contains("No failure of this week is settled yet"), "{}", desk.app.frame());
}

/// The weeks that are asked for by keys pressed while nothing is answered.
fn asked(desk: &mut Desk, keys: &str) -> Vec<Request> {
    desk.app.press(keys);
    desk.app.held.replace(Vec::new()).unwrap().into_iter().map(|(_, request)| request).collect()
}

fn week(request: Option<&Request>) -> String {
    match request {
        Some(Request::Insights(asking)) => format!("{:?}", asking.days),
        other => panic!("{other:?}"),
    }
}

#[test]
fn weeks_are_walked_from_what_was_asked_for_and_nothing_is_done_with_one_that_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    drop(story::judged(folder.path()));
    let mut desk = opened(folder.path());
    let requests = asked(&mut desk, "w w");
    assert!(week(requests.last()).contains("45"), "{requests:?}");
    assert_eq!(asked(&mut desk, "v <enter>"), [], "the week before is not there yet");
    assert!(!desk.app.state.overlays.is_empty());
    assert!(desk.app.frame().contains("2026-W45"), "{}", desk.app.frame());
    // One that fails is not asked for again by going on.
    let ticket = view(&desk).awaiting.unwrap();
    let reply = Reply::Failed { message: "the disk is gone".to_owned(), retry: true };
    desk.app.send(Message::Reply(ticket, reply));
    assert!(desk.app.frame().contains("the disk is gone"), "{}", desk.app.frame());
    assert!(week(asked(&mut desk, "W").last()).contains("46"));
    // How far it is stands on the screen.
    let ticket = view(&desk).awaiting.unwrap();
    let progress = crate::engine::request::Progress { done: 2, total: Some(5), what: "opening what failed".to_owned() };
    desk.app.send(Message::Progress(ticket, progress));
    let frame = desk.app.frame();
    assert!(frame.contains("counting (step 3 of 5, opening what failed); esc stops it"), "{frame}");
    desk.app.press("<esc>");
    assert_eq!(desk.app.commands.last(), Some(&Command::Cancel(ticket)));
}
