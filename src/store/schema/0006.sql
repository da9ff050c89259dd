-- Versions of datasets: made once, never changed.
CREATE TABLE dataset_versions (
    name TEXT NOT NULL,
    number INTEGER NOT NULL CHECK (number > 0),
    reviewer TEXT NOT NULL,
    at INTEGER NOT NULL,
    -- The version without its rows, as JSON.
    head TEXT NOT NULL,
    PRIMARY KEY (name, number)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER dataset_versions_stay BEFORE UPDATE ON dataset_versions
BEGIN SELECT raise(ABORT, 'a version of a dataset does not change'); END;

CREATE TABLE dataset_rows (
    name TEXT NOT NULL,
    number INTEGER NOT NULL,
    conversation TEXT NOT NULL,
    verdict TEXT NOT NULL,
    split TEXT NOT NULL,
    grp TEXT NOT NULL,
    -- The row, as zstd-compressed JSON.
    content BLOB NOT NULL,
    PRIMARY KEY (name, number, conversation),
    FOREIGN KEY (name, number) REFERENCES dataset_versions (name, number)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER dataset_rows_stay BEFORE UPDATE ON dataset_rows
BEGIN SELECT raise(ABORT, 'a row of a dataset does not change'); END;

CREATE TABLE dataset_tags (
    name TEXT NOT NULL,
    tag TEXT NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (name, tag),
    FOREIGN KEY (name, number) REFERENCES dataset_versions (name, number)
) STRICT, WITHOUT ROWID;

-- Every opening of a sealed test split.
CREATE TABLE dataset_test_uses (
    key INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    number INTEGER NOT NULL,
    purpose TEXT NOT NULL,
    reason TEXT NOT NULL,
    reviewer TEXT NOT NULL,
    at INTEGER NOT NULL,
    FOREIGN KEY (name, number) REFERENCES dataset_versions (name, number)
) STRICT;

CREATE VIEW view_dataset_rows AS
SELECT name AS dataset, number AS version, conversation, verdict, split, grp AS group_key FROM dataset_rows;
