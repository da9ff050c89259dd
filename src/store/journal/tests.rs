//! Journals on real files, cut and changed at every byte.
//!
//! Invariant: each test has a folder of its own.

use super::*;
use crate::model::event::{EVENT_VERSION, EventBody, line_hash};
use crate::model::time::Timestamp;

fn lines(from: u64, count: u64, padding: usize) -> Vec<String> {
    let mut prev = String::new();
    (from..from + count)
        .map(|seq| {
            let event = Event {
                v: EVENT_VERSION,
                id: format!("id{seq}"),
                group: format!("g{seq}"),
                reviewer: "mara".into(),
                device: "d1".into(),
                seq,
                prev: prev.clone(),
                lamport: seq,
                at: Timestamp(1_000_000),
                body: EventBody::Note { text: "x".repeat(padding) },
                target: None,
            };
            let line = event.line().unwrap();
            prev = line_hash(&line);
            line
        })
        .collect()
}

fn journal(folder: &tempfile::TempDir) -> Journal {
    Journal::open(&folder.path().join(FOLDER), "mara", "d1").unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn lines_come_back_in_order_over_segments_that_only_the_owner_reads() {
    let folder = tempfile::tempdir().unwrap();
    let journal = journal(&folder);
    let written = lines(1, 30, 100_000);
    for batch in written.chunks(7) {
        journal.lock().unwrap().append(batch).unwrap();
    }
    let reading = read(journal.folder()).unwrap();
    assert_eq!(reading.faults, []);
    assert_eq!(reading.entries.iter().map(|entry| entry.line.clone()).collect::<Vec<_>>(), written);
    let paths = segments(journal.folder()).unwrap();
    assert_eq!(paths.len(), 3);
    assert!(paths.iter().all(|path| mode(path) == 0o600 && length_of(path).unwrap() <= SEGMENT_BYTES));
    assert_eq!((mode(journal.folder()), mode(&folder.path().join(FOLDER))), (0o700, 0o700));
    assert_eq!(mode(&journal.folder().join("lock")), 0o600);
    let tail = journal.lock().unwrap().tail().unwrap();
    assert_eq!(tail, Tail { line: written.last().cloned(), moved_aside: None });
    let before: Vec<Vec<u8>> = paths.iter().map(|path| fs::read(path).unwrap()).collect();
    journal.lock().unwrap().replace(&written).unwrap();
    let after: Vec<Vec<u8>> = segments(journal.folder()).unwrap().iter().map(|path| fs::read(path).unwrap()).collect();
    assert!(before == after, "one batch or many: the same bytes");
}

#[test]
fn a_torn_end_is_moved_aside_wherever_the_cut_is() {
    let written = lines(1, 3, 5);
    let whole = format!("{}\n", written.join("\n"));
    let last = whole.len() - written[2].len() - 1;
    for cut in last..whole.len() {
        let folder = tempfile::tempdir().unwrap();
        let journal = journal(&folder);
        let path = journal.folder().join("000001.jsonl");
        fs::write(&path, &whole[..cut]).unwrap();
        assert_eq!(read(journal.folder()).unwrap().faults.len(), usize::from(cut > last && cut < whole.len() - 1));
        let locked = journal.lock().unwrap();
        let tail = locked.tail().unwrap();
        if cut == whole.len() - 1 {
            assert_eq!(tail, Tail { line: Some(written[2].clone()), moved_aside: None }, "only the line break lacked");
            continue;
        }
        assert_eq!(tail.line.as_ref(), Some(&written[1]));
        assert_eq!(tail.moved_aside.is_some(), cut > last);
        if let Some(aside) = tail.moved_aside {
            assert_eq!(fs::read_to_string(aside).unwrap(), whole[last..cut]);
        }
        locked.append(&written[2..]).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), whole);
    }
}

#[test]
fn every_flipped_byte_is_found_and_placed() {
    let folder = tempfile::tempdir().unwrap();
    let journal = journal(&folder);
    let written = lines(1, 4, 5);
    journal.lock().unwrap().append(&written).unwrap();
    let path = journal.folder().join("000001.jsonl");
    let good = fs::read(&path).unwrap();
    // The last line has no successor that vouches for it; the database's copy does.
    let vouched = good.len() - written[3].len() - 1;
    for at in 0..vouched {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        fs::write(&path, &bad).unwrap();
        let reading = read(journal.folder()).unwrap();
        let line = good[..at].split(|byte| *byte == b'\n').count() as u64;
        let near = |fault: &Fault| fault.line == line || fault.line == line + 1;
        assert!(reading.faults.first().is_some_and(near), "byte {at}: {:?}", reading.faults);
        assert!(reading.entries.len() >= 2, "byte {at} hid other lines");
    }
}

#[test]
fn names_of_folders_never_meet_and_never_lead_away() {
    let names = ["ann", "Ann", "ANN", "ann ", "a/n", "../ann", "änn", "", "ann-d1", "..", "\u{202e}ann"];
    let mut seen = std::collections::BTreeSet::new();
    for name in names {
        for device in ["d1", "../d1", ""] {
            let folder = folder_name(name, device);
            assert!(folder.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'), "{folder}");
            assert!(seen.insert(folder));
        }
    }
}

#[test]
fn a_second_window_waits_for_the_lock() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (journal(&folder), journal(&folder));
    let held = one.lock().unwrap();
    assert!(two.lock.try_lock().is_err());
    drop(held);
    two.lock().unwrap();
}

#[test]
fn a_missing_segment_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let journal = journal(&folder);
    journal.lock().unwrap().append(&lines(1, 30, 100_000)).unwrap();
    fs::remove_file(journal.folder().join("000002.jsonl")).unwrap();
    let reading = read(journal.folder()).unwrap();
    assert_eq!(reading.faults[0].kind, FaultKind::Segment { expected: 2 });
    assert!(matches!(reading.faults[1].kind, FaultKind::Gap { .. }));
}
