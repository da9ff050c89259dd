//! Arguments of `session` and `decision`.
//!
//! Invariant: words for what a decision changes come from their table.

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};

use crate::model::decision::DecisionKind;

/// Arguments of `session`.
#[derive(Debug, Args)]
pub struct SessionArguments {
    /// What to do; lists where it is left out
    #[command(subcommand)]
    pub command: Option<SessionCommand>,
}

/// What to do with sessions.
#[derive(Debug, Subcommand)]
pub enum SessionCommand {
    /// Begin a session, with a queue of its own unless one is named
    Start(StartArguments),
    /// List the sessions, and what each came to
    List {
        /// One JSON object a session
        #[arg(long)]
        json: bool,
    },
    /// Show how far a session is: agenda, pace, time left, parking lot
    Show(NamedSession),
    /// Go on with a session, or join one, and open the UI where you left
    Resume(ResumeArguments),
    /// Leave a session for now; its clock stands still
    Leave(NamedSession),
    /// End a session
    End(NamedSession),
    /// Put a conversation on the parking lot, to be talked about later
    Park(ParkArguments),
    /// Say what a session came to, and where its labels are safe
    Summary(NamedSession),
}

/// Arguments of `session start`.
#[derive(Debug, Args)]
pub struct StartArguments {
    /// What people call it, such as W47
    pub name: String,
    /// The queue it works through [default: one of its own, with as many conversations as it has minutes]
    #[arg(long, value_name = "QUEUE", conflicts_with = "no_queue")]
    pub queue: Option<String>,
    /// Work through no queue: every verdict of its people counts
    #[arg(long)]
    pub no_queue: bool,
    /// How long it is meant to take; 0 for as long as it takes
    #[arg(long, value_name = "MINUTES", default_value_t = 60, value_parser = clap::value_parser!(u32).range(0..=1440))]
    pub minutes: u32,
    /// How many conversations a queue of its own takes [default: as many as it has minutes]
    #[arg(long, value_name = "COUNT", conflicts_with_all = ["queue", "no_queue"], value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub size: Option<u32>,
    /// Who else is there. May be repeated
    #[arg(long, value_name = "NAME")]
    pub with: Vec<String>,
    /// Print the session as JSON
    #[arg(long)]
    pub json: bool,
}

/// Which session, and how it is told.
#[derive(Debug, Args)]
pub struct NamedSession {
    /// Its name or id [default: the one you are in, else the one you left last]
    pub name: Option<String>,
    /// As one JSON object
    #[arg(long)]
    pub json: bool,
    /// Do not mask personal data; recorded
    #[arg(long)]
    pub unmasked: bool,
}

/// Arguments of `session resume`.
#[derive(Debug, Args)]
pub struct ResumeArguments {
    /// Its name or id [default: the one you are in, else the one you left last]
    pub name: Option<String>,
    /// Who is there as well. May be repeated
    #[arg(long, value_name = "NAME")]
    pub with: Vec<String>,
    /// Do not open the UI
    #[arg(long)]
    pub no_ui: bool,
    /// Print the session as JSON, and do not open the UI
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `session park`.
#[derive(Debug, Args)]
pub struct ParkArguments {
    /// Its id, a unique beginning of it, or its name in the source
    pub conversation: String,
    /// Why
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub reason: String,
    /// Take it off the parking lot
    #[arg(long, conflicts_with = "reason")]
    pub done: bool,
    /// Print what was saved as JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `decision`.
#[derive(Debug, Args)]
pub struct DecisionArguments {
    /// What to do; lists what is open where it is left out
    #[command(subcommand)]
    pub command: Option<DecisionCommand>,
}

/// What to do with decisions.
#[derive(Debug, Subcommand)]
pub enum DecisionCommand {
    /// Write down what is to be changed
    Add(Box<AddDecision>),
    /// List the decisions that are open
    List {
        /// Closed ones too
        #[arg(long)]
        all: bool,
        /// One JSON object a decision
        #[arg(long)]
        json: bool,
        /// Do not mask personal data; recorded
        #[arg(long)]
        unmasked: bool,
    },
    /// Put a decision otherwise
    Edit(Box<EditDecision>),
    /// Close a decision: it is done, or no longer wanted
    Close {
        /// Its id, or a beginning of it
        id: String,
        /// Why, or how
        #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
        reason: String,
        /// Print what was saved as JSON
        #[arg(long)]
        json: bool,
    },
    /// Open a closed decision again
    Reopen {
        /// Its id, or a beginning of it
        id: String,
        /// Print what was saved as JSON
        #[arg(long)]
        json: bool,
    },
    /// Show a decision; of a closed one, whether its failure mode got rarer since
    Show {
        /// Its id, or a beginning of it
        id: String,
        /// As one JSON object
        #[arg(long)]
        json: bool,
        /// Do not mask personal data; recorded
        #[arg(long)]
        unmasked: bool,
    },
}

/// Arguments of `decision add`.
#[derive(Debug, Args)]
pub struct AddDecision {
    /// What is to be changed, in words
    pub text: String,
    /// What it changes
    #[arg(long, value_parser = PossibleValuesParser::new(DecisionKind::ALL.map(DecisionKind::word)))]
    pub kind: String,
    /// The rest of it
    #[command(flatten)]
    pub rest: DecisionRest,
}

/// Arguments of `decision edit`.
#[derive(Debug, Args)]
pub struct EditDecision {
    /// Its id, or a beginning of it
    pub id: String,
    /// What is to be changed, in words
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
    /// What it changes
    #[arg(long, value_parser = PossibleValuesParser::new(DecisionKind::ALL.map(DecisionKind::word)))]
    pub kind: Option<String>,
    /// The rest of it
    #[command(flatten)]
    pub rest: DecisionRest,
}

/// What a decision may have besides, said at once or later.
#[derive(Debug, Args)]
pub struct DecisionRest {
    /// Who sees to it; empty for nobody
    #[arg(long, value_name = "NAME")]
    pub owner: Option<String>,
    /// Until when, such as 2026-11-27; empty for no date
    #[arg(long, value_name = "DAY")]
    pub due: Option<String>,
    /// The failure mode it answers, by key or name; empty for none
    #[arg(long, value_name = "MODE")]
    pub mode: Option<String>,
    /// A conversation it answers. May be repeated
    #[arg(long = "conversation", value_name = "CONVERSATION")]
    pub conversations: Vec<String>,
    /// Print what was saved as JSON
    #[arg(long)]
    pub json: bool,
}
