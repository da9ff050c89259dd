//! The list of conversations.
//!
//! Invariant: a row shows no verdict of others before the reviewer's own, and no outcome at all.

use ratatui::layout::Rect;

mod columns;
mod welcome;
mod why;

use super::{hints, status, worded};
use crate::engine::request::{Hit, QueueState};
use crate::model::queue::{Band, Place};
use crate::model::summary::Summary;
use crate::text::Untrusted;
use crate::text::find::Finder;
use crate::text::needle::{Excerpt, Needle};
use crate::tui::action::Action;
use crate::tui::layout::QueueLayout;
use crate::tui::paint::Canvas;
use crate::tui::row::Row;
use crate::tui::state::queue::{RowState, order_name};
use crate::tui::state::{Lens, State};
use crate::tui::theme::{Theme, Tone};
use crate::tui::update::queue_layout;
use columns::Columns;

/// Draws the Queue screen.
pub fn draw(state: &State, canvas: &mut Canvas) {
    let layout = queue_layout(state);
    let dot = format!(" {} ", state.config.theme.signs().dot);
    let mut title = Row::of("Queue", Tone::Title).with(&dot, Tone::Frame).with(&state.config.workspace, Tone::Text);
    if let Some(queue) = state.queue.progress() {
        title.push(&dot, Tone::Frame);
        title.push(&queue.spec.name, Tone::Title);
        for part in queue.ahead() {
            // Half a figure is worse than none.
            if title.width() + part.chars().count() + 3 <= usize::from(state.size.columns).saturating_sub(6) {
                title.push(&dot, Tone::Frame);
                title.push(&part, Tone::Text);
            }
        }
    }
    canvas.frame(layout.shell.frame, &title, &status(state));
    canvas.rule(layout.shell.frame, layout.shell.rule);
    if state.queue.ready && state.queue.index.total == 0 {
        welcome::draw(state, canvas, layout.shell.body);
    } else {
        canvas.line(layout.session, 0, &super::session::line(state, usize::from(layout.session.width)));
        head(state, canvas, &layout);
        list(state, canvas, &layout);
    }
    foot(state, canvas, &layout);
}

fn foot(state: &State, canvas: &mut Canvas, layout: &QueueLayout) {
    let columns = usize::from(layout.shell.foot.width);
    if state.queue.index.total == 0 {
        return canvas.line(
            layout.shell.foot,
            0,
            &hints(state, &[Action::Import, Action::Commands, Action::Leave], columns),
        );
    }
    let mut first = vec![Action::Open, Action::Filter, Action::Find, Action::Order, Action::Queues, Action::Undo];
    if state.queue.query.queue.is_some() {
        first = vec![
            Action::Open,
            Action::Queues,
            Action::Progress,
            Action::Numbers,
            Action::Filter,
            Action::Find,
            Action::Undo,
        ];
    }
    if state.queue.progress().is_some_and(|queue| queue.spec.calibration.is_some()) {
        first.insert(1, Action::Calibration);
    }
    if state.queue.index.disputed > 0 {
        first.insert(2, Action::Disputes);
    }
    if state.queue.hits.is_some() {
        first.insert(3, Action::NextHit);
    }
    let second = [
        Action::Help,
        Action::Export,
        Action::Import,
        Action::Masking,
        Action::Commands,
        Action::Session,
        Action::Leave,
    ];
    if layout.shell.foot.height > 1 {
        canvas.line(layout.shell.foot, 0, &hints(state, &first, columns));
        canvas.line(layout.shell.foot, 1, &hints(state, &second, columns));
    } else {
        let all: Vec<Action> = first.into_iter().chain(second).collect();
        canvas.line(layout.shell.foot, 0, &hints(state, &all, columns));
    }
}

/// How far a queue is: parts are left out from the end until the rest fits, but a rate never loses its interval.
fn progress(state: &State, queue: &QueueState, columns: usize) -> Row {
    let dot = format!(" {} ", state.config.theme.signs().dot);
    let wide = queue.words();
    let short = queue.short_words();
    let width = |parts: &[String]| parts.iter().map(|part| part.chars().count() + 3).sum::<usize>();
    let mut parts = if width(&wide) <= columns + 3 { wide } else { short };
    while parts.len() > 1 && width(&parts) > columns + 3 {
        parts.pop();
    }
    let mut row = Row::new();
    for (at, part) in parts.iter().enumerate() {
        row.push(if at > 0 { &dot } else { "" }, Tone::Dim);
        row.push(part, if at == 0 { Tone::Strong } else { Tone::Text });
    }
    row
}

