//! Rows about conversations: kept as facts, and put into the conversations they are about, now or when those arrive.
//!
//! Invariant: what a conversation has of facts follows from the kept facts alone, so the order of imports does not matter;
//! a row that was there already changes nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::door::Door;
use super::intake::Tally;
use crate::ingest::{Fact, Row, RowKey};
use crate::mask::first_pseudonym;
use crate::model::conversation::Conversation;
use crate::model::id::{ConversationId, SpanRef};
use crate::model::score::{Score, ScoreTarget};
use crate::model::step::{Role, StepContent};
use crate::model::tool::{Arguments, ExpectedCall};
use crate::store::{Applied, Changes, KeptFact, Put, Slot, Store, StoreError};

/// The attributes by which a conversation carries flags and an expected answer.
const FLAGGED: &str = "flagged";
const FLAGS: &str = "flags";
const EXPECTED_REPLY: &str = "expected.reply";

/// How many conversations one transaction changes.
const CHUNK: usize = 100;

/// How often a chunk is tried anew because another import changed the same conversations.
const TRIES: usize = 8;

/// A row as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// What it says, and of what.
    pub row: Row,
    /// The namespace it is restricted to, where one was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// What came of rows.
#[derive(Default)]
pub struct RowsDone {
    pub tally: Tally,
    /// Which conversation has which fact.
    pub homes: HashMap<Slot, ConversationId>,
    /// Facts that no conversation has, and the id each is about.
    pub waiting: Vec<(Slot, String)>,
    /// Places of scores, each row's own.
    pub scores: Vec<Slot>,
    /// Conversations whose expected calls hold a masked value that nothing in them explains, so that they were not taken.
    pub masked: BTreeSet<ConversationId>,
}

/// Keeps rows, and puts them into the conversations that are there, masked values in them put back.
pub fn store(store: &mut Store, rows: &[Told], door: Option<&Door>) -> Result<RowsDone, StoreError> {
    let mut done = RowsDone::default();
    let mut fresh: BTreeMap<Slot, KeptFact> = BTreeMap::new();
    let (mut wanted, mut words) = (Vec::new(), BTreeMap::new());
    for told in rows {
        let mut news = false;
        for fact in facts(told)? {
            if matches!(told.row.fact, Fact::Score(_)) {
                done.scores.push(fact.slot);
            }
            let kept = match fresh.get(&fact.slot) {
                Some(earlier) => Some((earlier.record.clone(), None)),
                None => store.fact(&fact.slot)?,
            };
            words.insert(fact.slot, told.row.key.words());
            let same = kept.as_ref().is_some_and(|(record, _)| *record == fact.record);
            news |= !same;
            // One that is there and belongs nowhere may have been stored by an import that was cut off.
            if let Some(home) = kept.and_then(|(_, home)| home).filter(|_| same) {
                done.homes.insert(fact.slot, home);
            } else {
                wanted.push(told.row.key.clone());
                fresh.insert(fact.slot, fact);
            }
        }
        if news {
            done.tally.imported += 1;
        } else {
            done.tally.unchanged += 1;
        }
    }
    let facts = fresh.into_values().collect();
    store.apply(&Changes { facts, ..Changes::default() })?;
    let ids: Vec<ConversationId> = subjects(store, &wanted)?.into_iter().collect();
    for chunk in ids.chunks(CHUNK) {
        put(store, (chunk, door), &mut done)?;
    }
    for (slot, words) in words {
        if !done.homes.contains_key(&slot) && store.fact(&slot)?.is_some_and(|(_, home)| home.is_none()) {
            done.waiting.push((slot, words));
        }
    }
    Ok(done)
}

/// Brings conversations up to date with the facts that are kept of them.
fn put(
    store: &mut Store,
    (ids, door): (&[ConversationId], Option<&Door>),
    done: &mut RowsDone,
) -> Result<(), StoreError> {
    for _ in 0..TRIES {
        let kept = Kept::look(store, door)?;
        let mut changes = Changes::default();
        for id in ids {
            let Some(stored) = store.stored(id)? else { continue };
            let mut conversation = stored.conversation;
            let (slots, masked) = kept.settle(store, &mut conversation)?;
            done.masked.extend(masked.then(|| id.clone()));
            for slot in slots {
                done.homes.entry(slot).or_insert_with(|| id.clone());
                changes.matched.push((slot, id.clone()));
            }
            changes.puts.push(Put { conversation, whole: stored.whole, base: Some(stored.content_hash) });
        }
        if store.apply(&changes)? == Applied::Done {
            return Ok(());
        }
    }
    Err(StoreError::Overtaken)
}

/// What kinds of facts there are, so that nothing is looked up in vain.
pub struct Kept<'a> {
    any: bool,
    of_spans: bool,
    door: Option<&'a Door>,
}

impl<'a> Kept<'a> {
    /// Looks. The door is the one that values in rows were masked by, if they were.
    pub fn look(store: &Store, door: Option<&'a Door>) -> Result<Self, StoreError> {
        Ok(Self { any: store.has_facts("")?, of_spans: store.has_facts("s:")?, door })
    }

