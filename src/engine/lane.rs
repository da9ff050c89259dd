//! What the lanes share: a workspace of their own that opens when it is first needed, and answers that survive a panic.
//!
//! Invariant: every request is answered exactly once, whatever happens while it is carried out.

use std::any::Any;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use crate::ops::workspace::{Workspace, WorkspaceError};
use crate::store::{Access, ErrorClass, StoreError};

use super::EngineSetup;
use super::request::{EngineMessage, Progress, Reply, Request, Ticket};

mod job;
mod read;
mod watch;
mod write;

pub use job::JobLane;
pub use read::ReadLane;
pub use write::WriteLane;

/// Tells how far a job is, and hears whether to go on.
pub type Tell<'a> = &'a mut dyn FnMut(&Progress) -> ControlFlow<()>;

/// Carries out a request.
pub type Perform = fn(&mut Workspace, &Request, crate::model::time::Timestamp, Tell<'_>) -> Reply;

/// What all lanes of an engine have in common.
pub struct Setting {
    /// Where and as whom.
    pub setup: EngineSetup,
    /// Where answers go.
    pub outlet: Sender<EngineMessage>,
    /// What is done.
    pub perform: Perform,
    /// How many events this engine's own reviewer appended.
    pub own: OwnEvents,
}

/// Counts the events that the write lane appends, so that the read lane can tell them from what others bring.
#[derive(Default)]
pub struct OwnEvents {
    /// Odd while the write lane works.
    generation: AtomicU64,
    count: AtomicI64,
}

impl OwnEvents {
    /// Does something that may append events, and counts what `appended` says it did.
    fn during<T>(&self, work: impl FnOnce() -> (T, i64)) -> T {
        self.generation.fetch_add(1, Ordering::SeqCst);
        let (answer, appended) = work();
        self.count.fetch_add(appended, Ordering::SeqCst);
        self.generation.fetch_add(1, Ordering::SeqCst);
        answer
    }

    /// The count together with what `look` sees, unless something was being appended meanwhile.
    fn beside<T>(&self, look: impl FnOnce() -> T) -> Option<(i64, T)> {
        let before = self.generation.load(Ordering::SeqCst);
        let (count, seen) = (self.count.load(Ordering::SeqCst), look());
        let after = self.generation.load(Ordering::SeqCst);
        (before.is_multiple_of(2) && before == after).then_some((count, seen))
    }
}

impl Setting {
    /// Sends an answer; nobody listens any more once the screen is gone, and that is fine.
    pub fn reply(&self, ticket: Ticket, reply: Reply) {
        let _ = self.outlet.send(EngineMessage::Reply(ticket, reply));
    }

    /// Sends something that the reviewer should know.
    pub fn notice(&self, text: String) {
        let _ = self.outlet.send(EngineMessage::Notice(text));
    }

    /// Sends how far a job is.
    pub fn progress(&self, ticket: Ticket, progress: Progress) {
        let _ = self.outlet.send(EngineMessage::Progress(ticket, progress));
    }
}

/// One worker's place: its workspace, opened when it is first needed and again after a panic.
pub struct Desk {
    setup: EngineSetup,
    perform: Perform,
    access: Access,
    workspace: Option<Workspace>,
}

impl Desk {
    /// A place with nothing opened yet.
    pub fn new(setup: EngineSetup, perform: Perform, access: Access) -> Self {
        Self { setup, perform, access, workspace: None }
    }

    /// A place in an engine.
    pub fn of(setting: &Arc<Setting>, access: Access) -> Self {
        Self::new(setting.setup.clone(), setting.perform, access)
    }

    /// The workspace, opened where it is not.
    ///
    /// # Errors
    /// It cannot be opened; the next request tries again.
    pub fn workspace(&mut self) -> Result<&mut Workspace, WorkspaceError> {
        if self.workspace.is_none() {
            self.workspace = Some(self.open()?);
        }
        self.workspace.as_mut().ok_or_else(|| StoreError::Missing { path: self.setup.root.clone() }.into())
    }

    /// How many events were appended here since the workspace was opened.
    pub fn appended(&self) -> i64 {
        self.workspace.as_ref().map_or(0, |workspace| workspace.store().appended())
    }

    /// The workspace, where it is open already.
    pub fn opened(&self) -> Option<&Workspace> {
        self.workspace.as_ref()
    }

    fn open(&self) -> Result<Workspace, WorkspaceError> {
        let open = |access| Workspace::open(&self.setup.root, self.setup.identity.clone(), access);
        match open(self.access) {
            // The reader may be the first to come to a new workspace.
            Err(WorkspaceError::Store(StoreError::Missing { .. })) => {
                drop(open(Access::Create)?);
                open(self.access)
            }
            other => other,
        }
    }

    /// Carries out a request. A panic is answered as a failure, and what was open is opened anew for the next request.
    pub fn answer(&mut self, request: &Request, tell: Tell<'_>) -> Reply {
        let (perform, now) = (self.perform, (self.setup.clock)());
        let outcome = catch_unwind(AssertUnwindSafe(|| match self.workspace() {
            Ok(workspace) => perform(workspace, request, now, tell),
            Err(error) => Reply::Failed { message: error.to_string(), retry: error.class() == ErrorClass::Busy },
        }));
        outcome.unwrap_or_else(|payload| {
            self.workspace = None;
            let message = format!("something went wrong inside the program ({}); it goes on", words(&*payload));
            Reply::Failed { message, retry: false }
        })
    }
}

/// How often progress is told.
const PACE: Duration = Duration::from_millis(60);

/// Carries out a request, tells how far it is a few times a second, and stops it at its next step once `cancelled`.
fn work(
    desk: &mut Desk,
    (ticket, request): (Ticket, &Request),
    setting: &Setting,
    cancelled: &dyn Fn() -> bool,
) -> Reply {
    let mut told: Option<Instant> = None;
    desk.answer(request, &mut |progress: &Progress| {
        if cancelled() {
            return ControlFlow::Break(());
        }
        if told.is_none_or(|at| at.elapsed() >= PACE) {
            told = Some(Instant::now());
            setting.progress(ticket, progress.clone());
        }
        ControlFlow::Continue(())
    })
}

/// What a panic said.
fn words(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no reason given")
}
