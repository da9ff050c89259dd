//! The pages of figures that a screen shows: what is asked of each where nobody types an order.
//!
//! Invariant: a page rests on audit labels as the command of its name does; what is offered for comparison has such labels.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::compare::{Adjustment, CompareOrder, CompareReport, compare};
use super::drift::{DriftOrder, DriftReport, drift};
use super::queue;
use super::rates::{self, RatesOrder, RatesReport};
use super::report::Window;
use super::sample::{Basis, Member, Sample, SampleError, SampleOrder, audited, sample};
use super::workspace::Workspace;
use crate::model::filter::{Field, Filter};
use crate::model::id::ConversationId;
use crate::model::queue::{QueueQuery, QueueState};
use crate::model::time::Timestamp;
use crate::store::SEGMENTS;

/// Values of one kind that are offered for comparison, at most.
const MOST_OFFERED: usize = 12;

/// How often the agent fails, and how far the queue behind it is.
#[derive(Debug, Clone, PartialEq)]
pub struct RatesPage {
    /// The rates.
    pub report: RatesReport,
    /// The queue whose audit counts.
    pub queue: Option<Box<QueueState>>,
}

/// Something that can be compared with another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Its conversations.
    pub filter: String,
    /// Audit labels of it.
    pub labels: u64,
}

/// Two sides, and what else could stand in their places.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparePage {
    /// What can be compared.
    pub offers: Vec<Offer>,
    /// Which of them are the two sides.
    pub sides: (usize, usize),
    /// How they compare; `None` where there are not two.
    pub report: Option<CompareReport>,
}

/// How often the agent fails, by the first segment after this one that conversations have.
///
/// # Errors
/// There is no audit label, or the database cannot be read.
pub fn rates(
    workspace: &mut Workspace,
    (queue, after): (Option<&str>, Option<&str>),
    now: Timestamp,
) -> Result<RatesPage, SampleError> {
    let sample = audited(queue, |order| sample(workspace, &order, now))?;
    let by = segment_after(&sample, after);
    let report = rates::report(&sample, &RatesOrder { by, ..RatesOrder::default() })?;
    let queue = match &sample.basis {
        Basis::Audit { queue, .. } => {
            let query = QueueQuery { queue: Some(queue.clone()), ..QueueQuery::default() };
            queue::named(workspace, &query, now)?.state
        }
        Basis::Truth { .. } => None,
    };
    Ok(RatesPage { report, queue })
}

/// The first segment after this one, round and round, of which conversations have several values; else one value.
fn segment_after(sample: &Sample, after: Option<&str>) -> Option<&'static str> {
    let from = after.and_then(|name| SEGMENTS.iter().position(|one| *one == name)).map_or(0, |at| at + 1);
    let order = (0..SEGMENTS.len()).map(|step| SEGMENTS[(from + step) % SEGMENTS.len()]);
    let values = |name: &str| sample.segments(name).map_or(0, |found| found.len());
    let counted: Vec<(&str, usize)> = order.map(|name| (name, values(name))).collect();
    let first = |least: usize| counted.iter().find(|(_, count)| *count >= least).map(|(name, _)| *name);
    first(2).or_else(|| first(1))
}

/// Two of what can be compared, apart by intent where intents are known; the last two versions where nothing is chosen.
///
/// # Errors
/// As [`rates()`].
pub fn comparison(
    workspace: &mut Workspace,
    (queue, sides): (Option<&str>, Option<(usize, usize)>),
    now: Timestamp,
) -> Result<ComparePage, SampleError> {
    let pool = audited(queue, |order| sample(workspace, &order, now))?;
    let offers = offers(workspace, &pool)?;
    if offers.len() < 2 {
        return Ok(ComparePage { offers, sides: (0, 0), report: None });
    }
    let sides = sides.filter(|(a, b)| *a != *b && (*a).max(*b) < offers.len()).unwrap_or_else(|| latest(&offers));
    let counted = match &pool.basis {
        Basis::Audit { queue, .. } => Some(queue.as_str()),
        Basis::Truth { .. } => None,
    };
    let mut order = CompareOrder {
        first: &offers[sides.0].filter,
        second: &offers[sides.1].filter,
        sample: SampleOrder { queue: counted, ..SampleOrder::default() },
        by: Some("intent"),
        task: None,
        adjustment: Adjustment::BenjaminiHochberg,
    };
    let mut found = compare(workspace, &order, now);
    if matches!(found, Err(SampleError::NoAttribute(_))) {
        order.by = None;
        found = compare(workspace, &order, now);
    }
    let report = Some(found?);
    Ok(ComparePage { offers, sides, report })
}

/// The last two of the first kind that has two.
fn latest(offers: &[Offer]) -> (usize, usize) {
    let kind = |offer: &Offer| offer.filter.split(':').next().unwrap_or_default().to_owned();
    let alike = |at: &usize| offers.get(at + 1).is_some_and(|next| kind(next) == kind(&offers[*at]));
    let first = (0..offers.len()).find(alike).unwrap_or(0);
    let last =
        (first..offers.len()).take_while(|at| kind(&offers[*at]) == kind(&offers[first])).last().unwrap_or(first);
    if last > first { (last - 1, last) } else { (0, 1) }
}

