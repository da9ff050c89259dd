//! The pool as numbers: one row per conversation, one column per signal, all on one scale.
//!
//! Invariant: labels are never looked at here; with the same frozen scaling a conversation has the same row, whatever
//! else is in the pool.
//!
//! Transform: counts become sign(v) ln(1 + |v|); then every column (v - mean) / sd over the pool, held within +-3. Column
//! 0 is the constant 1. A missing value counts as the mean; where a signal is missing for some, a column says for whom.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::algebra::LANES;
use crate::model::id::ConversationId;
use crate::model::title;

/// Columns at most, the constant among them.
pub const WIDEST: usize = 64;

/// How far from the mean a value may lie, in standard deviations.
pub const CLIP: f64 = 3.0;

/// A pool that grew by more than this share gets new means and spreads.
const GROWTH: f64 = 0.2;

/// What a number is, which decides how it is transformed and worded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// How many: "4 changes".
    Count,
    /// A share from 0 to 1: "few refusals".
    Share,
    /// On a scale of its own: "`TaskCompletion` 0.40".
    Score,
    /// 1 or 0; the other wording is for 0.
    Flag {
        /// What 0 is called.
        otherwise: String,
    },
}

/// Which way a signal is declared to point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Polarity {
    /// Large values speak for a failure.
    HighIsBad,
    /// Small values speak for a failure.
    LowIsBad,
    /// Nobody said.
    #[default]
    Unknown,
}

impl Polarity {
    /// +1, -1 or 0.
    pub fn sign(self) -> f64 {
        match self {
            Self::HighIsBad => 1.0,
            Self::LowIsBad => -1.0,
            Self::Unknown => 0.0,
        }
    }
}

/// A signal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// What it is known by from one batch to the next, for instance `score/TaskCompletion`.
    pub key: String,
    /// What it is called: a plural for counts and shares, a name for scores, what 1 means for flags.
    pub words: String,
    /// What it is.
    pub kind: Kind,
    /// Which way it is declared to point.
    pub polarity: Polarity,
}

/// A conversation before it is put on the common scale.
#[derive(Debug, Clone, PartialEq)]
pub struct RawRow {
    /// The conversation.
    pub id: ConversationId,
    /// What it nearly repeats: conversations of one group are near-duplicates.
    pub group: String,
    /// What it was about.
    pub intent: String,
    /// One value per column; `None` where it is missing.
    pub values: Vec<Option<f64>>,
}

/// Means and spreads of a pool, frozen so that rows and weights keep their meaning.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Scaling {
    /// Conversations it was made of.
    pub rows: usize,
    /// By column: mean and standard deviation after the transform, and whether a column says where it is missing.
    pub columns: BTreeMap<String, Spread>,
}

/// How a column is spread.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The standard deviation; 0 for a column that is the same everywhere and is left out.
    pub sd: f64,
    /// The share of conversations without a value.
    pub missing: f64,
}

impl Scaling {
    /// Of a pool.
    pub fn of<'a>(columns: &[Column], rows: impl Iterator<Item = &'a RawRow> + Clone) -> Self {
        // Row by row, since a row lies together; each sum is added up in the order of the rows all the same.
        let mut sums = vec![(0_usize, 0.0_f64, 0.0_f64); columns.len()];
        let mut all = 0_usize;
        for row in rows.clone() {
            all += 1;
            for (at, (column, (n, sum, _))) in columns.iter().zip(&mut sums).enumerate() {
                if let Some(value) = given(row, at) {
                    *n += 1;
                    *sum += curved(column, value);
                }
            }
        }
        for (n, sum, _) in &mut sums {
            *sum /= (*n).max(1) as f64;
        }
        for row in rows {
            for (at, (column, (_, mean, squares))) in columns.iter().zip(&mut sums).enumerate() {
                if let Some(value) = given(row, at) {
                    *squares += (curved(column, value) - *mean).powi(2);
                }
            }
        }
        let spread = |(n, mean, squares): (usize, f64, f64)| {
            let sd = (squares / n.max(1) as f64).sqrt();
            Spread { mean, sd: if sd > 1e-9 { sd } else { 0.0 }, missing: 1.0 - n as f64 / all.max(1) as f64 }
        };
        Self {
            rows: all,
            columns: columns.iter().map(|column| column.key.clone()).zip(sums.into_iter().map(spread)).collect(),
        }
    }

    /// Whether it still fits a pool of so many rows: the same columns, and not grown by more than a fifth.
    pub fn fits(&self, columns: &[Column], rows: usize) -> bool {
        rows as f64 <= self.rows as f64 * (1.0 + GROWTH)
            && columns.len() == self.columns.len()
            && columns.iter().all(|column| self.columns.contains_key(&column.key))
    }
}

/// The value of a column in a row, where there is a usable one.
fn given(row: &RawRow, at: usize) -> Option<f64> {
    row.values.get(at).copied().flatten().filter(|value| value.is_finite())
}

