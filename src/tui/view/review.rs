//! One conversation: transcript, span tree, detail, label strip.
//!
//! Invariant: draws only rows that were wrapped for this size; its work is bounded by the size of the screen.

use ratatui::layout::Rect;

use super::{hints, status, worded};
use crate::engine::request::Opened;
use crate::model::trace::SpanKind;
use crate::tui::action::Action;
use crate::tui::detail::{Tab, duration, label_row};
use crate::tui::evidence::Evidence;
use crate::tui::layout::{Pane, ReviewLayout};
use crate::tui::paint::Canvas;
use crate::tui::row::Row;
use crate::tui::scoring;
use crate::tui::state::review::Review;
use crate::tui::state::{Overlay, State};
use crate::tui::theme::Tone;
use crate::tui::transcript::Part;
use crate::tui::tree::{ORPHANS, plain_name};
use crate::tui::update::{review_layout, session_lines};

/// Draws the Review screen.
pub fn draw(state: &State, canvas: &mut Canvas) {
    let layout = review_layout(state);
    let Some(review) = &state.review else { return };
    canvas.frame(layout.shell.frame, &title(state, review), &status(state));
    canvas.rule(layout.shell.frame, layout.shell.rule);
    match (&review.opened, &review.failure) {
        (Some(opened), _) => {
            panes(state, review, opened, canvas);
            match state.overlays.iter().find(|overlay| matches!(overlay, Overlay::Judge(_))) {
                Some(Overlay::Judge(judge)) => super::judge::draw(state, judge, canvas, layout.shell.foot),
                _ => strip(state, review, opened, canvas),
            }
        }
        (None, Some(failure)) => {
            canvas.line(layout.shell.body, 1, &Row::of("  This conversation cannot be opened:", Tone::Bad));
            canvas.line(layout.shell.body, 2, &Row::of(&format!("  {failure}"), Tone::Text));
        }
        (None, None) => canvas.line(layout.shell.body, 1, &Row::of("  opening", Tone::Dim)),
    }
}

