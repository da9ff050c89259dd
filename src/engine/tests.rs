//! The lanes: every request answered once, writes never dropped, panics survived.
//!
//! Invariant: no test here waits for a fixed time where it can wait for an answer.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use super::inline::Inline;
use super::lane::Tell;
use super::request::{ExportOrder, Progress, QueueQuery, Reply};
use super::*;
use crate::model::act::{Act, Judgement, Subject};
use crate::model::id::{ConversationId, TranscriptHash};
use crate::model::label::Verdict;
use crate::ops::workspace::Workspace;
use crate::store::Access;
use crate::store::journal::{FOLDER, Journal};

struct Desk {
    folder: tempfile::TempDir,
    setup: EngineSetup,
}

fn desk() -> Desk {
    let folder = tempfile::tempdir().unwrap();
    let identity = Identity::load("mara", &folder.path().join("state")).unwrap();
    let setup = EngineSetup { root: folder.path().join("w"), identity, clock: || Timestamp(1_795_000_000_000_000) };
    Desk { folder, setup }
}

fn pass(number: u64) -> Request {
    let subject = Subject {
        conversation: ConversationId::from_stored(format!("c{number}")),
        transcript_hash: TranscriptHash::from_stored("t1:0"),
    };
    Request::Record(Box::new(Act::Judge(Judgement::new(subject, Verdict::Pass))))
}

fn queue(find: &str) -> Request {
    Request::Queue(QueueQuery { find: find.into(), ..QueueQuery::default() })
}

/// Waits for the answers to `count` requests.
fn answers(inlet: &Receiver<EngineMessage>, count: usize) -> BTreeMap<Ticket, Reply> {
    let mut found = BTreeMap::new();
    while found.len() < count {
        if let EngineMessage::Reply(ticket, reply) = inlet.recv_timeout(Duration::from_secs(20)).unwrap() {
            assert!(found.insert(ticket, reply).is_none(), "{ticket:?} was answered twice");
        }
    }
    found
}

