//! Zip archives: the `.eval` logs of Inspect, and nothing else.
//!
//! Invariant: a member's name decides at most whether it is a sample; it is never a path, and nothing is unpacked.

use std::io::{Cursor, Read};

use zip::ZipArchive;

use super::decode::Decoder;
use super::export::Fields;
use super::inspect::{self, Header};
use super::problem::ProblemKind;
use super::read::explain;

/// What is said of an archive that is no log.
const OTHER: &str = "this is a zip archive; unpack it and import the files inside";

type Archive = ZipArchive<Cursor<Vec<u8>>>;

/// Reads an archive.
pub(super) fn read(reader: impl Read, decoder: &mut Decoder<'_, '_>) {
    let limit = decoder.limits().record;
    let mut content = Vec::new();
    // The directory of an archive is at its end.
    if let Err(error) = reader.take(limit.saturating_add(1)).read_to_end(&mut content) {
        return decoder.failed_reading(&error);
    }
    if content.len() as u64 > limit {
        return decoder.too_large();
    }
    let Ok(mut archive) = ZipArchive::new(Cursor::new(content)) else {
        return decoder.refuse("this is a zip archive whose directory cannot be read: truncated?");
    };
    let samples: Vec<usize> = (0..archive.len())
        .filter(|at| archive.name_for_index(*at).is_some_and(|name| name.is_ok_and(|name| is_sample(&name))))
        .collect();
    let Some(header) = header(&mut archive, limit) else { return decoder.refuse(OTHER) };
    for (number, at) in (1_u64..).zip(samples) {
        decoder.at_line(number, 0);
        match member(&mut archive, at, limit) {
            Ok(text) => match String::from_utf8(text) {
                Ok(text) => inspect::sample(decoder, &header, &text),
                Err(_) => decoder.problem(ProblemKind::InvalidUtf8, 1, "a sample that is not UTF-8"),
            },
            Err(Unread::TooLarge) => decoder.too_large(),
            Err(Unread::Damaged) => decoder.problem(ProblemKind::Io, 1, "a sample that cannot be unpacked: damaged?"),
            Err(Unread::Failed(error)) => {
                let (kind, message) = explain(&error);
                decoder.problem(kind, 1, message);
            }
        }
        if decoder.stopped() {
            return;
        }
    }
}

fn is_sample(name: &str) -> bool {
    name.strip_prefix("samples/").and_then(|name| name.rsplit_once('.')).is_some_and(|(_, kind)| kind == "json")
}

/// The log's header; a run that broke off has only the one of its journal.
fn header(archive: &mut Archive, limit: u64) -> Option<Header> {
    for name in ["header.json", "_journal/start.json"] {
        let Some(at) = archive.index_for_name(name) else { continue };
        let text = member(archive, at, limit).ok().and_then(|text| String::from_utf8(text).ok());
        if let Some(header) = text.and_then(|text| Header::of(&Fields::parse(&text)?)) {
            return Some(header);
        }
    }
    None
}

/// Why a member could not be read.
enum Unread {
    TooLarge,
    Damaged,
    Failed(std::io::Error),
}

fn member(archive: &mut Archive, at: usize, limit: u64) -> Result<Vec<u8>, Unread> {
    let file = archive.by_index(at).map_err(|_| Unread::Damaged)?;
    let mut text = Vec::new();
    // The size a directory claims is a claim: the limit is on what comes out.
    file.take(limit.saturating_add(1)).read_to_end(&mut text).map_err(Unread::Failed)?;
    if text.len() as u64 > limit { Err(Unread::TooLarge) } else { Ok(text) }
}
