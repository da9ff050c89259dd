//! Policies as code: rules over a conversation in a TOML file, with examples in the same file that prove them.
//!
//! Invariant: a policy is named by the hash of its text, so that a stored hit says exactly which rule it broke; a rule
//! that cannot be read is an error with its line, never a rule that silently never hits.

mod read;

use serde::Deserialize;

use super::facts::{Aim, Call, Facts};
use super::language::{self, Cue};
use super::{SOURCE, arguments};
use crate::model::conversation::Conversation;
use crate::model::id::SpanRef;
use crate::model::score::{Score, ScoreTarget};
use crate::model::tool::Effect;
use crate::text::Untrusted;

pub use read::PolicyError;
#[cfg(test)]
pub(super) use read::example;

/// A set of rules from one file.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// The first 12 hex digits of the BLAKE3 hash of its text.
    pub version: String,
    /// Its rules, in order.
    pub rules: Vec<Rule>,
}

/// One rule: when it applies, and what it asks.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// A short name, unique in its file.
    pub id: String,
    /// What to tell the reviewer.
    pub message: String,
    /// 1 cosmetic to 4 critical.
    pub severity: u8,
    /// Conversations it is about.
    pub scope: Scope,
    /// What it asks.
    pub demand: Demand,
    /// Conversations it must hit.
    pub must_hit: Vec<String>,
    /// Conversations it must not hit.
    pub must_not_hit: Vec<String>,
}

/// Which conversations a rule is about; an empty list means all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scope {
    intent: Vec<String>,
    channel: Vec<String>,
    tier: Vec<String>,
    agent_version: Vec<String>,
}

/// What a rule asks.
#[derive(Debug, Clone, PartialEq)]
pub enum Demand {
    /// Something about calls.
    Call(CallRule),
    /// Something about what the agent says.
    Agent(AgentRule),
    /// Something that has to follow what the customer says.
    Customer(CustomerRule),
}

/// Calls, and what has to come before them.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CallRule {
    /// Names of tools, `*` for any run of characters; empty for all.
    tool: Vec<String>,
    /// What the calls do.
    effect: Option<Effect>,
    /// The argument the following conditions are about.
    argument: Option<String>,
    above: Option<f64>,
    below: Option<f64>,
    equals: Vec<String>,
    /// Any one of these has to come before the call.
    needs: Vec<Need>,
    /// Such a call is never right.
    never: bool,
    /// More such calls than this are too many.
    at_most: Option<u32>,
}

/// What may have to come before a call.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Need {
    /// The customer said yes to it.
    Confirmation,
    /// The customer asked for it themselves.
    Request,
    /// The customer gave something only they should know: an e-mail address, an id, a postcode, a date of birth.
    Identity,
    /// A successful call of this tool (`*` allowed).
    Tool(String),
}

/// What the agent says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AgentRule {
    /// One of these has to be said; `<automated>` and the other cue names in angle brackets stand for their phrases.
    says: Vec<String>,
    /// None of these may be said.
    never_says: Vec<String>,
    /// Within this many messages of the agent from the start.
    within: Option<u32>,
    /// More messages that end in a question than this are too many.
    questions_at_most: Option<u32>,
}

/// What has to follow what the customer says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CustomerRule {
    /// The customer says one of these; cue names in angle brackets stand for their phrases.
    says: Vec<String>,
    /// So many times at least; 1 unless given.
    times: Option<u32>,
    /// What has to follow.
    then: Then,
}

/// What has to follow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Then {
    /// A call that hands over to a person.
    #[default]
    HandOff,
    /// A person is offered in words, or handed over to.
    OfferPerson,
}

/// A rule broken at a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The rule's id.
    pub rule: String,
    /// The policy's version.
    pub version: String,
    /// 1 to 4.
    pub severity: u8,
    /// The row of the transcript.
    pub row: usize,
    /// The number of that step.
    pub step: u32,
    /// Its spans.
    pub spans: Vec<SpanRef>,
    /// The rule's message, and what was seen.
    pub why: String,
}

/// An example in a policy file that did not come out as it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenExample {
    /// The rule's id.
    pub rule: String,
    /// Which example of its list, from 1.
    pub number: usize,
    /// True where it must hit and does not.
    pub must_hit: bool,
}

