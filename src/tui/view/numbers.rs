//! The pages of figures: what they share, and the rates.
//!
//! Invariant: a rate stands with its count and its interval, or greyed with its count alone; what is withheld shows its
//! reason, never a number; each figure under the cursor is put into one plain sentence.

use ratatui::layout::Rect;

use super::{boxed, worded};
use crate::engine::request::{Guarded, Rate, RatesPage, RatesReport, Segment};
use crate::tui::action::Action;
use crate::tui::paint::Canvas;
use crate::tui::row::{Row, wrap};
use crate::tui::state::State;
use crate::tui::state::numbers::{NumbersView, Page};
use crate::tui::theme::Tone;

mod alignment;
mod compare;
mod drift;
mod thresholds;

/// Labels below which a rate is greyed and told without percent.
const FEW: u64 = 10;

/// Columns from which on there is room for what is left out otherwise.
const WIDE: usize = 110;

/// Rows of the smallest chart that is worth drawing.
const CHART: usize = 6;

/// What a page shows.
struct Sheet {
    /// Above the table.
    head: Vec<Row>,
    /// The table.
    rows: Vec<Row>,
    /// Below it: sentences.
    said: Vec<(String, Tone)>,
}

/// Draws the screen.
pub fn draw(state: &State, view: &NumbersView, canvas: &mut Canvas) {
    let area = state.size.area();
    let room = usize::from(area.width.saturating_sub(4));
    let mut title = title(view, room);
    if view.is_counting() && view.is_there() {
        title.push("  counting", Tone::Warn);
    }
    let inside = boxed(canvas, area, &title, &worded(state, hints(view.page), room));
    let (columns, look) = (usize::from(inside.width), state.lens().look);
    let missing = match (view.error(), view.is_there()) {
        (Some(error), _) => Some((error, Tone::Warn)),
        (None, false) => Some(("counting", Tone::Dim)),
        (None, true) => None,
    };
    if let Some((text, tone)) = missing {
        for (at, row) in wrap(text, tone, columns, look).iter().enumerate() {
            canvas.line(inside, at, row);
        }
        return;
    }
    let sheet = match view.page {
        Page::Rates => rates(state, view, columns),
        Page::Alignment => alignment::sheet(state, view, columns),
        Page::Thresholds => thresholds::sheet(state, view, columns),
        Page::Compare => compare::sheet(state, view, columns),
        Page::Drift => drift::sheet(state, view, columns),
    };
    let height = usize::from(inside.height);
    let lens = state.lens();
    let said = sheet.said.iter().flat_map(|(text, tone)| wrap(&lens.see(text), *tone, columns, look));
    let said: Vec<Row> = said.collect();
    let table = height.saturating_sub(sheet.head.len() + said.len() + 1).max(3);
    // The cursor stays in sight, in the middle of what does not fit.
    let top = view.cursor().saturating_sub(table / 2).min(sheet.rows.len().saturating_sub(table));
    let lines: Vec<Row> = sheet
        .head
        .into_iter()
        .chain(sheet.rows.into_iter().skip(top).take(table))
        .chain([Row::new()])
        .chain(said)
        .collect();
    for (at, row) in lines.iter().take(height).enumerate() {
        canvas.line(inside, at, &row.clone().cut(columns, state.config.theme.signs().more));
    }
    if view.page == Page::Rates {
        chart((state, canvas), (inside, lines.len() + 1), view);
    }
}

/// The pages with their digits, the shown one marked.
fn title(view: &NumbersView, room: usize) -> Row {
    let mut row = if room > 60 { Row::of("Numbers  ", Tone::Title) } else { Row::new() };
    for (at, page) in Page::ALL.into_iter().enumerate() {
        let here = page == view.page;
        row.push(if at > 0 && room > 60 { " " } else { "" }, Tone::Text);
        row.push(if here { "[" } else { " " }, Tone::Key);
        row.push(&(at + 1).to_string(), Tone::Key);
        row.push(&format!(" {}", page.title()), if here { Tone::Strong } else { Tone::Text });
        row.push(if here { "]" } else { " " }, Tone::Key);
    }
    row
}

fn hints(page: Page) -> &'static [(Action, &'static str)] {
    match page {
        Page::Rates => {
            &[(Action::Accept, "list them"), (Action::NextField, "by another segment"), (Action::Back, "back")]
        }
        Page::Alignment => {
            &[(Action::Accept, "list [the marked]"), (Action::NextField, "mark the other"), (Action::Back, "back")]
        }
        Page::Thresholds => &[
            (Action::Accept, "list what it escalates"),
            (Action::NextField, "another evaluator"),
            (Action::Back, "back"),
        ],
        Page::Compare => &[
            (Action::Accept, "list them"),
            (Action::NextField, "another B"),
            (Action::PreviousField, "another A"),
            (Action::Back, "back"),
        ],
        Page::Drift => &[(Action::Accept, "list them"), (Action::Back, "back")],
    }
}

/// The cursor's column, and the tone of the row it stands in.
fn begun(state: &State, here: bool) -> (Row, Tone) {
    let cursor = if here { state.config.theme.signs().cursor } else { " " };
    (Row::of(&format!("{cursor} "), Tone::Strong), if here { Tone::Strong } else { Tone::Text })
}

/// A name in so many columns. What is too long loses its middle: names of a kind often begin alike.
fn named(state: &State, name: &str, (tone, columns): (Tone, usize)) -> Row {
    let row = state.lens().row(name, tone);
    row.cut_middle(columns.saturating_sub(1), state.config.theme.signs().more).padded(columns)
}

