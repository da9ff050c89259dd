//! What leaves by the command line: masked unless said otherwise and recorded, and harmless to a terminal.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on should stop")]

#[path = "support/home.rs"]
mod home;

use std::fs;
use std::path::Path;

use home::{Home, SMALL};
use serde_json::Value;

/// The personal data of the conversation and of what the reviewer types.
const CUSTOMER: &str = "ana.petrov@example.com";
const TYPED: &str = "lee.typed@example.org";

fn labelled() -> Home {
    let home = Home::new();
    home.import(SMALL);
    let args = format!("{{\"order_id\":\"{TYPED}\"}}");
    let note = format!("call {TYPED}");
    home.ok(&["label", "t-1", "--fail", "--step", "2", "--tool", "get_order", "--args", &args, "--note", &note]);
    home
}

/// Every command that tells something of the workspace.
const DOORS: [&[&str]; 13] = [
    &["list"],
    &["list", "--json"],
    &["list", "--csv"],
    &["show", "t-1"],
    &["show", "t-1", "--json"],
    &["events"],
    &["events", "--json"],
    &["tools"],
    &["tools", "--json"],
    &["codebook", "list", "--json"],
    &["verify", "--json"],
    &["undo", "--json"],
    &["redo", "--json"],
];

#[test]
fn every_door_masks_and_the_same_value_is_the_same_pseudonym() {
    let home = labelled();
    let mut pseudonyms = std::collections::BTreeSet::new();
    for arguments in DOORS {
        let ran = home.run(arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {ran:?}");
        let all = ran.out + &ran.err;
        for secret in [CUSTOMER, TYPED, "boss@example.com"] {
            assert!(!all.contains(secret), "{arguments:?} let {secret} out:\n{all}");
        }
        pseudonyms.extend(all.split("<EMAIL-").skip(1).filter_map(|rest| rest.split('>').next().map(str::to_owned)));
    }
    assert_eq!(pseudonyms.len(), 3, "{pseudonyms:?}");
    home.ok(&["export", "out", "--format", "labels,openai-sft,trl-preference,cases"]);
    for entry in fs::read_dir(home.path().join("out")).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(!text.contains(CUSTOMER) && !text.contains(TYPED));
    }
    assert!(home.lines(&["events", "--json"]).iter().all(|event| event["kind"] != "unmask"));
}

#[test]
fn a_row_masks_whom_its_metadata_names_in_its_first_message() {
    let home = Home::new();
    home.import(concat!(
        r#"{"id":"n0","metadata":{"customer_name":"Odile Varga"},"messages":[{"role":"user","content":"Odile Varga here, no lamp."}]}"#,
        "\n",
        r#"{"id":"n1","metadata":{"intent":"refund"},"messages":[{"role":"user","content":"Varga is the brand of my lamp."}]}"#,
    ));
    home.ok(&["queue", "new", "week"]);
    for arguments in [&["list"][..], &["list", "--json"], &["list", "--csv"], &["queue", "show", "week"]] {
        let out = home.ok(arguments);
        assert!(!out.contains("Odile") && out.contains("<NAME-"), "{arguments:?}: {out}");
    }
    assert!(home.ok(&["list"]).contains("Varga is the brand"), "it is nobody's name there");
}

#[test]
fn unmasked_is_exact_and_recorded_before_anything_is_told() {
    let home = labelled();
    let doors: [&[&str]; 4] = [
        &["list", "--json", "--unmasked"],
        &["show", "t-1", "--unmasked"],
        &["show", "t-1", "--json", "--unmasked"],
        &["events", "--unmasked"],
    ];
    for arguments in doors {
        let out = home.ok(arguments);
        assert!(out.contains(CUSTOMER) || out.contains(TYPED), "{arguments:?}: {out}");
    }
    home.ok(&["export", "out", "--format", "labels", "--keep-personal-data", "asked for by the customer"]);
    let events = home.lines(&["events", "--json"]);
    let places: Vec<&Value> = events.iter().filter(|e| e["kind"] == "unmask").map(|e| &e["body"]["place"]).collect();
    assert_eq!(places, ["list", "show", "show", "events"]);
    assert_eq!(events.last().unwrap()["body"]["unmasked_reason"], "asked for by the customer");
    assert_eq!(home.run(&["export", "more", "--format", "labels", "--keep-personal-data", " "]).code, 2);
}

