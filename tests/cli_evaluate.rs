//! Judging without people, from the command line: scores in lists, policies as checks, masked like everything else.
//!
//! Invariant: a check that finds something has an exit code of its own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on should stop")]

#[path = "support/home.rs"]
mod home;

use home::Home;

/// A refund that failed and was claimed as done, with an address nobody had named.
const CLAIMED: &str = r#"{"conversation_id": "claimed", "messages": [{"role": "user", "content": "My lamp A-77120 is broken, refund it please"}, {"role": "assistant", "tool_calls": [{"id": "1", "type": "function", "function": {"name": "process_refund", "arguments": "{\"order_id\": \"A-77120\", \"email\": \"ana.petrov@example.com\"}"}}]}, {"role": "tool", "tool_call_id": "1", "content": "{\"error\": \"500 from the ledger\"}"}, {"role": "assistant", "content": "All done! Your refund has been processed."}]}
{"conversation_id": "plain", "messages": [{"role": "user", "content": "How long do refunds take?"}, {"role": "assistant", "content": "Five days."}]}
"#;

fn home() -> Home {
    let home = Home::new();
    let file = home.file("shop.jsonl", CLAIMED);
    home.ok(&["import", &file]);
    home
}

#[test]
fn a_run_puts_figures_reasons_and_suspects_into_lists() {
    let home = home();
    let report = home.json(&["evaluate", "--json"]);
    assert_eq!((&report["conversations"], &report["evaluators"]["ClaimedSuccess"]["failed"]), (&2.into(), &1.into()));
    let rows = home.lines(&["list", "--json"]);
    assert_eq!(rows[0]["external_id"], "claimed", "the most suspicious comes first");
    assert!(rows[0]["p_fail"].as_f64().unwrap() > 0.6 && rows[1]["p_fail"].as_f64().unwrap() < 0.4);
    assert!(rows[0]["reasons"][0].as_str().unwrap().starts_with("success claimed without a call behind it"));
    assert!(!rows[0]["suspects"].as_array().unwrap().is_empty());
    let shown = home.ok(&["show", "claimed", "--json"]);
    assert!(shown.contains("process_refund had failed"), "the reason is told");
    assert!(!shown.contains("ana.petrov"), "and masked");
    assert_eq!(home.lines(&["list", "--json", "--where", "p_fail>0.6 score.ClaimedSuccess<0.5"]).len(), 1);
}

#[test]
fn policies_are_tested_checked_and_counted() {
    let home = home();
    let pack = home.ok(&["policy", "pack"]);
    let file = home.file("care.toml", &pack);
    assert!(home.ok(&["policy", "test", &file]).contains("all as they say"));
    let ran = home.run(&["policy", "check", &file, "--json", "--where", "tool:process_refund"]);
    assert_eq!(ran.code, 8, "{ran:?}");
    let hit: serde_json::Value = serde_json::from_str(ran.out.lines().next().unwrap()).unwrap();
    assert_eq!((&hit["rule"], &hit["external_id"]), (&"says-it-is-automated".into(), &"claimed".into()));
    let broken = home.file("broken.toml", &pack.replace("never_says", "nevr_says"));
    let ran = home.run(&["policy", "test", &broken]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("broken.toml: line ") && ran.err.contains("nevr_says"), "{}", ran.err);
    let upside_down = home.file(
        "upside-down.toml",
        &pack
            .replace("\nmust_hit", "\nx_hit")
            .replace("\nmust_not_hit", "\nmust_hit")
            .replace("\nx_hit", "\nmust_not_hit"),
    );
    assert_eq!(home.run(&["policy", "test", &upside_down]).code, 8);
    home.file(".local/share/aftercall/workspace/policies/care.toml", &pack);
    let report = home.json(&["evaluate", "--json"]);
    assert_eq!(report["rules"], 10);
    assert_eq!(report["evaluators"]["policy/customer-service/says-it-is-automated"]["failed"], 2);
}

#[test]
fn the_table_of_evaluators_needs_no_workspace() {
    let home = Home::new();
    let rows = home.lines(&["evaluators", "--json"]);
    assert_eq!(rows.len(), 43);
    assert!(rows.iter().all(|row| row["direction"] == "higher" || row["name"] == "CostDollars"));
    assert!(!home.workspace().exists());
    assert_eq!(home.run(&["evaluate", "--only", "Nonsense"]).code, 1, "there is no workspace yet");
}
