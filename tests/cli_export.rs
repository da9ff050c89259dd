//! Exports by the command line, read back: every format, every kind of correction, and what is left out and why.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "support/desk.rs"]
mod desk;

use std::os::unix::fs::{PermissionsExt as _, symlink};

use desk::{Desk, PERSONAL, rows, shared, wrong_tool};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const FORMATS: &str = "labels,openai-sft,trl-preference,cases";

fn imported() -> Desk {
    let desk = Desk::new();
    desk.write("shop.jsonl", &wrong_tool());
    desk.ok(&["import", "shop.jsonl"]);
    desk
}

fn judged() -> Desk {
    let desk = imported();
    desk.ok(&[
        "label",
        "shop-1",
        "--fail",
        "--step",
        "5",
        "--mode",
        "Wrong tool",
        "--severity",
        "3",
        "--note",
        "call anna.berg@example.com back",
        "--tool",
        "cancel_order",
        "--args",
        "{\"order_id\": \"A-1\"}",
        "--also",
        "{\"order_id\": \"a-1\"}",
    ]);
    desk
}

#[test]
fn from_a_file_to_a_dataset() {
    let desk = judged();
    let listed = desk.json(&["list", "--json", "--where", "verdict:fail mode:wrong-tool"]);
    assert_eq!((&listed[0]["label_state"], &listed[0]["modes"]), (&json!("labelled"), &json!(["wrong-tool"])));
    let printed = desk.ok(&["export", "out", "--format", FORMATS, "--json"]);
    let manifest = &serde_json::from_str::<Value>(&printed).unwrap()["manifest"];
    assert_eq!(manifest["conversations"]["verdicts"], json!({"fail": 1}));
    for file in manifest["files"].as_array().unwrap() {
        let path = desk.path("out").join(file["name"].as_str().unwrap());
        let bytes = std::fs::read(&path).unwrap();
        let digest = Sha256::digest(&bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        assert_eq!((&file["sha256"], &file["bytes"]), (&json!(digest), &json!(bytes.len())));
        assert_eq!(file["rows"], 1);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(std::fs::metadata(desk.path("out")).unwrap().permissions().mode() & 0o777, 0o700);
    let left: Vec<_> = std::fs::read_dir(desk.path("out")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 5, "{left:?}");

    let sft = &rows(&desk.path("out/openai-sft.jsonl"))[0];
    let messages = sft["messages"].as_array().unwrap();
    let last = messages.last().unwrap();
    assert_eq!(last["tool_calls"][0]["function"]["name"], "cancel_order");
    assert_eq!(last["tool_calls"][0]["function"]["arguments"], "{\"order_id\": \"A-1\"}");
    assert_eq!(messages[2]["tool_calls"].as_array().unwrap().len(), 2, "parallel calls share a message");
    assert!(!sft.to_string().contains("REMAINDER"));

    let pair = &rows(&desk.path("out/trl-preference.jsonl"))[0];
    assert_eq!(pair["chosen"][0]["tool_calls"][0]["function"]["arguments"], json!({"order_id": "A-1"}));
    assert_eq!(pair["rejected"][0]["tool_calls"][0]["function"]["name"], "cancel_membership");

    let label = &rows(&desk.path("out/labels.jsonl"))[0];
    let shown = &desk.json(&["show", "shop-1", "--json"])[0];
    assert_eq!(label["first_failure_span_id"], shown["transcript"][4]["span_id"]);
    assert_eq!(label["corrections"][0]["schema_ok"], true);

    let case = &rows(&desk.path("out/cases.jsonl"))[0];
    assert_eq!(case["acceptable"].as_array().unwrap().len(), 2);
    assert_eq!(desk.json(&["events", "--json"]).last().unwrap()["kind"], "export");
}

#[test]
fn the_same_labels_give_the_same_bytes_and_nothing_is_overwritten() {
    let desk = judged();
    desk.ok(&["export", "a", "--format", FORMATS]);
    desk.ok(&["export", "b", "--format", FORMATS]);
    for name in ["labels.jsonl", "openai-sft.jsonl", "trl-preference.jsonl", "cases.jsonl"] {
        let read = |folder: &str| std::fs::read(desk.path(folder).join(name)).unwrap();
        assert_eq!(read("a"), read("b"), "{name}");
    }
    assert_ne!(
        std::fs::read(desk.path("a/manifest.json")).unwrap(),
        std::fs::read(desk.path("b/manifest.json")).unwrap()
    );
    let before = std::fs::read(desk.path("a/labels.jsonl")).unwrap();
    assert_eq!(desk.run(&["export", "a", "--format", "labels"]).code, 4);
    assert_eq!(std::fs::read(desk.path("a/labels.jsonl")).unwrap(), before);
    symlink(desk.path("b"), desk.path("link")).unwrap();
    assert_eq!(desk.run(&["export", "link/", "--format", "cases"]).code, 4);
    symlink(desk.path("elsewhere"), desk.path("c")).unwrap();
    assert_eq!(desk.run(&["export", "c", "--format", "labels"]).code, 4);
    assert!(!desk.path("elsewhere").exists());
    desk.write("f", "");
    assert_eq!(desk.run(&["export", "f", "--format", "labels"]).code, 4);
}

#[test]
fn a_dry_run_and_an_empty_export_write_nothing() {
    let desk = judged();
    let ran = desk.run(&["export", "out", "--format", FORMATS, "--dry-run"]);
    assert_eq!(ran.code, 0);
    assert!(ran.err.contains("nothing was written") && ran.err.contains("labels.jsonl: 1 row,"), "{ran:?}");
    let ran = desk.run(&["export", "out", "--format", "labels", "--where", "verdict:pass"]);
    assert_eq!(ran.code, 1);
    assert!(!desk.path("out").exists());
    assert!(!desk.ok(&["events"]).contains("export"));
}

#[test]
fn labels_that_are_not_settled_are_left_out_with_a_reason() {
    let desk = judged();
    desk.ok(&["--reviewer", "mia", "label", "shop-1", "--pass"]);
    let ran = desk.run(&["export", "out", "--format", "labels"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("disputed"), "{ran:?}");
    desk.ok(&["--reviewer", "mia", "undo"]);
    desk.ok(&["--reviewer", "mia", "label", "shop-1", "--fail", "--no-step"]);
    desk.ok(&["export", "out", "--format", "labels"]);
    let row = &rows(&desk.path("out/labels.jsonl"))[0];
    let reviewers: Vec<&Value> = row["labels"].as_array().unwrap().iter().map(|label| &label["reviewer"]).collect();
    assert_eq!(reviewers, ["lee", "mia"]);
}

#[test]
fn corrections_of_every_kind_are_accepted_and_contradictions_are_not() {
    let desk = imported();
    let label = |flags: &[&str]| {
        let mut arguments = vec!["label", "shop-1"];
        arguments.extend(flags);
        desk.run(&arguments)
    };
    let fail = ["--fail", "--step", "5"];
    for flags in [
        &["--no-call"][..],
        &["--no-call", "--reply", "Which one?"],
        &["--ask", "Which one?"],
        &["--hand-off", "two cards"],
        &["--hand-off", "two cards", "--reply", "A colleague will write."],
        &["--reply", "I can't do that."],
        &["--tool", "cancel_order", "--args", "{}", "--remainder-valid"],
    ] {
        assert_eq!(label(&[&fail[..], flags].concat()).code, 0, "{flags:?}");
    }
    for flags in [
        &["--fail"][..],
        &["--pass", "--fail", "--no-step"],
        &["--fail", "--step", "99"],
        &["--fail", "--step", "5", "--no-step"],
        &["--fail", "--step", "5", "--severity", "5"],
        &["--fail", "--step", "5", "--tool", "cancel_order", "--args", "{\"order"],
        &["--fail", "--step", "5", "--tool", "cancel_order", "--args", "[1]"],
        &["--fail", "--step", "5", "--args", "{}"],
        &["--fail", "--step", "5", "--tool", "x", "--ask", "y"],
        &["--fail", "--step", "5", "--remainder-valid"],
        &["--fail", "--no-step", "--tool", "cancel_order"],
        &["--fail", "--step", "5", "--mode", "→"],
        &["--pass", "--mode", "loop"],
        &["--skip", "--note", "later"],
    ] {
        let ran = label(flags);
        assert_eq!(ran.code, 2, "{flags:?}: {ran:?}");
    }
    assert_eq!(desk.run(&["label", "nobody", "--pass"]).code, 1);
}

/// No door lets personal data out, unless it was asked for; and then the log says so.
#[test]
fn every_door_masks() {
    let desk = judged();
    desk.ok(&["export", "out", "--format", FORMATS]);
    let mut said: Vec<(String, String)> = [
        &["list"][..],
        &["list", "--json"],
        &["list", "--csv"],
        &["show", "shop-1"],
        &["show", "shop-1", "--json"],
        &["events"],
        &["events", "--json"],
        &["tools", "--json"],
    ]
    .iter()
    .map(|arguments| (arguments.join(" "), desk.ok(arguments)))
    .collect();
    for entry in std::fs::read_dir(desk.path("out")).unwrap() {
        let path = entry.unwrap().path();
        said.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
    }
    for (place, text) in &said {
        for personal in PERSONAL {
            assert!(!text.contains(personal), "{personal} in {place}: {text}");
        }
    }
    let exported = std::fs::read_to_string(desk.path("out/openai-sft.jsonl")).unwrap();
    let shown = desk.ok(&["show", "shop-1", "--json"]);
    let pseudonym = exported.split("<EMAIL-").nth(1).and_then(|rest| rest.split('>').next()).unwrap();
    assert!(shown.contains(&format!("<EMAIL-{pseudonym}>")), "the same value has the same pseudonym everywhere");

    for arguments in [&["show", "shop-1", "--json", "--unmasked"][..], &["events", "--json", "--unmasked"]] {
        assert!(desk.ok(arguments).contains(PERSONAL[0]), "{arguments:?}");
    }
    assert_eq!(desk.run(&["export", "raw", "--format", "labels", "--keep-personal-data", " "]).code, 2);
    desk.ok(&["export", "raw", "--format", "openai-sft", "--keep-personal-data", "the customer asked for it"]);
    assert!(std::fs::read_to_string(desk.path("raw/openai-sft.jsonl")).unwrap().contains(PERSONAL[0]));
    let events = desk.json(&["events", "--json"]);
    let kinds: Vec<&str> = events.iter().filter_map(|event| event["kind"].as_str()).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "unmask").count(), 2);
    assert_eq!(events.last().unwrap()["body"]["unmasked_reason"], "the customer asked for it");
}

#[test]
fn template_tokens_are_exported_exactly_with_a_warning() {
    let Some(file) = shared("hostile/export/X03-template-tokens.jsonl") else { return };
    let desk = Desk::new();
    desk.ok(&["import", file.to_str().unwrap()]);
    let listed = desk.json(&["list", "--json"]);
    for row in &listed {
        desk.ok(&["label", row["id"].as_str().unwrap(), "--pass"]);
    }
    let ran = desk.run(&["export", "out", "--format", "openai-sft"]);
    assert!(ran.err.contains("chat template"), "{ran:?}");
    let written = rows(&desk.path("out/openai-sft.jsonl"));
    assert_eq!((listed.len(), written.len()), (5, 5));
    let first = |source: &Value| source["messages"][0]["content"].as_str().unwrap().to_owned();
    let mut given: Vec<String> = rows(&file).iter().map(first).collect();
    let mut got: Vec<String> = written.iter().map(first).collect();
    given.sort();
    got.sort();
    assert_eq!(given, got);
}

#[test]
fn an_export_goes_where_it_was_told_or_nowhere() {
    let Some(file) = shared("hostile/export/X04-file-names.txt") else { return };
    let desk = imported();
    desk.ok(&["label", "shop-1", "--pass"]);
    let names = std::fs::read_to_string(file).unwrap();
    // Names that lead elsewhere on purpose are the caller's; these are the ones that must stay single names.
    for name in
        names.lines().filter(|name| !name.is_empty() && !name.starts_with(['/', '-', '.']) && !name.contains('/'))
    {
        let before: Vec<_> = std::fs::read_dir(desk.path("")).unwrap().map(|e| e.unwrap().file_name()).collect();
        let ran = desk.run(&["export", name, "--format", "labels"]);
        let after: Vec<_> = std::fs::read_dir(desk.path("")).unwrap().map(|e| e.unwrap().file_name()).collect();
        let new: Vec<_> = after.iter().filter(|entry| !before.contains(entry)).collect();
        match ran.code {
            0 => assert!(new.len() == 1 && new[0] == name, "{name:?}: {new:?}"),
            4 | 6 => assert!(new.is_empty(), "{name:?}: {new:?}"),
            other => panic!("{name:?}: {other} {ran:?}"),
        }
        assert!(is_plain(&ran.err), "{ran:?}");
    }
}

/// Nothing a terminal would obey, hide or reorder leaves by any text output.
fn is_plain(text: &str) -> bool {
    text.chars().all(|c| {
        c == '\n'
            || !(c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c))
    })
}

