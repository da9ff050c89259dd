//! Regression cases read back, and runs of an agent held against them.
//!
//! Invariant: a run passes only where something was checked and nothing was left unchecked; what cannot be judged is
//! neither passed nor failed.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::model::conversation::Conversation;
use crate::model::step::{Role, Step, StepContent};

mod calls;
mod criteria;
mod words;

use calls::{Call, Schemas, differing, made, parsed};

/// A case, as the format `cases` writes it.
#[derive(Debug, Deserialize)]
pub struct Case {
    /// Its name.
    pub case_id: String,
    /// The judged conversation.
    pub conversation_id: String,
    /// The namespace of that conversation.
    #[serde(default)]
    pub source: String,
    /// The domain of its task, where the source has several.
    #[serde(default)]
    pub domain: Option<String>,
    /// The task, where the source names tasks.
    #[serde(default)]
    pub task_id: Option<Value>,
    /// The intent.
    #[serde(default)]
    pub intent: Option<String>,
    /// What led up to it.
    pub prefix: Vec<Value>,
    #[serde(default)]
    tools: Vec<Value>,
    /// The step it is about; `None` for the conversation as a whole.
    #[serde(default)]
    pub step: Option<u32>,
    acceptable: Box<RawValue>,
    #[serde(default)]
    recorded: Option<Recorded>,
    /// What must be, in words.
    #[serde(default)]
    pub must: Vec<String>,
    /// What must not be, in words.
    #[serde(default)]
    pub must_not: Vec<String>,
    /// The right reply, where the case is about words.
    #[serde(default)]
    pub reply: Option<String>,
    /// The failure mode.
    #[serde(default)]
    pub mode: Option<String>,
    /// 1 to 4.
    #[serde(default)]
    pub severity: Option<u8>,
    #[serde(default)]
    expected_writes: Vec<Call>,
    /// True where the expected writes have to come in the order in which they stand. The format does not write it; it is
    /// for cases written by hand.
    #[serde(default)]
    ordered: bool,
}

#[derive(Debug, Deserialize)]
struct Recorded {
    #[serde(default)]
    calls: Vec<Call>,
}

/// What came of holding a run against a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "lowercase")]
pub enum Outcome {
    /// All checks hold.
    Pass,
    /// One does not.
    Fail {
        /// Which, in words that hold no transcript text but names of tools and arguments.
        why: String,
        /// The run's step that broke it, where one did.
        step: Option<u32>,
    },
    /// Nothing could be checked, or not everything.
    Unjudged {
        /// What could not.
        why: String,
    },
}

