//! The tables of a payload while it is written: texts and attributes, each once.
//!
//! Invariant: a number given out is never changed; numbers follow the order of first use, so that equal conversations
//! give equal bytes.

use std::collections::hash_map::Entry;

use serde_json::{Map, Value};

use super::bytes::{put, put_signed};
use super::pieces::{self, Cut};
use super::quick::Table;

/// How many texts that were cut are remembered: those of a few agents, and what they answered.
const MOST_CUTS: usize = 4;

/// Value tags; append-only.
pub mod tag {
    pub const NULL: u8 = 0;
    pub const FALSE: u8 = 1;
    pub const TRUE: u8 = 2;
    pub const POSITIVE: u8 = 3;
    pub const NEGATIVE: u8 = 4;
    pub const FLOAT: u8 = 5;
    pub const TEXT: u8 = 6;
    pub const LIST: u8 = 7;
    pub const MAP: u8 = 8;
}

/// The tables under construction.
#[derive(Default)]
pub struct Pool<'a> {
    /// All plain texts, one after the other.
    run: Vec<u8>,
    /// The table of texts.
    texts: Vec<u8>,
    text_count: u32,
    known_texts: Table<&'a str, u32>,
    /// The texts that were cut last, the latest first, and the numbers of their pieces.
    cuts: Vec<(Cut<'a>, Vec<u32>)>,
    /// The last list of pieces that began with this piece.
    lists: Table<u32, List>,
    /// The table of attributes.
    pairs: Vec<u8>,
    pair_count: u32,
    known_pairs: Table<Vec<u8>, u32>,
    /// The attribute being looked up; kept for its memory.
    scratch: Vec<u8>,
}

impl<'a> Pool<'a> {
    /// The number of `text`.
    pub fn text(&mut self, text: &'a str) -> u32 {
        if !pieces::may_be_cut(text) {
            return self.plain(text);
        }
        if let Some(known) = self.known_texts.get(text) {
            return *known;
        }
        let before = self.cuts.iter().position(|(cut, _)| cut.begins(text)).map(|place| self.cuts.remove(place));
        let (known, pieces, cut) = pieces::cut(text, before.as_ref().map(|(cut, _)| cut));
        if known + pieces.len() > 1 {
            let mut numbers = before.map(|(_, numbers)| numbers).unwrap_or_default();
            numbers.truncate(known);
            numbers.extend(pieces.iter().map(|piece| self.plain(piece)));
            if let Some(cut) = cut {
                self.cuts.truncate(MOST_CUTS - 1);
                self.cuts.insert(0, (cut, numbers.clone()));
            }
            self.texts.push(1);
            put(&mut self.texts, u64::from(numbers[0]));
            let base = self.lists.entry(numbers[0]).or_default();
            base.write(&numbers, &mut self.texts);
            return self.register(text);
        }
        self.plain(text)
    }

