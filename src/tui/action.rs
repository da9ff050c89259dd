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
    /// How far the queue is.
    Progress,
    /// A form of several lines.
    Form,
    /// What failed in a week, and how service went.
    Insights,
    /// The screen of a review session.
    Session,
    /// The pages of figures.
    Numbers,
    /// Labels that differ.
    Disputes,
    /// The same cases, judged by several people.
    Calibration,
    /// A job under way.
    Job,
    /// A yes-or-no question.
    Confirm,
}

impl Context {
    /// Every context.
    pub const ALL: &[Self] = &[
        Self::Queue,
        Self::Review,
        Self::Judge,
        Self::Correct,
        Self::Editor,
        Self::Prompt,
        Self::Palette,
        Self::Help,
        Self::Messages,
        Self::Progress,
        Self::Form,
        Self::Numbers,
        Self::Insights,
        Self::Session,
        Self::Disputes,
        Self::Calibration,
        Self::Job,
        Self::Confirm,
    ];

    /// What its screen is called.
    pub fn title(self) -> &'static str {
        match self {
            Self::Queue => "Queue",
            Self::Review => "Review",
            Self::Judge => "What went wrong",
            Self::Correct => "Correction",
            Self::Editor => "Editor",
            Self::Prompt => "Question",
            Self::Palette => "Commands",
            Self::Help => "Help",
            Self::Messages => "Messages",
            Self::Progress => "Progress",
            Self::Form => "Form",
            Self::Insights => "Insights",
            Self::Session => "Session",
            Self::Numbers => "Numbers",
            Self::Disputes => "Disputes",
            Self::Calibration => "Calibrations",
            Self::Job => "Job",
            Self::Confirm => "Yes or no",
        }
    }
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
    pub const ALL: [Self; 6] = [Self::Judge, Self::Move, Self::Look, Self::Always, Self::Workspace, Self::Form];

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
    Criterion,
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
    Insights,
    PreviousWeek,
    NextWeek,
    WriteShown,
    Session,
    StartSession,
    Sessions,
    EndSession,
    WriteReport,
    Park,
    Decision,
    EditDecision,
    CloseDecision,
    Present,
    Numbers,
    Disputes,
    TakeSide,
    OwnVerdict,
    SettleReason,
    Calibration,
    StartCalibration,
    Reveal,
    EditModes,
    Import,
    Export,
    Evaluate,
    Queues,
    NewQueue,
    Progress,
    Demo,
    LoadPack,
    RenameMode,
    MergeMode,
    Accept,
    PickMode,
    BlameLater,
    BlameEarlier,
    PickPage,
    NextChoice,
    PreviousChoice,
    MoreSevere,
    LessSevere,
    NextOwner,
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
    NewLine,
    Toggle,
    ToggleBack,
    Yes,
    No,
    NeverAsk,
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

impl Action {
    /// True where carrying it out would write to the workspace.
    pub fn writes(self) -> bool {
        matches!(
            self,
            Self::Pass
                | Self::Fail
                | Self::RepeatFail
                | Self::Unsure
                | Self::Skip
                | Self::Correct
                | Self::NoCall
                | Self::Reply
                | Self::Note
                | Self::Criterion
                | Self::Undo
                | Self::Redo
                | Self::Import
                | Self::Export
                | Self::Evaluate
                | Self::NewQueue
                | Self::StartSession
                | Self::EndSession
                | Self::Park
                | Self::Decision
                | Self::EditDecision
                | Self::CloseDecision
                | Self::LoadPack
                | Self::TakeSide
                | Self::OwnVerdict
                | Self::SettleReason
                | Self::Reveal
                | Self::StartCalibration
                | Self::EditModes
                | Self::RenameMode
                | Self::MergeMode
        )
    }
}

mod places;
mod table;

pub use table::BINDINGS;

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
