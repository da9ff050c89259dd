//! What to do next: which intents to automate, improve or hand to people, which mode costs most, and whether targets hold.
//!
//! Invariant: advice follows from the numbers beside it by a rule that is told; a target is missed or met only where its
//! interval says so.

use std::collections::{BTreeMap, HashSet};
use std::fs;

use serde::Serialize;

use super::super::door::Door;
use super::super::workspace::Workspace;
use super::pool::{Audit, Pool};
use super::service::{Figure, METRICS, MOST_VALUES, Service, Unit, values};
use super::{Listing, ReportError};
use crate::config::targets::{self, Bound, Target};
use crate::model::filter::{Field, Filter};
use crate::model::id::ConversationId;
use crate::model::queue::QueueOrder;
use crate::model::segments::Segment;
use crate::model::time::Timestamp;
use crate::stats::guard::{self, Guarded};
use crate::stats::quantile::{mean, quantile};
use crate::stats::rate::{LEAST_IN_SEGMENT, Rate};
use crate::store::{Asker, Contact, StoreError};

/// The file of targets within a workspace.
pub const TARGETS: &str = "targets.toml";

/// What to do about an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Advice {
    /// Frequent, simple, and not failing more often than all: automate more of it.
    AutomateNext,
    /// Frequent, but long or failing: put it right before more of it is automated.
    FixFirst,
    /// Rare and long, or failing: a person does it better.
    HandToPeople,
    /// Rare and simple.
    LeaveAsItIs,
    /// Fewer than ten conversations say nothing of an intent.
    TooFewToTell,
}

impl Advice {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::AutomateNext => "automate next",
            Self::FixFirst => "fix first",
            Self::HandToPeople => "hand to people",
            Self::LeaveAsItIs => "leave as it is",
            Self::TooFewToTell => "too few to tell",
        }
    }
}

/// One intent: volume against complexity.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IntentRow {
    /// Its name.
    pub intent: String,
    /// Conversations.
    pub conversations: u64,
    /// Of all with an intent.
    pub volume: f64,
    /// Median steps over the median steps of all.
    pub complexity: f64,
    /// The share that a person handled or took over; null where it is not recorded.
    pub with_people: Option<f64>,
    /// Its failure rate, from those drawn by lot.
    #[serde(serialize_with = "guard::serialize")]
    pub failure_rate: Guarded<Rate>,
    /// Mean P(fail) of the built-in evaluators: a guess, without an interval.
    pub model_estimate: Option<f64>,
    /// What to do.
    pub advice: Advice,
    /// A filter that lists them.
    pub filter: String,
}

/// The largest intents, each held against all there are.
pub(super) fn impact((service, audit): (&Service, &Audit), now: &[&Contact], listing: &Listing) -> Vec<IntentRow> {
    let intents = values(Segment::Intent, now);
    let all: Vec<&Contact> = intents.iter().flat_map(|(_, contacts)| contacts.iter().copied()).collect();
    let usual = median_steps(&all).max(1.0);
    let mut volumes: Vec<usize> = intents.iter().map(|(_, contacts)| contacts.len()).collect();
    volumes.sort_unstable();
    let middle = volumes.get(volumes.len() / 2).copied().unwrap_or(0);
    let overall = audit.failures_of(&all).ok().map(|rate| rate.rate);
    let row = |(intent, contacts): (&str, Vec<&Contact>)| {
        let complexity = median_steps(&contacts) / usual;
        let failure_rate = audit.failures_of(&contacts);
        // More than all, for sure: its interval lies above the rate of all.
        let worse = failure_rate.as_ref().is_ok_and(|rate| overall.is_some_and(|all| rate.interval.0 > all));
        let advice = match (contacts.len() >= middle, complexity > 1.0 || worse) {
            _ if (contacts.len() as u64) < super::SMALL => Advice::TooFewToTell,
            (true, false) => Advice::AutomateNext,
            (true, true) => Advice::FixFirst,
            (false, true) => Advice::HandToPeople,
            (false, false) => Advice::LeaveAsItIs,
        };
        let p: Vec<f64> = contacts.iter().filter_map(|one| service.get(one)?.p_fail).collect();
        IntentRow {
            intent: intent.to_owned(),
            conversations: contacts.len() as u64,
            volume: contacts.len() as f64 / all.len().max(1) as f64,
            complexity,
            with_people: with_people(service, &contacts),
            failure_rate,
            model_estimate: mean(&p).ok().map(|mean| mean.value),
            advice,
            filter: listing.with(&Filter::is(Field::Intent, "", intent).to_string()),
        }
    };
    intents.into_iter().take(MOST_VALUES).map(row).collect()
}

fn median_steps(contacts: &[&Contact]) -> f64 {
    let mut steps: Vec<f64> = contacts.iter().map(|contact| f64::from(contact.steps)).collect();
    steps.sort_by(f64::total_cmp);
    quantile(&steps, 0.5).map_or(0.0, |median| median.value)
}

