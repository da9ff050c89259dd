//! Healing: events that one of the two copies lacks are copied over from the other.
//!
//! Invariant: healing adds and never replaces; a line that contradicts the database is set aside, and both stay readable.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use rusqlite::{OptionalExtension as _, params};

use crate::model::event::{Event, line_hash};

use super::super::journal::{self, Entry, Fault, FaultKind, Journal, Locked, Reading, Tail};
use super::super::{Store, StoreError, projection};
use super::{Log, int, within_reach};

/// What healing did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Healed {
    /// Events that came from journals into the database.
    pub into_database: u64,
    /// Events that came from the database into this device's journals.
    pub into_journals: u64,
    /// Lines that contradict the database or cannot be read, set aside for the first time.
    pub set_aside: Vec<Fault>,
    /// Torn ends of journals and where they were moved to.
    pub moved_aside: Vec<PathBuf>,
}

impl Healed {
    fn add(&mut self, other: Self) {
        self.into_database += other.into_database;
        self.into_journals += other.into_journals;
        self.set_aside.extend(other.set_aside);
        self.moved_aside.extend(other.moved_aside);
    }
}

impl Store {
    /// Brings the database and the journals under `root` to the same events. Journals of other devices are only read.
    ///
    /// # Errors
    /// A file or the database cannot be read or written; what was healed until then stays.
    pub fn heal(&mut self, root: &Path, own: &Journal) -> Result<Healed, StoreError> {
        let mut healed = self.heal_own(&own.lock()?)?;
        let mut seen = HashSet::from([own.folder().to_path_buf()]);
        for (reviewer, device) in self.log().journals()? {
            if device == own.device() && reviewer != own.reviewer() {
                let journal = Journal::open(root, &reviewer, &device)?;
                healed.add(self.heal_own(&journal.lock()?)?);
                seen.insert(journal.folder().to_path_buf());
            }
        }
        for folder in journal::folders(root)? {
            if seen.contains(&folder) {
                continue;
            }
            let reading = journal::read(&folder)?;
            let Some((reviewer, device)) = reading.owner() else { continue };
            if device == own.device() {
                // The database was lost, and this is another reviewer's journal of this device.
                let journal = Journal::open(root, reviewer, device)?;
                healed.add(self.heal_own(&journal.lock()?)?);
            } else {
                healed.add(self.take_over(&reading)?);
            }
        }
        Ok(healed)
    }

    /// Heals a journal of this device before something is appended: quick where both copies end with the same line.
    pub(super) fn catch_up(&mut self, locked: &Locked<'_>) -> Result<Healed, StoreError> {
        let (tail, journal) = (locked.tail()?, locked.journal());
        let head = self.log().journal_head(journal.reviewer(), journal.device())?;
        if head.is_some_and(|(_, line)| Some(line) == tail.line) && tail.moved_aside.is_none() {
            return Ok(Healed::default());
        }
        self.heal_after(locked, tail)
    }

    /// Heals a journal of this device, both ways.
    fn heal_own(&mut self, locked: &Locked<'_>) -> Result<Healed, StoreError> {
        self.heal_after(locked, locked.tail()?)
    }

    fn heal_after(&mut self, locked: &Locked<'_>, tail: Tail) -> Result<Healed, StoreError> {
        let journal = locked.journal();
        let head = self.log().journal_head(journal.reviewer(), journal.device())?;
        let mut healed = Healed::default();
        if !self.log().same_end(head.as_ref(), tail.line.as_deref())? {
            let reading = journal::read(journal.folder())?;
            healed = self.take_over(&reading)?;
            healed.into_journals = self.give_back(locked, &reading)?;
        }
        healed.moved_aside.extend(tail.moved_aside);
        Ok(healed)
    }

    /// Brings the database and one journal to the same events, wherever that journal lies.
    ///
    /// # Errors
    /// A file or the database cannot be read or written.
    pub fn level(&mut self, journal: &Journal) -> Result<Healed, StoreError> {
        self.heal_own(&journal.lock()?)
    }

