//! The review session: its line over the list and the transcript, its screen, its forms.
//!
//! Invariant: a label is called safe only where both copies were read; nothing here moves or blinks.

use super::{all_of, boxed, choice, dialog, worded};
use crate::engine::request::{AgendaKind, SessionSheet, SessionSummary, Waiting, Why};
use crate::model::decision::{Day, Decision, DecisionKind};
use crate::model::session::Session;
use crate::text::count;
use crate::tui::action::Action;
use crate::tui::input::Focus;
use crate::tui::paint::Canvas;
use crate::tui::row::{Row, wrap};
use crate::tui::state::form::{Form as _, Head};
use crate::tui::state::session::{DecisionForm, SessionView, StartForm, Tab};
use crate::tui::state::{Screen, State};
use crate::tui::theme::Tone;

/// The line of the session that goes on.
pub fn line(state: &State, columns: usize) -> Row {
    let Some(progress) = &state.session.progress else { return Row::new() };
    let (session, dot) = (&progress.session, format!(" {} ", state.config.theme.signs().dot));
    let lens = state.lens();
    let mut row = Row::of(" session ", Tone::Dim);
    row.extend(lens.row(&session.name, Tone::Strong));
    let here =
        session.queue.is_some() && state.queue.query.queue == session.queue && state.queue.query.filter.is_empty();
    let judged = if here && state.queue.ready {
        format!("{} of {} judged", progress.reviewed, progress.reviewed + state.queue.left())
    } else {
        format!("{} judged", progress.reviewed)
    };
    let mut parts = vec![(judged, Tone::Text)];
    if let Some(median) = progress.median_seconds {
        parts.push((format!("median {median:.0} s"), Tone::Text));
    }
    if let Some(left) = progress.left_seconds {
        let counted = state.session.counted.map_or(state.now.0, |at| at.0);
        let since = state.now.0.saturating_sub(counted).max(0) as f64 / 1e6;
        let left = left - since;
        let minutes = (left.abs() / 60.0).floor();
        parts.push(if left >= 0.0 {
            (format!("{minutes:.0} min left"), Tone::Text)
        } else {
            (format!("{minutes:.0} min over"), Tone::Warn)
        });
    }
    if !session.parked.is_empty() {
        let open = state.review.as_ref().filter(|_| state.screen == Screen::Review).map(|review| &review.id);
        let this = open.is_some_and(|id| session.parked.iter().any(|parked| parked.conversation == *id));
        let words = if this { ", this one too" } else { "" };
        parts.push((format!("{} parked{words}", session.parked.len()), if this { Tone::Warn } else { Tone::Dim }));
    }
    for (text, tone) in parts {
        row.push(&dot, Tone::Frame);
        row.push(&text, tone);
    }
    row.cut(columns, state.config.theme.signs().more)
}

/// Draws the screen of a session.
pub fn draw(state: &State, view: &SessionView, canvas: &mut Canvas) {
    let area = state.size.area();
    let lens = state.lens();
    let mut title = Row::of("Session", Tone::Title);
    if let Some(sheet) = &view.sheet {
        title.push(" ", Tone::Text);
        title.extend(lens.row(&sheet.summary.session.name, Tone::Title));
    }
    for tab in Tab::ALL {
        let name = if tab == view.tab { format!(" [{}]", tab.title()) } else { format!(" {}", tab.title()) };
        title.push(&name, if tab == view.tab { Tone::Title } else { Tone::Dim });
    }
    let hints = worded(state, &keys(state, view), usize::from(area.width.saturating_sub(4)));
    let inside = boxed(canvas, area, &title, &hints);
    let (columns, height) = (usize::from(inside.width), usize::from(inside.height));
    let lines = match (&view.sheet, &view.error) {
        (Some(sheet), _) => match view.tab {
            Tab::Agenda => agenda(state, view, sheet, height),
            Tab::Decisions => decisions(state, view, sheet, (columns, height)),
            Tab::Summary => summary(state, view, sheet, (columns, height)),
            Tab::Sessions => sessions(state, view, sheet, height),
        },
        (None, Some(error)) => wrap(error, Tone::Warn, columns, lens.look),
        (None, None) => vec![Row::of("counting", Tone::Dim)],
    };
    for (at, row) in lines.into_iter().take(height).enumerate() {
        canvas.line(inside, at, &row.cut(columns, state.config.theme.signs().more));
    }
}

