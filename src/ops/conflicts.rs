//! Conversations that came in again with another text: which, how the two differ, and keeping one.
//!
//! Invariant: an import never decides; a person does, by an event, and can decide anew.

use serde::Serialize;

use crate::model::conversation::Conversation;
use crate::model::event::{EventBody, EventTarget};
use crate::model::id::{ConversationId, TranscriptHash};
use crate::model::step::{Step, StepContent};
use crate::model::time::Timestamp;
use crate::store::events::Draft;
use crate::store::{SetAside, Store, StoreError};

mod lines;

pub use crate::model::event::Kept;
pub use lines::{LineRow, keep_stored, lines};

use super::door::Door;
use super::import::ImportError;
use super::list::SCHEMA_VERSION;
use super::show::{ShownStep, step as shown_step};
use super::workspace::Workspace;

/// Steps of both texts together up to which they are compared pair by pair; longer ones from both ends only.
const COMPARED: usize = 4_000;

/// Which conflicts are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those that wait for a decision.
    Open,
    /// All.
    All,
}

/// Why a conflict could not be shown or settled.
#[derive(Debug, thiserror::Error)]
pub enum ConflictError {
    /// No text of that name was set aside.
    #[error("no text of {0:?} is set aside; `aftercall conflicts --all` lists what is")]
    Unknown(String),
    /// Several texts of the conversation were.
    #[error("several texts of {conversation} are set aside; say which: {names}")]
    Several {
        /// The conversation.
        conversation: String,
        /// What they are called.
        names: String,
    },
    /// No line of that name was set aside.
    #[error("no journal line {0:?} is set aside, or several begin so; `aftercall conflicts lines --all` lists them")]
    UnknownLine(String),
    /// The database or the journal.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A table in the workspace that is needed to rank what is stored now.
    #[error(transparent)]
    Table(#[from] ImportError),
}

/// One of two texts in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConflictText {
    /// Of its steps.
    pub transcript_hash: String,
    /// How many.
    pub steps: usize,
}

/// A conflict in a list. The fields, their names and their order are public surface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConflictRow {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// What the conflict is called: the conversation, a slash, and what tells this text from others of it.
    pub id: String,
    /// The conversation.
    pub conversation: String,
    /// The namespace it was imported under.
    pub source: String,
    /// Its name there.
    pub external_id: String,
    /// The stored text.
    pub ours: ConflictText,
    /// The text that was set aside.
    pub theirs: ConflictText,
    /// The first step that differs; null where all are the same.
    pub first_difference: Option<usize>,
    /// Labels on the conversation.
    pub labels: u64,
    /// True once a person kept the stored text.
    pub settled: bool,
}

/// A conflict with both texts. The fields, their names and their order are public surface.
#[derive(Debug, Serialize)]
pub struct ShownConflict {
    /// As in the list.
    #[serde(flatten)]
    pub row: ConflictRow,
    /// The steps of the stored text.
    pub ours_transcript: Vec<ShownStep>,
    /// The steps of the text that was set aside.
    pub theirs_transcript: Vec<ShownStep>,
    #[serde(skip)]
    lines: Vec<Line>,
}

/// In which text a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// In both.
    Both,
    /// In the stored one only.
    Ours,
    /// In the one that was set aside only.
    Theirs,
}

/// One step of a comparison, as it leaves by the door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Where it stands.
    pub side: Side,
    /// Its number in the text it is from.
    pub step: u32,
    /// Who spoke, or which tool was called.
    pub what: String,
    /// What was said; arguments and result of a call.
    pub text: String,
}

/// What came of a decision. The fields, their names and their order are public surface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Settled {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The conflict.
    pub id: String,
    /// The conversation.
    pub conversation: String,
    /// Which text was kept.
    pub kept: Kept,
    /// Of the text that is stored now.
    pub transcript_hash: String,
    /// Labels that judged another text than that one.
    pub stale_labels: u64,
    /// Why the journal lacks the decision, where only the database has it.
    pub journal_problem: Option<String>,
}

/// The conflicts, by conversation, as they leave by `door`.
///
/// # Errors
/// The database cannot be read.
pub fn list(workspace: &Workspace, door: &Door, which: Which) -> Result<Vec<ConflictRow>, ConflictError> {
    let mut rows = Vec::new();
    for aside in workspace.store().conflicts()? {
        if (which == Which::All || !aside.settled)
            && let Some((ours, theirs)) = texts(workspace.store(), &aside)?
        {
            rows.push(row(workspace, (&aside, &ours, &theirs), &door.knowing(&ours))?);
        }
    }
    Ok(rows)
}

