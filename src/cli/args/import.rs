//! What may be typed after `aftercall import`.
//!
//! Invariant: the names of formats come from the table of the readers.

#![allow(clippy::doc_markdown, reason = "the comments here are the help texts, in which a backtick is a backtick")]

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Args, ValueHint};

use crate::ingest::{FORMATS, Format};

/// Arguments of `import`.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag that may be typed")]
pub struct ImportArguments {
    /// Files, or folders whose files are all read; plain, gzip, zstd or zip; also databases of Phoenix and MLflow; - for
    /// what is piped in. The first may be a word that says what the others hold: scores, outcomes, expected (reference calls and answers) or
    /// flags
    #[arg(required = true, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,
    /// What the files hold (see `aftercall formats`); `auto` judges each record by its content
    #[arg(long, value_name = "NAME", default_value = "auto", hide_possible_values = true, value_parser = format_names())]
    pub format: String,
    /// A TOML file that says which columns or members of your own database, CSV or JSON mean what
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["format", "follow"])]
    pub map: Option<PathBuf>,
    /// Print such a file as a start, proposed from the tables of a database; nothing is imported
    #[arg(long, conflicts_with_all = ["map", "follow"])]
    pub map_init: bool,
    /// Keep a share of the conversations, such as 5%: the same ones whenever and in whatever batch they come
    #[arg(long, value_name = "SHARE", conflicts_with = "follow")]
    pub sample: Option<String>,
    /// Keep only conversations that match a filter (see `aftercall filters`)
    #[arg(long = "where", value_name = "FILTER", conflicts_with = "follow")]
    pub condition: Option<String>,
    /// Tool schemas and effects: a JSON list of tools, or TOML lines like get_order = "read"
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub tools: Option<PathBuf>,
    /// The namespace of the conversations [default: the service's or project's name, else the file's]
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
    /// Go on reading one file as it grows and is rotated, until ctrl-c
    #[arg(long)]
    pub follow: bool,
    /// Store only: leave it to `aftercall evaluate` to judge what came
    #[arg(long, conflicts_with = "follow")]
    pub no_evaluate: bool,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
}

/// The names of import formats.
fn format_names() -> PossibleValuesParser {
    let names = FORMATS.iter().map(|info| PossibleValue::new(info.name).help(info.title).aliases(aliases(info.name)));
    PossibleValuesParser::new(std::iter::once(PossibleValue::new("auto")).chain(names))
}

/// Names that a form had in earlier versions.
fn aliases(name: &str) -> &'static [&'static str] {
    if name == "tau-bench" { &["tau"] } else { &[] }
}

/// The form that a name means.
pub fn format_named(name: &str) -> Format {
    let current = FORMATS.iter().find(|info| aliases(info.name).contains(&name)).map_or(name, |info| info.name);
    Format::named(current).unwrap_or_default()
}
