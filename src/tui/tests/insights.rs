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
