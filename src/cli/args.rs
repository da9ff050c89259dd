//! What may be typed: every subcommand, flag and value, from which help, completions and the manual page are made.
//!
//! Invariant: names of formats, packs and orders come from the tables that carry them out, so that help cannot lag behind.

#![allow(clippy::doc_markdown, reason = "the comments here are the help texts, in which a backtick is a backtick")]

use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum, ValueHint};

use crate::model::label::Owner;
use crate::model::queue::QueueOrder;

pub mod dataset;
pub mod find;
pub mod gate;
mod import;
pub mod judge;
pub mod numbers;
pub mod queue;
pub mod report;
pub mod session;
pub mod simulate;
pub mod team;
pub mod upkeep;

use dataset::{DatasetArguments, ExportArguments};
use find::{AdjudicateArguments, ConflictsArguments, SearchArguments, SegmentsArguments};
use gate::{GateArguments, RequestArguments};
pub use import::{ImportArguments, format_named};
use judge::{BenchArguments, EvaluateArguments, EvaluatorsArguments, PolicyArguments, ReconcileArguments};
use numbers::{
    AgreementArguments, AlignmentArguments, CompareArguments, DriftArguments, RatesArguments, ThresholdsArguments,
};
use queue::QueueArguments;
use session::{DecisionArguments, SessionArguments};
use simulate::{SimulateArguments, StrategiesArguments};
use team::{CalibrationArguments, TeamArguments};
use upkeep::{CodebookArguments, MergeArguments, RebuildArguments, SyncArguments, ToolsArguments, VerifyArguments};

const AFTER_HELP: &str = "\
Data goes to standard output, talk to standard error. Personal data is masked
unless --unmasked says otherwise, which is recorded.

Exit codes:
  0 done                      5 busy: another program holds the database
  1 error                     6 no space, or the disk fails
  2 wrong use                 7 damaged
  3 done in part              8 a check found something
  4 refused, nothing touched";

