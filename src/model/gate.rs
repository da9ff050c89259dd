//! What a gate said of a run, kept with the run when it is looked at.
//!
//! Invariant: plain values, read from the attributes of a conversation and written there; a conversation that no gate
//! brought has none.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How the sources of runs begin that a gate brought; the report's name follows.
pub const SOURCE: &str = "gate-";

/// The attributes in which [`Broken`] is kept.
pub const MEMBERS: [&str; 4] = ["gate", "gate_report", "gate_rank", "gate_cases"];

/// A run that broke cases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broken {
    /// The cases it was held against: a dataset's version, or a file.
    #[serde(rename = "gate")]
    pub dataset: String,
    /// Which report: the beginning of the hash of its bytes.
    #[serde(rename = "gate_report")]
    pub report: String,
    /// Its place in the report, from 1.
    #[serde(rename = "gate_rank")]
    pub rank: u32,
    /// The cases it broke, in the report's order; never empty.
    #[serde(rename = "gate_cases")]
    pub cases: Vec<BrokenCase>,
}

/// A case that a run broke.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokenCase {
    /// The case.
    pub case_id: String,
    /// The judged conversation that it was made of.
    pub conversation_id: String,
    /// That conversation's step.
    pub step: Option<u32>,
    /// Why the run fails, in the report's words.
    pub why: String,
    /// The run's step that broke it.
    pub at: Option<u32>,
    /// The run's step that stands where the case's step stands.
    pub counterpart: Option<u32>,
    /// True where other runs of the same case pass.
    pub flaky: bool,
    /// What a judge said of it.
    pub said: Option<String>,
    /// What the case asks for, line by line; empty where it could not be read any more.
    pub wants: Vec<String>,
    /// What the agent did when the case was judged.
    pub recorded: Vec<String>,
}

impl Broken {
    /// What the attributes of a conversation hold.
    pub fn of(attributes: &Map<String, Value>) -> Option<Self> {
        attributes.get("gate_report")?;
        let found: Self = serde_json::from_value(Value::Object(attributes.clone())).ok()?;
        (!found.cases.is_empty()).then_some(found)
    }

    /// Puts it into the attributes of a conversation.
    pub fn put(&self, attributes: &mut Map<String, Value>) {
        if let Ok(Value::Object(own)) = serde_json::to_value(self) {
            attributes.extend(own);
        }
    }

    /// The run's steps to look at, the one that broke the first case before others.
    pub fn steps(&self) -> Vec<u32> {
        let mut steps: Vec<u32> = Vec::new();
        let at = self.cases.iter().filter_map(|case| case.at);
        for step in at.chain(self.cases.iter().filter_map(|case| case.counterpart)) {
            if !steps.contains(&step) {
                steps.push(step);
            }
        }
        steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_comes_back_from_the_attributes_beside_others() {
        let case = |at, counterpart| BrokenCase { case_id: "k".into(), at, counterpart, ..BrokenCase::default() };
        let broken = Broken {
            dataset: "d@1".into(),
            report: "0a1b2c".into(),
            rank: 3,
            cases: vec![case(Some(4), Some(2)), case(Some(4), None)],
        };
        let mut attributes = Map::from_iter([("trial".to_owned(), Value::from(2))]);
        assert_eq!(Broken::of(&attributes), None);
        broken.put(&mut attributes);
        assert_eq!((Broken::of(&attributes), attributes.len()), (Some(broken.clone()), 5));
        assert_eq!(broken.steps(), [4, 2]);
    }
}
