//! One record at a time from JSON text: which form it has, and where it goes.
//!
//! Invariant: the form is judged per record by its members, so that one file may mix forms.

use std::cell::Cell;
use std::io::Read;
use std::ops::ControlFlow;
use std::rc::Rc;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;

use super::forms::{self, Log};
use super::otlp::{self, Signal};
use super::problem::{Problem, ProblemKind};
use super::{
    Format, ImportedLabel, Item, Limits, ReadOptions, ReadSummary, Record, Sink, langchain, mapped, openai, read, tau,
};

/// Hands out records and problems of one input, and keeps count.
pub(super) struct Decoder<'a, 's> {
    path: String,
    pub(super) stem: String,
    pub(super) options: &'a ReadOptions,
    sink: &'a mut Sink<'s>,
    line: Option<u64>,
    byte: Option<u64>,
    summary: ReadSummary,
    /// Records lost because they are of no known form.
    foreign: u64,
    /// Bytes of a document read since the last record.
    since: Rc<Cell<u64>>,
    /// Messages of a list that is a conversation, as JSON text; `None` outside of a list.
    gathered: Option<String>,
    /// How many wrappers around records are open.
    wrappers: u8,
    /// Messages that a mapping reads one by one.
    waiting: mapped::Waiting,
}

/// More wrappers around each other than this hold no record.
const MOST_WRAPPERS: u8 = 8;

impl<'a, 's> Decoder<'a, 's> {
    pub(super) fn new(path: String, stem: String, options: &'a ReadOptions, sink: &'a mut Sink<'s>) -> Self {
        Self {
            path,
            stem,
            options,
            sink,
            line: None,
            byte: None,
            summary: ReadSummary::default(),
            foreign: 0,
            since: Rc::default(),
            gathered: None,
            wrappers: 0,
            waiting: mapped::Waiting::default(),
        }
    }

    pub(super) fn summary(&self) -> ReadSummary {
        self.summary
    }

    pub(super) fn stopped(&self) -> bool {
        self.summary.stopped
    }

    pub(super) fn limits(&self) -> Limits {
        self.options.limits
    }

    /// The place of what comes next.
    pub(super) fn at_line(&mut self, number: u64, byte: u64) {
        (self.line, self.byte) = (Some(number), Some(byte));
    }

    /// Hands out a record.
    pub(super) fn record(&mut self, record: Record) {
        self.summary.read += 1;
        self.emit(Item::Record(record));
    }

    /// The line that is read.
    pub(super) fn at(&self) -> Option<u64> {
        self.line
    }

    /// Messages that wait for the rest of their conversation.
    pub(super) fn waiting(&mut self) -> &mut mapped::Waiting {
        &mut self.waiting
    }

    /// Hands out a label that came with a conversation; it is no record of its own.
    pub(super) fn label(&mut self, label: ImportedLabel) {
        self.emit(Item::Label(Box::new(label)));
    }

    /// True within a list, whose items may be messages.
    pub(super) fn in_list(&self) -> bool {
        self.gathered.is_some()
    }

    /// Keeps a message of a list until the list ends.
    pub(super) fn gather(&mut self, message: &str) {
        let gathered = self.gathered.get_or_insert_default();
        gathered.push(if gathered.is_empty() { '[' } else { ',' });
        gathered.push_str(message);
    }

    /// The list has ended: what was gathered is a conversation.
    fn list_ended(&mut self) {
        if let Some(mut list) = self.gathered.take().filter(|list| !list.is_empty()) {
            list.push(']');
            langchain::bare(self, &list);
        }
    }

    /// Hands out a row that is about a conversation.
    pub(super) fn hand_out(&mut self, row: Item) {
        self.summary.read += 1;
        self.emit(row);
    }

    /// Reads one row of a table.
    pub(super) fn row(&mut self, members: &[(String, Box<RawValue>)]) {
        self.other(members);
    }

    /// A reader that stops at a record longer than the limit.
    pub(super) fn bounded<R: Read>(&self, reader: R) -> read::Bounded<R> {
        read::Bounded { inner: reader, since: Rc::clone(&self.since), limit: self.limits().record }
    }

    /// Tells a problem at the current place that cost `lost` records.
    pub(super) fn problem(&mut self, kind: ProblemKind, lost: u64, message: impl Into<String>) {
        self.problem_at(0, kind, lost, message);
    }

    fn problem_at(&mut self, within: u64, kind: ProblemKind, lost: u64, message: impl Into<String>) {
        self.summary.read += lost;
        self.summary.skipped += lost;
        self.foreign += if kind == ProblemKind::NotARecord { lost } else { 0 };
        let byte = self.byte.map(|byte| byte + within);
        let (path, line, message) = (self.path.clone(), self.line, message.into());
        self.emit(Item::Problem(Problem { path, line, byte, kind, message, lost }));
    }

