//! The reading loop: decompress, split into records, hand each to its form's reader.
//!
//! Invariant: one bad record never costs the rest; every record that is lost is told as a problem.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;

use super::decode::Decoder;
use super::detect::{Wrapping, ZSTD, without_bom, wrapping};
use super::otlp::Signal;
use super::problem::ProblemKind;
use super::protobuf;
use super::{Format, Input, Limits, ReadOptions, ReadSummary, Sink, archive, mapped, table};

const HEAD: usize = 64 << 10;

/// Reads `input` to its end (or until `sink` breaks) and hands out every record and problem in file order.
pub fn read(input: Input<'_>, options: &ReadOptions, sink: &mut Sink<'_>) -> ReadSummary {
    let Input { name, stem, reader } = input;
    let mut decoder = Decoder::new(name, stem, options, sink);
    unwrap(reader, &mut decoder, 2);
    mapped::finish(&mut decoder);
    decoder.refuse_what_is_foreign();
    decoder.summary()
}

/// How a request is written that came over the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// OTLP/JSON.
    Json,
    /// OTLP in protobuf, of this signal: there the bytes alone do not tell.
    Protobuf(Signal),
}

/// Reads one uncompressed request. An empty one is no problem: it says nothing.
pub fn read_request(body: Vec<u8>, encoding: Encoding, options: &ReadOptions, sink: &mut Sink<'_>) -> ReadSummary {
    let mut decoder = Decoder::new("request".into(), String::new(), options, sink);
    match encoding {
        Encoding::Protobuf(signal) => protobuf::request(&mut decoder, body.into(), Some(signal)),
        Encoding::Json if body.trim_ascii() == b"{}" => {}
        Encoding::Json => decoder.line(&body, true),
    }
    decoder.summary()
}

/// Reads one record as JSON text, the `number`th of those that `name` holds.
pub fn read_record(
    record: &[u8],
    (name, number): (&str, u64),
    options: &ReadOptions,
    sink: &mut Sink<'_>,
) -> ReadSummary {
    let mut decoder = Decoder::new(name.to_owned(), name.to_owned(), options, sink);
    decoder.at_line(number, 0);
    decoder.line(record, true);
    decoder.summary()
}

/// Looks at the first bytes and reads what they announce; at most `layers` compressions deep.
fn unwrap(mut reader: Box<dyn Read + '_>, decoder: &mut Decoder<'_, '_>, layers: u8) {
    let mut head = Vec::with_capacity(HEAD);
    if let Err(error) = (&mut reader).take(HEAD as u64).read_to_end(&mut head) {
        return decoder.failed_reading(&error);
    }
    let form = wrapping(&head, head.len() < HEAD);
    let size = head.len();
    // Whoever brings a mapping knows the columns.
    let columns = if decoder.options.mapping.is_some() { Format::Scores } else { decoder.options.format };
    let table = table::is_table(&head, columns);
    let whole: Box<dyn Read + '_> = Box::new(io::Cursor::new(head).chain(reader));
    match form {
        Wrapping::Empty => {}
        Wrapping::Lines | Wrapping::Refused(_) if table => table::read(whole, decoder),
        Wrapping::Refused(reason) => decoder.refuse(reason),
        Wrapping::Lines => lines(BufReader::with_capacity(HEAD.min(size.max(1)).max(4096), whole), decoder),
        Wrapping::Document => document(whole, decoder),
        Wrapping::Framed => frames(whole, decoder),
        Wrapping::Protobuf => request(whole, decoder),
        Wrapping::Zip => archive::read(whole, decoder),
        Wrapping::Gzip | Wrapping::Zstd if layers == 0 => decoder.refuse("this is compressed more than twice"),
        Wrapping::Gzip => {
            let (source, meter) = Metered::new(whole);
            let expanded = flate2::read::MultiGzDecoder::new(source);
            unwrap(Box::new(Guard::new(expanded, meter, decoder.limits())), decoder, layers - 1);
        }
        Wrapping::Zstd => {
            let (source, meter) = Metered::new(whole);
            match zstd::stream::read::Decoder::new(source) {
                Ok(expanded) => {
                    unwrap(Box::new(Guard::new(expanded, meter, decoder.limits())), decoder, layers - 1);
                }
                Err(error) => decoder.failed_reading(&error),
            }
        }
    }
}

