//! Tests of `safe`.
//!
//! Invariant: every expectation is written out or checked by an oracle that shares no code with what it checks.

use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;
use crate::text::width;

fn shown(text: &str) -> String {
    SafeText::of(text, Charset::Unicode).shown().to_owned()
}

fn classes(text: &str) -> Vec<(String, GlyphClass)> {
    let safe = SafeText::of(text, Charset::Unicode);
    safe.runs(0..safe.len(), &[]).iter().map(|run| (run.text.to_owned(), run.class)).collect()
}

#[test]
fn controls_have_pictures_of_their_own_class() {
    assert_eq!(shown("a\u{1b}]52;c;eA==\u{7}\u{7f}\u{9b}2J"), "a␛]52;c;eA==␇␡<U+009B>2J");
    assert_eq!(classes("␛\u{1b}"), vec![("␛".to_owned(), GlyphClass::Plain), ("␛".to_owned(), GlyphClass::Control)]);
    assert_eq!(shown("a\tb\r\nc\nd\re"), "a   b␊c␊d␍e");
    assert_eq!(shown("a\u{2028}b\u{2029}c\u{85}d"), "a<U+2028>b<U+2029>c<U+0085>d");
}

#[test]
fn hidden_and_reordering_scalars_have_stand_ins_or_a_count() {
    assert_eq!(shown("re\u{200b}fund"), "re<U+200B>fund");
    assert_eq!(shown("10 \u{202e}\u{2066}// max"), "10 <U+202E><U+2066>// max");
    assert_eq!(shown(&format!("o{}!", "\u{e0061}".repeat(45))), "o<45 hidden>!");
    assert_eq!(shown(&"\u{200b}".repeat(100)), "<100 hidden>");
    assert_eq!(
        shown(&format!("Z{}", "\u{301}\u{316}\u{334}".repeat(3000))),
        format!("Z{}+8992", "\u{301}\u{316}\u{334}".repeat(3).trim_end_matches('\u{334}'))
    );
    assert_eq!(shown("\u{301}x"), "\u{25cc}\u{301}x");
    assert_eq!(shown("\u{1b}\u{301}"), "␛\u{25cc}\u{301}");
    assert_eq!(shown("\u{17d8}"), "<U+17D8>");
}

#[test]
fn natural_text_stays_and_raises_no_alarm() {
    for text in [
        "请帮我退款。 אני רוצה החזר כספי. أريد استرداد المال. ご注文は？ ขอเงินคืน",
        "क्षत्रिय न्द्रि",
        "می\u{200c}خواهم",
        "한국어 각",
    ] {
        assert_eq!(shown(text), text);
        assert!(!warnings(text).any(), "{text}");
    }
    // Emoji keep what joins them; the space after them is what some terminals would take.
    assert_eq!(shown("👨‍👩‍👧|❤️|1️⃣|🇩🇪|👍🏻|🥲🏻|"), "👨‍👩‍👧    |❤|1⃣|🇩🇪|👍🏻  |🥲🏻|");
    assert!(!warnings("👨‍👩‍👧|❤️|1️⃣|🇩🇪|🥲🏻|").any());
}

#[test]
fn ascii_screens_get_ascii_only() {
    let safe = SafeText::of("é\u{1b}\u{200b}\tx\u{7f}", Charset::Ascii);
    assert_eq!(safe.shown(), "<U+00E9>^[<U+200B>  x^?");
    let brief = SafeText::brief(&"grüße an alle".into(), 6, Charset::Ascii);
    assert_eq!((brief.shown(), brief.width()), ("gr<U+~", 6));
}

#[test]
fn a_brief_line_says_that_it_was_cut() {
    let brief = |text: &str, width| SafeText::brief(&text.into(), width, Charset::Unicode).shown().to_owned();
    assert_eq!(brief("hello", 5), "hello");
    assert_eq!(brief("hello!", 5), "hell…");
    assert_eq!(brief("请帮我", 4), "请…");
    assert_eq!(brief("hello", 0), "");
    assert_eq!(brief(&"x".repeat(10_000_000), 3), "xx…");
}

#[test]
fn runs_mark_hits_by_their_source() {
    let safe = SafeText::of("ab\u{200b}cd\tef", Charset::Unicode);
    let runs: Vec<(&str, bool)> =
        safe.runs(0..safe.len(), &[1..3, 3..6, 8..9]).iter().map(|run| (run.text, run.hit)).collect();
    let expected =
        [("a", false), ("b", true), ("<U+200B>", true), ("c", true), ("d    ", false), ("e", true), ("f", false)];
    assert_eq!(runs, expected);
}

#[test]
fn deceptive_names_are_told() {
    for name in ["refund_\u{43e}rder", "refund_order\u{200b}", "refund\norder", "rеfund", "\u{202e}x"] {
        assert!(is_deceptive_name(name), "{}", name.escape_unicode());
    }
    for name in ["refund_order", "rückerstattung", "возврат_заказа", "注文_refund", "get-order.v2"] {
        assert!(!is_deceptive_name(name), "{name}");
    }
}

fn shared(folder: &str) -> Option<PathBuf> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/hostile")).join(folder);
    if path.is_dir() {
        return Some(path);
    }
    eprintln!("skipped: ../shared is absent");
    None
}

