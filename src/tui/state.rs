//! Everything the screen knows.
//!
//! Invariant: plain data, changed by `update` only; the view borrows it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

pub mod begun;
pub mod calibration;
pub mod correct;
pub mod define;
pub mod disputes;
pub mod export;
pub mod form;
pub mod help;
pub mod import;
pub mod insights;
pub mod judge;
pub mod messages;
pub mod numbers;
pub mod palette;
pub mod prompt;
pub mod queue;
pub mod review;
pub mod session;

use super::action::{Action, Context};
use super::command::Command;
use super::layout::Size;
use super::row::{Look, Row};
use super::theme::Tone;
use super::{Mask, Place, UiConfig};
use crate::engine::request::{KnownTool, Request, Ticket};
use crate::model::codebook::Codebook;
use crate::model::id::ConversationId;
use crate::model::summary::Summary;
use crate::model::time::Timestamp;
use messages::{Log, Writes};
use queue::Said;

/// The two screens; everything else lies over them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Screen {
    /// The list of conversations.
    #[default]
    Queue,
    /// One conversation.
    Review,
}

/// What lies over a screen and takes the keys.
#[derive(Debug)]
pub enum Overlay {
    /// The strip that takes a fail.
    Judge(Box<judge::Judge>),
    /// The form for a correction.
    Correct(Box<correct::Correct>),
    /// A text of several lines.
    Editor(Box<prompt::Editor>),
    /// A one-line question.
    Prompt(Box<prompt::Prompt>),
    /// A yes-or-no question.
    Confirm(prompt::Confirm),
    /// The command palette.
    Palette(palette::Palette),
    /// The help screen.
    Help(help::Help),
    /// The list of messages.
    Messages(messages::MessagesView),
    /// The export form.
    Export(Box<export::ExportForm>),
    /// The form that defines a queue.
    Define(Box<define::DefineForm>),
    /// How far the queue is.
    Progress,
    /// What failed in a week, and how service went.
    Insights(Box<insights::InsightsView>),
    /// The screen of a review session.
    Session(Box<session::SessionView>),
    /// The form that starts a session.
    StartSession(Box<session::StartForm>),
    /// The form for a decision.
    Decision(Box<session::DecisionForm>),
    /// The pages of figures.
    Numbers(Box<numbers::NumbersView>),
    /// Labels that differ, one dispute at a time.
    Disputes(Box<disputes::DisputesView>),
    /// The same cases, judged by several people.
    Calibration(Box<calibration::CalibrationView>),
    /// A job under way.
    Job(import::Job),
}

impl Overlay {
    /// The form, where it is one.
    pub fn form(&mut self) -> Option<&mut dyn form::Form> {
        match self {
            Self::Export(form) => Some(&mut **form),
            Self::Define(form) => Some(&mut **form),
            Self::StartSession(form) => Some(&mut **form),
            Self::Decision(form) => Some(&mut **form),
            _ => None,
        }
    }

    /// Where its keys are looked up.
    pub fn context(&self) -> Context {
        match self {
            Self::Judge(_) => Context::Judge,
            Self::Correct(form) if form.stage == correct::Stage::Remainder => Context::Confirm,
            Self::Correct(_) => Context::Correct,
            Self::Editor(_) => Context::Editor,
            Self::Prompt(_) => Context::Prompt,
            Self::Confirm(_) => Context::Confirm,
            Self::Palette(_) => Context::Palette,
            Self::Help(_) => Context::Help,
            Self::Messages(_) => Context::Messages,
            Self::Progress => Context::Progress,
            Self::Export(_) | Self::Define(_) | Self::StartSession(_) | Self::Decision(_) => Context::Form,
            Self::Session(_) => Context::Session,
            Self::Insights(_) => Context::Insights,
            Self::Numbers(_) => Context::Numbers,
            Self::Disputes(_) => Context::Disputes,
            Self::Calibration(_) => Context::Calibration,
            Self::Job(_) => Context::Job,
        }
    }
}