/// One conflict with both texts.
///
/// # Errors
/// There is none of that name, or the database cannot be read.
pub fn show(workspace: &Workspace, door: &Door, name: &str) -> Result<ShownConflict, ConflictError> {
    let aside = find(workspace.store(), name)?;
    let unknown = || ConflictError::Unknown(name.to_owned());
    let (ours, theirs) = texts(workspace.store(), &aside)?.ok_or_else(unknown)?;
    let row = row(workspace, (&aside, &ours, &theirs), &door.knowing(&ours))?;
    let aligned = compare(&ours.steps, &theirs.steps);
    let (ours, theirs) = (door.knowing(&ours).conversation(&ours), door.knowing(&theirs).conversation(&theirs));
    let lines = aligned
        .into_iter()
        .filter_map(|(side, at)| {
            let steps = if side == Side::Theirs { &theirs.steps } else { &ours.steps };
            steps.get(at).map(|step| line(side, step))
        })
        .collect();
    let shown = |conversation: &Conversation| conversation.steps.iter().map(shown_step).collect();
    Ok(ShownConflict { row, ours_transcript: shown(&ours), theirs_transcript: shown(&theirs), lines })
}

impl ShownConflict {
    /// The two texts as one list of steps: what stands in both, and what in one only.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }
}

/// Keeps one of the two texts. When this answers, the decision and what it changes are saved.
///
/// # Errors
/// There is no such conflict, or nothing was saved.
pub fn keep(workspace: &mut Workspace, name: &str, kept: Kept, now: Timestamp) -> Result<Settled, ConflictError> {
    let aside = find(workspace.store(), name)?;
    let exchange = workspace.store().exchange(&aside)?;
    let stored = workspace.store().conversation(&aside.conversation)?;
    let ours = stored.ok_or_else(|| ConflictError::Unknown(name.to_owned()))?.transcript_hash();
    let theirs = aside.transcript_hash.clone();
    let (kept_hash, other) = if kept == Kept::Theirs { (theirs, ours) } else { (ours, theirs) };
    let written = workspace.append::<StoreError>(now, |log| {
        log.settle(&exchange, kept)?;
        let target = EventTarget {
            conversation: aside.conversation.clone(),
            transcript_hash: kept_hash.clone(),
            step: None,
            span_id: None,
            decision_span_id: None,
        };
        Ok(vec![Draft { body: EventBody::Conflict { kept, other: other.clone() }, target: Some(target) }])
    })?;
    if kept == Kept::Theirs {
        let scales = workspace.scales()?;
        workspace.store_mut().refresh_ranks(&|name| super::evaluate::scale(&scales, name))?;
    }
    let labels = workspace.store().labels(&aside.conversation)?;
    let stale = labels.iter().filter(|label| label.transcript_hash != kept_hash).count() as u64;
    Ok(Settled {
        schema_version: SCHEMA_VERSION,
        id: named(&aside),
        conversation: aside.conversation.as_str().to_owned(),
        kept,
        transcript_hash: kept_hash.as_str().to_owned(),
        stale_labels: stale,
        journal_problem: written.journal_problem,
    })
}

fn named(aside: &SetAside) -> String {
    format!("{}/{}", aside.conversation.as_str(), aside.name())
}

/// The stored text and the one that was set aside; `None` where the conversation is not stored any more.
fn texts(store: &Store, aside: &SetAside) -> Result<Option<(Conversation, Conversation)>, StoreError> {
    let Some(ours) = store.conversation(&aside.conversation)? else { return Ok(None) };
    Ok(Some((ours, store.set_aside(aside)?)))
}

/// The text that `name` means: a conversation with one such text, or CONVERSATION/TEXT. An open one goes before settled
/// ones.
fn find(store: &Store, name: &str) -> Result<SetAside, ConflictError> {
    let all = store.conflicts()?;
    let whole = |aside: &SetAside| named(aside);
    if let Some(exact) = all.iter().find(|aside| whole(aside) == name.trim()) {
        return Ok(exact.clone());
    }
    let (conversation, text) = match name.trim().rsplit_once('/') {
        Some((conversation, text)) if store.resolve(name.trim()).is_err() => (conversation, text),
        _ => (name.trim(), ""),
    };
    let id: ConversationId = store.log().resolve(&store.resolve(conversation)?)?;
    let mut fitting: Vec<SetAside> =
        all.into_iter().filter(|aside| aside.conversation == id && aside.name().starts_with(text)).collect();
    if fitting.iter().any(|aside| !aside.settled) && text.is_empty() {
        fitting.retain(|aside| !aside.settled);
    }
    match fitting.as_slice() {
        [] => Err(ConflictError::Unknown(name.to_owned())),
        [one] => Ok(one.clone()),
        many => {
            let names = many.iter().map(whole).collect::<Vec<_>>().join(", ");
            Err(ConflictError::Several { conversation: id.as_str().to_owned(), names })
        }
    }
}

