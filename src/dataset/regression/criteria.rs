//! Criteria in words, as far as a rule can look up what they say: quoted phrases, names of tools, and their order.
//!
//! Invariant: a criterion of which no part can be looked up is left to a judge, never taken for kept.

use super::Findings;
use super::calls::{Bench, Made};
use crate::model::conversation::Conversation;
use crate::model::step::{Role, StepContent};

/// Words that say that what stands left of them comes first.
const FIRST: [&str; 4] = ["before", "then", "followed", "->"];

/// Two tools, and which is said to come first.
struct Pair {
    first: String,
    second: String,
    /// Said with "before": where it is forbidden, the first must not be called without the second ahead of it. Said
    /// otherwise: the second must not be called behind the first.
    before: bool,
}

/// What a criterion says, as far as it can be looked up.
struct Read {
    phrases: Vec<String>,
    /// Tools, in the order in which they are named.
    tools: Vec<String>,
    pairs: Vec<Pair>,
}

/// Looks at all criteria of a case.
pub(super) fn check(bench: &Bench<'_>, run: &Conversation, findings: &mut Findings) {
    let case = bench.case;
    let said: String = run
        .steps
        .iter()
        .filter_map(|step| match &step.content {
            StepContent::Message { role: Role::Assistant, text, .. } => Some(text.exact().to_lowercase() + "\n"),
            _ => None,
        })
        .collect();
    let all = case.must.iter().map(|text| (true, text)).chain(case.must_not.iter().map(|text| (false, text)));
    for (must, text) in all {
        let read = Read::of(text, bench);
        if read.phrases.is_empty() && read.tools.is_empty() {
            let asks_for_order = must && orders_all(text, bench) && !case.expected_writes.is_empty();
            if !asks_for_order {
                let word = word(must);
                let why = format!("no rule can check a criterion ({word}); quote a phrase or name a tool in it");
                findings.unjudged.push(why);
            }
            continue;
        }
        findings.checked += 1;
        for phrase in &read.phrases {
            if said.contains(&phrase.to_lowercase()) != must {
                let what = if must { "does not say what it must" } else { "says what it must not" };
                findings.fail(what.to_owned(), None);
            }
        }
        if !must && !read.pairs.is_empty() {
            for pair in &read.pairs {
                forbidden(pair, bench.calls, findings);
            }
            continue;
        }
        named(&read.tools, (must, bench.calls), findings);
        for pair in &read.pairs {
            in_order(pair, bench.calls, findings);
        }
    }
}

/// True where a case quotes what must be said.
pub(super) fn quotes(bench: &Bench<'_>) -> bool {
    bench.case.must.iter().any(|text| !Read::of(text, bench).phrases.is_empty())
}

fn word(must: bool) -> &'static str {
    if must { "must" } else { "must not" }
}

/// Every tool named has to be called, or must not be.
fn named(tools: &[String], (must, calls): (bool, &[Made]), findings: &mut Findings) {
    for tool in tools {
        let call = calls.iter().find(|made| made.tool == *tool);
        if call.is_some() != must {
            let what = if must { "never calls" } else { "calls" };
            findings.fail(format!("{what} {tool} ({})", word(must)), call.map(|made| made.step));
        }
    }
}

/// The first call of the one that went well has to come before the first call of the other.
fn in_order(Pair { first, second, .. }: &Pair, calls: &[Made], findings: &mut Findings) {
    let Some(at) = calls.iter().position(|made| made.tool == *second) else { return };
    if !calls[..at].iter().any(|made| made.tool == *first && !made.failed) {
        findings.fail(format!("calls {second} without {first} before it (must)"), Some(calls[at].step));
    }
}

/// The order that must not be.
fn forbidden(Pair { first, second, before }: &Pair, calls: &[Made], findings: &mut Findings) {
    let at = |tool: &str| calls.iter().position(|made| made.tool == tool && !made.failed);
    if *before {
        let ahead = &calls[..at(second).unwrap_or(calls.len())];
        if let Some(early) = ahead.iter().find(|made| made.tool == *first) {
            findings.fail(format!("calls {first} before {second} (must not)"), Some(early.step));
        }
    } else if let Some(late) = at(first).and_then(|at| calls[at..].iter().find(|made| made.tool == *second)) {
        findings.fail(format!("calls {second} after {first} (must not)"), Some(late.step));
    }
}

/// True where a criterion says that the writes come in order and names none of them.
pub(super) fn orders_all(text: &str, bench: &Bench<'_>) -> bool {
    says_order(&text.to_lowercase()) && Read::of(text, bench).tools.is_empty()
}

fn says_order(text: &str) -> bool {
    ["in this order", "in that order", "in order:", "in the order", "in the right order"]
        .iter()
        .any(|words| text.contains(words))
}

impl Read {
    fn of(text: &str, bench: &Bench<'_>) -> Self {
        let straight = text.replace(['\u{201c}', '\u{201d}', '\u{201e}'], "\"");
        let parts: Vec<&str> = straight.split('"').collect();
        let pairs = (parts.len() - 1) / 2;
        let quoted = parts.iter().skip(1).step_by(2).take(pairs);
        let phrases = quoted.map(|phrase| phrase.trim().to_owned()).filter(|phrase| !phrase.is_empty()).collect();
        // Behind a quotation mark that is not closed, all is outside.
        let outside = parts.iter().enumerate().filter(|(at, _)| at % 2 == 0 || *at > pairs * 2).map(|(_, part)| *part);
        let outside = outside.collect::<Vec<_>>().join(" ");
        let (tools, pairs) = order_of(&outside, bench);
        Self { phrases, tools, pairs }
    }
}

/// The tools a text names, and which of them it says come before which.
fn order_of(text: &str, bench: &Bench<'_>) -> (Vec<String>, Vec<Pair>) {
    let known =
        |word: &str| word.len() > 3 && (bench.schemas.know(word) || bench.calls.iter().any(|made| made.tool == word));
    let all_in_order = says_order(&text.to_lowercase());
    let spaced = text.replace('\u{2192}', " -> ").replace("->", " -> ");
    let mut tools: Vec<String> = Vec::new();
    let mut pairs = Vec::new();
    // The tool named last, and what was said since: which of the two comes first, and whether by "before".
    let (mut last, mut between): (Option<String>, Option<(bool, bool)>) = (None, None);
    for word in spaced.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '>'))) {
        let plain = word.trim_matches(['.', '-', '>']);
        let lower = word.to_lowercase();
        if known(plain) {
            let named_before = last.replace(plain.to_owned()).filter(|before| before != plain);
            let said = between.take().or(all_in_order.then_some((true, false)));
            if let (Some(left), Some((left_first, before))) = (named_before, said) {
                let right = plain.to_owned();
                let (first, second) = if left_first { (left, right) } else { (right, left) };
                pairs.push(Pair { first, second, before });
            }
            if !tools.iter().any(|name| name == plain) {
                tools.push(plain.to_owned());
            }
        } else if FIRST.contains(&lower.as_str()) {
            between = Some((true, lower == "before"));
        } else if lower == "after" {
            between = Some((false, false));
        }
    }
    (tools, pairs)
}
