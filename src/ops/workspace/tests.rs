//! Opening workspaces.
//!
//! Invariant: each test has a folder of its own.

use super::*;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn identity(folder: &tempfile::TempDir) -> Identity {
    Identity::load("Mara", &folder.path().join("state")).unwrap()
}

#[test]
fn a_device_has_one_id_and_a_workspace_one_key() {
    let folder = tempfile::tempdir().unwrap();
    let one = identity(&folder);
    assert_eq!(one, identity(&folder));
    let root = folder.path().join("w");
    let first = Workspace::open(&root, one.clone(), Access::Create).unwrap();
    let key = first.mask_key();
    assert_ne!(key, [0; 32]);
    assert_eq!(Workspace::open(&root, one.clone(), Access::Write).unwrap().mask_key(), key);
    assert_eq!(Workspace::open(&root, one.clone(), Access::Read).unwrap().mask_key(), key);
    assert_eq!((mode(&root), mode(&root.join(KEY_FILE)), mode(&root.join(FILE_NAME))), (0o700, 0o600, 0o600));
    assert_eq!(first.notices(), [] as [String; 0]);
    fs::write(root.join(KEY_FILE), "no key").unwrap();
    let error = Workspace::open(&root, one, Access::Write).unwrap_err();
    assert_eq!(error.class(), ErrorClass::Refused);
    assert!(error.to_string().contains(KEY_FILE));
}

#[test]
fn names_that_cannot_be_shown_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["", "  ", "a\u{1b}[2J", "a\nb", &"x".repeat(101)] {
        let error = Identity::load(name, folder.path()).unwrap_err();
        assert!(matches!(error, WorkspaceError::Reviewer(_)), "{error}");
        assert!(!error.to_string().contains('\u{1b}'));
    }
}

#[test]
fn what_cannot_be_written_is_read_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("w");
    assert!(matches!(
        Workspace::open(&root, identity(&folder), Access::Write),
        Err(WorkspaceError::Store(StoreError::Missing { .. }))
    ));
    drop(Workspace::open(&root, identity(&folder), Access::Create).unwrap());
    let mut workspace = Workspace::open(&root, identity(&folder), Access::Read).unwrap();
    assert!(workspace.read_only().is_some());
    let refused: Result<Written, StoreError> = workspace.append(Timestamp(0), |_| Ok(Vec::new()));
    assert!(matches!(refused, Err(StoreError::ReadOnly { .. })));
}
