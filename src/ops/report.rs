//! The report on a week: what failed and why, how sure that is, how service went, and what to do next.
//!
//! Invariant: the same workspace and the same order give the same report; no clock is in it. Every rate of failure rests
//! on conversations that were drawn by lot; every other count says of how many.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::Progress;
use super::door::Door;
use super::list::SCHEMA_VERSION;
use super::queue::QueueError;
use super::sample::SampleError;
use super::session::SessionError;
use super::workspace::Workspace;
use crate::config::targets::TargetsError;
use crate::model::filter::{Field, Filter, FilterError};
use crate::model::label::Verdict;
use crate::model::segments::Segment;
use crate::model::time::Timestamp;
use crate::stats::guard::{self, Guarded};
use crate::stats::rate::Rate;
use crate::store::{Contact, ErrorClass, StoreError};

mod chart;
mod decisions;
mod document;
mod held;
mod html;
mod markdown;
mod masked;
mod modes;
mod people;
mod period;
mod plan;
mod pool;
mod service;
mod steps;
mod table;
mod told;
mod write;

pub use decisions::DecisionRow;
pub use held::{Aside, Held};
pub use modes::{BLOCK, Example, ModeRow, OwnerRow, Saturation};
pub use people::{EvaluatorRow, Evaluators, PairRow, People, ReviewerRow};
pub use period::{Asked, Window};
pub use plan::{Advice, IntentRow, ReasonRow, SatisfactionRow, Standing, TARGETS, TargetRow};
pub use service::{Better, Definition, Figure, METRICS, ToolRow, Unit};
pub use steps::Matrix;
pub use table::{Part, csv};
pub use told::Told;
pub use write::{Form, new_file, numbered_file, text};

use modes::Both;
use pool::{Audit, Pool};
use service::Service;
use steps::Opened;

/// Periods shown, the one asked for among them.
pub const WEEKS: usize = 5;

/// Fewer than this, and a number is shown in grey.
pub const SMALL: u64 = 10;

/// A report as a screen asks for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asking {
    /// Which days.
    pub days: Asked,
    /// Only conversations that match.
    pub filter: String,
    /// The queue whose audit counts.
    pub queue: Option<String>,
    /// The session that is reported on, in place of days.
    pub session: Option<String>,
}

impl Asking {
    /// As an order.
    pub fn order(&self) -> ReportOrder<'_> {
        let (queue, session) = (self.queue.as_deref(), self.session.as_deref());
        ReportOrder { days: self.days, filter: &self.filter, queue, session }
    }
}

/// What to report on.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReportOrder<'a> {
    /// Which days.
    pub days: Asked,
    /// Only conversations that match.
    pub filter: &'a str,
    /// The queue whose audit counts; without a name, per week the one with most audit labels of that week, of the queues
    /// that draw from all conversations.
    pub queue: Option<&'a str>,
    /// The session, by name or id, whose judged conversations are reported on, in place of days.
    pub session: Option<&'a str>,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The filter is none.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Audits.
    #[error(transparent)]
    Sample(#[from] SampleError),
    /// A queue.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// Sessions and decisions.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The file of targets is not understood.
    #[error(transparent)]
    Targets(#[from] TargetsError),
    /// A file.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// There is a file already.
    #[error("{} is there already; nothing is overwritten: name another file", .0.display())]
    Exists(PathBuf),
    /// No conversation began in such a week.
    #[error(
        "no conversation that matches began in such a week, nor was imported in it without a date of its own; `aftercall report` alone takes the newest week there is, `--session NAME` what a session judged, `--from DAY --to DAY` days"
    )]
    NoSuchWeek,
    /// Somebody stopped it.
    #[error("stopped; nothing was written")]
    Cancelled,
}

impl ReportError {
    /// The class that decides the exit code.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Store(error)
            | Self::Sample(SampleError::Store(error))
            | Self::Queue(QueueError::Store(error))
            | Self::Session(SessionError::Store(error)) => error.class(),
            Self::File { .. } => ErrorClass::Io,
            Self::Exists(_) => ErrorClass::Refused,
            _ => ErrorClass::General,
        }
    }
}

/// How a share changed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Change {
    /// Now minus before.
    pub difference: f64,
    /// Its 95 % interval (Newcombe).
    pub interval: (f64, f64),
}

