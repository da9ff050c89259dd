//! `aftercall report` as a new user runs it: forms, files, weeks, owners, and what hostile texts do to a page.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on should stop")]

#[path = "support/home.rs"]
mod home;

use std::os::unix::fs::PermissionsExt as _;

use home::Home;
use serde_json::{Value, json};

fn chat(id: &str, at: &str, intent: &str) -> String {
    let messages = json!([
        {"role": "user", "content": "Where is my parcel?", "timestamp": at},
        {"role": "assistant", "content": "On its way.", "timestamp": at},
    ]);
    let metadata = json!({"intent": intent, "outcome.resolved": true, "outcome.csat": 4});
    json!({"id": id, "started_at": at, "messages": messages, "metadata": metadata}).to_string()
}

fn imported() -> Home {
    let home = Home::new();
    let lines = [
        chat("a", "2026-11-10T10:00:00Z", "delivery"),
        chat("b", "2026-11-17T10:00:00Z", "delivery"),
        chat("c", "2026-11-18T10:00:00Z", "<script>alert(1)</script>|\u{202e}x"),
    ];
    home.import(&lines.join("\n"));
    home
}

#[test]
fn a_report_is_a_new_private_file_in_three_forms() {
    let home = imported();
    home.ok(&["label", "b", "--fail", "--step", "2", "--mode", "Too late", "--severity", "4", "--owner", "tool"]);
    let out = home.path().join("week.html").display().to_string();
    let said = home.run(&["report", "--week", "W47", "--format", "html", "--out", &out]);
    assert_eq!((said.code, said.out.as_str()), (0, ""), "{said:?}");
    assert!(said.err.contains("2026-W47: 2 conversations, 1 judged; written to"), "{said:?}");
    let page = std::fs::read_to_string(&out).unwrap();
    assert!(page.contains("Too late") && page.contains("default-src 'none'"), "{page}");
    assert!(!page.contains("<script") && !page.contains('\u{202e}'), "{page}");
    assert_eq!(std::fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o600);
    let again = home.run(&["report", "--week", "W47", "--format", "html", "--out", &out]);
    assert_eq!(again.code, 4, "{again:?}");
    let text = home.ok(&["report", "--week", "2026-W47"]);
    assert!(text.starts_with("# Failure review 2026-W47\n") && text.contains("| tool | "), "{text}");
    assert_eq!(text, home.ok(&["report"]), "the newest week is the default");
    let found = home.json(&["report", "--json"]);
    assert_eq!((&found["schema_version"], &found["counts"]["failed"]), (&json!(1), &json!(1)));
    assert_eq!(found["owners"][0]["owner"], "tool");
    assert_eq!(found["figures"]["cost_per_contact"]["value"], Value::Null, "not recorded is not 0");
}

#[test]
fn other_weeks_filters_and_what_is_none() {
    let home = imported();
    let counted = |arguments: &[&str]| home.json(arguments)["counts"]["conversations"].clone();
    assert_eq!(counted(&["report", "--week", "46", "--json"]), 1);
    assert_eq!(counted(&["report", "--from", "2026-11-10", "--to", "2026-11-17", "--json"]), 2);
    assert_eq!(counted(&["report", "--where", "intent:delivery", "--json"]), 1);
    assert_eq!(home.run(&["report", "--week", "W12"]).code, 1);
    assert_eq!(home.run(&["report", "--week", "spring"]).code, 2);
    assert_eq!(home.run(&["report", "--from", "2026-11-17", "--to", "2026-11-10"]).code, 2);
    home.ok(&["session", "start", "Black week", "--quiet"]);
    std::fs::write(home.workspace().join("targets.toml"), "[[target]]\nmetric = \"speed\"\nat_least = 1\n").unwrap();
    let wrong = home.run(&["report"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("targets.toml:1: unknown metric \"speed\""), "{wrong:?}");
}

#[test]
fn an_owner_goes_from_the_label_into_lists_filters_and_exports() {
    let home = imported();
    let label = home.json(&["label", "a", "--fail", "--no-step", "--owner", "policy", "--json"]);
    assert_eq!(label["label"]["owner"], "policy");
    home.ok(&["label", "b", "--fail", "--no-step"]);
    let owned = home.lines(&["list", "--json", "--where", "owner:policy"]);
    assert_eq!((owned.len(), &owned[0]["owners"]), (1, &json!(["policy"])));
    assert_eq!(home.lines(&["list", "--json", "--where", "owner:none"]).len(), 2);
    assert_eq!(home.json(&["show", "a", "--json"])["labels"][0]["owner"], "policy");
    let out = home.path().join("out").display().to_string();
    home.ok(&["export", &out, "--format", "labels", "--where", "owner:policy"]);
    let rows = std::fs::read_to_string(home.path().join("out/labels.jsonl")).unwrap();
    let row: Value = serde_json::from_str(rows.lines().next().unwrap()).unwrap();
    assert_eq!(row["labels"][0]["owner"], "policy");
    assert_eq!(home.run(&["label", "c", "--pass", "--owner", "tool"]).code, 2, "an owner belongs to a fail");
    assert_eq!(home.run(&["label", "c", "--fail", "--no-step", "--owner", "nobody"]).code, 2);
}

/// The tags of a page.
fn tags(page: &str) -> std::collections::BTreeSet<String> {
    let name =
        |part: &str| part.trim_start_matches('/').chars().take_while(|c| c.is_alphanumeric() || *c == '!').collect();
    page.split('<').skip(1).map(name).collect()
}

fn strings(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|one| strings(one, found)),
        Value::Object(members) => members.values().for_each(|one| strings(one, found)),
        _ => {}
    }
}

