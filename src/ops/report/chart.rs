//! Charts as inline SVG: bars, shares along time with their intervals, a matrix, volume against complexity.
//!
//! Invariant: no script, no reference to anything outside; every text goes through the door for HTML; colours are classes,
//! so that the page's style decides light or dark.

use std::fmt::Write as _;

use super::document::{Bar, Dot, Point, percent};
use super::{Matrix, SMALL};
use crate::text::door::html as safe;

/// The width that charts are drawn for; the page scales them.
const WIDTH: f64 = 720.0;

/// Where bars and cells begin: names stand before.
const NAMES: f64 = 220.0;

/// Characters of a name that fit before a bar.
const NAME: usize = 30;

fn svg(height: f64, about: &str, inside: &str) -> String {
    format!(
        "<div class=\"wide\"><svg viewBox=\"0 0 {WIDTH} {height:.0}\" role=\"img\" aria-label=\"{}\" xmlns=\"http://www.w3.org/2000/svg\">{inside}</svg></div>\n",
        safe(about)
    )
}

/// A text at a place, cut to so many characters; the whole of it shows where the pointer rests.
fn label((x, y): (f64, f64), class: &str, text: &str, most: usize) -> String {
    let shown: String = if text.chars().count() > most {
        text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
    } else {
        text.to_owned()
    };
    let whole = if shown == text { String::new() } else { format!("<title>{}</title>", safe(text)) };
    format!("<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"{class}\">{}{whole}</text>", safe(&shown))
}

/// Horizontal bars of counts.
pub(super) fn bars(bars: &[Bar]) -> String {
    const LINE: f64 = 28.0;
    let most = bars.iter().map(|bar| bar.count).max().unwrap_or(0).max(1) as f64;
    let mut inside = String::new();
    for (at, bar) in bars.iter().enumerate() {
        let y = at as f64 * LINE;
        let wide = ((WIDTH - NAMES - 150.0) * bar.count as f64 / most).max(2.0);
        inside.push_str(&label((NAMES - 10.0, y + 18.0), "end", &bar.name, NAME));
        let class = if bar.marked { "bar new" } else { "bar" };
        let _ = write!(
            inside,
            "<rect x=\"{NAMES}\" y=\"{:.1}\" width=\"{wide:.1}\" height=\"18\" rx=\"2\" class=\"{class}\"/>",
            y + 5.0
        );
        let after = if bar.marked { "new" } else { &bar.note };
        inside.push_str(&label((NAMES + wide + 8.0, y + 18.0), "count", &bar.count.to_string(), 12));
        let digits = bar.count.to_string().len() as f64;
        inside.push_str(&label((NAMES + wide + 16.0 + digits * 8.0, y + 18.0), "dim", after, 24));
    }
    svg(bars.len() as f64 * LINE + 4.0, "bars", &inside)
}

/// Shares along time with their intervals.
pub(super) fn line(points: &[Point]) -> String {
    const TOP: f64 = 14.0;
    const BOTTOM: f64 = 174.0;
    const LEFT: f64 = 50.0;
    let x = |at: usize| LEFT + 60.0 + at as f64 * (WIDTH - LEFT - 120.0) / (points.len().max(2) - 1) as f64;
    let y = |share: f64| BOTTOM - share * (BOTTOM - TOP);
    let mut inside = String::new();
    for tick in [0.0, 0.5, 1.0] {
        let _ =
            write!(inside, "<line x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{0:.1}\" y2=\"{0:.1}\" class=\"grid\"/>", y(tick));
        inside.push_str(&label((LEFT - 8.0, y(tick) + 4.0), "end dim", &percent(tick), 6));
    }
    let known: Vec<(usize, f64)> =
        points.iter().enumerate().filter_map(|(at, point)| Some((at, point.rate?.0))).collect();
    for pair in known.windows(2) {
        let [(from, a), (to, b)] = pair else { continue };
        let _ = write!(
            inside,
            "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" class=\"trend\"/>",
            x(*from),
            y(*a),
            x(*to),
            y(*b)
        );
    }
    for (at, point) in points.iter().enumerate() {
        inside.push_str(&label((x(at), BOTTOM + 20.0), "middle", &point.name, 24));
        let Some((share, (low, high))) = point.rate else {
            let why = if point.n == 0 { "no audit".to_owned() } else { format!("too few, n {}", point.n) };
            inside.push_str(&label((x(at), BOTTOM + 36.0), "middle dim", &why, 12));
            continue;
        };
        let small = if point.n < SMALL { " small" } else { "" };
        let _ = write!(
            inside,
            "<line x1=\"{0:.1}\" x2=\"{0:.1}\" y1=\"{1:.1}\" y2=\"{2:.1}\" class=\"interval{small}\"/><circle cx=\"{0:.1}\" cy=\"{3:.1}\" r=\"5\" class=\"dot{small}\"/>",
            x(at),
            y(low),
            y(high),
            y(share)
        );
        inside.push_str(&label((x(at) + 10.0, y(share) - 6.0), "count", &percent(share), 6));
        inside.push_str(&label((x(at), BOTTOM + 36.0), "middle dim", &format!("n {}", point.n), 12));
    }
    svg(BOTTOM + 44.0, "shares along time", &inside)
}

