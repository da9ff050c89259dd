//! Keystroke stories on the pure core, with a small stand-in for the workers, and frames as snapshots.
//!
//! Invariant: a story presses keys and looks at the frame or at what was recorded; it never reaches into a handler.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::command::Command;
use super::keymap::{Chord, Keymap};
use super::layout::Size;
use super::message::Message;
use super::state::State;
use super::theme::{Palette, Signs, Theme};
use super::update::{begin, update};
use super::view::view;
use super::{Clock, Mask, Start, UiConfig};
use crate::engine::request::{Opened, QueueIndex, Reply, Request, Saved, Ticket};
use crate::model::act::{Act, FailedAt};
use crate::model::codebook::{Codebook, CodebookChange};
use crate::model::conversation::Conversation;
use crate::model::id::ConversationId;
use crate::model::label::{Label, LabelState, PlacedCorrection, PlacedNote, StepPointer};
use crate::model::summary::Summary;
use crate::model::time::Timestamp;

mod calibration;
mod forms;
mod frames;
mod insights;
mod keep;
mod numbers;
mod others;
mod queues;
mod real;
mod refused;
mod room;
mod rows;
mod sample;
mod session;
mod slips;
mod stories;
mod strip;
mod team;

/// 2026-11-20T09:41:00Z.
const NOW: Timestamp = Timestamp(1_795_167_660_000_000);

/// What the workers would do, in memory.
#[derive(Default)]
struct Engine {
    conversations: Vec<Opened>,
    codebook: Codebook,
    tools: Vec<crate::engine::request::KnownTool>,
    labels: HashMap<ConversationId, Label>,
    /// Labels before each act, newest last, and the same for redo.
    done: Vec<(ConversationId, Option<Label>, String)>,
    undone: Vec<(ConversationId, Option<Label>, String)>,
    /// Every act that arrived.
    acts: Vec<Act>,
    /// What other reviewers said.
    said_by_others: Vec<Label>,
    /// Fails writes with this reason while set.
    refuse: Option<String>,
    /// Requests that were answered.
    asked: Vec<String>,
}

impl Engine {
    fn summary(&self, id: &ConversationId) -> Option<Summary> {
        let mut summary = self.conversations.iter().find(|opened| opened.conversation.id == *id)?.summary.clone();
        if let Some(label) = self.labels.get(id) {
            summary.reviewers = vec!["lee".to_owned()];
            summary.verdict = label.verdict;
            summary.own_verdict = label.verdict;
            summary.skipped = label.skipped;
            summary.label_state = if label.verdict.is_some() { LabelState::Labelled } else { LabelState::Draft };
        }
        Some(summary)
    }

    /// Labels of others, once there is an own verdict.
    fn others(&self, id: Option<&ConversationId>) -> Vec<Label> {
        let judged = |id: &ConversationId| self.labels.get(id).is_some_and(|label| label.verdict.is_some());
        let is_of = |label: &&Label| id.is_some_and(|id| label.conversation == *id && judged(id));
        self.said_by_others.iter().filter(is_of).cloned().collect()
    }

    /// The newest fail of which the label still stands.
    fn last_fail(&self) -> Option<crate::model::act::Judgement> {
        let stands = |act: &Act| match act {
            Act::Judge(judgement) => {
                let label = self.labels.get(&judgement.subject.conversation)?;
                let fail = Some(crate::model::label::Verdict::Fail);
                (Some(judgement.verdict) == fail && label.verdict == fail).then(|| judgement.clone())
            }
            _ => None,
        };
        self.acts.iter().rev().find_map(stands)
    }

