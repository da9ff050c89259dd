//! The demo, without and with its screen: labels stay, examples are there, nobody else's folder is touched.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on should stop")]

#[path = "support/allowlist.rs"]
mod allowlist;
#[path = "support/home.rs"]
mod home;
#[path = "support/pty.rs"]
mod pty;

use home::Home;
use pty::Terminal;

#[test]
fn the_demo_keeps_its_labels_until_it_starts_over() {
    let home = Home::new();
    let said = home.run(&["demo", "--no-ui"]);
    let root = home.path().join(".local/share/aftercall/demo").display().to_string();
    assert!(said.code == 0 && said.err.contains("export") && said.err.contains(&root), "{said:?}");
    assert!(!home.workspace().exists(), "the user's own workspace is not touched");
    let judged = |home: &Home| home.lines(&["--workspace", &root, "list", "--json", "--where", "verdict:any"]).len();
    assert_eq!(judged(&home), 2);
    home.ok(&["--workspace", &root, "label", "lk-1001", "--fail", "--no-step"]);
    home.ok(&["demo", "--no-ui", "-q"]);
    assert_eq!(judged(&home), 3);
    home.ok(&["demo", "--no-ui", "--fresh"]);
    assert_eq!(judged(&home), 2);
    home.ok(&["--workspace", &root, "verify"]);
}

#[test]
fn a_folder_of_somebodys_own_is_never_cleared() {
    let home = Home::new();
    home.import(home::SMALL);
    let own = home.workspace().display().to_string();
    for arguments in
        [&["--workspace", &own, "demo", "--no-ui"][..], &["--workspace", &own, "demo", "--no-ui", "--fresh"]]
    {
        let ran = home.run(arguments);
        assert_eq!(ran.code, 4, "{ran:?}");
    }
    assert_eq!(home.lines(&["list", "--json"]).len(), 1);
}

#[test]
fn a_new_user_judges_in_the_demo_comes_back_undoes_and_exports() {
    let home = Home::new();
    let mut terminal = Terminal::start(home.path(), (120, 36), &["demo", "--reviewer", "mara"]);
    terminal.wait_for("58 conversations");
    terminal.press("\r");
    terminal.wait_for("not judged");
    terminal.press("a");
    terminal.wait_for("PASS saved");
    terminal.press("x");
    terminal.wait_for("What went wrong?");
    terminal.press("1\r");
    terminal.wait_for("FAIL");
    terminal.wait("a saved fail", |screen| screen.contains("Wrong tool") && screen.contains("saved"));
    terminal.press("\x1b");
    terminal.wait_for("most suspicious first");
    terminal.press("q");
    let (status, screen, _) = terminal.finish();
    assert!(status.success(), "{screen}");
    assert!(screen.contains("Your labels are in") && screen.contains("export"), "{screen}");

    let root = home.path().join(".local/share/aftercall/demo").display().to_string();
    let judged = |home: &Home| home.lines(&["--workspace", &root, "list", "--json", "--where", "verdict:any"]).len();
    assert_eq!(judged(&home), 4);
    let mut terminal = Terminal::start(home.path(), (80, 24), &["demo", "--reviewer", "mara"]);
    terminal.wait_for("58 conversations");
    terminal.press("u");
    terminal.wait_for("undone");
    terminal.press("q");
    assert!(terminal.finish().0.success());
    assert_eq!(judged(&home), 3);
    home.ok(&["--workspace", &root, "export", "out", "--format", "labels,openai-sft"]);
    let rows = std::fs::read_to_string(home.path().join("out/labels.jsonl")).unwrap();
    assert_eq!(rows.lines().count(), 3);
}
