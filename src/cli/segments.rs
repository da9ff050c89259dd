//! `aftercall segments`: what was found of intents, channels, tiers, languages, versions and handlers, and the rules.
//!
//! Invariant: looking changes nothing; rules are applied when a person says so.

use super::args::find::{SegmentsArguments, SegmentsCommand};
use super::context::Context;
use super::failure::{Code, Failure};
use super::import::count;
use super::output::Data;
use super::progress::{Bar, Unit};
use crate::model::segments::Segment;
use crate::ops::segments::{self, SegmentRow};
use crate::store::Access;

/// Carries the command out.
pub fn segments(context: &Context, arguments: &SegmentsArguments) -> Result<Code, Failure> {
    match &arguments.command {
        None => show(context, arguments),
        Some(SegmentsCommand::Init) => {
            let workspace = context.open_to_write(Access::Create)?;
            let path = segments::init(&workspace)?;
            context.talk.say(&format!("{} written; it changes nothing until you edit it and", path.display()));
            context.talk.say("run `aftercall segments apply`");
            Ok(Code::Done)
        }
        Some(SegmentsCommand::Apply) => apply(context, arguments),
    }
}

fn show(context: &Context, arguments: &SegmentsArguments) -> Result<Code, Failure> {
    let (workspace, door) = context.open_door(None)?;
    let overview = segments::overview(&workspace)?;
    let mut data = Data::open();
    let masked =
        |row: &SegmentRow| SegmentRow { value: row.value.as_deref().map(|value| door.text(value)), ..row.clone() };
    for segment in Segment::ALL {
        let rows: Vec<SegmentRow> = overview.rows.iter().filter(|row| row.segment == segment).map(masked).collect();
        let known: Vec<&SegmentRow> = rows.iter().filter(|row| row.value.is_some()).collect();
        let unknown = rows.iter().find(|row| row.value.is_none());
        let shown = known.iter().take(arguments.limit).copied().chain(unknown);
        if arguments.json {
            for row in shown {
                data.json(row)?;
            }
            continue;
        }
        data.line(segment.word())?;
        for row in shown {
            let value = row.value.as_deref().unwrap_or("(unknown)");
            data.line(&format!("  {:>8} {:5.1} %  {value}", row.conversations, row.share * 100.0))?;
        }
        if known.len() > arguments.limit {
            data.line(&format!("  {:>8}          more values; --limit shows them", known.len() - arguments.limit))?;
        }
    }
    data.finish()?;
    if !overview.applied {
        context.talk.say("segments.toml has changed since it was applied: `aftercall segments apply`");
    }
    Ok(Code::Done)
}

fn apply(context: &Context, arguments: &SegmentsArguments) -> Result<Code, Failure> {
    let mut workspace = context.open_to_write(Access::Write)?;
    let bar = Bar::open(context.talk, Unit::Things);
    let applied = segments::apply(&mut workspace, &mut |progress| bar.show(progress));
    drop(bar);
    let applied = applied?;
    if arguments.json {
        let mut data = Data::open();
        data.json(&applied)?;
        data.finish()?;
    } else {
        let changed = count(applied.changed, "conversation");
        context.talk.say(&format!("{changed} of {} changed", applied.conversations));
    }
    Ok(Code::Done)
}