    #[expect(clippy::too_many_lines, reason = "one arm per request")]
    fn answer(&mut self, request: Request) -> Option<Reply> {
        self.asked.push(format!("{request:?}").chars().take(24).collect());
        Some(match request {
            Request::Queue(query) if query.filter.contains("nonsense") => {
                Reply::Failed { message: "filter: unknown field nonsense".into(), retry: false }
            }
            Request::Queue(query) => {
                let hit = |opened: &&Opened| {
                    query.find.is_empty() || opened.summary.first_message.exact().contains(query.find.as_str())
                };
                let ids: Vec<ConversationId> =
                    self.conversations.iter().filter(hit).map(|opened| opened.conversation.id.clone()).collect();
                Reply::Queue(QueueIndex {
                    total: self.conversations.len() as u64,
                    begins: 0,
                    judged: self.labels.values().filter(|label| label.verdict.is_some()).count() as u64,
                    skipped: 0,
                    disputed: 0,
                    pace_micros: Some(48_000_000),
                    ids,
                    state: None,
                })
            }
            Request::QueueRows(_, _, ids) => Reply::Rows(ids.iter().filter_map(|id| self.summary(id)).collect()),
            Request::Queues => Reply::Queues(Vec::new()),
            Request::Insights(_) => {
                Reply::Failed { message: "no conversation began in such a week".into(), retry: false }
            }
            Request::Figures(..) => Reply::Failed { message: "there is no audit label yet".into(), retry: false },
            Request::Preview(_) => Reply::Preview(crate::engine::request::Preview::default()),
            Request::Rows(ids) => Reply::Rows(ids.iter().filter_map(|id| self.summary(id)).collect()),
            Request::Snippets(words, ids) => {
                let needle = crate::text::needle::Needle::typed(&words);
                let of = |id: &ConversationId| {
                    let opened = self.conversations.iter().find(|opened| opened.conversation.id == *id)?;
                    crate::model::search::hits(&opened.conversation, needle.as_ref()?, 1).pop()
                };
                Reply::Snippets(ids.iter().filter_map(of).collect())
            }
            Request::Session => Reply::Session(None),
            Request::SessionSheet(_) => Reply::Failed { message: "no session goes on".into(), retry: false },
            Request::StartSession(_) => self.saved("session", None),
            Request::Open(id) | Request::OpenForRoom(id) => {
                let mut opened = self.conversations.iter().find(|opened| opened.conversation.id == id)?.clone();
                opened.own = self.labels.get(&id).cloned();
                opened.others = self.others(Some(&id));
                Reply::Opened(Box::new(opened))
            }
            Request::Disputes => Reply::Disputes(Vec::new()),
            Request::Dispute(_) | Request::DisputeForRoom(_) | Request::Settle { .. } => {
                Reply::Failed { message: "there is no dispute".into(), retry: false }
            }
            Request::Calibrations => Reply::Calibrations(Vec::new()),
            Request::Calibration(_) | Request::StartCalibration(_) => {
                Reply::Failed { message: "there is no calibration".into(), retry: false }
            }
            Request::Claim(_) => Reply::Claimed(crate::engine::request::Claimed::NotAsked),
            Request::Release(_) => Reply::Claimed(crate::engine::request::Claimed::Released),
            Request::Codebook => Reply::Codebook(self.codebook.clone()),
            Request::Tools => Reply::Tools(self.tools.clone()),
            Request::LastFail => Reply::LastFail(self.last_fail().map(Box::new)),
            Request::Begun => Reply::Begun(crate::engine::request::Drawer::new()),
            Request::KeepBegun(_) => Reply::Kept,
            Request::Highlight(text) => Reply::Highlighted(crate::text::highlight::json(text.exact())),
            Request::Record(_) | Request::Undo | Request::Redo if self.refuse.is_some() => {
                Reply::Failed { message: self.refuse.clone().unwrap_or_default(), retry: true }
            }
            Request::Record(act) => self.record(*act),
            Request::Undo => self.turn_back("undone"),
            Request::Redo => self.turn_back("redone"),
            Request::LoadPack(name) => {
                let change = CodebookChange::Add {
                    key: name.clone(),
                    name: name.clone(),
                    description: String::new(),
                    pack: Some(name),
                };
                self.codebook.apply(&change);
                self.saved("codebook", None)
            }
            Request::Import(_)
            | Request::Export(_)
            | Request::Evaluate(_)
            | Request::WriteInsights(..)
            | Request::WriteReport(..) => Reply::Done {
                message: "200 conversations imported, 0 skipped".into(),
                figures: BTreeMap::from([("conversations".to_owned(), 200), ("spans".to_owned(), 4_210)]),
            },
        })
    }

