//! Several reviewers in one workspace: what eight processes at once come to, and what nobody sees before their own label.
//!
//! The reviewers of the first test are this very test program, started again with variables that name the workspace.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on should stop")]

#[path = "support/home.rs"]
mod home;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use aftercall::engine::system_clock;
use aftercall::model::act::{Act, Judgement, Subject};
use aftercall::model::event::EventBody;
use aftercall::model::label::Verdict;
use aftercall::model::queue::{QueueChange, QueueSpec};
use aftercall::ops::merge::merge;
use aftercall::ops::verify::verify;
use aftercall::ops::workspace::{Identity, ImportOrder, Workspace};
use aftercall::ops::{queue, review};
use aftercall::store::{Access, StoreError};
use home::Home;

/// Names the folder in which a reviewer works.
const FOLDER: &str = "AFTERCALL_TEST_TEAM";
/// What the reviewer is called.
const NAME: &str = "AFTERCALL_TEST_REVIEWER";
/// How many conversations to try it with: a queue of a thousand takes minutes.
const SIZE: &str = "AFTERCALL_TEST_CONVERSATIONS";

const PROCESSES: usize = 8;
const CONVERSATIONS: usize = 24;

fn chats(count: usize) -> String {
    let chat = |number: usize| {
        format!(
            r#"{{"id":"n{number:03}","metadata":{{"intent":"{}"}},"messages":[{{"role":"user","content":"Where is order {number}?"}},{{"role":"assistant","content":"On its way."}}]}}"#,
            ["refund", "delivery"][number % 2]
        )
    };
    (0..count).map(chat).collect::<Vec<_>>().join("\n")
}

fn open(folder: &Path, reviewer: &str) -> Workspace {
    let identity = Identity::load(reviewer, &folder.join("state")).unwrap();
    loop {
        match Workspace::open(&folder.join("w"), identity.clone(), Access::Create) {
            Ok(workspace) => return workspace,
            Err(error) if error.to_string().contains("busy") => std::thread::sleep(Duration::from_millis(5)),
            Err(error) => panic!("{error}"),
        }
    }
}

/// Takes what comes next and judges it until nothing is left, and says so after each is saved.
///
/// Does nothing unless this program was started as a reviewer.
#[test]
fn reviewer() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let name = std::env::var(NAME).unwrap();
    let mut workspace = open(&folder, &name);
    let mut out = std::io::stdout();
    loop {
        let next = match queue::next(&mut workspace, "week", system_clock()) {
            Ok(next) => next,
            Err(queue::QueueError::Store(error @ StoreError::Busy { .. })) => {
                drop(error);
                continue;
            }
            Err(error) => panic!("{error}"),
        };
        let Some(id) = next.conversation else {
            if next.held == 0 {
                return;
            }
            // Others are about to judge what is left, or to leave it.
            std::thread::sleep(Duration::from_millis(2));
            continue;
        };
        let row = queue::named_rows(&mut workspace, ("week", Some(&id)), std::slice::from_ref(&id), system_clock());
        let row = row.unwrap().remove(0);
        let subject = Subject { conversation: id.clone(), transcript_hash: row.transcript_hash };
        let slot = row.place.map(|place| place.slot);
        let judgement = Judgement { slot, ..Judgement::new(subject, Verdict::Pass) };
        let saved = review::record(&mut workspace, &Act::Judge(judgement), system_clock()).unwrap();
        assert_eq!(saved.journal_problem, None);
        writeln!(out, "\nACK {id}").unwrap();
        out.flush().unwrap();
    }
}

fn start(folder: &Path, name: &str) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "reviewer", "--nocapture", "--test-threads=1"]).env(FOLDER, folder).env(NAME, name);
    command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

#[test]
fn eight_processes_lose_nothing_and_give_no_conversation_more_reviews_than_it_needs() {
    let conversations = std::env::var(SIZE).map_or(CONVERSATIONS, |size| size.parse().unwrap());
    for needed in 1..=3 {
        let (events, state) = at_once(conversations, needed);
        println!(
            "{conversations} conversations, {needed} reviews each, {PROCESSES} processes: {events} events, state {state}"
        );
    }
}

