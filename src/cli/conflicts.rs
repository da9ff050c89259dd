//! `aftercall conflicts`: texts that came in under the identity of a stored conversation and differ from it.
//!
//! Invariant: nothing is thrown away here; of two texts one is kept and the other one stays set aside.

use super::args::find::{ConflictsArguments, ConflictsCommand};
use super::context::{Context, now};
use super::failure::{Code, Failure};
use super::import::count;
use super::output::Data;
use crate::ops::conflicts::{self, ConflictRow, Kept, Line, Side, Which};
use crate::store::Access;

/// Equal steps shown before and after a difference.
const CONTEXT: usize = 2;

/// Carries the command out.
pub fn conflicts(context: &Context, arguments: &ConflictsArguments) -> Result<Code, Failure> {
    match &arguments.command {
        None => list(context, arguments),
        Some(ConflictsCommand::Lines) => lines(context, arguments),
        Some(ConflictsCommand::KeepStored { line }) => {
            let mut workspace = context.open_to_write(Access::Write)?;
            conflicts::keep_stored(&mut workspace, line, now())?;
            context.talk.say("the stored event stands; the line stays set aside, on record");
            Ok(Code::Done)
        }
        Some(ConflictsCommand::Show { id }) => show(context, arguments, id),
        Some(ConflictsCommand::Keep { id, theirs, .. }) => {
            let kept = if *theirs { Kept::Theirs } else { Kept::Ours };
            keep(context, arguments, (id, kept))
        }
    }
}

fn list(context: &Context, arguments: &ConflictsArguments) -> Result<Code, Failure> {
    let (workspace, door) = context.open_door(arguments.unmasked.then_some("conflicts"))?;
    let which = if arguments.all { Which::All } else { Which::Open };
    let rows = conflicts::list(&workspace, &door, which)?;
    let mut data = Data::open();
    for row in &rows {
        if arguments.json { data.json(row)? } else { data.line(&line(row))? }
    }
    data.finish()?;
    if arguments.json {
        return Ok(Code::Done);
    }
    match rows.iter().filter(|row| !row.settled).count() {
        0 => context.talk.say("no conversation is in conflict"),
        open => {
            context.talk.say(&format!(
                "{} in conflict: `aftercall conflicts show ID` shows both texts,",
                count(open as u64, "text")
            ));
            context.talk.say("`aftercall conflicts keep ID --ours` or `--theirs` keeps one");
        }
    }
    Ok(Code::Done)
}

fn lines(context: &Context, arguments: &ConflictsArguments) -> Result<Code, Failure> {
    let (workspace, door) = context.open_door(arguments.unmasked.then_some("conflicts"))?;
    let which = if arguments.all { Which::All } else { Which::Open };
    let rows = conflicts::lines(&workspace, &door, which)?;
    let mut data = Data::open();
    for row in &rows {
        if arguments.json {
            data.json(row)?;
            continue;
        }
        let settled = if row.settled { "  settled" } else { "" };
        data.line(&format!("{}  {}: {}{settled}", row.name, row.journal, row.reason))?;
        for (lead, event) in [("- stored   ", &row.stored), ("+ set aside", &row.set_aside)] {
            let event = event.as_ref().map_or_else(|| "nothing that can be shown".to_owned(), ToString::to_string);
            data.line(&format!("  {lead} {event}"))?;
        }
    }
    data.finish()?;
    if !arguments.json {
        let open = rows.iter().filter(|row| !row.settled).count() as u64;
        context.talk.say(&format!(
            "{} set aside; `aftercall conflicts keep-stored LINE` says that the stored event stands; what the other one \
             says can be given again by whoever said it",
            count(open, "journal line")
        ));
    }
    Ok(Code::Done)
}

fn line(row: &ConflictRow) -> String {
    let differ = match row.first_difference {
        Some(step) => format!("differs from step {step}"),
        None => "differs in no step".to_owned(),
    };
    let labels = if row.labels > 0 { format!("  {}", count(row.labels, "label")) } else { String::new() };
    let kept = if row.settled { "  settled" } else { "" };
    let (id, name) = (&row.id, &row.external_id);
    format!("{id}  {name:24}  ours {} steps, theirs {}  {differ}{labels}{kept}", row.ours.steps, row.theirs.steps)
}

fn show(context: &Context, arguments: &ConflictsArguments, id: &str) -> Result<Code, Failure> {
    let (workspace, door) = context.open_door(arguments.unmasked.then_some("conflicts"))?;
    let shown = conflicts::show(&workspace, &door, id)?;
    let mut data = Data::open();
    if arguments.json {
        data.json(&shown)?;
        data.finish()?;
        return Ok(Code::Done);
    }
    data.line(&line(&shown.row))?;
    data.put("  = in both   - ours, the stored text   + theirs, the text that was set aside")?;
    let lines = shown.lines();
    let near = |at: usize| {
        let from = at.saturating_sub(CONTEXT);
        let to = (at + CONTEXT + 1).min(lines.len());
        lines[from..to].iter().any(|line| line.side != Side::Both)
    };
    let mut skipped = 0;
    for (at, line) in lines.iter().enumerate() {
        if line.side == Side::Both && !near(at) {
            skipped += 1;
            continue;
        }
        tell_skipped(&mut data, &mut skipped)?;
        print(&mut data, line)?;
    }
    tell_skipped(&mut data, &mut skipped)?;
    data.finish()?;
    Ok(Code::Done)
}

fn tell_skipped(data: &mut Data, skipped: &mut u64) -> Result<(), Failure> {
    if *skipped > 0 {
        data.put(&format!("    … {} in both", count(*skipped, "step")))?;
    }
    *skipped = 0;
    Ok(())
}

fn print(data: &mut Data, line: &Line) -> Result<(), Failure> {
    let sign = match line.side {
        Side::Both => '=',
        Side::Ours => '-',
        Side::Theirs => '+',
    };
    let Line { step, what, text, .. } = line;
    data.line(&format!("  {sign} {step:>3} {what}"))?;
    if line.side == Side::Both {
        return data.block("      │ ", text.lines().next().unwrap_or(""));
    }
    data.block(&format!("  {sign}   │ "), text)
}

fn keep(context: &Context, arguments: &ConflictsArguments, (id, kept): (&str, Kept)) -> Result<Code, Failure> {
    let mut workspace = context.open_to_write(Access::Write)?;
    let settled = conflicts::keep(&mut workspace, id, kept, now())?;
    if arguments.json {
        let mut data = Data::open();
        data.json(&settled)?;
        data.finish()?;
    } else {
        let stale = match settled.stale_labels {
            0 => String::new(),
            labels => format!("; {} judged the other text", count(labels, "label")),
        };
        context.talk.say(&format!("{}: {} kept{stale}", settled.id, kept.word()));
    }
    if let Some(problem) = &settled.journal_problem {
        super::output::warn(&format!("note: saved in the database, but not in the journal: {problem}"));
    }
    Ok(Code::Done)
}
