//! Where the workspace, the configuration and the state of this device are.
//!
//! Invariant: a place that nobody named is always below an absolute path; nothing is ever written to the current folder
//! because a variable was missing.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Why a place cannot be found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// A variable that names a folder is not absolute.
    #[error("{variable} is \"{value}\", which is not an absolute path; make it absolute or unset it")]
    Relative {
        /// The variable.
        variable: &'static str,
        /// What it holds.
        value: String,
    },
    /// Nothing says where a user's files are.
    #[error("HOME is not set, so there is no place for the {what}; set HOME or {variable} (an absolute path)")]
    NoHome {
        /// What was looked for.
        what: &'static str,
        /// The variable that would name it.
        variable: &'static str,
    },
    /// The workspace was named by an empty text.
    #[error("{0} is empty; it names the workspace's folder")]
    Empty(&'static str),
    /// A folder is needed where a file is.
    #[error("{0} is a file; a folder is needed there")]
    NotAFolder(String),
}

/// The variables that say where a user's files are, as they were when the program started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// `HOME` (`USERPROFILE` on Windows).
    pub home: Option<OsString>,
    /// `XDG_DATA_HOME`.
    pub data: Option<OsString>,
    /// `XDG_CONFIG_HOME`.
    pub config: Option<OsString>,
    /// `XDG_STATE_HOME`.
    pub state: Option<OsString>,
    /// `AFTERCALL_WORKSPACE`.
    pub workspace: Option<OsString>,
}

impl Environment {
    /// Reads the variables of this process.
    pub fn of_process() -> Self {
        let home = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
        Self {
            home: std::env::var_os(home),
            data: std::env::var_os("XDG_DATA_HOME"),
            config: std::env::var_os("XDG_CONFIG_HOME"),
            state: std::env::var_os("XDG_STATE_HOME"),
            workspace: std::env::var_os("AFTERCALL_WORKSPACE"),
        }
    }
}

/// The places one run of the program uses. None of them needs to exist yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// The workspace's folder.
    pub workspace: PathBuf,
    /// The configuration file; `None` where nothing says where it would be, which is no error: all of it has defaults.
    pub config_file: Option<PathBuf>,
    /// The folder of what belongs to this device and to no workspace: its name in journals.
    pub state: PathBuf,
}

impl Places {
    /// Finds the places; `named` is the `--workspace` flag, which goes before `AFTERCALL_WORKSPACE`.
    ///
    /// # Errors
    /// Where a place would be relative, or nothing says where it is.
    pub fn find(environment: &Environment, named: Option<&Path>) -> Result<Self, PathError> {
        check_absolute(environment)?;
        let workspace = match (named, &environment.workspace) {
            (Some(path), _) if path.as_os_str().is_empty() => return Err(PathError::Empty("--workspace")),
            (Some(path), _) => path.to_owned(),
            (None, Some(path)) if path.is_empty() => return Err(PathError::Empty("AFTERCALL_WORKSPACE")),
            (None, Some(path)) => PathBuf::from(path),
            (None, None) => data_folder(environment)?.join("workspace"),
        };
        Ok(Self { workspace, config_file: config_file(environment), state: state_folder(environment)? })
    }

    /// The places of the demo: its own workspace in the data folder, everything else as usual.
    ///
    /// # Errors
    /// As [`Places::find`].
    pub fn demo(environment: &Environment) -> Result<Self, PathError> {
        check_absolute(environment)?;
        Ok(Self {
            workspace: data_folder(environment)?.join("demo"),
            config_file: config_file(environment),
            state: state_folder(environment)?,
        })
    }

    /// Checks that no file is in the way of a folder, so that the reason is named before anything is made.
    ///
    /// # Errors
    /// [`PathError::NotAFolder`] with the path in the way.
    pub fn check_folders(&self) -> Result<(), PathError> {
        for place in [&self.workspace, &self.state] {
            let existing = place.ancestors().find(|path| path.symlink_metadata().is_ok());
            if let Some(path) = existing.filter(|path| !path.as_os_str().is_empty() && !path.is_dir()) {
                return Err(PathError::NotAFolder(path.display().to_string()));
            }
        }
        Ok(())
    }
}

