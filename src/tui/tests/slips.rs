//! Slips of tired hands: a key pressed once too often, or at the wrong place, takes nothing away and says what it did.
//!
//! Invariant: like the stories, each presses keys and looks at the frame or at what was recorded.

use super::*;
use crate::engine::request::ExportOrder;
use crate::model::label::Verdict;

/// A conversation whose import recorded no list of tools.
fn without_tools() -> Conversation {
    Conversation { tools: Vec::new(), ..sample::refund() }
}

/// What the exports asked for.
fn exports(app: &mut App, keys: &str) -> Vec<ExportOrder> {
    app.held = Some(Vec::new());
    app.press(keys);
    let held = app.held.take().unwrap();
    let order = |(_, request)| match request {
        Request::Export(order) => Some(order),
        _ => None,
    };
    held.into_iter().filter_map(order).collect()
}

#[test]
fn capital_letters_name_a_mode_and_do_not_move_the_blame() {
    let mut app = App::new((80, 24));
    app.press("<enter> x \"Kept_asking\" <enter> x \"Jumped\" <enter>");
    assert_eq!(app.label(0).unwrap().modes, ["kept-asking"]);
    assert_eq!(app.label(0).unwrap().first_failure.as_ref().map(|at| at.step), Some(2));
    assert_eq!(app.label(1).unwrap().modes, ["jumped"]);
}

#[test]
fn blaming_what_the_customer_said_is_said_before_it_is_saved() {
    let mut app = App::new((80, 24));
    app.press("<enter> x");
    assert!(!app.frame().contains("what the customer said"), "{}", app.frame());
    app.press("<shift-up>");
    assert!(app.frame().contains("step 1 ⚠ what the customer said"), "{}", app.frame());
    app.press("<alt-j>");
    assert!(app.frame().contains("step 2 lookup_order"), "{}", app.frame());
}

#[test]
fn the_end_of_a_job_closes_by_the_keys_it_names_only() {
    for close in ["<enter>", "<esc>", "q"] {
        let mut app = App::new((80, 24));
        app.press("<enter> : \"evaluate\" <enter> a x J");
        assert!(app.frame().contains("↵ q esc close it"), "{}", app.frame());
        app.press(close);
        assert!(app.state.overlays.is_empty() && app.engine.acts.is_empty());
    }
}

#[test]
fn the_key_that_saves_saves_on_the_last_page_of_a_correction_too() {
    let mut app = App::new((80, 24));
    app.press("<enter> ! t \"status\" <enter> <ctrl-s> <ctrl-s>");
    let correction = &app.label(0).unwrap().corrections[0].correction;
    assert_eq!((correction.tool.as_deref(), correction.remainder_valid), (Some("refund_status"), false));
}

#[test]
fn enter_never_saves_what_does_not_fit() {
    let mut app = App::new((80, 24));
    app.press("<enter> ! t \"start\" <enter> <enter> <enter> <enter> <enter> <enter> <enter>");
    assert!(app.frame().contains("Only ctrl-s saves it all the same, marked so."), "{}", app.frame());
    assert!(app.label(0).is_none());
    app.press("<ctrl-s> <ctrl-s>");
    assert_eq!(app.label(0).unwrap().corrections[0].correction.schema_ok, Some(false));
}

