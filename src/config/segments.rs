//! `segments.toml`: to which segments conversations belong.
//!
//! Invariant: a file that is not understood is refused with the line and what would be understood there.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use crate::model::segments::{KeywordRule, Segment, SegmentRule, SegmentRules, Speaker};
use crate::text::needle::Needle;

/// What is wrong with a file of rules.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}, line {line}: {reason}")]
pub struct SegmentsError {
    /// The file.
    pub name: String,
    /// From 1.
    pub line: usize,
    /// What is wrong, and what would be right.
    pub reason: String,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    intent: Option<Section>,
    channel: Option<Section>,
    tier: Option<Section>,
    language: Option<Section>,
    agent_version: Option<Section>,
    handled_by: Option<Section>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Section {
    attributes: Vec<Spanned<String>>,
    only_these: bool,
    values: BTreeMap<String, String>,
    keywords: Vec<Spanned<Keywords>>,
    otherwise: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Keywords {
    value: String,
    any: Vec<Spanned<String>>,
    all: Vec<Spanned<String>>,
    none: Vec<Spanned<String>>,
    speaker: Speaker,
}

/// Reads rules; `name` is what errors call the file.
///
/// # Errors
/// The text is no such file.
pub fn parse(name: &str, text: &str) -> Result<SegmentRules, SegmentsError> {
    let at = |place: usize, reason: String| {
        let line = text.get(..place.min(text.len())).unwrap_or("").matches('\n').count() + 1;
        SegmentsError { name: name.to_owned(), line, reason }
    };
    let file: File = toml::from_str(text)
        .map_err(|error| at(error.span().map_or(0, |span| span.start), error.message().trim().to_owned()))?;
    let sections = [file.intent, file.channel, file.tier, file.language, file.agent_version, file.handled_by];
    let mut rules = Vec::new();
    for (segment, section) in Segment::ALL.into_iter().zip(sections) {
        if let Some(section) = section {
            rules.push((segment, section.rule().map_err(|(place, reason)| at(place, reason))?));
        }
    }
    Ok(SegmentRules::new(rules))
}

impl Section {
    fn rule(self) -> Result<SegmentRule, (usize, String)> {
        let mut attributes = Vec::with_capacity(self.attributes.len());
        for key in self.attributes {
            if key.get_ref().trim().is_empty() {
                return Err((key.span().start, "an attribute needs a name".into()));
            }
            attributes.push(key.into_inner());
        }
        let keywords = self.keywords.into_iter().map(keyword_rule).collect::<Result<_, _>>()?;
        let values = self.values.into_iter().map(|(value, name)| (value.trim().to_lowercase(), name)).collect();
        Ok(SegmentRule { attributes, only_these: self.only_these, values, keywords, fallback: self.otherwise })
    }
}

fn keyword_rule(rule: Spanned<Keywords>) -> Result<KeywordRule, (usize, String)> {
    let place = rule.span().start;
    let Keywords { value, any, all, none, speaker } = rule.into_inner();
    if value.trim().is_empty() {
        return Err((place, "a keyword rule needs `value = \"…\"`: what to call what it finds".into()));
    }
    if any.is_empty() && all.is_empty() {
        let reason = format!("the rule for {value:?} needs words to look for: `any = [\"…\"]` or `all = [\"…\"]`");
        return Err((place, reason));
    }
    let (any, all, none) = (needles(any)?, needles(all)?, needles(none)?);
    Ok(KeywordRule { value, any, all, none, speaker })
}

fn needles(words: Vec<Spanned<String>>) -> Result<Vec<Needle>, (usize, String)> {
    let needle = |word: Spanned<String>| {
        let text = word.get_ref();
        let bare = text.trim_end_matches('*');
        // Several words of one entry stand together, as they are written.
        let star = if bare.len() < text.len() { "*" } else { "" };
        let phrase = format!("\"{}\"{star}", bare.replace('"', " "));
        let reason = || (word.span().start, format!("{text:?} holds no letter and no digit to look for"));
        Needle::parse(&phrase).ok_or_else(reason)
    };
    words.into_iter().map(needle).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> String {
        parse("segments.toml", text).unwrap_err().to_string()
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        assert!(parse("segments.toml", "").unwrap().is_empty());
        let unknown = wrong("[intent]\nattribute = [\"topic\"]\n");
        assert!(unknown.starts_with("segments.toml, line 2: unknown field `attribute`, expected one of"), "{unknown}");
        let unknown = wrong("\n[intents]\n");
        assert!(unknown.starts_with("segments.toml, line 2: unknown field `intents`"), "{unknown}");
        let missing = wrong("[intent]\n\n[[intent.keywords]]\nany = [\"refund\"]\n");
        assert!(missing.starts_with("segments.toml, line 3: a keyword rule needs `value"), "{missing}");
        let missing = wrong("[[intent.keywords]]\nvalue = \"x\"\n");
        assert!(missing.starts_with("segments.toml, line 1: the rule for \"x\" needs words"), "{missing}");
        let blank = wrong("[[intent.keywords]]\nvalue = \"x\"\nany = [\"a\",\n  \"--\"]\n");
        assert!(blank.starts_with("segments.toml, line 4: \"--\" holds no letter"), "{blank}");
        let speaker = wrong("[[intent.keywords]]\nvalue = \"x\"\nany = [\"a\"]\nspeaker = \"boss\"\n");
        assert!(speaker.starts_with("segments.toml, line 4: unknown variant `boss`, expected one of"), "{speaker}");
        let syntax = wrong("[intent]\nattributes = [\"a\"\nvalues = 1\n");
        assert!(syntax.starts_with("segments.toml, line "), "{syntax}");
    }
}
