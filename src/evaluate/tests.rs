//! Tests of the built-in evaluators on invented conversations.

use proptest::prelude::*;

use super::*;
use crate::model::step::{Role, Speech, Step, StepContent};
use crate::model::tool::{Arguments, ExpectedCall};

fn conversation(text: &str) -> Conversation {
    policy::example(text).unwrap()
}

fn evaluate(conversation: &Conversation) -> Evaluation {
    Judge::new(Limits::default(), Vec::new()).evaluate(conversation)
}

fn whole(evaluation: &Evaluation, name: &str) -> Score {
    let mut found = evaluation
        .scores
        .iter()
        .filter(|score| score.evaluator.exact() == name && score.target == ScoreTarget::Conversation);
    let score = found.next().unwrap_or_else(|| panic!("no score of {name}")).clone();
    assert!(found.next().is_none(), "{name} judged twice");
    score
}

/// The steps an evaluator objects to.
fn steps(conversation: &Conversation, name: &str) -> Vec<u32> {
    let evaluation = evaluate(conversation);
    let spans = evaluation
        .scores
        .iter()
        .filter(|score| score.evaluator.exact() == name && score.target != ScoreTarget::Conversation);
    spans
        .filter_map(|score| conversation.steps.iter().find(|step| step.span.as_ref() == score.evidence.first()))
        .map(|step| step.number)
        .collect()
}

const REFUND: &str = r#"
tools: get_order, process_refund!, escalate_to_human
customer: My lamp from order A-77120 came broken. Refund it please.
call: get_order {"order_id": "A-77120"} -> {"order_id": "A-77120", "amount": 42.0}
agent: I can refund $42.00. Shall I go ahead?
customer: Yes please
call: process_refund {"order_id": "A-77120", "amount": 42} -> {"ok": true, "refund_id": "R-5512"}
agent: Done, your refund R-5512 has been issued. Anything else?
customer: No, thank you!
"#;

#[test]
fn a_good_conversation_passes_and_has_no_flag() {
    let one = evaluate(&conversation(REFUND));
    let failed: Vec<&str> =
        one.scores.iter().filter(|score| score.passed == Some(false)).map(|score| score.evaluator.exact()).collect();
    assert_eq!(failed, [""; 0]);
    assert!(one.suspicion.p_fail.unwrap() < 0.35, "{:?}", one.suspicion);
    assert_eq!(whole(&one, "ConversationResolution").value, Some(1.0));
    assert_eq!(one.suspects[0].step, 5);
}

