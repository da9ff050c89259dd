//! `aftercall show` and `aftercall events`: one conversation to read or as data, and the log.
//!
//! Invariant: text of the transcript always stands behind a gutter, so that it cannot pose as ours; what others said and
//! what came of it is not in the transcript to read until the asking reviewer has judged.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::args::{EventsArguments, ShowArguments};
use super::context::{Context, now, resolve};
use super::failure::{Code, Failure};
use super::import::count;
use super::list::when;
use super::output::Data;
use crate::model::conversation::Conversation;
use crate::model::correction::{Correction, CorrectionKind};
use crate::model::event::Event;
use crate::model::label::{Label, Verdict};
use crate::model::score::{Score, ScoreTarget};
use crate::model::step::{Role, Step, StepContent};
use crate::model::tool::Arguments;
use crate::ops::door::Door;
use crate::ops::evaluate;
use crate::ops::show::show as shown;
use crate::ops::workspace::Workspace;
use crate::ops::{queue, review};
use crate::text::Untrusted;

const GUTTER: &str = "  │ ";

/// Lines of a system message that are shown.
const SYSTEM_LINES: usize = 8;

/// Carries `show` out.
pub fn show(context: &Context, arguments: &ShowArguments) -> Result<Code, Failure> {
    let (mut workspace, door) = context.open_door(arguments.unmasked.then_some("show"))?;
    let id = resolve(&workspace, &arguments.conversation)?;
    let blind = match &arguments.queue {
        Some(queue) => queue::asked(&mut workspace, queue, &id, now())?.is_some_and(|place| place.blind),
        None => false,
    };
    let mut data = Data::open();
    if arguments.json {
        let shown = shown(&workspace, &id, &door)?;
        data.json(&if blind { shown.blind() } else { shown })?;
    } else {
        let mut read = queue::read(workspace.store(), &id, workspace.reviewer())?;
        if blind {
            read.conversation.scores.clear();
            read.suspects.clear();
            (read.summary.p_fail, read.summary.reasons) = (None, Vec::new());
        }
        let door = door.knowing(&read.conversation);
        let labels: Vec<Label> = review::labels(&workspace, &id)?.iter().map(|label| door.label(label)).collect();
        let conversation = door.conversation(&read.conversation);
        let mut transcript = Transcript { data: &mut data, conversation: &conversation };
        transcript.print()?;
        transcript.suspicion(&read, &door)?;
        transcript.said(&workspace, &labels)?;
    }
    data.finish()?;
    if blind {
        context.talk.say("scores are hidden until your verdict");
    }
    Ok(Code::Done)
}

/// A conversation on its way to be read.
struct Transcript<'a> {
    data: &'a mut Data,
    conversation: &'a Conversation,
}

