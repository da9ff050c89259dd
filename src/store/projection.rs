//! What the events add up to, kept in tables so that screens and filters need not read the log.
//!
//! Invariant: these tables hold nothing that the log does not say; they may be emptied and made anew at any time.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{OptionalExtension as _, params};

use crate::model::codebook::{Codebook, CodebookChange};
use crate::model::event::{Event, EventBody};
use crate::model::id::ConversationId;
use crate::model::label::{Label, Verdict, project, project_codebook, undone_groups};

use super::conversations::alias;
use super::events::Log;
use super::{Store, StoreError};

/// How often an id may be redirected; more is a circle.
const REDIRECTIONS: usize = 8;

impl Store {
    /// The labels of a conversation, by reviewer.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn labels(&self, conversation: &ConversationId) -> Result<Vec<Label>, StoreError> {
        self.log().labels(conversation)
    }

    /// The codebook.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn codebook(&self) -> Result<Codebook, StoreError> {
        self.log().codebook()
    }

    /// How many labelled conversations are not stored here.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn labelled_elsewhere(&self) -> Result<u64, StoreError> {
        let sql = "SELECT count(DISTINCT conversation) FROM labels
                    WHERE conversation NOT IN (SELECT id FROM conversations)";
        let count: i64 = self.sql(self.connection.query_row(sql, [], |row| row.get(0)))?;
        Ok(count.unsigned_abs())
    }

    /// A hash of all events in log order, of the labels and the codebook they add up to: 64 hexadecimal digits, the same
    /// for everybody who has the same events, however they came.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn state_hash(&self) -> Result<String, StoreError> {
        let mut hasher = blake3::Hasher::new();
        for sql in [
            "SELECT line FROM events ORDER BY lamport, reviewer, device, seq, id",
            "SELECT label FROM labels ORDER BY conversation, reviewer",
        ] {
            let mut statement = self.sql(self.connection.prepare_cached(sql))?;
            let mut rows = self.sql(statement.query([]))?;
            while let Some(row) = self.sql(rows.next())? {
                let text: String = self.sql(row.get(0))?;
                hasher.update(&(text.len() as u64).to_le_bytes());
                hasher.update(text.as_bytes());
            }
            hasher.update(&u64::MAX.to_le_bytes());
        }
        // No codebook and one that was emptied are the same.
        hasher.update(&serde_json::to_vec(&self.codebook()?)?);
        Ok(hasher.finalize().to_hex().to_string())
    }
}

/// Brings the projection up to date with events that were just stored.
pub(super) fn update(log: &Log<'_>, events: &[&Event]) -> Result<(), StoreError> {
    let mut touched = BTreeSet::new();
    for event in events {
        if let EventBody::Alias { from, to } = &event.body {
            alias(log.connection(), from, to)?;
            touched.extend([from.clone(), to.clone()]);
        }
        // Claims say nothing of a conversation.
        if !matches!(event.body, EventBody::Claim { .. } | EventBody::Release {}) {
            touched.extend(event.target.as_ref().map(|target| target.conversation.clone()));
        }
        if let EventBody::Undo { undoes } = &event.body {
            touched.extend(log.conversations_undone(undoes)?);
        }
    }
    if events.iter().any(|event| matches!(event.body, EventBody::Queue(_) | EventBody::Undo { .. })) {
        log.write_queues()?;
    }
    let old = log.codebook()?;
    let codebook = if events.iter().any(|event| may_change_codebook(event, &old)) {
        let new = log.fold_codebook()?;
        if new != old {
            log.write_codebook(&new)?;
            touched.extend(log.conversations_renamed(&old, &new)?);
        }
        new
    } else {
        old
    };
    touched.iter().try_for_each(|conversation| log.project_one(conversation, &codebook))
}

/// Empties the projection and makes it anew from the whole log.
pub(super) fn rebuild(log: &Log<'_>) -> Result<(), StoreError> {
    log.sql(
        log.connection().execute_batch(
            "DELETE FROM labels; DELETE FROM label_modes; DELETE FROM corrections; DELETE FROM codebook; DELETE FROM queues;",
        ),
    )?;
    let events = log.all()?;
    update(log, &events.iter().collect::<Vec<_>>())
}

