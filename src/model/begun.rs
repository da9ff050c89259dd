//! What a reviewer began and did not save: texts, fails, corrections.
//!
//! Invariant: it is no event. It reaches neither a journal nor an export, and goes once the act is saved or dropped.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::correction::Correction;
use super::id::ConversationId;
use super::label::{Owner, StepPointer};

/// By what each is for.
pub type Drawer = BTreeMap<String, Begun>;

/// What to put under each key; `None` takes it away.
pub type Changes = BTreeMap<String, Option<Begun>>;

/// Something begun and not saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Begun {
    /// A note, an answer, a reason.
    Text(String),
    /// A fail being put into words.
    Fail(Box<BegunFail>),
    /// A correction of a step.
    Correction(Box<BegunCorrection>),
}

/// A fail being put into words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BegunFail {
    /// The conversation.
    pub conversation: ConversationId,
    /// True where a room was looking.
    pub room: bool,
    /// The step to blame, in the transcript as it was.
    pub step: Option<u32>,
    /// True for "no single step".
    pub no_step: bool,
    /// Letters of a mode.
    pub typed: String,
    /// Modes taken so far.
    pub modes: Vec<String>,
    /// 1 to 4.
    pub severity: Option<u8>,
    /// Who can put it right.
    pub owner: Option<Owner>,
    /// To be saved with it.
    pub note: Option<String>,
    /// To be saved with it.
    pub corrections: Vec<(StepPointer, Correction)>,
}

/// A correction of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BegunCorrection {
    /// The conversation.
    pub conversation: ConversationId,
    /// The step's number.
    pub step: u32,
    /// What was typed to choose.
    pub typed: String,
    /// The name of what was chosen.
    pub chosen: Option<String>,
    /// Name and text of each field.
    pub fields: Vec<(String, String)>,
    /// The field that took the keys.
    pub field: usize,
    /// Calls kept so far: tool, raw arguments, whether they fit.
    pub kept: Vec<(String, String, Option<bool>)>,
    /// An answer in words.
    pub whole_text: Option<String>,
}
