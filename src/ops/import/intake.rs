//! Gathers records into batches and stores them.
//!
//! Invariant: every record taken in is counted once: as imported, unchanged or in conflict.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::ControlFlow;

use serde_json::{Map, Value};

use super::super::door::Door;
use super::ahead::{Beside, in_halves};
use super::choice::Chooser;
use super::rows::{self, Kept, Told};
use super::spans::Workset;
use super::wholes::{self, Merged};
use super::{BatchLimits, ImportOptions, ImportReport, Twins};
use crate::ingest::{LogRecord, Record, Row, SpanRecord, ToolList};
use crate::model::conversation::Conversation;
use crate::model::id::{ConversationId, SpanRef};
use crate::model::score::Scale;
use crate::model::trace::{SpanEvent, SpanStatus};
use crate::store::{Applied, Changes, Encoded, Put, Slot, Store, StoreError};

/// How often a batch is tried anew because another import changed the same conversations.
const TRIES: usize = 8;

/// How many rows about conversations wait until those of the input are stored.
const MOST_ROWS: usize = 20_000;

/// How many ids of rows without a conversation are remembered.
const MOST_UNMATCHED: usize = 10_000;

/// What was counted so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub imported: u64,
    pub unchanged: u64,
    pub conflicts: u64,
}

/// The records gathered for the next batch.
#[derive(Default)]
struct Batch {
    spans: Vec<SpanRecord>,
    logs: Vec<LogRecord>,
    wholes: Vec<Conversation>,
    /// Those of the wholes whose source is nothing but the name of their file.
    after_files: HashSet<ConversationId>,
    bytes: usize,
}

impl Batch {
    fn records(&self) -> usize {
        self.spans.len() + self.logs.len() + self.wholes.len()
    }
}

/// Takes records in.
pub struct Intake<'a> {
    store: &'a mut Store,
    tools: &'a ToolList,
    scale: &'a dyn Fn(&str) -> Scale,
    limits: BatchLimits,
    batch: Batch,
    chooser: Chooser<'a>,
    beside: Option<Beside>,
    twins: Twins,
    /// What conversations are named after that name no source.
    stem: String,
    /// Conversations that are there already under other sources, by those.
    elsewhere: BTreeMap<String, HashSet<ConversationId>>,
    /// The namespace that rows are restricted to.
    source: Option<&'a str>,
    rows: Vec<Told>,
    /// What masked values in rows were masked by.
    door: Option<&'a Door>,
    /// Conversations whose expected calls were left out because of a masked value.
    masked: HashSet<ConversationId>,
    /// Rows that no conversation has, and what each is about.
    unmatched: Vec<(Slot, String)>,
    /// Score rows by the conversation that has them, where one has.
    row_scores: HashMap<Option<ConversationId>, u64>,
    /// Conversations with larger keys were stored by this import.
    last_key: i64,
    tally: Tally,
    seen_spans: HashSet<u64>,
    seen_traces: HashSet<u64>,
    seen_conversations: HashSet<ConversationId>,
    error_spans: u64,
    aliases: Vec<(ConversationId, ConversationId)>,
    taken: u64,
    error: Option<StoreError>,
}

impl<'a> Intake<'a> {
    pub fn new(store: &'a mut Store, options: &'a ImportOptions<'_>) -> Result<Self, StoreError> {
        let last_key = store.last_key()?;
        Ok(Self {
            store,
            tools: &options.read.tools,
            scale: options.scale,
            limits: options.batch,
            batch: Batch::default(),
            chooser: Chooser::new(options.choice, last_key),
            beside: options.beside,
            twins: options.twins,
            stem: String::new(),
            elsewhere: BTreeMap::new(),
            source: options.read.source.as_deref(),
            rows: Vec::new(),
            door: options.door,
            masked: HashSet::new(),
            unmatched: Vec::new(),
            row_scores: HashMap::new(),
            last_key,
            tally: Tally::default(),
            seen_spans: HashSet::new(),
            seen_traces: HashSet::new(),
            seen_conversations: HashSet::new(),
            error_spans: 0,
            aliases: Vec::new(),
            taken: 0,
            error: None,
        })
    }