impl Policy {
    /// Reads a policy from the text of its file.
    ///
    /// # Errors
    /// The first thing that cannot be read, with its line.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        read::policy(text)
    }

    /// What a rule's scores are named.
    pub fn name_of(&self, rule: &Rule) -> String {
        format!("policy/{}/{}", self.name, rule.id)
    }

    /// Steps at which rules are broken, by rule, then by step.
    pub fn hits(&self, facts: &Facts<'_>) -> Vec<Hit> {
        self.rules
            .iter()
            .filter(|rule| rule.scope.holds(facts.conversation))
            .flat_map(|rule| rule.hits(facts, &self.version))
            .collect()
    }

    /// Steps at which a conversation breaks rules.
    pub fn check(&self, conversation: &Conversation) -> Vec<Hit> {
        self.hits(&Facts::of(conversation))
    }

    /// Runs the examples inside the file.
    ///
    /// # Errors
    /// An example that cannot be read.
    pub fn test(&self) -> Result<Vec<BrokenExample>, PolicyError> {
        let mut broken = Vec::new();
        for rule in &self.rules {
            for (examples, must_hit) in [(&rule.must_hit, true), (&rule.must_not_hit, false)] {
                for (at, text) in examples.iter().enumerate() {
                    let example = read::example(text).map_err(|why| PolicyError::Example {
                        rule: rule.id.clone(),
                        number: at + 1,
                        why,
                    })?;
                    if rule.hits(&Facts::of(&example), &self.version).is_empty() == must_hit {
                        broken.push(BrokenExample { rule: rule.id.clone(), number: at + 1, must_hit });
                    }
                }
            }
        }
        Ok(broken)
    }

    /// Scores for a conversation: one per rule in scope (1 kept, 0 broken), and one per broken step.
    pub(super) fn scores(&self, facts: &Facts<'_>) -> Vec<Score> {
        let mut scores = Vec::new();
        for rule in self.rules.iter().filter(|rule| rule.scope.holds(facts.conversation)) {
            let hits = rule.hits(facts, &self.version);
            let score = |target: ScoreTarget, value: f64, why: &str, evidence: Vec<SpanRef>| Score {
                target,
                evaluator: self.name_of(rule).into(),
                version: Some(Untrusted::new(self.version.clone())),
                source: SOURCE.into(),
                value: Some(value),
                label: Some(format!("severity {}", rule.severity).into()),
                passed: Some(value > 0.5),
                confidence: None,
                explanation: Some(why.into()),
                evidence,
            };
            for hit in &hits {
                if let Some(first) = hit.spans.first() {
                    scores.push(score(ScoreTarget::Span(first.clone()), 0.0, &hit.why, hit.spans.clone()));
                }
            }
            let evidence = hits.iter().flat_map(|hit| hit.spans.clone()).collect();
            let why = hits.first().map_or("the rule was kept", |hit| hit.why.as_str());
            scores.push(score(ScoreTarget::Conversation, if hits.is_empty() { 1.0 } else { 0.0 }, why, evidence));
        }
        scores
    }
}

impl Scope {
    fn holds(&self, conversation: &Conversation) -> bool {
        let segments = &conversation.segments;
        let within = |wanted: &[String], value: Option<&Untrusted>| {
            wanted.is_empty()
                || value.is_some_and(|value| wanted.iter().any(|one| one.eq_ignore_ascii_case(value.exact())))
        };
        within(&self.intent, segments.intent.as_ref())
            && within(&self.channel, segments.channel.as_ref())
            && within(&self.tier, segments.tier.as_ref())
            && within(&self.agent_version, segments.agent_version.as_ref())
    }
}

impl Rule {
    fn hits(&self, facts: &Facts<'_>, version: &str) -> Vec<Hit> {
        let found = match &self.demand {
            Demand::Call(rule) => rule.hits(facts),
            Demand::Agent(rule) => rule.hits(facts),
            Demand::Customer(rule) => rule.hits(facts),
        };
        found
            .into_iter()
            .map(|(row, seen)| Hit {
                rule: self.id.clone(),
                version: version.to_owned(),
                severity: self.severity,
                row,
                step: facts.rows[row].step.number,
                spans: facts.spans_of(row),
                why: format!("{} ({seen})", self.message),
            })
            .collect()
    }
}

impl CallRule {
    fn hits(&self, facts: &Facts<'_>) -> Vec<(usize, String)> {
        let calls: Vec<&Call<'_>> = facts.calls.iter().filter(|call| self.selects(call)).collect();
        if let Some(most) = self.at_most {
            return calls
                .iter()
                .skip(most as usize)
                .map(|call| (call.row, format!("more than {most} such calls")))
                .collect();
        }
        calls
            .into_iter()
            .filter(|call| self.never || !self.needs.iter().any(|need| need.met(facts, call)))
            .map(|call| {
                (
                    call.row,
                    if self.never { format!("{} was called", call.tool) } else { format!("{} without it", call.tool) },
                )
            })
            .collect()
    }

    fn selects(&self, call: &Call<'_>) -> bool {
        let named = self.tool.is_empty() || self.tool.iter().any(|pattern| matches(pattern, call.tool));
        let effect = self.effect.is_none_or(|effect| match effect {
            Effect::Irreversible => call.is_irreversible(),
            Effect::Write => call.is_write(),
            Effect::Read => call.effect == Effect::Read && call.aim == Aim::Work,
        });
        named && effect && self.argument.as_ref().is_none_or(|name| self.argument_fits(call, name))
    }

