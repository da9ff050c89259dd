//! The structure of the crate, checked: which module may use which, who may name which crate, how long a file may be.
//!
//! Invariant: the tables below are the diagram in `ARCHITECTURE.md`; an edge that is not in them fails here.

#![allow(clippy::unwrap_used, reason = "a test that cannot read the sources should stop")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Which top-level modules a top-level module may name by `crate::…`.
const MAY_USE: &[(&str, &[&str])] = &[
    ("text", &[]),
    ("model", &["text"]),
    ("paths", &[]),
    ("ingest", &["model", "text"]),
    ("evaluate", &["model", "text"]),
    ("dataset", &["model", "text"]),
    ("mask", &["model", "text"]),
    ("stats", &[]),
    ("rank", &["model", "text"]),
    ("store", &["model", "text"]),
    ("config", &["paths", "model", "text"]),
    ("ops", &["ingest", "evaluate", "rank", "dataset", "mask", "stats", "store", "config", "paths", "model", "text"]),
    ("engine", &["ops", "store", "model", "text"]),
    ("receive", &["ops", "store", "ingest", "model", "text"]),
    ("tui", &["engine", "model", "text", "config"]),
    (
        "cli",
        &[
            "ops", "store", "engine", "receive", "tui", "config", "paths", "dataset", "mask", "ingest", "rank",
            "model", "text",
        ],
    ),
    ("lib", &[]),
    ("main", &["cli"]),
];

/// Crates that only one place may name: (crate, path prefixes under `src`).
const ONLY_IN: &[(&str, &[&str])] = &[
    ("rusqlite", &["store"]),
    ("ratatui", &["tui"]),
    ("crossterm", &["tui"]),
    ("indicatif", &["cli"]),
    ("clap", &["cli"]),
    ("std::thread", &["engine", "receive", "tui"]),
    ("tokio", &["receive"]),
    ("hyper", &["receive"]),
];

/// Modules that read no clock, touch no file and draw no random number.
const PURE: &[&str] = &["text", "model", "ingest", "evaluate", "dataset", "mask", "stats", "rank"];

/// What the pure modules must not name.
const IMPURE: &[&str] =
    &["std::fs", "SystemTime::now", "Instant::now", "Timestamp::now", "std::env", "TcpStream", "TcpListener"];

/// Lines of code in one file, its tests not counted.
const LONGEST_FILE: usize = 520;

fn sources() -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    walk(&root, &mut found);
    found.sort();
    assert!(found.len() > 10, "the source tree was not found");
    found
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            (path.strip_prefix(&root).unwrap().to_owned(), text)
        })
        .collect()
}

fn top_module(path: &Path) -> String {
    let first = path.components().next().unwrap().as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

fn is_test_file(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "tests.rs") || path.components().any(|part| part.as_os_str() == "tests")
}

/// The file without its inline test module, doc comments and comments.
fn code_of(text: &str) -> String {
    let text = text.split_once("\n#[cfg(test)]\nmod tests {").map_or(text, |(code, _)| code);
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The top-level modules named by `crate::…` paths in `code`, brace groups included.
fn edges(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        let names: Vec<&str> = match rest.strip_prefix('{') {
            Some(group) => top_level_names(group),
            None => vec![rest],
        };
        for name in names {
            let name: String = name.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if !name.is_empty() {
                found.insert(name);
            }
        }
    }
    found
}

/// The comma-separated members of a brace group, nested groups skipped.
fn top_level_names(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut names) = (0_usize, 0_usize, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                names.push(&group[start..at]);
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                names.push(&group[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    names
}

#[test]
fn modules_use_only_what_is_below_them() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        if is_test_file(&path) {
            continue;
        }
        let module = top_module(&path);
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == module) else {
            wrong.push(format!("{}: module `{module}` is not in the table", path.display()));
            continue;
        };
        for edge in edges(&code_of(&text)) {
            if edge != module && !allowed.contains(&edge.as_str()) {
                wrong.push(format!("{}: `{module}` must not use `{edge}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn crates_of_one_place_are_named_there_only() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let code = code_of(&text);
        for (name, places) in ONLY_IN {
            let named = code.contains(&format!("{name}::")) || code.contains(&format!("use {name};"));
            if named && !places.contains(&top_module(&path).as_str()) {
                wrong.push(format!("{}: only {places:?} may name {name}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn colours_are_named_in_the_theme_only() {
    let wrong: Vec<_> = sources()
        .into_iter()
        .filter(|(path, text)| path != Path::new("tui/theme.rs") && code_of(text).contains("Color::"))
        .map(|(path, _)| path.display().to_string())
        .filter(|path| !path.contains("theme"))
        .collect();
    assert!(wrong.is_empty(), "only tui/theme.rs may name a colour: {wrong:?}");
}

#[test]
fn pure_modules_stay_pure() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        if !PURE.contains(&top_module(&path).as_str()) || is_test_file(&path) {
            continue;
        }
        let code = code_of(&text);
        for name in IMPURE {
            if code.contains(name) {
                wrong.push(format!("{}: names {name}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_the_command_line_prints() {
    let wrong: Vec<_> = sources()
        .into_iter()
        .filter(|(path, text)| {
            let code = code_of(text);
            let prints = ["println!", "print!(", "eprintln!", "eprint!("].iter().any(|name| code.contains(name));
            prints && !is_test_file(path) && !["cli", "main"].contains(&top_module(path).as_str())
        })
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert!(wrong.is_empty(), "only cli and main print: {wrong:?}");
}

#[test]
fn files_are_short_and_say_what_they_are_for() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        if !text.starts_with("//!") {
            wrong.push(format!("{}: does not open with //!", path.display()));
        }
        let lines =
            text.split_once("\n#[cfg(test)]\nmod tests {").map_or(text.as_str(), |(code, _)| code).lines().count();
        if lines > LONGEST_FILE && !is_test_file(&path) {
            wrong.push(format!("{}: {lines} lines, at most {LONGEST_FILE}", path.display()));
        }
        for forbidden in ["utils", "helpers", "common", "manager"] {
            if path.to_string_lossy().contains(forbidden) {
                wrong.push(format!("{}: a name that says nothing", path.display()));
            }
        }
        if path.file_name().is_some_and(|name| name == "mod.rs") {
            wrong.push(format!("{}: use module.rs beside module/", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_scanner_sees_edges() {
    let code = "use crate::{model::{id, step}, text::Untrusted};\nfn f() { crate::store::open(); $crate::x; }";
    assert_eq!(edges(code).into_iter().collect::<Vec<_>>(), ["model", "store", "text"]);
}
