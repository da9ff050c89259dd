//! `aftercall simulate` and `aftercall strategies`: what an order would have found, and which orders there are.
//!
//! Invariant: both only read.

use std::time::Instant;

use super::args::simulate::{SimulateArguments, StrategiesArguments};
use super::context::{Context, now};
use super::failure::{Code, Failure};
use super::import::count;
use super::output::Data;
use super::progress::{Bar, Unit};
use crate::ops::bench::BenchOrder;
use crate::ops::signals::Expected;
use crate::ops::simulate::{self, Measured, PoolRule, SimulateOrder, SimulateReport, StrategyRow};
use crate::rank::audit::AuditShare;
use crate::rank::strategy::{STRATEGIES, Strategy};

/// Rows of the chart.
const HEIGHT: usize = 10;

/// Characters between two points of it.
const STEP: usize = 3;

/// Carries `simulate` out.
pub fn simulate(context: &Context, arguments: &SimulateArguments) -> Result<Code, Failure> {
    let SimulateArguments { truth, below, inverted, group, pool, .. } = arguments;
    let mut order = SimulateOrder {
        truth: BenchOrder { filter: &pool.filter, truth, below: *below, inverted: *inverted, group: group.as_deref() },
        seeds: arguments.seeds,
        audit: arguments.audit,
        strategies: arguments.strategies.clone(),
        pool: match (arguments.failure_share, arguments.one_per_group) {
            (Some(share), _) => PoolRule::FailureShare(share),
            (None, true) => PoolRule::OnePerGroup,
            (None, false) => PoolRule::Groups,
        },
        labels: arguments.labels,
        redraw: arguments.redraw.clone(),
        expected: if arguments.without_expected { Expected::Ignored } else { Expected::Used },
    };
    if order.strategies.is_empty() {
        order.strategies.push(Strategy::Learnt);
    }
    let start = Instant::now();
    let workspace = context.open_to_read()?;
    let bar = Bar::open(context.talk, Unit::Things);
    let outcome = simulate::simulate(&workspace, &order, now(), &mut |progress| bar.show(progress));
    drop(bar);
    let mut report = outcome?;
    report.seconds = start.elapsed().as_secs_f64();
    if report.seeds == 0 {
        let message = format!(
            "nothing to replay: {} with an outcome or attribute \"{truth}\", {} of them failed; both kinds are needed",
            count(report.conversations as u64, "conversation"),
            report.failed
        );
        return Err(Failure::new(Code::Error, message));
    }
    tell(context, &report, arguments.json)?;
    Ok(Code::Done)
}

fn tell(context: &Context, report: &SimulateReport, json: bool) -> Result<(), Failure> {
    let mut data = Data::open();
    if json {
        data.json(report)?;
    } else {
        table(&mut data, report)?;
        chart(&mut data, report)?;
    }
    data.finish()?;
    context.talk.say(&format!(
        "{} of {} failed by \"{}\", {}; a pool is {}: {:.0} on average, {:.0} % failed; {}, audit share {:.0} %, {}; {:.1} s",
        report.failed,
        count(report.conversations as u64, "conversation"),
        report.truth,
        count(report.groups as u64, "group"),
        report.pool_rule,
        report.pool,
        report.base_rate * 100.0,
        count(report.seeds as u64, "seed"),
        report.audit_share * 100.0,
        if report.expected_calls { "expected calls used where known" } else { "expected calls ignored" },
        report.seconds,
    ));
    Ok(())
}

fn table(data: &mut Data, report: &SimulateReport) -> Result<(), Failure> {
    let labels = format!("found@{}", report.labels);
    data.line(&format!(
        "{:20}  {:11}  {:11}  {:11}  {:11}  {:>9}  {:11}  {:>8}  {:>8}  audit: labels, rmse, covers, +-",
        "order", "gain", "recall@10%", "recall@20%", "labels/80%", "to random", labels, "naive", "held out"
    ))?;
    for row in &report.rows {
        data.line(line(row).trim_end())?;
    }
    for row in &report.rows {
        let Some(lost) = row.lost else { continue };
        data.line(&format!(
            "{}: {:.1} % +-{:.1} % fewer failures found in {} labels than with what every label teaches",
            row.strategy,
            lost.mean * 100.0,
            lost.half_width * 100.0,
            report.labels
        ))?;
    }
    data.put("")
}

