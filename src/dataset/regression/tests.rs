//! Runs against cases of every kind.
//!
//! Invariant: invented orders only.

use super::*;
use crate::dataset::fixtures::{Story, call, corrected, fail, right_call, say, words};
use crate::dataset::{Exporter as _, cases::Cases};
use crate::model::correction::CorrectionKind;
use crate::model::step::Role;

fn case_of(label: impl Fn(&Story) -> crate::model::label::Label) -> Case {
    let story = Story::refund();
    let labels = [label(&story)];
    let rows = Cases.rows(&story.item(&labels));
    Case::parse(&rows.lines[0]).unwrap()
}

fn run(calls: &[(&str, &str)], words: &str) -> Conversation {
    let mut steps = Vec::new();
    say(&mut steps, Role::User, "Cancel order LF-1 please");
    for (tool, arguments) in calls {
        call(&mut steps, false, tool, arguments, Some("{}"));
    }
    say(&mut steps, Role::Assistant, words);
    Story::of(steps).conversation
}

#[test]
fn acceptable_calls_are_compared_by_meaning() {
    let case = case_of(|story| corrected(story, fail(story, "ana", Some(5)), 5, right_call()));
    assert_eq!(judge(&case, &run(&[("cancel_order", r#"{"notify":true, "order_id":"LF-1"}"#)], "ok")), Outcome::Pass);
    // `notify` is optional, since its value is the default.
    assert_eq!(judge(&case, &run(&[("cancel_order", r#"{"order_id":"LF-1"}"#)], "ok")), Outcome::Pass);
    let other = judge(&case, &run(&[("get_order", "{}"), ("cancel_order", r#"{"order_id":"LF-2"}"#)], "ok"));
    assert_eq!(other, Outcome::Fail { why: "calls cancel_order with a different order_id".into(), step: Some(3) });
    let never = judge(&case, &run(&[], "ok"));
    assert_eq!(never, Outcome::Fail { why: "never calls cancel_order".into(), step: None });
    let again = run(&[("cancel_membership", r#"{"order_id":"LF-1","n":123456789012345678901}"#)], "ok");
    assert!(matches!(judge(&case, &again), Outcome::Fail { why, step: Some(2) } if why.starts_with("again calls")));
    // Digits beyond a float's count.
    let near = run(&[("cancel_membership", r#"{"order_id":"LF-1","n":123456789012345678902}"#)], "ok");
    assert!(matches!(judge(&case, &near), Outcome::Fail { why, .. } if why.starts_with("never calls")));
}

#[test]
fn a_call_that_should_not_be_made_is_noticed_when_it_comes_again() {
    let case = case_of(|story| {
        corrected(story, fail(story, "ana", Some(5)), 5, words(CorrectionKind::AskCustomer, "Which order?"))
    });
    assert_eq!(judge(&case, &run(&[("get_order", "{}")], "Which one?")), Outcome::Pass);
    let again = run(&[("cancel_membership", r#"{"n":123456789012345678901,"order_id":"LF-1"}"#)], "ok");
    assert!(matches!(judge(&case, &again), Outcome::Fail { step: Some(2), .. }));
}

#[test]
fn words_are_judged_by_rules_or_not_at_all() {
    let mut case = case_of(|story| {
        corrected(story, fail(story, "ana", Some(6)), 6, words(CorrectionKind::Reply, "Your order is cancelled."))
    });
    assert!(matches!(judge(&case, &run(&[], "Bye")), Outcome::Unjudged { .. }));
    case.must = vec!["says \"is cancelled\"".into()];
    case.must_not = vec!["call cancel_membership".into()];
    assert_eq!(judge(&case, &run(&[], "It IS cancelled.")), Outcome::Pass);
    assert!(matches!(judge(&case, &run(&[], "Bye")), Outcome::Fail { .. }));
    let called = judge(&case, &run(&[("cancel_membership", "{}")], "It is cancelled."));
    assert_eq!(called, Outcome::Fail { why: "calls cancel_membership (must not)".into(), step: Some(2) });
    case.must.remove(0);
    assert!(matches!(judge(&case, &run(&[], "Bye")), Outcome::Unjudged { .. }), "what must not be called says nothing");
    case.must = vec!["says \"is cancelled\"".into(), "be friendly".into()];
    assert!(matches!(judge(&case, &run(&[], "It is cancelled.")), Outcome::Unjudged { .. }), "never passed silently");
}

/// A case of the conversation as a whole, so that its criteria alone decide.
fn with(must: &[&str], must_not: &[&str]) -> Case {
    let mut case = case_of(|story| {
        corrected(story, fail(story, "ana", Some(6)), 6, words(CorrectionKind::Reply, "Your order is cancelled."))
    });
    (case.step, case.reply) = (None, None);
    case.must = must.iter().map(|text| (*text).to_owned()).collect();
    case.must_not = must_not.iter().map(|text| (*text).to_owned()).collect();
    case
}

fn why(case: &Case, calls: &[(&str, &str)]) -> Option<(String, Option<u32>)> {
    match judge(case, &run(calls, "ok")) {
        Outcome::Fail { why, step } => Some((why, step)),
        Outcome::Pass => None,
        Outcome::Unjudged { why } => panic!("{why}"),
    }
}

fn outcome(case: &Case, calls: &[(&str, &str)], words: &str) -> &'static str {
    match judge(case, &run(calls, words)) {
        Outcome::Fail { .. } => "fail",
        Outcome::Pass => "pass",
        Outcome::Unjudged { .. } => "unjudged",
    }
}

const WRONG: (&str, &str) = ("cancel_membership", r#"{"n":123456789012345678901,"order_id":"LF-1"}"#);
const RIGHT: (&str, &str) = ("cancel_order", r#"{"order_id":"LF-1"}"#);

fn listed((tool, arguments): (&str, &str)) -> String {
    format!(r#"{{"tool":"{tool}","arguments":{arguments}}}"#)
}

#[test]
fn the_recorded_failure_counts_beside_the_right_call() {
    let mut case = case_of(|story| corrected(story, fail(story, "ana", Some(5)), 5, right_call()));
    assert_eq!(outcome(&case, &[RIGHT], "ok"), "pass");
    for calls in [[WRONG, RIGHT], [RIGHT, WRONG]] {
        let Outcome::Fail { why, .. } = judge(&case, &run(&calls, "ok")) else { panic!("{calls:?}") };
        assert_eq!(why, "again calls cancel_membership as in the recorded failure");
    }
    let only = |call| RawValue::from_string(format!("[{}]", listed(call))).unwrap();
    // What was recorded is one of the calls that are right.
    case.acceptable = only(WRONG);
    assert_eq!(outcome(&case, &[WRONG], "ok"), "pass");
    // A look that was left out has to come first; then the call is right.
    let look = ("get_status", "{}");
    case.acceptable = only(look);
    assert_eq!(outcome(&case, &[look, WRONG], "ok"), "pass");
    assert_eq!(outcome(&case, &[WRONG, look], "ok"), "fail");
    // So is what the reference does as well.
    case.acceptable = only(RIGHT);
    case.expected_writes = [WRONG, RIGHT].map(|call| serde_json::from_str(&listed(call)).unwrap()).into();
    assert_eq!(outcome(&case, &[RIGHT, WRONG], "ok"), "pass");
    assert_eq!(outcome(&case, &[WRONG, RIGHT], "ok"), "fail");
}

#[test]
fn a_call_that_failed_is_not_the_right_one_until_it_goes_well() {
    let case = case_of(|story| corrected(story, fail(story, "ana", Some(5)), 5, right_call()));
    let mut failed = run(&[RIGHT], "ok");
    let StepContent::ToolCall { result: Some(result), .. } = &mut failed.steps[1].content else { panic!() };
    result.failed = true;
    let told = judge(&case, &failed);
    assert_eq!(told, Outcome::Fail { why: "calls cancel_order, and the call fails".into(), step: Some(2) });
    let mut again = run(&[RIGHT, RIGHT], "ok");
    again.steps[1] = failed.steps[1].clone();
    assert_eq!(judge(&case, &again), Outcome::Pass);
}

#[test]
fn a_run_in_which_the_agent_does_nothing_is_not_judged() {
    let mut case = with(&[], &["call cancel_membership", "say \"sorry\""]);
    let mut steps = Vec::new();
    say(&mut steps, Role::User, "Cancel order LF-1 please");
    let silent = Story::of(steps).conversation;
    assert!(matches!(judge(&case, &silent), Outcome::Unjudged { .. }));
    case.must = vec!["call get_order".into()];
    assert!(matches!(judge(&case, &silent), Outcome::Unjudged { .. }));
    assert_eq!(outcome(&case, &[("get_order", "{}")], "ok"), "pass");
}

#[test]
fn a_right_answer_in_words_passes_only_where_the_words_were_looked_at() {
    let at = |kind, text| case_of(|story| corrected(story, fail(story, "ana", Some(5)), 5, words(kind, text)));
    // A reply in place of a call: that the call does not come again is not the reply.
    let mut reply = at(CorrectionKind::Reply, "You have no membership.");
    assert_eq!(outcome(&reply, &[], "Whatever."), "unjudged");
    assert_eq!(outcome(&reply, &[WRONG], "You have no membership."), "fail");
    reply.must = vec!["say \"no membership\"".into()];
    assert_eq!(outcome(&reply, &[], "You have no membership."), "pass");
    // No call, and nothing is said of words.
    let mut nothing = at(CorrectionKind::NoCall, "");
    nothing.reply = None;
    assert_eq!(outcome(&nothing, &[], "Whatever."), "pass");
    assert_eq!(outcome(&nothing, &[RIGHT], "Whatever."), "fail", "another change in its place");
    let look = ("get_order", "{}");
    assert_eq!(outcome(&nothing, &[look, RIGHT], "Whatever."), "fail", "and behind a look");
    assert_eq!(outcome(&nothing, &[look], "Whatever."), "pass");
    // A question.
    let ask = at(CorrectionKind::AskCustomer, "Which order?");
    assert!(ask.has_words());
    assert_eq!(outcome(&ask, &[], "Done."), "unjudged");
    assert_eq!(outcome(&ask, &[], "Which one?"), "pass");
    assert_eq!(outcome(&ask, &[look, RIGHT], "Done. Which one was it?"), "fail");
    for closing in ["Done. Anything else?", "Kann ich sonst noch helfen?", "Is there anything else I can do for you?"] {
        assert_eq!(outcome(&ask, &[look], closing), "unjudged", "{closing}");
    }
    assert_eq!(outcome(&ask, &[look], "Which one? And is there anything else?"), "pass");
    // What comes after the customer's next words is another turn's.
    let mut later = run(&[], "I see.").steps;
    say(&mut later, Role::User, "So?");
    call(&mut later, false, RIGHT.0, RIGHT.1, Some("{}"));
    say(&mut later, Role::Assistant, "Was that the one?");
    let later = Story::of(later).conversation;
    assert!(matches!(judge(&ask, &later), Outcome::Unjudged { .. }), "the question comes too late");
    assert_eq!(judge(&nothing, &later), Outcome::Pass);
    assert_eq!(outcome(&ask, &[WRONG], "Which one?"), "fail");
    let early = Story::of(run(&[], "Hm?").steps[1..].to_vec()).conversation;
    assert!(matches!(judge(&ask, &early), Outcome::Unjudged { .. }), "it ends before the step");
}

#[test]
fn a_hand_over_is_a_call_where_there_is_a_tool_for_it() {
    let mut case = case_of(|story| {
        corrected(story, fail(story, "ana", Some(5)), 5, words(CorrectionKind::HandOff, "I pass you on."))
    });
    assert_eq!(outcome(&case, &[], "I pass you on."), "unjudged");
    assert_eq!(outcome(&case, &[("transfer_to_human", "{}")], "ok"), "pass");
    let passed_on = ("transfer_to_human", "{}");
    assert_eq!(outcome(&case, &[WRONG, passed_on], "ok"), "fail");
    assert_eq!(outcome(&case, &[passed_on, WRONG], "ok"), "fail");
    assert_eq!(outcome(&case, &[WRONG], "I pass you on."), "fail", "and where no tool hands over");
    case.expected_writes.push(serde_json::from_str(&listed(WRONG)).unwrap());
    assert_eq!(outcome(&case, &[WRONG, passed_on], "ok"), "pass", "the reference makes it too");
    case.expected_writes.clear();
    case.tools.push(serde_json::json!({"type": "function", "function": {"name": "transfer_to_human"}}));
    assert_eq!(outcome(&case, &[], "I pass you on."), "fail");
}

#[test]
fn an_argument_that_is_masked_on_one_side_only_is_the_same() {
    const KNOWN: &str = "<NAME-00000000>";
    let held = |wanted: &str, compared: &str, exact: &str| {
        let line = format!(
            r#"{{"case_id":"k","conversation_id":"c","prefix":[],"acceptable":[{}]}}"#,
            listed(("book", &format!(r#"{{"name":"{wanted}"}}"#)))
        );
        let call = |name: &str| run(&[("book", &format!(r#"{{"name":"{name}"}}"#))], "ok");
        let (compared, exact) = (call(compared), call(exact));
        let gives = |wanted: &str, exact: &str| wanted.contains(KNOWN) && exact == "\"Ana\"";
        judge(&Case::parse(&line).unwrap(), Run { compared: &compared, exact: &exact, gives: &gives })
    };
    // The case's side alone knows the name, then the run's, then both.
    assert_eq!(held(KNOWN, "Ana", "Ana"), Outcome::Pass);
    assert_eq!(held("Ana", KNOWN, "Ana"), Outcome::Pass);
    assert_eq!(held(KNOWN, KNOWN, "Ana"), Outcome::Pass);
    assert!(matches!(held(KNOWN, "Bo", "Bo"), Outcome::Fail { .. }));
    assert!(matches!(held("Bo", KNOWN, "Ana"), Outcome::Fail { .. }));
}

#[test]
fn order_counts_where_a_criterion_says_so() {
    let (look, act) = (("get_order", "{}"), ("cancel_order", "{}"));
    for text in [
        "call get_order before cancel_order",
        "cancel_order only after get_order",
        "in this order: get_order, cancel_order",
        "get_order -> cancel_order",
    ] {
        let case = with(&[text], &[]);
        assert_eq!(why(&case, &[look, act]), None, "{text}");
        let early = why(&case, &[act, look]).unwrap();
        assert_eq!(early, ("calls cancel_order without get_order before it (must)".to_owned(), Some(2)), "{text}");
        assert_eq!(why(&case, &[look]).unwrap().0, "never calls cancel_order (must)", "{text}");
    }
    // Naming both without saying an order asks for none.
    assert_eq!(why(&with(&["call get_order and cancel_order"], &[]), &[act, look]), None);
    let early = with(&[], &["call cancel_order before get_order"]);
    assert_eq!(why(&early, &[]), None);
    assert_eq!(why(&early, &[look, act]), None);
    assert_eq!(why(&early, &[act]).unwrap(), ("calls cancel_order before get_order (must not)".to_owned(), Some(2)));
    let late = with(&[], &["call get_order after cancel_order"]);
    assert_eq!(why(&late, &[look, act]), None);
    assert_eq!(why(&late, &[act, look]).unwrap().1, Some(3));
}

#[test]
fn the_order_of_the_reference_counts_only_where_the_case_says_so() {
    let line = |ordered: bool, must: &str| {
        format!(
            r#"{{"case_id":"k","conversation_id":"c","prefix":[],"acceptable":[],"ordered":{ordered},"must":{must},
                "expected_writes":[{{"tool":"cancel_order","arguments":{{}}}},{{"tool":"send_mail","arguments":{{}}}}]}}"#
        )
    };
    let parse = |ordered, must| Case::parse(&line(ordered, must)).unwrap();
    let (cancel, mail) = (("cancel_order", "{}"), ("send_mail", "{}"));
    assert_eq!(why(&parse(false, "[]"), &[mail, cancel]), None);
    for case in [parse(true, "[]"), parse(false, r#"["make the writes in the order of the reference"]"#)] {
        assert_eq!(why(&case, &[cancel, mail]), None);
        let turned = why(&case, &[mail, cancel]).unwrap();
        assert_eq!(turned, ("calls send_mail before cancel_order, the reference the other way round".into(), Some(2)));
    }
}

#[test]
fn an_argument_that_says_nothing_may_be_left_out_or_given() {
    let case = Case::parse(
        r#"{"case_id":"k","conversation_id":"c","prefix":[],"acceptable":[{"tool":"refund","arguments":{"order":"A"}}],
            "tools":[{"type":"function","function":{"name":"refund","parameters":{"type":"object","required":["order"],
            "properties":{"order":{"type":"string"},"notify":{"type":"boolean","default":true},"note":{"type":"string"}}}}}]}"#,
    )
    .unwrap();
    for same in [r#"{"order":"A"}"#, r#"{"order":"A","notify":true}"#, r#"{"note":null,"order":"A"}"#] {
        assert_eq!(why(&case, &[("refund", same)]), None, "{same}");
    }
    for (other, name) in [
        (r#"{"order":"A","notify":false}"#, "notify"),
        (r#"{"order":"A","notify":null}"#, "notify"),
        (r#"{"order":null}"#, "order"),
        (r#"{"order":"A","note":"x"}"#, "note"),
        (r#"{"order":"A","colour":null,"size":1}"#, "size"),
    ] {
        let told = why(&case, &[("refund", other)]).unwrap().0;
        assert_eq!(told, format!("calls refund with a different {name}"), "{other}");
    }
}

#[test]
fn the_step_in_its_place_is_found_by_turns_and_by_what_was_done_alike() {
    let case = case_of(|story| corrected(story, fail(story, "ana", Some(5)), 5, right_call()));
    let before: Vec<&str> = case
        .prefix
        .iter()
        .flat_map(|message| message["tool_calls"].as_array().into_iter().flatten())
        .filter_map(|call| call["function"]["name"].as_str())
        .collect();
    assert!(!before.is_empty());
    let turns = case.prefix.iter().filter(|message| message["role"] == "user").count();
    let mut steps = Vec::new();
    for _ in 0..turns {
        say(&mut steps, Role::User, "Cancel order LF-1 please");
    }
    let after = |steps: &[crate::model::step::Step]| case.counterpart(&Story::of(steps.to_vec()).conversation);
    assert_eq!(after(&steps), None, "the run ended before");
    call(&mut steps, false, "another_tool", "{}", Some("{}"));
    assert_eq!(after(&steps), Some(turns as u32 + 1));
    assert_eq!(after(&steps[1..]), None, "too few messages of the customer");
}