/// One record a line; lines may be of any length up to the record limit.
fn lines(mut reader: impl BufRead, decoder: &mut Decoder<'_, '_>) {
    let limit = decoder.limits().record;
    let (mut line, mut offset) = (Vec::new(), 0_u64);
    for number in 1_u64.. {
        line.clear();
        match (&mut reader).take(limit.saturating_add(1)).read_until(b'\n', &mut line) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => {
                decoder.at_line(number, offset);
                return decoder.failed_reading(&error);
            }
        }
        decoder.at_line(number, offset);
        let mut length = line.len() as u64;
        let complete = line.last() == Some(&b'\n');
        if length > limit {
            decoder.too_large();
            match skip_line(&mut reader) {
                Ok(skipped) => length += skipped,
                Err(error) => return decoder.failed_reading(&error),
            }
        } else {
            let text = if number == 1 { without_bom(&line) } else { &line };
            if !text.iter().all(u8::is_ascii_whitespace) {
                decoder.line(text, complete);
            }
        }
        if decoder.stopped() {
            return;
        }
        offset += length;
    }
}

fn skip_line(reader: &mut impl BufRead) -> io::Result<u64> {
    let mut skipped = 0;
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            return Ok(skipped);
        }
        let (used, found) = match buffer.iter().position(|byte| *byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (buffer.len(), false),
        };
        reader.consume(used);
        skipped += used as u64;
        if found {
            return Ok(skipped);
        }
    }
}

/// One JSON document over many lines: a record, or an array of records, read without holding all of it.
fn document(reader: Box<dyn Read + '_>, decoder: &mut Decoder<'_, '_>) {
    let mut reader = BufReader::with_capacity(HEAD, reader);
    match reader.fill_buf() {
        Ok(head) => {
            let mark = head.len() - without_bom(head).len();
            reader.consume(mark);
        }
        Err(error) => return decoder.failed_reading(&error),
    }
    decoder.document(reader);
}

/// One request in protobuf; requests that follow it without anything between are the same as one longer request.
fn request(reader: Box<dyn Read + '_>, decoder: &mut Decoder<'_, '_>) {
    let limit = decoder.limits().record;
    let mut body = Vec::new();
    match reader.take(limit.saturating_add(1)).read_to_end(&mut body) {
        Err(error) => decoder.failed_reading(&error),
        Ok(_) if body.len() as u64 > limit => decoder.too_large(),
        Ok(_) => protobuf::request(decoder, body.into(), None),
    }
}

/// Messages behind their lengths: each holds one request.
fn frames(mut reader: Box<dyn Read + '_>, decoder: &mut Decoder<'_, '_>) {
    let limit = decoder.limits().record;
    let mut offset = 0_u64;
    for number in 1_u64.. {
        decoder.at_line(number, offset);
        let mut prefix = [0_u8; 4];
        match reader.read(&mut prefix[..1]) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => return decoder.failed_reading(&error),
        }
        if let Err(error) = reader.read_exact(&mut prefix[1..]) {
            return decoder.failed_reading(&error);
        }
        let length = u64::from(u32::from_be_bytes(prefix));
        let mut frame = Vec::new();
        let read = (&mut reader).take(length.min(limit)).read_to_end(&mut frame);
        let skipped =
            read.and_then(|_| io::copy(&mut (&mut reader).take(length.saturating_sub(limit)), &mut io::sink()));
        if let Err(error) = skipped {
            return decoder.failed_reading(&error);
        }
        one_frame(&frame, length, decoder);
        if decoder.stopped() {
            return;
        }
        offset += 4 + length;
    }
}

