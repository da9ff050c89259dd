//! Stories of forms and questions: what is typed counts at once, whichever way it came, and is not lost by leaving.
//!
//! Invariant: like the stories, each presses keys and looks at the frame or at what was asked.

use super::queues::{prepared, spec};
use super::real::Desk;
use super::*;
use crate::model::decision::DecisionChange;
use crate::tui::state::Overlay;
use crate::tui::state::form::Form;

fn desk(folder: &std::path::Path) -> Desk {
    prepared(folder, 24, Some(spec()));
    let mut desk = Desk::open(folder);
    desk.app.send(Message::Clock(NOW));
    desk.app.send(Message::Resize(Size { columns: 80, rows: 24 }));
    desk.settle();
    desk
}

fn pasted(desk: &mut Desk, text: &str) -> String {
    desk.app.send(Message::Paste(text.to_owned()));
    desk.settle();
    desk.app.frame()
}

/// The text of the line that takes the keys.
fn typed(desk: &mut Desk) -> String {
    let form = desk.app.state.overlays.last_mut().and_then(Overlay::form);
    form.and_then(Form::input).map(|input| input.text().to_owned()).unwrap_or_default()
}

#[test]
fn what_is_pasted_counts_as_if_it_were_typed() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = desk(folder.path());
    let frame = desk.press("+ \"another\" <tab>");
    assert!(frame.contains("24 match"), "{frame}");
    let frame = pasted(&mut desk, "intent:refund");
    assert!(frame.contains("12 match"), "{frame}");
    let frame = desk.press("<esc> f \"nonsense:1\"");
    assert!(frame.contains("no field"), "{frame}");
    desk.press("<ctrl-u>");
    let frame = pasted(&mut desk, "intent:refund");
    assert!(!frame.contains("no field"), "{frame}");
    assert!(desk.press("<enter>").contains("12 of 24"), "{}", desk.app.frame());
}

#[test]
fn a_form_that_is_left_half_filled_comes_back_and_one_that_was_not_touched_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = desk(folder.path());
    for (key, line) in [("+", "<shift-tab> <tab>"), ("E", "<shift-tab>"), ("S", "<shift-tab>")] {
        desk.press(&format!("{key} {line} \"for_the_lead\""));
        let frame = desk.press("<esc>");
        assert!(frame.contains(&format!("Not saved; {key} goes on")), "{frame}");
        let begun = desk.app.state.forms_begun.len();
        desk.press(key);
        assert_eq!((typed(&mut desk).as_str(), begun), ("for the lead", 1), "{key}");
        desk.press("<ctrl-u> <esc>");
        desk.app.state.forms_begun.clear();
        assert!(!desk.press(&format!("{key} <esc>")).contains("Not saved"), "{key}");
    }
    // A decision is begun for one conversation, and waits for that one.
    desk.press("<enter> D \"refund_at_once\" <esc> ]");
    desk.press("D");
    assert_eq!(typed(&mut desk), "");
    desk.press("<esc> [ D");
    assert_eq!(typed(&mut desk), "refund at once");
}

#[test]
fn a_question_that_is_left_keeps_its_text_and_a_search_offers_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = desk(folder.path());
    let prompt = |desk: &Desk| match desk.app.state.overlays.last() {
        Some(Overlay::Prompt(prompt)) => prompt.input.text().to_owned(),
        other => panic!("{other:?}"),
    };
    let frame = desk.press("<enter> C \"ask_twice\" <esc>");
    assert!(frame.contains("Kept as a draft, not saved."), "{frame}");
    desk.press("] C");
    assert_eq!(prompt(&desk), "", "of another conversation");
    desk.press("<esc> [ C");
    assert_eq!(prompt(&desk), "ask twice");
    desk.press("<enter> C");
    assert_eq!(prompt(&desk), "", "it is saved");
    desk.press("<esc> q / \"lamp\" <esc> /");
    assert_eq!(prompt(&desk), "lamp");
    desk.press("\"x\"");
    assert_eq!(prompt(&desk), "x", "other words take its place");
}

#[test]
fn a_late_answer_opens_nothing_over_what_is_there() {
    let mut app = App::new((80, 24));
    app.held = Some(Vec::new());
    app.press("S <esc>");
    app.release();
    assert!(app.state.overlays.is_empty(), "{}", app.frame());
    app.held = Some(Vec::new());
    app.press("Q E");
    app.release();
    assert!(matches!(app.state.overlays.as_slice(), [Overlay::Export(_)]), "{}", app.frame());
}

#[test]
fn going_to_a_list_leaves_a_dispute_that_was_visited() {
    use crate::tui::state::disputes::{DisputesView, Visit};
    let mut app = App::new((80, 24));
    let conversation = app.id(0);
    app.press("<enter>");
    app.state.visit =
        Some(Visit { view: Box::new(DisputesView::default()), conversation, settles: None, given: false });
    app.press("Q <enter>");
    assert!(app.state.overlays.is_empty() && app.state.visit.is_none(), "{}", app.frame());
}