    /// Conversations with larger keys than this count as new: nobody remembers their ids yet.
    pub fn known_until(mut self, last_key: i64) -> Self {
        self.last_key = last_key;
        self
    }

    /// What comes from now on is of a file of this name.
    pub fn begin(&mut self, stem: &str) {
        stem.clone_into(&mut self.stem);
    }

    /// Stores what is left and answers what was counted and which conversations got other ids. Ranks stay as they are.
    pub fn store_rest(mut self) -> Result<(Tally, Vec<(ConversationId, ConversationId)>), StoreError> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        self.store_all()?;
        Ok((self.tally, self.aliases))
    }

    /// Takes one record; breaks where the store failed.
    pub fn take(&mut self, record: Record) -> ControlFlow<()> {
        self.taken += 1;
        match self.chooser.leaves_out(self.store, &record) {
            Ok(false) => {}
            Ok(true) => return ControlFlow::Continue(()),
            Err(error) => return self.flow(Err(error)),
        }
        self.batch.bytes += record_size(&record);
        match record {
            Record::Span(span) => {
                self.count_span(&span.span.id, span.span.status);
                self.batch.spans.push(*span);
            }
            Record::Log(log) => {
                if let Some(row) = Row::of_log(&log) {
                    let source = Some(log.source.to_string()).filter(|source| !source.is_empty());
                    return self.take_told(Told { row, source });
                }
                self.batch.logs.push(*log);
            }
            Record::Conversation(conversation) => {
                for span in &conversation.spans {
                    self.count_span(&span.id, span.status);
                }
                if self.twins == Twins::Leave && conversation.source.exact() == self.stem {
                    self.batch.after_files.insert(conversation.id.clone());
                }
                self.batch.wholes.push(*conversation);
            }
        }
        if self.batch.records() >= self.limits.records || self.batch.bytes >= self.limits.bytes {
            return self.flush();
        }
        ControlFlow::Continue(())
    }

    /// Takes a row about a conversation, wherever that is; breaks where the store failed.
    pub fn take_row(&mut self, row: Row) -> ControlFlow<()> {
        self.taken += 1;
        let source = self.source.map(ToOwned::to_owned);
        self.take_told(Told { row, source })
    }

    fn take_told(&mut self, told: Told) -> ControlFlow<()> {
        self.rows.push(told);
        if self.rows.len() < MOST_ROWS {
            return ControlFlow::Continue(());
        }
        let stored = self.store_all();
        self.flow(stored)
    }

    /// True now and then: when it is time to tell how far things are.
    pub fn due(&self) -> bool {
        self.taken.is_multiple_of(64)
    }

    fn count_span(&mut self, id: &SpanRef, status: SpanStatus) {
        self.seen_traces.insert(short_hash(&[&id.trace_id]));
        if self.seen_spans.insert(short_hash(&[&id.trace_id, &id.span_id])) && status == SpanStatus::Error {
            self.error_spans += 1;
        }
    }

    fn flush(&mut self) -> ControlFlow<()> {
        let stored = self.store_batch();
        self.flow(stored)
    }

    fn flow(&mut self, stored: Result<(), StoreError>) -> ControlFlow<()> {
        match stored {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.error = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    /// Stores what was gathered: conversations first, so that rows about them find them.
    fn store_all(&mut self) -> Result<(), StoreError> {
        self.store_batch()?;
        let rows = std::mem::take(&mut self.rows);
        if rows.is_empty() {
            return Ok(());
        }
        let done = rows::store(self.store, &rows, self.door)?;
        self.masked.extend(done.masked);
        self.count(done.tally);
        for slot in done.scores {
            *self.row_scores.entry(done.homes.get(&slot).cloned()).or_default() += 1;
        }
        self.unmatched.extend(done.waiting);
        self.unmatched.truncate(MOST_UNMATCHED);
        Ok(())
    }

    /// Gives conversations that are about to be stored what is kept of them, and their stored form.
    fn settle(&mut self, changes: &mut Changes) -> Result<(), StoreError> {
        let kept = Kept::look(self.store, self.door)?;
        for put in &mut changes.puts {
            let id = put.conversation.id.clone();
            let (slots, masked) = kept.settle(self.store, &mut put.conversation)?;
            if masked {
                self.masked.insert(id.clone());
            }
            changes.matched.extend(slots.into_iter().map(|slot| (slot, id.clone())));
        }
        let mut forms: Vec<(&Put, Option<Encoded>)> = changes.puts.iter().map(|put| (put, None)).collect();
        in_halves(self.beside, &mut forms, &|(put, form)| *form = Some(Encoded::of(&put.conversation)));
        changes.encoded = forms.into_iter().filter_map(|(_, form)| form).collect();
        Ok(())
    }

    fn store_batch(&mut self) -> Result<(), StoreError> {
        let batch = std::mem::take(&mut self.batch);
        if !batch.spans.is_empty() || !batch.logs.is_empty() {
            let mut work = Workset::new(self.store, self.last_key)?;
            work.add_spans(batch.spans)?;
            work.settle()?;
            work.add_loose()?;
            work.add_logs(batch.logs)?;
            let (tally, seen, mut changes) = work.finish(self.tools, self.beside)?;
            self.count(tally);
            // Some of them may have been counted with an earlier batch, before their session was known.
            self.tally.imported = self.tally.imported.saturating_sub(self.chooser.choose(&mut changes));
            self.seen_conversations.extend(seen);
            self.settle(&mut changes)?;
            let mut tries = 0;
            while self.store.apply(&changes)? == Applied::Overtaken {
                tries += 1;
                if tries == TRIES {
                    return Err(StoreError::Overtaken);
                }
                changes = self.anew(changes)?;
                self.settle(&mut changes)?;
            }
            self.aliases.extend(changes.aliases);
        }
        if !batch.wholes.is_empty() {
            let mut tries = 0;
            let twins = loop {
                let Merged { tally, mut changes, twins } =
                    wholes::merge(self.store, &batch.wholes, &batch.after_files)?;
                self.settle(&mut changes)?;
                if self.store.apply(&changes)? == Applied::Done {
                    self.count(tally);
                    break twins;
                }
                tries += 1;
                if tries == TRIES {
                    return Err(StoreError::Overtaken);
                }
            };
            let stored = |id: ConversationId| twins.get(&id).map_or_else(|| id.clone(), |twin| twin.id.clone());
            self.seen_conversations.extend(batch.wholes.into_iter().map(|conversation| stored(conversation.id)));
            for (id, twin) in twins {
                self.elsewhere.entry(twin.source).or_default().insert(id);
            }
        }
        Ok(())
    }

    /// The same changes against what is stored by now: another import came between.
    pub fn anew(&self, changes: Changes) -> Result<Changes, StoreError> {
        let mut work = Workset::new(self.store, self.last_key)?;
        for put in changes.puts {
            work.add_spans(spans_of(put.conversation))?;
        }
        work.settle()?;
        work.add_loose()?;
        let (_, _, again) = work.finish(self.tools, self.beside)?;
        Ok(Changes { pending: changes.pending, settled: changes.settled, conflicts: changes.conflicts, ..again })
    }

    fn count(&mut self, tally: Tally) {
        self.tally.imported += tally.imported;
        self.tally.unchanged += tally.unchanged;
        self.tally.conflicts += tally.conflicts;
    }

    /// Stores what is left, brings ranks up to date and completes the report.
    pub fn finish(mut self, report: &mut ImportReport) -> Result<(), StoreError> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        self.store_all()?;
        let removed = self.chooser.finish(self.store)?;
        self.tally.imported = self.tally.imported.saturating_sub(removed);
        if self.tally.imported > 0 {
            self.store.refresh_ranks(self.scale)?;
        }
        let totals = self.store.totals(self.seen_conversations.iter())?;
        if self.chooser.chooses() {
            let kept = self.tally.imported + self.tally.unchanged + self.tally.conflicts + report.skipped;
            report.left_out = report.read.saturating_sub(kept);
            report.read -= report.left_out;
        }
        report.imported = self.tally.imported;
        report.unchanged = self.tally.unchanged;
        report.conflicts = self.tally.conflicts;
        report.conversations = totals.conversations;
        report.failed_steps = totals.failed_steps;
        // Scores of the input's own conversations are among theirs already.
        let elsewhere =
            |id: &Option<ConversationId>| id.as_ref().is_none_or(|id| !self.seen_conversations.contains(id));
        let others = self.row_scores.iter().filter(|(id, _)| elsewhere(id)).map(|(_, count)| count);
        report.scores = totals.scores + others.sum::<u64>();
        report.traces = self.seen_traces.len() as u64;
        report.spans = self.seen_spans.len() as u64;
        report.error_spans = self.error_spans;
        report.pending = self.store.pending_count()? + self.store.unmatched_facts()?;
        for (slot, words) in std::mem::take(&mut self.unmatched) {
            if self.store.fact(&slot)?.is_some_and(|(_, home)| home.is_none()) && !report.unmatched.contains(&words) {
                report.unmatched.push(words);
            }
        }
        report.elsewhere =
            self.elsewhere.into_iter().map(|(source, conversations)| (source, conversations.len() as u64)).collect();
        report.undated = self.store.undated_after(self.last_key)?;
        report.masked = self.masked.len() as u64;
        report.aliases = self.aliases;
        Ok(())
    }
}