impl Case {
    /// Reads a line of a file of cases.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(line: &str) -> Result<Self, String> {
        let case: Self = serde_json::from_str(line).map_err(|error| error.to_string())?;
        case.calls().map(|_| case).map_err(|error| format!("acceptable: {error}"))
    }

    /// The task's id as text.
    pub fn task(&self) -> Option<String> {
        match self.task_id.as_ref()? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// What the customer opens with.
    pub fn opening(&self) -> Option<&str> {
        self.prefix.iter().find(|message| message["role"] == "user").and_then(|message| message["content"].as_str())
    }

    /// All that customer and agent say to each other before the step.
    pub fn said(&self) -> Vec<&str> {
        let spoken = self.prefix.iter().filter(|message| message["role"] == "user" || message["role"] == "assistant");
        spoken.filter_map(|message| message["content"].as_str()).filter(|text| !text.is_empty()).collect()
    }

    /// True where some of what it asks for is said in words, so that a judge could look at it.
    pub fn has_words(&self) -> bool {
        let criteria = !self.must.is_empty() || !self.must_not.is_empty();
        criteria || self.reply.is_some() || self.kind().is_some_and(|(kind, _)| kind != "no_call")
    }

    /// The kind of answer that is right where it is no call (`no_call`, `ask_customer` or `hand_off`), and what is said
    /// of it.
    pub fn kind(&self) -> Option<(String, String)> {
        let Ok(Value::Object(members)) = serde_json::from_str(self.acceptable.get()) else { return None };
        let (kind, said) = members.into_iter().next()?;
        Some((kind, said.as_str().unwrap_or_default().to_owned()))
    }

    /// The names of all tools it was offered or names.
    pub fn tools(&self) -> impl Iterator<Item = &str> {
        let offered = self.tools.iter();
        let made = self.prefix.iter().filter_map(|message| message["tool_calls"].as_array()).flatten();
        let offered = offered.chain(made).filter_map(|tool| tool["function"]["name"].as_str());
        let recorded = self.recorded.iter().flat_map(|recorded| &recorded.calls);
        offered.chain(recorded.chain(&self.expected_writes).map(|call| call.tool.as_str()))
    }

    /// What it asks for, line by line, for people. The texts are as exact as the case's own.
    pub fn wants(&self) -> Vec<String> {
        let call = |call: &Call| format!("{} {}", call.tool, call.arguments.get());
        let mut lines = Vec::new();
        match self.calls() {
            Ok(Some(calls)) if !calls.is_empty() => {
                lines.push(calls.iter().map(call).collect::<Vec<_>>().join("  or  "));
            }
            _ if self.asks_for("no_call") => lines.push("no call".to_owned()),
            _ if self.asks_for("ask_customer") => lines.push("ask the customer".to_owned()),
            _ if self.asks_for("hand_off") => lines.push("hand over to a person".to_owned()),
            _ => {}
        }
        lines.extend(self.reply.iter().map(|reply| format!("say: {reply}")));
        lines.extend(self.must.iter().map(|text| format!("must {text}")));
        lines.extend(self.must_not.iter().map(|text| format!("must not {text}")));
        lines.extend(self.expected_writes.iter().map(|wanted| format!("in all: {}", call(wanted))));
        lines
    }

    /// What the agent did at the step when it failed, call by call.
    pub fn failed_with(&self) -> Vec<String> {
        let calls = self.recorded.iter().flat_map(|recorded| &recorded.calls);
        calls.map(|call| format!("{} {}", call.tool, call.arguments.get())).collect()
    }

    /// The step of a run that stands where the step of the case stands: after as many messages of the customer, and
    /// behind what the agent did there alike. `None` where the run ended before, or the case is about the whole.
    pub fn counterpart(&self, run: &Conversation) -> Option<u32> {
        self.step?;
        let role = |message: &Value| message["role"].as_str().unwrap_or_default().to_owned();
        let turns = self.prefix.iter().filter(|message| role(message) == "user").count();
        let last = self.prefix.iter().rposition(|message| role(message) == "user").map_or(0, |at| at + 1);
        let before = self.prefix.get(last..)?.iter().filter(|message| role(message) == "assistant");
        let before = before.flat_map(|message| {
            let words = message["content"].as_str().filter(|text| !text.is_empty()).map(|_| None);
            let calls = message["tool_calls"].as_array().into_iter().flatten();
            words.into_iter().chain(calls.map(|call| call["function"]["name"].as_str()))
        });
        let steps: Vec<&Step> = run.steps.iter().filter(|step| step.depth == 0).collect();
        let customers = |count: &mut usize, step: &&Step| {
            *count += usize::from(step.is_customers());
            Some((*count, step.is_customers()))
        };
        let seen: Vec<(usize, bool)> = steps.iter().scan(0, customers).collect();
        let mut at = if turns == 0 { 0 } else { seen.iter().position(|(count, _)| *count == turns)? + 1 };
        for wanted in before {
            let step = steps.get(at)?;
            let same = match &step.content {
                StepContent::ToolCall { tool, .. } => Some(tool.exact()) == wanted,
                StepContent::Message { .. } => wanted.is_none() && !step.is_customers(),
            };
            if !same {
                break;
            }
            at += 1;
        }
        steps.get(at).filter(|step| !step.is_customers()).map(|step| step.number)
    }

    /// The steps from that one to the customer's next words. Where the agent did less before than in the case, they begin
    /// with its last step there; `None` where the run ended before the customer's words that the step answers, or with them.
    fn turn(&self, run: &Conversation) -> Option<Range<u32>> {
        let turns = self.prefix.iter().filter(|message| message["role"] == "user").count();
        let mut heard = 0;
        let mut behind = run.steps.iter().filter(|step| step.depth == 0).skip_while(|step| {
            let before = heard < turns;
            heard += usize::from(step.is_customers());
            before
        });
        let is_agents = |step: &&Step| step.role() == Role::Assistant;
        let place = self.counterpart(run).or_else(|| {
            let first = behind.by_ref().find(is_agents)?;
            Some(behind.take_while(|step| !step.is_customers()).filter(is_agents).last().unwrap_or(first).number)
        })?;
        let after = run.steps.iter().filter(|step| step.number > place && step.depth == 0);
        let next = after.filter(|step| step.is_customers()).map(|step| step.number).next();
        Some(place..next.unwrap_or(u32::MAX))
    }

    /// The acceptable calls; `None` where none is right.
    /// The tools of the calls that it accepts.
    pub fn accepted(&self) -> Vec<String> {
        self.calls().ok().flatten().unwrap_or_default().into_iter().map(|call| call.tool).collect()
    }

    fn calls(&self) -> Result<Option<Vec<Call>>, serde_json::Error> {
        if !self.acceptable.get().starts_with('[') {
            return Ok(None);
        }
        // A list of raw values first: what is nested in them must stay as it was written.
        let raws: Vec<&RawValue> = serde_json::from_str(self.acceptable.get())?;
        raws.into_iter().map(|raw| serde_json::from_str(raw.get())).collect::<Result<_, _>>().map(Some)
    }

    fn asks_for(&self, kind: &str) -> bool {
        self.kind().is_some_and(|(asked, _)| asked == kind)
    }

    /// True where a tool was called before the step.
    fn called_before(&self, tool: &str) -> bool {
        let mut calls = self.prefix.iter().filter_map(|message| message["tool_calls"].as_array()).flatten();
        calls.any(|made| made["function"]["name"] == tool)
    }

    /// How often a call was made before the step, so that making it once more is told from having made it.
    fn before(&self, call: &Call, schemas: &Schemas) -> usize {
        let calls = self.prefix.iter().filter_map(|message| message["tool_calls"].as_array()).flatten();
        calls
            .filter(|made| {
                let function = &made["function"];
                let arguments = function["arguments"].as_str().map(parsed).unwrap_or_default();
                function["name"] == call.tool.as_str() && differing(call, &arguments, schemas).is_empty()
            })
            .count()
    }
}

