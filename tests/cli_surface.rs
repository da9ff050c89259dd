//! The public surface of the command line: help texts and JSON shapes, as snapshots.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on should stop")]

#[path = "support/home.rs"]
mod home;

use std::fmt::Write as _;

use home::{Home, SMALL};
use serde_json::Value;

const COMMANDS: &[&str] = &[
    "review",
    "demo",
    "import",
    "receive",
    "label",
    "undo",
    "redo",
    "list",
    "search",
    "show",
    "events",
    "evaluate",
    "evaluators",
    "policy",
    "bench",
    "rates",
    "alignment",
    "thresholds",
    "compare",
    "drift",
    "agreement",
    "report",
    "calibration",
    "calibration start",
    "calibration list",
    "calibration show",
    "calibration reveal",
    "team",
    "simulate",
    "strategies",
    "reconcile",
    "export",
    "dataset",
    "gate",
    "request",
    "codebook",
    "conflicts",
    "conflicts keep",
    "conflicts lines",
    "conflicts keep-stored",
    "segments",
    "segments apply",
    "tools",
    "verify",
    "rebuild",
    "adjudicate",
    "merge",
    "sync",
    "formats",
    "filters",
    "completions",
    "man",
    "codebook add",
    "dataset new",
    "dataset add",
    "dataset show",
    "dataset diff",
    "dataset tag",
    "gate init",
    "queue",
    "queue new",
    "queue list",
    "queue show",
    "queue next",
    "queue release",
    "queue remove",
    "session",
    "session start",
    "session list",
    "session show",
    "session resume",
    "session leave",
    "session end",
    "session park",
    "session summary",
    "decision",
    "decision add",
    "decision list",
    "decision edit",
    "decision close",
    "decision reopen",
    "decision show",
    "bench evaluators",
];

#[test]
fn help() {
    let home = Home::new();
    let mut all = home.ok(&["--help"]);
    for command in COMMANDS {
        let words: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        let _ = writeln!(all, "\n======== aftercall {command} --help");
        all.push_str(&home.ok(&words));
    }
    insta::assert_snapshot!("help", all);
}

#[test]
fn tables_of_formats_and_fields() {
    let home = Home::new();
    insta::assert_snapshot!("formats", home.ok(&["formats"]));
    insta::assert_snapshot!("filters", home.ok(&["filters"]));
}

#[test]
fn completions_and_manual_know_every_command() {
    let home = Home::new();
    let (man, bash) = (home.ok(&["man"]), home.ok(&["completions", "bash"]));
    for command in COMMANDS.iter().filter(|command| !command.contains(' ')) {
        assert!(bash.contains(command), "{command}");
        assert!(man.contains(&format!("aftercall\\-{command}")), "{command}");
        assert!(home.ok(&["man", command]).contains(".TH"), "{command}");
    }
    assert_eq!(home.run(&["man", "nothing"]).code, 2);
}

/// Puts names in the place of what differs from run to run.
fn settled(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let fixed = match name.as_str() {
                    "seconds" => Some("[seconds]"),
                    // A time has as many fractional digits as it needs, so a file with times is not always as long.
                    "bytes" => Some("[bytes]"),
                    "device" => Some("[device]"),
                    "prev" if value != "" => Some("[hash of the event before]"),
                    "sha256" => Some("[sha256]"),
                    "group" | "undoes" | "event" | "id" | "events_head" if is_ulid(value) => Some("[ulid]"),
                    "at" if is_recent(value) => Some("[now]"),
                    _ => None,
                };
                match fixed {
                    Some(text) => *value = text.into(),
                    None => settled(value),
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                if is_ulid(item) {
                    *item = "[ulid]".into();
                }
                settled(item);
            }
        }
        // Pseudonyms come from a key that each workspace makes for itself.
        Value::String(text) => {
            let mut out = String::new();
            for (at, part) in text.split("<EMAIL-").enumerate() {
                match part.split_once('>') {
                    Some((_, rest)) if at > 0 => out.extend(["<EMAIL-…>", rest]),
                    _ => out.push_str(part),
                }
            }
            *text = out;
        }
        _ => {}
    }
}

fn is_ulid(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.len() == 26 && text.starts_with("01") && !text.contains(' '))
}

fn is_recent(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.starts_with("2026-11-02"))
}

fn shape(home: &Home, arguments: &[&str]) -> String {
    let mut lines = home.lines(arguments);
    lines.iter_mut().for_each(settled);
    lines.iter().map(|line| serde_json::to_string_pretty(line).unwrap()).collect::<Vec<_>>().join("\n")
}

#[test]
fn json() {
    let home = Home::new();
    home.file("small.jsonl", SMALL);
    insta::assert_snapshot!("import", shape(&home, &["import", "small.jsonl", "--source", "test", "--json"]));
    insta::assert_snapshot!("list_unlabelled", shape(&home, &["list", "--json"]));
    let label = [
        "label",
        "t-1",
        "--fail",
        "--step",
        "2",
        "--mode",
        "Wrong tool",
        "--severity",
        "3",
        "--tool",
        "get_order",
        "--args",
        "{\"order_id\":\"LF-1\"}",
        "--note",
        "asked for nothing of the kind",
        "--json",
    ];
    insta::assert_snapshot!("label", shape(&home, &label));
    insta::assert_snapshot!("list", shape(&home, &["list", "--json"]));
    insta::assert_snapshot!("show", shape(&home, &["show", "t-1", "--json"]));
    insta::assert_snapshot!("undo", shape(&home, &["undo", "--json"]));
    insta::assert_snapshot!("redo", shape(&home, &["redo", "--json"]));
    insta::assert_snapshot!("events", shape(&home, &["events", "--json"]));
    insta::assert_snapshot!("tools", shape(&home, &["tools", "--json"]));
    insta::assert_snapshot!("codebook", shape(&home, &["codebook", "list", "--json"]));
    insta::assert_snapshot!("export", shape(&home, &["export", "out", "--format", "labels,cases", "--json"]));
    insta::assert_snapshot!("verify", shape(&home, &["verify", "--json"]));
    insta::assert_snapshot!("rebuild", shape(&home, &["rebuild", "projection", "--json"]));
}

#[test]
fn the_transcript_to_read() {
    let home = Home::new();
    home.import(SMALL);
    home.ok(&["label", "t-1", "--fail", "--step", "2", "--tool", "get_order", "--args", "{\"order_id\":\"LF-1\"}"]);
    let mut text = Value::String(home.ok(&["show", "t-1"]));
    settled(&mut text);
    insta::assert_snapshot!("transcript", text.as_str().unwrap());
}
