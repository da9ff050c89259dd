//! `aftercall evaluate`, `evaluators` and `policy`: judging without people.
//!
//! Invariant: what is told of a conversation leaves by the masking door; a check that finds something exits with its own
//! code.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use serde::Serialize;

use super::args::judge::{EvaluateArguments, EvaluatorsArguments, PolicyArguments, PolicyCommand};
use super::context::{Context, now};
use super::failure::{Code, Failure};
use super::import::count;
use super::output::Data;
use super::progress::{Bar, Unit};
use crate::engine;
use crate::model::score::Direction;
use crate::model::title;
use crate::ops::evaluate::{self, EvaluateOrder, EvaluateReport, Tally};
use crate::ops::workspace::Workspace;
use crate::store::Access;

/// The ready-made policy.
const PACK: &str = include_str!("../../assets/policies/customer-service.toml");

/// Carries `evaluate` out.
pub fn evaluate(context: &Context, arguments: &EvaluateArguments) -> Result<Code, Failure> {
    if let Some(command) = &arguments.command {
        return super::ask::ask(context, command, arguments);
    }
    let mut workspace = context.open_to_write(Access::Write)?;
    if arguments.rescore {
        let start = Instant::now();
        let mut report = evaluate::rescore(&mut workspace)?;
        report.seconds = start.elapsed().as_secs_f64();
        if arguments.json {
            let mut data = Data::open();
            data.json(&report)?;
            data.finish()?;
        }
        let weighed = count(report.conversations, "conversation");
        context.talk.say(&format!(
            "{weighed} weighed again in {:.1} s by {}, {} changed",
            report.seconds,
            weights(report.labels),
            report.changed
        ));
        return Ok(Code::Done);
    }
    let order = EvaluateOrder {
        filter: arguments.filter.clone(),
        only: arguments.only.clone(),
        missing: arguments.missing,
        ..EvaluateOrder::default()
    };
    let report = run(context, &mut workspace, &order)?;
    let mut data = Data::open();
    if arguments.json {
        data.json(&report)?;
    } else {
        for line in table(&report.evaluators) {
            data.line(&line)?;
        }
    }
    data.finish()?;
    Ok(if report.overtaken > 0 { Code::Partly } else { Code::Done })
}

/// Has conversations judged, with a bar on a terminal, and says in a line what came of it.
///
/// # Errors
/// Those of [`evaluate::evaluate`].
pub(super) fn run(
    context: &Context,
    workspace: &mut Workspace,
    order: &EvaluateOrder,
) -> Result<EvaluateReport, Failure> {
    let bar = Bar::open(context.talk, Unit::Things);
    let start = Instant::now();
    let order = EvaluateOrder { beside: Some(engine::beside), ..order.clone() };
    let outcome = evaluate::evaluate(workspace, &order, now(), &mut |progress| bar.show(progress));
    drop(bar);
    let mut report = outcome?;
    report.seconds = start.elapsed().as_secs_f64();
    context.talk.say(&format!(
        "{} evaluated in {:.1} s, {} with objections; P(fail) by {}; `aftercall list` shows the most suspicious first",
        count(report.conversations, "conversation"),
        report.seconds,
        report.with_objections,
        weights(report.labels),
    ));
    Ok(report)
}

/// What P(fail) rests on, in words.
fn weights(labels: usize) -> String {
    if labels == 0 {
        format!("the fixed estimate (until {} verdicts)", evaluate::LABELS_ENOUGH)
    } else {
        format!("what {labels} verdicts taught")
    }
}

/// Evaluators that could tell anything, those that object most first.
pub(super) fn table(evaluators: &BTreeMap<String, Tally>) -> Vec<String> {
    let mut rows: Vec<_> = evaluators.iter().filter(|(_, tally)| tally.passed + tally.failed > 0).collect();
    rows.sort_by(|a, b| b.1.failed.cmp(&a.1.failed).then(a.0.cmp(b.0)));
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let mut lines = vec![format!("{:width$}  objects  passes  cannot tell", "evaluator")];
    lines.extend(rows.iter().map(|(name, tally)| {
        format!("{name:width$}  {:>7}  {:>6}  {:>11}", tally.failed, tally.passed, tally.abstained)
    }));
    lines
}