/// The keys that are wanted most.
fn keys(state: &State, view: &SessionView) -> Vec<(Action, &'static str)> {
    let running = crate::tui::update::session::is_live(state, view);
    let own: &[_] = match view.tab {
        Tab::Agenda => &[(Action::Accept, "open"), (Action::Decision, "add decision"), (Action::WriteReport, "report")],
        Tab::Decisions => &[
            (Action::Decision, "add"),
            (Action::EditDecision, "edit"),
            (Action::CloseDecision, "close"),
            (Action::Accept, "open"),
        ],
        Tab::Summary if running => {
            &[(Action::WriteReport, "report"), (Action::Decision, "add decision"), (Action::Export, "export")]
        }
        Tab::Summary => &[(Action::WriteReport, "write report"), (Action::Export, "export")],
        Tab::Sessions => &[(Action::Accept, "its summary"), (Action::LineDown, "down")],
    };
    let end = running.then_some((Action::EndSession, "end session"));
    let rest = [(Action::NextField, view.tab.next().title()), (Action::Back, "back")];
    own.iter().copied().chain(end).chain(rest).collect()
}

/// Every session there was, the newest first.
fn sessions(state: &State, view: &SessionView, sheet: &SessionSheet, height: usize) -> Vec<Row> {
    let (lens, signs) = (state.lens(), state.config.theme.signs());
    let row = |(at, session): (usize, &Session)| {
        let here = at == view.cursor;
        let tone = if here { Tone::Strong } else { Tone::Text };
        let mut row = Row::of(if here { signs.cursor } else { " " }, Tone::Strong);
        row.push(&format!(" {}  ", state.local(session.started.at, "%Y-%m-%d")), Tone::Dim);
        row.extend(lens.row(&session.name, tone).cut(20, signs.more).padded(21));
        let (word, tone) = if session.is_running() { ("open", Tone::Strong) } else { ("ended", Tone::Dim) };
        row.push(&format!("{word:<6} "), tone);
        row.push(&session.participants.join(", "), Tone::Text);
        if session.event == sheet.summary.session.event {
            row.push("  shown", Tone::Dim);
        }
        row
    };
    let room = height.max(1);
    let top = view.cursor.saturating_sub(room / 2).min(sheet.sessions.len().saturating_sub(room));
    sheet.sessions.iter().enumerate().skip(top).take(room).map(row).collect()
}

/// Who is there, since when, for how long.
fn about(state: &State, summary: &SessionSummary) -> Row {
    let session = &summary.session;
    let dot = format!(" {} ", state.config.theme.signs().dot);
    let mut row = Row::of(&state.local(session.started.at, "%a %b %d"), Tone::Text);
    row.push(&dot, Tone::Frame);
    let until = session.ended.as_ref().map_or_else(|| summary.state.to_owned(), |end| state.local(end.at, "%H:%M"));
    row.push(&format!("{} to {until}", state.local(session.started.at, "%H:%M")), Tone::Text);
    row.push(&dot, Tone::Frame);
    row.push(&session.participants.join(", "), Tone::Strong);
    if let Some(queue) = &session.queue {
        row.push(&format!("{dot}queue {queue}"), Tone::Dim);
    }
    row
}

