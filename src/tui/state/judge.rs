//! A fail being put into words.
//!
//! Invariant: it holds a step or an explicit "no single step" at any time, so a fail without either cannot be made.

use crate::model::codebook::{Codebook, slug};
use crate::model::correction::Correction;
use crate::model::label::{Owner, StepPointer};
use crate::tui::action::Action;
use crate::tui::input::LineInput;

/// The names of the severities, 1 to 4.
pub const SEVERITIES: [&str; 4] = ["cosmetic", "annoying", "harmful", "critical"];

/// The strip that takes a fail.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Judge {
    /// Letters typed: a filter, or the name of a new mode.
    pub input: LineInput,
    /// Which of the offered modes is chosen while typing.
    pub choice: usize,
    /// Names or keys of modes taken so far.
    pub chosen: Vec<String>,
    /// 1 to 4, where given.
    pub severity: Option<u8>,
    /// Who can put it right, where said.
    pub owner: Option<Owner>,
    /// True for "no single step".
    pub no_step: bool,
    /// The number of the step to blame, where that was said before: of the saved fail, or of this one when it was left.
    pub step: Option<u32>,
    /// The number of the step that was read when the strip opened, where that is another one.
    pub read: Option<u32>,
    /// Digits that picked modes, one after the other with nothing between them.
    pub picked: String,
    /// True once something was changed in it.
    pub touched: bool,
    /// Saved with the verdict.
    pub note: Option<String>,
    /// Saved with the verdict.
    pub corrections: Vec<(StepPointer, Correction)>,
}

/// A mode on offer while typing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offer {
    /// Of the codebook: key and name.
    Known(String, String),
    /// Not there yet: the name typed.
    New(String),
}

impl Offer {
    /// What is recorded for it.
    pub fn value(&self) -> &str {
        match self {
            Self::Known(key, _) => key,
            Self::New(name) => name,
        }
    }
}

impl Judge {
    /// True where a printable key is text: a letter or blank always, a digit or another sign once a name was begun. The keys of
    /// the severity stay what they are while a name is typed; only within a word is a hyphen one.
    pub fn takes(&self, letter: char, action: Option<Action>) -> bool {
        let text = self.input.text();
        match action {
            Some(Action::MoreSevere | Action::LessSevere) if !letter.is_alphanumeric() => {
                letter == '-' && text.ends_with(char::is_alphanumeric)
            }
            _ => !text.is_empty() || letter.is_alphabetic() || letter == ' ',
        }
    }

    /// The name that was typed; signs of the severity at its end are no part of it.
    pub fn typed(&self) -> &str {
        self.input.text().trim_end_matches(['+', '-', ' ']).trim_start()
    }

    /// Modes that fit what was typed, a new one last; all of the codebook while nothing is typed.
    pub fn offers(&self, codebook: &Codebook) -> Vec<Offer> {
        let typed = self.typed();
        let wanted = typed.to_lowercase();
        let mut fitting: Vec<(usize, Offer)> = codebook
            .modes
            .iter()
            .filter_map(|mode| {
                let at = mode.name.to_lowercase().find(&wanted)?;
                Some((at, Offer::Known(mode.key.clone(), mode.name.clone())))
            })
            .collect();
        if !typed.is_empty() {
            fitting.sort_by_key(|(at, _)| *at);
        }
        let mut offers: Vec<Offer> = fitting.into_iter().map(|(_, offer)| offer).collect();
        if !slug(typed).is_empty() && codebook.find(typed).is_none() {
            offers.push(Offer::New(typed.to_owned()));
        }
        offers
    }

    /// The next owner; after the last one none.
    pub fn next_owner(&mut self) {
        let next = self.owner.map_or(0, |owner| owner as usize + 1);
        self.owner = Owner::ALL.get(next).copied();
    }

    /// Picks the mode of a digit, or drops it. A digit that stands at none begins a name, with the digits just before it.
    pub fn pick(&mut self, digit: char, codebook: &Codebook) {
        let key_of = |digit: char| {
            let place = (digit.to_digit(10)? as usize).checked_sub(1)?;
            codebook.modes.get(place).map(|mode| mode.key.clone())
        };
        if let Some(key) = key_of(digit) {
            self.toggle(&key);
            return self.picked.push(digit);
        }
        let before = std::mem::take(&mut self.picked);
        for key in before.chars().filter_map(key_of) {
            self.toggle(&key);
        }
        self.input.set(&format!("{before}{digit}"));
    }

    /// Takes a mode, or drops it where it was taken.
    pub fn toggle(&mut self, value: &str) {
        match self.chosen.iter().position(|chosen| chosen == value) {
            Some(at) => drop(self.chosen.remove(at)),
            None => self.chosen.push(value.to_owned()),
        }
    }
}
