//! The command line from a trace file to an exported dataset, as a person or a script would go.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on should stop")]

#[path = "support/home.rs"]
mod home;

use std::fs;

use home::{Home, sample};
use serde_json::{Value, json};

fn imported() -> (Home, Value) {
    let home = Home::new();
    let report = home.json(&[
        "import",
        &sample("conversations.jsonl"),
        &sample("evaluations.jsonl"),
        "--tools",
        &sample("tools.json"),
        "--json",
    ]);
    (home, report)
}

#[test]
fn the_sample_is_imported_once_and_never_again() {
    let (home, report) = imported();
    let figure = |report: &Value, name: &str| report[name].as_u64().unwrap();
    assert_eq!(figure(&report, "conversations"), 58);
    assert_eq!(figure(&report, "skipped") + figure(&report, "conflicts") + figure(&report, "pending"), 0);
    assert_eq!(figure(&report, "read"), figure(&report, "imported"));
    let again = home.json(&["import", &sample("conversations.jsonl"), &sample("evaluations.jsonl"), "--json"]);
    assert_eq!(figure(&again, "imported"), 0);
    assert_eq!(figure(&again, "unchanged"), figure(&report, "read"));
    for same in ["conversations", "traces", "spans", "error_spans", "failed_steps", "scores"] {
        assert_eq!(again[same], report[same], "{same}");
    }
    assert_eq!(home.lines(&["list", "--json"]).len(), 58);
    assert_eq!(home.lines(&["list", "--json", "--limit", "3"]).len(), 3);
    assert_eq!(home.lines(&["list", "--json", "--where", "channel:voice"]).len(), 2);
}

