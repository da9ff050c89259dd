//! The databases of programs whose tables are known.
//!
//! Invariant: only columns that are there are asked for, so that earlier and later versions of a program are read as well.

use std::ops::ControlFlow;

use serde_json::{Map, Value, json};

use super::Feed;
use crate::ingest::{Format, ProblemKind};
use crate::store::{ForeignDatabase, ForeignError, ForeignTable, Selection};

fn has(tables: &[ForeignTable], table: &str, columns: &[&str]) -> bool {
    let found = tables.iter().find(|found| found.name == table);
    found.is_some_and(|found| columns.iter().all(|name| found.columns.iter().any(|column| column.name == *name)))
}

/// True for the tables of Phoenix.
pub fn is_phoenix(tables: &[ForeignTable]) -> bool {
    has(tables, "spans", &["trace_rowid", "span_id", "attributes"])
        && has(tables, "traces", &["project_rowid", "trace_id"])
        && has(tables, "projects", &["name"])
}

/// True for the tables of `MLflow`.
pub fn is_mlflow(tables: &[ForeignTable]) -> bool {
    has(tables, "trace_info", &["request_id", "experiment_id"])
        && has(tables, "experiments", &["experiment_id", "name"])
}

/// A column that holds JSON as text, as JSON.
fn parsed(row: &mut Map<String, Value>, name: &str) {
    if let Some(value) = row.get_mut(name)
        && let Some(inner) = value.as_str().and_then(|text| serde_json::from_str(text).ok())
    {
        *value = inner;
    }
}

fn query(sql: impl Into<String>) -> Selection {
    Selection::Query(sql.into())
}

/// Reads spans and annotations of Phoenix.
pub fn phoenix(
    database: &ForeignDatabase,
    tables: &[ForeignTable],
    feed: &mut Feed<'_, '_>,
) -> Result<(), ForeignError> {
    let options = feed.reading(Format::Phoenix);
    let sessions =
        has(tables, "project_sessions", &["session_id"]) && has(tables, "traces", &["project_session_rowid"]);
    let (session, join) = if sessions {
        ("c.session_id", "LEFT JOIN project_sessions c ON c.id = t.project_session_rowid")
    } else {
        ("NULL", "")
    };
    let spans = format!(
        "SELECT p.name AS project_name, t.trace_id AS trace_id, s.span_id AS span_id, s.parent_id AS parent_id,
                s.name AS name, s.span_kind AS span_kind, s.start_time AS start_time, s.end_time AS end_time,
                s.attributes AS attributes, s.events AS events, s.status_code AS status_code,
                s.status_message AS status_message, {session} AS session
           FROM spans s JOIN traces t ON t.id = s.trace_rowid JOIN projects p ON p.id = t.project_rowid {join}
          ORDER BY s.id"
    );
    database.each(&query(spans), None, &mut |mut row| {
        parsed(&mut row, "attributes");
        parsed(&mut row, "events");
        let context = json!({"trace_id": row.remove("trace_id"), "span_id": row.remove("span_id")});
        row.insert("context".to_owned(), context);
        // The session is among the attributes, unless only the trace was given to one.
        if let Some(session) = row.remove("session").filter(|session| !session.is_null()) {
            row.insert("attributes.session.id".to_owned(), session);
        }
        feed.record(&Value::Object(row), &options)
    })?;
    let annotations = [
        (
            "span_annotations",
            "s.span_id AS span_id, t.trace_id AS trace_id",
            "JOIN spans s ON s.id = a.span_rowid JOIN traces t ON t.id = s.trace_rowid",
        ),
        (
            "document_annotations",
            "s.span_id AS span_id, t.trace_id AS trace_id",
            "JOIN spans s ON s.id = a.span_rowid JOIN traces t ON t.id = s.trace_rowid",
        ),
        ("trace_annotations", "t.trace_id AS trace_id", "JOIN traces t ON t.id = a.trace_rowid"),
        (
            "project_session_annotations",
            "c.session_id AS session_id",
            "JOIN project_sessions c ON c.id = a.project_session_id",
        ),
    ];
    for (table, about, join) in annotations {
        if feed.summary.stopped || !has(tables, table, &["name", "label", "score", "explanation", "annotator_kind"]) {
            continue;
        }
        let identifier = if has(tables, table, &["identifier"]) { "a.identifier" } else { "NULL" };
        let sql = format!(
            "SELECT a.name AS name, a.label AS label, a.score AS score, a.explanation AS explanation,
                    a.annotator_kind AS annotator_kind, nullif({identifier}, '') AS identifier, {about}
               FROM {table} a {join} ORDER BY a.id"
        );
        database.each(&query(sql), None, &mut |mut row| {
            let mut take = |name: &str| row.remove(name).unwrap_or_default();
            let result = json!({"label": take("label"), "score": take("score"), "explanation": take("explanation")});
            row.insert("result".to_owned(), result);
            feed.record(&Value::Object(row), &options)
        })?;
    }
    Ok(())
}

