//! `aftercall compare` and `aftercall drift`: two sets of conversations.
//!
//! Invariant: what is too soft to be told says how many labels it takes.

use super::super::args::numbers::{AdjustName, CompareArguments, DriftArguments};
use super::super::context::{Context, now};
use super::super::failure::{Code, Failure};
use super::super::output::{Cell, Data};
use super::{filled, from, header, number, percent, points, rate_cells, told, unmasked, whole};
use crate::ops::compare::{self, Adjustment, CompareOrder, CompareReport, Compared, Test};
use crate::ops::drift::{self, DriftOrder, DriftReport, DriftRow, Measured};
use crate::ops::sample::{AdjustedP, Rate};
use crate::text::width;

/// Carries `compare` out.
pub fn compare(context: &Context, arguments: &CompareArguments) -> Result<Code, Failure> {
    let (mut workspace, door) = context.open_door(unmasked(&arguments.tell, "compare"))?;
    let order = CompareOrder {
        first: &arguments.first,
        second: &arguments.second,
        sample: from(&arguments.from),
        by: arguments.by.as_deref(),
        task: arguments.task.as_deref(),
        adjustment: match arguments.adjust {
            AdjustName::Bh => Adjustment::BenjaminiHochberg,
            AdjustName::Holm => Adjustment::Holm,
        },
    };
    let report = compare::compare(&mut workspace, &order, now())?.masked(&|text| door.text(text));
    let mut data = Data::open();
    if arguments.tell.json {
        data.json(&report)?;
    } else if arguments.tell.csv {
        compare_csv(&mut data, &report)?;
    } else {
        compare_text(&mut data, &report)?;
    }
    data.finish()?;
    context.talk.say(&report.basis.words());
    Ok(Code::Done)
}

fn compare_csv(data: &mut Data, report: &CompareReport) -> Result<(), Failure> {
    let names = [
        "segment",
        "a_failed",
        "a_labels",
        "a_rate",
        "a_low",
        "a_high",
        "b_failed",
        "b_labels",
        "b_rate",
        "b_low",
        "b_high",
        "test",
        "difference",
        "low",
        "high",
        "p",
        "needs",
    ];
    header(data, &names)?;
    for one in std::iter::once(&report.overall).chain(&report.segments) {
        let found = one.test.difference();
        let mut cells = vec![Cell::Text(one.segment.clone().unwrap_or_default())];
        cells.extend(rate_cells(&one.first));
        cells.extend(rate_cells(&one.second));
        cells.push(Cell::Plain(name(&one.test).to_owned()));
        cells.push(number(found.map(|found| found.0)));
        cells.push(number(found.map(|found| found.1.0)));
        cells.push(number(found.map(|found| found.1.1)));
        cells.push(number(one.p.as_ref().ok().map(|p| p.value())));
        cells.push(Cell::Plain(one.needs.map(|needs| needs.labels.to_string()).unwrap_or_default()));
        data.csv(&cells)?;
    }
    Ok(())
}

fn name(test: &Test) -> &'static str {
    match test {
        Test::Paired { .. } => "paired",
        Test::Clustered { .. } => "clustered",
        Test::Apart { .. } => "apart",
    }
}

fn compare_text(data: &mut Data, report: &CompareReport) -> Result<(), Failure> {
    data.line(&format!("A  {}", report.first))?;
    data.line(&format!("B  {}", report.second))?;
    compared(data, &report.overall)?;
    for one in &report.segments {
        data.line("")?;
        data.line(&format!("{} {}", report.by.as_deref().unwrap_or_default(), one.segment.as_deref().unwrap_or("")))?;
        compared(data, one)?;
    }
    Ok(())
}

fn compared(data: &mut Data, one: &Compared) -> Result<(), Failure> {
    data.line(&format!("  A fails     {}", told(&one.first, Rate::words)))?;
    data.line(&format!("  B fails     {}", told(&one.second, Rate::words)))?;
    match &one.test {
        Test::Paired { tasks, changed, .. } => {
            data.line(&format!("  {tasks} tasks on both sides"))?;
            if let Ok(changed) = changed {
                let words = format!("{} became worse, {} better", changed.worse, changed.better);
                data.line(&format!("  changed     {words} (McNemar)"))?;
            }
        }
        Test::Clustered { tasks, .. } => {
            data.line(&format!("  {tasks} tasks with several trials: tasks are resampled"))?;
        }
        Test::Apart { .. } => {}
    }
    let words =
        one.test.difference().map_or_else(|| "nothing can be said".to_owned(), |(mean, ends)| points(mean, ends));
    data.line(&format!("  B minus A   {words}"))?;
    match (&one.p, compare::why_not(&one.p)) {
        (Ok(p), _) => data.line(&format!("  p           {:.4} {}", p.value(), p.stars()))?,
        (_, why) => data.line(&format!("  p           {}", why.unwrap_or_default()))?,
    }
    if let Some(needs) = one.needs {
        let size = format!("{:+.0} points", needs.difference * 100.0);
        data.line(&format!(
            "  needs       {} more labels ({}) to settle a difference of {size}",
            needs.labels, needs.of
        ))?;
    }
    Ok(())
}

