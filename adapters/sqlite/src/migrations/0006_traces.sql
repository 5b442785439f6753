-- Traces, which belong to an experiment whether or not a run was under way.
CREATE TABLE trace (
    pk INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    experiment INTEGER NOT NULL REFERENCES experiment (id),
    client_request_id TEXT,
    name TEXT,
    session TEXT,
    requested_at INTEGER NOT NULL,
    -- In ms.
    duration INTEGER,
    state TEXT NOT NULL,
    request_preview TEXT,
    response_preview TEXT,
    artifact_uri TEXT NOT NULL,
    -- Whether it was described as a whole, so that spans no longer change what is said.
    is_described INTEGER NOT NULL,
    input_tokens INTEGER,
    output_tokens INTEGER,
    total_tokens INTEGER,
    cache_read_tokens INTEGER,
    cache_creation_tokens INTEGER,
    cache_creation_long_tokens INTEGER,
    input_cost REAL,
    output_cost REAL,
    total_cost REAL
) STRICT;

CREATE INDEX trace_by_request ON trace (experiment, requested_at DESC, id);
CREATE INDEX trace_by_session ON trace (experiment, session) WHERE session IS NOT NULL;

CREATE TABLE trace_tag (
    owner INTEGER NOT NULL REFERENCES trace (pk) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE trace_metadata (
    owner INTEGER NOT NULL REFERENCES trace (pk) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;

-- Runs it is linked to, by id; they need not exist.
CREATE TABLE trace_run (
    trace INTEGER NOT NULL REFERENCES trace (pk) ON DELETE CASCADE,
    run TEXT NOT NULL,
    PRIMARY KEY (trace, run)
) STRICT, WITHOUT ROWID;

-- Versions of prompts that it used, as `name/version`; they need not exist.
CREATE TABLE trace_prompt (
    trace INTEGER NOT NULL REFERENCES trace (pk) ON DELETE CASCADE,
    prompt TEXT NOT NULL,
    PRIMARY KEY (trace, prompt)
) STRICT, WITHOUT ROWID;

-- With a rowid: documents are long, and would make a tree of keys sparse.
CREATE TABLE span (
    pk INTEGER PRIMARY KEY,
    trace INTEGER NOT NULL REFERENCES trace (pk) ON DELETE CASCADE,
    id TEXT NOT NULL,
    parent TEXT,
    name TEXT NOT NULL,
    kind TEXT,
    status TEXT NOT NULL,
    -- In ns since the epoch.
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    input_tokens INTEGER,
    output_tokens INTEGER,
    total_tokens INTEGER,
    cache_read_tokens INTEGER,
    cache_creation_tokens INTEGER,
    cache_creation_long_tokens INTEGER,
    input_cost REAL,
    output_cost REAL,
    total_cost REAL,
    model TEXT,
    provider TEXT,
    -- The last column, so that the others are read without it.
    document TEXT NOT NULL,
    UNIQUE (trace, id)
) STRICT;
