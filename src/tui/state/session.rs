//! The review session on the screen: the one that goes on, its screen, and the forms for sessions and decisions.
//!
//! Invariant: plain data; what it shows was counted elsewhere.

use crate::engine::request::{AgendaLine, SessionProgress, SessionSheet, StartOrder, Ticket};
use crate::model::decision::{Day, Decision, DecisionChange, DecisionEdit, DecisionKind, DecisionSpec};
use crate::model::id::ConversationId;
use crate::model::time::Timestamp;
use crate::tui::input::LineInput;

/// The session that goes on.
#[derive(Debug, Default)]
pub struct Live {
    /// How far it is; `None` where none goes on.
    pub progress: Option<Box<SessionProgress>>,
    /// When that was counted.
    pub counted: Option<Timestamp>,
    /// The newest question.
    pub awaiting: Option<Ticket>,
    /// True where the answer to it is to bring the reviewer back to where they left.
    pub resuming: bool,
    /// True where the queue of the session that begins is to be shown.
    pub wanted_queue: bool,
    /// The step to go to once this conversation is there.
    pub wanted_step: Option<(ConversationId, u32)>,
}

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
}

impl Tab {
    /// Every tab, in the order of the key.
    pub const ALL: [Self; 3] = [Self::Agenda, Self::Decisions, Self::Summary];

    /// Its name.
    pub fn title(self) -> &'static str {
        match self {
            Self::Agenda => "agenda",
            Self::Decisions => "decisions",
            Self::Summary => "summary",
        }
    }

    /// The one after it.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Agenda => Self::Decisions,
            Self::Decisions => Self::Summary,
            Self::Summary => Self::Agenda,
        }
    }
}

/// The screen of a session.
#[derive(Debug, Default)]
pub struct SessionView {
    /// The question under way.
    pub awaiting: Option<Ticket>,
    /// The answer.
    pub sheet: Option<Box<SessionSheet>>,
    /// Why there is none.
    pub error: Option<String>,
    /// What is shown.
    pub tab: Tab,
    /// The line under the cursor.
    pub cursor: usize,
}

impl SessionView {
    /// The line of the agenda under the cursor.
    pub fn agenda_line(&self) -> Option<&AgendaLine> {
        self.sheet.as_ref().filter(|_| self.tab == Tab::Agenda)?.agenda.get(self.cursor)
    }

    /// The decision under the cursor.
    pub fn decision(&self) -> Option<&Decision> {
        self.sheet.as_ref().filter(|_| self.tab == Tab::Decisions)?.decisions.get(self.cursor)
    }

    /// Lines that the cursor can stand on.
    pub fn count(&self) -> usize {
        match (&self.sheet, self.tab) {
            (Some(sheet), Tab::Agenda) => sheet.agenda.len(),
            (Some(sheet), Tab::Decisions) => sheet.decisions.len(),
            _ => 0,
        }
    }
}

/// The form that starts a session.
#[derive(Debug, Clone)]
pub struct StartForm {
    /// Which line takes the keys: name, queue, minutes, who else.
    pub line: usize,
    /// Texts by line; that of the queue is not used.
    pub texts: [LineInput; 4],
    /// Queues by name; the first two choices stand before them.
    pub queues: Vec<String>,
    /// Which choice.
    pub queue: usize,
    /// What is wrong with the form.
    pub error: Option<String>,
}

