//! The strip that takes a fail, its note and its corrections, under the hands of somebody who is no programmer.
//!
//! Invariant: like the stories, each presses keys and looks at the frame or at what was recorded.

use super::real::{CHATS, Desk};
use super::*;
use crate::engine::request::KnownTool;

/// The arguments of the first correction of a conversation's label.
fn arguments(app: &App, at: usize) -> String {
    let correction = app.label(at).unwrap().corrections[0].correction.clone();
    correction.arguments.unwrap().0.exact().to_owned()
}

/// A conversation in which nothing was called, and whose import recorded no list of tools.
fn talk() -> Conversation {
    let story = sample::Story::new("talk-1", "refunds", "en").user("Where is my order?").agent("I do not know.");
    Conversation { tools: Vec::new(), ..story.done() }
}

/// A tool of other conversations, called with these arguments.
fn elsewhere(name: &str, arguments: &str) -> KnownTool {
    let mut tool = KnownTool::named(name);
    tool.called_with(arguments);
    tool
}

#[test]
fn the_severity_keys_act_while_a_mode_is_typed() {
    let mut app = App::new((80, 24));
    app.press("<enter> x \"wrong_amount++++\"");
    let frame = app.frame();
    assert!(frame.contains("new: wrong amount") && frame.contains("4 critical"), "{frame}");
    app.press("<enter>");
    assert_eq!(
        (app.label(0).unwrap().modes.join(" "), app.label(0).unwrap().severity),
        ("wrong-amount".into(), Some(4))
    );
    assert_eq!(app.engine.codebook.modes[0].name, "wrong amount");
    // Within a word a minus is a hyphen; after one it is the severity, and none of it stays in the name.
    app.press("x \"off-topic_-+--\" <enter>");
    assert_eq!(app.label(1).unwrap().modes, ["off-topic"]);
    assert_eq!(app.engine.codebook.modes[1].name, "off-topic");
    assert_eq!(app.label(1).unwrap().severity, None);
    app.press("x");
    app.send(Message::Paste("++ late ++".to_owned()));
    app.press("<enter>");
    assert_eq!(app.label(2).unwrap().modes.len(), 1);
}

#[test]
fn the_strip_names_all_its_keys_on_a_screen_of_80_columns() {
    let mut app = App::new((80, 24));
    app.press("<enter> x");
    let frame = app.frame();
    for key in ["ctrl-t", "ctrl-e", "tab", "ctrl-o", "shift-down", "+ severity", "0 no single step", "esc back"] {
        assert!(frame.contains(key), "{key}: {frame}");
    }
}

#[test]
fn a_number_among_the_commands_goes_to_that_step() {
    let mut app = App::new((80, 24));
    app.press("<enter> : \"5\"");
    assert!(app.frame().contains("go to step 5"), "{}", app.frame());
    app.press("<enter>");
    assert_eq!(app.state.review.as_ref().unwrap().step().unwrap().number, 5);
    app.press("'");
    assert_eq!(app.state.review.as_ref().unwrap().step().unwrap().number, 1);
    app.press(": \"99\" <enter>");
    assert!(app.frame().contains("There is no step 99: they go from 1 to"), "{}", app.frame());
    // Over the list there is no step to go to.
    app.press("q : \"5\"");
    assert!(app.frame().contains("no command like that"), "{}", app.frame());
}

#[test]
fn enter_saves_a_note_and_the_box_says_so() {
    let mut app = App::new((80, 24));
    app.press("<enter> e");
    assert!(app.frame().contains("enter saves"), "{}", app.frame());
    app.press("\"first\" <ctrl-j> \"second\" <alt-enter> \"third\" <enter> a");
    assert_eq!(app.label(0).unwrap().notes[0].text, "first\nsecond\nthird");
    assert_eq!(app.label(0).unwrap().verdict, Some(crate::model::label::Verdict::Pass));
    // An answer to a customer has lines; there the other key saves.
    app.press("J r");
    assert!(app.frame().contains("ctrl-s saves"), "{}", app.frame());
    app.press("\"Hello\" <enter> \"there\" <ctrl-s> <enter>");
    assert_eq!(app.label(1).unwrap().corrections[0].correction.text.as_deref(), Some("Hello\nthere"));
}

