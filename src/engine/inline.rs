//! The engine without threads: every request is carried out when it is asked, for tests of what keys do.
//!
//! Invariant: it runs the same code on the same kind of workspace as the lanes do.

use std::ops::ControlFlow;

use super::lane::Desk;
use super::request::{EngineMessage, Progress, Request, Ticket};
use super::{EngineSetup, perform};
use crate::ops::workspace::{Workspace, WorkspaceError};
use crate::store::Access;

/// An engine that answers at once.
pub struct Inline {
    desk: Desk,
    answers: Vec<EngineMessage>,
}

impl Inline {
    /// An engine on the workspace that `setup` names, which is made where there is none.
    pub fn new(setup: EngineSetup) -> Self {
        Self { desk: Desk::new(setup, perform::perform, Access::Create), answers: Vec::new() }
    }

    /// Carries a request out; its answer, and the progress before it, wait to be drained.
    pub fn ask(&mut self, ticket: Ticket, request: &Request) {
        let answers = &mut self.answers;
        let reply = self.desk.answer(request, &mut |progress: &Progress| {
            answers.push(EngineMessage::Progress(ticket, progress.clone()));
            ControlFlow::Continue(())
        });
        self.answers.push(EngineMessage::Reply(ticket, reply));
    }

    /// What was answered since this was called last.
    pub fn drain(&mut self) -> Vec<EngineMessage> {
        std::mem::take(&mut self.answers)
    }

    /// The workspace, to look at.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn workspace(&mut self) -> Result<&mut Workspace, WorkspaceError> {
        self.desk.workspace()
    }
}

impl std::fmt::Debug for Inline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Inline")
    }
}
