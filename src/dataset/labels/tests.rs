//! The canonical record.

use serde_json::Value;

use super::super::fixtures::{Story, check_all, corrected, fail, pass, right_call};
use super::*;
use crate::model::label::{Label, PlacedNote};

fn row(story: &Story, labels: &[Label]) -> Value {
    let rows = Labels.rows(&story.item(labels));
    check_all(&Labels, &rows.lines);
    serde_json::from_str(&rows.lines[0]).unwrap()
}

#[test]
fn a_fail_names_its_span_and_its_correction() {
    let story = Story::refund();
    let label = Label {
        modes: vec!["wrong-tool".into(), "loop".into()],
        severity: Some(3),
        notes: vec![PlacedNote { at: None, text: "ouch".into(), event: "N".into() }],
        ..corrected(&story, fail(&story, "ana", Some(5)), 5, right_call())
    };
    let row = row(&story, &[label]);
    let step = &story.conversation.steps[4];
    assert_eq!(row["first_failure_span_id"], step.span.as_ref().unwrap().span_id.as_str());
    assert_eq!(row["corrections"][0]["arguments"]["notify"], true);
    assert_eq!(row["corrections"][0]["valid_after"], false);
    assert_eq!(row["labels"].as_array().unwrap().len(), 2);
    assert_eq!(row["labels"][1]["code"], "loop");
    assert_eq!(row["labels"][0]["note"], "ouch");
    assert_eq!(row["notes"][0]["text"], "ouch");
}

#[test]
fn no_single_step_is_said_and_a_pass_has_neither() {
    let story = Story::refund();
    assert_eq!(row(&story, &[fail(&story, "ana", None)])["no_single_step"], true);
    let row = row(&story, &[pass(&story, "ana"), pass(&story, "ben")]);
    assert_eq!((&row["no_single_step"], &row["first_failure_span_id"]), (&Value::Bool(false), &Value::Null));
    assert_eq!(row["labels"].as_array().unwrap().len(), 2);
    assert!(row["labels"][0]["code"].is_null());
}

#[test]
fn the_same_labels_give_the_same_bytes() {
    let story = Story::refund();
    let labels = [corrected(&story, fail(&story, "ana", Some(5)), 5, right_call())];
    for exporter in super::super::EXPORTERS {
        assert_eq!(exporter.rows(&story.item(&labels)), exporter.rows(&story.item(&labels)));
    }
}