/// A matrix of counts; the darker, the more.
pub(super) fn matrix(matrix: &Matrix) -> String {
    const LINE: f64 = 28.0;
    let longest = matrix.columns.iter().map(|name| name.chars().count().min(22)).max().unwrap_or(0) as f64;
    // Names stand askew: as high as the longest of them needs.
    let head = 26.0 + longest * 4.8;
    let wide = ((WIDTH - NAMES - 60.0) / matrix.columns.len().max(1) as f64).min(56.0);
    let most = matrix.counts.iter().flatten().copied().max().unwrap_or(0).max(1) as f64;
    let mut inside = String::new();
    for (at, name) in matrix.columns.iter().enumerate() {
        let x = NAMES + (at as f64 + 0.5) * wide + 4.0;
        let text = label((0.0, 0.0), "", name, 22);
        let _ = write!(inside, "<g transform=\"translate({x:.1} {:.1}) rotate(-40)\">{text}</g>", head - 8.0);
    }
    for (row, (name, counts)) in matrix.rows.iter().zip(&matrix.counts).enumerate() {
        let y = head + row as f64 * LINE;
        inside.push_str(&label((NAMES - 10.0, y + 19.0), "end", name, NAME));
        for (column, count) in counts.iter().enumerate() {
            let x = NAMES + column as f64 * wide;
            let depth = if *count == 0 { 0.0 } else { 0.15 + 0.75 * *count as f64 / most };
            let _ = write!(
                inside,
                "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" class=\"empty\"/><rect x=\"{0:.1}\" y=\"{1:.1}\" width=\"{2:.1}\" height=\"{3:.1}\" class=\"cell\" opacity=\"{depth:.2}\"/>",
                x + 1.0,
                y + 1.0,
                wide - 2.0,
                LINE - 2.0
            );
            if *count > 0 {
                let class = if depth > 0.55 { "middle on" } else { "middle" };
                inside.push_str(&label((x + wide / 2.0, y + 19.0), class, &count.to_string(), 8));
            }
        }
    }
    svg(head + matrix.rows.len() as f64 * LINE + 4.0, "matrix of counts", &inside)
}

/// Volume against complexity; up is more frequent, right is longer.
pub(super) fn scatter(dots: &[Dot]) -> String {
    const TOP: f64 = 16.0;
    const BOTTOM: f64 = 276.0;
    const LEFT: f64 = 60.0;
    let widest = dots.iter().map(|dot| dot.complexity).fold(1.6, f64::max) * 1.15;
    let highest = dots.iter().map(|dot| dot.volume).fold(0.05, f64::max) * 1.15;
    let x = |complexity: f64| LEFT + complexity / widest * (WIDTH - LEFT - 90.0);
    let y = |volume: f64| BOTTOM - volume / highest * (BOTTOM - TOP);
    let mut inside = format!(
        "<line x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{BOTTOM}\" y2=\"{BOTTOM}\" class=\"grid\"/><line x1=\"{LEFT}\" x2=\"{LEFT}\" y1=\"{TOP}\" y2=\"{BOTTOM}\" class=\"grid\"/><line x1=\"{0:.1}\" x2=\"{0:.1}\" y1=\"{TOP}\" y2=\"{BOTTOM}\" class=\"grid\" stroke-dasharray=\"3 4\"/>",
        x(1.0)
    );
    inside.push_str(&label((x(1.0), BOTTOM + 18.0), "middle dim", "as long as usual", 24));
    inside.push_str(&label((WIDTH, BOTTOM + 18.0), "end dim", "longer", 24));
    inside.push_str(&label((LEFT - 8.0, TOP + 10.0), "end dim", "frequent", 24));
    inside.push_str(&label((LEFT - 8.0, BOTTOM), "end dim", "rare", 24));
    let mut taken: Vec<(f64, f64)> = Vec::new();
    for dot in dots {
        let (at, mut text) = ((x(dot.complexity), y(dot.volume)), y(dot.volume) + 4.0);
        // A name moves down until it stands on no other.
        while taken.iter().any(|(left, line)| (left - at.0).abs() < 150.0 && (line - text).abs() < 13.0) {
            text += 13.0;
        }
        taken.push((at.0, text));
        let class = dot.class.replace(' ', "-");
        let _ = write!(inside, "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"6\" class=\"{class}\"/>", at.0, at.1);
        inside.push_str(&label((at.0 + 10.0, text), "", &dot.name, 24));
    }
    let lowest = taken.iter().map(|(_, line)| *line).fold(BOTTOM + 18.0, f64::max);
    svg(lowest + 8.0, "volume against complexity", &inside)
}
