//! Reading back what was written: every row is checked against its format before a file gets its name.
//!
//! Invariant: a row that a trainer would refuse, or read as something else, never leaves as a finished file.

use serde_json::Value;

use super::Exporter;

/// A row that is not what its format says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}, line {line}: {message}; nothing was written. This is a fault of the program: please report it")]
pub struct Invalid {
    /// The data file.
    pub file: &'static str,
    /// From 1.
    pub line: u64,
    /// What is wrong.
    pub message: String,
}

/// The two spellings of chat messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Arguments are a string, answers name the call's id.
    OpenAi,
    /// Arguments are an object, answers name the tool.
    Trl,
}

/// Checks one line of a data file, without its line break.
///
/// # Errors
/// What breaks the format.
pub fn check_line(exporter: &dyn Exporter, number: u64, line: &str) -> Result<(), Invalid> {
    let row = read_line(exporter, number, line)?;
    exporter.check(&row).map_err(|message| Invalid { file: exporter.file_name(), line: number, message })
}

/// Reads one line of a data file.
///
/// # Errors
/// It is no JSON.
pub fn read_line(exporter: &dyn Exporter, number: u64, line: &str) -> Result<Value, Invalid> {
    let fail =
        |error: serde_json::Error| Invalid { file: exporter.file_name(), line: number, message: error.to_string() };
    serde_json::from_str(line).map_err(fail)
}

/// The list in a field.
pub(super) fn list<'a>(row: &'a Value, field: &str) -> Result<&'a Vec<Value>, String> {
    row[field].as_array().ok_or_else(|| format!("{field} is not a list"))
}

/// The text in a field, which must not be empty.
pub(super) fn text<'a>(row: &'a Value, field: &str) -> Result<&'a str, String> {
    row[field].as_str().filter(|text| !text.is_empty()).ok_or_else(|| format!("{field} is missing"))
}

/// Checks that messages form a chat: known roles, every call answered before anybody speaks again (but for those of the
/// last message), every answer to a call of the message before it.
pub(super) fn chat(messages: &[Value], shape: Shape) -> Result<(), String> {
    let mut open: Vec<String> = Vec::new();
    let mut used: Vec<String> = Vec::new();
    for (i, message) in messages.iter().enumerate() {
        let fail = |what: &str| Err(format!("message {}: {what}", i + 1));
        let role = message["role"].as_str().unwrap_or_default();
        if role != "tool" && !open.is_empty() {
            return fail("a call before it was not answered");
        }
        match role {
            "system" | "user" if message["content"].is_string() => {}
            "tool" if message["content"].is_string() => {
                let key = if shape == Shape::OpenAi { "tool_call_id" } else { "name" };
                let named = message[key].as_str().unwrap_or_default();
                let Some(at) = open.iter().position(|call| call == named) else {
                    return fail("a tool's answer resolves to no call");
                };
                open.remove(at);
            }
            "assistant" => {
                let calls = message["tool_calls"].as_array().map_or(&[][..], Vec::as_slice);
                let spoken = message["content"].as_str().is_some_and(|text| !text.is_empty());
                if calls.is_empty() && !spoken && shape == Shape::OpenAi {
                    return fail("it neither says nor calls anything");
                }
                for call in calls {
                    open.push(
                        checked_call(call, shape, &mut used).or_else(|what| fail(&what).map(|()| String::new()))?,
                    );
                }
            }
            _ => return fail("it has no known role or no content"),
        }
    }
    Ok(())
}

/// What answers to the call have to name.
fn checked_call(call: &Value, shape: Shape, used: &mut Vec<String>) -> Result<String, String> {
    let name = call["function"]["name"].as_str().ok_or("a call names no function")?;
    let arguments = &call["function"]["arguments"];
    match shape {
        Shape::OpenAi if !arguments.is_string() => return Err("arguments are not a JSON string".to_owned()),
        Shape::Trl if !arguments.is_object() => return Err("arguments are not an object".to_owned()),
        Shape::Trl => return Ok(name.to_owned()),
        Shape::OpenAi => {}
    }
    let id = call["id"].as_str().filter(|id| !id.is_empty()).ok_or("a call has no id")?;
    if used.iter().any(|other| other == id) {
        return Err(format!("the call id {id} is used twice"));
    }
    used.push(id.to_owned());
    Ok(id.to_owned())
}

/// Checks the tool list of a row, where it has one.
pub(super) fn tools(row: &Value) -> Result<(), String> {
    for tool in row["tools"].as_array().map_or(&[][..], Vec::as_slice) {
        let function = &tool["function"];
        if tool["type"] != "function" || !function["name"].is_string() {
            return Err("a tool is not a named function".to_owned());
        }
        if !(function["parameters"].is_object() || function["parameters"].is_null()) {
            return Err("the parameters of a tool are no schema".to_owned());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn answers_resolve_and_calls_are_answered() {
        let call = |id: &str| json!({"role": "assistant", "tool_calls": [{"id": id, "type": "function", "function": {"name": "f", "arguments": "{}"}}]});
        let answer = |id: &str| json!({"role": "tool", "tool_call_id": id, "content": "ok"});
        let user = json!({"role": "user", "content": "hi"});
        assert_eq!(chat(&[user.clone(), call("a"), answer("a"), call("b")], Shape::OpenAi), Ok(()));
        assert!(
            chat(&[user.clone(), call("a"), answer("x")], Shape::OpenAi).unwrap_err().contains("resolves to no call")
        );
        assert!(chat(&[call("a"), user.clone()], Shape::OpenAi).unwrap_err().contains("not answered"));
        assert!(chat(&[call("a"), answer("a"), call("a")], Shape::OpenAi).unwrap_err().contains("used twice"));
        assert!(chat(&[json!({"role": "assistant", "content": ""})], Shape::OpenAi).is_err());
        assert!(chat(&[json!({"role": "narrator", "content": "x"})], Shape::OpenAi).is_err());
        assert!(chat(&[call("a")], Shape::Trl).unwrap_err().contains("not an object"));
    }

    #[test]
    fn a_bad_line_is_named() {
        let exporter = super::super::exporter("openai-sft").unwrap();
        assert_eq!(check_line(exporter, 7, "{").unwrap_err().line, 7);
        assert!(check_line(exporter, 1, "{\"messages\":[]}").is_err());
    }
}
