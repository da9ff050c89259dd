//! A report in words and shapes, for every form it is written in.
//!
//! Invariant: what a number rests on stands beside it; a form adds how it looks, never what it says.

use super::super::alignment::Remark;
use super::service::{Better, Figure, METRICS, Unit};
use super::{
    Change, Example, Figures, Guarded, IntentRow, Matrix, ModeRow, Rate, Report, SMALL, SegmentRow, Standing, WeekRow,
};
use crate::model::segments::Segment;

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
    format!("Failure review {}", report.period.name)
}

/// What the report is on, in a line.
pub(super) fn subtitle(report: &Report) -> String {
    let days = format!("{} to {}", report.period.from, report.period.to);
    match report.filter.as_str() {
        "" => format!("{days}, held against {}", report.before.name),
        filter => format!("{days}, held against {}; only {filter}", report.before.name),
    }
}

/// All of it, in order.
pub(super) fn blocks(report: &Report) -> Vec<Block> {
    let mut blocks = vec![Block::Tiles(tiles(report)), Block::Points(points(report))];
    if report.audit.is_none() {
        blocks.push(Block::Note(
            "No conversation of these days was drawn by lot and judged, so no rate of failure is told: what was picked fails more often than the rest. \"Found\" counts what people found.".into(),
        ));
    }
    modes(report, &mut blocks);
    trend(report, &mut blocks);
    owners(report, &mut blocks);
    matrices(report, &mut blocks);
    evaluators(report, &mut blocks);
    service(report, &mut blocks);
    satisfaction(report, &mut blocks);
    impact(report, &mut blocks);
    targets(report, &mut blocks);
    decisions(report, &mut blocks);
    examples(report, &mut blocks);
    reading(report, &mut blocks);
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
        Figure { value: Some(rate), interval, n } => Tile {
            small: n < SMALL,
            ..tile(
                "failure rate",
                percent(rate),
                format!("{}, n {n} drawn by lot", interval.map(range).unwrap_or_default()),
            )
        },
        _ => Tile { small: true, ..tile("failure rate", "–".into(), "nothing drawn by lot yet".into()) },
    };
    let new = report.modes.iter().filter(|row| row.is_new).count();
    let saturated = match report.saturation.saturated {
        Some(true) => "none in the last 20 judged".to_owned(),
        Some(false) => format!("{} in the last 20 judged", report.saturation.new_in_last_twenty),
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
        tile("new failure modes", new.to_string(), saturated),
    ];
    for id in ["resolution", "escalation_rate", "csat"] {
        let Some(metric) = METRICS.iter().find(|metric| metric.id == id) else { continue };
        let figure = report.figures.get(id);
        if let Some(value) = figure.value {
            let note = format!("before {}, n {}", told(metric.unit, report.figures_before.get(id)), figure.n);
            tiles.push(Tile { small: figure.n < SMALL, ..tile(metric.name, amount(metric.unit, value), note) });
        }
    }
    tiles
}

