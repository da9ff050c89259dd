//! From conversations and what people said of them to the rows of datasets.
//!
//! Invariant: pure and without a clock; the same conversations and labels give the same bytes, and text is exact unless
//! it was masked before it came here.

pub mod cases;
pub mod csv_view;
pub mod example;
pub mod family;
pub mod feedback;
pub mod harness;
pub mod item;
pub mod judge;
pub mod labels;
pub mod layout;
pub mod manifest;
pub mod openai_preference;
pub mod openai_sft;
pub mod parquet;
pub mod platform;
pub mod prefix;
pub mod regression;
pub mod split;
pub mod trl;
pub mod trl_preference;
pub mod validate;

use std::sync::OnceLock;

use aho_corasick::AhoCorasick;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::model::id::ConversationId;
use crate::model::trace::SYNTHESISED;
use item::Item;
use layout::Layout;

/// The version of every row and manifest written here.
pub const SCHEMA_VERSION: u32 = 1;

/// The attributes of spans that any format reads; nothing else of what spans hold is.
pub const SPAN_ATTRIBUTES: &[&str] =
    &[feedback::LANGSMITH_RUN, feedback::LANGFUSE_TRACE, feedback::LANGFUSE_OBSERVATION, SYNTHESISED];

/// Writes one dataset format.
pub trait Exporter: Sync {
    /// What `--format` takes.
    fn name(&self) -> &'static str;
    /// The one data file it writes.
    fn file_name(&self) -> &'static str;
    /// One line for people.
    fn help(&self) -> &'static str;
    /// The rows of one conversation, in a stable order.
    fn rows(&self, item: &Item<'_>) -> Rows;
    /// How its rows make a file.
    fn layout(&self) -> Layout {
        Layout::Lines
    }
    /// Checks one row as it is read back.
    ///
    /// # Errors
    /// What breaks the format, in words.
    fn check(&self, row: &Value) -> Result<(), String>;
}

/// Every format, in the order of help and manifests. The only registry of them.
pub static EXPORTERS: [&dyn Exporter; 25] = [
    &labels::Labels,
    &csv_view::CsvView,
    &parquet::Parquet,
    &openai_sft::OpenAiSft,
    &openai_preference::OpenAiPreference,
    &trl::TrlSft,
    &trl_preference::TrlPreference,
    &trl::TrlKto,
    &trl::TrlStepwise,
    &cases::Cases,
    &platform::LangSmith,
    &platform::Langfuse,
    &platform::Phoenix,
    &platform::Mlflow,
    &harness::Promptfoo,
    &harness::DeepEval,
    &harness::DeepEvalMulti,
    &harness::Inspect,
    &harness::TauBench,
    &judge::FutureAgi,
    &judge::FewShot,
    &feedback::LangfuseScores,
    &feedback::PhoenixAnnotations,
    &feedback::MlflowAssessments,
    &feedback::LangSmithFeedback,
];

/// A format that is a folder of several files.
#[derive(Debug, Clone, Copy)]
pub struct FolderFormat {
    /// What `--format` takes.
    pub name: &'static str,
    /// The folder.
    pub file_name: &'static str,
    /// One line for people.
    pub help: &'static str,
}

/// A folder that `datasets` loads: a card, and a table per view and split.
pub const HUGGING_FACE: FolderFormat = FolderFormat {
    name: "huggingface",
    file_name: "huggingface/",
    help: "a folder for the Hugging Face hub: a card, and sft, preference, kto and labels by split",
};

/// The names of all formats.
pub fn format_names() -> impl Iterator<Item = &'static str> {
    EXPORTERS.iter().map(|exporter| exporter.name()).chain([HUGGING_FACE.name])
}

/// The format with this name.
pub fn exporter(name: &str) -> Option<&'static dyn Exporter> {
    EXPORTERS.into_iter().find(|exporter| exporter.name() == name)
}

/// What one conversation gave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rows {
    /// One JSON object each, without a line break.
    pub lines: Vec<String>,
    /// What gave no row, and why.
    pub left_out: Vec<LeftOut>,
    /// What was written all the same and deserves a look.
    pub warnings: Vec<Warning>,
}

/// Something that gave no row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeftOut {
    /// The conversation.
    pub conversation: ConversationId,
    /// The step, where it is about one.
    pub step: Option<u32>,
    /// Why; the same words for the same reason, so that it can be counted.
    pub reason: &'static str,
}

/// Something a person should look at, in a row that was written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Warning {
    /// The conversation.
    pub conversation: ConversationId,
    /// What; the same words for the same thing.
    pub what: &'static str,
}

impl Rows {
    /// Adds a row; a template token in it becomes a warning.
    fn push(&mut self, item: &Item<'_>, row: &impl Serialize) {
        let Ok(line) = serde_json::to_string(row) else {
            self.leave_out(item, None, "the row could not be written as JSON");
            return;
        };
        let line = one_line(line);
        if holds_template_token(&line) {
            self.warn(item, "text looks like the control tokens of a chat template");
        }
        self.lines.push(line);
    }

    fn leave_out(&mut self, item: &Item<'_>, step: Option<u32>, reason: &'static str) {
        self.left_out.push(LeftOut { conversation: item.conversation.id.clone(), step, reason });
    }

    fn warn(&mut self, item: &Item<'_>, what: &'static str) {
        let warning = Warning { conversation: item.conversation.id.clone(), what };
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }
}