fn agenda(state: &State, view: &SessionView, sheet: &SessionSheet, height: usize) -> Vec<Row> {
    let mut lines = vec![about(state, &sheet.summary), Row::new()];
    if !sheet.summary.session.is_running() {
        lines.push(Row::of("It is over. What there is to look at stands in the agenda of the next one.", Tone::Dim));
    }
    let planned = &sheet.summary.session.agenda;
    let mut cursor = 0;
    for (at, line) in sheet.agenda.iter().enumerate() {
        let here = at == view.cursor;
        let mut row = Row::of(if here { state.config.theme.signs().cursor } else { " " }, Tone::Strong);
        let tone = match (here, line.count) {
            (true, _) => Tone::Strong,
            (false, 0) => Tone::Dim,
            (false, _) => Tone::Text,
        };
        row.push(&format!(" {:>5}  {}", line.count, line.kind.title()), tone);
        if let Some(planned) = planned.get(line.kind.word()).filter(|planned| **planned != line.count) {
            row.push(&format!("  ({planned} when it began)"), Tone::Dim);
        }
        if here && line.kind == AgendaKind::Audit {
            row.push("  the queue; which ones shows after the verdict", Tone::Dim);
        }
        lines.push(row);
    }
    let own = sheet.waiting.partition_point(|one| one.left_by.is_none());
    lines.push(Row::new());
    let key = state.key(Action::Park);
    let empty = if own == 0 { format!("  empty; {key} parks an open conversation") } else { String::new() };
    lines.push(Row::of("Parking lot", Tone::Strong).with(&empty, Tone::Dim));
    for (at, one) in sheet.waiting.iter().enumerate() {
        if at == own {
            lines.push(Row::new());
            lines.push(Row::of("Left by earlier sessions", Tone::Strong));
        }
        let here = view.cursor == sheet.agenda.len() + at;
        if here {
            cursor = lines.len();
        }
        lines.push(waits(state, one, here));
    }
    // The cursor stays in sight, with a line below it that tells whether more follows.
    let top = (cursor + 2).saturating_sub(height).min(lines.len().saturating_sub(height));
    lines.drain(..top);
    lines
}

/// A conversation that waits: who left it, why, or what it is about.
fn waits(state: &State, one: &Waiting, here: bool) -> Row {
    let (lens, tone) = (state.lens(), if here { Tone::Strong } else { Tone::Text });
    let mut row = Row::of(if here { state.config.theme.signs().cursor } else { " " }, Tone::Strong);
    row.push(&format!(" {}  ", one.conversation), Tone::Dim);
    if let Some(session) = &one.left_by {
        row.extend(lens.row(session, Tone::Text));
        row.push("  ", Tone::Dim);
    }
    // A room reads no conversation in a list.
    let first = if state.presenting { "" } else { one.first.exact() };
    let first = first.split_whitespace().collect::<Vec<_>>().join(" ");
    let (word, text) = match &one.why {
        Why::Parked(reason) if reason.is_empty() => ("parked", &first),
        Why::Parked(reason) => ("parked", reason),
        Why::PutOff => ("put off", &first),
    };
    row.push(&format!("{word} by {}", one.by), if here { Tone::Text } else { Tone::Dim });
    if !text.is_empty() {
        row.push(": ", Tone::Dim);
        row.extend(lens.row(text, tone));
    }
    row
}