/// What stands out, in sentences.
fn points(report: &Report) -> Vec<String> {
    let mut points = Vec::new();
    if let Some(first) = report.modes.iter().find(|row| row.found > 0) {
        points.push(format!(
            "Most frequent: {} ({} of {} failures found).",
            first.name, first.found, report.counts.failed
        ));
    }
    let gravest = report.modes.iter().filter(|row| row.severities[3] > 0).max_by_key(|row| row.severities[3]);
    if let Some(row) = gravest {
        points.push(format!("Most critical: {} ({} of severity 4).", row.name, row.severities[3]));
    }
    let names = |rows: Vec<&str>| rows.join(", ");
    let new: Vec<&str> = report.modes.iter().filter(|row| row.is_new).map(|row| row.name.as_str()).collect();
    // Where nothing was judged before, everything is new, and that says nothing.
    if !new.is_empty() && new.len() < report.modes.len() {
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
    if let Some(row) =
        report.satisfaction.iter().find(|row| row.mode.is_some() && row.lost.is_some_and(|lost| lost > 0.0))
    {
        points.push(format!(
            "Costs customers' satisfaction most: {} (CSAT {}).",
            row.name,
            told(Unit::Grade, row.csat)
        ));
    }
    if report.counts.disputed > 0 {
        points.push(format!("{} conversations are disputed and count nowhere yet.", report.counts.disputed));
    }
    points
}

fn modes(report: &Report, blocks: &mut Vec<Block>) {
    heading(blocks, "Failure modes", "What went wrong, most found first. A share is of conversations drawn by lot.");
    if report.counts.failed == 0 {
        return blocks.push(Block::Note("No failure of these days is settled yet.".into()));
    }
    let bar = |row: &ModeRow| Bar {
        name: row.name.clone(),
        count: row.found,
        note: format!("before {}", row.found_before),
        marked: row.is_new,
    };
    blocks.push(Block::Bars(report.modes.iter().filter(|row| row.found > 0).map(bar).collect()));
    let row = |row: &ModeRow| Row {
        small: row.found < SMALL && row.share.as_ref().map_or(true, |rate| rate.n < SMALL),
        cells: vec![
            if row.is_new { format!("{} (new)", row.name) } else { row.name.clone() },
            row.found.to_string(),
            row.found_before.to_string(),
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
        blocks.push(Block::Note(format!("{} failures found have no mode.", report.without_mode)));
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
        "{} judged so far showed {} modes; new ones per twenty judged: {}; {verdict}.",
        found.judged,
        found.modes,
        if blocks.is_empty() { "–".to_owned() } else { blocks.join(", ") }
    )
}

fn trend(report: &Report, blocks: &mut Vec<Block>) {
    heading(
        blocks,
        "Pass rate by week",
        "How many conversations pass, from those drawn by lot, with the 95 % interval.",
    );
    let point = |row: &WeekRow| Point {
        name: row.window.name.clone(),
        rate: row.pass_rate.as_ref().ok().map(|rate| (rate.rate, rate.interval)),
        n: row.pass_rate.as_ref().map_or(0, |rate| rate.n),
    };
    if report.weeks.iter().any(|row| row.pass_rate.is_ok()) {
        blocks.push(Block::Line(report.weeks.iter().map(point).collect()));
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
    let head = ["week", "conversations", "judged", "failures found", "pass rate"];
    blocks.push(table(&head, 1, report.weeks.iter().map(row).collect()));
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
        "How many failures each evaluator catches, and how many passes it lets through; on all blind labels of the audit.",
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
    let head = ["evaluator", "remark", "failures caught", "passes let through", "kappa", "misses", "false alarms"];
    blocks.push(table(&head, 2, rows));
    let same: Vec<&str> = found.rows.iter().filter(constant).map(|row| row.name.as_str()).collect();
    if !same.is_empty() {
        blocks.push(Block::Note(format!("These said the same of everything: {}.", same.join(", "))));
    }
}

fn service(report: &Report, blocks: &mut Vec<Block>) {
    let about = "The same ruler for everybody who handled a conversation. What is not recorded has no number.";
    heading(blocks, "Service", about);
    let people = |value: &str| {
        let of = |row: &&SegmentRow| row.segment == Segment::HandledBy && row.value.eq_ignore_ascii_case(value);
        report.segments.iter().find(of).map(|row| &row.figures)
    };
    let (ai, human) = (people("ai"), people("human"));
    let apart = ai.is_some() && human.is_some();
    let row = |(at, metric): (usize, &super::Definition)| {
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
    blocks.push(table(&head, 1, METRICS.iter().enumerate().map(row).collect()));
    segments(report, blocks);
    if !report.tools.is_empty() {
        heading(blocks, "Tools", "How often calls fail.");
        let row = |row: &super::ToolRow| Row {
            small: row.calls < SMALL,
            cells: vec![row.tool.clone(), row.calls.to_string(), row.failed.to_string(), percent(row.share)],
        };
        blocks.push(table(&["tool", "calls", "failed", "share"], 1, report.tools.iter().map(row).collect()));
    }
    if report.escalations.iter().any(|row| row.reason.is_some()) {
        heading(blocks, "Why it was handed over", "As recorded with the hand-over.");
        let bar = |row: &super::ReasonRow| Bar {
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
    let metrics: Vec<(usize, &super::Definition)> = METRICS
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
    }
}

fn satisfaction(report: &Report, blocks: &mut Vec<Block>) {
    if report.satisfaction.is_empty() {
        return;
    }
    let about = "Mean grade by failure mode, against conversations that people passed; what a mode costs is the gap times how many answered.";
    heading(blocks, "What failures cost in satisfaction", about);
    let row = |row: &super::SatisfactionRow| Row {
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

fn impact(report: &Report, blocks: &mut Vec<Block>) {
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
}

fn targets(report: &Report, blocks: &mut Vec<Block>) {
    if report.targets.is_empty() {
        return;
    }
    heading(
        blocks,
        "Targets",
        "Burn is how much of what a target allows was used: 1 is all of it. Met or missed only where the interval says so.",
    );
    let row = |row: &super::TargetRow| {
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

fn decisions(report: &Report, blocks: &mut Vec<Block>) {
    if report.decisions.is_empty() {
        return;
    }
    heading(
        blocks,
        "Decisions",
        "What was decided; once closed, whether the failure mode that it answers got rarer, from audit labels.",
    );
    let row = |row: &super::DecisionRow| Row {
        small: !row.open && row.effect.as_ref().is_none_or(|effect| effect.difference.is_err()),
        cells: vec![
            row.id.clone(),
            row.text.clone(),
            row.kind.word().to_owned(),
            row.owner.clone().unwrap_or_default(),
            row.mode.clone().unwrap_or_default(),
            match (row.open, row.overdue, &row.due) {
                (true, true, Some(due)) => format!("overdue since {due}"),
                (true, _, Some(due)) => format!("open, due {due}"),
                (true, ..) => "open".to_owned(),
                (false, ..) => "closed".to_owned(),
            },
            row.effect.as_ref().map(super::super::decision::Effect::words).unwrap_or_default(),
        ],
    };
    let head = ["", "what", "changes", "owner", "mode", "state", "effect"];
    blocks.push(table(&head, usize::MAX, report.decisions.iter().map(row).collect()));
}

fn examples(report: &Report, blocks: &mut Vec<Block>) {
    let rows: Vec<Row> =
        report.modes.iter().flat_map(|mode| mode.examples.iter().map(|one| example(&mode.name, one))).collect();
    if rows.is_empty() {
        return;
    }
    heading(
        blocks,
        "To read",
        "Up to three of each mode, the gravest first; `aftercall show ID` opens one. Notes are masked.",
    );
    blocks.push(table(&["mode", "conversation", "severity", "step", "note"], usize::MAX, rows));
}

fn example(mode: &str, example: &Example) -> Row {
    let place = match (example.step, &example.at) {
        (Some(step), Some(at)) => format!("{step}: {at}"),
        (Some(step), None) => step.to_string(),
        _ => "no single step".to_owned(),
    };
    let cells = vec![
        mode.to_owned(),
        example.conversation.to_string(),
        example.severity.map(|severity| severity.to_string()).unwrap_or_default(),
        place,
        example.note.clone().unwrap_or_default(),
    ];
    Row { cells, small: false }
}

fn reading(report: &Report, blocks: &mut Vec<Block>) {
    heading(blocks, "How to read this", "");
    let from = report.audit.as_ref().map_or_else(
        || "Nothing of these days was drawn by lot.".to_owned(),
        |queue| format!("Rates of failure rest on {} conversations that were drawn by lot for queue {queue} and judged by people.", report.counts.audited),
    );
    blocks.push(Block::Points(vec![
        from,
        "Square brackets hold the 95 % interval: Wilson's for shares, order statistics for medians and tails. Grey is of fewer than ten.".into(),
        "A change is told from eight labels in both periods on, with Newcombe's interval.".into(),
        "Labels that differ, drafts, and labels of an earlier text count nowhere.".into(),
    ]));
    let row = |metric: &super::Definition| Row {
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
    blocks.push(table(&["measure", "what it is", "from", "better"], usize::MAX, METRICS.iter().map(row).collect()));
}

fn name_of(id: &str) -> &str {
    METRICS.iter().find(|metric| metric.id == id).map_or(id, |metric| metric.name)
}

/// A share as whole percent.
pub(super) fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

fn range((low, high): (f64, f64)) -> String {
    format!("[{:.0}-{:.0}]", low * 100.0, high * 100.0)
}

fn rate(rate: &Guarded<Rate>) -> String {
    rate.as_ref()
        .map_or_else(|_| "–".to_owned(), |rate| format!("{} {} n {}", percent(rate.rate), range(rate.interval), rate.n))
}

fn difference(change: &Change) -> String {
    let (low, high) = change.interval;
    format!("{:+.0} [{:+.0} to {:+.0}] points", change.difference * 100.0, low * 100.0, high * 100.0)
}

/// How a value of a unit is told: what it is multiplied with, its decimals, and what stands before and after.
fn scale(unit: Unit, value: f64) -> (f64, usize, &'static str, &'static str) {
    match unit {
        Unit::Share => (100.0, 0, "", " %"),
        Unit::Seconds if value >= 90.0 => (1.0 / 60.0, 1, "", " min"),
        Unit::Seconds => (1.0, 0, "", " s"),
        Unit::Milliseconds if value >= 10_000.0 => (0.001, 1, "", " s"),
        Unit::Milliseconds => (1.0, 0, "", " ms"),
        Unit::Grade => (1.0, 1, "", ""),
        Unit::Dollars => (1.0, 4, "$", ""),
    }
}

/// A number in its unit.
fn amount(unit: Unit, value: f64) -> String {
    let (factor, decimals, before, after) = scale(unit, value);
    format!("{before}{:.decimals$}{after}", value * factor)
}

/// A figure with its interval, or that there is none.
pub(super) fn told(unit: Unit, figure: Figure) -> String {
    let Some(value) = figure.value else { return "not recorded".to_owned() };
    let shown = amount(unit, value);
    let (factor, decimals, ..) = scale(unit, value);
    match (unit, figure.interval) {
        (_, None) => shown,
        (Unit::Share, Some(interval)) => format!("{shown} {}", range(interval)),
        (_, Some((low, high))) => format!("{shown} [{:.decimals$} to {:.decimals$}]", low * factor, high * factor),
    }
}
