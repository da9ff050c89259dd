//! What an export holds and where it came from, written beside the data files.
//!
//! Invariant: the only place for what may change while the labels stay the same (the head of the event log, the version
//! of the program); it names the SHA-256 of every data file.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::item::Masking;
use crate::model::id::hex;

/// The name of the manifest's file.
pub const FILE_NAME: &str = "manifest.json";

/// The manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Manifest {
    /// The version of this form.
    pub schema_version: u32,
    /// The program that wrote it.
    pub tool: Tool,
    /// The filter that chose the conversations; empty for all.
    pub filter: String,
    /// The dataset it is of, where it is of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataset: Option<DatasetUse>,
    /// How personal data was treated.
    pub masking: MaskingReport,
    /// Conversations.
    pub conversations: Conversations,
    /// The version of the codebook that mode names come from.
    pub codebook_version: u32,
    /// The data files, in the order asked for.
    pub files: Vec<DataFile>,
    /// The id of the newest event of the log when the export began.
    pub events_head: Option<String>,
}

/// The version of a dataset that an export is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DatasetUse {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// How that was made.
    pub made_by: String,
    /// Rows by split, whether written or not.
    pub splits: BTreeMap<String, u64>,
    /// Rows of the test split that were not written.
    pub sealed_test_rows: u64,
    /// SHA-256 over their transcript hashes, one a line, in the order of conversations.
    pub sealed_test_sha256: Option<String>,
    /// Pairs of nearly the same text.
    pub near_duplicates: u64,
    /// Of these, in different splits.
    pub near_duplicates_across_splits: u64,
    /// Rows that made groups one.
    pub bridges: u64,
}

/// The program that wrote an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tool {
    /// Its name.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
}

impl Tool {
    /// This program.
    pub fn this() -> Self {
        Self { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") }
    }
}

/// How personal data was treated, and how much was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MaskingReport {
    /// Policy and version.
    #[serde(flatten)]
    pub masking: Masking,
    /// The reason given for keeping personal data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept_because: Option<String>,
    /// Masked values by class.
    pub masked: BTreeMap<String, u64>,
    /// What the rules cannot promise.
    pub limits: &'static str,
}

/// How many conversations there were, and what became of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Conversations {
    /// That matched the filter.
    pub matched: u64,
    /// With a settled verdict.
    pub settled: u64,
    /// Settled ones by verdict.
    pub verdicts: BTreeMap<String, u64>,
    /// The others by reason.
    pub left_out: BTreeMap<String, u64>,
}

/// One data file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DataFile {
    /// Its name.
    pub name: String,
    /// Its format.
    pub format: String,
    /// Its rows.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
    /// Of its bytes, in hex.
    pub sha256: String,
    /// What gave no row, by reason.
    pub left_out: BTreeMap<String, u64>,
    /// What deserves a look, by kind: the number of conversations.
    pub warnings: BTreeMap<String, u64>,
    /// The split whose rows it holds, where it holds those of one only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split: Option<&'static str>,
}

/// SHA-256 in hex, as stock tools print it.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    #[test]
    fn sha256_is_what_stock_tools_print() {
        assert_eq!(super::sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
