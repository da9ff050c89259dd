//! The screen of what failed in a week, and how service went.
//!
//! Invariant: a share stands with its interval and how many it is of; of fewer than ten it is grey; what people found by
//! looking is a count, and never a share.

use std::fmt::Write as _;

use super::{boxed, worded};
use crate::engine::request::{
    EvaluatorRow, Figure, InsightsPart as Part, METRICS, ModeRow, Report, SMALL, SegmentRow, WeekRow,
};
use crate::tui::action::Action;
use crate::tui::paint::Canvas;
use crate::tui::row::{Row, wrap};
use crate::tui::state::State;
use crate::tui::state::insights::InsightsView;
use crate::tui::theme::Tone;

/// Columns from which more of a line is told.
const WIDE: usize = 110;

/// Draws the screen.
pub fn draw(state: &State, view: &InsightsView, canvas: &mut Canvas) {
    let mut title = Row::of("Insights", Tone::Title);
    if let Some(days) = view.days() {
        title.push(&format!("  {}", days.name), Tone::Strong);
        title.push(&format!("  held against {}", days.before().name), Tone::Dim);
    }
    let keys = [
        (Action::Accept, "conversations"),
        (Action::NextField, "next part"),
        (Action::PreviousWeek, "earlier"),
        (Action::NextWeek, "later"),
        (Action::WriteShown, "csv, json"),
        (Action::Back, "back"),
    ];
    let area = state.size.area();
    let hints = worded(state, &keys, usize::from(area.width.saturating_sub(4)));
    let inside = boxed(canvas, area, &title, &hints);
    let (columns, height) = (usize::from(inside.width), usize::from(inside.height));
    let Some(report) = view.shown() else {
        let (text, tone) = match &view.error {
            Some(error) => (error.clone(), Tone::Warn),
            None => (counting(state, view), Tone::Dim),
        };
        for (at, row) in wrap(&text, tone, columns, state.lens().look).iter().enumerate() {
            canvas.line(inside, at, row);
        }
        return;
    };
    let mut lines = heading(state, report, columns);
    lines.push(tabs(view.part));
    let (head, rows) = match view.part {
        Part::Modes => modes(state, report, columns),
        Part::Segments => segments(state, report, columns),
        Part::Evaluators => evaluators(state, report, columns),
        Part::People => people(state, report, columns),
    };
    lines.push(head);
    let detail = detail(state, report, view);
    let room = height.saturating_sub(lines.len() + detail.len() + 1).max(3);
    // The cursor stays in sight, in the middle of what does not fit.
    let top = view.cursor.saturating_sub(room / 2).min(rows.len().saturating_sub(room));
    let empty = rows.is_empty();
    for (at, row) in rows.into_iter().enumerate().skip(top).take(room) {
        let here = at == view.cursor;
        let mark = if here { state.config.theme.signs().cursor } else { " " };
        let mut line = Row::of(&format!("{mark} "), Tone::Key);
        line.extend(row);
        lines.push(line);
    }
    if empty {
        lines.push(nothing(report, view.part));
    }
    // What is told of the chosen line stands at the bottom, so that it does not jump.
    while lines.len() + detail.len() < height {
        lines.push(Row::new());
    }
    lines.extend(detail);
    for (at, row) in lines.into_iter().take(height).enumerate() {
        canvas.line(inside, at, &row.cut(columns, "…"));
    }
}

/// How far the counting is.
fn counting(state: &State, view: &InsightsView) -> String {
    let far = view.progress.as_ref().map_or_else(String::new, |progress| {
        let of = progress.total.map_or_else(String::new, |total| format!("step {} of {total}, ", progress.done + 1));
        format!(" ({of}{})", progress.what)
    });
    format!("counting{far}; {} stops it", state.key(Action::Back))
}

fn nothing(report: &Report, part: Part) -> Row {
    let words = match part {
        Part::Modes => "No failure of this week is settled yet.".to_owned(),
        Part::Segments => "No conversation of this week has a segment.".to_owned(),
        Part::Evaluators => report.evaluators.withheld.clone().unwrap_or_else(|| "No evaluator scored these.".into()),
        Part::People => "Nobody has judged a conversation of this week yet.".to_owned(),
    };
    Row::of(&words, Tone::Dim)
}

