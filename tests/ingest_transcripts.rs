//! Situations that no fixture shows, as small traces: what the transcript and the scores must be.
//!
//! Invariant: every trace goes through the reader and the assembly as a file would.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should stop")]

use std::ops::ControlFlow;

use aftercall::ingest::{Input, Item, Pieces, ReadOptions, Record, ToolList, assemble, read, session};
use aftercall::model::conversation::Conversation;
use aftercall::model::score::ScoreTarget;
use aftercall::model::step::StepContent;
use aftercall::model::trace::{FailureSign, SpanKind};
use serde_json::{Value, json};

/// A span of trace `trace` from `start` to `end` (seconds), with attributes.
fn span(path: (u8, &str, &str), time: (u64, u64), name: &str, attributes: &Value) -> Value {
    let (trace, id, parent) = path;
    let hex = |id: &str| if id.is_empty() { String::new() } else { format!("{id:0>16}") };
    let nanos = |seconds: u64| (1_793_610_000_000_000_000 + seconds * 1_000_000_000).to_string();
    let pairs = attributes.as_object().unwrap().iter().map(|(key, value)| json!({"key": key, "value": any(value)}));
    json!({"traceId": format!("{trace:032x}").replace('0', "a"), "spanId": hex(id), "parentSpanId": hex(parent), "name": name,
        "startTimeUnixNano": nanos(time.0), "endTimeUnixNano": nanos(time.1), "attributes": pairs.collect::<Vec<_>>()})
}

fn any(value: &Value) -> Value {
    match value {
        Value::String(text) => json!({"stringValue": text}),
        Value::Bool(flag) => json!({"boolValue": flag}),
        Value::Number(number) => json!({"doubleValue": number}),
        other => json!({"stringValue": other.to_string()}),
    }
}

fn conversation(spans: &[Value]) -> Conversation {
    let request =
        json!({"resourceSpans": [{"resource": {"attributes": []}, "scopeSpans": [{"spans": spans}]}]}).to_string();
    let input = Input { name: "t".into(), stem: "t".into(), reader: Box::new(request.as_bytes()) };
    let mut spans = Vec::new();
    read(input, &ReadOptions::default(), &mut |item| {
        match item {
            Item::Record(Record::Span(record)) => spans.push(record.span),
            other => panic!("{other:?}"),
        }
        ControlFlow::Continue(())
    });
    let external_id = session::assign(&spans.iter().collect::<Vec<_>>()).remove(0);
    assemble(Pieces { source: "s".into(), external_id, spans, ..Pieces::default() }, &ToolList::default())
}

/// The steps in short: `>` for depth, then the role with the text, or the call with its result.
fn told(conversation: &Conversation) -> Vec<String> {
    let short = |step: &aftercall::model::step::Step| {
        let depth = ">".repeat(step.depth.into());
        match &step.content {
            StepContent::Message { role, text, .. } => format!("{depth}{}: {}", role.word(), text.exact()),
            StepContent::ToolCall { tool, arguments, result, .. } => {
                let result = result.as_ref().map_or("-", |result| result.text.exact());
                format!("{depth}{}({}) = {result}", tool.exact(), arguments.0.exact())
            }
        }
    };
    conversation.steps.iter().map(short).collect()
}

fn say(role: &str, text: &str) -> Value {
    json!({"role": role, "parts": [{"type": "text", "content": text}]})
}

fn llm(input: &[Value], output: &[Value]) -> Value {
    let output = if output.is_empty() { Value::Null } else { output.into() };
    json!({"gen_ai.operation.name": "chat", "gen_ai.input.messages": input, "gen_ai.output.messages": output.to_string()})
}

fn agent(name: &str) -> Value {
    json!({"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": name})
}

fn tool(name: &str, arguments: &str, result: &str) -> Value {
    json!({"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": name, "gen_ai.tool.call.arguments": arguments,
        "gen_ai.tool.call.result": result})
}

fn call(id: &str, name: &str, arguments: &str) -> Value {
    json!({"role": "assistant", "parts": [{"type": "tool_call", "id": id, "name": name, "arguments": arguments}]})
}

fn result(id: &str, text: &str) -> Value {
    json!({"role": "tool", "parts": [{"type": "tool_call_response", "id": id, "response": text}]})
}

