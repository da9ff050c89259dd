//! The pool of a queue as signals: trace counts, evaluator scores, intents, and what else an order may rest on.
//!
//! Invariant: no label and no outcome becomes a signal the ranker learns from; no transcript is read.
//!
//! The columns, in this order (a matrix keeps the first 63 that tell anything): twelve counts of the trace, the fixed
//! P(fail), the mismatch with expected calls, how divided evaluators are, the commonest intents, then evaluators by how
//! many conversations they scored, each with its confidence.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::evaluate::EvaluateError;
use super::workspace::Workspace;
use crate::evaluate::features::{Feature, Features};
use crate::evaluate::suspicion;
use crate::model::filter::Filter;
use crate::model::time::Timestamp;
use crate::model::tool::Effect;
use crate::rank::matrix::{Column, Kind, Polarity, RawRow};
use crate::rank::queue::Facts;
use crate::store::{Asker, Evaluator, Signal, ToolUse};

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
    /// The keys of the conversations, row by row and rising.
    pub keys: Vec<i64>,
    /// Whether the built-in evaluators looked at it as it is now, row by row.
    pub evaluated: Vec<bool>,
}

/// A conversation on its way.
#[derive(Default)]
struct Row {
    features: Option<Features>,
    /// What evaluators said, each once.
    scores: Vec<Worst>,
    passes: u16,
    fails: u16,
    writes: Vec<String>,
}

/// The worst that an evaluator said of a conversation, and how sure it was.
struct Worst {
    /// Its place in [`Heard`].
    evaluator: usize,
    value: f64,
    confidence: Option<f64>,
}

impl Row {
    fn hear(&mut self, evaluator: usize, lower_is_better: bool, (value, confidence): (f64, Option<f64>)) {
        let Some(known) = self.scores.iter_mut().find(|known| known.evaluator == evaluator) else {
            self.scores.push(Worst { evaluator, value, confidence });
            return;
        };
        known.value = if lower_is_better { known.value.max(value) } else { known.value.min(value) };
        known.confidence = match (known.confidence, confidence) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }

    fn score(&self, evaluator: usize) -> Option<&Worst> {
        self.scores.iter().find(|known| known.evaluator == evaluator)
    }
}

/// The evaluators that said something.
#[derive(Default)]
struct Heard {
    /// By their keys in the store.
    places: HashMap<i64, usize>,
    /// By place: the name, and which way it is declared to point.
    names: Vec<(String, Polarity)>,
}

impl Heard {
    fn place(&mut self, key: i64, evaluator: &Evaluator) -> usize {
        *self.places.entry(key).or_insert_with(|| {
            let polarity = match evaluator {
                Evaluator { assumed: true, .. } => Polarity::Unknown,
                Evaluator { lower_is_better: true, .. } => Polarity::HighIsBad,
                Evaluator { .. } => Polarity::LowIsBad,
            };
            self.names.push((evaluator.name.clone(), polarity));
            self.names.len() - 1
        })
    }
}

/// Finds rows by the keys of their conversations, where these come in rising order as well.
struct Cursor<'a> {
    known: &'a [Signal],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn new(known: &'a [Signal]) -> Self {
        Self { known, at: 0 }
    }

    fn find(&mut self, key: i64) -> Option<usize> {
        let left = self.known.get(self.at..).unwrap_or_default();
        self.at += left.iter().take_while(|one| one.key < key).count();
        self.known.get(self.at).is_some_and(|one| one.key == key).then_some(self.at)
    }
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
    let store = workspace.store();
    let asker = Asker { reviewer: workspace.reviewer(), now };
    let keys = store.matching_keys(&Filter::parse(filter)?, asker)?;
    let range = keys.first().copied().unwrap_or_default()..=keys.last().copied().unwrap_or(-1);
    let mut known: Vec<Signal> = store.signals(&range)?;
    known.retain(|one| keys.binary_search(&one.key).is_ok());
    let features = |one: &Signal| one.features.as_deref().and_then(|text| numbers(text, expected));
    let mut rows: Vec<Row> = known.iter().map(|one| Row { features: features(one), ..Row::default() }).collect();
    let (mut heard, mut cursor) = (Heard::default(), Cursor::new(&known));
    store.each_score(&range, &mut |evaluator, score| {
        let Some(row) = cursor.find(score.conversation).and_then(|at| rows.get_mut(at)) else { return };
        if expected == Expected::Ignored && INFORMED.contains(&evaluator.name.as_str()) {
            return;
        }
        match score.passed {
            Some(true) => row.passes = row.passes.saturating_add(1),
            Some(false) => row.fails = row.fails.saturating_add(1),
            None => {}
        }
        let Some(value) = score.value.or(score.passed.map(|passed| f64::from(u8::from(passed)))) else { return };
        let place = heard.place(score.evaluator, evaluator);
        row.hear(place, evaluator.lower_is_better, (value, score.confidence));
    })?;
    let mut cursor = Cursor::new(&known);
    store.each_tool(&range, &mut |ToolUse { conversation, tool, calls, failed }| {
        if let Some(row) = cursor.find(conversation).and_then(|at| rows.get_mut(at))
            && calls > failed
            && Effect::guess(tool) != Effect::Read
        {
            row.writes.push(format!("{tool} {}", calls - failed));
        }
    })?;
    Ok(together(&known, &rows, &heard))
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