    /// Copies what the database lacks from a journal, some acts at a time, so that a label waits for a few of them only.
    /// Taking the same twice changes nothing.
    ///
    /// # Errors
    /// The database cannot be read or written; what was taken until then stays, whole acts of it.
    pub fn take_over(&mut self, reading: &Reading) -> Result<Healed, StoreError> {
        let log = self.log();
        let mut wanting = false;
        for entry in &reading.entries {
            wanting = wanting || log.line_of(&entry.event.id)?.as_ref() != Some(&entry.line);
        }
        if !wanting && reading.faults.iter().all(|fault| !sets_aside(&fault.kind)) {
            return Ok(Healed::default());
        }
        let mut healed = Healed::default();
        let mut left = reading.entries.as_slice();
        while !left.is_empty() {
            let (some, later) = left.split_at(whole_acts(left));
            healed.add(self.take_some(some, reading.owner())?);
            left = later;
        }
        let path = self.path.clone();
        healed.add(self.write(|transaction| {
            let log = Log { connection: transaction, path: &path };
            let mut aside = Healed::default();
            for fault in reading.faults.iter().filter(|fault| sets_aside(&fault.kind)) {
                log.set_aside(fault.clone(), None, &mut aside)?;
            }
            Ok(aside)
        })?);
        Ok(healed)
    }

    /// Copies what the database lacks of these lines, in one transaction.
    fn take_some(&mut self, entries: &[Entry], owner: Option<(&str, &str)>) -> Result<Healed, StoreError> {
        let path = self.path.clone();
        self.write(|transaction| {
            let log = Log { connection: transaction, path: &path };
            let mut healed = Healed::default();
            let mut taken: Vec<&Event> = Vec::new();
            for entry in entries {
                match log.contradiction(entry, owner)? {
                    None => {
                        if log.line_of(&entry.event.id)?.is_none() {
                            log.insert(&entry.event, &entry.line)?;
                            taken.push(&entry.event);
                        }
                    }
                    Some(kind) => {
                        let (path, text) = (entry.path.clone(), entry.line.clone());
                        let fault = Fault { path, line: entry.number, byte: entry.byte, kind, text };
                        log.set_aside(fault, Some(&entry.event.id), &mut healed)?;
                    }
                }
            }
            projection::update(&log, &taken)?;
            healed.into_database = taken.len() as u64;
            Ok(healed)
        })
    }

    /// Appends to a journal what it lacks at its end.
    fn give_back(&mut self, locked: &Locked<'_>, reading: &Reading) -> Result<u64, StoreError> {
        let journal = locked.journal();
        let there: HashSet<&str> = reading.entries.iter().map(|entry| entry.event.id.as_str()).collect();
        let own = |event: &Event| event.reviewer == journal.reviewer() && event.device == journal.device();
        let readable =
            reading.entries.iter().map(|entry| &entry.event).filter(|event| own(event) && within_reach(event));
        let last = readable.map(|event| event.seq).max().unwrap_or(0);
        let rows = self.log().journal_lines(journal.reviewer(), journal.device())?;
        // Lines that are missing further up cannot be put back by appending; `rebuild` writes the journal anew.
        let lines: Vec<String> = rows
            .into_iter()
            .filter(|(seq, id, _)| *seq > last && !there.contains(id.as_str()))
            .map(|(_, _, line)| line)
            .collect();
        if !lines.is_empty() {
            locked.append(&lines)?;
        }
        Ok(lines.len() as u64)
    }
}

impl Store {
    /// Replaces the rows of a journal's events by its lines, and makes the projection anew. Events that only the database
    /// has stay.
    ///
    /// # Errors
    /// The database cannot be written; it was left as it was.
    pub fn take_anew(&mut self, reading: &Reading) -> Result<u64, StoreError> {
        let path = self.path.clone();
        self.write(|transaction| {
            let log = Log { connection: transaction, path: &path };
            let entries = reading.entries.iter().filter(|entry| within_reach(&entry.event));
            for entry in entries.clone() {
                let event = &entry.event;
                let sql = "DELETE FROM events WHERE id = ?1 OR (reviewer = ?2 AND device = ?3 AND seq = ?4)";
                let values = params![event.id, event.reviewer, event.device, int(event.seq)];
                log.sql(log.connection.execute(sql, values))?;
            }
            let mut count = 0;
            for entry in entries {
                log.insert(&entry.event, &entry.line)?;
                count += 1;
            }
            projection::rebuild(&log)?;
            Ok(count)
        })
    }
}

/// A journal line that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineAside {
    /// BLAKE3 of the line.
    pub hash: String,
    /// Where it was read.
    pub journal: String,
    /// Why it was set aside.
    pub reason: String,
    /// The line.
    pub line: String,
    /// What is stored under its id.
    pub stored: Option<String>,
}

