//! What an import does beside something else, where the caller has a second thread to lend: it reads ahead of what is
//! stored, and works on the two halves of a batch.
//!
//! Invariant: what is taken, in which order, and what is counted are the same as without that thread; so much is read ahead
//! as a few chunks hold, and no more.

use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::intake::record_size;
use crate::ingest::{Item, ReadSummary, Sink};

/// Carries out both, the first on a thread of its own. False where there is no such thread: then neither was begun.
pub type Beside = fn(&mut (dyn FnMut() + Send), &mut dyn FnMut()) -> bool;

/// How many items a chunk holds, and about how many bytes; whichever is reached first.
const ITEMS: usize = 256;
const BYTES: usize = 1 << 20;

/// How many chunks wait, about as much as is stored at once.
const CHUNKS: usize = 8;

/// Fewer conversations than this are worked on at once.
const FEWEST: usize = 16;

/// Files below this size are read at once.
pub const WORTH_IT: u64 = 1 << 20;

/// Reads items with `read`, which is given the place to put them, beside `take`, which takes them in order and breaks to
/// stop. `None` where nothing can be done beside something else, and nothing was.
pub fn read_ahead<E: Send>(
    beside: Beside,
    read: &(dyn Fn(&mut Sink<'_>) -> Result<ReadSummary, E> + Sync),
    take: &mut Sink<'_>,
) -> Option<Result<ReadSummary, E>> {
    let (entrance, exit) = sync_channel(CHUNKS);
    let (mut entrance, mut exit) = (Some(entrance), Some(exit));
    let mut told = None;
    let mut taken = None;
    let both = beside(
        &mut || {
            let Some(entrance) = entrance.take() else { return };
            let mut chunk = Chunk { entrance, items: Vec::with_capacity(ITEMS), bytes: 0 };
            let summary = read(&mut |item| chunk.add(item));
            let _ = chunk.send();
            told = Some(summary);
        },
        &mut || taken = exit.take().map(|exit| take_all(&exit, take)),
    );
    if !both {
        return None;
    }
    match taken {
        // What was read ahead of the stop does not count.
        Some(taken) if taken.stopped => Some(Ok(taken)),
        _ => told,
    }
}

/// Does the same with each item, with the first half of them beside the second.
pub fn in_halves<T: Send>(beside: Option<Beside>, items: &mut [T], work: &(dyn Fn(&mut T) + Sync)) {
    let middle = items.len() / 2;
    if let Some(beside) = beside.filter(|_| items.len() >= FEWEST) {
        let (first, second) = items.split_at_mut(middle);
        if beside(&mut || first.iter_mut().for_each(work), &mut || second.iter_mut().for_each(work)) {
            return;
        }
    }
    items.iter_mut().for_each(work);
}

/// Takes everything, and counts it as its reader does.
fn take_all(exit: &Receiver<Vec<Item>>, take: &mut Sink<'_>) -> ReadSummary {
    let mut taken = ReadSummary::default();
    for item in exit.iter().flatten() {
        match &item {
            Item::Record(_) | Item::Row(_) => taken.read += 1,
            Item::Label(_) => {}
            Item::Problem(problem) => {
                taken.read += problem.lost;
                taken.skipped += problem.lost;
            }
        }
        if take(item) == ControlFlow::Break(()) {
            taken.stopped = true;
            break;
        }
    }
    taken
}

/// Items on their way.
struct Chunk {
    entrance: SyncSender<Vec<Item>>,
    items: Vec<Item>,
    bytes: usize,
}

impl Chunk {
    fn add(&mut self, item: Item) -> ControlFlow<()> {
        if let Item::Record(record) = &item {
            self.bytes += record_size(record);
        }
        self.items.push(item);
        if self.items.len() >= ITEMS || self.bytes >= BYTES { self.send() } else { ControlFlow::Continue(()) }
    }

    /// Sends what was gathered; breaks where nobody takes it any more.
    fn send(&mut self) -> ControlFlow<()> {
        self.bytes = 0;
        let items = std::mem::replace(&mut self.items, Vec::with_capacity(ITEMS));
        match self.entrance.send(items) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }
}