/// Which answer a ticket waits for.
#[derive(Debug, Clone, PartialEq)]
pub enum Expected {
    /// The ids of the queue.
    Queue,
    /// The ids of the queue, with what arrived meanwhile.
    Fresh,
    /// The ids a search found.
    Hits,
    /// The queues there are.
    Queues,
    /// The queues there are, for the form that starts a session.
    StartQueues,
    /// What the definition in a form would take.
    Preview,
    /// The evaluation that a queue or a session waits for before it begins.
    Evaluated,
    /// Rows of the queue.
    Rows,
    /// What a search found in conversations of the queue.
    Snippets,
    /// A conversation.
    Open(ConversationId),
    /// The codebook.
    Codebook,
    /// The tools that the workspace knows.
    Tools,
    /// What was begun the last time.
    Begun,
    /// What became of what was begun since.
    Kept,
    /// The fail that the reviewer gave last.
    LastFail,
    /// Highlighted text of the detail pane, by its key.
    Highlight(u64),
    /// What failed in a week.
    Insights,
    /// How far the session is.
    Session,
    /// What the screen of the session shows.
    SessionSheet,
    /// A page of figures.
    Figures,
    /// The conversations in dispute.
    Disputes,
    /// What the sides of one say.
    Dispute,
    /// The calibrations, or one of them.
    Calibration,
    /// What came of a claim on this conversation.
    Claim(ConversationId),
    /// A write.
    Write,
    /// An import or export.
    Job,
}

/// Everything the screen knows.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "independent switches, each with a key of its own")]
pub struct State {
    /// What the program was started with.
    pub config: UiConfig,
    /// Of the terminal.
    pub size: Size,
    /// As last told.
    pub now: Timestamp,
    /// Which screen is under the overlays.
    pub screen: Screen,
    /// The list of conversations.
    pub queue: queue::Queue,
    /// The open conversation.
    pub review: Option<Box<review::Review>>,
    /// The topmost last.
    pub overlays: Vec<Overlay>,
    /// The review session that goes on.
    pub session: session::Live,
    /// True while one conversation at a time is shown to a room.
    pub presenting: bool,
    /// Failure modes in use.
    pub codebook: Codebook,
    /// Tools that any conversation of the workspace has, as last told.
    pub tools: Vec<KnownTool>,
    /// Writes under way, saved and not saved.
    pub writes: Writes,
    /// What was said.
    pub log: Log,
    /// True while personal data is masked.
    pub masked: bool,
    /// True while tabs, line ends and blanks are drawn as signs.
    pub reveal: bool,
    /// True while a correction asks whether the rest of the conversation still stands.
    pub asks_remainder: bool,
    /// True while evaluator scores are hidden.
    pub scores_hidden: bool,
    /// Conversations whose scores were uncovered before the verdict.
    pub uncovered: HashSet<ConversationId>,
    /// Conversations whose scores, and earlier verdict, the room has been shown.
    pub revealed: HashSet<ConversationId>,
    /// Conversations whose scores stood on the screen, in whatever list they were opened from.
    pub scores_seen: HashSet<ConversationId>,
    /// Texts that were begun and not saved, by what they are for.
    pub drafts: BTreeMap<String, String>,
    /// What the file holds that keeps all of this.
    pub kept: begun::Kept,
    /// Fails that were begun and not saved, by conversation, and by whether a room was looking.
    pub fails_begun: HashMap<(ConversationId, bool), judge::Judge>,
    /// Forms that were taken, by what they wait for; none is lost before that is done.
    pub forms_taken: HashMap<Ticket, Overlay>,
    /// Folders that exports went to since the program was opened.
    pub exported: BTreeSet<String>,
    /// Forms that were begun and not saved, by what they are for.
    pub forms_begun: BTreeMap<(String, bool), Overlay>,
    /// Corrections that were begun and not saved, by conversation and step.
    pub corrections_begun: HashMap<(ConversationId, u32), Box<correct::Correct>>,
    /// The step at which each conversation was left.
    pub left_at: HashMap<ConversationId, u32>,
    /// The conversation that was left when the program ended, and its step, until it is opened again.
    pub returning: Option<(ConversationId, u32)>,
    /// A dispute whose transcript is open.
    pub visit: Option<disputes::Visit>,
    /// A calibration of which a case is open.
    pub calibration: Option<Box<calibration::CalibrationView>>,
    /// What this reviewer holds in a shared queue.
    pub holding: Option<disputes::Holding>,
    /// True once the program was asked to end.
    pub leaving: bool,
    /// True where the demo is to be opened next.
    pub demo_wanted: bool,
    pub(super) expected: HashMap<Ticket, Expected>,
    pub(super) outbox: Vec<Command>,
    tickets: u64,
}

