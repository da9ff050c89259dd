//! What undo takes back and what redo brings back, read from the log itself, so that both work after a restart.
//!
//! Invariant: both look at one reviewer's own events only, newest first, and read no further back than they must.

use std::collections::HashSet;

use super::event::{Event, EventBody};

/// The group that an undo takes back: the newest act that can be undone and is not.
///
/// `newest_first` holds the events of one reviewer, newest first in log order.
pub fn undo_target(newest_first: impl IntoIterator<Item = Event>) -> Option<String> {
    let mut undone: HashSet<String> = HashSet::new();
    for event in newest_first {
        if undone.contains(&event.group) {
            continue;
        }
        match event.body {
            EventBody::Undo { undoes } => {
                undone.insert(undoes);
            }
            body if body.undoable() => return Some(event.group),
            _ => {}
        }
    }
    None
}

/// The group of the undo that a redo takes back: the newest that still stands, unless the reviewer acted since.
///
/// A redo is an undo of an undo's group. Acts that cannot be undone (an export) leave the chain as it is.
pub fn redo_target(newest_first: impl IntoIterator<Item = Event>) -> Option<String> {
    let mut undone: HashSet<String> = HashSet::new();
    let mut standing: Vec<Standing> = Vec::new();
    let mut acted = false;
    for event in newest_first {
        let taken_back = undone.contains(&event.group);
        match event.body {
            EventBody::Undo { .. } if taken_back => standing.retain(|undo| undo.target != event.group),
            EventBody::Undo { undoes } => {
                undone.insert(undoes.clone());
                if !acted {
                    standing.push(Standing { group: event.group, target: undoes, of_an_act: false });
                }
            }
            _ if taken_back => {
                for undo in standing.iter_mut().filter(|undo| undo.target == event.group) {
                    undo.of_an_act = true;
                }
            }
            body if body.undoable() => acted = true,
            _ => {}
        }
        match standing.first() {
            Some(newest) if newest.of_an_act => break,
            None if acted => break,
            _ => {}
        }
    }
    standing.into_iter().next().map(|undo| undo.group)
}

/// An undo nothing has taken back so far. Whether it is an undo or a redo shows only when its target turns up.
struct Standing {
    group: String,
    target: String,
    of_an_act: bool,
}

#[cfg(test)]
mod tests;
