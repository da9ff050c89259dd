//! Calibration: the same ambiguous conversations judged by several people alone, and looked at together afterwards.
//!
//! Invariant: before all are done, or a person reveals it, nothing but progress is told; what is told then is what the log
//! said at that moment, so that it comes out the same whenever it is asked.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;

use super::door::Door;
use super::list::SCHEMA_VERSION;
use super::queue::{self, QueueError};
use super::review::{self, ReviewError};
use super::workspace::Workspace;
use crate::model::act::{Act, Saved};
use crate::model::codebook::Codebook;
use crate::model::event::{Event, EventBody};
use crate::model::id::ConversationId;
use crate::model::label::{FirstFailure, LabelState, Verdict};
use crate::model::queue::{Calibration, QueueChange, QueueSpec};
use crate::model::summary::Summary;
use crate::model::time::Timestamp;
use crate::rank::strategy::Strategy;
use crate::stats::rate::Rate;
use crate::store::{Revealed, StoreError, StoredQueue};

/// The question that comes first.
const VERDICT: &str = "verdict";

/// What a calibration is to be made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalibrationOrder {
    /// Its name, that of a queue.
    pub name: String,
    /// How many conversations.
    pub size: u32,
    /// How many people judge each.
    pub reviewers: u32,
    /// Which conversations to choose from, in the filter language.
    pub filter: String,
}

/// Why there is no calibration.
#[derive(Debug, thiserror::Error)]
pub enum CalibrationError {
    /// There is nothing to choose from.
    #[error("no conversation is left that matches and nobody judged; widen the filter, or import more")]
    NothingToJudge,
    /// One person agrees with themselves.
    #[error("a calibration takes at least 2 people and 1 conversation")]
    TooFew,
    /// Of the queue behind it.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// Of writing it down.
    #[error(transparent)]
    Review(#[from] ReviewError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How far somebody is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Done {
    /// Who.
    pub reviewer: String,
    /// Conversations judged.
    pub judged: u64,
}

/// A calibration. The fields, their names and their order are public surface.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CalibrationReport {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Its name.
    pub name: String,
    /// When it was begun.
    pub at: Timestamp,
    /// Conversations in it.
    pub cases: u64,
    /// How many people judge each.
    pub reviewers_needed: u32,
    /// Who has judged how many.
    pub done: Vec<Done>,
    /// `all_done` or `by_a_person` once it is revealed; null before.
    pub revealed: Option<&'static str>,
    /// By question, how far answers agree; null before it is revealed.
    pub questions: Option<Vec<Question>>,
    /// Who said what; null before it is revealed.
    pub said: Option<Vec<CaseSaid>>,
}

/// A calibration as its screen shows it: masked, since a team looks at it together.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// What may be told of it.
    pub report: CalibrationReport,
    /// Who judges in this workspace and has not judged all of it, while it is open.
    pub missing: Vec<Done>,
}

/// How far answers to one question agree.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Question {
    /// `verdict`, `first failing step`, `failure mode` or `severity`.
    pub question: &'static str,
    /// Conversations that two or more answered; for what only fails have, those that two or more failed.
    pub cases: u64,
    /// Of these, those on which all said the same, with the interval; null without any.
    pub same: Option<Rate>,
    /// Mean spread within a conversation: of severity its variance, else the share of pairs that differ.
    pub variance: Option<f64>,
}

/// What was said of one conversation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CaseSaid {
    /// The conversation.
    pub id: ConversationId,
    /// Its name in its source.
    pub external_id: String,
    /// How it begins, for a list of cases that people know by what was said; its name where nothing was.
    #[serde(skip)]
    pub first: String,
    /// True where what they said differently was settled since.
    #[serde(skip)]
    pub settled: bool,
    /// The questions that were not all answered the same.
    pub differs: Vec<&'static str>,
    /// By reviewer.
    pub answers: Vec<Answer>,
}

/// What one person said.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// Who.
    pub reviewer: String,
    /// The verdict.
    pub verdict: Verdict,
    /// The first failing step; null for no single one, and for what did not fail.
    pub step: Option<u32>,
    /// Keys of failure modes, as the codebook calls them now.
    pub modes: Vec<String>,
    /// 1 to 4.
    pub severity: Option<u8>,
    /// A note on the conversation.
    pub note: Option<String>,
}

