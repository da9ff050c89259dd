//! `aftercall queue`: queues defined, listed, shown, removed.
//!
//! Invariant: a row does not say that it was drawn by lot, nor how likely it failed, before the asking reviewer judged it.

use std::fmt::Write as _;
use std::io::read_to_string;
use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};

use super::args::queue::{NewArguments, QueueArguments, QueueCommand, ShowQueueArguments};
use super::context::{Context, now, resolve};
use super::failure::{Code, Failure};
use super::import::count;
use super::output::Data;
use crate::model::act::Act;
use crate::model::claim::Claimed;
use crate::model::id::ConversationId;
use crate::model::label::{LabelState, Verdict};
use crate::model::queue::{Place, QueueChange, QueueSpec, QueueState};
use crate::ops::door::Door;
use crate::ops::evaluate::EvaluateOrder;
use crate::ops::queue::{self, Preview, ShownRow};
use crate::ops::review;
use crate::ops::workspace::Workspace;
use crate::store::Access;

/// Carries the command out.
pub fn queue(context: &Context, arguments: &QueueArguments) -> Result<Code, Failure> {
    match &arguments.command {
        None => list(context, false),
        Some(QueueCommand::List { json }) => list(context, *json),
        Some(QueueCommand::New(new)) => define(context, new),
        Some(QueueCommand::Show(arguments)) => show(context, arguments),
        Some(QueueCommand::Next { name, json }) => next(context, name, *json),
        Some(QueueCommand::Release { conversation }) => release(context, conversation),
        Some(QueueCommand::Remove { name, json }) => remove(context, name, *json),
    }
}

fn print(value: &impl Serialize) -> Result<(), Failure> {
    let mut data = Data::open();
    data.json(value)?;
    data.finish()
}

fn define(context: &Context, arguments: &NewArguments) -> Result<Code, Failure> {
    if arguments.dry_run {
        let workspace = context.open_to_read()?;
        let spec = spec(context, &workspace, arguments)?;
        let preview = queue::preview(&workspace, &spec, now())?;
        tell(context, &spec, &preview);
        if arguments.json {
            print(&defined(&spec, &preview, false))?;
        }
        return Ok(Code::Done);
    }
    let mut workspace = context.open_to_write(Access::Write)?;
    let spec = spec(context, &workspace, arguments)?;
    let preview = queue::preview(&workspace, &spec, now())?;
    if preview.unevaluated > 0 {
        // The order is learnt from what evaluators say; what none looked at could only come up by lot.
        let filter = queue::unevaluated_of(&spec);
        super::judge::run(context, &mut workspace, &EvaluateOrder { filter, ..EvaluateOrder::default() })?;
    }
    let preview = queue::preview(&workspace, &spec, now())?;
    let saved = review::record(&mut workspace, &Act::Queue(QueueChange::Add(spec.clone())), now())?;
    let added = !saved.group.is_empty();
    if added {
        tell(context, &spec, &preview);
        context.talk.say(&format!("`aftercall review {}` opens it", spec.name));
    } else {
        context.talk.say(&format!("there is a queue {} of this definition already", spec.name));
    }
    if arguments.json {
        print(&defined(&spec, &preview, added))?;
    }
    Ok(Code::Done)
}

/// The definition that was typed.
fn spec(context: &Context, workspace: &Workspace, arguments: &NewArguments) -> Result<QueueSpec, Failure> {
    let listed = arguments.ids.as_deref().map(|file| listed(workspace, file)).transpose()?;
    let rules = (context.config.must_review.clone(), context.config.claim_minutes);
    Ok(arguments.spec(rules, listed.as_deref()))
}

/// The conversations named line by line, each once.
fn listed(workspace: &Workspace, file: &Path) -> Result<Vec<ConversationId>, Failure> {
    let text = if file == Path::new("-") { read_to_string(std::io::stdin()) } else { std::fs::read_to_string(file) };
    let text = text.map_err(|error| Failure::new(Code::Io, format!("{}: {error}", file.display())))?;
    let mut ids = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let id = resolve(workspace, line)?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    if ids.is_empty() {
        return Err(Failure::usage(format!("{} names no conversation; an id a line is expected", file.display())));
    }
    Ok(ids)
}

