//! Undo and redo against an editor's.
//!
//! Invariant: the log is written here the way the program writes it.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::model::event::{EVENT_VERSION, EventTarget};
use crate::model::id::{ConversationId, TranscriptHash};
use crate::model::label::{Verdict, project, undone_groups};
use crate::model::time::Timestamp;

/// A log of one reviewer, written the way the program writes it.
#[derive(Default)]
struct Log(Vec<Event>);

impl Log {
    fn write(&mut self, body: EventBody) -> String {
        let number = self.0.len() as u64 + 1;
        self.0.push(Event {
            v: EVENT_VERSION,
            id: format!("e{number}"),
            group: format!("g{number}"),
            reviewer: "mara".into(),
            device: "d1".into(),
            seq: number,
            prev: String::new(),
            lamport: number,
            at: Timestamp(0),
            body,
            target: Some(EventTarget {
                conversation: ConversationId::derive("shop", "1"),
                transcript_hash: TranscriptHash::from_stored("t1:0"),
                step: None,
                span_id: None,
                decision_span_id: None,
            }),
        });
        format!("g{number}")
    }

    fn act(&mut self) -> String {
        self.write(EventBody::Verdict {
            verdict: Verdict::Pass,
            first_failure: None,
            severity: None,
            owner: None,
            slot: None,
            room: Vec::new(),
        })
    }

    fn newest_first(&self) -> impl Iterator<Item = Event> + '_ {
        self.0.iter().rev().cloned()
    }

    fn undo(&mut self) -> Option<String> {
        let group = undo_target(self.newest_first())?;
        self.write(EventBody::Undo { undoes: group.clone() });
        Some(group)
    }

    fn redo(&mut self) -> bool {
        let Some(group) = redo_target(self.newest_first()) else { return false };
        self.write(EventBody::Undo { undoes: group });
        true
    }

    fn standing(&self) -> BTreeSet<String> {
        let events: Vec<&Event> = self.0.iter().collect();
        let undone = undone_groups(&events);
        let acts = self.0.iter().filter(|event| !matches!(event.body, EventBody::Undo { .. }));
        acts.map(|event| event.group.clone()).filter(|group| !undone.contains(group)).collect()
    }
}

#[test]
fn undo_walks_back_and_redo_walks_forth() {
    let mut log = Log::default();
    let (a, b) = (log.act(), log.act());
    assert_eq!(log.undo(), Some(b.clone()));
    assert_eq!(log.undo(), Some(a.clone()));
    assert_eq!(log.undo(), None);
    assert!(log.redo());
    assert_eq!(log.standing(), BTreeSet::from([a.clone()]));
    assert!(log.redo());
    assert_eq!(log.standing(), BTreeSet::from([a.clone(), b.clone()]));
    assert!(!log.redo());
    assert_eq!(log.undo(), Some(b));
    let c = log.act();
    assert!(!log.redo(), "a new act ends the chain");
    assert_eq!(log.standing(), BTreeSet::from([a, c]));
}

#[test]
fn an_export_is_neither_undone_nor_does_it_end_the_chain() {
    let mut log = Log::default();
    let a = log.act();
    log.write(EventBody::Unmask { place: "screen".into() });
    assert_eq!(log.undo(), Some(a.clone()));
    log.write(EventBody::Unmask { place: "screen".into() });
    assert_eq!(log.undo(), None);
    assert!(log.redo());
    assert_eq!(log.standing().len(), 3);
}

#[test]
fn nobody_undoes_what_another_did() {
    let mut log = Log::default();
    let a = log.act();
    log.write(EventBody::Undo { undoes: a.clone() });
    log.0[1].reviewer = "theo".into();
    assert_eq!(log.standing(), BTreeSet::from([a]));
}

#[derive(Debug, Clone, Copy)]
enum Key {
    Act,
    Export,
    Undo,
    Redo,
}

fn keys() -> impl Strategy<Value = Vec<Key>> {
    let key = prop_oneof![
        3 => Just(Key::Act),
        1 => Just(Key::Export),
        4 => Just(Key::Undo),
        4 => Just(Key::Redo),
    ];
    prop::collection::vec(key, 0..60)
}

proptest! {
    #[test]
    fn any_run_of_keys_does_what_an_editor_does(keys in keys()) {
        let mut log = Log::default();
        let (mut done, mut redoable, mut lasting) = (Vec::new(), Vec::new(), BTreeSet::new());
        for key in keys {
            match key {
                Key::Act => {
                    done.push(log.act());
                    redoable.clear();
                }
                Key::Export => {
                    lasting.insert(log.write(EventBody::Unmask { place: "list".into() }));
                }
                Key::Undo => {
                    let expected = done.pop();
                    prop_assert_eq!(log.undo(), expected.clone());
                    redoable.extend(expected);
                }
                Key::Redo => {
                    let expected = redoable.pop();
                    prop_assert_eq!(log.redo(), expected.is_some());
                    done.extend(expected);
                }
            }
            let editor: BTreeSet<String> = done.iter().chain(&lasting).cloned().collect();
            prop_assert_eq!(log.standing(), editor);
        }
    }

    #[test]
    fn undo_then_redo_changes_no_label(keys in keys()) {
        let mut log = Log::default();
        for key in keys {
            match key {
                Key::Act => drop(log.act()),
                Key::Export => drop(log.write(EventBody::Skip {})),
                Key::Undo => drop(log.undo()),
                Key::Redo => drop(log.redo()),
            }
        }
        let labels = |log: &Log| {
            let events: Vec<&Event> = log.0.iter().collect();
            project(&ConversationId::derive("shop", "1"), &events, &undone_groups(&events), &str::to_owned)
        };
        let before = labels(&log);
        if log.undo().is_some() {
            prop_assert!(log.redo());
        }
        prop_assert_eq!(labels(&log), before);
    }
}
