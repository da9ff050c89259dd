//! Versions of datasets, their tags, and the ledger of opened test splits.
//!
//! Invariant: a version is written whole in one transaction and never changed; numbers follow each other without gaps.

use rusqlite::{OptionalExtension as _, params};

use super::{Store, StoreError, json, payload, raw, run};
use crate::model::dataset::{DatasetRow, DatasetVersion, Split, TestUse};
use crate::model::id::ConversationId;
use crate::model::time::Timestamp;

/// More effort than this gains little.
const COMPRESSION: i32 = 3;

impl Store {
    /// Stores a version. `false` where its number is taken, because another program was faster; nothing is stored then.
    pub fn put_dataset(&mut self, version: &DatasetVersion) -> Result<bool, StoreError> {
        let head = json(&DatasetVersion { rows: Vec::new(), ..version.clone() })?;
        let rows: Vec<(&DatasetRow, Vec<u8>)> = version
            .rows
            .iter()
            .map(|row| {
                let packed = zstd::bulk::compress(json(row)?.as_bytes(), COMPRESSION).map_err(|error| self.io(error));
                Ok((row, packed?))
            })
            .collect::<Result<_, StoreError>>()?;
        self.write(|transaction| {
            let next = "SELECT coalesce(max(number), 0) + 1 FROM dataset_versions WHERE name = ?1";
            let next: i64 = transaction.query_row(next, [&version.name], |row| row.get(0)).map_err(raw)?;
            if next != i64::from(version.number) {
                return Ok(false);
            }
            run(
                transaction,
                "INSERT INTO dataset_versions (name, number, reviewer, at, head) VALUES (?1, ?2, ?3, ?4, ?5)",
                &[&version.name, &version.number, &version.reviewer, &version.at.0, &head],
            )?;
            for (row, packed) in &rows {
                run(
                    transaction,
                    "INSERT INTO dataset_rows (name, number, conversation, verdict, split, grp, content)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                    &[
                        &version.name,
                        &version.number,
                        &row.conversation.as_str(),
                        &row.verdict.word(),
                        &row.split.word(),
                        &row.group,
                        packed,
                    ],
                )?;
            }
            Ok(true)
        })
    }

    /// The newest number of a dataset.
    pub fn newest_dataset(&self, name: &str) -> Result<Option<u32>, StoreError> {
        let sql = "SELECT max(number) FROM dataset_versions WHERE name = ?1";
        self.sql(self.connection.query_row(sql, [name], |row| row.get(0)))
    }

    /// One version, whole.
    pub fn dataset(&self, name: &str, number: u32) -> Result<Option<DatasetVersion>, StoreError> {
        let sql = "SELECT head FROM dataset_versions WHERE name = ?1 AND number = ?2";
        let head: Option<String> =
            self.sql(self.connection.query_row(sql, params![name, number], |row| row.get(0)).optional())?;
        let Some(head) = head else { return Ok(None) };
        let mut version: DatasetVersion = serde_json::from_str(&head)?;
        let sql = "SELECT content FROM dataset_rows WHERE name = ?1 AND number = ?2 ORDER BY conversation";
        let mut statement = self.sql(self.connection.prepare_cached(sql))?;
        let rows = statement.query_map(params![name, number], |row| row.get::<_, Vec<u8>>(0));
        for packed in self.sql(rows)? {
            let text = payload::unpacked(&self.sql(packed)?);
            version.rows.push(serde_json::from_slice(&text.map_err(|error| self.damaged(error.to_string()))?)?);
        }
        Ok(Some(version))
    }

    /// The conversations of one split of a version.
    pub fn dataset_split(&self, name: &str, number: u32, split: Split) -> Result<Vec<ConversationId>, StoreError> {
        let sql = "SELECT conversation FROM dataset_rows WHERE name = ?1 AND number = ?2 AND split = ?3";
        let mut statement = self.sql(self.connection.prepare_cached(sql))?;
        let rows = statement.query_map(params![name, number, split.word()], |row| row.get::<_, String>(0));
        let ids = self.sql(self.sql(rows)?.collect::<Result<Vec<_>, _>>())?;
        Ok(ids.into_iter().map(ConversationId::from_stored).collect())
    }

    /// All datasets with their newest number, by name.
    pub fn datasets(&self) -> Result<Vec<(String, u32)>, StoreError> {
        let sql = "SELECT name, max(number) FROM dataset_versions GROUP BY name ORDER BY name";
        let mut statement = self.sql(self.connection.prepare_cached(sql))?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        self.sql(self.sql(rows)?.collect())
    }

    /// Of all other datasets the newest number that was there when a version was made, by name.
    pub fn datasets_before(&self, name: &str, number: u32) -> Result<Vec<(String, u32)>, StoreError> {
        let sql = "SELECT name, max(number) FROM dataset_versions
                    WHERE name <> ?1 AND at <= (SELECT at FROM dataset_versions WHERE name = ?1 AND number = ?2)
                    GROUP BY name ORDER BY name";
        self.rows(sql, &[&name, &number], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// Gives a version a name; a tag that is there already moves.
    pub fn tag_dataset(&mut self, name: &str, number: u32, tag: &str) -> Result<(), StoreError> {
        self.write(|transaction| {
            run(
                transaction,
                "INSERT INTO dataset_tags (name, tag, number) VALUES (?1, ?2, ?3)
                 ON CONFLICT (name, tag) DO UPDATE SET number = excluded.number",
                &[&name, &tag, &number],
            )
            .map(|_| ())
        })
    }

    /// The tags of a dataset.
    pub fn dataset_tags(&self, name: &str) -> Result<Vec<(String, u32)>, StoreError> {
        let mut statement = self
            .sql(self.connection.prepare_cached("SELECT tag, number FROM dataset_tags WHERE name = ?1 ORDER BY tag"))?;
        let rows = statement.query_map([name], |row| Ok((row.get(0)?, row.get(1)?)));
        self.sql(self.sql(rows)?.collect())
    }

    /// Writes an opening of a test split down.
    pub fn record_test_use(&mut self, used: &TestUse) -> Result<(), StoreError> {
        self.write(|transaction| {
            run(
                transaction,
                "INSERT INTO dataset_test_uses (name, number, purpose, reason, reviewer, at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                &[&used.name, &used.version, &used.purpose, &used.reason, &used.reviewer, &used.at.0],
            )
            .map(|_| ())
        })
    }

    /// The openings of a dataset's test split, in order.
    pub fn test_uses(&self, name: &str) -> Result<Vec<TestUse>, StoreError> {
        let sql =
            "SELECT name, number, purpose, reason, reviewer, at FROM dataset_test_uses WHERE name = ?1 ORDER BY key";
        let mut statement = self.sql(self.connection.prepare_cached(sql))?;
        let rows = statement.query_map([name], |row| {
            Ok(TestUse {
                name: row.get(0)?,
                version: row.get(1)?,
                purpose: row.get(2)?,
                reason: row.get(3)?,
                reviewer: row.get(4)?,
                at: Timestamp(row.get(5)?),
            })
        });
        self.sql(self.sql(rows)?.collect())
    }
}
