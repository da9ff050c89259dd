//! The list of conversations: ids of all, rows of those near the view.
//!
//! Invariant: the list is a vector of ids; how many rows are held does not depend on its length.

use std::collections::{HashMap, HashSet};

use super::define::Waiting;
use crate::engine::request::{Hit, QueueIndex, QueueOrder, QueueQuery, QueueState, Ticket};
use crate::model::id::ConversationId;
use crate::model::label::Verdict;
use crate::model::summary::Summary;
use crate::model::time::Timestamp;

/// Rows asked for beyond the visible ones, on either side.
pub const MARGIN: usize = 100;

/// Rows held before those far from the view are dropped.
pub const HELD: usize = 1_000;

/// What this reviewer said of a conversation since the program was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// A verdict.
    Judged(Verdict),
    /// Put off.
    Skipped,
    /// Neither any more: undone.
    Nothing,
}

/// Conversations a search found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Hits {
    /// The words.
    pub words: String,
    /// Positions in the queue, rising.
    pub positions: Vec<usize>,
    /// The best place in conversations near the view; `None` where there is none to show.
    pub places: HashMap<ConversationId, Option<Hit>>,
    /// The places asked for last.
    pub asked: Vec<ConversationId>,
}

impl Hits {
    /// A search for words that has found nothing yet.
    pub fn of(words: &str) -> Self {
        Self { words: words.to_owned(), ..Self::default() }
    }

    /// The place found in a conversation, once it is known.
    pub fn place(&self, id: &ConversationId) -> Option<&Hit> {
        self.places.get(id)?.as_ref()
    }

    /// True where the conversation at this position was found.
    pub fn holds(&self, position: usize) -> bool {
        self.positions.binary_search(&position).is_ok()
    }
}

/// The list of conversations.
#[derive(Debug, Default)]
pub struct Queue {
    /// What is listed.
    pub query: QueueQuery,
    /// The filter that a screen listed last, which nobody typed.
    pub listed: Option<String>,
    /// What was asked for last; becomes `query` once it is answered.
    pub asked: QueueQuery,
    /// The ids and counts.
    pub index: QueueIndex,
    /// True once an index has arrived.
    pub ready: bool,
    /// Rows near the view, with the first message as shown when masked.
    pub rows: HashMap<ConversationId, Summary>,
    /// The position under the cursor.
    pub cursor: usize,
    /// The position at the top.
    pub top: usize,
    /// The newest request for ids; older answers are ignored.
    pub awaiting: Option<Ticket>,
    /// The newest request for what arrived.
    pub awaiting_fresh: Option<Ticket>,
    /// True where something arrived that was not asked for yet.
    pub stale: bool,
    /// The newest request for rows.
    pub awaiting_rows: Option<Ticket>,
    /// The newest search.
    pub awaiting_hits: Option<Ticket>,
    /// What it found.
    pub hits: Option<Hits>,
    /// The newest request for places.
    pub awaiting_snippets: Option<Ticket>,
    /// What was said since the program was opened.
    pub said: HashMap<ConversationId, Said>,
    /// What others hold, until when; without a time where all reviews are in.
    pub held: HashMap<ConversationId, Option<Timestamp>>,
    /// Rows asked for last.
    pub asked_rows: HashSet<ConversationId>,
    /// Rows that are held and may have changed meanwhile; they are shown until newer ones are there.
    pub outdated: HashSet<ConversationId>,
    /// Rows that were asked for and do not exist any more.
    pub missing: HashSet<ConversationId>,
    /// Where the cursor was before the last jump.
    pub last_place: usize,
    /// The conversation to put the cursor on once there is a list.
    pub wanted_place: Option<ConversationId>,
    /// Conversations that a queue shows without scores until the verdict, from wherever they are opened.
    pub blind: HashSet<ConversationId>,
    /// The conversation under the cursor when a queue was gone to, to be found again where the queue is taken back.
    pub before: Option<ConversationId>,
    /// When the last verdict of a queue brought the list back, under keys that may be meant for the next conversation.
    pub ended: Option<Timestamp>,
    /// Verdicts since then that the index does not count yet.
    pub judged_since: i64,
    /// The newest request for the queues there are.
    pub awaiting_queues: Option<Ticket>,
    /// What begins once the conversations it needs were evaluated.
    pub waiting: Option<Waiting>,
}

