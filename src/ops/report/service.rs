//! The measures of customer service, for everybody who handled a conversation by the same ruler.
//!
//! Invariant: each measure has one definition, the row in [`METRICS`]; where the data do not hold what it needs there is
//! no value, and never a 0. `n` is how many conversations (calls, steps) it could be taken from.
//!
//! Shares have Wilson's interval, as a sample of what such days bring. Calls and steps of one conversation are alike, so
//! that intervals of their shares and tails are by whole conversations. Rates of failure see conversations that were drawn
//! by lot only, each import by its size.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use serde_json::{Map, Value};

use super::ReportError;
use super::pool::{Audit, Draw, Pool, strata};
use crate::evaluate::features::{Feature, Features};
use crate::model::correction::CorrectionKind;
use crate::model::segments::Segment;
use crate::model::tool::Aim;
use crate::model::trace::SpanKind;
use crate::stats::corrected::rate_of_strata;
use crate::stats::guard::Guarded;
use crate::stats::quantile::{Mean, Quantile, mean, quantile, quantile_of_clusters, share_of_clusters};
use crate::stats::rate::Rate;
use crate::store::{ALL_KEYS, Contact, Store, ToolUse};

/// Values of a segment that are told; the others are counted, and named by their number.
pub(super) const MOST_VALUES: usize = 12;

/// In what a measure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// From 0 to 1.
    Share,
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Milliseconds,
    /// The scale of the survey.
    Grade,
    /// As recorded.
    Dollars,
}

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
    /// Neither as such.
    Neither,
}

/// What a measure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Definition {
    /// Its name in files and targets.
    pub id: &'static str,
    /// As people call it.
    pub name: &'static str,
    /// In what it is.
    pub unit: Unit,
    /// Which way is better.
    pub better: Better,
    /// How it is computed.
    pub formula: &'static str,
    /// From what.
    pub source: &'static str,
}

/// All measures, in the order in which they are told.
pub const METRICS: [Definition; 19] = {
    use Better::{Higher, Lower, Neither};
    use Unit::{Dollars, Grade, Milliseconds, Seconds, Share};
    [
        def(
            "failure_rate",
            "failure rate",
            (Share, Lower),
            ("judged to have failed, of those drawn by lot and judged", "audit labels"),
        ),
        def(
            "resolution",
            "resolved",
            (Share, Higher),
            ("resolved, of those of which it is recorded", "outcome resolved"),
        ),
        def(
            "first_contact_resolution",
            "resolved at first contact",
            (Share, Higher),
            (
                "resolved, not reopened, no repeat contact; of those of which resolved and one of the others are recorded",
                "outcome first_contact_resolution; else resolved, repeat_contact, reopened",
            ),
        ),
        def(
            "repeat_contact",
            "repeat contact",
            (Share, Lower),
            ("came back about the same, of those of which it is recorded", "outcome repeat_contact"),
        ),
        def("reopened", "reopened", (Share, Lower), ("reopened, of those of which it is recorded", "outcome reopened")),
        def(
            "containment",
            "contained",
            (Share, Higher),
            ("not handed to a person, and not left on an open question", "outcome escalated, else built-in evaluators"),
        ),
        def(
            "escalation_rate",
            "escalated",
            (Share, Neither),
            ("handed to a person", "outcome escalated, else built-in evaluators"),
        ),
        def(
            "escalation_warranted",
            "escalations warranted",
            (Share, Higher),
            ("without the mode needless-handover, of those escalated, drawn by lot and judged", "audit labels"),
        ),
        def(
            "escalation_missed",
            "escalations missed",
            (Share, Lower),
            (
                "with the mode missing-handover or a correction that hands over to a person, of those not escalated, drawn by lot and judged",
                "audit labels",
            ),
        ),
        def(
            "handle_time_median",
            "handle time, median",
            (Seconds, Lower),
            ("from first to last span or message; half took no longer", "times of spans and messages"),
        ),
        def(
            "handle_time_p90",
            "handle time, p90",
            (Seconds, Lower),
            ("the same; nine of ten took no longer", "times of spans and messages"),
        ),
        def(
            "tool_error_rate",
            "tool errors",
            (Share, Lower),
            ("failed calls of all calls", "tool calls and their results"),
        ),
        def(
            "fallback_rate",
            "fallbacks",
            (Share, Lower),
            ("with at least one fallback in place of an answer", "built-in evaluator Fallbacks"),
        ),
        def(
            "model_latency_p50",
            "model step, p50",
            (Milliseconds, Lower),
            ("half of finished model steps took no longer", "spans of models"),
        ),
        def(
            "model_latency_p99",
            "model step, p99",
            (Milliseconds, Lower),
            ("99 of 100 took no longer", "spans of models"),
        ),
        def(
            "tool_latency_p50",
            "tool call, p50",
            (Milliseconds, Lower),
            ("half of finished tool calls took no longer", "spans of tools"),
        ),
        def(
            "tool_latency_p99",
            "tool call, p99",
            (Milliseconds, Lower),
            ("99 of 100 took no longer", "spans of tools"),
        ),
        def("csat", "CSAT", (Grade, Higher), ("mean grade of those who answered", "outcome csat")),
        def(
            "cost_per_contact",
            "cost per contact",
            (Dollars, Lower),
            ("mean of recorded costs", "outcome cost, else cost attributes of model steps"),
        ),
    ]
};

