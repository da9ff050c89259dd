//! Reads back what `encode` wrote.
//!
//! Invariant: total; damaged bytes give [`Unreadable`], never a panic or memory without bound.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Number, Value};

use super::bytes::Cursor;
use super::encode::{EFFECTS, ODDITIES, ROLES, SIGNS, has};
use super::pool::tag;
use super::{Unreadable, VERSION};
use crate::model::conversation::Conversation;
use crate::model::id::{ConversationId, SpanRef};
use crate::model::score::{Score, ScoreTarget};
use crate::model::step::{Speech, Step, StepContent, ToolResult};
use crate::model::summary::Segments;
use crate::model::time::Timestamp;
use crate::model::tool::{Arguments, ExpectedCall, ToolSpec};
use crate::model::trace::{Span, SpanEvent, SpanKind, SpanLink, SpanStatus};
use crate::text::Untrusted;

/// Values nested deeper than JSON may be are damage.
const DEEPEST: u32 = 256;

/// A text of the table, put together only where something refers to it.
enum Text<'a> {
    Plain(&'a str),
    /// Numbers of plain ones.
    Pieces(Vec<u32>),
}

struct Reader<'a> {
    cursor: Cursor<'a>,
    texts: Vec<Text<'a>>,
    /// Attributes: the number of the key, and where the value is written.
    pairs: Vec<(u32, Cursor<'a>)>,
    /// The only attributes of spans that are wanted, where not all are.
    only: Option<&'a [&'a str]>,
    ids: Vec<SpanRef>,
    high: i64,
    time: i64,
}

pub fn conversation<'a>(bytes: &'a [u8], only: Option<&'a [&'a str]>) -> Result<Conversation, Unreadable> {
    let mut reader = Reader::open(bytes, only)?;
    let id = ConversationId::from_stored(reader.text()?);
    let source = reader.untrusted()?;
    let external_id = reader.untrusted()?;
    let segments = reader.segments()?;
    let system = reader.each(Reader::untrusted)?;
    reader.ids = reader.each(Reader::identity)?;
    let steps = reader.each(Reader::step)?;
    let tools = reader.each(Reader::tool)?;
    let mut lists = HashMap::new();
    let mut spans = Vec::with_capacity(reader.ids.len());
    for place in 0..reader.ids.len() {
        spans.push(reader.span(place, &mut lists)?);
    }
    let scores = reader.each(Reader::score)?;
    let expected = match reader.cursor.index()? {
        0 => None,
        count => Some(
            (1..count)
                .map(|_| Ok(ExpectedCall { tool: reader.untrusted()?, arguments: Arguments(reader.untrusted()?) }))
                .collect::<Result<_, Unreadable>>()?,
        ),
    };
    let outcomes: BTreeMap<String, Value> = reader.each(Reader::pair)?.into_iter().collect();
    let attributes = reader.map()?;
    let resource = reader.map()?;
    if !reader.cursor.0.is_empty() {
        return Err(Unreadable);
    }
    Ok(Conversation {
        id,
        source,
        external_id,
        segments,
        system,
        steps,
        spans,
        tools,
        scores,
        expected,
        outcomes,
        attributes,
        resource,
    })
}

/// A list written as a difference from the one before it.
fn list(cursor: &mut Cursor<'_>, base: &[u32]) -> Result<Vec<u32>, Unreadable> {
    let count = cursor.index()?;
    let mut items: Vec<u32> = Vec::new();
    let mut expected = 0_i64;
    while items.len() < count {
        let head = cursor.index()?;
        let length = head >> 1;
        if length == 0 || length > count - items.len() {
            return Err(Unreadable);
        }
        if head & 1 == 1 {
            let place = usize::try_from(expected.checked_add(cursor.signed()?).ok_or(Unreadable)?);
            let place = place.map_err(|_| Unreadable)?;
            let end = place.checked_add(length).ok_or(Unreadable)?;
            items.extend_from_slice(base.get(place..end).ok_or(Unreadable)?);
            expected = end as i64;
        } else {
            let mut last = 0_i64;
            for _ in 0..length {
                last = last.checked_add(cursor.signed()?).ok_or(Unreadable)?;
                items.push(u32::try_from(last).map_err(|_| Unreadable)?);
            }
        }
    }
    Ok(items)
}

