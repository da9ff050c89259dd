//! What things look like: the only place that names a colour or chooses between a sign and its ASCII form.
//!
//! Invariant: colour never carries a meaning alone; whatever a tone says, a sign or a word beside it says too.

use ratatui::style::{Color, Modifier, Style};

use crate::engine::request::HighlightClass;
use crate::model::label::Verdict;

/// What a piece of text means; the theme turns it into a style.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Tone {
    /// Ordinary text.
    #[default]
    Text,
    /// Less important text.
    Dim,
    /// Text that stands out.
    Strong,
    /// Borders and rules.
    Frame,
    /// Titles of panes.
    Title,
    /// The customer.
    Customer,
    /// The agent.
    Agent,
    /// Tools: names of calls.
    Tool,
    /// Good: a pass, a fitting value.
    Good,
    /// Bad: a fail, an error.
    Bad,
    /// Worth a look.
    Warn,
    /// A drawn control or hidden character; never the look of typed text.
    Control,
    /// A search hit.
    Match,
    /// A key in a hint.
    Key,
    /// Text being typed.
    Input,
    /// The cursor in a text being typed.
    Caret,
    /// A chosen row of a list.
    Chosen,
    /// An object key in JSON.
    JsonKey,
    /// A string in JSON.
    JsonString,
    /// A number in JSON.
    JsonNumber,
    /// A constant in JSON.
    JsonConstant,
}

/// Every tone, for the legend and the tests.
pub const TONES: [Tone; 21] = [
    Tone::Text,
    Tone::Dim,
    Tone::Strong,
    Tone::Frame,
    Tone::Title,
    Tone::Customer,
    Tone::Agent,
    Tone::Tool,
    Tone::Good,
    Tone::Bad,
    Tone::Warn,
    Tone::Control,
    Tone::Match,
    Tone::Key,
    Tone::Input,
    Tone::Caret,
    Tone::Chosen,
    Tone::JsonKey,
    Tone::JsonString,
    Tone::JsonNumber,
    Tone::JsonConstant,
];

/// Which colours to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Palette {
    /// For dark backgrounds, of the terminal's sixteen colours.
    #[default]
    Dark,
    /// For light backgrounds, of the terminal's sixteen colours.
    Light,
    /// No colour at all (`NO_COLOR`): bold, dim, underlined and reversed only.
    Plain,
}

/// Which signs to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Signs {
    /// Box drawing, arrows and check marks.
    #[default]
    Unicode,
    /// Nothing but ASCII.
    Ascii,
}

/// Colours and signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Theme {
    /// Colours.
    pub palette: Palette,
    /// Signs.
    pub signs: Signs,
}

/// The signs of a theme, by what they say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignSet {
    /// The row under the cursor.
    pub cursor: &'static str,
    /// A suspicious row.
    pub suspect: &'static str,
    /// What the chosen score points at.
    pub evidence: &'static str,
    /// The gutter of transcript text, so that text cannot pose as a frame.
    pub gutter: &'static str,
    /// A call.
    pub call: &'static str,
    /// A call's result.
    pub result: &'static str,
    /// Text goes on.
    pub more: &'static str,
    /// Something to be careful about.
    pub warn: &'static str,
    /// Nothing yet.
    pub nothing: &'static str,
    /// Half done: a draft.
    pub draft: &'static str,
    /// An open branch of a tree.
    pub open: &'static str,
    /// A closed branch of a tree.
    pub closed: &'static str,
    /// A child in a tree.
    pub child: &'static str,
    /// The last child in a tree.
    pub last_child: &'static str,
    /// A line passing by in a tree.
    pub passing: &'static str,
    /// A full cell of a bar.
    pub bar: &'static str,
    /// The smallest visible part of a bar.
    pub sliver: &'static str,
    /// Between parts of a line.
    pub dot: &'static str,
    /// An equal sign for "about".
    pub about: &'static str,
    /// Two that contradict each other.
    pub unequal: &'static str,
    /// The enter key.
    pub enter: &'static str,
    /// Corners and lines of the frame: top left, top right, bottom left, bottom right, horizontal, vertical, left
    /// joint, right joint.
    pub frame: [&'static str; 8],
}

const UNICODE: SignSet = SignSet {
    cursor: ">",
    suspect: "▌",
    evidence: "◆",
    gutter: "│",
    call: "→",
    result: "⤷",
    more: "…",
    warn: "⚠",
    nothing: "·",
    draft: "✎",
    open: "▾",
    closed: "▸",
    child: "├",
    last_child: "└",
    passing: "│",
    bar: "█",
    sliver: "▏",
    dot: "·",
    about: "≈",
    unequal: "≠",
    enter: "↵",
    frame: ["┌", "┐", "└", "┘", "─", "│", "├", "┤"],
};

const ASCII: SignSet = SignSet {
    cursor: ">",
    suspect: "*",
    evidence: "E",
    gutter: "|",
    call: "->",
    result: "=>",
    more: "..",
    warn: "!",
    nothing: ".",
    draft: "~",
    open: "v",
    closed: ">",
    child: "+",
    last_child: "`",
    passing: "|",
    bar: "#",
    sliver: ":",
    dot: "-",
    about: "~",
    unequal: "!=",
    enter: "enter",
    frame: ["+", "+", "+", "+", "-", "|", "+", "+"],
};