/// A rate for a table: greyed and without percent where it rests on few labels.
fn cell(rate: &Guarded<Rate>, (tone, wide): (Tone, bool)) -> (String, Tone) {
    match rate {
        Ok(rate) if rate.n < FEW => (format!("{}/{}  n<{FEW}", rate.k, rate.n), Tone::Dim),
        Ok(rate) if wide => (rate.words(), tone),
        Ok(rate) => (share(rate.rate, rate.interval), tone),
        Err(_) => ("-".to_owned(), Tone::Dim),
    }
}

fn share(estimate: f64, (low, high): (f64, f64)) -> String {
    format!("{:.0} % [{:.0}-{:.0}]", estimate * 100.0, low * 100.0, high * 100.0)
}

/// A difference of shares, in points.
fn points(difference: f64, (low, high): (f64, f64)) -> String {
    format!("{:+.0} [{:+.0} to {:+.0}]", difference * 100.0, low * 100.0, high * 100.0)
}

fn rates(state: &State, view: &NumbersView, columns: usize) -> Sheet {
    let Some(RatesPage { report, queue }) = &view.rates else {
        return Sheet { head: Vec::new(), rows: Vec::new(), said: Vec::new() };
    };
    let by = report.by.as_deref().unwrap_or("");
    let mut head = vec![state.lens().row(&report.basis.words(), Tone::Dim)];
    head.push(Row::of(
        &format!("  {by:18} {:>7}  {:24} {:>6}  against the rest", "pool", "fail, drawn by lot", "model"),
        Tone::Dim,
    ));
    let segments = view.segments();
    let row = |(at, one): (usize, &&Segment)| segment(state, one, (at == view.cursor(), columns));
    let rows = segments.iter().enumerate().map(row).collect();
    let mut said = Vec::new();
    if let Some(one) = segments.get(view.cursor()) {
        said.push((sentence(one), Tone::Text));
    }
    said.extend(asides(report).map(|text| (text, Tone::Dim)));
    if let Some(queue) = queue.as_ref().filter(|queue| queue.labels > 0) {
        let open = queue.pool.saturating_sub(queue.done);
        let left = queue
            .failures_left
            .map(|left| format!("By the model, about {left:.0} failures are left among {open} not judged."));
        said.extend(left.map(|text| (text, Tone::Dim)));
    }
    Sheet { head, rows, said }
}

fn segment(state: &State, one: &Segment, (here, columns): (bool, usize)) -> Row {
    let (mut row, tone) = begun(state, here);
    row.extend(named(state, one.value.as_deref().unwrap_or("all"), (tone, 19)));
    row.push(&format!("{:>7}  ", one.pool), tone);
    let (words, grey) = match &one.rate {
        Ok(_) => cell(&one.rate, (tone, true)),
        Err(_) => (format!("{} labelled: too few", one.behind.conversations), Tone::Dim),
    };
    row.push(&format!("{words:24} "), grey);
    let model = one.model_estimate.map(|share| format!("{:.0} %", share * 100.0)).unwrap_or_default();
    row.push(&format!("{model:>6}  "), Tone::Dim);
    match &one.difference {
        Ok(found) => {
            let stars = found.p_adjusted.stars();
            let tone = if stars.is_empty() { Tone::Dim } else { Tone::Warn };
            let wide = points(found.difference, found.interval);
            let short = format!("{:+.0} points", found.difference * 100.0);
            let words = if columns >= WIDE { wide } else { short };
            row.push(&format!("{words} {stars}"), tone);
        }
        Err(_) => row.push("-", Tone::Dim),
    }
    row
}

/// What a rate says, for people who know no statistics.
fn sentence(one: &Segment) -> String {
    let name = one.value.as_deref().unwrap_or("all");
    match (&one.rate, one.below) {
        (Ok(rate), Some(below)) => {
            format!("{name}: none of {} drawn by lot failed, so fewer than {:.0} of 100 fail.", rate.n, below * 100.0)
        }
        (Ok(rate), None) => {
            let (low, high) = rate.interval;
            let (low, high) = (low * 100.0, high * 100.0);
            let exact = if one.needs > 0 {
                format!(" {} more labels by lot make it exact to 5 points.", one.needs)
            } else {
                String::new()
            };
            format!(
                "{name}: of 100 conversations {low:.0} to {high:.0} fail; {} of {} drawn by lot did.{exact}",
                rate.k, rate.n
            )
        }
        (Err(why), _) => format!("{name}: {why}."),
    }
}

fn asides(report: &RatesReport) -> impl Iterator<Item = String> {
    let weighed = report.post_stratified.as_ref().ok().filter(|_| report.imports > 1);
    let weighed = weighed.map(|one| {
        format!("Each of {} imports counted by its size: {}.", report.imports, share(one.estimate, one.interval))
    });
    let model = "\"model\" is what the order believes, for comparison; it is no measurement.".to_owned();
    weighed.into_iter().chain([model])
}

/// The discovery curve of the queue behind the rates, where there is room.
fn chart((state, canvas): (&State, &mut Canvas), (inside, top): (Rect, usize), view: &NumbersView) {
    let Some(queue) = view.rates.as_ref().and_then(|page| page.queue.as_ref()) else { return };
    let height = usize::from(inside.height).saturating_sub(top + 2);
    if queue.curve.is_empty() || height < CHART {
        return;
    }
    super::define::discovery((state, canvas), (inside, top), queue);
}
