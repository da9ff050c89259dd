//! `aftercall dataset`: versions of datasets, made, shown, compared.
//!
//! Invariant: rows of a sealed test split are told by number only, unless a reason for opening it was written down.

use serde::Serialize;
use serde_json::{Value, json};

use super::args::dataset::{ChangeArguments, DatasetArguments, DatasetCommand};
use super::context::{Context, now, resolve};
use super::failure::{Code, Failure};
use super::import::count;
use super::output::{Data, warn};
use crate::model::dataset::{DatasetRow, DatasetVersion, Difference, Split, TestUse};
use crate::ops::dataset::{self, Choice, DatasetError};
use crate::ops::door::Door;
use crate::ops::workspace::Workspace;
use crate::store::Access;

impl From<DatasetError> for Failure {
    fn from(error: DatasetError) -> Self {
        match error {
            DatasetError::Queue(error) => error.into(),
            DatasetError::Store(error) => error.into(),
            DatasetError::Name(_) | DatasetError::Tag(_) | DatasetError::NoReason => Self::usage(error.to_string()),
            other => Self::new(other.class().into(), other.to_string()),
        }
    }
}

/// Carries the command out.
pub fn dataset(context: &Context, arguments: &DatasetArguments) -> Result<Code, Failure> {
    match &arguments.command {
        None => list(context, false),
        Some(DatasetCommand::List { json }) => list(context, *json),
        Some(DatasetCommand::New { name, pool, kind, json }) => {
            let mut workspace = context.open_to_write(Access::Write)?;
            let choice = Choice::Filter(pool.filter.clone());
            let version = dataset::create(&mut workspace, (name, kind.kind()), &choice, now())?;
            made((context, &workspace), &version, *json)
        }
        Some(DatasetCommand::Add(change)) => {
            let mut workspace = context.open_to_write(Access::Write)?;
            let choice = choice(&workspace, change)?;
            let version = dataset::add(&mut workspace, &change.name, &choice, now())?;
            made((context, &workspace), &version, change.json)
        }
        Some(DatasetCommand::Remove(change)) => {
            let mut workspace = context.open_to_write(Access::Write)?;
            let choice = choice(&workspace, change)?;
            let version = dataset::remove(&mut workspace, &change.name, &choice, now())?;
            made((context, &workspace), &version, change.json)
        }
        Some(DatasetCommand::Show { dataset, open_test, json }) => show(context, dataset, open_test.as_deref(), *json),
        Some(DatasetCommand::Diff { name, from, to, json }) => {
            let workspace = context.open_to_read()?;
            tell_difference(context, &dataset::compare(&workspace, name, [from, to])?, *json)
        }
        Some(DatasetCommand::Tag { dataset, tag, json }) => {
            let mut workspace = context.open_to_write(Access::Write)?;
            let version = dataset::tag(&mut workspace, dataset, tag)?;
            context.talk.say(&format!("{}@{} is tagged {tag}", version.name, version.number));
            if *json {
                print(&json!({"schema_version": 1, "name": version.name, "version": version.number, "tag": tag}))?;
            }
            Ok(Code::Done)
        }
    }
}

fn print(value: &impl Serialize) -> Result<(), Failure> {
    let mut data = Data::open();
    data.json(value)?;
    data.finish()
}

fn choice(workspace: &Workspace, change: &ChangeArguments) -> Result<Choice, Failure> {
    match &change.filter {
        Some(filter) => Ok(Choice::Filter(filter.clone())),
        None => {
            change.conversations.iter().map(|text| resolve(workspace, text)).collect::<Result<_, _>>().map(Choice::Ids)
        }
    }
}