    #[allow(clippy::too_many_lines, reason = "one arm per act")]
    fn record(&mut self, act: Act) -> Reply {
        self.acts.push(act.clone());
        let blank = |subject: &crate::model::act::Subject| Label {
            conversation: subject.conversation.clone(),
            reviewer: "lee".to_owned(),
            verdict: None,
            transcript_hash: subject.transcript_hash.clone(),
            first_failure: None,
            severity: None,
            owner: None,
            modes: Vec::new(),
            corrections: Vec::new(),
            notes: Vec::new(),
            criteria: Vec::new(),
            skipped: false,
            settled: None,
            at: NOW,
            slot: None,
            room: Vec::new(),
            events: Vec::new(),
        };
        let place = |list: Vec<(StepPointer, crate::model::correction::Correction)>| {
            list.into_iter()
                .map(|(at, correction)| PlacedCorrection { at, correction, event: "e".to_owned() })
                .collect::<Vec<_>>()
        };
        let (subject, what) = match &act {
            Act::Judge(judgement) => {
                judgement.check().unwrap();
                (judgement.subject.clone(), judgement.verdict.word().to_uppercase())
            }
            Act::Skip(subject) => (subject.clone(), "skipped".to_owned()),
            Act::Note { subject, .. } => (subject.clone(), "note".to_owned()),
            Act::Correct { subject, .. } => (subject.clone(), "correction".to_owned()),
            Act::Codebook(changes) => {
                for change in changes {
                    self.codebook.apply(change);
                }
                return self.saved("codebook", None);
            }
            Act::Unmask { .. } => return self.saved("personal data shown", None),
            Act::Queue(_) => return self.saved("queue", None),
            Act::StartSession { .. } | Act::Session(_) => return self.saved("session", None),
            Act::Decision(_) => return self.saved("decision", None),
            Act::Criterion { subject, .. } => (subject.clone(), "criterion".to_owned()),
            Act::Adjudicate { subject, .. } => (subject.clone(), "adjudicated".to_owned()),
        };
        let id = subject.conversation.clone();
        let before = self.labels.get(&id).cloned();
        let mut label = before.clone().unwrap_or_else(|| blank(&subject));
        match act {
            Act::Judge(judgement) => {
                for mode in &judgement.modes {
                    if self.codebook.find(mode).is_none() {
                        self.codebook.apply(&CodebookChange::Add {
                            key: crate::model::codebook::slug(mode),
                            name: mode.clone(),
                            description: String::new(),
                            pack: None,
                        });
                    }
                }
                label.modes = judgement
                    .modes
                    .iter()
                    .filter_map(|mode| self.codebook.find(mode).map(|mode| mode.key.clone()))
                    .collect();
                label.verdict = Some(judgement.verdict);
                label.severity = judgement.severity;
                label.slot.clone_from(&judgement.slot);
                label.first_failure = match judgement.failed_at {
                    Some(FailedAt::Step(at)) => Some(at),
                    _ => None,
                };
                label.corrections = place(judgement.corrections);
                label.skipped = false;
            }
            Act::Skip(_) => label.skipped = true,
            Act::Note { at, text, .. } => label.notes = vec![PlacedNote { at, text, event: "e".to_owned() }],
            Act::Correct { corrections, .. } => label.corrections.extend(place(corrections)),
            Act::Criterion { must, text, .. } => {
                label.criteria.push(crate::model::label::Criterion { must, text, event: "e".to_owned() });
            }
            _ => {}
        }
        self.labels.insert(id.clone(), label);
        self.done.push((id.clone(), before, what.clone()));
        self.saved(&what, Some(id))
    }

    fn turn_back(&mut self, word: &str) -> Reply {
        let undo = word == "undone";
        let Some((id, label, what)) = (if undo { self.done.pop() } else { self.undone.pop() }) else {
            return Reply::Saved(Box::new(Saved { group: String::new(), ..self.bare("nothing to undo", None) }));
        };
        let now = self.labels.get(&id).cloned();
        match label {
            Some(label) => drop(self.labels.insert(id.clone(), label)),
            None => drop(self.labels.remove(&id)),
        }
        if undo { &mut self.undone } else { &mut self.done }.push((id.clone(), now, what.clone()));
        self.saved(&format!("{word}: {what}"), Some(id))
    }

    fn bare(&self, what: &str, conversation: Option<ConversationId>) -> Saved {
        Saved {
            what: what.to_owned(),
            group: "g".to_owned(),
            summary: conversation.as_ref().and_then(|id| self.summary(id)).map(Box::new),
            own: conversation.as_ref().and_then(|id| self.labels.get(id)).cloned().map(Box::new),
            others: self.others(conversation.as_ref()),
            conversation,
            codebook: Some(self.codebook.clone()),
            at: NOW,
            journal_problem: None,
        }
    }

    fn saved(&self, what: &str, conversation: Option<ConversationId>) -> Reply {
        Reply::Saved(Box::new(self.bare(what, conversation)))
    }
}

/// A running screen without a terminal.
pub struct App {
    state: State,
    engine: Engine,
    /// Commands that were not requests.
    commands: Vec<Command>,
    /// Answers held back while set.
    held: Option<Vec<(Ticket, Request)>>,
}

