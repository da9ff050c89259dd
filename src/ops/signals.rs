//! The pool of a queue as signals: trace counts, evaluator scores, intents, and what else an order may rest on.
//!
//! Invariant: no label and no outcome becomes a signal the ranker learns from; no transcript is read.
//!
//! The columns, in this order (a matrix keeps the first 63 that tell anything): twelve counts of the trace, the fixed
//! P(fail), the mismatch with expected calls, how divided evaluators are, the commonest intents, then evaluators by how
//! many conversations they scored, each with its confidence.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;

use super::evaluate::{self, EvaluateError};
use super::workspace::Workspace;
use crate::evaluate::features::{Feature, Features};
use crate::evaluate::suspicion;
use crate::model::id::ConversationId;
use crate::model::time::Timestamp;
use crate::model::tool::Effect;
use crate::rank::matrix::{Column, Kind, Polarity, RawRow};
use crate::rank::queue::Facts;
use crate::store::{Signal, ToolUse};

/// Intents with a column of their own, at most.
const MOST_INTENTS: usize = 8;

/// Evaluators that look at expected calls where there are any.
const INFORMED: [&str; 5] =
    ["ExpectedCalls", "TaskCompletion", "ToolSelectionAccuracy", "FunctionCallAccuracy", "TrajectoryScore"];

/// Whether what is known of expected calls is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Expected {
    /// As far as it is known.
    #[default]
    Used,
    /// As if there were none: evaluators that look at them are left out.
    Ignored,
}

/// A pool.
#[derive(Debug, Clone, Default)]
pub struct Signals {
    /// What is known.
    pub columns: Vec<Column>,
    /// Of which conversation, by the order in which they came in.
    pub rows: Vec<RawRow>,
    /// What else is known, row by row.
    pub facts: Vec<Facts>,
}

impl Signals {
    /// The rows by the ids of their conversations.
    pub fn by_id(&self) -> HashMap<&ConversationId, usize> {
        self.rows.iter().enumerate().map(|(at, row)| (&row.id, at)).collect()
    }
}

/// A conversation on its way.
#[derive(Default)]
struct Row {
    features: Option<Features>,
    /// By evaluator: the worst value, and how sure it was.
    scores: BTreeMap<String, (f64, Option<f64>)>,
    passes: u16,
    fails: u16,
    writes: Vec<String>,
}

/// The signals of the conversations that match.
///
/// # Errors
/// The filter, or the database.
pub fn signals(
    workspace: &Workspace,
    filter: &str,
    now: Timestamp,
    expected: Expected,
) -> Result<Signals, EvaluateError> {
    let ids: HashSet<ConversationId> = evaluate::matching(workspace, filter, now)?.into_iter().collect();
    let store = workspace.store();
    let mut known: Vec<Signal> = store.signals()?;
    known.retain(|one| ids.contains(&one.id));
    let places: HashMap<i64, usize> = known.iter().enumerate().map(|(at, one)| (one.key, at)).collect();
    let features = |one: &Signal| one.features.as_deref().and_then(|text| numbers(text, expected));
    let mut rows: Vec<Row> = known.iter().map(|one| Row { features: features(one), ..Row::default() }).collect();
    let mut polarity: BTreeMap<String, Polarity> = BTreeMap::new();
    store.each_score(&mut |evaluator, score| {
        let Some(row) = places.get(&score.conversation).and_then(|at| rows.get_mut(*at)) else { return };
        if expected == Expected::Ignored && INFORMED.contains(&evaluator.name.as_str()) {
            return;
        }
        match score.passed {
            Some(true) => row.passes = row.passes.saturating_add(1),
            Some(false) => row.fails = row.fails.saturating_add(1),
            None => {}
        }
        let Some(value) = score.value.or(score.passed.map(|passed| f64::from(u8::from(passed)))) else { return };
        let worse = |a: f64, b: f64| if evaluator.lower_is_better { a.max(b) } else { a.min(b) };
        let entry = row.scores.entry(evaluator.name.clone()).or_insert((value, score.confidence));
        entry.0 = worse(entry.0, value);
        entry.1 = match (entry.1, score.confidence) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        polarity.entry(evaluator.name.clone()).or_insert(if evaluator.assumed {
            Polarity::Unknown
        } else if evaluator.lower_is_better {
            Polarity::HighIsBad
        } else {
            Polarity::LowIsBad
        });
    })?;
    store.each_tool(&mut |ToolUse { conversation, tool, calls, failed }| {
        if let Some(row) = places.get(&conversation).and_then(|at| rows.get_mut(*at))
            && calls > failed
            && Effect::guess(tool) != Effect::Read
        {
            row.writes.push(format!("{tool} {}", calls - failed));
        }
    })?;
    Ok(together(&known, &rows, &polarity))
}

