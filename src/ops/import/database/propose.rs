//! Proposes a mapping from a database's schema.
//!
//! Invariant: a proposal names only what is there; what could not be guessed is in it as a comment.

use std::fmt::Write as _;
use std::path::Path;

use super::DatabaseError;
use crate::store::{ForeignColumn, ForeignDatabase, ForeignTable};

/// A field of a section, and the names of columns that suggest it, the likeliest first.
type Guess = (&'static str, &'static [&'static str]);

const MESSAGES: &[Guess] = &[
    (
        "conversation",
        &["conversation_id", "conversation", "chat_id", "session_id", "thread_id", "ticket_id", "dialog_id", "call_id"],
    ),
    (
        "role",
        &[
            "role",
            "sender",
            "sender_type",
            "author",
            "author_type",
            "speaker",
            "who",
            "from",
            "actor",
            "direction",
            "kind",
            "type",
        ],
    ),
    ("text", &["text", "content", "body", "message", "utterance", "said", "msg"]),
    ("at", &["created_at", "sent_at", "timestamp", "at", "ts", "time", "date"]),
    ("agent", &["agent", "agent_name", "bot_name"]),
    ("tool", &["tool", "tool_name", "function_name", "function"]),
    ("arguments", &["arguments", "tool_args", "tool_arguments", "args", "tool_input", "parameters"]),
    ("result", &["result", "tool_result", "tool_output", "output", "response"]),
    ("call_id", &["tool_call_id", "call_id"]),
];
const CONVERSATIONS: &[Guess] = &[
    ("started_at", &["started_at", "created_at", "opened_at", "start_time", "timestamp", "date"]),
    ("intent", &["intent", "topic", "category", "reason", "subject_type"]),
    ("channel", &["channel", "medium", "origin"]),
    ("tier", &["tier", "customer_tier", "plan", "segment"]),
    ("language", &["language", "lang", "locale"]),
    ("agent_version", &["agent_version", "bot_version", "version", "release"]),
    ("handled_by", &["handled_by", "handler"]),
];
const SPANS: &[Guess] = &[
    ("id", &["span_id", "id", "run_id"]),
    ("trace", &["trace_id", "trace"]),
    ("conversation", &["conversation_id", "session_id", "chat_id", "thread_id"]),
    ("parent", &["parent_span_id", "parent_id", "parent_run_id"]),
    ("name", &["name", "operation", "span_name"]),
    ("kind", &["kind", "span_kind", "type", "run_type"]),
    ("start", &["start_time", "started_at", "start", "start_ts"]),
    ("end", &["end_time", "ended_at", "end", "end_ts"]),
    ("error", &["error", "error_message", "exception"]),
    ("agent", &["agent", "agent_name"]),
    ("tool", &["tool", "tool_name"]),
    ("input", &["input", "inputs", "arguments", "request"]),
    ("output", &["output", "outputs", "result", "response"]),
];
const SCORES: &[Guess] = &[
    ("conversation", &["conversation_id", "conversation", "chat_id", "session_id", "thread_id", "ticket_id"]),
    ("trace", &["trace_id"]),
    ("span", &["span_id"]),
    ("evaluator", &["evaluator", "evaluator_name", "metric", "metric_name", "scorer", "check_name", "name"]),
    ("value", &["value", "score", "rating"]),
    ("label", &["label", "verdict", "category"]),
    ("passed", &["passed", "pass", "ok", "success"]),
    ("confidence", &["confidence"]),
    ("explanation", &["explanation", "reason", "rationale", "comment"]),
];
const OUTCOMES: &[&str] = &[
    "csat",
    "csat_score",
    "nps",
    "ces",
    "reopened",
    "resolved",
    "repeat_contact",
    "escalated",
    "refunded",
    "refund_amount",
    "refund_paid",
    "churned",
];

/// A mapping for the database at `path`, as the text of a file.
///
/// # Errors
/// The database cannot be read.
pub fn propose(path: &Path) -> Result<String, DatabaseError> {
    let database = ForeignDatabase::open(path)?;
    let tables = database.tables()?;
    let best = |guesses: &[Guess], needed: &[&str]| {
        let score = |table: &&ForeignTable| {
            let hits = guesses.iter().filter(|guess| column(table, guess).is_some()).count();
            let enough = needed.iter().all(|field| {
                guesses.iter().find(|(name, _)| name == field).is_some_and(|guess| column(table, guess).is_some())
            });
            if enough { hits } else { 0 }
        };
        tables.iter().filter(|table| score(table) > 0).max_by_key(score)
    };
    let messages = best(MESSAGES, &["role", "text"]);
    let spans = best(SPANS, &["id", "parent"]);
    let scores = best(SCORES, &["evaluator", "value"]);
    let mut text = format!(
        "# Which column means what, for `aftercall import {} --map THIS`. Proposed from the schema: check it.\n# A value \
         that begins with = is meant as it is, for all rows. Joins are SQL after the word JOIN; `query` stands for table\n\
         # and join together. Lines that begin with # are guesses left open.\n",
        path.file_name().unwrap_or_default().to_string_lossy().escape_debug()
    );
    let parent = messages.and_then(|table| conversations_of(&tables, table));
    if let Some((table, id)) = parent {
        section(&mut text, "conversations", table, CONVERSATIONS, &[("id", id)]);
    }
    if let Some(table) = messages {
        let link = link(&tables, table);
        let chosen: Vec<(&str, &str)> = link.map(|name| ("conversation", name)).into_iter().collect();
        section(&mut text, "messages", table, MESSAGES, &chosen);
        text.push_str("# roles = { \"customer\" = \"user\", \"bot\" = \"assistant\" }\n");
    }
    for (name, table, guesses) in [("spans", spans, SPANS), ("scores", scores, SCORES)] {
        if let Some(table) = table.filter(|table| messages.is_none_or(|messages| messages.name != table.name)) {
            section(&mut text, name, table, guesses, &[]);
        }
    }
    outcomes(&mut text, &tables, parent);
    if messages.is_none() && spans.is_none() && scores.is_none() {
        text.push_str("\n# No table looks like messages, spans or scores. These are there:\n");
    }
    let named: Vec<&ForeignTable> =
        [messages, spans, scores, parent.map(|(table, _)| table)].into_iter().flatten().collect();
    for table in tables.iter().filter(|table| !named.iter().any(|one| one.name == table.name)) {
        let columns: Vec<String> = table.columns.iter().map(|column| comment(&column.name)).collect();
        let _ = writeln!(text, "# table {}: {}", comment(&table.name), columns.join(", "));
    }
    Ok(text)
}

/// A name as a comment can hold it.
fn comment(name: &str) -> String {
    name.escape_debug().to_string()
}

/// A name as a TOML string.
fn string(name: &str) -> String {
    toml::Value::String(name.to_owned()).to_string()
}

/// The column that a field would be.
fn column<'t>(table: &'t ForeignTable, (_, names): &Guess) -> Option<&'t ForeignColumn> {
    names.iter().find_map(|name| table.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name)))
}

