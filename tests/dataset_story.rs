//! From labels to datasets to the gate by the command line: versions, seals, every format, killed exports, and a whole
//! story on public data where that is at hand.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "support/desk.rs"]
mod desk;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

use desk::{Desk, PERSONAL, shared};
use serde_json::{Value, json};

/// Every file below a folder, but for manifests.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(root: &Path, folder: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, &path, found);
            } else if !path.ends_with("manifest.json") {
                let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
                found.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(folder, folder, &mut found);
    found
}

/// The names of all formats, joined.
fn formats(desk: &Desk) -> String {
    let listed = desk.ok(&["formats", "--export"]);
    let names: Vec<&str> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.len() > 20, "{listed}");
    names.join(",")
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Twelve invented conversations, all judged: every third a fail whose call was corrected.
fn judged() -> Desk {
    let desk = Desk::new();
    let mut text = String::new();
    for number in 1..=12 {
        let call = |id: &str, name: &str, arguments: String| json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}});
        let tool = |name: &str| json!({"type": "function", "function": {"name": name, "description": "", "parameters": {"type": "object", "properties": {"order_id": {"type": "string"}}}}});
        let row = json!({
            "conversation_id": format!("n-{number}"), "user_id": format!("u-{}", number % 8),
            "messages": [
                {"role": "system", "content": "You are Wren."},
                {"role": "user", "content": format!("Hello, this is about my order number {number} in the tent shop, please cancel it; write to anna.berg@example.com")},
                {"role": "assistant", "content": null, "tool_calls": [call("c1", "cancel_membership", format!("{{\"order_id\": \"A-{number}\"}}"))]},
                {"role": "tool", "tool_call_id": "c1", "content": "{\"ok\":true,\"card\":\"4111 1111 1111 1111\"} REMAINDER"},
                {"role": "assistant", "content": "=Done. REMAINDER"},
            ],
            "tools": [tool("cancel_order"), tool("cancel_membership")],
        });
        let _ = writeln!(text, "{row}");
    }
    desk.write("shop.jsonl", &text);
    desk.ok(&["import", "shop.jsonl"]);
    for number in 1..=12 {
        let id = format!("n-{number}");
        if number % 3 == 0 {
            let arguments = format!("{{\"order_id\": \"A-{number}\"}}");
            desk.ok(&[
                "label",
                &id,
                "--fail",
                "--step",
                "2",
                "--mode",
                "Wrong tool",
                "--tool",
                "cancel_order",
                "--args",
                &arguments,
                "--must-not",
                "call cancel_membership",
                "--note",
                "call 4111 1111 1111 1111 back",
            ]);
        } else if number != 11 {
            desk.ok(&["label", &id, "--pass"]);
        }
    }
    desk
}