fn title(state: &State, review: &Review) -> Row {
    let dot = format!(" {} ", state.config.theme.signs().dot);
    let narrow = state.size.columns < 100;
    let mut row = match review.position {
        Some(at) => Row::of(&format!("{}/{}", at + 1, state.queue.index.ids.len()), Tone::Title),
        None => Row::of(review.id.as_str(), Tone::Title),
    };
    let Some(opened) = &review.opened else { return row };
    if state.presenting {
        row.push(&dot, Tone::Frame);
        let intent = opened.conversation.segments.intent.as_ref().map_or("", |intent| intent.exact());
        row.extend(state.lens().row(intent, Tone::Strong));
        return row;
    }
    if narrow {
        row.push(&dot, Tone::Frame);
        for (at, pane) in Pane::ALL.into_iter().enumerate() {
            let name = if pane == review.focus { format!("[{}]", pane.title()) } else { pane.title().to_owned() };
            let tone = if pane == review.focus { Tone::Title } else { Tone::Dim };
            row.push(if at > 0 { " " } else { "" }, Tone::Text);
            row.push(&name, tone);
        }
    }
    let segments = &opened.conversation.segments;
    let lens = state.lens();
    let mut add = |text: &str, tone: Tone| {
        if !text.is_empty() {
            row.push(&dot, Tone::Frame);
            row.extend(lens.row(&text.chars().take(28).collect::<String>(), tone));
        }
    };
    if !narrow && review.position.is_some() {
        add(review.id.as_str(), Tone::Dim);
    }
    let exact = |text: &Option<crate::text::Untrusted>| text.as_ref().map_or(String::new(), |t| t.exact().to_owned());
    let (intent, language) = (exact(&segments.intent), exact(&segments.language));
    add(&[intent, language].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/"), Tone::Strong);
    add(&exact(&segments.agent_version), Tone::Text);
    let (start, end) = opened.conversation.period();
    if let Some(start) = start {
        add(&state.local(start, "%b %d %H:%M"), Tone::Text);
    }
    if !narrow {
        add(&format!("{} steps", opened.conversation.steps.len()), Tone::Text);
        if let (Some(start), Some(end)) = (start, end) {
            add(&duration(end.0 - start.0), Tone::Text);
        }
    }
    row
}

fn panes(state: &State, review: &Review, opened: &Opened, canvas: &mut Canvas) {
    let layout = review_layout(state);
    let lines = session_lines(state).min(layout.head.height);
    if lines > 0 {
        let (area, columns) = (Rect { height: lines, ..layout.head }, usize::from(layout.head.width));
        canvas.line(area, 0, &super::session::line(state, columns));
    }
    let under = Rect { y: layout.head.y + lines, height: layout.head.height - lines, ..layout.head };
    broken(state, review, under, canvas);
    let body = layout.shell.body;
    let under = Rect { y: layout.head.bottom().max(body.y), height: body.height - layout.head.height, ..body };
    for x in layout.rules.into_iter().flatten() {
        canvas.upright(under, x);
    }
    if let Some(area) = layout.transcript {
        transcript(state, review, area, canvas);
    }
    if let Some(area) = layout.spans {
        spans(state, review, opened, area, canvas);
    }
    if let Some(area) = layout.detail {
        detail(state, review, &layout, area, canvas);
    }
}

/// What a gate said of the run, beside what the case asks for; the detail pane has all of it.
fn broken(state: &State, review: &Review, area: Rect, canvas: &mut Canvas) {
    let Some((broken, case)) = review.broken.as_ref().and_then(|broken| Some((broken, broken.cases.first()?))) else {
        return;
    };
    let (signs, lens, columns) = (state.config.theme.signs(), state.lens(), usize::from(area.width));
    let dot = format!(" {} ", signs.dot);
    let mut wants = Row::of(" gate ", Tone::Warn).with(&broken.dataset, Tone::Text).with(&dot, Tone::Frame);
    if state.hides_scores() {
        // What the gate said would sway the verdict as much as any score.
        let key = state.key(Action::Scores);
        wants.push(&format!("what it said is hidden until you have judged; {key} shows it"), Tone::Dim);
        return canvas.line(area, 0, &wants.cut(columns, signs.more));
    }
    wants.push(&format!("case {}", case.case_id), Tone::Text);
    wants.push(&dot, Tone::Frame);
    match case.wants.first() {
        Some(first) => {
            wants.push("wants ", Tone::Dim);
            wants.extend(lens.row(first, Tone::Good));
        }
        None => wants.push("the case itself cannot be read here", Tone::Dim),
    }
    let mut broke = Row::of(" ", Tone::Text).with(signs.suspect, Tone::Warn).with(" ", Tone::Text);
    if let Some(at) = case.at {
        broke.push(&format!("step {at} "), Tone::Strong);
    }
    broke.extend(lens.row(&case.why, Tone::Bad));
    if let (Some(step), Some(place)) = (case.step, case.counterpart) {
        broke.push(&format!("{dot}the case's step {step} is step {place} here"), Tone::Dim);
    }
    if broken.cases.len() > 1 {
        broke.push(&format!("{dot}+{} more in the detail", broken.cases.len() - 1), Tone::Dim);
    }
    let mut then = Row::of(" then: ", Tone::Dim);
    then.extend(lens.row(&case.recorded.join("  and  "), Tone::Dim));
    for (line, row) in [wants, broke, then].into_iter().take(usize::from(area.height)).enumerate() {
        canvas.line(area, line, &row.cut(columns, signs.more));
    }
}

fn transcript(state: &State, review: &Review, area: Rect, canvas: &mut Canvas) {
    let signs = state.config.theme.signs();
    if review.blocks.is_empty() {
        return canvas.line(area, 1, &Row::of("  No messages were recorded, only spans.", Tone::Dim));
    }
    let current = review.step_index();
    let finder = review.finder();
    let evidence = evidence(state, review);
    for (line, (anchor, row)) in review.pager.visible(usize::from(area.height)).into_iter().enumerate() {
        let step = review.blocks[anchor.block].step;
        let under = anchor == review.pager.cursor;
        let mut whole = Row::of(if under { signs.cursor } else { " " }, Tone::Strong);
        let suspicious = review.suspicious.get(step).copied().unwrap_or(false) && !state.hides_scores();
        let points = evidence.filter(|evidence| evidence.steps.contains(&step));
        let mark = match (suspicious, Some(step) == current) {
            _ if points.is_some() && review.blocks[anchor.block].part == Part::Head => (signs.evidence, Tone::Warn),
            (true, _) => (signs.suspect, Tone::Warn),
            (false, true) => (signs.gutter, Tone::Strong),
            (false, false) => (" ", Tone::Text),
        };
        whole.push(mark.0, mark.1);
        let row = row.clone().with_hits(finder.as_ref());
        whole.extend(points.map_or_else(|| row.clone(), |evidence| evidence.marked(step, row.clone())));
        canvas.line(area, line, &whole);
        if under && review.focus == Pane::Transcript {
            canvas.tint(Rect { y: area.y + line as u16, height: 1, ..area }, Tone::Chosen);
        }
    }
}

/// What the chosen score rests on, unless scores are hidden.
fn evidence<'a>(state: &State, review: &'a Review) -> Option<&'a Evidence> {
    review.evidence.as_ref().filter(|_| !state.hides_scores())?.1.as_ref()
}

