//! The program in a real pseudo-terminal: a newcomer's first hour, signals, kills, odd sizes and odd terminals.
//!
//! Invariant: whatever ends the program, the terminal is as it was before and what was called saved is there.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on should stop")]

#[path = "support/allowlist.rs"]
mod allowlist;
#[path = "support/home.rs"]
mod home;
#[path = "support/pty.rs"]
mod pty;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use aftercall::engine::{EngineSetup, system_clock};
use aftercall::ops::workspace::{Identity, Workspace};
use aftercall::store::Access;
use aftercall::tui::keymap::Keymap;
use aftercall::tui::theme::Theme;
use aftercall::tui::{self, Clock, Mask, Start, UiConfig};
use home::{Home, SMALL};
use pty::Terminal;
use serde_json::Value;

/// A paste as a terminal frames it.
const PASTE: (&str, &str) = ("\x1b[200~", "\x1b[201~");

/// The cursor on the first row of the queue: before it is there, enter has nothing to open.
const ROW: &str = ">  1 ";

/// Presses escape, and nothing more before it was obeyed: a key that follows at once would make another one of it.
fn escape(terminal: &mut Terminal, gone: &str) {
    terminal.press("\x1b");
    terminal.wait(&format!("{gone:?} gone"), |screen| !screen.contains(gone));
}

/// Waits for a frame as wide as the terminal.
fn wait_columns(terminal: &Terminal, columns: usize) {
    terminal.wait("a frame in the new size", |screen| {
        screen.lines().next().is_some_and(|line| line.chars().count() == columns)
    });
}

/// Waits until a conversation of the queue can be judged: before it is there, a verdict has nothing to be about.
fn wait_at(terminal: &Terminal, place: &str) {
    terminal.wait(place, |screen| screen.contains(&format!("┌ {place} ")) && screen.contains("not judged"));
}

/// A workspace with so many conversations.
fn stocked(count: usize) -> Home {
    let home = Home::new();
    home.import(&(1..=count).map(|number| SMALL.replace("t-1", &format!("t-{number}"))).collect::<String>());
    home
}

/// How many conversations have a verdict.
fn judged(home: &Home) -> usize {
    home.lines(&["list", "--json", "--where", "verdict:any"]).len()
}

/// Opens the first conversation of the queue.
fn open(home: &Home, size: (u16, u16)) -> Terminal {
    let mut terminal = Terminal::start(home.path(), size, &["review", "verdict:none"]);
    terminal.wait_for(ROW);
    terminal.press("\r");
    terminal.wait_for("not judged");
    terminal
}

/// Judges the open conversation, and waits until that is called saved.
fn pass(terminal: &mut Terminal) {
    terminal.press("a");
    terminal.wait_for("PASS saved");
}

#[test]
fn a_first_hour_at_80_by_24() {
    first_hour((80, 24));
}

#[test]
fn a_first_hour_at_120_by_36() {
    first_hour((120, 36));
}

