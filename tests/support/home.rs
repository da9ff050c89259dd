//! The program run as a person with an empty home would run it.
//!
//! Invariant: nothing of the real environment reaches it; every run is over when this returns.

#![allow(dead_code, reason = "not every test that runs the program needs all of it")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// A home of its own, deleted at the end.
pub struct Home(tempfile::TempDir);

/// What came of a run.
#[derive(Debug)]
pub struct Ran {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Home {
    /// An empty home.
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    /// The home's folder.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// The workspace's folder.
    pub fn workspace(&self) -> PathBuf {
        self.path().join(".local/share/aftercall/workspace")
    }

    /// Writes a file in the home and answers its path.
    pub fn file(&self, name: &str, content: &str) -> String {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, content).expect("a file");
        path.display().to_string()
    }

    /// The program, ready to be run in the home.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aftercall"));
        command.args(arguments).env_clear().env("HOME", self.path()).env("USER", "mara").current_dir(self.path());
        command.stdin(Stdio::null());
        command
    }

    /// Runs the program.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        ran(&mut self.command(arguments))
    }

    /// Runs the program, which has to succeed, and answers its standard output.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {ran:?}");
        ran.out
    }

    /// Runs the program, which has to print one JSON object.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let out = self.ok(arguments);
        assert_eq!(out.lines().count(), 1, "{out}");
        serde_json::from_str(&out).expect("one JSON object")
    }

    /// Runs the program, which has to print JSON lines.
    pub fn lines(&self, arguments: &[&str]) -> Vec<Value> {
        self.ok(arguments).lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect()
    }

    /// Imports conversations given as JSON lines.
    pub fn import(&self, lines: &str) {
        let path = self.file("conversations.jsonl", lines);
        self.ok(&["import", &path, "--source", "test"]);
    }
}

/// Runs a command to its end.
pub fn ran(command: &mut Command) -> Ran {
    let output = command.output().expect("the program runs");
    std::io::stderr().flush().expect("standard error");
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// The sample data of the repository.
pub fn sample(name: &str) -> String {
    format!("{}/sample-data/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// A conversation with a wrong call and personal data in every place that holds text.
pub const SMALL: &str = r#"{"conversation_id":"t-1","started_at":"2026-11-02T09:00:00Z","metadata":{"intent":"refund","language":"en","contact":"ana.petrov@example.com"},"messages":[{"role":"system","content":"Help. Escalate to boss@example.com."},{"role":"user","content":"I am ana.petrov@example.com, where is LF-1?"},{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"cancel_order","arguments":"{\"order_id\":\"LF-1\",\"email\":\"ana.petrov@example.com\"}"}}]},{"role":"tool","tool_call_id":"call_1","content":"{\"ok\":true,\"email\":\"ana.petrov@example.com\"}"},{"role":"assistant","content":"Done, I wrote to ana.petrov@example.com."}],"tools":[{"type":"function","x-effect":"read","function":{"name":"get_order","description":"Looks an order up","parameters":{"type":"object","properties":{"order_id":{"type":"string"}},"required":["order_id"]}}},{"type":"function","function":{"name":"cancel_order","description":"Cancels","parameters":{"type":"object","properties":{"order_id":{"type":"string"},"email":{"type":"string"}}}}}],"scores":[{"name":"helpfulness","value":0.2,"explanation":"ana.petrov@example.com was not helped"}],"outcomes":{"csat":1}}
"#;
