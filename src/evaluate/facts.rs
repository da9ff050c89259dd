//! What every evaluator needs to know of a conversation, worked out once.
//!
//! Invariant: facts depend on the conversation alone, never on the order in which its spans arrived; they point into
//! it and copy only lower-case text.

use std::cell::{OnceCell, RefCell};

use serde_json::Value;

use super::arguments;
use super::language::{self, Claim, Cue, Cues, Heard, Needles, Words};
use super::resolution::Mood;
use crate::model::conversation::Conversation;
use crate::model::id::SpanRef;
use crate::model::step::{Role, Step, StepContent};
pub use crate::model::tool::Aim;
use crate::model::tool::{Effect, ToolSpec};
use crate::model::trace::{FailureSign, Span, SpanKind};

/// Who a row of the transcript is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// The customer.
    Customer,
    /// The agent, or one of several.
    Agent,
    /// A call, or a tool result without one.
    Tool,
}

/// One row of the transcript with what can be heard in it.
#[derive(Debug)]
pub struct Row<'a> {
    /// The step itself.
    pub step: &'a Step,
    /// Who it is from.
    pub speaker: Speaker,
    /// The number of customer messages up to and including this row: rows of one number belong to one turn.
    pub turn: u32,
    /// The text of a message; empty for calls.
    pub text: &'a str,
    /// The text in lower case.
    pub lower: String,
    /// Cues in the text.
    pub cues: Cues,
    /// Acts the text says were carried out.
    pub claims: Vec<Claim>,
    /// Words in the text.
    pub words: u32,
    /// Content words of the text.
    content: Words,
    /// Where identifiers are in the text.
    identifiers: Vec<(u32, u32)>,
    /// Letters, and capitals among them.
    pub(super) letters: (u32, u32),
    /// What the customer or a tool said here, in lower case, once asked for.
    lower_source: OnceCell<String>,
    /// The same without anything but letters and digits.
    bare_source: OnceCell<String>,
    /// How the message sounds, once asked for.
    pub(super) mood: OnceCell<Mood>,
}

/// One tool call.
#[derive(Debug)]
pub struct Call<'a> {
    /// Its row.
    pub row: usize,
    /// The tool's name.
    pub tool: &'a str,
    /// What is known of the tool.
    pub spec: Option<&'a ToolSpec>,
    /// True where the model was offered the tool, or no list of tools is recorded.
    pub offered: bool,
    /// What the call does.
    pub effect: Effect,
    /// Its arguments, where they can be read.
    pub arguments: Option<Value>,
    /// Its arguments in canonical form, for comparing.
    pub canonical: String,
    /// What came back.
    pub result: Option<&'a str>,
    /// True where it failed, by status or by what came back.
    pub failed: bool,
    /// Where it leads.
    pub aim: Aim,
    /// True where its tool's name says that it searches texts.
    pub(super) searches: bool,
    /// Values nobody had named, once looked for.
    pub(super) ungrounded: OnceCell<Vec<String>>,
    /// What is wrong with its form, once looked at.
    pub(super) malformed: OnceCell<Option<String>>,
    /// The place of a tool on offer that fits better, once looked for.
    pub(super) better: OnceCell<Option<usize>>,
}

/// A conversation seen through all that evaluators ask of it.
#[derive(Debug)]
pub struct Facts<'a> {
    /// The conversation.
    pub conversation: &'a Conversation,
    /// All rows.
    pub rows: Vec<Row<'a>>,
    /// All calls, by row.
    pub calls: Vec<Call<'a>>,
    /// Rows of customer messages.
    pub customer: Vec<usize>,
    /// Rows of agent messages with text.
    pub agent: Vec<usize>,
    /// The instructions in lower case, once asked for.
    lower_system: OnceCell<String>,
    /// The same without anything but letters and digits.
    bare_system: OnceCell<String>,
    /// Argument values that were named before a row, as far as they were looked for.
    pub(super) named: RefCell<Vec<(String, usize)>>,
    /// Rows in which the customer says something again, once asked for.
    pub(super) rephrased: OnceCell<Vec<usize>>,
}

