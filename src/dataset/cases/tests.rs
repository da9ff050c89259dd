//! Regression cases.

use serde_json::{Value, json};

use super::super::fixtures::{Story, check_all, corrected, fail, pass, right_call, words};
use super::*;
use crate::model::correction::AcceptableCall as Alternative;
use crate::model::label::{Criterion, Label};
use crate::model::tool::ExpectedCall;

fn rows(story: &Story, label: Label) -> Vec<Value> {
    let labels = [label];
    let rows = Cases.rows(&story.item(&labels));
    check_all(&Cases, &rows.lines);
    rows.lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_corrected_call_and_its_alternatives_are_acceptable() {
    let story = Story::refund();
    let alternative = Alternative { tool: "get_order".into(), arguments: Arguments("{\"order_id\":\"LF-1\"}".into()) };
    let right = Correction { alternatives: vec![alternative], ..right_call() };
    let row = &rows(&story, corrected(&story, fail(&story, "ana", Some(5)), 5, right))[0];
    assert_eq!(
        row["acceptable"],
        json!([
            {"tool": "cancel_order", "arguments": {"order_id": "LF-1", "notify": true}, "optional": ["notify"]},
            {"tool": "get_order", "arguments": {"order_id": "LF-1"}, "optional": []},
        ])
    );
    assert_eq!(row["step"], 5);
    assert_eq!(row["case_id"], format!("{}-s5", story.conversation.id));
    assert_eq!(row["prefix"].as_array().unwrap().len(), 5);
    assert!(!row.to_string().contains("LEAK"));
}

#[test]
fn words_say_what_kind_of_answer_is_acceptable() {
    let story = Story::refund();
    let acceptable = |kind| {
        let row = rows(&story, corrected(&story, fail(&story, "ana", Some(5)), 5, words(kind, "Which?"))).remove(0);
        (row["acceptable"].clone(), row["reply"].clone())
    };
    assert_eq!(acceptable(CorrectionKind::NoCall), (json!({"no_call": true}), json!("Which?")));
    assert_eq!(acceptable(CorrectionKind::AskCustomer).0, json!({"ask_customer": true}));
    assert_eq!(acceptable(CorrectionKind::HandOff).0, json!({"hand_off": ""}));
}

#[test]
fn criteria_and_expected_writes_make_a_case_of_the_whole() {
    let mut story = Story::refund();
    assert!(rows(&story, pass(&story, "ana")).is_empty());
    let must = Criterion { must: true, text: "asks for the order number".into(), event: "K".into() };
    let row = &rows(&story, Label { criteria: vec![must], ..pass(&story, "ana") })[0];
    assert_eq!((&row["must"], &row["step"]), (&json!(["asks for the order number"]), &Value::Null));
    assert_eq!(row["prefix"].as_array().unwrap().len(), 2);
    story.conversation.expected = Some(vec![
        ExpectedCall { tool: "get_order".into(), arguments: Arguments("{}".into()) },
        ExpectedCall { tool: "cancel_order".into(), arguments: Arguments("{\"order_id\":\"LF-1\"}".into()) },
    ]);
    let row = &rows(&story, fail(&story, "ana", Some(5)))[0];
    assert_eq!(row["expected_writes"], json!([{"tool": "cancel_order", "arguments": {"order_id": "LF-1"}}]));
}
