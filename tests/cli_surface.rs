//! The public surface of the command line as snapshots: help texts, and the JSON that scripts read.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "support/desk.rs"]
mod desk;

use std::fmt::Write as _;

use desk::{Desk, wrong_tool};
use serde_json::Value;

#[test]
fn help() {
    let desk = Desk::new();
    let mut all = desk.ok(&["--help"]);
    for command in [
        "review",
        "demo",
        "import",
        "label",
        "undo",
        "redo",
        "list",
        "show",
        "events",
        "export",
        "codebook",
        "tools",
        "verify",
        "rebuild",
        "formats",
        "completions",
        "man",
    ] {
        let _ = write!(all, "\n=== {command}\n{}", desk.ok(&[command, "-h"]));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn formats() {
    let desk = Desk::new();
    insta::assert_snapshot!(format!("{}\n{}", desk.ok(&["formats"]), desk.ok(&["formats", "--export"])));
    assert!(desk.ok(&["completions", "bash"]).contains("_aftercall"));
    assert!(desk.ok(&["man"]).contains(".TH aftercall"));
}

/// The values that differ from run to run, replaced by what they are.
fn settled(value: &mut Value) {
    const MADE: [&str; 7] = ["id", "group", "device", "prev", "undoes", "event", "seconds"];
    match value {
        Value::Object(members) => {
            let is_event = members.contains_key("lamport");
            let is_label = members.contains_key("criteria");
            for (name, value) in members.iter_mut() {
                let made = MADE.contains(&name.as_str()) && (is_event || name != "id");
                let when = name == "at" && (is_event || is_label);
                match (made || when, name.as_str(), &value) {
                    (_, "events", Value::Array(list)) => *value = Value::from(format!("<{} events>", list.len())),
                    (true, _, Value::String(text)) if text.is_empty() => {}
                    (true, name, _) => *value = Value::from(format!("<{name}>")),
                    _ => settled(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(settled),
        Value::String(text) => {
            // Pseudonyms are made with the workspace's own key.
            if let Some(at) = text.find('-').filter(|_| text.starts_with('<') && text.ends_with('>')) {
                text.truncate(at);
                text.push_str("-…>");
            }
        }
        _ => {}
    }
}

fn pretty(values: Vec<Value>) -> String {
    let hidden = |text: &str| {
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('<') {
            out.push_str(&rest[..=at]);
            rest = &rest[at + 1..];
            let end = rest.find('>').unwrap_or(0);
            let class = rest[..end].split('-').next().unwrap_or_default();
            if class.len() > 1 && class.bytes().all(|byte| byte.is_ascii_uppercase()) {
                out.push_str(class);
                rest = &rest[end..];
            }
        }
        out + rest
    };
    values
        .into_iter()
        .map(|mut value| {
            settled(&mut value);
            hidden(&serde_json::to_string_pretty(&value).unwrap())
        })
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn json() {
    let desk = Desk::new();
    desk.write("shop.jsonl", &wrong_tool());
    let report: Value = serde_json::from_str(&desk.ok(&["import", "shop.jsonl", "--json"])).unwrap();
    insta::assert_snapshot!("import", pretty(vec![report]));
    desk.ok(&[
        "label",
        "shop-1",
        "--fail",
        "--step",
        "5",
        "--mode",
        "Wrong tool",
        "--severity",
        "3",
        "--note",
        "see policy",
        "--tool",
        "cancel_order",
        "--args",
        "{\"order_id\": \"A-1\"}",
    ]);
    desk.ok(&["undo"]);
    desk.ok(&["redo"]);
    insta::assert_snapshot!("list", pretty(desk.json(&["list", "--json"])));
    insta::assert_snapshot!("show", pretty(desk.json(&["show", "shop-1", "--json"])));
    insta::assert_snapshot!("events", pretty(desk.json(&["events", "--json"])));
    insta::assert_snapshot!("codebook", pretty(desk.json(&["codebook", "list", "--json"])));
    insta::assert_snapshot!("verify", pretty(desk.json(&["verify", "--json"])));
    insta::assert_snapshot!("csv_heading", desk.ok(&["list", "--csv"]).lines().next().unwrap().to_owned());
    let fields = desk.json(&["list", "--json"])[0].as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(",");
    assert_eq!(desk.ok(&["list", "--csv"]).lines().next().unwrap().replace('"', ""), fields);
    desk.ok(&["export", "out", "--format", "labels,openai-sft,trl-preference,cases"]);
    for name in ["labels", "openai-sft", "trl-preference", "cases"] {
        let text = std::fs::read_to_string(desk.path("out").join(format!("{name}.jsonl"))).unwrap();
        let mut rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for row in &mut rows {
            // Made with the workspace's key, and of ids and times of this run.
            row.as_object_mut().unwrap().retain(|key, _| key != "label_events" && key != "group_key");
            if let Some(labels) = row.get_mut("labels").and_then(Value::as_array_mut) {
                for label in labels {
                    label["at"] = "<at>".into();
                }
            }
        }
        insta::assert_snapshot!(format!("export_{name}"), pretty(rows));
    }
}