fn named(table: &ForeignTable, parts: &[&str]) -> bool {
    let name = table.name.to_lowercase();
    parts.iter().any(|part| name.contains(part))
}

const CONVERSATION_TABLES: &[&str] = &["conversation", "chat", "session", "thread", "ticket", "dialog", "call"];

/// The column of a table of messages by which it names the conversation.
fn link<'t>(tables: &[ForeignTable], messages: &'t ForeignTable) -> Option<&'t str> {
    let reference = messages.columns.iter().find(|column| {
        let to = column.refers_to.as_ref().and_then(|(to, _)| tables.iter().find(|table| table.name == *to));
        to.is_some_and(|table| table.name != messages.name && named(table, CONVERSATION_TABLES))
    });
    reference.or_else(|| column(messages, &MESSAGES[0])).map(|column| column.name.as_str())
}

/// The table of conversations behind a table of messages, and the column of its ids.
fn conversations_of<'t>(tables: &'t [ForeignTable], messages: &ForeignTable) -> Option<(&'t ForeignTable, &'t str)> {
    let link = link(tables, messages)?;
    let reference = messages.columns.iter().find(|column| column.name == link)?.refers_to.as_ref();
    let table = match reference {
        Some((to, _)) => tables.iter().find(|table| table.name == *to)?,
        None => tables.iter().find(|table| {
            table.name != messages.name && named(table, CONVERSATION_TABLES) && !named(table, &["message"])
        })?,
    };
    let to = reference.map_or("id", |(_, to)| to.as_str());
    let id = table
        .columns
        .iter()
        .find(|column| column.name == to)
        .or_else(|| table.columns.iter().find(|column| column.key))?;
    Some((table, &id.name))
}

/// Writes a section: what is chosen, what is guessed, and what is left.
fn section(text: &mut String, name: &str, table: &ForeignTable, guesses: &[Guess], chosen: &[(&str, &str)]) {
    let _ = writeln!(text, "\n[{name}]\ntable = {}", string(&table.name));
    let mut used: Vec<&str> = Vec::new();
    for (field, column) in chosen {
        let _ = writeln!(text, "{field} = {}", string(column));
        used.push(column);
    }
    for guess in guesses.iter().filter(|(field, _)| !chosen.iter().any(|(chosen, _)| chosen == field)) {
        let Some(column) = column(table, guess).filter(|column| !used.contains(&column.name.as_str())) else {
            continue;
        };
        let _ = writeln!(text, "{} = {}", guess.0, string(&column.name));
        used.push(&column.name);
    }
    let left: Vec<&str> =
        table.columns.iter().map(|column| column.name.as_str()).filter(|name| !used.contains(name)).collect();
    if !left.is_empty() {
        let list: Vec<String> = left.iter().map(|name| string(name)).collect();
        let kept = matches!(name, "conversations" | "spans");
        let field = if kept { "attributes" } else { "not used" };
        let _ = writeln!(text, "# {field} = [{}]", list.join(", "));
    }
}

/// Facts that a table holds beside the id of a conversation.
fn outcomes(text: &mut String, tables: &[ForeignTable], parent: Option<(&ForeignTable, &str)>) {
    for table in tables {
        let own = parent.filter(|(parent, _)| parent.name == table.name).map(|(_, id)| id);
        let id = own.or_else(|| column(table, &SCORES[0]).map(|column| column.name.as_str()));
        let known = |column: &&ForeignColumn| OUTCOMES.iter().any(|name| column.name.eq_ignore_ascii_case(name));
        let facts: Vec<String> = table.columns.iter().filter(known).map(|column| string(&column.name)).collect();
        if let Some(id) = id.filter(|_| !facts.is_empty()) {
            let _ = writeln!(
                text,
                "\n[outcomes]\ntable = {}\nconversation = {}\ncolumns = [{}]",
                string(&table.name),
                string(id),
                facts.join(", ")
            );
            return;
        }
    }
}