#[test]
fn a_value_of_the_agent_is_added_to_and_one_key_clears_it() {
    let mut app = App::new((80, 24));
    app.press("<enter> ! t <enter>");
    assert!(app.frame().contains("ctrl-u clears"), "{}", app.frame());
    app.press("<ctrl-u> \"refund\" <ctrl-s> <enter>");
    let arguments = |app: &App, at: usize| {
        let correction = app.label(at).unwrap().corrections[0].correction.clone();
        correction.arguments.unwrap().0.exact().to_owned()
    };
    assert_eq!(arguments(&app, 0), r#"{"topic": "refund"}"#);
    app.press("J t <enter> \"0\" <ctrl-s> <enter>");
    assert_eq!(arguments(&app, 1), r#"{"order_id": "LF-10090"}"#);
}

#[test]
fn another_verdict_than_before_names_both() {
    let mut app = App::new((80, 24));
    app.press("<enter> x \"tone\" <enter> [ a");
    assert!(app.frame().contains("FAIL → PASS saved ✓"), "{}", app.frame());
    app.press("[ a");
    assert!(!app.frame().contains("→ PASS"), "{}", app.frame());
    app.press("[ x \"tone\" <enter>");
    assert!(app.frame().contains("PASS → FAIL saved ✓"), "{}", app.frame());
    assert_eq!(app.label(0).unwrap().verdict, Some(Verdict::Fail));
}

#[test]
fn tools_that_were_called_are_offered_where_no_list_was_recorded() {
    let mut app = App::with(vec![without_tools()], Theme::default(), (120, 36));
    app.press("<enter> J");
    let frame = app.frame();
    assert!(frame.contains("tool list not recorded") && !frame.contains("not among the tools"), "{frame}");
    app.press("5");
    assert!(app.frame().contains("Tool list not recorded"), "{}", app.frame());
    app.press("1 ! t");
    let frame = app.frame();
    assert!(
        frame.contains("no schema was recorded for any of these tools") && !frame.contains("schema not recorded"),
        "{frame}"
    );
    let listed = |tool: &str| frame.lines().any(|line| line.contains(tool));
    assert!(listed("create_ticket") && listed("lookup_order") && listed("start_refund"), "{frame}");
    app.press("\"lookup\" <enter>");
    let frame = app.frame();
    assert!(frame.contains("order_id") && frame.contains("those of earlier calls"), "{frame}");
    app.press("\"7\" <ctrl-s> <enter>");
    let correction = &app.label(0).unwrap().corrections[0].correction;
    assert_eq!(correction.arguments.as_ref().unwrap().0.exact(), r#"{"order_id": "7"}"#);
    assert_eq!(correction.schema_ok, None);
}

#[test]
fn a_search_and_an_export_from_a_queue_are_of_that_queue() {
    let mut app = App::new((80, 24));
    app.press("/");
    assert!(app.frame().contains("all conversations are searched"), "{}", app.frame());
    app.press("<esc>");
    app.state.queue.query.queue = Some("week-47".to_owned());
    app.press("/");
    let frame = app.frame();
    assert!(frame.contains("Find in the queue week-47") && frame.contains("only this queue"), "{frame}");
    app.press("<esc>");
    assert_eq!(exports(&mut app, "E <enter>")[0].filter, "queue:week-47");
    let mut app = App::new((80, 24));
    app.state.queue.query.queue = Some("week-47".to_owned());
    app.state.queue.query.filter = "steps>0 or intent:refunds".to_owned();
    let filter = exports(&mut app, "E <enter>").remove(0).filter;
    assert_eq!(filter, "queue:week-47 (steps>0 or intent:refunds)");
    crate::model::filter::Filter::parse(&filter).unwrap();
}

#[test]
fn personal_data_is_kept_for_a_reason_only() {
    let mut app = App::new((80, 24));
    app.press("E <shift-tab> \"x\"");
    assert!(app.frame().contains("Not a reason yet"), "{}", app.frame());
    assert!(exports(&mut app, "<enter>").is_empty());
    assert!(app.frame().contains("say why in at least 3 words"), "{}", app.frame());
    app.press("<backspace> \"court_order_47\"");
    assert!(app.frame().contains("will NOT be masked"), "{}", app.frame());
    assert_eq!(exports(&mut app, "<enter>")[0].keep_personal_data.as_deref(), Some("court order 47"));
    assert_eq!(exports(&mut App::new((80, 24)), "E <enter>")[0].keep_personal_data, None);
}

#[test]
fn a_long_message_pushes_the_rest_off_the_status_line() {
    let mut app = App::new((80, 24));
    app.press("<enter> a");
    app.state.log.say(NOW, crate::tui::state::messages::Weight::Problem, format!("{} end", "word ".repeat(14)));
    let frame = app.frame();
    assert!(frame.contains("word  end ─") && !frame.contains("PASS saved"), "{frame}");
    app.press("<left>");
    assert!(app.frame().contains("lee · before: PASS saved ✓ 09:41:00"), "{}", app.frame());
}

#[test]
fn names_that_begin_alike_keep_their_ends_and_states_their_letters() {
    let escalation = "OurAgentHumanEscalation";
    let conversation = sample::Story::new("loop-1", "refunds", "en")
        .user("Hello")
        .agent("Hello")
        .score(escalation, 0.1, Some(false), "")
        .done();
    let mut app = App::with(vec![conversation], Theme::default(), (80, 24));
    assert!(app.frame().contains("alation .10"), "{}", app.frame());
    // A built-in one is called by what it objects to.
    let known = sample::Story::new("loop-2", "refunds", "en").user("Hello").agent("Hello");
    let known = known.score("CustomerAgentHumanEscalation", 0.1, Some(false), "").done();
    let told = App::with(vec![known], Theme::default(), (80, 24)).frame();
    assert!(told.contains("no handover") && !told.contains("scalation"), "{told}");
    app.press("<enter> i");
    assert!(app.frame().contains("? UNSURE"), "{}", app.frame());
}

#[test]
fn the_question_about_the_rest_is_not_asked_again_where_it_is_not_wanted() {
    let mut app = App::new((120, 36));
    app.press("<enter> ! t \"sr\" <enter> <tab> <ctrl-v> <tab> d <ctrl-s>");
    assert!(app.frame().contains("ask_remainder = false"), "{}", app.frame());
    app.press("N");
    assert!(!app.label(0).unwrap().corrections[0].correction.remainder_valid);
    app.press("[ ! T");
    assert!(!app.frame().contains("still stand"), "{}", app.frame());
    assert!(app.state.overlays.is_empty());
    let corrections = &app.label(0).unwrap().corrections;
    assert_eq!(corrections.last().unwrap().correction.kind, crate::model::correction::CorrectionKind::NoCall);

    let mut app = App::new((120, 36));
    app.state.asks_remainder = false;
    app.press("<enter> ! r \"I_am_sorry\" <ctrl-s>");
    assert!(app.state.overlays.is_empty(), "{}", app.frame());
    assert_eq!(app.label(0).unwrap().corrections[0].correction.text.as_deref(), Some("I am sorry"));
}
