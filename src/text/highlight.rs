//! Pretty-printing and highlighting of JSON, bounded in size.
//!
//! Invariant: formatting changes white space outside of strings only; numbers, keys (repeated ones too) and escapes stay
//! as they are. Text that is not JSON comes back as it is.

use std::sync::OnceLock;

use serde_json::value::RawValue;
use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxReference, SyntaxSet};

use super::safe::Untrusted;
use super::wrap::Lines;

/// Bytes of formatted JSON that are highlighted; what follows is [`HighlightClass::Plain`].
const MAX_HIGHLIGHTED: usize = 256 * 1024;
/// Longest line that is highlighted; one value of that length is read, not scanned for colours.
const MAX_LINE: usize = 32 * 1024;
/// Bytes of JSON that are broken into lines; what follows stays as it is, on one line.
const MAX_FORMATTED: usize = 1024 * 1024;
/// Levels that are indented; deeper ones stay at that depth.
const MAX_INDENT: usize = 32;

/// One run of highlighted text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HighlightRun {
    /// What the run is.
    pub class: HighlightClass,
    /// Its text, without line breaks.
    pub text: Untrusted,
}

/// What a run of JSON is; the theme turns it into a style.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HighlightClass {
    /// An object key.
    Key,
    /// A string.
    String,
    /// A number.
    Number,
    /// `true`, `false`, `null`.
    Constant,
    /// Braces, brackets, commas, colons.
    Punctuation,
    /// Anything else, and text beyond the bound.
    Plain,
}

/// Breaks JSON text into lines, indented by two spaces a level; `None` where the text is not JSON.
pub fn pretty_json(text: &str) -> Option<String> {
    serde_json::from_str::<&RawValue>(text).ok()?;
    Some(Printer { out: String::with_capacity(text.len() * 2), depth: 0, rest: text }.print())
}

/// Pretty-prints and highlights JSON text, a vector of runs per line; text that is not JSON is plain.
pub fn json(text: &str) -> Vec<Vec<HighlightRun>> {
    let Some(pretty) = pretty_json(text) else { return plain(text).collect() };
    let Some(mut painter) = Painter::new() else { return plain(&pretty).collect() };
    let mut budget = MAX_HIGHLIGHTED;
    let lines = pretty.split('\n').map(|line| {
        budget = budget.saturating_sub(line.len() + 1);
        if budget == 0 || line.len() > MAX_LINE {
            budget = 0;
            vec![run(HighlightClass::Plain, line)]
        } else {
            painter.line(line)
        }
    });
    lines.collect()
}

fn plain(text: &str) -> impl Iterator<Item = Vec<HighlightRun>> + '_ {
    Lines::new(text).from(text, 0).map(|line| vec![run(HighlightClass::Plain, text.get(line.range).unwrap_or(""))])
}

fn run(class: HighlightClass, text: &str) -> HighlightRun {
    HighlightRun { class, text: text.into() }
}

/// Writes the tokens of valid JSON one after another, as they are.
struct Printer<'a> {
    out: String,
    depth: usize,
    rest: &'a str,
}

impl Printer<'_> {
    fn print(mut self) -> String {
        let whole = self.rest.len();
        while let Some(token) = self.token() {
            if whole - self.rest.len() > MAX_FORMATTED {
                self.out.push_str(token);
                self.out.push_str(&self.rest.replace(['\n', '\r'], " "));
                break;
            }
            match token {
                "{" | "[" => self.open(token),
                "}" | "]" => {
                    self.depth = self.depth.saturating_sub(1);
                    self.line_break();
                    self.out.push_str(token);
                }
                "," => {
                    self.out.push(',');
                    self.line_break();
                }
                ":" => self.out.push_str(": "),
                _ => self.out.push_str(token),
            }
        }
        self.out
    }

    fn open(&mut self, token: &str) {
        self.out.push_str(token);
        let close = if token == "{" { '}' } else { ']' };
        if let Some(rest) = self.rest.trim_start().strip_prefix(close) {
            self.rest = rest;
            self.out.push(close);
        } else {
            self.depth += 1;
            self.line_break();
        }
    }

    fn line_break(&mut self) {
        self.out.push('\n');
        for _ in 0..self.depth.min(MAX_INDENT) {
            self.out.push_str("  ");
        }
    }
}

impl<'a> Printer<'a> {
    fn token(&mut self) -> Option<&'a str> {
        let rest = self.rest.trim_start();
        let end = match rest.as_bytes().first()? {
            b'{' | b'}' | b'[' | b']' | b',' | b':' => 1,
            b'"' => string_end(rest),
            _ => rest.find(|c: char| c.is_whitespace() || "{}[],:\"".contains(c)).unwrap_or(rest.len()),
        };
        let (token, rest) = rest.split_at_checked(end)?;
        self.rest = rest;
        Some(token)
    }
}

/// Where the string that `text` begins with ends, its quote included.
pub(crate) fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

struct Grammar {
    set: SyntaxSet,
    classes: Vec<(Scope, HighlightClass)>,
}

/// The grammars that come with the highlighter, loaded once.
fn grammar() -> &'static Grammar {
    static GRAMMAR: OnceLock<Grammar> = OnceLock::new();
    GRAMMAR.get_or_init(|| {
        use HighlightClass::{Constant, Key, Number, Punctuation, String};
        let scope = |(name, class)| Scope::new(name).ok().map(|scope| (scope, class));
        // In order: a key is a string as well, and its quotes are punctuation of the grammar.
        let classes = [
            ("meta.mapping.key", Key),
            ("meta.structure.dictionary.key", Key),
            ("string", String),
            ("constant.numeric", Number),
            ("constant.language", Constant),
            ("punctuation", Punctuation),
        ];
        Grammar { set: SyntaxSet::load_defaults_newlines(), classes: classes.into_iter().filter_map(scope).collect() }
    })
}

struct Painter {
    grammar: &'static Grammar,
    state: ParseState,
    scopes: ScopeStack,
}

impl Painter {
    fn new() -> Option<Self> {
        let grammar = grammar();
        let syntax: &SyntaxReference = grammar.set.find_syntax_by_extension("json")?;
        Some(Self { grammar, state: ParseState::new(syntax), scopes: ScopeStack::new() })
    }

    fn line(&mut self, line: &str) -> Vec<HighlightRun> {
        let Ok(changes) = self.state.parse_line(&format!("{line}\n"), &self.grammar.set) else {
            return vec![run(HighlightClass::Plain, line)];
        };
        let mut runs: Vec<(HighlightClass, usize)> = Vec::new();
        let mut add = |class, end: usize| match runs.last_mut() {
            Some((last, last_end)) if *last == class => *last_end = end.max(*last_end),
            Some((_, last_end)) if *last_end >= end => {}
            _ if end == 0 => {}
            _ => runs.push((class, end)),
        };
        for (at, change) in &changes {
            add(self.class(), (*at).min(line.len()));
            // A change that does not fit the stack leaves it as it is; colours suffer, the text does not.
            let _ = self.scopes.apply(change);
        }
        add(self.class(), line.len());
        let mut start = 0;
        let runs = runs.into_iter().map(|(class, end)| {
            let text = line.get(start..end).unwrap_or("");
            start = end;
            run(class, text)
        });
        runs.collect()
    }

    fn class(&self) -> HighlightClass {
        let held = |wanted: &Scope| self.scopes.scopes.iter().any(|scope| wanted.is_prefix_of(*scope));
        let found = self.grammar.classes.iter().find(|(scope, _)| held(scope));
        found.map_or(HighlightClass::Plain, |(_, class)| *class)
    }
}

#[cfg(test)]
mod tests;
