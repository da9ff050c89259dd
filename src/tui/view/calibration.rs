//! The screen of calibrations.
//!
//! Invariant: before one is revealed it shows who judged how many, and nothing of what was said; figures on few cases are
//! greyed and stand without percent.

use super::{boxed, status, worded};
use crate::engine::request::{Answer, CaseSaid, Question, Sheet};
use crate::model::label::Verdict;
use crate::tui::action::Action;
use crate::tui::paint::Canvas;
use crate::tui::row::{Row, wrap};
use crate::tui::state::State;
use crate::tui::state::calibration::CalibrationView;
use crate::tui::state::judge::SEVERITIES;
use crate::tui::theme::{Theme, Tone};
use ratatui::layout::Rect;

/// Cases below which a figure is greyed.
const FEW: u64 = 10;

/// The least columns that one person's answers take.
const LEAST: usize = 15;

/// Draws the screen.
pub fn draw(state: &State, view: &CalibrationView, canvas: &mut Canvas) {
    let area = state.size.area();
    let inside = boxed(canvas, area, &title(state, view), &status(state));
    let columns = usize::from(inside.width);
    let body = Rect { height: inside.height.saturating_sub(2), ..inside };
    let below = Rect { y: body.bottom(), height: 2.min(inside.height), ..inside };
    canvas.rule(area, below.y);
    canvas.line(below, 1, &keys(state, view, columns));
    let height = usize::from(body.height);
    let lines = match (&view.open, &view.sheets, &view.error) {
        (_, _, Some(error)) => wrap(&state.lens().see(error), Tone::Warn, columns, state.lens().look),
        (Some(sheet), ..) => table(state, (view, sheet), (columns, height)),
        (None, Some(sheets), _) if sheets.is_empty() => none_yet(state),
        (None, Some(sheets), _) => list(state, (view, sheets), (columns, height)),
        (None, None, None) => vec![Row::of("looking", Tone::Dim)],
    };
    for (at, row) in lines.into_iter().take(height).enumerate() {
        canvas.line(body, at, &row.cut(columns, state.config.theme.signs().more));
    }
}

fn title(state: &State, view: &CalibrationView) -> Row {
    let dot = format!(" {} ", state.config.theme.signs().dot);
    let Some(sheet) = &view.open else {
        let count = view.sheets.as_ref().map_or_else(String::new, |sheets| format!("{dot}{}", sheets.len()));
        return Row::of("Calibrations", Tone::Title).with(&count, Tone::Text);
    };
    let report = &sheet.report;
    let about = format!("{dot}{}{dot}{} cases{dot}{}", report.name, report.cases, stands(sheet));
    Row::of("Calibration", Tone::Title).with(&about, Tone::Text)
}

fn keys(state: &State, view: &CalibrationView, columns: usize) -> Row {
    let open = view.open.is_some();
    let revealed = view.current().is_some_and(|sheet| sheet.report.revealed.is_some());
    let all = [
        (!open && view.current().is_some())
            .then_some((Action::Open, if revealed { "who said what" } else { "judge its cases" })),
        open.then_some((Action::Open, "open the conversation")),
        (!open).then_some((Action::StartCalibration, "new")),
        (!revealed && view.current().is_some()).then_some((Action::Reveal, "reveal now")),
        revealed.then_some((Action::EditModes, "codebook")),
        Some((Action::Undo, "undo")),
        Some((Action::Back, "back")),
        Some((Action::Help, "help")),
    ];
    worded(state, &all.into_iter().flatten().collect::<Vec<_>>(), columns)
}

fn none_yet(state: &State) -> Vec<Row> {
    let key = state.key(Action::StartCalibration);
    vec![
        Row::of("No calibrations yet.", Tone::Strong),
        Row::new(),
        Row::of("Several people judge the same ambiguous cases, each alone.", Tone::Text),
        Row::of("Once all are done it shows who said what, to talk about the cases.", Tone::Text),
        Row::new(),
        Row::of(&key, Tone::Key).with(" begins one with the most ambiguous of what is listed.", Tone::Text),
    ]
}

/// How far one is, in words.
fn stands(sheet: &Sheet) -> String {
    let report = &sheet.report;
    let done = report.done.iter().filter(|one| one.judged == report.cases).count();
    match report.revealed {
        Some("all_done") => "all are done".to_owned(),
        Some(_) => "revealed early".to_owned(),
        None => format!("{done} of {} people are done", report.reviewers_needed),
    }
}

