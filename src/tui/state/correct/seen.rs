//! Values seen earlier in a conversation, for the fields of a correction.
//!
//! Invariant: what is shown of a value while personal data is masked comes from the masked text of the whole message or
//! result, never from a fragment masked on its own.

use std::collections::HashSet;

use super::Seen;
use crate::model::conversation::Conversation;
use crate::model::step::{Role, Step, StepContent};
use crate::model::tool::members;
use crate::tui::Mask;

/// Steps looked back for values.
const LOOK_BACK: usize = 400;

/// Bytes of one text looked at for values.
const LOOKED_AT: usize = 65_536;

/// Values offered at most.
const VALUES: usize = 200;

/// Bytes of a value at most.
const LONGEST: usize = 200;

/// Values in calls, results and customer messages before a step, and in the step's own arguments; latest first.
pub fn before(conversation: &Conversation, at: &Step, mask: &Mask) -> Vec<Seen> {
    let mut collector = Collector { values: Vec::new(), known: HashSet::new(), mask };
    let before = conversation.steps.iter().filter(|step| step.number <= at.number).rev().take(LOOK_BACK);
    for step in before {
        if collector.values.len() >= VALUES {
            break;
        }
        let earlier = step.number < at.number;
        match &step.content {
            StepContent::ToolCall { arguments, result, .. } => {
                if let Some(result) = result.as_ref().filter(|_| earlier) {
                    collector.json(result.text.exact(), step.number);
                }
                collector.json(arguments.0.exact(), step.number);
            }
            StepContent::Message { role: Role::User, text, .. } if earlier => {
                collector.message(text.exact(), step.number);
            }
            StepContent::Message { .. } => {}
        }
    }
    collector.values
}

struct Collector<'a> {
    values: Vec<Seen>,
    known: HashSet<(String, String)>,
    mask: &'a Mask,
}

impl Collector<'_> {
    fn add(&mut self, seen: Seen) {
        let fits = self.values.len() < VALUES && seen.raw.len() <= LONGEST;
        if fits && self.known.insert((seen.key.clone(), seen.raw.clone())) {
            self.values.push(seen);
        }
    }

    /// Scalars of a JSON text.
    fn json(&mut self, text: &str, step: u32) {
        if text.len() > LOOKED_AT {
            return;
        }
        let all = |text: &str| {
            let mut found = Vec::new();
            scalars(text, 0, &mut |key, raw| found.push((key.to_owned(), raw.to_owned())));
            found
        };
        let exact = all(text);
        let masked = all(&(self.mask.0)(text));
        let alike = exact.len() == masked.len() && exact.iter().zip(&masked).all(|(a, b)| a.0 == b.0);
        for (at, (key, raw)) in exact.into_iter().enumerate() {
            // A text that is no JSON any more once it is masked holds personal data in places where a key cannot tell.
            let shown = if alike { masked[at].1.clone() } else { (self.mask.0)(&raw) };
            self.add(Seen { key, raw, masked: shown, step });
        }
    }

    /// Numbers and codes a customer named, and personal data as a whole.
    fn message(&mut self, text: &str, step: u32) {
        let mut end = text.len().min(LOOKED_AT);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let text = &text[..end];
        for part in parts(text, &(self.mask.0)(text)) {
            match part {
                Part::Plain(plain) => {
                    for word in plain.split_whitespace().take(500) {
                        let word = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '#');
                        if word.len() >= 3 && word.bytes().any(|byte| byte.is_ascii_digit()) {
                            let raw = serde_json::Value::from(word).to_string();
                            self.add(Seen { key: String::new(), masked: raw.clone(), raw, step });
                        }
                    }
                }
                Part::Hidden { exact, shown } => {
                    let quoted = |text: &str| serde_json::Value::from(text.trim()).to_string();
                    self.add(Seen { key: String::new(), raw: quoted(&exact), masked: quoted(&shown), step });
                }
            }
        }
    }
}

/// A part of a message: as it is, or replaced by a pseudonym.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    Plain(String),
    Hidden { exact: String, shown: String },
}