impl<'a> Facts<'a> {
    /// Works the facts out.
    pub fn of(conversation: &'a Conversation) -> Self {
        let mut facts = Self {
            conversation,
            rows: Vec::with_capacity(conversation.steps.len()),
            calls: Vec::with_capacity(conversation.steps.iter().filter(|step| step.tool().is_some()).count()),
            customer: Vec::with_capacity(conversation.steps.len()),
            agent: Vec::with_capacity(conversation.steps.len()),
            lower_system: OnceCell::new(),
            bare_system: OnceCell::new(),
            named: RefCell::default(),
            rephrased: OnceCell::new(),
        };
        let mut turn = 0;
        for (at, step) in conversation.steps.iter().enumerate() {
            let (speaker, text) = match &step.content {
                StepContent::Message { role: Role::User, text, .. } => (Speaker::Customer, text.exact()),
                StepContent::Message { role: Role::Assistant, text, .. } => (Speaker::Agent, text.exact()),
                StepContent::Message { role: Role::Tool, .. } | StepContent::ToolCall { .. } => (Speaker::Tool, ""),
            };
            if speaker == Speaker::Customer {
                turn += 1;
                facts.customer.push(at);
            } else if speaker == Speaker::Agent && !text.trim().is_empty() {
                facts.agent.push(at);
            }
            if let Some(call) = call_of(conversation, step, at) {
                facts.calls.push(call);
            }
            let Heard { lower, cues, claims, words, content, identifiers, letters } = Heard::of(text);
            let (lower_source, bare_source, mood) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
            #[rustfmt::skip]
            facts.rows.push(Row {
                step, speaker, turn, text, lower, cues, claims, words, content, identifiers, letters,
                lower_source, bare_source, mood,
            });
        }
        facts
    }

    /// The first customer message after a row.
    pub fn customer_after(&self, row: usize) -> Option<&Row<'a>> {
        self.customer.iter().find(|at| **at > row).and_then(|at| self.rows.get(*at))
    }

    /// Calls that change something, calls to a person or to another agent not among them.
    pub fn writes(&self) -> impl Iterator<Item = &Call<'a>> {
        self.calls.iter().filter(|call| call.is_write())
    }

    /// The spans of a row as evidence: the execution first, else the decision.
    pub fn spans_of(&self, row: usize) -> Vec<SpanRef> {
        let Some(row) = self.rows.get(row) else { return Vec::new() };
        row.step.span.iter().chain(row.step.decision.iter()).take(1).cloned().collect()
    }

    /// The span that carried a row out.
    pub fn span_at(&self, row: usize) -> Option<&'a Span> {
        self.rows.get(row)?.step.span.as_ref().and_then(|id| self.conversation.span(id))
    }

    /// True where the customer agreed to a call: said yes after the agent had said what it would do.
    pub fn agreed(&self, call: &Call<'_>) -> bool {
        let Some(customer) = self.customer.iter().rev().find(|at| **at < call.row) else { return false };
        let row = &self.rows[*customer];
        let proposed = self.agent.iter().any(|at| at < customer);
        proposed
            && row.cues.has(Cue::Consent)
            && !(row.cues.has(Cue::Denial) && row.cues.count(Cue::Consent) < 2 && row.words < 6)
    }

    /// True where the customer asked for a call by themselves: the act in their words, in any message before it.
    pub fn asked_for(&self, call: &Call<'_>) -> bool {
        let stems = act_words(call.tool);
        self.customer.iter().filter(|at| **at < call.row).any(|at| {
            let text = &self.rows[*at].lower;
            stems.iter().any(|stem| text.contains(stem))
        })
    }

    /// Everything the customer and the tools said before a row, newest first, and the instructions: where argument
    /// values may come from.
    pub fn sources_before(&self, row: usize) -> impl Iterator<Item = &str> + Clone {
        let said = self.rows.iter().take(row).rev().filter_map(Row::source);
        said.chain(self.conversation.system.iter().map(crate::text::Untrusted::exact))
    }

    /// The same in lower case.
    pub fn lower_sources_before(&self, row: usize) -> impl Iterator<Item = &str> + Clone {
        let said = self.rows.iter().take(row).rev().filter_map(Row::lower_source);
        said.chain(self.lower_system().split('\0'))
    }

    /// The same without anything but letters and digits.
    pub fn bare_sources_before(&self, row: usize) -> impl Iterator<Item = &str> {
        let said = self.rows.iter().take(row).rev().filter_map(Row::bare_source);
        let system = || self.lower_system().split('\0').map(language::bare).collect::<Vec<_>>().join("\0");
        said.chain(std::iter::once(self.bare_system.get_or_init(system).as_str()))
    }

    fn lower_system(&self) -> &str {
        self.lower_system.get_or_init(|| language::plain_lower(&self.system_text()))
    }

    fn system_text(&self) -> String {
        self.conversation.system.iter().map(crate::text::Untrusted::exact).collect::<Vec<_>>().join("\0")
    }

    /// Spans of one kind.
    pub fn spans(&self, kind: SpanKind) -> impl Iterator<Item = &'a Span> {
        self.conversation.spans.iter().filter(move |span| span.kind == kind)
    }
}

