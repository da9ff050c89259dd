//! One open conversation: transcript, span tree, detail, and where the reviewer is in them.
//!
//! Invariant: one step is current in all panes; the transcript's cursor decides it, except while the span tree has the
//! keys and its row has no step.

use crate::engine::request::{Hit, Opened, Ticket};
use crate::model::act::Subject as ActSubject;
use crate::model::gate::Broken;
use crate::model::id::ConversationId;
use crate::model::label::{StepPointer, Verdict};
use crate::model::queue::Place;
use crate::model::step::Step;
use crate::text::find::Finder;
use crate::text::needle::Needle;
use crate::tui::detail::{Detail, Subject};
use crate::tui::evidence::{self, Evidence};
use crate::tui::layout::{Pane, Size};
use crate::tui::pager::{Anchor, Pager};
use crate::tui::scoring::{ScoreIndex, is_bad};
use crate::tui::transcript::{Block, Fold, blocks};
use crate::tui::tree::Tree;

/// Why a conversation is being opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The reviewer asked for this one.
    Asked,
    /// It is the next to be judged; one that turns out to be judged is passed over.
    Next,
}

/// One open conversation.
#[derive(Debug)]
pub struct Review {
    /// Which.
    pub id: ConversationId,
    /// Its position in the queue, where it is there.
    pub position: Option<usize>,
    /// Where it stood in the queue of a name when it was opened.
    pub place: Option<Place>,
    /// Why it was opened.
    pub reason: Reason,
    /// The request for it.
    pub ticket: Ticket,
    /// What arrived.
    pub opened: Option<Box<Opened>>,
    /// Why nothing arrived.
    pub failure: Option<String>,
    /// The transcript's parts.
    pub blocks: Vec<Block>,
    /// Per step, its first block.
    pub heads: Vec<usize>,
    /// The transcript's view and cursor.
    pub pager: Pager,
    /// What the chosen score rests on, with that score's index.
    pub evidence: Option<(usize, Option<Evidence>)>,
    /// The span tree.
    pub tree: Tree,
    /// Scores by step and span.
    pub scores: ScoreIndex,
    /// The detail pane.
    pub detail: Detail,
    /// Which pane takes the keys.
    pub focus: Pane,
    /// How much of a call is shown.
    pub fold: Fold,
    /// How many suspicious steps were visited.
    pub suspects_seen: usize,
    /// Words searched for in the transcript.
    pub words: String,
    /// True where `words` are those of a search through the queue: words and phrases, each for itself.
    pub each_word: bool,
    /// The step to go to once the conversation is there.
    pub wanted_step: Option<u32>,
    /// Where the cursor was before the last jump.
    pub last_place: Option<Anchor>,
    /// Per step, whether it is worth a look.
    pub suspicious: Vec<bool>,
    /// What a gate said of it, where one brought it.
    pub broken: Option<Broken>,
}

impl Review {
    /// A conversation that is being opened.
    pub fn opening(id: ConversationId, position: Option<usize>, reason: Reason) -> Self {
        Self {
            id,
            position,
            place: None,
            reason,
            ticket: Ticket::default(),
            opened: None,
            failure: None,
            blocks: Vec::new(),
            heads: Vec::new(),
            pager: Pager::default(),
            evidence: None,
            tree: Tree::default(),
            scores: ScoreIndex::default(),
            detail: Detail::default(),
            focus: Pane::Transcript,
            fold: Fold::default(),
            suspects_seen: 0,
            words: String::new(),
            each_word: false,
            wanted_step: None,
            last_place: None,
            suspicious: Vec::new(),
            broken: None,
        }
    }

    /// Lines above the panes for what a gate said: the case, what broke it, and where there is room what it was made of.
    pub fn broken_lines(&self, size: Size) -> u16 {
        match &self.broken {
            None => 0,
            Some(broken) if size.rows >= 30 && broken.cases.iter().any(|case| !case.recorded.is_empty()) => 3,
            Some(_) => 2,
        }
    }

    /// Finds out what the chosen score rests on, where another one is chosen than before: it looks through all steps.
    pub fn refresh_evidence(&mut self) {
        let chosen = evidence::chosen(self);
        if chosen == self.evidence.as_ref().map(|(score, _)| *score) {
            return;
        }
        self.evidence = chosen.and_then(|score| Some((score, Evidence::of(self.opened.as_ref()?, score))));
    }

