//! tau2-bench: results in one file, or simulations in files of their own; users call tools too.
//!
//! Invariant: a call of the user's is a step of its own agent, `user`, beside the customer's thread; only the agent's
//! reference calls are the conversation's reference.

use std::collections::HashMap;

use serde_json::Value;
use serde_json::value::RawValue;

use super::chat::{Told, conversation};
use super::decode::Decoder;
use super::export::Fields;
use super::message::{Call, Message, Sender, list, messages, raw_arguments};
use super::problem::ProblemKind;
use super::scores::Fields as Score;
use super::{Record, expected, tools};
use crate::model::score::ScoreTarget;
use crate::model::tool::{ExpectedCall, ToolSpec};

/// The agent name of calls that the user made.
const USER: &str = "user";

/// What a results file says of all its simulations.
#[derive(Default)]
pub(super) struct Header {
    domain: Option<String>,
    policy: Option<String>,
    tools: Vec<ToolSpec>,
    /// The reference of each task.
    expected: HashMap<String, Vec<ExpectedCall>>,
}

impl Header {
    /// From the members of a results file; `None` where it is none.
    pub(super) fn of(results: &Fields<'_>) -> Option<Self> {
        let info = results.object("info");
        let environment = info.as_ref().and_then(|info| info.object("environmentinfo"));
        let tasks = results.list("tasks");
        if environment.is_none() && tasks.is_none() {
            return None;
        }
        let text = |name: &str| environment.as_ref().and_then(|environment| environment.text(name));
        let mut header = Self { domain: text("domainname"), policy: text("policy"), ..Self::default() };
        if let Some(definitions) = environment.as_ref().and_then(|environment| environment.get("tooldefs")) {
            header.tools = tools::tools(definitions.get());
        }
        for raw in tasks.unwrap_or_default() {
            let Some(task) = Fields::parse(raw.get()) else { continue };
            let actions = task.object("evaluationcriteria").and_then(|criteria| criteria.get("actions"));
            if let (Some(id), Some(actions)) = (task.text("id"), actions) {
                header.expected.insert(id, agent_calls(actions));
            }
        }
        Some(header)
    }
}

/// The agent's part of a list of reference actions.
fn agent_calls(actions: &RawValue) -> Vec<ExpectedCall> {
    let all = list(actions.get()).unwrap_or_default().into_iter().filter(|raw| {
        let outer = Fields::parse(raw.get());
        let inner = outer.as_ref().and_then(|outer| outer.object("action"));
        let requestor = inner.or(outer).and_then(|action| action.text("requestor"));
        requestor.as_deref() != Some(USER)
    });
    all.filter_map(|raw| expected::calls(raw.get())).flatten().collect()
}

/// True for a simulation that stands alone.
pub(super) fn is_simulation(row: &Fields<'_>) -> bool {
    row.has("taskid") && row.has("messages") && (row.has("terminationreason") || row.has("rewardinfo"))
}

/// True for a results file whose simulations are beside it.
pub(super) fn is_results(row: &Fields<'_>) -> bool {
    row.has("tasks") && row.has("info") && !row.has("messages")
}

/// Reads a results file that came without simulations of its own, or with them ahead of the rest.
pub(super) fn results(decoder: &mut Decoder<'_, '_>, row: &Fields<'_>) {
    let header = Header::of(row).unwrap_or_default();
    let simulations = row.list("simulations").unwrap_or_default();
    if simulations.is_empty() {
        let message = "a results file without simulations: they are in the files beside it";
        return decoder.problem(ProblemKind::NotARecord, 0, message);
    }
    for raw in simulations {
        simulation(decoder, &header, raw.get());
    }
}

/// Reads one simulation.
pub(super) fn simulation(decoder: &mut Decoder<'_, '_>, header: &Header, text: &str) {
    let Some(row) = Fields::parse(text) else {
        return decoder.problem(ProblemKind::NotARecord, 1, "a simulation that is no object");
    };
    let (Some(id), Some(task)) = (row.text("id"), row.text("taskid")) else {
        return decoder.problem(ProblemKind::NotARecord, 1, "a simulation without an id or a task");
    };
    // A simulation alone in its file is named after itself: that is no source.
    let alone = decoder.stem == id || decoder.stem == task;
    let source = if alone { "tau2".to_owned() } else { decoder.stem.clone() };
    let mut told = Told {
        source: decoder.options.source.clone().unwrap_or(source),
        external_id: Some(id),
        started_at: row.time("starttime").or_else(|| row.time("timestamp")),
        messages: said(&row, header),
        tools: header.tools.clone(),
        ..Told::default()
    };
    facts(&mut told, &row, header);
    let reward = row.object("rewardinfo");
    told.scores = reward.as_ref().map(scores).unwrap_or_default();
    if let Some(value) = reward.as_ref().and_then(|reward| reward.value("reward")) {
        told.gathered.outcome("reward", &value);
    }
    if told.tools.is_empty() {
        told.tools.clone_from(&decoder.options.tools.tools);
    }
    let named = told.source.clone();
    told.tools.iter_mut().for_each(|spec| decoder.options.tools.complete(&named, spec));
    let mut conversation = conversation(told);
    let checks = || reward.as_ref()?.get("actionchecks").map(agent_calls);
    conversation.expected = header.expected.get(&task).cloned().or_else(checks);
    decoder.record(Record::Conversation(Box::new(conversation)));
}

