//! The table of built-in evaluators: the only place that lists them.
//!
//! Invariant: names are unique and stable, since stored scores are named by them; a version rises whenever the same
//! conversation may get another score.

use super::{
    About, Case, Evaluator, Outcome, crew, handoff, loops, operations, reference, resolution, tools, truthfulness,
    voice,
};
use crate::model::score::Direction;

/// An evaluator that is part of the program.
#[derive(Clone, Copy)]
pub(super) struct Builtin {
    about: About,
    /// Its place in [`EVALUATORS`].
    place: usize,
    judge: fn(&Case<'_>) -> Outcome,
}

impl Evaluator for Builtin {
    fn about(&self) -> About {
        self.about
    }

    fn judge<'c>(&self, case: &'c Case<'_>) -> &'c Outcome {
        case.once(self.place, self.judge)
    }
}

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
        place: usize::MAX,
        judge,
    }
}

/// A row at its place in the table.
const fn placed(place: usize, row: Builtin) -> Builtin {
    Builtin { place, ..row }
}

/// A row of the table with a scale of its own.
const fn graded(scale: &'static str, row: Builtin) -> Builtin {
    Builtin { about: About { scale, ..row.about }, ..row }
}

/// A row of the table whose name another library uses too.
const fn unlike(differs: &'static str, row: Builtin) -> Builtin {
    Builtin { about: About { differs: Some(differs), ..row.about }, ..row }
}

pub(super) static TASK_COMPLETION: Builtin = placed(
    0,
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
);
pub(super) static CONVERSATION_RESOLUTION: Builtin = placed(
    1,
    unlike(
        "fi.evals asks a hosted judge; ours grades from the record, in five named grades",
        graded(
            "1 thanked for, 0.75 done, 0.5 handed over or answered, 0.25 left open or refused, 0 failed or annoyed",
            share(
                "ConversationResolution",
                "changes made, hand-over, last words (cues in en, de, fr, es)",
                "customer and agent messages",
                resolution::resolution,
            ),
        ),
    ),
);
pub(super) static TOOL_SELECTION: Builtin = placed(
    2,
    unlike(
        "fi.evals averages coverage, availability and success of calls and gives 1.0 without calls; ours compares changes only, or asks whether an offered tool fits the customer's words better, and abstains without calls",
        share(
            "ToolSelectionAccuracy",
            "expected changes by tool name; else tools on offer and the customer's words",
            "calls",
            tools::tool_selection,
        ),
    ),
);
pub(super) static FUNCTION_CALLS: Builtin = placed(
    3,
    unlike(
        "fi.evals gives a wrong name with right arguments 0.6 and never charges extra calls; ours matches whole calls by meaning, order-free, and charges extras",
        share(
            "FunctionCallAccuracy",
            "expected changes by name and arguments; else form, origin of values, and success of each call",
            "calls, or expected calls",
            tools::function_calls,
        ),
    ),
);
pub(super) static PARAMETERS: Builtin = placed(
    4,
    unlike(
        "fi.evals checks a flat list of names and types, and unreadable arguments become none; ours is JSON Schema, and unreadable arguments fail",
        share(
            "ParameterValidation",
            "arguments against the tool's JSON Schema, tools not on offer, unreadable arguments",
            "a tool list",
            tools::parameter_validation,
        ),
    ),
);
pub(super) static TRAJECTORY: Builtin = placed(
    5,
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
);
pub(super) static EFFICIENCY: Builtin = placed(
    6,
    unlike(
        "fi.evals compares with a step budget of 10; ours names each wasted step (failed, repeated, already answered), since long work is not bad work",
        share(
            "StepEfficiency",
            "failed and repeated calls, repeated answers and questions",
            "agent steps",
            resolution::step_efficiency,
        ),
    ),
);
pub(super) static GOAL_PROGRESS: Builtin = placed(
    7,
    unlike(
        "fi.evals counts words of the goal in the steps, which predicted failures upside down; ours counts the records the customer named that a call got to",
        share(
            "GoalProgress",
            "order numbers and other ids the customer named, and successful calls that used them",
            "ids in customer messages",
            resolution::goal_progress,
        ),
    ),
);
pub(super) static LOOPS: Builtin = placed(
    8,
    unlike(
        "fi.evals asks a hosted judge; ours finds questions for what was given, repeated answers, and hand-overs back and forth",
        share(
            "CustomerAgentLoopDetection",
            "questions, answers and hand-overs that come again (cues in en, de, fr, es)",
            "agent messages",
            loops::loops,
        ),
    ),
);
pub(super) static ESCALATION: Builtin = placed(
    9,
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
);
pub(super) static REASONING: Builtin = placed(
    10,
    unlike(
        "fi.evals counts connectives and rewards length; ours asks whether recorded reasoning speaks of the call it led to, and abstains where none is recorded",
        share(
            "ReasoningQuality",
            "recorded reasoning beside the calls of the same message",
            "recorded reasoning",
            crew::reasoning,
        ),
    ),
);