fn together(known: &[Signal], rows: &[Row], heard: &Heard) -> Signals {
    let intents = common_intents(known);
    let evaluators = evaluators(rows, heard);
    let usual = usual_steps(known, rows);
    let said: Vec<Told> = known.iter().map(|one| Told::of(&one.outcomes)).collect();
    let contentment = Contentment::of(&said);
    let mut signals = Signals { columns: columns(&intents, &evaluators), ..Signals::default() };
    let width = signals.columns.len();
    for ((one, row), told) in known.iter().zip(rows).zip(&said) {
        let intent = one.intent.clone().unwrap_or_default();
        let steps = usual.get(intent.as_str()).copied().unwrap_or(1.0);
        let mut values = Vec::with_capacity(width);
        counts(row.features.as_ref(), steps, &mut values);
        let votes = f64::from(row.passes) + f64::from(row.fails);
        let split = f64::from(row.fails) / votes.max(1.0);
        values.push((votes > 0.0).then_some(split * (1.0 - split)));
        values.extend(intents.iter().map(|name| Some(f64::from(u8::from(*name == intent)))));
        for said in &evaluators {
            let score = row.score(said.place);
            values.push(score.map(|score| score.value));
            if said.sure {
                values.push(score.and_then(|score| score.confidence));
            }
        }
        let reference = row.features.as_ref().filter(|features| features.get(Feature::HasReference) > 0.0);
        signals.facts.push(Facts {
            confidence: row.scores.iter().filter_map(|score| score.confidence).reduce(f64::min),
            passes: row.passes,
            fails: row.fails,
            mismatch: reference.map(|features| features.get(Feature::Mismatch)),
            satisfaction: contentment.of_one(told),
            repeats: told.repeats,
            flags: one.flags,
            ..Facts::default()
        });
        signals.evaluated.push(one.features.is_some());
        signals.keys.push(one.key);
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

fn columns(intents: &[String], evaluators: &[Said<'_>]) -> Vec<Column> {
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
    for Said { name, polarity, sure, .. } in evaluators {
        columns.push(column(format!("score/{name}"), name, Shape::Score, *polarity));
        if *sure {
            let words = format!("confidence of {name}");
            columns.push(column(format!("confidence/{name}"), &words, Shape::Score, Polarity::LowIsBad));
        }
    }
    columns
}

/// The counts of a conversation, its length by the usual one, the fixed P(fail), and the mismatch.
fn counts(features: Option<&Features>, usual: f64, values: &mut Vec<Option<f64>>) {
    values.extend(COUNTS.iter().map(|(feature, ..)| features.map(|features| features.get(*feature))));
    values.push(features.map(|features| (features.get(Feature::Steps) / usual.max(1.0)).ln_1p()));
    let p = features.and_then(suspicion::p_fail);
    values.push(p.map(|p| (p.max(1e-9) / (1.0 - p).max(1e-9)).ln()));
    let reference = features.filter(|features| features.get(Feature::HasReference) > 0.0);
    values.push(reference.map(|features| features.get(Feature::Mismatch)));
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

/// An evaluator with columns of its own.
struct Said<'a> {
    /// Its place in [`Heard`].
    place: usize,
    name: &'a str,
    polarity: Polarity,
    /// It says how sure it is.
    sure: bool,
}

/// Evaluators by how many conversations they scored, most first.
fn evaluators<'a>(rows: &[Row], heard: &'a Heard) -> Vec<Said<'a>> {
    let mut counts = vec![(0_usize, false); heard.names.len()];
    for score in rows.iter().flat_map(|row| &row.scores) {
        let (count, sure) = &mut counts[score.evaluator];
        (*count, *sure) = (*count + 1, *sure || score.confidence.is_some());
    }
    let mut list: Vec<usize> = (0..counts.len()).collect();
    list.sort_by(|a, b| counts[*b].0.cmp(&counts[*a].0).then_with(|| heard.names[*a].0.cmp(&heard.names[*b].0)));
    let said = |place: usize| {
        let (name, polarity) = &heard.names[place];
        Said { place, name, polarity: *polarity, sure: counts[place].1 }
    };
    list.into_iter().map(said).collect()
}

/// What the system of record says of how a conversation went on.
#[derive(Default)]
struct Told {
    /// How content the customer said to be, on whatever scale.
    content: Option<f64>,
    /// Contacts about the same matter, where these are counted.
    repeats: u32,
}

impl Told {
    fn of(outcomes: &str) -> Self {
        if outcomes.len() <= 2 {
            return Self::default();
        }
        let Ok(all) = serde_json::from_str::<BTreeMap<String, Value>>(outcomes) else { return Self::default() };
        let repeats = match outcome(&all, &["repeat", "reopen", "recontact"]) {
            Some(Value::Bool(again)) => u32::from(*again),
            Some(Value::Number(count)) => count.as_f64().map_or(0, |count| count.clamp(0.0, 1_000.0) as u32),
            _ => 0,
        };
        Self { content: outcome(&all, &["csat", "satisfaction", "rating", "nps"]).and_then(Value::as_f64), repeats }
    }
}

/// The first outcome whose name holds one of these words.
fn outcome<'a>(all: &'a BTreeMap<String, Value>, words: &[&str]) -> Option<&'a Value> {
    let holds = |name: &str| words.iter().any(|word| name.contains(word));
    all.iter().find(|(name, _)| holds(&name.to_ascii_lowercase())).map(|(_, value)| value)
}

/// How content customers say to be, between the least and the most content of the pool.
struct Contentment {
    least: f64,
    most: f64,
}

impl Contentment {
    fn of(said: &[Told]) -> Self {
        let least = said.iter().filter_map(|told| told.content).fold(f64::INFINITY, f64::min);
        let most = said.iter().filter_map(|told| told.content).fold(f64::NEG_INFINITY, f64::max);
        Self { least, most }
    }

    fn of_one(&self, told: &Told) -> Option<f64> {
        (self.most > self.least).then_some((told.content? - self.least) / (self.most - self.least))
    }
}
