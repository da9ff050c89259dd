//! Reading a whole journal, whatever state it is in.
//!
//! Invariant: reading changes nothing, and one bad line never hides the lines after it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::model::event::{Event, line_hash};

use super::super::StoreError;
use super::{number_of, segments};

/// A segment from elsewhere may be as large as this: one line may exceed the size at which a segment is closed.
const LARGEST_FOREIGN: u64 = 64 << 20;

/// One line of a journal that holds an event.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The line, exactly.
    pub line: String,
    /// What it says.
    pub event: Event,
    /// The segment.
    pub path: PathBuf,
    /// Its line number in the segment, from 1.
    pub number: u64,
    /// Its first byte in the segment, from 0.
    pub byte: u64,
}

/// Something wrong in a journal, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The segment, or the journal's folder.
    pub path: PathBuf,
    /// The line in it, from 1; 0 where the fault is not in a line.
    pub line: u64,
    /// The byte in it, from 0.
    pub byte: u64,
    /// What is wrong.
    pub kind: FaultKind,
    /// The text of the line, for the quarantine; never for a screen.
    pub text: String,
}

/// What can be wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultKind {
    /// The line is no event.
    #[error("not an event ({0})")]
    Unreadable(String),
    /// The end of the last line is missing.
    #[error("the line is cut off")]
    Torn,
    /// It does not follow the line before it.
    #[error("it does not continue the line before it: that line, or this one, was changed")]
    Chain,
    /// Lines are missing before it.
    #[error("event {expected} of this journal is missing; the line holds event {found}")]
    Gap {
        /// The number expected.
        expected: u64,
        /// The number found.
        found: u64,
    },
    /// It is another reviewer's or device's.
    #[error("the event belongs to another journal ({reviewer} on {device})")]
    Owner {
        /// Whose it says it is.
        reviewer: String,
        /// Which device it names.
        device: String,
    },
    /// The database has another text for the same event, from this byte of the line on.
    #[error("the line differs from the database's copy of event {id}, from byte {at} of the line on")]
    Differs {
        /// The event.
        id: String,
        /// The first byte that differs, from 0.
        at: u64,
    },
    /// The database has another event in the same place.
    #[error("event {seq} of this journal is another one in the database ({id})")]
    Taken {
        /// The place.
        seq: u64,
        /// The event in the database.
        id: String,
    },
    /// The database lacks the event.
    #[error("event {id} is not in the database")]
    NotInDatabase {
        /// The event.
        id: String,
    },
    /// A clock or number no journal can reach.
    #[error("its clock or number is beyond any that this program writes")]
    Beyond,
    /// The segments before it are missing.
    #[error("segment {expected:06} is missing before it")]
    Segment {
        /// The segment expected.
        expected: u32,
    },
    /// The database has events that the journal lacks.
    #[error("{count} events of the database are not in it, the first is {id}")]
    Lacks {
        /// How many.
        count: u64,
        /// The first of them.
        id: String,
    },
}

/// All of a journal.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reading {
    /// Its events in file order.
    pub entries: Vec<Entry>,
    /// What is wrong with it.
    pub faults: Vec<Fault>,
}

impl Reading {
    /// Whose journal it is, by its first event.
    pub fn owner(&self) -> Option<(&str, &str)> {
        self.entries.first().map(|entry| (entry.event.reviewer.as_str(), entry.event.device.as_str()))
    }
}

/// True where `folder` holds segments of a journal.
///
/// # Errors
/// It cannot be listed.
pub fn is_journal(folder: &Path) -> Result<bool, StoreError> {
    Ok(!segments(folder)?.is_empty())
}

