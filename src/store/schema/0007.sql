-- Queues with a name, as the events say: may be emptied and made anew from them.
CREATE TABLE queues (
    name TEXT PRIMARY KEY,
    -- The definition, as JSON.
    spec TEXT NOT NULL,
    reviewer TEXT NOT NULL,
    at INTEGER NOT NULL,
    event TEXT NOT NULL,
    lamport INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- From where a verdict was given: the queue, why it came up (audit, ranked, manual), with which probability.
ALTER TABLE labels ADD COLUMN queue TEXT;
ALTER TABLE labels ADD COLUMN slot TEXT;
ALTER TABLE labels ADD COLUMN q REAL;
CREATE INDEX labels_by_queue ON labels (queue) WHERE queue IS NOT NULL;

-- What rules about conversations that people must see need: a tool that cannot be taken back, the largest amount changed.
ALTER TABLE evaluations ADD COLUMN irreversible TEXT;
ALTER TABLE evaluations ADD COLUMN amount REAL;

-- Which conversations were there when an import was over, and where the event log was: audit lists are drawn by import.
ALTER TABLE imports ADD COLUMN last_key INTEGER;
ALTER TABLE imports ADD COLUMN lamport INTEGER;
UPDATE imports SET last_key = (SELECT coalesce(max(key), 0) FROM conversations),
                   lamport = (SELECT coalesce(max(lamport), 0) FROM events);

CREATE VIEW view_queues AS
SELECT name, spec, reviewer, strftime('%Y-%m-%dT%H:%M:%fZ', at / 1000000.0, 'unixepoch') AS at FROM queues;

DROP VIEW view_labels;
CREATE VIEW view_labels AS
SELECT l.conversation, l.reviewer, l.verdict, l.step, l.span_id, l.no_step, l.severity, l.skipped,
       l.transcript_hash <> c.transcript_hash AS stale,
       strftime('%Y-%m-%dT%H:%M:%fZ', l.at / 1000000.0, 'unixepoch') AS at,
       (SELECT json_group_array(mode) FROM label_modes m WHERE m.conversation = l.conversation AND m.reviewer = l.reviewer)
           AS modes,
       l.queue, l.slot, l.q
  FROM labels l LEFT JOIN conversations c ON c.id = l.conversation;
