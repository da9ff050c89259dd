//! Messages that many histories repeat: read once, and shared by every history that holds them.
//!
//! Invariant: sharing changes nothing a reader sees; a history read by what it adds to another one gives the same messages
//! as the same history read whole.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::ops::Deref;
use std::rc::Rc;

use serde_json::Value;

use super::message::{self, Message, Sender};
use super::{semconv, thread};

/// How many histories are remembered; a conversation has few that do not go on from each other.
const MOST: usize = 8;

/// A message, and what it is compared by once somebody asked.
#[derive(Debug, Clone)]
pub(super) struct Said(Rc<Shared>);

#[derive(Debug)]
struct Shared {
    message: Message,
    number: OnceCell<u64>,
    calls: OnceCell<Vec<u64>>,
}

impl Said {
    pub(super) fn new(message: Message) -> Self {
        Self(Rc::new(Shared { message, number: OnceCell::new(), calls: OnceCell::new() }))
    }

    /// Its text, without what frameworks put around a customer's words.
    pub(super) fn words(&self) -> &str {
        match self.0.message.sender {
            Sender::User => semconv::unframed_question(&self.0.message.text),
            _ => &self.0.message.text,
        }
    }

    /// Its text as that of a result, without what frameworks put around those.
    pub(super) fn result(&self) -> &str {
        semconv::unframed_result(&self.0.message.text)
    }

    /// The number of its words, white space aside.
    pub(super) fn number(&self) -> u64 {
        *self.0.number.get_or_init(|| thread::words_number(self.words()))
    }

    /// The numbers of its calls, the spelling of their arguments aside.
    pub(super) fn calls(&self) -> &[u64] {
        self.0.calls.get_or_init(|| self.0.message.calls.iter().map(thread::call_number).collect())
    }
}

impl Deref for Said {
    type Target = Message;
    fn deref(&self) -> &Message {
        &self.0.message
    }
}

/// The histories of one conversation read so far.
#[derive(Debug, Default)]
pub(super) struct Histories<'s> {
    lists: Vec<History<'s>>,
    items: Items<'s>,
}

/// What the items of lists stand for, by their text: a history that was cut short repeats items, not beginnings.
type Items<'s> = HashMap<&'s str, Rc<[Said]>>;

/// A list of messages, and where in its text each item ends.
#[derive(Debug)]
struct History<'s> {
    text: &'s str,
    messages: Vec<Said>,
    /// By item: the byte behind it, and how many messages there are up to there.
    ends: Vec<(usize, usize)>,
}

impl<'s> Histories<'s> {
    /// Messages in an attribute value: JSON text, or the structure itself.
    pub(super) fn messages_in(&mut self, value: &'s Value) -> Vec<Said> {
        match value {
            Value::String(text) => self.messages(text),
            other => message::messages_in(other).unwrap_or_default().into_iter().map(Said::new).collect(),
        }
    }

    /// The messages of JSON text; none where it holds none.
    fn messages(&mut self, text: &'s str) -> Vec<Said> {
        let text = text.trim();
        if !text.starts_with('[') {
            return message::messages(text).unwrap_or_default().into_iter().map(Said::new).collect();
        }
        let read = self.goes_on(text).or_else(|| History::read(text, &mut self.items));
        let Some(history) = read else { return Vec::new() };
        let messages = history.messages.clone();
        self.remember(history);
        messages
    }

    /// Reads a history by what it adds to one that is known; `None` where it shares no message with any.
    fn goes_on(&mut self, text: &'s str) -> Option<History<'s>> {
        let shared = self.lists.iter().filter_map(|known| Some((known, known.shared_items(text)?)));
        let (known, items) = shared.max_by_key(|(_, items)| *items)?;
        let (end, count) = known.ends[items - 1];
        let mut history =
            History { text, messages: known.messages[..count].to_vec(), ends: known.ends[..items].to_vec() };
        let blanks = text[end..].len() - text[end..].trim_ascii_start().len();
        let comma = end + blanks;
        if text[comma..].trim_ascii_end() == "]" {
            return Some(history);
        }
        // What follows the comma, as a list of its own: its opening bracket stands in the comma's place.
        let rest = format!("[{}", text[comma..].strip_prefix(',')?);
        history.add(&rest, comma, &mut self.items)?;
        (history.ends.len() > items).then_some(history)
    }

    /// Keeps a history; the one it goes on from is not needed any more.
    fn remember(&mut self, history: History<'s>) {
        let within = |whole: &str, part: &str| whole.starts_with(part.strip_suffix(']').unwrap_or(part));
        if self.lists.iter().any(|known| within(known.text, history.text)) {
            return;
        }
        self.lists.retain(|known| !within(history.text, known.text));
        if self.lists.len() == MOST {
            self.lists.remove(0);
        }
        self.lists.push(history);
    }
}

impl<'s> History<'s> {
    /// Reads a list whole; `None` where it is none, or holds something that is no message.
    fn read(text: &'s str, items: &mut Items<'s>) -> Option<Self> {
        let mut history = Self { text, messages: Vec::new(), ends: Vec::new() };
        history.add(text, 0, items)?;
        Some(history)
    }