impl Change {
    /// True where the interval leaves out that nothing changed.
    pub fn is_sure(&self) -> bool {
        self.interval.0 > 0.0 || self.interval.1 < 0.0
    }
}

/// One period of the trend.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WeekRow {
    /// Which.
    #[serde(flatten)]
    pub window: Window,
    /// Conversations that began in it.
    pub conversations: u64,
    /// Those that are settled.
    pub judged: u64,
    /// Settled failures.
    pub failures: u64,
    /// How many pass, from those drawn by lot.
    #[serde(serialize_with = "guard::serialize")]
    pub pass_rate: Guarded<Rate>,
    /// A filter that lists them.
    pub filter: String,
}

/// How many conversations there are, and what people said of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Conversations that began in the period.
    pub conversations: u64,
    /// Of these, those that have no date of their own and stand at the time of their import.
    pub undated: u64,
    /// Settled: one verdict, or several that agree, or adjudicated.
    pub judged: u64,
    /// Settled as passed.
    pub passed: u64,
    /// Settled as failed.
    pub failed: u64,
    /// Settled as not to be told.
    pub unsure: u64,
    /// Verdicts differ.
    pub disputed: u64,
    /// Begun, without a verdict.
    pub drafts: u64,
    /// Drawn by lot and judged: what rates rest on.
    pub audited: u64,
}

/// All measures of some conversations, in the order of [`METRICS`]; in JSON an object by id.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figures(pub Vec<Figure>);

impl Figures {
    /// One of them.
    pub fn get(&self, id: &str) -> Figure {
        let at = METRICS.iter().position(|metric| metric.id == id);
        at.and_then(|at| self.0.get(at)).copied().unwrap_or_default()
    }
}

impl Serialize for Figures {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (metric, figure) in METRICS.iter().zip(&self.0) {
            map.serialize_entry(metric.id, figure)?;
        }
        map.end()
    }
}

/// One value of one segment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SegmentRow {
    /// Which segment.
    pub segment: Segment,
    /// Its value.
    pub value: String,
    /// Conversations.
    pub conversations: u64,
    /// Settled failures.
    pub failures: u64,
    /// The mode found most often in them.
    pub worst_mode: Option<String>,
    /// All measures.
    pub figures: Figures,
    /// A filter that lists them.
    pub filter: String,
}

/// A report. The fields, their names and their order are public surface.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// On which days.
    pub period: Window,
    /// Which days it is held against.
    pub before: Window,
    /// The session that it is on, where it is on one: then only on what that judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<Held>,
    /// Only conversations that match; empty for all.
    pub filter: String,
    /// The queue whose audit rates rest on; null where nothing was drawn by lot.
    pub audit: Option<String>,
    /// The filter of that queue, where it is not of all conversations and the rates are not either.
    pub audit_filter: Option<String>,
    /// How many.
    pub counts: Counts,
    /// Oldest first, the period last.
    pub weeks: Vec<WeekRow>,
    /// Failure modes, most found first.
    pub modes: Vec<ModeRow>,
    /// Settled failures without a mode.
    pub without_mode: u64,
    /// Whether looking further finds more.
    pub saturation: Saturation,
    /// Who owns failures.
    pub owners: Vec<OwnerRow>,
    /// Which tool was called, by row, and which would have been right, by column.
    pub corrections: Matrix,
    /// What was right last, by row, and wrong first, by column.
    pub transitions: Matrix,
    /// Evaluators against people, on all labels that the audit has so far.
    pub evaluators: Evaluators,
    /// Who judged, and how they agree.
    pub people: People,
    /// What the measures are.
    pub definitions: Vec<Definition>,
    /// All measures of the period.
    pub figures: Figures,
    /// All measures of the period before.
    pub figures_before: Figures,
    /// By segment, then conversations; the most frequent values.
    pub segments: Vec<SegmentRow>,
    /// By segment, how many values more there are.
    pub segments_left_out: BTreeMap<&'static str, usize>,
    /// How tools did.
    pub tools: Vec<ToolRow>,
    /// Why conversations were handed to a person.
    pub escalations: Vec<ReasonRow>,
    /// What customers say, by failure mode.
    pub satisfaction: Vec<SatisfactionRow>,
    /// Volume against complexity.
    pub impact: Vec<IntentRow>,
    /// Whether targets hold.
    pub targets: Vec<TargetRow>,
    /// What was decided, and what became of it.
    pub decisions: Vec<DecisionRow>,
}

