//! Ready-made codebooks: a name, a title and failure modes, as TOML.
//!
//! Invariant: a pack that loads has plain, distinct keys; its modes are codebook events like any others.

use serde::Deserialize;

use crate::model::codebook::{CodebookChange, slug};

/// A ready-made codebook.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pack {
    /// What it is called on the command line.
    pub name: String,
    /// What it is called for people.
    pub title: String,
    /// Where it comes from and who it is for.
    #[serde(default)]
    pub description: String,
    /// Its failure modes.
    #[serde(rename = "mode", default)]
    pub modes: Vec<PackMode>,
}

/// A failure mode of a pack.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackMode {
    /// A slug.
    pub key: String,
    /// As shown.
    pub name: String,
    /// What counts as one.
    #[serde(default)]
    pub description: String,
}

/// Why a pack cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// The text is not a pack.
    #[error("the codebook pack cannot be read: {0}")]
    Unreadable(String),
    /// A key is no slug, or appears twice.
    #[error(
        "the codebook pack {pack:?} has a mode with the key {key:?}; keys are lower-case words joined by hyphens, each once"
    )]
    Key {
        /// The pack.
        pack: String,
        /// The key.
        key: String,
    },
}

impl Pack {
    /// Reads a pack.
    ///
    /// # Errors
    /// The text is no pack, or its keys are not plain and distinct.
    pub fn parse(text: &str) -> Result<Self, PackError> {
        let pack: Self = toml::from_str(text).map_err(|error| PackError::Unreadable(error.message().to_owned()))?;
        let mut seen = std::collections::HashSet::new();
        for mode in &pack.modes {
            if mode.key.is_empty() || slug(&mode.key) != mode.key || !seen.insert(mode.key.as_str()) {
                return Err(PackError::Key { pack: pack.name.clone(), key: mode.key.clone() });
            }
        }
        Ok(pack)
    }

    /// Its modes as codebook changes.
    pub fn changes(&self) -> Vec<CodebookChange> {
        let change = |mode: &PackMode| CodebookChange::Add {
            key: mode.key.clone(),
            name: mode.name.clone(),
            description: mode.description.clone(),
            pack: Some(self.name.clone()),
        };
        self.modes.iter().map(change).collect()
    }
}