    /// Adds the items of a list, of which the first byte stands at `place` of this history's text.
    fn add(&mut self, list: &str, place: usize, items: &mut Items<'s>) -> Option<()> {
        for raw in message::list(list)? {
            let start = place + (raw.get().as_ptr() as usize - list.as_ptr() as usize);
            let end = start + raw.get().len();
            let item: &'s str = self.text.get(start..end)?;
            if let Some(known) = items.get(item) {
                self.messages.extend_from_slice(known);
            } else {
                let told: Rc<[Said]> = message::item(item)?.into_iter().map(Said::new).collect();
                self.messages.extend_from_slice(&told);
                items.insert(item, told);
            }
            self.ends.push((end, self.messages.len()));
        }
        Some(())
    }

    /// How many items another list begins with; `None` for none.
    fn shared_items(&self, text: &str) -> Option<usize> {
        let shared = shared_bytes(self.text.as_bytes(), text.as_bytes());
        let ended = |end: usize| matches!(text[end..].trim_ascii_start().as_bytes().first(), Some(b',' | b']'));
        let mut items = self.ends.partition_point(|(end, _)| *end <= shared);
        // The last of them may go on in the other text: a number that has more digits there.
        while items > 0 && !ended(self.ends[items - 1].0) {
            items -= 1;
        }
        (items > 0).then_some(items)
    }
}

/// How many bytes two texts begin with alike.
fn shared_bytes(a: &[u8], b: &[u8]) -> usize {
    const STEP: usize = 64;
    let steps = a.chunks_exact(STEP).zip(b.chunks_exact(STEP)).take_while(|(a, b)| a == b).count() * STEP;
    steps + a[steps..].iter().zip(&b[steps..]).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(messages: &[Said]) -> Vec<String> {
        messages
            .iter()
            .map(|message| format!("{:?} {} {}", message.sender, message.text, message.calls.len()))
            .collect()
    }

    #[test]
    fn a_history_read_by_what_it_adds_is_the_same_as_read_whole() {
        let long = "x".repeat(200);
        let one = format!(r#"{{"role":"user","content":"one {long}"}}"#);
        let two =
            r#"{"role":"assistant","content":null,"tool_calls":[{"id":"c","function":{"name":"t","arguments":"{}"}}]}"#;
        let three = r#"{"role":"tool","tool_call_id":"c","content":"[1, 2]"}"#;
        let all = [
            format!("[{one}]"),
            format!("[{one},{two}]"),
            format!(" [ {one} , {two} , {three} ] "),
            format!("[{one},{two},{three}]"),
            format!("[{one},{two}]"),
            format!("[{one}, {three}]"),
            format!("[{three},{two} , {three}]"),
            format!("[{one},{two},{three},7]"),
            format!("[{one},{two},{three}"),
            format!("[{one},{two},]"),
            format!("[{one}]]"),
            format!("[{one},{two},{three},[{one}]]"),
            "[]".to_owned(),
            "[1".to_owned(),
            two.to_owned(),
        ];
        let mut histories = Histories::default();
        for text in all.iter().chain(all.iter().rev()) {
            let whole = message::messages(text).unwrap_or_default();
            let whole: Vec<Said> = whole.into_iter().map(Said::new).collect();
            assert_eq!(texts(&histories.messages(text)), texts(&whole), "{text}");
        }
    }

    #[test]
    fn beginnings_are_compared_to_the_byte() {
        let a = "é".repeat(100);
        for cut in 0..200 {
            let mut b = a.clone().into_bytes();
            b[cut] ^= 1;
            assert_eq!(shared_bytes(a.as_bytes(), &b), cut);
        }
        assert_eq!(shared_bytes(a.as_bytes(), &a.as_bytes()[..77]), 77);
    }
}
