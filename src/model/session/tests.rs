//! Sessions and decisions from events, in any order.
//!
//! Invariant: events here are made by rule from a few numbers, so that a failing case can be read.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::model::decision::{DecisionChange, DecisionEdit, DecisionSpec};
use crate::model::event::{EVENT_VERSION, EventBody, EventTarget};
use crate::model::id::TranscriptHash;
use crate::model::label::{Verdict, undone_groups};
use crate::model::queue::{Slot, SlotKind};

fn event(number: u64, reviewer: &str, body: EventBody) -> Event {
    Event {
        v: EVENT_VERSION,
        id: format!("01E{number:04}"),
        group: format!("g{number}"),
        reviewer: reviewer.into(),
        device: format!("of-{reviewer}"),
        seq: number,
        prev: String::new(),
        lamport: number / 2,
        at: Timestamp(number as i64 * 60_000_000),
        body,
        target: None,
    }
}

fn conversation(number: u64) -> ConversationId {
    ConversationId::derive("shop", &number.to_string())
}

fn start(name: &str, queue: Option<&str>) -> EventBody {
    let start = SessionStart { name: name.into(), queue: queue.map(str::to_owned), ..SessionStart::default() };
    EventBody::Session(SessionChange::Start(start))
}

fn add(text: &str) -> EventBody {
    EventBody::Decision(DecisionChange::Add(DecisionSpec { text: text.into(), ..DecisionSpec::default() }))
}

fn edit(of: u64, edit: DecisionEdit) -> EventBody {
    EventBody::Decision(DecisionChange::Edit { decision: format!("01E{of:04}"), edit })
}

fn book(events: &[Event]) -> Book {
    let events: Vec<&Event> = events.iter().collect();
    Book::replay(&events, &undone_groups(&events))
}

fn body(number: u64, kind: u8) -> EventBody {
    let (session, decision) = (format!("01E{:04}", number / 3), format!("01E{:04}", number / 2));
    match kind {
        0 => start(&format!("W{number}"), None),
        1 => EventBody::Session(SessionChange::Join { session, with: vec!["tess".into()] }),
        2 => EventBody::Session(SessionChange::Leave { session, place: Some(SessionPlace::default()) }),
        3 => EventBody::Session(SessionChange::Resume { session }),
        4 => EventBody::Session(SessionChange::Park {
            session,
            conversation: conversation(number % 3),
            reason: format!("{number}"),
        }),
        5 => EventBody::Session(SessionChange::Unpark { conversation: conversation(number % 3) }),
        6 => EventBody::Session(SessionChange::End { session }),
        7 => add(&format!("change {number}")),
        8 => edit(number / 2, DecisionEdit { text: Some(format!("text {number}")), ..DecisionEdit::default() }),
        9 => edit(number / 2, DecisionEdit { owner: Some(format!("owner {number}")), ..DecisionEdit::default() }),
        10 => EventBody::Decision(DecisionChange::Close { decision, reason: String::new() }),
        11 => EventBody::Decision(DecisionChange::Reopen { decision }),
        _ => EventBody::Undo { undoes: format!("g{}", number / 2) },
    }
}

