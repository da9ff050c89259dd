//! The codebook: the failure modes a team uses, versioned by its changes.
//!
//! Invariant: a mode's key never changes; renaming changes its name, merging redirects its key.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A change of the codebook: the body of a `codebook` event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum CodebookChange {
    /// A new mode, or a mode of a pack.
    Add {
        /// A slug: lower-case letters, digits and hyphens.
        key: String,
        /// As shown.
        name: String,
        /// What counts as one, in a sentence or two.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        description: String,
        /// The pack it came with.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pack: Option<String>,
    },
    /// Another name or description for a mode.
    Rename {
        /// The mode.
        key: String,
        /// Its new name.
        name: String,
    },
    /// Labels with `from` count as `into` from now on; the labels' events stay as they are.
    Merge {
        /// The mode that goes.
        from: String,
        /// The mode that stays.
        into: String,
    },
}

/// One failure mode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureMode {
    /// Its slug.
    pub key: String,
    /// As shown.
    pub name: String,
    /// What counts as one.
    pub description: String,
    /// The pack it came with.
    pub pack: Option<String>,
}

/// The failure modes in use, in the order in which they were added.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Codebook {
    /// The count of changes so far; two codebooks with the same changes have the same version.
    pub version: u32,
    /// Modes in use.
    pub modes: Vec<FailureMode>,
    /// Keys that were merged away, and into which.
    pub merged: BTreeMap<String, String>,
}

impl Codebook {
    /// Applies a change. A change that cannot apply (an unknown key, a mode merged into itself) changes nothing but
    /// the version, since the log it comes from may have been merged from several people's.
    pub fn apply(&mut self, change: &CodebookChange) {
        self.version += 1;
        match change {
            CodebookChange::Add { key, name, description, pack } => {
                if self.mode(key).is_none() {
                    self.merged.remove(key);
                    self.modes.push(FailureMode {
                        key: key.clone(),
                        name: name.clone(),
                        description: description.clone(),
                        pack: pack.clone(),
                    });
                }
            }
            CodebookChange::Rename { key, name } => {
                if let Some(mode) = self.modes.iter_mut().find(|mode| mode.key == *key) {
                    mode.name.clone_from(name);
                }
            }
            CodebookChange::Merge { from, into } => {
                if from != into && self.mode(into).is_some() && self.resolve(into) != *from {
                    self.modes.retain(|mode| mode.key != *from);
                    self.merged.insert(from.clone(), into.clone());
                }
            }
        }
    }

    /// The mode with this key, if it is in use.
    pub fn mode(&self, key: &str) -> Option<&FailureMode> {
        self.modes.iter().find(|mode| mode.key == key)
    }

    /// The mode that a key or a name (any case) means, merged ones followed.
    pub fn find(&self, key_or_name: &str) -> Option<&FailureMode> {
        let wanted = key_or_name.trim();
        self.mode(&self.resolve(wanted))
            .or_else(|| self.modes.iter().find(|mode| mode.name.to_lowercase() == wanted.to_lowercase()))
            .or_else(|| self.mode(&slug(wanted)))
    }

    /// The key that `key` stands for now, after merges; `key` itself where it was never merged.
    pub fn resolve(&self, key: &str) -> String {
        let mut current = key;
        for _ in 0..=self.merged.len() {
            match self.merged.get(current) {
                Some(next) => current = next,
                None => break,
            }
        }
        current.to_owned()
    }

    /// The name shown for a key; the key itself where it is unknown.
    pub fn name_of<'a>(&'a self, key: &'a str) -> &'a str {
        self.mode(key).map_or(key, |mode| mode.name.as_str())
    }
}

/// The slug of a name: lower-case letters and digits, runs of anything else as one hyphen.
pub fn slug(name: &str) -> String {
    let mut slug = String::with_capacity(name.len());
    for c in name.trim().chars() {
        if c.is_alphanumeric() {
            slug.extend(c.to_lowercase());
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(key: &str) -> CodebookChange {
        CodebookChange::Add { key: key.into(), name: key.to_uppercase(), description: String::new(), pack: None }
    }

    #[test]
    fn merging_redirects_and_never_cycles() {
        let mut book = Codebook::default();
        for change in [
            add("a"),
            add("b"),
            CodebookChange::Merge { from: "a".into(), into: "b".into() },
            CodebookChange::Merge { from: "b".into(), into: "a".into() },
            CodebookChange::Rename { key: "b".into(), name: "Wrong tool".into() },
        ] {
            book.apply(&change);
        }
        assert_eq!(book.resolve("a"), "b");
        assert_eq!(book.find("wrong TOOL").map(|mode| mode.key.as_str()), Some("b"));
        assert_eq!(book.modes.len(), 1);
        assert_eq!(book.version, 5);
    }

    #[test]
    fn slugs_are_plain() {
        assert_eq!(slug("  Late hand-over!? "), "late-hand-over");
        assert_eq!(slug("→"), "");
    }
}