/// Begins a calibration with what agent, evaluators and labels are least sure of.
///
/// # Errors
/// There is nothing to judge, the name is taken, or nothing was saved.
pub fn start(workspace: &mut Workspace, order: &CalibrationOrder, now: Timestamp) -> Result<Saved, CalibrationError> {
    if order.size == 0 || order.reviewers < 2 {
        return Err(CalibrationError::TooFew);
    }
    let name = &order.name;
    let pool = QueueSpec {
        filter: order.filter.clone(),
        audit: 0.0,
        ..QueueSpec::new(name, &Strategy::LowConfidence.to_string())
    };
    let ids = queue::order_of(workspace, &pool, order.size as usize, now)?;
    if ids.is_empty() {
        return Err(CalibrationError::NothingToJudge);
    }
    let ids: Vec<&str> = ids.iter().map(ConversationId::as_str).collect();
    let spec = QueueSpec {
        filter: format!("id:{}", ids.join(",")),
        audit: 0.0,
        reviewers_per_item: order.reviewers,
        blind: true,
        calibration: Some(Calibration::Open),
        ..QueueSpec::new(name, &Strategy::Manual.to_string())
    };
    Ok(review::record(workspace, &Act::Queue(QueueChange::Add(spec)), now)?)
}

/// Shows what was said to everybody, though not all are done.
///
/// # Errors
/// It is no calibration, or nothing was saved.
pub fn reveal(workspace: &mut Workspace, name: &str, now: Timestamp) -> Result<Saved, CalibrationError> {
    Ok(review::record(workspace, &Act::Queue(QueueChange::Reveal { name: name.to_owned() }), now)?)
}

/// The calibrations there are, by name, as far as they may be told.
///
/// # Errors
/// The database cannot be read.
pub fn list(workspace: &Workspace, door: &Door) -> Result<Vec<CalibrationReport>, CalibrationError> {
    let past = Past::of(workspace)?;
    let mut reports = Vec::new();
    for queue in stored(workspace)? {
        let (report, answers) = told(workspace, &past, &queue)?;
        reports.push(with_answers(workspace, door, (report, answers))?);
    }
    Ok(reports)
}

/// How far each is, and how people agreed where that may be told; what they said of the cases is left out.
///
/// # Errors
/// The database cannot be read.
pub fn sheets(workspace: &Workspace) -> Result<Vec<Sheet>, CalibrationError> {
    let past = Past::of(workspace)?;
    let of =
        |queue: &StoredQueue| Ok(past.sheet(told(workspace, &past, queue)?.0, [workspace.reviewer(), &queue.reviewer]));
    stored(workspace)?.iter().map(of).collect()
}

/// All of one of them that may be told.
///
/// # Errors
/// There is none of that name, or the database cannot be read.
pub fn sheet(workspace: &Workspace, name: &str) -> Result<Sheet, CalibrationError> {
    let past = Past::of(workspace)?;
    let queue = stored(workspace)?.into_iter().find(|queue| queue.spec.name == name);
    let queue = queue.ok_or_else(|| QueueError::NoCalibration(name.to_owned()))?;
    let found = told(workspace, &past, &queue)?;
    let report = with_answers(workspace, &Door::masked(workspace), found)?;
    Ok(past.sheet(report, [workspace.reviewer(), &queue.reviewer]))
}

fn stored(workspace: &Workspace) -> Result<Vec<StoredQueue>, StoreError> {
    let mut queues = workspace.store().queues()?;
    queues.retain(|queue| queue.spec.calibration.is_some());
    Ok(queues)
}

/// One of them.
///
/// # Errors
/// There is none of that name, or the database cannot be read.
pub fn show(workspace: &Workspace, door: &Door, name: &str) -> Result<CalibrationReport, CalibrationError> {
    let found = workspace.store().queue(name)?.filter(|queue| queue.spec.calibration.is_some());
    let found = found.ok_or_else(|| QueueError::NoCalibration(name.to_owned()))?;
    Ok(with_answers(workspace, door, told(workspace, &Past::of(workspace)?, &found)?)?)
}

/// Answers by conversation and reviewer.
type Answers = BTreeMap<ConversationId, BTreeMap<String, Answer>>;

