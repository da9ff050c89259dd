//! Databases of other programs, read and never changed.
//!
//! Invariant: nothing is written beside or into a foreign file; what cannot be read without that is copied first. A
//! database that was made to do harm costs time and memory within bounds, no more.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Read as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::types::{ToSqlOutput, Value as Sql, ValueRef};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Map, Number, Value};

use crate::model::id::hex;

/// What every SQLite file begins with.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// The longest text, blob or row.
const LONGEST: i32 = 256 << 20;

/// How many steps of SQLite's machine pass between two looks at the clockwork, and how many looks a row may take.
const STEPS: i32 = 1_000_000;
const PATIENCE: u32 = 5_000;

/// How long a reader waits for a writer of the other program.
const BUSY: Duration = Duration::from_secs(5);

/// Why a foreign database cannot be read. It was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ForeignError {
    /// The operating system said no.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Its reason.
        source: std::io::Error,
    },
    /// SQLite said no.
    #[error("{}: {detail}; the file was not changed", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// Its words.
        detail: String,
    },
    /// A query that would write.
    #[error("a query of {} would change it; only queries that read are run", path.display())]
    Writes {
        /// The file.
        path: PathBuf,
    },
}

/// A table or view, as a mapping needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignTable {
    /// Its name.
    pub name: String,
    /// Its columns.
    pub columns: Vec<ForeignColumn>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignColumn {
    /// Its name.
    pub name: String,
    /// True for (a part of) the primary key.
    pub key: bool,
    /// The table and column it refers to.
    pub refers_to: Option<(String, String)>,
}

/// What to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// A query as somebody wrote it.
    Query(String),
    /// Columns of a table.
    Columns {
        /// The table.
        table: String,
        /// What is joined to it, as SQL after the word JOIN.
        joins: Vec<String>,
        /// The columns, as `column` or `table.column`; a row has them under these names.
        columns: Vec<String>,
        /// By which columns rows are ordered.
        order: Vec<String>,
    },
}

/// An open foreign database.
pub struct ForeignDatabase {
    path: PathBuf,
    connection: Connection,
    spent: Arc<AtomicU32>,
    /// The copy that is read, where the file itself could not be read without changing it.
    _copy: Option<tempfile::TempDir>,
}

/// True where the bytes are the beginning of an SQLite file.
pub fn is_sqlite(head: &[u8]) -> bool {
    head.starts_with(MAGIC)
}

impl ForeignDatabase {
    /// True for an SQLite file; anything that cannot be opened is none.
    pub fn is_one(path: &Path) -> bool {
        let mut head = [0; 16];
        File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok_and(|()| is_sqlite(&head))
    }

    /// Opens a database for reading.
    ///
    /// # Errors
    /// It cannot be read, or is no database.
    pub fn open(path: &Path) -> Result<Self, ForeignError> {
        Self::open_within(path, PATIENCE)
    }

