//! Reading policy files: TOML to rules, and the short conversations in which their examples are written.
//!
//! Invariant: every error names a line or a rule; an unknown key is an error, since a misspelt condition would make a
//! rule hit everything or nothing.

use serde::Deserialize;
use serde_json::Map;
use toml::Spanned;

use super::super::language::{self, Cue};
use super::{AgentRule, CallRule, CustomerRule, Demand, Policy, Rule, Scope};
use crate::model::conversation::Conversation;
use crate::model::id::{ConversationId, SpanRef, hex};
use crate::model::step::{Role, Step, StepContent, ToolResult};
use crate::model::summary::Segments;
use crate::model::tool::{Arguments, Effect, ToolSpec};

/// Why a policy file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// It is no TOML, or has a key or value that means nothing here.
    #[error("line {line}, column {column}: {message}")]
    Syntax {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// In words.
        message: String,
    },
    /// A rule says nothing, or too much.
    #[error("line {line}: rule \"{rule}\": {why}")]
    Rule {
        /// From 1.
        line: usize,
        /// Its id.
        rule: String,
        /// In words.
        why: String,
    },
    /// An example cannot be read.
    #[error("rule \"{rule}\", example {number}: {why}")]
    Example {
        /// The rule's id.
        rule: String,
        /// From 1.
        number: usize,
        /// In words.
        why: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    #[serde(default)]
    rule: Vec<RawRule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    id: Spanned<String>,
    message: String,
    severity: u8,
    #[serde(default)]
    scope: Scope,
    call: Option<CallRule>,
    agent: Option<AgentRule>,
    customer: Option<CustomerRule>,
    #[serde(default)]
    must_hit: Vec<String>,
    #[serde(default)]
    must_not_hit: Vec<String>,
}

/// Reads a policy.
pub(super) fn policy(text: &str) -> Result<Policy, PolicyError> {
    let file: File = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start).min(text.len());
        let before = text.get(..at).unwrap_or("");
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        PolicyError::Syntax { line: before.matches('\n').count() + 1, column, message: error.message().to_owned() }
    })?;
    let version = hex(&blake3::hash(text.as_bytes()).as_bytes()[..6]);
    let mut rules: Vec<Rule> = Vec::new();
    for raw in file.rule {
        let line = text.get(..raw.id.span().start).unwrap_or("").matches('\n').count() + 1;
        let id = raw.id.get_ref().clone();
        let refuse = |why: String| PolicyError::Rule { line, rule: id.clone(), why };
        if rules.iter().any(|rule| rule.id == id) {
            return Err(refuse("another rule has this id already".to_owned()));
        }
        let rule = rule(raw).map_err(refuse)?;
        rules.push(rule);
    }
    if rules.is_empty() {
        return Err(PolicyError::Syntax { line: 1, column: 1, message: "the file holds no [[rule]]".to_owned() });
    }
    Ok(Policy { name: file.name, version, rules })
}

fn rule(raw: RawRule) -> Result<Rule, String> {
    if !(1..=4).contains(&raw.severity) {
        return Err(format!(
            "severity {} is not on the scale: 1 cosmetic, 2 annoying, 3 harmful, 4 critical",
            raw.severity
        ));
    }
    let demand = match (raw.call, raw.agent, raw.customer) {
        (Some(call), None, None) => Demand::Call(checked_call(call)?),
        (None, Some(agent), None) => Demand::Agent(checked_agent(agent)?),
        (None, None, Some(customer)) if customer.says.is_empty() => {
            return Err("customer.says is empty: nothing would ever trigger the rule".to_owned());
        }
        (None, None, Some(customer)) => Demand::Customer(customer),
        _ => return Err("a rule has exactly one of the tables call, agent and customer".to_owned()),
    };
    let phrases: Vec<&String> = match &demand {
        Demand::Agent(agent) => agent.says.iter().chain(&agent.never_says).collect(),
        Demand::Customer(customer) => customer.says.iter().collect(),
        Demand::Call(_) => Vec::new(),
    };
    if let Some(phrase) = phrases.iter().find(|phrase| phrase.starts_with('<') && cue(phrase).is_none()) {
        let known: Vec<&str> = CUES.iter().map(|(name, _)| *name).collect();
        return Err(format!("{phrase} is no cue; the cues are {}", known.join(", ")));
    }
    let id = raw.id.into_inner();
    Ok(Rule {
        id,
        message: raw.message,
        severity: raw.severity,
        scope: raw.scope,
        demand,
        must_hit: raw.must_hit,
        must_not_hit: raw.must_not_hit,
    })
}

