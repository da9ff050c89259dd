//! Databases of other programs: Phoenix's, MLflow's, a team's own; damaged and hostile ones.
//!
//! Invariant: a database is the same, byte for byte, after it was read, and so is the folder around it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test: a panic is its way to fail")]

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use aftercall::ingest::{Format, Mapping, ProblemKind, ReadOptions};
use aftercall::model::conversation::Conversation;
use aftercall::ops::import::{ImportError, ImportOptions, ImportReport, database, import};
use aftercall::store::{Access, FILE_NAME, Store};
use rusqlite::Connection;
use serde_json::{Value, json};

fn open(folder: &Path) -> Store {
    Store::open(&folder.join(FILE_NAME), Access::Create).unwrap()
}

fn try_run(store: &mut Store, path: &Path, read: ReadOptions) -> Result<ImportReport, ImportError> {
    let options = ImportOptions { read, ..ImportOptions::default() };
    let report = import(store, &[path.to_owned()], &options, &mut |_| ControlFlow::Continue(()))?;
    assert_eq!(report.read, report.imported + report.unchanged + report.skipped + report.conflicts, "{report:?}");
    Ok(report)
}

fn run(store: &mut Store, path: &Path) -> ImportReport {
    try_run(store, path, ReadOptions::default()).unwrap()
}

fn mapped(text: &str) -> ReadOptions {
    ReadOptions { mapping: Some(Arc::new(Mapping::parse("map.toml", text).unwrap())), ..ReadOptions::default() }
}

fn of(store: &Store, name: &str) -> Conversation {
    store.conversation(&store.resolve(name).unwrap()).unwrap().unwrap()
}

/// Role or tool of each step, and what was said or came back.
fn story(conversation: &Conversation) -> Vec<String> {
    let told = |step: &aftercall::model::step::Step| match &step.content {
        aftercall::model::step::StepContent::Message { role, text, .. } => format!("{role:?}: {}", text.exact()),
        aftercall::model::step::StepContent::ToolCall { tool, arguments, result, .. } => {
            let result = result.as_ref().map_or("-", |result| result.text.exact());
            format!("{}({}) = {result}", tool.exact(), arguments.canonical())
        }
    };
    conversation.steps.iter().map(told).collect()
}

/// The files of a folder with their content.
fn picture(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.is_file()).map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

const STORY: [&str; 3] = [
    "User: Where is BW-204?",
    r#"get_order({"order_id":"BW-204"}) = {"status":"delivered"}"#,
    "Assistant: It was delivered.",
];
const TRACE: &str = "0f803cf57d406ef13431c03b69b4f68d";