/// What a version is, without its rows. What was typed to choose them may name a customer.
fn head(version: &DatasetVersion, door: &Door) -> Value {
    let splits: serde_json::Map<String, Value> =
        version.splits().into_iter().map(|(split, rows)| (split.word().to_owned(), rows.into())).collect();
    json!({
        "schema_version": 1, "name": version.name, "version": version.number, "kind": version.kind,
        "made_by": door.knowing_version(version).text(&version.made_by), "reviewer": version.reviewer, "at": version.at, "rows": version.rows.len(),
        "splits": splits, "left_out": version.left_out, "codebook_version": version.codebook.version,
        "near_duplicates": version.near_duplicates, "bridges": version.bridges, "events_head": version.events_head,
    })
}

fn row(row: &DatasetRow) -> Value {
    let first = row.first_failure();
    json!({
        "conversation_id": row.conversation, "transcript_hash": row.transcript_hash, "verdict": row.verdict,
        "step": first.map(|at| at.step), "span_id": first.and_then(|at| at.span_id.clone()),
        "label_events": row.events(), "codebook_version": row.codebook_version, "reviewers": row.reviewers(),
        "agreement": row.agreement, "inclusion_probability": row.inclusion_probability, "group_key": row.group,
        "split": row.split, "since": row.since,
    })
}

fn tell_head(context: &Context, version: &DatasetVersion) {
    let talk = context.talk;
    let splits: Vec<String> =
        version.splits().into_iter().map(|(split, rows)| format!("{} {rows}", split.word())).collect();
    let rows = count(version.rows.len() as u64, "row");
    talk.say(&format!("{}@{}: {rows} ({})", version.name, version.number, splits.join(", ")));
    for (reason, number) in &version.left_out {
        talk.say(&format!("  {number} left out: {reason}"));
    }
    let (inside, across): (Vec<_>, Vec<_>) = version.near_duplicates.iter().partition(|pair| pair.across.is_none());
    if !inside.is_empty() {
        let pairs = count(inside.len() as u64, "pair");
        talk.say(&format!("  {pairs} of near duplicates, each within one split"));
    }
    for pair in across {
        let Some((a, b)) = pair.across else { continue };
        talk.say(&format!(
            "  look at {} ({}) and {} ({}): {:.0} % the same, in different splits",
            pair.a,
            a.word(),
            pair.b,
            b.word(),
            pair.similarity * 100.0
        ));
    }
    for bridge in &version.bridges {
        let where_to = if bridge.across_splits { "in different splits" } else { "in one split" };
        talk.say(&format!(
            "  {} makes groups one that were apart ({} and {}, {where_to}); it joined the oldest",
            bridge.conversation,
            bridge.joined,
            bridge.others.join(", ")
        ));
    }
}

fn made((context, workspace): (&Context, &Workspace), version: &DatasetVersion, json: bool) -> Result<Code, Failure> {
    tell_head(context, version);
    let overlaps = dataset::overlaps(workspace, version)?;
    for one in &overlaps {
        let other = format!("{}@{}", one.dataset, one.version);
        if one.sealed_there > 0 {
            let rows = count(one.sealed_there, "row");
            warn(&format!(
                "sealed in the test split of {other}: {rows} of train and dev. An export leaves them out unless \
                 --open-test gives a reason; `dataset remove` takes them out"
            ));
        }
        if one.open_there > 0 {
            let rows = count(one.open_there, "row");
            warn(&format!(
                "in train or dev of {other}: {rows} of the test split. What is learnt from it has seen them; a version of \
                 it made from now on leaves them out of exports"
            ));
        }
    }
    if json {
        let mut value = head(version, &Door::masked(workspace));
        value["overlaps"] = json!(overlaps);
        print(&value)?;
    }
    Ok(Code::Done)
}

