//! What was done against what should have been done, where a reference solution is known.
//!
//! Invariant: only changes are compared (looking something up harms nobody), without regard to order, with arguments by
//! meaning; a reference that expects no change is a reference too.

use serde_json::Value;

use super::arguments;
use super::facts::{Aim, Call, Facts};
use super::{Case, Flag, Outcome};
use crate::model::tool::Effect;

/// The difference between expected and successful changes.
#[derive(Debug, Clone, PartialEq)]
pub struct Diff {
    /// Expected calls that were made.
    pub matched: usize,
    /// Expected calls that were not made: the tool, and the row of the call that came closest.
    pub missing: Vec<Missing>,
    /// Rows of calls that were made and not expected, with the tool.
    pub extra: Vec<(usize, String)>,
    /// Expected outputs that the agent never said.
    pub unsaid: Vec<String>,
    /// The row of a hand-over to a person that was not expected. It changes no record, so it spoils nothing by itself.
    pub transfer: Option<usize>,
}

/// An expected call that was not made.
#[derive(Debug, Clone, PartialEq)]
pub struct Missing {
    /// The tool.
    pub tool: String,
    /// The row of an unexpected call of the same tool, whose arguments were wrong then.
    pub instead: Option<usize>,
    /// The arguments in which that call differs.
    pub differs: Vec<String>,
}

/// Compares, where there is a reference.
pub fn diff(facts: &Facts<'_>) -> Option<Diff> {
    let expected = facts.conversation.expected.as_ref()?;
    let mut done: Vec<&Call<'_>> = facts.calls.iter().filter(|call| call.is_done_write()).collect();
    let hands_over = expected.iter().any(|call| super::facts::leads_away(call.tool.exact()));
    let transfer = facts.calls.iter().find(|call| call.aim == Aim::Person && !hands_over).map(|call| call.row);
    let mut diff = Diff { matched: 0, missing: Vec::new(), extra: Vec::new(), unsaid: unsaid(facts), transfer };
    let mut missing: Vec<(&str, Value)> = Vec::new();
    for call in expected {
        let name = call.tool.exact();
        if effect(facts, name) == Effect::Read {
            continue;
        }
        let wanted = arguments::parse(call.arguments.0.exact()).unwrap_or(Value::Null);
        let found = done.iter().position(|made| {
            made.tool == name && made.arguments.as_ref().is_some_and(|got| arguments::same(&wanted, got))
        });
        match found {
            Some(at) => {
                done.remove(at);
                diff.matched += 1;
            }
            None => missing.push((name, wanted)),
        }
    }
    let mut used: Vec<usize> = Vec::new();
    for (tool, wanted) in missing {
        let instead = done.iter().find(|made| made.tool == tool && !used.contains(&made.row));
        let differs =
            instead.and_then(|made| made.arguments.as_ref()).map(|got| differences(&wanted, got)).unwrap_or_default();
        used.extend(instead.map(|made| made.row));
        diff.missing.push(Missing { tool: tool.to_owned(), instead: instead.map(|made| made.row), differs });
    }
    diff.extra = done.iter().map(|made| (made.row, made.tool.to_owned())).collect();
    Some(diff)
}

fn effect(facts: &Facts<'_>, tool: &str) -> Effect {
    let moves = facts.calls.iter().any(|call| call.tool == tool && call.aim != Aim::Work);
    if moves || super::facts::leads_away(tool) {
        return Effect::Read;
    }
    facts
        .conversation
        .tools
        .iter()
        .find(|spec| spec.name.exact() == tool)
        .map_or_else(|| Effect::guess(tool), |spec| spec.effect)
}

/// Expected outputs (an `outputs` list among the conversation's attributes) that no answer contains.
fn unsaid(facts: &Facts<'_>) -> Vec<String> {
    let attributes = &facts.conversation.attributes;
    let list = ["expected_outputs", "outputs", "info.task.outputs"]
        .iter()
        .find_map(|key| attributes.get(*key))
        .or_else(|| {
            attributes
                .get("info")
                .and_then(|info| info.get("task"))
                .or_else(|| attributes.get("task"))
                .and_then(|task| task.get("outputs"))
        });
    let said: Vec<String> = facts.agent.iter().map(|row| facts.rows[*row].lower.replace(',', "")).collect();
    list.and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|output| output.as_str().map_or_else(|| output.to_string(), str::to_owned))
        .filter(|output| !said.iter().any(|text| text.contains(&output.to_lowercase().replace(',', ""))))
        .collect()
}