#[test]
fn hostile_payloads_are_drawn_safely_and_wholly() {
    let Some(folder) = shared("text") else { return };
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "payload") {
            continue;
        }
        seen += 1;
        let text = String::from_utf8(std::fs::read(&path).unwrap()).unwrap();
        let case = path.file_name().unwrap().to_str().unwrap()[..3].to_owned();
        for charset in [Charset::Unicode, Charset::Ascii] {
            let safe = SafeText::of(&text, charset);
            assert!(is_drawable(safe.shown()), "{case}");
            assert_eq!(safe.source(0..safe.len()), 0..text.len(), "{case}");
        }
        let marked = warnings(&text);
        let expected = match case.as_str() {
            "T09" => Some("bidi"),
            "T10" | "T11" | "T14" => Some("hidden"),
            "T12" | "T16" => None,
            _ => Some("control"),
        };
        assert_eq!(marked.word(), expected, "{case}");
        match case.as_str() {
            "T02" => assert!(shown(&text).contains("evil.example/phish")),
            "T08" => assert!(shown(&text).contains("10 EUR␍Refund 9999 EUR")),
            "T11" => assert!(shown(&text).contains("+8992")),
            "T14" => assert!(shown(&text).contains("<45 hidden>")),
            "T16" => assert_eq!(shown(&text), text),
            _ => {}
        }
    }
    assert!(seen >= 17, "{seen} payloads");
}

/// Text with much that is unsafe in it.
fn any_text() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec![
        "\u{1b}",
        "\u{9b}",
        "\r",
        "\n",
        "\r\n",
        "\t",
        "\u{202e}",
        "\u{200b}",
        "\u{200d}",
        "\u{200c}",
        "\u{fe0f}",
        "\u{301}",
        "\u{e0061}",
        "\u{feff}",
        "👨",
        "👩",
        "❤",
        "1",
        "\u{20e3}",
        "🇩",
        "🏻",
        "请",
        "क",
        "\u{94d}",
        "ष",
        "\u{17d8}",
        "ل",
        "ا",
        "ｶ",
        "ﾞ",
        "\u{1161}",
        "\u{11a8}",
        "가",
        "\u{600}",
        "\u{ad}",
        "\u{2028}",
        "a",
        " ",
        "\u{1f1e9}",
        "\u{d4e}",
        "☕",
        "\u{fe0e}",
    ]);
    prop_oneof![
        prop::collection::vec(odd, 0..40).prop_map(|parts| parts.concat()),
        any::<String>(),
        prop::collection::vec(any::<char>(), 0..40).prop_map(String::from_iter),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn nothing_unsafe_is_drawn_and_nothing_is_lost(text in any_text()) {
        for charset in [Charset::Unicode, Charset::Ascii] {
            let safe = SafeText::of(&text, charset);
            prop_assert!(is_drawable(safe.shown()), "{:?}", safe.shown());
            prop_assert!(charset == Charset::Unicode || safe.shown().is_ascii());
            prop_assert_eq!(safe.source(0..safe.len()), 0..text.len());
            for glyph in 0..safe.len() {
                let source = safe.source(glyph..glyph + 1);
                prop_assert!(text.get(source).is_some());
                prop_assert!(safe.width_of(glyph..glyph + 1) <= MAX_GLYPH_WIDTH);
            }
            prop_assert_eq!(safe.warnings(), warnings(&text));
        }
    }

    #[test]
    fn widths_add_up_to_what_the_drawing_library_lays_out(text in any_text()) {
        let safe = SafeText::of(&text, Charset::Unicode);
        let sum: usize = (0..safe.len()).map(|glyph| safe.width_of(glyph..glyph + 1)).sum();
        prop_assert_eq!(safe.width(), sum);
        let laid_out: usize = safe.shown().graphemes(true).map(width::drawn).sum();
        prop_assert_eq!(laid_out, safe.width(), "{:?}", safe.shown());
        prop_assert!(safe.shown().graphemes(true).all(|cluster| width::drawn(cluster) > 0));
        let runs = safe.runs(0..safe.len(), &[]);
        prop_assert_eq!(runs.iter().map(|run| run.text).collect::<String>(), safe.shown());
        prop_assert_eq!(runs.iter().map(|run| run.width).sum::<usize>(), safe.width());
    }

    #[test]
    fn brief_lines_fit(text in any_text(), width in 0..30_usize) {
        let brief = SafeText::brief(&Untrusted::new(text.as_str()), width, Charset::Unicode);
        prop_assert!(brief.width() <= width);
        prop_assert!(is_drawable(brief.shown()));
        let whole = SafeText::of(&text, Charset::Unicode);
        prop_assert_eq!(brief.shown() == whole.shown(), whole.width() <= width);
    }
}

#[test]
fn what_is_hidden_before_a_modifier_stays_between_it_and_the_emoji_before() {
    let safe = SafeText::of("\u{1f468}\u{d4e}\u{1f3fb}", Charset::Unicode);
    assert_eq!(safe.shown(), "👨<U+0D4E>🏻");
    let laid_out: usize = safe.shown().graphemes(true).map(width::drawn).sum();
    assert_eq!(laid_out, safe.width());
}