fn with_people(service: &Service, contacts: &[&Contact]) -> Option<f64> {
    let told = |contact: &&Contact| {
        let person = contact.segments.handled_by.as_ref().map(|by| by.exact().to_ascii_lowercase().contains("human"));
        let escalated = service.get(contact).and_then(|one| one.escalated);
        person.into_iter().chain(escalated).reduce(|a, b| a || b)
    };
    let told: Vec<bool> = contacts.iter().filter_map(told).collect();
    (!told.is_empty()).then(|| told.iter().filter(|one| **one).count() as f64 / told.len() as f64)
}

/// What customers say of conversations with a failure mode.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SatisfactionRow {
    /// The mode's key; null for those that people passed.
    pub mode: Option<String>,
    /// Its name.
    pub name: String,
    /// Their grade.
    pub csat: Figure,
    /// Grades below those of the passed ones, times how many answered: what the mode costs.
    pub lost: Option<f64>,
}

/// Satisfaction by failure mode, the costliest first, after those that people passed.
pub(super) fn satisfaction(pool: &Pool, service: &Service, now: &[&Contact]) -> Vec<SatisfactionRow> {
    let (mut passed, mut by_mode): (Vec<f64>, BTreeMap<&str, Vec<f64>>) = (Vec::new(), BTreeMap::new());
    for contact in now {
        let (Some(settled), Some(csat)) =
            (pool.settled.get(&contact.id), service.get(contact).and_then(|one| one.csat))
        else {
            continue;
        };
        if settled.failed() {
            settled.modes().into_iter().for_each(|mode| by_mode.entry(mode).or_default().push(csat));
        } else if settled.verdict == crate::model::label::Verdict::Pass {
            passed.push(csat);
        }
    }
    if by_mode.is_empty() {
        return Vec::new();
    }
    let figure = |values: &[f64]| {
        let found = mean(values).ok();
        let interval = found.and_then(|mean| mean.interval);
        Figure { value: found.map(|mean| mean.value), interval, n: values.len() as u64 }
    };
    let base = figure(&passed);
    let mut rows: Vec<SatisfactionRow> = by_mode
        .into_iter()
        .map(|(mode, values)| {
            let csat = figure(&values);
            let lost = base.value.zip(csat.value).map(|(base, value)| (base - value) * csat.n as f64);
            let name = pool.codebook.name_of(mode).to_owned();
            SatisfactionRow { mode: Some(mode.to_owned()), name, csat, lost }
        })
        .collect();
    rows.sort_by(|a, b| b.lost.unwrap_or(0.0).total_cmp(&a.lost.unwrap_or(0.0)).then_with(|| a.mode.cmp(&b.mode)));
    rows.insert(0, SatisfactionRow { mode: None, name: "judged to have passed".into(), csat: base, lost: None });
    rows
}

/// Why conversations were handed to a person.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReasonRow {
    /// As recorded; null where none was.
    pub reason: Option<String>,
    /// Conversations.
    pub conversations: u64,
    /// Of all that were handed over.
    pub share: f64,
}

/// Hand-overs by recorded reason, most frequent first, those without one last.
/// Texts leave through the door that knows the people of a conversation with them.
pub(super) fn reasons(
    (workspace, door): (&Workspace, &Door),
    service: &Service,
    now: &[&Contact],
) -> Result<Vec<ReasonRow>, StoreError> {
    let mut counts: BTreeMap<Option<&str>, (u64, &ConversationId)> = BTreeMap::new();
    let handed = now.iter().filter_map(|contact| Some((service.get(contact)?, &contact.id)));
    for (one, id) in handed.filter(|(one, _)| one.escalated == Some(true)) {
        counts.entry(one.reason.as_deref()).or_insert((0, id)).0 += 1;
    }
    let all: u64 = counts.values().map(|(count, _)| count).sum();
    let mut rows = Vec::with_capacity(counts.len());
    for (reason, (conversations, id)) in counts {
        let reason = reason.map(|reason| without_people((workspace, door), reason, id)).transpose()?;
        rows.push(ReasonRow { reason, conversations, share: conversations as f64 / all.max(1) as f64 });
    }
    rows.sort_by_key(|row| (row.reason.is_none(), std::cmp::Reverse(row.conversations)));
    Ok(rows)
}

/// A text of a conversation without the people that its records name. It is opened only for a text that may hold a name.
fn without_people(
    (workspace, door): (&Workspace, &Door),
    text: &str,
    id: &ConversationId,
) -> Result<String, StoreError> {
    let capital = |word: &str| word.trim_start_matches(|c: char| !c.is_alphanumeric()).starts_with(char::is_uppercase);
    let opened = if text.split_whitespace().skip(1).any(capital) { workspace.store().conversation(id)? } else { None };
    Ok(opened.map_or_else(|| door.text(text), |conversation| door.knowing(&conversation).text(text)))
}

/// Whether a target holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It holds.
    Met,
    /// It does not.
    Missed,
    /// Its interval holds the bound, it has none, or it is of fewer than eight.
    TooFewToTell,
    /// There is no value.
    NotRecorded,
}

impl Standing {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Missed => "missed",
            Self::TooFewToTell => "too few to tell",
            Self::NotRecorded => "not recorded",
        }
    }
}

