//! Tools: what an agent may call, what a call of it does, and the calls themselves.
//!
//! Invariant: arguments are kept as the raw text the source had; parsing is a view of it, never a replacement.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::text::Untrusted;

/// What calling a tool does to the system of record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Changes nothing.
    Read,
    /// Changes the system of record.
    Write,
    /// Changes it and cannot be taken back.
    Irreversible,
}

impl Effect {
    /// The effect a tool's name suggests: names that begin with a reading verb read, all others write.
    ///
    /// A guess, shown as one; a tool list's `x-effect` or the workspace's `tools.toml` overrides it.
    pub fn guess(name: &str) -> Self {
        const READING: [&str; 19] = [
            "get",
            "find",
            "list",
            "search",
            "lookup",
            "look",
            "check",
            "calculate",
            "compute",
            "think",
            "read",
            "fetch",
            "query",
            "retrieve",
            "view",
            "show",
            "track",
            "verify",
            "describe",
        ];
        let first: String = name
            .chars()
            .skip_while(|c| !c.is_alphanumeric())
            .enumerate()
            .take_while(|(i, c)| c.is_alphanumeric() && (*i == 0 || !c.is_uppercase()))
            .map(|(_, c)| c.to_ascii_lowercase())
            .collect();
        if READING.contains(&first.as_str()) { Self::Read } else { Self::Write }
    }
}

/// Where a call that moves the conversation moves it to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aim {
    /// An ordinary tool.
    Work,
    /// A person.
    Person,
    /// Another agent of the crew.
    Agent,
}

impl Aim {
    /// Where a tool leads, by its name: what is no word for handing over is work.
    pub fn guess(tool: &str) -> Self {
        const MOVES: [&str; 13] = [
            "transfer_to",
            "handoff",
            "hand_off",
            "handover",
            "hand_over",
            "escalat",
            "transfer_call",
            "route_to",
            "to_human_agent",
            "transfertohuman",
            "transfertoagent",
            "transfertosup",
            "transfertoperson",
        ];
        const PEOPLE: [&str; 11] = [
            "human",
            "person",
            "people",
            "escalat",
            "live",
            "supervisor",
            "representative",
            "staff",
            "colleague",
            "support_team",
            "callcenter",
        ];
        // Hardly any tool's name holds one of these, and each name of the others holds one.
        let holds = |(at, byte): (usize, u8)| {
            let begins = |part: &str| {
                let here = tool.as_bytes().get(at..at + part.len());
                here.is_some_and(|here| here.eq_ignore_ascii_case(part.as_bytes()))
            };
            match byte.to_ascii_lowercase() {
                b't' => begins("transfer") || begins("to_human"),
                b'h' => begins("hand"),
                b'e' => begins("escalat"),
                b'r' => begins("route_to"),
                _ => false,
            }
        };
        if !tool.bytes().enumerate().any(holds) {
            return Self::Work;
        }
        let name = tool.to_ascii_lowercase();
        if !MOVES.iter().any(|verb| name.contains(verb)) && !name.ends_with("to_human") {
            return Self::Work;
        }
        let bare = ["transfer_call", "handoff", "hand_off", "handover"];
        let person = PEOPLE.iter().any(|word| name.contains(word)) || bare.contains(&name.as_str());
        if person { Self::Person } else { Self::Agent }
    }

    /// True for tools that hand the conversation on; they change nothing themselves.
    pub fn hands_over(tool: &str) -> bool {
        Self::guess(tool) != Self::Work
    }
}

/// A tool as it was offered to the model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolSpec {
    /// As offered; two names that look alike are two tools.
    pub name: Untrusted,
    /// As offered; empty where there was none.
    pub description: Untrusted,
    /// The JSON Schema of the arguments as raw JSON text; `None` where the source had none.
    pub parameters: Option<Untrusted>,
    /// What a call does.
    pub effect: Effect,
    /// True where the effect was guessed from the name.
    pub effect_guessed: bool,
}

/// What the values of an argument were in the calls that were recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    /// Text.
    Text,
    /// Numbers.
    Number,
    /// True or false.
    Flag,
    /// Anything else, or not always the same.
    Other,
}

