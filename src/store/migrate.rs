//! Schema versions: numbered steps, appended and never changed once released.
//!
//! Invariant: a database is at one version or the next, never between; before a database with data in it is changed, a
//! copy of it was made and checked.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, MAIN_DB};
use rusqlite_migration::{M, Migrations};

use super::StoreError;

/// The steps, in order; the schema version of a database is how many of them it has seen.
const STEPS: [&str; 8] = [
    include_str!("schema/0001.sql"),
    include_str!("schema/0002.sql"),
    include_str!("schema/0003.sql"),
    include_str!("schema/0004.sql"),
    include_str!("schema/0005.sql"),
    include_str!("schema/0006.sql"),
    include_str!("schema/0007.sql"),
    include_str!("schema/0008.sql"),
];

/// The schema version this program reads and writes.
pub const VERSION: i64 = STEPS.len() as i64;

/// Brings a new, still unnamed database to the newest version.
pub fn create(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    run(connection, path, &STEPS)
}

/// Brings an existing database to the newest version, after making a checked copy beside it. Returns the copy's path.
pub fn upgrade(connection: &mut Connection, path: &Path, found: i64) -> Result<PathBuf, StoreError> {
    upgrade_by(connection, path, (found, &STEPS))
}

/// All steps run in one transaction: killed at any point, the database is the old one or the new one.
fn upgrade_by(connection: &mut Connection, path: &Path, (found, steps): (i64, &[&str])) -> Result<PathBuf, StoreError> {
    let copy = back_up(connection, path, &format!("schema-{found}"))?;
    run(connection, path, steps)?;
    check(connection, path, Depth::Quick)?;
    Ok(copy)
}

fn run(connection: &mut Connection, path: &Path, steps: &[&str]) -> Result<(), StoreError> {
    let migrations = Migrations::new(steps.iter().map(|sql| M::up(sql).foreign_key_check()).collect());
    migrations.to_latest(connection).map_err(|error| match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => StoreError::from_sqlite(path, err),
        other => {
            StoreError::Damaged { path: path.to_path_buf(), detail: format!("the schema could not be made: {other}") }
        }
    })
}

/// How thoroughly to look at a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// The structure of all pages.
    Quick,
    /// The structure, every index against its table, every foreign key, and the full-text index.
    Full,
}

/// Looks a database over.
///
/// # Errors
/// [`StoreError::Damaged`] with the first finding.
pub fn check(connection: &Connection, path: &Path, depth: Depth) -> Result<(), StoreError> {
    let damaged = |detail: String| StoreError::Damaged { path: path.to_path_buf(), detail };
    let ask = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, String>(0));
    let pragma = match depth {
        Depth::Quick => "PRAGMA quick_check(1)",
        Depth::Full => "PRAGMA integrity_check(1)",
    };
    let answer = ask(pragma).map_err(|error| StoreError::from_sqlite(path, error))?;
    if answer != "ok" {
        return Err(damaged(answer));
    }
    if depth == Depth::Full {
        let mut orphans =
            connection.prepare("PRAGMA foreign_key_check").map_err(|error| StoreError::from_sqlite(path, error))?;
        if orphans.exists([]).map_err(|error| StoreError::from_sqlite(path, error))? {
            return Err(damaged("a row points at one that is not there".into()));
        }
        // The full-text check is spelled as a write, which a reader may not do.
        if connection.is_readonly("main").unwrap_or(true) {
            return Ok(());
        }
        connection
            .execute_batch("INSERT INTO conversation_text (conversation_text) VALUES ('integrity-check')")
            .map_err(|error| StoreError::from_sqlite(path, error))?;
    }
    Ok(())
}

/// Copies the database beside itself as `<name>.<tag>.backup`: made under another name, synced, checked, then renamed.
pub fn back_up(connection: &Connection, path: &Path, tag: &str) -> Result<PathBuf, StoreError> {
    let io = |error| StoreError::from_io(path, error);
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{tag}.backup"));
    let target = folder.join(name);
    let temporary = tempfile::Builder::new().prefix(".backup-").suffix(".part").tempfile_in(folder).map_err(io)?;
    connection.backup(MAIN_DB, temporary.path(), None).map_err(|error| StoreError::from_sqlite(path, error))?;
    {
        let copy = Connection::open_with_flags(
            temporary.path(),
            rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY | rusqlite::OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )
        .map_err(|error| StoreError::from_sqlite(temporary.path(), error))?;
        let answer: String = copy
            .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
            .map_err(|error| StoreError::from_sqlite(temporary.path(), error))?;
        if answer != "ok" {
            return Err(StoreError::Damaged { path: path.to_path_buf(), detail: format!("its copy: {answer}") });
        }
    }
    temporary.as_file().sync_all().map_err(io)?;
    temporary.persist(&target).map_err(|error| io(error.error))?;
    super::open::sync_folder(folder)?;
    Ok(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_are_valid_and_end_at_the_version() {
        let migrations = Migrations::new(STEPS.iter().map(|sql| M::up(sql)).collect());
        migrations.validate().unwrap();
        assert_eq!(VERSION, 8);
    }

    #[test]
    fn a_failing_step_leaves_the_old_version_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let mut connection = Connection::open(&path).unwrap();
        run(&mut connection, &path, &["CREATE TABLE a (x) STRICT_; "]).unwrap_err();
        run(&mut connection, &path, &["CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (7)"]).unwrap();
        let steps = [
            "CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (7)",
            "CREATE TABLE b (y INTEGER) STRICT; INSERT INTO b SELECT x FROM missing",
        ];
        run(&mut connection, &path, &steps).unwrap_err();
        let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
        let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap();
        assert_eq!((version, tables), (1, 1));
    }

    #[test]
    fn an_upgrade_leaves_a_checked_copy_of_the_old_version() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let mut connection = Connection::open(&path).unwrap();
        let steps = [
            "CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (7)",
            "ALTER TABLE a ADD COLUMN y INTEGER; UPDATE a SET y = x + 1",
        ];
        run(&mut connection, &path, &steps[..1]).unwrap();
        let copy = upgrade_by(&mut connection, &path, (1, &steps)).unwrap();
        assert_eq!(connection.query_row("SELECT y FROM a", [], |row| row.get::<_, i64>(0)), Ok(8));
        let old = Connection::open(copy).unwrap();
        let version = |connection: &Connection| connection.query_row("PRAGMA user_version", [], |row| row.get(0));
        assert_eq!((version(&old), version(&connection)), (Ok(1_i64), Ok(2_i64)));
        assert!(old.prepare("SELECT y FROM a").is_err());
    }

    #[test]
    fn a_backup_is_a_whole_copy_that_only_its_owner_reads() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let mut connection = Connection::open(&path).unwrap();
        run(&mut connection, &path, &["CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (7)"]).unwrap();
        let copy = back_up(&connection, &path, "schema-1").unwrap();
        assert_eq!(copy, folder.path().join("a.db.schema-1.backup"));
        assert_eq!(std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
        let x: i64 = Connection::open(&copy).unwrap().query_row("SELECT x FROM a", [], |row| row.get(0)).unwrap();
        assert_eq!(x, 7);
    }
}
