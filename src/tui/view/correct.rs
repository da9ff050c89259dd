//! The form for a correction.
//!
//! Invariant: what the agent did stands beside what should have been done, and every value says where it came from.

use ratatui::layout::Rect;

use super::{boxed, worded};
use crate::model::step::StepContent;
use crate::tui::action::Action;
use crate::tui::input::Focus;
use crate::tui::paint::Canvas;
use crate::tui::row::{Row, wrap};
use crate::tui::schema::{Field, Kind};
use crate::tui::state::State;
use crate::tui::state::correct::{Choice, Correct, Stage, Standing};
use crate::tui::theme::Tone;

/// Draws the form.
pub fn draw(state: &State, form: &Correct, canvas: &mut Canvas) {
    let dot = state.config.theme.signs().dot;
    let mut title = Row::of(&format!("What should have happened {dot} step {}", form.at.step), Tone::Title);
    if form.was.is_none() {
        title.push(&format!(" {dot} the agent called nothing"), Tone::Dim);
    }
    if let Some((tool, _)) = &form.was {
        title.push(&format!(" {dot} the agent called "), Tone::Dim);
        title.push(&tool.chars().take(30).collect::<String>(), Tone::Tool);
    }
    let room = usize::from(state.size.columns).saturating_sub(6);
    let keys = match form.stage {
        Stage::Choose => {
            worded(state, &[(Action::Accept, "take it"), (Action::NextChoice, "next"), (Action::Back, "back")], room)
        }
        Stage::Fill => worded(
            state,
            &[
                (Action::Save, "save"),
                (Action::NextField, "field"),
                (Action::SeenValue, "value seen"),
                (Action::RawJson, "raw JSON"),
                (Action::Alternative, "also right"),
                (Action::Back, "back"),
            ],
            room,
        ),
        Stage::Remainder => {
            let keys = [
                (Action::No, "no, save"),
                (Action::Yes, "yes, save"),
                (Action::NeverAsk, "no, do not ask again"),
                (Action::Back, "back"),
            ];
            worded(state, &keys, room)
        }
    };
    let rows = state.size.rows.saturating_sub(3).min(24);
    let area = Rect::new(0, (state.size.rows - rows) / 2, state.size.columns, rows);
    let inside = boxed(canvas, area, &title, &keys);
    let right = if inside.width >= 96 {
        let left = Rect { width: inside.width * 2 / 5 - 2, ..inside };
        was(state, form, canvas, left);
        let x = inside.x + inside.width * 2 / 5;
        canvas.upright(inside, x - 1);
        Rect { x: x + 1, width: inside.right() - x - 1, ..inside }
    } else {
        inside
    };
    match form.stage {
        Stage::Choose => choosing(state, form, canvas, right),
        Stage::Fill => filling(state, form, canvas, right),
        Stage::Remainder => remainder(state, form, canvas, right),
    }
}

fn was(state: &State, form: &Correct, canvas: &mut Canvas, area: Rect) {
    let lens = state.lens();
    let columns = usize::from(area.width);
    let mut rows = vec![Row::of("What the agent did", Tone::Title)];
    let text = if let Some((tool, arguments)) = &form.was {
        rows.push(Row::of(&tool.chars().take(60).collect::<String>(), Tone::Tool));
        let text: String = arguments.chars().take(2_000).collect();
        crate::text::highlight::pretty_json(&text).unwrap_or(text)
    } else {
        rows.push(Row::of("it called no tool at this step; it said", Tone::Dim));
        said_at(state, form.at.step).chars().take(2_000).collect()
    };
    rows.extend(wrap(&lens.see(&text), Tone::Text, columns, lens.look).into_iter().take(9));
    rows.push(Row::new());
    rows.push(Row::of("Seen so far in this conversation", Tone::Title));
    let room = usize::from(area.height).saturating_sub(rows.len());
    for seen in form.seen.iter().take(room) {
        let key = if seen.key.is_empty() { "said" } else { &seen.key };
        let mut row = Row::of(&format!("{} ", key.chars().take(16).collect::<String>()), Tone::JsonKey);
        row.extend(Row::of(if state.masked { &seen.masked } else { &seen.raw }, Tone::Text));
        let from = Row::of(&format!("step {}", seen.step), Tone::Dim);
        rows.push(row.with_right(from, columns, "…"));
    }
    for (line, row) in rows.into_iter().enumerate() {
        canvas.line(area, line, &row.cut(columns, "…"));
    }
}

/// What was said at a step.
fn said_at(state: &State, number: u32) -> &str {
    let opened = state.review.as_ref().and_then(|review| review.opened.as_ref());
    let step = opened.and_then(|opened| opened.conversation.steps.iter().find(|step| step.number == number));
    match step.map(|step| &step.content) {
        Some(StepContent::Message { text, .. }) => text.exact(),
        _ => "",
    }
}

/// What is said of a tool that was typed.
const NEW_NAME: &str = "a new name, of a tool not known here";

