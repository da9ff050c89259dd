//! The next version of a dataset: which rows go in, and where each has its place.
//!
//! Invariant: what was placed once keeps its group and split in every later version, also when it was taken out between.

use std::collections::{BTreeMap, BTreeSet};

use crate::dataset::family::{Sketch, near_duplicates, text_of};
use crate::dataset::item::{Unsettled, agreement, settle};
use crate::dataset::split::{Member, Placed, choose_salt, place};
use crate::model::codebook::Codebook;
use crate::model::conversation::Conversation;
use crate::model::dataset::{DatasetRow, DatasetVersion, Frame, Frozen, Kind, NearDuplicate, Split};
use crate::model::id::ConversationId;
use crate::model::label::inclusion_probability;
use crate::model::time::Timestamp;
use crate::store::{Covered, StoreError};

use super::super::evaluate::names::unheard;
use super::super::workspace::Workspace;
use super::{Choice, DatasetError, customer, opening, task};

/// A conversation that goes in, not placed yet.
struct Candidate {
    row: DatasetRow,
    sketch: Sketch,
    stratum: String,
    is_new: bool,
}

/// The next version: the rows of `version` and what `choice` adds or renews.
pub(super) fn grow(
    workspace: &mut Workspace,
    mut version: DatasetVersion,
    choice: &Choice,
    (made_by, now): (String, Timestamp),
) -> Result<DatasetVersion, DatasetError> {
    let ids = choice.ids(workspace, now)?;
    let codebook = workspace.store().codebook()?;
    let mut old: BTreeMap<ConversationId, DatasetRow> =
        version.rows.iter().map(|row| (row.conversation.clone(), row.clone())).collect();
    version.left_out = BTreeMap::new();
    let mut fresh = Vec::new();
    let mut renewed = 0;
    let covered = workspace.store().covered(workspace.reviewer())?;
    for id in &ids {
        match candidate(workspace, (id, &covered), version.kind, &codebook)? {
            Ok((mut row, frame)) => {
                version.frames.insert(frame.key(), frame);
                if let Some(before) = old.get_mut(id) {
                    (row.group, row.split, row.since) = (before.group.clone(), before.split, before.since);
                    row.keys = std::mem::take(&mut before.keys).into_iter().chain(row.keys).collect();
                    row.keys.sort();
                    row.keys.dedup();
                    if row != *before {
                        renewed += 1;
                    }
                    *before = row;
                } else {
                    fresh.push(row);
                }
            }
            Err(reason) => *version.left_out.entry(reason.to_owned()).or_default() += 1,
        }
    }
    let back = placed_before(workspace, &version, &fresh)?;
    version.rows = old.into_values().collect();
    if renewed == 0 && fresh.is_empty() {
        let reasons: Vec<String> =
            version.left_out.iter().map(|(reason, count)| format!("{count} × {reason}")).collect();
        let why = match (ids.is_empty(), reasons.is_empty()) {
            (true, _) => match choice {
                Choice::Filter(filter) => {
                    format!("no conversation matches{}", unheard(workspace.store(), filter)?)
                }
                Choice::Ids(_) => "no conversation matches".to_owned(),
            },
            (false, true) => "they are all in it, with the labels they have now".to_owned(),
            (false, false) => format!("of {} conversations, {}", ids.len(), reasons.join("; ")),
        };
        return Err(DatasetError::Nothing(why));
    }
    version.codebook = codebook;
    put_in(workspace, &mut version, (fresh, &back))?;
    store(workspace, version, (made_by, now))
}

/// Where rows that come back had their place in the newest of the versions that held them.
fn placed_before(
    workspace: &Workspace,
    version: &DatasetVersion,
    fresh: &[DatasetRow],
) -> Result<BTreeMap<ConversationId, Placed>, DatasetError> {
    let mut wanted: BTreeSet<&ConversationId> = fresh.iter().map(|row| &row.conversation).collect();
    let mut found = BTreeMap::new();
    for number in (1..version.number).rev() {
        if wanted.is_empty() {
            break;
        }
        let Some(earlier) = workspace.store().dataset(&version.name, number)? else { continue };
        for row in earlier.rows {
            if wanted.remove(&row.conversation) {
                let placed = Placed { group: row.group, split: row.split, since: row.since };
                found.insert(row.conversation, placed);
            }
        }
    }
    Ok(found)
}

