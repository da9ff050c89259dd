//! Hostile files and hostile surroundings through the program as it is installed: what it says, what it keeps.
//!
//! Invariant: the files come from beside the repository and are read only; a test without them says that it was skipped.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on should stop")]

#[path = "support/home.rs"]
mod home;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use aftercall::model::act::{Act, Judgement, Subject};
use aftercall::model::id::{ConversationId, TranscriptHash};
use aftercall::model::label::Verdict;
use aftercall::model::time::Timestamp;
use aftercall::ops::review;
use aftercall::ops::workspace::{Identity, Workspace};
use aftercall::store::Access;
use home::{Home, SMALL, ran};
use serde_json::Value;

/// The most that any of these files may take.
const PATIENCE: Duration = Duration::from_secs(30);

fn hostile() -> Option<PathBuf> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/hostile"));
    if path.is_dir() {
        return Some(path);
    }
    println!("skipped: ../shared is absent");
    None
}

/// What is to come of a file: exit code; records imported, unchanged, skipped, in conflict; the lines named.
struct Case(&'static str, i32, [u64; 4], &'static [u64]);

const IMPORT: &[Case] = &[
    Case("import/J01-raw-escape-byte.jsonl", 3, [2, 0, 1, 0], &[2]),
    Case("import/J02-depth-127.json", 4, [0, 0, 1, 0], &[1]),
    Case("import/J03-depth-100000.jsonl", 3, [2, 0, 1, 0], &[2]),
    Case("import/J04-truncated-last-line.jsonl", 3, [1, 0, 1, 0], &[2]),
    Case("import/J05-bom.jsonl", 0, [1, 0, 0, 0], &[]),
    Case("import/J06-utf16le.jsonl", 4, [0, 0, 0, 0], &[]),
    Case("import/J07-invalid-utf8.jsonl", 3, [2, 0, 1, 0], &[2]),
    Case("import/J08-lone-surrogate.jsonl", 3, [2, 0, 1, 0], &[2]),
    Case("import/J09-duplicate-keys.jsonl", 3, [0, 0, 1, 0], &[1]),
    Case("import/J10-big-numbers.jsonl", 0, [1, 0, 0, 0], &[]),
    Case("import/J11-empty.jsonl", 0, [0, 0, 0, 0], &[]),
    Case("import/J12-blank-lines.jsonl", 0, [1, 0, 0, 0], &[]),
    Case("import/J13-not-objects.jsonl", 3, [1, 0, 6, 0], &[1, 2, 3, 4, 5, 6]),
    Case("import/J14-crlf-no-final-newline.jsonl", 0, [2, 0, 0, 0], &[]),
    Case("import/J15-role-and-content-oddities.jsonl", 3, [1, 0, 9, 0], &[1, 2, 3, 4, 5, 7, 8, 9, 10]),
    Case("import/J16-same-id-same-content.jsonl", 0, [1, 1, 0, 0], &[]),
    Case("import/J17-same-id-other-content.jsonl", 3, [1, 0, 0, 1], &[]),
    Case("import/J18-tool-arguments-oddities.jsonl", 0, [10, 0, 0, 0], &[]),
    Case("import/J19-score-oddities.jsonl", 3, [11, 0, 1, 0], &[1, 4, 8, 9, 10, 11]),
    Case("import/J20-gzip-1000x.jsonl.gz", 0, [1, 0, 0, 0], &[]),
    Case("import/J21-zip-traversal.zip", 4, [0, 0, 0, 0], &[]),
    Case("import/J22-gz-name-plain-content.jsonl.gz", 0, [1, 0, 0, 0], &[]),
    Case("import/J23-pretty-printed.jsonl", 0, [1, 0, 0, 0], &[]),
    Case("spans/S01-self-parent.json", 0, [1, 0, 0, 0], &[]),
    Case("spans/S02-two-cycle.json", 0, [3, 0, 0, 0], &[]),
    Case("spans/S03-orphans.json", 0, [21, 0, 0, 0], &[]),
    Case("spans/S04-duplicate-span-ids.json", 0, [2, 0, 0, 0], &[]),
    Case("spans/S05-chain-3000-deep.json", 0, [3000, 0, 0, 0], &[]),
    Case("spans/S06-fanout-5000.json", 0, [5001, 0, 0, 0], &[]),
    Case("spans/S07-time-oddities.json", 0, [5, 0, 0, 0], &[]),
    Case("spans/S08-two-roots-and-bad-ids.json", 3, [2, 0, 3, 0], &[1]),
];

