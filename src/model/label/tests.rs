//! Labels from events, in any order.
//!
//! Invariant: events here are made by rule from a few numbers, so that a failing case can be read.

use proptest::prelude::*;

use super::*;
use crate::model::correction::CorrectionKind;
use crate::model::event::{EVENT_VERSION, EventTarget};

/// An event of one of two reviewers on two devices, on one of two conversations; the clock rises with `number`.
fn event(number: u64, kind: u8, who: u8, step: Option<u32>) -> Event {
    let body = match kind {
        0 => EventBody::Verdict {
            verdict: Verdict::Fail,
            first_failure: Some(step.map_or(FirstFailure::NoSingleStep, |_| FirstFailure::Step)),
            severity: Some(2),
            owner: number.is_multiple_of(2).then_some(Owner::Tool),
            slot: None,
            room: Vec::new(),
        },
        1 => EventBody::Verdict {
            verdict: Verdict::Pass,
            first_failure: None,
            severity: None,
            owner: None,
            slot: None,
            room: Vec::new(),
        },
        2 => EventBody::Mode { mode: format!("mode-{}", number % 3) },
        3 => EventBody::Note { text: if number.is_multiple_of(4) { String::new() } else { format!("note {number}") } },
        4 => EventBody::Correction(Correction {
            kind: CorrectionKind::Reply,
            tool: None,
            arguments: None,
            alternatives: Vec::new(),
            text: Some(format!("say {number}")),
            reason: None,
            schema_ok: None,
            remainder_valid: false,
        }),
        5 => EventBody::Skip {},
        6 => EventBody::Codebook(CodebookChange::Add {
            key: format!("mode-{}", number % 3),
            name: format!("Mode {number}"),
            description: String::new(),
            pack: None,
        }),
        _ => EventBody::Undo { undoes: format!("g{}", number / 2 / 2) },
    };
    let reviewer = if who & 1 == 0 { "mara" } else { "theo" };
    Event {
        v: EVENT_VERSION,
        id: format!("e{number}"),
        group: format!("g{}", number / 2),
        reviewer: reviewer.into(),
        device: if who & 2 == 0 { "d1" } else { "d2" }.into(),
        seq: number,
        prev: String::new(),
        lamport: number / 3,
        at: Timestamp(number as i64),
        body,
        target: Some(EventTarget {
            conversation: ConversationId::derive("shop", if who & 4 == 0 { "1" } else { "2" }),
            transcript_hash: TranscriptHash::from_stored("t1:0"),
            step,
            span_id: None,
            decision_span_id: None,
        }),
    }
}

fn state(events: &[Event]) -> (Vec<Label>, Codebook) {
    let events: Vec<&Event> = events.iter().collect();
    let undone = undone_groups(&events);
    let codebook = project_codebook(&events, &undone);
    let conversation = ConversationId::derive("shop", "1");
    (project(&conversation, &events, &undone, &|key| codebook.resolve(key)), codebook)
}

fn log() -> impl Strategy<Value = Vec<Event>> {
    let one = (0_u8..8, 0_u8..8, prop::option::of(1_u32..4));
    prop::collection::vec(one, 0..40).prop_map(|parts| {
        parts.into_iter().zip(1_u64..).map(|((kind, who, step), number)| event(number, kind, who, step)).collect()
    })
}

proptest! {
    #[test]
    fn neither_order_nor_repetition_of_events_matters(
        (events, shuffled) in log().prop_flat_map(|log| {
            let twice: Vec<Event> = log.iter().chain(log.iter().step_by(2)).cloned().collect();
            (Just(log), Just(twice).prop_shuffle())
        })
    ) {
        prop_assert_eq!(state(&events), state(&shuffled));
    }

    #[test]
    fn every_event_survives_its_journal_line(events in log()) {
        for event in events {
            let line = event.line().unwrap();
            prop_assert!(!line.contains('\n'));
            let back = Event::parse(&line).unwrap();
            prop_assert_eq!(back.line().unwrap(), line);
            prop_assert_eq!(back, event);
        }
    }
}