fn heading(state: &State, report: &Report, columns: usize) -> Vec<Row> {
    let counts = &report.counts;
    let mut words = format!("{} conversations, {} judged: {} fail", counts.conversations, counts.judged, counts.failed);
    for (count, what) in [
        (counts.unsure, "can't tell"),
        (counts.disputed, "disputed"),
        (counts.drafts, "drafts"),
        (counts.undated, "without a date"),
    ] {
        if count > 0 {
            let _ = write!(words, ", {count} {what}");
        }
    }
    let rate = report.figures.get("failure_rate");
    let drawn = match rate.value {
        Some(_) => Row::of("failure rate ", Tone::Text)
            .with(&share(rate), if rate.n < SMALL { Tone::Dim } else { Tone::Strong })
            .with(&format!("  n {} drawn by lot", rate.n), Tone::Dim),
        None => Row::of("no failure rate: nothing of this week was drawn by lot and judged", Tone::Dim),
    };
    vec![Row::of(&words, Tone::Strong), drawn, trend(state, report, columns)]
}

/// Pass rates of the last weeks, a bar each.
fn trend(state: &State, report: &Report, columns: usize) -> Row {
    const HEIGHTS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
    let mut row = Row::of("pass rate ", Tone::Text);
    let week = |row: &WeekRow| row.window.name.split_once('-').map_or("", |(_, week)| week).to_owned();
    let plain = state.config.theme.signs().bar == "#";
    for one in &report.weeks {
        let name = if columns >= WIDE { one.window.name.clone() } else { week(one) };
        row.push(&format!(" {name} "), Tone::Dim);
        match &one.pass_rate {
            Ok(rate) => {
                let tone = if rate.n < SMALL { Tone::Dim } else { Tone::Text };
                if !plain {
                    row.push(HEIGHTS[((rate.rate * 7.0).round() as usize).min(7)], Tone::Key);
                }
                row.push(&format!(" {:.0} %", rate.rate * 100.0), tone);
                if columns >= WIDE {
                    row.push(&format!(" n {}", rate.n), Tone::Dim);
                }
            }
            Err(_) => row.push("-", Tone::Dim),
        }
        row.push(" ", Tone::Text);
    }
    row
}

fn tabs(part: Part) -> Row {
    let mut row = Row::new();
    for one in Part::ALL {
        let marked = if one == part { format!("[{}]", one.word()) } else { format!(" {} ", one.word()) };
        row.push(&marked, if one == part { Tone::Key } else { Tone::Text });
        row.push(" ", Tone::Text);
    }
    row
}

type Listed = (Row, Vec<Row>);

fn modes(state: &State, report: &Report, columns: usize) -> Listed {
    let (name, bar) = if columns >= WIDE { (34, 24) } else { (24, 14) };
    let head = Row::of(&format!("  {:name$} {:bar$} found  share of all", "failure mode", ""), Tone::Dim);
    let most = report.modes.iter().map(|row| row.found).max().unwrap_or(0).max(1);
    let full = state.config.theme.signs().bar;
    let line = |label: Row, found: u64, most: u64| {
        let cells = (found * bar as u64).div_ceil(most) as usize;
        let mut row = label.cut(name, "…").padded(name);
        row.push(" ", Tone::Text);
        row.push(&full.repeat(cells), Tone::Key);
        row.push(&format!("{} {found:>4}  ", " ".repeat(bar.saturating_sub(cells))), Tone::Strong);
        row
    };
    let mode = |one: &ModeRow| {
        let mut label = state.lens().row(&one.name, if one.found > 0 { Tone::Text } else { Tone::Dim });
        if one.is_new {
            label = label.cut(name - 4, "…").with(" new", Tone::Good);
        }
        let mut row = line(label, one.found, most);
        match &one.share {
            Ok(rate) => {
                let tone = if rate.n < SMALL { Tone::Dim } else { Tone::Text };
                row.push(
                    &format!(
                        "{:.0} % [{:.0}-{:.0}]",
                        rate.rate * 100.0,
                        rate.interval.0 * 100.0,
                        rate.interval.1 * 100.0
                    ),
                    tone,
                );
                row.push(&format!(" n {}", rate.n), Tone::Dim);
            }
            Err(_) => row.push("-", Tone::Dim),
        }
        row
    };
    let mut rows: Vec<Row> = report.modes.iter().map(mode).collect();
    let most = report.owners.iter().map(|row| row.found).max().unwrap_or(0).max(1);
    rows.extend(report.owners.iter().map(|one| {
        let name = one.owner.map_or("not said", |owner| owner.word());
        let mut row = line(Row::of(&format!("owner: {name}"), Tone::Text), one.found, most);
        if let Some(share) = one.share {
            row.push(&format!("{:.0} % of those with an owner", share * 100.0), Tone::Dim);
        }
        row
    }));
    (head, rows)
}