pub(super) static EXPECTED_CALLS: Builtin = placed(
    11,
    share(
        "ExpectedCalls",
        "successful changes against the expected ones, arguments by meaning, order-free",
        "expected calls",
        reference::expected_calls,
    ),
);
pub(super) static TOOL_ERRORS: Builtin =
    placed(12, share("ToolErrors", "calls that failed, in any disguise", "calls", operations::tool_errors));
pub(super) static SWALLOWED: Builtin = placed(
    13,
    share(
        "SwallowedErrors",
        "status fine, answer says error",
        "calls with spans and answers",
        operations::swallowed_errors,
    ),
);
pub(super) static TIMEOUTS: Builtin =
    placed(14, share("ToolTimeouts", "failed calls that name a time limit", "calls", operations::timeouts));
pub(super) static RETRIES: Builtin =
    placed(15, share("RetryStorm", "repeated failures of one tool in one turn", "calls", operations::retry_storm));
pub(super) static DUPLICATES: Builtin =
    placed(16, share("DuplicateWrites", "the same change made twice", "changes", operations::duplicate_writes));
pub(super) static FALLBACKS: Builtin = placed(
    17,
    share(
        "Fallbacks",
        "\"I did not understand\", \"something went wrong\" (en, de, fr, es)",
        "agent messages",
        operations::fallbacks,
    ),
);
pub(super) static TRUNCATED: Builtin =
    placed(18, share("TruncatedReplies", "finish reasons: length, filter", "finish reasons", operations::truncated));
pub(super) static LATENCY: Builtin =
    placed(19, share("LatencyBudget", "duration of steps, waiting time of customers", "times", operations::latency));
pub(super) static RUNAWAY: Builtin =
    placed(20, share("Runaway", "calls between two customer messages", "calls", operations::runaway));
pub(super) static COST: Builtin = placed(
    21,
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
        place: usize::MAX,
        judge: operations::cost,
    },
);
pub(super) static CLAIMED: Builtin = placed(
    22,
    share(
        "ClaimedSuccess",
        "\"it is done\" (en, de, fr, es) against the calls behind it",
        "claims",
        truthfulness::claimed_success,
    ),
);
pub(super) static UNCONFIRMED: Builtin = placed(
    23,
    share(
        "UnconfirmedAction",
        "irreversible calls the customer neither asked for nor agreed to (en, de, fr, es)",
        "irreversible calls",
        truthfulness::unconfirmed,
    ),
);
pub(super) static UNGROUNDED: Builtin = placed(
    24,
    share(
        "UngroundedArguments",
        "argument values named by neither customer, tool nor instructions",
        "calls",
        tools::ungrounded_arguments,
    ),
);
pub(super) static INVENTED: Builtin = placed(
    25,
    share(
        "InventedReferences",
        "reference numbers in answers that occur nowhere before",
        "references in answers",
        truthfulness::invented_references,
    ),
);
pub(super) static CONTRADICTIONS: Builtin = placed(
    26,
    share(
        "ContradictsRetrieved",
        "figures in answers against retrieved text; lexical and weak",
        "retrieved text",
        truthfulness::contradictions,
    ),
);
pub(super) static OTHER_CUSTOMER: Builtin = placed(
    27,
    share("OtherCustomer", "account ids in calls other than the first", "account ids", truthfulness::other_customer),
);
pub(super) static REPHRASING: Builtin =
    placed(28, share("CustomerRephrasing", "customer messages alike", "two customer messages", loops::rephrasing));
