//! Filters and orders as SQL: which conversations a queue holds, and in which order.
//!
//! Invariant: nothing a person typed, and nothing from a transcript, is ever part of the SQL text; all of it is bound.

use std::fmt::Write as _;

use rusqlite::types::Value as Sql;

use super::covers::Covered;
use super::imports::CAME;
use super::search::{self, FoundOrder, Search};
use super::spans::id_bytes;
use crate::model::filter::{
    Comparison, Condition, Expr, Field, FieldKind, Filter, NumberMatch, Test, TextMatch, TimeMatch, TimeRange,
};
use crate::model::queue::QueueOrder;
use crate::model::time::Timestamp;
use crate::model::trace::SpanKind;

/// Who asks, and when: some fields depend on it.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'a> {
    /// The asking reviewer.
    pub reviewer: &'a str,
    /// Now, for `when:today` and its kind.
    pub now: Timestamp,
}

/// A query under construction: SQL text of ours, and what is bound to its `?`s in order.
pub struct Query {
    pub sql: String,
    pub bound: Vec<Sql>,
}

/// The state of all labels together; the same rule as [`crate::model::label::LabelState::of`].
pub const LABEL_STATE: &str = "(SELECT CASE WHEN count(*) = 0 THEN 'none' WHEN count(l.verdict) = 0 THEN 'draft' \
    WHEN max(l.label ->> '$.settled.event') IS NOT NULL THEN \
         CASE WHEN total(l.label ->> '$.settled.event' IS NOT NULL AND l.transcript_hash = c.transcript_hash) > 0 \
              THEN 'adjudicated' ELSE 'stale' END \
    WHEN count(DISTINCT l.verdict) > 1 THEN 'disputed' \
    WHEN total(l.verdict IS NOT NULL AND l.transcript_hash = c.transcript_hash) = 0 THEN 'stale' \
    ELSE 'labelled' END FROM labels l WHERE l.conversation = c.id)";

/// The query for the ids of all conversations that match `filter` and hold the words of `find`, in `order`.
pub fn ids(filter: &Filter, find: &str, order: QueueOrder, asker: Asker<'_>) -> Query {
    let mut query = Query { sql: "SELECT c.id FROM conversations c".to_owned(), bound: Vec::new() };
    query.restrict(filter, find, asker);
    query.order_by(order, asker);
    query
}

/// The query for the keys of all conversations that match, rising.
pub fn keys(filter: &Filter, asker: Asker<'_>) -> Query {
    let mut query = Query { sql: "SELECT c.key FROM conversations c".to_owned(), bound: Vec::new() };
    query.restrict(filter, "", asker);
    query.push(&[" ORDER BY c.key"]);
    query
}

/// The query for the ids of the conversations that a search finds. The full-text index leads, so that the first of
/// them come at once.
pub fn found(search: &Search<'_>, asker: Asker<'_>) -> Query {
    let sql = "SELECT c.id FROM conversation_text t CROSS JOIN conversations c ON c.key = t.rowid WHERE ";
    let mut query = Query { sql: sql.to_owned(), bound: Vec::new() };
    match search::terms(search.needle) {
        Some(terms) => {
            query.push(&["t.conversation_text MATCH ?"]);
            query.bind(terms);
        }
        None => query.push(&["0"]),
    }
    if let Some(expr) = &search.filter.expr {
        query.push(&[" AND "]);
        query.expr(expr, asker);
    }
    match search.order {
        FoundOrder::Latest => query.push(&[" ORDER BY t.rowid DESC"]),
        FoundOrder::Relevance => query.push(&[" ORDER BY t.rank, t.rowid DESC"]),
        FoundOrder::Queue(order) => query.order_by(order, asker),
    }
    query.push(&[" LIMIT ?"]);
    query.bind(i64::try_from(search.limit).unwrap_or(i64::MAX));
    query
}

impl Query {
    /// The query behind a cover: what is hidden from the asker decides nothing in it.
    pub fn behind(mut self, covered: &Covered, filter: &Filter, asker: Asker<'_>) -> Self {
        if let Some((tables, hidden)) = covered.tables(filter) {
            self.sql.insert_str(0, tables);
            self.bound.splice(0..0, [asker.reviewer.to_owned().into(), hidden.into()]);
        }
        self
    }