/// Reads traces of `MLflow` with their assessments.
pub fn mlflow(
    database: &ForeignDatabase,
    tables: &[ForeignTable],
    feed: &mut Feed<'_, '_>,
) -> Result<(), ForeignError> {
    let options = feed.reading(Format::MlFlow);
    let session = if has(tables, "trace_info", &["session_id"]) { "i.session_id" } else { "NULL" };
    let infos = query(format!(
        "SELECT i.request_id AS id, e.name AS experiment, i.status AS state, {session} AS session
           FROM trace_info i JOIN experiments e ON e.experiment_id = i.experiment_id ORDER BY i.timestamp_ms, i.request_id"
    ));
    let (mut elsewhere, mut failed) = (0, None);
    database.each(&infos, None, &mut |info| match trace(database, tables, &info) {
        Ok(Some(record)) => feed.record(&record, &options),
        Ok(None) => {
            elsewhere += 1;
            ControlFlow::Continue(())
        }
        Err(error) => {
            failed = Some(error);
            ControlFlow::Break(())
        }
    })?;
    if let Some(error) = failed {
        return Err(error);
    }
    if elsewhere > 0 {
        let message = format!(
            "the spans of {elsewhere} of its traces are kept in files beside it and not in it; export those with \
             `mlflow.search_traces` and import them as JSON"
        );
        let _ = feed.problem(ProblemKind::NotARecord, elsewhere, message);
    }
    Ok(())
}

/// One trace as `MLflow`'s API would give it; `None` where its spans are not in the database.
fn trace(
    database: &ForeignDatabase,
    tables: &[ForeignTable],
    info: &Map<String, Value>,
) -> Result<Option<Value>, ForeignError> {
    let id = &info["id"];
    let mut spans = Vec::new();
    if has(tables, "spans", &["trace_id", "content", "start_time_unix_nano"]) {
        let sql = query("SELECT trace_id, content FROM spans ORDER BY start_time_unix_nano, span_id");
        database.each(&sql, Some(("trace_id", id)), &mut |mut row| {
            parsed(&mut row, "content");
            spans.extend(row.remove("content").filter(Value::is_object));
            ControlFlow::Continue(())
        })?;
    }
    if spans.is_empty() {
        return Ok(None);
    }
    let pairs = |table: &str| -> Result<Map<String, Value>, ForeignError> {
        let mut pairs = Map::new();
        if has(tables, table, &["key", "value", "request_id"]) {
            let sql = query(format!("SELECT request_id, key, value FROM {table} ORDER BY key"));
            database.each(&sql, Some(("request_id", id)), &mut |mut row| {
                if let (Some(Value::String(key)), Some(value)) = (row.remove("key"), row.remove("value")) {
                    pairs.insert(key, value);
                }
                ControlFlow::Continue(())
            })?;
        }
        Ok(pairs)
    };
    let mut metadata = pairs("trace_request_metadata")?;
    if !info["session"].is_null() {
        metadata.entry("mlflow.trace.session").or_insert_with(|| info["session"].clone());
    }
    let mut assessments = Vec::new();
    if has(tables, "assessments", &["trace_id", "name", "assessment_type", "value", "valid"]) {
        let sql = query(
            "SELECT trace_id, name, assessment_type, value, error, source_type, span_id, rationale, valid,
                    assessment_metadata, created_timestamp FROM assessments ORDER BY created_timestamp, assessment_id",
        );
        database.each(&sql, Some(("trace_id", id)), &mut |row| {
            assessments.push(assessment(row));
            ControlFlow::Continue(())
        })?;
    }
    Ok(Some(json!({
        "info": {"trace_id": id, "state": info["state"], "trace_metadata": metadata, "tags": pairs("trace_tags")?,
            "trace_location": {"mlflow_experiment": {"experiment_name": info["experiment"]}},
            "assessments": assessments},
        "data": {"spans": spans},
    })))
}

fn assessment(mut row: Map<String, Value>) -> Value {
    for name in ["value", "error", "assessment_metadata"] {
        parsed(&mut row, name);
    }
    let mut told = json!({
        "assessment_name": row["name"], "span_id": row["span_id"], "rationale": row["rationale"],
        "source": {"source_type": row["source_type"]}, "valid": row["valid"] != json!(0),
        "metadata": row["assessment_metadata"], "create_time": row["created_timestamp"],
    });
    if row["assessment_type"] == "expectation" {
        told["expectation"] = json!({"value": row["value"]});
    } else {
        told["feedback"] = json!({"value": row["value"], "error": row["error"]});
    }
    told
}
