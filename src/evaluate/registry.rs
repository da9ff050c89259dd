//! The table of built-in evaluators: the only place that lists them.
//!
//! Invariant: names are unique and stable, since stored scores are named by them; a version rises whenever the same
//! conversation may get another score.

use super::{
    About, Case, Outcome, crew, handoff, loops, operations, reference, resolution, tools, truthfulness, voice,
};
use crate::model::score::Direction;

/// An evaluator that is part of the program.
#[derive(Debug, Clone, Copy)]
pub struct Builtin {
    about: About,
    judge: fn(&Case<'_>) -> Outcome,
}

impl Builtin {
    /// What is known of it without running it.
    pub fn about(&self) -> About {
        self.about
    }

    /// Judges one conversation.
    pub(super) fn judge(&self, case: &Case<'_>) -> Outcome {
        (self.judge)(case)
    }
}

/// Where an evaluator is in [`EVALUATORS`], for others that ask for its judgement.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place(pub(super) usize);

pub(super) const TASK_COMPLETION: Place = place_of("TaskCompletion");
pub(super) const TOOL_SELECTION: Place = place_of("ToolSelectionAccuracy");
pub(super) const EFFICIENCY: Place = place_of("StepEfficiency");
pub(super) const LOOPS: Place = place_of("CustomerAgentLoopDetection");
pub(super) const ESCALATION: Place = place_of("CustomerAgentHumanEscalation");
pub(super) const FALLBACKS: Place = place_of("Fallbacks");
pub(super) const TRUNCATED: Place = place_of("TruncatedReplies");
pub(super) const CLAIMED: Place = place_of("ClaimedSuccess");
pub(super) const UNCONFIRMED: Place = place_of("UnconfirmedAction");
pub(super) const INVENTED: Place = place_of("InventedReferences");
pub(super) const CONTRADICTIONS: Place = place_of("ContradictsRetrieved");
pub(super) const OTHER_CUSTOMER: Place = place_of("OtherCustomer");
pub(super) const CLEAN_END: Place = place_of("CleanEnd");
pub(super) const ROUTING: Place = place_of("WrongRoute");
pub(super) const IGNORED: Place = place_of("IgnoredInput");
pub(super) const VERIFIER: Place = place_of("VerifierPassedFailure");
pub(super) const CREW_VERDICT: Place = place_of("CrewVerdict");

/// How many built-in evaluators there are.
pub(super) const COUNT: usize = EVALUATORS.len();

/// Every built-in evaluator, in the order in which they are listed.
pub const EVALUATORS: &[Builtin] = &[
    unlike(
        "fi.evals gives 0.3 for any result and 0.2 for a final step, which makes it constant without criteria; ours starts at 1 and charges what the record speaks against",
        graded(
            "0 to 1; passes from 0.75 (from 1 against expected calls)",
            share(
                "TaskCompletion",
                "expected calls; else unbacked claims, failed last change, wrong tool, refusal at the end",
                "an agent that did something",
                resolution::task_completion,
            ),
        ),
    ),
    raised(
        3,
        unlike(
            "fi.evals asks a hosted judge; ours grades from the record, in five named grades, and does not grade a no or a hand-over, which may be the right end",
            graded(
                "1 settled, 0.75 unconfirmed, 0.5 said or done again, 0.25 left open, 0 failed or annoyed; a label for a no or a hand-over",
                share(
                    "ConversationResolution",
                    "changes made and agreed to, what was said or done again, the end (cues in en, de, fr, es)",
                    "customer and agent messages",
                    resolution::resolution,
                ),
            ),
        ),
    ),
    unlike(
        "fi.evals averages coverage, availability and success of calls and gives 1.0 without calls; ours compares changes only, or asks whether an offered tool fits the customer's words better, and abstains without calls",
        share(
            "ToolSelectionAccuracy",
            "expected changes by tool name; else tools on offer and the customer's words",
            "calls",
            tools::tool_selection,
        ),
    ),
    unlike(
        "fi.evals gives a wrong name with right arguments 0.6 and never charges extra calls; ours matches whole calls by meaning, order-free, and charges extras",
        share(
            "FunctionCallAccuracy",
            "expected changes by name and arguments; else form, origin of values, and success of each call",
            "calls, or expected calls",
            tools::function_calls,
        ),
    ),
    unlike(
        "fi.evals checks a flat list of names and types, and unreadable arguments become none; ours is JSON Schema, and unreadable arguments fail",
        share(
            "ParameterValidation",
            "arguments against the tool's JSON Schema, tools not on offer, unreadable arguments",
            "a tool list",
            tools::parameter_validation,
        ),
    ),
    unlike(
        "fi.evals weights its own three parts 0.4, 0.3, 0.3; ours is the mean of our parts that could tell",
        graded(
            "0 to 1; passes from 0.75",
            share(
                "TrajectoryScore",
                "TaskCompletion, ToolSelectionAccuracy, StepEfficiency",
                "one of its parts",
                resolution::trajectory,
            ),
        ),
    ),
    unlike(
        "fi.evals compares with a step budget of 10; ours names each wasted step (failed, repeated, already answered), since long work is not bad work",
        share(
            "StepEfficiency",
            "failed and repeated calls, repeated answers and questions",
            "agent steps",
            resolution::step_efficiency,
        ),
    ),
    unlike(
        "fi.evals counts words of the goal in the steps, which predicted failures upside down; ours counts the records the customer named that a call got to",
        share(
            "GoalProgress",
            "order numbers and other ids the customer named, and successful calls that used them",
            "ids in customer messages",
            resolution::goal_progress,
        ),
    ),
    unlike(
        "fi.evals asks a hosted judge; ours finds questions for what was given, repeated answers, and hand-overs back and forth",
        share(
            "CustomerAgentLoopDetection",
            "questions, answers and hand-overs that come again (cues in en, de, fr, es)",
            "agent messages",
            loops::loops,
        ),
    ),
    unlike(
        "fi.evals asks a hosted judge; ours compares each request for a person with the hand-overs that followed",
        graded(
            "1 in time, halved per ignored request, 0 never; passes from 0.75",
            share(
                "CustomerAgentHumanEscalation",
                "requests for a person (cues in en, de, fr, es) and hand-over calls",
                "a request or a hand-over",
                handoff::human_escalation,
            ),
        ),
    ),
    unlike(
        "fi.evals counts connectives and rewards length; ours asks whether recorded reasoning speaks of the call it led to, and abstains where none is recorded",
        share(
            "ReasoningQuality",
            "recorded reasoning beside the calls of the same message",
            "recorded reasoning",
            crew::reasoning,
        ),
    ),
    share(
        "ExpectedCalls",
        "successful changes against the expected ones, arguments by meaning, order-free",
        "expected calls",
        reference::expected_calls,
    ),
    share("ToolErrors", "calls that failed, in any disguise", "calls", operations::tool_errors),
    share(
        "SwallowedErrors",
        "status fine, answer says error",
        "calls with spans and answers",
        operations::swallowed_errors,
    ),
    share("ToolTimeouts", "failed calls that name a time limit", "calls", operations::timeouts),
    share("RetryStorm", "repeated failures of one tool in one turn", "calls", operations::retry_storm),
    share("DuplicateWrites", "the same change made twice", "changes", operations::duplicate_writes),
    share(
        "Fallbacks",
        "\"I did not understand\", \"something went wrong\" (en, de, fr, es)",
        "agent messages",
        operations::fallbacks,
    ),
    share("TruncatedReplies", "finish reasons: length, filter", "finish reasons", operations::truncated),
    share("LatencyBudget", "duration of steps, waiting time of customers", "times", operations::latency),
    share("Runaway", "calls between two customer messages", "calls", operations::runaway),
    Builtin {
        about: About {
            name: "CostDollars",
            version: 1,
            looks_at: "cost attributes of model steps",
            scale: "dollars",
            direction: Direction::Lower,
            needs: "recorded costs",
            differs: None,
        },
        judge: operations::cost,
    },
    share(
        "ClaimedSuccess",
        "\"it is done\" (en, de, fr, es) against the calls behind it",
        "claims",
        truthfulness::claimed_success,
    ),
    share(
        "UnconfirmedAction",
        "irreversible calls the customer neither asked for nor agreed to (en, de, fr, es)",
        "irreversible calls",
        truthfulness::unconfirmed,
    ),
    share(
        "UngroundedArguments",
        "argument values named by neither customer, tool nor instructions",
        "calls",
        tools::ungrounded_arguments,
    ),
    share(
        "InventedReferences",
        "reference numbers in answers that occur nowhere before",
        "references in answers",
        truthfulness::invented_references,
    ),
    share(
        "ContradictsRetrieved",
        "figures in answers against retrieved text; lexical and weak",
        "retrieved text",
        truthfulness::contradictions,
    ),
    share("OtherCustomer", "account ids in calls other than the first", "account ids", truthfulness::other_customer),
    share("CustomerRephrasing", "customer messages alike", "two customer messages", loops::rephrasing),
    share(
        "CustomerFrustration",
        "words, capitals and marks of annoyance (en, de, fr, es)",
        "customer messages",
        resolution::frustration,
    ),
    graded(
        "1 content, 0.5 neutral, 0 annoyed",
        share(
            "LeavingSentiment",
            "the customer's last message (en, de, fr, es)",
            "two customer messages",
            resolution::leaving_sentiment,
        ),
    ),
    graded(
        "1 stayed, 0 left",
        share("Abandonment", "an open question of the agent at the end", "an exchange", resolution::abandonment),
    ),
    graded(
        "1 with a closing word, 0.5 without, 0 badly",
        share("CleanEnd", "the last words of both sides (en, de, fr, es)", "an exchange", resolution::clean_end),
    ),
    graded(
        "0 to 1: share of six parts",
        share(
            "HandoverPacket",
            "who, summary, intent, records, what was tried, why: in the hand-over's arguments",
            "a hand-over",
            handoff::handover_packet,
        ),
    ),
    graded(
        "a label: customer's wish, inability, policy, capacity",
        share("HandoffReason", "what came before the hand-over", "a hand-over", handoff::handoff_reason),
    ),
    share(
        "WrongRoute",
        "hand-overs to an agent that refuses without trying",
        "hand-overs between agents",
        handoff::routing,
    ),
    graded(
        "0 to 1: share of calls that did not fail",
        share("CrewRoles", "failed calls per named agent", "two named agents", crew::roles),
    ),
    share(
        "IgnoredInput",
        "steps of a plan nobody carried out",
        "a planner's list and a tool list",
        crew::ignored_input,
    ),
    share(
        "VerifierPassedFailure",
        "passes of a verifier over failed or invented steps",
        "verdicts of a verifier",
        crew::verifier,
    ),
    graded(
        "1 passed, 0 failed",
        share("CrewVerdict", "the verifier's last verdict", "verdicts of a verifier", crew::crew_verdict),
    ),
    share("VoiceInterruptions", "turns that cut the other side off", "speech facts", voice::interruptions),
    share("VoiceSilence", "time to first audio", "speech facts", voice::silence),
    share("VoiceRecognition", "changes on words recognised with low confidence", "speech facts", voice::recognition),
];

const SHARE: &str = "0 to 1: share without objection";

/// A row of the table whose scale is the share of things nothing is said against.
const fn share(
    name: &'static str,
    looks_at: &'static str,
    needs: &'static str,
    judge: fn(&Case<'_>) -> Outcome,
) -> Builtin {
    Builtin {
        about: About { name, version: 1, looks_at, scale: SHARE, direction: Direction::Higher, needs, differs: None },
        judge,
    }
}

/// A row of the table with a scale of its own.
const fn graded(scale: &'static str, row: Builtin) -> Builtin {
    Builtin { about: About { scale, ..row.about }, ..row }
}

/// A row of the table whose name another library uses too.
const fn unlike(differs: &'static str, row: Builtin) -> Builtin {
    Builtin { about: About { differs: Some(differs), ..row.about }, ..row }
}

/// A row of the table that came to say something else.
const fn raised(version: u32, row: Builtin) -> Builtin {
    Builtin { about: About { version, ..row.about }, ..row }
}

/// The place of an evaluator; a name that is not in the table does not compile.
const fn place_of(name: &str) -> Place {
    let mut at = 0;
    while !is_same(EVALUATORS[at].about.name, name) {
        at += 1;
    }
    Place(at)
}

/// Whether two names are one, worked out while compiling.
const fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}