fn decisions(state: &State, view: &SessionView, sheet: &SessionSheet, (columns, height): (usize, usize)) -> Vec<Row> {
    if sheet.decisions.is_empty() {
        let key = state.key(Action::Decision);
        return vec![
            Row::of("No decisions yet: ", Tone::Dim)
                .with(&key, Tone::Key)
                .with(" writes the first one down.", Tone::Dim),
        ];
    }
    let mut lines = Vec::new();
    let room = (height / 2).max(3);
    let top = view.cursor.saturating_sub(room / 2).min(sheet.decisions.len().saturating_sub(room));
    for (at, decision) in sheet.decisions.iter().enumerate().skip(top).take(room) {
        lines.push(decision_line(state, decision, at == view.cursor));
    }
    lines.push(Row::new());
    let Some(decision) = view.decision() else { return lines };
    let look = state.lens().look;
    lines.extend(wrap(&state.lens().see(&decision.spec.text), Tone::Strong, columns, look));
    let mode = decision.spec.mode.as_ref().map_or("none", |mode| state.codebook.name_of(mode));
    let count = decision.spec.conversations.len();
    let noun = if count == 1 { "conversation" } else { "conversations" };
    let answers = format!("answers {count} {noun}, failure mode {mode}; made by {}", decision.by);
    lines.push(Row::of(&answers, Tone::Dim));
    if let Some(closed) = &decision.closed {
        let mut row = Row::of(&format!("closed by {} {}  ", closed.by, state.local(closed.at, "%b %d")), Tone::Dim);
        row.extend(state.lens().row(&closed.reason, Tone::Text));
        lines.push(row);
    }
    if let Some(effect) = sheet.effects.get(&decision.id) {
        lines.extend(wrap(effect, Tone::Text, columns, look));
    }
    lines
}

fn decision_line(state: &State, decision: &Decision, here: bool) -> Row {
    let (spec, lens) = (&decision.spec, state.lens());
    let mut row = Row::of(if here { state.config.theme.signs().cursor } else { " " }, Tone::Strong);
    let late = Day::of(state.now).is_some_and(|today| decision.is_overdue(today));
    let (word, tone) = match (decision.is_open(), late) {
        (false, _) => ("closed", Tone::Dim),
        (true, true) => ("late", Tone::Warn),
        (true, false) => ("open", Tone::Text),
    };
    row.push(&format!(" {word:<6} "), tone);
    row.push(&format!("{:<9} ", spec.kind.word()), Tone::Dim);
    let owner = lens.row(spec.owner.as_deref().unwrap_or("nobody"), Tone::Text);
    row.extend(owner.cut(10, state.config.theme.signs().more).padded(11));
    row.push(&format!("{:<11}", spec.due.map_or_else(|| "no date".to_owned(), |due| due.to_string())), tone);
    row.extend(lens.row(&spec.text, if here { Tone::Strong } else { Tone::Text }));
    row
}

/// What the session came to, from the line on to which it was scrolled.
fn summary(state: &State, view: &SessionView, sheet: &SessionSheet, (columns, height): (usize, usize)) -> Vec<Row> {
    let mut lines = came_to(state, sheet, columns);
    let top = view.cursor.min(lines.len().saturating_sub(height));
    lines.drain(..top);
    if lines.len() > height
        && let Some(last) = lines.get_mut(height.saturating_sub(1))
    {
        *last = Row::of(
            &format!("{} {} scrolls on", state.config.theme.signs().more, state.key(Action::LineDown)),
            Tone::Dim,
        );
    }
    lines
}

