//! Commands over what is stored: search, conflicts and segments, as a person or a script would use them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on should stop")]

#[path = "support/home.rs"]
mod home;

use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use aftercall::engine::request::{EngineMessage, Opened, Reply, Request, Ticket};
use aftercall::engine::{Engine, EngineSetup, system_clock};
use aftercall::model::act::{Act, Judgement, Subject};
use aftercall::model::id::ConversationId;
use aftercall::model::label::{LabelState, Verdict};
use aftercall::ops::workspace::Identity;
use home::{Home, SMALL, sample};
use serde_json::{Value, json};

fn chat(id: &str, said: &[&str]) -> String {
    let turn =
        |(at, text): (usize, &&str)| json!({"role": if at % 2 == 0 { "user" } else { "assistant" }, "content": text});
    let messages: Vec<Value> = said.iter().enumerate().map(turn).collect();
    format!("{}\n", json!({"id": id, "messages": messages}))
}

fn found(home: &Home, arguments: &[&str]) -> Vec<(String, Value, String)> {
    let all = [&["search", "--json"], arguments].concat();
    let hit = |hit: Value| {
        let text = |name: &str| hit[name].as_str().unwrap().to_owned();
        (text("external_id"), hit["step"].clone(), text("part"))
    };
    home.lines(&all).into_iter().map(hit).collect()
}

#[test]
fn search_finds_words_phrases_and_beginnings_wherever_they_were_said() {
    let home = Home::new();
    home.import(
        &[
            chat("a", &["My parcel is late", "The refund was refused", "Why was the REFUND refused?"]),
            chat("b", &["Das Paket ist spät. Rückgabe?", "Refunds take a week"]),
            SMALL.to_owned(),
        ]
        .concat(),
    );
    let at = |name: &str, step: u32, part: &str| (name.to_owned(), json!(step), part.to_owned());
    assert_eq!(
        found(&home, &["refund"]),
        [
            // The intent of this one: no step says so.
            ("t-1".to_owned(), Value::Null, "about".to_owned()),
            at("a", 2, "text"),
            at("a", 3, "text"),
        ]
    );
    assert_eq!(found(&home, &["refund*", "--steps", "1"]).len(), 3);
    assert_eq!(found(&home, &["\"refund was\""]), [at("a", 2, "text")]);
    assert_eq!(found(&home, &["ruckgabe", "SPAT"]), [at("b", 1, "text")]);
    assert_eq!(found(&home, &["\"late the\""]), [], "words of two steps are no phrase");
    assert_eq!(found(&home, &["cancel_order", "LF-1"])[0], at("t-1", 1, "text"));
    assert_eq!(found(&home, &["refund", "--where", "-intent:refund", "--limit", "1"]), [at("a", 2, "text")]);
    assert_eq!(found(&home, &["refund OR NEAR( --"]), []);
    let hit = &home.lines(&["search", "--json", "\"was the refund\""])[0];
    assert_eq!((&hit["snippet"], &hit["marks"]), (&json!("Why was the REFUND refused?"), &json!([[4, 18]])));
    assert_eq!((&hit["role"], &hit["schema_version"]), (&json!("user"), &json!(1)));
    let ran = home.run(&["search", "refused"]);
    assert!(ran.out.contains("The refund was [refused]") && ran.err.contains("2 hits"), "{ran:?}");
}

#[test]
fn search_masks_what_it_shows_and_refuses_what_cannot_be_found() {
    let home = Home::new();
    home.import(SMALL);
    let hits = home.lines(&["search", "--json", "petrov"]);
    assert!(!hits.is_empty());
    for hit in &hits {
        assert!(!hit.to_string().contains("petrov"), "{hit}");
        assert_eq!(hit["marks"], json!([]), "a hit within what is masked marks nothing");
    }
    let ran = home.run(&["search", "--unmasked", "petrov"]);
    assert!(ran.out.contains("ana.[petrov]@example.com"), "{ran:?}");
    assert!(home.ok(&["events", "--json"]).contains("\"place\":\"search\""), "showing it is recorded");
    for (query, code) in [("--json", 2), ("\" * ;", 2), ("x --where=nonsense:1", 2)] {
        let ran = home.run(&[&["search"], &query.split(' ').collect::<Vec<_>>()[..]].concat());
        assert_eq!(ran.code, code, "{query}: {ran:?}");
    }
    // Escapes of JSON do not hide a word, and a text that tries to command the terminal does not.
    home.import(&chat("x", &["hi \u{1b}[2J there", "ok"]));
    assert!(!home.ok(&["search", "there"]).contains('\u{1b}'));
}