/// Filters that list what is behind a number.
pub(super) struct Listing(String);

impl Listing {
    fn of(order: &ReportOrder<'_>, window: &Window) -> Self {
        let days = window.filter();
        Self(match order.filter.trim() {
            "" => days,
            filter => format!("({filter}) {days}"),
        })
    }

    /// Those of which this holds as well.
    fn with(&self, more: &str) -> String {
        format!("{} {more}", self.0).trim_end().to_owned()
    }

    /// Settled failures of which this holds as well.
    fn failures(&self, more: &str) -> String {
        self.with(&format!("verdict:fail label:labelled,adjudicated {more}"))
    }
}

/// Draws a report up. `tell` is told what is being done, and breaks to stop.
///
/// # Errors
/// There is no such week, a filter or a file is not understood, or the database cannot be read.
pub fn report(
    workspace: &mut Workspace,
    order: &ReportOrder<'_>,
    now: Timestamp,
    tell: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Report, ReportError> {
    let mut step = |done: u64, what: &str| {
        let progress = Progress { done, total: Some(5), what: what.to_owned() };
        if tell(&progress).is_break() { Err(ReportError::Cancelled) } else { Ok(()) }
    };
    step(0, "reading conversations and labels")?;
    let mut pool = Pool::gather(workspace, order, now)?;
    let (session, windows) = match order.session {
        Some(name) => {
            held::windows(workspace, name).map(|(session, acts, windows)| (Some((session, acts)), windows))?
        }
        None => (None, weeks_of(&pool, order.days)?),
    };
    step(1, "looking at what was drawn by lot")?;
    let mut audits = Vec::new();
    for window in &windows {
        audits.push(pool.audit(workspace, (window, order.queue), now)?);
    }
    let pool = pool;
    let (window, before) = (windows[0].clone(), windows[1].clone());
    let both = Both {
        window: &window,
        now: pool.within(&window),
        before: pool.within(&before),
        audit: &audits[0],
        audit_before: &audits[1],
    };
    step(2, "opening what failed")?;
    let door = Door::masked(workspace);
    let opened = Opened::of_pool(workspace, (&pool, &both.now))?;
    step(3, "counting")?;
    let all: Vec<&Contact> = both.now.iter().chain(&both.before).copied().collect();
    let service = Service::of(workspace.store(), &pool, (&all, [both.audit, both.audit_before]))?;
    step(4, "holding evaluators against people")?;
    // Evaluators are held against all labels there are, also where none is of these days.
    let queue = both.audit.queue.clone().or_else(|| pool.most_audited_of(&|_| true));
    let evaluators = people::evaluators(workspace, (order, queue.as_deref(), pool.labels()), now)?;
    let people = people::people(workspace, (&pool, &both.now), (order, &window), now)?;
    let listing = Listing::of(order, &window);
    let failures = pool.failures(&both.now);
    let mut modes = modes::rows(&pool, &both, &opened, &listing);
    told::tell(workspace, (&pool, &door), &mut modes)?;
    Ok(Report {
        schema_version: SCHEMA_VERSION,
        filter: order.filter.trim().to_owned(),
        audit: both.audit.queue.clone(),
        audit_filter: both.audit.chosen.clone(),
        counts: counts(&pool, &both.now, both.audit),
        weeks: weeks(&pool, (&windows, &audits), order),
        modes,
        without_mode: failures.iter().filter(|(_, settled)| settled.modes().is_empty()).count() as u64,
        saturation: modes::saturation(&pool, &window),
        owners: modes::owners(&pool, &both.now, &listing),
        corrections: opened.corrections(&pool, &both.now),
        transitions: opened.transitions(&pool, &both.now),
        evaluators,
        people,
        definitions: METRICS.to_vec(),
        figures: Figures(service.figures(&both.now)),
        figures_before: Figures(service.figures(&both.before)),
        segments: segments(&pool, &service, &both.now, &listing),
        segments_left_out: left_out(&both.now),
        tools: service.tools(&both.now, &|tool| listing.with(&Filter::is(Field::Tool, "", tool).to_string())),
        escalations: plan::reasons((workspace, &door), &service, &both.now)?,
        satisfaction: plan::satisfaction(&pool, &service, &both.now),
        impact: plan::impact((&service, both.audit), &both.now, &listing),
        targets: plan::targets(workspace, &service, (&both.now, &both.before), now)?,
        decisions: decisions::rows(workspace, (&window, session.as_ref().map(|(session, _)| session)), &door)?,
        session: session.map(|(session, acts)| held::held(workspace, (&session, &acts), &door)).transpose()?,
        period: window,
        before,
    })
}

/// The days that are asked for and as many stretches before them as are shown, the newest first.
fn weeks_of(pool: &Pool, days: Asked) -> Result<Vec<Window>, ReportError> {
    let mut stand = pool.contacts.iter().filter_map(Contact::stands_at);
    let mut windows = vec![Window::of(days, &mut stand).ok_or(ReportError::NoSuchWeek)?];
    while windows.len() < WEEKS {
        windows.extend(windows.last().map(Window::before));
    }
    Ok(windows)
}

fn counts(pool: &Pool, now: &[&Contact], audit: &Audit) -> Counts {
    let mut counts = Counts { conversations: now.len() as u64, audited: audit.labels(), ..Counts::default() };
    for contact in now {
        counts.undated += u64::from(contact.started_at.is_none());
        counts.disputed += u64::from(pool.disputed.contains(&contact.id));
        counts.drafts += u64::from(pool.drafts.contains(&contact.id));
        let Some(settled) = pool.settled.get(&contact.id) else { continue };
        counts.judged += 1;
        match settled.verdict {
            Verdict::Pass => counts.passed += 1,
            Verdict::Fail => counts.failed += 1,
            Verdict::Unsure => counts.unsure += 1,
        }
    }
    counts
}

fn weeks(pool: &Pool, (windows, audits): (&[Window], &[Audit]), order: &ReportOrder<'_>) -> Vec<WeekRow> {
    let row = |(window, audit): (&Window, &Audit)| {
        let contacts = pool.within(window);
        WeekRow {
            conversations: contacts.len() as u64,
            judged: contacts.iter().filter(|contact| pool.settled.contains_key(&contact.id)).count() as u64,
            failures: pool.failures(&contacts).len() as u64,
            pass_rate: audit.rate(|_, failed| !failed),
            filter: Listing::of(order, window).with(""),
            window: window.clone(),
        }
    };
    windows.iter().zip(audits).rev().map(row).collect()
}

/// How many values of each segment have no row.
fn left_out(now: &[&Contact]) -> BTreeMap<&'static str, usize> {
    let more = |segment: &Segment| service::values(*segment, now).len().saturating_sub(service::MOST_VALUES);
    Segment::ALL.iter().map(|segment| (segment.word(), more(segment))).filter(|(_, more)| *more > 0).collect()
}

