//! Payloads of any content come back exactly; damaged ones are refused.
//!
//! Invariant: the conversations are made of any text at all, not of likely ones.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::model::id::{ConversationId, SpanRef};
use crate::model::score::{Score, ScoreTarget};
use crate::model::step::{Role, Speech, Step, StepContent, ToolResult};
use crate::model::summary::Segments;
use crate::model::time::Timestamp;
use crate::model::tool::{Arguments, Effect, ExpectedCall, ToolSpec};
use crate::model::trace::{FailureSign, Span, SpanEvent, SpanKind, SpanLink, SpanOddity, SpanStatus};
use crate::text::Untrusted;

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        history().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((".{0,6}", inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Text that looks like a JSON list of messages, well formed or not.
fn history() -> impl Strategy<Value = String> {
    let item = prop_oneof![
        ".{0,40}".prop_map(|text| json!({"role": "user", "content": text}).to_string()),
        "[\\[\\]{}\",: a-cé]{0,60}",
    ];
    (prop::collection::vec(item, 0..8), ", ?", "[\\[{ ]{0,2}").prop_map(|(items, comma, head)| {
        format!("{head}[{}]", items.join(&comma)) + &" ".repeat(200 * (items.len() % 2))
    })
}

fn map() -> impl Strategy<Value = Map<String, Value>> {
    let key = prop_oneof![".{0,8}", (0..12_u8).prop_map(|n| format!("llm.input_messages.{n}.message.content"))];
    prop::collection::vec((key, value()), 0..8).prop_map(|members| members.into_iter().collect())
}

fn span_ref() -> impl Strategy<Value = SpanRef> {
    let span = prop_oneof!["[0-9a-f]{16}", "[0-2]", ".{0,20}"];
    ("[ab]{1}", span).prop_map(|(trace, span_id)| SpanRef { trace_id: trace.repeat(32), span_id })
}

fn time() -> impl Strategy<Value = Option<Timestamp>> {
    prop_oneof![Just(None), any::<i64>().prop_map(|at| Some(Timestamp(at)))]
}

fn text() -> impl Strategy<Value = Untrusted> {
    prop_oneof![".{0,30}", history()].prop_map(Untrusted::from)
}

fn span() -> impl Strategy<Value = Span> {
    let events = prop::collection::vec(
        (time(), text(), map()).prop_map(|(at, name, attributes)| SpanEvent { at, name, attributes }),
        0..3,
    );
    let links = prop::collection::vec(
        (span_ref(), map()).prop_map(|(target, attributes)| SpanLink { target, attributes }),
        0..2,
    );
    (
        (span_ref(), prop::option::of("[0-9a-f]{16}|[0-2]|x"), text(), 0..9_usize, prop::option::of(text())),
        (time(), time(), 0..3_u8, prop::option::of(text()), map()),
        (events, links, prop::collection::vec(any::<u32>(), 0..3), 0..4_usize),
    )
        .prop_map(|((id, parent_span_id, name, kind, agent), (start, end, status, error, attributes), rest)| {
            let (events, links, offered_tools, odd) = rest;
            Span {
                id,
                parent_span_id,
                name,
                kind: SpanKind::ALL[kind],
                agent,
                start,
                end,
                status: [SpanStatus::Unset, SpanStatus::Ok, SpanStatus::Error][status as usize],
                error,
                failure_signs: [FailureSign::Result, FailureSign::Status][..odd % 3].to_vec(),
                offered_tools,
                attributes,
                events,
                links,
                oddities: [SpanOddity::Orphan, SpanOddity::ImpossibleTime][..odd / 2].to_vec(),
            }
        })
}

fn step() -> impl Strategy<Value = Step> {
    let content = prop_oneof![
        (0..3_usize, text(), prop::option::of(text())).prop_map(|(role, text, reasoning)| StepContent::Message {
            role: [Role::User, Role::Assistant, Role::Tool][role],
            text,
            reasoning
        }),
        (text(), text(), prop::option::of(text()), prop::option::of((text(), any::<bool>()))).prop_map(
            |(tool, arguments, call_id, result)| StepContent::ToolCall {
                tool,
                arguments: Arguments(arguments),
                call_id,
                result: result.map(|(text, failed)| ToolResult { text, failed })
            }
        ),
    ];
    let speech = (prop::option::of(any::<f64>()), prop::option::of(any::<bool>())).prop_map(|(a, b)| Speech {
        asr_confidence: a.filter(|a| !a.is_nan()),
        interrupted: b,
        first_audio_ms: None,
    });
    (
        (any::<u32>(), any::<u32>(), content, prop::option::of(text()), any::<u8>()),
        (time(), prop::option::of(span_ref()), prop::option::of(span_ref()), prop::option::of(speech)),
    )
        .prop_map(|((number, message, content, agent, depth), (at, span, decision, speech))| Step {
            number,
            message,
            content,
            agent,
            depth,
            at,
            span,
            decision,
            speech,
        })
}

fn score() -> impl Strategy<Value = Score> {
    let target = prop_oneof![
        Just(ScoreTarget::Conversation),
        Just(ScoreTarget::Trace { trace_id: "ab".repeat(16) }),
        span_ref().prop_map(ScoreTarget::Span),
    ];
    (target, text(), prop::option::of(text()), prop::option::of(-9.0..9.0), prop::option::of(any::<bool>()), span_ref())
        .prop_map(|(target, evaluator, explanation, value, passed, evidence)| Score {
            target,
            evaluator,
            version: explanation.clone(),
            source: "test".into(),
            value,
            label: None,
            passed,
            confidence: value,
            explanation,
            evidence: vec![evidence],
        })
}

pub fn any_conversation() -> impl Strategy<Value = Conversation> {
    (
        prop::collection::vec(span(), 0..6),
        prop::collection::vec(step(), 0..5),
        prop::collection::vec(score(), 0..4),
        prop::option::of(prop::collection::vec(text(), 0..3)),
        (map(), map(), map(), text(), text(), prop::option::of(text())),
    )
        .prop_map(
            |(spans, steps, scores, expected, (attributes, resource, outcomes, source, external_id, intent))| {
                Conversation {
                    id: ConversationId::derive(source.exact(), external_id.exact()),
                    source,
                    external_id: external_id.clone(),
                    segments: Segments { intent, ..Segments::default() },
                    system: vec![external_id.clone(), external_id.clone()],
                    steps,
                    spans,
                    tools: vec![ToolSpec {
                        name: external_id.clone(),
                        description: Untrusted::default(),
                        parameters: Some(external_id),
                        effect: Effect::Irreversible,
                        effect_guessed: true,
                    }],
                    scores,
                    expected: expected.map(|tools| {
                        tools
                            .into_iter()
                            .map(|tool| ExpectedCall { arguments: Arguments(tool.clone()), tool })
                            .collect()
                    }),
                    outcomes: outcomes.into_iter().collect(),
                    attributes,
                    resource,
                }
            },
        )
}

/// Key order, which comparing maps does not see.
fn spelled(conversation: &Conversation) -> String {
    serde_json::to_string(conversation).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn decoding_gives_back_what_was_encoded(conversation in any_conversation()) {
        let bytes = encode(&conversation);
        let back = decode(&bytes).unwrap();
        prop_assert_eq!(spelled(&back), spelled(&conversation));
        prop_assert_eq!(&back, &conversation);
        prop_assert_eq!(encode(&back), bytes);
    }

    #[test]
    fn damaged_payloads_never_panic(conversation in any_conversation(), at in any::<prop::sample::Index>(), with: u8) {
        let mut bytes = encode(&conversation);
        let place = at.index(bytes.len());
        let _ = decode(&bytes[..place]);
        bytes[place] = with;
        let _ = decode(&bytes);
    }

    #[test]
    fn pieces_join_to_the_text(text in history()) {
        prop_assert_eq!(pieces::cut(&text, None).1.concat(), text);
    }
}

/// A conversation of `turns` turns in which each LLM span repeats the whole history in three ways.
pub fn repeating(turns: usize) -> Conversation {
    let id = ConversationId::derive("test", "repeating");
    let said = |n: usize| format!("message {n} with words that differ: {}", blake3::hash(&n.to_le_bytes()).to_hex());
    let spans = (0..turns)
        .map(|turn| {
            let history: Vec<Value> =
                (0..=turn).map(|n| json!({"role": "user", "parts": [{"type": "text", "content": said(n)}]})).collect();
            let mut attributes = Map::new();
            attributes.insert("input.value".into(), json!(json!({"messages": [history]}).to_string()));
            for n in 0..=turn {
                attributes.insert(format!("llm.input_messages.{n}.message.role"), json!("user"));
                attributes.insert(format!("llm.input_messages.{n}.message.content"), json!(said(n)));
            }
            attributes.insert("gen_ai.input.messages".into(), json!(Value::Array(history).to_string()));
            Span {
                id: SpanRef::synthesise(&id, "llm", turn),
                parent_span_id: None,
                name: "chat".into(),
                kind: SpanKind::Llm,
                agent: None,
                start: Some(Timestamp(turn as i64 * 1_000_000)),
                end: None,
                status: SpanStatus::Unset,
                error: None,
                failure_signs: vec![],
                offered_tools: vec![],
                attributes,
                events: vec![],
                links: vec![],
                oddities: vec![],
            }
        })
        .collect();
    Conversation {
        id,
        source: "test".into(),
        external_id: "repeating".into(),
        segments: Segments::default(),
        system: vec![],
        steps: vec![],
        spans,
        tools: vec![],
        scores: vec![],
        expected: None,
        outcomes: std::collections::BTreeMap::new(),
        attributes: Map::new(),
        resource: Map::new(),
    }
}

#[test]
fn a_quadratic_history_stays_linear() {
    let sizes: Vec<usize> = [20, 40, 80].map(|turns| encode(&repeating(turns)).len()).to_vec();
    assert!(sizes[1] < sizes[0] * 22 / 10 && sizes[2] < sizes[1] * 22 / 10, "{sizes:?}");
    assert!(sizes[2] < 80 * 500, "{sizes:?}");
    let conversation = repeating(80);
    assert_eq!(decode(&encode(&conversation)).unwrap(), conversation);
}

#[test]
fn dictionaries_shrink_payloads_and_checksums_find_damage() {
    let payloads: Vec<Vec<u8>> = (0..200)
        .map(|n| {
            let mut conversation = repeating(3);
            conversation.external_id = format!("conversation {n}").into();
            conversation.attributes.insert("number".into(), json!(blake3::hash(&[n as u8]).to_hex().to_string()));
            encode(&conversation)
        })
        .collect();
    let samples: Vec<&[u8]> = payloads.iter().map(Vec::as_slice).collect();
    let dictionary = train(&samples[..150]).unwrap();
    let plain = Compressor::new(None).unwrap().compress(&payloads[199]).unwrap();
    let mut small = Compressor::new(Some(&dictionary)).unwrap().compress(&payloads[199]).unwrap();
    assert!(small.len() * 2 < plain.len(), "{} of {}", small.len(), plain.len());
    let mut decompressor = Decompressor::new(Some(&dictionary)).unwrap();
    assert_eq!(decompressor.decompress(&small, payloads[199].len()).as_ref(), Ok(&payloads[199]));
    let last = small.len() - 10;
    small[last] ^= 1;
    assert_eq!(decompressor.decompress(&small, payloads[199].len()), Err(Unreadable));
    assert_eq!(train(&samples[..1]), None);
}
