//! Uniting real workspaces of several people.
//!
//! Invariant: each person has a folder and a device of their own.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;

use proptest::prelude::*;

use super::super::conflicts::{self, Which};
use super::super::door::Door;
use super::super::review;
use super::super::workspace::Identity;
use super::*;
use crate::model::act::{Act, FailedAt, Judgement, Subject};
use crate::model::event::{EventBody, EventTarget};
use crate::model::id::{ConversationId, TranscriptHash};
use crate::model::label::Verdict;
use crate::model::queue::{Calibration, QueueChange, QueueSpec};
use crate::model::time::Timestamp;
use crate::store::Access;
use crate::store::events::Draft;

struct Person {
    root: PathBuf,
    workspace: Workspace,
}

fn person(folder: &Path, name: &str) -> Person {
    let root = folder.join(name);
    let identity = Identity::load(name, &folder.join(format!("state-{name}"))).unwrap();
    Person { workspace: Workspace::open(&root, identity, Access::Create).unwrap(), root }
}

fn go_on(_: &Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn subject(number: u8) -> Subject {
    Subject {
        conversation: ConversationId::derive("shop", &format!("S-{number}")),
        transcript_hash: TranscriptHash::from_stored("t1:0"),
    }
}

/// What a person may do.
#[derive(Debug, Clone)]
enum Deed {
    Judge(u8, Verdict, Option<u8>),
    Note(u8),
    Skip(u8),
    Undo,
    Redo,
    /// Holds a conversation until so many minutes later, or gives it back.
    Claim(u8, Option<u8>),
    /// Begins a calibration of one conversation, or reveals it.
    Calibrate(bool),
    /// Takes in what another one has said so far.
    Meet(u8),
}

impl Person {
    fn act(&mut self, act: &Act, at: i64) {
        review::record(&mut self.workspace, act, Timestamp(at)).unwrap();
    }

    fn judge(&mut self, number: u8, verdict: Verdict, mode: Option<u8>, at: i64) {
        let mut judgement = Judgement::new(subject(number), verdict);
        if verdict == Verdict::Fail {
            judgement.failed_at = Some(FailedAt::NoSingleStep);
            judgement.modes = mode.map(|mode| format!("mode {mode}")).into_iter().collect();
        }
        self.act(&Act::Judge(judgement), at);
    }

    fn claim(&mut self, number: u8, minutes: Option<u8>, at: i64) {
        let Subject { conversation, transcript_hash } = subject(number);
        let until = |minutes: u8| Timestamp(at + i64::from(minutes) * 60_000_000);
        let body = match minutes {
            Some(minutes) => EventBody::Claim { queue: "round".to_owned(), until: until(minutes) },
            None => EventBody::Release {},
        };
        let target = EventTarget { conversation, transcript_hash, step: None, span_id: None, decision_span_id: None };
        let draft = Draft { body, target: Some(target) };
        self.workspace.append::<StoreError>(Timestamp(at), |_| Ok(vec![draft])).unwrap();
    }

    fn calibrate(&mut self, reveal: bool, at: i64) {
        let change = if reveal {
            QueueChange::Reveal { name: "round".to_owned() }
        } else {
            let id = subject(1).conversation;
            QueueChange::Add(QueueSpec {
                filter: format!("id:{id}"),
                reviewers_per_item: 2,
                calibration: Some(Calibration::Open),
                ..QueueSpec::new("round", "manual")
            })
        };
        // What is there already, or not there yet, is refused, which is as good.
        drop(review::record(&mut self.workspace, &Act::Queue(change), Timestamp(at)));
    }

    fn takes(&mut self, others: &[PathBuf]) -> Merged {
        merge(&mut self.workspace, others, &mut go_on).unwrap()
    }

    fn state(&self) -> String {
        self.workspace.store().state_hash().unwrap()
    }
}

#[test]
fn what_a_colleague_said_comes_in_once_and_both_copies_have_it() {
    let folder = tempfile::tempdir().unwrap();
    let (mut ana, mut ben) = (person(folder.path(), "ana"), person(folder.path(), "ben"));
    ana.judge(1, Verdict::Fail, Some(1), 1_000_000);
    ben.judge(1, Verdict::Pass, None, 2_000_000);
    ben.judge(2, Verdict::Unsure, None, 3_000_000);
    let merged = ana.takes(&[ben.root.clone()]);
    assert_eq!((merged.journals, merged.events, merged.taken, merged.findings.len()), (1, 2, 2, 0));
    assert_eq!(merged.waiting, 2, "neither conversation was imported here");
    assert_eq!(ana.workspace.store().labels(&subject(1).conversation).unwrap().len(), 2);
    let again = ana.takes(&[ben.root.join("journal"), ben.root.clone()]);
    assert_eq!((again.taken, &again.state), (0, &merged.state));
    assert!(super::super::verify::verify(&ana.workspace).unwrap().is_sound(), "the colleague's journal is kept too");
    assert_ne!(ana.state(), ben.state());
    ben.takes(&[ana.root.clone()]);
    assert_eq!(ana.state(), ben.state());
}

#[test]
fn a_shared_folder_unites_everybody_and_nobody_writes_anothers_journal() {
    let folder = tempfile::tempdir().unwrap();
    let shared = folder.path().join("shared");
    let mut people = ["ana", "ben", "cem"].map(|name| person(folder.path(), name));
    for (at, one) in people.iter_mut().enumerate() {
        one.judge(u8::try_from(at).unwrap(), Verdict::Pass, None, 1_000_000);
    }
    let first: Vec<Merged> =
        people.iter_mut().map(|one| sync(&mut one.workspace, &shared, &mut go_on).unwrap()).collect();
    assert_eq!(first.iter().map(|one| (one.taken, one.sent)).collect::<Vec<_>>(), [(0, 1), (1, 1), (2, 1)]);
    let before: BTreeMap<PathBuf, Vec<u8>> = files(&shared);
    let second: Vec<Merged> =
        people.iter_mut().map(|one| sync(&mut one.workspace, &shared, &mut go_on).unwrap()).collect();
    assert_eq!(second.iter().map(|one| (one.taken, one.sent)).collect::<Vec<_>>(), [(2, 0), (1, 0), (0, 0)]);
    assert_eq!(files(&shared), before);
    assert!(people.iter().all(|one| one.state() == second[0].state));
    // What everybody reaches stays as it was opened to them.
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    fs::set_permissions(&shared, fs::Permissions::from_mode(0o775)).unwrap();
    people[0].judge(7, Verdict::Pass, None, 2_000_000);
    assert_eq!(sync(&mut people[0].workspace, &shared, &mut go_on).unwrap().sent, 1);
    assert_eq!(mode(&shared), 0o775);
    assert_ne!(mode(&fs::read_dir(&shared).unwrap().next().unwrap().unwrap().path()), 0o700);
    let own = people[0].root.clone();
    assert!(matches!(sync(&mut people[0].workspace, &own, &mut go_on), Err(MergeError::Own { .. })));
    let new = shared.join("of-the-team");
    assert!(sync(&mut people[0].workspace, &new, &mut go_on).unwrap().made);
    assert!(!sync(&mut people[0].workspace, &new, &mut go_on).unwrap().made);
    let misspelt = shared.join("of-the-taem").join("labels");
    assert!(matches!(sync(&mut people[0].workspace, &misspelt, &mut go_on), Err(MergeError::NoParent { .. })));
    let file = shared.join("a-file");
    std::fs::write(&file, "").unwrap();
    for path in [file.clone(), file.join("below")] {
        let error = sync(&mut people[0].workspace, &path, &mut go_on).unwrap_err();
        assert!(matches!(error, MergeError::NoFolder { .. } | MergeError::NoParent { .. }), "{error}");
    }
}

fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for journal in journal::folders(folder).unwrap() {
        for file in fs::read_dir(journal).unwrap() {
            let path = file.unwrap().path();
            found.insert(path.clone(), fs::read(path).unwrap());
        }
    }
    found
}

