//! What every command starts from: places, settings, who acts, and the clock.
//!
//! Invariant: the clock is read here and nowhere below.

use std::path::Path;

use super::args::Args;
use super::error::CliError;
use super::output::Output;
use crate::config::Config;
use crate::engine::{Clock, system_clock};
use crate::model::act::{Act, Saved};
use crate::model::id::ConversationId;
use crate::model::time::Timestamp;
use crate::ops::door::Door;
use crate::ops::review;
use crate::ops::workspace::{Identity, Workspace};
use crate::paths::{Environment, Places};
use crate::store::Access;

/// Places, settings, and who acts.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Where things are.
    pub places: Places,
    /// The variables they came from.
    pub environment: Environment,
    /// The settings.
    pub config: Config,
    /// Who acts.
    pub reviewer: String,
    /// True where no colour is wanted.
    pub no_color: bool,
    /// Tells the time.
    pub clock: Clock,
}

impl Setup {
    /// Finds the places and reads the settings; makes nothing.
    pub fn new(args: &Args) -> Result<Self, CliError> {
        let environment = Environment::of_process();
        let places = Places::find(&environment, args.workspace.as_deref())?;
        places.check_folders()?;
        let config = match &places.config_file {
            Some(file) => Config::read(file)?,
            None => Config::default(),
        };
        let user = || std::env::var("USER").ok().filter(|name| !name.trim().is_empty());
        let reviewer = args.reviewer.clone().or_else(|| config.reviewer.clone()).or_else(user);
        Ok(Self {
            reviewer: reviewer.unwrap_or_else(|| "reviewer".to_owned()),
            no_color: args.no_color || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()),
            clock: system_clock,
            places,
            environment,
            config,
        })
    }

    /// Who acts, on this device.
    pub fn identity(&self) -> Result<Identity, CliError> {
        Ok(Identity::load(&self.reviewer, &self.places.state)?)
    }

    /// Opens the workspace.
    pub fn open(&self, access: Access, output: &mut Output) -> Result<Workspace, CliError> {
        self.open_at(&self.places.workspace, access, output)
    }

    /// Opens a workspace elsewhere.
    pub fn open_at(&self, root: &Path, access: Access, output: &mut Output) -> Result<Workspace, CliError> {
        let workspace = Workspace::open(root, self.identity()?, access)?;
        for notice in workspace.notices() {
            output.say(notice);
        }
        Ok(workspace)
    }

    /// Opens the workspace for a command that reads, and the door by which it tells. Leaving personal data as it is
    /// gets recorded first, and so needs a workspace that can be written.
    pub fn open_to_tell(
        &self,
        unmasked: bool,
        command: &str,
        output: &mut Output,
    ) -> Result<(Workspace, Door), CliError> {
        if !unmasked {
            let workspace = self.open(Access::Read, output)?;
            let door = Door::masked(&workspace);
            return Ok((workspace, door));
        }
        let mut workspace = self.open(Access::Write, output)?;
        let saved = review::record(&mut workspace, &Act::Unmask { place: command.to_owned() }, self.now())?;
        tell_problem(&saved, output);
        Ok((workspace, Door::open()))
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }
}

/// The conversation that a text on the command line means.
pub fn resolve(workspace: &Workspace, text: &str) -> Result<ConversationId, CliError> {
    let id = workspace.store().resolve(text)?;
    Ok(workspace.store().log().resolve(&id)?)
}

/// Says what an act did; true where both copies have it.
pub fn tell(saved: &Saved, output: &mut Output) -> bool {
    match &saved.conversation {
        Some(id) => output.say(&format!("{id}: {}", saved.what)),
        None => output.say(&saved.what),
    }
    tell_problem(saved, output)
}

fn tell_problem(saved: &Saved, output: &mut Output) -> bool {
    if let Some(problem) = &saved.journal_problem {
        output.complain(&format!("saved in the database, but not in the journal: {problem}"));
    }
    saved.journal_problem.is_none()
}
