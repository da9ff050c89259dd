//! Segments of a workspace: what was found, and the rules of its `segments.toml`.
//!
//! Invariant: applying rules changes rows, never what was imported; without the file everything is as it was imported.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use crate::config::segments::{self, SegmentsError};
use crate::ingest;
use crate::model::segments::{Segment, SegmentRules};
use crate::store::StoreError;

use super::Progress;
use super::list::SCHEMA_VERSION;
use super::workspace::Workspace;

/// The file of rules within a workspace.
pub const FILE: &str = "segments.toml";

/// The rules of a workspace without a file.
const NO_RULES: &str = "none";

/// Why segments could not be read, written or applied.
#[derive(Debug, thiserror::Error)]
pub enum SegmentRulesError {
    /// The file is not understood.
    #[error("{error}")]
    Content {
        /// What is wrong, and where.
        error: SegmentsError,
    },
    /// The file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// There is a file already.
    #[error("{} is there already and was left as it is; edit it, then `aftercall segments apply`", .0.display())]
    Exists(PathBuf),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How often one value of a segment was found. The fields, their names and their order are public surface.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SegmentRow {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Which segment.
    pub segment: Segment,
    /// The value; null for conversations of which it is not known.
    pub value: Option<String>,
    /// Conversations.
    pub conversations: u64,
    /// Of all conversations, from 0 to 1.
    pub share: f64,
}

/// What a workspace's rules say, and whether its rows follow them.
#[derive(Debug)]
pub struct Overview {
    /// How often each value occurs: by segment, the most frequent first, what is not known last.
    pub rows: Vec<SegmentRow>,
    /// False where the file was changed after it was last applied.
    pub applied: bool,
}

/// What applying the rules did. The fields, their names and their order are public surface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Applied {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Conversations looked at.
    pub conversations: u64,
    /// Those whose segments changed.
    pub changed: u64,
    /// False where it was stopped; applying again goes on.
    pub finished: bool,
}

/// The rules of the workspace in `root`, and what identifies them.
fn rules(workspace: &Workspace) -> Result<(SegmentRules, String), SegmentRulesError> {
    let path = workspace.root().join(FILE);
    match fs::read_to_string(&path) {
        Ok(text) => {
            let rules = segments::parse(FILE, &text).map_err(|error| SegmentRulesError::Content { error })?;
            Ok((rules, blake3::hash(text.as_bytes()).to_hex().to_string()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Ok((SegmentRules::default(), NO_RULES.to_owned()))
        }
        Err(source) => Err(SegmentRulesError::File { path, source }),
    }
}

/// Lets what is imported from now on follow the workspace's rules.
///
/// # Errors
/// The file cannot be read, or is not understood; the rules stay as they were.
pub fn follow(workspace: &mut Workspace) -> Result<(), SegmentRulesError> {
    let (rules, mark) = rules(workspace)?;
    let store = workspace.store_mut();
    store.follow_segments(Arc::new(rules));
    // Where nothing is stored yet, everything will have followed them.
    if mark != NO_RULES && store.last_key()? == 0 && store.segments_applied()?.as_deref() != Some(&mark) {
        store.set_segments_applied(&mark)?;
    }
    Ok(())
}

/// What was found, and whether it is what the file says.
///
/// # Errors
/// The file is not understood, or the database cannot be read.
pub fn overview(workspace: &Workspace) -> Result<Overview, SegmentRulesError> {
    let (_, mark) = rules(workspace)?;
    let applied = workspace.store().segments_applied()?.unwrap_or_else(|| NO_RULES.to_owned()) == mark;
    let mut rows = Vec::new();
    for segment in Segment::ALL {
        let counts = workspace.store().segment_counts(segment)?;
        let all: u64 = counts.iter().map(|count| count.conversations).sum();
        rows.extend(counts.into_iter().map(|count| SegmentRow {
            schema_version: SCHEMA_VERSION,
            segment,
            value: count.value,
            conversations: count.conversations,
            share: count.conversations as f64 / all.max(1) as f64,
        }));
    }
    Ok(Overview { rows, applied })
}

/// Applies the workspace's rules to everything that is stored. `tell` is told conversations and breaks to stop.
///
/// # Errors
/// The file is not understood (nothing is changed then), or the database cannot be written.
pub fn apply(
    workspace: &mut Workspace,
    tell: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Applied, SegmentRulesError> {
    let (rules, mark) = rules(workspace)?;
    let store = workspace.store_mut();
    store.follow_segments(Arc::new(rules));
    let mut applied = Applied { schema_version: SCHEMA_VERSION, conversations: 0, changed: 0, finished: true };
    let mut after = i64::MIN;
    while let Some((last, looked, changed)) = store.apply_segments(after)? {
        after = last;
        applied.conversations += looked;
        applied.changed += changed;
        let progress = Progress { done: applied.conversations, total: None, what: "applying segments.toml".to_owned() };
        if tell(&progress).is_break() {
            applied.finished = false;
            return Ok(applied);
        }
    }
    store.set_segments_applied(&mark)?;
    Ok(applied)
}

/// Writes a file to start from, and answers its path.
///
/// # Errors
/// There is one already, or it cannot be written.
pub fn init(workspace: &Workspace) -> Result<PathBuf, SegmentRulesError> {
    let path = workspace.root().join(FILE);
    let file = |source| SegmentRulesError::File { path: path.clone(), source };
    let mut made = match fs::File::create_new(&path) {
        Ok(made) => made,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => return Err(SegmentRulesError::Exists(path)),
        Err(error) => return Err(file(error)),
    };
    made.write_all(starter().as_bytes()).and_then(|()| made.sync_all()).map_err(file)?;
    Ok(path)
}

/// The file to start from: it changes nothing, and says what could be changed.
pub fn starter() -> String {
    let mut text = String::from(
        "# To which segments conversations belong. After a change: aftercall segments apply\n\
         #\n\
         # attributes   keys of spans, resources or metadata that hold the segment, looked at before those that are\n\
         #              known anyway (named below); the first one found counts\n\
         # only_these   true: the attributes that are known anyway do not count\n\
         # values       other names for values\n\
         # keywords     where no attribute tells: the first rule whose words stand in the conversation. \"refu*\" is the\n\
         #              beginning of a word, \"money back\" are words next to each other. speaker: customer, first (what\n\
         #              the customer said first), agent, anybody\n\
         # otherwise    where nothing tells\n",
    );
    for (name, keys) in ingest::segment_keys() {
        let _ = writeln!(text, "\n[{name}]\n# known anyway: {}", keys.join(", "));
        text.push_str("attributes = []\n");
        text.push_str(match name {
            "intent" => EXAMPLE_KEYWORDS,
            "handled_by" => EXAMPLE_VALUES,
            _ => "",
        });
    }
    text
}

const EXAMPLE_KEYWORDS: &str = "\
# values = { rfnd = \"refund\" }
# otherwise = \"other\"

# [[intent.keywords]]
# value = \"refund\"
# any = [\"refund*\", \"money back\", \"chargeback\"]
# none = [\"gift card\"]
# speaker = \"customer\"
";

const EXAMPLE_VALUES: &str = "# values = { bot = \"ai\", agent = \"human\" }\n";
