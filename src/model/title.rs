//! What evaluators are called in lists: what is wrong where they object, in a few plain words.
//!
//! Invariant: a title is of the built-in evaluators only and says a fault; names of one's own evaluators are left as
//! they are, since their owners know them by those.

/// The most characters a title has, so that a narrow column holds it whole.
pub const LONGEST: usize = 18;

/// The built-in evaluators of which less than the best is a fault, by name.
const FAULTS: [(&str, &str); 42] = [
    ("Abandonment", "customer left"),
    ("ClaimedSuccess", "unbacked claim"),
    ("CleanEnd", "no clean end"),
    ("ContradictsRetrieved", "contradicts source"),
    ("ConversationResolution", "left unresolved"),
    ("CrewRoles", "crew calls fail"),
    ("CrewVerdict", "crew check failed"),
    ("CustomerAgentHumanEscalation", "no handover"),
    ("CustomerAgentLoopDetection", "going in circles"),
    ("CustomerFrustration", "annoyed customer"),
    ("CustomerRephrasing", "asks again"),
    ("DuplicateWrites", "changed twice"),
    ("ExpectedCalls", "not as expected"),
    ("Fallbacks", "did not understand"),
    ("FunctionCallAccuracy", "faulty call"),
    ("GoalProgress", "goal not reached"),
    ("HandoverPacket", "thin handover"),
    ("IgnoredInput", "plan ignored"),
    ("InventedReferences", "made-up reference"),
    ("LatencyBudget", "slow"),
    ("LeavingSentiment", "leaves annoyed"),
    ("OtherCustomer", "other customer"),
    ("ParameterValidation", "invalid arguments"),
    ("ReasoningQuality", "odd reasoning"),
    ("RetryStorm", "keeps retrying"),
    ("Runaway", "too many calls"),
    ("StepEfficiency", "wasted steps"),
    ("SwallowedErrors", "hidden error"),
    ("SystemOfRecord", "not in the record"),
    ("TaskCompletion", "task not done"),
    ("ToolErrors", "failed calls"),
    ("ToolSelectionAccuracy", "wrong tool"),
    ("ToolTimeouts", "tool timed out"),
    ("TrajectoryScore", "poor work overall"),
    ("TruncatedReplies", "cut-off reply"),
    ("UnconfirmedAction", "not confirmed"),
    ("UngroundedArguments", "made-up value"),
    ("VerifierPassedFailure", "check missed it"),
    ("VoiceInterruptions", "interrupts"),
    ("VoiceRecognition", "misheard"),
    ("VoiceSilence", "long silence"),
    ("WrongRoute", "wrong agent"),
];

/// What is wrong where an evaluator objects: of the built-in ones, and of rules, which are named after what they ask.
pub fn fault(evaluator: &str) -> Option<String> {
    if let Some(rule) = evaluator.strip_prefix("policy/") {
        let rule = rule.rsplit('/').next().unwrap_or_default();
        return Some(format!("rule {rule}"));
    }
    let found = FAULTS.binary_search_by(|(name, _)| (*name).cmp(evaluator)).ok()?;
    FAULTS.get(found).map(|(_, words)| (*words).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_short_and_each_of_one_evaluator() {
        assert!(FAULTS.is_sorted_by(|a, b| a.0 < b.0));
        for (at, (name, words)) in FAULTS.iter().enumerate() {
            assert!(words.chars().count() <= LONGEST, "{words}");
            assert!(FAULTS.iter().skip(at + 1).all(|(_, other)| other != words), "{words}");
            assert_eq!(fault(name).as_deref(), Some(*words));
        }
        assert_eq!(fault("policy/customer-service/identity-first").as_deref(), Some("rule identity-first"));
        assert_eq!(fault("helpfulness"), None);
    }
}