#[test]
fn of_two_texts_one_is_kept_and_the_decision_can_be_turned_around() {
    let home = Home::new();
    home.import(&chat("k-1", &["Hello", "Hi, what can I do?", "Cancel LF-9", "Done"]));
    home.ok(&["label", "k-1", "--pass"]);
    let file = home.file("later.jsonl", &chat("k-1", &["Hello", "Hi, what can I do?", "Refund LF-9", "Done"]));
    let ran = home.run(&["import", &file, "--source", "test"]);
    assert_eq!(ran.code, 3, "{ran:?}");

    let listed = home.lines(&["conflicts", "--json"]);
    assert_eq!(listed.len(), 1);
    let row = &listed[0];
    assert_eq!((&row["external_id"], &row["first_difference"], &row["labels"]), (&json!("k-1"), &json!(3), &json!(1)));
    assert_eq!((&row["ours"]["steps"], &row["settled"]), (&json!(4), &json!(false)));
    let shown = home.ok(&["conflicts", "show", "k-1"]);
    assert!(shown.contains("-   │ Cancel LF-9") && shown.contains("+   │ Refund LF-9"), "{shown}");
    assert!(shown.contains("=   2 assistant") && !shown.contains("- 4"), "{shown}");
    let shown = home.json(&["conflicts", "show", row["id"].as_str().unwrap(), "--json"]);
    assert_eq!(shown["theirs_transcript"][2]["text"], "Refund LF-9");

    let settled = home.json(&["conflicts", "keep", "k-1", "--theirs", "--json"]);
    assert_eq!((&settled["kept"], &settled["stale_labels"]), (&json!("theirs"), &json!(1)));
    let now = home.json(&["show", "k-1", "--json"]);
    assert_eq!(now["transcript"][2]["text"], "Refund LF-9");
    assert_eq!((&now["label_state"], &now["transcript_hash"]), (&json!("stale"), &row["theirs"]["transcript_hash"]));
    assert_eq!(home.lines(&["list", "--json", "--find", "refund"]).len(), 1, "the full text follows");
    assert_eq!(home.lines(&["list", "--json", "--find", "cancel"]).len(), 0);
    let event = home.lines(&["events", "--json"]).pop().unwrap();
    assert_eq!((&event["kind"], &event["body"]["kept"]), (&json!("conflict"), &json!("theirs")));
    assert_eq!(event["body"]["other"], row["ours"]["transcript_hash"]);

    // Neither file brings the question back.
    assert!(home.lines(&["conflicts", "--json"]).is_empty());
    home.ok(&["import", &file, "--source", "test"]);
    let first = home.file("first.jsonl", &chat("k-1", &["Hello", "Hi, what can I do?", "Cancel LF-9", "Done"]));
    home.run(&["import", &first, "--source", "test"]);
    assert!(home.lines(&["conflicts", "--json"]).is_empty());
}

