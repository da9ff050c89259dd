//! Safe text as a terminal really gets it: drawn by ratatui, written by crossterm, read by a terminal model.
//!
//! Invariant: a frame around hostile text stays straight, and the bytes hold nothing a terminal obeys but our own.

#![allow(clippy::unwrap_used, reason = "a test: a panic is its way to fail")]

use std::num::NonZero;
use std::path::Path;

use aftercall::text::safe::{Charset, is_drawable};
use aftercall::text::wrap::{Lines, wrap};
use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{TerminalOptions, Viewport};

const WIDTH: u16 = 40;
const HEIGHT: u16 = 24;

/// Draws the texts one after another, each on a cleared frame with a border at either side; returns all bytes.
fn bytes_of(texts: &[&str]) -> Vec<u8> {
    let mut out = Vec::new();
    {
        let options = TerminalOptions { viewport: Viewport::Fixed(Rect::new(0, 0, WIDTH, HEIGHT)) };
        let mut terminal = Terminal::with_options(CrosstermBackend::new(&mut out), options).unwrap();
        for text in texts {
            let rows = rows(text);
            terminal
                .draw(|frame| {
                    let buffer = frame.buffer_mut();
                    for y in 0..HEIGHT {
                        buffer.set_string(0, y, "|", ratatui::style::Style::new());
                        if let Some(row) = rows.get(usize::from(y)) {
                            buffer.set_string(1, y, row, ratatui::style::Style::new());
                        }
                        buffer.set_string(WIDTH - 1, y, "|", ratatui::style::Style::new());
                    }
                })
                .unwrap();
        }
    }
    out
}

fn rows(text: &str) -> Vec<String> {
    let mut rows = Vec::new();
    for line in Lines::new(text).from(text, 0) {
        let wrapped = wrap(&text[line.range], usize::from(WIDTH) - 2, Charset::Unicode);
        rows.extend(wrapped.rows.iter().map(|row| wrapped.text.text(row.drawn.clone()).to_owned()));
    }
    rows
}

fn check(texts: &[&str]) {
    let bytes = bytes_of(texts);
    let mut model = vt100::Parser::new(NonZero::new(HEIGHT).unwrap(), NonZero::new(WIDTH).unwrap(), 0);
    model.process(&bytes);
    let screen = model.screen();
    for y in 0..HEIGHT {
        for x in [0, WIDTH - 1] {
            let cell = screen.cell(y, x).unwrap();
            assert_eq!(cell.contents(), "|", "row {y}, column {x}: {:?}", screen.rows(0, WIDTH).nth(y.into()));
        }
    }
    let written = String::from_utf8(bytes).unwrap();
    let own = regex::Regex::new("\u{1b}\\[[0-9;?]*[a-zA-Z]").unwrap();
    assert!(is_drawable(&own.replace_all(&written, "")), "{:?}", own.replace_all(&written, ""));
}

#[test]
fn hostile_payloads_stay_within_their_frame() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/hostile/text"));
    if !folder.is_dir() {
        eprintln!("skipped: ../shared is absent");
        return;
    }
    let mut texts = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "payload") {
            texts.push(std::fs::read_to_string(path).unwrap());
        }
    }
    texts.sort();
    check(&texts.iter().map(String::as_str).collect::<Vec<_>>());
    for text in &texts {
        check(&[text]);
    }
}

#[test]
fn emoji_leave_nothing_behind_when_they_scroll() {
    let text = "👨‍👩‍👧|❤️|1️⃣|🇩🇪|👍🏻|♻️♻️|👩‍👩‍👧‍👦|end";
    let many = [text.repeat(20), format!("\n{text}"), format!("{}{text}", "x".repeat(33)), "plain".to_owned()];
    check(&many.iter().map(String::as_str).collect::<Vec<_>>());
    check(&[text, "plain"]);
}

proptest! {
    #[test]
    fn any_text_stays_within_its_frame(texts in prop::collection::vec(any_text(), 1..4)) {
        check(&texts.iter().map(String::as_str).collect::<Vec<_>>());
    }
}

fn any_text() -> impl Strategy<Value = String> {
    let text = "(\\PC|[👨👩❤🏻🇩🇪☕ｶﾞ]|\u{200d}|\u{fe0f}|\u{fe0e}|\u{301}|\u{202e}|[a-z ]){0,60}";
    // The terminal model takes a replacement character for a broken byte and leaves it out.
    text.prop_map(|text| text.replace('\u{fffd}', "?"))
}
