//! What a gate says: as JSON, as Markdown for a pull request, as `JUnit` for a build server.
//!
//! Invariant: no transcript text is in it; ids, names of tools and arguments, counts, and what a judge said. All that a
//! source or a person chose has passed the masking door, unless a person opened it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::dataset::regression::Outcome;
use crate::ingest::{Problem, ProblemKind};
use crate::text::{count, door::terminal_line};

use super::super::evaluate::Tally;
use super::super::evaluate::command::CommandReport;
use super::super::import::ImportReport;
use super::matching::MatchedBy;
use super::{Trial, decide};

/// Problems of reading that a report holds one by one.
const MOST_PROBLEMS: usize = 100;

/// The state of a case over its trials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// All judged trials passed.
    Pass,
    /// All failed.
    Fail,
    /// Some passed and some failed.
    Flaky,
    /// No trial could be judged.
    Unjudged,
    /// No run matches.
    Missing,
}

impl State {
    /// The lower-case word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Flaky => "flaky",
            Self::Unjudged => "unjudged",
            Self::Missing => "missing",
        }
    }
}

/// How many of what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Counts {
    pub cases: usize,
    pub passed: usize,
    pub failed: usize,
    pub flaky: usize,
    pub unjudged: usize,
    pub missing: usize,
    pub runs: usize,
    pub unmatched_runs: usize,
    pub trials: u64,
    pub passed_trials: u64,
    pub unjudged_trials: u64,
    pub trials_decided_by_judge: u64,
    pub matched_by: BTreeMap<MatchedBy, usize>,
}

/// New runs beside those of a baseline.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Cases judged on both sides.
    pub cases: usize,
    /// Of them, those whose share of passing trials fell.
    pub worse: u64,
    /// And those whose share rose.
    pub better: u64,
    /// The exact one-sided probability of so many worse ones.
    pub p_worse: f64,
    /// `McNemar`'s exact two-sided probability.
    pub p_two_sided: f64,
    /// The mean change of the share of passing trials.
    pub difference: Option<f64>,
    /// Its bootstrap interval.
    pub interval: Option<(f64, f64)>,
}

/// One case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CaseReport {
    /// The case.
    pub case_id: String,
    /// The conversation it was made of.
    pub conversation_id: String,
    /// The step it is about.
    pub step: Option<u32>,
    /// Its task, where the source names tasks.
    pub task: Option<String>,
    /// Its intent.
    pub intent: Option<String>,
    /// Its failure mode.
    pub mode: Option<String>,
    /// 1 to 4.
    pub severity: Option<u8>,
    /// Now.
    pub state: State,
    /// In the baseline.
    pub baseline: Option<State>,
    /// How its runs were found; null without any.
    pub matched_by: Option<MatchedBy>,
    /// Its trials.
    pub trials: Vec<Trial>,
}

/// Where the runs were read from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunsOf {
    /// The files, in full.
    pub files: Vec<PathBuf>,
    /// Which of their runs.
    pub filter: String,
}

/// What came of reading runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Reading {
    /// Records found in the files.
    pub records: u64,
    /// Of them, those that could not be read.
    pub skipped: u64,
    /// Runs that have the id of another run and another text, and were set aside.
    pub conflicts: u64,
    /// Records that are the same as others, or of which others tell more.
    pub repeated: u64,
    /// Files that could not be read, or not to their end.
    pub broken_files: u64,
    /// What was not, or not wholly, understood: what was lost by it comes first, the first hundred.
    pub problems: Vec<Problem>,
}

impl Reading {
    /// Of an import's report.
    pub fn of(report: ImportReport) -> Self {
        let refused = |kind| matches!(kind, ProblemKind::Io | ProblemKind::Refused);
        let mut files: Vec<&str> = Vec::new();
        files.extend(report.problems.iter().filter(|one| refused(one.kind)).map(|one| one.path.as_str()));
        files.sort_unstable();
        files.dedup();
        let broken_files = files.len() as u64;
        let (mut problems, odd): (Vec<Problem>, Vec<Problem>) =
            report.problems.into_iter().partition(|problem| problem.lost > 0 || refused(problem.kind));
        problems.extend(odd);
        problems.truncate(MOST_PROBLEMS);
        Self {
            records: report.read,
            skipped: report.skipped,
            conflicts: report.conflicts,
            repeated: report.unchanged,
            broken_files,
            problems,
        }
    }

