//! The review session: started, left, gone on with and ended; its agenda, its pace, its summary; and the decisions made.
//!
//! Invariant: everything told of a session is counted from the log when somebody asks; nothing is kept beside it.

use crate::model::act::{Act, Saved};
use crate::model::codebook::Codebook;
use crate::model::decision::{Day, Decision, DecisionChange, DecisionEdit};
use crate::model::event::EventBody;
use crate::model::id::ConversationId;
use crate::model::queue::{QueueChange, QueueSpec};
use crate::model::session::{Book, NotFound, Session, SessionChange, SessionStart};
use crate::model::time::Timestamp;
use crate::store::events::{Draft, Log};
use crate::store::{Store, StoreError};

use super::door::Door;
use super::queue::{self, QueueError};
use super::review::{self, ReviewError};
use super::workspace::Workspace;

mod activity;
mod agenda;
mod progress;
mod summary;
mod waiting;

pub use activity::{Activity, Said};
pub use agenda::{AgendaKind, AgendaLine, agenda};
pub use progress::{Left, SessionProgress, left, progress};
pub use summary::{SessionSummary, summary};
pub use waiting::{Waiting, Why, waiting};

/// The longest name of a session, and of a participant.
const LONGEST_NAME: usize = 60;

/// The longest text of a decision or a reason.
const LONGEST_TEXT: usize = 2_000;

/// Why a session or a decision cannot be changed, or told of.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The database or the journal.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queue it works through.
    #[error(transparent)]
    Queue(Box<QueueError>),
    /// No session of the name.
    #[error("there is no session {name:?}; there are: {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// Those there are.
        known: String,
    },
    /// Several sessions of the name.
    #[error("there are several sessions {name:?}: {ids}; name one by its id")]
    Several {
        /// What was asked for.
        name: String,
        /// Their ids.
        ids: String,
    },
    /// The name is taken.
    #[error("there is a session {0} already; `aftercall session resume {0}` goes on with it, or choose another name")]
    Taken(String),
    /// Nobody is in a session.
    #[error(
        "no session goes on; `aftercall session start NAME` begins one, `aftercall session list` shows those there were"
    )]
    None,
    /// It is over.
    #[error("session {0} has ended; `aftercall undo` right after it takes that back, or start another one")]
    Over(String),
    /// A name that is none.
    #[error("{0:?} is no name: 1 to 60 characters, none of them a control character")]
    Name(String),
    /// Something that has to be said is not, or at too great length.
    #[error("{0} needs a text of 1 to 2,000 characters")]
    Text(&'static str),
    /// No decision of the id.
    #[error("there is no decision {0:?}; `aftercall decision list --all` shows them with their ids")]
    NoDecision(String),
    /// Several decisions of the id.
    #[error("several decisions begin with {0:?}: {1}; give more of the id")]
    SeveralDecisions(String, String),
    /// It is closed, or open, already.
    #[error("decision {0} is {1} already")]
    Already(String, &'static str),
    /// No day.
    #[error("{0:?} is no day; write it as 2026-11-27")]
    Day(String),
    /// The codebook lacks the mode.
    #[error("the codebook has no failure mode {0:?}; `aftercall codebook` lists them")]
    Mode(String),
    /// The conversation is not parked.
    #[error("{0} is not on the parking lot")]
    NotParked(String),
}

impl From<QueueError> for SessionError {
    fn from(error: QueueError) -> Self {
        match error {
            QueueError::Store(error) => Self::Store(error),
            other => Self::Queue(Box::new(other)),
        }
    }
}

/// All sessions and decisions, in the order in which they began.
///
/// # Errors
/// The database cannot be read.
pub fn book(store: &Store) -> Result<Book, StoreError> {
    store.book()
}

/// The session of a name or an id; without one the session that the reviewer is in or last left.
///
/// # Errors
/// There is none, or there are several of the name.
pub fn find(book: &Book, name: Option<&str>, reviewer: &str) -> Result<Session, SessionError> {
    let Some(name) = name else {
        return book.resumable(reviewer).cloned().ok_or(SessionError::None);
    };
    book.session(name).cloned().map_err(|why| match why {
        NotFound::Nothing => {
            let names: Vec<&str> = book.sessions.iter().map(|session| session.name.as_str()).collect();
            let known = if names.is_empty() { "none yet".to_owned() } else { names.join(", ") };
            SessionError::Unknown { name: name.to_owned(), known }
        }
        NotFound::Several(ids) => SessionError::Several { name: name.to_owned(), ids: ids.join(", ") },
    })
}

/// The decision of an id.
///
/// # Errors
/// There is none, or there are several.
pub fn find_decision(book: &Book, id: &str) -> Result<Decision, SessionError> {
    book.decision(id).cloned().map_err(|why| match why {
        NotFound::Nothing => SessionError::NoDecision(id.to_owned()),
        NotFound::Several(ids) => SessionError::SeveralDecisions(id.to_owned(), ids.join(", ")),
    })
}

/// How far the session is that the reviewer is in, or left last; `None` where there is none.
///
/// # Errors
/// The database cannot be read.
pub fn going_on(store: &Store, reviewer: &str, now: Timestamp) -> Result<Option<SessionProgress>, SessionError> {
    let book = store.book()?;
    Ok(book.resumable(reviewer).map(|session| progress(store, session, now)).transpose()?)
}

/// What the screen of a session shows.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionSheet {
    /// What there is to look at now; nothing where the session is over.
    pub agenda: Vec<AgendaLine>,
    /// Conversations that were parked, and those that earlier sessions put off.
    pub waiting: Vec<Waiting>,
    /// Every session there was, the newest first.
    pub sessions: Vec<Session>,
    /// Open decisions, and those that were made in it.
    pub decisions: Vec<Decision>,
    /// What became of closed ones among them, in a line, by id.
    pub effects: std::collections::BTreeMap<String, String>,
    /// What it came to so far.
    pub summary: SessionSummary,
}

