//! Tests of the store on real files, and what they share.
//!
//! Invariant: every file is made in a folder of its own.

use super::Store;

mod content;
mod open;

impl Store {
    /// Every row of every table as text, but for compressed bytes; for tests that compare databases.
    pub(crate) fn dump(&self) -> Vec<String> {
        let tables: Vec<String> = self
            .rows(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'conversation_text%' ORDER BY name",
                &[],
                |row| row.get(0),
            )
            .unwrap();
        let mut dump = Vec::new();
        for table in tables {
            let columns = if table == "payloads" { "conversation, length" } else { "*" };
            let rows = self.rows(&format!("SELECT {columns} FROM {table}"), &[], |row| {
                let columns = 0..row.as_ref().column_count();
                columns
                    .map(|at| row.get_ref(at).map(|value| format!("{value:?}")))
                    .collect::<rusqlite::Result<Vec<_>>>()
            });
            dump.extend(rows.unwrap().into_iter().map(|row| format!("{table} {row:?}")));
        }
        dump
    }
}