/// A database with the tables and columns of Phoenix 20.
fn phoenix(path: &Path) {
    let call = json!([{"tool_call": {"id": "c1", "function": {"name": "get_order", "arguments": "{\"order_id\":\"BW-204\"}"}}}]);
    let asked = json!({"message": {"role": "user", "content": "Where is BW-204?"}});
    let called = json!({"message": {"role": "assistant", "tool_calls": call}});
    let answered = json!({"message": {"role": "tool", "tool_call_id": "c1", "content": "{\"status\":\"delivered\"}"}});
    let said = json!({"message": {"role": "assistant", "content": "It was delivered."}});
    let llm = |input: Value, output: Value| json!({"session": {"id": "bw-77"}, "llm": {"input_messages": input, "output_messages": output}});
    let spans = [
        ("00000000000000a1", None, "agent", "AGENT", 0, json!({"session": {"id": "bw-77"}})),
        ("00000000000000a2", Some("00000000000000a1"), "chat", "LLM", 1, llm(json!([asked]), json!([called]))),
        (
            "00000000000000a3",
            Some("00000000000000a1"),
            "get_order",
            "TOOL",
            2,
            json!({"tool": {"name": "get_order"}, "input": {"value": "{\"order_id\":\"BW-204\"}"},
                "output": {"value": "{\"status\":\"delivered\"}"}}),
        ),
        (
            "00000000000000a4",
            Some("00000000000000a1"),
            "chat",
            "LLM",
            3,
            llm(json!([asked, called, answered]), json!([said])),
        ),
    ];
    let db = Connection::open(path).unwrap();
    db.execute_batch(&format!(
        "PRAGMA journal_mode = WAL;
         CREATE TABLE projects (id INTEGER PRIMARY KEY, name VARCHAR NOT NULL);
         CREATE TABLE project_sessions (id INTEGER PRIMARY KEY, session_id VARCHAR NOT NULL, project_id INTEGER);
         CREATE TABLE traces (id INTEGER PRIMARY KEY, project_rowid INTEGER, trace_id VARCHAR, project_session_rowid INTEGER);
         CREATE TABLE spans (id INTEGER PRIMARY KEY, trace_rowid INTEGER, span_id VARCHAR, parent_id VARCHAR, name VARCHAR,
             span_kind VARCHAR, start_time TIMESTAMP, end_time TIMESTAMP, attributes JSONB, events JSONB,
             status_code VARCHAR, status_message VARCHAR);
         CREATE TABLE span_annotations (id INTEGER PRIMARY KEY, span_rowid INTEGER, name VARCHAR, label VARCHAR, score DOUBLE,
             explanation VARCHAR, metadata JSONB, annotator_kind VARCHAR, identifier VARCHAR DEFAULT '');
         CREATE TABLE trace_annotations (id INTEGER PRIMARY KEY, trace_rowid INTEGER, name VARCHAR, label VARCHAR,
             score DOUBLE, explanation VARCHAR, metadata JSONB, annotator_kind VARCHAR, identifier VARCHAR DEFAULT '');
         CREATE TABLE project_session_annotations (id INTEGER PRIMARY KEY, project_session_id INTEGER, name VARCHAR,
             label VARCHAR, score DOUBLE, explanation VARCHAR, metadata JSONB, annotator_kind VARCHAR, identifier VARCHAR);
         INSERT INTO projects VALUES (1, 'bellwether');
         INSERT INTO project_sessions VALUES (1, 'bw-77', 1);
         INSERT INTO traces VALUES (1, 1, '{TRACE}', 1);
         INSERT INTO span_annotations (span_rowid, name, label, score, explanation, annotator_kind)
             VALUES (4, 'correctness', 'correct', 1.0, 'as the order says', 'LLM');
         INSERT INTO trace_annotations (trace_rowid, name, label, score, annotator_kind)
             VALUES (1, 'resolved', 'yes', 1.0, 'HUMAN');
         INSERT INTO project_session_annotations (project_session_id, name, score, annotator_kind)
             VALUES (1, 'csat', 4.0, 'HUMAN');"
    ))
    .unwrap();
    for (id, parent, name, kind, second, attributes) in spans {
        let at = |part: u32| format!("2026-11-21 05:35:0{second}.{part}00000");
        db.execute(
            "INSERT INTO spans (trace_rowid, span_id, parent_id, name, span_kind, start_time, end_time, attributes, events,
                 status_code, status_message) VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, '[]', 'UNSET', '')",
            rusqlite::params![id, parent, name, kind, at(1), at(4), attributes.to_string()],
        )
        .unwrap();
    }
}

fn is_the_phoenix_story(report: &ImportReport, store: &Store) {
    assert_eq!((report.conversations, report.traces, report.spans, report.scores), (1, 1, 4, 3), "{report:?}");
    assert_eq!((report.problems.len(), report.pending), (0, 0));
    let conversation = of(store, "bw-77");
    assert_eq!((conversation.source.exact(), conversation.spans.len()), ("bellwether", 4));
    let scores: Vec<_> = conversation.scores.iter().map(|score| (score.evaluator.exact(), score.value)).collect();
    assert_eq!(scores, [("csat", Some(4.0)), ("correctness", Some(1.0)), ("resolved", Some(1.0))]);
}

#[test]
fn phoenix_is_read_as_it_is_and_while_it_runs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("phoenix.db");
    phoenix(&path);
    let before = picture(folder.path());
    let workspace = tempfile::tempdir().unwrap();
    let mut store = open(workspace.path());
    let report = run(&mut store, folder.path());
    is_the_phoenix_story(&report, &store);
    assert_eq!((report.files, report.read), (1, 7));
    assert_eq!(story(&of(&store, "bw-77")), STORY);
    let again = run(&mut store, &path);
    assert_eq!((again.imported, again.unchanged, again.scores), (0, 7, 3));
    assert_eq!(picture(folder.path()), before);
    // What a running server has not yet moved from its log into the file is read too.
    let live = Connection::open(&path).unwrap();
    live.execute_batch(
        "PRAGMA wal_autocheckpoint = 0;
         INSERT INTO trace_annotations (trace_rowid, name, score, annotator_kind) VALUES (1, 'late', 0.5, 'CODE');",
    )
    .unwrap();
    let before = picture(folder.path());
    assert!(before.len() > 1, "a log beside it");
    let report = run(&mut store, folder.path());
    assert_eq!((report.files, report.imported, report.unchanged, report.problems.len()), (1, 1, 7, 0));
    assert_eq!(picture(folder.path()), before);
    drop(live);
}

