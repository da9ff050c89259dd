//! What the agent confirmed against what the system of record says came of it.
//!
//! Invariant: a mismatch names both sides and the step where the agent confirmed; facts that speak of no act, and acts the
//! agent never confirmed, are no mismatch.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use serde_json::Value;

use super::facts::{Call, Facts};
use super::language::{Cue, listen};
use super::{Flag, SOURCE};
use crate::model::conversation::Conversation;
use crate::model::id::SpanRef;
use crate::model::score::{Score, ScoreTarget};

/// The name under which mismatches are kept as scores.
pub const NAME: &str = "SystemOfRecord";

/// Something the system of record keeps track of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Act {
    /// Money went back.
    Refund,
    /// An order or booking was called off.
    Cancel,
    /// Something was reserved.
    Book,
    /// Something was exchanged.
    Exchange,
    /// Something was sent back.
    Return,
    /// A record was changed.
    Update,
    /// Something was sent out.
    Send,
    /// The customer's matter was settled.
    Resolve,
    /// Says nothing of what the agent confirms.
    Ignore,
}

/// Acts, the stems of their names in facts and tools, how their participles begin, and the stem of claims.
const ACTS: [(Act, &[&str], &str); 8] = [
    (Act::Refund, &["refund", "reimburs", "money_back", "chargeback"], "refund"),
    (Act::Cancel, &["cancel", "terminat"], "cancel"),
    (Act::Exchange, &["exchang", "replac"], "exchang"),
    (Act::Return, &["return"], "return"),
    (Act::Book, &["book", "reserv"], "book"),
    (Act::Update, &["updat", "modif", "chang"], "updat"),
    (Act::Send, &["sent", "send", "ship", "issu"], "send"),
    (Act::Resolve, &["resolv", "solved", "reopen"], ""),
];

/// Names of facts that a team gives an act to, before the built-in rules; as in `reconcile.toml`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Names {
    /// By the fact's name.
    pub facts: BTreeMap<String, Act>,
}

/// One fact, understood.
#[derive(Debug, Clone, PartialEq)]
struct Fact {
    act: Act,
    done: bool,
    amount: Option<f64>,
    object: Option<String>,
    /// As it stands in the record: name and value.
    shown: String,
}

/// What the agent confirmed: by a call or in words.
#[derive(Debug, Clone, PartialEq)]
struct Confirmation {
    row: usize,
    shown: String,
    amount: Option<f64>,
}

/// Two sides that do not fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Mismatch {
    /// What it is about.
    pub act: Act,
    /// The system of record's side: name and value of the fact.
    pub recorded: String,
    /// The agent's side: the call, or the words.
    pub confirmed: String,
    /// The step at which the agent confirmed it.
    pub step: u32,
    /// The span of that step.
    pub span: Option<SpanRef>,
    /// In one line.
    pub why: String,
}

/// What came of comparing one conversation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reconciled {
    /// Facts that speak of an act the agent confirmed or refused.
    pub compared: u32,
    /// Those that do not fit.
    pub mismatches: Vec<Mismatch>,
}

/// Compares a conversation with what is recorded of it; `None` where no fact speaks of an act.
pub fn reconcile(conversation: &Conversation, recorded: &BTreeMap<String, Value>, names: &Names) -> Option<Reconciled> {
    let mut known = Vec::new();
    for (name, value) in recorded {
        read(name, value, names, &mut known);
    }
    if known.is_empty() {
        return None;
    }
    let facts = Facts::of(conversation);
    let mut result = Reconciled::default();
    for fact in &known {
        let confirmed = confirmations(&facts, fact);
        let (side, why) = if let Some(last) = confirmed.last() {
            result.compared += 1;
            let Some(why) = against(fact, &confirmed, last) else { continue };
            (last.clone(), why)
        } else {
            let Some(refused) = refusal(&facts, fact) else { continue };
            result.compared += 1;
            if !fact.done {
                continue;
            }
            (refused, "was refused, but the record says it took place".to_owned())
        };
        let mismatch = Mismatch {
            act: fact.act,
            recorded: fact.shown.clone(),
            step: facts.rows[side.row].step.number,
            span: facts.spans_of(side.row).into_iter().next(),
            why: format!("{} {why}: agent: {}; record: {}", word(fact.act), side.shown, fact.shown),
            confirmed: side.shown,
        };
        let same = |other: &Mismatch| (other.act, other.step) == (mismatch.act, mismatch.step);
        if !result.mismatches.iter().any(same) {
            result.mismatches.push(mismatch);
        }
    }
    result.mismatches.sort_by_key(|one| one.step);
    Some(result)
}

