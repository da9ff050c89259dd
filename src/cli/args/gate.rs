//! Arguments of `gate` and `request`.
//!
//! Invariant: a gate without a baseline and one with it are the same command.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};

use super::Pool;
use super::judge::seconds;

const AFTER_GATE: &str = "\
What a run is held against:
  acceptable calls     by tool and arguments, one that went well; key order counts for nothing, nor
                       does an argument the tool's schema does not require and whose value is its
                       default (or null). The recorded wrong call must not come again, but behind a
                       look that had been left out, or where the reference makes it too
  no call, a question  nothing is changed from the place of the wrong call to the customer's next
                       words; that something is asked there is seen (\"anything else?\" is not)
  a hand-over          a call of a tool whose name says so, and not the recorded wrong call
  a reply              by a \"quoted phrase\" in a must, else by a judge
  the reference        all of its writing calls and no others, in its order where the case says
                       \"ordered\": true or a criterion says \"in the order of the reference\"
  must, must not       \"quoted phrases\" in what the agent says; names of tools; their order by
                       before, after, then, -> and \"in this order\"
  policies             of the workspace, always
  --evaluators         where named: they can object, not clear; `limits.toml` says what passes:
                         [pass]
                         Helpfulness = 0.7
                         [intent.refunds.pass]
                         Helpfulness = 0.9
  --judge-command      asked where a part of the case is in words that no rule can check; the line
                       it reads also has \"case\": {\"case_id\", \"must\", \"must_not\", \"reply\", \"mode\"},
                       and \"acceptable\" where the right answer is to ask or to hand over.
                       One \"passed\": false fails the run, a \"passed\": true and no false passes it.
What is left is not judged: counted apart, and no pass.
A case finds its runs by task id, else by what was said before its step (nearly the same text), else
by the customer's first message; a run that names another task is never taken. Task ids count within
their domain or source; where several use one id, tools tell them apart, and what nothing tells apart
is refused.
Exit code 8, whatever passes: records of the runs that could not be read, runs that share an id and
differ (give each trial an id of its own), cases without a run, fewer than half of the cases judged;
with --against also cases without a run there, fewer than half judged on both sides, cases judged
there and not judged now, and one case worse among so few that no test could tell (fewer than 5 at
--alpha 0.05). Where enough were compared, a few that became worse may be chance: it passes, and says
how many. A flaky case counts with its share in --min-pass. Reports are masked, as all that leaves a
workspace.";

/// Arguments of `gate`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true, after_help = AFTER_GATE)]
pub struct GateArguments {
    /// What else to do
    #[command(subcommand)]
    pub command: Option<GateCommand>,
    /// A dataset (NAME, NAME@VERSION or NAME@TAG), a file of cases, or a folder that holds cases.jsonl
    #[arg(required = true)]
    pub dataset: Option<String>,
    /// Files with the new runs of the agent, in any format that can be imported
    #[arg(long, required = true, num_args = 1.., value_name = "FILE", value_hint = ValueHint::AnyPath)]
    pub runs: Vec<PathBuf>,
    /// Which conversations
    #[command(flatten)]
    pub pool: Pool,
    /// Files with the runs of the baseline: then only what became worse counts
    #[arg(long, num_args = 1.., value_name = "FILE", value_hint = ValueHint::AnyPath)]
    pub against: Vec<PathBuf>,
    /// Only runs of the baseline that match
    #[arg(
        long,
        value_name = "FILTER",
        default_value = "",
        hide_default_value = true,
        requires = "against",
        allow_hyphen_values = true
    )]
    pub against_where: String,
    /// Write a JUnit report
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub junit: Option<PathBuf>,
    /// Write a report in Markdown, for a pull request
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub md: Option<PathBuf>,
    /// How often noise may be called a regression
    #[arg(long, value_name = "P", default_value_t = 0.05)]
    pub alpha: f64,
    /// The share of judged cases that has to pass, flaky ones by their share [default: 0.95; none with --against]
    #[arg(long, value_name = "SHARE")]
    pub min_pass: Option<f64>,
    /// Evaluators that may object to a run, joined by commas, within the limits of its intent (`limits.toml` in the
    /// workspace); `aftercall evaluators` lists them
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub evaluators: Vec<String>,
    /// Ask a judge of your own about what no rule can check: a command line for the shell, as for `evaluate --command`
    #[arg(long, value_name = "CMD", value_hint = ValueHint::CommandString)]
    pub judge_command: Option<String>,
    /// How many processes of the judge run at a time
    #[arg(long, value_name = "N", default_value_t = 1, requires = "judge_command", value_parser = clap::value_parser!(u8).range(1..=64))]
    pub judge_jobs: u8,
    /// How long the judge may take from one answer to the next
    #[arg(long, value_name = "SECONDS", default_value_t = 120.0, requires = "judge_command", value_parser = seconds)]
    pub judge_timeout: f64,
    /// Do not mask personal data in the report, nor in what the judge is given; recorded
    #[arg(long)]
    pub unmasked: bool,
    /// Use the sealed test split of the dataset as well, for this reason; recorded
    #[arg(long, value_name = "REASON")]
    pub open_test: Option<String>,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
}

/// What else `gate` does.
#[derive(Debug, Subcommand)]
pub enum GateCommand {
    /// Print a workflow that runs the gate on every change
    Init {
        /// For which service
        #[arg(value_enum, default_value_t = Service::Github)]
        service: Service,
    },
}

/// Services that run workflows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Service {
    /// GitHub Actions
    Github,
    /// GitLab CI
    Gitlab,
}

/// Arguments of `request`.
#[derive(Debug, Args)]
pub struct RequestArguments {
    /// Its id, a unique beginning of it, or its name in the source
    pub conversation: String,
    /// The step: its number, or a span id
    #[arg(long, value_name = "N|SPAN")]
    pub step: String,
    /// Do not mask personal data; recorded
    #[arg(long)]
    pub unmasked: bool,
}
