//! Files that grow, rotate and end in the middle of a record.
//!
//! Invariant: however the writing was cut, what is stored is what an import of the whole gives.

use std::fs::OpenOptions;
use std::io::Write as _;

use super::*;
use crate::ingest::ReadOptions;
use crate::model::id::ConversationId;
use crate::ops::workspace::Identity;
use crate::store::Access;

struct Scene {
    folder: tempfile::TempDir,
    workspace: Workspace,
    follow: Follow,
}

fn scene() -> Scene {
    let folder = tempfile::tempdir().unwrap();
    let identity = Identity::load("mara", &folder.path().join("state")).unwrap();
    let workspace = Workspace::open(&folder.path().join("w"), identity, Access::Create).unwrap();
    let live = LiveImport::begin(&workspace, ReadOptions::default()).unwrap();
    let follow = Follow::begin(&folder.path().join("traces.jsonl"), live);
    Scene { folder, workspace, follow }
}

impl Scene {
    fn path(&self) -> PathBuf {
        self.folder.path().join("traces.jsonl")
    }

    fn write(&self, bytes: &[u8]) {
        let mut file = OpenOptions::new().create(true).append(true).open(self.path()).unwrap();
        file.write_all(bytes).unwrap();
    }

    /// Steps until there is nothing new; everything they counted.
    fn catch_up(&mut self) -> FollowStep {
        let mut all = FollowStep::default();
        for _ in 0..100 {
            let step = self.follow.step(&mut self.workspace, Timestamp(1_795_000_000_000_000)).unwrap();
            all.read += step.read;
            all.skipped += step.skipped;
            all.arrived.imported += step.arrived.imported;
            all.arrived.unchanged += step.arrived.unchanged;
            all.rotated |= step.rotated;
            all.problems.extend(step.problems);
            if step.idle {
                return all;
            }
        }
        panic!("it never came to rest");
    }

    fn holds(&self, session: &str) -> bool {
        self.workspace.store().conversation(&ConversationId::derive("shop", session)).unwrap().is_some()
    }
}

fn line(number: u8) -> String {
    let attributes = serde_json::json!([{"key": "session.id", "value": {"stringValue": format!("S-{number}")}}]);
    let span = serde_json::json!({
        "traceId": format!("{number:02x}").repeat(16), "spanId": "01".repeat(8), "name": "turn",
        "startTimeUnixNano": "1700000000000000000", "endTimeUnixNano": "1700000000500000000",
        "attributes": attributes,
    });
    let resource = serde_json::json!({"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]});
    serde_json::json!({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [span]}]}]}).to_string() + "\n"
}

#[test]
fn lines_are_read_once_they_are_whole() {
    let mut scene = scene();
    assert!(scene.catch_up().read == 0, "the file is not there yet");
    let (one, two) = (line(1), line(2));
    scene.write(one.as_bytes());
    scene.write(&two.as_bytes()[..40]);
    assert_eq!(scene.catch_up().arrived.imported, 1);
    assert!(scene.holds("S-1") && !scene.holds("S-2"));
    scene.write(&two.as_bytes()[40..]);
    scene.write(b"{broken\n");
    scene.write(line(3).as_bytes());
    let step = scene.catch_up();
    assert_eq!((step.read, step.skipped, step.arrived.imported), (3, 1, 2));
    let at = (one.len() + two.len()) as u64;
    assert_eq!((step.problems[0].line, step.problems[0].byte), (Some(3), Some(at + 1)));
    assert!(scene.holds("S-2") && scene.holds("S-3"));
    assert_eq!(scene.catch_up().read, 0);
}

#[test]
fn a_rotated_file_is_read_to_its_end_and_the_next_from_its_start() {
    let mut scene = scene();
    scene.write(line(1).as_bytes());
    scene.catch_up();
    // Written after the last look, renamed, and another begun under the name.
    scene.write(line(2).as_bytes());
    fs::rename(scene.path(), scene.folder.path().join("traces-1.jsonl")).unwrap();
    assert_eq!(scene.catch_up().arrived.imported, 1);
    scene.write(line(3).as_bytes());
    let step = scene.catch_up();
    assert!(step.rotated);
    assert_eq!(step.arrived.imported, 1);
    // Emptied in place.
    fs::write(scene.path(), "").unwrap();
    assert!(scene.catch_up().rotated);
    scene.write(line(4).as_bytes());
    assert_eq!(scene.catch_up().arrived.imported, 1);
    assert!((1..=4).all(|number| scene.holds(&format!("S-{number}"))));
}

#[test]
fn what_a_rotated_file_ends_with_is_told() {
    let mut scene = scene();
    scene.write(line(1).as_bytes());
    scene.write(b"{\"resourceSpans\": [");
    scene.catch_up();
    fs::rename(scene.path(), scene.folder.path().join("old")).unwrap();
    scene.write(line(2).as_bytes());
    let step = scene.catch_up();
    assert_eq!((step.skipped, step.problems[0].kind, step.problems[0].line), (1, ProblemKind::Truncated, Some(2)));
    assert!(scene.holds("S-2"));
}

#[test]
fn frames_are_read_once_they_are_whole() {
    let mut scene = scene();
    let frame = |text: &str| {
        let packed = zstd::encode_all(text.as_bytes(), 3).unwrap();
        [&u32::try_from(packed.len()).unwrap().to_be_bytes()[..], &packed].concat()
    };
    let bytes = [frame(&line(1)), frame(&line(2)), frame(&line(3))].concat();
    let mut imported = 0;
    for chunk in bytes.chunks(61) {
        scene.write(chunk);
        imported += scene.catch_up().arrived.imported;
    }
    assert_eq!(imported, 3);
}

#[test]
fn what_cannot_be_followed_is_refused() {
    let mut scene = scene();
    let packed = {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(line(1).as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    scene.write(&packed);
    let error = scene.follow.step(&mut scene.workspace, Timestamp(0)).unwrap_err();
    assert!(error.to_string().contains("followed"), "{error}");
}
