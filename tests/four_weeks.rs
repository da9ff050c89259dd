//! Four weeks of two people who review the same conversations apart: what they see of each other, decide, and read at the end.
//!
//! Invariant: every time is handed in, so that the story is the same whenever it is told; only ids of events are new each
//! time, and they are put aside before anything is compared with what was kept.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on should stop")]

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::Path;

use aftercall::ingest::ReadOptions;
use aftercall::model::act::{Act, FailedAt, Judgement, Subject};
use aftercall::model::codebook::CodebookChange;
use aftercall::model::decision::{Day, DecisionChange, DecisionEdit, DecisionKind, DecisionSpec};
use aftercall::model::label::{Owner, StepPointer, Verdict};
use aftercall::model::queue::{QueueChange, QueueSpec};
use aftercall::model::session::SessionChange;
use aftercall::model::summary::Summary;
use aftercall::model::time::Timestamp;
use aftercall::ops::door::Door;
use aftercall::ops::merge::sync;
use aftercall::ops::report::{Asked, Form, Report, ReportOrder};
use aftercall::ops::workspace::{Identity, ImportOrder, Workspace};
use aftercall::ops::{adjudicate, queue, report, review, session};
use aftercall::store::Access;
use serde_json::{Value, json};

/// Conversations a week.
const PER_WEEK: usize = 40;
/// The key by which personal data gets its names.
const KEY: &str = "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a";
/// Seconds from one week to the next.
const WEEK: i64 = 7 * 86_400;

/// A moment of a week, in seconds after its Monday, 00:00 UTC. The first is that of 2026-W45.
fn moment(week: usize, seconds: i64) -> Timestamp {
    Timestamp((1_793_577_600 + week as i64 * WEEK + seconds) * 1_000_000)
}

/// The modes of a conversation that failed. From the third week on what was decided in the first shows.
fn modes(week: usize, n: usize) -> Vec<&'static str> {
    let mut modes = Vec::new();
    if n.is_multiple_of(if week < 2 { 3 } else { 20 }) {
        modes.push("wrong tool");
    }
    if n % 5 == 1 {
        modes.push("made-up fact");
    }
    if n % 8 == 2 {
        modes.push("refund without a reason");
    }
    modes
}