/// What a row says of its own state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowState {
    /// Nothing said by this reviewer.
    Open,
    /// A draft.
    Draft,
    /// Put off.
    Skipped,
    /// Judged.
    Judged(Verdict),
    /// Judged, and others differ.
    Disputed,
    /// Judged, but the conversation has gone on since.
    Stale,
}

impl Queue {
    /// The conversation under the cursor.
    pub fn current(&self) -> Option<&ConversationId> {
        self.index.ids.get(self.cursor)
    }

    /// The state of a row as far as this reviewer may know it.
    pub fn state_of(&self, row: &Summary, reviewer: &str) -> RowState {
        use crate::model::label::LabelState;
        let mine = row.reviewers.iter().any(|name| name == reviewer);
        match self.said.get(&row.id) {
            Some(Said::Judged(_)) if row.label_state == LabelState::Disputed => return RowState::Disputed,
            Some(Said::Judged(verdict)) if row.label_state == LabelState::Adjudicated => {
                return RowState::Judged(row.verdict.unwrap_or(*verdict));
            }
            Some(Said::Judged(verdict)) => return RowState::Judged(*verdict),
            Some(Said::Skipped) => return RowState::Skipped,
            Some(Said::Nothing) => return RowState::Open,
            None => {}
        }
        match (row.own_verdict, row.label_state) {
            _ if row.skipped => RowState::Skipped,
            (Some(_), LabelState::Disputed) => RowState::Disputed,
            (Some(_), LabelState::Stale) => RowState::Stale,
            // What was settled counts, and no longer what oneself said.
            (Some(own), LabelState::Adjudicated) => RowState::Judged(row.verdict.unwrap_or(own)),
            (Some(verdict), _) => RowState::Judged(verdict),
            (None, _) if mine => RowState::Draft,
            (None, _) => RowState::Open,
        }
    }

    /// True where nothing is known that this reviewer said of the conversation at a position, whatever others did.
    pub fn is_unread(&self, position: usize, reviewer: &str) -> bool {
        let Some(id) = self.index.ids.get(position) else { return false };
        match (self.said.get(id), self.rows.get(id)) {
            (Some(said), _) => *said == Said::Nothing,
            (None, None) => true,
            (None, Some(row)) => {
                matches!(self.state_of(row, reviewer), RowState::Open | RowState::Draft | RowState::Stale)
            }
        }
    }

    /// True where all rows held are alike in this: a column of it would say nothing.
    pub fn same_for_all<T: PartialEq>(&self, of: impl Fn(&Summary) -> T) -> bool {
        let mut rows = self.rows.values().map(of);
        let first = rows.next();
        self.rows.len() > 2 && rows.all(|other| Some(&other) == first.as_ref())
    }

    /// True where the conversation at a position is, as far as is known, still to be judged by `reviewer`.
    pub fn is_open(&self, position: usize, (reviewer, now): (&str, Timestamp)) -> bool {
        let Some(id) = self.index.ids.get(position) else { return false };
        if self.held.get(id).is_some_and(|until| until.is_none_or(|until| until > now)) {
            return false;
        }
        match (self.said.get(id), self.rows.get(id)) {
            (Some(Said::Judged(_) | Said::Skipped), _) => false,
            (Some(Said::Nothing), _) | (None, None) => true,
            // What others have judged as often as the queue asks for is nobody's work any more.
            (None, Some(row)) if row.place.as_ref().is_some_and(|place| !place.open) => false,
            (None, Some(row)) => {
                matches!(self.state_of(row, reviewer), RowState::Open | RowState::Draft | RowState::Stale)
            }
        }
    }

