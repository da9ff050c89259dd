//! Damage of every kind, found and mended.
//!
//! Invariant: files are changed here as a disk would change them, not through the store.

use super::*;
use crate::model::act::{Act, Judgement, Subject};
use crate::model::id::{ConversationId, TranscriptHash};
use crate::model::label::Verdict;
use crate::model::time::Timestamp;
use crate::ops::review;

struct Desk {
    folder: tempfile::TempDir,
    workspace: Workspace,
}

fn identity(folder: &tempfile::TempDir) -> Identity {
    Identity::load("mara", &folder.path().join("state")).unwrap()
}

impl Desk {
    /// A workspace with `count` labels, of which the last was undone.
    fn with(count: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let workspace = Workspace::open(&folder.path().join("w"), identity(&folder), Access::Create).unwrap();
        let mut desk = Self { folder, workspace };
        for number in 0..count {
            desk.label(&format!("c{number}"));
        }
        review::undo(&mut desk.workspace, Timestamp(1)).unwrap();
        desk
    }

    fn label(&mut self, id: &str) {
        let subject = Subject {
            conversation: ConversationId::from_stored(id),
            transcript_hash: TranscriptHash::from_stored("t1:0"),
        };
        let act = Act::Judge(Judgement::new(subject, Verdict::Pass));
        review::record(&mut self.workspace, &act, Timestamp(1)).unwrap();
    }

    fn root(&self) -> PathBuf {
        self.workspace.root().to_owned()
    }

    fn segment(&self) -> PathBuf {
        let own = self.workspace.identity();
        self.workspace.journals().join(journal::folder_name(&own.reviewer, &own.device)).join("000001.jsonl")
    }

    /// Closes the workspace, does something to its files, and opens it again.
    fn while_closed(mut self, work: impl FnOnce(&Path)) -> Self {
        let (root, identity) = (self.root(), identity(&self.folder));
        let aside = self.folder.path().join("aside");
        self.workspace = Workspace::open(&aside, identity.clone(), Access::Create).unwrap();
        work(&root);
        self.workspace = Workspace::open(&root, identity, Access::Create).unwrap();
        self
    }

    fn state(&self) -> String {
        let log = self.workspace.store().log();
        let labels: Vec<_> = log.labelled().unwrap().iter().map(|id| log.labels(id).unwrap()).collect();
        serde_json::to_string(&(labels, log.codebook().unwrap(), log.all().unwrap())).unwrap()
    }

    fn messages(&self) -> Vec<String> {
        verify(&self.workspace).unwrap().findings.into_iter().map(|finding| finding.message).collect()
    }
}

#[test]
fn a_sound_workspace_has_no_findings() {
    let desk = Desk::with(5);
    let verified = verify(&desk.workspace).unwrap();
    assert!(verified.is_sound(), "{:?}", verified.findings);
    assert_eq!((verified.events, verified.lines, verified.journals), (6, 6, 1));
}

#[test]
fn every_flipped_byte_of_the_journal_is_named_with_its_position() {
    let desk = Desk::with(3);
    let path = desk.segment();
    let good = fs::read(&path).unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x04;
        if bad[at] == b'\n' || good[at] == b'\n' {
            continue;
        }
        fs::write(&path, &bad).unwrap();
        let findings = verify(&desk.workspace).unwrap().findings;
        let line = good[..at].split(|byte| *byte == b'\n').count() as u64;
        let place = (findings[0].line, findings[0].byte);
        // A changed id or number makes the line another event; it is named by its line then.
        let start = good[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1) as u64;
        assert!(place == (line, at as u64) || place == (line, start), "byte {at}: {findings:?}");
    }
    let mut exact = 0;
    let text_at = String::from_utf8(good.clone()).unwrap().find("pass").unwrap();
    for at in text_at..text_at + 4 {
        let mut bad = good.clone();
        bad[at] ^= 0x01;
        fs::write(&path, &bad).unwrap();
        let findings = verify(&desk.workspace).unwrap().findings;
        exact += usize::from(findings.len() == 1 && findings[0].byte == at as u64 && findings[0].path == path);
    }
    assert_eq!(exact, 4);
}

#[test]
fn a_lost_database_is_rebuilt_to_the_same_state() {
    let desk = Desk::with(8);
    let before = desk.state();
    let desk = desk.while_closed(|root| fs::remove_file(root.join(FILE_NAME)).unwrap());
    assert_eq!(desk.state(), before);
    assert!(desk.workspace.notices()[0].contains("9 events came from the journals"));
    assert!(verify(&desk.workspace).unwrap().is_sound());
}

#[test]
fn a_ruined_database_is_moved_aside_and_rebuilt() {
    let desk = Desk::with(4);
    let (before, root) = (desk.state(), desk.root());
    let folder = desk.folder;
    drop(desk.workspace);
    fs::write(root.join(FILE_NAME), b"this is no database at all, is it?").unwrap();
    Workspace::open(&root, identity(&folder), Access::Write).unwrap_err();
    let rebuilt = rebuild(&root, identity(&folder), Rebuild::Database).unwrap();
    assert_eq!((rebuilt.events, rebuilt.journals), (5, 1));
    assert!(rebuilt.moved[0].ends_with("aftercall.db.damaged"));
    let workspace = Workspace::open(&root, identity(&folder), Access::Write).unwrap();
    assert_eq!(Desk { folder, workspace }.state(), before);
}

#[test]
fn deleted_journals_are_rebuilt_byte_for_byte() {
    let desk = Desk::with(6);
    let (before, path) = (fs::read(desk.segment()).unwrap(), desk.segment());
    fs::remove_dir_all(desk.workspace.journals()).unwrap();
    assert!(desk.messages()[0].contains("the journal is missing"));
    rebuild(&desk.root(), identity(&desk.folder), Rebuild::Journals).unwrap();
    assert_eq!(fs::read(&path).unwrap(), before);
    fs::write(&path, [&before[..40], b"X", &before[41..]].concat()).unwrap();
    assert!(!verify(&desk.workspace).unwrap().is_sound());
    let rebuilt = rebuild(&desk.root(), identity(&desk.folder), Rebuild::Journals).unwrap();
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(rebuilt.moved.len(), 1);
    assert!(verify(&desk.workspace).unwrap().is_sound());
}

#[test]
fn a_journal_that_lost_its_middle_is_named() {
    let desk = Desk::with(6);
    let text = fs::read_to_string(desk.segment()).unwrap();
    let kept: String =
        text.lines().enumerate().filter(|(at, _)| *at != 2).fold(String::new(), |all, (_, line)| all + line + "\n");
    fs::write(desk.segment(), kept).unwrap();
    let messages = desk.messages();
    assert!(messages.iter().any(|message| message.contains("1 events of the database are not in it")), "{messages:?}");
    assert!(messages.iter().any(|message| message.contains("event 3 of this journal is missing")), "{messages:?}");
}

#[test]
fn rebuilding_the_projection_changes_nothing_that_was_right() {
    let desk = Desk::with(5);
    let before = desk.state();
    rebuild(&desk.root(), identity(&desk.folder), Rebuild::Projection).unwrap();
    assert_eq!(desk.state(), before);
}
