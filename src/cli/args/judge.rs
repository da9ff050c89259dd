//! Arguments of the commands that judge without people: evaluators and policies.
//!
//! Invariant: names of evaluators come from their table.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

/// Arguments of `evaluate`.
#[derive(Debug, Args)]
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
        hide_default_value = true
    )]
    pub filter: String,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `evaluators`.
#[derive(Debug, Args)]
pub struct EvaluatorsArguments {
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `policy`.
#[derive(Debug, Args)]
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
        /// Only conversations that match; see `aftercall filters`
        #[arg(long = "where", value_name = "FILTER", default_value = "", hide_default_value = true)]
        filter: String,
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