#[test]
fn a_kind_of_a_newer_version_is_kept_as_it_is() {
    let line = event(1, 0, 0, None).line().unwrap();
    let line = line.replace(r#""kind":"verdict""#, r#""kind":"bookmark""#);
    let event = Event::parse(&line).unwrap();
    assert!(matches!(&event.body, EventBody::Other { kind, .. } if kind == "bookmark"), "{event:?}");
    assert!(!event.body.undoable());
    assert_eq!(event.line().unwrap(), line);
}

#[test]
fn a_new_verdict_replaces_modes_and_corrections_but_keeps_notes() {
    let events = [event(2, 0, 0, Some(1)), event(4, 2, 0, None), event(5, 4, 0, Some(1)), event(7, 3, 0, Some(1))];
    let (labels, _) = state(&events);
    assert_eq!((labels[0].modes.len(), labels[0].corrections.len(), labels[0].notes.len()), (1, 1, 1));
    assert_eq!(labels[0].first_failure.as_ref().map(|at| at.step), Some(1));
    let mut later = events.to_vec();
    later.push(event(30, 1, 0, None));
    let (labels, _) = state(&later);
    assert_eq!(labels[0].verdict, Some(Verdict::Pass));
    assert_eq!((labels[0].modes.len(), labels[0].corrections.len(), labels[0].notes.len()), (0, 0, 1));
}

#[test]
fn a_mode_stays_in_the_codebook_while_a_standing_label_names_it() {
    let add = event(6, 6, 0, None);
    let undo = Event { body: EventBody::Undo { undoes: add.group.clone() }, ..event(20, 7, 0, None) };
    let (_, codebook) = state(&[add.clone(), undo.clone()]);
    assert!(codebook.modes.is_empty());
    let naming = event(12, 2, 0, None);
    let (labels, codebook) = state(&[add, undo, naming]);
    assert_eq!(codebook.modes[0].key, labels[0].modes[0]);
}

#[test]
fn a_name_that_was_taken_back_gives_way_to_the_one_given_next() {
    let add = event(6, 6, 0, None);
    let undo = Event { body: EventBody::Undo { undoes: add.group.clone() }, ..event(20, 7, 0, None) };
    let again = CodebookChange::Add {
        key: "mode-0".to_owned(),
        name: "Mode as it is called".to_owned(),
        description: String::new(),
        pack: None,
    };
    let again = Event { body: EventBody::Codebook(again), ..event(24, 6, 0, None) };
    let naming = Event { body: EventBody::Mode { mode: "mode-0".to_owned() }, ..event(25, 2, 0, None) };
    assert_eq!(again.group, naming.group);
    let (_, codebook) = state(&[add, undo, again, naming]);
    let names: Vec<&str> = codebook.modes.iter().map(|mode| mode.name.as_str()).collect();
    assert_eq!(names, ["Mode as it is called"]);
}

#[test]
fn an_owner_is_optional_and_goes_with_its_verdict() {
    let with = event(2, 0, 0, Some(1));
    let line = with.line().unwrap();
    assert!(line.contains(r#""owner":"tool""#), "{line}");
    // An event of before the field existed reads, and stays, the same.
    let old = line.replace(r#","owner":"tool""#, "");
    let read = Event::parse(&old).unwrap();
    assert_eq!(read.line().unwrap(), old);
    let owners = |events: &[Event]| state(events).0.iter().map(|label| label.owner).collect::<Vec<_>>();
    assert_eq!(owners(std::slice::from_ref(&read)), [None]);
    assert_eq!(owners(std::slice::from_ref(&with)), [Some(Owner::Tool)]);
    // A later verdict without one takes it away.
    assert_eq!(owners(&[with, event(31, 1, 0, None)]), [None]);
    assert!(Owner::ALL.iter().all(|owner| Owner::parse(owner.word()) == Some(*owner)));
}
