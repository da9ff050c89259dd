//! Requests in protobuf: every value, odd neighbours, and arbitrary bytes.
//!
//! Invariant: requests are encoded by the messages under test, so fixtures of other programs check those elsewhere.

use std::ops::ControlFlow;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::ingest::{Input, Item, Problem, ReadOptions, ReadSummary, Record, SpanRecord, read};

fn read_bytes(bytes: &[u8]) -> (Vec<SpanRecord>, usize, Vec<Problem>, ReadSummary) {
    let (mut spans, mut logs, mut problems) = (Vec::new(), 0, Vec::new());
    let input = Input { name: "x".into(), stem: "x".into(), reader: Box::new(bytes) };
    let summary = read(input, &ReadOptions::default(), &mut |item| {
        match item {
            Item::Record(Record::Span(span)) => spans.push(*span),
            Item::Record(Record::Log(_)) => logs += 1,
            Item::Record(Record::Conversation(_)) | Item::Row(_) | Item::Label(_) => {}
            Item::Problem(problem) => problems.push(problem),
        }
        ControlFlow::Continue(())
    });
    (spans, logs, problems, summary)
}

fn one(choice: Choice) -> AnyValue {
    AnyValue { choice: Some(choice) }
}

fn pair(key: &str, value: AnyValue) -> KeyValue {
    KeyValue { key: key.into(), value: Some(value) }
}

fn text(text: &str) -> AnyValue {
    one(Choice::Text(text.into()))
}

fn a_span(number: u8) -> ProtoSpan {
    ProtoSpan {
        trace_id: vec![7; 16].into(),
        span_id: vec![number; 8].into(),
        name: "turn".into(),
        start: 1_795_000_000_000_000_000,
        end: 1_795_000_001_000_000_000,
        ..ProtoSpan::default()
    }
}

fn a_request(records: Vec<Vec<u8>>) -> Vec<u8> {
    let resource = ProtoResource { attributes: vec![pair("service.name", text("shop"))] };
    let scope = Scope { records: records.into_iter().map(Bytes::from).collect() };
    let group = Group { resource: Some(resource.encode_to_vec().into()), scopes: vec![scope.encode_to_vec().into()] };
    Request { groups: vec![group.encode_to_vec().into()] }.encode_to_vec()
}

fn framed(message: &[u8]) -> Vec<u8> {
    let mut frame = u32::try_from(message.len()).unwrap().to_be_bytes().to_vec();
    frame.extend_from_slice(message);
    frame
}

#[test]
fn every_kind_of_value_is_what_json_gives() {
    let nested = Choice::Pairs(PairList { values: vec![pair("x", one(Choice::Double(1.5)))] });
    let span = ProtoSpan {
        attributes: vec![
            pair("s", text("first")),
            pair("s", text("last")),
            pair("i", one(Choice::Int(-7))),
            pair("d", one(Choice::Double(1.0))),
            pair("nan", one(Choice::Double(f64::NAN))),
            pair("inf", one(Choice::Double(f64::NEG_INFINITY))),
            pair("b", one(Choice::Bool(true))),
            pair("raw", one(Choice::Bytes(vec![1, 2, 3].into()))),
            KeyValue { key: "none".into(), value: None },
            pair("a", one(Choice::Array(ArrayValue { values: vec![AnyValue { choice: Some(nested) }] }))),
        ],
        parent_span_id: vec![9; 8].into(),
        status: Some(ProtoStatus { code: 2, message: "no".into() }),
        ..a_span(1)
    };
    let (spans, _, problems, summary) = read_bytes(&a_request(vec![span.encode_to_vec()]));
    assert_eq!((problems, summary.read), (Vec::new(), 1));
    let span = &spans[0].span;
    assert_eq!(
        (span.id.trace_id.as_str(), span.id.span_id.as_str()),
        ("07".repeat(16).as_str(), "01".repeat(8).as_str())
    );
    assert_eq!((&*spans[0].source, span.parent_span_id.as_deref()), ("shop", Some("09".repeat(8).as_str())));
    let expected = json!({
        "s": "last", "i": -7, "d": 1.0, "nan": "NaN", "inf": "-Infinity", "b": true, "raw": "AQID", "none": null,
        "a": [{"x": 1.5}],
    });
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(span.attributes.get(key), Some(value), "{key}");
    }
    assert_eq!(span.attributes.get(crate::ingest::semconv::STATUS_MESSAGE), Some(&json!("no")));
}