fn counts(report: &Value) -> [u64; 4] {
    ["imported", "unchanged", "skipped", "conflicts"].map(|name| report[name].as_u64().unwrap())
}

/// Imports a file and checks what holds for every one; gives the exit code and the report.
fn import(home: &Home, path: &str) -> (i32, Value) {
    let start = Instant::now();
    let ran = home.run(&["import", path, "--json"]);
    assert!(start.elapsed() < PATIENCE, "{path} took {:?}", start.elapsed());
    let report: Value = serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{path}: {ran:?}"));
    assert_eq!(counts(&report).iter().sum::<u64>(), report["read"].as_u64().unwrap(), "{path}: the counts add up");
    let said = format!("{}{}", ran.err, report["problems"]);
    for text in words_of(path) {
        assert!(!said.contains(&text), "{path}: a message quotes {text:?}:\n{said}");
    }
    assert!(is_harmless(&ran.err) && is_harmless(&ran.out), "{path}");
    (ran.code, report)
}

/// Texts of a file that no message may hold.
fn words_of(path: &str) -> BTreeSet<String> {
    let bytes = fs::read(path).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    let mut words: BTreeSet<String> =
        ["Where is my order", "is on its way", "A-1001", "shipped"].map(str::to_owned).into();
    for line in text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        let messages = line["messages"].as_array().cloned().unwrap_or_default();
        let contents = messages.iter().filter_map(|message| message["content"].as_str());
        words.extend(contents.filter(|content| content.chars().count() > 7).map(str::to_owned));
    }
    words
}

/// True for text without anything that a terminal obeys or that hides text.
fn is_harmless(text: &str) -> bool {
    // A joiner within an emoji is no more than part of the emoji.
    let odd = |c: char| {
        c.is_control() && c != '\n'
            || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
                | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
    };
    !text.contains(odd)
}

/// What a workspace holds, as its readers see it. Every line has to be JSON and harmless.
fn holdings(home: &Home) -> Vec<String> {
    let mut all = Vec::new();
    let rows = home.ok(&["list", "--json"]);
    assert!(is_harmless(&rows), "{rows:?}");
    for row in rows.lines() {
        let id = serde_json::from_str::<Value>(row).unwrap()["id"].as_str().unwrap().to_owned();
        let shown = home.ok(&["show", &id, "--json"]);
        assert!(is_harmless(&shown), "{shown:?}");
        assert_eq!(shown.lines().count(), 1);
        // Not read as values: a number may be larger than any that fits one.
        serde_json::from_str::<serde::de::IgnoredAny>(&shown).unwrap();
        all.extend([row.to_owned(), shown]);
    }
    all
}

fn files(folder: &Path, ending: &str) -> Vec<String> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut names: Vec<String> = paths.map(|path| path.display().to_string()).filter(|p| p.ends_with(ending)).collect();
    names.sort();
    names
}

#[test]
fn every_import_and_span_case_ends_as_it_should_and_again_changes_nothing() {
    let Some(folder) = hostile() else { return };
    let known: BTreeSet<String> = IMPORT.iter().map(|case| folder.join(case.0).display().to_string()).collect();
    let there: BTreeSet<String> = ["import", "spans"].iter().flat_map(|name| files(&folder.join(name), "")).collect();
    assert_eq!(known, there, "every file has its case");
    for Case(name, code, expected, lines) in IMPORT {
        let home = Home::new();
        let path = folder.join(name).display().to_string();
        let (ended, report) = import(&home, &path);
        assert_eq!((ended, counts(&report)), (*code, *expected), "{name}: {report}");
        let named: BTreeSet<u64> =
            report["problems"].as_array().unwrap().iter().filter_map(|problem| problem["line"].as_u64()).collect();
        assert_eq!(named, lines.iter().copied().collect(), "{name}: {report}");
        let before = holdings(&home);
        let (again, report) = import(&home, &path);
        let [imported, unchanged, skipped, conflicts] = *expected;
        assert_eq!((again, counts(&report)), (*code, [0, imported + unchanged, skipped, conflicts]), "{name}: again");
        assert_eq!(holdings(&home), before, "{name}: again");
        home.ok(&["verify"]);
    }
}