const fn def(
    id: &'static str,
    name: &'static str,
    (unit, better): (Unit, Better),
    (formula, source): (&'static str, &'static str),
) -> Definition {
    Definition { id, name, unit, better, formula, source }
}

/// One measure of some conversations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Figure {
    /// The value; null where nothing it could be taken from is recorded.
    pub value: Option<f64>,
    /// Its 95 % interval, where one can be told.
    pub interval: Option<(f64, f64)>,
    /// Of how many: conversations, calls or steps.
    pub n: u64,
}

/// What a conversation adds to the measures.
#[derive(Debug, Clone, Default)]
pub(super) struct Served {
    /// How it was drawn; `None` where it could not be.
    draw: Option<Draw>,
    resolved: Option<bool>,
    first_contact: Option<bool>,
    repeat: Option<bool>,
    reopened: Option<bool>,
    pub escalated: Option<bool>,
    abandoned: Option<bool>,
    /// Whether the mode says that a person was not needed, or was.
    needless: bool,
    wanted: bool,
    handle: Option<f64>,
    calls: u64,
    failed_calls: u64,
    fallback: Option<bool>,
    models: Vec<f64>,
    tools: Vec<f64>,
    pub csat: Option<f64>,
    cost: Option<f64>,
    pub reason: Option<String>,
    pub p_fail: Option<f64>,
}

/// What conversations add to the measures, by key, and tools of each.
pub(super) struct Service {
    served: HashMap<i64, Served>,
    tools: HashMap<i64, Vec<(String, u64, u64)>>,
}

/// How a tool did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ToolRow {
    /// Its name.
    pub tool: String,
    /// Calls.
    pub calls: u64,
    /// Those that failed.
    pub failed: u64,
    /// Their share.
    pub share: f64,
    /// Conversations that called it.
    pub conversations: u64,
    /// A filter that lists those conversations.
    pub filter: String,
}

impl Service {
    /// Reads what these conversations add.
    pub fn of(store: &Store, pool: &Pool, (contacts, audits): (&[&Contact], [&Audit; 2])) -> Result<Self, ReportError> {
        let mut served: HashMap<i64, Served> = HashMap::with_capacity(contacts.len());
        for contact in contacts {
            served.insert(contact.key, Served::of(contact, pool, audits));
        }
        let fallbacks = store.values_of("Fallbacks")?;
        let costs = store.values_of("CostDollars")?;
        for (key, one) in &mut served {
            one.fallback = fallbacks.get(key).map(|value| *value < 1.0);
            one.cost = one.cost.or_else(|| costs.get(key).copied());
        }
        store.each_latency(&mut |key, kind, micros| {
            let Some(one) = served.get_mut(&key) else { return };
            let times = if kind == SpanKind::Llm { &mut one.models } else { &mut one.tools };
            times.push(micros as f64 / 1_000.0);
        })?;
        let mut tools: HashMap<i64, Vec<(String, u64, u64)>> = HashMap::new();
        store.each_tool(&ALL_KEYS, &mut |ToolUse { conversation, tool, calls, failed }| {
            let Some(one) = served.get_mut(&conversation) else { return };
            one.calls += u64::from(calls);
            one.failed_calls += u64::from(failed);
            tools.entry(conversation).or_default().push((tool.to_owned(), calls.into(), failed.into()));
        })?;
        Ok(Self { served, tools })
    }

    /// What one conversation adds.
    pub fn get(&self, contact: &Contact) -> Option<&Served> {
        self.served.get(&contact.key)
    }