fn head(state: &State, canvas: &mut Canvas, layout: &QueueLayout) {
    let queue = &state.queue;
    let dot = format!(" {} ", state.config.theme.signs().dot);
    if let Some(words) = queue.opening() {
        return canvas.row(layout.head, &Row::of(&words, Tone::Warn));
    }
    if let Some(progress_of) = queue.progress() {
        let columns = usize::from(layout.head.width);
        let mut right = Row::new();
        if progress_of.stop {
            let words = if columns < 100 { "stop?" } else { "worth stopping?" };
            right.push(&format!("{words} {}{dot}", state.key(Action::Progress)), Tone::Warn);
        }
        right.push(&format!("{} left", queue.left()), Tone::Strong);
        let mut about = Row::new();
        if !queue.query.filter.is_empty() {
            about.push(&dot, Tone::Dim);
            about.extend(state.lens().row(&queue.query.filter, Tone::Input));
        }
        about.extend(finding(state));
        about.push(&queue.loading(&dot), Tone::Warn);
        // What the reviewer asked for gives way to nothing; figures do.
        let room = columns.saturating_sub(right.width() + about.width() + 2);
        let mut left = progress(state, progress_of, room);
        left.extend(about);
        return canvas.row(layout.head, &left.with_right(right, columns, state.config.theme.signs().more));
    }
    let count = queue.index.ids.len() as u64;
    let mut right = Row::of(&format!("{} done", queue.done()), Tone::Text);
    right.push(&format!("{dot}{} left", queue.left()), Tone::Strong);
    if let Some(minutes) = queue.minutes_left().filter(|_| queue.left() > 0) {
        let about = state.config.theme.signs().about;
        right.push(&format!("{dot}{about}{minutes} min"), Tone::Text);
    }
    if queue.index.skipped > 0 {
        right.push(&format!("{dot}{} skipped", queue.index.skipped), Tone::Dim);
    }
    if queue.index.disputed > 0 {
        right.push(&format!("{dot}{} disputed", queue.index.disputed), Tone::Warn);
    }
    let mut left = Row::new();
    if queue.query.filter.is_empty() {
        left.push(&format!("{count} conversations"), Tone::Text);
    } else {
        left.push(&format!("{count} of {} {} ", queue.index.total, state.config.theme.signs().dot), Tone::Text);
        // How to be rid of it is not what gives way to a long one.
        let more = state.config.theme.signs().more;
        let clears = format!(" ({} clears)", state.key(Action::Back));
        let room = usize::from(layout.head.width).saturating_sub(right.width() + left.width() + clears.len() + 4);
        left.extend(state.lens().row(&queue.query.filter, Tone::Input).cut(room.max(12), more));
        left.push(&clears, Tone::Dim);
    }
    left.extend(finding(state));
    left.push(&format!("{dot}{}", order_name(queue.query.order)), Tone::Dim);
    left.push(&queue.loading(&dot), Tone::Warn);
    let columns = usize::from(layout.head.width);
    canvas.row(layout.head, &left.with_right(right, columns, state.config.theme.signs().more));
}

/// What is looked for, and which hit comes next.
fn finding(state: &State) -> Row {
    let Some(hits) = &state.queue.hits else { return Row::new() };
    let at = hits.positions.partition_point(|hit| *hit <= state.queue.cursor);
    let dot = state.config.theme.signs().dot;
    let found = match state.queue.awaiting_hits {
        Some(_) => "searching".to_owned(),
        None => format!("{at}/{}", hits.positions.len()),
    };
    state.lens().row(&format!(" {dot} find \"{}\" {found}", hits.words), Tone::Match)
}

impl Columns {
    /// A segment that is the same on every row tells none from another.
    fn without_segment(mut self) -> Self {
        self.first += self.segment;
        self.segment = 0;
        self
    }

    /// Where a search is shown, what was found needs the room that scores have on a narrow screen.
    fn for_hits(mut self, width: usize) -> Self {
        if width < 132 {
            self.first += self.scores;
            self.scores = 0;
        }
        if width < 96 {
            self.first += self.segment;
            self.segment = 0;
        }
        self
    }
}

fn cell(row: &mut Row, text: Row, columns: usize) {
    if columns > 0 {
        row.extend(text.cut(columns - 1, "…").padded(columns));
    }
}