#[test]
fn nothing_that_is_made_of_a_refused_file_lands_outside() {
    let Some(folder) = hostile() else { return };
    let home = Home::new();
    let path = folder.join("import/J21-zip-traversal.zip").display().to_string();
    let ran = home.run(&["import", &path]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.err.contains("zip archive"), "{}", ran.err);
    let names: Vec<_> = fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, [".local"], "only the program's own folder");
    let odd = fs::read_dir(home.path().parent().unwrap()).unwrap().filter_map(Result::ok);
    assert!(!odd.map(|entry| entry.file_name()).any(|name| name == "pwned" || name == "evil.jsonl"));
}

/// Role, text and arguments of the messages of a line.
fn spoken(line: &str) -> Vec<(String, String)> {
    let row: Value = serde_json::from_str(line).unwrap();
    let mut all = Vec::new();
    for message in row["messages"].as_array().unwrap() {
        let role = message["role"].as_str().unwrap().to_owned();
        if let Some(content) = message["content"].as_str().filter(|content| !content.is_empty()) {
            all.push((role.clone(), content.to_owned()));
        }
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            let function = &call["function"];
            let arguments = function["arguments"].as_str().unwrap().to_owned();
            all.push((format!("{role} calls {}", function["name"].as_str().unwrap()), arguments));
        }
    }
    // A row to train on ends with what the agent did; a result that nothing follows is left out.
    all.truncate(all.iter().rposition(|(role, _)| role != "tool").map_or(0, |last| last + 1));
    all
}

#[test]
fn hostile_text_is_shown_safe_and_exported_exact() {
    let Some(folder) = hostile() else { return };
    let mut paths = files(&folder.join("text"), ".jsonl");
    paths.extend(files(&folder.join("export"), ".jsonl"));
    assert!(paths.len() >= 23);
    let home = Home::new();
    let mut sources = BTreeSet::new();
    for path in &paths {
        let (code, report) = import(&home, path);
        assert_eq!((code, report["read"].clone()), (0, report["imported"].clone()), "{path}: {report}");
        let text = fs::read_to_string(path).unwrap();
        sources.extend(text.lines().map(spoken));
    }
    let before = holdings(&home);
    let (_, report) = import(&home, &paths[0]);
    assert_eq!(report["imported"], 0);
    assert_eq!(holdings(&home), before);
    for row in home.lines(&["list", "--json"]) {
        home.ok(&["-q", "label", row["id"].as_str().unwrap(), "--pass"]);
        let id = row["id"].as_str().unwrap();
        let shown = home.ok(&["show", id]);
        assert!(is_harmless(&shown), "{shown:?}");
    }
    for arguments in [&["list"][..], &["list", "--csv"], &["tools"], &["events"], &["codebook", "list"]] {
        let out = home.ok(arguments).replace("\r\n", "\n");
        assert!(is_harmless(&out), "{arguments:?}: {out:?}");
    }
    home.ok(&["export", "out", "--format", "openai-sft,labels", "--keep-personal-data", "to compare"]);
    let exported = fs::read_to_string(home.path().join("out/openai-sft.jsonl")).unwrap();
    assert!(!exported.contains('\u{2028}') || exported.lines().count() == sources.len());
    let exported: BTreeSet<Vec<(String, String)>> = exported.lines().map(spoken).collect();
    assert_eq!(sources.difference(&exported).next(), None, "not exported as it was");
    assert_eq!(exported.len(), sources.len());
    home.ok(&["verify"]);
}

