//! What an acknowledged label survives: kill -9 at any moment, two windows at once, and the loss of either copy.
//!
//! The writers are this very test program, started again with a variable that names a workspace, so that nothing made
//! for tests ships. `AFTERCALL_KILLS` sets how many are killed (60 unless set).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on should stop")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use aftercall::model::act::{Act, Judgement, Subject};
use aftercall::model::event::Event;
use aftercall::model::id::{ConversationId, TranscriptHash};
use aftercall::model::label::Verdict;
use aftercall::model::time::Timestamp;
use aftercall::ops::review;
use aftercall::ops::verify::verify;
use aftercall::ops::workspace::{Identity, Workspace};
use aftercall::store::Access;
use aftercall::store::journal;

/// Names the folder in which a writer works.
const FOLDER: &str = "AFTERCALL_TEST_WRITER";
/// How many labels a writer makes; endless unless set.
const COUNT: &str = "AFTERCALL_TEST_COUNT";
/// What a writer's conversations are called.
const NAME: &str = "AFTERCALL_TEST_NAME";

fn open(folder: &Path) -> Workspace {
    let identity = Identity::load("mara", &folder.join("state")).unwrap();
    Workspace::open(&folder.join("w"), identity, Access::Create).unwrap()
}

/// Labels one conversation after the other, and says so after each is saved: `ACK <conversation> <event>…`.
///
/// Does nothing unless this program was started as a writer.
#[test]
fn writer() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let count: u64 = std::env::var(COUNT).ok().and_then(|count| count.parse().ok()).unwrap_or(u64::MAX);
    let name = std::env::var(NAME).unwrap();
    let mut workspace = open(&folder);
    let mut out = std::io::stdout();
    for number in 0..count {
        let id = format!("{name}-{number}");
        let subject = Subject {
            conversation: ConversationId::from_stored(id.clone()),
            transcript_hash: TranscriptHash::from_stored("t1:0"),
        };
        // Several events a label, so that a cut between them would show.
        let mut judgement = Judgement::new(subject, Verdict::Unsure);
        judgement.modes = vec!["odd".into()];
        judgement.note = Some("seen".into());
        let saved = review::record(&mut workspace, &Act::Judge(judgement), Timestamp(1)).unwrap();
        assert_eq!(saved.journal_problem, None);
        writeln!(out, "\nACK {id} {}", saved.group).unwrap();
        out.flush().unwrap();
    }
}

fn start_writer(folder: &Path, name: &str, count: Option<u64>) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "writer", "--nocapture", "--test-threads=1"]).env(FOLDER, folder).env(NAME, name);
    if let Some(count) = count {
        command.env(COUNT, count.to_string());
    }
    command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

/// The acknowledgements a writer has given: group by conversation.
fn acknowledged(output: impl std::io::Read) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        let mut words = line.split(' ');
        // A line cut off by the kill is no acknowledgement.
        if let (Some("ACK"), Some(id), Some(group)) = (words.next(), words.next(), words.next())
            && group.len() == 26
        {
            found.insert(id.to_owned(), group.to_owned());
        }
    }
    found
}

/// Checks both copies: nothing acknowledged is lost, nothing is there twice, no act is there in part.
fn check(folder: &Path, acknowledged: &BTreeMap<String, String>) -> usize {
    let workspace = open(folder);
    let verified = verify(&workspace).unwrap();
    assert!(verified.is_sound(), "{:?}", verified.findings);
    let events = workspace.store().log().all().unwrap();
    let mut groups: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
    for event in &events {
        groups.entry(&event.group).or_default().push(event);
    }
    for (id, group) in acknowledged {
        let acts = groups.get(group.as_str()).unwrap_or_else(|| panic!("{id} was acknowledged and is lost"));
        assert!(acts.iter().any(|event| event.target.as_ref().is_some_and(|to| to.conversation.as_str() == id)));
    }
    let mut judged = BTreeSet::new();
    for acts in groups.values() {
        let kinds: Vec<&str> = acts.iter().map(|event| event.body.kind()).filter(|kind| *kind != "codebook").collect();
        assert_eq!(kinds, ["verdict", "mode", "note"], "an act is whole or not there");
        let target = acts.iter().find_map(|event| event.target.as_ref()).unwrap();
        assert!(judged.insert(target.conversation.as_str()), "one label became two");
    }
    let ids: BTreeSet<&str> = events.iter().map(|event| event.id.as_str()).collect();
    assert_eq!(ids.len(), events.len());
    judged.len()
}

/// A generator of waiting times that is the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

#[test]
fn no_acknowledged_label_is_lost_and_none_doubled_by_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let kills: u32 = std::env::var("AFTERCALL_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(60);
    let mut dice = Dice(0x2545_F491_4F6C_DD1D);
    let mut all = BTreeMap::new();
    let begun = Instant::now();
    for kill in 0..kills {
        let mut child = start_writer(folder.path(), &format!("k{kill}"), None);
        std::thread::sleep(Duration::from_micros(5_000 + dice.below(90_000)));
        child.kill().unwrap();
        all.extend(acknowledged(child.stdout.take().unwrap()));
        child.wait().unwrap();
        if kill % 10 == 9 {
            check(folder.path(), &all);
        }
    }
    let saved = check(folder.path(), &all);
    assert!(all.len() >= kills as usize, "only {} labels in {kills} runs: too few to mean anything", all.len());
    let (acknowledged, seconds) = (all.len(), begun.elapsed().as_secs_f32());
    println!("{kills} kills, {acknowledged} acknowledged, {saved} saved, 0 lost, 0 doubled, {seconds:.1} s");
}

#[test]
fn two_windows_lose_nothing_and_share_one_journal() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    let children = ["a", "b"].map(|name| start_writer(folder.path(), name, Some(200)));
    let mut all = BTreeMap::new();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        all.extend(acknowledged(&*output.stdout));
    }
    assert_eq!(all.len(), 400);
    assert_eq!(check(folder.path(), &all), 400);
    let journals = journal::folders(&folder.path().join("w").join(journal::FOLDER)).unwrap();
    assert_eq!(journals.len(), 1);
    let reading = journal::read(&journals[0]).unwrap();
    assert!(reading.faults.is_empty());
    assert_eq!(reading.entries.last().unwrap().event.seq as usize, reading.entries.len());
}

#[test]
fn the_journal_never_has_what_the_database_lacks() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    let mut child = start_writer(folder.path(), "a", Some(150));
    let reader = {
        let identity = Identity::load("theo", &folder.path().join("state2")).unwrap();
        Workspace::open(&folder.path().join("w"), identity, Access::Read).unwrap()
    };
    let mut looked = 0_u32;
    while child.try_wait().unwrap().is_none() {
        let mut lines = Vec::new();
        for folder in journal::folders(&reader.journals()).unwrap() {
            lines.extend(journal::read(&folder).unwrap().entries);
        }
        // Read the journal first: whatever it held then was committed before.
        let committed: BTreeSet<String> =
            reader.store().log().all().unwrap().into_iter().map(|event| event.id).collect();
        for entry in &lines {
            assert!(committed.contains(&entry.event.id), "a line of the journal went before its commit");
        }
        looked += 1;
    }
    assert!(looked > 5, "looked only {looked} times");
}

#[test]
fn windows_that_start_together_agree_on_device_and_key() {
    let folder = tempfile::tempdir().unwrap();
    let found: BTreeSet<(String, [u8; 32])> = std::thread::scope(|scope| {
        let start = || {
            let workspace = open(folder.path());
            (workspace.identity().device.clone(), workspace.mask_key())
        };
        let starts: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    assert_eq!(found.len(), 1);
}
