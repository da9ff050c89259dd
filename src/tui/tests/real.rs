//! Stories on a real workspace, by way of the engine without threads.
//!
//! Invariant: what a story says was saved is read back from the disk by a new program.

use super::*;
use crate::engine::EngineSetup;
use crate::engine::inline::Inline;
use crate::engine::request::EngineMessage;
use crate::model::label::Verdict;
use crate::ops::workspace::Identity;

pub const CHATS: &str = concat!(
    r#"{"id":"shop-1","messages":[{"role":"user","content":"Please cancel order LF-77."},"#,
    r#"{"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"refund_order","arguments":"{\"order_id\": \"LF-77\"}"}}]},"#,
    r#"{"role":"tool","tool_call_id":"a","content":"{\"ok\": true}"},"#,
    r#"{"role":"assistant","content":"Done, it is refunded."}],"#,
    r#""tools":[{"type":"function","function":{"name":"refund_order","parameters":{"type":"object","properties":{"order_id":{"type":"string"}},"required":["order_id"]}}},"#,
    r#"{"type":"function","function":{"name":"cancel_order","parameters":{"type":"object","properties":{"order_id":{"type":"string"}},"required":["order_id"]}}}]}"#,
    "\n",
    r#"{"id":"shop-2","messages":[{"role":"user","content":"Are you open on Sunday?"},{"role":"assistant","content":"Yes, from ten to four."}]}"#,
    "\n",
);

/// A screen on a real workspace.
pub struct Desk {
    pub app: App,
    inline: Inline,
}

impl Desk {
    pub fn open(root: &std::path::Path) -> Self {
        let identity = Identity::load("lee", &root.join("state")).unwrap();
        let setup = EngineSetup { root: root.join("workspace"), identity, clock: || NOW };
        let mut app = App::with(Vec::new(), Theme::default(), (120, 36));
        app.held = Some(Vec::new());
        app.state = State::new(config(Theme::default()), Size { columns: 120, rows: 36 });
        let mut desk = Self { app, inline: Inline::new(setup) };
        let commands = begin(&mut desk.app.state, Start::Queue(String::new()));
        desk.app.perform(commands);
        desk.settle();
        desk
    }

    /// Has the workers answer until nothing is asked any more.
    pub fn settle(&mut self) {
        loop {
            let asked = self.app.held.replace(Vec::new()).unwrap_or_default();
            if asked.is_empty() {
                return;
            }
            for (ticket, request) in asked {
                self.inline.ask(ticket, &request);
                for message in self.inline.drain() {
                    self.app.send(match message {
                        EngineMessage::Reply(ticket, reply) => Message::Reply(ticket, reply),
                        EngineMessage::Progress(ticket, progress) => Message::Progress(ticket, progress),
                        EngineMessage::Arrived => Message::Arrived,
                        EngineMessage::Notice(text) => Message::Notice(text),
                    });
                }
            }
        }
    }

    pub fn press(&mut self, keys: &str) -> String {
        for key in keys.split(' ').filter(|key| !key.is_empty()) {
            self.app.press(key);
            self.settle();
        }
        self.app.frame()
    }

    pub fn own(&self) -> Option<&Label> {
        self.app.state.review.as_ref()?.opened.as_ref()?.own.as_ref()
    }
}

/// A conversation of many turns in which the words stand far down, with an address beside them.
fn long_chat() -> String {
    let turn = |at: usize| {
        let said = if at == 31 {
            "My address is ana@example.com, and the Rückgabe of order LF-4 was refused.".to_owned()
        } else {
            format!("This is turn {at} of a long story about nothing in particular.")
        };
        let role = if at.is_multiple_of(2) { "assistant" } else { "user" };
        format!(r#"{{"role":"{role}","content":"{said}"}}"#)
    };
    let turns: Vec<String> = (1..=40).map(turn).collect();
    format!("{{\"id\":\"long\",\"messages\":[{}]}}\n", turns.join(","))
}

#[test]
fn what_is_found_in_the_queue_is_shown_and_enter_goes_there() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chats.jsonl");
    std::fs::write(&file, format!("{CHATS}{}", long_chat())).unwrap();
    let mut desk = Desk::open(folder.path());
    desk.press("<enter>");
    desk.app.send(Message::Paste(file.to_string_lossy().into_owned()));
    desk.press("<enter> <esc>");
    let frame = desk.press("/ \"ruckgabe_refu\" <enter>");
    assert!(frame.contains("Found, or first message"), "{frame}");
    // The word that is being typed may go on, accents do not count, and what is masked stays masked.
    assert!(frame.contains("31: ") && frame.contains("and the Rückgabe of order LF-4"), "{frame}");
    assert!(!frame.contains("ana@example.com"), "{frame}");
    desk.press("<enter>");
    let review = desk.app.state.review.as_ref().unwrap();
    assert_eq!(review.step_index(), Some(30));
    let frame = desk.app.frame();
    assert!(frame.contains("Rückgabe"), "{frame}");
    // Back, and without the search the rows are what they were.
    let frame = desk.press("q <esc>");
    assert!(frame.contains("First message") && !frame.contains("31: "), "{frame}");
    // A phrase is found as it stands; words that stand apart are no phrase.
    let frame = desk.press("/ \"\"was_refused\"\" <enter>");
    assert!(frame.contains("31: "), "{frame}");
    let frame = desk.press("<esc> / \"\"refused_was\"\" <enter>");
    assert!(frame.contains("No conversation here holds"), "{frame}");
}