#[test]
fn three_tools_that_look_alike_stay_three() {
    let Some(folder) = hostile() else { return };
    let home = Home::new();
    import(&home, &folder.join("text/T20-homoglyph-tools.jsonl").display().to_string());
    let tools: BTreeSet<String> = home
        .lines(&["list", "--json"])
        .iter()
        .flat_map(|row| home.lines(&["show", row["id"].as_str().unwrap(), "--json"]))
        .flat_map(|shown| shown["transcript"].as_array().unwrap().clone())
        .filter_map(|step| step["tool"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(tools.len(), 3, "{tools:?}");
}

/// Cells of RFC 4180 text.
fn cells(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, quoted) {
            ('"', true) if chars.peek() == Some(&'"') => cell.extend(chars.next()),
            ('"', _) => quoted = !quoted,
            (',', false) => row.push(std::mem::take(&mut cell)),
            ('\r', false) => {}
            ('\n', false) => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            (c, _) => cell.push(c),
        }
    }
    rows
}

#[test]
fn no_cell_for_a_spreadsheet_is_a_formula() {
    let Some(folder) = hostile() else { return };
    let home = Home::new();
    for name in ["export/X01-formulas.jsonl", "text/T18-escape-in-every-field.jsonl"] {
        import(&home, &folder.join(name).display().to_string());
    }
    let rows = cells(&home.ok(&["list", "--csv"]));
    assert!(rows.len() > 20);
    for cell in rows.iter().flatten().filter(|cell| cell.parse::<f64>().is_err()) {
        let first = cell.trim_start_matches([' ', '"', '\'', '\u{feff}']);
        let formula = first.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']) && first.len() > 1;
        assert!(!formula || cell.starts_with('\''), "{cell:?}");
        assert!(rows.iter().all(|row| row.len() == rows[0].len()));
    }
}

