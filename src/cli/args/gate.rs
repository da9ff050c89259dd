//! Arguments of `gate` and `request`.
//!
//! Invariant: a gate without a baseline and one with it are the same command.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};

/// Arguments of `gate`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
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
    /// Only runs that match; see `aftercall filters`
    #[arg(
        long = "where",
        value_name = "FILTER",
        default_value = "",
        hide_default_value = true,
        allow_hyphen_values = true
    )]
    pub filter: String,
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
    /// The share of judged cases that has to pass [default: 0.95; none with --against]
    #[arg(long, value_name = "SHARE")]
    pub min_pass: Option<f64>,
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
