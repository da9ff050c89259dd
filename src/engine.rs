//! Every worker thread of the program, and the requests and replies that pass between them and the screen.
//!
//! Invariant: a write is answered with "saved" only after it was committed and synced; a late reply is harmless, since
//! each carries its ticket.

pub mod request;
