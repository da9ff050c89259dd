//! What keys can do: the one table of bindings behind dispatch, footer, help, palette and the README.
//!
//! Invariant: an action exists exactly once in [`BINDINGS`]; its id is what `config.toml` remaps.

/// Where keys are read. Exactly one context is active at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Context {
    /// The list of conversations.
    Queue,
    /// One conversation.
    Review,
    /// The strip that takes a fail.
    Judge,
    /// The form for a correction.
    Correct,
    /// The editor for a note or a text.
    Editor,
    /// A one-line question.
    Prompt,
    /// The command palette.
    Palette,
    /// The help screen.
    Help,
    /// The list of messages.
    Messages,
    /// The export form.
    Export,
    /// A job under way.
    Job,
    /// A yes-or-no question.
    Confirm,
}

/// The heading an action is listed under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Group {
    /// Verdicts and what belongs to them.
    Judge,
    /// Moving about.
    Move,
    /// What is shown.
    Look,
    /// The workspace as a whole.
    Workspace,
    /// Within a form, a strip or a prompt.
    Form,
    /// Everywhere.
    Always,
}

impl Group {
    /// Every group, in the order of the help screen.
    pub const ALL: [Self; 6] = [Self::Judge, Self::Move, Self::Look, Self::Workspace, Self::Form, Self::Always];

    /// Its heading.
    pub fn heading(self) -> &'static str {
        match self {
            Self::Judge => "Judge",
            Self::Move => "Move",
            Self::Look => "Look",
            Self::Workspace => "Workspace",
            Self::Form => "Form",
            Self::Always => "Always",
        }
    }
}

/// What a key or a palette entry does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the captions in `BINDINGS` say it")]
pub enum Action {
    Pass,
    Fail,
    RepeatFail,
    Unsure,
    Skip,
    Correct,
    NoCall,
    Reply,
    Note,
    Undo,
    Redo,
    SaveAgain,
    LineDown,
    LineUp,
    StepDown,
    StepUp,
    NextConversation,
    PreviousConversation,
    First,
    Last,
    HalfDown,
    HalfUp,
    PageDown,
    PageUp,
    NextSuspect,
    NextHit,
    PreviousHit,
    NextPane,
    PreviousPane,
    LastPlace,
    Open,
    Detail,
    Fold,
    TabStep,
    TabResult,
    TabRaw,
    TabScores,
    TabTools,
    TabReasoning,
    TabSystem,
    Masking,
    Hidden,
    Scores,
    Find,
    Filter,
    Order,
    Copy,
    Import,
    Export,
    Demo,
    LoadPack,
    RenameMode,
    MergeMode,
    Accept,
    PickMode,
    NextChoice,
    PreviousChoice,
    MoreSevere,
    LessSevere,
    NoStep,
    AddNote,
    CorrectNow,
    NextField,
    PreviousField,
    Save,
    RawJson,
    SeenValue,
    Alternative,
    ExternalEditor,
    Toggle,
    Yes,
    No,
    Commands,
    Help,
    Messages,
    Back,
    Leave,
    Redraw,
    Suspend,
    Quit,
}

/// One row of the table.
#[derive(Debug)]
pub struct Binding {
    /// What it does.
    pub action: Action,
    /// Its name in `config.toml`.
    pub id: &'static str,
    /// Its keys unless remapped; none for what only the palette offers.
    pub keys: &'static [&'static str],
    /// Where its keys are read.
    pub contexts: &'static [Context],
    /// Its heading.
    pub group: Group,
    /// In two or three words, for footer and help.
    pub caption: &'static str,
    /// In a sentence, for the palette and the README.
    pub help: &'static str,
}

use Context as C;

const LISTS: &[Context] = &[C::Queue, C::Review, C::Help, C::Messages];
const MAIN: &[Context] = &[C::Queue, C::Review];
const REVIEW: &[Context] = &[C::Review];
const QUEUE: &[Context] = &[C::Queue];
const EVERY: &[Context] = &[
    C::Queue,
    C::Review,
    C::Judge,
    C::Correct,
    C::Editor,
    C::Prompt,
    C::Palette,
    C::Help,
    C::Messages,
    C::Export,
    C::Job,
    C::Confirm,
];