fn differences(wanted: &Value, got: &Value) -> Vec<String> {
    let (Value::Object(wanted), Value::Object(got)) = (wanted, got) else { return Vec::new() };
    let mut names: Vec<String> = wanted
        .iter()
        .filter(|(key, value)| !value.is_null() && !got.get(*key).is_some_and(|other| arguments::same(value, other)))
        .map(|(key, _)| key.clone())
        .collect();
    names.extend(
        got.iter().filter(|(key, value)| !value.is_null() && !wanted.contains_key(*key)).map(|(key, _)| key.clone()),
    );
    names
}

impl Diff {
    /// True where everything expected was done and said, and nothing else was done.
    pub fn is_clean(&self) -> bool {
        self.missing.is_empty() && self.extra.is_empty() && self.unsaid.is_empty()
    }

    /// 1 for a clean difference, else the share of matched among all expected and made, below 1.
    pub fn value(&self) -> f64 {
        if self.is_clean() {
            return 1.0;
        }
        let spoilt = self.missing.iter().filter(|missing| missing.instead.is_some()).count();
        let all = self.matched + self.missing.len() + self.extra.len() - spoilt + self.unsaid.len();
        self.matched as f64 / all.max(1) as f64
    }

    /// The difference by tool names alone: calls of the right tool with wrong arguments count as right.
    pub(super) fn names(&self) -> (f64, String) {
        let near = self.missing.iter().filter(|missing| missing.instead.is_some()).count();
        let right = self.matched + near;
        let all = right + (self.missing.len() - near) + (self.extra.len() - near);
        if all == right {
            return (1.0, "every change was made with the expected tool".to_owned());
        }
        (right as f64 / all as f64, self.words())
    }

    /// The difference in words.
    pub fn words(&self) -> String {
        if self.is_clean() {
            return "all expected changes were made, and no other".to_owned();
        }
        let mut parts = Vec::new();
        for missing in &self.missing {
            match missing.instead {
                Some(_) => parts.push(format!("{} with wrong {}", missing.tool, missing.differs.join(", "))),
                None => parts.push(format!("missing: {}", missing.tool)),
            }
        }
        let instead: Vec<usize> = self.missing.iter().filter_map(|missing| missing.instead).collect();
        parts.extend(
            self.extra
                .iter()
                .filter(|(row, _)| !instead.contains(row))
                .map(|(_, tool)| format!("not expected: {tool}")),
        );
        parts.extend(self.unsaid.iter().map(|output| format!("never said: {output}")));
        parts.join("; ")
    }

    /// The row where the run first left the reference: the first change or hand-over that was not expected, else, where
    /// something is missing, the last agent message.
    pub fn first_deviation(&self, facts: &Facts<'_>) -> Option<usize> {
        if self.is_clean() {
            return None;
        }
        self.extra.iter().map(|(row, _)| *row).chain(self.transfer).min().or(facts.agent.last().copied())
    }

    /// The steps the difference points at.
    pub(super) fn flags(&self, facts: &Facts<'_>) -> Vec<Flag> {
        let why = |row: usize, tool: &str| match self.missing.iter().find(|missing| missing.instead == Some(row)) {
            Some(missing) => format!("{tool} with wrong {}", missing.differs.join(", ")),
            None => format!("{tool} was not expected"),
        };
        let mut flags: Vec<Flag> = self.extra.iter().map(|(row, tool)| Flag::at(*row, why(*row, tool))).collect();
        let omitted: Vec<String> = self
            .missing
            .iter()
            .filter(|missing| missing.instead.is_none())
            .map(|missing| format!("missing: {}", missing.tool))
            .chain(self.unsaid.iter().map(|output| format!("never said: {output}")))
            .collect();
        if let (false, Some(row)) = (omitted.is_empty(), facts.agent.last()) {
            flags.push(Flag::at(*row, omitted.join("; ")));
        }
        flags.sort_by_key(|flag| flag.row);
        flags
    }
}

/// Successful changes against the expected ones.
pub(super) fn expected_calls(case: &Case<'_>) -> Outcome {
    match diff(case.facts) {
        None => Outcome::abstain("no expected calls are known for this conversation"),
        Some(diff) => Outcome::graded(diff.value(), 1.0, diff.words(), diff.flags(case.facts)),
    }
}