    fn order_by(&mut self, order: QueueOrder, asker: Asker<'_>) {
        let by_suspicion = "c.worst_rank, c.failed_steps DESC, c.error_spans DESC, c.id";
        match order {
            QueueOrder::Suspicion => self.push(&[" ORDER BY ", by_suspicion]),
            QueueOrder::Newest => self.push(&[" ORDER BY c.started_at DESC, c.id DESC"]),
            QueueOrder::Oldest => self.push(&[" ORDER BY c.started_at, c.id"]),
            QueueOrder::Longest => self.push(&[" ORDER BY c.steps DESC, c.id"]),
            QueueOrder::Reported => {
                self.push(&[" ORDER BY json_extract(c.attributes, '$.gate_rank') NULLS LAST, c.id"]);
            }
            QueueOrder::Unjudged => {
                self.push(&[
                    " ORDER BY EXISTS (SELECT 1 FROM labels l WHERE l.conversation = c.id AND l.reviewer = ? \
                     AND l.verdict IS NOT NULL), ",
                    by_suspicion,
                ]);
                self.bind(asker.reviewer.to_owned());
            }
        }
    }

    fn restrict(&mut self, filter: &Filter, find: &str, asker: Asker<'_>) {
        let mut joint = " WHERE ";
        if let Some(expr) = &filter.expr {
            self.sql.push_str(joint);
            self.expr(expr, asker);
            joint = " AND ";
        }
        if !find.trim().is_empty() {
            self.sql.push_str(joint);
            self.full_text(search::words(find));
            joint = " AND ";
        }
        if !filter.names_gate_runs() {
            self.push(&[joint, "c.key NOT IN (", super::gates::KEYS, ")"]);
        }
    }

    fn bind(&mut self, value: impl Into<Sql>) {
        self.bound.push(value.into());
    }

    fn full_text(&mut self, query: Option<String>) {
        match query {
            Some(query) => {
                self.sql.push_str("c.key IN (SELECT rowid FROM conversation_text WHERE conversation_text MATCH ?)");
                self.bind(query);
            }
            None => self.sql.push('0'),
        }
    }

    /// As deep as the filter, whose parser bounds its depth.
    fn expr(&mut self, expr: &Expr, asker: Asker<'_>) {
        match expr {
            Expr::And(parts) => self.joined(parts, " AND ", asker),
            Expr::Or(parts) => self.joined(parts, " OR ", asker),
            Expr::Not(inner) => {
                // Not what matches: a missing value is not equal to anything, so its opposite holds.
                self.sql.push_str("NOT coalesce(");
                self.expr(inner, asker);
                self.sql.push_str(", 0)");
            }
            Expr::Words(words) => self.full_text(search::phrase(words)),
            Expr::Test(test) => self.test(test, asker),
        }
    }

    fn joined(&mut self, parts: &[Expr], joint: &str, asker: Asker<'_>) {
        self.sql.push('(');
        for (place, part) in parts.iter().enumerate() {
            if place > 0 {
                self.sql.push_str(joint);
            }
            self.expr(part, asker);
        }
        self.sql.push(')');
    }

    fn test(&mut self, test: &Test, asker: Asker<'_>) {
        match &test.condition {
            Condition::Flag(wanted) => self.flag(test.field, *wanted, asker),
            Condition::Time(matches) => self.times(test.field, matches, asker),
            Condition::Text(matches) => self.texts(test, matches),
            Condition::Number(matches) => self.numbers(test, matches),
        }
    }

    fn flag(&mut self, field: Field, wanted: bool, asker: Asker<'_>) {
        if !wanted {
            self.sql.push_str("NOT ");
        }
        match field {
            Field::Skipped => {
                self.sql.push_str(
                    "EXISTS (SELECT 1 FROM labels l WHERE l.conversation = c.id AND l.reviewer = ? AND l.skipped)",
                );
                self.bind(asker.reviewer.to_owned());
            }
            Field::Corrected => {
                self.sql.push_str("EXISTS (SELECT 1 FROM corrections k WHERE k.conversation = c.id)");
            }
            _ => self.sql.push_str("(c.failed_steps > 0)"),
        }
    }

