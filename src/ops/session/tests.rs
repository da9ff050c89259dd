//! Sessions on real workspaces.
//!
//! Invariant: times are handed in, so that no test depends on a clock.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use super::*;
use crate::ingest::ReadOptions;
use crate::model::act::{FailedAt, Judgement, Subject};
use crate::model::decision::{DecisionKind, DecisionSpec};
use crate::model::id::ConversationId;
use crate::model::label::Verdict;
use crate::model::queue::{Slot, SlotKind};
use crate::model::session::SessionPlace;
use crate::ops::decision::effect;
use crate::ops::merge::merge;
use crate::ops::workspace::{Identity, ImportOrder};
use crate::store::Access;

const START: i64 = 1_795_000_000_000_000;
const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

fn at(seconds: i64) -> Timestamp {
    Timestamp(START + seconds * SECOND)
}

fn open(folder: &Path, reviewer: &str) -> Workspace {
    let identity = Identity::load(reviewer, &folder.join(format!("state-{reviewer}"))).unwrap();
    Workspace::open(&folder.join(reviewer), identity, Access::Create).unwrap()
}

/// Chats of a shop, each said at a time.
fn import(workspace: &mut Workspace, numbers: std::ops::Range<usize>, began: Timestamp) {
    let chat = |number: usize| {
        format!(
            r#"{{"id":"n{number}","messages":[{{"role":"user","content":"Question {number}","timestamp":"{began}"}},{{"role":"assistant","content":"Answer {number}."}}]}}"#
        )
    };
    let file = tempfile::NamedTempFile::with_suffix(".jsonl").unwrap();
    fs::write(file.path(), numbers.map(chat).collect::<Vec<_>>().join("\n")).unwrap();
    let order = ImportOrder {
        paths: vec![file.path().to_owned()],
        evaluate: true,
        read: ReadOptions { source: Some("shop".into()), ..ReadOptions::default() },
        ..ImportOrder::default()
    };
    let report = workspace.import(&order, began, &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(report.problems, []);
}

fn id(number: usize) -> ConversationId {
    ConversationId::derive("shop", &format!("n{number}"))
}

fn judgement(workspace: &Workspace, number: usize, verdict: Verdict) -> Judgement {
    let transcript_hash = workspace.store().conversation(&id(number)).unwrap().unwrap().transcript_hash();
    let subject = Subject { conversation: id(number), transcript_hash };
    let failed_at = (verdict == Verdict::Fail).then_some(FailedAt::NoSingleStep);
    Judgement { failed_at, ..Judgement::new(subject, verdict) }
}

fn judge(workspace: &mut Workspace, number: usize, verdict: Verdict, seconds: i64) {
    let judgement = judgement(workspace, number, verdict);
    review::record(workspace, &Act::Judge(judgement), at(seconds)).unwrap();
}

fn act(workspace: &mut Workspace, change: SessionChange, seconds: i64) {
    review::record(workspace, &Act::Session(change), at(seconds)).unwrap();
}

fn begin_at(workspace: &mut Workspace, name: &str, seconds: i64) -> Session {
    let order = StartOrder { name: name.into(), without_queue: true, minutes: 60, ..StartOrder::default() };
    start(workspace, &order, at(seconds)).unwrap();
    current(workspace)
}

fn current(workspace: &Workspace) -> Session {
    find(&book(workspace.store()).unwrap(), None, workspace.reviewer()).unwrap()
}

fn decide_at(workspace: &mut Workspace, change: DecisionChange, seconds: i64) -> Decision {
    review::record(workspace, &Act::Decision(change), at(seconds)).unwrap();
    book(workspace.store()).unwrap().decisions.last().cloned().unwrap()
}

#[test]
fn a_session_counts_what_was_done_in_it_and_how_long_it_took() {
    let folder = tempfile::tempdir().unwrap();
    let mut w = open(folder.path(), "ana");
    import(&mut w, 0..8, at(-600));
    judge(&mut w, 0, Verdict::Pass, -60);
    let session = begin_at(&mut w, "W47", 0).event;
    judge(&mut w, 1, Verdict::Pass, 40);
    judge(&mut w, 2, Verdict::Fail, 100);
    judge(&mut w, 3, Verdict::Pass, 120);
    review::undo(&mut w, at(125)).unwrap();
    // Twenty minutes for a coffee: no time of conversation 4.
    judge(&mut w, 4, Verdict::Unsure, 1_325);
    let place = SessionPlace { queue: None, conversation: Some(id(5)), step: Some(2) };
    act(&mut w, SessionChange::Leave { session: session.clone(), place: Some(place.clone()) }, 1_400);
    judge(&mut w, 6, Verdict::Pass, 2_000);
    act(&mut w, SessionChange::Resume { session: session.clone() }, 3_000);
    assert_eq!(current(&w).places.get("ana"), Some(&place));
    judge(&mut w, 5, Verdict::Fail, 3_080);
    let progress = progress(w.store(), &current(&w), at(3_200)).unwrap();
    assert_eq!((progress.state, progress.reviewed), ("running", 4));
    // 40, 60 and 80 seconds; the fourth lay behind a pause.
    assert_eq!(progress.median_seconds, Some(60.0));
    assert_eq!((progress.used_seconds, progress.left_seconds), (1_600.0, Some(2_000.0)));
    act(&mut w, SessionChange::End { session }, 3_300);
    let summary = summary(&w, &book(w.store()).unwrap().sessions[0], at(90_000)).unwrap();
    assert_eq!((summary.verdicts.pass, summary.verdicts.fail, summary.verdicts.unsure), (1, 2, 1));
    assert_eq!((summary.undone, summary.timed, summary.state), (1, 3, "ended"));
    assert_eq!((summary.safe.labels, summary.safe.are_complete()), (5, true));
    assert!((summary.used_seconds - 1_700.0).abs() < 1e-9, "{}", summary.used_seconds);
}

#[test]
fn a_journal_that_lacks_a_label_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut w = open(folder.path(), "ana");
    import(&mut w, 0..2, at(-600));
    let session = begin_at(&mut w, "W47", 0);
    judge(&mut w, 0, Verdict::Pass, 10);
    fs::remove_dir_all(w.journals()).unwrap();
    let safe = summary(&w, &session, at(20)).unwrap().safe;
    assert_eq!((safe.labels, safe.database, safe.journal), (1, 1, 0));
    assert!(!safe.are_complete());
}