#[test]
fn an_event_with_other_bytes_is_set_aside_and_the_rest_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let (mut ana, mut ben) = (person(folder.path(), "ana"), person(folder.path(), "ben"));
    ben.judge(1, Verdict::Pass, None, 1_000_000);
    ana.takes(&[ben.root.clone()]);
    ben.judge(2, Verdict::Pass, None, 2_000_000);
    let journal = journal::folders(&ben.root.join("journal")).unwrap().remove(0).join("000001.jsonl");
    let text = fs::read_to_string(&journal).unwrap();
    fs::write(&journal, text.replacen("\"pass\"", "\"fail\"", 1)).unwrap();
    let merged = ana.takes(&[ben.root.clone()]);
    assert_eq!(merged.taken, 1, "{merged:?}");
    assert!(merged.findings.iter().any(|odd| odd.set_aside && odd.line == 1), "{merged:?}");
    let label = ana.workspace.store().labels(&subject(1).conversation).unwrap().remove(0);
    assert_eq!(label.verdict, Some(Verdict::Pass), "what was known stays");
    let look = |ana: &Person, which| conflicts::lines(&ana.workspace, &Door::masked(&ana.workspace), which).unwrap();
    let row = look(&ana, Which::Open).remove(0);
    assert_eq!(row.stored.as_ref().unwrap()["body"]["verdict"], "pass");
    assert_eq!(row.set_aside.as_ref().unwrap()["body"]["verdict"], "fail");
    assert!(conflicts::keep_stored(&mut ana.workspace, "nothing", Timestamp(3)).is_err());
    conflicts::keep_stored(&mut ana.workspace, &row.name, Timestamp(3)).unwrap();
    assert_eq!((look(&ana, Which::Open).len(), look(&ana, Which::All)[0].settled), (0, true));
    assert!(super::super::verify::verify(&ana.workspace).unwrap().is_sound());
}

