//! Exit codes, refusals and odd surroundings: what a script can rely on when something is wrong.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on should stop")]

#[path = "support/home.rs"]
mod home;

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

use home::{Home, Ran, SMALL, ran, sample};

fn small() -> Home {
    let home = Home::new();
    home.import(SMALL);
    home
}

/// Nothing was written where the program was started, or anywhere below it.
fn untouched(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().next().is_none()
}

#[test]
fn labels_that_break_a_rule_are_refused_and_nothing_is_saved() {
    let home = small();
    let refused: &[(&[&str], &str)] = &[
        (&["--fail"], "--no-step"),
        (&["--fail", "--no-step", "--step", "2"], "cannot be used"),
        (&["--pass", "--mode", "x"], "belong to a fail"),
        (&["--pass", "--step", "2"], "belong to a fail"),
        (&["--skip", "--note", "x"], "cannot be used"),
        (&["--pass", "--fail"], "cannot be used"),
        (&[], "--pass"),
        (&["--fail", "--step", "99"], "no step"),
        (&["--fail", "--no-step", "--severity", "5"], "1..=4"),
        (&["--fail", "--no-step", "--mode", "?!"], "name"),
        (&["--fail", "--no-step", "--tool", "get_order", "--args", "{}"], "--step"),
        (&["--fail", "--step", "2", "--tool", "get_order"], "--args"),
        (&["--fail", "--step", "2", "--tool", "get_order", "--args", "{"], "not JSON"),
        (&["--fail", "--step", "2", "--tool", "get_order", "--args", "[1]"], "object"),
        (&["--fail", "--step", "2", "--reply", " "], "--reply"),
        (&["--fail", "--no-step", "--remainder-valid"], "required"),
    ];
    for (flags, told) in refused {
        let ran = home.run(&[&["label", "t-1"], *flags].concat());
        assert_eq!(ran.code, 2, "{flags:?}: {ran:?}");
        assert!(ran.err.contains(told), "{flags:?}: {}", ran.err);
    }
    assert_eq!(home.ok(&["events"]), "");
    assert_eq!(home.run(&["label", "nobody", "--pass"]).code, 1);
}

