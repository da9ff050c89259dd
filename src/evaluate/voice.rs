//! Evaluators of spoken conversations: interruptions, silence, and acting on what was barely understood.
//!
//! Invariant: they look at recorded speech facts only; a text conversation makes each of them abstain.

use super::{Case, Flag, Outcome};

/// Turns that cut the other side off.
pub(super) fn interruptions(case: &Case<'_>) -> Outcome {
    let spoken: Vec<(usize, bool)> = speech(case).filter_map(|(at, speech)| Some((at, speech.interrupted?))).collect();
    let flags = spoken.iter().filter(|(_, cut)| *cut).map(|(at, _)| Flag::at(*at, "cut the other side off")).collect();
    Outcome::share(spoken.len(), "spoken turns", flags)
}

/// Answers that began after a long silence.
pub(super) fn silence(case: &Case<'_>) -> Outcome {
    let timed: Vec<(usize, f64)> = speech(case).filter_map(|(at, speech)| Some((at, speech.first_audio_ms?))).collect();
    let flags = timed
        .iter()
        .filter(|(_, ms)| *ms > case.limits.silence_ms)
        .map(|(at, ms)| {
            Flag::at(*at, format!("{:.1} s of silence; the limit is {:.1} s", ms / 1e3, case.limits.silence_ms / 1e3))
        })
        .collect();
    Outcome::share(timed.len(), "spoken answers", flags)
}

/// Changes made on words the speech recogniser was not sure of.
pub(super) fn recognition(case: &Case<'_>) -> Outcome {
    let facts = case.facts;
    let heard: Vec<(usize, f64)> = speech(case)
        .filter(|(at, _)| facts.customer.contains(at))
        .filter_map(|(at, speech)| Some((at, speech.asr_confidence?)))
        .collect();
    let mut flags = Vec::new();
    for (at, confidence) in heard.iter().filter(|(_, confidence)| *confidence < case.limits.asr_confidence) {
        let turn = facts.rows[*at].turn;
        if let Some(call) = facts.writes().find(|call| facts.rows[call.row].turn == turn) {
            flags
                .push(Flag::at(call.row, format!("{} on words recognised with confidence {confidence:.2}", call.tool)));
        }
    }
    Outcome::share(heard.len(), "recognised customer turns", flags)
}

fn speech<'a>(case: &'a Case<'_>) -> impl Iterator<Item = (usize, &'a crate::model::step::Speech)> {
    case.facts.rows.iter().enumerate().filter_map(|(at, row)| Some((at, row.step.speech.as_ref()?)))
}
