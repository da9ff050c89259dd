//! Names of evaluators that somebody typed and nobody has.
//!
//! Invariant: what there is instead is told with them, and a name that only its case sets apart is named as it is written.

use super::{EvaluateError, named};
use crate::evaluate::registry::EVALUATORS;
use crate::model::filter::Filter;
use crate::store::{Store, StoreError};

/// What there is in place of a name, as the end of a sentence; empty where nothing comes near.
pub fn instead(name: &str, known: &[String]) -> String {
    match named(name, known) {
        Ok(known) => format!(", but there is {known}"),
        Err(EvaluateError::Unknown { near, .. }) => near,
        Err(_) => String::new(),
    }
}

/// Why a filter may find nothing: the scores it asks for are of nobody. Empty where that is not so, else the end of a
/// sentence.
pub fn unheard(store: &Store, filter: &str) -> Result<String, StoreError> {
    let Ok(filter) = Filter::parse(filter) else { return Ok(String::new()) };
    let asked = filter.evaluators();
    if asked.is_empty() {
        return Ok(String::new());
    }
    let known: Vec<String> = store.evaluators()?.into_values().map(|one| one.name).collect();
    let built_in = EVALUATORS.iter().map(|one| one.about().name.to_owned());
    let mut told = String::new();
    for name in asked {
        if !known.iter().any(|known| known.to_lowercase() == name.to_lowercase()) {
            told.push_str("; no evaluator has the name ");
            told.push_str(name);
            let all: Vec<String> = known.iter().cloned().chain(built_in.clone()).collect();
            told.push_str(&instead(name, &all));
        }
    }
    Ok(told)
}