    fn emit(&mut self, item: Item) {
        self.since.set(0);
        if !self.summary.stopped && (self.sink)(item) == ControlFlow::Break(()) {
            self.summary.stopped = true;
        }
    }

    /// Refuses an input in which nothing at all is of a known form: it was not meant.
    pub(super) fn refuse_what_is_foreign(&mut self) {
        if self.foreign > 0 && self.foreign == self.summary.read {
            (self.line, self.byte) = (None, None);
            self.refuse("nothing in it is a record of a known form; `aftercall formats` lists what can be read");
        }
    }

    /// The input as a whole cannot be used.
    pub(super) fn refuse(&mut self, reason: &str) {
        self.problem(ProblemKind::Refused, 0, reason);
    }

    pub(super) fn failed_reading(&mut self, error: &std::io::Error) {
        let (kind, message) = read::explain(error);
        self.problem(kind, 1, message);
    }

    pub(super) fn too_large(&mut self) {
        let limit = self.options.limits.record >> 20;
        self.problem(ProblemKind::TooLarge, 1, format!("a record longer than the limit of {limit} MiB"));
    }

    /// Reads one line; `complete` says that a line break followed.
    pub(super) fn line(&mut self, bytes: &[u8], complete: bool) {
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let at = error.valid_up_to() as u64;
                let message = format!("invalid UTF-8 at byte {at} of the line");
                return self.problem_at(at, ProblemKind::InvalidUtf8, 1, message);
            }
        };
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let outcome = Top { decoder: self, nested: false }.deserialize(&mut deserializer);
        if let Err(error) = outcome.and_then(|()| deserializer.end()) {
            let within = offset_of(text, &error);
            self.json_problem(error, within, complete);
        }
    }

    /// Reads what a wrapper holds. Raw JSON is cut out without a limit on its depth, so the wrappers are counted.
    pub(super) fn unwrapped(&mut self, text: &str) {
        if self.wrappers == MOST_WRAPPERS {
            return self.problem(ProblemKind::TooDeep, 1, "wrapped in too many objects");
        }
        self.wrappers += 1;
        self.line(text.as_bytes(), true);
        self.wrappers -= 1;
    }

    /// Reads one document as it streams by.
    pub(super) fn document(&mut self, reader: impl Read) {
        (self.line, self.byte) = (None, None);
        let bounded = self.bounded(reader);
        let mut deserializer = serde_json::Deserializer::from_reader(bounded);
        let outcome = Top { decoder: self, nested: false }.deserialize(&mut deserializer);
        if self.stopped() {
            return;
        }
        if let Err(error) = outcome.and_then(|()| deserializer.end()) {
            self.line = Some(error.line() as u64);
            self.json_problem(error, 0, false);
        }
    }

    fn json_problem(&mut self, error: serde_json::Error, within: u64, complete: bool) {
        if self.stopped() {
            return;
        }
        if error.classify() == Category::Io {
            return self.failed_reading(&std::io::Error::from(error));
        }
        let words = error.to_string();
        let (kind, message) = match error.classify() {
            Category::Eof if complete => (ProblemKind::Truncated, "the record ends early: truncated?".to_owned()),
            Category::Eof => (ProblemKind::Truncated, "the last record ends early: truncated?".to_owned()),
            // Messages of syntax errors are fixed phrases; those of data errors may quote the input.
            Category::Syntax if words.starts_with("recursion limit") => {
                (ProblemKind::TooDeep, "nested deeper than 127 levels".to_owned())
            }
            Category::Syntax => (ProblemKind::InvalidJson, format!("invalid JSON: {words}")),
            Category::Data | Category::Io => (ProblemKind::NotARecord, "not a record of a known form".to_owned()),
        };
        self.problem_at(within, kind, 1, message);
    }

    /// The form that streams by piece by piece; objects read by a mapping are no such.
    fn expected(&self) -> Format {
        if self.options.mapping.is_some() { Format::OpenAi } else { self.options.format }
    }

    /// A JSON value that is a record of none of the span forms.
    fn other(&mut self, members: &[(String, Box<RawValue>)]) {
        let format = self.options.format;
        if let Some(mapping) = self.options.mapping.clone() {
            return mapped::record(self, &mapping, members);
        }
        if forms::record(self, members) {
            return;
        }
        let has = |name: &str| members.iter().any(|(key, _)| key == name);
        if has("traj") && has("task_id") && matches!(format, Format::Auto | Format::Tau) {
            tau::record(self, members);
        } else if has("messages") && matches!(format, Format::Auto | Format::OpenAi) {
            openai::record(self, members);
        } else if let Some((_, trace)) = members.iter().find(|(key, _)| key == "trace" && members.len() == 1) {
            self.unwrapped(trace.get());
        } else if members.is_empty() {
            self.problem(ProblemKind::NotARecord, 1, "an empty object is no record");
        } else if has("parameters") || (has("function") && has("type")) {
            self.problem(
                ProblemKind::NotARecord,
                1,
                "a tool's definition, no record; `--tools FILE` takes such a file",
            );
        } else {
            let message =
                "an object of no known form; `aftercall formats` lists what can be read, and --map reads anything else";
            self.problem(ProblemKind::NotARecord, 1, message);
        }
    }
}

