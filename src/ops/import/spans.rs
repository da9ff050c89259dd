//! Joins incoming spans with the stored ones and decides to which conversations they belong.
//!
//! Invariant: a conversation is assembled from the set of all its spans, stored and new; nothing else of its past
//! matters, so batches and orders do not.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value};

use super::ahead::{Beside, in_halves};
use super::intake::Tally;
use crate::ingest::session::{assign, linked_target};
use crate::ingest::tree::{Arrival, reconcile};
use crate::ingest::{Pieces, SpanRecord, TARGET_KEY, ToolList, assemble};
use crate::model::conversation::Conversation;
use crate::model::id::{ConversationId, SpanRef};
use crate::model::trace::{Span, SpanEvent};
use crate::store::{Changes, ContentHash, Pending, Put, Store, StoreError};

/// A trace within its namespace.
pub type TraceKey = (String, String);

/// A conversation being put together.
pub struct Draft {
    pub source: String,
    pub external_id: String,
    pub spans: BTreeMap<SpanRef, Span>,
    resource: Map<String, Value>,
    /// The stored content, where there is one, and its key.
    stored: Option<(ContentHash, i64)>,
    /// True where the stored one came as a whole; then spans are set aside.
    whole: bool,
    dirty: bool,
    /// Where its spans went, once they all went.
    moved_to: Option<ConversationId>,
}

impl Draft {
    /// Adds an event to a span; false where it is there already.
    pub fn attach(&mut self, id: &SpanRef, event: &crate::model::trace::SpanEvent) -> bool {
        let Some(span) = self.spans.get_mut(id) else { return false };
        if span.events.contains(event) {
            return false;
        }
        span.events.push(event.clone());
        self.dirty = true;
        true
    }
}

/// A conversation whose spans are all known, before and after it was put together.
struct Building {
    pieces: Pieces,
    conversation: Option<Conversation>,
    /// True where it is no more than set aside.
    set_aside: bool,
    base: Option<ContentHash>,
}

/// All that one batch touches.
pub struct Workset<'a> {
    pub store: &'a Store,
    last_key: i64,
    pub drafts: BTreeMap<ConversationId, Draft>,
    /// The trace that came last, and the draft of its own name.
    nameless: Option<(TraceKey, ConversationId)>,
    /// Which drafts hold spans of a trace.
    homes: HashMap<TraceKey, BTreeSet<ConversationId>>,
    /// Traces whose spans are to be assigned (again).
    pub unsettled: BTreeSet<TraceKey>,
    deferred: BTreeSet<TraceKey>,
    pub tally: Tally,
    /// Events about whole traces that came on spans, and whether their span was known.
    loose: Vec<(TraceKey, SpanEvent, bool)>,
    pub pending: Vec<Pending>,
    pub settled: Vec<i64>,
    /// False where nothing waits in the store, so that nothing needs to be looked up.
    pub anything_waits: bool,
    /// Conversations that records of this batch belong to.
    pub seen: BTreeSet<ConversationId>,
}

impl<'a> Workset<'a> {
    pub fn new(store: &'a Store, last_key: i64) -> Result<Self, StoreError> {
        Ok(Self {
            store,
            last_key,
            drafts: BTreeMap::new(),
            nameless: None,
            homes: HashMap::new(),
            unsettled: BTreeSet::new(),
            deferred: BTreeSet::new(),
            tally: Tally::default(),
            loose: Vec::new(),
            pending: Vec::new(),
            settled: Vec::new(),
            anything_waits: store.pending_count()? > 0,
            seen: BTreeSet::new(),
        })
    }

    /// Takes the incoming spans in. Those of a trace are gathered where most of it is, and assigned later.
    pub fn add_spans(&mut self, records: Vec<SpanRecord>) -> Result<(), StoreError> {
        for record in records {
            let key = (record.source.to_string(), record.span.id.trace_id.clone());
            self.open_trace(&key)?;
            self.add_span(key, record)?;
        }
        Ok(())
    }