/// Review what customer-service agents did, say what went wrong and where, and keep it as data.
///
/// Without a subcommand it opens the terminal UI on the workspace. New here? Try `aftercall demo`.
#[derive(Debug, Parser)]
#[command(name = "aftercall", version, after_help = AFTER_HELP, max_term_width = 100)]
pub struct Arguments {
    /// What holds for every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do; nothing opens the UI.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Flags that every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Global {
    /// The workspace's folder [default: $AFTERCALL_WORKSPACE, else the user's data folder]
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub workspace: Option<PathBuf>,
    /// Who judges [default: the configuration's reviewer, else $USER]
    #[arg(long, global = true, value_name = "NAME")]
    pub reviewer: Option<String>,
    /// Say nothing but errors
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Use no colours
    #[arg(long, global = true)]
    pub no_color: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open the UI at a queue or a conversation
    Review(ReviewArguments),
    /// Open the UI on sample conversations of an invented shop
    Demo(DemoArguments),
    /// Read traces and transcripts into the workspace
    Import(ImportArguments),
    /// Take in traces from running agents over HTTP (OTLP), until ctrl-c
    #[cfg(feature = "receive")]
    Receive(ReceiveArguments),
    /// Judge a conversation without the UI
    Label(Box<LabelArguments>),
    /// Take back your last act, of any session
    Undo(AnswerArguments),
    /// Bring back what you last undid
    Redo(AnswerArguments),
    /// Define queues: which conversations to judge, in which order, how many by lot
    Queue(QueueArguments),
    /// Hold the weekly review session: agenda, pace, parking lot, summary
    Session(SessionArguments),
    /// Keep decisions: what is to be changed, by whom, until when, and whether it helped
    Decision(DecisionArguments),
    /// List conversations, most suspicious first
    List(ListArguments),
    /// Find words in everything that was said, called and answered
    Search(SearchArguments),
    /// Show one conversation: a transcript to read, or everything as JSON
    Show(ShowArguments),
    /// Print the event log: who said what, in order
    Events(EventsArguments),
    /// Run the built-in evaluators and the workspace's policies
    Evaluate(EvaluateArguments),
    /// List the built-in evaluators: what they look at, their scale, what they need
    Evaluators(EvaluatorsArguments),
    /// Check, test and start rules written as code
    Policy(PolicyArguments),
    /// Make versions of datasets from settled labels: split, checked for duplicates, compared
    Dataset(DatasetArguments),
    /// Measure evaluators on conversations with known outcomes
    Bench(BenchArguments),
    /// Say how often the agent fails, overall and by segment, from audit labels only
    Rates(RatesArguments),
    /// Say how evaluators agree with people: failures caught, passes let through
    Alignment(AlignmentArguments),
    /// Say from which score on to escalate, per segment, with a promise about the failures that are not
    Thresholds(ThresholdsArguments),
    /// Compare two sets of conversations, such as two versions of the agent
    Compare(CompareArguments),
    /// Find what differs between imports, in scores and in what conversations are about
    Drift(DriftArguments),
    /// Say how several reviewers agree, with each other and with themselves
    Agreement(AgreementArguments),
    /// Report on a week: failure modes, service, what to do next; as Markdown, HTML or JSON
    Report(report::ReportArguments),
    /// Have several people judge the same ambiguous conversations alone, and look at it together
    Calibration(CalibrationArguments),
    /// Say who reviewed what, how fast and how steadily, and who should take what next
    Team(TeamArguments),
    /// Replay conversations with known outcomes: what would each order of a queue have found?
    Simulate(SimulateArguments),
    /// List the strategies by which queues are ordered, with their formulas
    Strategies(StrategiesArguments),
    /// Compare what agents confirmed with what the system of record says; exit code 8 where they differ
    Reconcile(ReconcileArguments),
    /// Write labelled conversations as datasets
    Export(ExportArguments),
    /// Hold new runs of the agent against the judged cases; exit code 8 is a regression
    Gate(GateArguments),
    /// Print the chat request that led to a step, to send it again
    Request(RequestArguments),
    /// List and change the failure modes in use
    Codebook(CodebookArguments),
    /// Show texts that came in under the name of a stored conversation, and keep one
    Conflicts(ConflictsArguments),
    /// Show intents, channels, tiers, languages, versions and handlers, and where they come from
    Segments(SegmentsArguments),
    /// List the agents' tools and what calling them does
    Tools(ToolsArguments),
    /// Check that both copies of the labels hold together
    Verify(VerifyArguments),
    /// Make one copy of the labels anew from the other
    Rebuild(RebuildArguments),
    /// Settle labels that differ: both sides without names, and the one that is taken
    Adjudicate(AdjudicateArguments),
    /// Take in what other reviewers said, from their journals
    Merge(MergeArguments),
    /// Unite with the other reviewers through a folder that all of them reach
    Sync(SyncArguments),
    /// List the formats that can be imported and exported
    Formats(FormatsArguments),
    /// Explain the filter language
    Filters,
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page, of one command where it is named
    Man {
        /// A subcommand
        command: Option<String>,
    },
}

/// Arguments of `review`.
#[derive(Debug, Args)]
pub struct ReviewArguments {
    /// A queue's name (see `aftercall queue`), a filter (see `aftercall filters`) that makes a list, or a conversation: its
    /// id, a beginning of it, or its name in the source
    #[arg(value_name = "QUEUE|CONVERSATION")]
    pub target: Option<String>,
    /// Show one conversation at a time to a room: personal data and ids stay masked, scores hidden until a key reveals them,
    /// and a verdict says who took part
    #[arg(long)]
    pub present: bool,
    /// Who is in the room beside you and the session's people. May be repeated
    #[arg(long, value_name = "NAME", requires = "present")]
    pub with: Vec<String>,
    /// Open the runs that a gate objects to, beside the cases they broke: a report of `gate --json`. They are imported
    /// under a source of their own, `gate-` and the report's hash
    #[arg(long, value_name = "REPORT", conflicts_with = "target", value_hint = ValueHint::FilePath)]
    pub gate: Option<PathBuf>,
    /// Where the runs of the report are now, if not where it says
    #[arg(long, num_args = 1.., value_name = "FILE", requires = "gate", value_hint = ValueHint::AnyPath)]
    pub runs: Vec<PathBuf>,
    /// Show cases of the sealed test split as well, for this reason; recorded
    #[arg(long, value_name = "REASON", requires = "gate")]
    pub open_test: Option<String>,
}

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub struct DemoArguments {
    /// Start over: the demo's folder and the labels in it are deleted first
    #[arg(long)]
    pub fresh: bool,
    /// Only set the demo workspace up, and say where it is
    #[arg(long)]
    pub no_ui: bool,
}