    fn plain(&mut self, text: &'a str) -> u32 {
        match self.known_texts.entry(text) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(place) => {
                put(&mut self.texts, (text.len() as u64) << 1);
                self.run.extend_from_slice(text.as_bytes());
                let number = self.text_count;
                self.text_count += 1;
                *place.insert(number)
            }
        }
    }

    fn register(&mut self, text: &'a str) -> u32 {
        let number = self.text_count;
        self.known_texts.insert(text, number);
        self.text_count += 1;
        number
    }

    /// The number of the attribute.
    pub fn pair(&mut self, key: &'a str, value: &'a Value) -> u32 {
        let mut bytes = std::mem::take(&mut self.scratch);
        bytes.clear();
        let key = self.text(key);
        put(&mut bytes, u64::from(key));
        self.value(value, &mut bytes);
        let known = self.known_pairs.get(&bytes).copied();
        let number = known.unwrap_or_else(|| {
            let number = self.pair_count;
            self.pairs.extend_from_slice(&bytes);
            self.known_pairs.insert(bytes.clone(), number);
            self.pair_count += 1;
            number
        });
        self.scratch = bytes;
        number
    }

    /// The numbers of all attributes of `map`, in its order.
    pub fn map(&mut self, map: &'a Map<String, Value>) -> Vec<u32> {
        map.iter().map(|(key, value)| self.pair(key, value)).collect()
    }

    /// Appends a value. As deep as the value is; what comes from JSON is at most 128 deep.
    pub fn value(&mut self, value: &'a Value, out: &mut Vec<u8>) {
        match value {
            Value::Null => out.push(tag::NULL),
            Value::Bool(false) => out.push(tag::FALSE),
            Value::Bool(true) => out.push(tag::TRUE),
            Value::Number(number) => {
                if let Some(number) = number.as_u64() {
                    out.push(tag::POSITIVE);
                    put(out, number);
                } else if let Some(number) = number.as_i64() {
                    out.push(tag::NEGATIVE);
                    put_signed(out, number);
                } else {
                    out.push(tag::FLOAT);
                    out.extend_from_slice(&number.as_f64().unwrap_or(0.0).to_le_bytes());
                }
            }
            Value::String(text) => {
                out.push(tag::TEXT);
                let number = self.text(text);
                put(out, u64::from(number));
            }
            Value::Array(items) => {
                out.push(tag::LIST);
                put(out, items.len() as u64);
                for item in items {
                    self.value(item, out);
                }
            }
            Value::Object(map) => {
                out.push(tag::MAP);
                put(out, map.len() as u64);
                for (key, value) in map {
                    let key = self.text(key);
                    put(out, u64::from(key));
                    self.value(value, out);
                }
            }
        }
    }

    /// The finished tables, then `body`.
    pub fn finish(self, version: u8, body: &[u8]) -> Vec<u8> {
        let size = self.run.len() + self.texts.len() + self.pairs.len() + body.len() + 32;
        let mut out = Vec::with_capacity(size);
        out.push(version);
        put(&mut out, self.run.len() as u64);
        out.extend_from_slice(&self.run);
        put(&mut out, u64::from(self.text_count));
        out.extend_from_slice(&self.texts);
        put(&mut out, u64::from(self.pair_count));
        out.extend_from_slice(&self.pairs);
        out.extend_from_slice(body);
        out
    }
}

/// A list of numbers that later, similar lists are written as a difference from.
#[derive(Default)]
pub struct List {
    items: Vec<u32>,
    places: Table<u32, u32>,
}

impl List {
    /// Appends `items` as runs copied from this list and numbers that are new, and becomes `items`.
    ///
    /// Form: the count, then until all are there `length * 2 + 1` and a place for a copied run, or `length * 2` and the
    /// numbers themselves.
    pub fn write(&mut self, items: &[u32], out: &mut Vec<u8>) {
        put(out, items.len() as u64);
        let (mut at, mut fresh) = (0, 0);
        let mut expected = 0_u32;
        let literals = |from: usize, to: usize, out: &mut Vec<u8>| {
            if to > from {
                put(out, ((to - from) as u64) << 1);
                let mut last = 0;
                for item in &items[from..to] {
                    put_signed(out, i64::from(*item) - last);
                    last = i64::from(*item);
                }
            }
        };
        while at < items.len() {
            let length = self.run(expected, &items[at..]);
            let (place, length) = if length > 0 {
                (expected, length)
            } else {
                let place = self.places.get(&items[at]).copied();
                place.map_or((0, 0), |place| (place, self.run(place, &items[at..])))
            };
            if length == 0 {
                at += 1;
                continue;
            }
            literals(fresh, at, out);
            put(out, (length as u64) << 1 | 1);
            put_signed(out, i64::from(place) - i64::from(expected));
            expected = place + length as u32;
            at += length;
            fresh = at;
        }
        literals(fresh, at, out);
        self.become_items(items);
    }

    fn become_items(&mut self, items: &[u32]) {
        self.items.clear();
        self.items.extend_from_slice(items);
        self.places.clear();
        self.places.extend(items.iter().enumerate().map(|(place, item)| (*item, place as u32)));
    }

    /// How many of `items` follow each other in this list from `place` on.
    fn run(&self, place: u32, items: &[u32]) -> usize {
        let rest = self.items.get(place as usize..).unwrap_or_default();
        rest.iter().zip(items).take_while(|(a, b)| a == b).count()
    }
}
