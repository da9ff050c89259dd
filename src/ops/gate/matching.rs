//! Which runs are runs of which case.
//!
//! Invariant: a run that names a task is never taken for one of another task, however alike they sound.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::super::dataset::task;
use super::GateError;
use crate::dataset::family::{Sketch, alike};
use crate::dataset::regression::Case;
use crate::model::conversation::Conversation;
use crate::model::step::{Role, StepContent};

mod tasks;

/// How a case came by its runs; the first that finds any decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MatchedBy {
    /// Both name the same task.
    Task,
    /// What was said before the step is nearly the same.
    Family,
    /// The customer opens with the same words.
    Opening,
}

impl MatchedBy {
    /// The lower-case word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Task => "task",
            Self::Family => "family",
            Self::Opening => "opening",
        }
    }
}

/// The runs of a case, by index, and how they were found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Matched {
    /// How; `None` where there are none.
    pub by: Option<MatchedBy>,
    /// Which.
    pub runs: Vec<usize>,
}

/// A text apart from case and punctuation.
fn plain(text: &str) -> String {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

/// All that customer and agent say to each other in a run.
fn said(run: &Conversation) -> Vec<&str> {
    let steps = run.steps.iter().filter(|step| step.depth == 0);
    let texts = steps.filter_map(|step| match &step.content {
        StepContent::Message { role: Role::User | Role::Assistant, text, .. } => Some(text.exact()),
        _ => None,
    });
    texts.filter(|text| !text.is_empty()).collect()
}

fn first_words(run: &Conversation) -> String {
    let first = run.steps.iter().find(|step| step.is_customers());
    first.map_or_else(String::new, |step| match &step.content {
        StepContent::Message { text, .. } => plain(text.exact()),
        StepContent::ToolCall { .. } => String::new(),
    })
}

/// The runs of every case, and how many runs name a task of theirs but are of another domain. `exact` are the runs as they are, `compared` the same with what is masked in the cases.
///
/// # Errors
/// The id of a task stands for several tasks.
pub fn matches(
    cases: &[Case],
    exact: &[Conversation],
    compared: &[Conversation],
) -> Result<(Vec<Matched>, usize), GateError> {
    let tasks: Vec<Option<String>> = exact.iter().map(task).collect();
    let by_task = tasks::Tasks::of(cases, exact, compared);
    let mut by_opening: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, run) in compared.iter().enumerate() {
        by_opening.entry(first_words(run)).or_default().push(at);
    }
    let mut found = Vec::with_capacity(cases.len());
    for case in cases {
        let runs = by_task.runs_of(case).map_err(GateError::Ambiguous)?;
        found.push(Matched { by: (!runs.is_empty()).then_some(MatchedBy::Task), runs });
    }
    let open: Vec<usize> = (0..cases.len()).filter(|at| found[*at].by.is_none()).collect();
    let may = |case: &Case, run: &usize| case.task().is_none() || tasks[*run].is_none();
    for (at, runs) in families(cases, &open, compared) {
        let runs: Vec<usize> = runs.into_iter().filter(|run| may(&cases[at], run)).collect();
        if !runs.is_empty() {
            found[at] = Matched { by: Some(MatchedBy::Family), runs };
        }
    }
    for at in open.into_iter().filter(|at| found[*at].by.is_none()).collect::<Vec<_>>() {
        let opening = cases[at].opening().map(plain).filter(|text| !text.is_empty());
        let runs = opening.and_then(|text| by_opening.get(&text)).into_iter().flatten();
        let runs: Vec<usize> = runs.copied().filter(|run| may(&cases[at], run)).collect();
        if !runs.is_empty() {
            found[at] = Matched { by: Some(MatchedBy::Opening), runs };
        }
    }
    Ok((found, by_task.strangers()))
}