fn list(state: &State, canvas: &mut Canvas, layout: &QueueLayout) {
    let hits = state.queue.hits.as_ref();
    let named = state.queue.query.queue.is_some();
    let shape = if named { Columns::named } else { Columns::new };
    let columns = shape(usize::from(layout.list.width), state.queue.index.ids.len());
    let told = |row: &Summary| segment(&state.lens(), row, usize::MAX).text();
    let columns = if state.queue.same_for_all(told) { columns.without_segment() } else { columns };
    let columns = if hits.is_some() { columns.for_hits(usize::from(layout.list.width)) } else { columns };
    let first = match (state.presenting, hits.is_some()) {
        (true, _) => "(no texts for a room)",
        (false, true) => "Found, or first message",
        (false, false) => "First message",
    };
    let mut headings = Row::of("  ", Tone::Dim);
    for (name, width) in [
        ("#", columns.number),
        ("When", columns.when),
        ("Segment", columns.segment),
        (first, columns.first),
        ("Steps", columns.steps),
        ("Tools", columns.tools),
        ("P(fail)", columns.chance),
        ("Worst scores", columns.scores),
        ("Why here", columns.why),
        ("State", columns.state),
    ] {
        cell(&mut headings, Row::of(name, Tone::Dim), width);
    }
    canvas.row(layout.headings, &headings);
    let queue = &state.queue;
    if queue.ready && queue.index.ids.is_empty() {
        let keys = worded(state, &[(Action::Back, "clears the filter"), (Action::Filter, "changes it")], 70);
        canvas.line(layout.list, 1, &Row::of("  Nothing matches this filter.", Tone::Strong));
        let mut row = Row::of("  ", Tone::Text);
        row.extend(keys);
        return canvas.line(layout.list, 2, &row);
    }
    let lens = state.lens();
    let finder = queue.hits.as_ref().and_then(|hits| Finder::new(&hits.words));
    for line in 0..usize::from(layout.list.height) {
        let position = queue.top + line;
        let Some(id) = queue.index.ids.get(position) else { break };
        let chosen = position == queue.cursor;
        let mut row = Row::of(if chosen { state.config.theme.signs().cursor } else { " " }, Tone::Strong);
        row.push(" ", Tone::Text);
        match queue.rows.get(id) {
            Some(summary) => entry(state, &lens, &mut row, (position, summary), &columns),
            None if queue.missing.contains(id) => row.push("  gone", Tone::Dim),
            None => row.push(&format!("{:>wide$}", position + 1, wide = columns.number - 2), Tone::Dim),
        }
        let area = Rect { y: layout.list.y + line as u16, height: 1, ..layout.list };
        let row =
            if hits.is_some_and(|hits| hits.places.contains_key(id)) { row } else { row.with_hits(finder.as_ref()) };
        canvas.row(area, &row);
        if chosen {
            canvas.tint(area, Tone::Chosen);
        }
    }
}

fn entry(state: &State, lens: &Lens, row: &mut Row, (position, summary): (usize, &Summary), columns: &Columns) {
    let number = format!("{:>wide$}", position + 1, wide = columns.number - 2);
    cell(row, Row::of(&number, Tone::Dim), columns.number);
    let format = if columns.when < 13 { "%b %d" } else { "%b %d %H:%M" };
    let when = summary.started_at.map_or_else(String::new, |at| state.local(at, format));
    cell(row, Row::of(&when, Tone::Text), columns.when);
    cell(row, segment(lens, summary, columns.segment), columns.segment);
    let hit = state.queue.hits.as_ref().and_then(|hits| Some((hits.words.as_str(), hits.place(&summary.id)?)));
    let held = state.queue.held.get(&summary.id).copied().flatten().filter(|until| *until > state.now);
    let first = match hit {
        // Names that only a conversation's own records tell are not known here.
        _ if state.presenting => Row::new(),
        Some(hit) => found(lens, hit, columns.first),
        None => lens.row(&summary.first_message.exact().split_whitespace().collect::<Vec<_>>().join(" "), Tone::Text),
    };
    cell(row, first, columns.first);
    cell(row, Row::of(&format!("{:>4}", summary.counts.steps), Tone::Text), columns.steps);
    let mut tools = Row::of(&format!("{:>3}", summary.counts.tool_calls), Tone::Text);
    if summary.counts.failed_steps > 0 {
        tools.push(state.config.theme.wrong(), Tone::Bad);
    }
    cell(row, tools, columns.tools);
    let hidden = state.scores_hidden || state.presenting || state.is_row_blind(summary);
    let scores = if hidden { Row::of("hidden", Tone::Dim) } else { why::worst(state, summary, columns.scores) };
    let place = summary.place.as_deref();
    let chance = place.filter(|_| !hidden).map_or_else(String::new, Place::chance);
    let tone = if chance == Band::High.word() { Tone::Warn } else { Tone::Text };
    cell(row, Row::of(&chance, tone), columns.chance);
    cell(row, scores, columns.scores);
    let why = match place {
        _ if held.is_some() => {
            let until = held.map_or_else(String::new, |until| state.local(until, "%H:%M"));
            let by = if columns.why > 36 { " by another reviewer" } else { "" };
            format!("held{by} until {until}")
        }
        Some(place) => why::reasons(state, place, (hidden, columns.why)),
        None => why::why(state, summary, columns.why),
    };
    cell(row, lens.row(&why, Tone::Dim), columns.why);
    // Nothing follows it, so it takes the last column too.
    row.extend(row_state(state, summary, columns.state).cut(columns.state, "…"));
}

