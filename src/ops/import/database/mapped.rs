//! A team's own database, read by a mapping.
//!
//! Invariant: everything that the mapping names is looked up in the schema before a row is read; memory holds one
//! conversation.

use std::ops::ControlFlow;

use serde_json::{Map, Value};

use super::{DatabaseError, Feed};
use crate::ingest::mapping::{Conversations, Place, text, value};
use crate::ingest::{Format, Mapping, MappingError, ProblemKind};
use crate::store::{ForeignDatabase, ForeignError, ForeignTable, Selection};

type Row = Map<String, Value>;

/// A section as it is to be selected.
struct Section<'a> {
    name: &'static str,
    place: &'a Place,
    /// Field of the mapping, and the column it names.
    columns: Vec<(&'static str, &'a str)>,
    order: Vec<&'a str>,
}

fn section<'a>(
    name: &'static str,
    place: &'a Place,
    fields: &[(&'static str, Option<&'a String>)],
    more: &'a [String],
) -> Section<'a> {
    let named = fields.iter().filter_map(|(field, column)| Some((*field, column.as_ref()?.as_str())));
    let more = more.iter().map(|column| ("attributes", column.as_str()));
    let columns = named.chain(more).filter(|(_, column)| !column.starts_with('=')).collect();
    Section { name, place, columns, order: Vec::new() }
}

/// The sections of a mapping, by name.
fn sections(mapping: &Mapping) -> Vec<Section<'_>> {
    let mut all = Vec::new();
    if let Some(one) = &mapping.conversations {
        let mut fields = vec![("id", Some(&one.id)), ("started_at", one.started_at.as_ref())];
        fields.extend(one.segments().map(|(name, field)| (name, Some(field))));
        all.push(section("conversations", &one.place, &fields, &one.attributes));
    }
    if let Some(one) = &mapping.messages {
        let fields = [
            ("conversation", one.conversation.as_ref()),
            ("role", one.role.as_ref()),
            ("text", one.text.as_ref()),
            ("at", one.at.as_ref()),
            ("agent", one.agent.as_ref()),
            ("tool", one.tool.as_ref()),
            ("arguments", one.arguments.as_ref()),
            ("result", one.result.as_ref()),
            ("call_id", one.call_id.as_ref()),
        ];
        let mut section = section("messages", &one.place, &fields, &[]);
        section.columns.extend(one.order.iter().map(|column| ("order", column.as_str())));
        let at = one.at.iter().filter(|_| one.order.is_empty());
        section.order = one.conversation.iter().chain(&one.order).chain(at).map(String::as_str).collect();
        all.push(section);
    }
    if let Some(one) = &mapping.spans {
        let fields = [
            ("id", Some(&one.id)),
            ("trace", one.trace.as_ref()),
            ("conversation", one.conversation.as_ref()),
            ("parent", one.parent.as_ref()),
            ("name", one.name.as_ref()),
            ("kind", one.kind.as_ref()),
            ("start", one.start.as_ref()),
            ("end", one.end.as_ref()),
            ("error", one.error.as_ref()),
            ("agent", one.agent.as_ref()),
            ("tool", one.tool.as_ref()),
            ("input", one.input.as_ref()),
            ("output", one.output.as_ref()),
        ];
        all.push(section("spans", &one.place, &fields, &one.attributes));
    }
    if let Some(one) = &mapping.scores {
        let fields = [
            ("conversation", one.conversation.as_ref()),
            ("trace", one.trace.as_ref()),
            ("span", one.span.as_ref()),
            ("evaluator", Some(&one.evaluator)),
            ("value", one.value.as_ref()),
            ("label", one.label.as_ref()),
            ("passed", one.passed.as_ref()),
            ("confidence", one.confidence.as_ref()),
            ("explanation", one.explanation.as_ref()),
        ];
        all.push(section("scores", &one.place, &fields, &[]));
    }
    if let Some(one) = &mapping.outcomes {
        all.push(section("outcomes", &one.place, &[("conversation", Some(&one.conversation))], &one.columns));
    }
    all
}