/// Lays a message beside its masked form. What cannot be laid beside it is left out rather than shown.
fn parts(exact: &str, masked: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let (mut rest, mut open) = (exact, None::<String>);
    for (is_pseudonym, piece) in pieces(masked) {
        if is_pseudonym {
            // Two side by side cannot be told apart in the exact text.
            open = Some(open.map_or_else(|| piece.to_owned(), |before| before + piece));
            continue;
        }
        let Some(at) = rest.find(piece) else { return parts };
        close(&mut parts, &mut open, &rest[..at]);
        parts.push(Part::Plain(piece.to_owned()));
        rest = &rest[at + piece.len()..];
    }
    close(&mut parts, &mut open, rest);
    parts
}

fn close(parts: &mut Vec<Part>, open: &mut Option<String>, exact: &str) {
    if let Some(shown) = open.take() {
        // A pseudonym the customer typed stands for itself.
        parts.push(Part::Hidden { exact: exact.to_owned(), shown });
    }
}

/// Cuts a masked text at its pseudonyms (`<CLASS-hex>`).
fn pieces(masked: &str) -> Vec<(bool, &str)> {
    let (mut pieces, mut plain, mut at) = (Vec::new(), 0, 0);
    while let Some(start) = masked[at..].find('<').map(|found| at + found) {
        at = start + 1;
        let Some(end) = masked[at..].find('>').map(|found| at + found) else { break };
        let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let inside = &masked[at..end];
        if inside.contains('-') && inside.starts_with(|c: char| c.is_ascii_uppercase()) && inside.bytes().all(is_sign) {
            if plain < start {
                pieces.push((false, &masked[plain..start]));
            }
            pieces.push((true, &masked[start..=end]));
            (plain, at) = (end + 1, end + 1);
        }
    }
    if plain < masked.len() {
        pieces.push((false, &masked[plain..]));
    }
    pieces
}

/// Calls `add` with every scalar of a JSON text and the key it stands under.
fn scalars(text: &str, depth: usize, add: &mut dyn FnMut(&str, &str)) {
    if text.len() > LOOKED_AT || depth > 4 {
        return;
    }
    let Some(list) = members(text) else {
        let items: Vec<&serde_json::value::RawValue> = serde_json::from_str(text).unwrap_or_default();
        for item in items.into_iter().take(50) {
            scalars(item.get(), depth + 1, add);
        }
        return;
    };
    for (key, raw) in list.into_iter().take(100) {
        match raw.get().as_bytes().first() {
            Some(b'{' | b'[') => scalars(raw.get(), depth + 1, add),
            Some(b'n') | None => {}
            _ => add(&key, raw.get()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_are_found_at_any_depth() {
        let mut found = Vec::new();
        scalars(r#"{"order":{"id":"A-1","items":[{"sku":7}]},"note":null}"#, 0, &mut |key, raw| {
            found.push(format!("{key}={raw}"));
        });
        assert_eq!(found, ["id=\"A-1\"", "sku=7"]);
    }

    #[test]
    fn personal_data_is_one_value_and_never_a_fragment() {
        let mask = Mask(std::sync::Arc::new(|text: &str| text.replace("+1 555 014 7788", "<PHONE-0a1b>")));
        let mut collector = Collector { values: Vec::new(), known: HashSet::new(), mask: &mask };
        collector.message("Order LF-7, call +1 555 014 7788 please", 3);
        let seen: Vec<(&str, &str)> =
            collector.values.iter().map(|seen| (seen.raw.as_str(), seen.masked.as_str())).collect();
        assert_eq!(seen, [("\"LF-7\"", "\"LF-7\""), ("\"+1 555 014 7788\"", "\"<PHONE-0a1b>\"")]);
        assert_eq!(parts("a 1 b 2 c", "a <X-1> b <Y-2> c").len(), 5);
        // What cannot be laid beside the exact text is left out.
        assert_eq!(parts("abc", "xyz"), []);
    }
}