/// The table. Order within a group is the order of the help screen.
pub const BINDINGS: &[Binding] = &[
    // Judge
    row(Action::Pass, "pass", &["a"], REVIEW, Group::Judge, "pass & next", "Save PASS and open the next unjudged one."),
    row(
        Action::Fail,
        "fail",
        &["x"],
        REVIEW,
        Group::Judge,
        "fail…",
        "Say what went wrong and at which step, save FAIL and go on.",
    ),
    row(
        Action::RepeatFail,
        "repeat-fail",
        &["X"],
        REVIEW,
        Group::Judge,
        "same fail",
        "Save FAIL with the last fail's modes and severity at the step under the cursor.",
    ),
    row(
        Action::Unsure,
        "unsure",
        &["i"],
        REVIEW,
        Group::Judge,
        "can't tell",
        "Save that it cannot be told from what is there, and go on.",
    ),
    row(Action::Skip, "skip", &["s"], REVIEW, Group::Judge, "skip", "Put it off without a verdict, and go on."),
    row(
        Action::Correct,
        "correct",
        &["t"],
        REVIEW,
        Group::Judge,
        "fix tool",
        "Say which tool and arguments would have been right at this step.",
    ),
    row(
        Action::NoCall,
        "no-call",
        &["T"],
        REVIEW,
        Group::Judge,
        "no call",
        "Say that no tool should have been called at this step.",
    ),
    row(
        Action::Reply,
        "reply",
        &["r"],
        REVIEW,
        Group::Judge,
        "write reply",
        "Write the answer that should have been given at this step.",
    ),
    row(
        Action::Note,
        "note",
        &["e"],
        REVIEW,
        Group::Judge,
        "note",
        "Write a note on the conversation; an empty note removes it.",
    ),
    row(Action::Undo, "undo", &["u"], MAIN, Group::Judge, "undo", "Take back your last act, of any session."),
    row(Action::Redo, "redo", &["U"], MAIN, Group::Judge, "redo", "Do again what you last undid."),
    row(
        Action::SaveAgain,
        "save-again",
        &["ctrl-s"],
        MAIN,
        Group::Judge,
        "save again",
        "Try again to save what could not be saved.",
    ),
    // Move
    row(Action::LineDown, "line-down", &["j", "down"], LISTS, Group::Move, "down", "One line down."),
    row(Action::LineUp, "line-up", &["k", "up"], LISTS, Group::Move, "up", "One line up."),
    row(
        Action::StepDown,
        "step-down",
        &["J", "shift-down"],
        &[C::Review, C::Judge],
        Group::Move,
        "next step",
        "To the next step.",
    ),
    row(
        Action::StepUp,
        "step-up",
        &["K", "shift-up"],
        &[C::Review, C::Judge],
        Group::Move,
        "previous step",
        "To the previous step.",
    ),
    row(
        Action::NextConversation,
        "next-conversation",
        &["]"],
        REVIEW,
        Group::Move,
        "next conv.",
        "To the next conversation of the queue.",
    ),
    row(
        Action::PreviousConversation,
        "previous-conversation",
        &["["],
        REVIEW,
        Group::Move,
        "previous conv.",
        "To the previous conversation of the queue.",
    ),
    row(Action::First, "first", &["g", "home", "<"], LISTS, Group::Move, "start", "To the start."),
    row(Action::Last, "last", &["G", "end", ">"], LISTS, Group::Move, "end", "To the end."),
    row(Action::HalfDown, "half-down", &["ctrl-d"], LISTS, Group::Move, "half page down", "Half a page down."),
    row(Action::HalfUp, "half-up", &["ctrl-u"], LISTS, Group::Move, "half page up", "Half a page up."),
    row(Action::PageDown, "page-down", &["space", "pagedown"], LISTS, Group::Move, "page down", "A page down."),
    row(Action::PageUp, "page-up", &["b", "pageup"], LISTS, Group::Move, "page up", "A page up."),
    row(
        Action::NextSuspect,
        "next-suspect",
        &["!"],
        REVIEW,
        Group::Move,
        "suspicious",
        "To the most suspicious step; again, to the next one.",
    ),
    row(Action::NextHit, "next-hit", &["n"], MAIN, Group::Move, "next hit", "To the next hit of the search."),
    row(
        Action::PreviousHit,
        "previous-hit",
        &["N"],
        MAIN,
        Group::Move,
        "previous hit",
        "To the previous hit of the search.",
    ),
    row(Action::NextPane, "next-pane", &["tab"], REVIEW, Group::Move, "pane", "To the next pane."),
    row(
        Action::PreviousPane,
        "previous-pane",
        &["shift-tab"],
        REVIEW,
        Group::Move,
        "previous pane",
        "To the previous pane.",
    ),
    row(
        Action::LastPlace,
        "last-place",
        &["'"],
        MAIN,
        Group::Move,
        "last place",
        "Back to where you were before the last jump.",
    ),
    row(Action::Open, "open", &["enter"], QUEUE, Group::Move, "open", "Open the conversation."),
    row(
        Action::Detail,
        "detail",
        &["enter"],
        REVIEW,
        Group::Move,
        "detail",
        "To the detail of the step; in the span tree, fold and unfold.",
    ),
    // Look
    row(
        Action::Fold,
        "fold",
        &["z"],
        REVIEW,
        Group::Look,
        "fold tools",
        "Show calls in brief, in full, or by name only.",
    ),
    row(Action::TabStep, "tab-step", &["1"], REVIEW, Group::Look, "step", "Detail: the step as a whole."),
    row(Action::TabResult, "tab-result", &["2"], REVIEW, Group::Look, "result", "Detail: what the tool answered."),
    row(Action::TabRaw, "tab-raw", &["3"], REVIEW, Group::Look, "raw", "Detail: the span's attributes as JSON."),
    row(
        Action::TabScores,
        "tab-scores",
        &["4"],
        REVIEW,
        Group::Look,
        "scores",
        "Detail: what the evaluators say, worst first.",
    ),
    row(
        Action::TabTools,
        "tab-tools",
        &["5"],
        REVIEW,
        Group::Look,
        "tools",
        "Detail: the tools that were offered to this call.",
    ),
    row(Action::TabReasoning, "tab-reasoning", &["6"], REVIEW, Group::Look, "reasoning", "Detail: recorded reasoning."),
    row(Action::TabSystem, "tab-system", &["7"], REVIEW, Group::Look, "system", "Detail: the system prompt."),
    row(
        Action::Masking,
        "masking",
        &["m"],
        MAIN,
        Group::Look,
        "mask on/off",
        "Mask personal data or show it; showing it is recorded.",
    ),
    row(
        Action::Hidden,
        "hidden",
        &["#"],
        REVIEW,
        Group::Look,
        "hidden chars",
        "Also show tabs, line ends and blanks as signs.",
    ),
    row(Action::Scores, "scores", &["H"], MAIN, Group::Look, "scores on/off", "Hide or show evaluator scores."),
    row(Action::Find, "find", &["/"], MAIN, Group::Look, "find", "Find words, here or in the whole queue."),
    row(Action::Filter, "filter", &["f"], QUEUE, Group::Look, "filter", "Narrow the queue, in the filter language."),
    row(Action::Order, "order", &["o"], QUEUE, Group::Look, "order", "Another order of the queue."),
    row(
        Action::Copy,
        "copy",
        &["y"],
        MAIN,
        Group::Look,
        "copy",
        "Copy the step, or the conversation's id, to the clipboard; masked.",
    ),
    // Workspace
    row(Action::Import, "import", &["ctrl-o"], MAIN, Group::Workspace, "import", "Import a file of conversations."),
    row(Action::Export, "export", &["E"], MAIN, Group::Workspace, "export", "Write a dataset of what is judged."),
    row(
        Action::Demo,
        "demo",
        &[],
        QUEUE,
        Group::Workspace,
        "demo",
        "Leave this workspace and open the demo with its invented conversations.",
    ),
    row(
        Action::LoadPack,
        "load-pack",
        &[],
        MAIN,
        Group::Workspace,
        "load codebook",
        "Load a ready-made codebook of failure modes.",
    ),
    row(
        Action::RenameMode,
        "rename-mode",
        &[],
        MAIN,
        Group::Workspace,
        "rename mode",
        "Give a failure mode another name.",
    ),
    row(
        Action::MergeMode,
        "merge-mode",
        &[],
        MAIN,
        Group::Workspace,
        "merge modes",
        "Count one failure mode as another from now on.",
    ),
    // Form
    row(
        Action::Accept,
        "accept",
        &["enter"],
        &[C::Judge, C::Correct, C::Prompt, C::Palette, C::Export],
        Group::Form,
        "accept",
        "Take the choice, go to the next field, or save.",
    ),
    row(
        Action::PickMode,
        "pick-mode",
        &["1", "2", "3", "4", "5", "6", "7", "8", "9"],
        &[C::Judge],
        Group::Form,
        "pick mode",
        "Choose the failure mode with this number; again, drop it.",
    ),
    row(
        Action::NoStep,
        "no-step",
        &["0"],
        &[C::Judge],
        Group::Form,
        "no single step",
        "Say that no single step is to blame; again, the step under the cursor.",
    ),
    row(Action::MoreSevere, "more-severe", &["+"], &[C::Judge], Group::Form, "severity up", "More severe."),
    row(Action::LessSevere, "less-severe", &["-"], &[C::Judge], Group::Form, "severity down", "Less severe."),
    row(
        Action::NextChoice,
        "next-choice",
        &["down", "ctrl-n"],
        &[C::Judge, C::Correct, C::Palette, C::Export, C::Prompt],
        Group::Form,
        "next choice",
        "To the next choice.",
    ),
    row(
        Action::PreviousChoice,
        "previous-choice",
        &["up", "ctrl-p"],
        &[C::Judge, C::Correct, C::Palette, C::Export, C::Prompt],
        Group::Form,
        "previous choice",
        "To the previous choice.",
    ),
    row(
        Action::NextField,
        "next-field",
        &["tab"],
        &[C::Judge, C::Correct, C::Export],
        Group::Form,
        "next field",
        "To the next field; in the fail strip, add the mode and type another.",
    ),
    row(
        Action::PreviousField,
        "previous-field",
        &["shift-tab"],
        &[C::Correct, C::Export],
        Group::Form,
        "previous field",
        "To the previous field.",
    ),
    row(
        Action::AddNote,
        "add-note",
        &["ctrl-e"],
        &[C::Judge],
        Group::Form,
        "note",
        "Write a note that is saved with the verdict.",
    ),
    row(
        Action::CorrectNow,
        "correct-now",
        &["ctrl-t"],
        &[C::Judge],
        Group::Form,
        "fix tool",
        "Say which tool would have been right, and save it with the verdict.",
    ),
    row(Action::Save, "save", &["ctrl-s"], &[C::Correct, C::Editor, C::Export], Group::Form, "save", "Save and go on."),
    row(
        Action::RawJson,
        "raw-json",
        &["ctrl-r"],
        &[C::Correct],
        Group::Form,
        "raw JSON",
        "Edit the arguments as raw JSON in $EDITOR.",
    ),
    row(
        Action::SeenValue,
        "seen-value",
        &["ctrl-v"],
        &[C::Correct],
        Group::Form,
        "value seen",
        "Put in a value seen earlier in the conversation; again, the next one.",
    ),
    row(
        Action::Alternative,
        "alternative",
        &["ctrl-a"],
        &[C::Correct],
        Group::Form,
        "also right",
        "Keep this call and add another that would have been right as well.",
    ),
    row(
        Action::ExternalEditor,
        "external-editor",
        &["ctrl-e"],
        &[C::Editor],
        Group::Form,
        "$EDITOR",
        "Go on in $VISUAL or $EDITOR.",
    ),
    row(Action::Toggle, "toggle", &["space"], &[C::Export], Group::Form, "choose", "Choose or drop this."),
    row(Action::Yes, "yes", &["y"], &[C::Confirm], Group::Form, "yes", "Yes."),
    row(Action::No, "no", &["enter", "n"], &[C::Confirm], Group::Form, "no", "No."),
    // Always
    row(
        Action::Commands,
        "commands",
        &[":"],
        &[C::Queue, C::Review, C::Messages],
        Group::Always,
        "commands",
        "Find any command by its name.",
    ),
    row(
        Action::Help,
        "help",
        &["?"],
        &[C::Queue, C::Review, C::Messages],
        Group::Always,
        "help",
        "All keys of this screen.",
    ),
    row(
        Action::Messages,
        "messages",
        &["@"],
        MAIN,
        Group::Always,
        "messages",
        "What was said and done in this session.",
    ),
    row(Action::Back, "back", &["esc"], EVERY, Group::Always, "back", "One step back; never leaves the program."),
    row(
        Action::Leave,
        "leave",
        &["q"],
        LISTS,
        Group::Always,
        "leave",
        "Leave this screen; from the queue, the program.",
    ),
    row(Action::Redraw, "redraw", &["ctrl-l"], EVERY, Group::Always, "redraw", "Draw the screen again."),
    row(Action::Suspend, "suspend", &["ctrl-z"], EVERY, Group::Always, "suspend", "Stop for now; `fg` comes back."),
    row(
        Action::Quit,
        "quit",
        &["ctrl-c"],
        EVERY,
        Group::Always,
        "quit",
        "Leave the program from anywhere, once everything is saved.",
    ),
];

#[allow(clippy::too_many_arguments, reason = "a row of a table; the columns are named by the struct")]
const fn row(
    action: Action,
    id: &'static str,
    keys: &'static [&'static str],
    contexts: &'static [Context],
    group: Group,
    caption: &'static str,
    help: &'static str,
) -> Binding {
    Binding { action, id, keys, contexts, group, caption, help }
}

/// The row of an action.
pub fn binding(action: Action) -> Option<&'static Binding> {
    BINDINGS.iter().find(|binding| binding.action == action)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_and_actions_are_unique_and_spelt_plainly() {
        let ids: BTreeSet<&str> = BINDINGS.iter().map(|binding| binding.id).collect();
        let actions: BTreeSet<Action> = BINDINGS.iter().map(|binding| binding.action).collect();
        assert_eq!(ids.len(), BINDINGS.len());
        assert_eq!(actions.len(), BINDINGS.len());
        assert!(ids.iter().all(|id| id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')));
        assert!(BINDINGS.iter().all(|binding| binding.help.ends_with('.') && !binding.contexts.is_empty()));
    }
}
