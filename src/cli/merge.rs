//! `aftercall merge` and `aftercall sync`: what several people said, brought together.
//!
//! Invariant: what could not be taken is told line by line and decides the exit code.

use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::Path;

use super::args::upkeep::{MergeArguments, SyncArguments};
use super::context::Context;
use super::failure::{Code, Failure};
use super::import::count;
use super::output::Data;
use super::progress::{Bar, Unit};
use crate::ops::Progress;
use crate::ops::merge::{self, MergeError, Merged};
use crate::ops::workspace::Workspace;
use crate::store::Access;
use crate::text::door;

/// How many hexadecimal digits of the state people compare.
const DIGITS: usize = 12;

/// Carries `merge` out.
pub fn merge(context: &Context, arguments: &MergeArguments) -> Result<Code, Failure> {
    unite(context, (arguments.json, None), |workspace, tell| merge::merge(workspace, &arguments.folders, tell))
}

/// Carries `sync` out.
pub fn sync(context: &Context, arguments: &SyncArguments) -> Result<Code, Failure> {
    let folder = arguments.folder.as_path();
    unite(context, (arguments.json, Some(folder)), |workspace, tell| merge::sync(workspace, folder, tell))
}

fn unite(
    context: &Context,
    (json, folder): (bool, Option<&Path>),
    carry_out: impl FnOnce(&mut Workspace, &mut dyn FnMut(&Progress) -> ControlFlow<()>) -> Result<Merged, MergeError>,
) -> Result<Code, Failure> {
    let mut workspace = context.open_to_write(Access::Create)?;
    let bar = Bar::open(context.talk, Unit::Things);
    let outcome = carry_out(&mut workspace, &mut |progress| bar.show(progress));
    drop(bar);
    let merged = outcome?;
    let talk = context.talk;
    if let Some(folder) = folder.filter(|_| merged.made) {
        let whole = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        talk.say(&format!("made the folder {}", door::terminal_line(&whole.display().to_string())));
    }
    for odd in &merged.findings {
        let mut place = odd.path.display().to_string();
        if odd.line > 0 {
            let _ = write!(place, ":{} (byte {})", odd.line, odd.byte);
        }
        let end = if odd.set_aside { "; it was set aside, ask whose journal it is" } else { "" };
        talk.say(&format!("{}: {}{end}", door::terminal_line(&place), door::terminal_line(&odd.message)));
    }
    // A journal holds what one person did on one machine.
    talk.say(&match merged.journals {
        0 => "nothing from others is there yet".to_owned(),
        journals => format!(
            "from others: {}, of which {} new here",
            count(merged.events, "act") + " in " + &count(journals, "journal"),
            merged.taken
        ),
    });
    if merged.sent > 0 {
        talk.say(&format!("handed on to others: {}", count(merged.sent, "act")));
    }
    if merged.waiting > 0 {
        let conversations = count(merged.waiting, "labelled conversation");
        talk.say(&format!("{conversations} not imported here; the labels show once they are"));
    }
    let state: String = merged.state.chars().take(DIGITS).collect();
    talk.say(&format!("state {state}: the same for everybody who has the same labels"));
    if json {
        let mut data = Data::open();
        data.json(&merged)?;
        data.finish()?;
    }
    Ok(if merged.findings.is_empty() { Code::Done } else { Code::Partly })
}

impl From<MergeError> for Failure {
    fn from(error: MergeError) -> Self {
        let code = match &error {
            MergeError::NoFolder { .. } | MergeError::NoParent { .. } => Code::Usage,
            other => other.class().into(),
        };
        Self::new(code, error.to_string())
    }
}