#[test]
fn typing_errors_name_what_was_meant() {
    let home = small();
    let told: &[(&[&str], &str)] = &[
        (&["lsit"], "list"),
        (&["list", "--where", "verdct:fail"], "verdict"),
        (&["list", "--oder", "newest"], "--order"),
        (&["export", "x", "--format", "lables"], "labels"),
        (&["import", "x", "--format", "otpl"], "otlp"),
        (&["codebook", "load", "mats"], "mast"),
    ];
    for (arguments, meant) in told {
        let ran = home.run(arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {ran:?}");
        assert!(ran.err.contains(meant), "{arguments:?}: {}", ran.err);
        assert_eq!(ran.out, "");
    }
}

#[test]
fn what_was_skipped_shows_in_the_exit_code_and_costs_nothing_else() {
    let home = Home::new();
    let path = home.file("mixed.jsonl", &format!("{SMALL}{{\"conversation_id\":\n{}", SMALL.replace("t-1", "t-2")));
    let ran = home.run(&["import", &path]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.err.contains("mixed.jsonl:2"), "{}", ran.err);
    assert_eq!(home.lines(&["list", "--json"]).len(), 2);
    let missing = home.run(&["import", "nothing-there.jsonl"]);
    assert_eq!(missing.code, 1);
    assert!(missing.err.contains("nothing-there.jsonl"));
}

#[test]
fn a_mistyped_path_makes_no_workspace() {
    let home = Home::new();
    assert_eq!(home.run(&["import", "nothing-there.jsonl"]).code, 1);
    for arguments in [&["list"][..], &["show", "x"], &["undo"], &["export", "x", "--format", "labels"], &["verify"]] {
        let ran = home.run(arguments);
        assert_eq!(ran.code, 1, "{arguments:?}: {ran:?}");
        assert!(ran.err.contains("aftercall import"), "{}", ran.err);
    }
    assert!(!home.workspace().exists());
}

#[test]
fn foreign_files_are_refused_and_keep_every_byte() {
    for content in [&b"SQLite format 3\0 and then noise"[..], b"text\n", b""] {
        let home = Home::new();
        let database = home.workspace().join("aftercall.db");
        fs::create_dir_all(home.workspace()).unwrap();
        fs::write(&database, content).unwrap();
        for arguments in [&["list"][..], &["label", "x", "--pass"], &["import", &sample("evaluations.jsonl")]] {
            let ran = home.run(arguments);
            assert_eq!(ran.code, 4, "{arguments:?}: {ran:?}");
        }
        assert_eq!(fs::read(&database).unwrap(), content);
    }
}

#[test]
fn a_flipped_page_is_told_as_damage_and_left_alone() {
    let home = Home::new();
    home.ok(&["import", &sample("conversations.jsonl")]);
    let database = home.workspace().join("aftercall.db");
    let mut bytes = fs::read(&database).unwrap();
    // Every page but the first, so that no page that is read can be whole.
    bytes[4096..].chunks_mut(4096).for_each(|page| page[..64].fill(0xff));
    fs::write(&database, &bytes).unwrap();
    let ran = home.run(&["list"]);
    assert_eq!(ran.code, 7, "{ran:?}");
    assert!(ran.err.contains("rebuild"), "{}", ran.err);
    assert_eq!(fs::read(&database).unwrap(), bytes);
}

#[test]
fn unusable_places_are_refused_and_nothing_lands_in_the_current_folder() {
    let home = small();
    let bare = tempfile::tempdir().unwrap();
    let refused = |set: &dyn Fn(&mut std::process::Command)| -> Ran {
        let mut command = home.command(&["list"]);
        command.current_dir(bare.path());
        set(&mut command);
        ran(&mut command)
    };
    let file = home.file("a-file", "");
    let cases: [(&str, Ran); 5] = [
        (
            "HOME",
            refused(&|command| {
                command.env_remove("HOME");
            }),
        ),
        (
            "XDG_DATA_HOME",
            refused(&|command| {
                command.env("XDG_DATA_HOME", "data");
            }),
        ),
        (
            "XDG_STATE_HOME",
            refused(&|command| {
                command.env("XDG_STATE_HOME", "./state");
            }),
        ),
        (
            "is a file",
            refused(&|command| {
                command.env("XDG_DATA_HOME", &file);
            }),
        ),
        (
            "is a file",
            refused(&|command| {
                command.env("AFTERCALL_WORKSPACE", &file);
            }),
        ),
    ];
    for (told, ran) in cases {
        assert_eq!(ran.code, 4, "{told}: {ran:?}");
        assert!(ran.err.contains(told), "{}", ran.err);
    }
    let empty = refused(&|command| {
        command.env("AFTERCALL_WORKSPACE", "");
    });
    assert_eq!(empty.code, 2, "{empty:?}");
    assert!(untouched(bare.path()));
}

#[test]
fn a_bad_configuration_is_one_line_with_its_place() {
    let home = small();
    for (text, told) in [
        ("\nrewiever = \"x\"\n", "config.toml:2: unknown setting rewiever"),
        ("ascii = 1\n", "config.toml:1: "),
        ("[keys\n", "config.toml:1: "),
    ] {
        home.file(".config/aftercall/config.toml", text);
        let ran = home.run(&["list"]);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.err.contains(told), "{}", ran.err);
        assert_eq!(ran.err.lines().count(), 1);
    }
    home.file(".config/aftercall/config.toml", "reviewer = \"lee\"\n");
    home.ok(&["label", "t-1", "--pass"]);
    home.ok(&["--reviewer", "ana", "label", "t-1", "--pass"]);
    let reviewers: Vec<_> = home.lines(&["events", "--json"]).iter().map(|e| e["reviewer"].clone()).collect();
    assert_eq!(reviewers, ["lee", "ana"]);
    assert_eq!(home.run(&["--reviewer", " ", "label", "t-1", "--pass"]).code, 2);
}

#[test]
fn a_closed_pipe_is_a_quiet_end_and_a_full_disk_an_error() {
    let home = Home::new();
    home.ok(&["import", &sample("conversations.jsonl")]);
    for arguments in [&["list", "--json"][..], &["show", "lk-1002", "--json"], &["man"], &["completions", "zsh"]] {
        let mut child = home.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = [0; 16];
        let mut out = child.stdout.take().unwrap();
        out.read_exact(&mut first).unwrap();
        drop(out);
        let end = child.wait_with_output().unwrap();
        assert_eq!(end.status.code(), Some(0), "{arguments:?}: {end:?}");
        assert_eq!(String::from_utf8_lossy(&end.stderr), "", "{arguments:?}");
    }
    for arguments in [&["list"][..], &["list", "--csv"], &["--help"], &["--version"], &["formats"], &["filters"]] {
        let Ok(full) = File::options().write(true).open("/dev/full") else {
            eprintln!("skipped: there is no /dev/full");
            return;
        };
        let ran = ran_into(home.command(arguments).stdout(full));
        assert_eq!(ran.0, 6, "{arguments:?}: {}", ran.1);
        assert!(ran.1.contains("standard output"), "{}", ran.1);
    }
}

