//! The numbers a suspicion rests on: counts and shares of one conversation, cheap to keep and to weigh again.
//!
//! Invariant: the list only grows at its end, so that stored features stay readable; every number is finite.

use serde::Serialize;

use super::facts::Aim;
use super::language::Cue;
use super::registry::{self, Place};
use super::resolution::{Mood, mood};
use super::{Case, handoff, loops, reference, resolution, tools};

/// One number, by its place in [`Features`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Feature {
    /// Messages and calls.
    Steps,
    /// Customer messages.
    Turns,
    /// Changes that succeeded.
    DoneWrites,
    /// 1 where nothing was changed.
    NoWrite,
    /// Most changes on one object.
    WritesOnOne,
    /// Failed calls.
    ToolErrors,
    /// 1 where it was handed to a person.
    HandedOver,
    /// Share of agent messages that refuse.
    RefusalShare,
    /// Share of changes the customer had not said yes to.
    UnconfirmedShare,
    /// Values in changes that nobody had named.
    Ungrounded,
    /// Share of customer messages that sound annoyed.
    AnnoyedShare,
    /// Words per agent message.
    AgentWords,
    /// Words in all messages.
    Words,
    /// 1 for a clean end.
    CleanEnd,
    /// Claims of something done.
    Claims,
    /// Calls asked again unchanged.
    RepeatedCalls,
    /// Customer messages that say the same again.
    Rephrased,
    /// Questions, answers, hand-overs that come again.
    Loops,
    /// Claims without a call behind them.
    FalseClaims,
    /// Irreversible steps neither asked for nor agreed to.
    Unconfirmed,
    /// References that occur nowhere.
    Invented,
    /// Calls malformed or not on offer.
    Malformed,
    /// Calls another tool on offer fits better.
    WrongTool,
    /// Requests for a person that were not met.
    Ignored,
    /// 1 where the customer left on an open question.
    Abandoned,
    /// Policy rules broken.
    BrokenRules,
    /// Faults within a crew: passed failures, failing verdicts, ignored plans, wrong routes.
    CrewFaults,
    /// Contradicted figures, truncated replies, fallbacks, other customers' records.
    OtherFaults,
    /// 1 where expected calls are known.
    HasReference,
    /// 1 minus the match with them.
    Mismatch,
    /// Conditions in the customer's requests.
    Conditions,
}

/// All of them, in order, with what they are called in a reason.
static CALLED: [(Feature, &str); FEATURES] = [
    (Feature::Steps, "messages and calls"),
    (Feature::Turns, "customer messages"),
    (Feature::DoneWrites, "changes made"),
    (Feature::NoWrite, "nothing changed"),
    (Feature::WritesOnOne, "changes to one record"),
    (Feature::ToolErrors, "failed calls"),
    (Feature::HandedOver, "handed over"),
    (Feature::RefusalShare, "share of refusals"),
    (Feature::UnconfirmedShare, "share of changes without a yes"),
    (Feature::Ungrounded, "values nobody had named"),
    (Feature::AnnoyedShare, "the customer sounds annoyed"),
    (Feature::AgentWords, "words per answer"),
    (Feature::Words, "words said"),
    (Feature::CleanEnd, "clean end"),
    (Feature::Claims, "things said to be done"),
    (Feature::RepeatedCalls, "calls repeated unchanged"),
    (Feature::Rephrased, "requests said again"),
    (Feature::Loops, "going round in circles"),
    (Feature::FalseClaims, "success claimed without a call behind it"),
    (Feature::Unconfirmed, "irreversible step nobody asked for"),
    (Feature::Invented, "references that occur nowhere"),
    (Feature::Malformed, "malformed or unknown call"),
    (Feature::WrongTool, "another tool fits the customer's words better"),
    (Feature::Ignored, "request for a person not met"),
    (Feature::Abandoned, "ends on an open question"),
    (Feature::BrokenRules, "policy rule broken"),
    (Feature::CrewFaults, "fault within the crew"),
    (Feature::OtherFaults, "contradiction, cut-off reply or fallback"),
    (Feature::HasReference, "expected calls are known"),
    (Feature::Mismatch, "difference from the expected changes"),
    (Feature::Conditions, "conditions in the request"),
];

impl Feature {
    /// All of them, in order.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        CALLED.iter().map(|(feature, _)| *feature)
    }

    /// What it is called in a reason.
    pub fn words(self) -> &'static str {
        CALLED[self as usize].1
    }
}

/// How many features there are.
pub const FEATURES: usize = Feature::Conditions as usize + 1;

/// The numbers of one conversation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Features([f64; FEATURES]);

impl Features {
    /// One number.
    pub fn get(&self, feature: Feature) -> f64 {
        self.0[feature as usize]
    }

    /// All numbers in order, for a learnt model.
    pub fn values(&self) -> &[f64; FEATURES] {
        &self.0
    }

    /// Features as they were stored; numbers that came later are missing there and count as 0.
    pub fn from_stored(text: &str) -> Option<Self> {
        let stored: Vec<f64> = serde_json::from_str(text).ok()?;
        let mut features = Self([0.0; FEATURES]);
        for (place, value) in features.0.iter_mut().zip(stored) {
            *place = value;
        }
        Some(features)
    }