#[test]
fn whatever_customers_and_tools_wrote_a_page_shows_it_and_obeys_none_of_it() {
    let shared = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/hostile/export");
    let Ok(texts) = std::fs::read_to_string(format!("{shared}/X02-html-markdown.jsonl")) else {
        println!("skipped: ../shared is absent");
        return;
    };
    let plain = imported();
    let ours = tags(&plain.ok(&["report", "--week", "W47", "--format", "html"]));
    // Every string of the file stands where a report shows text: as intent, as tool, as mode and as note.
    let mut found = Vec::new();
    texts.lines().for_each(|line| strings(&serde_json::from_str(line).unwrap(), &mut found));
    assert!(found.len() > 10);
    let home = Home::new();
    let at = "2026-11-17T10:00:00Z";
    let lines: Vec<String> = found
        .iter()
        .enumerate()
        .map(|(n, text)| {
            let call = json!([{"id": "c", "type": "function", "function": {"name": text, "arguments": "{}"}}]);
            let messages = json!([
                {"role": "user", "content": text, "timestamp": at},
                {"role": "assistant", "content": null, "tool_calls": call, "timestamp": at},
                {"role": "tool", "tool_call_id": "c", "content": text},
            ]);
            let metadata = json!({"intent": text, "channel": text, "escalated": true, "escalation_reason": text});
            json!({"id": format!("x{n}"), "started_at": at, "messages": messages, "metadata": metadata}).to_string()
        })
        .collect();
    home.import(&lines.join("\n"));
    for (n, text) in found.iter().enumerate().filter(|(_, text)| text.chars().any(char::is_alphanumeric)).take(12) {
        let (id, text) = (format!("x{n}"), text.replace('\0', ""));
        home.ok(&["label", &id, "--fail", "--step", "2", &format!("--mode={text}"), &format!("--note={text}")]);
    }
    let page = home.ok(&["report", "--format", "html"]);
    let more: std::collections::BTreeSet<String> =
        ["svg", "g", "rect", "text", "title", "line", "circle", "p", "table", "ul", "h3"].map(str::to_owned).into();
    let unknown: Vec<String> = tags(&page).difference(&ours).filter(|tag| !more.contains(*tag)).cloned().collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    let obeyed =
        |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    assert!(!page.contains(obeyed));
    let markdown = home.ok(&["report"]);
    assert!(!markdown.contains(obeyed));
    for line in markdown.lines() {
        assert!(!line.contains('<'), "{line}");
        assert!(!line.replace("\\]", "").contains("]("), "{line}");
    }
}

/// A conversation without a date, in which the agent looks a customer up and refunds too much.
fn undated(id: &str) -> String {
    let call = |id: &str, name: &str, arguments: Value| {
        json!({"role": "assistant", "content": null, "tool_calls": [
            {"id": id, "type": "function", "function": {"name": name, "arguments": arguments.to_string()}}]})
    };
    let profile = json!({"user_id": "mia_li_3668", "name": {"first_name": "Mia", "last_name": "Li"}}).to_string();
    let messages = json!([
        {"role": "user", "content": "This is Mia Li, my blender is broken."},
        call("c1", "get_user", json!({"user_id": "mia_li_3668"})),
        {"role": "tool", "tool_call_id": "c1", "content": profile},
        call("c2", "refund", json!({"user_id": "mia_li_3668", "amount": 90})),
        {"role": "tool", "tool_call_id": "c2", "content": "done"},
    ]);
    json!({"id": id, "messages": messages, "metadata": {"intent": "refund"}}).to_string()
}

