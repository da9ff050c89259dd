//! Full text: what of a conversation is indexed, and how plain words become a query.
//!
//! Invariant: whatever is typed is literal text; no character of it is syntax of the search engine.

use crate::model::conversation::Conversation;
use crate::model::step::StepContent;

/// Words of a query beyond this many are left out: nobody means them, and the engine would take long.
const MOST_WORDS: usize = 64;

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
    let words: Vec<&str> = text.split_whitespace().filter(|word| has_token(word)).take(MOST_WORDS).collect();
    let last = words.len().checked_sub(1)?;
    let mut query = String::new();
    for (place, word) in words.iter().enumerate() {
        if place > 0 {
            query.push_str(" AND ");
        }
        query.push_str(&quoted(word));
        if place == last && !text.ends_with(char::is_whitespace) && word.chars().count() > 1 {
            query.push('*');
        }
    }
    Some(query)
}

/// A query for conversations in which the words stand next to each other; `None` where there is nothing to look for.
pub fn phrase(text: &str) -> Option<String> {
    has_token(text).then(|| quoted(text))
}

fn has_token(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

/// The text as one quoted string of the query language.
fn quoted(text: &str) -> String {
    let bounded: String = text.chars().take(1_000).collect();
    let mut separated = String::with_capacity(bounded.len() + 8);
    push_separated(&bounded, &mut separated);
    format!("\"{}\"", separated.replace('\0', " ").replace('"', "\"\""))
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
        assert_eq!(words("late refund").as_deref(), Some(r#""late" AND "refund"*"#));
        assert_eq!(words("refund ").as_deref(), Some(r#""refund""#));
        assert_eq!(words(r#"a"b OR -c*"#).as_deref(), Some(r#""a""b" AND "OR" AND "-c*"*"#));
        assert_eq!(words(" \" ' * "), None);
        assert_eq!(words("退款").as_deref(), Some("\" 退  款 \"*"));
        assert_eq!(phrase("order no. 7").as_deref(), Some("\"order no. 7\""));
    }
}
