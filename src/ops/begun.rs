//! What was begun and not saved, in a small file of the reviewer's own beside the database.
//!
//! Invariant: only its owner can read the file, and a crash leaves the old one or the new one, never half of one.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;

use super::workspace::Workspace;
use crate::model::begun::{Changes, Drawer};
use crate::store::journal::folder_name;

/// Longer files are none of ours.
const LONGEST: u64 = 64 * 1024 * 1024;

/// Why what was begun cannot be kept or found again.
#[derive(Debug, thiserror::Error)]
pub enum BegunError {
    /// The file system.
    #[error("what you begin cannot be kept in {}: {source}; save it before you leave", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file holds something else.
    #[error("what was begun the last time cannot be read; the file is now {}", path.display())]
    Unreadable {
        /// Where it was put.
        path: PathBuf,
    },
}

/// What was begun on this device and not saved.
///
/// # Errors
/// The file cannot be read; one that holds something else is set aside.
pub fn read(workspace: &Workspace) -> Result<Drawer, BegunError> {
    let path = file(workspace);
    let failed = |source| BegunError::Io { path: path.clone(), source };
    let found = match fs::File::open(&path) {
        Ok(found) => found,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Drawer::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut text = Vec::new();
    found.take(LONGEST).read_to_end(&mut text).map_err(failed)?;
    if let Ok(drawer) = serde_json::from_slice(&text) {
        return Ok(drawer);
    }
    let aside = path.with_extension("unreadable");
    fs::rename(&path, &aside).map_err(failed)?;
    Err(BegunError::Unreadable { path: aside })
}

/// Puts changes into the file. What another window of the same reviewer keeps there stays.
///
/// # Errors
/// The file cannot be read or written; then it is as it was.
pub fn keep(workspace: &Workspace, changes: &Changes) -> Result<(), BegunError> {
    let mut drawer = read(workspace)?;
    for (key, begun) in changes {
        match begun {
            Some(begun) => drop(drawer.insert(key.clone(), begun.clone())),
            None => drop(drawer.remove(key)),
        }
    }
    let path = file(workspace);
    let written = if drawer.is_empty() {
        fs::remove_file(&path).or_else(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        })
    } else {
        serde_json::to_vec(&drawer).map_err(Into::into).and_then(|text| {
            // A file of this kind is private from its first byte on.
            let mut fresh = tempfile::NamedTempFile::new_in(workspace.root())?;
            fresh.write_all(&text)?;
            fresh.as_file().sync_data()?;
            fresh.persist(&path).map(drop).map_err(|error| error.error)
        })
    };
    written.map_err(|source| BegunError::Io { path, source })
}

fn file(workspace: &Workspace) -> PathBuf {
    let identity = workspace.identity();
    workspace.root().join(format!("begun-{}.json", folder_name(&identity.reviewer, &identity.device)))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::model::begun::Begun;
    use crate::ops::workspace::Identity;
    use crate::store::Access;

    #[test]
    fn what_was_begun_is_private_and_goes_with_its_last_piece() {
        let folder = tempfile::tempdir().unwrap();
        let open = |name: &str| {
            let identity = Identity::load(name, &folder.path().join("state")).unwrap();
            Workspace::open(&folder.path().join("w"), identity, Access::Create).unwrap()
        };
        let (lee, sam) = (open("lee"), open("sam"));
        let text = |text: &str| Some(Begun::Text(text.to_owned()));
        keep(&lee, &Changes::from([("a".to_owned(), text("one")), ("b".to_owned(), text("two"))])).unwrap();
        keep(&lee, &Changes::from([("a".to_owned(), None)])).unwrap();
        assert_eq!(read(&lee).unwrap(), Drawer::from([("b".to_owned(), Begun::Text("two".to_owned()))]));
        assert!(read(&sam).unwrap().is_empty(), "everybody has a file of their own");
        let path = file(&lee);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::write(&path, "{\"half").unwrap();
        assert!(read(&lee).unwrap_err().to_string().contains(".unreadable"));
        assert!(read(&lee).unwrap().is_empty());
        keep(&lee, &Changes::from([("b".to_owned(), text("two"))])).unwrap();
        keep(&lee, &Changes::from([("b".to_owned(), None)])).unwrap();
        assert!(!path.exists());
    }
}