/// Five conversations judged in the demo, another start, an undo, an export that is read again.
fn first_hour(size: (u16, u16)) {
    let home = Home::new();
    let mut terminal = Terminal::start(home.path(), size, &["demo"]);
    terminal.wait_for("58 conversations");
    terminal.press("\r");
    wait_at(&terminal, "1/58");
    pass(&mut terminal);
    wait_at(&terminal, "2/58");
    terminal.press("x");
    terminal.wait_for("What went wrong?");
    terminal.press("\u{1b}j1+\r");
    terminal.wait_for("FAIL · Wrong tool");
    terminal.wait_for("step 3 · severity 2 saved");
    wait_at(&terminal, "3/58");
    // The wrong call becomes another tool's, with an argument typed in.
    terminal.press("JJt");
    terminal.wait_for("Right would have been");
    terminal.press("search");
    terminal.wait_for("> search_policy");
    terminal.press("\r");
    terminal.wait_for("ctrl-v value seen");
    terminal.press("\x15erase personal data");
    terminal.wait_for("erase personal data");
    terminal.press("\x13");
    terminal.wait_for("Would the rest");
    terminal.press("\r");
    wait_at(&terminal, "4/58");
    terminal.press("Jr");
    terminal.wait_for("The answer that should have been given at step");
    terminal.press("\x0b\x15We will see to it today.");
    terminal.wait_for("We will see to it today.");
    terminal.press("\x13");
    terminal.wait_for("Would the rest");
    terminal.press("y");
    wait_at(&terminal, "5/58");
    terminal.press("s");
    terminal.wait_for("skipped saved");
    terminal.press("\x1b");
    terminal.wait_for("most suspicious first");
    terminal.press("q");
    let (status, screen, bytes) = terminal.finish();
    assert!(status.success() && screen.contains("Your labels are in") && screen.contains("export"), "{screen}");
    assert_eq!(allowlist::findings(&bytes, &[]), Vec::<String>::new());

    let root = home.path().join(".local/share/aftercall/demo").display().to_string();
    let labels = |home: &Home| home.lines(&["--workspace", &root, "list", "--json", "--where", "verdict:any"]).len();
    assert_eq!(labels(&home), 2 + 4, "two came with the demo, four were made");
    let mut terminal = Terminal::start(home.path(), size, &["demo"]);
    terminal.wait_for("6 done");
    terminal.press("u");
    terminal.wait_for("undone");
    terminal.press("u");
    terminal.wait_for("5 done");
    terminal.press("q");
    assert!(terminal.finish().0.success());

    home.ok(&["--workspace", &root, "export", "out", "--format", "labels,cases"]);
    let rows = |name: &str| -> Vec<Value> {
        let text = std::fs::read_to_string(home.path().join("out").join(name)).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let labels = rows("labels.jsonl");
    assert_eq!(labels.len(), 5);
    let mine = |test: &dyn Fn(&Value) -> bool| labels.iter().filter(|row| test(row)).count();
    assert_eq!(mine(&|row| row["first_failure_step"] == 3 && row["labels"][0]["name"] == "Wrong tool"), 1);
    let corrected = |row: &Value| {
        let correction = &row["corrections"][0];
        correction["tool"] == "search_policy" && correction["arguments"]["query"] == "erase personal data"
    };
    assert_eq!(mine(&corrected), 1, "{labels:?}");
    assert_eq!(mine(&|row| row.to_string().contains("We will see to it today.")), 0, "it was undone");
    assert!(rows("cases.jsonl").iter().any(|row| row["acceptable"][0]["tool"] == "search_policy"));
}

/// The places in which a signal may come, and the keys that lead there from an open conversation.
const PLACES: [(&str, &str, &str); 4] = [
    ("queue", "\x1b", "most suspicious first"),
    ("review", "", "not judged"),
    ("find prompt", "/lost", "> lost"),
    ("note editor", "ehalf a note", "half a note"),
];

#[test]
fn signals_that_end_it_leave_a_sane_terminal_and_keep_every_label() {
    let home = stocked(20);
    let mut saved = 0;
    for (place, keys, shown) in PLACES {
        for (signal, number) in [("TERM", 15), ("HUP", 1), ("INT", 2)] {
            let mut terminal = open(&home, (80, 24));
            pass(&mut terminal);
            saved += 1;
            terminal.press(keys);
            terminal.wait_for(shown);
            terminal.signal(signal);
            let (status, screen, bytes) = terminal.finish();
            assert_eq!(status.exit_code(), 128 + number, "{signal} in the {place}: {screen}");
            assert_eq!(allowlist::findings(&bytes, &[]), Vec::<String>::new());
            let tail = String::from_utf8_lossy(&bytes[bytes.len() - 60..]).into_owned();
            // The line end is the terminal's own echo, of the end of input that is sent when it is closed.
            assert!(
                tail.trim_end().ends_with('h'),
                "{signal} in the {place}: after the terminal was given back: {tail:?}"
            );
        }
    }
    assert_eq!(judged(&home), saved);
    home.ok(&["verify"]);
}

#[test]
fn a_stop_gives_the_terminal_back_and_going_on_draws_anew() {
    let home = stocked(5);
    for (_, keys, shown) in PLACES {
        let mut terminal = open(&home, (80, 24));
        pass(&mut terminal);
        terminal.press(keys);
        terminal.wait_for(shown);
        // The key that stops, and the signal of a shell's `kill -TSTP`.
        for by_key in [true, false] {
            if by_key {
                terminal.press("\x1a");
            } else {
                terminal.signal("TSTP");
            }
            terminal.wait_stopped(true);
            terminal.wait("the terminal as it was", |_| terminal.is_sane());
            assert!(!terminal.screen().contains(shown), "the screen was left");
            terminal.signal("CONT");
            terminal.wait_stopped(false);
            terminal.wait_for(shown);
            assert!(!terminal.is_sane(), "it has the terminal again");
        }
        terminal.press("\x03");
        terminal.wait("a draft or the end", |_| true);
        assert!(terminal.finish().0.success());
    }
    assert_eq!(judged(&home), PLACES.len());
}

#[test]
fn a_terminal_that_is_closed_ends_it_and_loses_nothing() {
    let home = stocked(2);
    let mut terminal = open(&home, (80, 24));
    pass(&mut terminal);
    let status = terminal.hang_up("J");
    assert!(!status.success(), "{status:?}");
    assert_eq!(judged(&home), 1);
    home.ok(&["verify"]);
}

#[test]
fn a_label_that_was_called_saved_is_there_after_kill_9() {
    let home = stocked(6);
    for saved in 1..=5 {
        let mut terminal = open(&home, (120, 36));
        pass(&mut terminal);
        terminal.signal("KILL");
        assert!(!terminal.finish().0.success());
        assert_eq!(judged(&home), saved);
    }
    home.ok(&["verify"]);
}

/// Says that this program is to show a screen that panics, and where.
const PANIC: &str = "AFTERCALL_TEST_PANIC";
/// What stands in the panic, and must not stand on the screen.
const QUOTED: &str = "quoted from a transcript";

/// Shows the screen with a mask that panics; does nothing unless this program was started for that.
#[test]
fn panicker() {
    let Some(root) = std::env::var_os(PANIC).map(PathBuf::from) else { return };
    let identity = Identity::load("mara", &root.join("state")).unwrap();
    let root = root.join(".local/share/aftercall/workspace");
    drop(Workspace::open(&root, identity.clone(), Access::Write).unwrap());
    let slip: fn(&str) -> String = |text| {
        // The queue's rows are masked as well, and it has to be shown before.
        assert!(!text.contains("cancel"), "{QUOTED}: {text}");
        text.to_owned()
    };
    let config = UiConfig {
        reviewer: "mara".to_owned(),
        workspace: "test".to_owned(),
        theme: Theme::default(),
        keymap: Keymap::load(&std::collections::BTreeMap::new()).unwrap(),
        mask: Mask(Arc::new(slip)),
        room_mask: Mask(Arc::new(str::to_owned)),
        room: Vec::new(),
        presenting: false,
        masked: true,
        clock: Clock(Arc::new(system_clock)),
        zone: jiff::tz::TimeZone::UTC,
        home: None,
        packs: Vec::new(),
        editor: None,
        export_directory: "out".to_owned(),
        must_review: aftercall::model::queue::MustReview::default(),
        claim_minutes: aftercall::model::claim::MINUTES,
        ask_remainder: true,
        read_only: None,
        place: None,
    };
    let setup = EngineSetup { root, identity, clock: system_clock };
    drop(tui::run(setup, config, Start::Queue(String::new())));
}

#[test]
fn a_panic_gives_the_terminal_back_and_quotes_nothing() {
    let home = Home::new();
    let second = SMALL.replace("t-1", "t-2").replace("Done, I wrote to ana.petrov@example.com.", "I did cancel it.");
    home.import(&format!("{SMALL}{second}"));
    let this = std::env::current_exe().unwrap().display().to_string();
    let mut command = pty::command(&this, home.path(), &["--exact", "panicker", "--nocapture", "--test-threads=1"]);
    command.env(PANIC, home.path());
    let mut terminal = Terminal::run(command, (120, 36));
    terminal.wait_for("2 conversations");
    terminal.press("\r");
    let (status, screen, bytes) = terminal.finish();
    assert!(!status.success());
    assert!(screen.contains("error: the program went wrong at tests/pty.rs:"), "{screen}");
    assert!(!String::from_utf8_lossy(&bytes).contains(QUOTED), "{screen}");
}

#[test]
fn no_size_makes_it_fall() {
    let home = stocked(3);
    let mut terminal = Terminal::start(home.path(), (80, 24), &["review"]);
    terminal.wait_for(ROW);
    for keys in ["", "\r", "x", "\x1b", "t", "\x1b", "?", "\x1b", ":", "\x1b", "E"] {
        terminal.press(keys);
        for (columns, rows) in [(1, 1), (2, 2), (20, 5), (59, 15), (500, 200), (60, 16), (1, 200), (500, 1)] {
            terminal.resize(columns, rows);
        }
        terminal.resize(20, 5);
        terminal.wait_for("aftercall needs");
        terminal.resize(80, 24);
        terminal.wait("the layout again", |screen| !screen.contains("aftercall needs") && screen.contains('└'));
    }
    escape(&mut terminal, "Export a dataset");
    let mut dice = 0x2545_F491_u32;
    for _ in 0..100 {
        dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (columns, rows) = (1 + (dice >> 16) % 260, 1 + (dice >> 24) % 80);
        terminal.resize(u16::try_from(columns).unwrap(), u16::try_from(rows).unwrap());
        terminal.press(["j", "k", "J", "\t", "]", "["][dice as usize / 7 % 6]);
    }
    terminal.resize(120, 36);
    wait_columns(&terminal, 120);
    terminal.wait_for("not judged");
    pass(&mut terminal);
    terminal.press("\x03");
    let (status, screen, bytes) = terminal.finish();
    assert!(status.success(), "{screen}");
    assert_eq!(allowlist::findings(&bytes, &[]), Vec::<String>::new());
}

#[test]
fn a_terminal_that_cannot_draw_is_refused_with_a_way_on() {
    let home = stocked(1);
    for (name, value) in [("TERM", "dumb"), ("TERM", "")] {
        for arguments in [&[][..], &["review"], &["demo"]] {
            let terminal = Terminal::start_with(home.path(), (80, 24), arguments, &[(name, value)]);
            let (status, screen, bytes) = terminal.finish();
            assert_eq!(status.exit_code(), 4, "{screen}");
            assert!(screen.contains("aftercall list"), "{screen}");
            assert!(!bytes.contains(&0x1b), "{screen}");
        }
    }
    let piped = home.run(&["review"]);
    assert_eq!(piped.code, 4, "{piped:?}");
    assert_eq!(Terminal::start_with(home.path(), (80, 24), &["list"], &[("TERM", "dumb")]).finish().0.exit_code(), 0);
}

/// Judges one conversation as failed with these variables, looking at all screens; gives every byte.
fn tour(variables: &[(&str, &str)]) -> Vec<u8> {
    let home = stocked(2);
    let mut terminal = Terminal::start_with(home.path(), (100, 30), &["review"], variables);
    terminal.wait_for(ROW);
    terminal.press("\r");
    terminal.wait_for("not judged");
    for (keys, shown) in [("?", "Help"), ("\x1b", "not judged"), ("x", "What went wrong?")] {
        terminal.press(keys);
        terminal.wait_for(shown);
    }
    terminal.press("odd\r");
    terminal.wait_for("FAIL");
    terminal.wait_for("saved");
    terminal.press("\x1b");
    terminal.wait("the verdict in the queue", |s| s.contains("most suspicious first") && s.contains("FAIL"));
    terminal.press("q");
    let (status, screen, bytes) = terminal.finish();
    assert!(status.success(), "{screen}");
    bytes
}

#[test]
fn no_color_is_no_colour_and_the_c_locale_is_ascii() {
    assert!(allowlist::is_coloured(&tour(&[])), "else the next line could not fail");
    assert!(!allowlist::is_coloured(&tour(&[("NO_COLOR", "1")])));
    for variables in [&[("LANG", "C")][..], &[("LC_ALL", "POSIX"), ("LANG", "en_GB.UTF-8")]] {
        let bytes = tour(variables);
        let odd = String::from_utf8(bytes).unwrap().chars().find(|c| !c.is_ascii());
        assert_eq!(odd, None);
    }
}

#[test]
fn a_paste_is_text_and_never_keys() {
    let home = stocked(3);
    let mut terminal = open(&home, (80, 24));
    let (begin, end) = PASTE;
    // Where nothing takes text: each of these letters would judge, skip or leave.
    terminal.press(&format!("{begin}aisqx\r{end}"));
    terminal.wait_for("Pasted text was ignored");
    terminal.press("J");
    terminal.wait_for("step 2 of 3");
    // With the mark of its end inside.
    terminal.press(&format!("{begin}one{end}aaaisq\x03\r"));
    terminal.wait_for("Pasted text was ignored");
    terminal.press("/");
    terminal.wait_for("Find in this conversation");
    terminal.press(&format!("{begin}lost{end}aq\x03\x1bq"));
    terminal.wait_for("> lostaq ");
    terminal.press("\x15");
    let megabyte = "lorem ipsum\r\n".repeat(80_000);
    terminal.press(&format!("{begin}{megabyte}{end}"));
    terminal.wait_for("Too long: 10000 of 1040000 bytes pasted.");
    terminal.press("\x1b");
    terminal.wait("the prompt closed", |screen| !screen.contains("Find in this conversation"));
    terminal.press("e");
    terminal.wait_for("Note on this conversation");
    terminal.press(&format!("{begin}{megabyte}{end}"));
    terminal.wait_for("Too long: 200000 of 1040000 bytes pasted.");
    terminal.press("\x13");
    terminal.wait_for("note saved");
    terminal.press("\x03");
    assert!(terminal.finish().0.success());
    let events = home.lines(&["events", "--json"]);
    let kinds: Vec<&Value> = events.iter().map(|event| &event["kind"]).collect();
    assert_eq!(kinds, ["note"]);
    assert_eq!(judged(&home), 0);
}

/// A script that stands in for an editor.
fn editor(home: &Home, script: &str) -> String {
    format!("sh {}", home.file("editor.sh", script))
}

#[test]
fn an_editor_that_goes_wrong_changes_no_note_and_leaves_no_file() {
    let home = stocked(2);
    let scratch = home.path().join("tmp");
    std::fs::create_dir(&scratch).unwrap();
    let scratch_name = scratch.display().to_string();
    let cases = [
        ("no-such-editor-here".to_owned(), "unchanged"),
        (editor(&home, "exit 3"), "unchanged"),
        (format!("sh {}", home.file("long.sh", "head -c 10000000 /dev/zero | tr '\\0' x > \"$1\"")), "unchanged"),
        (format!("sh {}", home.file("odd.sh", "printf '\\377\\376' > \"$1\"")), "unchanged"),
        (
            format!("sh {}", home.file("mode.sh", "stat -c 'mode %a' \"$1\" > \"$1.new\"; mv \"$1.new\" \"$1\"")),
            "mode 600",
        ),
        (
            format!(
                "sh {}",
                home.file("hostile.sh", "printf 'a\\033[2J\\033]52;c;AAAA\\007z \\342\\200\\256 end' > \"$1\"")
            ),
            "end",
        ),
    ];
    for (command, shown) in cases {
        let variables = [("EDITOR", command.as_str()), ("TMPDIR", scratch_name.as_str())];
        let mut terminal = Terminal::start_with(home.path(), (120, 30), &["review", "t-1"], &variables);
        terminal.wait_for("not judged");
        terminal.press("e");
        terminal.wait_for("Note on this conversation");
        terminal.press("kept as typed");
        terminal.wait_for("kept as typed");
        terminal.press("\x05");
        terminal.wait_for(shown);
        if shown == "unchanged" {
            assert!(terminal.screen().contains("kept as typed"), "{command}: {}", terminal.screen());
        }
        terminal.press("\x03");
        let (status, screen, bytes) = terminal.finish();
        assert!(status.success(), "{command}: {screen}");
        assert_eq!(allowlist::findings(&bytes, &[]), Vec::<String>::new(), "{command}");
        assert_eq!(std::fs::read_dir(&scratch).unwrap().count(), 0, "{command} left a file");
    }
}

#[test]
fn a_held_lock_delays_a_label_and_then_it_is_kept_to_be_saved_again() {
    let home = stocked(2);
    let mut terminal = open(&home, (120, 30));
    let other = rusqlite::Connection::open(home.workspace().join("aftercall.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    terminal.press("a");
    terminal.wait_for("not saved");
    assert!(!terminal.screen().contains("PASS saved"), "{}", terminal.screen());
    other.execute_batch("ROLLBACK").unwrap();
    terminal.press("\x13");
    terminal.wait_for("PASS saved");
    terminal.press("\x03");
    assert!(terminal.finish().0.success());
    assert_eq!(judged(&home), 1);
}

#[test]
fn keys_that_clash_are_refused_before_the_screen_is_taken() {
    let home = stocked(1);
    for (text, told) in [
        ("\n[keys]\npass = [\"x\"]\n", "config.toml:3: "),
        ("[keys]\npas = [\"p\"]\n", "did you mean \"pass\""),
        ("theme = \"pink\"\n", "config.toml:1: "),
    ] {
        home.file(".config/aftercall/config.toml", text);
        let (status, screen, bytes) = Terminal::start(home.path(), (200, 24), &["review"]).finish();
        assert_eq!(status.exit_code(), 2, "{screen}");
        assert!(screen.contains(told), "{screen}");
        assert!(!bytes.contains(&0x1b), "{screen}");
    }
    home.file(".config/aftercall/config.toml", "[keys]\npass = [\"p\"]\n");
    let mut terminal = open(&home, (100, 30));
    terminal.press("p");
    terminal.wait_for("PASS saved");
    terminal.press("\x03");
    assert!(terminal.finish().0.success());
}

#[test]
fn two_windows_label_side_by_side_and_neither_loses() {
    let home = stocked(6);
    let mut first = open(&home, (100, 30));
    let mut second = open(&home, (100, 30));
    let verdicts = || home.lines(&["events", "--json"]).iter().filter(|event| event["kind"] == "verdict").count();
    for number in 0..3 {
        for (at, terminal) in [&mut first, &mut second].into_iter().enumerate() {
            wait_at(terminal, &format!("{}/6", number + 1));
            terminal.press("a");
            terminal.wait("a verdict in the log", |_| verdicts() == 2 * number + at + 1);
        }
    }
    for terminal in [&mut first, &mut second] {
        terminal.press("\x03");
    }
    assert!(first.finish().0.success() && second.finish().0.success());
    assert_eq!(verdicts(), 6);
    home.ok(&["verify"]);
}

fn shared(folder: &str) -> Option<PathBuf> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/hostile")).join(folder);
    if path.is_dir() {
        return Some(path);
    }
    println!("skipped: ../shared is absent");
    None
}

fn hostile() -> Option<Home> {
    let folder = shared("text")?;
    let home = Home::new();
    let mut arguments = vec!["import".to_owned()];
    arguments.extend(
        std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
            .map(|path| path.display().to_string()),
    );
    arguments.sort();
    arguments.swap(0, 1);
    let position = arguments.iter().position(|argument| argument == "import").unwrap();
    arguments.swap(0, position);
    home.ok(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    Some(home)
}

#[test]
fn hostile_transcripts_write_nothing_a_terminal_obeys() {
    let Some(home) = hostile() else { return };
    let count = home.lines(&["list", "--json"]).len();
    assert!(count >= 20);
    for size in [(80, 24), (120, 36)] {
        let mut terminal = Terminal::start(home.path(), size, &["review"]);
        terminal.wait_for(&format!("{count} conversations"));
        terminal.press("Gg?");
        terminal.wait_for("Help ·");
        assert!(!terminal.screen().contains(['👩', '👧', '🏻']), "left behind:\n{}", terminal.screen());
        escape(&mut terminal, "Help ·");
        terminal.press("/refund\r");
        terminal.wait("the prompt closed", |screen| !screen.contains("Find in all"));
        terminal.press("n\r");
        for at in 0..count {
            let number = |at: usize| format!("┌ {}/{count} ", at % count + 1);
            if at == 0 {
                terminal.wait(" a conversation", |screen| screen.contains(&format!("/{count} ")));
            }
            let line = terminal.screen().lines().next().unwrap_or_default().to_owned();
            let here = (0..count).find(|at| line.contains(&number(*at))).expect("a place in the queue");
            terminal.press("J2J3jjG4J5671zz#G#m\t\tJ!");
            terminal.press("?");
            terminal.wait_for("Help ·");
            assert!(!terminal.screen().contains(['👩', '👧', '🏻']), "left behind:\n{}", terminal.screen());
            escape(&mut terminal, "Help ·");
            terminal.press("/e\r");
            terminal.wait("the find closed", |screen| !screen.contains("Find in this"));
            terminal.press("@");
            terminal.wait_for("Messages");
            escape(&mut terminal, "Messages");
            if here + 1 == count {
                terminal.press("q");
                terminal.wait_for("most suspicious first");
                terminal.press("g\r");
            } else {
                terminal.press("]");
            }
            terminal.wait(&number(here + 1), |screen| {
                screen.lines().next().is_some_and(|line| line.contains(&number(here + 1)))
            });
        }
        terminal.press("\x03");
        let (status, screen, bytes) = terminal.finish();
        assert!(status.success(), "{screen}");
        assert_eq!(allowlist::findings(&bytes, &[]), Vec::<String>::new());
        assert!(bytes.len() > 50_000, "only {} bytes: too little to mean anything", bytes.len());
    }
}

#[test]
fn what_is_copied_is_the_only_thing_beside_text_and_holds_no_controls() {
    let Some(home) = hostile() else { return };
    let mut terminal = Terminal::start(home.path(), (120, 36), &["review"]);
    terminal.wait_for(ROW);
    terminal.press("\r");
    terminal.wait_for("not judged");
    let count = home.lines(&["list", "--json"]).len();
    for at in 1..count {
        wait_at(&terminal, &format!("{at}/{count}"));
        terminal.press("y");
        terminal.wait_for("Copied");
        terminal.press("]");
    }
    terminal.press("\x03");
    let (_, _, bytes) = terminal.finish();
    assert_eq!(allowlist::findings(&bytes, &["52"]), Vec::<String>::new());
    let text = String::from_utf8(bytes).unwrap();
    let copies: Vec<&str> =
        text.split("\x1b]52;c;").skip(1).filter_map(|rest| rest.split(['\x07', '\x1b']).next()).collect();
    assert_eq!(copies.len(), count - 1);
    for copy in copies {
        let copied = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, copy).unwrap();
        let copied = String::from_utf8(copied).unwrap();
        assert!(copied.chars().all(|c| !c.is_control() || c == '\n' || c == '\t'), "{copied:?}");
    }
}

#[test]
fn the_drivers_of_the_hostile_cases_find_nothing() {
    let (Some(home), Some(drivers)) = (hostile(), shared("drivers")) else { return };
    if std::process::Command::new("python3").arg("--version").output().is_err() {
        println!("skipped: there is no python3");
        return;
    }
    let runs: [&[&str]; 4] = [
        &["--keys", "\\rjJ2J3]J]zz#?\\e/e\\r]]q\\eq", "--secs", "6"],
        &["--keys", "\\r", "--resize", "60", "--sig", "TERM", "--secs", "8"],
        &["--size", "80x24", "--keys", "\\r?", "--sig", "HUP", "--secs", "6"],
        &["--size", "59x15", "--keys", "\\rx", "--sig", "INT", "--secs", "6"],
    ];
    for options in runs {
        let mut command = std::process::Command::new("python3");
        command.arg(drivers.join("pty_allowlist.py")).args(options).arg("--").arg(env!("CARGO_BIN_EXE_aftercall"));
        command.arg("review").env("HOME", home.path()).env("TERM", "xterm-256color").env_remove("NO_COLOR");
        let ran = home::ran(&mut command);
        assert_eq!(ran.code, 0, "{options:?}: {ran:?}");
        assert!(ran.out.contains("findings 0") && !ran.out.contains("still running"), "{options:?}: {}", ran.out);
    }
}
