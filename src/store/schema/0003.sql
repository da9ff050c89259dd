-- Facts told apart from conversations: scores of other evaluators, outcomes, reference solutions, flags. They are kept
-- for good, so that a conversation that comes, or is put together anew, later has them as well.
CREATE TABLE facts (
    key INTEGER PRIMARY KEY,
    -- What it is a fact of: another record in the same place replaces it.
    slot BLOB NOT NULL UNIQUE,
    -- What it is about, by a name that conversations are looked up under.
    target TEXT NOT NULL,
    -- The conversation that has it, by its id, or the first of several; NULL while it waits.
    conversation TEXT,
    record TEXT NOT NULL
) STRICT;
CREATE INDEX facts_by_target ON facts (target);
CREATE INDEX facts_unmatched ON facts (key) WHERE conversation IS NULL;

-- What was imported, and which part of it: statistics over a sample have to know.
CREATE TABLE imports (
    key INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    -- A JSON list of the paths as they were given.
    paths TEXT NOT NULL,
    -- The share of conversations that was asked for; NULL for all.
    fraction REAL,
    -- The filter that conversations had to pass; NULL for none.
    condition TEXT,
    imported INTEGER NOT NULL
) STRICT;
