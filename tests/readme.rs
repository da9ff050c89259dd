//! What the README shows and promises, made from the program itself so that it cannot rot.
//!
//! Invariant: the picture is a real frame, the tables are the program's own; `AFTERCALL_UPDATE=1 cargo test --test readme`
//! writes them anew.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test: a panic is its way to fail")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use aftercall::tui::Start;
use aftercall::tui::keymap::readme_table;

#[path = "support/stage.rs"]
mod stage;
#[path = "support/svg.rs"]
mod svg;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn updating() -> bool {
    std::env::var_os("AFTERCALL_UPDATE").is_some()
}

/// Holds `expected` against the file, or writes it.
fn hold(file: &str, expected: &str) {
    let path = root().join(file);
    if updating() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, expected).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "{file} is not current: AFTERCALL_UPDATE=1 cargo test --test readme");
}

/// Holds the lines between two markers of the README against `expected`, or writes them.
fn hold_section(name: &str, expected: &str) {
    // Several tests have a section of the same file.
    static WRITING: Mutex<()> = Mutex::new(());
    let _alone = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let (start, end) = (format!("<!-- {name}: made by a test -->\n"), format!("<!-- end of {name} -->\n"));
    let from = readme.find(&start).expect("the section begins") + start.len();
    let to = readme.find(&end).expect("the section ends");
    let renewed = format!("{}{expected}{}", &readme[..from], &readme[to..]);
    hold("README.md", &renewed);
}

#[test]
fn the_pictures_are_frames_of_the_demo() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("demo");
    stage::fill(&workspace);
    let mut screen =
        stage::screen(&workspace, (120, 36), Start::Queue("intent:cancel_order tier:trail_club".to_owned()));
    screen.press("enter g J J J J J J");
    assert!(screen.text().contains("cancel_membership"), "{}", screen.text());
    hold("assets/pictures/review.svg", &svg::svg(&screen.frame(), "The Review screen of Aftercall"));
    let mut screen = stage::screen(&workspace, (120, 30), Start::Queue(String::new()));
    screen.press("j j");
    assert!(screen.text().contains("58 conversations"), "{}", screen.text());
    hold("assets/pictures/queue.svg", &svg::svg(&screen.frame(), "The Queue screen of Aftercall"));
}

#[test]
fn the_key_table_is_the_bindings_table() {
    hold_section("keys", &readme_table());
}

#[test]
fn the_format_table_is_the_program_s_own() {
    let mut table = String::from("| `--format` | what it is | what it carries |\n| --- | --- | --- |\n");
    for info in aftercall::ingest::FORMATS {
        let _ = writeln!(table, "| `{}` | {} | {} |", info.name, info.title, info.carries);
    }
    hold_section("formats", &table);
}

#[test]
fn the_command_table_is_the_program_s_help() {
    let help = Command::new(env!("CARGO_BIN_EXE_aftercall")).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let commands = help.split_once("Commands:\n").expect("a list of commands").1.split("\n\n").next().unwrap();
    // A long line is wrapped below what it explains.
    let mut rows: Vec<String> = Vec::new();
    for line in commands.lines() {
        match rows.last_mut() {
            Some(row) if line.starts_with("    ") => *row = format!("{row} {}", line.trim()),
            _ => rows.push(line.trim().to_owned()),
        }
    }
    let mut table = String::from("| command | what it does |\n| --- | --- |\n");
    for line in &rows {
        let Some((name, about)) = line.split_once(' ') else { continue };
        if name != "help" {
            let _ = writeln!(table, "| `aftercall {name}` | {} |", about.trim());
        }
    }
    hold_section("commands", &table);
}

#[test]
fn the_readme_promises_two_commands() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for command in ["cargo run --release -- demo", "cargo test"] {
        assert!(readme.contains(&format!("    {command}\n")), "{command}");
    }
}