    /// Why runs may be missing, in words; `whose` says of which runs.
    pub fn lost(&self, whose: &str) -> Vec<String> {
        let told = [
            (self.broken_files, format!("{} of the files {whose} could not be read to the end", self.broken_files)),
            (self.skipped, format!("{} of {} records {whose} could not be read", self.skipped, self.records)),
            (
                self.conflicts,
                format!(
                    "{} {whose} have the id of another and were set aside: give each trial an id of its own",
                    self.conflicts
                ),
            ),
        ];
        told.into_iter().filter(|(count, _)| *count > 0).map(|(_, why)| why).collect()
    }
}

/// What a gate says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// 1.
    pub schema_version: u32,
    /// The cases.
    pub dataset: String,
    /// The same as they were asked for: a dataset, or where the file of cases is.
    pub cases_of: String,
    /// The runs.
    pub runs: RunsOf,
    /// How reading the runs went.
    pub reading: Reading,
    /// The same for the baseline.
    pub reading_of_baseline: Option<Reading>,
    /// `pass` or `regression`.
    pub decision: String,
    /// Why it is a regression.
    pub reasons: Vec<String>,
    /// How often noise may be called a regression.
    pub alpha: f64,
    /// The share of cases that has to pass, where one has to.
    pub min_pass: Option<f64>,
    /// The mean share of passing trials over the cases that were judged: a flaky case counts with its share.
    pub pass_rate: Option<f64>,
    /// Its interval (Wilson's).
    pub interval: Option<(f64, f64)>,
    /// How many of what.
    pub counts: Counts,
    /// How likely k trials of a case all pass, by k.
    pub pass_hat: BTreeMap<u64, f64>,
    /// Beside the baseline.
    pub comparison: Option<Comparison>,
    /// How often the test split that was used had been opened before.
    pub test_uses_before: usize,
    /// What the evaluators that were asked for said of the runs that match: passed, objected, could not tell.
    pub evaluators: BTreeMap<String, Tally>,
    /// Names in `limits.toml` that are no evaluator's, in words.
    pub strangers: Vec<String>,
    /// How asking a judge went; null where none was asked.
    pub judge: Option<CommandReport>,
    /// The same for the baseline.
    pub judge_of_baseline: Option<CommandReport>,
    /// Runs that no case matches, by their ids.
    pub unmatched_runs: Vec<String>,
    /// Case by case.
    pub cases: Vec<CaseReport>,
}

impl Report {
    /// True where it is a regression.
    pub fn failed(&self) -> bool {
        self.decision != "pass"
    }

    /// The report for a pull request.
    pub fn markdown(&self) -> String {
        let counts = &self.counts;
        let mut out = format!("## Aftercall gate: {}\n\n", if self.failed() { "regression" } else { "pass" });
        for reason in &self.reasons {
            let _ = writeln!(out, "- **{}**", cell(reason));
        }
        let _ = writeln!(
            out,
            "\n{} against {}: {} pass, {} fail, {} flaky, {} could not be judged, {} without a run.",
            cell(&self.dataset),
            count(counts.runs as u64, "run"),
            count(counts.passed as u64, "case"),
            counts.failed,
            counts.flaky,
            counts.unjudged,
            counts.missing
        );
        for line in self.remarks() {
            let _ = writeln!(out, "\n{}.", cell(&line));
        }
        if let (Some(rate), Some((low, high))) = (self.pass_rate, self.interval) {
            let _ = writeln!(out, "\nPass rate {} ({} to {}).", percent(rate), percent(low), percent(high));
        }
        if !self.pass_hat.is_empty() {
            let all: Vec<String> =
                self.pass_hat.iter().map(|(k, rate)| format!("pass^{k} {}", percent(*rate))).collect();
            let _ = writeln!(out, "\n{}.", all.join(", "));
        }
        if let Some(comparison) = &self.comparison {
            let _ = writeln!(
                out,
                "\nAgainst the baseline, of {} judged on both sides: {} worse, {} better (exact one-sided p {:.4}).",
                count(comparison.cases as u64, "case"),
                comparison.worse,
                comparison.better,
                comparison.p_worse
            );
            if let (Some(mean), Some((low, high))) = (comparison.difference, comparison.interval) {
                let _ = writeln!(
                    out,
                    "Mean change {:+.1} points ({:+.1} to {:+.1}).",
                    mean * 100.0,
                    low * 100.0,
                    high * 100.0
                );
            }
        }
        self.tables(&mut out);
        out
    }