#[test]
fn a_session_gets_a_queue_of_its_own_and_one_undo_takes_both_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut w = open(folder.path(), "ana");
    import(&mut w, 0..30, at(-600));
    let order = StartOrder { name: "W47".into(), minutes: 10, with: vec!["ben".into()], ..StartOrder::default() };
    start(&mut w, &order, at(0)).unwrap();
    let session = current(&w);
    assert_eq!((session.queue.as_deref(), session.participants.len()), (Some("w47"), 2));
    assert_eq!(session.agenda.get("audit"), Some(&2));
    let spec = w.store().queue("w47").unwrap().unwrap().spec;
    assert_eq!((spec.strategy.as_str(), spec.size), ("weekly", Some(10)));
    let again = start(&mut w, &order, at(5)).unwrap_err();
    assert!(again.to_string().contains("already"), "{again}");
    review::undo(&mut w, at(9)).unwrap();
    assert_eq!(book(w.store()).unwrap().sessions, []);
    assert_eq!(w.store().queue("w47").unwrap(), None);
    let order = StartOrder { size: Some(7), ..order };
    start(&mut w, &order, at(20)).unwrap();
    assert_eq!(w.store().queue("w47").unwrap().unwrap().spec.size, Some(7));
    assert_eq!(current(&w).minutes, Some(10));
    assert_eq!(own_queue("47. Woche", 60).name, "session-47-woche");
}

