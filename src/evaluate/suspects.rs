//! The steps to look at first, most suspicious first.
//!
//! Invariant: the order is a pure function of the conversation; of two equally suspicious steps the earlier comes first.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::facts::{Aim, Facts, Row, Speaker};
use super::language::Cue;
use super::registry::{self, Place};
use super::resolution::{Mood, mood};
use super::{Case, loops, reference, tools};
use crate::model::id::SpanRef;

/// A suspicious step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Suspect {
    /// The number of the step.
    pub step: u32,
    /// Its span: the execution, else the decision.
    pub span: Option<SpanRef>,
    /// How suspicious; only the order means anything.
    pub weight: f64,
    /// The heaviest reason in words.
    pub why: String,
}

/// How many suspects are kept.
const MOST: usize = 5;

/// Why a row is suspicious; put into words for those that are shown.
#[derive(Debug, Clone, Copy)]
enum Why<'a> {
    /// These words.
    Words(&'a str),
    /// What a tool did.
    Tool(&'a str, &'static str),
    /// Another tool fits better than the one that was called.
    Better(&'a str, &'a str),
    /// So many numbers that occur nowhere before.
    Numbers(usize),
    /// Only that an agent spoke; shown where nothing else is known.
    Turn,
}

impl Why<'_> {
    fn words(self) -> String {
        match self {
            Self::Words(words) => words.to_owned(),
            Self::Tool(tool, words) => format!("{tool} {words}"),
            Self::Better(better, tool) => format!("{better} fits the customer's words better than {tool}"),
            Self::Numbers(count) => format!("{count} numbers that occur nowhere before"),
            Self::Turn => "an agent's turn".to_owned(),
        }
    }
}

/// Weights on rows, with the reason of each.
#[derive(Debug, Default)]
struct Suspicions<'a>(Vec<(usize, f64, Why<'a>)>);

impl<'a> Suspicions<'a> {
    fn add(&mut self, row: usize, weight: f64, why: Why<'a>) {
        self.0.push((row, weight, why));
    }

