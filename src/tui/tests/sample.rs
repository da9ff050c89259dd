//! Invented conversations for the stories and frames.
//!
//! Invariant: the same ones every time.

use std::collections::BTreeMap;

use serde_json::{Map, json};

use crate::engine::request::Opened;
use crate::model::conversation::Conversation;
use crate::model::id::{ConversationId, SpanRef};
use crate::model::queue::Suspect;
use crate::model::score::{Score, ScoreTarget};
use crate::model::step::{Role, Step, StepContent, ToolResult};
use crate::model::summary::{Segments, Summary};
use crate::model::time::Timestamp;
use crate::model::tool::{Arguments, Effect, ToolSpec};
use crate::model::trace::{FailureSign, Span, SpanKind, SpanStatus};

/// 2026-11-20T09:12:04Z.
const START: i64 = 1_795_165_924_000_000;

/// Builds a conversation step by step.
#[derive(Clone)]
pub struct Story {
    conversation: Conversation,
    at: i64,
}

impl Story {
    pub fn new(name: &str, intent: &str, language: &str) -> Self {
        let conversation = Conversation {
            id: ConversationId::derive("larkfield", name),
            source: "larkfield".into(),
            external_id: name.into(),
            segments: Segments {
                intent: Some(intent.into()),
                language: Some(language.into()),
                agent_version: Some("v41".into()),
                ..Segments::default()
            },
            system: vec!["You are the assistant of Larkfield. Damaged goods under 30 days: start_refund.".into()],
            steps: Vec::new(),
            spans: Vec::new(),
            tools: tools(),
            scores: Vec::new(),
            expected: None,
            outcomes: BTreeMap::from([("csat".to_owned(), json!(2))]),
            attributes: Map::new(),
            resource: Map::new(),
        };
        let mut story = Self { conversation, at: START };
        story.span(SpanKind::Agent, "agent.turn", None, 48_100_000);
        story
    }

    fn span(&mut self, kind: SpanKind, name: &str, parent: Option<usize>, micros: i64) -> SpanRef {
        let id = SpanRef::synthesise(&self.conversation.id, "span", self.conversation.spans.len());
        let parent_span_id = parent.map(|at| self.conversation.spans[at].id.span_id.clone());
        let attributes = match json!({"gen_ai.operation.name": kind.word(), "gen_ai.usage.input_tokens": 812, "note": "reply to mia@example.org"})
        {
            serde_json::Value::Object(map) => map,
            _ => Map::new(),
        };
        self.conversation.spans.push(Span {
            id: id.clone(),
            parent_span_id,
            name: name.into(),
            kind,
            agent: None,
            start: Some(Timestamp(self.at)),
            end: Some(Timestamp(self.at + micros)),
            status: SpanStatus::Unset,
            error: None,
            failure_signs: Vec::new(),
            offered_tools: Vec::new(),
            attributes,
            events: Vec::new(),
            links: Vec::new(),
            oddities: Vec::new(),
        });
        id
    }

    fn step(&mut self, content: StepContent, span: Option<SpanRef>, decision: Option<SpanRef>) {
        let number = self.conversation.steps.len() as u32 + 1;
        self.conversation.steps.push(Step {
            number,
            message: number,
            content,
            agent: None,
            depth: 0,
            at: Some(Timestamp(self.at)),
            span,
            decision,
            speech: None,
        });
        self.at += 17_000_000;
    }

    pub fn user(mut self, text: &str) -> Self {
        self.step(StepContent::Message { role: Role::User, text: text.into(), reasoning: None }, None, None);
        self
    }

    pub fn agent(mut self, text: &str) -> Self {
        let span = self.span(SpanKind::Llm, "llm answer", Some(0), 8_700_000);
        let reasoning = Some("The policy says refund within 30 days.".into());
        let content = StepContent::Message { role: Role::Assistant, text: text.into(), reasoning };
        self.step(content, Some(span.clone()), Some(span));
        self
    }

    pub fn call(mut self, tool: &str, arguments: &str, result: &str) -> Self {
        let decision = self.span(SpanKind::Llm, "llm plan", Some(0), 3_100_000);
        let span = self.span(SpanKind::Tool, tool, Some(0), 400_000);
        let failed = result.contains("error");
        if failed && let Some(last) = self.conversation.spans.last_mut() {
            last.failure_signs.push(FailureSign::Result);
            last.error = Some("HTTP 500 from the refund service".into());
        }
        let content = StepContent::ToolCall {
            tool: tool.into(),
            arguments: Arguments(arguments.into()),
            call_id: None,
            result: Some(ToolResult { text: result.into(), failed }),
        };
        self.step(content, Some(span), Some(decision));
        self
    }

    /// A score on the last step's span.
    pub fn score(mut self, evaluator: &str, value: f64, passed: Option<bool>, why: &str) -> Self {
        let span = self.conversation.steps.last().and_then(|step| step.span.clone()).unwrap();
        self.conversation.scores.push(Score {
            target: ScoreTarget::Span(span),
            evaluator: evaluator.into(),
            version: Some("3".into()),
            source: "otel-genai".into(),
            value: Some(value),
            label: None,
            passed,
            confidence: None,
            explanation: (!why.is_empty()).then(|| why.into()),
            evidence: Vec::new(),
        });
        self
    }

    pub fn done(self) -> Conversation {
        self.conversation
    }
}