impl Section<'_> {
    /// What to select, if all of it is there.
    fn selection(&self, database: &ForeignDatabase, tables: &[ForeignTable]) -> Result<Selection, DatabaseError> {
        let absent =
            |field: &str, what: String| DatabaseError::Absent { section: self.name, field: field.to_owned(), what };
        let mut columns: Vec<String> = self.columns.iter().map(|(_, column)| (*column).to_owned()).collect();
        columns.sort_unstable();
        columns.dedup();
        if let Some(query) = &self.place.query {
            let there = database.columns(query)?;
            if let Some((field, column)) =
                self.columns.iter().find(|(_, column)| !there.iter().any(|one| one == column))
            {
                return Err(absent(field, format!("the query has no column {column:?}; it has {}", there.join(", "))));
            }
            // The order is asked for around the query, whatever its own is.
            let order: Vec<String> =
                self.order.iter().map(|name| format!("\"{}\"", name.replace('"', "\"\""))).collect();
            let query = query.trim().trim_end_matches(';');
            let order = if order.is_empty() { String::new() } else { format!(" ORDER BY {}", order.join(", ")) };
            return Ok(Selection::Query(format!("SELECT * FROM ({query}){order}")));
        }
        let Some(name) = &self.place.table else {
            return Err(MappingError::Missing {
                section: self.name,
                field: "table",
                why: "in a database it needs a table, or a query",
            }
            .into());
        };
        let Some(table) = tables.iter().find(|table| table.name == *name) else {
            let all: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
            return Err(absent("table", format!("there is no table {name:?}; there are {}", all.join(", "))));
        };
        for (field, column) in &self.columns {
            let (of, plain) = match column.split_once('.') {
                Some((of, plain)) => (tables.iter().find(|table| table.name == of), plain),
                None => (Some(table), *column),
            };
            // What a join calls a table by another name is for SQLite to know.
            let Some(of) = of else { continue };
            let joined = self.place.join.is_empty() || column.contains('.');
            if joined && !of.columns.iter().any(|one| one.name == plain) {
                let all: Vec<&str> = of.columns.iter().map(|column| column.name.as_str()).collect();
                let what = format!("the table {:?} has no column {plain:?}; it has {}", of.name, all.join(", "));
                return Err(absent(field, what));
            }
        }
        let order = self.order.iter().map(|column| (*column).to_owned()).collect();
        Ok(Selection::Columns { table: name.clone(), joins: self.place.join.clone(), columns, order })
    }
}