fn heading(state: &State, review: &Review, pane: Pane, text: &str) -> Row {
    let tone = if review.focus == pane { Tone::Title } else { Tone::Dim };
    let mark = if review.focus == pane { state.config.theme.signs().cursor } else { " " };
    Row::of(mark, Tone::Strong).with(" ", tone).with(text, tone)
}

fn spans(state: &State, review: &Review, opened: &Opened, area: Rect, canvas: &mut Canvas) {
    let total = opened.conversation.spans.len();
    let mut right = Row::of(&format!("{total} spans"), Tone::Dim);
    if opened.summary.counts.failed_steps > 0 {
        right.push(
            &format!("  {} {} failed", state.config.theme.wrong(), opened.summary.counts.failed_steps),
            Tone::Bad,
        );
    }
    let columns = usize::from(area.width);
    let title = heading(state, review, Pane::Spans, "Spans");
    canvas.line(area, 0, &title.with_right(right, columns.saturating_sub(1), "…"));
    let list = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let current = review.step_index();
    for line in 0..usize::from(list.height) {
        let at = review.tree.top + line;
        let Some(&row) = review.tree.shown.get(at) else { break };
        let under = at == review.tree.cursor;
        let own = current.is_some() && review.tree.rows[row].own_step == current;
        let drawn = span_row(state, review, opened, row, (columns, under, own));
        canvas.line(list, line, &drawn);
        if under && review.focus == Pane::Spans {
            canvas.tint(Rect { y: list.y + line as u16, height: 1, ..list }, Tone::Chosen);
        }
    }
}

/// Columns kept for a score in the span tree.
const SCORE_LEAST: usize = 17;

