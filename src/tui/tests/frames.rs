//! Frames as snapshots, and printed for people (`cargo test show_frames -- --ignored --nocapture`).
//!
//! Invariant: every size and theme that is promised has a frame here; styles are told by a legend, since text alone
//! drops them.

use std::fmt::Write as _;

use super::*;
use crate::tui::row::is_safe;
use crate::tui::theme::TONES;

const FRAMES: [(&str, (u16, u16), &str); 26] = [
    ("queue_120", (120, 36), ""),
    ("queue_80", (80, 24), ""),
    ("queue_60", (60, 16), ""),
    ("queue_judged_120", (120, 36), "<enter> a x \"tone\" <enter> s i"),
    ("review_120", (120, 36), "<enter>"),
    ("review_80", (80, 24), "<enter> J J J J"),
    ("review_60", (60, 16), "<enter> !"),
    ("review_spans_80", (80, 24), "<enter> ! <tab>"),
    ("review_detail_80", (80, 24), "<enter> ! <tab> <tab>"),
    ("review_raw_170", (170, 40), "<enter> ! 3"),
    ("review_full_calls_120", (120, 36), "<enter> ! z"),
    ("review_judged_120", (120, 36), "<enter> ! x \"wrong_tool\" <enter> ["),
    ("fail_120", (120, 36), "<enter> ! x \"tone\" <enter> x"),
    ("fail_typed_80", (80, 24), "<enter> ! x \"wrong\""),
    ("correct_choose_120", (120, 36), "<enter> ! t"),
    ("correct_fill_120", (120, 36), "<enter> ! t \"sr\" <enter> <tab> <ctrl-v> <tab>"),
    ("correct_fill_80", (80, 24), "<enter> ! t \"sr\" <enter>"),
    ("correct_remainder_80", (80, 24), "<enter> ! T"),
    ("help_queue_80", (80, 24), "?"),
    ("help_review_120", (120, 36), "<enter> ?"),
    ("palette_80", (80, 24), "<enter> : \"mode\""),
    ("filter_error_80", (80, 24), "f \"scor>>\""),
    ("note_80", (80, 24), "<enter> e \"hello\""),
    ("export_80", (80, 24), "E"),
    ("import_done_80", (80, 24), "<ctrl-o> \"~/x.jsonl\" <enter>"),
    ("messages_80", (80, 24), "<enter> a a @"),
];

#[test]
fn frames_look_as_they_did() {
    for (name, size, keys) in FRAMES {
        insta::assert_snapshot!(name, App::new(size).press(keys).frame());
    }
    insta::assert_snapshot!("empty_80", App::with(Vec::new(), Theme::default(), (80, 24)).frame());
    insta::assert_snapshot!("ascii_80", App::plain((80, 24)).press("<enter> !").frame());
    insta::assert_snapshot!("ascii_60", App::plain((60, 16)).press("<enter> ! x").frame());
}

/// A run that a gate brought, which broke a case at its second step.
fn broken(size: (u16, u16)) -> App {
    use crate::model::gate::{Broken, BrokenCase};
    let case = |id: &str| BrokenCase {
        case_id: id.to_owned(),
        conversation_id: "c7tz6qd2m4ab".to_owned(),
        step: Some(3),
        why: "calls refund with another order_id".to_owned(),
        at: Some(2),
        counterpart: Some(2),
        flaky: true,
        said: Some("it does not ask first".to_owned()),
        wants: vec!["refund {\"order_id\":\"LF-1\"}".to_owned(), "must ask before it pays".to_owned()],
        recorded: vec!["refund {\"order_id\":\"LF-9\"}".to_owned()],
    };
    let cases = vec![case("c7tz6qd2m4ab-s3"), case("c7tz6qd2m4ab-s5")];
    let broken = Broken { dataset: "refunds@2".to_owned(), report: "0a1b2c".to_owned(), rank: 1, cases };
    let mut conversation = sample::refund();
    broken.put(&mut conversation.attributes);
    App::with(vec![conversation], Theme::default(), size)
}

#[test]
fn a_run_stands_beside_the_case_it_broke() {
    insta::assert_snapshot!("broken_120", broken((120, 36)).press("<enter> J").frame());
    let mut narrow = broken((80, 24));
    insta::assert_snapshot!("broken_80", narrow.press("<enter> J").frame());
    let detail = narrow.press("<tab> <tab>").frame();
    assert!(detail.contains("the judge says: it does not ask first") && detail.contains("LF-9"), "{detail}");
}