fn segments(state: &State, report: &Report, columns: usize) -> Listed {
    let ids: &[(&str, &str)] = if columns >= WIDE {
        &[
            ("failure_rate", "failure rate"),
            ("resolution", "resolved"),
            ("escalation_rate", "escalated"),
            ("csat", "CSAT"),
        ]
    } else {
        &[("failure_rate", "failure rate"), ("resolution", "resolved")]
    };
    let name = if columns >= WIDE { 36 } else { 26 };
    let mut head = format!("  {:name$} {:>5} {:>5}", "segment", "n", "fail");
    for (_, caption) in ids {
        let _ = write!(head, "  {caption:14}");
    }
    let line = |one: &SegmentRow| {
        let tone = if one.conversations < SMALL { Tone::Dim } else { Tone::Text };
        let mut label = Row::of(&format!("{} ", one.segment.word().replace('_', " ")), Tone::Dim);
        label.extend(state.lens().row(&one.value, tone));
        let mut row = label.cut(name, "…").padded(name);
        row.push(&format!(" {:>5} {:>5}", one.conversations, one.failures), tone);
        for (id, _) in ids {
            let figure = one.figures.get(id);
            let words = match figure.value {
                None => "-".to_owned(),
                Some(_) if figure.n < SMALL => format!("n {}", figure.n),
                Some(value) if *id == "csat" => format!("{value:.1}"),
                Some(_) => share(figure),
            };
            row.push(&format!("  {words:14}"), if figure.n < SMALL { Tone::Dim } else { Tone::Text });
        }
        row
    };
    (Row::of(&head, Tone::Dim), report.segments.iter().map(line).collect())
}

fn evaluators(state: &State, report: &Report, columns: usize) -> Listed {
    let name = columns.saturating_sub(46).clamp(16, 40);
    let head = format!("  {:name$} {:15} {:15} misses", "evaluator", "caught", "let through");
    let line = |one: &EvaluatorRow| {
        let few = one.caught.as_ref().map_or(true, |rate| rate.n < SMALL);
        let tone = if few { Tone::Dim } else { Tone::Text };
        let mut row = state.lens().row(&one.name, tone).cut(name, "…").padded(name);
        for rate in [&one.caught, &one.let_through] {
            let words = match rate {
                Ok(rate) if rate.n < SMALL => format!("n {}", rate.n),
                Ok(rate) => share(Figure { value: Some(rate.rate), interval: Some(rate.interval), n: rate.n }),
                Err(_) => "-".to_owned(),
            };
            row.push(&format!(" {words:15}"), tone);
        }
        row.push(&format!(" {:>4}", one.misses.conversations), tone);
        if let Some(remark) = one.remark {
            let words = if columns >= WIDE { remark.words() } else { state.config.theme.signs().warn };
            row.push(&format!("  {words}"), Tone::Warn);
        }
        row
    };
    (Row::of(&head, Tone::Dim), report.evaluators.rows.iter().map(line).collect())
}