fn span_row(
    state: &State,
    review: &Review,
    opened: &Opened,
    at: usize,
    (columns, under, own): (usize, bool, bool),
) -> Row {
    let theme = &state.config.theme;
    let signs = theme.signs();
    let mut row = Row::of(if under { signs.cursor } else { " " }, Tone::Strong);
    row.push(if own { signs.suspect } else { " " }, Tone::Strong);
    row.push(&review.tree.branch(at, signs), Tone::Frame);
    let Some(span) = review.tree.rows[at].span.and_then(|span| opened.conversation.spans.get(span)) else {
        row.push(&format!("{} {ORPHANS} ({})", signs.warn, review.tree.orphans), Tone::Warn);
        return row.with(": the spans they name as parents are missing", Tone::Dim).cut(columns, signs.more);
    };
    if span.failed() {
        row.push(&format!("{} ", theme.wrong()), Tone::Bad);
    }
    let name: String = plain_name(span).chars().take(60).collect();
    let tone = match span.kind {
        _ if span.failed() => Tone::Bad,
        SpanKind::Agent => Tone::Agent,
        SpanKind::Tool => Tone::Tool,
        _ => Tone::Text,
    };
    row.extend(state.lens().row(&name, tone));
    let bar_wide = match columns {
        ..52 => 4,
        52..64 => 6,
        _ => 10,
    };
    let scored = !state.hides_scores() && !review.scores.spans.is_empty();
    // Names take what they need, and scores the rest; of the scores the names give way, never the values.
    let least = if scored { SCORE_LEAST.min(columns / 3) } else { 0 };
    let name_wide = (review.tree.widest + 3).min(columns.saturating_sub(9 + bar_wide + least)).max(8);
    let scores_wide = if scored { columns.saturating_sub(9 + bar_wide + name_wide + 1) } else { 0 };
    // The mark of an odd span stays where its name has to be cut.
    let mark = if span.oddities.is_empty() { String::new() } else { format!(" {}", signs.warn) };
    let name_room = name_wide.saturating_sub(1 + mark.chars().count());
    let mut row = row.cut(name_room, signs.more).with(&mark, Tone::Warn).padded(name_wide);
    let micros = span.duration_micros();
    // A file of messages records no times, which says nothing of what is going on.
    let open = match (span.start, span.end) {
        (Some(_), None) => "open",
        (None, None) => "",
        _ => "?",
    };
    let took = micros.map_or_else(|| open.to_owned(), took);
    row.push(&format!("{took:>8} "), Tone::Dim);
    row.extend(bar(state, micros.unwrap_or(0), review.tree.longest_micros, bar_wide));
    if scores_wide > 0
        && let Some(list) = review.scores.spans.get(&span.id)
        && let Some(worst) = list.first()
    {
        row.push(" ", Tone::Text);
        let more = if list.len() > 1 { format!(" +{}", list.len() - 1) } else { String::new() };
        let room = scores_wide.saturating_sub(more.len());
        row.extend(scoring::brief_within(opened, *worst, *theme, room));
        row.push(&more, Tone::Dim);
    }
    row
}

/// A duration in at most eight columns.
fn took(micros: i64) -> String {
    match micros / 60_000_000 {
        0 => duration(micros),
        minutes @ 1..600 => format!("{minutes} min"),
        minutes => format!("{} h", minutes / 60),
    }
}

fn bar(state: &State, micros: i64, longest: i64, columns: usize) -> Row {
    let signs = state.config.theme.signs();
    let cells = if longest > 0 { (micros as f64 / longest as f64 * columns as f64).round() as usize } else { 0 };
    let text = match (micros, cells.min(columns)) {
        (0, _) => String::new(),
        (_, 0) => signs.sliver.to_owned(),
        (_, cells) => signs.bar.repeat(cells),
    };
    Row::of(&text, Tone::Agent).padded(columns)
}

fn detail(state: &State, review: &Review, layout: &ReviewLayout, area: Rect, canvas: &mut Canvas) {
    let columns = usize::from(area.width);
    let mut tabs = heading(state, review, Pane::Detail, "");
    for (at, tab) in Tab::ALL.into_iter().enumerate() {
        let chosen = tab == review.detail.tab;
        let gap = if at > 0 { " " } else { "" };
        tabs.push(&format!("{gap}{}", at + 1), Tone::Key);
        if chosen {
            tabs.push(&format!("[{}]", tab.title()), Tone::Title);
        } else if columns >= 56 {
            tabs.push(&format!(" {}", tab.title()), Tone::Dim);
        } else if columns >= 46 {
            let short: String = tab.title().chars().take(4).collect();
            tabs.push(&format!(" {short}"), Tone::Dim);
        }
    }
    canvas.line(area, 0, &tabs.cut(columns, "…"));
    let inside = layout.scrolling(Pane::Detail);
    let finder = review.finder();
    for (line, (anchor, row)) in review.detail.pager.visible(usize::from(inside.height)).into_iter().enumerate() {
        let under = review.focus == Pane::Detail && anchor == review.detail.pager.cursor;
        let mut whole = Row::of(if under { state.config.theme.signs().cursor } else { " " }, Tone::Strong);
        whole.push(" ", Tone::Text);
        whole.extend(row.clone().with_hits(finder.as_ref()));
        canvas.line(inside, line, &whole);
        if under {
            canvas.tint(Rect { y: inside.y + line as u16, height: 1, ..inside }, Tone::Chosen);
        }
    }
}