impl StartForm {
    /// What the lines ask for.
    pub const TITLES: [&'static str; 4] = ["Name", "Queue", "Minutes", "Who else"];

    /// The form for a session of this name; the queue that is shown is offered first.
    pub fn new(name: &str, shown: Option<&str>) -> Self {
        let queues: Vec<String> = shown.map(str::to_owned).into_iter().collect();
        let queue = if queues.is_empty() { 0 } else { 2 };
        Self { line: 0, texts: [name, "", "60", ""].map(LineInput::new), queues, queue, error: None }
    }

    /// The text of the line that takes the keys.
    pub fn input(&mut self) -> Option<&mut LineInput> {
        if self.line == 1 { None } else { self.texts.get_mut(self.line) }
    }

    /// The choice of a queue in words.
    pub fn queue_words(&self, at: usize) -> &str {
        match at {
            0 => "a queue of its own, what is unresolved first",
            1 => "none: every verdict counts",
            at => self.queues.get(at - 2).map_or("", String::as_str),
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
            queue: self.queue.checked_sub(2).and_then(|at| self.queues.get(at)).cloned(),
            without_queue: self.queue == 1,
            minutes: minutes.map_err(|_| "Minutes: a whole number is needed.")?,
            with: self.texts[3]
                .text()
                .split(',')
                .map(|name| name.trim().to_owned())
                .filter(|n| !n.is_empty())
                .collect(),
        })
    }
}

/// The form for a decision.
#[derive(Debug, Clone)]
pub struct DecisionForm {
    /// Which line takes the keys: text, kind, owner, due, mode.
    pub line: usize,
    /// Texts by line; those of choices are not used.
    pub texts: [LineInput; 5],
    /// Which of [`DecisionKind::ALL`].
    pub kind: usize,
    /// Keys and names of failure modes; the first choice stands for none.
    pub modes: Vec<(String, String)>,
    /// Which of them.
    pub mode: usize,
    /// The conversations it answers.
    pub conversations: Vec<ConversationId>,
    /// The decision that is edited; `None` for a new one.
    pub edited: Option<Box<Decision>>,
    /// The session in which it is made.
    pub session: Option<String>,
    /// What is wrong with the form.
    pub error: Option<String>,
}

impl DecisionForm {
    /// What the lines ask for.
    pub const TITLES: [&'static str; 5] = ["What", "Changes", "Owner", "Due", "Failure mode"];

    /// The form for a new decision.
    pub fn new(modes: Vec<(String, String)>, conversations: Vec<ConversationId>, session: Option<String>) -> Self {
        let texts = ["", "", "", "", ""].map(LineInput::new);
        Self { line: 0, texts, kind: 0, modes, mode: 0, conversations, edited: None, session, error: None }
    }

    /// The form for one that is there.
    pub fn edit(modes: Vec<(String, String)>, decision: &Decision) -> Self {
        let spec = &decision.spec;
        let due = spec.due.map_or_else(String::new, |due| due.to_string());
        let texts = [&spec.text, "", spec.owner.as_deref().unwrap_or_default(), &due, ""].map(LineInput::new);
        let at = modes.iter().position(|(key, _)| Some(key) == spec.mode.as_ref());
        Self {
            line: 0,
            texts,
            kind: DecisionKind::ALL.iter().position(|kind| *kind == spec.kind).unwrap_or(0),
            mode: at.map_or(0, |at| at + 1),
            modes,
            conversations: spec.conversations.clone(),
            edited: Some(Box::new(decision.clone())),
            session: None,
            error: None,
        }
    }

    /// The text of the line that takes the keys.
    pub fn input(&mut self) -> Option<&mut LineInput> {
        if matches!(self.line, 1 | 4) { None } else { self.texts.get_mut(self.line) }
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
        let mode = self.mode_key().cloned().unwrap_or_default();
        let changed = |now: String, before: &str| (now != before).then_some(now);
        let due_before = spec.due.map_or_else(String::new, |due| due.to_string());
        let edit = DecisionEdit {
            kind: (kind != spec.kind).then_some(kind),
            text: changed(text(0), &spec.text),
            owner: changed(text(2), spec.owner.as_deref().unwrap_or_default()),
            due: changed(text(3), &due_before),
            conversations: Vec::new(),
            mode: changed(mode, spec.mode.as_deref().unwrap_or_default()),
        };
        Ok(DecisionChange::Edit { decision: before.event.clone(), edit })
    }
}