    fn times(&mut self, field: Field, matches: &[TimeMatch], asker: Asker<'_>) {
        let column = if field == Field::EndedAt { "c.ended_at" } else { "c.started_at" };
        self.any(matches, |query, one| {
            let range = one.range(asker.now);
            match (one, range) {
                (TimeMatch::Missing, _) => query.push(&[column, " IS NULL"]),
                (_, None) => query.push(&[column, " IS NOT NULL"]),
                (_, Some(range)) => {
                    query.push(&["(", column, " IS NOT NULL"]);
                    query.within(column, range);
                    // What has no date of its own stands at the time of its import.
                    if field == Field::When {
                        query.push(&[" OR ", column, " IS NULL AND ", CAME, " IS NOT NULL"]);
                        query.within(CAME, range);
                    }
                    query.sql.push(')');
                }
            }
        });
    }

    fn within(&mut self, column: &str, range: TimeRange) {
        for (sign, side) in [(" >= ?", range.from), (" < ?", range.until)] {
            if let Some(side) = side {
                self.push(&[" AND ", column, sign]);
                self.bind(side.0);
            }
        }
    }

    fn push(&mut self, parts: &[&str]) {
        for part in parts {
            self.sql.push_str(part);
        }
    }

    /// One of `items` holds.
    fn any<T>(&mut self, items: &[T], write: impl Fn(&mut Self, &T)) {
        self.sql.push('(');
        for (place, item) in items.iter().enumerate() {
            if place > 0 {
                self.sql.push_str(" OR ");
            }
            write(self, item);
        }
        if items.is_empty() {
            self.sql.push('0');
        }
        self.sql.push(')');
    }

    fn texts(&mut self, test: &Test, matches: &[TextMatch]) {
        let source = text_source(test.field);
        self.any(matches, |query, one| match &source {
            Source::Column(column) => query.text_match(column, one),
            Source::Rows { from, value } => {
                let (exists, inner) = match one {
                    TextMatch::Missing => ("NOT EXISTS", &TextMatch::Present),
                    other => ("EXISTS", other),
                };
                query.push(&[exists, " (SELECT 1 FROM ", from, " AND "]);
                if test.field == Field::Kind {
                    query.kind_match(inner);
                } else {
                    query.text_match(value, inner);
                }
                query.sql.push(')');
            }
            Source::Members(column) => query.member(column, &test.key, Member::Text(one)),
        });
    }

    fn text_match(&mut self, column: &str, one: &TextMatch) {
        match one {
            TextMatch::Missing => self.push(&[column, " IS NULL"]),
            TextMatch::Present => self.push(&[column, " IS NOT NULL"]),
            TextMatch::Is(text) => {
                self.push(&["folded(", column, ") = ?"]);
                self.bind(text.to_lowercase());
            }
            TextMatch::Starts(text) => {
                let text = text.to_lowercase();
                self.push(&["substr(folded(", column, "), 1, ?) = ?"]);
                self.bind(text.chars().count() as i64);
                self.bind(text);
            }
        }
    }

    fn kind_match(&mut self, one: &TextMatch) {
        match one {
            TextMatch::Is(word) | TextMatch::Starts(word) => {
                self.sql.push_str("s.kind = ?");
                let number = SpanKind::ALL.iter().position(|kind| kind.word() == word);
                self.bind(number.map_or(-1, |number| number as i64));
            }
            TextMatch::Missing | TextMatch::Present => self.sql.push('1'),
        }
    }