/// A database with the tables and columns of MLflow 3.
fn mlflow(path: &Path) {
    let db = Connection::open(path).unwrap();
    db.execute_batch(
        "CREATE TABLE experiments (experiment_id INTEGER PRIMARY KEY, name VARCHAR(256) NOT NULL);
         CREATE TABLE trace_info (request_id VARCHAR(50) PRIMARY KEY, experiment_id INTEGER, timestamp_ms BIGINT,
             execution_time_ms BIGINT, status VARCHAR(50), session_id VARCHAR(250));
         CREATE TABLE trace_tags (key VARCHAR, value VARCHAR, request_id VARCHAR, PRIMARY KEY (request_id, key));
         CREATE TABLE trace_request_metadata (key VARCHAR, value VARCHAR, request_id VARCHAR, PRIMARY KEY (request_id, key));
         CREATE TABLE spans (trace_id VARCHAR, experiment_id INTEGER, span_id VARCHAR, parent_span_id VARCHAR, name TEXT,
             type VARCHAR, status VARCHAR, start_time_unix_nano BIGINT, end_time_unix_nano BIGINT, content TEXT,
             PRIMARY KEY (trace_id, span_id));
         CREATE TABLE assessments (assessment_id VARCHAR PRIMARY KEY, trace_id VARCHAR, name VARCHAR,
             assessment_type VARCHAR, value TEXT, error TEXT, created_timestamp BIGINT, source_type VARCHAR,
             source_id VARCHAR, span_id VARCHAR, rationale TEXT, valid BOOLEAN, assessment_metadata TEXT);
         INSERT INTO experiments VALUES (1, 'bellwether');
         INSERT INTO trace_info VALUES ('tr-b69b409363df1c539819fe960e679aa4', 1, 1795239304337, 89, 'OK', 'bw-77'),
             ('tr-00000000000000000000000000000abc', 1, 1795239304999, 1, 'OK', NULL);
         INSERT INTO trace_tags VALUES ('intent', 'refund', 'tr-b69b409363df1c539819fe960e679aa4');
         INSERT INTO assessments (assessment_id, trace_id, name, assessment_type, value, created_timestamp, source_type,
             span_id, rationale, valid) VALUES
             ('a-1', 'tr-b69b409363df1c539819fe960e679aa4', 'helpful', 'feedback', 'true', 1, 'HUMAN', NULL, 'Quick.', 1),
             ('a-2', 'tr-b69b409363df1c539819fe960e679aa4', 'right_tool', 'feedback', '0.5', 2, 'CODE',
                 '00000000000000a3', NULL, 1),
             ('a-3', 'tr-b69b409363df1c539819fe960e679aa4', 'expected_tool_calls', 'expectation',
                 '[{\"name\": \"get_order\", \"arguments\": {\"order_id\": \"BW-204\"}}]', 3, 'HUMAN', NULL, NULL, 1);",
    )
    .unwrap();
    let call = json!([{"id": "c1", "type": "function", "function": {"name": "get_order", "arguments": "{\"order_id\":\"BW-204\"}"}}]);
    let asked = json!({"role": "user", "content": "Where is BW-204?"});
    let called = json!({"role": "assistant", "content": null, "tool_calls": call});
    let answered = json!({"role": "tool", "tool_call_id": "c1", "content": "{\"status\":\"delivered\"}"});
    let said = json!({"role": "assistant", "content": "It was delivered."});
    let spans = [
        ("a1", Value::Null, "run", "AGENT", json!({"q": "Where is BW-204?"}), json!("It was delivered.")),
        (
            "a2",
            json!("a1"),
            "chat",
            "CHAT_MODEL",
            json!({"messages": [asked]}),
            json!({"choices": [{"message": called}]}),
        ),
        ("a3", json!("a1"), "get_order", "TOOL", json!({"order_id": "BW-204"}), json!({"status": "delivered"})),
        (
            "a4",
            json!("a1"),
            "chat",
            "CHAT_MODEL",
            json!({"messages": [asked, called, answered]}),
            json!({"choices": [{"message": said}]}),
        ),
    ];
    for (number, (id, parent, name, kind, input, output)) in (0_i64..).zip(spans) {
        let full = |short: &str| format!("00000000000000{short}");
        let start = 1_795_239_304_421_069_712 + number * 1_000_000;
        let content = json!({
            "trace_id": "tptAk2PfHFOYGf6WDmeapA==", "span_id": full(id), "name": name,
            "parent_span_id": parent.as_str().map(full), "start_time_unix_nano": start,
            "end_time_unix_nano": start + 500_000, "events": [], "status": {"code": "STATUS_CODE_OK"},
            "attributes": {"mlflow.spanType": format!("\"{kind}\""), "mlflow.spanInputs": input.to_string(),
                "mlflow.spanOutputs": output.to_string()},
        });
        db.execute(
            "INSERT INTO spans (trace_id, experiment_id, span_id, name, start_time_unix_nano, content)
             VALUES ('tr-b69b409363df1c539819fe960e679aa4', 1, ?1, ?2, ?3, ?4)",
            rusqlite::params![full(id), name, start, content.to_string()],
        )
        .unwrap();
    }
}

