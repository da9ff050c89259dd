//! A home of its own for the program, and runs of it there.
//!
//! Invariant: nothing of the machine's own settings or workspaces is read or written.

#![allow(clippy::unwrap_used, dead_code, reason = "shared by several tests, each of which uses some of it")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// A folder with everything the program may touch.
pub struct Desk {
    folder: tempfile::TempDir,
}

/// What a run gave.
#[derive(Debug)]
pub struct Ran {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Desk {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["home", "data", "config/aftercall", "state"] {
            std::fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        Self { folder }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The program, in this home, with a reviewer named lee.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aftercall"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.path("home"))
            .env("XDG_DATA_HOME", self.path("data"))
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("XDG_STATE_HOME", self.path("state"))
            .env("USER", "lee")
            .env("COLUMNS", "100")
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        ran(&self.command(arguments).output().unwrap())
    }

    /// A run that must go well; its standard output.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {ran:?}");
        ran.out
    }

    /// The JSON lines of a run that must go well.
    pub fn json(&self, arguments: &[&str]) -> Vec<Value> {
        self.ok(arguments).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

pub fn ran(output: &Output) -> Ran {
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The rows of a data file.
pub fn rows(path: &Path) -> Vec<Value> {
    std::fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The optional test data beside the repository.
pub fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared")).join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: ../shared is absent");
    None
}

/// A conversation about an order that was cancelled with the wrong tool. Everybody in it is invented.
pub fn wrong_tool() -> String {
    let call = |id: &str, name: &str, arguments: &str| serde_json::json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}});
    let tool = |name: &str, parameter: &str| {
        serde_json::json!({"type": "function", "function": {"name": name, "description": format!("{name}."),
            "parameters": {"type": "object", "properties": {parameter: {"type": "string"}}, "required": [parameter]}}})
    };
    let row = serde_json::json!({
        "conversation_id": "shop-1",
        "started_at": "2026-11-02T09:00:00Z",
        "metadata": {"intent": "cancel_order", "customer_id": "cust-1"},
        "messages": [
            {"role": "system", "content": "You are Wren."},
            {"role": "user", "content": "Please cancel order A-1. I am anna.berg@example.com, +49 30 901820."},
            {"role": "assistant", "content": "Let me look.", "tool_calls": [
                call("c1", "get_order", "{\"order_id\": \"A-1\"}"), call("c2", "get_member", "{\"member_id\": \"M-1\"}")]},
            {"role": "tool", "tool_call_id": "c1", "content": "{\"status\":\"paid\",\"card\":\"4111 1111 1111 1111\"}"},
            {"role": "tool", "tool_call_id": "c2", "content": "{\"points\":7,\"iban\":\"DE89370400440532013000\"}"},
            {"role": "assistant", "content": null, "tool_calls": [
                call("c3", "cancel_membership", "{\"member_id\": \"M-1\", \"for\": \"anna.berg@example.com\"}")]},
            {"role": "tool", "tool_call_id": "c3", "content": "{\"ok\":true,\"ip\":\"203.0.113.77\"}"},
            {"role": "assistant", "content": "Done. REMAINDER"},
        ],
        "tools": [tool("get_order", "order_id"), tool("get_member", "member_id"), tool("cancel_order", "order_id"),
                  tool("cancel_membership", "member_id")],
        "scores": [{"name": "tool_choice", "value": 0.1, "explanation": "told anna.berg@example.com so"}],
    });
    format!("{row}\n")
}

/// The personal data in [`wrong_tool`].
pub const PERSONAL: [&str; 5] =
    ["anna.berg@example.com", "901820", "4111 1111 1111 1111", "DE89370400440532013000", "203.0.113.77"];