/// Hands text out as it may be shown: masked or exact.
#[derive(Clone)]
pub struct Lens {
    mask: Option<Mask>,
    /// How hidden characters are drawn.
    pub look: Look,
}

impl Lens {
    /// The text as it may be shown.
    pub fn see<'a>(&self, text: &'a str) -> std::borrow::Cow<'a, str> {
        match &self.mask {
            Some(mask) if !text.is_empty() => (mask.0)(text).into(),
            _ => text.into(),
        }
    }

    /// The text on one line, as it may be shown.
    pub fn row(&self, text: &str, tone: Tone) -> Row {
        let mut row = Row::new();
        row.push_as(&self.see(text), tone, self.look.charset());
        row
    }
}

impl State {
    /// The state before anything is known.
    pub fn new(config: UiConfig, size: Size) -> Self {
        let (masked, presenting, asks_remainder) = (config.masked, config.presenting, config.ask_remainder);
        Self {
            config,
            size,
            now: Timestamp(0),
            screen: Screen::Queue,
            queue: queue::Queue::default(),
            review: None,
            overlays: Vec::new(),
            session: session::Live::default(),
            presenting,
            codebook: Codebook::default(),
            tools: Vec::new(),
            writes: Writes::default(),
            log: Log::default(),
            masked,
            reveal: false,
            asks_remainder,
            scores_hidden: false,
            uncovered: HashSet::new(),
            revealed: HashSet::new(),
            scores_seen: HashSet::new(),
            drafts: BTreeMap::new(),
            kept: begun::Kept::default(),
            fails_begun: HashMap::new(),
            forms_taken: HashMap::new(),
            exported: BTreeSet::new(),
            forms_begun: BTreeMap::new(),
            corrections_begun: HashMap::new(),
            left_at: HashMap::new(),
            returning: None,
            visit: None,
            calibration: None,
            holding: None,
            leaving: false,
            demo_wanted: false,
            expected: HashMap::new(),
            outbox: Vec::new(),
            tickets: 0,
        }
    }

    /// Where the reviewer is, to be found again at the next start.
    pub fn place(&self) -> Place {
        // Left before the list came, the place is the one that was asked for.
        let query = if self.queue.ready { &self.queue.query } else { &self.queue.asked };
        let open = self.review.as_ref().filter(|_| self.screen == Screen::Review).map(|review| &review.id);
        let conversation = open.or_else(|| self.queue.current()).or(self.queue.wanted_place.as_ref()).cloned();
        Place {
            queue: query.queue.clone(),
            // What a screen listed once is not what the reviewer works on.
            filter: if self.queue.listed.as_ref() == Some(&query.filter) {
                String::new()
            } else {
                query.filter.clone()
            },
            order: query.order,
            step: conversation.as_ref().and_then(|id| self.step_of(id)),
            conversation,
        }
    }

    /// The step at which a conversation was left, or is read.
    fn step_of(&self, id: &ConversationId) -> Option<u32> {
        let review = self.review.as_ref().filter(|review| review.id == *id);
        let left = || self.returning.as_ref().filter(|(back, _)| back == id).map(|(_, step)| *step);
        review
            .and_then(|review| review.step())
            .map(|step| step.number)
            .or_else(|| self.left_at.get(id).copied())
            .or_else(left)
    }