/// One conversation; its name says week and number.
fn chat(week: usize, n: usize) -> Value {
    let bad = !modes(week, n).is_empty();
    let began = moment(week, (n % 4) as i64 * 86_400 + 28_800 + n as i64 * 300);
    let said = |minute: i64| Timestamp(began.0 + minute * 60_000_000).to_string();
    let order = json!({"order_id": format!("A-{}", 1000 * (week + 1) + n)}).to_string();
    let tool = if modes(week, n).contains(&"wrong tool") { "cancel_order" } else { "get_order" };
    let messages = json!([
        {"role": "user", "content": format!("Where is my order? I am mia.{n}@example.com"), "timestamp": said(0)},
        {"role": "assistant", "content": null, "timestamp": said(1),
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": tool, "arguments": order}}]},
        {"role": "tool", "tool_call_id": "c1", "content": "{\"status\": \"on its way\"}", "timestamp": said(1)},
        {"role": "assistant", "content": "It comes on Friday.", "timestamp": said(2 + n as i64 % 5)},
    ]);
    let intent = ["delivery", "refund", "exchange"][n % 3];
    let metadata = json!({
        "intent": intent,
        "channel": if n.is_multiple_of(4) { "email" } else { "chat" },
        "agent_version": if week < 2 { "1.4" } else { "1.5" },
        "outcome.resolved": !bad,
        "outcome.csat": if bad { 2 } else { 5 },
    });
    json!({"id": format!("w{week}-{n:02}"), "started_at": began.to_string(), "messages": messages, "metadata": metadata})
}

/// The workspace of one of them. Both have the team's key, so that the same address gets the same name in both reports.
fn open(folder: &Path, reviewer: &str) -> Workspace {
    std::fs::create_dir_all(folder.join(reviewer)).unwrap();
    std::fs::write(folder.join(reviewer).join("mask.key"), KEY).unwrap();
    let identity = Identity { reviewer: reviewer.to_owned(), device: format!("{reviewer}00001") };
    Workspace::open(&folder.join(reviewer), identity, Access::Create).unwrap()
}

fn import(workspace: &mut Workspace, file: &Path, now: Timestamp) {
    let read = ReadOptions { source: Some("shop".to_owned()), ..ReadOptions::default() };
    let order = ImportOrder { paths: vec![file.to_owned()], evaluate: true, read, ..ImportOrder::default() };
    let found = workspace.import(&order, now, &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(found.problems, []);
}

/// What a person says of a conversation.
type Says<'s> = &'s dyn Fn(&Summary) -> Judgement;

/// Two people, a folder between them, and the one clock they share.
struct Team {
    folder: tempfile::TempDir,
    people: [Workspace; 2],
    clock: Timestamp,
}

/// Places in `Team::people`.
const LEE: usize = 0;
const KIM: usize = 1;

impl Team {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let people = ["lee", "kim"].map(|name| open(folder.path(), name));
        Self { folder, people, clock: Timestamp(0) }
    }

    fn now(&mut self) -> Timestamp {
        self.clock.0 += 20_000_000;
        self.clock
    }

    fn act(&mut self, who: usize, act: &Act) {
        let now = self.now();
        let saved = review::record(&mut self.people[who], act, now).unwrap();
        assert_eq!(saved.journal_problem, None);
    }

    /// Everybody gets the conversations that came.
    fn import(&mut self, name: &str, lines: &[Value]) {
        let file = self.folder.path().join(name);
        std::fs::write(&file, lines.iter().map(Value::to_string).collect::<Vec<_>>().join("\n")).unwrap();
        for who in [LEE, KIM] {
            let now = self.now();
            import(&mut self.people[who], &file, now);
        }
    }

    /// Takes what lies in the shared folder and puts there what is new.
    fn sync(&mut self, who: usize) -> String {
        let shared = self.folder.path().join("shared");
        let merged = sync(&mut self.people[who], &shared, &mut |_| ControlFlow::Continue(())).unwrap();
        assert_eq!(merged.findings, []);
        merged.state
    }

    /// Everything reaches everybody.
    fn unite(&mut self) {
        self.sync(LEE);
        let kim = self.sync(KIM);
        assert_eq!(self.sync(LEE), kim, "both know the same");
    }

    /// Works through a queue until so many are judged or nothing is left; tells how many were.
    fn judge(&mut self, who: usize, (name, most): (&str, usize), says: Says<'_>) -> usize {
        for done in 0..most {
            let now = self.now();
            let (_, rows) = queue::shown(&mut self.people[who], (name, 1), now).unwrap();
            let Some(row) = rows.into_iter().rev().find(|row| !row.judged) else { return done };
            let slot = row.place.map(|place| place.slot);
            self.act(who, &Act::Judge(Judgement { slot, ..says(&row.summary) }));
        }
        most
    }

    fn report(&mut self, who: usize, week: &str) -> Report {
        let (order, now) = (ReportOrder { days: Asked::week(week).unwrap(), ..ReportOrder::default() }, self.clock);
        let workspace = &mut self.people[who];
        let found = report::report(workspace, &order, now, &mut |_| ControlFlow::Continue(())).unwrap();
        let door = Door::masked(workspace);
        found.masked(&|text| door.text(text))
    }

    /// The report of the week, which is the same whoever asks, in every form.
    fn agreed(&mut self, week: &str) -> Report {
        let (of_lee, of_kim) = (self.report(LEE, week), self.report(KIM, week));
        for form in [Form::Markdown, Form::Html, Form::Json] {
            let text = report::text(&of_lee, form).unwrap();
            assert_eq!(text, report::text(&of_kim, form).unwrap(), "{week}");
            assert!(!text.contains("@example.com"), "{week}: personal data");
        }
        of_lee
    }

    fn decide(&mut self, who: usize, spec: DecisionSpec) {
        self.act(who, &Act::Decision(DecisionChange::Add(spec)));
    }

    /// The id of the decision whose text holds this.
    fn decision(&self, words: &str) -> String {
        let book = session::book(self.people[LEE].store()).unwrap();
        book.decisions.into_iter().find(|one| one.spec.text.contains(words)).unwrap().id
    }

    /// The report as it is kept: event ids, which are new each time, by the order in which decisions were made.
    fn kept(&self, found: &Report, form: Form) -> String {
        let mut text = report::text(found, form).unwrap();
        for (decision, number) in session::book(self.people[LEE].store()).unwrap().decisions.iter().zip(1..) {
            text = text.replace(&decision.id, &format!("d-{number}"));
        }
        text
    }
}

fn subject(summary: &Summary) -> Subject {
    Subject { conversation: summary.id.clone(), transcript_hash: summary.transcript_hash.clone() }
}

fn place(summary: &Summary) -> (usize, usize) {
    let name = summary.external_id.exact();
    (name[1..2].parse().unwrap(), name[3..].parse().unwrap())
}

/// What everybody would say.
fn judgement(summary: &Summary, who: &str) -> Judgement {
    let (week, n) = place(summary);
    let modes = modes(week, n);
    if modes.is_empty() {
        return Judgement::new(subject(summary), Verdict::Pass);
    }
    let at = StepPointer { step: 2, span_id: None, decision_span_id: None };
    Judgement {
        failed_at: Some(if modes.contains(&"wrong tool") { FailedAt::Step(at) } else { FailedAt::NoSingleStep }),
        severity: Some(1 + (n % 4) as u8),
        owner: Some(if modes.contains(&"wrong tool") { Owner::Prompt } else { Owner::Retrieval }),
        modes: modes.iter().map(|mode| (*mode).to_owned()).collect(),
        note: Some(format!("{who} saw it on mia.{n}@example.com")),
        ..Judgement::new(subject(summary), Verdict::Fail)
    }
}

fn by_lee(summary: &Summary) -> Judgement {
    judgement(summary, "Lee")
}

/// Kim lets pass what Lee calls failures in two refunds of each week.
fn by_kim(summary: &Summary) -> Judgement {
    match place(summary).1 {
        10 | 16 => Judgement::new(subject(summary), Verdict::Pass),
        _ => judgement(summary, "Kim"),
    }
}

/// The review of a week up to where both have the same labels: eight conversations judged by both, blind, the rest by one.
fn review_week(team: &mut Team, week: usize) {
    let number = 45 + week;
    let days = format!("when:{}..{}", Day::of(moment(week, 0)).unwrap(), Day::of(moment(week, WEEK - 1)).unwrap());
    // Thursday at four, when all conversations of the week have come.
    team.clock = moment(week, 3 * 86_400 + 57_600);
    team.import(&format!("w{number}.jsonl"), &(0..PER_WEEK).map(|n| chat(week, n)).collect::<Vec<_>>());
    let (weekly, double) = (format!("week-{number}"), format!("double-{number}"));
    let spec = QueueSpec { filter: days.clone(), audit: 0.8, ..QueueSpec::new(&weekly, "weekly") };
    team.act(LEE, &Act::Queue(QueueChange::Add(spec)));
    let twice = [1, 4, 7, 10, 13, 16, 19, 22]
        .map(|n| team.people[LEE].store().resolve(&format!("w{week}-{n:02}")).unwrap().to_string());
    let filter = format!("id:{}", twice.join(","));
    let spec = QueueSpec { filter, audit: 0.0, reviewers_per_item: 2, ..QueueSpec::new(&double, "weekly") };
    team.act(LEE, &Act::Queue(QueueChange::Add(spec)));
    let order = session::StartOrder {
        name: format!("W{number}"),
        queue: Some(weekly.clone()),
        minutes: 60,
        ..session::StartOrder::default()
    };
    let now = team.now();
    session::start(&mut team.people[LEE], &order, now).unwrap();
    team.unite();
    let known = session::book(team.people[KIM].store()).unwrap();
    let session = known.session(&format!("W{number}")).unwrap().event.clone();
    team.act(KIM, &Act::Session(SessionChange::Join { session, with: Vec::new() }));
    assert_eq!(team.judge(LEE, (&double, PER_WEEK), &by_lee), twice.len());
    team.unite();
    nothing_leaks(team, &format!("W{number}"));
    assert_eq!(team.judge(KIM, (&double, PER_WEEK), &by_kim), twice.len());
    assert_eq!(team.judge(LEE, (&weekly, 16), &by_lee), 16);
    team.unite();
    assert_eq!(team.judge(KIM, (&weekly, 14), &by_kim), 14);
    team.unite();
    settle(team);
}

/// What Lee said of conversations that Kim has yet to judge is nowhere to be seen by Kim.
fn nothing_leaks(team: &mut Team, week: &str) {
    let ids = |workspace: &Workspace| {
        let labelled = workspace.store().all_labels().unwrap();
        labelled.into_keys().collect::<BTreeSet<_>>()
    };
    let covered = team.people[KIM].store().covered("kim").unwrap();
    let hidden: Vec<_> = ids(&team.people[KIM]).into_iter().filter(|id| covered.hides(id)).collect();
    assert!(hidden.len() > 3, "{hidden:?}");
    let found = team.report(KIM, week);
    for id in &hidden {
        assert_eq!(review::labels(&team.people[KIM], id).unwrap(), [], "{id}");
        let door = Door::masked(&team.people[KIM]);
        assert!(adjudicate::sides(&team.people[KIM], &door, id).is_err(), "{id}");
        for form in [Form::Markdown, Form::Html, Form::Json] {
            assert!(!report::text(&found, form).unwrap().contains(id.as_str()), "{id}");
        }
    }
    // Lee's own are not settled for Lee either: nobody's figures run ahead of the other's verdict.
    assert_eq!(team.report(LEE, week).counts, found.counts);
}

/// Lee hears both and takes one side of each dispute: Kim's of the one, his own of the other.
fn settle(team: &mut Team) {
    let now = team.now();
    let open = adjudicate::open(&team.people[LEE], now).unwrap();
    assert_eq!(open.iter().map(|one| place(one).1).collect::<BTreeSet<_>>(), BTreeSet::from([10, 16]));
    for one in open {
        let took = if place(&one).1 == 10 { "kim" } else { "lee" };
        let now = team.now();
        adjudicate::take(&mut team.people[LEE], &one.id, (took, "read together"), now).unwrap();
    }
    team.unite();
    let now = team.now();
    assert_eq!(adjudicate::open(&team.people[KIM], now).unwrap().len(), 0);
}

fn end(team: &mut Team) {
    let book = session::book(team.people[LEE].store()).unwrap();
    let session = session::find(&book, None, "lee").unwrap();
    team.act(LEE, &Act::Session(SessionChange::End { session: session.event.clone() }));
    team.unite();
    let (book, now) = (session::book(team.people[KIM].store()).unwrap(), team.now());
    let session = book.session(&session.name).unwrap();
    let of_lee = session::summary(&team.people[LEE], session, now).unwrap();
    let of_kim = session::summary(&team.people[KIM], session, now).unwrap();
    assert_eq!(json!(of_lee)["reviewed"], json!(of_kim)["reviewed"]);
    assert!(!session.is_running());
    assert_eq!(session.participants, ["lee", "kim"]);
}

/// What was a made-up fact is one of two modes from now on; both judge again what they called so in these weeks.
fn split(team: &mut Team, weeks: std::ops::Range<usize>) {
    for who in [LEE, KIM] {
        let name = team.people[who].reviewer().to_owned();
        let labels = team.people[who].store().all_labels().unwrap();
        let ids: Vec<_> = labels
            .into_iter()
            .flat_map(|(id, labels)| labels.into_iter().map(move |label| (id.clone(), label)))
            .filter(|(_, label)| label.reviewer == name && label.modes.iter().any(|mode| mode == "made-up-fact"))
            .collect();
        let ids: BTreeMap<_, _> = ids.into_iter().collect();
        for (id, label) in ids {
            let summary = queue::rows(team.people[who].store(), &[id], &name).unwrap().remove(0);
            let (week, n) = place(&summary);
            if !weeks.contains(&week) {
                continue;
            }
            let said = if who == LEE { by_lee(&summary) } else { by_kim(&summary) };
            let new = if n.is_multiple_of(2) { "made-up delivery date" } else { "made-up policy" };
            let modes =
                said.modes.iter().map(|mode| if mode == "made-up fact" { new.to_owned() } else { mode.clone() });
            let modes = modes.collect();
            team.act(who, &Act::Judge(Judgement { modes, slot: label.slot.clone(), ..said }));
        }
    }
    team.unite();
    let now = team.now();
    for one in adjudicate::open(&team.people[LEE], now).unwrap() {
        let now = team.now();
        adjudicate::take(&mut team.people[LEE], &one.id, ("lee", "as before"), now).unwrap();
    }
    team.unite();
}

fn mode<'r>(found: &'r Report, key: &str) -> &'r report::ModeRow {
    found.modes.iter().find(|row| row.mode == key).unwrap_or_else(|| panic!("{key}: {:?}", found.modes))
}