#[test]
fn a_claim_over_a_failed_call_is_flagged_at_the_claim() {
    let text = REFUND.replace(r#"{"ok": true, "refund_id": "R-5512"}"#, r#"{"error": "500 from the ledger"}"#);
    let bad = conversation(&text);
    assert_eq!(steps(&bad, "ClaimedSuccess"), [6]);
    assert_eq!(steps(&bad, "InventedReferences"), [6]);
    assert_eq!(steps(&bad, "ToolErrors"), [5]);
    let one = evaluate(&bad);
    assert_eq!(one.suspects[0].step, 6);
    assert!(one.suspicion.p_fail.unwrap() > 0.6);
    assert_eq!(one.suspicion.reasons[0].words, "success claimed without a call behind it");
    assert_eq!(whole(&one, "ConversationResolution").value, Some(0.0));
    assert_eq!(whole(&one, "TaskCompletion").passed, Some(false));
}

#[test]
fn unnamed_values_unknown_tools_and_broken_arguments() {
    let bad = conversation(&REFUND.replace("\"amount\": 42}", "\"amount\": 420}"));
    assert_eq!(steps(&bad, "UngroundedArguments"), [5]);
    let bad = conversation(&REFUND.replace("process_refund {", "issue_credit {"));
    assert_eq!(steps(&bad, "ParameterValidation"), [5]);
    assert_eq!(steps(&bad, "ToolSelectionAccuracy"), [5]);
    let mut bad = conversation(REFUND);
    if let StepContent::ToolCall { arguments, .. } = &mut bad.steps[4].content {
        *arguments = Arguments("{\"order_id\": \"A-77".into());
    }
    assert_eq!(steps(&bad, "ParameterValidation"), [5]);
}

#[test]
fn schemas_are_json_schema_and_a_broken_schema_is_not_the_callers_fault() {
    let mut one = conversation(REFUND);
    let refund = one.tools.iter_mut().find(|tool| tool.name.exact() == "process_refund").unwrap();
    refund.parameters =
        Some(r#"{"type": "object", "properties": {"reason": {"enum": ["late"]}}, "required": ["reason"]}"#.into());
    let evaluation = evaluate(&one);
    assert!(
        whole(&evaluation, "ParameterValidation")
            .explanation
            .unwrap()
            .exact()
            .contains("\"reason\" is a required property")
    );
    one.tools.iter_mut().for_each(|tool| tool.parameters = Some(r#"{"type": 12}"#.into()));
    assert_eq!(whole(&evaluate(&one), "ParameterValidation").passed, Some(true));
}

#[test]
fn the_wrong_tool_is_seen_in_the_customers_words() {
    let bad = conversation(
        "tools: cancel_order!, cancel_subscription!\ncustomer: Please cancel order A-77120. My number is M-1009.\n\
         call: cancel_subscription {\"member_id\": \"M-1009\"} -> {\"ok\": true}\nagent: It is cancelled.",
    );
    assert_eq!(steps(&bad, "ToolSelectionAccuracy"), [2]);
    assert_eq!(evaluate(&bad).suspects[0].step, 2);
}

#[test]
fn irreversible_steps_need_a_wish_or_a_yes_in_four_languages() {
    for (customer, asked) in [
        ("Any tips for the zip of A-77120?", false),
        ("Ich hätte gern mein Geld zurück für A-77120", true),
        ("Je veux un remboursement pour A-77120", true),
        ("Quiero un reembolso de A-77120", true),
    ] {
        let text = format!(
            "tools: process_refund!\ncustomer: {customer}\ncall: process_refund {{\"order_id\": \"A-77120\"}} -> {{\"ok\": true}}\nagent: ok"
        );
        let score = whole(&evaluate(&conversation(&text)), "UnconfirmedAction");
        assert_eq!(score.passed, Some(asked), "{customer}");
    }
}

#[test]
fn a_person_asked_for_is_late_missing_or_in_time() {
    let late = conversation(
        "tools: escalate_to_human\ncustomer: I want a real person.\nagent: I can help you right here!\ncustomer: HUMAN. Now.\n\
         call: escalate_to_human {\"summary\": \"asked twice for a person\"} -> {\"ok\": true}\nagent: A colleague takes over.",
    );
    assert_eq!(steps(&late, "CustomerAgentHumanEscalation"), [2]);
    let one = evaluate(&late);
    assert_eq!(whole(&one, "HandoffReason").label.unwrap().exact(), "customer's wish");
    assert!(whole(&one, "HandoverPacket").explanation.unwrap().exact().contains("the records concerned"));
    let missing = conversation("customer: I want a real person.\nagent: I can help you right here!\ncustomer: bye");
    assert_eq!(whole(&evaluate(&missing), "CustomerAgentHumanEscalation").value, Some(0.0));
    let prompt = conversation(
        "customer: I want a real person.\ncall: escalate_to_human {\"summary\": \"wants a person, nothing else said\"} -> {\"ok\": true}",
    );
    assert_eq!(whole(&evaluate(&prompt), "CustomerAgentHumanEscalation").passed, Some(true));
}

#[test]
fn questions_for_what_was_given_are_loops() {
    let bad = conversation(
        "customer: Where is A-77120?\nagent: What is your order number, please?\ncustomer: A-77120\nagent: Could you share the order number?\ncustomer: A-77120!!",
    );
    assert_eq!(steps(&bad, "CustomerAgentLoopDetection"), [2, 4]);
    let fine = conversation(
        "customer: Where is my parcel?\nagent: What is your order number, please?\ncustomer: A-77120\nagent: It is on its way.",
    );
    assert_eq!(whole(&evaluate(&fine), "CustomerAgentLoopDetection").passed, Some(true));
}

#[test]
fn expected_calls_are_compared_by_meaning_and_name_the_departure() {
    let mut one = conversation(REFUND);
    let expect = |arguments: &str| {
        Some(vec![ExpectedCall { tool: "process_refund".into(), arguments: Arguments(arguments.into()) }])
    };
    one.expected = expect(r#"{"amount": 42.0, "order_id": "A-77120"}"#);
    let good = evaluate(&one);
    assert_eq!(whole(&good, "ExpectedCalls").value, Some(1.0));
    assert_eq!(whole(&good, "TaskCompletion").label.unwrap().exact(), "against expected calls");
    one.expected = expect(r#"{"amount": 24, "order_id": "A-77120"}"#);
    let bad = evaluate(&one);
    assert_eq!(whole(&bad, "ExpectedCalls").explanation.unwrap().exact(), "process_refund with wrong amount");
    assert_eq!((bad.suspects[0].step, bad.suspects[0].why.as_str()), (5, "first departure from the expected calls"));
    assert!(bad.suspicion.p_fail > Some(0.9) && good.suspicion.p_fail < Some(0.1));
    one.expected = Some(Vec::new());
    assert_eq!(whole(&evaluate(&one), "ExpectedCalls").explanation.unwrap().exact(), "not expected: process_refund");
}

#[test]
fn speech_facts_are_used_where_there_are_any() {
    let mut one = conversation(REFUND);
    one.steps[3].speech = Some(Speech { asr_confidence: Some(0.3), interrupted: Some(true), first_audio_ms: None });
    one.steps[5].speech =
        Some(Speech { asr_confidence: None, interrupted: Some(false), first_audio_ms: Some(9_000.0) });
    assert_eq!(steps(&one, "VoiceRecognition"), [5]);
    assert_eq!(steps(&one, "VoiceSilence"), [6]);
    assert_eq!(steps(&one, "VoiceInterruptions"), [4]);
}

#[test]
fn nothing_known_means_abstention_never_zero() {
    let empty = Conversation { steps: Vec::new(), ..conversation("customer: x") };
    for score in evaluate(&empty).scores {
        assert_eq!((score.value, score.passed), (None, None), "{}", score.evaluator.exact());
        assert!(score.explanation.unwrap().exact().starts_with("cannot tell: "));
    }
    assert_eq!(evaluate(&empty).suspicion.p_fail, None);
    let chat = evaluate(&conversation("customer: How long do refunds take?\nagent: Five days."));
    for name in [
        "ParameterValidation",
        "ToolErrors",
        "VoiceSilence",
        "ExpectedCalls",
        "LatencyBudget",
        "CostDollars",
        "ReasoningQuality",
        "CrewVerdict",
    ] {
        assert_eq!(whole(&chat, name).value, None, "{name}");
    }
}

#[test]
fn the_table_has_unique_names_and_says_what_differs() {
    let mut names: Vec<&str> = EVALUATORS.iter().map(|one| one.about().name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!((names.len(), count), (count, 43));
    let shared = [
        "TaskCompletion",
        "ToolSelectionAccuracy",
        "TrajectoryScore",
        "StepEfficiency",
        "GoalProgress",
        "ReasoningQuality",
    ];
    for one in EVALUATORS.iter().map(registry::Builtin::about) {
        let titled = crate::model::title::fault(one.name).is_some();
        assert!(titled || ["CostDollars", "HandoffReason"].contains(&one.name), "{} has no title for lists", one.name);
        assert!(!one.looks_at.is_empty() && !one.needs.is_empty() && !one.scale.is_empty());
        assert!(one.differs.is_some() || !shared.contains(&one.name), "{}", one.name);
    }
}

#[test]
fn only_restricts_the_scores_and_policies_count_as_rules_broken() {
    let one = Judge::default().only(vec!["ToolErrors".into()]).evaluate(&conversation(REFUND));
    assert!(one.scores.iter().all(|score| score.evaluator.exact() == "ToolErrors") && !one.scores.is_empty());
    let rules = "name = \"p\"\n[[rule]]\nid = \"never\"\nmessage = \"no refunds\"\nseverity = 3\n[rule.call]\ntool = [\"process_refund\"]\nnever = true";
    let judge = Judge::new(Limits::default(), vec![Policy::parse(rules).unwrap()]);
    let one = judge.evaluate(&conversation(REFUND));
    let hit = whole(&one, "policy/p/never");
    assert_eq!((hit.value, hit.passed), (Some(0.0), Some(false)));
    assert!(hit.explanation.unwrap().exact().starts_with("no refunds"));
    assert!(one.features.get(features::Feature::BrokenRules) > 0.5);
}

/// Any conversation of a few lines, with words that mean something among them.
fn lines() -> impl Strategy<Value = String> {
    let said = prop_oneof![
        Just("customer: cancel A-77120 please"),
        Just("customer: HUMAN!! ???"),
        Just("customer: ¿dónde está? 😡"),
        Just("agent: It has been cancelled."),
        Just("agent: What is your order number?"),
        Just("agent: Leider nicht möglich. 30 days"),
        Just("call: cancel_order {\"order_id\": \"A-77120\"} -> {\"ok\": true}"),
        Just("call: cancel_order {\"order_id\": [[1], {\"x\": null}]} -> Error: no"),
        Just("call: escalate_to_human {}"),
        Just("call: transfer_to_triage {} -> ok"),
        Just("call: search_policy {\"query\": \"x\"} -> 90 days\u{202e}"),
    ];
    prop::collection::vec(said, 1..14).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #[test]
    fn scores_stay_in_scale_and_come_out_the_same_twice(text in lines(), words in "\\PC{0,60}") {
        let mut one = conversation(&text);
        if let Some(StepContent::Message { text, .. }) = one.steps.first_mut().map(|step| &mut step.content) {
            *text = words.into();
        }
        let first = evaluate(&one);
        for score in first.scores.iter().filter(|score| score.evaluator.exact() != "CostDollars") {
            prop_assert!(score.value.is_none_or(|value| (0.0..=1.0).contains(&value)), "{} {:?}", score.evaluator.exact(), score.value);
        }
        prop_assert!(first.suspicion.p_fail.is_some_and(|p| p > 0.0 && p < 1.0));
        prop_assert!(first.suspicion.reasons.len() <= 2);
        prop_assert_eq!(&first, &evaluate(&one));
        let mut steps: Vec<u32> = first.suspects.iter().map(|suspect| suspect.step).collect();
        steps.sort_unstable();
        steps.dedup();
        prop_assert_eq!(steps.len(), first.suspects.len());
    }
}

#[test]
fn a_hand_over_nothing_called_for_is_unneeded() {
    let unneeded = "customer: What are your hours?\nagent: Nine to five.\ncustomer: Good.\ncall: escalate_to_human {}";
    assert_eq!(steps(&conversation(unneeded), "CustomerAgentHumanEscalation"), [4]);
    for called_for in [
        unneeded.replace("Good.", "Can I talk to a person?"),
        unneeded.replace("Nine to five.", "Unfortunately I can't tell."),
        unneeded.replace("{}", "{\"reason\": \"the policy asks for it\"}"),
        unneeded.replace("call: esc", "call: get_hours {} -> Error: no\ncall: esc"),
    ] {
        assert!(
            !evaluate(&conversation(&called_for)).scores.iter().any(|score| {
                score.explanation.as_ref().is_some_and(|why| why.exact().contains("nobody had asked"))
            })
        );
    }
}

/// A crew's log: each line is an agent's name and what it said.
fn crew(lines: &[(&str, &str)]) -> Conversation {
    let mut log = conversation("agent: x");
    let step = log.steps[0].clone();
    log.steps = (1..)
        .zip(lines)
        .map(|(number, (agent, said))| {
            let content = StepContent::Message { role: Role::Assistant, text: (*said).into(), reasoning: None };
            Step { number, message: number, content, agent: Some((*agent).into()), ..step.clone() }
        })
        .collect();
    log
}

#[test]
fn of_a_crew_the_turn_that_invents_is_suspected_and_who_runs_code_never_is() {
    let task = ("Planner", "How many clients does the list hold? Plan: read the list, then count the clients.");
    let end = [("Checker", "All steps were done as planned, so this is the answer."), ("Checker", "TERMINATE")];
    let plan = ("Planner", "Let the reader of the list begin with the first step, please.");
    let first = |middle: &[(&str, &str)]| {
        let suspects = evaluate(&crew(&[&[task, plan][..], middle, &end].concat())).suspects;
        assert!(suspects.iter().all(|suspect| suspect.step as usize != middle.len() + 4), "a closing word");
        suspects[0].clone()
    };
    let told = ("ComputerHistory_Expert", "The list holds 250 clients in all, as everybody knows.");
    let found = first(&[told]);
    assert_eq!((found.step, found.why.as_str()), (3, "states numbers before anything was looked up or computed"));
    let code = ("Coder", "Here is the script:\n```python\nprint(count(read()))\n```");
    let printed = ("Computer_terminal", "exitcode: 0\nCode output: 250 412 77 1031 error");
    let read_off = ("Coder", "The list holds 250 clients in all, as was printed.");
    assert_eq!(first(&[code, printed, read_off]).step, 3);
    let mock = ("Coder", "Since the list is missing, we go on with mock entries for the clients.");
    let found = first(&[plan, mock]);
    assert_eq!((found.step, found.why.as_str()), (4, "works with assumed or made-up data"));
    let late: Vec<u32> =
        evaluate(&crew(&[&[task, code, printed][..], &end].concat())).suspects.iter().map(|one| one.step).collect();
    assert!(!late.contains(&3), "{late:?}");
}

#[test]
fn a_crew_set_on_an_error_message_went_wrong_at_its_first_step() {
    let lines = |task| {
        [
            ("Planner", task),
            ("Coder", "I assume that a file is missing, so we make one."),
            ("Coder", "Done as planned."),
        ]
    };
    let pasted = "Task: exitcode: 1 (execution failed)\nunknown language. Plan: find the cause of it.";
    let first = evaluate(&crew(&lines(pasted))).suspects.remove(0);
    assert_eq!((first.step, first.why.contains("failed run")), (1, true), "{first:?}");
    let quoted = "Find out why this script prints nothing:\n```\nprint('error: none')\n```\nPlan: read it.";
    assert_eq!(evaluate(&crew(&lines(quoted))).suspects[0].step, 2);
}

#[test]
fn a_customer_who_leaves_to_see_to_it_elsewhere_is_left_with_an_open_matter() {
    let ended = |words: &str| {
        let text = REFUND.replace("No, thank you!", words);
        whole(&evaluate(&conversation(&text)), "ConversationResolution").value
    };
    assert_eq!(ended("Never mind the rest, thanks, I'll do it myself."), Some(0.25));
    assert_eq!(ended("Lassen Sie den Rest, das mache ich selbst. Danke."), Some(0.25));
    assert_eq!(ended("Good, so I don't have to do it myself. Thanks!"), Some(1.0));
}

#[test]
fn features_are_called_by_their_own_names() {
    assert!(features::Feature::all().enumerate().all(|(at, feature)| feature as usize == at));
}