#[test]
fn import_judge_correct_leave_and_undo_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chats.jsonl");
    std::fs::write(&file, CHATS).unwrap();
    let mut desk = Desk::open(folder.path());
    assert!(desk.app.frame().contains("No conversations here yet."), "{}", desk.app.frame());

    desk.press("<enter>");
    desk.app.send(Message::Paste(file.to_string_lossy().into_owned()));
    let frame = desk.press("<enter> <esc>");
    assert!(frame.contains("2 conversations") && frame.contains("2 left"), "{frame}");

    // The cancellation that became a refund: found by its words, fixed with the right tool.
    desk.press("/ \"cancel\" <enter> <enter> J");
    let frame = desk.press("t \"can\" <enter>");
    assert!(frame.contains("LF-77") && frame.contains("fits the schema"), "{frame}");
    desk.press("<ctrl-s> <enter>");
    let frame = desk.press("a");
    assert!(frame.contains("2 done · 0 left"), "{frame}");
    assert!(frame.contains("PASS saved ✓ 09:41:00"), "{frame}");
    drop(desk);

    let mut desk = Desk::open(folder.path());
    assert!(desk.app.frame().contains("2 done · 0 left"), "{}", desk.app.frame());
    let frame = desk.press("u");
    assert!(frame.contains("1 done · 1 left") && frame.contains("undone"), "{frame}");
    desk.press("/ \"cancel\" <enter> <enter>");
    let own = desk.own().unwrap();
    assert_eq!((own.verdict, own.first_failure.as_ref().map(|at| at.step)), (Some(Verdict::Fail), Some(2)));
    assert_eq!(own.modes, ["wrong-tool"]);
    assert_eq!(own.corrections[0].correction.tool.as_deref(), Some("cancel_order"));
    let frame = desk.press("u");
    assert!(desk.own().is_none() && frame.contains("not judged"), "{frame}");
    let frame = desk.press("U");
    assert!(desk.own().is_some() && frame.contains("FAIL"), "{frame}");
}

#[test]
fn a_codebook_grows_from_fails_and_its_modes_can_be_renamed_and_merged() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chats.jsonl");
    std::fs::write(&file, CHATS).unwrap();
    let mut desk = Desk::open(folder.path());
    desk.press("<ctrl-o>");
    desk.app.send(Message::Paste(file.to_string_lossy().into_owned()));
    desk.press("<enter> <esc> <enter> x \"wrong_tool\" <tab> \"bad_tool\" <enter>");
    assert_eq!(desk.app.state.codebook.modes.len(), 2);
    desk.press(": \"merge\" <enter> \"bad\" <enter> \"wrong\" <enter>");
    assert_eq!(desk.app.state.codebook.modes.len(), 1);
    desk.press(": \"rename\" <enter> <enter> <ctrl-u> \"Not_the_right_tool\" <enter>");
    assert_eq!(desk.app.state.codebook.modes[0].name, "Not the right tool");
    let frame = desk.press("x");
    assert!(frame.contains("1 Not the right tool"), "{frame}");
}

#[test]
fn hostile_files_are_shown_safely() {
    let hostile = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/hostile/text"));
    let Ok(files) = std::fs::read_dir(hostile) else {
        println!("skipped: ../shared is absent");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut desk = Desk::open(folder.path());
    for file in files.map(|file| file.unwrap().path()).filter(|path| path.extension().is_some_and(|e| e == "jsonl")) {
        desk.press("<ctrl-o>");
        desk.app.send(Message::Paste(file.to_string_lossy().into_owned()));
        desk.press("<enter> <esc>");
    }
    let count = desk.app.state.queue.index.ids.len();
    assert!(count >= 20, "{count}");
    desk.press("<enter>");
    for at in 0..count {
        for keys in ["", "J", "2", "J", "3", "J", "4", "5", "1", "z", "z", "z", "#", "#"] {
            desk.press(keys);
            super::frames::check(&desk.app, &format!("conversation {at}, {keys}"));
        }
        desk.press("]");
    }
}

#[test]
fn evaluators_judge_from_the_palette_and_the_queue_shows_what_they_said() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chats.jsonl");
    std::fs::write(&file, CHATS).unwrap();
    let mut desk = Desk::open(folder.path());
    desk.press("<enter>");
    desk.app.send(Message::Paste(file.to_string_lossy().into_owned()));
    desk.press("<enter> <esc>");
    let scored = |desk: &Desk| desk.app.state.queue.rows.values().filter(|row| !row.worst.is_empty()).count();
    assert!(scored(&desk) > 0, "an import is judged at once");
    let frame = desk.press(": \"evaluate\" <enter>");
    assert!(frame.contains("conversations evaluated"), "{frame}");
}