impl ValueKind {
    /// The kind of a raw JSON value.
    pub fn of(raw: &str) -> Self {
        match raw.trim_start().as_bytes().first() {
            Some(b'"') => Self::Text,
            Some(b'-' | b'0'..=b'9') => Self::Number,
            Some(b't' | b'f') => Self::Flag,
            _ => Self::Other,
        }
    }
}

/// A tool that the workspace knows from any of its conversations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownTool {
    /// As offered; for one that was called and never offered, its name alone.
    pub spec: ToolSpec,
    /// The arguments it was called with, in the order in which they first came.
    pub arguments: Vec<(String, ValueKind)>,
}

impl KnownTool {
    /// One of which the name is all that is known.
    pub fn named(name: &str) -> Self {
        let spec = ToolSpec {
            name: name.into(),
            description: Untrusted::default(),
            parameters: None,
            effect: Effect::guess(name),
            effect_guessed: true,
        };
        Self { spec, arguments: Vec::new() }
    }

    /// Takes in the arguments of one more call.
    pub fn called_with(&mut self, arguments: &str) {
        for (name, raw) in members(arguments).unwrap_or_default() {
            let kind = ValueKind::of(raw.get());
            match self.arguments.iter_mut().find(|(known, _)| *known == name) {
                // An empty value says nothing of the others.
                Some((_, before)) if *before != kind && raw.get() != "null" => *before = ValueKind::Other,
                Some(_) => {}
                None => self.arguments.push((name, kind)),
            }
        }
    }
}

/// The arguments of a call, exactly as recorded.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Arguments(pub Untrusted);

impl Arguments {
    /// The text parsed as JSON; `None` where it is none (cut off, empty, prose).
    ///
    /// Numbers beyond 64 bits lose digits in this view; the raw text keeps them.
    pub fn parsed(&self) -> Option<serde_json::Value> {
        serde_json::from_str(self.0.exact()).ok()
    }

    /// The arguments in canonical form, for comparing and hashing: object keys sorted, no white space, numbers and
    /// strings as written. Text that is not JSON is its own canonical form. A JSON string that itself holds a JSON
    /// object is unwrapped, as is a lone `{"kw": {…}}` or `{"args": [], "kwargs": {…}}` wrapper of Python calls.
    pub fn canonical(&self) -> String {
        canonical_json(self.0.exact())
    }
}

/// Nesting deeper than this has no canonical form but its own text: sorting it would need as deep a stack.
const DEEPEST: usize = 128;

/// The canonical form of JSON text: keys sorted by code point, no white space, number tokens kept as written.
pub fn canonical_json(text: &str) -> String {
    if deeper_than(text, DEEPEST) {
        return text.to_owned();
    }
    let Ok(raw) = serde_json::from_str::<&RawValue>(text.trim()) else { return text.to_owned() };
    let mut out = String::with_capacity(text.len());
    write_canonical(unwrapped(raw).as_ref().unwrap_or(&raw.to_owned()), &mut out);
    out
}

/// True where JSON text opens more than `limit` brackets within each other.
fn deeper_than(text: &str, limit: usize) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    text.bytes().any(|byte| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > limit
    })
}

/// The object inside the wrappers that instrumentation puts around arguments, if `raw` is such a wrapper.
fn unwrapped(raw: &RawValue) -> Option<Box<RawValue>> {
    let text = raw.get();
    if text.starts_with('"') {
        let inner: String = serde_json::from_str(text).ok()?;
        let inner: Box<RawValue> = serde_json::from_str(inner.trim()).ok()?;
        return inner.get().starts_with('{').then(|| unwrapped(&inner).unwrap_or(inner));
    }
    if !text.starts_with('{') {
        return None;
    }
    let object: Vec<(String, &RawValue)> = members(text)?;
    let is_object = |value: &RawValue| value.get().starts_with('{');
    match object.as_slice() {
        [(key, value)] if key == "kw" && is_object(value) => Some((*value).to_owned()),
        [(args, list), (kwargs, value)]
            if args == "args" && kwargs == "kwargs" && is_object(value) && list.get().replace(' ', "") == "[]" =>
        {
            Some((*value).to_owned())
        }
        _ => None,
    }
}

