//! The calls of a run, compared with those of a case by what they mean.
//!
//! Invariant: digits are compared as they were written; an argument counts as left out only where the tool's schema says
//! that leaving it out means the same.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Case, Findings};
use crate::model::conversation::Conversation;
use crate::model::step::StepContent;
use crate::model::tool::{Effect, canonical_json, members};

/// One call that a case names.
#[derive(Debug, Deserialize)]
pub(super) struct Call {
    pub(super) tool: String,
    pub(super) arguments: Box<RawValue>,
    #[serde(default)]
    optional: Vec<String>,
}

/// One call of a run.
pub(super) struct Made {
    pub(super) step: u32,
    pub(super) tool: String,
    arguments: BTreeMap<String, String>,
    pub(super) failed: bool,
    writes: bool,
}

/// What the schemas of the tools say of arguments that may be left out.
pub(super) struct Schemas(HashMap<String, Schema>);

#[derive(Default)]
struct Schema {
    required: HashSet<String>,
    defaults: HashMap<String, String>,
}

impl Schemas {
    /// Of the tools of a case, and of those that only the run was offered.
    pub(super) fn of(tools: &[Value], run: &Conversation) -> Self {
        let theirs = run.tools.iter().filter_map(|spec| {
            let parameters = serde_json::from_str(spec.parameters.as_ref()?.exact()).ok()?;
            Some((spec.name.exact().to_owned(), Schema::of(&parameters)))
        });
        let mut all: HashMap<String, Schema> = theirs.collect();
        all.extend(tools.iter().filter_map(|tool| {
            let function = &tool["function"];
            Some((function["name"].as_str()?.to_owned(), Schema::of(&function["parameters"])))
        }));
        Self(all)
    }

    /// True for the name of a tool.
    pub(super) fn know(&self, tool: &str) -> bool {
        self.0.contains_key(tool)
    }

    /// True where giving this value says no more than leaving the argument out.
    fn says_nothing(&self, tool: &str, (name, value): (&str, &str)) -> bool {
        let Some(schema) = self.0.get(tool) else { return false };
        let default = schema.defaults.get(name);
        !schema.required.contains(name)
            && (default.is_some_and(|default| default == value) || value == "null" && default.is_none())
    }
}

impl Schema {
    fn of(parameters: &Value) -> Self {
        let required = parameters["required"].as_array().into_iter().flatten();
        let properties = parameters["properties"].as_object().into_iter().flatten();
        let defaults = properties.filter_map(|(name, about)| {
            let default = about.get("default").filter(|default| !default.is_null())?;
            Some((name.clone(), canonical_json(&default.to_string())))
        });
        Self { required: required.filter_map(Value::as_str).map(str::to_owned).collect(), defaults: defaults.collect() }
    }
}

/// The arguments of a call: canonical text by name.
pub(super) fn parsed(arguments: &str) -> BTreeMap<String, String> {
    let canonical = canonical_json(arguments);
    let found = members(&canonical).unwrap_or_default();
    found.into_iter().map(|(name, value)| (name, canonical_json(value.get()))).collect()
}

/// The names of arguments in which a call differs from an acceptable one.
pub(super) fn differing(acceptable: &Call, made: &BTreeMap<String, String>, schemas: &Schemas) -> Vec<String> {
    let wanted = parsed(acceptable.arguments.get());
    let nothing = |name: &str, value: &str| schemas.says_nothing(&acceptable.tool, (name, value));
    let mut names: Vec<String> = wanted
        .iter()
        .filter(|(name, value)| match made.get(*name) {
            Some(given) => given != *value,
            None => !acceptable.optional.contains(name) && !nothing(name, value),
        })
        .map(|(name, _)| name.clone())
        .collect();
    let more = made.iter().filter(|(name, value)| !wanted.contains_key(*name) && !nothing(name, value));
    names.extend(more.map(|(name, _)| name.clone()));
    names
}

/// True for tools that hand the conversation over; they change nothing themselves.
fn hands_over(tool: &str) -> bool {
    let name = tool.to_lowercase();
    ["transfer_to", "transferto", "hand_off", "handoff", "hand_over", "handover", "escalate", "to_human"]
        .iter()
        .any(|part| name.contains(part))
}

/// What a run called, in order.
pub(super) fn made(run: &Conversation) -> Vec<Made> {
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

/// A case beside the calls of a run.
pub(super) struct Bench<'a> {
    pub(super) case: &'a Case,
    pub(super) calls: &'a [Made],
    pub(super) schemas: &'a Schemas,
}

