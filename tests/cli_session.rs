//! `aftercall session` and `aftercall decision` from the outside: a week's session held without a screen.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on should stop")]

#[path = "support/home.rs"]
mod home;

use std::fmt::Write as _;

use home::Home;
use serde_json::Value;

fn filled() -> Home {
    let home = Home::new();
    let mut lines = String::new();
    for number in 0..12 {
        let turn = r#"{"role":"user","content":"Where is my lamp?"},{"role":"assistant","content":"On its way."}"#;
        let _ = writeln!(lines, r#"{{"id":"n{number:02}","messages":[{turn}]}}"#);
    }
    home.import(&lines);
    home
}

/// Puts names in the place of what differs from run to run.
fn settled(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match name.as_str() {
                    "used_seconds" | "left_seconds" | "median_seconds" if value.is_number() => {
                        *value = "[seconds]".into();
                    }
                    // What takes no time at all is not counted.
                    "median_seconds" | "timed" => *value = "[pace]".into(),
                    "at" => *value = "[now]".into(),
                    "id" | "event" | "session" if value.is_string() => *value = "[id]".into(),
                    _ => settled(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(settled),
        Value::String(text) => {
            if let Some((before, rest)) = text.split_once("<EMAIL-")
                && let Some((_, after)) = rest.split_once('>')
            {
                *text = format!("{before}<EMAIL-…>{after}");
            }
        }
        _ => {}
    }
}

fn shape(mut value: Value) -> String {
    settled(&mut value);
    serde_json::to_string_pretty(&value).unwrap()
}

#[test]
fn a_session_is_held_and_summed_up() {
    let home = filled();
    let begun = home.json(&["session", "start", "W47", "--with", "tess", "--minutes", "8", "--json"]);
    assert_eq!((&begun["queue"], &begun["left"], &begun["state"]), (&"w47".into(), &8.into(), &"running".into()));
    let again = home.run(&["session", "start", "w47"]);
    assert_eq!(again.code, 1, "{again:?}");
    assert!(again.err.contains("`aftercall session resume w47`"), "{}", again.err);
    home.ok(&["label", "n00", "--pass"]);
    home.ok(&["label", "n01", "--fail", "--no-step", "--mode", "Loop"]);
    home.ok(&["label", "n02", "--pass"]);
    home.ok(&["undo"]);
    home.ok(&["session", "park", "n03", "--reason", "ask mia@example.org"]);
    insta::assert_snapshot!("session_show", shape(home.json(&["session", "show", "--json"])));
    assert_eq!(home.json(&["session", "leave", "--json"])["state"], "paused");
    home.ok(&["label", "n04", "--pass"]);
    assert_eq!(
        home.json(&["session", "resume", "--json"])["reviewed"],
        2,
        "what was judged meanwhile is no part of it"
    );
    let ended = home.json(&["session", "end", "--json"]);
    assert_eq!((&ended["state"], ended["reviewed"].as_array().unwrap().len()), (&"ended".into(), 2));
    insta::assert_snapshot!("session_summary", shape(home.json(&["session", "summary", "--json"])));
    let text = home.ok(&["session", "summary"]);
    assert!(text.contains("2 reviewed (1 pass, 1 fail, 0 can't tell)") && text.contains("1 undone"), "{text}");
    assert!(text.contains("0 disputed\n"), "{text}");
    assert!(text.contains("from the journals") && !text.contains("mia@example.org"), "{text}");
    let over = home.run(&["session", "resume", "W47", "--no-ui"]);
    assert!(over.code == 1 && over.err.contains("has ended"), "{over:?}");
    home.ok(&["undo"]);
    assert_eq!(home.json(&["session", "resume", "W47", "--json"])["state"], "running");
    home.ok(&["session", "end"]);
    // The next week takes up what was left.
    let next = home.json(&["session", "start", "W48", "--no-queue", "--json"]);
    let of = |kind: &str| {
        let lines = next["agenda_now"].as_array().unwrap();
        lines.iter().find(|line| line["kind"] == kind).unwrap()["count"].clone()
    };
    assert_eq!((of("parked"), of("audit")), (1.into(), 0.into()));
    let listed: Vec<Value> = home.lines(&["session", "list", "--json"]);
    assert_eq!(listed.iter().map(|one| one["name"].as_str().unwrap()).collect::<Vec<_>>(), ["W47", "W48"]);
    home.ok(&["session", "park", "n03", "--done"]);
    assert_eq!(home.run(&["session", "park", "n03", "--done"]).code, 1);
    assert_eq!(home.run(&["session", "start", "W49", "--queue", "nothing"]).code, 1);
}

#[test]
fn a_session_whose_labels_are_in_one_place_only_is_a_finding() {
    let home = filled();
    home.ok(&["session", "start", "W47"]);
    home.ok(&["label", "n00", "--pass"]);
    home.ok(&["session", "end"]);
    std::fs::remove_dir_all(home.workspace().join("journal")).unwrap();
    let summary = home.run(&["session", "summary"]);
    assert_eq!(summary.code, 8, "{summary:?}");
    assert!(summary.out.contains("0 from the journals; `aftercall verify`"), "{}", summary.out);
}

#[test]
fn decisions_are_carried_over_until_they_are_closed() {
    let home = filled();
    home.ok(&["session", "start", "W47"]);
    home.ok(&["label", "n01", "--fail", "--no-step", "--mode", "Loop"]);
    let made = home.json(&[
        "decision",
        "add",
        "Stop asking mia@example.org twice",
        "--kind",
        "prompt",
        "--owner",
        "mira",
        "--due",
        "2020-01-31",
        "--mode",
        "loop",
        "--conversation",
        "n01",
        "--json",
    ]);
    let id = made["id"].as_str().unwrap().to_owned();
    assert!(id.len() == 7 && id.starts_with('d'), "{id}");
    assert!(made["text"].as_str().unwrap().contains("<EMAIL-"), "{made}");
    assert!(home.ok(&["decision", "list"]).contains("late"), "its day is over");
    home.ok(&["session", "end"]);
    home.ok(&["session", "start", "W48"]);
    assert_eq!(home.json(&["session", "summary", "--json"])["carried_over"][0]["id"], id.as_str());
    home.ok(&["decision", "edit", &id[..5], "--owner", "", "--due", "2031-02-01", "--kind", "policy"]);
    let edited = home.json(&["decision", "show", &id, "--json"]);
    assert_eq!((&edited["kind"], &edited["due"], edited.get("owner")), (&"policy".into(), &"2031-02-01".into(), None));
    let put = home.ok(&["decision", "edit", &id, "--text", "Ask mia@example.org once", "--json"]);
    assert!(put.contains("once") && !put.contains("mia@example.org"), "{put}");
    home.ok(&["undo"]);
    for (arguments, code) in [
        (vec!["decision", "edit", &id], 2),
        (vec!["decision", "edit", &id, "--due", "friday"], 2),
        (vec!["decision", "edit", &id, "--mode", "no such mode"], 2),
        (vec!["decision", "add", " ", "--kind", "tool"], 2),
        (vec!["decision", "close", "dzzzzzz"], 1),
        (vec!["decision", "reopen", &id], 1),
    ] {
        assert_eq!(home.run(&arguments).code, code, "{arguments:?}");
    }
    home.ok(&["decision", "close", &id, "--reason", "shipped in v42"]);
    assert_eq!(home.ok(&["decision", "list"]), "");
    insta::assert_snapshot!("decision", shape(home.json(&["decision", "show", &id, "--json"])));
    let shown = home.ok(&["decision", "show", &id]);
    assert!(shown.contains("too few labels to tell") && shown.contains("shipped in v42"), "{shown}");
    home.ok(&["decision", "reopen", &id]);
    home.ok(&["undo"]);
    assert_eq!(home.lines(&["decision", "list", "--all", "--json"]).len(), 1);
    let masked = home.ok(&["decision", "list", "--all"]);
    assert!(!masked.contains("mia@example.org"), "{masked}");
    assert!(home.ok(&["decision", "list", "--all", "--unmasked"]).contains("mia@example.org"));
}

#[test]
fn what_needs_another_review_is_counted_once() {
    let home = filled();
    home.ok(&["queue", "new", "pairs", "--reviewers-per-item", "2"]);
    home.ok(&["session", "start", "W47", "--queue", "pairs", "--with", "tess"]);
    for _ in 0..3 {
        let next = home.ok(&["queue", "next", "pairs"]);
        home.ok(&["label", next.trim(), "--queue", "pairs", "--pass"]);
    }
    let tess = home.ok(&["session", "resume", "--no-ui", "--reviewer", "tess"]);
    assert!(tess.contains("3 of 12 judged"), "{tess}");
    assert_eq!(home.json(&["session", "show", "--json", "--reviewer", "tess"])["left"], 12);
    let summary = home.ok(&["session", "end", "--reviewer", "tess"]);
    assert!(summary.contains("0 pass, 0 fail, 0 can't tell; others' words on 3 hidden"), "{summary}");
    // The same by its name, after its end.
    assert_eq!(home.ok(&["session", "summary", "W47", "--reviewer", "tess"]), summary);
}
