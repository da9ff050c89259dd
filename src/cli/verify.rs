//! `aftercall verify` and `aftercall rebuild`: the two copies of every label.
//!
//! Invariant: verifying changes nothing; a rebuild leaves the old copy under another name.

use serde::Serialize;

use super::args::RebuildWhat;
use super::error::{CliError, Exit};
use super::output::Output;
use super::setup::Setup;
use crate::ops::list::SCHEMA_VERSION;
use crate::ops::verify::{self, Rebuild, Verified};
use crate::store::Access;

#[derive(Serialize)]
struct Report<'a> {
    schema_version: u32,
    sound: bool,
    #[serde(flatten)]
    verified: &'a Verified,
}

/// Runs `verify`.
pub fn run(setup: &Setup, json: bool, output: &mut Output) -> Result<Exit, CliError> {
    let workspace = setup.open(Access::Read, output)?;
    let verified = verify::verify(&workspace)?;
    if json {
        output.json(&Report { schema_version: SCHEMA_VERSION, sound: verified.is_sound(), verified: &verified })?;
    } else {
        for finding in &verified.findings {
            let line = if finding.line > 0 { format!(", line {}", finding.line) } else { String::new() };
            output.line(&format!("{}{line}: {}", finding.path.display(), finding.message))?;
        }
        output.say(&format!(
            "{} events in the database, {} lines in {} journals: {}",
            verified.events,
            verified.lines,
            verified.journals,
            if verified.is_sound() { "sound" } else { "NOT sound" }
        ));
    }
    Ok(if verified.is_sound() { Exit::Ok } else { Exit::Found })
}

/// Runs `rebuild`.
pub fn rebuild(setup: &Setup, what: RebuildWhat, output: &mut Output) -> Result<Exit, CliError> {
    let what = match what {
        RebuildWhat::Database => Rebuild::Database,
        RebuildWhat::Journals => Rebuild::Journals,
        RebuildWhat::Projection => Rebuild::Projection,
    };
    let rebuilt = verify::rebuild(&setup.places.workspace, setup.identity()?, what)?;
    for notice in &rebuilt.notices {
        output.say(notice);
    }
    output.say(&format!("rebuilt: {} events, {} journals", rebuilt.events, rebuilt.journals));
    for path in &rebuilt.moved {
        output.say(&format!("the old copy is {}", path.display()));
    }
    Ok(Exit::Ok)
}
