//! The log and its journal on real files.
//!
//! Invariant: after every step the projection equals a replay.

use std::fs;

use super::super::FILE_NAME;
use super::super::journal::{self, FOLDER, FaultKind};
use super::*;
use crate::model::codebook::CodebookChange;
use crate::model::id::{ConversationId, TranscriptHash};
use crate::model::label::Verdict;
use crate::model::undo::{redo_target, undo_target};

struct Desk {
    folder: tempfile::TempDir,
    store: Store,
    journal: Journal,
}

const NOW: Timestamp = Timestamp(1_795_000_000_000_000);

fn open(folder: &Path, reviewer: &str, device: &str) -> (Store, Journal) {
    let store = Store::open(&folder.join(FILE_NAME), Access::Create).unwrap();
    (store, Journal::open(&folder.join(FOLDER), reviewer, device).unwrap())
}

fn draft(conversation: &str, body: EventBody) -> Draft {
    let target = EventTarget {
        conversation: ConversationId::from_stored(conversation),
        transcript_hash: TranscriptHash::from_stored("t1:0"),
        step: None,
        span_id: None,
        decision_span_id: None,
    };
    Draft { body, target: Some(target) }
}

fn verdict(conversation: &str, verdict: Verdict) -> Draft {
    draft(
        conversation,
        EventBody::Verdict { verdict, first_failure: None, severity: None, owner: None, slot: None, room: Vec::new() },
    )
}

fn mode(conversation: &str, mode: &str) -> Draft {
    draft(conversation, EventBody::Mode { mode: mode.into() })
}

fn codebook(change: CodebookChange) -> Draft {
    Draft { body: EventBody::Codebook(change), target: None }
}

fn add(key: &str) -> Draft {
    let (key, name) = (key.to_owned(), key.to_uppercase());
    codebook(CodebookChange::Add { key, name, description: String::new(), pack: None })
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (store, journal) = open(folder.path(), "mara", "d1");
        Self { folder, store, journal }
    }

    fn reopen(&mut self) -> Healed {
        (self.store, self.journal) = open(self.folder.path(), "mara", "d1");
        self.heal()
    }

    fn heal(&mut self) -> Healed {
        self.store.heal(&self.folder.path().join(FOLDER), &self.journal).unwrap()
    }

    fn write(&mut self, drafts: Vec<Draft>) -> Written {
        self.store.append::<StoreError>(&self.journal, NOW, |_| Ok(drafts)).unwrap()
    }

    fn undo(&mut self) -> Written {
        let decide = |log: &Log<'_>| -> Result<Vec<Draft>, StoreError> {
            let group = log.newest_first("mara", |events| undo_target(events))?;
            Ok(group.into_iter().map(|undoes| Draft { body: EventBody::Undo { undoes }, target: None }).collect())
        };
        self.store.append(&self.journal, NOW, decide).unwrap()
    }

    fn lose_database(&mut self) {
        // The open connection would move its log into the next file of that name.
        self.store = Store::open(&self.folder.path().join("other.db"), Access::Create).unwrap();
        for suffix in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(self.folder.path().join(format!("{FILE_NAME}{suffix}")));
        }
    }

    fn journal_bytes(&self) -> Vec<u8> {
        fs::read(self.journal.folder().join("000001.jsonl")).unwrap()
    }
}

/// Everything the projection holds.
fn state(store: &Store) -> String {
    let log = store.log();
    assert_eq!(log.compare_with_replay().unwrap(), Vec::<String>::new());
    let labels: Vec<_> = log.labelled().unwrap().iter().map(|id| log.labels(id).unwrap()).collect();
    serde_json::to_string(&(labels, log.codebook().unwrap(), log.all().unwrap())).unwrap()
}

