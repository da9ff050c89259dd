//! The door out of the workspace: whatever leaves it as data goes through here and is masked, unless a person said
//! otherwise and that was recorded.
//!
//! Invariant: the stored text stays exact; the same value leaves as the same pseudonym by every door.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::mask::{Known, Masker, Originals, Policy};
use crate::model::conversation::Conversation;
use crate::model::correction::{AcceptableCall, Correction};
use crate::model::dataset::DatasetVersion;
use crate::model::label::Label;
use crate::model::step::{Step, StepContent};
use crate::model::summary::{Segments, Summary};
use crate::model::tool::Arguments;
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
        self.knowing_all(std::slice::from_ref(conversation))
    }

    /// The door for a text about several conversations.
    #[must_use]
    pub fn knowing_all(&self, conversations: &[Conversation]) -> Self {
        let Some(masker) = &self.0 else { return self.clone() };
        let (mut values, mut names) = (Vec::new(), Vec::new());
        for step in conversations.iter().flat_map(|conversation| &conversation.steps) {
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
        let metadata = conversations.iter().flat_map(|one| one.attributes.iter().chain(&one.resource));
        Self(Some(masker.knowing(Known::from_metadata_and(metadata, (&values, names)))))
    }

    /// The door for a version of a dataset, which also knows the people that the metadata of its conversations name.
    #[must_use]
    pub fn knowing_version(&self, version: &DatasetVersion) -> Self {
        let Some(masker) = &self.0 else { return self.clone() };
        let frozen = version.rows.iter().filter_map(|row| row.frozen.as_ref());
        let metadata = frozen.flat_map(|frozen| frozen.attributes.iter().chain(&frozen.resource));
        Self(Some(masker.knowing(Known::from_metadata_and(metadata, (&[], Vec::new())))))
    }

    /// What the pseudonyms stand for that this door puts into texts of a conversation. Records come first: of several
    /// spellings of a value theirs is the one that a tool takes.
    pub fn originals(&self, conversation: &Conversation) -> Originals {
        let Some(masker) = &self.0 else { return Originals::default() };
        let metadata: Vec<String> =
            [&conversation.attributes, &conversation.resource].map(|map| Value::Object(map.clone()).to_string()).into();
        let (mut calls, mut words): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
        for step in &conversation.steps {
            match &step.content {
                StepContent::ToolCall { arguments, result, .. } => {
                    calls.push(arguments.0.exact());
                    calls.extend(result.as_ref().map(|result| result.text.exact()));
                }
                StepContent::Message { text, reasoning, .. } => {
                    words.extend([Some(text), reasoning.as_ref()].into_iter().flatten().map(Untrusted::exact));
                }
            }
        }
        words.extend(conversation.system.iter().map(Untrusted::exact));
        words.extend([conversation.source.exact(), conversation.external_id.exact()]);
        let metadata = metadata.iter().map(String::as_str);
        Originals::of(masker, calls.into_iter().chain(metadata).chain(words))
    }

    /// Plain text.
    pub fn text(&self, text: &str) -> String {
        match &self.0 {
            Some(masker) => masker.mask(text).text,
            None => text.to_owned(),
        }
    }

    /// Text that may be JSON: its strings and numbers are masked, everything else stays as written.
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
        let mut text = text.clone();
        self.hide_text(&mut text);
        text
    }

    fn arguments(&self, arguments: &Arguments) -> Arguments {
        Arguments(self.untrusted(&arguments.0))
    }

    fn hide_text(&self, text: &mut Untrusted) {
        if let Some(masked) = self.0.as_ref().and_then(|masker| masker.masked_json_text(text.exact())) {
            *text = masked.into();
        }
    }

    fn hide_all<'a>(&self, texts: impl IntoIterator<Item = &'a mut Untrusted>) {
        texts.into_iter().for_each(|text| self.hide_text(text));
    }

    fn hide_segments(&self, segments: &mut Segments) {
        let Segments { intent, channel, tier, language, agent_version, handled_by } = segments;
        self.hide_all([intent, channel, tier, language, agent_version, handled_by].into_iter().flatten());
    }

    /// A row of a list. Whom its metadata names is masked in its first message too; whom only its tools name is known where
    /// the conversation itself is shown.
    pub fn summary(&self, summary: &Summary) -> Summary {
        match &self.0 {
            None => summary.clone(),
            Some(masker) if masker.knows_anybody() => self.masked_summary(summary),
            Some(masker) => {
                let known = Known::from_metadata_and(&summary.attributes, (&[], Vec::new()));
                Self(Some(masker.knowing(known))).masked_summary(summary)
            }
        }
    }

    fn masked_summary(&self, summary: &Summary) -> Summary {
        let mut segments = summary.segments.clone();
        self.hide_segments(&mut segments);
        Summary {
            source: self.untrusted(&summary.source),
            external_id: self.untrusted(&summary.external_id),
            segments,
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
        let mut conversation = conversation.clone();
        self.hide(&mut conversation);
        conversation
    }

    /// The same, in place.
    pub fn hide(&self, conversation: &mut Conversation) {
        if !self.masks() {
            return;
        }
        self.hide_all([&mut conversation.source, &mut conversation.external_id]);
        self.hide_segments(&mut conversation.segments);
        self.hide_all(&mut conversation.system);
        conversation.steps.iter_mut().for_each(|step| self.hide_step(step));
        conversation.spans.iter_mut().for_each(|span| self.hide_span(span));
        for tool in &mut conversation.tools {
            self.hide_all([&mut tool.name, &mut tool.description].into_iter().chain(&mut tool.parameters));
        }
        for score in &mut conversation.scores {
            let told = [&mut score.version, &mut score.label, &mut score.explanation];
            self.hide_all(std::iter::once(&mut score.evaluator).chain(told.into_iter().flatten()));
        }
        for call in conversation.expected.iter_mut().flatten() {
            self.hide_all([&mut call.tool, &mut call.arguments.0]);
        }
        conversation.outcomes = self.outcomes(&conversation.outcomes);
        conversation.attributes = self.members(&conversation.attributes);
        conversation.resource = self.members(&conversation.resource);
    }

    fn hide_step(&self, step: &mut Step) {
        match &mut step.content {
            StepContent::Message { text, reasoning, .. } => self.hide_all(std::iter::once(text).chain(reasoning)),
            StepContent::ToolCall { tool, arguments, call_id, result } => {
                self.hide_all([tool, &mut arguments.0].into_iter().chain(call_id));
                self.hide_all(result.as_mut().map(|result| &mut result.text));
            }
        }
        self.hide_all(&mut step.agent);
    }

    fn hide_span(&self, span: &mut Span) {
        self.hide_all(std::iter::once(&mut span.name).chain(&mut span.agent).chain(&mut span.error));
        span.attributes = self.members(&span.attributes);
        // Events and links are shown on the screen only; no door lets them out.
        span.events.clear();
        span.links.clear();
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

#[cfg(test)]
mod tests {
    use super::super::workspace::{Identity, ImportOrder};
    use super::*;
    use crate::model::time::Timestamp;
    use crate::store::Access;

    #[test]
    fn people_in_a_list_that_a_tool_returned_are_known() {
        let folder = tempfile::tempdir().unwrap();
        let identity = Identity::load("lee", &folder.path().join("state")).unwrap();
        let mut workspace = Workspace::open(&folder.path().join("w"), identity, Access::Create).unwrap();
        let file = folder.path().join("one.jsonl");
        let result =
            r#"[{\"first_name\":\"Mia\",\"last_name\":\"Li\"},{\"first_name\":\"Rosa\",\"last_name\":\"Quint\"}]"#;
        let call = r#"{"id":"a","type":"function","function":{"name":"passengers","arguments":"{}"}}"#;
        let line = format!(
            r#"{{"id":"one","messages":[{{"role":"user","content":"Who flies?"}},{{"role":"assistant","content":null,"tool_calls":[{call}]}},{{"role":"tool","tool_call_id":"a","content":"{result}"}},{{"role":"assistant","content":"Mia Li and Rosa Quint."}}]}}"#
        );
        std::fs::write(&file, line).unwrap();
        let order = ImportOrder { paths: vec![file], ..ImportOrder::default() };
        workspace.import(&order, Timestamp(1), &mut |_| std::ops::ControlFlow::Continue(())).unwrap();
        let id = workspace.store().resolve("one").unwrap();
        let conversation = workspace.store().conversation(&id).unwrap().unwrap();
        let told =
            Door::masked(&workspace).knowing(&conversation).text("Ms Quint and Mia Li want seats, ROSA QUINT too.");
        for name in ["Quint", "Mia", "Li ", "ROSA", "QUINT"] {
            assert!(!told.contains(name), "{name}: {told}");
        }
        assert!(told.contains("want seats"), "{told}");
    }
}