fn checked_call(call: CallRule) -> Result<CallRule, String> {
    let asks = usize::from(!call.needs.is_empty()) + usize::from(call.never) + usize::from(call.at_most.is_some());
    if asks != 1 {
        return Err("call has exactly one of needs, never = true and at_most".to_owned());
    }
    let conditions = call.above.is_some() || call.below.is_some() || !call.equals.is_empty();
    if conditions != call.argument.is_some() {
        return Err("argument and one of above, below and equals belong together".to_owned());
    }
    if call.tool.is_empty() && call.effect.is_none() && call.argument.is_none() {
        return Err("call selects nothing: give tool, effect or argument".to_owned());
    }
    Ok(call)
}

fn checked_agent(agent: AgentRule) -> Result<AgentRule, String> {
    if agent.says.is_empty() && agent.never_says.is_empty() && agent.questions_at_most.is_none() {
        return Err("agent asks nothing: give says, never_says or questions_at_most".to_owned());
    }
    Ok(agent)
}

/// Cue names that stand for their phrases in four languages.
const CUES: [(&str, Cue); 7] = [
    ("<asks-person>", Cue::AsksPerson),
    ("<automated>", Cue::Automated),
    ("<sensitive>", Cue::Sensitive),
    ("<offers-person>", Cue::OffersPerson),
    ("<apology>", Cue::Apology),
    ("<refusal>", Cue::Refusal),
    ("<annoyed>", Cue::Negative),
];

/// The cue a name in angle brackets stands for.
pub(super) fn cue(phrase: &str) -> Option<Cue> {
    CUES.iter().find(|(name, _)| *name == phrase).map(|(_, cue)| *cue)
}

/// Reads an example: lines of `customer: …`, `agent: …`, `system: …` and `call: tool {arguments} -> result`; a line
/// `tools: a, b!` names tools on offer, with `!` for irreversible ones.
pub(in super::super) fn example(text: &str) -> Result<Conversation, String> {
    let id = ConversationId::derive("policy-example", text);
    let mut conversation = Conversation {
        id: id.clone(),
        source: "policy-example".into(),
        external_id: text.into(),
        segments: Segments::default(),
        system: Vec::new(),
        steps: Vec::new(),
        spans: Vec::new(),
        tools: Vec::new(),
        scores: Vec::new(),
        expected: None,
        outcomes: std::collections::BTreeMap::new(),
        attributes: Map::new(),
        resource: Map::new(),
    };
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let Some((who, rest)) = line.split_once(':') else {
            return Err(format!("\"{line}\" begins with neither customer:, agent:, system:, call: nor tools:"));
        };
        let rest = rest.trim();
        let said = |role| StepContent::Message { role, text: rest.into(), reasoning: None };
        let content = match who.trim() {
            "customer" => said(Role::User),
            "agent" => said(Role::Assistant),
            "call" => call(rest)?,
            "system" => {
                conversation.system.push(rest.into());
                continue;
            }
            "tools" => {
                conversation.tools.extend(rest.split(',').map(tool));
                continue;
            }
            other => return Err(format!("\"{other}:\" is none of customer:, agent:, system:, call: and tools:")),
        };
        let number = conversation.steps.len() as u32 + 1;
        let span = SpanRef::synthesise(&id, "step", number as usize);
        conversation.steps.push(Step {
            number,
            message: number,
            content,
            agent: None,
            depth: 0,
            at: None,
            span: Some(span),
            decision: None,
            speech: None,
        });
    }
    if conversation.steps.is_empty() { Err("the example is empty".to_owned()) } else { Ok(conversation) }
}

fn call(text: &str) -> Result<StepContent, String> {
    let (made, result) = match text.split_once("->") {
        Some((made, result)) => (made.trim(), Some(result.trim())),
        None => (text, None),
    };
    let (tool, arguments) = made.split_once(char::is_whitespace).unwrap_or((made, "{}"));
    if super::arguments::parse(arguments.trim()).is_none() {
        return Err(format!("the arguments of {tool} are no JSON: {}", arguments.trim()));
    }
    Ok(StepContent::ToolCall {
        tool: tool.into(),
        arguments: Arguments(arguments.trim().into()),
        call_id: None,
        result: result.map(|text| ToolResult { text: text.into(), failed: language::says_failure(text) }),
    })
}

fn tool(text: &str) -> ToolSpec {
    let name = text.trim();
    let (name, effect) = match name.strip_suffix('!') {
        Some(name) => (name, Effect::Irreversible),
        None => (name, Effect::guess(name)),
    };
    ToolSpec {
        name: name.into(),
        description: "".into(),
        parameters: None,
        effect,
        effect_guessed: effect != Effect::Irreversible,
    }
}
