//! Full-text search: which steps hold the words, and the text around them.
//!
//! Invariant: a snippet passed the door before it was cut, so that no half of what is masked remains.

use serde::Serialize;

use crate::model::conversation::Conversation;
use crate::model::filter::{Filter, FilterError};
use crate::model::id::ConversationId;
use crate::model::search::{Hit, Part, hits};
use crate::model::time::Timestamp;
use crate::store::{Asker, FoundOrder, Search, Store, StoreError};
use crate::text::needle::{Excerpt, Needle};

use super::door::Door;
use super::list::SCHEMA_VERSION;
use super::workspace::Workspace;

/// Characters of a snippet.
const SNIPPET: usize = 100;

/// What to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchOrder {
    /// Words, `"phrases"`, beginnings (`refu*`).
    pub words: String,
    /// What else has to hold, in the filter language.
    pub filter: String,
    /// Which come first.
    pub order: FoundOrder,
    /// Hits at most.
    pub limit: usize,
    /// Steps of one conversation at most.
    pub steps: usize,
}

/// One hit. The fields, their names and their order are public surface.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FoundRow {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The conversation.
    pub id: String,
    /// The namespace it was imported under.
    pub source: String,
    /// Its name there.
    pub external_id: String,
    /// The step's number; null where only the conversation's name or segments hold the words.
    pub step: Option<u32>,
    /// `user`, `assistant` or `tool`.
    pub role: Option<&'static str>,
    /// The tool called at the step.
    pub tool: Option<String>,
    /// `text`, `reasoning`, `tool`, `arguments`, `result`, or `about` for the conversation as a whole.
    pub part: Part,
    /// The text around the hit, on one line.
    pub snippet: String,
    /// Where in the snippet the words stand: first character and the one after the last, counted from 0. None where
    /// they are masked.
    pub marks: Vec<(usize, usize)>,
    /// The step's execution, else its message's span.
    pub span_id: Option<String>,
    /// The span that decided it.
    pub decision_span_id: Option<String>,
}

/// Why a search could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// No letter and no digit.
    #[error(
        "there is nothing to look for in {0:?}: give words, a \"phrase\", or the beginning of a word with an asterisk (refu*)"
    )]
    NoWords(String),
    /// The filter is none.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Gives what is found to `each`, in order, as it leaves by `door`. `each` answers false to stop.
///
/// # Errors
/// There is nothing to look for, the filter is none, or the workspace cannot be read.
pub fn search(
    workspace: &Workspace,
    (wanted, door): (&SearchOrder, &Door),
    now: Timestamp,
    each: &mut dyn FnMut(FoundRow) -> bool,
) -> Result<u64, SearchError> {
    let needle = Needle::parse(&wanted.words).ok_or_else(|| SearchError::NoWords(wanted.words.clone()))?;
    let filter = Filter::parse(&wanted.filter)?;
    let store = workspace.store();
    let found = Search { needle: &needle, filter: &filter, order: wanted.order, limit: wanted.limit };
    let ids = store.search(&found, Asker { reviewer: workspace.reviewer(), now })?;
    let mut told = 0;
    for id in &ids {
        let Some(conversation) = store.conversation(id)? else { continue };
        let room = wanted.limit.saturating_sub(usize::try_from(told).unwrap_or(usize::MAX));
        if room == 0 {
            break;
        }
        let door = door.knowing(&conversation);
        for hit in hits(&conversation, &needle, wanted.steps.max(1).min(room)) {
            told += 1;
            if !each(row(&conversation, hit, &needle, &door)) {
                return Ok(told);
            }
        }
    }
    Ok(told)
}

fn row(conversation: &Conversation, hit: Hit, needle: &Needle, door: &Door) -> FoundRow {
    let Excerpt { text, marks } = needle.excerpt(&door.json_text(hit.text.exact()), SNIPPET);
    let character = |byte: usize| text[..byte].chars().count();
    let at = hit.step.as_ref();
    FoundRow {
        schema_version: SCHEMA_VERSION,
        id: conversation.id.as_str().to_owned(),
        source: door.text(conversation.source.exact()),
        external_id: door.text(conversation.external_id.exact()),
        step: at.map(|at| at.step),
        role: hit.role.map(crate::model::step::Role::word),
        tool: hit.tool.map(|tool| door.text(tool.exact())),
        part: hit.part,
        marks: marks.iter().map(|mark| (character(mark.start), character(mark.end))).collect(),
        span_id: at.and_then(|at| at.span_id.clone()),
        decision_span_id: at.and_then(|at| at.decision_span_id.clone()),
        snippet: text,
    }
}

/// The best hit in each of these conversations, for a list that shows them; words are taken as typed.
///
/// # Errors
/// The database cannot be read.
pub fn snippets(store: &Store, words: &str, ids: &[ConversationId]) -> Result<Vec<Hit>, StoreError> {
    let Some(needle) = Needle::typed(words) else { return Ok(Vec::new()) };
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        if let Some(conversation) = store.conversation(id)? {
            found.extend(hits(&conversation, &needle, 1));
        }
    }
    Ok(found)
}