    /// Looks for what a search through the queue found here, and goes there once the conversation is loaded.
    pub fn look_for(&mut self, words: &str, place: Option<&Hit>) {
        words.clone_into(&mut self.words);
        self.each_word = true;
        self.wanted_step = place.and_then(|hit| hit.step.as_ref()).map(|step| step.step);
    }

    /// What marks and finds the words that are looked for; `None` where there are none.
    pub fn finder(&self) -> Option<Finder> {
        if !self.each_word {
            return Finder::new(&self.words);
        }
        let needle = Needle::typed(&self.words)?;
        Finder::any(&needle.terms().iter().map(|term| term.text.as_str()).collect::<Vec<_>>())
    }

    /// Takes in what arrived.
    pub fn load(&mut self, opened: Box<Opened>) {
        self.scores = ScoreIndex::new(&opened);
        self.tree = Tree::new(&opened.conversation);
        let steps = &opened.conversation.steps;
        self.suspicious = steps
            .iter()
            .enumerate()
            .map(|(at, step)| {
                step.failed()
                    || opened.suspects.iter().any(|suspect| suspect.at.step == step.number)
                    || self.scores.steps[at].first().is_some_and(|score| is_bad(&opened, *score))
            })
            .collect();
        self.broken = Broken::of(&opened.conversation.attributes);
        self.opened = Some(opened);
        self.evidence = None;
        self.cut();
    }

    /// Cuts the transcript into blocks again, for another folding; the current step stays.
    pub fn cut(&mut self) {
        let step = self.step_index();
        let Some(opened) = &self.opened else { return };
        (self.blocks, self.heads) = blocks(&opened.conversation.steps, self.fold);
        self.pager.forget();
        self.go_to_step(step.unwrap_or(0));
        self.pager.top = self.pager.cursor;
    }

    /// Index of the step under the transcript's cursor.
    pub fn step_index(&self) -> Option<usize> {
        self.blocks.get(self.pager.cursor.block).map(|block| block.step)
    }

    /// The step under the transcript's cursor.
    pub fn step(&self) -> Option<&Step> {
        self.opened.as_ref()?.conversation.steps.get(self.step_index()?)
    }

    /// Puts the transcript's cursor on a step's first line.
    pub fn go_to_step(&mut self, step: usize) {
        if let Some(block) = self.heads.get(step.min(self.heads.len().saturating_sub(1))) {
            self.pager.cursor = Anchor { block: *block, line: 0 };
        }
    }

    /// Remembers the place before a jump.
    pub fn leave_place(&mut self) {
        self.last_place = Some(self.pager.cursor);
    }

    /// The span that stands for the current step: its execution, else its decision.
    pub fn span_of_step(&self, step: usize) -> Option<usize> {
        let conversation = &self.opened.as_ref()?.conversation;
        let step = conversation.steps.get(step)?;
        let id = step.span.as_ref().or(step.decision.as_ref())?;
        conversation.spans.iter().position(|span| span.id == *id)
    }

    /// What the detail pane is about now.
    pub fn subject(&self) -> Subject {
        let tab = self.detail.tab;
        if self.focus == Pane::Spans
            && let Some(row) = self.tree.current()
        {
            return Subject { step: row.own_step, span: row.span, tab };
        }
        let step = self.step_index();
        Subject { step, span: step.and_then(|step| self.span_of_step(step)), tab }
    }

    /// What an act is about.
    pub fn act_subject(&self) -> Option<ActSubject> {
        let opened = self.opened.as_ref()?;
        Some(ActSubject {
            conversation: opened.conversation.id.clone(),
            transcript_hash: opened.summary.transcript_hash.clone(),
        })
    }

    /// The current step as a label points at it.
    pub fn pointer(&self) -> Option<StepPointer> {
        self.step().map(Step::pointer)
    }

    /// The reviewer's own verdict.
    pub fn own_verdict(&self) -> Option<Verdict> {
        self.opened.as_ref()?.own.as_ref()?.verdict
    }
}
