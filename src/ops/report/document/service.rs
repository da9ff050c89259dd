//! How service went, what to do next, what was decided: the second half of a report in words and shapes.
//!
//! Invariant: a number of fewer than ten is grey, or only says of how many it is.

use super::super::service::{Figure, METRICS, Unit};
use super::super::{DecisionRow, Figures, IntentRow, Report, SMALL, SegmentRow};
use super::number::{amount, name_of, percent, rate, told};
use super::{Bar, Block, Dot, Row, heading, table};
use crate::model::segments::Segment;

/// Whether there is a value of a measure, in the period or before.
pub(super) fn is_told(report: &Report, id: &str) -> bool {
    [&report.figures, &report.figures_before].iter().any(|figures| figures.get(id).value.is_some())
}

pub(super) fn service(report: &Report, blocks: &mut Vec<Block>) {
    let about = "The same ruler for everybody who handled a conversation. What is not recorded has no number.";
    heading(blocks, "Service", about);
    let people = |value: &str| {
        let of = |row: &&SegmentRow| row.segment == Segment::HandledBy && row.value.eq_ignore_ascii_case(value);
        report.segments.iter().find(of).map(|row| &row.figures)
    };
    let (ai, human) = (people("ai"), people("human"));
    let apart = ai.is_some() && human.is_some();
    let row = |(at, metric): (usize, &super::super::Definition)| {
        let figure = report.figures.0.get(at).copied().unwrap_or_default();
        let of = |figures: &Figures| figures.0.get(at).copied().unwrap_or_default();
        let told = |unit, figure: Figure| match (figure.value, metric.source) {
            // Recorded or not, nobody was asked by lot.
            (None, "audit labels") => "no audit labels".to_owned(),
            _ => told(unit, figure),
        };
        let mut cells =
            vec![metric.name.to_owned(), told(metric.unit, figure), told(metric.unit, of(&report.figures_before))];
        if apart {
            cells.extend(
                // A rate of so few would be read as one all the same.
                [ai, human].map(|whom| whom.map(of).unwrap_or_default()).map(|figure| match figure.n {
                    1..SMALL => format!("n {}", figure.n),
                    _ => told(metric.unit, figure),
                }),
            );
        }
        cells.push(figure.n.to_string());
        Row { cells, small: figure.n < SMALL }
    };
    let mut head = vec!["measure", "this period", "before"];
    if apart {
        head.extend(["handled by AI", "handled by people"]);
    }
    head.push("n");
    let known = METRICS.iter().enumerate().filter(|(_, metric)| is_told(report, metric.id));
    blocks.push(table(&head, 1, known.map(row).collect()));
    let unknown: Vec<&str> =
        METRICS.iter().filter(|metric| !is_told(report, metric.id)).map(|metric| metric.name).collect();
    if !unknown.is_empty() {
        blocks.push(Block::Note(format!("Nothing is recorded of: {}.", unknown.join("; "))));
    }
    segments(report, blocks);
    if !report.tools.is_empty() {
        heading(blocks, "Tools", "How often calls fail.");
        let row = |row: &super::super::ToolRow| Row {
            small: row.calls < SMALL,
            cells: vec![row.tool.clone(), row.calls.to_string(), row.failed.to_string(), percent(row.share)],
        };
        blocks.push(table(&["tool", "calls", "failed", "share"], 1, report.tools.iter().map(row).collect()));
    }
    if report.escalations.iter().any(|row| row.reason.is_some()) {
        heading(blocks, "Why it was handed over", "As recorded with the hand-over.");
        let bar = |row: &super::super::ReasonRow| Bar {
            name: row.reason.clone().unwrap_or_else(|| "not recorded".into()),
            count: row.conversations,
            note: percent(row.share),
            marked: false,
        };
        blocks.push(Block::Bars(report.escalations.iter().map(bar).collect()));
    }
}

/// Measures told by segment: those that decide, so that a table stays readable; the JSON form has all.
const BY_SEGMENT: [&str; 5] = ["failure_rate", "resolution", "escalation_rate", "repeat_contact", "csat"];

fn segments(report: &Report, blocks: &mut Vec<Block>) {
    let metrics: Vec<(usize, &super::super::Definition)> = METRICS
        .iter()
        .enumerate()
        .filter(|(at, metric)| {
            BY_SEGMENT.contains(&metric.id) && report.figures.0.get(*at).is_some_and(|one| one.n > 0)
        })
        .collect();
    for segment in Segment::ALL {
        let rows: Vec<&SegmentRow> = report.segments.iter().filter(|row| row.segment == segment).collect();
        if rows.len() < 2 {
            continue;
        }
        let name =
            if segment == Segment::HandledBy { "who handled it".to_owned() } else { segment.word().replace('_', " ") };
        heading(blocks, &format!("By {name}"), "");
        let row = |row: &&SegmentRow| {
            let mut cells = vec![
                row.value.clone(),
                row.worst_mode.clone().unwrap_or_default(),
                row.conversations.to_string(),
                row.failures.to_string(),
            ];
            cells.extend(metrics.iter().map(|(at, metric)| {
                let figure = row.figures.0.get(*at).copied().unwrap_or_default();
                // A rate of so few would be read as one all the same.
                if figure.n < SMALL && figure.n > 0 { format!("n {}", figure.n) } else { told(metric.unit, figure) }
            }));
            Row { cells, small: row.conversations < SMALL }
        };
        let mut head = vec!["", "worst mode", "n", "failures found"];
        head.extend(metrics.iter().map(|(_, metric)| metric.name));
        blocks.push(table(&head, 2, rows.iter().map(row).collect()));
        and_more(report, segment, blocks);
    }
}

