//! A form from a JSON Schema, and the arguments it makes.
//!
//! Invariant: what was typed for a number is what is saved; the arguments are assembled as text, never by way of a
//! floating point number.

pub mod strict;

use jsonschema::Validator;
use serde_json::Value;

use super::input::LineInput;
use crate::model::tool::members;

/// What a field takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    String,
    /// A number, kept as typed.
    Number,
    /// A whole number, kept as typed.
    Integer,
    /// True or false.
    Boolean,
    /// One of these texts.
    Choice(Vec<String>),
    /// Anything else, as raw JSON.
    Json,
}

impl Kind {
    /// In a word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::String => "text",
            Self::Number => "number",
            Self::Integer => "integer",
            Self::Boolean => "yes/no",
            Self::Choice(_) => "choice",
            Self::Json => "JSON",
        }
    }
}

/// Which way a choice turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// To the next value.
    Next,
    /// To the previous one.
    Previous,
}

impl Turn {
    /// The place after this one, among so many; the first follows on the last.
    #[must_use]
    pub fn from(self, at: usize, count: usize) -> usize {
        let count = count.max(1);
        match self {
            Self::Next => (at + 1) % count,
            Self::Previous => (at + count - 1) % count,
        }
    }
}

/// One field of the form.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// The argument's name.
    pub name: String,
    /// What it takes.
    pub kind: Kind,
    /// True where the schema demands it.
    pub required: bool,
    /// False for an argument the schema does not have.
    pub known: bool,
    /// With what its raw JSON begins where that is known: `[` for a list, `{` for an object.
    pub opens: Option<char>,
    /// What was typed; empty leaves the argument out.
    pub input: LineInput,
    /// Where the value came from.
    pub origin: Option<String>,
    /// What the schema says about it.
    pub description: String,
    /// Which of the values seen was put in last.
    pub seen: Option<usize>,
}

/// The schema of a tool's arguments, ready to check.
pub struct Schema {
    /// Parsed; `None` where the tool had none or it could not be read.
    pub value: Option<Value>,
    validator: Option<Validator>,
}

impl std::fmt::Debug for Schema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Schema({})", if self.validator.is_some() { "checked" } else { "none" })
    }
}

/// Schemas longer than this are not used.
const LONGEST: usize = 256 * 1024;

/// Problems shown at most.
const PROBLEMS: usize = 4;

impl Schema {
    /// Reads a schema.
    pub fn new(text: Option<&str>) -> Self {
        let value: Option<Value> =
            text.filter(|text| text.len() <= LONGEST).and_then(|text| serde_json::from_str(text).ok());
        let validator = value.as_ref().and_then(|value| jsonschema::validator_for(value).ok());
        Self { value, validator }
    }

    /// True where arguments can be checked.
    pub fn checks(&self) -> bool {
        self.validator.is_some()
    }