/// The numbers of the plain texts that pieces are made of.
fn plain_pieces(texts: &[Text<'_>], pieces: &[u32]) -> Result<Vec<u32>, Unreadable> {
    let mut plain = Vec::with_capacity(pieces.len());
    for piece in pieces {
        match texts.get(*piece as usize).ok_or(Unreadable)? {
            Text::Plain(_) => plain.push(*piece),
            Text::Pieces(inner) => plain.extend_from_slice(inner),
        }
    }
    Ok(plain)
}

/// Moves behind a value without making it.
fn skip(cursor: &mut Cursor<'_>, depth: u32) -> Result<(), Unreadable> {
    if depth > DEEPEST {
        return Err(Unreadable);
    }
    match cursor.byte()? {
        tag::NULL | tag::FALSE | tag::TRUE => {}
        tag::POSITIVE | tag::NEGATIVE | tag::TEXT => {
            cursor.number()?;
        }
        tag::FLOAT => {
            cursor.float()?;
        }
        tag::LIST => {
            for _ in 0..cursor.count()? {
                skip(cursor, depth + 1)?;
            }
        }
        tag::MAP => {
            for _ in 0..cursor.count()? {
                cursor.number()?;
                skip(cursor, depth + 1)?;
            }
        }
        _ => return Err(Unreadable),
    }
    Ok(())
}

impl<'a> Reader<'a> {
    /// Reads the tables.
    fn open(bytes: &'a [u8], only: Option<&'a [&'a str]>) -> Result<Self, Unreadable> {
        let mut cursor = Cursor(bytes);
        if cursor.byte()? != VERSION {
            return Err(Unreadable);
        }
        let length = cursor.index()?;
        let mut run = std::str::from_utf8(cursor.take(length)?).map_err(|_| Unreadable)?;
        let count = cursor.count()?;
        let mut texts: Vec<Text<'a>> = Vec::with_capacity(count);
        let mut lists: HashMap<u32, Vec<u32>> = HashMap::new();
        for _ in 0..count {
            let head = cursor.index()?;
            if head & 1 == 0 {
                let (text, rest) = run.split_at_checked(head >> 1).ok_or(Unreadable)?;
                run = rest;
                texts.push(Text::Plain(text));
            } else {
                let first = cursor.small()?;
                let base = lists.entry(first).or_default();
                *base = list(&mut cursor, base)?;
                let pieces = plain_pieces(&texts, base)?;
                texts.push(Text::Pieces(pieces));
            }
        }
        let mut reader = Self { cursor, texts, pairs: Vec::new(), only, ids: Vec::new(), high: 0, time: 0 };
        let count = reader.cursor.count()?;
        for _ in 0..count {
            let key = reader.cursor.small()?;
            reader.pairs.push((key, reader.cursor));
            skip(&mut reader.cursor, 0)?;
        }
        Ok(reader)
    }

    fn numbered(&self, number: usize) -> Result<Cow<'a, str>, Unreadable> {
        match self.texts.get(number).ok_or(Unreadable)? {
            Text::Plain(text) => Ok(Cow::Borrowed(text)),
            Text::Pieces(pieces) => {
                let mut whole = String::new();
                for piece in pieces {
                    let Some(Text::Plain(text)) = self.texts.get(*piece as usize) else { return Err(Unreadable) };
                    whole.push_str(text);
                }
                Ok(Cow::Owned(whole))
            }
        }
    }

    fn each<T>(&mut self, read: impl Fn(&mut Self) -> Result<T, Unreadable>) -> Result<Vec<T>, Unreadable> {
        let count = self.cursor.count()?;
        (0..count).map(|_| read(self)).collect()
    }

    fn text_number(&mut self) -> Result<usize, Unreadable> {
        let number = self.high.checked_sub(self.cursor.signed()?).ok_or(Unreadable)?;
        self.high = self.high.max(number.checked_add(1).ok_or(Unreadable)?);
        usize::try_from(number).map_err(|_| Unreadable)
    }

    fn text(&mut self) -> Result<String, Unreadable> {
        let number = self.text_number()?;
        Ok(self.numbered(number)?.into_owned())
    }

    fn untrusted(&mut self) -> Result<Untrusted, Unreadable> {
        self.text().map(Untrusted::from)
    }

    fn optional(&mut self) -> Result<Option<Untrusted>, Unreadable> {
        if self.there()? { self.untrusted().map(Some) } else { Ok(None) }
    }

    fn there(&mut self) -> Result<bool, Unreadable> {
        match self.cursor.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Unreadable),
        }
    }

    fn float(&mut self) -> Result<Option<f64>, Unreadable> {
        if self.there()? { self.cursor.float().map(Some) } else { Ok(None) }
    }

    fn flag(&mut self) -> Result<Option<bool>, Unreadable> {
        match self.cursor.byte()? {
            0 => Ok(None),
            1 => Ok(Some(false)),
            2 => Ok(Some(true)),
            _ => Err(Unreadable),
        }
    }

    fn instant(&mut self) -> Result<Timestamp, Unreadable> {
        self.time = self.time.wrapping_add(self.cursor.signed()?);
        Ok(Timestamp(self.time))
    }

    fn maybe_instant(&mut self) -> Result<Option<Timestamp>, Unreadable> {
        if self.there()? { self.instant().map(Some) } else { Ok(None) }
    }

    fn value(&self, cursor: &mut Cursor<'a>, depth: u32) -> Result<Value, Unreadable> {
        if depth > DEEPEST {
            return Err(Unreadable);
        }
        Ok(match cursor.byte()? {
            tag::NULL => Value::Null,
            tag::FALSE => Value::Bool(false),
            tag::TRUE => Value::Bool(true),
            tag::POSITIVE => cursor.number()?.into(),
            tag::NEGATIVE => cursor.signed()?.into(),
            tag::FLOAT => Value::Number(Number::from_f64(cursor.float()?).ok_or(Unreadable)?),
            tag::TEXT => Value::String(self.numbered(cursor.index()?)?.into_owned()),
            tag::LIST => {
                let count = cursor.count()?;
                Value::Array((0..count).map(|_| self.value(cursor, depth + 1)).collect::<Result<_, _>>()?)
            }
            tag::MAP => {
                let count = cursor.count()?;
                let mut map = Map::new();
                for _ in 0..count {
                    let key = self.numbered(cursor.index()?)?.into_owned();
                    map.insert(key, self.value(cursor, depth + 1)?);
                }
                Value::Object(map)
            }
            _ => return Err(Unreadable),
        })
    }

    fn numbered_pair(&self, number: usize) -> Result<(String, Value), Unreadable> {
        let (key, value) = self.pairs.get(number).ok_or(Unreadable)?;
        Ok((self.numbered(*key as usize)?.into_owned(), self.value(&mut value.clone(), 0)?))
    }

    /// The attributes of a span, as far as they are wanted.
    fn attributes(&self, pairs: &[u32]) -> Result<Map<String, Value>, Unreadable> {
        let mut found = Map::new();
        for pair in pairs {
            if let Some(only) = self.only {
                let (key, _) = self.pairs.get(*pair as usize).ok_or(Unreadable)?;
                if !only.contains(&&*self.numbered(*key as usize)?) {
                    continue;
                }
            }
            let (key, value) = self.numbered_pair(*pair as usize)?;
            found.insert(key, value);
        }
        Ok(found)
    }

    fn pair(&mut self) -> Result<(String, Value), Unreadable> {
        let number = self.cursor.index()?;
        self.numbered_pair(number)
    }

    fn map(&mut self) -> Result<Map<String, Value>, Unreadable> {
        Ok(self.each(Self::pair)?.into_iter().collect())
    }

    fn identity(&mut self) -> Result<SpanRef, Unreadable> {
        Ok(SpanRef { trace_id: self.text()?, span_id: self.span_id()? })
    }

    fn span_id(&mut self) -> Result<String, Unreadable> {
        if self.there()? {
            return self.text();
        }
        let bytes: [u8; 8] = self.cursor.take(8)?.try_into().map_err(|_| Unreadable)?;
        Ok(format!("{:016x}", u64::from_be_bytes(bytes)))
    }

    fn span_ref(&mut self) -> Result<SpanRef, Unreadable> {
        match self.cursor.index()? {
            0 => self.identity(),
            place => self.ids.get(place - 1).cloned().ok_or(Unreadable),
        }
    }

    fn maybe_ref(&mut self) -> Result<Option<SpanRef>, Unreadable> {
        if self.there()? { self.span_ref().map(Some) } else { Ok(None) }
    }

    fn segments(&mut self) -> Result<Segments, Unreadable> {
        Ok(Segments {
            intent: self.optional()?,
            channel: self.optional()?,
            tier: self.optional()?,
            language: self.optional()?,
            agent_version: self.optional()?,
            handled_by: self.optional()?,
        })
    }

    fn step(&mut self) -> Result<Step, Unreadable> {
        let number = self.cursor.small()?;
        let message = self.cursor.small()?;
        let content = match self.cursor.byte()? {
            call @ 0x80..=0x82 => StepContent::ToolCall {
                tool: self.untrusted()?,
                arguments: Arguments(self.untrusted()?),
                call_id: self.optional()?,
                result: match call {
                    0x80 => None,
                    _ => Some(ToolResult { text: self.untrusted()?, failed: call == 0x82 }),
                },
            },
            role => StepContent::Message {
                role: *ROLES.get(role as usize).ok_or(Unreadable)?,
                text: self.untrusted()?,
                reasoning: self.optional()?,
            },
        };
        Ok(Step {
            number,
            message,
            content,
            agent: self.optional()?,
            depth: self.cursor.byte()?,
            at: self.maybe_instant()?,
            span: self.maybe_ref()?,
            decision: self.maybe_ref()?,
            speech: if self.there()? {
                Some(Speech { asr_confidence: self.float()?, interrupted: self.flag()?, first_audio_ms: self.float()? })
            } else {
                None
            },
        })
    }

    fn tool(&mut self) -> Result<ToolSpec, Unreadable> {
        let (name, description, parameters) = (self.untrusted()?, self.untrusted()?, self.optional()?);
        let effect = self.cursor.byte()?;
        Ok(ToolSpec {
            name,
            description,
            parameters,
            effect: *EFFECTS.get((effect & 0x0f) as usize).ok_or(Unreadable)?,
            effect_guessed: effect & 0x10 != 0,
        })
    }

    fn span(&mut self, place: usize, lists: &mut HashMap<(u8, usize), Vec<u32>>) -> Result<Span, Unreadable> {
        let parts = self.cursor.number()?;
        let kind_and_status = self.cursor.byte()?;
        let kind = kind_and_status & 0x1f;
        let status = match kind_and_status >> 5 {
            0 => SpanStatus::Unset,
            1 => SpanStatus::Ok,
            2 => SpanStatus::Error,
            _ => return Err(Unreadable),
        };
        let name_number = self.text_number()?;
        let name = Untrusted::from(self.numbered(name_number)?.into_owned());
        let id = self.ids.get(place).cloned().ok_or(Unreadable)?;
        let has = |part: u64| parts & part != 0;
        let parent_span_id = if has(has::PARENT) { Some(self.parent()?) } else { None };
        let start = if has(has::START) { Some(self.instant()?) } else { None };
        let end = if has(has::END) { Some(self.instant()?) } else { None };
        let error = if has(has::ERROR) { Some(self.untrusted()?) } else { None };
        let agent = if has(has::AGENT) { Some(self.untrusted()?) } else { None };
        let base = lists.entry((kind, name_number)).or_default();
        *base = list(&mut self.cursor, base)?;
        let attributes = self.attributes(base)?;
        let mut events = if has(has::EVENTS) { self.each(Self::event)? } else { Vec::new() };
        let mut links = if has(has::LINKS) { self.each(Self::link)? } else { Vec::new() };
        if self.only.is_some() {
            (events, links) = (Vec::new(), Vec::new());
        }
        Ok(Span {
            id,
            parent_span_id,
            name,
            kind: *SpanKind::ALL.get(kind as usize).ok_or(Unreadable)?,
            agent,
            start,
            end,
            status,
            error,
            offered_tools: if has(has::OFFERED) { self.each(|reader| reader.cursor.small())? } else { Vec::new() },
            failure_signs: if has(has::SIGNS) { self.each(|reader| reader.one_of(&SIGNS))? } else { Vec::new() },
            attributes,
            events,
            links,
            oddities: if has(has::ODDITIES) { self.each(|reader| reader.one_of(&ODDITIES))? } else { Vec::new() },
        })
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> Result<T, Unreadable> {
        let number = self.cursor.index()?;
        all.get(number).copied().ok_or(Unreadable)
    }

    fn parent(&mut self) -> Result<String, Unreadable> {
        match self.cursor.index()? {
            0 => self.span_id(),
            place => self.ids.get(place - 1).map(|id| id.span_id.clone()).ok_or(Unreadable),
        }
    }

    fn event(&mut self) -> Result<SpanEvent, Unreadable> {
        Ok(SpanEvent { at: self.maybe_instant()?, name: self.untrusted()?, attributes: self.map()? })
    }

    fn link(&mut self) -> Result<SpanLink, Unreadable> {
        Ok(SpanLink { target: self.span_ref()?, attributes: self.map()? })
    }

    fn score(&mut self) -> Result<Score, Unreadable> {
        let target = match self.cursor.byte()? {
            0 => ScoreTarget::Conversation,
            1 => ScoreTarget::Trace { trace_id: self.text()? },
            2 => ScoreTarget::Span(self.span_ref()?),
            _ => return Err(Unreadable),
        };
        Ok(Score {
            target,
            evaluator: self.untrusted()?,
            version: self.optional()?,
            source: self.text()?.into(),
            value: self.float()?,
            label: self.optional()?,
            passed: self.flag()?,
            confidence: self.float()?,
            explanation: self.optional()?,
            evidence: self.each(Self::span_ref)?,
        })
    }
}
