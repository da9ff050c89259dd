//! Versions that stay the same whatever is imported, gates that judge both sides, and personal data at those doors.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "support/desk.rs"]
mod desk;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use desk::Desk;
use serde_json::{Value, json};

/// Every file of an export but its manifest.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for path in std::fs::read_dir(next).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("manifest.json") {
                let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
                found.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    found
}

fn formats(desk: &Desk) -> String {
    let listed = desk.ok(&["formats", "--export"]);
    listed.lines().filter_map(|line| line.split_whitespace().next()).collect::<Vec<_>>().join(",")
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A conversation in which a refund goes to the wrong place. Everybody in it is invented.
fn row(number: usize) -> Value {
    let arguments = json!({"order_id": 4_539_578_763_621_486_u64, "phone": 4_915_112_345_671_u64, "n": number});
    let call = json!({"id": "c1", "type": "function", "function": {"name": "close_account", "arguments": arguments.to_string()}});
    let tool = |name: &str| json!({"type": "function", "function": {"name": name, "parameters": {"type": "object"}}});
    json!({
        "conversation_id": format!("k-{number}"),
        "metadata": {"intent": "money back for anna.berg@example.com", "task_id": format!("t{number} Lindqvist"),
                     "customer": {"name": "Ana Lindqvist", "phone": 4_915_112_345_671_u64}, "at": 1_763_630_400_000_u64},
        "messages": [
            {"role": "system", "content": "You are Wren."},
            {"role": "user", "content": format!("Please refund kettle number {number} to my card, the blue one with the loud whistle")},
            {"role": "assistant", "content": null, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c1", "content": "{\"card_number\":4111111111111111,\"total\":12345678}"},
            {"role": "assistant", "content": "Done."},
        ],
        "tools": [tool("close_account"), tool("refund")],
    })
}

const RIGHT: &str = r#"{"order_id":4539578763621486,"phone":4915112345671}"#;

/// Six such conversations, all failed and corrected.
fn judged() -> Desk {
    let desk = Desk::new();
    desk.write("shop.jsonl", &(1..=6).fold(String::new(), |all, number| all + &row(number).to_string() + "\n"));
    desk.ok(&["import", "shop.jsonl"]);
    for number in 1..=6 {
        let id = format!("k-{number}");
        let mode = "Calls anna.berg@example.com";
        desk.ok(&["label", &id, "--fail", "--step", "2", "--mode", mode, "--tool", "refund", "--args", RIGHT]);
    }
    desk
}

/// Runs that make another call in the place of the wrong one.
fn runs(tool: &str, arguments: &str) -> String {
    (1..=6).fold(String::new(), |mut all, number| {
        let mut run = row(number);
        let function = &mut run["messages"][2]["tool_calls"][0]["function"];
        (function["name"], function["arguments"]) = (tool.into(), arguments.into());
        let _ = writeln!(all, "{run}");
        all
    })
}

const PERSONAL: [&str; 4] = ["4111111111111111", "4915112345671", "anna.berg@example.com", "Lindqvist"];

#[test]
fn a_version_gives_the_same_bytes_whatever_is_imported_later() {
    let desk = judged();
    desk.ok(&["dataset", "new", "d"]);
    let all = formats(&desk);
    let export = |folder: &str, version: &str| {
        desk.ok(&["export", folder, "--dataset", version, "--format", &all, "--open-test", "a test"]);
        files(&desk.path(folder))
    };
    let before = export("a", "d@1");
    assert!(before.len() > 28, "{:?}", before.keys());
    // The first three go on; all have other instructions, tools and attributes, and a reference.
    let later = (1..=6).fold(String::new(), |all, number| {
        let mut row = row(number);
        row["metadata"]["intent"] = "another".into();
        row["metadata"]["customer"]["name"] = "Bo Svensson".into();
        row["messages"][0]["content"] = "You are Robin, and Wren is gone.".into();
        row["tools"].as_array_mut().unwrap().push(json!({"type": "function", "function": {"name": "send_mail"}}));
        if number <= 3 {
            let more =
                [json!({"role": "user", "content": "And now?"}), json!({"role": "assistant", "content": "Wait."})];
            row["messages"].as_array_mut().unwrap().extend(more);
        }
        all + &row.to_string() + "\n"
    });
    desk.write("later.jsonl", &later);
    desk.ok(&["import", "later.jsonl", "--source", "shop"]);
    let expected = |number: usize| json!({"conversation_id": format!("k-{number}"), "expected_tool_calls": [{"name": "refund", "arguments": {"n": number}}]});
    desk.write("expected.jsonl", &(1..=6).fold(String::new(), |all, n| all + &expected(n).to_string() + "\n"));
    desk.ok(&["import", "expected", "expected.jsonl"]);
    let shown = &desk.json(&["show", "k-1", "--json"])[0];
    assert_eq!((&shown["expected"][0]["tool"], &shown["intent"]), (&json!("refund"), &json!("another")), "{shown}");
    assert_eq!((shown["tools"].as_array().unwrap().len(), shown["steps"].as_u64()), (3, Some(5)), "{shown}");
    let after = export("b", "d@1");
    for (name, bytes) in &before {
        assert!(after.get(name) == Some(bytes), "{name} is another one now");
    }
    assert_eq!(before.len(), after.len());
    // The next version takes what is there now, of the three whose judged text is still the newest.
    desk.ok(&["dataset", "add", "d", "--where", ""]);
    let renewed = export("c", "d@2");
    assert_ne!(renewed["cases.jsonl"], before["cases.jsonl"]);
    let cases = desk::rows(&desk.path("c/cases.jsonl"));
    let with = cases.iter().filter(|case| !case["expected_writes"].as_array().unwrap().is_empty()).count();
    assert_eq!((cases.len(), with), (6, 3));
    let found = parsed(&desk.ok(&["dataset", "diff", "d", "1", "2", "--json"]));
    let changed = found["changed"].as_array().unwrap();
    assert_eq!(changed.len() as u64 + found["sealed"].as_u64().unwrap(), 3, "{found}");
    assert!(changed.iter().all(|one| one["what"].to_string().contains("instructions, tools, reference")), "{found}");
}

#[test]
fn numbers_leave_as_pseudonyms_and_go_on_comparing() {
    let desk = judged();
    desk.ok(&["dataset", "new", "d"]);
    let all = formats(&desk);
    desk.ok(&["export", "out", "--dataset", "d", "--format", &all, "--open-test", "a test"]);
    for (name, bytes) in files(&desk.path("out")).into_iter().filter(|(name, _)| !name.ends_with(".parquet")) {
        let text = String::from_utf8_lossy(&bytes);
        for personal in PERSONAL {
            assert!(!text.contains(personal), "{name} holds {personal}");
        }
    }
    let case = desk::rows(&desk.path("out/cases.jsonl")).remove(0);
    let arguments = &case["acceptable"][0]["arguments"];
    assert!(arguments["phone"].as_str().unwrap().starts_with("<PHONE-"), "{case}");
    assert_eq!(arguments["order_id"], 4_539_578_763_621_486_u64);
    // Masked cases and the exact ones of the workspace decide alike.
    let other_phone = RIGHT.replace("671}", "672}");
    let other_order = RIGHT.replace("1486", "1487");
    for (arguments, code) in [(RIGHT, 0), (&other_phone, 8), (&other_order, 8)] {
        desk.write("runs.jsonl", &runs("refund", arguments));
        for cases in ["d", "out"] {
            let open: &[&str] = if cases == "d" { &["--open-test", "a test"] } else { &[] };
            let ran = desk.run(&[&["gate", cases, "--runs", "runs.jsonl", "--json"], open].concat());
            assert_eq!(ran.code, code, "{cases} {arguments}: {}", ran.out);
        }
    }
}

#[test]
fn reports_lists_manifests_and_cards_are_masked() {
    let desk = judged();
    let filter = "-\"anna.berg@example.com Lindqvist\"";
    let made = desk.ok(&["dataset", "new", "d", "--where", filter, "--json"]);
    let open = ["--open-test", "ask anna.berg@example.com"];
    let asked =
        [&["export", "hub", "--dataset", "d", "--format", "huggingface,few-shot,csv", "--json"], &open[..]].concat();
    let told = desk.ok(&asked);
    let listed = desk.ok(&["dataset", "list", "--json"]) + &desk.ok(&["dataset", "show", "d", "--json"]);
    let plain = desk.ok(&["export", "plain", "--where", filter, "--format", "labels", "--json", open[0], "a test"]);
    desk.write("wrong.jsonl", &runs("close_account", "{}"));
    let gate = ["gate", "d", "--runs", "wrong.jsonl", "--json", "--md", "g.md", "--junit", "g.xml", "--where", filter];
    let ran = desk.run(&[&gate[..], &open].concat());
    assert_eq!(ran.code, 8, "{}", ran.err);
    let report = parsed(&ran.out);
    let case = &report["cases"][0];
    assert!(case["intent"].as_str().unwrap().starts_with("money back for <EMAIL-"), "{case}");
    assert!(case["task"].as_str().unwrap().contains("<NAME-"), "{case}");
    assert!(report["runs"]["filter"].as_str().unwrap().contains("<EMAIL-"), "{report}");
    let card = std::fs::read_to_string(desk.path("hub/huggingface/README.md")).unwrap();
    assert!(card.contains("Made by `new --where") && card.contains("<EMAIL-"), "{card}");
    let read = |name: &str| std::fs::read_to_string(desk.path(name)).unwrap();
    let few = ["train", "dev", "test"].map(|split| desk.path(&format!("hub/few-shot-{split}.jsonl")));
    let few = few.iter().filter_map(|path| std::fs::read_to_string(path).ok()).collect::<String>();
    for text in [made, told, listed, plain, ran.out, read("g.md"), read("g.xml"), card, few, read("hub/labels.csv")] {
        for personal in PERSONAL {
            assert!(!text.contains(personal), "{personal} in {text}");
        }
    }
    // Exact only where somebody says so, which is recorded.
    let exact = desk.run(&[&gate[..], &open, &["--unmasked"]].concat());
    assert_eq!(parsed(&exact.out)["cases"][0]["intent"], "money back for anna.berg@example.com");
    assert!(desk.json(&["events", "--json"]).iter().any(|event| event["kind"] == "unmask"));
}

#[test]
fn a_baseline_that_knows_too_little_passes_nothing() {
    let desk = judged();
    desk.ok(&["dataset", "new", "d"]);
    desk.ok(&["export", "cases", "--dataset", "d", "--format", "cases", "--open-test", "a test"]);
    desk.write("right.jsonl", &runs("refund", RIGHT));
    let wrong = runs("close_account", "{}");
    desk.write("wrong.jsonl", &wrong);
    let first = |text: &str, count: usize| text.lines().take(count).fold(String::new(), |all, line| all + line + "\n");
    desk.write("one.jsonl", &first(&wrong, 1));
    desk.write(
        "mixed.jsonl",
        &(first(&wrong, 3) + &runs("refund", RIGHT).lines().skip(3).fold(String::new(), |all, line| all + line + "\n")),
    );
    let gate = |new: &str, old: &str| {
        let ran = desk.run(&["gate", "cases", "--runs", new, "--against", old, "--json"]);
        (ran.code, parsed(&ran.out)["reasons"].clone(), ran.err)
    };
    // One run of six cases before, and everything fails now.
    let (code, reasons, _) = gate("wrong.jsonl", "one.jsonl");
    assert_eq!((code, &reasons[0]), (8, &json!("5 of 6 cases have no run in the baseline")), "{reasons}");
    assert_eq!(reasons[1], "only 1 of 6 cases were judged on both sides, fewer than half");
    assert_eq!(gate("right.jsonl", "right.jsonl").0, 0);
    assert_eq!(gate("wrong.jsonl", "right.jsonl").0, 8);
    let (code, _, told) = gate("mixed.jsonl", "right.jsonl");
    assert!(code == 0 && told.contains("3 cases became worse and 0 better"), "{told}");
}

#[test]
fn what_is_sealed_does_not_leave_by_a_filter() {
    let desk = judged();
    // A filter that finds nothing since nobody gives such scores says so.
    for arguments in [&["dataset", "new", "x", "--where"][..], &["export", "x", "--format", "labels", "--where"]] {
        let told = desk.run(&[arguments, &["score.taskcompletoin<0.5"]].concat()).err;
        assert!(told.contains("no conversation matches; no evaluator has the name taskcompletoin"), "{told}");
    }
    let made = parsed(&desk.ok(&["dataset", "new", "d", "--json"]));
    let sealed = made["splits"]["test"].as_u64().unwrap();
    assert!((1..6).contains(&sealed), "{made}");
    let export = |folder: &str, open: &[&str]| {
        let asked = ["export", folder, "--where", "verdict:fail", "--format", "labels", "--json"];
        parsed(&desk.ok(&[&asked[..], open].concat()))["manifest"].clone()
    };
    let closed = export("a", &[]);
    assert_eq!(closed["files"][0]["rows"], 6 - sealed);
    let reason = "sealed in the test split of a dataset; --open-test REASON writes it";
    assert_eq!(closed["conversations"]["left_out"][reason], sealed);
    assert_eq!(export("b", &["--open-test", "the last look"])["files"][0]["rows"], 6);
    let uses = parsed(&desk.ok(&["dataset", "show", "d", "--json"]))["test_uses"].clone();
    assert_eq!((&uses[0]["reason"], &uses[0]["purpose"]), (&json!("the last look"), &json!("export")));
}