    /// All measures of some conversations, in the order of [`METRICS`].
    pub fn figures(&self, contacts: &[&Contact]) -> Vec<Figure> {
        let of: Vec<&Served> = contacts.iter().filter_map(|contact| self.get(contact)).collect();
        METRICS.iter().map(|metric| figure(metric.id, &of)).collect()
    }

    /// How each tool did, most called first.
    pub fn tools(&self, contacts: &[&Contact], filter: &dyn Fn(&str) -> String) -> Vec<ToolRow> {
        let mut found: BTreeMap<&str, (u64, u64, u64)> = BTreeMap::new();
        for (tool, calls, failed) in contacts.iter().filter_map(|contact| self.tools.get(&contact.key)).flatten() {
            let entry = found.entry(tool).or_default();
            *entry = (entry.0 + calls, entry.1 + failed, entry.2 + 1);
        }
        let mut rows: Vec<ToolRow> = found
            .into_iter()
            .map(|(tool, (calls, failed, conversations))| ToolRow {
                tool: tool.to_owned(),
                calls,
                failed,
                share: failed as f64 / calls.max(1) as f64,
                conversations,
                filter: filter(tool),
            })
            .collect();
        rows.sort_by(|a, b| b.calls.cmp(&a.calls).then_with(|| a.tool.cmp(&b.tool)));
        rows
    }
}

impl Served {
    fn of(contact: &Contact, pool: &Pool, audits: [&Audit; 2]) -> Self {
        let features = contact.features.as_deref().and_then(Features::from_stored);
        let flag = |feature| features.as_ref().map(|features| features.get(feature) > 0.0);
        let named = Named::of(contact);
        let yes = |names: &[&str]| named.first(names).and_then(said);
        let number = |names: &[&str]| named.first(names).and_then(number);
        let (resolved, repeat, reopened) = (
            yes(&["resolved", "isresolved"]),
            yes(&["repeatcontact", "repeat", "recontact"]),
            yes(&["reopened", "reopen"]),
        );
        let again = repeat.into_iter().chain(reopened).reduce(|a, b| a || b);
        let derived = resolved.zip(again).map(|(resolved, again)| resolved && !again);
        let settled = pool.settled.get(&contact.id);
        let mode = |wanted: &str| settled.is_some_and(|settled| settled.modes().contains(&wanted));
        let mut corrections = settled.into_iter().flat_map(|settled| &settled.labels).flat_map(|one| &one.corrections);
        let hands_over = corrections.any(|placed| {
            placed.correction.kind == CorrectionKind::HandOff
                || placed.correction.tool.as_deref().is_some_and(|tool| Aim::guess(tool) == Aim::Person)
        });
        let took = contact.started_at.zip(contact.ended_at).map(|(from, to)| to.0 - from.0);
        Self {
            draw: audits.iter().find_map(|audit| audit.drawn.get(&contact.id)).copied(),
            resolved,
            first_contact: yes(&["firstcontactresolution", "fcr"]).or(derived),
            repeat,
            reopened,
            escalated: yes(&["escalated", "handedover", "transferred"]).or_else(|| flag(Feature::HandedOver)),
            abandoned: flag(Feature::Abandoned),
            needless: mode("needless-handover"),
            wanted: mode("missing-handover") || hands_over,
            // What began and ended in the same moment was not timed.
            handle: took.filter(|micros| *micros > 0).map(|micros| micros as f64 / 1e6),
            csat: number(&["csat", "csatscore"]),
            cost: number(&["cost", "costdollars", "costusd"]),
            reason: named
                .first(&["escalationreason", "handoffreason", "handoverreason", "transferreason"])
                .and_then(Value::as_str)
                .map(str::to_owned),
            p_fail: contact.p_fail,
            ..Self::default()
        }
    }

    /// Of a measure that rests on audit labels: how it could be drawn, and where it was, what was found.
    fn by_lot(&self, id: &str) -> Option<(Draw, Option<bool>)> {
        let draw = self.draw?;
        let found = |holds: bool| Some((draw, draw.failed.map(|_| holds)));
        match (id, self.escalated) {
            ("failure_rate", _) => Some((draw, draw.failed)),
            ("escalation_warranted", Some(true)) => found(!self.needless),
            ("escalation_missed", Some(false)) => found(self.wanted),
            _ => None,
        }
    }

    /// The values of a measure that are a share of conversations.
    fn share(&self, id: &str) -> Option<bool> {
        match id {
            "resolution" => self.resolved,
            "first_contact_resolution" => self.first_contact,
            "repeat_contact" => self.repeat,
            "reopened" => self.reopened,
            "containment" => self.escalated.zip(self.abandoned).map(|(escalated, left)| !escalated && !left),
            "escalation_rate" => self.escalated,
            "fallback_rate" => self.fallback,
            _ => None,
        }
    }
}