#[test]
fn versions_stay_and_differ_by_what_changed() {
    let desk = judged();
    let first = parsed(&desk.ok(&["dataset", "new", "refunds", "--json"]));
    assert_eq!(
        (&first["version"], &first["rows"], &first["left_out"]),
        (&json!(1), &json!(11), &json!({"not labelled": 1}))
    );
    assert_eq!(desk.run(&["dataset", "new", "refunds"]).code, 1, "it is there already");
    assert_eq!(desk.run(&["dataset", "new", "No Name"]).code, 2);
    let shown = |version: &str| parsed(&desk.ok(&["dataset", "show", version, "--json", "--open-test", "a test"]));
    let before = shown("refunds@1");
    let rows = before["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 11);
    for row in rows {
        assert_eq!((&row["agreement"], &row["reviewers"]), (&json!("single"), &json!(["lee"])));
        assert!(!row["label_events"].as_array().unwrap().is_empty());
    }
    // Customers u-1 to u-4 have two conversations each.
    let mut splits: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in rows {
        splits.entry(row["group_key"].as_str().unwrap()).or_default().insert(row["split"].as_str().unwrap());
    }
    assert!(splits.values().all(|splits| splits.len() == 1) && splits.len() < 11, "{splits:?}");

    desk.ok(&["export", "a", "--dataset", "refunds@1", "--format", "labels,openai-sft,csv"]);
    // What is trained on has a file for each split, and no other; what says its split itself has one.
    let manifest: Value = serde_json::from_slice(&std::fs::read(desk.path("a/manifest.json")).unwrap()).unwrap();
    let written = manifest["files"].as_array().unwrap();
    let of = |format: &str| written.iter().filter(|file| file["format"] == format).collect::<Vec<_>>();
    let named: Vec<String> =
        of("openai-sft").iter().map(|file| format!("{} {}", file["name"], file["split"])).collect();
    assert!(named.contains(&r#""openai-sft-train.jsonl" "train""#.to_owned()), "{named:?}");
    assert!(named.iter().all(|name| !name.contains("test")) && !desk.path("a/openai-sft.jsonl").exists(), "{named:?}");
    assert_eq!((of("labels").len(), of("labels")[0].get("split")), (1, None));
    desk.ok(&["label", "n-1", "--fail", "--no-step"]);
    desk.ok(&["label", "n-11", "--pass"]);
    desk.ok(&["dataset", "add", "refunds", "--where", ""]);
    desk.ok(&["dataset", "remove", "refunds", "n-2"]);
    let id = |name: &str| desk.json(&["show", name, "--json"])[0]["id"].clone();
    let found = parsed(&desk.ok(&["dataset", "diff", "refunds", "1", "3", "--json"]));
    let place = |shown: &Value| -> BTreeMap<String, String> {
        let rows = shown["rows"].as_array().unwrap().iter();
        rows.map(|row| (row["conversation_id"].to_string(), row["split"].to_string())).collect()
    };
    let (before, after) = (place(&before), place(&shown("refunds")));
    assert!(before.iter().all(|(id, split)| after.get(id).is_none_or(|other| other == split)));
    // What is sealed is counted and not named.
    let open = |name: &str| {
        let id = id(name);
        let split = before.get(&id.to_string()).or_else(|| after.get(&id.to_string())).unwrap();
        if split == "\"test\"" { Vec::new() } else { vec![id] }
    };
    let changed: Vec<Value> =
        found["changed"].as_array().unwrap().iter().map(|changed| changed["conversation"].clone()).collect();
    assert_eq!((&found["added"], &found["removed"]), (&json!(open("n-11")), &json!(open("n-2"))));
    assert_eq!(changed, open("n-1"));
    assert!(found["changed"].as_array().unwrap().iter().all(|changed| changed["what"][0] == "verdict pass -> fail"));
    let named = ["n-11", "n-2", "n-1"].iter().map(|name| open(name).len()).sum::<usize>();
    assert_eq!(found["sealed"], 3 - named);
    // Taken out and put in again, a row is where it was.
    desk.ok(&["dataset", "add", "refunds", "n-2"]);
    let back = place(&shown("refunds"));
    assert_eq!(back[&id("n-2").to_string()], before[&id("n-2").to_string()]);

    // The first version gives the same bytes though its labels are other ones now.
    desk.ok(&["export", "b", "--dataset", "refunds@1", "--format", "labels,openai-sft,csv"]);
    assert_eq!(files(&desk.path("a")), files(&desk.path("b")));
    desk.ok(&["dataset", "tag", "refunds@1", "golden"]);
    desk.ok(&["export", "c", "--dataset", "refunds@golden", "--format", "labels,openai-sft,csv"]);
    assert_eq!(files(&desk.path("a")), files(&desk.path("c")));
    assert_eq!(desk.json(&["dataset", "list", "--json"])[0]["tags"], json!({"golden": 1}));
}

#[test]
fn a_sealed_test_split_is_opened_for_a_reason_that_stays() {
    let desk = judged();
    let made = parsed(&desk.ok(&["dataset", "new", "d", "--json"]));
    let sealed = made["splits"]["test"].as_u64().unwrap();
    assert!(sealed > 0, "{made}");
    let shown = parsed(&desk.ok(&["dataset", "show", "d", "--json"]));
    assert_eq!(shown["sealed_rows"], sealed);
    assert!(shown["rows"].as_array().unwrap().iter().all(|row| row["split"] != "test"));
    let printed = parsed(&desk.ok(&["export", "a", "--dataset", "d", "--format", "labels", "--json"]));
    assert_eq!(printed["manifest"]["dataset"]["sealed_test_rows"], sealed);
    assert_eq!(printed["manifest"]["files"][0]["rows"], 11 - sealed);
    assert_eq!(desk.run(&["export", "b", "--dataset", "d", "--format", "labels", "--open-test", " "]).code, 2);
    let opened =
        |folder: &str| desk.run(&["export", folder, "--dataset", "d", "--format", "labels", "--open-test", "final"]);
    assert!(!opened("c").err.contains("opened"));
    assert!(opened("e").err.contains("opened 1 time before"));
    assert_eq!(desk::rows(&desk.path("c/labels.jsonl")).len(), 11);
    let uses = parsed(&desk.ok(&["dataset", "show", "d", "--json"]))["test_uses"].clone();
    assert_eq!((&uses[0]["reason"], uses.as_array().unwrap().len()), (&json!("final"), 2));
    let last = desk.json(&["events", "--json"]).last().unwrap()["body"].clone();
    assert_eq!((&last["dataset"], &last["test_opened_because"]), (&json!("d@1"), &json!("final")));
}

#[test]
fn what_one_dataset_seals_does_not_leave_by_another() {
    let desk = judged();
    desk.ok(&["dataset", "new", "d"]);
    let splits = |name: &str| -> BTreeMap<String, bool> {
        let shown = parsed(&desk.ok(&["dataset", "show", name, "--open-test", "a look", "--json"]));
        let of = |row: &Value| (row["conversation_id"].as_str().unwrap().to_owned(), row["split"] == "test");
        shown["rows"].as_array().unwrap().iter().map(of).collect()
    };
    let first = splits("d");
    let of = |sealed: bool| first.iter().filter(move |row| *row.1 == sealed).map(|row| row.0.as_str());
    // One of some of each, and one of nothing but what is sealed: its first place is in train.
    let some: Vec<&str> = of(true).chain(of(false).take(5)).collect();
    let mut met = 0;
    for (name, ids) in [("some", some), ("all", of(true).collect())] {
        let made = desk.run(&["dataset", "new", name, "--where", &format!("id:{}", ids.join(",")), "--json"]);
        let mine = splits(name);
        assert_eq!(mine.len(), ids.len());
        let both = |sealed_here: bool| {
            mine.iter().filter(|(id, sealed)| **sealed == sealed_here && first[*id] != sealed_here).count()
        };
        let (there, open) = (both(false), both(true));
        let overlaps = parsed(&made.out)["overlaps"].clone();
        let told = overlaps.as_array().unwrap().iter().find(|one| one["dataset"] == "d");
        let number = |field: &str| told.map_or(0, |one| one[field].as_u64().unwrap() as usize);
        assert_eq!((number("sealed_there"), number("open_there")), (there, open), "{overlaps}");
        assert_eq!(made.err.contains("sealed in the test split of d@1"), there > 0, "{}", made.err);
        let order = ["--dataset", name, "--format", "labels", "--json"];
        let closed = desk.run(&[&["export", &format!("{name}-a")], &order[..]].concat());
        let reason = "sealed in the test split of a dataset; --open-test REASON writes it";
        let rows = mine.values().filter(|sealed| !**sealed).count() - there;
        if rows == 0 {
            assert!(closed.err.contains(reason), "{}", closed.err);
        } else {
            let manifest = parsed(&closed.out)["manifest"].clone();
            assert_eq!(manifest["files"][0]["rows"], rows);
            assert_eq!(manifest["conversations"]["left_out"][reason].as_u64().unwrap_or(0) as usize, there);
        }
        let uses = || parsed(&desk.ok(&["dataset", "show", "d", "--json"]))["test_uses"].as_array().unwrap().len();
        let (before, folder) = (uses(), format!("{name}-b"));
        let opened = parsed(&desk.ok(&[&["export", &folder, "--open-test", "both"], &order[..]].concat()));
        assert_eq!(opened["manifest"]["files"][0]["rows"], mine.len());
        assert_eq!(uses(), before + 1, "the other's ledger has it as well");
        met += there;
    }
    assert!(met > 0, "nothing was sealed that the others could have let out");
}

#[test]
fn every_format_is_cut_masked_and_the_same_again() {
    let desk = judged();
    desk.ok(&["dataset", "new", "d", "--kind", "bad"]);
    let all = formats(&desk);
    let open = ["--open-test", "a test"];
    desk.ok(&[&["export", "a", "--dataset", "d", "--format", &all], &open[..]].concat());
    desk.ok(&[&["export", "b", "--dataset", "d", "--format", &all], &open[..]].concat());
    let (a, b) = (files(&desk.path("a")), files(&desk.path("b")));
    assert_eq!(a, b);
    assert!(a.len() >= 28, "{:?}", a.keys());
    for (name, bytes) in &a {
        let text = String::from_utf8_lossy(bytes);
        assert!(!text.contains("REMAINDER"), "{name}");
        for personal in PERSONAL {
            assert!(!text.contains(personal), "{name} holds {personal}");
        }
        let mode = std::fs::metadata(desk.path("a").join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    desk.ok(&["export", "s", "--dataset", "d", "--format", "trl-preference,cases", "--json-strings"]);
    let split = ["train", "dev"].map(|split| desk.path(&format!("s/trl-preference-{split}.jsonl")));
    for row in split.iter().filter(|path| path.exists()).flat_map(|path| desk::rows(path)) {
        assert!(row["tools"].is_string() && row["chosen"][0]["tool_calls"][0]["function"]["arguments"].is_string());
    }
    for row in desk::rows(&desk.path("s/cases.jsonl")) {
        assert_eq!(row["must_not"], json!(["call cancel_membership"]));
        assert_eq!(row["recorded"]["calls"][0]["tool"], "cancel_membership");
    }
}

#[test]
fn the_gate_tells_better_from_worse() {
    let desk = judged();
    desk.ok(&["dataset", "new", "d", "--kind", "bad"]);
    desk.ok(&["export", "cases", "--dataset", "d", "--format", "cases", "--open-test", "a test"]);
    let recorded = std::fs::read_to_string(desk.path("shop.jsonl")).unwrap();
    desk.write("worse.jsonl", &recorded);
    let right = recorded.replace(r#""name":"cancel_membership","arguments""#, r#""name":"cancel_order","arguments""#);
    assert_ne!(right, recorded);
    desk.write("better.jsonl", &right);
    // Masked cases and the exact ones of the workspace decide alike.
    for cases in ["d", "cases"] {
        let arguments = ["gate", cases, "--runs", "worse.jsonl", "--json", "--junit", "g.xml", "--md", "g.md"];
        let mut arguments = arguments.to_vec();
        if cases == "d" {
            arguments.extend(["--open-test", "a test"]);
        }
        let ran = desk.run(&arguments);
        assert_eq!(ran.code, 8, "{ran:?}");
        let report = parsed(&ran.out);
        assert_eq!((&report["counts"]["failed"], &report["counts"]["cases"]), (&json!(4), &json!(4)), "{cases}");
        assert_eq!(report["cases"][0]["trials"][0]["step"], 2);
        // The decision is one test more.
        assert!(std::fs::read_to_string(desk.path("g.xml")).unwrap().contains("failures=\"5\""));
        assert!(std::fs::read_to_string(desk.path("g.md")).unwrap().contains("regression"));
        arguments[3] = "better.jsonl";
        let ran = desk.run(&arguments);
        assert_eq!(ran.code, 0, "{ran:?}");
        arguments.extend(["--against", "worse.jsonl"]);
        assert_eq!(parsed(&desk.ok(&arguments))["comparison"]["better"], 4);
    }
    assert_eq!(desk.run(&["gate", "cases", "--runs", "worse.jsonl", "--where", "channel:none-such"]).code, 1);
    assert!(desk.ok(&["gate", "init", "gitlab"]).contains("junit: gate.xml"));
}

/// The folder of the workspace, somewhere below a folder.
fn root(below: &Path) -> Option<std::path::PathBuf> {
    if below.join("aftercall.db").exists() {
        return Some(below.to_owned());
    }
    let mut folders = std::fs::read_dir(below).ok()?.flatten().map(|entry| entry.path()).filter(|path| path.is_dir());
    folders.find_map(|folder| root(&folder))
}

/// Judged conversations whose right answer is in words: one criterion that no rule can check.
fn judged_words() -> Desk {
    let desk = Desk::new();
    let row = |number: usize, reply: &str| {
        json!({"conversation_id": format!("w-{number}"), "metadata": {"intent": "complaint"}, "messages": [
            {"role": "user", "content": format!("The tent number {number} I bought leaks, what will you do about it? I am anna.berg@example.com")},
            {"role": "assistant", "content": reply},
        ]})
        .to_string()
    };
    desk.write("old.jsonl", &(1..=4).map(|number| row(number, "Bad luck.") + "\n").collect::<String>());
    let replies = ["I am so sorry.", "Bad luck.", "HANG", "No idea."];
    let new = replies.iter().enumerate().map(|(at, reply)| row(at + 1, reply).replace("w-", "run-") + "\n");
    desk.write("new.jsonl", &new.collect::<String>());
    desk.ok(&["import", "old.jsonl"]);
    for number in 1..=4 {
        let id = format!("w-{number}");
        desk.ok(&["label", &id, "--fail", "--step", "2", "--must", "show that it understands"]);
    }
    desk.ok(&["dataset", "new", "words"]);
    desk
}

/// A judge that passes what says sorry, objects to bad luck, breaks off at one word and abstains of the rest; it keeps
/// what it was asked.
const JUDGE: &str = r#"
import json, sys
seen = open("asked.jsonl", "a")
for line in sys.stdin:
    seen.write(line); seen.flush()
    asked = json.loads(line)
    said = asked["transcript"][-1]["text"]
    if "HANG" in said:
        sys.exit(3)
    answer = {"evaluator": "Empathy", "explanation": "curt"}
    if "sorry" in said:
        answer["passed"] = True
    elif "luck" in said:
        answer.update(passed=False, step=2)
    else:
        answer["value"] = 0.4
    print(json.dumps({"conversation": asked["conversation"], "scores": [answer]}), flush=True)
"#;

#[test]
fn words_are_judged_by_a_command_and_never_passed_silently() {
    if std::process::Command::new("python3").arg("--version").output().is_err() {
        println!("skipped: there is no Python");
        return;
    }
    let desk = judged_words();
    desk.write("judge.py", JUDGE);
    let gate = ["gate", "words", "--runs", "new.jsonl", "--open-test", "a test", "--json", "--md", "g.md"];
    let report = parsed(&desk.run(&gate).out);
    assert_eq!((&report["counts"]["unjudged"], &report["decision"]), (&json!(4), &json!("regression")));
    assert_eq!(report["counts"]["matched_by"], json!({"family": 4}));
    let asked = [&gate[..], &["--judge-command", "python3 judge.py"]].concat();
    let ran = desk.run(&asked);
    assert_eq!(ran.code, 8, "{}", ran.err);
    let report = parsed(&ran.out);
    let counts = &report["counts"];
    let told = (&counts["passed"], &counts["failed"], &counts["unjudged"], &counts["trials_decided_by_judge"]);
    assert_eq!(told, (&json!(1), &json!(1), &json!(2), &json!(2)), "{report}");
    assert_eq!((&report["judge"]["answered"], &report["judge"]["failed"]), (&json!(3), &json!(1)));
    let failed = report["cases"].as_array().unwrap().iter().find(|case| case["state"] == "fail").unwrap();
    let trial = &failed["trials"][0];
    assert_eq!((&trial["by"], &trial["step"], &trial["said"]), (&json!("judge"), &json!(2), &json!("curt")));
    assert!(std::fs::read_to_string(desk.path("g.md")).unwrap().contains("the judge objects: Empathy: curt"));
    let seen = desk::rows(&desk.path("asked.jsonl"));
    assert_eq!(seen[0]["case"]["must"], json!(["show that it understands"]));
    assert!(seen.iter().all(|row| !row.to_string().contains("anna.berg@example.com")));

    // Unmasked only where somebody says so, which is recorded.
    std::fs::remove_file(desk.path("asked.jsonl")).unwrap();
    desk.run(&[&asked[..], &["--unmasked"]].concat());
    let seen = desk::rows(&desk.path("asked.jsonl"));
    assert!(seen.iter().any(|row| row.to_string().contains("anna.berg@example.com")));
    let events = desk.json(&["events", "--json"]);
    assert!(events.iter().any(|event| event["kind"] == "unmask" && event.to_string().contains("gate --judge-command")));

    // A value without a verdict counts once the workspace says what passes, by intent where it likes.
    let limits = "[pass]\nEmpathy = 0.9\n[intent.complaint.pass]\nEmpathy = 0.3\n";
    std::fs::write(root(&desk.path("data")).unwrap().join("limits.toml"), limits).unwrap();
    let report = parsed(&desk.run(&asked).out);
    assert_eq!((&report["counts"]["passed"], &report["counts"]["unjudged"]), (&json!(2), &json!(1)), "{report}");

    // A judge of no use decides nothing, and the gate does not look green.
    let useless = [&gate[..], &["--judge-command", "exit 1", "--min-pass", "0"]].concat();
    let report = parsed(&desk.run(&useless).out);
    assert_eq!(report["counts"]["unjudged"], 4);
    let judge = &report["judge"];
    let told: u64 = ["answered", "partly", "failed", "not_asked"].iter().map(|key| judge[key].as_u64().unwrap()).sum();
    assert_eq!((told, &judge["failed"]), (4, &json!(3)), "{judge}");
    let reasons = report["reasons"].to_string();
    assert!(reasons.contains("the judge answered nothing"), "{reasons}");
}

#[test]
fn evaluators_object_where_they_are_asked_for_within_the_limits_of_the_intent() {
    let desk = judged();
    desk.ok(&["dataset", "new", "d", "--kind", "bad"]);
    let recorded = std::fs::read_to_string(desk.path("shop.jsonl")).unwrap();
    let right = recorded.replace(r#""name":"cancel_membership","arguments""#, r#""name":"cancel_order","arguments""#);
    desk.write("right.jsonl", &right);
    let gate = ["gate", "d", "--runs", "right.jsonl", "--open-test", "a test", "--json"];
    assert_eq!(desk.run(&gate).code, 0);
    let limits = root(&desk.path("data")).unwrap().join("limits.toml");
    for (least, code, objects) in [(-1.0, 0, 0), (2.0, 8, 4)] {
        std::fs::write(&limits, format!("[pass]\nTaskCompletion = {least:.1}\n")).unwrap();
        let ran = desk.run(&[&gate[..], &["--evaluators", "taskcompletion"]].concat());
        assert_eq!(ran.code, code, "{}", ran.err);
        let report = parsed(&ran.out);
        let told = &report["evaluators"]["TaskCompletion"];
        assert_eq!((&told["failed"], &report["counts"]["failed"]), (&json!(objects), &json!(objects)), "{report}");
        let trial = &report["cases"][0]["trials"][0];
        assert_eq!(trial["by"], if objects == 0 { "case" } else { "evaluator" });
    }
    assert_eq!(desk.run(&[&gate[..], &["--evaluators", "NoSuchThing"]].concat()).code, 2);
    // A name that is nobody's is told, with the one that may have been meant.
    std::fs::write(&limits, "[pass]\ntaskcompletion = 0.5\n[intent.cancel.pass]\nEmpathy = 0.5\n").unwrap();
    let report = parsed(&desk.ok(&gate));
    let told =
        "limits.toml says when taskcompletion passes, and no evaluator has that name, but there is TaskCompletion";
    let strangers = report["strangers"].as_array().unwrap();
    assert!(strangers.len() == 2 && strangers.iter().any(|line| line == told), "{strangers:?}");
}

#[test]
fn the_gate_never_passes_runs_it_has_lost() {
    let desk = judged();
    desk.ok(&["dataset", "new", "d", "--kind", "bad"]);
    desk.ok(&["export", "cases", "--dataset", "d", "--format", "cases", "--open-test", "a test"]);
    let recorded = std::fs::read_to_string(desk.path("shop.jsonl")).unwrap();
    let right = recorded.replace(r#""name":"cancel_membership","arguments""#, r#""name":"cancel_order","arguments""#);
    let held = |runs: &str| {
        desk.write("runs.jsonl", runs);
        let ran = desk.run(&["gate", "cases", "--runs", "runs.jsonl", "--json", "--junit", "g.xml"]);
        (ran.code, parsed(&ran.out), std::fs::read_to_string(desk.path("g.xml")).unwrap())
    };
    let (code, report, junit) = held(&right);
    assert_eq!((code, &report["reading"]["skipped"]), (0, &json!(0)), "{report}");
    assert!(junit.contains("tests=\"5\" failures=\"0\""), "{junit}");
    // A file that ends within a record.
    let (code, report, junit) = held(&right[..right.len() - 40]);
    assert_eq!((code, &report["reading"]["skipped"]), (8, &json!(1)), "{report}");
    assert!(report["reasons"][0].as_str().unwrap().starts_with("1 of 12 records of the runs"), "{report}");
    assert!(junit.contains("failures=\"1\"") || report["counts"]["missing"] == 1, "{junit}");
    assert!(junit.contains("name=\"decision\"><failure message=\"1 of 12 records"), "{junit}");
    // A second trial of each case that takes the id of the first.
    let (code, report, _) = held(&(right.clone() + &right.replace("=Done.", "All done.")));
    assert_eq!((code, &report["reading"]["conflicts"], &report["counts"]["passed"]), (8, &json!(12), &json!(4)));
    assert!(report["reasons"][0].as_str().unwrap().contains("give each trial an id of its own"), "{report}");
    // Runs of some of the cases only.
    let some = right.lines().take(5).collect::<Vec<_>>().join("\n");
    let (code, report, _) = held(&some);
    assert_eq!((code, &report["reasons"][0]), (8, &json!("3 of 4 cases have no run")), "{report}");
}

#[test]
fn a_name_that_one_side_alone_knows_is_the_same_name() {
    let desk = Desk::new();
    let row = |id: &str, metadata: Value, tool: &str| {
        let call = json!({"id": "c1", "type": "function",
            "function": {"name": tool, "arguments": "{\"holder\":\"Ana Lindqvist\",\"seat\":4}"}});
        json!({"conversation_id": id, "metadata": metadata, "messages": [
            {"role": "user", "content": "Please book the seat by the window that I had last time on the boat to Visby"},
            {"role": "assistant", "content": null, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c1", "content": "{\"ok\":true}"},
            {"role": "assistant", "content": "Done."},
        ]})
        .to_string()
            + "\n"
    };
    let known = || json!({"task_id": 1, "customer_name": "Ana Lindqvist"});
    desk.write("old.jsonl", &row("o-1", known(), "cancel_seat"));
    desk.ok(&["import", "old.jsonl"]);
    let right = ["--tool", "book_seat", "--args", "{\"holder\":\"Ana Lindqvist\",\"seat\":4}"];
    desk.ok(&[&["label", "o-1", "--fail", "--step", "2"], &right[..]].concat());
    desk.ok(&["dataset", "new", "d"]);
    let masked = ["export", "cases", "--dataset", "d", "--format", "cases", "--open-test", "a test"];
    desk.ok(&masked);
    let case = desk::rows(&desk.path("cases/cases.jsonl")).remove(0);
    assert!(case["acceptable"][0]["arguments"]["holder"].as_str().unwrap().starts_with("<NAME-"), "{case}");
    desk.write("new.jsonl", &row("r-1", json!({"task_id": 1}), "book_seat"));
    desk.write("wrong.jsonl", &row("r-1", json!({"task_id": 1}), "book_seat").replace("Ana", "Bo"));
    desk.write("again.jsonl", &row("r-1", json!({"task_id": 1}), "cancel_seat"));
    for (runs, code) in [("new.jsonl", 0), ("wrong.jsonl", 8), ("again.jsonl", 8)] {
        let ran = desk.run(&["gate", "cases", "--runs", runs, "--json"]);
        assert_eq!(ran.code, code, "{runs}: {}", ran.out);
    }
    // The judge is told what reviewers wrote as the judged conversation knows it.
    if std::process::Command::new("python3").arg("--version").output().is_err() {
        println!("skipped: there is no Python");
        return;
    }
    desk.write("judge.py", JUDGE);
    desk.ok(&["label", "o-1", "--fail", "--step", "2", "--must", "thank Ana Lindqvist warmly"]);
    desk.ok(&["dataset", "new", "e"]);
    let gate = ["gate", "e", "--runs", "new.jsonl", "--open-test", "a test", "--judge-command", "python3 judge.py"];
    desk.run(&gate);
    let asked = desk::rows(&desk.path("asked.jsonl")).remove(0);
    let must = asked["case"]["must"][0].as_str().unwrap();
    assert!(must.starts_with("thank <NAME-") && must.ends_with("> warmly"), "{must}");
}

#[test]
fn failing_runs_come_into_the_workspace_beside_their_cases() {
    use aftercall::model::filter::Filter;
    use aftercall::model::gate::Broken;
    use aftercall::model::id::ConversationId;
    use aftercall::model::queue::QueueOrder;
    use aftercall::model::time::Timestamp;
    use aftercall::ops::gate::broken::{BringOrder, Brought, bring};
    use aftercall::ops::workspace::{Identity, Workspace};
    use aftercall::store::{Access, Asker};

    let desk = judged();
    desk.ok(&["dataset", "new", "d", "--kind", "bad"]);
    // The same names as the judged conversations, with another text: what is stored must not change by it.
    let recorded = std::fs::read_to_string(desk.path("shop.jsonl")).unwrap();
    desk.write("again.jsonl", &recorded.replace("=Done.", "All done now."));
    let ran = desk.run(&["gate", "d", "--runs", "again.jsonl", "--open-test", "a test", "--json"]);
    let report = parsed(&ran.out);
    assert_eq!(report["counts"]["failed"], 4, "{}", ran.err);
    let file = desk.write("report.json", &ran.out);
    let before = desk.json(&["list", "--json"]);

    let identity = Identity::load("lee", &desk.path("state")).unwrap();
    let mut workspace = Workspace::open(&root(&desk.path("data")).unwrap(), identity, Access::Write).unwrap();
    let order = BringOrder { report: file, open_test: Some("a look".to_owned()), ..BringOrder::default() };
    let brought = bring(&mut workspace, &order, Timestamp(0)).unwrap();
    assert_eq!((brought.failing, brought.imported, brought.unread), (4, 4, 0));
    assert!(brought.missing.is_empty() && brought.test_uses_before == 1);
    let filter = Filter::parse(&brought.filter).unwrap();
    let asker = Asker { reviewer: "lee", now: Timestamp(0) };
    let ids: Vec<ConversationId> = workspace.store().index(&filter, "", QueueOrder::Reported, asker).unwrap().ids;
    let told: Vec<Broken> = ids
        .iter()
        .map(|id| Broken::of(&workspace.store().conversation(id).unwrap().unwrap().attributes).unwrap())
        .collect();
    let wanted: Vec<&Value> = report["cases"].as_array().unwrap().iter().map(|case| &case["case_id"]).collect();
    let got: Vec<&String> = told.iter().map(|broken| &broken.cases[0].case_id).collect();
    assert_eq!(json!(got), json!(wanted), "in the order of the report");
    for broken in &told {
        let case = &broken.cases[0];
        assert!(case.wants[0].starts_with("cancel_order {\"order_id\":\"A-"), "{case:?}");
        assert_eq!(case.wants[1], "must not call cancel_membership");
        assert!(case.recorded[0].starts_with("cancel_membership "));
        assert_eq!((case.at, case.counterpart, broken.steps()), (Some(2), Some(2), vec![2]));
    }
    let opened = aftercall::ops::review::open(&workspace, &ids[0]).unwrap();
    assert_eq!(opened.suspects[0].at.step, 2);

    let again = bring(&mut workspace, &order, Timestamp(0)).unwrap();
    assert_eq!(again, Brought { imported: 0, test_uses_before: 2, ..brought.clone() });
    let elsewhere = BringOrder { runs: vec![desk.write("none.jsonl", &recorded.replace("n-", "m-"))], ..order };
    assert_eq!(bring(&mut workspace, &elsewhere, Timestamp(0)).unwrap().missing.len(), 4);
    drop(workspace);
    // They are copies to look at: nothing counts them unless it asks for them by name.
    assert_eq!(desk.json(&["list", "--json"]), before);
    let named = |filter: &str| desk.json(&["list", "--json", "--where", filter]);
    assert_eq!(named(&brought.filter).len(), 4);
    assert_eq!((named("source:gate-*").len(), named("meta.gate:any").len(), named("-source:gate-x").len()), (4, 4, 12));
    let copy = named("source:gate-*")[0]["id"].as_str().unwrap().to_owned();
    desk.ok(&["label", &copy, "--pass"]);
    let shown = parsed(&desk.ok(&["dataset", "new", "later", "--json"]));
    assert_eq!((&shown["rows"], &shown["left_out"]), (&json!(11), &json!({"not labelled": 1})), "{shown}");

    // The runs of the next report take their place, but for the one that somebody judged.
    desk.write("third.jsonl", &recorded.replace("=Done.", "All is done."));
    let ran = desk.run(&["gate", "d", "--runs", "third.jsonl", "--open-test", "a test", "--json"]);
    let identity = Identity::load("lee", &desk.path("state")).unwrap();
    let mut workspace = Workspace::open(&root(&desk.path("data")).unwrap(), identity, Access::Write).unwrap();
    let order = BringOrder { report: desk.write("next.json", &ran.out), ..BringOrder::default() };
    let brought = bring(&mut workspace, &order, Timestamp(0)).unwrap();
    assert_eq!((brought.imported, brought.forgotten), (4, 3));
    drop(workspace);
    let left = named("source:gate-*");
    assert_eq!(left.len(), 5);
    assert!(left.iter().any(|row| row["id"] == copy.as_str()));
}

#[test]
fn a_request_holds_what_was_before_a_step() {
    let desk = judged();
    let body = parsed(&desk.ok(&["request", "n-3", "--step", "2"]));
    let roles: Vec<&str> = body["messages"].as_array().unwrap().iter().map(|m| m["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["system", "user"]);
    assert_eq!(body["tools"].as_array().unwrap().len(), 2);
    assert!(!body.to_string().contains("REMAINDER") && !body.to_string().contains("anna.berg@example.com"));
    assert_eq!(desk.run(&["request", "n-3", "--step", "1"]).code, 2);
}

#[test]
fn a_killed_export_leaves_no_half_file_under_its_name() {
    let desk = judged();
    desk.ok(&["dataset", "new", "d"]);
    let all = formats(&desk);
    desk.ok(&["export", "whole", "--dataset", "d", "--format", &all]);
    let whole = files(&desk.path("whole"));
    // Killed sooner after one that was finished, and later after one that was not, until there were some of either.
    let (mut unfinished, mut finished, mut pause) = (0, 0, std::time::Duration::from_millis(2));
    for kill in 0..400_u64 {
        if unfinished >= 4 && finished >= 1 {
            return;
        }
        let folder = format!("k{kill}");
        let mut child = desk
            .command(&["export", &folder, "--dataset", "d", "--format", &all])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(pause);
        child.kill().unwrap();
        child.wait().unwrap();
        let made = desk.path(&folder);
        if made.join("manifest.json").exists() {
            finished += 1;
            pause /= 2;
        } else {
            // Only one that had begun to write shows anything.
            unfinished += u32::from(made.exists());
            pause += pause / 3;
        }
        for (name, bytes) in made.exists().then(|| files(&made)).into_iter().flatten() {
            if !name.starts_with(".aftercall-") {
                assert!(whole.get(&name) == Some(&bytes), "{name} after kill {kill}");
            }
        }
    }
    panic!("{unfinished} of 400 exports were killed while they wrote, and {finished} were finished before");
}

/// The calls of a judged conversation that change something.
fn writes(tool: &str) -> bool {
    !["get", "search", "list", "calculate", "think", "find"].iter().any(|read| tool.starts_with(read))
}

/// Judges conversations of trials 0 and 1 as somebody with the reference solution would: 40 of them, 15 corrected.
fn judge_forty(desk: &Desk) -> (usize, usize) {
    let mut rows = desk.json(&["list", "--json", "--where", "meta.trial:0,1"]);
    rows.sort_by_key(|row| {
        let attribute = |name: &str| row["attributes"][name].as_str().unwrap().parse::<u32>().unwrap();
        (attribute("task_id"), attribute("trial"))
    });
    let (mut judged, mut corrected) = (0, 0);
    for row in rows {
        if judged == 40 {
            break;
        }
        let id = row["id"].as_str().unwrap();
        judged += 1;
        if row["outcomes"]["reward"] == 1.0 {
            desk.ok(&["label", id, "--pass"]);
            continue;
        }
        let shown = parsed(&desk.ok(&["show", id, "--json"]));
        let expected: Vec<&Value> = shown["expected"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|call| writes(call["tool"].as_str().unwrap()))
            .collect();
        let wrong = shown["transcript"].as_array().unwrap().iter().find(|step| {
            step["tool"].as_str().is_some_and(writes)
                && expected.iter().all(|call| call["tool"] != step["tool"] || call["arguments"] != step["arguments"])
        });
        match (wrong, expected.first()) {
            (Some(wrong), Some(first)) if corrected < 15 => {
                corrected += 1;
                let right = expected.iter().find(|call| call["tool"] == wrong["tool"]).unwrap_or(first);
                let (step, tool) = (wrong["step"].to_string(), right["tool"].as_str().unwrap());
                let arguments =
                    right["arguments"].as_str().map_or_else(|| right["arguments"].to_string(), str::to_owned);
                desk.ok(&[
                    "label",
                    id,
                    "--fail",
                    "--step",
                    &step,
                    "--mode",
                    "Wrong tool",
                    "--tool",
                    tool,
                    "--args",
                    &arguments,
                ]);
            }
            _ => drop(desk.ok(&["label", id, "--fail", "--no-step", "--mode", "Goal missed"])),
        }
    }
    (judged, corrected)
}

#[test]
fn from_public_traces_to_a_gate() {
    let Some(traces) = shared("data/tau-bench/gpt-4o-airline.json") else { return };
    let traces = traces.to_str().unwrap();
    let desk = Desk::new();
    desk.ok(&["import", traces]);
    assert_eq!(judge_forty(&desk), (40, 15));
    desk.ok(&["dataset", "new", "airline", "--where", "meta.trial:0,1"]);
    let all = formats(&desk);
    desk.ok(&["export", "out", "--dataset", "airline", "--format", &all]);
    load_with_python(&desk.path("out"));

    let ran = desk.run(&["gate", "airline", "--runs", traces, "--where", "meta.trial:2,3", "--json"]);
    assert_eq!(ran.code, 8, "{}", ran.err);
    let report = parsed(&ran.out);
    // The benchmark's own reward says whether a run reached the goal; the gate, which sees calls only, agrees.
    let rewards: BTreeMap<String, bool> = desk
        .json(&["list", "--json"])
        .iter()
        .map(|row| (row["id"].as_str().unwrap().to_owned(), row["outcomes"]["reward"] == 1.0))
        .collect();
    let (mut same, mut trials) = (0, 0);
    for trial in report["cases"].as_array().unwrap().iter().flat_map(|case| case["trials"].as_array().unwrap()) {
        trials += 1;
        same += usize::from((trial["outcome"] == "pass") == rewards[trial["run"].as_str().unwrap()]);
    }
    println!("the gate agrees with the benchmark on {same} of {trials} trials");
    assert!(trials >= 40 && same * 20 >= trials * 19, "{same} of {trials}");
}

/// Run on its own by `.ci/run`, so that what was loaded and what was skipped can be read.
#[test]
fn exports_load_in_the_tools_they_are_for() {
    let desk = judged();
    desk.ok(&["dataset", "new", "d"]);
    let all = formats(&desk);
    desk.ok(&["export", "out", "--dataset", "d", "--format", &all, "--open-test", "a test"]);
    load_with_python(&desk.path("out"));
}

/// Loads exports with the packages they are for, where this machine has them.
fn load_with_python(folder: &Path) {
    let python = std::env::var_os("AFTERCALL_TEST_PYTHON").unwrap_or_else(|| "python3".into());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/load_exports.py");
    let cache = tempfile::tempdir().unwrap();
    let ran = std::process::Command::new(python).arg(script).arg(folder).env("HF_HOME", cache.path()).output();
    let Ok(ran) = ran else {
        println!("skipped: there is no Python");
        return;
    };
    println!("{}", String::from_utf8_lossy(&ran.stdout));
    assert!(ran.status.success(), "{}\n{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
}