#[test]
fn a_settled_conflict_stays_settled_and_keeping_ours_changes_no_text() {
    let home = Home::new();
    let (ours, theirs) = (chat("k-2", &["One", "Two"]), chat("k-2", &["One", "Three"]));
    home.import(&ours);
    home.ok(&["label", "k-2", "--pass"]);
    let (first, second) = (home.file("ours.jsonl", &ours), home.file("theirs.jsonl", &theirs));
    home.run(&["import", &second, "--source", "test"]);
    let ran = home.run(&["conflicts", "keep", "k-2", "--ours"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(home.json(&["show", "k-2", "--json"])["label_state"], "labelled");
    for file in [&second, &first, &second] {
        // Decided once; the text that lost is no news, and nothing to stop a nightly import for.
        home.ok(&["import", file, "--source", "test"]);
        assert!(home.lines(&["conflicts", "--json"]).is_empty());
    }
    let all = home.lines(&["conflicts", "--all", "--json"]);
    assert_eq!((all.len(), &all[0]["settled"]), (1, &json!(true)));
    // Turned around, and around again.
    home.ok(&["conflicts", "keep", "k-2", "--theirs"]);
    assert_eq!(home.json(&["show", "k-2", "--json"])["transcript"][1]["text"], "Three");
    home.ok(&["conflicts", "keep", "k-2", "--theirs"]);
    assert_eq!(home.json(&["show", "k-2", "--json"])["transcript"][1]["text"], "Two");
    assert_eq!(home.json(&["show", "k-2", "--json"])["label_state"], "labelled");
    home.run(&["import", &second, "--source", "test"]);
    assert!(home.lines(&["conflicts", "--json"]).is_empty());
    // What is wrong is said.
    assert_eq!(home.run(&["conflicts", "keep", "k-2"]).code, 2);
    assert_eq!(home.run(&["conflicts", "show", "nothing"]).code, 1);
    home.ok(&["verify"]);
}

#[test]
fn segments_follow_the_file_and_without_it_are_what_was_imported() {
    let home = Home::new();
    let refund = r#"{"id":"s-1","metadata":{"queue_name":"Rückerstattung","customer.tier":"GOLD"},"messages":[{"role":"user","content":"I want my money back"},{"role":"assistant","content":"ok"}]}"#;
    let other = r#"{"id":"s-2","metadata":{"intent":"rfnd"},"messages":[{"role":"user","content":"Where is it?"},{"role":"assistant","content":"Money, back? No."}]}"#;
    home.import(&format!("{refund}\n{other}\n"));
    let rows = |home: &Home, segment: &str| -> Vec<(Value, u64)> {
        let all = home.lines(&["segments", "--json"]);
        let of = all.into_iter().filter(|row| row["segment"] == segment);
        of.map(|row| (row["value"].clone(), row["conversations"].as_u64().unwrap())).collect()
    };
    let before = home.ok(&["segments", "--json"]);
    assert_eq!(rows(&home, "intent"), [(json!("rfnd"), 1), (Value::Null, 1)]);
    home.ok(&["segments", "init"]);
    assert_eq!(home.run(&["segments", "init"]).code, 4, "what is there is left alone");
    home.ok(&["segments", "apply"]);
    assert_eq!(home.ok(&["segments", "--json"]), before, "the file to start from changes nothing");

    let file = home.workspace().join("segments.toml");
    let write = |text: &str| std::fs::write(&file, text).unwrap();
    write(concat!(
        "[intent]\nvalues = { RFND = \"refund\" }\n[[intent.keywords]]\nvalue = \"refund\"\nany = [\"money back\", \"refund*\"]\n",
        "[channel]\nattributes = [\"queue_name\"]\notherwise = \"web\"\n[tier]\nvalues = { gold = \"Gold\" }\n",
    ));
    let ran = home.run(&["segments"]);
    assert!(ran.err.contains("has changed since it was applied"), "{ran:?}");
    let applied = home.json(&["segments", "apply", "--json"]);
    assert_eq!((&applied["conversations"], &applied["changed"]), (&json!(2), &json!(2)));
    assert_eq!(home.json(&["segments", "apply", "--json"])["changed"], json!(0));
    assert_eq!(rows(&home, "intent"), [(json!("refund"), 2)]);
    assert_eq!(rows(&home, "channel"), [(json!("Rückerstattung"), 1), (json!("web"), 1)]);
    assert_eq!(rows(&home, "tier"), [(json!("Gold"), 1), (Value::Null, 1)]);
    assert_eq!(home.lines(&["list", "--json", "--where", "intent:refund"]).len(), 2);
    assert_eq!(home.json(&["show", "s-2", "--json"])["intent"], "refund");
    assert_eq!(home.lines(&["search", "--json", "ruckerstattung"]).len(), 1, "the full text follows");
    assert!(!home.run(&["segments"]).err.contains("has changed"));
    // What comes in follows at once, and the same file again is nothing new.
    home.import(&format!("{refund}\n{other}\n{}", chat("s-3", &["A refund please", "No"])));
    assert_eq!(rows(&home, "intent"), [(json!("refund"), 3)]);
    assert_eq!(home.json(&["show", "s-1", "--json"])["channel"], "Rückerstattung");

    // A file that is not understood is named with its line; nothing changes, and the rest goes on working.
    write("[intent]\n\nkeyword = 1\n");
    for command in [&["segments"][..], &["segments", "apply"]] {
        let ran = home.run(command);
        assert_eq!(ran.code, 2);
        assert!(ran.err.contains("segments.toml, line 3: unknown field `keyword`"), "{ran:?}");
    }
    assert_eq!(home.run(&["import", &sample("conversations.jsonl")]).code, 0);
    std::fs::remove_file(&file).unwrap();
    home.ok(&["segments", "apply"]);
    assert_eq!(home.json(&["show", "s-2", "--json"])["intent"], "rfnd");
    assert_eq!(home.json(&["show", "s-1", "--json"])["channel"], Value::Null);
}

/// Waits for the answer to a request.
fn answer(engine: &Engine, inlet: &Receiver<EngineMessage>, (ticket, request): (u64, Request)) -> Reply {
    engine.ask(Ticket(ticket), request);
    loop {
        match inlet.recv_timeout(Duration::from_mins(1)).unwrap() {
            EngineMessage::Reply(Ticket(answered), reply) if answered == ticket => return reply,
            _ => {}
        }
    }
}

#[test]
fn a_conflict_while_somebody_reviews_leaves_the_open_text_and_its_label_alone() {
    let home = Home::new();
    home.import(&chat("live", &["Hello", "Hi", "Cancel LF-9", "Done"]));
    let identity = Identity::load("mara", &home.path().join("state")).unwrap();
    let setup = EngineSetup { root: home.workspace(), identity, clock: system_clock };
    let (outlet, inlet) = channel();
    let engine = Engine::start(setup, outlet).unwrap();
    let id = home.json(&["show", "live", "--json"])["id"].as_str().unwrap().to_owned();
    let open = |ticket: u64| {
        let request = Request::Open(ConversationId::from_stored(id.clone()));
        match answer(&engine, &inlet, (ticket, request)) {
            Reply::Opened(opened) => opened,
            other => panic!("{other:?}"),
        }
    };
    let before = open(1);

    // The same conversation comes in with another text while it is open.
    let file = home.file("theirs.jsonl", &chat("live", &["Hello", "Hi", "Refund LF-9", "Done"]));
    assert_eq!(home.run(&["import", &file, "--source", "test"]).code, 3);
    assert_eq!(open(2).conversation, before.conversation, "the stored text stays");
    let judge = |opened: &Opened| {
        let subject = Subject {
            conversation: opened.summary.id.clone(),
            transcript_hash: opened.summary.transcript_hash.clone(),
        };
        Request::Record(Box::new(Act::Judge(Judgement::new(subject, Verdict::Pass))))
    };
    let Reply::Saved(saved) = answer(&engine, &inlet, (3, judge(&before))) else { panic!("not saved") };
    assert_eq!(saved.summary.unwrap().label_state, LabelState::Labelled);

    // A person keeps the other one: what is opened next is that, and the label says that it judged another text.
    home.ok(&["conflicts", "keep", "live", "--theirs"]);
    let after = open(4);
    assert_ne!(after.summary.transcript_hash, before.summary.transcript_hash);
    assert_eq!(after.summary.label_state, LabelState::Stale);
    // A label on the text that was open when it was exchanged is one on that text.
    let Reply::Saved(saved) = answer(&engine, &inlet, (5, judge(&before))) else { panic!("not saved") };
    assert_eq!(saved.summary.unwrap().label_state, LabelState::Stale);
    let Reply::Saved(saved) = answer(&engine, &inlet, (6, judge(&after))) else { panic!("not saved") };
    assert_eq!(saved.summary.unwrap().label_state, LabelState::Labelled);
    engine.join();
}

#[test]
fn a_reference_survives_that_a_conversation_is_put_together_anew_from_more_spans() {
    let home = Home::new();
    let span = |span: &str, name: &str, at: u64| {
        json!({"resourceSpans": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]},
            "scopeSpans": [{"spans": [{
                "traceId": "ab".repeat(16), "spanId": span.repeat(8), "name": name,
                "startTimeUnixNano": format!("{at}000000000"), "endTimeUnixNano": format!("{at}500000000"),
                "attributes": [
                    {"key": "session.id", "value": {"stringValue": "S-1"}},
                    {"key": "gen_ai.span.kind", "value": {"stringValue": "LLM"}},
                    {"key": "llm.input_messages.0.message.role", "value": {"stringValue": "user"}},
                    {"key": "llm.input_messages.0.message.content", "value": {"stringValue": name}}]}]}]}]})
        .to_string()
    };
    let first = home.file("first.jsonl", &format!("{}\n", span("01", "hello", 1_700_000_000)));
    let later = home.file("later.jsonl", &format!("{}\n", span("02", "my order is late", 1_700_000_009)));
    let expected =
        json!({"conversation_id": "S-1", "expected_tool_calls": [{"name": "get_order", "arguments": {"id": "LF-1"}}]});
    let expected = home.file("expected.jsonl", &format!("{expected}\n"));
    home.ok(&["import", &first]);
    home.ok(&["import", "expected", &expected]);
    let reference = |home: &Home| home.json(&["show", "S-1", "--json"])["expected"].clone();
    assert_eq!(reference(&home)[0]["tool"], "get_order");
    home.ok(&["import", &later]);
    assert_eq!(home.json(&["show", "S-1", "--json"])["spans"].as_array().unwrap().len(), 2);
    assert_eq!(reference(&home)[0]["arguments"]["id"], "LF-1");
    home.ok(&["import", &first, &later]);
    assert_eq!(reference(&home)[0]["tool"], "get_order");
}
