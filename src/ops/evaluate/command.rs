//! Judges outside the program: conversations go to a command, one a line, and score lines come back.
//!
//! Invariant: what leaves has passed the door; a judge that is late, breaks off or talks nonsense costs at most the
//! conversation it was busy with, and that is recorded, never taken for agreement.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::time::Duration;

use serde::Serialize;

use super::super::Progress;
use super::super::show::{Shown, ShownCall, ShownStep, ShownTool};
use super::child::{self, Child};
use super::{EvaluateError, Tally};
use crate::evaluate::external::Answer;
use crate::model::conversation::Conversation;
use crate::model::score::Score;

mod stored;

pub use stored::ask;

/// Judgements stored at once.
const BATCH: usize = 50;

/// A judge that fails so often in a row, without one answer between, is not asked any more.
const MOST_SETBACKS: u32 = 3;

/// Problems that are told one by one.
const MOST_TOLD: usize = 100;

/// How long a judge that has nothing left to do may take to end.
const FAREWELL: Duration = Duration::from_secs(5);

/// How long to wait before looking whether the caller wants to stop.
const TICK: Duration = Duration::from_millis(200);

/// Whom to ask, and about what.
#[derive(Clone, Copy)]
pub struct CommandOrder<'a> {
    /// A command line for the shell.
    pub command: &'a str,
    /// The name the judge goes by: what it said before under this name is replaced.
    pub name: &'a str,
    /// Only conversations that match.
    pub filter: &'a str,
    /// Only conversations this judge has not come to an end with.
    pub missing: bool,
    /// Processes at a time.
    pub jobs: usize,
    /// Unanswered conversations at a time, per process.
    pub in_flight: usize,
    /// The longest time between two answers of a process that owes some.
    pub timeout: Duration,
    /// Time since any fixed moment.
    pub watch: &'a dyn Fn() -> Duration,
}

/// What came of asking. `asked = answered + partly + failed`, unless stopped.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct CommandReport {
    /// 1.
    pub schema_version: u32,
    /// The name the judge goes by.
    pub judge: String,
    /// Conversations it was asked about.
    pub asked: u64,
    /// Answered whole.
    pub answered: u64,
    /// Answered, but some of the answer could not be used.
    pub partly: u64,
    /// Not answered: too late, broken off, or refused by the judge.
    pub failed: u64,
    /// Conversations that changed meanwhile, so that the answer was not kept; a later run takes them.
    pub overtaken: u64,
    /// Conversations nobody was asked about, since the judge kept failing.
    pub not_asked: u64,
    /// Scores stored.
    pub scores: u64,
    /// Times a process was started.
    pub started: u64,
    /// By evaluator: how often it passed, failed, and could not tell.
    pub evaluators: std::collections::BTreeMap<String, Tally>,
    /// What went wrong, the first hundred.
    pub problems: Vec<Problem>,
    /// True where the caller asked to stop.
    pub cancelled: bool,
    /// Why the judge is of no use, where it answered nothing at all and the caller goes on without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub useless: Option<String>,
    /// How long it took; the caller, who has a clock, sets it.
    pub seconds: f64,
}

/// Something that went wrong with a judge.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Problem {
    /// The conversation, where it is known.
    pub conversation: Option<String>,
    /// In words.
    pub message: String,
}

/// What a judge is told of a conversation. No verdicts, outcomes, attributes or scores of others: it should not know.
#[derive(Serialize)]
pub(in crate::ops) struct Question {
    schema_version: u32,
    conversation: String,
    source: String,
    external_id: String,
    intent: Option<String>,
    channel: Option<String>,
    tier: Option<String>,
    language: Option<String>,
    agent_version: Option<String>,
    system: Vec<String>,
    transcript: Vec<ShownStep>,
    tools: Vec<ShownTool>,
    expected: Option<Vec<ShownCall>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    case: Option<AskedCase>,
}

/// What a run is to be held against, where a gate asks.
#[derive(Serialize)]
pub(in crate::ops) struct AskedCase {
    pub(in crate::ops) case_id: String,
    /// The kind of answer that is right, where that is no call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::ops) acceptable: Option<serde_json::Value>,
    pub(in crate::ops) must: Vec<String>,
    pub(in crate::ops) must_not: Vec<String>,
    pub(in crate::ops) reply: Option<String>,
    pub(in crate::ops) mode: Option<String>,
}

impl Question {
    /// About a conversation as it leaves by a door; `id` is what the judge has to answer with.
    pub(in crate::ops) fn of(id: &str, shown: Shown) -> Self {
        Self {
            schema_version: 1,
            conversation: id.to_owned(),
            source: shown.row.source,
            external_id: shown.row.external_id,
            intent: shown.row.intent,
            channel: shown.row.channel,
            tier: shown.row.tier,
            language: shown.row.language,
            agent_version: shown.row.agent_version,
            system: shown.system,
            transcript: shown.transcript,
            tools: shown.tools,
            expected: shown.expected,
            case: None,
        }
    }

