//! Arguments of `dataset` and `export`.
//!
//! Invariant: what chooses conversations is spelled the same in every command.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand, ValueEnum, ValueHint};

use super::Pool;
use crate::dataset::format_names;
use crate::model::dataset::Kind;

/// Arguments of `dataset`.
#[derive(Debug, Args)]
pub struct DatasetArguments {
    /// What to do; lists where it is left out
    #[command(subcommand)]
    pub command: Option<DatasetCommand>,
}

/// What to do with datasets.
#[derive(Debug, Subcommand)]
pub enum DatasetCommand {
    /// Make a dataset from settled labels, split into train, dev and test
    New {
        /// Its name: small letters, digits, - and _
        name: String,
        /// Which conversations
        #[command(flatten)]
        pool: Pool,
        /// Which verdicts it takes
        #[arg(long, value_enum, default_value_t = KindName::Both)]
        kind: KindName,
        /// Print the version as JSON
        #[arg(long)]
        json: bool,
    },
    /// Make its next version, with more conversations or newer labels
    Add(ChangeArguments),
    /// Make its next version, without these conversations
    Remove(ChangeArguments),
    /// Show a version: where its rows come from, who said so, and in which split they are
    Show {
        /// NAME, NAME@VERSION or NAME@TAG
        dataset: String,
        /// Show the rows of the test split as well, for this reason; recorded
        #[arg(long, value_name = "REASON")]
        open_test: Option<String>,
        /// Print the version as JSON
        #[arg(long)]
        json: bool,
    },
    /// Say how two versions differ: added, removed and changed rows
    Diff {
        /// Its name
        name: String,
        /// A version or tag
        from: String,
        /// Another
        to: String,
        /// Print the difference as JSON
        #[arg(long)]
        json: bool,
    },
    /// Give a version a name
    Tag {
        /// NAME or NAME@VERSION
        dataset: String,
        /// The tag; one that is there already moves
        tag: String,
        /// Print what was done as JSON
        #[arg(long)]
        json: bool,
    },
    /// List the datasets
    List {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
}

/// Arguments of `dataset add` and `dataset remove`.
#[derive(Debug, Args)]
pub struct ChangeArguments {
    /// Its name
    pub name: String,
    /// Conversations: ids, unique beginnings of them, or names in the source
    #[arg(value_name = "CONVERSATION", required_unless_present = "filter")]
    pub conversations: Vec<String>,
    /// All that match instead; see `aftercall filters`
    #[arg(long = "where", value_name = "FILTER", conflicts_with = "conversations", allow_hyphen_values = true)]
    pub filter: Option<String>,
    /// Print the version as JSON
    #[arg(long)]
    pub json: bool,
}

/// The names of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KindName {
    /// Passes
    Good,
    /// Fails
    Bad,
    /// Passes and fails
    Both,
}

impl KindName {
    /// What the model calls it.
    pub fn kind(self) -> Kind {
        match self {
            Self::Good => Kind::Good,
            Self::Bad => Kind::Bad,
            Self::Both => Kind::Both,
        }
    }
}

/// Arguments of `export`.
#[derive(Debug, Args)]
pub struct ExportArguments {
    /// The folder to write to; made where it is not there, and nothing in it is ever overwritten
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub directory: PathBuf,
    /// What to write; several joined by commas. `aftercall formats --export` explains them
    #[arg(long, required = true, value_name = "F", value_delimiter = ',',
          value_parser = PossibleValuesParser::new(format_names()))]
    pub format: Vec<String>,
    /// Which conversations
    #[command(flatten)]
    pub pool: Pool,
    /// A version of a dataset: NAME, NAME@VERSION or NAME@TAG
    #[arg(long, value_name = "NAME[@V]", conflicts_with = "filter")]
    pub dataset: Option<String>,
    /// Write the sealed test split of the dataset as well, or what --where matches of the sealed splits of any, for this
    /// reason; recorded
    #[arg(long, value_name = "REASON")]
    pub open_test: Option<String>,
    /// Write arguments and tools of TRL's rows as JSON text, not as objects
    #[arg(long)]
    pub json_strings: bool,
    /// Write personal data as it is, for this reason; recorded
    #[arg(long, value_name = "REASON")]
    pub keep_personal_data: Option<String>,
    /// Say what would be written, and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
}