fn tools() -> Vec<ToolSpec> {
    let spec = |name: &str, about: &str, parameters: &str| ToolSpec {
        name: name.into(),
        description: about.into(),
        parameters: Some(parameters.into()),
        effect: Effect::guess(name),
        effect_guessed: true,
    };
    vec![
        spec(
            "lookup_order",
            "Finds an order.",
            r#"{"type":"object","properties":{"order_id":{"type":"string"}},"required":["order_id"]}"#,
        ),
        spec(
            "create_ticket",
            "Hands the matter to a colleague by ticket.",
            r#"{"type":"object","properties":{"topic":{"type":"string"}},"required":["topic"]}"#,
        ),
        spec(
            "start_refund",
            "Refunds an order, in whole or in part.",
            r#"{"type":"object","properties":{
                "order_id":{"type":"string","description":"As on the receipt."},
                "amount":{"type":"number"},
                "reason":{"enum":["late","damaged","other"]},
                "note":{"type":"string"}},
                "required":["order_id","amount","reason"]}"#,
        ),
        spec("refund_status", "Tells how far a refund is.", r#"{"type":"object","properties":{}}"#),
    ]
}

/// The refund that became a ticket.
pub fn refund() -> Conversation {
    Story::new("refund-1", "refunds", "de")
        .user("Ich möchte mein Geld zurück, Bestellung LF-2041.")
        .call(
            "lookup_order",
            r#"{"order_id": "LF-2041"}"#,
            r#"{"status":"delivered","total":89.90,"order_id":"LF-2041"}"#,
        )
        .score("arguments", 0.95, Some(true), "")
        .agent("Das Paket wurde am 14.11. zugestellt. Warum möchten Sie es zurückgeben?")
        .user("Es ist kaputt. \u{1b}[2J Das Display hat einen Riss. mia@example.org ist meine Adresse.")
        .call("create_ticket", r#"{"topic": "damage"}"#, r#"{"ticket":8812,"queue":"L2"}"#)
        .score("tool-choice", 0.0, Some(false), "should refund directly; a ticket delays")
        .score("cost", 0.4, None, "")
        .agent("Ich habe ein Ticket erstellt. Ein Kollege meldet sich in 3-5 Tagen.")
        .score("helpfulness", 0.21, None, "The customer has to wait although the policy allows a refund now.")
        .user("Ich will kein Ticket, ich will das Geld.")
        .call("start_refund", r#"{"order_id": "LF-2041"}"#, r#"{"error":"amount missing"}"#)
        .agent("Ihr Ticket 8812 ist in Bearbeitung.")
        .done()
}

/// All of them: the refund first.
pub fn conversations() -> Vec<Conversation> {
    vec![
        refund(),
        Story::new("parcel-2", "shipping", "en")
            .user("Where is my parcel? You said Tuesday, it is Friday.")
            .call("lookup_order", r#"{"order_id": "LF-1009"}"#, r#"{"status":"in transit"}"#)
            .agent("It is on its way and should arrive tomorrow.")
            .score("helpfulness", 0.48, None, "")
            .done(),
        Story::new("twice-3", "billing", "en")
            .user("I was charged twice \u{202e}for one order.")
            .agent("I am sorry. I see both charges.")
            .score("tool-choice", 0.33, None, "")
            .done(),
        Story::new("cancel-4", "refunds", "fr")
            .user("Je veux annuler ma commande LF-3000.")
            .agent("C'est fait.")
            .score("helpfulness", 0.9, Some(true), "")
            .done(),
    ]
}

/// What opening one gives.
pub fn opened(conversation: Conversation) -> Opened {
    let worst = conversation
        .scores
        .iter()
        .filter_map(|score| Some((score.evaluator.clone(), score.value?)))
        .collect::<Vec<_>>();
    let mut ranked = worst.clone();
    ranked.sort_by(|a, b| a.1.total_cmp(&b.1));
    let suspects = conversation
        .steps
        .iter()
        .filter(|step| {
            conversation.scores.iter().any(|score| {
                score.passed == Some(false)
                    && matches!(&score.target, ScoreTarget::Span(span) if step.span.as_ref() == Some(span))
            })
        })
        .map(|step| Suspect { at: step.pointer(), why: Some("scored low".into()) })
        .collect::<Vec<_>>();
    let (started_at, ended_at) = conversation.period();
    let summary = Summary {
        id: conversation.id.clone(),
        source: conversation.source.clone(),
        external_id: conversation.external_id.clone(),
        transcript_hash: conversation.transcript_hash(),
        started_at,
        ended_at,
        segments: conversation.segments.clone(),
        counts: conversation.counts(),
        scores: worst.iter().map(|(name, value)| (name.exact().to_owned(), Some(*value))).collect(),
        worst: ranked,
        p_fail: None,
        reasons: if suspects.is_empty() { Vec::new() } else { vec!["low score".to_owned()] },
        suspects: Vec::new(),
        verdict: None,
        modes: Vec::new(),
        owners: Vec::new(),
        label_state: crate::model::label::LabelState::None,
        reviewers: Vec::new(),
        skipped: false,
        own_verdict: None,
        place: None,
        outcomes: conversation.outcomes.clone(),
        attributes: Map::new(),
        first_message: conversation.first_message(),
    };
    let ranks = conversation.scores.iter().map(|score| score.value).collect();
    Opened { summary, conversation, own: None, others: Vec::new(), ranks, suspects, remarks: BTreeMap::new() }
}
