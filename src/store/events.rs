//! The event log in the database, and the one way to append to it.
//!
//! Invariant: an event is acknowledged after its transaction was committed and synced and its line was appended to the
//! journal and synced, in that order; numbers, chain and clock are taken while the journal's lock is held.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::model::event::{EVENT_VERSION, Event, EventBody, EventTarget, line_hash};
use crate::model::id::ConversationId;
use crate::model::time::Timestamp;

use super::journal::Journal;
use super::{Access, Store, StoreError, projection};

mod heal;

pub use heal::{Healed, LineAside, difference};

/// The largest clock or number that is taken from a journal, so that nobody's file can exhaust them.
const LARGEST: u64 = 1 << 53;

/// How many events are fetched at a time when walking back.
const PAGE: usize = 64;

/// What is to be written, before it has its place in the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// What was done.
    pub body: EventBody,
    /// What it was done to.
    pub target: Option<EventTarget>,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Written {
    /// The group of the events; empty where there was nothing to write.
    pub group: String,
    /// The events, in order.
    pub events: Vec<Event>,
    /// Why the journal lacks them, where it does; the database has them, and the next write tries again.
    pub journal_problem: Option<String>,
    /// What had to be put right first, because another window had been killed while it was saving.
    pub healed: Healed,
}

/// The log as one connection or transaction sees it.
#[derive(Clone, Copy)]
pub struct Log<'a> {
    connection: &'a Connection,
    path: &'a Path,
}

/// Makes an id: a ULID of the time given, so that ids sort by time.
pub fn new_id(at: Timestamp) -> String {
    let milliseconds = u64::try_from(at.0 / 1_000).unwrap_or(0);
    ulid::Ulid::from_parts(milliseconds, ulid::Ulid::generate().random()).to_string()
}

impl Store {
    /// The log, for reading.
    pub fn log(&self) -> Log<'_> {
        Log { connection: &self.connection, path: &self.path }
    }

    /// Appends one group of events: what `decide` answers when asked under the lock, with the log as it is then.
    ///
    /// # Errors
    /// Nothing was written: the store can only be read, is busy, the disk is full, or `decide` refused. Where the
    /// transaction went through and only the journal did not, this is `Ok` with [`Written::journal_problem`].
    pub fn append<E: From<StoreError>>(
        &mut self,
        journal: &Journal,
        at: Timestamp,
        decide: impl FnOnce(&Log<'_>) -> Result<Vec<Draft>, E>,
    ) -> Result<Written, E> {
        if self.access == Access::Read {
            return Err(StoreError::ReadOnly { path: self.path.clone() }.into());
        }
        let locked = journal.lock()?;
        // A journal that cannot be read or written must not keep a label from being saved in the database.
        let (healed, mut journal_problem) = match self.catch_up(&locked) {
            Ok(healed) => (healed, None),
            Err(error) => (Healed::default(), Some(error.to_string())),
        };
        let mut refusal = None;
        let path = self.path.clone();
        let events = self.write(|transaction| {
            let log = Log { connection: transaction, path: &path };
            match decide(&log) {
                Ok(drafts) => log.place(journal, at, drafts),
                Err(error) => {
                    refusal = Some(error);
                    Ok(Vec::new())
                }
            }
        })?;
        if let Some(error) = refusal {
            return Err(error);
        }
        let Some(first) = events.first() else { return Ok(Written::default()) };
        let group = first.0.group.clone();
        let (events, lines): (Vec<Event>, Vec<String>) = events.into_iter().unzip();
        if journal_problem.is_none() {
            journal_problem = locked.append(&lines).err().map(|error| error.to_string());
        }
        self.appended += events.len() as i64;
        Ok(Written { group, events, journal_problem, healed })
    }

    /// Makes the projection anew from all events.
    ///
    /// # Errors
    /// The database cannot be read or written.
    pub fn rebuild_projection(&mut self) -> Result<(), StoreError> {
        let path = self.path.clone();
        self.write(|transaction| projection::rebuild(&Log { connection: transaction, path: &path }))
    }
}

impl<'a> Log<'a> {
    pub(super) fn damage(&self, detail: String) -> StoreError {
        StoreError::Damaged { path: self.path.to_path_buf(), detail }
    }

