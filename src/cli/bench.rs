//! `aftercall bench evaluators`: how well evaluators tell failures, on data with known outcomes.
//!
//! Invariant: files that are only measured go into a workspace of their own, which is gone afterwards.

use std::time::Instant;

use super::args::judge::{BenchArguments, BenchCommand};
use super::context::{Context, now};
use super::failure::{Code, Failure};
use super::import::{count, tool_list};
use super::output::Data;
use super::progress::{Bar, Unit};
use crate::ingest::{ReadOptions, ToolList};
use crate::ops::bench::{self, BenchOrder, BenchReport, Row};
use crate::ops::workspace::{ImportOrder, Workspace};
use crate::store::Access;

/// Carries the command out.
pub fn bench(context: &Context, arguments: &BenchArguments) -> Result<Code, Failure> {
    let BenchCommand::Evaluators { data, tools, truth, below, inverted, group, pool, json } = &arguments.command;
    let order = BenchOrder { filter: &pool.filter, truth, below: *below, inverted: *inverted, group: group.as_deref() };
    let start = Instant::now();
    let measure = |workspace: &Workspace| {
        let bar = Bar::open(context.talk, Unit::Things);
        bench::bench(workspace, &order, now(), &mut |progress| bar.show(progress))
    };
    let mut report = if data.is_empty() {
        measure(&context.open_to_read()?)?
    } else {
        let io = |error: std::io::Error| Failure::new(Code::Io, format!("a temporary folder: {error}"));
        let folder = tempfile::tempdir().map_err(io)?;
        let mut workspace = Workspace::open(&folder.path().join("workspace"), context.identity()?, Access::Create)?;
        let mut known = ToolList::default();
        for path in tools {
            known.merge(tool_list(Some(path))?);
        }
        let read = ReadOptions { tools: known, ..ReadOptions::default() };
        let bar = Bar::open(context.talk, Unit::Bytes);
        let order = ImportOrder { paths: data.clone(), read, ..ImportOrder::default() };
        let imported = workspace.import(&order, now(), &mut |progress| bar.show(progress))?;
        drop(bar);
        if imported.skipped > 0 {
            context.talk.say(&format!("{} could not be read", count(imported.skipped, "record")));
        }
        measure(&workspace)?
    };
    report.seconds = start.elapsed().as_secs_f64();
    if report.conversations == 0 {
        let message = format!(
            "no conversation has an outcome or attribute \"{truth}\" that says pass or fail ({} looked at); `aftercall list --json` shows what there is",
            report.without_truth
        );
        return Err(Failure::new(Code::Error, message));
    }
    tell(context, &report, *json)?;
    Ok(Code::Done)
}

fn tell(context: &Context, report: &BenchReport, json: bool) -> Result<(), Failure> {
    let mut data = Data::open();
    if json {
        data.json(report)?;
    } else {
        let width = report.rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
        data.line(&format!("{:width$}  {:>6}  AUROC  95 %         better  objects  rightly  ", "score", "n"))?;
        for row in &report.rows {
            data.line(line(row, width).trim_end())?;
        }
    }
    data.finish()?;
    context.talk.say(&format!(
        "{} of {} failed by \"{}\", {}, {} without; {:.1} s. AUROC: how often a failed one is rated worse; 0.5 is chance",
        report.failed,
        count(report.conversations as u64, "conversation"),
        report.truth,
        count(report.groups as u64, "group"),
        report.without_truth,
        report.seconds,
    ));
    Ok(())
}

fn line(row: &Row, width: usize) -> String {
    let auroc = row.auroc.map_or_else(|| "-".to_owned(), |auroc| format!("{auroc:.3}"));
    let interval = row.interval.map_or_else(String::new, |(low, high)| format!("{low:.2} to {high:.2}"));
    let (objects, rightly) =
        row.objections.map_or_else(Default::default, |(all, right)| (all.to_string(), right.to_string()));
    let mark = row.mark.map_or("", |mark| mark.words());
    format!(
        "{:width$}  {:>6}  {auroc:>5}  {interval:12}  {:6}  {objects:>7}  {rightly:>7}  {mark}",
        row.name, row.n, row.better
    )
}
