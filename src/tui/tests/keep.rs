//! Nothing that was typed is lost, and nothing is changed unasked.
//!
//! Invariant: what a story says survived is read back by a new screen on the same workspace.

use std::os::unix::fs::PermissionsExt as _;

use super::real::{CHATS, Desk};
use super::*;
use crate::model::act::Judgement;
use crate::tui::state::Overlay;

/// A screen on a workspace with conversations in it.
fn desk(folder: &std::path::Path) -> Desk {
    let file = folder.join("chats.jsonl");
    std::fs::write(&file, CHATS).unwrap();
    let mut desk = Desk::open(folder);
    desk.press("<enter>");
    desk.app.send(Message::Paste(file.to_string_lossy().into_owned()));
    desk.press("<enter> <esc>");
    desk
}

/// The file that keeps what was begun.
fn file(folder: &std::path::Path) -> Option<std::path::PathBuf> {
    let listing = std::fs::read_dir(folder.join("workspace")).unwrap();
    let mut paths = listing.map(|entry| entry.unwrap().path());
    paths.find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("begun-")))
}

/// The text of the editor or question on top.
fn typed(app: &App) -> String {
    match app.state.overlays.last() {
        Some(Overlay::Editor(editor)) => editor.text(),
        Some(Overlay::Judge(judge)) => judge.input.text().to_owned(),
        other => panic!("{other:?}"),
    }
}

fn judged(app: &App) -> &Judgement {
    match app.engine.acts.last() {
        Some(Act::Judge(judgement)) => judgement,
        other => panic!("{other:?}"),
    }
}

fn quit(mut desk: Desk) {
    desk.app.send(Message::Terminate);
    desk.settle();
}

#[test]
fn what_was_begun_is_there_after_the_program_was_left() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = desk(folder.path());
    let first = desk.app.state.queue.index.ids[0].clone();
    desk.press("<enter> e \"half_a_note\" <esc> J r \"Sorry\" <esc>");
    desk.press("x \"late_reply\" + <ctrl-e> \"for_the_fail\" <esc>");
    assert_eq!(desk.app.state.review.as_ref().unwrap().id, first);
    quit(desk);
    let kept = file(folder.path()).unwrap();
    assert_eq!(std::fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);

    let mut desk = Desk::open(folder.path());
    assert!(desk.app.frame().contains("3 things you began"), "{}", desk.app.frame());
    assert!(desk.app.frame().contains("draft"), "{}", desk.app.frame());
    desk.press("<enter> e");
    assert_eq!(typed(&desk.app), "half a note");
    desk.press("<enter> J r");
    assert_eq!(typed(&desk.app), "Sorry");
    desk.press("<esc> x");
    assert_eq!(typed(&desk.app), "late reply");
    let frame = desk.app.frame();
    assert!(frame.contains("2 annoying") && frame.contains("with a note"), "{frame}");
    desk.press("<enter> [");
    let own = desk.own().unwrap();
    assert_eq!((own.severity, own.modes.as_slice()), (Some(2), ["late-reply".to_owned()].as_slice()));
    assert_eq!(own.notes[0].text, "for the fail");
    quit(desk);
    // Of what was begun only the answer is not saved.
    let text = std::fs::read_to_string(file(folder.path()).unwrap()).unwrap();
    assert!(text.contains("Sorry") && !text.contains("half") && !text.contains("late"), "{text}");
    let mut desk = Desk::open(folder.path());
    desk.press("<enter> J r <ctrl-s> <enter>");
    quit(desk);
    assert_eq!(file(folder.path()), None);
}

#[test]
fn what_is_being_typed_survives_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let mut one = desk(folder.path());
    one.press("<enter> e \"in_the_middle\"");
    one.app.send(Message::Idle);
    one.settle();
    drop(one);
    let mut one = Desk::open(folder.path());
    one.press("<enter> e");
    assert_eq!(typed(&one.app), "in the middle");
    one.press("<ctrl-u> <enter> J t \"cancel\" <enter> \"LF-77\"");
    // Somebody who types on without a pause is not kept waiting for long either.
    one.app.send(Message::Clock(Timestamp(NOW.0 + 3_000_000)));
    one.press("\"-b\"");
    drop(one);
    let mut one = Desk::open(folder.path());
    let frame = one.press("<enter> J t");
    assert!(frame.contains("cancel_order") && frame.contains("LF-77-"), "{frame}");
}