impl<'a> Row<'a> {
    /// Tokens that look like an identifier.
    pub fn identifiers(&self) -> impl Iterator<Item = &'a str> {
        let text = self.text;
        self.identifiers.iter().filter_map(move |(from, to)| text.get(*from as usize..*to as usize))
    }

    /// Those of them that may stand in an explanation: none is a piece of something that masks look for.
    pub fn quotable_identifiers(&self) -> impl Iterator<Item = &'a str> {
        let text = self.text;
        self.identifiers().filter(move |token| !language::is_part(text, token))
    }

    /// The content words of the text.
    pub fn content(&self) -> &Words {
        &self.content
    }

    /// What the customer or a tool said here; `None` for the agent's own words and for calls without an answer.
    fn source(&self) -> Option<&str> {
        match &self.step.content {
            StepContent::Message { role: Role::User | Role::Tool, text, .. } => Some(text.exact()),
            StepContent::ToolCall { result: Some(result), .. } => Some(result.text.exact()),
            _ => None,
        }
    }

    fn lower_source(&self) -> Option<&str> {
        let source = self.source()?;
        Some(self.lower_source.get_or_init(|| language::plain_lower(source)))
    }

    fn bare_source(&self) -> Option<&str> {
        let lower = self.lower_source()?;
        Some(self.bare_source.get_or_init(|| language::bare(lower)))
    }
}

impl Call<'_> {
    /// True where it changes the system of record.
    pub fn is_write(&self) -> bool {
        self.effect != Effect::Read && self.aim == Aim::Work
    }

    /// True where it changed it.
    pub fn is_done_write(&self) -> bool {
        self.is_write() && !self.failed
    }

    /// True where what it does cannot be taken back, as declared, or, where the effect is a guess, by its name.
    pub fn is_irreversible(&self) -> bool {
        const FINAL: [&str; 13] = [
            "cancel",
            "refund",
            "delete",
            "book",
            "pay",
            "charge",
            "close",
            "exchange",
            "return",
            "terminate",
            "purchase",
            "reimburse",
            "send_cert",
        ];
        if self.effect == Effect::Irreversible {
            return true;
        }
        if !self.is_write() || self.spec.is_some_and(|spec| !spec.effect_guessed) {
            return false;
        }
        let tool = self.tool.to_ascii_lowercase();
        FINAL.iter().any(|verb| tool.contains(verb))
    }

    /// The values it was given, with the name of the argument each is under.
    pub fn values(&self) -> Vec<(&str, &Value)> {
        self.arguments.as_ref().map(arguments::leaves).unwrap_or_default()
    }

    /// The thing it acts on: the first identifier among its arguments.
    pub fn object(&self) -> Option<String> {
        let values = self.values();
        let named = |key: &str| {
            let ends = |end: &str| {
                key.len() >= end.len() && key.as_bytes()[key.len() - end.len()..].eq_ignore_ascii_case(end.as_bytes())
            };
            ends("id") || ends("number") || key.to_ascii_lowercase().contains("reference")
        };
        values.iter().find(|(key, _)| named(key)).or(values.first()).map(|(_, value)| arguments::plain(value))
    }
}