impl Theme {
    /// The signs in use.
    pub fn signs(&self) -> &'static SignSet {
        match self.signs {
            Signs::Unicode => &UNICODE,
            Signs::Ascii => &ASCII,
        }
    }

    /// The sign of a verdict.
    pub fn verdict(&self, verdict: Verdict) -> &'static str {
        match (self.signs, verdict) {
            (Signs::Unicode, Verdict::Pass) => "✓",
            (Signs::Unicode, Verdict::Fail) => "✗",
            (Signs::Unicode, Verdict::Unsure) => "?",
            (Signs::Ascii, Verdict::Pass) => "[P]",
            (Signs::Ascii, Verdict::Fail) => "[F]",
            (Signs::Ascii, Verdict::Unsure) => "[?]",
        }
    }

    /// The sign for "this is fine".
    pub fn fine(&self) -> &'static str {
        match self.signs {
            Signs::Unicode => "✓",
            Signs::Ascii => "ok",
        }
    }

    /// The sign for "this is wrong".
    pub fn wrong(&self) -> &'static str {
        match self.signs {
            Signs::Unicode => "✗",
            Signs::Ascii => "x",
        }
    }

    /// The tone of a verdict.
    pub fn verdict_tone(verdict: Verdict) -> Tone {
        match verdict {
            Verdict::Pass => Tone::Good,
            Verdict::Fail => Tone::Bad,
            Verdict::Unsure => Tone::Warn,
        }
    }

    /// The tone of a run of JSON.
    pub fn json_tone(class: HighlightClass) -> Tone {
        match class {
            HighlightClass::Key => Tone::JsonKey,
            HighlightClass::String => Tone::JsonString,
            HighlightClass::Number => Tone::JsonNumber,
            HighlightClass::Constant => Tone::JsonConstant,
            HighlightClass::Punctuation => Tone::Dim,
            HighlightClass::Plain => Tone::Text,
        }
    }

    /// The style of a tone.
    pub fn style(&self, tone: Tone) -> Style {
        match self.palette {
            Palette::Dark => coloured(tone, Color::DarkGray, DARK),
            Palette::Light => coloured(tone, Color::Gray, LIGHT),
            Palette::Plain => plain(tone),
        }
    }
}

/// The colours of one palette: customer, agent, tool, good, bad, warn, key, number.
type Colours = [Color; 8];

/// Blue and orange-red rather than green and red carry good and bad, so that they stay apart for most eyes.
const DARK: Colours = [
    Color::Cyan,
    Color::LightBlue,
    Color::LightMagenta,
    Color::LightCyan,
    Color::LightRed,
    Color::LightYellow,
    Color::LightYellow,
    Color::LightMagenta,
];

const LIGHT: Colours =
    [Color::Blue, Color::Magenta, Color::Magenta, Color::Blue, Color::Red, Color::Red, Color::Blue, Color::Magenta];

fn coloured(tone: Tone, shade: Color, colours: Colours) -> Style {
    let [customer, agent, tool, good, bad, warn, key, number] = colours;
    let style = Style::new();
    let faint = if shade == Color::Gray { Color::DarkGray } else { Color::Gray };
    match tone {
        Tone::Text | Tone::JsonString => style,
        Tone::Dim | Tone::Frame => style.fg(faint),
        Tone::Strong | Tone::Title => style.add_modifier(Modifier::BOLD),
        Tone::Customer => style.fg(customer).add_modifier(Modifier::BOLD),
        Tone::Agent => style.fg(agent).add_modifier(Modifier::BOLD),
        Tone::Tool => style.fg(tool),
        Tone::Good => style.fg(good),
        Tone::Bad => style.fg(bad).add_modifier(Modifier::BOLD),
        Tone::Warn | Tone::JsonConstant => style.fg(warn),
        Tone::Control => style.fg(warn).add_modifier(Modifier::REVERSED),
        Tone::Match | Tone::Caret => style.add_modifier(Modifier::REVERSED),
        Tone::Key => style.fg(key).add_modifier(Modifier::BOLD),
        Tone::Input => style.add_modifier(Modifier::UNDERLINED),
        Tone::Chosen => style.bg(shade).add_modifier(Modifier::BOLD),
        Tone::JsonKey => style.fg(customer),
        Tone::JsonNumber => style.fg(number),
    }
}

fn plain(tone: Tone) -> Style {
    let style = Style::new();
    match tone {
        Tone::Text
        | Tone::Frame
        | Tone::Good
        | Tone::Tool
        | Tone::JsonKey
        | Tone::JsonString
        | Tone::JsonNumber
        | Tone::JsonConstant => style,
        Tone::Dim => style.add_modifier(Modifier::DIM),
        Tone::Strong | Tone::Title | Tone::Customer | Tone::Agent | Tone::Bad | Tone::Warn | Tone::Key => {
            style.add_modifier(Modifier::BOLD)
        }
        Tone::Control | Tone::Match | Tone::Caret | Tone::Chosen => style.add_modifier(Modifier::REVERSED),
        Tone::Input => style.add_modifier(Modifier::UNDERLINED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plain_palette_names_no_colour() {
        let theme = Theme { palette: Palette::Plain, signs: Signs::Ascii };
        for tone in TONES {
            let style = theme.style(tone);
            assert_eq!((style.fg, style.bg), (None, None), "{tone:?}");
        }
    }

    #[test]
    fn ascii_signs_are_ascii() {
        let theme = Theme { palette: Palette::Dark, signs: Signs::Ascii };
        assert!(format!("{:?}", theme.signs()).is_ascii());
        for verdict in [Verdict::Pass, Verdict::Fail, Verdict::Unsure] {
            assert!(theme.verdict(verdict).is_ascii());
        }
    }
}
