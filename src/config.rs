//! `config.toml` as plain values, and the tables that ship with the program: codebook packs and evaluator scales.
//!
//! Invariant: a setting that is not understood is an error with its file and line, never silently ignored.

use std::collections::BTreeMap;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::model::claim;
use crate::model::filter::Filter;
use crate::model::queue::MustReview;

pub mod packs;
pub mod scales;
pub mod segments;
pub mod targets;

/// The settings a user may make. All have defaults.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The reviewer's name; `None` leaves it to `$USER`.
    pub reviewer: Option<String>,
    /// The theme's name; `None` leaves the choice to the program.
    pub theme: Option<String>,
    /// The line of `theme`, for messages about it.
    pub theme_line: usize,
    /// True to draw with ASCII characters only.
    pub ascii: bool,
    /// True to mask personal data on screen.
    pub mask: bool,
    /// What queues put ahead of any order; a queue keeps what held when it was defined.
    pub must_review: MustReview,
    /// For how many minutes who opens a conversation of a shared queue holds it; a queue keeps what held when it was
    /// defined.
    pub claim_minutes: u32,
    /// True to ask after a correction whether the rest of the conversation still stands; false takes it that it does not.
    pub ask_remainder: bool,
    /// Keys by action id; an action that is not named keeps its own.
    pub keys: BTreeMap<String, Vec<String>>,
    /// The line of each entry of `keys`, for messages about it.
    pub key_lines: BTreeMap<String, usize>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            reviewer: None,
            theme: None,
            theme_line: 0,
            ascii: false,
            mask: true,
            must_review: MustReview::default(),
            claim_minutes: claim::MINUTES,
            ask_remainder: true,
            keys: BTreeMap::new(),
            key_lines: BTreeMap::new(),
        }
    }
}

/// What is wrong with a configuration file; one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct ConfigError {
    /// The file, as it was named.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// What and what to do.
    pub message: String,
}

const SETTINGS: [&str; 8] =
    ["reviewer", "theme", "ascii", "mask", "keys", "must_review", "claim_minutes", "ask_remainder"];

impl Config {
    /// Reads the file; one that does not exist gives the defaults.
    ///
    /// # Errors
    /// Where it cannot be read or understood.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let file = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&file, &text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(ConfigError { file, line: 1, message: format!("cannot be read: {error}") }),
        }
    }

    /// Reads the text of a configuration file; `file` is for messages.
    ///
    /// # Errors
    /// The first setting that is unknown or of the wrong type.
    pub fn parse(file: &str, text: &str) -> Result<Self, ConfigError> {
        let fail = |at: usize, message: String| ConfigError { file: file.to_owned(), line: line_of(text, at), message };
        let table = DeTable::parse(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            fail(at, error.message().lines().next().unwrap_or("not TOML").to_owned())
        })?;
        let mut config = Self::default();
        for (key, value) in table.get_ref() {
            let at = key.span().start;
            let wrong = |wanted: &str| {
                fail(value.span().start, format!("{} is {}; {wanted} is needed", key.get_ref(), kind(value)))
            };
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("reviewer", DeValue::String(name)) => {
                    if name.trim().is_empty() {
                        return Err(wrong("a name"));
                    }
                    config.reviewer = Some(name.trim().to_owned());
                }
                ("theme", DeValue::String(name)) => {
                    config.theme = Some(name.to_string());
                    config.theme_line = line_of(text, at);
                }
                ("reviewer" | "theme", _) => return Err(wrong("a string")),
                ("ascii", DeValue::Boolean(on)) => config.ascii = *on,
                ("mask", DeValue::Boolean(on)) => config.mask = *on,
                ("ask_remainder", DeValue::Boolean(on)) => config.ask_remainder = *on,
                ("ascii" | "mask" | "ask_remainder", _) => return Err(wrong("true or false")),
                ("keys", DeValue::Table(keys)) => config.read_keys(keys, text, &fail)?,
                ("must_review", DeValue::Table(rules)) => config.must_review = must_review(rules, text, &fail)?,
                ("claim_minutes", DeValue::Integer(minutes)) => {
                    config.claim_minutes = minutes
                        .as_str()
                        .parse()
                        .ok()
                        .filter(|minutes| (1..=1440).contains(minutes))
                        .ok_or_else(|| wrong("a number of minutes from 1 to 1440"))?;
                }
                ("claim_minutes", _) => return Err(wrong("a number of minutes from 1 to 1440")),
                ("must_review", _) => return Err(wrong("a table of rules")),
                ("keys", _) => return Err(wrong("a table of action = \"key\"")),
                (unknown, _) => {
                    return Err(fail(at, format!("unknown setting {unknown}; known are {}", SETTINGS.join(", "))));
                }
            }
        }
        Ok(config)
    }

    fn read_keys(
        &mut self,
        table: &DeTable<'_>,
        text: &str,
        fail: &dyn Fn(usize, String) -> ConfigError,
    ) -> Result<(), ConfigError> {
        for (action, value) in table {
            let wrong = || {
                let message =
                    format!("keys.{} is {}; a key or a list of keys is needed", action.get_ref(), kind(value));
                fail(value.span().start, message)
            };
            let keys = match value.get_ref() {
                DeValue::String(key) => vec![key.to_string()],
                DeValue::Array(list) => list
                    .iter()
                    .map(|item| item.get_ref().as_str().map(ToOwned::to_owned).ok_or_else(wrong))
                    .collect::<Result<_, _>>()?,
                _ => return Err(wrong()),
            };
            self.key_lines.insert(action.get_ref().to_string(), line_of(text, action.span().start));
            self.keys.insert(action.get_ref().to_string(), keys);
        }
        Ok(())
    }
}

