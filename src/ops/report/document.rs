//! A report in words and shapes, for every form it is written in.
//!
//! Invariant: what a number rests on stands beside it; a form adds how it looks, never what it says.

use super::super::alignment::Remark;
use super::service::{Figure, METRICS};
use super::{Counts, Matrix, ModeRow, Report, SMALL, Standing, Unit, WeekRow};
use crate::stats::rate::LEAST_IN_SEGMENT;
use crate::text::count;

mod cases;
mod held;
mod number;
mod service;
mod words;

pub(super) use number::percent;
use number::{amount, difference, name_of, range, rate, told, too_few};
use service::{decisions, impact, satisfaction, service, targets};

/// One thing on the page.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Block {
    /// A heading, and what the part is about.
    Heading(String, String),
    /// The numbers that matter most.
    Tiles(Vec<Tile>),
    /// Sentences, one a line.
    Points(Vec<String>),
    /// What is to be kept in mind.
    Note(String),
    /// Bars of counts.
    Bars(Vec<Bar>),
    /// Shares along time.
    Line(Vec<Point>),
    /// Volume against complexity.
    Scatter(Vec<Dot>),
    /// A table.
    Table(Table),
    /// A matrix of counts: what the rows are, what the columns are, and it.
    Matrix(String, String, Matrix),
    /// A lesser heading, what it is about, and conversations told one by one.
    Cases(String, String, Vec<Case>),
}

/// A conversation in words: its name, and lines with what they are.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Case {
    pub name: String,
    pub lines: Vec<(&'static str, String)>,
}

/// A number that matters.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tile {
    pub name: String,
    pub value: String,
    pub note: String,
    pub small: bool,
}

/// One bar.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bar {
    pub name: String,
    pub count: u64,
    pub note: String,
    pub marked: bool,
}

/// One share along time.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Point {
    pub name: String,
    pub rate: Option<(f64, (f64, f64))>,
    pub n: u64,
}

/// One intent.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Dot {
    pub name: String,
    pub volume: f64,
    pub complexity: f64,
    pub class: &'static str,
}

/// A table; columns from `numbers` on are numbers.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Table {
    pub head: Vec<String>,
    pub numbers: usize,
    pub rows: Vec<Row>,
}

/// One row; a small one is of few.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub cells: Vec<String>,
    pub small: bool,
}

/// The title.
pub(super) fn title(report: &Report) -> String {
    match &report.session {
        Some(session) => format!("Review session {}", session.name),
        None => format!("Failure review {}", report.period.name),
    }
}

/// What the report is on, in a line.
pub(super) fn subtitle(report: &Report) -> String {
    let days = match &report.session {
        Some(session) => held::when(session),
        None => format!("{} to {}", report.period.from, report.period.to),
    };
    let before = report.weeks.iter().rev().nth(1).is_some_and(|row| row.conversations > 0);
    let against = if before { "" } else { " (of which there is no conversation)" };
    let against = match &report.session {
        Some(_) if !before => String::new(),
        _ => format!(", held against {}{against}", report.before.name),
    };
    match report.filter.as_str() {
        "" => format!("{days}{against}"),
        filter => format!("{days}{against}; only {filter}"),
    }
}

/// Whether anybody judged anything of the period before: else its counts say nothing.
fn judged_before(report: &Report) -> bool {
    report.weeks.iter().rev().nth(1).is_some_and(|row| row.judged > 0)
}

/// What has to be known before any number is read.
fn warnings(report: &Report) -> Vec<Block> {
    let Counts { conversations, undated, .. } = report.counts;
    let mut notes = Vec::new();
    if conversations == 0 {
        let what = if report.session.is_some() { "was judged in this session" } else { "is of these days" };
        notes.push(format!("No conversation {what}: there is nothing here to hand on."));
    }
    if undated > 0 && report.session.is_none() {
        notes.push(format!(
            "{undated} of {conversations} have no date of their own and stand at the day of their import."
        ));
    }
    notes.into_iter().map(Block::Note).collect()
}

/// Whether new modes are worth a word: where nothing was judged before, everything is new, and that says nothing.
fn tells_new(report: &Report) -> bool {
    report.modes.iter().any(|row| !row.is_new)
}

