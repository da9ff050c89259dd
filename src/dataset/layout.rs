//! How the rows of a format are put together into its file, and taken out of it again.
//!
//! Invariant: taking out gives exactly the rows that were put in, so a finished file can be checked row by row; of a
//! table, whose cells are a view, it gives the cells.

use std::fmt::Write as _;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::model::tool::members;
use crate::text::door::{csv_cell, csv_unescape};

/// The form of a data file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// A JSON object a line.
    Lines,
    /// One JSON list.
    Array,
    /// Comma-separated values with a header; the members of a row are its cells.
    Table,
    /// One JSON object of lists: member `a` of the rows becomes list `b`, for each pair; the text is what stands before.
    Columns(&'static [(&'static str, &'static str)]),
    /// A Parquet file; the members of a row are its cells.
    Parquet,
}

/// The file that holds these rows, each one line of JSON. `name` is the dataset's, where the form has a place for it.
pub fn assemble(layout: Layout, lines: &[&str], name: &str) -> Vec<u8> {
    let text = match layout {
        Layout::Lines => lines.iter().flat_map(|line| [*line, "\n"]).collect(),
        Layout::Array => format!("[\n{}\n]\n", lines.join(",\n")),
        Layout::Table => table(lines),
        Layout::Columns(pairs) => columns(pairs, lines, name),
        Layout::Parquet => return super::parquet::write(lines),
    };
    text.into_bytes()
}

/// The rows in a file, as lines of JSON.
///
/// # Errors
/// The file is not of that form.
pub fn disassemble(layout: Layout, bytes: &[u8]) -> Result<Vec<String>, String> {
    if layout == Layout::Parquet {
        return super::parquet::read(bytes);
    }
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    let owned = |raws: Vec<&RawValue>| raws.into_iter().map(|raw| raw.get().to_owned()).collect();
    match layout {
        Layout::Lines => Ok(text.lines().map(str::to_owned).collect()),
        Layout::Array => serde_json::from_str::<Vec<&RawValue>>(text).map(owned).map_err(|error| error.to_string()),
        Layout::Table => read_table(text),
        Layout::Columns(pairs) => read_columns(pairs, text),
        Layout::Parquet => Ok(Vec::new()),
    }
}

/// True where the rows taken out of a file are the ones put in.
pub fn same(layout: Layout, put: &[&str], taken: &[String]) -> bool {
    match layout {
        Layout::Table => {
            let cells = |line: &str| -> Vec<(String, String)> {
                let row: Map<String, Value> = serde_json::from_str(line).unwrap_or_default();
                row.into_iter().map(|(name, value)| (name, shown(&value))).collect()
            };
            // What is unsafe to draw has a stand-in in a table, so the cells are compared as the door shows them.
            let seen = |line: &str| -> Vec<(String, String)> {
                cells(line).into_iter().map(|(name, cell)| (name, seen_cell(&cell))).collect()
            };
            put.len() == taken.len() && put.iter().zip(taken).all(|(a, b)| seen(a) == cells(b))
        }
        Layout::Parquet => {
            // A cell that is null is not there when it is read back.
            let cells = |line: &str| -> Vec<(String, String)> {
                let row: Map<String, Value> = serde_json::from_str(line).unwrap_or_default();
                let there = row.into_iter().filter(|(_, value)| !value.is_null());
                there.map(|(name, value)| (name, shown(&value))).collect()
            };
            put.len() == taken.len() && put.iter().zip(taken).all(|(a, b)| cells(a) == cells(b))
        }
        _ => put.len() == taken.len() && put.iter().zip(taken).all(|(a, b)| *a == b),
    }
}

