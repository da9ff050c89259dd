//! `aftercall queue` from the outside: defined, shown, opened by name, undone; what is by lot stays hidden.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on should stop")]

#[path = "support/home.rs"]
mod home;

use std::fmt::Write as _;

use home::Home;
use serde_json::Value;

fn chats() -> String {
    let mut lines = String::new();
    for number in 0..30 {
        let turn = r#"{"role":"user","content":"Where is my lamp?"},{"role":"assistant","content":"On its way."}"#;
        let turns = vec![turn; 1 + number % 5].join(",");
        let intent = ["delivery", "refund"][number % 2];
        let _ = writeln!(
            lines,
            r#"{{"id":"n{number:02}","metadata":{{"intent":"{intent}","customer_email":"mia{number}@example.org"}},"messages":[{turns}]}}"#
        );
    }
    lines
}

fn filled() -> Home {
    let home = Home::new();
    home.import(&chats());
    home
}

fn json(text: &str) -> Value {
    serde_json::from_str(text.trim()).unwrap()
}

#[test]
fn a_queue_is_defined_once_and_shown_with_its_reasons() {
    let home = filled();
    let preview = json(&home.ok(&["queue", "new", "week", "--where", "intent:refund", "--dry-run", "--json"]));
    assert_eq!(
        (&preview["matching"], &preview["added"], &preview["unevaluated"]),
        (&15.into(), &false.into(), &0.into())
    );
    assert_eq!(home.ok(&["queue", "list", "--json"]), "");
    let made = json(&home.ok(&["queue", "new", "week", "--where", "intent:refund", "--size", "8", "--json"]));
    assert_eq!((&made["added"], &made["asked"], &made["unevaluated"]), (&true.into(), &8.into(), &0.into()));
    let again = json(&home.ok(&["queue", "new", "week", "--where", "intent:refund", "--size", "8", "--json"]));
    assert_eq!(again["added"], false);
    let other = home.run(&["queue", "new", "week", "--seed", "2"]);
    assert_eq!(other.code, 1);
    assert!(other.err.contains("there is a queue week already"), "{}", other.err);
    let shown = json(&home.ok(&["queue", "show", "week", "--json"]));
    assert_eq!((&shown["schema_version"], &shown["name"], &shown["pool"]), (&1.into(), &"week".into(), &15.into()));
    let rows = shown["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 8);
    // By lot or not: nothing tells before the verdict, and those by lot say nothing that sways.
    assert!(rows.iter().all(|row| row["slot"].is_null() && row["judged"] == false));
    assert!(rows[0]["band"].is_null() && rows[0]["reasons"] == Value::Array(Vec::new()), "{}", rows[0]);
    assert!(rows[1]["band"].is_string(), "{}", rows[1]);
    assert_eq!(home.ok(&["queue", "show", "week", "--json"]), home.ok(&["queue", "show", "week", "--json"]));
}

#[test]
fn what_cannot_be_is_refused_and_removing_can_be_undone() {
    let home = filled();
    for (arguments, code, words) in [
        (&["queue", "new", "Week"][..], 2, "no name for a queue"),
        (&["queue", "new", "week", "--audit", "2"], 2, "from 0 to 1"),
        (&["queue", "new", "week", "--strategy", "best"], 2, "invalid value 'best'"),
        (&["queue", "new", "week", "--where", "intnt:x"], 2, "intent"),
        (&["queue", "new", "week", "--per-segment", "mood"], 2, "no segment \"mood\""),
        (&["queue", "show", "week"], 1, "no queue \"week\"; there are: none yet"),
        (&["queue", "remove", "week"], 1, "no queue \"week\""),
    ] {
        let ran = home.run(arguments);
        assert!(ran.err.contains(words), "{arguments:?}: {}", ran.err);
        assert_eq!(ran.code, code, "{arguments:?}: {}", ran.err);
    }
    home.ok(&["queue", "new", "week"]);
    home.ok(&["queue", "remove", "week"]);
    assert_eq!(home.ok(&["queue", "list"]), "");
    home.ok(&["undo"]);
    assert!(home.ok(&["queue", "list"]).starts_with("week"));
    let events = home.ok(&["events", "--json"]);
    let kinds: Vec<Value> = events.lines().map(|line| json(line)["kind"].clone()).collect();
    assert_eq!(kinds, ["queue", "queue", "undo"]);
    home.ok(&["verify"]);
}