    fn numbers(&mut self, test: &Test, matches: &[NumberMatch]) {
        if test.field.info().kind == FieldKind::Value {
            let column = if test.field == Field::Outcome { "c.outcomes" } else { "c.attributes" };
            return self.any(matches, |query, one| query.member(column, &test.key, Member::Number(one)));
        }
        let key = test.key.to_lowercase();
        self.any(matches, |query, one| {
            let (value, bound) = number_source(test.field, &key);
            if test.field == Field::Severity {
                let (exists, inner) = match one {
                    NumberMatch::Missing => ("NOT EXISTS", &NumberMatch::Present),
                    other => ("EXISTS", other),
                };
                query.push(&[exists, " (SELECT 1 FROM labels l WHERE l.conversation = c.id AND "]);
                query.number_match("l.severity", inner, &bound);
                query.sql.push(')');
            } else {
                query.number_match(&value, one, &bound);
            }
        });
    }

    /// `bound` is what `value` itself needs, once per occurrence.
    fn number_match(&mut self, value: &str, one: &NumberMatch, bound: &[Sql]) {
        self.push(&["(", value]);
        self.bound.extend_from_slice(bound);
        match one {
            NumberMatch::Missing => self.sql.push_str(" IS NULL)"),
            NumberMatch::Present => self.sql.push_str(" IS NOT NULL)"),
            NumberMatch::Compare(how, number) => {
                let _ = write!(self.sql, " {} ?)", sign(*how));
                self.bind(*number);
            }
            NumberMatch::Between(low, high) => {
                self.sql.push_str(" BETWEEN ? AND ?)");
                self.bind(*low);
                self.bind(*high);
            }
        }
    }

    /// A member of a JSON object, by its key; of a list each item counts.
    fn member(&mut self, column: &str, key: &str, wanted: Member<'_>) {
        let missing = matches!(wanted, Member::Text(TextMatch::Missing) | Member::Number(NumberMatch::Missing));
        let present = matches!(wanted, Member::Text(TextMatch::Present) | Member::Number(NumberMatch::Present));
        self.push(&[
            if missing { "NOT EXISTS" } else { "EXISTS" },
            " (SELECT 1 FROM json_each(",
            column,
            ") m WHERE folded(m.key) = ? AND m.type <> 'null'",
        ]);
        self.bind(key.to_lowercase());
        if !missing && !present {
            self.sql.push_str(" AND (m.type NOT IN ('array', 'object') AND ");
            self.atom("m", &wanted);
            self.sql.push_str(" OR m.type = 'array' AND EXISTS (SELECT 1 FROM json_each(m.value) i WHERE ");
            self.atom("i", &wanted);
            self.sql.push_str("))");
        }
        self.sql.push(')');
    }

    fn atom(&mut self, row: &str, wanted: &Member<'_>) {
        match wanted {
            Member::Text(one) => {
                let text = format!(
                    "CASE {row}.type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE CAST({row}.value AS TEXT) END"
                );
                self.text_match(&text, one);
            }
            Member::Number(one) => {
                let number = format!("CASE WHEN {row}.type IN ('integer', 'real') THEN {row}.value END");
                self.number_match(&number, one, &[]);
            }
        }
    }
}

