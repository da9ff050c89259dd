//! Regression cases read back, and runs of an agent held against them.
//!
//! Invariant: a run passes only where something was checked and nothing was left unchecked; what cannot be judged is
//! neither passed nor failed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::model::conversation::Conversation;
use crate::model::step::{Role, StepContent};
use crate::model::tool::{Effect, canonical_json, members};

/// A case, as the format `cases` writes it.
#[derive(Debug, Deserialize)]
pub struct Case {
    /// Its name.
    pub case_id: String,
    /// The judged conversation.
    pub conversation_id: String,
    /// The task, where the source names tasks.
    #[serde(default)]
    pub task_id: Option<Value>,
    /// The intent.
    #[serde(default)]
    pub intent: Option<String>,
    /// What led up to it.
    pub prefix: Vec<Value>,
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
}

#[derive(Debug, Deserialize)]
struct Recorded {
    #[serde(default)]
    calls: Vec<Call>,
}

#[derive(Debug, Deserialize)]
struct Call {
    tool: String,
    arguments: Box<RawValue>,
    #[serde(default)]
    optional: Vec<String>,
}

/// What came of holding a run against a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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

/// One call of a run.
struct Made {
    step: u32,
    tool: String,
    arguments: BTreeMap<String, String>,
    failed: bool,
    writes: bool,
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

    /// The acceptable calls; `None` where none is right.
    fn calls(&self) -> Result<Option<Vec<Call>>, serde_json::Error> {
        if !self.acceptable.get().starts_with('[') {
            return Ok(None);
        }
        // A list of raw values first: what is nested in them must stay as it was written.
        let raws: Vec<&RawValue> = serde_json::from_str(self.acceptable.get())?;
        raws.into_iter().map(|raw| serde_json::from_str(raw.get())).collect::<Result<_, _>>().map(Some)
    }

    fn wants(&self, kind: &str) -> bool {
        serde_json::from_str::<Value>(self.acceptable.get()).is_ok_and(|value| value.get(kind).is_some())
    }

    /// How often a call was made before the step, so that making it once more is told from having made it.
    fn before(&self, call: &Call) -> usize {
        let calls = self.prefix.iter().filter_map(|message| message["tool_calls"].as_array()).flatten();
        calls
            .filter(|made| {
                let function = &made["function"];
                let arguments = function["arguments"].as_str().map(parsed).unwrap_or_default();
                function["name"] == call.tool.as_str() && differing(call, &arguments).is_empty()
            })
            .count()
    }
}

/// The arguments of a call: canonical text by name.
fn parsed(arguments: &str) -> BTreeMap<String, String> {
    let canonical = canonical_json(arguments);
    let found = members(&canonical).unwrap_or_default();
    found.into_iter().map(|(name, value)| (name, canonical_json(value.get()))).collect()
}

/// The names of arguments in which a call differs from an acceptable one.
fn differing(acceptable: &Call, made: &BTreeMap<String, String>) -> Vec<String> {
    let wanted = parsed(acceptable.arguments.get());
    let mut names: Vec<String> = wanted
        .iter()
        .filter(|(name, value)| match made.get(*name) {
            Some(given) => given != *value,
            None => !acceptable.optional.contains(name),
        })
        .map(|(name, _)| name.clone())
        .collect();
    names.extend(made.keys().filter(|name| !wanted.contains_key(*name)).cloned());
    names
}

/// True for tools that hand the conversation over; they change nothing themselves.
fn hands_over(tool: &str) -> bool {
    let name = tool.to_lowercase();
    ["transfer_to", "transferto", "hand_off", "handoff", "hand_over", "handover", "escalate", "to_human"]
        .iter()
        .any(|part| name.contains(part))
}

