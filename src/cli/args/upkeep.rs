//! Arguments of the commands that look after a workspace: codebook, tools, verify, rebuild, merge.
//!
//! Invariant: plain values; what they mean is decided where a command is carried out.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand, ValueEnum, ValueHint};

use crate::config::packs;
use crate::ops::verify::Rebuild;

/// Arguments of `codebook`.
#[derive(Debug, Args)]
pub struct CodebookArguments {
    /// What to do; lists where it is left out
    #[command(subcommand)]
    pub command: Option<CodebookCommand>,
}

/// What to do with the codebook.
#[derive(Debug, Subcommand)]
pub enum CodebookCommand {
    /// List the failure modes in use
    List {
        /// As one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Add a failure mode
    Add {
        /// Its name; its key is made from it
        name: String,
        /// What counts as one
        #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
        description: String,
    },
    /// Give a failure mode another name; its key stays
    Rename {
        /// Its key or name
        mode: String,
        /// Its new name
        name: String,
    },
    /// Count one failure mode as another from now on
    Merge {
        /// The mode that goes
        from: String,
        /// The mode that stays
        into: String,
    },
    /// List the ready-made codebooks
    Packs,
    /// Add the modes of a ready-made codebook
    Load {
        /// Its name
        #[arg(value_parser = PossibleValuesParser::new(packs::packs().iter().map(|pack| pack.name.as_str())))]
        pack: String,
    },
}

/// Arguments of `tools`.
#[derive(Debug, Args)]
pub struct ToolsArguments {
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub struct VerifyArguments {
    /// Print the findings as JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `merge`.
#[derive(Debug, Args)]
pub struct MergeArguments {
    /// Workspaces, their `journal` folders, or folders of these; they are only read
    #[arg(required = true, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub folders: Vec<PathBuf>,
    /// Print what was done as JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `sync`.
#[derive(Debug, Args)]
pub struct SyncArguments {
    /// A folder that all reviewers reach: a shared drive, a git work tree, a mounted bucket; made where it is missing
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub folder: PathBuf,
    /// Print what was done as JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `rebuild`.
#[derive(Debug, Args)]
pub struct RebuildArguments {
    /// What to make anew [default: database]
    #[arg(value_enum)]
    pub what: Option<RebuildName>,
    /// The copy to trust: `journal` makes the database's labels anew, `database` the journals
    #[arg(long, value_enum, value_name = "COPY", conflicts_with = "what")]
    pub from: Option<CopyName>,
    /// Print what was done as JSON
    #[arg(long)]
    pub json: bool,
}

/// What can be rebuilt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RebuildName {
    /// The database's labels, from the journals
    Database,
    /// The journals, from the database
    Journals,
    /// The tables that hold what the labels add up to
    Projection,
}

/// The two copies of the labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CopyName {
    /// The journals
    Journal,
    /// The database
    Database,
}

impl RebuildArguments {
    /// What was asked for.
    pub fn rebuild(&self) -> Rebuild {
        match (self.what, self.from) {
            (Some(RebuildName::Journals), _) | (None, Some(CopyName::Database)) => Rebuild::Journals,
            (Some(RebuildName::Projection), _) => Rebuild::Projection,
            _ => Rebuild::Database,
        }
    }
}
