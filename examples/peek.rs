//! Prints what evaluators object to, for reading.
#[path = "../tests/labelled/fixtures.rs"]
mod fixtures;
#[path = "../tests/labelled/runs.rs"]
mod runs;
use aftercall::evaluate::{Judge, Limits};
use aftercall::model::score::ScoreTarget;
use aftercall::model::step::StepContent;
fn main() {
    let folder = runs::shared().unwrap().join("fixtures/otlp");
    let scenarios = fixtures::scenarios(&folder);
    let file = std::env::args().nth(1).unwrap();
    let verbose = std::env::args().nth(2).is_some();
    let names = fixtures::FILES.iter().find(|f| f[0].starts_with(&file)).unwrap();
    let mut all = fixtures::conversations(&folder, names);
    all.sort_by_key(|c| scenarios.get(c.external_id.exact()).map(|s| s.0.clone()));
    let mut done = String::new();
    for c in all {
        let (story, words) = scenarios.get(c.external_id.exact()).cloned().unwrap_or_default();
        if story == done {
            continue;
        }
        done = story.clone();
        println!("\n=== {story} {words}  tools {}", c.tools.len());
        let one = Judge::new(Limits::default(), vec![]).evaluate(&c);
        if verbose {
            for s in &c.steps {
                let t = match &s.content {
                    StepContent::Message { role, text, .. } => {
                        format!("{} {}", role.word(), text.exact().replace('\n', " "))
                    }
                    StepContent::ToolCall { tool, arguments, result, .. } => format!(
                        "CALL {} {} -> {:?} {}",
                        tool.exact(),
                        arguments.0.exact(),
                        result.as_ref().map(|r| r.failed),
                        result.as_ref().map_or("", |r| r.text.exact())
                    ),
                };
                println!(
                    "  {}{} [{}] {}",
                    "  ".repeat(s.depth as usize),
                    s.number,
                    s.agent.as_ref().map_or("", |a| a.exact()),
                    t.chars().take(200).collect::<String>()
                );
            }
        }
        println!(
            "  p {:.2} {}",
            one.suspicion.p_fail.unwrap_or(-1.0),
            one.suspicion.reasons.iter().map(|r| r.to_string()).collect::<Vec<_>>().join("; ")
        );
        println!(
            "  suspects {}",
            one.suspects
                .iter()
                .take(3)
                .map(|s| format!("{} ({:.1} {})", s.step, s.weight, s.why))
                .collect::<Vec<_>>()
                .join(" | ")
        );
        for s in one.scores.iter().filter(|s| s.target != ScoreTarget::Conversation) {
            let n: Vec<u32> = c
                .steps
                .iter()
                .filter(|x| x.span.as_ref().is_some_and(|y| Some(y) == s.evidence.first()))
                .map(|x| x.number)
                .collect();
            println!("  ! {} @{:?} {}", s.evaluator.exact(), n, s.explanation.as_ref().unwrap().exact());
        }
        for s in one.scores.iter().filter(|s| s.target == ScoreTarget::Conversation && s.passed == Some(false)) {
            println!("  FAIL {} {:?} {}", s.evaluator.exact(), s.value, s.explanation.as_ref().unwrap().exact());
        }
    }
}
