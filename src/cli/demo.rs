//! `aftercall demo`: the screen on sample conversations, in a workspace that keeps its labels.
//!
//! Invariant: the demo never touches the user's own workspace, and starting over deletes nothing.

use std::io::Write as _;
use std::ops::ControlFlow;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::error::{CliError, Exit};
use super::output::Output;
use super::screen;
use super::setup::Setup;
use crate::ingest::{ReadOptions, ToolList};
use crate::model::act::{Act, FailedAt, Judgement, Subject};
use crate::model::conversation::Conversation;
use crate::model::correction::{Correction, CorrectionKind};
use crate::model::label::Verdict;
use crate::model::tool::Arguments;
use crate::ops::review;
use crate::ops::workspace::{Identity, ImportOrder, Workspace};
use crate::paths::Places;
use crate::store::{Access, FILE_NAME};
use crate::tui::Start;

/// The sample conversations and their scores, compressed when the program was built.
const FILES: [(&str, &[u8]); 2] = [
    ("conversations.jsonl.gz", include_bytes!(concat!(env!("OUT_DIR"), "/conversations.jsonl.gz"))),
    ("evaluations.jsonl.gz", include_bytes!(concat!(env!("OUT_DIR"), "/evaluations.jsonl.gz"))),
];

/// The tools of the invented shop, with their effects.
const TOOLS: &str = include_str!("../../sample-data/tools.json");

/// What a careful reader says of each conversation; the ones marked are in the demo from the start.
const ANSWERS: &str = include_str!("../../sample-data/answers.json");

/// Who judged those.
const JUDGE: &str = "demo";

/// The codebook that fits the shop.
const PACK: &str = "customer-service";

#[derive(Debug, Deserialize)]
struct Answer {
    conversation_id: String,
    verdict: Verdict,
    mode: Option<String>,
    severity: Option<u8>,
    first_failure: Option<Place>,
    right: Option<Right>,
    note: Option<String>,
    #[serde(default)]
    demo_judged: bool,
}

#[derive(Debug, Deserialize)]
struct Place {
    span_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Right {
    Tool {
        tool: String,
        #[serde(default)]
        arguments: serde_json::Value,
    },
    #[serde(other)]
    Other,
}

/// Runs the command.
pub fn run(named: Option<&Path>, setup: &Setup, fresh: bool, output: &mut Output) -> Result<Exit, CliError> {
    if named.is_some() {
        return Err(CliError::Usage("the demo has its own workspace; leave --workspace out".to_owned()));
    }
    let places = Places::demo(&setup.environment)?;
    places.check_folders()?;
    let root = places.workspace.clone();
    let setup = Setup { places, ..setup.clone() };
    if fresh && root.exists() {
        let kept = set_aside(&root)?;
        output.say(&format!("the old demo workspace is now {}", kept.display()));
    }
    prepare(&setup, output)?;
    let workspace = setup.open(Access::Write, output)?;
    let shown = screen::show(&setup, &workspace, Start::Queue(String::new()));
    drop(workspace);
    let place = root.display();
    output.say(&format!(
        "Your labels are in {place}; `aftercall demo` goes on with them. To export them:\n  aftercall --workspace '{place}' \
         export my-labels --format labels,openai-sft,trl-preference,cases"
    ));
    Ok(screen::told(&shown?, output))
}

/// Moves the demo's folder to a free name beside it.
fn set_aside(root: &Path) -> Result<PathBuf, CliError> {
    let name = |number: u32| root.with_file_name(format!("demo-{number}"));
    let free = (1..=9_999).map(name).find(|path| path.symlink_metadata().is_err()).unwrap_or_else(|| name(0));
    std::fs::rename(root, &free).map_err(|source| CliError::File { path: root.display().to_string(), source })?;
    Ok(free)
}

/// Fills the demo's workspace where it is empty. A fill that was interrupted goes on: importing again changes nothing.
fn prepare(setup: &Setup, output: &mut Output) -> Result<(), CliError> {
    let ready = setup.places.workspace.join("ready");
    if ready.exists() && setup.places.workspace.join(FILE_NAME).exists() {
        return Ok(());
    }
    output.say("preparing the demo");
    let judge = Identity::load(JUDGE, &setup.places.state)?;
    let mut workspace = Workspace::open(&setup.places.workspace, judge, Access::Create)?;
    import(&mut workspace, setup)?;
    review::load_pack(&mut workspace, PACK, setup.now())?;
    let answers: Vec<Answer> = serde_json::from_str(ANSWERS).unwrap_or_default();
    for answer in answers.iter().filter(|answer| answer.demo_judged) {
        judge_as_told(&mut workspace, answer, setup)?;
    }
    let made = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&ready);
    made.and_then(|mut file| file.write_all(b"the sample conversations are imported\n"))
        .map_err(|source| CliError::File { path: ready.display().to_string(), source })
}

