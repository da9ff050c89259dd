//! `aftercall export`: datasets from settled labels.
//!
//! Invariant: what was left out is said with its reason, so that a small dataset explains itself.

use super::args::ExportArgs;
use super::error::{CliError, Exit};
use super::import::{bar, draw};
use super::output::Output;
use super::setup::Setup;
use crate::dataset::manifest::Manifest;
use crate::model::export::ExportOrder;
use crate::ops::export::{export, plan};
use crate::store::Access;

/// Runs the command.
pub fn run(setup: &Setup, args: ExportArgs, output: &mut Output) -> Result<Exit, CliError> {
    let order = ExportOrder {
        directory: args.directory,
        formats: args.format,
        filter: args.filter,
        keep_personal_data: args.keep_personal_data,
    };
    let report = if args.dry_run {
        let workspace = setup.open(Access::Read, output)?;
        plan(&workspace, &order, setup.now())?
    } else {
        let mut workspace = setup.open(Access::Write, output)?;
        let bar = bar(output);
        let outcome = export(&mut workspace, &order, setup.now(), &mut |progress| draw(bar.as_ref(), progress));
        if let Some(bar) = &bar {
            bar.finish_and_clear();
        }
        outcome?
    };
    if args.json {
        output.json(&report.manifest)?;
    }
    let place = report.directory.display();
    if args.dry_run {
        output.say(&format!("would be written to {place}; nothing was written"));
    } else {
        output.say(&format!("written to {place}, with manifest.json"));
    }
    tell(&report.manifest, output);
    if let Some(problem) = report.journal_problem {
        output.complain(&format!("recorded in the database, but not in the journal: {problem}"));
        return Ok(Exit::Partly);
    }
    Ok(Exit::Ok)
}

fn tell(manifest: &Manifest, output: &mut Output) {
    let counts = &manifest.conversations;
    let verdicts: Vec<String> = counts.verdicts.iter().map(|(verdict, count)| format!("{count} {verdict}")).collect();
    output.say(&format!("{} of {} conversations are settled: {}", counts.settled, counts.matched, verdicts.join(", ")));
    for (reason, count) in &counts.left_out {
        output.say(&format!("  left out: {count} × {reason}"));
    }
    for file in &manifest.files {
        output.say(&format!("{}: {} rows, {} bytes", file.name, file.rows, file.bytes));
        for (reason, count) in &file.left_out {
            output.say(&format!("  left out: {count} × {reason}"));
        }
        for (what, count) in &file.warnings {
            output.say(&format!("  look at this: {count} × {what}"));
        }
    }
    let masking = &manifest.masking;
    if let Some(reason) = &masking.kept_because {
        output.say(&format!("personal data was kept: {reason}"));
    } else {
        let masked: Vec<String> = masking.masked.iter().map(|(class, count)| format!("{count} {class}")).collect();
        let masked = if masked.is_empty() { "nothing found".to_owned() } else { masked.join(", ") };
        output.say(&format!("masked: {masked} ({})", masking.limits));
    }
}