/// Lets the reviewers judge all of a queue, and answers the number of events and what they come to.
fn at_once(conversations: usize, needed: u32) -> (usize, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chats.jsonl");
    std::fs::write(&file, chats(conversations)).unwrap();
    let mut lead = open(folder.path(), "lead");
    let order = ImportOrder { paths: vec![file], ..ImportOrder::default() };
    lead.import(&order, system_clock(), &mut |_| ControlFlow::Continue(())).unwrap();
    let spec = QueueSpec { reviewers_per_item: needed, claim_minutes: 15, ..QueueSpec::new("week", "learnt") };
    review::record(&mut lead, &Act::Queue(QueueChange::Add(spec)), system_clock()).unwrap();
    let names: Vec<String> = (0..PROCESSES).map(|number| format!("r{number}")).collect();
    let mut running: Vec<Child> = names.iter().map(|name| start(folder.path(), name)).collect();
    // Read side by side: who waits to be read waits to judge.
    let readers: Vec<_> = running
        .iter_mut()
        .map(|child| BufReader::new(child.stdout.take().unwrap()))
        .map(|out| std::thread::spawn(move || out.lines().map(Result::unwrap).collect::<Vec<String>>()))
        .collect();
    let mut acknowledged: BTreeMap<String, u64> = BTreeMap::new();
    for line in readers.into_iter().flat_map(|reader| reader.join().unwrap()) {
        if let Some(id) = line.strip_prefix("ACK ") {
            *acknowledged.entry(id.to_owned()).or_default() += 1;
        }
    }
    for child in &mut running {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(acknowledged.len(), conversations, "{needed}");
    for (id, count) in &acknowledged {
        let labels = lead.store().labels(&lead.store().resolve(id).unwrap()).unwrap();
        let verdicts = labels.iter().filter(|label| label.verdict.is_some()).count();
        assert_eq!((*count, verdicts), (u64::from(needed), needed as usize), "{id}");
    }
    let events = lead.store().log().all().unwrap();
    let claims = events.iter().filter(|event| matches!(event.body, EventBody::Claim { .. })).count();
    assert_eq!(claims, conversations * needed as usize, "one claim a review, and none besides");
    let verified = verify(&lead).unwrap();
    assert!(verified.is_sound(), "{verified:?}");
    (events.len(), united(folder.path()))
}

/// True for the journal of somebody who said something: who came late may have found nothing left.
fn says_something(journal: &Path) -> bool {
    std::fs::read_dir(journal).unwrap().any(|entry| entry.unwrap().metadata().unwrap().len() > 0)
}

/// Unites the journals in several orders, some of them twice, and answers what all of them come to.
fn united(folder: &Path) -> String {
    let journals: Vec<PathBuf> = std::fs::read_dir(folder.join("w/journal"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir() && says_something(path))
        .collect();
    let states: BTreeSet<String> = (0..4)
        .map(|turn| {
            let mut order = journals.clone();
            // On a quiet machine few of the processes find work.
            order.rotate_left(turn * 2 % journals.len());
            if turn % 2 == 1 {
                order.reverse();
            }
            order.extend_from_within(..turn.min(journals.len()));
            let root = folder.join(format!("united-{turn}"));
            let mut one = open(&root, "kim");
            for journal in order {
                merge(&mut one, &[journal], &mut |_| ControlFlow::Continue(())).unwrap();
            }
            let all = merge(&mut one, &journals, &mut |_| ControlFlow::Continue(())).unwrap();
            assert_eq!((all.taken, &all.findings), (0, &Vec::new()));
            all.state
        })
        .collect();
    assert_eq!(states.len(), 1, "{states:?}");
    states.into_iter().next().unwrap_or_default()
}

/// A workspace in which `zora` judged `n000` as a fail and `n001` as a pass, in a queue that asks for two reviews.
fn blind() -> Home {
    let home = Home::new();
    home.import(&chats(6));
    home.ok(&["queue", "new", "pairs", "--reviewers-per-item", "2", "--audit", "0"]);
    as_of(
        &home,
        "zora",
        &["label", "n000", "--queue", "pairs", "--fail", "--no-step", "--mode", "Made up", "--note", "all invented"],
    );
    as_of(&home, "zora", &["label", "n001", "--queue", "pairs", "--pass", "--must", "say when"]);
    home
}

fn as_of(home: &Home, reviewer: &str, arguments: &[&str]) -> String {
    let all: Vec<&str> = arguments.iter().copied().chain(["--reviewer", reviewer]).collect();
    home.ok(&all)
}

/// Nothing of what zora said may stand there.
fn says_nothing(text: &str) {
    for word in ["made-up", "Made up", "invented", "say when", "zora"] {
        assert!(!text.contains(word), "{word}: {text}");
    }
}

#[test]
fn list_hides_what_others_said_until_ones_own_is_saved() {
    let home = blind();
    let list = as_of(&home, "ben", &["list", "--json"]);
    says_nothing(&list);
    assert!(!list.contains(r#""verdict":"fail""#) && !list.contains(r#""label_state":"labelled""#), "{list}");
    as_of(&home, "ben", &["label", "n000", "--queue", "pairs", "--pass"]);
    let list = as_of(&home, "ben", &["list", "--json", "--where", "external_id:n000"]);
    assert!(list.contains("made-up") && list.contains("zora") && list.contains("disputed"), "{list}");
    says_nothing(&as_of(&home, "ben", &["list", "--json", "--where", "external_id:n001"]));
}

#[test]
fn show_hides_what_others_said() {
    let home = blind();
    for arguments in [&["show", "n000", "--json"][..], &["show", "n000"], &["show", "n001", "--json"]] {
        says_nothing(&as_of(&home, "ben", arguments));
    }
    let (fail, pass) = (home_json(&home, "ben", "n000"), home_json(&home, "ben", "n001"));
    assert_eq!((&fail["events"], &pass["events"]), (&0.into(), &0.into()), "their number would tell a fail");
    assert_eq!(home_json(&home, "zora", "n000")["labels"].as_array().unwrap().len(), 1);
}

fn home_json(home: &Home, reviewer: &str, id: &str) -> serde_json::Value {
    serde_json::from_str(&as_of(home, reviewer, &["show", id, "--json"])).unwrap()
}

#[test]
fn events_hide_what_others_said() {
    let home = blind();
    let events = as_of(&home, "ben", &["events", "--json"]);
    assert!(!events.contains("invented") && !events.contains(r#""kind":"verdict""#), "{events}");
    assert!(as_of(&home, "zora", &["events", "--json"]).contains("invented"));
}

#[test]
fn filters_tell_nothing_by_what_they_leave_out() {
    let home = blind();
    for filter in [
        "verdict:fail",
        "-verdict:none",
        "label:labelled",
        "mode:made-up",
        "reviewer:zora",
        "queue:pairs",
        "severity>0",
    ] {
        assert_eq!(as_of(&home, "ben", &["list", "--json", "--where", filter]), "", "{filter}");
        assert_eq!(as_of(&home, "ben", &["search", "order", "--where", filter]), "", "{filter}");
    }
    assert_eq!(as_of(&home, "ben", &["list", "--json", "--where", "verdict:none"]).lines().count(), 6);
    assert_eq!(as_of(&home, "zora", &["list", "--json", "--where", "verdict:fail"]).lines().count(), 1);
}

#[test]
fn queues_of_labels_list_nothing_that_is_hidden() {
    let home = blind();
    as_of(&home, "ben", &["queue", "new", "fails", "--where", "verdict:fail", "--strategy", "manual"]);
    let shown = as_of(&home, "ben", &["queue", "show", "fails", "--json"]);
    assert!(!shown.contains("n000") && !shown.contains("n001"), "{shown}");
    let pairs = as_of(&home, "ben", &["queue", "show", "pairs", "--json"]);
    says_nothing(&pairs);
    let value: serde_json::Value = serde_json::from_str(&pairs).unwrap();
    assert_eq!((&value["found"], &value["labels"], &value["audit_fails"]), (&0.into(), &0.into(), &0.into()));
    assert!(pairs.contains("n000"), "it is asked for all the same");
}

#[test]
fn disputes_stay_hidden_from_who_has_not_judged() {
    let home = Home::new();
    home.import(&chats(2));
    home.ok(&["queue", "new", "three", "--reviewers-per-item", "3"]);
    as_of(&home, "zora", &["label", "n000", "--queue", "three", "--pass"]);
    as_of(&home, "cyd", &["label", "n000", "--queue", "three", "--fail", "--no-step", "--note", "invented"]);
    assert_eq!(as_of(&home, "ben", &["adjudicate"]), "");
    for arguments in [&["adjudicate", "n000"][..], &["adjudicate", "n000", "--take", "A", "--reason", "so"]] {
        let all: Vec<&str> = arguments.iter().copied().chain(["--reviewer", "ben"]).collect();
        let ran = home.run(&all);
        assert!(ran.code == 2 && ran.err.contains("hidden until you have judged it too"), "{ran:?}");
        assert!(!ran.out.contains("invented"), "{ran:?}");
    }
    assert_eq!(as_of(&home, "zora", &["adjudicate"]).lines().count(), 1, "who has judged may settle");
    as_of(&home, "dan", &["label", "n000", "--queue", "three", "--fail", "--no-step"]);
    assert_eq!(as_of(&home, "ben", &["adjudicate"]).lines().count(), 1, "all its reviews are in");
}

#[test]
fn exports_and_datasets_leave_out_what_waits_for_a_review() {
    let home = blind();
    for reviewer in ["zora", "ben"] {
        let out = format!("out-{reviewer}");
        let told = home.run(&["export", &out, "--format", "labels", "--reviewer", reviewer]).err;
        assert!(told.contains("nothing to export") && told.contains("2 × waits for another reviewer"), "{told}");
    }
    as_of(&home, "ben", &["label", "n000", "--queue", "pairs", "--fail", "--no-step"]);
    as_of(&home, "cyd", &["export", "both", "--format", "labels"]);
    let rows = std::fs::read_to_string(home.path().join("both/labels.jsonl")).unwrap();
    assert_eq!(rows.lines().count(), 1, "{rows}");
    let told = as_of(&home, "ben", &["dataset", "new", "pairs", "--json"]);
    assert!(told.contains("waits for another reviewer of its queue"), "{told}");
}

#[test]
fn figures_of_agreement_and_benches_leave_out_what_is_hidden() {
    let home = Home::new();
    home.import(&chats(2));
    home.ok(&["queue", "new", "three", "--reviewers-per-item", "3"]);
    for (who, verdict) in [("zora", "--pass"), ("cyd", "--unsure")] {
        as_of(&home, who, &["label", "n000", "--queue", "three", verdict]);
    }
    let units = |who: &str| -> serde_json::Value {
        let text = as_of(&home, who, &["agreement", "--json"]);
        serde_json::from_str::<serde_json::Value>(&text).unwrap()["units"].clone()
    };
    assert_eq!((units("ben"), units("zora")), (0.into(), 1.into()));
    let bench = home.run(&["bench", "evaluators", "--truth", "verdict", "--json", "--reviewer", "ben"]);
    assert!(bench.out.contains(r#""runs":0"#) || bench.code != 0, "{bench:?}");
}

#[test]
fn a_queue_is_shared_from_the_command_line() {
    let home = Home::new();
    home.import(&chats(2));
    home.ok(&["queue", "new", "one", "--reviewers-per-item", "1"]);
    let first = as_of(&home, "zora", &["queue", "next", "one"]);
    assert_eq!(as_of(&home, "zora", &["queue", "next", "one"]), first, "it is still hers");
    let second = as_of(&home, "ben", &["queue", "next", "one"]);
    assert_ne!(first, second);
    let third: serde_json::Value =
        serde_json::from_str(&as_of(&home, "cyd", &["queue", "next", "one", "--json"])).unwrap();
    assert_eq!((&third["conversation"], &third["held"]), (&serde_json::Value::Null, &2.into()));
    let mut shown = String::new();
    let _ = write!(shown, "{}", as_of(&home, "cyd", &["queue", "show", "one"]));
    assert_eq!(shown.matches("held by another reviewer").count(), 2, "{shown}");
    assert!(!shown.contains("zora") && !shown.contains("ben"), "{shown}");
    // A claim keeps nobody from saving.
    as_of(&home, "cyd", &["label", first.trim(), "--queue", "one", "--pass"]);
    as_of(&home, "ben", &["queue", "release", second.trim()]);
    assert_eq!(as_of(&home, "cyd", &["queue", "next", "one"]), second);
    // What was held and given back is nothing to undo.
    assert!(as_of(&home, "ben", &["undo", "--json"]).contains("nothing to undo"));
}

#[test]
fn a_calibration_tells_progress_only_until_it_is_revealed() {
    let home = Home::new();
    home.import(&chats(5));
    home.ok(&["calibration", "start", "round", "--size", "1", "--reviewers", "2", "--where", "external_id:n003"]);
    as_of(&home, "zora", &["label", "n003", "--queue", "round", "--fail", "--no-step", "--note", "invented"]);
    for reviewer in ["zora", "ben"] {
        let told = as_of(&home, reviewer, &["calibration", "show", "round", "--json"]);
        assert!(told.contains(r#""revealed":null,"questions":null,"said":null"#), "{told}");
        assert!(!told.contains("invented"), "{told}");
    }
    as_of(&home, "ben", &["label", "n003", "--queue", "round", "--pass"]);
    let told = as_of(&home, "cyd", &["calibration", "show", "round"]);
    assert!(told.contains("all are done") && told.contains("zora: FAIL") && told.contains("ben: PASS"), "{told}");
    assert!(told.contains("verdict differ"), "{told}");
    // Both copies of the log give the same report.
    std::fs::remove_file(home.workspace().join("aftercall.db")).unwrap();
    home.ok(&["rebuild", "database"]);
    home.import(&chats(5));
    assert_eq!(as_of(&home, "cyd", &["calibration", "show", "round"]), told);
}

#[test]
fn figures_of_others_are_told_only_where_that_is_recorded() {
    let home = Home::new();
    home.import(&chats(4));
    as_of(&home, "zora", &["label", "n000", "--pass"]);
    as_of(&home, "ben", &["label", "n001", "--pass"]);
    let own = as_of(&home, "ben", &["team"]);
    assert!(own.contains("ben") && !own.contains("zora"), "{own}");
    assert!(!home.ok(&["events"]).contains("unmask"));
    let all = as_of(&home, "ben", &["team", "--everyone"]);
    assert!(all.contains("zora"), "{all}");
    assert!(home.ok(&["events"]).contains("team --everyone"));
}