#[test]
fn a_group_gets_its_places_and_both_copies() {
    let mut desk = Desk::new();
    let first = desk.write(vec![add("late"), verdict("c1", Verdict::Fail), mode("c1", "late")]);
    let second = desk.write(vec![verdict("c1", Verdict::Pass)]);
    assert_eq!(first.events.iter().map(|event| event.seq).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(first.events.iter().all(|event| event.group == first.group));
    assert!(second.events[0].lamport > first.events[2].lamport);
    assert_eq!((second.journal_problem, second.healed), (None, Healed::default()));
    let reading = journal::read(desk.journal.folder()).unwrap();
    assert_eq!(reading.faults, []);
    let lines = desk.store.log().journal_lines("mara", "d1").unwrap();
    assert_eq!(
        lines.into_iter().map(|row| row.2).collect::<Vec<_>>(),
        reading.entries.iter().map(|entry| entry.line.clone()).collect::<Vec<_>>()
    );
    let label = desk.store.log().label(&ConversationId::from_stored("c1"), "mara").unwrap().unwrap();
    assert_eq!((label.verdict, label.modes.len()), (Some(Verdict::Pass), 0));
    assert_eq!(desk.store.codebook().unwrap().modes[0].key, "late");
    state(&desk.store);
}

#[test]
fn a_refusal_and_an_empty_answer_write_nothing() {
    let mut desk = Desk::new();
    let refused: Result<Written, StoreError> =
        desk.store.append(&desk.journal, NOW, |_| Err(StoreError::Unknown("c9".into())));
    assert!(matches!(refused, Err(StoreError::Unknown(_))));
    assert_eq!(desk.write(Vec::new()), Written::default());
    assert_eq!(desk.store.log().all().unwrap(), []);
}

#[test]
fn a_lost_database_comes_back_from_the_journal() {
    let mut desk = Desk::new();
    desk.write(vec![add("late"), verdict("c1", Verdict::Fail), mode("c1", "late")]);
    desk.write(vec![verdict("c2", Verdict::Pass)]);
    desk.undo();
    desk.write(vec![verdict("c3", Verdict::Unsure)]);
    let before = state(&desk.store);
    desk.lose_database();
    assert_eq!(desk.reopen().into_database, 6);
    assert_eq!(state(&desk.store), before);
    assert_eq!(desk.heal(), Healed::default());
    // It took several transactions, none of which ended within an act.
    let act = ["c4", "c5", "c6", "c7"].map(|name| verdict(name, Verdict::Pass));
    desk.write(vec![verdict("c3", Verdict::Fail)]);
    desk.write(act.to_vec());
    let entries = journal::read(desk.journal.folder()).unwrap().entries;
    assert_eq!([0, 3, 6, 7].map(|from| heal::whole_acts(&entries[from..])), [3, 3, 5, 4]);
}

#[test]
fn a_lost_journal_comes_back_from_the_database_byte_for_byte() {
    let mut desk = Desk::new();
    for number in 0..5 {
        desk.write(vec![verdict(&format!("c{number}"), Verdict::Pass)]);
    }
    let before = desk.journal_bytes();
    fs::remove_dir_all(desk.folder.path().join(FOLDER)).unwrap();
    assert_eq!(desk.reopen().into_journals, 5);
    assert_eq!(desk.journal_bytes(), before);
}

#[test]
fn every_cut_of_the_journal_heals_to_the_same_bytes() {
    let mut desk = Desk::new();
    for number in 0..3 {
        desk.write(vec![verdict(&format!("c{number}"), Verdict::Pass)]);
    }
    let whole = desk.journal_bytes();
    for cut in (0..whole.len()).rev().step_by(7) {
        fs::write(desk.journal.folder().join("000001.jsonl"), &whole[..cut]).unwrap();
        // Without reopening: the next write of this window heals what another left behind.
        let written = desk.write(vec![verdict("c9", Verdict::Pass)]);
        assert_eq!(written.journal_problem, None);
        let now = desk.journal_bytes();
        assert!(now.starts_with(&whole), "cut at {cut}");
        let reading = journal::read(desk.journal.folder()).unwrap();
        assert_eq!((reading.faults, reading.entries.len()), (vec![], desk.store.log().all().unwrap().len()));
    }
}

#[test]
fn a_changed_line_is_set_aside_once_and_the_database_keeps_its_own() {
    let mut desk = Desk::new();
    desk.write(vec![verdict("c1", Verdict::Pass)]);
    desk.write(vec![verdict("c2", Verdict::Pass)]);
    let before = state(&desk.store);
    let changed = String::from_utf8(desk.journal_bytes()).unwrap().replace(r#""pass""#, r#""fail""#);
    fs::write(desk.journal.folder().join("000001.jsonl"), changed).unwrap();
    let healed = desk.heal();
    assert_eq!(healed.set_aside.len(), 2);
    assert!(matches!(healed.set_aside[0].kind, FaultKind::Differs { .. }));
    assert_eq!(desk.heal().set_aside.len(), 0);
    assert_eq!(state(&desk.store), before);
    assert_eq!(desk.write(vec![verdict("c3", Verdict::Pass)]).journal_problem, None);
}

#[test]
fn journals_of_others_are_taken_over_and_never_written() {
    let mut theirs = Desk::new();
    (theirs.store, theirs.journal) = open(theirs.folder.path(), "theo", "d2");
    theirs.write(vec![verdict("c1", Verdict::Fail)]);
    let mut desk = Desk::new();
    desk.write(vec![verdict("c1", Verdict::Pass)]);
    let copy = desk.folder.path().join(FOLDER).join("theo-d2");
    fs::create_dir(&copy).unwrap();
    let torn = [theirs.journal_bytes(), b"{\"v\":1,".to_vec()].concat();
    fs::write(copy.join("000001.jsonl"), &torn).unwrap();
    assert_eq!(desk.heal().into_database, 1);
    assert_eq!(fs::read(copy.join("000001.jsonl")).unwrap(), torn);
    assert_eq!(desk.store.labels(&ConversationId::from_stored("c1")).unwrap().len(), 2);
    assert_eq!(desk.undo().events.len(), 1);
    let left = desk.store.labels(&ConversationId::from_stored("c1")).unwrap();
    assert_eq!(left.iter().map(|label| label.reviewer.as_str()).collect::<Vec<_>>(), ["theo"]);
    assert!(desk.write(vec![verdict("c1", Verdict::Pass)]).events[0].lamport > 1);
}

#[test]
fn merging_and_renaming_reach_every_label_and_can_be_undone() {
    let mut desk = Desk::new();
    desk.write(vec![add("a"), verdict("c1", Verdict::Fail), mode("c1", "a")]);
    desk.write(vec![add("b"), verdict("c2", Verdict::Fail), mode("c2", "b")]);
    desk.write(vec![codebook(CodebookChange::Merge { from: "a".into(), into: "b".into() })]);
    let modes = |desk: &Desk, id: &str| desk.store.labels(&ConversationId::from_stored(id)).unwrap()[0].modes.clone();
    assert_eq!(modes(&desk, "c1"), ["b"]);
    state(&desk.store);
    desk.undo();
    assert_eq!(modes(&desk, "c1"), ["a"]);
    state(&desk.store);
    desk.undo();
    assert_eq!(desk.store.codebook().unwrap().modes.len(), 1);
    state(&desk.store);
}

#[test]
fn undo_and_redo_find_their_groups_over_many_pages() {
    let mut desk = Desk::new();
    for number in 0..100 {
        desk.write(vec![verdict(&format!("c{number}"), Verdict::Pass)]);
    }
    for _ in 0..100 {
        assert_eq!(desk.undo().events.len(), 1);
    }
    assert_eq!(desk.undo(), Written::default());
    assert_eq!(desk.store.log().labelled().unwrap(), []);
    let redo = desk.store.log().newest_first("mara", |events| redo_target(events)).unwrap();
    let group = redo.unwrap();
    let last_undo = desk.store.log().all().unwrap().pop().unwrap();
    assert_eq!(group, last_undo.group);
    desk.reopen();
    desk.write(vec![Draft { body: EventBody::Undo { undoes: group }, target: None }]);
    assert_eq!(desk.store.log().labelled().unwrap(), [ConversationId::from_stored("c0")]);
}

#[test]
fn labels_follow_a_redirected_id() {
    let mut desk = Desk::new();
    desk.write(vec![verdict("c1", Verdict::Fail)]);
    let (from, to) = (ConversationId::from_stored("c1"), ConversationId::from_stored("c2"));
    desk.write(vec![Draft { body: EventBody::Alias { from: from.clone(), to: to.clone() }, target: None }]);
    assert_eq!(desk.store.labels(&to).unwrap()[0].verdict, Some(Verdict::Fail));
    assert_eq!(desk.store.labels(&from).unwrap()[0].conversation, to);
    desk.write(vec![verdict("c1", Verdict::Pass)]);
    assert_eq!(desk.store.labels(&to).unwrap()[0].verdict, Some(Verdict::Pass));
    let before = state(&desk.store);
    desk.store.rebuild_projection().unwrap();
    assert_eq!(state(&desk.store), before);
}

#[test]
fn an_impossible_clock_in_a_foreign_journal_does_not_end_the_log() {
    let mut desk = Desk::new();
    desk.write(vec![verdict("c1", Verdict::Pass)]);
    let mut event = desk.store.log().all().unwrap().remove(0);
    (event.reviewer, event.device, event.id) = ("theo".into(), "d2".into(), "x".into());
    event.lamport = u64::MAX;
    let copy = desk.folder.path().join(FOLDER).join("theo-d2");
    fs::create_dir(&copy).unwrap();
    fs::write(copy.join("000001.jsonl"), event.line().unwrap() + "\n").unwrap();
    assert_eq!(desk.heal().set_aside[0].kind, FaultKind::Beyond);
    assert_eq!(desk.write(vec![verdict("c2", Verdict::Pass)]).events[0].lamport, 2);
}

#[test]
fn a_journal_that_cannot_be_written_keeps_no_label_from_being_saved() {
    let mut desk = Desk::new();
    desk.write(vec![verdict("c1", Verdict::Pass)]);
    let before = desk.journal_bytes();
    let away = desk.folder.path().join("away");
    fs::rename(desk.folder.path().join(FOLDER), &away).unwrap();
    let written = desk.write(vec![verdict("c2", Verdict::Pass)]);
    assert_eq!(written.events.len(), 1);
    assert!(written.journal_problem.is_some());
    assert_eq!(desk.store.labels(&ConversationId::from_stored("c2")).unwrap().len(), 1);
    fs::rename(&away, desk.folder.path().join(FOLDER)).unwrap();
    assert_eq!(desk.journal_bytes(), before);
    let written = desk.write(vec![verdict("c3", Verdict::Pass)]);
    assert_eq!((written.journal_problem, written.healed.into_journals), (None, 1));
    assert_eq!(journal::read(desk.journal.folder()).unwrap().entries.len(), 3);
}