fn choosing(state: &State, form: &Correct, canvas: &mut Canvas, area: Rect) {
    let columns = usize::from(area.width);
    let mut line = Row::of("Right would have been ", Tone::Text);
    line.extend(form.input.row(columns.saturating_sub(line.width()).min(30), Focus::Yes));
    canvas.line(area, 0, &line);
    if !form.kept.is_empty() {
        let kept: Vec<&str> = form.kept.iter().map(|call| call.tool.as_str()).collect();
        canvas.line(area, 1, &Row::of(&format!("also right as {}", kept.join(", ")), Tone::Dim).cut(columns, "…"));
    }
    let fitting = form.fitting();
    let bare = |choice: &Choice| matches!(choice, Choice::Tool(spec) if spec.parameters.is_none());
    let with_schema = |choice: &Choice| matches!(choice, Choice::Tool(spec) if spec.parameters.is_some());
    // Where hardly any tool has one it is said once, not on every line.
    let lacking = fitting.iter().filter(|choice| bare(choice)).count();
    let said_once = lacking > 1 && lacking > fitting.iter().filter(|choice| with_schema(choice)).count();
    if said_once && form.kept.is_empty() {
        let few = if fitting.iter().any(with_schema) { "for most" } else { "for any" };
        let words = format!("no schema was recorded {few} of these tools: arguments are not checked");
        canvas.line(area, 1, &Row::of(&words, Tone::Dim).cut(columns, "…"));
    }
    let list = Rect { y: area.y + 2, height: area.height.saturating_sub(3), ..area };
    let height = usize::from(list.height).max(1);
    let top = (form.choice + 1).saturating_sub(height);
    let called = form.was.as_ref().map(|(tool, _)| tool.as_str());
    for (at, choice) in fitting.iter().enumerate().skip(top).take(height) {
        let chosen = at == form.choice;
        let mut row = Row::of(if chosen { state.config.theme.signs().cursor } else { " " }, Tone::Strong);
        row.push(" ", Tone::Text);
        let name: String = choice.name().chars().take(40).collect();
        let tone = match (chosen, choice) {
            (true, _) => Tone::Chosen,
            (false, Choice::Tool(_)) => Tone::Tool,
            (false, Choice::Other(_)) => Tone::Text,
        };
        row.push(&name, tone);
        if let Choice::Tool(spec) = choice {
            if crate::text::safe::is_deceptive_name(spec.name.exact()) {
                row.push(&format!("  {} odd name", state.config.theme.signs().warn), Tone::Warn);
            }
            let standing = form.standing(spec.name.exact());
            match standing {
                _ if called == Some(spec.name.exact()) => row.push("  (called: other arguments)", Tone::Dim),
                Standing::Here => {}
                Standing::Elsewhere => row.push("  (of other conversations)", Tone::Dim),
                Standing::Free => row.push(&format!("  {} {NEW_NAME}", state.config.theme.signs().warn), Tone::Warn),
            }
            if spec.parameters.is_none() && standing != Standing::Free && !said_once {
                row.push("  schema not recorded", Tone::Dim);
            }
            let about: String = spec.description.exact().chars().take(120).collect();
            row.push("  ", Tone::Dim);
            row.extend(state.lens().row(&about, Tone::Dim));
        }
        canvas.line(list, at - top, &row.cut(columns, "…"));
    }
    message(form, canvas, area);
}

fn message(form: &Correct, canvas: &mut Canvas, area: Rect) {
    if let Some(message) = &form.message {
        let row = Row::of(message, Tone::Warn).cut(usize::from(area.width), "…");
        canvas.line(area, usize::from(area.height).saturating_sub(1), &row);
    }
}

