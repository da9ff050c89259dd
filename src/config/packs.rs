//! Ready-made codebooks: lists of failure modes a team may load, never loaded by themselves.
//!
//! Invariant: loading a pack is a list of ordinary codebook changes, so that it can be undone like any other.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::model::codebook::{Codebook, CodebookChange};

/// One ready-made codebook.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Pack {
    /// What `codebook load` takes.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// Its modes, in order.
    #[serde(rename = "mode")]
    pub modes: Vec<PackMode>,
}

/// One failure mode of a pack.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PackMode {
    /// Its slug.
    pub key: String,
    /// As shown.
    pub name: String,
    /// What counts as one.
    pub description: String,
}

const SOURCES: [&str; 2] =
    [include_str!("../../assets/codebooks/customer-service.toml"), include_str!("../../assets/codebooks/mast.toml")];

/// The packs that ship with the program.
pub fn packs() -> &'static [Pack] {
    // A pack that does not parse is caught by the tests of this file, so that here it can only be left out.
    static PACKS: LazyLock<Vec<Pack>> =
        LazyLock::new(|| SOURCES.iter().filter_map(|source| toml::from_str(source).ok()).collect());
    &PACKS
}

/// The pack with this name.
pub fn pack(name: &str) -> Option<&'static Pack> {
    packs().iter().find(|pack| pack.name == name)
}

impl Pack {
    /// The changes that bring `codebook` every mode of the pack it does not have.
    pub fn changes(&self, codebook: &Codebook) -> Vec<CodebookChange> {
        self.modes
            .iter()
            .filter(|mode| codebook.mode(&mode.key).is_none())
            .map(|mode| CodebookChange::Add {
                key: mode.key.clone(),
                name: mode.name.clone(),
                description: mode.description.clone(),
                pack: Some(self.name.clone()),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::codebook::slug;

    #[test]
    fn every_pack_parses_and_its_keys_are_slugs_used_once() {
        assert_eq!(packs().len(), SOURCES.len());
        for pack in packs() {
            let mut keys: Vec<&str> = pack.modes.iter().map(|mode| mode.key.as_str()).collect();
            assert!(keys.iter().all(|key| slug(key) == *key), "{}", pack.name);
            keys.sort_unstable();
            keys.dedup();
            assert_eq!(keys.len(), pack.modes.len(), "{}", pack.name);
            assert!(pack.modes.iter().all(|mode| mode.description.len() > 20 && !mode.name.is_empty()));
        }
        assert_eq!(pack("mast").map(|pack| pack.modes.len()), Some(14));
    }

    #[test]
    fn loading_twice_changes_nothing_more() {
        let mut book = Codebook::default();
        let pack = pack("customer-service").unwrap();
        for change in pack.changes(&book) {
            book.apply(&change);
        }
        assert_eq!(book.modes.len(), pack.modes.len());
        assert!(pack.changes(&book).is_empty());
    }
}