/// The log, read once for all calibrations.
struct Past {
    events: Vec<Event>,
    codebook: Codebook,
}

impl Past {
    fn of(workspace: &Workspace) -> Result<Self, StoreError> {
        let log = workspace.store().log();
        let events = log.all()?;
        Ok(Self { events, codebook: log.codebook()? })
    }

    /// Who ever judged anything may take part, and so may those who asked for it.
    fn sheet(&self, report: CalibrationReport, asking: [&str; 2]) -> Sheet {
        let judging = self.events.iter().filter(|event| matches!(event.body, EventBody::Verdict { .. }));
        let known: BTreeSet<&str> = judging.map(|event| event.reviewer.as_str()).chain(asking).collect();
        let judged = |name: &str| report.done.iter().find(|one| one.reviewer == name).map_or(0, |one| one.judged);
        let all = known.into_iter().map(|name| Done { reviewer: name.to_owned(), judged: judged(name) });
        let open = report.revealed.is_none();
        Sheet { missing: all.filter(|one| open && one.judged < report.cases).collect(), report }
    }
}

/// What may be told of one without reading a conversation, and what was said where that may be told as well.
fn told(
    workspace: &Workspace,
    past: &Past,
    stored: &StoredQueue,
) -> Result<(CalibrationReport, Answers), CalibrationError> {
    let (store, spec) = (workspace.store(), &stored.spec);
    let members = store.members(spec)?;
    let calibrated = store.calibrated(stored, &members)?;
    let answers = answers(&calibrated.events, &past.codebook);
    let revealed = calibrated.revealed.map(|revealed| match revealed {
        Revealed::AllDone => "all_done",
        Revealed::ByAPerson => "by_a_person",
    });
    let mut done: BTreeMap<&str, u64> = BTreeMap::new();
    for reviewer in answers.values().flat_map(BTreeMap::keys) {
        *done.entry(reviewer).or_default() += 1;
    }
    let report = CalibrationReport {
        schema_version: SCHEMA_VERSION,
        name: spec.name.clone(),
        at: stored.at,
        cases: members.len() as u64,
        reviewers_needed: spec.reviewers_per_item,
        done: done.into_iter().map(|(name, judged)| Done { reviewer: name.to_owned(), judged }).collect(),
        revealed,
        questions: revealed.map(|_| questions(&answers)),
        said: None,
    };
    Ok((report, answers))
}

/// The same with what was said of the cases, once it is revealed.
fn with_answers(
    workspace: &Workspace,
    door: &Door,
    (mut report, answers): (CalibrationReport, Answers),
) -> Result<CalibrationReport, StoreError> {
    if report.revealed.is_some() {
        report.said = Some(said(workspace, door, answers)?);
    }
    Ok(report)
}

/// What each said of each conversation last.
fn answers(events: &[Event], codebook: &Codebook) -> Answers {
    let mut with: HashMap<&str, Vec<&Event>> = HashMap::new();
    for event in events {
        with.entry(&event.group).or_default().push(event);
    }
    let mut answers = Answers::new();
    for event in events {
        let (EventBody::Verdict { verdict, first_failure, severity, .. }, Some(target)) = (&event.body, &event.target)
        else {
            continue;
        };
        let mut answer = Answer {
            reviewer: event.reviewer.clone(),
            verdict: *verdict,
            step: target.step.filter(|_| matches!(first_failure, Some(FirstFailure::Step))),
            modes: Vec::new(),
            severity: *severity,
            note: None,
        };
        for other in with.get(event.group.as_str()).into_iter().flatten() {
            match &other.body {
                EventBody::Mode { mode } => answer.modes.push(codebook.resolve(mode)),
                EventBody::Note { text } => answer.note = Some(text.clone()),
                _ => {}
            }
        }
        answer.modes.sort();
        answer.modes.dedup();
        answers.entry(target.conversation.clone()).or_default().insert(event.reviewer.clone(), answer);
    }
    answers
}

/// How much of what was said first is told, in characters.
const FIRST: usize = 80;

