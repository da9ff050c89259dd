//! The fields a filter may ask for: one table from which parsing, help and completion are made.
//!
//! Invariant: [`FIELDS`] holds every [`Field`] once, and each example in it parses.

use std::fmt::Write as _;

/// A field of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each is described by its row in FIELDS")]
pub enum Field {
    Id,
    Source,
    ExternalId,
    TranscriptHash,
    When,
    EndedAt,
    Intent,
    Channel,
    Tier,
    Language,
    AgentVersion,
    HandledBy,
    Turns,
    Steps,
    Spans,
    ToolCalls,
    ErrorSpans,
    FailedSteps,
    PFail,
    Reason,
    Suspects,
    Verdict,
    Mode,
    Label,
    Reviewer,
    Queue,
    Severity,
    Owner,
    Skipped,
    Corrected,
    Tool,
    Agent,
    Kind,
    StepError,
    Score,
    Outcome,
    Meta,
}

/// What a field holds, and so what may be asked of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FieldKind {
    /// A text, compared without regard to letter case.
    Text,
    /// One of these lower-case words.
    Choice(&'static [&'static str]),
    /// A number.
    Number,
    /// A point in time.
    Time,
    /// Yes or no.
    Flag,
    /// Any JSON value: compared as text with `:`, as a number with `<`, `>` and `=` or a range.
    Value,
}

/// One row of the table of fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldInfo {
    /// The field.
    pub field: Field,
    /// Its name; keyed fields have a placeholder after the dot (`score.NAME`).
    pub name: &'static str,
    /// Other names it answers to.
    pub aliases: &'static [&'static str],
    /// What it holds.
    pub kind: FieldKind,
    /// True where a name of the reader's own follows a dot.
    pub keyed: bool,
    /// What it is, in one line.
    pub help: &'static str,
    /// A filter that uses it.
    pub example: &'static str,
}

const VERDICTS: &[&str] = &["pass", "fail", "unsure"];
const OWNERS: &[&str] = &["prompt", "tool", "retrieval", "policy", "routing", "evaluator"];
const LABEL_STATES: &[&str] = &["none", "draft", "labelled", "disputed", "adjudicated", "stale"];
const SPAN_KINDS: &[&str] =
    &["agent", "llm", "tool", "retrieval", "handoff", "guardrail", "evaluator", "chain", "other"];

const fn row(
    field: Field,
    name: &'static str,
    kind: FieldKind,
    (help, example): (&'static str, &'static str),
) -> FieldInfo {
    FieldInfo { field, name, aliases: &[], kind, keyed: false, help, example }
}

const fn also(mut info: FieldInfo, aliases: &'static [&'static str]) -> FieldInfo {
    info.aliases = aliases;
    info
}

const fn keyed(mut info: FieldInfo) -> FieldInfo {
    info.keyed = true;
    info
}

/// Every field, in the order in which help shows them.
pub static FIELDS: &[FieldInfo] = {
    use FieldKind::{Choice, Flag, Number, Text, Time, Value};
    &[
        row(Field::Id, "id", Text, ("the conversation's id, or its beginning with *", "id:cabc*")),
        row(Field::Source, "source", Text, ("where it was imported from", "source:shop-agent")),
        row(Field::ExternalId, "external_id", Text, ("its id in that source", "external_id:S-0007")),
        row(Field::TranscriptHash, "transcript_hash", Text, ("hash of the stored text", "transcript_hash:t1:0a*")),
        also(
            row(
                Field::When,
                "when",
                Time,
                ("when it began, else was imported, in UTC days", "when:2026-11-01..2026-11-07"),
            ),
            &["started_at", "started", "date"],
        ),
        also(row(Field::EndedAt, "ended_at", Time, ("when it ended", "ended_at:yesterday")), &["ended"]),
        row(Field::Intent, "intent", Text, ("what the customer wanted", "intent:refund,cancellation")),
        row(Field::Channel, "channel", Text, ("how it came", "channel:voice")),
        row(Field::Tier, "tier", Text, ("the customer's tier", "tier:gold")),
        also(row(Field::Language, "language", Text, ("language of the conversation", "language:de")), &["lang"]),
        also(
            row(Field::AgentVersion, "agent_version", Text, ("the agent's version", "agent_version:2.1.0")),
            &["version"],
        ),
        row(Field::HandledBy, "handled_by", Text, ("ai or human", "handled_by:human")),
        row(Field::Turns, "turns", Number, ("customer messages", "turns>5")),
        row(Field::Steps, "steps", Number, ("rows of the transcript", "steps:10..20")),
        row(Field::Spans, "spans", Number, ("spans of all kinds", "spans>=100")),
        also(
            row(Field::ToolCalls, "tool_calls", Number, ("tool calls in the transcript", "tool_calls:0")),
            &["calls", "tools"],
        ),
        also(row(Field::ErrorSpans, "error_spans", Number, ("spans with status error", "error_spans>0")), &["errors"]),
        also(
            row(Field::FailedSteps, "failed_steps", Number, ("steps that failed in any way", "failed_steps>0")),
            &["failed"],
        ),
        row(Field::PFail, "p_fail", Number, ("probability of failure, 0 to 1", "p_fail>=0.8")),
        also(row(Field::Reason, "reason", Text, ("why it is in the queue", "reason:\"tool error\"*")), &["reasons"]),
        row(Field::Suspects, "suspects", Number, ("number of suspicious steps", "suspects>1")),
        row(Field::Verdict, "verdict", Choice(VERDICTS), ("the verdict all labels agree on", "verdict:fail,unsure")),
        also(row(Field::Mode, "mode", Text, ("a failure mode of its labels", "mode:wrong-tool")), &["modes"]),
        also(
            row(Field::Label, "label", Choice(LABEL_STATES), ("its labels taken together", "label:disputed")),
            &["label_state", "labels"],
        ),
        also(row(Field::Reviewer, "reviewer", Text, ("who labelled it", "reviewer:mira")), &["reviewers"]),
        also(row(Field::Queue, "queue", Text, ("it was judged in this queue", "queue:week-47")), &["queues"]),
        row(Field::Severity, "severity", Number, ("1 cosmetic, 2 annoying, 3 harmful, 4 critical", "severity>=3")),
        row(Field::Owner, "owner", Choice(OWNERS), ("who can put the failure right", "owner:tool")),
        row(Field::Skipped, "skipped", Flag, ("you put it off", "skipped:false")),
        row(Field::Corrected, "corrected", Flag, ("a label corrects a step of it", "corrected:true")),
        row(Field::Tool, "tool", Text, ("a tool was called in it", "tool:process_refund")),
        also(row(Field::Agent, "agent", Text, ("an agent took part in it", "agent:planner")), &["agents"]),
        row(Field::Kind, "kind", Choice(SPAN_KINDS), ("a span of this kind is in it", "kind:handoff")),
        row(Field::StepError, "step.error", Flag, ("a step failed in any way", "step.error:true")),
        keyed(also(
            row(Field::Score, "score.NAME", Number, ("the worst value of an evaluator", "score.helpfulness<0.5")),
            &["scores"],
        )),
        keyed(also(
            row(Field::Outcome, "outcome.KEY", Value, ("what came of it", "outcome.reopened:true")),
            &["outcomes"],
        )),
        keyed(also(
            row(Field::Meta, "meta.KEY", Value, ("any other attribute", "meta.country:DE,AT")),
            &["metadata", "attribute", "attributes"],
        )),
    ]
};