/// One frame of `length` bytes, of which `frame` holds at most the record limit.
fn one_frame(frame: &[u8], length: u64, decoder: &mut Decoder<'_, '_>) {
    let limit = decoder.limits().record;
    if (frame.len() as u64) < length {
        return if length > limit {
            decoder.too_large();
        } else {
            decoder.failed_reading(&io::ErrorKind::UnexpectedEof.into());
        };
    }
    if !frame.starts_with(&ZSTD) {
        return message(frame.to_vec(), decoder);
    }
    let mut text = Vec::new();
    let expanded = zstd::stream::read::Decoder::new(frame)
        .and_then(|frame| frame.take(limit.saturating_add(1)).read_to_end(&mut text));
    match expanded {
        Err(error) => decoder.failed_reading(&error),
        Ok(_) if text.len() as u64 > limit => decoder.too_large(),
        Ok(_) => message(text, decoder),
    }
}

/// What a frame holds: a request in protobuf or in JSON.
fn message(bytes: Vec<u8>, decoder: &mut Decoder<'_, '_>) {
    if protobuf::looks_like_request(&bytes) {
        protobuf::request(decoder, bytes.into(), None);
    } else {
        decoder.line(&bytes, true);
    }
}

/// Counts the bytes that pass.
struct Metered<R> {
    inner: R,
    count: Rc<Cell<u64>>,
}

impl<R> Metered<R> {
    fn new(inner: R) -> (Self, Rc<Cell<u64>>) {
        let count = Rc::new(Cell::new(0));
        (Self { inner, count: Rc::clone(&count) }, count)
    }
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count.set(self.count.get() + read as u64);
        Ok(read)
    }
}

/// Stops a stream that expands beyond belief.
struct Guard<R> {
    inner: R,
    compressed: Rc<Cell<u64>>,
    expanded: u64,
    limits: Limits,
}

impl<R> Guard<R> {
    fn new(inner: R, compressed: Rc<Cell<u64>>, limits: Limits) -> Self {
        Self { inner, compressed, expanded: 0, limits }
    }
}

impl<R: Read> Read for Guard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.expanded += read as u64;
        let allowed = self.compressed.get().saturating_mul(self.limits.expansion).max(self.limits.expansion_free);
        if self.expanded > allowed {
            return Err(io::Error::other(Expanded(self.limits)));
        }
        Ok(read)
    }
}

/// Stops a document of which one record is longer than the limit; whoever takes a record resets `since`.
pub(super) struct Bounded<R> {
    pub(super) inner: R,
    pub(super) since: Rc<Cell<u64>>,
    pub(super) limit: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let since = self.since.get() + read as u64;
        self.since.set(since);
        if since > self.limit { Err(io::Error::other(TooLong(self.limit))) } else { Ok(read) }
    }
}

/// Why a [`Bounded`] stopped.
#[derive(Debug)]
struct TooLong(u64);

impl std::fmt::Display for TooLong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a record longer than the limit of {} MiB; what follows it was not read", self.0 >> 20)
    }
}

impl std::error::Error for TooLong {}

/// Why a [`Guard`] stopped.
#[derive(Debug)]
struct Expanded(Limits);

impl std::fmt::Display for Expanded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Limits { expansion, expansion_free, .. } = self.0;
        write!(
            f,
            "it expands more than {expansion} times beyond the first {} MiB; unpack it first if you trust it",
            expansion_free >> 20
        )
    }
}

impl std::error::Error for Expanded {}

/// What an I/O error means for the input, in words that hold nothing of it.
pub(super) fn explain(error: &io::Error) -> (ProblemKind, String) {
    let inner = error.get_ref();
    if let Some(expanded) = inner.and_then(|inner| inner.downcast_ref::<Expanded>()) {
        return (ProblemKind::TooLarge, expanded.to_string());
    }
    if let Some(long) = inner.and_then(|inner| inner.downcast_ref::<TooLong>()) {
        return (ProblemKind::TooLarge, long.to_string());
    }
    if error.kind() == io::ErrorKind::UnexpectedEof {
        return (ProblemKind::Truncated, "the compressed data ends early: truncated?".to_owned());
    }
    (ProblemKind::Io, format!("reading failed: {}", error.kind()))
}