#[test]
fn a_reader_who_has_not_judged_sees_neither_labels_nor_outcomes_in_the_transcript() {
    let home = labelled();
    let other = home.ok(&["--reviewer", "ana", "show", "t-1"]);
    assert!(!other.contains("FAIL ·") && !other.contains("csat") && other.contains("1 other label"), "{other}");
    home.ok(&["--reviewer", "ana", "label", "t-1", "--pass"]);
    let after = home.ok(&["--reviewer", "ana", "show", "t-1"]);
    assert!(after.contains("mara says FAIL") && after.contains("csat"), "{after}");
}

/// True for text that a terminal only draws.
fn harmless(text: &str) -> bool {
    let obeyed = |c: char| {
        // A joiner within an emoji is no more than part of the emoji.
        (c.is_control() && c != '\n')
            || c != '\u{200d}'
                && matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
    };
    !text.chars().any(obeyed)
}

#[test]
fn escapes_in_every_field_are_harmless_in_every_door() {
    let shared = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/hostile/text"));
    let Ok(files) = fs::read_dir(shared) else {
        eprintln!("skipped: ../shared is absent");
        return;
    };
    let home = Home::new();
    let mut paths: Vec<String> = files.map(|entry| entry.unwrap().path().display().to_string()).collect();
    paths.retain(|path| Path::new(path).extension().is_some_and(|extension| extension == "jsonl"));
    paths.sort();
    let imported = home.run(&[&["import"][..], &paths.iter().map(String::as_str).collect::<Vec<_>>()].concat());
    assert!(matches!(imported.code, 0 | 3), "{imported:?}");
    assert!(harmless(&imported.err));
    let rows = home.lines(&["list", "--json"]);
    assert!(rows.len() >= 20, "{}", rows.len());
    let hostile = rows.iter().find(|row| row["external_id"].as_str().unwrap().contains('\u{1b}')).unwrap();
    assert!(hostile["attributes"].to_string().contains("agent\\u0007"), "exact once parsed");
    for row in &rows {
        let id = row["id"].as_str().unwrap();
        home.ok(&[
            "label",
            id,
            "--fail",
            "--no-step",
            "--note",
            "\u{1b}]0;x\u{7} \u{202e}note",
            "--mode",
            "m\u{9b}ode",
        ]);
        for arguments in [&["show", id][..], &["show", id, "--json"]] {
            let ran = home.run(arguments);
            assert!(ran.code == 0 && harmless(&ran.out) && harmless(&ran.err), "{arguments:?}");
        }
    }
    for arguments in DOORS {
        if arguments[0] == "show" {
            continue;
        }
        let ran = home.run(arguments);
        assert!(ran.code == 0 && harmless(&ran.err), "{arguments:?}: {ran:?}");
        let tabs_aside = ran.out.replace('\t', " ");
        assert!(harmless(&tabs_aside), "{arguments:?}");
    }
    // What was typed is quoted in errors.
    for arguments in [
        &["show", "no\u{1b}[2Jid"][..],
        &["list", "--where", "x\u{1b}[31m:1"],
        &["--\u{1b}[31mflag"],
        &["import", "no\u{1b}[2Jfile"],
        &["label", "x", "--fail", "--step", "\u{202e}"],
    ] {
        let ran = home.run(arguments);
        assert!(ran.code != 0 && harmless(&ran.err), "{arguments:?}: {ran:?}");
    }
}

#[test]
fn no_cell_of_a_table_becomes_a_formula() {
    let home = Home::new();
    home.import(&SMALL.replace("t-1", "=cmd|' /C calc'!A0").replace("\"refund\"", "\"@SUM(1)\""));
    let table = home.ok(&["list", "--csv"]);
    assert!(table.lines().next().unwrap().starts_with("schema_version,id,source,external_id,"), "{table}");
    assert!(table.contains("\"'=cmd") && table.contains("\"'@SUM(1)\""), "{table}");
}
