//! What can happen to the screen.
//!
//! Invariant: everything the screen learns, the time included, arrives as one of these.

use super::keymap::Chord;
use super::layout::Size;
use crate::engine::request::{Progress, Reply, Ticket};
use crate::model::time::Timestamp;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// A key was pressed.
    Key(Chord),
    /// Text was pasted; it is text, never keys.
    Paste(String),
    /// The left button was pressed.
    Click {
        /// From the left, 0 first.
        column: u16,
        /// From the top, 0 first.
        row: u16,
    },
    /// The wheel was turned.
    Wheel {
        /// From the left, 0 first.
        column: u16,
        /// From the top, 0 first.
        row: u16,
        /// Lines; negative is up.
        lines: isize,
    },
    /// The terminal has another size.
    Resize(Size),
    /// Conversations or labels came into the workspace from elsewhere.
    Arrived,
    /// Something the reviewer should know.
    Notice(String),
    /// Nothing happened for a moment.
    Idle,
    /// The time.
    Clock(Timestamp),
    /// A worker answered.
    Reply(Ticket, Reply),
    /// A job told how far it is.
    Progress(Ticket, Progress),
    /// An outside editor was closed: its text, or why there is none.
    Edited(Result<String, String>),
    /// Text went to the clipboard: how many characters, or why not.
    Copied(Result<usize, String>),
    /// The system asks the program to end.
    Terminate,
    /// The system asks the program to stop for now.
    Suspend,
}