#[test]
fn streamed_answers_come_from_the_next_history_and_from_the_agent() {
    let mut top = agent("a");
    top["output.value"] = "Done.".into();
    let first = [say("user", "Cancel it")];
    let second = [say("user", "Cancel it"), call("c", "cancel", "{}"), result("c", "ok")];
    let all = conversation(&[
        span((1, "1", ""), (0, 9), "turn", &top),
        span((1, "2", "1"), (1, 2), "chat", &llm(&first, &[])),
        span((1, "3", "1"), (3, 4), "run", &tool("cancel", "{}", "ok")),
        span((1, "4", "1"), (5, 6), "chat", &llm(&second, &[])),
    ]);
    assert_eq!(told(&all), ["user: Cancel it", "cancel({}) = ok", "assistant: Done."]);
    let decisions: Vec<_> = all.steps.iter().map(|step| step.decision.as_ref().map(|id| id.span_id.clone())).collect();
    assert_eq!(decisions, [None, Some(format!("{:0>16}", 2)), Some(format!("{:0>16}", 4))]);
}

#[test]
fn without_content_the_agent_and_tool_spans_tell_the_story() {
    let mut top = agent("a");
    top["input.value"] = "Where is it?".into();
    top["output.value"] = "On its way.".into();
    let bare = json!({"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"});
    let all = conversation(&[
        span((1, "1", ""), (0, 9), "turn", &top),
        span((1, "2", "1"), (1, 2), "chat", &bare),
        span((1, "3", "1"), (3, 4), "run", &tool("track", r#"{"id":1}"#, "shipped")),
        span((1, "4", "1"), (5, 6), "chat", &bare),
    ]);
    assert_eq!(told(&all), ["user: Where is it?", r#"track({"id":1}) = shipped"#, "assistant: On its way."]);
    assert_eq!(all.steps[1].decision.as_ref().map(|id| id.span_id.as_str()), Some("0000000000000002"));
    let silent = conversation(&[
        span((1, "2", ""), (1, 2), "chat", &bare),
        span((1, "3", ""), (3, 4), "x", &tool("track", "{}", "y")),
    ]);
    assert_eq!(told(&silent), ["track({}) = y"]);
}

#[test]
fn cut_off_summarised_and_forgotten_histories_add_only_what_is_new() {
    let all = conversation(
        &[
            span((1, "1", ""), (0, 1), "c", &llm(&[say("user", "one")], &[say("assistant", "two")])),
            span(
                (2, "2", ""),
                (2, 3),
                "c",
                &llm(&[say("assistant", "two"), say("user", "three")], &[say("assistant", "four")]),
            ),
            span(
                (3, "3", ""),
                (4, 5),
                "c",
                &llm(
                    &[say("user", "Summary of what was said"), say("assistant", "four"), say("user", "five")],
                    &[say("assistant", "six")],
                ),
            ),
            span((4, "4", ""), (6, 7), "c", &llm(&[say("user", "five")], &[say("assistant", "again six")])),
        ]
        .map(|mut span| {
            span["attributes"]
                .as_array_mut()
                .unwrap()
                .push(json!({"key": "session.id", "value": {"stringValue": "s"}}));
            span
        }),
    );
    assert_eq!(all.external_id.exact(), "s");
    let expected = [
        "user: one",
        "assistant: two",
        "user: three",
        "assistant: four",
        "user: five",
        "assistant: six",
        "user: five",
        "assistant: again six",
    ];
    assert_eq!(told(&all), expected);
}

#[test]
fn a_retry_of_the_same_question_does_not_repeat_it() {
    let question = [say("user", "hi")];
    let all = conversation(&[
        span((1, "1", ""), (0, 9), "turn", &agent("a")),
        span((1, "2", "1"), (1, 2), "c", &llm(&question, &[])),
        span((1, "3", "1"), (3, 4), "c", &llm(&question, &[say("assistant", "hello")])),
    ]);
    assert_eq!(told(&all), ["user: hi", "assistant: hello"]);
}

#[test]
fn a_subagent_works_below_the_turn_and_its_prompt_is_no_customer() {
    let ask = [say("user", "Why was I charged?")];
    let asked = [ask[0].clone(), call("c", "ask_billing", r#"{"q":"charges"}"#), result("c", "one charge")];
    let all = conversation(&[
        span((1, "1", ""), (0, 20), "turn", &agent("front")),
        span((1, "2", "1"), (1, 2), "c", &llm(&ask, &[call("c", "ask_billing", r#"{"q":"charges"}"#)])),
        span((1, "3", "1"), (3, 10), "t", &tool("ask_billing", r#"{"q":"charges"}"#, "one charge")),
        span((1, "4", "3"), (3, 10), "sub", &agent("billing")),
        span((1, "5", "4"), (4, 5), "c", &llm(&[say("user", "charges")], &[call("d", "ledger", "{}")])),
        span((1, "6", "4"), (6, 7), "t", &tool("ledger", "{}", "1x")),
        span(
            (1, "7", "4"),
            (8, 9),
            "c",
            &llm(
                &[say("user", "charges"), call("d", "ledger", "{}"), result("d", "1x")],
                &[say("assistant", "one charge")],
            ),
        ),
        span((1, "8", "1"), (11, 12), "c", &llm(&asked, &[say("assistant", "You were charged once.")])),
    ]);
    assert_eq!(
        told(&all),
        [
            "user: Why was I charged?",
            r#"ask_billing({"q":"charges"}) = one charge"#,
            ">ledger({}) = 1x",
            ">assistant: one charge",
            "assistant: You were charged once.",
        ]
    );
    assert_eq!(all.counts().turns, 1);
}

#[test]
fn a_router_that_saw_the_same_question_is_not_the_answer() {
    let ask = [say("user", "Refund me")];
    let all = conversation(&[
        span(
            (1, "1", ""),
            (0, 20),
            "turn",
            &json!({"gen_ai.operation.name": "invoke_workflow", "output.value": "Refunded."}),
        ),
        span((1, "2", "1"), (1, 3), "a", &agent("router")),
        span((1, "3", "2"), (1, 2), "c", &llm(&ask, &[say("assistant", "billing")])),
        span((1, "4", "1"), (4, 8), "a", &agent("billing")),
        span((1, "5", "4"), (5, 6), "c", &llm(&ask, &[say("assistant", "Refunded.")])),
    ]);
    assert_eq!(told(&all), ["user: Refund me", ">assistant: billing", "assistant: Refunded."]);
}

#[test]
fn a_call_recorded_by_two_packages_is_one() {
    let both = llm(&[say("user", "hi")], &[say("assistant", "hello")]);
    let all = conversation(&[span((1, "1", ""), (0, 9), "outer", &both), span((1, "2", "1"), (1, 8), "inner", &both)]);
    assert_eq!(told(&all), ["user: hi", "assistant: hello"]);
}

#[test]
fn parallel_calls_find_their_executions_by_arguments() {
    let calls = json!({"role": "assistant", "parts": [
        {"type": "tool_call", "id": "x", "name": "get", "arguments": {"id": 1}},
        {"type": "tool_call", "id": "y", "name": "get", "arguments": {"id": 2}}]});
    let all = conversation(&[
        span((1, "1", ""), (0, 9), "turn", &agent("a")),
        span((1, "2", "1"), (1, 2), "c", &llm(&[say("user", "both")], &[calls])),
        span((1, "3", "1"), (3, 4), "t", &tool("get", r#"{"id": 2}"#, "two")),
        span((1, "4", "1"), (3, 4), "t", &tool("get", r#"{"id": 1}"#, r#"{"error": "gone"}"#)),
    ]);
    assert_eq!(told(&all), ["user: both", r#"get({"id":1}) = {"error": "gone"}"#, r#"get({"id":2}) = two"#]);
    assert_eq!(all.steps[1].message, all.steps[2].message, "one message made both calls");
    assert_eq!(all.counts().failed_steps, 1);
    let failed: Vec<_> = all.spans.iter().filter(|span| span.failed()).collect();
    assert_eq!(failed[0].failure_signs, [FailureSign::Result]);
    assert_eq!(failed[0].error.as_ref().map(aftercall::text::Untrusted::exact), Some("gone"));
}

#[test]
fn scores_keep_their_targets() {
    let all = conversation(&[
        span(
            (1, "1", ""),
            (0, 9),
            "turn",
            &json!({"gen_ai.span.kind": "AGENT", "session.id": "s",
            "session.annotations.0.annotation.name": "csat", "session.annotations.0.annotation.score": 4.0,
            "annotations.1.annotation.name": "tone", "annotations.1.annotation.label": "rude"}),
        ),
        span(
            (1, "2", "1"),
            (1, 2),
            "eval.done",
            &json!({"gen_ai.span.kind": "EVALUATOR", "gen_ai.evaluation.name": "done",
            "gen_ai.evaluation.score.value": 0.25, "gen_ai.evaluation.score.label": "fail",
            "gen_ai.evaluation.explanation": "no", "gen_ai.evaluation.score.confidence": 0.5, "eval.evaluated_at": 1.0}),
        ),
        span(
            (1, "3", "1"),
            (3, 4),
            "chat",
            &json!({"gen_ai.operation.name": "chat", "eval.brief.score": 0.5,
            "eval.brief.passed": true, "eval.brief.latency_ms": 3.0}),
        ),
    ]);
    let scores: Vec<_> = all
        .scores
        .iter()
        .map(|score| (score.evaluator.exact(), score.value, score.passed, score.confidence, score.source.as_ref()))
        .collect();
    assert_eq!(
        scores,
        [
            ("tone", None, None, None, "openinference"),
            ("csat", Some(4.0), None, None, "openinference"),
            ("done", Some(0.25), Some(false), Some(0.5), "fi.evals"),
            ("brief", Some(0.5), Some(true), None, "fi.evals"),
        ]
    );
    let about = |at: usize| match &all.scores[at].target {
        ScoreTarget::Span(id) => id.span_id.trim_start_matches('0').to_owned(),
        ScoreTarget::Trace { .. } => "trace".to_owned(),
        ScoreTarget::Conversation => "conversation".to_owned(),
    };
    assert_eq!([about(0), about(1), about(2), about(3)], ["1", "conversation", "1", "3"]);
}

#[test]
fn segments_outcomes_and_speech_come_from_attributes() {
    let mut top = agent("care");
    let facts = json!({"aftercall.intent": "refund", "aftercall.channel": "voice", "aftercall.customer.tier": "gold",
        "aftercall.language": "en", "gen_ai.agent.version": "2.1", "aftercall.handled_by": "ai", "user.id": "u1",
        "aftercall.outcome.csat": 2.0, "aftercall.outcome.reopened": true, "metadata": "{\"shop\": \"north\"}",
        "gen_ai.voice.asr.confidence": 0.61, "gen_ai.voice.interrupted": true, "gen_ai.voice.latency.ttfb_ms": 740.0});
    top.as_object_mut().unwrap().extend(facts.as_object().unwrap().clone());
    let all = conversation(&[
        span((1, "1", ""), (0, 9), "turn", &top),
        span((1, "2", "1"), (1, 2), "c", &llm(&[say("user", "hi")], &[say("assistant", "hello")])),
    ]);
    let text = |value: &Option<aftercall::text::Untrusted>| value.as_ref().map(|text| text.exact().to_owned());
    let segments = &all.segments;
    let found = [
        &segments.intent,
        &segments.channel,
        &segments.tier,
        &segments.language,
        &segments.agent_version,
        &segments.handled_by,
    ];
    assert_eq!(found.map(text), ["refund", "voice", "gold", "en", "2.1", "ai"].map(|text| Some(text.to_owned())));
    assert_eq!(json!(all.outcomes), json!({"csat": 2.0, "reopened": true}));
    assert_eq!(json!(all.attributes), json!({"user.id": "u1", "shop": "north"}));
    let speech = all.steps[0].speech.clone().unwrap();
    assert_eq!((speech.asr_confidence, speech.interrupted), (Some(0.61), Some(true)));
    assert_eq!(all.steps[1].speech.as_ref().and_then(|speech| speech.first_audio_ms), Some(740.0));
}

#[test]
fn tools_keep_their_schema_text_and_tell_who_was_offered_what() {
    let definitions = r#"[{"type":"function","function":{"name":"get","description":"d","parameters":{"type": "object"}}},{"name":"wipe","x-effect":"irreversible"}]"#;
    let mut first = llm(&[say("user", "hi")], &[say("assistant", "hello")]);
    first["gen_ai.tool.definitions"] = definitions.into();
    let mut second = llm(&[say("user", "hi"), say("assistant", "hello"), say("user", "bye")], &[]);
    second["llm.tools.0.tool.json_schema"] = r#"{"name":"get","parameters":{"type": "object"}}"#.into();
    let all = conversation(&[span((1, "1", ""), (0, 1), "c", &first), span((1, "2", ""), (2, 3), "c", &second)]);
    let names: Vec<_> = all.tools.iter().map(|tool| (tool.name.exact(), tool.effect_guessed)).collect();
    assert_eq!(names, [("get", true), ("wipe", false)]);
    assert_eq!(all.tools[0].parameters.as_ref().map(aftercall::text::Untrusted::exact), Some(r#"{"type": "object"}"#));
    let offered: Vec<_> = all.spans.iter().map(|span| (span.kind, span.offered_tools.clone())).collect();
    assert_eq!(offered, [(SpanKind::Llm, vec![0, 1]), (SpanKind::Llm, vec![0])]);
}

#[test]
fn a_result_only_its_execution_knows_counts_once_the_turn_is_over() {
    let mut failing = tool("pay", "{}", "");
    failing["error.type"] = "Timeout".into();
    let asked = span((1, "2", "1"), (1, 2), "c", &llm(&[say("user", "pay")], &[call("c", "pay", "{}")]));
    let ran = span((1, "3", "1"), (3, 4), "t", &failing);
    let going_on = conversation(&[asked.clone(), ran.clone()]);
    assert_eq!(told(&going_on), ["user: pay", "pay({}) = -"]);
    let over = conversation(&[asked, ran, span((1, "1", "9"), (0, 5), "turn of another service's trace", &agent("a"))]);
    assert_eq!(told(&over), ["user: pay", "pay({}) = Timeout"]);
    assert_eq!(over.counts().failed_steps, 1);
}

#[test]
fn guardrails_and_helpers_without_a_name_stay_out_of_the_customers_thread() {
    let ask = [say("user", "My parcel?")];
    let more = [ask[0].clone(), say("assistant", "Shipped."), say("user", "When?")];
    let with_system = |text: &str, input: &[Value], output: &str| {
        let mut call = llm(input, &[say("assistant", output)]);
        call["gen_ai.system_instructions"] = json!([{"type": "text", "content": text}]);
        call["session.id"] = "s".into();
        call
    };
    let all = conversation(&[
        span((1, "1", ""), (0, 9), "guard", &json!({"gen_ai.span.kind": "GUARDRAIL"})),
        span((1, "2", "1"), (1, 2), "c", &with_system("Is it safe?", &ask, "safe")),
        span(
            (1, "3", ""),
            (3, 4),
            "c",
            &with_system("Rewrite the question", &[say("user", "Rewrite: My parcel?")], "parcel status"),
        ),
        span((1, "4", ""), (5, 6), "c", &with_system("You are Wren", &ask, "Shipped.")),
        span((2, "5", ""), (11, 12), "c", &with_system("You are Wren", &more, "Tomorrow.")),
    ]);
    assert_eq!(
        all.system.iter().map(aftercall::text::Untrusted::exact).collect::<Vec<_>>(),
        ["Is it safe?", "Rewrite the question", "You are Wren"]
    );
    let told = told(&all);
    assert_eq!(
        told.iter().filter(|step| !step.starts_with('>')).collect::<Vec<_>>(),
        ["user: My parcel?", "assistant: Shipped.", "user: When?", "assistant: Tomorrow."],
        "{told:?}"
    );
}

/// That exchange, flattened.
fn flat(prefix: &str, out: &str) -> serde_json::Map<String, Value> {
    let mut map = serde_json::Map::new();
    for (key, value) in [
        (format!("{prefix}.0.message.role"), "system"),
        (format!("{prefix}.0.message.content"), "Be kind"),
        (format!("{prefix}.1.message.role"), "user"),
        (format!("{prefix}.1.message.contents.0.message_content.type"), "text"),
        (format!("{prefix}.1.message.contents.0.message_content.text"), "Cancel A-1"),
        (format!("{out}.0.message.role"), "assistant"),
        (format!("{out}.0.message.content"), "On it."),
        (format!("{out}.0.message.tool_calls.0.tool_call.id"), "c1"),
        (format!("{out}.0.message.tool_calls.0.tool_call.function.name"), "cancel"),
        (format!("{out}.0.message.tool_calls.0.tool_call.function.arguments"), r#"{"order":"A-1"}"#),
    ] {
        map.insert(key, value.into());
    }
    map
}

/// One answer with a call, and the tool's span, in the attributes of each dialect (from their documentation; the fixtures
/// hold what real packages wrote).
#[test]
fn every_dialect_tells_the_same_exchange() {
    let openai = json!([{"role": "system", "content": "Be kind"}, {"role": "user", "content": "Cancel A-1"}]);
    let answer = json!({"role": "assistant", "content": "On it.", "tool_calls": [
        {"id": "c1", "type": "function", "function": {"name": "cancel", "arguments": "{\"order\":\"A-1\"}"}}]});
    let parts_in = json!([{"role": "user", "parts": [{"type": "text", "content": "Cancel A-1"}]}]);
    let parts_out = json!([{"role": "assistant", "parts": [{"type": "text", "content": "On it."},
        {"type": "tool_call", "id": "c1", "name": "cancel", "arguments": "{\"order\":\"A-1\"}"}]}]);
    let with = |mut map: serde_json::Map<String, Value>, key: &str, value: &str| {
        map.insert(key.to_owned(), value.into());
        Value::Object(map)
    };
    let input = r#"{"order":"A-1"}"#;
    let oi_tool =
        |kind: &str, name: &str| json!({kind: "TOOL", name: "cancel", "input.value": input, "output.value": "done"});
    let dialects = [
        (
            "traceAI",
            with(flat("gen_ai.input.messages", "gen_ai.output.messages"), "gen_ai.span.kind", "LLM"),
            oi_tool("gen_ai.span.kind", "gen_ai.tool.name"),
        ),
        (
            "traceAI before 2026",
            with(flat("llm.input_messages", "llm.output_messages"), "fi.span.kind", "LLM"),
            oi_tool("fi.span.kind", "tool.name"),
        ),
        (
            "OpenInference",
            with(flat("llm.input_messages", "llm.output_messages"), "openinference.span.kind", "LLM"),
            oi_tool("openinference.span.kind", "tool.name"),
        ),
        (
            "OTel GenAI",
            json!({"gen_ai.operation.name": "chat", "gen_ai.input.messages": parts_in.to_string(), "gen_ai.output.messages": parts_out.to_string(),
            "gen_ai.system_instructions": r#"[{"type":"text","content":"Be kind"}]"#}),
            tool("cancel", input, "done"),
        ),
        (
            "pydantic-ai",
            json!({"gen_ai.operation.name": "chat", "gen_ai.input.messages": parts_in.to_string(), "gen_ai.output.messages": parts_out.to_string(),
            "gen_ai.system_instructions": r#"[{"type":"text","content":"Be kind"}]"#}),
            json!({"gen_ai.tool.name": "cancel", "gen_ai.tool.call.id": "c1", "tool_arguments": input, "tool_response": "done"}),
        ),
        (
            "OpenLLMetry",
            json!({"gen_ai.request.model": "m", "gen_ai.prompt.0.role": "system", "gen_ai.prompt.0.content": "Be kind", "gen_ai.prompt.1.role": "user",
            "gen_ai.prompt.1.content": "Cancel A-1", "gen_ai.completion.0.role": "assistant", "gen_ai.completion.0.content": "On it.",
            "gen_ai.completion.0.tool_calls.0.id": "c1", "gen_ai.completion.0.tool_calls.0.name": "cancel", "gen_ai.completion.0.tool_calls.0.arguments": input}),
            json!({"traceloop.span.kind": "tool", "traceloop.entity.name": "cancel", "traceloop.entity.input": input, "traceloop.entity.output": "done"}),
        ),
        (
            "Langfuse",
            json!({"langfuse.observation.type": "generation", "langfuse.observation.input": openai.to_string(), "langfuse.observation.output": answer.to_string()}),
            json!({"langfuse.observation.type": "tool", "langfuse.observation.input": r#"{"args": [], "kwargs": {"order": "A-1"}}"#, "langfuse.observation.output": "done"}),
        ),
        (
            "MLflow",
            json!({"mlflow.spanType": "\"CHAT_MODEL\"", "mlflow.spanInputs": json!({"messages": openai}).to_string(),
            "mlflow.spanOutputs": json!({"choices": [{"message": answer}]}).to_string()}),
            json!({"mlflow.spanType": "\"TOOL\"", "mlflow.spanInputs": input, "mlflow.spanOutputs": "done"}),
        ),
    ];
    for (dialect, call, tool) in dialects {
        tells_it(dialect, &call, &tool);
    }
}

fn tells_it(dialect: &str, call: &Value, tool: &Value) {
    let all = conversation(&[
        span((1, "1", ""), (0, 9), "turn", &json!({})),
        span((1, "2", "1"), (1, 2), "chat", call),
        span((1, "3", "1"), (3, 4), "cancel", tool),
    ]);
    assert_eq!(told(&all), ["user: Cancel A-1", "assistant: On it.", r#"cancel({"order":"A-1"}) = done"#], "{dialect}");
    assert_eq!(all.system.len(), 1, "{dialect}");
    let kinds: Vec<_> = all.spans.iter().map(|span| span.kind).collect();
    assert_eq!(kinds, [SpanKind::Other, SpanKind::Llm, SpanKind::Tool], "{dialect}");
    assert_eq!(all.steps[2].span.as_ref().map(|id| id.span_id.as_str()), Some("0000000000000003"), "{dialect}");
}
