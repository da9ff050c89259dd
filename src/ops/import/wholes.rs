//! Stores conversations that come as a whole: transcripts.
//!
//! Invariant: a stored transcript only ever grows; one that differs is set aside, never written over it.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::intake::Tally;
use crate::model::conversation::Conversation;
use crate::model::id::{ConversationId, TranscriptHash};
use crate::model::step::{Growth, growth};
use crate::store::{Changes, ContentHash, Put, Store, StoreError, Twin};

/// A conversation as it will be.
struct Draft {
    conversation: Conversation,
    base: Option<ContentHash>,
    whole: bool,
    dirty: bool,
}

/// What becomes of incoming conversations.
#[derive(Default)]
pub struct Merged {
    pub tally: Tally,
    pub changes: Changes,
    /// Those that are not stored because they are there already under another source.
    pub twins: HashMap<ConversationId, Twin>,
}

/// Conversations that are new, by what makes twins of them.
type Fresh = HashMap<(String, TranscriptHash), Twin>;

/// Decides what becomes of each incoming conversation. Those in `after_files` have a source that nobody chose, and are
/// left out where the same is there under another.
pub fn merge(
    store: &Store,
    incoming: &[Conversation],
    after_files: &HashSet<ConversationId>,
) -> Result<Merged, StoreError> {
    let mut drafts: BTreeMap<ConversationId, Draft> = BTreeMap::new();
    let Merged { mut tally, mut changes, mut twins } = Merged::default();
    let mut fresh = Fresh::new();
    for conversation in incoming {
        let known = match drafts.get_mut(&conversation.id) {
            Some(draft) => Some(draft),
            None => match store.stored(&conversation.id)? {
                Some(stored) => Some(drafts.entry(conversation.id.clone()).or_insert(Draft {
                    conversation: stored.conversation,
                    base: Some(stored.content_hash),
                    whole: stored.whole,
                    dirty: false,
                })),
                None => None,
            },
        };
        let Some(draft) = known else {
            if after_files.contains(&conversation.id)
                && conversation.steps.len() >= TELLING
                && let Some(twin) = twin(store, conversation, &mut fresh)?
            {
                twins.insert(conversation.id.clone(), twin);
                tally.unchanged += 1;
                continue;
            }
            let draft = Draft { conversation: conversation.clone(), base: None, whole: true, dirty: true };
            drafts.insert(conversation.id.clone(), draft);
            tally.imported += 1;
            continue;
        };
        match growth(&draft.conversation.steps, &conversation.steps) {
            Growth::Shorter => tally.unchanged += 1,
            Growth::Same if !draft.whole => tally.unchanged += 1,
            Growth::Same => draft.replace(&completed(&draft.conversation, conversation), &mut tally),
            Growth::Extension if draft.whole => {
                draft.replace(&completed(conversation, &draft.conversation), &mut tally);
            }
            // A person has decided already which of the two texts is the conversation.
            Growth::Extension | Growth::Conflict if store.is_settled(conversation)? => tally.unchanged += 1,
            Growth::Extension | Growth::Conflict => {
                changes.conflicts.push(conversation.clone());
                tally.conflicts += 1;
            }
        }
    }
    for draft in drafts.into_values().filter(|draft| draft.dirty) {
        changes.puts.push(Put { conversation: draft.conversation, whole: draft.whole, base: draft.base });
    }
    Ok(Merged { tally, changes, twins })
}

/// Fewer steps than these may be the same by chance in two conversations that files number alike.
const TELLING: usize = 4;

/// The same conversation under another source, stored or about to be; remembers a new one.
fn twin(store: &Store, conversation: &Conversation, fresh: &mut Fresh) -> Result<Option<Twin>, StoreError> {
    let hash = conversation.transcript_hash();
    if let Some(twin) = store.twin(conversation, &hash)? {
        return Ok(Some(twin));
    }
    let key = (conversation.external_id.exact().to_owned(), hash);
    if let Some(twin) = fresh.get(&key) {
        return Ok(Some(twin.clone()));
    }
    let own = Twin { id: conversation.id.clone(), source: conversation.source.exact().to_owned() };
    fresh.insert(key, own);
    Ok(None)
}

impl Draft {
    fn replace(&mut self, conversation: &Conversation, tally: &mut Tally) {
        if *conversation == self.conversation {
            tally.unchanged += 1;
        } else {
            self.conversation = conversation.clone();
            self.dirty = true;
            tally.imported += 1;
        }
    }
}

/// `base` with the scores, outcomes, attributes, reference and tools of `other` that it lacks.
fn completed(base: &Conversation, other: &Conversation) -> Conversation {
    let mut completed = base.clone();
    let more = other.scores.iter().filter(|score| !base.scores.contains(score));
    completed.scores.extend(more.cloned());
    if completed.expected.is_none() {
        completed.expected.clone_from(&other.expected);
    }
    // Told with the file when it comes again; where no span says otherwise, they were offered at every step.
    if completed.tools.is_empty() {
        completed.tools.clone_from(&other.tools);
    }
    for (key, value) in &other.outcomes {
        completed.outcomes.entry(key.clone()).or_insert_with(|| value.clone());
    }
    for (key, value) in &other.attributes {
        completed.attributes.entry(key).or_insert_with(|| value.clone());
    }
    completed
}