#[test]
fn a_fail_with_its_correction_goes_from_the_shell_into_a_dataset() {
    let (home, _) = imported();
    let shown = home.json(&["show", "lk-1002", "--json"]);
    let id = shown["id"].as_str().unwrap();
    let steps = shown["transcript"].as_array().unwrap();
    let wrong = steps.iter().find(|step| step["tool"] == "cancel_membership").unwrap();
    let number = wrong["step"].to_string();
    // By the execution span's id; the number means the same.
    let span = wrong["span_id"].as_str().unwrap();
    let saved = home.json(&[
        "label",
        "lk-1002",
        "--fail",
        "--step",
        span,
        "--mode",
        "Wrong tool",
        "--severity",
        "4",
        "--tool",
        "cancel_order",
        "--args",
        r#"{"order_id": "LF-50231"}"#,
        "--also",
        r#"{"tool":"escalate_to_human","arguments":{"queue":"orders","summary":"x"}}"#,
        "--note",
        "ended the membership",
        "--json",
    ]);
    assert_eq!(saved["conversation"], id);
    let label = &saved["label"];
    assert_eq!(label["first_failure"]["step"].to_string(), number);
    assert_eq!(label["corrections"][0]["arguments"], r#"{"order_id": "LF-50231"}"#, "as typed");
    assert_eq!(label["corrections"][0]["alternatives"][0]["tool"], "escalate_to_human");
    home.ok(&["label", id, "--fail", "--step", &number, "--mode", "wrong-tool"]);
    home.ok(&["label", "lk-1030", "--pass"]);

    // A later verdict replaces the earlier one with all of it; undo brings that back.
    let labels = |home: &Home| home.json(&["show", id, "--json"])["labels"].clone();
    assert_eq!(labels(&home)[0]["corrections"], json!([]));
    home.ok(&["undo"]);
    home.ok(&["undo"]);
    assert_eq!(labels(&home)[0]["corrections"][0]["tool"], "cancel_order");
    home.ok(&["redo"]);
    assert_eq!(labels(&home)[0]["corrections"], json!([]));
    home.ok(&["undo"]);
    home.ok(&["label", "lk-1030", "--pass"]);
    let nothing = home.json(&["redo", "--json"]);
    assert_eq!((nothing["what"].as_str(), nothing["group"].as_str()), (Some("nothing to redo"), Some("")));

    let formats = ["export", "out", "--format", "labels,openai-sft,trl-preference,cases"];
    home.ok(&[&formats[..], &["--dry-run"]].concat());
    assert!(!home.path().join("out").exists());
    home.ok(&formats);
    let rows = |name: &str| -> Vec<Value> {
        let text = fs::read_to_string(home.path().join("out").join(name)).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    assert_eq!(rows("labels.jsonl").len(), 2);
    assert_eq!(rows("trl-preference.jsonl").len(), 1);
    assert_eq!(rows("cases.jsonl")[0]["acceptable"][0]["tool"], "cancel_order");
    // The same labels give the same bytes elsewhere, and nothing is overwritten.
    home.ok(&["export", "other", "--format", "labels,openai-sft,trl-preference,cases"]);
    for name in ["labels.jsonl", "openai-sft.jsonl", "trl-preference.jsonl", "cases.jsonl"] {
        assert_eq!(
            fs::read(home.path().join("out").join(name)).unwrap(),
            fs::read(home.path().join("other").join(name)).unwrap()
        );
    }
    assert_eq!(home.run(&formats).code, 4);
}

#[test]
fn either_copy_of_the_labels_rebuilds_the_other() {
    let (home, _) = imported();
    home.ok(&["codebook", "load", "mast"]);
    home.ok(&["label", "lk-1001", "--fail", "--no-step", "--mode", "lost-the-thread"]);
    home.ok(&["label", "lk-1030", "--unsure", "--note", "no idea"]);
    let events = home.ok(&["events", "--json"]);
    let labels = home.json(&["show", "lk-1001", "--json"])["labels"].clone();
    home.ok(&["verify"]);

    let journals = home.workspace().join("journal");
    let journal = fs::read_dir(&journals).unwrap().next().unwrap().unwrap().path();
    let tail = fs::read_dir(&journal)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    let tail = tail.unwrap();
    let text = fs::read_to_string(&tail).unwrap();
    fs::write(&tail, text.replace("no idea", "an idea")).unwrap();
    let found = home.run(&["verify", "--json"]);
    assert_eq!(found.code, 8, "{found:?}");
    let found: Value = serde_json::from_str(&found.out).unwrap();
    assert!(!found["findings"].as_array().unwrap().is_empty());
    home.ok(&["rebuild", "--from", "database"]);
    home.ok(&["verify"]);

    fs::write(home.workspace().join("aftercall.db"), "not a database").unwrap();
    assert_eq!(home.run(&["list"]).code, 4);
    home.ok(&["rebuild"]);
    home.ok(&["import", &sample("conversations.jsonl"), &sample("evaluations.jsonl")]);
    home.ok(&["verify"]);
    assert_eq!(home.ok(&["events", "--json"]), events);
    assert_eq!(home.json(&["show", "lk-1001", "--json"])["labels"], labels);
}

#[test]
fn the_codebook_is_changed_by_acts_that_undo_takes_back() {
    let home = Home::new();
    home.ok(&["codebook", "add", "Late hand-over", "--description", "A person came too late"]);
    home.ok(&["codebook", "add", "Too late"]);
    home.ok(&["codebook", "merge", "too-late", "Late hand-over"]);
    home.ok(&["codebook", "rename", "late-hand-over", "Handed over late"]);
    let modes = |home: &Home| home.json(&["codebook", "list", "--json"])["modes"].clone();
    assert_eq!(modes(&home).as_array().unwrap().len(), 1);
    assert_eq!(
        (&modes(&home)[0]["key"], &modes(&home)[0]["name"]),
        (&json!("late-hand-over"), &json!("Handed over late"))
    );
    home.ok(&["undo"]);
    home.ok(&["undo"]);
    assert_eq!(modes(&home).as_array().unwrap().len(), 2);
    let typo = home.run(&["codebook", "rename", "late-handover", "x"]);
    assert_eq!(typo.code, 2, "{typo:?}");
    assert!(home.run(&["codebook", "load", "custmer-service"]).err.contains("customer-service"));
}

#[test]
fn tools_say_what_was_told_and_what_was_guessed() {
    let home = Home::new();
    home.import(home::SMALL);
    let tools = home.lines(&["tools", "--json"]);
    let tool = |name: &str| tools.iter().find(|tool| tool["name"] == name).unwrap();
    assert_eq!((&tool("get_order")["effect"], &tool("get_order")["guessed"]), (&json!("read"), &json!(false)));
    assert_eq!((&tool("cancel_order")["effect"], &tool("cancel_order")["guessed"]), (&json!("write"), &json!(true)));
    assert_eq!(tool("cancel_order")["calls"], 1);
    assert!(home.ok(&["tools"]).contains("write (guessed)"));
}
