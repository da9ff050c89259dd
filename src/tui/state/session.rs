//! The review session on the screen: the one that goes on, its screen, and the forms for sessions and decisions.
//!
//! Invariant: plain data; what it shows was counted elsewhere.

use std::collections::BTreeSet;

use super::form::{Form, Head};
use crate::engine::request::{
    AgendaLine, QueueSpec, SessionProgress, SessionSheet, StartOrder, Ticket, Waiting, own_queue,
};
use crate::model::codebook::Codebook;
use crate::model::decision::{Day, Decision, DecisionChange, DecisionEdit, DecisionKind, DecisionSpec};
use crate::model::id::ConversationId;
use crate::model::session::Session;
use crate::model::time::Timestamp;
use crate::tui::input::LineInput;
use crate::tui::schema::Turn;

/// The session that goes on.
#[derive(Debug, Default)]
pub struct Live {
    /// How far it is; `None` where none goes on.
    pub progress: Option<Box<SessionProgress>>,
    /// One that goes on and that this reviewer has left: verdicts do not count for it.
    pub left: Option<Box<SessionProgress>>,
    /// The event of the one of which that was said.
    pub told_left: Option<String>,
    /// When that was counted.
    pub counted: Option<Timestamp>,
    /// The newest question.
    pub awaiting: Option<Ticket>,
    /// What earlier sessions left on the parking lot, as the agenda said last.
    pub left_parked: BTreeSet<ConversationId>,
    /// True where the answer to it is to bring the reviewer back to where they left.
    pub resuming: bool,
    /// True where the queue of the session that begins is to be shown.
    pub wanted_queue: bool,
    /// The conversation to open once the list is there, and its step.
    pub wanted: Option<(ConversationId, Option<u32>)>,
}

/// Lines of a summary that stand around what it lists, at most.
const AROUND: usize = 16;

/// What the screen of a session shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tab {
    /// What there is to look at.
    #[default]
    Agenda,
    /// What is to be changed.
    Decisions,
    /// What it came to.
    Summary,
    /// Every session there was.
    Sessions,
}

impl Tab {
    /// Every tab, in the order of the key.
    pub const ALL: [Self; 4] = [Self::Agenda, Self::Decisions, Self::Summary, Self::Sessions];

    /// Its name.
    pub fn title(self) -> &'static str {
        match self {
            Self::Agenda => "agenda",
            Self::Decisions => "decisions",
            Self::Summary => "summary",
            Self::Sessions => "sessions",
        }
    }

    /// The one after it.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Agenda => Self::Decisions,
            Self::Decisions => Self::Summary,
            Self::Summary => Self::Sessions,
            Self::Sessions => Self::Agenda,
        }
    }
}

/// The screen of a session.
#[derive(Debug, Default)]
pub struct SessionView {
    /// The event of the session that is shown; `None` for the one that goes on, or was the last.
    pub session: Option<String>,
    /// The question under way.
    pub awaiting: Option<Ticket>,
    /// The answer.
    pub sheet: Option<Box<SessionSheet>>,
    /// Why there is none.
    pub error: Option<String>,
    /// What is shown.
    pub tab: Tab,
    /// The line under the cursor; of the summary, the first line that is shown.
    pub cursor: usize,
}

impl SessionView {
    /// The line of the agenda under the cursor.
    pub fn agenda_line(&self) -> Option<&AgendaLine> {
        self.sheet.as_ref().filter(|_| self.tab == Tab::Agenda)?.agenda.get(self.cursor)
    }

    /// The conversation under the cursor that waits.
    pub fn waiting(&self) -> Option<&Waiting> {
        let sheet = self.sheet.as_ref().filter(|_| self.tab == Tab::Agenda)?;
        sheet.waiting.get(self.cursor.checked_sub(sheet.agenda.len())?)
    }

    /// The decision under the cursor.
    pub fn decision(&self) -> Option<&Decision> {
        self.sheet.as_ref().filter(|_| self.tab == Tab::Decisions)?.decisions.get(self.cursor)
    }

    /// The session under the cursor of the list of all.
    pub fn listed(&self) -> Option<&Session> {
        self.sheet.as_ref().filter(|_| self.tab == Tab::Sessions)?.sessions.get(self.cursor)
    }

    /// Lines that the cursor can stand on; of the summary, at least as many as it has.
    pub fn count(&self) -> usize {
        match (&self.sheet, self.tab) {
            (Some(sheet), Tab::Agenda) => sheet.agenda.len() + sheet.waiting.len(),
            (Some(sheet), Tab::Decisions) => sheet.decisions.len(),
            (Some(sheet), Tab::Sessions) => sheet.sessions.len(),
            (Some(sheet), Tab::Summary) => {
                let summary = &sheet.summary;
                summary.modes.len() + summary.new_modes.len() + summary.decisions.len() + AROUND
            }
            (None, _) => 0,
        }
    }
}

