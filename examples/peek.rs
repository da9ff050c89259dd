//! Prints what evaluators object to, for reading.
#[path = "../tests/labelled/runs.rs"]
mod runs;
use aftercall::evaluate::facts::Facts;
use aftercall::evaluate::{Judge, Limits};
use aftercall::model::score::ScoreTarget;
fn main() {
    let shared = runs::shared().unwrap();
    let which = std::env::args().nth(1).unwrap();
    for (file, domain) in [("gpt-4o-airline.json", "airline"), ("retail-assertions-agent.json", "retail")] {
        for run in runs::tau(&shared, file, domain) {
            let facts = Facts::of(&run.conversation);
            if which == "agreed" {
                for call in facts.writes().filter(|c| !c.failed && !facts.agreed(c)) {
                    println!(
                        "{domain} {} {} {} | {}",
                        run.group,
                        run.failed,
                        call.tool,
                        facts.customer_before(call.row).map_or("", |r| r.text).replace('\n', " ")
                    );
                }
                continue;
            }
            let one = Judge::new(Limits::default(), vec![]).evaluate(&run.conversation);
            for s in one.scores.iter().filter(|s| s.evaluator.exact() == which && s.target != ScoreTarget::Conversation)
            {
                let row =
                    facts.rows.iter().find(|r| r.step.span.as_ref().is_some_and(|x| s.evidence.contains(x))).unwrap();
                println!(
                    "{domain} {} {} step {} {} || {}",
                    run.group,
                    run.failed,
                    row.step.number,
                    s.explanation.as_ref().unwrap().exact(),
                    row.text.replace('\n', " ").chars().take(330).collect::<String>()
                );
            }
        }
    }
}