/// Escapes the line separators that are not line feeds, which some readers of JSON lines split at all the same. They
/// can only be inside strings, so the value stays what it is.
fn one_line(json: String) -> String {
    if json.is_ascii() || !json.contains(['\u{85}', '\u{2028}', '\u{2029}']) {
        return json;
    }
    json.replace('\u{85}', "\\u0085").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

/// Strings that chat templates of common models treat as structure. Written exactly, since that is what was said; but a
/// trainer that does not split special tokens from text would take them as commands.
const TEMPLATE_TOKENS: [&str; 22] = [
    "<|im_start|>",
    "<|im_end|>",
    "<|im_sep|>",
    "<|endoftext|>",
    "<|begin_of_text|>",
    "<|end_of_text|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eot_id|>",
    "<|system|>",
    "<|user|>",
    "<|assistant|>",
    "<|end|>",
    "[INST]",
    "[/INST]",
    "<<SYS>>",
    "<</SYS>>",
    "</s>",
    "<start_of_turn>",
    "<end_of_turn>",
    "<|start|>",
    "<tool_call>",
];

/// Whether text holds a string that chat templates treat as structure.
pub fn holds_template_token(text: &str) -> bool {
    static MATCHER: OnceLock<Option<AhoCorasick>> = OnceLock::new();
    match MATCHER.get_or_init(|| AhoCorasick::new(TEMPLATE_TOKENS).ok()) {
        Some(matcher) => matcher.is_match(text),
        None => TEMPLATE_TOKENS.iter().any(|token| text.contains(token)),
    }
}

/// JSON text without the white space between its tokens; numbers, strings and repeated keys stay as written. `None`
/// where it is not one JSON value.
fn compact(json: &str) -> Option<Box<RawValue>> {
    let json = json.trim();
    let whole: &RawValue = serde_json::from_str(json).ok()?;
    if !json.contains(|c: char| c.is_ascii_whitespace()) {
        return Some(whole.to_owned());
    }
    let mut out = String::with_capacity(json.len());
    let (mut in_string, mut escaped, mut start) = (false, false, 0);
    for (at, byte) in json.bytes().enumerate() {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else if byte.is_ascii_whitespace() {
            out.push_str(json.get(start..at).unwrap_or_default());
            start = at + 1;
        } else {
            in_string = byte == b'"';
        }
    }
    out.push_str(json.get(start..).unwrap_or_default());
    RawValue::from_string(out).ok()
}

/// Like [`compact`], for an object only.
fn compact_object(json: &str) -> Option<Box<RawValue>> {
    compact(json).filter(|raw| raw.get().starts_with('{'))
}

#[cfg(test)]
pub(crate) mod fixtures;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_has_its_own_name_and_file() {
        for (i, a) in EXPORTERS.iter().enumerate() {
            assert_eq!(exporter(a.name()).map(Exporter::file_name), Some(a.file_name()));
            for b in &EXPORTERS[i + 1..] {
                assert!(a.name() != b.name() && a.file_name() != b.file_name());
            }
        }
        assert!(exporter("nonsense").is_none());
    }

    #[test]
    fn compact_keeps_every_token() {
        let raw = compact(" {\"a\" : 123456789012345678901234 ,\n \"a\":\"x \\\" y\\\\\" } ").unwrap();
        assert_eq!(raw.get(), r#"{"a":123456789012345678901234,"a":"x \" y\\"}"#);
        assert!(compact("{\"a\":").is_none() && compact_object("[1]").is_none());
    }

    #[test]
    fn separators_are_escaped_and_mean_the_same() {
        let line = one_line("{\"a\":\"x\u{2028}y\u{85}\"}".to_owned());
        assert!(!line.contains(['\u{2028}', '\u{85}']));
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap()["a"], "x\u{2028}y\u{85}");
    }

    use super::fixtures::{Story, call, corrected, fail, right_call, say, words};
    use crate::model::correction::CorrectionKind;
    use crate::model::step::Role;
    use proptest::prelude::*;

    /// A conversation in which everything from message `n` on is marked `LEAK-n-`.
    fn marked(turns: usize) -> Story {
        let mut steps = Vec::new();
        say(&mut steps, Role::User, "Cancel order LF-1, please, as fast as you can.");
        for turn in 0..turns {
            let arguments = format!(r#"{{"order_id":"A-{turn}"}}"#);
            call(&mut steps, false, "cancel_membership", &arguments, Some(&format!("LEAK-{turn}-result")));
            say(&mut steps, Role::Assistant, &format!("LEAK-{turn}-said"));
            say(&mut steps, Role::User, &format!("LEAK-{turn}-asked"));
        }
        Story::of(steps)
    }

    proptest! {
        #[test]
        fn no_format_writes_what_followed_a_correction(turns in 1_usize..6, at in 0_usize..6, kind in 0_u8..4) {
            let (story, at) = (marked(turns), at % turns);
            let number = at as u32 * 3 + 2;
            let correction = match kind {
                0 => right_call(),
                1 => words(CorrectionKind::AskCustomer, "Which order?"),
                2 => words(CorrectionKind::NoCall, "No."),
                _ => words(CorrectionKind::HandOff, "A colleague will help."),
            };
            let labels = [corrected(&story, fail(&story, "ana", Some(number)), number, correction)];
            let item = story.item(&labels);
            let mut some = 0;
            for exporter in EXPORTERS {
                let rows = exporter.rows(&item);
                some += rows.lines.len();
                fixtures::check_all(exporter, &rows.lines);
                for line in &rows.lines {
                    for later in at..turns {
                        prop_assert!(!line.contains(&format!("LEAK-{later}-")), "{}: {line}", exporter.name());
                    }
                }
            }
            prop_assert!(some > 15, "{some} rows");
        }
    }

    #[test]
    fn a_good_conversation_gives_rows_that_hold() {
        let story = Story::refund();
        let labels = [fixtures::pass(&story, "ana")];
        for exporter in EXPORTERS {
            fixtures::check_all(exporter, &exporter.rows(&story.item(&labels)).lines);
        }
    }
}
