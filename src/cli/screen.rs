//! From the command line into the terminal UI and back.
//!
//! Invariant: whatever keeps the UI from starting is said before the screen is taken over, and whatever was not saved
//! after it was given back.

use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::Arc;

use super::args::{Global, ReviewArguments};
use super::context::{Context, now};
use super::dataset::warn_of_repeat;
use super::demo;
use super::failure::{Code, Failure};
use super::output::warn;
use super::place;
use crate::config::packs;
use crate::engine::{EngineSetup, system_clock};
use crate::mask::{Class, Known, Masker, Policy};
use crate::model::filter::Filter;
use crate::ops::gate::broken::{BringOrder, bring};
use crate::ops::workspace::Workspace;
use crate::store::{Access, StoreError};
use crate::tui::keymap::{Keymap, KeymapError};
use crate::tui::theme::{Palette, Signs, Theme};
use crate::tui::{self, Clock, Mask, Start, TuiError, UiConfig};

/// Where an export goes unless another folder is typed.
const EXPORT_FOLDER: &str = "aftercall-export";

/// How the screen was left.
pub struct Left {
    /// How to exit.
    pub code: Code,
    /// True where the reviewer wants the demo next.
    pub demo: bool,
    /// How many texts, fails and corrections wait that were begun and not saved.
    pub begun: usize,
}

/// Carries `review` out.
pub fn review_at(context: &Context, global: &Global, arguments: &ReviewArguments) -> Result<Code, Failure> {
    check_terminal()?;
    let start = match (&arguments.gate, arguments.target.as_deref()) {
        (Some(report), _) => match broken(context, report, arguments)? {
            Some(start) => start,
            None => return Ok(Code::Done),
        },
        (None, None) => Start::Queue(String::new()),
        (None, Some(text)) => start_at(context, text)?,
    };
    shown(context, global, start, arguments.present.then_some(arguments.with.as_slice()))
}

/// The runs a gate objects to, brought into the workspace; `None` where there are none to look at.
fn broken(context: &Context, report: &Path, arguments: &ReviewArguments) -> Result<Option<Start>, Failure> {
    let mut workspace = context.open_to_write(Access::Write)?;
    let order =
        BringOrder { report: report.to_owned(), runs: arguments.runs.clone(), open_test: arguments.open_test.clone() };
    let brought = bring(&mut workspace, &order, now())?;
    warn_of_repeat(brought.test_uses_before);
    let there = brought.failing - brought.missing.len();
    if brought.failing == 0 {
        context.talk.say("the report objects to no run");
        return Ok(None);
    }
    if !brought.missing.is_empty() {
        warn(&format!(
            "note: {} of {} failing runs are not in the files; --runs FILE says where they are now",
            brought.missing.len(),
            brought.failing
        ));
    }
    if brought.unread > 0 {
        warn(&format!(
            "note: {} of the cases could not be read (gone, or in a sealed test split: --open-test REASON shows it)",
            brought.unread
        ));
    }
    if there == 0 {
        return Err(Failure::new(Code::Error, "none of the failing runs could be found; nothing to review".to_owned()));
    }
    if brought.forgotten > 0 {
        let runs = super::import::count(brought.forgotten as u64, "run");
        context.talk.say(&format!("{runs} of earlier reports on these cases went; nobody had judged them"));
    }
    context.talk.say(&format!(
        "{there} failing runs, {} of them new in the workspace; `aftercall review '{}'` finds them again",
        brought.imported, brought.filter
    ));
    Ok(Some(Start::Gate(brought.filter)))
}

/// Opens the UI, and carries out the program without a command.
pub fn review(context: &Context, global: &Global, start: Start) -> Result<Code, Failure> {
    shown(context, global, start, None)
}

/// The same; with a room, it is shown to these people beside the reviewer.
fn shown(context: &Context, global: &Global, start: Start, room: Option<&[String]>) -> Result<Code, Failure> {
    check_terminal()?;
    let left = open(context, start, room)?;
    if left.demo {
        return demo::from_screen(global);
    }
    farewell(context, left.begun);
    Ok(left.code)
}

/// Says where the labels are, how to get them out, and what waits.
fn farewell(context: &Context, begun: usize) {
    let root = demo::shell_quoted(&context.root().display().to_string());
    context.talk.say(&format!(
        "Your labels are in {root}; aftercall --workspace {root} export my-dataset --format labels writes them out."
    ));
    if begun > 0 {
        let what = super::import::count(begun as u64, "thing");
        context.talk.say(&format!("{what} begun and not saved: still there when you come back."));
    }
}

/// The queue of a name, a conversation where the text names one, else a list where it is a filter.
fn start_at(context: &Context, text: &str) -> Result<Start, Failure> {
    let workspace = context.open_to_read()?;
    if workspace.store().queue(text.trim())?.is_some() {
        return Ok(Start::Named(text.trim().to_owned()));
    }
    match workspace.store().resolve(text.trim()) {
        Ok(id) => Ok(Start::Conversation(workspace.store().log().resolve(&id)?)),
        Err(StoreError::Unknown(_)) => match Filter::parse(text) {
            Ok(_) => Ok(Start::Queue(text.to_owned())),
            Err(error) => Err(Failure::usage(format!(
                "{text:?} is neither a queue (`aftercall queue list`) nor a conversation (`aftercall list` shows their ids) nor a {error}"
            ))),
        },
        Err(error) => Err(error.into()),
    }
}