#[test]
fn the_agenda_holds_what_is_new_and_what_was_left() {
    let folder = tempfile::tempdir().unwrap();
    let mut w = open(folder.path(), "ana");
    import(&mut w, 0..6, at(-600));
    let first = begin_at(&mut w, "W46", 0);
    judge(&mut w, 0, Verdict::Fail, 10);
    let park = SessionChange::Park { session: first.event.clone(), conversation: id(1), reason: "ask billing".into() };
    act(&mut w, park, 20);
    let spec = DecisionSpec {
        kind: DecisionKind::Policy,
        text: "  damaged parcels are refunded at once ".into(),
        conversations: vec![id(0)],
        session: Some(first.event.clone()),
        ..DecisionSpec::default()
    };
    let decision = decide_at(&mut w, DecisionChange::Add(spec), 30);
    assert_eq!(decision.spec.text, "damaged parcels are refunded at once");
    act(&mut w, SessionChange::End { session: first.event }, 40);
    import(&mut w, 6..9, at(7 * 86_400));
    judge(&mut w, 7, Verdict::Fail, 7 * 86_400 + 5);
    let second = begin_at(&mut w, "W47", 7 * 86_400 + 10);
    let lines = agenda(&mut w, (Some(&second), None), at(7 * 86_400 + 20)).unwrap();
    let of = |kind: AgendaKind| lines.iter().find(|line| line.kind == kind).unwrap();
    assert!(of(AgendaKind::NewFailures).conversations.contains(&id(7)));
    assert!(!of(AgendaKind::NewFailures).conversations.contains(&id(0)), "it was there in the first session");
    assert_eq!(of(AgendaKind::Parked).filter(), Some(format!("id:{}", id(1))));
    assert_eq!(
        (of(AgendaKind::Decisions).count, &of(AgendaKind::Decisions).decisions),
        (1, &vec![decision.id.clone()])
    );
    assert_eq!(of(AgendaKind::Audit).conversations, []);
    // A fail that the session gives is looked at and no more to do: judging never makes the line longer.
    let before = of(AgendaKind::NewFailures).count;
    judge(&mut w, 8, Verdict::Fail, 7 * 86_400 + 22);
    let after = agenda(&mut w, (Some(&second), None), at(7 * 86_400 + 24)).unwrap();
    let after = after.iter().find(|line| line.kind == AgendaKind::NewFailures).unwrap();
    assert!(after.count <= before && !after.conversations.contains(&id(8)), "{after:?}");
    act(&mut w, SessionChange::Unpark { conversation: id(1) }, 7 * 86_400 + 30);
    let close = DecisionChange::Close { decision: decision.id.clone(), reason: "shipped".into() };
    assert!(!decide_at(&mut w, close.clone(), 7 * 86_400 + 40).is_open());
    let twice = review::record(&mut w, &Act::Decision(close), at(7 * 86_400 + 41)).unwrap_err();
    assert!(twice.to_string().contains("closed already"), "{twice}");
    let lines = agenda(&mut w, (Some(&second), None), at(7 * 86_400 + 50)).unwrap();
    assert!(
        lines
            .iter()
            .filter(|line| matches!(line.kind, AgendaKind::Parked | AgendaKind::Decisions))
            .all(|line| line.count == 0)
    );
}

