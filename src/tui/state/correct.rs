//! A correction being made: which tool, with which arguments, or what instead.
//!
//! Invariant: arguments leave the form as the raw JSON text that was shown.

use crate::model::conversation::Conversation;
use crate::model::correction::CorrectionKind;
use crate::model::label::StepPointer;
use crate::model::step::{Step, StepContent};
use crate::model::tool::{KnownTool, ToolSpec, ValueKind};
use crate::tui::Mask;
use crate::tui::input::LineInput;
use crate::tui::schema::{Field, Kind, Schema};

mod seen;

/// How far the correction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Choosing what would have been right.
    Choose,
    /// Filling in its fields.
    Fill,
    /// Saying whether the rest of the conversation still stands.
    Remainder,
}

/// One of the things that can be chosen.
#[derive(Debug, Clone, PartialEq)]
pub enum Choice {
    /// A tool that was offered; where the list was not recorded, one that was called.
    Tool(ToolSpec),
    /// One of the things that are no tool.
    Other(CorrectionKind),
}

impl Choice {
    /// As listed.
    pub fn name(&self) -> String {
        match self {
            Self::Tool(spec) => spec.name.exact().to_owned(),
            Self::Other(CorrectionKind::NoCall) => "(no tool call)".to_owned(),
            Self::Other(CorrectionKind::AskCustomer) => "(ask the customer first)".to_owned(),
            Self::Other(CorrectionKind::HandOff) => "(hand off)".to_owned(),
            Self::Other(_) => "(another answer, in words)".to_owned(),
        }
    }
}

/// Where a tool that can be chosen is known from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It was offered or called in this conversation.
    Here,
    /// Only in others of the workspace.
    Elsewhere,
    /// Nowhere: its name was typed.
    Free,
}

/// A value seen earlier in the conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Under which key; empty for one from running text.
    pub key: String,
    /// Raw JSON.
    pub raw: String,
    /// The same as it may be shown while personal data is masked.
    pub masked: String,
    /// In which step first.
    pub step: u32,
}

/// A call that was completed in this form and kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptCall {
    /// The tool.
    pub tool: String,
    /// Raw JSON.
    pub arguments: String,
    /// Whether it fits the schema; `None` without one.
    pub fits: Option<bool>,
}

/// A correction being made.
#[derive(Debug)]
pub struct Correct {
    /// The step it is for.
    pub at: StepPointer,
    /// The tool that was called there, and its arguments.
    pub was: Option<(String, String)>,
    /// How far it is.
    pub stage: Stage,
    /// Letters typed to choose.
    pub input: LineInput,
    /// Which of the fitting choices is chosen.
    pub choice: usize,
    /// Everything that can be chosen; tools of other conversations last.
    pub choices: Vec<Choice>,
    /// Names of the tools offered or called in this conversation.
    pub here: Vec<String>,
    /// What is known of the tools that were called: here first, then in other conversations.
    pub known: Vec<KnownTool>,
    /// What was chosen.
    pub chosen: Option<Choice>,
    /// The schema of the chosen tool.
    pub schema: Schema,
    /// The form.
    pub fields: Vec<Field>,
    /// Which field takes the keys.
    pub field: usize,
    /// Values seen earlier.
    pub seen: Vec<Seen>,
    /// Calls kept so far; the first is the main one.
    pub kept: Vec<KeptCall>,
    /// What does not fit.
    pub problems: Vec<String>,
    /// What is wrong, or was asked of the reviewer.
    pub message: Option<String>,
    /// True once the reviewer was told that it does not fit.
    pub warned: bool,
    /// A text of several lines written before, for an answer in words.
    pub whole_text: Option<String>,
    /// True where the result goes back to the strip that takes a fail.
    pub for_judge: bool,
}

impl Correct {
    /// True where what is typed is text, and not one of several choices.
    pub fn takes_text(&self) -> bool {
        let field = self.fields.get(self.field).filter(|_| self.stage == Stage::Fill);
        field.is_some_and(|field| !matches!(field.kind, Kind::Choice(_) | Kind::Boolean))
    }

    /// A correction of a step.
    pub fn new(conversation: &Conversation, step: &Step, mask: &Mask) -> Self {
        let was = match &step.content {
            StepContent::ToolCall { tool, arguments, .. } => {
                Some((tool.exact().to_owned(), arguments.0.exact().to_owned()))
            }
            StepContent::Message { .. } => None,
        };
        let known = called(conversation);
        let offered: Vec<ToolSpec> = if conversation.tools.is_empty() {
            known.iter().map(|tool| tool.spec.clone()).collect()
        } else {
            conversation.offered_at(step).into_iter().cloned().collect()
        };
        let here = offered.iter().map(|spec| spec.name.exact().to_owned()).collect();
        let mut choices: Vec<Choice> = offered.into_iter().map(Choice::Tool).collect();
        if let Some((tool, _)) = &was {
            // The tool that was called comes first: arguments alone are wrong more often than not.
            choices.sort_by_key(|choice| choice.name() != *tool);
        }
        // Where nothing was called, words were wrong more often than a call was missing.
        match was {
            Some(_) => choices.push(Choice::Other(CorrectionKind::NoCall)),
            None => choices.insert(0, Choice::Other(CorrectionKind::Reply)),
        }
        choices.extend([CorrectionKind::AskCustomer, CorrectionKind::HandOff].map(Choice::Other));
        Self {
            at: step.pointer(),
            was,
            stage: Stage::Choose,
            input: LineInput::default(),
            choice: 0,
            choices,
            here,
            known,
            chosen: None,
            schema: Schema::new(None),
            fields: Vec::new(),
            field: 0,
            seen: seen::before(conversation, step, mask),
            kept: Vec::new(),
            problems: Vec::new(),
            message: None,
            warned: false,
            whole_text: None,
            for_judge: false,
        }
    }