/// Carries `drift` out.
pub fn drift(context: &Context, arguments: &DriftArguments) -> Result<Code, Failure> {
    let (workspace, door) = context.open_door(unmasked(&arguments.tell, "drift"))?;
    let order = DriftOrder { reference: arguments.reference.as_deref(), current: arguments.current.as_deref() };
    let report = drift::drift(&workspace, &order, now())?.masked(&|text| door.text(text));
    let mut data = Data::open();
    if arguments.tell.json {
        data.json(&report)?;
    } else if arguments.tell.csv {
        drift_csv(&mut data, &report)?;
    } else {
        drift_text(&mut data, &report)?;
    }
    data.finish()?;
    let (before, after) = report.conversations;
    context.talk.say(&format!("{}: {before} conversations; {}: {after}", report.reference, report.current));
    if before == 0 || after == 0 {
        context.talk.say("one side is empty: `aftercall drift A B` takes two filters, or import a second batch");
    }
    if report.alarms > 0 {
        context.talk.say("thresholds and rates were learnt on other conversations than these: check them again");
        return Ok(Code::Found);
    }
    Ok(Code::Done)
}

/// The stability index, the second statistic with its name, and why there are none.
fn numbers(row: &DriftRow) -> Result<(f64, &'static str, f64), String> {
    match &row.measured {
        Measured::Score { drift, .. } => {
            drift.as_ref().map(|drift| (drift.psi, "KS", drift.ks)).map_err(ToString::to_string)
        }
        Measured::Category { drift, .. } => {
            drift.as_ref().map(|drift| (drift.psi, "V", drift.v)).map_err(ToString::to_string)
        }
    }
}

fn drift_csv(data: &mut Data, report: &DriftReport) -> Result<(), Failure> {
    header(data, &["name", "psi", "statistic", "value", "p_adjusted", "alarm", "before", "after"])?;
    for row in &report.rows {
        let found = numbers(row).ok();
        let n = match &row.measured {
            Measured::Score { n, .. } => *n,
            Measured::Category { .. } => report.conversations,
        };
        data.csv(&[
            Cell::Text(row.name.clone()),
            number(found.map(|found| found.0)),
            Cell::Plain(found.map_or("", |found| found.1).to_owned()),
            number(found.map(|found| found.2)),
            number(row.p_adjusted.map(AdjustedP::value)),
            Cell::Plain(row.alarm.to_string()),
            whole(n.0),
            whole(n.1),
        ])?;
    }
    Ok(())
}

fn drift_text(data: &mut Data, report: &DriftReport) -> Result<(), Failure> {
    let wide = report.rows.iter().map(|row| width::of(&row.name)).max().unwrap_or(0).clamp(9, 34);
    data.line(&format!("{}  {:>6}  {:>8}  {:>7}  {:5}  before -> after", filled("what", wide), "PSI", "", "p", ""))?;
    for row in &report.rows {
        let alarm = if row.alarm { "ALARM" } else { "" };
        let line = match numbers(row) {
            Ok((psi, name, value)) => {
                let p = row.p_adjusted.map(|p| format!("{:.4}", p.value())).unwrap_or_default();
                format!("{psi:>6.3}  {:>8}  {p:>7}  {alarm:5}  {}", format!("{name} {value:.2}"), sides(row))
            }
            Err(why) => why,
        };
        data.line(format!("{}  {line}", filled(&row.name, wide)).trim_end())?;
    }
    Ok(())
}

fn sides(row: &DriftRow) -> String {
    match &row.measured {
        Measured::Score { means: (Some(before), Some(after)), .. } => format!("{before:.2} -> {after:.2}"),
        Measured::Score { .. } => String::new(),
        Measured::Category { .. } => row.measured.moved_most().map_or_else(String::new, |(value, before, after)| {
            format!("{value} {} -> {}", percent(*before), percent(*after))
        }),
    }
}