    /// Where keys are looked up now.
    pub fn context(&self) -> Context {
        match (self.overlays.last(), self.screen) {
            (Some(overlay), _) => overlay.context(),
            (None, Screen::Queue) => Context::Queue,
            (None, Screen::Review) => Context::Review,
        }
    }

    /// How text may be shown now.
    pub fn lens(&self) -> Lens {
        Lens {
            mask: match (self.presenting, self.masked) {
                (true, _) => Some(self.config.room_mask.clone()),
                (false, masked) => masked.then(|| self.config.mask.clone()),
            },
            look: Look { signs: self.config.theme.signs, reveal: self.reveal },
        }
    }

    /// True where the filter in force holds what a room must not see: no line to be edited may hold it either.
    pub fn covers_filter(&self) -> bool {
        let filter = &self.queue.query.filter;
        self.presenting && self.lens().see(filter) != filter.as_str()
    }

    /// True where nothing may be shown that could sway the verdict on the open conversation.
    pub fn is_blind(&self) -> bool {
        let Some(review) = &self.review else { return false };
        let judged = review.own_verdict().is_some() || matches!(self.queue.said.get(&review.id), Some(Said::Judged(_)));
        // A place that is not there yet may turn out to be one of the audit list.
        let listed = self.queue.query.queue.is_some() && review.position.is_some();
        let drawn = || listed || self.queue.blind.contains(&review.id);
        let blind = review.place.as_ref().map_or_else(drawn, |place| place.blind);
        blind && !judged && !self.uncovered.contains(&review.id)
    }

    /// The conversation of the queue that is being read and not judged yet.
    pub fn reading(&self) -> Option<ConversationId> {
        let review =
            self.review.as_ref().filter(|review| self.screen == Screen::Review && review.position.is_some())?;
        let judged = review.own_verdict().is_some() || matches!(self.queue.said.get(&review.id), Some(Said::Judged(_)));
        (self.queue.query.queue.is_some() && !judged).then(|| review.id.clone())
    }

    /// True where scores of the open conversation are not shown.
    pub fn hides_scores(&self) -> bool {
        let waits = self.review.as_ref().is_none_or(|review| self.waits_for_room(&review.id));
        self.scores_hidden || self.is_blind() || (self.presenting && waits)
    }

    /// True where a room is to judge this conversation first: neither scores nor an earlier verdict are shown to it.
    pub fn waits_for_room(&self, id: &ConversationId) -> bool {
        self.presenting && !self.revealed.contains(id)
    }

    /// True where a row of the list shows nothing that could sway its verdict.
    pub fn is_row_blind(&self, row: &Summary) -> bool {
        let judged = match self.queue.said.get(&row.id) {
            Some(said) => matches!(said, Said::Judged(_)),
            None => row.own_verdict.is_some(),
        };
        let drawn = || self.queue.query.queue.is_some() || self.queue.blind.contains(&row.id);
        let blind = row.place.as_ref().map_or_else(drawn, |place| place.blind);
        blind && !judged
    }

    /// Asks the workers; the answer is known by the ticket.
    pub fn ask(&mut self, request: Request, expected: Expected) -> Ticket {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.expected.insert(ticket, expected);
        self.outbox.push(Command::Ask(ticket, request));
        ticket
    }

    /// Wants something done.
    pub fn want(&mut self, command: Command) {
        self.outbox.push(command);
    }

    /// The key of an action, for hints.
    pub fn key(&self, action: Action) -> String {
        self.config.keymap.hint(action)
    }

    /// The time of day, as the reviewer's clock shows it.
    pub fn clock(&self, at: Timestamp) -> String {
        self.local(at, "%H:%M:%S")
    }

    /// A time in the reviewer's zone; `?` where it cannot be written.
    pub fn local(&self, at: Timestamp, format: &str) -> String {
        match jiff::Timestamp::from_microsecond(at.0) {
            Ok(time) => time.to_zoned(self.config.zone.clone()).strftime(format).to_string(),
            Err(_) => "?".to_owned(),
        }
    }
}