#[test]
fn what_has_no_date_stands_at_its_import_and_a_page_of_nothing_says_so() {
    let home = Home::new();
    let chats = home.file("undated.jsonl", &[undated("a"), undated("b")].join("\n"));
    let said = home.run(&["import", &chats]);
    assert!(said.err.contains("new without a date: 2 conversations"), "{said:?}");
    assert!(said.err.contains("2 conversations evaluated"), "{said:?}");
    let found = home.json(&["report", "--json"]);
    assert_eq!((&found["counts"]["conversations"], &found["counts"]["undated"]), (&json!(2), &json!(2)));
    assert!(home.ok(&["report"]).contains("2 of 2 have no date of their own and stand at the day of their import"));
    // What a line of the report lists is what it counts.
    let filter = found["weeks"].as_array().unwrap().last().unwrap()["filter"].as_str().unwrap();
    let listed = |filter: &str| home.lines(&["list", "--json", "--where", filter]).len();
    assert_eq!((listed(filter), listed(&format!("-({filter})")), listed("when:none")), (2, 0, 2));
    let nothing = home.run(&["report", "--from", "2020-01-06", "--to", "2020-01-12"]);
    assert!(nothing.out.contains("*No conversation is of these days: there is nothing here to hand on"), "{nothing:?}");
    assert!(!nothing.out.contains("failures found") || nothing.out.contains("Pass rate"), "{nothing:?}");
    assert!(nothing.err.contains("no conversation is in this report"), "{nothing:?}");
}

#[test]
fn a_session_has_a_report_that_is_understood_without_the_program_and_names_nobody() {
    let home = Home::new();
    home.import(&["a", "b", "c", "d"].map(undated).join("\n"));
    home.ok(&["label", "d", "--fail", "--no-step", "--mode", "Elsewhere"]);
    home.ok(&["session", "start", "Weekly", "--no-queue", "--with", "tess"]);
    let note = "--note=Li got 90 back, mia_li_3668 has two accounts";
    home.ok(&[
        "label",
        "a",
        "--fail",
        "--step",
        "3",
        "--mode",
        "Wrong amount",
        "--severity",
        "3",
        "--tool",
        "refund",
        "--args",
        r#"{"user_id": "mia_li_3668", "amount": 9}"#,
        note,
    ]);
    home.ok(&["label", "b", "--pass"]);
    home.ok(&["label", "c", "--skip"]);
    home.ok(&["session", "park", "c", "--reason", "ask Mia Li again"]);
    home.ok(&[
        "decision",
        "add",
        "Ask before Li is paid",
        "--kind",
        "prompt",
        "--owner",
        "tess",
        "--conversation",
        "a",
    ]);
    let ended = home.run(&["session", "end"]);
    let command = ended.err.split('`').find(|part| part.starts_with("aftercall report --session")).unwrap().to_owned();
    let arguments: Vec<&str> = command.split(' ').skip(1).collect();
    home.ok(&arguments);
    let page = std::fs::read_to_string(home.path().join(arguments.last().unwrap())).unwrap();
    let text = home.ok(&["report", "--session", "Weekly"]);
    assert!(text.starts_with("# Review session Weekly\n\nheld 2"), "{text}");
    for told in [
        "mara, tess took part.",
        "Judged: 2 conversations",
        "1 conversation put on the parking lot, 1 put off",
        "customer wrote: This is",
        "at that step: called refund {",
        "right would have been: call refund {",
        "got 90 back",
        "reason: ask",
        "| tess | open | prompt |",
    ] {
        assert!(text.contains(told) || text.replace('\\', "").contains(told), "{told}: {text}");
    }
    assert!(text.find("## Decisions") < text.find("## Failure modes"), "{text}");
    for name in ["Mia", "Li ", "mia_li", "mia\\_li"] {
        assert!(!text.contains(name) && !page.contains(name), "{name}: {text}");
    }
    let masked = home.ok(&["decision", "list"]) + &home.ok(&["session", "show", "Weekly"]);
    assert!(!masked.contains("Li ") && !masked.contains("Mia"), "{masked}");
    let found = home.json(&["report", "--session", "Weekly", "--json"]);
    assert_eq!((&found["counts"]["judged"], &found["session"]["judged"]), (&json!(2), &json!(2)));
    let modes: Vec<&Value> = found["modes"].as_array().unwrap().iter().map(|row| &row["mode"]).collect();
    assert_eq!(modes, ["wrong-amount"], "what the session did not judge is none of its business");
    assert_eq!(home.lines(&["list", "--json", "--where", found["modes"][0]["filter"].as_str().unwrap()]).len(), 1);
    assert_eq!(home.run(&["report", "--session", "Nobody's"]).code, 1);
    assert_eq!(home.run(&["report", "--session", "Weekly", "--week", "W47"]).code, 2);
}
