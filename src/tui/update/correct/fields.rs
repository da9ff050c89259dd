//! The fields of a correction, and the arguments they make.
//!
//! Invariant: a value that nobody typed says where it came from.

use crate::model::tool::ValueKind;
use crate::tui::input::LineInput;
use crate::tui::schema::{Field, Kind, assemble, fill};
use crate::tui::state::correct::Correct;

/// The name of the field that takes all arguments as raw JSON, for a tool of which neither schema nor call is known.
const RAW: &str = "arguments";

/// A field for words.
pub fn text_field(name: &str, required: bool) -> Field {
    Field { kind: Kind::String, required, known: true, ..Field::unknown(name) }
}

/// The fields for a tool: of its schema, else of the calls that are known, filled with what the agent called it with.
pub fn tool_fields(form: &Correct, tool: &str) -> Vec<Field> {
    let mut fields = form.schema.fields();
    let has_schema = form.schema.value.is_some();
    if !has_schema {
        fields = form.called_with(tool).iter().map(|(name, kind)| called_field(name, *kind)).collect();
    }
    if let Some((called, arguments)) = &form.was {
        let same = called == tool;
        let origin = "the call";
        if same {
            if !fill(&mut fields, arguments, Some(origin)) {
                fields = vec![raw_field(if arguments.trim().is_empty() { "{}" } else { arguments })];
            }
        } else {
            let mut from_call = Vec::new();
            fill(&mut from_call, arguments, None);
            for field in &mut fields {
                if let Some(value) = from_call.iter().find(|other| other.name == field.name) {
                    field.put(&value.json().unwrap_or_default(), Some(origin.to_owned()));
                }
            }
        }
    }
    if fields.is_empty() && !has_schema {
        fields = vec![raw_field("{}")];
    }
    for field in &mut fields {
        let seen = form.seen.iter().find(|seen| seen.key == field.name);
        if let Some(seen) = seen.filter(|_| field.input.is_empty() && field.required) {
            field.put(&seen.raw, Some(format!("step {}", seen.step)));
        }
    }
    fields
}

/// A field for an argument that earlier calls had.
fn called_field(name: &str, kind: ValueKind) -> Field {
    let kind = match kind {
        ValueKind::Text => Kind::String,
        ValueKind::Number => Kind::Number,
        ValueKind::Flag => Kind::Boolean,
        ValueKind::Other => Kind::Json,
    };
    Field { kind, known: true, ..Field::unknown(name) }
}

/// True for the name of the field that takes all arguments.
pub fn is_raw(name: &str) -> bool {
    name == RAW
}

/// The field that takes all arguments.
pub fn raw_field(text: &str) -> Field {
    Field { required: true, known: true, input: LineInput::new(text), ..Field::unknown(RAW) }
}

/// The arguments of the form as raw JSON.
pub fn arguments(form: &Correct) -> String {
    raw(form).map_or_else(|| assemble(&form.fields), |field| field.input.text().to_owned())
}

/// The field that takes all arguments, where there is no other.
fn raw(form: &Correct) -> Option<&Field> {
    match form.fields.as_slice() {
        [only] if only.name == RAW && only.required && only.kind == Kind::Json && form.schema.value.is_none() => {
            Some(only)
        }
        _ => None,
    }
}

/// Puts in a value seen earlier; again, the next one.
pub fn put_seen(form: &mut Correct) {
    if raw(form).is_some() {
        return put_named(form);
    }
    let Some(field) = form.fields.get(form.field) else { return };
    let values = form.values_for(field);
    if values.is_empty() {
        form.message = Some("No value of this kind was seen before this step.".to_owned());
        return;
    }
    let next = field.seen.map_or(0, |at| (at + 1) % values.len());
    let seen = values[next].clone();
    let at = form.field;
    if let Some(field) = form.fields.get_mut(at) {
        field.put(&seen.raw, Some(format!("step {}", seen.step)));
        field.seen = Some(next);
    }
    form.warned = false;
    super::check(form);
}

/// Adds a value seen earlier, under the name it was seen under, to arguments that have no fields yet.
fn put_named(form: &mut Correct) {
    let mut fields = Vec::new();
    if !fill(&mut fields, arguments(form).trim(), None) {
        form.message = Some("The arguments are no JSON object yet: { and } with names and values in it.".to_owned());
        return;
    }
    let is_new = |key: &str| !key.is_empty() && fields.iter().all(|field| field.name != key);
    let Some(seen) = form.seen.iter().find(|seen| is_new(&seen.key)) else {
        form.message = Some("No value with a name was seen before this step.".to_owned());
        return;
    };
    let mut field = called_field(&seen.key, ValueKind::of(&seen.raw));
    field.put(&seen.raw, Some(format!("step {}", seen.step)));
    field.seen = Some(0);
    fields.push(field);
    (form.field, form.fields, form.warned) = (fields.len() - 1, fields, false);
    super::check(form);
}