    fn argument_fits(&self, call: &Call<'_>, name: &str) -> bool {
        call.values().iter().filter(|(key, _)| *key == name).any(|(_, value)| {
            let text = arguments::plain(value);
            let number = text.parse::<f64>().ok();
            self.above.is_none_or(|limit| number.is_some_and(|number| number > limit))
                && self.below.is_none_or(|limit| number.is_some_and(|number| number < limit))
                && (self.equals.is_empty() || self.equals.iter().any(|one| one.to_lowercase() == text))
        })
    }
}

impl Need {
    fn met(&self, facts: &Facts<'_>, call: &Call<'_>) -> bool {
        match self {
            Self::Confirmation => facts.agreed(call),
            Self::Request => facts.asked_for(call),
            Self::Identity => {
                facts.customer.iter().filter(|row| **row < call.row).any(|row| identifies(facts.rows[*row].text))
            }
            Self::Tool(pattern) => facts
                .calls
                .iter()
                .any(|earlier| earlier.row < call.row && !earlier.failed && matches(pattern, earlier.tool)),
        }
    }
}

/// True where a text holds something that tells a customer from others.
fn identifies(text: &str) -> bool {
    let mail = text.split_whitespace().any(|word| word.contains('@') && word.contains('.'));
    let digits = text
        .split(|c: char| !(c.is_ascii_digit() || c == '-' || c == '/'))
        .any(|token| token.bytes().filter(u8::is_ascii_digit).count() >= 4);
    mail || digits || !language::identifiers(text).is_empty()
}

impl AgentRule {
    fn hits(&self, facts: &Facts<'_>) -> Vec<(usize, String)> {
        let first = self.within.map_or(usize::MAX, |within| within as usize);
        let rows: Vec<usize> =
            facts.agent.iter().copied().filter(|row| facts.rows[*row].step.depth == 0).take(first).collect();
        let mut found: Vec<(usize, String)> = Vec::new();
        for row in &rows {
            if let Some(phrase) = self.never_says.iter().find(|phrase| says(facts, *row, phrase)) {
                found.push((*row, format!("says {phrase}")));
            }
        }
        if let (false, Some(last)) = (self.says.is_empty(), rows.last())
            && !rows.iter().any(|row| self.says.iter().any(|phrase| says(facts, *row, phrase)))
        {
            found.push((*last, "not said".to_owned()));
        }
        if let Some(most) = self.questions_at_most {
            let asks = rows.iter().filter(|row| facts.rows[**row].text.trim_end().ends_with('?')).skip(most as usize);
            found.extend(asks.take(1).map(|row| (*row, format!("more than {most} questions"))));
        }
        found
    }
}

impl CustomerRule {
    fn hits(&self, facts: &Facts<'_>) -> Vec<(usize, String)> {
        let times = self.times.unwrap_or(1).max(1) as usize;
        let rows: Vec<usize> = facts
            .customer
            .iter()
            .copied()
            .filter(|row| self.says.iter().any(|phrase| says(facts, *row, phrase)))
            .collect();
        let Some(row) = rows.get(times - 1).copied() else { return Vec::new() };
        let turn = facts.rows[row].turn;
        let handed = facts.calls.iter().any(|call| {
            call.aim == Aim::Person && !call.failed && facts.rows[call.row].turn <= turn + 1 && call.row > rows[0]
        });
        let offered = facts
            .agent
            .iter()
            .any(|at| *at > row && facts.rows[*at].turn <= turn + 1 && facts.rows[*at].cues.has(Cue::OffersPerson));
        let met = handed || (self.then == Then::OfferPerson && offered);
        let reply = facts.agent.iter().copied().find(|at| *at > row).unwrap_or(row);
        if met {
            Vec::new()
        } else {
            vec![(reply, format!("said by the customer {times} time(s), and it did not follow"))]
        }
    }
}

/// True where a row says a phrase, or has a cue named in angle brackets.
fn says(facts: &Facts<'_>, row: usize, phrase: &str) -> bool {
    let row = &facts.rows[row];
    read::cue(phrase).map_or_else(|| row.lower.contains(&phrase.to_lowercase()), |cue| row.cues.has(cue))
}

/// True where a tool's name fits a pattern in which `*` stands for any run of characters.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let mut ends_open = !pattern.contains('*');
    if ends_open {
        return rest.is_empty();
    }
    for part in parts {
        ends_open = part.is_empty();
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    ends_open || rest.is_empty() || pattern.rsplit('*').next().is_some_and(|last| name.ends_with(last))
}

#[cfg(test)]
mod tests;