/// Stands in for work: waits where the request says `slow`, panics where it says `panic`.
fn stand_in(_: &mut Workspace, request: &Request, _: Timestamp, tell: Tell<'_>) -> Reply {
    match request {
        Request::Queue(query) if query.find == "panic" => panic!("as asked"),
        Request::Queue(query) if query.find == "slow" => std::thread::sleep(Duration::from_millis(150)),
        Request::Undo => panic!("as asked"),
        Request::Import(_) | Request::Export(_) | Request::Evaluate(_) | Request::Insights(_) => {
            for done in 0..400 {
                let progress = Progress { done, total: Some(400), what: "counting".into() };
                if tell(&progress) == ControlFlow::Break(()) {
                    return Reply::Cancelled;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        _ => {}
    }
    Reply::Done { message: "done".into(), figures: BTreeMap::new() }
}

fn is_done(reply: &Reply) -> bool {
    matches!(reply, Reply::Done { .. })
}

#[test]
fn every_write_asked_for_is_saved_even_while_the_program_ends() {
    let desk = desk();
    let (outlet, inlet) = channel();
    let engine = Engine::start(desk.setup.clone(), outlet).unwrap();
    for number in 0..40 {
        engine.ask(Ticket(number), pass(number));
    }
    engine.join();
    let answers = answers(&inlet, 40);
    assert!(answers.values().all(|reply| matches!(reply, Reply::Saved(saved) if saved.journal_problem.is_none())));
    let workspace = Workspace::open(&desk.setup.root, desk.setup.identity.clone(), Access::Read).unwrap();
    let events = workspace.store().log().all().unwrap();
    let order: Vec<String> =
        events.iter().map(|event| event.target.as_ref().unwrap().conversation.to_string()).collect();
    assert_eq!(order, (0..40).map(|number| format!("c{number}")).collect::<Vec<_>>());
}

#[test]
fn reads_see_what_was_written_and_undo_takes_it_back() {
    let desk = desk();
    let (outlet, inlet) = channel();
    let engine = Engine::start(desk.setup.clone(), outlet).unwrap();
    engine.ask(Ticket(1), queue(""));
    assert!(matches!(&answers(&inlet, 1)[&Ticket(1)], Reply::Queue(index) if index.total == 0));
    engine.ask(Ticket(2), Request::LoadPack("mast".into()));
    assert!(matches!(&answers(&inlet, 1)[&Ticket(2)], Reply::Saved(saved) if saved.codebook.is_some()));
    engine.ask(Ticket(3), Request::Codebook);
    assert!(matches!(&answers(&inlet, 1)[&Ticket(3)], Reply::Codebook(codebook) if codebook.modes.len() == 14));
    engine.ask(Ticket(4), Request::Undo);
    engine.ask(Ticket(5), Request::Undo);
    let undone = answers(&inlet, 2);
    assert!(matches!(&undone[&Ticket(5)], Reply::Saved(saved) if saved.what == "nothing to undo"));
    engine.ask(Ticket(6), queue("verdict:("));
    engine.ask(Ticket(7), Request::Open(ConversationId::from_stored("c9")));
    engine.ask(Ticket(8), Request::Highlight("{\"a\": 1}".into()));
    let last = answers(&inlet, 3);
    assert!(matches!(&last[&Ticket(7)], Reply::Failed { retry: false, message } if message.contains("c9")));
    assert!(matches!(&last[&Ticket(8)], Reply::Highlighted(lines) if !lines.is_empty()));
}

#[test]
fn of_each_kind_of_reading_the_newest_wins_and_each_is_answered_once() {
    let desk = desk();
    let (outlet, inlet) = channel();
    let engine = Engine::start_with(desk.setup.clone(), outlet, stand_in).unwrap();
    for number in 0..30 {
        engine.ask(Ticket(number), queue("slow"));
    }
    engine.ask(Ticket(30), Request::Codebook);
    let begun = Instant::now();
    let answers = answers(&inlet, 31);
    assert!(begun.elapsed() < Duration::from_secs(3), "older requests were carried out");
    assert!(is_done(&answers[&Ticket(29)]) && is_done(&answers[&Ticket(30)]), "{answers:?}");
    assert!((0..29).all(|number| answers[&Ticket(number)] == Reply::Cancelled));
}

#[test]
fn a_panic_is_answered_and_the_lane_goes_on() {
    let desk = desk();
    let (outlet, inlet) = channel();
    let engine = Engine::start_with(desk.setup.clone(), outlet, stand_in).unwrap();
    for (ticket, request) in [(1, queue("panic")), (2, Request::Undo), (3, Request::Redo)] {
        engine.ask(Ticket(ticket), request);
    }
    let first = answers(&inlet, 3);
    for ticket in [1, 2] {
        assert!(
            matches!(&first[&Ticket(ticket)], Reply::Failed { message, .. } if message.contains("as asked")),
            "{first:?}"
        );
    }
    assert!(is_done(&first[&Ticket(3)]));
    engine.ask(Ticket(4), queue(""));
    assert!(is_done(&answers(&inlet, 1)[&Ticket(4)]));
}

#[test]
fn a_job_tells_its_progress_and_stops_on_request() {
    let desk = desk();
    let (outlet, inlet) = channel();
    let engine = Engine::start_with(desk.setup.clone(), outlet, stand_in).unwrap();
    engine.ask(Ticket(1), Request::Import(Vec::new()));
    let order = ExportOrder { directory: "x".into(), ..ExportOrder::default() };
    engine.ask(Ticket(2), Request::Export(order));
    engine.cancel(Ticket(2));
    let first = inlet.recv_timeout(Duration::from_secs(20)).unwrap();
    assert!(matches!(first, EngineMessage::Progress(Ticket(1), progress) if progress.done == 0));
    let second = inlet.recv_timeout(Duration::from_secs(20)).unwrap();
    assert!(matches!(second, EngineMessage::Progress(Ticket(1), progress) if progress.done > 0));
    engine.cancel(Ticket(1));
    let answers = answers(&inlet, 2);
    assert!(answers.values().all(|reply| *reply == Reply::Cancelled));
}

#[test]
fn a_read_tells_its_progress_and_stops_when_nobody_wants_it_any_more() {
    let desk = desk();
    let (outlet, inlet) = channel();
    let engine = Engine::start_with(desk.setup.clone(), outlet, stand_in).unwrap();
    for ticket in [1, 2] {
        engine.ask(Ticket(ticket), Request::Insights(crate::engine::request::Asking::default()));
        let first = inlet.recv_timeout(Duration::from_secs(20)).unwrap();
        assert!(matches!(first, EngineMessage::Progress(told, _) if told == Ticket(ticket)), "{first:?}");
        let second = inlet.recv_timeout(Duration::from_secs(20)).unwrap();
        let far = match second {
            EngineMessage::Progress(_, progress) => progress.done,
            other => panic!("{other:?}"),
        };
        assert!(far > 0 && far < 400);
        if ticket == 1 {
            engine.cancel(Ticket(1));
        } else {
            // A newer one takes its place.
            engine.ask(Ticket(3), Request::Insights(crate::engine::request::Asking::default()));
        }
        let stopped = answers(&inlet, 1);
        assert_eq!(stopped[&Ticket(ticket)], Reply::Cancelled);
    }
    engine.join();
}

#[test]
fn a_held_lock_is_told_and_the_act_can_be_tried_again() {
    let desk = desk();
    let mut inline = Inline::new(desk.setup.clone());
    inline.workspace().unwrap();
    let own = &desk.setup.identity;
    let journal = Journal::open(&desk.setup.root.join(FOLDER), &own.reviewer, &own.device).unwrap();
    let held = journal.lock().unwrap();
    inline.ask(Ticket(1), &pass(1));
    drop(held);
    inline.ask(Ticket(2), &pass(1));
    let answers = inline.drain();
    assert!(
        matches!(&answers[0], EngineMessage::Reply(Ticket(1), Reply::Failed { retry: true, message })
            if message.starts_with("not saved, still here")),
        "{answers:?}"
    );
    assert!(matches!(&answers[1], EngineMessage::Reply(Ticket(2), Reply::Saved(saved)) if saved.what == "PASS"));
    assert_eq!(inline.workspace().unwrap().store().log().all().unwrap().len(), 1);
    assert_eq!(inline.drain(), []);
}

/// The one reply to a request carried out at once.
fn now(inline: &mut Inline, request: &Request) -> Reply {
    let ticket = Ticket(1);
    inline.ask(ticket, request);
    let replies = inline.drain().into_iter().filter_map(|message| match message {
        EngineMessage::Reply(of, reply) => Some((of, reply)),
        EngineMessage::Progress(..) | EngineMessage::Arrived | EngineMessage::Notice(_) => None,
    });
    let replies: Vec<_> = replies.collect();
    assert_eq!((replies.len(), replies[0].0), (1, ticket));
    replies.into_iter().next().unwrap().1
}

#[test]
fn from_a_file_to_a_label_to_a_dataset() {
    let desk = desk();
    let folder = desk.setup.root.parent().unwrap().to_owned();
    let chats = folder.join("shop.jsonl");
    let chat = |id: &str, reply: &str| {
        format!(
            "{{\"id\":\"{id}\",\"messages\":[{{\"role\":\"user\",\"content\":\"Where is my lamp?\"}},\
             {{\"role\":\"assistant\",\"content\":\"{reply}\"}}]}}\n"
        )
    };
    std::fs::write(&chats, chat("1", "On its way.") + &chat("2", "What lamp?") + "{broken\n").unwrap();
    let mut inline = Inline::new(desk.setup.clone());
    let Reply::Done { figures, message } = now(&mut inline, &Request::Import(vec![chats])) else { panic!() };
    assert_eq!((figures["imported"], figures["skipped"]), (2, 1), "{message}");
    let Reply::Queue(index) = now(&mut inline, &queue("")) else { panic!() };
    assert_eq!((index.ids.len(), index.judged), (2, 0));
    let Reply::Rows(rows) = now(&mut inline, &Request::Rows(index.ids.clone())) else { panic!() };
    assert_eq!(rows.iter().map(|row| row.id.clone()).collect::<Vec<_>>(), index.ids);
    let Reply::Opened(opened) = now(&mut inline, &Request::Open(index.ids[0].clone())) else { panic!() };
    let subject =
        Subject { conversation: opened.summary.id.clone(), transcript_hash: opened.summary.transcript_hash.clone() };
    let act = Act::Judge(Judgement::new(subject, Verdict::Pass));
    let Reply::Saved(saved) = now(&mut inline, &Request::Record(Box::new(act))) else { panic!() };
    assert_eq!(saved.summary.unwrap().verdict, Some(Verdict::Pass));
    let Reply::Opened(again) = now(&mut inline, &Request::Open(index.ids[0].clone())) else { panic!() };
    assert_eq!(again.own.and_then(|label| label.verdict), Some(Verdict::Pass));
    let order = ExportOrder {
        directory: folder.join("out"),
        formats: vec!["labels".into()],
        filter: String::new(),
        keep_personal_data: None,
        ..ExportOrder::default()
    };
    let Reply::Done { figures, message } = now(&mut inline, &Request::Export(order.clone())) else { panic!() };
    assert_eq!(figures["rows"], 1, "{message}");
    assert!(matches!(now(&mut inline, &Request::Export(order)), Reply::Failed { retry: false, .. }));
    let Reply::Saved(undone) = now(&mut inline, &Request::Undo) else { panic!() };
    assert_eq!(undone.what, "undone: PASS", "an export is passed over");
}

#[test]
fn what_others_bring_is_noticed_and_own_labels_are_not() {
    let desk = desk();
    let (outlet, inlet) = channel();
    let engine = Engine::start(desk.setup.clone(), outlet).unwrap();
    engine.ask(Ticket(1), queue(""));
    assert!(matches!(&answers(&inlet, 1)[&Ticket(1)], Reply::Queue(index) if index.total == 0));
    engine.ask(Ticket(2), pass(1));
    assert!(matches!(&answers(&inlet, 1)[&Ticket(2)], Reply::Saved(_)));
    assert!(inlet.recv_timeout(Duration::from_millis(1_500)).is_err(), "a label is no arrival");
    let chats = desk.setup.root.parent().unwrap().join("shop.jsonl");
    std::fs::write(&chats, "{\"id\":\"1\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}\n").unwrap();
    let mut other = Workspace::open(&desk.setup.root, desk.setup.identity.clone(), Access::Write).unwrap();
    let order = crate::ops::workspace::ImportOrder { paths: vec![chats], ..Default::default() };
    other.import(&order, Timestamp(0), &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(inlet.recv_timeout(Duration::from_secs(20)).unwrap(), EngineMessage::Arrived);
    engine.ask(Ticket(3), queue(""));
    assert!(matches!(&answers(&inlet, 1)[&Ticket(3)], Reply::Queue(index) if index.total == 1));
    let Request::Record(act) = pass(2) else { panic!() };
    crate::ops::review::record(&mut other, &act, Timestamp(1)).unwrap();
    assert_eq!(inlet.recv_timeout(Duration::from_secs(20)).unwrap(), EngineMessage::Arrived, "another window's label");
    engine.join();
}

#[test]
fn reading_ahead_changes_nothing_but_the_time() {
    let desk = desk();
    let file = desk.setup.root.parent().unwrap().join("shop.jsonl");
    let line = |n: usize| match n % 97 {
        5 => "{broken".to_owned(),
        _ => format!(
            r#"{{"id":"{n}","messages":[{{"role":"user","content":"{}"}},{{"role":"assistant","content":"no"}}]}}"#,
            "where is it ".repeat(40)
        ),
    };
    let lines: Vec<String> = (0..3_000).map(line).collect();
    std::fs::write(&file, lines.join("\n")).unwrap();
    let run = |name: &str, beside: Option<crate::ops::import::Beside>, steps: usize| {
        let root = desk.setup.root.with_file_name(name);
        let mut workspace = Workspace::open(&root, desk.setup.identity.clone(), Access::Create).unwrap();
        let order = crate::ops::workspace::ImportOrder { paths: vec![file.clone()], beside, ..Default::default() };
        let mut left = steps;
        let report = workspace.import(&order, Timestamp(0), &mut |_| {
            left = left.saturating_sub(1);
            if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        (report.unwrap(), workspace.store().dump())
    };
    let alone = run("alone", None, usize::MAX);
    assert_eq!((alone.0.read, alone.0.skipped, alone.0.problems.len()), (3_000, 31, 31));
    assert_eq!(run("beside", Some(beside), usize::MAX), alone);
    assert_eq!(run("refused", Some(|_, _| false), usize::MAX), alone, "without a thread it is read as before");
    let stopped = run("alone-stopped", None, 12);
    assert!(stopped.0.cancelled && stopped.0.read < 1_000, "{:?}", stopped.0);
    assert_eq!(run("beside-stopped", Some(beside), 12), stopped, "what was read ahead of the stop does not count");
    let again = run("beside-stopped", Some(beside), usize::MAX).0;
    assert_eq!((again.imported, again.unchanged), (alone.0.imported - stopped.0.imported, stopped.0.imported));
}

#[test]
fn the_reading_lane_keeps_a_queue_in_step_with_every_label() {
    let desk = desk();
    let file = desk.folder.path().join("chats.jsonl");
    let chat = |number: usize| {
        let turn = r#"{"role":"user","content":"Where is it?"},{"role":"assistant","content":"On its way."}"#;
        let turns = vec![turn; 1 + number % 5].join(",");
        format!(r#"{{"id":"n{number:02}","messages":[{turns}]}}"#)
    };
    std::fs::write(&file, (0..30).map(chat).collect::<Vec<_>>().join("\n")).unwrap();
    let (outlet, inlet) = channel();
    let engine = Engine::start(desk.setup.clone(), outlet).unwrap();
    let mut number = 0;
    let mut ask = |request: Request| {
        number += 1;
        engine.ask(Ticket(number), request);
        answers(&inlet, 1).remove(&Ticket(number)).unwrap()
    };
    assert!(is_done(&ask(Request::Import(vec![file]))));
    assert!(is_done(&ask(Request::Evaluate(String::new()))));
    let named = || Request::Queue(QueueQuery { queue: Some("week".into()), ..QueueQuery::default() });
    let refused = ask(named());
    assert!(matches!(&refused, Reply::Failed { message, .. } if message.contains("no queue \"week\"")), "{refused:?}");
    let spec = crate::model::queue::QueueSpec::new("week", "learnt");
    assert!(matches!(ask(Request::Preview(Box::new(spec.clone()))), Reply::Preview(one) if one.asked == 30));
    let define = Act::Queue(crate::model::queue::QueueChange::Add(spec));
    assert!(matches!(ask(Request::Record(Box::new(define))), Reply::Saved(_)));
    let index = |reply: Reply| match reply {
        Reply::Queue(index) => index,
        other => panic!("{other:?}"),
    };
    let first = index(ask(named()));
    assert_eq!((first.ids.len(), first.total), (30, 30));
    for done in 1..=12_u64 {
        let before = index(ask(named()));
        let next = before.ids[done as usize - 1].clone();
        let rows = ask(Request::QueueRows("week".into(), None, vec![next.clone()]));
        let Reply::Rows(rows) = rows else { panic!("{rows:?}") };
        let subject = Subject { conversation: next.clone(), transcript_hash: rows[0].transcript_hash.clone() };
        let judgement = Judgement {
            slot: rows[0].place.as_ref().map(|place| place.slot.clone()),
            ..Judgement::new(subject, Verdict::Pass)
        };
        assert!(matches!(ask(Request::Record(Box::new(Act::Judge(judgement)))), Reply::Saved(_)));
        let after = index(ask(named()));
        assert_eq!(after.ids[done as usize - 1], next, "what is judged stands where it was judged");
        let state = after.state.unwrap();
        assert_eq!((state.done, state.left, state.labels), (done, 30 - done, done));
    }
    let kept = index(ask(named()));
    assert!(matches!(ask(Request::Undo), Reply::Saved(_)));
    assert_eq!(index(ask(named())).state.unwrap().done, 11);
    assert!(matches!(ask(Request::Redo), Reply::Saved(_)));
    assert_eq!(index(ask(named())).ids, kept.ids);
    engine.join();
}

#[test]
fn insights_are_written_masked_and_never_over_a_file() {
    use crate::engine::request::{Asking, InsightsPart};
    use crate::ops::report::tests::story;
    let folder = tempfile::tempdir().unwrap();
    drop(story::judged(folder.path()));
    let identity = Identity { reviewer: "lee".to_owned(), device: "story00001".to_owned() };
    let setup = EngineSetup { root: folder.path().join("workspace"), identity, clock: || story::NOW };
    let mut inline = Inline::new(setup);
    let request = Request::WriteInsights(Asking::default(), InsightsPart::Modes, folder.path().to_owned());
    assert!(matches!(now(&mut inline, &request), Reply::Done { .. }));
    let csv = std::fs::read_to_string(folder.path().join("insights-2026-W47-modes.csv")).unwrap();
    assert!(csv.starts_with("mode,name,found,"), "{csv}");
    let json = std::fs::read_to_string(folder.path().join("insights-2026-W47.json")).unwrap();
    assert!(json.contains("\"schema_version\":1") && !json.contains("@example.com"));
    std::fs::write(folder.path().join("insights-2026-W47.json"), "older").unwrap();
    let Reply::Done { message, .. } = now(&mut inline, &request) else { panic!("nothing was written") };
    assert!(message.contains("insights-2026-W47-modes.csv") && message.ends_with("W47-2.json"), "{message}");
    assert_eq!(std::fs::read_to_string(folder.path().join("insights-2026-W47.json")).unwrap(), "older");
    assert_eq!(std::fs::read_to_string(folder.path().join("insights-2026-W47-2.json")).unwrap(), json);
    let other = Request::WriteInsights(Asking::default(), InsightsPart::People, folder.path().to_owned());
    assert!(matches!(now(&mut inline, &other), Reply::Done { .. }));
}

#[test]
fn the_report_of_a_session_is_a_new_masked_page() {
    use crate::ops::report::tests::story;
    let folder = tempfile::tempdir().unwrap();
    drop(story::judged(folder.path()));
    let identity = Identity { reviewer: "lee".to_owned(), device: "story00001".to_owned() };
    let setup = EngineSetup { root: folder.path().join("workspace"), identity, clock: || story::NOW };
    let mut inline = Inline::new(setup);
    for (name, stem) in [("W46", "session-w46"), ("Monday round", "session-monday-round")] {
        let order = crate::engine::request::StartOrder {
            name: name.to_owned(),
            without_queue: true,
            ..crate::engine::request::StartOrder::default()
        };
        assert!(matches!(now(&mut inline, &Request::StartSession(Box::new(order))), Reply::Saved(_)));
        let Reply::SessionSheet(sheet) = now(&mut inline, &Request::SessionSheet(None)) else { panic!() };
        let session = sheet.summary.session;
        assert_eq!((session.name.as_str(), sheet.sessions[0].event.as_str()), (name, session.event.as_str()));
        let request = Request::WriteReport(session.event.clone(), folder.path().to_owned());
        // Of the same labels it is the same page, and stays the same file.
        for file in [format!("{stem}.html"), format!("{stem}.html")] {
            let Reply::Done { message, .. } = now(&mut inline, &request) else { panic!() };
            assert!(message.contains(folder.path().join(&file).to_str().unwrap()), "{message}");
            let page = std::fs::read_to_string(folder.path().join(&file)).unwrap();
            assert!(page.contains(&format!("Review session {name}")) && !page.contains("@example.com"));
        }
        let end = crate::model::session::SessionChange::End { session: session.event };
        assert!(matches!(now(&mut inline, &Request::Record(Box::new(Act::Session(end)))), Reply::Saved(_)));
    }
    // The last one is over, and is shown all the same; so is the one before, by its event.
    let Reply::SessionSheet(last) = now(&mut inline, &Request::SessionSheet(None)) else { panic!() };
    assert_eq!(
        (last.summary.session.name.as_str(), last.summary.state, last.agenda.len()),
        ("Monday round", "ended", 0)
    );
    let first = last.sessions[1].event.clone();
    let Reply::SessionSheet(first) = now(&mut inline, &Request::SessionSheet(Some(first))) else { panic!() };
    assert_eq!(first.summary.session.name, "W46");
    let gone = Request::WriteReport("s-none".to_owned(), folder.path().to_owned());
    assert!(matches!(now(&mut inline, &gone), Reply::Failed { .. }));
}