    /// The same beside a case.
    pub(in crate::ops) fn beside(mut self, case: AskedCase) -> Self {
        self.case = Some(case);
        self
    }
}

/// What a judge is asked about, and where its answers go.
pub(in crate::ops) trait Docket {
    /// The line to send under an id, and the conversation that answers are about; `None` where it is gone.
    fn question(&mut self, id: &str) -> Result<Option<(String, Conversation)>, EvaluateError>;
    /// Takes what was said, and answers how much of it was kept.
    fn settle(&mut self, settled: Vec<Settled>) -> Result<u64, EvaluateError>;
}

/// What became of one question.
pub(in crate::ops) struct Settled {
    /// As asked.
    pub(in crate::ops) id: String,
    /// Why there is no whole answer.
    pub(in crate::ops) failure: Option<String>,
    /// What was said.
    pub(in crate::ops) scores: Vec<Score>,
}

/// A conversation a judge is busy with.
struct Open {
    id: String,
    conversation: Conversation,
    scores: Vec<Score>,
    unusable: Vec<String>,
}

/// One process with what it owes, oldest first.
struct Seat {
    child: Child,
    open: VecDeque<Open>,
    since: Duration,
}

/// Asks a command about everything in a queue; the report tells how far it came, whatever the outcome.
pub(in crate::ops) fn hear(
    docket: &mut dyn Docket,
    order: &CommandOrder<'_>,
    queue: VecDeque<String>,
    tell: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> (CommandReport, Result<(), EvaluateError>) {
    let report = CommandReport { schema_version: 1, judge: order.name.to_owned(), ..CommandReport::default() };
    let mut panel = Panel { docket, order, queue, seats: Vec::new(), finished: Vec::new(), setbacks: 0, report };
    let outcome = panel.run(tell);
    // What was answered until an error is kept.
    let kept = panel.settle();
    (panel.report, outcome.and(kept))
}

struct Panel<'a> {
    docket: &'a mut dyn Docket,
    order: &'a CommandOrder<'a>,
    queue: VecDeque<String>,
    seats: Vec<Seat>,
    finished: Vec<Settled>,
    setbacks: u32,
    report: CommandReport,
}