/// The numbers of a conversation; without what they say of expected calls, where these are to be ignored.
fn numbers(text: &str, expected: Expected) -> Option<Features> {
    if expected == Expected::Used {
        return Features::from_stored(text);
    }
    let mut stored: Vec<f64> = serde_json::from_str(text).ok()?;
    for feature in [Feature::HasReference, Feature::Mismatch] {
        if let Some(place) = stored.get_mut(feature as usize) {
            *place = 0.0;
        }
    }
    Features::from_stored(&serde_json::to_string(&stored).ok()?)
}

fn together(known: &[Signal], rows: &[Row], polarity: &BTreeMap<String, Polarity>) -> Signals {
    let intents = common_intents(known);
    let evaluators = evaluators(rows, polarity);
    let usual = usual_steps(known, rows);
    let mut signals = Signals { columns: columns(&intents, &evaluators), ..Signals::default() };
    let contentment = Contentment::of(known);
    for (one, row) in known.iter().zip(rows) {
        let intent = one.intent.clone().unwrap_or_default();
        let steps = usual.get(intent.as_str()).copied().unwrap_or(1.0);
        let mut values = counts(row.features.as_ref(), steps);
        let votes = f64::from(row.passes) + f64::from(row.fails);
        let split = f64::from(row.fails) / votes.max(1.0);
        values.push((votes > 0.0).then_some(split * (1.0 - split)));
        values.extend(intents.iter().map(|name| Some(f64::from(u8::from(*name == intent)))));
        for (name, _, sure) in &evaluators {
            let score = row.scores.get(name);
            values.push(score.map(|score| score.0));
            if *sure {
                values.push(score.and_then(|score| score.1));
            }
        }
        let reference = row.features.as_ref().filter(|features| features.get(Feature::HasReference) > 0.0);
        signals.facts.push(Facts {
            confidence: row.scores.values().filter_map(|score| score.1).reduce(f64::min),
            passes: row.passes,
            fails: row.fails,
            mismatch: reference.map(|features| features.get(Feature::Mismatch)),
            satisfaction: contentment.of_one(&one.outcomes),
            repeats: repeats(&one.outcomes),
            flags: one.flags,
            ..Facts::default()
        });
        signals.rows.push(RawRow { id: one.id.clone(), group: group(one, row), intent, values });
    }
    signals
}

/// What a conversation nearly repeats: the same task or intent with the same changes. Without a task, and without a
/// change, nothing shows that two are alike.
fn group(one: &Signal, row: &Row) -> String {
    let writes = row.writes.join(", ");
    match (&one.task, &one.intent) {
        (Some(task), _) => format!("task {task}: {writes}"),
        (None, intent) if !row.writes.is_empty() => format!("{}: {writes}", intent.as_deref().unwrap_or_default()),
        _ => one.id.as_str().to_owned(),
    }
}