impl Transcript<'_> {
    /// The beginning of a system message: a policy of pages would push the conversation off the screen.
    fn system(&mut self, text: &str) -> Result<(), Failure> {
        let lines = text.lines().count();
        self.data.put("\nsystem")?;
        if lines <= SYSTEM_LINES {
            return self.data.block(GUTTER, text);
        }
        let beginning: Vec<&str> = text.lines().take(SYSTEM_LINES).collect();
        self.data.block(GUTTER, &beginning.join("\n"))?;
        self.data.put(&format!("    … {} lines more (--json has all of it)", lines - SYSTEM_LINES))
    }

    fn print(&mut self) -> Result<(), Failure> {
        self.head()?;
        for text in &self.conversation.system {
            self.system(text.exact())?;
        }
        let mut by_step: BTreeMap<u32, Vec<&Score>> = BTreeMap::new();
        let mut others: Vec<&Score> = Vec::new();
        let quiet = |score: &&Score| score.source == evaluate::SOURCE && score.passed != Some(false);
        for score in self.conversation.scores.iter().filter(|score| !quiet(score)) {
            match self.step_of(score) {
                Some(step) => by_step.entry(step).or_default().push(score),
                None => others.push(score),
            }
        }
        for step in &self.conversation.steps {
            self.step(step)?;
            for score in by_step.get(&step.number).into_iter().flatten() {
                self.score("      ", score)?;
            }
        }
        if !others.is_empty() {
            self.data.put("\nscores of the whole")?;
            for score in others {
                self.score("  ", score)?;
            }
        }
        let quiet = self.conversation.scores.iter().filter(quiet).count() as u64;
        if quiet > 0 {
            let scores = count(quiet, "built-in score");
            self.data.put(&format!("  {scores} more without an objection (--json has all)"))?;
        }
        Ok(())
    }

    /// How likely it failed, and the steps to look at first.
    fn suspicion(&mut self, read: &queue::Read, door: &Door) -> Result<(), Failure> {
        if let Some(p_fail) = read.summary.p_fail {
            let reasons: Vec<String> = read.summary.reasons.iter().map(|reason| door.text(reason)).collect();
            self.data.put("")?;
            self.data.line(&format!("P(fail) {p_fail:.2}: {}", reasons.join("; ")))?;
        }
        for suspect in &read.suspects {
            let why = suspect.why.as_ref().map_or_else(String::new, |why| format!(": {}", door.text(why.exact())));
            self.data.line(&format!("  suspicious step {}{why}", suspect.at.step))?;
        }
        Ok(())
    }

    fn head(&mut self) -> Result<(), Failure> {
        let one = self.conversation;
        let counts = one.counts();
        self.data.line(&format!("{}  {} in {}", one.id, one.external_id.exact(), one.source.exact()))?;
        let segments = [
            &one.segments.intent,
            &one.segments.channel,
            &one.segments.language,
            &one.segments.tier,
            &one.segments.agent_version,
        ];
        let segments: Vec<&str> = segments.into_iter().flatten().map(Untrusted::exact).collect();
        let (started, _) = one.period();
        self.data.line(&format!(
            "{}  {}  {}, {} ({} failed), {}",
            when(started),
            segments.join(" · "),
            count(counts.steps.into(), "step"),
            count(counts.tool_calls.into(), "call"),
            counts.failed_steps,
            count(counts.spans.into(), "span"),
        ))
    }

    /// The step that a score of a span belongs to.
    fn step_of(&self, score: &Score) -> Option<u32> {
        let ScoreTarget::Span(span) = &score.target else { return None };
        let steps = &self.conversation.steps;
        // A span that holds a whole exchange is no news about what the customer said in it.
        let of = |step: &&Step| {
            step.role() != Role::User && (step.span.as_ref() == Some(span) || step.decision.as_ref() == Some(span))
        };
        steps.iter().rev().find(of).map(|step| step.number)
    }

    fn step(&mut self, step: &Step) -> Result<(), Failure> {
        let indent = "  ".repeat(usize::from(step.depth));
        let agent = step.agent.as_ref().map_or_else(String::new, |agent| format!(" {}", agent.exact()));
        let number = step.number;
        let gutter = format!("{indent}{GUTTER}");
        match &step.content {
            StepContent::Message { role, text, reasoning } => {
                self.data.put("")?;
                self.data.line(&format!("{indent}{number} {}{agent}", role.word()))?;
                if let Some(reasoning) = reasoning {
                    self.data.put(&format!("{indent}  (reasoning)"))?;
                    self.data.block(&gutter, reasoning.exact())?;
                    self.data.put(&format!("{indent}  (said)"))?;
                }
                self.data.block(&gutter, text.exact())
            }
            StepContent::ToolCall { tool, arguments, result, .. } => {
                self.data.put("")?;
                self.data.line(&format!("{indent}{number} call{agent} -> {}", tool.exact()))?;
                self.data.block(&gutter, arguments.0.exact())?;
                match result {
                    Some(result) => {
                        let word = if result.failed { "FAILED" } else { "result" };
                        self.data.put(&format!("{indent}  {word}"))?;
                        self.data.block(&gutter, result.text.exact())
                    }
                    None => self.data.put(&format!("{indent}  (no result was recorded)")),
                }
            }
        }
    }

    fn score(&mut self, lead: &str, score: &Score) -> Result<(), Failure> {
        let value = score.value.map_or_else(|| "-".to_owned(), |value| format!("{value}"));
        let mut line = format!("{lead}* {} {value}", score.evaluator.exact());
        for part in [&score.label, &score.explanation].into_iter().flatten() {
            line.push_str(": ");
            line.push_str(part.exact());
        }
        self.data.line(&line)
    }

    fn said(&mut self, workspace: &Workspace, labels: &[Label]) -> Result<(), Failure> {
        let own = |label: &&Label| label.reviewer == workspace.reviewer();
        let judged = labels.iter().filter(own).any(|label| label.verdict.is_some());
        let codebook = review::codebook(workspace)?;
        for label in labels.iter().filter(|label| judged || own(label)) {
            self.data.put("")?;
            let verdict = label.verdict.map_or("draft", Verdict::word).to_uppercase();
            let mut parts = vec![format!("{} says {verdict}", label.reviewer)];
            parts.extend(label.modes.iter().map(|mode| codebook.name_of(mode).to_owned()));
            match &label.first_failure {
                Some(at) => parts.push(format!("first at step {}", at.step)),
                None if label.verdict == Some(Verdict::Fail) => parts.push("at no single step".to_owned()),
                None => {}
            }
            parts.extend(label.severity.map(|severity| format!("severity {severity}")));
            parts.extend(label.owner.map(|owner| format!("owner {}", owner.word())));
            self.data.line(&parts.join(" · "))?;
            for placed in &label.corrections {
                self.data.line(&format!(
                    "  step {} should have been: {}",
                    placed.at.step,
                    words(&placed.correction)
                ))?;
            }
            for note in &label.notes {
                self.data.block("  note: ", &note.text)?;
            }
        }
        let hidden = labels.len() - labels.iter().filter(|label| judged || own(label)).count();
        if hidden > 0 {
            self.data.put(&format!("\n{hidden} other label(s): shown once you have judged"))?;
        }
        if judged && !self.conversation.outcomes.is_empty() {
            let outcomes = serde_json::to_string(&self.conversation.outcomes)?;
            self.data.line(&format!("what came of it: {outcomes}"))?;
        }
        Ok(())
    }
}

