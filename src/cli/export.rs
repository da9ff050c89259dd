//! `aftercall export`: labelled conversations as datasets.
//!
//! Invariant: what is told after an export is what its manifest says.

use serde::Serialize;

use super::args::dataset::ExportArguments;
use super::context::{Context, now};
use super::dataset::warn_of_repeat;
use super::failure::{Code, Failure};
use super::import::count;
use super::output::{Data, warn};
use super::progress::{Bar, Unit};
use crate::dataset::manifest::Manifest;
use crate::engine::beside;
use crate::model::export::ExportOrder;
use crate::ops::export::{self, ExportError, ExportReport};
use crate::store::Access;

#[derive(Serialize)]
struct Answer<'a> {
    schema_version: u32,
    directory: String,
    dry_run: bool,
    manifest: &'a Manifest,
}

impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Queue(error) => error.into(),
            ExportError::Dataset(error) => error.into(),
            ExportError::Format { .. } | ExportError::NoFormat(_) | ExportError::NoReason => {
                Self::usage(error.to_string())
            }
            other => Self::new(other.class().into(), other.to_string()),
        }
    }
}

/// Carries the command out.
pub fn export(context: &Context, arguments: &ExportArguments) -> Result<Code, Failure> {
    let order = ExportOrder {
        directory: arguments.directory.clone(),
        formats: arguments.format.clone(),
        filter: arguments.pool.filter.clone(),
        keep_personal_data: arguments.keep_personal_data.clone(),
        dataset: arguments.dataset.clone(),
        open_test: arguments.open_test.clone(),
        json_strings: arguments.json_strings,
    };
    let report = if arguments.dry_run {
        export::plan(&context.open_to_read()?, &order, now())?
    } else {
        let mut workspace = context.open_to_write(Access::Write)?;
        let bar = Bar::open(context.talk, Unit::Things);
        export::export_beside(&mut workspace, (&order, Some(beside)), now(), &mut |progress| bar.show(progress))?
    };
    tell(context, &report, arguments.dry_run);
    warn_of_repeat(report.test_uses_before);
    if arguments.json {
        let mut data = Data::open();
        data.json(&Answer {
            schema_version: 1,
            directory: report.directory.display().to_string(),
            dry_run: arguments.dry_run,
            manifest: &report.manifest,
        })?;
        data.finish()?;
    }
    Ok(if report.journal_problem.is_some() { Code::Partly } else { Code::Done })
}

fn tell(context: &Context, report: &ExportReport, dry_run: bool) {
    let talk = context.talk;
    let manifest = &report.manifest;
    let conversations = &manifest.conversations;
    talk.say(&format!(
        "{} matched, {} with a settled verdict",
        count(conversations.matched, "conversation"),
        conversations.settled
    ));
    for (reason, number) in &conversations.left_out {
        talk.say(&format!("  {number} left out: {reason}"));
    }
    if let Some(dataset) = manifest.dataset.as_ref().filter(|dataset| dataset.sealed_test_rows > 0) {
        let rows = count(dataset.sealed_test_rows, "row");
        talk.say(&format!("{rows} of the test split are sealed; --open-test REASON writes them, recorded"));
    }
    for file in &manifest.files {
        let path = report.directory.join(&file.name);
        talk.say(&format!("{}: {}, {}", path.display(), count(file.rows, "row"), count(file.bytes, "byte")));
        for (reason, number) in &file.left_out {
            talk.say(&format!("  {number} gave no row: {reason}"));
        }
        for (warning, number) in &file.warnings {
            talk.say(&format!("  look at {}: {warning}", count(*number, "conversation")));
        }
    }
    if let Some(reason) = &manifest.masking.kept_because {
        talk.say(&format!("personal data is written as it is, recorded with the reason: {reason}"));
    } else if dry_run {
        talk.say(&format!("personal data would be masked; {}", manifest.masking.limits));
    } else {
        let masked: u64 = manifest.masking.masked.values().sum();
        talk.say(&format!("personal data is masked ({}); {}", count(masked, "value"), manifest.masking.limits));
    }
    if dry_run {
        talk.say("a dry run: nothing was written");
    }
    if let Some(problem) = &report.journal_problem {
        warn(&format!("the database has the record of it, but the journal could not be written: {problem}"));
    }
}
