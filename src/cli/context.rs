//! What one run of the program works with: places, configuration, reviewer, and the doors to the workspace.
//!
//! Invariant: nothing is made or written before a command asks for it, and a reading command writes nothing into the
//! workspace.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use super::args::Global;
use super::failure::{Code, Failure};
use super::output::{Talk, warn};
use crate::config::Config;
use crate::engine::system_clock;
use crate::model::act::Act;
use crate::model::id::ConversationId;
use crate::model::time::Timestamp;
use crate::ops::door::Door;
use crate::ops::review;
use crate::ops::workspace::{Identity, Workspace, WorkspaceError};
use crate::paths::{Environment, Places};
use crate::store::{Access, StoreError};

/// One run.
pub struct Context {
    /// Where things are.
    pub places: Places,
    /// What the user set.
    pub config: Config,
    /// Where talk goes.
    pub talk: Talk,
    /// The user's home, for `~` in paths.
    pub home: Option<PathBuf>,
    /// True where no colour is wanted.
    pub plain: bool,
    reviewer: String,
}

impl Context {
    /// Finds out where and as whom to work.
    ///
    /// # Errors
    /// A place is unusable, or the configuration is not understood.
    pub fn find(global: &Global) -> Result<Self, Failure> {
        let environment = Environment::of_process();
        let places = Places::find(&environment, global.workspace.as_deref())?;
        Self::at(places, &environment, global)
    }

    /// The same for the demo, which has a workspace of its own unless one was named.
    ///
    /// # Errors
    /// As [`Self::find`].
    pub fn demo(global: &Global) -> Result<Self, Failure> {
        let environment = Environment::of_process();
        let places = match &global.workspace {
            Some(named) => Places::find(&environment, Some(named))?,
            None => Places::demo(&environment)?,
        };
        Self::at(places, &environment, global)
    }

    fn at(places: Places, environment: &Environment, global: &Global) -> Result<Self, Failure> {
        places.check_folders()?;
        let config = match &places.config_file {
            Some(file) => Config::read(file)?,
            None => Config::default(),
        };
        let user = || std::env::var("USER").ok().filter(|name| !name.trim().is_empty());
        let reviewer = global.reviewer.clone().or_else(|| config.reviewer.clone()).or_else(user);
        Ok(Self {
            places,
            config,
            talk: Talk { quiet: global.quiet },
            home: environment.home.as_ref().map(PathBuf::from),
            plain: global.no_color || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()),
            reviewer: reviewer.unwrap_or_else(|| "reviewer".into()),
        })
    }

    /// Who works, and on which device.
    ///
    /// # Errors
    /// The name is not usable, or the state folder cannot be read or written.
    pub fn identity(&self) -> Result<Identity, Failure> {
        let state = &self.places.state;
        let made = DirBuilder::new().recursive(true).mode(0o700).create(state);
        made.map_err(|error| Failure::new(Code::Io, format!("{}: {error}", state.display())))?;
        Ok(Identity::load(&self.reviewer, state)?)
    }

    /// The workspace's folder.
    pub fn root(&self) -> &Path {
        &self.places.workspace
    }

    /// Opens the workspace to write to it; `access` says whether one may be made.
    ///
    /// # Errors
    /// It cannot be opened, or can only be read.
    pub fn open_to_write(&self, access: Access) -> Result<Workspace, Failure> {
        let workspace = Workspace::open(self.root(), self.identity()?, access)?;
        for notice in workspace.notices() {
            warn(&format!("note: {notice}"));
        }
        match workspace.read_only() {
            None => Ok(workspace),
            Some(reason) => Err(Failure::new(
                Code::Io,
                format!("the workspace {} can only be read: {reason}", self.root().display()),
            )),
        }
    }

    /// Opens the workspace to look at it. One of an older version is brought up to date first.
    ///
    /// # Errors
    /// There is none, or it is refused.
    pub fn open_to_read(&self) -> Result<Workspace, Failure> {
        match Workspace::open(self.root(), self.identity()?, Access::Read) {
            Err(WorkspaceError::Store(StoreError::Older { .. })) => self.open_to_write(Access::Write),
            other => Ok(other?),
        }
    }

    /// Opens the workspace and the door by which its content leaves: masked, or not and then recorded first.
    ///
    /// # Errors
    /// As above, or the unmasking cannot be recorded.
    pub fn open_door(&self, unmasked: Option<&str>) -> Result<(Workspace, Door), Failure> {
        let Some(place) = unmasked else {
            let workspace = self.open_to_read()?;
            let door = Door::masked(&workspace);
            return Ok((workspace, door));
        };
        let mut workspace = self.open_to_write(Access::Write)?;
        review::record(&mut workspace, &Act::Unmask { place: place.to_owned() }, now())?;
        Ok((workspace, Door::open()))
    }
}

/// The conversation that an id, a beginning of one, or a name in a source means.
///
/// # Errors
/// None or several.
pub fn resolve(workspace: &Workspace, text: &str) -> Result<ConversationId, Failure> {
    let store = workspace.store();
    let found = store.resolve(text.trim())?;
    Ok(store.log().resolve(&found)?)
}

/// The time; commands read no other clock.
pub fn now() -> Timestamp {
    system_clock()
}