/// The spans of a conversation as if they had just come in.
fn spans_of(conversation: Conversation) -> Vec<SpanRecord> {
    let source = conversation.source.exact().into();
    let resource = std::sync::Arc::new(conversation.resource);
    let record = |span| SpanRecord { source: std::sync::Arc::clone(&source), span, resource: resource.clone() };
    conversation.spans.into_iter().map(record).collect()
}

/// A number that stands for some texts.
pub(super) fn short_hash(parts: &[&str]) -> u64 {
    use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
    BuildHasherDefault::<DefaultHasher>::default().hash_one(parts)
}

/// About how much memory a record takes.
pub(super) fn record_size(record: &Record) -> usize {
    match record {
        Record::Span(span) => {
            map_size(&span.span.attributes) + span.span.events.iter().map(event_size).sum::<usize>() + 256
        }
        Record::Log(log) => event_size(&log.event) + 256,
        Record::Conversation(conversation) => {
            let spans = conversation.spans.iter().map(|span| map_size(&span.attributes) + 256);
            let steps = conversation.steps.iter().map(|step| step_size(&step.content));
            spans.chain(steps).sum::<usize>() + 1024
        }
    }
}

fn step_size(content: &crate::model::step::StepContent) -> usize {
    use crate::model::step::StepContent;
    match content {
        StepContent::Message { text, .. } => text.exact().len(),
        StepContent::ToolCall { arguments, result, .. } => {
            arguments.0.exact().len() + result.as_ref().map_or(0, |result| result.text.exact().len())
        }
    }
}

fn event_size(event: &SpanEvent) -> usize {
    map_size(&event.attributes)
}

/// About how much memory a map takes.
fn map_size(map: &Map<String, Value>) -> usize {
    map.iter().map(|(key, value)| key.len() + 64 + value_size(value)).sum()
}

fn value_size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(|item| 32 + value_size(item)).sum(),
        Value::Object(map) => map_size(map),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}
