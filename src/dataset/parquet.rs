//! Labels as a Parquet file: a column of text for each member of the canonical record.
//!
//! Invariant: what is written is read back by the footer alone, as any reader does; a member that is no text is JSON text,
//! and one that is null is null. Only what this takes of the format is here: optional UTF-8 columns, plain, not compressed.

use serde_json::{Map, Value};

use super::item::Item;
use super::labels::Labels;
use super::layout::Layout;
use super::{Exporter, Rows, validate};

/// The format `parquet`.
pub struct Parquet;

impl Exporter for Parquet {
    fn name(&self) -> &'static str {
        "parquet"
    }

    fn file_name(&self) -> &'static str {
        "labels.parquet"
    }

    fn help(&self) -> &'static str {
        "the canonical records as a Parquet table; lists and objects are JSON text"
    }

    fn layout(&self) -> Layout {
        Layout::Parquet
    }

    fn rows(&self, item: &Item<'_>) -> Rows {
        Labels.rows(item)
    }

    fn check(&self, row: &Value) -> Result<(), String> {
        validate::text(row, "conversation_id").and_then(|_| validate::text(row, "verdict")).map(|_| ())
    }
}

const MAGIC: &[u8] = b"PAR1";

/// Rows in one group.
const GROUP: usize = 5_000;

// Types of the compact protocol of Thrift.
const I32: u8 = 5;
const I64: u8 = 6;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const STRUCT: u8 = 12;

// Numbers of the format: a column of bytes that are UTF-8, plain values, levels in runs.
const BYTE_ARRAY: i64 = 6;
const OPTIONAL: i64 = 1;
const UTF8: i64 = 0;
const PLAIN: i64 = 0;
const RLE: i64 = 3;

/// A value of Thrift, as far as this uses it.
#[derive(Debug, Clone, PartialEq)]
enum Thrift {
    Int(u8, i64),
    Bytes(Vec<u8>),
    List(u8, Vec<Thrift>),
    Struct(Vec<(i16, Thrift)>),
}

fn int(value: i64) -> Thrift {
    Thrift::Int(I32, value)
}

fn long(value: usize) -> Thrift {
    Thrift::Int(I64, value as i64)
}

fn text(value: &str) -> Thrift {
    Thrift::Bytes(value.as_bytes().to_vec())
}

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value as u8) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

impl Thrift {
    fn kind(&self) -> u8 {
        match self {
            Self::Int(kind, _) => *kind,
            Self::Bytes(_) => BINARY,
            Self::List(..) => LIST,
            Self::Struct(_) => STRUCT,
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Int(_, value) => varint(((value << 1) ^ (value >> 63)) as u64, out),
            Self::Bytes(bytes) => {
                varint(bytes.len() as u64, out);
                out.extend_from_slice(bytes);
            }
            Self::List(kind, items) => {
                if items.len() < 15 {
                    out.push(((items.len() as u8) << 4) | kind);
                } else {
                    out.push(0xf0 | kind);
                    varint(items.len() as u64, out);
                }
                for item in items {
                    item.write(out);
                }
            }
            Self::Struct(fields) => {
                let mut last = 0_i16;
                for (id, value) in fields {
                    // All ids here are near each other, so that the short form does.
                    out.push((((id - last) as u8) << 4) | value.kind());
                    value.write(out);
                    last = *id;
                }
                out.push(0);
            }
        }
    }

    fn read(kind: u8, from: &mut Reader<'_>) -> Option<Self> {
        Some(match kind {
            I32 | I64 => {
                let raw = from.varint()?;
                Self::Int(kind, (raw >> 1) as i64 ^ -((raw & 1) as i64))
            }
            BINARY => {
                let length = from.varint()? as usize;
                Self::Bytes(from.take(length)?.to_vec())
            }
            LIST => {
                let head = *from.take(1)?.first()?;
                let length = if head >> 4 == 15 { from.varint()? } else { u64::from(head >> 4) };
                let items = (0..length).map(|_| Self::read(head & 15, from)).collect::<Option<_>>()?;
                Self::List(head & 15, items)
            }
            STRUCT => {
                let (mut fields, mut last) = (Vec::new(), 0_i16);
                loop {
                    let head = *from.take(1)?.first()?;
                    if head == 0 {
                        break Self::Struct(fields);
                    }
                    last = last.checked_add(i16::from(head >> 4))?;
                    fields.push((last, Self::read(head & 15, from)?));
                }
            }
            _ => return None,
        })
    }