fn import(workspace: &mut Workspace, setup: &Setup) -> Result<(), CliError> {
    let failed = |source| CliError::File { path: workspace.root().display().to_string(), source };
    let folder = tempfile::Builder::new().prefix(".sample-").tempdir_in(workspace.root()).map_err(failed)?;
    let mut paths = Vec::new();
    for (name, bytes) in FILES {
        let path = folder.path().join(name);
        std::fs::File::create_new(&path).and_then(|mut file| file.write_all(bytes)).map_err(failed)?;
        paths.push(path);
    }
    let tools = ToolList::parse("tools.json", TOOLS).map_err(|error| CliError::Usage(error.to_string()))?;
    let order = ImportOrder { paths, read: ReadOptions { tools, ..ReadOptions::default() } };
    workspace.import(&order, setup.now(), &mut |_| ControlFlow::Continue(()))?;
    Ok(())
}

fn judge_as_told(workspace: &mut Workspace, answer: &Answer, setup: &Setup) -> Result<(), CliError> {
    let id = workspace.store().resolve(&answer.conversation_id)?;
    if workspace.store().labels(&id)?.iter().any(|label| label.reviewer == JUDGE) {
        return Ok(());
    }
    let Some(conversation) = workspace.store().conversation(&id)? else { return Ok(()) };
    let judgement = judgement(&conversation, answer);
    review::record(workspace, &Act::Judge(judgement), setup.now())?;
    Ok(())
}

fn judgement(conversation: &Conversation, answer: &Answer) -> Judgement {
    let subject = Subject { conversation: conversation.id.clone(), transcript_hash: conversation.transcript_hash() };
    let span = answer.first_failure.as_ref().and_then(|place| place.span_id.as_deref());
    let at = span.and_then(|span| conversation.find_step(span)).map(crate::model::step::Step::pointer);
    let failed = answer.verdict == Verdict::Fail;
    let corrections = match (&at, &answer.right) {
        (Some(at), Some(Right::Tool { tool, arguments })) => vec![(at.clone(), call(tool, arguments))],
        _ => Vec::new(),
    };
    Judgement {
        failed_at: failed.then(|| at.map_or(FailedAt::NoSingleStep, FailedAt::Step)),
        severity: answer.severity,
        modes: answer.mode.iter().cloned().collect(),
        corrections,
        note: answer.note.clone(),
        ..Judgement::new(subject, answer.verdict)
    }
}

fn call(tool: &str, arguments: &serde_json::Value) -> Correction {
    Correction {
        kind: CorrectionKind::Tool,
        tool: Some(tool.to_owned()),
        arguments: Some(Arguments(arguments.to_string().into())),
        alternatives: Vec::new(),
        text: None,
        reason: None,
        schema_ok: None,
        remainder_valid: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answers_can_be_read_and_two_are_judged_from_the_start() {
        let answers: Vec<Answer> = serde_json::from_str(ANSWERS).unwrap();
        let judged: Vec<&Answer> = answers.iter().filter(|answer| answer.demo_judged).collect();
        assert_eq!(judged.len(), 2);
        assert!(judged.iter().any(|answer| answer.verdict == Verdict::Fail && answer.right.is_some()));
        let pack = crate::config::packs::pack(PACK).unwrap();
        for mode in judged.iter().filter_map(|answer| answer.mode.as_deref()) {
            assert!(pack.modes.iter().any(|known| known.key == mode), "{mode}");
        }
    }
}
