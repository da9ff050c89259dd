//! Full text: what of a conversation is indexed, and how plain words become a query.
//!
//! Invariant: whatever is typed is literal text; no character of it is syntax of the search engine.

use crate::model::conversation::Conversation;
use crate::model::step::StepContent;
use crate::text::door;

/// Words of a query beyond this many are left out: nobody means them, and the engine would take long.
const MOST_WORDS: usize = 32;

/// Characters of a phrase beyond this many are left out.
const LONGEST: usize = 1_000;

/// The document of a conversation: all that was said, called and answered, and its names.
pub fn document(conversation: &Conversation) -> String {
    let mut document = String::with_capacity(2048);
    let mut add = |text: &str| {
        if !text.is_empty() {
            push_separated(text, &mut document);
            document.push('\n');
        }
    };
    add(conversation.external_id.exact());
    let segments = &conversation.segments;
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
                add(arguments.0.exact());
                add(result.as_ref().map_or("", |result| result.text.exact()));
            }
        }
    }
    document
}

/// A query for conversations that hold all of the words; the last one may be the beginning of a word.
///
/// `None` where there is nothing to look for.
pub fn words(text: &str) -> Option<String> {
    let mut phrases: Vec<String> = text.split_whitespace().filter_map(phrase).take(MOST_WORDS).collect();
    let goes_on = text.split_whitespace().next_back().is_some_and(|word| word.chars().count() > 1);
    if let Some(last) = phrases.last_mut().filter(|_| goes_on && !text.ends_with(char::is_whitespace)) {
        last.push('*');
    }
    (!phrases.is_empty()).then(|| phrases.join(" "))
}

/// A query for conversations in which the words stand next to each other; `None` where there is nothing to look for.
pub fn phrase(text: &str) -> Option<String> {
    let bounded: String = text.chars().take(LONGEST).collect();
    let mut separated = String::with_capacity(bounded.len() + 8);
    push_separated(&bounded, &mut separated);
    door::fts_phrase(&separated)
}

/// Appends `text` with the characters of scripts that do not separate words set apart, so that each is a word: then any
/// run of them is found as a phrase. Lone tokens of other scripts stay as they are.
fn push_separated(text: &str, out: &mut String) {
    if text.is_ascii() {
        out.push_str(text);
        return;
    }
    for c in text.chars() {
        if is_unseparated(c) {
            out.push(' ');
            out.push(c);
            out.push(' ');
        } else {
            out.push(c);
        }
    }
}

/// Kana, CJK ideographs, Thai, Lao, Khmer and Burmese letters.
fn is_unseparated(c: char) -> bool {
    matches!(u32::from(c),
        0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17FF | 0x3041..=0x30FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF
        | 0xF900..=0xFAFF | 0x2_0000..=0x3_FFFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_quoted_and_the_last_may_go_on() {
        assert_eq!(words("late refund").as_deref(), Some(r#""late" "refund"*"#));
        assert_eq!(words("refund ").as_deref(), Some(r#""refund""#));
        assert_eq!(words(r#"a"b OR -c*"#).as_deref(), Some(r#""a""b" "OR" "-c*"*"#));
        assert_eq!(words(" \" ' * "), None);
        assert_eq!(words("退款").as_deref(), Some("\"退 款\"*"));
        assert_eq!(phrase("order no. 7").as_deref(), Some("\"order no. 7\""));
    }
}