fn facts(told: &mut Told, row: &Fields<'_>, header: &Header) {
    if let Some(domain) = &header.domain {
        told.gathered.member("domain", &domain.as_str().into());
    }
    for (name, key) in
        [("taskid", "task_id"), ("trial", "trial"), ("seed", "seed"), ("terminationreason", "termination_reason")]
    {
        row.value(name).iter().for_each(|value| told.gathered.member(key, value));
    }
    // What a reviewing model said went wrong, kept as it is.
    if let Some(review) = row.value("review").filter(|review| !review.is_null()) {
        told.gathered.outcome("review", &review);
    }
}

/// The messages, with the user's calls apart.
fn said(row: &Fields<'_>, header: &Header) -> Vec<Message> {
    let mut all = Vec::new();
    if let Some(policy) = row.text("policy").or_else(|| header.policy.clone()) {
        all.push(Message::new(Sender::System, policy));
    }
    for raw in row.list("messages").unwrap_or_default() {
        let Some(entry) = Fields::parse(raw.get()) else { continue };
        let inner = entry.list("toolmessages").filter(|_| entry.text("role").as_deref() == Some("tool"));
        for raw in inner.unwrap_or_else(|| vec![raw]) {
            let Some(part) = Fields::parse(raw.get()) else { continue };
            let at = part.time("timestamp").or_else(|| entry.time("timestamp"));
            for mut message in messages(raw.get()).unwrap_or_default() {
                message.at = at;
                let called = message.sender == Sender::User;
                if message.sender == Sender::Tool && message.call_id.is_none() {
                    message.call_id = part.text("id");
                }
                // A turn of the user's that is a call alone says nothing.
                if !called || !message.text.trim().is_empty() {
                    all.push(message);
                }
                if called {
                    all.extend(user_calls(&part).map(|calls| Message { at, ..calls }));
                }
            }
        }
    }
    all
}

/// The calls of a user's turn as a message of the agent `user`.
fn user_calls(part: &Fields<'_>) -> Option<Message> {
    let calls: Vec<Call> = part
        .list("toolcalls")?
        .into_iter()
        .filter_map(|raw| {
            let call = Fields::parse(raw.get())?;
            Some(Call {
                id: call.text("id"),
                tool: call.text("name")?,
                arguments: raw_arguments(call.get("arguments")),
            })
        })
        .collect();
    let mut message = Message::new(Sender::Assistant, "");
    message.calls = calls;
    message.name = Some(USER.to_owned());
    message.aside = true;
    (!message.calls.is_empty()).then_some(message)
}

/// What the reward is made of, check by check.
fn scores(reward: &Fields<'_>) -> Vec<crate::model::score::Score> {
    let mut all = Vec::new();
    let mut add = |name: String, value: Option<Value>, explanation: Option<String>| {
        let fields = Score { value: value.as_ref(), explanation, ..Score::default() };
        all.extend(fields.score(name, "tau2", &ScoreTarget::Conversation));
    };
    add("reward".to_owned(), reward.value("reward"), None);
    if let Some(check) = reward.object("dbcheck") {
        add("db_match".to_owned(), check.value("dbmatch"), None);
    }
    for raw in reward.list("actionchecks").unwrap_or_default() {
        let Some(check) = Fields::parse(raw.get()) else { continue };
        let tool = check.object("action").and_then(|action| action.text("name")).unwrap_or_default();
        add(format!("action.{tool}"), check.value("actionmatch"), None);
    }
    for (list, name, what, said) in [
        ("nlassertions", "nl_assertion", "nlassertion", "met"),
        ("communicatechecks", "communicate", "info", "met"),
        ("envassertions", "env_assertion", "envassertion", "met"),
    ] {
        for raw in reward.list(list).unwrap_or_default() {
            let Some(check) = Fields::parse(raw.get()) else { continue };
            let why = [check.json(what), check.text("justification")];
            let why = why.into_iter().flatten().collect::<Vec<_>>().join(": ");
            add(name.to_owned(), check.value(said), Some(why).filter(|why| !why.is_empty()));
        }
    }
    all
}