/// The label strip: what this reviewer said of it so far, and the keys that say it.
fn strip(state: &State, review: &Review, opened: &Opened, canvas: &mut Canvas) {
    let layout = review_layout(state);
    let foot = layout.shell.foot;
    let columns = usize::from(foot.width);
    let theme = &state.config.theme;
    let step = review.step_index().map_or(0, |at| at + 1);
    let total = opened.conversation.steps.len();
    let place = if columns < 70 { format!("{step}/{total}") } else { format!("step {step} of {total}") };
    let mut right = Row::of(&place, Tone::Dim);
    match &opened.own {
        Some(_) if state.waits_for_room(&review.id) => {
            right.push(&format!(" {} earlier label hidden", theme.signs().dot), Tone::Dim);
        }
        Some(own) => {
            right.push(&format!(" {} you: ", theme.signs().dot), Tone::Dim);
            right.extend(label_row(own, &state.codebook, *theme));
        }
        None => right.push(&format!(" {} not judged", theme.signs().dot), Tone::Dim),
    }
    if columns >= 100 && opened.own.as_ref().is_none_or(|own| own.verdict.is_none()) {
        right.push(&format!(" {} others hidden until you judge", theme.signs().dot), Tone::Dim);
    }
    let room = columns.saturating_sub(right.width() + 2);
    let verdicts = [Action::Pass, Action::Fail, Action::RepeatFail, Action::Unsure, Action::Skip];
    // The captions of the table take more than a narrow screen has.
    let short = ["pass", "fail", "same fail", "can't tell", "skip"];
    let short: Vec<(Action, &str)> = verdicts.into_iter().zip(short).collect();
    let left = if columns < 100 { worded(state, &short, room) } else { hints(state, &verdicts, room) };
    canvas.line(foot, 0, &left.with_right(right, columns, theme.signs().more));
    let second = second_hints(state, review.focus);
    canvas.line(foot, 1, &hints(state, second, columns));
}

/// What the second line of hints offers.
fn second_hints(state: &State, focus: Pane) -> &'static [Action] {
    match focus {
        _ if state.presenting => &[
            Action::Help,
            Action::Scores,
            Action::Note,
            Action::Park,
            Action::Decision,
            Action::Present,
            Action::Undo,
            Action::NextConversation,
        ],
        Pane::Transcript if state.session.progress.is_some() => &[
            Action::Help,
            Action::Correct,
            Action::Park,
            Action::Decision,
            Action::Session,
            Action::NextSuspect,
            Action::Note,
            Action::NoCall,
            Action::Reply,
            Action::NextPane,
            Action::Detail,
            Action::NextConversation,
        ],
        Pane::Transcript => &[
            Action::Help,
            Action::Correct,
            Action::NoCall,
            Action::Reply,
            Action::NextSuspect,
            Action::Note,
            Action::Undo,
            Action::NextPane,
            Action::Detail,
            Action::NextConversation,
            Action::Fold,
            Action::Find,
            Action::Copy,
        ],
        Pane::Spans | Pane::Detail => &[
            Action::Help,
            Action::Back,
            Action::NextPane,
            Action::Detail,
            Action::TabStep,
            Action::TabResult,
            Action::TabRaw,
            Action::TabScores,
            Action::TabTools,
            Action::Correct,
            Action::Undo,
        ],
    }
}
