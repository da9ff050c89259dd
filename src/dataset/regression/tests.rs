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
    assert_eq!(other, Outcome::Fail { why: "calls cancel_order with another order_id".into(), step: Some(3) });
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
    case.must.push("be friendly".into());
    assert!(matches!(judge(&case, &run(&[], "It is cancelled.")), Outcome::Unjudged { .. }), "never passed silently");
}