/// Runs that begin nearly as the cases do, by case: as many messages of a run are looked at as stand before the step.
fn families(cases: &[Case], open: &[usize], runs: &[Conversation]) -> Vec<(usize, Vec<usize>)> {
    let mut by_length: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for at in open {
        by_length.entry(cases[*at].said().len()).or_default().push(*at);
    }
    by_length.remove(&0);
    let texts: Vec<Vec<&str>> = if by_length.is_empty() { Vec::new() } else { runs.iter().map(said).collect() };
    let mut found: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for (length, group) in by_length {
        let first: Vec<Sketch> = group.iter().map(|at| Sketch::of(&cases[*at].said().join("\n"))).collect();
        let begin = |text: &Vec<&str>| text.get(..length.min(text.len())).unwrap_or_default().join("\n");
        // A text of no words is as near to any other of none; it says nothing.
        let spoken: Vec<usize> = (0..runs.len()).filter(|at| !plain(&begin(&texts[*at])).is_empty()).collect();
        let second: Vec<Sketch> = spoken.iter().map(|at| Sketch::of(&begin(&texts[*at]))).collect();
        for (case, run) in alike(&first, &second) {
            found.entry(group[case]).or_default().insert(spoken[run]);
        }
    }
    found.into_iter().map(|(case, runs)| (case, runs.into_iter().collect())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::fixtures::{Story, say};

    fn run(text: &str, task: Option<&str>) -> Conversation {
        let mut steps = Vec::new();
        for line in text.lines() {
            let (who, said) = line.split_once(": ").unwrap();
            say(&mut steps, if who == "customer" { Role::User } else { Role::Assistant }, said);
        }
        let mut run = Story::of(steps).conversation;
        run.attributes.clear();
        if let Some(task) = task {
            run.attributes.insert("task_id".to_owned(), task.into());
        }
        run
    }

    fn case(task: &str, prefix: &str) -> Case {
        let line =
            format!(r#"{{"case_id":"k","conversation_id":"c","task_id":{task},"prefix":[{prefix}],"acceptable":[]}}"#);
        Case::parse(&line).unwrap()
    }

    const LONG: &str = "hello there I would like to send back the green tent that I ordered with you two weeks ago \
                        because one of its poles is broken and I need the money for another one before Friday";

    #[test]
    fn a_task_goes_before_words_and_is_never_taken_for_another() {
        let runs = [run("customer: one\nagent: a", Some("7")), run("customer: one\nagent: b", Some("8"))];
        let named = |case: &Case| matches(std::slice::from_ref(case), &runs, &runs).unwrap().0.remove(0);
        let one = r#"{"role":"user","content":"one"}"#;
        assert_eq!(named(&case("7", one)), Matched { by: Some(MatchedBy::Task), runs: vec![0] });
        assert_eq!(named(&case("\"8\"", one)), Matched { by: Some(MatchedBy::Task), runs: vec![1] });
        assert_eq!(named(&case("9", one)), Matched::default());
        assert_eq!(named(&case("null", one)).runs, [0, 1]);
    }

    #[test]
    fn a_family_is_found_where_a_word_differs_and_an_opening_where_the_rest_does() {
        let near = LONG.replace("hello", "Good day,").replace("Friday", "friday!");
        let runs = [
            run(&format!("customer: {near}\nagent: Which order?\ncustomer: LF-1"), None),
            run("customer: Hello there!\nagent: What can I do for you today, in this fine shop of ours?", None),
            run("customer: something else altogether", None),
        ];
        let user = |text: &str| format!(r#"{{"role":"user","content":"{text}"}}"#);
        let agent = |text: &str| format!(r#"{{"role":"assistant","content":"{text}"}}"#);
        let cases = [
            case("null", &[user(LONG), agent("Which order?")].join(",")),
            case("null", &[user("hello, there"), agent("Good morning.")].join(",")),
            case("null", &user("nobody says this")),
        ];
        let found = matches(&cases, &runs, &runs).unwrap().0;
        assert_eq!(found[0], Matched { by: Some(MatchedBy::Family), runs: vec![0] });
        assert_eq!(found[1], Matched { by: Some(MatchedBy::Opening), runs: vec![1] });
        assert_eq!(found[2], Matched::default());
    }
}