fn made(run: &Conversation) -> Vec<Made> {
    run.steps
        .iter()
        .filter_map(|step| {
            let StepContent::ToolCall { tool, arguments, .. } = &step.content else { return None };
            let name = tool.exact();
            let known = run.tools.iter().find(|spec| spec.name == *tool).map(|spec| spec.effect);
            Some(Made {
                step: step.number,
                tool: name.to_owned(),
                arguments: parsed(arguments.0.exact()),
                failed: step.failed(),
                writes: known.unwrap_or_else(|| Effect::guess(name)) != Effect::Read && !hands_over(name),
            })
        })
        .collect()
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
pub fn judge(case: &Case, run: &Conversation) -> Outcome {
    let calls = made(run);
    let mut findings = Findings::default();
    let acceptable = case.calls().ok().flatten().unwrap_or_default();
    if !acceptable.is_empty() {
        check_acceptable(case, &acceptable, &calls, &mut findings);
    } else if case.wants("hand_off") {
        findings.checked += 1;
        if !calls.iter().any(|call| hands_over(&call.tool)) {
            findings.fail("it never hands over to a person".to_owned(), None);
        }
    } else if case.wants("no_call") || case.wants("ask_customer") {
        check_not_repeated(case, &calls, &mut findings);
    } else if case.step.is_some() && case.must.is_empty() && case.must_not.is_empty() {
        findings.unjudged.push("its right answer is in words, and no criterion says what must be in them".to_owned());
    }
    if !case.expected_writes.is_empty() {
        check_writes(case, &acceptable, &calls, &mut findings);
    }
    check_criteria(case, run, &calls, &mut findings);
    match findings {
        Findings { failed: Some((why, step)), .. } => Outcome::Fail { why, step },
        Findings { checked: 0, unjudged, .. } if unjudged.is_empty() => {
            Outcome::Unjudged { why: "there is nothing in it to check".to_owned() }
        }
        Findings { unjudged, .. } if !unjudged.is_empty() => Outcome::Unjudged { why: unjudged.join("; ") },
        _ => Outcome::Pass,
    }
}

fn check_acceptable(case: &Case, acceptable: &[Call], calls: &[Made], findings: &mut Findings) {
    findings.checked += 1;
    let fits = |call: &Call| {
        // What is said at a hand-over is free; that it takes place is the point.
        let same = |made: &&Made| hands_over(&call.tool) || differing(call, &made.arguments).is_empty();
        calls.iter().filter(|made| made.tool == call.tool).filter(same).count() > case.before(call)
    };
    if acceptable.iter().any(fits) {
        return;
    }
    let names: Vec<&str> = acceptable.iter().map(|call| call.tool.as_str()).collect();
    if let Some(again) = repeated(case, calls) {
        findings.fail(format!("again calls {} as in the recorded failure", again.tool), Some(again.step));
        return;
    }
    let near = acceptable.iter().flat_map(|call| {
        let same = calls.iter().filter(|made| made.tool == call.tool);
        same.map(|made| (differing(call, &made.arguments), made)).filter(|(names, _)| !names.is_empty())
    });
    match near.min_by_key(|(names, made)| (names.len(), made.step)) {
        Some((differs, made)) => {
            findings.fail(format!("calls {} with another {}", made.tool, differs.join(", ")), Some(made.step));
        }
        None => findings.fail(format!("never calls {}", names.join(" or ")), None),
    }
}

/// The first call of a run that repeats what was recorded as wrong.
fn repeated<'a>(case: &Case, calls: &'a [Made]) -> Option<&'a Made> {
    case.recorded.iter().flat_map(|recorded| &recorded.calls).find_map(|wrong| {
        let same = |made: &&Made| made.tool == wrong.tool && differing(wrong, &made.arguments).is_empty();
        calls.iter().filter(same).nth(case.before(wrong))
    })
}

fn check_not_repeated(case: &Case, calls: &[Made], findings: &mut Findings) {
    if case.recorded.as_ref().is_none_or(|recorded| recorded.calls.is_empty()) {
        findings.unjudged.push("the case does not say which call was wrong".to_owned());
        return;
    }
    findings.checked += 1;
    if let Some(again) = repeated(case, calls) {
        findings.fail(format!("again calls {} where nothing should be called", again.tool), Some(again.step));
    }
}

