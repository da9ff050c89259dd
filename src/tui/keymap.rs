//! From keys to actions: spelling of keys, remapping, conflicts, lookup, and the README's table.
//!
//! Invariant: within one context a key means one action; a configuration that breaks this is refused, naming both.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::action::{Action, BINDINGS, Binding, Context, Group};

/// A key with its modifiers. Shift is part of a character, apart of other keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Chord {
    /// The key.
    pub key: Key,
    /// Held down with it.
    pub ctrl: bool,
    /// Held down with it.
    pub alt: bool,
    /// Held down with a key that is no character.
    pub shift: bool,
}

/// The keys that mean something to this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names on the caps")]
pub enum Key {
    Char(char),
    Enter,
    Esc,
    Tab,
    Backspace,
    Delete,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
    Function(u8),
}

const NAMES: [(&str, Key); 15] = [
    ("enter", Key::Enter),
    ("esc", Key::Esc),
    ("tab", Key::Tab),
    ("backspace", Key::Backspace),
    ("delete", Key::Delete),
    ("up", Key::Up),
    ("down", Key::Down),
    ("left", Key::Left),
    ("right", Key::Right),
    ("home", Key::Home),
    ("end", Key::End),
    ("pageup", Key::PageUp),
    ("pagedown", Key::PageDown),
    ("space", Key::Char(' ')),
    ("minus", Key::Char('-')),
];

impl Chord {
    /// A key alone.
    pub fn plain(key: Key) -> Self {
        Self { key, ctrl: false, alt: false, shift: false }
    }

    /// What the terminal sent, where it means anything here.
    pub fn of(event: KeyEvent) -> Option<Self> {
        let shift = event.modifiers.contains(KeyModifiers::SHIFT);
        let (key, shift) = match event.code {
            KeyCode::Char(c) => (Key::Char(c), false),
            KeyCode::BackTab => (Key::Tab, true),
            KeyCode::Enter => (Key::Enter, shift),
            KeyCode::Esc => (Key::Esc, shift),
            KeyCode::Tab => (Key::Tab, shift),
            KeyCode::Backspace => (Key::Backspace, shift),
            KeyCode::Delete => (Key::Delete, shift),
            KeyCode::Up => (Key::Up, shift),
            KeyCode::Down => (Key::Down, shift),
            KeyCode::Left => (Key::Left, shift),
            KeyCode::Right => (Key::Right, shift),
            KeyCode::Home => (Key::Home, shift),
            KeyCode::End => (Key::End, shift),
            KeyCode::PageUp => (Key::PageUp, shift),
            KeyCode::PageDown => (Key::PageDown, shift),
            KeyCode::F(number) => (Key::Function(number), shift),
            _ => return None,
        };
        let has = |modifier| event.modifiers.contains(modifier);
        Some(Self { key, ctrl: has(KeyModifiers::CONTROL), alt: has(KeyModifiers::ALT), shift })
    }

    /// Reads `a`, `J`, `ctrl-d`, `shift-tab`, `enter`, `f5`, …
    pub fn parse(text: &str) -> Option<Self> {
        let mut chord = Self::plain(Key::Enter);
        let mut rest = text;
        while let Some((modifier, after)) = rest.split_once('-').filter(|(_, after)| !after.is_empty()) {
            match modifier {
                "ctrl" => chord.ctrl = true,
                "alt" => chord.alt = true,
                "shift" => chord.shift = true,
                _ => return None,
            }
            rest = after;
        }
        let mut chars = rest.chars();
        chord.key = match (chars.next(), chars.next()) {
            (Some(c), None) => Key::Char(c),
            (Some('f'), Some('0'..='9')) => Key::Function(rest[1..].parse().ok().filter(|n| (1..=24).contains(n))?),
            _ => NAMES.iter().find(|(name, _)| *name == rest)?.1,
        };
        match chord.key {
            Key::Char(_) if chord.shift => None,
            Key::Char(c) if c.is_control() => None,
            _ => Some(chord),
        }
    }