fn log() -> impl Strategy<Value = Vec<Event>> {
    prop::collection::vec((0_u8..13, 0_u8..3), 0..60).prop_map(|parts| {
        let one = |((kind, who), number): ((u8, u8), u64)| {
            event(number, ["ana", "ben", "cleo"][usize::from(who)], body(number, kind))
        };
        parts.into_iter().zip(1_u64..).map(one).collect()
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
        prop_assert_eq!(book(&events), book(&shuffled));
    }

    #[test]
    fn a_decision_is_lost_only_where_its_maker_takes_it_back(events in log()) {
        let undone = undone_groups(&events.iter().collect::<Vec<_>>());
        let book = book(&events);
        for event in &events {
            if matches!(event.body, EventBody::Decision(DecisionChange::Add(_))) && !undone.contains(&event.group) {
                prop_assert!(book.decisions.iter().any(|decision| decision.event == event.id));
            }
        }
    }

    #[test]
    fn every_event_survives_its_journal_line(events in log()) {
        for event in events {
            let line = event.line().unwrap();
            prop_assert_eq!(Event::parse(&line).unwrap(), event);
        }
    }
}

#[test]
fn two_people_edit_one_decision_and_nothing_is_lost() {
    let events = [
        event(2, "ana", add("route damaged parcels")),
        event(4, "ben", edit(2, DecisionEdit { owner: Some("mira".into()), ..DecisionEdit::default() })),
        event(5, "cleo", edit(2, DecisionEdit { text: Some("route them at once".into()), ..DecisionEdit::default() })),
        event(6, "ben", edit(2, DecisionEdit { due: Some("2026-11-27".into()), ..DecisionEdit::default() })),
    ];
    let spec = &book(&events).decisions[0].spec;
    assert_eq!((spec.text.as_str(), spec.owner.as_deref()), ("route them at once", Some("mira")));
    assert_eq!(spec.due.map(|due| due.to_string()).as_deref(), Some("2026-11-27"));
}

#[test]
fn an_undone_decision_that_others_work_with_stays() {
    let undo = event(6, "ana", EventBody::Undo { undoes: "g2".into() });
    let alone = [event(2, "ana", add("a")), undo.clone()];
    assert_eq!(book(&alone).decisions, []);
    let closed = EventBody::Decision(DecisionChange::Close { decision: "01E0002".into(), reason: "done".into() });
    let shared = [event(2, "ana", add("a")), event(5, "ben", closed), undo];
    assert_eq!(book(&shared).decisions.len(), 1);
}

fn verdict(number: u64, reviewer: &str, queue: Option<&str>) -> Event {
    let slot = queue.map(|queue| Slot {
        queue: queue.into(),
        kind: SlotKind::Ranked,
        position: 1,
        p: None,
        weights: String::new(),
        q: None,
        scores_seen: false,
    });
    let body = EventBody::Verdict {
        verdict: Verdict::Pass,
        first_failure: None,
        severity: None,
        owner: None,
        slot,
        room: Vec::new(),
    };
    let (conversation, transcript_hash) = (conversation(number), TranscriptHash::from_stored("t1:0"));
    let target = EventTarget { conversation, transcript_hash, step: None, span_id: None, decision_span_id: None };
    Event { target: Some(target), ..event(number, reviewer, body) }
}

#[test]
fn a_verdict_belongs_to_the_session_in_which_its_giver_was() {
    let session = "01E0010".to_owned();
    let change = |number, who, change| event(number, who, EventBody::Session(change));
    let events = [
        event(10, "ana", start("W47", Some("w47"))),
        change(20, "ben", SessionChange::Join { session: session.clone(), with: vec!["tess".into()] }),
        change(30, "ana", SessionChange::Leave { session: session.clone(), place: None }),
        change(40, "ana", SessionChange::Resume { session: session.clone() }),
        change(50, "ana", SessionChange::End { session }),
    ];
    let book = book(&events);
    let session = &book.sessions[0];
    assert_eq!(session.participants, ["ana", "ben", "tess"]);
    let covered = |number, who| session.covers(&verdict(number, who, Some("w47")));
    let answers: Vec<bool> = [
        (5, "ana"),
        (15, "ana"),
        (35, "ana"),
        (45, "ana"),
        (55, "ana"),
        (15, "ben"),
        (25, "ben"),
        (55, "ben"),
        (25, "tess"),
        (25, "zoe"),
    ]
    .map(|(number, who)| covered(number, who))
    .to_vec();
    assert_eq!(answers, [false, true, false, true, false, false, true, false, true, false]);
    assert!(session.covers(&verdict(15, "ana", None)), "from the agenda");
    assert!(!session.covers(&verdict(15, "ana", Some("other"))), "from another queue");
    assert_eq!(book.current("ben").map(|session| session.name.as_str()), None, "it has ended");
}

#[test]
fn names_and_ids_lead_to_sessions() {
    let end = EventBody::Session(SessionChange::End { session: "01E0010".into() });
    let events = [event(10, "ana", start("W47", None)), event(11, "ana", end), event(12, "ben", start("w47", None))];
    let book = book(&events);
    assert_eq!(book.session("W47").map(|session| session.event.as_str()), Ok("01E0012"), "the one that goes on");
    assert_eq!(book.session("s1e0010").map(|session| session.event.as_str()), Ok("01E0010"));
    assert_eq!(book.session("W48"), Err(NotFound::Nothing));
    assert_eq!(book.resumable("ana"), None);
    assert_eq!(book.resumable("ben").map(|session| session.event.as_str()), Some("01E0012"));
    let ids: HashSet<&str> = book.sessions.iter().map(|session| session.id.as_str()).collect();
    assert_eq!(ids.len(), 2);
}