    /// Gives a conversation all that is kept of it. Answers which facts it has, and whether expected calls were left out
    /// because of a masked value.
    pub fn settle(&self, store: &Store, conversation: &mut Conversation) -> Result<(Vec<Slot>, bool), StoreError> {
        if !self.any {
            return Ok((Vec::new(), false));
        }
        let names = self.names(store, conversation)?;
        let mut told = Vec::new();
        for fact in store.facts_of(&names)? {
            told.push((fact.slot, fact.target, serde_json::from_str::<Told>(&fact.record)?));
        }
        // The most precise comes last, and so has the last word.
        told.sort_by_key(|(slot, target, _)| (precision(target), *slot));
        Ok(give(conversation, told, self.door))
    }

    /// All names under which something may be kept of a conversation.
    fn names(&self, store: &Store, conversation: &Conversation) -> Result<BTreeSet<String>, StoreError> {
        let mut names = BTreeSet::new();
        names.insert(format!("c:{}", conversation.id));
        names.insert(format!("c:{}", conversation.external_id.exact()));
        names.extend(store.former_ids(&conversation.id)?.into_iter().map(|id| format!("c:{id}")));
        for span in &conversation.spans {
            names.insert(format!("c:{}", span.id.trace_id));
            names.insert(format!("t:{}", span.id.trace_id));
            if self.of_spans {
                names.insert(format!("s:{}", span.id.span_id));
            }
        }
        if let Some(task) = conversation.attributes.get("task_id") {
            let task = task.as_str().map_or_else(|| task.to_string(), ToOwned::to_owned);
            names.insert(format!("k:{task}"));
        }
        let opening = conversation.steps.iter().find_map(|step| match &step.content {
            StepContent::Message { role: Role::User, text, .. } => Some(text.exact()),
            _ => None,
        });
        names.extend(opening.map(opening_name));
        Ok(names)
    }
}

fn opening_name(text: &str) -> String {
    format!("i:{}", blake3::hash(spaced(text).as_bytes()).to_hex())
}

/// A text with single spaces, so that line breaks do not tell two of them apart.
fn spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The name a row is kept under: that of the most precise thing it names.
fn target(key: &RowKey) -> String {
    match key {
        RowKey { span_id: Some(span), .. } => format!("s:{span}"),
        RowKey { trace_id: Some(trace), .. } => format!("t:{trace}"),
        RowKey { conversation: Some(conversation), .. } => format!("c:{conversation}"),
        RowKey { task: Some(task), .. } => format!("k:{task}"),
        RowKey { input: Some(input), .. } => opening_name(input.exact()),
        RowKey { position, .. } => format!("n:{}", position.unwrap_or_default()),
    }
}

/// How closely a name names a conversation.
fn precision(target: &str) -> u8 {
    match target.as_bytes().first() {
        Some(b'i') => 0,
        Some(b'k') => 1,
        Some(b'c') => 2,
        Some(b't') => 3,
        _ => 4,
    }
}

/// The facts of a row: one, or one for each outcome, because each of those is replaced apart.
fn facts(told: &Told) -> Result<Vec<KeptFact>, StoreError> {
    let target = target(&told.row.key);
    let place = |kind: &str, what: &str| -> Slot {
        let mut hasher = blake3::Hasher::new();
        for part in [kind, &target, told.source.as_deref().unwrap_or_default(), what] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        *hasher.finalize().as_bytes()
    };
    let one = |slot: Slot, record: String| KeptFact { slot, target: target.clone(), record };
    if let Fact::Outcomes(outcomes) = &told.row.fact {
        let single = |(name, value): (&String, &Value)| {
            let fact = Fact::Outcomes(BTreeMap::from([(name.clone(), value.clone())]));
            let told = Told { row: Row { key: told.row.key.clone(), fact }, source: told.source.clone() };
            Ok(one(place("outcome", name), serde_json::to_string(&told)?))
        };
        return outcomes.iter().map(single).collect();
    }
    let record = serde_json::to_string(told)?;
    let slot = match &told.row.fact {
        Fact::Expected { .. } => place("expected", ""),
        // Several people may judge or flag the same thing, in the same words even; only equal rows are one.
        Fact::Score(_) | Fact::Flag { .. } | Fact::Outcomes(_) => place("row", &record),
    };
    Ok(vec![one(slot, record)])
}

