//! The job lane: imports and exports, one at a time, with progress, and stopped on request.
//!
//! Invariant: a stopped job leaves whole what it stored; what waits behind it is not lost.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use super::{Desk, Setting, work};
use crate::engine::request::{Reply, Request, Ticket};
use crate::store::Access;

/// The lane's entrance.
pub struct JobLane {
    entrance: Option<Sender<(Ticket, Request)>>,
    control: Arc<Control>,
    setting: Arc<Setting>,
    worker: Option<JoinHandle<()>>,
}

/// What the outside tells the worker.
#[derive(Default)]
struct Control {
    ending: AtomicBool,
    cancelled: Mutex<HashSet<Ticket>>,
}

impl Control {
    fn is_cancelled(&self, ticket: Ticket) -> bool {
        self.ending.load(Ordering::Relaxed)
            || self.cancelled.lock().unwrap_or_else(PoisonError::into_inner).contains(&ticket)
    }
}

impl JobLane {
    /// Starts the lane's worker.
    pub fn start(setting: &Arc<Setting>) -> std::io::Result<Self> {
        let (entrance, exit) = channel::<(Ticket, Request)>();
        let control = Arc::new(Control::default());
        let (inside, heard) = (Arc::clone(setting), Arc::clone(&control));
        let worker = std::thread::Builder::new().name("job".into()).spawn(move || {
            for (ticket, request) in exit {
                let reply = if heard.is_cancelled(ticket) {
                    Reply::Cancelled
                } else {
                    // A job may be the only one for hours; it keeps nothing open afterwards.
                    let mut desk = Desk::of(&inside, Access::Create);
                    work(&mut desk, (ticket, &request), &inside, &|| heard.is_cancelled(ticket))
                };
                heard.cancelled.lock().unwrap_or_else(PoisonError::into_inner).remove(&ticket);
                inside.reply(ticket, reply);
            }
        })?;
        Ok(Self { entrance: Some(entrance), control, setting: Arc::clone(setting), worker: Some(worker) })
    }

    /// Takes a job in.
    pub fn ask(&self, ticket: Ticket, request: Request) {
        let sent = self.entrance.as_ref().is_some_and(|entrance| entrance.send((ticket, request)).is_ok());
        if !sent {
            self.setting.reply(ticket, Reply::Cancelled);
        }
    }

    /// Stops a job at its next step, or before it begins.
    pub fn cancel(&self, ticket: Ticket) {
        self.control.cancelled.lock().unwrap_or_else(PoisonError::into_inner).insert(ticket);
    }

    /// Stops all jobs at their next step.
    pub fn stop(&self) {
        self.control.ending.store(true, Ordering::Relaxed);
    }
}

impl Drop for JobLane {
    fn drop(&mut self) {
        self.stop();
        self.entrance = None;
        if let Some(worker) = self.worker.take() {
            let _ = worker.join();
        }
    }
}
