//! Arguments of `queue`.
//!
//! Invariant: what chooses conversations is spelled the same in every command; names of strategies come from their table.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};

use super::Pool;
use crate::model::id::ConversationId;
use crate::model::queue::{MustReview, QueueSpec};
use crate::rank::strategy::{STRATEGIES, Strategy};

/// Arguments of `queue`.
#[derive(Debug, Args)]
pub struct QueueArguments {
    /// What to do; lists where it is left out
    #[command(subcommand)]
    pub command: Option<QueueCommand>,
}

/// What to do with queues.
#[derive(Debug, Subcommand)]
pub enum QueueCommand {
    /// Define a queue; the same definition again adds nothing
    New(Box<NewArguments>),
    /// List the queues, and how far each is
    List {
        /// One JSON object a queue
        #[arg(long)]
        json: bool,
    },
    /// Show how far a queue is, what was judged in it and what comes next, and why
    Show(ShowQueueArguments),
    /// Take the next conversation of a queue: print its id, and hold it for a while where the queue is shared
    Next {
        /// Its name
        name: String,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Give a conversation back that you hold, without a verdict
    Release {
        /// Its id, a unique beginning of it, or its name in the source
        conversation: String,
    },
    /// Remove a queue; labels given in it stay
    Remove {
        /// Its name
        name: String,
        /// Print the outcome as JSON
        #[arg(long)]
        json: bool,
    },
}

/// Arguments of `queue show`.
#[derive(Debug, Args)]
pub struct ShowQueueArguments {
    /// Its name
    pub name: String,
    /// At most so many of those still to be judged
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: usize,
    /// One JSON object: the queue, and its rows in order
    #[arg(long)]
    pub json: bool,
    /// Do not mask personal data; recorded
    #[arg(long)]
    pub unmasked: bool,
}

const AFTER_NEW: &str = "Periods such as last-week in --where mean those of today for good.";

/// Arguments of `queue new`.
#[derive(Debug, Args)]
#[command(after_help = AFTER_NEW)]
pub struct NewArguments {
    /// Its name: small letters, digits, - and _
    pub name: String,
    /// Which conversations
    #[command(flatten)]
    pub pool: Pool,
    /// Only these, in this order: a file with an id or a name of a conversation on each line, - for standard input
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub ids: Option<PathBuf>,
    /// How they are ordered; `aftercall strategies` explains them [default: learnt; manual with --ids]
    #[arg(
        long,
        value_name = "STRATEGY",
        value_parser = PossibleValuesParser::new(STRATEGIES.map(|info| info.name))
    )]
    pub strategy: Option<String>,
    /// Of every draw: the same seed over the same workspace gives the same order
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// How many conversations are to be judged [default: all]
    #[arg(long, value_name = "N")]
    pub size: Option<u32>,
    /// The share of judgements that is drawn by lot; only these tell how often the agent fails [default: 0.2; 1 for random,
    /// 0 for manual, flagged and what was labelled before]
    #[arg(long, value_name = "SHARE")]
    pub audit: Option<f64>,
    /// Let the values of a segment take turns: intent, channel, tier, language or agent_version
    #[arg(long, value_name = "SEGMENT")]
    pub per_segment: Option<String>,
    /// How many people judge each conversation [default: 1]. Saying it, even 1, makes the queue one to share: who opens a
    /// conversation holds it for a while, and from 2 on nobody sees what others said before they have judged it too
    #[arg(long, value_name = "N")]
    pub reviewers_per_item: Option<u32>,
    /// Hide scores until the verdict on every row, not on audit rows only
    #[arg(long)]
    pub blind: bool,
    /// Say what it would take, and define nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print the definition and its counts as JSON
    #[arg(long)]
    pub json: bool,
}

impl NewArguments {
    /// The definition, with the rules of the configuration; `listed` are the ids of the list, where there is one.
    pub fn spec(
        &self,
        (must_review, claim_minutes): (MustReview, u32),
        listed: Option<&[ConversationId]>,
    ) -> QueueSpec {
        let usual = if listed.is_some() { Strategy::Manual } else { Strategy::default() };
        let strategy = self.strategy.clone().unwrap_or_else(|| usual.to_string());
        let share = match strategy.parse() {
            Ok(Strategy::Random) => 1.0,
            Ok(known) if !Strategy::has_audit(known) => 0.0,
            _ => 0.2,
        };
        let filter = self.pool.filter.trim();
        let ids =
            listed.map(|ids| format!("id:{}", ids.iter().map(ConversationId::as_str).collect::<Vec<_>>().join(",")));
        QueueSpec {
            name: self.name.clone(),
            filter: match ids {
                None => filter.to_owned(),
                Some(ids) if filter.is_empty() => ids,
                Some(ids) => format!("{ids} ({filter})"),
            },
            strategy,
            seed: self.seed,
            size: self.size,
            audit: self.audit.unwrap_or(share),
            per_segment: self.per_segment.clone(),
            reviewers_per_item: self.reviewers_per_item.unwrap_or(1),
            blind: self.blind,
            claim_minutes: if self.reviewers_per_item.is_some() { claim_minutes } else { 0 },
            calibration: None,
            must_review,
        }
    }
}
