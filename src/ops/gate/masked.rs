//! A report on its way out: what a source, a person or a judge chose to say is masked.
//!
//! Invariant: ids, counts, states, and the paths of files stay, so that the runs of a report are found again.

use std::collections::HashMap;

use super::super::door::Door;
use super::Runs;
use super::report::{CaseReport, Report};
use crate::dataset::regression::Outcome;
use crate::model::id::ConversationId;

/// Doors by run: each knows the people of its run.
struct Doors<'a> {
    door: &'a Door,
    runs: &'a Runs,
    made: HashMap<String, Door>,
}

impl Doors<'_> {
    fn of(&mut self, run: &str) -> &Door {
        let Self { door, runs, made } = self;
        made.entry(run.to_owned()).or_insert_with(|| {
            let exact = runs.exact(&ConversationId::from_stored(run));
            exact.map_or_else(|| door.clone(), |exact| door.knowing(exact))
        })
    }
}

/// Lets a report on these runs through the door.
pub(super) fn mask(report: &mut Report, door: &Door, runs: &Runs) {
    if !door.masks() {
        return;
    }
    let mut doors = Doors { door, runs, made: HashMap::new() };
    for case in &mut report.cases {
        mask_case(case, &mut doors);
    }
    let plain = |text: &mut String| *text = door.text(text);
    if !report.runs.filter.is_empty() {
        for run in &runs.all {
            report.runs.filter = doors.of(run.id.as_str()).text(&report.runs.filter);
        }
    }
    report.reasons.iter_mut().for_each(plain);
    for reading in std::iter::once(&mut report.reading).chain(&mut report.reading_of_baseline) {
        reading.problems.iter_mut().for_each(|problem| plain(&mut problem.message));
    }
    for judge in [&mut report.judge, &mut report.judge_of_baseline].into_iter().flatten() {
        judge.problems.iter_mut().for_each(|problem| plain(&mut problem.message));
        judge.useless.iter_mut().for_each(plain);
    }
}

fn mask_case(case: &mut CaseReport, doors: &mut Doors<'_>) {
    for trial in &mut case.trials {
        let door = doors.of(&trial.run);
        if let Outcome::Fail { why, .. } | Outcome::Unjudged { why } = &mut trial.outcome {
            *why = door.text(why);
        }
        trial.said.iter_mut().for_each(|said| *said = door.text(said));
    }
    // What the case's own conversation says of itself is masked as its first run knows it.
    let first = case.trials.first().map_or("", |trial| trial.run.as_str());
    let door = doors.of(first);
    for text in [&mut case.task, &mut case.intent, &mut case.mode].into_iter().flatten() {
        *text = door.text(text);
    }
}