    /// The character typed, where the key types one.
    pub fn typed(&self) -> Option<char> {
        match self.key {
            Key::Char(c) if !self.ctrl && !self.alt => Some(c),
            _ => None,
        }
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (held, name) in [(self.ctrl, "ctrl-"), (self.alt, "alt-"), (self.shift, "shift-")] {
            if held {
                f.write_str(name)?;
            }
        }
        match self.key {
            Key::Function(number) => write!(f, "f{number}"),
            Key::Char(c) if c != ' ' => write!(f, "{c}"),
            key => f.write_str(NAMES.iter().find(|(_, named)| *named == key).map_or("?", |(name, _)| name)),
        }
    }
}

/// Why a keymap cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeymapError {
    /// No action has this id.
    #[error("[keys]: there is no action \"{id}\"{}", .nearest.map(|n| format!("; did you mean \"{n}\"?")).unwrap_or_default())]
    UnknownAction {
        /// As written.
        id: String,
        /// The id most like it.
        nearest: Option<&'static str>,
    },
    /// Not a key.
    #[error(
        "[keys] {id}: \"{key}\" is not a key; write for instance \"a\", \"J\", \"ctrl-d\", \"shift-tab\", \"enter\", \"f5\""
    )]
    UnknownKey {
        /// The action.
        id: String,
        /// As written.
        key: String,
    },
    /// Two actions want one key in one place.
    #[error("[keys]: \"{key}\" would mean both \"{first}\" and \"{second}\"; give one of them another key")]
    Conflict {
        /// The key.
        key: String,
        /// One action.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
}

/// Keys in force.
#[derive(Debug, Clone)]
pub struct Keymap {
    keys: HashMap<(Context, Chord), Action>,
    chords: BTreeMap<Action, Vec<Chord>>,
    changed: Vec<Action>,
}

impl Keymap {
    /// The table with the changes of a configuration: action id to keys. An empty list takes an action's keys away.
    ///
    /// # Errors
    /// An unknown action or key, or a key that would mean two things in one context.
    pub fn load(changes: &BTreeMap<String, Vec<String>>) -> Result<Self, KeymapError> {
        for id in changes.keys() {
            if !BINDINGS.iter().any(|binding| binding.id == id) {
                return Err(KeymapError::UnknownAction { id: id.clone(), nearest: nearest(id) });
            }
        }
        let mut map = Self { keys: HashMap::new(), chords: BTreeMap::new(), changed: Vec::new() };
        for binding in BINDINGS {
            let chords = match changes.get(binding.id) {
                Some(keys) => {
                    map.changed.push(binding.action);
                    parse_all(binding, keys.iter().map(String::as_str))?
                }
                None => parse_all(binding, binding.keys.iter().copied())?,
            };
            for (context, chord) in binding.contexts.iter().flat_map(|c| chords.iter().map(move |chord| (*c, *chord))) {
                if let Some(other) = map.keys.insert((context, chord), binding.action)
                    && other != binding.action
                {
                    let first = super::action::binding(other).map_or("", |binding| binding.id);
                    return Err(KeymapError::Conflict { key: chord.to_string(), first, second: binding.id });
                }
            }
            map.chords.insert(binding.action, chords);
        }
        Ok(map)
    }

    /// What a key means where it was pressed.
    pub fn resolve(&self, context: Context, chord: Chord) -> Option<Action> {
        self.keys.get(&(context, chord)).copied()
    }

    /// The first key of an action, as hints spell it; empty where it has none.
    pub fn hint(&self, action: Action) -> String {
        self.chords.get(&action).and_then(|chords| chords.first()).map(Chord::to_string).unwrap_or_default()
    }

    /// All keys of an action.
    pub fn chords(&self, action: Action) -> &[Chord] {
        self.chords.get(&action).map_or(&[], Vec::as_slice)
    }

    /// True where the configuration changed an action's keys.
    pub fn is_changed(&self, action: Action) -> bool {
        self.changed.contains(&action)
    }
}