#[test]
fn mlflow_is_read_with_feedback_and_expectations() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mlflow.db");
    mlflow(&path);
    let before = picture(folder.path());
    let workspace = tempfile::tempdir().unwrap();
    let mut store = open(workspace.path());
    let report = run(&mut store, &path);
    assert_eq!((report.conversations, report.spans, report.scores, report.skipped), (1, 4, 2, 1));
    assert!(report.problems[0].message.contains("1 of its traces"), "{:?}", report.problems);
    let conversation = of(&store, "bw-77");
    assert_eq!(story(&conversation), STORY);
    assert_eq!(conversation.source.exact(), "bellwether");
    assert_eq!(conversation.segments.intent.as_ref().map(aftercall::text::Untrusted::exact), Some("refund"));
    assert_eq!(conversation.expected.as_ref().unwrap()[0].tool.exact(), "get_order");
    let again = run(&mut store, &path);
    assert_eq!((again.imported, again.unchanged, again.scores), (0, 4, 2));
    assert_eq!(of(&store, "bw-77"), conversation);
    assert_eq!(picture(folder.path()), before);
}

/// A shop's own database: chats, messages with tool columns, checks, surveys.
fn team(path: &Path) {
    Connection::open(path)
        .unwrap()
        .execute_batch(
            "CREATE TABLE customers (id INTEGER PRIMARY KEY, plan TEXT);
             CREATE TABLE chats (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customers (id), topic TEXT, channel TEXT,
                 opened_at TEXT, csat INTEGER, reopened INTEGER);
             CREATE TABLE messages (id INTEGER PRIMARY KEY, chat_id INTEGER REFERENCES chats (id), sender TEXT, body TEXT,
                 sent_at INTEGER, tool_name TEXT, tool_args TEXT, tool_result TEXT);
             CREATE TABLE checks (chat_id INTEGER REFERENCES chats (id), check_name TEXT, score REAL, reason TEXT);
             INSERT INTO customers VALUES (7, 'gold');
             INSERT INTO chats VALUES (1, 7, 'delivery', 'chat', '2026-11-01 10:00:00', 2, 1), (2, 7, 'refund', 'voice', NULL, 5, 0);
             INSERT INTO messages VALUES
                 (1, 1, 'kunde', 'Where is BW-204?', 1793527200, NULL, NULL, NULL),
                 (3, 1, 'bot', 'It was delivered.', 1793527260, NULL, NULL, NULL),
                 (2, 1, 'bot', NULL, 1793527230, 'get_order', '{\"order_id\":\"BW-204\"}', '{\"status\":\"delivered\"}'),
                 (4, 2, 'kunde', 'Refund please', 1793527300, NULL, NULL, NULL),
                 (5, 2, 'bot', 'Of course not.', 1793527310, NULL, NULL, NULL);
             INSERT INTO checks VALUES (1, 'tone', 0.75, 'kind'), (2, 'tone', 0.1, 'curt');",
        )
        .unwrap();
}