/// What the screen of a session shows: that of this name or event, else that which the reviewer is in or left, else the
/// last there was.
///
/// # Errors
/// There is none, or the database cannot be read.
pub fn sheet(workspace: &mut Workspace, name: Option<&str>, now: Timestamp) -> Result<SessionSheet, SessionError> {
    let book = workspace.store().book()?;
    let last = || book.sessions.last().map(|session| session.event.as_str());
    let here = book.resumable(workspace.reviewer()).map(|session| session.event.as_str());
    let session = find(&book, name.or(here).or_else(last), workspace.reviewer())?;
    let agenda = if session.is_running() { agenda(workspace, (Some(&session), None), now)? } else { Vec::new() };
    let mut decisions = book.decisions.clone();
    decisions.retain(|decision| decision.is_open() || decision.spec.session.as_ref() == Some(&session.event));
    decisions.sort_by_key(|decision| !decision.is_open());
    let mut effects = std::collections::BTreeMap::new();
    let by_lot = super::decision::ByLot::of(workspace, &decisions)?;
    for decision in &decisions {
        if let Some(effect) = by_lot.effect(decision, now) {
            effects.insert(decision.id.clone(), effect.words());
        }
    }
    let summary = summary(workspace, &session, now)?;
    let waiting = waiting(workspace, &book, &session)?;
    let sessions = book.sessions.into_iter().rev().collect();
    Ok(SessionSheet { agenda, waiting, sessions, decisions, effects, summary })
}

/// How a session is to be started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StartOrder {
    /// What people call it.
    pub name: String,
    /// The queue it works through; without one it gets a queue of its own.
    pub queue: Option<String>,
    /// True where it takes what comes and has no queue.
    pub without_queue: bool,
    /// How long it is meant to take.
    pub minutes: u32,
    /// How many conversations a queue of its own takes; as many as it has minutes where that is not said.
    pub size: Option<u32>,
    /// Who else is there.
    pub with: Vec<String>,
}

/// The queue that a session gets where none is named: so many conversations, which are as many as it has minutes unless
/// somebody said otherwise, or all of them for 0; what is unresolved first.
pub fn own_queue(name: &str, size: u32) -> QueueSpec {
    let slug = crate::model::codebook::slug(name);
    let plain: String = slug.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect();
    let begins = plain.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    let name = if begins { plain } else { format!("session-{plain}") };
    QueueSpec { size: (size > 0).then_some(size), ..QueueSpec::new(name.trim_end_matches('-'), "weekly") }
}

