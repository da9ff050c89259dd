//! Arguments of the commands that judge without people: evaluators and policies.
//!
//! Invariant: names of evaluators come from their table.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

use super::Pool;

const AFTER_EVALUATE: &str = "\
Judges of your own (--command):
  The command gets one conversation a line on standard input, as JSON:
    {\"schema_version\": 1, \"conversation\": \"c…\", \"system\": […], \"transcript\": [{\"step\": 1,
     \"role\": \"user\", \"text\": …, \"tool\": …, \"arguments\": …, \"result\": …}, …], \"tools\": […],
     \"expected\": […] or null, …}
  and writes lines of JSON to standard output, in any order:
    {\"conversation\": \"c…\", \"evaluator\": \"Tone\", \"version\": \"2\", \"value\": 0.4, \"passed\": false,
     \"explanation\": \"curt\", \"step\": 4, \"evidence\": [2, 4]}     one score; all but two are optional
    {\"conversation\": \"c…\", \"done\": true}                      nothing more on this one
    {\"conversation\": \"c…\", \"scores\": [{…}, …]}                 all of it in one line
    {\"conversation\": \"c…\", \"error\": \"no key\"}                it cannot be judged
  Text is masked. Labels, outcomes and other scores are not in it. A judge that is late or breaks
  off is started anew and loses the conversation it was busy with; `show` says so. Exit code 3.";

/// Arguments of `evaluate`.
#[derive(Debug, Args)]
#[command(after_help = AFTER_EVALUATE)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag that may be typed")]
pub struct EvaluateArguments {
    /// Only these evaluators or rules, joined by commas; what others said stays. `aftercall evaluators` lists them
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Only conversations that match; see `aftercall filters`
    #[arg(
        long = "conversations",
        visible_alias = "where",
        value_name = "FILTER",
        default_value = "",
        hide_default_value = true,
        allow_hyphen_values = true
    )]
    pub filter: String,
    /// Only weigh the stored numbers of earlier runs again; no transcript is read
    #[arg(long, conflicts_with_all = ["only", "filter", "command"])]
    pub rescore: bool,
    /// Ask a judge of your own instead of the built-in evaluators: a command line for the shell
    #[arg(long, value_name = "CMD", conflicts_with = "only", value_hint = ValueHint::CommandString)]
    pub command: Option<String>,
    /// The name the judge goes by; what it said before under this name is replaced
    #[arg(long, value_name = "NAME", default_value = "command", requires = "command")]
    pub name: String,
    /// Only conversations that have not been judged as they are now: new ones, and ones that grew
    #[arg(long, conflicts_with = "rescore")]
    pub missing: bool,
    /// How many processes of the judge run at a time
    #[arg(long, value_name = "N", default_value_t = 1, requires = "command", value_parser = clap::value_parser!(u8).range(1..=64))]
    pub jobs: u8,
    /// How many conversations one process may owe an answer
    #[arg(long, value_name = "N", default_value_t = 4, requires = "command", value_parser = clap::value_parser!(u8).range(1..=64))]
    pub in_flight: u8,
    /// How long a process may take from one answer to the next
    #[arg(long, value_name = "SECONDS", default_value_t = 120.0, requires = "command", value_parser = seconds)]
    pub timeout: f64,
    /// Give the judge personal data as it is; recorded
    #[arg(long, requires = "command")]
    pub unmasked: bool,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
}

/// A number of seconds to wait.
pub(super) fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.01..=86_400.0).contains(&seconds) => Ok(seconds),
        _ => Err("a number of seconds, from 0.01 to 86400".to_owned()),
    }
}

/// Arguments of `evaluators`.
#[derive(Debug, Args)]
pub struct EvaluatorsArguments {
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
}

const AFTER_RECONCILE: &str = "\
Facts are the outcomes of a conversation, such as refund_paid = false, order_status = \"delivered\",
reopened = true, refunds = [{\"order_id\": …, \"amount\": …, \"status\": …}]. The agent's side is its
successful calls and the words by which it says that something is done. Names of your own go
into reconcile.toml in the workspace:
  [facts]
  gutschrift_gezahlt = \"refund\"   # refund cancel book exchange return update send resolve ignore";

/// Arguments of `reconcile`.
#[derive(Debug, Args)]
#[command(after_help = AFTER_RECONCILE)]
pub struct ReconcileArguments {
    /// Which conversations
    #[command(flatten)]
    pub pool: Pool,
    /// Also keep the findings as scores of the evaluator SystemOfRecord
    #[arg(long)]
    pub keep: bool,
    /// One JSON object a line for each mismatch
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `bench`.
#[derive(Debug, Args)]
pub struct BenchArguments {
    /// What to measure
    #[command(subcommand)]
    pub command: BenchCommand,
}

const AFTER_BENCH: &str = "\
Each row says how often a failed conversation is rated worse than one that went well (AUROC),
beside counting messages and counting changes, the fixed P(fail) and the learnt one. Whatever
is learnt is measured on groups it did not learn from: conversations of one task (task_id, or
the name up to its last slash) stay together. Evaluators that say the same of everything, or
are better the worse things go, are marked.";

/// What to measure.
#[derive(Debug, Subcommand)]
pub enum BenchCommand {
    /// How well each evaluator, P(fail) and the trivial baselines tell failures
    #[command(after_help = AFTER_BENCH)]
    Evaluators {
        /// Files to measure on, imported into a temporary workspace [default: the workspace]
        #[arg(value_name = "DATA", value_hint = ValueHint::AnyPath)]
        data: Vec<PathBuf>,
        /// Tool schemas and effects for those files, as for `import`; may be repeated
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "data")]
        tools: Vec<PathBuf>,
        /// The outcome or attribute that says how it went, such as reward, csat or reopened; `verdict` for labels
        #[arg(long, value_name = "ATTRIBUTE")]
        truth: String,
        /// A number below this is a failure [default: 0.5]
        #[arg(long, value_name = "NUMBER")]
        below: Option<f64>,
        /// Read it the other way round: what would be a success is a failure
        #[arg(long)]
        inverted: bool,
        /// The attribute that names conversations which are not independent
        #[arg(long, value_name = "ATTRIBUTE")]
        group: Option<String>,
        /// Which conversations
        #[command(flatten)]
        pool: Pool,
        /// Print the table as JSON
        #[arg(long)]
        json: bool,
    },
}

/// The description of the language, which also stands beside the ready-made policy.
const POLICY_LANGUAGE: &str = include_str!("../../../assets/policies/README.md");

/// Arguments of `policy`.
#[derive(Debug, Args)]
#[command(after_long_help = POLICY_LANGUAGE)]
pub struct PolicyArguments {
    /// What to do
    #[command(subcommand)]
    pub command: PolicyCommand,
}

impl PolicyArguments {
    /// True where stored conversations are asked for.
    pub fn needs_a_workspace(&self) -> bool {
        matches!(self.command, PolicyCommand::Check { .. })
    }
}

/// What to do with a policy.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Run a policy over the workspace; exit code 8 where a rule is broken
    Check {
        /// The policy file
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: PathBuf,
        /// Which conversations
        #[command(flatten)]
        pool: Pool,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Run the examples inside a policy file; exit code 8 where one does not come out
    Test {
        /// The policy file
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: PathBuf,
    },
    /// Print the ready-made policy for customer service, to be changed and put into the workspace's `policies` folder
    Pack,
}
