//! Where a reviewer was in a workspace, kept between two starts of the screen.
//!
//! Invariant: it is a convenience: whatever is wrong with its file, the screen starts without it.

use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::model::id::ConversationId;
use crate::model::queue::QueueOrder;
use crate::tui::Place;

/// Longer files are none of ours.
const LONGEST: u64 = 64 * 1024;

const ORDERS: [(QueueOrder, &str); 5] = [
    (QueueOrder::Suspicion, "suspicion"),
    (QueueOrder::Newest, "newest"),
    (QueueOrder::Oldest, "oldest"),
    (QueueOrder::Longest, "longest"),
    (QueueOrder::Unjudged, "unjudged"),
];

/// The file for a workspace, in the state folder: a filter may hold personal data and is not for other devices.
fn file(state: &Path, workspace: &Path) -> PathBuf {
    let whole = workspace.canonicalize().unwrap_or_else(|_| workspace.to_owned());
    let name = blake3::hash(whole.as_os_str().as_encoded_bytes()).to_hex();
    state.join("screen").join(format!("{}.json", &name[..24]))
}

/// Where the reviewer was, where that is known.
pub fn read(state: &Path, workspace: &Path) -> Option<Place> {
    let path = file(state, workspace);
    if std::fs::metadata(&path).ok()?.len() > LONGEST {
        return None;
    }
    let value: Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    let order = value["order"].as_str().unwrap_or_default();
    Some(Place {
        queue: value["queue"].as_str().map(ToOwned::to_owned),
        filter: value["filter"].as_str().unwrap_or_default().to_owned(),
        order: ORDERS.iter().find(|(_, word)| *word == order).map_or_else(QueueOrder::default, |(order, _)| *order),
        conversation: value["conversation"].as_str().map(|id| ConversationId::from_stored(id.to_owned())),
        step: value["step"].as_u64().and_then(|step| u32::try_from(step).ok()),
    })
}

/// Keeps where the reviewer is. A file that cannot be written costs nothing but the place.
pub fn write(state: &Path, workspace: &Path, place: &Place) {
    let order = ORDERS.iter().find(|(order, _)| *order == place.order).map_or("suspicion", |(_, word)| word);
    let conversation = place.conversation.as_ref().map(ConversationId::as_str);
    let (filter, step) = (&place.filter, place.step);
    let text =
        json!({ "queue": place.queue, "filter": filter, "order": order, "conversation": conversation, "step": step })
            .to_string();
    // A file cut short by a crash is no JSON, and is taken for none.
    let _ = put(&file(state, workspace), &text);
}

/// Forgets where the reviewer was, for a workspace that starts over.
pub fn forget(state: &Path, workspace: &Path) {
    let _ = std::fs::remove_file(file(state, workspace));
}

fn put(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_comes_back_for_its_workspace_only() {
        let state = tempfile::tempdir().unwrap();
        let place = Place {
            queue: Some("week-47".into()),
            filter: "\"exact words\" verdict:none".to_owned(),
            order: QueueOrder::Longest,
            conversation: Some(ConversationId::from_stored("cabc".to_owned())),
            step: Some(7),
        };
        write(state.path(), Path::new("/data/one"), &place);
        assert_eq!(read(state.path(), Path::new("/data/one")), Some(place));
        assert_eq!(read(state.path(), Path::new("/data/two")), None);
        std::fs::write(file(state.path(), Path::new("/data/one")), "{\"filter\":").unwrap();
        assert_eq!(read(state.path(), Path::new("/data/one")), None);
    }
}