/// The members of a JSON object in source order, duplicates included; `None` where `text` is no object.
pub fn members(text: &str) -> Option<Vec<(String, &RawValue)>> {
    struct Members;
    impl<'de> serde::de::Visitor<'de> for Members {
        type Value = Vec<(String, &'de RawValue)>;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry()? {
                members.push(member);
            }
            Ok(members)
        }
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let members = serde::Deserializer::deserialize_map(&mut deserializer, Members).ok()?;
    deserializer.end().ok()?;
    Some(members)
}

fn write_canonical(raw: &RawValue, out: &mut String) {
    let text = raw.get();
    match text.as_bytes().first() {
        Some(b'{') => {
            let mut object = members(text).unwrap_or_default();
            object.sort_by(|a, b| a.0.cmp(&b.0));
            out.push('{');
            for (i, (key, value)) in object.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                out.push_str(&serde_json::Value::from(key.as_str()).to_string());
                out.push(':');
                write_canonical(value, out);
            }
            out.push('}');
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text).unwrap_or_default();
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_canonical(item, out);
            }
            out.push(']');
        }
        Some(b'"') => match serde_json::from_str::<String>(text) {
            Ok(string) => out.push_str(&serde_json::Value::from(string).to_string()),
            Err(_) => out.push_str(text),
        },
        _ => out.push_str(text),
    }
}

/// An expected call of a reference solution: what a correct run would have done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpectedCall {
    /// The tool.
    pub tool: Untrusted,
    /// Its arguments, raw.
    pub arguments: Arguments,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_arguments_sort_keys_and_keep_digits() {
        let a = canonical_json(r#" {"b": 123456789012345678901234, "a" : [1, 2.50, "x"] } "#);
        assert_eq!(a, r#"{"a":[1,2.50,"x"],"b":123456789012345678901234}"#);
        assert_eq!(canonical_json(r#""{\"id\": 7}""#), r#"{"id":7}"#);
        assert_eq!(canonical_json(r#"{"kw": {"id": 7}}"#), r#"{"id":7}"#);
        assert_eq!(canonical_json(r#"{"args": [], "kwargs": {"id": 7}}"#), r#"{"id":7}"#);
        assert_eq!(canonical_json(r#"{"order": "A-1"#), r#"{"order": "A-1"#);
        assert_eq!(canonical_json(r#""plain""#), r#""plain""#);
    }

    #[test]
    fn depth_has_an_end() {
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(canonical_json(&deep), deep);
    }

    #[test]
    fn duplicate_keys_survive_the_canonical_form() {
        assert_eq!(canonical_json(r#"{"a":1,"a":2}"#), r#"{"a":1,"a":2}"#);
    }

    #[test]
    fn effects_are_guessed_from_the_first_word() {
        assert_eq!(Effect::guess("get_order"), Effect::Read);
        assert_eq!(Effect::guess("getOrder"), Effect::Read);
        assert_eq!(Effect::guess("getaway_booking"), Effect::Write);
        assert_eq!(Effect::guess("process_refund"), Effect::Write);
        assert_eq!(Effect::guess(""), Effect::Write);
    }

    #[test]
    fn where_a_tool_leads_is_guessed_from_its_name() {
        let people =
            ["transfer_to_human_agents", "transferToHuman", "escalate_to_human", "connect_to_human", "HandOff"];
        assert!(people.iter().all(|name| Aim::guess(name) == Aim::Person), "{people:?}");
        let agents = ["transfer_to_triage", "route_to_billing", "transferToAgent", "handoff_to_orders"];
        assert!(agents.iter().all(|name| Aim::guess(name) == Aim::Agent && Aim::hands_over(name)), "{agents:?}");
        let work = ["transfer_funds", "transferToSavings", "handle_turn", "convert_to_human_readable", "get_order"];
        assert!(!work.iter().any(|name| Aim::hands_over(name)), "{work:?}");
    }
}