fn show(context: &Context, reference: &str, reason: Option<&str>, json: bool) -> Result<Code, Failure> {
    let version = match reason {
        None => dataset::find(&context.open_to_read()?, reference)?,
        Some(reason) => {
            let mut workspace = context.open_to_write(Access::Write)?;
            let version = dataset::find(&workspace, reference)?;
            warn_of_repeat(dataset::open_test(&mut workspace, &version, ("show", reason), now())?);
            version
        }
    };
    let sealed = |row: &&DatasetRow| reason.is_some() || row.split != Split::Test;
    let shown: Vec<&DatasetRow> = version.rows.iter().filter(sealed).collect();
    let hidden = version.rows.len() - shown.len();
    if json {
        let workspace = context.open_to_read()?;
        let door = Door::masked(&workspace);
        let mut value = head(&version, &door);
        value["rows"] = shown.iter().map(|one| row(one)).collect();
        value["sealed_rows"] = hidden.into();
        value["tags"] = workspace.store().dataset_tags(&version.name)?.into_iter().collect::<serde_json::Value>();
        let uses = workspace.store().test_uses(&version.name)?.into_iter();
        let uses = uses.map(|used| TestUse { reason: door.text(&used.reason), ..used });
        value["test_uses"] = json!(uses.collect::<Vec<_>>());
        print(&value)?;
        return Ok(Code::Done);
    }
    tell_head(context, &version);
    let mut data = Data::open();
    for row in shown {
        let at = row.first_failure().map_or_else(String::new, |at| format!(" step {}", at.step));
        data.line(&format!(
            "{}  {:5}  {:6}{at}  {} by {}",
            row.conversation,
            row.split.word(),
            row.verdict.word(),
            row.agreement,
            row.reviewers().join(", ")
        ))?;
    }
    data.finish()?;
    if hidden > 0 {
        let rows = count(hidden as u64, "row");
        context.talk.say(&format!("{rows} of the test split are sealed; --open-test REASON shows them, recorded"));
    }
    Ok(Code::Done)
}

/// Says so where a test split was opened before.
pub fn warn_of_repeat(before: usize) {
    if before > 0 {
        let times = count(before as u64, "time");
        warn(&format!(
            "the test split was opened {times} before; what is chosen by its results is not measured by it any more"
        ));
    }
}

fn tell_difference(context: &Context, (found, sealed): &(Difference, u64), json: bool) -> Result<Code, Failure> {
    #[derive(Serialize)]
    struct Answer<'a> {
        schema_version: u32,
        /// Rows of the test split that differ; which ones stays sealed.
        sealed: u64,
        #[serde(flatten)]
        difference: &'a Difference,
    }
    if json {
        print(&Answer { schema_version: 1, sealed: *sealed, difference: found })?;
        return Ok(Code::Done);
    }
    let mut data = Data::open();
    for id in &found.added {
        data.line(&format!("+ {id}"))?;
    }
    for id in &found.removed {
        data.line(&format!("- {id}"))?;
    }
    for changed in &found.changed {
        data.line(&format!("~ {}  {}", changed.conversation, changed.what.join(", ")))?;
    }
    data.finish()?;
    let (added, removed, changed) = (found.added.len(), found.removed.len(), found.changed.len());
    context.talk.say(&format!("{added} added, {removed} removed, {changed} changed"));
    if *sealed > 0 {
        let rows = count(*sealed, "row");
        context
            .talk
            .say(&format!("{rows} of the sealed test split differ too; `dataset show --open-test REASON` opens it"));
    }
    Ok(Code::Done)
}

fn list(context: &Context, json: bool) -> Result<Code, Failure> {
    let workspace = context.open_to_read()?;
    let (found, door) = (dataset::list(&workspace)?, Door::masked(&workspace));
    let mut data = Data::open();
    for (version, tags) in &found {
        if json {
            let mut value = head(version, &door);
            value["tags"] = tags.iter().cloned().collect::<Value>();
            data.json(&value)?;
            continue;
        }
        let tags: Vec<String> = tags.iter().map(|(tag, number)| format!("{tag}@{number}")).collect();
        let rows = count(version.rows.len() as u64, "row");
        data.line(&format!("{}@{}  {rows}  {}", version.name, version.number, tags.join(" ")))?;
    }
    data.finish()?;
    if found.is_empty() {
        context.talk.say("no datasets yet: `aftercall dataset new NAME --where FILTER` makes one from settled labels");
    }
    Ok(Code::Done)
}
