//! Which way the scale of an evaluator runs: a table of known names, extended by a file of the workspace.
//!
//! Invariant: scores themselves are never touched; an evaluator that is not in the table counts as "higher is better"
//! and says that this was assumed.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::model::score::{Direction, Scale};

const BUILT_IN: &str = include_str!("../../assets/evaluators.toml");

/// What a label of an evaluator means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Meaning {
    /// As it should be.
    Good,
    /// Not as it should be.
    Bad,
    /// Neither, or the evaluator did not decide.
    Neutral,
}

/// One entry of the table.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// Patterns: normalised names, `*` for any run of characters.
    names: Vec<String>,
    direction: Direction,
    #[serde(default)]
    range: Option<(f64, f64)>,
    #[serde(default)]
    labels: BTreeMap<String, Meaning>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(default, rename = "evaluator")]
    entries: Vec<Entry>,
    /// Meanings that hold for every evaluator without its own.
    #[serde(default)]
    labels: BTreeMap<String, Meaning>,
}

/// The evaluators that are known.
#[derive(Debug, Clone, PartialEq)]
pub struct Scales {
    /// The workspace's first, so that they win.
    tables: Vec<Table>,
}

/// What is wrong with a workspace's `evaluators.toml`; one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ScalesError(String);

impl Scales {
    /// The table that ships with the program.
    pub fn built_in() -> Self {
        // The tests of this file parse the table; a table that did not parse would leave every scale assumed.
        Self { tables: vec![toml::from_str(BUILT_IN).unwrap_or_default()] }
    }

    /// The built-in table, with the text of a workspace's file before it; `file` is for messages.
    ///
    /// # Errors
    /// Where the text is no such table.
    pub fn extended(file: &str, text: &str) -> Result<Self, ScalesError> {
        let own: Table = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let first = error.message().lines().next().unwrap_or_default().to_owned();
            ScalesError(format!("{file}:{}: {first}", super::line_of(text, at)))
        })?;
        let mut scales = Self::built_in();
        scales.tables.insert(0, own);
        Ok(scales)
    }

    /// The scale of an evaluator, by its name as it came.
    pub fn of(&self, evaluator: &str) -> Scale {
        match self.entry(&normal(evaluator)) {
            Some(entry) => Scale { direction: entry.direction, range: entry.range, assumed: false },
            None => Scale { direction: Direction::Higher, range: None, assumed: true },
        }
    }

    /// What a label of an evaluator means; `None` where nobody said.
    pub fn meaning(&self, evaluator: &str, label: &str) -> Option<Meaning> {
        let label = normal(label);
        let own = self.entry(&normal(evaluator)).and_then(|entry| entry.labels.get(&label));
        own.or_else(|| self.tables.iter().find_map(|table| table.labels.get(&label))).copied()
    }

    /// An exact name goes before a pattern, and an earlier table and entry before a later one.
    fn entry(&self, name: &str) -> Option<&Entry> {
        let entries = || self.tables.iter().flat_map(|table| &table.entries);
        entries().find(|entry| entry.names.iter().any(|pattern| pattern == name)).or_else(|| {
            entries().find(|entry| entry.names.iter().any(|pattern| pattern.contains('*') && matches(pattern, name)))
        })
    }
}

/// A name in the table's spelling: lower case, words of any style joined by underscores.
fn normal(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let mut previous_lower = false;
    for c in name.trim().chars() {
        if c.is_alphanumeric() {
            if c.is_uppercase() && previous_lower {
                out.push('_');
            }
            out.extend(c.to_lowercase());
        } else if !out.ends_with('_') && !out.is_empty() {
            out.push('_');
        }
        previous_lower = c.is_lowercase() || c.is_numeric();
    }
    out.trim_end_matches('_').to_owned()
}

/// Whether `name` fits `pattern`, where `*` stands for any run of characters.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_evaluators_have_a_direction() {
        let _: Table = toml::from_str(BUILT_IN).unwrap();
        let scales = Scales::built_in();
        for name in [
            "tool_choice",
            "Helpfulness",
            "policy_adherence",
            "groundedness",
            "auto_resolution_judge",
            "task_completion",
            "tone",
            "tool_selection_accuracy",
            "trajectory_score",
            "Answer Relevancy",
            "ContextPrecision",
            "faithfulness",
            "language_match",
            "resolution",
        ] {
            let scale = scales.of(name);
            assert!(scale.direction == Direction::Higher && !scale.assumed, "{name}");
        }
        for name in [
            "Toxicity",
            "hallucination",
            "hallucination_rate",
            "HallucinationMetric",
            "Bias",
            "pii_leakage",
            "latency_ms",
        ] {
            let scale = scales.of(name);
            assert!(scale.direction == Direction::Lower && !scale.assumed, "{name}");
        }
        assert!(scales.of("our_own_thing").assumed);
        assert_eq!(scales.of("tool_choice").range, Some((0.0, 1.0)));
    }

    #[test]
    fn labels_mean_something() {
        let scales = Scales::built_in();
        assert_eq!(scales.meaning("hallucination", "hallucinated"), Some(Meaning::Bad));
        assert_eq!(scales.meaning("anything", "PASS"), Some(Meaning::Good));
        assert_eq!(scales.meaning("anything", "mauve"), None);
    }

    #[test]
    fn a_workspace_file_wins_and_its_errors_have_a_line() {
        let text = "[[evaluator]]\nnames = [\"tone\", \"our_*\"]\ndirection = \"lower\"\n";
        let scales = Scales::extended("evaluators.toml", text).unwrap();
        assert_eq!(scales.of("tone").direction, Direction::Lower);
        assert_eq!(scales.of("our_effort").direction, Direction::Lower);
        assert_eq!(scales.of("helpfulness").direction, Direction::Higher);
        let error =
            Scales::extended("evaluators.toml", "[[evaluator]]\nnames = 3\ndirection = \"lower\"\n").unwrap_err();
        assert!(error.to_string().starts_with("evaluators.toml:2: "), "{error}");
    }

    #[test]
    fn patterns_match_from_end_to_end() {
        assert!(matches("*toxic*", "toxicity") && matches("a*b*c", "aXbYc") && matches("a", "a"));
        assert!(!matches("toxic", "toxicity") && !matches("a*b", "ac") && !matches("a*", "ba"));
        assert_eq!(normal("Answer Relevancy"), "answer_relevancy");
        assert_eq!(normal("HallucinationMetric"), "hallucination_metric");
        assert_eq!(normal("fi.evals/Tone"), "fi_evals_tone");
    }
}