fn decided<'r>(found: &'r Report, words: &str) -> &'r report::DecisionRow {
    found.decisions.iter().find(|row| row.text.contains(words)).unwrap()
}

fn spec(text: &str, (kind, owner): (DecisionKind, &str), due: &str, mode: &str) -> DecisionSpec {
    DecisionSpec {
        kind,
        text: text.to_owned(),
        owner: Some(owner.to_owned()),
        due: Day::parse(due),
        mode: Some(mode.to_owned()),
        ..DecisionSpec::default()
    }
}

#[test]
fn two_people_review_four_weeks_and_read_the_same_reports() {
    let mut team = Team::new();

    // First week: everything is new, two things are decided.
    review_week(&mut team, 0);
    let prompt = (DecisionKind::Prompt, "Noor");
    team.decide(LEE, spec("Say when an order may be cancelled", prompt, "2026-11-12", "wrong tool"));
    let knowledge = (DecisionKind::Knowledge, "Sam");
    team.decide(KIM, spec("Write down how long delivery takes", knowledge, "2026-11-19", "made-up fact"));
    end(&mut team);
    let first = team.agreed("W45");
    assert_eq!((first.counts.conversations, first.counts.disputed), (40, 0));
    assert_eq!(first.decisions.iter().filter(|row| row.open).count(), 2);
    insta::assert_snapshot!("week_45", team.kept(&first, Form::Markdown));

    // Second week: the first decision is carried out.
    review_week(&mut team, 1);
    let decision = team.decision("cancelled");
    team.act(LEE, &Act::Decision(DecisionChange::Close { decision, reason: "prompt 1.5".to_owned() }));
    end(&mut team);
    let second = team.agreed("W46");
    let (closed, open) = (decided(&second, "cancelled"), decided(&second, "delivery"));
    assert!(!closed.open && open.open && !open.overdue);
    assert_eq!(closed.effect.as_ref().unwrap().verdict, "too few labels to tell");
    assert_eq!(mode(&second, "wrong-tool").found_before, mode(&first, "wrong-tool").found);
    insta::assert_snapshot!("week_46", team.kept(&second, Form::Markdown));

    // Third week: one mode turns out to be two, and the labels of this week are given again.
    review_week(&mut team, 2);
    let add = |key: &str, name: &str| CodebookChange::Add {
        key: key.to_owned(),
        name: name.to_owned(),
        description: "split from made-up fact".to_owned(),
        pack: None,
    };
    let parts = [("made-up-delivery-date", "made-up delivery date"), ("made-up-policy", "made-up policy")];
    team.act(LEE, &Act::Codebook(parts.map(|(key, name)| add(key, name)).to_vec()));
    team.unite();
    split(&mut team, 2..3);
    let edit = DecisionEdit { mode: Some("made-up delivery date".to_owned()), ..DecisionEdit::default() };
    let decision = team.decision("delivery");
    team.act(KIM, &Act::Decision(DecisionChange::Edit { decision, edit }));
    team.decide(KIM, spec("Quote the policy, or say so", prompt, "2026-12-03", "made-up policy"));
    end(&mut team);
    let third = team.agreed("W47");
    for (key, _) in parts {
        assert!(mode(&third, key).is_new && mode(&third, key).found > 0, "{key}");
    }
    assert_eq!(mode(&third, "made-up-fact").found, 0);
    assert!(decided(&third, "delivery").open && decided(&third, "delivery").overdue);
    assert_eq!(decided(&third, "delivery").mode.as_deref(), Some("made-up delivery date"));
    insta::assert_snapshot!("week_47", team.kept(&third, Form::Markdown));

    // Fourth week: earlier labels are given again as well, so that weeks can be held against each other.
    review_week(&mut team, 3);
    split(&mut team, 0..4);
    let decision = team.decision("delivery");
    team.act(KIM, &Act::Decision(DecisionChange::Close { decision, reason: "article 12".to_owned() }));
    end(&mut team);
    let fourth = team.agreed("W48");
    for (key, _) in parts {
        assert!(!mode(&fourth, key).is_new);
        assert_eq!(mode(&fourth, key).found_before, mode(&third, key).found, "{key}");
    }
    assert!(fourth.modes.iter().all(|row| row.mode != "made-up-fact"));
    let effect = decided(&fourth, "cancelled").effect.clone().unwrap();
    assert_eq!(effect.verdict, "fell", "{}", effect.words());
    assert!(decided(&fourth, "policy").open);
    insta::assert_snapshot!("week_48", team.kept(&fourth, Form::Markdown));
    insta::assert_snapshot!("week_48_json", team.kept(&fourth, Form::Json));
    if let Some(path) = std::env::var_os("AFTERCALL_STORY_HTML") {
        std::fs::write(path, team.kept(&fourth, Form::Html)).unwrap();
    }
}