/// A count of the trace: the feature, its words, what it is, and which way it is declared to point. More than usual
/// speaks for a failure, as it does in the fixed P(fail).
const COUNTS: [(Feature, &str, &str, Shape, Polarity); 11] = [
    (Feature::Steps, "feature/steps", "messages and calls", Shape::Count, Polarity::HighIsBad),
    (Feature::DoneWrites, "feature/changes", "changes", Shape::Count, Polarity::HighIsBad),
    (Feature::NoWrite, "feature/no-change", "nothing changed", Shape::Flag("something changed"), Polarity::Unknown),
    (Feature::ToolErrors, "feature/failed-calls", "failed calls", Shape::Count, Polarity::HighIsBad),
    (Feature::HandedOver, "feature/handed-over", "handed over", Shape::Flag("not handed over"), Polarity::Unknown),
    (Feature::RefusalShare, "feature/refusals", "refusals", Shape::Share, Polarity::Unknown),
    (Feature::UnconfirmedShare, "feature/unconfirmed", "changes without a yes", Shape::Share, Polarity::HighIsBad),
    (Feature::Ungrounded, "feature/ungrounded", "values nobody had named", Shape::Count, Polarity::HighIsBad),
    (Feature::AnnoyedShare, "feature/annoyed", "annoyed messages", Shape::Share, Polarity::HighIsBad),
    (Feature::AgentWords, "feature/agent-words", "words per answer", Shape::Count, Polarity::Unknown),
    (Feature::CleanEnd, "feature/clean-end", "CleanEnd", Shape::Score, Polarity::LowIsBad),
];

/// The key of the column that holds the fixed P(fail) of the built-in evaluators.
pub const FIXED: &str = "score/P(fail)";

#[derive(Clone, Copy)]
enum Shape {
    Count,
    Share,
    Score,
    Flag(&'static str),
}

fn column(key: String, words: &str, shape: Shape, polarity: Polarity) -> Column {
    let kind = match shape {
        Shape::Count => Kind::Count,
        Shape::Share => Kind::Share,
        Shape::Score => Kind::Score,
        Shape::Flag(otherwise) => Kind::Flag { otherwise: otherwise.to_owned() },
    };
    Column { key, words: words.to_owned(), kind, polarity }
}

fn columns(intents: &[String], evaluators: &[(String, Polarity, bool)]) -> Vec<Column> {
    let mut columns: Vec<Column> = COUNTS
        .iter()
        .map(|(_, key, words, shape, polarity)| column((*key).to_owned(), words, *shape, *polarity))
        .collect();
    let fixed = [
        ("feature/steps-for-intent", "times the usual length", Polarity::HighIsBad),
        (FIXED, "first estimate high", Polarity::HighIsBad),
        ("feature/mismatch", "difference from the expected changes", Polarity::HighIsBad),
        ("feature/divided", "evaluators divided", Polarity::Unknown),
    ];
    columns.extend(fixed.map(|(key, words, polarity)| {
        // Log odds tell a reviewer nothing.
        let shape = if key == FIXED { Shape::Flag("first estimate not high") } else { Shape::Score };
        column(key.to_owned(), words, shape, polarity)
    }));
    for intent in intents {
        let mut one = column(format!("intent/{intent}"), &format!("intent {intent}"), Shape::Score, Polarity::Unknown);
        one.kind = Kind::Flag { otherwise: format!("intent not {intent}") };
        columns.push(one);
    }
    for (name, polarity, sure) in evaluators {
        columns.push(column(format!("score/{name}"), name, Shape::Score, *polarity));
        if *sure {
            let words = format!("confidence of {name}");
            columns.push(column(format!("confidence/{name}"), &words, Shape::Score, Polarity::LowIsBad));
        }
    }
    columns
}

/// The counts of a conversation, its length by the usual one, the fixed P(fail), and the mismatch.
fn counts(features: Option<&Features>, usual: f64) -> Vec<Option<f64>> {
    let mut values: Vec<Option<f64>> =
        COUNTS.iter().map(|(feature, ..)| features.map(|features| features.get(*feature))).collect();
    values.push(features.map(|features| (features.get(Feature::Steps) / usual.max(1.0)).ln_1p()));
    let p = features.and_then(|features| suspicion::prior(features).p_fail);
    values.push(p.map(|p| (p.max(1e-9) / (1.0 - p).max(1e-9)).ln()));
    let reference = features.filter(|features| features.get(Feature::HasReference) > 0.0);
    values.push(reference.map(|features| features.get(Feature::Mismatch)));
    values
}

/// By intent, how long its conversations usually are: the median.
fn usual_steps<'a>(known: &'a [Signal], rows: &[Row]) -> HashMap<&'a str, f64> {
    let mut lengths: HashMap<&str, Vec<f64>> = HashMap::new();
    for (one, row) in known.iter().zip(rows) {
        if let Some(features) = &row.features {
            lengths.entry(one.intent.as_deref().unwrap_or_default()).or_default().push(features.get(Feature::Steps));
        }
    }
    let median = |mut of: Vec<f64>| {
        of.sort_by(f64::total_cmp);
        of[of.len() / 2]
    };
    lengths.into_iter().map(|(intent, of)| (intent, median(of))).collect()
}