/// The conversations that rows are about, as far as they are there.
fn subjects(store: &Store, keys: &[RowKey]) -> Result<BTreeSet<ConversationId>, StoreError> {
    let mut found = BTreeSet::new();
    let (mut spans, mut tasks, mut openings) = (HashSet::new(), HashSet::new(), BTreeSet::new());
    let of_trace = |trace: &str| -> Result<Vec<ConversationId>, StoreError> {
        Ok(store.conversations_of_trace(trace)?.into_iter().map(|(id, _)| id).collect())
    };
    for key in keys {
        match key {
            RowKey { span_id: Some(_), trace_id: Some(trace), .. } | RowKey { trace_id: Some(trace), .. } => {
                found.extend(of_trace(trace)?);
            }
            RowKey { span_id: Some(span), .. } => {
                spans.insert(span.clone());
            }
            RowKey { conversation: Some(name), .. } => {
                found.extend(store.conversations_named(name)?);
                if name.len() == 32 {
                    found.extend(of_trace(name)?);
                }
            }
            RowKey { task: Some(task), .. } => {
                tasks.insert(task.clone());
            }
            RowKey { input: Some(input), .. } => {
                openings.insert(spaced(input.exact()));
            }
            RowKey { .. } => {}
        }
    }
    found.extend(store.conversations_of_spans(&spans)?.into_values().flatten());
    if !tasks.is_empty() || !openings.is_empty() {
        store.openings(&mut |opening| {
            let begins = spaced(&opening.first_message);
            // The list holds the beginning of a message only; the rest is compared once the conversation is read.
            let alike = || openings.range(begins.clone()..).next().is_some_and(|wanted| wanted.starts_with(&begins));
            if opening.task.is_some_and(|task| tasks.contains(&task)) || (!begins.is_empty() && alike()) {
                found.insert(opening.id);
            }
        })?;
    }
    Ok(found)
}

/// Puts what masked values of expected calls stand for in their places; false where nothing in the conversation tells.
fn put_back(conversation: &Conversation, calls: &mut [ExpectedCall], door: Option<&Door>) -> bool {
    let masked = |call: &&mut ExpectedCall| first_pseudonym(call.arguments.0.exact()).is_some();
    let Some(door) = door.filter(|_| calls.iter_mut().any(|call| masked(&call))) else { return true };
    let originals = door.knowing(conversation).originals(conversation);
    calls.iter_mut().filter(masked).all(|call| match originals.put_back_json(call.arguments.0.exact()) {
        Ok(text) => {
            call.arguments = Arguments(text.into());
            true
        }
        Err(_) => false,
    })
}

/// Puts facts into a conversation, as far as they fit it.
fn give(conversation: &mut Conversation, told: Vec<(Slot, String, Told)>, door: Option<&Door>) -> (Vec<Slot>, bool) {
    let (mut has, mut scores, mut flags) = (Vec::new(), Vec::new(), Vec::new());
    let (mut calls, mut reply) = (None, None);
    for (slot, _, Told { row, source }) in told {
        if source.is_some_and(|source| source != conversation.source.exact()) {
            continue;
        }
        let Some(place) = place(conversation, &row.key) else { continue };
        match row.fact {
            Fact::Score(score) => scores.push(Score { target: place, ..*score }),
            Fact::Outcomes(outcomes) => conversation.outcomes.extend(outcomes),
            Fact::Expected { calls: told, reply: said } => (calls, reply) = (told.or(calls), said.or(reply)),
            Fact::Flag { reason, by, at } => flags.push(json!({ "reason": reason, "by": by, "at": at })),
        }
        has.push(slot);
    }
    if !scores.is_empty() {
        scores.sort_by_cached_key(|score| serde_json::to_string(score).unwrap_or_default());
        scores.dedup();
        conversation.scores.retain(|score| !scores.contains(score));
        conversation.scores.extend(scores);
    }
    let mut masked = false;
    if let Some(mut calls) = calls {
        masked = !put_back(conversation, &mut calls, door);
        if !masked {
            conversation.expected = Some(calls);
        }
    }
    let attributes = &mut conversation.attributes;
    if let Some(reply) = reply {
        attributes.shift_remove(EXPECTED_REPLY);
        attributes.insert(EXPECTED_REPLY.to_owned(), reply.exact().into());
    }
    if !flags.is_empty() {
        flags.sort_by_cached_key(Value::to_string);
        flags.dedup();
        attributes.shift_remove(FLAGGED);
        attributes.shift_remove(FLAGS);
        attributes.insert(FLAGGED.to_owned(), true.into());
        attributes.insert(FLAGS.to_owned(), flags.into());
    }
    (has, masked)
}

/// What of a conversation a row is about; `None` where that is not in it.
fn place(conversation: &Conversation, key: &RowKey) -> Option<ScoreTarget> {
    match (&key.span_id, &key.trace_id) {
        (Some(span), trace) => {
            let fits = |id: &&SpanRef| {
                id.span_id == *span && trace.as_ref().is_none_or(|trace| trace.is_empty() || id.trace_id == *trace)
            };
            let id = conversation.spans.iter().map(|span| &span.id).find(fits)?;
            Some(ScoreTarget::Span(id.clone()))
        }
        (None, Some(trace)) => {
            let there = conversation.spans.iter().any(|span| span.id.trace_id == *trace);
            there.then(|| ScoreTarget::Trace { trace_id: trace.clone() })
        }
        (None, None) => Some(ScoreTarget::Conversation),
    }
}

#[cfg(test)]
mod tests;