#[test]
fn an_odd_record_costs_itself_only() {
    let short = ProtoSpan { span_id: vec![1; 3].into(), ..a_span(1) };
    // Field 5 is a text; these two bytes are none.
    let mut not_text = a_span(2).encode_to_vec();
    not_text.extend([0x2a, 2, 0xff, 0xfe]);
    let records = vec![a_span(3).encode_to_vec(), short.encode_to_vec(), not_text, a_span(4).encode_to_vec()];
    let (spans, _, problems, summary) = read_bytes(&a_request(records));
    assert_eq!(spans.len(), 2);
    assert_eq!(problems.iter().map(|problem| problem.kind).collect::<Vec<_>>(), [ProblemKind::BadSpan; 2]);
    assert_eq!((summary.read, summary.skipped), (4, 2));
}

#[test]
fn spans_logs_and_metrics_are_told_apart_by_their_fields() {
    let log = ProtoLog {
        time: 1,
        body: Some(text("hello")),
        trace_id: vec![7; 16].into(),
        span_id: vec![3; 8].into(),
        ..ProtoLog::default()
    };
    let late = ProtoLog { time: 0, observed: 2, severity: 9, ..log.clone() };
    let bare = ProtoLog { time: 0, ..log.clone() };
    // A gauge: a name and its data points.
    let metric = vec![0x0a, 4, b't', b'i', b'm', b'e', 0x2a, 2, 0x0a, 0];
    let open = ProtoSpan { start: 0, end: 0, ..a_span(5) };
    let records = vec![
        log.encode_to_vec(),
        late.encode_to_vec(),
        bare.encode_to_vec(),
        metric,
        open.encode_to_vec(),
        a_span(6).encode_to_vec(),
    ];
    let (spans, logs, problems, _) = read_bytes(&a_request(records));
    assert_eq!((spans.len(), logs, problems), (2, 3, Vec::new()));
}

#[test]
fn frames_hold_protobuf_plain_or_compressed() {
    let (one, two) = (a_request(vec![a_span(1).encode_to_vec()]), a_request(vec![a_span(2).encode_to_vec()]));
    let plain = [framed(&one), framed(&two)].concat();
    assert_eq!(read_bytes(&plain).0.len(), 2);
    let zstd = |bytes: &[u8]| zstd::encode_all(bytes, 3).unwrap();
    let compressed = [framed(&zstd(&one)), framed(&zstd(&two))].concat();
    assert_eq!(read_bytes(&compressed).0.len(), 2);
    // A whole compressed file, and two bodies one behind the other.
    assert_eq!(read_bytes(&zstd(&plain)).0.len(), 2);
    assert_eq!(read_bytes(&[one.clone(), two].concat()).0.len(), 2);
    let (spans, _, problems, _) = read_bytes(&plain[..plain.len() - 5]);
    assert_eq!((spans.len(), problems.len(), problems[0].kind), (1, 1, ProblemKind::Truncated));
    let (spans, _, problems, _) = read_bytes(&[one.as_slice(), &[0x0a, 0xff, 0x01]].concat());
    assert_eq!((spans.len(), problems[0].kind), (0, ProblemKind::InvalidProtobuf));
}

#[test]
fn text_is_never_taken_for_protobuf() {
    for text in ["\n{\"a\":1}\n", "\n\n\n\n\n\n\n\n\n\n\n\n\n", "\n{\n  \"messages\": []\n}", "\n\u{e9}t\u{e9}", "\n"] {
        assert!(!looks_like_request(text.as_bytes()), "{text:?}");
    }
}

#[test]
fn depth_is_bounded() {
    let mut deep = AnyValue { choice: Some(Choice::Bool(true)) };
    for _ in 0..120 {
        deep = AnyValue { choice: Some(Choice::Array(ArrayValue { values: vec![deep] })) };
    }
    let span = ProtoSpan { attributes: vec![pair("deep", deep)], ..a_span(1) };
    let (spans, _, problems, _) = read_bytes(&a_request(vec![span.encode_to_vec(), a_span(2).encode_to_vec()]));
    assert_eq!((spans.len(), problems.len()), (1, 1));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(proptest::arbitrary::any::<u8>(), 0..400)) {
        let _ = read_bytes(&bytes);
        let _ = read_bytes(&[&[0x0a, 0x80 | bytes.len() as u8][..], &bytes].concat());
        let _ = read_bytes(&framed(&[&[0x0a][..], &bytes].concat()));
        let _ = Fields(&bytes).count();
    }

    #[test]
    fn a_damaged_request_counts_up(at in 0_usize..400, byte in proptest::arbitrary::any::<u8>()) {
        let mut bytes = a_request((1..6).map(|number| a_span(number).encode_to_vec()).collect());
        let at = at % bytes.len();
        bytes[at] = byte;
        let (spans, logs, problems, summary) = read_bytes(&bytes);
        let lost: u64 = problems.iter().map(|problem| problem.lost).sum();
        prop_assert_eq!(summary.read, (spans.len() + logs) as u64 + lost);
        prop_assert_eq!(summary.skipped, lost);
    }
}