fn came_to(state: &State, sheet: &SessionSheet, columns: usize) -> Vec<Row> {
    let (summary, look) = (&sheet.summary, state.lens().look);
    let dot = format!(" {} ", state.config.theme.signs().dot);
    let mut lines = vec![about(state, summary), Row::new()];
    let mut parts = vec![format!(
        "{} reviewed ({} pass{dot}{} fail{dot}{} can't tell)",
        summary.reviewed.len(),
        summary.verdicts.pass,
        summary.verdicts.fail,
        summary.verdicts.unsure
    )];
    parts.push(match summary.median_seconds {
        Some(median) => format!("median {median:.0} s (n={})", summary.timed),
        None => "no median yet".to_owned(),
    });
    parts.push(format!("{} corrections", summary.corrections));
    parts.push(format!("{} undone", summary.undone));
    parts.push(format!("{} put off", summary.skipped));
    parts.push(format!("{} disputed", summary.disputed.len()));
    if !summary.settled.is_empty() {
        parts.push(count(summary.settled.len() as u64, "dispute") + " settled");
    }
    if summary.room_verdicts > 0 {
        parts.push(format!("{} by the room", summary.room_verdicts));
    }
    lines.extend(wrap(&parts.join(&dot), Tone::Text, columns, look));
    let name = |key: &String| summary.mode_names.get(key).unwrap_or(key).clone();
    let mut modes: Vec<(&String, &u64)> = summary.modes.iter().collect();
    modes.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
    if !modes.is_empty() {
        let told: Vec<String> = modes.iter().map(|(key, times)| format!("{} {times}x", name(key))).collect();
        lines.extend(wrap(&format!("Failure modes: {}", told.join(", ")), Tone::Text, columns, look));
    }
    if !summary.new_modes.is_empty() {
        let new: Vec<String> = summary.new_modes.iter().map(name).collect();
        lines.extend(wrap(&format!("New: {}", new.join(", ")), Tone::Strong, columns, look));
    }
    if !summary.session.parked.is_empty() {
        lines.push(Row::of(&format!("{} on the parking lot", summary.session.parked.len()), Tone::Text));
    }
    lines.push(Row::new());
    lines.push(Row::of("Decisions", Tone::Strong));
    if summary.decisions.is_empty() {
        lines.push(Row::of("  none made in it", Tone::Dim));
    }
    lines.extend(summary.decisions.iter().map(|decision| decision_line(state, decision, false)));
    if !summary.carried_over.is_empty() {
        lines.push(Row::of(&format!("  and {} carried over", summary.carried_over.len()), Tone::Dim));
    }
    lines.push(Row::new());
    lines.extend(safe(state, summary));
    lines
}

/// Where the labels are, as was read from both copies for this very screen.
fn safe(state: &State, summary: &SessionSummary) -> Vec<Row> {
    let (theme, safe) = (&state.config.theme, &summary.safe);
    if safe.labels == 0 {
        return vec![Row::of("No labels yet.", Tone::Dim)];
    }
    let mut row = Row::of("Safe: ", Tone::Strong);
    row.push(&format!("{} events of labels", safe.labels), Tone::Text);
    for (place, count) in [("database", safe.database), ("journal", safe.journal)] {
        if count == safe.labels {
            row.push(&format!("  {place} {}", theme.fine()), Tone::Good);
        } else {
            row.push(&format!("  {place} {} {count}", theme.wrong()), Tone::Bad);
        }
    }
    vec![row, Row::of("      no copy elsewhere is known; aftercall sync DIR makes one", Tone::Dim)]
}

/// Draws the form that starts a session.
pub fn draw_start(state: &State, form: &StartForm, canvas: &mut Canvas) {
    let title = Row::of("Start a review session", Tone::Title);
    let words = form.queue_words(form.queue);
    let rows = StartForm::TITLES.iter().enumerate().map(|(at, title)| {
        let value = match at {
            1 => Value::Choice(words, (form.queue, form.choices())),
            at => Value::Text(&form.texts[at]),
        };
        let hint = match at {
            2 if form.queue == 0 => "and as many conversations; empty: all, without an end",
            2 => "empty for as long as it takes",
            3 => "names, with commas",
            _ => "",
        };
        (*title, value, hint)
    });
    let accept = if form.unevaluated > 0 { "evaluate and start" } else { "start" };
    draw_form(state, canvas, (&title, accept), (&form.head, rows.collect(), begins(state, form), form.options()));
}

/// What happens before the session begins, or where the earlier ones are.
fn begins(state: &State, form: &StartForm) -> String {
    match form.unevaluated {
        _ if form.awaiting.is_some() => "counting".to_owned(),
        0 => format!("{}, then {}: the sessions there were.", state.key(Action::Back), state.key(Action::Sessions)),
        n => format!("{n} conversations are evaluated first, so that there is an order."),
    }
}