/// The act as a word.
pub fn word(act: Act) -> &'static str {
    match act {
        Act::Refund => "refund",
        Act::Cancel => "cancellation",
        Act::Book => "booking",
        Act::Exchange => "exchange",
        Act::Return => "return",
        Act::Update => "change",
        Act::Send => "sending",
        Act::Resolve => "settlement",
        Act::Ignore => "fact",
    }
}

fn against(fact: &Fact, all: &[Confirmation], last: &Confirmation) -> Option<String> {
    if !fact.done {
        return Some("was confirmed, but the record says otherwise".to_owned());
    }
    let recorded = fact.amount?;
    // The words may round or leave the sum out; any confirmation that names the recorded sum is enough.
    let named: Vec<f64> = all.iter().filter_map(|one| one.amount).collect();
    let fits = named.is_empty() || named.iter().any(|sum| (sum - recorded).abs() < 0.01);
    (!fits && last.amount.is_some()).then(|| "was confirmed over another sum".to_owned())
}

/// Reads one member of what is recorded; objects and lists are read member by member.
fn read(name: &str, value: &Value, names: &Names, found: &mut Vec<Fact>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| read(name, item, names, found)),
        Value::Object(members) => {
            let text = |key: &str| members.iter().find(|(name, _)| name.contains(key)).map(|(_, value)| value);
            let object = text("_id").or_else(|| text("number")).or_else(|| members.get("id")).map(written);
            let amount = text("amount").and_then(Value::as_f64);
            let before = found.len();
            for (member, value) in members.iter().filter(|(member, _)| !member.contains("amount")) {
                read(&format!("{name}.{member}"), value, names, found);
            }
            for fact in &mut found[before..] {
                fact.object = fact.object.take().or_else(|| object.clone());
                fact.amount = fact.amount.or(amount);
            }
        }
        plain => found.extend(one(name, plain, names)),
    }
}

fn one(name: &str, value: &Value, names: &Names) -> Option<Fact> {
    let lower = name.to_ascii_lowercase();
    let text = written(value).to_lowercase();
    let by_name = ACTS.iter().find(|(_, stems, _)| stems.iter().any(|stem| lower.contains(stem))).map(|(act, ..)| *act);
    let state = lower.rsplit('.').next().is_some_and(|last| last.contains("status") || last.contains("state"));
    let by_value = ACTS[..7]
        .iter()
        .find(|(_, stems, _)| state && stems.iter().any(|stem| text.starts_with(stem)))
        .map(|(act, ..)| *act);
    let act = names.facts.get(name).copied().or(by_value).or(by_name).or_else(|| {
        // "order_status: delivered" speaks against a cancellation.
        let running = ["active", "open", "confirmed", "processing", "shipped", "delivered"];
        (state && running.contains(&text.as_str())).then_some(Act::Cancel)
    })?;
    if act == Act::Ignore || value.is_null() || text.is_empty() {
        return None;
    }
    let amount = value.as_f64().filter(|_| act == Act::Refund && !value.is_boolean());
    let mut done = match value {
        Value::Bool(flag) => *flag,
        Value::Number(_) => amount? > 0.0,
        _ if by_value.is_some() => true,
        _ => settled(&text)?,
    };
    if lower.contains("reopen") || lower.contains("not_") {
        done = !done;
    }
    Some(Fact {
        act,
        done,
        amount: amount.filter(|sum| *sum > 0.0),
        object: None,
        shown: format!("{name} = {}", written(value)),
    })
}