/// Arguments of `receive`.
#[cfg(feature = "receive")]
#[derive(Debug, Args)]
pub struct ReceiveArguments {
    /// The address to listen on; other machines reach it only where a token is set
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:4318")]
    pub listen: std::net::SocketAddr,
    /// What senders have to show, as `Authorization: Bearer TOKEN`; at least 16 characters
    #[arg(long, value_name = "TOKEN", env = "AFTERCALL_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// Tool schemas and effects, as for `import`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub tools: Option<PathBuf>,
    /// The namespace of the conversations [default: the service's or project's name]
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
    /// Print the totals as JSON at the end
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `label`.
#[derive(Debug, Args)]
#[command(
    group(ArgGroup::new("verdict").required(true).args(["pass", "fail", "unsure", "skip"])),
    group(ArgGroup::new("correction").args(["tool", "no_call", "ask", "hand_off", "reply"]).multiple(true)),
    group(ArgGroup::new("place").args(["step", "no_step"])),
)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag that may be typed")]
pub struct LabelArguments {
    /// Its id, a unique beginning of it, or its name in the source
    pub conversation: String,
    /// The agent did what it should
    #[arg(long)]
    pub pass: bool,
    /// It did not; needs --step or --no-step
    #[arg(long)]
    pub fail: bool,
    /// It cannot be told from what is there
    #[arg(long)]
    pub unsure: bool,
    /// Put off without a verdict
    #[arg(long, conflicts_with_all = ["modes", "severity", "owner", "note", "correction", "place"])]
    pub skip: bool,
    /// A failure mode by key or name; a new name becomes a new mode. May be repeated
    #[arg(long = "mode", value_name = "MODE")]
    pub modes: Vec<String>,
    /// Where it first went wrong, and what is corrected: a step's number, or a span id
    #[arg(long, value_name = "N|SPAN")]
    pub step: Option<String>,
    /// It went wrong at no single step
    #[arg(long)]
    pub no_step: bool,
    /// 1 cosmetic, 2 annoying, 3 harmful, 4 critical
    #[arg(long, value_name = "1..4", value_parser = clap::value_parser!(u8).range(1..=4))]
    pub severity: Option<u8>,
    /// Who can put it right: prompt, tool, retrieval, policy, routing, evaluator
    #[arg(long, value_name = "WHO", value_parser = owner)]
    pub owner: Option<Owner>,
    /// As the answer to this queue, which has to be asking for it now (`aftercall queue next`): it counts as one of its
    /// reviews, and an audit counts only such labels as its own
    #[arg(long, value_name = "NAME", conflicts_with = "skip")]
    pub queue: Option<String>,
    /// Scores were seen before this verdict, though the queue hides them; it says nothing about evaluators then
    #[arg(long, requires = "queue")]
    pub scores_seen: bool,
    /// A note on the conversation
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
    /// What a right conversation must hold; quote a phrase or name a tool to have it checked by rule. May be repeated
    #[arg(long, value_name = "TEXT")]
    pub must: Vec<String>,
    /// What it must not hold. May be repeated
    #[arg(long, value_name = "TEXT")]
    pub must_not: Vec<String>,
    /// The tool that should have been called at the step
    #[arg(long, value_name = "NAME", requires = "args", conflicts_with_all = ["no_call", "ask", "hand_off", "reply"])]
    pub tool: Option<String>,
    /// The right arguments
    #[arg(long, value_name = "JSON", requires = "tool")]
    pub args: Option<String>,
    /// Arguments that would have been right as well, or a whole call {"tool": …, "arguments": {…}}. May be repeated
    #[arg(long, value_name = "JSON", requires = "tool")]
    pub also: Vec<String>,
    /// No tool should have been called at the step
    #[arg(long, conflicts_with_all = ["ask", "hand_off"])]
    pub no_call: bool,
    /// The customer should have been asked this first
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["hand_off", "reply"])]
    pub ask: Option<String>,
    /// It should have been handed over, for this reason
    #[arg(long, value_name = "REASON")]
    pub hand_off: Option<String>,
    /// What should have been said at the step
    #[arg(long, value_name = "TEXT")]
    pub reply: Option<String>,
    /// What was recorded after the corrected step would still stand
    #[arg(long, requires = "correction")]
    pub remainder_valid: bool,
    /// Print what was saved as JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `undo` and `redo`.