#[test]
fn a_judged_fail_keeps_its_step_and_its_note_until_they_are_changed() {
    let mut app = App::new((80, 24));
    app.press("<enter> ! x \"tone\" <ctrl-e> \"why\" <enter> <enter>");
    let step = app.label(0).unwrap().first_failure.as_ref().unwrap().step;
    assert!(step > 2 && judged(&app).note.as_deref() == Some("why"));
    app.engine.labels.get_mut(&app.id(0)).unwrap().notes =
        vec![PlacedNote { at: None, text: "why".to_owned(), event: "n".to_owned() }];
    app.press("[ g g x");
    assert!(app.frame().contains("as before; 0 0 blames step"), "{}", app.frame());
    app.press("+");
    assert!(app.frame().contains("(0 0: step "), "{}", app.frame());
    app.press("<enter>");
    let label = app.label(0).unwrap();
    assert_eq!((label.first_failure.as_ref().unwrap().step, label.severity), (step, Some(2)));
    assert_eq!(judged(&app).note, None, "what is saved already is not saved again");
    // Asked for, the step that was read is blamed, and the note goes.
    app.press("[ g g x 0 0 <ctrl-e> <ctrl-u> <enter> <enter>");
    assert!(app.label(0).unwrap().first_failure.as_ref().unwrap().step < step);
    assert_eq!(judged(&app).note.as_deref(), Some(""));
}

#[test]
fn a_mode_can_begin_with_a_digit_and_no_digit_vanishes() {
    let mut app = App::new((80, 24));
    app.press("<enter> x \"tone\" <enter> x \"late\" <enter> x \"24h_rule\" <enter>");
    assert_eq!(app.label(2).unwrap().modes, ["24h-rule"]);
    app.press("x 2");
    assert!(app.frame().contains("a blank first"), "{}", app.frame());
    app.press("2 \"_2nd_try\" <enter>");
    assert_eq!(app.label(3).unwrap().modes, ["2nd-try"]);
}

#[test]
fn esc_in_the_strip_says_what_it_did_and_brackets_are_no_names() {
    let mut app = App::new((80, 24));
    app.press("<enter> x \"tone\" <esc>");
    assert!(app.frame().contains("What was typed is dropped; esc again"), "{}", app.frame());
    app.press("] [");
    assert_eq!(typed(&app), "");
    app.press("<esc>");
    assert!(app.state.overlays.is_empty());
}

#[test]
fn a_note_that_was_left_goes_with_its_fail() {
    let mut app = App::new((80, 24));
    app.press("<enter> x \"tone\" <ctrl-e> \"because\" <esc>");
    assert!(app.frame().contains("The note goes with the fail"), "{}", app.frame());
    app.press("<enter>");
    assert_eq!(judged(&app).note.as_deref(), Some("because"));
}

#[test]
fn arguments_with_a_name_twice_are_refused_where_they_stand() {
    let mut app = App::new((120, 36));
    app.press("<enter> ! t <enter> <ctrl-r> <ctrl-u>");
    app.send(Message::Edited(Ok("{\"order_id\": \"A\",\n \"order_id\": \"B\"}".to_owned())));
    app.press("<ctrl-s>");
    let frame = app.frame();
    assert!(frame.contains("\"order_id\" stands there twice at line 2") && typed(&app).contains("\"B\""), "{frame}");
    app.press("<ctrl-u>");
    assert!(!typed(&app).contains("\"B\"") && typed(&app).contains("\"A\""), "{}", typed(&app));
    app.press("<backspace> <backspace> \"}\" <ctrl-s>");
    assert!(matches!(app.state.overlays.last(), Some(Overlay::Correct(_))));
}

#[test]
fn a_narrow_strip_shows_owner_and_severity() {
    for size in [(80, 24), (60, 20)] {
        let mut app = App::new(size);
        app.press(
            "<enter> x \"promised_a_refund_that_nobody_gives\" <tab> \"ignored_the_second_question\" <tab> + <ctrl-o>",
        );
        let frame = app.frame();
        assert!(frame.contains("2 annoying") && frame.contains("owner "), "{frame}");
    }
    let mut app = App::new((80, 24));
    app.press("<enter>");
    assert!(app.frame().contains("s skip"), "{}", app.frame());
    app.press("x +");
    assert!(app.frame().contains("1 cosmetic  2 annoying  3 harmful  4 critical"), "{}", app.frame());
}