fn ran_into(command: &mut std::process::Command) -> (i32, String) {
    let output = command.stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
    (output.status.code().unwrap_or(-1), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn without_a_terminal_the_screen_is_refused_with_a_way_on() {
    let home = Home::new();
    for arguments in [&[][..], &["review"], &["demo"]] {
        let ran = home.run(arguments);
        assert_eq!(ran.code, 4, "{arguments:?}: {ran:?}");
        assert!(ran.err.contains("aftercall list") && ran.err.contains("aftercall label"), "{}", ran.err);
    }
    assert!(!home.path().join(".local").exists(), "nothing was made for a screen that cannot be shown");
}

#[test]
fn a_workspace_that_can_only_be_read_says_so() {
    let home = small();
    let root = home.workspace();
    let set = |mode: u32| {
        for entry in fs::read_dir(&root).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            }
        }
        fs::set_permissions(&root, fs::Permissions::from_mode(mode | (mode & 0o400) >> 2)).unwrap();
    };
    set(0o400);
    if File::options().append(true).open(root.join("aftercall.db")).is_ok() {
        eprintln!("skipped: this user may write everywhere");
        return;
    }
    let listed = home.run(&["list"]);
    let labelled = home.run(&["label", "t-1", "--pass"]);
    set(0o600);
    assert_eq!(listed.code, 0, "{listed:?}");
    assert_eq!(labelled.code, 6, "{labelled:?}");
}

/// The mode of a folder and all in it: mode, whether it is a folder, path.
fn walk(folder: &Path, found: &mut Vec<(u32, bool, String)>) {
    let data = fs::metadata(folder).unwrap();
    found.push((data.permissions().mode() & 0o777, true, folder.display().to_string()));
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, found);
        } else {
            let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            found.push((mode, false, path.display().to_string()));
        }
    }
}

#[test]
fn everything_that_is_made_is_private() {
    let home = small();
    home.ok(&["label", "t-1", "--fail", "--no-step"]);
    home.ok(&["export", "out", "--format", "labels"]);
    home.ok(&["rebuild"]);
    let mut found = Vec::new();
    for folder in [
        home.path().join(".local/share/aftercall"),
        home.path().join(".local/state/aftercall"),
        home.path().join("out"),
    ] {
        walk(&folder, &mut found);
    }
    assert!(found.len() > 8, "{found:?}");
    for (mode, folder, path) in found {
        assert_eq!(mode, if folder { 0o700 } else { 0o600 }, "{path}");
    }
}

#[test]
fn what_is_piped_in_is_read_and_what_holds_nothing_is_told() {
    let home = Home::new();
    let chat = r#"{"conversation_id": "a", "messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "Hello"}, {"role": "user", "content": "Bye"}, {"role": "assistant", "content": "Bye"}]}"#;
    let file = home.file("chat.jsonl", chat);
    let piped = |arguments: &[&str]| {
        let mut command = home.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(chat.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, told) = piped(&["import", "-"]);
    assert!(code == Some(0) && told.contains("1 conversation in 1 file"), "{code:?} {told}");
    assert_eq!(home.lines(&["list", "--json"])[0]["source"], "stdin");
    let (code, told) = piped(&["import", "/dev/stdin", "--source", "shop"]);
    assert!(code == Some(0) && told.contains("1 new or changed"), "{code:?} {told}");
    // The same under the name of a file is told, and where it is.
    let ran = home.run(&["import", &file]);
    assert!(ran.code == 0 && ran.err.contains("1 conversation is there already, from `stdin`"), "{ran:?}");
    let ran = home.run(&["import", "-"]);
    assert!(ran.code == 0 && ran.err.contains("there is nothing in it"), "{ran:?}");
    home.file("folder/effects.toml", "get_order = \"read\"");
    let folder = home.path().join("folder");
    let ran = home.run(&["import", folder.to_str().unwrap()]);
    assert!(ran.code == 0 && ran.err.contains("nothing in it to import") && ran.err.contains("--tools"), "{ran:?}");
    let ran = home.run(&["sync", "nowhere/labels"]);
    assert!(ran.code == 2 && ran.err.contains("misspelt") && !home.path().join("nowhere").exists(), "{ran:?}");
    let ran = home.run(&["sync", &file]);
    assert!(ran.code == 2 && ran.err.contains("that is a file"), "{ran:?}");
}