    /// Ids near the view that are not held yet.
    pub fn wanted(&self, height: usize) -> Vec<ConversationId> {
        let from = self.top.saturating_sub(MARGIN);
        let to = (self.top + height + MARGIN).min(self.index.ids.len());
        let near = self.index.ids.get(from..to).unwrap_or_default();
        let visible = self.index.ids.get(self.top..to.min(self.top + height + MARGIN / 2)).unwrap_or_default();
        let fresh = |id: &ConversationId| self.rows.contains_key(id) && !self.outdated.contains(id);
        let known = |id: &&ConversationId| fresh(id) || self.missing.contains(*id);
        // Asked for only when the view comes near what is missing, so that scrolling asks in batches.
        if visible.iter().all(|id| known(&id)) {
            return Vec::new();
        }
        near.iter().filter(|id| !known(id)).cloned().collect()
    }

    /// Found conversations near the view whose places are not held yet.
    pub fn wanted_places(&self, height: usize) -> Vec<ConversationId> {
        let Some(hits) = &self.hits else { return Vec::new() };
        let from = hits.positions.partition_point(|at| *at + height < self.top);
        let near = hits.positions[from..].iter().take_while(|at| **at < self.top + 2 * height);
        near.filter_map(|at| self.index.ids.get(*at)).filter(|id| !hits.places.contains_key(*id)).cloned().collect()
    }

    /// Takes rows in and drops those far from the view.
    pub fn hold(&mut self, rows: Vec<Summary>) {
        self.rows.extend(rows.into_iter().map(|row| (row.id.clone(), row)));
        if self.rows.len() > HELD {
            let from = self.top.saturating_sub(MARGIN * 2);
            let near: HashSet<&ConversationId> = self.index.ids.iter().skip(from).take(MARGIN * 5).collect();
            self.rows.retain(|id, _| near.contains(id));
        }
    }

    /// What is waited for before the first list, of which there are no numbers yet; `None` once one is there.
    pub fn opening(&self) -> Option<String> {
        let what = || match &self.asked.queue {
            Some(name) => format!("putting the queue {name} in order"),
            None => "reading the list".to_owned(),
        };
        (!self.ready && self.awaiting.is_some()).then(what)
    }

    /// Says that another list is on its way, where one is.
    pub fn loading(&self, dot: &str) -> String {
        if self.awaiting.is_some() { format!("{dot}loading") } else { String::new() }
    }

    /// How far the queue of a name is.
    pub fn progress(&self) -> Option<&QueueState> {
        self.index.state.as_deref().filter(|_| self.query.queue.is_some())
    }

    /// Judged conversations of the list.
    pub fn done(&self) -> u64 {
        if let Some(state) = self.progress() {
            return state.done;
        }
        self.index.judged.saturating_add_signed(self.judged_since).min(self.index.ids.len() as u64)
    }

    /// Conversations of the list still to be judged.
    pub fn left(&self) -> u64 {
        if let Some(state) = self.progress() {
            return state.left;
        }
        (self.index.ids.len() as u64).saturating_sub(self.done())
    }

    /// Minutes left at this reviewer's pace; `None` without one.
    pub fn minutes_left(&self) -> Option<u64> {
        let pace = u64::try_from(self.index.pace_micros?).ok().filter(|pace| *pace > 0)?;
        Some((self.left() * (pace / 1_000)).div_ceil(60_000))
    }
}

/// The orders of the queue, in the order of the key.
pub const ORDERS: [QueueOrder; 5] =
    [QueueOrder::Suspicion, QueueOrder::Unjudged, QueueOrder::Newest, QueueOrder::Oldest, QueueOrder::Longest];

/// An order in words.
pub fn order_name(order: QueueOrder) -> &'static str {
    match order {
        QueueOrder::Suspicion => "most suspicious first",
        QueueOrder::Newest => "newest first",
        QueueOrder::Oldest => "oldest first",
        QueueOrder::Longest => "longest first",
        QueueOrder::Unjudged => "not judged first",
        QueueOrder::Reported => "as the gate reports them",
    }
}
