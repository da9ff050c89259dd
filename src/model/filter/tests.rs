//! Tests of `filter`.
//!
//! Invariant: every expectation is written out or checked by an oracle that shares no code with what it checks.

use proptest::prelude::*;

use super::*;
use crate::model::time::Timestamp;

fn shown(text: &str) -> String {
    Filter::parse(text).unwrap().to_string()
}

fn problem(text: &str) -> String {
    Filter::parse(text).unwrap_err().to_string()
}

fn only_test(text: &str) -> Test {
    match Filter::parse(text).unwrap().expr {
        Some(Expr::Test(test)) => test,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn precedence_and_normal_form() {
    assert_eq!(shown("  verdict:none   tool:process_refund "), "verdict:none tool:process_refund");
    assert_eq!(shown("a b or c d"), "a b or c d");
    assert_eq!(shown("(a b) or (c d)"), "a b or c d");
    assert_eq!(shown("a (b or c)"), "a (b or c)");
    assert_eq!(shown("(a (b and c))"), "a b c");
    assert_eq!(shown("-(a or b) --c not d"), "-(a or b) c -d");
    assert_eq!(shown("a OR b AND c"), "a or b c");
    assert_eq!(shown("\"or\" \"and\" \"not\""), "\"or\" \"and\" \"not\"");
    assert_eq!(shown("\"exact words\"word"), "\"exact words\" word");
    assert_eq!(Filter::parse(" \n ").unwrap(), Filter::default());
    assert_eq!(Filter::parse("a").unwrap().and(Filter::parse("b c").unwrap()).to_string(), "a b c");
}

#[test]
fn every_example_of_the_table_parses_to_its_own_field_and_kind() {
    let mut seen = std::collections::HashSet::new();
    for info in FIELDS {
        let test = only_test(info.example);
        assert_eq!(test.field, info.field, "{}", info.example);
        assert_eq!(test.key.is_empty(), !info.keyed, "{}", info.example);
        assert!(seen.insert(info.field));
        assert_eq!(Filter::parse(&test.to_string()).unwrap().expr, Some(Expr::Test(test)), "{}", info.example);
        for alias in info.aliases {
            let example = info.example.replacen(info.prefix().trim_end_matches('.'), alias, 1);
            assert_eq!(only_test(&example).field, info.field, "{example}");
        }
    }
    assert!(reference().lines().count() == FIELDS.len());
}

#[test]
fn conditions_are_typed_by_their_field() {
    assert_eq!(
        only_test("intent:refund,\"late order\",can*,none").condition,
        Condition::Text(vec![
            TextMatch::Is("refund".into()),
            TextMatch::Is("late order".into()),
            TextMatch::Starts("can".into()),
            TextMatch::Missing
        ])
    );
    assert_eq!(only_test("intent:\"none\"").condition, Condition::Text(vec![TextMatch::Is("none".into())]));
    assert_eq!(only_test("label:None").condition, Condition::Text(vec![TextMatch::Is("none".into())]));
    assert_eq!(only_test("verdict:none").condition, Condition::Text(vec![TextMatch::Missing]));
    assert_eq!(shown("label:none,stale"), "label:none,stale");
    assert_eq!(
        only_test("turns>=5").condition,
        Condition::Number(vec![NumberMatch::Compare(Comparison::GreaterOrEqual, 5.0)])
    );
    assert_eq!(
        only_test("turns=1,3..4").condition,
        Condition::Number(vec![NumberMatch::Compare(Comparison::Equal, 1.0), NumberMatch::Between(3.0, 4.0)])
    );
    let score = only_test("score.\"Answer \\\"Relevance\\\"\"<0.5");
    assert_eq!((score.field, score.key.as_str()), (Field::Score, "Answer \"Relevance\""));
    assert_eq!(score.to_string(), "score.\"Answer \\\"Relevance\\\"\"<0.5");
    assert_eq!(only_test("meta.customer.tier:5").condition, Condition::Text(vec![TextMatch::Is("5".into())]));
    assert_eq!(
        only_test("outcome.csat=5").condition,
        Condition::Number(vec![NumberMatch::Compare(Comparison::Equal, 5.0)])
    );
    assert_eq!(only_test("meta.x=\"5\"").condition, Condition::Text(vec![TextMatch::Is("5".into())]));
    assert_eq!(only_test("step.error:yes").condition, Condition::Flag(true));
    assert_eq!(
        shown("VERSION:2.1 errors>0 tools:0 started:today"),
        "agent_version:2.1 error_spans>0 tool_calls:0 when:today"
    );
}

#[test]
fn errors_say_where_and_what() {
    for (text, expected) in [
        ("verdict:", "filter, character 9: expected a value, found the end of the filter"),
        ("(a", "filter, character 3: expected \")\", found the end of the filter"),
        ("a) b", "filter, character 2: expected a space, \"or\" or the end of the filter, found ')'"),
        ("()", "filter, character 2: expected a condition: words, field:value, or ( … ), found ')'"),
        (
            "a or",
            "filter, character 5: expected a condition: words, field:value, or ( … ), found the end of the filter",
        ),
        ("é turns:many", "filter, character 9: turns takes a number, a range such as 3..7, none or any, not \"many\""),
        ("verdict:bad", "filter, character 9: verdict takes one of pass, fail, unsure, none, any, not \"bad\""),
        ("tool>3", "filter, character 6: tool cannot be compared with >; write tool: and a text, none or any"),
        ("\"open", "filter, character 6: expected the quote that ends the one at 0, found the end of the filter"),
        ("\"\\x\"", "filter, character 3: expected one of \\\" \\\\ \\n \\t \\u{1f600} after the backslash, found 'x'"),
        (
            "score.<1",
            "filter, character 1: there is no field \"score.\"; the nearest is score.NAME. \
          To search for the text itself, put it in quotes",
        ),
    ] {
        assert_eq!(problem(text), expected, "{text}");
    }
    for (typo, nearest) in [
        ("verdit:fail", "verdict"),
        ("toool:x", "tool"),
        ("scroe.x<1", "score.NAME"),
        ("metadta.x:1", "meta.KEY"),
        ("outcom.reopened:true", "outcome.KEY"),
        ("http://x", "turns"),
        ("lable:stale", "label"),
        ("agentversion:2", "agent_version"),
        ("step.eror:true", "step.error"),
    ] {
        match Filter::parse(typo).unwrap_err().problem {
            FilterProblem::UnknownField { nearest: found, .. } if typo != "http://x" => {
                assert_eq!(found, nearest, "{typo}");
            }
            FilterProblem::UnknownField { .. } => {}
            other => panic!("{typo}: {other}"),
        }
    }
    // What is echoed of the typed text shows controls and hidden characters as escapes.
    assert!(problem("turns:\u{202e}\u{1b}[2J").contains("\\u{202e}\\u{1b}[2J"));
}

#[test]
fn nothing_typed_exhausts_the_stack_or_the_store() {
    for text in [
        "(".repeat(10_000),
        "-(".repeat(10_000),
        format!("{}a{}", "(".repeat(10_000), ")".repeat(10_000)),
        "a ".repeat(10_000),
        "a or ".repeat(10_000),
        format!("id:{}", "a,".repeat(10_000)),
        "a".repeat(100_000),
    ] {
        assert!(Filter::parse(&text).is_err());
    }
    assert_eq!(shown(&format!("{}a", "-".repeat(10_001))), "-a");
    let nested = format!("{}a{}", "(".repeat(64), ")".repeat(64));
    assert_eq!(shown(&nested), "a");
}

#[test]
fn times_are_resolved_against_now_only() {
    let now = Timestamp::parse("2026-11-20T15:30:00Z").unwrap(); // A Friday.
    let range = |text: &str| match only_test(text).condition {
        Condition::Time(matches) => {
            let range = matches[0].range(now).unwrap();
            let show = |time: Option<Timestamp>| time.map_or(String::new(), |time| time.to_string());
            format!("{}..{}", show(range.from), show(range.until))
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(range("when:2026-11-01..2026-11-07"), "2026-11-01T00:00:00Z..2026-11-08T00:00:00Z");
    assert_eq!(range("when:today"), "2026-11-20T00:00:00Z..2026-11-21T00:00:00Z");
    assert_eq!(range("when:yesterday"), "2026-11-19T00:00:00Z..2026-11-20T00:00:00Z");
    assert_eq!(range("when:this-week"), "2026-11-16T00:00:00Z..2026-11-23T00:00:00Z");
    assert_eq!(range("when:last-week"), "2026-11-09T00:00:00Z..2026-11-16T00:00:00Z");
    assert_eq!(range("when:last-month"), "2026-10-01T00:00:00Z..2026-11-01T00:00:00Z");
    assert_eq!(range("when:last-7-days"), "2026-11-14T00:00:00Z..2026-11-21T00:00:00Z");
    assert_eq!(range("when:2026-11-01.."), "2026-11-01T00:00:00Z..");
    assert_eq!(range("when:..yesterday"), "..2026-11-20T00:00:00Z");
    assert_eq!(range("when<2026-11-01"), "..2026-11-01T00:00:00Z");
    assert_eq!(range("when<=2026-11-01"), "..2026-11-02T00:00:00Z");
    assert_eq!(range("when>last-week"), "2026-11-16T00:00:00Z..");
    assert_eq!(range("when>=2026-11-01T10:00:00Z"), "2026-11-01T10:00:00Z..");
    assert_eq!(shown("when:LAST-week"), "when:last-week");
    assert!(problem("when:..").contains("takes a date"));
    assert!(problem("when:2026-02-30").contains("takes a date"));
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-c1_.*:,<>=()\"\\\\ -]{1,6}", "\\PC{0,8}", any::<String>(), "none|any|or|and|not|1\\.\\.2|5"]
}

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![any::<f64>().prop_filter("finite", |n| n.is_finite()), (-1000..1000_i32).prop_map(f64::from)]
}

fn any_order() -> impl Strategy<Value = Comparison> {
    use Comparison::{Greater, GreaterOrEqual, Less, LessOrEqual};
    prop::sample::select(vec![Less, LessOrEqual, GreaterOrEqual, Greater])
}

fn any_texts() -> impl Strategy<Value = Condition> {
    let one = prop_oneof![
        Just(TextMatch::Missing),
        Just(TextMatch::Present),
        any_text().prop_map(TextMatch::Is),
        any_text().prop_filter("not empty", |text| !text.is_empty()).prop_map(TextMatch::Starts),
    ];
    prop::collection::vec(one, 1..4).prop_map(Condition::Text)
}

fn any_numbers() -> impl Strategy<Value = Condition> {
    let equal = prop_oneof![
        Just(NumberMatch::Missing),
        Just(NumberMatch::Present),
        any_number().prop_map(|n| NumberMatch::Compare(Comparison::Equal, n)),
        (any_number(), any_number()).prop_map(|(a, b)| NumberMatch::Between(a, b)),
    ];
    let ordered = (any_order(), any_number()).prop_map(|(how, n)| NumberMatch::Compare(how, n));
    prop_oneof![prop::collection::vec(equal, 1..4), ordered.prop_map(|one| vec![one])].prop_map(Condition::Number)
}

fn any_period() -> impl Strategy<Value = Period> {
    let end = || {
        prop_oneof![
            Just(PeriodEnd::Today),
            Just(PeriodEnd::Yesterday),
            (1..9999_i16, 1..13_i8, 1..29_i8).prop_map(|(y, m, d)| PeriodEnd::Day(jiff::civil::date(y, m, d))),
            (0..4_000_000_000_000_000_i64).prop_map(|micros| PeriodEnd::Time(Timestamp(micros))),
        ]
    };
    prop_oneof![
        (1..10_000_u16).prop_map(Period::LastDays),
        prop::sample::select(vec![Period::ThisWeek, Period::LastWeek, Period::ThisMonth, Period::LastMonth]),
        end().prop_map(Period::At),
        (end(), prop::option::of(end())).prop_map(|(a, b)| Period::Between(Some(a), b)),
        end().prop_map(|b| Period::Between(None, Some(b))),
    ]
}

fn any_times() -> impl Strategy<Value = Condition> {
    let one = prop_oneof![Just(TimeMatch::Missing), Just(TimeMatch::Present), any_period().prop_map(TimeMatch::In)];
    let ordered = (any_order(), any_period()).prop_map(|(how, period)| TimeMatch::Compare(how, period));
    prop_oneof![prop::collection::vec(one, 1..3), ordered.prop_map(|one| vec![one])].prop_map(Condition::Time)
}

fn any_test() -> impl Strategy<Value = Expr> {
    let key = any_text().prop_filter("not empty", |text| !text.is_empty());
    (0..FIELDS.len(), key).prop_flat_map(|(row, key)| {
        let info = &FIELDS[row];
        let key = if info.keyed { key } else { String::new() };
        let condition = match info.kind {
            FieldKind::Text => any_texts().boxed(),
            FieldKind::Choice(words) => {
                let word = prop::sample::select(words).prop_map(|word| TextMatch::Is(word.to_owned()));
                prop::collection::vec(word, 1..3).prop_map(Condition::Text).boxed()
            }
            FieldKind::Number => any_numbers().boxed(),
            FieldKind::Time => any_times().boxed(),
            FieldKind::Flag => any::<bool>().prop_map(Condition::Flag).boxed(),
            FieldKind::Value => prop_oneof![any_texts(), any_numbers()].boxed(),
        };
        condition.prop_map(move |condition| Expr::Test(Test { field: info.field, key: key.clone(), condition }))
    })
}

fn any_expr() -> impl Strategy<Value = Expr> {
    let words = any_text().prop_filter("not empty", |text| !text.is_empty()).prop_map(Expr::Words);
    prop_oneof![words, any_test()].prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| Expr::all_of(parts).unwrap()),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| Expr::any_of(parts).unwrap()),
            inner.prop_map(Expr::negated),
        ]
    })
}