#[test]
fn names_of_conversations_and_sources_never_become_paths() {
    let Some(folder) = hostile() else { return };
    let names = fs::read_to_string(folder.join("export/X04-file-names.txt")).unwrap();
    let home = Home::new();
    let mut lines = String::new();
    for name in names.lines().filter(|name| !name.is_empty()) {
        let mut row: Value = serde_json::from_str(SMALL).unwrap();
        row["conversation_id"] = name.into();
        lines.push_str(&row.to_string());
        lines.push('\n');
    }
    let path = home.file("names.jsonl", &lines);
    home.ok(&["import", &path, "--source", "../../escape"]);
    let listed = home.lines(&["list", "--json"]);
    assert_eq!(listed.len(), lines.lines().count());
    for row in &listed {
        home.ok(&["-q", "label", row["id"].as_str().unwrap(), "--fail", "--no-step"]);
    }
    home.ok(&["export", "out", "--format", "labels,openai-sft,trl-preference,cases"]);
    let made: BTreeSet<_> = fs::read_dir(home.path().join("out")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(made.iter().all(|name| name.to_string_lossy().ends_with(".jsonl") || name == "manifest.json"), "{made:?}");
    let around: BTreeSet<_> = fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(around, [".local", "names.jsonl", "out"].map(Into::into).into());
}

#[test]
fn whatever_is_searched_for_is_literal_text() {
    let Some(folder) = hostile() else { return };
    let home = Home::new();
    home.import(SMALL);
    let wanted = fs::read_to_string(folder.join("export/X05-fts-queries.txt")).unwrap();
    assert!(wanted.lines().count() >= 20);
    for words in wanted.lines() {
        let ran = home.run(&["list", "--json", &format!("--find={words}")]);
        assert_eq!(ran.code, 0, "{:?}: {ran:?}", &words[..words.len().min(40)]);
    }
    assert_eq!(home.lines(&["list", "--json", "--find", "where is"]).len(), 1);
    // A star is no wildcard and a column no filter.
    assert_eq!(home.ok(&["list", "--json", "--find", "wher* AND"]), "");
    assert_eq!(home.ok(&["list", "--json", "--find", "user:where"]), "");
}

#[test]
fn foreign_databases_are_refused_and_keep_every_byte() {
    let Some(folder) = hostile() else { return };
    let databases = files(&folder.join("db"), ".db");
    assert_eq!(databases.len(), 7);
    for path in databases {
        let home = Home::new();
        let database = home.workspace().join("aftercall.db");
        fs::create_dir_all(home.workspace()).unwrap();
        fs::copy(&path, &database).unwrap();
        let given = home.file("c.jsonl", SMALL);
        for arguments in [&["list"][..], &["import", &given], &["label", "t-1", "--pass"], &["undo"], &["verify"]] {
            let ran = home.run(arguments);
            // A cut-off file may be called damaged as well.
            assert!(ran.code == 4 || ran.code == 7 && path.contains("D05"), "{path} {arguments:?}: {ran:?}");
            assert_eq!(ran.err.lines().count(), 1, "{path}: {}", ran.err);
        }
        assert_eq!(fs::read(&database).unwrap(), fs::read(&path).unwrap(), "{path}");
        let beside: Vec<_> = fs::read_dir(home.workspace()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(beside, ["aftercall.db"], "{path}: nothing is put beside it");
    }
}

#[test]
fn a_newer_workspace_and_a_cut_off_one_are_refused_and_keep_every_byte() {
    let make = || {
        let home = Home::new();
        home.ok(&["-q", "import", &home::sample("conversations.jsonl")]);
        home
    };
    let newer = make();
    let database = newer.workspace().join("aftercall.db");
    let connection = rusqlite::Connection::open(&database).unwrap();
    connection.pragma_update(None, "user_version", 999).unwrap();
    connection.pragma_update(None, "journal_mode", "DELETE").unwrap();
    drop(connection);
    let cut = make();
    let connection = rusqlite::Connection::open(cut.workspace().join("aftercall.db")).unwrap();
    connection.pragma_update(None, "journal_mode", "DELETE").unwrap();
    drop(connection);
    let whole = fs::read(cut.workspace().join("aftercall.db")).unwrap();
    fs::write(cut.workspace().join("aftercall.db"), &whole[..whole.len() / 2]).unwrap();
    for (home, code, told) in [(newer, 4, "newer"), (cut, 7, "damaged")] {
        let database = home.workspace().join("aftercall.db");
        let before = fs::read(&database).unwrap();
        for arguments in [&["list"][..], &["label", "lk-1002", "--pass"]] {
            let ran = home.run(arguments);
            assert_eq!(ran.code, code, "{arguments:?}: {ran:?}");
            assert!(ran.err.contains(told), "{}", ran.err);
        }
        assert_eq!(fs::read(&database).unwrap(), before, "{told}");
    }
}

#[test]
fn odd_files_neither_hang_it_nor_are_followed() {
    let Some(folder) = hostile() else { return };
    let home = Home::new();
    let odd = home.path().join("odd");
    let made = std::process::Command::new("sh").arg(folder.join("drivers/odd_files.sh")).arg(&odd).output().unwrap();
    assert!(odd.join("world.jsonl").is_file(), "{made:?}");
    for (name, code) in [("fifo.jsonl", 6), ("zero.jsonl", 6), ("loop.jsonl", 1)] {
        let ran = home.run(&["import", odd.join(name).to_str().unwrap()]);
        assert_eq!(ran.code, code, "{name}: {ran:?}");
        assert!(ran.err.contains(name));
    }
    let start = Instant::now();
    let ran = home.run(&["import", odd.to_str().unwrap(), "--json"]);
    assert!(start.elapsed() < PATIENCE);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert!(report["imported"].as_u64().unwrap() >= 6, "{report}");
    assert!(is_harmless(&ran.out) && is_harmless(&ran.err));
    assert!(!ran.out.contains("root:") && !ran.err.contains("root:"), "nothing of the linked file is told");
    assert!(!home.path().join("pwned").exists() && !odd.join("pwned").exists());
    let twice = home.run(&["import", odd.to_str().unwrap(), "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&twice.out).unwrap()["imported"], 0);
}

fn stocked() -> Home {
    let home = Home::new();
    home.import(&(1..=4).map(|number| SMALL.replace("t-1", &format!("t-{number}"))).collect::<String>());
    home
}

fn judged(home: &Home) -> usize {
    home.lines(&["list", "--json", "--where", "verdict:any"]).len()
}

#[test]
fn a_held_lock_is_waited_for_and_then_told() {
    let home = stocked();
    let other = rusqlite::Connection::open(home.workspace().join("aftercall.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let start = Instant::now();
    let ran = home.run(&["label", "t-1", "--pass"]);
    assert_eq!(ran.code, 5, "{ran:?}");
    assert!(start.elapsed() > Duration::from_secs(2), "it waits before it gives up");
    assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    assert!(ran.out.is_empty());
    // One that is let go while a label waits. On a busy machine that may come after the label has given up.
    let let_go = (0..20).any(|_| {
        let mut child = home.command(&["label", "t-2", "--pass"]).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(300));
        let early = child.try_wait().unwrap();
        assert!(early.is_none_or(|status| status.code() == Some(5)), "it did not wait: {early:?}");
        other.execute_batch("ROLLBACK").unwrap();
        let code = child.wait().unwrap().code();
        assert!(matches!(code, Some(0 | 5)), "{code:?}");
        if code == Some(5) {
            other.execute_batch("BEGIN IMMEDIATE").unwrap();
        }
        code == Some(0)
    });
    assert!(let_go, "no label was written once the lock was let go");
    home.ok(&["label", "t-1", "--pass"]);
    assert_eq!(judged(&home), 2);
    home.ok(&["verify"]);
}

#[test]
fn a_long_reader_keeps_nobody_from_labelling() {
    let home = stocked();
    let mut other = rusqlite::Connection::open(home.workspace().join("aftercall.db")).unwrap();
    let reading = other.transaction().unwrap();
    let tables = |reading: &rusqlite::Transaction<'_>| -> i64 {
        reading.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap()
    };
    let before = tables(&reading);
    for number in 1..=4 {
        home.ok(&["label", &format!("t-{number}"), "--pass"]);
    }
    assert_eq!((judged(&home), tables(&reading)), (4, before));
    drop(reading);
    home.ok(&["verify"]);
}

/// The program where no file may grow beyond so many blocks of 512 bytes: what a full disk is to it, without a disk.
fn cramped(home: &Home, blocks: u32, arguments: &[&str]) -> home::Ran {
    let program = home.command(&[]).get_program().to_owned();
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &format!("ulimit -f {blocks} && exec \"$@\""), "sh"]).arg(program).args(arguments);
    shell.env_clear().env("HOME", home.path()).env("USER", "mara").current_dir(home.path()).stdin(Stdio::null());
    ran(&mut shell)
}

#[test]
fn where_nothing_more_fits_it_says_so_and_keeps_what_there_was() {
    let home = stocked();
    home.ok(&["label", "t-1", "--pass"]);
    for arguments in [&["label", "t-2", "--pass"][..], &["import", &home::sample("conversations.jsonl")], &["undo"]] {
        let ran = cramped(&home, 8, arguments);
        assert_eq!(ran.code, 6, "{arguments:?}: {ran:?}");
        assert!(!ran.err.contains("panicked"), "{}", ran.err);
        home.ok(&["verify"]);
        assert_eq!(judged(&home), 1, "{arguments:?}");
    }
    let ran = cramped(&home, 0, &["export", "out", "--format", "labels"]);
    assert_eq!(ran.code, 6, "{ran:?}");
    assert!(!home.path().join("out/labels.jsonl").exists(), "no half file under the final name");
    home.ok(&["label", "t-2", "--pass"]);
    let _ = fs::remove_dir_all(home.path().join("out"));
    home.ok(&["export", "out", "--format", "labels"]);
    assert_eq!(judged(&home), 2);
}

#[test]
fn a_workspace_of_somebody_else_can_be_read_and_says_so_early() {
    let home = stocked();
    let mut command = home.command(&["list"]);
    // Root may write everywhere, so that another user has to try.
    let nobody = 65_534;
    let state = tempfile::tempdir().unwrap();
    fs::set_permissions(state.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let mut open = vec![home.path().to_owned(), home.path().join(".local"), home.path().join(".local/share")];
    open.extend([home.path().join(".local/share/aftercall"), home.workspace()]);
    for folder in &open {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    }
    for entry in fs::read_dir(home.workspace()).unwrap() {
        let path = entry.unwrap().path();
        let mode = if path.is_dir() { 0o755 } else { 0o644 };
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    let as_nobody = |command: &mut std::process::Command| {
        command.env("XDG_STATE_HOME", state.path()).uid(nobody).gid(nobody).output()
    };
    let Ok(listed) = as_nobody(&mut command) else {
        println!("skipped: only root can be somebody else");
        return;
    };
    assert_eq!(listed.status.code(), Some(0), "{listed:?}");
    assert_eq!(String::from_utf8_lossy(&listed.stdout).lines().count(), 4);
    let labelled = as_nobody(&mut home.command(&["label", "t-1", "--pass"])).unwrap();
    assert_eq!(labelled.status.code(), Some(6), "{labelled:?}");
    assert_eq!(judged(&home), 0);
}

#[test]
fn a_clock_that_goes_back_changes_no_order() {
    let folder = tempfile::tempdir().unwrap();
    let identity = Identity::load("mara", &folder.path().join("state")).unwrap();
    let mut workspace = Workspace::open(&folder.path().join("w"), identity, Access::Create).unwrap();
    let hour = 3_600_000_000;
    let now = 1_793_610_000_000_000;
    let times = [now, now - hour, now + 87_600 * hour, now - 2 * hour];
    for (at, time) in times.into_iter().enumerate() {
        let subject = Subject {
            conversation: ConversationId::from_stored(format!("c{at}")),
            transcript_hash: TranscriptHash::from_stored("t1:0"),
        };
        let act = Act::Judge(Judgement::new(subject, Verdict::Pass));
        review::record(&mut workspace, &act, Timestamp(time)).unwrap();
    }
    let targets = |workspace: &Workspace| -> Vec<String> {
        let events = workspace.store().log().all().unwrap();
        assert!(events.windows(2).all(|pair| pair[0].lamport < pair[1].lamport));
        events.iter().filter_map(|e| e.target.as_ref()).map(|to| to.conversation.as_str().to_owned()).collect()
    };
    assert_eq!(targets(&workspace), ["c0", "c1", "c2", "c3"]);
    let last = workspace.store().log().all().unwrap().pop().unwrap();
    review::undo(&mut workspace, Timestamp(now - 5 * hour)).unwrap();
    let undo = workspace.store().log().all().unwrap().pop().unwrap();
    assert!(undo.body.kind() == "undo" && serde_json::to_string(&undo).unwrap().contains(&last.group), "{undo:?}");
}

#[test]
fn everything_is_private_whatever_the_mask_and_a_link_is_no_place_to_write() {
    let home = Home::new();
    let path = home.file("c.jsonl", SMALL);
    let program = home.command(&[]).get_program().to_owned();
    let mut shell = std::process::Command::new("sh");
    shell.args([
        "-c",
        "umask 000; \"$0\" import \"$1\" && \"$0\" label t-1 --pass && \"$0\" export out --format labels",
    ]);
    shell.arg(program).arg(&path).env_clear().env("HOME", home.path()).env("USER", "mara").current_dir(home.path());
    let ran = ran(&mut shell);
    assert_eq!(ran.code, 0, "{ran:?}");
    let mut folders = vec![home.workspace(), home.path().join("out"), home.path().join(".local/state/aftercall")];
    let mut looked = 0;
    while let Some(folder) = folders.pop() {
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700, "{}", folder.display());
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                looked += 1;
                assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
            }
        }
    }
    assert!(looked > 4);
    let target = home.path().join("elsewhere");
    fs::create_dir(&target).unwrap();
    symlink(&target, home.path().join("link")).unwrap();
    let refused = home.run(&["export", "link", "--format", "labels"]);
    assert_ne!(refused.code, 0, "{refused:?}");
    assert_eq!(fs::read_dir(&target).unwrap().count(), 0);
    let again = home.run(&["export", "out", "--format", "labels"]);
    assert_ne!(again.code, 0, "nothing is overwritten: {again:?}");
}
