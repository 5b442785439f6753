-- The first schema.
--
-- Rows refer to each other by integers of our own (`pk`); ids and names that clients know are unique columns.
-- Instants are milliseconds since the epoch. `deleted_at` is NULL while a thing is active.
-- SQLite stores NaN as NULL, so a value that may be NaN is a pair: NaN is (0.0, is_nan = 1).

CREATE TABLE experiment (
    -- AUTOINCREMENT: an id is never given twice. 0 is the default experiment.
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    artifact_location TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER
) STRICT;

CREATE TABLE experiment_tag (
    owner INTEGER NOT NULL REFERENCES experiment (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE run (
    pk INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    experiment INTEGER NOT NULL REFERENCES experiment (id),
    name TEXT NOT NULL,
    user TEXT NOT NULL,
    status TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    artifact_uri TEXT NOT NULL,
    deleted_at INTEGER
) STRICT;

-- The default order of a search within one experiment: its first page needs no sorting.
CREATE INDEX run_by_start ON run (experiment, started_at DESC, id);

CREATE TABLE run_tag (
    owner INTEGER NOT NULL REFERENCES run (pk) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE run_param (
    owner INTEGER NOT NULL REFERENCES run (pk) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;

-- One metric of one run, with its latest point: by step, then time, then value.
CREATE TABLE series (
    pk INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES run (pk) ON DELETE CASCADE,
    key TEXT NOT NULL,
    last_step INTEGER NOT NULL,
    last_time INTEGER NOT NULL,
    last_value REAL NOT NULL,
    last_is_nan INTEGER NOT NULL,
    UNIQUE (run, key)
) STRICT;

-- The history. The key is the identity of a point and the order in which it is read.
CREATE TABLE point (
    series INTEGER NOT NULL REFERENCES series (pk) ON DELETE CASCADE,
    time INTEGER NOT NULL,
    step INTEGER NOT NULL,
    value REAL NOT NULL,
    is_nan INTEGER NOT NULL,
    PRIMARY KEY (series, time, step, value, is_nan)
) STRICT, WITHOUT ROWID;

CREATE TABLE dataset (
    pk INTEGER PRIMARY KEY,
    experiment INTEGER NOT NULL REFERENCES experiment (id),
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    source_type TEXT NOT NULL,
    source TEXT NOT NULL,
    schema TEXT,
    profile TEXT,
    UNIQUE (experiment, name, digest)
) STRICT;

-- Edges: `pk` is the order in which they were logged.
CREATE TABLE dataset_input (
    pk INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES run (pk) ON DELETE CASCADE,
    dataset INTEGER NOT NULL REFERENCES dataset (pk),
    UNIQUE (run, dataset)
) STRICT;

CREATE TABLE dataset_input_tag (
    owner INTEGER NOT NULL REFERENCES dataset_input (pk) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;

-- `model` is the id of a logged model, which need not exist.
CREATE TABLE model_input (
    pk INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES run (pk) ON DELETE CASCADE,
    model TEXT NOT NULL,
    UNIQUE (run, model)
) STRICT;

CREATE TABLE model_output (
    pk INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES run (pk) ON DELETE CASCADE,
    model TEXT NOT NULL,
    step INTEGER NOT NULL,
    UNIQUE (run, model)
) STRICT;

CREATE TABLE logged_model (
    pk INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    experiment INTEGER NOT NULL REFERENCES experiment (id),
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    artifact_uri TEXT NOT NULL,
    status TEXT NOT NULL,
    model_type TEXT NOT NULL,
    -- The id of a run, which need not exist.
    source_run TEXT,
    deleted_at INTEGER
) STRICT;

CREATE INDEX logged_model_by_creation ON logged_model (experiment, created_at DESC, id);

CREATE TABLE logged_model_tag (
    owner INTEGER NOT NULL REFERENCES logged_model (pk) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE logged_model_param (
    owner INTEGER NOT NULL REFERENCES logged_model (pk) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;

-- Points that measure a logged model; they are points of their run as well. `pk` is the order of logging.
CREATE TABLE model_metric (
    pk INTEGER PRIMARY KEY,
    model INTEGER NOT NULL REFERENCES logged_model (pk) ON DELETE CASCADE,
    key TEXT NOT NULL,
    time INTEGER NOT NULL,
    step INTEGER NOT NULL,
    run INTEGER NOT NULL REFERENCES run (pk) ON DELETE CASCADE,
    value REAL NOT NULL,
    is_nan INTEGER NOT NULL,
    -- Both or neither.
    dataset_name TEXT,
    dataset_digest TEXT
) STRICT;

-- All fields are the identity of such a point; the first ones find the latest. NULLs differ from each other.
CREATE UNIQUE INDEX model_metric_identity ON model_metric (
    model, key, time, step, run, value, is_nan, ifnull(dataset_name, ''), ifnull(dataset_digest, '')
);

CREATE TABLE registered_model (
    pk INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    description TEXT,
    -- The number of the next version: no number is given twice, whatever is deleted.
    next_version INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE registered_model_tag (
    owner INTEGER NOT NULL REFERENCES registered_model (pk) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE model_version (
    pk INTEGER PRIMARY KEY,
    model INTEGER NOT NULL REFERENCES registered_model (pk) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    description TEXT,
    stage TEXT NOT NULL,
    source TEXT NOT NULL,
    storage_location TEXT,
    -- The ids of a run and of a logged model, which need not exist.
    run TEXT,
    run_link TEXT,
    logged_model TEXT,
    UNIQUE (model, number)
) STRICT;

-- The page of a run asks which versions it made.
CREATE INDEX model_version_by_run ON model_version (run);

CREATE TABLE model_version_tag (
    owner INTEGER NOT NULL REFERENCES model_version (pk) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE model_alias (
    model INTEGER NOT NULL REFERENCES registered_model (pk) ON DELETE CASCADE,
    alias TEXT NOT NULL,
    version INTEGER NOT NULL REFERENCES model_version (pk) ON DELETE CASCADE,
    PRIMARY KEY (model, alias)
) STRICT, WITHOUT ROWID;

-- A deleted version takes its aliases with it.
CREATE INDEX model_alias_by_version ON model_alias (version);
