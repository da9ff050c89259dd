-- Facts told apart from conversations: scores of other evaluators, outcomes, reference solutions, flags. They are kept
-- for good, so that a conversation that comes, or is put together anew, later has them as well.
CREATE TABLE facts (
    key INTEGER PRIMARY KEY,
    -- What it is a fact of: another record in the same place replaces it.
    slot BLOB NOT NULL UNIQUE,
    -- What it is about, by a name that conversations are looked up under.
    target TEXT NOT NULL,
    -- 1 once a conversation has it.
    matched INTEGER NOT NULL DEFAULT 0,
    record TEXT NOT NULL
) STRICT;
CREATE INDEX facts_by_target ON facts (target);
CREATE INDEX facts_unmatched ON facts (key) WHERE matched = 0;