/// The styles of a frame: a letter per style in place of each character, and what the letters mean.
fn styles(app: &App) -> String {
    let buffer = app.buffer();
    let mut legend: Vec<String> = Vec::new();
    let mut text = String::new();
    for y in 0..buffer.area.height {
        let mut line = String::new();
        for x in 0..buffer.area.width {
            let cell = &buffer[(x, y)];
            let style = format!("{:?} on {:?} {:?}", cell.fg, cell.bg, cell.modifier);
            let at = legend.iter().position(|known| *known == style).unwrap_or_else(|| {
                legend.push(style);
                legend.len() - 1
            });
            line.push(if at == 0 { ' ' } else { char::from(b'a' + (at as u8 - 1).min(25)) });
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
    for (at, style) in legend.iter().enumerate() {
        let letter = if at == 0 { ' ' } else { char::from(b'a' + (at as u8 - 1).min(25)) };
        let _ = writeln!(text, "{letter} = {style}");
    }
    text
}

#[test]
fn styles_look_as_they_did() {
    for palette in [Palette::Dark, Palette::Light, Palette::Plain] {
        let theme = Theme { palette, signs: Signs::Unicode };
        let mut app = App::with(sample::conversations(), theme, (100, 28));
        app.press("<enter> ! x \"tone\" <enter> [");
        insta::assert_snapshot!(format!("styles_{palette:?}").to_lowercase(), styles(&app));
    }
    let mut legend = String::new();
    for tone in TONES {
        let of = |palette| Theme { palette, signs: Signs::Unicode }.style(tone);
        let [dark, light, plain] = [Palette::Dark, Palette::Light, Palette::Plain].map(of);
        let _ = writeln!(legend, "{tone:?}: {dark:?} | {light:?} | {plain:?}");
    }
    insta::assert_snapshot!("legend", legend);
}

#[test]
fn without_colour_no_cell_has_one_and_ascii_frames_are_ascii() {
    let mut app = App::plain((120, 36));
    for keys in ["", "<enter>", "!", "z", "3", "x", "<esc>", "t", "<enter>", "<esc> <esc> ?", "<esc> :"] {
        app.press(keys);
        let buffer = app.buffer();
        for cell in &buffer.content {
            assert!(cell.symbol().is_ascii(), "{keys}: {:?}\n{}", cell.symbol(), app.frame());
            let blank = ratatui::buffer::Cell::default();
            assert_eq!((cell.fg, cell.bg), (blank.fg, blank.bg), "{keys}");
        }
    }
}

#[test]
fn hostile_text_never_reaches_a_cell() {
    let hostile =
        "a\u{1b}]52;c;AAAA\u{7}b\u{9b}31mc\u{202e}d\u{2066}e\u{200b}f\u{e0041}g\u{feff}h\u{ad}i\r\u{8}j\u{3164}k";
    let marks = format!("o{}", "\u{301}".repeat(2_000));
    let text = format!("{hostile} {marks} {}", "👩\u{200d}👩\u{200d}👧 日本語 שלום ".repeat(20));
    let story = sample::Story::new(&text, &text, &text)
        .user(&text)
        .agent(&text)
        .call(&text, &serde_json::json!({hostile: text, "list": [text]}).to_string(), &text)
        .score(hostile, 0.0, Some(false), &text)
        .call("broken", &text, &serde_json::json!({"error": text}).to_string());
    for size in [(60, 16), (80, 24), (120, 36), (170, 40)] {
        let mut app = App::with(vec![story_of(&story)], Theme::default(), size);
        for keys in [
            "", "<enter>", "J", "J", "z", "z", "1", "2", "3", "4", "5", "6", "7", "#", "m", "x", "<esc>", "t",
            "<enter>",
        ] {
            app.press(keys);
            check(&app, keys);
        }
        app.press("<esc> <esc> e");
        app.send(Message::Paste(text.clone()));
        check(&app, "pasted note");
        app.press("<ctrl-s> q f");
        app.send(Message::Paste(text.clone()));
        check(&app, "pasted filter");
    }
}

fn story_of(story: &sample::Story) -> Conversation {
    story.clone().done()
}

/// No cell holds anything that could act on a terminal, and the frame's sides are where they belong.
pub fn check(app: &App, keys: &str) {
    let buffer = app.buffer();
    for (at, cell) in buffer.content.iter().enumerate() {
        let symbol = cell.symbol();
        assert!(is_safe(symbol) && symbol.len() <= 64, "{keys}: {:?} in {:?}", symbol, buffer.pos_of(at));
    }
    // The frame's right side stays where it is, so nothing was wider than its place.
    for y in 0..app.state.size.rows {
        let last = buffer[(app.state.size.columns - 1, y)].symbol();
        assert!("┐┘│┤".contains(last), "{keys}, row {y}: {last:?}\n{}", app.frame());
    }
}
