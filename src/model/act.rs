//! What a person asks to be recorded: the acts behind keys and flags, before they become events.
//!
//! Invariant: an act that breaks a rule (a fail without a step or an explicit "no single step") cannot become events.

use super::codebook::{Codebook, CodebookChange};
use super::correction::Correction;
use super::decision::DecisionChange;
use super::id::{ConversationId, TranscriptHash};
use super::label::{Label, Owner, StepPointer, Verdict};
use super::queue::{QueueChange, QueueSpec, Slot};
use super::session::{SessionChange, SessionStart};
use super::summary::Summary;
use super::time::Timestamp;

/// One act of a reviewer; everything it writes shares a group, so one undo takes it back.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// A verdict with all that belongs to it.
    Judge(Judgement),
    /// Put off without a verdict.
    Skip(Subject),
    /// A note; an empty text removes it.
    Note {
        /// On what.
        subject: Subject,
        /// The step, or the conversation.
        at: Option<StepPointer>,
        /// As written.
        text: String,
    },
    /// Corrections without a verdict: a draft, or an addition to one's own label.
    Correct {
        /// On what.
        subject: Subject,
        /// By step.
        corrections: Vec<(StepPointer, Correction)>,
    },
    /// An acceptance criterion.
    Criterion {
        /// On what.
        subject: Subject,
        /// True for "must", false for "must not".
        must: bool,
        /// In words.
        text: String,
    },
    /// One of several labels is taken where they differ.
    Adjudicate {
        /// On what.
        subject: Subject,
        /// Whose label counts.
        took: String,
        /// Why; required.
        reason: String,
    },
    /// Codebook changes.
    Codebook(Vec<CodebookChange>),
    /// A queue is defined or removed.
    Queue(QueueChange),
    /// A review session begins.
    StartSession {
        /// How it is planned.
        start: SessionStart,
        /// A queue that is defined along with it, so that one undo takes both back.
        queue: Option<Box<QueueSpec>>,
    },
    /// Something else happens to a review session.
    Session(SessionChange),
    /// A decision is made, changed or closed.
    Decision(DecisionChange),
    /// Personal data was shown or written unmasked.
    Unmask {
        /// Where: `screen`, or the command.
        place: String,
    },
}

/// A conversation and the text of it that was on screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The conversation.
    pub conversation: ConversationId,
    /// The text that is judged.
    pub transcript_hash: TranscriptHash,
}

/// A verdict with all that belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// On what.
    pub subject: Subject,
    /// Pass, fail or unsure.
    pub verdict: Verdict,
    /// Where it first went wrong; a fail needs it.
    pub failed_at: Option<FailedAt>,
    /// 1 to 4.
    pub severity: Option<u8>,
    /// Who can put it right.
    pub owner: Option<Owner>,
    /// Modes by key or name; a name the codebook lacks becomes a new mode.
    pub modes: Vec<String>,
    /// By step.
    pub corrections: Vec<(StepPointer, Correction)>,
    /// A note on the conversation.
    pub note: Option<String>,
    /// From where in which queue it is given.
    pub slot: Option<Slot>,
    /// Who took part, where it is the verdict of a room; empty otherwise.
    pub room: Vec<String>,
    /// Why this verdict settles a dispute; `None` where it is a label like any other.
    pub settles: Option<String>,
}

/// Where a fail happened, as said by the reviewer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FailedAt {
    /// First at this step.
    Step(StepPointer),
    /// Explicitly at no single step.
    NoSingleStep,
}

/// What came of a write, once it is safe.
#[derive(Debug, Clone, PartialEq)]
pub struct Saved {
    /// What was done, in a few words, for the status line: `PASS`, `FAIL · wrong tool · step 6`, `undone: PASS`.
    pub what: String,
    /// The operation's group; empty where there was nothing to undo or redo.
    pub group: String,
    /// The conversation concerned, where there is one.
    pub conversation: Option<ConversationId>,
    /// Its row as it is now.
    pub summary: Option<Box<Summary>>,
    /// The reviewer's label as it is now.
    pub own: Option<Box<Label>>,
    /// Labels of others; empty while the reviewer has no verdict of their own.
    pub others: Vec<Label>,
    /// The codebook, where the act changed it.
    pub codebook: Option<Codebook>,
    /// When it was saved.
    pub at: Timestamp,
    /// Set where the database has it but the journal could not be written: the reason.
    pub journal_problem: Option<String>,
}

/// Why an act cannot be recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ActError {
    /// A fail says where.
    #[error(
        "a fail needs the step where it first went wrong, or an explicit \"no single step\" (--step N or --no-step)"
    )]
    FailWithoutStep,
    /// Severity has four grades.
    #[error("severity {0} is not on the scale: 1 cosmetic, 2 annoying, 3 harmful, 4 critical")]
    Severity(u8),
    /// A mode needs a name.
    #[error("a failure mode needs a name with at least one letter or digit")]
    EmptyMode,
    /// Failure modes and severities belong to fails.
    #[error("failure modes, a failing step, severity and an owner belong to a fail; the verdict was {0}")]
    OnlyForFail(&'static str),
    /// An adjudication says why.
    #[error("an adjudication needs a reason (--reason TEXT)")]
    WithoutReason,
    /// Nobody of that name judged it.
    #[error("{0:?} has given no verdict on it; `aftercall adjudicate CONVERSATION` shows the labels")]
    NoSuchLabel(String),
    /// Others' labels are not to be seen yet.
    #[error(
        "what others say of {0} is hidden until you have judged it too, or all its reviews are in (`aftercall label {0} …`)"
    )]
    Covered(ConversationId),
    /// The label that was to be taken is not the one that was shown.
    #[error("that label was changed meanwhile; look at the dispute again")]
    LabelChanged,
    /// There is nothing to settle.
    #[error("its labels do not differ: there is nothing to adjudicate")]
    NothingToSettle,
}

impl Judgement {
    /// A bare verdict.
    pub fn new(subject: Subject, verdict: Verdict) -> Self {
        Self {
            subject,
            verdict,
            failed_at: None,
            severity: None,
            owner: None,
            modes: Vec::new(),
            corrections: Vec::new(),
            note: None,
            slot: None,
            room: Vec::new(),
            settles: None,
        }
    }

    /// Checks the rules every judgement has to keep.
    ///
    /// # Errors
    /// The first rule broken.
    pub fn check(&self) -> Result<(), ActError> {
        if self.verdict == Verdict::Fail && self.failed_at.is_none() {
            return Err(ActError::FailWithoutStep);
        }
        if self.verdict == Verdict::Pass
            && (self.failed_at.is_some() || !self.modes.is_empty() || self.severity.is_some() || self.owner.is_some())
        {
            return Err(ActError::OnlyForFail(self.verdict.word()));
        }
        if let Some(severity) = self.severity.filter(|severity| !(1..=4).contains(severity)) {
            return Err(ActError::Severity(severity));
        }
        if self.settles.as_ref().is_some_and(|reason| reason.trim().is_empty()) {
            return Err(ActError::WithoutReason);
        }
        if self.modes.iter().any(|mode| super::codebook::slug(mode).is_empty()) {
            return Err(ActError::EmptyMode);
        }
        Ok(())
    }
}
