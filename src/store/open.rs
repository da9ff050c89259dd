//! Opening a database: who may, which files are refused, which settings safety rests on.
//!
//! Invariant: a refused file keeps every byte; nothing is written before the file is known to be ours, whole and of a
//! version this program knows.

use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::migrate::{self, Depth};
use super::{Store, StoreError};

/// The database's name within a workspace folder.
pub const FILE_NAME: &str = "aftercall.db";

/// What marks a SQLite file as ours: the letters "AFTC".
pub const APPLICATION_ID: i32 = 0x4146_5443;

/// The first release of SQLite in which a reset of the write-ahead log loses nothing, as `X * 1,000,000 + Y * 1,000 + Z`.
const OLDEST_ENGINE: i32 = 3_051_003;

/// The page cache of a connection that writes: KiB, which SQLite takes as a negative number.
const WRITERS_CACHE_KIB: i64 = -24 * 1024;

/// How many pages the write-ahead log holds before they are moved into the database: 16 MiB, SQLite's default being 4.
const LOG_PAGES: i64 = 4_000;

/// How long a call waits for another writer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Databases up to this size are looked over whole each time they are opened, as that costs a few milliseconds only.
const ALWAYS_CHECKED: u64 = 4 * 1024 * 1024;

/// What the opener wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// Read and write; a missing database is made, its folder too.
    Create,
    /// Read and write what exists.
    Write,
    /// Read what exists; nothing is ever written.
    Read,
}

impl Store {
    /// Opens the database file at `path`, or makes it.
    ///
    /// # Errors
    /// Refuses, untouched, what is empty, foreign, newer, damaged or no regular file; see [`StoreError`].
    pub fn open(path: &Path, access: Access) -> Result<Self, StoreError> {
        if rusqlite::version_number() < OLDEST_ENGINE {
            return Err(StoreError::Engine { found: rusqlite::version().to_owned() });
        }
        match fs::symlink_metadata(path) {
            Ok(found) if !found.is_file() => return Err(StoreError::NotARegularFile { path: path.to_path_buf() }),
            Ok(found) if found.len() == 0 => return Err(StoreError::Empty { path: path.to_path_buf() }),
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => match access {
                Access::Create => create(path)?,
                Access::Write | Access::Read => return Err(StoreError::Missing { path: path.to_path_buf() }),
            },
            Err(error) => return Err(StoreError::from_io(path, error)),
        }
        identify(path)?;
        let connection = connect(path, access)?;
        let mut store = Self {
            path: path.to_path_buf(),
            access,
            connection,
            dictionaries: super::dictionary::Dictionaries::default(),
            names: super::spans::Names::default(),
            segment_rules: std::sync::Arc::default(),
            covers: std::cell::RefCell::default(),
            appended: 0,
        };
        store.admit()?;
        Ok(store)
    }

    /// Looks the whole database over.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] with the first finding.
    pub fn check(&self, depth: Depth) -> Result<(), StoreError> {
        migrate::check(&self.connection, &self.path, depth)
    }

    /// Makes a checked copy of the database beside it, named `<name>.<tag>.backup`; one of that name is replaced.
    pub fn back_up(&self, tag: &str) -> Result<std::path::PathBuf, StoreError> {
        migrate::back_up(&self.connection, &self.path, tag)
    }

    /// Checks version and wholeness, migrates where that is needed, then turns the settings on.
    fn admit(&mut self) -> Result<(), StoreError> {
        let found: i64 = self.sql(self.connection.query_row("PRAGMA user_version", [], |row| row.get(0)))?;
        if found > migrate::VERSION {
            return Err(StoreError::Newer { path: self.path.clone(), found, known: migrate::VERSION });
        }
        // Reading the schema finds a damaged first page; a small file is looked over whole.
        self.sql(self.connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())))?;
        if fs::metadata(&self.path).map_err(|error| StoreError::from_io(&self.path, error))?.len() <= ALWAYS_CHECKED {
            self.check(Depth::Quick)?;
        }
        if found < migrate::VERSION {
            if self.access == Access::Read {
                return Err(StoreError::Older { path: self.path.clone(), found, known: migrate::VERSION });
            }
            configure(&mut self.connection, &self.path, self.access)?;
            migrate::upgrade(&mut self.connection, &self.path, found)?;
        } else {
            configure(&mut self.connection, &self.path, self.access)?;
        }
        // From here on the file is ours, so closing may move the write-ahead log into it again.
        let result = self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false);
        self.sql(result)?;
        if self.access != Access::Read {
            tighten(&self.path)?;
        }
        Ok(())
    }
}

/// Makes a new database: complete under another name first, so that a crash leaves none or a whole one.
fn create(path: &Path) -> Result<(), StoreError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let io = |error| StoreError::from_io(folder, error);
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(io)?;
    let temporary = tempfile::Builder::new().prefix(".aftercall-").suffix(".new").tempfile_in(folder).map_err(io)?;
    let made = temporary.path();
    {
        let mut connection =
            Connection::open_with_flags(made, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)
                .map_err(|error| StoreError::from_sqlite(made, error))?;
        connection
            .pragma_update(None, "application_id", APPLICATION_ID)
            .map_err(|error| StoreError::from_sqlite(made, error))?;
        configure(&mut connection, made, Access::Create)?;
        migrate::create(&mut connection, made)?;
        connection.close().map_err(|(_, error)| StoreError::from_sqlite(made, error))?;
    }
    temporary.as_file().sync_all().map_err(io)?;
    match temporary.persist_noclobber(path) {
        Ok(_) => sync_folder(folder),
        // Another window made it meanwhile; theirs is as good.
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(StoreError::from_io(path, error.error)),
    }
}