fn filling(state: &State, form: &Correct, canvas: &mut Canvas, area: Rect) {
    let columns = usize::from(area.width);
    let theme = &state.config.theme;
    let name = form.chosen.as_ref().map(Choice::name).unwrap_or_default();
    canvas.line(area, 0, &Row::of(&name.chars().take(60).collect::<String>(), Tone::Tool));
    let list = Rect { y: area.y + 1, height: area.height.saturating_sub(4), ..area };
    let height = usize::from(list.height).max(1);
    let top = (form.field + 1).saturating_sub(height);
    let widest = form.fields.iter().map(|field| field.name.chars().count()).max().unwrap_or(0).clamp(4, 18);
    for (at, field) in form.fields.iter().enumerate().skip(top).take(height) {
        let here = at == form.field;
        let mut row = Row::of(if here { theme.signs().cursor } else { " " }, Tone::Strong);
        row.push(if field.required { "* " } else { "  " }, Tone::Warn);
        let name: String = field.name.chars().take(18).collect();
        row.push(&format!("{name:<widest$} "), if here { Tone::Strong } else { Tone::JsonKey });
        row.push(&format!("{:<7} ", field.kind.word()), Tone::Dim);
        // Where the value in hand is from stands below; here it would take the room of the value.
        let filled = here && field.origin.is_some() && field.problem().is_none();
        let note = if filled { Row::of("ctrl-u clears", Tone::Dim) } else { note(state, form, field) };
        let room = columns.saturating_sub(row.width() + note.width() + 1).max(10);
        if here {
            row.extend(field.input.row(room, Focus::Yes));
        } else {
            row.extend(state.lens().row(field.input.text(), Tone::Input).cut(room, "…").padded(room));
        }
        row.push(" ", Tone::Text);
        row.extend(note);
        canvas.line(list, at - top, &row.cut(columns, "…"));
    }
    if form.fields.is_empty() {
        canvas.line(list, 0, &Row::of("  takes no arguments", Tone::Dim));
    }
    let below = usize::from(area.height);
    if let Some(field) = form.fields.get(form.field) {
        let about = match &field.kind {
            Kind::Choice(choices) => format!("one of: {}", choices.join(", ")),
            _ => field.description.clone(),
        };
        let from = field.origin.as_ref().map(|origin| format!("from {origin}  ")).unwrap_or_default();
        let about = format!("{from}{about}");
        canvas.line(area, below.saturating_sub(3), &Row::of(&about, Tone::Dim).cut(columns, "…"));
    }
    if let Some(Choice::Tool(spec)) = &form.chosen {
        let name = spec.name.exact();
        let fits = match (form.problems.first(), form.schema.checks()) {
            (Some(problem), _) => Row::of(&format!("{} {problem}", theme.wrong()), Tone::Bad),
            (None, true) => Row::of(&format!("{} fits the schema", theme.fine()), Tone::Good),
            _ if form.standing(name) == Standing::Free => {
                Row::of(&format!("{} {NEW_NAME}", theme.signs().warn), Tone::Warn)
            }
            _ if !form.called_with(name).is_empty() => {
                Row::of("schema not recorded: fields are those of earlier calls, unchecked", Tone::Dim)
            }
            (None, false) => Row::of("schema not recorded: arguments are raw JSON, and nothing checks them", Tone::Dim),
        };
        canvas.line(area, below.saturating_sub(2), &fits.cut(columns, "…"));
    }
    message(form, canvas, area);
}

/// What is to be said of a value: what is wrong with it, or where it is from.
fn note(state: &State, form: &Correct, field: &Field) -> Row {
    let theme = &state.config.theme;
    match (field.problem(), &field.origin) {
        (Some(problem), _) => Row::of(&format!("{} {problem}", theme.wrong()), Tone::Bad),
        (None, Some(origin)) => Row::of(&format!("{} from {origin}", theme.fine()), Tone::Dim),
        (None, None) if !field.known && form.schema.value.is_some() => {
            Row::of(&format!("{} not in the schema", theme.signs().warn), Tone::Warn)
        }
        (None, None) if field.input.is_empty() => Row::of("left out", Tone::Dim),
        (None, None) => Row::new(),
    }
}

fn remainder(state: &State, form: &Correct, canvas: &mut Canvas, area: Rect) {
    let columns = usize::from(area.width);
    let lens = state.lens();
    let mut rows = Vec::new();
    match &form.chosen {
        Some(Choice::Tool(_)) => {
            for call in &form.kept {
                let fits = if call.fits == Some(false) { "  (does not fit the schema)" } else { "" };
                rows.push(Row::of(&call.tool, Tone::Tool).with(fits, Tone::Warn));
                rows.extend(wrap(&lens.see(&call.arguments), Tone::Text, columns, lens.look).into_iter().take(3));
            }
        }
        Some(choice) => {
            rows.push(Row::of(&choice.name(), Tone::Tool));
            for field in form.fields.iter().filter(|field| !field.input.is_empty()) {
                rows.extend(wrap(&lens.see(field.input.text()), Tone::Text, columns, lens.look).into_iter().take(4));
            }
        }
        None => {}
    }
    rows.push(Row::new());
    rows.push(Row::of("Would the rest of the recorded conversation still stand after that?", Tone::Strong));
    let about = "It decides where training rows made of this conversation end; the label is the same.";
    rows.extend(wrap(about, Tone::Dim, columns, lens.look));
    let no = state.config.theme.signs().enter;
    let usual = "  no, as nearly always: they end at the corrected step";
    rows.push(Row::of(&format!("{no} or n"), Tone::Key).with(usual, Tone::Text));
    rows.push(Row::of("y", Tone::Key).with("       yes: what was said after it is kept", Tone::Text));
    let never = "       no, and not asked again until the program is left";
    rows.push(Row::of(&state.key(Action::NeverAsk), Tone::Key).with(never, Tone::Text));
    rows.push(Row::of("        (ask_remainder = false in config.toml: never)", Tone::Dim));
    for (line, row) in rows.into_iter().enumerate() {
        canvas.line(area, line, &row.cut(columns, "…"));
    }
}