/// The act that starts a session, with its agenda as it is now.
///
/// # Errors
/// The queue is not there, or the database cannot be read.
pub fn plan(workspace: &mut Workspace, order: &StartOrder, now: Timestamp) -> Result<Act, SessionError> {
    let known = workspace.store().queues()?;
    let named = |name: &str| known.iter().any(|queue| queue.spec.name == name);
    let (queue, define) = match &order.queue {
        Some(name) if named(name) => (Some(name.clone()), None),
        Some(name) => {
            let known: Vec<&str> = known.iter().map(|queue| queue.spec.name.as_str()).collect();
            let known = if known.is_empty() { "none yet".to_owned() } else { known.join(", ") };
            return Err(QueueError::Unknown { name: name.clone(), known }.into());
        }
        None if order.without_queue => (None, None),
        None => {
            let spec = own_queue(&order.name, order.size.unwrap_or(order.minutes));
            if order.size.is_some() && named(&spec.name) {
                return Err(QueueError::Taken(spec.name).into());
            }
            let define = (!named(&spec.name)).then(|| Box::new(spec.clone()));
            (Some(spec.name), define)
        }
    };
    let asked = queue.as_deref().filter(|_| define.is_none());
    let lines = agenda(workspace, (None, asked), now)?;
    let mut counts: std::collections::BTreeMap<String, u64> =
        lines.iter().map(|line| (line.kind.word().to_owned(), line.count)).collect();
    if let Some(spec) = &define {
        let asked = queue::preview(workspace, spec, now)?.asked;
        let by_lot = (asked as f64 * spec.audit).round() as u64;
        counts.insert(AgendaKind::Audit.word().to_owned(), by_lot);
    }
    let mut participants = vec![workspace.reviewer().to_owned()];
    participants.extend(order.with.iter().map(|name| name.trim().to_owned()));
    let start = SessionStart {
        name: order.name.trim().to_owned(),
        queue,
        minutes: (order.minutes > 0).then_some(order.minutes),
        agenda: counts,
        participants,
    };
    Ok(Act::StartSession { start, queue: define })
}

/// Starts a session.
///
/// # Errors
/// The name is taken or none, the queue is not there, or nothing could be saved.
pub fn start(workspace: &mut Workspace, order: &StartOrder, now: Timestamp) -> Result<Saved, ReviewError> {
    let act = plan(workspace, order, now)?;
    review::record(workspace, &act, now)
}

/// Conversations that a text is about and whose people the door is told, at most.
const MOST_ABOUT: usize = 30;

/// The door that also knows the people of these conversations.
fn about(store: &Store, ids: &[ConversationId], door: &Door) -> Result<Door, StoreError> {
    if !door.masks() || ids.is_empty() {
        return Ok(door.clone());
    }
    let mut known = Vec::new();
    for id in ids.iter().take(MOST_ABOUT) {
        known.extend(store.conversation(&store.log().resolve(id)?)?);
    }
    Ok(door.knowing_all(&known))
}

/// A session as it leaves the workspace: reasons and its name are masked, people who review are not.
///
/// # Errors
/// A conversation cannot be read.
pub fn masked_session(store: &Store, session: &Session, door: &Door) -> Result<Session, StoreError> {
    let mut session = session.clone();
    session.name = door.text(&session.name);
    for parked in &mut session.parked {
        let door = about(store, std::slice::from_ref(&parked.conversation), door)?;
        parked.reason = door.text(&parked.reason);
    }
    Ok(session)
}

/// A decision as it leaves the workspace: what was written is masked, with the people of the conversations it answers.
///
/// # Errors
/// A conversation cannot be read.
pub fn masked_decision(store: &Store, decision: &Decision, door: &Door) -> Result<Decision, StoreError> {
    let mut decision = decision.clone();
    let door = about(store, &decision.spec.conversations, door)?;
    decision.spec.text = door.text(&decision.spec.text);
    if let Some(closed) = &mut decision.closed {
        closed.reason = door.text(&closed.reason);
    }
    Ok(decision)
}

fn about_nothing(body: EventBody) -> Draft {
    Draft { body, target: None }
}

fn check_name(name: &str) -> Result<(), SessionError> {
    let usable = !name.trim().is_empty() && name.chars().count() <= LONGEST_NAME && !name.chars().any(char::is_control);
    if usable { Ok(()) } else { Err(SessionError::Name(name.to_owned())) }
}

