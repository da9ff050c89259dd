//! Which files are opened, which are refused, and that a refused one keeps every byte.
//!
//! Invariant: each damage is done to a database made here, or is one of the shared hostile files.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::super::migrate;
use super::super::*;

pub fn store_in(folder: &tempfile::TempDir) -> Store {
    Store::open(&folder.path().join(FILE_NAME), Access::Create).unwrap()
}

fn digest(path: &Path) -> blake3::Hash {
    blake3::hash(&fs::read(path).unwrap())
}

#[test]
fn the_engine_is_one_without_the_log_reset_bug() {
    assert!(rusqlite::version_number() >= 3_051_003);
}

#[test]
fn a_new_workspace_is_private_and_carries_its_marks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/er").join(FILE_NAME);
    let store = Store::open(&path, Access::Create).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    let number = |sql: &str| store.connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(number("PRAGMA application_id"), 0x4146_5443);
    assert_eq!(number("PRAGMA user_version"), migrate::VERSION);
    assert_eq!(number("PRAGMA synchronous"), 2);
    assert_eq!(number("PRAGMA secure_delete"), 1);
    assert_eq!(
        number(
            "SELECT count(*) FROM pragma_table_list WHERE type = 'table' AND strict = 0 AND name NOT LIKE 'sqlite_%'"
        ),
        0
    );
    store.check(migrate::Depth::Full).unwrap();
    let others: Vec<_> = fs::read_dir(path.parent().unwrap()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(others.iter().all(|name| name.to_string_lossy().starts_with(FILE_NAME)), "{others:?}");
    Store::open(&path, Access::Write).unwrap();
    Store::open(&path, Access::Read).unwrap();
}

#[test]
fn hostile_files_are_refused_and_keep_every_byte() {
    let shared = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/hostile/db"));
    if !shared.is_dir() {
        eprintln!("skipped: ../shared is absent");
        return;
    }
    for entry in fs::read_dir(shared).unwrap() {
        let source = entry.unwrap().path();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        fs::write(&path, fs::read(&source).unwrap()).unwrap();
        for access in [Access::Create, Access::Write, Access::Read] {
            let error = Store::open(&path, access).unwrap_err();
            let name = source.file_name().unwrap().to_string_lossy().into_owned();
            let class = error.class();
            assert!(matches!(class, ErrorClass::Refused | ErrorClass::Damaged), "{name}: {error}");
            match &name[..3] {
                "D01" | "D07" => assert!(error.to_string().contains("is not a database"), "{name}: {error}"),
                "D02" => assert!(error.to_string().contains("is an empty file"), "{name}: {error}"),
                "D05" => {}
                _ => assert!(error.to_string().contains("belongs to another application"), "{name}: {error}"),
            }
            assert_eq!(digest(&path), digest(&source), "{name}");
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "{name} left something behind");
        }
    }
}

/// A closed workspace database with something in it.
fn filled(folder: &tempfile::TempDir) -> PathBuf {
    let store = store_in(folder);
    store
        .connection
        .execute_batch(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
             INSERT INTO names SELECT i, printf('a name of some length %d', i) FROM n",
        )
        .unwrap();
    let path = store.path().to_path_buf();
    drop(store);
    path
}

#[test]
fn a_newer_database_is_refused_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(&folder);
    let plain = Connection::open(&path).unwrap();
    plain.pragma_update(None, "user_version", migrate::VERSION + 1).unwrap();
    drop(plain);
    let before = digest(&path);
    let error = Store::open(&path, Access::Create).unwrap_err();
    assert!(error.to_string().contains("made by a newer version"), "{error}");
    assert_eq!(error.class(), ErrorClass::Refused);
    assert_eq!(digest(&path), before);
}

#[test]
fn truncated_and_flipped_databases_are_refused_with_a_way_on() {
    for damage in ["cut", "flip"] {
        let folder = tempfile::tempdir().unwrap();
        let path = filled(&folder);
        let mut bytes = fs::read(&path).unwrap();
        if damage == "cut" {
            bytes.truncate(bytes.len() / 2);
        } else {
            let page = bytes.len() / 4096 / 2 * 4096;
            bytes[page..page + 4096].iter_mut().for_each(|byte| *byte = !*byte);
        }
        fs::write(&path, &bytes).unwrap();
        for access in [Access::Create, Access::Read] {
            let error = Store::open(&path, access).unwrap_err();
            assert_eq!(error.class(), ErrorClass::Damaged, "{damage}: {error}");
            assert!(error.to_string().contains("backup") && error.to_string().contains("aftercall rebuild"));
        }
        assert_eq!(fs::read(&path).unwrap(), bytes, "{damage}");
    }
}

#[test]
fn links_and_folders_are_refused_and_missing_files_stay_missing() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(&folder);
    let link = folder.path().join("link.db");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert!(matches!(Store::open(&link, Access::Write), Err(StoreError::NotARegularFile { .. })));
    assert!(matches!(Store::open(folder.path(), Access::Read), Err(StoreError::NotARegularFile { .. })));
    let missing = folder.path().join("missing.db");
    assert!(matches!(Store::open(&missing, Access::Write), Err(StoreError::Missing { .. })));
    assert!(!missing.exists());
}

#[test]
fn loose_modes_are_tightened_and_reading_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(&folder);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let before = digest(&path);
    let reader = Store::open(&path, Access::Read).unwrap();
    assert!(reader.connection.execute("DELETE FROM names", []).is_err());
    drop(reader);
    assert_eq!(digest(&path), before);
    drop(Store::open(&path, Access::Write).unwrap());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}
