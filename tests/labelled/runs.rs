//! Reads agent runs with known outcomes for measurements: tau-bench result files and annotated crew logs.
//!
//! Invariant: what a run's outcome is never reaches the conversation, only the answer beside it.

#![allow(dead_code, reason = "each user of the file needs a part of it")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use aftercall::model::conversation::Conversation;
use aftercall::model::id::{ConversationId, SpanRef};
use aftercall::model::step::{Role, Step, StepContent, ToolResult};
use aftercall::model::summary::Segments;
use aftercall::model::tool::{Arguments, Effect, ExpectedCall, ToolSpec};
use serde_json::{Map, Value};

/// A run with what is known of it.
pub struct Run {
    /// The conversation.
    pub conversation: Conversation,
    /// Trials of one task share a group: they are not independent.
    pub group: String,
    /// True where the outcome was bad.
    pub failed: bool,
    /// The step (from 1) an annotator named as the decisive one.
    pub decisive: Option<u32>,
    /// Messages of the run, for the trivial baseline.
    pub messages: usize,
}

/// The folder of optional data beside the repository.
pub fn shared() -> Option<PathBuf> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared"));
    if folder.is_dir() {
        return Some(folder.to_owned());
    }
    eprintln!("skipped: ../shared is absent");
    None
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| if value.is_null() { String::new() } else { value.to_string() }, str::to_owned)
}

/// An empty conversation.
pub fn empty(source: &str, external: &str) -> Conversation {
    Conversation {
        id: ConversationId::derive(source, external),
        source: source.into(),
        external_id: external.into(),
        segments: Segments::default(),
        system: Vec::new(),
        steps: Vec::new(),
        spans: Vec::new(),
        tools: Vec::new(),
        scores: Vec::new(),
        expected: None,
        outcomes: BTreeMap::new(),
        attributes: Map::new(),
        resource: Map::new(),
    }
}

/// Appends a step with a span of its own.
pub fn push(conversation: &mut Conversation, content: StepContent, agent: Option<&str>) {
    let number = conversation.steps.len() as u32 + 1;
    let span = SpanRef::synthesise(&conversation.id, "step", number as usize);
    conversation.steps.push(Step {
        number,
        message: number,
        content,
        agent: agent.map(Into::into),
        depth: 0,
        at: None,
        span: Some(span),
        decision: None,
        speech: None,
    });
}

/// Runs of a tau-bench result file; tools and effects from the files beside it.
pub fn tau(shared: &Path, file: &str, domain: &str) -> Vec<Run> {
    let data = shared.join("data");
    let effects: toml::Table = toml::from_str(&std::fs::read_to_string(data.join("effects.toml")).unwrap()).unwrap();
    let effects = effects[domain].as_table().unwrap();
    let tools: Vec<ToolSpec> = json(&data.join(format!("tau-bench/{domain}-tools.json")))
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| {
            let function = tool.get("function").unwrap_or(tool);
            let name = text(&function["name"]);
            let effect = match effects.get(&name).and_then(|effect| effect.as_str()) {
                Some("irreversible") => Effect::Irreversible,
                Some("write") => Effect::Write,
                _ => Effect::Read,
            };
            ToolSpec {
                description: text(&function["description"]).into(),
                parameters: Some(function["parameters"].to_string().into()),
                name: name.into(),
                effect,
                effect_guessed: false,
            }
        })
        .collect();
    json(&data.join("tau-bench").join(file))
        .as_array()
        .unwrap()
        .iter()
        .map(|run| tau_run(run, domain, &tools))
        .collect()
}

fn tau_run(run: &Value, domain: &str, tools: &[ToolSpec]) -> Run {
    let group = run["task_id"].to_string();
    let mut conversation = empty(domain, &format!("{group}/{}", run["trial"]));
    conversation.tools = tools.to_vec();
    let task = &run["info"]["task"];
    conversation.expected = task["actions"].as_array().map(|actions| {
        let call = |action: &Value| ExpectedCall {
            tool: text(&action["name"]).into(),
            arguments: Arguments(action["kwargs"].to_string().into()),
        };
        actions.iter().map(call).collect()
    });
    if !task["outputs"].is_null() {
        conversation.attributes.insert("expected_outputs".to_owned(), task["outputs"].clone());
    }
    let messages = run["traj"].as_array().unwrap();
    for (at, message) in messages.iter().enumerate() {
        let said = text(&message["content"]);
        match message["role"].as_str() {
            Some("system") => conversation.system.push(said.into()),
            Some("user") => {
                push(
                    &mut conversation,
                    StepContent::Message { role: Role::User, text: said.into(), reasoning: None },
                    None,
                );
            }
            Some("assistant") => {
                if !said.is_empty() {
                    let content = StepContent::Message { role: Role::Assistant, text: said.into(), reasoning: None };
                    push(&mut conversation, content, None);
                }
                for (nth, call) in message["tool_calls"].as_array().into_iter().flatten().enumerate() {
                    let result = messages.get(at + 1 + nth).filter(|next| next["role"] == "tool");
                    let result = result.map(|next| text(&next["content"]));
                    let result = result.map(|text| ToolResult { failed: text.starts_with("Error"), text: text.into() });
                    let content = StepContent::ToolCall {
                        tool: text(&call["function"]["name"]).into(),
                        arguments: Arguments(text(&call["function"]["arguments"]).into()),
                        call_id: None,
                        result,
                    };
                    push(&mut conversation, content, None);
                }
            }
            _ => {}
        }
    }
    Run { conversation, group, failed: run["reward"].as_f64().unwrap() < 0.5, decisive: None, messages: messages.len() }
}

/// Annotated logs of crews.
pub fn crews(shared: &Path) -> Vec<Run> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(shared.join("data/who-and-when"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    files
        .iter()
        .map(|path| {
            let log = json(path);
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let mut conversation = empty("who-and-when", &name);
            let history = log["history"].as_array().unwrap();
            for message in history {
                let agent = message["name"].as_str().or(message["role"].as_str());
                let content = StepContent::Message {
                    role: Role::Assistant,
                    text: text(&message["content"]).into(),
                    reasoning: None,
                };
                push(&mut conversation, content, agent);
            }
            let decisive = text(&log["mistake_step"]).parse::<u32>().ok().map(|step| step + 1);
            Run { conversation, group: text(&log["question_ID"]), failed: true, decisive, messages: history.len() }
        })
        .collect()
}