fn list(state: &State, (view, sheets): (&CalibrationView, &[Sheet]), (columns, height): (usize, usize)) -> Vec<Row> {
    let mut about = view.current().map_or_else(Vec::new, |sheet| progress(state, sheet, columns));
    let room = height.saturating_sub(about.len() + 2).max(1);
    let top = view.cursor.saturating_sub(room / 2).min(sheets.len().saturating_sub(room));
    let name = sheets.iter().map(|sheet| sheet.report.name.chars().count()).max().unwrap_or(0).clamp(8, 24) + 2;
    let mut lines = vec![Row::of(&format!("  {:<name$}Cases  Each  Stands", "Name"), Tone::Dim)];
    for (at, sheet) in sheets.iter().enumerate().skip(top).take(room) {
        let (report, here) = (&sheet.report, at == view.cursor);
        let mut row = Row::of(if here { state.config.theme.signs().cursor } else { " " }, Tone::Strong);
        let tone = if here { Tone::Strong } else { Tone::Text };
        row.push(" ", Tone::Text);
        row.extend(Row::of(&report.name, tone).cut(name - 1, state.config.theme.signs().more).padded(name));
        row.push(&format!("{:>5}  {:>4}  {}", report.cases, report.reviewers_needed, stands(sheet)), tone);
        if let Some(verdict) = report.questions.as_ref().and_then(|questions| questions.first()) {
            row.push(&format!(" {} ", state.config.theme.signs().dot), Tone::Frame);
            row.push("verdict ", Tone::Text);
            row.extend(agreed(verdict));
        }
        lines.push(row);
    }
    lines.push(Row::new());
    lines.append(&mut about);
    lines
}

/// Who has judged how many, and who is missing; no verdict of anybody.
fn progress(state: &State, sheet: &Sheet, columns: usize) -> Vec<Row> {
    let (report, look) = (&sheet.report, state.lens().look);
    let begun = report.done.iter().map(|one| format!("{} {} of {}", one.reviewer, one.judged, report.cases));
    let begun: Vec<String> = begun.collect();
    let said = if begun.is_empty() { "Nobody has begun".to_owned() } else { format!("Judged: {}", begun.join(", ")) };
    let mut lines = wrap(&said, Tone::Text, columns, look);
    if report.revealed.is_none() {
        let missing = sheet.missing.iter().map(|one| match one.judged {
            0 => format!("{} (not begun)", one.reviewer),
            judged => format!("{} ({} left)", one.reviewer, report.cases - judged),
        });
        let missing: Vec<String> = missing.collect();
        let done = report.done.iter().filter(|one| one.judged == report.cases).count();
        let wanted = (report.reviewers_needed as usize).saturating_sub(done);
        let missing = match missing.len() {
            known if known > wanted => format!("Missing: {wanted} of {}", missing.join(", ")),
            0 => format!("Missing: {wanted} more"),
            known if known < wanted => format!("Missing: {}, and {} more", missing.join(", "), wanted - known),
            _ => format!("Missing: {}", missing.join(", ")),
        };
        lines.extend(wrap(&missing, Tone::Strong, columns, look));
        lines.extend(wrap("Who said what shows once all are done.", Tone::Dim, columns, look));
    }
    lines
}

/// How many said the same: with percent and interval where there are enough cases, else greyed with the counts alone.
fn agreed(question: &Question) -> Row {
    match &question.same {
        None => Row::of("no two answers to compare", Tone::Dim),
        Some(same) if question.cases < FEW => Row::of(&format!("same in {} of {}", same.k, same.n), Tone::Dim),
        Some(same) => Row::of(&format!("same in {}", same.words()), Tone::Text),
    }
}

