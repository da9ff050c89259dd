//! Arguments of `report`.
//!
//! Invariant: without any, the newest week in which a conversation began is reported on, as Markdown.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use super::Pool;
use crate::ops::report::Form;

const AFTER: &str = "\
    aftercall report --week W47 --format html --out week-47.html
    aftercall report --session W47 --format html --out session-w47.html
    aftercall report --from 2026-11-01 --to 2026-11-30 --where channel:chat --json

Conversations belong to the week in which they began, in UTC; those without a date of
their own to the one in which they were imported. Rates of failure rest
on conversations that were drawn by lot for an audit; without one they are left out.
The same workspace gives the same bytes. Targets come from targets.toml in the
workspace: [[target]] metric = \"resolution\", at_least = 0.8, where = \"channel:chat\".";

/// Arguments of `report`.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub struct ReportArguments {
    /// An ISO week, such as W47 or 2026-W47, or a session, for the week in which it began [default: the newest week in
    /// which a conversation began]
    #[arg(long, value_name = "WEEK", conflicts_with_all = ["from", "to"])]
    pub week: Option<String>,
    /// What this session judged, in place of a week: by name or id
    #[arg(long, value_name = "NAME", conflicts_with_all = ["week", "from", "to"])]
    pub session: Option<String>,
    /// From this day on, such as 2026-11-16
    #[arg(long, value_name = "DAY", requires = "to")]
    pub from: Option<String>,
    /// To this day, included
    #[arg(long, value_name = "DAY", requires = "from")]
    pub to: Option<String>,
    /// Which conversations
    #[command(flatten)]
    pub pool: Pool,
    /// The queue whose audit counts [default: per week the one with most audit labels of that week, of
    /// those that draw from all conversations]
    #[arg(long, value_name = "NAME")]
    pub queue: Option<String>,
    /// How it is written
    #[arg(long, value_enum, default_value_t = FormName::Md)]
    pub format: FormName,
    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// Write a new file, in place of standard output
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub out: Option<PathBuf>,
    /// Do not mask personal data; recorded
    #[arg(long)]
    pub unmasked: bool,
}

/// The names of forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FormName {
    /// Markdown, for a pull request or a wiki
    Md,
    /// One file for a browser, with charts
    Html,
    /// One JSON object
    Json,
}

impl From<FormName> for Form {
    fn from(name: FormName) -> Self {
        match name {
            FormName::Md => Self::Markdown,
            FormName::Html => Self::Html,
            FormName::Json => Self::Json,
        }
    }
}