/// Refuses where no screen can be drawn, before anything else is done.
pub fn check_terminal() -> Result<(), Failure> {
    let dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    if dumb || !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        return Err(no_terminal());
    }
    Ok(())
}

fn no_terminal() -> Failure {
    Failure::new(Code::Refused, TuiError::NoTerminal.to_string())
}

/// Shows the UI until it is left, to a room where there is one.
pub fn open(context: &Context, start: Start, room: Option<&[String]>) -> Result<Left, Failure> {
    // A look at something in particular neither begins nor changes where the reviewer was.
    let from_the_start = start == Start::Queue(String::new());
    let theme = theme(context)?;
    let keymap = keymap(context)?;
    let workspace = Workspace::open(context.root(), context.identity()?, Access::Create)?;
    for notice in workspace.notices() {
        warn(&format!("note: {notice}"));
    }
    let config = UiConfig {
        reviewer: workspace.reviewer().to_owned(),
        workspace: title(context.root()),
        theme,
        keymap,
        mask: mask(&workspace),
        room_mask: super::room::mask(&workspace),
        room: room.unwrap_or_default().to_vec(),
        presenting: room.is_some(),
        masked: context.config.mask,
        clock: Clock(Arc::new(system_clock)),
        zone: jiff::tz::TimeZone::system(),
        home: context.home.clone(),
        packs: packs::packs().iter().map(|pack| pack.name.clone()).collect(),
        editor: editor(),
        export_directory: export_folder(),
        must_review: context.config.must_review.clone(),
        claim_minutes: context.config.claim_minutes,
        ask_remainder: context.config.ask_remainder,
        read_only: workspace.read_only().map(ToOwned::to_owned),
        place: place::read(&context.places.state, context.root()).filter(|_| from_the_start),
    };
    let setup =
        EngineSetup { root: context.root().to_owned(), identity: workspace.identity().clone(), clock: system_clock };
    drop(workspace);
    let outcome = tui::run(setup, config, start).map_err(|error| match error {
        TuiError::NoTerminal => no_terminal(),
        other @ TuiError::Terminal(_) => Failure::new(Code::Io, other.to_string()),
    })?;
    if from_the_start {
        place::write(&context.places.state, context.root(), &outcome.place);
    }
    for line in &outcome.unsaved {
        warn(&format!("not saved: {line}"));
    }
    if let Some(signal) = outcome.signal {
        return Err(Failure::Signal(signal));
    }
    let code = if outcome.unsaved.is_empty() { Code::Done } else { Code::Io };
    Ok(Left { code, demo: outcome.demo, begun: outcome.begun })
}

/// A folder that is not there yet, in full: nothing is overwritten, and nobody has to guess where the files went.
fn export_folder() -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let names = std::iter::once(EXPORT_FOLDER.to_owned()).chain((2..1_000).map(|n| format!("{EXPORT_FOLDER}-{n}")));
    let mut folders = names.map(|name| here.join(name));
    let free = folders.find(|folder| folder.symlink_metadata().is_err());
    free.unwrap_or_else(|| here.join(EXPORT_FOLDER)).display().to_string()
}

/// Masks for the screen: names stay readable there, since hardly a conversation could be judged without them.
fn mask(workspace: &Workspace) -> Mask {
    let masker = Masker::new(workspace.mask_key(), Known::default(), Policy::default().without(Class::Name));
    Mask(Arc::new(move |text| masker.mask(text).text))
}

/// The folder's own name: the whole path would leave no room in the title.
fn title(root: &Path) -> String {
    root.file_name().map_or_else(|| root.display().to_string(), |name| name.to_string_lossy().into_owned())
}

fn editor() -> Option<String> {
    ["VISUAL", "EDITOR"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|command| !command.trim().is_empty()))
}

fn theme(context: &Context) -> Result<Theme, Failure> {
    let chosen = match context.config.theme.as_deref() {
        None | Some("dark") => Palette::Dark,
        Some("light") => Palette::Light,
        Some("plain") => Palette::Plain,
        Some(other) => {
            let (file, line) = (config_file(context), context.config.theme_line);
            return Err(Failure::usage(format!(
                "{file}:{line}: there is no theme {other:?}; known are dark, light, plain"
            )));
        }
    };
    let palette = if context.plain { Palette::Plain } else { chosen };
    let signs = if context.config.ascii || is_c_locale() { Signs::Ascii } else { Signs::Unicode };
    Ok(Theme { palette, signs })
}

/// True where the environment asks for the plain C locale, which promises ASCII only.
fn is_c_locale() -> bool {
    let named = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    named.is_some_and(|name| name == "C" || name == "POSIX")
}

fn keymap(context: &Context) -> Result<Keymap, Failure> {
    Keymap::load(&context.config.keys).map_err(|error| {
        let id = match &error {
            KeymapError::UnknownAction { id, .. } | KeymapError::UnknownKey { id, .. } => Some(id.as_str()),
            KeymapError::Conflict { first, second, .. } => {
                [*second, *first].into_iter().find(|id| context.config.keys.contains_key(*id))
            }
        };
        let line = id.and_then(|id| context.config.key_lines.get(id));
        let place = line.map_or_else(|| config_file(context), |line| format!("{}:{line}", config_file(context)));
        Failure::usage(format!("{place}: {error}"))
    })
}

fn config_file(context: &Context) -> String {
    context.places.config_file.as_ref().map_or_else(|| "config.toml".to_owned(), |file| file.display().to_string())
}
