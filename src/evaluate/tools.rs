//! Evaluators of tool use: was it a tool on offer, were its arguments well formed, did they come from somewhere, and was
//! it the tool the customer's words called for.
//!
//! Invariant: a schema that does not compile makes its tool "cannot tell", not "invalid"; arguments are compared with
//! what customer, tools and instructions said, never with what the agent itself said.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use jsonschema::Validator;
use memchr::memmem::Finder;
use serde_json::Value;

use super::facts::{Aim, Call, Facts, Speaker, holds};
use super::{Case, Flag, Outcome, arguments, language, reference};
use crate::model::tool::{Effect, ToolSpec};

/// Compiled schemas by their text, kept from one conversation to the next.
#[derive(Debug, Default)]
pub(super) struct Schemas(Mutex<HashMap<u64, Vec<Compiled>>>);

/// A schema's text, and the validator where it is a usable schema.
type Compiled = (String, Option<Arc<Validator>>);

/// More schemas than this are forgotten together: an input that brings a new schema with every conversation must not
/// grow the memory for ever.
const MOST_SCHEMAS: usize = 2_048;

impl Schemas {
    /// The validator for a schema's text; `None` where it is no usable schema.
    fn validator(&self, text: &str) -> Option<Arc<Validator>> {
        let mut known = self.0.lock().ok()?;
        // The whole text would be hashed for every call of a tool; its ends tell nearly all schemas apart.
        let end = |range: Option<&[u8]>| language::mixed(range.unwrap_or(text.as_bytes()));
        let key = end(text.as_bytes().first_chunk::<64>().map(<[u8; 64]>::as_slice)).rotate_left(17)
            ^ end(text.as_bytes().last_chunk::<64>().map(<[u8; 64]>::as_slice))
            ^ text.len() as u64;
        if let Some((_, found)) = known.get(&key).and_then(|same| same.iter().find(|(other, _)| other == text)) {
            return found.clone();
        }
        if known.values().map(Vec::len).sum::<usize>() >= MOST_SCHEMAS {
            known.clear();
        }
        let compiled = serde_json::from_str(text)
            .ok()
            .and_then(|schema: Value| jsonschema::validator_for(&schema).ok())
            .map(Arc::new);
        known.entry(key).or_default().push((text.to_owned(), compiled.clone()));
        compiled
    }
}

/// What is wrong with the form of a call, if anything is.
pub(super) fn malformed<'c>(case: &Case<'_>, call: &'c Call<'_>) -> Option<&'c str> {
    call.malformed.get_or_init(|| check_form(case, call)).as_deref()
}

fn check_form(case: &Case<'_>, call: &Call<'_>) -> Option<String> {
    if !call.offered && call.aim != Aim::Agent {
        return Some(format!("{} is not among the tools on offer", call.tool));
    }
    let raw = case.facts.rows[call.row].step;
    let Some(arguments) = &call.arguments else {
        let crate::model::step::StepContent::ToolCall { arguments, .. } = &raw.content else { return None };
        return (!arguments.0.exact().trim().is_empty())
            .then(|| format!("the arguments of {} cannot be read: cut off or not JSON", call.tool));
    };
    let validator = case.schemas.validator(call.spec?.parameters.as_ref()?.exact())?;
    if validator.is_valid(arguments) {
        return None;
    }
    let first = validator.iter_errors(arguments).next()?;
    let at = first.instance_path().to_string();
    Some(format!(
        "{}{}: {}",
        call.tool,
        if at.is_empty() { String::new() } else { format!(" at {at}") },
        short(&first.to_string())
    ))
}

fn short(text: &str) -> String {
    text.chars().take(160).collect()
}

/// Arguments against the tool's JSON Schema; unknown tools and unreadable arguments are invalid.
pub(super) fn parameter_validation(case: &Case<'_>) -> Outcome {
    let calls = &case.facts.calls;
    if case.facts.conversation.tools.is_empty() && calls.iter().all(|call| call.arguments.is_some()) {
        return Outcome::abstain("no tool list is recorded, so there is no schema to check against");
    }
    let flags =
        calls.iter().filter_map(|call| malformed(case, call).map(|why| Flag::at(call.row, why.to_owned()))).collect();
    Outcome::share(calls.len(), "calls", flags)
}

/// Argument values of a call that occur nowhere before it.
pub(super) fn ungrounded<'c>(facts: &Facts<'_>, call: &'c Call<'_>) -> &'c [String] {
    call.ungrounded.get_or_init(|| unnamed_values(facts, call))
}