/// Draws the form for a decision.
pub fn draw_decision(state: &State, form: &DecisionForm, canvas: &mut Canvas) {
    let count = form.conversations.len();
    let about = match count {
        0 => String::new(),
        1 => " for this conversation".to_owned(),
        n => format!(" for {n} conversations"),
    };
    let title =
        Row::of(if form.edited.is_some() { "Decision" } else { "New decision" }, Tone::Title).with(&about, Tone::Text);
    let kind = DecisionKind::ALL[form.kind.min(DecisionKind::ALL.len() - 1)].word();
    let mode = form.mode.checked_sub(1).and_then(|at| form.modes.get(at)).map_or("none", |(_, name)| name.as_str());
    let rows = DecisionForm::TITLES.iter().enumerate().map(|(at, title)| {
        let (value, hint) = match at {
            1 => (Value::Choice(kind, (form.kind, DecisionKind::ALL.len())), ""),
            4 => (Value::Choice(mode, (form.mode, form.modes.len() + 1)), "its rate tells later whether it helped"),
            0 => (Value::Text(&form.texts[0]), "what is decided, in a sentence"),
            2 => (Value::Text(&form.texts[2]), "who sees to it"),
            3 => (Value::Text(&form.texts[3]), "such as 2026-11-27"),
            at => (Value::Text(&form.texts[at]), ""),
        };
        (*title, value, hint)
    });
    draw_form(state, canvas, (&title, "save"), (&form.head, rows.collect(), String::new(), form.options()));
}

/// A line of a form: what it asks for, what it holds, a hint.
type FormLine<'a> = (&'a str, Value<'a>, &'a str);

/// What a line of a form holds.
enum Value<'a> {
    Text(&'a crate::tui::input::LineInput),
    /// Its name, and its place among so many.
    Choice(&'a str, (usize, usize)),
}

fn draw_form(
    state: &State,
    canvas: &mut Canvas,
    (title, accept): (&Row, &str),
    (head, lines, note, options): (&Head, Vec<FormLine<'_>>, String, Vec<String>),
) {
    let keys = [
        (Action::Accept, accept),
        (Action::Toggle, "choose"),
        (Action::NextField, "next line"),
        (Action::Back, "back"),
    ];
    let hints = worded(state, &keys, 70);
    let inside = dialog(state, canvas, (84, lines.len() as u16 + 5), (title, &hints));
    let columns = usize::from(inside.width);
    let count = lines.len();
    for (at, (name, value, hint)) in lines.into_iter().enumerate() {
        let here = at == head.line;
        let mut row = Row::of(if here { state.config.theme.signs().cursor } else { " " }, Tone::Strong);
        row.push(&format!(" {name:<14}"), if here { Tone::Strong } else { Tone::Text });
        match value {
            Value::Text(input) => {
                let focus = if here { Focus::Yes } else { Focus::No };
                // While nothing is typed its room goes to what can be.
                let hint = if here && input.is_empty() { hint } else { "" };
                let taken = if hint.is_empty() { 17 } else { 19 + hint.chars().count() };
                row.extend(input.row(columns.saturating_sub(taken).max(2), focus));
                if !hint.is_empty() {
                    row.push(&format!("  {hint}"), Tone::Dim);
                }
            }
            Value::Choice(name, at) => {
                row.extend(choice(state.lens().row(name, Tone::Key), here.then_some(at)));
                if here {
                    row.push(&format!("  {hint}"), Tone::Dim);
                }
            }
        }
        canvas.line(inside, at, &row.cut(columns, state.config.theme.signs().more));
    }
    canvas.line(inside, count, &all_of(state, &options, columns));
    let (text, tone) = head.error.as_ref().map_or((&note, Tone::Dim), |error| (error, Tone::Bad));
    for (at, row) in wrap(text, tone, columns, state.lens().look).iter().take(2).enumerate() {
        canvas.line(inside, count + 1 + at, row);
    }
}