#[test]
fn scores_go_back_to_langfuse_under_the_ids_it_gave() {
    let desk = Desk::new();
    let (trace, observation) = ("0b1c2d3e-4f50-4617-8283-94a5b6c7d8e9", "5d6e7f80-1122-4334-8455-66778899aabb");
    let row = json!({
        "id": trace, "projectId": "p1", "timestamp": "2026-11-02T09:00:00.000Z", "name": "support", "metadata": {}, "scores": [],
        "observations": [{
            "id": observation, "traceId": trace, "type": "GENERATION", "name": "chat", "level": "DEFAULT",
            "startTime": "2026-11-02T09:00:00.000Z", "endTime": "2026-11-02T09:00:01.000Z",
            "input": [{"role": "user", "content": "Where is my tent?"}], "output": {"role": "assistant", "content": "On its way."},
        }],
    });
    desk.write("langfuse.jsonl", &format!("{row}\n"));
    desk.ok(&["import", "langfuse.jsonl"]);
    let listed = desk.json(&["list", "--json"]);
    let id = listed[0]["id"].as_str().unwrap();
    desk.ok(&["label", id, "--fail", "--step", "2", "--reply", "It arrives on Friday."]);
    desk.ok(&["export", "out", "--format", "langfuse-scores"]);
    let rows = rows(&desk.path("out/langfuse-scores.jsonl"));
    assert_eq!(rows.len(), 2);
    for row in rows {
        assert_eq!((&row["traceId"], &row["observationId"]), (&json!(trace), &json!(observation)));
    }
}

