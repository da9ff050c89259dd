//! Arguments of the commands about orders of queues.
//!
//! Invariant: names of strategies come from their table.

use clap::Args;

use super::Pool;
use crate::rank::audit::AuditShare;
use crate::rank::strategy::Strategy;

const AFTER_SIMULATE: &str = "\
Each seed draws a pool of conversations whose outcome is known and labels it to the end in the
order each strategy asks for, one label at a time, through the ranker that orders queues. The
outcome is told only after a conversation was served. What a strategy leaves out follows at
random; of more than 1000 conversations a pool holds 1000 at random.

gain: 0 is a random order, 1 the best possible one. recall@20%: failures found with a fifth of
the labels. labels/80%: the share of labels it takes to find 80 % of failures. naive: how far the
share of failures among labels is off the true rate, which is why it is never called a rate;
audit: how far the rate from the audit list is off, and how often its 95 % interval holds the
true one. held out: how well what was learnt tells failures (AUROC) in groups of conversations
it never saw; \"learnt without prior\" learns from labels without the built-in estimate of
P(fail). Behind +- is half of the 95 % interval over seeds.

A queue with a size holds still: it is drawn at its start and anew after each twenty verdicts.
--redraw 20 tells what that costs: \"learnt by 20\" learns after each twenty labels only.";

/// Arguments of `simulate`.
#[derive(Debug, Args)]
#[command(after_help = AFTER_SIMULATE)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag that may be typed")]
pub struct SimulateArguments {
    /// The outcome or attribute that says how it went, such as reward, csat or reopened; `verdict` for labels
    #[arg(long, value_name = "ATTRIBUTE")]
    pub truth: String,
    /// How many pools to draw
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub seeds: u32,
    /// Which conversations
    #[command(flatten)]
    pub pool: Pool,
    /// The share of labels that goes to the audit list, 0 to 1
    #[arg(long, value_name = "SHARE", default_value = "0.2", value_parser = share)]
    pub audit: AuditShare,
    /// Strategies to compare, joined by commas; a random order is always among them [default: learnt]
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = strategy)]
    pub strategies: Vec<Strategy>,
    /// Labels after which rates are looked at
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub labels: usize,
    /// Also drawn anew after each N labels only, as a queue with a size is (20); several joined by commas
    #[arg(long, value_name = "N", value_delimiter = ',', value_parser = clap::value_parser!(u16).range(1..=200))]
    pub redraw: Vec<u16>,
    /// A pool is all that went well, and so many failures at random that they make up this share
    #[arg(long, value_name = "SHARE", value_parser = failure_share, conflicts_with = "one_per_group")]
    pub failure_share: Option<f64>,
    /// A pool is one conversation of each group [default: three quarters of the groups, the others held out]
    #[arg(long)]
    pub one_per_group: bool,
    /// As if no expected calls were known
    #[arg(long)]
    pub without_expected: bool,
    /// A number below this is a failure [default: 0.5]
    #[arg(long, value_name = "NUMBER")]
    pub below: Option<f64>,
    /// Read it the other way round: what would be a success is a failure
    #[arg(long)]
    pub inverted: bool,
    /// The attribute that names conversations which are not independent [default: task_id, else the name up to its last slash]
    #[arg(long, value_name = "ATTRIBUTE")]
    pub group: Option<String>,
    /// Print the table as JSON
    #[arg(long)]
    pub json: bool,
}

fn share(text: &str) -> Result<AuditShare, String> {
    text.parse().ok().and_then(AuditShare::of).ok_or_else(|| "a share from 0 to 1, such as 0.2".to_owned())
}

fn failure_share(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|share| (0.001..=0.999).contains(share))
        .ok_or_else(|| "a share between 0 and 1, such as 0.15".to_owned())
}

fn strategy(text: &str) -> Result<Strategy, String> {
    let found: Strategy = text.parse().map_err(|error: crate::rank::strategy::UnknownStrategy| error.to_string())?;
    if found.is_again() {
        return Err(format!("{found} orders conversations that are labelled already, so there is nothing to replay"));
    }
    Ok(found)
}

/// Arguments of `strategies`.
#[derive(Debug, Args)]
pub struct StrategiesArguments {
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
}
