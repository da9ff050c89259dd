//! The arguments, as clap reads them and help shows them.
//!
//! Invariant: value lists come from the tables they stand for (formats, packs), so that help cannot lag behind.

#![allow(clippy::struct_excessive_bools, reason = "flags are what they are on a command line")]
#![allow(clippy::doc_markdown, reason = "these comments are the help text, where backticks would be shown")]

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args as ClapArgs, CommandFactory as _, Parser, Subcommand, ValueEnum};

use crate::config::packs::packs;
use crate::dataset::EXPORTERS;
use crate::ingest::Format;
use crate::model::queue::QueueOrder;

/// Where options of every command stand in help.
const GLOBAL: &str = "Global options";

/// Review what customer-service agents did, say what went wrong and where, and keep it as data.
#[derive(Debug, Parser)]
#[command(
    name = "aftercall",
    version,
    max_term_width = 100,
    after_help = "Without a command the screen opens on the workspace. Data goes to standard output, talk to standard error.\n\
                  Exit codes: 0 ok, 1 error, 2 usage, 3 partly (some skipped), 4 refused, 5 busy, 6 no space or I/O,\n\
                  7 damaged, 8 a check found something.",
    disable_help_subcommand = true
)]
pub struct Args {
    /// The workspace's folder [default: $AFTERCALL_WORKSPACE, else "aftercall/workspace" in the data folder].
    #[arg(long, global = true, value_name = "DIR", help_heading = GLOBAL)]
    pub workspace: Option<PathBuf>,
    /// Who judges [default: from config.toml, else $USER].
    #[arg(long, global = true, value_name = "NAME", help_heading = GLOBAL)]
    pub reviewer: Option<String>,
    /// Say nothing but errors.
    #[arg(long, short, global = true, help_heading = GLOBAL)]
    pub quiet: bool,
    /// Use no colour (as NO_COLOR does).
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub no_color: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open the screen at a queue (a filter) or at a conversation.
    Review {
        /// A filter, or a conversation's id or name.
        #[arg(value_name = "QUEUE|CONVERSATION")]
        what: Option<String>,
    },
    /// Open the screen on sample conversations of an invented shop; labels made there are kept.
    Demo {
        /// Start over; the old demo workspace is kept under another name.
        #[arg(long)]
        fresh: bool,
    },
    /// Import trace files and transcripts; importing again changes nothing.
    Import(ImportArgs),
    /// Judge a conversation.
    Label(Box<LabelArgs>),
    /// Take back your last act, of any session.
    Undo,
    /// Bring back what you last undid.
    Redo,
    /// List conversations.
    List(ListArgs),
    /// Show one conversation: transcript, spans, scores, labels.
    Show(ShowArgs),
    /// List what people did: the event log.
    Events(EventsArgs),
    /// Write datasets from settled labels.
    Export(ExportArgs),
    /// List and change failure modes.
    Codebook {
        /// What to do; without it, list.
        #[command(subcommand)]
        command: Option<CodebookCommand>,
    },
    /// List the tools that agents were offered and what a call of each does.
    Tools {
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Check that the two copies of every label agree and hold together.
    Verify {
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Make one copy of the labels anew from the other.
    Rebuild {
        /// Which copy to make.
        #[arg(value_enum)]
        what: RebuildWhat,
    },
    /// List the formats that can be read, or written.
    Formats(FormatsArgs),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    Man,
}

/// Arguments of `import`.
#[derive(Debug, ClapArgs)]
pub struct ImportArgs {
    /// Files and folders; plain, gzip or zstd.
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// The form of the files.
    #[arg(long, value_enum, default_value_t = ImportFormat::Auto)]
    pub format: ImportFormat,
    /// A tool list: names, JSON Schemas, effects (`x-effect`).
    #[arg(long, value_name = "FILE")]
    pub tools: Option<PathBuf>,
    /// The namespace of the conversations [default: the service or project of spans, the file's name of transcripts].
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
    /// Print the report as one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// The forms that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ImportFormat {
    /// Judge every record by its content.
    Auto,
    /// OpenTelemetry spans and log records as OTLP/JSON lines (traceAI, OpenInference, OTel GenAI).
    Otlp,
    /// OpenAI chat transcripts, one JSON object a line.
    Openai,
    /// Results of tau-bench.
    Tau,
}

impl From<ImportFormat> for Format {
    fn from(format: ImportFormat) -> Self {
        match format {
            ImportFormat::Auto => Self::Auto,
            ImportFormat::Otlp => Self::Otlp,
            ImportFormat::Openai => Self::OpenAi,
            ImportFormat::Tau => Self::Tau,
        }
    }
}

/// Arguments of `label`.
#[derive(Debug, ClapArgs)]
#[command(group(clap::ArgGroup::new("verdict").required(true).args(["pass", "fail", "unsure", "skip"])))]
pub struct LabelArgs {
    /// Its id, a unique beginning of it, or its name in its source.
    pub conversation: String,
    /// The agent did what it should.
    #[arg(long)]
    pub pass: bool,
    /// It did not; says where with --step or --no-step.
    #[arg(long)]
    pub fail: bool,
    /// Cannot be told from what is there.
    #[arg(long)]
    pub unsure: bool,
    /// Put it off, without a verdict.
    #[arg(long, conflicts_with_all = ["mode", "step", "no_step", "severity", "note", "tool", "no_call", "ask", "hand_off", "reply"])]
    pub skip: bool,
    /// A failure mode, by key or name; a new name makes a new mode.
    #[arg(long, value_name = "MODE")]
    pub mode: Vec<String>,
    /// The first failing step, by number or span id; also the step that is corrected.
    #[arg(long, value_name = "N|SPAN", conflicts_with = "no_step")]
    pub step: Option<String>,
    /// It failed at no single step.
    #[arg(long)]
    pub no_step: bool,
    /// 1 cosmetic, 2 annoying, 3 harmful, 4 critical.
    #[arg(long, value_name = "1..4", value_parser = clap::value_parser!(u8).range(1..=4))]
    pub severity: Option<u8>,
    /// A note on the conversation.
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
    /// The tool that was right at the step.
    #[arg(long, value_name = "NAME", requires = "step", conflicts_with_all = ["no_call", "ask", "hand_off", "reply"])]
    pub tool: Option<String>,
    /// Its arguments, a JSON object.
    #[arg(long, value_name = "JSON", requires = "tool")]
    pub args: Option<String>,
    /// Another acceptable call: arguments for the same tool, or {"tool": …, "arguments": …}.
    #[arg(long, value_name = "JSON", requires = "tool")]
    pub also: Vec<String>,
    /// No tool should have been called at the step.
    #[arg(long, requires = "step", conflicts_with_all = ["ask", "hand_off"])]
    pub no_call: bool,
    /// The question that should have been asked at the step.
    #[arg(long, value_name = "TEXT", requires = "step", conflicts_with_all = ["hand_off", "reply"])]
    pub ask: Option<String>,
    /// Why it should have been handed over at the step; --reply gives the words.
    #[arg(long, value_name = "REASON", requires = "step")]
    pub hand_off: Option<String>,
    /// What should have been said at the step.
    #[arg(long, value_name = "TEXT", requires = "step")]
    pub reply: Option<String>,
    /// What follows the corrected step would still stand.
    #[arg(long)]
    pub remainder_valid: bool,
}

/// Arguments of `list`.
#[derive(Debug, ClapArgs)]
pub struct ListArgs {
    /// Only those that match, as in: verdict:none score.helpfulness<0.5
    #[arg(long = "where", value_name = "FILTER", default_value = "", hide_default_value = true)]
    pub filter: String,
    /// Only those that hold these words.
    #[arg(long, value_name = "WORDS", default_value = "", hide_default_value = true)]
    pub find: String,
    /// How they are ordered.
    #[arg(long, value_enum, default_value_t = Order::Suspicion)]
    pub order: Order,
    /// At most so many.
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// One JSON object a line.
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// Comma-separated values.
    #[arg(long)]
    pub csv: bool,
    /// Leave personal data as it is; recorded.
    #[arg(long)]
    pub unmasked: bool,
}

/// How a list is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Order {
    /// Failed and low-rank scores first.
    Suspicion,
    /// Latest first.
    Newest,
    /// Earliest first.
    Oldest,
    /// Most steps first.
    Longest,
    /// Those you have not judged first.
    Unjudged,
}

impl From<Order> for QueueOrder {
    fn from(order: Order) -> Self {
        match order {
            Order::Suspicion => Self::Suspicion,
            Order::Newest => Self::Newest,
            Order::Oldest => Self::Oldest,
            Order::Longest => Self::Longest,
            Order::Unjudged => Self::Unjudged,
        }
    }
}

/// Arguments of `show`.
#[derive(Debug, ClapArgs)]
pub struct ShowArgs {
    /// Its id, a unique beginning of it, or its name in its source.
    pub conversation: String,
    /// One JSON object with everything.
    #[arg(long)]
    pub json: bool,
    /// Leave personal data as it is; recorded.
    #[arg(long)]
    pub unmasked: bool,
}

/// Arguments of `events`.
#[derive(Debug, ClapArgs)]
pub struct EventsArgs {
    /// Only those about this conversation.
    pub conversation: Option<String>,
    /// One JSON object a line.
    #[arg(long)]
    pub json: bool,
    /// Leave personal data as it is; recorded.
    #[arg(long)]
    pub unmasked: bool,
}

/// Arguments of `export`.
#[derive(Debug, ClapArgs)]
pub struct ExportArgs {
    /// A folder for the files; nothing in it is overwritten.
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// What to write; several separated by commas.
    #[arg(long, required = true, value_delimiter = ',', value_name = "F[,F…]", value_parser = export_formats())]
    pub format: Vec<String>,
    /// Only conversations that match.
    #[arg(long = "where", value_name = "FILTER", default_value = "", hide_default_value = true)]
    pub filter: String,
    /// Write personal data as it is, for this reason; recorded.
    #[arg(long, value_name = "REASON")]
    pub keep_personal_data: Option<String>,
    /// Say what would be written, and write nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Print the manifest.
    #[arg(long)]
    pub json: bool,
}

fn export_formats() -> PossibleValuesParser {
    PossibleValuesParser::new(EXPORTERS.iter().map(|exporter| exporter.name()))
}

/// What to do with the codebook.
#[derive(Debug, Subcommand)]
pub enum CodebookCommand {
    /// List the failure modes in use.
    List {
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Add a failure mode.
    Add {
        /// What it is called.
        name: String,
        /// What counts as one.
        #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
        description: String,
    },
    /// Call a failure mode something else.
    Rename {
        /// The mode, by key or name.
        mode: String,
        /// Its new name.
        name: String,
    },
    /// Count the labels of one mode as another from now on.
    Merge {
        /// The mode that goes.
        from: String,
        /// The mode that stays.
        into: String,
    },
    /// Load a ready-made codebook.
    Load {
        /// Its name.
        #[arg(value_parser = PossibleValuesParser::new(packs().iter().map(|pack| pack.name.as_str())))]
        pack: String,
    },
    /// List the ready-made codebooks.
    Packs,
}

/// Which copy of the labels is made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RebuildWhat {
    /// The database's labels, from the journals; conversations have to be imported again.
    Database,
    /// This device's journals, from the database.
    Journals,
    /// The tables that hold what the events add up to.
    Projection,
}

/// Arguments of `formats`.
#[derive(Debug, ClapArgs)]
pub struct FormatsArgs {
    /// Those that can be written.
    #[arg(long)]
    pub export: bool,
}

/// The whole command line, for completions and the manual page.
pub fn command() -> clap::Command {
    Args::command()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_arguments_hold_together() {
        super::command().debug_assert();
    }
}