    /// The fields, required ones first, in the order of the schema. One raw field where there is no object schema.
    pub fn fields(&self) -> Vec<Field> {
        let properties = self.value.as_ref().and_then(|schema| schema.get("properties")).and_then(Value::as_object);
        let Some(properties) = properties else {
            return Vec::new();
        };
        let required: Vec<&str> = self
            .value
            .as_ref()
            .and_then(|schema| schema.get("required"))
            .and_then(Value::as_array)
            .map(|list| list.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        let mut fields: Vec<Field> = properties
            .iter()
            .map(|(name, schema)| Field {
                name: name.clone(),
                kind: kind(schema),
                required: required.contains(&name.as_str()),
                known: true,
                opens: opens(schema),
                input: LineInput::default(),
                origin: None,
                description: schema.get("description").and_then(Value::as_str).unwrap_or_default().to_owned(),
                seen: None,
            })
            .collect();
        fields.sort_by_key(|field| !field.required);
        fields
    }

    /// What does not fit; empty where all does or nothing can be checked.
    pub fn problems(&self, arguments: &str) -> Vec<String> {
        if let Err(error) = strict::check(arguments) {
            return vec![format!("not JSON to be used: {error}")];
        }
        let value: Value = match serde_json::from_str(arguments) {
            Ok(value) => value,
            Err(error) => return vec![format!("not JSON: {error}")],
        };
        let Some(validator) = &self.validator else { return Vec::new() };
        validator
            .iter_errors(&value)
            .take(PROBLEMS)
            .map(|error| {
                let place = error.instance_path().to_string();
                let place = place.trim_start_matches('/');
                let text: String = error.to_string().chars().take(160).collect();
                if place.is_empty() { text } else { format!("{place}: {text}") }
            })
            .collect()
    }
}

fn kind(schema: &Value) -> Kind {
    if let Some(choices) = schema.get("enum").and_then(Value::as_array) {
        let texts: Option<Vec<String>> = choices.iter().map(|choice| choice.as_str().map(str::to_owned)).collect();
        return texts.filter(|texts| !texts.is_empty()).map_or(Kind::Json, Kind::Choice);
    }
    let of = |name: &str| match name {
        "string" => Kind::String,
        "number" => Kind::Number,
        "integer" => Kind::Integer,
        "boolean" => Kind::Boolean,
        _ => Kind::Json,
    };
    match schema.get("type") {
        Some(Value::String(name)) => of(name),
        Some(Value::Array(names)) => {
            let mut names = names.iter().filter_map(Value::as_str).filter(|name| *name != "null");
            match (names.next(), names.next()) {
                (Some(name), None) => of(name),
                _ => Kind::Json,
            }
        }
        _ => Kind::Json,
    }
}

/// With what a list or an object begins.
fn opens(schema: &Value) -> Option<char> {
    match schema.get("type").and_then(Value::as_str)? {
        "array" => Some('['),
        "object" => Some('{'),
        _ => None,
    }
}

impl Field {
    /// True where a raw JSON value is of the kind this field takes.
    pub fn suits(&self, raw: &str) -> bool {
        match &self.kind {
            Kind::Number | Kind::Integer => is_number(raw.trim_matches('"')),
            Kind::String => raw.starts_with('"'),
            Kind::Choice(choices) => choices.iter().any(|choice| raw.trim_matches('"') == choice),
            Kind::Boolean => matches!(raw, "true" | "false"),
            Kind::Json => self.opens.is_none_or(|sign| raw.starts_with(sign)),
        }
    }

    /// A field for an argument the schema does not have.
    pub fn unknown(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind: Kind::Json,
            required: false,
            known: false,
            opens: None,
            input: LineInput::default(),
            origin: None,
            description: String::new(),
            seen: None,
        }
    }

    /// Puts in a raw JSON value: a string without its quotes where the field takes text.
    pub fn put(&mut self, raw: &str, origin: Option<String>) {
        let text = match (&self.kind, serde_json::from_str::<Value>(raw)) {
            (Kind::String | Kind::Choice(_) | Kind::Number | Kind::Integer, Ok(Value::String(text))) => text,
            (_, Ok(Value::Null)) if self.kind != Kind::Json => String::new(),
            _ => raw.to_owned(),
        };
        self.input.set(&text);
        self.origin = origin;
    }

    /// The value as raw JSON text; `None` leaves the argument out.
    pub fn json(&self) -> Option<String> {
        let text = self.input.text();
        if text.is_empty() {
            return (self.required && self.kind == Kind::String).then(|| "\"\"".to_owned());
        }
        let quoted = || Value::from(text).to_string();
        Some(match self.kind {
            Kind::Number | Kind::Integer if is_number(text.trim()) => text.trim().to_owned(),
            Kind::Boolean if matches!(text.trim(), "true" | "false") => text.trim().to_owned(),
            Kind::Json if serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok() => text.trim().to_owned(),
            // Text that is not what the field takes would break the whole object, so it goes in as a string.
            _ => quoted(),
        })
    }