/// The events that start a session, and define the queue that comes with it.
pub(super) fn begin(log: &Log<'_>, start: &SessionStart, queue: Option<&QueueSpec>) -> Result<Vec<Draft>, ReviewError> {
    check_name(&start.name)?;
    start.participants.iter().try_for_each(|name| check_name(name))?;
    if log.book()?.sessions.iter().any(|known| known.name.eq_ignore_ascii_case(&start.name)) {
        return Err(SessionError::Taken(start.name.clone()).into());
    }
    let mut drafts = match queue {
        Some(spec) => queue::changes(log, &QueueChange::Add(spec.clone()))?,
        None => Vec::new(),
    };
    drafts.push(about_nothing(EventBody::Session(SessionChange::Start(start.clone()))));
    Ok(drafts)
}

/// The events of a change of a session; none where nothing would change.
pub(super) fn change(log: &Log<'_>, reviewer: &str, change: &SessionChange) -> Result<Vec<Draft>, ReviewError> {
    let book = log.book()?;
    let running = |event: &str| {
        let session = find(&book, Some(event), reviewer)?;
        if session.is_running() { Ok(session) } else { Err(SessionError::Over(session.name)) }
    };
    match change {
        SessionChange::Start(start) => return begin(log, start, None),
        SessionChange::Join { session, with } => {
            let session = running(session)?;
            with.iter().try_for_each(|name| check_name(name))?;
            let new = with.iter().any(|name| !session.participants.contains(name));
            if session.is_attended_by(reviewer) && !new {
                return Ok(Vec::new());
            }
        }
        SessionChange::Leave { session, .. } => {
            if !running(session)?.is_attended_by(reviewer) {
                return Ok(Vec::new());
            }
        }
        SessionChange::Resume { session } | SessionChange::End { session } => drop(running(session)?),
        SessionChange::Park { session, reason, .. } => {
            running(session)?;
            if reason.chars().count() > LONGEST_TEXT {
                return Err(SessionError::Text("a reason").into());
            }
        }
        SessionChange::Unpark { conversation } => {
            let parked = book.sessions.iter().flat_map(|session| &session.parked);
            if !parked.into_iter().any(|parked| parked.conversation == *conversation) {
                return Err(SessionError::NotParked(conversation.to_string()).into());
            }
        }
    }
    Ok(vec![about_nothing(EventBody::Session(change.clone()))])
}

/// The events of a change of a decision; none where nothing would change.
pub(super) fn decide(log: &Log<'_>, change: &DecisionChange) -> Result<Vec<Draft>, ReviewError> {
    let (book, codebook) = (log.book()?, log.codebook()?);
    let change = match change {
        DecisionChange::Add(spec) => {
            let mut spec = spec.clone();
            spec.text = checked(&spec.text)?;
            spec.mode = spec.mode.map(|mode| key_of(&codebook, &mode)).transpose()?;
            DecisionChange::Add(spec)
        }
        DecisionChange::Edit { decision, edit } => {
            let known = find_decision(&book, decision)?;
            let edit = DecisionEdit {
                text: edit.text.as_deref().map(checked).transpose()?,
                mode: match edit.mode.as_deref() {
                    Some("") => Some(String::new()),
                    Some(mode) => Some(key_of(&codebook, mode)?),
                    None => None,
                },
                ..edit.clone()
            };
            if let Some(due) = edit.due.as_deref().filter(|due| !due.is_empty() && Day::parse(due).is_none()) {
                return Err(SessionError::Day(due.to_owned()).into());
            }
            DecisionChange::Edit { decision: known.event, edit }
        }
        DecisionChange::Close { decision, reason } => {
            let known = find_decision(&book, decision)?;
            if !known.is_open() {
                return Err(SessionError::Already(known.id, "closed").into());
            }
            DecisionChange::Close { decision: known.event, reason: reason.trim().to_owned() }
        }
        DecisionChange::Reopen { decision } => {
            let known = find_decision(&book, decision)?;
            if known.is_open() {
                return Err(SessionError::Already(known.id, "open").into());
            }
            DecisionChange::Reopen { decision: known.event }
        }
    };
    Ok(vec![about_nothing(EventBody::Decision(change))])
}

fn checked(text: &str) -> Result<String, SessionError> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > LONGEST_TEXT {
        return Err(SessionError::Text("a decision"));
    }
    Ok(text.to_owned())
}

fn key_of(codebook: &Codebook, mode: &str) -> Result<String, SessionError> {
    codebook.find(mode).map(|mode| mode.key.clone()).ok_or_else(|| SessionError::Mode(mode.to_owned()))
}

#[cfg(test)]
mod tests;