    fn add_span(&mut self, key: TraceKey, record: SpanRecord) -> Result<(), StoreError> {
        let SpanRecord { source, span, resource } = record;
        let mut candidate = span;
        // What is about a whole trace is no part of the span that brought it: it has a place of its own.
        let about_trace = |event: &SpanEvent| event.attributes.contains_key(TARGET_KEY);
        let (loose, own): (Vec<_>, Vec<_>) = std::mem::take(&mut candidate.events).into_iter().partition(about_trace);
        candidate.events = own;
        let before = self.tally.unchanged;
        loop {
            let homes = self.homes.get(&key).into_iter().flatten();
            let home = homes
                .into_iter()
                .find(|home| self.drafts.get(*home).is_some_and(|draft| draft.spans.contains_key(&candidate.id)));
            let Some(home) = home.cloned() else {
                // Under the trace's own name for now; `settle` finds out where it belongs.
                let known = self.nameless.take().filter(|(trace, _)| *trace == key);
                let id = match known {
                    Some((_, id)) => id,
                    None => self.draft(&source, &key.1)?,
                };
                self.nameless = Some((key.clone(), id.clone()));
                if let Some(draft) = self.drafts.get_mut(&id) {
                    draft.spans.insert(candidate.id.clone(), candidate);
                    draft.dirty = true;
                    merge_resource(&mut draft.resource, &resource);
                }
                self.homes.entry(key.clone()).or_default().insert(id);
                self.tally.imported += 1;
                break;
            };
            let Some(draft) = self.drafts.get_mut(&home) else { break };
            let Some(stored) = draft.spans.get_mut(&candidate.id) else { break };
            match reconcile(stored, candidate) {
                Arrival::Same => {
                    self.tally.unchanged += 1;
                    break;
                }
                Arrival::Completed(span) => {
                    *stored = *span;
                    draft.dirty = true;
                    merge_resource(&mut draft.resource, &resource);
                    self.tally.imported += 1;
                    break;
                }
                Arrival::Duplicate(span) if span.id == stored.id => {
                    self.tally.unchanged += 1;
                    break;
                }
                Arrival::Duplicate(span) => candidate = *span,
            }
        }
        let known = self.tally.unchanged > before;
        self.loose.extend(loose.into_iter().map(|event| (key.clone(), event, known)));
        self.unsettled.insert(key);
        Ok(())
    }

    /// Puts events about whole traces, which came on spans, to the traces as they are now.
    pub fn add_loose(&mut self) -> Result<(), StoreError> {
        for (key, event, known) in std::mem::take(&mut self.loose) {
            let added = self.join_trace(&key, &event)?;
            if added && known {
                self.tally.unchanged -= 1;
                self.tally.imported += 1;
            }
        }
        Ok(())
    }

    /// Loads the conversations that hold spans of a trace.
    pub fn open_trace(&mut self, key: &TraceKey) -> Result<(), StoreError> {
        if self.homes.contains_key(key) {
            return Ok(());
        }
        let stored = self.store.conversations_of_trace(&key.1)?;
        self.homes.insert(key.clone(), BTreeSet::new());
        for (id, _) in stored.into_iter().filter(|(_, source)| *source == key.0) {
            self.load(&id)?;
        }
        Ok(())
    }

    /// The conversations, loaded, that hold spans of a trace.
    pub fn homes(&mut self, key: &TraceKey) -> Result<Vec<ConversationId>, StoreError> {
        self.open_trace(key)?;
        Ok(self.homes.get(key).into_iter().flatten().cloned().collect())
    }

    /// Loads a stored conversation; false where there is none.
    pub fn load(&mut self, id: &ConversationId) -> Result<bool, StoreError> {
        if self.drafts.contains_key(id) {
            return Ok(true);
        }
        let Some(stored) = self.store.stored(id)? else { return Ok(false) };
        let conversation = stored.conversation;
        let source = conversation.source.into_exact();
        if !stored.whole {
            for span in &conversation.spans {
                let key = (source.clone(), span.id.trace_id.clone());
                self.homes.entry(key).or_default().insert(id.clone());
            }
        }
        let spans = if stored.whole { Vec::new() } else { conversation.spans };
        let draft = Draft {
            source,
            external_id: conversation.external_id.into_exact(),
            spans: spans.into_iter().map(|span| (span.id.clone(), span)).collect(),
            resource: conversation.resource,
            stored: Some((stored.content_hash, stored.key)),
            whole: stored.whole,
            dirty: false,
            moved_to: None,
        };
        self.drafts.insert(id.clone(), draft);
        Ok(true)
    }