/// Places fresh rows among those of a version.
fn put_in(
    workspace: &Workspace,
    version: &mut DatasetVersion,
    (fresh, back): (Vec<DatasetRow>, &BTreeMap<ConversationId, Placed>),
) -> Result<(), DatasetError> {
    let is_first = version.number == 0;
    let mut all = Vec::new();
    let marked = version.rows.drain(..).map(|row| (row, false)).chain(fresh.into_iter().map(|row| (row, true)));
    for (mut row, mut is_new) in marked {
        if let Some(placed) = back.get(&row.conversation).filter(|_| is_new) {
            (row.group, row.split, row.since) = (placed.group.clone(), placed.split, placed.since);
            is_new = false;
        }
        let conversation = workspace.store().conversation(&row.conversation)?;
        let text = conversation.as_ref().map(|content| text_of(content, row.steps as usize)).unwrap_or_default();
        let intent = conversation.and_then(|content| content.segments.intent).unwrap_or_default();
        let stratum = format!("{} {}", row.verdict.word(), intent.exact());
        all.push(Candidate { row, sketch: Sketch::of(&text), stratum, is_new });
    }
    let sketches: Vec<Sketch> = all.iter().map(|one| one.sketch.clone()).collect();
    let near = near_duplicates(&sketches);
    let pairs: Vec<(usize, usize)> = near.iter().map(|(a, b, _)| (*a, *b)).collect();
    let members: Vec<Member> = all.iter().map(member).collect();
    if is_first {
        version.salt = choose_salt(&members, &pairs);
    }
    let (placed, bridges) = place(version.salt, version.number + 1, &members, &pairs);
    for (one, placed) in all.iter_mut().zip(placed) {
        (one.row.group, one.row.split, one.row.since) = (placed.group, placed.split, placed.since);
    }
    version.near_duplicates = near
        .into_iter()
        .map(|(a, b, similarity)| {
            let (a, b) = (&all[a].row, &all[b].row);
            NearDuplicate {
                a: a.conversation.clone(),
                b: b.conversation.clone(),
                similarity: (similarity * 1_000.0).round() / 1_000.0,
                across: (a.split != b.split).then_some((a.split, b.split)),
            }
        })
        .collect();
    version.bridges = bridges;
    version.rows = all.into_iter().map(|one| one.row).collect();
    version.rows.sort_by(|a, b| a.conversation.cmp(&b.conversation));
    Ok(())
}

fn member(one: &Candidate) -> Member {
    let placed = Placed { group: one.row.group.clone(), split: one.row.split, since: one.row.since };
    Member {
        conversation: one.row.conversation.clone(),
        keys: one.row.keys.clone(),
        stratum: one.stratum.clone(),
        placed: (!one.is_new).then_some(placed),
    }
}

pub(super) fn store(
    workspace: &mut Workspace,
    mut version: DatasetVersion,
    (made_by, now): (String, Timestamp),
) -> Result<DatasetVersion, DatasetError> {
    let used: BTreeSet<&String> = version.rows.iter().filter_map(|row| Some(&row.frozen.as_ref()?.frame)).collect();
    version.frames = std::mem::take(&mut version.frames).into_iter().filter(|(key, _)| used.contains(key)).collect();
    version.number += 1;
    version.made_by = made_by;
    version.at = now;
    workspace.reviewer().clone_into(&mut version.reviewer);
    version.events_head = workspace.store().log().head()?;
    if workspace.store_mut().put_dataset(&version)? { Ok(version) } else { Err(DatasetError::Overtaken(version.name)) }
}

/// A conversation as a row without a place, with what the agent was given, or why it does not go in.
fn candidate(
    workspace: &Workspace,
    (id, covered): (&ConversationId, &Covered),
    kind: Kind,
    codebook: &Codebook,
) -> Result<Result<(DatasetRow, Frame), &'static str>, StoreError> {
    let labels = workspace.store().labels(id)?;
    if labels.is_empty() {
        return Ok(Err("not labelled"));
    }
    if covered.waits(id) {
        return Ok(Err(Unsettled::waiting(&labels).reason()));
    }
    let Some(content) = workspace.store().conversation(id)? else { return Ok(Err("not stored any more")) };
    let transcript_hash = content.transcript_hash();
    let (verdict, labels) = match settle(&labels, &transcript_hash) {
        Ok(settled) => settled,
        Err(why) => return Ok(Err(why.reason())),
    };
    if !kind.takes(verdict) {
        return Ok(Err(match verdict {
            crate::model::label::Verdict::Pass => "good, and the dataset takes bad ones",
            crate::model::label::Verdict::Fail => "bad, and the dataset takes good ones",
            crate::model::label::Verdict::Unsure => "nobody could tell whether it is right",
        }));
    }
    let keys = keys(workspace, &content);
    let steps = content.steps.len() as u32;
    let frame = Frame { system: content.system, tools: content.tools };
    let frozen = Frozen {
        frame: frame.key(),
        segments: content.segments,
        expected: content.expected,
        attributes: content.attributes,
        resource: content.resource,
    };
    let row = DatasetRow {
        conversation: id.clone(),
        transcript_hash,
        steps,
        verdict,
        agreement: agreement(&labels).to_owned(),
        inclusion_probability: inclusion_probability(&labels),
        labels,
        scores: content.scores,
        outcomes: content.outcomes,
        frozen: Some(frozen),
        keys,
        group: String::new(),
        split: Split::Train,
        codebook_version: codebook.version,
        since: 0,
    };
    Ok(Ok((row, frame)))
}

/// What a conversation shares with others of its group, under the workspace's key, so that it names nobody.
fn keys(workspace: &Workspace, conversation: &Conversation) -> Vec<String> {
    let key = |what: &str, text: &str| {
        let mut hasher = blake3::Hasher::new_keyed(&workspace.mask_key());
        hasher.update(what.as_bytes()).update(&[0]).update(text.as_bytes());
        format!("{what}:{}", hasher.finalize().to_hex().get(..16).unwrap_or_default())
    };
    let source = conversation.source.exact();
    let mut keys: Vec<String> = [
        customer(conversation).map(|id| key("customer", &format!("{source}\0{id}"))),
        task(conversation).map(|id| key("task", &id)),
        opening(conversation).map(|text| key("opening", &text)),
    ]
    .into_iter()
    .flatten()
    .collect();
    keys.sort();
    keys
}