    fn set(&mut self, feature: Feature, value: f64) {
        self.0[feature as usize] = if value.is_finite() { value } else { 0.0 };
    }

    /// The numbers of a conversation; rules broken come from its policies.
    pub(super) fn of(case: &Case<'_>, broken_rules: usize) -> Self {
        let mut features = Self([0.0; FEATURES]);
        features.volume(case);
        features.manner(case);
        features.faults(case);
        features.set(Feature::BrokenRules, broken_rules as f64);
        if let Some(diff) = reference::diff(case.facts) {
            features.set(Feature::HasReference, 1.0);
            features.set(Feature::Mismatch, 1.0 - diff.value());
        }
        features
    }

    fn volume(&mut self, case: &Case<'_>) {
        let facts = case.facts;
        let done: Vec<String> =
            facts.writes().filter(|call| !call.failed).map(|call| call.object().unwrap_or_default()).collect();
        let most = done.iter().map(|object| done.iter().filter(|other| *other == object).count()).max().unwrap_or(0);
        let words = |rows: &[usize]| rows.iter().map(|row| f64::from(facts.rows[*row].words)).sum::<f64>();
        let (agent, customer) = (words(&facts.agent), words(&facts.customer));
        self.set(Feature::Steps, facts.rows.len() as f64);
        self.set(Feature::Turns, facts.customer.len() as f64);
        self.set(Feature::DoneWrites, done.len() as f64);
        self.set(Feature::NoWrite, f64::from(u8::from(done.is_empty())));
        self.set(Feature::WritesOnOne, most as f64);
        self.set(Feature::ToolErrors, facts.calls.iter().filter(|call| call.failed).count() as f64);
        self.set(Feature::HandedOver, f64::from(u8::from(!handoff::handovers(facts).is_empty())));
        self.set(Feature::AgentWords, agent / facts.agent.len().max(1) as f64);
        self.set(Feature::Words, agent + customer);
        self.set(Feature::RepeatedCalls, loops::repeated_calls(facts).len() as f64);
    }

    fn manner(&mut self, case: &Case<'_>) {
        let facts = case.facts;
        let share = |count: usize, of: usize| if of == 0 { 0.0 } else { count as f64 / of as f64 };
        let refusing = facts.agent.iter().filter(|row| facts.rows[**row].cues.has(Cue::Refusal)).count();
        let annoyed = facts.customer.iter().filter(|row| mood(&facts.rows[**row]) == Mood::Annoyed).count();
        let writes: Vec<_> = facts.writes().filter(|call| !call.failed && call.aim == Aim::Work).collect();
        let unconfirmed = writes.iter().filter(|call| !facts.agreed(call)).count();
        let ungrounded: usize = writes.iter().map(|call| tools::ungrounded(facts, call).len()).sum();
        self.set(Feature::RefusalShare, share(refusing, facts.agent.len()));
        self.set(Feature::AnnoyedShare, share(annoyed, facts.customer.len()));
        self.set(Feature::UnconfirmedShare, share(unconfirmed, writes.len()));
        self.set(Feature::Ungrounded, ungrounded as f64);
        self.set(Feature::Claims, facts.agent.iter().map(|row| facts.rows[*row].claims.len()).sum::<usize>() as f64);
        let conditions: u32 = facts.customer.iter().map(|row| facts.rows[*row].cues.count(Cue::Condition)).sum();
        self.set(Feature::Conditions, f64::from(conditions));
        self.set(Feature::Rephrased, loops::rephrased(facts).len() as f64);
        self.set(Feature::CleanEnd, case.ask(registry::CLEAN_END).and_then(|end| end.value).unwrap_or(0.5));
        self.set(Feature::Abandoned, f64::from(u8::from(resolution::abandoned_at(facts).is_some())));
    }

    fn faults(&mut self, case: &Case<'_>) {
        let count = |judges: &[Place]| -> f64 {
            judges.iter().filter_map(|judge| case.ask(*judge)).map(|judgement| judgement.flags.len()).sum::<usize>()
                as f64
        };
        let facts = case.facts;
        self.set(Feature::Loops, count(&[registry::LOOPS]));
        self.set(Feature::FalseClaims, count(&[registry::CLAIMED]));
        self.set(Feature::Unconfirmed, count(&[registry::UNCONFIRMED]));
        self.set(Feature::Invented, count(&[registry::INVENTED]));
        self.set(
            Feature::Malformed,
            facts.calls.iter().filter(|call| tools::malformed(case, call).is_some()).count() as f64,
        );
        self.set(
            Feature::WrongTool,
            facts.calls.iter().filter(|call| tools::better_tool(facts, call).is_some()).count() as f64,
        );
        self.set(Feature::Ignored, count(&[registry::ESCALATION]));
        self.set(
            Feature::CrewFaults,
            count(&[registry::VERIFIER, registry::CREW_VERDICT, registry::IGNORED, registry::ROUTING]),
        );
        self.set(
            Feature::OtherFaults,
            count(&[registry::CONTRADICTIONS, registry::TRUNCATED, registry::FALLBACKS, registry::OTHER_CUSTOMER]),
        );
    }
}