fn curved(column: &Column, value: f64) -> f64 {
    if column.kind == Kind::Count { value.signum() * value.abs().ln_1p() } else { value }
}

/// A column of the matrix.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Used {
    pub(super) column: Column,
    pub(super) spread: Spread,
    /// It says where the signal is missing, and is no value of it.
    pub(super) absence: bool,
}

/// The pool, ready to be ranked.
#[derive(Debug, Clone)]
pub struct Matrix {
    /// Row by row, `stride` numbers each.
    cells: Vec<f32>,
    width: usize,
    stride: usize,
    used: Vec<Used>,
    ids: Vec<u64>,
    groups: Vec<u32>,
    intents: Vec<u32>,
    intent_names: Vec<String>,
    scaling: Scaling,
}

impl Matrix {
    /// Puts a pool on one scale: on the frozen one while it fits, else on its own. Columns that are the same everywhere
    /// are left out, and of too many the last.
    pub fn new(columns: &[Column], rows: &[RawRow], frozen: Option<&Scaling>) -> Self {
        let fitting = frozen.filter(|scaling| scaling.fits(columns, rows.len())).cloned();
        let scaling = fitting.unwrap_or_else(|| Scaling::of(columns, rows.iter()));
        let (used, sources) = used(columns, &scaling);
        let width = used.len() + 1;
        let stride = width.next_multiple_of(LANES);
        let mut cells = vec![0.0_f32; rows.len() * stride];
        for (row, cells) in rows.iter().zip(cells.chunks_exact_mut(stride)) {
            cells[0] = 1.0;
            for ((one, at), cell) in used.iter().zip(&sources).zip(&mut cells[1..]) {
                *cell = one.standard(given(row, *at)) as f32;
            }
        }
        let (groups, _) = numbered(rows.iter().map(|row| row.group.as_str()));
        let (intents, intent_names) = numbered(rows.iter().map(|row| row.intent.as_str()));
        let ids = rows.iter().map(|row| hash(&row.id)).collect();
        Self { cells, width, stride, used, ids, groups, intents, intent_names, scaling }
    }

    /// A matrix of given numbers, column 0 included; for measurements of speed and checks against reference values.
    pub fn plain(width: usize, rows: &[Vec<f64>]) -> Self {
        let stride = width.next_multiple_of(LANES);
        let mut cells = vec![0.0_f32; rows.len() * stride];
        for (row, cells) in rows.iter().zip(cells.chunks_exact_mut(stride)) {
            row.iter().zip(cells).take(width).for_each(|(value, cell)| *cell = *value as f32);
        }
        let column = |at: usize| Column {
            key: format!("column/{at}"),
            words: format!("column {at}"),
            kind: Kind::Score,
            polarity: Polarity::Unknown,
        };
        let used = (1..width)
            .map(|at| Used { column: column(at), spread: Spread { sd: 1.0, ..Spread::default() }, absence: false })
            .collect();
        let count = rows.len() as u32;
        let ids = (0..count).map(|at| hash(&ConversationId::from_stored(format!("row {at}")))).collect();
        Self {
            cells,
            width,
            stride,
            used,
            ids,
            groups: (0..count).collect(),
            intents: vec![0; rows.len()],
            intent_names: vec![String::new()],
            scaling: Scaling::default(),
        }
    }

    /// How many conversations there are.
    pub fn rows(&self) -> usize {
        self.ids.len()
    }

    /// How many columns there are, the constant included.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The scaling it is on, to be stored.
    pub fn scaling(&self) -> &Scaling {
        &self.scaling
    }

    /// A row, padded with zeros.
    pub fn row(&self, row: usize) -> &[f32] {
        self.cells.get(row * self.stride..(row + 1) * self.stride).unwrap_or_default()
    }

    /// A row in double precision, without padding.
    pub(super) fn wide(&self, row: usize) -> Vec<f64> {
        self.row(row).iter().take(self.width).map(|value| f64::from(*value)).collect()
    }

    /// All rows, padded, with how long one is.
    pub(super) fn cells(&self) -> (&[f32], usize) {
        (&self.cells, self.stride)
    }

    /// What breaks ties: a hash of the conversation's id.
    pub fn tie(&self, row: usize) -> u64 {
        self.ids.get(row).copied().unwrap_or(u64::MAX)
    }

    /// The near-duplicates it belongs to.
    pub fn group(&self, row: usize) -> u32 {
        self.groups.get(row).copied().unwrap_or(u32::MAX)
    }

    /// The number of its intent.
    pub fn intent(&self, row: usize) -> u32 {
        self.intents.get(row).copied().unwrap_or(u32::MAX)
    }

    /// Intents by their numbers.
    pub fn intents(&self) -> &[String] {
        &self.intent_names
    }

    /// Columns behind the constant, by their keys.
    pub fn keys(&self) -> impl Iterator<Item = String> {
        self.used.iter().map(Used::key)
    }

