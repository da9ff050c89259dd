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

/// The one verdict of the log about a conversation, as JSON.
fn slot_of(home: &Home, id: &str) -> Value {
    let events = home.lines(&["events", id, "--json"]);
    let verdict = events.iter().find(|event| event["kind"] == "verdict").unwrap();
    verdict["body"]["slot"].clone()
}

#[test]
fn a_label_from_the_command_line_takes_the_place_the_queue_asks_for() {
    let home = filled();
    home.ok(&["queue", "new", "week"]);
    let next = || {
        let shown = json(&home.ok(&["queue", "show", "week", "--json"]));
        let rows = shown["rows"].as_array().unwrap().clone();
        rows.into_iter().find(|row| row["judged"] == false).unwrap()["id"].as_str().unwrap().to_owned()
    };
    // The first is by lot: nothing that sways is shown where the queue is named.
    let first = next();
    let open = json(&home.ok(&["show", &first, "--json"]));
    assert!(!open["scores"].as_array().unwrap().is_empty() && open["p_fail"].is_number());
    let blind = json(&home.ok(&["show", &first, "--queue", "week", "--json"]));
    assert!(blind["scores"].as_array().unwrap().is_empty() && blind["p_fail"].is_null(), "{blind}");
    assert_eq!(blind["transcript"], open["transcript"]);
    assert!(!home.ok(&["show", &first, "--queue", "week"]).contains("scores of the whole"));
    home.ok(&["label", &first, "--pass", "--queue", "week"]);
    let slot = slot_of(&home, &first);
    assert_eq!((&slot["queue"], &slot["kind"], &slot["scores_seen"]), (&"week".into(), &"audit".into(), &false.into()));
    // Once judged it is not asked for any more, and nothing is hidden.
    let again = home.run(&["label", &first, "--pass", "--queue", "week"]);
    assert_eq!(again.code, 2);
    assert!(again.err.contains("does not ask you"), "{}", again.err);
    assert!(!json(&home.ok(&["show", &first, "--queue", "week", "--json"]))["scores"].as_array().unwrap().is_empty());
    let ranked = next();
    home.ok(&["label", &ranked, "--fail", "--no-step", "--queue", "week"]);
    let slot = slot_of(&home, &ranked);
    assert_eq!((&slot["kind"], &slot["scores_seen"]), (&"ranked".into(), &true.into()));
    let seen = next();
    home.ok(&["label", &seen, "--fail", "--no-step", "--queue", "week", "--scores-seen"]);
    assert_eq!(slot_of(&home, &seen)["scores_seen"], true);
    // The rate knows both that are by lot; what says something of evaluators was given blind.
    let rates = json(&home.ok(&["rates", "--json"]));
    assert_eq!(
        (&rates["overall"]["rate"]["value"]["k"], &rates["overall"]["rate"]["value"]["n"]),
        (&1.into(), &2.into())
    );
    let alignment = json(&home.ok(&["alignment", "--json"]));
    assert_eq!((&alignment["labels"], &alignment["seen"]), (&1.into(), &1.into()));
    assert_eq!(home.run(&["label", &next(), "--pass", "--queue", "none"]).code, 1);
    // What no label stands behind is not promised.
    let thresholds = json(&home.ok(&["thresholds", "--json", "--risk", "0.1", "--by", "intent"]));
    assert_eq!((&thresholds["evaluator"], &thresholds["rows"][0]["sure"]["needs"]), (&"P(fail)".into(), &21.into()));
    let told = home.ok(&["thresholds"]);
    assert!(told.contains("needs 44 more audit labels (1 of 45)"), "{told}");
    assert!(home.ok(&["thresholds", "--csv"]).starts_with("segment,labels,sure_at,"));
    assert_eq!(home.run(&["thresholds", "Nobody"]).code, 1);
}

#[test]
fn a_list_of_ids_is_worked_through_in_its_order() {
    let home = filled();
    let file = home.file("list.txt", "n21\n\n n03\nn07\nn21\n");
    let made = json(&home.ok(&["queue", "new", "list", "--ids", &file, "--json"]));
    assert_eq!((&made["strategy"], &made["matching"]), (&"manual".into(), &3.into()));
    let names = || -> Vec<String> {
        let shown = json(&home.ok(&["queue", "show", "list", "--json"]));
        assert_eq!(shown["audit"], 0.0);
        shown["rows"].as_array().unwrap().iter().map(|row| row["external_id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(), ["n21", "n03", "n07"]);
    home.ok(&["label", "n21", "--pass", "--queue", "list"]);
    assert_eq!(names(), ["n21", "n03", "n07"]);
    assert_eq!(home.run(&["label", "n05", "--pass", "--queue", "list"]).code, 2);
    // A filter narrows it.
    let narrowed = home.ok(&["queue", "new", "less", "--ids", &file, "--where", "external_id:n03,n05", "--json"]);
    assert_eq!(json(&narrowed)["matching"], 1);
    assert_eq!(home.run(&["queue", "new", "odd", "--ids", &home.file("odd.txt", "nobody\n")]).code, 1);
    assert_eq!(home.run(&["queue", "new", "odd", "--ids", "-"]).code, 2);
    assert_eq!(home.run(&["queue", "new", "odd", "--ids", "missing.txt"]).code, 6);
}