/// A value as it stands in the record.
fn written(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What a word says of an act: that it took place, or not yet, or never.
fn settled(text: &str) -> Option<bool> {
    const DONE: [&str; 14] = [
        "paid",
        "done",
        "completed",
        "complete",
        "succeeded",
        "success",
        "processed",
        "issued",
        "approved",
        "yes",
        "true",
        "executed",
        "closed",
        "full",
    ];
    const NOT: [&str; 22] = [
        "failed",
        "rejected",
        "declined",
        "denied",
        "pending",
        "open",
        "none",
        "no",
        "false",
        "missing",
        "unpaid",
        "never",
        "reversed",
        "error",
        "not found",
        "active",
        "confirmed",
        "processing",
        "shipped",
        "delivered",
        "waiting",
        "requested",
    ];
    if DONE.contains(&text) {
        return Some(true);
    }
    (NOT.contains(&text) || text.starts_with("not ")).then_some(false)
}

/// Where the agent confirmed an act: successful calls that carry it out, and words that say it is done.
fn confirmations(facts: &Facts<'_>, fact: &Fact) -> Vec<Confirmation> {
    let Some((_, stems, claimed)) = ACTS.iter().find(|(act, ..)| *act == fact.act) else { return Vec::new() };
    let object = fact.object.as_ref().map(|object| object.to_lowercase());
    let about = |text: &str| object.as_ref().is_none_or(|object| text.to_lowercase().contains(object.as_str()));
    let mut found: Vec<Confirmation> = Vec::new();
    let settles = |call: &Call<'_>| {
        let name = call.tool.to_ascii_lowercase();
        fact.act != Act::Resolve && stems.iter().any(|stem| name.contains(stem))
    };
    for call in facts.calls.iter().filter(|call| call.is_done_write() && settles(call) && about(&call.canonical)) {
        let sum =
            call.values().into_iter().find(|(key, _)| key.contains("amount")).and_then(|(_, value)| value.as_f64());
        found.push(Confirmation { row: call.row, shown: format!("{} {}", call.tool, call.canonical), amount: sum });
    }
    for row in &facts.agent {
        let heard = &facts.rows[*row];
        let says = heard.claims.iter().find_map(|claim| match claim.act {
            _ if fact.act == Act::Resolve => Some(claim.at.0),
            "" => stems.iter().find_map(|stem| heard.lower.find(stem)),
            act => (act == *claimed).then_some(claim.at.0),
        });
        let says = says.or_else(|| took_place(&heard.lower, stems));
        let other = object.is_some() && !about(heard.text) && !super::language::identifiers(heard.text).is_empty();
        if let (Some(at), false) = (says, other) {
            found.push(Confirmation { row: *row, shown: format!("\"{}\"", quote(heard, at)), amount: sum(heard.text) });
        }
    }
    found.sort_by_key(|one| one.row);
    found
}

/// Where words say that an act took place, which are too far from it to be heard as a claim: "what was charged to your
/// card has been refunded".
fn took_place(lower: &str, stems: &[&str]) -> Option<usize> {
    const AUXILIARIES: [&str; 6] = ["has been", "have been", "i've", "we've", "i have", "we have"];
    const DOUBTS: [&str; 11] =
        ["if", "once", "when", "until", "unless", "after", "before", "not", "no", "nothing", "will"];
    let places = stems.iter().flat_map(|stem| lower.match_indices(stem)).map(|(at, _)| at);
    places.into_iter().find(|at| {
        let end = lower[*at..].find(|c: char| !c.is_alphanumeric()).map_or(lower.len(), |length| at + length);
        let before = &lower[sentence(lower, *at).start..*at];
        let plain = || !before.split(|c: char| !c.is_alphanumeric()).any(|word| DOUBTS.contains(&word));
        lower[*at..end].ends_with("ed") && AUXILIARIES.iter().any(|told| before.trim_end().ends_with(told)) && plain()
    })
}

/// Where the agent refused an act that the customer asked for: in the sentence that names it, or the one after that.
fn refusal(facts: &Facts<'_>, fact: &Fact) -> Option<Confirmation> {
    let (_, stems, _) = ACTS[..7].iter().find(|(act, ..)| *act == fact.act)?;
    facts.agent.iter().rev().find_map(|row| {
        let heard = &facts.rows[*row];
        if !heard.cues.has(Cue::Refusal) {
            return None;
        }
        let lower = heard.lower.as_str();
        let refuses = |place: &Range<usize>| listen(&lower[place.clone()]).0.has(Cue::Refusal);
        let named = stems.iter().flat_map(|stem| lower.match_indices(stem)).map(|(at, _)| sentence(lower, at));
        let mut told = named.flat_map(|own| {
            let next = lower[own.end..].find(|c: char| !c.is_whitespace()).map(|skip| sentence(lower, own.end + skip));
            std::iter::once(own).chain(next)
        });
        let place = told.find(refuses)?;
        Some(Confirmation { row: *row, shown: format!("\"{}\"", quote(heard, place.start)), amount: None })
    })
}