/// Cases down, people across, and what was said of the chosen one in full.
fn table(state: &State, (view, sheet): (&CalibrationView, &Sheet), (columns, height): (usize, usize)) -> Vec<Row> {
    let cases = view.cases();
    let mut lines: Vec<Row> = Vec::new();
    for question in sheet.report.questions.iter().flatten() {
        let mut row = Row::of(&format!("{:<20}", question.question), Tone::Text);
        row.extend(agreed(question));
        lines.push(row);
    }
    lines.push(Row::new());
    let mut people: Vec<&str> =
        cases.iter().flat_map(|case| &case.answers).map(|answer| answer.reviewer.as_str()).collect();
    people.sort_unstable();
    people.dedup();
    let first = cases.iter().map(|case| case.first.chars().count()).max().unwrap_or(0).clamp(6, 30) + 5;
    let shown = (columns.saturating_sub(first) / LEAST).clamp(1, people.len().max(1));
    let wide = (columns.saturating_sub(first) / shown).min(36);
    let more = state.config.theme.signs().more;
    let mut head = Row::of("    Case", Tone::Dim).padded(first);
    for name in people.iter().take(shown) {
        head.extend(Row::of(name, Tone::Dim).cut(wide - 1, more).padded(wide));
    }
    if people.len() > shown {
        head.push(&format!("+{}", people.len() - shown), Tone::Dim);
    }
    lines.push(head);
    if cases.is_empty() {
        lines.push(Row::of("    nobody had judged any when it was revealed", Tone::Dim));
    }
    let about = cases.get(view.case).map_or_else(Vec::new, |case| in_full(state, case, columns));
    let room = height.saturating_sub(lines.len() + about.len() + 1).max(3);
    let top = view.case.saturating_sub(room / 2).min(cases.len().saturating_sub(room));
    for (at, case) in cases.iter().enumerate().skip(top).take(room) {
        let mut row = name_of(state, case, at == view.case).cut(first - 1, more).padded(first);
        for name in people.iter().take(shown) {
            let answer = case.answers.iter().find(|answer| answer.reviewer == *name);
            let cell = answer.map_or_else(|| Row::of("-", Tone::Dim), |answer| cell(state, answer));
            row.extend(cell.cut(wide - 1, more).padded(wide));
        }
        lines.push(row);
    }
    lines.push(Row::new());
    lines.extend(about);
    lines
}

/// The cursor, a mark where people differ, and the name of the case.
fn name_of(state: &State, case: &CaseSaid, here: bool) -> Row {
    let signs = state.config.theme.signs();
    let mut row = Row::of(if here { signs.cursor } else { " " }, Tone::Strong).with(" ", Tone::Text);
    match (case.differs.is_empty(), case.settled) {
        (true, _) => row.push(" ", Tone::Text),
        (false, true) => row.push(state.config.theme.fine(), Tone::Good),
        (false, false) => row.push(signs.unequal, Tone::Warn),
    }
    row.push(" ", Tone::Text);
    row.extend(state.lens().row(&case.first, if here { Tone::Strong } else { Tone::Text }));
    row
}

/// Verdict, step and first failure mode.
fn cell(state: &State, answer: &Answer) -> Row {
    let theme = &state.config.theme;
    let mut row = Row::of(
        &format!("{} {}", theme.verdict(answer.verdict), answer.verdict.word().to_uppercase()),
        Theme::verdict_tone(answer.verdict),
    );
    if let Some(step) = answer.step {
        row.push(&format!(" {step}"), Tone::Text);
    }
    if let Some(mode) = answer.modes.first() {
        row.push(" ", Tone::Text);
        row.extend(state.lens().row(state.codebook.name_of(mode), Tone::Text));
    }
    row
}

/// What everybody said of a case, a line each.
fn in_full(state: &State, case: &CaseSaid, columns: usize) -> Vec<Row> {
    let (theme, lens) = (&state.config.theme, state.lens());
    let dot = format!(" {} ", theme.signs().dot);
    let mut head = lens.row(&case.external_id, Tone::Strong);
    match case.differs.as_slice() {
        [] if case.answers.len() < 2 => head.push(": one person judged it", Tone::Dim),
        [] => head.push(": all said the same", Tone::Dim),
        differs if case.settled => head.push(&format!(": settled; they differed in {}", differs.join(", ")), Tone::Dim),
        differs => head.push(&format!(": they differ in {}", differs.join(", ")), Tone::Warn),
    }
    let mut lines = vec![head];
    for answer in &case.answers {
        let verdict = answer.verdict.word().to_uppercase();
        let mut row = Row::of(&format!("  {:<10} ", answer.reviewer), Tone::Text);
        row.push(&format!("{} {verdict}", theme.verdict(answer.verdict)), Theme::verdict_tone(answer.verdict));
        match (answer.step, answer.verdict) {
            (Some(step), _) => row.push(&format!("{dot}step {step}"), Tone::Text),
            (None, Verdict::Fail) => row.push(&format!("{dot}no single step"), Tone::Text),
            _ => {}
        }
        for mode in &answer.modes {
            row.push(&dot, Tone::Frame);
            row.extend(lens.row(state.codebook.name_of(mode), Tone::Strong));
        }
        if let Some(word) = answer.severity.and_then(|one| SEVERITIES.get(usize::from(one).checked_sub(1)?)) {
            row.push(&format!("{dot}{word}"), Tone::Text);
        }
        if let Some(note) = &answer.note {
            row.push(&dot, Tone::Frame);
            // What is cut off stands in the conversation's detail.
            let note: String = note.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(columns).collect();
            row.extend(lens.row(&note, Tone::Dim));
        }
        lines.push(row);
    }
    lines
}