    pub(super) fn used(&self) -> &[Used] {
        &self.used
    }
}

impl Used {
    /// What it is known by from one batch to the next.
    pub(super) fn key(&self) -> String {
        if self.absence { format!("missing/{}", self.column.key) } else { self.column.key.clone() }
    }

    fn standard(&self, value: Option<f64>) -> f64 {
        let Spread { mean, sd, missing } = self.spread;
        if self.absence {
            let sd = (missing * (1.0 - missing)).sqrt();
            return ((f64::from(u8::from(value.is_none())) - missing) / sd).clamp(-CLIP, CLIP);
        }
        value.map_or(0.0, |value| ((curved(&self.column, value) - mean) / sd).clamp(-CLIP, CLIP))
    }

    /// What it measures, however that is spelt: a count of the trace and an evaluator may be the same under two names.
    pub(super) fn measure(&self) -> String {
        let words = title::fault(&self.column.words).unwrap_or_else(|| self.column.words.clone());
        words.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    }

    /// True where a value says something of the conversation that a person can look up in it: that something is not
    /// there, was not measured, or is as it should be, is no reason to read it.
    pub(super) fn tells(&self, standard: f64) -> bool {
        let value = standard * self.spread.sd + self.spread.mean;
        match &self.column.kind {
            _ if self.absence => false,
            Kind::Count => value.abs().exp_m1() >= 0.5,
            Kind::Share => value >= 1e-4,
            Kind::Score => standard * self.column.polarity.sign() >= 0.0,
            Kind::Flag { .. } => value > 0.5,
        }
    }

    /// What a standardised value says, in words.
    pub(super) fn words(&self, standard: f64) -> String {
        let words = &self.column.words;
        if self.absence {
            return if standard > 0.0 { format!("no {words}") } else { format!("{words} known") };
        }
        let value = standard * self.spread.sd + self.spread.mean;
        let clipped = standard.abs() > CLIP - 1e-6;
        match &self.column.kind {
            Kind::Count => {
                let count = (value.signum() * value.abs().exp_m1()).round();
                // What was held within the limits is at least so much.
                let more = if clipped && count > 0.0 { "+" } else { "" };
                match count {
                    0.0 => format!("no {words}"),
                    1.0 if more.is_empty() => format!("1 {}", one_of(words)),
                    _ => format!("{count}{more} {words}"),
                }
            }
            Kind::Share if value < 1e-4 => format!("no {words}"),
            Kind::Share => format!("{} {words}", if standard > 0.0 { "many" } else { "few" }),
            // A score a hair below nothing is nothing.
            Kind::Score => match title::fault(words) {
                Some(fault) => fault,
                None => format!("{words} {:.2}", if value.abs() < 0.005 { 0.0 } else { value }),
            },
            Kind::Flag { otherwise } => {
                if value > 0.5 {
                    words.clone()
                } else {
                    otherwise.clone()
                }
            }
        }
    }
}

/// The singular of what a column counts: of its last word, or of its first one where the last is no plural.
pub(super) fn one_of(words: &str) -> String {
    let first = words.split(' ').next().unwrap_or_default();
    match (words.strip_suffix('s'), first.strip_suffix('s')) {
        (Some(_), _) if words.contains(" and ") => words.to_owned(),
        (Some(one), _) => one.to_owned(),
        (None, Some(one)) => words.replacen(first, one, 1),
        (None, None) => words.to_owned(),
    }
}

/// The columns that tell anything, with the places of their values; those that say where something is missing stand
/// behind it.
fn used(columns: &[Column], scaling: &Scaling) -> (Vec<Used>, Vec<usize>) {
    let (mut used, mut sources) = (Vec::new(), Vec::new());
    for (at, column) in columns.iter().enumerate() {
        let spread = scaling.columns.get(&column.key).copied().unwrap_or_default();
        if spread.sd > 0.0 {
            used.push(Used { column: column.clone(), spread, absence: false });
            sources.push(at);
        }
        if spread.missing > 0.0 && spread.missing < 1.0 {
            used.push(Used { column: column.clone(), spread, absence: true });
            sources.push(at);
        }
    }
    used.truncate(WIDEST - 1);
    sources.truncate(WIDEST - 1);
    (used, sources)
}

/// Names as numbers, in the order of their first appearance.
fn numbered<'a>(names: impl Iterator<Item = &'a str>) -> (Vec<u32>, Vec<String>) {
    let (mut seen, mut list) = (HashMap::new(), Vec::new());
    let numbers = names
        .map(|name| {
            *seen.entry(name).or_insert_with(|| {
                list.push(name.to_owned());
                list.len() as u32 - 1
            })
        })
        .collect();
    (numbers, list)
}

fn hash(id: &ConversationId) -> u64 {
    let hash = blake3::hash(id.as_str().as_bytes());
    hash.as_bytes()[..8].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}