/// The form that starts a session.
#[derive(Debug, Clone)]
pub struct StartForm {
    /// Where it stands; its lines are name, queue, minutes, who else.
    pub head: Head,
    /// Texts by line; that of the queue is not used.
    pub texts: [LineInput; 4],
    /// Queues there are; the first two choices stand before them.
    pub queues: Vec<QueueSpec>,
    /// Which choice.
    pub queue: usize,
    /// The question which queues there are.
    pub awaiting_queues: Option<Ticket>,
    /// The question how many conversations were not evaluated.
    pub awaiting: Option<Ticket>,
    /// How many of the queue's conversations were not evaluated.
    pub unevaluated: u64,
}

impl StartForm {
    /// What the lines ask for.
    pub const TITLES: [&'static str; 4] = ["Name", "Queue", "Minutes", "Who else"];

    /// The form for a session of this name; the queue that is shown is offered first.
    pub fn new(name: &str, shown: Option<QueueSpec>) -> Self {
        let queues: Vec<QueueSpec> = shown.into_iter().collect();
        Self {
            head: Head::of("session", Self::TITLES.len()),
            texts: [name, "", "60", ""].map(LineInput::suggested),
            queue: if queues.is_empty() { 0 } else { 2 },
            queues,
            awaiting_queues: None,
            awaiting: None,
            unevaluated: 0,
        }
    }

    /// The queue that it would work through; `None` where it has none, or the form is not filled yet.
    pub fn spec(&self) -> Option<QueueSpec> {
        match self.queue.checked_sub(2) {
            Some(at) => self.queues.get(at).cloned(),
            None if self.queue == 1 => None,
            None => {
                let order = self.order().ok()?;
                let own = own_queue(&order.name, order.minutes);
                Some(self.queues.iter().find(|known| known.name == own.name).cloned().unwrap_or(own))
            }
        }
    }

    /// The choice of a queue in words.
    pub fn queue_words(&self, at: usize) -> &str {
        match at {
            0 => "its own: one conversation a minute, unresolved first",
            1 => "none: every verdict counts",
            at => self.queues.get(at - 2).map_or("", |queue| queue.name.as_str()),
        }
    }

    /// The choices there are.
    pub fn choices(&self) -> usize {
        self.queues.len() + 2
    }

    /// The order.
    ///
    /// # Errors
    /// What is missing or no number, in words.
    pub fn order(&self) -> Result<StartOrder, String> {
        let name = self.texts[0].text().trim().to_owned();
        if name.is_empty() {
            return Err("A session needs a name.".to_owned());
        }
        let minutes = self.texts[2].text().trim();
        let minutes = if minutes.is_empty() { Ok(0) } else { minutes.parse() };
        Ok(StartOrder {
            name,
            queue: self.queue.checked_sub(2).and_then(|at| self.queues.get(at)).map(|queue| queue.name.clone()),
            without_queue: self.queue == 1,
            minutes: minutes.map_err(|_| "Minutes: a whole number is needed.")?,
            size: None,
            with: self.texts[3]
                .text()
                .split(',')
                .map(|name| name.trim().to_owned())
                .filter(|n| !n.is_empty())
                .collect(),
        })
    }
}

impl Form for StartForm {
    fn head(&mut self) -> &mut Head {
        &mut self.head
    }

    fn input(&mut self) -> Option<&mut LineInput> {
        if self.head.line == 1 { None } else { self.texts.get_mut(self.head.line) }
    }

    fn options(&self) -> Vec<String> {
        let all = if self.head.line == 1 { self.choices() } else { 0 };
        (0..all).map(|at| self.queue_words(at).to_owned()).collect()
    }

    fn choose(&mut self, at: usize) {
        self.queue = at;
    }

