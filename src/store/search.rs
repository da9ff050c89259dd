//! Full text: what of a conversation is indexed, and how plain words become a query.
//!
//! Invariant: whatever is typed is literal text; no character of it is syntax of the search engine.

use crate::model::conversation::Conversation;
use crate::model::filter::Filter;
use crate::model::id::ConversationId;
use crate::model::queue::QueueOrder;
use crate::model::step::StepContent;
use crate::model::summary::Segments;
use crate::text::door;
use crate::text::needle::{self, Needle};

use super::query::{self, Asker};
use super::{Store, StoreError};

/// Which of the conversations that were found come first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FoundOrder {
    /// The one stored last; it costs the same however many there are.
    #[default]
    Latest,
    /// The one the words weigh most in.
    Relevance,
    /// As in a queue.
    Queue(QueueOrder),
}

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Search<'a> {
    /// The words.
    pub needle: &'a Needle,
    /// What else has to hold.
    pub filter: &'a Filter,
    /// Which come first.
    pub order: FoundOrder,
    /// At most so many.
    pub limit: usize,
}

impl Store {
    /// The conversations in which all terms stand and that match the filter, in order.
    pub fn search(&self, search: &Search<'_>, asker: Asker<'_>) -> Result<Vec<ConversationId>, StoreError> {
        let query = query::found(search, asker).behind(&*self.covered(asker.reviewer)?, search.filter, asker);
        self.rows(&query.sql, &query.parameters(), |row| row.get::<_, String>(0).map(ConversationId::from_stored))
    }
}

/// The document of a conversation: all that was said, called and answered, and its names.
pub fn document(conversation: &Conversation, segments: &Segments) -> String {
    let mut document = String::with_capacity(2048);
    let mut add = |text: &str| {
        if !text.is_empty() {
            push_separated(text, &mut document);
            document.push('\n');
        }
    };
    add(conversation.external_id.exact());
    for segment in [&segments.intent, &segments.channel, &segments.tier].into_iter().flatten() {
        add(segment.exact());
    }
    let mut agent = None;
    for step in &conversation.steps {
        if step.agent.as_ref() != agent {
            agent = step.agent.as_ref();
            add(agent.map_or("", |agent| agent.exact()));
        }
        match &step.content {
            StepContent::Message { text, reasoning, .. } => {
                add(text.exact());
                add(reasoning.as_ref().map_or("", |reasoning| reasoning.exact()));
            }
            StepContent::ToolCall { tool, arguments, result, .. } => {
                add(tool.exact());
                add(&needle::unescaped(arguments.0.exact()));
                add(&result.as_ref().map_or("".into(), |result| needle::unescaped(result.text.exact())));
            }
        }
    }
    document
}

/// A query for conversations that hold all of the terms; `None` where there is nothing to look for.
pub fn terms(needle: &Needle) -> Option<String> {
    let term = |term: &needle::Term| {
        let mut query = phrase(&term.text)?;
        query.push_str(if term.prefix { "*" } else { "" });
        Some(query)
    };
    let terms: Vec<String> = needle.terms().iter().filter_map(term).collect();
    (!terms.is_empty()).then(|| terms.join(" "))
}

/// The same for words as they are typed: the last one may be the beginning of a word.
pub fn words(text: &str) -> Option<String> {
    Needle::typed(text).and_then(|needle| terms(&needle))
}

/// A query for conversations in which the words stand next to each other; `None` where there is nothing to look for.
pub fn phrase(text: &str) -> Option<String> {
    let mut separated = String::with_capacity(text.len() + 8);
    push_separated(text, &mut separated);
    door::fts_phrase(&separated)
}

/// Appends `text` with the characters of scripts that do not separate words set apart, so that each is a word: then any
/// run of them is found as a phrase. Lone tokens of other scripts stay as they are.
fn push_separated(text: &str, out: &mut String) {
    if text.is_ascii() {
        out.push_str(text);
        return;
    }
    let mut from = 0;
    for (at, c) in text.char_indices().filter(|(_, c)| needle::is_unseparated(*c)) {
        out.push_str(&text[from..at]);
        from = at + c.len_utf8();
        out.extend([' ', c, ' ']);
    }
    out.push_str(&text[from..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_quoted_and_the_last_may_go_on() {
        assert_eq!(words("late refund").as_deref(), Some(r#""late" "refund"*"#));
        assert_eq!(words("refund ").as_deref(), Some(r#""refund""#));
        assert_eq!(words(r#"a"b OR -c*"#).as_deref(), Some(r#""a""b" "OR" "-c"*"#));
        assert_eq!(words(r#""late refund" x "#).as_deref(), Some(r#""late refund" "x""#));
        assert_eq!(words(" \" ' * "), None);
        assert_eq!(words("退款").as_deref(), Some("\"退 款\"*"));
        assert_eq!(phrase("order no. 7").as_deref(), Some("\"order no. 7\""));
    }
}