#[test]
fn what_is_no_journal_is_refused_before_anything_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let (mut ana, mut ben) = (person(folder.path(), "ana"), person(folder.path(), "ben"));
    ben.judge(1, Verdict::Pass, None, 1_000_000);
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let error = merge(&mut ana.workspace, &[ben.root.clone(), empty.clone()], &mut go_on).unwrap_err();
    assert!(matches!(&error, MergeError::Nothing { path } if *path == empty), "{error}");
    assert!(ana.workspace.store().log().all().unwrap().is_empty());
    let link = folder.path().join("link/ben-d1");
    fs::create_dir_all(&link).unwrap();
    std::os::unix::fs::symlink("/dev/zero", link.join("000001.jsonl")).unwrap();
    assert!(merge(&mut ana.workspace, &[folder.path().join("link")], &mut go_on).is_err(), "no link is followed");
}

fn deed() -> impl Strategy<Value = Deed> {
    let verdict = prop_oneof![Just(Verdict::Pass), Just(Verdict::Fail), Just(Verdict::Unsure)];
    prop_oneof![
        4 => (0..3_u8, verdict, proptest::option::of(0..3_u8)).prop_map(|(on, verdict, mode)| Deed::Judge(on, verdict, mode)),
        1 => (0..3_u8).prop_map(Deed::Note),
        1 => (0..3_u8).prop_map(Deed::Skip),
        2 => (0..3_u8, proptest::option::of(0..30_u8)).prop_map(|(on, minutes)| Deed::Claim(on, minutes)),
        1 => any::<bool>().prop_map(Deed::Calibrate),
        2 => Just(Deed::Undo),
        1 => Just(Deed::Redo),
        2 => (0..4_u8).prop_map(Deed::Meet),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Any order, repetition and split of two to four journals gives the same state.
    #[test]
    fn everybody_ends_with_the_same_state_however_they_meet(
        deeds in proptest::collection::vec((0..4_u8, deed()), 4..24),
        people in 2..5_usize,
        meetings in proptest::collection::vec((0..4_usize, 0..4_usize), 0..6),
        backwards in any::<bool>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut all: Vec<Person> = ["ana", "ben", "cem", "dua"][..people].iter().map(|name| person(folder.path(), name)).collect();
        let roots: Vec<PathBuf> = all.iter().map(|one| one.root.clone()).collect();
        for (at, (who, deed)) in deeds.iter().enumerate() {
            let (one, at) = (&mut all[usize::from(*who) % people], 1_000_000 * (at as i64 + 1));
            match deed {
                Deed::Judge(on, verdict, mode) => one.judge(*on, *verdict, *mode, at),
                Deed::Note(on) => one.act(&Act::Note { subject: subject(*on), at: None, text: format!("note {at}") }, at),
                Deed::Skip(on) => one.act(&Act::Skip(subject(*on)), at),
                Deed::Claim(on, minutes) => one.claim(*on, *minutes, at),
                Deed::Calibrate(reveal) => one.calibrate(*reveal, at),
                Deed::Undo => drop(review::undo(&mut one.workspace, Timestamp(at)).unwrap()),
                Deed::Redo => drop(review::redo(&mut one.workspace, Timestamp(at)).unwrap()),
                Deed::Meet(other) => {
                    let root = roots[usize::from(*other) % people].clone();
                    if !journals_in(&root).unwrap().is_empty() {
                        one.takes(&[root]);
                    }
                }
            }
        }
        for (a, b) in meetings {
            let root = roots[b % people].clone();
            if !journals_in(&root).unwrap().is_empty() {
                all[a % people].takes(&[root]);
            }
        }
        let mut order: Vec<PathBuf> = roots.into_iter().filter(|root| !journals_in(root).unwrap().is_empty()).collect();
        for one in &mut all {
            if backwards {
                order.reverse();
            }
            for root in order.clone() {
                one.takes(&[root.clone(), root]);
            }
        }
        let states: BTreeSet<String> = all.iter().map(Person::state).collect();
        prop_assert_eq!(states.len(), 1);
        // Who holds what, and what is hidden from whom, is the same for everybody too.
        let now = Timestamp(1_000_000 * (deeds.len() as i64 + 1));
        let told = |one: &Person| {
            let store = one.workspace.store();
            let mut claims: Vec<String> = store.claims(now).unwrap().iter().map(|claim| format!("{claim:?}")).collect();
            claims.sort();
            let queues: Vec<_> = store.queues().unwrap().into_iter().map(|queue| (queue.spec, queue.event)).collect();
            (claims, queues, store.covered("ana").unwrap())
        };
        for one in &all {
            prop_assert_eq!(told(one), told(&all[0]));
        }
        for one in &all {
            prop_assert!(super::super::verify::verify(&one.workspace).unwrap().is_sound());
        }
    }
}
