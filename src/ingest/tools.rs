//! The tools an agent was offered: from spans, and from a file beside them.
//!
//! Invariant: what a trace offered wins over the file for schemas; the file wins over a guess for effects.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use serde_json::value::RawValue;

use super::message::{Object, list, string};
use super::semconv;
use crate::model::tool::{Effect, ToolSpec};
use crate::model::trace::{Span, SpanKind};

/// Tool schemas and effects from a file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ToolList {
    /// With schemas, from a JSON list of tools.
    pub tools: Vec<ToolSpec>,
    /// Effects by section (empty where the file has none) and tool name.
    pub effects: BTreeMap<String, BTreeMap<String, Effect>>,
}

/// A tool file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ToolListError {
    /// Neither form.
    #[error("{name}: neither a JSON list of tools nor TOML lines like get_order = \"read\"; check the file's form")]
    OfNoForm {
        /// The file.
        name: String,
    },
    /// A word that is no effect.
    #[error("{name}: the effect of each tool must be \"read\", \"write\" or \"irreversible\"; correct entry {entry}")]
    OfNoEffect {
        /// The file.
        name: String,
        /// Its position, from 1.
        entry: usize,
    },
}

impl ToolList {
    /// Reads a tool file: a JSON list of tools (nested as OpenAI does, or flat), or TOML `name = "effect"`, with or
    /// without sections.
    pub fn parse(name: &str, text: &str) -> Result<Self, ToolListError> {
        let error = || ToolListError::OfNoForm { name: name.to_owned() };
        let trimmed = text.trim_start_matches('\u{feff}').trim();
        let object = Object::parse(trimmed);
        let items = list(trimmed).or_else(|| object.as_ref()?.list("tools"));
        if let Some(items) = items {
            let tools: Vec<ToolSpec> = items.into_iter().filter_map(tool).collect();
            return if tools.is_empty() { Err(error()) } else { Ok(Self { tools, effects: BTreeMap::new() }) };
        }
        let table: toml::Table = trimmed.parse().map_err(|_| error())?;
        let mut effects: BTreeMap<String, BTreeMap<String, Effect>> = BTreeMap::new();
        let mut entry = 0;
        for (key, value) in table {
            let (section, members) = match value {
                toml::Value::Table(section) => (key, section),
                other => (String::new(), toml::Table::from_iter([(key, other)])),
            };
            for (tool, value) in members {
                entry += 1;
                let effect = value.as_str().and_then(effect);
                let effect = effect.ok_or_else(|| ToolListError::OfNoEffect { name: name.to_owned(), entry })?;
                effects.entry(section.clone()).or_default().insert(tool, effect);
            }
        }
        Ok(Self { tools: Vec::new(), effects })
    }

    /// Puts `other` on top of this list.
    pub fn merge(&mut self, other: Self) {
        for tool in other.tools {
            self.tools.retain(|known| known.name != tool.name);
            self.tools.push(tool);
        }
        for (section, effects) in other.effects {
            self.effects.entry(section).or_default().extend(effects);
        }
    }

    /// The effect the file gives a tool: of the section that names the source, of the part without a section, else of
    /// whichever section knows it.
    fn effect(&self, source: &str, tool: &str) -> Option<Effect> {
        let of = |section: &BTreeMap<String, Effect>| section.get(tool).copied();
        let named = self.effects.iter().filter(|(section, _)| !section.is_empty() && source.contains(section.as_str()));
        let named = named.map(|(_, effects)| effects).find_map(of);
        named.or_else(|| self.effects.get("").and_then(of)).or_else(|| self.effects.values().find_map(of)).or_else(
            || self.tools.iter().find(|spec| spec.name.exact() == tool && !spec.effect_guessed).map(|spec| spec.effect),
        )
    }

    /// Completes what a source offered: descriptions and schemas it lacks, and effects that were guessed.
    pub(super) fn complete(&self, source: &str, spec: &mut ToolSpec) {
        let known = self.tools.iter().find(|known| known.name == spec.name);
        if let Some(known) = known {
            if spec.parameters.is_none() {
                spec.parameters.clone_from(&known.parameters);
            }
            if spec.description.is_empty() {
                spec.description.clone_from(&known.description);
            }
        }
        if spec.effect_guessed
            && let Some(effect) = self.effect(source, spec.name.exact())
        {
            (spec.effect, spec.effect_guessed) = (effect, false);
        }
    }
}

fn effect(word: &str) -> Option<Effect> {
    match word.trim().to_ascii_lowercase().as_str() {
        "read" | "readonly" | "read-only" => Some(Effect::Read),
        "write" => Some(Effect::Write),
        "irreversible" => Some(Effect::Irreversible),
        _ => None,
    }
}

/// A tool definition, nested as OpenAI does or flat.
pub(super) fn tool(raw: &RawValue) -> Option<ToolSpec> {
    let outer = Object::parse(raw.get())?;
    let function = outer.object("function");
    let inner = function.as_ref().unwrap_or(&outer);
    let name = inner.text("name")?;
    let schema =
        ["parameters", "input_schema", "inputSchema", "parameters_json_schema"].iter().find_map(|key| inner.get(key));
    let told = ["x-effect", "x_effect"].iter().find_map(|key| {
        let within = || schema.and_then(|raw| Object::parse(raw.get())).and_then(|schema| schema.text(key));
        inner.text(key).or_else(|| outer.text(key)).or_else(within)
    });
    let told = told.as_deref().and_then(effect);
    Some(ToolSpec {
        effect: told.unwrap_or_else(|| Effect::guess(&name)),
        effect_guessed: told.is_none(),
        description: inner.text("description").unwrap_or_default().into(),
        parameters: schema.map(|raw| string(raw).unwrap_or_else(|| raw.get().to_owned()).into()),
        name: name.into(),
    })
}