#[test]
fn two_people_in_workspaces_of_their_own_hold_one_session() {
    let folder = tempfile::tempdir().unwrap();
    let (mut ana, mut ben) = (open(folder.path(), "ana"), open(folder.path(), "ben"));
    for workspace in [&mut ana, &mut ben] {
        import(workspace, 0..6, at(-600));
        // What was said before belongs to no session, whatever the clocks of the two journals say.
        for number in 0..4 {
            judge(workspace, number, Verdict::Pass, -500);
        }
    }
    let session = begin_at(&mut ana, "W47", 0).event;
    let take = |workspace: &mut Workspace, from: &str| {
        merge(workspace, &[folder.path().join(from)], &mut |_| ControlFlow::Continue(())).unwrap();
    };
    take(&mut ben, "ana");
    act(&mut ben, SessionChange::Join { session: session.clone(), with: Vec::new() }, 10);
    judge(&mut ben, 4, Verdict::Fail, 50);
    judge(&mut ana, 4, Verdict::Pass, 60);
    judge(&mut ana, 5, Verdict::Pass, 70);
    take(&mut ana, "ben");
    take(&mut ben, "ana");
    let told = |workspace: &Workspace| {
        let summary = summary(workspace, &book(workspace.store()).unwrap().sessions[0], at(100)).unwrap();
        (summary.reviewed, summary.verdicts, summary.disputed, summary.session, summary.used_seconds)
    };
    let (reviewed, verdicts, disputed, session, _) = told(&ana);
    assert_eq!(told(&ana), told(&ben));
    assert_eq!((reviewed.len(), verdicts.pass, verdicts.fail), (2, 2, 1));
    assert_eq!((disputed, session.participants), (vec![id(4)], vec!["ana".to_owned(), "ben".to_owned()]));
}

#[test]
fn whether_a_closed_decision_helped_is_told_from_audit_labels() {
    let folder = tempfile::tempdir().unwrap();
    let mut w = open(folder.path(), "ana");
    import(&mut w, 0..40, Timestamp(START - 7 * DAY));
    import(&mut w, 40..80, Timestamp(START + 7 * DAY));
    let spec = QueueSpec { filter: "when:any verdict:none".into(), audit: 1.0, ..own_queue("W47", 80) };
    review::record(&mut w, &Act::Queue(QueueChange::Add(spec)), at(-10)).unwrap();
    for number in 0..80 {
        // Before, three of four fail with the mode; after, one of forty. In which order they were judged does not matter.
        let failed = if number < 40 { number % 4 != 0 } else { number == 41 };
        let verdict = if failed { Verdict::Fail } else { Verdict::Pass };
        let kind = if number % 2 == 1 { SlotKind::Audit } else { SlotKind::Ranked };
        let slot = Slot {
            queue: "w47".into(),
            kind,
            position: number as u64 + 1,
            p: None,
            weights: String::new(),
            q: None,
            scores_seen: false,
        };
        let modes = if verdict == Verdict::Fail { vec!["Loop".to_owned()] } else { Vec::new() };
        let judgement = Judgement { modes, slot: Some(slot), ..judgement(&w, number, verdict) };
        review::record(&mut w, &Act::Judge(judgement), at(-5)).unwrap();
    }
    let spec = DecisionSpec { text: "stop asking twice".into(), mode: Some("loop".into()), ..DecisionSpec::default() };
    let decision = decide_at(&mut w, DecisionChange::Add(spec), -2);
    assert_eq!(effect(&w, &decision, at(0)).unwrap(), None, "it is open");
    let decision = decide_at(&mut w, DecisionChange::Close { decision: decision.event, reason: String::new() }, 0);
    let effect = effect(&w, &decision, Timestamp(START + 10 * DAY)).unwrap().unwrap();
    let counts = |rate: &crate::stats::guard::Guarded<crate::stats::rate::Rate>| {
        rate.as_ref().map(|rate| (rate.k, rate.n)).unwrap()
    };
    assert_eq!((counts(&effect.before), counts(&effect.after)), ((30, 40), (1, 40)));
    assert_eq!((effect.verdict, effect.needs), ("fell", None));
}