    /// How reading went, and of which runs.
    pub(super) fn readings(&self) -> impl Iterator<Item = (&'static str, &Reading)> {
        std::iter::once(("of the runs", &self.reading))
            .chain(self.reading_of_baseline.iter().map(|reading| ("of the runs of the baseline", reading)))
    }

    /// What is to be said of how runs were found and judged, in lines.
    pub fn remarks(&self) -> Vec<String> {
        let counts = &self.counts;
        let mut lines = Vec::new();
        for (whose, reading) in self.readings() {
            if reading.repeated > 0 {
                lines.push(format!("{} records {whose} say nothing that others do not say", reading.repeated));
            }
            if let Some(problem) = reading.problems.first() {
                let line = problem.line.map_or_else(String::new, |line| format!(", line {line}"));
                let (count, of) = (reading.problems.len(), format!("{}{line}: {}", problem.path, problem.message));
                lines.push(format!("reading {whose} met {count} problems, the first in {of}"));
            }
        }
        let found: Vec<String> =
            counts.matched_by.iter().map(|(by, count)| format!("{count} by {}", by.word())).collect();
        if !found.is_empty() || counts.unmatched_runs > 0 {
            let found = if found.is_empty() { "none".to_owned() } else { found.join(", ") };
            lines.push(format!("cases that found runs: {found}; runs that no case matches: {}", counts.unmatched_runs));
        }
        if let Some(comparison) = self.comparison.as_ref().filter(|found| found.worse > 0 && !self.failed()) {
            lines.push(format!(
                "{} became worse and {} better: with so few that changed it may be chance (p {:.4}, not below {})",
                count(comparison.worse, "case"),
                comparison.better,
                comparison.p_worse,
                self.alpha
            ));
        }
        for (name, tally) in &self.evaluators {
            lines.push(format!(
                "{name} objects to {} runs, has nothing against {}, cannot tell of {}",
                tally.failed, tally.passed, tally.abstained
            ));
        }
        lines.extend(self.strangers.iter().cloned());
        for (of, judge) in [("", &self.judge), (" of the baseline", &self.judge_of_baseline)] {
            if let Some(judge) = judge {
                lines.push(format!(
                    "the judge was asked about {} trials{of}: {} answered, {} in part, {} not, {} never asked",
                    judge.asked + judge.not_asked,
                    judge.answered,
                    judge.partly,
                    judge.failed,
                    judge.not_asked
                ));
            }
        }
        lines
    }

    fn tables(&self, out: &mut String) {
        let why = decide::reasons(self);
        if !why.is_empty() {
            out.push_str("\n| trials | what broke |\n| --- | --- |\n");
            for (why, count) in why.iter().take(20) {
                let _ = writeln!(out, "| {count} | {} |", cell(why));
            }
        }
        let shown = |case: &&CaseReport| matches!(case.state, State::Fail | State::Flaky);
        let broken: Vec<(&CaseReport, &Trial, &str, Option<u32>)> = self
            .cases
            .iter()
            .filter(shown)
            .filter_map(|case| {
                case.trials.iter().find_map(|trial| match &trial.outcome {
                    Outcome::Fail { why, step } => Some((case, trial, why.as_str(), *step)),
                    _ => None,
                })
            })
            .collect();
        if broken.is_empty() {
            return;
        }
        // A column in which nothing would be said is left out.
        let tasks = broken.iter().any(|(case, ..)| case.task.is_some());
        let baseline = self.comparison.is_some();
        let mut names = vec!["case"];
        names.extend(tasks.then_some("task"));
        names.extend(["its step", "state"]);
        names.extend(baseline.then_some("baseline"));
        names.extend(["passed", "found by", "run", "step in its place", "broken at", "what broke"]);
        let _ = writeln!(out, "\n| {} |\n|{}", names.join(" | "), " --- |".repeat(names.len()));
        for (case, trial, why, step) in broken {
            let number = |step: Option<u32>| step.map_or_else(|| "-".to_owned(), |step| step.to_string());
            let passed = case.trials.iter().filter(|trial| trial.outcome == Outcome::Pass).count();
            let mut cells = vec![cell(&case.case_id)];
            cells.extend(tasks.then(|| cell(case.task.as_deref().unwrap_or("-"))));
            cells.extend([number(case.step), case.state.word().to_owned()]);
            cells.extend(baseline.then(|| case.baseline.map_or("-", State::word).to_owned()));
            cells.extend([format!("{passed}/{}", case.trials.len())]);
            cells.extend([case.matched_by.map_or("-", MatchedBy::word).to_owned(), cell(&trial.run)]);
            cells.extend([number(trial.counterpart), number(step), cell(&told(why, trial))]);
            let _ = writeln!(out, "| {} |", cells.join(" | "));
        }
        out.push_str(
            "\nThe failing runs beside their cases: `aftercall review --gate` with this report as JSON (`--json`).\n",
        );
    }