fn parse_all<'a>(binding: &Binding, keys: impl Iterator<Item = &'a str>) -> Result<Vec<Chord>, KeymapError> {
    keys.map(|key| {
        Chord::parse(key).ok_or_else(|| KeymapError::UnknownKey { id: binding.id.to_owned(), key: key.to_owned() })
    })
    .collect()
}

/// The id most like `wanted`, where one is alike at all: the one with which it shares most pairs of letters.
fn nearest(wanted: &str) -> Option<&'static str> {
    let pairs = |text: &str| text.as_bytes().windows(2).map(<[u8]>::to_vec).collect::<Vec<_>>();
    let of_wanted = pairs(wanted);
    let shared = |id: &str| pairs(id).iter().filter(|pair| of_wanted.contains(pair)).count();
    let best = BINDINGS.iter().map(|binding| (shared(binding.id), binding.id)).max_by_key(|(count, _)| *count)?;
    (best.0 > 0).then_some(best.1)
}

/// The key table of the README, in Markdown, from the default keys.
pub fn readme_table() -> String {
    use fmt::Write as _;
    let mut table = String::from("| | key | action | what it does |\n| --- | --- | --- | --- |\n");
    for group in Group::ALL {
        for (at, binding) in BINDINGS.iter().filter(|binding| binding.group == group).enumerate() {
            let keys: Vec<String> = match binding.keys {
                [] => vec!["(palette)".to_owned()],
                [first, .., last] if binding.keys.len() > 3 => vec![format!("`{first}`–`{last}`")],
                keys => keys.iter().map(|key| format!("`{}`", key.replace('|', "\\|"))).collect(),
            };
            let heading = if at == 0 { format!("**{}**", group.heading()) } else { String::new() };
            let _ = writeln!(table, "| {heading} | {} | {} | {} |", keys.join(" "), binding.id, binding.help);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(changes: &[(&str, &[&str])]) -> Result<Keymap, KeymapError> {
        let changes = changes
            .iter()
            .map(|(id, keys)| ((*id).to_owned(), keys.iter().map(|key| (*key).to_owned()).collect()))
            .collect();
        Keymap::load(&changes)
    }

    #[test]
    fn the_default_table_has_no_conflict_and_prints_as_it_parses() {
        let map = with(&[]).unwrap();
        for binding in BINDINGS {
            for key in binding.keys {
                assert_eq!(&Chord::parse(key).unwrap().to_string(), key);
            }
            assert_eq!(map.chords(binding.action).len(), binding.keys.len());
        }
    }

    #[test]
    fn a_remapped_key_moves_and_the_old_one_is_free() {
        let map = with(&[("pass", &["p"])]).unwrap();
        let chord = |key| Chord::parse(key).unwrap();
        assert_eq!(map.resolve(Context::Review, chord("p")), Some(Action::Pass));
        assert_eq!(map.resolve(Context::Review, chord("a")), None);
        assert!(map.is_changed(Action::Pass) && !map.is_changed(Action::Fail));
    }

    #[test]
    fn mistakes_are_refused_by_name() {
        let conflict = with(&[("pass", &["x"])]).unwrap_err();
        assert!(conflict.to_string().contains("\"pass\"") && conflict.to_string().contains("\"fail\""), "{conflict}");
        let unknown = with(&[("pas", &["x"])]).unwrap_err();
        assert!(unknown.to_string().contains("did you mean \"pass\""), "{unknown}");
        let key = with(&[("pass", &["hyper-x"])]).unwrap_err();
        assert!(key.to_string().contains("hyper-x"), "{key}");
        assert!(with(&[("pass", &["shift-a"])]).is_err());
    }

    #[test]
    fn the_readme_table_has_a_row_for_every_action() {
        let table = readme_table();
        assert_eq!(table.lines().count(), BINDINGS.len() + 2);
        assert!(table.contains("| `a` | pass |"));
    }
}