fn said(workspace: &Workspace, door: &Door, answers: Answers) -> Result<Vec<CaseSaid>, StoreError> {
    let ids: Vec<ConversationId> = answers.keys().cloned().collect();
    let rows = workspace.store().summaries(&ids, workspace.reviewer())?;
    let mut rows: HashMap<ConversationId, Summary> =
        rows.into_iter().map(|row| (row.id.clone(), door.summary(&row))).collect();
    let mut cases = Vec::with_capacity(answers.len());
    for (id, answers) in answers {
        // Whom a note names may be known from the conversation's records only.
        let read = if door.masks() { workspace.store().conversation(&id)? } else { None };
        let door = read.map_or_else(|| door.clone(), |conversation| door.knowing(&conversation));
        let row = rows.remove(&id);
        let settled = row.as_ref().is_some_and(|row| row.label_state == LabelState::Adjudicated);
        let (external_id, first) =
            row.map(|row| (row.external_id.into_exact(), row.first_message.into_exact())).unwrap_or_default();
        let first: String = first.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(FIRST).collect();
        cases.push(CaseSaid {
            first: if first.is_empty() { external_id.clone() } else { first },
            settled,
            external_id,
            differs: differing(&answers),
            answers: answers
                .into_values()
                .map(|answer| Answer { note: answer.note.map(|note| door.text(&note)), ..answer })
                .collect(),
            id,
        });
    }
    // What divides people most is talked about first: their verdicts, then the number of other questions.
    let order = |case: &CaseSaid| (case.differs.contains(&VERDICT), case.differs.len());
    cases.sort_by(|a, b| order(b).cmp(&order(a)).then_with(|| a.id.cmp(&b.id)));
    Ok(cases)
}

/// The questions about one conversation to which not all answers are the same.
fn differing(answers: &BTreeMap<String, Answer>) -> Vec<&'static str> {
    let alone = Answers::from([(ConversationId::from_stored(String::new()), answers.clone())]);
    let parted = |question: &Question| question.same.as_ref().is_some_and(|same| same.k < same.n);
    questions(&alone).iter().filter(|question| parted(question)).map(|question| question.question).collect()
}

fn questions(answers: &Answers) -> Vec<Question> {
    let cases: Vec<Vec<&Answer>> = answers.values().map(|said| said.values().collect()).collect();
    let fails: Vec<Vec<&Answer>> = cases
        .iter()
        .map(|said| said.iter().copied().filter(|answer| answer.verdict == Verdict::Fail).collect())
        .collect();
    let severities: Vec<Vec<f64>> =
        fails.iter().map(|said| said.iter().filter_map(|answer| answer.severity.map(f64::from)).collect()).collect();
    vec![
        nominal(VERDICT, &cases, &|answer| answer.verdict.word().to_owned()),
        nominal("first failing step", &fails, &|answer| answer.step.map_or_else(String::new, |step| step.to_string())),
        nominal("failure mode", &fails, &|answer| answer.modes.join(",")),
        numeric("severity", &severities),
    ]
}

fn nominal(question: &'static str, cases: &[Vec<&Answer>], of: &dyn Fn(&Answer) -> String) -> Question {
    let mut same = 0;
    let mut spreads = Vec::new();
    for said in cases.iter().filter(|said| said.len() > 1) {
        let values: Vec<String> = said.iter().map(|answer| of(answer)).collect();
        let pairs = || values.iter().enumerate().flat_map(|(at, a)| values[at + 1..].iter().map(move |b| a != b));
        let differ = pairs().filter(|differs| *differs).count();
        same += u64::from(differ == 0);
        spreads.push(differ as f64 / pairs().count() as f64);
    }
    told_of(question, same, &spreads)
}

fn numeric(question: &'static str, cases: &[Vec<f64>]) -> Question {
    let mut same = 0;
    let mut spreads = Vec::new();
    for said in cases.iter().filter(|said| said.len() > 1) {
        let mean = said.iter().sum::<f64>() / said.len() as f64;
        let variance = said.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (said.len() - 1) as f64;
        same += u64::from(variance == 0.0);
        spreads.push(variance);
    }
    told_of(question, same, &spreads)
}

fn told_of(question: &'static str, same: u64, spreads: &[f64]) -> Question {
    let cases = spreads.len() as u64;
    let mean = || spreads.iter().sum::<f64>() / cases as f64;
    Question { question, cases, same: Rate::of(same, cases, None).ok(), variance: (cases > 0).then(mean) }
}

#[cfg(test)]
mod tests;
