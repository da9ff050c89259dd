//! Why a text is no filter.
//!
//! Invariant: every message says what was expected, and shows what was typed with its hidden characters escaped.

/// Why a text is no filter, and where it stops being one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("filter, character {}: {problem}", .column + 1)]
pub struct FilterError {
    /// Where, in bytes from the start.
    pub position: usize,
    /// Where, in characters from the start.
    pub column: usize,
    /// What is wrong there.
    pub problem: FilterProblem,
}

/// What is wrong with a filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterProblem {
    /// Something else should stand here.
    #[error("expected {expected}, found {found}")]
    Expected {
        /// What should stand here.
        expected: String,
        /// What stands here.
        found: String,
    },
    /// No field of this name.
    #[error("there is no field {name:?}; the nearest is {nearest}. To search for the text itself, put it in quotes")]
    UnknownField {
        /// As typed.
        name: String,
        /// The known field that takes the fewest edits.
        nearest: &'static str,
    },
    /// The field cannot be compared so.
    #[error("{field} takes {expects}, not {value:?}")]
    Value {
        /// The field.
        field: &'static str,
        /// What may stand there.
        expects: String,
        /// As typed.
        value: String,
    },
    /// The field cannot be compared with `<` or `>`.
    #[error("{field} cannot be compared with {sign}; write {field}: and {expects}")]
    Comparison {
        /// The field.
        field: &'static str,
        /// The operator.
        sign: &'static str,
        /// What may stand there.
        expects: String,
    },
    /// A bound was passed.
    #[error("the filter is too large: {what} at most {limit}")]
    TooLarge {
        /// Of what.
        what: &'static str,
        /// The bound.
        limit: usize,
    },
}