/// One measure of some conversations.
fn figure(id: &str, of: &[&Served]) -> Figure {
    let known = |pick: &dyn Fn(&Served) -> Option<f64>| of.iter().filter_map(|one| pick(one)).collect::<Vec<f64>>();
    match id {
        "failure_rate" | "escalation_warranted" | "escalation_missed" => {
            let (strata, reach) = strata(of.iter().filter_map(|one| one.by_lot(id)));
            rate(rate_of_strata(&strata, reach))
        }
        "handle_time_median" => tail(known(&|one| one.handle), 0.5),
        "handle_time_p90" => tail(known(&|one| one.handle), 0.9),
        "model_latency_p50" => tail_of_steps(of, &|one| &one.models, 0.5),
        "model_latency_p99" => tail_of_steps(of, &|one| &one.models, 0.99),
        "tool_latency_p50" => tail_of_steps(of, &|one| &one.tools, 0.5),
        "tool_latency_p99" => tail_of_steps(of, &|one| &one.tools, 0.99),
        "csat" => told(mean(&known(&|one| one.csat))),
        "cost_per_contact" => told(mean(&known(&|one| one.cost))),
        "tool_error_rate" => {
            let calls: Vec<(u64, u64)> =
                of.iter().filter(|one| one.calls > 0).map(|one| (one.failed_calls, one.calls)).collect();
            told(share_of_clusters(&calls))
        }
        share => {
            let told: Vec<bool> = of.iter().filter_map(|one| one.share(share)).collect();
            rate(Rate::of(told.iter().filter(|one| **one).count() as u64, told.len() as u64, None))
        }
    }
}

fn rate(found: Guarded<Rate>) -> Figure {
    found.map_or_else(
        |_| Figure::default(),
        |rate| Figure { value: Some(rate.rate), interval: Some(rate.interval), n: rate.n },
    )
}

fn tail(mut values: Vec<f64>, p: f64) -> Figure {
    values.sort_by(f64::total_cmp);
    of_quantile(quantile(&values, p))
}

fn tail_of_steps(of: &[&Served], pick: &dyn Fn(&Served) -> &[f64], p: f64) -> Figure {
    of_quantile(quantile_of_clusters(&of.iter().map(|one| pick(one)).collect::<Vec<_>>(), p))
}

fn of_quantile(found: Guarded<Quantile>) -> Figure {
    found.map_or_else(
        |_| Figure::default(),
        |found| Figure { value: Some(found.value), interval: found.interval, n: found.n },
    )
}

fn told(found: Guarded<Mean>) -> Figure {
    found.map_or_else(
        |_| Figure::default(),
        |found| Figure { value: Some(found.value), interval: found.interval, n: found.n },
    )
}

/// Outcomes, then attributes of a conversation, by their names without letter case and separators.
struct Named(Vec<(String, Value)>);

impl Named {
    fn of(contact: &Contact) -> Self {
        let objects = [&contact.outcomes, &contact.attributes]
            .map(|text| serde_json::from_str::<Map<String, Value>>(text).unwrap_or_default());
        let all = objects.into_iter().flatten().filter(|(_, value)| !value.is_null());
        let plain =
            |name: &str| name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        Self(all.map(|(name, value)| (plain(&name), value)).collect())
    }

    /// The first there is of these names.
    fn first(&self, names: &[&str]) -> Option<&Value> {
        names.iter().find_map(|wanted| self.0.iter().find(|(name, _)| name == wanted)).map(|(_, value)| value)
    }
}

fn said(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(said) => Some(*said),
        Value::Number(number) => number.as_f64().map(|number| number > 0.0),
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" => Some(true),
            "false" | "no" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

fn number(value: &Value) -> Option<f64> {
    let found = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
    found.filter(|number| number.is_finite())
}

/// The values of a segment among some conversations, most frequent first.
pub(super) fn values<'p>(segment: Segment, contacts: &[&'p Contact]) -> Vec<(&'p str, Vec<&'p Contact>)> {
    let mut found: BTreeMap<&str, Vec<&Contact>> = BTreeMap::new();
    for contact in contacts {
        if let Some(value) = contact.segments.of(segment) {
            found.entry(value.exact()).or_default().push(contact);
        }
    }
    let mut found: Vec<(&str, Vec<&Contact>)> = found.into_iter().collect();
    found.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then_with(|| a.0.cmp(b.0)));
    found
}