#[derive(Debug, Args)]
pub struct AnswerArguments {
    /// Print what was done as JSON
    #[arg(long)]
    pub json: bool,
}

/// The conversations a command is about; every command that can be narrowed has it under this name.
#[derive(Debug, Args)]
pub struct Pool {
    /// Only conversations that match; see `aftercall filters`
    #[arg(
        long = "where",
        value_name = "FILTER",
        default_value = "",
        hide_default_value = true,
        allow_hyphen_values = true
    )]
    pub filter: String,
}

/// Arguments of `list`.
#[derive(Debug, Args)]
pub struct ListArguments {
    /// Which conversations
    #[command(flatten)]
    pub pool: Pool,
    /// Only those in which these words stand
    #[arg(long, value_name = "WORDS", default_value = "", hide_default_value = true)]
    pub find: String,
    /// Which come first
    #[arg(long, value_enum, default_value_t = OrderName::Suspicion)]
    pub order: OrderName,
    /// At most so many
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// One JSON object a line
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// Comma-separated values with a header; a view for spreadsheets, JSON is the record
    #[arg(long)]
    pub csv: bool,
    /// Do not mask personal data; recorded
    #[arg(long)]
    pub unmasked: bool,
}

/// The names of orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OrderName {
    /// Failed or low scores first, errors next
    Suspicion,
    /// Latest start first
    Newest,
    /// Earliest start first
    Oldest,
    /// Most steps first
    Longest,
    /// Not yet judged by you first, then by suspicion
    Unjudged,
}

impl OrderName {
    /// What the queue calls it.
    pub fn order(self) -> QueueOrder {
        match self {
            Self::Suspicion => QueueOrder::Suspicion,
            Self::Newest => QueueOrder::Newest,
            Self::Oldest => QueueOrder::Oldest,
            Self::Longest => QueueOrder::Longest,
            Self::Unjudged => QueueOrder::Unjudged,
        }
    }
}

/// Arguments of `show`.
#[derive(Debug, Args)]
pub struct ShowArguments {
    /// Its id, a unique beginning of it, or its name in the source
    pub conversation: String,
    /// As a reviewer of this queue may see it: without scores where it has to be judged blind
    #[arg(long, value_name = "NAME")]
    pub queue: Option<String>,
    /// Everything, as one JSON object
    #[arg(long)]
    pub json: bool,
    /// Do not mask personal data; recorded
    #[arg(long)]
    pub unmasked: bool,
}

/// Arguments of `events`.
#[derive(Debug, Args)]
pub struct EventsArguments {
    /// Only those about this conversation
    pub conversation: Option<String>,
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
    /// Do not mask personal data; recorded
    #[arg(long)]
    pub unmasked: bool,
}

/// Arguments of `formats`.
#[derive(Debug, Args)]
pub struct FormatsArguments {
    /// Only those that can be exported
    #[arg(long)]
    pub export: bool,
}

fn owner(text: &str) -> Result<Owner, String> {
    Owner::parse(text).ok_or_else(|| format!("one of {}", Owner::ALL.map(Owner::word).join(", ")))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_arguments_hold_together() {
        super::Arguments::command().debug_assert();
    }
}