    /// What is wrong with the value by itself.
    pub fn problem(&self) -> Option<&'static str> {
        let text = self.input.text().trim();
        match &self.kind {
            _ if text.is_empty() => self.required.then_some("required"),
            Kind::Number if !is_number(text) => Some("not a number"),
            Kind::Integer if !is_number(text) || text.contains(['.', 'e', 'E']) => Some("not a whole number"),
            Kind::Boolean if !matches!(text, "true" | "false") => Some("true or false"),
            Kind::Choice(choices) if !choices.iter().any(|choice| choice == text) => Some("not one of the choices"),
            Kind::Json if serde_json::from_str::<Value>(text).is_err() => Some("not JSON; saved as text"),
            _ => None,
        }
    }

    /// The next or previous of the values a choice or a yes/no allows.
    pub fn turn(&mut self, forward: Turn) {
        let choices: Vec<&str> = match &self.kind {
            Kind::Choice(choices) => choices.iter().map(String::as_str).collect(),
            Kind::Boolean => vec!["true", "false"],
            _ => return,
        };
        let at = choices.iter().position(|choice| *choice == self.input.text());
        let count = choices.len();
        let next = match (at, forward) {
            (None, Turn::Next) => 0,
            (None, Turn::Previous) => count - 1,
            (Some(at), turn) => turn.from(at, count),
        };
        let text = choices[next].to_owned();
        self.input.set(&text);
        self.origin = None;
    }
}

fn is_number(text: &str) -> bool {
    text.starts_with(|c: char| c == '-' || c.is_ascii_digit())
        && serde_json::from_str::<serde_json::Number>(text).is_ok()
}

/// The arguments of a form as raw JSON text, in the order of the fields.
pub fn assemble(fields: &[Field]) -> String {
    let members: Vec<String> = fields
        .iter()
        .filter_map(|field| Some(format!("{}: {}", Value::from(field.name.as_str()), field.json()?)))
        .collect();
    format!("{{{}}}", members.join(", "))
}

/// Fills a form from raw JSON text; arguments the schema lacks get a field of their own.
pub fn fill(fields: &mut Vec<Field>, arguments: &str, origin: Option<&str>) -> bool {
    let Some(members) = members(arguments) else { return false };
    for (name, raw) in members {
        let at = fields.iter().position(|field| field.name == name).unwrap_or_else(|| {
            fields.push(Field::unknown(&name));
            fields.len() - 1
        });
        fields[at].put(raw.get(), origin.map(str::to_owned));
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = r#"{"type":"object","properties":{
        "note":{"type":"string"},"order_id":{"type":"string"},"amount":{"type":"number"},
        "reason":{"enum":["late","damaged"]},"items":{"type":"array","items":{"type":"string"}},
        "count":{"type":["integer","null"]},"urgent":{"type":"boolean"}},
        "required":["order_id","amount"]}"#;

    #[test]
    fn a_form_has_a_field_for_every_property_and_keeps_numbers_as_typed() {
        let schema = Schema::new(Some(SCHEMA));
        let mut fields = schema.fields();
        assert_eq!(fields[0].name, "order_id");
        assert_eq!(fields[1].name, "amount");
        assert!(fill(&mut fields, r#"{"order_id":"A-1","amount":89.90,"items":["x"],"extra":1}"#, Some("step 2")));
        let arguments = assemble(&fields);
        assert!(arguments.contains("\"amount\": 89.90"), "{arguments}");
        assert!(arguments.contains("\"items\": [\"x\"]") && arguments.contains("\"extra\": 1"), "{arguments}");
        assert!(!fields.iter().find(|field| field.name == "extra").unwrap().known);
        assert_eq!(schema.problems(&arguments), Vec::<String>::new());
    }

    #[test]
    fn problems_name_the_place() {
        let schema = Schema::new(Some(SCHEMA));
        let mut fields = schema.fields();
        fill(&mut fields, r#"{"order_id":"A-1","amount":"much","reason":"bored"}"#, None);
        let problems = schema.problems(&assemble(&fields)).join("; ");
        assert!(problems.contains("amount") && problems.contains("reason"), "{problems}");
        assert_eq!(fields[1].problem(), Some("not a number"));
        let of = |name: &str| fields.iter().find(|field| field.name == name).unwrap();
        assert!(of("items").suits("[\"x\"]") && !of("items").suits("\"x\"") && !of("items").suits("{}"));
        assert!(of("note").suits("\"x\"") && !of("note").suits("7") && of("amount").suits("\"7\""));
        assert!(Schema::new(Some("not json")).problems("{}").is_empty());
        assert!(!Schema::new(Some("{\"type\": 7}")).checks());
    }
}