    fn open_within(path: &Path, patience: u32) -> Result<Self, ForeignError> {
        let io = |source| ForeignError::Io { path: path.to_owned(), source };
        let mut head = [0; 100];
        File::open(path).and_then(|mut file| file.read_exact(&mut head)).map_err(io)?;
        let beside = |suffix: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            PathBuf::from(name)
        };
        let unfinished: Vec<PathBuf> = ["-wal", "-journal"]
            .into_iter()
            .map(beside)
            .filter(|file| fs::metadata(file).is_ok_and(|found| found.len() > 0))
            .collect();
        // Bytes 18 and 19 are 2 where there is a write-ahead log: reading such a file the usual way makes files beside it.
        let logged = head[18] == 2 || head[19] == 2;
        let (connection, copy) = if unfinished.is_empty() {
            let how = if logged { "immutable=1" } else { "mode=ro" };
            (connect(path, how), None)
        } else {
            let folder = tempfile::tempdir().map_err(io)?;
            let copy = folder.path().join("copy.db");
            fs::copy(path, &copy).map_err(io)?;
            for file in unfinished {
                let suffix = if file.as_os_str().to_string_lossy().ends_with("-wal") {
                    "copy.db-wal"
                } else {
                    "copy.db-journal"
                };
                fs::copy(&file, folder.path().join(suffix)).map_err(io)?;
            }
            (connect(&copy, "mode=rw"), Some(folder))
        };
        let spent = Arc::new(AtomicU32::new(0));
        let database = connection.and_then(|connection| {
            bound(&connection, &spent, patience)?;
            Ok(Self { path: path.to_owned(), connection, spent, _copy: copy })
        });
        let database =
            database.map_err(|error| ForeignError::Sqlite { path: path.to_owned(), detail: error.to_string() })?;
        // Reading the schema finds out whether it is a database at all.
        let asked = database.connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()));
        asked.map_err(|error| database.error(&error))?;
        Ok(database)
    }

    fn error(&self, error: &rusqlite::Error) -> ForeignError {
        let detail = match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::OperationInterrupted) => "a query of it does not come to an end".to_owned(),
            _ => error.to_string(),
        };
        ForeignError::Sqlite { path: self.path.clone(), detail }
    }

    /// Its tables and views with their columns, in the order of their making.
    ///
    /// # Errors
    /// The schema cannot be read.
    pub fn tables(&self) -> Result<Vec<ForeignTable>, ForeignError> {
        let read = || -> rusqlite::Result<Vec<ForeignTable>> {
            let sql = "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
                        ORDER BY rowid LIMIT 2000";
            let names: Vec<String> =
                self.connection.prepare(sql)?.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
            names.into_iter().map(|name| self.table(name)).collect()
        };
        self.spent.store(0, Ordering::Relaxed);
        read().map_err(|error| self.error(&error))
    }

    fn table(&self, name: String) -> rusqlite::Result<ForeignTable> {
        let mut links: Vec<(String, (String, Option<String>))> = self
            .connection
            .prepare("SELECT \"from\", \"table\", \"to\" FROM pragma_foreign_key_list(?1)")?
            .query_map([&name], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?
            .collect::<rusqlite::Result<_>>()?;
        let columns = self
            .connection
            .prepare("SELECT name, pk FROM pragma_table_info(?1) ORDER BY cid")?
            .query_map([&name], |row| {
                let (column, key): (String, i64) = (row.get(0)?, row.get(1)?);
                let link = links.iter().position(|(from, _)| *from == column).map(|at| links.swap_remove(at).1);
                let refers_to = link.map(|(table, to)| (table, to.unwrap_or_else(|| "id".to_owned())));
                Ok(ForeignColumn { name: column, key: key > 0, refers_to })
            })?
            .collect::<rusqlite::Result<_>>()?;
        Ok(ForeignTable { name, columns })
    }

    /// The names under which a query's rows hold their values.
    ///
    /// # Errors
    /// The query cannot be understood, or would write.
    pub fn columns(&self, query: &str) -> Result<Vec<String>, ForeignError> {
        let statement = self.connection.prepare(query).map_err(|error| self.error(&error))?;
        if !statement.readonly() {
            return Err(ForeignError::Writes { path: self.path.clone() });
        }
        Ok(statement.column_names().into_iter().map(ToOwned::to_owned).collect())
    }

    /// Hands out the rows of a selection; of those, where `only` is told, the ones whose column has that value.
    ///
    /// # Errors
    /// The database cannot be read, or the selection not be understood.
    pub fn each(
        &self,
        selection: &Selection,
        only: Option<(&str, &Value)>,
        take: &mut dyn FnMut(Map<String, Value>) -> ControlFlow<()>,
    ) -> Result<(), ForeignError> {
        let (sql, names) = self.sql(selection, only.map(|(column, _)| column))?;
        let bound = only.map(|(_, value)| bindable(value));
        let mut read = || -> rusqlite::Result<()> {
            let mut statement = self.connection.prepare_cached(&sql)?;
            let mut rows = match &bound {
                Some(value) => statement.query([value])?,
                None => statement.query([])?,
            };
            while let Some(row) = rows.next()? {
                self.spent.store(0, Ordering::Relaxed);
                let mut object = Map::new();
                for (at, name) in names.iter().enumerate() {
                    object.insert(name.clone(), plain(row.get_ref(at)?));
                }
                if take(object).is_break() {
                    break;
                }
            }
            Ok(())
        };
        self.spent.store(0, Ordering::Relaxed);
        read().map_err(|error| self.error(&error))
    }

    /// The SQL of a selection, and the names its values go by.
    fn sql(&self, selection: &Selection, only: Option<&str>) -> Result<(String, Vec<String>), ForeignError> {
        let condition = only.map(|column| format!(" WHERE {} = ?1", name(column))).unwrap_or_default();
        match selection {
            Selection::Query(query) => {
                let names = self.columns(query)?;
                let query = query.trim().trim_end_matches(';');
                Ok((format!("SELECT * FROM ({query}){condition}"), names))
            }
            Selection::Columns { table, joins, columns, order } => {
                let list = columns.iter().map(|column| name(column)).collect::<Vec<_>>().join(", ");
                let joins = joins.iter().fold(String::new(), |all, join| all + " JOIN " + join);
                let order = order.iter().map(|column| name(column)).collect::<Vec<_>>().join(", ");
                let order = if order.is_empty() { order } else { format!(" ORDER BY {order}") };
                Ok((format!("SELECT {list} FROM {}{joins}{condition}{order}", quoted(table)), columns.clone()))
            }
        }
    }
}