    fn turn(&mut self, turn: Turn) {
        if self.head.line == 1 {
            self.queue = turn.from(self.queue, self.choices());
        }
    }
}

/// The form for a decision.
#[derive(Debug, Clone)]
pub struct DecisionForm {
    /// Where it stands; its lines are text, kind, owner, due, mode.
    pub head: Head,
    /// Texts by line; those of choices are not used.
    pub texts: [LineInput; 5],
    /// Which of [`DecisionKind::ALL`].
    pub kind: usize,
    /// Keys and names of failure modes; the first choice stands for none.
    pub modes: Vec<(String, String)>,
    /// Which of them.
    pub mode: usize,
    /// The mode as it was when the form was opened, under the key that it has by now.
    pub mode_before: Option<String>,
    /// The conversations it answers.
    pub conversations: Vec<ConversationId>,
    /// The decision that is edited; `None` for a new one.
    pub edited: Option<Box<Decision>>,
    /// The session in which it is made.
    pub session: Option<String>,
}

impl DecisionForm {
    /// What the lines ask for.
    pub const TITLES: [&'static str; 5] = ["What", "Changes", "Owner", "Due", "Failure mode"];

    /// The form for a new decision.
    pub fn new(codebook: &Codebook, about: Option<ConversationId>, session: Option<String>) -> Self {
        let subject = format!("decision on {}", about.as_ref().map_or("nothing", ConversationId::as_str));
        Self {
            head: Head::of(subject, Self::TITLES.len()),
            texts: ["", "", "", "", ""].map(LineInput::new),
            kind: 0,
            modes: codebook.modes.iter().map(|mode| (mode.key.clone(), mode.name.clone())).collect(),
            mode: 0,
            mode_before: None,
            conversations: about.into_iter().collect(),
            edited: None,
            session,
        }
    }

    /// The form for one that is there.
    pub fn edit(codebook: &Codebook, decision: &Decision) -> Self {
        let spec = &decision.spec;
        let due = spec.due.map_or_else(String::new, |due| due.to_string());
        let mut form = Self {
            head: Head::of(format!("decision {}", decision.event), Self::TITLES.len()),
            texts: [&spec.text, "", spec.owner.as_deref().unwrap_or_default(), &due, ""].map(LineInput::new),
            kind: DecisionKind::ALL.iter().position(|kind| *kind == spec.kind).unwrap_or(0),
            conversations: spec.conversations.clone(),
            edited: Some(Box::new(decision.clone())),
            ..Self::new(codebook, None, None)
        };
        form.choose_mode(spec.mode.as_ref().map(|mode| codebook.resolve(mode)).as_deref());
        form.mode_before = form.mode_key().cloned();
        form
    }

    /// Chooses the mode of a key, or none.
    pub fn choose_mode(&mut self, wanted: Option<&str>) {
        self.mode = self.modes.iter().position(|(key, _)| Some(key.as_str()) == wanted).map_or(0, |at| at + 1);
    }

    /// Brings one that was left half filled up to date with one that was just made: modes and the session may be others.
    pub fn renew(&mut self, fresh: &Self) {
        let chosen = self.mode_key().cloned();
        self.modes.clone_from(&fresh.modes);
        self.choose_mode(chosen.as_deref());
        self.mode_before.clone_from(&fresh.mode_before);
        self.session.clone_from(&fresh.session);
    }

    /// The chosen mode's key.
    pub fn mode_key(&self) -> Option<&String> {
        self.modes.get(self.mode.checked_sub(1)?).map(|(key, _)| key)
    }

    /// The change.
    ///
    /// # Errors
    /// What is missing or no day, in words.
    pub fn change(&self) -> Result<DecisionChange, String> {
        let text = |at: usize| self.texts[at].text().trim().to_owned();
        if text(0).is_empty() {
            return Err("A decision needs words.".to_owned());
        }
        let due = match text(3) {
            empty if empty.is_empty() => None,
            day => Some(Day::parse(&day).ok_or_else(|| format!("{day} is no day; write it as 2026-11-27."))?),
        };
        let kind = DecisionKind::ALL[self.kind.min(DecisionKind::ALL.len() - 1)];
        let Some(before) = &self.edited else {
            return Ok(DecisionChange::Add(DecisionSpec {
                kind,
                text: text(0),
                owner: Some(text(2)).filter(|owner| !owner.is_empty()),
                due,
                conversations: self.conversations.clone(),
                mode: self.mode_key().cloned(),
                session: self.session.clone(),
            }));
        };
        let spec = &before.spec;
        let mode = self.mode_key();
        let changed = |now: String, before: &str| (now != before).then_some(now);
        let due_before = spec.due.map_or_else(String::new, |due| due.to_string());
        let edit = DecisionEdit {
            kind: (kind != spec.kind).then_some(kind),
            text: changed(text(0), &spec.text),
            owner: changed(text(2), spec.owner.as_deref().unwrap_or_default()),
            due: changed(text(3), &due_before),
            conversations: Vec::new(),
            // A mode that was merged into another is shown as that one, which is no change of the decision.
            mode: (mode != self.mode_before.as_ref()).then(|| mode.cloned().unwrap_or_default()),
        };
        Ok(DecisionChange::Edit { decision: before.event.clone(), edit })
    }
}

impl Form for DecisionForm {
    fn head(&mut self) -> &mut Head {
        &mut self.head
    }

    fn input(&mut self) -> Option<&mut LineInput> {
        if matches!(self.head.line, 1 | 4) { None } else { self.texts.get_mut(self.head.line) }
    }

    fn options(&self) -> Vec<String> {
        match self.head.line {
            1 => DecisionKind::ALL.iter().map(|kind| kind.word().to_owned()).collect(),
            4 => std::iter::once("none")
                .chain(self.modes.iter().map(|(_, name)| name.as_str()))
                .map(str::to_owned)
                .collect(),
            _ => Vec::new(),
        }
    }

    fn choose(&mut self, at: usize) {
        match self.head.line {
            1 => self.kind = at,
            4 => self.mode = at,
            _ => {}
        }
    }

    fn turn(&mut self, turn: Turn) {
        match self.head.line {
            1 => self.kind = turn.from(self.kind, DecisionKind::ALL.len()),
            4 => self.mode = turn.from(self.mode, self.modes.len() + 1),
            _ => {}
        }
    }
}