    /// The draft of a conversation: loaded, or begun.
    fn draft(&mut self, source: &str, external_id: &str) -> Result<ConversationId, StoreError> {
        let id = ConversationId::derive(source, external_id);
        if !self.load(&id)? {
            let draft = Draft {
                source: source.to_owned(),
                external_id: external_id.to_owned(),
                spans: BTreeMap::new(),
                resource: Map::new(),
                stored: None,
                whole: false,
                dirty: true,
                moved_to: None,
            };
            self.drafts.insert(id.clone(), draft);
        }
        Ok(id)
    }

    /// Brings every span of the touched traces to the conversation it belongs to, and joins what waited for them.
    pub fn settle(&mut self) -> Result<(), StoreError> {
        while let Some(key) = self.unsettled.pop_first() {
            self.settle_trace(&key)?;
            if self.anything_waits {
                self.join_waiting(&key)?;
            }
        }
        Ok(())
    }

    fn settle_trace(&mut self, key: &TraceKey) -> Result<(), StoreError> {
        let homes = self.homes(key)?;
        let all: Vec<(ConversationId, SpanRef)> = homes
            .iter()
            .filter_map(|home| Some((home, self.drafts.get(home)?)))
            .flat_map(|(home, draft)| {
                let ids = draft.spans.keys().filter(|id| id.trace_id == key.1);
                ids.map(|id| (home.clone(), id.clone()))
            })
            .collect();
        let spans: Vec<&Span> = all.iter().filter_map(|(home, id)| self.drafts.get(home)?.spans.get(id)).collect();
        let mut names = assign(&spans);
        let linked = spans.iter().find_map(|span| linked_target(span));
        if let Some(target) = linked {
            let there = (key.0.clone(), target.trace_id.clone());
            // Where the target belongs has to be known first. Each trace waits once only, so circles end.
            if self.unsettled.contains(&there) && self.deferred.insert(key.clone()) {
                self.unsettled.remove(&there);
                self.unsettled.insert(key.clone());
                self.settle_trace(&there)?;
                return if self.anything_waits { self.join_waiting(&there) } else { Ok(()) };
            }
            match self.home_of(&there, &target)? {
                Some(name) => names = vec![name; names.len()],
                None => self.wait_for_link(key, &target),
            }
        }
        let mut last: Option<(String, ConversationId)> = None;
        for ((home, span), name) in all.into_iter().zip(names) {
            let known = last.take().filter(|(named, _)| *named == name);
            let id = match known {
                Some((_, id)) => id,
                None => self.draft(&key.0, &name)?,
            };
            last = Some((name, id.clone()));
            if id != home {
                self.move_span(&home, &id, &span);
                self.homes.entry(key.clone()).or_default().insert(id.clone());
            }
            self.seen.insert(id);
        }
        let drafts = &self.drafts;
        if let Some(homes) = self.homes.get_mut(key) {
            homes
                .retain(|home| drafts.get(home).is_some_and(|draft| draft.spans.keys().any(|id| id.trace_id == key.1)));
        }
        Ok(())
    }

    /// The external id of the conversation that holds a span, else any span of its trace.
    fn home_of(&mut self, key: &TraceKey, span: &SpanRef) -> Result<Option<String>, StoreError> {
        let homes = self.homes(key)?;
        let holder = homes.iter().find(|home| self.drafts.get(*home).is_some_and(|d| d.spans.contains_key(span)));
        let home = holder.or(homes.first());
        Ok(home.and_then(|home| self.drafts.get(home)).map(|draft| draft.external_id.clone()))
    }