/// The results of a benchmark as four weeks, one of each trial; `None` where they are not there.
fn trials() -> Option<Vec<Vec<Value>>> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/tau-bench/gpt-4o-airline.json"));
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("skipped: ../shared is absent");
        return None;
    };
    let mut weeks = vec![Vec::new(); 4];
    for (number, run) in serde_json::from_str::<Vec<Value>>(&text).unwrap().into_iter().enumerate() {
        let trial = usize::try_from(run["trial"].as_u64().unwrap()).unwrap();
        let began = moment(trial, 36_000 + number as i64 * 60);
        let passed = run["reward"].as_f64() == Some(1.0);
        weeks[trial].push(json!({
            "id": format!("t{trial}-{}", run["task_id"]),
            "started_at": began.to_string(),
            "messages": run["traj"],
            "metadata": {"outcome.resolved": passed},
        }));
    }
    Some(weeks)
}

#[test]
fn the_reports_of_real_conversations_count_what_the_file_says() {
    let Some(weeks) = trials() else { return };
    let mut team = Team::new();
    for (week, runs) in weeks.iter().enumerate() {
        team.clock = moment(week, 3 * 86_400 + 57_600);
        team.import(&format!("trial-{week}.jsonl"), runs);
        let name = format!("week-{}", 45 + week);
        let filter =
            format!("when:{}..{}", Day::of(moment(week, 0)).unwrap(), Day::of(moment(week, WEEK - 1)).unwrap());
        let spec = QueueSpec { filter, audit: 1.0, ..QueueSpec::new(&name, "learnt") };
        team.act(LEE, &Act::Queue(QueueChange::Add(spec)));
        let passed = |id: &str| runs.iter().any(|run| run["id"] == id && run["metadata"]["outcome.resolved"] == true);
        let says = |summary: &Summary| {
            if passed(summary.external_id.exact()) {
                return Judgement::new(subject(summary), Verdict::Pass);
            }
            Judgement {
                failed_at: Some(FailedAt::NoSingleStep),
                modes: vec!["not what was asked".to_owned()],
                ..Judgement::new(subject(summary), Verdict::Fail)
            }
        };
        assert_eq!(team.judge(LEE, (&name, runs.len() / 2), &says), runs.len() / 2);
        team.unite();
        assert_eq!(team.judge(KIM, (&name, runs.len()), &says), runs.len() - runs.len() / 2);
        team.unite();
    }
    for (week, runs) in weeks.iter().enumerate() {
        let failed = runs.iter().filter(|run| run["metadata"]["outcome.resolved"] == false).count() as u64;
        let (found, total) = (team.agreed(&format!("W{}", 45 + week)), runs.len() as u64);
        assert_eq!((found.counts.conversations, found.counts.judged, found.counts.audited), (total, total, total));
        assert_eq!((found.counts.failed, mode(&found, "not-what-was-asked").found), (failed, failed));
        let rate = found.figures.get("failure_rate");
        assert!(rate.value.is_some_and(|rate| (rate - failed as f64 / total as f64).abs() < 1e-9), "{rate:?}");
        assert_eq!(found.modes[0].is_new, week == 0);
        assert_eq!(found.people.reviewers.iter().map(|row| row.judged).sum::<u64>(), total);
    }
}