fn check_absolute(environment: &Environment) -> Result<(), PathError> {
    let named = [
        ("HOME", &environment.home),
        ("XDG_DATA_HOME", &environment.data),
        ("XDG_CONFIG_HOME", &environment.config),
        ("XDG_STATE_HOME", &environment.state),
    ];
    for (variable, value) in named {
        // An empty variable counts as unset, as the XDG specification says.
        if let Some(value) = value.as_ref().filter(|value| !value.is_empty() && !Path::new(value).is_absolute()) {
            return Err(PathError::Relative { variable, value: value.to_string_lossy().into_owned() });
        }
    }
    Ok(())
}

fn set(value: Option<&OsString>) -> Option<&OsString> {
    value.filter(|value| !value.is_empty())
}

/// The platform's folders for this program. `directories` reads the same variables and knows the habits of each system;
/// it would fall back to the password database without `HOME`, which the callers rule out first.
fn project() -> Option<directories::ProjectDirs> {
    directories::ProjectDirs::from("", "", "aftercall")
}

fn data_folder(environment: &Environment) -> Result<PathBuf, PathError> {
    let lost = PathError::NoHome { what: "workspace", variable: "AFTERCALL_WORKSPACE" };
    match (set(environment.data.as_ref()), set(environment.home.as_ref())) {
        (Some(data), _) if cfg!(target_os = "linux") => Ok(Path::new(data).join("aftercall")),
        (_, Some(_)) => project().map(|project| project.data_local_dir().to_owned()).ok_or(lost),
        _ => Err(lost),
    }
}

fn state_folder(environment: &Environment) -> Result<PathBuf, PathError> {
    let lost = PathError::NoHome { what: "state of this device", variable: "XDG_STATE_HOME" };
    match (set(environment.state.as_ref()), set(environment.home.as_ref())) {
        (Some(state), _) if cfg!(target_os = "linux") => Ok(Path::new(state).join("aftercall")),
        (_, Some(_)) => project()
            .map(|project| {
                project.state_dir().map_or_else(|| project.data_local_dir().join("state"), std::path::Path::to_owned)
            })
            .ok_or(lost),
        _ => Err(lost),
    }
}

fn config_file(environment: &Environment) -> Option<PathBuf> {
    match (set(environment.config.as_ref()), set(environment.home.as_ref())) {
        (Some(config), _) if cfg!(target_os = "linux") => Some(Path::new(config).join("aftercall/config.toml")),
        (_, Some(_)) => project().map(|project| project.config_dir().join("config.toml")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment() -> Environment {
        Environment {
            home: Some("/home/ana".into()),
            data: Some("/d".into()),
            config: Some("/c".into()),
            state: Some("/s".into()),
            workspace: None,
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_flag_goes_before_the_variable_and_that_before_the_default() {
        let mut environment = environment();
        let found = Places::find(&environment, None).unwrap();
        assert_eq!(found.workspace, Path::new("/d/aftercall/workspace"));
        assert_eq!(found.state, Path::new("/s/aftercall"));
        assert_eq!(found.config_file.as_deref(), Some(Path::new("/c/aftercall/config.toml")));
        environment.workspace = Some("/w".into());
        assert_eq!(Places::find(&environment, None).unwrap().workspace, Path::new("/w"));
        assert_eq!(Places::find(&environment, Some(Path::new("x"))).unwrap().workspace, Path::new("x"));
        assert_eq!(Places::demo(&environment).unwrap().workspace, Path::new("/d/aftercall/demo"));
    }

    #[test]
    fn a_relative_place_is_refused_by_name() {
        let environment = Environment { data: Some("data".into()), ..environment() };
        let error = Places::find(&environment, None).unwrap_err();
        assert!(error.to_string().contains("XDG_DATA_HOME") && error.to_string().contains("data"));
    }

    #[test]
    fn without_a_home_nothing_is_guessed() {
        let bare = Environment { workspace: Some("/w".into()), ..Environment::default() };
        assert!(matches!(Places::find(&bare, None), Err(PathError::NoHome { .. })));
        assert!(matches!(Places::find(&Environment::default(), None), Err(PathError::NoHome { .. })));
        let empty = Environment { workspace: Some("".into()), ..environment() };
        assert_eq!(Places::find(&empty, None), Err(PathError::Empty("AFTERCALL_WORKSPACE")));
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("data");
        std::fs::write(&file, "").unwrap();
        let places =
            Places { workspace: file.join("workspace"), config_file: None, state: folder.path().join("state") };
        assert_eq!(places.check_folders(), Err(PathError::NotAFolder(file.display().to_string())));
    }
}