/// A correction in one line.
fn words(correction: &Correction) -> String {
    let text = correction.text.as_deref().map_or_else(String::new, |text| format!(", saying \"{text}\""));
    let call = |tool: &str, arguments: Option<&Arguments>| {
        format!("{tool} {}", arguments.map_or("{}", |arguments| arguments.0.exact()))
    };
    match correction.kind {
        CorrectionKind::Tool => {
            let mut calls = vec![call(correction.tool.as_deref().unwrap_or("?"), correction.arguments.as_ref())];
            calls.extend(correction.alternatives.iter().map(|other| call(&other.tool, Some(&other.arguments))));
            calls.join(" or ")
        }
        CorrectionKind::NoCall => format!("no call{text}"),
        CorrectionKind::AskCustomer => format!("a question first{text}"),
        CorrectionKind::HandOff => {
            let reason = correction.reason.as_deref().map_or_else(String::new, |reason| format!(" ({reason})"));
            format!("a handover{reason}{text}")
        }
        CorrectionKind::Reply => format!("an answer{text}"),
    }
}

/// Carries `events` out.
pub fn events(context: &Context, arguments: &EventsArguments) -> Result<Code, Failure> {
    let (workspace, door) = context.open_door(arguments.unmasked.then_some("events"))?;
    let about = match &arguments.conversation {
        Some(text) => Some(resolve(&workspace, text)?),
        None => None,
    };
    let log = workspace.store().log();
    let covered = workspace.store().covered(workspace.reviewer())?;
    let mut data = Data::open();
    let mut hidden = 0_u64;
    for event in log.all()? {
        let target = event.target.as_ref().map(|target| log.resolve(&target.conversation)).transpose()?;
        if about.is_some() && target != about {
            continue;
        }
        if !covered.shows(&event, workspace.reviewer(), target.as_ref()) {
            hidden += 1;
            continue;
        }
        if arguments.json {
            data.json(&masked(&event, &door)?)?;
        } else {
            data.line(&line(&event, &door)?)?;
        }
    }
    data.finish()?;
    if hidden > 0 {
        context
            .talk
            .say("what others said of conversations in blind review is left out until you have judged them too");
    }
    Ok(Code::Done)
}

/// An event as it leaves: only its body can hold text that somebody typed; ids and hashes stay.
fn masked(event: &Event, door: &Door) -> Result<serde_json::Value, Failure> {
    let mut value = serde_json::to_value(event)?;
    if let Some(body) = value.get_mut("body") {
        *body = door.value(body);
    }
    Ok(value)
}

fn line(event: &Event, door: &Door) -> Result<String, Failure> {
    let mut line = format!("{}  {}  {}", event.at, event.reviewer, event.body.kind());
    if let Some(target) = &event.target {
        let _ = write!(line, "  {}", target.conversation);
        if let Some(step) = target.step {
            let _ = write!(line, " step {step}");
        }
    }
    let value = masked(event, door)?;
    let body = value.get("body").filter(|body| body.as_object().is_none_or(|members| !members.is_empty()));
    if let Some(body) = body {
        let _ = write!(line, "  {body}");
    }
    Ok(line)
}
