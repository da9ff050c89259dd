//! The write lane: human acts, first in first out.
//!
//! Invariant: an act that was asked for is carried out and answered, even while the program ends.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use super::watch::Watch;
use super::{Desk, Setting};
use crate::engine::request::{Reply, Request, Ticket};
use crate::store::Access;

/// The lane's entrance; dropping it waits until everything asked for is done.
pub struct WriteLane {
    entrance: Option<Sender<(Ticket, Request)>>,
    setting: Arc<Setting>,
    worker: Option<JoinHandle<()>>,
}

impl WriteLane {
    /// Starts the lane's worker.
    pub fn start(setting: &Arc<Setting>) -> std::io::Result<Self> {
        let (entrance, exit) = channel::<(Ticket, Request)>();
        let inside = Arc::clone(setting);
        let worker = std::thread::Builder::new().name("write".into()).spawn(move || {
            let mut desk = Desk::of(&inside, Access::Create);
            let mut watch = Watch::default();
            for (ticket, request) in exit {
                let notices = watch.before(&desk, (inside.setup.clock)());
                let reply = inside.own.during(|| {
                    let before = desk.appended();
                    let reply = desk.answer(&request, &mut |_| ControlFlow::Continue(()));
                    (reply, (desk.appended() - before).max(0))
                });
                inside.reply(ticket, reply);
                for notice in notices.into_iter().chain(watch.after(&desk)) {
                    inside.notice(notice);
                }
            }
        })?;
        Ok(Self { entrance: Some(entrance), setting: Arc::clone(setting), worker: Some(worker) })
    }

    /// Takes an act in.
    pub fn ask(&self, ticket: Ticket, request: Request) {
        let sent = self.entrance.as_ref().is_some_and(|entrance| entrance.send((ticket, request)).is_ok());
        if !sent {
            let message = "not saved, still here: the program is ending".to_owned();
            self.setting.reply(ticket, Reply::Failed { message, retry: true });
        }
    }
}

impl Drop for WriteLane {
    fn drop(&mut self) {
        self.entrance = None;
        if let Some(worker) = self.worker.take() {
            let _ = worker.join();
        }
    }
}