impl<'a> Bench<'a> {
    fn differing(&self, call: &Call, made: &Made) -> Vec<String> {
        differing(call, &made.arguments, self.schemas)
    }

    /// One of the acceptable calls has to be made once more than it was before the step.
    pub(super) fn acceptable(&self, acceptable: &[Call], findings: &mut Findings) {
        findings.checked += 1;
        let fits = |call: &Call| {
            // What is said at a hand-over is free; that it takes place is the point.
            let same = |made: &&Made| hands_over(&call.tool) || self.differing(call, made).is_empty();
            let made = self.calls.iter().filter(|made| made.tool == call.tool).filter(same).count();
            made > self.case.before(call, self.schemas)
        };
        if acceptable.iter().any(fits) {
            return;
        }
        let names: Vec<&str> = acceptable.iter().map(|call| call.tool.as_str()).collect();
        if let Some(again) = self.repeated() {
            findings.fail(format!("again calls {} as in the recorded failure", again.tool), Some(again.step));
            return;
        }
        let near = acceptable.iter().flat_map(|call| {
            let same = self.calls.iter().filter(|made| made.tool == call.tool);
            same.map(|made| (self.differing(call, made), made)).filter(|(names, _)| !names.is_empty())
        });
        match near.min_by_key(|(names, made)| (names.len(), made.step)) {
            Some((differs, made)) => {
                findings.fail(format!("calls {} with a different {}", made.tool, differs.join(", ")), Some(made.step));
            }
            None => findings.fail(format!("never calls {}", names.join(" or ")), None),
        }
    }

    /// The first call of a run that repeats what was recorded as wrong.
    fn repeated(&self) -> Option<&'a Made> {
        self.case.recorded.iter().flat_map(|recorded| &recorded.calls).find_map(|wrong| {
            let same = |made: &&Made| made.tool == wrong.tool && self.differing(wrong, made).is_empty();
            self.calls.iter().filter(same).nth(self.case.before(wrong, self.schemas))
        })
    }

    /// What was recorded as wrong must not come again.
    pub(super) fn not_repeated(&self, findings: &mut Findings) {
        if self.case.recorded.as_ref().is_none_or(|recorded| recorded.calls.is_empty()) {
            findings.unjudged.push("the case does not say which call was wrong".to_owned());
            return;
        }
        findings.checked += 1;
        if let Some(again) = self.repeated() {
            findings.fail(format!("again calls {} where nothing should be called", again.tool), Some(again.step));
        }
    }

    /// The conversation has to be handed over.
    pub(super) fn hand_over(&self, findings: &mut Findings) {
        findings.checked += 1;
        if !self.calls.iter().any(|call| hands_over(&call.tool)) {
            findings.fail("it never hands over to a person".to_owned(), None);
        }
    }

    /// The writing calls have to be those of the reference: all of them, no others, in its order where that counts.
    pub(super) fn writes(&self, (acceptable, ordered): (&[Call], bool), findings: &mut Findings) {
        findings.checked += 1;
        let mut open: Vec<&Made> = self.calls.iter().filter(|made| made.writes && !made.failed).collect();
        let mut take = |call: &Call| {
            let at = open.iter().position(|made| made.tool == call.tool && self.differing(call, made).is_empty());
            at.map(|at| open.remove(at).step)
        };
        let (mut missing, mut found) = (None, Vec::new());
        for wanted in self.case.expected_writes.iter().filter(|call| !hands_over(&call.tool)) {
            // What a person accepted stands for the reference's call of the same tool.
            let in_its_place = acceptable.iter().filter(|call| call.tool == wanted.tool);
            match std::iter::once(wanted).chain(in_its_place).find_map(&mut take) {
                Some(step) => found.push((step, wanted)),
                None => missing = missing.or(Some(wanted)),
            }
        }
        for call in acceptable {
            take(call);
        }
        if let Some(call) = missing {
            let near = self.calls.iter().find(|made| made.tool == call.tool && made.writes);
            let why = match near {
                Some(made) => format!("calls {} with a different {}", call.tool, self.differing(call, made).join(", ")),
                None => format!("never calls {}, which the reference does", call.tool),
            };
            findings.fail(why, near.map(|made| made.step));
        } else if let Some(extra) = open.first() {
            findings.fail(format!("also calls {}, which the reference does not", extra.tool), Some(extra.step));
        } else if ordered && let Some(pair) = found.windows(2).find(|pair| pair[1].0 < pair[0].0) {
            let why = format!("calls {} before {}, the reference the other way round", pair[1].1.tool, pair[0].1.tool);
            findings.fail(why, Some(pair[1].0));
        }
    }
}
