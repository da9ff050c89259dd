//! A judge outside the program, asked about the runs whose cases no rule could check.
//!
//! Invariant: it is asked only where some of the case is said in words; what it does not answer stays not judged, and
//! what leaves has passed the masking door.

use std::collections::HashMap;
use std::ops::ControlFlow;

use serde_json::Value;

use super::super::door::Door;
use super::super::evaluate::EvaluateError;
use super::super::evaluate::command::{AskedCase, CommandOrder, CommandReport, Docket, Question, Settled, hear};
use super::super::show;
use super::super::workspace::Workspace;
use super::bench::{Bench, step_of};
use super::{By, Cabinet, Held, Runs, Trial};
use crate::dataset::regression::{Case, Outcome};
use crate::model::conversation::Conversation;
use crate::model::id::ConversationId;
use crate::store::StoreError;
use crate::text::door;

/// At most so much of what a judge says is told.
const TOLD: usize = 400;

/// Whom to ask.
#[derive(Clone, Copy)]
pub struct Asking<'a> {
    /// The command and its bounds; its filter is not used.
    pub order: CommandOrder<'a>,
    /// True once the caller wants to stop.
    pub stopped: &'a dyn Fn() -> bool,
}

/// The questions: a run beside a case.
struct Pairs<'a> {
    cabinet: &'a Cabinet,
    runs: &'a Runs,
    door: &'a Door,
    workspace: &'a Workspace,
    /// By the id the judge answers with: the case and the trial.
    places: HashMap<String, (usize, usize)>,
    trials: &'a [Vec<Trial>],
    settled: Vec<Settled>,
}

impl Docket for Pairs<'_> {
    fn question(&mut self, id: &str) -> Result<Option<(String, Conversation)>, EvaluateError> {
        let Some((case, trial)) = self.places.get(id) else { return Ok(None) };
        let key = ConversationId::from_stored(self.trials[*case][*trial].run.clone());
        let Some(run) = self.runs.exact(&key) else { return Ok(None) };
        let door = self.door.knowing(run);
        let shown = show::show(&self.runs.place, &key, &door)?;
        let question = Question::of(id, shown).beside(self.case(&self.cabinet.cases[*case], &door)?);
        let line = door::json(&question).map_err(StoreError::from)?;
        Ok(Some((line, run.clone())))
    }

    fn settle(&mut self, settled: Vec<Settled>) -> Result<u64, EvaluateError> {
        let kept = settled.len() as u64;
        self.settled.extend(settled);
        Ok(kept)
    }
}

impl Pairs<'_> {
    /// What reviewers wrote names the people of the judged conversation, and perhaps those of the run.
    fn case(&self, case: &Case, of_run: &Door) -> Result<AskedCase, StoreError> {
        let id = ConversationId::from_stored(case.conversation_id.clone());
        let judged = self.workspace.store().conversation(&id)?;
        let door = judged.map_or_else(|| self.door.clone(), |judged| self.door.knowing(&judged));
        let text = |text: &String| of_run.text(&door.text(text));
        let acceptable = case.kind().map(|(kind, said)| {
            let said = if said.is_empty() { true.into() } else { Value::String(text(&said)) };
            Value::Object([(kind, said)].into_iter().collect())
        });
        Ok(AskedCase {
            case_id: case.case_id.clone(),
            acceptable,
            must: case.must.iter().map(text).collect(),
            must_not: case.must_not.iter().map(text).collect(),
            reply: case.reply.as_ref().map(text),
            mode: case.mode.clone(),
        })
    }
}

/// Asks about every trial that could not be judged and whose case has words; `None` where there is none.
///
/// # Errors
/// The database of the runs. A judge that answers nothing is no error: all it was asked about stays not judged.
pub(super) fn ask(
    (cabinet, runs): (&Cabinet, &Runs),
    held: &mut Held,
    (bench, workspace, door): (&Bench, &Workspace, &Door),
    asking: &Asking<'_>,
) -> Result<Option<CommandReport>, EvaluateError> {
    let mut places = HashMap::new();
    let mut queue = std::collections::VecDeque::new();
    for (at, (case, trials)) in cabinet.cases.iter().zip(&held.trials).enumerate() {
        for (place, trial) in trials.iter().enumerate() {
            if case.has_words() && matches!(trial.outcome, Outcome::Unjudged { .. }) {
                let mut id = format!("{}/{}", trial.run, case.case_id);
                if places.contains_key(&id) {
                    id = format!("{id}/{at}");
                }
                places.insert(id.clone(), (at, place));
                queue.push_back(id);
            }
        }
    }
    if queue.is_empty() {
        return Ok(None);
    }
    let mut pairs = Pairs { cabinet, runs, door, workspace, places, trials: &held.trials, settled: Vec::new() };
    let mut tell = |_: &super::super::Progress| {
        if (asking.stopped)() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let (mut report, outcome) = hear(&mut pairs, &asking.order, queue, &mut tell);
    match outcome {
        Ok(()) => {}
        Err(EvaluateError::Judge { why, .. }) => report.useless = Some(why),
        Err(error) => return Err(error),
    }
    let Pairs { places, settled, .. } = pairs;
    for one in settled {
        let Some((case, trial)) = places.get(&one.id) else { continue };
        let key = ConversationId::from_stored(held.trials[*case][*trial].run.clone());
        let Some(run) = runs.exact(&key) else { continue };
        let intent = run.segments.intent.as_ref().map(crate::text::Untrusted::exact);
        let intent = intent.or(cabinet.cases[*case].intent.as_deref());
        decide(&mut held.trials[*case][*trial], (one, run), &|score| bench.passes(score, intent));
    }
    Ok(Some(report))
}

/// What an answer makes of a trial: one objection fails it; a verdict is needed to pass it.
fn decide(
    trial: &mut Trial,
    (said, run): (Settled, &Conversation),
    passes: &dyn Fn(&crate::model::score::Score) -> Option<bool>,
) {
    let verdicts: Vec<Option<bool>> = said.scores.iter().map(passes).collect();
    let against = said.scores.iter().zip(&verdicts).find(|(_, passed)| **passed == Some(false)).map(|(one, _)| one);
    let beginning = |text: &str| text.chars().take(TOLD).collect::<String>();
    if let Some(score) = against {
        trial.said = score.explanation.as_ref().map(|text| beginning(text.exact()));
        let why = format!("the judge objects: {}", beginning(score.evaluator.exact()));
        (trial.outcome, trial.by) = (Outcome::Fail { why, step: step_of(run, score) }, By::Judge);
    } else if let Some(failure) = said.failure {
        trial.said = Some(beginning(&failure));
        trial.outcome = Outcome::Unjudged { why: "the judge gave no whole answer".to_owned() };
    } else if verdicts.contains(&Some(true)) {
        (trial.outcome, trial.by) = (Outcome::Pass, By::Judge);
    } else {
        let why = "the judge gave no verdict: it says neither passed nor a value that limits.toml has a limit for";
        trial.outcome = Outcome::Unjudged { why: why.to_owned() };
    }
}