/// The sentence around a place, without the white space around it.
fn sentence(text: &str, from: usize) -> Range<usize> {
    let ends = |text: &str| {
        // The point in "$25.00" ends no sentence.
        let mut ends = text.match_indices(['.', '!', '?', '\n']).map(|(at, _)| at + 1);
        let first = ends.clone().find(|at| text[*at..].chars().next().is_none_or(char::is_whitespace));
        (first, ends.rfind(|at| text[*at..].chars().next().is_none_or(char::is_whitespace)))
    };
    let start = ends(&text[..from]).1.unwrap_or(0);
    let start = start + (text[start..].len() - text[start..].trim_start().len());
    let end = ends(&text[start..]).0.map_or(text.len(), |end| start + end);
    start..end
}

/// The sentence around a place in the lower-case text, as it was written.
fn quote(row: &super::facts::Row<'_>, from: usize) -> String {
    // Lower-case text may have other lengths; then the beginning has to do.
    let from = if row.text.len() == row.lower.len() && row.text.is_char_boundary(from) { from } else { 0 };
    row.text[sentence(row.text, from)].trim().chars().take(120).collect()
}

/// A sum of money in a text, where exactly one is named.
fn sum(text: &str) -> Option<f64> {
    let mut sums: Vec<f64> = Vec::new();
    for (at, sign) in text.match_indices(['$', '€', '£']) {
        let after = text[at + sign.len()..].trim_start();
        let end = after.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ',')).unwrap_or(after.len());
        let digits = after[..end].trim_end_matches(['.', ',']).replace(',', "");
        let before = text[..at].trim_end();
        let start = before.rfind(|c: char| !(c.is_ascii_digit() || c == '.' || c == ',')).map_or(0, |at| at + 1);
        let value = digits.parse().ok().or_else(|| before.get(start..)?.replace(',', ".").parse().ok());
        sums.extend(value.filter(|value| !sums.contains(value)));
    }
    if sums.len() == 1 { sums.pop() } else { None }
}