/// The rules of `[must_review]`.
fn must_review(
    table: &DeTable<'_>,
    text: &str,
    fail: &dyn Fn(usize, String) -> ConfigError,
) -> Result<MustReview, ConfigError> {
    let mut rules = MustReview::default();
    for (name, value) in table {
        let wrong = |wanted: &str| {
            let message = format!("must_review.{} is {}; {wanted} is needed", name.get_ref(), kind(value));
            fail(value.span().start, message)
        };
        let written = text.get(value.span()).unwrap_or_default().trim();
        match (name.get_ref().as_ref(), value.get_ref()) {
            ("irreversible", DeValue::Boolean(on)) => rules.irreversible = *on,
            ("irreversible", _) => return Err(wrong("true or false")),
            ("policy_severity", DeValue::Integer(_)) => {
                let severity = written.parse().ok().filter(|severity| (1..=4).contains(severity));
                rules.policy_severity = Some(severity.ok_or_else(|| wrong("a severity from 1 to 4"))?);
            }
            ("policy_severity", _) => return Err(wrong("a severity from 1 to 4")),
            ("amount", DeValue::Integer(_) | DeValue::Float(_)) => {
                let amount = written.replace('_', "").parse().ok().filter(|amount: &f64| amount.is_finite());
                rules.amount = Some(amount.ok_or_else(|| wrong("a number"))?);
            }
            ("amount", _) => return Err(wrong("a number")),
            ("where", DeValue::Array(filters)) => {
                for filter in filters {
                    let filter = filter.get_ref().as_str().ok_or_else(|| wrong("a list of filters"))?;
                    Filter::parse(filter).map_err(|error| fail(value.span().start, error.to_string()))?;
                    rules.filters.push(filter.to_owned());
                }
            }
            ("where", _) => return Err(wrong("a list of filters")),
            (unknown, _) => {
                let known = "irreversible, policy_severity, amount, where";
                let message = format!("unknown rule must_review.{unknown}; known are {known}");
                return Err(fail(name.span().start, message));
            }
        }
    }
    Ok(rules)
}

/// The line, from 1, of a byte offset.
fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
}

fn kind(value: &Spanned<DeValue<'_>>) -> &'static str {
    match value.get_ref() {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_setting() {
        let text = "reviewer = \"lee\"\ntheme = \"light\"\nascii = true\nmask = false\nask_remainder = false\n[keys]\npass = \"p\"\nfail = [\"x\", \"ctrl-x\"]\n";
        let config = Config::parse("config.toml", text).unwrap();
        assert_eq!(config.reviewer.as_deref(), Some("lee"));
        assert_eq!(config.theme.as_deref(), Some("light"));
        assert!(config.ascii && !config.mask && !config.ask_remainder);
        assert_eq!(config.keys["fail"], ["x", "ctrl-x"]);
        assert_eq!(config.key_lines["fail"], 8);
        assert_eq!(Config::parse("config.toml", "").unwrap(), Config::default());
    }

    #[test]
    fn what_is_wrong_is_one_line_with_its_place() {
        let message = |text: &str| Config::parse("c.toml", text).unwrap_err().to_string();
        assert_eq!(
            message("\nrewiever = \"lee\"\n"),
            "c.toml:2: unknown setting rewiever; known are reviewer, theme, ascii, mask, keys, must_review, claim_minutes, ask_remainder"
        );
        assert_eq!(message("ascii = \"yes\""), "c.toml:1: ascii is a string; true or false is needed");
        assert_eq!(
            message("[keys]\npass = \"a\"\nfail = [1]"),
            "c.toml:3: keys.fail is a list; a key or a list of keys is needed"
        );
        assert!(message("ascii = true\nb").starts_with("c.toml:2: "));
        assert!(message("[keys]\npass = \"a\"\npass = \"b\"").starts_with("c.toml:3: "));
        assert_eq!(message("ascii = \"yes\"").lines().count(), 1);
    }

    #[test]
    fn rules_of_what_must_be_reviewed() {
        let read = |text: &str| Config::parse("c.toml", text).map(|config| config.must_review);
        let text =
            "[must_review]\nirreversible = true\npolicy_severity = 3\namount = 1_500.5\nwhere = [\"tier:gold\"]\n";
        let filters = vec!["tier:gold".to_owned()];
        let wanted = MustReview { irreversible: true, policy_severity: Some(3), amount: Some(1500.5), filters };
        assert_eq!(read(text), Ok(wanted));
        let message = |text: &str| read(text).unwrap_err().to_string();
        assert_eq!(
            message("[must_review]\namounts = 5"),
            "c.toml:2: unknown rule must_review.amounts; known are irreversible, policy_severity, amount, where"
        );
        assert_eq!(
            message("[must_review]\npolicy_severity = 7"),
            "c.toml:2: must_review.policy_severity is an integer; a severity from 1 to 4 is needed"
        );
        assert!(message("[must_review]\nwhere = [\"intnt:x\"]").starts_with("c.toml:2: "));
    }

    #[test]
    fn a_missing_file_means_defaults_and_an_unreadable_one_does_not() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Config::read(&folder.path().join("none.toml")).unwrap(), Config::default());
        assert!(Config::read(folder.path()).is_err());
    }
}