#[test]
fn a_decision_keeps_a_mode_that_was_merged() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = desk(folder.path());
    desk.press("<enter> x \"bad_tool\" <enter> x \"wrong_tool\" <enter> [");
    desk.press("D \"check_it\" <enter>");
    let decided = |desk: &Desk| {
        let identity = crate::ops::workspace::Identity::load("lee", &folder.path().join("state")).unwrap();
        let root = folder.path().join("workspace");
        let read = crate::store::Access::Read;
        let workspace = crate::ops::workspace::Workspace::open(&root, identity, read).unwrap();
        assert!(desk.app.state.writes.pending.is_empty());
        workspace.store().book().unwrap().decisions.remove(0).spec
    };
    let mode = decided(&desk).mode.unwrap();
    assert_eq!(mode, "wrong-tool");
    desk.press(": \"merge\" <enter> \"wrong\" <enter> \"bad\" <enter> q");
    assert_eq!(desk.app.state.codebook.modes.len(), 1);
    desk.press("S <enter> S <tab> e <tab> <tab> \"mira\" <enter>");
    let spec = decided(&desk);
    assert_eq!((spec.owner.as_deref(), spec.mode), (Some("mira"), Some(mode)), "{}", desk.app.frame());
    // Another choice is one.
    desk.press("e <tab> <tab> <tab> <tab> <space> <enter>");
    assert_eq!(decided(&desk).mode, None);
}

#[test]
fn a_decision_of_a_session_is_not_about_what_lies_under_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = desk(folder.path());
    desk.press("S <enter> <enter> S");
    assert!(desk.app.state.review.is_some());
    desk.app.held = Some(Vec::new());
    desk.app.press("D \"quote_the_policy\" <enter>");
    let asked = desk.app.held.take().unwrap();
    let spec = asked.into_iter().find_map(|(_, request)| match request {
        Request::Record(act) => match *act {
            Act::Decision(DecisionChange::Add(spec)) => Some(spec),
            _ => None,
        },
        _ => None,
    });
    assert_eq!(spec.unwrap().conversations, []);
}

#[test]
fn the_screens_of_figures_and_sessions_name_their_keys_on_request() {
    let mut app = App::new((80, 24));
    for (key, own) in [("I", "csv, json"), ("A", "page"), ("L", "report")] {
        app.press(&format!("{key} ?"));
        let frame = app.frame();
        assert!(frame.contains("Help") && frame.contains(own), "{key}: {frame}");
        app.press("<esc> <esc>");
    }
}

#[test]
fn an_order_is_walked_both_ways_and_explained() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = desk(folder.path());
    let orders = |labelled: bool| {
        let all = crate::ops::queue::orders().filter(|order| labelled || !order.strategy.is_again());
        all.map(|order| order.name).collect::<Vec<_>>()
    };
    assert!(!orders(true).contains(&"manual") && orders(true).len() == orders(false).len() + 2);
    let frame = desk.press("+ \"another\" <tab> <tab>");
    let words = "most likely failures first, learnt from every label";
    assert!(frame.contains(&format!("< learnt >  1 of {}", orders(false).len())) && frame.contains(words), "{frame}");
    let frame = desk.press("<left> h l");
    assert!(frame.contains("< weekly >") && frame.contains("for a session of a group"), "{frame}");
    let frame = desk.press("<right> <space>");
    assert!(frame.contains("< low-confidence >  2 of"), "{frame}");
    // In a line of text the same keys are what they are in a text.
    desk.press("<shift-tab> <shift-tab> \"hl\" <left> \"x\"");
    assert_eq!(typed(&mut desk), "anotherhxl");
    // What is judged again is on offer once something was judged, and counts what was.
    desk.press("<esc> <enter> a q");
    let frame = desk.press("+ <tab> <tab>");
    assert!(frame.contains(&format!("of {}", orders(true).len())), "{frame}");
    let at = |name: &str| orders(true).iter().position(|order| *order == name).unwrap();
    desk.press(&"<right> ".repeat(at("relabel") - at("low-confidence")));
    let frame = desk.press("<right> <left>");
    assert!(frame.contains("< relabel >") && frame.contains("1 to judge: 24 match"), "{frame}");
}

#[test]
fn every_screen_explains_its_own_keys_and_a_text_takes_the_question_mark() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = desk(folder.path());
    let screens = [
        ("", "Queue"),
        ("@", "Messages"),
        ("A", "Numbers"),
        ("I", "Insights"),
        ("L", "Session"),
        ("d", "Disputes"),
        ("c", "Calibrations"),
        ("E <tab>", "Form"),
        ("Q", "Question"),
        ("<enter>", "Review"),
    ];
    for (keys, title) in screens {
        for key in ["?", "<f1>"] {
            let frame = desk.press(&format!("{keys} {key}"));
            assert!(frame.contains(&format!("Help · {title}")), "{keys} {key}: {frame}");
            desk.press("? <esc> <esc> <esc>");
            if desk.app.state.screen == crate::tui::state::Screen::Review {
                desk.press("q");
            }
        }
    }
    desk.press("Q <down> <enter>");
    assert!(desk.press("P ?").contains("Help · Progress"), "{}", desk.app.frame());
    desk.press("<esc> <esc>");
    desk.press("S \"why?\"");
    assert_eq!(typed(&mut desk), "why?");
    let frame = desk.press("<f1>");
    assert!(frame.contains("Help · Form") && frame.contains("choose back"), "{frame}");
    assert!(!frame.contains("severity"), "keys of other forms are not keys here: {frame}");
    desk.press("<esc> <esc>");
    assert!(!desk.press("@ :").contains("Commands"), "{}", desk.app.frame());
}