/// How many values have no row.
fn and_more(report: &Report, segment: Segment, blocks: &mut Vec<Block>) {
    if let Some(more) = report.segments_left_out.get(segment.word()) {
        blocks.push(Block::Note(format!("And {more} more values, which are not shown.")));
    }
}

pub(super) fn satisfaction(report: &Report, blocks: &mut Vec<Block>) {
    if report.satisfaction.is_empty() {
        return;
    }
    let about = "Mean grade by failure mode, against conversations that people passed; what a mode costs is the gap times how many answered.";
    heading(blocks, "What failures cost in satisfaction", about);
    let row = |row: &super::super::SatisfactionRow| Row {
        small: row.csat.n < SMALL,
        cells: vec![
            row.name.clone(),
            told(Unit::Grade, row.csat),
            row.csat.n.to_string(),
            row.lost.map_or_else(|| "–".to_owned(), |lost| format!("{lost:.1}")),
        ],
    };
    blocks.push(table(&["", "CSAT", "n", "grades lost"], 1, report.satisfaction.iter().map(row).collect()));
}

pub(super) fn impact(report: &Report, blocks: &mut Vec<Block>) {
    if report.impact.len() < 2 {
        return;
    }
    let about = "Frequent and simple: automate next. Frequent but long, or failing more than all for sure: fix first. Rare and long or failing: hand to people. Complexity is the median number of steps over that of all.";
    heading(blocks, "What to automate, what to hand to people", about);
    let dot = |row: &IntentRow| Dot {
        name: row.intent.clone(),
        volume: row.volume,
        complexity: row.complexity,
        class: row.advice.words(),
    };
    blocks.push(Block::Scatter(report.impact.iter().map(dot).collect()));
    let row = |row: &IntentRow| Row {
        small: row.conversations < SMALL,
        cells: vec![
            row.intent.clone(),
            row.advice.words().to_owned(),
            format!("{} ({})", row.conversations, percent(row.volume)),
            format!("{:.2}", row.complexity),
            row.with_people.map_or_else(|| "–".to_owned(), percent),
            rate(&row.failure_rate),
            row.model_estimate.map_or_else(|| "–".to_owned(), percent),
        ],
    };
    let head = ["intent", "advice", "conversations", "complexity", "with people", "failure rate", "model's guess"];
    blocks.push(table(&head, 2, report.impact.iter().map(row).collect()));
    and_more(report, Segment::Intent, blocks);
}

pub(super) fn targets(report: &Report, blocks: &mut Vec<Block>) {
    if report.targets.is_empty() {
        return;
    }
    heading(
        blocks,
        "Targets",
        "Burn is how much of what a target allows was used: 1 is all of it. Met or missed only where the interval says so.",
    );
    let row = |row: &super::super::TargetRow| {
        let unit = METRICS.iter().find(|metric| metric.id == row.metric).map_or(Unit::Share, |metric| metric.unit);
        let bound = match (row.at_least, row.at_most) {
            (Some(bound), _) => format!("at least {}", amount(unit, bound)),
            (_, Some(bound)) => format!("at most {}", amount(unit, bound)),
            _ => String::new(),
        };
        let about = if row.filter.is_empty() { String::new() } else { format!(" ({})", row.filter) };
        Row {
            small: row.figure.n < SMALL,
            cells: vec![
                format!("{}{about}", name_of(&row.metric)),
                bound,
                row.standing.words().to_owned(),
                told(unit, row.figure),
                told(unit, row.before),
                row.burn.map_or_else(|| "–".to_owned(), |burn| format!("{burn:.2}")),
                row.figure.n.to_string(),
            ],
        }
    };
    let head = ["measure", "target", "standing", "this period", "before", "burn", "n"];
    blocks.push(table(&head, 3, report.targets.iter().map(row).collect()));
}

pub(super) fn decisions(report: &Report, blocks: &mut Vec<Block>) {
    if report.decisions.is_empty() {
        return;
    }
    heading(
        blocks,
        "Decisions",
        "What was decided; once closed, whether the failure mode that it answers got rarer, from audit labels.",
    );
    let row = |row: &DecisionRow| Row {
        small: !row.open && row.effect.as_ref().is_none_or(|effect| effect.difference.is_err()),
        cells: vec![
            row.text.clone(),
            row.owner.clone().unwrap_or_else(|| "nobody yet".to_owned()),
            match (row.open, row.overdue, &row.due) {
                (true, true, Some(due)) => format!("overdue since {due}"),
                (true, _, Some(due)) => format!("open, due {due}"),
                (true, ..) => "open".to_owned(),
                (false, ..) => row.closed.as_ref().map_or_else(|| "closed".to_owned(), |day| format!("closed {day}")),
            },
            row.kind.word().to_owned(),
            row.mode.clone().unwrap_or_default(),
            made(row),
            row.id.clone(),
            row.effect.as_ref().map(super::super::super::decision::Effect::words).unwrap_or_default(),
        ],
    };
    let head = ["what", "owner", "state", "changes", "mode", "decided", "id", "effect"];
    blocks.push(table(&head, usize::MAX, report.decisions.iter().map(row).collect()));
}

/// When a decision was made, and in which session.
fn made(row: &DecisionRow) -> String {
    let parts = [row.made.as_deref(), row.session.as_deref()];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