const MAP: &str = r#"
source = "own"
[conversations]
table = "chats"
join = ["customers ON customers.id = chats.customer"]
id = "chats.id"
started_at = "chats.opened_at"
intent = "chats.topic"
channel = "chats.channel"
tier = "customers.plan"
[messages]
table = "messages"
conversation = "chat_id"
role = "sender"
text = "body"
at = "sent_at"
tool = "tool_name"
arguments = "tool_args"
result = "tool_result"
roles = { kunde = "user" }
[scores]
table = "checks"
conversation = "chat_id"
evaluator = "check_name"
value = "score"
explanation = "reason"
[outcomes]
query = "SELECT id, csat, reopened = 1 AS reopened FROM chats"
conversation = "id"
columns = ["csat", "reopened"]
"#;

#[test]
fn a_team_s_own_database_is_read_by_a_mapping() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    team(&path);
    let before = picture(folder.path());
    let workspace = tempfile::tempdir().unwrap();
    let mut store = open(workspace.path());
    let report = try_run(&mut store, &path, mapped(MAP)).unwrap();
    assert_eq!((report.read, report.conversations, report.scores, report.pending), (6, 2, 2, 0), "{report:?}");
    let chat = of(&store, "1");
    assert_eq!(story(&chat), STORY);
    let segments = serde_json::to_value(&chat.segments).unwrap();
    assert_eq!(
        (&segments["intent"], &segments["channel"], &segments["tier"]),
        (&json!("delivery"), &json!("chat"), &json!("gold"))
    );
    assert_eq!((&chat.outcomes["csat"], chat.scores[0].value), (&json!(2), Some(0.75)));
    assert_eq!(chat.period().1.map(|at| at.to_string()), Some("2026-11-01T10:01:00Z".to_owned()));
    let again = try_run(&mut store, &path, mapped(MAP)).unwrap();
    assert_eq!((again.imported, again.unchanged), (0, 6));
    assert_eq!(picture(folder.path()), before);
    // Without a mapping it says what to do.
    let report = run(&mut store, &path);
    assert_eq!((report.read, report.problems[0].kind), (0, ProblemKind::Refused));
    assert!(report.problems[0].message.contains("--map-init"));
}

#[test]
fn messages_and_spans_of_one_database_are_one_conversation() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    team(&path);
    Connection::open(&path)
        .unwrap()
        .execute_batch(
            "CREATE TABLE steps (step TEXT, chat INTEGER, above TEXT, what TEXT, sort TEXT, began REAL, ended REAL, failed TEXT,
                 input TEXT, output TEXT);
             INSERT INTO steps VALUES ('s1', 1, NULL, 'answer', 'agent', 1793527201, 1793527260, NULL, NULL, NULL),
                 ('s2', 1, 's1', 'get_order', 'werkzeug', 1793527230, 1793527231, NULL, '{\"order_id\":\"BW-204\"}',
                  '{\"status\":\"delivered\"}'),
                 ('s3', 1, 's1', 'look_up', 'werkzeug', 1793527232, 1793527233, 'timeout', '{}', NULL);",
        )
        .unwrap();
    let map = format!(
        "{MAP}\n[spans]\ntable = \"steps\"\nid = \"step\"\nconversation = \"chat\"\nparent = \"above\"\nname = \"what\"\nkind = \"sort\"\n\
         start = \"began\"\nend = \"ended\"\nerror = \"failed\"\ninput = \"input\"\noutput = \"output\"\n\
         kinds = {{ werkzeug = \"tool\" }}\n"
    );
    let workspace = tempfile::tempdir().unwrap();
    let mut store = open(workspace.path());
    let report = try_run(&mut store, &path, mapped(&map)).unwrap();
    assert_eq!((report.conversations, report.spans, report.error_spans), (2, 5, 1), "{report:?}");
    let chat = of(&store, "1");
    assert_eq!(story(&chat)[0], STORY[0]);
    assert!(
        story(&chat).contains(&STORY[1].to_owned()) && story(&chat).contains(&STORY[2].to_owned()),
        "{:?}",
        story(&chat)
    );
    assert_eq!(chat.segments.intent.as_ref().map(aftercall::text::Untrusted::exact), Some("delivery"));
    assert_eq!(try_run(&mut store, &path, mapped(&map)).unwrap().imported, 0);
}

