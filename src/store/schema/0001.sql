-- The first schema: conversations and what was said of them.
--
-- Rules: STRICT tables; integer keys inside, stable text ids outside; times are UTC microseconds; text of transcripts
-- lives in the payloads, once per conversation. Numbers of kinds and statuses are append-only.

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value ANY
) STRICT, WITHOUT ROWID;

-- Compression dictionaries; a payload names the one it was made with, so none is ever deleted.
CREATE TABLE dictionaries (
    key INTEGER PRIMARY KEY,
    data BLOB NOT NULL
) STRICT;

-- Span, agent and tool names, each once.
CREATE TABLE names (
    key INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE conversations (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    source TEXT NOT NULL,
    external_id TEXT NOT NULL,
    transcript_hash TEXT NOT NULL,
    content_hash BLOB NOT NULL,
    -- 1 where it came as a whole (a transcript), 0 where it was put together from spans.
    whole INTEGER NOT NULL,
    started_at INTEGER,
    ended_at INTEGER,
    intent TEXT,
    channel TEXT,
    tier TEXT,
    language TEXT,
    agent_version TEXT,
    handled_by TEXT,
    turns INTEGER NOT NULL,
    steps INTEGER NOT NULL,
    spans INTEGER NOT NULL,
    traces INTEGER NOT NULL,
    open_spans INTEGER NOT NULL,
    tool_calls INTEGER NOT NULL,
    error_spans INTEGER NOT NULL,
    failed_steps INTEGER NOT NULL,
    -- Lowest rank of any score within its evaluator: 0 worst, 1 best; 2 where nothing is scored.
    worst_rank REAL NOT NULL DEFAULT 2,
    -- JSON lists: spans of failed steps; why it is where it is in the queue; spans of suspicious steps, worst first.
    failed_spans TEXT NOT NULL,
    reasons TEXT NOT NULL DEFAULT '[]',
    suspects TEXT NOT NULL DEFAULT '[]',
    first_message TEXT NOT NULL,
    outcomes TEXT NOT NULL,
    attributes TEXT NOT NULL,
    UNIQUE (source, external_id)
) STRICT;
CREATE INDEX conversations_by_suspicion ON conversations (worst_rank, failed_steps DESC, error_spans DESC, id);
CREATE INDEX conversations_by_start ON conversations (started_at, id);
CREATE INDEX conversations_by_length ON conversations (steps DESC, id);
CREATE INDEX conversations_by_external_id ON conversations (external_id);

CREATE TABLE payloads (
    conversation INTEGER PRIMARY KEY REFERENCES conversations (key) ON DELETE CASCADE,
    dictionary INTEGER REFERENCES dictionaries (key),
    length INTEGER NOT NULL,
    data BLOB NOT NULL
) STRICT;

CREATE TABLE traces (
    trace_id BLOB NOT NULL,
    conversation INTEGER NOT NULL REFERENCES conversations (key) ON DELETE CASCADE,
    PRIMARY KEY (trace_id, conversation)
) STRICT, WITHOUT ROWID;
CREATE INDEX traces_by_conversation ON traces (conversation);

-- Where the answer of a model is, by the first eight bytes of the hash of its response id: some scores name nothing else.
CREATE TABLE responses (
    response INTEGER NOT NULL,
    conversation INTEGER NOT NULL REFERENCES conversations (key) ON DELETE CASCADE,
    PRIMARY KEY (response, conversation)
) STRICT, WITHOUT ROWID;
CREATE INDEX responses_by_conversation ON responses (conversation);

-- Ids that conversations had before their session was known.
CREATE TABLE aliases (
    id TEXT PRIMARY KEY,
    conversation TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX aliases_by_conversation ON aliases (conversation);

CREATE TABLE spans (
    conversation INTEGER NOT NULL REFERENCES conversations (key) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    trace_id BLOB NOT NULL,
    span_id BLOB NOT NULL,
    parent_span_id BLOB,
    kind INTEGER NOT NULL,
    status INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    name INTEGER NOT NULL REFERENCES names (key),
    agent INTEGER REFERENCES names (key),
    started_at INTEGER,
    ended_at INTEGER,
    PRIMARY KEY (conversation, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TABLE conversation_tools (
    conversation INTEGER NOT NULL REFERENCES conversations (key) ON DELETE CASCADE,
    tool INTEGER NOT NULL REFERENCES names (key),
    calls INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    PRIMARY KEY (conversation, tool)
) STRICT, WITHOUT ROWID;
CREATE INDEX conversation_tools_by_tool ON conversation_tools (tool);

CREATE TABLE evaluators (
    key INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    lower_is_better INTEGER NOT NULL DEFAULT 0,
    assumed INTEGER NOT NULL DEFAULT 1,
    -- How its values are spread, for ranks; made anew at the end of an import.
    spread BLOB
) STRICT;

CREATE TABLE scores (
    conversation INTEGER NOT NULL REFERENCES conversations (key) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    evaluator INTEGER NOT NULL REFERENCES evaluators (key),
    trace_id BLOB,
    span_id BLOB,
    version TEXT,
    source TEXT NOT NULL,
    value REAL,
    label TEXT,
    passed INTEGER,
    confidence REAL,
    PRIMARY KEY (conversation, ordinal)
) STRICT, WITHOUT ROWID;

-- Records whose conversation has not arrived yet, so that the order of files does not matter.
CREATE TABLE pending (
    key INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    -- What it waits for: a trace, a response, a conversation of a source, by their names.
    target TEXT NOT NULL,
    record TEXT NOT NULL
) STRICT;
CREATE INDEX pending_by_target ON pending (target);

-- Texts that came in under the identity of a conversation whose stored text differs.
CREATE TABLE conflicts (
    conversation TEXT NOT NULL,
    content_hash BLOB NOT NULL,
    transcript_hash TEXT NOT NULL,
    dictionary INTEGER REFERENCES dictionaries (key),
    length INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (conversation, content_hash)
) STRICT, WITHOUT ROWID;

-- One document per conversation; the text itself is in the payload.
CREATE VIRTUAL TABLE conversation_text USING fts5 (
    body,
    content = '',
    contentless_delete = 1,
    tokenize = 'unicode61 remove_diacritics 2'
);

-- Human acts. Appended, never updated or deleted; `line` is the event's exact journal line.
CREATE TABLE events (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    grp TEXT NOT NULL,
    reviewer TEXT NOT NULL,
    device TEXT NOT NULL,
    seq INTEGER NOT NULL,
    prev TEXT NOT NULL,
    lamport INTEGER NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    conversation TEXT,
    line TEXT NOT NULL,
    UNIQUE (reviewer, device, seq)
) STRICT;
CREATE INDEX events_by_conversation ON events (conversation) WHERE conversation IS NOT NULL;
CREATE INDEX events_by_group ON events (grp);
CREATE INDEX events_in_order ON events (lamport, reviewer, device, seq);
CREATE INDEX events_by_kind ON events (kind, reviewer);

-- What the events add up to; may be dropped and made anew from them. Keyed by id text, as events may come first.
CREATE TABLE labels (
    conversation TEXT NOT NULL,
    reviewer TEXT NOT NULL,
    verdict TEXT,
    transcript_hash TEXT NOT NULL,
    step INTEGER,
    span_id TEXT,
    no_step INTEGER NOT NULL,
    severity INTEGER,
    skipped INTEGER NOT NULL,
    at INTEGER NOT NULL,
    label TEXT NOT NULL,
    PRIMARY KEY (conversation, reviewer)
) STRICT, WITHOUT ROWID;
CREATE INDEX labels_by_reviewer ON labels (reviewer, at);

CREATE TABLE label_modes (
    conversation TEXT NOT NULL,
    reviewer TEXT NOT NULL,
    mode TEXT NOT NULL,
    PRIMARY KEY (conversation, reviewer, mode)
) STRICT, WITHOUT ROWID;
CREATE INDEX label_modes_by_mode ON label_modes (mode);

CREATE TABLE corrections (
    conversation TEXT NOT NULL,
    reviewer TEXT NOT NULL,
    step INTEGER NOT NULL,
    span_id TEXT,
    decision_span_id TEXT,
    kind TEXT NOT NULL,
    tool TEXT,
    arguments TEXT,
    alternatives TEXT NOT NULL DEFAULT '[]',
    text TEXT,
    reason TEXT,
    schema_ok INTEGER,
    remainder_valid INTEGER NOT NULL,
    event TEXT NOT NULL,
    PRIMARY KEY (conversation, reviewer, step)
) STRICT, WITHOUT ROWID;

-- The codebook the events add up to: one row.
CREATE TABLE codebook (
    key INTEGER PRIMARY KEY CHECK (key = 1),
    head TEXT NOT NULL,
    codebook TEXT NOT NULL
) STRICT;

-- Lines of journals that claim an id or a place which another event already has, or that could not be read.
CREATE TABLE quarantine (
    key INTEGER PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    id TEXT,
    journal TEXT NOT NULL,
    reason TEXT NOT NULL,
    line TEXT NOT NULL
) STRICT;

-- For other tools: `view_…` are the public face of the database, the tables are not.
CREATE VIEW view_conversations AS
SELECT id, source, external_id, transcript_hash,
       strftime('%Y-%m-%dT%H:%M:%fZ', started_at / 1000000.0, 'unixepoch') AS started_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', ended_at / 1000000.0, 'unixepoch') AS ended_at,
       intent, channel, tier, language, agent_version, handled_by, turns, steps, spans, tool_calls, error_spans,
       failed_steps, CASE WHEN worst_rank <= 1 THEN worst_rank END AS worst_rank, outcomes, attributes
  FROM conversations;

CREATE VIEW view_spans AS
SELECT c.id AS conversation, lower(hex(s.trace_id)) AS trace_id, lower(hex(s.span_id)) AS span_id,
       lower(hex(s.parent_span_id)) AS parent_span_id, n.name,
       CASE s.kind WHEN 0 THEN 'agent' WHEN 1 THEN 'llm' WHEN 2 THEN 'tool' WHEN 3 THEN 'retrieval' WHEN 4 THEN 'handoff'
            WHEN 5 THEN 'guardrail' WHEN 6 THEN 'evaluator' WHEN 7 THEN 'chain' ELSE 'other' END AS kind,
       CASE s.status WHEN 0 THEN 'unset' WHEN 1 THEN 'ok' ELSE 'error' END AS status, s.failed, a.name AS agent,
       strftime('%Y-%m-%dT%H:%M:%fZ', s.started_at / 1000000.0, 'unixepoch') AS started_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', s.ended_at / 1000000.0, 'unixepoch') AS ended_at,
       (s.ended_at - s.started_at) / 1000.0 AS milliseconds
  FROM spans s JOIN conversations c ON c.key = s.conversation JOIN names n ON n.key = s.name
  LEFT JOIN names a ON a.key = s.agent;

CREATE VIEW view_scores AS
SELECT c.id AS conversation, e.name AS evaluator, s.version, s.source, lower(hex(s.trace_id)) AS trace_id,
       lower(hex(s.span_id)) AS span_id, s.value, s.label, s.passed, s.confidence, e.lower_is_better,
       e.assumed AS direction_assumed
  FROM scores s JOIN conversations c ON c.key = s.conversation JOIN evaluators e ON e.key = s.evaluator;

CREATE VIEW view_tools AS
SELECT c.id AS conversation, n.name AS tool, t.calls, t.failed
  FROM conversation_tools t JOIN conversations c ON c.key = t.conversation JOIN names n ON n.key = t.tool;

CREATE VIEW view_labels AS
SELECT l.conversation, l.reviewer, l.verdict, l.step, l.span_id, l.no_step, l.severity, l.skipped,
       l.transcript_hash <> c.transcript_hash AS stale,
       strftime('%Y-%m-%dT%H:%M:%fZ', l.at / 1000000.0, 'unixepoch') AS at,
       (SELECT json_group_array(mode) FROM label_modes m WHERE m.conversation = l.conversation AND m.reviewer = l.reviewer)
           AS modes
  FROM labels l LEFT JOIN conversations c ON c.id = l.conversation;

CREATE VIEW view_corrections AS
SELECT conversation, reviewer, step, span_id, kind, tool, arguments, alternatives, text, reason, schema_ok,
       remainder_valid, event
  FROM corrections;

CREATE VIEW view_events AS
SELECT id, grp AS "group", reviewer, device, seq, lamport, kind, conversation,
       strftime('%Y-%m-%dT%H:%M:%fZ', at / 1000000.0, 'unixepoch') AS at, line
  FROM events ORDER BY lamport, reviewer, device, seq;