    fn field(&self, id: i16) -> Option<&Self> {
        let Self::Struct(fields) = self else { return None };
        fields.iter().find(|(own, _)| *own == id).map(|(_, value)| value)
    }

    fn number(&self, id: i16) -> Option<usize> {
        match self.field(id)? {
            Self::Int(_, value) => usize::try_from(*value).ok(),
            _ => None,
        }
    }

    fn list(&self, id: i16) -> Option<&[Self]> {
        match self.field(id)? {
            Self::List(_, items) => Some(items),
            _ => None,
        }
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = *self.take(1)?.first()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn length(&mut self) -> Option<usize> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?) as usize)
    }
}

/// The file that holds these rows, each one line of JSON.
pub fn write(lines: &[&str]) -> Vec<u8> {
    let rows: Vec<Map<String, Value>> =
        lines.iter().map(|line| serde_json::from_str(line).unwrap_or_default()).collect();
    let mut names: Vec<&str> = Vec::new();
    for name in rows.iter().flat_map(Map::keys) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let mut out = MAGIC.to_vec();
    let groups: Vec<Thrift> = rows.chunks(GROUP).map(|rows| group(rows, &names, &mut out)).collect();
    let leaf = |name: &&str| {
        let string = Thrift::Struct(vec![(1, Thrift::Struct(Vec::new()))]);
        Thrift::Struct(vec![(1, int(BYTE_ARRAY)), (3, int(OPTIONAL)), (4, text(name)), (6, int(UTF8)), (10, string)])
    };
    let root = Thrift::Struct(vec![(4, text("schema")), (5, int(names.len() as i64))]);
    let schema = std::iter::once(root).chain(names.iter().map(leaf)).collect();
    let footer = Thrift::Struct(vec![
        (1, int(1)),
        (2, Thrift::List(STRUCT, schema)),
        (3, long(rows.len())),
        (4, Thrift::List(STRUCT, groups)),
        (6, text("aftercall")),
    ]);
    let start = out.len();
    footer.write(&mut out);
    let length = (out.len() - start) as u32;
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(MAGIC);
    out
}

/// Writes a group of rows, a page for each column, and answers what the footer says of it.
fn group(rows: &[Map<String, Value>], names: &[&str], out: &mut Vec<u8>) -> Thrift {
    let start = out.len();
    let columns = names.iter().map(|name| {
        let cells: Vec<Option<String>> = rows.iter().map(|row| cell(row.get(*name))).collect();
        let page = page(&cells);
        let levels = vec![(1, int(rows.len() as i64)), (2, int(PLAIN)), (3, int(RLE)), (4, int(RLE))];
        let size = || int(page.len() as i64);
        let head = Thrift::Struct(vec![(1, int(0)), (2, size()), (3, size()), (5, Thrift::Struct(levels))]);
        let offset = out.len();
        head.write(out);
        out.extend_from_slice(&page);
        let size = || long(out.len() - offset);
        let about = Thrift::Struct(vec![
            (1, int(BYTE_ARRAY)),
            (2, Thrift::List(I32, vec![int(PLAIN), int(RLE)])),
            (3, Thrift::List(BINARY, vec![text(name)])),
            (4, int(0)),
            (5, long(rows.len())),
            (6, size()),
            (7, size()),
            (9, long(offset)),
        ]);
        Thrift::Struct(vec![(2, long(offset)), (3, about)])
    });
    let columns: Vec<Thrift> = columns.collect();
    Thrift::Struct(vec![(1, Thrift::List(STRUCT, columns)), (2, long(out.len() - start)), (3, long(rows.len()))])
}

