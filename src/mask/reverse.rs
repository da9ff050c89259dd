//! The way back: what pseudonyms stand for, where the texts that they were made of are at hand.
//!
//! Invariant: only what stands in the texts handed in comes back; a pseudonym that stands there itself stands for itself.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Masker, json, pseudonym};

/// A pseudonym that none of the texts explains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown(pub String);

/// What pseudonyms stand for.
#[derive(Debug, Clone, Default)]
pub struct Originals(BTreeMap<String, Original>);

#[derive(Debug, Clone)]
struct Original {
    text: String,
    /// True where it is a number in JSON and no string.
    number: bool,
}

impl Originals {
    /// Of the places that this masker masks in these texts, JSON or not; of several spellings the first counts.
    pub fn of<'a>(masker: &Masker, texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut all = BTreeMap::new();
        for text in texts {
            for place in pseudonym::places(text) {
                let token = text.get(place).unwrap_or("").to_owned();
                all.entry(token.clone()).or_insert(Original { text: token, number: false });
            }
            json::each_place(masker, text, &mut |token, original, number| {
                all.entry(token).or_insert_with(|| Original { text: original.to_owned(), number });
            });
        }
        Self(all)
    }

    /// Plain text with what its pseudonyms stand for in their places.
    ///
    /// # Errors
    /// The first pseudonym that nothing explains.
    pub fn put_back(&self, text: &str) -> Result<String, Unknown> {
        self.replaced(text, |original| original.text.clone(), |_| false)
    }

    /// The same of JSON text: strings stay strings, and what was a number is one again.
    ///
    /// # Errors
    /// The first pseudonym that nothing explains.
    pub fn put_back_json(&self, text: &str) -> Result<String, Unknown> {
        let escaped = |original: &Original| {
            let quoted = Value::String(original.text.clone()).to_string();
            quoted.get(1..quoted.len() - 1).unwrap_or("").to_owned()
        };
        self.replaced(text, escaped, |original| original.number)
    }

    fn replaced(
        &self,
        text: &str,
        written: impl Fn(&Original) -> String,
        bare: impl Fn(&Original) -> bool,
    ) -> Result<String, Unknown> {
        let (mut out, mut at) = (String::with_capacity(text.len()), 0);
        for place in pseudonym::places(text) {
            let token = text.get(place.clone()).unwrap_or("");
            let original = self.0.get(token).ok_or_else(|| Unknown(token.to_owned()))?;
            out.push_str(text.get(at..place.start).unwrap_or(""));
            at = place.end;
            out.push_str(&written(original));
            let quoted = out.len() > original.text.len()
                && out.get(..out.len() - original.text.len()).is_some_and(|before| before.ends_with('"'))
                && text.get(at..).is_some_and(|rest| rest.starts_with('"'));
            if bare(original) && quoted {
                out.truncate(out.len() - original.text.len() - 1);
                out.push_str(&original.text);
                at += 1;
            }
        }
        out.push_str(text.get(at..).unwrap_or(""));
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Known, Policy};
    use super::*;

    #[test]
    fn pseudonyms_come_back_where_the_text_is_at_hand_and_nowhere_else() {
        let masker = Masker::new([7; 32], Known::default(), Policy::default());
        let said = r#"My name is Ana "Lin" and my mail is Ana@example.org"#;
        let record = r#"{"email":"ana@example.org","phone":4915112345671}"#;
        let originals = Originals::of(&masker, [record, said]);
        let masked = masker.mask_json_text(record);
        assert_eq!(masked.matches('<').count(), 2, "{masked}");
        assert_eq!(originals.put_back_json(&masked), Ok(record.to_owned()));
        // The first spelling counts, and the rest of a text stays as it is.
        let masked = masker.mask(said).text;
        assert_eq!(originals.put_back(&masked), Ok(said.replace("Ana@", "ana@")));
        let other = masker.mask("write to bo@example.org").text;
        assert_eq!(originals.put_back(&other), Err(Unknown(other["write to ".len()..].to_owned())));
        // What was imported masked is its own original.
        let imported = Originals::of(&masker, [other.as_str()]);
        assert_eq!(imported.put_back(&other), Ok(other.clone()));
        assert_eq!(originals.put_back("plain <b>"), Ok("plain <b>".to_owned()));
    }
}
