//! Which conversations of an input are kept: a sample, or those that pass a filter.
//!
//! Invariant: whether a conversation is in a sample follows from its id alone, so that a sample is the same whatever the
//! batch, the file or the day. What was in the store before is never taken away.

use std::collections::HashSet;

use super::intake::short_hash;
use crate::ingest::Record;
use crate::model::filter::Filter;
use crate::model::id::ConversationId;
use crate::model::queue::QueueOrder;
use crate::store::{Asker, Changes, ContentHash, Store, StoreError};

/// How many conversations one transaction takes away.
const CHUNK: usize = 500;

/// A share of all conversations: more than none, at most all.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample(f64);

impl Sample {
    /// Reads `5%`, `0.05` or `1/20`; `None` for anything that is no share.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let share = if let Some(percent) = text.strip_suffix('%') {
            percent.trim().parse::<f64>().ok()? / 100.0
        } else if let Some((part, whole)) = text.split_once('/') {
            part.trim().parse::<f64>().ok()? / whole.trim().parse::<f64>().ok()?
        } else {
            text.parse().ok()?
        };
        (share > 0.0 && share <= 1.0).then_some(Self(share))
    }

    /// The share, above 0 and at most 1.
    pub fn share(self) -> f64 {
        self.0
    }

    /// True for the conversations that are in it.
    pub fn holds(self, id: &ConversationId) -> bool {
        let hash = blake3::hash(id.as_str().as_bytes());
        let number = hash.as_bytes().iter().take(6).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        (number as f64) < self.0 * (1_u64 << 48) as f64
    }
}

/// What is asked of conversations before they are kept.
#[derive(Debug, Clone, Copy, Default)]
pub struct Choice<'a> {
    /// The sample they have to be in.
    pub sample: Option<Sample>,
    /// The filter they have to pass, and who asks.
    pub filter: Option<(&'a Filter, Asker<'a>)>,
}

/// Chooses, for one import.
pub struct Chooser<'a> {
    choice: Choice<'a>,
    /// Conversations with larger keys are of this import.
    first_key: i64,
    /// Traces of conversations that are not in the sample: the rest of them is not looked at.
    dropped: HashSet<u64>,
}

impl<'a> Chooser<'a> {
    pub fn new(choice: Choice<'a>, first_key: i64) -> Self {
        Self { choice, first_key, dropped: HashSet::new() }
    }

    /// True where anything may be left out.
    pub fn chooses(&self) -> bool {
        self.choice.sample.is_some() || self.choice.filter.is_some()
    }

    /// True for a record that is known to belong to a conversation that is not kept.
    pub fn leaves_out(&self, store: &Store, record: &Record) -> Result<bool, StoreError> {
        use crate::ingest::LogTarget;
        let Some(sample) = self.choice.sample else { return Ok(false) };
        let dropped = |source: &str, trace: &str| self.dropped.contains(&short_hash(&[source, trace]));
        Ok(match record {
            Record::Span(span) => dropped(&span.source, &span.span.id.trace_id),
            Record::Log(log) => match &log.target {
                LogTarget::Span(span) => dropped(&log.source, &span.trace_id),
                LogTarget::Trace(trace) | LogTarget::Response { trace_id: Some(trace), .. } => {
                    dropped(&log.source, trace)
                }
                LogTarget::Session(session) => {
                    let id = ConversationId::derive(&log.source, session);
                    !sample.holds(&id) && store.conversations_named(id.as_str())?.is_empty()
                }
                LogTarget::Response { trace_id: None, .. } => false,
            },
            Record::Conversation(conversation) => {
                !sample.holds(&conversation.id) && store.conversations_named(conversation.id.as_str())?.is_empty()
            }
        })
    }

    /// Takes new conversations that are not in the sample out of changes; answers how many spans those had. A trace
    /// without a session may still turn out to belong to one, so it stays until the end.
    pub fn choose(&mut self, changes: &mut Changes) -> u64 {
        let Some(sample) = self.choice.sample else { return 0 };
        let (mut left_out, mut gone) = (0, HashSet::new());
        changes.puts.retain(|put| {
            let conversation = &put.conversation;
            let name = conversation.external_id.exact();
            let undecided = conversation.spans.iter().any(|span| span.id.trace_id == name);
            if put.base.is_some() || undecided || sample.holds(&conversation.id) {
                return true;
            }
            left_out += conversation.spans.len() as u64;
            let source = conversation.source.exact();
            self.dropped.extend(conversation.spans.iter().map(|span| short_hash(&[source, &span.id.trace_id])));
            gone.insert(conversation.id.clone());
            false
        });
        changes.aliases.retain(|(_, to)| !gone.contains(to));
        left_out
    }

    /// Takes away what this import stored and is not kept; answers how many records that were.
    pub fn finish(&self, store: &mut Store) -> Result<u64, StoreError> {
        let Choice { sample, filter } = self.choice;
        if !self.chooses() {
            return Ok(0);
        }
        let pass: Option<HashSet<ConversationId>> = match filter {
            Some((filter, asker)) => {
                Some(store.index(filter, "", QueueOrder::Newest, asker)?.ids.into_iter().collect())
            }
            None => None,
        };
        let keeps = |id: &ConversationId| {
            sample.is_none_or(|sample| sample.holds(id)) && pass.as_ref().is_none_or(|pass| pass.contains(id))
        };
        let new = store.stored_after(self.first_key)?;
        let away: Vec<_> = new.into_iter().filter(|(id, ..)| !keeps(id)).collect();
        let mut records = 0;
        for chunk in away.chunks(CHUNK) {
            let removals: Vec<(ConversationId, ContentHash)> =
                chunk.iter().map(|(id, hash, _)| (id.clone(), *hash)).collect();
            // Another import may have added to one of them meanwhile: then it is that one's.
            if store.apply(&Changes { removals, ..Changes::default() })? == crate::store::Applied::Done {
                records += chunk.iter().map(|(.., records)| records).sum::<u64>();
            }
        }
        Ok(records)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_read_and_about_kept() {
        for (text, share) in
            [("5%", 0.05), (" 12.5 %", 0.125), ("0.05", 0.05), ("1/20", 0.05), ("100%", 1.0), ("1", 1.0)]
        {
            assert_eq!(Sample::parse(text).map(Sample::share), Some(share), "{text}");
        }
        for text in ["", "0", "0%", "101%", "-1", "5 percent", "1/0", "nan", "inf", "2"] {
            assert_eq!(Sample::parse(text), None, "{text}");
        }
        let sample = Sample::parse("5%").unwrap();
        let ids = (0..20_000).map(|n| ConversationId::derive("shop", &format!("S-{n}")));
        let held = ids.filter(|id| sample.holds(id)).count();
        assert!((900..1100).contains(&held), "{held}");
        let all = Sample::parse("100%").unwrap();
        assert!((0..1000).all(|n| all.holds(&ConversationId::derive("shop", &format!("S-{n}")))));
    }
}