/// All of it, in order.
pub(super) fn blocks(report: &Report) -> Vec<Block> {
    let mut blocks = warnings(report);
    held::people(report, &mut blocks);
    if report.counts.conversations == 0 {
        decisions(report, &mut blocks);
        held::aside(report, &mut blocks);
        trend(report, &mut blocks);
        return blocks;
    }
    blocks.extend([Block::Tiles(tiles(report)), Block::Points(points(report))]);
    if report.audit.is_none() {
        blocks.push(Block::Note(
            "None of these conversations was drawn by lot and judged, so no rate of failure is told: what was picked fails more often than the rest. \"Found\" counts what people found.".into(),
        ));
    }
    decisions(report, &mut blocks);
    held::aside(report, &mut blocks);
    targets(report, &mut blocks);
    modes(report, &mut blocks);
    cases::examples(report, &mut blocks);
    trend(report, &mut blocks);
    owners(report, &mut blocks);
    matrices(report, &mut blocks);
    service(report, &mut blocks);
    satisfaction(report, &mut blocks);
    impact(report, &mut blocks);
    evaluators(report, &mut blocks);
    words::reading(report, &mut blocks);
    blocks
}

fn heading(blocks: &mut Vec<Block>, name: &str, about: &str) {
    blocks.push(Block::Heading(name.to_owned(), about.to_owned()));
}

fn table(head: &[&str], numbers: usize, rows: Vec<Row>) -> Block {
    Block::Table(Table { head: head.iter().map(|name| (*name).to_owned()).collect(), numbers, rows })
}

fn tiles(report: &Report) -> Vec<Tile> {
    let counts = &report.counts;
    let tile = |name: &str, value: String, note: String| Tile { name: name.into(), value, note, small: false };
    let failing = match report.figures.get("failure_rate") {
        few if too_few(Unit::Share, few) => {
            Tile { small: true, ..tile("failure rate", "–".into(), format!("too few, n {} drawn by lot", few.n)) }
        }
        Figure { value: Some(rate), interval, n } => Tile {
            small: n < SMALL,
            ..tile(
                "failure rate",
                percent(rate),
                format!("{}, n {n} drawn by lot", interval.map(range).unwrap_or_default()),
            )
        },
        _ => Tile { small: true, ..tile("failure rate", "–".into(), withheld(report)) },
    };
    let new = report.modes.iter().filter(|row| row.is_new || !tells_new(report)).count();
    let saturated = match report.saturation.saturated {
        Some(true) => "none new in the last 20 judged".to_owned(),
        Some(false) => format!("{} new in the last 20 judged", report.saturation.new_in_last_twenty),
        None => format!("{} judged so far", report.saturation.judged),
    };
    let mut tiles = vec![
        tile("conversations", counts.conversations.to_string(), format!("{} judged", counts.judged)),
        tile(
            "failures found",
            counts.failed.to_string(),
            format!("{} passed, {} can't tell", counts.passed, counts.unsure),
        ),
        failing,
        tile(if tells_new(report) { "new failure modes" } else { "failure modes" }, new.to_string(), saturated),
    ];
    for id in ["resolution", "escalation_rate", "csat"] {
        let Some(metric) = METRICS.iter().find(|metric| metric.id == id) else { continue };
        let figure = report.figures.get(id);
        if let Some(value) = figure.value {
            let before = report.figures_before.get(id);
            let before = before.value.map(|_| format!("before {}, ", told(metric.unit, before))).unwrap_or_default();
            let note = format!("{before}n {}", figure.n);
            let value = if too_few(metric.unit, figure) { "–".to_owned() } else { amount(metric.unit, value) };
            tiles.push(Tile { small: figure.n < SMALL, ..tile(metric.name, value, note) });
        }
    }
    tiles
}

/// Why there is no rate of failure.
fn withheld(report: &Report) -> String {
    let why = report.weeks.last().and_then(|row| row.pass_rate.as_ref().err());
    match why.filter(|_| report.counts.audited > 0) {
        Some(why) => why.to_string(),
        None => "nothing drawn by lot yet".to_owned(),
    }
}