/// The byte offset of a JSON error in `text`.
fn offset_of(text: &str, error: &serde_json::Error) -> u64 {
    let before: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    (before + error.column().saturating_sub(1)).min(text.len()) as u64
}

/// A value at the top of a line or document, or an item of an array there.
struct Top<'d, 'a, 's> {
    decoder: &'d mut Decoder<'a, 's>,
    nested: bool,
}

impl<'de> DeserializeSeed<'de> for Top<'_, '_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Top<'_, '_, '_> {
    fn scalar(self) {
        self.decoder.problem(ProblemKind::NotARecord, 1, "not an object");
    }
}

impl<'de> Visitor<'de> for Top<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a record")
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        self.scalar();
        Ok(())
    }
    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.scalar();
        Ok(())
    }
    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.scalar();
        Ok(())
    }
    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        self.scalar();
        Ok(())
    }
    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.scalar();
        Ok(())
    }
    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        self.scalar();
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        if self.nested {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            self.decoder.problem(ProblemKind::NotARecord, 1, "an array within an array is no record");
            return Ok(());
        }
        let around = self.decoder.gathered.replace(String::new());
        let outcome = items(self.decoder, &mut seq);
        self.decoder.list_ended();
        self.decoder.gathered = around;
        if outcome? == 0 {
            self.decoder.problem(ProblemKind::NotARecord, 1, "an empty array is no record");
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let decoder = self.decoder;
        let mut others: Vec<(String, Box<RawValue>)> = Vec::new();
        let mut spans = false;
        while let Some(key) = map.next_key::<String>()? {
            match signal(&key, decoder.expected()) {
                Member::Holds(signal) => {
                    spans = true;
                    map.next_value_seed(otlp::Requests { decoder: &mut *decoder, signal })?;
                }
                Member::Useless => {
                    spans = true;
                    map.next_value::<IgnoredAny>()?;
                }
                Member::Other => match Log::of(&key, &others, decoder.expected()) {
                    Some(log) => {
                        spans = true;
                        map.next_value_seed(Listed { decoder: &mut *decoder, log })?;
                    }
                    None => others.push((key, map.next_value()?)),
                },
            }
            if decoder.stopped() {
                return Err(serde::de::Error::custom("stopped"));
            }
        }
        if !spans {
            decoder.other(&others);
        }
        Ok(())
    }
}

/// Reads the items of an array at the top; tells how many there were.
fn items<'de, A: SeqAccess<'de>>(decoder: &mut Decoder<'_, '_>, seq: &mut A) -> Result<u64, A::Error> {
    let mut items = 0;
    while seq.next_element_seed(Top { decoder: &mut *decoder, nested: true })?.is_some() {
        items += 1;
        if decoder.stopped() {
            return Err(serde::de::Error::custom("stopped"));
        }
    }
    Ok(items)
}

/// The list of a log, item by item.
struct Listed<'d, 'a, 's> {
    decoder: &'d mut Decoder<'a, 's>,
    log: Log,
}

impl<'de> DeserializeSeed<'de> for Listed<'_, '_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Listed<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of records")
    }
    /// A log without its list, as the header of an archive is.
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(raw) = seq.next_element::<Box<RawValue>>()? {
            self.log.item(self.decoder, raw.get());
            if self.decoder.stopped() {
                return Err(serde::de::Error::custom("stopped"));
            }
        }
        Ok(())
    }
}

/// What a member of a request may be.
enum Member {
    /// OTLP data of this signal.
    Holds(Signal),
    /// OTLP data of a signal that is of no use here.
    Useless,
    Other,
}

fn signal(key: &str, format: Format) -> Member {
    if !matches!(format, Format::Auto | Format::Otlp) {
        return Member::Other;
    }
    match key {
        "resourceSpans" | "resource_spans" | "batches" => Member::Holds(Signal::Spans),
        "resourceLogs" | "resource_logs" => Member::Holds(Signal::Logs),
        "resourceMetrics" | "resource_metrics" => Member::Useless,
        _ => Member::Other,
    }
}