/// Reads a journal that came from elsewhere: as [`read`], but no links, no devices, and nothing larger than a segment can
/// be that this program wrote.
///
/// # Errors
/// A segment cannot be read, or is none.
pub fn read_foreign(folder: &Path) -> Result<Reading, StoreError> {
    for path in segments(folder)? {
        let data = fs::symlink_metadata(&path).map_err(|error| StoreError::from_io(&path, error))?;
        if !data.is_file() || data.len() > LARGEST_FOREIGN {
            let why = format!("no journal's segment: not a plain file of at most {} MiB", LARGEST_FOREIGN >> 20);
            return Err(StoreError::from_io(&path, std::io::Error::new(std::io::ErrorKind::InvalidData, why)));
        }
    }
    read(folder)
}

/// Reads the journal in `folder`, verifying numbers and hash chain.
///
/// # Errors
/// A segment cannot be read; damage is not an error but a [`Fault`].
pub fn read(folder: &Path) -> Result<Reading, StoreError> {
    let mut reading = Reading::default();
    let mut last = Last::default();
    let mut expected = 1;
    for path in segments(folder)? {
        let found = number_of(&path).unwrap_or(expected);
        if found != expected {
            reading.faults.push(fault(&path, 0, 0, FaultKind::Segment { expected }));
        }
        expected = found.saturating_add(1);
        let bytes = fs::read(&path).map_err(|error| StoreError::from_io(&path, error))?;
        read_segment(&path, &bytes, &mut last, &mut reading);
    }
    Ok(reading)
}

fn fault(path: &Path, line: u64, byte: u64, kind: FaultKind) -> Fault {
    Fault { path: path.to_path_buf(), line, byte, kind, text: String::new() }
}

/// What the next line has to continue.
#[derive(Default)]
struct Last {
    /// Number and hash of the last readable event.
    event: Option<(u64, String)>,
    /// True where an unreadable line came after it, which is told already.
    broken: bool,
}

fn read_segment(path: &Path, bytes: &[u8], last: &mut Last, reading: &mut Reading) {
    let mut byte = 0_usize;
    let mut number = 0_u64;
    while byte < bytes.len() {
        number += 1;
        let rest = &bytes[byte..];
        let end = rest.iter().position(|b| *b == b'\n');
        let line = &rest[..end.unwrap_or(rest.len())];
        let parsed = std::str::from_utf8(line)
            .map_err(|error| format!("no UTF-8 at byte {}", error.valid_up_to()))
            .and_then(|text| Event::parse(text).map(|event| (text, event)).map_err(|error| error.to_string()));
        match parsed {
            Ok((text, event)) => {
                for kind in continuity(&event, last, reading.owner()) {
                    let text = text.to_owned();
                    reading.faults.push(Fault { text, ..fault(path, number, byte as u64, kind) });
                }
                last.event = Some((event.seq, line_hash(text)));
                last.broken = false;
                let (line, path) = (text.to_owned(), path.to_path_buf());
                reading.entries.push(Entry { line, event, path, number, byte: byte as u64 });
            }
            Err(reason) => {
                let kind = if end.is_none() { FaultKind::Torn } else { FaultKind::Unreadable(reason) };
                let text = String::from_utf8_lossy(line).into_owned();
                reading.faults.push(Fault { text, ..fault(path, number, byte as u64, kind) });
                last.broken = true;
            }
        }
        byte += line.len() + 1;
    }
}

/// What is wrong with `event` as the line after `last`.
fn continuity(event: &Event, last: &Last, owner: Option<(&str, &str)>) -> Vec<FaultKind> {
    let mut found = Vec::new();
    if owner.is_some_and(|owner| owner != (event.reviewer.as_str(), event.device.as_str())) {
        let (reviewer, device) = (event.reviewer.clone(), event.device.clone());
        found.push(FaultKind::Owner { reviewer, device });
    }
    let (seq, hash) = last.event.as_ref().map_or((0, ""), |(seq, hash)| (*seq, hash.as_str()));
    if event.seq == seq + 1 {
        if event.prev != hash {
            found.push(FaultKind::Chain);
        }
    } else if !last.broken {
        found.push(FaultKind::Gap { expected: seq + 1, found: event.seq });
    }
    found
}