    fn move_span(&mut self, from: &ConversationId, to: &ConversationId, id: &SpanRef) {
        let Some(source) = self.drafts.get_mut(from) else { return };
        let Some(span) = source.spans.remove(id) else { return };
        source.dirty = true;
        source.moved_to = Some(to.clone());
        // Traces that were kept with this one because they speak of it follow it.
        let others = source.spans.keys().filter(|other| other.trace_id != id.trace_id);
        let others: BTreeSet<TraceKey> = others.map(|other| (source.source.clone(), other.trace_id.clone())).collect();
        self.unsettled.extend(others);
        let resource = source.resource.clone();
        if let Some(target) = self.drafts.get_mut(to) {
            target.spans.insert(id.clone(), span);
            target.dirty = true;
            merge_resource(&mut target.resource, &resource);
        }
    }

    /// The changes that store all of this.
    pub fn finish(
        self,
        tools: &ToolList,
        beside: Option<Beside>,
    ) -> Result<(Tally, BTreeSet<ConversationId>, Changes), StoreError> {
        let mut built: Vec<Building> = Vec::new();
        let mut tally = self.tally;
        let mut changes = Changes { pending: self.pending, settled: self.settled, ..Changes::default() };
        for (id, mut draft) in self.drafts {
            if !draft.dirty {
                continue;
            }
            if draft.spans.is_empty() {
                if let Some((hash, key)) = draft.stored.filter(|_| !draft.whole) {
                    // An id that only this import gave, and nobody used, is not worth remembering.
                    let known = key <= self.last_key || self.store.is_judged(&id)?;
                    changes.aliases.extend(draft.moved_to.filter(|_| known).map(|to| (id.clone(), to)));
                    changes.removals.push((id, hash));
                }
                continue;
            }
            place_targets(&mut draft.spans);
            let pieces = Pieces {
                source: draft.source,
                external_id: draft.external_id,
                spans: draft.spans.into_values().collect(),
                resource: draft.resource,
            };
            if draft.whole {
                let count = pieces.spans.len() as u64;
                tally.imported = tally.imported.saturating_sub(count);
                tally.conflicts += count;
            }
            let base = draft.stored.map(|(hash, _)| hash);
            built.push(Building { pieces, conversation: None, set_aside: draft.whole, base });
        }
        in_halves(beside, &mut built, &|one| {
            one.conversation = Some(assemble(std::mem::take(&mut one.pieces), tools));
        });
        for Building { conversation, set_aside, base, .. } in built {
            match conversation {
                Some(conversation) if set_aside => changes.conflicts.push(conversation),
                Some(conversation) => changes.puts.push(Put { conversation, whole: false, base }),
                None => {}
            }
        }
        Ok((tally, self.seen, changes))
    }
}

/// Adds resource attributes. Where two traces disagree the smaller text stays, so that their order does not matter.
fn merge_resource(into: &mut Map<String, Value>, from: &Map<String, Value>) {
    let before = into.len();
    for (key, value) in from {
        match into.get_mut(key) {
            None => {
                into.insert(key.clone(), value.clone());
            }
            Some(known) if known == value => {}
            Some(known) => {
                let (new, old) = (value.to_string(), known.to_string());
                if new < old {
                    *known = value.clone();
                }
            }
        }
    }
    if into.len() > before {
        into.sort_keys();
    }
}

/// Gives records about a whole trace or conversation their one place: its span with the smallest id.
fn place_targets(spans: &mut BTreeMap<SpanRef, Span>) {
    let about = |event: &crate::model::trace::SpanEvent| {
        event.attributes.get(TARGET_KEY).and_then(Value::as_str).map(str::to_owned)
    };
    let mut loose = Vec::new();
    for (id, span) in spans.iter_mut() {
        if span.events.iter().any(|event| about(event).is_some()) {
            let (placed, kept) = std::mem::take(&mut span.events).into_iter().partition(|event| about(event).is_some());
            span.events = kept;
            let placed: Vec<_> = placed;
            loose.extend(placed.into_iter().map(|event| (id.trace_id.clone(), event)));
        }
    }
    loose.sort_by_cached_key(|(trace, event)| {
        (trace.clone(), event.at, event.name.clone(), Value::Object(event.attributes.clone()).to_string())
    });
    for (trace, event) in loose {
        let whole = about(&event).as_deref() == Some("conversation");
        let place = spans.iter_mut().find(|(id, _)| whole || id.trace_id == trace);
        if let Some((_, span)) = place
            && !span.events.contains(&event)
        {
            span.events.push(event);
        }
    }
}