#[test]
fn a_proposal_reads_the_database_it_was_made_from() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    team(&path);
    let proposed = database::propose(&path).unwrap();
    for line in [
        "[conversations]\ntable = \"chats\"\nid = \"id\"",
        "conversation = \"chat_id\"",
        "role = \"sender\"",
        "text = \"body\"",
        "tool = \"tool_name\"",
        "[scores]\ntable = \"checks\"",
        "evaluator = \"check_name\"",
        "columns = [\"csat\", \"reopened\"]",
        "# table customers: id, plan",
    ] {
        assert!(proposed.contains(line), "{line}\n{proposed}");
    }
    let completed = proposed.replace("# roles = { \"customer\"", "roles = { \"kunde\"");
    let workspace = tempfile::tempdir().unwrap();
    let mut store = open(workspace.path());
    let report = try_run(&mut store, &path, mapped(&completed)).unwrap();
    assert_eq!((report.conversations, report.scores, report.pending), (2, 2, 0));
    assert_eq!(story(&of(&store, "1")), STORY);
}

#[test]
fn mistakes_in_a_mapping_are_named_exactly() {
    let file = |text: &str| Mapping::parse("map.toml", text).unwrap_err().to_string();
    assert!(file("[messages\n").contains("line 1"));
    let error = file("[messages]\ntable = \"m\"\nconversation = \"c\"\nrole = \"r\"\ntext = \"t\"\nwhen = \"x\"\n");
    assert!(error.contains("[messages] has no field `when`; it has table,"), "{error}");
    let error = file("[messages]\ntable = \"m\"\nconversation = \"c\"\ntext = \"t\"\n");
    assert!(error.contains("says nothing of `role`"), "{error}");
    assert!(file("[scores]\ntable = \"m\"\n").contains("evaluator"));
    assert!(file("[mesages]\n").contains("mesages"));

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    team(&path);
    let check = |map: String| {
        let Some(mapping) = mapped(&map).mapping else { panic!("a mapping") };
        database::check(&path, &mapping).unwrap_err().to_string()
    };
    let error = check(MAP.replace("text = \"body\"", "text = \"bdy\""));
    assert_eq!(
        error,
        "[messages] text: the table \"messages\" has no column \"bdy\"; it has id, chat_id, sender, body, sent_at, tool_name, \
         tool_args, tool_result"
    );
    let error = check(MAP.replace("table = \"checks\"", "table = \"chekcs\""));
    assert_eq!(error, "[scores] table: there is no table \"chekcs\"; there are customers, chats, messages, checks");
    let error = check(MAP.replace("columns = [\"csat\"", "columns = [\"nps\""));
    assert_eq!(error, "[outcomes] attributes: the query has no column \"nps\"; it has id, csat, reopened");
    let query = "SELECT id, csat, reopened = 1 AS reopened FROM chats";
    assert!(
        check(MAP.replace(query, "DELETE FROM chats RETURNING id, csat, reopened")).contains("only queries that read")
    );
    assert!(check(MAP.replace("customers.id =", "customers.nr =")).contains("nr"));

    let workspace = tempfile::tempdir().unwrap();
    let mut store = open(workspace.path());
    let error = try_run(&mut store, &path, mapped(&MAP.replace("kunde = \"user\"", "gast = \"user\""))).unwrap_err();
    assert!(error.to_string().contains("\"kunde\" is no known role; add to [messages]"), "{error}");
}

