//! The doors to every sink that is not a screen: JSON output, terminal lines, HTML, Markdown, CSV cells, file names, search, clipboard.
//!
//! Invariant: what leaves by a door holds nothing that its sink would obey; no door drops anything silently.

use std::fmt::Write as _;

use serde::Serialize;

use super::safe::{Charset, SafeText};
use super::scalar;

/// Serialises for `--json` output: one line of ASCII-safe JSON that means the same as plain serialisation.
///
/// # Errors
/// As `serde_json`: a map with keys that are no strings, or a failing `Serialize`.
pub fn json<T: Serialize>(value: &T) -> Result<String, serde_json::Error> {
    serde_json::to_string(value).map(|text| json_text(&text))
}

/// Escapes, in valid JSON text, every scalar that a terminal obeys, reorders by or hides.
///
/// Outside of its strings JSON is plain ASCII, so that an escape anywhere is an escape within a string.
pub fn json_text(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        let escaped = !matches!(c, '\n' | '\r' | '\t')
            && (scalar::never_drawn(c).is_some() || matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe0e}' | '\u{fe0f}'));
        if escaped {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// Makes text fit for one line on a terminal: status lines, errors, list output.
pub fn terminal_line(text: &str) -> String {
    SafeText::of(text, Charset::Unicode).shown().to_owned()
}

/// Makes text fit for printing on a terminal as it is broken into lines: LF and CRLF stay line breaks.
pub fn terminal_text(text: &str) -> String {
    let mut lines: Vec<&str> = text.split('\n').collect();
    // A CR at the very end has no LF after it and so breaks no line.
    let last = lines.pop().unwrap_or("");
    let mut out = String::with_capacity(text.len());
    for line in lines {
        out.push_str(&terminal_line(line.strip_suffix('\r').unwrap_or(line)));
        out.push('\n');
    }
    out.push_str(&terminal_line(last));
    out
}

/// Makes text fit for the clipboard: as [`terminal_text`], since it is mostly pasted into a terminal or an editor.
pub fn clipboard(text: &str) -> String {
    terminal_text(text)
}

/// Makes text fit to stand in HTML, between tags or in a quoted attribute: one line, nothing of it markup.
pub fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in terminal_line(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// Makes text fit to stand in a line or a table cell of GitHub's Markdown: no markup and no raw HTML in it, and no address
/// that a renderer of Markdown makes a link of. A forge that looks for names, numbers and e-mail addresses in what was
/// rendered may still link those.
pub fn markdown(text: &str) -> String {
    let text = terminal_line(text);
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let after = rest.peek().copied().unwrap_or(' ');
        let within_word = before.is_alphanumeric() && after.is_alphanumeric();
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '@' => out.push_str("&#64;"),
            '\\' | '`' | '*' | '[' | ']' | '|' | '~' | '#' | '!' | '$' => out.extend(['\\', c]),
            // A scheme or a host name before these would be made a link of.
            ':' if after == '/' || within_word => out.extend(['\\', c]),
            '.' if out.to_ascii_lowercase().ends_with("www") => out.extend(['\\', c]),
            '_' if !within_word => out.extend(['\\', c]),
            // At the beginning of a line these make lists, rules and headings.
            '-' | '+' | '=' if out.trim().is_empty() => out.extend(['\\', c]),
            c => out.push(c),
        }
        before = c;
    }
    out
}

/// A CSV cell (RFC 4180, always quoted) that no spreadsheet takes for a formula.
///
/// A text that begins, after optional blanks, quotes, byte order marks and in full-width form too, with `=`, `+`, `-`,
/// `@`, TAB, CR or LF, or with an apostrophe, gets an apostrophe before it; [`csv_unescape`] takes it off again.
/// Unsafe scalars other than TAB and line breaks become stand-ins: CSV is a view, JSONL the record.
pub fn csv_cell(text: &str) -> String {
    let shown: String = text.split('\n').map(csv_line).collect::<Vec<_>>().join("\n");
    let guard = if is_formula(text) || text.starts_with('\'') { "'" } else { "" };
    format!("\"{guard}{}\"", shown.replace('"', "\"\""))
}

/// One line of a cell; tabs stay.
fn csv_line(line: &str) -> String {
    let parts: Vec<String> = line.split('\t').map(terminal_line).collect();
    parts.join("\t")
}

/// The text behind a cell of [`csv_cell`], once its CSV quoting was removed.
pub fn csv_unescape(cell: &str) -> &str {
    cell.strip_prefix('\'').unwrap_or(cell)
}

fn is_formula(text: &str) -> bool {
    const QUOTES: [char; 9] = ['"', '\'', '`', '\u{2018}', '\u{2019}', '\u{201c}', '\u{201d}', '\u{ff02}', '\u{ff07}'];
    if text.starts_with(['\t', '\r', '\n']) {
        return true;
    }
    let ignored =
        |c: char| c.is_whitespace() || c.is_control() || QUOTES.contains(&c) || scalar::never_drawn(c).is_some();
    let first = text.chars().find(|c| !ignored(*c));
    first.is_some_and(|c| {
        matches!(
            c,
            '=' | '+'
                | '-'
                | '@'
                | '\u{ff1d}'
                | '\u{ff0b}'
                | '\u{ff0d}'
                | '\u{ff20}'
                | '\u{2212}'
                | '\u{fe62}'
                | '\u{fe63}'
                | '\u{fe66}'
                | '\u{fe6b}'
        )
    })
}

/// A file name made from any text: lower-case ASCII letters, digits and hyphens, then a hash of the exact text.
///
/// Texts that differ, be it in letter case or Unicode form, give names that differ on every file system; no name is
/// reserved, hidden, or longer than 57 bytes.
pub fn file_slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars() {
        if slug.len() >= 40 {
            break;
        }
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    let slug = if slug.is_empty() { "unnamed" } else { slug };
    let hash = blake3::hash(text.as_bytes()).to_hex();
    format!("{slug}-{}", hash.get(..16).unwrap_or(&hash))
}

/// Most terms of one search; the rest is not looked for.
const MAX_TERMS: usize = 32;
/// Longest term of a search, in characters.
const MAX_TERM: usize = 256;

/// A text as one FTS5 phrase: its words in this order, next to each other. `None` where it has no letter or digit.
pub fn fts_phrase(text: &str) -> Option<String> {
    let phrase: String = text.chars().take(MAX_TERM * MAX_TERMS).map(|c| if c == '\0' { ' ' } else { c }).collect();
    let phrase = phrase.split_whitespace().map(|word| word.chars().take(MAX_TERM).collect::<String>());
    let phrase = phrase.take(MAX_TERMS).collect::<Vec<_>>().join(" ");
    phrase.chars().any(char::is_alphanumeric).then(|| format!("\"{}\"", phrase.replace('"', "\"\"")))
}

#[cfg(test)]
mod tests;
