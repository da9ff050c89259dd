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
    home.ok(&["import", &file, "--no-evaluate"]);
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
    let read = home.ok(&["show", "claimed"]);
    assert!(read.contains("* ClaimedSuccess 0: ") && !read.contains("* ToolTimeouts"), "what objects is read: {read}");
    assert!(read.contains("suspicious step 3: said to be done, but process_refund had failed"), "{read}");
    assert_eq!(home.lines(&["list", "--json", "--where", "p_fail>0.6 score.ClaimedSuccess<0.5"]).len(), 1);
}

#[test]
fn an_import_is_judged_at_once_and_says_the_same() {
    let (judged, later) = (Home::new(), home());
    let file = judged.file("shop.jsonl", CLAIMED);
    let ran = judged.run(&["import", &file]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("2 conversations evaluated"), "{}", ran.err);
    let row = later.lines(&["list", "--json"]).remove(0);
    assert!(row["p_fail"].is_null(), "{row}");
    later.ok(&["evaluate", "--missing"]);
    assert_eq!(judged.lines(&["list", "--json"]), later.lines(&["list", "--json"]));
    let again: serde_json::Value = serde_json::from_str(&judged.ok(&["import", &file, "--json"])).unwrap();
    assert_eq!((&again["imported"], &again["judged"]), (&0.into(), &0.into()), "nothing is judged twice");
    let policies = judged.workspace().join("policies");
    std::fs::create_dir_all(&policies).unwrap();
    std::fs::write(policies.join("odd.toml"), "what = ").unwrap();
    // Of these two the one that kept its id is there already.
    let more = judged.file("more.jsonl", &CLAIMED.replace("\"claimed\"", "\"another\""));
    let ran = judged.run(&["import", &more, "--json"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.out.contains("odd.toml") && ran.err.contains("evaluate --missing"), "{ran:?}");
    assert_eq!(judged.lines(&["list", "--json"]).len(), 4, "the import is whole all the same");
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

/// Answers each question with a score, and the second one with nonsense before.
const JUDGE: &str = r#"
n=0
while IFS= read -r line; do
  id=${line#*\"conversation\":\"}; id=${id%%\"*}
  case $line in *ana.petrov*) echo "personal data!"; esac
  n=$((n + 1)); [ $n = 2 ] && echo "thinking..."
  echo "{\"conversation\": \"$id\", \"scores\": [{\"evaluator\": \"Tone\", \"version\": \"3\", \"value\": 0.5, \"explanation\": \"curt\"}]}"
done
"#;

#[test]
fn a_judge_of_ones_own_is_asked_by_the_door_and_its_scores_are_kept() {
    let home = home();
    let file = home.file("judge.sh", JUDGE);
    let command = format!("sh {file}");
    let ran = home.run(&["evaluate", "--command", &command, "--name", "tone", "--json"]);
    assert_eq!(ran.code, 3, "one line was no answer: {ran:?}");
    let report: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&report["asked"], &report["answered"], &report["scores"]), (&2.into(), &2.into(), &2.into()));
    assert_eq!(report["problems"].as_array().unwrap().len(), 1, "{report}");
    assert!(report["problems"][0]["message"].as_str().unwrap().contains("thinking"));
    let told = home.run(&["list", "--json", "--where", "score.tone<0.6"]);
    assert_eq!((told.out.lines().count(), told.err.as_str()), (2, ""));
    let told = home.run(&["list", "--json", "--where", "score.ton>0"]);
    assert_eq!((told.code, told.out.as_str()), (0, ""));
    assert_eq!(told.err, "no evaluator has the name ton, but there is Tone\n");
    let shown = home.json(&["show", "plain", "--json"]);
    let scores = shown["scores"].as_array().unwrap();
    let tone = scores.iter().find(|score| score["evaluator"] == "Tone").unwrap();
    assert_eq!((&tone["evaluator"], &tone["version"], &tone["source"]), (&"Tone".into(), &"3".into(), &"tone".into()));
    assert_eq!(home.run(&["evaluate", "--command", "exit 4"]).code, 1);
    assert_eq!(home.run(&["evaluate", "--timeout", "3"]).code, 2, "there is no judge to wait for");
    assert_eq!(home.run(&["evaluate", "--command", "cat", "--only", "ToolErrors"]).code, 2);
    let unmasked = home.run(&["evaluate", "--command", &command, "--unmasked", "--json"]);
    assert!(unmasked.out.contains("personal data!"), "{unmasked:?}");
    assert!(home.ok(&["events", "--json"]).contains("evaluate --command"), "and it is recorded");
}

