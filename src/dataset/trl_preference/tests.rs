//! Preference pairs.

use serde_json::Value;

use super::super::fixtures::{Story, check_all, corrected, correction, fail, pass, right_call, words};
use super::*;
use crate::model::correction::{Correction, CorrectionKind};
use crate::model::label::Label;
use crate::model::tool::Arguments;

fn rows(story: &Story, label: Label) -> (Vec<Value>, Vec<&'static str>) {
    let labels = [label];
    let rows = TrlPreference.rows(&story.item(&labels));
    check_all(&TrlPreference, &rows.lines);
    let values = rows.lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    (values, rows.left_out.iter().map(|left| left.reason).collect())
}

#[test]
fn the_corrected_call_is_chosen_and_the_actual_one_rejected() {
    let story = Story::refund();
    let (rows, _) = rows(&story, corrected(&story, fail(&story, "ana", Some(5)), 5, right_call()));
    let row = &rows[0];
    assert_eq!(row["chosen"][0]["tool_calls"][0]["function"]["name"], "cancel_order");
    assert_eq!(row["rejected"][0]["tool_calls"][0]["function"]["name"], "cancel_membership");
    assert_eq!(row["prompt"][3]["name"], "get_order");
    assert!(row["prompt"][2]["tool_calls"][0]["function"]["arguments"].is_object());
    assert!(!row.to_string().contains("LEAK"));
}

#[test]
fn long_numbers_keep_their_digits() {
    let story = Story::refund();
    let labels = [corrected(&story, fail(&story, "ana", Some(5)), 5, right_call())];
    let rows = TrlPreference.rows(&story.item(&labels));
    assert!(rows.lines[0].contains("\"n\":123456789012345678901"));
}

#[test]
fn later_corrections_need_a_remainder_that_holds() {
    let story = Story::refund();
    let reply = || words(CorrectionKind::Reply, "Which order?");
    let cut = corrected(&story, corrected(&story, fail(&story, "ana", Some(5)), 5, right_call()), 6, reply());
    let (one, reasons) = rows(&story, cut);
    assert_eq!((one.len(), reasons.len()), (1, 1));
    let kept = Correction { remainder_valid: true, ..right_call() };
    let both = corrected(&story, corrected(&story, fail(&story, "ana", Some(5)), 5, kept), 6, reply());
    let (two, reasons) = rows(&story, both);
    assert_eq!((two.len(), reasons.len()), (2, 0));
    assert_eq!(two[1]["prompt"][5]["tool_calls"][0]["function"]["name"], "cancel_order");
    assert_eq!(two[1]["chosen"][0]["content"], "Which order?");
}

#[test]
fn pairs_that_teach_nothing_are_left_out() {
    let story = Story::refund();
    let (none, reasons) = rows(&story, pass(&story, "ana"));
    assert_eq!((none.len(), reasons), (0, vec!["nothing was corrected"]));
    let same = Correction {
        tool: Some("cancel_membership".into()),
        arguments: Some(Arguments(r#"{ "n": 123456789012345678901, "order_id": "LF-1" }"#.into())),
        ..correction(CorrectionKind::Tool)
    };
    let (none, reasons) = rows(&story, corrected(&story, fail(&story, "ana", Some(5)), 5, same));
    assert_eq!((none.len(), reasons), (0, vec!["the correction is what the agent did"]));
    let broken = Correction { arguments: Some(Arguments("{\"order".into())), ..right_call() };
    let (_, reasons) = rows(&story, corrected(&story, fail(&story, "ana", Some(5)), 5, broken));
    assert_eq!(reasons, ["the arguments of a call are no JSON object"]);
    let silent = correction(CorrectionKind::HandOff);
    let (_, reasons) = rows(&story, corrected(&story, fail(&story, "ana", Some(5)), 5, silent));
    assert_eq!(reasons, ["the correction does not say what should have been said"]);
}

#[test]
fn reviewers_who_differ_give_no_pair_and_those_who_agree_give_one() {
    let story = Story::refund();
    let ana = corrected(&story, fail(&story, "ana", Some(5)), 5, right_call());
    let spelled =
        Correction { arguments: Some(Arguments(r#"{"notify":true,"order_id":"LF-1"}"#.into())), ..right_call() };
    let labels = [ana.clone(), corrected(&story, fail(&story, "ben", Some(5)), 5, spelled)];
    assert_eq!(TrlPreference.rows(&story.item(&labels)).lines.len(), 1);
    let labels = [ana, corrected(&story, fail(&story, "ben", Some(5)), 5, words(CorrectionKind::Reply, "no"))];
    let rows = TrlPreference.rows(&story.item(&labels));
    assert_eq!((rows.lines.len(), rows.left_out[0].reason), (0, "reviewers corrected the step differently"));
}