#[test]
fn hostile_rows_leave_rows_out_and_never_fail_an_export() {
    let desk = Desk::new();
    let call = |arguments: &str| {
        json!({"role": "assistant", "content": null, "tool_calls":
        [{"id": "c1", "type": "function", "function": {"name": "look", "arguments": arguments}}]})
    };
    let answer = json!({"role": "tool", "tool_call_id": "c1", "content": "{}"});
    let parts: [(&str, Vec<Value>); 4] = [
        (
            "huge",
            vec![
                json!({"role": "user", "content": "hi"}),
                call("{\"n\":1e400}"),
                answer.clone(),
                json!({"role": "assistant", "content": "ok"}),
            ],
        ),
        ("first", vec![json!({"role": "assistant", "content": "Hello, how can I help?"})]),
        ("blank", vec![json!({"role": "user", "content": " "}), json!({"role": "assistant", "content": "Yes?"})]),
        (
            "drawn",
            vec![
                json!({"role": "user", "content": "'=1 \u{1b}[31m \u{202e} \"q\""}),
                json!({"role": "assistant", "content": "Fine."}),
            ],
        ),
    ];
    let rows = parts.map(|(id, messages)| {
        let tools = json!([{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]);
        json!({"conversation_id": id, "messages": messages, "tools": tools}).to_string()
    });
    desk.write("odd.jsonl", &rows.join("\n"));
    desk.ok(&["import", "odd.jsonl"]);
    for (id, ..) in [("huge", 0), ("first", 0), ("blank", 0), ("drawn", 0)] {
        desk.ok(&["label", id, "--pass"]);
    }
    let listed = desk.ok(&["formats", "--export"]);
    for format in listed.lines().filter_map(|line| line.split_whitespace().next()) {
        let ran = desk.run(&["export", &format!("out-{format}"), "--format", format]);
        let nothing = ran.err.contains("nothing to export");
        assert!(ran.code == 0 || nothing, "{format}: {}", ran.err);
    }
    let told = desk.ok(&["export", "again", "--format", "trl-sft", "--json"]);
    assert!(
        told.contains("hold numbers or keys that this format cannot carry") || told.contains("are no JSON"),
        "{told}"
    );
}