/// What stands out, in sentences.
fn points(report: &Report) -> Vec<String> {
    let mut points = Vec::new();
    let names = |rows: Vec<&str>| rows.join(", ");
    if let (found @ 1.., rows) = most(&report.modes, |row| row.found) {
        let each = if rows.len() > 1 { " each" } else { "" };
        let failures = count(report.counts.failed, "failure");
        points.push(format!("Most frequent: {} ({found}{each} of {failures} found).", names(rows)));
    }
    if let (found @ 1.., rows) = most(&report.modes, |row| row.severities[3]) {
        let each = if rows.len() > 1 { " each" } else { "" };
        points.push(format!("Most critical: {} ({found}{each} of severity 4).", names(rows)));
    }
    let new: Vec<&str> = report.modes.iter().filter(|row| row.is_new).map(|row| row.name.as_str()).collect();
    if !new.is_empty() && tells_new(report) {
        points.push(format!("New: {}.", names(new)));
    }
    for row in &report.modes {
        if let Ok(change) = &row.change
            && change.is_sure()
        {
            let how = if change.difference > 0.0 { "More often" } else { "Less often" };
            points.push(format!("{how} than before: {} ({}).", row.name, difference(change)));
        }
    }
    let missed: Vec<&str> =
        report.targets.iter().filter(|row| row.standing == Standing::Missed).map(|row| name_of(&row.metric)).collect();
    if !missed.is_empty() {
        points.push(format!("Targets missed: {}.", names(missed)));
    }
    let passed = report.satisfaction.iter().find(|row| row.mode.is_none()).map_or(0, |row| row.csat.n);
    let costs = |row: &&super::SatisfactionRow| row.mode.is_some() && row.lost.is_some_and(|lost| lost > 0.0);
    if let Some(row) = report.satisfaction.iter().find(costs).filter(|row| row.csat.n.min(passed) >= SMALL) {
        points.push(format!(
            "Costs customers' satisfaction most: {} (CSAT {}).",
            row.name,
            told(Unit::Grade, row.csat)
        ));
    }
    if report.counts.disputed > 0 {
        let disputed = count(report.counts.disputed, "conversation");
        let are = if report.counts.disputed == 1 { "is" } else { "are" };
        points.push(format!("{disputed} {are} disputed: reviewers differ, so that it counts nowhere yet."));
    }
    points
}

/// The highest count of any mode, and the names of all that have it.
fn most(modes: &[ModeRow], of: impl Fn(&ModeRow) -> u64) -> (u64, Vec<&str>) {
    let highest = modes.iter().map(&of).max().unwrap_or(0);
    (highest, modes.iter().filter(|row| of(row) == highest).map(|row| row.name.as_str()).collect())
}

fn modes(report: &Report, blocks: &mut Vec<Block>) {
    heading(blocks, "Failure modes", "What went wrong, most found first. A share is of conversations drawn by lot.");
    if report.counts.failed == 0 {
        return blocks.push(Block::Note("No failure of these conversations is settled yet.".into()));
    }
    let known = judged_before(report);
    let bar = |row: &ModeRow| Bar {
        name: row.name.clone(),
        count: row.found,
        note: if known { format!("before {}", row.found_before) } else { String::new() },
        marked: row.is_new && tells_new(report),
    };
    blocks.push(Block::Bars(report.modes.iter().filter(|row| row.found > 0).map(bar).collect()));
    let row = |row: &ModeRow| Row {
        small: row.found < SMALL && row.share.as_ref().map_or(true, |rate| rate.n < SMALL),
        cells: vec![
            if row.is_new && tells_new(report) { format!("{} (new)", row.name) } else { row.name.clone() },
            row.found.to_string(),
            if known { row.found_before.to_string() } else { "–".to_owned() },
            rate(&row.share),
            rate(&row.share_of_failures),
            row.change.as_ref().map_or_else(|_| "too few".to_owned(), difference),
            row.severity.map_or_else(|| "–".to_owned(), |mean| format!("{mean:.1}")),
            row.severities[3].to_string(),
        ],
    };
    let head = ["mode", "found", "before", "of all", "of failures", "change", "mean severity", "critical"];
    blocks.push(table(&head, 1, report.modes.iter().map(row).collect()));
    if report.without_mode > 0 {
        let have = if report.without_mode == 1 { "has" } else { "have" };
        let failures = count(report.without_mode, "failure");
        blocks.push(Block::Note(format!("{failures} {have} no mode.")));
    }
    blocks.push(Block::Note(saturation(report)));
}

fn saturation(report: &Report) -> String {
    let found = &report.saturation;
    let blocks: Vec<String> = found.new_per_twenty.iter().map(u64::to_string).collect();
    let verdict = match found.saturated {
        Some(true) => "the last twenty brought none: the modes are probably all known",
        Some(false) => "new ones still come up: look further",
        None => "too few to say whether the modes are all known",
    };
    format!(
        "{} judged so far showed {}; new ones in each twenty judged, the last twenty last: {}; {verdict}.",
        found.judged,
        count(found.modes, "mode"),
        if blocks.is_empty() { "–".to_owned() } else { blocks.join(", ") }
    )
}

