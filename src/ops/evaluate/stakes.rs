//! What was at stake in a conversation: a tool that cannot be taken back, the largest amount changed.
//!
//! Invariant: only calls that succeeded count; an amount is told by the name of its argument, never guessed from a text.

use serde_json::Value;

use crate::model::conversation::Conversation;
use crate::model::step::{Step, StepContent};
use crate::model::tool::Effect;

/// Words in the name of an argument that make its number an amount.
const AMOUNTS: [&str; 8] = ["amount", "price", "total", "refund", "payment", "cost", "fee", "credit"];

/// How deep arguments are looked into.
const DEEPEST: usize = 4;

/// What was at stake.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stakes {
    /// The first tool called that cannot be taken back.
    pub irreversible: Option<String>,
    /// The largest amount in a change that was made.
    pub amount: Option<f64>,
}

/// What was at stake in a conversation.
pub fn of(conversation: &Conversation) -> Stakes {
    let mut stakes = Stakes::default();
    for step in conversation.steps.iter().filter(|step: &&Step| !step.failed()) {
        let StepContent::ToolCall { tool, arguments, .. } = &step.content else { continue };
        let spec = conversation.tools.iter().find(|spec| spec.name.exact() == tool.exact());
        match spec.map_or_else(|| Effect::guess(tool.exact()), |spec| spec.effect) {
            Effect::Read => continue,
            Effect::Write => {}
            Effect::Irreversible => {
                stakes.irreversible.get_or_insert_with(|| tool.exact().to_owned());
            }
        }
        if let Some(value) = arguments.parsed() {
            largest(&value, (false, 0), &mut stakes.amount);
        }
    }
    stakes
}

fn largest(value: &Value, (named, depth): (bool, usize), found: &mut Option<f64>) {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().trim_start_matches(['$', '€', '£']).parse().ok(),
        Value::Object(members) if depth < DEEPEST => {
            for (name, value) in members {
                let name = name.to_lowercase();
                largest(value, (AMOUNTS.iter().any(|word| name.contains(word)), depth + 1), found);
            }
            None
        }
        Value::Array(items) if depth < DEEPEST => {
            for item in items {
                largest(item, (named, depth + 1), found);
            }
            None
        }
        _ => None,
    };
    if let Some(number) = number.filter(|number: &f64| named && number.is_finite()) {
        *found = Some(found.map_or(number.abs(), |before| before.max(number.abs())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_told_by_its_name_wherever_it_stands() {
        let amount = |text: &str| {
            let mut found = None;
            largest(&serde_json::from_str(text).unwrap(), (false, 0), &mut found);
            found
        };
        assert_eq!(amount(r#"{"order": 99812, "amount": 12.5}"#), Some(12.5));
        assert_eq!(amount(r#"{"items": [{"unit_price": "$40"}, {"unit_price": -80}]}"#), Some(80.0));
        assert_eq!(amount(r#"{"payments": [3, 7]}"#), Some(7.0), "items of a named list");
        assert_eq!(amount(r#"{"note": "500", "order": 5}"#), None);
        assert_eq!(amount(r#"{"amount": "a lot"}"#), None);
    }
}
