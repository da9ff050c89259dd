//! The calls of a run, compared with those of a case by what they mean.
//!
//! Invariant: digits are compared as they were written; an argument counts as left out only where the tool's schema says
//! that leaving it out means the same.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Case, Findings, Run};
use crate::model::conversation::Conversation;
use crate::model::step::StepContent;
use crate::model::tool::{Aim, Effect, canonical_json, members};

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
    /// The arguments before they were masked; empty where nothing is masked.
    exact: BTreeMap<String, String>,
    pub(super) failed: bool,
    pub(super) writes: bool,
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

/// What a run called, in order.
pub(super) fn made(run: &Run<'_>) -> Vec<Made> {
    let pairs = run.compared.steps.iter().zip(&run.exact.steps);
    let masked = !std::ptr::eq(run.compared, run.exact);
    pairs
        .filter_map(|(step, exact)| {
            let StepContent::ToolCall { tool, arguments, .. } = &step.content else { return None };
            let name = tool.exact();
            let known = run.compared.tools.iter().find(|spec| spec.name == *tool).map(|spec| spec.effect);
            let before = match &exact.content {
                StepContent::ToolCall { arguments, .. } if masked => parsed(arguments.0.exact()),
                _ => BTreeMap::new(),
            };
            Some(Made {
                step: step.number,
                tool: name.to_owned(),
                arguments: parsed(arguments.0.exact()),
                exact: before,
                failed: step.failed(),
                writes: known.unwrap_or_else(|| Effect::guess(name)) != Effect::Read && !Aim::hands_over(name),
            })
        })
        .collect()
}

/// A case beside the calls of a run.
pub(super) struct Bench<'a> {
    pub(super) case: &'a Case,
    pub(super) calls: &'a [Made],
    pub(super) schemas: &'a Schemas,
    pub(super) run: &'a Run<'a>,
}

impl<'a> Bench<'a> {
    /// The names of arguments that differ. What one side's metadata told to be a name is a pseudonym there only, so what
    /// differs masked is looked at as it was before.
    fn differing(&self, call: &Call, made: &Made) -> Vec<String> {
        let mut names = differing(call, &made.arguments, self.schemas);
        if names.is_empty() || made.exact.is_empty() {
            return names;
        }
        let wanted = parsed(call.arguments.get());
        names.retain(|name| match (wanted.get(name), made.exact.get(name)) {
            (Some(wanted), Some(exact)) => wanted != exact && !(self.run.gives)(wanted, exact),
            _ => true,
        });
        names
    }

    fn same(&self, call: &Call, made: &Made) -> bool {
        // What is said at a hand-over is free; that it takes place is the point.
        made.tool == call.tool && (Aim::hands_over(&call.tool) || self.differing(call, made).is_empty())
    }

    /// The calls that say the same, apart from as many as there were before the step.
    fn once_more(&self, call: &Call) -> impl Iterator<Item = &'a Made> {
        self.calls.iter().filter(|made| self.same(call, made)).skip(self.case.before(call, self.schemas))
    }

    /// One of the acceptable calls has to be made, and go well, once more than it was before the step; what was recorded
    /// as wrong must not come again.
    pub(super) fn acceptable(&self, acceptable: &[Call], findings: &mut Findings) {
        findings.checked += 1;
        let well = |call| self.once_more(call).find(|made| !made.failed);
        let right = acceptable.iter().filter_map(well).min_by_key(|made| made.step);
        let again = self.repeated().filter(|wrong| !acceptable.iter().any(|call| self.same(call, wrong)));
        if let Some(again) = again.filter(|again| !self.in_its_place(again, right)) {
            findings.fail(format!("again calls {} as in the recorded failure", again.tool), Some(again.step));
            return;
        }
        if right.is_some() {
            return;
        }
        if let Some(made) = acceptable.iter().find_map(|call| self.once_more(call).next()) {
            findings.fail(format!("calls {}, and the call fails", made.tool), Some(made.step));
            return;
        }
        let names: Vec<&str> = acceptable.iter().map(|call| call.tool.as_str()).collect();
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

    /// True where a call that was wrong at the step may come now: behind the look that had been left out, or as what the
    /// reference does as well.
    fn in_its_place(&self, wrong: &Made, right: Option<&Made>) -> bool {
        let expected = || self.case.expected_writes.iter().any(|call| self.same(call, wrong));
        right.is_some_and(|right| right.step < wrong.step && (!right.writes || expected()))
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
        // Passing it on makes good no call that should not have been made, whichever of the two comes first.
        let expected = |wrong: &Made| self.case.expected_writes.iter().any(|call| self.same(call, wrong));
        if let Some(again) = self.repeated().filter(|wrong| !Aim::hands_over(&wrong.tool) && !expected(wrong)) {
            findings.checked += 1;
            findings.fail(format!("again calls {} as in the recorded failure", again.tool), Some(again.step));
            return;
        }
        let offered = self.run.compared.tools.iter().map(|spec| spec.name.exact());
        let offered = self.case.tools.iter().filter_map(|tool| tool["function"]["name"].as_str()).chain(offered);
        let handed: Vec<&Made> = self.calls.iter().filter(|call| Aim::hands_over(&call.tool)).collect();
        if handed.is_empty() && !offered.into_iter().any(Aim::hands_over) {
            let why = "no tool of the agent hands over, and no rule can tell whether its words do";
            findings.unjudged.push(why.to_owned());
            return;
        }
        findings.checked += 1;
        if handed.iter().all(|call| call.failed) {
            findings.fail("it never hands over to a person".to_owned(), handed.first().map(|call| call.step));
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
        for wanted in self.case.expected_writes.iter().filter(|call| !Aim::hands_over(&call.tool)) {
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
