//! The command line against odd surroundings and hostile data: exit codes, closed pipes, escapes, formulas.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "support/desk.rs"]
mod desk;

use std::io::Read as _;
use std::process::Stdio;

use desk::{Desk, ran, rows, shared, wrong_tool};
use serde_json::Value;

fn imported() -> Desk {
    let desk = Desk::new();
    desk.write("shop.jsonl", &wrong_tool());
    desk.ok(&["import", "shop.jsonl"]);
    desk
}

#[test]
fn exit_codes_tell_outcomes_apart() {
    let desk = imported();
    assert_eq!(desk.run(&["list", "--order", "sideways"]).code, 2);
    assert_eq!(desk.run(&["list", "--where", "verdct:none"]).code, 2);
    assert_eq!(desk.run(&["show", "nobody"]).code, 1);
    assert_eq!(desk.run(&["import", "not-there.jsonl"]).code, 1);
    desk.write("bad.jsonl", "{\"conversation_id\": \n");
    let ran = desk.run(&["import", "bad.jsonl"]);
    assert_eq!(ran.code, 3);
    assert!(ran.err.contains("bad.jsonl:"), "{ran:?}");
    assert_eq!(desk.run(&["--workspace", "missing", "list"]).code, 1);
    std::fs::create_dir(desk.path("foreign")).unwrap();
    desk.write("foreign/aftercall.db", "not a database at all, but long enough to look at");
    assert_eq!(desk.run(&["--workspace", "foreign", "list"]).code, 4);
    assert!(!desk.path("missing").exists());
}

#[test]
fn a_damaged_journal_is_found_and_rebuilt() {
    let desk = imported();
    desk.ok(&["label", "shop-1", "--pass"]);
    assert_eq!(desk.run(&["verify"]).code, 0);
    let journal = walk_for(&desk.path("data/aftercall/workspace/journal"), "jsonl").unwrap();
    let text = std::fs::read_to_string(&journal).unwrap();
    std::fs::write(&journal, text.replace("\"pass\"", "\"fail\"")).unwrap();
    let ran = desk.run(&["verify"]);
    assert_eq!(ran.code, 8, "{ran:?}");
    desk.run(&["rebuild", "journals"]);
    assert_eq!(desk.run(&["verify"]).code, 0);
}

fn walk_for(folder: &std::path::Path, extension: &str) -> Option<std::path::PathBuf> {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                return Some(path);
            }
        }
    }
    None
}