fn segments(pool: &Pool, service: &Service, now: &[&Contact], listing: &Listing) -> Vec<SegmentRow> {
    let fields = [
        (Segment::Intent, Field::Intent),
        (Segment::Channel, Field::Channel),
        (Segment::Tier, Field::Tier),
        (Segment::Language, Field::Language),
        (Segment::AgentVersion, Field::AgentVersion),
        (Segment::HandledBy, Field::HandledBy),
    ];
    let mut rows = Vec::new();
    for (segment, field) in fields {
        for (value, contacts) in service::values(segment, now).into_iter().take(service::MOST_VALUES) {
            let failures = pool.failures(&contacts);
            let mut modes: BTreeMap<&str, u64> = BTreeMap::new();
            failures
                .iter()
                .flat_map(|(_, settled)| settled.modes())
                .for_each(|mode| *modes.entry(mode).or_default() += 1);
            let worst = modes.into_iter().max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.cmp(a.0)));
            rows.push(SegmentRow {
                segment,
                value: value.to_owned(),
                conversations: contacts.len() as u64,
                failures: failures.len() as u64,
                worst_mode: worst.map(|(mode, _)| pool.codebook.name_of(mode).to_owned()),
                figures: Figures(service.figures(&contacts)),
                filter: listing.with(&Filter::is(field, "", value).to_string()),
            });
        }
    }
    rows
}

#[cfg(test)]
pub(crate) mod tests;