/// What is drawn of a week: as everywhere, no share of few.
fn point(row: &WeekRow) -> Point {
    let rate = row.pass_rate.as_ref().ok();
    Point {
        name: row.window.name.clone(),
        rate: rate.filter(|rate| rate.n >= LEAST_IN_SEGMENT).map(|rate| (rate.rate, rate.interval)),
        n: rate.map_or(0, |rate| rate.n),
    }
}

fn trend(report: &Report, blocks: &mut Vec<Block>) {
    let each = if report.session.is_some() { "session" } else { "week" };
    heading(
        blocks,
        &format!("Pass rate by {each}"),
        "How many conversations pass, from those drawn by lot, with the 95 % interval.",
    );
    // Weeks before the first conversation say nothing.
    let first = report.weeks.iter().position(|row| row.conversations > 0).unwrap_or_default();
    let weeks = report.weeks.get(first..).unwrap_or_default();
    let points: Vec<Point> = weeks.iter().map(point).collect();
    if points.iter().filter(|point| point.rate.is_some()).count() > 1 {
        blocks.push(Block::Line(points));
    }
    let row = |row: &WeekRow| Row {
        small: row.pass_rate.as_ref().map_or(true, |rate| rate.n < SMALL),
        cells: vec![
            row.window.name.clone(),
            row.conversations.to_string(),
            row.judged.to_string(),
            row.failures.to_string(),
            rate(&row.pass_rate),
        ],
    };
    let head = [each, "conversations", "judged", "failures found", "pass rate"];
    blocks.push(table(&head, 1, weeks.iter().map(row).collect()));
}

fn owners(report: &Report, blocks: &mut Vec<Block>) {
    if report.owners.iter().all(|row| row.owner.is_none()) {
        return;
    }
    heading(blocks, "Who owns it", "Who can put the failures right, as reviewers said.");
    let bar = |row: &super::OwnerRow| Bar {
        name: row.owner.map_or("not said", |owner| owner.word()).to_owned(),
        count: row.found,
        note: row.share.map(percent).unwrap_or_default(),
        marked: false,
    };
    blocks.push(Block::Bars(report.owners.iter().map(bar).collect()));
}

fn matrices(report: &Report, blocks: &mut Vec<Block>) {
    if report.corrections.n > 0 {
        let about = "Rows: what the agent did. Columns: what would have been right.";
        heading(blocks, "Tool choice, corrected", about);
        blocks.push(Block::Matrix("called".into(), "right".into(), report.corrections.clone()));
    }
    if report.transitions.n > 0 {
        let about = "Rows: the last step of the agent that was right. Columns: the first that was wrong.";
        heading(blocks, "Where it goes wrong", about);
        blocks.push(Block::Matrix("last right".into(), "first wrong".into(), report.transitions.clone()));
    }
}

fn evaluators(report: &Report, blocks: &mut Vec<Block>) {
    let found = &report.evaluators;
    heading(
        blocks,
        "Evaluators against people",
        "How many failures each evaluator catches, and how many passes it rightly leaves alone; on all audit labels that were given without its scores in sight.",
    );
    if let Some(why) = &found.withheld {
        return blocks.push(Block::Note(format!("Not told: {why}.")));
    }
    let row = |row: &super::EvaluatorRow| Row {
        small: row.caught.as_ref().map_or(true, |rate| rate.n < SMALL),
        cells: vec![
            row.name.clone(),
            row.remark.map(Remark::words).unwrap_or_default().to_owned(),
            rate(&row.caught),
            rate(&row.let_through),
            row.kappa.as_ref().map_or_else(|_| "–".to_owned(), |kappa| format!("{:.2}", kappa.value)),
            row.misses.conversations.to_string(),
            row.false_alarms.conversations.to_string(),
        ],
    };
    // Those that say neither pass nor fail cannot be held against people, and those that never change tell nothing.
    let constant = |row: &&super::EvaluatorRow| row.remark == Some(Remark::Constant);
    let told = |row: &&super::EvaluatorRow| row.caught.is_ok() || row.let_through.is_ok();
    let rows: Vec<Row> = found.rows.iter().filter(told).filter(|row| !constant(row)).map(row).collect();
    let head = ["evaluator", "remark", "failures caught", "passes left alone", "agreement", "misses", "false alarms"];
    blocks.push(table(&head, 2, rows));
    let same: Vec<&str> = found.rows.iter().filter(constant).map(|row| row.name.as_str()).collect();
    if !same.is_empty() {
        blocks.push(Block::Note(format!("These said the same of everything: {}.", same.join(", "))));
    }
}
