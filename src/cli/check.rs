//! `aftercall verify` and `aftercall rebuild`: the two copies of the labels, looked over and made anew.
//!
//! Invariant: verify changes nothing; whatever it finds decides the exit code.

use serde::Serialize;
use std::fmt::Write as _;

use super::args::upkeep::{RebuildArguments, VerifyArguments};
use super::context::Context;
use super::failure::{Code, Failure};
use super::import::count;
use super::output::{Data, warn};
use crate::ops::verify::{self, Rebuild, Rebuilt, Verified};

#[derive(Serialize)]
struct Answer<'a, T> {
    schema_version: u32,
    #[serde(flatten)]
    inner: &'a T,
}

/// Carries `verify` out.
pub fn verify(context: &Context, arguments: &VerifyArguments) -> Result<Code, Failure> {
    let workspace = context.open_to_read()?;
    let verified: Verified = verify::verify(&workspace)?;
    let mut data = Data::open();
    if arguments.json {
        data.json(&Answer { schema_version: 1, inner: &verified })?;
    } else {
        for finding in &verified.findings {
            let mut place = finding.path.display().to_string();
            if finding.line > 0 {
                let _ = write!(place, ":{} (byte {})", finding.line, finding.byte);
            }
            data.line(&format!("{place}: {}", finding.message))?;
        }
    }
    data.finish()?;
    let looked = format!(
        "{} in the database, {} in {}",
        count(verified.events, "event"),
        count(verified.lines, "line"),
        count(verified.journals, "journal")
    );
    if verified.is_sound() {
        context.talk.say(&format!("all holds together: {looked}"));
        return Ok(Code::Done);
    }
    context.talk.say(&format!("{}: {looked}", count(verified.findings.len() as u64, "finding")));
    Ok(Code::Found)
}

/// Carries `rebuild` out.
pub fn rebuild(context: &Context, arguments: &RebuildArguments) -> Result<Code, Failure> {
    let what = arguments.rebuild();
    let rebuilt: Rebuilt = verify::rebuild(context.root(), context.identity()?, what)?;
    for notice in &rebuilt.notices {
        warn(&format!("note: {notice}"));
    }
    let done = match what {
        Rebuild::Database => "the database's labels were made anew from the journals",
        Rebuild::Journals => "the journals were written anew from the database",
        Rebuild::Projection => "what the labels add up to was computed anew",
    };
    context.talk.say(&format!("{done}: {} of {}", count(rebuilt.events, "event"), count(rebuilt.journals, "journal")));
    for path in &rebuilt.moved {
        context.talk.say(&format!("the old one is kept as {}", path.display()));
    }
    if arguments.json {
        let mut data = Data::open();
        data.json(&Answer { schema_version: 1, inner: &rebuilt })?;
        data.finish()?;
    }
    Ok(Code::Done)
}