impl Panel<'_> {
    fn run(&mut self, tell: &mut dyn FnMut(&Progress) -> ControlFlow<()>) -> Result<(), EvaluateError> {
        let total = self.queue.len() as u64;
        while !self.queue.is_empty() || !self.seats.is_empty() {
            let done = self.report.answered + self.report.partly + self.report.failed;
            let progress = Progress { done, total: Some(total), what: format!("asking {}", self.order.name) };
            if tell(&progress).is_break() {
                self.report.cancelled = true;
                self.seats.clear();
                return Ok(());
            }
            self.fill()?;
            child::wait(&self.seats.iter().map(|seat| &seat.child).collect::<Vec<_>>(), TICK.min(self.order.timeout));
            for at in 0..self.seats.len() {
                for line in self.seats[at].child.pump() {
                    self.hear(at, &line);
                }
            }
            self.part()?;
            if self.finished.len() >= BATCH {
                self.settle()?;
            }
        }
        Ok(())
    }

    /// Starts processes as long as there is something to ask, and gives each as much as it may owe.
    fn fill(&mut self) -> Result<(), EvaluateError> {
        while self.seats.len() < self.order.jobs.max(1) && self.queue.len() > self.room() {
            let child = Child::start(self.order.command).map_err(|error| EvaluateError::Judge {
                command: self.order.command.to_owned(),
                why: format!("cannot be started: {error}"),
            })?;
            self.report.started += 1;
            self.seats.push(Seat { child, open: VecDeque::new(), since: (self.order.watch)() });
        }
        for at in 0..self.seats.len() {
            while !self.seats[at].child.was_told_the_end() && self.seats[at].open.len() < self.order.in_flight.max(1) {
                let Some(id) = self.queue.pop_front() else { break };
                self.put(at, id)?;
            }
            if self.queue.is_empty() {
                self.seats[at].child.finish_sending();
            }
        }
        Ok(())
    }

    /// How many conversations the running processes may still be given.
    fn room(&self) -> usize {
        let takes = |seat: &&Seat| !seat.child.was_told_the_end();
        self.seats.iter().filter(takes).map(|seat| self.order.in_flight.max(1).saturating_sub(seat.open.len())).sum()
    }

    fn put(&mut self, at: usize, id: String) -> Result<(), EvaluateError> {
        let Some((line, conversation)) = self.docket.question(&id)? else { return Ok(()) };
        let seat = &mut self.seats[at];
        if seat.open.is_empty() {
            seat.since = (self.order.watch)();
        }
        seat.child.send(&line);
        seat.open.push_back(Open { id, conversation, scores: Vec::new(), unusable: Vec::new() });
        self.report.asked += 1;
        Ok(())
    }

    /// Takes in one line of a judge.
    fn hear(&mut self, at: usize, line: &[u8]) {
        let answer = match std::str::from_utf8(line).map_err(|error| error.to_string()).and_then(Answer::parse) {
            Ok(answer) => answer,
            Err(why) => return self.trouble(None, format!("{why}: {}", beginning(line))),
        };
        let open = &mut self.seats[at].open;
        let Some(place) = open.iter().position(|one| one.id == answer.conversation) else {
            let message = format!("an answer about {}, which is not being asked about", answer.conversation);
            return self.trouble(None, message);
        };
        let one = &mut open[place];
        for said in answer.scores {
            match said.score(&one.conversation, self.order.name) {
                Ok(score) => one.scores.push(score),
                Err(why) => one.unusable.push(why),
            }
        }
        if answer.done
            && let Some(one) = open.remove(place)
        {
            self.seats[at].since = (self.order.watch)();
            self.setbacks = 0;
            self.close(one, answer.error.map(|error| format!("the judge says: {error}")));
        }
    }

    /// A conversation no more will come about.
    fn close(&mut self, one: Open, failure: Option<String>) {
        let unusable = one.unusable.first().map(|first| match one.unusable.len() {
            1 => format!("one score could not be used: {first}"),
            more => format!("{more} scores could not be used; first: {first}"),
        });
        let counted = match (&failure, &unusable) {
            (Some(_), _) => &mut self.report.failed,
            (None, Some(_)) => &mut self.report.partly,
            (None, None) => &mut self.report.answered,
        };
        *counted += 1;
        let failure = failure.or(unusable);
        if let Some(message) = &failure {
            self.trouble(Some(one.id.clone()), message.clone());
        }
        for score in &one.scores {
            let tally = self.report.evaluators.entry(score.evaluator.exact().to_owned()).or_default();
            tally.count(score);
        }
        self.finished.push(Settled { id: one.id, failure, scores: one.scores });
    }

    /// Parts from processes that are silent or late.
    fn part(&mut self) -> Result<(), EvaluateError> {
        let now = (self.order.watch)();
        let mut at = 0;
        while at < self.seats.len() {
            let seat = &self.seats[at];
            let waited = now.saturating_sub(seat.since);
            let allowed = if seat.open.is_empty() { FAREWELL.min(self.order.timeout) } else { self.order.timeout };
            let late = waited >= allowed && (!seat.open.is_empty() || seat.child.was_told_the_end());
            if seat.child.is_silent() || late {
                let seat = self.seats.remove(at);
                self.ended(seat, late)?;
            } else {
                at += 1;
            }
        }
        Ok(())
    }

    /// Settles what a process owed: the oldest is to blame, unless the process took leave in good order.
    fn ended(&mut self, seat: Seat, late: bool) -> Result<(), EvaluateError> {
        let Seat { child, mut open, .. } = seat;
        let told = child.was_told_the_end();
        let ended = child.end(if late { Duration::ZERO } else { FAREWELL });
        if open.is_empty() {
            return Ok(());
        }
        if !late && told && ended.clean {
            for one in open {
                let failure = one.scores.is_empty().then(|| "the judge ended without an answer".to_owned());
                self.close(one, failure);
            }
            return Ok(());
        }
        let words = if ended.words.is_empty() { String::new() } else { format!(": {}", ended.words) };
        let why = if late {
            let seconds = self.order.timeout.as_secs_f64();
            format!("no whole answer within {seconds} s (a line with \"scores\" or \"done\" ends one){words}")
        } else {
            format!("the judge {}{words}", ended.status)
        };
        if let Some(oldest) = open.pop_front() {
            self.close(oldest, Some(why.clone()));
        }
        self.report.asked -= open.len() as u64;
        for one in open.into_iter().rev() {
            self.queue.push_front(one.id);
        }
        self.setbacks += 1;
        let useless = self.report.answered + self.report.partly == 0;
        if self.setbacks < MOST_SETBACKS && !(useless && self.queue.is_empty()) {
            return Ok(());
        }
        self.report.not_asked = self.queue.len() as u64;
        self.queue.clear();
        if !useless {
            return Ok(());
        }
        // What the others are busy with is not waited for: it counts as never asked.
        let busy: u64 = self.seats.drain(..).map(|seat| seat.open.len() as u64).sum();
        self.report.asked -= busy;
        self.report.not_asked += busy;
        Err(EvaluateError::Judge { command: self.order.command.to_owned(), why })
    }

    fn trouble(&mut self, conversation: Option<String>, message: String) {
        if self.report.problems.len() < MOST_TOLD {
            self.report.problems.push(Problem { conversation, message });
        }
    }

    fn settle(&mut self) -> Result<(), EvaluateError> {
        let settled = std::mem::take(&mut self.finished);
        let (count, scores) = (settled.len() as u64, settled.iter().map(|one| one.scores.len() as u64).sum::<u64>());
        let kept = self.docket.settle(settled)?;
        self.report.overtaken += count - kept;
        self.report.scores += scores;
        Ok(())
    }
}

/// The beginning of a line, to be told.
fn beginning(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let mut start: String = text.chars().take(80).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    start
}

#[cfg(test)]
mod tests;
