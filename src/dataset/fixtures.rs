//! Conversations and labels for the tests of this module.
//!
//! Invariant: invented people and orders only.

use crate::model::codebook::Codebook;
use crate::model::conversation::Conversation;
use crate::model::correction::{Correction, CorrectionKind};
use crate::model::id::{ConversationId, SpanRef, TranscriptHash};
use crate::model::label::{Label, PlacedCorrection, Verdict};
use crate::model::step::{Role, Step, StepContent, ToolResult};
use crate::model::summary::Segments;
use crate::model::time::Timestamp;
use crate::model::tool::{Arguments, Effect, ToolSpec};

use super::item::{Item, Masking, Provenance};

/// A conversation with what an [`Item`] borrows.
#[derive(Debug)]
pub struct Story {
    pub conversation: Conversation,
    pub hash: TranscriptHash,
    pub codebook: Codebook,
    pub masking: Masking,
}

fn step(steps: &mut Vec<Step>, message: u32, content: StepContent) {
    let number = steps.len() as u32 + 1;
    let id = ConversationId::derive("shop", "1");
    steps.push(Step {
        number,
        message,
        content,
        agent: None,
        depth: 0,
        at: None,
        span: Some(SpanRef::synthesise(&id, "span", number as usize)),
        decision: Some(SpanRef::synthesise(&id, "llm", message as usize)),
        speech: None,
    });
}

pub fn say(steps: &mut Vec<Step>, role: Role, text: &str) {
    let message = steps.last().map_or(1, |step| step.message + 1);
    step(steps, message, StepContent::Message { role, text: text.into(), reasoning: None });
}

/// A call; `parallel` joins the message before it.
pub fn call(steps: &mut Vec<Step>, parallel: bool, tool: &str, arguments: &str, result: Option<&str>) {
    let last = steps.last().map_or(0, |step| step.message);
    let result = result.map(|text| ToolResult { text: text.into(), failed: false });
    let content = StepContent::ToolCall {
        tool: tool.into(),
        arguments: Arguments(arguments.into()),
        call_id: (!parallel).then(|| "call_1".into()),
        result,
    };
    step(steps, if parallel { last } else { last + 1 }, content);
}

pub fn tool(name: &str) -> ToolSpec {
    ToolSpec {
        name: name.into(),
        description: "".into(),
        parameters: Some("{ \"type\": \"object\",\n \"properties\": {\"order_id\": {\"type\": \"string\"}, \"notify\": {\"type\": \"boolean\", \"default\": true}}, \"required\": [\"order_id\"] }".into()),
        effect: Effect::guess(name),
        effect_guessed: true,
    }
}

impl Story {
    pub fn of(steps: Vec<Step>) -> Self {
        let conversation = Conversation {
            id: ConversationId::derive("shop", "1"),
            source: "shop".into(),
            external_id: "1".into(),
            segments: Segments::default(),
            system: vec!["You are Wren.".into()],
            steps,
            spans: Vec::new(),
            tools: vec![tool("get_order"), tool("cancel_order"), tool("cancel_membership")],
            scores: Vec::new(),
            expected: None,
            outcomes: std::collections::BTreeMap::new(),
            attributes: serde_json::Map::new(),
            resource: serde_json::Map::new(),
        };
        Self {
            hash: conversation.transcript_hash(),
            conversation,
            codebook: Codebook::default(),
            masking: Masking { policy: "pseudonyms".into(), version: 1 },
        }
    }

    /// 1 user, 2 says + 3 and 4 call in parallel, 5 calls the wrong tool, 6 says so, 7 user, 8 says goodbye.
    pub fn refund() -> Self {
        let mut steps = Vec::new();
        say(&mut steps, Role::User, "Cancel order LF-1 please");
        say(&mut steps, Role::Assistant, "Let me look.");
        call(&mut steps, true, "get_order", r#"{"order_id": "LF-1"}"#, Some("{\"status\":\"paid\"}"));
        call(&mut steps, true, "get_order", r#"{"order_id": "LF-2"}"#, Some("{\"status\":\"sent\"}"));
        call(
            &mut steps,
            false,
            "cancel_membership",
            r#"{"order_id":"LF-1","n":123456789012345678901}"#,
            Some("LEAK-5"),
        );
        say(&mut steps, Role::Assistant, "LEAK-6 Your membership is gone.");
        say(&mut steps, Role::User, "LEAK-7 What?");
        say(&mut steps, Role::Assistant, "LEAK-8 Bye.");
        Self::of(steps)
    }

    pub fn item<'a>(&'a self, labels: &'a [Label]) -> Item<'a> {
        Item {
            conversation: &self.conversation,
            transcript_hash: &self.hash,
            labels,
            verdict: labels[0].verdict.unwrap(),
            codebook: &self.codebook,
            group_key: "g1",
            masking: &self.masking,
            provenance: Provenance { agreement: "single", ..Provenance::default() },
        }
    }
}

pub fn label(story: &Story, reviewer: &str, verdict: Option<Verdict>) -> Label {
    Label {
        conversation: story.conversation.id.clone(),
        reviewer: reviewer.to_owned(),
        verdict,
        transcript_hash: story.hash.clone(),
        first_failure: None,
        severity: None,
        owner: None,
        modes: Vec::new(),
        corrections: Vec::new(),
        notes: Vec::new(),
        criteria: Vec::new(),
        skipped: false,
        settled: None,
        at: Timestamp(1_000_000),
        slot: None,
        room: Vec::new(),
        events: vec![format!("E-{reviewer}")],
    }
}

pub fn pass(story: &Story, reviewer: &str) -> Label {
    label(story, reviewer, Some(Verdict::Pass))
}

pub fn fail(story: &Story, reviewer: &str, at: Option<u32>) -> Label {
    let first = at.map(|number| story.conversation.steps[number as usize - 1].pointer());
    Label { first_failure: first, ..label(story, reviewer, Some(Verdict::Fail)) }
}

pub fn correction(kind: CorrectionKind) -> Correction {
    Correction {
        kind,
        tool: None,
        arguments: None,
        alternatives: Vec::new(),
        text: None,
        reason: None,
        schema_ok: None,
        remainder_valid: false,
    }
}

/// The right call.
pub fn right_call() -> Correction {
    Correction {
        tool: Some("cancel_order".into()),
        arguments: Some(Arguments(r#"{"order_id": "LF-1", "notify": true}"#.into())),
        schema_ok: Some(true),
        ..correction(CorrectionKind::Tool)
    }
}

pub fn words(kind: CorrectionKind, text: &str) -> Correction {
    Correction { text: Some(text.into()), ..correction(kind) }
}

pub fn corrected(story: &Story, mut label: Label, number: u32, correction: Correction) -> Label {
    let at = story.conversation.steps[number as usize - 1].pointer();
    label.corrections.push(PlacedCorrection { at, correction, event: format!("C-{}-{number}", label.reviewer) });
    label.corrections.sort_by_key(|placed| placed.at.step);
    label
}

/// Reads every line back and checks it.
pub fn check_all(exporter: &dyn super::Exporter, lines: &[String]) {
    for (i, line) in lines.iter().enumerate() {
        assert_eq!(super::validate::check_line(exporter, i as u64 + 1, line), Ok(()), "{line}");
    }
}