fn cell(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// Which cells are there, a bit each, and then those that are.
fn page(cells: &[Option<String>]) -> Vec<u8> {
    let bits: Vec<u8> = cells
        .chunks(8)
        .map(|eight| eight.iter().enumerate().fold(0, |byte, (at, cell)| byte | (u8::from(cell.is_some()) << at)))
        .collect();
    let mut levels = Vec::with_capacity(bits.len() + 4);
    varint(((bits.len() as u64) << 1) | 1, &mut levels);
    levels.extend_from_slice(&bits);
    let mut out = (levels.len() as u32).to_le_bytes().to_vec();
    out.extend_from_slice(&levels);
    for cell in cells.iter().flatten() {
        out.extend_from_slice(&(cell.len() as u32).to_le_bytes());
        out.extend_from_slice(cell.as_bytes());
    }
    out
}

/// The rows in a file, as lines of JSON whose members are text; what is null is left away.
///
/// # Errors
/// The file is not one that [`write()`] makes.
pub fn read(bytes: &[u8]) -> Result<Vec<String>, String> {
    let rows = rows_of(bytes).ok_or("it is no Parquet file of text columns")?;
    rows.iter().map(|row| serde_json::to_string(row).map_err(|error| error.to_string())).collect()
}

fn rows_of(bytes: &[u8]) -> Option<Vec<Map<String, Value>>> {
    let inner = bytes.strip_prefix(MAGIC)?.strip_suffix(MAGIC)?;
    let (inner, length) = inner.split_last_chunk::<4>()?;
    let start = inner.len().checked_sub(u32::from_le_bytes(*length) as usize)?;
    let footer = Thrift::read(STRUCT, &mut Reader(&inner[start..]))?;
    let mut rows = Vec::new();
    for group in footer.list(4)? {
        let mut some = vec![Map::new(); group.number(3)?];
        for column in group.list(1)? {
            let about = column.field(3)?;
            let [Thrift::Bytes(name)] = about.list(3)? else { return None };
            let name = String::from_utf8(name.clone()).ok()?;
            let mut from = Reader(bytes.get(about.number(9)?..)?);
            let head = Thrift::read(STRUCT, &mut from)?;
            let mut page = Reader(from.take(head.number(3)?)?);
            let length = page.length()?;
            let mut levels = Reader(page.take(length)?);
            levels.varint()?;
            for (at, row) in some.iter_mut().enumerate() {
                if levels.0.get(at / 8)? >> (at % 8) & 1 == 1 {
                    let length = page.length()?;
                    let text = String::from_utf8(page.take(length)?.to_vec()).ok()?;
                    row.insert(name.clone(), text.into());
                }
            }
            if !page.0.is_empty() {
                return None;
            }
        }
        rows.extend(some);
    }
    (footer.number(3)? == rows.len()).then_some(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rows_come_back_whatever_is_in_them(
            rows in prop::collection::vec(prop::collection::btree_map("[a-e]", prop::option::of(".{0,40}"), 0..5), 0..40),
        ) {
            let lines: Vec<String> = rows.iter().map(|row| serde_json::to_string(row).unwrap()).collect();
            let file = write(&lines.iter().map(String::as_str).collect::<Vec<_>>());
            let taken: Vec<std::collections::BTreeMap<String, Option<String>>> =
                read(&file).unwrap().iter().map(|line| serde_json::from_str(line).unwrap()).collect();
            let wanted: Vec<_> = rows.iter().map(|row| {
                row.iter().filter(|(_, cell)| cell.is_some()).map(|(name, cell)| (name.clone(), cell.clone())).collect()
            }).collect();
            prop_assert_eq!(taken, wanted);
        }

        #[test]
        fn a_broken_file_is_told(cut in 0_usize..200, byte: u8) {
            let mut file = write(&[r#"{"a":"x","b":[1]}"#, r#"{"a":null,"b":{}}"#]);
            let cut = cut.min(file.len() - 1);
            prop_assert!(read(&file[..cut]).is_err());
            file[cut] = byte;
            let _ = read(&file);
        }
    }
}
