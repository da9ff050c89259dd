//! Joins log records to the spans they speak of, now or when those arrive.
//!
//! Invariant: a record ends up at the same place whether it came before or after its span.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::spans::{TraceKey, Workset};
use crate::ingest::{LogRecord, LogTarget};
use crate::model::id::{ConversationId, SpanRef};
use crate::model::trace::{Span, SpanEvent};
use crate::store::{Pending, StoreError};

/// The attribute by which a score names the answer it judges.
const RESPONSE_KEY: &str = "gen_ai.response.id";

/// A record that waits, as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Waiting {
    /// A log record.
    Log { source: String, target: LogTarget, event: SpanEvent },
    /// A trace that belongs to the conversation of another one.
    Link { source: String, trace_id: String },
}

/// What became of a log record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Joined {
    Added,
    Known,
    NotYet,
}

impl Workset<'_> {
    /// Takes log records in; what they speak of may be in this batch, in the store, or still to come.
    pub fn add_logs(&mut self, logs: Vec<LogRecord>) -> Result<(), StoreError> {
        for LogRecord { source, target, event } in logs {
            match self.join(&source, &target, &event)? {
                Joined::Added => self.tally.imported += 1,
                Joined::Known => self.tally.unchanged += 1,
                Joined::NotYet => {
                    let name = waits_for(&source, &target);
                    let waiting = Waiting::Log { source: source.to_string(), target, event };
                    self.wait(name, &waiting)?;
                }
            }
        }
        Ok(())
    }

    /// Keeps a record until `target` arrives, and counts it.
    fn wait(&mut self, target: String, waiting: &Waiting) -> Result<(), StoreError> {
        let pending = Pending { target, record: serde_json::to_string(waiting)? };
        if self.pending.contains(&pending) || self.store.is_pending(&pending)? {
            self.tally.unchanged += 1;
        } else {
            self.pending.push(pending);
            self.tally.imported += 1;
        }
        Ok(())
    }

    /// Remembers that a trace belongs to the conversation of a span that is not there yet.
    pub fn wait_for_link(&mut self, key: &TraceKey, target: &SpanRef) {
        let waiting = Waiting::Link { source: key.0.clone(), trace_id: key.1.clone() };
        if let Ok(record) = serde_json::to_string(&waiting) {
            let pending = Pending { target: trace_name(&key.0, &target.trace_id), record };
            if !self.pending.contains(&pending) {
                self.pending.push(pending);
            }
        }
    }

    /// Joins what waited for a trace, its conversations or its answers.
    pub fn join_waiting(&mut self, key: &TraceKey) -> Result<(), StoreError> {
        let mut names = vec![trace_name(&key.0, &key.1)];
        for home in self.homes(key)? {
            let Some(draft) = self.drafts.get(&home) else { continue };
            names.push(session_name(&draft.source, &draft.external_id));
            let answers = draft.spans.values().filter(|span| span.id.trace_id == key.1).filter_map(response_id);
            names.extend(answers.map(|id| response_name(&key.0, id)));
        }
        for name in names {
            for (number, record) in self.store.pending(&name)? {
                if self.settled.contains(&number) {
                    continue;
                }
                match serde_json::from_str(&record)? {
                    Waiting::Log { source, target, event } => {
                        if self.join(&source, &target, &event)? != Joined::NotYet {
                            self.settled.push(number);
                        }
                    }
                    Waiting::Link { source, trace_id } => {
                        self.settled.push(number);
                        self.unsettled.insert((source, trace_id));
                    }
                }
            }
        }
        Ok(())
    }

    /// Joins one record to its span, if that is there.
    fn join(&mut self, source: &str, target: &LogTarget, event: &SpanEvent) -> Result<Joined, StoreError> {
        let trace = |trace_id: &String| (source.to_owned(), trace_id.clone());
        match target {
            LogTarget::Span(id) => {
                let homes = self.homes(&trace(&id.trace_id))?;
                let holds = |home: &&ConversationId| self.drafts.get(*home).is_some_and(|d| d.spans.contains_key(id));
                let Some(home) = homes.iter().find(holds).cloned() else { return Ok(Joined::NotYet) };
                let added = self.drafts.get_mut(&home).is_some_and(|draft| draft.attach(id, event));
                self.seen.insert(home);
                Ok(if added { Joined::Added } else { Joined::Known })
            }
            LogTarget::Trace(trace_id) => {
                let homes = self.homes(&trace(trace_id))?;
                Ok(self.attach_where(&homes, event, |span| span.id.trace_id == *trace_id))
            }
            LogTarget::Response { response_id, trace_id } => {
                let homes = match trace_id {
                    Some(trace_id) => self.homes(&trace(trace_id))?,
                    None => self.homes_of_response(response_id)?,
                };
                Ok(self.attach_where(&homes, event, |span| response_id_is(span, response_id)))
            }
            LogTarget::Session(key) => {
                let id = ConversationId::derive(source, key);
                let there = self.load(&id)?;
                Ok(if there { self.attach_where(&[id], event, |_| true) } else { Joined::NotYet })
            }
        }
    }

    /// Attaches an event to a trace; false where it is there already.
    pub fn join_trace(&mut self, key: &TraceKey, event: &SpanEvent) -> Result<bool, StoreError> {
        let homes = self.homes(key)?;
        Ok(self.attach_where(&homes, event, |span| span.id.trace_id == key.1) == Joined::Added)
    }

    fn homes_of_response(&mut self, response_id: &str) -> Result<Vec<ConversationId>, StoreError> {
        for id in self.store.conversations_of_response(response_id)? {
            self.load(&id)?;
        }
        let holds = |span: &Span| response_id_is(span, response_id);
        let homes = self.drafts.iter().filter(|(_, draft)| draft.spans.values().any(holds));
        Ok(homes.map(|(id, _)| id.clone()).collect())
    }

    /// Attaches an event to the first span that fits.
    fn attach_where(&mut self, homes: &[ConversationId], event: &SpanEvent, fits: impl Fn(&Span) -> bool) -> Joined {
        for home in homes {
            let Some(draft) = self.drafts.get_mut(home) else { continue };
            let fitting: Vec<&Span> = draft.spans.values().filter(|span| fits(span)).collect();
            if fitting.iter().any(|span| span.events.contains(event)) {
                self.seen.insert(home.clone());
                return Joined::Known;
            }
            if let Some(id) = fitting.first().map(|span| span.id.clone()) {
                self.seen.insert(home.clone());
                return if draft.attach(&id, event) { Joined::Added } else { Joined::Known };
            }
        }
        Joined::NotYet
    }
}

fn response_id(span: &Span) -> Option<&str> {
    span.attributes.get(RESPONSE_KEY).and_then(Value::as_str)
}

fn response_id_is(span: &Span, wanted: &str) -> bool {
    response_id(span) == Some(wanted)
}

/// The name under which a record waits.
fn waits_for(source: &str, target: &LogTarget) -> String {
    match target {
        LogTarget::Span(id) => trace_name(source, &id.trace_id),
        LogTarget::Trace(trace_id) | LogTarget::Response { trace_id: Some(trace_id), .. } => {
            trace_name(source, trace_id)
        }
        LogTarget::Response { response_id, trace_id: None } => response_name(source, response_id),
        LogTarget::Session(key) => session_name(source, key),
    }
}

fn trace_name(source: &str, trace_id: &str) -> String {
    format!("trace {trace_id} {source}")
}

fn response_name(source: &str, response_id: &str) -> String {
    format!("response {response_id} {source}")
}

fn session_name(source: &str, key: &str) -> String {
    format!("session {key} {source}")
}