/// Tool definitions in JSON text.
pub(super) fn tools(text: &str) -> Vec<ToolSpec> {
    list(text).unwrap_or_default().into_iter().filter_map(tool).collect()
}

/// Collects the tools of a conversation and notes for every model call which it was offered.
pub(super) fn collect(source: &str, spans: &mut [Span], told: &ToolList) -> Vec<ToolSpec> {
    let mut all: Vec<ToolSpec> = Vec::new();
    let mut seen: HashMap<String, Vec<u32>> = HashMap::new();
    for span in spans.iter_mut() {
        span.offered_tools.clear();
        if span.kind != SpanKind::Llm {
            continue;
        }
        let Some(definitions) = definitions(span) else { continue };
        if !seen.contains_key(&definitions) {
            let offered = tools(&definitions).into_iter().map(|spec| add(&mut all, spec)).collect();
            seen.insert(definitions.clone(), offered);
        }
        span.offered_tools.clone_from(&seen[&definitions]);
    }
    for span in spans.iter().filter(|span| span.kind == SpanKind::Tool) {
        ran(&mut all, span);
    }
    if spans.iter().all(|span| span.offered_tools.is_empty()) {
        // Nothing on record says what was offered: the file's word is taken for the whole conversation.
        let missing = told.tools.iter().filter(|spec| all.iter().all(|known| known.name != spec.name));
        let missing: Vec<ToolSpec> = missing.cloned().collect();
        all.extend(missing);
    }
    for spec in &mut all {
        told.complete(source, spec);
    }
    all
}

fn add(all: &mut Vec<ToolSpec>, spec: ToolSpec) -> u32 {
    let at = all.iter().position(|known| known.name == spec.name && known.parameters == spec.parameters);
    at.unwrap_or_else(|| {
        all.push(spec);
        all.len() - 1
    }) as u32
}

/// A tool span may be the only place that describes its tool.
fn ran(all: &mut Vec<ToolSpec>, span: &Span) {
    let name = semconv::tool_name(span);
    if all.iter().any(|known| known.name.exact() == name) {
        return;
    }
    let text = |keys: &[&str]| semconv::text(&span.attributes, keys);
    let schema = text(&["gen_ai.tool.parameters", "tool.parameters"]).filter(|text| text.starts_with('{'));
    let description = text(&["gen_ai.tool.description", "tool.description"]);
    if schema.is_none() && description.is_none() {
        return;
    }
    all.push(ToolSpec {
        effect: Effect::guess(&name),
        effect_guessed: true,
        description: description.unwrap_or_default().into(),
        parameters: schema.map(Into::into),
        name: name.into(),
    });
}

/// The tool definitions a model call carries, as one JSON list.
fn definitions(span: &Span) -> Option<String> {
    let attributes = &span.attributes;
    if let Some(text) = semconv::TOOLS_JSON.iter().find_map(|key| semconv::as_text(attributes.get(*key)?)) {
        return Some(text).filter(|text| text.starts_with('['));
    }
    let mut flat: BTreeMap<u32, String> = BTreeMap::new();
    let mut fields: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for (key, value) in attributes {
        for prefix in semconv::TOOLS_FLAT {
            let rest = key.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('.'));
            let Some((index, field)) = rest.and_then(|rest| rest.split_once('.')) else { continue };
            let (Ok(index), Some(text)) = (index.parse(), value.as_str()) else { continue };
            match field {
                "tool.json_schema" | "json_schema" => {
                    flat.insert(index, text.to_owned());
                }
                "name" | "description" => {
                    fields.entry(index).or_default().push(format!("\"{field}\":{}", Value::from(text)));
                }
                "parameters" if serde_json::from_str::<&RawValue>(text).is_ok() => {
                    fields.entry(index).or_default().push(format!("\"{field}\":{text}"));
                }
                _ => {}
            }
        }
    }
    for (index, fields) in fields {
        flat.entry(index).or_insert_with(|| format!("{{{}}}", fields.join(",")));
    }
    if !flat.is_empty() {
        return Some(format!("[{}]", flat.into_values().collect::<Vec<_>>().join(",")));
    }
    let within = semconv::TOOLS_WITHIN.iter().filter_map(|key| attributes.get(*key)?.as_str());
    within.filter(|text| text.contains("\"tools\"")).find_map(|text| {
        let object = Object::parse(text)?;
        object.get("tools").filter(|raw| raw.get().starts_with('[')).map(|raw| raw.get().to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tool_files_come_in_two_forms() {
        let json = r#"[{"type":"function","function":{"name":"get_order","description":"d","parameters":{"type":"object"}}},
            {"name":"wipe","x-effect":"irreversible","input_schema":{"type": "object"}}]"#;
        let list = ToolList::parse("t.json", json).unwrap();
        assert_eq!(list.tools[0].parameters.as_ref().map(crate::text::Untrusted::exact), Some(r#"{"type":"object"}"#));
        assert!(list.tools[0].effect_guessed);
        assert_eq!((list.tools[1].effect, list.tools[1].effect_guessed), (Effect::Irreversible, false));
        let toml =
            ToolList::parse("t.toml", "think = \"read\"\n[shop]\nthink = \"write\"\nbuy = \"irreversible\"\n").unwrap();
        assert_eq!(toml.effect("my-shop", "think"), Some(Effect::Write));
        assert_eq!(toml.effect("other", "think"), Some(Effect::Read));
        assert_eq!(toml.effect("other", "buy"), Some(Effect::Irreversible));
        assert!(ToolList::parse("t", "a = \"maybe\"").is_err());
        assert!(ToolList::parse("t", "{{{").is_err());
    }
}