    /// The report for a build server: a test per case; flaky ones pass and say so, unjudged and missing ones are skipped.
    /// One test more is the decision, so that a gate that fails as a whole is not green.
    pub fn junit(&self) -> String {
        let counts = &self.counts;
        let skipped = counts.unjudged + counts.missing;
        let mut out = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n<testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" \
             errors=\"0\" skipped=\"{skipped}\">\n",
            xml(&format!("aftercall gate {}", self.dataset)),
            counts.cases + 1,
            counts.failed + usize::from(self.failed())
        );
        out.push_str("<testcase classname=\"gate\" name=\"decision\">");
        if self.failed() {
            let _ = write!(out, "<failure message=\"{}\"/>", xml(&self.reasons.join("; ")));
        }
        out.push_str("</testcase>\n");
        for case in &self.cases {
            let class = case.mode.as_deref().or(case.intent.as_deref()).unwrap_or("case");
            let _ = write!(out, "<testcase classname=\"{}\" name=\"{}\">", xml(class), xml(&case.case_id));
            let told = case.trials.iter().find_map(|trial| match &trial.outcome {
                Outcome::Fail { why, step } => {
                    let mut at = step.map_or_else(String::new, |step| format!(", step {step}"));
                    if let (Some(of), Some(place)) = (case.step, trial.counterpart) {
                        let _ = write!(at, "; the case's step {of} is its step {place}");
                    }
                    Some(format!("{} (run {}{at})", told(why, trial), trial.run))
                }
                Outcome::Unjudged { why } if case.state == State::Unjudged => Some(why.clone()),
                _ => None,
            });
            let told = xml(&told.unwrap_or_else(|| "no run matches".to_owned()));
            match case.state {
                State::Pass => {}
                State::Fail => drop(write!(out, "<failure message=\"{told}\"/>")),
                State::Flaky => drop(write!(out, "<system-out>flaky: {told}</system-out>")),
                State::Unjudged | State::Missing => drop(write!(out, "<skipped message=\"{told}\"/>")),
            }
            out.push_str("</testcase>\n");
        }
        out.push_str("</testsuite>\n</testsuites>\n");
        out
    }
}

/// Why a trial failed, with what a judge said.
fn told(why: &str, trial: &Trial) -> String {
    trial.said.as_ref().map_or_else(|| why.to_owned(), |said| format!("{why}: {said}"))
}

fn percent(rate: f64) -> String {
    format!("{:.1} %", rate * 100.0)
}

/// Text in a cell of a Markdown table; names of tools and arguments come from transcripts.
fn cell(text: &str) -> String {
    let mut out = String::new();
    for c in terminal_line(text).chars() {
        if matches!(c, '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '#' | '!' | '@') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Text in XML.
fn xml(text: &str) -> String {
    let mut out = String::new();
    for c in terminal_line(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_from_transcripts_stay_text() {
        assert_eq!(cell("a|b<i>"), "a\\|b\\<i\\>");
        assert_eq!(xml("a<b&\"c\u{1b}"), format!("a&lt;b&amp;&quot;c{}", terminal_line("\u{1b}")));
    }
}
