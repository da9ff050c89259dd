use proptest::prelude::*;

use super::*;

fn joined(lines: &[Vec<HighlightRun>]) -> String {
    let line = |runs: &Vec<HighlightRun>| runs.iter().map(|run| run.text.exact()).collect::<String>();
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn classes(text: &str) -> Vec<(String, HighlightClass)> {
    let runs = json(text).into_iter().flatten();
    runs.filter(|run| !run.text.exact().trim().is_empty())
        .map(|run| (run.text.exact().trim().to_owned(), run.class))
        .collect()
}

#[test]
fn numbers_and_repeated_keys_stay_as_they_are() {
    let text = r#"{"id":123456789012345678901234,"id":1e400,"x":[1.10,-0.0,{}],"e":[ ],"s":"a\u00e9\/\"b"}"#;
    let pretty = pretty_json(text).unwrap();
    assert_eq!(
        pretty,
        r#"{
  "id": 123456789012345678901234,
  "id": 1e400,
  "x": [
    1.10,
    -0.0,
    {}
  ],
  "e": [],
  "s": "a\u00e9\/\"b"
}"#
    );
    assert_eq!(pretty_json(&pretty).unwrap(), pretty);
    assert_eq!(pretty_json("{oops}"), None);
}

#[test]
fn tokens_have_classes() {
    use HighlightClass::{Constant, Key, Number, Punctuation, String};
    let expected = [
        ("{", Punctuation),
        ("\"k\"", Key),
        (":", Punctuation),
        ("\"v\\n\"", String),
        (",", Punctuation),
        ("\"n\"", Key),
        (":", Punctuation),
        ("-1.5e3", Number),
        (",", Punctuation),
        ("\"t\"", Key),
        (":", Punctuation),
        ("[", Punctuation),
        ("true", Constant),
        (",", Punctuation),
        ("null", Constant),
        ("]", Punctuation),
        ("}", Punctuation),
    ];
    let expected: Vec<_> = expected.into_iter().map(|(text, class)| (text.to_owned(), class)).collect();
    assert_eq!(classes(r#"{"k":"v\n","n":-1.5e3,"t":[true,null]}"#), expected);
}

#[test]
fn what_is_no_json_stays_plain() {
    let lines = json("not {json}\r\nat all");
    assert_eq!(joined(&lines), "not {json}\nat all");
    assert!(lines.iter().flatten().all(|run| run.class == HighlightClass::Plain));
    assert_eq!(json("").len(), 1);
}

#[test]
fn size_and_depth_are_bounded() {
    let long = format!("[{}]", vec!["\"some value\""; 60_000].join(","));
    let lines = json(&long);
    assert_eq!(lines.len(), 60_002);
    let coloured: usize =
        lines.iter().flatten().filter(|r| r.class != HighlightClass::Plain).map(|r| r.text.exact().len()).sum();
    assert!(coloured > 100_000 && coloured <= MAX_HIGHLIGHTED, "{coloured}");
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let pretty = pretty_json(&deep).unwrap();
    assert!(pretty.len() < 20_000_000);
    let huge = format!("[{}]", vec!["[[]]"; 1_000_000].join(","));
    let pretty = pretty_json(&huge).unwrap();
    assert!(pretty.len() < 30_000_000);
    assert_eq!(pretty.split_whitespace().collect::<String>(), huge);
}

proptest! {
    #[test]
    fn formatting_changes_white_space_outside_of_strings_only(value in any_json()) {
        let compact = value.to_string();
        let pretty = pretty_json(&compact).unwrap();
        prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&pretty).unwrap(), value);
        prop_assert_eq!(joined(&json(&compact)), pretty.clone());
        prop_assert_eq!(pretty_json(&pretty).unwrap(), pretty);
    }

    #[test]
    fn no_text_is_lost(text in any::<String>()) {
        let lines = joined(&json(&text));
        if pretty_json(&text).is_none() {
            prop_assert_eq!(lines, text.replace("\r\n", "\n"));
        }
    }
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}