/// A run as it is held against cases.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    /// Masked as the cases are.
    pub compared: &'a Conversation,
    /// As it is; the same conversation where nothing is masked.
    pub exact: &'a Conversation,
    /// True where masking makes the first JSON text, which holds pseudonyms, of the second.
    pub gives: &'a dyn Fn(&str, &str) -> bool,
}

impl<'a> From<&'a Conversation> for Run<'a> {
    fn from(run: &'a Conversation) -> Self {
        Self { compared: run, exact: run, gives: &|_, _| false }
    }
}

/// What a run did so far as checks are concerned.
#[derive(Default)]
struct Findings {
    checked: usize,
    failed: Option<(String, Option<u32>)>,
    unjudged: Vec<String>,
}

impl Findings {
    fn fail(&mut self, why: String, step: Option<u32>) {
        if self.failed.is_none() {
            self.failed = Some((why, step));
        }
    }
}

/// Holds a run against a case.
pub fn judge<'a>(case: &Case, run: impl Into<Run<'a>>) -> Outcome {
    let run = run.into();
    if !run.compared.steps.iter().any(|step| step.role() == Role::Assistant) {
        return Outcome::Unjudged { why: "the run holds no step of the agent".to_owned() };
    }
    let calls = made(&run);
    let schemas = Schemas::of(&case.tools, run.compared);
    let bench = calls::Bench { case, calls: &calls, schemas: &schemas, run: &run };
    let mut findings = Findings::default();
    let acceptable = case.calls().ok().flatten().unwrap_or_default();
    if acceptable.is_empty() {
        words::check(&bench, &mut findings);
    } else {
        bench.acceptable(&acceptable, &mut findings);
    }
    if !case.expected_writes.is_empty() {
        let ordered = case.ordered || case.must.iter().any(|text| criteria::orders_all(text, &bench));
        bench.writes((&acceptable, ordered), &mut findings);
    }
    criteria::check(&bench, run.compared, &mut findings);
    match findings {
        Findings { failed: Some((why, step)), .. } => Outcome::Fail { why, step },
        Findings { checked: 0, unjudged, .. } if unjudged.is_empty() => {
            Outcome::Unjudged { why: "there is nothing in it to check".to_owned() }
        }
        Findings { unjudged, .. } if !unjudged.is_empty() => Outcome::Unjudged { why: unjudged.join("; ") },
        _ => Outcome::Pass,
    }
}

#[cfg(test)]
mod tests;
