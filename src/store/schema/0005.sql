-- What judges outside the program said of a conversation, one row a judge, and of which content they said it.
CREATE TABLE judgements (
    conversation INTEGER NOT NULL REFERENCES conversations (key) ON DELETE CASCADE,
    -- The name the judge goes by in this workspace.
    judge TEXT NOT NULL,
    -- The conversation's content when it was judged: of another content the row says nothing.
    content_hash BLOB NOT NULL,
    -- Why the judge did not come to an end; null where it did.
    failure TEXT,
    -- zstd-compressed JSON list of scores.
    scores BLOB NOT NULL,
    PRIMARY KEY (conversation, judge)
) STRICT, WITHOUT ROWID;

-- What is to be said against an evaluator: that it says the same of everything, or that it is upside down.
ALTER TABLE evaluators ADD COLUMN remark TEXT;