#[derive(Serialize)]
struct Listed {
    schema_version: u32,
    name: &'static str,
    version: u32,
    looks_at: &'static str,
    scale: &'static str,
    direction: Direction,
    needs: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    differs: Option<&'static str>,
}

/// Carries `evaluators` out.
pub fn evaluators(arguments: &EvaluatorsArguments) -> Result<Code, Failure> {
    let mut data = Data::open();
    for about in evaluate::built_in() {
        if arguments.json {
            data.json(&Listed {
                schema_version: 1,
                name: about.name,
                version: about.version,
                looks_at: about.looks_at,
                scale: about.scale,
                direction: about.direction,
                needs: about.needs,
                differs: about.differs,
            })?;
            continue;
        }
        let better = if about.direction == Direction::Higher { "higher is better" } else { "lower is better" };
        let called = title::fault(about.name).map_or_else(String::new, |fault| format!("  (\"{fault}\" in lists)"));
        data.put(&format!("{}{called}", about.name))?;
        data.put(&format!("    looks at {}", about.looks_at))?;
        data.put(&format!("    {}; {better}; needs {}", about.scale, about.needs))?;
        if let Some(differs) = about.differs {
            data.put(&format!("    unlike the evaluator of this name elsewhere: {differs}"))?;
        }
    }
    data.finish()?;
    Ok(Code::Done)
}

#[derive(Serialize)]
struct ToldHit {
    schema_version: u32,
    conversation: String,
    external_id: String,
    rule: String,
    version: String,
    severity: u8,
    step: u32,
    span_id: Option<String>,
    why: String,
}

/// Carries `policy` out.
pub fn policy(context: Option<&Context>, arguments: &PolicyArguments) -> Result<Code, Failure> {
    match (&arguments.command, context) {
        (PolicyCommand::Test { file }, _) => test(file),
        (PolicyCommand::Check { file, pool, json }, Some(context)) => check(context, file, &pool.filter, *json),
        (PolicyCommand::Pack | PolicyCommand::Check { .. }, _) => {
            let mut data = Data::open();
            data.put(PACK.trim_end())?;
            data.finish()?;
            Ok(Code::Done)
        }
    }
}

fn test(file: &Path) -> Result<Code, Failure> {
    let (policy, broken) = evaluate::test_policy(file)?;
    let mut data = Data::open();
    for example in &broken {
        let wrong = if example.must_hit { "must hit and does not" } else { "must not hit and does" };
        data.line(&format!("rule \"{}\", example {}: {wrong}", example.rule, example.number))?;
    }
    if broken.is_empty() {
        let examples: usize = policy.rules.iter().map(|rule| rule.must_hit.len() + rule.must_not_hit.len()).sum();
        let rules = count(policy.rules.len() as u64, "rule");
        data.line(&format!("{rules}, {}, all as they say", count(examples as u64, "example")))?;
    }
    data.finish()?;
    Ok(if broken.is_empty() { Code::Done } else { Code::Found })
}

fn check(context: &Context, file: &Path, filter: &str, json: bool) -> Result<Code, Failure> {
    let policy = evaluate::policy(file)?;
    let (workspace, door) = context.open_door(None)?;
    let mut data = Data::open();
    let (mut hits, mut failure) = (0_u64, None);
    evaluate::check_policy(&workspace, &policy, (filter, now()), &mut |conversation, hit| {
        hits += 1;
        let door = door.knowing(conversation);
        let told = ToldHit {
            schema_version: 1,
            conversation: conversation.id.as_str().to_owned(),
            external_id: door.text(conversation.external_id.exact()),
            rule: hit.rule.clone(),
            version: hit.version.clone(),
            severity: hit.severity,
            step: hit.step,
            span_id: hit.spans.first().map(|span| span.span_id.clone()),
            why: door.text(&hit.why),
        };
        let outcome = if json {
            data.json(&told)
        } else {
            data.line(&format!(
                "{}  step {:>3}  severity {}  {}: {}",
                told.conversation, told.step, told.severity, told.rule, told.why
            ))
        };
        failure = outcome.err();
        if failure.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    if let Some(failure) = failure {
        return Err(failure);
    }
    data.finish()?;
    context.talk.say(&format!("{} of {} (version {})", count(hits, "hit"), policy.name, policy.version));
    Ok(if hits == 0 { Code::Done } else { Code::Found })
}
