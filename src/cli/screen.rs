//! The screen: workers, settings and the place to begin, put together.
//!
//! Invariant: what the screen could not save is told after the terminal was given back.

use std::path::Path;
use std::sync::Arc;

use super::error::{CliError, Exit};
use super::output::Output;
use super::setup::{Setup, resolve};
use crate::config::ConfigError;
use crate::config::packs::packs;
use crate::engine::{EngineSetup, system_clock};
use crate::mask::{Known, Masker, Policy};
use crate::ops::workspace::Workspace;
use crate::store::Access;
use crate::tui::keymap::Keymap;
use crate::tui::theme::{Palette, Signs, Theme};
use crate::tui::{Clock, Mask, Outcome, Start, UiConfig};

/// Opens the screen on the workspace.
pub fn run(setup: &Setup, what: Option<&str>, output: &mut Output) -> Result<Exit, CliError> {
    let workspace = setup.open(Access::Create, output)?;
    let start = match what {
        None => Start::Queue(String::new()),
        // A conversation where there is one of that name, a filter otherwise.
        Some(text) => match resolve(&workspace, text) {
            Ok(id) => Start::Conversation(id),
            Err(_) => Start::Queue(text.to_owned()),
        },
    };
    if let Start::Queue(filter) = &start {
        crate::model::filter::Filter::parse(filter).map_err(crate::ops::queue::QueueError::from)?;
    }
    let outcome = show(setup, &workspace, start)?;
    drop(workspace);
    let exit = told(&outcome, output);
    if outcome.demo { super::demo::run(None, setup, false, output) } else { Ok(exit) }
}

/// Shows the screen until it is left.
pub fn show(setup: &Setup, workspace: &Workspace, start: Start) -> Result<Outcome, CliError> {
    let engine =
        EngineSetup { root: workspace.root().to_owned(), identity: workspace.identity().clone(), clock: system_clock };
    let config = config(setup, workspace)?;
    Ok(crate::tui::run(engine, config, start)?)
}

/// Says what the screen could not save; the exit code.
pub fn told(outcome: &Outcome, output: &mut Output) -> Exit {
    for unsaved in &outcome.unsaved {
        output.complain(&format!("not saved: {unsaved}"));
    }
    if outcome.unsaved.is_empty() { Exit::Ok } else { Exit::Partly }
}

fn config(setup: &Setup, workspace: &Workspace) -> Result<UiConfig, CliError> {
    let masker = Masker::new(workspace.mask_key(), Known::default(), Policy::default());
    let environment = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    Ok(UiConfig {
        reviewer: setup.reviewer.clone(),
        workspace: name_of(workspace.root()),
        theme: theme(setup)?,
        keymap: keymap(setup)?,
        mask: Mask(Arc::new(move |text| masker.mask(text).text)),
        masked: setup.config.mask,
        clock: Clock(Arc::new(system_clock)),
        zone: jiff::tz::TimeZone::system(),
        home: setup.environment.home.clone().map(Into::into),
        packs: packs().iter().map(|pack| pack.name.clone()).collect(),
        editor: environment("VISUAL").or_else(|| environment("EDITOR")),
        export_directory: "aftercall-export".to_owned(),
    })
}

fn name_of(root: &Path) -> String {
    root.file_name().map_or_else(|| root.display().to_string(), |name| name.to_string_lossy().into_owned())
}

fn in_config(setup: &Setup, line: usize, message: String) -> CliError {
    let file = setup.places.config_file.as_ref().map(|file| file.display().to_string()).unwrap_or_default();
    ConfigError { file, line, message }.into()
}

fn theme(setup: &Setup) -> Result<Theme, CliError> {
    let palette = match setup.config.theme.as_deref() {
        _ if setup.no_color => Palette::Plain,
        None | Some("dark") => Palette::Dark,
        Some("light") => Palette::Light,
        Some("plain") => Palette::Plain,
        Some(other) => {
            let message = format!("there is no theme {other:?}; there are dark, light and plain");
            return Err(in_config(setup, setup.config.theme_line, message));
        }
    };
    let signs = if setup.config.ascii { Signs::Ascii } else { Signs::Unicode };
    Ok(Theme { palette, signs })
}

fn keymap(setup: &Setup) -> Result<Keymap, CliError> {
    Keymap::load(&setup.config.keys).map_err(|error| {
        let named = setup.config.key_lines.iter().find(|(id, _)| error.to_string().contains(id.as_str()));
        let message = error.to_string();
        let message = message.trim_start_matches("config.toml, [keys]: ").to_owned();
        in_config(setup, named.map_or(1, |(_, line)| *line), message)
    })
}
