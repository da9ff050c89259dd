//! Arguments of `calibration` and `team`.
//!
//! Invariant: nothing here shows what others said before it may be seen; the commands behind it see to that.

use clap::{Args, Subcommand};

use super::Pool;

const AFTER_CALIBRATION: &str = "\
    aftercall calibration start week-47 --size 8 --reviewers 3
    aftercall review week-47          # everybody judges the same, alone
    aftercall calibration show week-47
    aftercall codebook rename wrong-tool 'Wrong tool or none'

Cases are those that agent, evaluators and labels are least sure of and nobody
judged. What others said stays hidden until all are done, or a person reveals it.
The report is what was said at that moment, whatever is said later.";

/// Arguments of `calibration`.
#[derive(Debug, Args)]
#[command(after_help = AFTER_CALIBRATION)]
pub struct CalibrationArguments {
    /// What to do; lists where it is left out
    #[command(subcommand)]
    pub command: Option<CalibrationCommand>,
}

/// What to do with calibrations.
#[derive(Debug, Subcommand)]
pub enum CalibrationCommand {
    /// Choose ambiguous conversations for several people to judge alone
    Start(StartArguments),
    /// List the calibrations, and how far each is
    List {
        /// One JSON object a calibration
        #[arg(long)]
        json: bool,
    },
    /// Show how far one is; once it is revealed, by question how far people agree, and who said what
    Show {
        /// Its name
        name: String,
        /// One JSON object
        #[arg(long)]
        json: bool,
        /// Do not mask personal data; recorded
        #[arg(long)]
        unmasked: bool,
    },
    /// Show to everybody what was said, though not all are done; recorded
    Reveal {
        /// Its name
        name: String,
    },
}

/// Arguments of `calibration start`.
#[derive(Debug, Args)]
pub struct StartArguments {
    /// Its name: small letters, digits, - and _
    pub name: String,
    /// How many conversations
    #[arg(long, value_name = "K", default_value_t = 8)]
    pub size: u32,
    /// How many people judge each
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub reviewers: u32,
    /// What to choose from
    #[command(flatten)]
    pub pool: Pool,
}

const AFTER_TEAM: &str = "\
Pace is the median time between verdicts, pauses above five minutes left out. Drift
compares the earlier half of somebody's verdicts with the later one: it may be the
reviewer, or what came. Conversations that come up again (the strategy relabel) tell
how somebody agrees with themselves.";

/// Arguments of `team`.
#[derive(Debug, Args)]
#[command(after_help = AFTER_TEAM)]
pub struct TeamArguments {
    /// Everybody's figures, not only your own; recorded
    #[arg(long)]
    pub everyone: bool,
    /// One JSON object
    #[arg(long)]
    pub json: bool,
}
