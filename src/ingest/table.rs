//! Tables in CSV: rows become records of the same forms as JSON lines.
//!
//! Invariant: a cell is text, unless it holds a whole JSON object or list; an empty cell is a member that is null.

use std::io::Read;

use serde_json::Value;
use serde_json::value::RawValue;

use super::Format;
use super::decode::Decoder;
use super::detect::without_bom;
use super::problem::ProblemKind;

/// Columns by which a table is known where no form is told; in lower case without `_` and spaces.
const COLUMNS: &[&str] = &[
    "id",
    "traceid",
    "spanid",
    "sessionid",
    "conversationid",
    "observationid",
    "runid",
    "context.traceid",
    "context.spanid",
];

/// True where the first line of `head` is the header of a table.
pub(super) fn is_table(head: &[u8], format: Format) -> bool {
    let head = without_bom(head);
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if line.first().is_none_or(|byte| matches!(byte, b'{' | b'[')) || std::str::from_utf8(line).is_err() {
        return false;
    }
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line);
    let Some(Ok(header)) = reader.records().next() else { return false };
    let sane = |name: &str| name.len() <= 100 && name.chars().all(|c| c.is_alphanumeric() || "_. -/()#".contains(c));
    if header.len() < 2 || !header.iter().all(sane) {
        return false;
    }
    let known = |name: &str| {
        let name: String = name.chars().filter(|c| !matches!(c, '_' | ' ')).collect();
        COLUMNS.contains(&name.to_ascii_lowercase().as_str())
    };
    format.holds_rows() || header.iter().any(known)
}

/// Reads a table row by row.
pub(super) fn read(reader: impl Read, decoder: &mut Decoder<'_, '_>) {
    let bounded = decoder.bounded(reader);
    let mut table = csv::ReaderBuilder::new().flexible(true).from_reader(bounded);
    let header: Vec<String> = match table.headers() {
        Ok(header) => header.iter().map(|name| name.trim_start_matches('\u{feff}').trim().to_owned()).collect(),
        Err(error) => return failed(decoder, error),
    };
    let mut row = csv::ByteRecord::new();
    loop {
        match table.read_byte_record(&mut row) {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => return failed(decoder, error),
        }
        if let Some(position) = row.position() {
            decoder.at_line(position.line(), position.byte());
        }
        match members(&header, &row) {
            Some(members) => decoder.row(&members),
            None => decoder.problem(ProblemKind::InvalidUtf8, 1, "a row that is not UTF-8"),
        }
        if decoder.stopped() {
            return;
        }
    }
}

fn failed(decoder: &mut Decoder<'_, '_>, error: csv::Error) {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => decoder.failed_reading(&error),
        csv::ErrorKind::Utf8 { .. } => decoder.problem(ProblemKind::InvalidUtf8, 1, "a header that is not UTF-8"),
        _ => decoder.problem(ProblemKind::NotARecord, 1, "not a table: rows cannot be told apart"),
    }
}

fn members(header: &[String], row: &csv::ByteRecord) -> Option<Vec<(String, Box<RawValue>)>> {
    let mut members = Vec::with_capacity(header.len());
    for (name, cell) in header.iter().zip(row) {
        let cell = std::str::from_utf8(cell).ok()?;
        members.push((name.clone(), raw(cell)?));
    }
    Some(members)
}

fn raw(cell: &str) -> Option<Box<RawValue>> {
    if cell.is_empty() {
        return RawValue::from_string("null".to_owned()).ok();
    }
    let structure = cell.starts_with(['{', '[']).then(|| RawValue::from_string(cell.to_owned()).ok()).flatten();
    structure.or_else(|| RawValue::from_string(Value::from(cell).to_string()).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_known_by_their_header() {
        assert!(is_table(b"id,trace_id,name\n1,2,3", Format::Auto));
        assert!(is_table(b"\xef\xbb\xbf\"Trace ID\",\"Name\"\r\n", Format::Auto));
        assert!(is_table(b"conversation,score\n", Format::Scores));
        assert!(!is_table(b"conversation,score\n", Format::Auto));
        assert!(!is_table(b"hello, world: this is id\n", Format::Auto));
        assert!(!is_table(b"{\"id\":1,\"trace_id\":2}\n", Format::Scores));
        assert!(!is_table(b"id\n", Format::Auto));
        assert!(!is_table(b"", Format::Scores));
    }
}