fn defined(spec: &QueueSpec, preview: &Preview, added: bool) -> Value {
    json!({
        "schema_version": 1, "name": spec.name, "added": added, "strategy": spec.strategy, "seed": spec.seed,
        "matching": preview.matching, "unjudged": preview.unjudged, "asked": preview.asked,
        "unevaluated": preview.unevaluated, "pinned": preview.pinned,
    })
}

fn tell(context: &Context, spec: &QueueSpec, preview: &Preview) {
    let mut line = format!(
        "queue {}: {} to judge of {} ({} not judged yet), {:.0} % by lot",
        spec.name,
        preview.asked,
        count(preview.matching, "conversation"),
        preview.unjudged,
        spec.audit * 100.0
    );
    if preview.pinned > 0 {
        let _ = write!(line, ", {} ahead of any order", preview.pinned);
    }
    if preview.unevaluated > 0 {
        let _ = write!(line, "; {} not evaluated, which come up by lot", preview.unevaluated);
    }
    context.talk.say(&line);
}

fn remove(context: &Context, name: &str, as_json: bool) -> Result<Code, Failure> {
    let mut workspace = context.open_to_write(Access::Write)?;
    let change = QueueChange::Remove { name: name.to_owned() };
    let saved = review::record(&mut workspace, &Act::Queue(change), now())?;
    context.talk.say(&format!("{}; `aftercall undo` brings it back", saved.what));
    if as_json {
        print(&json!({"schema_version": 1, "name": name, "removed": true}))?;
    }
    Ok(Code::Done)
}

fn next(context: &Context, name: &str, as_json: bool) -> Result<Code, Failure> {
    let mut workspace = context.open_to_write(Access::Write)?;
    let next = queue::next(&mut workspace, name, now())?;
    let mut data = Data::open();
    if as_json {
        data.json(&json!({
            "schema_version": 1, "queue": name, "conversation": next.conversation, "until": next.until,
            "held": next.held, "free_at": next.free_at,
        }))?;
    } else if let Some(id) = &next.conversation {
        data.line(id.as_str())?;
    }
    data.finish()?;
    match (&next.conversation, next.until, next.free_at) {
        (Some(id), Some(until), _) => context.talk.say(&format!(
            "yours until {until}; `aftercall label {id} --queue {name} …` judges it, `aftercall queue release` gives it back"
        )),
        (Some(_), None, _) => {}
        (None, _, Some(free)) => context.talk.say(&format!(
            "nothing is free now: {} held by others, the first until {free}",
            count(next.held, "conversation")
        )),
        (None, ..) => context.talk.say("nothing is left to judge here"),
    }
    Ok(Code::Done)
}

fn release(context: &Context, conversation: &str) -> Result<Code, Failure> {
    let mut workspace = context.open_to_write(Access::Write)?;
    let id = super::context::resolve(&workspace, conversation)?;
    match queue::release(&mut workspace, &id, now())? {
        Claimed::Released => context.talk.say(&format!("{id} is given back")),
        _ => context.talk.say(&format!("{id} is not held by you")),
    }
    Ok(Code::Done)
}

/// A queue as it leaves.
fn told(state: &QueueState, door: &Door) -> Result<Value, Failure> {
    let mut value = serde_json::to_value(state)?;
    if let Some(members) = value.as_object_mut() {
        members.shift_insert(0, "schema_version".to_owned(), 1.into());
        for key in ["filter", "must_review"] {
            if let Some(typed) = members.get_mut(key) {
                *typed = door.value(typed);
            }
        }
    }
    Ok(value)
}