/// The selections of all sections.
struct Selections(Vec<(&'static str, Selection)>);

impl Selections {
    fn of(database: &ForeignDatabase, tables: &[ForeignTable], mapping: &Mapping) -> Result<Self, DatabaseError> {
        if mapping.messages.as_ref().is_some_and(|messages| messages.conversation.is_none()) {
            let why = "without it nobody knows which messages belong together";
            return Err(MappingError::Missing { section: "messages", field: "conversation", why }.into());
        }
        let all = sections(mapping).into_iter();
        all.map(|section| Ok((section.name, section.selection(database, tables)?))).collect::<Result<_, _>>().map(Self)
    }

    fn get(&self, name: &str) -> Option<&Selection> {
        self.0.iter().find(|(section, _)| *section == name).map(|(_, selection)| selection)
    }
}

/// Looks whether everything the mapping names is there.
pub fn check(database: &ForeignDatabase, tables: &[ForeignTable], mapping: &Mapping) -> Result<(), DatabaseError> {
    let selections = Selections::of(database, tables, mapping)?;
    for (_, selection) in &selections.0 {
        // Joins are checked by SQLite itself.
        database.each(selection, None, &mut |_| ControlFlow::Break(()))?;
    }
    Ok(())
}

/// Reads everything the mapping names.
pub fn read(
    database: &ForeignDatabase,
    tables: &[ForeignTable],
    mapping: &Mapping,
    feed: &mut Feed<'_, '_>,
) -> Result<(), DatabaseError> {
    let selections = Selections::of(database, tables, mapping)?;
    if let Some(selection) = selections.get("messages") {
        let heads = mapping.conversations.as_ref().zip(selections.get("conversations"));
        conversations(database, (mapping, selection, heads), feed)?;
    }
    if let (Some(spans), Some(selection)) = (&mapping.spans, selections.get("spans")) {
        let mut options = feed.reading(Format::Phoenix);
        options.source = options.source.or_else(|| Some(feed.stem.to_owned()));
        let mut lost = 0;
        database.each(selection, None, &mut |row| {
            if let Some(span) = spans.record(&row) {
                return feed.record(&span, &options);
            }
            lost += 1;
            ControlFlow::Continue(())
        })?;
        if lost > 0 {
            let _ = feed.problem(ProblemKind::BadSpan, lost, format!("{lost} rows of spans without an id or a trace"));
        }
    }
    if let (Some(scores), Some(selection)) = (&mapping.scores, selections.get("scores")) {
        let options = feed.reading(Format::Scores);
        database.each(selection, None, &mut |row| feed.record(&scores.record(&row), &options))?;
    }
    if let (Some(outcomes), Some(selection)) = (&mapping.outcomes, selections.get("outcomes")) {
        let options = feed.reading(Format::Outcomes);
        database.each(selection, None, &mut |row| feed.record(&outcomes.record(&row), &options))?;
    }
    Ok(())
}

/// Reads messages, which come ordered by conversation.
fn conversations(
    database: &ForeignDatabase,
    (mapping, selection, heads): (&Mapping, &Selection, Option<(&Conversations, &Selection)>),
    feed: &mut Feed<'_, '_>,
) -> Result<(), DatabaseError> {
    let field = mapping.messages.as_ref().and_then(|messages| messages.conversation.as_deref()).unwrap_or_default();
    // Beside spans the messages are a span as well, so that both become one conversation.
    let beside = mapping.spans.is_some();
    let mut options = feed.reading(if beside { Format::Phoenix } else { Format::OpenAi });
    options.source = options.source.or_else(|| Some(feed.stem.to_owned()));
    let mut whole = |id: &Value, rows: &[Row]| -> Result<ControlFlow<()>, DatabaseError> {
        let head = match heads {
            Some((section, selection)) => head(database, (section, selection), id)?,
            None => None,
        };
        let name = text(id);
        let record = if beside {
            mapping.transcript(&name, head.as_ref(), rows)?
        } else {
            mapping.chat(&name, head.as_ref(), rows)?
        };
        Ok(feed.record(&record, &options))
    };
    let (mut open, mut rows): (Option<Value>, Vec<Row>) = (None, Vec::new());
    let (mut failed, mut nameless) = (None, 0_u64);
    database.each(selection, None, &mut |row| {
        let Some(id) = value(&row, field) else {
            nameless += 1;
            return ControlFlow::Continue(());
        };
        if let Some(last) = open.take_if(|last| *last != id) {
            match whole(&last, &rows) {
                Ok(ControlFlow::Continue(())) => rows.clear(),
                Ok(ControlFlow::Break(())) => {
                    rows.clear();
                    return ControlFlow::Break(());
                }
                Err(error) => {
                    rows.clear();
                    failed = Some(error);
                    return ControlFlow::Break(());
                }
            }
        }
        open = Some(id);
        rows.push(row);
        ControlFlow::Continue(())
    })?;
    if let Some(error) = failed {
        return Err(error);
    }
    if let Some(last) = open.filter(|_| !rows.is_empty()) {
        let _ = whole(&last, &rows)?;
    }
    if nameless > 0 {
        let message = format!("{nameless} rows of messages name no conversation; they were left out");
        let _ = feed.problem(ProblemKind::BadMessage, 0, message);
    }
    Ok(())
}

/// A conversation's own row.
fn head(
    database: &ForeignDatabase,
    (section, selection): (&Conversations, &Selection),
    id: &Value,
) -> Result<Option<Row>, ForeignError> {
    let mut head = None;
    database.each(selection, Some((&section.id, id)), &mut |row| {
        head = Some(row);
        ControlFlow::Break(())
    })?;
    Ok(head)
}
