//! The door out of the workspace: whatever leaves it as data goes through here and is masked, unless a person said
//! otherwise and that was recorded.
//!
//! Invariant: the stored text stays exact; the same value leaves as the same pseudonym by every door.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::mask::{Class, Known, Masker, Policy};
use crate::model::conversation::Conversation;
use crate::model::correction::{AcceptableCall, Correction};
use crate::model::label::Label;
use crate::model::score::Score;
use crate::model::step::{Step, StepContent, ToolResult};
use crate::model::summary::{Segments, Summary};
use crate::model::tool::{Arguments, ExpectedCall, ToolSpec};
use crate::model::trace::Span;
use crate::text::Untrusted;

use super::workspace::Workspace;

/// The names in records of people: a `name` beside an e-mail address, a telephone number or a customer's id.
fn people(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            let personal = ["email", "phone", "customer_id", "user_id"].iter().any(|key| members.contains_key(*key));
            if let (true, Some(Value::String(name))) = (personal, members.get("name")) {
                names.push(name.clone());
            }
            members.values().for_each(|value| people(value, names));
        }
        Value::Array(items) => items.iter().for_each(|value| people(value, names)),
        _ => {}
    }
}

/// Masks what passes, or lets it pass as it is.
#[derive(Debug, Clone)]
pub struct Door(Option<Masker>);

impl Door {
    /// The door of a workspace, with its key.
    pub fn masked(workspace: &Workspace) -> Self {
        Self(Some(Masker::new(workspace.mask_key(), Known::default(), Policy::default())))
    }

    /// A door that masks nothing. Whoever opens it records that.
    pub fn open() -> Self {
        Self(None)
    }

    /// True where it masks.
    pub fn masks(&self) -> bool {
        self.0.is_some()
    }

    /// The door for one conversation, which also knows the people its metadata and its tools name.
    #[must_use]
    pub fn knowing(&self, conversation: &Conversation) -> Self {
        let Some(masker) = &self.0 else { return self.clone() };
        let (mut values, mut names) = (Vec::new(), Vec::new());
        for step in &conversation.steps {
            let StepContent::ToolCall { arguments, result, .. } = &step.content else { continue };
            let texts = [Some(&arguments.0), result.as_ref().map(|result| &result.text)];
            for text in texts.into_iter().flatten() {
                if let Ok(value) = serde_json::from_str::<Value>(text.exact()) {
                    people(&value, &mut names);
                    values.push(value);
                }
            }
        }
        // All at once: what is known is made into one automaton, which costs more than all of the looking.
        let told = values.iter().filter_map(Value::as_object).flatten();
        let known = Known::from_metadata(conversation.attributes.iter().chain(&conversation.resource).chain(told));
        if names.is_empty() {
            return Self(Some(masker.knowing(known)));
        }
        let names = Known::new(names.into_iter().map(|name| (Class::Name, name)));
        Self(Some(masker.knowing(known.and(names))))
    }

    /// Plain text.
    pub fn text(&self, text: &str) -> String {
        match &self.0 {
            Some(masker) => masker.mask(text).text,
            None => text.to_owned(),
        }
    }

    /// Text that may be JSON: its strings are masked, everything else stays as written.
    pub fn json_text(&self, text: &str) -> String {
        match &self.0 {
            Some(masker) => masker.mask_json_text(text),
            None => text.to_owned(),
        }
    }

    /// A JSON value.
    pub fn value(&self, value: &Value) -> Value {
        match &self.0 {
            Some(masker) => masker.mask_json(value),
            None => value.clone(),
        }
    }