pub(super) static FRUSTRATION: Builtin = placed(
    29,
    share(
        "CustomerFrustration",
        "words, capitals and marks of annoyance (en, de, fr, es)",
        "customer messages",
        resolution::frustration,
    ),
);
pub(super) static LEAVING: Builtin = placed(
    30,
    graded(
        "1 content, 0.5 neutral, 0 annoyed",
        share(
            "LeavingSentiment",
            "the customer's last message (en, de, fr, es)",
            "two customer messages",
            resolution::leaving_sentiment,
        ),
    ),
);
pub(super) static ABANDONMENT: Builtin = placed(
    31,
    graded(
        "1 stayed, 0 left",
        share("Abandonment", "an open question of the agent at the end", "an exchange", resolution::abandonment),
    ),
);
pub(super) static CLEAN_END: Builtin = placed(
    32,
    graded(
        "1 with a closing word, 0.5 without, 0 badly",
        share("CleanEnd", "the last words of both sides (en, de, fr, es)", "an exchange", resolution::clean_end),
    ),
);
pub(super) static PACKET: Builtin = placed(
    33,
    graded(
        "0 to 1: share of six parts",
        share(
            "HandoverPacket",
            "who, summary, intent, records, what was tried, why: in the hand-over's arguments",
            "a hand-over",
            handoff::handover_packet,
        ),
    ),
);
pub(super) static REASON: Builtin = placed(
    34,
    graded(
        "a label: customer's wish, inability, policy, capacity",
        share("HandoffReason", "what came before the hand-over", "a hand-over", handoff::handoff_reason),
    ),
);
pub(super) static ROUTING: Builtin = placed(
    35,
    share(
        "WrongRoute",
        "hand-overs to an agent that refuses without trying",
        "hand-overs between agents",
        handoff::routing,
    ),
);
pub(super) static ROLES: Builtin = placed(
    36,
    graded(
        "0 to 1: share of calls that did not fail",
        share("CrewRoles", "failed calls per named agent", "two named agents", crew::roles),
    ),
);
pub(super) static IGNORED: Builtin = placed(
    37,
    share(
        "IgnoredInput",
        "steps of a plan nobody carried out",
        "a planner's list and a tool list",
        crew::ignored_input,
    ),
);
pub(super) static VERIFIER: Builtin = placed(
    38,
    share(
        "VerifierPassedFailure",
        "passes of a verifier over failed or invented steps",
        "verdicts of a verifier",
        crew::verifier,
    ),
);
pub(super) static CREW_VERDICT: Builtin = placed(
    39,
    graded(
        "1 passed, 0 failed",
        share("CrewVerdict", "the verifier's last verdict", "verdicts of a verifier", crew::crew_verdict),
    ),
);
pub(super) static INTERRUPTIONS: Builtin =
    placed(40, share("VoiceInterruptions", "turns that cut the other side off", "speech facts", voice::interruptions));
pub(super) static SILENCE: Builtin =
    placed(41, share("VoiceSilence", "time to first audio", "speech facts", voice::silence));
pub(super) static RECOGNITION: Builtin = placed(
    42,
    share("VoiceRecognition", "changes on words recognised with low confidence", "speech facts", voice::recognition),
);

/// How many built-in evaluators there are.
pub(super) const COUNT: usize = 43;

/// Every built-in evaluator, in the order in which they are listed.
pub static EVALUATORS: &[&dyn Evaluator] = &[
    &TASK_COMPLETION,
    &CONVERSATION_RESOLUTION,
    &TOOL_SELECTION,
    &FUNCTION_CALLS,
    &PARAMETERS,
    &TRAJECTORY,
    &EFFICIENCY,
    &GOAL_PROGRESS,
    &LOOPS,
    &ESCALATION,
    &REASONING,
    &EXPECTED_CALLS,
    &TOOL_ERRORS,
    &SWALLOWED,
    &TIMEOUTS,
    &RETRIES,
    &DUPLICATES,
    &FALLBACKS,
    &TRUNCATED,
    &LATENCY,
    &RUNAWAY,
    &COST,
    &CLAIMED,
    &UNCONFIRMED,
    &UNGROUNDED,
    &INVENTED,
    &CONTRADICTIONS,
    &OTHER_CUSTOMER,
    &REPHRASING,
    &FRUSTRATION,
    &LEAVING,
    &ABANDONMENT,
    &CLEAN_END,
    &PACKET,
    &REASON,
    &ROUTING,
    &ROLES,
    &IGNORED,
    &VERIFIER,
    &CREW_VERDICT,
    &INTERRUPTIONS,
    &SILENCE,
    &RECOGNITION,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_knows_its_place() {
        let places: Vec<usize> = [
            &TASK_COMPLETION,
            &CONVERSATION_RESOLUTION,
            &TOOL_SELECTION,
            &FUNCTION_CALLS,
            &PARAMETERS,
            &TRAJECTORY,
            &EFFICIENCY,
            &GOAL_PROGRESS,
            &LOOPS,
            &ESCALATION,
            &REASONING,
            &EXPECTED_CALLS,
            &TOOL_ERRORS,
            &SWALLOWED,
            &TIMEOUTS,
            &RETRIES,
            &DUPLICATES,
            &FALLBACKS,
            &TRUNCATED,
            &LATENCY,
            &RUNAWAY,
            &COST,
            &CLAIMED,
            &UNCONFIRMED,
            &UNGROUNDED,
            &INVENTED,
            &CONTRADICTIONS,
            &OTHER_CUSTOMER,
            &REPHRASING,
            &FRUSTRATION,
            &LEAVING,
            &ABANDONMENT,
            &CLEAN_END,
            &PACKET,
            &REASON,
            &ROUTING,
            &ROLES,
            &IGNORED,
            &VERIFIER,
            &CREW_VERDICT,
            &INTERRUPTIONS,
            &SILENCE,
            &RECOGNITION,
        ]
        .iter()
        .map(|row| row.place)
        .collect();
        assert_eq!(places, (0..COUNT).collect::<Vec<_>>());
        assert_eq!(EVALUATORS.len(), COUNT);
    }
}