#[test]
fn places_that_cannot_be_are_refused_and_nothing_is_written() {
    let desk = Desk::new();
    let refused = |change: &dyn Fn(&mut std::process::Command)| {
        let mut command = desk.command(&["list"]);
        change(&mut command);
        let ran = ran(&command.output().unwrap());
        assert_eq!(ran.code, 4, "{ran:?}");
        assert_eq!(ran.err.lines().count(), 1, "{ran:?}");
    };
    refused(&|command| {
        command.env_remove("HOME").env_remove("XDG_DATA_HOME");
    });
    refused(&|command| {
        command.env("XDG_DATA_HOME", "data");
    });
    refused(&|command| {
        command.env("XDG_STATE_HOME", "./state");
    });
    desk.write("file", "");
    refused(&|command| {
        command.env("XDG_DATA_HOME", desk.path("file"));
    });
    let mut left: Vec<_> = std::fs::read_dir(desk.path(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["config", "data", "file", "home", "state"]);
}

#[test]
fn settings_that_cannot_be_meant_are_one_line_with_their_place() {
    let desk = imported();
    for (text, line, word) in [("ascii = 3\n", 1, "ascii"), ("\ncolour = \"red\"\n", 2, "colour"), ("a = \n", 1, "")] {
        let path = desk.write("config/aftercall/config.toml", text);
        let ran = desk.run(&["list"]);
        assert_eq!(ran.code, 2);
        assert!(ran.err.starts_with(&format!("aftercall: {}:{line}: ", path.display())), "{ran:?}");
        assert!(ran.err.contains(word) && ran.err.lines().count() == 1, "{ran:?}");
    }
    desk.write("config/aftercall/config.toml", "reviewer = \"ana\"\n");
    desk.ok(&["label", "shop-1", "--pass"]);
    assert_eq!(desk.json(&["events", "--json"])[0]["reviewer"], "ana");
}

#[test]
fn a_closed_pipe_is_a_quiet_end_and_a_full_disk_is_not() {
    let desk = imported();
    let mut child =
        desk.command(&["show", "shop-1", "--json"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!((child.wait().unwrap().code(), err.as_str()), (Some(0), ""));
    if let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") {
        let ran = ran(&desk.command(&["list", "--json"]).stdout(full).output().unwrap());
        assert_eq!(ran.code, 6);
        assert_eq!(ran.err.lines().count(), 1);
    }
}

#[test]
fn the_screen_without_a_terminal_names_the_other_way() {
    let desk = imported();
    for arguments in [&[][..], &["review"], &["demo"]] {
        let ran = desk.run(arguments);
        assert_eq!(ran.code, 4, "{ran:?}");
        assert!(ran.err.contains("aftercall list"), "{ran:?}");
    }
}

#[test]
fn the_demo_is_filled_keeps_its_labels_and_starts_over_without_losing_any() {
    let desk = Desk::new();
    let ran = desk.run(&["demo"]);
    assert!(ran.err.contains("data/aftercall/demo") && ran.err.contains("export"), "{ran:?}");
    let demo = desk.path("data/aftercall/demo");
    let demo = demo.to_str().unwrap();
    let judged = desk.json(&["--workspace", demo, "list", "--json", "--where", "verdict:pass,fail"]);
    assert_eq!(judged.len(), 2);
    assert!(judged.iter().all(|row| row["reviewers"] == serde_json::json!(["demo"])));
    assert!(desk.json(&["--workspace", demo, "list", "--json"]).len() >= 40);
    assert!(desk.ok(&["--workspace", demo, "codebook"]).contains("wrong-tool"));
    desk.ok(&["--workspace", demo, "label", "lk-1001", "--unsure"]);
    desk.run(&["demo"]);
    assert_eq!(desk.json(&["--workspace", demo, "list", "--json", "--where", "verdict:unsure"]).len(), 1);
    desk.run(&["demo", "--fresh"]);
    assert_eq!(desk.json(&["--workspace", demo, "list", "--json", "--where", "verdict:unsure"]).len(), 0);
    let old = desk.path("data/aftercall/demo-1");
    let old = desk.json(&["--workspace", old.to_str().unwrap(), "list", "--json", "--where", "verdict:unsure"]);
    assert_eq!(old.len(), 1);
    desk.ok(&["--workspace", demo, "export", "out", "--format", "labels,openai-sft,trl-preference,cases"]);
}

/// Nothing a terminal would obey, hide or reorder leaves by any text output.
fn is_plain(text: &str) -> bool {
    text.chars().all(|c| {
        c == '\n'
            || !(c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c))
    })
}

#[test]
fn escapes_in_every_field_leave_escaped() {
    let Some(folder) = shared("hostile/text") else { return };
    let desk = Desk::new();
    desk.run(&["import", folder.to_str().unwrap()]);
    let listed = desk.json(&["list", "--json"]);
    assert!(listed.len() > 15, "{}", listed.len());
    for arguments in
        [&["list"][..], &["list", "--json"], &["list", "--csv"], &["list", "--find", "order"], &["tools"], &["events"]]
    {
        let text = desk.ok(arguments).replace("\r\n", "\n");
        assert!(is_plain(&text), "{arguments:?}");
    }
    let odd = listed.iter().find(|row| row["external_id"] == "id\u{1b}[2J").expect("T18 is there, and exact");
    let id = odd["id"].as_str().unwrap();
    for arguments in [&["show", id][..], &["show", id, "--json"]] {
        assert!(is_plain(&desk.ok(arguments)), "{arguments:?}");
    }
    let shown: Value = serde_json::from_str(&desk.ok(&["show", id, "--json"])).unwrap();
    assert_eq!(shown["transcript"][1]["tool"], "look\u{1b}[31mup");
    let ran = desk.run(&["label", "id\u{1b}[2J", "--fail", "--step", "\u{1b}[2J"]);
    assert!(ran.code == 2 && is_plain(&ran.err), "{ran:?}");
    let ran = desk.run(&["show", "no\u{1b}]0;x\u{7}body"]);
    assert!(ran.code == 1 && is_plain(&ran.err), "{ran:?}");
    let ran = desk.run(&["list", "--order", "\u{1b}[2J"]);
    assert!(ran.code == 2 && is_plain(&ran.err), "{ran:?}");
}

#[test]
fn formulas_are_text_in_csv() {
    let Some(file) = shared("hostile/export/X01-formulas.jsonl") else { return };
    let desk = Desk::new();
    desk.ok(&["import", file.to_str().unwrap()]);
    let csv = desk.ok(&["list", "--csv"]);
    assert!(csv.lines().count() > 20);
    for cell in csv.split("\r\n").flat_map(|line| line.split("\",\"")) {
        let cell = cell.trim_start_matches('"').trim_start();
        assert!(!cell.starts_with(['=', '+', '-', '@']), "{cell}");
    }
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