/// What of the audited conversations can be compared: versions, prompts, weeks; of each kind the newest last.
fn offers(workspace: &Workspace, pool: &Sample) -> Result<Vec<Offer>, SampleError> {
    let labelled: Vec<&Member> = pool.members.iter().filter(|member| member.failed.is_some()).collect();
    let ids: Vec<ConversationId> = labelled.iter().map(|member| member.of.id.clone()).collect();
    let rows = workspace.store().summaries(&ids, workspace.reviewer())?;
    let began: HashMap<ConversationId, Timestamp> =
        rows.into_iter().filter_map(|row| Some((row.id, row.started_at?))).collect();
    let told = |name: &str| {
        let one = |member: &&Member| Some((member.value(name)?, began.get(&member.of.id).copied()));
        labelled.iter().filter_map(one).collect::<Vec<_>>()
    };
    let mut found = valued((Field::AgentVersion, ""), &told("agent_version"));
    for key in prompts(&labelled) {
        found.extend(valued((Field::Meta, &key), &told(&key)));
    }
    let mut weeks: BTreeMap<Timestamp, (Window, u64)> = BTreeMap::new();
    for week in began.values().filter_map(|at| Window::around(*at)) {
        weeks.entry(week.range().0).or_insert((week, 0)).1 += 1;
    }
    let late = weeks.len().saturating_sub(MOST_OFFERED);
    if weeks.len() > 1 {
        let offer = |(week, labels): (Window, u64)| Offer { filter: week.filter(), labels };
        found.extend(weeks.into_values().skip(late).map(offer));
    }
    Ok(found)
}

/// Attributes that name a prompt.
fn prompts(labelled: &[&Member]) -> Vec<String> {
    let mut keys: BTreeSet<String> = BTreeSet::new();
    for member in labelled {
        let all: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(&member.of.attributes).unwrap_or_default();
        keys.extend(all.into_iter().map(|(key, _)| key).filter(|key| key.contains("prompt")));
    }
    keys.into_iter().take(MOST_OFFERED).collect()
}

/// The values of a field as sides, in the order in which the newest conversation of each began: names of versions have an
/// order of their own, which nobody knows. None where there is but one, or where hardly any is there twice.
fn valued((field, key): (Field, &str), told: &[(String, Option<Timestamp>)]) -> Vec<Offer> {
    let mut counts: BTreeMap<&str, (u64, Option<Timestamp>)> = BTreeMap::new();
    for (value, began) in told {
        let one = counts.entry(value).or_default();
        *one = (one.0 + 1, one.1.max(*began));
    }
    if counts.len() < 2 || counts.len() > MOST_OFFERED {
        return Vec::new();
    }
    let filter = |value: &str| Filter::is(field, key, value).to_string();
    let mut sides: Vec<(&str, (u64, Option<Timestamp>))> = counts.into_iter().collect();
    sides.sort_by_key(|(_, (_, newest))| *newest);
    sides.into_iter().map(|(value, (labels, _))| Offer { filter: filter(value), labels }).collect()
}

/// What the last import differs in from all before it.
///
/// # Errors
/// The database.
pub fn shift(workspace: &Workspace, now: Timestamp) -> Result<DriftReport, SampleError> {
    drift(workspace, &DriftOrder::default(), now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offers(filters: &[&str]) -> Vec<Offer> {
        filters.iter().map(|filter| Offer { filter: (*filter).to_owned(), labels: 1 }).collect()
    }

    #[test]
    fn the_last_two_of_a_kind_stand_beside_each_other_first() {
        assert_eq!(
            latest(&offers(&["agent_version:1", "agent_version:2", "agent_version:3", "when:a", "when:b"])),
            (1, 2)
        );
        assert_eq!(latest(&offers(&["meta.prompt:x", "when:a", "when:b", "when:c"])), (2, 3));
        assert_eq!(latest(&offers(&["meta.prompt:x", "when:a"])), (0, 1));
    }

    #[test]
    fn values_are_offered_as_filters_where_there_are_several_but_not_too_many() {
        let of = |values: &[&str]| {
            let told: Vec<_> = values.iter().map(|value| ((*value).to_owned(), None)).collect();
            valued((Field::Meta, "prompt"), &told)
        };
        let found = of(&["spring sale", "v2", "v2"]);
        assert_eq!(found[0], Offer { filter: "meta.prompt:\"spring sale\"".to_owned(), labels: 1 });
        assert_eq!((found[1].filter.as_str(), found[1].labels), ("meta.prompt:v2", 2));
        assert!(found.iter().all(|offer| Filter::parse(&offer.filter).is_ok()));
        assert_eq!(of(&["v2", "v2"]), []);
        // 1.10 came after 1.9, whatever the alphabet says of them.
        let told: Vec<_> = [("1.10", 30), ("1.9", 20), ("1.8", 25), ("1.9", 10), ("1.10", 5), ("1.8", 1)]
            .map(|(value, at)| (value.to_owned(), Some(Timestamp(at))))
            .into();
        let sides = valued((Field::AgentVersion, ""), &told);
        let filters: Vec<&str> = sides.iter().map(|side| side.filter.as_str()).collect();
        assert_eq!(filters, ["agent_version:1.9", "agent_version:1.8", "agent_version:1.10"]);
        assert_eq!(latest(&sides), (1, 2));
        let many: Vec<String> = (0..=MOST_OFFERED).map(|at| at.to_string()).collect();
        assert_eq!(of(&many.iter().map(String::as_str).collect::<Vec<_>>()), []);
    }
}