fn row(
    workspace: &Workspace,
    (aside, ours, theirs): (&SetAside, &Conversation, &Conversation),
    door: &Door,
) -> Result<ConflictRow, StoreError> {
    let same = ours.steps.iter().zip(&theirs.steps).take_while(|(ours, theirs)| alike(ours, theirs)).count();
    let longer = ours.steps.len().max(theirs.steps.len());
    let text = |hash: &TranscriptHash, steps: &[Step]| ConflictText {
        transcript_hash: hash.as_str().to_owned(),
        steps: steps.len(),
    };
    Ok(ConflictRow {
        schema_version: SCHEMA_VERSION,
        id: named(aside),
        conversation: aside.conversation.as_str().to_owned(),
        source: door.text(ours.source.exact()),
        external_id: door.text(ours.external_id.exact()),
        ours: text(&ours.transcript_hash(), &ours.steps),
        theirs: text(&aside.transcript_hash, &theirs.steps),
        first_difference: (same < longer).then_some(same + 1),
        labels: workspace.store().labels(&aside.conversation)?.len() as u64,
        settled: aside.settled,
    })
}

/// True where two steps say or do the same.
fn alike(a: &Step, b: &Step) -> bool {
    match (&a.content, &b.content) {
        (StepContent::Message { role, text, .. }, StepContent::Message { role: other, text: said, .. }) => {
            role == other && text == said
        }
        (
            StepContent::ToolCall { tool, arguments, result, .. },
            StepContent::ToolCall { tool: other, arguments: given, result: answer, .. },
        ) => {
            tool == other
                && arguments.canonical() == given.canonical()
                && result.as_ref().map(|result| &result.text) == answer.as_ref().map(|answer| &answer.text)
        }
        _ => false,
    }
}

/// The steps of both texts in one order, by the longest common subsequence.
fn compare(ours: &[Step], theirs: &[Step]) -> Vec<(Side, usize)> {
    let head = ours.iter().zip(theirs).take_while(|(a, b)| alike(a, b)).count();
    let (rest, others) = (&ours[head..], &theirs[head..]);
    let tail = rest.iter().rev().zip(others.iter().rev()).take_while(|(a, b)| alike(a, b)).count();
    let (rest, others) = (&rest[..rest.len() - tail], &others[..others.len() - tail]);
    let mut out: Vec<(Side, usize)> = (0..head).map(|at| (Side::Both, at)).collect();
    if rest.len() + others.len() <= COMPARED {
        middle((rest, others), head, &mut out);
    } else {
        out.extend((head..head + rest.len()).map(|at| (Side::Ours, at)));
        out.extend((head..head + others.len()).map(|at| (Side::Theirs, at)));
    }
    out.extend((ours.len() - tail..ours.len()).map(|at| (Side::Both, at)));
    out
}

fn middle((ours, theirs): (&[Step], &[Step]), head: usize, out: &mut Vec<(Side, usize)>) {
    // `longest[a][b]`: of what is left from `a` and `b` on.
    let mut longest = vec![vec![0_u16; theirs.len() + 1]; ours.len() + 1];
    let same: Vec<Vec<bool>> =
        ours.iter().map(|ours| theirs.iter().map(|theirs| alike(ours, theirs)).collect()).collect();
    for a in (0..ours.len()).rev() {
        for b in (0..theirs.len()).rev() {
            longest[a][b] =
                if same[a][b] { longest[a + 1][b + 1] + 1 } else { longest[a + 1][b].max(longest[a][b + 1]) };
        }
    }
    let (mut a, mut b) = (0, 0);
    while a < ours.len() || b < theirs.len() {
        if a < ours.len() && b < theirs.len() && same[a][b] {
            out.push((Side::Both, head + a));
            (a, b) = (a + 1, b + 1);
        } else if a < ours.len() && (b == theirs.len() || longest[a + 1][b] >= longest[a][b + 1]) {
            out.push((Side::Ours, head + a));
            a += 1;
        } else {
            out.push((Side::Theirs, head + b));
            b += 1;
        }
    }
}

fn line(side: Side, step: &Step) -> Line {
    let (what, text) = match &step.content {
        StepContent::Message { role, text, .. } => (role.word().to_owned(), text.exact().to_owned()),
        StepContent::ToolCall { tool, arguments, result, .. } => {
            let answer = result.as_ref().map_or("(no result)", |result| result.text.exact());
            (format!("{}()", tool.exact()), format!("{}\n→ {answer}", arguments.0.exact()))
        }
    };
    Line { side, step: step.number, what, text }
}
