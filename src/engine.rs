//! Every worker thread of the program, and the requests and replies that pass between them and the screen.
//!
//! Invariant: a write is answered with "saved" only after it was committed and synced; a late reply is harmless, since
//! each carries its ticket.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use crate::model::time::Timestamp;
use crate::ops::workspace::Identity;

pub mod inline;
mod lane;
mod perform;
pub mod request;

use lane::{JobLane, OwnEvents, Perform, ReadLane, Setting, WriteLane};
use request::{EngineMessage, Request, Ticket};

/// Tells the time.
pub type Clock = fn() -> Timestamp;

/// Where the workers work, and as whom.
#[derive(Debug, Clone)]
pub struct EngineSetup {
    /// The workspace folder.
    pub root: PathBuf,
    /// The reviewer and device.
    pub identity: Identity,
    /// The clock; [`system_clock`] outside of tests.
    pub clock: Clock,
}

/// The three lanes: reading, writing, jobs.
pub struct Engine {
    read: ReadLane,
    write: WriteLane,
    job: JobLane,
}

/// The time of the system, in UTC microseconds.
pub fn system_clock() -> Timestamp {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// Waits, for a command that has nothing to do for a moment.
pub fn pause(time: std::time::Duration) {
    std::thread::sleep(time);
}

/// Carries out `ahead` on a thread of its own and `work` on this one, and answers when both are done. False where the
/// system starts no more threads: then neither was begun.
pub fn beside(ahead: &mut (dyn FnMut() + Send), work: &mut dyn FnMut()) -> bool {
    std::thread::scope(|scope| {
        let begun = std::thread::Builder::new().name("ahead".into()).spawn_scoped(scope, ahead).is_ok();
        if begun {
            work();
        }
        begun
    })
}

impl Engine {
    /// Starts the workers; each opens the workspace on its own, and what they answer goes to `outlet`.
    ///
    /// # Errors
    /// The system starts no more threads.
    pub fn start(setup: EngineSetup, outlet: Sender<EngineMessage>) -> std::io::Result<Self> {
        Self::start_with(setup, outlet, perform::perform)
    }

    fn start_with(setup: EngineSetup, outlet: Sender<EngineMessage>, perform: Perform) -> std::io::Result<Self> {
        let setting = Arc::new(Setting { setup, outlet, perform, own: OwnEvents::default() });
        Ok(Self {
            read: ReadLane::start(&setting)?,
            write: WriteLane::start(&setting)?,
            job: JobLane::start(&setting)?,
        })
    }

    /// Asks for something. Tickets rise; every request is answered exactly once, under its ticket.
    pub fn ask(&self, ticket: Ticket, request: Request) {
        match lane_of(&request) {
            LaneName::Read => self.read.ask(ticket, request),
            LaneName::Write => self.write.ask(ticket, request),
            LaneName::Job => self.job.ask(ticket, request),
        }
    }

    /// Stops a job or a read, which then answers that it was cancelled. Writes are never stopped.
    pub fn cancel(&self, ticket: Ticket) {
        self.read.cancel(ticket);
        self.job.cancel(ticket);
    }

    /// Ends the workers: reads are interrupted, jobs stop at their next step, every write asked for is carried out.
    pub fn join(self) {
        self.read.stop();
        self.job.stop();
        drop(self);
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Engine")
    }
}

enum LaneName {
    Read,
    Write,
    Job,
}

fn lane_of(request: &Request) -> LaneName {
    match request {
        Request::Queue(_)
        | Request::Rows(_)
        | Request::QueueRows(..)
        | Request::Queues
        | Request::Insights(_)
        | Request::Figures(..)
        | Request::Preview(_)
        | Request::Disputes
        | Request::Dispute(_)
        | Request::DisputeForRoom(_)
        | Request::Calibrations
        | Request::Calibration(_)
        | Request::Snippets(..)
        | Request::Open(_)
        | Request::OpenForRoom(_)
        | Request::Session
        | Request::SessionSheet(_)
        | Request::Codebook
        | Request::Tools
        | Request::LastFail
        | Request::Begun
        | Request::Highlight(_) => LaneName::Read,
        // A pack is a human act like any other, so that undo finds it in its place.
        Request::Record(_)
        | Request::StartSession(_)
        | Request::StartCalibration(_)
        | Request::Settle { .. }
        | Request::Claim(_)
        | Request::Release(_)
        | Request::KeepBegun(_)
        | Request::Undo
        | Request::Redo
        | Request::LoadPack(_) => LaneName::Write,
        Request::Import(_)
        | Request::Export(_)
        | Request::Evaluate(_)
        | Request::WriteInsights(..)
        | Request::WriteReport(..) => LaneName::Job,
    }
}

#[cfg(test)]
mod tests;