impl Store {
    /// The journal lines that were set aside, in the order in which they came.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn lines_aside(&self) -> Result<Vec<LineAside>, StoreError> {
        let sql = "SELECT q.hash, q.journal, q.reason, q.line, e.line
                     FROM quarantine q LEFT JOIN events e ON e.id = q.id ORDER BY q.key";
        self.rows(sql, &[], |row| {
            Ok(LineAside {
                hash: row.get(0)?,
                journal: row.get(1)?,
                reason: row.get(2)?,
                line: row.get(3)?,
                stored: row.get(4)?,
            })
        })
    }
}

/// Lines that are taken over at once; few in tests, so that they see the borders.
const AT_ONCE: usize = if cfg!(test) { 3 } else { 2_000 };

/// How many of these lines to take next: what one act wrote is taken together.
pub(super) fn whole_acts(entries: &[Entry]) -> usize {
    let border = |at: &usize| match entries.get(at - 1..=*at) {
        Some([one, next]) => one.event.group != next.event.group,
        _ => true,
    };
    (AT_ONCE..entries.len()).find(border).unwrap_or(entries.len())
}

/// True for faults of lines that are kept in the quarantine.
fn sets_aside(kind: &FaultKind) -> bool {
    matches!(kind, FaultKind::Unreadable(_))
}

impl Log<'_> {
    /// True where a journal and the database end alike, without a gap before.
    fn same_end(&self, head: Option<&(u64, String)>, tail: Option<&str>) -> Result<bool, StoreError> {
        match (head, tail) {
            (None, None) => Ok(true),
            (Some((seq, line)), Some(tail)) if line == tail => {
                let event = self.parse(line)?;
                let sql = "SELECT count(*) FROM events WHERE reviewer = ?1 AND device = ?2";
                let values = [&event.reviewer, &event.device];
                let count: i64 = self.sql(self.connection.query_row(sql, values, |row| row.get(0)))?;
                Ok(int(*seq) == count)
            }
            _ => Ok(false),
        }
    }

    /// The stored line of an event.
    fn line_of(&self, id: &str) -> Result<Option<String>, StoreError> {
        let mut statement = self.sql(self.connection.prepare_cached("SELECT line FROM events WHERE id = ?1"))?;
        self.sql(statement.query_row([id], |row| row.get(0)).optional())
    }

    /// Why a journal's line cannot be taken over, if it cannot.
    fn contradiction(&self, entry: &Entry, owner: Option<(&str, &str)>) -> Result<Option<FaultKind>, StoreError> {
        let event = &entry.event;
        if !within_reach(event) {
            return Ok(Some(FaultKind::Beyond));
        }
        if owner.is_some_and(|(reviewer, device)| reviewer != event.reviewer || device != event.device) {
            let (reviewer, device) = (event.reviewer.clone(), event.device.clone());
            return Ok(Some(FaultKind::Owner { reviewer, device }));
        }
        if let Some(line) = self.line_of(&event.id)? {
            return Ok(difference(&line, &entry.line).map(|at| FaultKind::Differs { id: event.id.clone(), at }));
        }
        let sql = "SELECT id FROM events WHERE reviewer = ?1 AND device = ?2 AND seq = ?3";
        let mut statement = self.sql(self.connection.prepare_cached(sql))?;
        let values = params![event.reviewer, event.device, int(event.seq)];
        let other: Option<String> = self.sql(statement.query_row(values, |row| row.get(0)).optional())?;
        Ok(other.map(|id| FaultKind::Taken { seq: event.seq, id }))
    }

    /// Keeps a line that cannot be taken over; it is reported the first time only.
    fn set_aside(&self, fault: Fault, id: Option<&str>, healed: &mut Healed) -> Result<(), StoreError> {
        let place = format!("{}:{}", fault.path.display(), fault.line);
        let sql = "INSERT INTO quarantine (hash, id, journal, reason, line) VALUES (?1, ?2, ?3, ?4, ?5)
                   ON CONFLICT (hash) DO NOTHING";
        let values = params![line_hash(&fault.text), id, place, fault.kind.to_string(), fault.text];
        if self.sql(self.connection.execute(sql, values))? > 0 {
            healed.set_aside.push(fault);
        }
        Ok(())
    }
}

/// The first byte at which two lines differ.
pub fn difference(a: &str, b: &str) -> Option<u64> {
    if a == b {
        return None;
    }
    let same = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    Some(same as u64)
}
