//! What can be imported: the forms by name, what each carries, and how it is recognised.
//!
//! Invariant: every form that a record can be read as has a row here; names never change, for `--format` takes them.

use super::Format;

/// One form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FormatInfo {
    /// The word that `--format` takes; several rows may share a [`Format`].
    pub name: &'static str,
    /// What it is called by its makers.
    pub title: &'static str,
    /// What it brings.
    pub carries: &'static str,
    /// How it is known without being told.
    pub recognised: &'static str,
    /// The form to expect.
    pub format: Format,
}

/// All forms, in the order in which a list shows them.
pub const FORMATS: &[FormatInfo] = &[
    FormatInfo {
        name: "otlp",
        title: "OpenTelemetry (OTLP)",
        carries: "spans, log records, messages, tools, scores; every dialect of attributes",
        recognised: "`resourceSpans` or `resourceLogs`; protobuf requests; the collector's length-prefixed frames; gzip, zstd",
        format: Format::Otlp,
    },
    FormatInfo {
        name: "openai",
        title: "OpenAI chat lines",
        carries: "messages, calls, tools, scores, outcomes, metadata",
        recognised: "`messages` whose items have a `role`",
        format: Format::OpenAi,
    },
    FormatInfo {
        name: "openai-responses",
        title: "OpenAI Responses items, stored completions, batch lines",
        carries: "messages, calls, reasoning, tools, metadata",
        recognised: "`request` and `response`, `custom_id` with either, `object` of a completion or response, a list of items",
        format: Format::Responses,
    },
    FormatInfo {
        name: "openai-agents",
        title: "OpenAI Agents SDK export",
        carries: "spans, messages of generations, tool runs, handoffs, errors",
        recognised: "`object` is `trace` or `trace.span`",
        format: Format::AgentsSdk,
    },
    FormatInfo {
        name: "langchain",
        title: "LangChain message dumps, LangGraph thread states",
        carries: "messages, calls, failed results, metadata",
        recognised: "messages whose items have a `type` and no `role`, or `lc` and `kwargs`; `values.messages`",
        format: Format::LangChain,
    },
    FormatInfo {
        name: "langfuse",
        title: "Langfuse traces, sessions, observations, scores",
        carries: "spans, messages, scores of observations, traces and sessions",
        recognised: "`observations`, `traces`, `traceId` with `type` and `startTime`, or a score's `name`, `value` and target; camel or snake case; CSV",
        format: Format::Langfuse,
    },
    FormatInfo {
        name: "langsmith",
        title: "LangSmith runs and feedback",
        carries: "spans, messages, tools, feedback as scores",
        recognised: "`run_type`; `key` with `run_id`",
        format: Format::LangSmith,
    },
    FormatInfo {
        name: "phoenix",
        title: "Phoenix spans and annotations, its SQLite database",
        carries: "spans, messages, tools, annotations as scores",
        recognised: "`context.span_id` with `span_kind`; `annotator_kind`; its SQLite database by its tables",
        format: Format::Phoenix,
    },
    FormatInfo {
        name: "mlflow",
        title: "MLflow traces, its SQLite database",
        carries: "spans, messages, feedback as scores, expectations as reference",
        recognised: "`info` with `data.spans`; its SQLite database by its tables",
        format: Format::MlFlow,
    },
    FormatInfo {
        name: "inspect",
        title: "Inspect logs (.json and .eval)",
        carries: "messages, calls, tools, scores, targets",
        recognised: "`eval` with `samples`; a zip archive with such a header",
        format: Format::Inspect,
    },
    FormatInfo {
        name: "tau-bench",
        title: "tau-bench results",
        carries: "messages, calls, reward, reference calls and answers",
        recognised: "`traj` with `task_id`",
        format: Format::Tau,
    },
    FormatInfo {
        name: "tau2",
        title: "tau2-bench results and simulations",
        carries: "messages, the agent's and the user's calls, reward and its checks, reference calls",
        recognised: "`simulations` after `tasks` or `info`; `task_id` with `messages` and `reward_info`",
        format: Format::Tau2,
    },
    FormatInfo {
        name: "who-and-when",
        title: "Who&When",
        carries: "messages of several agents; who failed, where and why, as an imported label",
        recognised: "`history` with `mistake_agent` and `mistake_step`",
        format: Format::WhoAndWhen,
    },
    FormatInfo {
        name: "scores",
        title: "Scores of any evaluator, FutureAGI SDK results",
        carries: "scores, for conversations, traces or spans imported before or after",
        recognised: "CSV or JSON rows with an id and an `evaluator` or `metric`; where asked for, also a column for each evaluator",
        format: Format::Scores,
    },
    FormatInfo {
        name: "outcomes",
        title: "Outcomes from a system of record",
        carries: "facts by name for each conversation",
        recognised: "CSV or JSON rows with an id and `csat`, `reopened`, `resolved` or the like; where asked for, any columns",
        format: Format::Outcomes,
    },
    FormatInfo {
        name: "expected",
        title: "Reference solutions, DeepEval goldens",
        carries: "expected calls or an expected answer, for a conversation, a task or a first message",
        recognised: "CSV or JSON rows with `expected_tools`, `expected_output` or the like",
        format: Format::Expected,
    },
    FormatInfo {
        name: "flags",
        title: "Flagged conversations",
        carries: "who wants a conversation looked at, and why",
        recognised: "CSV or JSON rows with an id and `flagged`, `flagged_by` or the like; where asked for, an id and a reason",
        format: Format::Flags,
    },
];

impl Format {
    /// The form that `--format` calls by this name; `auto` judges every record by its content.
    pub fn named(name: &str) -> Option<Self> {
        if name == "auto" {
            return Some(Self::Auto);
        }
        FORMATS.iter().find(|info| info.name == name).map(|info| info.format)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_words_and_found_again() {
        for (i, info) in FORMATS.iter().enumerate() {
            assert!(
                info.name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'),
                "{}",
                info.name
            );
            assert!(FORMATS[..i].iter().all(|other| other.name != info.name && other.format != info.format));
            assert_eq!(Format::named(info.name), Some(info.format));
            assert_ne!(info.format, Format::Auto);
        }
        assert_eq!(Format::named("auto"), Some(Format::Auto));
        assert_eq!(Format::named("csv"), None);
    }
}