    fn ranked(mut self, facts: &Facts<'_>, candidates: &[usize], slope: f64) -> Vec<Suspect> {
        // Stable: weights of one row are added, and of equal ones the last is shown, in the order they came.
        self.0.sort_by_key(|(row, ..)| *row);
        let mut suspects: Vec<(usize, f64, Option<Why<'_>>)> = candidates
            .iter()
            .enumerate()
            .map(|(index, row)| {
                let from = self.0.partition_point(|(at, ..)| at < row);
                let on_row = self.0[from..].iter().take_while(|(at, ..)| at == row);
                let weight = on_row.clone().map(|(_, weight, _)| weight).sum::<f64>() - slope * index as f64;
                let is_turn = |why: &Why<'_>| matches!(why, Why::Turn);
                let heaviest = on_row.max_by(|a, b| is_turn(&b.2).cmp(&is_turn(&a.2)).then(a.1.total_cmp(&b.1)));
                (*row, weight, heaviest.map(|(_, _, why)| *why))
            })
            .collect();
        suspects.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        suspects
            .into_iter()
            .filter_map(|(row, weight, why)| Some((row, weight, why?.words())))
            .filter(|(_, _, why)| !why.is_empty())
            .take(MOST)
            .map(|(row, weight, why)| Suspect {
                step: facts.rows[row].step.number,
                span: facts.spans_of(row).into_iter().next(),
                weight,
                why,
            })
            .collect()
    }
}

/// The most suspicious steps of a conversation.
pub(super) fn rank(case: &Case<'_>) -> Vec<Suspect> {
    let facts = case.facts;
    if let Some(first) = reference::diff(facts).and_then(|diff| diff.first_deviation(facts)) {
        let mut suspects = without_reference(case);
        let step = facts.rows[first].step.number;
        suspects.retain(|suspect| suspect.step != step);
        let top = suspects.first().map_or(0.0, |suspect| suspect.weight);
        let why = "first departure from the expected calls".to_owned();
        suspects.insert(0, Suspect { step, span: facts.spans_of(first).into_iter().next(), weight: top + 1.0, why });
        suspects.truncate(MOST);
        return suspects;
    }
    without_reference(case)
}

fn without_reference(case: &Case<'_>) -> Vec<Suspect> {
    let facts = case.facts;
    let of_a_crew = facts.calls.is_empty() && (facts.customer.is_empty() || several_voices(facts));
    if of_a_crew { of_chat(facts) } else { of_tools(case) }
}

fn several_voices(facts: &Facts<'_>) -> bool {
    let mut names: Vec<&str> =
        facts.rows.iter().filter_map(|row| row.step.agent.as_ref()).map(crate::text::Untrusted::exact).collect();
    names.sort_unstable();
    names.dedup();
    names.len() > 1
}

/// Agents that call tools: what was done weighs most, since errors are seldom the deciding step.
fn of_tools(case: &Case<'_>) -> Vec<Suspect> {
    let facts = case.facts;
    let mut found = Suspicions::default();
    let repeated: Vec<usize> = loops::repeated_calls(facts).iter().map(|call| call.row).collect();
    let mut first_write = true;
    for call in &facts.calls {
        let row = call.row;
        if call.is_done_write() {
            found.add(row, 2.0, Why::Tool(call.tool, "changed something"));
            if !facts.agreed(call) {
                found.add(row, 1.5, Why::Tool(call.tool, "without a yes of the customer"));
            }
            if !tools::ungrounded(facts, call).is_empty() {
                found.add(row, 0.8, Why::Tool(call.tool, "with a value nobody had named"));
            }
            if first_write {
                found.add(row, 0.5, Why::Words("the first change"));
                first_write = false;
            }
        }
        if call.aim == Aim::Person {
            found.add(row, 1.8, Why::Words("handed over to a person"));
        }
        if tools::malformed(case, call).is_some() {
            found.add(row, 2.0, Why::Tool(call.tool, "is malformed or unknown"));
        }
        if call.failed {
            found.add(row, 1.0, Why::Tool(call.tool, "failed"));
        }
        if repeated.contains(&row) {
            found.add(row, 0.5, Why::Words("called again unchanged"));
        }
        if facts.customer_after(row).is_some_and(|next| mood(next) == Mood::Annoyed) {
            found.add(row, 0.3, Why::Words("the customer was annoyed next"));
        }
    }
    if let Some(last) = facts.agent.last() {
        found.add(*last, 0.6, Why::Words("the last word of the agent"));
    }
    for row in &facts.agent {
        if !facts.rows[*row].claims.is_empty() {
            found.add(*row, 0.1, Why::Words("says that something was done"));
        }
    }
    flagged(case, &mut found);
    let candidates: Vec<usize> = facts.agent.iter().copied().chain(facts.calls.iter().map(|call| call.row)).collect();
    let mut candidates = candidates;
    candidates.sort_unstable();
    found.ranked(facts, &candidates, 0.01)
}

/// Steps the evaluators that name a concrete fault point at.
fn flagged<'a>(case: &'a Case<'_>, found: &mut Suspicions<'a>) {
    let judges: [(Place, f64); 11] = [
        (registry::CLAIMED, 4.5),
        (registry::UNCONFIRMED, 2.0),
        (registry::INVENTED, 2.5),
        (registry::CONTRADICTIONS, 4.0),
        (registry::OTHER_CUSTOMER, 3.0),
        (registry::LOOPS, 1.5),
        (registry::ESCALATION, 3.0),
        (registry::ROUTING, 3.0),
        (registry::TRUNCATED, 3.0),
        (registry::IGNORED, 2.0),
        (registry::VERIFIER, 1.5),
    ];
    for (judge, weight) in judges {
        let Some(judgement) = case.ask(judge) else { continue };
        for flag in &judgement.flags {
            if let Some(row) = flag.row {
                found.add(row, weight, Why::Words(&flag.why));
            }
        }
    }
    for call in &case.facts.calls {
        if let Some(better) = tools::better_tool(case.facts, call) {
            found.add(call.row, 3.0, Why::Better(better, call.tool));
        }
    }
}