fn config(theme: Theme) -> UiConfig {
    UiConfig {
        reviewer: "lee".to_owned(),
        workspace: "larkfield".to_owned(),
        theme,
        keymap: Keymap::load(&BTreeMap::new()).unwrap(),
        mask: Mask(Arc::new(|text| text.replace("mia@example.org", "<EMAIL-1a2b>"))),
        room_mask: Mask(Arc::new(|text| text.replace("mia@example.org", "<EMAIL-1a2b>").replace("LF-", "<ID>"))),
        room: Vec::new(),
        presenting: false,
        masked: true,
        clock: Clock(Arc::new(|| NOW)),
        zone: jiff::tz::TimeZone::UTC,
        home: Some("/home/lee".into()),
        packs: vec!["customer-service".to_owned(), "mast".to_owned()],
        editor: None,
        export_directory: "dataset".to_owned(),
        must_review: crate::model::queue::MustReview::default(),
        claim_minutes: crate::model::claim::MINUTES,
        ask_remainder: true,
        read_only: None,
        place: None,
    }
}

impl App {
    fn with(conversations: Vec<Conversation>, theme: Theme, size: (u16, u16)) -> Self {
        let engine =
            Engine { conversations: conversations.into_iter().map(sample::opened).collect(), ..Engine::default() };
        let size = Size { columns: size.0, rows: size.1 };
        let mut app = Self { state: State::new(config(theme), size), engine, commands: Vec::new(), held: None };
        update(&mut app.state, Message::Clock(NOW));
        let commands = begin(&mut app.state, Start::Queue(String::new()));
        app.perform(commands);
        app
    }

    fn new(size: (u16, u16)) -> Self {
        Self::with(sample::conversations(), Theme::default(), size)
    }

    fn plain(size: (u16, u16)) -> Self {
        let theme = Theme { palette: Palette::Plain, signs: Signs::Ascii };
        Self::with(sample::conversations(), theme, size)
    }

    fn perform(&mut self, commands: Vec<Command>) {
        for command in commands {
            match command {
                Command::Ask(ticket, request) => match &mut self.held {
                    Some(held) => held.push((ticket, request)),
                    None => self.answer(ticket, request),
                },
                other => self.commands.push(other),
            }
        }
    }

    fn answer(&mut self, ticket: Ticket, request: Request) {
        if let Some(reply) = self.engine.answer(request) {
            let more = update(&mut self.state, Message::Reply(ticket, reply));
            self.perform(more);
        }
    }

    fn release(&mut self) {
        for (ticket, request) in self.held.take().unwrap_or_default() {
            self.answer(ticket, request);
        }
    }

    fn send(&mut self, message: Message) {
        let commands = update(&mut self.state, message);
        self.perform(commands);
    }

    /// Presses keys: `j`, `<enter>`, `<ctrl-d>`, blanks between them; `"text"` types a text without blanks.
    fn press(&mut self, keys: &str) -> &mut Self {
        for key in keys.split(' ').filter(|key| !key.is_empty()) {
            if let Some(text) = key.strip_prefix('"').and_then(|key| key.strip_suffix('"')) {
                for c in text.replace('_', " ").chars() {
                    self.send(Message::Key(Chord::plain(super::keymap::Key::Char(c))));
                }
                continue;
            }
            let name = key.strip_prefix('<').and_then(|key| key.strip_suffix('>')).unwrap_or(key);
            let chord = Chord::parse(name).unwrap_or_else(|| panic!("no such key: {key}"));
            self.send(Message::Key(chord));
        }
        self
    }

    fn buffer(&self) -> ratatui::buffer::Buffer {
        let size = self.state.size;
        let mut terminal = Terminal::new(TestBackend::new(size.columns, size.rows)).unwrap();
        terminal.draw(|frame| view(&self.state, frame)).unwrap();
        terminal.backend().buffer().clone()
    }

    /// The frame as text.
    fn frame(&self) -> String {
        let buffer = self.buffer();
        let mut text = String::new();
        for y in 0..buffer.area.height {
            let mut x = 0;
            let mut line = String::new();
            while x < buffer.area.width {
                let symbol = buffer[(x, y)].symbol();
                line.push_str(symbol);
                x += (crate::text::width::drawn(symbol) as u16).max(1);
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    fn id(&self, at: usize) -> ConversationId {
        self.engine.conversations[at].conversation.id.clone()
    }

    fn label(&self, at: usize) -> Option<&Label> {
        self.engine.labels.get(&self.id(at))
    }
}