/// One target.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TargetRow {
    /// The measure.
    pub metric: String,
    /// Of which conversations; empty for all.
    pub filter: String,
    /// Not below.
    pub at_least: Option<f64>,
    /// Not above.
    pub at_most: Option<f64>,
    /// What was measured.
    pub figure: Figure,
    /// In the period before.
    pub before: Figure,
    /// How much of what the target allows was used: 1 is all of it, 2 twice that.
    pub burn: Option<f64>,
    /// Whether it holds.
    pub standing: Standing,
}

/// The workspace's targets, held against both periods.
pub(super) fn targets(
    workspace: &Workspace,
    service: &Service,
    (now, before): (&[&Contact], &[&Contact]),
    clock: Timestamp,
) -> Result<Vec<TargetRow>, ReportError> {
    let path = workspace.root().join(TARGETS);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(ReportError::File { path, source }),
    };
    let within = |unit| if unit == Unit::Share { 0.0..=1.0 } else { f64::MIN..=f64::MAX };
    let known: Vec<targets::Metric> = METRICS.iter().map(|metric| (metric.id, within(metric.unit))).collect();
    let mut rows = Vec::new();
    for target in targets::parse(TARGETS, &text, &known)? {
        let wanted: Option<HashSet<ConversationId>> = if target.filter.trim().is_empty() {
            None
        } else {
            let filter = Filter::parse(&target.filter)?;
            let asker = Asker { reviewer: workspace.reviewer(), now: clock };
            Some(workspace.store().index(&filter, "", QueueOrder::Oldest, asker)?.ids.into_iter().collect())
        };
        let at = METRICS.iter().position(|metric| metric.id == target.metric).unwrap_or_default();
        let measured = |contacts: &[&Contact]| {
            let takes = |contact: &&&Contact| wanted.as_ref().is_none_or(|ids| ids.contains(&contact.id));
            let contacts: Vec<&Contact> = contacts.iter().filter(takes).copied().collect();
            service.figures(&contacts).get(at).copied().unwrap_or_default()
        };
        rows.push(held(target, measured(now), measured(before)));
    }
    Ok(rows)
}

fn held(target: Target, figure: Figure, before: Figure) -> TargetRow {
    let share = METRICS.iter().any(|one| one.id == target.metric && one.unit == Unit::Share);
    let (at_least, at_most) = match target.bound {
        Bound::AtLeast(bound) => (Some(bound), None),
        Bound::AtMost(bound) => (None, Some(bound)),
    };
    let standing = match (figure.value, figure.interval) {
        (Some(_), None) => Standing::TooFewToTell,
        (Some(_), Some(_)) if figure.n < LEAST_IN_SEGMENT => Standing::TooFewToTell,
        (Some(_), Some((low, high))) => match target.bound {
            Bound::AtLeast(bound) if low >= bound => Standing::Met,
            Bound::AtLeast(bound) if high < bound => Standing::Missed,
            Bound::AtMost(bound) if high <= bound => Standing::Met,
            Bound::AtMost(bound) if low > bound => Standing::Missed,
            _ => Standing::TooFewToTell,
        },
        (None, _) => Standing::NotRecorded,
    };
    let burn = figure.value.and_then(|value| match target.bound {
        // What is allowed to miss a share of at least 0.9 is a tenth.
        Bound::AtLeast(bound) if share => (bound < 1.0).then(|| (1.0 - value) / (1.0 - bound)),
        Bound::AtLeast(bound) => (value > 0.0).then(|| bound / value),
        Bound::AtMost(bound) => (bound > 0.0).then(|| value / bound),
    });
    TargetRow { metric: target.metric, filter: target.filter, at_least, at_most, figure, before, burn, standing }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_met_or_missed_only_where_the_interval_says_so() {
        let of = |bound, (value, interval, n)| {
            let target = Target { metric: "resolution".into(), bound, filter: String::new(), line: 1 };
            held(target, Figure { value: Some(value), interval: Some(interval), n }, Figure::default())
        };
        let row = of(Bound::AtLeast(0.9), (0.8, (0.7, 0.87), 90));
        assert_eq!(row.standing, Standing::Missed);
        assert!((row.burn.unwrap() - 2.0).abs() < 1e-9);
        assert_eq!(of(Bound::AtLeast(0.9), (0.8, (0.6, 0.95), 20)).standing, Standing::TooFewToTell);
        assert_eq!(of(Bound::AtLeast(0.9), (1.0, (1.0, 1.0), 7)).standing, Standing::TooFewToTell);
        assert_eq!(of(Bound::AtMost(0.3), (0.2, (0.1, 0.3), 90)).standing, Standing::Met);
        let target =
            Target { metric: "model_latency_p99".into(), bound: Bound::AtMost(9e3), filter: String::new(), line: 1 };
        let tail = Figure { value: Some(4e3), interval: None, n: 50 };
        assert_eq!(held(target, tail, tail).standing, Standing::TooFewToTell, "a tail of fifty has no interval");
        let target = Target { metric: "csat".into(), bound: Bound::AtLeast(4.0), filter: String::new(), line: 1 };
        let row = held(target, Figure::default(), Figure::default());
        assert_eq!((row.standing, row.burn), (Standing::NotRecorded, None));
    }
}