/// Syncs a folder, so that a new name in it survives a power cut.
pub fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| StoreError::from_io(folder, error))
}

/// Tells whose file it is without locks and without touching the file or anything beside it.
///
/// Through SQLite, not by reading the file: closing a file of one's own drops every lock this process holds on it.
fn identify(path: &Path) -> Result<(), StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let id = Connection::open_with_flags(immutable(path), flags)
        .and_then(|connection| connection.query_row("PRAGMA application_id", [], |row| row.get::<_, i32>(0)));
    match id {
        Ok(APPLICATION_ID) => Ok(()),
        Ok(application_id) => Err(StoreError::Foreign { path: path.to_path_buf(), application_id }),
        // The log beside it may hold the missing pages; the real opening, which reads the log, will tell.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt) && log_bytes(path) > 0 => Ok(()),
        Err(error) => Err(StoreError::from_sqlite(path, error)),
    }
}

/// Bytes of the write-ahead log beside a database; 0 where there is none.
pub(super) fn log_bytes(path: &Path) -> u64 {
    let mut name = path.as_os_str().to_os_string();
    name.push("-wal");
    fs::metadata(name).map_or(0, |log| log.len())
}

/// The path as a `file:` URI that promises SQLite that nobody changes the file.
fn immutable(path: &Path) -> String {
    use std::fmt::Write as _;
    use std::os::unix::ffi::OsStrExt as _;
    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            let _ = write!(uri, "%{byte:02x}");
        }
    }
    uri.push_str("?mode=ro&immutable=1");
    uri
}

/// Connects without changing anything yet.
fn connect(path: &Path, access: Access) -> Result<Connection, StoreError> {
    let mode = match access {
        Access::Create | Access::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
        Access::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
    };
    let open = || -> rusqlite::Result<Connection> {
        let connection = Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        connection.busy_timeout(PATIENCE)?;
        connection.query_row("PRAGMA user_version", [], |_| Ok(()))?;
        Ok(connection)
    };
    match open() {
        Ok(connection) => {
            if access != Access::Read && connection.is_readonly("main").unwrap_or(false) {
                return Err(StoreError::ReadOnly { path: path.to_path_buf() });
            }
            Ok(connection)
        }
        // A write-ahead log needs a file beside the database; a folder nobody can write to holds no writer either.
        Err(error)
            if access == Access::Read
                && log_bytes(path) == 0
                && matches!(error.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly)) =>
        {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
            Connection::open_with_flags(immutable(path), flags).map_err(|error| StoreError::from_sqlite(path, error))
        }
        Err(error) => Err(StoreError::from_sqlite(path, error)),
    }
}

/// Sets what safety rests on, and reads it back: SQLite ignores a setting it does not know or cannot follow.
fn configure(connection: &mut Connection, path: &Path, access: Access) -> Result<(), StoreError> {
    let sql = |error| StoreError::from_sqlite(path, error);
    connection.busy_timeout(PATIENCE).map_err(sql)?;
    connection.set_transaction_behavior(TransactionBehavior::Immediate);
    connection.set_prepared_statement_cache_capacity(128);
    // Letter case aside, in every script; SQLite's own comparison knows the Latin letters only.
    connection
        .create_scalar_function(
            "folded",
            1,
            FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC,
            |context| Ok(context.get::<Option<String>>(0)?.map(|text| text.to_lowercase())),
        )
        .map_err(sql)?;
    if access != Access::Read {
        let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).map_err(sql)?;
        if mode != "wal" {
            return Err(StoreError::Setting { path: path.to_path_buf(), setting: "journal_mode WAL", answer: mode });
        }
    }
    if access != Access::Read {
        // An import touches pages all over the indexes; with SQLite's own two megabytes it reads them again and again.
        connection.pragma_update(None, "cache_size", WRITERS_CACHE_KIB).map_err(sql)?;
        // It also changes the same pages again and again: moved into the database less often, most are moved once.
        connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES).map_err(sql)?;
    }
    let settings: [(&'static str, &str, i64); 7] = [
        ("synchronous FULL", "synchronous", 2),
        ("foreign_keys ON", "foreign_keys", 1),
        ("trusted_schema OFF", "trusted_schema", 0),
        ("cell_size_check ON", "cell_size_check", 1),
        ("secure_delete ON", "secure_delete", 1),
        ("temp_store MEMORY", "temp_store", 2),
        ("query_only", "query_only", i64::from(access == Access::Read)),
    ];
    for (setting, name, value) in settings {
        connection.pragma_update(None, name, value).map_err(sql)?;
        let answer: i64 = connection.pragma_query_value(None, name, |row| row.get(0)).map_err(sql)?;
        if answer != value {
            return Err(StoreError::Setting { path: path.to_path_buf(), setting, answer: answer.to_string() });
        }
    }
    for (setting, config, value) in [
        ("defensive", DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        ("no double-quoted strings", DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
    ] {
        if connection.set_db_config(config, value).map_err(sql)? != value {
            return Err(StoreError::Setting { path: path.to_path_buf(), setting, answer: (!value).to_string() });
        }
    }
    Ok(())
}

/// Makes sure that only the owner reads the file; SQLite gives its log files the same mode.
fn tighten(path: &Path) -> Result<(), StoreError> {
    let io = |error| StoreError::from_io(path, error);
    let mut permissions = fs::metadata(path).map_err(io)?.permissions();
    if permissions.mode() & 0o077 != 0 {
        permissions.set_mode(permissions.mode() & 0o700);
        fs::set_permissions(path, permissions).map_err(io)?;
    }
    Ok(())
}