/// What is asked of a member of a JSON object.
#[derive(Clone, Copy)]
enum Member<'a> {
    Text(&'a TextMatch),
    Number(&'a NumberMatch),
}

/// Where the text of a field is.
enum Source {
    /// In a column, or an expression over the row.
    Column(&'static str),
    /// In rows of other tables, one of which has to match.
    Rows { from: &'static str, value: &'static str },
    /// In a column of JSON, by key.
    Members(&'static str),
}

fn text_source(field: Field) -> Source {
    use Source::{Column, Members, Rows};
    match field {
        Field::Source => Column("c.source"),
        Field::ExternalId => Column("c.external_id"),
        Field::TranscriptHash => Column("c.transcript_hash"),
        Field::Intent => Column("c.intent"),
        Field::Channel => Column("c.channel"),
        Field::Tier => Column("c.tier"),
        Field::Language => Column("c.language"),
        Field::AgentVersion => Column("c.agent_version"),
        Field::HandledBy => Column("c.handled_by"),
        Field::Label => Column(LABEL_STATE),
        Field::Verdict => Column(
            "(SELECT CASE WHEN count(DISTINCT l.verdict) = 1 THEN max(l.verdict) \
                          ELSE max(CASE WHEN l.label ->> '$.settled.event' IS NOT NULL THEN l.verdict END) END \
                FROM labels l WHERE l.conversation = c.id)",
        ),
        Field::Mode => Rows { from: "label_modes m WHERE m.conversation = c.id", value: "m.mode" },
        Field::Owner => Rows {
            from: "labels l WHERE l.conversation = c.id AND l.label ->> '$.owner' IS NOT NULL",
            value: "l.label ->> '$.owner'",
        },
        Field::Queue => Rows { from: "labels l WHERE l.conversation = c.id AND l.queue IS NOT NULL", value: "l.queue" },
        Field::Reviewer => Rows { from: "labels l WHERE l.conversation = c.id", value: "l.reviewer" },
        Field::Tool => Rows {
            from: "conversation_tools t JOIN names n ON n.key = t.tool WHERE t.conversation = c.key",
            value: "n.name",
        },
        Field::Agent => {
            Rows { from: "spans s JOIN names n ON n.key = s.agent WHERE s.conversation = c.key", value: "n.name" }
        }
        Field::Kind => Rows { from: "spans s WHERE s.conversation = c.key", value: "s.kind" },
        Field::Reason => Rows {
            from: "json_each(coalesce((SELECT e.reasons FROM evaluations e WHERE e.conversation = c.key AND e.content_hash = c.content_hash), c.reasons)) r WHERE 1",
            value: "r.value",
        },
        Field::Outcome => Members("c.outcomes"),
        Field::Meta => Members("c.attributes"),
        _ => Column("c.id"),
    }
}

/// The expression of a number, and what it binds.
fn number_source(field: Field, key: &str) -> (String, Vec<Sql>) {
    let column = match field {
        Field::Turns => "c.turns",
        Field::Spans => "c.spans",
        Field::ToolCalls => "c.tool_calls",
        Field::ErrorSpans => "c.error_spans",
        Field::FailedSteps => "c.failed_steps",
        Field::Suspects => {
            "json_array_length(coalesce((SELECT e.suspects FROM evaluations e WHERE e.conversation = c.key AND e.content_hash = c.content_hash), c.suspects))"
        }
        Field::PFail => {
            "(SELECT e.p_fail FROM evaluations e WHERE e.conversation = c.key AND e.content_hash = c.content_hash)"
        }
        Field::Score => {
            let sql = "(SELECT CASE WHEN e.lower_is_better THEN max(s.value) ELSE min(s.value) END FROM scores s \
                       JOIN evaluators e ON e.key = s.evaluator WHERE s.conversation = c.key AND folded(e.name) = ?)";
            return (sql.to_owned(), vec![key.to_owned().into()]);
        }
        _ => "c.steps",
    };
    (column.to_owned(), Vec::new())
}

fn sign(how: Comparison) -> &'static str {
    match how {
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
        Comparison::Equal => "=",
        Comparison::GreaterOrEqual => ">=",
        Comparison::Greater => ">",
    }
}

/// The ids that begin with `text`, or the id of the conversation whose source calls it so, or whose trace it is.
pub const RESOLVE: [&str; 4] = [
    "SELECT id FROM conversations WHERE id = ?1",
    "SELECT conversation FROM aliases WHERE id = ?1",
    "SELECT id FROM conversations WHERE external_id = ?1 ORDER BY id",
    "SELECT id FROM conversations WHERE id >= ?1 AND id < ?1 || char(0x10FFFF) ORDER BY id LIMIT 100",
];

/// A trace id as it is looked up, if `text` looks like one.
pub fn trace_bytes(text: &str) -> Option<Vec<u8>> {
    (text.len() == 32).then(|| id_bytes(&text.to_ascii_lowercase())).filter(|bytes| bytes.len() == 16)
}

impl Query {
    /// What is bound, for `rusqlite`.
    pub fn parameters(&self) -> Vec<&dyn rusqlite::types::ToSql> {
        self.bound.iter().map(|value| value as &dyn rusqlite::types::ToSql).collect()
    }
}