fn unnamed_values(facts: &Facts<'_>, call: &Call<'_>) -> Vec<String> {
    const FREE: [&str; 24] = [
        "reason",
        "summary",
        "note",
        "notes",
        "description",
        "query",
        "message",
        "thought",
        "comment",
        "comments",
        "text",
        "explanation",
        "title",
        "subject",
        "expression",
        "content",
        "details",
        "queue",
        "category",
        "priority",
        "type",
        "cabin",
        "flight_type",
        "status",
    ];
    let mut found = Vec::new();
    for (name, value) in call.values() {
        if FREE.iter().any(|free| name.eq_ignore_ascii_case(free)) || holds(name, "summary") || holds(name, "reason") {
            continue;
        }
        let wanted = match value {
            Value::String(text) if text.trim().chars().nth(2).is_some() && !is_date(text) => Cow::Borrowed(text.trim()),
            Value::Number(number) if number.as_f64().is_some_and(|number| number.abs() > 12.0) => {
                arguments::plain(value).into()
            }
            _ => continue,
        };
        // The choice last: it takes the longest to look up, and most values were named.
        if !named_before(facts, call.row, &wanted) && !is_choice(call.spec, name, value) {
            found.push(format!("{name} = {}", short(&wanted)));
        }
    }
    found
}

/// True where the schema lists the value as one of a few: choosing among them is no invention.
fn is_choice(spec: Option<&ToolSpec>, name: &str, value: &Value) -> bool {
    let Some(parameters) = spec.and_then(|spec| spec.parameters.as_ref()) else { return false };
    let (Value::String(text), parameters) = (value, parameters.exact()) else { return false };
    parameters.contains("\"enum\"")
        && parameters.contains(&format!("\"{text}\""))
        && parameters.contains(&format!("\"{name}\""))
}

fn is_date(text: &str) -> bool {
    let mut count = 0;
    let mut parts = text.split(['-', '/', 'T', ':']).inspect(|_| count += 1);
    let digits =
        parts.all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit() || b == b'Z' || b == b'.'));
    digits && count >= 3
}

/// True where a value was named before a row, by the customer, a tool or the instructions: as it is, in other case or
/// punctuation, as the same number, or word by word.
fn named_before(facts: &Facts<'_>, row: usize, wanted: &str) -> bool {
    // One value is often in many calls; and once it was named it stays named.
    if facts.named.borrow().iter().any(|(known, at)| *at <= row && known == wanted) {
        return true;
    }
    let named = is_in_sources(facts, row, wanted);
    if named {
        facts.named.borrow_mut().push((wanted.to_owned(), row));
    }
    named
}

fn is_in_sources(facts: &Facts<'_>, row: usize, wanted: &str) -> bool {
    let exact = Finder::new(wanted);
    if facts.sources_before(row).any(|source| exact.find(source.as_bytes()).is_some()) {
        return true;
    }
    let lower = wanted.to_lowercase();
    if let Ok(number) = lower.parse::<f64>() {
        return facts.sources_before(row).any(|source| numbers(source).any(|other| (other - number).abs() < 1e-6));
    }
    let sources = || facts.lower_sources_before(row);
    if sources().any(|source| source.contains(&lower)) {
        return true;
    }
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() >= 2).collect();
    if words.len() > 1 && words.iter().all(|word| sources().any(|source| source.contains(word))) {
        return true;
    }
    let wanted = language::bare(&lower);
    facts.bare_sources_before(row).any(|source| source.contains(&wanted))
}

/// The numbers written in a text, thousands separators taken out.
pub(super) fn numbers(text: &str) -> impl Iterator<Item = f64> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            at += bytes[at..].iter().position(u8::is_ascii_digit)?;
            let length = bytes[at..].iter().take_while(|byte| matches!(byte, b'0'..=b'9' | b'.' | b',')).count();
            let token = text[at..at + length].trim_end_matches(['.', ',']);
            at += length;
            if let Some(number) = number(token) {
                return Some(number);
            }
        }
    })
}

/// A run of digits, points and commas as a number.
fn number(token: &str) -> Option<f64> {
    // Up to here whole numbers are exact, which most are that occur.
    if token.len() <= 15 && token.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(token.bytes().fold(0_u64, |number, byte| number * 10 + u64::from(byte - b'0')) as f64);
    }
    if token.contains(',') { token.replace(',', "").parse().ok() } else { token.parse().ok() }
}

/// Argument values that neither the customer nor a tool ever named.
pub(super) fn ungrounded_arguments(case: &Case<'_>) -> Outcome {
    let facts = case.facts;
    let with_arguments: Vec<&Call<'_>> =
        facts.calls.iter().filter(|call| call.aim == Aim::Work && call.arguments.is_some()).collect();
    let flags = with_arguments
        .iter()
        .filter_map(|call| {
            let found = ungrounded(facts, call);
            (!found.is_empty()).then(|| {
                Flag::at(call.row, format!("{} with a value nobody had named: {}", call.tool, found.join(", ")))
            })
        })
        .collect();
    Outcome::share(with_arguments.len(), "calls", flags)
}