impl Field {
    /// True where people's labels decide it.
    pub fn is_of_labels(self) -> bool {
        matches!(
            self,
            Self::Verdict
                | Self::Mode
                | Self::Label
                | Self::Reviewer
                | Self::Queue
                | Self::Severity
                | Self::Owner
                | Self::Skipped
                | Self::Corrected
        )
    }

    /// The field's row in [`FIELDS`].
    pub fn info(self) -> &'static FieldInfo {
        FIELDS.iter().find(|info| info.field == self).unwrap_or(&FIELDS[0])
    }
}

impl FieldInfo {
    /// For a keyed field its name up to and with the dot; for all others the name.
    pub fn prefix(&self) -> &'static str {
        match self.name.split_once('.') {
            Some((head, _)) if self.keyed => &self.name[..=head.len()],
            _ => self.name,
        }
    }

    /// What may stand after the field's name, in words.
    pub fn expects(&self) -> String {
        match self.kind {
            FieldKind::Text => "a text, none or any".to_owned(),
            FieldKind::Choice(words) if words.contains(&"none") => format!("one of {}", words.join(", ")),
            FieldKind::Choice(words) => format!("one of {}, none, any", words.join(", ")),
            FieldKind::Number => "a number, a range such as 3..7, none or any".to_owned(),
            FieldKind::Time => {
                "a date such as 2026-11-01, a range of two joined by .., today, yesterday, this-week, last-week, \
                 this-month, last-month, last-7-days, none or any"
                    .to_owned()
            }
            FieldKind::Flag => "true or false".to_owned(),
            FieldKind::Value => "a text, a number, none or any".to_owned(),
        }
    }
}

/// Finds what a field's name (with its key) means: the row, and the key where the field is keyed.
pub(super) fn find(name: &str) -> Option<(&'static FieldInfo, &str)> {
    let plain = |info: &&FieldInfo| !info.keyed && names(info).any(|known| known.eq_ignore_ascii_case(name));
    if let Some(info) = FIELDS.iter().find(plain) {
        return Some((info, ""));
    }
    let (head, key) = name.split_once('.')?;
    let info = FIELDS.iter().find(|info| info.keyed && names(info).any(|known| known.eq_ignore_ascii_case(head)))?;
    Some((info, key))
}

/// The known name that takes the fewest edits to come from `name`, as it stands in [`FIELDS`].
pub(super) fn nearest(name: &str) -> &'static str {
    let wanted = name.to_lowercase();
    let head = wanted.split_once('.').map_or(wanted.as_str(), |(head, _)| head);
    let cost = |info: &FieldInfo| {
        let typed = if info.keyed { head } else { wanted.as_str() };
        names(info).map(|known| distance(typed, known)).min().unwrap_or(usize::MAX)
    };
    FIELDS.iter().min_by_key(|info| cost(info)).map_or("", |info| info.name)
}

/// The name without a placeholder, and the other names.
fn names(info: &FieldInfo) -> impl Iterator<Item = &'static str> {
    std::iter::once(info.prefix().trim_end_matches('.')).chain(info.aliases.iter().copied())
}

/// The number of single-character edits (swaps of neighbours count one) between two short texts.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().take(64).collect();
    let b: Vec<char> = b.chars().collect();
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for (i, x) in a.iter().enumerate() {
        let above = &rows[i];
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut best = (above[j] + usize::from(x != y)).min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                best = best.min(rows[i - 1][j - 1] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows.last().and_then(|row| row.last()).copied().unwrap_or(0)
}

/// The table of fields as plain text, for `--help` and the help screen.
pub fn reference() -> String {
    let name_width = FIELDS.iter().map(|info| info.name.len()).max().unwrap_or(0);
    let help_width = FIELDS.iter().map(|info| info.help.len()).max().unwrap_or(0);
    let mut text = String::new();
    for info in FIELDS {
        let _ = writeln!(text, "{:name_width$}  {:help_width$}  {}", info.name, info.help, info.example);
    }
    text
}