fn may_change_codebook(event: &Event, codebook: &Codebook) -> bool {
    match &event.body {
        EventBody::Codebook(_) | EventBody::Undo { .. } => true,
        EventBody::Mode { mode } => codebook.mode(&codebook.resolve(mode)).is_none(),
        _ => false,
    }
}

impl Log<'_> {
    /// The id that a conversation has now, after redirections.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn resolve(&self, conversation: &ConversationId) -> Result<ConversationId, StoreError> {
        let mut statement =
            self.sql(self.connection().prepare_cached("SELECT conversation FROM aliases WHERE id = ?1"))?;
        let mut current = conversation.clone();
        for _ in 0..REDIRECTIONS {
            let next: Option<String> =
                self.sql(statement.query_row([current.as_str()], |row| row.get(0)).optional())?;
            match next {
                Some(next) => current = ConversationId::from_stored(next),
                None => break,
            }
        }
        Ok(current)
    }

    /// The labels of a conversation, by reviewer.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn labels(&self, conversation: &ConversationId) -> Result<Vec<Label>, StoreError> {
        let conversation = self.resolve(conversation)?;
        let sql = "SELECT label FROM labels WHERE conversation = ?1 ORDER BY reviewer";
        let mut statement = self.sql(self.connection().prepare_cached(sql))?;
        let rows = statement.query_map([conversation.as_str()], |row| row.get::<_, String>(0));
        let rows: Vec<String> = self.sql(self.sql(rows)?.collect())?;
        rows.iter().map(|text| serde_json::from_str(text).map_err(|error| self.damaged("a label", &error))).collect()
    }

    /// One reviewer's label of a conversation.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn label(&self, conversation: &ConversationId, reviewer: &str) -> Result<Option<Label>, StoreError> {
        Ok(self.labels(conversation)?.into_iter().find(|label| label.reviewer == reviewer))
    }

    /// The codebook.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn codebook(&self) -> Result<Codebook, StoreError> {
        let mut statement =
            self.sql(self.connection().prepare_cached("SELECT codebook FROM codebook WHERE key = 1"))?;
        let text: Option<String> = self.sql(statement.query_row([], |row| row.get(0)).optional())?;
        match text {
            Some(text) => serde_json::from_str(&text).map_err(|error| self.damaged("the codebook", &error)),
            None => Ok(Codebook::default()),
        }
    }

    /// The ids of all labelled conversations, with drafts.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn labelled(&self) -> Result<Vec<ConversationId>, StoreError> {
        self.ids("SELECT DISTINCT conversation FROM labels ORDER BY conversation", [])
    }

    fn ids(&self, sql: &str, values: impl rusqlite::Params) -> Result<Vec<ConversationId>, StoreError> {
        let mut statement = self.sql(self.connection().prepare_cached(sql))?;
        let rows = statement.query_map(values, |row| row.get::<_, String>(0).map(ConversationId::from_stored));
        self.sql(self.sql(rows)?.collect())
    }

    /// The conversations of a group; of the group an undo undoes, where it is an undo without a target.
    fn conversations_undone(&self, group: &str) -> Result<Vec<ConversationId>, StoreError> {
        let mut found = Vec::new();
        let mut next = Some(group.to_owned());
        for _ in 0..REDIRECTIONS {
            let Some(group) = next.take() else { break };
            for event in self.group(&group)? {
                found.extend(event.target.map(|target| target.conversation));
                if let EventBody::Undo { undoes } = event.body {
                    next = Some(undoes);
                }
            }
        }
        Ok(found)
    }

    /// The conversations with a mode that two codebooks resolve to different keys.
    fn conversations_renamed(&self, old: &Codebook, new: &Codebook) -> Result<Vec<ConversationId>, StoreError> {
        let keys: BTreeSet<&String> = old.merged.keys().chain(new.merged.keys()).collect();
        let mut found = Vec::new();
        for key in keys.into_iter().filter(|key| old.resolve(key) != new.resolve(key)) {
            found.extend(self.ids(
                "SELECT DISTINCT conversation FROM events
                  WHERE kind = 'mode' AND conversation IS NOT NULL AND instr(line, ?1) > 0",
                [key],
            )?);
        }
        Ok(found)
    }

    /// Folds the codebook from the log, reading no label that cannot matter.
    fn fold_codebook(&self) -> Result<Codebook, StoreError> {
        let mut events = self.query("SELECT line FROM events WHERE kind IN ('codebook', 'undo')", [])?;
        let undone = undone_groups(&events.iter().collect::<Vec<_>>());
        let taken_back: BTreeSet<String> = events
            .iter()
            .filter(|event| undone.contains(&event.group))
            .filter_map(|event| match &event.body {
                EventBody::Codebook(CodebookChange::Add { key, .. }) => Some(key.clone()),
                _ => None,
            })
            .collect();
        for key in taken_back {
            events.extend(self.query("SELECT line FROM events WHERE kind = 'mode' AND instr(line, ?1) > 0", [key])?);
        }
        let events: Vec<&Event> = events.iter().collect();
        Ok(project_codebook(&events, &undone_groups(&events)))
    }

    fn write_codebook(&self, codebook: &Codebook) -> Result<(), StoreError> {
        let sql = "SELECT id FROM events WHERE kind IN ('codebook', 'undo')
                    ORDER BY lamport DESC, reviewer DESC, device DESC, seq DESC LIMIT 1";
        let head: Option<String> = self.sql(self.connection().query_row(sql, [], |row| row.get(0)).optional())?;
        let text = serde_json::to_string(codebook).map_err(|error| self.damaged("the codebook", &error))?;
        let sql = "INSERT INTO codebook (key, head, codebook) VALUES (1, ?1, ?2)
                   ON CONFLICT (key) DO UPDATE SET head = excluded.head, codebook = excluded.codebook";
        self.sql(self.connection().execute(sql, [head.unwrap_or_default(), text])).map(|_| ())
    }

    /// The events that decide the labels of a conversation: its own, those of ids that lead to it, and undos that name
    /// no conversation. Their targets carry the conversation's id of now.
    fn events_of(&self, conversation: &ConversationId) -> Result<Vec<Event>, StoreError> {
        let mut events = self.query(
            "WITH RECURSIVE ids (id) AS (
                 SELECT ?1 UNION SELECT a.id FROM aliases a JOIN ids ON a.conversation = ids.id LIMIT 1000)
             SELECT line FROM events WHERE conversation IN (SELECT id FROM ids)",
            [conversation.as_str()],
        )?;
        for target in events.iter_mut().filter_map(|event| event.target.as_mut()) {
            target.conversation = conversation.clone();
        }
        events.extend(self.query("SELECT line FROM events WHERE kind = 'undo' AND conversation IS NULL", [])?);
        Ok(events)
    }

    /// Projects one conversation anew.
    fn project_one(&self, conversation: &ConversationId, codebook: &Codebook) -> Result<(), StoreError> {
        let current = self.resolve(conversation)?;
        for id in [conversation, &current] {
            for table in ["labels", "label_modes", "corrections"] {
                let sql = format!("DELETE FROM {table} WHERE conversation = ?1");
                let mut statement = self.sql(self.connection().prepare_cached(&sql))?;
                self.sql(statement.execute([id.as_str()]))?;
            }
        }
        let events = self.events_of(&current)?;
        let events: Vec<&Event> = events.iter().collect();
        let undone = undone_groups(&events);
        let labels = project(&current, &events, &undone, &|key| codebook.resolve(key));
        labels.iter().try_for_each(|label| self.write_label(label))
    }

    fn write_label(&self, label: &Label) -> Result<(), StoreError> {
        let text = serde_json::to_string(label).map_err(|error| self.damaged("a label", &error))?;
        let mut statement = self.sql(self.connection().prepare_cached(
            "INSERT INTO labels (conversation, reviewer, verdict, transcript_hash, step, span_id, no_step, severity,
                                 skipped, at, label, queue, slot, q)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        ))?;
        let first = label.first_failure.as_ref();
        self.sql(statement.execute(params![
            label.conversation.as_str(),
            label.reviewer,
            label.verdict.map(Verdict::word),
            label.transcript_hash.as_str(),
            first.map(|at| at.step),
            first.and_then(|at| at.span_id.as_deref()),
            label.verdict == Some(Verdict::Fail) && first.is_none(),
            label.severity,
            label.skipped,
            label.at.0,
            text,
            label.slot.as_ref().map(|slot| slot.queue.as_str()),
            label.slot.as_ref().map(|slot| slot.kind.word()),
            label.slot.as_ref().and_then(|slot| slot.q),
        ]))?;
        let sql = "INSERT INTO label_modes (conversation, reviewer, mode) VALUES (?1, ?2, ?3)";
        let mut statement = self.sql(self.connection().prepare_cached(sql))?;
        for mode in &label.modes {
            self.sql(statement.execute([label.conversation.as_str(), &label.reviewer, mode]))?;
        }
        self.write_corrections(label)
    }

    fn write_corrections(&self, label: &Label) -> Result<(), StoreError> {
        let mut statement = self.sql(self.connection().prepare_cached(
            "INSERT INTO corrections (conversation, reviewer, step, span_id, decision_span_id, kind, tool, arguments,
                                      alternatives, text, reason, schema_ok, remainder_valid, event)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        ))?;
        for placed in &label.corrections {
            let correction = &placed.correction;
            let json = |error: &serde_json::Error| self.damaged("a correction", error);
            let kind = serde_json::to_value(correction.kind).map_err(|error| json(&error))?;
            self.sql(statement.execute(params![
                label.conversation.as_str(),
                label.reviewer,
                placed.at.step,
                placed.at.span_id,
                placed.at.decision_span_id,
                kind.as_str(),
                correction.tool,
                correction.arguments.as_ref().map(|arguments| arguments.0.exact()),
                serde_json::to_string(&correction.alternatives).map_err(|error| json(&error))?,
                correction.text,
                correction.reason,
                correction.schema_ok,
                correction.remainder_valid,
                placed.event,
            ]))?;
        }
        Ok(())
    }

    fn damaged(&self, what: &str, error: &serde_json::Error) -> StoreError {
        self.damage(format!("{what} cannot be read or written: {error}"))
    }

    /// Compares the tables with a replay of the whole log, and answers with what differs, in words.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn compare_with_replay(&self) -> Result<Vec<String>, StoreError> {
        let mut events = self.all()?;
        for event in &mut events {
            if let Some(target) = &mut event.target {
                target.conversation = self.resolve(&target.conversation)?;
            }
        }
        let events: Vec<&Event> = events.iter().collect();
        let undone = undone_groups(&events);
        let codebook = project_codebook(&events, &undone);
        let mut differences = Vec::new();
        if codebook != self.codebook()? {
            differences.push("the stored codebook is not what the events say".to_owned());
        }
        if self.fold_queues()? != self.queues()? {
            differences.push("the stored queues are not what the events say".to_owned());
        }
        let mut by_conversation: BTreeMap<&ConversationId, Vec<&Event>> = BTreeMap::new();
        for event in &events {
            if let Some(target) = &event.target {
                by_conversation.entry(&target.conversation).or_default().push(event);
            }
        }
        let stored: BTreeSet<ConversationId> = self.labelled()?.into_iter().collect();
        for conversation in by_conversation.keys().copied().chain(&stored).collect::<BTreeSet<_>>() {
            let own = by_conversation.get(conversation).map_or(&[][..], Vec::as_slice);
            let labels = project(conversation, own, &undone, &|key| codebook.resolve(key));
            if labels != self.labels(conversation)? || !self.details_agree(conversation, &labels)? {
                differences.push(format!("the stored labels of {conversation} are not what the events say"));
            }
        }
        Ok(differences)
    }

    /// True where the tables of modes and corrections hold what the labels say.
    fn details_agree(&self, conversation: &ConversationId, labels: &[Label]) -> Result<bool, StoreError> {
        let pairs = |sql: &str| -> Result<Vec<(String, String)>, StoreError> {
            let mut statement = self.sql(self.connection().prepare_cached(sql))?;
            let rows = statement.query_map([conversation.as_str()], |row| Ok((row.get(0)?, row.get(1)?)));
            self.sql(self.sql(rows)?.collect())
        };
        let modes = pairs("SELECT reviewer, mode FROM label_modes WHERE conversation = ?1 ORDER BY reviewer, mode")?;
        let corrections =
            pairs("SELECT reviewer, event FROM corrections WHERE conversation = ?1 ORDER BY reviewer, step")?;
        let mut wanted = (Vec::new(), Vec::new());
        for label in labels {
            let mut own: Vec<_> = label.modes.iter().map(|mode| (label.reviewer.clone(), mode.clone())).collect();
            own.sort();
            wanted.0.extend(own);
            wanted.1.extend(label.corrections.iter().map(|placed| (label.reviewer.clone(), placed.event.clone())));
        }
        Ok((modes, corrections) == wanted)
    }
}
