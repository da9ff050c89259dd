//! Arguments of the commands over what is stored: search, conflicts, segments.
//!
//! Invariant: orders are those of `list`, and two more that only a search knows.

use clap::{Args, Subcommand, ValueEnum};

use super::{OrderName, Pool};
use crate::store::FoundOrder;

/// Arguments of `adjudicate`.
#[derive(Debug, Args)]
pub struct AdjudicateArguments {
    /// The conversation whose labels differ; without it, all of them are listed
    pub conversation: Option<String>,
    /// Take this label: its letter, or the reviewer's name
    #[arg(long, value_name = "LETTER|NAME", requires = "reason")]
    pub take: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT", requires = "take")]
    pub reason: Option<String>,
    /// Print it as JSON
    #[arg(long)]
    pub json: bool,
    /// Do not mask personal data; recorded
    #[arg(long)]
    pub unmasked: bool,
}

/// Arguments of `search`.
#[derive(Debug, Args)]
pub struct SearchArguments {
    /// Words, all of which have to stand in a conversation: in what was said, in arguments, in results. "several words" in
    /// quotes stand together, refu* is the beginning of a word. Letter case and accents do not count
    #[arg(value_name = "QUERY", required = true)]
    pub words: Vec<String>,
    /// Which conversations
    #[command(flatten)]
    pub pool: Pool,
    /// Which conversations come first
    #[arg(long, value_enum, default_value_t = FoundOrderName::Latest)]
    pub order: FoundOrderName,
    /// At most so many hits
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub limit: usize,
    /// At most so many steps of one conversation, those with most of the words first
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub steps: usize,
    /// One JSON object a hit
    #[arg(long)]
    pub json: bool,
    /// Do not mask personal data; recorded
    #[arg(long)]
    pub unmasked: bool,
}

/// The names of orders of what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FoundOrderName {
    /// Stored last first; the same speed however much is found
    Latest,
    /// Where the words weigh most first
    Relevance,
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

impl FoundOrderName {
    /// What the store calls it.
    pub fn order(self) -> FoundOrder {
        let queue = match self {
            Self::Latest => return FoundOrder::Latest,
            Self::Relevance => return FoundOrder::Relevance,
            Self::Suspicion => OrderName::Suspicion,
            Self::Newest => OrderName::Newest,
            Self::Oldest => OrderName::Oldest,
            Self::Longest => OrderName::Longest,
            Self::Unjudged => OrderName::Unjudged,
        };
        FoundOrder::Queue(queue.order())
    }
}

/// Arguments of `conflicts`.
#[derive(Debug, Args)]
pub struct ConflictsArguments {
    /// What to do; nothing lists them
    #[command(subcommand)]
    pub command: Option<ConflictsCommand>,
    /// Also those that were settled
    #[arg(long)]
    pub all: bool,
    /// One JSON object a line
    #[arg(long, global = true)]
    pub json: bool,
    /// Do not mask personal data; recorded
    #[arg(long, global = true)]
    pub unmasked: bool,
}

/// What to do with texts that were set aside.
#[derive(Debug, Subcommand)]
pub enum ConflictsCommand {
    /// Show where the stored text and the one that was set aside differ
    Show {
        /// The conversation; where several texts of it were set aside, CONVERSATION/TEXT as the list has it
        #[arg(value_name = "ID")]
        id: String,
    },
    /// List journal lines that a merge set aside: another copy of an event, with other bytes
    Lines,
    /// Say that the stored event stands, and the line that was set aside does not; recorded
    KeepStored {
        /// The line, by the beginning of its name in the list
        #[arg(value_name = "LINE")]
        line: String,
    },
    /// Keep one of the two texts; recorded. The other one stays set aside, so that this can be turned around
    #[command(group = clap::ArgGroup::new("which").required(true))]
    Keep {
        /// The conversation; where several texts of it were set aside, CONVERSATION/TEXT as the list has it
        #[arg(value_name = "ID")]
        id: String,
        /// Keep the stored text
        #[arg(long, group = "which")]
        ours: bool,
        /// Keep the text that was set aside; labels on the stored one show that they judged another text
        #[arg(long, group = "which")]
        theirs: bool,
    },
}

/// Arguments of `segments`.
#[derive(Debug, Args)]
pub struct SegmentsArguments {
    /// What to do; nothing shows what was found
    #[command(subcommand)]
    pub command: Option<SegmentsCommand>,
    /// One JSON object a line
    #[arg(long, global = true)]
    pub json: bool,
    /// Values shown of each segment at most
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: usize,
}

/// What to do with the rules for segments.
#[derive(Debug, Subcommand)]
pub enum SegmentsCommand {
    /// Write a segments.toml to start from into the workspace; one that is there is left alone
    Init,
    /// Apply segments.toml to everything that is stored
    Apply,
}