    pub(super) fn connection(&self) -> &'a Connection {
        self.connection
    }

    pub(super) fn sql<T>(&self, result: rusqlite::Result<T>) -> Result<T, StoreError> {
        result.map_err(|error| StoreError::from_sqlite(self.path, error))
    }

    /// The event in a line of the database.
    pub(super) fn parse(&self, line: &str) -> Result<Event, StoreError> {
        Event::parse(line).map_err(|error| self.damage(format!("a row of the event log is no event: {error}")))
    }

    /// The events that a query selects by their `line` column.
    pub(super) fn query(&self, sql: &str, values: impl rusqlite::Params) -> Result<Vec<Event>, StoreError> {
        let mut statement = self.sql(self.connection.prepare_cached(sql))?;
        let lines = statement.query_map(values, |row| row.get::<_, String>(0));
        let mut events = Vec::new();
        for line in self.sql(lines)? {
            events.push(self.parse(&self.sql(line)?)?);
        }
        Ok(events)
    }

    /// All events in log order.
    ///
    /// # Errors
    /// The database cannot be read, or a row is damaged.
    pub fn all(&self) -> Result<Vec<Event>, StoreError> {
        self.query("SELECT line FROM events ORDER BY lamport, reviewer, device, seq", [])
    }

    /// The events of a group, in order.
    ///
    /// # Errors
    /// The database cannot be read, or a row is damaged.
    pub fn group(&self, group: &str) -> Result<Vec<Event>, StoreError> {
        self.query("SELECT line FROM events WHERE grp = ?1 ORDER BY lamport, reviewer, device, seq", [group])
    }

    /// The events by which conflicts were settled.
    ///
    /// # Errors
    /// The database cannot be read, or a row is damaged.
    pub fn settlements(&self) -> Result<Vec<Event>, StoreError> {
        self.query("SELECT line FROM events WHERE kind = 'conflict'", [])
    }

    /// How many events there are about a conversation.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn count_of(&self, conversation: &str) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM events WHERE conversation = ?1";
        let count: i64 = self.sql(self.connection.query_row(sql, [conversation], |row| row.get(0)))?;
        Ok(count.unsigned_abs())
    }

    /// How many events of one reviewer there are about a conversation.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn count_by(&self, conversation: &ConversationId, reviewer: &str) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM events WHERE conversation = ?1 AND reviewer = ?2";
        let values = [conversation.as_str(), reviewer];
        let count: i64 = self.sql(self.connection.query_row(sql, values, |row| row.get(0)))?;
        Ok(count.unsigned_abs())
    }

    /// The id of the newest event in log order, as manifests name it; `None` in an empty log.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn head(&self) -> Result<Option<String>, StoreError> {
        let sql = "SELECT id FROM events ORDER BY lamport DESC, reviewer DESC, device DESC, seq DESC LIMIT 1";
        self.sql(self.connection.query_row(sql, [], |row| row.get(0)).optional())
    }

    /// Walks a reviewer's own events, newest first, and answers what `walk` makes of them.
    ///
    /// # Errors
    /// The database cannot be read, or a row is damaged.
    pub fn newest_first<T>(
        &self,
        reviewer: &str,
        walk: impl FnOnce(&mut dyn Iterator<Item = Event>) -> T,
    ) -> Result<T, StoreError> {
        let problem = RefCell::new(None);
        let mut page = VecDeque::new();
        let mut before = Some((i64::MAX, String::new(), 0_i64));
        let mut events = std::iter::from_fn(|| {
            if page.is_empty() {
                let from = before.take()?;
                match self.page_before(reviewer, &from) {
                    Ok(events) => page.extend(events),
                    Err(error) => *problem.borrow_mut() = Some(error),
                }
                if page.len() == PAGE {
                    before =
                        page.back().map(|event: &Event| (int(event.lamport), event.device.clone(), int(event.seq)));
                }
            }
            page.pop_front()
        });
        let answer = walk(&mut events);
        match problem.into_inner() {
            Some(error) => Err(error),
            None => Ok(answer),
        }
    }

    fn page_before(&self, reviewer: &str, from: &(i64, String, i64)) -> Result<Vec<Event>, StoreError> {
        self.query(
            "SELECT line FROM events WHERE (lamport, device, seq) < (?2, ?3, ?4) AND lamport <= ?2 AND reviewer = ?1
              ORDER BY lamport DESC, reviewer DESC, device DESC, seq DESC LIMIT ?5",
            params![reviewer, from.0, from.1, from.2, PAGE as i64],
        )
    }

    /// The number and line of a journal's newest event in the database.
    pub(super) fn journal_head(&self, reviewer: &str, device: &str) -> Result<Option<(u64, String)>, StoreError> {
        let sql = "SELECT seq, line FROM events WHERE reviewer = ?1 AND device = ?2 ORDER BY seq DESC LIMIT 1";
        let head = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get(1)?));
        self.sql(self.connection.query_row(sql, [reviewer, device], head).optional())
    }

    /// The events of one journal by number: number, id, line.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn journal_lines(&self, reviewer: &str, device: &str) -> Result<Vec<(u64, String, String)>, StoreError> {
        let sql = "SELECT seq, id, line FROM events WHERE reviewer = ?1 AND device = ?2 ORDER BY seq";
        let mut statement = self.sql(self.connection.prepare_cached(sql))?;
        let place = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get(1)?, row.get(2)?));
        let rows = statement.query_map([reviewer, device], place);
        self.sql(self.sql(rows)?.collect())
    }

    /// The journals that the log knows: reviewer and device.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn journals(&self) -> Result<Vec<(String, String)>, StoreError> {
        let sql = "SELECT DISTINCT reviewer, device FROM events ORDER BY reviewer, device";
        let mut statement = self.sql(self.connection.prepare_cached(sql))?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        self.sql(self.sql(rows)?.collect())
    }

    /// Gives drafts their places in the log, and stores and projects them.
    fn place(&self, journal: &Journal, at: Timestamp, drafts: Vec<Draft>) -> Result<Vec<(Event, String)>, StoreError> {
        let head = self.journal_head(journal.reviewer(), journal.device())?;
        let (mut seq, mut prev) = head.map_or((0, String::new()), |(seq, line)| (seq, line_hash(&line)));
        let clock = "SELECT coalesce(max(lamport), 0) FROM events";
        let mut lamport: i64 = self.sql(self.connection.query_row(clock, [], |row| row.get(0)))?;
        let group = new_id(at);
        let mut placed = Vec::with_capacity(drafts.len());
        for draft in drafts {
            seq += 1;
            lamport += 1;
            let event = Event {
                v: EVENT_VERSION,
                id: new_id(at),
                group: group.clone(),
                reviewer: journal.reviewer().to_owned(),
                device: journal.device().to_owned(),
                seq,
                prev,
                lamport: lamport.unsigned_abs(),
                at,
                body: draft.body,
                target: draft.target,
            };
            let line =
                event.line().map_err(|error| self.damage(format!("an event could not be written down: {error}")))?;
            prev = line_hash(&line);
            self.insert(&event, &line)?;
            placed.push((event, line));
        }
        let events: Vec<&Event> = placed.iter().map(|(event, _)| event).collect();
        projection::update(self, &events)?;
        Ok(placed)
    }

    /// Stores one event; the projection is the caller's.
    fn insert(&self, event: &Event, line: &str) -> Result<(), StoreError> {
        let mut statement = self.sql(self.connection.prepare_cached(
            "INSERT INTO events (id, grp, reviewer, device, seq, prev, lamport, at, kind, conversation, line)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        ))?;
        let inserted = statement.execute(params![
            event.id,
            event.group,
            event.reviewer,
            event.device,
            int(event.seq),
            event.prev,
            int(event.lamport),
            event.at.0,
            event.body.kind(),
            event.target.as_ref().map(|target| target.conversation.as_str()),
            line,
        ]);
        self.sql(inserted).map(|_| ())
    }
}

/// A number as SQLite keeps it.
fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// True for an event whose numbers this program could have written.
fn within_reach(event: &Event) -> bool {
    (1..=LARGEST).contains(&event.seq) && event.lamport <= LARGEST
}

#[cfg(test)]
mod tests;