fn check_writes(case: &Case, acceptable: &[Call], calls: &[Made], findings: &mut Findings) {
    findings.checked += 1;
    let mut open: Vec<&Made> = calls.iter().filter(|made| made.writes && !made.failed).collect();
    let mut take = |call: &Call| {
        let at = open.iter().position(|made| made.tool == call.tool && differing(call, &made.arguments).is_empty());
        at.map(|at| open.remove(at)).is_some()
    };
    let mut missing: Vec<&Call> = Vec::new();
    for wanted in case.expected_writes.iter().filter(|call| !hands_over(&call.tool)) {
        // What a person accepted stands for the reference's call of the same tool.
        let in_its_place = acceptable.iter().filter(|call| call.tool == wanted.tool);
        if !std::iter::once(wanted).chain(in_its_place).any(&mut take) {
            missing.push(wanted);
        }
    }
    for call in acceptable {
        take(call);
    }
    if let Some(call) = missing.first() {
        let near = calls.iter().find(|made| made.tool == call.tool && made.writes);
        let why = match near {
            Some(made) => {
                format!("calls {} with another {}", call.tool, differing(call, &made.arguments).join(", "))
            }
            None => format!("never calls {}, which the reference does", call.tool),
        };
        findings.fail(why, near.map(|made| made.step));
    } else if let Some(extra) = open.first() {
        findings.fail(format!("also calls {}, which the reference does not", extra.tool), Some(extra.step));
    }
}

/// Criteria that say in their words what can be looked up: quoted phrases, and names of tools.
fn check_criteria(case: &Case, run: &Conversation, calls: &[Made], findings: &mut Findings) {
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
        let word = if must { "must" } else { "must not" };
        let phrases = quoted(text);
        let tools = named_tools(text, run, calls);
        if phrases.is_empty() && tools.is_empty() {
            findings
                .unjudged
                .push(format!("no rule can check a criterion ({word}); quote a phrase or name a tool in it"));
            continue;
        }
        findings.checked += 1;
        for phrase in phrases {
            if said.contains(&phrase.to_lowercase()) != must {
                let what = if must { "does not say what it must" } else { "says what it must not" };
                findings.fail(what.to_owned(), None);
            }
        }
        for tool in tools {
            let call = calls.iter().find(|made| made.tool == tool);
            if call.is_some() != must {
                let what = if must { "never calls" } else { "calls" };
                findings.fail(format!("{what} {tool} ({word})"), call.map(|made| made.step));
            }
        }
    }
}

/// The phrases in double quotes, straight or curly.
fn quoted(text: &str) -> Vec<String> {
    let straight = text.replace(['\u{201c}', '\u{201d}', '\u{201e}'], "\"");
    let parts: Vec<&str> = straight.split('"').collect();
    let inner = parts.iter().skip(1).step_by(2).take((parts.len() - 1) / 2);
    inner.map(|phrase| phrase.trim().to_owned()).filter(|phrase| !phrase.is_empty()).collect()
}

/// The tools a criterion names outside its quotes.
fn named_tools(text: &str, run: &Conversation, calls: &[Made]) -> Vec<String> {
    let known = |word: &str| {
        run.tools.iter().any(|spec| spec.name.exact() == word) || calls.iter().any(|made| made.tool == word)
    };
    let word_like = |word: &str| word.contains('_') || word.contains('.');
    let words = text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.' || c == '-'));
    let mut found: Vec<String> = Vec::new();
    for word in words.map(|word| word.trim_matches(['.', '-'])) {
        if (known(word) && word.len() > 3 || word_like(word) && known(word)) && !found.iter().any(|name| name == word) {
            found.push(word.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests;