#[test]
fn a_summary_tells_nothing_of_what_is_hidden_and_counts_what_stands() {
    let folder = tempfile::tempdir().unwrap();
    let mut ana = open(folder.path(), "ana");
    import(&mut ana, 0..8, at(-600));
    let spec = QueueSpec { reviewers_per_item: 2, audit: 0.0, ..own_queue("pairs", 0) };
    assert_eq!(spec.size, None, "a session without an end goes through all of it");
    review::record(&mut ana, &Act::Queue(QueueChange::Add(spec)), at(-10)).unwrap();
    let session = begin_at(&mut ana, "W47", 0);
    // Failed twice with a mode of its own; only the last time stands, with one corrected step less.
    for seconds in [10, 20] {
        let modes = vec![format!("Made up {seconds}")];
        let judgement =
            Judgement { modes, room: vec!["ana".into(), "ben".into()], ..judgement(&ana, 1, Verdict::Fail) };
        review::record(&mut ana, &Act::Judge(judgement), at(seconds)).unwrap();
    }
    for (number, seconds) in [(2, 30), (2, 31), (3, 32)] {
        let subject = judgement(&ana, number, Verdict::Pass).subject;
        review::record(&mut ana, &Act::Skip(subject), at(seconds)).unwrap();
    }
    judge(&mut ana, 3, Verdict::Pass, 40);
    let own = summary(&ana, &session, at(50)).unwrap();
    assert_eq!((own.hidden, own.verdicts.fail, own.room_verdicts, own.skipped), (0, 1, 1, 1), "{own:?}");
    assert_eq!(own.modes.values().sum::<u64>(), 1);
    // Ben has judged one of the two.
    let identity = Identity::load("ben", &folder.path().join("state-ben")).unwrap();
    let mut ben = Workspace::open(&folder.path().join("ana"), identity, Access::Write).unwrap();
    act(&mut ben, SessionChange::Join { session: session.event.clone(), with: Vec::new() }, 60);
    judge(&mut ben, 3, Verdict::Fail, 70);
    let session = book(ben.store()).unwrap().sessions.remove(0);
    let his = summary(&ben, &session, at(80)).unwrap();
    assert_eq!((his.reviewed.len(), his.hidden), (2, 1));
    assert_eq!((his.verdicts.pass, his.verdicts.fail, his.room_verdicts), (1, 1, 0));
    assert_eq!((his.modes.len(), his.new_modes.len(), his.disputed), (0, 0, vec![id(3)]));
    assert!(his.safe.are_complete());
}

#[test]
fn after_its_end_a_session_changes_only_by_what_anybody_takes_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut ana = open(folder.path(), "ana");
    import(&mut ana, 0..8, at(-600));
    let session = begin_at(&mut ana, "W47", 0);
    let identity = Identity::load("ben", &folder.path().join("state-ben")).unwrap();
    let mut ben = Workspace::open(&folder.path().join("ana"), identity, Access::Write).unwrap();
    act(&mut ben, SessionChange::Join { session: session.event.clone(), with: Vec::new() }, 10);
    judge(&mut ben, 1, Verdict::Pass, 20);
    judge(&mut ana, 2, Verdict::Pass, 30);
    act(&mut ana, SessionChange::End { session: session.event }, 40);
    // What she says later is none of it, though her journal goes on, and a clock may be turned back.
    judge(&mut ana, 3, Verdict::Pass, 50);
    judge(&mut ana, 4, Verdict::Pass, 35);
    let session = book(ana.store()).unwrap().sessions.remove(0);
    let heard = Activity::of(ana.store(), &session).unwrap();
    assert_eq!(heard.reviewed().len(), 2);
    review::undo(&mut ben, at(60)).unwrap();
    let summary = summary(&ana, &session, at(70)).unwrap();
    assert_eq!((summary.reviewed, summary.undone), (vec![id(2)], 1));
}

#[test]
fn what_the_reviewer_passed_is_no_new_failure_though_somebody_failed_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut ana = open(folder.path(), "ana");
    import(&mut ana, 0..3, at(-600));
    judge(&mut ana, 1, Verdict::Pass, 1);
    judge(&mut ana, 2, Verdict::Fail, 2);
    let identity = Identity::load("ben", &folder.path().join("state-ben")).unwrap();
    let mut ben = Workspace::open(&folder.path().join("ana"), identity, Access::Write).unwrap();
    judge(&mut ben, 1, Verdict::Fail, 3);
    let lines = agenda(&mut ana, (None, None), at(10)).unwrap();
    let new = lines.iter().find(|line| line.kind == AgendaKind::NewFailures).unwrap();
    assert!(new.conversations.contains(&id(2)) && !new.conversations.contains(&id(1)), "{new:?}");
}