fn line(row: &StrategyRow) -> String {
    let figure = |one: Measured| format!("{:.3} +-{:.3}", one.mean, one.half_width);
    let audit = row.audit.map_or_else(String::new, |audit| {
        format!("{:.0}, {:.3}, {:.1} %, {:.3}", audit.labels, audit.rmse, audit.coverage * 100.0, audit.half_width)
    });
    format!(
        "{:20}  {}  {}  {}  {}  {:>7.0} %  {}  {:>8}  {:>8}  {audit}",
        row.strategy,
        figure(row.gain),
        figure(row.recall_at_10),
        figure(row.recall_at_20),
        figure(row.labels_for_80),
        row.relative_to_random * 100.0,
        figure(row.found),
        row.naive_bias.map_or_else(|| "-".to_owned(), |bias| format!("{bias:+.3}")),
        row.held_out_auroc.map_or_else(|| "-".to_owned(), |auroc| format!("{:.3}", auroc.mean)),
    )
}

/// The discovery curves in text: one sign per order.
fn chart(data: &mut Data, report: &SimulateReport) -> Result<(), Failure> {
    let points = report.rows.first().map_or(0, |row| row.curve.len());
    let mut cells = vec![vec![' '; points.saturating_sub(1) * STEP + 1]; HEIGHT + 1];
    let signs: Vec<char> = signs(&report.rows);
    // The first row drawn last stays on top where curves meet: random, the strategies, the best.
    for (row, sign) in report.rows.iter().zip(&signs).rev() {
        for (at, share) in row.curve.iter().enumerate() {
            let height = (share.clamp(0.0, 1.0) * HEIGHT as f64).round() as usize;
            cells[HEIGHT - height][at * STEP] = *sign;
        }
    }
    data.put("failures found, by share of labels")?;
    for (at, line) in cells.iter().enumerate() {
        let share = (HEIGHT - at) * 100 / HEIGHT;
        data.put(format!("{share:>4} % |{}", line.iter().collect::<String>()).trim_end())?;
    }
    data.put(&format!("       +{}", "-".repeat(points.saturating_sub(1) * STEP + 1)))?;
    data.put(&format!("        0 %{:>width$}", "100 %", width = (points.saturating_sub(1) * STEP).saturating_sub(2)))?;
    let key: Vec<String> =
        report.rows.iter().zip(&signs).map(|(row, sign)| format!("{sign} {}", row.strategy)).collect();
    data.line(&format!("        {}", key.join("   ")))
}

/// A sign for each order: a dot for random, `o` for the best, letters between.
fn signs(rows: &[StrategyRow]) -> Vec<char> {
    let mut letters = "*+x#%@&abcdef".chars();
    rows.iter()
        .map(|row| match row.strategy.as_str() {
            "random" => '.',
            "oracle" => 'o',
            _ => letters.next().unwrap_or('?'),
        })
        .collect()
}

/// Carries `strategies` out.
pub fn strategies(arguments: &StrategiesArguments) -> Result<Code, Failure> {
    let mut data = Data::open();
    for info in &STRATEGIES {
        if arguments.json {
            data.json(&serde_json::json!({
                "schema_version": 1,
                "name": info.name,
                "about": info.line,
                "order": info.formula,
                "audit_share": if info.strategy.has_audit() { f64::from(AuditShare::default().thousandths()) / 1000.0 } else { 0.0 },
            }))?;
        } else {
            data.put(&format!("{:15}{}", info.name, info.line))?;
            data.put(&format!("{:15}{}", "", info.formula))?;
        }
    }
    data.finish()?;
    Ok(Code::Done)
}