fn list(context: &Context, as_json: bool) -> Result<Code, Failure> {
    let (mut workspace, door) = context.open_door(None)?;
    let states = queue::states(&mut workspace)?;
    let mut data = Data::open();
    for state in &states {
        if as_json {
            data.json(&told(state, &door)?)?;
        } else {
            let size = state.spec.size.map_or_else(|| "all".to_owned(), |size| size.to_string());
            let filter = brief(&door.text(&state.spec.filter));
            data.line(
                format!(
                    "{:<20}  {:<14}  {:>5} done  {:>5} left  of {size} in {}  {filter}",
                    state.spec.name, state.spec.strategy, state.done, state.left, state.pool
                )
                .trim_end(),
            )?;
        }
    }
    data.finish()?;
    if states.is_empty() && !as_json {
        context.talk.say("no queues yet; `aftercall queue new NAME` defines one");
    }
    Ok(Code::Done)
}

/// A filter that may name thousands of ids, in a line.
fn brief(filter: &str) -> String {
    let mut short: String = filter.chars().take(80).collect();
    if short.len() < filter.len() {
        short.push_str("...");
    }
    short
}

fn show(context: &Context, arguments: &ShowQueueArguments) -> Result<Code, Failure> {
    let (mut workspace, door) = context.open_door(arguments.unmasked.then_some("queue show"))?;
    let (state, rows) = queue::shown(&mut workspace, (&arguments.name, arguments.limit), now())?;
    let mut data = Data::open();
    if arguments.json {
        let mut value = told(&state, &door)?;
        value["rows"] = rows.iter().map(|row| row_told(row, &door)).collect();
        data.json(&value)?;
    } else {
        for line in header(&state) {
            data.line(&line)?;
        }
        // A place in the queue passes on by one where a slot is drawn by lot; a list has each number once.
        for (at, row) in rows.iter().enumerate() {
            data.line(&line((at + 1, row), &door))?;
        }
    }
    data.finish()?;
    Ok(Code::Done)
}

/// What a queue came to, in lines.
fn header(state: &QueueState) -> Vec<String> {
    let mut lines = vec![format!("{}: {}", state.spec.name, state.words().join(" - "))];
    lines.extend(state.hint());
    lines
}

fn row_told(row: &ShownRow, door: &Door) -> Value {
    let summary = door.summary(&row.summary);
    let open = row.place.as_ref().filter(|_| !row.hidden);
    let slot = row.place.as_ref().filter(|_| row.judged).map(|place| &place.slot);
    json!({
        "id": summary.id, "source": summary.source.exact(), "external_id": summary.external_id.exact(),
        "position": row.place.as_ref().map(|place| place.slot.position), "judged": row.judged,
        "own_verdict": row.summary.own_verdict, "slot": slot.map(|slot| slot.kind),
        "band": open.and_then(|place| place.band), "p_fail": open.and_then(|place| place.p),
        "reasons": open.map(|place| place.why.clone()).unwrap_or_default(),
        "pinned": row.place.as_ref().and_then(|place| Some(door.text(place.pinned.as_ref()?))),
        "held_until": row.place.as_ref().and_then(|place| place.held),
        "first_message": summary.first_message.exact(),
    })
}

fn line((number, row): (usize, &ShownRow), door: &Door) -> String {
    let summary = door.summary(&row.summary);
    let place = row.place.as_ref();
    let mark = match (place, row.judged) {
        (Some(place), true) => place.slot.kind.mark(),
        _ => "-",
    };
    let own = row.summary.own_verdict;
    // What was settled counts, and no longer what oneself said.
    let settled = row.summary.verdict.filter(|_| row.summary.label_state == LabelState::Adjudicated);
    let verdict = own.and(settled).or(own).map_or("-", Verdict::word);
    let open = place.filter(|_| !row.hidden);
    let mut why: Vec<String> = place.and_then(|place| Some(door.text(place.pinned.as_ref()?))).into_iter().collect();
    why.extend(place.and_then(|place| place.held).map(|until| format!("held by another reviewer until {until}")));
    why.extend(open.iter().flat_map(|place| place.told().map(ToOwned::to_owned)));
    let chance = open.map_or_else(String::new, Place::chance);
    let message = summary.first_message.exact().split_whitespace().collect::<Vec<_>>().join(" ");
    let message: String = message.chars().take(50).collect();
    format!(
        "{number:>5}  {mark}  {:<13}  {verdict:<6}  {chance:<6}  {:<44}  {message}",
        summary.id,
        why.join("; ").chars().take(44).collect::<String>(),
    )
}
