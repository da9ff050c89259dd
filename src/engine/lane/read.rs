//! The read lane: everything the screen shows; of each kind of request the newest wins.
//!
//! Invariant: a request that a newer one of its kind replaced is answered as cancelled, whether it waited or ran.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::{Desk, OwnEvents, Setting, work};
use crate::engine::request::{EngineMessage, Reply, Request, Ticket};
use crate::store::{Access, Interrupter};

/// How often a lane with nothing to do looks whether something came into the workspace.
const LOOK: Duration = Duration::from_millis(700);

/// What was there when the lane last looked.
#[derive(Default)]
struct Arrivals {
    version: Option<i64>,
    /// The largest key of a conversation, and that of an event less the events of this engine.
    seen: Option<(i64, i64)>,
}

impl Arrivals {
    /// True where conversations came since the last look, or labels of others. What cannot be read now is looked at
    /// again.
    fn came(&mut self, desk: &Desk, own: &OwnEvents) -> bool {
        let Some(store) = desk.opened().map(crate::ops::workspace::Workspace::store) else { return false };
        let version = store.data_version().ok();
        // Almost always nobody wrote anything, which costs next to nothing to find out.
        if version.is_none() || version == self.version {
            return false;
        }
        let looked = own.beside(|| Some((store.last_key().ok()?, store.last_event_key().ok()?)));
        let Some((own, Some((conversations, events)))) = looked else { return false };
        let before = self.seen.replace((conversations, events - own));
        self.version = version;
        before.is_some_and(|before| Some(before) != self.seen)
    }
}

/// The kinds of reading that replace one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slot {
    Queue,
    Rows,
    Queues,
    Preview,
    Insights,
    Figures,
    Snippets,
    Session,
    SessionSheet,
    Open,
    Disputes,
    Dispute,
    Calibrations,
    Calibration,
    Codebook,
    Tools,
    LastFail,
    Begun,
    Highlight,
}

impl Slot {
    fn of(request: &Request) -> Self {
        match request {
            Request::Rows(_) | Request::QueueRows(..) => Self::Rows,
            Request::Queues => Self::Queues,
            Request::Preview(_) => Self::Preview,
            Request::Insights(_) => Self::Insights,
            Request::Figures(..) => Self::Figures,
            Request::Snippets(..) => Self::Snippets,
            Request::Session => Self::Session,
            Request::SessionSheet(_) => Self::SessionSheet,
            Request::Open(_) | Request::OpenForRoom(_) => Self::Open,
            Request::Disputes => Self::Disputes,
            Request::Dispute(_) | Request::DisputeForRoom(_) => Self::Dispute,
            Request::Calibrations => Self::Calibrations,
            Request::Calibration(_) => Self::Calibration,
            Request::Codebook => Self::Codebook,
            Request::Tools => Self::Tools,
            Request::LastFail => Self::LastFail,
            Request::Begun => Self::Begun,
            Request::Highlight(_) => Self::Highlight,
            _ => Self::Queue,
        }
    }
}

/// What waits, and what runs.
#[derive(Default)]
struct Board {
    /// In the order asked; at most one of each slot.
    waiting: Vec<(Ticket, Request)>,
    running: Option<Running>,
    interrupter: Option<Interrupter>,
    ending: bool,
}

struct Running {
    ticket: Ticket,
    slot: Slot,
    cancelled: bool,
}

#[derive(Default)]
struct Shared {
    board: Mutex<Board>,
    bell: Condvar,
}

impl Shared {
    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The lane's entrance.
pub struct ReadLane {
    shared: Arc<Shared>,
    setting: Arc<Setting>,
    worker: Option<JoinHandle<()>>,
}

impl ReadLane {
    /// Starts the lane's worker.
    pub fn start(setting: &Arc<Setting>) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let (inside, setting_inside) = (Arc::clone(&shared), Arc::clone(setting));
        let worker = std::thread::Builder::new().name("read".into()).spawn(move || serve(&inside, &setting_inside))?;
        Ok(Self { shared, setting: Arc::clone(setting), worker: Some(worker) })
    }

