//! `aftercall decision`: what is to be changed, by whom, until when, and whether it helped.
//!
//! Invariant: whether it helped is told with its interval, from audit labels, or as too few to tell.

use super::args::session::{AddDecision, DecisionArguments, DecisionCommand, EditDecision};
use super::context::{Context, now, resolve};
use super::failure::{Code, Failure};
use super::output::Data;
use super::session::answer;
use crate::model::act::Act;
use crate::model::decision::{Day, Decision, DecisionChange, DecisionEdit, DecisionKind, DecisionSpec};
use crate::model::id::ConversationId;
use crate::ops::decision::effect;
use crate::ops::door::Door;
use crate::ops::review;
use crate::ops::session::{self, SessionError};
use crate::ops::workspace::Workspace;
use crate::store::Access;

/// Carries the command out.
pub fn decision(context: &Context, arguments: &DecisionArguments) -> Result<Code, Failure> {
    match &arguments.command {
        None => list(context, (false, false), false),
        Some(DecisionCommand::List { all, json, unmasked }) => list(context, (*all, *json), *unmasked),
        Some(DecisionCommand::Add(arguments)) => add(context, arguments),
        Some(DecisionCommand::Edit(arguments)) => edit(context, arguments),
        Some(DecisionCommand::Close { id, reason, json }) => {
            let (decision, reason) = (id.clone(), reason.clone());
            save(context, DecisionChange::Close { decision, reason }, *json)
        }
        Some(DecisionCommand::Reopen { id, json }) => {
            save(context, DecisionChange::Reopen { decision: id.clone() }, *json)
        }
        Some(DecisionCommand::Show { id, json, unmasked }) => show(context, id, (*json, *unmasked)),
    }
}

fn ids(workspace: &Workspace, names: &[String]) -> Result<Vec<ConversationId>, Failure> {
    names.iter().map(|name| resolve(workspace, name)).collect()
}

fn add(context: &Context, AddDecision { text, kind, rest }: &AddDecision) -> Result<Code, Failure> {
    let workspace = context.open_to_read()?;
    // Empty is nothing, as it is where a decision is put otherwise.
    let said = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
    let due = match said(&rest.due) {
        Some(text) => Some(Day::parse(&text).ok_or(SessionError::Day(text))?),
        None => None,
    };
    let running = session::book(workspace.store())?.current(workspace.reviewer()).map(|session| session.event.clone());
    let spec = DecisionSpec {
        kind: DecisionKind::parse(kind).unwrap_or_default(),
        text: text.clone(),
        owner: said(&rest.owner),
        due,
        conversations: ids(&workspace, &rest.conversations)?,
        mode: said(&rest.mode),
        session: running,
    };
    drop(workspace);
    save(context, DecisionChange::Add(spec), rest.json)
}

fn edit(context: &Context, EditDecision { id, text, kind, rest }: &EditDecision) -> Result<Code, Failure> {
    let workspace = context.open_to_read()?;
    let edit = DecisionEdit {
        kind: kind.as_deref().and_then(DecisionKind::parse),
        text: text.clone(),
        owner: rest.owner.clone(),
        due: rest.due.clone(),
        conversations: ids(&workspace, &rest.conversations)?,
        mode: rest.mode.clone(),
    };
    drop(workspace);
    if edit == DecisionEdit::default() {
        return Err(Failure::usage(
            "nothing to change; name at least one of --text, --kind, --owner, --due, --mode, --conversation",
        ));
    }
    save(context, DecisionChange::Edit { decision: id.clone(), edit }, rest.json)
}