    /// Members of a JSON object. They are masked as one object, so that their names help to tell what they hold.
    pub fn members(&self, members: &Map<String, Value>) -> Map<String, Value> {
        match self.value(&Value::Object(members.clone())) {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }

    fn outcomes(&self, outcomes: &BTreeMap<String, Value>) -> BTreeMap<String, Value> {
        let members = outcomes.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        self.members(&members).into_iter().collect()
    }

    fn untrusted(&self, text: &Untrusted) -> Untrusted {
        self.json_text(text.exact()).into()
    }

    fn optional(&self, text: Option<&Untrusted>) -> Option<Untrusted> {
        text.map(|text| self.untrusted(text))
    }

    fn arguments(&self, arguments: &Arguments) -> Arguments {
        Arguments(self.untrusted(&arguments.0))
    }

    fn segments(&self, segments: &Segments) -> Segments {
        Segments {
            intent: self.optional(segments.intent.as_ref()),
            channel: self.optional(segments.channel.as_ref()),
            tier: self.optional(segments.tier.as_ref()),
            language: self.optional(segments.language.as_ref()),
            agent_version: self.optional(segments.agent_version.as_ref()),
            handled_by: self.optional(segments.handled_by.as_ref()),
        }
    }

    /// A row of a list.
    pub fn summary(&self, summary: &Summary) -> Summary {
        if !self.masks() {
            return summary.clone();
        }
        Summary {
            source: self.untrusted(&summary.source),
            external_id: self.untrusted(&summary.external_id),
            segments: self.segments(&summary.segments),
            scores: summary.scores.iter().map(|(name, value)| (self.text(name), *value)).collect(),
            worst: summary.worst.iter().map(|(name, rank)| (self.untrusted(name), *rank)).collect(),
            reasons: summary.reasons.iter().map(|reason| self.text(reason)).collect(),
            outcomes: self.outcomes(&summary.outcomes),
            attributes: self.members(&summary.attributes),
            first_message: self.untrusted(&summary.first_message),
            ..summary.clone()
        }
    }

    /// A whole conversation. Identity and times stay; its transcript hash is that of other text afterwards.
    pub fn conversation(&self, conversation: &Conversation) -> Conversation {
        if !self.masks() {
            return conversation.clone();
        }
        Conversation {
            id: conversation.id.clone(),
            source: self.untrusted(&conversation.source),
            external_id: self.untrusted(&conversation.external_id),
            segments: self.segments(&conversation.segments),
            system: conversation.system.iter().map(|text| self.untrusted(text)).collect(),
            steps: conversation.steps.iter().map(|step| self.step(step)).collect(),
            spans: conversation.spans.iter().map(|span| self.span(span)).collect(),
            tools: conversation.tools.iter().map(|tool| self.tool(tool)).collect(),
            scores: conversation.scores.iter().map(|score| self.score(score)).collect(),
            expected: conversation
                .expected
                .as_ref()
                .map(|calls| calls.iter().map(|call| self.expected(call)).collect()),
            outcomes: self.outcomes(&conversation.outcomes),
            attributes: self.members(&conversation.attributes),
            resource: self.members(&conversation.resource),
        }
    }

    fn step(&self, step: &Step) -> Step {
        let content = match &step.content {
            StepContent::Message { role, text, reasoning } => StepContent::Message {
                role: *role,
                text: self.untrusted(text),
                reasoning: self.optional(reasoning.as_ref()),
            },
            StepContent::ToolCall { tool, arguments, call_id, result } => StepContent::ToolCall {
                tool: self.untrusted(tool),
                arguments: self.arguments(arguments),
                call_id: self.optional(call_id.as_ref()),
                result: result
                    .as_ref()
                    .map(|result| ToolResult { text: self.untrusted(&result.text), failed: result.failed }),
            },
        };
        Step { content, agent: self.optional(step.agent.as_ref()), ..step.clone() }
    }

    fn span(&self, span: &Span) -> Span {
        Span {
            name: self.untrusted(&span.name),
            agent: self.optional(span.agent.as_ref()),
            error: self.optional(span.error.as_ref()),
            attributes: self.members(&span.attributes),
            // Events and links are shown on the screen only; no door lets them out.
            events: Vec::new(),
            links: Vec::new(),
            ..span.clone()
        }
    }

    fn tool(&self, tool: &ToolSpec) -> ToolSpec {
        ToolSpec {
            name: self.untrusted(&tool.name),
            description: self.untrusted(&tool.description),
            parameters: self.optional(tool.parameters.as_ref()),
            ..tool.clone()
        }
    }

    fn score(&self, score: &Score) -> Score {
        Score {
            evaluator: self.untrusted(&score.evaluator),
            version: self.optional(score.version.as_ref()),
            label: self.optional(score.label.as_ref()),
            explanation: self.optional(score.explanation.as_ref()),
            ..score.clone()
        }
    }

    fn expected(&self, call: &ExpectedCall) -> ExpectedCall {
        ExpectedCall { tool: self.untrusted(&call.tool), arguments: self.arguments(&call.arguments) }
    }

    /// A label: what reviewers typed may hold personal data as well.
    pub fn label(&self, label: &Label) -> Label {
        if !self.masks() {
            return label.clone();
        }
        let mut label = label.clone();
        for placed in &mut label.corrections {
            placed.correction = self.correction(&placed.correction);
        }
        for note in &mut label.notes {
            note.text = self.text(&note.text);
        }
        for criterion in &mut label.criteria {
            criterion.text = self.text(&criterion.text);
        }
        if let Some(settled) = &mut label.settled {
            settled.reason = self.text(&settled.reason);
        }
        label
    }

    fn correction(&self, correction: &Correction) -> Correction {
        Correction {
            tool: correction.tool.as_deref().map(|tool| self.text(tool)),
            arguments: correction.arguments.as_ref().map(|arguments| self.arguments(arguments)),
            alternatives: correction
                .alternatives
                .iter()
                .map(|call| AcceptableCall { tool: self.text(&call.tool), arguments: self.arguments(&call.arguments) })
                .collect(),
            text: correction.text.as_deref().map(|text| self.text(text)),
            reason: correction.reason.as_deref().map(|text| self.text(text)),
            ..correction.clone()
        }
    }
}
