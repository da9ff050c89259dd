-- What the built-in evaluators say of a conversation, and of which content they said it.
CREATE TABLE evaluations (
    conversation INTEGER PRIMARY KEY REFERENCES conversations (key) ON DELETE CASCADE,
    -- The conversation's content when it was judged: of another content the row says nothing.
    content_hash BLOB NOT NULL,
    -- Of evaluators, limits and policies together.
    version TEXT NOT NULL,
    p_fail REAL,
    -- JSON lists: reasons in words; spans of suspicious steps, most suspicious first; the numbers the suspicion rests on.
    reasons TEXT NOT NULL,
    suspects TEXT NOT NULL,
    features TEXT NOT NULL,
    -- zstd-compressed JSON list of scores.
    scores BLOB NOT NULL
) STRICT;
CREATE INDEX evaluations_by_p_fail ON evaluations (p_fail DESC);