fn save(context: &Context, change: DecisionChange, as_json: bool) -> Result<Code, Failure> {
    let mut workspace = context.open_to_write(Access::Write)?;
    let before = session::book(workspace.store())?;
    // An id is looked up before the change, since a beginning of it may mean another one afterwards.
    let named = change.decision().map(|id| session::find_decision(&before, id)).transpose()?;
    let saved = review::record(&mut workspace, &Act::Decision(change), now())?;
    let after = session::book(workspace.store())?;
    let event =
        named.map_or_else(|| after.decisions.last().map(|decision| decision.event.clone()), |one| Some(one.event));
    let decision = session::find_decision(&after, event.as_deref().unwrap_or_default())?;
    context.talk.say(&format!("{}: {}; `aftercall undo` takes it back", decision.id, saved.what));
    if as_json {
        let mut data = Data::open();
        data.json(&answer(&session::masked_decision(workspace.store(), &decision, &Door::masked(&workspace))?)?)?;
        data.finish()?;
    }
    Ok(Code::Done)
}

fn list(context: &Context, (all, as_json): (bool, bool), unmasked: bool) -> Result<Code, Failure> {
    let (workspace, door) = context.open_door(unmasked.then_some("decision list"))?;
    let decisions = session::book(workspace.store())?.decisions;
    let name_of = names(&workspace, &door)?;
    let mut data = Data::open();
    let mut shown = 0;
    for decision in decisions.iter().filter(|decision| all || decision.is_open()) {
        shown += 1;
        let decision = session::masked_decision(workspace.store(), decision, &door)?;
        if as_json {
            data.json(&answer(&decision)?)?;
        } else {
            data.line(&line(&decision, &name_of))?;
        }
    }
    data.finish()?;
    if shown == 0 && !as_json {
        context.talk.say("no open decisions; `aftercall decision add TEXT --kind prompt` writes one down");
    }
    Ok(Code::Done)
}

/// A decision in a line; its failure mode has this name by now.
pub(super) fn line(decision: &Decision, name_of: &dyn Fn(&str) -> String) -> String {
    let spec = &decision.spec;
    let state = match Day::of(now()) {
        _ if !decision.is_open() => "closed",
        Some(today) if decision.is_overdue(today) => "late",
        _ => "open",
    };
    let due = spec.due.map_or_else(|| "-".to_owned(), |due| due.to_string());
    let mode = spec.mode.as_ref().map_or_else(String::new, |mode| format!("  [{}]", name_of(mode)));
    format!(
        "{:<8} {state:<6}  {:<9}  {:<12}  {due:<10}  {}{mode}",
        decision.id,
        spec.kind.word(),
        spec.owner.as_deref().unwrap_or("-"),
        spec.text
    )
}

/// The names of failure modes as they are by now, masked as the codebook is: a mode that was renamed keeps its key.
fn names(workspace: &Workspace, door: &Door) -> Result<impl Fn(&str) -> String, Failure> {
    let (codebook, door) = (workspace.store().codebook()?, door.clone());
    Ok(move |key: &str| door.text(codebook.name_of(&codebook.resolve(key))))
}

fn show(context: &Context, id: &str, (as_json, unmasked): (bool, bool)) -> Result<Code, Failure> {
    let (workspace, door) = context.open_door(unmasked.then_some("decision show"))?;
    let book = session::book(workspace.store())?;
    let decision = session::find_decision(&book, id)?;
    let effect = effect(&workspace, &decision, now())?;
    let name_of = names(&workspace, &door)?;
    let decision = session::masked_decision(workspace.store(), &decision, &door)?;
    let mut data = Data::open();
    if as_json {
        let mut value = answer(&decision)?;
        value["effect"] = serde_json::to_value(&effect)?;
        data.json(&value)?;
    } else {
        data.line(&line(&decision, &name_of))?;
        data.line(&format!("made by {} at {}", decision.by, decision.at))?;
        for conversation in &decision.spec.conversations {
            data.line(&format!("answers {conversation}"))?;
        }
        if let Some(closed) = &decision.closed {
            data.line(&format!("closed by {} at {}: {}", closed.by, closed.at, closed.reason))?;
        }
        match (&effect, &decision.spec.mode) {
            (Some(effect), Some(mode)) => data.line(&format!("{}: {}", name_of(mode), effect.words()))?,
            (None, Some(_)) => data.line("whether it helped is told once it is closed")?,
            (_, None) => data.line("it names no failure mode, so that nothing tells whether it helped (--mode)")?,
        }
    }
    data.finish()?;
    Ok(Code::Done)
}