/// The step that was found and the text around the words, which are marked unless they are masked.
fn found(lens: &Lens, (words, hit): (&str, &Hit), columns: usize) -> Row {
    let mut row = Row::new();
    if let Some(step) = &hit.step {
        row.push(&format!("{}: ", step.step), Tone::Dim);
    }
    let Some(needle) = Needle::typed(words) else { return row };
    let Excerpt { text, marks } = needle.excerpt(&lens.see(hit.text.exact()), columns.saturating_sub(row.width() + 2));
    let mut at = 0;
    for mark in marks {
        row.push_as(&text[at..mark.start], Tone::Text, lens.look.charset());
        row.push_as(&text[mark.clone()], Tone::Match, lens.look.charset());
        at = mark.end;
    }
    row.push_as(&text[at..], Tone::Text, lens.look.charset());
    row
}

fn segment(lens: &Lens, summary: &Summary, columns: usize) -> Row {
    let text = |part: &Option<Untrusted>| part.as_ref().map(|part| part.exact().chars().take(24).collect::<String>());
    let name = text(&summary.segments.intent).or_else(|| text(&summary.segments.channel)).unwrap_or_default();
    let language = text(&summary.segments.language).unwrap_or_default();
    let text = match (name.is_empty(), language.is_empty()) {
        // The language gives way: half a word says less than none.
        (false, false) if name.chars().count() + language.chars().count() + 1 >= columns => name,
        (false, false) => format!("{name}/{language}"),
        (true, true) => summary.source.exact().chars().take(24).collect(),
        _ => format!("{name}{language}"),
    };
    lens.row(&text, Tone::Text)
}

fn row_state(state: &State, summary: &Summary, columns: usize) -> Row {
    let theme = &state.config.theme;
    if state.writes.unsaved.iter().any(|entry| entry.write.conversation.as_ref() == Some(&summary.id)) {
        return Row::of(&format!("{} unsaved", theme.wrong()), Tone::Bad);
    }
    if state.writes.is_pending(&summary.id) {
        return Row::of("saving", Tone::Warn);
    }
    match state.queue.state_of(summary, &state.config.reviewer) {
        RowState::Open if !state.has_begun(&summary.id) => Row::of(theme.signs().nothing, Tone::Dim),
        RowState::Open | RowState::Draft => Row::of(&format!("{} draft", theme.signs().draft), Tone::Warn),
        RowState::Skipped => Row::of("skipped", Tone::Dim),
        RowState::Judged(_) if state.waits_for_room(&summary.id) => Row::of("judged", Tone::Dim),
        RowState::Judged(verdict) => {
            let mark = summary.place.as_ref().map_or_else(String::new, |place| format!(" {}", place.slot.kind.mark()));
            let row = Row::of(
                &format!("{} {}", theme.verdict(verdict), verdict.word().to_uppercase()),
                Theme::verdict_tone(verdict),
            );
            // Half a word says less than no mark.
            let marked = row.clone().with(&mark, Theme::verdict_tone(verdict));
            if marked.width() <= columns { marked } else { row }
        }
        RowState::Disputed => Row::of("disputed", Tone::Warn),
        RowState::Stale => Row::of("went on", Tone::Warn),
    }
}