#[test]
fn letters_jump_among_choices_and_a_blank_in_a_word_turns_none() {
    let mut app = App::new((80, 24));
    app.press("<enter> D");
    assert!(app.frame().contains("what is decided, in a sentence"), "{}", app.frame());
    app.press("\"ask_first\" <tab>");
    assert!(app.frame().contains("one of: prompt, tool, policy, routing, knowledge"), "{}", app.frame());
    let kind = |app: &App| match app.state.overlays.last() {
        Some(Overlay::Decision(form)) => form.kind,
        other => panic!("{other:?}"),
    };
    let policy = crate::model::decision::DecisionKind::ALL.iter().position(|kind| kind.word() == "policy").unwrap();
    app.press("\"policy_of_refunds\"");
    assert_eq!(kind(&app), policy);
    app.press("<space>");
    assert_eq!(kind(&app), policy);
    app.press("<tab>");
    assert!(app.frame().contains("who sees to it"), "{}", app.frame());
    app.press("<tab>");
    assert!(app.frame().contains("such as 2026-11-27"), "{}", app.frame());
    app.press("<shift-tab> <shift-tab> <space>");
    assert_ne!(kind(&app), policy, "alone it turns");
}

#[test]
fn a_filled_field_is_added_to_and_only_values_of_its_kind_are_offered() {
    let mut app = App::new((80, 24));
    app.press("<enter> ! t <enter>");
    let text = |app: &App| match app.state.overlays.last() {
        Some(Overlay::Correct(form)) => form.fields[form.field].input.text().to_owned(),
        other => panic!("{other:?}"),
    };
    let before = text(&app);
    app.press("\"?\"");
    assert!(!before.is_empty());
    assert_eq!(text(&app), format!("{before}?"));
    app.press("<ctrl-u>");
    assert_eq!(text(&app), "");
}

#[test]
fn a_filter_that_a_screen_listed_is_not_there_after_a_restart() {
    let mut app = App::new((80, 24));
    crate::tui::update::queue::list(&mut app.state, None, "steps>0".to_owned());
    app.press("<down>");
    assert!(app.frame().contains("steps>0 (esc clears)"), "{}", app.frame());
    assert_eq!(app.state.place().filter, "");
    app.press("<esc> f \"steps>1\" <enter>");
    assert_eq!(app.state.place().filter, "steps>1");
}

#[test]
fn a_calibration_names_its_cases_by_what_was_said_and_marks_what_is_settled() {
    let folder = tempfile::tempdir().unwrap();
    super::calibration::prepared(folder.path());
    let mut desk = Desk::open(folder.path());
    desk.press("c + <ctrl-u> \"round-1_2_2\" <enter> <enter> <enter>");
    let frame = desk.press("x 0 <enter> a c");
    assert!(frame.contains("Missing: 1 more"), "{frame}");
    let mut zora = super::calibration::workspace(folder.path(), "zora");
    for (_, id) in super::calibration::cases(&zora, "round-1") {
        super::calibration::judge(&mut zora, &id, None);
    }
    desk.app.send(Message::Arrived);
    desk.settle();
    let frame = desk.press("<enter>");
    assert!(frame.contains("Lamp ") && frame.contains("they differ in verdict"), "{frame}");
    let Some(Overlay::Calibration(view)) = desk.app.state.overlays.last() else { panic!("{frame}") };
    let id = view.cases()[0].id.clone();
    let transcript_hash = zora.store().conversation(&id).unwrap().unwrap().transcript_hash();
    let subject = crate::model::act::Subject { conversation: id, transcript_hash };
    let act = Act::Adjudicate { subject, took: "lee".to_owned(), reason: "asked the customer".to_owned() };
    crate::ops::review::record(&mut zora, &act, NOW).unwrap();
    desk.app.send(Message::Arrived);
    desk.settle();
    let frame = desk.app.frame();
    assert!(frame.contains("settled; they differed in verdict"), "{frame}");
    let frame = desk.press("<esc> <esc>");
    assert!(!frame.contains("hidden till"), "{frame}");
}