    /// Takes in the tools of the workspace: those not seen here can be chosen as well, after all others.
    pub fn know(&mut self, tools: &[KnownTool]) {
        for tool in tools {
            let name = tool.spec.name.exact();
            let offered = self.choices.iter_mut().find_map(|choice| match choice {
                Choice::Tool(spec) if spec.name == tool.spec.name => Some(spec),
                _ => None,
            });
            match offered {
                Some(spec) if spec.parameters.is_none() => spec.parameters.clone_from(&tool.spec.parameters),
                Some(_) => {}
                None => self.choices.push(Choice::Tool(tool.spec.clone())),
            }
            match self.known.iter_mut().find(|known| known.spec.name.exact() == name) {
                Some(known) => {
                    let new = tool.arguments.iter().filter(|(name, _)| known.arguments.iter().all(|(k, _)| k != name));
                    let new: Vec<_> = new.cloned().collect();
                    known.arguments.extend(new);
                }
                None => self.known.push(tool.clone()),
            }
        }
    }

    /// What a tool was called with in the conversations that are known.
    pub fn called_with(&self, tool: &str) -> &[(String, ValueKind)] {
        self.known.iter().find(|known| known.spec.name.exact() == tool).map_or(&[], |known| &known.arguments)
    }

    /// Where a tool is known from.
    pub fn standing(&self, tool: &str) -> Standing {
        let listed = |choice: &Choice| matches!(choice, Choice::Tool(spec) if spec.name.exact() == tool);
        if self.here.iter().any(|name| name == tool) {
            Standing::Here
        } else if self.choices.iter().any(listed) {
            Standing::Elsewhere
        } else {
            Standing::Free
        }
    }

    /// Choices that fit what was typed: names that begin with it, then names that hold it; last the name itself, where it
    /// could be that of a tool nobody has seen.
    pub fn fitting(&self) -> Vec<Choice> {
        let typed = self.input.text().trim();
        let wanted = typed.to_lowercase();
        let mut fitting: Vec<(usize, &Choice)> = self
            .choices
            .iter()
            .filter_map(|choice| Some((rank(&choice.name().to_lowercase(), &wanted)?, choice)))
            .collect();
        fitting.sort_by_key(|(rank, _)| *rank);
        let mut fitting: Vec<Choice> = fitting.into_iter().map(|(_, choice)| choice.clone()).collect();
        let is_name = typed.starts_with(char::is_alphanumeric) && !typed.contains(char::is_whitespace);
        if is_name && typed.len() <= LONGEST_NAME && self.standing(typed) == Standing::Free {
            fitting.push(Choice::Tool(KnownTool::named(typed).spec));
        }
        fitting
    }

    /// True where something was chosen or typed that would be missed.
    pub fn is_begun(&self) -> bool {
        self.chosen.is_some() || !self.kept.is_empty() || !self.input.is_empty()
    }

    /// The kind of correction chosen.
    pub fn kind(&self) -> CorrectionKind {
        match &self.chosen {
            Some(Choice::Other(kind)) => *kind,
            _ => CorrectionKind::Tool,
        }
    }

    /// Values of a field's kind: those seen under its name first, latest first.
    pub fn values_for(&self, field: &Field) -> Vec<&Seen> {
        let mut values: Vec<&Seen> = self.seen.iter().filter(|seen| field.suits(&seen.raw)).collect();
        values.sort_by_key(|seen| seen.key != field.name);
        values
    }
}

/// The longest name of a tool that can be typed.
const LONGEST_NAME: usize = 64;

/// The tools called in a conversation, in the order of their first calls.
fn called(conversation: &Conversation) -> Vec<KnownTool> {
    let mut called: Vec<KnownTool> = Vec::new();
    for step in &conversation.steps {
        let StepContent::ToolCall { tool, arguments, .. } = &step.content else { continue };
        let at = called.iter().position(|known| known.spec.name == *tool).unwrap_or_else(|| {
            called.push(KnownTool::named(tool.exact()));
            called.len() - 1
        });
        called[at].called_with(arguments.0.exact());
    }
    called
}

/// How well a name fits what was typed: 0 it begins with it, 1 one of its words does, 2 it holds it, 3 its words begin
/// with the letters in turn (`sr` for `start_refund`).
fn rank(name: &str, wanted: &str) -> Option<usize> {
    if name.trim_start_matches('(').starts_with(wanted) {
        return Some(0);
    }
    let words = || name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    if words().any(|word| word.starts_with(wanted)) {
        return Some(1);
    }
    if name.contains(wanted) {
        return Some(2);
    }
    let initials: String = words().filter_map(|word| word.chars().next()).collect();
    initials.starts_with(wanted).then_some(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_letters_choose_a_tool() {
        assert_eq!(rank("start_refund", "st"), Some(0));
        assert_eq!(rank("start_refund", "re"), Some(1));
        assert_eq!(rank("start_refund", "sr"), Some(3));
        assert_eq!(rank("(no tool call)", "no"), Some(0));
        assert_eq!(rank("refund_status", "xy"), None);
    }
}