fn people(state: &State, report: &Report, columns: usize) -> Listed {
    let name = if columns >= WIDE { 40 } else { 28 };
    let head = format!("  {:name$} {:>7}  same verdict", "reviewer", "judged");
    let mut rows = Vec::new();
    for one in &report.people.reviewers {
        let mut row = state.lens().row(&one.reviewer, Tone::Text).cut(name, "…").padded(name);
        row.push(&format!(" {:>7}", one.judged), Tone::Strong);
        rows.push(row);
    }
    for one in &report.people.pairs {
        let tone = if one.units < SMALL { Tone::Dim } else { Tone::Text };
        let pair = format!("{} and {}", one.reviewers.0, one.reviewers.1);
        let mut row = state.lens().row(&pair, tone).cut(name, "…").padded(name);
        row.push(&format!(" {:>7}", one.units), tone);
        let words = one.same.as_ref().map_or_else(ToString::to_string, crate::engine::request::Rate::words);
        row.push(&format!("  {words}"), tone);
        if let Ok(kappa) = &one.kappa {
            row.push(&format!("  kappa {:.2}", kappa.value), tone);
        }
        rows.push(row);
    }
    (Row::of(&head, Tone::Dim), rows)
}

/// What is told of the chosen line.
fn detail(state: &State, report: &Report, view: &InsightsView) -> Vec<Row> {
    match view.part {
        Part::Modes => report.modes.get(view.cursor).map_or_else(Vec::new, |mode| of_mode(state, mode)),
        Part::Segments => report.segments.get(view.cursor).map_or_else(Vec::new, |one| of_segment(state, one)),
        Part::Evaluators => {
            vec![Row::of("caught: of failures, let through: of passes; on all blind audit labels", Tone::Dim)]
        }
        Part::People => Vec::new(),
    }
}

fn of_mode(state: &State, mode: &ModeRow) -> Vec<Row> {
    let [cosmetic, annoying, harmful, critical] = mode.severities;
    let mut first = state.lens().row(&mode.name, Tone::Title);
    first.push(&format!("  week before {}", mode.found_before), Tone::Text);
    match &mode.change {
        Ok(change) => {
            let (low, high) = change.interval;
            let tone = if change.is_sure() { Tone::Strong } else { Tone::Dim };
            let words = format!(
                "; share {:+.0} points [{:+.0} to {:+.0}]",
                change.difference * 100.0,
                low * 100.0,
                high * 100.0
            );
            first.push(&words, tone);
        }
        Err(why) => first.push(&format!("; change of share: {why}"), Tone::Dim),
    }
    let grave = format!("severity: {critical} critical, {harmful} harmful, {annoying} annoying, {cosmetic} cosmetic");
    let mut examples = Row::of("to read: ", Tone::Dim);
    for example in &mode.examples {
        examples.push(example.conversation.as_str(), Tone::Text);
        let place = example.step.map_or_else(String::new, |step| format!(" step {step}"));
        examples.push(&format!("{place}  "), Tone::Dim);
    }
    vec![first, Row::of(&grave, Tone::Text), examples]
}

fn of_segment(state: &State, one: &SegmentRow) -> Vec<Row> {
    let mut first = Row::of(&format!("{} ", one.segment.word().replace('_', " ")), Tone::Dim);
    first.extend(state.lens().row(&one.value, Tone::Title));
    if let Some(mode) = &one.worst_mode {
        first.push("  worst mode: ", Tone::Dim);
        first.extend(state.lens().row(mode, Tone::Text));
    }
    let mut lines = vec![first];
    for ids in [["resolution", "repeat_contact"], ["escalation_rate", "containment"]] {
        let mut row = Row::new();
        for id in ids {
            let Some(metric) = METRICS.iter().find(|metric| metric.id == id) else { continue };
            let figure = one.figures.get(id);
            let words = if figure.value.is_some() {
                format!("{} n {}", share(figure), figure.n)
            } else {
                "not recorded".into()
            };
            row.push(&format!("{} ", metric.name), Tone::Dim);
            row.push(&format!("{words}   "), if figure.n < SMALL { Tone::Dim } else { Tone::Text });
        }
        lines.push(row);
    }
    lines
}

/// A share with its interval.
fn share(figure: Figure) -> String {
    match (figure.value, figure.interval) {
        (Some(value), Some((low, high))) => format!("{:.0} % [{:.0}-{:.0}]", value * 100.0, low * 100.0, high * 100.0),
        (Some(value), None) => format!("{:.0} %", value * 100.0),
        (None, _) => "-".to_owned(),
    }
}