#[test]
fn objects_of_any_shape_are_read_by_a_mapping() {
    let folder = tempfile::tempdir().unwrap();
    let nested = folder.path().join("nested.jsonl");
    let line = json!({"chat": {"nr": 1, "about": "delivery"}, "log": [
        {"who": {"is": "kunde"}, "says": "Where is BW-204?"},
        {"who": {"is": "bot"}, "fn": "get_order", "in": {"order_id": "BW-204"}, "out": "{\"status\":\"delivered\"}"},
        {"who": {"is": "bot"}, "says": "It was delivered."}], "survey": {"csat": 2}});
    std::fs::write(
        &nested,
        format!("{line}\n{}\n", line.to_string().replace("\"nr\":1", "\"nr\":2").replace("kunde", "gast")),
    )
    .unwrap();
    let map = r#"
[conversations]
id = "chat.nr"
intent = "chat.about"
[messages]
list = "log"
role = "who.is"
text = "says"
tool = "fn"
arguments = "in"
result = "out"
roles = { kunde = "user" }
[outcomes]
conversation = "chat.nr"
columns = ["survey.csat"]
"#;
    let workspace = tempfile::tempdir().unwrap();
    let mut store = open(workspace.path());
    let report = try_run(&mut store, &nested, mapped(map)).unwrap();
    assert_eq!((report.conversations, report.skipped, report.problems[0].line), (1, 1, Some(2)), "{report:?}");
    assert!(!report.problems[0].message.contains("gast") && report.problems[0].message.contains("[messages] roles"));
    let chat = of(&store, "1");
    assert_eq!((story(&chat), &chat.outcomes["csat"]), (STORY.map(ToOwned::to_owned).to_vec(), &json!(2)));

    // A message a row, in no order, as CSV.
    let flat = folder.path().join("flat.csv");
    std::fs::write(
        &flat,
        "chat,who,says,at\n9,bot,\"Hello, there.\",2026-11-01 10:00:05\n8,user,Hi,2026-11-01 09:00:00\n9,user,Hello?,2026-11-01 10:00:00\n",
    )
    .unwrap();
    let map = "[messages]\nconversation = \"chat\"\nrole = \"who\"\ntext = \"says\"\nat = \"at\"\n";
    let report = try_run(&mut store, &flat, mapped(map)).unwrap();
    assert_eq!((report.read, report.conversations, report.problems.len()), (2, 2, 0), "{report:?}");
    assert_eq!(story(&of(&store, "9")), ["User: Hello?", "Assistant: Hello, there."]);
    assert_eq!(try_run(&mut store, &flat, mapped(map)).unwrap().unchanged, 2);
}

#[test]
fn harmful_and_damaged_databases_cost_nothing_but_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = tempfile::tempdir().unwrap();
    let mut store = open(workspace.path());
    let good = folder.path().join("a-good.db");
    phoenix(&good);
    let bytes = std::fs::read(&good).unwrap();
    std::fs::write(folder.path().join("b-cut.db"), &bytes[..bytes.len() / 2]).unwrap();
    std::fs::write(folder.path().join("c-head.db"), &bytes[..100]).unwrap();
    let mut torn = bytes.clone();
    torn[4096..8192].fill(0xa5);
    std::fs::write(folder.path().join("d-torn.db"), torn).unwrap();
    for name in ["b-cut.db", "c-head.db", "d-torn.db"] {
        let report = run(&mut store, &folder.path().join(name));
        assert!(!report.problems.is_empty(), "{name}: {report:?}");
    }
    let report = run(&mut store, &good);
    assert_eq!(report.problems.len(), 0);
    is_the_phoenix_story(&report, &store);
}

/// Databases that the programs themselves made, where Python and the packages are at hand.
#[test]
fn databases_of_the_real_programs_hold_the_same() {
    let python = std::env::var("AFTERCALL_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/make_databases.py");
    for program in ["phoenix", "mlflow"] {
        let folder = tempfile::tempdir().unwrap();
        let made = Command::new(&python).arg(script).arg(program).arg(folder.path()).output();
        let Some(made) = made.ok().filter(|made| made.status.success()) else {
            eprintln!("skipped: {python} cannot make a database of {program}");
            continue;
        };
        let path = PathBuf::from(String::from_utf8(made.stdout).unwrap().trim().to_owned());
        let workspace = tempfile::tempdir().unwrap();
        let mut store = open(workspace.path());
        let report = run(&mut store, &path);
        assert_eq!(story(&of(&store, "bw-77")), STORY, "{program}");
        if program == "phoenix" {
            is_the_phoenix_story(&report, &store);
        } else {
            assert_eq!((report.conversations, report.spans, report.scores), (1, 4, 1), "{report:?}");
            assert!(of(&store, "bw-77").expected.is_some());
        }
        let again = run(&mut store, &path);
        assert_eq!((again.imported, again.pending, again.spans), (0, 0, report.spans), "{program}");
    }
}

#[test]
fn a_told_format_is_kept_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("phoenix.db");
    phoenix(&path);
    let workspace = tempfile::tempdir().unwrap();
    let mut store = open(workspace.path());
    let read = ReadOptions { format: Format::MlFlow, ..ReadOptions::default() };
    assert_eq!(try_run(&mut store, &path, read).unwrap().read, 0);
}