#[test]
fn the_ready_adapter_scores_with_fi_evals_where_that_is_installed() {
    let python = std::env::var("AFTERCALL_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let has = std::process::Command::new(&python).args(["-c", "import fi.evals.metrics.agents"]).output();
    if !has.is_ok_and(|output| output.status.success()) {
        eprintln!(
            "skipped: {python} has no fi.evals (pip install ai-evaluation; AFTERCALL_PYTHON names another python)"
        );
        return;
    }
    let home = home();
    let adapter = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/adapters/fi_evals.py");
    let command = format!("PATH=/usr/bin:/bin {python} {adapter}");
    let report = home.json(&["evaluate", "--command", &command, "--name", "fi.evals", "--json"]);
    assert_eq!((&report["answered"], &report["scores"]), (&2.into(), &16.into()), "{report}");
    let shown = home.json(&["show", "claimed", "--json"]);
    let scores = shown["scores"].as_array().unwrap();
    let of = |name: &str| scores.iter().find(|score| score["evaluator"] == name).unwrap();
    // One call, which failed: the library gives a share of successful calls of 0 on the part it can judge.
    assert_eq!(of("fi.evals/tool_selection_accuracy")["value"], 0.0);
    assert!(of("fi.evals/function_call_accuracy")["explanation"].as_str().unwrap().starts_with("cannot tell"));
    assert_eq!(of("fi.evals/task_completion")["source"], "fi.evals");
}

#[test]
fn reconciling_names_both_sides_masked_and_exits_with_8() {
    let home = Home::new();
    let paid =
        CLAIMED.lines().next().unwrap().replace("{\\\"error\\\": \\\"500 from the ledger\\\"}", "{\\\"ok\\\": true}");
    let with = |id: &str, outcomes: &str| {
        paid.replace("\"claimed\"", &format!("\"{id}\""))
            .replace("\"messages\"", &format!("\"outcomes\": {outcomes}, \"messages\""))
    };
    let lines = [
        with("unpaid", r#"{"refund_paid": false, "note_to": "ana.petrov@example.com"}"#),
        with("paid", r#"{"refund_paid": true, "reopened": false}"#),
        with("silent", r#"{"csat": 5}"#),
    ];
    let file = home.file("shop.jsonl", &lines.join("\n"));
    home.ok(&["import", &file]);
    let ran = home.run(&["reconcile", "--json", "--keep"]);
    assert_eq!(ran.code, 8, "{ran:?}");
    assert_eq!(ran.out.lines().count(), 1, "{ran:?}");
    let told: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&told["external_id"], &told["about"]), (&"unpaid".into(), &"refund".into()));
    assert_eq!(told["recorded"], "refund_paid = false");
    assert_eq!(told["confirmed"], "\"Your refund has been processed.\"");
    assert!(told["span_id"].as_str().is_some_and(|span| span.len() == 16));
    assert!(ran.err.contains("2 of 3 conversations with facts"), "{}", ran.err);
    assert_eq!(home.lines(&["list", "--json", "--where", "score.SystemOfRecord<1"])[0]["external_id"], "unpaid");
    assert_eq!(home.run(&["reconcile", "--where", "score.SystemOfRecord>0"]).code, 0);
    home.file(".local/share/aftercall/workspace/reconcile.toml", "[facts]\nrefund_paid = \"ignore\"\n");
    assert_eq!(home.run(&["reconcile"]).code, 0);
    home.file(".local/share/aftercall/workspace/reconcile.toml", "[facts]\nrefund_paid = \"pay\"\n");
    let ran = home.run(&["reconcile"]);
    assert!(ran.code == 1 && ran.err.contains("reconcile.toml"), "{ran:?}");
}