/// Crews that talk: early agent turns with made-up data, numbers from nowhere, or trouble soon after.
///
/// Who carries code out is never to blame, and a nod or a closing word decides nothing: neither is a candidate.
fn of_chat(facts: &Facts<'_>) -> Vec<Suspect> {
    let mut found = Suspicions::default();
    let rows: Vec<usize> = (0..facts.rows.len()).filter(|at| !facts.rows[*at].text.trim().is_empty()).collect();
    let mut known: HashSet<&str> = HashSet::new();
    let mut answered = false;
    for (at, row) in rows.iter().enumerate() {
        let here = &facts.rows[*row];
        if is_agent(here) {
            // Of two that are alike the earlier one: what follows only carries its fault on.
            found.add(*row, 0.8 - 0.06 * at as f64, Why::Turn);
            talked(facts, &rows, at, &mut found);
            if at == 0 && tells_failed_run(&here.lower) {
                found.add(*row, 2.0, Why::Words("sets out from the report of a failed run, not from a request"));
            }
            let from_nowhere = digits(here.text).filter(|number| !known.contains(number)).collect::<HashSet<_>>().len();
            // The first row brings the task: its numbers are the request's.
            if at > 0 && from_nowhere > 0 {
                found.add(*row, 0.3 * (from_nowhere.min(8) as f64).ln_1p(), Why::Numbers(from_nowhere));
                if !answered && !here.text.contains(FENCE) {
                    found.add(*row, 0.8, Why::Words("states numbers before anything was looked up or computed"));
                }
            }
            if at > 0 && MADE_UP.iter().any(|stem| here.lower.contains(stem)) {
                found.add(*row, 0.4, Why::Words("works with assumed or made-up data"));
            }
        } else {
            answered = true;
        }
        known.extend(digits(here.text));
    }
    let agents = || rows.iter().copied().filter(|row| is_agent(&facts.rows[*row]));
    let of_weight: Vec<usize> = agents().filter(|row| facts.rows[*row].words >= FEW_WORDS).collect();
    found.ranked(facts, &if of_weight.is_empty() { agents().collect() } else { of_weight }, 0.0)
}

/// What speaks against an agent's turn by its wording and by what comes right after it.
fn talked(facts: &Facts<'_>, rows: &[usize], at: usize, found: &mut Suspicions<'_>) {
    let (row, after) = (rows[at], &rows[at + 1..]);
    if facts.rows[row].cues.has(Cue::Hedge) {
        found.add(row, 0.6, Why::Words("guesses or assumes"));
    }
    if after.iter().take(2).any(|next| facts.rows[*next].cues.has(Cue::Correction)) {
        found.add(row, 0.6, Why::Words("is corrected soon after"));
    }
    if after.first().is_some_and(|next| tells_error(&facts.rows[*next].lower)) {
        found.add(row, 0.5, Why::Words("an error follows"));
    }
    if facts.rows[row].text.contains(FENCE) {
        found.add(row, 0.4, Why::Words("holds code"));
    }
}

/// Where code begins and ends in a message.
const FENCE: &str = "```";

/// A message of fewer words is a nod or a closing word.
const FEW_WORDS: u32 = 4;

/// Stems of words for data that stand in for what should have been found out.
const MADE_UP: [&str; 12] = [
    "assum",
    "hypothet",
    "simulat",
    "placeholder",
    "mock",
    "dummy",
    "annahme",
    "platzhalter",
    "supposons",
    "fictif",
    "supongamos",
    "ficticio",
];

/// False for customers, and for what only carries code out and prints: told by the last word of its name.
fn is_agent(row: &Row<'_>) -> bool {
    row.step.agent.as_ref().map_or(row.speaker == Speaker::Agent, |agent| !is_machine(agent.exact()))
}

fn is_machine(name: &str) -> bool {
    let mut lower = name.trim_end_matches(|c: char| !c.is_alphabetic()).to_lowercase();
    let ends = |word: &str| lower.ends_with(word);
    if ["terminal", "console", "interpreter", "sandbox"].into_iter().any(ends) {
        return true;
    }
    // An executor of a plan is an agent as any other, an executor of code is not.
    let executes = ends("executor");
    lower.retain(char::is_alphabetic);
    executes && lower.contains("code") || lower == "environment" || lower == "computer"
}

fn tells_error(lower: &str) -> bool {
    ["error", "exitcode: 1", "execution failed", "traceback", "exception"].iter().any(|word| lower.contains(word))
}

/// True where the prose of a text, its code left out, reports a run that failed.
fn tells_failed_run(lower: &str) -> bool {
    let signs = ["exitcode:", "execution failed", "traceback", "error:"];
    lower.split(FENCE).step_by(2).any(|prose| signs.iter().any(|sign| prose.contains(sign)))
}

/// Numbers of two digits and more.
fn digits(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_digit() || c == '.'))
        .map(|token| token.trim_matches('.'))
        .filter(|token| token.len() >= 2)
}
