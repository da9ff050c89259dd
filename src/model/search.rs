//! What a search found: a step, and the text around the place.
//!
//! Invariant: a hit's text is exact and wide enough to be masked as a whole before any of it is shown.

use serde::{Deserialize, Serialize};

use super::conversation::Conversation;
use super::id::ConversationId;
use super::label::StepPointer;
use super::step::{Role, StepContent};
use crate::text::Untrusted;
use crate::text::needle::{Needle, around, unescaped};

/// Characters kept on either side of a place, and what of a word goes on beyond them: more than is shown, so that what is
/// masked is not cut in two.
const REACH: usize = 160;

/// Texts up to this many bytes are kept whole.
const WHOLE: usize = 600;

/// What of a step holds the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// What was said.
    Text,
    /// Recorded reasoning.
    Reasoning,
    /// The name of the tool.
    Tool,
    /// The arguments of a call.
    Arguments,
    /// What the tool answered.
    Result,
    /// No step: the conversation's name, its segments, or words of different steps.
    About,
}

impl Part {
    /// The lower-case word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Reasoning => "reasoning",
            Self::Tool => "tool",
            Self::Arguments => "arguments",
            Self::Result => "result",
            Self::About => "about",
        }
    }
}

/// One place that a search found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// In which conversation.
    pub conversation: ConversationId,
    /// At which step; `None` where only the conversation's name or segments hold the words.
    pub step: Option<StepPointer>,
    /// Whose step it is.
    pub role: Option<Role>,
    /// The tool called there.
    pub tool: Option<Untrusted>,
    /// What of the step holds the words.
    pub part: Part,
    /// The text around the place.
    pub text: Untrusted,
}

/// Where the terms stand in a conversation: at most `most` steps, those that hold most of the terms first.
///
/// A conversation that the index found gives a hit: where no step holds a term, its name stands for it. The one exception
/// is a phrase whose words stand in different steps.
pub fn hits(conversation: &Conversation, needle: &Needle, most: usize) -> Vec<Hit> {
    let mut found: Vec<(u32, usize, Part)> = Vec::new();
    let mut union = 0;
    for (at, step) in conversation.steps.iter().enumerate() {
        let mut held = |(part, text): (Part, &Untrusted)| {
            let (terms, _) = needle.stands_in(&plain(part, text));
            union |= terms;
            (terms != 0).then_some((terms.count_ones(), part))
        };
        // The first of equals: what was said before what was thought, the call before its answer.
        let best =
            parts(&step.content).into_iter().flatten().filter_map(&mut held).rev().max_by_key(|(terms, _)| *terms);
        found.extend(best.map(|(terms, part)| (terms, at, part)));
    }
    // Words of a phrase that stand in two steps are no phrase, though the index cannot tell.
    let about = about(conversation);
    let stands = |at: usize| union & (1 << at) != 0 || needle.stands_in(&about).0 & (1 << at) != 0;
    if needle.terms().iter().enumerate().any(|(at, term)| term.is_phrase() && !stands(at)) {
        return Vec::new();
    }
    found.sort_by_key(|(terms, at, _)| (std::cmp::Reverse(*terms), *at));
    let mut hits: Vec<Hit> =
        found.into_iter().take(most).filter_map(|(_, at, part)| hit(conversation, needle, (at, part))).collect();
    if hits.is_empty() && most > 0 {
        let conversation = conversation.id.clone();
        hits.push(Hit { conversation, step: None, role: None, tool: None, part: Part::About, text: about.into() });
    }
    hits
}

fn hit(conversation: &Conversation, needle: &Needle, (at, part): (usize, Part)) -> Option<Hit> {
    let step = conversation.steps.get(at)?;
    let (_, text) = parts(&step.content).into_iter().flatten().find(|(other, _)| *other == part)?;
    let text = plain(part, text);
    let place = needle.stands_in(&text).1.unwrap_or(0..0);
    let text = if text.len() <= WHOLE { &text[..] } else { &text[around(&text, &place, REACH)] };
    Some(Hit {
        conversation: conversation.id.clone(),
        step: Some(step.pointer()),
        role: Some(step.role()),
        tool: step.tool().cloned(),
        part,
        text: text.into(),
    })
}

/// The texts of a step, in the order in which they are read.
fn parts(content: &StepContent) -> [Option<(Part, &Untrusted)>; 3] {
    match content {
        StepContent::Message { text, reasoning, .. } => {
            [Some((Part::Text, text)), reasoning.as_ref().map(|reasoning| (Part::Reasoning, reasoning)), None]
        }
        StepContent::ToolCall { tool, arguments, result, .. } => [
            Some((Part::Tool, tool)),
            Some((Part::Arguments, &arguments.0)),
            result.as_ref().map(|result| (Part::Result, &result.text)),
        ],
    }
}

/// A text as it is searched.
fn plain(part: Part, text: &Untrusted) -> std::borrow::Cow<'_, str> {
    match part {
        Part::Arguments | Part::Result => unescaped(text.exact()),
        _ => text.exact().into(),
    }
}

/// What is searched of a conversation besides its steps.
fn about(conversation: &Conversation) -> String {
    let segments = &conversation.segments;
    let mut parts = vec![conversation.external_id.exact()];
    parts.extend([&segments.intent, &segments.channel, &segments.tier].into_iter().flatten().map(Untrusted::exact));
    let mut agents: Vec<&str> = Vec::new();
    for agent in conversation.steps.iter().filter_map(|step| step.agent.as_ref()) {
        if !agents.contains(&agent.exact()) && agents.len() < 8 {
            agents.push(agent.exact());
        }
    }
    parts.extend(agents);
    parts.join(" · ")
}