/// The tool on offer that fits the words of the customer (or of another agent of the crew) better than the one that was called, for calls that change
/// something: all words of the other tool's name were said, and a word of this one's was not.
pub(super) fn better_tool<'a>(facts: &'a Facts<'_>, call: &Call<'_>) -> Option<&'a str> {
    let place = *call.better.get_or_init(|| find_better(facts, call));
    facts.conversation.tools.get(place?).map(|spec| spec.name.exact())
}

/// The place of that tool in the list of tools.
fn find_better(facts: &Facts<'_>, call: &Call<'_>) -> Option<usize> {
    if !call.is_write() {
        return None;
    }
    let caller = &facts.rows[call.row].step.agent;
    let said: Vec<&str> = facts
        .rows
        .iter()
        .take(call.row)
        .filter(|row| row.speaker == Speaker::Customer || (row.speaker == Speaker::Agent && row.step.agent != *caller))
        .map(|row| row.lower.as_str())
        .collect();
    let heard = |word: &str| said.iter().any(|text| text.contains(word));
    if said.is_empty() {
        return None;
    }
    let own = name_words(call.tool);
    let begun = |word: &Cow<'_, str>| {
        let begin = word.char_indices().nth(3).map_or(word.as_ref(), |(end, _)| &word[..end]);
        let finder = Finder::new(begin);
        let opens = |text: &&str| {
            let mut places = finder.find_iter(text.as_bytes());
            places.any(|at| !text[..at].chars().next_back().is_some_and(char::is_alphanumeric))
        };
        said.iter().any(opens)
    };
    if own.is_empty() || own.iter().all(begun) {
        return None;
    }
    facts.conversation.tools.iter().position(|spec| {
        let name = spec.name.exact();
        let verb_missing = || name.is_ascii() && own.first().is_some_and(|verb| !holds(name, verb));
        if spec.effect == Effect::Read || name == call.tool || verb_missing() {
            return false;
        }
        let words = name_words(name);
        let shares_verb = words.first().is_some_and(|verb| own.first() == Some(verb));
        words.len() > 1 && shares_verb && words.iter().all(|word| heard(word))
    })
}

/// The words of a tool's name, cut to stems.
pub(super) fn name_words(name: &str) -> Vec<Cow<'_, str>> {
    let says_much = |word: &str| word.len() >= 3 && !["the", "and", "for", "process", "tool"].contains(&word);
    if name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_')) {
        return name.split('_').filter(|word| says_much(word)).map(|word| word.trim_end_matches('s').into()).collect();
    }
    let mut words: Vec<String> = Vec::new();
    let mut current = String::new();
    for c in name.chars() {
        if c.is_alphanumeric() && (current.is_empty() || !c.is_uppercase()) {
            current.extend(c.to_lowercase());
        } else {
            words.push(std::mem::take(&mut current));
            current.extend(c.to_lowercase().filter(|c| c.is_alphanumeric()));
        }
    }
    words.push(current);
    words.retain(|word| says_much(word));
    words.iter().map(|word| word.trim_end_matches('s').to_owned().into()).collect()
}

/// Was the right tool called: against the expected calls where there are any, else: on offer, and none on offer fits
/// the customer's words better.
pub(super) fn tool_selection(case: &Case<'_>) -> Outcome {
    if let Some(diff) = reference::diff(case.facts) {
        let (value, why) = diff.names();
        return Outcome::graded(value, 1.0, why, diff.flags(case.facts)).labelled("against expected calls");
    }
    let calls = &case.facts.calls;
    let flags = calls
        .iter()
        .filter_map(|call| {
            if !call.offered && call.aim != Aim::Agent {
                return Some(Flag::at(call.row, format!("{} is not among the tools on offer", call.tool)));
            }
            let better = better_tool(case.facts, call)?;
            Some(Flag::at(call.row, format!("{better} fits the customer's words better than {}", call.tool)))
        })
        .collect();
    Outcome::share(calls.len(), "calls", flags).labelled("without reference")
}

/// Calls right in name and arguments: against the expected calls where there are any, else well formed, with values
/// that came from somewhere, and carried out.
pub(super) fn function_calls(case: &Case<'_>) -> Outcome {
    if let Some(diff) = reference::diff(case.facts) {
        return Outcome::graded(diff.value(), 1.0, diff.words(), diff.flags(case.facts))
            .labelled("against expected calls");
    }
    let calls = &case.facts.calls;
    let flags = calls
        .iter()
        .filter_map(|call| {
            let why = malformed(case, call)
                .map(str::to_owned)
                .or_else(|| call.failed.then(|| format!("{} failed", call.tool)))
                .or_else(|| Some(format!("{} with {}", call.tool, ungrounded(case.facts, call).first()?)))?;
            Some(Flag::at(call.row, why))
        })
        .collect();
    Outcome::share(calls.len(), "calls", flags).labelled("without reference")
}