/// A column's name as SQL: `column`, or `table.column`.
fn name(column: &str) -> String {
    match column.split_once('.') {
        Some((table, column)) => format!("{}.{}", quoted(table), quoted(column)),
        None => quoted(column),
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn connect(path: &Path, how: &str) -> rusqlite::Result<Connection> {
    use std::os::unix::ffi::OsStrExt as _;
    // Everything but plain letters is escaped, so that no name of a file can hold a setting.
    let mut uri = "file:".to_owned();
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for byte in absolute.as_os_str().as_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'_' | b'-' => uri.push(char::from(*byte)),
            byte => {
                let _ = write!(uri, "%{byte:02x}");
            }
        }
    }
    let access = if how == "mode=rw" { OpenFlags::SQLITE_OPEN_READ_WRITE } else { OpenFlags::SQLITE_OPEN_READ_ONLY };
    let flags = access | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(format!("{uri}?{how}"), flags)
}

/// Takes the means of doing harm from a database.
fn bound(connection: &Connection, spent: &Arc<AtomicU32>, patience: u32) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, LONGEST)?;
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    connection.set_limit(Limit::SQLITE_LIMIT_EXPR_DEPTH, 200)?;
    connection.execute_batch("PRAGMA query_only = ON; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;")?;
    let spent = Arc::clone(spent);
    connection.progress_handler(STEPS, Some(move || spent.fetch_add(1, Ordering::Relaxed) >= patience))?;
    Ok(())
}

fn plain(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => Number::from_f64(number).map_or(Value::Null, Value::Number),
        ValueRef::Text(bytes) => String::from_utf8_lossy(bytes).into_owned().into(),
        ValueRef::Blob(bytes) => std::str::from_utf8(bytes).map_or_else(|_| hex(bytes), ToOwned::to_owned).into(),
    }
}

fn bindable(value: &Value) -> ToSqlOutput<'static> {
    ToSqlOutput::Owned(match value {
        Value::Number(number) => {
            number.as_i64().map_or_else(|| number.as_f64().map_or(Sql::Null, Sql::Real), Sql::Integer)
        }
        Value::String(text) => Sql::Text(text.clone()),
        Value::Bool(yes) => Sql::Integer((*yes).into()),
        _ => Sql::Null,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_ends_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a b?mode=rwc#.db");
        let view = "CREATE TABLE t (a TEXT); INSERT INTO t VALUES ('x'), (x'00ff');
                    CREATE VIEW v AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 0;";
        Connection::open(&path).unwrap().execute_batch(view).unwrap();
        let database = ForeignDatabase::open_within(&path, 3).unwrap();
        let columns = |table: &str, column: &str| Selection::Columns {
            table: table.to_owned(),
            joins: Vec::new(),
            columns: vec![column.to_owned()],
            order: Vec::new(),
        };
        let mut rows = Vec::new();
        let mut keep = |row: Map<String, Value>| {
            rows.push(row["a"].clone());
            ControlFlow::Continue(())
        };
        database.each(&columns("t", "a"), None, &mut keep).unwrap();
        database.each(&columns("t", "a"), Some(("a", &"x".into())), &mut keep).unwrap();
        assert_eq!(rows, ["x", "00ff", "x"]);
        let error = database.each(&columns("v", "i"), None, &mut |_| ControlFlow::Continue(())).unwrap_err();
        assert!(error.to_string().contains("does not come to an end"), "{error}");
        assert_eq!(database.tables().unwrap().len(), 2);
        for query in ["DELETE FROM t", "ATTACH 'other.db' AS other", "PRAGMA user_version = 3"] {
            assert!(
                database.each(&Selection::Query(query.to_owned()), None, &mut |_| ControlFlow::Continue(())).is_err()
            );
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
