use std::time::Instant;

use proptest::prelude::*;

use super::*;

fn lines(text: &str) -> Vec<&str> {
    let lines = Lines::new(text);
    let all: Vec<&str> = lines.from(text, 0).map(|line| &text[line.range]).collect();
    assert_eq!(all.len(), lines.count());
    all
}

fn drawn(line: &str, width: usize) -> Vec<String> {
    let wrapped = wrap(line, width, Charset::Unicode);
    wrapped.rows.iter().map(|row| wrapped.text.text(row.drawn.clone()).to_owned()).collect()
}

#[test]
fn lines_end_at_lf_and_crlf_only() {
    assert_eq!(lines(""), vec![""]);
    assert_eq!(lines("a"), vec!["a"]);
    assert_eq!(lines("a\r\nb\n\nc\rd\n"), vec!["a", "b", "", "c\rd", ""]);
    let text = "x\n".repeat(1000);
    let index = Lines::new(&text);
    assert_eq!(index.count(), 1001);
    assert_eq!(index.get(&text, 777).unwrap().range, 1554..1555);
    assert_eq!(index.get(&text, 1000).unwrap().range, 2000..2000);
    assert_eq!(index.get(&text, 1001), None);
    assert_eq!(index.number_of(&text, 1555), 777);
    assert_eq!(index.number_of(&text, 2000), 1000);
}

#[test]
fn words_stay_whole_where_they_fit() {
    assert_eq!(drawn("please refund my order", 14), vec!["please refund ", "my order"]);
    assert_eq!(drawn("please refund my order", 13), vec!["please refund", "my order"]);
    assert_eq!(drawn("abcdefghijklmnopqrstuvwxyz", 12), vec!["abcdefghijkl", "mnopqrstuvwx", "yz"]);
    assert_eq!(drawn("请帮我退款请帮我退款", 13), vec!["请帮我退款请", "帮我退款"]);
    assert_eq!(drawn("", 20), vec![""]);
    // A second space is text and starts a row of its own right.
    assert_eq!(drawn("please refund  my order", 13), vec!["please refund", " my order"]);
}

#[test]
fn an_endless_line_is_cut_and_stays_whole() {
    for unit in ["x", "é", "\u{301}", "👨‍👩‍👧"] {
        let text = unit.repeat(200_000 / unit.len());
        let index = Lines::new(&text);
        let mut at = 0;
        for line in index.from(&text, 0) {
            assert_eq!(line.range.start, at);
            assert!(line.range.len() <= MAX_LINE + 2);
            at = line.next;
        }
        assert_eq!(at, text.len());
    }
}

#[test]
fn a_long_message_is_addressed_without_wrapping_it() {
    let text = "The customer said that the parcel never came, twice. 请帮我退款。\n".repeat(200_000);
    let started = Instant::now();
    let index = Lines::new(&text);
    assert_eq!(index.count(), 200_001);
    let last = index.get(&text, 199_999).unwrap();
    let wrapped = wrap(&text[last.range], 40, Charset::Unicode);
    assert_eq!(wrapped.rows.len(), 2);
    // No timed test, yet a bound that only wrapping everything would pass.
    assert!(started.elapsed().as_secs() < 5);
}

fn any_line() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z ,请é]{0,120}",
        "\\PC{0,80}",
        prop::collection::vec(
            prop::sample::select(vec![
                "a",
                " ",
                "请",
                "\u{202e}",
                "👨‍👩‍👧",
                "\t",
                "\u{301}",
                "word",
                "\u{e0061}",
                "\u{17d8}"
            ]),
            0..80
        )
        .prop_map(|parts| parts.concat()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn wrapping_is_lossless_and_never_wider(line in any_line(), width in MAX_GLYPH_WIDTH..60) {
        let wrapped = wrap(&line, width, Charset::Unicode);
        prop_assert!(!wrapped.rows.is_empty());
        let (mut glyph, mut source) = (0, 0);
        for row in &wrapped.rows {
            prop_assert_eq!(row.glyphs.start, glyph);
            prop_assert!(row.glyphs.end > glyph || line.is_empty());
            prop_assert_eq!(wrapped.text.source(row.glyphs.clone()).start, source);
            glyph = row.glyphs.end;
            source = wrapped.text.source(row.glyphs.clone()).end;
            prop_assert!(row.width <= width);
            prop_assert_eq!(wrapped.text.width_of(row.drawn.clone()), row.width);
            let hanging = row.glyphs.end - row.drawn.end;
            prop_assert!(hanging == 0 || hanging == 1 && wrapped.text.text(row.drawn.end..row.glyphs.end) == " ");
        }
        prop_assert_eq!(glyph, wrapped.text.len());
        prop_assert_eq!(source, line.len());
    }

    #[test]
    fn lines_join_to_the_text(text in "(\\PC|\n|\r|\r\n){0,200}") {
        let index = Lines::new(&text);
        let mut joined = String::new();
        for (number, line) in index.from(&text, 0).enumerate() {
            prop_assert_eq!(index.get(&text, number), Some(line.clone()));
            prop_assert_eq!(index.number_of(&text, line.range.start), number);
            joined.push_str(&text[line.range.start..line.next]);
            prop_assert!(!text[line.range].contains('\n'));
        }
        prop_assert_eq!(joined, text);
    }
}