/// What a table holds of a cell once its quoting was removed.
fn seen_cell(cell: &str) -> String {
    let quoted = csv_cell(cell);
    let inner = quoted.strip_prefix('"').and_then(|cell| cell.strip_suffix('"')).unwrap_or(&quoted);
    csv_unescape(&inner.replace("\"\"", "\"")).to_owned()
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn table(lines: &[&str]) -> String {
    let rows: Vec<Map<String, Value>> =
        lines.iter().map(|line| serde_json::from_str(line).unwrap_or_default()).collect();
    let Some(first) = rows.first() else { return String::new() };
    let mut out = first.keys().map(|name| csv_cell(name)).collect::<Vec<_>>().join(",");
    out.push_str("\r\n");
    for row in &rows {
        out.push_str(&row.values().map(|value| csv_cell(&shown(value))).collect::<Vec<_>>().join(","));
        out.push_str("\r\n");
    }
    out
}

fn read_table(text: &str) -> Result<Vec<String>, String> {
    let mut records = records(text)?.into_iter();
    let names = records.next().unwrap_or_default();
    records
        .map(|record| {
            if record.len() != names.len() {
                return Err(format!("a record has {} cells, the header {}", record.len(), names.len()));
            }
            let cell = |(name, cell): (&String, String)| (name.clone(), Value::String(csv_unescape(&cell).to_owned()));
            let row: Map<String, Value> = names.iter().zip(record).map(cell).collect();
            serde_json::to_string(&row).map_err(|error| error.to_string())
        })
        .collect()
}

/// The cells of RFC 4180 text in which every cell is quoted.
fn records(text: &str) -> Result<Vec<Vec<String>>, String> {
    let (mut records, mut record) = (Vec::new(), Vec::new());
    let mut rest = text;
    while !rest.is_empty() {
        rest = rest.strip_prefix('"').ok_or("a cell is not quoted")?;
        let mut cell = String::new();
        loop {
            let end = rest.find('"').ok_or("a cell does not end")?;
            cell.push_str(&rest[..end]);
            rest = &rest[end + 1..];
            match rest.strip_prefix('"') {
                Some(after) => {
                    cell.push('"');
                    rest = after;
                }
                None => break,
            }
        }
        record.push(cell);
        if let Some(after) = rest.strip_prefix(',') {
            rest = after;
        } else {
            rest = rest.strip_prefix("\r\n").ok_or("something follows a cell")?;
            records.push(std::mem::take(&mut record));
        }
    }
    Ok(records)
}

fn columns(pairs: &[(&str, &str)], lines: &[&str], name: &str) -> String {
    let rows: Vec<Vec<(String, &RawValue)>> = lines.iter().map(|line| members(line).unwrap_or_default()).collect();
    let mut out = format!("{{\"action\":\"create\",\"name\":{}", Value::from(name));
    for (member, list) in pairs {
        let values: Vec<&str> = rows
            .iter()
            .map(|row| row.iter().find(|(name, _)| name == member).map_or("null", |(_, value)| value.get()))
            .collect();
        let _ = write!(out, ",\n{}:[\n{}\n]", Value::from(*list), values.join(",\n"));
    }
    out.push_str("\n}\n");
    out
}

fn read_columns(pairs: &[(&str, &str)], text: &str) -> Result<Vec<String>, String> {
    let whole = members(text.trim()).ok_or("it is no JSON object")?;
    let mut lists: Vec<(&str, Vec<&RawValue>)> = Vec::new();
    for (member, list) in pairs {
        let raw = whole.iter().find(|(name, _)| name == list).ok_or_else(|| format!("{list} is missing"))?.1;
        lists.push((member, serde_json::from_str(raw.get()).map_err(|error| format!("{list}: {error}"))?));
    }
    let length = lists.first().map_or(0, |(_, list)| list.len());
    if lists.iter().any(|(_, list)| list.len() != length) {
        return Err("the lists differ in length".to_owned());
    }
    let row = |at: usize| {
        let cells: Vec<String> =
            lists.iter().map(|(member, list)| format!("{}:{}", Value::from(*member), list[at].get())).collect();
        format!("{{{}}}", cells.join(","))
    };
    Ok((0..length).map(row).collect())
}

/// A row in which the values of these members, wherever they stand, are JSON text in a string. For readers whose tables
/// need one shape per column.
pub fn stringify(row: &str, names: &[&str]) -> String {
    let text = row.trim();
    match text.as_bytes().first() {
        Some(b'{') => {
            let members = members(text).unwrap_or_default();
            let written: Vec<String> = members
                .iter()
                .map(|(name, value)| {
                    let is_plain = value.get().starts_with('"') || value.get() == "null";
                    let value = if names.contains(&name.as_str()) && !is_plain {
                        Value::from(value.get()).to_string()
                    } else {
                        stringify(value.get(), names)
                    };
                    format!("{}:{value}", Value::from(name.as_str()))
                })
                .collect();
            format!("{{{}}}", written.join(","))
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text).unwrap_or_default();
            format!("[{}]", items.iter().map(|item| stringify(item.get(), names)).collect::<Vec<_>>().join(","))
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PAIRS: Layout = Layout::Columns(&[("a", "as"), ("b", "bs")]);

    proptest! {
        #[test]
        fn what_is_put_in_comes_out(rows in prop::collection::vec((any::<String>(), any::<i64>()), 1..8)) {
            let lines: Vec<String> =
                rows.iter().map(|(a, b)| serde_json::json!({"a": a, "b": b}).to_string()).collect();
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            for layout in [Layout::Array, Layout::Table, PAIRS, Layout::Parquet] {
                let taken = disassemble(layout, &assemble(layout, &lines, "n")).unwrap();
                prop_assert!(same(layout, &lines, &taken), "{layout:?} {lines:?} {taken:?}");
            }
        }
    }

    #[test]
    fn a_cell_with_a_stand_in_beside_a_guarded_one_is_the_one_put_in() {
        let lines = [r#"{"a":"'=1","b":"x\u001b[31m \u202e y","c":"\"\"q'"}"#];
        let taken = disassemble(Layout::Table, &assemble(Layout::Table, &lines, "")).unwrap();
        assert!(same(Layout::Table, &lines, &taken), "{taken:?}");
        assert!(!same(Layout::Table, &lines, &[taken[0].replace("=1", "=2")]));
    }

    #[test]
    fn a_cell_is_no_formula_and_a_changed_file_is_noticed() {
        let lines = [r#"{"a":"=1+1","b":"x\ny"}"#];
        let text = String::from_utf8(assemble(Layout::Table, &lines, "")).unwrap();
        assert_eq!(text, "\"a\",\"b\"\r\n\"'=1+1\",\"x\ny\"\r\n");
        assert!(!same(
            Layout::Table,
            &lines,
            &disassemble(Layout::Table, text.replace("1+1", "1+2").as_bytes()).unwrap()
        ));
        assert!(disassemble(PAIRS, br#"{"as":[1],"bs":[]}"#).is_err());
    }

    #[test]
    fn members_become_strings_and_digits_stay() {
        let row = r#"{"tools":[{"n":123456789012345678901234}],"m":[{"arguments":{"a": 1}},{"arguments":"{}"}]}"#;
        let told =
            r#"{"tools":"[{\"n\":123456789012345678901234}]","m":[{"arguments":"{\"a\": 1}"},{"arguments":"{}"}]}"#;
        assert_eq!(stringify(row, &["tools", "arguments"]), told);
    }
}