/// Words of a customer that ask for what a tool does: its verb, and what people say instead.
fn act_words(tool: &str) -> Vec<&'static str> {
    const WORDS: [(&str, &[&str]); 12] = [
        (
            "refund",
            &[
                "refund",
                "money back",
                "reimburs",
                "charged twice",
                "duplicate charge",
                "charge",
                "erstatt",
                "geld zurück",
                "rembours",
                "reembols",
                "devolu",
            ],
        ),
        (
            "cancel",
            &[
                "cancel",
                "stop",
                "call off",
                " end it",
                " end my",
                " end the",
                "storn",
                "kündig",
                "annul",
                "résili",
                "don't want",
            ],
        ),
        ("exchange", &["exchange", "swap", "replace", "umtausch", "échange", "cambi"]),
        ("return", &["return", "send back", "send it back", "zurück", "retour", "renvoy", "devol"]),
        ("book", &["book", "reserv", "flight", "buch", "réserv"]),
        (
            "update",
            &[
                "update",
                "change",
                "moved",
                "new address",
                "modif",
                "upgrade",
                "add",
                "correct",
                "änder",
                "chang",
                "actualiz",
                "cambi",
            ],
        ),
        ("modify", &["modif", "change", "switch", "update", "instead", "add", "option", "änder", "cambi"]),
        ("send", &["send", "label", "certificate", "compensat", "voucher", "email", "schick", "envoy", "envi"]),
        ("delete", &["delete", "remove", "erase", "lösch", "supprim", "borr", "elimin"]),
        ("close", &["close", "end my", "terminate", "schließ", "ferm", "cerr"]),
        ("pay", &["pay", "zahl", "bezahl", "payer", "pagar"]),
        ("credit", &["credit", "voucher", "gutschrift", "avoir", "crédito"]),
    ];
    let tool = tool.to_ascii_lowercase();
    let found: Vec<&str> =
        WORDS.iter().filter(|(verb, _)| tool.contains(verb)).flat_map(|(_, words)| words.iter().copied()).collect();
    if found.is_empty() { vec!["please", "bitte", "merci", "por favor"] } else { found }
}

fn call_of<'a>(conversation: &'a Conversation, step: &'a Step, row: usize) -> Option<Call<'a>> {
    let StepContent::ToolCall { tool, arguments, result, .. } = &step.content else { return None };
    let name = tool.exact();
    let spec = conversation.tools.iter().find(|spec| spec.name == *tool);
    let span = step.span.as_ref().and_then(|id| conversation.span(id));
    let failed_span = span.is_some_and(|span| span.kind == SpanKind::Tool && span.failed());
    let failed = failed_span
        || result.as_ref().is_some_and(|result| result.failed || language::says_failure(result.text.exact()));
    let parsed = arguments::parse(arguments.0.exact());
    Some(Call {
        row,
        tool: name,
        spec,
        offered: conversation.tools.is_empty() || conversation.is_offered_at(step, tool),
        effect: spec.map_or_else(|| Effect::guess(name), |spec| spec.effect),
        canonical: parsed.as_ref().map_or_else(|| arguments.0.exact().to_owned(), arguments::canonical),
        arguments: parsed,
        result: result.as_ref().map(|result| result.text.exact()),
        failed,
        aim: Aim::guess(name),
        searches: SEARCHES.within(name),
        ungrounded: OnceCell::new(),
        malformed: OnceCell::new(),
        better: OnceCell::new(),
    })
}

/// What names of tools that search texts hold.
static SEARCHES: Needles =
    Needles::new(|| &["policy", "knowledge", "faq", "article", "retriev", "docs", "help_cent", "kb_"]);

/// True where a name holds a part, in whatever case.
pub(super) fn holds(name: &str, part: &str) -> bool {
    let part = part.as_bytes();
    let begins = |window: &[u8]| window.first().map(u8::to_ascii_lowercase) == part.first().map(u8::to_ascii_lowercase);
    let here = |window: &[u8]| begins(window) && window.eq_ignore_ascii_case(part);
    part.is_empty() || name.as_bytes().windows(part.len()).any(here)
}

/// True where a tool of this name hands the conversation on.
pub fn leads_away(tool: &str) -> bool {
    Aim::hands_over(tool)
}

/// True where a span's status is fine but its answer is not: the failure nobody alarmed on.
pub fn swallowed(span: Option<&Span>, call: &Call<'_>) -> bool {
    call.failed && span.is_none_or(|span| span.failure_signs.iter().all(|sign| *sign == FailureSign::Result))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_found_in_any_case_and_an_empty_one_everywhere() {
        assert!(holds("Order_Summary", "summary") && holds("x", ""));
        assert!(!holds("sum", "summary"));
    }
}
