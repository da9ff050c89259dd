//! The command palette: every action by name.
//!
//! Invariant: it offers what the table of bindings has for the screen beneath, and over a conversation a step by its number.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use crate::tui::action::{BINDINGS, Binding, Context, Group};
use crate::tui::input::LineInput;

/// The command palette.
#[derive(Debug, Clone)]
pub struct Palette {
    /// Letters typed.
    pub input: LineInput,
    /// Which of the offers is chosen.
    pub choice: usize,
    /// The screen beneath.
    pub context: Context,
}

impl Palette {
    /// The step to go to, where a number was typed over a conversation.
    pub fn step(&self) -> Option<u32> {
        self.input.text().trim().parse().ok().filter(|_| self.context == Context::Review)
    }

    /// What fits the letters typed, best first.
    pub fn offers(&self) -> Vec<&'static Binding> {
        let usable =
            BINDINGS.iter().filter(|binding| binding.contexts.contains(&self.context) && binding.group != Group::Form);
        if self.input.is_empty() {
            return usable.collect();
        }
        let mut matcher = Matcher::new(Config::DEFAULT);
        let pattern = Pattern::parse(self.input.text(), CaseMatching::Ignore, Normalization::Smart);
        let mut buffer = Vec::new();
        let mut score = |text: &str| pattern.score(Utf32Str::new(text, &mut buffer), &mut matcher).unwrap_or(0);
        let mut fitting: Vec<(u32, &Binding)> = usable
            .map(|binding| {
                let named = score(binding.caption).max(score(binding.id)) * 2;
                (named.max(score(binding.help)), binding)
            })
            .filter(|(score, _)| *score > 0)
            .collect();
        fitting.sort_by_key(|(score, binding)| (std::cmp::Reverse(*score), binding.id));
        fitting.into_iter().map(|(_, binding)| binding).collect()
    }
}
