//! Arguments of the commands that count: rates, alignment, comparison, drift, agreement.
//!
//! Invariant: every one of them counts audit labels only, unless `--truth` says otherwise.

use clap::{Args, ValueEnum};

use super::Pool;

/// Where labels come from.
#[derive(Debug, Args)]
pub struct FromArguments {
    /// The queue whose audit counts [default: the one with most audit labels]
    #[arg(long, value_name = "NAME", conflicts_with = "truth")]
    pub queue: Option<String>,
    /// For experiments: take an imported outcome or attribute for the truth, in place of audit labels
    #[arg(long, value_name = "ATTRIBUTE")]
    pub truth: Option<String>,
    /// Which conversations
    #[command(flatten)]
    pub pool: Pool,
}

/// How it is told.
#[derive(Debug, Args)]
pub struct TellArguments {
    /// One JSON object
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// Comma-separated values with a header; a view for spreadsheets, JSON is the record
    #[arg(long)]
    pub csv: bool,
    /// Do not mask personal data; recorded
    #[arg(long)]
    pub unmasked: bool,
}

const AFTER_RATES: &str = "\
Only conversations that were drawn by lot for an audit count: what an order or a
person picked fails more often than the rest. Intervals are Wilson's at 95 %,
narrowed by the share of the pool that was judged. A segment with fewer than 8
audit labels has no rate. A star says that a segment differs from the rest
(Fisher's exact test, adjusted over all segments by Benjamini and Hochberg).";

/// Arguments of `rates`.
#[derive(Debug, Args)]
#[command(after_help = AFTER_RATES)]
pub struct RatesArguments {
    /// Apart by a segment (intent, channel, tier, language, agent_version, handled_by), outcome or attribute
    #[arg(long, value_name = "ATTRIBUTE")]
    pub by: Option<String>,
    /// Beside failures the share of an outcome or attribute that is true or false, such as escalated
    #[arg(long, value_name = "ATTRIBUTE")]
    pub outcome: Option<String>,
    /// Where labels come from
    #[command(flatten)]
    pub from: FromArguments,
    /// How it is told
    #[command(flatten)]
    pub tell: TellArguments,
}

const AFTER_ALIGNMENT: &str = "\
Positive is fail, everywhere: TPR is the share of failures caught, TNR the share
of passes let through. Labels given after scores were seen do not count here. An
evaluator that says neither pass nor fail objects from 0.5 on. A threshold misses
at most the share --miss of failures, on conversations like the labelled ones.";

/// Arguments of `alignment`.
#[derive(Debug, Args)]
#[command(after_help = AFTER_ALIGNMENT)]
pub struct AlignmentArguments {
    /// Only this evaluator, with its calibration, thresholds and corrected rates
    #[arg(value_name = "EVALUATOR")]
    pub evaluator: Option<String>,
    /// Apart by a segment (intent, channel, …), outcome or attribute
    #[arg(long, value_name = "ATTRIBUTE")]
    pub by: Option<String>,
    /// The share of failures that a threshold may miss
    #[arg(long, value_name = "SHARE", default_value_t = crate::ops::alignment::MISS, value_parser = share)]
    pub miss: f64,
    /// Where labels come from
    #[command(flatten)]
    pub from: FromArguments,
    /// How it is told
    #[command(flatten)]
    pub tell: TellArguments,
}

const AFTER_THRESHOLDS: &str = "\
Escalate a conversation where the score is at the threshold or worse. Three promises,
each for conversations like the labelled ones: with 90 % confidence at most the share
--risk of all conversations are failures that are not escalated (learn-then-test); the
same on average (conformal risk control); and on average at most the share --miss of
the failures is not escalated (split conformal). A promise that has too few labels
behind it is not made. \"Pooled\" is the threshold of all, where a segment has too few
failures of its own.";

/// Arguments of `thresholds`.
#[derive(Debug, Args)]
#[command(after_help = AFTER_THRESHOLDS)]
pub struct ThresholdsArguments {
    /// Whose scores [default: the built-in P(fail)]
    #[arg(value_name = "EVALUATOR")]
    pub evaluator: Option<String>,
    /// Apart by a segment (intent, channel, …), outcome or attribute
    #[arg(long, value_name = "ATTRIBUTE")]
    pub by: Option<String>,
    /// The share of all conversations that may be missed failures
    #[arg(long, value_name = "SHARE", default_value_t = crate::ops::alignment::RISK, value_parser = share)]
    pub risk: f64,
    /// The share of failures that may be missed
    #[arg(long, value_name = "SHARE", default_value_t = crate::ops::alignment::MISS, value_parser = share)]
    pub miss: f64,
    /// Where labels come from
    #[command(flatten)]
    pub from: FromArguments,
    /// How it is told
    #[command(flatten)]
    pub tell: TellArguments,
}

const AFTER_COMPARE: &str = "\
    aftercall compare agent_version:1.4 agent_version:1.5 --by intent
    aftercall compare when:2026-11-01..2026-11-07 when:2026-11-08..2026-11-14

Where most tasks have a labelled conversation on both sides, only those that
changed count (McNemar's exact test); where a task has several trials, whole tasks
are resampled; else Newcombe's interval and Fisher's exact test.";

/// Arguments of `compare`.
#[derive(Debug, Args)]
#[command(after_help = AFTER_COMPARE)]
pub struct CompareArguments {
    /// The first side, as a filter
    #[arg(value_name = "A", allow_hyphen_values = true)]
    pub first: String,
    /// The second side
    #[arg(value_name = "B", allow_hyphen_values = true)]
    pub second: String,
    /// Apart by a segment (intent, channel, …), outcome or attribute
    #[arg(long, value_name = "ATTRIBUTE")]
    pub by: Option<String>,
    /// The attribute that names the task of which conversations are trials [default: task_id, else the name up to its last /]
    #[arg(long, value_name = "ATTRIBUTE")]
    pub task: Option<String>,
    /// How the p values of several segments are adjusted
    #[arg(long, value_enum, default_value_t = AdjustName::Bh)]
    pub adjust: AdjustName,
    /// Where labels come from
    #[command(flatten)]
    pub from: FromArguments,
    /// How it is told
    #[command(flatten)]
    pub tell: TellArguments,
}

/// The names of adjustments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AdjustName {
    /// Benjamini and Hochberg: few of the findings are false
    Bh,
    /// Holm: hardly ever a false finding at all, for gates
    Holm,
}

const AFTER_DRIFT: &str = "\
Without filters the last import is held against all before it; with one, what
matches against everything else. An alarm takes a stability index (PSI) above .2
and p < .05, adjusted over all rows. No label is needed. Exit code 8 on an alarm.";

/// Arguments of `drift`.
#[derive(Debug, Args)]
#[command(after_help = AFTER_DRIFT)]
pub struct DriftArguments {
    /// The reference, as a filter
    #[arg(value_name = "A", allow_hyphen_values = true)]
    pub reference: Option<String>,
    /// What is held against it
    #[arg(value_name = "B", allow_hyphen_values = true)]
    pub current: Option<String>,
    /// How it is told
    #[command(flatten)]
    pub tell: TellArguments,
}

/// Arguments of `agreement`.
#[derive(Debug, Args)]
pub struct AgreementArguments {
    /// Which conversations
    #[command(flatten)]
    pub pool: Pool,
    /// How it is told
    #[command(flatten)]
    pub tell: TellArguments,
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if share > 0.0 && share < 1.0 => Ok(share),
        _ => Err("a share between 0 and 1, such as 0.2".to_owned()),
    }
}
