//! How a report is to be read, and what its words mean.
//!
//! Invariant: every word that is no everyday one is told in one line; names of methods stand here and nowhere else.

use std::fmt::Write as _;

use super::super::service::{Better, Definition, METRICS};
use super::service::is_told;
use super::{Block, Report, Row, heading, table};

/// Words and what they mean.
const WORDS: [(&str, &str); 14] = [
    ("drawn by lot", "picked by chance and not because it looked bad, so that its share stands for all conversations"),
    ("found", "judged by people to have failed, however it came up; a count of these says nothing about the rest"),
    (
        "[low-high]",
        "the 95 % interval: the true value lies in it, but for one time in twenty; the more were judged, the narrower (Wilson for shares, Student's t for means, order statistics for medians and tails; by whole conversations for calls and steps)",
    ),
    ("n", "of how many a number is; grey is of fewer than ten, and a share of fewer than eight is not told"),
    ("change", "this period less the one before, told from eight labels in both on (Newcombe's interval)"),
    ("failure mode", "a way to fail, as the reviewers named it; a failure may have several"),
    ("severity", "from 1, a blemish, to 4, critical"),
    ("disputed", "reviewers differ, and nobody has settled it"),
    ("failures caught", "of what people failed, how much the evaluator objects to as well; misses are the others"),
    ("passes left alone", "of what people passed, how much the evaluator passes as well; false alarms are the others"),
    ("agreement", "of an evaluator with people beyond what chance would give: 1 is all, 0 is none (Cohen's kappa)"),
    (
        "P(fail), model's guess",
        "how likely a conversation failed, as the built-in evaluators guess it from numbers alone",
    ),
    ("contained", "came to an end without a person, and not on an open question"),
    ("burn", "how much of what a target allows was used up: 1 is all of it"),
];

pub(super) fn reading(report: &Report, blocks: &mut Vec<Block>) {
    heading(blocks, "How to read this", "");
    let mut from = report.audit.as_ref().map_or_else(
        || "Nothing of this was drawn by lot from all conversations.".to_owned(),
        |queue| format!("Rates of failure rest on {} conversations that were drawn by lot for queue {queue} and judged by people, imports by their sizes.", report.counts.audited),
    );
    if let Some(filter) = &report.audit_filter {
        let _ = write!(from, " They are of {filter} only.");
    }
    blocks.push(Block::Points(vec![
        from,
        "Labels that differ, drafts, and labels of an earlier text count nowhere. P(fail) is held against labels that did not teach it.".into(),
    ]));
    let row = |metric: &Definition| Row {
        small: false,
        cells: vec![
            metric.name.to_owned(),
            metric.formula.to_owned(),
            metric.source.to_owned(),
            match metric.better {
                Better::Higher => "higher",
                Better::Lower => "lower",
                Better::Neither => "neither",
            }
            .to_owned(),
        ],
    };
    blocks.push(table(
        &["measure", "what it is", "from", "better"],
        usize::MAX,
        METRICS.iter().filter(|metric| is_told(report, metric.id)).map(row).collect(),
    ));
    heading(blocks, "Words", "");
    let row =
        |(word, meaning): &(&str, &str)| Row { small: false, cells: vec![(*word).to_owned(), (*meaning).to_owned()] };
    blocks.push(table(&["word", "what it means here"], usize::MAX, WORDS.iter().map(row).collect()));
}