/// The result as scores: one of the conversation, one for each step that does not fit.
pub fn scores(result: &Reconciled) -> Vec<Score> {
    let score = |target: ScoreTarget| Score {
        target,
        evaluator: NAME.into(),
        version: Some("1".into()),
        source: SOURCE.into(),
        value: None,
        label: None,
        passed: None,
        confidence: None,
        explanation: None,
        evidence: Vec::new(),
    };
    if result.compared == 0 {
        let why = "cannot tell: the agent confirmed nothing of what is recorded";
        return vec![Score { explanation: Some(why.into()), ..score(ScoreTarget::Conversation) }];
    }
    let flags: Vec<Flag> = result
        .mismatches
        .iter()
        .map(|one| Flag { row: None, spans: one.span.iter().cloned().collect(), why: one.why.clone().into() })
        .collect();
    let mut found = Vec::new();
    for flag in &flags {
        found.extend(flag.spans.first().map(|span| Score {
            value: Some(0.0),
            passed: Some(false),
            explanation: Some(flag.why.clone().into()),
            evidence: flag.spans.clone(),
            ..score(ScoreTarget::Span(span.clone()))
        }));
    }
    let fits = result.compared.saturating_sub(result.mismatches.len() as u32);
    let why = flags.first().map_or_else(|| "the record says what the agent confirmed".into(), |flag| flag.why.clone());
    found.push(Score {
        value: Some(f64::from(fits) / f64::from(result.compared)),
        passed: Some(result.mismatches.is_empty()),
        explanation: Some(why.into()),
        evidence: flags.into_iter().flat_map(|flag| flag.spans).collect(),
        ..score(ScoreTarget::Conversation)
    });
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::policy::example;
    use super::*;

    const REFUND: &str = "customer: Please refund order A-77120\ncall: process_refund {\"order_id\": \"A-77120\", \"amount\": 25.0} -> {\"ok\": true}\nagent: I've refunded $25.00 for A-77120.";

    fn found(text: &str, recorded: Value) -> Option<Vec<(u32, String)>> {
        let recorded: BTreeMap<String, Value> = serde_json::from_value(recorded).unwrap();
        let result = reconcile(&example(text).unwrap(), &recorded, &Names::default())?;
        Some(result.mismatches.into_iter().map(|one| (one.step, one.why)).collect())
    }

    fn steps(text: &str, recorded: Value) -> Option<Vec<u32>> {
        Some(found(text, recorded)?.into_iter().map(|(step, _)| step).collect())
    }

    #[test]
    fn a_confirmed_refund_that_was_never_paid_names_both_sides() {
        let one = found(REFUND, json!({"refund_paid": false})).unwrap();
        assert_eq!(
            one,
            [(3, "refund was confirmed, but the record says otherwise: agent: \"I've refunded $25.00 for A-77120.\"; record: refund_paid = false".to_owned())]
        );
        for recorded in [
            json!({"refund_status": "pending"}),
            json!({"refunded_amount": 0}),
            json!({"refunds": [{"order_id": "A-77120", "status": "failed"}]}),
            json!({"refunded_amount": 20.0}),
            json!({"refund": {"paid": true, "amount": 20.0}}),
        ] {
            assert_eq!(steps(REFUND, recorded.clone()), Some(vec![3]), "{recorded}");
        }
    }

    #[test]
    fn sides_that_fit_and_facts_about_something_else_are_no_mismatch() {
        for recorded in [
            json!({"refund_paid": true}),
            json!({"refunded_amount": 25}),
            json!({"refunds": [{"order_id": "B-11111", "status": "failed"}]}),
            json!({"cancelled": false}),
            json!({"refunds": [{"order_id": "A-77120", "status": "refunded"}]}),
            json!({"resolved": true, "reopened": false}),
        ] {
            assert_eq!(steps(REFUND, recorded.clone()), Some(vec![]), "{recorded}");
        }
        for silent in [json!({"csat": 4, "repeat_contact": true}), json!({"reward": 0.0}), json!({"refund_paid": null})]
        {
            assert_eq!(steps(REFUND, silent), None);
        }
    }

    #[test]
    fn a_status_speaks_of_the_act_its_value_names() {
        let cancelled = "customer: cancel A-77120\nagent: Your order A-77120 has been cancelled.";
        assert_eq!(steps(cancelled, json!({"order_status": "delivered"})), Some(vec![2]));
        assert_eq!(steps(cancelled, json!({"order_status": "cancelled"})), Some(vec![]));
        assert_eq!(steps(cancelled, json!({"reopened": true})), Some(vec![2]));
        assert_eq!(steps(cancelled, json!({"resolved": false})), Some(vec![2]));
    }

    #[test]
    fn a_refusal_that_was_paid_after_all_is_one() {
        let refused = "customer: refund A-77120\nagent: Unfortunately I can't refund this order.";
        assert_eq!(steps(refused, json!({"refund_paid": true})), Some(vec![2]));
        assert_eq!(steps(refused, json!({"refund_paid": false})), Some(vec![]));
        // What is refused is something else, and the sentence that is quoted is the one that says so.
        let other = "customer: refund A-77120 to my voucher\nagent: Unfortunately, the voucher is not available. The order is \
                     cancelled, and what was charged to your card has been refunded.";
        assert_eq!(steps(other, json!({"refund_paid": true})), Some(vec![]));
        assert_eq!(steps(other, json!({"refund_paid": false})), Some(vec![2]));
        let offered = "customer: refund A-77120\nagent: Unfortunately, the voucher is gone. Shall I refund it?";
        assert_eq!(steps(offered, json!({"refund_paid": true})), Some(vec![]));
        let apart = "customer: refund A-77120\nagent: You want a refund. I'm afraid that is not possible. Sorry.";
        let why = found(apart, json!({"refund_paid": true})).unwrap().remove(0).1;
        assert!(why.contains("agent: \"I'm afraid that is not possible.\";"), "{why}");
        assert_eq!(steps("customer: hi\nagent: hello", json!({"refund_paid": true})), Some(vec![]));
    }

    #[test]
    fn names_of_a_team_come_first_and_scores_abstain_where_nothing_was_confirmed() {
        let names: Names = toml::from_str("[facts]\ngutschrift = \"refund\"\nrefund_paid = \"ignore\"").unwrap();
        let recorded: BTreeMap<String, Value> =
            serde_json::from_value(json!({"gutschrift": "no", "refund_paid": true})).unwrap();
        let result = reconcile(&example(REFUND).unwrap(), &recorded, &names).unwrap();
        assert_eq!((result.compared, result.mismatches.len()), (1, 1));
        let told = scores(&result);
        assert_eq!((told[0].passed, told[1].value, told[1].evidence.len()), (Some(false), Some(0.0), 1));
        assert_eq!(scores(&Reconciled::default())[0].value, None);
    }
}
