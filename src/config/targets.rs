//! `targets.toml` of a workspace: what a service wants to reach.
//!
//! Invariant: a target that is not understood is an error with its file and line, never silently left out.

use std::ops::RangeInclusive;

use serde::Deserialize;
use toml::Spanned;

/// What one measure should reach.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// The measure's id.
    pub metric: String,
    /// The bound.
    pub bound: Bound,
    /// Of which conversations, as a filter; empty for all.
    pub filter: String,
    /// Its line in the file.
    pub line: usize,
}

/// A bound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// Not below.
    AtLeast(f64),
    /// Not above.
    AtMost(f64),
}

/// What is wrong with the file; one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TargetsError(String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(default)]
    target: Vec<Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    metric: String,
    at_least: Option<f64>,
    at_most: Option<f64>,
    #[serde(default, rename = "where")]
    filter: String,
}

/// The id of a measure, and from where to where its values lie.
pub type Metric = (&'static str, RangeInclusive<f64>);

/// Reads the text of the file; `file` is for messages, `metrics` are the measures there are.
///
/// # Errors
/// The first entry that is not understood.
pub fn parse(file: &str, text: &str, metrics: &[Metric]) -> Result<Vec<Target>, TargetsError> {
    let wrong = |at: usize, what: String| TargetsError(format!("{file}:{}: {what}", super::line_of(text, at)));
    let table: Table = toml::from_str(text).map_err(|error| {
        let what = error.message().lines().next().unwrap_or("not TOML").to_owned();
        wrong(error.span().map_or(0, |span| span.start), what)
    })?;
    let target = |entry: Spanned<Entry>| {
        let at = entry.span().start;
        let Entry { metric, at_least, at_most, filter } = entry.into_inner();
        let Some((_, values)) = metrics.iter().find(|(id, _)| *id == metric) else {
            let known: Vec<&str> = metrics.iter().map(|(id, _)| *id).collect();
            return Err(wrong(at, format!("unknown metric {metric:?}; known are {}", known.join(", "))));
        };
        let bound = match (at_least, at_most) {
            (Some(bound), None) => Bound::AtLeast(bound),
            (None, Some(bound)) => Bound::AtMost(bound),
            _ => return Err(wrong(at, format!("the target for {metric} needs either at_least or at_most"))),
        };
        let (Bound::AtLeast(value) | Bound::AtMost(value)) = bound;
        if !values.contains(&value) {
            let within = if *values.end() < f64::MAX { "a share from 0 to 1" } else { "a number" };
            return Err(wrong(at, format!("the target for {metric} is {value}; it must be {within}")));
        }
        Ok(Target { metric, bound, filter, line: super::line_of(text, at) })
    };
    table.target.into_iter().map(target).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_names_a_measure_and_one_bound() {
        let text = "[[target]]\nmetric = \"csat\"\nat_least = 4.2\nwhere = \"channel:chat\"\n";
        let known = [("csat", f64::MIN..=f64::MAX), ("resolution", 0.0..=1.0)];
        let found = parse("t.toml", text, &known).unwrap();
        let bound = Bound::AtLeast(4.2);
        assert_eq!(found, [Target { metric: "csat".into(), bound, filter: "channel:chat".into(), line: 1 }]);
        let message = |text: &str| parse("t.toml", text, &known).unwrap_err().to_string();
        assert_eq!(
            message("[[target]]\nmetric = \"x\"\n"),
            "t.toml:1: unknown metric \"x\"; known are csat, resolution"
        );
        assert_eq!(
            message("\n[[target]]\nmetric = \"csat\"\n"),
            "t.toml:2: the target for csat needs either at_least or at_most"
        );
        let bounded =
            |metric: &str, bound: &str| message(&format!("[[target]]\nmetric = \"{metric}\"\nat_least = {bound}\n"));
        let share = "t.toml:1: the target for resolution is 80; it must be a share from 0 to 1";
        assert_eq!(bounded("resolution", "80"), share);
        assert!(
            bounded("csat", "nan").ends_with("it must be a number") && bounded("csat", "inf").ends_with("a number")
        );
        assert!(message("[[target]]\nmetric = \"csat\"\nat_mots = 1\n").starts_with("t.toml:3: unknown field"));
    }
}