#[test]
fn tools_of_other_conversations_and_typed_names_can_be_right() {
    let mut app = App::with(vec![talk(), sample::refund()], Theme::default(), (80, 24));
    app.engine.tools = vec![elsewhere("track_parcel", r#"{"order_id": "LF-1", "days": 3}"#)];
    app.press("<enter> J t \"track\"");
    assert!(app.frame().contains("(of other conversations)"), "{}", app.frame());
    app.press("<enter>");
    let frame = app.frame();
    assert!(frame.contains("order_id") && frame.contains("days") && !frame.contains("{}"), "{frame}");
    // Nothing filled in is said before it is saved.
    app.press("<enter> <enter>");
    assert!(app.frame().contains("It has no arguments.") && app.label(0).is_none(), "{}", app.frame());
    app.press("<tab> \"LF-7\" <tab> \"4\" <ctrl-s> <enter>");
    assert_eq!(arguments(&app, 0), r#"{"order_id": "LF-7", "days": 4}"#);
    assert_eq!(app.label(0).unwrap().corrections[0].correction.tool.as_deref(), Some("track_parcel"));
    // Those of the conversation come first, and a name nobody knows is marked.
    app.press("! t \"refund\"");
    let frame = app.frame();
    let (here, free) = (frame.find("start_refund").unwrap(), frame.find("a new name").unwrap());
    assert!(here < free, "{frame}");
    app.press("<ctrl-u> \"call_courier\"");
    assert!(app.frame().contains("No tool") || !app.frame().contains("a new name"), "{}", app.frame());
    app.press("<ctrl-u> \"courier\" <enter>");
    assert!(app.frame().contains("a new name, of a tool not known here"), "{}", app.frame());
    app.press("<enter>");
    assert!(app.frame().contains("again saves the call without any"), "{}", app.frame());
    app.press("<enter> <enter>");
    let correction = &app.label(1).unwrap().corrections[0].correction;
    assert_eq!((correction.tool.as_deref(), arguments(&app, 1).as_str()), (Some("courier"), "{}"));
}

#[test]
fn a_value_seen_becomes_a_field_and_not_the_whole_of_the_arguments() {
    let mut app = App::with(vec![sample::refund()], Theme::default(), (80, 24));
    app.press("<enter> ! t \"courier\" <enter> <ctrl-v>");
    let seen = app.frame();
    assert!(seen.contains("from step"), "{seen}");
    app.press("<ctrl-s> <enter>");
    let value: serde_json::Value = serde_json::from_str(&arguments(&app, 0)).unwrap();
    assert_eq!(value.as_object().map(serde_json::Map::len), Some(1), "{value}");
}

#[test]
fn the_same_fail_is_known_after_a_restart_and_gone_once_it_was_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chats.jsonl");
    std::fs::write(&file, CHATS).unwrap();
    let mut desk = Desk::open(folder.path());
    desk.press("<enter>");
    desk.app.send(Message::Paste(file.to_string_lossy().into_owned()));
    let frame = desk.press("<enter> <esc> <enter> X");
    assert!(frame.contains("You have given no fail here yet"), "{frame}");
    desk.press("x \"wrong_amount\" + + <enter>");
    drop(desk);

    let mut desk = Desk::open(folder.path());
    desk.press("<enter> X X q");
    let fails = desk.app.state.queue.rows.values().filter(|row| row.own_verdict.is_some()).count();
    assert_eq!((fails, desk.app.state.codebook.modes.len()), (2, 1));
    // Taken back, all of them are no fails any more, and the name of the mode is offered to nobody.
    let frame = desk.press("u u u");
    assert!(desk.app.state.codebook.modes.is_empty(), "{frame}");
    drop(desk);
    let mut desk = Desk::open(folder.path());
    let frame = desk.press("<enter> X");
    assert!(frame.contains("You have given no fail here yet"), "{frame}");
    let frame = desk.press("x \"wrong_amount\"");
    assert!(frame.contains("new: wrong amount"), "{frame}");
}

#[test]
fn tools_are_learnt_from_the_conversations_of_a_workspace() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chats.jsonl");
    std::fs::write(&file, CHATS).unwrap();
    let mut desk = Desk::open(folder.path());
    desk.press("<enter>");
    desk.app.send(Message::Paste(file.to_string_lossy().into_owned()));
    desk.press("<enter> <esc>");
    // The conversation about Sunday has no tool at all; those of the other one can be right in it.
    let frame = desk.press("/ \"sunday\" <enter> <enter> J t");
    assert!(frame.contains("refund_order") && frame.contains("cancel_order"), "{frame}");
    let frame = desk.press("\"cancel\" <enter>");
    assert!(frame.contains("order_id") && frame.contains("required"), "{frame}");
}
