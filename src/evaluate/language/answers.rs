//! What a tool's answer says of itself: whether the call failed, and which members a record has.
//!
//! Invariant: most answers are records without a failure, and are told so without being built; whatever is unusual gets
//! the closer look, which alone decides that a call failed.

use std::sync::LazyLock;

use aho_corasick::packed::Searcher;

/// An answer without what a notebook puts around it: `# result = "Error: …"` is `Error: …`.
fn bare(result: &str) -> &str {
    let text = result.trim_start();
    let line = text.trim_start_matches('#').trim_start();
    // Most answers are records, in which nothing has to be looked for.
    if !line.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_') {
        return text;
    }
    let Some((name, value)) = line.split_once('=') else { return text };
    let name = name.trim();
    let named = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let value = value.trim_start();
    if named && value.starts_with(['"', '\'']) { value.trim_start_matches(['"', '\'']) } else { text }
}

/// True where a tool's answer says by itself that the call failed.
pub fn says_failure(result: &str) -> bool {
    let text = bare(result);
    let begins = |word: &str| text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
    if ["error", "exception", "traceback", "failed", "failure"].iter().any(|word| begins(word)) {
        return true;
    }
    if !text.starts_with('{') || text.len() > 4_096 || is_harmless(text) {
        return false;
    }
    // Most answers are records without a failure: their members are skipped over, not built, before a closer look.
    let Some(members) = crate::model::tool::members(text) else { return false };
    let object: serde_json::Map<String, serde_json::Value> = members
        .into_iter()
        .filter(|(key, _)| FAILURE_KEYS.contains(&key.as_str()))
        .filter_map(|(key, raw)| Some((key, serde_json::from_str(raw.get()).ok()?)))
        .collect();
    tells_failure(&object) && serde_json::from_str::<serde_json::Value>(text).is_ok()
}

/// True where a record plainly tells of no failure: none of its members, at whatever depth, is one that could, or what
/// they hold is plainly fine. Anything unusual (escapes, numbers) is left to the closer look.
fn is_harmless(text: &str) -> bool {
    const SIGNS: [&str; 7] = ["\"error\"", "\"status", "\"success\"", "\"code\"", "\"isError\"", "\"ok\"", "\\u"];
    // Quotes are everywhere, so that a search has to look at several bytes at once to skip ahead.
    static SEARCHER: LazyLock<Option<Searcher>> = LazyLock::new(|| Searcher::new(SIGNS));
    let Some(searcher) = SEARCHER.as_ref() else { return !SIGNS.iter().any(|sign| text.contains(sign)) };
    searcher.find_iter(text).all(|found| {
        let sign = SIGNS[found.pattern().as_usize()];
        let rest = &text[found.end()..];
        let rest = match sign {
            "\\u" => return false,
            "\"status" => rest.strip_prefix("_code").unwrap_or(rest).strip_prefix('"'),
            _ => Some(rest),
        };
        // Without a colon it is no member's name.
        let value = rest.and_then(|rest| rest.trim_start().strip_prefix(':')).map(str::trim_start);
        value.is_none_or(|value| is_fine(sign, value))
    })
}

/// True where a member's value, told by its first bytes, tells of no failure.
fn is_fine(sign: &str, value: &str) -> bool {
    match sign {
        "\"error\"" => ["null", "false", "\"\""].iter().any(|none| value.starts_with(none)),
        "\"ok\"" | "\"success\"" => !value.starts_with("false"),
        "\"isError\"" => !value.starts_with("true"),
        _ => {
            let word = value.strip_prefix('"').and_then(|rest| rest.split('"').next());
            word.is_some_and(|word| {
                word.is_ascii()
                    && !word.contains('\\')
                    && !FAILURE_WORDS.iter().any(|bad| word.eq_ignore_ascii_case(bad))
            })
        }
    }
}

/// Shows the members of a JSON object, keys as they are spelled and values from their first byte on, without building
/// or checking anything; false where the brackets do not close. Sure only for text that is valid JSON.
pub(in crate::evaluate) fn top_members<'a>(text: &'a str, mut show: impl FnMut(&'a str, &'a str)) -> bool {
    let bytes = text.as_bytes();
    let (mut at, mut depth, mut key) = (0_usize, 0_u32, None);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                let start = at + 1;
                at = end_of_text(bytes, start);
                if depth == 1 {
                    key = text.get(start..at);
                }
            }
            b':' if depth == 1 => {
                let value = text.get(at + 1..).unwrap_or("").trim_start();
                if let Some(key) = key.take() {
                    show(key, value);
                }
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return true;
                }
            }
            _ => {}
        }
        at += 1;
    }
    false
}

/// Where the text that begins at `at` ends: its closing quote, or the end of everything.
fn end_of_text(bytes: &[u8], mut at: usize) -> usize {
    while let Some(next) = bytes.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        at += next;
        if bytes[at] == b'"' {
            return at;
        }
        at += 2;
    }
    bytes.len()
}

/// Words of a status that tell of a failure.
const FAILURE_WORDS: [&str; 4] = ["error", "failed", "failure", "rejected"];

/// Members of an answer that may tell of a failure.
const FAILURE_KEYS: [&str; 7] = ["error", "status", "status_code", "code", "ok", "success", "isError"];

fn tells_failure(object: &serde_json::Map<String, serde_json::Value>) -> bool {
    let is = |key: &str, value: bool| object.get(key).and_then(serde_json::Value::as_bool) == Some(value);
    let named = object.get("error").is_some_and(|error| match error {
        serde_json::Value::Null | serde_json::Value::Bool(false) => false,
        serde_json::Value::String(text) => !text.is_empty(),
        _ => true,
    });
    let status = ["status", "status_code", "code"].iter().filter_map(|key| object.get(*key)).any(|status| {
        status.as_u64().is_some_and(|code| (400..600).contains(&code))
            || status.as_str().is_some_and(|word| FAILURE_WORDS.contains(&word.to_lowercase().as_str()))
    });
    named || status || is("ok", false) || is("success", false) || is("isError", true)
}