    /// Takes a request in; an older one of its kind is let go.
    pub fn ask(&self, ticket: Ticket, request: Request) {
        let slot = Slot::of(&request);
        let mut board = self.shared.board();
        let replaced = board.waiting.iter().position(|(_, waiting)| Slot::of(waiting) == slot);
        let replaced = replaced.map(|at| board.waiting.remove(at).0);
        board.waiting.push((ticket, request));
        board.let_go(|running| running.slot == slot);
        drop(board);
        self.shared.bell.notify_all();
        if let Some(replaced) = replaced {
            self.setting.reply(replaced, Reply::Cancelled);
        }
    }

    /// Lets a request go.
    pub fn cancel(&self, ticket: Ticket) {
        let mut board = self.shared.board();
        let waiting = board.waiting.iter().position(|(waiting, _)| *waiting == ticket);
        let removed = waiting.map(|at| board.waiting.remove(at).0);
        board.let_go(|running| running.ticket == ticket);
        drop(board);
        if let Some(removed) = removed {
            self.setting.reply(removed, Reply::Cancelled);
        }
    }

    /// Lets everything go and ends the worker.
    pub fn stop(&self) {
        let mut board = self.shared.board();
        board.ending = true;
        board.let_go(|_| true);
        let waiting = std::mem::take(&mut board.waiting);
        drop(board);
        self.shared.bell.notify_all();
        for (ticket, _) in waiting {
            self.setting.reply(ticket, Reply::Cancelled);
        }
    }
}

impl Board {
    /// Interrupts what runs, where `which` says so.
    fn let_go(&mut self, which: impl Fn(&Running) -> bool) {
        if let Some(running) = self.running.as_mut().filter(|running| which(running)) {
            running.cancelled = true;
            if let Some(interrupter) = &self.interrupter {
                interrupter.interrupt();
            }
        }
    }
}

/// The worker: takes the longest waiting request, answers it, and so on until the lane ends.
fn serve(shared: &Shared, setting: &Arc<Setting>) {
    let mut desk = Desk::of(setting, Access::Read);
    let mut arrivals = Arrivals::default();
    loop {
        let mut board = shared.board();
        while board.waiting.is_empty() && !board.ending {
            let (kept, wait) = shared.bell.wait_timeout(board, LOOK).unwrap_or_else(PoisonError::into_inner);
            board = kept;
            if wait.timed_out() && board.waiting.is_empty() && !board.ending {
                drop(board);
                if arrivals.came(&desk, &setting.own) {
                    let _ = setting.outlet.send(EngineMessage::Arrived);
                }
                board = shared.board();
            }
        }
        if board.ending {
            return;
        }
        let (ticket, request) = board.waiting.remove(0);
        board.running = Some(Running { ticket, slot: Slot::of(&request), cancelled: false });
        board.interrupter = None;
        drop(board);
        if let Ok(workspace) = desk.workspace() {
            shared.board().interrupter = Some(workspace.store().interrupter());
        }
        if arrivals.seen.is_none() {
            // Before the first answer, so that nothing that comes after it is overlooked.
            let _ = arrivals.came(&desk, &setting.own);
        }
        let cancelled = || shared.board().running.as_ref().is_none_or(|running| running.cancelled);
        let mut answer = || {
            if cancelled() { Reply::Cancelled } else { work(&mut desk, (ticket, &request), setting, &cancelled) }
        };
        let mut reply = answer();
        // An interruption meant for the request before may have come late; that is no reason to fail this one.
        if reply == Reply::Cancelled && !cancelled() {
            reply = answer();
        }
        let mut board = shared.board();
        let gone = board.running.take().is_none_or(|running| running.cancelled);
        board.interrupter = None;
        drop(board);
        setting.reply(ticket, if gone { Reply::Cancelled } else { reply });
    }
}

impl Drop for ReadLane {
    fn drop(&mut self) {
        self.stop();
        if let Some(worker) = self.worker.take() {
            let _ = worker.join();
        }
    }
}