proptest! {
    #[test]
    fn printing_and_parsing_give_the_same_filter(expr in any_expr()) {
        let filter = Filter { expr: Some(expr) };
        let printed = filter.to_string();
        prop_assert_eq!(Filter::parse(&printed).map_err(|error| format!("{printed}: {error}")), Ok(filter));
    }

    #[test]
    fn parsing_is_total_and_stable(text in any::<String>()) {
        if let Ok(filter) = Filter::parse(&text) {
            prop_assert_eq!(Filter::parse(&filter.to_string()), Ok(filter));
        }
    }

    #[test]
    fn parsing_near_filters_is_total(text in "(turns|score|when|a|-|or|not|and|[ ():,<>=\"*.\\\\]|[0-9]){0,30}") {
        match Filter::parse(&text) {
            Ok(filter) => prop_assert_eq!(Filter::parse(&filter.to_string()), Ok(filter)),
            Err(error) => prop_assert!(text.is_char_boundary(error.position)),
        }
    }
}

#[test]
fn what_labels_decide_can_be_left_out() {
    let without = |text: &str| Filter::parse(text).unwrap().without_labels().to_string();
    assert_eq!(without("intent:refund verdict:none"), "intent:refund");
    assert_eq!(without("intent:refund or verdict:none"), "");
    assert_eq!(without("-(verdict:fail intent:refund) turns>3"), "turns>3");
    assert_eq!(without("(intent:refund label:none) or turns>3"), "intent:refund or turns>3");
    assert_eq!(without("intent:refund -turns>3"), "intent:refund -turns>3");
    assert!(Filter::parse("a or -queue:week").unwrap().is_of_labels());
    assert!(!Filter::parse("a or -intent:week").unwrap().is_of_labels());
}