/// The commonest intents; none where there is but one.
fn common_intents(known: &[Signal]) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for intent in known.iter().filter_map(|one| one.intent.as_deref()) {
        *counts.entry(intent).or_insert(0) += 1;
    }
    let mut names: Vec<(&str, usize)> = counts.into_iter().collect();
    names.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    names.into_iter().take(MOST_INTENTS).map(|(name, _)| name.to_owned()).collect()
}

/// Evaluators by how many conversations they scored, most first, and whether they say how sure they are.
fn evaluators(rows: &[Row], polarity: &BTreeMap<String, Polarity>) -> Vec<(String, Polarity, bool)> {
    let mut counts: BTreeMap<&str, (usize, bool)> = BTreeMap::new();
    for (name, (_, confidence)) in rows.iter().flat_map(|row| &row.scores) {
        let entry = counts.entry(name).or_insert((0, false));
        *entry = (entry.0 + 1, entry.1 || confidence.is_some());
    }
    let mut list: Vec<(&str, (usize, bool))> = counts.into_iter().collect();
    list.sort_by(|a, b| b.1.0.cmp(&a.1.0).then(a.0.cmp(b.0)));
    let points = |name: &str| polarity.get(name).copied().unwrap_or_default();
    list.into_iter().map(|(name, (_, sure))| (name.to_owned(), points(name), sure)).collect()
}

/// How content customers say to be, between the least and the most content of the pool.
struct Contentment {
    least: f64,
    most: f64,
}

impl Contentment {
    fn of(known: &[Signal]) -> Self {
        let said: Vec<f64> = known.iter().filter_map(|one| said(&one.outcomes)).collect();
        let least = said.iter().copied().fold(f64::INFINITY, f64::min);
        let most = said.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Self { least, most }
    }

    fn of_one(&self, outcomes: &str) -> Option<f64> {
        let value = said(outcomes)?;
        (self.most > self.least).then(|| (value - self.least) / (self.most - self.least))
    }
}

fn said(outcomes: &str) -> Option<f64> {
    outcome(outcomes, &["csat", "satisfaction", "rating", "nps"])?.as_f64()
}

/// Contacts about the same matter, where the system of record counts them.
fn repeats(outcomes: &str) -> u32 {
    match outcome(outcomes, &["repeat", "reopen", "recontact"]) {
        Some(Value::Bool(again)) => u32::from(again),
        Some(Value::Number(count)) => count.as_f64().map_or(0, |count| count.clamp(0.0, 1_000.0) as u32),
        _ => 0,
    }
}

/// The first outcome whose name holds one of these words.
fn outcome(outcomes: &str, words: &[&str]) -> Option<Value> {
    if outcomes.len() <= 2 {
        return None;
    }
    let all: BTreeMap<String, Value> = serde_json::from_str(outcomes).ok()?;
    all.into_iter()
        .find(|(name, _)| {
            let name = name.to_ascii_lowercase();
            words.iter().any(|word| name.contains(word))
        })
        .map(|(_, value)| value)
}
