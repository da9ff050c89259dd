//! Tests of policies: reading, errors with lines, examples, hits.

use super::*;

const PACK: &str = include_str!("../../../assets/policies/customer-service.toml");

fn conversation(text: &str) -> Conversation {
    read::example(text).unwrap()
}

fn rule(body: &str) -> Result<Policy, PolicyError> {
    Policy::parse(&format!("name = \"t\"\n\n[[rule]]\nid = \"r\"\nmessage = \"m\"\nseverity = 2\n{body}"))
}

#[test]
fn the_ready_pack_reads_and_its_examples_come_out_as_they_say() {
    let pack = Policy::parse(PACK).unwrap();
    assert_eq!(pack.test().unwrap(), []);
    for rule in &pack.rules {
        assert!(!rule.must_hit.is_empty() && !rule.must_not_hit.is_empty(), "{} has no examples", rule.id);
    }
}

#[test]
fn errors_name_line_and_reason() {
    let error = rule("[rule.call]\ntool = [\"x\"]\nneeds = [\"confirmation\"]\nabov = 3").unwrap_err().to_string();
    assert!(error.starts_with("line 10, ") && error.contains("abov"), "{error}");
    let error = rule("[rule.call]\ntool = [\"x\"]").unwrap_err().to_string();
    assert_eq!(error, "line 4: rule \"r\": call has exactly one of needs, never = true and at_most");
    let error = rule("[rule.agent]\nsays = [\"<robot>\"]").unwrap_err().to_string();
    assert!(error.contains("<robot> is no cue; the cues are <asks-person>"), "{error}");
    assert!(Policy::parse("name = \"t\"").unwrap_err().to_string().contains("no [[rule]]"));
    assert!(rule("severity = 9").is_err());
}

#[test]
fn an_example_that_does_not_come_out_is_named() {
    let policy = rule("must_hit = [\"agent: hello\"]\nmust_not_hit = [\"call: ship_item {}\"]\n[rule.call]\ntool = [\"ship*\"]\nnever = true").unwrap();
    assert_eq!(
        policy.test().unwrap(),
        [
            BrokenExample { rule: "r".into(), number: 1, must_hit: true },
            BrokenExample { rule: "r".into(), number: 1, must_hit: false }
        ]
    );
    let policy = rule("must_hit = [\"boss: hello\"]\n[rule.call]\ntool = [\"ship*\"]\nnever = true").unwrap();
    assert!(policy.test().unwrap_err().to_string().contains("\"boss:\" is none of"));
}

#[test]
fn amounts_need_approval_and_hits_carry_rule_version_and_span() {
    let policy = rule("[rule.call]\ntool = [\"process_refund\"]\nargument = \"amount\"\nabove = 200\nneeds = [{ tool = \"get_approval\" }]").unwrap();
    let hit = policy.check(&conversation("customer: refund A-1\ncall: process_refund {\"amount\": 201} -> ok"));
    assert_eq!((hit.len(), hit[0].step, hit[0].rule.as_str(), hit[0].spans.len()), (1, 2, "r", 1));
    assert_eq!(hit[0].version, policy.version);
    assert!(policy.check(&conversation("call: process_refund {\"amount\": 200}")).is_empty());
    assert!(
        policy.check(&conversation("call: get_approval {} -> ok\ncall: process_refund {\"amount\": 900}")).is_empty()
    );
    assert!(
        !policy
            .check(&conversation("call: get_approval {} -> Error: no\ncall: process_refund {\"amount\": 900}"))
            .is_empty()
    );
}

#[test]
fn scope_keeps_a_rule_to_its_conversations() {
    let policy = rule("[rule.scope]\nintent = [\"refund\"]\n[rule.call]\ntool = [\"x\"]\nnever = true").unwrap();
    let mut one = conversation("call: x {}");
    assert!(policy.check(&one).is_empty());
    one.segments.intent = Some("Refund".into());
    assert_eq!(policy.check(&one).len(), 1);
}

#[test]
fn patterns() {
    for (pattern, name, fits) in [
        ("a*", "abc", true),
        ("*c", "abc", true),
        ("a*c", "abc", true),
        ("abc", "abc", true),
        ("a", "abc", false),
        ("*b", "abc", false),
        ("*", "", true),
    ] {
        assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
    }
}

/// The keys that a table reads, as its own error lists them.
fn keys_of(table: &str) -> Vec<String> {
    let error = Policy::parse(table).unwrap_err().to_string();
    let listed = error.split_once("expected").map_or("", |(_, listed)| listed);
    let keys: Vec<String> = listed.split('`').skip(1).step_by(2).map(ToOwned::to_owned).collect();
    assert!(keys.len() > 1, "{error}");
    keys
}

#[test]
fn the_description_names_every_key_and_word_and_its_example_holds() {
    const TOLD: &str = include_str!("../../../assets/policies/README.md");
    let rule = "name = \"t\"\n[[rule]]\nid = \"r\"\nmessage = \"m\"\nseverity = 2\n";
    let mut words = keys_of("nothing = 1");
    for table in ["nothing = 1", "scope.nothing = 1", "call.nothing = 1", "agent.nothing = 1", "customer.nothing = 1"] {
        words.extend(keys_of(&format!("{rule}{table}")));
    }
    for value in ["call.needs = [\"nothing\"]", "call.effect = \"nothing\"", "customer.then = \"nothing\""] {
        words.extend(keys_of(&format!("{rule}{value}")));
    }
    let error = Policy::parse(&format!("{rule}agent.says = [\"<nothing>\"]")).unwrap_err().to_string();
    let cues = error.split_once("the cues are ").unwrap().1;
    words.extend(cues.split(", ").map(ToOwned::to_owned));
    assert!(words.len() > 35, "{words:?}");
    for word in words.iter().filter(|word| *word != "rule") {
        let is_word =
            |at: usize| !TOLD[at + word.len()..].starts_with(|next: char| next.is_alphanumeric() || next == '_');
        assert!(TOLD.match_indices(word.as_str()).any(|(at, _)| is_word(at)), "{word} is described nowhere");
    }
    let example: String = TOLD
        .lines()
        .skip_while(|line| !line.starts_with("    name"))
        .take_while(|line| line.is_empty() || line.starts_with("    "))
        .fold(String::new(), |text, line| text + line.trim() + "\n");
    let policy = Policy::parse(&example).unwrap();
    assert_eq!((policy.rules.len(), policy.test().unwrap()), (1, vec![]));
}
